//! Where in the data the columns are being built, the ledger's entries with that place, and errors with it.

use std::borrow::Cow;

use arrow::error::ArrowError;

use super::eye::{Eye, Refusal};
use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::model::graph::Graph;
use crate::model::value::Value;
use crate::report::ledger::{Fidelity, Ledger, Step};
use crate::writers::natural::Natural;
use crate::writers::options::{Loss, WriteOptions};
use crate::writers::out::Out;
use crate::writers::tagged::Tagged;
use crate::writers::{json, path};

/// One step down from the root.
enum Part<'g> {
    Name(Cow<'g, str>),
    Key(Value),
    /// The item that is next.
    Index(u64),
}

/// Where we are, and what is counted there.
pub(super) struct Trail<'g, 'l> {
    /// The path of the table.
    prefix: &'g str,
    parts: Vec<Part<'g>>,
    ledger: &'l mut Ledger,
    options: &'g WriteOptions,
    max_output: u64,
    /// Bytes that columns took so far.
    paid: u64,
}

impl<'g, 'l> Trail<'g, 'l> {
    pub fn new(prefix: &'g str, ledger: &'l mut Ledger, options: &'g WriteOptions, max_output: u64) -> Self {
        Trail { prefix, parts: Vec::new(), ledger, options, max_output, paid: 0 }
    }

    /// A trail for which so many bytes of columns were paid before.
    pub fn with_paid(mut self, bytes: u64) -> Self {
        self.paid = bytes;
        self
    }

    /// Goes to a field.
    pub fn inside(&mut self, name: Cow<'g, str>) {
        self.parts.push(Part::Name(name));
    }

    pub fn key(&mut self, key: Value) {
        self.parts.push(Part::Key(key));
    }

    /// Goes before the first item of a list.
    pub fn items(&mut self) {
        self.parts.push(Part::Index(0));
    }

    /// Goes to the next item.
    pub fn next_item(&mut self) {
        if let Some(Part::Index(n)) = self.parts.last_mut() {
            *n += 1;
        }
    }

    /// Goes to the `n`th item of the table itself.
    pub fn row(&mut self, n: u64) {
        self.parts.clear();
        self.parts.push(Part::Index(n + 1));
    }

    /// Goes before the `n`th item of the table itself.
    pub fn before_row(&mut self, n: u64) {
        self.parts.clear();
        self.parts.push(Part::Index(n));
    }

    /// Goes before the `n`th item of a column of the table.
    pub fn column(&mut self, name: &str, n: u64) {
        self.parts.clear();
        self.parts.push(Part::Name(name.to_owned().into()));
        self.parts.push(Part::Index(n));
    }

    /// Goes back to where the last field or list was entered.
    pub fn leave(&mut self) {
        self.parts.pop();
    }

    /// The path of what is being looked at.
    pub fn path(&self, graph: &Graph) -> String {
        let mut out = self.prefix.to_owned();
        for part in &self.parts {
            if path::cut(&mut out) {
                break;
            }
            match part {
                Part::Name(name) => path::push_name(name, &mut out),
                Part::Key(key) => path::push_key(graph, *key, &mut out),
                Part::Index(n) => path::push_index(n.saturating_sub(1), &mut out),
            }
        }
        out
    }

    /// Counts a step.
    ///
    /// # Errors
    /// A lossy one under `--strict`.
    #[inline]
    pub fn note(&mut self, graph: &Graph, step: Step) -> Result<(), Error> {
        self.note_in(graph, step, None)
    }

    /// Counts a step, in a field of where we are.
    ///
    /// # Errors
    /// As for [`Trail::note`].
    #[inline]
    pub fn note_in(&mut self, graph: &Graph, step: Step, field: Option<&str>) -> Result<(), Error> {
        let place = || {
            let mut out = self.prefix.to_owned();
            for part in &self.parts {
                match part {
                    Part::Name(name) => path::push_name(name, &mut out),
                    Part::Key(key) => path::push_key(graph, *key, &mut out),
                    Part::Index(n) => path::push_index(n.saturating_sub(1), &mut out),
                }
            }
            if let Some(name) = field {
                path::push_name(name, &mut out);
            }
            out
        };
        self.ledger.count(step, place);
        if self.options.loss == Loss::Error && step.fidelity() == Fidelity::Lossy {
            let mut at = self.path(graph);
            if let Some(name) = field.filter(|_| !path::cut(&mut at)) {
                path::push_name(name, &mut at);
            }
            return Err(Error::unrepresentable(
                format!("lossy under `--strict`: {}", step.words()),
                Location::path(at),
            )
            .with_hint("without `--strict` the ledger counts it"));
        }
        Ok(())
    }

