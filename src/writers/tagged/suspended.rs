//! The writer between two batches: what it knows without a graph.

use std::collections::HashMap;

use super::{Step, Tagged};
use crate::model::graph::Graph;
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::value::NodeId;
use crate::writers::event::Sink;
use crate::writers::out::Out;

/// A writer between two batches.
pub(crate) struct Suspended<'w, S> {
    sink: S,
    out: Option<Out<'w>>,
    todo: Vec<Step>,
    scratch: String,
    depth: u32,
    max_depth: u32,
    defined: HashMap<NodeId, u32>,
    count: u32,
}

impl<S> Suspended<'_, S> {
    /// Every object is gone; `anew` begins a document that stands alone.
    pub fn forget(&mut self, anew: bool) {
        self.defined.clear();
        if anew {
            self.count = 0;
        }
    }

    /// The objects of a batch are gone, but for those that have moved.
    pub fn moved(&mut self, at: Checkpoint, moved: &Moved) {
        if !self.defined.is_empty() {
            let after = self.defined.drain().filter_map(|(id, n)| match moved.get(&id) {
                Some(new) => Some((*new, n)),
                None => at.keeps(id).then_some((id, n)),
            });
            self.defined = after.collect();
        }
    }
}

impl<'a, 'w, S: Sink> Tagged<'a, 'w, S> {
    /// Starts a document that stands alone: what was defined before is not referred to again.
    pub fn forget(&mut self) {
        self.defined.clear();
        self.count = 0;
    }

    /// Puts the writer aside, between two values.
    pub fn suspend(self) -> Suspended<'w, S> {
        Suspended {
            sink: self.sink,
            out: self.out,
            todo: self.todo,
            scratch: self.scratch,
            depth: self.depth,
            max_depth: self.max_depth,
            defined: self.defined,
            count: self.count,
        }
    }

    /// Goes on where another writer was put aside, with another graph.
    pub fn resume(graph: &'a Graph, from: Suspended<'w, S>) -> Self {
        let mut writer = Tagged::new(graph, from.sink, from.out, from.max_depth);
        writer.todo = from.todo;
        writer.scratch = from.scratch;
        writer.depth = from.depth;
        writer.defined = from.defined;
        writer.count = from.count;
        writer
    }
}
