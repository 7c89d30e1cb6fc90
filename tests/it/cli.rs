//! The command as a user meets it: exit status, what goes to which stream, which files appear and which stay as they were.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::command::{BINARY, Folder};

/// The list [1, 2].
const GOOD: &[u8] = b"\x80\x04]\x94(K\x01K\x02e.";
/// `os.system("true")`.
const REFUSED: &[u8] = b"cos\nsystem\n(S'true'\ntR.";
/// Ends before its STOP.
const BROKEN: &[u8] = b"\x80\x04K\x01";
/// A list in a list in a list.
const DEEP: &[u8] = b"]]]aa.";
/// The keys 1 and "1".
const COLLIDING: &[u8] = b"}(K\x01NX\x01\0\0\x001Nu.";
/// [nan].
const LOSSY: &[u8] = b"](G\x7f\xf8\0\0\0\0\0\0e.";
/// {"rows": [{"a b": 1}, {"a b": 2}]}
const ROWS: &[u8] = b"}X\x04\0\0\0rows](}X\x03\0\0\0a bK\x01s}X\x03\0\0\0a bK\x02ses.";

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn each_culprit_has_its_exit_status() {
    let folder = Folder::with(&[
        ("good.pkl", GOOD),
        ("refused.pkl", REFUSED),
        ("broken.pkl", BROKEN),
        ("deep.pkl", DEEP),
        ("colliding.pkl", COLLIDING),
    ]);
    let cases: [(&[&str], i32); 12] = [
        (&["convert", "good.pkl"], 0),
        (&["--help"], 0),
        (&["--version"], 0),
        (&["convert", "missing.pkl"], 1),
        (&["convert"], 2),
        (&["convert", "--frobnicate", "good.pkl"], 2),
        (&["convert", "good.pkl", "-o", "out.docx"], 2),
        (&["convert", "good.pkl", "--allow", ""], 2),
        (&["convert", "refused.pkl"], 3),
        (&["convert", "broken.pkl"], 4),
        (&["convert", "deep.pkl", "--max-depth", "2"], 5),
        (&["convert", "colliding.pkl"], 6),
    ];
    for (args, status) in cases {
        let run = folder.run(args);
        assert_eq!(run.status, status, "{args:?}: {}", run.stderr);
        if status != 0 {
            assert!(run.stdout.is_empty() && run.stderr.starts_with("error: "), "{args:?}: {run:?}");
        }
    }
}

#[test]
fn quiet_unless_something_is_lost_or_wrong() {
    let folder = Folder::with(&[("good.pkl", GOOD), ("lossy.pkl", LOSSY)]);
    let run = folder.run(&["convert", "good.pkl"]);
    assert_eq!((run.out(), run.stderr.as_str()), ("[1,2]\n", ""));
    let run = folder.run(&["convert", "lossy.pkl"]);
    assert_eq!((run.status, run.out()), (0, "[null]\n"));
    assert!(run.stderr.starts_with("warning: lossy: lossy.pkl: 1 × ") && run.stderr.contains("$[0]"), "{}", run.stderr);
    assert_eq!(folder.run(&["convert", "lossy.pkl", "--quiet"]).stderr, "");
    assert!(folder.run(&["convert", "good.pkl", "--verbose"]).stderr.starts_with("note: good.pkl: 1 pickle"));
    assert_eq!(folder.run(&["convert", "--quiet", "--verbose", "good.pkl"]).status, 2);
}

