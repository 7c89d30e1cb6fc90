//! Reading: from bytes to a document, the values of every pickle in an input.

mod joblib;
#[cfg(feature = "json")]
mod many;
mod npy;
mod reading;
mod torch;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use joblib::Beside;
#[cfg(feature = "json")]
pub(crate) use many::One;
pub(crate) use reading::Reading;
#[cfg(feature = "json")]
pub(crate) use torch::is_legacy;

use crate::container;
use crate::error::{Error, ErrorKind, Failure, Refused};
use crate::globals::Registry;
use crate::limits::Limits;
use crate::location::Location;
use crate::machine::{self, Machine, Trailing};
use crate::model::graph::Graph;
use crate::model::value::Value;
use crate::policy::Policy;
use crate::source::random::{FileInput, Section};
use crate::view::ValueRef;

/// How far into a stream an error may lie for the stream to be no pickle at all.
const HEAD: u64 = 512;

/// What one reading leaves to the next: many small inputs cost no allocation.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The cursor's buffer.
    pub buffer: Vec<u8>,
    pub machine: machine::Memory,
    /// A writer's buffer.
    #[cfg_attr(not(feature = "json"), allow(dead_code, reason = "writers alone have one"))]
    pub text: Vec<u8>,
}

/// Reads pickles. Nothing is executed, imported or called.
///
/// ```
/// let document = depickle::Reader::new().read(&b"\x80\x04]\x94(K\x01K\x02e."[..])?;
/// let root = document.roots().next().expect("one pickle");
/// assert_eq!(root.len(), Some(2));
/// # Ok::<(), depickle::error::Failure>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reader {
    policy: Policy,
    limits: Limits,
    trailing: Trailing,
    buffers: Arc<[Vec<u8>]>,
    side_files: Option<Arc<Path>>,
}

impl Reader {
    /// Data only, default limits.
    pub fn new() -> Self {
        Reader::default()
    }

    /// Admits what the policy admits.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets what an input may cost.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The folder of the input.
    #[cfg_attr(not(feature = "json"), allow(dead_code, reason = "a worker alone moves on"))]
    pub(crate) fn side_folder(&mut self) -> &mut Option<Arc<Path>> {
        &mut self.side_files
    }

    /// What is done with bytes after the last STOP.
    pub(crate) fn trailing_rule(&self) -> Trailing {
        self.trailing
    }

    /// Whether out-of-band buffers were given.
    pub(crate) fn has_buffers(&self) -> bool {
        !self.buffers.is_empty()
    }

    /// What an input may cost.
    pub(crate) fn allowed(&self) -> &Limits {
        &self.limits
    }

    /// Says what is done with bytes after the last STOP that are no pickle.
    #[must_use]
    pub fn trailing(mut self, trailing: Trailing) -> Self {
        self.trailing = trailing;
        self
    }

    /// Gives the out-of-band buffers of a protocol 5 pickle, in the order in which its pickler handed them out. The input has
    /// to ask for all of them.
    #[must_use]
    pub fn buffers(mut self, buffers: Vec<Vec<u8>>) -> Self {
        self.buffers = buffers.into();
        self
    }

    /// Names the folder of the input, where joblib 0.9 and older put arrays into files of their own. Only files directly in
    /// it are read, and only those that the input names by a bare file name.
    #[must_use]
    pub fn side_files(mut self, folder: impl Into<PathBuf>) -> Self {
        self.side_files = Some(folder.into().into());
        self
    }

    /// A machine for one input, and a registry that knows nothing of another.
    pub(crate) fn machine(&self, memory: machine::Memory) -> Machine<Registry> {
        let mut machine = Machine::reusing(memory, Registry::new(self.policy.clone()), &self.limits);
        machine.give_buffers(Arc::clone(&self.buffers));
        if let Some(folder) = &self.side_files {
            machine.give_side_files(Some(Box::new(Beside::new(Arc::clone(folder), self.limits.clone()))));
        }
        machine
    }

