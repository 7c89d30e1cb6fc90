//! The table of docs/mapping.md, row by row: every kind of value, every format, its fidelity and what it becomes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use depickle::error::Category;
use depickle::{Converter, Fidelity, Format, Mapping, SchemaFormat, WriteOptions};

/// Rows of the table: case, then the cells behind it.
fn table() -> BTreeMap<String, Vec<String>> {
    let docs = std::fs::read_to_string("docs/mapping.md").expect("docs/mapping.md");
    let (_, rest) = docs.split_once("| case | Python |").expect("the table");
    rest.lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let line = line.replace("\\|", "\u{1}");
            let mut cells = line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{1}', "|"));
            (cells.next().expect("a case"), cells.collect())
        })
        .collect()
}

/// How far from exact a conversion is, and its output.
fn convert(pickle: &[u8], format: Format, mapping: Mapping) -> (&'static str, Vec<u8>) {
    let mut options = WriteOptions::new(format);
    options.mapping = mapping;
    let mut out = Vec::new();
    match Converter::with_options(options).convert(pickle, &mut out) {
        Ok(report) if report.ledger.total(Fidelity::Lossy) > 0 => ("lossy", out),
        Ok(report) if report.ledger.total(Fidelity::Retyped) > 0 => ("retyped", out),
        Ok(_) => ("exact", out),
        Err(failure) => {
            assert_eq!(failure.category(), Category::Unrepresentable, "{failure}");
            ("error", Vec::new())
        }
    }
}

/// `exact` and the code span behind it.
fn cell(text: &str) -> (String, String) {
    let (word, code) = text.split_once(' ').unwrap_or((text, ""));
    (word.to_owned(), code.trim().trim_matches('`').to_owned())
}

/// The pickle of `{"v": [value]}`: what comes before the value takes no room in its frame, and its STOP becomes an APPEND.
fn column(pickle: &[u8]) -> Vec<u8> {
    let (proto, value) = match pickle {
        [0x80, version, rest @ ..] => (vec![0x80, *version], rest),
        rest => (Vec::new(), rest),
    };
    let value = value.strip_suffix(b".").expect("a STOP");
    [&proto, &b"}X\x01\0\0\0v]"[..], value, b"as."].concat()
}

/// How far from exact a value is in a column of a table, and the type of that column.
fn describe(pickle: &[u8], format: Format) -> String {
    let converter = Converter::new(format);
    let (fidelity, _) = convert(pickle, format, Mapping::Natural);
    if fidelity == "error" {
        return fidelity.to_owned();
    }
    let document = converter.read(pickle).expect("a pickle");
    let schema = converter.schema(&document, SchemaFormat::Arrow).expect("a table");
    format!("{fidelity} `{}`", schema.trim_end().trim_start_matches("v: "))
}

#[test]
fn every_row_is_true() {
    let table = table();
    let files: BTreeSet<String> = std::fs::read_dir("testdata/mapping")
        .expect("testdata/mapping")
        .map(|entry| Path::new(&entry.expect("entry").file_name()).with_extension("").to_string_lossy().into_owned())
        .collect();
    assert_eq!(table.keys().cloned().collect::<BTreeSet<_>>(), files, "a row for each file and a file for each row");
    let mut wrong = Vec::new();
    for (case, cells) in &table {
        let pickle = std::fs::read(format!("testdata/mapping/{case}.pkl")).expect("a pickle");
        let mut check = |what: &str, want: &str, got: &str| {
            if want != got {
                wrong.push(format!("{case}, {what}: the table says {want}, it is {got}"));
            }
        };
        let [_, json, msgpack, parquet, lossless] = cells.as_slice() else { panic!("{case}: {} cells", cells.len()) };
        let (fidelity, text) = convert(&pickle, Format::Json, Mapping::Natural);
        let (want, code) = cell(json);
        check("json", &want, fidelity);
        check("json", &code, String::from_utf8_lossy(&text).trim_end());
        let (fidelity, _) = convert(&pickle, Format::Ndjson, Mapping::Natural);
        check("ndjson", &want, fidelity);
        let (fidelity, _) = convert(&pickle, Format::MessagePack, Mapping::Natural);
        check("msgpack", msgpack, fidelity);
        let column = column(&pickle);
        check("parquet", parquet, &describe(&column, Format::Parquet));
        check("arrow", parquet, &describe(&column, Format::Arrow));
        let (fidelity, text) = convert(&pickle, Format::Json, Mapping::Lossless);
        check("lossless", "exact", fidelity);
        check("lossless", lossless.trim_matches('`'), String::from_utf8_lossy(&text).trim_end());
        for (format, mapping) in [(Format::MessagePack, Mapping::Lossless), (Format::Protobuf, Mapping::Natural)] {
            let (fidelity, bytes) = convert(&pickle, format, mapping);
            check(format.name(), "exact", fidelity);
            assert!(!bytes.is_empty(), "{case}: {} is empty", format.name());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
