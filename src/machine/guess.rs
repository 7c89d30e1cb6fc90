//! Handing over the items of a list without a first pass, by a guess: what later items share with earlier ones is read again soon.
//!
//! All texts of the first batches are kept, and of every batch what was read again within it. A slot that is read although it was
//! dropped, an object that is changed although it was handed over, a root that is something else in the end: all of them end the
//! reading, and whoever asked for it takes the output back and begins anew, with a first pass.

use std::ops::Range;

use super::batches::{self, LAST, Stream};
use super::liveness::{End, Slots};
use super::{Globals, Machine, Outcome};
use crate::error::Error;
use crate::model::graph::generations::Checkpoint;
use crate::model::graph::{Graph, Kind, flag};
use crate::model::value::{NodeId, Value};
use crate::opcode::lexer::Lexer;
use crate::opcode::{Opcode, OpcodeInfo, Slot};

/// Bytes of the stream that a batch has at least, where its end is guessed.
const BATCH: u64 = 128 << 10;
/// Bytes within which a batch ends; else the root is no list of small items.
const LONGEST: u64 = 2 << 20;
/// Items before one that are looked at for one like it.
const NEAR: usize = 16;
/// Batches of which all texts and numbers are kept: what stands in many places stands in the first of them.
const EARLY: u64 = 8;
/// Slots of a later batch that are kept, on average, because they were read in it: where there are more, only a first pass can tell
/// which of them are needed.
const KEPT: u64 = 32;

/// Values beyond which pickles are handed over: small ones together.
const TOGETHER: usize = 2 << 10;

/// What a wrong guess comes to: it is read again, by another rule.
pub(super) const FROZEN: &str = "expected an object that was not handed over, found one that was";

/// What is known of memo slots without a first pass.
#[derive(Debug, Default)]
pub(super) struct Guess {
    /// Which were read.
    slots: Slots,
    /// Objects below this number were handed over, or are kept for later batches: nobody may change them.
    pub frozen: u32,
    /// Where the batch began.
    start: u64,
    /// The item that was handed over last, or what has taken its place.
    last: Option<Shape>,
    batches: u64,
    /// Slots of the first batches.
    early: u64,
    /// Whether the root stood in more than one place when it began.
    is_root_shared: Option<bool>,
    /// Slots of later ones that were kept; those of a page that is not full are counted each time.
    kept: u64,
}

impl Guess {
    /// A slot is read.
    #[inline]
    pub fn mark(&mut self, slot: u64) {
        self.slots.mark(slot);
    }

    /// Whether a slot is kept for later batches. An object that stands in two places has to be known to when it is written first, so
    /// one that was not read by then is not kept.
    pub(super) fn keeps(&self, slot: u64, value: &Value) -> bool {
        let is_leaf = matches!(
            value,
            Value::Str { .. }
                | Value::Bytes { .. }
                | Value::Py2Str { .. }
                | Value::Int(_)
                | Value::Float { .. }
                | Value::Global(_)
        );
        is_leaf && (self.batches < EARLY || slot < self.early) || self.slots.is_read(slot)
    }

    /// Whether any of some slots may be kept.
    pub(super) fn keeps_some(&self, slots: Range<u64>) -> bool {
        self.batches < EARLY || slots.start < self.early || self.slots.any_is_read(slots)
    }

    /// Slots of the first batches: nothing of them is dropped any more.
    pub(super) fn early(&self) -> u64 {
        self.early
    }
}

/// The stream is not what it was taken for, without a first pass.
pub(super) fn wrong_guess() -> Error {
    Error::misuse("expected a list whose items are not needed later, found another pickle")
}

impl Guess {
    /// A batch was dropped. `slots` are filled; of those of the batch so many were kept, for good.
    pub(super) fn next(&mut self, at: Checkpoint, slots: u64, kept: u64) -> Result<(), Error> {
        self.batches += 1;
        self.frozen = at.end().0;
        if self.batches == EARLY {
            self.early = slots;
        }
        if self.batches > EARLY {
            self.kept += kept;
            if self.kept > self.batches.saturating_mul(KEPT).saturating_add(1 << 10) {
                return Err(wrong_guess());
            }
        }
        Ok(())
    }
}

/// What tells values apart at a glance: the variant, and the kind of an object.
type Shape = (std::mem::Discriminant<Value>, Option<Kind>);

fn shape(graph: &Graph, value: &Value) -> Shape {
    let kind = if let Value::Object(id) = value { Some(graph.kind(*id)) } else { None };
    (std::mem::discriminant(value), kind)
}

/// Whether an opcode leaves alone what is on the stack, or makes items of it.
fn leaves_alone(info: &OpcodeInfo) -> bool {
    info.opcode == Opcode::Appends || info.before.is_empty() && matches!(info.after, [slot] if *slot != Slot::Mark)
}

impl<G: Globals> Machine<G> {
    /// Reads pickles without a first pass, by the guess that there is one, and that its root is a list whose items nobody needs
    /// later but for those that were read again soon; or that there are many, each of which fits in memory. Any finding may come
    /// of a wrong guess, and then says nothing about the input.
    pub fn run_guess<S: batches::Sink + batches::Pickles>(mut self, lexer: &mut Lexer<'_>, sink: &mut S) -> Outcome {
        self.guess = Some(Guess::default());
        let result = self.by_guess(lexer, sink);
        self.highest = self.highest.max(self.protocol);
        let mut outcome = self.outcome(lexer, result);
        if !outcome.findings.notes.is_empty() {
            outcome.findings.push(wrong_guess());
        }
        outcome
    }

