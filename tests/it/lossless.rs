//! `--lossless` JSON and the way back, on files: each pickle of the test data survives, each file of
//! `testdata/malformed-json` fails with the error beside it.
//!
//! Values that no file holds are generated where the graph can be built: in the crate's own tests.

use std::fs;
use std::path::{Path, PathBuf};

use depickle::{
    Converter, Document, Format, Limits, Mapping, Policy, Reader, Roots, WriteOptions, read_lossless_json_roots,
};

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder)
}

/// The files of a folder with an extension, in order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(data(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    found.sort();
    found
}

fn text(document: &Document, indent: Option<u8>) -> Vec<u8> {
    let mut options = WriteOptions::new(Format::Json);
    (options.mapping, options.indent) = (Mapping::Lossless, indent);
    let mut out = Vec::new();
    Converter::with_options(options).write(document, &mut out).unwrap();
    out
}

fn survives(document: &Document, name: &str) {
    let roots = if document.roots().len() == 1 { Roots::One } else { Roots::Array };
    for indent in [None, Some(2)] {
        let written = text(document, indent);
        let back = read_lossless_json_roots(written.as_slice(), roots, &Limits::default())
            .unwrap_or_else(|e| panic!("{name}: {e}\n{}", String::from_utf8_lossy(&written)));
        if let Some(difference) = document.difference(&back) {
            panic!("{name}: {difference}\n{}", String::from_utf8_lossy(&written));
        }
        assert_eq!(back.difference(document), None, "{name}");
        assert!(text(&back, indent) == written, "{name}: written again, the text differs");
    }
}

#[test]
fn pickles_survive() {
    let mut survived = 0;
    for folder in ["std", "records"] {
        for path in files(folder, "pkl") {
            let bytes = fs::read(&path).unwrap();
            let policy = Policy::new().allow("*").unwrap();
            // What is refused or malformed is for other tests.
            if let Ok(document) = Reader::new().policy(policy).read(bytes.as_slice()) {
                survives(&document, &path.display().to_string());
                survived += 1;
            }
        }
    }
    assert!(survived > 400, "only {survived} pickles of the test data were read");
}

/// The goldens are what CPython says the pickles hold: the same values, by another way.
#[test]
fn goldens_are_what_the_pickles_hold() {
    let (mut compared, mut wrong) = (0, Vec::new());
    for folder in ["std", "records"] {
        for path in files(folder, "pkl") {
            let policy = Policy::new().allow("*").unwrap();
            let Ok(document) = Reader::new().policy(policy).read(fs::read(&path).unwrap().as_slice()) else { continue };
            let own = path.with_extension("json");
            let name = path.file_name().unwrap().to_str().unwrap();
            let case = name.split('.').next().unwrap();
            let golden = if own.exists() { own } else { path.with_file_name(format!("{case}.json")) };
            let Ok(bytes) = fs::read(&golden) else { continue };
            let roots = if document.roots().len() == 1 { Roots::One } else { Roots::Array };
            let found = match read_lossless_json_roots(bytes.as_slice(), roots, &Limits::default()) {
                Ok(read) => read.difference(&document).map(|difference| difference.to_string()),
                Err(e) => Some(e.to_string()),
            };
            if let Some(found) = found {
                wrong.push(format!("{name} and its golden: {found}"));
            }
            compared += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 400, "only {compared} pickles have goldens");
}

/// `DEPICKLE_BLESS=1` writes the errors anew.
#[test]
fn malformed_files_fail_with_their_error() {
    let bless = std::env::var_os("DEPICKLE_BLESS").is_some();
    let files = files("malformed-json", "json");
    assert!(!files.is_empty());
    let mut wrong = Vec::new();
    for path in files {
        let bytes = fs::read(&path).unwrap();
        let found = match depickle::read_lossless_json(bytes.as_slice(), &Limits::default()) {
            Ok(_) => "accepted\n".to_owned(),
            Err(e) => format!("{e}\n"),
        };
        let golden = path.with_extension("err");
        if bless {
            fs::write(&golden, &found).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if found != expected || found == "accepted\n" {
            wrong.push(format!("{}: expected {expected:?}, found {found:?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
