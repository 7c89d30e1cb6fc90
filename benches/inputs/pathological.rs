//! What is made to be slow: every kind of thing that a reader may do once too often.

use std::fmt::Write;

use super::pickle::Pickle;
use super::random::Random;

/// Levels of nesting: less than the limit of 1,000.
const LEVELS: usize = 900;

/// A list of lists, each of which has 900 levels.
pub fn deep(count: usize) -> Vec<u8> {
    let mut p = Pickle::new(5);
    p.list(0..count, |p, _| {
        for _ in 0..LEVELS {
            p.op(b"]", &[]);
        }
        for _ in 1..LEVELS {
            p.op(b"a", &[]);
        }
    });
    p.stop()
}

/// So many marks at once, then POP_MARK for each; and a number.
pub fn marks(count: usize) -> Vec<u8> {
    let mut p = Pickle::new(5);
    for _ in 0..count {
        p.op(b"(", &[]);
    }
    for _ in 0..count {
        p.op(b"1", &[]);
    }
    p.int(1);
    p.stop()
}

/// A list of texts, each followed by the one before it.
pub fn memo_chain(count: usize) -> Vec<u8> {
    let mut p = Pickle::new(5);
    let mut last = None;
    p.list(0..count, |p, n| match last {
        Some(slot) if n % 2 == 1 => {
            p.fetch(slot);
        }
        _ => last = Some(p.text(&format!("{n:x}"))),
    });
    p.stop()
}

pub fn huge_dict(count: usize) -> Vec<u8> {
    let (mut p, mut r) = (Pickle::new(5), Random::new(11));
    p.dict(0..count, |p, _| {
        p.int((r.next() >> 2) as i64).none();
    });
    p.stop()
}

/// `1`, `1.0` and `True` are one key.
pub fn equal_keys(count: usize) -> Vec<u8> {
    let mut p = Pickle::new(5);
    p.dict(0..count, |p, n| {
        match n % 3 {
            0 => p.int(1),
            1 => p.float(1.0),
            _ => p.bool(true),
        };
        p.int(n as i64);
    });
    p.stop()
}

/// Multiples of 2^61 - 1, which Python's hash takes to 0: two in 64 bits, so that they are long integers.
pub fn collisions(count: usize) -> Vec<u8> {
    let mut p = Pickle::new(5);
    p.dict(0..count, |p, n| {
        let key = (n as u128 + 1) * ((1 << 61) - 1);
        p.op(&[0x8a, 16], &key.to_le_bytes());
        p.none();
    });
    p.stop()
}

/// A list whose every number has a frame of its own.
pub fn tiny_frames(count: usize) -> Vec<u8> {
    let mut out = b"\x80\x04](".to_vec();
    for n in 0..count {
        out.extend_from_slice(b"\x95\x02\0\0\0\0\0\0\0K");
        out.push(n as u8);
    }
    out.extend_from_slice(b"e.");
    out
}

/// Dicts in text alone: lines of numbers, of texts, of memo indices.
pub fn protocol_0(count: usize) -> Vec<u8> {
    let (mut text, mut r) = ("(lp0\n".to_owned(), Random::new(12));
    for n in 0..count {
        let slot = 3 * n + 1;
        let value = r.unit();
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "(dp{slot}\nVname\np{}\nVn\\u00e4me {n}\np{}\nsVid\nI{n}\nsVlong\nL{}L\nsVrate\nF{value:?}\nsVflag\nI01\nsa",
            slot + 1,
            slot + 2,
            r.next(),
        );
    }
    text.push('.');
    text.into_bytes()
}
