//! Arrays, scalars and dtypes as NumPy pickled them (`testdata/numpy/`), in every format that has a golden: the lossless and the
//! natural mapping as NumPy itself tells them, `.npy` as `numpy.save` writes it. Errors of the formats for arrays.

use std::io::Read as _;
use std::path::Path;

use depickle::error::Category;
use depickle::{Converter, Format};

use crate::command::root;
use crate::goldens::{all, as_golden, lossless, same_json};

fn case(pickle: &Path) -> &str {
    pickle.file_name().and_then(|n| n.to_str()).and_then(|n| n.split('.').next()).expect("a case")
}

fn converted(format: Format, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    Converter::new(format).convert(bytes, &mut out).map_err(|failure| failure.to_string())?;
    Ok(out)
}

#[test]
fn arrays_come_out_as_numpy_made_them() {
    let converter = lossless();
    all("numpy", |path, bytes| as_golden(&converter, path, bytes));
}

#[test]
fn arrays_are_nested_lists_in_natural_json() {
    all("numpy", |path, bytes| {
        let golden = path.with_file_name(format!("{}.natural.json", case(path)));
        // A dtype has no golden here.
        let Ok(expected) = std::fs::read_to_string(golden) else { return Ok(()) };
        let text = String::from_utf8(converted(Format::Json, bytes)?).expect("JSON is text");
        same_json(&text, &expected)
    });
}

#[test]
fn npy_is_what_numpy_saves() {
    all("numpy", |path, bytes| {
        let Ok(expected) = std::fs::read(path.with_file_name(format!("{}.npy", case(path)))) else { return Ok(()) };
        let found = converted(Format::Npy, bytes)?;
        if found == expected {
            return Ok(());
        }
        Err(format!("{}, expected {}", found.escape_ascii(), expected.escape_ascii()))
    });
}

#[test]
fn npz_and_safetensors_hold_every_array_of_a_dict() {
    // {"b": {"c": <i2 array of 2>}, "a": <f8 array of no dimensions>}, by hand
    let array = |shape: &str, code: &str, data: &str| {
        format!(
            "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n{shape}cnumpy\ndtype\n(S'{code}'\n\
             I00\nI01\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS'{data}'\ntb"
        )
    };
    let c = array("(I2\nt", "i2", r"\x01\x00\xfe\xff");
    let a = array("(t", "f8", r"\x00\x00\x00\x00\x00\x00\xf8\x3f");
    let pickle = format!("(dV\u{62}\n(dVc\n{c}ssVa\n{a}s.");
    let found = converted(Format::Safetensors, pickle.as_bytes()).expect("a file");
    let expected = concat!(
        r#"{"__metadata__":{"format":"np"},"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"#,
        r#""b.c":{"dtype":"I16","shape":[2],"data_offsets":[8,12]}}"#
    );
    let len = u64::from_le_bytes(found[..8].try_into().expect("8 bytes"));
    let (header, data) = found[8..].split_at(usize::try_from(len).expect("a length"));
    assert_eq!(String::from_utf8_lossy(header).trim_end(), expected);
    assert_eq!(len % 8, 0);
    assert_eq!(data, b"\x00\x00\x00\x00\x00\x00\xf8\x3f\x01\x00\xfe\xff");

    let found = converted(Format::Npz, pickle.as_bytes()).expect("a file");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(found)).expect("an archive");
    let names: Vec<String> = archive.file_names().map(|name| name.expect("a name").into_owned()).collect();
    assert_eq!(names, ["b.c.npy", "a.npy"]);
    let mut member = Vec::new();
    archive.by_name("b.c.npy").expect("a member").read_to_end(&mut member).expect("its bytes");
    assert_eq!(member.len(), 128 + 4);
    assert!(member.ends_with(b"\n\x01\x00\xfe\xff"), "{}", member.escape_ascii());
}

#[test]
fn what_is_no_array_is_told_with_its_path() {
    let mut out = Vec::new();
    let pickle = std::fs::read(root().join("testdata/numpy/objects.p2.py313.pkl")).expect("a pickle");
    let failure = Converter::new(Format::Npy).convert(pickle.as_slice(), &mut out).expect_err("objects");
    assert_eq!(failure.category(), Category::Unrepresentable);
    assert!(failure.findings()[0].hint().is_some_and(|hint| hint.contains("--to json")));
    // {"epoch": 3, "x": [1]}
    let failure = Converter::new(Format::Safetensors)
        .convert(b"(dVepoch\nI3\nsVx\n(lI1\nas.".as_slice(), &mut out)
        .expect_err("no arrays");
    assert_eq!(failure.findings()[0].location().path.as_deref(), Some("$.epoch"));
    assert!(out.is_empty());
}
