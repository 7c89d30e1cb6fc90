//! Many inputs in one run: `--jobs` changes nothing, `--merge` is all or nothing, and an interrupted run leaves no trace.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::command::{BINARY, Folder};

/// The list [1, 2].
const LIST: &[u8] = b"\x80\x04]\x94(K\x01K\x02e.";
/// {"a": 1}
const ROW: &[u8] = b"}X\x01\0\0\0aK\x01s.";
/// [{"a": 1}, {"a": 2}]
const ROWS: &[u8] = b"](}X\x01\0\0\0aK\x01s}X\x01\0\0\0aK\x02se.";
/// Two pickles: {"a": 1} and {"b": (3,)}.
const TWO: &[u8] = b"}X\x01\0\0\0aK\x01s.}X\x01\0\0\0bK\x03\x85s.";
/// `os.system("true")`.
const REFUSED: &[u8] = b"cos\nsystem\n(S'true'\ntR.";
/// Ends before its STOP.
const BROKEN: &[u8] = b"\x80\x04K\x01";
/// [nan].
const LOSSY: &[u8] = b"](G\x7f\xf8\0\0\0\0\0\0e.";
const HTML: &[u8] = b"<!DOCTYPE html><html><body>no pickle</body></html>";

/// A list of so many dicts, each with a number and a text of its own.
fn records(count: u32) -> Vec<u8> {
    let mut pickle = b"\x80\x02](".to_vec();
    for n in 0..count {
        pickle.extend(b"}(X\x02\0\0\0idJ");
        pickle.extend(n.to_le_bytes());
        pickle.extend(b"X\x04\0\0\0textX\x40\0\0\0");
        pickle.extend(format!("{n:064}").bytes());
        pickle.extend(b"u");
    }
    pickle.extend(b"e.");
    pickle
}

/// A folder with all there may be, several times over.
fn mixed() -> Folder {
    let folder = Folder::new();
    let large = records(20_000);
    for n in 0..12 {
        for (name, bytes) in [
            ("list.pkl", LIST),
            ("two.pkl", TWO),
            ("refused.pkl", REFUSED),
            ("broken.pkl", BROKEN),
            ("lossy.pkl", LOSSY),
            ("index.html", HTML),
            ("rows.pkl", ROWS),
        ] {
            folder.write(&format!("cache/{n:02}/{name}"), bytes);
        }
        if n % 4 == 1 {
            folder.write(&format!("cache/{n:02}/large.pkl"), &large);
        }
    }
    folder
}

#[test]
fn threads_change_nothing() {
    let run = |jobs: &str| {
        let folder = mixed();
        let run = folder.run(&[
            "convert",
            "cache",
            "missing.pkl",
            "--out-dir",
            "out",
            "--ledger",
            "ledger.json",
            "-v",
            "--jobs",
            jobs,
        ]);
        let files: Vec<(String, Vec<u8>)> = folder
            .files()
            .into_iter()
            .filter(|name| !name.starts_with("cache/"))
            .map(|name| (name.clone(), std::fs::read(folder.path(&name)).expect("a file")))
            .collect();
        (run.status, run.stderr, run.stdout, files)
    };
    let alone = run("1");
    assert_eq!(alone.0, 4);
    assert_eq!(alone.3.len(), 1 + 4 * 12 + 3);
    for jobs in ["2", "7", "100"] {
        let together = run(jobs);
        assert_eq!(alone.1, together.1, "messages with {jobs} jobs");
        assert!(alone == together, "{jobs} jobs");
    }
    assert_eq!(Folder::new().run(&["convert", "x", "--jobs", "0"]).status, 2);
}

