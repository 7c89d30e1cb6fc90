//! `decimal.Decimal` and `fractions.Fraction`.
//!
//! A Decimal stays text, so that an exponent of nine digits costs nothing. The text is what `str()` prints: Python's parser
//! also takes blanks, underscores and other scripts' digits, which no pickler writes; they are refused.

use std::fmt::Write as _;

use num_bigint::{BigInt, Sign};
use num_traits::Zero;

use super::table::{Row, Use, module};
use super::{Class, Ctx, Forms, args};
use crate::limits::Limit;
use crate::machine::Reject;
use crate::model::graph::Kind;
use crate::model::value::Value;

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "decimal",
        modules: &[module("decimal"), module("_decimal"), module("_pydecimal"), module("cdecimal")],
        names: &["Decimal"],
        uses: Use::Data(&DECIMAL),
        guard: "(text): ASCII digits with sign, point and exponent, or Infinity, NaN, sNaN",
    },
    Row {
        kind: "fraction",
        modules: &[module("fractions")],
        names: &["Fraction"],
        uses: Use::Data(&FRACTION),
        guard: "('n/d'), ('n'), (n), (n, d): ints, d not 0",
    },
];

const MADE: Forms = Forms::REDUCE.and(Forms::NEWOBJ);

static DECIMAL: Class = Class { forms: MADE, call: decimal, build: None, bare: true };
static FRACTION: Class = Class { forms: MADE, call: fraction, build: None, bare: true };

/// Largest and smallest exponent of 64-bit libmpdec (`MAX_EMAX`, `MIN_ETINY`), which CPython's Decimal takes.
const MAX_EXPONENT: i64 = 999_999_999_999_999_999;
const MIN_EXPONENT: i64 = -1_999_999_999_999_999_997;

/// Whether a text is a decimal as `str()` prints them, in either case of letters.
pub(crate) fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let after = |word: &str| {
        let (head, rest) = text.split_at_checked(word.len())?;
        head.eq_ignore_ascii_case(word).then_some(rest)
    };
    if after("infinity").is_some_and(str::is_empty) || after("inf").is_some_and(str::is_empty) {
        return true;
    }
    if let Some(payload) = after("nan").or_else(|| after("snan")) {
        return digits(payload);
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let known = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    known && exponent.is_none_or(is_exponent)
}

fn is_exponent(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit());
    plain && text.parse::<i64>().is_ok_and(|n| (MIN_EXPONENT..=MAX_EXPONENT).contains(&n))
}

fn decimal(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [value] = *ctx.args else {
        return ctx.reject(format!("expected a text, found {} arguments", ctx.args.len()));
    };
    let Some(text) = args::text(ctx.graph, value) else {
        return ctx.reject(format!("expected a text, found {}", args::type_name(ctx.graph, value)));
    };
    let allowed = ctx.graph.max_digits;
    let digits = text.split(['e', 'E']).next().unwrap_or_default().bytes().filter(u8::is_ascii_digit).count() as u64;
    if digits > u64::from(allowed) {
        return Err(Limit::Digits.over(digits, u64::from(allowed)).into());
    }
    if !is_decimal(text) {
        return ctx.reject(format!("expected a decimal as `str()` prints it, found `{}`", crate::name::Escaped(text)));
    }
    let canonical = canonical(text);
    if let (Value::Str { len, at }, true) = (value, canonical == text) {
        return Ok(Value::Decimal { len, at });
    }
    let (len, at) = ctx.graph.store_text(&canonical)?;
    Ok(Value::Decimal { len, at })
}

