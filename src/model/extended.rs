//! x87's 80-bit floats, as numpy's `longdouble` keeps them.

use num_bigint::BigUint;

/// Decimal digits that tell any two of them apart.
const DIGITS: u32 = 21;
/// What the exponent of 1.0 is stored as.
const BIAS: i32 = 16_383;

/// An 80-bit float: sign, significand with its leading bit, power of two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Extended {
    Finite { negative: bool, significand: u64, exponent: i32 },
    Infinite { negative: bool },
    NaN,
}

impl Extended {
    /// Reads 10 of 12 or 16 bytes.
    pub fn read(bytes: &[u8], big: bool) -> Option<Extended> {
        let mut value = *bytes.first_chunk::<10>()?;
        if big {
            value = *bytes.last_chunk::<10>()?;
            value.reverse();
        }
        let (significand, head) = value.split_first_chunk::<8>()?;
        let significand = u64::from_le_bytes(*significand);
        let head = u16::from_le_bytes(*head.first_chunk::<2>()?);
        let negative = head >> 15 == 1;
        Some(match i32::from(head & 0x7fff) {
            0x7fff if significand << 1 == 0 => Extended::Infinite { negative },
            0x7fff => Extended::NaN,
            exponent => Extended::Finite { negative, significand, exponent: exponent.max(1) - BIAS - 63 },
        })
    }

    /// The same number as a 64-bit float, if there is one.
    pub fn narrow(self) -> Option<f64> {
        match self {
            Extended::NaN => Some(f64::NAN),
            Extended::Infinite { negative } => Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY }),
            Extended::Finite { negative, significand: 0, .. } => Some(if negative { -0.0 } else { 0.0 }),
            Extended::Finite { negative, significand, exponent } => {
                let zeros = significand.trailing_zeros();
                let (odd, exponent) = (significand >> zeros, exponent + zeros as i32);
                // Both factors are exact, and so is their product, unless it is out of range or below the smallest step.
                if odd >= 1 << 53 || !(-1074..=1023).contains(&exponent) {
                    return None;
                }
                let half = exponent / 2;
                let value = odd as f64 * 2_f64.powi(half) * 2_f64.powi(exponent - half);
                value.is_finite().then_some(if negative { -value } else { value })
            }
        }
    }

    /// Appends it in decimal, in as many digits as tell it from its neighbours.
    pub fn write(self, out: &mut String) {
        let (negative, significand, exponent) = match self {
            Extended::NaN => return out.push_str("nan"),
            Extended::Infinite { negative } => return out.push_str(if negative { "-inf" } else { "inf" }),
            Extended::Finite { negative, significand, exponent } => (negative, significand, exponent),
        };
        if negative {
            out.push('-');
        }
        if significand == 0 {
            return out.push_str("0.0");
        }
        let two = BigUint::from(2_u8).pow(exponent.unsigned_abs());
        let (mut above, mut below) = (BigUint::from(significand), BigUint::from(1_u8));
        if exponent < 0 {
            below = two
        } else {
            above *= two
        }
        // The power of ten of the first digit, perhaps one too low: log10(2) = 0.30103.
        let bits = above.bits() as i64 - below.bits() as i64;
        let mut power = ((bits - 1) * 30_103).div_euclid(100_000) as i32;
        let scale = |power: i32| {
            let places = DIGITS as i32 - 1 - power;
            let ten = BigUint::from(10_u8).pow(places.unsigned_abs());
            let (a, b) = if places >= 0 { (&above * ten, below.clone()) } else { (above.clone(), &below * ten) };
            // Rounded to the nearest.
            (a * 2_u8 + &b) / (b * 2_u8)
        };
        let mut digits = scale(power).to_string();
        if digits.len() > DIGITS as usize {
            power += 1;
            digits = scale(power).to_string();
            // Rounded up to the next power of ten.
            if digits.len() > DIGITS as usize {
                power += 1;
                digits = scale(power).to_string();
            }
        }
        let digits = digits.trim_end_matches('0');
        if (-5..DIGITS as i32).contains(&power) {
            let point = power + 1;
            if point <= 0 {
                out.push_str("0.");
                out.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
                out.push_str(digits);
            } else {
                let (whole, rest) = digits.split_at_checked(point as usize).unwrap_or((digits, ""));
                out.push_str(whole);
                out.extend(std::iter::repeat_n('0', (point as usize).saturating_sub(digits.len())));
                out.push('.');
                out.push_str(if rest.is_empty() { "0" } else { rest });
            }
            return;
        }
        let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        out.push_str(&format!("e{power:+}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(significand: u64, head: u16) -> (Option<f64>, String) {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&significand.to_le_bytes());
        bytes[8..10].copy_from_slice(&head.to_le_bytes());
        let found = Extended::read(&bytes, false).expect("16 bytes");
        let mut reversed = bytes;
        reversed.reverse();
        assert_eq!(Extended::read(&reversed, true), Some(found));
        let mut out = String::new();
        found.write(&mut out);
        (found.narrow().filter(|f| !f.is_nan()), out)
    }

    #[test]
    fn numbers_are_exact_or_told_apart() {
        assert_eq!(text(1 << 63, 16_383), (Some(1.0), "1.0".to_owned()));
        assert_eq!(text(0xc000_0000_0000_0000, 0x8000 | 16_384), (Some(-3.0), "-3.0".to_owned()));
        assert_eq!(text(0, 0x8000), (Some(-0.0), "-0.0".to_owned()));
        // np.longdouble(1) / 10 and np.finfo(np.longdouble).max, printed with 21 digits
        assert_eq!(text(0xcccc_cccc_cccc_cccd, 16_379), (None, "0.100000000000000000001".to_owned()));
        assert_eq!(text(u64::MAX, 0x7ffe), (None, "1.18973149535723176502e+4932".to_owned()));
        assert_eq!(text(1, 0), (None, "3.64519953188247460253e-4951".to_owned()));
        assert_eq!(text(1 << 63, 0x7fff).0, Some(f64::INFINITY));
    }
}
