//! Containers that are open where a batch ends, and what is selected of them: the same bytes in batches as of the whole. Pipes,
//! which are put into a file first.

use crate::batches::{FORMATS, Pickle, agree, record};
use crate::command::Folder;

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
fn what_is_selected_is_the_same_in_batches() {
    let folder = Folder::new();
    let paths: &[(&str, &[(&str, i32)])] = &[
        ("columns", &[("$", 0), ("$.ints", 0), ("$.records", 0), ("$.texts[7]", 0), ("$.last", 0), ("$.nothing", 2)]),
        ("rows of one key", &[("$.rows", 0), ("$.rows[11999].inner", 0), ("$.rows[12000]", 2), ("$.rows.x", 2)]),
        ("containers in containers", &[("$[1].inner", 0), ("$[3].inner[1]", 0), ("$[11].inner[2][29999]", 0)]),
        ("rows that are large", &[("$[2]", 0), ("$[3].more[0][1]", 0), ("$[3].items", 0)]),
        ("a tuple of two", &[("$[0]", 0), ("$[1].rows[4]", 0), ("$[2]", 2)]),
        ("a dict of ints", &[("$[5]", 0), ("$[key=-3]", 0), ("$[key=\"x\"]", 2)]),
        ("keys that begin with a dollar", &[("$[\"$a\"]", 0), ("$.b", 0)]),
    ];
    let shapes = shapes();
    for (name, paths) in paths {
        let (_, pickle) = shapes.iter().find(|(other, _)| other == name).expect("a shape");
        for (n, (path, expected)) in paths.iter().enumerate() {
            let format = FORMATS[n % 7];
            let (_, status) = agree(&folder, name, pickle, &[&["--select", path], format].concat());
            assert_eq!(status, *expected, "{name} {path}");
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
