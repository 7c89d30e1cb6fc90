//! Lists that are written without a first pass: whatever the guess gets wrong is read again, and nothing of it shows.

use crate::batches::agree;
use crate::command::Folder;

/// A row of two texts and a list, each memoized.
fn row(n: u32) -> Vec<u8> {
    [&b"]\x94(\x8c\x50"[..], format!("{n:080}").as_bytes(), b"\x94\x8c\x04text\x94]\x94e"].concat()
}

/// The `n`th row is in slot `4 * n + 1`. More than a batch each, in many batches.
fn rows(count: u32) -> Vec<u8> {
    let mut out = b"\x80\x04]\x94".to_vec();
    for chunk in 0..count / 100 {
        out.push(b'(');
        out.extend((0..100).flat_map(|n| row(chunk * 100 + n)));
        out.push(b'e');
    }
    out
}

const COUNT: u32 = 20_000;

fn get(slot: u32) -> Vec<u8> {
    [&b"j"[..], &slot.to_le_bytes()].concat()
}

#[test]
fn what_follows_the_rows_may_be_anything() {
    let folder = Folder::new();
    let (early, late) = (4 * 20 + 1, 4 * (COUNT - 200) + 1);
    let ends: Vec<(&str, Vec<u8>, i32)> = vec![
        ("nothing", b".".to_vec(), 0),
        ("an early row again", [get(early), b"a.".to_vec()].concat(), 0),
        ("a late row again", [get(late), b"a.".to_vec()].concat(), 0),
        ("a row of the middle again", [get(late / 2 / 4 * 4 + 1), b"a.".to_vec()].concat(), 0),
        ("a text of the middle again", [get(late / 2 / 4 * 4 + 2), b"a.".to_vec()].concat(), 0),
        ("an early row that grows", [get(early), b"K\x01a0.".to_vec()].concat(), 0),
        ("a row of the middle that grows", [get(late / 2 / 4 * 4 + 1), b"K\x01aa.".to_vec()].concat(), 0),
        ("an early row that grows, as an item", [get(early), b"K\x01aa.".to_vec()].concat(), 0),
        ("an early list that grows by many", [get(early + 3), b"(K\x01K\x02ea.".to_vec()].concat(), 0),
        ("a tuple around it", b"\x85.".to_vec(), 0),
        ("a tuple with more", b"K\x01\x86.".to_vec(), 0),
        ("a dict around it", [b"\x94}\x8c\x01a".to_vec(), get(0), b"s\x86.".to_vec()].concat(), 0),
        ("another pickle", b".K\x01.".to_vec(), 0),
        ("the list in itself", [get(0), b"a.".to_vec()].concat(), 6),
        ("a state", b"}b.".to_vec(), 4),
        ("a call", b"c__builtin__\nset\n\x8c\x01a\x85R\x86.".to_vec(), 3),
        ("a refused name", b"cos\nsystem\na.".to_vec(), 3),
        ("the end of the file", Vec::new(), 4),
        ("bytes that are no pickle", b".\xff".to_vec(), 4),
        ("a popped list", b"0]K\x01a.".to_vec(), 0),
        ("two of it", b"2\x86.".to_vec(), 0),
        ("another of it that goes", b"20.".to_vec(), 0),
        ("a tuple of it that goes", b"2\x850.".to_vec(), 0),
    ];
    let body = rows(COUNT);
    for (name, end, status) in ends {
        let pickle = [&body[..], &end[..]].concat();
        for format in
            [&["--to", "json"][..], &["--to", "json", "--lossless"], &["--to", "ndjson"], &["--to", "msgpack"]]
        {
            let (output, found) = agree(&folder, name, &pickle, format);
            if *format == ["--to", "json"] {
                assert_eq!(found, status, "{name}");
            }
            assert_eq!(output.is_some(), found == 0, "{name} {format:?}");
        }
    }
}

