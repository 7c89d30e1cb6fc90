//! Tables: which values are, what their columns become, and that Parquet and Arrow files hold it.

use std::fmt::Write as _;
use std::fs::File;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use depickle::error::Category;
use depickle::{Converter, DictAs, Fidelity, Format, WriteOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::command::Folder;

/// A text of a pickle: BINUNICODE.
fn text(text: &str) -> Vec<u8> {
    [b"X", &u32::try_from(text.len()).unwrap().to_le_bytes()[..], text.as_bytes()].concat()
}

/// A dict of ints by text.
fn row(pairs: &[(&str, i32)]) -> Vec<u8> {
    let mut out = b"}(".to_vec();
    for (key, value) in pairs {
        out.extend(text(key));
        out.push(b'J');
        out.extend(value.to_le_bytes());
    }
    out.push(b'u');
    out
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [&b"]("[..], &items.concat(), b"e"].concat()
}

fn pickle(value: &[u8]) -> Vec<u8> {
    [value, b"."].concat()
}

fn parquet(pickle: &[u8], options: WriteOptions) -> (Vec<RecordBatch>, depickle::Report) {
    let folder = Folder::new();
    let path = folder.path("out.parquet");
    let mut file = File::create(&path).expect("a file");
    let report = Converter::with_options(options).convert(pickle, &mut file).expect("a table");
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).expect("a file")).expect("Parquet");
    let batches = reader.build().expect("Parquet").collect::<Result<_, _>>().expect("batches");
    (batches, report)
}

fn schema(pickle: &[u8]) -> String {
    let converter = Converter::new(Format::Arrow);
    let document = converter.read(pickle).expect("a pickle");
    converter.schema(&document, depickle::SchemaFormat::Arrow).expect("a table")
}

#[test]
fn rows_become_columns_and_missing_keys_are_counted() {
    let rows = pickle(&list(&[row(&[("a", 1), ("b", 2)]), row(&[("b", 3)]), row(&[("a", 4), ("c", 5)])]));
    let (batches, report) = parquet(&rows, WriteOptions::new(Format::Parquet));
    let column = |n: usize| batches[0].column(n).as_primitive::<Int64Type>().iter().collect::<Vec<_>>();
    assert_eq!(
        [column(0), column(1), column(2)],
        [vec![Some(1), None, Some(4)], vec![Some(2), Some(3), None], vec![None, None, Some(5)],]
    );
    assert_eq!(report.ledger.total(Fidelity::Lossy), 4);
    let (step, entry) = report.ledger.entries().next().expect("a step");
    assert_eq!((step.words(), entry.places[0].as_str()), ("missing key written as null", "$[0].c"));
}

