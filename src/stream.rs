//! Converting in batches: an input that can be read twice never has to fit in memory.
//!
//! The first pass looks at the shape ([`crate::machine::liveness`]), the second runs the machine and writes each batch. Where
//! the shape does not allow it, the whole is read.

#[cfg(feature = "tables")]
mod columns;
#[cfg(feature = "protobuf")]
mod frames;
mod mapped;
mod selected;
mod spool;
#[cfg(feature = "tables")]
mod tables;

use std::cell::{Cell, RefCell};
use std::io::Write;

pub use spool::Spooled;

use selected::{Selected, Values};

use crate::container::{self, Form, Opened};
use crate::convert::{Converter, MAX_LEVELS, Report};
use crate::document::is_legacy;
use crate::error::{Error, Failure};
use crate::limits::Limits;
use crate::location::Location;
use crate::machine::Trailing;
use crate::machine::batches::{Pickles, Sink as Batches};
use crate::machine::liveness::{self, Plan, Root};
use crate::model::graph::Graph;
use crate::model::graph::payloads::STAYS_FROM;
use crate::model::value::{NodeId, Value};
use crate::opcode::lexer::Lexer;
use crate::output::Output;
use crate::progress::Stage;
use crate::source::random::{RandomAccess, Section};
use crate::writers::check::{self, Checked, Sharing, Sizes};
use crate::writers::event::{Lowering, Sink};
use crate::writers::natural::Natural;
use crate::writers::options::{Format, Items, Mapping};
use crate::writers::out::Out;
use crate::writers::tagged::Tagged;

/// Bytes from which on an input is looked at first.
const LARGE: u64 = 512 << 10;

impl Converter {
    /// Converts an input in batches, if its shape and the format allow it.
    ///
    /// # Errors
    /// As for [`Converter::convert`].
    pub(crate) fn convert_in_batches(
        &self,
        section: &Section,
        output: &mut dyn Output,
    ) -> Result<Option<Report>, Failure> {
        let Some(shape) = Shape::of(self).filter(|_| section.len() >= LARGE) else { return Ok(None) };
        let limits = self.reader.allowed();
        self.begin(Stage::Looking);
        let opened = container::open(Box::new(section.reader()), limits)?;
        if opened.form() != Form::Pickles || is_legacy(&opened.head) {
            return Ok(None);
        }
        if self.may_guess(shape, output) && opened.codecs.is_empty() {
            drop(opened);
            self.begin(Stage::Converting);
            let job = Job::new(self, shape, Some(Root::List), 0, limits.output_for(section.len()));
            let result = match shape {
                #[cfg(feature = "tables")]
                Shape::Table => job.table(section, Work::Guess, output),
                _ => job.by_guess(section, output).map(Some),
            };
            // What goes wrong may come of the guess: it is looked for anew.
            if let Ok(Some(report)) = result {
                return Ok(Some(report));
            }
            output.take_back().map_err(|e| Error::io(e, Location::default()))?;
            self.begin(Stage::Looking);
            return self.convert_by_plan(section, shape, output);
        }
        drop(opened);
        self.convert_by_plan(section, shape, output)
    }

    /// Whether a list of items can be written before anything is known of what follows, each by itself: how many they are is not
    /// said first, or can be said later.
    fn may_guess(&self, shape: Shape, output: &dyn Output) -> bool {
        let is_natural = self.options.mapping == Mapping::Natural;
        self.select.is_none()
            && output.can_take_back()
            && match shape {
                Shape::Lines => is_natural,
                Shape::Document => {
                    self.options.format == Format::Json
                        || is_natural && says_length(self.options.format) && output.can_begin_anew()
                }
                Shape::Table => true,
                Shape::Objects | Shape::Frames => false,
            }
    }

