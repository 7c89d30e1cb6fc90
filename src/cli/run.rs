//! What the inputs of a run add up to: messages in their order, the ledger, the exit status.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use depickle::error::{Error, ErrorKind, Failure};
use depickle::location::Location;
use depickle::{Fidelity, Report};

use super::args::ConvertArgs;
use super::exit::Status;
use super::files::Input;
use super::ledger::Book;
use super::output::Pending;
use super::term::Term;

/// What became of an input.
pub(super) struct Done {
    /// Its number.
    pub input: usize,
    pub outcome: Outcome,
    pub input_hash: Option<String>,
}

pub(super) enum Outcome {
    /// Converted, to one output or to several.
    Written(Vec<Written>),
    /// Converted, and there is nothing to say.
    Quiet,
    Failed(Failure),
    /// Whoever read standard output has gone.
    Gone,
}

/// An output that was published.
pub(super) struct Written {
    /// `None` is standard output.
    pub target: Option<PathBuf>,
    pub report: Report,
    pub hash: Option<String>,
}

pub(super) struct Run<'a> {
    term: &'a Term,
    book: Book,
    status: Status,
    skipped: u64,
    /// How many inputs are done, for whoever watches.
    done: Arc<AtomicU64>,
    ledger: Option<(Pending, &'a Path)>,
    no_overwrite: bool,
}

impl<'a> Run<'a> {
    /// Begins a run, and its ledger: that it cannot be written is known before anything is converted.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn new(args: &'a ConvertArgs, term: &'a Term) -> Result<Self, Error> {
        let no_overwrite = args.no_overwrite;
        let ledger = match args.ledger.as_deref() {
            Some(path) => {
                let pending = Pending::file(path, !no_overwrite).map_err(|e| unwritten(e, no_overwrite, Some(path)))?;
                Some((pending, path))
            }
            None => None,
        };
        let book = Book::new(ledger.is_some());
        let done = Arc::new(AtomicU64::new(0));
        Ok(Run { term, book, status: Status::Ok, skipped: 0, done, ledger, no_overwrite })
    }

    /// What is told of an input.
    pub fn telling(&self) -> Telling {
        Telling { recorded: self.book.is_kept(), all: self.term.is_verbose() }
    }

    pub fn has_failed(&self) -> bool {
        self.status != Status::Ok
    }

    pub fn book(&mut self) -> &mut Book {
        &mut self.book
    }

    /// The number of inputs that are done.
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.done)
    }

    /// An input that names nothing.
    pub fn missing(&mut self, name: &str, why: io::Error) {
        let failure = Failure::from(Error::io(why, Location::default()).in_file(name));
        self.book.failed(name, None, &failure, false);
        self.failure(&failure);
    }

    /// An input is done. `false` where nobody wants to read more.
    pub fn done(&mut self, input: &Input, done: Done) -> bool {
        self.done.fetch_add(1, Ordering::Relaxed);
        match done.outcome {
            Outcome::Written(outputs) => {
                let name = input.name();
                for Written { target, report, hash } in outputs {
                    self.told(&name, target.as_deref(), &report);
                    self.book.converted(&name, done.input_hash.clone(), target.as_deref(), hash, &report);
                }
            }
            Outcome::Quiet => {}
            Outcome::Gone => return false,
            Outcome::Failed(failure) => {
                let name = input.name();
                // What was met in a folder and is something else was not asked for.
                let skipped = input.is_met() && failure.is_foreign();
                self.book.failed(&name, done.input_hash, &failure, skipped);
                if skipped {
                    self.skipped += 1;
                    self.term.note(&format!("skipped: {failure}"));
                } else {
                    self.failure(&failure);
                }
            }
        }
        true
    }

    pub fn failure(&mut self, failure: &Failure) {
        self.term.failure(failure);
        self.status = self.status.max(failure.category().into());
    }

    pub fn hint(&self, text: &str) {
        self.term.hint(text);
    }

    pub fn told(&self, name: &str, target: Option<&Path>, report: &Report) {
        self.term.ledger(name, &report.ledger);
        for note in &report.notes {
            // Bytes that were left alone on request may have been data.
            if note.contains("were ignored") {
                self.term.warning(&format!("{name}: {note}"));
            } else {
                self.term.note(&format!("{name}: {note}"));
            }
        }
        if self.term.is_verbose() {
            let to = target.map_or("standard output".into(), Path::to_string_lossy);
            self.term.note(&format!(
                "{name}: {}, {} bytes read, {} bytes written to {to}, steps retyped: {}, lossy: {}",
                counted(report.pickles, "pickle"),
                report.bytes_read,
                report.bytes_written,
                report.ledger.total(Fidelity::Retyped),
                report.ledger.total(Fidelity::Lossy)
            ));
        }
    }

    /// Says what was skipped and writes the ledger.
    pub fn finish(mut self) -> Status {
        if self.skipped > 0 {
            let files = counted(self.skipped, "file");
            self.term.warning(&format!("skipped what is no pickle: {files} (`-v` names them)"));
        }
        if let Some((mut pending, path)) = self.ledger.take()
            && let Err(e) = self.book.write(&mut pending).and_then(|()| pending.publish())
        {
            self.term.error(&unwritten(e, self.no_overwrite, Some(path)));
            self.status = self.status.max(Status::Io);
        }
        self.status
    }
}

/// What is told of an input that was converted.
#[derive(Clone, Copy)]
pub(super) struct Telling {
    /// A ledger is kept.
    pub recorded: bool,
    /// Also what was retyped.
    all: bool,
}

impl Telling {
    /// Of which steps the first places are told.
    pub fn places(self) -> Fidelity {
        if self.recorded || self.all { Fidelity::Retyped } else { Fidelity::Lossy }
    }

    /// What became of an input, without what nobody will ask for: most of a run of many inputs is silent.
    pub fn written(self, target: Option<&Path>, report: Report, hash: Option<String>) -> Outcome {
        if !self.recorded && !self.all && report.notes.is_empty() && report.ledger.total(Fidelity::Lossy) == 0 {
            return Outcome::Quiet;
        }
        Outcome::Written(vec![Written { target: target.map(Path::to_owned), report, hash }])
    }
}

/// `1 file`, `2 files`.
fn counted(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// An error of an output, with its name.
pub(super) fn unwritten(e: io::Error, no_overwrite: bool, target: Option<&Path>) -> Error {
    let exists = e.kind() == io::ErrorKind::AlreadyExists && no_overwrite;
    let error = Error::io(e, Location::default());
    let error = if exists { error.with_hint("without `--no-overwrite` it is replaced") } else { error };
    error.in_file(&shown(target))
}

/// What messages call an output.
pub(super) fn shown(target: Option<&Path>) -> Cow<'_, str> {
    target.map_or("standard output".into(), Path::to_string_lossy)
}

/// Whether whoever read the output has gone.
pub(super) fn is_broken_pipe(failure: &Failure) -> bool {
    failure
        .findings()
        .iter()
        .any(|e| matches!(e.kind(), ErrorKind::Io(source) if source.kind() == io::ErrorKind::BrokenPipe))
}