#[test]
fn row_groups_have_the_size_that_was_asked_for() {
    let rows: Vec<Vec<u8>> = (0..2_500).map(|n| row(&[("n", n)])).collect();
    let rows = pickle(&list(&rows));
    let mut options = WriteOptions::new(Format::Parquet);
    options.row_group_size = 1_000.try_into().expect("not 0");
    let mut out = Vec::new();
    Converter::with_options(options).convert(&rows[..], &mut out).expect("a table");
    let folder = Folder::with(&[("out.parquet", &out)]);
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(folder.path("out.parquet")).expect("a file"));
    let metadata = Arc::clone(reader.expect("Parquet").metadata());
    let sizes: Vec<i64> = metadata.row_groups().iter().map(|group| group.num_rows()).collect();
    assert_eq!(sizes, [1_000, 1_000, 500]);
    assert_eq!(metadata.file_metadata().created_by(), Some(concat!("depickle ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn types_are_decided_over_all_rows() {
    let column = |items: &[&[u8]]| schema(&pickle(&list(&items.iter().map(|i| i.to_vec()).collect::<Vec<_>>())));
    let float = b"G\x3f\xe0\0\0\0\0\0\0";
    assert_eq!(column(&[b"K\x01", b"N", b"K\x03"]), "value: int64\n");
    assert_eq!(column(&[b"K\x01", float]), "value: double\n");
    // 2^53 + 1 is no float.
    assert_eq!(column(&[b"L9007199254740993\n", float]), "value: arrow.json<string>\n");
    assert_eq!(column(&[b"L9223372036854775808\n", b"K\x01"]), "value: uint64\n");
    assert_eq!(column(&[b"L9223372036854775808\n", b"J\xff\xff\xff\xff"]), "value: decimal128(19, 0)\n");
    assert_eq!(column(&[format!("L1{}\n", "0".repeat(75)).as_bytes()]), "value: decimal256(76, 0)\n");
    assert_eq!(column(&[format!("L1{}\n", "0".repeat(76)).as_bytes()]), "value: string\n");
    assert_eq!(column(&[b"\x88", b"K\x01"]), "value: arrow.json<string>\n");
    assert_eq!(column(&[b"N"]), "value: null\n");
}

#[test]
fn what_lies_too_deep_is_text() {
    let mut value = b"K\x01".to_vec();
    for _ in 0..40 {
        value = list(&[value]);
    }
    let nested = pickle(&list(&[[&b"}"[..], &text("v"), &value, b"s"].concat()]));
    let text = schema(&nested);
    assert_eq!(text.matches("list<").count(), 23, "{text}");
    assert!(text.contains("arrow.json<string>"), "{text}");
}

#[test]
fn keys_that_vary_make_a_map() {
    let rows: Vec<Vec<u8>> =
        (0..30).map(|n| [&b"}"[..], &text("v"), &row(&[(&format!("k{n}"), n)]), b"s"].concat()).collect();
    let rows = pickle(&list(&rows));
    assert_eq!(schema(&rows), "v: map<string, int64>\n");
    let mut options = WriteOptions::new(Format::Parquet);
    options.dict_as = DictAs::Struct;
    let (batches, _) = parquet(&rows, options);
    assert!(matches!(batches[0].schema().field(0).data_type(), DataType::Struct(fields) if fields.len() == 30));
    let (batches, report) = parquet(&rows, WriteOptions::new(Format::Parquet));
    let maps = batches[0].column(0).as_map();
    assert_eq!((maps.len(), maps.value_length(7), report.ledger.total(Fidelity::Lossy)), (30, 1, 0));
    assert_eq!(maps.values().as_primitive::<Int64Type>().value(29), 29);
}

#[test]
fn what_is_no_table_lists_those_inside() {
    let inner = list(&[row(&[("x", 1)])]);
    let value =
        [&b"}("[..], &text("meta"), b"K\x01", &text("a b"), &inner, &text("s"), b"](K\x01K\x02e", b"u"].concat();
    let folder = Folder::with(&[("in.pkl", &pickle(&value))]);
    let run = folder.run(&["convert", "in.pkl", "-o", "out.parquet"]);
    assert_eq!(run.status, 6);
    assert_eq!(
        run.stderr,
        "error: expected a table, found a dict (at $ in in.pkl)\n\
         hint: it holds tables: `--select '$[\"a b\"]'`, `--select '$.s'`\n"
    );
    assert_eq!(folder.files(), ["in.pkl"]);
    for select in ["$[\"a b\"]", "$.s"] {
        let run = folder.run(&["convert", "in.pkl", "-o", "out.parquet", "--select", select]);
        assert_eq!(run.status, 0, "{}", run.stderr);
    }
}

#[test]
fn a_table_of_ever_new_keys_is_bounded() {
    let rows: Vec<Vec<u8>> = (0..12_000).map(|n| row(&[(&format!("k{n}"), n)])).collect();
    let failure = Converter::new(Format::Parquet).convert(&pickle(&list(&rows))[..], &mut Vec::new()).unwrap_err();
    assert_eq!(failure.category(), Category::Limit, "{failure}");
}

#[test]
fn a_text_that_stands_in_many_rows_is_bounded() {
    // One text of 1 MiB, fetched from the memo 10,000 times.
    let mut value = [&b"]("[..], &text(&"x".repeat(1 << 20)), b"q\x00"].concat();
    value.extend(b"h\x00".repeat(10_000));
    value.push(b'e');
    for format in [Format::Parquet, Format::Arrow, Format::Csv] {
        let failure = Converter::new(format).convert(&pickle(&value)[..], &mut Vec::new()).unwrap_err();
        assert_eq!(failure.category(), Category::Limit, "{failure}");
    }
}

#[test]
fn split_writes_a_file_for_each_table() {
    let table = list(&[row(&[("x", 1)])]);
    let value = [&b"}("[..], &text("a"), &table, &text("b/../c"), &table, b"u"].concat();
    let folder = Folder::with(&[("in.pkl", &pickle(&value))]);
    let run = folder.run(&["convert", "in.pkl", "-o", "out.csv", "--split"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert_eq!(folder.files(), ["in.pkl", "out.a.csv", "out.b____c.csv"]);
    assert_eq!(folder.read("out.a.csv"), "x\n1\n");

    let value = [&b"}("[..], &text("a/b"), &table, &text("a.b"), &table, b"u"].concat();
    let folder = Folder::with(&[("in.pkl", &pickle(&value))]);
    let run = folder.run(&["convert", "in.pkl", "-o", "out.csv", "--split"]);
    assert_eq!((run.status, folder.files()), (6, vec!["in.pkl".to_owned()]), "{}", run.stderr);
    assert!(run.stderr.contains("two tables would be written to one file: `a_b`"), "{}", run.stderr);
}

#[test]
fn rows_become_messages_with_their_proto_beside() {
    let folder = Folder::with(&[("in.pkl", &pickle(&list(&[row(&[("a", 1), ("b c", -1)]), row(&[("b c", 2)])])))]);
    let run = folder.run(&["convert", "in.pkl", "-o", "out.pb", "--proto-message", "Row", "-q"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert_eq!(
        folder.read("out.proto"),
        "syntax = \"proto3\";\n\nmessage Row {\n  optional int64 a = 1;\n  // b c\n  optional int64 b_c = 2;\n}\n"
    );
    let bytes = std::fs::read(folder.path("out.pb")).expect("a file");
    assert_eq!(bytes, b"\x0d\x08\x01\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x10\x02");
    let run = folder.run(&["convert", "in.pkl", "--to", "protobuf", "--proto-message", "Row"]);
    assert_eq!(run.status, 2);
}

#[test]
fn every_table_among_the_test_data_is_written_in_every_format() {
    let mut wrong = String::new();
    let mut count = 0;
    for family in ["pandas", "numpy", "polars", "arrow"] {
        for entry in std::fs::read_dir(crate::command::root().join("testdata").join(family)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_none_or(|e| e != "pkl") {
                continue;
            }
            for format in [Format::Parquet, Format::Arrow, Format::ArrowStream, Format::Csv] {
                let file = File::open(&path).expect("a file");
                match Converter::new(format).convert(file, &mut Vec::new()) {
                    Ok(_) => count += 1,
                    Err(e) if e.category() == Category::Unrepresentable => {}
                    Err(e) => {
                        let _ = writeln!(wrong, "{}, {}: {e}", path.display(), format.name());
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 100, "{count}");
}
