//! How far a conversion is, for whoever watches it from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// What is done with the input at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Its shape is looked at.
    Looking,
    /// What it holds is checked before the first byte is written.
    Checking,
    /// It is converted.
    #[default]
    Converting,
}

/// How far a conversion is. Each stage begins at the input's first byte again.
#[derive(Debug, Default)]
pub struct Progress {
    /// Shared with the input, which knows nothing else of it.
    at: Arc<AtomicU64>,
    rows: AtomicU64,
    stage: AtomicU8,
}

impl Progress {
    /// Nothing is done yet.
    pub fn new() -> Self {
        Progress::default()
    }

    /// The offset in the input, compressed or not, up to which it was read.
    pub fn bytes(&self) -> u64 {
        self.at.load(Ordering::Relaxed)
    }

    /// The items, entries or pickles that were written, where they are written before the whole is read; 0 elsewhere.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// What is done at the moment.
    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            1 => Stage::Looking,
            2 => Stage::Checking,
            _ => Stage::Converting,
        }
    }

    /// Begins a stage.
    pub(crate) fn begin(&self, stage: Stage) {
        let number = match stage {
            Stage::Looking => 1,
            Stage::Checking => 2,
            Stage::Converting => 0,
        };
        self.stage.store(number, Ordering::Relaxed);
        self.at.store(0, Ordering::Relaxed);
        self.rows.store(0, Ordering::Relaxed);
    }

    pub(crate) fn set_rows(&self, rows: u64) {
        self.rows.store(rows, Ordering::Relaxed);
    }

    /// Where an input says how far it was read.
    pub(crate) fn place(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.at)
    }
}
