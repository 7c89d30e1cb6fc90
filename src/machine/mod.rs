//! The pickle machine: stack, metastack, memo and limits. It executes opcodes, never code.
//!
//! It knows no Python class: whatever a name means it asks the [`Globals`] trait. After the first refusal it goes on
//! symbolically, with `Value::Unknown` where a refused value would stand, so that one run finds everything there is to find.

pub(crate) mod batches;
pub(crate) mod liveness;
mod memo;
mod names;
mod stack;
mod step;

use crate::error::{Error, LimitExceeded, Refused};
use crate::limits::{Limits, memory_for};
use crate::location::Location;
use crate::model::graph::Graph;
use crate::model::key::KeyError;
use crate::model::value::{NodeId, Value};
use crate::name::GlobalName;
use crate::opcode::lexer::Lexer;

/// How an instance is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// REDUCE: the callable is called.
    Reduce,
    /// NEWOBJ: `cls.__new__(cls, *args)`.
    NewObj,
    /// NEWOBJ_EX: with keyword arguments.
    NewObjEx,
    /// INST and OBJ: an old-style instance, or a call.
    Instance,
}

/// A call that the stream asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub form: Form,
    /// A global, or an object that stands for a callable.
    pub callee: Value,
    /// A tuple.
    pub args: NodeId,
    /// A dict.
    pub kwargs: Option<NodeId>,
}

/// Why a global does not do what the stream asks.
#[derive(Debug)]
pub(crate) enum Reject {
    /// The arguments are not recognised completely.
    Value {
        name: GlobalName,
        problem: String,
    },
    /// Something that only this call made visible is refused.
    Refused(Refused),
    /// No correct reader accepts it, and what follows cannot be told.
    Malformed(String),
    /// No correct reader accepts it; what follows can still be read for the report.
    Soft(String),
    Limit(LimitExceeded),
    /// It depends on what was refused already.
    Tainted,
}

impl From<LimitExceeded> for Reject {
    fn from(e: LimitExceeded) -> Self {
        Reject::Limit(e)
    }
}

impl From<KeyError> for Reject {
    fn from(e: KeyError) -> Self {
        match e {
            KeyError::Limit(e) => Reject::Limit(e),
            KeyError::Unhashable(kind) => Reject::Malformed(unhashable(kind)),
        }
    }
}

fn unhashable(kind: &str) -> String {
    format!("expected a hashable key, found {kind}")
}

/// What the machine asks about names. Nothing behind it sees the byte stream.
pub(crate) trait Globals {
    /// A name that the stream refers to, as it spells it; called once per name and protocol family.
    ///
    /// # Errors
    /// The policy refuses the name.
    fn resolve(&mut self, graph: &mut Graph, name: &GlobalName, protocol: u8) -> Result<Value, Reject>;

    /// REDUCE, NEWOBJ, NEWOBJ_EX, INST, OBJ.
    ///
    /// # Errors
    /// The arguments are not recognised completely.
    fn call(&mut self, graph: &mut Graph, call: Call) -> Result<Value, Reject>;

    /// BUILD on an object.
    ///
    /// # Errors
    /// The object takes no such state.
    fn build(&mut self, graph: &mut Graph, target: NodeId, state: Value) -> Result<(), Reject>;

    /// APPEND(S) (`members` false) or ADDITEMS (`members` true) on an object that is no list and no set.
    ///
    /// # Errors
    /// The object takes no items.
    fn extend(&mut self, graph: &mut Graph, target: NodeId, items: &[Value], members: bool) -> Result<(), Reject>;

    /// SETITEM(S) on an object that is no dict.
    ///
    /// # Errors
    /// The object takes no items.
    fn set_items(&mut self, graph: &mut Graph, target: NodeId, pairs: &[Value]) -> Result<(), Reject>;

    /// A value was popped; what is on top of the stack now may have been changed by the call that made it.
    ///
    /// # Errors
    /// A limit.
    fn popped(&mut self, graph: &mut Graph, value: Value, top: Option<Value>) -> Result<(), Reject>;

    /// Everything was read: what may not be left over as a value is refused.
    ///
    /// # Errors
    /// A data object that never got its state; a constructor left as a value.
    fn finish(&mut self, graph: &Graph, roots: &[Value]) -> Vec<Reject>;
}

/// What is done with bytes after the last STOP that are no pickle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trailing {
    /// They make the input malformed.
    #[default]
    Error,
    /// They are noted and left alone.
    Ignore,
}

