//! The stores of text and bytes, and the leaves that are ranges of them.

use super::Graph;
use super::payloads::is_outside;
use crate::limits::LimitExceededResult;
use crate::model::tensor;
use crate::model::value::Value;

/// Bytes of a block that a short text lies in.
pub(crate) const BLOCK: usize = 32;

/// Bytes of text that are moved to where the rest is at the next occasion, and of a text that goes there at once.
const MUCH: usize = 1 << 15;

/// The bits of the bytes of a text at the beginning of a block, for each length: what lies behind it is of no account.
pub(crate) static OF_TEXT: [[u8; BLOCK]; BLOCK + 1] = {
    let mut masks = [[0; BLOCK]; BLOCK + 1];
    let mut len = 0;
    while len <= BLOCK {
        let mut n = 0;
        while n < len {
            masks[len][n] = 0xFF;
            n += 1;
        }
        len += 1;
    }
    masks
};

/// Whether the first `len` bytes of a block are ASCII: all of it is looked at, and what does not count is masked.
#[inline(always)]
pub(crate) fn begins_ascii(block: &[u8; BLOCK], len: usize) -> bool {
    let Some(mask) = OF_TEXT.get(len) else { return false };
    let both = block.iter().zip(mask).map(|(byte, mask)| byte & mask);
    both.fold(0, |any, byte| any | byte) < 0x80
}

/// Bytes that are looked at as a whole, several times faster than one by one: short texts are made as long by zeros behind them.
const WHOLE: usize = 64;

/// Whether the first `len` bytes of a block are UTF-8.
fn begins_utf8(block: &[u8; BLOCK], len: usize) -> bool {
    let Some(mask) = OF_TEXT.get(len) else { return false };
    let mut padded = [0; WHOLE];
    padded.iter_mut().zip(block.iter().zip(mask)).for_each(|(to, (byte, mask))| *to = byte & mask);
    simdutf8::basic::from_utf8(&padded).is_ok()
}

fn is_utf8(text: &[u8]) -> bool {
    let mut padded = [0; WHOLE];
    match padded.get_mut(..text.len()) {
        Some(begin) => {
            begin.copy_from_slice(text);
            simdutf8::basic::from_utf8(&padded).is_ok()
        }
        None => simdutf8::basic::from_utf8(text).is_ok(),
    }
}

/// Whether two short texts of a length are the same; one is the beginning of a block, and nothing but zeros behind it.
#[inline(always)]
pub(crate) fn is_text(known: &[u8; BLOCK], block: &[u8; BLOCK], len: usize) -> bool {
    let Some(mask) = OF_TEXT.get(len) else { return false };
    let pairs = known.iter().zip(block).zip(mask);
    pairs.fold(0, |any, ((known, new), mask)| any | known ^ (new & mask)) == 0
}

/// The text at the beginning of a block, and nothing but zeros behind it.
pub(crate) fn only_text(block: &[u8; BLOCK], len: usize) -> [u8; BLOCK] {
    let mut text = [0; BLOCK];
    text.iter_mut().zip(block.iter().take(len)).for_each(|(to, from)| *to = *from);
    text
}

/// Text that is still to be moved to where the rest is. A block behind the beginning of each piece can be read.
#[derive(Debug, Default)]
pub(super) struct Staged {
    bytes: Vec<u8>,
    len: usize,
}

impl Staged {
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Adds the first `len` bytes of a block; a copy of constant size is cheaper than one of the right size.
    #[inline(always)]
    fn push_block(&mut self, block: &[u8; BLOCK], len: usize) {
        let mut room = self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut);
        if room.is_none() {
            self.grow(BLOCK);
            room = self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut);
        }
        if let Some(room) = room {
            *room = *block;
            self.len += len;
        }
    }

    fn push(&mut self, text: &[u8]) {
        self.grow(text.len() + BLOCK);
        if let Some(room) = self.bytes.get_mut(self.len..self.len + text.len()) {
            room.copy_from_slice(text);
            self.len += text.len();
        }
    }

    /// Makes room for so many bytes.
    fn grow(&mut self, room: usize) {
        let needed = self.len + room;
        if self.bytes.len() < needed {
            self.bytes.resize(needed.next_power_of_two(), 0);
        }
    }

    /// What lies there from `start` on.
    #[inline]
    fn behind(&self, start: usize) -> &[u8] {
        self.bytes.get(start..).unwrap_or_default()
    }
}

/// Bytes that are stored piece by piece.
pub(crate) struct Pieces {
    at: usize,
}

impl Graph {
    /// Bytes of text and bytes that are stored.
    pub fn stored(&self) -> u64 {
        (self.text.len() + self.staged.len() + self.bytes.len()) as u64
    }

