//! MessagePack: events in, bytes out, each value in its shortest form. Tags are extension types (docs/mapping.md).
//!
//! Nothing is written twice and nothing is looked back at, so lengths are said first. Timestamps (extension -1) are absent:
//! no Python type is one.

use rmp::encode::{
    ByteBuf, write_array_len, write_bin, write_bool, write_ext_meta, write_f64, write_map_len, write_nil, write_sint,
    write_str, write_uint,
};

use crate::writers::event::{Caps, Sink};
use crate::writers::tag::Tag;

/// Levels that are written: half of what the C extension of Python's `msgpack` (1,024 in `unpack_template.h`) and
/// `rmp_serde` (1,024) read.
const MAX_DEPTH: u32 = 512;

pub(crate) struct MessagePack {
    buffer: ByteBuf,
    too_long: Option<u64>,
}

impl Default for MessagePack {
    fn default() -> Self {
        MessagePack { buffer: ByteBuf::new(), too_long: None }
    }
}

/// A buffer takes every write.
fn done<T, E>(result: Result<T, E>) {
    debug_assert!(result.is_ok());
}

impl MessagePack {
    /// A length as the format has it; 0, and remembered, where it has more than 32 bits.
    fn len(&mut self, len: usize) -> u32 {
        match u32::try_from(len) {
            Ok(len) => len,
            Err(_) => {
                self.too_long = Some(len as u64);
                0
            }
        }
    }

    fn extension(&mut self, tag: Tag, payload: &[u8]) {
        let len = self.len(payload.len());
        done(write_ext_meta(&mut self.buffer, len, tag.code()));
        if self.too_long.is_none() {
            self.buffer.as_mut_vec().extend_from_slice(payload);
        }
    }
}

impl Sink for MessagePack {
    const CAPS: Caps = Caps {
        bytes: true,
        non_finite: true,
        big_ints: false,
        any_keys: true,
        escapes: false,
        tags_apart: true,
        max_depth: MAX_DEPTH,
        tag_array_depth: 1,
        tag_map_depth: 2,
    };

    #[inline]
    fn buffer(&mut self) -> &mut Vec<u8> {
        self.buffer.as_mut_vec()
    }

    #[inline]
    fn too_long(&self) -> Option<u64> {
        self.too_long
    }

    fn another() -> Option<Self> {
        Some(MessagePack::default())
    }

    fn null(&mut self) {
        done(write_nil(&mut self.buffer));
    }

    fn bool(&mut self, value: bool) {
        done(write_bool(&mut self.buffer, value));
    }

    #[inline]
    fn int(&mut self, value: i64) {
        done(write_sint(&mut self.buffer, value));
    }

    /// Only what `u64` holds.
    fn big_int(&mut self, value: &num_bigint::BigInt) {
        let unsigned = u64::try_from(value);
        debug_assert!(unsigned.is_ok());
        done(write_uint(&mut self.buffer, unsigned.unwrap_or(u64::MAX)));
    }

    #[inline]
    fn float(&mut self, value: f64) {
        done(write_f64(&mut self.buffer, value));
    }

    #[inline]
    fn str(&mut self, text: &str) {
        match u32::try_from(text.len()) {
            Ok(_) => done(write_str(&mut self.buffer, text)),
            Err(_) => self.too_long = Some(text.len() as u64),
        }
    }

    /// Never asked for: `CAPS.escapes` is false.
    fn escaped(&mut self, wtf8: &[u8]) {
        self.bytes(wtf8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        match u32::try_from(bytes.len()) {
            Ok(_) => done(write_bin(&mut self.buffer, bytes)),
            Err(_) => self.too_long = Some(bytes.len() as u64),
        }
    }

    #[inline]
    fn begin_array(&mut self, len: usize) {
        let len = self.len(len);
        done(write_array_len(&mut self.buffer, len));
    }

    #[inline]
    fn element(&mut self) {}

    fn end_array(&mut self) {}

    #[inline]
    fn begin_map(&mut self, len: usize) {
        let len = self.len(len);
        done(write_map_len(&mut self.buffer, len));
    }

    #[inline]
    fn key(&mut self) {}

    #[inline]
    fn value(&mut self) {}

    fn end_map(&mut self) {}

    fn tag_text(&mut self, tag: Tag, text: &str) {
        self.extension(tag, text.as_bytes());
    }

    fn tag_bytes(&mut self, tag: Tag, bytes: &[u8]) {
        self.extension(tag, bytes);
    }

    /// Four bytes, big-endian.
    fn tag_int(&mut self, tag: Tag, value: u32) {
        self.extension(tag, &value.to_be_bytes());
    }

    fn begin_tag_array(&mut self, tag: Tag, len: usize) {
        self.begin_array(len.saturating_add(1));
        self.extension(tag, &[]);
    }

    fn end_tag_array(&mut self) {}

    fn begin_tag_map(&mut self, tag: Tag, len: usize) {
        self.begin_array(2);
        self.extension(tag, &[]);
        self.begin_map(len);
    }

    fn end_tag_map(&mut self) {}
}