#[test]
fn rows_that_share_with_themselves_or_with_the_row_before() {
    let folder = Folder::new();
    for distance in [0u32, 1, 7, 5_000] {
        let mut out = b"\x80\x04]\x94".to_vec();
        for chunk in 0..COUNT / 100 {
            out.push(b'(');
            for n in 0..100 {
                let n = chunk * 100 + n;
                out.extend_from_slice(b"]\x94(\x8c\x50");
                out.extend_from_slice(format!("{n:080}").as_bytes());
                out.extend_from_slice(b"\x94]\x94");
                // The inner list of the row `distance` rows before.
                out.extend_from_slice(&get(3 * n.saturating_sub(distance) + 3));
                out.push(b'e');
            }
            out.push(b'e');
        }
        out.push(b'.');
        for format in
            [&["--to", "json"][..], &["--to", "json", "--indent"], &["--to", "json", "--lossless"], &["--to", "ndjson"]]
        {
            let (_, status) = agree(&folder, &format!("{distance} rows before"), &out, format);
            assert_eq!(status, 0, "{distance} {format:?}");
        }
    }
}

/// The root is read early and popped, so that it is known later on.
#[test]
fn a_list_that_contains_itself_late() {
    let folder = Folder::new();
    for is_marked in [false, true] {
        let mut pickle = b"\x80\x04]\x94".to_vec();
        let body = if is_marked { marked(COUNT) } else { rows(COUNT) };
        pickle.extend(get(0));
        pickle.push(b'0');
        pickle.extend(&body[4..]);
        pickle.extend(get(0));
        pickle.extend(if is_marked { &b"e."[..] } else { b"a." });
        for format in MAPPED {
            let (_, status) = agree(&folder, "a late cycle", &pickle, format);
            assert_eq!(status, if format.contains(&"--lossless") { 0 } else { 6 }, "{format:?} {is_marked}");
        }
    }
}

/// A text of 80 digits, at a place of the memo if it has one.
fn text(n: u32, slot: Option<u32>) -> Vec<u8> {
    let mut out = [&b"\x8c\x50"[..], format!("{n:080}").as_bytes()].concat();
    if let Some(slot) = slot {
        out.push(b'r');
        out.extend(slot.to_le_bytes());
    }
    out
}

/// The root gets an item from elsewhere while others wait above its MARK: it comes before them.
#[test]
fn a_root_that_grows_before_what_waits_for_it() {
    let folder = Folder::new();
    let texts = |from: u32, to: u32| (from..to).flat_map(|n| text(n, None)).collect::<Vec<u8>>();
    let ways: [(&str, Vec<u8>); 4] = [
        ("an item", [get(0), b"\x8c\x01Xa0".to_vec()].concat()),
        ("several", [get(0), b"(\x8c\x01X\x8c\x01Ye0".to_vec()].concat()),
        ("below a MARK", [b"(".to_vec(), get(0), b"\x8c\x01Xa1".to_vec()].concat()),
        ("a state", [get(0), b"}b0".to_vec()].concat()),
    ];
    for (name, way) in ways {
        // The root is fetched early, so that it is known later.
        let early = [get(0), b"0".to_vec()].concat();
        let start = [b"\x80\x04]\x94(", &early[..]].concat();
        let pickle = [start, texts(0, 4_000), way, texts(4_000, 10_000), b"e.".to_vec()].concat();
        for format in MAPPED {
            agree(&folder, name, &pickle, format);
        }
    }
}

/// Memo slots need not be filled in order.
#[test]
fn slots_that_are_filled_late() {
    let folder = Folder::new();
    for low in [1, 5, 1_023, 1_024, 4_999] {
        let start = b"\x80\x02]r\0\0\0\0(".to_vec();
        let high: Vec<u8> = (0..4_000).flat_map(|n| text(n, Some(5_000 + n))).collect();
        let rest: Vec<u8> = (0..9_000).flat_map(|n| text(n, None)).collect();
        let pickle = [start, high, b"e(".to_vec(), text(77, Some(low)), rest, get(low), b"e.".to_vec()].concat();
        for format in MAPPED {
            let (_, status) = agree(&folder, &format!("slot {low}"), &pickle, format);
            assert_eq!(status, 0, "{low}");
        }
    }
    // And downwards.
    let start = b"\x80\x02]r\0\0\0\0(".to_vec();
    let texts: Vec<u8> = (0..20_000).flat_map(|n| text(n, Some(40_000 - n))).collect();
    let reads: Vec<u8> = (0..20_000).step_by(7).flat_map(|n| get(40_000 - n)).collect();
    let pickle = [start, texts, reads, b"e.".to_vec()].concat();
    for format in MAPPED {
        let (_, status) = agree(&folder, "downwards", &pickle, format);
        assert_eq!(status, 0);
    }
}

