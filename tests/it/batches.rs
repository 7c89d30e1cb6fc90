//! Converting in batches gives the same bytes as reading the whole: large lists and dicts whose items share objects over
//! batches, in every format that is written in batches.

use crate::command::Folder;

/// A pickle in the making (protocol 4), without frames.
pub struct Pickle {
    pub out: Vec<u8>,
    memo: u32,
}

impl Pickle {
    pub fn new() -> Self {
        Pickle { out: b"\x80\x04".to_vec(), memo: 0 }
    }

    pub fn op(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend_from_slice(bytes);
        self
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        self.op(&[0x8c, text.len() as u8]).op(text.as_bytes())
    }

    /// MEMOIZE; the slot.
    pub fn memoize(&mut self) -> u32 {
        self.op(b"\x94");
        self.memo += 1;
        self.memo - 1
    }

    pub fn fetch(&mut self, slot: u32) -> &mut Self {
        self.op(b"j").op(&slot.to_le_bytes())
    }

    pub fn int(&mut self, n: i32) -> &mut Self {
        self.op(b"J").op(&n.to_le_bytes())
    }
}

/// What records share with each other.
pub struct Shared {
    keys: Vec<u32>,
    tags: u32,
    zone: u32,
    last: Option<u32>,
}

/// A record: texts, numbers, a datetime with a shared zone, a list of the first record, a dict of the record before.
pub fn record(p: &mut Pickle, n: i32, shared: &mut Option<Shared>) {
    let first = shared.is_none();
    let s = shared.get_or_insert(Shared { keys: Vec::new(), tags: 0, zone: 0, last: None });
    p.op(b"}");
    p.memoize();
    p.op(b"(");
    let mut key = |p: &mut Pickle, at: usize, name: &str| {
        if first {
            p.text(name);
            let slot = p.memoize();
            s.keys.push(slot);
        } else {
            let slot = s.keys[at];
            p.fetch(slot);
        }
    };
    key(p, 0, "id");
    p.int(n);
    key(p, 1, "name");
    p.text(&format!("n\u{e4}me {n}"));
    p.memoize();
    key(p, 2, "tags");
    if first {
        p.op(b"]");
        s.tags = p.memoize();
        p.op(b"(").text("a").text("b").op(b"e");
    } else {
        p.fetch(s.tags);
    }
    let mut key = |p: &mut Pickle, at: usize, name: &str| {
        if first {
            p.text(name);
            let slot = p.memoize();
            s.keys.push(slot);
        } else {
            let slot = s.keys[at];
            p.fetch(slot);
        }
    };
    key(p, 3, "when");
    p.op(b"cdatetime\ndatetime\n(C\x0a\x07\xe6\x01\x02\x03\x04\x05\x00\x00\x06");
    if first {
        p.op(b"cdatetime\ntimezone\ncdatetime\ntimedelta\nK\x00M\x10\x0eK\x00\x87R\x85R");
        s.zone = p.memoize();
    } else {
        p.fetch(s.zone);
    }
    p.op(b"tR");
    key(p, 4, "before");
    match s.last {
        Some(slot) if n % 7 == 0 => {
            p.fetch(slot);
        }
        _ => {
            p.op(b"N");
        }
    }
    key(p, 5, "inner");
    p.op(b"}");
    s.last = Some(p.memoize());
    p.op(b"(").text("x").op(b"G").op(&(f64::from(n) / 3.0).to_be_bytes()).op(b"u");
    p.op(b"u");
}

/// A list of records, in APPENDS of 100.
fn records(count: i32) -> Pickle {
    let mut p = Pickle::new();
    p.op(b"]");
    p.memoize();
    let mut shared = None;
    for chunk in 0..count / 100 {
        p.op(b"(");
        for n in 0..100 {
            record(&mut p, chunk * 100 + n, &mut shared);
        }
        p.op(b"e");
    }
    p
}

/// A dict of records by name.
fn named(count: i32) -> Pickle {
    let mut p = Pickle::new();
    p.op(b"}");
    p.memoize();
    let mut shared = None;
    for chunk in 0..count / 100 {
        p.op(b"(");
        for n in 0..100 {
            p.text(&format!("key {}", chunk * 100 + n));
            p.memoize();
            record(&mut p, chunk * 100 + n, &mut shared);
        }
        p.op(b"u");
    }
    p
}

