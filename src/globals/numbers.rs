//! `decimal.Decimal` and `fractions.Fraction`.
//!
//! A Decimal stays text, so that an exponent of nine digits costs nothing. The text is what `str()` prints: Python's parser
//! also takes blanks, underscores and other scripts' digits, which no pickler writes; they are refused.

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::Zero;

use super::table::{Row, Use, module};
use super::{Class, Ctx, Forms, args};
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
fn is_decimal(text: &str) -> bool {
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
    if !is_decimal(text) {
        return ctx.reject(format!("expected a decimal as `str()` prints it, found `{}`", crate::name::Escaped(text)));
    }
    if let Value::Str { len, at } = value {
        return Ok(Value::Decimal { len, at });
    }
    let text = text.to_owned();
    let (len, at) = ctx.graph.store_text(&text)?;
    Ok(Value::Decimal { len, at })
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
const MAX_BITS: u64 = 1 << 14;

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
    // Euclid's remainders are about as many as there are bits; a sixteenth of them is charged, so that time is bounded by
    // the input even where one pair of ints is fetched again and again.
    if bits > 64 {
        ctx.graph.charge(bits * bits / 128)?;
    }
    let divisor = BigInt::from(gcd(n.magnitude().clone(), d.magnitude().clone()));
    if divisor != BigInt::from(1) {
        *n /= &divisor;
        *d /= &divisor;
    }
    Ok(())
}

/// The greatest common divisor, by Euclid; the caller bounds the bits.
fn gcd(mut a: BigUint, mut b: BigUint) -> BigUint {
    while !b.is_zero() {
        let rest = &a % &b;
        a = std::mem::replace(&mut b, rest);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::is_decimal;

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