/// A slot is filled once, also where what was there has been forgotten.
#[test]
fn slots_that_are_filled_again_late() {
    let folder = Folder::new();
    for count in [2_000, 8_000, 30_000] {
        for again in [1, count / 2, count - 1_000, count - 100] {
            let start = b"\x80\x02]r\0\0\0\0(".to_vec();
            let texts: Vec<u8> = (0..count).flat_map(|n| text(n, Some(1 + n))).collect();
            let rest: Vec<u8> = (0..8_000).flat_map(|n| text(n, None)).collect();
            for end in [Vec::new(), get(again)] {
                let pickle = [&start[..], &texts, &text(7, Some(again)), &rest, &end, b"e."].concat();
                for format in MAPPED {
                    let (_, status) = agree(&folder, &format!("slot {again} of {count}"), &pickle, format);
                    assert_eq!(status, 4, "{again} of {count}");
                }
            }
        }
    }
}

/// Items that are added one by one.
fn added(from: u32, to: u32) -> Vec<u8> {
    (from..to).flat_map(|n| [text(n, None), b"a".to_vec()].concat()).collect()
}

/// The root is memoized only after items of it were written, and read again.
#[test]
fn a_root_that_is_memoized_late() {
    let folder = Folder::new();
    let put = [b"r".to_vec(), 7u32.to_le_bytes().to_vec()].concat();
    let ways: [(&str, Vec<u8>, i32); 4] = [
        ("popped", [put.clone(), get(7), b"0".to_vec()].concat(), 0),
        ("an item of itself", [put.clone(), get(7), b"a".to_vec()].concat(), 6),
        ("by MEMOIZE", [b"\x94".to_vec(), get(0), b"0".to_vec()].concat(), 0),
        ("not read", put, 0),
    ];
    for (name, way, expected) in ways {
        let pickle = [&b"\x80\x04]"[..], &added(0, 9_000), &way, &added(9_000, 9_100), b"."].concat();
        for format in MAPPED {
            let (_, status) = agree(&folder, name, &pickle, format);
            assert_eq!(status, if format.contains(&"--lossless") { 0 } else { expected }, "{name} {format:?}");
        }
    }
}

/// A call whose result is dropped changes an instance that was written.
#[test]
fn an_instance_that_a_dropped_call_changes() {
    let folder = Folder::new();
    let (instance, set) = (b"cm\nX\n)\x81r\x05\0\0\0a".to_vec(), b"cm\nset\n".to_vec());
    let call = [get(5), set, get(5), b"\x8c\x02st\x86R00".to_vec()].concat();
    let known = [get(5), b"0".to_vec()].concat();
    let pickle =
        [&b"\x80\x04]r\0\0\0\0"[..], &instance, &known, &added(0, 5_000), &call, &added(5_000, 9_000), b"."].concat();
    for format in MAPPED {
        let (_, status) = agree(&folder, "a setter", &pickle, &[format, &["--allow", "m.*"]].concat());
        assert_eq!(status, 0, "{format:?}");
    }
}

/// As before, for a slot far beyond the others.
#[test]
fn a_far_slot_that_is_filled_again() {
    let folder = Folder::new();
    let far = [b"r".to_vec(), 1_000_000u32.to_le_bytes().to_vec()].concat();
    let texts = |from: u32, to: u32| (from..to).flat_map(|n| text(n, None)).collect::<Vec<u8>>();
    let start = b"\x80\x02]r\0\0\0\0(]".to_vec();
    let pickle = [&start[..], &far, &texts(0, 4_000), b"\x8c\x01x", &far, &texts(4_000, 9_000), b"e."].concat();
    for format in MAPPED {
        let (_, status) = agree(&folder, "a far slot", &pickle, format);
        assert_eq!(status, 4);
    }
}

