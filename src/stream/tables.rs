//! A table of rows in batches.
//!
//! Its types are decided over all rows. Where the output can be taken back, the columns are built in the same run of the machine,
//! by the types of the rows before; where later rows have others, they are built anew. Else one run of the machine looks
//! at all rows, and a second one builds their columns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Job, Work};
use crate::convert::Report;
use crate::error::{Error, ErrorKind, Failure};
use crate::location::Location;
use crate::machine::batches::{Opened, Pickles, Sink};
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::graph::{Graph, Kind};
use crate::model::value::{NodeId, Value};
use crate::output::Output;
use crate::progress::Stage;
use crate::report::ledger::{Ledger, Step};
use crate::source::random::{RandomAccess, Section, Watched};
use crate::tabular::{Building, Decided, Looking, NoTable, Terms};
use crate::writers::batches::{self, Writer, Written};
use crate::writers::check::Checked;
use crate::writers::options::Format;
use crate::writers::out::Out;

/// Rows of many pickles after which the types are decided for the first time, and looked at again.
const ROWS: u64 = 1_024;
/// What is built for nothing is a part of the rows, at most: where types change later, the rest is only looked at.
const FOR_NOTHING: u64 = 8;
/// The part of an input over which the types are decided for the first time, where only that part says how many rows there will be.
const SAMPLE: u64 = 128;

/// What is read from an input: bytes, protocol, codecs.
type Read = (u64, u8, Vec<&'static str>);

impl Job<'_> {
    /// Writes the table that the rows are; `None` where only the whole can say what is wrong with them.
    pub(super) fn table(
        &self,
        section: &Section,
        work: Work,
        output: &mut dyn Output,
    ) -> Result<Option<Report>, Failure> {
        let (converter, options) = (self.converter, &self.converter.options);
        let terms = Terms { options, flat: options.format == Format::Csv, max_output: self.max_output };
        let empty = Graph::new(converter.reader.allowed());
        let (first, built) = if output.can_take_back() {
            let extent = match work {
                Work::Guess => Extent::of(section),
                Work::Batches(_) | Work::Pickles(_) => Extent::Rows(self.items.get()),
            };
            let watched = extent.watch(section);
            self.guess(&watched, &work, terms, &extent, output)?
        } else {
            converter.begin(Stage::Checking);
            let mut first = First::new(self, terms);
            self.run(section, work.clone(), &mut first)?;
            (first, None)
        };
        if let Some(error) = first.error {
            return Err(error.into());
        }
        let (decided, known) = match first.looking.decide(&empty) {
            Ok(decided) => decided,
            Err(NoTable::Error(error)) => return Err(error.into()),
            Err(NoTable::Whole) => {
                take_back(output)?;
                return Ok(None);
            }
        };
        if let Some(built) = built
            && built.decided == decided
            && !known.is_half_spent()
        {
            let (written, ledger) = built.end?;
            return Ok(Some(self.report(built.read, written, ledger)));
        }
        take_back(output)?;
        converter.begin(Stage::Converting);
        let mut second = Second::new(self, Building::new(terms, &decided, Some(known)), output)?;
        let read = self.run(section, work, &mut second)?;
        let (written, ledger) = second.finish(&empty)?;
        Ok(Some(self.report(read, written, ledger)))
    }

    pub(super) fn report(&self, read: Read, written: Written, mut ledger: Ledger) -> Report {
        let (bytes_read, protocol, codecs) = read;
        ledger.merge(&written.ledger);
        let pickles = if self.root.get().is_some() { 1 } else { self.items.get() };
        Report {
            pickles,
            bytes_read,
            bytes_written: written.bytes,
            protocol,
            codecs,
            notes: Vec::new(),
            ledger,
            proto: written.proto,
        }
    }

    /// Both passes in one run of the machine, after one over the first rows, and others where types change early. What was
    /// built counts only if its columns are those that are decided on in the end.
    fn guess<'j>(
        &'j self,
        section: &Section,
        work: &Work,
        terms: Terms<'j>,
        extent: &Extent,
        output: &mut dyn Output,
    ) -> Result<Looked<'j>, Failure> {
        let (mut guessed, mut spent) = (None, 0u64);
        self.converter.begin(Stage::Converting);
        loop {
            let probing = guessed.is_none();
            match self.attempt(section, work, terms, guessed.take(), (extent, spent), output)? {
                Attempt::Done(looked) => return Ok(*looked),
                Attempt::Again(decided, rows) => {
                    if !probing {
                        spent = spent.saturating_add(rows);
                    }
                    guessed = Some((decided, rows));
                    take_back(output)?;
                }
            }
        }
    }

    /// One run of the machine. `guessed` are the columns, and the rows over which they were decided on; none for the first run,
    /// which only finds them.
    fn attempt<'j>(
        &'j self,
        section: &Section,
        work: &Work,
        terms: Terms<'j>,
        guessed: Option<(Decided, u64)>,
        (extent, spent): (&Extent, u64),
        output: &mut dyn Output,
    ) -> Result<Attempt<'j>, Failure> {
        let probing = guessed.is_none();
        // A type that the format lacks may be none in the end.
        let columns = guessed.and_then(|(decided, since)| {
            let second = Second::new(self, Building::new(terms, &decided, None), output).ok()?;
            Some(Columns { second, decided, since, error: None })
        });
        let mut guess =
            Guess { first: First::new(self, terms), probing, columns, extent: extent.clone(), spent, next: None };
        let read = self.run(section, work.clone(), &mut guess);
        let Guess { first, columns, next, .. } = guess;
        if let Some((decided, rows)) = next {
            return Ok(Attempt::Again(decided, rows));
        }
        let read = read?;
        let Some(Columns { second, decided, error, .. }) = columns else {
            return Ok(Attempt::Done(Box::new((first, None))));
        };
        let end = match error {
            Some(error) => Err(error),
            None => second.finish(&Graph::new(self.converter.reader.allowed())),
        };
        Ok(Attempt::Done(Box::new((first, Some(Built { decided, end, read })))))
    }
}

