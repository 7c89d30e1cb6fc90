//! Converting: reading joined to writing, with everything checked before the first byte that can be.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use crate::document::{Document, Memory, Reader};
use crate::error::{Error, Failure};
use crate::limits::Limits;
use crate::location::Location;
use crate::machine::Trailing;
use crate::model::graph::{Graph, Kind};
use crate::model::value::{NodeId, Value};
use crate::output::{Gone, Output};
use crate::policy::Policy;
use crate::progress::{Progress, Stage};
use crate::report::ledger::{Fidelity, Ledger, Step};
use crate::select::Select;
use crate::source::random::{FileInput, Section, Watched};
use crate::writers::check::{self, Checked, Sharing, Sizes};
use crate::writers::event::{Lowering, Sink};
use crate::writers::natural::Natural;
use crate::writers::options::{Format, Items, Loss, Mapping, WriteOptions};
use crate::writers::out::{DRAIN, Out};
use crate::writers::tagged::Tagged;

/// Levels of output that one value takes at most: `$def`, the tag of an instance, what was done to it, pairs, a time with a
/// zone.
pub(crate) const MAX_LEVELS: u32 = 10;

/// What a conversion did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// Pickles and array files in the input.
    pub pickles: u64,
    /// Bytes of the (decompressed) stream.
    pub bytes_read: u64,
    /// Bytes of output.
    pub bytes_written: u64,
    /// The highest protocol that a pickle declares.
    pub protocol: u8,
    /// The compression and the containers that were peeled off, outermost first.
    pub codecs: Vec<&'static str>,
    /// What was noted on the way and is no error.
    pub notes: Vec<String>,
    /// Every step that was not exact.
    pub ledger: Ledger,
    /// The `.proto` file that describes the output, where its messages are of the table's own.
    pub proto: Option<String>,
}

/// Converts pickles. Built once, used for any number of inputs.
///
/// See the crate's documentation for a complete example.
#[derive(Clone, Debug)]
pub struct Converter {
    pub(crate) reader: Reader,
    pub(crate) options: WriteOptions,
    pub(crate) select: Option<Select>,
    whole: bool,
    pub(crate) checked: bool,
    pub(crate) progress: Option<Arc<Progress>>,
    /// Of which steps the ledger keeps places.
    placed: Fidelity,
}

impl Converter {
    /// A converter to `format`: data only, default limits, natural mapping.
    pub fn new(format: Format) -> Self {
        Converter::with_options(WriteOptions::new(format))
    }

    /// A converter with these options.
    pub fn with_options(options: WriteOptions) -> Self {
        Converter {
            reader: Reader::new(),
            options,
            select: None,
            whole: false,
            checked: false,
            progress: None,
            placed: Fidelity::Retyped,
        }
    }

