//! Telling a few texts apart without hashing them: by a number of each, made of its ends and its length.
//!
//! Dicts of files that hold many pickles have the same keys again, at other places: their marks are known then.

use crate::model::graph::Graph;
use crate::model::value::Value;

/// Most keys that are compared one with another.
pub(super) const FEW: usize = 32;
/// Most keys that are compared with each other each time.
pub(super) const FEWEST: usize = 2;
/// Dicts whose marks are remembered.
const KNOWN: usize = 64;

/// What is remembered.
#[derive(Debug)]
pub(super) struct Marks {
    /// Marks of the keys of some dicts, which differ: they say so of any keys that have them.
    known: [Vec<u64>; KNOWN],
    /// Marks of the keys that are looked at.
    new: Vec<u64>,
}

impl Default for Marks {
    fn default() -> Self {
        Marks { known: [const { Vec::new() }; KNOWN], new: Vec::new() }
    }
}

/// Whether texts have the marks of keys that differed: records have the keys of the record before.
#[inline]
pub(super) fn are_known(graph: &Graph, keys: impl Iterator<Item = Value>) -> bool {
    let mut marks = keys.map(|key| mark_of(graph, key));
    let Some(Some(first)) = marks.next() else { return false };
    match graph.keys.marks.known.get(place(first)).and_then(|known| known.split_first()) {
        Some((known, rest)) => *known == first && marks.eq(rest.iter().map(|mark| Some(*mark))),
        None => false,
    }
}

/// Whether a few texts differ in their lengths or ends, which is quickly seen; `false` says nothing. `keys` adds their marks.
pub(super) fn clearly_distinct(graph: &mut Graph, keys: impl Fn(&Graph, &mut Vec<u64>) -> bool) -> bool {
    let mut new = std::mem::take(&mut graph.keys.marks.new);
    new.clear();
    let differ = keys(graph, &mut new) && differ(&new);
    if differ
        && new.len() > FEWEST
        && let Some(first) = new.first()
        && let Some(known) = graph.keys.marks.known.get_mut(place(*first))
    {
        known.clone_from(&new);
    }
    graph.keys.marks.new = new;
    differ
}

/// Adds the marks of texts; `false` where one is none.
#[inline]
pub(super) fn mark_all(graph: &Graph, keys: impl Iterator<Item = Value>, marks: &mut Vec<u64>) -> bool {
    for key in keys {
        let Some(mark) = mark_of(graph, key) else { return false };
        marks.push(mark);
    }
    true
}

/// Where the marks of keys are remembered, by the first of them.
fn place(mark: u64) -> usize {
    (mark ^ mark >> 32) as usize % KNOWN
}

#[inline]
fn differ(marks: &[u64]) -> bool {
    // Few marks mostly differ in a few bits already.
    let bit = |mark: &u64| 1u64 << (mark.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58);
    if marks.iter().fold(0, |bits, mark| bits | bit(mark)).count_ones() as usize == marks.len() {
        return true;
    }
    let mut rest = marks;
    while let Some((mark, others)) = rest.split_first() {
        if others.contains(mark) {
            return false;
        }
        rest = others;
    }
    true
}

/// The mark of a text; `None` where a key is none.
#[inline]
fn mark_of(graph: &Graph, key: Value) -> Option<u64> {
    match key {
        Value::Str { len, at } => Some(mark(graph.text_bytes(len, at))),
        _ => None,
    }
}

/// A number that is the same for the same text.
#[inline]
fn mark(text: &[u8]) -> u64 {
    let (first, last) = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
            (Some(first), Some(last)) => (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last))),
            _ => (text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
        },
    };
    first ^ last.rotate_left(29) ^ (text.len() as u64) << 56
}
