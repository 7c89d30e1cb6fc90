//! Progress on a terminal: a line on standard error that is cleared before any message and at the end. Nothing in pipes.

use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use depickle::{Progress, Stage};
use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// What takes less shows nothing.
const DELAY: Duration = Duration::from_millis(400);
/// What has not lasted so long has no rate.
const SHORT: Duration = Duration::from_millis(300);
/// Between two looks.
const TICK: Duration = Duration::from_millis(100);

/// The line that is shown now.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn shown() -> Option<ProgressBar> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Runs `say`, which writes to standard error, with the line out of its way.
pub(super) fn aside(say: impl FnOnce()) {
    match shown() {
        Some(bar) => bar.suspend(say),
        None => say(),
    }
}

/// Takes the line away for good.
pub(super) fn clear() {
    if let Some(bar) = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take() {
        bar.finish_and_clear();
    }
}

/// What is watched.
pub(super) enum Watched {
    /// One input: how far it is; its length, where it has one.
    Input { progress: Arc<Progress>, read: Arc<AtomicU64>, len: Option<u64> },
    /// Many: how many are done, and their bytes.
    Inputs { done: Arc<AtomicU64>, all: u64, read: Arc<AtomicU64> },
}

/// The thread that draws, until it is dropped.
pub(super) struct Watch {
    end: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Whether anything would be shown: standard error is a terminal, and standard output is none that gets the data.
    pub fn is_wanted(quiet: bool, to_stdout: bool) -> bool {
        !quiet && std::io::stderr().is_terminal() && !(to_stdout && std::io::stdout().is_terminal())
    }

    /// Shows what is watched; nothing where no thread is to be had.
    pub fn start(watched: Watched) -> Watch {
        let (end, ended) = mpsc::channel();
        let thread = std::thread::Builder::new().spawn(move || draw(&watched, &ended)).ok();
        Watch { end: Some(end), thread }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        clear();
    }
}

fn draw(watched: &Watched, ended: &mpsc::Receiver<()>) {
    if ended.recv_timeout(DELAY) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let template = match watched {
        Watched::Input { len: Some(_), .. } => "{spinner} {prefix} {wide_bar} {bytes}/{total_bytes}{rate}{msg}{left}",
        Watched::Input { len: None, .. } => "{spinner} {prefix} {bytes}{rate}{msg}",
        Watched::Inputs { .. } => "{spinner} {wide_bar} {human_pos}/{human_len} files{msg}{left}",
    };
    let length = match watched {
        Watched::Input { len, .. } => *len,
        Watched::Inputs { all, .. } => Some(*all),
    };
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr()).with_elapsed(DELAY);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.with_key("rate", rate).with_key("left", left));
    }
    *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
    let mut last = None;
    loop {
        match watched {
            Watched::Input { progress, read, .. } => {
                let stage = progress.stage();
                if last.replace(stage).is_some_and(|last| last != stage) {
                    bar.reset();
                }
                bar.set_prefix(words(stage));
                bar.set_position(progress.bytes().max(read.load(Ordering::Relaxed)));
                let rows = progress.rows();
                bar.set_message(if rows > 0 { format!(", {} rows", HumanCount(rows)) } else { String::new() });
            }
            Watched::Inputs { done, read, .. } => {
                bar.set_position(done.load(Ordering::Relaxed));
                let mut message = String::new();
                per_second(read.load(Ordering::Relaxed), bar.elapsed(), &mut message);
                bar.set_message(message);
            }
        }
        bar.tick();
        if ended.recv_timeout(TICK) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// Bytes in all, and by the second.
fn per_second(bytes: u64, elapsed: Duration, out: &mut dyn Write) {
    let rate = (bytes as f64 / elapsed.as_secs_f64()) as u64;
    if bytes > 0 && elapsed > SHORT {
        let _ = write!(out, ", {} {}/s", HumanBytes(bytes), HumanBytes(rate));
    }
}

/// The mean rate since the beginning: it does not swing as one of the last moments does.
fn rate(state: &ProgressState, out: &mut dyn Write) {
    let rate = (state.pos() as f64 / state.elapsed().as_secs_f64()) as u64;
    if rate > 0 && state.elapsed() > SHORT {
        let _ = write!(out, " {}/s", HumanBytes(rate));
    }
}

/// How long it takes at that rate.
fn left(state: &ProgressState, out: &mut dyn Write) {
    let (pos, len) = (state.pos(), state.len().unwrap_or(0));
    if pos > 0 && len >= pos && state.elapsed() > SHORT {
        let left = state.elapsed().mul_f64((len - pos) as f64 / pos as f64);
        let _ = write!(out, ", ETA {:#}", HumanDuration(left));
    }
}

fn words(stage: Stage) -> &'static str {
    match stage {
        Stage::Looking => "looking",
        Stage::Checking => "checking",
        _ => "converting",
    }
}

/// Passes bytes on and counts them.
pub(super) struct Counted<R> {
    pub inner: R,
    pub read: Option<Arc<AtomicU64>>,
}

impl<R: std::io::Read> std::io::Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        if let Some(read) = &self.read {
            read.fetch_add(n as u64, Ordering::Relaxed);
        }
        Ok(n)
    }
}
