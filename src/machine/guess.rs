//! Handing over the items of a list without a first pass, by a guess: what later items share with earlier ones is read again soon.
//!
//! All texts of the first batches are kept, and of every batch what was read again within it. A slot that is read although it was
//! dropped, an object that is changed although it was handed over, a root that is something else in the end: all of them end the
//! reading, and whoever asked for it takes the output back and begins anew, with a first pass.

use super::batches::{self, LAST, Stream};
use super::liveness::{End, Slots};
use super::{Globals, Machine, Outcome};
use crate::error::Error;
use crate::model::graph::Kind;
use crate::model::graph::generations::Checkpoint;
use crate::model::value::{NodeId, Value};
use crate::opcode::lexer::Lexer;

/// Bytes of the stream that a batch has at least, where its end is guessed.
const BATCH: u64 = 256 << 10;
/// Bytes within which a batch ends; else the root is no list of small items.
const LONGEST: u64 = 2 << 20;
/// Batches of which all texts and numbers are kept: what stands in many places stands in the first of them.
const EARLY: u64 = 4;
/// Slots of a later batch that are kept, on average, because they were read in it: where there are more, only a first pass can tell
/// which of them are needed.
const KEPT: u64 = 64;

/// What a wrong guess comes to: it is read again, by another rule.
pub(super) const FROZEN: &str = "expected an object that was not handed over, found one that was";

/// What is known of memo slots without a first pass.
#[derive(Debug, Default)]
pub(super) struct Guess {
    /// Which were read.
    slots: Slots,
    /// A batch should end where only the root is on the stack.
    pub wants_end: bool,
    /// Objects below this number were handed over, or are kept for later batches: nobody may change them.
    pub frozen: u32,
    /// Where the batch began.
    start: u64,
    batches: u64,
    /// Slots of the first batches.
    early: u64,
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
    /// A batch was dropped. `slots` are filled, of which so many were kept.
    pub(super) fn next(&mut self, at: Checkpoint, slots: u64, kept: u64) -> Result<(), Error> {
        self.batches += 1;
        self.frozen = at.end().0;
        if self.batches == EARLY {
            self.early = slots;
        }
        // The last page of early slots is looked at each time.
        if self.batches > EARLY && kept > self.batches.saturating_mul(KEPT).saturating_add(1 << 10) {
            return Err(wrong_guess());
        }
        Ok(())
    }
}

impl<G: Globals> Machine<G> {
    /// Reads one pickle without a first pass, by the guess that its root is a list whose items nobody needs later but for those
    /// that were read again soon. Any finding may come of a wrong guess, and then says nothing about the pickle.
    pub fn run_guess(mut self, lexer: &mut Lexer<'_>, sink: &mut dyn batches::Sink) -> Outcome {
        let mut stream = Stream::guessing(sink);
        self.guess = Some(Guess::default());
        let result = self.read(lexer, Some(&mut stream)).and_then(|root| {
            if lexer.peek()?.is_some() || !stream.is_root(root) {
                return Err(wrong_guess());
            }
            self.finish_batches(&mut stream, root)
        });
        self.highest = self.protocol;
        let mut outcome = self.outcome(lexer, result);
        if !outcome.findings.notes.is_empty() {
            outcome.findings.push(wrong_guess());
        }
        outcome
    }

    /// Whether only the root is on the stack.
    #[inline]
    pub(super) fn is_at_root(&self) -> bool {
        self.stack.height() == 1 && !self.stack.has_mark()
    }

    /// Ends a batch, if one has lasted long enough and only the root is on the stack.
    pub(super) fn at_guess(&mut self, offset: u64, stream: &mut Stream<'_>) -> Result<(), Error> {
        let at_root = self.is_at_root();
        let Some(guess) = &mut self.guess else { return Ok(()) };
        let len = offset.saturating_sub(guess.start);
        if len < BATCH {
            return Ok(());
        }
        guess.wants_end = !at_root;
        let batch = u32::try_from(guess.batches).unwrap_or(LAST);
        let root = self.stack.from(0).first().copied();
        let is_list = matches!(root, Some(Value::Object(id)) if self.graph.kind(id) == Kind::List);
        let is_same = stream.is_closed() || root.is_some_and(|root| stream.is_root(root));
        if !is_list || !is_same || len >= LONGEST || !self.findings.errors.is_empty() || !self.strict.is_empty() {
            return Err(wrong_guess());
        }
        if at_root {
            guess.start = offset;
            self.flush(stream, &End { offset, batch, levels: vec![stream.first()] })?;
        }
        Ok(())
    }

    /// Whether a batch should end, and can.
    #[inline]
    pub(super) fn may_end_batch(&self) -> bool {
        self.guess.as_ref().is_some_and(|guess| guess.wants_end) && self.is_at_root()
    }

    /// Whether nobody may change an object: it was handed over, or a later batch may.
    #[inline]
    pub(super) fn is_frozen(&self, id: NodeId) -> bool {
        match &self.guess {
            None => false,
            Some(guess) => {
                id.0 < guess.frozen && !matches!(self.stack.from(0), [Value::Object(root), ..] if *root == id)
            }
        }
    }
}
