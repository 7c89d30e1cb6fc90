//! JSON by serde_json's `Formatter` layer: events in, text out, compact or indented.

use std::io;

use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use crate::model::graph::BLOCK;
use crate::model::graph::stores::OF_TEXT;
use crate::writers::base64;
use crate::writers::event::{Caps, Sink};
use crate::writers::tag::Tag;

/// Levels of JSON that are written. CPython's own reader stops near 1,000 with its default recursion limit; others at 128 to
/// 10,000. The model's own depth limit comes first.
const MAX_DEPTH: u32 = 1 << 20;

pub(crate) struct Json<F> {
    buffer: Vec<u8>,
    formatter: F,
    /// A value's lines depend on its depth.
    indents: bool,
    /// Nothing stands yet in the innermost array or object.
    first: bool,
}

/// JSON without white space.
pub(crate) fn compact() -> Json<CompactFormatter> {
    Json { buffer: Vec::new(), formatter: CompactFormatter, indents: false, first: true }
}

/// JSON with `indent` (spaces) per level.
pub(crate) fn pretty(indent: &[u8]) -> Json<PrettyFormatter<'_>> {
    Json { buffer: Vec::new(), formatter: PrettyFormatter::with_indent(indent), indents: true, first: true }
}

/// A `Vec` takes every write.
fn done(result: io::Result<()>) {
    debug_assert!(result.is_ok());
}

/// Whether a text has a byte that JSON does not take as it is: a quote, a backslash, a control character. Blocks are looked at
/// as a whole, the last one from the text's end back.
#[inline]
fn needs_escapes(text: &[u8]) -> bool {
    let (blocks, rest) = text.as_chunks::<16>();
    let mut found = false;
    for block in blocks {
        found |= any_escape(block);
    }
    if rest.is_empty() {
        return found;
    }
    found
        | match (text.last_chunk::<16>(), text.first_chunk::<8>(), text.last_chunk::<8>()) {
            (Some(last), _, _) => any_escape(last),
            (None, Some(first), Some(last)) => any_escape(first) | any_escape(last),
            (None, _, _) => match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
                (Some(first), Some(last)) => any_escape(first) | any_escape(last),
                _ => text.iter().any(|byte| is_escape(*byte)),
            },
        }
}

/// As [`needs_escapes`], of the first `len` bytes of a block.
#[inline]
fn begins_with_escapes(block: &[u8; BLOCK], len: usize) -> bool {
    let Some(mask) = OF_TEXT.get(len) else { return true };
    block.iter().zip(mask).map(|(byte, mask)| is_escape(*byte) & (*mask != 0)).fold(false, |any, is| any | is)
}

/// No early end: a block of constant size becomes a few instructions on vectors.
#[inline]
fn any_escape<const N: usize>(block: &[u8; N]) -> bool {
    block.iter().map(|byte| is_escape(*byte)).fold(false, |any, is| any | is)
}

