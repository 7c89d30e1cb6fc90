//! NumPy: dtypes, arrays, scalars, masked arrays; random states and polynomials as records.
//!
//! Wire forms are those of NumPy 1.11 to 2.5. Source: `numpy/_core/src/multiarray/{descriptor,methods,multiarraymodule}.c`,
//! `numpy/_core/numeric.py`, `numpy/ma/core.py`. What an array is made of is checked in one place, [`array::validated`]; whoever
//! reads arrays from elsewhere (joblib, `.npy`, pandas) goes through it.

pub(in crate::globals) mod array;
pub(in crate::globals) mod dtype;
mod inert;
mod masked;
mod scalar;
#[cfg(test)]
mod tests;

use super::table::Row;
use super::{Ctx, args};
use crate::error::LimitExceeded;
use crate::machine::Reject;
use crate::model::graph::{Graph, Kind};
use crate::model::value::{NodeId, Value};

/// The families of names.
pub(super) static ROWS: [&[Row]; 5] = [dtype::ROWS, array::ROWS, scalar::ROWS, masked::ROWS, inert::ROWS];

/// Why parts do not make an array or dtype.
#[derive(Debug)]
pub(in crate::globals) enum Problem {
    /// `expected …, found …`
    What(String),
    Limit(LimitExceeded),
    /// It depends on what was refused already.
    Tainted,
}

impl From<LimitExceeded> for Problem {
    fn from(e: LimitExceeded) -> Self {
        Problem::Limit(e)
    }
}

impl From<String> for Problem {
    fn from(what: String) -> Self {
        Problem::What(what)
    }
}

impl From<&str> for Problem {
    fn from(what: &str) -> Self {
        Problem::What(what.to_owned())
    }
}

impl Ctx<'_> {
    /// The result of a check, as a finding about the callee.
    pub(in crate::globals) fn checked<T>(&self, result: Result<T, Problem>) -> Result<T, Reject> {
        match result {
            Ok(value) => Ok(value),
            Err(Problem::What(what)) => self.reject(what),
            Err(Problem::Limit(e)) => Err(Reject::Limit(e)),
            Err(Problem::Tainted) => Err(Reject::Tainted),
        }
    }
}

/// The items of a tuple of at most `N`; what is beyond its end is None.
fn tuple<const N: usize>(graph: &Graph, value: Value) -> Option<(NodeId, usize, [Value; N])> {
    match value {
        Value::Object(id) if graph.kind(id) == Kind::Tuple => {
            let count = graph.count(id);
            (count <= N).then(|| (id, count, graph.first::<N>(id)))
        }
        _ => None,
    }
}

/// A flag: a bool, or 0 or 1 as older versions wrote it.
fn flag(value: Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(flag),
        Value::Int(0) => Some(false),
        Value::Int(1) => Some(true),
        _ => None,
    }
}

/// `b'b'`, the dtype of the empty array that the state then fills, and `(0,)`, its shape.
fn is_placeholder(graph: &Graph, shape: Value, code: Value) -> bool {
    let zero = matches!(tuple::<1>(graph, shape), Some((_, 1, [Value::Int(0)])));
    zero && args::bytes_or_latin1(graph, code).as_deref() == Some(b"b")
}
