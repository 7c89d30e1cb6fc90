//! Which values are tables, and which tables lie inside a value that is none.

use std::collections::{HashSet, VecDeque};

use crate::model::graph::{Graph, Kind};
use crate::model::layout::{Layout, Ndarray, Series, Tensor};
use crate::model::tensor;
use crate::model::type_name::type_name;
use crate::model::value::{NodeId, Value};
use crate::writers::path;

/// Tables that are offered.
const OFFERED: usize = 10;
/// Values that are looked at for them; in a list of more, nothing is.
pub(super) const LOOKED_AT: usize = 200_000;

/// A table.
pub(super) enum Found<'g> {
    /// A list of rows.
    Rows(NodeId, RowKind),
    /// The pickles of a file.
    Roots(&'g [Value], RowKind),
    /// A dict of columns of one length.
    Columns(NodeId),
    /// A numpy array of one dimension or more.
    Array(NodeId),
    /// A strided tensor of torch of one dimension or more.
    Tensor(NodeId),
    /// A table of pyarrow.
    Arrow(NodeId),
    Polars(NodeId),
    Frame(NodeId),
    Series(NodeId),
    /// An array of pandas or pyarrow: one column.
    Values(NodeId),
    /// An index of pandas.
    Index(NodeId),
}

/// What rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowKind {
    /// Dicts or instances.
    Keyed,
    /// Tuples or lists of that length.
    Tuple(usize),
    Scalar,
}

/// Why a value is no table.
#[derive(Debug)]
pub(super) struct Missing {
    pub what: String,
}

/// What one row is; `None` where it cannot be one.
fn row(graph: &Graph, value: Value) -> Option<RowKind> {
    let Value::Object(id) = value else { return Some(RowKind::Scalar) };
    match graph.kind(id) {
        Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter | Kind::Record | Kind::Exception => {
            Some(RowKind::Keyed)
        }
        Kind::Tuple | Kind::List => match graph.count(id) {
            0 => None,
            count => Some(RowKind::Tuple(count)),
        },
        Kind::Complex | Kind::Fraction | Kind::Uuid | Kind::Zone => Some(RowKind::Scalar),
        Kind::Struct(layout) if !layout.keeps_identity() => Some(RowKind::Scalar),
        _ => None,
    }
}

/// What rows are that come one after another.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    /// The kind of the first row, and what it is in words.
    first: Option<(RowKind, String)>,
    rows: u64,
}

impl Kinds {
    /// Takes the next row; the kind that all have so far.
    ///
    /// # Errors
    /// It is of another kind than those before, or of none.
    pub fn take(&mut self, graph: &Graph, value: Value) -> Result<RowKind, Missing> {
        let n = self.rows;
        let Some(kind) = row(graph, value) else {
            return Err(Missing { what: format!("a list whose item {n} is {}", article(graph, value)) });
        };
        self.rows += 1;
        let (first, words) = self.first.get_or_insert_with(|| (kind, article(graph, value)));
        match (*first, kind) {
            (first, kind) if first == kind => Ok(kind),
            (RowKind::Tuple(a), RowKind::Tuple(b)) => {
                Err(Missing { what: format!("a list of rows of different lengths: {a}, and {b} at item {n}") })
            }
            _ => {
                let other = article(graph, value);
                Err(Missing { what: format!("a list of items of different kinds: {words}, and {other} at item {n}") })
            }
        }
    }

    /// What all rows are.
    ///
    /// # Errors
    /// There are none.
    pub fn all(&self) -> Result<RowKind, Missing> {
        let first = self.first.as_ref().map(|(kind, _)| *kind);
        first.ok_or_else(|| Missing { what: "an empty list, which has no columns".to_owned() })
    }
}

/// What all rows are.
///
/// # Errors
/// They are not of one kind, or there are none.
pub(super) fn rows(graph: &Graph, values: &mut dyn Iterator<Item = Value>) -> Result<RowKind, Missing> {
    let mut kinds = Kinds::default();
    for value in values {
        kinds.take(graph, value)?;
    }
    kinds.all()
}

/// The items of a column, where a value can be one.
pub(super) fn column_len(graph: &Graph, value: Value) -> Option<usize> {
    let Value::Object(id) = value else { return None };
    match graph.kind(id) {
        Kind::List | Kind::Tuple => Some(graph.count(id)),
        Kind::Array => Some(match crate::writers::text::array(graph, id).1 {
            crate::writers::text::ArrayContent::Numbers(numbers) => numbers.len(),
            crate::writers::text::ArrayContent::Text(_) | crate::writers::text::ArrayContent::Bytes(_) => return None,
        }),
        Kind::Struct(Layout::Ndarray) => match tensor::sizes(graph, Ndarray::of(graph, id).shape).as_slice() {
            [len, ..] => Some(*len),
            [] => None,
        },
        Kind::Struct(Layout::Series) => crate::model::column::length(graph, Series::of(graph, id).data)
            .ok()
            .and_then(|len| usize::try_from(len).ok()),
        _ => None,
    }
}

