//! The text grammar of protocol 0: numbers, quoted Python 2 strings, raw-unicode-escape.
//!
//! Strict: what no pickler writes is an error, because two readers could see two values in it. The forms are those of
//! CPython's `pickle.py` (`repr` of ints and floats, `raw-unicode-escape`) and Python 2's `string_escape` codec.

use num_bigint::BigInt;

use crate::name::EscapedBytes;
use crate::wtf8::push_code_point;

/// The hint for text arguments that end in `\r`.
const CRLF: &str = "line ends translated to CRLF? the file may have been copied in text mode";

/// Why a text argument is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadText {
    /// What was expected and found, and what may help.
    Malformed(String, Option<&'static str>),
    /// More digits than are allowed.
    Digits(u64),
}

fn bad(expected: &str, line: &[u8]) -> BadText {
    let hint = line.ends_with(b"\r").then_some(CRLF);
    let found = if line.is_empty() { "an empty line".to_owned() } else { format!("`{}`", EscapedBytes(line)) };
    BadText::Malformed(format!("expected {expected}, found {found}"), hint)
}

/// An integer as text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TextInt {
    Bool(bool),
    Small(i64),
    Big(BigInt),
}

/// The argument of INT: `00` and `01` are False and True, all else is a decimal integer as `repr` writes it.
pub(crate) fn int(line: &[u8], max_digits: u32) -> Result<TextInt, BadText> {
    match line {
        b"00" => Ok(TextInt::Bool(false)),
        b"01" => Ok(TextInt::Bool(true)),
        _ => decimal(line, "a decimal integer", max_digits),
    }
}

/// The argument of LONG: a decimal integer with an optional `L`.
pub(crate) fn long(line: &[u8], max_digits: u32) -> Result<TextInt, BadText> {
    decimal(line.strip_suffix(b"L").unwrap_or(line), "a decimal integer with an optional `L`", max_digits)
}

fn decimal(line: &[u8], expected: &str, max_digits: u32) -> Result<TextInt, BadText> {
    let digits = line.strip_prefix(b"-").unwrap_or(line);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(bad(expected, line));
    }
    if (digits[0] == b'0') && (digits.len() > 1 || line.len() > 1) {
        return Err(bad("an integer without leading zeros", line));
    }
    if digits.len() as u64 > u64::from(max_digits) {
        return Err(BadText::Digits(digits.len() as u64));
    }
    let text = std::str::from_utf8(line).map_err(|_| bad(expected, line))?;
    match text.parse::<i64>() {
        Ok(small) => Ok(TextInt::Small(small)),
        Err(_) => text.parse::<BigInt>().map(TextInt::Big).map_err(|_| bad(expected, line)),
    }
}

/// The digits that a line begins with, if they are few and picklers write them so (no leading zeros): their number, and how many
/// they are.
#[inline(always)]
pub(crate) fn digits(line: &[u8]) -> Option<(u64, usize)> {
    /// As many as 63 bits hold whatever they are.
    const MOST: usize = 18;
    if let Some((number, len)) = line.first_chunk().and_then(|word| up_to_seven(*word)) {
        let is_plain = len == 1 || line.first() != Some(&b'0');
        return is_plain.then_some((number, len));
    }
    let (mut number, mut len) = (0, 0);
    for byte in line.iter().take(MOST + 1) {
        match byte {
            b'0'..=b'9' => number = number * 10 + u64::from(byte - b'0'),
            _ => break,
        }
        len += 1;
    }
    let is_plain = len == 1 || (2..=MOST).contains(&len) && line.first() != Some(&b'0');
    is_plain.then_some((number, len))
}

