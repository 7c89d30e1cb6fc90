//! Arrays whose elements stay in the input until they are written: the same bytes as from a pipe, where they are in memory, in every
//! order of bytes and of memory; and nothing at all of inputs that end too early.

use std::fs::File;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampNanosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::command::Folder;

/// Rows whose columns are larger than what is read into memory, and make several batches and row groups.
const ROWS: usize = 40_000;

/// An array of numpy: its dtype, the state behind the order of its bytes, its shape, its order, its elements.
struct Numpy<'a> {
    code: &'a str,
    big: bool,
    shape: &'a [usize],
    fortran: bool,
    data: &'a [u8],
}

impl Numpy<'_> {
    fn pickle(&self) -> Vec<u8> {
        let shape: Vec<String> = self.shape.iter().map(|n| format!("I{n}\n")).collect();
        let (shape, code) = (shape.concat(), self.code);
        let order = if self.big { '>' } else { '<' };
        // Times say their unit.
        let (version, unit) = if code == "M8" { (4, "(}(S'ns'\nI1\nI1\nI1\ntt") } else { (3, "") };
        let head = format!(
            "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n({shape}tcnumpy\ndtype\n\
             (S'{code}'\nI00\nI01\ntR(I{version}\nS'{order}'\nNNNI-1\nI-1\nI0\n{unit}tbI0{}\nB",
            u8::from(self.fortran)
        );
        [head.as_bytes(), &(self.data.len() as u32).to_le_bytes(), self.data, b"tb"].concat()
    }
}

fn array(code: &str, big: bool, shape: &[usize], data: &[u8]) -> Vec<u8> {
    Numpy { code, big, shape, fortran: false, data }.pickle()
}

fn floats() -> Vec<u8> {
    (0..ROWS).flat_map(|n| (n as f64 / 3.0).to_le_bytes()).collect()
}

/// A dict of arrays, one for each way in which elements may lie.
fn arrays() -> Vec<u8> {
    let numbers: Vec<u8> = (0..ROWS as u32).flat_map(u32::to_be_bytes).collect();
    let grid: Vec<u8> = (0..ROWS * 4).flat_map(|n| (n as u16).to_le_bytes()).collect();
    let complex: Vec<u8> = (0..ROWS).flat_map(|n| [n as f32, 0.5].map(f32::to_be_bytes).concat()).collect();
    let mut out = b"(d".to_vec();
    let mut add = |name: &str, pickle: Vec<u8>| {
        out.extend_from_slice(format!("V{name}\n").as_bytes());
        out.extend_from_slice(&pickle);
        out.push(b's');
    };
    add("little", array("f8", false, &[ROWS], &floats()));
    add("big", array("i4", true, &[ROWS], &numbers));
    add("complex", array("c8", true, &[ROWS], &complex));
    add("rows", array("u2", false, &[ROWS, 4], &grid));
    add("columns", Numpy { code: "u2", big: false, shape: &[ROWS, 4], fortran: true, data: &grid }.pickle());
    add("wide", Numpy { code: "u2", big: true, shape: &[4, ROWS / 10, 10], fortran: true, data: &grid }.pickle());
    add("none", array("f8", false, &[0, 7], b""));
    add("small", array("i4", true, &[2], &[0, 0, 0, 1, 0, 0, 0, 2]));
    out.push(b'.');
    out
}

/// What a file becomes, and the same bytes from a pipe.
fn converted(folder: &Folder, pickle: &[u8], arguments: &[&str]) -> Vec<u8> {
    folder.write("in.pkl", pickle);
    let run = folder.run(&[&["convert", "in.pkl", "-o", "out"], arguments].concat());
    assert_eq!(run.status, 0, "{arguments:?}: {}", run.stderr);
    let from_file = std::fs::read(folder.path("out")).expect("an output");
    let run = folder.run_with(&[&["convert", "-", "-o", "out"], arguments].concat(), pickle);
    assert_eq!(run.status, 0, "{arguments:?}: {}", run.stderr);
    let from_pipe = std::fs::read(folder.path("out")).expect("an output");
    assert!(from_file == from_pipe, "{arguments:?}: a file and a pipe differ");
    from_file
}