/// Rows as in [`rows`], all of them above one MARK.
fn marked(count: u32) -> Vec<u8> {
    let mut out = b"\x80\x04]\x94(".to_vec();
    out.extend((0..count).flat_map(row));
    out
}

const MAPPED: [&[&str]; 4] =
    [&["--to", "json"], &["--to", "json", "--lossless"], &["--to", "ndjson"], &["--to", "msgpack"]];

#[test]
fn items_that_are_handed_over_before_they_are_appended() {
    let folder = Folder::new();
    let (early, late) = (4 * 20 + 1, 4 * (COUNT - 200) + 1);
    let ends: Vec<(&str, Vec<u8>, i32)> = vec![
        ("nothing", b"e.".to_vec(), 0),
        ("a last item", b"K\x01e.".to_vec(), 0),
        ("more of them", b"eK\x01a(K\x02K\x03e.".to_vec(), 0),
        ("an early row again", [get(early), b"e.".to_vec()].concat(), 0),
        ("a late row again", [get(late), b"e.".to_vec()].concat(), 0),
        ("an early row that grows", [get(early), b"K\x01ae.".to_vec()].concat(), 0),
        ("the last row grows", b"(K\x01K\x02ee.".to_vec(), 0),
        ("the last row goes", b"0e.".to_vec(), 0),
        ("two rows go", b"00e.".to_vec(), 0),
        (
            "a value goes, and what is below it is memoized",
            [&b"K\x010\x94e("[..], &get(4 * COUNT + 1), b"e."].concat(),
            0,
        ),
        ("all rows go", b"1K\x01a.".to_vec(), 0),
        ("more than the rows go", b"11.".to_vec(), 4),
        ("a list of the rows", b"la.".to_vec(), 0),
        ("a tuple of the rows", b"ta.".to_vec(), 0),
        ("a dict of the rows", b"da.".to_vec(), 4),
        ("a frozenset of the rows", b"\x91a.".to_vec(), 4),
        ("items of a set", b"\x90.".to_vec(), 4),
        ("entries of a dict", b"u.".to_vec(), 4),
        ("a tuple of the last two", b"\x86e.".to_vec(), 0),
        ("an argument", b"R.".to_vec(), 4),
        ("a state", b"be.".to_vec(), 4),
        ("an instance", b"c__builtin__\nset\no.".to_vec(), 4),
        ("no end of the items", b".".to_vec(), 4),
        ("no end of the pickle", b"e".to_vec(), 4),
        ("another pickle", b"e.K\x01.".to_vec(), 0),
        ("the list in itself", [get(0), b"e.".to_vec()].concat(), 6),
        ("a refused name", b"cos\nsystem\ne.".to_vec(), 3),
    ];
    let body = marked(COUNT);
    for (name, end, status) in ends {
        let pickle = [&body[..], &end[..]].concat();
        for format in MAPPED {
            let (output, found) = agree(&folder, name, &pickle, format);
            if *format == ["--to", "json"] {
                assert_eq!(found, status, "{name}");
            }
            assert_eq!(output.is_some(), found == 0, "{name} {format:?}");
        }
    }
}

/// The `n`th item of a list.
type Item = Box<dyn Fn(u32) -> Vec<u8>>;

/// Items that are not complete where one of their parts is, in one list above one MARK.
#[test]
fn parts_are_not_taken_for_items() {
    let folder = Folder::new();
    fn piece(n: u32) -> Vec<u8> {
        [&b"\x8c\x50"[..], format!("{n:080}").as_bytes()].concat()
    }
    let items: [(&str, Item); 7] = [
        ("pairs of texts", Box::new(|n| [piece(n), piece(n + 1), b"\x86".to_vec()].concat())),
        ("pairs of lists", Box::new(|n| [&b"]("[..], &piece(n), b"e](", &piece(n), b"e\x86"].concat())),
        ("tuples of four", Box::new(|n| [&b"("[..], &piece(n), b"NN]t"].concat())),
        ("dates", Box::new(|n| [&b"cdatetime\ndate\nC\x04\x07\xe4\x01"[..], &[1 + (n % 28) as u8], b"\x85R"].concat())),
        ("dicts that are changed again", Box::new(|n| [&b"}("[..], &piece(n), b"Nu(", &piece(n + 1), b"Nu"].concat())),
        (
            "now a text, now a pair of texts",
            Box::new(|n| [&piece(n)[..], &piece(n), if n % 2 == 0 { b"\x86" } else { b"" }].concat()),
        ),
        ("sets", Box::new(|n| [&b"\x8f("[..], &piece(n), b"\x90"].concat())),
    ];
    for (name, item) in items {
        let mut pickle = b"\x80\x04](".to_vec();
        let mut n = 0;
        while pickle.len() < 1 << 20 {
            pickle.extend(item(n));
            n += 1;
        }
        pickle.extend(b"e.");
        for format in MAPPED {
            let (_, status) = agree(&folder, name, &pickle, format);
            assert_eq!(status, 0, "{name} {format:?}");
        }
    }
}

