//! Pickles that CPython wrote, converted with `--lossless` and compared with what CPython reads in them; pickles that must be
//! refused, with the names that must be listed; bytes that no correct reader accepts. `testdata/README.md` says how files and
//! goldens are paired. A case is a file dropped into a folder.

use std::path::{Path, PathBuf};

use depickle::error::{Category, ErrorKind, Refused};
use depickle::{Converter, Format, Mapping, Policy, WriteOptions};

use crate::command::root;

fn pickles(folder: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root().join("testdata").join(folder))
        .expect("a folder of test data")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "pkl"))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "testdata/{folder} holds pickles");
    found
}

/// `<case>.p<protocol>.py<version>.json`, else `<case>.json`.
fn golden(pickle: &Path) -> String {
    let own = pickle.with_extension("json");
    let name = pickle.file_name().and_then(|n| n.to_str()).expect("a name");
    let case = name.split('.').next().expect("a case");
    let shared = pickle.with_file_name(format!("{case}.json"));
    let path = if own.exists() { own } else { shared };
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub(crate) fn lossless() -> Converter {
    let mut options = WriteOptions::new(Format::Json);
    options.mapping = Mapping::Lossless;
    Converter::with_options(options)
}

/// A token of JSON: floats by their bits, strings without their escapes, everything else as it stands.
#[derive(Debug, PartialEq)]
enum Token {
    Sign(char),
    Text(String),
    Float(u64),
    Word(String),
}

fn tokens(json: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = json.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '[' | ']' | '{' | '}' | ',' | ':' => {
                found.push(Token::Sign(first));
                1
            }
            '"' => {
                let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                found.push(Token::Text(stream.next().expect("a string").expect("a string")));
                stream.byte_offset()
            }
            _ => {
                let len = rest.find([',', ']', '}', ' ', '\n']).unwrap_or(rest.len());
                let word = &rest[..len];
                found.push(if word.contains(['.', 'e', 'E']) && !word.starts_with(['t', 'f']) {
                    Token::Float(word.parse::<f64>().expect("a float").to_bits())
                } else {
                    Token::Word(word.to_owned())
                });
                len
            }
        };
        rest = rest[len..].trim_start();
    }
    found
}

/// Fails with every case that failed, not the first alone.
pub(crate) fn all(folder: &str, case: impl Fn(&Path, &[u8]) -> Result<(), String>) {
    let mut failed = Vec::new();
    let pickles = pickles(folder);
    for path in &pickles {
        let bytes = std::fs::read(path).expect("a pickle");
        if let Err(why) = case(path, &bytes) {
            failed.push(format!("{}: {why}", path.file_name().unwrap_or_default().to_string_lossy()));
        }
    }
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), pickles.len(), failed.join("\n"));
}

pub(crate) fn as_golden(converter: &Converter, path: &Path, bytes: &[u8]) -> Result<(), String> {
    let mut out = Vec::new();
    converter.convert(bytes, &mut out).map_err(|failure| failure.to_string())?;
    let text = String::from_utf8(out).expect("JSON is text");
    same_json(&text, &golden(path))
}

/// Compares two JSON texts token by token.
pub(crate) fn same_json(ours: &str, expected: &str) -> Result<(), String> {
    let (ours, expected) = (tokens(ours), tokens(expected));
    match ours.iter().zip(&expected).position(|(a, b)| a != b) {
        None if ours.len() == expected.len() => Ok(()),
        None => Err(format!("{} tokens, expected {}", ours.len(), expected.len())),
        Some(at) => Err(format!("token {at}: found {:?}, expected {:?}", ours[at], expected[at])),
    }
}

#[test]
fn data_types_come_out_as_cpython_reads_them() {
    let converter = lossless();
    all("std", |path, bytes| as_golden(&converter, path, bytes));
}

#[test]
fn values_of_libraries_come_out_as_the_libraries_print_them() {
    let mut options = WriteOptions::new(Format::Json);
    options.mapping = Mapping::Natural;
    let natural = Converter::with_options(options);
    for family in ["scipy", "arrow", "polars", "shapely", "networkx", "pandas"] {
        all(family, |path, bytes| as_golden(&natural, path, bytes));
    }
}

#[test]
fn admitted_instances_come_out_as_records() {
    let converter = lossless().policy(Policy::new().allow("shop.*").expect("a pattern"));
    all("records", |path, bytes| as_golden(&converter, path, bytes));
}

#[test]
fn every_refused_name_is_listed() {
    let converter = lossless();
    all("refused", |path, bytes| {
        let expected = std::fs::read_to_string(path.with_extension("txt")).expect("the names");
        let mut out = Vec::new();
        let Err(failure) = converter.convert(bytes, &mut out) else {
            return Err("was converted".to_owned());
        };
        if !out.is_empty() {
            return Err("something was written".to_owned());
        }
        let names: Vec<String> = failure
            .findings()
            .iter()
            .filter_map(|error| match error.kind() {
                ErrorKind::Refused(Refused::Global { name, .. } | Refused::Value { name, .. }) => {
                    Some(name.to_string())
                }
                ErrorKind::Refused(_) => Some(format!("({})", error.location().opcode.unwrap_or_default())),
                _ => None,
            })
            .collect();
        if names != expected.lines().collect::<Vec<_>>() {
            return Err(format!("listed {names:?}, expected {:?} ({failure})", expected.trim()));
        }
        // A break behind the name is a finding of its own.
        if failure.category() < Category::Refused { Err(failure.to_string()) } else { Ok(()) }
    });
}

#[test]
fn malformed_bytes_are_malformed() {
    let converter = lossless();
    all("malformed", |_, bytes| {
        let mut out = Vec::new();
        match converter.convert(bytes, &mut out) {
            Ok(_) => Err("was converted".to_owned()),
            Err(_) if !out.is_empty() => Err("something was written".to_owned()),
            Err(failure) if failure.category() == Category::Malformed => Ok(()),
            Err(failure) => Err(failure.to_string()),
        }
    });
}

#[test]
fn disassembly_is_what_pickletools_prints() {
    let folder = root().join("testdata/dis");
    let limits = depickle::Limits::default();
    let mut cases = 0;
    for entry in std::fs::read_dir(folder).expect("testdata/dis") {
        let golden = entry.expect("an entry").path();
        let name = golden.file_name().expect("a name");
        let pickle = root().join("testdata/std").join(name).with_extension("pkl");
        let bytes = std::fs::read(&pickle).expect("a pickle");
        let mut text = Vec::new();
        depickle::disassemble(bytes.as_slice(), &mut text, &limits).expect("printed");
        let (ours, expected) =
            (String::from_utf8(text).expect("text"), std::fs::read_to_string(&golden).expect("a golden"));
        for (ours, expected) in ours.lines().zip(expected.lines()) {
            assert_eq!(ours, expected, "{}", pickle.display());
        }
        assert_eq!(ours.len(), expected.len(), "{}", pickle.display());
        cases += 1;
    }
    assert!(cases > 50, "{cases} cases");
}

/// What is compressed is printed as what is in it, and a break ends the printing, not what stands before it.
#[test]
fn disassembly_sees_through_compression() {
    let limits = depickle::Limits::default();
    let print = |path: &str| {
        let mut text = Vec::new();
        let bytes = std::fs::read(root().join("testdata").join(path)).expect("a pickle");
        depickle::disassemble(bytes.as_slice(), &mut text, &limits).expect("printed");
        text
    };
    assert_eq!(print("containers/list.gz"), print("containers/list.xz"));
}