/// What `str()` prints of a decimal's text: the General Decimal Arithmetic specification's to-scientific-string, as CPython
/// has it in `Lib/_pydecimal.py`.
pub(crate) fn canonical(text: &str) -> String {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { "-" } else { "" };
    let lower = unsigned.to_ascii_lowercase();
    if lower.starts_with("inf") {
        return format!("{sign}Infinity");
    }
    if let Some(at) = lower.find("nan") {
        let name = if at == 0 { "NaN" } else { "sNaN" };
        return format!("{sign}{name}{}", lower.get(at + 3..).unwrap_or_default().trim_start_matches('0'));
    }
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = match all.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let exponent = exponent.parse::<i64>().unwrap_or(0) - fraction.len() as i64;
    let len = digits.len() as i64;
    let left = exponent + len;
    // Plain notation from 0.000001 on, unless zeros would have to be made up before the point.
    let point = if exponent <= 0 && left > -6 { left } else { 1 };
    let mut out = sign.to_owned();
    match usize::try_from(point) {
        Ok(0) | Err(_) => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
            out.push_str(digits);
        }
        Ok(point) => match digits.split_at_checked(point) {
            Some((whole, "")) => out.push_str(whole),
            Some((whole, fraction)) => {
                out.push_str(whole);
                out.push('.');
                out.push_str(fraction);
            }
            None => out.push_str(digits),
        },
    }
    if left != point {
        let _ = write!(out, "E{:+}", left - point);
    }
    out
}

