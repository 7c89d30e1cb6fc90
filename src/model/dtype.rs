//! A numpy dtype, parsed from its object, and the elements that bytes of it hold.
//!
//! Facts: numpy, `numpy/_core/src/multiarray/descriptor.c` and the manual's page on data type objects.

use crate::model::graph::{Graph, Kind};
use crate::model::layout::{Dtype, Layout};
use crate::model::tensor;
use crate::model::value::{NodeId, Value};

/// Structured dtypes and sub-arrays inside each other.
pub(crate) const MAX_DEPTH: u32 = 32;
/// Fields of one dtype, those of inner ones included.
const MAX_FIELDS: usize = 1 << 16;

/// The unit of a datetime64 or timedelta64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Milli,
    Micro,
    Nano,
    Pico,
    Femto,
    Atto,
    Generic,
}

/// Units by numpy's names.
const UNITS: &[(&str, Unit)] = &[
    ("Y", Unit::Year),
    ("M", Unit::Month),
    ("W", Unit::Week),
    ("D", Unit::Day),
    ("h", Unit::Hour),
    ("m", Unit::Minute),
    ("s", Unit::Second),
    ("ms", Unit::Milli),
    ("us", Unit::Micro),
    ("ns", Unit::Nano),
    ("ps", Unit::Pico),
    ("fs", Unit::Femto),
    ("as", Unit::Atto),
    ("generic", Unit::Generic),
];

impl Unit {
    /// The unit of numpy's name (`us`, `generic`).
    pub fn of_name(name: &str) -> Option<Unit> {
        UNITS.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    /// numpy's name.
    pub fn name(self) -> &'static str {
        UNITS.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }
}

/// What one element is. Its size is that of the [`DType`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    Bool,
    Int,
    Uint,
    /// 2, 4 or 8 bytes; 12 or 16: x87's 80 bits and padding.
    Float,
    /// Two floats.
    Complex,
    /// `S`: bytes padded with NULs.
    Bytes,
    /// `U`: UTF-32 padded with NULs.
    Text,
    Void,
    /// Multiples of a unit since 1970; the smallest int is NaT.
    DateTime(Unit, u32),
    TimeDelta(Unit, u32),
    /// Values of the graph.
    Object,
    /// A StringDType: values of the graph, too.
    Str,
    Struct(Vec<FieldOf>),
    /// A sub-array.
    Array(Box<DType>, Vec<usize>),
}

/// A field of a structured dtype.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldOf {
    /// The name, text of the graph.
    pub name: TextRange,
    pub dtype: DType,
    pub offset: usize,
}

/// A name: a range of the graph's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextRange {
    pub len: u32,
    pub at: u64,
}

/// A dtype.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DType {
    pub ty: Type,
    /// Bytes of one element.
    pub size: usize,
    /// Big-endian.
    pub big: bool,
}

