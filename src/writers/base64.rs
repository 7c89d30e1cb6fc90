//! Base64 as every format here has it: the standard alphabet, with padding. By vectors where the processor has them.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use std::sync::LazyLock;

use ::base64::Engine as _;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use ::base64::engine::general_purpose::STANDARD as ENGINE;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use ::base64::engine::{general_purpose::PAD, simd::Simd};

/// What the processor can do is asked once.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static ENGINE: LazyLock<Simd> = LazyLock::new(|| Simd::standard(PAD));

/// Bytes that are encoded at a time: what room is made for is still near when it is filled. A multiple of three.
const AT_ONCE: usize = 3 << 10;

/// Bytes as text.
pub(crate) fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// Puts bytes behind what is there, as text.
pub(crate) fn append(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len().div_ceil(3).saturating_mul(4));
    for bytes in bytes.chunks(AT_ONCE) {
        let start = out.len();
        let encoded = bytes.len().div_ceil(3) * 4;
        out.resize(start + encoded, 0);
        let written = ENGINE.encode_slice(bytes, out.get_mut(start..).unwrap_or_default());
        debug_assert_eq!(written.ok(), Some(encoded));
    }
}

/// The bytes of a text; `None` where it is none of this alphabet, or lacks its padding.
#[cfg_attr(not(feature = "json"), allow(dead_code, reason = "only JSON is read back"))]
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    ENGINE.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_bytes_are_as_good_as_short_ones() {
        let bytes: Vec<u8> = (0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        for len in (0..200).chain([AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE + 2, bytes.len()]) {
            let bytes = &bytes[..len];
            let expected = ::base64::engine::general_purpose::STANDARD.encode(bytes);
            let mut appended = b"\"".to_vec();
            append(bytes, &mut appended);
            assert_eq!(appended.get(1..), Some(expected.as_bytes()), "{len} bytes");
            assert_eq!(encode(bytes), expected, "{len} bytes");
            assert_eq!(decode(&expected).as_deref(), Some(bytes), "{len} bytes");
        }
        assert_eq!([decode("QUI"), decode("QU-_"), decode("QUJ=")], [None, None, None]);
    }
}
