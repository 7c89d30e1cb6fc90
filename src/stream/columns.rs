//! A table that is a dict of long columns: they come one after another, and are kept as arrays until all are there.
//!
//! What cannot be taken so is read whole, where whatever is wrong with it is said.

use super::{Job, Work};
use crate::convert::Report;
use crate::error::{Error, Failure};
use crate::machine::batches::{Opened, Pickles, Sink};
use crate::machine::liveness;
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::graph::{Graph, Kind};
use crate::model::value::{NodeId, Value};
use crate::output::Output;
use crate::progress::Stage;
use crate::source::random::Section;
use crate::tabular::Terms;
use crate::tabular::long::{Long, Made, Types, unexpected};
use crate::writers::batches;
use crate::writers::check::{self, Checked, Sharing, Sizes};
use crate::writers::options::Format;
use crate::writers::out::Out;
use crate::writers::path;

impl Job<'_> {
    /// Writes the table that a dict of columns is; `None` where the whole is to be read.
    pub(super) fn columns(
        &self,
        section: &Section,
        found: &liveness::Batches,
        output: &mut dyn Output,
    ) -> Result<Option<Report>, Failure> {
        let (converter, options) = (self.converter, &self.converter.options);
        let limits = converter.reader.allowed();
        let terms = Terms { options, flat: options.format == Format::Csv, max_output: self.max_output };
        converter.begin(Stage::Converting);
        let mut types = None;
        loop {
            let is_first = types.is_none();
            let mut parts = Parts::new(self, terms, types);
            let Ok(read) = self.run(section, Work::Batches(found.clone()), &mut parts) else { return Ok(None) };
            let Some(long) = parts.long else { return Ok(None) };
            match long.finish(&Graph::new(limits)) {
                Ok(Made::Table(schema, mut stack, ledger)) => {
                    let out = Out::new(output, self.max_output).holding(limits.max_memory);
                    let mut writer = batches::begin(&schema, options, out)?;
                    while let Some(batch) = stack.next_batch()? {
                        writer.push(&batch)?;
                    }
                    return Ok(Some(self.report(read, writer.finish()?, ledger)));
                }
                Ok(Made::Again(found)) if is_first => types = Some(found),
                Ok(Made::Again(_)) | Err(_) => return Ok(None),
            }
        }
    }
}

/// What takes the parts of the columns.
struct Parts<'j, 'c> {
    job: &'j Job<'c>,
    terms: Terms<'j>,
    types: Option<Types>,
    /// None until the dict begins.
    long: Option<Long<'j>>,
    /// The path of the column that is open.
    inside: Option<String>,
    /// What the parts so far become.
    sizes: Sizes,
}

impl<'j, 'c> Parts<'j, 'c> {
    fn new(job: &'j Job<'c>, terms: Terms<'j>, types: Option<Types>) -> Self {
        Parts { job, terms, types, long: None, inside: None, sizes: Sizes::default() }
    }

    fn long(&mut self) -> Result<&mut Long<'j>, Error> {
        self.long.as_mut().ok_or_else(unexpected)
    }

    fn check(&mut self, graph: &Graph, part: NodeId, first: u64) -> Result<(), Error> {
        // A column stands in the dict.
        let levels = u32::from(self.inside.is_some());
        let max_depth = self.job.converter.reader.allowed().max_depth.saturating_sub(levels);
        self.sizes.keep(NodeId(0));
        let max_output = self.job.max_output;
        let path = |_| self.inside.as_deref().unwrap_or("$").to_owned();
        let checked = Checked { roots: &[Value::Object(part)], first, path: &path };
        check::check(graph, checked, Sharing::Expanded, max_output, max_depth, &mut self.sizes)
    }
}

impl Sink for Parts<'_, '_> {
    fn takes(&self, graph: &Graph, levels: &[Opened]) -> bool {
        match levels {
            [root] => matches!(graph.kind(root.id), Kind::Dict | Kind::OrderedDict | Kind::DefaultDict),
            [_, column] => graph.kind(column.id) == Kind::List,
            _ => false,
        }
    }

    fn open(&mut self, graph: &Graph, opened: Opened, key: Option<Value>, _before: u64) -> Result<(), Error> {
        let Some(key) = key else {
            let max_held = self.job.converter.reader.allowed().max_memory;
            let mut long = Long::new(self.terms, opened.items, self.types.take(), max_held);
            long.root(graph, opened.id)?;
            self.long = Some(long);
            return Ok(());
        };
        let mut path = "$".to_owned();
        path::push_key(graph, key, &mut path);
        self.inside = Some(path);
        self.long()?.begin(graph, key, opened.id, opened.items)
    }

    fn batch(&mut self, graph: &Graph, part: NodeId, first: u64) -> Result<(), Error> {
        self.check(graph, part, first)?;
        if self.inside.is_some() {
            return self.long()?.values(graph, part);
        }
        let mut entries = graph.items(part);
        while let (Some(key), Some(value)) = (entries.next(), entries.next()) {
            let Value::Object(column) = value else { return Err(unexpected()) };
            let long = self.long()?;
            long.begin(graph, key, column, graph.count(column) as u64)?;
            long.values(graph, column)?;
            long.end()?;
        }
        Ok(())
    }

    fn close(&mut self, _graph: &Graph) -> Result<(), Error> {
        if self.inside.take().is_some() { self.long()?.end() } else { Ok(()) }
    }

    fn moved(&mut self, at: Checkpoint, _moved: &Moved) {
        if let Some(long) = &mut self.long {
            long.retain(|id| at.keeps(id));
        }
    }
}

impl Pickles for Parts<'_, '_> {
    fn pickle(&mut self, _graph: &Graph, _root: Value, _n: u64) -> Result<(), Error> {
        Err(unexpected())
    }
}