/// What the rows are, and what was built meanwhile.
type Looked<'j> = (First<'j, 'j>, Option<Built>);

/// What came of a run of the machine.
enum Attempt<'j> {
    /// Its rows are to be built anew, with the columns that so many of them have.
    Again(Decided, u64),
    Done(Box<Looked<'j>>),
}

/// How many rows there are.
#[derive(Clone)]
enum Extent {
    Rows(u64),
    /// As many as the part says that was read: where it ends, and the bytes of all.
    Read {
        at: Arc<AtomicU64>,
        len: u64,
    },
}

impl Extent {
    /// That of an input of which nothing is known.
    fn of(section: &Section) -> Self {
        Extent::Read { at: Arc::default(), len: section.len() }
    }

    /// The input, whose reading it follows.
    fn watch(&self, section: &Section) -> Section {
        match self {
            Extent::Rows(_) => section.clone(),
            Extent::Read { at, .. } => Section::all(Arc::new(Watched { input: section.clone(), at: Arc::clone(at) })),
        }
    }

    /// Whether so much was read that the types can be decided for the first time.
    fn is_sampled(&self) -> bool {
        match self {
            Extent::Rows(_) => true,
            Extent::Read { at, len } => at.load(Ordering::Relaxed) >= len / SAMPLE,
        }
    }

    /// The rows that are expected after so many.
    fn rows(&self, so_far: u64) -> u64 {
        match self {
            Extent::Rows(rows) => *rows,
            Extent::Read { at, len } => {
                let at = at.load(Ordering::Relaxed).max(1);
                u64::try_from(u128::from(so_far) * u128::from(*len) / u128::from(at)).unwrap_or(u64::MAX).max(so_far)
            }
        }
    }
}

/// Takes back what was written, if anything can have been.
fn take_back(output: &mut dyn Output) -> Result<(), Error> {
    if output.can_take_back() {
        output.take_back().map_err(|e| Error::io(e, Location::default()))?;
    }
    Ok(())
}

/// Where rows come from.
#[derive(Clone, Copy)]
enum Origin {
    /// The root, of which so many rows came before.
    Root(NodeId, u64),
    /// A pickle of many, and its number.
    Pickle(Value, u64),
}

impl Origin {
    /// Checks what they become.
    fn check(self, job: &Job<'_>, graph: &Graph) -> Result<(), Error> {
        match self {
            Origin::Root(root, first) => {
                job.check(graph, Checked { roots: &[Value::Object(root)], first, path: &|_| "$".to_owned() })
            }
            Origin::Pickle(root, n) => job.check_pickles(graph, &[root], n),
        }
    }
}

/// The pass that decides on the columns. What is wrong with the rows is said once the input is known to be sound.
struct First<'j, 'c> {
    job: &'j Job<'c>,
    looking: Looking<'j>,
    error: Option<Error>,
}

impl<'j, 'c> First<'j, 'c> {
    fn new(job: &'j Job<'c>, terms: Terms<'j>) -> Self {
        First { job, looking: Looking::new(terms), error: None }
    }

    fn rows(&mut self, graph: &Graph, from: Origin, rows: impl Iterator<Item = Value>) {
        if self.error.is_none() {
            self.error = from.check(self.job, graph).err();
        }
        if self.error.is_none() {
            self.looking.rows(graph, rows);
        }
    }

