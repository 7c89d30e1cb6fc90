//! Lists that are written without a first pass: whatever the guess gets wrong is read again, and nothing of it shows.

use crate::batches::agree;
use crate::command::Folder;

/// Rows of two texts and a list, each memoized: the `n`th row is in slot `4 * n + 1`. More than a batch each, in many batches.
fn rows(count: u32) -> Vec<u8> {
    let mut out = b"\x80\x04]\x94".to_vec();
    for chunk in 0..count / 100 {
        out.push(b'(');
        for n in 0..100 {
            let n = chunk * 100 + n;
            out.extend_from_slice(b"]\x94(\x8c\x50");
            out.extend_from_slice(format!("{n:080}").as_bytes());
            out.extend_from_slice(b"\x94\x8c\x04text\x94]\x94e");
        }
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