/// Converts in batches and whole; both must agree, in what they write and in how they end.
pub fn agree(folder: &Folder, name: &str, pickle: &[u8], arguments: &[&str]) -> (Option<Vec<u8>>, i32) {
    folder.write("in.pkl", pickle);
    let run = |whole: &[&str]| {
        let _ = std::fs::remove_file(folder.path("out"));
        let run = folder.run(&[&["convert", "in.pkl", "-o", "out"], arguments, whole].concat());
        (std::fs::read(folder.path("out")).ok(), run.status, run.stderr)
    };
    let (batches, whole) = (run(&[]), run(&["--whole"]));
    assert_eq!(batches.1, whole.1, "{name} {arguments:?}: {} / {}", batches.2, whole.2);
    assert_eq!(batches.2, whole.2, "{name} {arguments:?}");
    assert!(batches.0 == whole.0, "{name} {arguments:?}: outputs differ");
    (batches.0, batches.1)
}

pub const FORMATS: &[&[&str]] = &[
    &["--to", "json"],
    &["--to", "json", "--indent"],
    &["--to", "ndjson"],
    &["--to", "msgpack"],
    &["--to", "json", "--lossless"],
    &["--to", "ndjson", "--lossless"],
    &["--to", "msgpack", "--lossless"],
    &["--to", "protobuf"],
];

#[test]
fn lists_and_dicts_are_the_same_in_batches() {
    let folder = Folder::new();
    for (name, mut p) in [("records", records(12_000)), ("named", named(12_000))] {
        p.op(b".");
        assert!(p.out.len() > 1 << 20, "large enough for several batches");
        for format in FORMATS {
            let (output, status) = agree(&folder, name, &p.out, format);
            assert_eq!(status, 0, "{name} {format:?}");
            assert!(output.is_some_and(|o| o.len() > 1 << 20));
        }
    }
}

#[test]
fn what_goes_wrong_at_the_end_leaves_nothing() {
    let folder = Folder::new();
    let ends: &[(&str, &[u8], i32)] = &[
        ("a refused name", b"cos\nsystem\na.", 3),
        ("a name that is computed", b"K\x01K\x02\x93a.", 3),
        ("a truncated stream", b"\x8c\xffab", 4),
        ("an empty memo slot", b"j\xff\xff\xff\x00a.", 4),
        ("a lone surrogate", b"\x8c\x03\xed\xa0\x80a.", 6),
        ("a date that is none", b"cdatetime\ndate\nC\x04\x00\x00\x00\x00\x85Ra.", 3),
        ("the list in itself", b"h\x00a.", 6),
        ("a change of what was written", b"h\x01}\x8c\x01xK\x01sa0.", 4),
        ("a second pickle", b".N.", 0),
        ("a newline", b".\n", 0),
    ];
    for (what, end, expected) in ends {
        let mut p = records(12_000);
        p.op(end);
        let (output, status) = agree(&folder, "broken", &p.out, &["--to", "json"]);
        assert_eq!(status, *expected, "{what}");
        assert_eq!(output.is_some(), status == 0, "{what}");
    }
}

#[test]
fn keys_of_a_later_batch_are_looked_at_anew() {
    // Where the first batch holds the keys "id" and "text", a later one holds "id" twice, to the byte.
    let mut p = Pickle::new();
    p.op(b"](");
    for n in 0..60_000 {
        let (key, value) = if n < 30_000 { ("text", "x") } else { ("id", "xxx") };
        p.op(b"}(").text("id").int(n).text(key).text(value).op(b"u");
        if n % 1_000 == 999 {
            p.op(b"e(");
        }
    }
    p.op(b"e.");
    let folder = Folder::new();
    let (output, status) = agree(&folder, "twice", &p.out, &["--to", "ndjson"]);
    assert_eq!(status, 0);
    assert!(output.expect("an output").ends_with(b"\n{\"id\":\"xxx\"}\n"));
}

#[test]
fn a_key_that_comes_again_is_one_key() {
    let folder = Folder::new();
    let mut p = named(6_000);
    p.op(b"(").text("key 7").int(-1).text("new").int(2).op(b"u.");
    let (output, status) = agree(&folder, "again", &p.out, &["--to", "json"]);
    assert_eq!(status, 0);
    let text = String::from_utf8(output.expect("an output")).expect("UTF-8");
    assert!(text.contains("\"key 7\":-1,"), "the last value at the first place");
    for format in FORMATS {
        agree(&folder, "again", &p.out, format);
    }
}

