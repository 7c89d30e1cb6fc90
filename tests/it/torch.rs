//! Files in the containers of torch and joblib: each becomes the values of its golden, and the hostile ones stop where they should.
//! `testdata/generate/torch_files.py` made them.

use std::fs::File;
use std::path::PathBuf;

use depickle::error::{Category, Failure};
use depickle::{Converter, Format, Mapping, Reader, WriteOptions};

use crate::command::root;

fn folder(name: &str) -> PathBuf {
    root().join("testdata").join(name)
}

fn convert(folder: &PathBuf, name: &str, mapping: Mapping) -> Result<serde_json::Value, Failure> {
    let mut options = WriteOptions::new(Format::Json);
    options.mapping = mapping;
    let converter = Converter::with_options(options).side_files(folder);
    let mut output = Vec::new();
    converter.convert_file(File::open(folder.join(name)).expect("a file"), &mut output)?;
    Ok(serde_json::from_slice(&output).expect("JSON"))
}

fn natural(folder: &PathBuf, name: &str) -> serde_json::Value {
    convert(folder, name, Mapping::Natural).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn tensors_are_views_of_their_storages() {
    let expected = r#"{
        "whole": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], "transposed": [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]],
        "last": [4.0, 5.0], "repeated": [[1.0, 2.0], [1.0, 2.0]], "empty": [], "scalar": 3.5, "half": [1.5, -3.0],
        "conjugate": [[1.0, -2.0]], "negative": [-1.0, 2.0], "parameter": [1.0], "quantized": [2, -1],
        "sparse": {"layout": "sparse_coo", "shape": [2, 3], "indices": [[0], [1]], "values": [7.0]}
    }"#;
    assert_eq!(natural(&folder("torch"), "state.pt"), json(expected));
}

#[test]
fn every_container_of_torch_holds_the_same() {
    let torch = folder("torch");
    for name in ["deflated.pt", "big-endian.pt"] {
        assert_eq!(natural(&torch, name), json(r#"{"w": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]}"#), "{name}");
    }
    for name in ["legacy.p2.pt", "legacy.p4.pt"] {
        assert_eq!(natural(&torch, name), json("[[1, 2, 3, 4], [2, 3]]"), "{name}");
    }
    assert_eq!(natural(&torch, "tar.pt"), json(r#"{"w": [[1.0, 3.0], [2.0, 4.0]]}"#));
    assert_eq!(natural(&torch, "plain.pkl"), json("[[1.0, 2.0]]"));
}

#[test]
fn a_storage_that_tensors_share_is_written_once() {
    let whole = convert(&folder("torch"), "legacy.p2.pt", Mapping::Lossless).expect("tensors");
    let storage = r#"{"dtype": "int32", "location": "cpu", "data": "AQAAAAIAAAADAAAABAAAAA=="}"#;
    let expected = format!(
        r#"[{{"$tensor": {{"dtype": "int32", "shape": [4], "storage": {{"$def": [0, {{"$storage": {storage}}}]}}}}}},
            {{"$tensor": {{"dtype": "int32", "shape": [2], "offset": 1, "storage": {{"$ref": 0}}}}}}]"#
    );
    assert_eq!(whole, json(&expected));
}

#[test]
fn arrays_of_joblib_stand_in_the_stream() {
    let joblib = folder("joblib");
    let expected = r#"{"arrays": [[[0, 1, 2], [3, 4, 5]], [[0, 2, 4], [1, 3, 5]], [], 1], "after": "text"}"#;
    for name in ["arrays.p2.joblib", "arrays.p4.joblib"] {
        assert_eq!(natural(&joblib, name), json(expected), "{name}");
    }
}

#[test]
fn arrays_of_old_joblib_stand_beside_the_input() {
    let joblib = folder("joblib");
    assert_eq!(natural(&joblib, "side.joblib"), json("[[[0, 1, 2], [3, 4, 5]]]"));
    // A stream has no folder.
    let alone = Reader::new().read(File::open(joblib.join("side.joblib")).expect("a file")).expect_err("no folder");
    assert_eq!(alone.category(), Category::Misuse);
    assert!(alone.to_string().contains("`side.joblib_01.npy`"), "{alone}");
}

#[test]
fn what_does_not_fit_is_told() {
    for (case, category, says) in [
        ("torch/beyond.pt", Category::Refused, "it takes 3 elements, the storage has 2"),
        ("torch/repeated.pt", Category::Limit, "1000000000000 bytes of output needed"),
        ("torch/product.pt", Category::Refused, "whose product memory has room for"),
        ("torch/hooks.pt", Category::Refused, "no backward hooks"),
        ("torch/short.pt", Category::Refused, "expected 8 bytes in a storage, found 4"),
        ("torch/version.pt", Category::Malformed, "found 99"),
        ("torch/two-roots.pt", Category::Malformed, "expected one `data.pkl`"),
        ("torch/script.pt", Category::Refused, "TorchScript"),
        ("torch/second.pt", Category::Refused, "os_like.getcwd"),
        ("torch/sixth.pt", Category::Malformed, "os_like.getcwd"),
        ("torch/cut.pt", Category::Malformed, "truncated: a storage takes 8 bytes, 7 are left"),
        ("joblib/cut.joblib", Category::Malformed, "truncated: the data of an array takes 24 bytes, 20 are left"),
        ("joblib/after.joblib", Category::Refused, "os_like.getcwd"),
        ("joblib/elsewhere.joblib", Category::Refused, "bare name of a file"),
        ("joblib/missing.joblib", Category::Io, "nothing.npy"),
    ] {
        let (family, name) = case.split_once('/').expect("a folder");
        let failure = convert(&folder(family).join("refused"), name, Mapping::Natural).expect_err(case);
        assert_eq!(failure.category(), category, "{case}: {failure}");
        assert!(failure.findings().iter().any(|e| e.to_string().contains(says)), "{case}: {:?}", failure.findings());
    }
}

#[test]
fn out_of_band_buffers_are_taken_in_order() {
    // ([NEXT_BUFFER, READONLY_BUFFER of the next])
    let pickle = b"\x80\x05]\x94(\x97\x97\x98e.";
    let read = |buffers: &[&[u8]]| {
        let mut output = Vec::new();
        let mut options = WriteOptions::new(Format::Json);
        options.mapping = Mapping::Lossless;
        let buffers = buffers.iter().map(|b| b.to_vec()).collect();
        Converter::with_options(options).buffers(buffers).convert(&pickle[..], &mut output)?;
        Ok::<_, Failure>(serde_json::from_slice::<serde_json::Value>(&output).expect("JSON"))
    };
    let both = read(&[b"a", b"b"]).expect("two buffers");
    assert_eq!(both, json(r#"[{"$bytearray": "YQ=="}, {"$bytes": "Yg=="}]"#));
    let few = read(&[b"a"]).expect_err("one is missing");
    assert!(few.to_string().contains("out-of-band buffer 2, of which 1 were given"), "{few}");
    let many = read(&[b"a", b"b", b"c"]).expect_err("one is left");
    assert_eq!(many.category(), Category::Misuse);
}
