//! Text with lone surrogates: UTF-8 as Python's `surrogatepass` writes it, each surrogate as three bytes.
//!
//! Pairs of surrogates stay pairs; nothing here joins or replaces them.

/// Appends a code point up to U+10FFFF, surrogates included, as (generalised) UTF-8.
pub(crate) fn push_code_point(code: u32, out: &mut Vec<u8>) {
    match char::from_u32(code) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend([0xE0 | (code >> 12) as u8, 0x80 | (code >> 6 & 0x3F) as u8, 0x80 | (code & 0x3F) as u8]),
    }
}

/// Where bytes stop being UTF-8 with `surrogatepass` (lone surrogates as three bytes); `None` if they are it throughout.
pub(crate) fn error(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = bytes.get(at..)?;
        let valid = match std::str::from_utf8(rest) {
            Ok(_) => return None,
            Err(e) => e.valid_up_to(),
        };
        at += valid;
        match rest.get(valid..valid + 3) {
            Some([0xED, 0xA0..=0xBF, 0x80..=0xBF]) => at += 3,
            _ => return Some(at),
        }
    }
}
