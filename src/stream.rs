//! Converting in batches: an input that can be read twice never has to fit in memory.
//!
//! The first pass looks at the shape ([`crate::machine::liveness`]), the second runs the machine and writes each batch. Where
//! the shape does not allow it, the whole is read.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;

use crate::container::{self, Form};
use crate::convert::{Converter, MAX_LEVELS, Report};
use crate::error::{Error, Failure};
use crate::globals::Registry;
use crate::location::Location;
use crate::machine::batches::Sink as Batches;
use crate::machine::liveness::{self, Plan, Root};
use crate::machine::{Machine, Trailing};
use crate::model::graph::Graph;
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::value::{NodeId, Value};
use crate::opcode::lexer::Lexer;
use crate::report::ledger::Ledger;
use crate::source::random::{FileInput, Section};
use crate::writers::check::{self, Sharing};
use crate::writers::event::{Lowering, Part, Sink};
use crate::writers::natural::{self, Natural};
use crate::writers::options::{Format, Mapping, WriteOptions};
use crate::writers::out::Out;
use crate::writers::tagged::{self, Tagged};

/// An input that is opened anew for each pass.
pub type Reopen<'a> = dyn Fn() -> io::Result<Box<dyn Read + Send>> + 'a;

impl Converter {
    /// As [`Converter::convert`], for an input that can be read more than once: `open` gives its bytes from the first on, the
    /// same each time. It is converted in batches where its shape allows, so that it never has to fit in memory. `checked` reads
    /// it once more before the first byte is written, so that nothing of a refused input gets into a pipe.
    ///
    /// # Errors
    /// As for [`Converter::convert`].
    pub fn convert_reopened(
        &self,
        open: &Reopen<'_>,
        checked: bool,
        output: &mut dyn Write,
    ) -> Result<Report, Failure> {
        match self.in_batches(open, checked, output)? {
            Some(report) => Ok(report),
            None => self.convert(open().map_err(|e| Error::io(e, Location::default()))?, output),
        }
    }

    /// As [`Converter::convert_reopened`], for a file, whose position is of no account. An archive is read where it lies.
    ///
    /// # Errors
    /// As for [`Converter::convert`].
    pub fn convert_large_file(&self, file: File, checked: bool, output: &mut dyn Write) -> Result<Report, Failure> {
        let section = match FileInput::new(file).map_err(|e| Error::io(e, Location::default()))? {
            Ok(file) => Section::all(Arc::new(file)),
            Err(pipe) => return self.convert(pipe, output),
        };
        let open = || Ok(Box::new(section.reader()) as Box<dyn Read + Send>);
        match self.in_batches(&open, checked, output)? {
            Some(report) => Ok(report),
            None => Ok(self.write(&self.reader.read_section(section)?, output)?),
        }
    }

    /// `None` where the shape or the format does not allow it.
    fn in_batches(&self, open: &Reopen<'_>, checked: bool, output: &mut dyn Write) -> Result<Option<Report>, Failure> {
        let input = || open().map_err(|e| Error::io(e, Location::default()));
        let Some(shape) = Shape::of(self) else { return Ok(None) };
        let limits = self.reader.allowed();
        let opened = container::open(input()?, limits)?;
        if opened.form() != Form::Pickles {
            return Ok(None);
        }
        let mut lexer = Lexer::new(opened.reader, limits);
        let plan = liveness::plan(&mut lexer)?;
        let bytes = lexer.offset();
        drop(lexer);
        let batches = match plan {
            Plan::Batches(batches) if !(batches.dollar_keys && self.options.mapping == Mapping::Lossless) => batches,
            Plan::Batches(_) | Plan::Many(_) | Plan::Whole => return Ok(None),
        };
        // A dict is one line.
        let shape = if batches.root == Root::Dict { Shape::Document } else { shape };
        let job = Job {
            converter: self,
            shape,
            root: batches.root,
            items: batches.items,
            max_output: limits.output_for(bytes),
        };
        if checked {
            job.run(input()?, batches.clone(), &mut Check(&job))?;
        }
        job.write(input()?, batches, output).map(Some)
    }
}