    /// Admits what the policy admits.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.reader = self.reader.policy(policy);
        self
    }

    /// Sets what an input may cost.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.reader = self.reader.limits(limits);
        self
    }

    /// Says what is done with bytes after the last STOP that are no pickle.
    #[must_use]
    pub fn trailing(mut self, trailing: Trailing) -> Self {
        self.reader = self.reader.trailing(trailing);
        self
    }

    /// Gives the out-of-band buffers of an input: [`Reader::buffers`].
    #[must_use]
    pub fn buffers(mut self, buffers: Vec<Vec<u8>>) -> Self {
        self.reader = self.reader.buffers(buffers);
        self
    }

    /// Names the folder of an input whose arrays lie in files beside it: [`Reader::side_files`].
    #[must_use]
    pub fn side_files(mut self, folder: impl Into<PathBuf>) -> Self {
        self.reader = self.reader.side_files(folder);
        self
    }

    /// Writes only the value at a path such as `$.rows[3].price`.
    ///
    /// # Errors
    /// `Misuse` where the path cannot be read.
    pub fn select(mut self, path: &str) -> Result<Self, Error> {
        self.select = Some(Select::parse(path)?);
        Ok(self)
    }

    /// Says to `progress` how far the reading of a file is.
    #[must_use]
    pub fn watched(mut self, progress: Arc<Progress>) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Says of which steps the first places are wanted in the ledger: of those that are `fidelity` or farther from exact (of all
    /// where nothing is said). Others may be counted without a place, which costs less.
    #[must_use]
    pub fn places(mut self, fidelity: Fidelity) -> Self {
        self.placed = fidelity;
        self
    }

    /// An empty ledger.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::placing(self.placed)
    }

    /// Says what is done with the input now.
    pub(crate) fn begin(&self, stage: Stage) {
        if let Some(progress) = &self.progress {
            progress.begin(stage);
        }
    }

    /// Reads an input and writes it to `output`. Nothing is written before every name, the structure and the expansion were
    /// checked; after an error `output` may hold a part.
    ///
    /// # Errors
    /// All findings of the input, or what the format cannot carry.
    pub fn convert(&self, input: impl Read + Send, output: &mut dyn Write) -> Result<Report, Failure> {
        self.convert_in(input, &mut Memory::default(), output)
    }

    /// As [`Converter::convert`], in the memory of an earlier conversion.
    pub(crate) fn convert_in(
        &self,
        input: impl Read + Send,
        memory: &mut Memory,
        output: &mut dyn Write,
    ) -> Result<Report, Failure> {
        self.usable()?;
        let document = self.reader.read_in(input, None, memory)?;
        self.write_read(document, memory, output)
    }

    /// As [`Converter::convert_in`], for an input that is the first `len` bytes of `buffer`, which becomes part of the memory.
    pub(crate) fn convert_held(
        &self,
        buffer: Vec<u8>,
        len: usize,
        memory: &mut Memory,
        output: &mut dyn Write,
    ) -> Result<Report, Failure> {
        self.usable()?;
        let document = self.reader.read_held(buffer, len, memory)?;
        self.write_read(document, memory, output)
    }

    /// Writes a document and takes its graph back.
    fn write_read(&self, document: Document, memory: &mut Memory, output: &mut dyn Write) -> Result<Report, Failure> {
        let result = self.write_in(&document, memory, output);
        memory.machine.graph = Some(document.graph);
        Ok(result?)
    }

    /// Checks that the options go together.
    pub(crate) fn usable(&self) -> Result<(), Error> {
        let options = &self.options;
        let has_rows = matches!(options.format, Format::Ndjson | Format::MessagePack) || options.format.is_tabular();
        if options.items == Items::Rows && !has_rows {
            return Err(Error::misuse(format!("expected a format of rows, found {}", options.format.name()))
                .with_hint("`--to ndjson`, `--to msgpack` and `--to parquet` are such formats"));
        }
        if options.source.is_some() && options.items != Items::Rows {
            return Err(Error::misuse("expected rows that stand alone, to add a column to, found other items"));
        }
        if options.source.is_some() && options.mapping == Mapping::Lossless {
            return Err(Error::misuse("expected the natural mapping, to add a column to rows, found the lossless one"));
        }
        Ok(())
    }

    /// Reads every input whole, also where it could be converted in batches.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Reads what is converted in batches once more before the first byte is written, for an output that cannot be taken back:
    /// of a refused input, nothing gets into a pipe.
    #[must_use]
    pub fn checked_first(mut self) -> Self {
        self.checked = true;
        self
    }

    /// Reads a file, as [`Reader::read_file`] does, and writes it to `output`. A large one is converted in batches where its
    /// shape allows, so that it never has to fit in memory.
    ///
    /// # Errors
    /// As [`Converter::convert`].
    pub fn convert_file(&self, file: File, output: &mut dyn Write) -> Result<Report, Failure> {
        self.convert_file_to(file, &mut Gone(output))
    }

    /// As [`Converter::convert_file`], for an output that can be taken back: a large table may be written in one pass.
    ///
    /// # Errors
    /// As [`Converter::convert`].
    pub fn convert_file_to(&self, file: File, output: &mut dyn Output) -> Result<Report, Failure> {
        self.usable()?;
        let file = match FileInput::new(file).map_err(|e| Error::io(e, Location::default()))? {
            Ok(file) => match &self.progress {
                Some(progress) => Section::all(Arc::new(Watched { input: file, at: progress.place() })),
                None => Section::all(Arc::new(file)),
            },
            Err(pipe) => return self.convert(pipe, output),
        };
        if !self.whole
            && let Some(report) = self.convert_in_batches(&file, output)?
        {
            return Ok(report);
        }
        self.begin(Stage::Converting);
        let document = self.reader.read_section(file)?;
        Ok(self.write(&document, output)?)
    }

    /// Writes a document that was read.
    ///
    /// # Errors
    /// What the format cannot carry, the output limit, I/O.
    pub fn write(&self, document: &Document, output: &mut dyn Write) -> Result<Report, Error> {
        self.usable()?;
        self.write_in(document, &mut Memory::default(), output)
    }

    fn write_in(&self, document: &Document, memory: &mut Memory, output: &mut dyn Write) -> Result<Report, Error> {
        let graph = &document.graph;
        let (roots, prefix) = match &self.select {
            Some(select) => select.apply(graph, &document.roots).map(|(roots, prefix)| (Cow::from(roots), prefix))?,
            None => (Cow::from(&document.roots), None),
        };
        let mut ledger = self.ledger();
        let max_output = self.reader.allowed().output_for(document.bytes());
        let sharing = match (self.options.mapping, self.options.format) {
            (Mapping::Lossless, _) => Sharing::Kept,
            (_, Format::Protobuf) if self.options.proto_message.is_none() => Sharing::Kept,
            (Mapping::Natural, _) => Sharing::Expanded,
        };
        let job = Job {
            graph,
            roots: &roots,
            prefix: prefix.as_deref(),
            options: &self.options,
            max_output,
            max_memory: self.reader.allowed().max_memory,
            max_depth: self.reader.allowed().max_depth.saturating_mul(MAX_LEVELS),
        };
        let checked = Checked { roots: &roots, first: 0, path: &|n| job.path(n).into_owned() };
        check::check(graph, checked, sharing, max_output, self.reader.allowed().max_depth, &mut Sizes::default())?;
        let mut proto = None;
        let bytes_written = job.write(&mut ledger, &mut memory.text, &mut proto, output)?;
        // What could not be read from its place was written as nothing.
        if let Some(error) = document.failure() {
            return Err(error);
        }
        Ok(Report {
            pickles: document.pickles(),
            bytes_read: document.bytes(),
            bytes_written,
            protocol: document.protocol(),
            codecs: document.codecs().to_vec(),
            notes: document.notes().to_vec(),
            ledger,
            proto,
        })
    }
}

