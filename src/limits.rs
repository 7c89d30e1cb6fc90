//! What an input may cost: [`Limits`] says what is allowed, [`Budget`] what is spent.
//!
//! A charge comes before the allocation it pays for. Memory scales with the input, because honest files pass a million
//! opcodes every day; expansion, depth and digits do not.

use std::fmt;

use crate::error::{Error, LimitExceeded};
use crate::location::Location;

/// What an input may cost. Build one with [`Limits::default`] and change fields.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of memory for values and text, whatever the input's size.
    pub max_memory: u64,
    /// Levels of nested values.
    pub max_depth: u32,
    /// Entries of the memo.
    pub max_memo: u64,
    /// Values and containers of one input.
    pub max_nodes: u64,
    /// Decimal digits of one number; CPython's own limit for text is 4,300.
    pub max_digits: u32,
    /// Bytes that a compressed input may become.
    pub max_decompressed: u64,
    /// How many times larger than the input the decompressed stream may be (from 1 MiB on).
    pub max_ratio: u64,
    /// Layers of compression around one pickle.
    pub max_layers: u32,
    /// Members of one archive.
    pub max_members: u64,
    /// Bytes of output; `None` is the larger of 64 MiB and 64 times the input.
    pub max_output: Option<u64>,
    /// Names of refused globals and findings in one report.
    pub max_findings: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_memory: 8 << 30,
            max_depth: 1_000,
            max_memo: 1 << 32,
            max_nodes: 1 << 31,
            max_digits: 4_300,
            max_decompressed: 64 << 30,
            max_ratio: 1_000,
            max_layers: 4,
            max_members: 1_000_000,
            max_output: None,
            max_findings: 1_000,
        }
    }
}

/// The smallest output limit: what an input of any size may become.
pub(crate) const MIN_OUTPUT: u64 = 64 << 20;
/// Output bytes per input byte beyond [`MIN_OUTPUT`].
pub(crate) const OUTPUT_RATIO: u64 = 64;

/// Bytes of memory that any input may use, whatever its size.
const BASE_MEMORY: u64 = 64 << 20;
/// Bytes of memory per byte of input beyond that: a one-byte opcode makes a node, a stack slot and a memo slot.
const MEMORY_PER_BYTE: u64 = 64;

/// The memory budget once `read` bytes of the input have been read.
pub(crate) fn memory_for(max_memory: u64, read: u64) -> u64 {
    max_memory.min(BASE_MEMORY.saturating_add(read.saturating_mul(MEMORY_PER_BYTE)))
}

impl Limits {
    /// The output limit for an input of `input` bytes.
    pub fn output_for(&self, input: u64) -> u64 {
        self.max_output.unwrap_or_else(|| MIN_OUTPUT.max(input.saturating_mul(OUTPUT_RATIO)))
    }
}

/// One of the limits: its name in messages and the flag that raises it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::max_memory`]
    Memory,
    /// [`Limits::max_depth`]
    Depth,
    /// [`Limits::max_memo`]
    Memo,
    /// [`Limits::max_nodes`]
    Nodes,
    /// [`Limits::max_digits`]
    Digits,
    /// [`Limits::max_decompressed`]
    Decompressed,
    /// [`Limits::max_ratio`]
    Ratio,
    /// [`Limits::max_layers`]
    Layers,
    /// [`Limits::max_members`]
    Members,
    /// [`Limits::max_output`]
    Output,
}

impl Limit {
    /// What is counted, in words.
    pub fn what(self) -> &'static str {
        match self {
            Limit::Memory => "bytes of memory",
            Limit::Depth => "levels of nesting",
            Limit::Memo => "memo entries",
            Limit::Nodes => "values",
            Limit::Digits => "digits in one number",
            Limit::Decompressed => "decompressed bytes",
            Limit::Ratio => "times the compressed size",
            Limit::Layers => "layers of compression",
            Limit::Members => "members of an archive",
            Limit::Output => "bytes of output",
        }
    }

    /// The command-line flag that raises it.
    pub fn flag(self) -> &'static str {
        match self {
            Limit::Memory => "--max-memory",
            Limit::Depth => "--max-depth",
            Limit::Memo => "--max-memo",
            Limit::Nodes => "--max-nodes",
            Limit::Digits => "--max-digits",
            Limit::Decompressed => "--max-decompressed",
            Limit::Ratio => "--max-ratio",
            Limit::Layers => "--max-layers",
            Limit::Members => "--max-members",
            Limit::Output => "--max-output",
        }
    }

    /// `needed` where only `allowed` is; the place is added by who knows it.
    pub(crate) fn over(self, needed: u64, allowed: u64) -> LimitExceeded {
        LimitExceeded { limit: self, needed, allowed }
    }

    /// The error for `needed` where only `allowed` is.
    pub fn exceeded(self, needed: u64, allowed: u64, at: Location) -> Error {
        Error::limit(LimitExceeded { limit: self, needed, allowed }, at)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())
    }
}

/// A result whose error still lacks its place.
pub(crate) type LimitExceededResult<T> = Result<T, LimitExceeded>;

/// What one input has spent of its memory.
#[derive(Clone, Debug)]
pub struct Budget {
    allowed: u64,
    spent: u64,
}

impl Budget {
    /// A fresh budget of `allowed` bytes.
    pub fn new(allowed: u64) -> Self {
        Budget { allowed, spent: 0 }
    }

    /// Pays for `bytes` that are about to be allocated.
    #[inline]
    pub fn charge(&mut self, bytes: u64) -> Result<(), LimitExceeded> {
        let spent = self.spent.saturating_add(bytes);
        if spent > self.allowed {
            return Err(LimitExceeded { limit: Limit::Memory, needed: spent, allowed: self.allowed });
        }
        self.spent = spent;
        Ok(())
    }

    /// Gives back what was spent beyond `spent` bytes: it is used again.
    pub(crate) fn reset(&mut self, spent: u64) {
        self.spent = self.spent.min(spent);
    }

    /// Raises what is allowed to `allowed` bytes; never lowers it.
    pub fn allow(&mut self, allowed: u64) {
        self.allowed = self.allowed.max(allowed);
    }

    /// Bytes spent so far.
    pub fn spent(&self) -> u64 {
        self.spent
    }
}
