//! When two hashable values are equal, as Python holds them.

use std::borrow::Cow;

use super::{complex_of, has_parts, hash, instant, number_of, special_decimal};
use crate::model::graph::{Graph, Kind};
use crate::model::layout::Layout;
use crate::model::number::{self, Number};
use crate::model::scalar::{self, Plain};
use crate::model::value::Value;

/// Whether Python holds two hashable values equal (`budget` steps at most; beyond, they count as different).
pub(crate) fn equal(graph: &Graph, a: Value, b: Value, budget: &mut u32) -> bool {
    let mut todo = vec![(a, b)];
    while let Some((a, b)) = todo.pop() {
        let Some(left) = budget.checked_sub(1) else { return false };
        *budget = left;
        match (a, b) {
            (Value::Object(x), Value::Object(y)) if x == y => {}
            (Value::Object(x), Value::Object(y)) if graph.kind(x) == graph.kind(y) => match graph.kind(x) {
                // Two lists are compared only as parts of the same objects of named fields.
                Kind::Tuple | Kind::Range | Kind::Slice | Kind::Struct(_) | Kind::List | Kind::Dict
                    if !matches!(graph.kind(x), Kind::Struct(_)) || has_parts(graph, x, true) =>
                {
                    if graph.count(x) != graph.count(y) {
                        return false;
                    }
                    todo.extend(graph.items(x).zip(graph.items(y)));
                }
                Kind::FrozenSet => {
                    let sorted = |id| -> Option<Vec<(u64, Value)>> {
                        let mut steps = 1 << 16;
                        let mut all: Vec<_> = graph
                            .items(id)
                            .map(|v| Some((hash(graph, v, &mut steps).ok()?, v)))
                            .collect::<Option<_>>()?;
                        all.sort_by_key(|(hash, _)| *hash);
                        Some(all)
                    };
                    let (Some(xs), Some(ys)) = (sorted(x), sorted(y)) else { return false };
                    if xs.len() != ys.len() || xs.iter().zip(&ys).any(|(x, y)| x.0 != y.0) {
                        return false;
                    }
                    todo.extend(xs.into_iter().zip(ys).map(|((_, x), (_, y))| (x, y)));
                }
                _ => {
                    if !leaf_equal(graph, a, b) {
                        return false;
                    }
                }
            },
            _ => {
                if !leaf_equal(graph, a, b) {
                    return false;
                }
            }
        }
    }
    true
}

fn text_bytes(graph: &Graph, v: Value) -> Option<&[u8]> {
    match v {
        Value::Str { len, at } => Some(graph.text(len, at).as_bytes()),
        Value::Wtf8 { len, at } => Some(graph.bytes(len, at)),
        _ => None,
    }
}

/// The text or bytes that a numpy scalar equals, as a tag and content.
fn scalar_text(graph: &Graph, value: Value) -> Option<(bool, Cow<'_, [u8]>)> {
    match value {
        Value::Object(id) if graph.kind(id) == Kind::Struct(Layout::Scalar) => match scalar::plain(graph, id)? {
            Plain::Text(text) => Some((true, text.into())),
            Plain::Bytes(bytes) => Some((false, bytes.into())),
            Plain::Number(_) | Plain::Complex(..) => None,
        },
        Value::Bytes { len, at } => Some((false, graph.bytes(len, at).into())),
        Value::Py2Str { len, at } if graph.bytes(len, at).is_ascii() => Some((true, graph.bytes(len, at).into())),
        other => text_bytes(graph, other).map(|text| (true, text.into())),
    }
}

fn leaf_equal(graph: &Graph, a: Value, b: Value) -> bool {
    let is_scalar = |v| matches!(v, Value::Object(id) if graph.kind(id) == Kind::Struct(Layout::Scalar));
    if (is_scalar(a) || is_scalar(b))
        && let (Some(a), Some(b)) = (scalar_text(graph, a), scalar_text(graph, b))
    {
        return a == b;
    }
    if let (Some(a), Some(b)) = (text_bytes(graph, a), text_bytes(graph, b)) {
        return a == b;
    }
    match (a, b) {
        (Value::None, Value::None) => true,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Py2Str { len: a, at: b }, Value::Py2Str { len: c, at: d }) => graph.bytes(a, b) == graph.bytes(c, d),
        (Value::Py2Str { len, at }, other) | (other, Value::Py2Str { len, at }) => {
            let bytes = graph.bytes(len, at);
            bytes.is_ascii() && text_bytes(graph, other) == Some(bytes)
        }
        (Value::Bytes { len: a, at: b }, Value::Bytes { len: c, at: d }) => graph.bytes(a, b) == graph.bytes(c, d),
        (Value::Float { ident: a, value: x }, Value::Float { ident: b, value: y }) => x == y || (a != 0 && a == b),
        (Value::Date(a), Value::Date(b)) => a == b,
        (Value::Time { tz: t, packed: p }, Value::Time { tz: u, packed: q }) => {
            instant(graph, t, p, false) == instant(graph, u, q, false)
        }
        (Value::DateTime { tz: t, packed: p }, Value::DateTime { tz: u, packed: q }) => {
            instant(graph, t, p, true) == instant(graph, u, q, true)
        }
        (Value::TimeDelta { days: a, rest: b }, Value::TimeDelta { days: c, rest: d }) => a == c && b == d,
        (Value::Path { class: a, len: b, at: c }, Value::Path { class: d, len: e, at: f }) => {
            a as u8 & 1 == d as u8 & 1 && graph.bytes(b, c) == graph.bytes(e, f)
        }
        (Value::Ip { class: a, len: b, at: c }, Value::Ip { class: d, len: e, at: f }) => {
            a == d && graph.text(b, c) == graph.text(e, f)
        }
        (Value::Singleton(a), Value::Singleton(b)) => a == b,
        (Value::Global(a), Value::Global(b)) => a == b,
        (Value::Object(x), Value::Object(y)) if graph.kind(x) == Kind::Uuid && graph.kind(y) == Kind::Uuid => {
            match (graph.first::<1>(x), graph.first::<1>(y)) {
                ([Value::Bytes { len: a, at: b }], [Value::Bytes { len: c, at: d }]) => {
                    graph.bytes(a, b) == graph.bytes(c, d)
                }
                _ => false,
            }
        }
        _ => numbers_equal(graph, a, b),
    }
}

fn numbers_equal(graph: &Graph, a: Value, b: Value) -> bool {
    match (number_of(graph, a), number_of(graph, b)) {
        (Some(a), Some(b)) => number::equal(&a, &b),
        (None, None) => match (a, b) {
            (Value::Object(_), Value::Object(_)) => match (complex_of(graph, a), complex_of(graph, b)) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
            (Value::Decimal { len: a, at: b }, Value::Decimal { len: c, at: d }) => {
                let (x, y) = (special_decimal(graph.text(a, b)), special_decimal(graph.text(c, d)));
                x.is_some() && x == y || (a, b) == (c, d)
            }
            _ => false,
        },
        (Some(Number::Float(f)), None) => infinite_decimal(graph, b) == Some(f),
        (None, Some(Number::Float(f))) => infinite_decimal(graph, a) == Some(f),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn infinite_decimal(graph: &Graph, v: Value) -> Option<f64> {
    match v {
        Value::Decimal { len, at } => special_decimal(graph.text(len, at)),
        _ => None,
    }
}
