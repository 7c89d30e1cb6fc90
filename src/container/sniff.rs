//! Which compression an input begins with, by its first bytes alone.
//!
//! No byte that begins a pickle may ever be taken for a magic number: [`codec`] asks for as much of each as it takes to be
//! sure. Deliberately absent: what an input is that is neither pickle nor compressed (`foreign`).

use super::Codec;

/// The codec whose stream `head` begins, if it is one; `head` is the whole input or its first 512 bytes.
pub(super) fn codec(head: &[u8]) -> Option<Codec> {
    // None of these first bytes is an opcode (1f, 78, fd, 28 followed by b5, 04), except `B` and `]`, see their functions.
    match head {
        [0x1f, 0x8b, 0x08, ..] => Some(Codec::Gzip),
        [0x78, second, ..] if (0x7800 + u16::from(*second)).is_multiple_of(31) => Some(Codec::Zlib),
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] if bzip2_block(rest) => Some(Codec::Bzip2),
        [0xfd, b'7', b'z', b'X', b'Z', 0x00, ..] => Some(Codec::Xz),
        [0x5d, rest @ ..] if lzma_header(rest) => Some(Codec::Lzma),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Codec::Zstd),
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => behind_skippable(head),
        [0x04, 0x22, 0x4d, 0x18, ..] => Some(Codec::Lz4),
        [b'Z', b'F', rest @ ..] if zf_header(rest).is_some() => Some(Codec::JoblibZf),
        _ => None,
    }
}

/// A pickle may begin with `B` (`BINBYTES`, then four bytes of length); the block's magic makes it a bzip2 stream.
fn bzip2_block(rest: &[u8]) -> bool {
    rest.starts_with(&[0x31, 0x41, 0x59, 0x26, 0x53, 0x59]) || rest.starts_with(&[0x17, 0x72, 0x45, 0x38, 0x50, 0x90])
}

/// What follows `5d`: dictionary size, uncompressed size, and the first byte of the range coder, which is 0. A pickle may
/// begin with `]` (`EMPTY_LIST`), but 0, the low byte of every dictionary size, is no opcode.
fn lzma_header(rest: &[u8]) -> bool {
    let Some((dictionary, rest)) = rest.split_first_chunk() else { return false };
    let Some((size, rest)) = rest.split_first_chunk() else { return false };
    let (dictionary, size) = (u32::from_le_bytes(*dictionary), u64::from_le_bytes(*size));
    let top = 1_u32.checked_shl(31 - dictionary.leading_zeros().min(31)).unwrap_or(0);
    let plausible = dictionary == u32::MAX || (dictionary >= 1 << 12 && [top, top | (top >> 1)].contains(&dictionary));
    plausible && (size == u64::MAX || size < 1 << 38) && rest.first() == Some(&0)
}

/// The codec of the frame that follows the skippable frames within `head`: zstd and lz4 have the same. The first one must not
/// begin as a pickle of one string can: `S`, `T`, `U`, `V`, `X` with a length or text that begins `2a 4d 18`.
fn behind_skippable(head: &[u8]) -> Option<Codec> {
    if head.first().is_none_or(|first| b"STUVX".contains(first)) {
        return None;
    }
    let mut rest = head;
    while let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, after @ ..] = rest {
        rest = after.get(usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).ok()?..)?;
    }
    match rest {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Codec::Zstd),
        [0x04, 0x22, 0x4d, 0x18, ..] => Some(Codec::Lz4),
        _ => None,
    }
}

/// The header of a joblib `ZF` file, behind the `ZF`: how many bytes it has with padding, and the content's length.
pub(super) fn zf_header(rest: &[u8]) -> Option<(usize, u64)> {
    let (text, after) = rest.split_at_checked(19)?;
    let digits = text.strip_prefix(b"0x")?.trim_ascii_end();
    let digits = digits.strip_suffix(b"L").unwrap_or(digits);
    let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let length = u64::from_str_radix(digits, 16).ok()?;
    Some((if after.first() == Some(&b' ') { 20 } else { 19 }, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opcodes of a first instruction on an empty stack, from `pickletools.opcodes`: those that take nothing.
    const FIRST: &[u8] = b"(])}NIJKMLSTUVXFGcPBC\x80\x82\x83\x84\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96\x97";

    #[test]
    fn magic_numbers_are_known() {
        let lzma = b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0";
        let zf = b"ZF0x1f               x\x9c";
        for (head, expected) in [
            (&b"\x1f\x8b\x08\0"[..], Codec::Gzip),
            (b"\x78\x01", Codec::Zlib),
            (b"\x78\x5e", Codec::Zlib),
            (b"\x78\x9c", Codec::Zlib),
            (b"\x78\xda", Codec::Zlib),
            (b"BZh91AY&SY", Codec::Bzip2),
            (b"BZh1\x17rE8P\x90", Codec::Bzip2),
            (b"\xfd7zXZ\0", Codec::Xz),
            (lzma, Codec::Lzma),
            (b"\x5d\0\0\x04\0\x05\0\0\0\0\0\0\0\0", Codec::Lzma),
            (b"\x28\xb5\x2f\xfd", Codec::Zstd),
            (b"\x50\x2a\x4d\x18\x04\0\0\0abcd\x28\xb5\x2f\xfd", Codec::Zstd),
            (b"\x04\x22\x4d\x18", Codec::Lz4),
            (b"\x50\x2a\x4d\x18\x04\0\0\0abcd\x04\x22\x4d\x18", Codec::Lz4),
            (zf, Codec::JoblibZf),
        ] {
            assert_eq!(codec(head), Some(expected), "{head:02x?}");
        }
    }

    #[test]
    fn near_misses_are_not() {
        for head in [
            &b""[..],
            b"\x1f\x8b",
            b"\x1f\x8b\x07",
            b"\x78",
            b"\x78\x9d",
            b"BZh9",
            b"BZh9\0\0\0\0\0\0",
            b"BZh01AY&SY",
            b"].",
            b"]\0\0\x80\0",
            b"]\0\0\x81\0\xff\xff\xff\xff\xff\xff\xff\xff\0",
            b"]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\x7f\0",
            b"ZF0x",
            b"ZF0xyz               ",
            b"T\x2a\x4d\x18\x04\0\0\0abcd\x28\xb5\x2f\xfd",
            b"U\x2a\x4d\x18\x04\0\0\0abcd\x28\xb5\x2f\xfd",
            b"P\x2a\x4d\x18\xff\xff\xff\xffabcd\x28\xb5\x2f\xfd",
            b"P\x2a\x4d\x18\x04\0\0\0abcd.",
        ] {
            assert_eq!(codec(head), None, "{head:02x?}");
        }
    }

    /// The second opcode is any byte that is an opcode at all; a magic number whose first two bytes are both possible must
    /// be one of those that were weighed by hand.
    #[test]
    fn no_first_opcode_begins_a_short_magic() {
        for first in FIRST {
            for second in 0..=u8::MAX {
                for third in [0, 8, 0x2f, 0x4d, b'h'] {
                    let head = [*first, second, third, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
                    assert_eq!(codec(&head), None, "{head:02x?}");
                }
            }
        }
    }

    #[test]
    fn zf_headers_have_19_or_20_characters() {
        assert_eq!(zf_header(b"0x1f               x"), Some((19, 31)));
        assert_eq!(zf_header(b"0x1fL               x"), Some((20, 31)));
        assert_eq!(zf_header(b"0xffffffffffffffff x"), Some((19, u64::MAX)));
        assert_eq!(zf_header(b"0x10000000000000000x"), None);
    }
}