    /// Looks at the input first, and converts it by what was found.
    fn convert_by_plan(
        &self,
        section: &Section,
        shape: Shape,
        output: &mut dyn Output,
    ) -> Result<Option<Report>, Failure> {
        let limits = self.reader.allowed();
        let opened = container::open(Box::new(section.reader()), limits)?;
        let mut lexer = lexer(opened, section, limits);
        let plan = liveness::plan(&mut lexer, shape == Shape::Table)?;
        let bytes = lexer.offset();
        drop(lexer);
        let (items, root, work) = match plan {
            Plan::Batches(batches) => {
                // Each line of the lossless mapping stands alone, and what lines share is counted over all of them.
                if shape == Shape::Lines && self.options.mapping == Mapping::Lossless && batches.root == Root::List {
                    return Ok(None);
                }
                // A dict that is a row gets its column only once all its keys are known, and what is neither gets none.
                if batches.root != Root::List && self.options.source.is_some() {
                    return Ok(None);
                }
                // What is one message is read whole, as is a table that is neither rows nor a dict of columns.
                let is_table = matches!(batches.root, Root::List | Root::Tuple | Root::Dict);
                if shape == Shape::Table && !is_table || shape == Shape::Frames {
                    return Ok(None);
                }
                (batches.items, Some(batches.root), Work::Batches(batches))
            }
            Plan::Many(_) if self.select.is_some() => return Ok(None),
            Plan::Many(count) => (count, None, Work::Pickles(count)),
            Plan::Whole => return Ok(None),
        };
        let job = Job::new(self, shape, root, items, limits.output_for(bytes));
        let result = match shape {
            #[cfg(feature = "tables")]
            Shape::Table => match work {
                Work::Batches(found) if found.root == Root::Dict => job.columns(section, &found, output),
                work => job.table(section, work, output),
            },
            #[cfg(feature = "protobuf")]
            Shape::Frames => job.frames(section, work, output).map(Some),
            _ => job.convert(section, work, output).map(Some),
        };
        if !job.not_taken.get() {
            return result;
        }
        if output.can_take_back() {
            output.take_back().map_err(|e| Error::io(e, Location::default()))?;
        }
        Ok(None)
    }
}

/// What was read: its bytes, the highest protocol, what was peeled off.
type Read = (u64, u8, Vec<&'static str>);

/// What the first pass found.
#[derive(Clone)]
enum Work {
    /// One pickle in batches.
    Batches(liveness::Batches),
    /// So many pickles.
    Pickles(u64),
    /// One pickle of which nothing is known.
    Guess,
}

/// What the output is around the items of the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// One value, or an array of pickles.
    Document,
    /// A line per item of a list, or per pickle; else one line.
    Lines,
    /// One pickle after another.
    Objects,
    /// Columns, of which the items of a list, or the pickles, are the rows.
    Table,
    /// A message for each pickle.
    Frames,
}

impl Shape {
    /// `None` where the format or the options need the whole.
    fn of(converter: &Converter) -> Option<Shape> {
        if converter.reader.trailing_rule() != Trailing::Error || converter.reader.has_buffers() {
            return None;
        }
        let options = &converter.options;
        // What a selected part of it shares with its lines is not looked at apart.
        if converter.select.is_some()
            && (options.source.is_some()
                || options.mapping == Mapping::Lossless
                    && (options.format == Format::Ndjson || options.items == Items::Rows))
        {
            return None;
        }
        match (options.format, options.items) {
            (Format::Ndjson, _) | (Format::MessagePack, Items::Rows) => Some(Shape::Lines),
            (Format::Json | Format::MessagePack, Items::OfFormat) => Some(Shape::Document),
            (format, Items::OfFormat) if is_table(format, converter) && converter.select.is_none() => {
                Some(Shape::Table)
            }
            (Format::Protobuf, Items::OfFormat) if options.proto_message.is_none() => Some(Shape::Frames),
            _ => None,
        }
    }
}

/// Whether an array of the format begins with its length.
fn says_length(format: Format) -> bool {
    format == Format::MessagePack
}

/// Whether the output is one table of typed columns.
fn is_table(format: Format, converter: &Converter) -> bool {
    let options = &converter.options;
    cfg!(feature = "tables")
        && (format.is_tabular() || format == Format::Protobuf && options.proto_message.is_some())
        && options.mapping == Mapping::Natural
}

struct Job<'c> {
    converter: &'c Converter,
    shape: Shape,
    /// The root that comes in batches; None where there are many.
    root: Cell<Option<Root>>,
    /// Items, entries or pickles; those so far, where nobody has counted them.
    items: Cell<u64>,
    max_output: u64,
    /// Whether the root turned out to be what cannot be written in batches.
    not_taken: Cell<bool>,
    /// What is known of the objects of earlier batches.
    sizes: RefCell<Sizes>,
    /// The paths of the containers that are open, each in the one before it.
    open: RefCell<Vec<String>>,
}

impl<'c> Job<'c> {
    fn new(converter: &'c Converter, shape: Shape, root: Option<Root>, items: u64, max_output: u64) -> Self {
        let (root, items, not_taken) = (Cell::new(root), Cell::new(items), Cell::new(false));
        let (sizes, open) = (RefCell::default(), RefCell::default());
        Job { converter, shape, root, items, max_output, not_taken, sizes, open }
    }

