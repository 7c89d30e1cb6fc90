//! Many inputs, one after another, into one graph.

use std::io::Read;
use std::path::Path;

use super::cut_off;
use super::joblib::Beside;
use super::reading::Reading;
use crate::error::{Error, Failure};
use crate::limits::LimitExceededResult;
use crate::model::graph::Graph;
use crate::model::graph::generations::Checkpoint;
use crate::model::value::Value;

/// One input of many.
pub(crate) struct One {
    pub roots: Vec<Value>,
    pub notes: Vec<String>,
    pub codecs: Vec<&'static str>,
    pub pickles: u64,
    pub protocol: u8,
}

impl Reading<'_> {
    /// Reads one more input.
    ///
    /// # Errors
    /// All its findings; what it left in the graph is for [`Reading::forget_since`].
    pub fn one_of_many<'a>(&mut self, stream: Box<dyn Read + Send + 'a>) -> Result<One, Failure> {
        (self.pickles, self.foreign) = (0, false);
        self.codecs.clear();
        let roots = self.input(stream, None);
        let (findings, protocol) = self.machine.end_input(&roots);
        if !findings.errors.is_empty() {
            let errors: Vec<Error> = findings.errors.into_iter().map(cut_off).collect();
            return Err(if self.foreign { Failure::foreign(errors) } else { Failure::new(errors, findings.more) });
        }
        let codecs = std::mem::take(&mut self.codecs);
        Ok(One { roots, notes: findings.notes, codecs, pickles: self.pickles, protocol })
    }

    /// Drops what the graph got since; nothing of it is referred to.
    pub fn forget_since(&mut self, at: Checkpoint) -> LimitExceededResult<()> {
        let graph = self.machine.graph();
        graph.pending = 0;
        graph.collect(at, std::iter::empty()).map(drop)
    }

    /// Where the inputs that follow have files beside them.
    pub fn side_files(&mut self, folder: Option<&Path>) {
        let beside = folder.map(|folder| Beside::new(folder.into(), self.reader.limits.clone()));
        self.machine.give_side_files(beside.map(|beside| Box::new(beside) as _));
    }

    /// All that was read.
    pub fn graph(&mut self) -> &mut Graph {
        self.machine.graph()
    }

    /// Bytes that were read, decompressed.
    pub fn bytes(&self) -> u64 {
        self.machine.bytes()
    }

    /// Nothing more is read.
    pub fn into_graph(self) -> Graph {
        self.machine.finish(Vec::new()).graph
    }
}
