//! Converting in batches gives the same bytes as reading the whole: large lists and dicts whose items share objects over
//! batches, in every format that is written in batches.

use crate::command::Folder;

/// A pickle in the making (protocol 4), without frames.
struct Pickle {
    out: Vec<u8>,
    memo: u32,
}

impl Pickle {
    fn new() -> Self {
        Pickle { out: b"\x80\x04".to_vec(), memo: 0 }
    }

    fn op(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend_from_slice(bytes);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.op(&[0x8c, text.len() as u8]).op(text.as_bytes())
    }

    /// MEMOIZE; the slot.
    fn memoize(&mut self) -> u32 {
        self.op(b"\x94");
        self.memo += 1;
        self.memo - 1
    }

    fn fetch(&mut self, slot: u32) -> &mut Self {
        self.op(b"j").op(&slot.to_le_bytes())
    }

    fn int(&mut self, n: i32) -> &mut Self {
        self.op(b"J").op(&n.to_le_bytes())
    }
}

/// What records share with each other.
struct Shared {
    keys: Vec<u32>,
    tags: u32,
    zone: u32,
    last: Option<u32>,
}

/// A record: texts, numbers, a datetime with a shared zone, a list of the first record, a dict of the record before.
fn record(p: &mut Pickle, n: i32, shared: &mut Option<Shared>) {
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
fn agree(folder: &Folder, name: &str, pickle: &[u8], arguments: &[&str]) -> (Option<Vec<u8>>, i32) {
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

const FORMATS: &[&[&str]] = &[
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

/// Fills the container on top with what `item` writes for each number, a thousand at a time.
fn fill(p: &mut Pickle, count: i32, opcode: &[u8], mut item: impl FnMut(&mut Pickle, i32)) {
    for chunk in 0..count / 1000 {
        p.op(b"(");
        for n in 0..1000 {
            item(p, chunk * 1000 + n);
        }
        p.op(opcode);
    }
}

/// A list of so many ints.
fn ints(p: &mut Pickle, count: i32) -> u32 {
    p.op(b"]");
    let slot = p.memoize();
    fill(p, count, b"e", |p, n| {
        p.int(n);
    });
    slot
}

/// A text of 40 characters.
fn long(p: &mut Pickle, n: i32) {
    p.text(&format!("{n:040}"));
    p.memoize();
}

/// Pickles of every shape that is written in batches, or nearly.
fn shapes() -> Vec<(&'static str, Vec<u8>)> {
    let mut out: Vec<(&'static str, Vec<u8>)> = Vec::new();
    let mut shape = |name, build: &dyn Fn(&mut Pickle)| {
        let mut p = Pickle::new();
        build(&mut p);
        p.op(b".");
        assert!(p.out.len() > 600 << 10, "{name} is large enough for several batches");
        out.push((name, p.out));
    };
    shape("columns", &|p| {
        p.op(b"}");
        p.memoize();
        p.op(b"(").text("ints");
        ints(p, 100_000);
        p.text("texts").op(b"]");
        fill(p, 20_000, b"e", long);
        p.text("none").op(b"N").text("records").op(b"]");
        let mut shared = None;
        fill(p, 3_000, b"e", |p, n| record(p, n, &mut shared));
        p.text("last").int(7).op(b"u");
    });
    shape("rows of one key", &|p| {
        p.op(b"}").text("rows").op(b"]");
        let mut shared = None;
        fill(p, 12_000, b"e", |p, n| record(p, n, &mut shared));
        p.op(b"s");
    });
    shape("containers in containers", &|p| {
        p.op(b"](");
        for n in 0..6 {
            p.int(n).op(b"}").text("inner").op(b"](");
            ints(p, 30_000);
            p.text("between");
            ints(p, 30_000);
            p.op(b"es");
        }
        p.op(b"e");
    });
    shape("rows that are large", &|p| {
        p.op(b"](");
        for n in 0..4 {
            p.op(b"}(").text("id").int(n).text("items");
            ints(p, 60_000);
            p.text("more").op(b"]](NNeau");
        }
        p.op(b"e");
    });
    shape("a tuple of a mark", &|p| {
        p.op(b"(");
        for _ in 0..4 {
            ints(p, 60_000);
            p.op(b"N");
        }
        p.op(b"t\x94");
    });
    shape("a tuple of two", &|p| {
        ints(p, 200_000);
        p.op(b"}").text("rows").op(b"]");
        let mut shared = None;
        fill(p, 6_000, b"e", |p, n| record(p, n, &mut shared));
        p.op(b"s\x86\x94");
    });
    shape("a tuple that is an argument", &|p| {
        ints(p, 200_000);
        p.op(b"N\x86\x85");
    });
    shape("a set of ints", &|p| {
        p.op(b"\x8f\x94");
        fill(p, 200_000, b"\x90", |p, n| {
            p.int(n);
        });
    });
    shape("a set of texts, one of them twice", &|p| {
        p.op(b"\x8f\x94");
        fill(p, 20_000, b"\x90", long);
        p.op(b"(");
        long(p, 7);
        p.op(b"\x90");
    });
    shape("a deque", &|p| {
        p.op(b"ccollections\ndeque\n)R\x94");
        fill(p, 200_000, b"e", |p, n| {
            p.int(n);
        });
    });
    shape("a deque with a length", &|p| {
        p.op(b"ccollections\ndeque\n)J\xff\xff\0\0\x86R\x94");
        fill(p, 200_000, b"e", |p, n| {
            p.int(n);
        });
    });
    shape("a Python 2 record that takes items", &|p| {
        p.op(b"]](");
        p.op(b"ccollections\nOrderedDict\n)R");
        fill(p, 20_000, b"u", |p, n| {
            long(p, n);
            p.int(n);
        });
        p.op(b"ccollections\ndefaultdict\nc__builtin__\nlist\n\x85R");
        fill(p, 20_000, b"u", |p, n| {
            long(p, n);
            p.op(b"]");
        });
        p.op(b"ea");
    });
    for (name, opcode) in [("an OrderedDict", &b"ccollections\nOrderedDict\n)R"[..]), ("a dict of ints", b"}")] {
        shape(name, &|p| {
            p.op(opcode);
            fill(p, 20_000, b"u", |p, n| {
                p.int(n - 3);
                long(p, n);
            });
        });
    }
    shape("a dict of ints and texts", &|p| {
        p.op(b"}");
        fill(p, 20_000, b"u", |p, n| {
            if n % 2 == 0 {
                p.int(n);
            } else {
                p.text(&format!("{n}"));
            }
            long(p, n);
        });
    });
    shape("keys that are tuples", &|p| {
        p.op(b"}");
        fill(p, 20_000, b"u", |p, n| {
            p.int(n).op(b"\x85");
            long(p, n);
        });
    });
    shape("keys that begin with a dollar", &|p| {
        p.op(b"}(").text("$a");
        ints(p, 100_000);
        p.text("b").op(b"}").text("$c");
        ints(p, 100_000);
        p.op(b"su");
    });
    shape("keys that stood before", &|p| {
        p.op(b"}(").text("columns").op(b"](").text("a");
        let a = p.memoize();
        p.text("b");
        let b = p.memoize();
        p.op(b"e").fetch(a);
        ints(p, 100_000);
        p.fetch(b);
        ints(p, 100_000);
        p.op(b"u");
    });
    shape("one column twice", &|p| {
        p.op(b"}(").text("a");
        let a = ints(p, 100_000);
        p.text("b");
        ints(p, 100_000);
        p.text("c").fetch(a).op(b"u");
    });
    shape("a key twice around what is open", &|p| {
        p.op(b"}(").text("a");
        ints(p, 100_000);
        p.text("b");
        ints(p, 100_000);
        p.text("a").op(b"Nu");
    });
    shape("a column that contains itself", &|p| {
        p.op(b"}(").text("a");
        let a = ints(p, 100_000);
        p.fetch(a).op(b"a").text("b");
        ints(p, 100_000);
        p.op(b"u");
    });
    shape("a column that contains the root", &|p| {
        p.op(b"}");
        let root = p.memoize();
        p.op(b"(").text("a");
        ints(p, 100_000);
        p.fetch(root).op(b"a").text("b");
        ints(p, 100_000);
        p.op(b"u");
    });
    shape("a column that changes later", &|p| {
        p.op(b"}(").text("a");
        let a = ints(p, 100_000);
        p.text("b").op(b"]").fetch(a).op(b"Kca0").op(b"Nu");
        p.op(b"(").text("c");
        ints(p, 100_000);
        p.op(b"u");
    });
    shape("an instance that holds a list", &|p| {
        p.op(b"](");
        for _ in 0..4 {
            p.op(b"cdecimal\nDecimal\n").text("1.5").op(b"\x85R");
            ints(p, 60_000);
            p.op(b"}").text("state");
            ints(p, 60_000);
            p.op(b"s");
        }
        p.op(b"e");
    });
    out
}

#[test]
fn every_shape_is_the_same_in_batches() {
    let folder = Folder::new();
    for (n, (name, pickle)) in shapes().into_iter().enumerate() {
        // Two of the formats for each, in turn: all together take long.
        for format in FORMATS.iter().cycle().skip(n * 3).step_by(2).take(3) {
            agree(&folder, name, &pickle, format);
        }
    }
}

#[test]
fn what_breaks_in_an_open_container_leaves_nothing() {
    let folder = Folder::new();
    for (what, end, expected) in [
        ("a refused name", &b"cos\nsystem\neu."[..], 3),
        ("a truncated stream", b"", 4),
        ("a mark that stays", b".", 4),
        ("an odd dict", b"eNu.", 4),
        ("a lone surrogate", b"\x8c\x03\xed\xa0\x80eu.", 6),
    ] {
        let mut p = Pickle::new();
        p.op(b"}(").text("a");
        ints(&mut p, 100_000);
        p.text("b");
        ints(&mut p, 100_000);
        p.op(b"(").op(end);
        for format in [&["--to", "json"][..], &["--to", "msgpack"]] {
            let (output, status) = agree(&folder, what, &p.out, format);
            assert_eq!((output.is_some(), status), (false, expected), "{what}");
        }
    }
}

#[test]
fn a_pipe_is_converted_as_a_file_is() {
    let folder = Folder::new();
    let mut p = Pickle::new();
    ints(&mut p, 1_800_000);
    p.op(b".");
    assert!(p.out.len() > 8 << 20, "more than is held in memory");
    folder.write("in.pkl", &p.out);
    let whole = folder.run(&["convert", "in.pkl", "-o", "whole.json", "--whole"]);
    assert_eq!(whole.status, 0, "{}", whole.stderr);
    let piped = folder.run_with(&["convert", "-", "-o", "piped.json", "--temp-dir", "."], &p.out);
    assert_eq!((piped.status, piped.stderr.as_str()), (0, whole.stderr.as_str()));
    assert!(folder.read("whole.json") == folder.read("piped.json"));
    assert_eq!(folder.files(), ["in.pkl", "piped.json", "whole.json"], "the temporary file has no name");

    let limited = folder.run_with(&["convert", "-", "-o", "out.json", "--max-decompressed", "8500K"], &p.out);
    assert_eq!(limited.status, 5, "{}", limited.stderr);
    let nowhere = folder.run_with(&["convert", "-", "-o", "out.json", "--temp-dir", "nowhere"], &p.out);
    assert_eq!(nowhere.status, 1, "{}", nowhere.stderr);
    // What is no pickle needs no file.
    p.out.splice(100_000..100_008, [0xff; 8]);
    let broken = folder.run_with(&["convert", "-", "-o", "out.json", "--temp-dir", "nowhere"], &p.out);
    assert!(matches!(broken.status, 3 | 4), "{}", broken.stderr);
}
