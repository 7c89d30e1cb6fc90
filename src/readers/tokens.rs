//! JSON tokens with their places, and the parser's complaints in our words.
//!
//! The tokens are struson's, an RFC 8259 parser without recursion. Its own limits (depth, digits) are off: ours are finer.

use std::io::{BufReader, Read};

use struson::reader::{
    JsonReader as _, JsonReaderPosition, JsonStreamReader, ReaderError, ReaderSettings, SyntaxErrorKind,
    UnexpectedStructureKind, ValueType,
};

use super::source::Source;
use crate::error::Error;
use crate::limits::{Limit, Limits};
use crate::location::Location;
use crate::name::Escaped;

pub(super) use struson::reader::ValueType as Token;

/// A pull parser of one JSON document.
pub(super) struct Tokens<R: Read> {
    json: JsonStreamReader<Source<BufReader<R>>>,
    max_memory: u64,
    max_digits: u64,
}

impl<R: Read> Tokens<R> {
    pub fn new(input: R, limits: &Limits) -> Self {
        let settings = ReaderSettings {
            allow_comments: false,
            allow_trailing_comma: false,
            allow_multiple_top_level: false,
            track_path: false,
            max_nesting_depth: None,
            restrict_number_values: false,
        };
        let source = Source::new(BufReader::with_capacity(1 << 16, input));
        Tokens {
            json: JsonStreamReader::new_custom(source, settings),
            max_memory: limits.max_memory,
            max_digits: u64::from(limits.max_digits),
        }
    }

    /// Bytes read so far; after [`Tokens::peek`] where the next value begins.
    pub fn at(&self) -> u64 {
        place(&self.json.current_position(false))
    }

    /// The type of the next value.
    pub fn peek(&mut self) -> Result<ValueType, Error> {
        let at = self.at();
        self.json.reader_mut().allow(at, Limit::Memory, self.max_memory);
        let token = self.json.peek().map_err(fault)?;
        if token == ValueType::Number {
            let at = self.at();
            self.json.reader_mut().allow(at, Limit::Digits, self.max_digits);
        }
        Ok(token)
    }

    /// Whether the array or object has a further element.
    pub fn has_next(&mut self) -> Result<bool, Error> {
        let at = self.at();
        self.json.reader_mut().allow(at, Limit::Memory, self.max_memory);
        self.json.has_next().map_err(fault)
    }

    pub fn begin_array(&mut self) -> Result<(), Error> {
        self.json.begin_array().map_err(fault)
    }

    pub fn end_array(&mut self) -> Result<(), Error> {
        self.json.end_array().map_err(fault)
    }

    pub fn begin_object(&mut self) -> Result<(), Error> {
        self.json.begin_object().map_err(fault)
    }

    pub fn end_object(&mut self) -> Result<(), Error> {
        self.json.end_object().map_err(fault)
    }

    /// The key of the next member.
    pub fn name(&mut self) -> Result<&str, Error> {
        self.json.next_name().map_err(fault)
    }

    /// The key of the next member, which has to be this one.
    pub fn expect_name(&mut self, expected: &str) -> Result<(), Error> {
        if !self.has_next()? {
            return self.bad(format!("expected the key `{expected}`, found the end of the object"));
        }
        let at = self.at();
        let name = self.name()?;
        if name == expected {
            return Ok(());
        }
        let what = format!("expected the key `{expected}`, found `{}`", Escaped(name));
        Err(Error::malformed(what, Location::offset(at)))
    }

    pub fn str(&mut self) -> Result<&str, Error> {
        self.peek()?;
        self.json.next_str().map_err(fault)
    }

    /// The text of a number.
    pub fn number(&mut self) -> Result<&str, Error> {
        self.peek()?;
        self.json.next_number_as_str().map_err(fault)
    }

    pub fn bool(&mut self) -> Result<bool, Error> {
        self.json.next_bool().map_err(fault)
    }

    pub fn null(&mut self) -> Result<(), Error> {
        self.json.next_null().map_err(fault)
    }

    /// Nothing but white space may follow.
    pub fn finish(mut self) -> Result<(), Error> {
        let at = self.at();
        self.json.reader_mut().allow(at, Limit::Memory, self.max_memory);
        self.json.consume_trailing_whitespace().map_err(fault)
    }

