//! What can go wrong, by culprit: the environment, the bytes, the policy, the budget, the target format, the caller.
//!
//! An [`Error`] is one finding with its place; a [`Failure`] is all findings of one input. There is no "other".

use std::fmt;
use std::io;

use crate::limits::Limit;
use crate::location::Location;
use crate::name::GlobalName;

/// One finding: what is wrong, where, and what helps.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    at: Location,
    hint: Option<String>,
}

/// Whose fault it is, and what it is.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The environment: a file that cannot be read, a disk that is full.
    Io(io::Error),
    /// Bytes that no correct reader accepts. Lower-case fragment, expected before found.
    Malformed(String),
    /// The policy refuses it.
    Refused(Refused),
    /// A limit was reached.
    Limit(LimitExceeded),
    /// The target format cannot carry the value.
    Unrepresentable(String),
    /// The caller asked for something that does not exist.
    Misuse(String),
}

/// Why the policy refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// A global that is not known to be data.
    Global {
        /// The name as the stream spells it.
        name: GlobalName,
        /// How bad it is.
        severity: Severity,
        /// What calling it would do, when it is known to run code; else why it is not data.
        why: String,
    },
    /// A data global with arguments it does not recognise completely.
    Value {
        /// The data global.
        name: GlobalName,
        /// What was expected and found.
        problem: String,
    },
    /// An opcode that needs something outside the stream (extension codes, persistent ids, out-of-band buffers), or a
    /// name computed by the stream.
    Opcode(String),
}

/// How bad a refused global is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Not known to be data; nothing more is known.
    Unknown,
    /// Known to run code, open files or reach the network when it is loaded or called.
    Dangerous,
}

impl Severity {
    /// `unknown` or `dangerous`, as reports spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Unknown => "unknown",
            Severity::Dangerous => "dangerous",
        }
    }
}

/// A limit, what was needed and what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitExceeded {
    /// Which limit.
    pub limit: Limit,
    /// How much was needed (at least).
    pub needed: u64,
    /// How much is allowed.
    pub allowed: u64,
}

/// The culprit of an error; decides the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Category {
    /// The environment (exit status 1).
    Io,
    /// The caller (2).
    Misuse,
    /// The policy (3).
    Refused,
    /// The bytes (4).
    Malformed,
    /// The budget (5).
    Limit,
    /// The target format (6).
    Unrepresentable,
}

impl Category {
    /// The word for it in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Category::Io => "io",
            Category::Misuse => "misuse",
            Category::Refused => "refused",
            Category::Malformed => "malformed",
            Category::Limit => "limit",
            Category::Unrepresentable => "unrepresentable",
        }
    }
}

impl Error {
    /// An error of any kind.
    pub fn new(kind: ErrorKind, at: Location) -> Self {
        Error(Box::new(Inner { kind, at, hint: None }))
    }

    /// Reading or writing failed.
    pub fn io(source: io::Error, at: Location) -> Self {
        Error::new(ErrorKind::Io(source), at)
    }

    /// Bytes that no correct reader accepts.
    pub fn malformed(what: impl Into<String>, at: Location) -> Self {
        Error::new(ErrorKind::Malformed(what.into()), at)
    }

    /// The policy refuses.
    pub fn refused(what: Refused, at: Location) -> Self {
        Error::new(ErrorKind::Refused(what), at)
    }

    /// A limit was reached.
    pub fn limit(what: LimitExceeded, at: Location) -> Self {
        Error::new(ErrorKind::Limit(what), at)
    }

    /// The format cannot carry it.
    pub fn unrepresentable(what: impl Into<String>, at: Location) -> Self {
        Error::new(ErrorKind::Unrepresentable(what.into()), at)
    }

    /// The caller asked for what does not exist.
    pub fn misuse(what: impl Into<String>) -> Self {
        Error::new(ErrorKind::Misuse(what.into()), Location::default())
    }

    /// What a reader failed with: an error of ours that travelled through [`io::Read`] as [`Error::into_read`] packed it,
    /// its missing places filled in from `at`, or else one of the environment.
    pub(crate) fn from_read(e: io::Error, at: Location) -> Self {
        match e.downcast::<Error>() {
            Ok(mut ours) => {
                let place = &mut ours.0.at;
                place.file = place.file.take().or(at.file);
                place.member = place.member.take().or(at.member);
                place.offset = place.offset.or(at.offset);
                place.opcode = place.opcode.or(at.opcode);
                place.path = place.path.take().or(at.path);
                ours
            }
            Err(e) => Error::io(e, at),
        }
    }

