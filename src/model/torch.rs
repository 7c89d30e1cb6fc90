//! The dtypes of torch: their sizes, and the number that the bytes of one element are.
//!
//! Facts: torch `c10/core/ScalarType.h`; `c10/util/Float8_*.h` for the floats of 8 bits (OCP 8-bit Floating Point Specification
//! 1.0; the `fnuz` kinds of Graphcore and AMD; E8M0 of the OCP Microscaling Formats 1.0).

/// What an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Bool,
    Int,
    Uint,
    /// IEEE 754 of the dtype's size.
    Float,
    /// The upper half of a float32.
    Brain,
    /// 8 bits: exponent and mantissa bits, bias, and what the extreme codes mean.
    Small {
        exponent: u32,
        mantissa: u32,
        bias: i32,
        special: Special,
    },
    /// 8 bits of exponent alone: a power of two.
    Power,
    /// Two floats.
    Complex,
}

/// Which codes of a small float are no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Special {
    /// The highest exponent: infinities and NaNs, as IEEE 754 has them.
    Ieee,
    /// All ones is NaN, nothing is infinite.
    Finite,
    /// Minus zero is NaN, nothing is infinite.
    OneNan,
}

/// A dtype.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TorchType {
    /// As torch names it, without `torch.`.
    pub name: &'static str,
    /// Bytes of one element.
    pub size: u64,
    form: Form,
}

/// The number that an element is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Complex(f64, f64),
}

const fn row(name: &'static str, size: u64, form: Form) -> TorchType {
    TorchType { name, size, form }
}

const fn small(name: &'static str, exponent: u32, bias: i32, special: Special) -> TorchType {
    row(name, 1, Form::Small { exponent, mantissa: 7 - exponent, bias, special })
}

static TYPES: &[TorchType] = &[
    row("float32", 4, Form::Float),
    row("float64", 8, Form::Float),
    row("float16", 2, Form::Float),
    row("bfloat16", 2, Form::Brain),
    row("uint8", 1, Form::Uint),
    row("int8", 1, Form::Int),
    row("int16", 2, Form::Int),
    row("int32", 4, Form::Int),
    row("int64", 8, Form::Int),
    row("bool", 1, Form::Bool),
    row("complex32", 4, Form::Complex),
    row("complex64", 8, Form::Complex),
    row("complex128", 16, Form::Complex),
    row("quint8", 1, Form::Uint),
    row("qint8", 1, Form::Int),
    row("qint32", 4, Form::Int),
    row("uint16", 2, Form::Uint),
    row("uint32", 4, Form::Uint),
    row("uint64", 8, Form::Uint),
    small("float8_e4m3fn", 4, 7, Special::Finite),
    small("float8_e5m2", 5, 15, Special::Ieee),
    small("float8_e4m3fnuz", 4, 8, Special::OneNan),
    small("float8_e5m2fnuz", 5, 16, Special::OneNan),
    row("float8_e8m0fnu", 1, Form::Power),
];

impl TorchType {
    /// The dtype of torch's name.
    pub fn of_name(name: &str) -> Option<&'static TorchType> {
        TYPES.iter().find(|t| t.name == name)
    }

    /// Bytes that change their order between machines.
    pub fn swapped(&self) -> u64 {
        if self.form == Form::Complex { self.size / 2 } else { self.size }
    }

    /// Whether it is a complex dtype.
    pub fn is_complex(&self) -> bool {
        self.form == Form::Complex
    }

    /// Whether it has negative numbers.
    pub fn is_signed(&self) -> bool {
        !matches!(self.form, Form::Bool | Form::Uint | Form::Power)
    }

    /// The number that `bytes`, little-endian, are; `None` where they are not of the dtype's size.
    pub fn number(&self, bytes: &[u8]) -> Option<Number> {
        if bytes.len() as u64 != self.size {
            return None;
        }
        Some(match self.form {
            Form::Bool => Number::Bool(bytes.first() != Some(&0)),
            Form::Int => {
                let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
                Number::Int(i64::from_le_bytes(padded(bytes, if negative { 0xff } else { 0 })))
            }
            Form::Uint => Number::Uint(u64::from_le_bytes(padded(bytes, 0))),
            Form::Float => Number::Float(float(bytes)?),
            Form::Brain => {
                Number::Float(f64::from(f32::from_bits(u32::from(u16::from_le_bytes(padded(bytes, 0))) << 16)))
            }
            Form::Small { exponent, mantissa, bias, special } => {
                Number::Float(small_float(*bytes.first()?, exponent, mantissa, bias, special))
            }
            Form::Power => match *bytes.first()? {
                0xff => Number::Float(f64::NAN),
                code => Number::Float(f64::powi(2.0, i32::from(code) - 127)),
            },
            Form::Complex => {
                let (re, im) = bytes.split_at_checked(bytes.len() / 2)?;
                Number::Complex(float(re)?, float(im)?)
            }
        })
    }
}