    /// What is wrong here.
    pub fn bad<T>(&self, what: impl Into<String>) -> Result<T, Error> {
        Err(Error::malformed(what, Location::offset(self.at())))
    }
}

fn place(position: &JsonReaderPosition) -> u64 {
    position.data_pos.unwrap_or(0)
}

fn word(token: ValueType) -> &'static str {
    match token {
        ValueType::Array => "an array",
        ValueType::Object => "an object",
        ValueType::String => "a string",
        ValueType::Number => "a number",
        ValueType::Boolean => "true or false",
        ValueType::Null => "null",
    }
}

fn fault(e: ReaderError) -> Error {
    match e {
        ReaderError::SyntaxError(e) => Error::malformed(syntax(e.kind), Location::offset(place(&e.location))),
        ReaderError::UnexpectedValueType { expected, actual, location } => Error::malformed(
            format!("expected {}, found {}", word(expected), word(actual)),
            Location::offset(place(&location)),
        ),
        ReaderError::UnexpectedStructure { kind, location } => {
            let what = match kind {
                UnexpectedStructureKind::MoreElementsThanExpected => {
                    "expected the end of the array or object, found more"
                }
                UnexpectedStructureKind::TooShortArray { .. }
                | UnexpectedStructureKind::MissingObjectMember { .. }
                | UnexpectedStructureKind::FewerElementsThanExpected => {
                    "expected a value, found the end of the array or object"
                }
            };
            Error::malformed(what, Location::offset(place(&location)))
        }
        ReaderError::IoError { error, location } => {
            let at = Location::offset(place(&location));
            if error.get_ref().is_some_and(|inner| inner.is::<Error>()) {
                return Error::from_read(error, at);
            }
            Error::malformed("expected JSON in UTF-8, found other bytes", at)
        }
        // Neither limit is set.
        ReaderError::MaxNestingDepthExceeded { location, .. }
        | ReaderError::UnsupportedNumberValue { location, .. } => {
            Error::malformed("expected JSON", Location::offset(place(&location)))
        }
        _ => Error::malformed("expected JSON", Location::default()),
    }
}

fn syntax(kind: SyntaxErrorKind) -> &'static str {
    match kind {
        SyntaxErrorKind::CommentsNotEnabled
        | SyntaxErrorKind::IncompleteComment
        | SyntaxErrorKind::BlockCommentNotClosed => "expected JSON, found a comment",
        SyntaxErrorKind::InvalidLiteral | SyntaxErrorKind::TrailingDataAfterLiteral => {
            "expected `true`, `false` or `null`, found another word"
        }
        SyntaxErrorKind::UnexpectedClosingBracket => "expected a value, found a closing bracket",
        SyntaxErrorKind::UnexpectedComma => "expected a value, found a comma",
        SyntaxErrorKind::MissingComma => "expected a comma or a closing bracket, found something else",
        SyntaxErrorKind::TrailingCommaNotEnabled => "expected a further element after a comma, found a closing bracket",
        SyntaxErrorKind::UnexpectedColon => "expected a value, found a colon",
        SyntaxErrorKind::MissingColon => "expected a colon after a key, found something else",
        SyntaxErrorKind::MalformedNumber | SyntaxErrorKind::TrailingDataAfterNumber => {
            "expected a number as JSON spells it, found something else"
        }
        SyntaxErrorKind::ExpectingMemberNameOrObjectEnd => {
            "expected a key or the end of the object, found something else"
        }
        SyntaxErrorKind::NotEscapedControlCharacter => "expected an escape, found a control character",
        SyntaxErrorKind::UnknownEscapeSequence | SyntaxErrorKind::MalformedEscapeSequence => {
            "expected an escape that JSON knows, found another"
        }
        SyntaxErrorKind::UnpairedSurrogatePairEscapeSequence => "expected a surrogate pair, found a lone surrogate",
        SyntaxErrorKind::IncompleteDocument => "expected more JSON, found the end of the input",
        SyntaxErrorKind::TrailingData => "expected the end of the input, found more",
        _ => "expected JSON, found something else",
    }
}