    /// A value as JSON text: tagged, or natural where `natural` is set.
    pub fn json(&mut self, eye: &Eye<'g>, value: Value, natural: bool) -> Result<String, Error> {
        let path = self.path(eye.graph);
        let mut bytes = Vec::new();
        let out = Out::new(&mut bytes, self.max_output);
        if natural {
            let mut writer = Natural::new(eye.graph, self.options, self.ledger, json::compact(), out);
            writer.write(value, &path)?;
            writer.finish()?;
        } else {
            let mut writer = Tagged::new(eye.graph, json::compact(), Some(out), u32::MAX);
            writer.write(value, &path)?;
            writer.finish()?;
        }
        self.note(eye.graph, Step::Json)?;
        String::from_utf8(bytes).map_err(|_| self.unfit())
    }

    /// A value as natural JSON text, which is a part of the file's metadata.
    pub fn natural(&mut self, eye: &Eye<'g>, value: Value) -> Result<String, Error> {
        let path = self.path(eye.graph);
        let mut bytes = Vec::new();
        let out = Out::new(&mut bytes, self.max_output);
        let mut writer = Natural::new(eye.graph, self.options, self.ledger, json::compact(), out);
        writer.write(value, &path)?;
        writer.finish()?;
        String::from_utf8(bytes).map_err(|_| self.unfit())
    }

    /// The place alone, where no graph is at hand to spell keys.
    fn here(&self) -> Location {
        let mut out = self.prefix.to_owned();
        for part in &self.parts {
            match part {
                Part::Name(name) => path::push_name(name, &mut out),
                Part::Key(_) => out.push_str("[key=…]"),
                Part::Index(n) => path::push_index(n.saturating_sub(1), &mut out),
            }
        }
        Location::path(out)
    }

    pub fn refused(&self, refusal: Refusal) -> Error {
        if refusal.over {
            return self.over(self.max_output.saturating_add(1));
        }
        Error::unrepresentable(refusal.what, self.here()).with_hint(refusal.hint)
    }

    pub fn broken(&self, e: &ArrowError) -> Error {
        Error::unrepresentable(format!("expected a column that Arrow takes, found: {e}"), self.here())
    }

    /// A value of another type than its column's.
    pub fn unfit(&self) -> Error {
        Error::unrepresentable("expected a value of its column's type, found another", self.here())
            .with_hint("`--to json` takes any value")
    }

    pub fn twice(&self, name: &str) -> Error {
        let what = format!("two keys would become one: `{}`", crate::name::Escaped(name));
        Error::unrepresentable(what, self.here()).with_hint("`--to json --lossless` keeps keys apart")
    }

    /// A key that no column can be named after.
    pub fn no_name(&self) -> Error {
        Error::unrepresentable("expected keys that can name columns, found one that is no text or number", self.here())
            .with_hint("`--to json` takes any key")
    }

    /// An instance that holds neither fields nor items alone.
    pub fn no_row(&self) -> Error {
        Error::unrepresentable("expected rows with named fields, found an instance without", self.here())
            .with_hint("`--to json` takes any value")
    }

    pub fn no_type(&self, what: &str) -> Error {
        Error::unrepresentable(format!("expected values that a column has a type for, found {what}"), self.here())
            .with_hint("`--to json` takes any value")
    }

    /// An object of pandas or numpy whose parts do not agree.
    pub fn odd(&self, what: &str) -> Error {
        Error::unrepresentable(what.to_owned(), self.here()).with_hint("`--to json` takes any value")
    }

    /// Pays for bytes of columns: what is shared may stand in many places, and a small object may stand for many rows.
    ///
    /// # Errors
    /// The output limit.
    #[inline]
    pub fn pay(&mut self, bytes: u64) -> Result<(), Error> {
        self.paid = self.paid.saturating_add(bytes);
        if self.paid > self.max_output { Err(self.over(self.paid)) } else { Ok(()) }
    }

    /// As [`Trail::pay`], but `false` where the limit forbids it, and nothing is paid.
    #[inline]
    pub fn pays(&mut self, bytes: u64) -> bool {
        let sum = self.paid.saturating_add(bytes);
        let allowed = sum <= self.max_output;
        if allowed {
            self.paid = sum;
        }
        allowed
    }

    /// Bytes that columns took so far.
    pub fn paid(&self) -> u64 {
        self.paid
    }

    #[cold]
    fn over(&self, needed: u64) -> Error {
        Limit::Output.exceeded(needed, self.max_output, self.here())
    }

    pub fn too_large(&self) -> Error {
        Error::unrepresentable(
            "expected at most 2147483647 bytes of text in one batch of a column, found more",
            self.here(),
        )
        .with_hint("a smaller `--row-group-size` makes smaller batches")
    }
}