    /// Packs it for the way through [`io::Read`]. The kind is never `Interrupted` or `UnexpectedEof`, which callers of
    /// `Read` take for their own.
    #[cfg_attr(not(feature = "compression"), allow(dead_code, reason = "decoders alone pack errors"))]
    pub(crate) fn into_read(self) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, self)
    }

    /// Adds what helps.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Moves the error to a place.
    #[must_use]
    pub(crate) fn at(mut self, at: Location) -> Self {
        self.0.at = at;
        self
    }

    /// Names the input, unless it is named already.
    #[must_use]
    pub fn in_file(mut self, file: &str) -> Self {
        self.0.at.file.get_or_insert_with(|| file.to_owned());
        self
    }

    /// Names the member of an archive, unless it is named already.
    #[must_use]
    pub(crate) fn in_member(mut self, member: &str) -> Self {
        self.0.at.member.get_or_insert_with(|| member.to_owned());
        self
    }

    /// Gives it an offset, unless it has one.
    #[must_use]
    pub(crate) fn at_offset(mut self, offset: u64) -> Self {
        self.0.at.offset.get_or_insert(offset);
        self
    }

    /// Whose fault and what.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Where.
    pub fn location(&self) -> &Location {
        &self.0.at
    }

    /// What helps, if anything does.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Whose fault.
    pub fn category(&self) -> Category {
        match &self.0.kind {
            ErrorKind::Io(_) => Category::Io,
            ErrorKind::Malformed(_) => Category::Malformed,
            ErrorKind::Refused(_) => Category::Refused,
            ErrorKind::Limit(_) => Category::Limit,
            ErrorKind::Unrepresentable(_) => Category::Unrepresentable,
            ErrorKind::Misuse(_) => Category::Misuse,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            ErrorKind::Io(e) => f.write_str(&fragment(e))?,
            ErrorKind::Malformed(what) | ErrorKind::Unrepresentable(what) | ErrorKind::Misuse(what) => {
                f.write_str(what)?
            }
            ErrorKind::Refused(what) => write!(f, "{what}")?,
            ErrorKind::Limit(what) => write!(f, "{what}")?,
        }
        let at = self.0.at.to_string();
        if at.is_empty() { Ok(()) } else { write!(f, " ({at})") }
    }
}

/// What the system says, as a fragment: without its capital and its number.
fn fragment(e: &io::Error) -> String {
    let text = e.to_string();
    let text = text.split(" (os error ").next().unwrap_or_default();
    let mut chars = text.chars();
    // An abbreviation keeps its capitals.
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if first.is_ascii_uppercase() && second.is_ascii_lowercase() => {
            format!("{}{}", first.to_ascii_lowercase(), text.get(1..).unwrap_or_default())
        }
        _ => text.to_owned(),
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ErrorKind::Io(e) => Some(e),
            ErrorKind::Malformed(_)
            | ErrorKind::Refused(_)
            | ErrorKind::Limit(_)
            | ErrorKind::Unrepresentable(_)
            | ErrorKind::Misuse(_) => None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Global { name, severity: Severity::Dangerous, why } => write!(f, "refused global `{name}`: {why}"),
            Refused::Global { name, severity: Severity::Unknown, why } => write!(f, "refused global `{name}`, {why}"),
            Refused::Value { name, problem } => write!(f, "refused value of `{name}`: {problem}"),
            Refused::Opcode(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "limit reached: {} {} needed, {} allowed (`{}` raises it)",
            self.needed,
            self.limit.what(),
            self.allowed,
            self.limit.flag()
        )
    }
}

/// All findings of one input that was not converted.
#[derive(Debug)]
pub struct Failure {
    findings: Vec<Error>,
    more: u64,
    foreign: bool,
}

impl Failure {
    /// The findings, in the order of their offsets; never empty.
    pub fn findings(&self) -> &[Error] {
        &self.findings
    }

    /// How many further findings the report limit cut off.
    pub fn more(&self) -> u64 {
        self.more
    }

    /// The category that decides the exit status: that with the highest one.
    pub fn category(&self) -> Category {
        self.findings.iter().map(Error::category).max().unwrap_or(Category::Io)
    }

    pub(crate) fn new(findings: Vec<Error>, more: u64) -> Self {
        Failure { findings, more, foreign: false }
    }

    /// The input is something else than a pickle, and its beginning says so.
    pub(crate) fn foreign(findings: Vec<Error>) -> Self {
        Failure { findings, more: 0, foreign: true }
    }

    /// Whether the input is something else than a pickle (a web page, an image, text), not a broken one.
    pub fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// Names the input in every finding.
    #[must_use]
    pub fn in_file(self, file: &str) -> Self {
        let Failure { findings, more, foreign } = self;
        Failure { findings: findings.into_iter().map(|e| e.in_file(file)).collect(), more, foreign }
    }
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Failure { findings: vec![e], more: 0, foreign: false }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.findings.as_slice() {
            [] => f.write_str("failed"),
            [one] => write!(f, "{one}"),
            [first, rest @ ..] => write!(f, "{first}, and {} more findings", rest.len() as u64 + self.more),
        }
    }
}

impl std::error::Error for Failure {}