/// Pickles one after another.
fn many(count: i32) -> Vec<u8> {
    let mut out = Vec::new();
    for n in 0..count {
        let mut p = Pickle::new();
        record(&mut p, n * 7, &mut None);
        out.extend_from_slice(&p.op(b".").out);
        // One list that stands in another twice.
        if n % 10 == 0 {
            out.extend_from_slice(b"\x80\x04]\x94(]\x94h\x01h\x01e.");
        }
    }
    out
}

#[test]
fn many_pickles_are_the_same_one_by_one() {
    let folder = Folder::new();
    let pickles = many(6_000);
    assert!(pickles.len() > 1 << 20);
    for format in FORMATS {
        let (output, status) = agree(&folder, "many", &pickles, format);
        assert_eq!(status, 0, "{format:?}");
        assert!(output.is_some_and(|o| o.len() > 1 << 18));
    }
    for (what, end, expected) in [
        ("a refused name", &b"cos\nsystem\n."[..], 3),
        ("bytes that are no pickle", b"\xff\xff", 4),
        ("an empty stack", b".", 4),
        ("a cycle", b"]\x94h\x00a.", 6),
    ] {
        let (output, status) = agree(&folder, what, &[&pickles, end].concat(), &["--to", "ndjson"]);
        assert_eq!((output.is_some(), status), (false, expected), "{what}");
    }
}

pub const TABLES: &[&[&str]] = &[
    &["--to", "parquet"],
    &["--to", "parquet", "--row-group-size", "5000"],
    &["--to", "arrow"],
    &["--to", "arrow-stream"],
    &["--to", "csv"],
    &["--to", "protobuf", "--proto-message", "Row"],
];

/// A list of what `item` writes, in APPENDS of 1,000.
fn list_of(count: i32, mut item: impl FnMut(&mut Pickle, i32)) -> Vec<u8> {
    let mut p = Pickle::new();
    p.op(b"](");
    for n in 0..count {
        item(&mut p, n);
        if n % 1_000 == 999 {
            p.op(b"e(");
        }
    }
    p.op(b"e.").out.clone()
}

/// What goes to standard output cannot be taken back: it is looked at first, and holds the same bytes.
fn same_on_standard_output(folder: &Folder, name: &str, arguments: &[&str], output: Option<&Vec<u8>>) {
    // The description of messages lies beside a file.
    if arguments.contains(&"protobuf") {
        return;
    }
    let run = folder.run(&[&["convert", "in.pkl", "-o", "-"], arguments].concat());
    assert_eq!(run.status, 0, "{name} {arguments:?}: {}", run.stderr);
    assert!(output == Some(&run.stdout), "{name} {arguments:?}");
}

#[test]
fn tables_are_the_same_in_batches() {
    let folder = Folder::new();
    let mut records = records(12_000);
    records.op(b".");
    for format in TABLES {
        let (output, status) = agree(&folder, "records", &records.out, format);
        assert_eq!(status, 0, "{format:?}");
        assert!(output.is_some(), "{format:?}");
        same_on_standard_output(&folder, "records", format, output.as_ref());
    }
    let (tuples, scalars) = (
        list_of(60_000, |p, n| {
            p.int(n).text("some text").op(b"\x86");
        }),
        list_of(120_000, |p, n| {
            p.text(&format!("text {n}"));
        }),
    );
    // Rows of a tuple, with more than a batch in a row now and then.
    let mut of_tuple = Pickle::new();
    of_tuple.op(b"(");
    for n in 0..20_000 {
        of_tuple.op(b"}(").text("n").int(n).text("items").op(b"](");
        for m in 0..if n % 7_000 == 0 { 60_000 } else { 3 } {
            of_tuple.int(m);
        }
        of_tuple.op(b"e").text("inner").op(b"}").text("x").int(n).op(b"su");
    }
    let of_tuple = of_tuple.op(b"t.").out.clone();
    let all = [("tuples", tuples), ("scalars", scalars), ("pickles", many_rows(9_000)), ("of a tuple", of_tuple)];
    for (name, pickle) in all {
        for format in TABLES {
            let (output, status) = agree(&folder, name, &pickle, format);
            assert_eq!((output.is_some(), status), (true, 0), "{name} {format:?}");
            same_on_standard_output(&folder, name, format, output.as_ref());
        }
    }
}

