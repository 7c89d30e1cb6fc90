//! Numbers: ints of any size, floats, and what is made of them.

use std::io::Read;

use num_bigint::BigInt;

use super::tagged_json::{Parser, over};
use super::tokens::Token;
use crate::error::Error;
use crate::globals::numbers::{MAX_BITS, canonical, gcd, is_decimal};
use crate::limits::Limit;
use crate::location::Location;
use crate::model::graph::Kind;
use crate::model::value::Value;
use crate::name::Escaped;

/// Digits by which a binary int of a pickle may pass the limit, which is compared with an estimate there.
const SLACK: u64 = 4;

fn malformed<T>(what: String) -> Result<T, Error> {
    Err(Error::malformed(what, Location::default()))
}

/// An int as JSON and `repr` spell it; `-0` is none.
fn int(text: &str, max_digits: u32) -> Result<BigInt, Error> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain || digits.starts_with('0') && text.len() > 1 {
        return malformed(format!("expected an int, found `{}`", Escaped(text)));
    }
    // Reading a long number takes time that grows with its square.
    if digits.len() as u64 > u64::from(max_digits) + SLACK {
        return Err(over(Limit::Digits.over(digits.len() as u64, u64::from(max_digits))));
    }
    match text.parse() {
        Ok(int) => Ok(int),
        Err(_) => malformed(format!("expected an int, found `{}`", Escaped(text))),
    }
}

/// A float that a number's text stands for.
fn float(text: &str) -> Result<f64, Error> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) | Err(_) => malformed(format!("expected a float that fits in 64 bits, found `{}`", Escaped(text))),
    }
}

fn is_float(text: &str) -> bool {
    text.bytes().any(|b| matches!(b, b'.' | b'e' | b'E'))
}

impl<R: Read> Parser<R> {
    /// A number: an int, unless it has a point or an exponent.
    pub(super) fn number(&mut self) -> Result<Value, Error> {
        let text = self.tokens.number()?;
        if is_float(text) {
            return float(text).map(|value| self.graph.float(value));
        }
        match text.parse::<i64>() {
            Ok(small) if text != "-0" => Ok(Value::Int(small)),
            Ok(_) | Err(_) => {
                let big = int(text, self.graph.max_digits)?;
                self.graph.big(&big).map_err(over)
            }
        }
    }

    /// An int of any size.
    pub(super) fn int(&mut self) -> Result<Value, Error> {
        match self.number()? {
            value @ (Value::Int(_) | Value::Big { .. }) => Ok(value),
            _ => self.tokens.bad("expected an int, found a float"),
        }
    }

    /// An int of 64 bits.
    pub(super) fn small_int(&mut self, expected: &str) -> Result<i64, Error> {
        let text = self.tokens.number()?;
        let found = text.parse::<i64>().ok().filter(|_| text != "-0");
        match found {
            Some(n) => Ok(n),
            None => malformed(format!("expected {expected} as an int of 64 bits, found `{}`", Escaped(text))),
        }
    }

    /// A float: a number with a point or exponent, or a `$float`.
    pub(super) fn float(&mut self) -> Result<f64, Error> {
        if self.tokens.peek()? == Token::Object {
            self.tokens.begin_object()?;
            self.tokens.expect_name("$float")?;
            let value = self.special_float()?;
            self.end_tag()?;
            return Ok(value);
        }
        let text = self.tokens.number()?;
        if is_float(text) { float(text) } else { self.tokens.bad("expected a float, found an int") }
    }

    /// The payload of `$float`.
    pub(super) fn special_float(&mut self) -> Result<f64, Error> {
        let text = self.tokens.str()?;
        match text {
            "nan" => return Ok(f64::from_bits(0x7ff8 << 48)),
            "inf" => return Ok(f64::INFINITY),
            "-inf" => return Ok(f64::NEG_INFINITY),
            _ => {}
        }
        let bits = text
            .strip_prefix("nan:")
            .filter(|hex| hex.len() == 16 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        let value = bits.and_then(|hex| u64::from_str_radix(hex, 16).ok()).filter(|bits| *bits != 0x7ff8 << 48);
        match value.map(f64::from_bits) {
            Some(nan) if nan.is_nan() => Ok(nan),
            _ => malformed(format!(
                "expected `nan`, `inf`, `-inf`, or `nan:` and the 16 hexadecimal digits of another NaN, found `{}`",
                Escaped(text)
            )),
        }
    }

    /// `[V, V]`, two floats.
    pub(super) fn complex(&mut self) -> Result<Value, Error> {
        self.tokens.begin_array()?;
        let (re, im) = (self.float()?, self.float()?);
        self.tokens.end_array()?;
        let parts = [self.graph.float(re), self.graph.float(im)];
        Ok(Value::Object(self.graph.object(Kind::Complex, &parts).map_err(over)?))
    }

    /// `[start, stop, step]`
    pub(super) fn range(&mut self) -> Result<Value, Error> {
        self.tokens.begin_array()?;
        let items = [self.int()?, self.int()?, self.int()?];
        self.tokens.end_array()?;
        if let [_, _, Value::Int(0)] = items {
            return self.tokens.bad("expected a step other than 0, found 0");
        }
        Ok(Value::Object(self.graph.object(Kind::Range, &items).map_err(over)?))
    }

    /// What `str()` prints of a Decimal.
    pub(super) fn decimal(&mut self) -> Result<Value, Error> {
        let text = self.tokens.str()?;
        let allowed = u64::from(self.graph.max_digits);
        // A sign, a point, zeros and an exponent beside the digits.
        if text.len() as u64 > allowed + 64 {
            return Err(over(Limit::Digits.over(text.len() as u64, allowed)));
        }
        if !is_decimal(text) || canonical(text) != text {
            return malformed(format!("expected a decimal as `str()` prints it, found `{}`", Escaped(text)));
        }
        let (len, at) = self.graph.store_text(text).map_err(over)?;
        Ok(Value::Decimal { len, at })
    }

    /// `n` or `n/d`, reduced, d from 2 on.
    pub(super) fn fraction(&mut self) -> Result<Value, Error> {
        let text = self.tokens.str()?;
        let max_digits = self.graph.max_digits;
        let (n, d) = match text.split_once('/') {
            None => (int(text, max_digits)?, BigInt::from(1)),
            Some((n, d)) => {
                let (n, d) = (int(n, max_digits)?, int(d, max_digits)?);
                let bits = n.bits().max(d.bits());
                // The work is quadratic: it is charged like memory.
                self.graph.charge(bits.saturating_mul(bits) / 128).map_err(over)?;
                let reduced = d > BigInt::from(1)
                    && bits <= MAX_BITS
                    && gcd(BigInt::from(n.magnitude().clone()), d.clone()) == BigInt::from(1);
                if !reduced {
                    let what = format!("expected a fraction in lowest terms, found `{}`", Escaped(text));
                    return malformed(what);
                }
                (n, d)
            }
        };
        let items = [self.graph.big(&n).map_err(over)?, self.graph.big(&d).map_err(over)?];
        Ok(Value::Object(self.graph.object(Kind::Fraction, &items).map_err(over)?))
    }
}
