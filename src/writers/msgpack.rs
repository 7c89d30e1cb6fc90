//! MessagePack: events in, bytes out, each value in its shortest form. Tags are extension types (docs/mapping.md).
//!
//! Nothing is written twice and nothing is looked back at, so lengths are said first. Timestamps (extension -1) are absent:
//! no Python type is one.

use rmp::encode::{
    ByteBuf, write_array_len, write_bin, write_bin_len, write_bool, write_ext_meta, write_f64, write_map_len,
    write_nil, write_sint, write_str, write_uint,
};

use crate::model::graph::BLOCK;
use crate::writers::event::{Caps, Sink};
use crate::writers::tag::Tag;

/// Levels that are written: what `rmpv` 1.3 reads by default, whatever the innermost value is; its 1,024 count two for each
/// level and up to three for a leaf. `rmp-serde` 1.3 reads 1,023, Python's `msgpack` 1.2 reads 1,024.
const MAX_DEPTH: u32 = 510;

/// Bytes from which on a str has a length of its own.
const SHORT: usize = 32;

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

    /// Nothing: each object says where it ends.
    #[inline]
    fn end_row(&mut self) {}

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

    #[inline]
    fn short_str<'t>(&mut self, block: &[u8; BLOCK], len: usize, text: impl FnOnce() -> &'t str) {
        if len >= SHORT {
            return self.str(text());
        }
        let buffer = self.buffer.as_mut_vec();
        // A fixstr: 101, and five bits of length.
        buffer.push(0xA0 | len as u8);
        let start = buffer.len();
        buffer.extend_from_slice(block);
        buffer.truncate(start + len);
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

    fn begin_bytes(&mut self, tag: Option<Tag>, len: u64) {
        let len = self.len(usize::try_from(len).unwrap_or(usize::MAX));
        match tag {
            Some(tag) => done(write_ext_meta(&mut self.buffer, len, tag.code())),
            None => done(write_bin_len(&mut self.buffer, len)),
        }
    }

    fn piece(&mut self, bytes: &[u8]) {
        self.buffer.as_mut_vec().extend_from_slice(bytes);
    }

    fn end_bytes(&mut self, _tag: Option<Tag>) {}

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

#[cfg(test)]
mod tests {
    use rmp::Marker;
    use rmp::decode::{read_array_len, read_ext_meta, read_int, read_marker};

    use super::*;
    use crate::error::{Category, Failure};
    use crate::{Converter, Format, Mapping, WriteOptions};

    fn convert(pickle: &[u8], mapping: Mapping) -> Result<Vec<u8>, Failure> {
        let mut options = WriteOptions::new(Format::MessagePack);
        options.mapping = mapping;
        let mut out = Vec::new();
        Converter::with_options(options).convert(pickle, &mut out)?;
        Ok(out)
    }

    fn lossless(pickle: &[u8]) -> Vec<u8> {
        convert(pickle, Mapping::Lossless).expect("converted")
    }

    /// A list in a list and so on, with the code of a value in the innermost.
    fn nested(levels: usize, inner: &[u8]) -> Vec<u8> {
        [&b"]".repeat(levels)[..], inner, &b"a".repeat(levels), b"."].concat()
    }

    #[test]
    fn natural_values_in_their_shortest_form() {
        // {"a": [1, -1, 300, 2**63, 2**64], b"x": None}
        let pickle = b"}(U\x01a](K\x01J\xff\xff\xff\xffM\x2c\x01\
            \x8a\x09\0\0\0\0\0\0\0\x80\0\x8a\x09\0\0\0\0\0\0\0\0\x01eC\x01xNu.";
        let mut expected = b"\x82\xa1a\x95\x01\xff\xcd\x01\x2c\xcf\x80\0\0\0\0\0\0\0\xb4".to_vec();
        expected.extend_from_slice(b"18446744073709551616\xc4\x01x\xc0");
        assert_eq!(convert(pickle, Mapping::Natural).expect("converted"), expected);
    }

    #[test]
    fn a_file_of_many_pickles_is_many_objects() {
        assert_eq!(convert(b"K\x01.K\x02.", Mapping::Natural).expect("converted"), [1, 2]);
    }

    #[test]
    fn tagged_containers_begin_with_an_empty_extension() {
        // (1, 2)
        assert_eq!(lossless(b"K\x01K\x02\x86."), [0x93, 0xc7, 0, 10, 1, 2]);
    }

    #[test]
    fn a_list_that_begins_with_an_empty_leaf_is_a_list() {
        // ["" of Python 2]: the code of a leaf never begins a container.
        assert_eq!(lossless(b"]U\0a."), [0x91, 0xc7, 0, 4]);
        for (tag, leaf) in [(Tag::Py2Str, 4), (Tag::ByteArray, 6)] {
            assert_eq!(tag.code(), leaf);
        }
    }

    #[test]
    fn floats_keep_their_bits() {
        assert_eq!(lossless(b"G\x7f\xf8\0\0\0\0\0\x01."), b"\xcb\x7f\xf8\0\0\0\0\0\x01");
    }

    #[test]
    fn ints_beyond_64_bits_are_bytes() {
        // 2**64, -2**63 - 1
        assert_eq!(lossless(b"\x8a\x09\0\0\0\0\0\0\0\0\x01."), b"\xc7\x09\x07\x01\0\0\0\0\0\0\0\0");
        assert_eq!(
            lossless(b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\x7f\xff."),
            b"\xc7\x09\x07\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
        );
    }

    #[test]
    fn a_cycle_is_a_definition_and_a_reference() {
        let out = lossless(b"]q\0h\0a.");
        let mut rest = &out[..];
        assert_eq!(read_array_len(&mut rest).expect("array"), 3);
        let head = read_ext_meta(&mut rest).expect("extension");
        assert_eq!((head.typeid, head.size), (Tag::Def.code(), 0));
        assert_eq!(read_int::<u32, _>(&mut rest).expect("number"), 0);
        assert_eq!(read_array_len(&mut rest).expect("array"), 1);
        let reference = read_ext_meta(&mut rest).expect("extension");
        assert_eq!((reference.typeid, reference.size), (Tag::Ref.code(), 4));
        assert_eq!(rest, [0, 0, 0, 0]);
    }

    #[test]
    fn depth_is_that_of_the_format() {
        for mapping in [Mapping::Natural, Mapping::Lossless] {
            let out = convert(&nested(510, b"K\x01"), mapping).expect("510 levels");
            let mut rest = &out[..];
            for _ in 0..510 {
                assert_eq!(read_marker(&mut rest).expect("marker"), Marker::FixArray(1));
            }
            let failure = convert(&nested(511, b"K\x01"), mapping).expect_err("511 levels");
            assert_eq!(failure.category(), Category::Unrepresentable);
        }
        // A tagged sequence is one level more: class names, here that of a type left as a value.
        let global = b"cbuiltins\nint\n";
        assert!(convert(&nested(509, global), Mapping::Lossless).is_ok());
        assert!(convert(&nested(510, global), Mapping::Lossless).is_err());
        assert!(convert(&nested(510, global), Mapping::Natural).is_ok());
    }

    #[test]
    fn a_length_beyond_32_bits_is_remembered_and_nothing_written() {
        let mut sink = MessagePack::default();
        sink.begin_array(u32::MAX as usize);
        assert_eq!(sink.too_long(), None);
        sink.begin_array(u32::MAX as usize + 1);
        assert_eq!(sink.too_long(), Some(1 << 32));
    }

    #[test]
    fn keys_that_would_be_written_alike_are_an_error() {
        // {(1.0, 2.0): 1, 1+2j: 2}
        let pickle = b"}(G?\xf0\0\0\0\0\0\0G@\0\0\0\0\0\0\0\x86K\x01\
            cbuiltins\ncomplex\n(G?\xf0\0\0\0\0\0\0G@\0\0\0\0\0\0\0tRK\x02u.";
        let failure = convert(pickle, Mapping::Natural).expect_err("two equal keys");
        assert!(failure.to_string().contains("two keys would become one"), "{failure}");
        assert!(convert(pickle, Mapping::Lossless).is_ok());
    }
}