/// The length of an array stands before it in MessagePack, in 1, 3 or 5 bytes.
#[test]
fn lengths_that_are_said_last() {
    let folder = Folder::new();
    for (count, size) in
        [(1usize, 1 << 20), (3, 1 << 19), (15, 1 << 17), (16, 1 << 17), (3_000, 500), (65_535, 20), (65_536, 20)]
    {
        let mut pickle = b"\x80\x04](".to_vec();
        for n in 0..count {
            let text = n.to_string().repeat(size / n.to_string().len());
            // Lists of pieces: a text of its own is no item that ends.
            pickle.extend(b"](");
            for piece in text.as_bytes().chunks(200) {
                pickle.extend([0x8c, piece.len() as u8]);
                pickle.extend(piece);
            }
            pickle.push(b'e');
            if n % 1_000 == 999 {
                pickle.extend(b"e(");
            }
        }
        pickle.extend(b"e.");
        let (output, status) = agree(&folder, &format!("{count} items"), &pickle, &["--to", "msgpack"]);
        assert!(status == 0 && output.is_some_and(|output| output.len() > 1 << 20), "{count}");
    }
}

#[test]
fn files_of_many_pickles_that_nobody_has_counted() {
    let folder = Folder::new();
    let one = |n: u32| {
        [
            &b"\x80\x04}\x94(\x8c\x01n\x94M"[..],
            &(n as u16).to_le_bytes(),
            b"\x8c\x01t\x94",
            &[0x8c, 80],
            format!("{n:080}").as_bytes(),
            b"\x94u.",
        ]
        .concat()
    };
    let ends: [(&str, &[u8], i32); 10] = [
        ("nothing", b"", 0),
        ("a list", b"](K\x01K\x02e.", 0),
        ("a small int", b"K\x01.", 0),
        ("a newline", b"\n", 0),
        ("what is no pickle", b"\xff\xff", 4),
        ("half a pickle", b"\x80\x04}", 4),
        ("a refused name", b"cos\nsystem\n.", 3),
        ("a list in itself", b"]\x94h\x00a.", 6),
        ("what is left on the stack", b"K\x01K\x02.", 4),
        ("half a surrogate pair", b"\x8c\x03\xed\xa0\x80.", 6),
    ];
    let body: Vec<u8> = (0..12_000).flat_map(one).collect();
    assert!(body.len() > 1 << 20);
    for (name, end, status) in ends {
        for first in [&b""[..], b"](K\x01K\x02e.", b"K\x01."] {
            let pickle = [first, &body, end].concat();
            for format in MAPPED {
                let (output, found) = agree(&folder, name, &pickle, format);
                if *format == ["--to", "json"] {
                    assert_eq!(found, status, "{name}");
                }
                assert_eq!(output.is_some(), found == 0, "{name} {format:?}");
            }
        }
    }
}

/// A text that is memoized.
fn memoized(text: &str) -> Vec<u8> {
    let len = u32::try_from(text.len()).expect("a short text").to_le_bytes();
    [&b"X"[..], &len, text.as_bytes(), b"\x94"].concat()
}