/// Records, each a pickle of its own.
fn many_rows(count: i32) -> Vec<u8> {
    let mut out = Vec::new();
    for n in 0..count {
        let mut p = Pickle::new();
        record(&mut p, n * 7, &mut None);
        out.extend_from_slice(&p.op(b".").out);
    }
    out
}

#[test]
fn types_that_change_late_are_those_of_all_rows() {
    let folder = Folder::new();
    // What stands in the column "x" of row n of 60,000, where it is not the usual int.
    type Late = fn(&mut Pickle, i32) -> bool;
    let cases: &[(&str, Late)] = &[
        ("a float at the end", |p, n| n == 59_999 && p.op(b"G").op(&0.5f64.to_be_bytes()).out.len() > 1),
        ("an int that is no float", |p, n| match n {
            30_000 => p.op(b"\x8a\x08\x01\0\0\0\0\0\x20\0").out.len() > 1,
            59_000 => p.op(b"G").op(&0.5f64.to_be_bytes()).out.len() > 1,
            _ => false,
        }),
        ("a text at the end", |p, n| n == 59_999 && p.text("x").out.len() > 1),
        ("an int beyond 64 bits", |p, n| n == 59_999 && p.op(b"\x8a\x09\0\0\0\0\0\0\0\0\x01").out.len() > 1),
        ("nothing but None", |p, _| p.op(b"N").out.len() > 1),
        ("None but once", |p, n| n != 59_999 && p.op(b"N").out.len() > 1),
        ("lists that grow late", |p, n| {
            p.op(b"](");
            if n > 50_000 {
                p.int(n).op(b"N");
            }
            if n > 59_990 {
                p.op(b"]K\x01a");
            }
            p.op(b"e").out.len() > 1
        }),
        ("a field that comes late", |p, n| {
            p.op(b"}").text("a").int(n).op(b"s");
            if n > 59_000 {
                p.text("b").text("x").op(b"s");
            }
            !p.out.is_empty()
        }),
        ("ever new keys", |p, n| {
            p.op(b"}").text(&format!("k{}", n % 40)).int(n).op(b"s");
            !p.out.is_empty()
        }),
        ("keys that are no text, late", |p, n| {
            p.op(b"}");
            if n > 59_000 {
                p.int(n)
            } else {
                p.text("k")
            };
            p.int(n).op(b"s").out.len() > 1
        }),
        ("two zones", |p, n| {
            p.op(b"cdatetime\ndatetime\n(C\x0a\x07\xe6\x01\x02\x03\x04\x05\x00\x00\x06");
            p.op(b"cdatetime\ntimezone\ncdatetime\ntimedelta\nK\x00");
            p.op(if n < 59_000 { b"M\x10\x0e" } else { b"M\x20\x1c" }).op(b"K\x00\x87R\x85RtR").out.len() > 1
        }),
        ("a Decimal with more digits, late", |p, n| {
            p.op(b"cdecimal\nDecimal\n").text(if n < 59_000 { "1.5" } else { "12345.6789" }).op(b"\x85R").out.len() > 1
        }),
    ];
    for (name, late) in cases {
        let mut last = None;
        let pickle = list_of(60_000, |p, n| {
            p.op(b"}(");
            let keys = match last {
                None => {
                    p.text("id");
                    let id = p.memoize();
                    p.int(n).text("x");
                    (id, p.memoize())
                }
                Some((id, x)) => {
                    p.fetch(id).int(n).fetch(x);
                    (id, x)
                }
            };
            last = Some(keys);
            if !late(p, n) {
                p.int(n);
            }
            // A column that comes late.
            if n > 55_000 {
                p.text("late").int(1);
            }
            p.op(b"u");
        });
        for format in &TABLES[..5] {
            let (output, status) = agree(&folder, name, &pickle, format);
            assert_eq!((output.is_some(), status), (true, 0), "{name} {format:?}");
        }
    }
}