#[inline]
fn is_escape(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

impl<F: Formatter> Json<F> {
    fn tag(&mut self, tag: Tag) {
        self.begin_map(1);
        self.key();
        self.buffer.extend_from_slice(b"\"$");
        self.buffer.extend_from_slice(tag.name().as_bytes());
        self.buffer.push(b'"');
        self.value();
    }
}

impl<F: Formatter> Sink for Json<F> {
    const CAPS: Caps = Caps {
        bytes: false,
        non_finite: false,
        big_ints: true,
        any_keys: false,
        escapes: true,
        tags_apart: false,
        max_depth: MAX_DEPTH,
        tag_array_depth: 2,
        tag_map_depth: 2,
    };

    #[inline]
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    #[inline]
    fn is_context_free(&self) -> bool {
        !self.indents
    }

    fn null(&mut self) {
        self.buffer.extend_from_slice(b"null");
    }

    fn bool(&mut self, value: bool) {
        done(self.formatter.write_bool(&mut self.buffer, value));
    }

    #[inline]
    fn int(&mut self, value: i64) {
        done(self.formatter.write_i64(&mut self.buffer, value));
    }

    fn big_int(&mut self, value: &num_bigint::BigInt) {
        self.buffer.extend_from_slice(value.to_string().as_bytes());
    }

    #[inline]
    fn float(&mut self, value: f64) {
        done(self.formatter.write_f64(&mut self.buffer, value));
    }

    #[inline]
    fn str(&mut self, text: &str) {
        if needs_escapes(text.as_bytes()) {
            return done(serde_json::to_writer(&mut self.buffer, text).map_err(io::Error::from));
        }
        self.buffer.reserve(text.len() + 2);
        self.buffer.push(b'"');
        self.buffer.extend_from_slice(text.as_bytes());
        self.buffer.push(b'"');
    }

    #[inline]
    fn short_str<'t>(&mut self, block: &[u8; BLOCK], len: usize, text: impl FnOnce() -> &'t str) {
        if begins_with_escapes(block, len) {
            return self.str(text());
        }
        // Copies of constant size are cheaper than those of the right size.
        self.buffer.push(b'"');
        let start = self.buffer.len();
        self.buffer.extend_from_slice(block);
        self.buffer.truncate(start + len);
        self.buffer.push(b'"');
    }

    fn escaped(&mut self, wtf8: &[u8]) {
        self.buffer.push(b'"');
        let mut rest = wtf8;
        while !rest.is_empty() {
            let good = std::str::from_utf8(rest).map_or_else(|e| e.valid_up_to(), str::len);
            let (text, bad) = rest.split_at(good);
            if let Ok(text) = std::str::from_utf8(text) {
                let start = self.buffer.len();
                self.str(text);
                // Without its own quotes.
                self.buffer.remove(start);
                self.buffer.pop();
            }
            if let [0xED, high, low, ..] = *bad {
                let unit = 0xD000 | (u32::from(high) & 0x3F) << 6 | u32::from(low) & 0x3F;
                self.buffer.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
            rest = bad.get(3..).unwrap_or_default();
        }
        self.buffer.push(b'"');
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.begin_bytes(None, bytes.len() as u64);
        self.piece(bytes);
        self.end_bytes(None);
    }

    fn begin_bytes(&mut self, tag: Option<Tag>, _len: u64) {
        if let Some(tag) = tag {
            self.tag(tag);
        }
        self.buffer.push(b'"');
    }

    fn piece(&mut self, bytes: &[u8]) {
        base64::append(bytes, &mut self.buffer);
    }

    fn end_bytes(&mut self, tag: Option<Tag>) {
        self.buffer.push(b'"');
        if tag.is_some() {
            self.end_map();
        }
    }

    fn begin_array(&mut self, _len: usize) {
        self.first = true;
        done(self.formatter.begin_array(&mut self.buffer));
    }

    #[inline]
    fn element(&mut self) {
        let first = std::mem::replace(&mut self.first, false);
        done(self.formatter.begin_array_value(&mut self.buffer, first));
    }

    fn end_array(&mut self) {
        if !self.first {
            done(self.formatter.end_array_value(&mut self.buffer));
        }
        self.first = false;
        done(self.formatter.end_array(&mut self.buffer));
    }

    fn begin_map(&mut self, _len: usize) {
        self.first = true;
        done(self.formatter.begin_object(&mut self.buffer));
    }

    #[inline]
    fn key(&mut self) {
        let first = std::mem::replace(&mut self.first, false);
        done(self.formatter.begin_object_key(&mut self.buffer, first));
    }

    #[inline]
    fn value(&mut self) {
        done(self.formatter.begin_object_value(&mut self.buffer));
    }

    fn end_map(&mut self) {
        if !self.first {
            done(self.formatter.end_object_value(&mut self.buffer));
        }
        self.first = false;
        done(self.formatter.end_object(&mut self.buffer));
    }

    fn tag_text(&mut self, tag: Tag, text: &str) {
        self.tag(tag);
        self.str(text);
        self.end_map();
    }

    fn tag_bytes(&mut self, tag: Tag, bytes: &[u8]) {
        self.tag(tag);
        self.bytes(bytes);
        self.end_map();
    }

    fn tag_int(&mut self, tag: Tag, value: u32) {
        self.tag(tag);
        self.int(i64::from(value));
        self.end_map();
    }

    fn begin_tag_array(&mut self, tag: Tag, len: usize) {
        self.tag(tag);
        self.begin_array(len);
    }

    fn end_tag_array(&mut self) {
        self.end_array();
        self.end_map();
    }

    fn begin_tag_map(&mut self, tag: Tag, len: usize) {
        self.tag(tag);
        self.begin_map(len);
    }

    fn end_tag_map(&mut self) {
        self.end_map();
        self.end_map();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_escapes_is_what_serde_json_escapes() {
        for byte in 0..=127u8 {
            for len in 1..20 {
                for at in 0..len {
                    let mut text = "é".repeat(10).into_bytes();
                    text.truncate(len / 2 * 2);
                    text.resize(len, b'~');
                    // A character of two bytes is replaced as a whole.
                    let at = if at < len / 2 * 2 { at / 2 * 2 } else { at };
                    text[at] = byte;
                    if at < len / 2 * 2 {
                        text[at + 1] = b' ';
                    }
                    let text = String::from_utf8(text).expect("text");
                    let theirs = serde_json::to_string(&text).expect("json");
                    assert_eq!(needs_escapes(text.as_bytes()), theirs.len() != text.len() + 2, "{text:?}");
                    let mut ours = compact();
                    ours.str(&text);
                    assert_eq!(ours.buffer, theirs.as_bytes());
                }
            }
        }
        assert!(!needs_escapes(b""));
    }
}