/// A pickle of a dict whose keys and values are texts, and what it is as JSON.
fn texts(pairs: &[(String, String)]) -> (Vec<u8>, String) {
    let items: Vec<u8> = pairs.iter().flat_map(|(key, value)| [memoized(key), memoized(value)].concat()).collect();
    let shown = |text: &String| serde_json::to_string(text).expect("JSON");
    let json: Vec<String> = pairs.iter().map(|(key, value)| format!("{}:{}", shown(key), shown(value))).collect();
    ([&b"\x80\x04}\x94("[..], &items, b"u."].concat(), format!("{{{}}}\n", json.join(",")))
}

#[test]
fn pickles_with_the_keys_of_the_one_before_or_nearly() {
    let folder = Folder::new();
    let long = "k".repeat(32);
    let plain = ["id", "name", "é", "", "a longer key than most", &long, "\"quoted\"", "Ω".repeat(16).as_str(), "z"]
        .map(str::to_owned);
    let (mut pickles, mut expected) = (Vec::new(), String::new());
    for n in 0..3_000_usize {
        let mut keys = plain.to_vec();
        match n % 11 {
            // One is missing, is longer, shorter, or another of its length; two change places; a value is the next key.
            1 => drop(keys.remove(n % 9)),
            2 => keys[n % 9].push('\0'),
            3 => drop(keys[n % 9].pop()),
            4 => keys[0] = "iD".to_owned(),
            5 => keys[5] = format!("{}l", "k".repeat(31)),
            6 => keys.swap(n % 8, n % 8 + 1),
            7 => keys = (0..n % 100).map(|key| format!("key {key}")).collect(),
            8 => keys[7] = format!("{}Ϋ", "Ω".repeat(15)),
            _ => {}
        }
        let value = |at: usize| if n % 5 == 0 { plain[(at + 1) % 9].clone() } else { format!("{n} ü {at}") };
        let mut seen = std::collections::HashSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        let pairs: Vec<(String, String)> = keys.into_iter().enumerate().map(|(at, key)| (key, value(at))).collect();
        let (pickle, json) = texts(&pairs);
        pickles.extend(pickle);
        expected += &json;
    }
    let (output, status) = agree(&folder, "keys", &pickles, &["--to", "ndjson"]);
    assert_eq!(status, 0);
    assert_eq!(output.map(|output| String::from_utf8(output).expect("UTF-8")), Some(expected));
}

#[test]
fn keys_that_come_twice_are_one_also_where_they_are_foreseen() {
    let folder = Folder::new();
    let plain = [("a", "1"), ("b", "2"), ("c", "3")];
    let twice = [("a", "1"), ("b", "2"), ("a", "3")];
    let (mut pickles, mut expected) = (Vec::new(), String::new());
    for n in 0..500 {
        let pairs = if n % 3 == 2 { twice } else { plain };
        pickles.extend(texts(&pairs.map(|(key, value)| (key.to_owned(), value.to_owned()))).0);
        expected += if n % 3 == 2 { "{\"a\":\"3\",\"b\":\"2\"}\n" } else { "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}\n" };
    }
    let (output, status) = agree(&folder, "twice", &pickles, &["--to", "ndjson"]);
    assert_eq!((output.map(|output| String::from_utf8(output).expect("UTF-8")), status), (Some(expected), 0));
}

/// Slots of the first page, of one further on, and beyond all pages, in one pickle after another: as in CPython.
#[test]
fn far_slots_in_pickle_after_pickle() {
    let folder = Folder::new();
    let first = b"\x80\x02](K\x01r\xd0\x07\0\0e.";
    let second = b"\x80\x02](K\x02r\0\xe1\xf5\x05K\x03q\x05h\x05e.";
    let third = b"\x80\x02](K\x01r\xd0\x07\0\0K\x02r\0\xe1\xf5\x05K\x03q\x05h\x05j\xd0\x07\0\0e.";
    for (name, pickles, expected) in [
        ("far", [&first[..], &second[..]].concat(), "[[1],[2,3,3]]\n"),
        ("farther", [&first[..], &third[..]].concat(), "[[1],[1,2,3,3,1]]\n"),
        ("alone", third.to_vec(), "[1,2,3,3,1]\n"),
    ] {
        let (output, status) = agree(&folder, name, &pickles, &["--to", "json"]);
        assert_eq!((output.as_deref(), status), (Some(expected.as_bytes()), 0), "{name}");
    }
}