#[test]
fn elements_are_the_same_wherever_they_lie() {
    let folder = Folder::new();
    let pickle = arrays();
    converted(&folder, &pickle, &["--to", "npz"]);
    let npy = converted(&folder, &pickle, &["--to", "npy", "--select", "$.little"]);
    assert!(npy.ends_with(&floats()) && npy.len() == 128 + ROWS * 8);
    let npy = converted(&folder, &pickle, &["--to", "npy", "--select", "$.columns"]);
    assert!(npy.windows(21).any(|text| text == b"'fortran_order': True") && npy.len() == 128 + ROWS * 8);
    assert_eq!(npy[128 + 2..128 + 6], [1, 0, 2, 0]);

    let found = converted(&folder, &pickle, &["--to", "safetensors"]);
    let len = usize::try_from(u64::from_le_bytes(found[..8].try_into().expect("8 bytes"))).expect("a length");
    let header: serde_json::Value = serde_json::from_slice(&found[8..8 + len]).expect("JSON");
    let tensor = |name: &str| {
        let place =
            |n: usize| usize::try_from(header[name]["data_offsets"][n].as_u64().expect("a place")).expect("it fits");
        &found[8 + len..][place(0)..place(1)]
    };
    assert!(tensor("little") == floats());
    let numbers: Vec<u8> = (0..ROWS as u32).flat_map(u32::to_le_bytes).collect();
    assert!(tensor("big") == numbers);
    let complex: Vec<u8> = (0..ROWS).flat_map(|n| [n as f32, 0.5].map(f32::to_le_bytes).concat()).collect();
    assert!(tensor("complex") == complex);
    // What lies column by column, row by row.
    let columns: Vec<u8> =
        (0..ROWS).flat_map(|row| (0..4).flat_map(move |c| ((c * ROWS + row) as u16).to_le_bytes())).collect();
    assert!(tensor("columns") == columns);
    let inner = |i, j, k| ((i + 4 * j + 4 * (ROWS / 10) * k) as u16).to_be();
    let wide = (0..4)
        .flat_map(|i| (0..ROWS / 10).flat_map(move |j| (0..10).flat_map(move |k| u16::to_le_bytes(inner(i, j, k)))));
    assert!(tensor("wide") == wide.collect::<Vec<u8>>());
    assert_eq!((tensor("none").len(), tensor("small")), (0, &[1, 0, 0, 0, 2, 0, 0, 0][..]));
}

/// A frame of a block of two float columns, one of big-endian ints, one of times; its index is an array too.
fn frame() -> Vec<u8> {
    let numbers: Vec<u8> = (0..ROWS as u32).flat_map(u32::to_be_bytes).collect();
    let times = (0..ROWS as i64).map(|n| if n % 7 == 0 { i64::MIN } else { n * 1_000_000 });
    let times: Vec<u8> = times.flat_map(i64::to_le_bytes).collect();
    let index: Vec<u8> = (0..ROWS as i64).rev().flat_map(i64::to_le_bytes).collect();
    let blocks = [
        (array("f8", false, &[2, ROWS], &[floats(), floats()].concat()), 0, 2),
        (array("i4", true, &[1, ROWS], &numbers), 2, 3),
        (array("M8", false, &[1, ROWS], &times), 3, 4),
    ];
    let mut out =
        b"cpandas.core.frame\nDataFrame\n)\x81}(\x8c\x04_mgrcpandas.core.internals.managers\nBlockManager\n((".to_vec();
    for (array, start, stop) in blocks {
        out.extend_from_slice(b"cpandas._libs.internals\n_unpickle_block\n(");
        out.extend_from_slice(&array);
        out.extend_from_slice(format!("cbuiltins\nslice\n(I{start}\nI{stop}\nI1\ntRI2\ntR").as_bytes());
    }
    out.extend_from_slice(
        b"t](cpandas.core.indexes.base\n_new_Index\n(cpandas.core.indexes.range\nRangeIndex\n}(\x8c\x04nameN\x8c\x05startI0\n\
          \x8c\x04stopI4\n\x8c\x04stepI1\nutRcpandas.core.indexes.base\n_new_Index\n(cpandas.core.indexes.base\nIndex\n}(\x8c\x04data",
    );
    out.extend_from_slice(&array("i8", false, &[ROWS], &index));
    out.extend_from_slice(b"\x8c\x04nameNutRetR\x8c\x04_typ\x8c\x09dataframe\x8c\x09_metadata]\x8c\x05attrs}ub.");
    out
}

