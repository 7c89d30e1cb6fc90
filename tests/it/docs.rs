//! The documents hold what the command prints: every line `$ …` of a `console` block is run, in a folder that holds `testdata`, and
//! what follows it is what appears on both streams. `DEPICKLE_BLESS=1 cargo test` writes it anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::command::{BINARY, Folder, root};

fn documents() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md")];
    for entry in std::fs::read_dir(root().join("docs")).expect("docs") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What a command of a document prints, both streams in one.
fn printed(folder: &Folder, command: &str) -> String {
    let bin = Path::new(BINARY).parent().expect("the folder of the command");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(bin.to_owned()).chain(std::env::split_paths(&path));
    let output = folder
        .command("sh")
        .args(["-c", &format!("{{ {command}\n}} 2>&1")])
        .env("PATH", std::env::join_paths(paths).expect("a path"))
        .env("COLUMNS", "100")
        .output()
        .expect("sh starts");
    assert!(output.stderr.is_empty(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The document with every output as it is now.
fn renewed(text: &str) -> String {
    let folder = Folder::new();
    std::os::unix::fs::symlink(root().join("testdata"), folder.path("testdata")).expect("a link");
    let mut now = String::new();
    let mut lines = text.lines().peekable();
    let mut inside = false;
    while let Some(line) = lines.next() {
        let _ = writeln!(now, "{line}");
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ => {}
        }
        let Some(command) = line.strip_prefix("$ ").filter(|_| inside) else { continue };
        let mut command = command.to_owned();
        // A backslash at the end goes on in the next line.
        while command.ends_with('\\') {
            let next = lines.next().expect("the command goes on");
            let _ = writeln!(now, "{next}");
            command.push('\n');
            command.push_str(next);
        }
        while lines.peek().is_some_and(|next| *next != "```" && !next.starts_with("$ ")) {
            lines.next();
        }
        now.push_str(&printed(&folder, &command));
    }
    now
}

#[test]
fn commands_print_what_the_documents_show() {
    let mut wrong = Vec::new();
    for path in documents() {
        let text = std::fs::read_to_string(&path).expect("a document");
        let now = renewed(&text);
        if std::env::var_os("DEPICKLE_BLESS").is_some_and(|v| v == "1") && now != text {
            std::fs::write(&path, &now).expect("written");
            continue;
        }
        for (n, (shown, is)) in text.lines().zip(now.lines()).enumerate() {
            if shown != is {
                wrong.push(format!("{}:{}: shows\n  {shown}\nthe command prints\n  {is}", path.display(), n + 1));
                break;
            }
        }
        assert!(text == now || !wrong.is_empty(), "{}: the lengths differ", path.display());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Links between the documents lead somewhere.
#[test]
fn links_lead_to_files() {
    let more = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root().join(name));
    for path in documents().into_iter().chain(more) {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        // Every other piece is a block of code.
        let text: String = text.split("```").step_by(2).collect();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let folder = path.parent().expect("a folder");
            assert!(folder.join(file).exists(), "{}: a link to `{target}`", path.display());
        }
    }
}
