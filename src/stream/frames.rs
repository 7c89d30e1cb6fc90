//! Many pickles as frames of Protocol Buffers, one by one.
//!
//! One pickle is one message, and its length stands before it, as does that of every message in it: it is read whole.

use std::io::Write;

use super::{Job, Work, lost};
use crate::convert::{MAX_LEVELS, Report};
use crate::error::{Error, Failure};
use crate::machine::batches::{Pickles, Sink as Batches};
use crate::model::graph::Graph;
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Ledger;
use crate::source::random::Section;
use crate::writers::out::Out;
use crate::writers::protobuf::{Protobuf, Suspended};

impl Job<'_> {
    /// Writes the frames of every pickle.
    pub(super) fn frames(&self, section: &Section, work: Work, output: &mut dyn Write) -> Result<Report, Failure> {
        self.check_first(section, &work)?;
        let max_depth = self.converter.reader.allowed().max_depth.saturating_mul(MAX_LEVELS);
        let empty = Graph::new(self.converter.reader.allowed());
        let mut writer = Protobuf::new(&empty, max_depth, self.max_output, Out::new(output, self.max_output));
        writer.header(usize::try_from(self.items.get()).unwrap_or(usize::MAX));
        let mut frames = Frames { job: self, max_depth, state: Some(writer.suspend()) };
        let (bytes_read, protocol, codecs) = self.run(section, work, &mut frames)?;
        let Some(state) = frames.state else { return Err(lost().into()) };
        let bytes_written = Protobuf::resume(&empty, max_depth, state).finish()?;
        let (notes, ledger) = (Vec::new(), Ledger::default());
        Ok(Report {
            pickles: self.items.get(),
            bytes_read,
            bytes_written,
            protocol,
            codecs,
            notes,
            ledger,
            proto: None,
        })
    }
}

struct Frames<'j, 'c, 'w> {
    job: &'j Job<'c>,
    max_depth: u32,
    /// None while a pickle is written, or after it failed.
    state: Option<Suspended<'w>>,
}

impl Pickles for Frames<'_, '_, '_> {
    fn pickle(&mut self, graph: &Graph, root: Value, n: u64) -> Result<(), Error> {
        self.job.check_pickles(graph, &[root], n)?;
        if let Some(progress) = &self.job.converter.progress {
            progress.set_rows(n);
        }
        let state = self.state.take().ok_or_else(lost)?;
        let mut writer = Protobuf::resume(graph, self.max_depth, state);
        writer.write(root, &format!("$[{n}]"))?;
        self.state = Some(writer.suspend());
        Ok(())
    }
}

/// There are many pickles.
impl Batches for Frames<'_, '_, '_> {
    fn batch(&mut self, _graph: &Graph, _part: NodeId, _first: u64) -> Result<(), Error> {
        Err(Error::misuse("expected many pickles, found one in batches"))
    }

    fn moved(&mut self, _at: Checkpoint, _moved: &Moved) {}
}
