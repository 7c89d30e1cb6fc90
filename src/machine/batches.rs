//! Handing over what the root holds in batches, while the machine fills it.
//!
//! After each batch the arena is used again; only what later opcodes read from the memo is kept.

use super::liveness::{Batches, Slots};
use super::{Globals, Machine, Trailing, located, unhashable};
use crate::error::Error;
use crate::location::Location;
use crate::model::graph::Graph;
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::key::KeyError;
use crate::model::value::{NodeId, Value};
use crate::opcode::lexer::Lexer;

/// Who takes the batches.
pub(crate) trait Sink {
    /// The root holds the next items of the list (keys and values in turn of the dict); `first` items or entries came before.
    ///
    /// # Errors
    /// What the format cannot carry, the output limit, I/O.
    fn batch(&mut self, graph: &Graph, root: NodeId, first: u64) -> Result<(), Error>;

    /// The batch is dropped: objects before `at` stay, those of `moved` have new numbers, all others are gone.
    fn moved(&mut self, at: Checkpoint, moved: &Moved);
}

/// Who takes pickles one by one.
pub(crate) trait Pickles {
    /// The `n`th pickle holds `root`. It is dropped afterwards, with everything in the graph.
    ///
    /// # Errors
    /// What the format cannot carry, the output limit, I/O.
    fn pickle(&mut self, graph: &Graph, root: Value, n: u64) -> Result<(), Error>;
}

/// The state of a pickle that is read in batches.
pub(super) struct Stream<'s> {
    sink: &'s mut dyn Sink,
    ends: std::vec::IntoIter<u64>,
    /// Where the current batch ends.
    end: u64,
    /// The root, and the end of the old generation, once the root is there.
    root: Option<(NodeId, Checkpoint)>,
    batch: u32,
    /// Items or entries that were handed over.
    done: u64,
    /// Items per entry: 2 for a dict.
    stride: u64,
}

/// The stream is not the one that the first pass read.
pub(super) fn changed() -> Error {
    let e = std::io::Error::other("the input changed while it was read");
    Error::io(e, Location::default())
}

impl<'s> Stream<'s> {
    pub fn new(batches: Batches, sink: &'s mut dyn Sink) -> (Self, Slots) {
        let stride = match batches.root {
            super::liveness::Root::List => 1,
            super::liveness::Root::Dict => 2,
        };
        let mut ends = batches.ends.into_iter();
        let end = ends.next().unwrap_or(u64::MAX);
        (Stream { sink, ends, end, root: None, batch: 0, done: 0, stride }, batches.slots)
    }
}

impl<G: Globals> Machine<G> {
    /// Reads the `count` pickles of a stream and hands over each.
    pub(super) fn each(&mut self, lexer: &mut Lexer<'_>, count: u64, sink: &mut dyn Pickles) -> Result<(), Error> {
        let empty = self.graph.checkpoint();
        for n in 0..count {
            let (start, known) = (lexer.offset(), self.findings.errors.len());
            let root = match self.read(lexer, None) {
                Ok(root) => root,
                Err(error) if n == 0 => return Err(error),
                Err(error) => {
                    self.after_stop(error, start, known, Trailing::Error);
                    return Ok(());
                }
            };
            self.highest = self.highest.max(self.protocol);
            if self.findings.errors.is_empty() && self.strict.is_empty() {
                self.left_over(&[root]);
            }
            if self.findings.errors.is_empty() && self.strict.is_empty() {
                sink.pickle(&self.graph, root, n)?;
            }
            self.memo.clear();
            self.graph.collect(empty, std::iter::empty()).map_err(|e| Error::limit(e, Location::default()))?;
            self.graph.pending = 0;
        }
        match lexer.peek()? {
            None => Ok(()),
            Some(_) => Err(changed()),
        }
    }

    /// What is done between two opcodes now and then; where it is to be done next.
    pub(super) fn at_batch(&mut self, offset: u64, stream: &mut Stream<'_>) -> Result<u64, Error> {
        if stream.root.is_none() {
            // The root is the first object on the stack.
            let Some(Value::Object(root)) = self.stack.peek(0).filter(|_| self.stack.height() == 1) else {
                return Ok(offset + 1);
            };
            stream.root = Some((root, self.graph.checkpoint()));
        }
        if offset >= stream.end {
            self.flush(stream)?;
            stream.end = stream.ends.next().unwrap_or(u64::MAX);
        }
        Ok(stream.end)
    }

    /// Hands over what the root holds, and empties it.
    pub(super) fn flush(&mut self, stream: &mut Stream<'_>) -> Result<(), Error> {
        let Some((root, at)) = stream.root.filter(|_| self.stack.height() <= 1) else { return Err(changed()) };
        // The first pass has seen that its keys differ.
        self.graph.forget_unsealed(root);
        self.graph.seal().map_err(|e| match e {
            KeyError::Limit(e) => Error::limit(e, Location::default()),
            KeyError::Unhashable(kind) => Error::malformed(unhashable(kind), Location::default()),
        })?;
        if self.findings.errors.is_empty() {
            for reject in self.globals.finish(&mut self.graph, &[Value::Object(root)]) {
                if let Some(error) = located(reject, Location::default()) {
                    self.findings.push(error);
                }
            }
        }
        if self.findings.errors.is_empty() {
            stream.sink.batch(&self.graph, root, stream.done)?;
        }
        stream.done += self.graph.count(root) as u64 / stream.stride;
        self.graph.clear(root);
        let batch = stream.batch;
        let slots = self.slots.as_ref();
        let kept = self.memo.retain(|slot| slots.is_some_and(|slots| slots.outlives(slot, batch)));
        let mut values: Vec<Value> = kept.iter().filter_map(|slot| self.memo.get(*slot)).collect();
        let (next, moved) =
            self.graph.collect(at, values.iter_mut()).map_err(|e| Error::limit(e, Location::default()))?;
        for (slot, value) in kept.into_iter().zip(values) {
            self.memo.replace(slot, value);
        }
        stream.sink.moved(at, &moved);
        stream.root = Some((root, next));
        stream.batch += 1;
        Ok(())
    }
}
