//! What shared containers were written as: a container that stands in many places is spelled out twice and copied from then on.
//!
//! The second time counts: everything inside that is shared was met by then, so each further time takes the same steps.

use super::{Natural, Step, rows};
use crate::model::graph::Kind;
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::value::NodeId;
use crate::report::ledger::{Ledger, Taken};
use crate::writers::event::Sink;

/// Bytes of one container.
const LONGEST: usize = 4 << 10;
/// Bytes of all of them; beyond it, all are forgotten.
const MOST: usize = 4 << 20;

/// Where a container's bytes lie: small, because each is met at random.
#[derive(Clone, Copy, Default)]
struct Span {
    start: u32,
    /// No more than [`LONGEST`]; 0 where none are known.
    len: u32,
    /// Levels of the format below and including it.
    depth: u32,
    /// The index of the steps that it took.
    taken: u32,
}

const _: () = assert!(LONGEST <= MOST && MOST <= u32::MAX as usize);

/// A container that is being written.
struct Open {
    id: NodeId,
    /// Where it begins in the buffer, and what was drained before.
    start: usize,
    drained: u64,
    /// The depth around it, and the deepest so far around it.
    depth: u32,
    deepest: u32,
    before: Ledger,
}

/// What is known of shared containers.
#[derive(Default)]
pub(super) struct Spans {
    by_id: Vec<Span>,
    /// Objects that have one.
    ids: Vec<NodeId>,
    /// Steps that were not exact; the first are none.
    taken: Vec<Taken>,
    bytes: Vec<u8>,
    open: Vec<Open>,
}

/// Whether a kind is written without anything beside its items.
fn is_fit(kind: Kind) -> bool {
    matches!(kind, Kind::List | Kind::Tuple | Kind::Dict)
}

impl Spans {
    /// Writes a container as it was written before, if it is known and no deeper than `room` levels; returns its levels.
    pub fn write(&self, id: NodeId, room: u32, buffer: &mut Vec<u8>, ledger: &mut Ledger) -> Option<u32> {
        let span = self.by_id.get(id.0 as usize).filter(|span| span.len > 0 && span.depth <= room)?;
        buffer.extend_from_slice(self.bytes.get(span.start as usize..)?.get(..span.len as usize)?);
        if span.taken > 0 {
            ledger.take_again(self.taken.get(span.taken as usize - 1)?);
        }
        Some(span.depth)
    }

    /// A container begins. `deepest` is the deepest level since the one around it began.
    pub fn begin(&mut self, id: NodeId, buffer: &[u8], drained: u64, depth: u32, deepest: u32, ledger: &Ledger) {
        let before = ledger.counts_only();
        self.open.push(Open { id, start: buffer.len(), drained, depth, deepest, before });
    }

    /// The container that began last ends; returns the deepest level since the one around it began.
    pub fn end(&mut self, buffer: &[u8], drained: u64, deepest: u32, ledger: &Ledger) -> u32 {
        let Some(open) = self.open.pop() else { return deepest };
        if drained == open.drained
            && let Some(bytes) = buffer.get(open.start..).filter(|bytes| bytes.len() <= LONGEST)
            && let Some(taken) = ledger.taken_since(&open.before)
        {
            if self.bytes.len() + bytes.len() > MOST {
                self.forget();
            }
            let (start, len) = (self.bytes.len() as u32, bytes.len() as u32);
            self.bytes.extend_from_slice(bytes);
            let taken = if taken.is_none() {
                0
            } else {
                self.taken.push(taken);
                self.taken.len() as u32
            };
            self.set(open.id, Span { start, len, depth: deepest.saturating_sub(open.depth), taken });
        }
        deepest.max(open.deepest)
    }

    fn set(&mut self, id: NodeId, span: Span) {
        let at = id.0 as usize;
        if self.by_id.len() <= at {
            self.by_id.resize(at + 1, Span::default());
        }
        if let Some(slot) = self.by_id.get_mut(at) {
            *slot = span;
            self.ids.push(id);
        }
    }

    /// Every object is gone.
    pub fn forget(&mut self) {
        self.by_id.clear();
        self.ids.clear();
        self.taken.clear();
        self.bytes.clear();
    }

    /// The objects of a batch are gone, but for those that have moved.
    pub fn moved(&mut self, at: Checkpoint, moved: &Moved) {
        let first_gone = at.end().0 as usize;
        let gone: Vec<(NodeId, Span)> = self
            .ids
            .iter()
            .filter(|id| !at.keeps(**id))
            .filter_map(|id| Some((*id, *self.by_id.get(id.0 as usize)?)))
            .collect();
        self.by_id.truncate(first_gone);
        self.ids.retain(|id| at.keeps(*id));
        for (id, span) in gone {
            if let Some(new) = moved.get(&id) {
                self.set(*new, span);
            }
        }
    }
}

impl<S: Sink> Natural<'_, '_, S> {
    /// Writes a container that was written before, if that is known; else what is written next will be.
    pub(super) fn again(&mut self, id: NodeId) -> bool {
        let is_plain = self.row == rows::Row::Plain && !self.comparing && self.sink.is_context_free();
        if !is_plain || !is_fit(self.graph.kind(id)) {
            return false;
        }
        let room = self.max_depth.saturating_sub(self.depth);
        if let Some(levels) = self.spans.write(id, room, self.sink.buffer(), self.ledger) {
            self.deepest = self.deepest.max(self.depth + levels);
            return true;
        }
        let drained = self.out.written();
        self.spans.begin(id, self.sink.buffer(), drained, self.depth, self.deepest, self.ledger);
        self.deepest = self.depth;
        self.todo.push(Step::Remember);
        false
    }
}