    /// The columns for the rows so far, where `all` are expected.
    fn decided(&mut self, graph: &Graph, all: u64) -> Option<Decided> {
        if self.error.is_some() {
            return None;
        }
        self.looking.so_far(graph, all)
    }
}

/// Whether rows are handed over of that root: a list, or a tuple.
fn takes(graph: &Graph, levels: &[Opened]) -> bool {
    matches!(levels, [root] if matches!(graph.kind(root.id), Kind::List | Kind::Tuple))
}

impl Sink for First<'_, '_> {
    fn takes(&self, graph: &Graph, levels: &[Opened]) -> bool {
        takes(graph, levels)
    }

    fn batch(&mut self, graph: &Graph, root: NodeId, first: u64) -> Result<(), Error> {
        self.rows(graph, Origin::Root(root, first), graph.items(root));
        Ok(())
    }

    fn moved(&mut self, at: Checkpoint, _moved: &Moved) {
        self.looking.retain(|id| at.keeps(id));
    }
}

impl Pickles for First<'_, '_> {
    fn are_many(&mut self, _graph: &Graph) -> Result<(), Error> {
        self.job.root.set(None);
        Ok(())
    }

    fn pickle(&mut self, graph: &Graph, root: Value, n: u64) -> Result<(), Error> {
        self.rows(graph, Origin::Pickle(root, n), std::iter::once(root));
        self.looking.retain(|_| false);
        Ok(())
    }
}

/// The pass that builds the columns.
struct Second<'j, 'c, 'w> {
    job: &'j Job<'c>,
    building: Building<'j>,
    writer: Box<dyn Writer + 'w>,
    ledger: Ledger,
}

impl<'j, 'c, 'w> Second<'j, 'c, 'w>
where
    'j: 'w,
{
    fn new(job: &'j Job<'c>, building: Building<'j>, output: &'w mut dyn Output) -> Result<Self, Error> {
        let writer = batches::begin(
            building.schema(),
            &job.converter.options,
            Out::new(output, job.max_output).holding(job.converter.reader.allowed().max_memory),
        )?;
        Ok(Second { job, building, writer, ledger: Ledger::default() })
    }

    fn rows(&mut self, graph: &Graph, rows: impl Iterator<Item = Value>) -> Result<(), Error> {
        let writer = &mut self.writer;
        self.building.rows(graph, rows, &mut self.ledger, &mut |batch| writer.push(batch))
    }

    /// Writes what is left.
    fn finish(mut self, empty: &Graph) -> Result<(Written, Ledger), Error> {
        if let Some(batch) = self.building.finish(empty, &mut self.ledger)? {
            self.writer.push(&batch)?;
        }
        Ok((self.writer.finish()?, self.ledger))
    }
}

impl<'j, 'w> Sink for Second<'j, '_, 'w>
where
    'j: 'w,
{
    fn takes(&self, graph: &Graph, levels: &[Opened]) -> bool {
        takes(graph, levels)
    }

    fn open(&mut self, graph: &Graph, root: Opened, _key: Option<Value>, _before: u64) -> Result<(), Error> {
        if graph.kind(root.id) == Kind::Tuple {
            self.ledger.count(Step::Tuple, || "$".to_owned());
        }
        Ok(())
    }

    fn batch(&mut self, graph: &Graph, root: NodeId, first: u64) -> Result<(), Error> {
        // It was checked already, but the file may have changed.
        Origin::Root(root, first).check(self.job, graph)?;
        self.rows(graph, graph.items(root))?;
        self.job.count(first, graph, root);
        Ok(())
    }

    fn moved(&mut self, at: Checkpoint, _moved: &Moved) {
        self.building.retain(|id| at.keeps(id));
    }
}

impl<'j, 'w> Pickles for Second<'j, '_, 'w>
where
    'j: 'w,
{
    fn are_many(&mut self, _graph: &Graph) -> Result<(), Error> {
        self.job.root.set(None);
        Ok(())
    }

    fn pickle(&mut self, graph: &Graph, root: Value, n: u64) -> Result<(), Error> {
        Origin::Pickle(root, n).check(self.job, graph)?;
        self.rows(graph, std::iter::once(root))?;
        self.building.retain(|_| false);
        self.job.items.set(n + 1);
        if let Some(progress) = &self.job.converter.progress {
            progress.set_rows(n);
        }
        Ok(())
    }
}

/// What was built by a guess.
struct Built {
    decided: Decided,
    end: Result<(Written, Ledger), Error>,
    read: Read,
}

