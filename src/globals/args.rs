//! Arguments of data globals: every wire form that stands for text, bytes or an int, and nothing else.
//!
//! Forms are those of `WIRE` shapes seen from Python 2.7 and 3.6–3.13: text may be an 8-bit str, bytes may be an 8-bit str or a
//! bytearray.

use std::borrow::Cow;

use num_bigint::BigInt;

use crate::model::graph::{Graph, Kind};
use crate::model::value::{NodeId, Value};

pub(super) use crate::model::type_name::type_name;

/// Text: a str, or an ASCII-only 8-bit str.
pub(super) fn text(graph: &Graph, value: Value) -> Option<&str> {
    match value {
        Value::Str { len, at } => Some(graph.text(len, at)),
        Value::Py2Str { len, at } => std::str::from_utf8(graph.bytes(len, at)).ok().filter(|s| s.is_ascii()),
        _ => None,
    }
}

/// Bytes: bytes, a bytearray, or an 8-bit str.
pub(super) fn bytes(graph: &Graph, value: Value) -> Option<&[u8]> {
    match value {
        Value::Bytes { len, at } | Value::ByteArray { len, at } | Value::Py2Str { len, at } => {
            Some(graph.bytes(len, at))
        }
        _ => None,
    }
}

/// How many bytes bytes have; 0 for anything else. Nothing is read for it.
pub(super) fn byte_len(graph: &Graph, value: Value) -> u64 {
    match value {
        Value::Bytes { len, at } | Value::ByteArray { len, at } | Value::Py2Str { len, at } => graph.byte_len(len, at),
        _ => 0,
    }
}

/// Bytes, also as the str of Latin-1 characters that a Python 2 pickle becomes when Python 3 reads and writes it again.
pub(super) fn bytes_or_latin1(graph: &Graph, value: Value) -> Option<Cow<'_, [u8]>> {
    match value {
        Value::Str { len, at } => latin1(graph.text(len, at)).map(Cow::Owned),
        other => bytes(graph, other).map(Cow::Borrowed),
    }
}

/// The bytes of a text of Latin-1 characters.
pub(super) fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

/// An int, but no bool.
pub(super) fn int(value: Value) -> Option<i64> {
    if let Value::Int(n) = value { Some(n) } else { None }
}

/// An int of any size, but no bool.
pub(super) fn big_int(graph: &Graph, value: Value) -> Option<BigInt> {
    match value {
        Value::Int(n) => Some(BigInt::from(n)),
        Value::Big { len, at } => Some(graph.big_int(len, at)),
        _ => None,
    }
}

/// Whether it is an int of any size, but no bool.
pub(super) fn is_int(value: Value) -> bool {
    matches!(value, Value::Int(_) | Value::Big { .. })
}

/// A float, or an int that a float holds exactly.
pub(super) fn float(value: Value) -> Option<f64> {
    match value {
        Value::Float { value, .. } => Some(value),
        Value::Int(n) if n.unsigned_abs() <= 1 << 53 => Some(n as f64),
        _ => None,
    }
}

/// A list or tuple.
pub(super) fn sequence(graph: &Graph, value: Value) -> Option<NodeId> {
    match value {
        Value::Object(id) if matches!(graph.kind(id), Kind::List | Kind::Tuple) => Some(id),
        _ => None,
    }
}

/// A plain dict.
pub(super) fn dict(graph: &Graph, value: Value) -> Option<NodeId> {
    match value {
        Value::Object(id) if graph.kind(id) == Kind::Dict => Some(id),
        _ => None,
    }
}

/// The entries of a plain dict whose keys are all text, in order; `None` where a key is not.
pub(super) fn fields(graph: &Graph, value: Value) -> Option<Vec<(&str, Value)>> {
    let id = dict(graph, value)?;
    let mut items = graph.items(id);
    let mut out = Vec::new();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        out.push((text(graph, key)?, value));
    }
    Some(out)
}

/// A class or function left as a name.
pub(super) fn global(value: Value) -> Option<u32> {
    if let Value::Global(index) = value { Some(index) } else { None }
}