#[test]
fn rows_that_are_no_table_leave_nothing() {
    let folder = Folder::new();
    let ends: &[(&str, &[u8], &[&str], i32)] = &[
        ("a refused name", b"cos\nsystem\na.", &[], 3),
        ("a truncated stream", b"\x8c\xffab", &[], 4),
        ("a list in itself", b"]\x94j\xe8\xfd\0\0aa.", &[], 4),
        ("a row of another kind", b"K\x01a.", &[], 6),
        ("a row of no kind", b")a.", &[], 6),
        ("keys that become one", b"}(K\x01K\x02X\x01\0\0\x001K\x03ua.", &[], 6),
        ("a key that names nothing", b"}(K\x01K\x02\x86K\x03ua.", &[], 6),
        ("a missing key under --strict", b"}a.", &["--strict"], 6),
        ("a lone surrogate", b"}\x8c\x01x\x8c\x03\xed\xa0\x80sa.", &[], 6),
        ("a second pickle", b".N.", &[], 6),
    ];
    for (what, end, arguments, expected) in ends {
        let mut pickle = list_of(60_000, |p, n| {
            p.op(b"}").text("x").int(n).op(b"s");
        });
        pickle.pop();
        pickle.extend_from_slice(end);
        for format in TABLES {
            let (output, status) = agree(&folder, what, &pickle, &[*format, arguments].concat());
            assert_eq!((output.is_some(), status), (false, *expected), "{what} {format:?}");
        }
    }
    let mut pickle = list_of(60_000, |p, n| {
        p.op(b"}").text("x").int(n).op(b"s");
    });
    for limit in ["1KiB", "100KiB"] {
        let (output, status) = agree(&folder, "too much", &pickle, &["--to", "csv", "--max-output", limit]);
        assert_eq!((output.is_some(), status), (false, 5), "{limit}");
    }
    pickle = list_of(300_000, |p, n| {
        if n == 299_000 {
            p.op(b")")
        } else {
            p.int(n)
        };
    });
    let (output, status) = agree(&folder, "many rows, one of no kind", &pickle, &["--to", "csv"]);
    assert_eq!((output.is_some(), status), (false, 6));
}

#[test]
fn a_type_that_the_format_lacks_is_told_in_the_end() {
    let folder = Folder::new();
    // Two columns that messages cannot tell apart, in a stream that breaks at its end.
    let mut pickle = list_of(60_000, |p, n| {
        p.op(b"}(").text("a_b").int(n).text("ab").int(n).op(b"u");
    });
    let format = ["--to", "protobuf", "--proto-message", "Row"];
    assert_eq!(agree(&folder, "two fields", &pickle, &format).1, 6);
    pickle.truncate(pickle.len() - 1);
    assert_eq!(agree(&folder, "two fields, cut off", &pickle, &format).1, 4);
}

/// Where a row contains itself is told as it is where everything is read whole.
#[test]
fn a_row_that_contains_itself_is_named() {
    let row = |slot: u32, is_cycle: bool| {
        let own = if is_cycle { [&b"j"[..], &slot.to_le_bytes()].concat() } else { b"K\x01".to_vec() };
        let text = [&b"\x8c\x01t\x8c\x50"[..], format!("{slot:080}").as_bytes()].concat();
        [&b"}\x94(\x8c\x04self"[..], &own, &text, b"u"].concat()
    };
    let list: Vec<u8> = (1..=20_000).flat_map(|slot| [row(slot, slot == 15_001), b"a".to_vec()].concat()).collect();
    let pickles: Vec<u8> = (0..20_000).flat_map(|n| [b"\x80\x04", &row(0, n == 15_000)[..], b"."].concat()).collect();
    let folder = Folder::new();
    for (name, path, pickle) in [
        ("list", "$[15000].self", [b"\x80\x04]\x94", &list[..], b"."].concat()),
        ("named", "$.rows[15000].self", [b"\x80\x04}\x8c\x04rows]\x94", &list[..], b"s."].concat()),
        ("selected", "$.rows[15000].self", [b"\x80\x04}\x8c\x04rows]\x94", &list[..], b"s."].concat()),
        ("pickles", "$[15000].self", pickles),
    ] {
        for format in ["json", "ndjson", "msgpack", "parquet", "arrow", "csv"] {
            if name == "named" && !["json", "ndjson", "msgpack"].contains(&format) {
                continue;
            }
            let select: &[&str] = if name == "selected" { &["--select", "$.rows"] } else { &[] };
            let arguments = [&["--to", format], select].concat();
            let (_, status) = agree(&folder, name, &pickle, &arguments);
            let run = folder.run(&[&["convert", "in.pkl", "-o", "out"][..], &arguments].concat());
            assert_eq!(status, 6, "{name} {format}: {}", run.stderr);
            assert!(run.stderr.contains(&format!("(at {path}")), "{name} {format}: {}", run.stderr);
        }
    }
}