/// Findings and notes of one run, in stream order.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub errors: Vec<Error>,
    /// Findings beyond the report limit.
    pub more: u64,
    pub notes: Vec<String>,
    max: usize,
}

impl Findings {
    fn push(&mut self, error: Error) {
        if self.errors.len() < self.max { self.errors.push(error) } else { self.more += 1 }
    }
}

/// What was read: the graph, a root per pickle, and everything that was found wrong on the way.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub graph: Graph,
    pub roots: Vec<Value>,
    pub findings: Findings,
    /// Bytes of the (decompressed) stream.
    pub bytes: u64,
    /// The highest protocol that a PROTO opcode named.
    pub protocol: u8,
    /// For the next machine.
    pub memory: Memory,
}

/// What a machine leaves to the next one: many small inputs cost no allocation. What a huge input needed is not kept.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub graph: Option<Graph>,
    stack: stack::Stack,
    memo: memo::Memo,
    names: names::Names,
    scratch: Vec<u8>,
}

/// Bytes that each of a machine's stores may keep for the next input.
const KEPT: usize = 4 << 20;

pub(crate) struct Machine<G> {
    graph: Graph,
    globals: G,
    stack: stack::Stack,
    memo: memo::Memo,
    names: names::Names,
    findings: Findings,
    scratch: Vec<u8>,
    /// Protocol of the pickle that is being read.
    protocol: u8,
    /// The highest protocol of the pickles that were handed over.
    highest: u8,
    /// Opcodes read in this pickle.
    opcodes: u64,
    max_memory: u64,
    max_memo: u64,
    max_digits: u32,
    /// What CPython lets pass and no pickler writes: a memo slot filled twice, items or marks left at STOP. Where the input is
    /// refused anyway, it only adds to the notes.
    strict: Vec<Error>,
    /// Offset at which the memory budget grows next, or a batch may end.
    next_stop: u64,
    /// What the first pass knows of memo slots.
    slots: Option<liveness::Slots>,
}

impl<G: Globals> Machine<G> {
    pub fn new(globals: G, limits: &Limits) -> Self {
        Machine::reusing(Memory::default(), globals, limits)
    }

    /// A machine in the memory of an earlier one.
    pub fn reusing(memory: Memory, globals: G, limits: &Limits) -> Self {
        let Memory { graph, mut stack, mut memo, mut names, mut scratch } = memory;
        let mut graph = graph.and_then(|graph| graph.emptied(limits, KEPT)).unwrap_or_else(|| Graph::new(limits));
        stack.reset(KEPT);
        memo.reset(KEPT);
        names.clear();
        scratch.shrink_to(KEPT);
        graph.set_memory(memory_for(limits.max_memory, 0));
        Machine {
            graph,
            globals,
            stack,
            memo,
            names,
            findings: Findings { max: limits.max_findings as usize, ..Findings::default() },
            scratch,
            protocol: 0,
            highest: 0,
            opcodes: 0,
            max_memory: limits.max_memory,
            max_memo: limits.max_memo,
            max_digits: limits.max_digits,
            strict: Vec::new(),
            next_stop: 0,
            slots: None,
        }
    }

    /// Reads one pickle, whose root is handed over in the batches that the first pass found. What follows the pickle is an
    /// error: the first pass saw nothing there.
    pub fn run_batches(
        mut self,
        lexer: &mut Lexer<'_>,
        batches: liveness::Batches,
        sink: &mut dyn batches::Sink,
    ) -> Outcome {
        let (mut stream, slots) = batches::Stream::new(batches, sink);
        self.slots = Some(slots);
        let result = self.read(lexer, Some(&mut stream)).and_then(|_| {
            self.flush(&mut stream)?;
            match lexer.peek()? {
                None => Ok(()),
                Some(_) => Err(batches::changed()),
            }
        });
        self.highest = self.protocol;
        self.outcome(lexer, result)
    }

    /// Reads the pickles that the first pass counted, and hands over each.
    pub fn run_each(mut self, lexer: &mut Lexer<'_>, count: u64, sink: &mut dyn batches::Pickles) -> Outcome {
        let result = self.each(lexer, count, sink);
        self.outcome(lexer, result)
    }

    /// What came of a reading that has handed over its values.
    fn outcome(mut self, lexer: &Lexer<'_>, result: Result<(), Error>) -> Outcome {
        if let Err(error) = result {
            self.findings.push(error);
        }
        self.settle_strict();
        let protocol = self.highest;
        self.into_outcome(Vec::new(), lexer.offset(), protocol)
    }

