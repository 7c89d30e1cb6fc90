//! One input on its way into a graph: what it is by its first bytes, and its pickles, arrays and members in turn.
//!
//! What goes wrong becomes a finding, and the next member is read all the same. Deliberately absent: what a name means, and
//! the order of bytes in any format.

use std::io::Read;
use std::sync::Arc;

use super::{Document, Memory, Reader, cut_off, explain};
use crate::container::archive::{Archive, Member};
use crate::container::{self, Form, Opened};
use crate::error::{Error, ErrorKind, Failure, LimitExceeded};
use crate::globals::Registry;
use crate::globals::torch::Part;
use crate::location::Location;
use crate::machine::{Machine, Outcome};
use crate::model::graph::Kind;
use crate::model::graph::payloads::STAYS_FROM;
use crate::model::key::KeyError;
use crate::model::value::Value;
use crate::opcode::lexer::Lexer;
use crate::source::random::{RandomAccess, Section, hold};

/// Bytes from which on an input is given room at once.
const LARGE: u64 = 4 << 20;

pub(crate) struct Reading<'r> {
    pub(super) reader: &'r Reader,
    pub(super) machine: Machine<Registry>,
    /// The buffer of the lexer.
    pub(super) buffer: Vec<u8>,
    /// Compression and containers that were peeled off, outermost first.
    pub(super) codecs: Vec<&'static str>,
    /// Pickles and array files.
    pub(super) pickles: u64,
    /// The input is something else than a pickle, not a broken one.
    pub(super) foreign: bool,
    /// Why the member that was read last is no pickle.
    no_pickle: Option<Error>,
}

impl<'r> Reading<'r> {
    /// A reading in the memory of an earlier one.
    pub fn new(reader: &'r Reader, memory: &mut Memory) -> Self {
        let (buffer, memory) = (std::mem::take(&mut memory.buffer), std::mem::take(&mut memory.machine));
        Reading {
            reader,
            machine: reader.machine(memory),
            buffer,
            codecs: Vec::new(),
            pickles: 0,
            foreign: false,
            no_pickle: None,
        }
    }