    fn span(&mut self, at: usize, len: usize) -> (u32, u64) {
        match u32::try_from(len) {
            Ok(short) if short != u32::MAX => (short, at as u64),
            Ok(_) | Err(_) => {
                self.long.push((at as u64, len as u64));
                (u32::MAX, self.long.len() as u64 - 1)
            }
        }
    }

    pub(super) fn range(&self, len: u32, at: u64) -> std::ops::Range<usize> {
        if len == u32::MAX {
            let (at, len) = self.long[at as usize];
            return at as usize..(at + len) as usize;
        }
        at as usize..at as usize + len as usize
    }

    /// Stores text where [`Graph::settle_text`] finds it, which comes before anything but [`Graph::text_bytes`] reads it:
    /// pieces that are ASCII are checked once more together, which is cheaper than to check each of them as UTF-8. `None` where
    /// it is no UTF-8, or over a limit; nothing was done then.
    #[inline]
    pub fn stage_text(&mut self, text: &[u8]) -> Option<(u32, u64)> {
        if text.len() >= MUCH {
            return self.store_text(simdutf8::basic::from_utf8(text).ok()?).ok();
        }
        if !text.is_ascii() && !is_utf8(text) {
            return None;
        }
        self.budget.charge(text.len() as u64).ok()?;
        let at = self.text.len() + self.staged.len();
        self.staged.push(text);
        Some(self.span(at, text.len()))
    }

    /// As [`Graph::stage_text`], for text at the beginning of a block: its length is the block's or less. What follows it there is
    /// of no account. Returns its place.
    #[inline(always)]
    pub fn stage_short(&mut self, block: &[u8; BLOCK], len: usize) -> Option<u64> {
        if len > BLOCK || !begins_ascii(block, len) && !begins_utf8(block, len) {
            return None;
        }
        self.budget.charge(len as u64).ok()?;
        let at = self.text.len() + self.staged.len();
        self.staged.push_block(block, len);
        Some(at as u64)
    }

    /// Moves text that was staged to where the rest is.
    #[inline]
    pub fn settle_text(&mut self) {
        if self.staged.len() > 0 {
            self.move_staged();
        }
    }

    /// As [`Graph::settle_text`], where there is so much of it that it takes room.
    pub fn settle_much(&mut self) {
        if self.staged.len() >= MUCH {
            self.move_staged();
        }
    }

    fn move_staged(&mut self) {
        let staged = self.staged.bytes.get(..self.staged.len).unwrap_or_default();
        let text = simdutf8::basic::from_utf8(staged);
        debug_assert!(text.is_ok());
        match text {
            Ok(text) => self.text.push_str(text),
            // Each piece was UTF-8, so all of them are; places stay what they are in any case.
            Err(_) => self.text.extend(staged.iter().map(|_| char::from(b'?'))),
        }
        self.staged.clear();
    }

    /// The length of a text, and its bytes with whatever lies behind them, staged or not.
    #[inline]
    pub fn text_behind(&self, len: u32, at: u64) -> (usize, &[u8]) {
        let (len, at) = if len == u32::MAX {
            let range = self.range(len, at);
            (range.len(), range.start)
        } else {
            (len as usize, at as usize)
        };
        let bytes = match at.checked_sub(self.text.len()) {
            Some(start) => self.staged.behind(start),
            None => self.text.as_bytes().get(at..).unwrap_or_default(),
        };
        (len, bytes)
    }

    /// The bytes of a text, staged or not.
    #[inline]
    pub fn text_bytes(&self, len: u32, at: u64) -> &[u8] {
        let (len, bytes) = self.text_behind(len, at);
        bytes.get(..len).unwrap_or_default()
    }

    /// Stores text; returns its length and place.
    #[inline]
    pub fn store_text(&mut self, text: &str) -> LimitExceededResult<(u32, u64)> {
        self.settle_text();
        self.budget.charge(text.len() as u64)?;
        let at = self.text.len();
        self.text.push_str(text);
        Ok(self.span(at, text.len()))
    }

    /// Stores bytes; returns their length and place.
    pub fn store_bytes(&mut self, bytes: &[u8]) -> LimitExceededResult<(u32, u64)> {
        self.budget.charge(bytes.len() as u64)?;
        let at = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        Ok(self.span(at, bytes.len()))
    }

    /// Turns the order of the bytes in every word of so many of them.
    pub fn reverse_words(&mut self, bytes: Value, word: usize) {
        let Value::Bytes { len, at } = bytes else { return };
        if word < 2 || self.reverse_outside(len, at, word) {
            return;
        }
        let range = self.range(len, at);
        tensor::reverse_words(&mut self.bytes[range], word);
    }