#[test]
fn the_extension_names_the_format() {
    let folder = Folder::with(&[("good.pkl", GOOD)]);
    for (output, expected) in
        [("out.json", "[1,2]\n"), ("out.ndjson", "1\n2\n"), ("out.jsonl", "1\n2\n"), ("OUT.JSON", "[1,2]\n")]
    {
        let run = folder.run(&["convert", "good.pkl", "-o", output]);
        assert_eq!((run.status, run.stdout.len(), run.stderr.as_str()), (0, 0, ""));
        assert_eq!(folder.read(output), expected);
    }
    assert_eq!(folder.run(&["convert", "good.pkl", "-o", "out.txt", "--to", "ndjson"]).status, 0);
    assert_eq!(folder.read("out.txt"), "1\n2\n");
    assert_eq!(folder.run(&["convert", "good.pkl", "-o", "new/folder/out.json"]).status, 0);
    assert_eq!(folder.read("new/folder/out.json"), "[1,2]\n");
    let run = folder.run(&["convert", "good.pkl", "-o", "out.parquette"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains(".json") && run.stderr.contains("hint: `--to FORMAT`"), "{}", run.stderr);
}

#[test]
fn standard_input_and_output() {
    let folder = Folder::new();
    let run = folder.run_with(&["convert", "-", "--to", "ndjson"], GOOD);
    assert_eq!((run.status, run.out(), run.stderr.as_str()), (0, "1\n2\n", ""));
    let run = folder.run_with(&["convert", "-", "-o", "-"], GOOD);
    assert_eq!((run.status, run.out()), (0, "[1,2]\n"));
    let run = folder.run_with(&["convert", "-"], b"");
    assert_eq!(run.status, 4, "{}", run.stderr);
    let run = folder.run_with(&["dis", "-"], GOOD);
    assert!(run.status == 0 && run.out().starts_with("    0: \\x80 PROTO      4\n"), "{run:?}");
}

#[test]
fn a_folder_is_mirrored_and_nothing_collides() {
    let gz = std::fs::read(crate::command::root().join("testdata/containers/list.gz")).unwrap();
    let folder = Folder::with(&[
        ("cache/a.pkl", GOOD),
        ("cache/a.pkl.gz", &gz),
        ("cache/deep/er/b", GOOD),
        ("cache/index.html", b"<!DOCTYPE html><html><body>no</body></html>"),
    ]);
    let run = folder.run(&["convert", "cache", "--out-dir", "json"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let written: Vec<String> = folder.files().into_iter().filter(|f| f.starts_with("json/")).collect();
    assert_eq!(written, ["json/cache/a.pkl.gz.json", "json/cache/a.pkl.json", "json/cache/deep/er/b.json"]);
    assert!(run.stderr.starts_with("warning: skipped what is no pickle: 1 file"), "{}", run.stderr);
    assert!(folder.run(&["convert", "cache", "--out-dir", "again", "-v"]).stderr.contains("index.html"));
    // The same file, named: no pickle is malformed.
    let run = folder.run(&["convert", "cache/index.html", "cache/a.pkl", "--out-dir", "named"]);
    assert_eq!(run.status, 4);
    assert!(run.stderr.contains("expected a pickle, found"), "{}", run.stderr);
    assert_eq!(folder.read("named/cache/a.pkl.json"), "[1,2]\n");
}

#[cfg(unix)]
#[test]
fn links_in_folders_are_followed() {
    use std::os::unix::fs::symlink;
    let folder = Folder::with(&[("cache/a.pkl", GOOD), ("cache/c.pkl", GOOD), ("else/where.pkl", GOOD)]);
    symlink(folder.path("else/where.pkl"), folder.path("cache/b.pkl")).expect("a link to a file");
    let converted = |out: &str| {
        let run = folder.run(&["convert", "cache", "--out-dir", out]);
        let prefix = format!("{out}/");
        let found = folder.files().into_iter().filter_map(|f| f.strip_prefix(&prefix).map(str::to_owned));
        (run.status, found.collect::<Vec<_>>(), run.stderr)
    };
    let (status, found, stderr) = converted("one");
    assert_eq!((status, found.len()), (0, 3), "{stderr}");
    symlink(folder.path("else"), folder.path("cache/deep")).expect("a link to a folder");
    let (status, found, stderr) = converted("two");
    let wanted = ["cache/a.pkl.json", "cache/b.pkl.json", "cache/c.pkl.json", "cache/deep/where.pkl.json"];
    assert_eq!((status, found), (0, wanted.map(str::to_owned).to_vec()), "{stderr}");
    symlink(folder.path("cache"), folder.path("cache/deep/loop")).expect("a loop");
    symlink(folder.path("nowhere"), folder.path("cache/broken")).expect("a link to nothing");
    let (status, found, stderr) = converted("three");
    assert_eq!(found, wanted, "{stderr}");
    assert!(status != 0 && stderr.contains("loop") && stderr.contains("broken"), "{stderr}");
}

#[test]
fn all_inputs_are_tried_and_the_highest_status_returned() {
    let folder = Folder::with(&[("a.pkl", BROKEN), ("b.pkl", REFUSED), ("c.pkl", GOOD)]);
    let run = folder.run(&["convert", "a.pkl", "missing.pkl", "b.pkl", "c.pkl", "--out-dir", "out"]);
    assert_eq!(run.status, 4);
    for name in ["a.pkl", "missing.pkl", "b.pkl"] {
        assert!(run.stderr.contains(name), "{name}: {}", run.stderr);
    }
    assert_eq!(folder.files(), ["a.pkl", "b.pkl", "c.pkl", "out/c.pkl.json"]);
    assert_eq!(folder.run(&["convert", "a.pkl", "b.pkl"]).status, 2, "two inputs need --out-dir");
}

#[test]
fn globs_that_the_shell_left_alone() {
    let folder = Folder::with(&[("x/a.pkl", GOOD), ("x/b.pkl", GOOD), ("x/c.txt", b"hello"), ("x/y/d.pkl", GOOD)]);
    assert_eq!(folder.run(&["convert", "x/*.pkl", "--out-dir", "out"]).status, 0);
    let written = |folder: &Folder| folder.files().iter().filter(|f| f.starts_with("out")).count();
    assert_eq!(written(&folder), 2, "{:?}", folder.files());
    assert_eq!(folder.run(&["convert", "x/**/*.pkl", "--out-dir", "out"]).status, 0);
    assert_eq!(written(&folder), 3, "{:?}", folder.files());
    assert_eq!(folder.run(&["convert", "z/*.pkl", "--out-dir", "out"]).status, 1);
}

#[test]
fn a_failure_leaves_what_was_there() {
    let cases: [(&[u8], &[&str], i32); 6] = [
        (REFUSED, &[], 3),
        (BROKEN, &[], 4),
        (DEEP, &["--max-depth", "2"], 5),
        (COLLIDING, &[], 6),
        (LOSSY, &["--strict"], 6),
        (GOOD, &["--no-overwrite"], 1),
    ];
    for (input, more, status) in cases {
        let folder = Folder::with(&[("in.pkl", input), ("out.json", b"precious")]);
        let run = folder.run(&[&["convert", "in.pkl", "-o", "out.json"], more].concat());
        assert_eq!(run.status, status, "{}", run.stderr);
        assert_eq!(folder.read("out.json"), "precious");
        assert_eq!(folder.files(), ["in.pkl", "out.json"], "no temporary file is left");
        let folder = Folder::with(&[("in.pkl", input), ("out/in.pkl.json", b"precious")]);
        assert_eq!(folder.run(&[&["convert", "in.pkl", "--out-dir", "out"], more].concat()).status, status);
        assert_eq!(folder.read("out/in.pkl.json"), "precious");
    }
    let folder = Folder::with(&[("in.pkl", GOOD), ("out.json", b"old")]);
    assert_eq!(folder.run(&["convert", "in.pkl", "-o", "out.json"]).status, 0);
    assert_eq!(folder.read("out.json"), "[1,2]\n");
}

#[test]
fn the_ledger_is_protected_as_outputs_are() {
    let folder = Folder::with(&[("in.pkl", GOOD), ("ledger.json", b"precious")]);
    let args = ["convert", "in.pkl", "-o", "out.json", "--ledger", "ledger.json"];
    let run = folder.run(&[&args[..], &["--no-overwrite"]].concat());
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("--no-overwrite") && run.stderr.contains("ledger.json"), "{}", run.stderr);
    assert_eq!(folder.read("ledger.json"), "precious");
    assert_eq!(folder.files(), ["in.pkl", "ledger.json"], "known before anything is converted");
    assert_eq!(folder.run(&args).status, 0);
    assert!(folder.read("ledger.json").starts_with('{'));
    for wrong in ["out.json", "./out.json", "in.pkl"] {
        let run = folder.run(&["convert", "in.pkl", "-o", "out.json", "--ledger", wrong]);
        assert_eq!(run.status, 2, "{wrong}: {}", run.stderr);
    }
}

#[test]
fn no_output_replaces_another_input() {
    let folder = Folder::with(&[("a.pkl", GOOD), ("a.pkl.json", GOOD)]);
    let run = folder.run(&["convert", "a.pkl", "a.pkl.json", "--out-dir", "."]);
    assert_eq!(run.status, 2, "{}", run.stderr);
    assert_eq!(std::fs::read(folder.path("a.pkl.json")).unwrap(), GOOD);
}

#[test]
fn no_output_replaces_a_file_of_a_folder_that_is_read() {
    let folder =
        Folder::with(&[("in/a.pkl", GOOD), ("in/b.pkl", GOOD), ("in/deep/c.pkl", GOOD), ("elsewhere.pkl", GOOD)]);
    let mut wrong = vec!["in/a.pkl", "in/../in/b.pkl", "in/deep/c.pkl"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../elsewhere.pkl", folder.path("in/link.pkl")).unwrap();
        std::fs::hard_link(folder.path("in/a.pkl"), folder.path("again.pkl")).unwrap();
        wrong.extend(["elsewhere.pkl", "in/link.pkl", "again.pkl"]);
    }
    for output in wrong {
        let run = folder.run(&["convert", "in", "--merge", "--to", "ndjson", "-o", output]);
        assert_eq!(run.status, 2, "{output}: {}", run.stderr);
        assert!(run.stderr.contains("expected an output that is not the input"), "{}", run.stderr);
        assert_eq!(std::fs::read(folder.path(output)).unwrap(), GOOD);
    }
    folder.write("out.ndjson", b"old");
    assert_eq!(folder.run(&["convert", "in", "--merge", "-o", "out.ndjson"]).status, 0);
    assert_ne!(folder.read("out.ndjson"), "old");
}

#[test]
fn folders_made_in_vain_are_removed() {
    let folder = Folder::with(&[("in/refused.pkl", REFUSED), ("in/deep/er/broken.pkl", BROKEN), ("kept/old", b"")]);
    assert_eq!(folder.run(&["convert", "in", "--out-dir", "out/json"]).status, 4);
    assert!(!folder.path("out").exists());
    assert_eq!(folder.run(&["convert", "in/refused.pkl", "-o", "kept/new/out.json"]).status, 3);
    assert!(folder.path("kept").exists() && !folder.path("kept/new").exists());
    std::fs::create_dir(folder.path("empty")).unwrap();
    assert_eq!(folder.run(&["convert", "in/refused.pkl", "--out-dir", "empty"]).status, 3);
    assert!(folder.path("empty").exists(), "it was there before");
    folder.write("in/good.pkl", GOOD);
    assert_eq!(folder.run(&["convert", "in", "--out-dir", "out"]).status, 4);
    assert!(folder.path("out/in/good.pkl.json").exists() && !folder.path("out/in/deep").exists());
}

#[test]
fn a_folder_is_no_one_input() {
    let folder = Folder::with(&[("cache/only.pkl", GOOD)]);
    for more in [&[][..], &["-o", "out.json"]] {
        let run = folder.run(&[&["convert", "cache"], more].concat());
        assert_eq!(run.status, 2);
        let expected = "error: expected one file without `--out-dir` or `--merge`, found a folder (in cache)\nhint: ";
        assert!(run.stderr.starts_with(expected), "{}", run.stderr);
    }
}

#[test]
fn an_option_without_effect_is_an_error() {
    let folder = Folder::with(&[("in.pkl", GOOD)]);
    let cases: [&[&str]; 13] = [
        &["--lossless", "--class-key", "class"],
        &["--lossless", "--non-finite", "null"],
        &["--lossless", "--py2-str", "auto"],
        &["--lossless", "--surrogates", "escape"],
        &["--lossless", "--surrogates", "error", "--to", "msgpack"],
        &["--to", "protobuf", "--class-key", "class"],
        &["--to", "protobuf", "--non-finite", "string"],
        &["--to", "protobuf", "--py2-str", "bytes"],
        &["--to", "protobuf", "--surrogates", "replace"],
        &["--to", "msgpack", "--non-finite", "string"],
        &["--to", "msgpack", "--surrogates", "escape"],
        &["--to", "npy", "--py2-str", "bytes"],
        &["--to", "ndjson", "--indent"],
    ];
    for more in cases {
        let run = folder.run(&[&["convert", "in.pkl"], more].concat());
        assert_eq!((run.status, run.stdout.len()), (2, 0), "{more:?}: {}", run.stderr);
    }
    for more in [
        &["--class-key", "class", "--non-finite", "string", "--py2-str", "bytes", "--surrogates", "escape"][..],
        &["--to", "msgpack", "--surrogates", "replace", "--py2-str", "latin-1"],
    ] {
        assert_eq!(folder.run(&[&["convert", "in.pkl"], more].concat()).status, 0, "{more:?}");
    }
}

#[test]
fn strict_publishes_nothing_lossy() {
    let folder = Folder::with(&[("in.pkl", LOSSY), ("good.pkl", GOOD)]);
    let run = folder.run(&["convert", "in.pkl", "--strict"]);
    assert_eq!((run.status, run.stdout.len()), (6, 0), "{}", run.stderr);
    assert!(run.stderr.contains("--strict") && run.stderr.contains("$[0]"), "{}", run.stderr);
    assert_eq!(folder.run(&["convert", "in.pkl", "--strict", "-o", "out.json"]).status, 6);
    assert_eq!(folder.files(), ["good.pkl", "in.pkl"]);
    assert_eq!(folder.run(&["convert", "good.pkl", "--strict"]).out(), "[1,2]\n");
    assert_eq!(folder.run(&["convert", "in.pkl", "--strict", "--lossless"]).out(), "[{\"$float\":\"nan\"}]\n");
}

#[test]
fn a_path_from_a_message_selects_the_value() {
    let folder = Folder::with(&[("rows.pkl", ROWS), ("colliding.pkl", b"}X\x01\0\0\0k](}(K\x01NX\x01\0\0\x001Nues.")]);
    let select = |path: &str| folder.run(&["convert", "rows.pkl", "--select", path]);
    assert_eq!(select("$.rows[1]").out(), "{\"a b\":2}\n");
    assert_eq!(select("$.rows[1][\"a b\"]").out(), "2\n");
    assert_eq!(select("$").out(), "{\"rows\":[{\"a b\":1},{\"a b\":2}]}\n");
    for (path, status) in [("$.nothing", 2), ("$.rows[2]", 2), ("rows[", 2), ("", 2)] {
        let run = select(path);
        assert_eq!(run.status, status, "{path}: {}", run.stderr);
    }
    // What a message prints can be pasted back.
    let run = folder.run(&["convert", "colliding.pkl"]);
    let path = run.stderr.split("(at ").nth(1).and_then(|s| s.split([' ', ')']).next()).expect("a path");
    assert_eq!(
        folder.run(&["convert", "colliding.pkl", "--lossless", "--select", path.trim_end_matches(',')]).status,
        0
    );
}

#[test]
fn bytes_behind_the_last_pickle() {
    let folder = Folder::with(&[("in.pkl", b"K\x01.\0\0\0"), ("two.pkl", b"K\x01.K\x02.")]);
    assert_eq!(folder.run(&["convert", "in.pkl"]).status, 4);
    let run = folder.run(&["convert", "in.pkl", "--trailing", "ignore"]);
    assert_eq!((run.status, run.out()), (0, "1\n"), "{}", run.stderr);
    assert_eq!(folder.run(&["convert", "two.pkl"]).out(), "[1,2]\n");
    assert_eq!(folder.run(&["convert", "two.pkl", "--to", "ndjson"]).out(), "1\n2\n");
}

#[test]
fn admitted_classes_become_records() {
    let folder = Folder::with(&[("in.pkl", b"\x80\x02cshop.models\nOrder\n)\x81}X\x02\0\0\0idK\x07sb.")]);
    let run = folder.run(&["convert", "in.pkl"]);
    assert_eq!(run.status, 3);
    assert!(run.stderr.contains("hint: `--allow 'shop.models.Order'`"), "{}", run.stderr);
    assert_eq!(folder.run(&["convert", "in.pkl", "--allow", "shop.models.*"]).out(), "{\"id\":7}\n");
    let run = folder.run(&["convert", "in.pkl", "--allow", "shop.*", "--class-key", "class"]);
    assert_eq!(run.out(), "{\"class\":\"shop.models.Order\",\"id\":7}\n");
    let folder = Folder::with(&[("in.pkl", REFUSED)]);
    assert_eq!(folder.run(&["convert", "in.pkl", "--allow", "*"]).status, 3, "what runs code can't be admitted");
}

#[test]
fn every_refused_name_is_listed_once() {
    let folder = Folder::with(&[("in.pkl", b"(cos\nsystem\ncbuiltins\neval\ncos\nsystem\nt.")]);
    let run = folder.run(&["convert", "in.pkl"]);
    assert_eq!((run.status, run.stderr.matches("error: dangerous: ").count()), (3, 2), "{}", run.stderr);
}

#[test]
fn the_ledger_says_what_was_done() {
    let folder = Folder::with(&[("a.pkl", LOSSY), ("b.pkl", REFUSED), ("c.pkl", BROKEN)]);
    let run = folder.run(&["convert", "a.pkl", "b.pkl", "c.pkl", "--out-dir", "out", "--ledger", "ledger.json"]);
    assert_eq!(run.status, 4);
    let ledger: Value = serde_json::from_str(&folder.read("ledger.json")).expect("JSON");
    assert_eq!(ledger["depickle"], env!("CARGO_PKG_VERSION"));
    let [a, b, c] = ledger["inputs"].as_array().expect("inputs").as_slice() else { panic!("{ledger}") };
    assert_eq!(a["input"], "a.pkl");
    assert_eq!(a["status"], "converted");
    assert_eq!(a["input_sha256"], sha256(LOSSY));
    assert_eq!(a["output_sha256"], sha256(b"[null]\n"));
    assert_eq!(a["steps"][0]["fidelity"], "lossy");
    assert_eq!(a["steps"][0]["count"], 1);
    assert_eq!(a["steps"][0]["first"][0], "$[0]");
    assert_eq!(b["status"], "refused");
    assert_eq!(b["input_sha256"], sha256(REFUSED));
    assert_eq!(b["findings"][0]["global"], serde_json::json!(["os", "system"]));
    assert_eq!(b["findings"][0]["severity"], "dangerous");
    assert_eq!(b["findings"][0]["offset"], 0);
    assert_eq!(c["status"], "malformed");
    assert_eq!(c["input_sha256"], sha256(BROKEN));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = Folder::new();
    let mut many = b"](".to_vec();
    many.extend(b"K\x01".repeat(1 << 20));
    many.extend(b"e.");
    folder.write("many.pkl", &many);
    for command in ["convert", "dis"] {
        let mut child = folder
            .command(BINARY)
            .args([command, "many.pkl"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut stdout = child.stdout.take().expect("a pipe");
        stdout.read_exact(&mut [0]).expect("a byte");
        drop(stdout);
        let output = child.wait_with_output().expect("the command ends");
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(output.stderr.is_empty(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn no_colour_where_no_terminal_is() {
    let folder = Folder::with(&[("in.pkl", REFUSED)]);
    let plain = folder.run(&["convert", "in.pkl"]).stderr;
    assert!(!plain.contains('\x1b'), "{plain:?}");
    let output = folder.command(BINARY).args(["convert", "in.pkl"]).env("NO_COLOR", "1").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), plain);
}

#[test]
fn help_has_examples_and_exit_status() {
    let folder = Folder::new();
    assert!(folder.run(&["--help"]).out().contains("Exit status:"));
    for command in ["convert", "dis", "globals"] {
        let run = folder.run(&[command, "--help"]);
        assert_eq!(run.status, 0);
        assert!(run.out().contains("Examples:") && run.out().contains("Exit status:"), "{command}: {}", run.out());
    }
}

#[test]
fn globals_is_a_table() {
    let run = Folder::new().run(&["globals"]);
    let mut lines = run.out().lines();
    assert_eq!(lines.next(), Some("kind\tmodule\tname\tuse\tguard"));
    assert!(lines.clone().count() > 100 && lines.all(|line| line.matches('\t').count() == 4));
}

#[test]
fn dis_stops_at_the_break() {
    let folder = Folder::with(&[("broken.pkl", BROKEN), ("refused.pkl", REFUSED)]);
    let run = folder.run(&["dis", "broken.pkl"]);
    assert_eq!((run.status, run.out()), (4, "    0: \\x80 PROTO      4\n    2: K    BININT1    1\n"));
    assert!(run.stderr.starts_with("error: truncated: "), "{}", run.stderr);
    assert_eq!(folder.run(&["dis", "refused.pkl"]).status, 0, "what is printed is not run");
    assert_eq!(folder.run(&["dis", "missing.pkl"]).status, 1);
}