#[test]
fn rows_come_in_the_order_of_the_inputs() {
    let folder = Folder::with(&[("z.pkl", ROWS), ("a.pkl", ROW), ("m.pkl", TWO)]);
    folder.write("sub/a.pkl", ROWS);
    folder.write("sub/index.html", HTML);
    let inputs = ["convert", "z.pkl", "a.pkl", "m.pkl", "--merge"];
    let expected = "{\"a\":1}\n{\"a\":2}\n{\"a\":1}\n{\"a\":1}\n{\"b\":[3]}\n";
    for jobs in ["1", "3"] {
        let with = |more: &[&str]| folder.run(&[&inputs[..], &["--jobs", jobs], more].concat());
        assert_eq!(with(&["-o", "all.ndjson"]).status, 0);
        assert_eq!(folder.read("all.ndjson"), expected);
        assert_eq!(with(&[]).out(), expected, "NDJSON is what is merged by default");
        assert_eq!(with(&["-o", "-"]).out(), expected);
        assert_eq!(with(&["-o", "all.msgpack"]).status, 0);
        let merged = std::fs::read(folder.path("all.msgpack")).expect("a file");
        assert_eq!(merged, b"\x81\xa1a\x01\x81\xa1a\x02\x81\xa1a\x01\x81\xa1a\x01\x81\xa1b\x91\x03");
    }
    // A folder, in which other files are skipped.
    let run = folder.run(&["convert", "sub", "--merge", "-o", "all.jsonl"]);
    assert_eq!((run.status, folder.read("all.jsonl").lines().count()), (0, 2), "{}", run.stderr);
    assert!(run.stderr.contains("skipped what is no pickle: "), "{}", run.stderr);
    let run = folder.run_with(&["convert", "a.pkl", "-", "--merge"], ROWS);
    assert_eq!(run.out(), "{\"a\":1}\n{\"a\":1}\n{\"a\":2}\n");
    assert_eq!(folder.run_with(&["convert", "-", "-", "--merge"], ROWS).status, 2);
}

