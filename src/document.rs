//! Reading: from bytes to a document, the values of every pickle in an input.

use std::io::Read;

use crate::container;
use crate::error::{Error, ErrorKind, Failure, Refused};
use crate::globals::Registry;
use crate::limits::Limits;
use crate::location::Location;
use crate::machine::{self, Machine, Outcome, Trailing};
use crate::model::graph::Graph;
use crate::model::value::Value;
use crate::opcode::lexer::Lexer;
use crate::policy::Policy;
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

    /// What is admitted.
    pub(crate) fn policy_rule(&self) -> &Policy {
        &self.policy
    }

    /// What is done with bytes after the last STOP.
    pub(crate) fn trailing_rule(&self) -> Trailing {
        self.trailing
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

    /// Reads every pickle of an input, compressed or not.
    ///
    /// # Errors
    /// All findings of the input: refused globals and values, malformed bytes, limits, I/O.
    pub fn read<'a>(&self, input: impl Read + Send + 'a) -> Result<Document, Failure> {
        self.read_in(input, &mut Memory::default())
    }

    /// As [`Reader::read`], in the memory of an earlier reading; the document's graph is for whoever is done with it to give
    /// back.
    pub(crate) fn read_in<'a>(&self, input: impl Read + Send + 'a, memory: &mut Memory) -> Result<Document, Failure> {
        let opened = container::open(Box::new(input), &self.limits)?;
        let (head, head_is_all) = (opened.head.clone(), opened.head_is_all);
        let codecs = opened.codecs.iter().map(|codec| codec.name()).collect();
        let mut lexer = Lexer::reusing(std::mem::take(&mut memory.buffer), opened.reader, &self.limits);
        let machine =
            Machine::reusing(std::mem::take(&mut memory.machine), Registry::new(self.policy.clone()), &self.limits);
        let mut outcome = machine.run(&mut lexer, self.trailing);
        if outcome.findings.errors.is_empty() {
            // Checksums of compressed streams stand at their end.
            if let Err(error) = lexer.drain() {
                outcome.findings.errors.push(error);
            }
        }
        memory.buffer = lexer.into_buffer();
        let Outcome { graph, roots, findings, bytes, protocol, memory: left } = outcome;
        memory.machine = left;
        if findings.errors.is_empty() {
            return Ok(Document { graph, roots, notes: findings.notes, bytes, protocol, codecs });
        }
        memory.machine.graph = Some(graph);
        let errors: Vec<Error> = findings.errors.into_iter().map(cut_off).collect();
        if roots.is_empty()
            && let Some(explained) = explain(&errors, &head, head_is_all)
        {
            return Err(Failure::foreign(vec![explained]));
        }
        Err(Failure::new(errors, findings.more))
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

/// The values of an input: one root per pickle.
#[derive(Debug)]
pub struct Document {
    pub(crate) graph: Graph,
    pub(crate) roots: Vec<Value>,
    notes: Vec<String>,
    bytes: u64,
    protocol: u8,
    codecs: Vec<&'static str>,
}

impl Document {
    /// A document of values that were read from something else than pickles: `bytes` of it, no protocol, no compression.
    #[cfg(feature = "json")]
    pub(crate) fn new(graph: Graph, roots: Vec<Value>, bytes: u64) -> Self {
        Document { graph, roots, notes: Vec::new(), bytes, protocol: 0, codecs: Vec::new() }
    }

    /// One value per pickle, in stream order.
    pub fn roots(&self) -> impl ExactSizeIterator<Item = ValueRef<'_>> {
        self.roots.iter().map(|value| ValueRef::new(&self.graph, *value))
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

    /// The compression that was peeled off, outermost first.
    pub fn codecs(&self) -> &[&'static str] {
        &self.codecs
    }
}
