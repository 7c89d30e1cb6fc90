//! The checks against the shared material, where the environment variable `DEPICKLE_SHARED` names it (see
//! `tests/shared/README.md`). Without it they are skipped and say so.

use std::process::Command;

use crate::command::{BINARY, Folder, root};

fn check(script: &str, more: &[&str]) {
    let path = root().join("tests/shared").join(script);
    let Some(shared) = std::env::var_os("DEPICKLE_SHARED").filter(|v| !v.is_empty()) else {
        println!("skipped: DEPICKLE_SHARED is not set");
        return;
    };
    let output = Command::new("python3")
        .arg(&path)
        .args(["--depickle", BINARY])
        .arg("--shared")
        .arg(shared)
        .args(more)
        .output()
        .expect("python3 starts");
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
    check("registry.py", &[]);
}
