//! Texts that are foreseen in the next pickle of a file: the keys that one before it had, in their order.
//!
//! Pickles of one file are mostly alike, but each has its keys anew. A text that comes as foreseen is not stored again, and a
//! dict whose keys lie where those of an earlier one do is known to be like it.

use crate::model::graph::stores::{is_text, only_text};
use crate::model::graph::{BLOCK, Graph};
use crate::model::key;
use crate::model::value::Value;

/// Texts that are foreseen.
const MOST: usize = 64;

/// A text, with nothing but zeros behind it, and where it is stored.
#[derive(Debug)]
struct Text {
    bytes: [u8; BLOCK],
    len: usize,
    at: u64,
}

/// What is foreseen.
#[derive(Debug, Default)]
pub(super) struct Foreseen {
    texts: Vec<Text>,
    next: usize,
}

impl Foreseen {
    /// Begins a pickle.
    pub fn begin(&mut self) {
        self.next = 0;
    }

    /// Where the text at the beginning of a block is stored, if it is the next one.
    #[inline(always)]
    pub fn take(&mut self, block: &[u8; BLOCK], len: usize) -> Option<u64> {
        let text = self.texts.get(self.next)?;
        if text.len != len || !is_text(&text.bytes, block, len) {
            return None;
        }
        self.next += 1;
        Some(text.at)
    }

    /// Forgets everything: nothing is stored any longer.
    pub fn clear(&mut self) {
        self.texts.clear();
    }

    /// Foresees the keys that the dicts of a graph have.
    pub fn learn(&mut self, graph: &Graph) {
        self.texts.clear();
        let short = key::remembered(graph).filter_map(|key| match key {
            Value::Str { len, at } if len as usize <= BLOCK => Some((at, len)),
            _ => None,
        });
        let mut short: Vec<(u64, u32)> = short.collect();
        // They were stored as they were read.
        short.sort_unstable();
        short.dedup();
        self.texts.extend(short.into_iter().take(MOST).filter_map(|(at, len)| {
            let (_, behind) = graph.text_behind(len, at);
            let bytes = only_text(behind.first_chunk()?, len as usize);
            Some(Text { bytes, len: len as usize, at })
        }));
    }
}
