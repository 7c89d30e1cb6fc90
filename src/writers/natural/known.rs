//! Keys that stand in one dict after another: how each is written, by its text.
//!
//! Records have the same keys in the same order, so the key that came after the last one before is tried first: where it is
//! the same text, its bytes are copied as they were written. A key that is not foreseen is looked up by its ends.

use crate::model::graph::stores::{is_text, only_text};
use crate::model::graph::{BLOCK, Graph};
use crate::model::value::Value;
use crate::writers::event::{Sink, write_text};

/// Keys that are remembered; then all are forgotten.
const MOST: usize = u8::MAX as usize;
/// Places in which they are looked for.
const PLACES: usize = 256;
/// Keys that are written before any is remembered: most small inputs have no more.
const FIRST: u32 = 64;
/// Keys after which it is tried again, where it was of no use.
const RETRY: u32 = 1 << 14;
/// Keys that were not foreseen, after which it shows whether it is of use.
const ENOUGH: u32 = 1 << 10;
/// Bytes of a key as it is written, with what stands between it and its value.
const ROOM: usize = BLOCK + 8;

/// A key.
#[derive(Clone, Copy)]
struct Entry {
    /// Its text, and nothing but zeros behind it.
    text: [u8; BLOCK],
    /// What it is written as, at the beginning.
    bytes: [u8; ROOM],
    /// Bytes of its text; none has as many as that of the entry before the first.
    len: u8,
    /// Bytes that it is written as.
    end: u8,
    /// The entry that came after it the last time.
    next: u8,
}

/// What comes before the first.
const NONE: Entry = Entry { text: [0; BLOCK], bytes: [0; ROOM], len: u8::MAX, end: 0, next: 0 };

/// What is remembered.
pub(super) struct Known {
    /// The first of them is none.
    entries: Vec<Entry>,
    /// Entries by [`place`]; 0 where there is none.
    places: Box<[u8]>,
    /// The entry of the last key, and the one that is tried next.
    last: u8,
    next: u8,
    /// Keys that are written without looking.
    skip: u32,
    /// Keys that were foreseen, and those that were not.
    hits: u32,
    misses: u32,
}

impl Default for Known {
    fn default() -> Self {
        Known { entries: Vec::new(), places: Box::default(), last: 0, next: 0, skip: FIRST, hits: 0, misses: 0 }
    }
}

impl Known {
    /// Writes a key that is text, and what stands between it and its value; `false` where it is not text, or too long to be
    /// written without a check.
    #[inline]
    pub fn write<S: Sink>(&mut self, sink: &mut S, graph: &Graph, key: &Value) -> bool {
        let Value::Str { len, at } = *key else { return false };
        if len == u32::MAX {
            return false;
        }
        match graph.text_block(len, at) {
            Some(block) if self.skip == 0 => match self.entries.get(usize::from(self.next)) {
                Some(entry) if is(entry, block, len) => {
                    put(entry, sink);
                    (self.last, self.next) = (self.next, entry.next);
                    self.hits = self.hits.saturating_add(1);
                }
                _ => self.look_up(sink, block, graph, len, at),
            },
            _ => {
                self.skip = self.skip.saturating_sub(1);
                write_text(sink, graph, len, at);
                sink.value();
            }
        }
        true
    }

    /// Writes a key that was not foreseen.
    fn look_up<S: Sink>(&mut self, sink: &mut S, block: &[u8; BLOCK], graph: &Graph, len: u32, at: u64) {
        self.misses += 1;
        if self.misses == ENOUGH {
            // To look for keys that are not foreseen costs more than it saves.
            if self.hits < ENOUGH {
                self.skip = RETRY;
            }
            (self.hits, self.misses) = (0, 0);
        }
        let place = place(block, len as usize);
        let known = self.places.get(place).copied().unwrap_or(0);
        let found = match self.entries.get(usize::from(known)) {
            Some(entry) if is(entry, block, len) => {
                put(entry, sink);
                known
            }
            _ => {
                let from = sink.buffer().len();
                write_text(sink, graph, len, at);
                sink.value();
                self.add(block, len, place, sink.buffer().get(from..).unwrap_or_default())
            }
        };
        if let Some(last) = self.entries.get_mut(usize::from(self.last)) {
            last.next = found;
        }
        self.last = found;
        self.next = self.entries.get(usize::from(found)).map_or(0, |entry| entry.next);
    }

