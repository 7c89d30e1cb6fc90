//! Arrays, chunked arrays, tables, scalars and buffers of Arrow.

use super::super::{Class, Ctx, args};
use super::function;
use crate::machine::Reject;
use crate::model::arrow::{Column, MAX_NESTING, is_type, same_type, type_children};
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{ArrowArray, ArrowChunked, ArrowField, ArrowScalar, ArrowSchema, ArrowTable, Layout};
use crate::model::value::{NodeId, Value};

pub(super) static ARRAY: Class = function(array);
pub(super) static CHUNKED: Class = function(chunked);
pub(super) static TABLE: Class = function(table);
pub(super) static SCALAR: Class = function(scalar);
pub(super) static BUFFER: Class = function(buffer);

/// Comparisons of types in one call.
const STEPS: u64 = 1 << 16;
/// Bytes paid for each 7-tuple that is looked at.
const LOOK: u64 = 256;

/// Bytes as a buffer has them.
fn buffer(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match *ctx.args {
        [Value::Bytes { len, at } | Value::ByteArray { len, at } | Value::Py2Str { len, at }] => {
            Ok(Value::Bytes { len, at })
        }
        _ => ctx.reject("expected bytes"),
    }
}

/// A 7-tuple whose children are looked at, too.
struct Node {
    datatype: Value,
    length: Value,
    null_count: Value,
    offset: Value,
    buffers: Vec<Value>,
    /// The children; after them the dictionary, if there is one.
    below: Vec<usize>,
    has_dictionary: bool,
    level: usize,
}

/// `_restore_array`: the array and its children, which are the same tuples without the call.
fn array(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [root] = *ctx.args else { return ctx.reject("expected one tuple of 7 parts") };
    let (mut nodes, mut todo): (Vec<Node>, Vec<(Value, usize)>) = (Vec::new(), vec![(root, 0)]);
    let mut next = 0;
    // Breadth first, so that what lies below a node comes after it.
    while let Some(&(tuple, level)) = todo.get(next) {
        next += 1;
        ctx.graph.charge(LOOK)?;
        if level >= MAX_NESTING {
            return ctx.reject(format!("expected at most {MAX_NESTING} levels of nested arrays"));
        }
        let Some(mut node) = node(ctx.graph, tuple, level) else {
            return ctx.reject("expected a type, length, count of nulls, offset, buffers, children and a dictionary");
        };
        let [_, _, _, _, _, children, dictionary] = parts(ctx.graph, tuple).unwrap_or([Value::None; 7]);
        if let Some(children) = args::sequence(ctx.graph, children) {
            ctx.graph.charge(LOOK.saturating_mul(ctx.graph.count(children) as u64))?;
            for child in ctx.graph.items(children) {
                node.below.push(todo.len());
                todo.push((child, level + 1));
            }
        }
        if node.has_dictionary {
            node.below.push(todo.len());
            todo.push((dictionary, level + 1));
        }
        nodes.push(node);
    }
    let made = assemble(ctx, &nodes)?;
    let column = match Column::of(ctx.graph, made) {
        Ok(column) => column,
        Err(problem) => return ctx.reject(problem),
    };
    let work = column.work();
    drop(column);
    ctx.graph.charge(work)?;
    match Column::of(ctx.graph, made).and_then(|column| column.check()) {
        Ok(()) => Ok(Value::Object(made)),
        Err(problem) => ctx.reject(problem),
    }
}

fn parts(graph: &Graph, tuple: Value) -> Option<[Value; 7]> {
    args::sequence(graph, tuple).filter(|id| graph.count(*id) == 7).map(|id| graph.first::<7>(id))
}

fn node(graph: &Graph, tuple: Value, level: usize) -> Option<Node> {
    let [datatype, length, null_count, offset, buffers, children, dictionary] = parts(graph, tuple)?;
    if !is_type(graph, datatype) || args::sequence(graph, children).is_none() {
        return None;
    }
    let mut held = Vec::new();
    for buffer in graph.items(args::sequence(graph, buffers)?) {
        held.push(match buffer {
            Value::None | Value::Bytes { .. } => buffer,
            Value::ByteArray { len, at } => Value::Bytes { len, at },
            _ => return None,
        });
    }
    let has_dictionary = !matches!(dictionary, Value::None);
    let below = Vec::new();
    Some(Node { datatype, length, null_count, offset, buffers: held, below, has_dictionary, level })
}

/// Makes the arrays, those below first; returns the first.
fn assemble(ctx: &mut Ctx<'_>, nodes: &[Node]) -> Result<NodeId, Reject> {
    let mut made: Vec<Option<NodeId>> = vec![None; nodes.len()];
    let mut steps = STEPS;
    for (at, node) in nodes.iter().enumerate().rev() {
        let mut below: Vec<Value> = Vec::with_capacity(node.below.len());
        for child in &node.below {
            below.extend(made.get(*child).copied().flatten().map(Value::Object));
        }
        let mut types: Vec<Value> = Vec::with_capacity(below.len());
        for child in &node.below {
            types.extend(nodes.get(*child).map(|child| child.datatype));
        }
        if !children_fit(ctx.graph, node.datatype, &types, &mut steps) {
            return ctx.reject("expected children of the types that the type of their array has");
        }
        let dictionary = if node.has_dictionary { below.pop().unwrap_or(Value::None) } else { Value::None };
        let buffers = Value::Object(ctx.graph.object(Kind::List, &node.buffers)?);
        let children = match below.as_slice() {
            [] => Value::None,
            children => Value::Object(ctx.graph.object(Kind::List, children)?),
        };
        let (datatype, length) = (node.datatype, node.length);
        let (null_count, offset) = (node.null_count, node.offset);
        let array = ArrowArray { datatype, length, null_count, offset, buffers, children, dictionary };
        let id = ctx.graph.alloc(Kind::Struct(Layout::ArrowArray))?;
        ctx.graph.become_structure(id, &array)?;
        if let Some(slot) = made.get_mut(at) {
            *slot = Some(id);
        }
        debug_assert!(node.level < MAX_NESTING);
    }
    match made.first().copied().flatten() {
        Some(id) => Ok(id),
        None => ctx.reject("expected an array"),
    }
}