/// The digits that a word begins with, if something else follows them in it: all of them at once, the first one in the lowest
/// byte (<https://lemire.me/blog/2022/01/21/swar-explained-parsing-eight-digits/>).
#[inline]
fn up_to_seven(word: [u8; 8]) -> Option<(u64, usize)> {
    let digits = u64::from_le_bytes(word) ^ 0x3030_3030_3030_3030;
    // The top bit of each byte that is none; what is carried over from one reaches those behind it alone.
    let others = (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080;
    let len = others.trailing_zeros() as usize / 8;
    if others == 0 || len == 0 {
        return None;
    }
    // Zeros before them.
    let ones = digits << (64 - 8 * len);
    let tens = ones.wrapping_mul(10 << 8 | 1) >> 8 & 0x00FF_00FF_00FF_00FF;
    let hundreds = tens.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_FFFF_0000_FFFF;
    Some((hundreds.wrapping_mul(10_000 << 32 | 1) >> 32, len))
}

/// A line of such digits: their number, and the bytes of the line and its newline.
#[inline(always)]
pub(crate) fn digits_line(line: &[u8]) -> Option<(u64, usize)> {
    let (number, len) = digits(line)?;
    (line.get(len) == Some(&b'\n')).then_some((number, len + 1))
}

/// The argument of GET and PUT: a memo index, 0 to 2⁶³−1.
pub(crate) fn memo_index(line: &[u8]) -> Result<u64, BadText> {
    match decimal(line, "a memo index", 20)
        .map_err(|e| if let BadText::Digits(_) = e { bad("a memo index below 2**63", line) } else { e })?
    {
        TextInt::Small(n) => u64::try_from(n).map_err(|_| bad("a memo index of 0 or more", line)),
        TextInt::Bool(_) | TextInt::Big(_) => Err(bad("a memo index below 2**63", line)),
    }
}

/// The argument of FLOAT: `repr` of a float (also with 17 digits, as Python before 2.7 wrote), `inf`, `nan`, and the names
/// that Windows' C library gave them before Python 2.6.
pub(crate) fn float(line: &[u8], max_digits: u32) -> Result<f64, BadText> {
    match line {
        b"inf" | b"1.#INF" => return Ok(f64::INFINITY),
        b"-inf" | b"-1.#INF" => return Ok(f64::NEG_INFINITY),
        b"nan" | b"1.#QNAN" => return Ok(f64::from_bits(0x7ff8 << 48)),
        b"-nan" | b"-1.#IND" => return Ok(f64::from_bits(0xfff8 << 48)),
        _ => {}
    }
    if line.len() <= max_digits as usize && is_plain_float(line) {
        // Most of them.
        if let Some(value) = std::str::from_utf8(line).ok().and_then(|text| text.parse().ok()) {
            return Ok(value);
        }
    }
    let err = || bad("a float as `repr` writes it", line);
    let rest = line.strip_prefix(b"-").unwrap_or(line);
    let (mantissa, exponent) = match rest.iter().position(|&b| b == b'e') {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.iter().position(|&b| b == b'.') {
        Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
        None => (mantissa, &[][..]),
    };
    let digits = |s: &[u8]| s.iter().all(u8::is_ascii_digit);
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(err());
    }
    if let Some(exponent) = exponent {
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        if exponent.is_empty() || !digits(exponent) {
            return Err(err());
        }
    }
    if line.len() as u64 > u64::from(max_digits) {
        return Err(BadText::Digits(line.len() as u64));
    }
    let value: f64 = std::str::from_utf8(line).ok().and_then(|s| s.parse().ok()).ok_or_else(err)?;
    if value.is_finite() { Ok(value) } else { Err(bad("a float that fits in 64 bits", line)) }
}

/// Whether a line is a few digits with a point among them, or behind them, and perhaps a minus.
fn is_plain_float(line: &[u8]) -> bool {
    let number = line.strip_prefix(b"-").unwrap_or(line);
    let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
    let points = number.iter().filter(|byte| **byte == b'.').count();
    number.first().is_some_and(u8::is_ascii_digit) && points == 1 && digits + 1 == number.len() && line.len() < 40
}

/// The argument of STRING: a quoted 8-bit string with the escapes of Python 2's `string_escape`, appended to `out`.
///
/// Octal escapes over `\377` are refused: Python 2 keeps their low byte, others do not.
pub(crate) fn quoted(line: &[u8], out: &mut Vec<u8>) -> Result<(), BadText> {
    let inner = match line {
        [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
        _ => return Err(bad("a string in quotes", line)),
    };
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            None => return Err(bad("a string that does not end in a backslash", line)),
            Some(quote @ (b'\\' | b'\'' | b'"')) => out.push(quote),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b't') => out.push(b'\t'),
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b'v') => out.push(11),
            Some(b'a') => out.push(7),
            Some(b'x') => {
                let mut hex = || bytes.next().and_then(|b| char::from(b).to_digit(16));
                match (hex(), hex()) {
                    (Some(high), Some(low)) => out.push((high * 16 + low) as u8),
                    _ => return Err(bad("two hexadecimal digits after `\\x`", line)),
                }
            }
            Some(first @ b'0'..=b'7') => {
                let mut value = u32::from(first - b'0');
                for _ in 0..2 {
                    let mut ahead = bytes.clone();
                    let Some(next @ b'0'..=b'7') = ahead.next() else { break };
                    value = value * 8 + u32::from(next - b'0');
                    bytes = ahead;
                }
                out.push(u8::try_from(value).map_err(|_| bad("an octal escape of at most `\\377`", line))?);
            }
            Some(other) => out.extend([b'\\', other]),
        }
    }
    Ok(())
}