    /// What the output is around what is handed over.
    fn shape(&self) -> Shape {
        match (self.root.get(), self.shape) {
            (None, Shape::Document) if says_length(self.converter.options.format) => Shape::Objects,
            (_, shape) => shape,
        }
    }

    /// Converts what nobody has looked at.
    fn by_guess(&self, section: &Section, output: &mut dyn Output) -> Result<Report, Failure> {
        let report = self.write(section, Work::Guess, output)?;
        #[cfg(feature = "msgpack")]
        let report = self.put_length(report, output)?;
        Ok(report)
    }

    /// Puts the length of an array in the place of the longest of lengths, with which it began.
    #[cfg(feature = "msgpack")]
    fn put_length(&self, mut report: Report, output: &mut dyn Output) -> Result<Report, Failure> {
        if self.root.get().is_some() && self.shape == Shape::Document && says_length(self.converter.options.format) {
            let length = |items| {
                let mut sink = crate::writers::msgpack::MessagePack::default();
                sink.begin_array(usize::try_from(items).unwrap_or(usize::MAX));
                match sink.too_long() {
                    Some(_) => Err(Error::misuse("expected an array that the format can hold, found a longer one")),
                    None => Ok(std::mem::take(sink.buffer())),
                }
            };
            let (known, said) = (length(self.items.get())?, length(crate::machine::batches::UNKNOWN)?);
            output.begin_anew(said.len() as u64, &known).map_err(|e| Error::io(e, Location::default()))?;
            report.bytes_written -= (said.len() - known.len()) as u64;
        }
        Ok(report)
    }

    fn convert(&self, section: &Section, work: Work, output: &mut dyn Write) -> Result<Report, Failure> {
        self.check_first(section, &work)?;
        self.write(section, work, output)
    }

    /// Reads everything once more before the first byte, where that cannot be taken back.
    fn check_first(&self, section: &Section, work: &Work) -> Result<(), Failure> {
        if self.converter.checked {
            self.converter.begin(Stage::Checking);
            self.select(section, work.clone(), mapped::Check(self))?;
        }
        self.converter.begin(Stage::Converting);
        Ok(())
    }

    /// Runs the machine over the input, and passes on what is selected; the sink comes back.
    fn select<B: Values + Pickles>(&self, input: &Section, work: Work, mut sink: B) -> Result<(B, Read), Failure> {
        let Some(select) = &self.converter.select else {
            let read = self.run(input, work, &mut sink)?;
            return Ok((sink, read));
        };
        let mut sink = Selected::new(sink, select);
        let read = self.run(input, work, &mut sink)?;
        Ok((sink.into_inner(self)?, read))
    }

    /// Runs the machine over the input.
    fn run(&self, input: &Section, work: Work, sink: &mut (impl Batches + Pickles)) -> Result<Read, Failure> {
        let reader = &self.converter.reader;
        self.sizes.take();
        let opened = container::open(Box::new(input.reader()), reader.allowed())?;
        let codecs = opened.codecs.iter().map(|codec| codec.name()).collect();
        let mut lexer = lexer(opened, input, reader.allowed());
        let machine = reader.machine(crate::machine::Memory::default());
        let mut outcome = match work {
            Work::Batches(batches) => machine.run_batches(&mut lexer, batches, sink),
            Work::Pickles(count) => machine.run_each(&mut lexer, count, sink),
            Work::Guess => machine.run_guess(&mut lexer, sink),
        };
        self.not_taken.set(outcome.not_taken);
        if outcome.findings.errors.is_empty()
            && let Err(error) = lexer.drain()
        {
            outcome.findings.errors.push(error);
        }
        // What could not be read from its place was written as nothing.
        outcome.findings.errors.extend(outcome.graph.failure());
        if outcome.findings.errors.is_empty() {
            return Ok((outcome.bytes, outcome.protocol, codecs));
        }
        Err(Failure::new(outcome.findings.errors, outcome.findings.more))
    }

    fn write(&self, input: &Section, work: Work, output: &mut dyn Write) -> Result<Report, Failure> {
        let options = &self.converter.options;
        match options.format {
            #[cfg(feature = "json")]
            Format::Json | Format::Ndjson => {
                let indent = options.indent.map(|n| vec![b' '; usize::from(n)]);
                match &indent {
                    None => self.mapped(crate::writers::json::compact(), input, work, output),
                    Some(indent) => self.mapped(crate::writers::json::pretty(indent), input, work, output),
                }
            }
            #[cfg(feature = "msgpack")]
            Format::MessagePack => self.mapped(crate::writers::msgpack::MessagePack::default(), input, work, output),
            #[allow(unreachable_patterns, reason = "every format may be compiled out")]
            format => {
                let _ = (input, work, output);
                Err(Error::misuse(format!("this build does not write {}", format.name())).into())
            }
        }
    }

