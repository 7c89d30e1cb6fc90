//! Messages: `error:`, `warning:`, `hint:` on stderr. Colour is decoration, and only on a terminal without `NO_COLOR`.

use std::io::{IsTerminal, Write};

use depickle::error::{Category, Error, ErrorKind, Failure, Refused, Severity};
use depickle::{Fidelity, Ledger};

use super::progress;

/// How many hints with names one failure gets.
const HINTED: usize = 3;

/// Writes messages.
pub(super) struct Term {
    colour: bool,
    quiet: bool,
    verbose: bool,
}

impl Term {
    pub fn new(quiet: bool, verbose: bool) -> Self {
        #[expect(clippy::disallowed_methods, reason = "NO_COLOR is how users of terminals say it (no-color.org)")]
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        Term { colour: std::io::stderr().is_terminal() && !plain, quiet, verbose }
    }

    fn line(&self, word: &str, colour: &str, text: &str) {
        progress::aside(|| {
            let mut err = std::io::stderr().lock();
            let _ = if self.colour {
                writeln!(err, "\x1b[1;{colour}m{word}:\x1b[0m {text}")
            } else {
                writeln!(err, "{word}: {text}")
            };
        });
    }

    pub fn error(&self, error: &Error) {
        let severity = match error.kind() {
            ErrorKind::Refused(Refused::Global { severity: Severity::Dangerous, .. }) => "dangerous: ",
            _ => "",
        };
        self.line("error", "31", &format!("{severity}{error}"));
        let mut source = std::error::Error::source(error).and_then(std::error::Error::source);
        while let Some(cause) = source {
            self.line("caused by", "31", &cause.to_string());
            source = cause.source();
        }
        if let Some(hint) = error.hint() {
            self.hint(hint);
        }
    }

    pub fn failure(&self, failure: &Failure) {
        for error in failure.findings() {
            self.error(error);
        }
        if failure.more() > 0 {
            self.line("error", "31", &format!("and {} more (`--max-findings` shows them)", failure.more()));
        }
        let unknown: Vec<String> = failure
            .findings()
            .iter()
            .filter_map(|e| match e.kind() {
                // What the registry knows and refuses here is no class to be admitted.
                ErrorKind::Refused(Refused::Global { name, severity: Severity::Unknown, .. }) => {
                    let known = depickle::registry().any(|row| row.module == name.module && row.name == name.name);
                    (!known).then(|| name.to_string())
                }
                _ => None,
            })
            // A name that is no identifier is not for a shell.
            .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')))
            .collect();
        if !unknown.is_empty() && failure.category() == Category::Refused {
            let flags: Vec<String> = unknown.iter().take(HINTED).map(|name| format!("`--allow '{name}'`")).collect();
            let more = if unknown.len() > HINTED { " and so on" } else { "" };
            self.hint(&format!(
                "{}{more} reads instances of such classes as records; nothing is imported or called",
                flags.join(" ")
            ));
        }
    }

    pub fn hint(&self, text: &str) {
        self.line("hint", "36", text);
    }

    pub fn warning(&self, text: &str) {
        if !self.quiet {
            self.line("warning", "33", text);
        }
    }

    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    pub fn note(&self, text: &str) {
        if self.verbose {
            self.line("note", "36", text);
        }
    }

    /// Names every lossy kind; the retyped ones only when asked to be verbose.
    pub fn ledger(&self, input: &str, ledger: &Ledger) {
        for (step, entry) in ledger.entries() {
            if step.fidelity() != Fidelity::Lossy && !self.verbose {
                continue;
            }
            let places = entry.places.join(", ");
            let more = if entry.count > entry.places.len() as u64 { ", …" } else { "" };
            let text = format!("{input}: {} × {} ({places}{more})", entry.count, step.words());
            match step.fidelity() {
                Fidelity::Lossy => self.warning(&format!("lossy: {text}")),
                _ => self.note(&format!("retyped: {text}")),
            }
        }
    }
}