/// The argument of UNICODE: raw-unicode-escape, appended to `out` as UTF-8 with `surrogatepass`.
///
/// Returns whether `out` is free of surrogates (then it is UTF-8). Bytes from 0x80 on are Latin-1. Two escapes of a
/// surrogate pair stay two surrogates, as in CPython.
pub(crate) fn raw_unicode(line: &[u8], out: &mut Vec<u8>) -> Result<bool, BadText> {
    let mut well_formed = true;
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        if byte.is_ascii() && byte != b'\\' {
            let plain = rest.iter().position(|byte| !byte.is_ascii() || *byte == b'\\').unwrap_or(rest.len());
            let (text, more) = rest.split_at(plain);
            out.extend_from_slice(text);
            rest = more;
            continue;
        }
        rest = after;
        if byte != b'\\' {
            push_code_point(u32::from(byte), out);
            continue;
        }
        let digits = match rest.first() {
            Some(b'u') => 4,
            Some(b'U') => 8,
            Some(&other) => {
                out.push(b'\\');
                push_code_point(u32::from(other), out);
                rest = &rest[1..];
                continue;
            }
            None => {
                out.push(b'\\');
                continue;
            }
        };
        let code = rest
            .get(1..=digits)
            .filter(|hex| hex.iter().all(u8::is_ascii_hexdigit))
            .and_then(|hex| u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok())
            .filter(|&code| code <= 0x0010_FFFF);
        let Some(code) = code else {
            return Err(bad("`\\u` with 4 or `\\U` with 8 hexadecimal digits up to 10ffff", line));
        };
        well_formed &= !(0xD800..0xE000).contains(&code);
        push_code_point(code, out);
        rest = &rest[digits + 1..];
    }
    Ok(well_formed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_picklers_write_them() {
        assert_eq!(int(b"01", 10), Ok(TextInt::Bool(true)));
        assert_eq!(int(b"-17", 10), Ok(TextInt::Small(-17)));
        assert_eq!(long(b"5L", 10), Ok(TextInt::Small(5)));
        assert!(matches!(long(b"99999999999999999999L", 30), Ok(TextInt::Big(_))));
        for wrong in [&b" 1"[..], b"010", b"0x1f", b"1_000", b"", b"-", b"--1", b"+1", b"1L", b"-0", b"1\0"] {
            assert!(matches!(int(wrong, 10), Err(BadText::Malformed(..))), "{wrong:?}");
        }
        assert!(matches!(int(b"1\r", 10), Err(BadText::Malformed(_, Some(_)))));
        assert_eq!(int(b"12345678901", 10), Err(BadText::Digits(11)));
    }

    #[test]
    fn few_digits_are_what_they_are_one_by_one() {
        for number in (0..200_000).chain((0..19).map(|n| 10_u64.pow(n) - 1)).chain((0..19).map(|n| 10_u64.pow(n))) {
            for end in ["\n", "L\n", "\nI5\ns", "\u{ff}\u{ff}\u{ff}99", "\n34567890123", "/:", ""] {
                let line = format!("{number}{end}");
                let len = line.len() - end.len();
                assert_eq!(digits(line.as_bytes()), (len <= 18).then_some((number, len)), "{line}");
            }
        }
        for none in ["", "\n", "x1234567", "01\n", "00123\n12345", "-1\n23456", "\u{ff}123456789"] {
            assert_eq!(digits(none.as_bytes()), None, "{none}");
        }
        assert_eq!(digits_line(b"17\n345678"), Some((17, 3)));
        assert_eq!(digits_line(b"17L\n45678"), None);
    }

    #[test]
    fn floats_are_read_as_picklers_write_them() {
        for (text, value) in [("1.5", 1.5), ("5.", 5.0), ("5", 5.0), ("1e+16", 1e16), ("-2.5e-07", -2.5e-7)] {
            assert_eq!(float(text.as_bytes(), 100), Ok(value));
        }
        for wrong in [&b"0x1p3"[..], b"1,5", b" 1.0 ", b"1e400", b"Infinity", b".5", b"1e", b"", b"1_0.0"] {
            assert!(float(wrong, 100).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn raw_unicode_keeps_pairs_of_backslashes() {
        let text = |line: &[u8]| {
            let mut out = Vec::new();
            raw_unicode(line, &mut out).map(|ok| (ok, out))
        };
        assert_eq!(text(b"\\u0041"), Ok((true, b"A".to_vec())));
        assert_eq!(text(b"\\\\u0041"), Ok((true, b"\\\\u0041".to_vec())));
        assert_eq!(text(b"\xe9"), Ok((true, "é".as_bytes().to_vec())));
        assert_eq!(text(b"\\ud83d").map(|(ok, out)| (ok, out.len())), Ok((false, 3)));
        assert!(text(b"\\U00110000").is_err());
    }
}