#[test]
fn columns_of_a_frame_are_the_same_wherever_they_lie() {
    let folder = Folder::new();
    let pickle = frame();
    for format in ["arrow", "arrow-stream", "csv"] {
        converted(&folder, &pickle, &["--to", format]);
    }
    converted(&folder, &pickle, &["--to", "parquet", "--compression", "none", "--row-group-size", "7000"]);
    converted(&folder, &pickle, &["--to", "parquet"]);
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(File::open(folder.path("out")).expect("a file")).expect("Parquet");
    let mut row = 0;
    for batch in reader.build().expect("a reader") {
        let batch = batch.expect("rows");
        for n in 0..batch.num_rows() {
            assert_eq!(batch.column(1).as_primitive::<Float64Type>().value(n), row as f64 / 3.0);
            assert_eq!(batch.column(2).as_primitive::<Int32Type>().value(n), row as i32);
            let time = batch.column(3).as_primitive::<TimestampNanosecondType>();
            assert_eq!(time.is_valid(n).then(|| time.value(n)), (row % 7 != 0).then_some(row as i64 * 1_000_000));
            assert_eq!(batch.column(4).as_primitive::<Int64Type>().value(n), (ROWS - 1 - row) as i64);
            row += 1;
        }
    }
    assert_eq!(row, ROWS);
}

#[test]
fn arrays_in_a_dict_are_columns_wherever_they_lie() {
    let folder = Folder::new();
    let (numbers, flags): (Vec<u8>, Vec<u8>) =
        ((0..ROWS as u32).flat_map(u32::to_be_bytes).collect(), vec![1; ROWS * 4]);
    let mut pickle = b"(dVa\n".to_vec();
    pickle.extend_from_slice(&array("f8", false, &[ROWS], &floats()));
    pickle.extend_from_slice(b"sVb\n");
    pickle.extend_from_slice(&array("i4", true, &[ROWS], &numbers));
    pickle.extend_from_slice(b"sVc\n");
    pickle.extend_from_slice(&array("b1", false, &[ROWS, 2, 2], &flags));
    pickle.extend_from_slice(b"s.");
    for format in ["arrow", "parquet"] {
        converted(&folder, &pickle, &["--to", format]);
    }
    for (name, format) in [("a", "csv"), ("b", "parquet"), ("c", "arrow")] {
        converted(&folder, &pickle, &["--to", format, "--select", &format!("$.{name}")]);
    }
}

#[test]
fn an_input_that_ends_within_elements_leaves_what_was_there() {
    let folder = Folder::with(&[("out", b"old")]);
    for (pickle, format) in [(arrays(), "npz"), (arrays(), "safetensors"), (frame(), "parquet"), (frame(), "arrow")] {
        for end in [pickle.len() - 1, pickle.len() / 2, 100_000] {
            folder.write("in.pkl", &pickle[..end]);
            let run = folder.run(&["convert", "in.pkl", "-o", "out", "--to", format]);
            assert_ne!(run.status, 0, "{format} of {end} bytes");
            assert_eq!(folder.read("out"), "old");
            assert_eq!(folder.files(), ["in.pkl", "out"]);
        }
    }
}