/// What the output is around the items of the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// One array or map.
    Document,
    /// A line per item of a list.
    Lines,
}

impl Shape {
    /// `None` where the format or the options need the whole.
    fn of(converter: &Converter) -> Option<Shape> {
        if converter.select.is_some() || converter.reader.trailing_rule() != Trailing::Error {
            return None;
        }
        match (converter.options.format, converter.options.mapping) {
            (Format::Json | Format::MessagePack, _) => Some(Shape::Document),
            (Format::Ndjson, Mapping::Natural) => Some(Shape::Lines),
            _ => None,
        }
    }
}

struct Job<'c> {
    converter: &'c Converter,
    shape: Shape,
    root: Root,
    items: u64,
    max_output: u64,
}

impl Job<'_> {
    /// Runs the machine over the input.
    fn run(
        &self,
        input: Box<dyn Read + Send>,
        batches: liveness::Batches,
        sink: &mut dyn Batches,
    ) -> Result<(u64, u8, Vec<&'static str>), Failure> {
        let reader = &self.converter.reader;
        let opened = container::open(input, reader.allowed())?;
        let codecs = opened.codecs.iter().map(|codec| codec.name()).collect();
        let mut lexer = Lexer::new(opened.reader, reader.allowed());
        let machine = Machine::new(Registry::new(reader.policy_rule().clone()), reader.allowed());
        let mut outcome = machine.run_batches(&mut lexer, batches, sink);
        if outcome.findings.errors.is_empty()
            && let Err(error) = lexer.drain()
        {
            outcome.findings.errors.push(error);
        }
        if outcome.findings.errors.is_empty() {
            return Ok((outcome.bytes, outcome.protocol, codecs));
        }
        Err(Failure::new(outcome.findings.errors, outcome.findings.more))
    }

    fn write(
        &self,
        input: Box<dyn Read + Send>,
        batches: liveness::Batches,
        output: &mut dyn Write,
    ) -> Result<Report, Failure> {
        let options = &self.converter.options;
        match options.format {
            #[cfg(feature = "json")]
            Format::Json | Format::Ndjson => {
                let indent = options.indent.map(|n| vec![b' '; usize::from(n)]);
                match &indent {
                    None => self.mapped(crate::writers::json::compact(), input, batches, output),
                    Some(indent) => self.mapped(crate::writers::json::pretty(indent), input, batches, output),
                }
            }
            #[cfg(feature = "msgpack")]
            Format::MessagePack => self.mapped(crate::writers::msgpack::MessagePack::default(), input, batches, output),
            #[allow(unreachable_patterns, reason = "every format may be compiled out")]
            format => {
                let _ = (input, batches, output);
                Err(Error::misuse(format!("this build does not write {}", format.name())).into())
            }
        }
    }

    fn mapped<S: Sink>(
        &self,
        sink: S,
        input: Box<dyn Read + Send>,
        batches: liveness::Batches,
        output: &mut dyn Write,
    ) -> Result<Report, Failure> {
        let out = Out::new(output, self.max_output);
        let mut ledger = Ledger::default();
        let empty = Graph::new(self.converter.reader.allowed());
        let (read, bytes_written) = match self.converter.options.mapping {
            Mapping::Natural => {
                let options = &self.converter.options;
                let mut writer = Natural::new(&empty, options, &mut ledger, sink, out);
                self.begin(&mut writer)?;
                let state = Some(writer.suspend());
                let mut mapping = NaturalBatches { job: self, options, ledger: &mut ledger, state };
                let read = self.run(input, batches, &mut mapping)?;
                let Some(state) = mapping.state else { return Err(lost().into()) };
                (read, self.end(Natural::resume(&empty, options, &mut ledger, state))?)
            }
            Mapping::Lossless => {
                let max_depth = self.converter.reader.allowed().max_depth.saturating_mul(MAX_LEVELS);
                let mut writer = Tagged::new(&empty, sink, Some(out), max_depth);
                self.begin(&mut writer)?;
                let mut mapping = TaggedBatches { job: self, state: Some(writer.suspend()) };
                let read = self.run(input, batches, &mut mapping)?;
                let Some(state) = mapping.state else { return Err(lost().into()) };
                (read, self.end(Tagged::resume(&empty, state))?)
            }
        };
        let (bytes_read, protocol, codecs) = read;
        Ok(Report { pickles: 1, bytes_read, bytes_written, protocol, codecs, notes: Vec::new(), ledger })
    }

    fn begin<L: Lowering>(&self, writer: &mut L) -> Result<(), Error> {
        match self.shape {
            Shape::Document => {
                writer.begin_root(self.root == Root::Dict, usize::try_from(self.items).unwrap_or(usize::MAX))
            }
            Shape::Lines => Ok(()),
        }
    }

    fn end<L: Lowering>(&self, mut writer: L) -> Result<u64, Error> {
        if self.shape == Shape::Document {
            writer.end_root(self.root == Root::Dict)?;
            if self.converter.options.format != Format::MessagePack {
                writer.sink().buffer().push(b'\n');
            }
        }
        writer.finish()
    }

    /// One batch, by either mapping.
    fn part<L: Lowering>(&self, writer: &mut L, graph: &Graph, root: NodeId, first: u64) -> Result<(), Error> {
        let part = match (self.shape, self.root) {
            (Shape::Lines, _) => Part::Lines(first),
            (Shape::Document, Root::List) => Part::Elements(first),
            (Shape::Document, Root::Dict) => Part::Entries,
        };
        writer.write_part(graph.walk(root), part, "$")
    }

    fn check(&self, graph: &Graph, root: NodeId) -> Result<(), Error> {
        let sharing = match self.converter.options.mapping {
            Mapping::Lossless => Sharing::Kept,
            Mapping::Natural => Sharing::Expanded,
        };
        let max_depth = self.converter.reader.allowed().max_depth;
        check::check(graph, &[Value::Object(root)], sharing, self.max_output, max_depth)
    }
}