/// Columns that are built by a guess.
struct Columns<'j, 'c, 'w> {
    second: Second<'j, 'c, 'w>,
    decided: Decided,
    /// Rows over which it was decided: earlier ones alone may well have other types.
    since: u64,
    /// What went wrong, if the guess is right.
    error: Option<Error>,
}

/// Both passes at once.
struct Guess<'j, 'c, 'w> {
    first: First<'j, 'c>,
    /// Only the first rows are looked at.
    probing: bool,
    /// None once types have changed.
    columns: Option<Columns<'j, 'c, 'w>>,
    extent: Extent,
    /// Rows that were built for nothing.
    spent: u64,
    /// What is to be guessed next, and the rows that say so.
    next: Option<(Decided, u64)>,
}

impl<'j, 'w> Guess<'j, '_, 'w>
where
    'j: 'w,
{
    /// Looks at the columns that the rows so far would have.
    ///
    /// # Errors
    /// They have to be built anew.
    fn compare(&mut self, graph: &Graph) -> Result<(), Error> {
        let rows = self.first.looking.count();
        if self.columns.as_ref().is_some_and(|columns| rows < columns.since) {
            return Ok(());
        }
        if !self.probing && self.columns.is_none() {
            return Ok(());
        }
        if self.probing && !self.extent.is_sampled() {
            return Ok(());
        }
        let all = self.extent.rows(rows);
        let now = self.first.decided(graph, all);
        if let (Some(columns), Some(now)) = (&self.columns, &now)
            && columns.decided.is_like(now)
        {
            return Ok(());
        }
        self.columns = None;
        match now {
            Some(now) if self.probing || self.spent.saturating_add(rows) <= all / FOR_NOTHING => {
                self.next = Some((now, rows));
                Err(stop())
            }
            _ => {
                self.probing = false;
                Ok(())
            }
        }
    }

    /// Looks at the next rows, and builds them.
    ///
    /// # Errors
    /// The output takes no more.
    fn rows(&mut self, graph: &Graph, from: Origin, rows: impl Iterator<Item = Value>) -> Result<(), Error> {
        let Guess { first, columns, .. } = self;
        if first.error.is_none() {
            first.error = from.check(first.job, graph).err();
        }
        if first.error.is_some() {
            return Ok(());
        }
        let Some(columns) = columns.as_mut().filter(|columns| columns.error.is_none()) else {
            first.looking.rows(graph, rows);
            return Ok(());
        };
        let Second { building, writer, ledger, .. } = &mut columns.second;
        match first.looking.rows_and_build(building, graph, rows, ledger, &mut |batch| writer.push(batch)) {
            Err(e) if matches!(e.kind(), ErrorKind::Io(_)) => Err(e),
            result => {
                columns.error = result.err();
                Ok(())
            }
        }
    }
}

/// Ends a run of the machine whose rows are to be built anew.
fn stop() -> Error {
    Error::misuse("expected columns of the types that the first rows have, found others")
}

impl<'j, 'w> Sink for Guess<'j, '_, 'w>
where
    'j: 'w,
{
    fn takes(&self, graph: &Graph, levels: &[Opened]) -> bool {
        takes(graph, levels)
    }

    fn open(&mut self, graph: &Graph, root: Opened, key: Option<Value>, before: u64) -> Result<(), Error> {
        match &mut self.columns {
            Some(columns) => columns.second.open(graph, root, key, before),
            None => Ok(()),
        }
    }

    fn batch(&mut self, graph: &Graph, root: NodeId, first: u64) -> Result<(), Error> {
        self.rows(graph, Origin::Root(root, first), graph.items(root))?;
        self.compare(graph)?;
        self.first.job.count(first, graph, root);
        Ok(())
    }

    fn moved(&mut self, at: Checkpoint, moved: &Moved) {
        self.first.moved(at, moved);
        if let Some(columns) = &mut self.columns {
            columns.second.moved(at, moved);
        }
    }
}

impl<'j, 'w> Pickles for Guess<'j, '_, 'w>
where
    'j: 'w,
{
    fn are_many(&mut self, _graph: &Graph) -> Result<(), Error> {
        self.first.job.root.set(None);
        Ok(())
    }

    fn pickle(&mut self, graph: &Graph, root: Value, n: u64) -> Result<(), Error> {
        self.rows(graph, Origin::Pickle(root, n), std::iter::once(root))?;
        if self.first.looking.count().is_multiple_of(ROWS) {
            self.compare(graph)?;
        }
        self.first.looking.retain(|_| false);
        if let Some(columns) = &mut self.columns {
            columns.second.building.retain(|_| false);
        }
        self.first.job.items.set(n + 1);
        if let Some(progress) = &self.first.job.converter.progress {
            progress.set_rows(n);
        }
        Ok(())
    }
}