/// What stands around the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// One document: the value, or an array of all pickles.
    Document,
    /// A value per pickle, one after another.
    #[cfg_attr(not(feature = "msgpack"), allow(dead_code, reason = "text has no such form"))]
    Objects,
    /// Values that stand alone.
    Rows,
}

/// One output: what is written and how.
struct Job<'a> {
    graph: &'a Graph,
    roots: &'a [Value],
    /// The path of what was selected.
    prefix: Option<&'a str>,
    options: &'a WriteOptions,
    max_output: u64,
    #[cfg_attr(not(feature = "tables"), allow(dead_code, reason = "only tables hold more than a buffer"))]
    max_memory: u64,
    /// Levels of the output; a value may take several (a tag, its map, its items).
    max_depth: u32,
}

impl Job<'_> {
    fn write(
        &self,
        ledger: &mut Ledger,
        spare: &mut Vec<u8>,
        proto: &mut Option<String>,
        output: &mut dyn Write,
    ) -> Result<u64, Error> {
        match self.options.format {
            #[cfg(feature = "json")]
            Format::Json => {
                let indent = self.options.indent.map(|n| vec![b' '; usize::from(n)]);
                match &indent {
                    None => self.mapped(Form::Document, crate::writers::json::compact(), ledger, spare, output),
                    Some(indent) => {
                        self.mapped(Form::Document, crate::writers::json::pretty(indent), ledger, spare, output)
                    }
                }
            }
            #[cfg(feature = "json")]
            Format::Ndjson => self.mapped(Form::Rows, crate::writers::json::compact(), ledger, spare, output),
            #[cfg(feature = "msgpack")]
            Format::MessagePack => match self.options.items {
                Items::OfFormat => {
                    self.mapped(Form::Objects, crate::writers::msgpack::MessagePack::default(), ledger, spare, output)
                }
                Items::Rows => {
                    self.mapped(Form::Rows, crate::writers::msgpack::MessagePack::default(), ledger, spare, output)
                }
            },
            #[cfg(feature = "protobuf")]
            Format::Protobuf => match &self.options.proto_message {
                None => self.frames(output),
                #[cfg(feature = "tables")]
                Some(_) => self.table(ledger, proto, output),
                #[cfg(not(feature = "tables"))]
                Some(_) => Err(Error::misuse("this build knows no tables")),
            },
            #[cfg(feature = "tensors")]
            Format::Npy | Format::Npz | Format::Safetensors => self.tensors(ledger, output),
            #[cfg(feature = "tables")]
            Format::Parquet | Format::Arrow | Format::ArrowStream | Format::Csv => self.table(ledger, proto, output),
            #[allow(unreachable_patterns, reason = "every format may be compiled out")]
            format => {
                let _ = (ledger, spare, proto, output);
                Err(Error::misuse(format!("this build does not write {}", format.name())))
            }
        }
    }

    /// One table.
    #[cfg(feature = "tables")]
    fn table(&self, ledger: &mut Ledger, proto: &mut Option<String>, output: &mut dyn Write) -> Result<u64, Error> {
        if self.options.mapping == Mapping::Lossless {
            let format = self.options.format.name();
            return Err(Error::misuse(format!(
                "`--lossless` is not for {format}: a table has the types of its columns"
            )));
        }
        let job = crate::tabular::Job {
            graph: self.graph,
            roots: self.roots,
            prefix: self.prefix.unwrap_or("$"),
            options: self.options,
            flat: self.options.format == Format::Csv,
            max_output: self.max_output,
        };
        let mut table = crate::tabular::Table::open(&job, ledger)?;
        let mut writer =
            crate::writers::batches::begin(&table.schema(), self.options, self.out(output).holding(self.max_memory))?;
        while let Some(batch) = table.next_batch()? {
            writer.push(&batch)?;
        }
        let written = writer.finish()?;
        drop(table);
        ledger.merge(&written.ledger);
        *proto = written.proto;
        Ok(written.bytes)
    }

    fn out<'w>(&self, output: &'w mut dyn Write) -> Out<'w> {
        Out::new(output, self.max_output)
    }

    /// The path of the `n`th root.
    fn path(&self, n: usize) -> Cow<'_, str> {
        match (self.prefix, self.roots.len()) {
            (Some(prefix), _) => prefix.into(),
            (None, 1) => "$".into(),
            (None, _) => format!("$[{n}]").into(),
        }
    }

    /// Writes by the mapping that is asked for. `spare` is the buffer of an earlier output, and of the next one.
    fn mapped<S: Sink>(
        &self,
        form: Form,
        sink: S,
        ledger: &mut Ledger,
        spare: &mut Vec<u8>,
        output: &mut dyn Write,
    ) -> Result<u64, Error> {
        match self.options.mapping {
            Mapping::Natural => {
                self.run(form, Natural::new(self.graph, self.options, ledger, sink, self.out(output)), spare)
            }
            Mapping::Lossless => {
                if form == Form::Rows {
                    self.count_shared(ledger)?;
                }
                self.run(form, Tagged::new(self.graph, sink, Some(self.out(output)), self.max_depth), spare)
            }
        }
    }

    fn run<L: Lowering>(&self, form: Form, mut writer: L, spare: &mut Vec<u8>) -> Result<u64, Error> {
        std::mem::swap(writer.sink().buffer(), spare);
        match form {
            Form::Document => self.document(&mut writer)?,
            Form::Objects => {
                for (n, root) in self.roots.iter().enumerate() {
                    writer.write(*root, &self.path(n))?;
                }
            }
            Form::Rows => self.rows(&mut writer)?,
        }
        writer.drain()?;
        std::mem::swap(writer.sink().buffer(), spare);
        spare.shrink_to(4 * DRAIN);
        writer.finish()
    }

    /// One text document: the value, or an array of all pickles.
    fn document<L: Lowering>(&self, writer: &mut L) -> Result<(), Error> {
        let many = self.roots.len() != 1;
        if many {
            writer.sink().begin_array(self.roots.len());
        }
        for (n, root) in self.roots.iter().enumerate() {
            if many {
                writer.sink().element();
            }
            writer.write(*root, &self.path(n))?;
        }
        if many {
            writer.sink().end_array();
        }
        writer.sink().buffer().push(b'\n');
        Ok(())
    }

    /// Values that stand alone: the items of a root list, else the pickles.
    fn rows<L: Lowering>(&self, writer: &mut L) -> Result<(), Error> {
        if let Some(list) = self.list() {
            return writer.write_rows(self.graph.walk(list), 0, self.prefix.unwrap_or("$"));
        }
        // A table alone is written row by row, as a list is element by element.
        if let [table] = self.roots
            && writer.write_table(*table, &self.path(0))?
        {
            return Ok(());
        }
        for (n, root) in self.roots.iter().enumerate() {
            writer.write_row(*root, &self.path(n))?;
        }
        Ok(())
    }

    /// The list that is the only root.
    fn list(&self) -> Option<NodeId> {
        match self.roots {
            [Value::Object(id)] if self.graph.kind(*id) == Kind::List => Some(*id),
            _ => None,
        }
    }

    /// Counts the rows that hold what an earlier one holds, too: sharing between rows is written out.
    fn count_shared(&self, ledger: &mut Ledger) -> Result<(), Error> {
        if !self.graph.has_shared() {
            return Ok(());
        }
        let rows: Vec<(Value, String)> = match self.list() {
            Some(list) => {
                let prefix = self.prefix.unwrap_or("$");
                self.graph.items(list).enumerate().map(|(n, value)| (value, format!("{prefix}[{n}]"))).collect()
            }
            None => self.roots.iter().enumerate().map(|(n, value)| (*value, self.path(n).into_owned())).collect(),
        };
        for path in shared_between(self.graph, &rows) {
            ledger.count(Step::SharingLost, || path);
            if self.options.loss == Loss::Error {
                let what = format!("lossy under `--strict`: {}", Step::SharingLost.words());
                return Err(Error::unrepresentable(what, Location::path("$".to_owned()))
                    .with_hint("`--to json --lossless` keeps sharing"));
            }
        }
        Ok(())
    }

    /// Frames: the header, then the definitions and the value of each pickle.
    #[cfg(feature = "protobuf")]
    fn frames(&self, output: &mut dyn Write) -> Result<u64, Error> {
        let out = self.out(output);
        let mut writer = crate::writers::protobuf::Protobuf::new(self.graph, self.max_depth, self.max_output, out);
        writer.header(self.roots.len());
        for (n, root) in self.roots.iter().enumerate() {
            writer.write(*root, &self.path(n))?;
        }
        writer.finish()
    }

    /// Arrays and tensors.
    #[cfg(feature = "tensors")]
    fn tensors(&self, ledger: &mut Ledger, output: &mut dyn Write) -> Result<u64, Error> {
        if self.options.mapping == Mapping::Lossless {
            let what = format!("`--lossless` is for json, ndjson and msgpack, not for {}", self.options.format.name());
            return Err(Error::misuse(what));
        }
        let roots: Vec<_> =
            self.roots.iter().enumerate().map(|(n, value)| (*value, self.path(n).into_owned())).collect();
        let (graph, options, out) = (self.graph, self.options, self.out(output));
        crate::writers::tensors::Writer { graph, options, ledger, out }.write(&roots)
    }
}

/// The paths of lines that hold an object which an earlier line holds too.
fn shared_between(graph: &Graph, lines: &[(Value, String)]) -> Vec<String> {
    if lines.len() < 2 {
        return Vec::new();
    }
    let mut first = vec![u32::MAX; graph.len()];
    let mut found = Vec::new();
    for (n, (value, path)) in lines.iter().enumerate() {
        let mut todo = vec![*value];
        let mut repeated = false;
        while let Some(value) = todo.pop() {
            let Value::Object(id) = value else { continue };
            let Some(slot) = first.get_mut(id.0 as usize) else { continue };
            if *slot == u32::MAX {
                *slot = n as u32;
                todo.extend(graph.items(id));
                todo.extend(graph.extra(id));
            } else if *slot != n as u32 {
                repeated |=
                    !matches!(graph.kind(id), Kind::Zone | Kind::Uuid | Kind::Complex | Kind::Fraction | Kind::Range);
            }
        }
        if repeated {
            found.push(path.clone());
        }
    }
    found
}
