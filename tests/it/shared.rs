//! The checks against the shared material, where the environment variable `DEPICKLE_SHARED` names it (see
//! `tests/shared/README.md`). Without it they are skipped and say so.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::command::{BINARY, Folder, root};

/// One at a time: the checks measure time.
static TURN: Mutex<()> = Mutex::new(());

fn check(script: &str, more: &[&str]) {
    let path = root().join("tests/shared").join(script);
    let Some(shared) = std::env::var_os("DEPICKLE_SHARED").filter(|v| !v.is_empty()) else {
        println!("skipped: DEPICKLE_SHARED is not set");
        return;
    };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let run = || {
        Command::new("python3")
            .arg(&path)
            .args(["--depickle", BINARY])
            .arg("--shared")
            .arg(&shared)
            .args(more)
            .output()
            .expect("python3 starts")
    };
    let mut output = run();
    if !output.status.success() {
        // Some cases have milliseconds, and the machine may have had other work.
        output = run();
    }
    assert!(
        output.status.success(),
        "{script}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn zoo() {
    let folder = Folder::new();
    check("zoo.py", &["--unpacked", &folder.path("zoo").to_string_lossy()]);
}

#[test]
fn hostile() {
    check("hostile.py", &[]);
}

#[test]
fn corpus() {
    check("corpus.py", &[]);
}

#[test]
fn registry() {
    // The kinds that this version reads; what it reads of a kind is complete.
    let table = Folder::new().run(&["globals"]);
    let kinds: BTreeSet<&str> = table.out().lines().skip(1).filter_map(|line| line.split('\t').next()).collect();
    let kinds = kinds.into_iter().collect::<Vec<_>>().join(",");
    check("registry.py", &["--kinds", &kinds]);
}
