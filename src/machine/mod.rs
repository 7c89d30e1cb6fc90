//! The pickle machine: stack, metastack, memo and limits. It executes opcodes, never code.
//!
//! It knows no Python class: whatever a name means it asks the [`Globals`] trait. After the first refusal it goes on
//! symbolically, with `Value::Unknown` where a refused value would stand, so that one run finds everything there is to find.

pub(crate) mod batches;
mod demand;
mod foreseen;
mod guess;
pub(crate) mod liveness;
mod memo;
mod names;
mod stack;
mod step;

use std::io::Read;
use std::sync::Arc;

use crate::error::{Error, LimitExceeded, Refused};
use crate::limits::{Limits, memory_for};
use crate::location::Location;
use crate::model::graph::Graph;
use crate::model::key::KeyError;
use crate::model::value::{NodeId, Value};
use crate::name::{Escaped, GlobalName};
use crate::opcode::lexer::Lexer;

pub(crate) use demand::{Demand, Next, SideArray, SideFiles, SideForm};

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
    /// It is refused, and where it ends in the stream cannot be told.
    Fatal(Refused),
    /// It depends on what was refused already.
    Tainted,
    /// It is not complete: the machine gives it what it needs, and goes on.
    Demand(Demand),
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

    /// PERSID, BINPERSID: what a persistent id stands for; `None` where the container defines none.
    ///
    /// # Errors
    /// The container knows no such id.
    fn persistent(&mut self, graph: &mut Graph, id: Value) -> Result<Option<Value>, Reject>;

    /// What a [`Demand`] of `target` asked for; the result stands in its place.
    ///
    /// # Errors
    /// It is not what `target` says it is.
    fn supply(&mut self, graph: &mut Graph, target: NodeId, value: Value) -> Result<Value, Reject>;

    /// A pickle was read up to its STOP: what follows it.
    ///
    /// # Errors
    /// It is not what the container has at this place.
    fn stopped(&mut self, graph: &mut Graph, root: Value) -> Result<Next, Reject>;

    /// The bytes that [`Next::Raw`] asked for: what follows them.
    ///
    /// # Errors
    /// They are not what the container has at this place.
    fn given(&mut self, graph: &mut Graph, bytes: Value) -> Result<Next, Reject>;

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
    fn finish(&mut self, graph: &mut Graph, roots: &[Value]) -> Vec<Reject>;
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
    /// Adds one, or counts it where the report is full.
    pub fn push(&mut self, error: Error) {
        if self.errors.len() < self.max { self.errors.push(error) } else { self.more += 1 }
    }
}

/// What was read: the graph, a root per pickle, and everything that was found wrong on the way.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub graph: Graph,
    pub roots: Vec<Value>,
    pub findings: Findings,
    /// Bytes of all (decompressed) streams.
    pub bytes: u64,
    /// The highest protocol that a PROTO opcode named.
    pub protocol: u8,
    /// For the next machine.
    pub memory: Memory,
    /// The root could not be handed over in batches; nothing of it was.
    pub not_taken: bool,
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
    foreseen: foreseen::Foreseen,
    findings: Findings,
    scratch: Vec<u8>,
    /// Protocol of the pickle that is being read.
    protocol: u8,
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
    /// What is known of them where there was no first pass.
    guess: Option<guess::Guess>,
    /// Bytes of the streams before this one.
    read: u64,
    /// The highest protocol of any pickle.
    highest: u8,
    /// Streams that the one being read lies in.
    nesting: u64,
    /// The bytes that hold the stream being read, where it lies in bytes.
    inner: Option<Value>,
    /// Out-of-band buffers, and how many of them were asked for.
    buffers: Arc<[Vec<u8>]>,
    buffers_used: usize,
    /// Who reads files beside the input.
    side: Option<Box<dyn SideFiles>>,
}

impl<G: Globals> Machine<G> {
    #[cfg(test)]
    pub fn new(globals: G, limits: &Limits) -> Self {
        Machine::reusing(Memory::default(), globals, limits)
    }