    /// Remembers what a key was written as; the number of its entry.
    fn add(&mut self, block: &[u8; BLOCK], len: u32, place: usize, written: &[u8]) -> u8 {
        let text = only_text(block, len as usize);
        let mut entry = Entry { text, len: len as u8, end: written.len() as u8, ..NONE };
        let Some(bytes) = entry.bytes.get_mut(..written.len()) else { return 0 };
        bytes.copy_from_slice(written);
        if self.entries.len() > MOST {
            self.entries.clear();
            self.last = 0;
        }
        if self.entries.is_empty() {
            self.entries.push(NONE);
            self.places = vec![0; PLACES].into();
        }
        let n = self.entries.len() as u8;
        self.entries.push(entry);
        if let Some(slot) = self.places.get_mut(place) {
            *slot = n;
        }
        n
    }
}

/// Whether a key is the text at the beginning of a block.
#[inline(always)]
fn is(entry: &Entry, block: &[u8; BLOCK], len: u32) -> bool {
    is_text(&entry.text, block, len as usize) && u32::from(entry.len) == len
}

/// Writes a key as it was written before.
#[inline]
fn put<S: Sink>(entry: &Entry, sink: &mut S) {
    let buffer = sink.buffer();
    let start = buffer.len();
    // A copy of constant size is cheaper than one of the right size.
    buffer.extend_from_slice(&entry.bytes);
    buffer.truncate(start + usize::from(entry.end));
}

/// Where a text of this length is looked for.
#[inline]
fn place(block: &[u8; BLOCK], len: usize) -> usize {
    let words = block.get(..len).unwrap_or_default().chunks(8).map(|bytes| {
        let mut word = [0; 8];
        word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        u64::from_le_bytes(word)
    });
    let mixed = words.fold(len as u64, |sum, word| (sum.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    (mixed >> 32) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::writers::json;

    /// What keys are written as, one after another, and what is known then.
    fn write(keys: &[&str]) -> (String, Known) {
        let mut graph = Graph::new(&Limits::default());
        let mut known = Known { skip: 0, ..Known::default() };
        let mut sink = json::compact();
        for key in keys {
            let (len, at) = graph.store_text(key).expect("room");
            // Something lies behind it.
            graph.store_text(&"x".repeat(BLOCK)).expect("room");
            assert!(known.write(&mut sink, &graph, &Value::Str { len, at }));
        }
        (String::from_utf8(sink.buffer().clone()).expect("UTF-8"), known)
    }

    fn expected(keys: &[&str]) -> String {
        keys.iter().map(|key| format!("{}:", serde_json::to_string(key).expect("JSON"))).collect()
    }

    #[test]
    fn keys_that_come_again_are_known() {
        let keys = ["id", "na\"me", "", "id", "na\"me", "", "name", "id", "na\"me"];
        let (text, known) = write(&keys);
        assert_eq!(text, expected(&keys));
        // Four keys, and what comes before the first; what follows `id` and `na"me` is foreseen.
        assert_eq!((known.entries.len(), known.hits, known.misses), (5, 3, 6));
    }

    #[test]
    fn keys_that_begin_alike_are_told_apart() {
        let keys =
            ["a", "a\0", "ab", "abcdefghijklmnopqrstuvwxyz012345", "abcdefghijklmnopqrstuvwxyz01234", "a", "a\0"];
        let (text, known) = write(&keys);
        assert_eq!((text, known.entries.len()), (expected(&keys), 6));
    }

    #[test]
    fn keys_that_never_come_again_are_not_looked_at_for_long() {
        let keys: Vec<String> = (0..2_000).map(|n| format!("key {n}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let (text, known) = write(&keys);
        assert_eq!((text, known.hits), (expected(&keys), 0));
        assert_eq!(known.skip, RETRY - (2_000 - ENOUGH));
    }

    #[test]
    fn more_keys_than_are_remembered_are_written_all_the_same() {
        let keys: Vec<String> = (0..900).map(|n| format!("key {}", n % 300)).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let (text, known) = write(&keys);
        assert_eq!((text, known.entries.len() <= MOST + 1), (expected(&keys), true));
    }
}