    /// A part of bytes that are stored already; `None` where it reaches beyond them.
    pub fn part_of_bytes(&mut self, bytes: Value, skip: u64, len: u64) -> Option<Value> {
        let (Value::Bytes { len: n, at } | Value::ByteArray { len: n, at } | Value::Py2Str { len: n, at }) = bytes
        else {
            return None;
        };
        if skip.checked_add(len)? > self.byte_len(n, at) {
            return None;
        }
        let (len, at) = self.part_of_range(n, at, skip, len)?;
        Some(Value::Bytes { len, at })
    }

    /// A part of a range, which lies within it.
    fn part_of_range(&mut self, whole: u32, at: u64, skip: u64, len: u64) -> Option<(u32, u64)> {
        if let Some(part) = self.part_outside(whole, at, skip, len) {
            return Some(part);
        }
        let start = self.range(whole, at).start.checked_add(usize::try_from(skip).ok()?)?;
        Some(self.span(start, usize::try_from(len).ok()?))
    }

    /// Begins to store bytes that come in pieces; nothing else may be stored before they end.
    pub fn begin_bytes(&self) -> Pieces {
        Pieces { at: self.bytes.len() }
    }

    /// Stores a piece.
    pub fn push_bytes(&mut self, bytes: &[u8]) -> LimitExceededResult<()> {
        self.budget.charge(bytes.len() as u64)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// The length and place of all pieces.
    pub fn end_bytes(&mut self, pieces: Pieces) -> (u32, u64) {
        let len = self.bytes.len().saturating_sub(pieces.at);
        self.span(pieces.at, len)
    }

    pub fn str(&mut self, text: &str) -> LimitExceededResult<Value> {
        self.store_text(text).map(|(len, at)| Value::Str { len, at })
    }

    pub fn new_bytes(&mut self, bytes: &[u8]) -> LimitExceededResult<Value> {
        self.store_bytes(bytes).map(|(len, at)| Value::Bytes { len, at })
    }

    /// A part of bytes: another range of the same store. `None` where they are no bytes, or the part is not within them.
    pub fn slice_bytes(&mut self, value: Value, from: usize, len: usize) -> Option<Value> {
        let Value::Bytes { len: whole, at } = value else { return None };
        if (from as u64).checked_add(len as u64)? > self.byte_len(whole, at) {
            return None;
        }
        let (len, at) = self.part_of_range(whole, at, from as u64, len as u64)?;
        Some(Value::Bytes { len, at })
    }

    /// A str from UTF-8 with `surrogatepass` that has lone surrogates.
    pub fn wtf8(&mut self, bytes: &[u8]) -> LimitExceededResult<Value> {
        self.store_bytes(bytes).map(|(len, at)| Value::Wtf8 { len, at })
    }

    /// An int of any size.
    pub fn big(&mut self, value: &num_bigint::BigInt) -> LimitExceededResult<Value> {
        if let Ok(small) = i64::try_from(value) {
            return Ok(Value::Int(small));
        }
        let (len, at) = self.store_bytes(&value.to_signed_bytes_le())?;
        Ok(Value::Big { len, at })
    }

    /// A float; a NaN gets an identity of its own.
    #[inline]
    pub fn float(&mut self, value: f64) -> Value {
        let ident = if value.is_nan() {
            self.nans = self.nans.wrapping_add(1);
            self.nans
        } else {
            0
        };
        Value::Float { ident, value }
    }

    /// The text of `Str`, `Decimal`, `Ip`.
    #[inline]
    pub fn text(&self, len: u32, at: u64) -> &str {
        &self.text[self.range(len, at)]
    }

    /// A short text as the beginning of a block, and whatever follows it there; `None` where it is longer, or the block would reach
    /// beyond what there is.
    #[inline]
    pub fn text_block(&self, len: u32, at: u64) -> Option<&[u8; BLOCK]> {
        if len as usize > BLOCK {
            return None;
        }
        self.text.as_bytes().get(at as usize..)?.first_chunk()
    }

    /// The bytes of `Wtf8`, `Py2Str`, `Bytes`, `ByteArray`, `Path`, `Big`.
    #[inline]
    pub fn bytes(&self, len: u32, at: u64) -> &[u8] {
        if is_outside(len, at) {
            return self.held(at);
        }
        &self.bytes[self.range(len, at)]
    }

    pub fn big_int(&self, len: u32, at: u64) -> num_bigint::BigInt {
        num_bigint::BigInt::from_signed_bytes_le(self.bytes(len, at))
    }
}