/// The table that a value is.
///
/// # Errors
/// It is none.
pub(super) fn table<'g>(graph: &'g Graph, value: Value) -> Result<Found<'g>, Missing> {
    let none = || Missing { what: article(graph, value) };
    let Value::Object(id) = value else { return Err(none()) };
    match graph.kind(id) {
        Kind::List | Kind::Tuple | Kind::Deque => rows(graph, &mut graph.items(id)).map(|kind| Found::Rows(id, kind)),
        Kind::Dict | Kind::OrderedDict | Kind::DefaultDict => {
            let mut lengths = graph.items(id).skip(1).step_by(2).map(|column| column_len(graph, column));
            match lengths.next() {
                None => Err(Missing { what: "an empty dict".to_owned() }),
                Some(None) => Err(none()),
                Some(Some(first)) => match lengths.find(|len| *len != Some(first)) {
                    None => Ok(Found::Columns(id)),
                    Some(None) => Err(none()),
                    Some(Some(other)) => {
                        Err(Missing { what: format!("a dict of columns of different lengths: {first} and {other}") })
                    }
                },
            }
        }
        Kind::Struct(Layout::DataFrame) => Ok(Found::Frame(id)),
        Kind::Struct(Layout::Series) => Ok(Found::Series(id)),
        Kind::Struct(Layout::ArrowArray | Layout::ArrowChunked) => Ok(Found::Values(id)),
        Kind::Struct(layout) if layout.is_pandas_array() => Ok(Found::Values(id)),
        Kind::Struct(Layout::ArrowTable) => Ok(Found::Arrow(id)),
        Kind::Struct(Layout::Polars) => Ok(Found::Polars(id)),
        Kind::Struct(Layout::Tensor) => match tensor::sizes(graph, Tensor::of(graph, id).shape).as_slice() {
            [] => Err(Missing { what: "a tensor of no dimensions".to_owned() }),
            _ => Ok(Found::Tensor(id)),
        },
        Kind::Struct(Layout::Index | Layout::RangeIndex | Layout::MultiIndex) => Ok(Found::Index(id)),
        Kind::Struct(Layout::Ndarray) => match tensor::sizes(graph, Ndarray::of(graph, id).shape).as_slice() {
            [] => Err(Missing { what: "an array of no dimensions".to_owned() }),
            _ => Ok(Found::Array(id)),
        },
        _ => Err(none()),
    }
}

/// A value's type with what a message needs to be read: `a dict`, `an int`.
fn article(graph: &Graph, value: Value) -> String {
    let name = type_name(graph, value);
    let vowel = name.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O']) && !name.starts_with("uu");
    format!("{} {name}", if vowel { "an" } else { "a" })
}

/// The paths of tables inside values that are none: first those of more than one column, nearest first.
pub(super) fn inside(graph: &Graph, roots: &[Value], prefix: &str) -> Vec<String> {
    let (mut wide, mut narrow) = (Vec::new(), Vec::new());
    let mut todo: VecDeque<(Value, String)> = VecDeque::new();
    let mut seen = HashSet::new();
    let mut left = LOOKED_AT;
    match roots {
        [root] => todo.push_back((*root, prefix.to_owned())),
        many => {
            for (n, root) in many.iter().enumerate().take(LOOKED_AT) {
                todo.push_back((*root, format!("{prefix}[{n}]")));
            }
        }
    }
    while let Some((value, at)) = todo.pop_front() {
        let Value::Object(id) = value else { continue };
        if wide.len() == OFFERED || !seen.insert(id) {
            continue;
        }
        let Some(rest) = left.checked_sub(graph.count(id).max(1)) else { continue };
        left = rest;
        match table(graph, value) {
            Ok(Found::Rows(_, RowKind::Scalar) | Found::Index(_)) => narrow.push(at),
            Ok(_) => wide.push(at),
            Err(_) => below(graph, id, &at, &mut todo),
        }
    }
    wide.append(&mut narrow);
    wide.truncate(OFFERED);
    wide
}

/// The text of the key and the path of each table of a dict of tables.
///
/// # Errors
/// A value that is no table, or a key that names none.
pub(super) fn parts(graph: &Graph, root: Value, prefix: &str) -> Result<Vec<(String, String)>, Missing> {
    let none = || Missing { what: article(graph, root) };
    let Value::Object(id) = root else { return Err(none()) };
    if !matches!(graph.kind(id), Kind::Dict | Kind::OrderedDict | Kind::DefaultDict) {
        return Err(none());
    }
    let mut out = Vec::new();
    let mut zones = crate::model::zones::Zones::new();
    let mut items = graph.items(id);
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        let mut path = prefix.to_owned();
        path::push_key(graph, key, &mut path);
        let mut name = String::new();
        if !matches!(crate::writers::text::key(graph, &mut zones, key, &mut name), Ok(true)) {
            return Err(Missing { what: format!("a key that names no file: `{path}`") });
        }
        if let Err(missing) = table(graph, value) {
            return Err(Missing { what: format!("{} at `{path}`", missing.what) });
        }
        out.push((name, path));
    }
    if out.is_empty() { Err(Missing { what: "an empty dict".to_owned() }) } else { Ok(out) }
}

/// Adds what a container holds, by the paths that `--select` takes.
fn below(graph: &Graph, id: NodeId, at: &str, todo: &mut VecDeque<(Value, String)>) {
    match graph.kind(id) {
        Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter => {
            let mut items = graph.items(id);
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                if matches!(value, Value::Object(_)) {
                    let mut path = at.to_owned();
                    path::push_key(graph, key, &mut path);
                    todo.push_back((value, path));
                }
            }
        }
        Kind::List | Kind::Tuple | Kind::Deque => {
            for (n, value) in graph.items(id).enumerate() {
                if matches!(value, Value::Object(_)) {
                    let mut path = at.to_owned();
                    path::push_index(n as u64, &mut path);
                    todo.push_back((value, path));
                }
            }
        }
        Kind::Record | Kind::Exception => {
            use crate::model::record::{FIXED, then};
            let mut after = graph.items(id).skip(FIXED);
            while let (Some(Value::Int(what)), Some(value)) = (after.next(), after.next()) {
                if let (then::STATE, Value::Object(state)) = (what, value)
                    && graph.kind(state) == Kind::Dict
                {
                    below(graph, state, at, todo);
                }
            }
        }
        _ => {}
    }
}