    fn by_guess<S: batches::Sink + batches::Pickles>(
        &mut self,
        lexer: &mut Lexer<'_>,
        sink: &mut S,
    ) -> Result<(), Error> {
        let empty = self.graph.checkpoint();
        let mut stream = Stream::guessing(sink);
        let root = self.read(lexer, Some(&mut stream))?;
        if self.stack.is_torn() {
            return Err(wrong_guess());
        }
        if lexer.peek()?.is_none() {
            if !stream.is_root(root) || !self.is_root_as_begun(Some(root)) {
                return Err(wrong_guess());
            }
            return self.finish_batches(&mut stream, root);
        }
        if !stream.is_closed() {
            return Err(wrong_guess());
        }
        drop(stream);
        self.guess = None;
        sink.are_many(&self.graph)?;
        let (mut roots, mut first) = (vec![root], 0);
        loop {
            if let Some(root) = roots.last() {
                self.left_over(&[*root]);
            }
            if !self.findings.errors.is_empty() || !self.strict.is_empty() {
                return Err(wrong_guess());
            }
            self.highest = self.highest.max(self.protocol);
            let is_end = lexer.peek()?.is_none();
            if is_end || self.graph.values_in_all() > TOGETHER || self.graph.stored() > 16 * TOGETHER as u64 {
                self.graph.settle_text();
                sink.pickles(&self.graph, &roots, first)?;
                first += roots.len() as u64;
                roots.clear();
                self.memo.clear();
                self.foreseen.clear();
                self.graph.drop_after(empty);
            } else if roots.len() == 1 {
                self.foreseen.learn(&self.graph);
            }
            if is_end {
                return Ok(());
            }
            self.graph.pending = 0;
            roots.push(self.read(lexer, None)?);
        }
    }

    /// Whether what stands on the stack is the root and complete items of it.
    fn is_between_items(&self, lexer: &mut Lexer<'_>) -> Result<bool, Error> {
        if self.stack.height() == 1 && !self.stack.has_mark() {
            return Ok(true);
        }
        if !self.stack.is_filling_root() {
            return Ok(false);
        }
        let (Some(top), Some(next)) = (self.stack.top(), lexer.peek()?.and_then(Opcode::of_byte)) else {
            return Ok(false);
        };
        let top_shape = shape(&self.graph, top);
        // What is changed later is no list, dict or instance that something else follows; a MARK may go on with those.
        let is_immutable = match top_shape {
            (_, Some(kind)) => kind == Kind::Tuple,
            (_, None) => true,
        };
        if !(leaves_alone(next) || next.opcode == Opcode::Mark && is_immutable) {
            return Ok(false);
        }
        // It may still be an argument of something: items are like those before them.
        let before = self.stack.from(1).iter().rev().skip(1).take(NEAR);
        let is_alike = |value: &Value| shape(&self.graph, value) == top_shape;
        let last = self.guess.as_ref().and_then(|guess| guess.last);
        Ok(before.into_iter().any(is_alike) || last == Some(top_shape))
    }

    /// Ends a batch, if one has lasted long enough and only the root and items of it are on the stack. Returns where it should be
    /// asked again.
    pub(super) fn at_guess(&mut self, lexer: &mut Lexer<'_>, stream: &mut Stream<'_>) -> Result<u64, Error> {
        let offset = lexer.offset();
        let Some(guess) = &self.guess else { return Ok(u64::MAX) };
        let end = guess.start.saturating_add(BATCH);
        if offset < end {
            return Ok(end);
        }
        let (len, batch) = (offset - guess.start, u32::try_from(guess.batches).unwrap_or(LAST));
        let root = self.stack.from(0).first().copied();
        let is_list = matches!(root, Some(Value::Object(id)) if self.graph.kind(id) == Kind::List);
        let is_same = stream.is_closed() || root.is_some_and(|root| stream.is_root(root));
        let is_odd = self.stack.is_torn() || !self.findings.errors.is_empty() || !self.strict.is_empty();
        if !is_list || !is_same || is_odd || len >= LONGEST {
            return Err(wrong_guess());
        }
        if !self.is_between_items(lexer)? {
            return Ok(offset + 1);
        }
        if !self.is_root_as_begun(root) {
            return Err(wrong_guess());
        }
        let last = self.stack.from(1).last().map(|value| shape(&self.graph, value));
        self.flush(stream, &End { offset, batch, levels: vec![stream.first()] })?;
        self.stack.hand_over();
        stream.drop_pending();
        if let Some(guess) = &mut self.guess {
            guess.start = offset;
            guess.last = last.or(guess.last);
        }
        Ok(offset.saturating_add(BATCH))
    }

    /// Whether the root stands in one place, or in more than one, as it did when it began: a mapping that keeps sharing has to know
    /// it first.
    fn is_root_as_begun(&mut self, root: Option<Value>) -> bool {
        let Some(Value::Object(id)) = root else { return false };
        let is_shared = self.graph.get(id).flags & flag::SHARED != 0;
        match &mut self.guess {
            Some(guess) => *guess.is_root_shared.get_or_insert(is_shared) == is_shared,
            None => true,
        }
    }

    /// Whether nobody may change an object: it was handed over, or a later batch may; or it is the root, and items that were handed
    /// over are not in it yet.
    #[inline]
    pub(super) fn is_frozen(&self, id: NodeId) -> bool {
        match &self.guess {
            None => false,
            Some(guess) => {
                let is_root = matches!(self.stack.from(0), [Value::Object(root), ..] if *root == id);
                if is_root { self.stack.is_pinned() } else { id.0 < guess.frozen }
            }
        }
    }
}
