//! The lexer: one opcode and its raw argument at a time.
//!
//! It knows no stack and decodes no text: lines and payloads are handed on as the bytes that stand there.

use crate::error::Error;
use crate::limits::Limits;
use crate::location::Location;
use crate::name::EscapedBytes;
use crate::opcode::{ArgKind, Opcode, OpcodeInfo};
use crate::source::cursor::Cursor;
use crate::source::random::Section;

/// An opcode's raw argument.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arg<'a> {
    None,
    Uint(u64),
    Int(i32),
    Float(f64),
    /// A counted payload: text, bytes, or a two's complement integer.
    Bytes(&'a [u8]),
    /// A counted payload of bytes that stays where it is.
    Range(&'a Section),
    /// A line without its newline.
    Line(&'a [u8]),
    Lines(&'a [u8], &'a [u8]),
}

pub(crate) struct Lexer<'a> {
    cursor: Cursor<'a>,
    start: u64,
    /// The payload that was passed over last.
    range: Option<Section>,
    /// Bytes from which on a payload is passed over.
    stays_from: u64,
}

/// Nothing is passed over.
const NEVER: u64 = u64::MAX;

impl<'a> Lexer<'a> {
    pub fn new(source: Box<dyn std::io::Read + Send + 'a>, limits: &Limits) -> Self {
        Lexer::reusing(Vec::new(), source, limits)
    }

    /// Reads through the buffer of an earlier lexer.
    pub fn reusing(buffer: Vec<u8>, source: Box<dyn std::io::Read + Send + 'a>, limits: &Limits) -> Self {
        Lexer { cursor: Cursor::reusing(buffer, source, limits.max_memory), start: 0, range: None, stays_from: NEVER }
    }

    /// A lexer of the first `len` bytes of a buffer, which are all there is.
    pub fn held(buffer: Vec<u8>, len: usize, limits: &Limits) -> Self {
        Lexer { cursor: Cursor::over(buffer, len, limits.max_memory), start: 0, range: None, stays_from: NEVER }
    }

    /// The buffer, for the next lexer.
    pub fn into_buffer(self) -> Vec<u8> {
        self.cursor.into_buffer()
    }

    /// A lexer over bytes that are in memory: `len` of them.
    pub fn over(source: Box<dyn std::io::Read + Send + 'a>, len: u64) -> Self {
        Lexer { cursor: Cursor::new(source, len), start: 0, range: None, stays_from: NEVER }
    }

    /// Takes `len` bytes that are no opcodes, piece by piece; `what` they are is for errors.
    ///
    /// # Errors
    /// They are not there, or `take` fails.
    pub fn raw(
        &mut self,
        len: u64,
        what: &'static str,
        take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.cursor.raw(len, what, take)
    }

    /// A lexer of a stream that begins `offset` bytes into its input.
    pub fn starting_at(source: Box<dyn std::io::Read + Send + 'a>, offset: u64, limits: &Limits) -> Self {
        Lexer {
            cursor: Cursor::starting_at(source, offset, limits.max_memory),
            start: offset,
            range: None,
            stays_from: NEVER,
        }
    }

    /// Says where the stream lies: payloads of `from` bytes and more then stay there, as [`Arg::Range`].
    #[must_use]
    pub fn lies_at(mut self, place: Option<Section>, from: u64) -> Self {
        if let Some(place) = place {
            self.cursor.lies_at(place);
            self.stays_from = from;
        }
        self
    }

    /// Passes over `len` bytes that are no opcodes, and gives their place, where they may stay there.
    ///
    /// # Errors
    /// They are not there.
    pub fn pass_over(&mut self, len: u64, what: &'static str) -> Result<Option<Section>, Error> {
        if len < self.stays_from { Ok(None) } else { self.cursor.pass_over(len, what) }
    }

    /// Offset of the opcode that was read last.
    #[inline]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Offset of the next byte.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.cursor.offset()
    }

    /// The bytes at hand, which begin with an opcode: whoever reads whole opcodes there says so with [`Lexer::advance`], and
    /// leaves to [`Lexer::next`] what does not end within them.
    #[inline]
    pub fn window(&self) -> &[u8] {
        self.cursor.window()
    }

    /// Says that whole opcodes of the window were read: the last of them lies from `start` to `end`.
    #[inline]
    pub fn advance(&mut self, start: usize, end: usize) {
        self.start = self.cursor.offset() + start as u64;
        self.cursor.advance(end);
    }

    /// Looks at the next byte without taking it.
    pub fn peek(&mut self) -> Result<Option<u8>, Error> {
        self.cursor.peek()
    }

    /// Takes one byte that is no opcode (what follows the last STOP).
    pub fn skip_byte(&mut self) -> Result<Option<u8>, Error> {
        self.cursor.next_byte()
    }

    /// Reads to the end of the source, so that a checksum there is checked; what is left is dropped.
    pub fn drain(&mut self) -> Result<(), Error> {
        self.cursor.drain()
    }

    /// Opens the frame that a FRAME opcode declares.
    pub fn open_frame(&mut self, len: u64) -> Result<(), Error> {
        self.cursor.open_frame(len)
    }

    /// Ends a pickle at its STOP: how many bytes its open frame has left.
    pub fn close_frame(&mut self) -> u64 {
        self.cursor.close_frame()
    }

    /// The next opcode and its argument.
    ///
    /// # Errors
    /// `Malformed` for an unknown byte, a truncated argument, a negative length, an argument that crosses its frame.
    #[inline]
    pub fn next(&mut self) -> Result<(&'static OpcodeInfo, Arg<'_>), Error> {
        self.start = self.cursor.offset();
        let Some(byte) = self.cursor.next_byte()? else {
            return Err(Error::malformed("truncated: the stream ends before STOP", Location::offset(self.start)));
        };
        let Some(info) = Opcode::of_byte(byte) else {
            return Err(Error::malformed(
                format!("expected an opcode, found byte `{}` (0x{byte:02x})", EscapedBytes(&[byte])),
                Location::offset(self.start),
            ));
        };
        let arg = self.arg(info)?;
        Ok((info, arg))
    }

    #[inline]
    fn arg(&mut self, info: &'static OpcodeInfo) -> Result<Arg<'_>, Error> {
        let name = info.name;
        Ok(match info.arg {
            ArgKind::None => Arg::None,
            ArgKind::Uint1 => Arg::Uint(u64::from(self.cursor.array::<1>(name)?[0])),
            ArgKind::Uint2 => Arg::Uint(u64::from(u16::from_le_bytes(self.cursor.array(name)?))),
            ArgKind::Uint4 => Arg::Uint(u64::from(u32::from_le_bytes(self.cursor.array(name)?))),
            ArgKind::Uint8 => Arg::Uint(u64::from_le_bytes(self.cursor.array(name)?)),
            ArgKind::Int4 => Arg::Int(i32::from_le_bytes(self.cursor.array(name)?)),
            ArgKind::Float8 => Arg::Float(f64::from_be_bytes(self.cursor.array(name)?)),
            ArgKind::String1 | ArgKind::Bytes1 | ArgKind::UnicodeString1 | ArgKind::Long1 => {
                let len = u64::from(self.cursor.array::<1>(name)?[0]);
                Arg::Bytes(self.cursor.take(len, name)?)
            }
            ArgKind::UnicodeString4 => {
                let len = u64::from(u32::from_le_bytes(self.cursor.array(name)?));
                Arg::Bytes(self.cursor.take(len, name)?)
            }
            ArgKind::UnicodeString8 => {
                let len = u64::from_le_bytes(self.cursor.array(name)?);
                Arg::Bytes(self.cursor.take(len, name)?)
            }
            ArgKind::Bytes4 => {
                let len = u64::from(u32::from_le_bytes(self.cursor.array(name)?));
                self.bytes(len, name)?
            }
            ArgKind::Bytes8 | ArgKind::ByteArray8 => {
                let len = u64::from_le_bytes(self.cursor.array(name)?);
                self.bytes(len, name)?
            }
            ArgKind::String4 | ArgKind::Long4 => {
                let len = i32::from_le_bytes(self.cursor.array(name)?);
                let Ok(len) = u64::try_from(len) else {
                    return Err(Error::malformed(
                        format!("expected a length of 0 or more for {name}, found {len}"),
                        Location::opcode(self.start, name),
                    ));
                };
                if info.arg == ArgKind::String4 {
                    self.bytes(len, name)?
                } else {
                    Arg::Bytes(self.cursor.take(len, name)?)
                }
            }
            ArgKind::StringNl
            | ArgKind::StringNlNoEscape
            | ArgKind::UnicodeStringNl
            | ArgKind::DecimalNlShort
            | ArgKind::DecimalNlLong
            | ArgKind::FloatNl => Arg::Line(self.cursor.line(name)?),
            ArgKind::StringNlNoEscapePair => {
                let (first, second) = self.cursor.two_lines(name)?;
                Arg::Lines(first, second)
            }
        })
    }

    /// A payload of bytes, at hand or where it lies.
    fn bytes(&mut self, len: u64, name: &'static str) -> Result<Arg<'_>, Error> {
        if len >= self.stays_from
            && let Some(range) = self.cursor.pass_over(len, name)?
        {
            return Ok(Arg::Range(self.range.insert(range)));
        }
        Ok(Arg::Bytes(self.cursor.take(len, name)?))
    }
}
