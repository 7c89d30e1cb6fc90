//! Every message that small inputs can cause, kept in `messages.txt` beside this file. `DEPICKLE_BLESS=1 cargo test` writes it anew;
//! whoever does so reads the difference as a user would.
//!
//! Grammar: a lower-case fragment without a full stop, expected before found, literals in backticks, the place last.

use std::fmt::Write as _;
use std::path::Path;

use crate::command::{Folder, root};

/// Name, arguments behind `convert`, input.
type Case = (&'static str, &'static [&'static str], &'static [u8]);

const CASES: &[Case] = &[
    // The environment.
    ("missing", &["missing.pkl"], b""),
    ("output is a folder", &["in", "-o", "folder", "--to", "json"], b"N."),
    ("no overwrite", &["in", "-o", "old.json", "--no-overwrite"], b"N."),
    // The caller.
    ("extension", &["in", "-o", "out.docx"], b"N."),
    ("no extension", &["in", "-o", "out"], b"N."),
    ("two inputs", &["in", "in"], b"N."),
    ("two inputs, one output", &["in", "in", "--out-dir", "out"], b"N."),
    ("indent of ndjson", &["in", "--to", "ndjson", "--indent"], b"N."),
    ("compression of json", &["in", "--to", "json", "--compression", "zstd"], b"N."),
    ("row groups of arrow", &["in", "-o", "out.arrow", "--row-group-size", "10"], b"N."),
    ("dicts of csv", &["in", "--to", "csv", "--dict-as", "map"], b"N."),
    ("delimiter of ndjson", &["in", "--to", "ndjson", "--delimiter", ";"], b"N."),
    ("empty pattern", &["in", "--allow", ""], b"N."),
    ("unqualified pattern", &["in", "--allow", "Order"], b"N."),
    ("select: no dollar", &["in", "--select", "rows"], b"]."),
    ("select: open bracket", &["in", "--select", "$[0"], b"]."),
    ("select: no such index", &["in", "--select", "$[3]"], b"](NNe."),
    ("select: no such key", &["in", "--select", "$.b"], b"}X\x01\0\0\0aNs."),
    ("select: key of a list", &["in", "--select", "$.b"], b"](NNe."),
    ("select: part of an int", &["in", "--select", "$.a.b"], b"}X\x01\0\0\0aK\x01s."),
    // What is no pickle.
    ("empty", &["in"], b""),
    ("text", &["in"], b"hello world, this is text\n"),
    ("json", &["in"], b"{\"a\": 1}\n"),
    ("html", &["in"], b"<!DOCTYPE html><html></html>"),
    ("png", &["in"], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    ("zip", &["in"], b"PK\x03\x04\x14\0\0\0\0\0"),
    ("hdf5", &["in"], b"\x89HDF\r\n\x1a\n"),
    ("npy", &["in"], b"\x93NUMPY\x01\0v\0"),
    ("parquet", &["in"], b"PAR1\x15\0"),
    ("zeros", &["in"], &[0; 64]),
    ("git lfs pointer", &["in"], b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
    ("gzip, cut", &["in"], b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"),
    ("gzip, damaged", &["in"], b"\x1f\x8b\x08\0\0\0\0\0\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
    // Bytes; more of them in testdata/malformed.
    ("trailing bytes", &["in"], b"N.garbage"),
    ("line ends translated", &["in"], b"I1\r\n."),
    // Names; more of them in testdata/refused.
    ("unknown name", &["in"], b"cshop.models\nOrder\n."),
    ("four unknown names", &["in"], b"(ca\nb\ncc\nd\nce\nf\ncg\nh\nt."),
    ("more findings than are shown", &["in", "--max-findings", "1"], b"(ca\nb\ncc\nd\nt."),
    ("dangerous name, admitted", &["in", "--allow", "os.*"], b"cos\nsystem\n."),
    ("a quote in a name", &["in"], b"ca'; true '\nb\n."),
    ("control characters in a name", &["in"], b"ca\x1b[2J\nb\x07\n."),
    // Limits.
    ("memory", &["in", "--max-memory", "1K"], b"](KKe.]](NNNNNNNNNNNNNNNNe."),
    ("depth", &["in", "--max-depth", "2"], b"]]]aa."),
    ("memo", &["in", "--max-memo", "1"], b"]q\0]q\x01a."),
    ("nodes", &["in", "--max-nodes", "1"], b"]]a."),
    ("digits", &["in", "--max-digits", "3"], b"I1234\n."),
    ("output", &["in", "--max-output", "4"], b"](NNe."),
    // What a format can't carry.
    ("colliding keys", &["in"], b"}(K\x01NX\x01\0\0\x001Nu."),
    ("cycle", &["in"], b"]q\0h\0a."),
    ("lone surrogate", &["in"], b"X\x03\0\0\0\xed\xa0\x80."),
    ("lone surrogate in msgpack", &["in", "--to", "msgpack"], b"X\x03\0\0\0\xed\xa0\x80."),
    ("nan as an error", &["in", "--non-finite", "error"], b"](G\x7f\xf8\0\0\0\0\0\0e."),
    ("nan under --strict", &["in", "--strict"], b"](G\x7f\xf8\0\0\0\0\0\0e."),
    ("8-bit str that is no UTF-8", &["in", "--py2-str", "utf-8"], b"U\x01\xff."),
    ("unknown zone", &["in"], b"\x80\x04cdatetime\ndatetime\n(C\n\x07\xe8\x01\x01\0\0\0\0\0\0cbuiltins\ngetattr\n(czoneinfo\nZoneInfo\nX\t\0\0\0_unpickletR(X\x03\0\0\0X/YK\x01tRtR."),
    ("sharing across lines under --strict", &["in", "--to", "ndjson", "--lossless", "--strict"], b"](]q\0h\0e."),
    // Warnings.
    ("nan", &["in"], b"](G\x7f\xf8\0\0\0\0\0\0G\x7f\xf0\0\0\0\0\0\0e."),
    ("surrogate replaced", &["in", "--surrogates", "replace"], b"X\x03\0\0\0\xed\xa0\x80."),
    ("shared list", &["in"], b"](]q\0h\0e."),
    ("deque with maxlen", &["in"], b"ccollections\ndeque\n(]K\x05tR."),
    ("trailing bytes ignored", &["in", "--trailing", "ignore", "-v"], b"N.garbage"),
    ("retyped, verbose", &["in", "-v"], b"(K\x01t."),
];

fn block(snapshot: &mut String, name: &str, run: &crate::command::Run) {
    let _ = writeln!(snapshot, "[{name}] {}", run.status);
    for line in run.stderr.lines() {
        let _ = writeln!(snapshot, "  {line}");
    }
}

fn snapshot() -> String {
    let mut all = String::new();
    for (name, args, input) in CASES {
        let folder = Folder::with(&[("in", input), ("old.json", b"old"), ("folder/x", b"")]);
        block(&mut all, name, &folder.run(&[&["convert"], *args].concat()));
    }
    for part in ["malformed", "refused"] {
        let mut files: Vec<_> = std::fs::read_dir(root().join("testdata").join(part))
            .expect("test data")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|e| e == "pkl"))
            .collect();
        files.sort();
        let folder = Folder::new();
        for path in files {
            let name = path.file_name().and_then(|n| n.to_str()).expect("a name");
            folder.write(name, &std::fs::read(&path).expect("a pickle"));
            block(&mut all, &format!("{part}/{name}"), &folder.run(&["convert", name]));
        }
    }
    all
}

#[test]
fn messages_are_as_they_were() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/messages.txt");
    let now = snapshot();
    if std::env::var_os("DEPICKLE_BLESS").is_some_and(|v| v == "1") {
        std::fs::write(&path, &now).expect("written");
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let changed: Vec<String> = diff(&before, &now);
    assert!(changed.is_empty(), "`DEPICKLE_BLESS=1 cargo test` accepts:\n{}", changed.join("\n"));
}

/// Blocks that differ, old and new.
fn diff(before: &str, now: &str) -> Vec<String> {
    let blocks = |text: &str| -> Vec<String> { format!("\n{text}").split("\n[").skip(1).map(str::to_owned).collect() };
    let (before, now) = (blocks(before), blocks(now));
    let gone = before.iter().filter(|b| !now.contains(b)).map(|b| format!("- [{b}"));
    let new = now.iter().filter(|b| !before.contains(b)).map(|b| format!("+ [{b}"));
    gone.chain(new).collect()
}

#[test]
fn messages_keep_the_grammar() {
    for line in snapshot().lines().filter(|line| line.starts_with("  ")) {
        let Some((word, text)) = line.trim().split_once(": ") else { panic!("{line}") };
        assert!(
            ["error", "warning", "hint", "caused by", "note", "Usage", "For more information, try '--help'."]
                .contains(&word),
            "{line}"
        );
        assert!(!text.ends_with('.') || text.ends_with(" …"), "a full stop: {line}");
        assert!(!text.contains('\x1b'), "a control character: {line:?}");
        if word == "error" {
            assert_eq!(text.matches('`').count() % 2, 0, "backticks come in pairs: {line}");
        }
    }
}