/// Bytes, little-endian, with `fill` above them.
fn padded<const N: usize>(bytes: &[u8], fill: u8) -> [u8; N] {
    let mut out = [fill; N];
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
    out
}

fn float(bytes: &[u8]) -> Option<f64> {
    Some(match bytes.len() {
        2 => f64::from(half::f16::from_le_bytes(padded(bytes, 0))),
        4 => f64::from(f32::from_le_bytes(padded(bytes, 0))),
        8 => f64::from_le_bytes(padded(bytes, 0)),
        _ => return None,
    })
}

fn small_float(code: u8, exponent: u32, mantissa: u32, bias: i32, special: Special) -> f64 {
    let sign = if code & 0x80 == 0 { 1.0 } else { -1.0 };
    let top = (1_u32 << exponent) - 1;
    let power = (u32::from(code) >> mantissa) & top;
    let fraction = u32::from(code) & ((1 << mantissa) - 1);
    match special {
        Special::OneNan if code == 0x80 => return f64::NAN,
        Special::Finite if code & 0x7f == 0x7f => return f64::NAN,
        Special::Ieee if power == top => return if fraction == 0 { sign * f64::INFINITY } else { f64::NAN },
        Special::OneNan | Special::Finite | Special::Ieee => {}
    }
    // Both factors are small; the products are exact.
    let scale = |n: u32, power: i32| sign * f64::from(n) * f64::powi(2.0, power - bias - mantissa.cast_signed());
    if power == 0 { scale(fraction, 1) } else { scale((1 << mantissa) + fraction, power.cast_signed()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str, bytes: &[u8]) -> Number {
        TorchType::of_name(name).and_then(|t| t.number(bytes)).expect("a number")
    }

    /// The extremes and ones that the specifications list.
    #[test]
    fn small_floats_are_what_the_specifications_say() {
        for (name, code, value) in [
            ("float8_e4m3fn", 0x7e, 448.0),
            ("float8_e4m3fn", 0x01, 0.001_953_125),
            ("float8_e4m3fn", 0xb8, -1.0),
            ("float8_e5m2", 0x7b, 57_344.0),
            ("float8_e5m2", 0xfc, f64::NEG_INFINITY),
            ("float8_e4m3fnuz", 0x7f, 240.0),
            ("float8_e4m3fnuz", 0x40, 1.0),
            ("float8_e5m2fnuz", 0x7f, 57_344.0),
            ("float8_e8m0fnu", 0x7f, 1.0),
            ("float8_e8m0fnu", 0x00, f64::powi(2.0, -127)),
        ] {
            assert_eq!(number(name, &[code]), Number::Float(value), "{name} {code:#x}");
        }
        for (name, code) in
            [("float8_e4m3fn", 0xff), ("float8_e5m2", 0x7d), ("float8_e4m3fnuz", 0x80), ("float8_e8m0fnu", 0xff)]
        {
            assert!(matches!(number(name, &[code]), Number::Float(v) if v.is_nan()), "{name} {code:#x}");
        }
    }

    #[test]
    fn wide_elements_are_little_endian() {
        assert_eq!(number("int16", &[0xfe, 0xff]), Number::Int(-2));
        assert_eq!(number("uint64", &[0xff; 8]), Number::Uint(u64::MAX));
        assert_eq!(number("bfloat16", &[0x80, 0x3f]), Number::Float(1.0));
        assert_eq!(number("complex32", &[0x00, 0x3c, 0x00, 0xc0]), Number::Complex(1.0, -2.0));
        assert!(TorchType::of_name("int32").and_then(|t| t.number(&[0])).is_none());
    }
}
