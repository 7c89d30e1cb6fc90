//! A dict of long columns makes the same table in parts as from the whole, and says the same about it.

use crate::batches::{Pickle, TABLES, agree};
use crate::command::Folder;

/// What stands in a column at a row.
type Item = fn(&mut Pickle, i32);

/// An entry of a dict: a list of `count` items, in APPENDS of 1,000.
fn column(p: &mut Pickle, key: impl FnOnce(&mut Pickle), count: i32, item: impl Fn(&mut Pickle, i32)) {
    key(p);
    p.op(b"](");
    for n in 0..count {
        item(p, n);
        if n % 1_000 == 999 {
            p.op(b"e(");
        }
    }
    p.op(b"e");
}

/// What was written is of no use any more.
fn done(_: &mut Pickle) {}

fn float(p: &mut Pickle, n: i32) {
    p.op(b"G").op(&(f64::from(n) / 8.0).to_be_bytes());
}

fn none_or_int(p: &mut Pickle, n: i32) {
    if n % 3 == 0 {
        p.op(b"N");
    } else {
        p.int(n);
    }
}

/// Columns of every kind, and a short dict in front of them.
fn columns(count: i32) -> Vec<u8> {
    let mut p = Pickle::new();
    p.op(b"}").op(b"(");
    column(&mut p, |p| done(p.text("id")), count, |p, n| done(p.int(n)));
    p.text("shared");
    let shared = p.memoize();
    column(&mut p, |_| {}, count, |p, n| done(if n % 2 == 0 { p.fetch(shared) } else { p.text("n\u{e4}me") }));
    column(&mut p, |p| done(p.int(7)), count, float);
    column(&mut p, |p| done(p.text("maybe")), count, none_or_int);
    column(
        &mut p,
        |p| done(p.text("nan")),
        count,
        |p, n| {
            if n % 5 == 0 {
                p.op(b"G\x7f\xf8\0\0\0\0\0\0");
            } else {
                p.op(b"N");
            }
        },
    );
    column(&mut p, |p| done(p.text("tuples")), count, |p, n| done(p.int(n).text("t").op(b"\x86")));
    column(&mut p, |p| done(p.text("dicts")), count, |p, n| done(p.op(b"}").text("a").int(n).op(b"s")));
    column(
        &mut p,
        |p| done(p.text("times")),
        count,
        |p, _| {
            p.op(b"cdatetime\ndatetime\n(C\x0a\x07\xe6\x01\x02\x03\x04\x05\x00\x00\x06");
            p.op(b"cdatetime\ntimezone\ncdatetime\ntimedelta\nK\x00M\x10\x0eK\x00\x87R\x85RtR");
        },
    );
    p.op(b"u.").out.clone()
}

#[test]
fn columns_are_the_same_in_parts() {
    let folder = Folder::new();
    let pickle = columns(70_000);
    for format in TABLES {
        let (output, status) = agree(&folder, "columns", &pickle, format);
        assert_eq!((output.is_some(), status), (true, 0), "{format:?}");
    }
    let (output, status) = agree(&folder, "strict", &pickle, &["--to", "parquet", "--strict"]);
    assert_eq!((output.is_some(), status), (true, 0));
    // As many rows as a batch has.
    let (output, status) = agree(&folder, "a batch", &columns(16_384), &["--to", "arrow"]);
    assert_eq!((output.is_some(), status), (true, 0));
}

#[test]
fn types_that_change_in_a_column_are_those_of_all_rows() {
    let folder = Folder::new();
    let cases: &[(&str, Item)] = &[
        ("None, then ints", |p, n| done(if n < 65_000 { p.op(b"N") } else { p.int(n) })),
        ("ints, then a float", |p, n| if n == 69_999 { float(p, 4) } else { done(p.int(n)) }),
        ("ints, then text", |p, n| done(if n == 69_999 { p.text("x") } else { p.int(n) })),
        ("lists that grow late", |p, n| {
            p.op(b"](");
            if n > 68_000 {
                p.op(b"N").int(n);
            }
            p.op(b"e");
        }),
        ("nothing but None", |p, _| done(p.op(b"N"))),
    ];
    for (name, late) in cases {
        let mut p = Pickle::new();
        p.op(b"ccollections\nOrderedDict\n)R(");
        column(&mut p, |p| done(p.text("id")), 70_000, |p, n| done(p.int(n)));
        column(&mut p, |p| done(p.text("late")), 70_000, late);
        column(&mut p, |p| done(p.text("last")), 70_000, none_or_int);
        p.op(b"u.");
        for format in &TABLES[..4] {
            let (output, status) = agree(&folder, name, &p.out, format);
            assert_eq!((output.is_some(), status), (true, 0), "{name} {format:?}");
        }
    }
}

#[test]
fn what_is_no_dict_of_long_columns_is_read_whole() {
    let folder = Folder::new();
    let dict = |entries: &dyn Fn(&mut Pickle)| {
        let mut p = Pickle::new();
        p.op(b"}(");
        entries(&mut p);
        p.op(b"u.").out.clone()
    };
    let ints = |p: &mut Pickle, name: &str, count: i32| column(p, |p| done(p.text(name)), count, |p, n| done(p.int(n)));
    let cases: &[(&str, i32, Vec<u8>)] = &[
        (
            "of different lengths",
            6,
            dict(&|p| {
                ints(p, "a", 70_000);
                ints(p, "b", 70_001);
            }),
        ),
        (
            "a value that is no column",
            6,
            dict(&|p| {
                ints(p, "a", 70_000);
                p.text("b").int(1);
            }),
        ),
        (
            "a set",
            6,
            dict(&|p| {
                ints(p, "a", 140_000);
                p.text("b").op(b"\x8f(").text("x").op(b"\x90");
            }),
        ),
        (
            "two keys of one name",
            6,
            dict(&|p| {
                ints(p, "1", 140_000);
                column(p, |p| done(p.int(1)), 140_000, float);
            }),
        ),
        ("many narrow columns", 0, dict(&|p| (0..300).for_each(|n| ints(p, &format!("c{n}"), 700)))),
        (
            "a tuple among them",
            0,
            dict(&|p| {
                ints(p, "a", 140_000);
                p.text("b").op(b"(");
                (0..140_000).for_each(|n| done(p.int(n)));
                p.op(b"t");
            }),
        ),
        ("one column", 0, dict(&|p| ints(p, "a", 200_000))),
        ("no rows", 0, dict(&|p| (0..60_000).for_each(|n| done(p.text(&format!("c{n:012}")).op(b"]"))))),
    ];
    for (name, expected, pickle) in cases {
        for format in &TABLES[1..2] {
            let (output, status) = agree(&folder, name, pickle, format);
            assert_eq!((output.is_some(), status), (*expected == 0, *expected), "{name} {format:?}");
        }
    }
}
