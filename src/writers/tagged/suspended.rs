//! The writer between two batches: what it knows without a graph.

use std::collections::HashMap;

use super::{Step, Tagged};
use crate::error::Error;
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::graph::{Graph, Walk};
use crate::model::value::{NodeId, Value};
use crate::writers::event::{Begun, Place, Sink};
use crate::writers::out::Out;
use crate::writers::path;

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
    out: Option<Out<'w>>,
    todo: Vec<Step>,
    scratch: String,
    depth: u32,
    max_depth: u32,
    defined: HashMap<NodeId, u32>,
    count: u32,
    levels: Vec<Level>,
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
            levels: self.levels,
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
        writer.levels = from.levels;
        writer
    }

    /// How many items an object has, or will have.
    pub(super) fn count(&self, id: NodeId) -> usize {
        self.begun.filter(|begun| begun.id == id).map_or_else(|| self.graph.count(id), |begun| begun.count)
    }

    /// Writes an object up to its first item.
    fn open(&mut self, id: NodeId) -> Result<(), Error> {
        self.object(id)?;
        while let Some(step) =
            self.todo.pop_if(|step| !matches!(step, Step::Seq { .. } | Step::Map { .. } | Step::Pairs { .. }))
        {
            self.rest(step)?;
        }
        Ok(())
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
        let mut in_pair = false;
        match place {
            Place::Root | Place::Line(_) => {}
            Place::Element(_) => self.sink.element(),
            Place::Entry(key) if matches!(self.levels.last(), Some(Level { form: Form::Pairs, .. })) => {
                self.sink.element();
                self.deeper(1)?;
                self.sink.begin_array(2);
                self.sink.element();
                self.emit(key)?;
                self.sink.element();
                in_pair = true;
            }
            Place::Entry(key) => {
                self.sink.key();
                if let Value::Str { len, at } = key {
                    self.sink.str(self.graph.text(len, at));
                }
                self.sink.value();
            }
        }
        if in_pair {
            self.todo.push(Step::EndArray);
        }
        self.begun = Some(begun);
        let result = self.open(begun.id);
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