impl DType {
    /// A dtype that is one text: `<f8`, `|S3`, `<U3`, `<M8[25s]`, `|O`, `T`.
    pub fn parse(text: &str) -> Option<DType> {
        if text == "T" {
            return Some(DType { ty: Type::Str, size: 16, big: false });
        }
        let (big, code) = match text.split_at_checked(1)? {
            (">", rest) => (true, rest),
            ("<" | "|" | "=", rest) => (false, rest),
            _ => (false, text),
        };
        let (kind, rest) = code.split_at_checked(1)?;
        if kind == "O" {
            return Some(DType { ty: Type::Object, size: 8, big: false });
        }
        let (digits, unit) = match rest.split_once('[') {
            Some((digits, unit)) => (digits, Some(unit.strip_suffix(']')?)),
            None => (rest, None),
        };
        if digits.is_empty() || digits.len() > 10 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number: usize = digits.parse().ok()?;
        let number_is = |sizes: &[usize]| sizes.contains(&number);
        let ty = match kind {
            "b" if number == 1 => Type::Bool,
            "i" if number_is(&[1, 2, 4, 8]) => Type::Int,
            "u" if number_is(&[1, 2, 4, 8]) => Type::Uint,
            "f" if number_is(&[2, 4, 8, 12, 16]) => Type::Float,
            "c" if number_is(&[8, 16, 24, 32]) => Type::Complex,
            "S" => Type::Bytes,
            "U" => Type::Text,
            "V" => Type::Void,
            "M" | "m" if number == 8 => {
                let (count, unit) = match unit {
                    None => (1, Unit::Generic),
                    Some(unit) => {
                        let digits = unit.bytes().take_while(u8::is_ascii_digit).count();
                        let (count, name) = unit.split_at_checked(digits)?;
                        (if count.is_empty() { 1 } else { count.parse().ok()? }, Unit::of_name(name)?)
                    }
                };
                if kind == "M" { Type::DateTime(unit, count) } else { Type::TimeDelta(unit, count) }
            }
            _ => return None,
        };
        if unit.is_some() && !matches!(ty, Type::DateTime(..) | Type::TimeDelta(..)) {
            return None;
        }
        let size = if ty == Type::Text { number.checked_mul(4)? } else { number };
        // numpy keeps sizes in a C int.
        (size <= i32::MAX as usize).then_some(DType { ty, size, big })
    }

    /// The dtype that an object of that layout is.
    ///
    /// # Errors
    /// What it does not agree with, for a message: `expected …, found …`.
    pub fn of(graph: &Graph, value: Value) -> Result<DType, String> {
        let mut fields = MAX_FIELDS;
        build(graph, value, MAX_DEPTH, &mut fields)
    }

    /// Whether elements are values of the graph, or hold some.
    pub fn has_objects(&self) -> bool {
        match &self.ty {
            Type::Object | Type::Str => true,
            // As deep as `of` allows.
            Type::Struct(fields) => fields.iter().any(|field| field.dtype.has_objects()),
            Type::Array(base, _) => base.has_objects(),
            _ => false,
        }
    }

    /// How many mask bytes one element of a masked array takes: one per leaf field.
    pub fn leaves(&self) -> usize {
        match &self.ty {
            Type::Struct(fields) => fields.iter().fold(0, |sum: usize, field| sum.saturating_add(field.dtype.leaves())),
            Type::Array(base, shape) => {
                shape.iter().fold(base.leaves(), |product: usize, n| product.saturating_mul(*n))
            }
            _ => 1,
        }
    }

    /// The scalar that `bytes`, as many as its size, are; `None` for objects, structured dtypes and sub-arrays.
    pub fn element<'b>(&self, bytes: &'b [u8]) -> Option<Element<'b>> {
        let bytes = bytes.get(..self.size)?;
        Some(match &self.ty {
            Type::Bool => Element::Bool(*bytes.first()? != 0),
            Type::Int => Element::Int(signed(bytes, self.big)),
            Type::Uint => Element::Uint(unsigned(bytes, self.big)),
            Type::Float if self.size > 8 => Element::Extended { bytes, big: self.big },
            Type::Float => Element::Float(float(bytes, self.big)),
            Type::Complex if self.size > 16 => {
                let (re, im) = bytes.split_at_checked(self.size / 2)?;
                Element::ExtendedComplex { re, im, big: self.big }
            }
            Type::Complex => {
                let (re, im) = bytes.split_at_checked(self.size / 2)?;
                Element::Complex(float(re, self.big), float(im, self.big))
            }
            Type::Bytes => {
                let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
                Element::Bytes(bytes.get(..end)?)
            }
            Type::Text => Element::Text { bytes, big: self.big },
            Type::Void => Element::Void(bytes),
            Type::DateTime(unit, count) => Element::DateTime(time(bytes, self.big), *unit, *count),
            Type::TimeDelta(unit, count) => Element::TimeDelta(time(bytes, self.big), *unit, *count),
            Type::Object | Type::Str | Type::Struct(_) | Type::Array(..) => return None,
        })
    }
}

