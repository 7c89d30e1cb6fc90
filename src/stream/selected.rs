//! `--select`: of all that is handed over, one value is passed on, as if it were the root.

use super::Job;
use crate::error::Error;
use crate::machine::batches::{Opened, Pickles, Sink as Batches};
use crate::model::graph::Graph;
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::value::{NodeId, Value};
use crate::select::Select;

/// Who takes a value that stands alone.
pub(super) trait Values: Batches {
    /// The value that was selected; all of it is there.
    ///
    /// # Errors
    /// As for [`Batches::batch`].
    fn value(&mut self, graph: &Graph, value: Value) -> Result<(), Error>;
}

/// Passes on what is selected.
pub(super) struct Selected<'s, B> {
    pub inner: B,
    select: &'s Select,
    /// Containers that are open.
    levels: usize,
    /// So many of them lie on the path, from the root on.
    on_path: usize,
    /// What was selected was found.
    found: bool,
}

impl<'s, B: Values> Selected<'s, B> {
    pub fn new(inner: B, select: &'s Select) -> Self {
        Selected { inner, select, levels: 0, on_path: 0, found: false }
    }

    /// What takes the value, if there was one.
    ///
    /// # Errors
    /// There was none: who reads the whole says what there is instead.
    pub fn into_inner(self, job: &Job<'_>) -> Result<B, Error> {
        if self.found {
            return Ok(self.inner);
        }
        job.not_taken.set(true);
        Err(Error::misuse("nothing to select"))
    }

    /// Parts of the path.
    fn parts(&self) -> usize {
        self.select.len()
    }

    /// Whether what is open innermost is what was selected, or lies in it.
    fn is_within(&self) -> bool {
        self.on_path == self.parts() + 1
    }
}

impl<B: Values> Batches for Selected<'_, B> {
    fn takes(&self, graph: &Graph, levels: &[Opened]) -> bool {
        self.inner.takes(graph, levels)
    }

    fn open(&mut self, graph: &Graph, opened: Opened, key: Option<Value>, before: u64) -> Result<(), Error> {
        let on_path = self.on_path == self.levels
            && self.levels <= self.parts()
            && self.levels.checked_sub(1).is_none_or(|part| match key {
                Some(key) => self.select.names(part, graph, key),
                None => self.select.counts(part, before),
            });
        self.levels += 1;
        if on_path {
            self.on_path = self.levels;
            self.found |= self.is_within();
        }
        if self.is_within() { self.inner.open(graph, opened, key, before) } else { Ok(()) }
    }

    fn batch(&mut self, graph: &Graph, part: NodeId, first: u64) -> Result<(), Error> {
        if self.is_within() {
            return self.inner.batch(graph, part, first);
        }
        if self.on_path < self.levels || self.found {
            return Ok(());
        }
        match self.select.within(graph, part, self.levels - 1, first) {
            Some(value) => {
                self.found = true;
                self.inner.value(graph, value)
            }
            None => Ok(()),
        }
    }

    fn close(&mut self, graph: &Graph) -> Result<(), Error> {
        let within = self.is_within();
        self.levels = self.levels.saturating_sub(1);
        if within {
            self.inner.close(graph)?;
        }
        self.on_path = self.on_path.min(self.levels);
        Ok(())
    }

    fn moved(&mut self, at: Checkpoint, moved: &Moved) {
        self.inner.moved(at, moved);
    }
}

/// What was selected lies in one pickle.
impl<B> Pickles for Selected<'_, B> {
    fn pickle(&mut self, _graph: &Graph, _root: Value, _n: u64) -> Result<(), Error> {
        Err(Error::misuse("expected one pickle to select from, found several"))
    }
}