#[test]
fn large_inputs_are_merged_too() {
    let folder = Folder::with(&[("a.pkl", ROW), ("large.pkl", &records(30_000)), ("z.pkl", ROW)]);
    let mut outputs = Vec::new();
    for (jobs, more) in [("1", "-q"), ("2", "-q"), ("2", "--whole")] {
        let run = folder.run(&[
            "convert",
            "a.pkl",
            "large.pkl",
            "large.pkl",
            "z.pkl",
            "--merge",
            "-o",
            "all.ndjson",
            "--source-column",
            "from",
            "--jobs",
            jobs,
            more,
        ]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        outputs.push(folder.read("all.ndjson"));
    }
    assert!(outputs[0] == outputs[1] && outputs[1] == outputs[2]);
    let lines: Vec<&str> = outputs[0].lines().collect();
    assert_eq!(lines.len(), 60_002);
    assert_eq!(lines[0], "{\"a\":1,\"from\":\"a.pkl\"}");
    let row: Value = serde_json::from_str(lines[30_002]).expect("JSON");
    assert_eq!((&row["id"], &row["from"]), (&json!(1), &json!("large.pkl")));
    assert_eq!(lines[60_001], "{\"a\":1,\"from\":\"z.pkl\"}");
}

#[test]
fn rows_say_where_they_came_from() {
    let folder = Folder::with(&[
        ("sub/a.pkl", ROWS),
        ("two.pkl", TWO),
        ("record.pkl", b"cshop.models\nOrder\n)\x81}X\x02\0\0\0idK\x07sb."),
        ("python2.pkl", b"(dS'a'\nI1\ns."),
        ("list.pkl", LIST),
        ("nested.pkl", b"](](K\x01ee."),
        ("numbers.pkl", b"}K\x01K\x02s."),
        ("taken.pkl", b"](}X\x01\0\0\0aK\x01s}X\x04\0\0\0fromK\x02se."),
    ]);
    let merge = |input: &str, more: &[&str]| {
        folder.run(&[&["convert", input, "--merge", "--source-column", "from"], more].concat())
    };
    assert_eq!(merge("sub", &[]).out(), "{\"a\":1,\"from\":\"sub/a.pkl\"}\n{\"a\":2,\"from\":\"sub/a.pkl\"}\n");
    assert_eq!(merge("two.pkl", &[]).out(), "{\"a\":1,\"from\":\"two.pkl\"}\n{\"b\":[3],\"from\":\"two.pkl\"}\n");
    let record = merge("record.pkl", &["--allow", "shop.*", "--class-key", "class"]);
    assert_eq!(record.out(), "{\"class\":\"shop.models.Order\",\"id\":7,\"from\":\"record.pkl\"}\n");
    assert_eq!(merge("python2.pkl", &[]).out(), "{\"a\":1,\"from\":\"python2.pkl\"}\n");
    assert_eq!(
        merge("two.pkl", &["--to", "msgpack"]).stdout,
        b"\x82\xa1a\x01\xa4from\xa7two.pkl\x82\xa1b\x91\x03\xa4from\xa7two.pkl"
    );
    for (input, place, words) in [
        ("list.pkl", "$[0]", "expected a row that is an object, to add a column to, found int"),
        ("nested.pkl", "$[0]", "found an array"),
        ("numbers.pkl", "$", "found a key that is int"),
        ("taken.pkl", "$[1]", "expected a row without the key `from`"),
    ] {
        let run = merge(input, &[]);
        assert_eq!((run.status, run.stdout.len()), (6, 0), "{input}: {}", run.stderr);
        assert!(
            run.stderr.contains(words) && run.stderr.contains(&format!("(at {place} in {input})")),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("\nhint: "), "{}", run.stderr);
    }
    assert_eq!(merge("sub", &["--lossless"]).status, 2);
    assert_eq!(folder.run(&["convert", "sub", "--out-dir", "out", "--source-column", "from"]).status, 2);
}

#[test]
fn frames_are_merged_as_rows_or_alone() {
    let folder = Folder::new();
    let frame = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pandas/frame_attrs.p4.pd13.pkl"))
        .expect("a frame");
    folder.write("a.pkl", &frame);
    folder.write("b.pkl", &frame);
    for format in ["parquet", "arrow", "csv"] {
        let (alone, merged) = (format!("alone.{format}"), format!("merged.{format}"));
        assert_eq!(folder.run(&["convert", "a.pkl", "-o", &alone]).status, 0);
        assert_eq!(folder.run(&["convert", "a.pkl", "--merge", "-o", &merged]).status, 0);
        let read = |name: &str| std::fs::read(folder.path(name)).expect("written");
        assert!(read(&alone) == read(&merged), "{format}");
        let run = folder.run(&["convert", "a.pkl", "b.pkl", "--merge", "-o", &merged]);
        assert_eq!(run.status, 6, "{format}: {}", run.stderr);
        assert!(
            run.stderr.contains("found a dataframe: tables of several inputs are not joined (at $ in a.pkl)"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("`--to ndjson` merges their rows"), "{}", run.stderr);
    }
    let rows =
        |inputs: &[&str]| folder.run(&[&["convert"], inputs, &["--merge", "--to", "ndjson"]].concat()).out().to_owned();
    assert_eq!(rows(&["a.pkl", "b.pkl"]), rows(&["a.pkl"]).repeat(2));
}

#[test]
fn one_table_of_many_inputs() {
    let record = b"cshop.models\nOrder\n)\x81}X\x01\0\0\0aK\x07sb.";
    let surrogate = b"](}X\x01\0\0\0aNs}X\x01\0\0\0aX\x03\0\0\0\xed\xa0\x80se.";
    let folder = Folder::with(&[
        ("in/a.pkl", ROWS),
        ("in/b.pkl", ROW),
        ("in/c.pkl", TWO),
        ("in/index.html", HTML),
        ("record.pkl", record),
        ("surrogate.pkl", surrogate),
        ("refused.pkl", REFUSED),
    ]);
    let merge = |inputs: &[&str], more: &[&str]| folder.run(&[&["convert"], inputs, &["--merge"], more].concat());
    let run = merge(&["in"], &["--to", "csv", "-q"]);
    assert_eq!(
        (run.status, run.out().replace('\r', "")),
        (0, "a,b\n1,\n2,\n1,\n1,\n,[3]\n".to_owned()),
        "{}",
        run.stderr
    );
    let run = merge(
        &["in/a.pkl", "record.pkl", "in/b.pkl"],
        &["--to", "csv", "--source-column", "from", "--allow", "shop.*"],
    );
    let expected = "a,from\n1,in/a.pkl\n2,in/a.pkl\n7,record.pkl\n1,in/b.pkl\n";
    assert_eq!(run.out().replace('\r', ""), expected, "{}", run.stderr);
    for format in ["parquet", "arrow", "arrows"] {
        let output = format!("all.{format}");
        let run = merge(&["in"], &["-o", &output, "--source-column", "from", "--ledger", "ledger.json"]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        let ledger: Value = serde_json::from_str(&folder.read("ledger.json")).expect("JSON");
        let written = std::fs::metadata(folder.path(&output)).expect("an output").len();
        assert_eq!(
            (&ledger["merged"]["bytes_written"], &ledger["merged"]["published"]),
            (&json!(written), &json!(true))
        );
        assert_eq!(ledger["inputs"].as_array().map(Vec::len), Some(4));
    }
    for (inputs, more, status, words) in [
        (&["in/a.pkl", "in/b.pkl", "surrogate.pkl"][..], &[][..], 6, "(at $[1] in surrogate.pkl)"),
        (&["in/a.pkl", "refused.pkl", "in/b.pkl"], &[], 3, "refused.pkl"),
        (&["in", "missing.pkl"], &[], 1, "missing.pkl"),
        (&["in/a.pkl", "record.pkl"], &[], 3, "--allow"),
        (&["in/a.pkl"], &["--source-column", "a"], 6, "without the key `a`"),
        (&["in/a.pkl"], &["--lossless"], 2, "--lossless"),
        (&["in/a.pkl"], &["--split"], 2, "--split"),
    ] {
        let run = merge(inputs, &[&["-o", "none.parquet"], more].concat());
        assert_eq!(run.status, status, "{inputs:?} {more:?}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{}", run.stderr);
        assert!(!folder.path("none.parquet").exists());
    }
}

#[test]
fn all_inputs_are_merged_or_none() {
    let folder = Folder::with(&[
        ("a.pkl", ROWS),
        ("b.pkl", REFUSED),
        ("c.pkl", BROKEN),
        ("d.pkl", ROW),
        ("all.ndjson", b"precious"),
    ]);
    for jobs in ["1", "2"] {
        let inputs = ["convert", "a.pkl", "b.pkl", "c.pkl", "d.pkl", "--merge", "--jobs", jobs];
        let run = folder.run(&[&inputs[..], &["-o", "all.ndjson", "--ledger", "ledger.json"]].concat());
        assert_eq!(run.status, 4);
        assert_eq!(folder.read("all.ndjson"), "precious");
        for name in ["b.pkl", "c.pkl", "nothing was written"] {
            assert!(run.stderr.contains(name), "{name}: {}", run.stderr);
        }
        let ledger: Value = serde_json::from_str(&folder.read("ledger.json")).expect("JSON");
        let states: Vec<&str> =
            ledger["inputs"].as_array().expect("inputs").iter().filter_map(|input| input["status"].as_str()).collect();
        assert_eq!(states, ["converted", "refused", "malformed", "converted"]);
        assert_eq!(ledger["merged"]["published"], false);
        let run = folder.run(&inputs);
        assert_eq!((run.status, run.stdout.len()), (4, 0), "to standard output: nothing");
        assert_eq!(folder.run(&["convert", "a.pkl", "missing.pkl", "--merge"]).stdout.len(), 0);
    }
    let run = folder.run(&["convert", "a.pkl", "d.pkl", "--merge", "-o", "all.ndjson", "--no-overwrite"]);
    assert_eq!((run.status, folder.read("all.ndjson").as_str()), (1, "precious"));
    let run = folder.run(&["convert", "a.pkl", "d.pkl", "--merge", "-o", "all.ndjson", "--ledger", "ledger.json"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let merged = folder.read("all.ndjson");
    let ledger: Value = serde_json::from_str(&folder.read("ledger.json")).expect("JSON");
    let hash: String = Sha256::digest(&merged).iter().map(|b| format!("{b:02x}")).collect();
    let expected = json!({"output": "all.ndjson", "published": true, "output_sha256": hash, "bytes_written": 24});
    assert_eq!(ledger["merged"], expected);
    assert_eq!(ledger["inputs"][0]["bytes_written"], 16);
    assert_eq!(folder.files(), ["a.pkl", "all.ndjson", "b.pkl", "c.pkl", "d.pkl", "ledger.json"]);
}

#[test]
fn what_cannot_be_merged() {
    let folder = Folder::with(&[("a.pkl", ROW), ("b.pkl", ROW)]);
    for more in [
        &["-o", "all.json"][..],
        &["-o", "all.pb"],
        &["-o", "all.npy"],
        &["--to", "json"],
        &["--out-dir", "out"],
        &["-o", "a.pkl", "--to", "ndjson"],
    ] {
        let run = folder.run(&[&["convert", "a.pkl", "b.pkl", "--merge"], more].concat());
        assert_eq!((run.status, run.stdout.len()), (2, 0), "{more:?}: {}", run.stderr);
    }
    assert_eq!(folder.files(), ["a.pkl", "b.pkl"]);
}

#[test]
fn many_small_inputs_share_one_budget_each() {
    // What one input needs is not held against the next.
    let folder = Folder::new();
    let pickle = records(2_000);
    for n in 0..40 {
        folder.write(&format!("cache/{n:02}.pkl"), &pickle);
    }
    let limits: Vec<u64> = ["1", "2"]
        .iter()
        .map(|jobs| {
            // The least that is enough is the same for one input and for many, on one thread and on more.
            let enough = |memory: u64, inputs: &str| {
                let memory = memory.to_string();
                folder.run(&["convert", inputs, "--merge", "--jobs", jobs, "--max-memory", &memory]).status == 0
            };
            let (mut least, mut most) = (0, 8_u64 << 20);
            while least + 1 < most {
                let middle = least.midpoint(most);
                if enough(middle, "cache/00.pkl") { most = middle } else { least = middle }
            }
            assert!(enough(most, "cache") && !enough(least, "cache"));
            most
        })
        .collect();
    assert_eq!(limits[0], limits[1]);
}

/// Waits until a condition holds.
fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn has_part(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().ends_with(".part")))
    })
}

/// A command that waits for the rest of its standard input.
fn waiting(folder: &Folder, args: &[&str]) -> Child {
    let mut child = folder
        .command(BINARY)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    child.stdin.as_mut().expect("a pipe").write_all(&records(1_000)[..50_000]).expect("half a pickle");
    child
}

/// Whether signals are those of a terminal: whoever runs in the background of a script, or under `nohup`, has SIGINT ignored, as have
/// its children; they keep it so, and there is nothing to see.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn are_signals_heard() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    let are_heard = ignored.is_none_or(|mask| mask & 0b10 == 0);
    if !are_heard {
        eprintln!("skipped: SIGINT is ignored here");
    }
    are_heard
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_leaves_no_trace() {
    if !are_signals_heard() {
        return;
    }
    for (signal, args) in [
        ("INT", &["convert", "-", "-o", "out.json"][..]),
        ("TERM", &["convert", "-", "-o", "out.json", "--ledger", "deep/er/ledger.json"]),
        ("INT", &["convert", "good.pkl", "-", "--merge", "-o", "out.json", "--to", "ndjson", "--jobs", "2"]),
        ("TERM", &["convert", "-", "-o", "new/folder/out.json"]),
    ] {
        let folder = Folder::with(&[("good.pkl", ROWS), ("out.json", b"precious")]);
        let mut child = waiting(&folder, args);
        let beside = if args.contains(&"new/folder/out.json") { folder.path("new/folder") } else { folder.path("") };
        until("a temporary file", || has_part(&beside));
        let kill = format!("kill -{signal} {}", child.id());
        assert!(folder.command("sh").args(["-c", &kill]).status().expect("a shell").success());
        let mut stderr = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
        assert_eq!(child.wait().expect("the command ends").code(), Some(130), "{args:?}: {stderr}");
        assert_eq!(stderr, "error: interrupted\n");
        assert_eq!(folder.read("out.json"), "precious");
        let left: Vec<String> = std::fs::read_dir(folder.path(""))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }
}

#[test]
fn what_was_complete_stays_when_a_run_is_interrupted() {
    if !are_signals_heard() {
        return;
    }
    let folder = Folder::with(&[("a.pkl", LIST), ("b.pkl", LIST)]);
    let mut child = waiting(&folder, &["convert", "a.pkl", "b.pkl", "-", "--out-dir", "out", "--jobs", "1"]);
    until("the last input", || has_part(&folder.path("out")) && folder.path("out/b.pkl.json").exists());
    let kill = format!("kill -INT {}", child.id());
    if !cfg!(unix) || !folder.command("sh").args(["-c", &kill]).status().is_ok_and(|status| status.success()) {
        child.kill().expect("it runs");
    }
    child.wait().expect("the command ends");
    #[cfg(unix)]
    assert_eq!(folder.files(), ["a.pkl", "b.pkl", "out/a.pkl.json", "out/b.pkl.json"]);
}

#[test]
#[cfg(target_os = "linux")]
fn progress_is_for_terminals() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let pickle = records(40_000);
    let shown = |more: &[&str]| {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("a terminal");
        let name = ptsname(&master, Vec::new()).expect("a name").into_string().expect("text");
        let slave = std::fs::File::options().read(true).write(true).open(name).expect("a terminal");
        let folder = Folder::new();
        let mut child = folder
            .command(BINARY)
            .env("TERM", "xterm")
            .args(["convert", "-", "--to", "ndjson"])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(slave))
            .spawn()
            .expect("the command starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let pickle = pickle.clone();
        let writer = std::thread::spawn(move || {
            let (first, last) = pickle.split_at(pickle.len() / 2);
            stdin.write_all(first).expect("read");
            std::thread::sleep(Duration::from_millis(1_200));
            stdin.write_all(last).expect("read");
        });
        let reader = std::thread::spawn(move || {
            let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
            // The terminal fails once the last who had it open has gone.
            while let Ok(n @ 1..) = rustix::io::read(&master, &mut buffer) {
                seen.extend_from_slice(&buffer[..n]);
            }
            String::from_utf8_lossy(&seen).into_owned()
        });
        let mut lines = 0;
        let mut stdout = child.stdout.take().expect("a pipe");
        let mut buffer = [0; 1 << 16];
        while let Ok(n @ 1..) = stdout.read(&mut buffer) {
            assert!(!buffer[..n].contains(&b'\x1b'), "no progress on standard output");
            lines += buffer[..n].iter().filter(|b| **b == b'\n').count();
        }
        assert!(child.wait().expect("the command ends").success());
        writer.join().expect("all was written");
        drop(child);
        assert_eq!(lines, 40_000);
        reader.join().expect("all was read")
    };
    let line = shown(&[]);
    assert!(line.contains("converting") && line.contains("iB"), "{line:?}");
    assert!(line.ends_with("\x1b[2K") || line.trim_end_matches(['\r', '\n']).ends_with("\x1b[2K"), "cleared: {line:?}");
    assert_eq!(shown(&["--quiet"]), "");
}