fn lost() -> Error {
    Error::misuse("expected a writer, found none: a batch was left in the middle")
}

/// Only checks.
struct Check<'j, 'c>(&'j Job<'c>);

impl Batches for Check<'_, '_> {
    fn batch(&mut self, graph: &Graph, root: NodeId, _first: u64) -> Result<(), Error> {
        self.0.check(graph, root)
    }

    fn moved(&mut self, _at: Checkpoint, _moved: &Moved) {}
}

struct NaturalBatches<'j, 'c, 'w, S: Sink> {
    job: &'j Job<'c>,
    options: &'j WriteOptions,
    ledger: &'j mut Ledger,
    /// None while a batch is written, or after it failed.
    state: Option<natural::Suspended<'w, S>>,
}

impl<S: Sink> Batches for NaturalBatches<'_, '_, '_, S> {
    fn batch(&mut self, graph: &Graph, root: NodeId, first: u64) -> Result<(), Error> {
        self.job.check(graph, root)?;
        let state = self.state.take().ok_or_else(lost)?;
        let mut writer = Natural::resume(graph, self.options, self.ledger, state);
        self.job.part(&mut writer, graph, root, first)?;
        self.state = Some(writer.suspend());
        Ok(())
    }

    fn moved(&mut self, at: Checkpoint, moved: &Moved) {
        if let Some(state) = &mut self.state {
            state.moved(at, moved);
        }
    }
}

struct TaggedBatches<'j, 'c, 'w, S: Sink> {
    job: &'j Job<'c>,
    state: Option<tagged::Suspended<'w, S>>,
}

impl<S: Sink> Batches for TaggedBatches<'_, '_, '_, S> {
    fn batch(&mut self, graph: &Graph, root: NodeId, first: u64) -> Result<(), Error> {
        self.job.check(graph, root)?;
        let state = self.state.take().ok_or_else(lost)?;
        let mut writer = Tagged::resume(graph, state);
        self.job.part(&mut writer, graph, root, first)?;
        self.state = Some(writer.suspend());
        Ok(())
    }

    fn moved(&mut self, at: Checkpoint, moved: &Moved) {
        if let Some(state) = &mut self.state {
            state.moved(at, moved);
        }
    }
}
