//! Numbers across types, as Python compares and hashes them: `1 == 1.0 == True == Decimal(1) == Fraction(1) == 1+0j`.
//!
//! Hashing follows CPython's `sys.hash_info` scheme (residues modulo 2⁶¹−1), so equal numbers of different types meet; the
//! comparison behind it is exact. Nothing is ever expanded: a decimal's exponent stays an exponent.

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{One, Zero};

const MODULUS: u64 = (1 << 61) - 1;

/// A number as a sign, a significand and powers of two and ten: `±m · 2^e2 · 10^e10`, or a ratio.
#[derive(Clone, Debug)]
pub(crate) enum Number {
    Int(BigInt),
    Float(f64),
    /// `m · 10^exponent`
    Decimal(BigInt, i64),
    /// numerator, denominator (positive), without a common divisor
    Ratio(BigInt, BigInt),
}

fn mul(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(MODULUS)) as u64
}

fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = 1;
    base %= MODULUS;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul(result, base);
        }
        base = mul(base, base);
        exponent >>= 1;
    }
    result
}

fn inverse(base: u64) -> u64 {
    power(base, MODULUS - 2)
}

fn residue(n: &BigUint) -> u64 {
    (n % MODULUS).iter_u64_digits().next().unwrap_or(0)
}

fn signed(sign: Sign, residue: u64) -> u64 {
    if sign == Sign::Minus && residue != 0 { MODULUS - residue } else { residue }
}

/// Equal numbers have equal residues. NaN has none; infinities have one each.
pub(crate) fn residue_of(number: &Number) -> Option<u64> {
    match number {
        Number::Int(n) => Some(signed(n.sign(), residue(n.magnitude()))),
        Number::Float(f) if f.is_nan() => None,
        Number::Float(f) if f.is_infinite() => Some(if *f > 0.0 { 314_159 } else { 314_160 }),
        Number::Float(f) => {
            let (mantissa, exponent) = parts(*f);
            let two =
                if exponent >= 0 { power(2, exponent as u64) } else { inverse(power(2, exponent.unsigned_abs())) };
            let value = mul(mantissa.unsigned_abs() % MODULUS, two);
            Some(signed(if mantissa < 0 { Sign::Minus } else { Sign::Plus }, value))
        }
        Number::Decimal(n, exponent) => {
            // 10 has order dividing MODULUS - 1, so a huge exponent costs no more than a small one.
            let ten = power(10, exponent.unsigned_abs() % (MODULUS - 1));
            let ten = if *exponent >= 0 { ten } else { inverse(ten) };
            Some(signed(n.sign(), mul(residue(n.magnitude()), ten)))
        }
        Number::Ratio(n, d) => Some(signed(n.sign(), mul(residue(n.magnitude()), inverse(residue(d.magnitude()))))),
    }
}

/// A finite float as `mantissa · 2^exponent`, the mantissa odd or 0.
fn parts(f: f64) -> (i64, i64) {
    let bits = f.to_bits();
    let exponent = (bits >> 52 & 0x7FF) as i64;
    let fraction = (bits & ((1 << 52) - 1)) as i64;
    let (mantissa, exponent) = if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    if mantissa == 0 {
        return (0, 0);
    }
    let zeros = mantissa.trailing_zeros();
    let mantissa = mantissa >> zeros;
    (if f.is_sign_negative() { -mantissa } else { mantissa }, exponent + i64::from(zeros))
}

/// Whether two numbers are equal, exactly.
pub(crate) fn equal(a: &Number, b: &Number) -> bool {
    if let (Number::Float(a), Number::Float(b)) = (a, b) {
        return a == b;
    }
    match (scaled(a), scaled(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// A canonical form: numerator and denominator free of factors 2 and 5, and the powers of 2 and 5 beside them.
fn scaled(n: &Number) -> Option<(BigInt, BigInt, i64, i64)> {
    let (numerator, denominator, mut two, mut five) = match n {
        Number::Int(n) => (n.clone(), BigInt::one(), 0, 0),
        Number::Float(f) if !f.is_finite() => return None,
        Number::Float(f) => {
            let (mantissa, exponent) = parts(*f);
            (BigInt::from(mantissa), BigInt::one(), exponent, 0)
        }
        Number::Decimal(n, exponent) => (n.clone(), BigInt::one(), *exponent, *exponent),
        Number::Ratio(n, d) => (n.clone(), d.clone(), 0, 0),
    };
    if numerator.is_zero() {
        return Some((BigInt::zero(), BigInt::one(), 0, 0));
    }
    let numerator = strip(numerator, &mut two, &mut five, 1);
    let denominator = strip(denominator, &mut two, &mut five, -1);
    Some((numerator, denominator, two, five))
}

fn strip(mut n: BigInt, two: &mut i64, five: &mut i64, sign: i64) -> BigInt {
    let zeros = n.trailing_zeros().unwrap_or(0);
    n >>= zeros;
    *two += sign * zeros as i64;
    loop {
        let rest = &n % 5u8;
        if !rest.is_zero() {
            return n;
        }
        n /= 5u8;
        *five += sign;
    }
}

/// The number a decimal's text stands for; `None` for NaN and infinities (`Decimal('Infinity')` equals `float('inf')`, which
/// callers treat apart).
pub(crate) fn decimal(text: &str) -> Option<Number> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().ok()?;
    Some(Number::Decimal(digits, exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_of_different_types_meet() {
        let same = [
            Number::Int(BigInt::from(-12)),
            Number::Float(-12.0),
            Number::Decimal(BigInt::from(-120), -1),
            Number::Ratio(BigInt::from(-12), BigInt::from(1)),
        ];
        for a in &same {
            for b in &same {
                assert!(equal(a, b), "{a:?} {b:?}");
                assert_eq!(residue_of(a), residue_of(b), "{a:?} {b:?}");
            }
        }
        assert!(!equal(&Number::Float(0.1), &Number::Decimal(BigInt::from(1), -1)));
        assert!(equal(&Number::Float(0.5), &Number::Decimal(BigInt::from(5), -1)));
        assert_eq!(residue_of(&Number::Float(0.5)), residue_of(&Number::Ratio(BigInt::from(1), BigInt::from(2))));
    }

    #[test]
    fn a_huge_exponent_costs_nothing() {
        let huge = decimal("1E+999999999").expect("finite");
        assert!(residue_of(&huge).is_some());
        assert!(!equal(&huge, &Number::Int(BigInt::from(1))));
    }
}
