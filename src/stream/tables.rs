//! A table of rows in batches: one run of the machine to decide the types over all rows, one to build the columns.

use std::io::Write;

use super::{Job, Work};
use crate::convert::Report;
use crate::error::{Error, Failure};
use crate::machine::batches::{Pickles, Sink};
use crate::model::graph::Graph;
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::value::{NodeId, Value};
use crate::progress::Stage;
use crate::report::ledger::Ledger;
use crate::source::random::Section;
use crate::tabular::{Building, Looking, NoTable, Terms};
use crate::writers::batches::{self, Writer};
use crate::writers::check::{self, Sharing};
use crate::writers::options::Format;
use crate::writers::out::Out;

impl Job<'_> {
    /// Writes the table that the rows are; `None` where only the whole can say what is wrong with them.
    pub(super) fn table(
        &self,
        section: &Section,
        work: Work,
        output: &mut dyn Write,
    ) -> Result<Option<Report>, Failure> {
        let (converter, options) = (self.converter, &self.converter.options);
        let terms = Terms { options, flat: options.format == Format::Csv, max_output: self.max_output };
        converter.begin(Stage::Checking);
        let mut first = First { job: self, looking: Looking::new(terms), expanded: 0, error: None };
        self.run(section, work.clone(), &mut first)?;
        if let Some(error) = first.error {
            return Err(error.into());
        }
        let empty = Graph::new(converter.reader.allowed());
        let building = match first.looking.decide(&empty) {
            Ok(building) => building,
            Err(NoTable::Error(error)) => return Err(error.into()),
            Err(NoTable::Whole) => return Ok(None),
        };
        converter.begin(Stage::Converting);
        let mut ledger = Ledger::default();
        let writer = batches::begin(building.schema(), options, Out::new(output, self.max_output))?;
        let mut second = Second { job: self, building, writer, ledger: &mut ledger };
        let (bytes_read, protocol, codecs) = self.run(section, work, &mut second)?;
        let Second { building, mut writer, ledger: counted, .. } = second;
        if let Some(batch) = building.finish(&empty, counted)? {
            writer.push(&batch)?;
        }
        let written = writer.finish()?;
        ledger.merge(&written.ledger);
        let pickles = if self.root.is_some() { 1 } else { self.items };
        Ok(Some(Report {
            pickles,
            bytes_read,
            bytes_written: written.bytes,
            protocol,
            codecs,
            notes: Vec::new(),
            ledger,
            proto: written.proto,
        }))
    }
}

/// The pass that decides on the columns. What is wrong with the rows is said once the input is known to be sound.
struct First<'j, 'c> {
    job: &'j Job<'c>,
    looking: Looking<'j>,
    /// Values that the batches so far become.
    expanded: u64,
    error: Option<Error>,
}

impl First<'_, '_> {
    fn rows(&mut self, graph: &Graph, root: Value, rows: impl Iterator<Item = Value>) {
        if self.error.is_none() {
            self.error = self.check(graph, root).err();
        }
        if self.error.is_none() {
            self.looking.rows(graph, rows);
        }
    }

    fn check(&mut self, graph: &Graph, root: Value) -> Result<(), Error> {
        let max_depth = self.job.converter.reader.allowed().max_depth;
        let values = check::expanded(graph, &[root], Sharing::Expanded, max_depth)?;
        self.expanded = self.expanded.saturating_add(values);
        if self.expanded > self.job.max_output {
            return Err(check::too_many(self.expanded, self.job.max_output));
        }
        Ok(())
    }
}

impl Sink for First<'_, '_> {
    fn batch(&mut self, graph: &Graph, root: NodeId, _first: u64) -> Result<(), Error> {
        self.rows(graph, Value::Object(root), graph.items(root));
        Ok(())
    }

    fn moved(&mut self, at: Checkpoint, _moved: &Moved) {
        self.looking.retain(|id| at.keeps(id));
    }
}

impl Pickles for First<'_, '_> {
    fn pickle(&mut self, graph: &Graph, root: Value, _n: u64) -> Result<(), Error> {
        self.rows(graph, root, std::iter::once(root));
        self.looking.retain(|_| false);
        Ok(())
    }
}

/// The pass that builds the columns.
struct Second<'j, 'c, 'w> {
    job: &'j Job<'c>,
    building: Building<'j>,
    writer: Box<dyn Writer + 'w>,
    ledger: &'j mut Ledger,
}

impl Second<'_, '_, '_> {
    fn rows(&mut self, graph: &Graph, rows: impl Iterator<Item = Value>) -> Result<(), Error> {
        let writer = &mut self.writer;
        self.building.rows(graph, rows, self.ledger, &mut |batch| writer.push(batch))
    }
}

impl Sink for Second<'_, '_, '_> {
    fn batch(&mut self, graph: &Graph, root: NodeId, first: u64) -> Result<(), Error> {
        // It was checked already, but the file may have changed.
        self.job.check(graph, Value::Object(root))?;
        self.rows(graph, graph.items(root))?;
        self.job.count(first, graph, root);
        Ok(())
    }

    fn moved(&mut self, at: Checkpoint, _moved: &Moved) {
        self.building.retain(|id| at.keeps(id));
    }
}

impl Pickles for Second<'_, '_, '_> {
    fn pickle(&mut self, graph: &Graph, root: Value, n: u64) -> Result<(), Error> {
        self.job.check(graph, root)?;
        self.rows(graph, std::iter::once(root))?;
        self.building.retain(|_| false);
        if let Some(progress) = &self.job.converter.progress {
            progress.set_rows(n);
        }
        Ok(())
    }
}
