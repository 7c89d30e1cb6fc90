//! A cursor over a byte stream, read in chunks into one reused buffer.
//!
//! It knows offsets, lengths, lines and frame ends; it knows no opcode. A payload is handed out as one contiguous slice;
//! the buffer grows only as bytes arrive, so a declared length allocates nothing by itself.

use std::io::Read;

use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::source::random::{RandomAccess, Section};

/// Bytes asked of the source at a time.
const CHUNK: usize = 1 << 20;
/// Bytes asked of the source first: most inputs have no more.
const FIRST: usize = 64 << 10;
/// Bytes asked of the source first behind a payload that stays where it is: often the next one follows at once.
const BEHIND: usize = 4 << 10;
/// No frame is open.
const UNFRAMED: u64 = u64::MAX;

pub(crate) struct Cursor<'a> {
    source: Box<dyn Read + Send + 'a>,
    /// Grows only where it is full, and is never made smaller: what was zeroed once is not zeroed again.
    buffer: Vec<u8>,
    /// Next byte to hand out, in `buffer`.
    pos: usize,
    /// Bytes of `buffer` that are filled.
    filled: usize,
    /// End of what may be handed out now: `filled`, or the end of the open frame if that comes first.
    end: usize,
    /// Stream offset of `buffer[0]`.
    base: u64,
    /// Stream offset at which the open frame ends, or `UNFRAMED`.
    frame_end: u64,
    source_ended: bool,
    /// Bytes asked of the source at a time; twice as many each time.
    ahead: usize,
    /// Where the stream lies, if any part of it can be read at any time: offset 0 is its first byte.
    place: Option<Section>,
    /// The longest payload that may be held.
    max_held: u64,
}

impl<'a> Cursor<'a> {
    pub fn new(source: Box<dyn Read + Send + 'a>, max_held: u64) -> Self {
        Cursor::reusing(Vec::new(), source, max_held)
    }

    /// A cursor over a stream that begins `offset` bytes into its input.
    pub fn starting_at(source: Box<dyn Read + Send + 'a>, offset: u64, max_held: u64) -> Self {
        Cursor { base: offset, ..Cursor::new(source, max_held) }
    }

    /// Reads through the buffer of an earlier cursor, whatever is in it.
    pub fn reusing(buffer: Vec<u8>, source: Box<dyn Read + Send + 'a>, max_held: u64) -> Self {
        Cursor {
            source,
            buffer,
            pos: 0,
            filled: 0,
            end: 0,
            base: 0,
            frame_end: UNFRAMED,
            source_ended: false,
            ahead: usize::MAX,
            place: None,
            max_held,
        }
    }

    /// A cursor over the first `len` bytes of a buffer, which are all there is.
    pub fn over(buffer: Vec<u8>, len: usize, max_held: u64) -> Self {
        let len = len.min(buffer.len());
        Cursor {
            filled: len,
            end: len,
            source_ended: true,
            ..Cursor::reusing(buffer, Box::new(std::io::empty()), max_held)
        }
    }

    /// The buffer, for the next cursor; one that grew for a long payload is dropped.
    pub fn into_buffer(self) -> Vec<u8> {
        if self.buffer.len() > 2 * CHUNK { Vec::new() } else { self.buffer }
    }

    /// Says where the stream lies, which is the same bytes: payloads may then stay there.
    pub fn lies_at(&mut self, place: Section) {
        self.place = Some(place);
    }

    /// Passes over `len` bytes that `opcode` declared, and gives their place, where the stream has one.
    ///
    /// # Errors
    /// They cross the end of the open frame or of the stream.
    pub fn pass_over(&mut self, len: u64, opcode: &'static str) -> Result<Option<Section>, Error> {
        let at = self.offset();
        let Some(place) = &self.place else { return Ok(None) };
        if self.frame_end != UNFRAMED && len > self.frame_end - at {
            return Err(self.crosses_frame(len, opcode));
        }
        let left = place.len().saturating_sub(at);
        if left < len {
            return Err(Error::malformed(
                format!("truncated: {opcode} takes {len} bytes, {left} are left"),
                Location::opcode(at, opcode),
            ));
        }
        let range = place.part(at, len);
        if (self.filled - self.pos) as u64 >= len {
            self.pos += len as usize;
        } else {
            self.source = Box::new(place.part(at + len, u64::MAX).reader());
            (self.base, self.pos, self.filled, self.source_ended) = (at + len, 0, 0, false);
            self.ahead = BEHIND;
            self.clip();
        }
        Ok(Some(range))
    }

    fn crosses_frame(&self, len: u64, opcode: &'static str) -> Error {
        let at = self.offset();
        let left = self.frame_end - at;
        let what = format!("expected {opcode} to end within its FRAME: it takes {len} bytes, {left} are left");
        Error::malformed(what, Location::opcode(at, opcode))
    }

