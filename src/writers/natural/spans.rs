//! What shared containers were written as: a container that stands in many places is spelled out twice and copied from then on.
//!
//! The second time counts: everything inside that is shared was met by then, so each further time takes the same steps.

use super::{Loss, Natural, Step, rows};
use crate::error::Error;
use crate::model::graph::Kind;
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::value::NodeId;
use crate::report::ledger::{Ledger, Taken};
use crate::writers::event::Sink;

/// Bytes of one container.
const LONGEST: usize = 4 << 10;
/// Steps that are looked at for the same ones.
const COMMON: usize = 16;
/// Bytes of all of them; beyond it, all are forgotten.
const MOST: usize = 4 << 20;

/// What stands before a container's bytes.
#[derive(Clone, Copy)]
struct Head {
    /// Bytes, no more than [`LONGEST`].
    len: u32,
    /// Levels of the format below and including it.
    depth: u32,
    /// The index of the steps that it took, plus 1; 0 where there were none.
    taken: u32,
}

const HEAD: usize = size_of::<Head>();

const _: () = assert!(LONGEST + HEAD <= MOST && MOST < u32::MAX as usize);

impl Head {
    fn to_bytes(self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        for (to, from) in
            bytes.iter_mut().zip([self.len, self.depth, self.taken].into_iter().flat_map(u32::to_le_bytes))
        {
            *to = from;
        }
        bytes
    }

    fn of_bytes([a, b, c, d, e, f, g, h, i, j, k, l]: [u8; HEAD]) -> Head {
        Head {
            len: u32::from_le_bytes([a, b, c, d]),
            depth: u32::from_le_bytes([e, f, g, h]),
            taken: u32::from_le_bytes([i, j, k, l]),
        }
    }
}

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

/// What is known of shared containers; small, because each is met at random.
#[derive(Default)]
pub(super) struct Spans {
    /// Where the head and the bytes of an object lie, plus 1; 0 where none are known.
    by_id: Vec<u32>,
    /// Objects that got theirs since others moved.
    new: Vec<NodeId>,
    /// Steps that were not exact; many containers have the same.
    taken: Vec<Taken>,
    bytes: Vec<u8>,
    open: Vec<Open>,
}

/// Whether a kind is written without anything beside its items.
fn is_fit(kind: Kind) -> bool {
    matches!(kind, Kind::List | Kind::Tuple | Kind::Dict)
}

impl Spans {
    /// What is known of a container, if it is no deeper than `room` levels, and where its bytes begin.
    #[inline]
    fn find(&self, id: NodeId, room: u32) -> Option<(Head, usize)> {
        let start = self.by_id.get(id.0 as usize)?.checked_sub(1)? as usize;
        let head = Head::of_bytes(*self.bytes.get(start..)?.first_chunk()?);
        (head.depth <= room).then_some((head, start + HEAD))
    }

    /// Writes what is known.
    #[inline]
    fn write(&self, (head, start): (Head, usize), buffer: &mut Vec<u8>, ledger: &mut Ledger) {
        let bytes = self.bytes.get(start..).and_then(|bytes| bytes.get(..head.len as usize));
        buffer.extend_from_slice(bytes.unwrap_or_default());
        if let Some(taken) = head.taken.checked_sub(1).and_then(|n| self.taken.get(n as usize)) {
            ledger.take_again(taken);
        }
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
            if self.bytes.len() + HEAD + bytes.len() > MOST {
                self.forget();
            }
            let taken = if taken.is_none() { 0 } else { self.index_of(taken) };
            let start = self.bytes.len() as u32 + 1;
            let head = Head { len: bytes.len() as u32, depth: deepest.saturating_sub(open.depth), taken };
            self.bytes.extend_from_slice(&head.to_bytes());
            self.bytes.extend_from_slice(bytes);
            self.set(open.id, start);
            self.new.push(open.id);
        }
        deepest.max(open.deepest)
    }

    /// The index of these steps, plus 1.
    fn index_of(&mut self, taken: Taken) -> u32 {
        let known = self.taken.iter().take(COMMON).position(|known| *known == taken);
        let at = known.unwrap_or(self.taken.len());
        if known.is_none() {
            self.taken.push(taken);
        }
        at as u32 + 1
    }

    fn set(&mut self, id: NodeId, start: u32) {
        let at = id.0 as usize;
        if self.by_id.len() <= at {
            self.by_id.resize(at + 1, 0);
        }
        if let Some(slot) = self.by_id.get_mut(at) {
            *slot = start;
        }
    }

    /// Every object is gone.
    pub fn forget(&mut self) {
        self.by_id.clear();
        self.new.clear();
        self.taken.clear();
        self.bytes.clear();
    }

    /// The objects of a batch are gone, but for those that have moved: not again, from where they are now.
    pub fn moved(&mut self, at: Checkpoint, moved: &Moved) {
        let stay = self.new.drain(..).filter(|id| !at.keeps(*id)).filter_map(|id| {
            let start = self.by_id.get(id.0 as usize)?;
            Some((*moved.get(&id)?, *start))
        });
        let stay: Vec<(NodeId, u32)> = stay.collect();
        self.by_id.truncate(at.end().0 as usize);
        for (id, start) in stay {
            self.set(id, start);
        }
    }
}

impl<S: Sink> Natural<'_, '_, S> {
    /// Writes a container that was written before, if how is known.
    #[inline]
    pub(super) fn again(&mut self, id: NodeId) -> Result<bool, Error> {
        let room = self.max_depth.saturating_sub(self.depth);
        let Some(known) = self.spans.find(id, room).filter(|_| self.copies()) else { return Ok(false) };
        self.note(Loss::Shared)?;
        self.spans.write(known, self.sink.buffer(), self.ledger);
        self.deepest = self.deepest.max(self.depth + known.0.depth);
        Ok(true)
    }

    /// What is written next is a container that was written before: how it is written will be known.
    pub(super) fn remember(&mut self, id: NodeId) {
        if !self.copies() || !is_fit(self.graph.kind(id)) {
            return;
        }
        let drained = self.out.written();
        self.spans.begin(id, self.sink.buffer(), drained, self.depth, self.deepest, self.ledger);
        self.deepest = self.depth;
        self.todo.push(Step::Remember);
    }

    /// Whether a container is the same bytes wherever it stands.
    #[inline]
    fn copies(&self) -> bool {
        self.row == rows::Row::Plain && !self.comparing && self.sink.is_context_free()
    }
}
