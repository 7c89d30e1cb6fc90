//! What the sources promise about themselves: the arrows between the folders, headers, sizes, names, and a flag for every limit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::command::{Folder, root};

/// Who may name whom; docs/ARCHITECTURE.md explains it. Everyone may name the leaves.
const ARROWS: &[(&str, &[&str])] = &[
    ("repr", &[]),
    ("wtf8", &[]),
    ("source", &[]),
    ("container", &["source"]),
    ("opcode", &["repr", "source", "wtf8"]),
    ("model", &["repr", "source"]),
    ("machine", &["model", "opcode", "source", "wtf8"]),
    ("globals", &["machine", "model", "policy"]),
    ("report", &[]),
    ("proto", &[]),
    ("writers", &["model", "proto", "repr", "report", "wtf8"]),
    ("tables", &["convert", "document", "report", "tabular", "writers"]),
    ("tabular", &["model", "repr", "report", "writers"]),
    ("readers", &["document", "globals", "model", "report", "writers", "wtf8"]),
    ("compare", &["document", "model", "writers"]),
    ("view", &["model"]),
    ("select", &["model", "writers"]),
    ("document", &["container", "globals", "machine", "model", "opcode", "policy", "source", "view"]),
    ("disassemble", &["container", "document", "opcode"]),
    (
        "convert",
        &[
            "document", "machine", "model", "output", "policy", "progress", "report", "select", "source", "tabular",
            "writers",
        ],
    ),
    (
        "stream",
        &[
            "container",
            "convert",
            "document",
            "machine",
            "model",
            "opcode",
            "output",
            "progress",
            "report",
            "select",
            "source",
            "tabular",
            "writers",
        ],
    ),
    ("progress", &[]),
    ("gather", &["convert", "document", "model", "report", "writers"]),
    ("worker", &["convert", "document", "output"]),
    ("output", &[]),
    ("measure", &["machine", "model", "opcode", "source"]),
    ("policy", &[]),
];
/// Errors, places, names and limits: what every layer speaks of.
const LEAVES: &[&str] = &["error", "limits", "location", "name"];

/// Written by a generator; a test of its own holds each to its source.
const GENERATED: &[&str] = &["src/proto/v1.rs"];

fn sources() -> Vec<PathBuf> {
    let (mut todo, mut found) = (vec![root().join("src"), root().join("tests/it")], Vec::new());
    while let Some(folder) = todo.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).expect("below").to_string_lossy().replace('\\', "/")
}

/// The part before the tests, comments left out.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a source");
    let before = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    before.lines().filter(|line| !line.trim_start().starts_with("//")).fold(String::new(), |mut all, line| {
        all.push_str(line);
        all.push('\n');
        all
    })
}

/// A source of nothing but tests.
fn is_test(path: &Path) -> bool {
    name(path).starts_with("tests/") || path.file_stem().is_some_and(|s| s.to_string_lossy().ends_with("tests"))
}

/// The first part of `src/…`: a folder, or a file without its extension.
fn layer(path: &Path) -> String {
    let name = name(path);
    let rest = name.strip_prefix("src/").unwrap_or(&name);
    rest.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned()
}

/// The names that follow `crate::`.
fn named(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        let list = after.strip_prefix('{').and_then(|l| l.split('}').next());
        let parts = list.map_or_else(|| vec![after], |l| l.split(',').collect());
        for part in parts {
            let ident: String = part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            found.insert(ident);
        }
    }
    found
}

#[test]
fn the_arrows_hold() {
    let mut wrong = Vec::new();
    for path in sources().iter().filter(|p| !is_test(p)) {
        let layer = layer(path);
        let code = code(path);
        match layer.as_str() {
            "lib" => continue,
            // The command knows the public API: it names the crate from outside.
            "main" | "cli" => {
                if code.contains("crate::") {
                    wrong.push(format!("{}: the command names something private", name(path)));
                }
                continue;
            }
            _ => {}
        }
        if LEAVES.contains(&layer.as_str()) {
            let more: Vec<String> = named(&code).into_iter().filter(|n| !LEAVES.contains(&n.as_str())).collect();
            if !more.is_empty() {
                wrong.push(format!("{}: a leaf names {more:?}", name(path)));
            }
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == layer) else {
            wrong.push(format!("{}: `{layer}` stands in no row of the table", name(path)));
            continue;
        };
        for to in named(&code) {
            if to != layer && !LEAVES.contains(&to.as_str()) && !allowed.contains(&to.as_str()) {
                wrong.push(format!("{}: `{layer}` names `{to}`", name(path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_of_arrows_has_no_cycle() {
    let mut placed: BTreeSet<&str> = LEAVES.iter().copied().collect();
    while let Some((from, _)) =
        ARROWS.iter().find(|(from, to)| !placed.contains(from) && to.iter().all(|t| placed.contains(t)))
    {
        placed.insert(from);
    }
    let left: Vec<&str> = ARROWS.iter().map(|(from, _)| *from).filter(|from| !placed.contains(from)).collect();
    assert!(left.is_empty(), "in or above a cycle: {left:?}");
}

#[test]
fn files_say_what_they_are_for_and_stay_small() {
    let mut wrong = Vec::new();
    for path in sources() {
        let text = std::fs::read_to_string(&path).expect("a source");
        let name = name(&path);
        if !text.starts_with("//! ") {
            wrong.push(format!("{name}: opens without `//!`"));
        }
        let lines = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().lines().count();
        if lines > 600 && !is_test(&path) && !GENERATED.contains(&name.as_str()) {
            wrong.push(format!("{name}: {lines} lines before its tests, more than 600"));
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if ["utils", "util", "helpers", "helper", "common", "misc"].contains(&stem.as_str()) {
            wrong.push(format!("{name}: is a drawer, not a module"));
        }
        for word in ["TO\x44O", "FIX\x4dE"] {
            if text.contains(word) {
                wrong.push(format!("{name}: holds a {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_panics_on_purpose() {
    let mut wrong = Vec::new();
    for path in sources().iter().filter(|p| !is_test(p)) {
        for word in [".unwrap()", "panic!(", "unreachable!(", "todo!(", "unimplemented!(", "unsafe "] {
            if code(path).contains(word) {
                wrong.push(format!("{}: {word}", name(path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every field of `Limits` has a flag of the same name, in the help and in docs/limits.md.
#[test]
fn every_limit_has_its_flag() {
    let source = std::fs::read_to_string(root().join("src/limits.rs")).expect("the limits");
    let body = source.split("pub struct Limits {").nth(1).and_then(|s| s.split("\n}").next()).expect("the struct");
    let fields: Vec<&str> =
        body.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split(':').next()).collect();
    assert!(fields.len() >= 10, "{fields:?}");
    let help = Folder::new().run(&["convert", "--help"]);
    let table = std::fs::read_to_string(root().join("docs/limits.md")).expect("docs/limits.md");
    for field in fields {
        let flag = format!("--{}", field.replace('_', "-"));
        assert!(help.out().contains(&format!("{flag} <")), "{flag} is not in the help");
        assert!(table.contains(&format!("`{flag}`")), "{flag} is not in docs/limits.md");
    }
}
