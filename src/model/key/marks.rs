//! Telling a few texts apart without hashing them: by a number of each, made of its ends and its length.
//!
//! Dicts of files that hold many pickles have the same keys again, at other places: their marks are known then.

use crate::model::graph::Graph;
use crate::model::value::Value;

/// Most keys that are compared one with another.
pub(super) const FEW: usize = 32;
/// Dicts whose marks are remembered.
const KNOWN: usize = 16;
/// Most marks that are compared with each other without looking for ones that are known.
const FEWEST: usize = 6;

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Marks of the keys of some dicts, which differ: they say so of any keys that have them.
    known: [Vec<u64>; KNOWN],
    /// Marks of the keys that are looked at.
    new: Vec<u64>,
}

/// Whether a few texts differ in their lengths or ends, which is quickly seen; `false` says nothing. `keys` adds their marks.
pub(super) fn clearly_distinct(graph: &mut Graph, keys: impl Fn(&Graph, &mut Vec<u64>) -> bool) -> bool {
    let mut new = std::mem::take(&mut graph.keys.marks.new);
    new.clear();
    let are_texts = keys(graph, &mut new);
    let differ = are_texts && graph.keys.marks.differ(&new);
    graph.keys.marks.new = new;
    differ
}

impl Marks {
    /// Whether marks differ; those that do are remembered.
    #[inline]
    fn differ(&mut self, marks: &[u64]) -> bool {
        if marks.len() <= FEWEST {
            return differ(marks);
        }
        let n = marks.first().map_or(0, |mark| (mark ^ mark >> 32) as usize % KNOWN);
        let Some(known) = self.known.get_mut(n) else { return false };
        if known == marks {
            return true;
        }
        let differ = differ(marks);
        if differ {
            known.clear();
            known.extend_from_slice(marks);
        }
        differ
    }
}

#[inline]
fn differ(marks: &[u64]) -> bool {
    let mut rest = marks;
    while let Some((mark, others)) = rest.split_first() {
        if others.contains(mark) {
            return false;
        }
        rest = others;
    }
    true
}

/// Adds the marks of texts; `false` where one is none.
#[inline]
pub(super) fn mark_all(graph: &Graph, keys: impl Iterator<Item = Value>, marks: &mut Vec<u64>) -> bool {
    for key in keys {
        let Value::Str { len, at } = key else { return false };
        marks.push(mark(graph.text_bytes(len, at)));
    }
    true
}

/// A number that is the same for the same text.
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
