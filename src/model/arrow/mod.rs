//! Arrays of Arrow as columns: a type, buffers that are borrowed, children; their elements one by one.
//!
//! A column is made from an `ArrowArray` of the graph ([`Column::of`]) and checked as a whole ([`Column::check`]); whoever reads
//! elements still gets `None` instead of a panic where a buffer is too short. Layouts: Arrow columnar format 1.5, "Physical
//! memory layout". Nesting is bounded by [`MAX_NESTING`], as Arrow's own readers bound it.

mod check;
mod datatype;
mod element;

pub(crate) use datatype::{Type, Unit, children as type_children, is_type, same_type};
pub(crate) use element::Element;

use crate::model::graph::{Graph, Kind};
use crate::model::layout::{ArrowArray, Layout};
use crate::model::value::{NodeId, Value};

/// Levels of nested arrays.
pub(crate) const MAX_NESTING: usize = 64;

/// An array of Arrow.
#[derive(Debug)]
pub(crate) struct Column<'g> {
    pub datatype: Type<'g>,
    pub len: usize,
    /// Elements of every buffer that come before the first.
    pub offset: usize,
    /// -1 where it was not counted.
    pub null_count: i64,
    /// One bit per element; absent where all are valid.
    pub validity: Option<&'g [u8]>,
    /// The buffers after the validity; one that is absent is empty.
    pub buffers: Vec<&'g [u8]>,
    pub children: Vec<Column<'g>>,
    pub dictionary: Option<Box<Column<'g>>>,
}

impl<'g> Column<'g> {
    /// The column that an `ArrowArray` of the graph is; it may still be inconsistent.
    ///
    /// # Errors
    /// What is not as the layout says.
    pub fn of(graph: &'g Graph, id: NodeId) -> Result<Self, String> {
        column(graph, id, 0)
    }

    /// Element `i` in the buffers, where `i` is one of the array.
    fn place(&self, i: usize) -> Option<usize> {
        if i < self.len { self.offset.checked_add(i) } else { None }
    }

    /// Whether element `i` is null by the array's own validity.
    pub fn is_null(&self, i: usize) -> bool {
        match self.validity {
            Some(bits) => !self.place(i).and_then(|at| bit(bits, at)).unwrap_or(false),
            None => matches!(self.datatype, Type::Null),
        }
    }

    /// A buffer after the validity; empty where it is absent.
    fn buffer(&self, n: usize) -> &'g [u8] {
        self.buffers.get(n).copied().unwrap_or(&[])
    }
}

fn column<'g>(graph: &'g Graph, id: NodeId, level: usize) -> Result<Column<'g>, String> {
    if level >= MAX_NESTING {
        return Err(format!("expected at most {MAX_NESTING} levels of nested arrays"));
    }
    let array = match graph.kind(id) {
        Kind::Struct(Layout::ArrowArray) => ArrowArray::of(graph, id),
        _ => return Err("expected an array".to_owned()),
    };
    let size = |value| match value {
        Value::Int(n) => usize::try_from(n).ok(),
        _ => None,
    };
    let (Some(len), Some(offset), Value::Int(null_count)) = (size(array.length), size(array.offset), array.null_count)
    else {
        return Err("expected ints as length, offset and count of nulls".to_owned());
    };
    if len.checked_add(offset).is_none_or(|end| i64::try_from(end).is_err()) {
        return Err("expected a length and an offset of 63 bits in all".to_owned());
    }
    let datatype = Type::of(graph, array.datatype).ok_or("expected a type of Arrow")?;
    let mut buffers = Vec::new();
    for buffer in list(graph, array.buffers).ok_or("expected a list of buffers")? {
        buffers.push(match buffer {
            Value::None => None,
            Value::Bytes { len, at } => Some(graph.bytes(len, at)),
            _ => return Err("expected bytes or None as buffers".to_owned()),
        });
    }
    let mut children = Vec::new();
    if !matches!(array.children, Value::None) {
        for child in list(graph, array.children).ok_or("expected a list of children")? {
            match child {
                Value::Object(child) => children.push(column(graph, child, level + 1)?),
                _ => return Err("expected arrays as children".to_owned()),
            }
        }
    }
    let dictionary = match array.dictionary {
        Value::None => None,
        Value::Object(id) => Some(Box::new(column(graph, id, level + 1)?)),
        _ => return Err("expected an array as dictionary".to_owned()),
    };
    let mut buffers = buffers.into_iter();
    let validity = buffers.next().flatten();
    let buffers = buffers.map(Option::unwrap_or_default).collect();
    Ok(Column { datatype, len, offset, null_count, validity, buffers, children, dictionary })
}

/// The items of a list.
pub(crate) fn list(graph: &Graph, value: Value) -> Option<crate::model::graph::Items<'_>> {
    match value {
        Value::Object(id) if matches!(graph.kind(id), Kind::List | Kind::Tuple) => Some(graph.items(id)),
        _ => None,
    }
}

/// Bit `at`, least significant first.
fn bit(bits: &[u8], at: usize) -> Option<bool> {
    Some(bits.get(at / 8)? >> (at % 8) & 1 == 1)
}

/// Element `at` of `N` bytes.
fn fixed<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    let start = at.checked_mul(N)?;
    bytes.get(start..start.checked_add(N)?)?.try_into().ok()
}

/// Element `at` of `width` bytes.
fn slot(bytes: &[u8], at: usize, width: usize) -> Option<&[u8]> {
    let start = at.checked_mul(width)?;
    bytes.get(start..start.checked_add(width)?)
}

/// A little-endian int of 1, 2, 4 or 8 bytes.
fn int(bytes: &[u8], at: usize, width: usize, signed: bool) -> Option<i128> {
    Some(match (width, signed) {
        (1, true) => i8::from_le_bytes(fixed(bytes, at)?).into(),
        (2, true) => i16::from_le_bytes(fixed(bytes, at)?).into(),
        (4, true) => i32::from_le_bytes(fixed(bytes, at)?).into(),
        (8, true) => i64::from_le_bytes(fixed(bytes, at)?).into(),
        (1, false) => u8::from_le_bytes(fixed(bytes, at)?).into(),
        (2, false) => u16::from_le_bytes(fixed(bytes, at)?).into(),
        (4, false) => u32::from_le_bytes(fixed(bytes, at)?).into(),
        (8, false) => u64::from_le_bytes(fixed(bytes, at)?).into(),
        _ => return None,
    })
}

/// A little-endian int of 1, 2, 4 or 8 bytes that is a size or an index.
fn index(bytes: &[u8], at: usize, width: usize, signed: bool) -> Option<usize> {
    usize::try_from(int(bytes, at, width, signed)?).ok()
}