    fn into_outcome(self, roots: Vec<Value>, bytes: u64, protocol: u8) -> Outcome {
        let Machine { graph, stack, memo, names, scratch, findings, .. } = self;
        let memory = Memory { graph: None, stack, memo, names, scratch };
        Outcome { graph, roots, findings, bytes, protocol, memory }
    }

    /// What only strictness refuses adds to the notes where the input is refused anyway.
    fn settle_strict(&mut self) {
        let refused = self.findings.errors.iter().any(|e| matches!(e.kind(), crate::error::ErrorKind::Refused(_)));
        for error in std::mem::take(&mut self.strict) {
            if refused { self.findings.notes.push(error.to_string()) } else { self.findings.push(error) }
        }
    }

    /// Reads every pickle of the stream. Findings end up in the outcome; if there are any, its values mean nothing.
    pub fn run(mut self, lexer: &mut Lexer<'_>, trailing: Trailing) -> Outcome {
        let mut roots = Vec::new();
        let mut protocol = 0;
        loop {
            let (start, known) = (lexer.offset(), self.findings.errors.len());
            match self.pickle(lexer) {
                Ok(root) => roots.push(root),
                Err(error) if roots.is_empty() => {
                    self.findings.push(error);
                    break;
                }
                Err(error) => {
                    self.after_stop(error, start, known, trailing);
                    break;
                }
            }
            protocol = protocol.max(self.protocol);
            match self.more(lexer) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.findings.push(error);
                    break;
                }
            }
        }
        self.settle_strict();
        if self.findings.errors.is_empty() {
            self.finish(&roots);
        }
        self.into_outcome(roots, lexer.offset(), protocol)
    }

    /// Whether another pickle follows. A newline at the very end is left by tools that print pickles.
    fn more(&mut self, lexer: &mut Lexer<'_>) -> Result<bool, Error> {
        match lexer.peek()? {
            None => Ok(false),
            Some(b'\n') => {
                let at = lexer.offset();
                lexer.skip_byte()?;
                if lexer.peek()?.is_none() {
                    self.findings.notes.push(format!("a newline after the last STOP (at offset {at:#x})"));
                    return Ok(false);
                }
                Err(Error::malformed(
                    "expected a pickle or the end of the stream after STOP, found `\\n`",
                    Location::offset(at),
                )
                .with_hint("`--trailing ignore` drops what follows the last pickle"))
            }
            Some(_) => Ok(true),
        }
    }

    fn after_stop(&mut self, error: Error, start: u64, known: usize, trailing: Trailing) {
        if matches!(error.kind(), crate::error::ErrorKind::Malformed(_)) {
            if trailing == Trailing::Ignore {
                let mut seen = 0;
                self.findings.errors.retain(|e| {
                    seen += 1;
                    seen <= known || !matches!(e.kind(), crate::error::ErrorKind::Malformed(_))
                });
                self.findings
                    .notes
                    .push(format!("bytes after STOP that are no pickle were ignored (from offset {start:#x})"));
                return;
            }
            let what = format!("expected a pickle or the end of the stream at offset {start:#x}, after STOP: {error}");
            let error = Error::malformed(what, Location::default())
                .with_hint("`--trailing ignore` drops what follows the last pickle");
            self.findings.push(error);
            return;
        }
        self.findings.push(error);
    }

    fn finish(&mut self, roots: &[Value]) {
        if let Err(e) = self.graph.seal() {
            let error = match e {
                KeyError::Limit(e) => Error::limit(e, Location::default()),
                KeyError::Unhashable(kind) => Error::malformed(unhashable(kind), Location::default()),
            };
            self.findings.push(error);
            return;
        }
        for reject in self.globals.finish(&self.graph, roots) {
            if let Some(error) = located(reject, Location::default()) {
                self.findings.push(error);
            }
        }
    }
}

/// The error for a rejection at a place; `None` where it only follows from an earlier one.
fn located(reject: Reject, at: Location) -> Option<Error> {
    Some(match reject {
        Reject::Value { name, problem } => Error::refused(Refused::Value { name, problem }, at),
        Reject::Refused(refused) => Error::refused(refused, at),
        Reject::Malformed(what) | Reject::Soft(what) => Error::malformed(what, at),
        Reject::Limit(e) => Error::limit(e, at),
        Reject::Tainted => return None,
    })
}