/// One scalar.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Element<'b> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    /// A float of at most 64 bits, widened.
    Float(f64),
    /// 80 bits and padding, as they lie there.
    Extended {
        bytes: &'b [u8],
        big: bool,
    },
    Complex(f64, f64),
    ExtendedComplex {
        re: &'b [u8],
        im: &'b [u8],
        big: bool,
    },
    /// Without the NULs at the end.
    Bytes(&'b [u8]),
    /// UTF-32 with the NULs at the end: see [`text`].
    Text {
        bytes: &'b [u8],
        big: bool,
    },
    Void(&'b [u8]),
    /// `None` is NaT.
    DateTime(Option<i64>, Unit, u32),
    TimeDelta(Option<i64>, Unit, u32),
}

/// Appends UTF-32 as UTF-8 (lone surrogates as `surrogatepass` has them), without NULs at the end; whether it is UTF-8.
/// `None` where it is no text: a code point beyond U+10FFFF.
pub(crate) fn text(bytes: &[u8], big: bool, out: &mut Vec<u8>) -> Option<bool> {
    let mut plain = true;
    let units = bytes.as_chunks::<4>().0;
    let end = units.iter().rposition(|unit| *unit != [0; 4]).map_or(0, |last| last + 1);
    for unit in units.get(..end)? {
        let point = if big { u32::from_be_bytes(*unit) } else { u32::from_le_bytes(*unit) };
        match char::from_u32(point) {
            Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None if point <= 0xdfff => {
                plain = false;
                let low = |shift: u32| 0x80 | ((point >> shift) & 0x3f) as u8;
                out.extend_from_slice(&[0xe0 | (point >> 12) as u8, low(6), low(0)]);
            }
            None => return None,
        }
    }
    Some(plain)
}

fn unsigned(bytes: &[u8], big: bool) -> u64 {
    let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    if big { bytes.iter().fold(0, fold) } else { bytes.iter().rev().fold(0, fold) }
}

fn signed(bytes: &[u8], big: bool) -> i64 {
    let shift = 64 - 8 * bytes.len().clamp(1, 8) as u32;
    (unsigned(bytes, big) << shift).cast_signed() >> shift
}

fn time(bytes: &[u8], big: bool) -> Option<i64> {
    Some(signed(bytes, big)).filter(|n| *n != i64::MIN)
}

fn float(bytes: &[u8], big: bool) -> f64 {
    let bits = unsigned(bytes, big);
    match bytes.len() {
        2 => half::f16::from_bits(bits as u16).to_f64(),
        4 => f64::from(f32::from_bits(bits as u32)),
        _ => f64::from_bits(bits),
    }
}

/// As deep as `depth` levels; `left` counts fields down.
fn build(graph: &Graph, value: Value, depth: u32, left: &mut usize) -> Result<DType, String> {
    let object = match value {
        Value::Object(id) if graph.kind(id) == Kind::Struct(Layout::Dtype) => Dtype::of(graph, id),
        _ => return Err("expected a dtype, found something else".to_owned()),
    };
    let Some(depth) = depth.checked_sub(1) else {
        return Err(format!("expected a dtype of at most {MAX_DEPTH} levels, found more"));
    };
    match object {
        Dtype { str: Value::Str { len, at }, fields: Value::None, base: Value::None, .. } => {
            let text = graph.text(len, at);
            DType::parse(text).ok_or_else(|| {
                format!("expected the text of a dtype such as `<f8`, found `{}`", crate::name::Escaped(text))
            })
        }
        Dtype {
            str: Value::None, fields: Value::Object(list), base: Value::None, itemsize: Value::Int(size), ..
        } => {
            let size = usize::try_from(size)
                .ok()
                .filter(|size| *size <= i32::MAX as usize)
                .ok_or("expected an itemsize of 0 to 2147483647")?;
            let mut fields = Vec::new();
            for field in graph.items(list) {
                *left = left.checked_sub(1).ok_or("expected at most 65536 fields, found more")?;
                fields.push(field_of(graph, field, size, depth, left)?);
            }
            Ok(DType { ty: Type::Struct(fields), size, big: false })
        }
        Dtype { str: Value::None, fields: Value::None, base, shape: shape @ Value::Object(list), .. } => {
            let base = build(graph, base, depth, left)?;
            let sizes = tensor::sizes(graph, shape);
            if sizes.len() != graph.count(list) || tensor::ints(graph, shape).iter().any(|n| *n < 0) {
                return Err("expected a shape of ints of 0 or more".to_owned());
            }
            let size = sizes.iter().try_fold(base.size, |product: usize, n| product.checked_mul(*n));
            let size = size.filter(|size| *size <= i32::MAX as usize);
            let size = size.ok_or("expected a sub-array of at most 2147483647 bytes, found more")?;
            Ok(DType { ty: Type::Array(Box::new(base), sizes), size, big: false })
        }
        _ => Err("expected a dtype that is one text, fields, or a base with a shape".to_owned()),
    }
}

fn field_of(graph: &Graph, field: Value, size: usize, depth: u32, left: &mut usize) -> Result<FieldOf, String> {
    let list = |id: NodeId| matches!(graph.kind(id), Kind::List | Kind::Tuple);
    let (name, dtype, offset) = match field {
        Value::Object(id) if list(id) => match graph.first::<3>(id) {
            [Value::Str { len, at }, dtype, Value::Int(offset)] => (TextRange { len, at }, dtype, offset),
            _ => return Err("expected a field's name, dtype and offset, found something else".to_owned()),
        },
        _ => return Err("expected a field's name, dtype and offset, found something else".to_owned()),
    };
    let dtype = build(graph, dtype, depth, left)?;
    let offset = usize::try_from(offset).ok().filter(|at| at.checked_add(dtype.size).is_some_and(|end| end <= size));
    let offset = offset.ok_or_else(|| format!("expected every field to lie within the itemsize of {size}"))?;
    Ok(FieldOf { name, dtype, offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numpys() {
        let size = |text| DType::parse(text).map(|d| (d.size, d.big));
        assert_eq!(size("<f8"), Some((8, false)));
        assert_eq!(size(">U3"), Some((12, true)));
        assert_eq!(size("|S0"), Some((0, false)));
        assert_eq!(DType::parse("<M8[25s]").map(|d| d.ty), Some(Type::DateTime(Unit::Second, 25)));
        assert_eq!(DType::parse("m8").map(|d| d.ty), Some(Type::TimeDelta(Unit::Generic, 1)));
        for wrong in
            ["", "<", "f", "f3", "i16", "S-1", "U2147483647", "f8[s]", "M8[x]", "f8,f8", "M8[s", "\u{e9}8", "b2"]
        {
            assert_eq!(DType::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn elements_are_read_in_either_order() {
        let dtype = |text| DType::parse(text).expect("a dtype");
        assert!(matches!(dtype(">i2").element(&[0xff, 0xfe]), Some(Element::Int(-2))));
        assert!(matches!(dtype("<u4").element(&[1, 0, 0, 0x80]), Some(Element::Uint(0x8000_0001))));
        assert!(matches!(dtype("<f2").element(&[0, 0x3c]), Some(Element::Float(1.0))));
        assert!(matches!(dtype("<M8[s]").element(&[0, 0, 0, 0, 0, 0, 0, 0x80]), Some(Element::DateTime(None, ..))));
        assert!(matches!(dtype("|S4").element(b"a\0b\0"), Some(Element::Bytes(b"a\0b"))));
        let mut out = Vec::new();
        assert_eq!(text(&[0x41, 0, 0, 0, 0x20, 0xac, 0, 0, 0, 0, 0, 0], false, &mut out), Some(true));
        assert_eq!(out, "A\u{ac20}".as_bytes());
        assert_eq!(text(&[0, 0x11, 0, 0], true, &mut out), None);
        assert_eq!(text(&[0xff, 0xff, 0xff, 0xff], true, &mut out), None);
    }
}