/// An int of ASCII digits with a sign, and how many digits it has at most.
fn int_text(text: &str, signed: bool) -> Option<BigInt> {
    let digits = if signed { text.strip_prefix(['+', '-']).unwrap_or(text) } else { text };
    let plain = !digits.is_empty() && digits.len() <= MAX_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Digits of a number in a fraction's text: what CPython parses by default (`sys.int_info.default_max_str_digits`).
const MAX_DIGITS: usize = 4_300;
/// Bits of a number whose common divisors are looked for; a little more than that many digits.
pub(crate) const MAX_BITS: u64 = 1 << 14;

fn fraction(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let parts = match *ctx.args {
        [value] => match args::text(ctx.graph, value) {
            Some(text) => match text.split_once('/') {
                Some((n, d)) => int_text(n, true).zip(int_text(d, false)),
                None => int_text(text, true).map(|n| (n, BigInt::from(1))),
            },
            None => args::big_int(ctx.graph, value).map(|n| (n, BigInt::from(1))),
        },
        [n, d] => args::big_int(ctx.graph, n).zip(args::big_int(ctx.graph, d)),
        _ => None,
    };
    let Some((mut n, mut d)) = parts else {
        return ctx.reject("expected a text such as `-1/3` of at most 4300 digits each, or one or two ints");
    };
    if d.is_zero() {
        return ctx.reject("expected a denominator other than 0");
    }
    if d.sign() == Sign::Minus {
        (n, d) = (-n, -d);
    }
    reduce(ctx, &mut n, &mut d)?;
    let items = [ctx.graph.big(&n)?, ctx.graph.big(&d)?];
    Ok(Value::Object(ctx.graph.object(Kind::Fraction, &items)?))
}

/// Divides by the greatest common divisor, as `Fraction.__new__` does.
fn reduce(ctx: &mut Ctx<'_>, n: &mut BigInt, d: &mut BigInt) -> Result<(), Reject> {
    let bits = n.bits().max(d.bits());
    if n.bits().min(d.bits()) <= 1 && !n.is_zero() {
        return Ok(());
    }
    if bits > MAX_BITS {
        return ctx.reject(format!("expected ints of at most {MAX_BITS} bits, found one of {bits}"));
    }
    // The work is quadratic, and one pair of ints may be fetched again and again: it is charged like memory, so that time
    // is bounded by the input.
    if bits > 64 {
        ctx.graph.charge(bits * bits / 128)?;
    }
    let divisor = gcd(BigInt::from(n.magnitude().clone()), d.clone());
    if divisor != BigInt::from(1) {
        *n /= &divisor;
        *d /= &divisor;
    }
    Ok(())
}

/// The greatest common divisor of two numbers that are not negative (Lehmer's algorithm; Knuth, TAOCP 2, 4.5.2, algorithm L):
/// Euclid's quotients come from the leading 62 bits as long as these decide them; the factors are those of Euclid's algorithm on
/// 62-bit numbers, so none of them exceeds 2⁶².
pub(crate) fn gcd(mut a: BigInt, mut b: BigInt) -> BigInt {
    if a < b {
        std::mem::swap(&mut a, &mut b);
    }
    while b.bits() > 64 {
        let shift = a.bits().saturating_sub(62);
        let leading = |n: &BigInt| i64::try_from(n >> shift).unwrap_or(0);
        let (mut x, mut y) = (leading(&a), leading(&b));
        let (mut a_of_a, mut b_of_a, mut a_of_b, mut b_of_b) = (1_i64, 0_i64, 0_i64, 1_i64);
        while y + a_of_b != 0 && y + b_of_b != 0 {
            let quotient = (x + a_of_a) / (y + a_of_b);
            if quotient != (x + b_of_a) / (y + b_of_b) {
                break;
            }
            (a_of_a, a_of_b) = (a_of_b, a_of_a - quotient * a_of_b);
            (b_of_a, b_of_b) = (b_of_b, b_of_a - quotient * b_of_b);
            (x, y) = (y, x - quotient * y);
        }
        (a, b) = if b_of_a == 0 {
            let rest = &a % &b;
            (b, rest)
        } else {
            (&a * a_of_a + &b * b_of_a, &a * a_of_b + &b * b_of_b)
        };
    }
    while !b.is_zero() {
        let rest = &a % &b;
        a = std::mem::replace(&mut b, rest);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_divisors() {
        let power = |base: u32, exponent: u32| BigInt::from(base).pow(exponent);
        let (a, b) = (power(3, 400) * power(7, 300), power(3, 200) * power(11, 500));
        assert_eq!(gcd(a.clone(), b.clone()), power(3, 200));
        assert_eq!(gcd(b, a.clone()), power(3, 200));
        assert_eq!(gcd(a.clone(), a.clone()), a);
        assert_eq!(gcd(a.clone(), BigInt::from(0)), a);
        assert_eq!(gcd(&a * 2, &a * 3), a);
        // A quotient that the leading bits cannot hold, and two numbers that hardly differ.
        assert_eq!(gcd(power(2, 900) + 1, power(2, 100) - 1), BigInt::from(1));
        assert_eq!(gcd(power(6, 300), power(6, 300) - power(2, 290)), power(2, 290));
        // Consecutive Fibonacci numbers need the most steps, and have nothing in common.
        let (mut f, mut g) = (BigInt::from(0), BigInt::from(1));
        while g.bits() < 2_000 {
            let next = &f + &g;
            f = std::mem::replace(&mut g, next);
            assert_eq!(gcd(g.clone(), f.clone()), BigInt::from(1));
            assert_eq!(gcd(&g * 12_345_u32, &f * 12_345_u32), BigInt::from(12_345));
        }
    }

    #[test]
    fn decimals_are_what_str_prints() {
        for text in [
            "0",
            "-0",
            "+1.50",
            ".5",
            "5.",
            "-0E+3",
            "1E-1999999999999999997",
            "Infinity",
            "-inf",
            "NaN",
            "nan123",
            "-sNaN42",
            "1e5",
        ] {
            assert!(is_decimal(text), "{text}");
        }
        for text in [
            "",
            "+",
            ".",
            "-.",
            "e5",
            ".e5",
            "1e",
            "1e+",
            "1e+-5",
            "--1",
            "1_0",
            " 1",
            "1 ",
            "1\n",
            "\u{0661}",
            "0x1",
            "1.2.3",
            "1e5.0",
            "infinit",
            "infinity1",
            "nan-1",
            "nan(1)",
            "1e5e5",
            "1E+1000000000000000000",
            "1E-99999999999999999999",
        ] {
            assert!(!is_decimal(text), "{text}");
        }
    }
}