    /// A machine in the memory of an earlier one.
    pub fn reusing(memory: Memory, globals: G, limits: &Limits) -> Self {
        let Memory { graph, mut stack, mut memo, mut names, mut scratch } = memory;
        let mut graph = graph.and_then(|graph| graph.emptied(limits, KEPT)).unwrap_or_else(|| Graph::new(limits));
        stack.reset(KEPT);
        memo.reset(KEPT);
        memo.allow(limits.max_memo);
        names.clear();
        scratch.shrink_to(KEPT);
        graph.set_memory(memory_for(limits.max_memory, 0));
        Machine {
            graph,
            globals,
            stack,
            memo,
            names,
            foreseen: foreseen::Foreseen::default(),
            findings: Findings { max: limits.max_findings as usize, ..Findings::default() },
            scratch,
            protocol: 0,
            opcodes: 0,
            max_memory: limits.max_memory,
            max_memo: limits.max_memo,
            max_digits: limits.max_digits,
            strict: Vec::new(),
            next_stop: 0,
            slots: None,
            guess: None,
            read: 0,
            highest: 0,
            nesting: 0,
            inner: None,
            buffers: Arc::default(),
            buffers_used: 0,
            side: None,
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
        let result = self.read(lexer, Some(&mut stream)).and_then(|root| {
            self.finish_batches(&mut stream, root)?;
            match lexer.peek()? {
                None => Ok(()),
                Some(_) => Err(batches::changed()),
            }
        });
        self.highest = self.protocol;
        let not_taken = stream.not_taken;
        Outcome { not_taken, ..self.outcome(lexer, result) }
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
        self.findings.errors.extend(self.graph.failure());
        self.settle_strict();
        let protocol = self.highest;
        self.into_outcome(Vec::new(), lexer.offset(), protocol)
    }

    fn into_outcome(self, roots: Vec<Value>, bytes: u64, protocol: u8) -> Outcome {
        let Machine { graph, stack, memo, names, scratch, findings, .. } = self;
        let memory = Memory { graph: None, stack, memo, names, scratch };
        Outcome { graph, roots, findings, bytes, protocol, memory, not_taken: false }
    }

    /// What only strictness refuses adds to the notes where the input is refused anyway.
    fn settle_strict(&mut self) {
        let refused = self.findings.errors.iter().any(|e| matches!(e.kind(), crate::error::ErrorKind::Refused(_)));
        for error in std::mem::take(&mut self.strict) {
            if refused { self.findings.notes.push(error.to_string()) } else { self.findings.push(error) }
        }
    }

    /// The buffers that NEXT_BUFFER takes, in order.
    pub fn give_buffers(&mut self, buffers: Arc<[Vec<u8>]>) {
        self.count(buffers.iter().fold(0, |sum: u64, b| sum.saturating_add(b.len() as u64)));
        self.buffers = buffers;
    }

    /// Who reads the files beside the input that it names.
    pub fn give_side_files(&mut self, side: Option<Box<dyn SideFiles>>) {
        self.side = side;
    }

    /// Who knows the names.
    pub fn globals(&mut self) -> (&mut G, &mut Graph) {
        (&mut self.globals, &mut self.graph)
    }

    /// Reads every pickle of one stream, and nothing else.
    #[cfg(test)]
    pub fn run(mut self, lexer: &mut Lexer<'_>, trailing: Trailing) -> Outcome {
        let roots = self.stream(lexer, trailing, None);
        self.finish(roots)
    }

    /// Reads every pickle of a stream; their values are roots. Findings end up in the outcome, those of a `member` with its
    /// name. May be called again for another stream, whose values land in the same graph.
    pub fn stream(&mut self, lexer: &mut Lexer<'_>, trailing: Trailing, member: Option<&str>) -> Vec<Value> {
        let (known, noted, strict) = (self.findings.errors.len(), self.findings.notes.len(), self.strict.len());
        self.next_stop = 0;
        let roots = self.pickles(lexer, trailing);
        self.read += lexer.offset();
        if let Some(member) = member {
            names::name_member(&mut self.findings.errors, known, member);
            names::name_member(&mut self.strict, strict, member);
            for note in self.findings.notes.iter_mut().skip(noted) {
                *note = format!("{note} (in member {})", Escaped(member));
            }
        }
        roots
    }

    fn pickles(&mut self, lexer: &mut Lexer<'_>, trailing: Trailing) -> Vec<Value> {
        let mut roots = Vec::new();
        let (mut complete, mut after_end) = (false, false);
        loop {
            let (start, known) = (lexer.offset(), self.findings.errors.len());
            match self.pickle(lexer).and_then(|root| self.after_pickle(root, lexer)) {
                Ok(Next::Root(root)) => roots.push(root),
                Ok(Next::End(root)) => {
                    roots.push(root);
                    complete = true;
                }
                Ok(Next::Perhaps(root)) => match lexer.peek() {
                    Ok(Some(_)) => continue,
                    Ok(None) => roots.push(root),
                    Err(error) => {
                        self.findings.push(error);
                        break;
                    }
                },
                Ok(Next::Pickle | Next::Raw { .. }) => continue,
                // What follows the end was reported where it begins.
                Err(_) if after_end => break,
                Err(error) if roots.is_empty() => {
                    self.findings.push(error);
                    break;
                }
                Err(error) => {
                    self.after_stop(error, start, known, trailing);
                    break;
                }
            }
            self.highest = self.highest.max(self.protocol);
            match self.more(lexer) {
                Ok(true) if complete && trailing == Trailing::Ignore => {
                    self.findings
                        .notes
                        .push(format!("bytes after the end were ignored (from offset {:#x})", lexer.offset()));
                    break;
                }
                Ok(true) if complete => {
                    let what = "expected the end of the file after its last part";
                    let error = Error::malformed(what, Location::offset(lexer.offset()));
                    self.findings.push(error.with_hint("`--trailing ignore` drops what follows it"));
                    (complete, after_end) = (false, true);
                }
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.findings.push(error);
                    break;
                }
            }
        }
        roots
    }