    fn mapped<S: Sink>(&self, sink: S, input: &Section, work: Work, output: &mut dyn Write) -> Result<Report, Failure> {
        let out = Out::new(output, self.max_output);
        let mut ledger = self.converter.ledger();
        let empty = Graph::new(self.converter.reader.allowed());
        let options = &self.converter.options;
        let (read, bytes_written) = match options.mapping {
            Mapping::Natural => {
                let mut writer = Natural::new(&empty, options, &mut ledger, sink, out);
                self.begin(&mut writer);
                let state = writer.suspend();
                self.by(mapped::ToNatural::new(options, &mut ledger), state, input, work, &empty)?
            }
            Mapping::Lossless => {
                let max_depth = self.converter.reader.allowed().max_depth.saturating_mul(MAX_LEVELS);
                let mut writer = Tagged::new(&empty, sink, Some(out), max_depth);
                self.begin(&mut writer);
                let state = writer.suspend();
                self.by(mapped::ToTagged::new(), state, input, work, &empty)?
            }
        };
        let (bytes_read, protocol, codecs) = read;
        let pickles = if self.root.get().is_some() { 1 } else { self.items.get() };
        Ok(Report { pickles, bytes_read, bytes_written, protocol, codecs, notes: Vec::new(), ledger, proto: None })
    }

    /// Converts by a mapping, whose writer has begun; returns what was read, and the bytes written.
    fn by<M: mapped::Mapping>(
        &self,
        mapping: M,
        state: M::State,
        input: &Section,
        work: Work,
        empty: &Graph,
    ) -> Result<(Read, u64), Failure> {
        let (mapped, read) = self.select(input, work, mapped::Mapped::new(self, mapping, state))?;
        let (mut mapping, state) = mapped.into_parts()?;
        Ok((read, self.end(mapping.resume(empty, state))?))
    }

    /// Begins the array of pickles, if there is one.
    fn begin<L: Lowering>(&self, writer: &mut L) {
        if self.root.get().is_none() && self.shape() == Shape::Document {
            writer.sink().begin_array(usize::try_from(self.items.get()).unwrap_or(usize::MAX));
        }
    }

    /// Ends it.
    fn end<L: Lowering>(&self, mut writer: L) -> Result<u64, Error> {
        if self.root.get().is_none() && self.shape() == Shape::Document {
            writer.sink().end_array();
            writer.sink().end_row();
        }
        writer.finish()
    }

    /// Says how many items are done.
    fn count(&self, first: u64, graph: &Graph, part: NodeId) {
        if self.root.get() == Some(Root::List) {
            self.items.set(first + graph.count(part) as u64);
        }
        if let Some(progress) = &self.converter.progress {
            progress.set_rows(first + graph.count(part) as u64);
        }
    }

    /// Checks what is written at a time.
    fn check(&self, graph: &Graph, checked: Checked<'_>) -> Result<(), Error> {
        self.sizes.borrow_mut().keep(NodeId(0));
        self.check_part(graph, checked)
    }

    /// Checks pickles, of which so many came before.
    fn check_pickles(&self, graph: &Graph, roots: &[Value], before: u64) -> Result<(), Error> {
        self.check(graph, Checked { roots, first: 0, path: &|n| format!("$[{}]", before + n as u64) })
    }

    /// As [`Job::check`], where objects stay from one part to the next.
    fn check_part(&self, graph: &Graph, checked: Checked<'_>) -> Result<(), Error> {
        let sharing = match (self.converter.options.mapping, self.shape) {
            (Mapping::Lossless, _) | (_, Shape::Frames) => Sharing::Kept,
            (Mapping::Natural, _) => Sharing::Expanded,
        };
        let max_depth = self.converter.reader.allowed().max_depth;
        check::check(graph, checked, sharing, self.max_output, max_depth, &mut self.sizes.borrow_mut())
    }
}

/// Large payloads stay where they lie, if that is where they are read from.
fn lexer<'a>(opened: Opened<'a>, place: &Section, limits: &Limits) -> Lexer<'a> {
    let place = opened.codecs.is_empty().then(|| place.clone());
    Lexer::new(opened.reader, limits).lies_at(place, STAYS_FROM)
}

fn lost() -> Error {
    Error::misuse("expected a writer, found none: a batch was left in the middle")
}