/// Whether arrays of those types are what lies below an array of a type. The entries of a map are one child of their own.
fn children_fit(graph: &Graph, datatype: Value, found: &[Value], steps: &mut u64) -> bool {
    let Some(expected) = type_children(graph, datatype) else { return false };
    let is_map = matches!(crate::model::arrow::Type::of(graph, datatype), Some(crate::model::arrow::Type::Map));
    let found = match found {
        [entries] if is_map => match type_children(graph, *entries) {
            Some(fields) => fields,
            None => return false,
        },
        found => found.to_vec(),
    };
    expected.len() == found.len() && expected.iter().zip(&found).all(|(a, b)| same_type(graph, *a, *b, steps))
}

/// The type of an array, or of a chunked one, and its length.
fn array_type(graph: &Graph, value: Value) -> Option<(Value, u64)> {
    let length = |id| match ArrowArray::of(graph, id).length {
        Value::Int(n) => u64::try_from(n).ok(),
        _ => None,
    };
    match graph.layout(value)? {
        (Layout::ArrowArray, id) => Some((ArrowArray::of(graph, id).datatype, length(id)?)),
        (Layout::ArrowChunked, id) => {
            let chunked = ArrowChunked::of(graph, id);
            let mut sum = 0_u64;
            for chunk in graph.items(args::sequence(graph, chunked.chunks)?) {
                let (Layout::ArrowArray, id) = graph.layout(chunk)? else { return None };
                sum = sum.checked_add(length(id)?)?;
            }
            Some((chunked.datatype, sum))
        }
        _ => None,
    }
}

fn chunked(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [chunks, datatype] = *ctx.args else { return ctx.reject("expected a list of arrays and their type") };
    let Some(list) = args::sequence(ctx.graph, chunks).filter(|_| is_type(ctx.graph, datatype)) else {
        return ctx.reject("expected a list of arrays and their type");
    };
    let mut steps = STEPS.max(ctx.graph.count(list) as u64);
    let mut total = 0_u64;
    for chunk in ctx.graph.items(list) {
        let fits = match (ctx.graph.layout(chunk), array_type(ctx.graph, chunk)) {
            (Some((Layout::ArrowArray, _)), Some((found, len)))
                if same_type(ctx.graph, found, datatype, &mut steps) =>
            {
                total.checked_add(len).filter(|sum| i64::try_from(*sum).is_ok())
            }
            _ => None,
        };
        match fits {
            Some(sum) => total = sum,
            None => return ctx.reject("expected a list of arrays and their type"),
        }
    }
    let chunks: Vec<Value> = ctx.graph.items(list).collect();
    let chunks = Value::Object(ctx.graph.object(Kind::List, &chunks)?);
    Ok(ctx.graph.structure(&ArrowChunked { datatype, chunks })?)
}

/// A table of chunked arrays, or a record batch of arrays.
fn table(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [columns, schema] = *ctx.args else { return ctx.reject("expected a list of columns and a schema") };
    let fields = match ctx.graph.layout(schema) {
        Some((Layout::ArrowSchema, id)) => args::sequence(ctx.graph, ArrowSchema::of(ctx.graph, id).fields),
        _ => None,
    };
    let (Some(list), Some(fields)) = (args::sequence(ctx.graph, columns), fields) else {
        return ctx.reject("expected a list of columns and a schema");
    };
    if ctx.graph.count(list) != ctx.graph.count(fields) {
        return ctx.reject(format!(
            "expected a column for each of {} fields, found {}",
            ctx.graph.count(fields),
            ctx.graph.count(list)
        ));
    }
    let is_table = ctx.graph.global(ctx.global).name == "_reconstruct_table";
    let layout = if is_table { Layout::ArrowChunked } else { Layout::ArrowArray };
    let mut steps = STEPS.max(ctx.graph.count(list) as u64);
    let mut rows = None;
    for (column, field) in ctx.graph.items(list).zip(ctx.graph.items(fields)) {
        let datatype = match ctx.graph.layout(field) {
            Some((Layout::ArrowField, id)) => ArrowField::of(ctx.graph, id).datatype,
            _ => Value::None,
        };
        match (ctx.graph.layout(column), array_type(ctx.graph, column)) {
            (Some((found, _)), Some((given, len)))
                if found == layout
                    && same_type(ctx.graph, given, datatype, &mut steps)
                    && rows.is_none_or(|rows| rows == len) =>
            {
                rows = Some(len);
            }
            _ => return ctx.reject("expected columns of one length, of the types of their fields"),
        }
    }
    let columns: Vec<Value> = ctx.graph.items(list).collect();
    let columns = Value::Object(ctx.graph.object(Kind::List, &columns)?);
    Ok(ctx.graph.structure(&ArrowTable { schema, columns })?)
}

/// A scalar, by the Python value that `as_py` gives.
fn scalar(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match *ctx.args {
        [value, datatype] if is_type(ctx.graph, datatype) => {
            Ok(ctx.graph.structure(&ArrowScalar { value, datatype })?)
        }
        _ => ctx.reject("expected a value and its type"),
    }
}
