//! The writer between two batches: what it knows without a graph.

use super::known::Known;
use super::spans::Spans;
use super::{Natural, Step};
use crate::error::Error;
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::graph::nodes::NodeSet;
use crate::model::graph::{Graph, Walk};
use crate::model::value::{NodeId, Value};
use crate::model::zones::Zones;
use crate::report::ledger::Ledger;
use crate::writers::event::{Begun, Place, Sink};
use crate::writers::options::WriteOptions;
use crate::writers::out::Out;
use crate::writers::{path, records};

/// A container that is written in parts.
pub(super) struct Level {
    /// Its path.
    prefix: String,
    /// What ends it.
    ends: Vec<Step>,
    form: Form,
}

/// How its items are written.
#[derive(Clone, Copy)]
enum Form {
    Elements,
    Entries,
    Pairs,
}

/// A writer between two batches.
pub(crate) struct Suspended<'w, S> {
    sink: S,
    out: Out<'w>,
    todo: Vec<Step>,
    pool: Vec<records::Field>,
    scratch: String,
    prefix: String,
    zones: Zones,
    seen: NodeSet,
    known: Known,
    spans: Spans,
    depth: u32,
    levels: Vec<Level>,
}

impl<S> Suspended<'_, S> {
    /// Every object is gone.
    pub fn forget(&mut self) {
        self.zones.retain(|_| false);
        self.seen.clear();
        self.spans.forget();
    }

    /// The objects of a batch are gone, but for those that have moved.
    pub fn moved(&mut self, at: Checkpoint, moved: &Moved) {
        self.zones.retain(|id| at.keeps(id));
        self.seen.moved(at, moved);
        self.spans.moved(at, moved);
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
            prefix: self.prefix,
            zones: self.zones,
            seen: self.seen,
            known: self.known,
            spans: self.spans,
            depth: self.depth,
            levels: self.levels,
        }
    }

    /// Goes on where another writer was put aside, with another graph.
    pub fn resume(graph: &'a Graph, options: &'a WriteOptions, ledger: &'a mut Ledger, from: Suspended<'w, S>) -> Self {
        let Suspended { sink, out, todo, pool, scratch, prefix, zones, seen, known, spans, depth, levels } = from;
        Natural {
            todo,
            pool,
            scratch,
            prefix,
            zones,
            seen,
            known,
            spans,
            depth,
            levels,
            ..Natural::bare(graph, options, ledger, sink, out)
        }
    }

    /// How many items an object has, or will have.
    pub(super) fn count(&self, id: NodeId) -> usize {
        self.begun.filter(|begun| begun.id == id).map_or_else(|| self.graph.count(id), |begun| begun.count)
    }

    /// Begins a container whose items come in parts; `prefix` is the path of the outermost of them.
    pub fn begin(&mut self, begun: Begun, place: Place, prefix: &str) -> Result<(), Error> {
        let mut prefix = self.levels.last().map_or(prefix, |level| level.prefix.as_str()).to_owned();
        match place {
            Place::Root => {}
            Place::Line(index) | Place::Element(index) => path::push_index(index, &mut prefix),
            Place::Entry(key) => path::push_key(self.graph, key, &mut prefix),
        }
        self.prefix.clone_from(&prefix);
        match place {
            Place::Root | Place::Line(_) => {}
            Place::Element(_) => self.sink.element(),
            Place::Entry(key) => {
                self.sink.key();
                match key {
                    Value::Str { len, at } => self.sink.str(self.graph.text(len, at)),
                    other => {
                        self.key(other, Value::None)?;
                    }
                }
                self.sink.value();
            }
        }
        self.begun = Some(begun);
        let result = self.object(begun.id);
        self.begun = None;
        result?;
        let form = match self.todo.pop() {
            Some(Step::Seq { .. }) => Form::Elements,
            Some(Step::Map { .. }) => Form::Entries,
            Some(Step::Pairs { .. }) => Form::Pairs,
            _ => return Err(Error::misuse("expected a container to be written in parts, found another value")),
        };
        self.levels.push(Level { prefix, ends: std::mem::take(&mut self.todo), form });
        Ok(())
    }

    /// Writes the next items of the container that was begun last; so many came before.
    pub fn next_part(&mut self, walk: Walk, first: u64) -> Result<(), Error> {
        let Some(level) = self.levels.last() else { return Ok(()) };
        self.prefix.clone_from(&level.prefix);
        self.todo.push(match level.form {
            Form::Elements => Step::Seq { walk, index: first },
            Form::Entries => Step::Map { walk, key: Value::None },
            Form::Pairs => Step::Pairs { walk, key: Value::None },
        });
        self.run()
    }

    /// Ends the container that was begun last.
    pub fn end(&mut self) -> Result<(), Error> {
        let Some(level) = self.levels.pop() else { return Ok(()) };
        self.prefix = level.prefix;
        self.todo = level.ends;
        self.run()
    }
}
