//! The writer between two batches: what it knows without a graph.

use super::known::Known;
use super::{Natural, Step};
use crate::model::graph::Graph;
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::graph::nodes::NodeSet;
use crate::model::zones::Zones;
use crate::report::ledger::Ledger;
use crate::writers::event::Sink;
use crate::writers::options::WriteOptions;
use crate::writers::out::Out;
use crate::writers::records;

/// A writer between two batches.
pub(crate) struct Suspended<'w, S> {
    sink: S,
    out: Out<'w>,
    todo: Vec<Step>,
    pool: Vec<records::Field>,
    scratch: String,
    zones: Zones,
    seen: NodeSet,
    known: Known,
    depth: u32,
}

impl<S> Suspended<'_, S> {
    /// Every object is gone.
    pub fn forget(&mut self) {
        self.zones.retain(|_| false);
        self.seen.clear();
    }

    /// The objects of a batch are gone, but for those that have moved.
    pub fn moved(&mut self, at: Checkpoint, moved: &Moved) {
        self.zones.retain(|id| at.keeps(id));
        self.seen.moved(at, moved);
    }
}

impl<'a, 'w, S: Sink> Natural<'a, 'w, S> {
    /// Puts the writer aside, between two values.
    pub fn suspend(self) -> Suspended<'w, S> {
        Suspended {
            sink: self.sink,
            out: self.out,
            todo: self.todo,
            pool: self.pool,
            scratch: self.scratch,
            zones: self.zones,
            seen: self.seen,
            known: self.known,
            depth: self.depth,
        }
    }

    /// Goes on where another writer was put aside, with another graph.
    pub fn resume(graph: &'a Graph, options: &'a WriteOptions, ledger: &'a mut Ledger, from: Suspended<'w, S>) -> Self {
        let mut writer = Natural::new(graph, options, ledger, from.sink, from.out);
        writer.todo = from.todo;
        writer.pool = from.pool;
        writer.scratch = from.scratch;
        writer.zones = from.zones;
        writer.seen = from.seen;
        writer.known = from.known;
        writer.known.forget();
        writer.depth = from.depth;
        writer
    }
}