    /// Reads an input: every pickle of a stream, compressed or not, an array file of numpy, or an archive of either.
    ///
    /// An archive of one pickle is what it holds; an archive of several members is a dict of their values, by their names. An
    /// archive from a stream is held in memory; [`Reader::read_file`] reads it where it lies.
    ///
    /// # Errors
    /// All findings of the input: refused globals and values, malformed bytes, limits, I/O.
    pub fn read<'a>(&self, input: impl Read + Send + 'a) -> Result<Document, Failure> {
        self.read_in(input, None, &mut Memory::default())
    }

    /// Reads a file in the same way. Of a regular file nothing is held that can be read where it lies; its position is of no
    /// account.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read_file(&self, file: File) -> Result<Document, Failure> {
        match FileInput::new(file).map_err(|e| Error::io(e, Location::default()))? {
            Ok(file) => self.read_section(Section::all(Arc::new(file))),
            Err(pipe) => self.read(pipe),
        }
    }

    /// Reads an input of which any part can be read at any time.
    pub(crate) fn read_section(&self, section: Section) -> Result<Document, Failure> {
        self.read_in(section.reader(), Some(section), &mut Memory::default())
    }

    /// Reads in the memory of an earlier reading; the document's graph is for whoever is done with it to give back. `place` is
    /// where the input lies, if it can be read at any place.
    pub(crate) fn read_in<'a>(
        &self,
        stream: impl Read + Send + 'a,
        place: Option<Section>,
        memory: &mut Memory,
    ) -> Result<Document, Failure> {
        let mut reading = Reading::new(self, memory);
        let roots = reading.input(Box::new(stream), place);
        reading.finish(roots, memory)
    }

    /// Reads the first `len` bytes of `buffer`, which are all of an input, in the memory of an earlier reading; the buffer is
    /// part of it then.
    #[cfg_attr(not(feature = "json"), allow(dead_code, reason = "a worker alone holds inputs"))]
    pub(crate) fn read_held(&self, buffer: Vec<u8>, len: usize, memory: &mut Memory) -> Result<Document, Failure> {
        let mut reading = Reading::new(self, memory);
        let roots = reading.held(buffer, len);
        reading.finish(roots, memory)
    }
}

/// Says what helps where a stream ends too early.
fn cut_off(error: Error) -> Error {
    let truncated = matches!(error.kind(), ErrorKind::Malformed(what) if what.starts_with("truncated"));
    if truncated && error.hint().is_none() {
        return error.with_hint("the file may be cut off, as an interrupted download or a full disk leaves it");
    }
    error
}

/// Says what an input is that is no pickle, where its beginning tells.
pub(crate) fn explain(errors: &[Error], head: &[u8], head_is_all: bool) -> Option<Error> {
    let mut broken = false;
    for error in errors {
        match error.kind() {
            // `PK` of a ZIP archive reads as a PERSID opcode.
            ErrorKind::Refused(Refused::Opcode(_)) => {}
            ErrorKind::Malformed(_) => broken = true,
            _ => return None,
        }
        if error.location().offset.is_some_and(|at| at >= HEAD) {
            return None;
        }
    }
    if !broken {
        return None;
    }
    let found = container::not_a_pickle(head, head_is_all)?;
    let plain = Error::malformed(format!("expected a pickle, found {}", found.what), Location::default());
    Some(match found.hint {
        Some(hint) => plain.with_hint(hint),
        // It may be a pickle all the same, and a broken one.
        None => match errors {
            [error, ..] if found.what == "text" => plain.with_hint(format!("read as a pickle it breaks: {error}")),
            _ => plain,
        },
    })
}

/// The values of an input.
#[derive(Debug)]
pub struct Document {
    pub(crate) graph: Graph,
    pub(crate) roots: Vec<Value>,
    notes: Vec<String>,
    bytes: u64,
    protocol: u8,
    codecs: Vec<&'static str>,
    pickles: u64,
}

impl Document {
    /// A document of values that were read from something else than pickles: `bytes` of it, no protocol, no compression.
    #[cfg(feature = "json")]
    pub(crate) fn new(graph: Graph, roots: Vec<Value>, bytes: u64) -> Self {
        let pickles = roots.len() as u64;
        Document { graph, roots, notes: Vec::new(), bytes, protocol: 0, codecs: Vec::new(), pickles }
    }

    /// One value per pickle, in stream order; of an archive of several members, one dict of their values.
    pub fn roots(&self) -> impl ExactSizeIterator<Item = ValueRef<'_>> {
        self.roots.iter().map(|value| ValueRef::new(&self.graph, *value))
    }

    /// What went wrong with values that were looked at: large bytes of a file are read from it when somebody asks for them, and
    /// are empty where that fails. `Converter::write` asks for it at its end.
    pub fn failure(&self) -> Option<Error> {
        self.graph.failure()
    }

    /// What was noted on the way and is no error.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Bytes of the (decompressed) stream.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The highest protocol that a pickle declares.
    pub fn protocol(&self) -> u8 {
        self.protocol
    }

    /// Pickles and array files of the input: one per root, or the members of an archive.
    pub fn pickles(&self) -> u64 {
        self.pickles
    }

    /// The compression and the containers (`zip`, `tar`, `npy`) that were peeled off, outermost first.
    pub fn codecs(&self) -> &[&'static str] {
        &self.codecs
    }
}