    /// Ends an input whose values stay in the graph, for another one to follow: what was found, and the highest protocol.
    pub fn end_input(&mut self, roots: &[Value]) -> (Findings, u8) {
        self.settle_strict();
        self.findings.errors.extend(self.graph.failure());
        if self.findings.errors.is_empty() {
            self.left_over(roots);
        }
        let none = Findings { max: self.findings.max, ..Findings::default() };
        (std::mem::replace(&mut self.findings, none), std::mem::take(&mut self.highest))
    }

    /// Bytes of all (decompressed) streams so far.
    pub fn bytes(&self) -> u64 {
        self.read
    }

    /// Everything was read, and `roots` is what it means.
    pub fn finish(mut self, roots: Vec<Value>) -> Outcome {
        let (given, used) = (self.buffers.len(), self.buffers_used);
        if used < given && self.findings.errors.is_empty() {
            let what = format!("expected as many out-of-band buffers as the input asks for, {used}, found {given}");
            self.findings.push(Error::misuse(what));
        }
        self.settle_strict();
        self.findings.errors.extend(self.graph.failure());
        if self.findings.errors.is_empty() {
            self.left_over(&roots);
        }
        let (bytes, protocol) = (self.read, self.highest);
        self.into_outcome(roots, bytes, protocol)
    }

    /// The graph, for values that are no pickle's.
    pub fn graph(&mut self) -> &mut Graph {
        &mut self.graph
    }

    /// What was found so far.
    pub fn findings(&mut self) -> &mut Findings {
        &mut self.findings
    }

    /// Stores `len` bytes of an input that is no pickle; the memory budget grows with what is read.
    ///
    /// # Errors
    /// Malformed where there are fewer, `what` names them; Limit; what `source` fails with.
    pub fn payload(&mut self, source: &mut dyn Read, len: u64, what: &str) -> Result<(u32, u64), Error> {
        let store = self.graph.begin_bytes();
        let (mut chunk, mut read) = (vec![0; 1 << 20], 0_u64);
        while read < len {
            let at = Location::offset(self.read);
            let room = usize::try_from(len - read).unwrap_or(usize::MAX).min(chunk.len());
            let n = match source.read(chunk.get_mut(..room).unwrap_or_default()) {
                Ok(0) => {
                    let what = format!("truncated: {what} takes {len} bytes, {read} are left");
                    return Err(Error::malformed(what, at));
                }
                Ok(n) => n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(Error::from_read(e, at)),
            };
            read += n as u64;
            self.count(n as u64);
            let bytes = chunk.get(..n).unwrap_or_default();
            self.graph.push_bytes(bytes).map_err(|e| Error::limit(e, at))?;
        }
        Ok(self.graph.end_bytes(store))
    }

    /// So many bytes of the input were read by someone else; the memory budget grows with them.
    pub fn count(&mut self, bytes: u64) {
        self.read += bytes;
        self.graph.allow_memory(memory_for(self.max_memory, self.read));
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

    fn left_over(&mut self, roots: &[Value]) {
        if let Err(e) = self.graph.seal() {
            let error = match e {
                KeyError::Limit(e) => Error::limit(e, Location::default()),
                KeyError::Unhashable(kind) => Error::malformed(unhashable(kind), Location::default()),
            };
            self.findings.push(error);
            return;
        }
        for reject in self.globals.finish(&mut self.graph, roots) {
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
        Reject::Refused(refused) | Reject::Fatal(refused) => Error::refused(refused, at),
        Reject::Malformed(what) | Reject::Soft(what) => Error::malformed(what, at),
        Reject::Limit(e) => Error::limit(e, at),
        Reject::Tainted | Reject::Demand(_) => return None,
    })
}