    /// Offset of the next byte in the stream.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.base + self.pos as u64
    }

    /// What can be handed out at once: up to the end of the buffer or of the open frame.
    #[inline]
    pub fn window(&self) -> &[u8] {
        self.buffer.get(self.pos..self.end).unwrap_or(&[])
    }

    /// Says that so many bytes of the window were read.
    #[inline]
    pub fn advance(&mut self, len: usize) {
        self.pos = self.end.min(self.pos.saturating_add(len));
    }

    /// The next byte, or `None` at the end of the stream. Between opcodes only: it leaves a frame that is used up.
    #[inline]
    pub fn next_byte(&mut self) -> Result<Option<u8>, Error> {
        if self.pos == self.end && !self.more_at_boundary()? {
            return Ok(None);
        }
        let byte = self.buffer[self.pos];
        self.pos += 1;
        Ok(Some(byte))
    }

    /// Looks at the next byte without taking it.
    pub fn peek(&mut self) -> Result<Option<u8>, Error> {
        if self.pos == self.end && !self.more_at_boundary()? {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.pos]))
    }

    #[cold]
    fn more_at_boundary(&mut self) -> Result<bool, Error> {
        if self.offset() == self.frame_end {
            self.frame_end = UNFRAMED;
            self.clip();
            if self.pos < self.end {
                return Ok(true);
            }
        }
        self.fill(1)?;
        if self.pos < self.end {
            return Ok(true);
        }
        if self.frame_end != UNFRAMED {
            return Err(self.frame_past_end());
        }
        Ok(false)
    }

    fn frame_past_end(&self) -> Error {
        let missing = self.frame_end - self.offset();
        Error::malformed(
            format!("truncated: the open FRAME says that {missing} more bytes follow, the stream ends"),
            Location::offset(self.offset()),
        )
    }

    /// Takes `N` bytes of a fixed-size argument.
    #[inline]
    pub fn array<const N: usize>(&mut self, opcode: &'static str) -> Result<[u8; N], Error> {
        let bytes = self.take(N as u64, opcode)?;
        let mut out = [0; N];
        out.copy_from_slice(bytes);
        Ok(out)
    }

    /// Takes `len` bytes that `opcode` declared, as one slice.
    #[inline]
    pub fn take(&mut self, len: u64, opcode: &'static str) -> Result<&[u8], Error> {
        if (self.end - self.pos) as u64 >= len {
            let start = self.pos;
            self.pos += len as usize;
            return Ok(&self.buffer[start..self.pos]);
        }
        self.take_slow(len, opcode)
    }

    #[cold]
    fn take_slow(&mut self, len: u64, opcode: &'static str) -> Result<&[u8], Error> {
        let at = self.offset();
        if self.frame_end != UNFRAMED && len > self.frame_end - at {
            return Err(self.crosses_frame(len, opcode));
        }
        let wanted = usize::try_from(len.min(self.max_held)).unwrap_or(usize::MAX);
        self.fill(wanted)?;
        let have = (self.filled - self.pos) as u64;
        if have < len && have >= self.max_held {
            return Err(Limit::Memory.exceeded(len, self.max_held, Location::opcode(at, opcode)));
        }
        if have < len {
            return Err(Error::malformed(
                format!("truncated: {opcode} takes {len} bytes, {have} are left"),
                Location::opcode(at, opcode),
            ));
        }
        let start = self.pos;
        self.pos += len as usize;
        Ok(&self.buffer[start..self.pos])
    }

    /// Hands on `len` bytes piece by piece. Between frames only.
    pub fn raw(
        &mut self,
        len: u64,
        what: &'static str,
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let at = self.offset();
        let mut left = len;
        while left > 0 {
            if self.pos == self.end {
                self.fill(1)?;
            }
            let n = usize::try_from(left).unwrap_or(usize::MAX).min(self.end - self.pos);
            if n == 0 {
                return Err(Error::malformed(
                    format!("truncated: {what} takes {len} bytes, {} are left", len - left),
                    Location::offset(at),
                ));
            }
            take(&self.buffer[self.pos..self.pos + n])?;
            self.pos += n;
            left -= n as u64;
        }
        Ok(())
    }

    /// Takes a line, without its `\n`.
    pub fn line(&mut self, opcode: &'static str) -> Result<&[u8], Error> {
        let len = self.line_len(0, opcode)?;
        let start = self.pos;
        self.pos += len + 1;
        Ok(&self.buffer[start..start + len])
    }

    /// Takes two lines, without their `\n`.
    pub fn two_lines(&mut self, opcode: &'static str) -> Result<(&[u8], &[u8]), Error> {
        let first = self.line_len(0, opcode)?;
        let second = self.line_len(first + 1, opcode)?;
        let start = self.pos;
        self.pos += first + second + 2;
        Ok((&self.buffer[start..start + first], &self.buffer[start + first + 1..start + first + 1 + second]))
    }

    /// Length of the line that starts `skip` bytes on; afterwards the line and its `\n` are in the buffer.
    fn line_len(&mut self, skip: usize, opcode: &'static str) -> Result<usize, Error> {
        let mut seen = skip;
        loop {
            if let Some(n) = memchr::memchr(b'\n', &self.buffer[self.pos + seen..self.end]) {
                return Ok(seen + n - skip);
            }
            seen = self.end - self.pos;
            let at = self.offset();
            let in_frame = self.frame_end != UNFRAMED && self.base + self.end as u64 == self.frame_end;
            if in_frame {
                return Err(Error::malformed(
                    format!("expected the line of {opcode} to end within its FRAME"),
                    Location::opcode(at, opcode),
                ));
            }
            if seen as u64 >= self.max_held {
                return Err(Limit::Memory.exceeded(seen as u64 + 1, self.max_held, Location::opcode(at, opcode)));
            }
            let before = self.filled - self.pos;
            self.fill(seen + 1)?;
            if self.filled - self.pos == before {
                return Err(Error::malformed(
                    format!("truncated: expected a newline to end the line of {opcode}"),
                    Location::opcode(at, opcode),
                ));
            }
        }
    }

    /// Opens a frame of `len` bytes.
    pub fn open_frame(&mut self, len: u64) -> Result<(), Error> {
        let at = self.offset();
        if self.frame_end != UNFRAMED && at < self.frame_end {
            return Err(Error::malformed(
                format!("expected the open FRAME to end first: {} of its bytes are left", self.frame_end - at),
                Location::opcode(at, "FRAME"),
            ));
        }
        match at.checked_add(len) {
            Some(end) if end < i64::MAX as u64 => {
                self.frame_end = end;
                self.clip();
                Ok(())
            }
            Some(_) | None => Err(Error::malformed(
                format!("truncated: FRAME declares {len} bytes, no stream is that long"),
                Location::opcode(at, "FRAME"),
            )),
        }
    }

    /// Ends the pickle: how many bytes of an open frame were not used.
    pub fn close_frame(&mut self) -> u64 {
        let left = if self.frame_end == UNFRAMED { 0 } else { self.frame_end - self.offset() };
        self.frame_end = UNFRAMED;
        self.clip();
        left
    }

    /// Reads to the end of the source and drops everything.
    pub fn drain(&mut self) -> Result<(), Error> {
        self.frame_end = UNFRAMED;
        while !self.source_ended {
            self.pos = self.filled;
            self.fill(1)?;
        }
        Ok(())
    }

    /// Makes `wanted` bytes from `pos` on available, if the source has them; reads whole chunks.
    fn fill(&mut self, wanted: usize) -> Result<(), Error> {
        if self.pos > 0 {
            self.buffer.copy_within(self.pos..self.filled, 0);
            self.base += self.pos as u64;
            self.filled -= self.pos;
            self.pos = 0;
        }
        while self.filled < wanted && !self.source_ended {
            if self.buffer.len() == self.filled {
                let room = match self.filled {
                    0 => FIRST,
                    filled => filled.max(CHUNK).min(wanted.saturating_sub(filled).max(CHUNK)),
                };
                self.buffer.resize(self.filled + room, 0);
            }
            let most = self.ahead.max(wanted - self.filled).min(self.buffer.len() - self.filled);
            self.ahead = self.ahead.saturating_mul(2);
            match self.source.read(&mut self.buffer[self.filled..self.filled + most]) {
                Ok(0) => self.source_ended = true,
                Ok(n) => self.filled += n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => {
                    // Nothing good comes behind it.
                    self.source_ended = true;
                    return Err(Error::from_read(e, Location::offset(self.base + self.filled as u64)));
                }
            }
        }
        self.clip();
        Ok(())
    }

    fn clip(&mut self) {
        self.end = match usize::try_from(self.frame_end.saturating_sub(self.base)) {
            Ok(frame) if self.frame_end != UNFRAMED => frame.min(self.filled),
            Ok(_) | Err(_) => self.filled,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(bytes: &'static [u8]) -> Cursor<'static> {
        Cursor::new(Box::new(bytes), 1 << 20)
    }

    #[test]
    fn a_declared_length_allocates_only_what_is_there() {
        let mut c = cursor(b"abc");
        let e = c.take(1 << 40, "BINBYTES8").map(<[u8]>::len).unwrap_err();
        assert!(e.to_string().starts_with("truncated: BINBYTES8 takes 1099511627776 bytes, 3 are left"), "{e}");
        assert!(c.buffer.len() <= 2 * CHUNK);
    }

    #[test]
    fn a_line_may_not_cross_the_end_of_its_frame() {
        let mut c = cursor(b"ab\ncd\n");
        c.open_frame(4).expect("fits");
        assert_eq!(c.line("INT").expect("inside"), b"ab");
        assert!(c.line("INT").is_err());
    }

    #[test]
    fn a_used_up_frame_is_left_between_opcodes() {
        let mut c = cursor(b"abc");
        c.open_frame(1).expect("fits");
        assert_eq!(c.next_byte().expect("a"), Some(b'a'));
        assert_eq!(c.next_byte().expect("b"), Some(b'b'));
        assert_eq!(c.close_frame(), 0);
    }
}