    /// Reads an input; `place` is where it lies, if it can be read at any place. Gives its roots.
    pub fn input<'a>(&mut self, stream: Box<dyn Read + Send + 'a>, place: Option<Section>) -> Vec<Value> {
        let read = container::open(stream, &self.reader.limits).and_then(|opened| {
            self.codecs.extend(opened.codecs.iter().map(|codec| codec.name()));
            match opened.form() {
                Form::Pickles => {
                    if let Some(section) =
                        place.as_ref().filter(|place| place.len() >= LARGE && opened.codecs.is_empty())
                    {
                        self.machine.graph().expect(section.len());
                    }
                    Ok(self.pickles(opened, place, None))
                }
                Form::Array => self.array(opened, place, None).map(|value| vec![value]),
                form => {
                    let archive = self.open_archive(form, opened, place)?;
                    self.archive(&archive)
                }
            }
        });
        read.unwrap_or_else(|error| {
            self.machine.findings().push(error);
            Vec::new()
        })
    }

    /// Ends the reading: the document, and what is left for the next one.
    pub fn finish(self, roots: Vec<Value>, memory: &mut Memory) -> Result<Document, Failure> {
        let Reading { machine, buffer, codecs, pickles, foreign, .. } = self;
        let Outcome { graph, roots, findings, bytes, protocol, memory: left, .. } = machine.finish(roots);
        (memory.buffer, memory.machine) = (buffer, left);
        if findings.errors.is_empty() {
            return Ok(Document { graph, roots, notes: findings.notes, bytes, protocol, codecs, pickles });
        }
        memory.machine.graph = Some(graph);
        let errors: Vec<Error> = findings.errors.into_iter().map(cut_off).collect();
        Err(if foreign { Failure::foreign(errors) } else { Failure::new(errors, findings.more) })
    }

    fn open_archive(&mut self, form: Form, mut opened: Opened<'_>, place: Option<Section>) -> Result<Archive, Error> {
        let limits = &self.reader.limits;
        let section = match place {
            Some(section) if opened.codecs.is_empty() => section,
            Some(_) | None => Section::all(Arc::new(hold(&mut opened.reader, limits.max_memory)?)),
        };
        self.machine.count(section.len());
        // What was decompressed already is measured by what it was.
        let input = opened.fetched().unwrap_or(section.len());
        self.codecs.push(form.name());
        container::open_archive(form, section, input, limits)
    }

    /// The roots of an archive.
    fn archive(&mut self, archive: &Archive) -> Result<Vec<Value>, Error> {
        self.machine.findings().notes.extend(archive.notes().iter().cloned());
        if let Some(found) = super::torch::recognise(archive) {
            return super::torch::read(self, archive, &found);
        }
        let arrays = archive.members().iter().all(|member| member.name.ends_with(".npy"));
        match archive.members() {
            [] => Err(Error::malformed("expected a pickle or an array, found an empty archive", Location::default())),
            [one] if !arrays => {
                let values = self.member(archive, one);
                self.no_pickle.take().map_or(Ok(values), Err)
            }
            members => {
                let (mut pairs, mut ignored) = (Vec::new(), Vec::new());
                for member in members {
                    let values = self.member(archive, member);
                    if let Some(error) = self.no_pickle.take() {
                        ignored.push((member, error));
                        continue;
                    }
                    // numpy's `savez` adds the extension, and its `load` takes it away.
                    let name = if arrays { member.name.strip_suffix(".npy") } else { None };
                    let key = self.machine.graph().str(name.unwrap_or(&member.name)).map_err(limit)?;
                    pairs.extend([key, self.one(&values, &member.name)?]);
                }
                if pairs.is_empty()
                    && let Some((_, error)) = ignored.pop()
                {
                    return Err(error);
                }
                if !ignored.is_empty() {
                    let names: Vec<String> =
                        ignored.iter().map(|(member, _)| crate::name::Escaped(&member.name).to_string()).collect();
                    let note = format!("members that are no pickles were ignored: {}", names.join(", "));
                    self.machine.findings().notes.push(note);
                }
                let graph = self.machine.graph();
                let dict = graph.alloc(Kind::Dict).map_err(limit)?;
                graph.extend_dict(dict, &pairs).map_err(|e| match e {
                    KeyError::Limit(e) => limit(e),
                    KeyError::Unhashable(kind) => {
                        Error::malformed(format!("expected a name as a key, found {kind}"), Location::default())
                    }
                })?;
                Ok(vec![Value::Object(dict)])
            }
        }
    }

    /// The value of a member among several: where it holds many pickles, the list of them.
    fn one(&mut self, values: &[Value], name: &str) -> Result<Value, Error> {
        match values {
            // There was a finding.
            [] => Ok(Value::Unknown),
            [one] => Ok(*one),
            many => {
                let name = crate::name::Escaped(name);
                let note = format!("the {} pickles of member {name} became a list", many.len());
                self.machine.findings().notes.push(note);
                self.machine.graph().object(Kind::List, many).map(Value::Object).map_err(limit)
            }
        }
    }

    /// The values of one member.
    fn member(&mut self, archive: &Archive, member: &Member) -> Vec<Value> {
        let mut limits = self.reader.limits.clone();
        limits.max_ratio = archive.ratio_left(member, limits.max_ratio);
        let read = container::open(archive.reader(member), &limits).and_then(|opened| match opened.form() {
            Form::Pickles => Ok(self.pickles(opened, self.place(archive, member), Some(&member.name))),
            Form::Array => self.array(opened, self.place(archive, member), Some(&member.name)).map(|value| vec![value]),
            Form::Zip | Form::Tar => {
                let what = "expected a pickle or an array, found an archive in an archive";
                Err(Error::malformed(what, Location::default()).with_hint("unpack the outer archive first"))
            }
        });
        read.unwrap_or_else(|error| {
            self.machine.findings().push(error.in_member(&member.name));
            Vec::new()
        })
    }

    /// Where a member lies in the input, if its bytes are there as they are and right: payloads may then stay there. What has
    /// none that large is only read once.
    pub fn place(&self, archive: &Archive, member: &Member) -> Option<Section> {
        let place = archive.section(member).filter(|place| place.len() >= STAYS_FROM)?;
        archive.check(member).is_ok().then_some(place)
    }

    /// The pickles of a stream; `place` is where it lies before anything was peeled off.
    fn pickles(&mut self, opened: Opened<'_>, place: Option<Section>, member: Option<&str>) -> Vec<Value> {
        let checked = !opened.codecs.is_empty() || member.is_some();
        let place = place.filter(|_| opened.codecs.is_empty());
        let buffer = std::mem::take(&mut self.buffer);
        let lexer = Lexer::reusing(buffer, opened.reader, &self.reader.limits).lies_at(place, STAYS_FROM);
        self.stream(lexer, Head { bytes: &opened.head, is_all: opened.head_is_all }, checked, member)
    }

    /// Reads an input that is the first `len` bytes of `buffer`. Gives its roots.
    pub fn held(&mut self, buffer: Vec<u8>, len: usize) -> Vec<Value> {
        let all = buffer.get(..len).unwrap_or_default();
        let bytes = all.get(..container::HEAD).unwrap_or(all);
        if !container::is_bare(bytes) {
            let roots = self.input(Box::new(all), None);
            self.buffer = buffer;
            return roots;
        }
        // The buffer goes to the lexer.
        let mut copy = [0; container::HEAD];
        let (head, is_all) = (copy.get_mut(..bytes.len()).unwrap_or_default(), bytes.len() < container::HEAD);
        head.copy_from_slice(bytes);
        let lexer = Lexer::held(buffer, len, &self.reader.limits);
        self.stream(lexer, Head { bytes: head, is_all }, false, None)
    }

    /// The pickles that a lexer reads. What is `checked` has checksums at its end, or lies among others.
    fn stream(&mut self, mut lexer: Lexer<'_>, head: Head<'_>, checked: bool, member: Option<&str>) -> Vec<Value> {
        let known = self.machine.findings().errors.len();
        let legacy = super::torch::is_legacy(head.bytes);
        if legacy {
            self.codecs.push("torch-legacy");
            self.machine.globals().0.torch().begin(Part::Legacy);
        }
        let roots = self.machine.stream(&mut lexer, self.reader.trailing, member);
        self.pickles += roots.len() as u64;
        if legacy {
            self.machine.globals().0.torch().end();
        }
        let findings = self.machine.findings();
        if findings.errors.len() == known {
            // Checksums stand at the end.
            if let Err(error) = lexer.drain() {
                findings.push(in_member(error, member));
            }
            self.buffer = lexer.into_buffer();
            return roots;
        }
        // Damage that a checksum proves explains what no pickle can be; but what was refused stays refused.
        let decoded = if checked { lexer.drain() } else { Ok(()) };
        self.buffer = lexer.into_buffer();
        let new = findings.errors.split_off(known);
        match decoded {
            Err(error) if matches!(error.kind(), ErrorKind::Malformed(_)) => {
                findings.errors.extend(new.into_iter().filter(|e| !matches!(e.kind(), ErrorKind::Malformed(_))));
                findings.push(in_member(error, member));
            }
            Ok(()) | Err(_) => match explain(&new, head.bytes, head.is_all).filter(|_| roots.is_empty()) {
                Some(explained) if member.is_some() => self.no_pickle = Some(in_member(explained, member)),
                Some(explained) => {
                    self.foreign = true;
                    findings.errors.push(explained);
                }
                // Its first byte is no opcode.
                None => match <[Error; 1]>::try_from(new) {
                    Ok([error]) if member.is_some() && starts_no_pickle(&error) => self.no_pickle = Some(error),
                    Ok(new) => findings.errors.extend(new),
                    Err(new) => findings.errors.extend(new),
                },
            },
        }
        roots
    }
}

/// The first bytes of a stream, and whether they are all.
#[derive(Clone, Copy)]
struct Head<'h> {
    bytes: &'h [u8],
    is_all: bool,
}

/// Whether a stream broke at its first byte.
fn starts_no_pickle(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Malformed(_)) && error.location().offset == Some(0)
}

fn in_member(error: Error, member: Option<&str>) -> Error {
    match member {
        Some(member) => error.in_member(member),
        None => error,
    }
}

pub(super) fn limit(e: LimitExceeded) -> Error {
    Error::limit(e, Location::default())
}
