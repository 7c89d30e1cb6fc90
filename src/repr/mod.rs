//! Floats, strings and bytes as Python's `repr` prints them.
//!
//! Deliberately absent: values of the model; whoever has one takes the float or the text out of it.

mod printable;

use std::fmt::Write as _;
use std::io::{self, Write};

/// Only floats with as many digits in their shortest text can stand exactly between two such texts.
const TIED_DIGITS: usize = 15;

/// Appends a float as Python's `repr` does: shortest digits, `e` form from 1e16 on and below 1e-4.
pub(crate) fn float(value: f64, out: &mut String) {
    if value.is_nan() {
        out.push_str("nan");
        return;
    }
    if value.is_infinite() {
        out.push_str(if value > 0.0 { "inf" } else { "-inf" });
        return;
    }
    let mut shortest = format!("{value:e}");
    // Where two shortest texts are equally near, Python takes the even last digit, as rounding the exact value does.
    let digits = shortest.bytes().take_while(|b| *b != b'e').filter(u8::is_ascii_digit).count();
    if digits >= TIED_DIGITS {
        let even = format!("{value:.0$e}", digits - 1);
        if even.parse() == Ok(value) {
            shortest = even;
        }
    }
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        fixed(mantissa, exponent, out);
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
}

/// Digits with the point where an exponent of -4 to 15 puts it.
fn fixed(mantissa: &str, exponent: i32, out: &mut String) {
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest.replace('.', "")),
        None => ("", mantissa.replace('.', "")),
    };
    out.push_str(sign);
    let before = usize::try_from(exponent + 1).unwrap_or(0);
    if before == 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', (exponent + 1).unsigned_abs() as usize));
        out.push_str(&digits);
    } else {
        let (whole, fraction) = digits.split_at(before.min(digits.len()));
        out.push_str(whole);
        out.extend(std::iter::repeat_n('0', before - whole.len()));
        out.push('.');
        out.push_str(if fraction.is_empty() { "0" } else { fraction });
    }
}

/// The quote that `repr` takes: single, unless only that would need escapes.
fn quote(text: &[u8]) -> char {
    if memchr::memchr(b'\'', text).is_some() && memchr::memchr(b'"', text).is_none() { '"' } else { '\'' }
}

/// Writes text, UTF-8 with lone surrogates as three bytes each, as the literal of a `str`.
///
/// # Errors
/// What `out` fails with.
pub(crate) fn wtf8(text: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let quote = quote(text);
    write!(out, "{quote}")?;
    let mut rest = text;
    while !rest.is_empty() {
        let (valid, after) = match std::str::from_utf8(rest) {
            Ok(all) => (all, &[][..]),
            Err(e) => {
                let (valid, after) = rest.split_at(e.valid_up_to());
                (std::str::from_utf8(valid).unwrap_or_default(), after)
            }
        };
        plain(valid, quote, out)?;
        rest = match after {
            [0xED, b @ 0xA0..=0xBF, c, more @ ..] => {
                write!(out, "\\u{:04x}", 0xD000 | u32::from(b & 0x3F) << 6 | u32::from(c & 0x3F))?;
                more
            }
            [other, more @ ..] => {
                write!(out, "\\x{other:02x}")?;
                more
            }
            [] => after,
        };
    }
    write!(out, "{quote}")
}

/// The inside of a literal: runs that need no escape are written as they are.
fn plain(text: &str, quote: char, out: &mut dyn Write) -> io::Result<()> {
    let mut run = 0;
    for (at, c) in text.char_indices() {
        let code = u32::from(c);
        if c != quote && c != '\\' && (matches!(c, ' '..='~') || (code > 0x7F && printable::is_printable(code))) {
            continue;
        }
        out.write_all(text.get(run..at).unwrap_or_default().as_bytes())?;
        run = at + c.len_utf8();
        escape(code, quote, out)?;
    }
    out.write_all(text.get(run..).unwrap_or_default().as_bytes())
}

fn escape(code: u32, quote: char, out: &mut dyn Write) -> io::Result<()> {
    match code {
        0x0A => out.write_all(b"\\n"),
        0x0D => out.write_all(b"\\r"),
        0x09 => out.write_all(b"\\t"),
        0x5C => out.write_all(b"\\\\"),
        _ if code == u32::from(quote) => write!(out, "\\{quote}"),
        0..0x100 => write!(out, "\\x{code:02x}"),
        0x100..0x1_0000 => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    }
}

/// Writes 8-bit characters as the literal of the `str` that Latin-1 makes of them.
///
/// # Errors
/// What `out` fails with.
pub(crate) fn latin1(text: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let quote = quote(text);
    write!(out, "{quote}")?;
    for &byte in text {
        let code = u32::from(byte);
        if char::from(byte) == quote || byte == b'\\' || !printable::is_printable(code) {
            escape(code, quote, out)?;
        } else {
            write!(out, "{}", char::from(byte))?;
        }
    }
    write!(out, "{quote}")
}

/// Writes bytes as their literal.
///
/// # Errors
/// What `out` fails with.
pub(crate) fn bytes(value: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let quote = quote(value);
    bytes_between(value, quote, quote, out)
}

/// Writes a bytearray as Python prints it, where an apostrophe is escaped between any quotes.
///
/// # Errors
/// What `out` fails with.
pub(crate) fn bytearray(value: &[u8], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"bytearray(")?;
    bytes_between(value, quote(value), '\'', out)?;
    out.write_all(b")")
}

fn bytes_between(value: &[u8], quote: char, escaped: char, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "b{quote}")?;
    for &byte in value {
        if char::from(byte) == escaped || byte == b'\\' || !matches!(byte, b' '..=b'~') {
            escape(u32::from(byte), escaped, out)?;
        } else {
            out.write_all(&[byte])?;
        }
    }
    write!(out, "{quote}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn floats_as_python_prints_them() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e-5, "1.5e-05"),
            (0.0001, "0.0001"),
            (1e100, "1e+100"),
            (0.147_129_058_837_890_62, "0.14712905883789062"),
            (-0.001_25, "-0.00125"),
            (123.456, "123.456"),
            (120.0, "120.0"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (0.00001, "1e-05"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "inf"),
            (f64::MAX, "1.7976931348623157e+308"),
        ];
        for (value, expected) in cases {
            let mut out = String::new();
            float(value, &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn literals_as_python_prints_them() {
        let text = |s: &'static [u8]| shown(|out| wtf8(s, out));
        assert_eq!(text(b"it's"), "\"it's\"");
        assert_eq!(text(b"it's \"\\"), "'it\\'s \"\\\\'");
        assert_eq!(text("é\u{a0}\u{202e}\u{1f600}\u{e000}\n\0".as_bytes()), "'é\\xa0\\u202e😀\\ue000\\n\\x00'");
        assert_eq!(text(b"a\xed\xb3\xbfz"), "'a\\udcffz'");
        assert_eq!(shown(|out| latin1(b"\xe9\x85'", out)), "\"é\\x85'\"");
        assert_eq!(shown(|out| bytes(b"\xe9'\"\t~", out)), "b'\\xe9\\'\"\\t~'");
        assert_eq!(shown(|out| bytearray(b"a'", out)), "bytearray(b\"a\\'\")");
        assert_eq!(shown(|out| bytearray(b"'\"", out)), "bytearray(b'\\'\"')");
    }
}
