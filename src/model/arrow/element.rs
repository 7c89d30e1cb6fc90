//! One element of a column.

use num_bigint::BigInt;

use super::{Column, Type, Unit, bit, fixed, index, int, slot};

/// One element; lists, structs and maps say where theirs are.
#[derive(Clone, Debug)]
pub(crate) enum Element<'c, 'g> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float16(half::f16),
    Float32(f32),
    Float64(f64),
    /// Days since 1970.
    Date(i64),
    /// Since midnight.
    Time(Unit, i64),
    /// Since 1970: UTC where there is a zone.
    Timestamp(Unit, i64, Option<&'g str>),
    Duration(Unit, i64),
    MonthDayNano {
        months: i32,
        days: i32,
        nanos: i64,
    },
    /// The unscaled value, and the digits after the point.
    Decimal(BigInt, i32),
    Str(&'g str),
    Bytes(&'g [u8]),
    /// Elements of a column.
    List {
        items: &'c Column<'g>,
        start: usize,
        len: usize,
    },
    /// Element `at` of each column; the names are in the struct's type.
    Struct {
        names: &'c [&'g str],
        fields: &'c [Column<'g>],
        at: usize,
    },
    /// Elements of two columns.
    Map {
        keys: &'c Column<'g>,
        values: &'c Column<'g>,
        start: usize,
        len: usize,
    },
}

/// Dictionaries, unions and run-ends within each other.
const HOPS: usize = super::MAX_NESTING;

impl<'g> Column<'g> {
    /// Element `i`; `None` where the array has none, or its buffers are too short.
    pub fn element(&self, i: usize) -> Option<Element<'_, 'g>> {
        let (mut column, mut i) = (self, i);
        for _ in 0..HOPS {
            let at = column.place(i)?;
            if column.is_null(i) {
                return Some(Element::Null);
            }
            (column, i) = match &column.datatype {
                Type::Dictionary { width, signed } => {
                    (column.dictionary.as_deref()?, index(column.buffer(0), at, *width, *signed)?)
                }
                Type::Union { sparse, codes } => {
                    let code = i8::from_le_bytes(fixed(column.buffer(0), at)?);
                    let child = column.children.get(codes.iter().position(|c| *c == code)?)?;
                    (child, if *sparse { at } else { index(column.buffer(1), at, 4, true)? })
                }
                Type::RunEnd { .. } => {
                    let [ends, values] = column.children.as_slice() else { return None };
                    (values, ends.run(at)?)
                }
                _ => return column.plain(at),
            };
        }
        None
    }

    /// The run that the logical element `at` is in, where this column holds the ends of runs.
    fn run(&self, at: usize) -> Option<usize> {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            let Element::Int(end) = self.plain(self.place(middle)?)? else { return None };
            if usize::try_from(end).ok()? > at {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        (low < self.len).then_some(low)
    }

    /// The element at place `at` of the buffers, which is valid.
    fn plain(&self, at: usize) -> Option<Element<'_, 'g>> {
        let data = self.buffer(0);
        let wide = |width| i64::try_from(int(data, at, width, true)?).ok();
        Some(match &self.datatype {
            Type::Null | Type::Dictionary { .. } | Type::Union { .. } | Type::RunEnd { .. } => Element::Null,
            Type::Bool => Element::Bool(bit(data, at)?),
            Type::Int { width, signed: true } => Element::Int(wide(*width)?),
            Type::Int { width, signed: false } => Element::Uint(u64::try_from(int(data, at, *width, false)?).ok()?),
            Type::Float(2) => Element::Float16(half::f16::from_le_bytes(fixed(data, at)?)),
            Type::Float(4) => Element::Float32(f32::from_le_bytes(fixed(data, at)?)),
            Type::Float(_) => Element::Float64(f64::from_le_bytes(fixed(data, at)?)),
            Type::Date32 => Element::Date(wide(4)?),
            Type::Date64 => Element::Date(wide(8)?.div_euclid(MILLIS_PER_DAY)),
            Type::Time32(unit) => Element::Time(*unit, wide(4)?),
            Type::Time64(unit) => Element::Time(*unit, wide(8)?),
            Type::Timestamp(unit, zone) => Element::Timestamp(*unit, wide(8)?, *zone),
            Type::Duration(unit) => Element::Duration(*unit, wide(8)?),
            Type::MonthDayNano => {
                let bytes: [u8; 16] = fixed(data, at)?;
                Element::MonthDayNano {
                    months: i32::from_le_bytes(fixed(&bytes, 0)?),
                    days: i32::from_le_bytes(fixed(&bytes, 1)?),
                    nanos: i64::from_le_bytes(fixed(&bytes, 1)?),
                }
            }
            Type::Decimal { width, scale, .. } => {
                Element::Decimal(BigInt::from_signed_bytes_le(slot(data, at, *width)?), *scale)
            }
            Type::FixedBinary(width) => Element::Bytes(slot(data, at, *width)?),
            Type::Variable { large, text } => {
                let (start, end) = self.range(at, *large)?;
                text_or_bytes(self.buffer(1).get(start..end)?, *text)?
            }
            Type::View { text } => text_or_bytes(self.view(at)?, *text)?,
            Type::List { large } => {
                let (start, end) = self.range(at, *large)?;
                Element::List { items: self.children.first()?, start, len: end - start }
            }
            Type::ListView { large } => {
                let width = if *large { 8 } else { 4 };
                let start = index(data, at, width, true)?;
                let len = index(self.buffer(1), at, width, true)?;
                Element::List { items: self.children.first()?, start, len }
            }
            Type::FixedList(size) => {
                Element::List { items: self.children.first()?, start: at.checked_mul(*size)?, len: *size }
            }
            Type::Struct(names) => Element::Struct { names, fields: &self.children, at },
            Type::Map => {
                let (start, end) = self.range(at, false)?;
                let entries = self.children.first()?;
                let [keys, values] = entries.children.as_slice() else { return None };
                Element::Map { keys, values, start: entries.offset.checked_add(start)?, len: end - start }
            }
        })
    }

    /// Two offsets after each other, the first not greater.
    pub(super) fn range(&self, at: usize, large: bool) -> Option<(usize, usize)> {
        let width = if large { 8 } else { 4 };
        let start = index(self.buffer(0), at, width, true)?;
        let end = index(self.buffer(0), at.checked_add(1)?, width, true)?;
        (start <= end).then_some((start, end))
    }

    /// What a view of 16 bytes points to.
    pub(super) fn view(&self, at: usize) -> Option<&'g [u8]> {
        let view = slot(self.buffer(0), at, 16)?;
        let len = index(view, 0, 4, true)?;
        if len <= INLINE {
            return view.get(4..)?.get(..len);
        }
        let buffer = index(view, 2, 4, true)?.checked_add(1)?;
        let start = index(view, 3, 4, true)?;
        self.buffers.get(buffer)?.get(start..start.checked_add(len)?)
    }
}

pub(super) const MILLIS_PER_DAY: i64 = 86_400_000;
/// Bytes that a view holds itself.
pub(super) const INLINE: usize = 12;

fn text_or_bytes<'c, 'g>(bytes: &'g [u8], text: bool) -> Option<Element<'c, 'g>> {
    if text { std::str::from_utf8(bytes).ok().map(Element::Str) } else { Some(Element::Bytes(bytes)) }
}
