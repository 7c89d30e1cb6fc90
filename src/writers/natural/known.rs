//! Keys that stand in one dict after another: how each is written, by the place of its text in the graph.
//!
//! The pickler memoizes keys, so the records of a list share the text of theirs. A key is remembered when it is met a second
//! time; those of one dict alone cost a comparison.

use crate::model::graph::Graph;
use crate::model::value::Value;
use crate::writers::event::{Sink, write_text};

/// Slots; a power of two.
const SLOTS: usize = 256;
/// Keys of a graph that are written before any is remembered: most small inputs have no more.
const FIRST: u32 = 64;
/// Bytes of all keys that are remembered.
const MOST: usize = 64 << 10;
/// Batches after which it is tried again, where it was of no use.
const RETRY: u32 = 16;
/// Bytes of one key.
const LONGEST: u32 = 256;

#[derive(Clone, Copy, Default)]
struct Slot {
    at: u64,
    len: u32,
    /// The batch it was met in: in another one, other text may lie there.
    batch: u32,
    /// Its bytes; none where it was met once.
    start: u32,
    end: u32,
}

/// What is remembered.
#[derive(Default)]
pub(super) struct Known {
    slots: Vec<Slot>,
    bytes: Vec<u8>,
    batch: u32,
    written: u32,
    /// Keys of this batch that were remembered, and those that were not.
    hits: u64,
    misses: u64,
    /// Most keys of a batch were not.
    is_useless: bool,
}

impl Known {
    /// Text lies elsewhere from now on.
    pub fn forget(&mut self) {
        self.batch = self.batch.wrapping_add(1);
        self.bytes.clear();
        self.is_useless = match self.batch % RETRY {
            0 => false,
            _ => self.is_useless || self.misses > self.hits,
        };
        (self.hits, self.misses) = (0, 0);
        if self.batch == 0 {
            self.slots.clear();
        }
    }

    /// Another graph follows, which may be a small one.
    pub fn begin(&mut self) {
        self.written = 0;
    }

    /// Writes a key that is text, and what stands between it and its value; `false` where it is not text, or too long to be
    /// written without a check.
    #[inline]
    pub fn write<S: Sink>(&mut self, sink: &mut S, graph: &Graph, key: &Value) -> bool {
        let Value::Str { len, at } = *key else { return false };
        if len > LONGEST {
            if len == u32::MAX {
                return false;
            }
            sink.str(graph.text(len, at));
            sink.value();
            return true;
        }
        if self.written < FIRST {
            self.written += 1;
            write_text(sink, graph, len, at);
            sink.value();
            return true;
        }
        if self.is_useless {
            write_text(sink, graph, len, at);
            sink.value();
            return true;
        }
        let n = (at ^ at >> 8) as usize % SLOTS;
        if let Some(slot) =
            self.slots.get(n).filter(|slot| slot.at == at && slot.len == len && slot.batch == self.batch)
            && let Some(bytes) =
                self.bytes.get(slot.start as usize..slot.end as usize).filter(|bytes| !bytes.is_empty())
        {
            self.hits += 1;
            sink.buffer().extend_from_slice(bytes);
            return true;
        }
        self.meet(sink, graph, n, len, at);
        true
    }

    fn meet<S: Sink>(&mut self, sink: &mut S, graph: &Graph, n: usize, len: u32, at: u64) {
        self.misses += 1;
        let from = sink.buffer().len();
        write_text(sink, graph, len, at);
        sink.value();
        if self.slots.is_empty() {
            // Batch 0 is none.
            self.batch = self.batch.max(1);
            self.slots.resize(SLOTS, Slot::default());
        }
        let Some(slot) = self.slots.get_mut(n) else { return };
        let is_known = slot.at == at && slot.len == len && slot.batch == self.batch;
        (slot.at, slot.len, slot.batch) = (at, len, self.batch);
        (slot.start, slot.end) = (0, 0);
        if is_known
            && self.bytes.len() < MOST
            && let Some(new) = sink.buffer().get(from..)
        {
            slot.start = self.bytes.len() as u32;
            self.bytes.extend_from_slice(new);
            slot.end = self.bytes.len() as u32;
        }
    }
}
