//! `scipy.sparse`: matrices and arrays of every format, in the parts that they are made of.
//!
//! Source: scipy 0.18 to 1.17, `scipy/sparse/_*.py` (`check_format` and the attributes each class has). A pickle is the instance's
//! `__dict__`. Indices that are not sorted, and several entries at one place, are legal; what points outside is not.

use super::table::{Row, Use, module};
use super::{Class, Ctx, Forms, args, records};
use crate::machine::Reject;
use crate::model::graph::{Graph, Kind};
use crate::model::key;
use crate::model::layout::Sparse;
use crate::model::sparse::{Ints, array, index, objects};
use crate::model::tensor;
use crate::model::value::{NodeId, Value};

macro_rules! rows {
    ($($format:literal $class:ident [$($module:literal)+] [$($name:literal)+] $guard:literal;)*) => {
        &[$(Row {
            kind: "scipy-sparse",
            modules: &[$(module($module),)+ module("scipy.sparse._arrays")],
            names: &[$($name),+],
            uses: Use::Data(&$class),
            guard: $guard,
        },)*]
    };
}

pub(super) static ROWS: &[Row] = rows![
    "csr" CSR ["scipy.sparse._csr" "scipy.sparse.csr"] ["csr_matrix" "csr_array"]
        "(); the state: shape, data, indices, indptr";
    "csc" CSC ["scipy.sparse._csc" "scipy.sparse.csc"] ["csc_matrix" "csc_array"]
        "(); the state: shape, data, indices, indptr";
    "bsr" BSR ["scipy.sparse._bsr" "scipy.sparse.bsr"] ["bsr_matrix" "bsr_array"]
        "(); the state: shape, data (blocks), indices, indptr";
    "coo" COO ["scipy.sparse._coo" "scipy.sparse.coo"] ["coo_matrix" "coo_array"]
        "(); the state: shape, data, coords or row and col";
    "dia" DIA ["scipy.sparse._dia" "scipy.sparse.dia"] ["dia_matrix" "dia_array"]
        "(); the state: shape, data (diagonals), offsets";
    "lil" LIL ["scipy.sparse._lil" "scipy.sparse.lil"] ["lil_matrix" "lil_array"]
        "(); the state: shape, data, rows: arrays of lists";
    "dok" DOK ["scipy.sparse._dok" "scipy.sparse.dok"] ["dok_matrix" "dok_array"]
        "a dict of indices and values; the state: shape";
];

const fn format(build: super::Build) -> Class {
    Class { forms: Forms::NEWOBJ, call: waiting, build: Some(build), bare: true }
}

static CSR: Class = format(|ctx, id, state| compressed(ctx, id, state, "csr"));
static CSC: Class = format(|ctx, id, state| compressed(ctx, id, state, "csc"));
static BSR: Class = format(|ctx, id, state| compressed(ctx, id, state, "bsr"));
static COO: Class = format(coo);
static DIA: Class = format(dia);
static LIL: Class = format(lil);
/// Made by `copyreg._reconstructor` at every protocol, since it is a dict with a layout of its own.
pub(super) static DOK: Class = format(dok);

/// Dimensions of an array.
const MAX_DIMS: usize = 64;

fn waiting(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject(format!("expected no arguments, found {}", ctx.args.len()));
    }
    ctx.pending(None)
}

/// What every state has, and the rest of it.
struct State {
    shape: Vec<usize>,
    /// The shape as a list.
    shape_list: Value,
    /// Name and value of the attributes that the format has.
    parts: Vec<(&'static str, Value)>,
    own: Value,
}

impl State {
    fn part(&self, name: &str) -> Option<Value> {
        self.parts.iter().find(|part| part.0 == name).map(|part| part.1)
    }
}

/// Takes a state apart: `names` are the format's attributes.
fn taken(ctx: &mut Ctx<'_>, target: NodeId, state: Value, names: &[&'static str]) -> Result<State, Reject> {
    if ctx.graph.kind(target) != Kind::Pending {
        return ctx.reject("expected one state, found a second BUILD");
    }
    records::examine(ctx.graph, state)?;
    let Some(fields) = records::plain_state(ctx.graph, state) else {
        return ctx.reject("expected a dict of attributes that are not special as state");
    };
    let (mut parts, mut shape, mut own) = (Vec::new(), Value::None, Vec::new());
    for (name, value) in fields {
        match (names.iter().find(|known| **known == name), name) {
            (Some(known), _) => parts.push((*known, value)),
            (None, "_shape" | "shape") => shape = value,
            (None, name) => own.push((name.to_owned(), value)),
        }
    }
    let sizes = match args::sequence(ctx.graph, shape).filter(|id| ctx.graph.count(*id) <= MAX_DIMS) {
        Some(id) => ctx.graph.items(id).map(|n| index(ctx.graph, n)).collect::<Option<Vec<usize>>>(),
        None => None,
    };
    let Some(shape) = sizes.filter(|sizes| !sizes.is_empty()) else {
        return ctx.reject("expected a shape of ints of 0 or more in the state");
    };
    let list: Vec<Value> = shape.iter().map(|n| i64::try_from(*n).map_or(Value::None, Value::Int)).collect();
    let shape_list = Value::Object(ctx.graph.object(Kind::List, &list)?);
    let own = if own.is_empty() {
        Value::None
    } else {
        let id = ctx.graph.alloc(Kind::Dict)?;
        for (name, value) in own {
            let name = ctx.graph.str(&name)?;
            ctx.graph.extend_dict(id, &[name, value])?;
        }
        Value::Object(id)
    };
    Ok(State { shape, shape_list, parts, own })
}

/// The object of that state, as far as every format has it.
fn common(ctx: &mut Ctx<'_>, state: &State, format: &str) -> Result<Sparse, Reject> {
    Ok(Sparse {
        class: Value::Global(ctx.global),
        format: ctx.graph.str(format)?,
        shape: state.shape_list,
        data: state.part("data").unwrap_or(Value::None),
        own: state.own,
        ..Sparse::default()
    })
}

/// Rows and columns; an array of one dimension is one row.
fn plane(shape: &[usize]) -> Option<(usize, usize)> {
    match *shape {
        [columns] => Some((1, columns)),
        [rows, columns] => Some((rows, columns)),
        _ => None,
    }
}

/// Sizes of an array, and how many elements it has along the first axis.
fn sizes(graph: &Graph, value: Value) -> Option<Vec<usize>> {
    Some(tensor::sizes(graph, array(graph, value)?.0.shape))
}

/// Pays for walking through an array of ints.
fn pay(ctx: &mut Ctx<'_>, value: Option<Value>) -> Result<(), Reject> {
    let work = value.and_then(|v| Ints::of(ctx.graph, v)).map_or(0, |ints| ints.len() as u64);
    Ok(ctx.graph.charge(work)?)
}

fn compressed(ctx: &mut Ctx<'_>, target: NodeId, state: Value, format: &str) -> Result<(), Reject> {
    let state = taken(ctx, target, state, &["data", "indices", "indptr"])?;
    let (indices, indptr) = (state.part("indices"), state.part("indptr"));
    pay(ctx, indices)?;
    pay(ctx, indptr)?;
    if let Err(problem) = check_compressed(ctx.graph, &state, format) {
        return ctx.reject(problem);
    }
    let sparse = Sparse {
        indices: indices.unwrap_or(Value::None),
        indptr: indptr.unwrap_or(Value::None),
        ..common(ctx, &state, format)?
    };
    Ok(ctx.graph.become_structure(target, &sparse)?)
}

fn check_compressed(graph: &Graph, state: &State, format: &str) -> Result<(), String> {
    let ints = |name| {
        let found = state.part(name).and_then(|value| Ints::of(graph, value));
        found.ok_or_else(|| format!("expected an array of ints as `{name}`"))
    };
    let (indices, indptr) = (ints("indices")?, ints("indptr")?);
    let data = state.part("data").and_then(|data| sizes(graph, data)).ok_or("expected an array as `data`")?;
    let (rows, columns) = plane(&state.shape).ok_or("expected a shape of one or two dimensions")?;
    let (major, minor) = match (format, data.as_slice()) {
        ("csr", [_]) => (rows, columns),
        ("csc", [_]) if state.shape.len() == 2 => (columns, rows),
        ("bsr", [_, height, width]) if state.shape.len() == 2 => {
            let blocks = rows.checked_rem(*height).zip(columns.checked_rem(*width));
            if blocks != Some((0, 0)) {
                return Err("expected blocks whose size divides the shape".to_owned());
            }
            (rows / height, columns / width)
        }
        _ => return Err("expected data and a shape of as many dimensions as the format has".to_owned()),
    };
    if data.first() != Some(&indices.len()) {
        return Err(format!("expected as many indices as data, found {}", indices.len()));
    }
    if indptr.len() as u128 != major as u128 + 1 {
        return Err(format!("expected {} offsets in `indptr`, found {}", major as u128 + 1, indptr.len()));
    }
    let mut before = 0;
    for i in 0..indptr.len() {
        match indptr.index(i) {
            Some(n) if n >= before && n <= indices.len() && (i > 0 || n == 0) => before = n,
            _ => return Err(format!("expected offsets in `indptr` that rise from 0 to at most {}", indices.len())),
        }
    }
    within(indices, before, minor)
}

/// Whether the first `count` indices are below `limit`.
fn within(indices: Ints<'_>, count: usize, limit: usize) -> Result<(), String> {
    if (0..count).all(|i| indices.index(i).is_some_and(|n| n < limit)) {
        return Ok(());
    }
    Err(format!("expected indices below {limit}"))
}

fn coo(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let state = taken(ctx, target, state, &["data", "row", "col", "coords"])?;
    let axes: Vec<Value> = match (state.part("coords"), state.part("row"), state.part("col")) {
        (Some(coords), None, None) => match args::sequence(ctx.graph, coords) {
            Some(id) if ctx.graph.count(id) <= MAX_DIMS => ctx.graph.items(id).collect(),
            _ => return ctx.reject("expected a tuple of arrays as `coords`"),
        },
        (None, Some(row), Some(col)) => vec![row, col],
        _ => return ctx.reject("expected `coords`, or `row` and `col`, in the state"),
    };
    for axis in &axes {
        pay(ctx, Some(*axis))?;
    }
    let count = state.part("data").and_then(|data| sizes(ctx.graph, data));
    let Some([count]) = count.as_deref() else { return ctx.reject("expected an array of one dimension as `data`") };
    if axes.len() != state.shape.len() {
        return ctx.reject(format!("expected {} arrays of coordinates, found {}", state.shape.len(), axes.len()));
    }
    for (axis, limit) in axes.iter().zip(&state.shape) {
        let checked = match Ints::of(ctx.graph, *axis) {
            Some(ints) if ints.len() == *count => within(ints, *count, *limit),
            _ => Err("expected as many coordinates as data".to_owned()),
        };
        if let Err(problem) = checked {
            return ctx.reject(problem);
        }
    }
    let coords = Value::Object(ctx.graph.object(Kind::List, &axes)?);
    let sparse = Sparse { coords, ..common(ctx, &state, "coo")? };
    Ok(ctx.graph.become_structure(target, &sparse)?)
}

fn dia(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let state = taken(ctx, target, state, &["data", "offsets"])?;
    let offsets = state.part("offsets");
    pay(ctx, offsets)?;
    let data = state.part("data").and_then(|data| sizes(ctx.graph, data));
    let ints = offsets.and_then(|offsets| Ints::of(ctx.graph, offsets));
    let fits = match (data.as_deref(), ints) {
        (Some([diagonals, _]), Some(ints)) if state.shape.len() == 2 && ints.len() == *diagonals => {
            let mut all: Vec<i64> = (0..ints.len()).filter_map(|i| ints.at(i)).collect();
            all.sort_unstable();
            all.len() == ints.len() && all.windows(2).all(|pair| pair.first() != pair.last())
        }
        _ => false,
    };
    if !fits {
        return ctx
            .reject("expected data of two dimensions and one offset for each of its rows, no two of them the same");
    }
    let sparse = Sparse { offsets: offsets.unwrap_or(Value::None), ..common(ctx, &state, "dia")? };
    Ok(ctx.graph.become_structure(target, &sparse)?)
}

fn lil(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let state = taken(ctx, target, state, &["data", "rows"])?;
    let (data, rows) = (state.part("data").unwrap_or(Value::None), state.part("rows").unwrap_or(Value::None));
    let mut work = 0_u64;
    for list in objects(ctx.graph, rows).into_iter().flatten() {
        work = work.saturating_add(1 + args::sequence(ctx.graph, list).map_or(0, |id| ctx.graph.count(id) as u64));
    }
    ctx.graph.charge(work.saturating_mul(size_of::<Value>() as u64))?;
    if let Err(problem) = check_lil(ctx.graph, &state.shape, data, rows) {
        return ctx.reject(problem);
    }
    let sparse = Sparse { rows, ..common(ctx, &state, "lil")? };
    Ok(ctx.graph.become_structure(target, &sparse)?)
}

fn check_lil(graph: &Graph, shape: &[usize], data: Value, rows: Value) -> Result<(), String> {
    let [height, width] = *shape else { return Err("expected a shape of two dimensions".to_owned()) };
    let lists = |value| objects(graph, value).ok_or("expected arrays of lists as `rows` and `data`");
    if lists(rows)?.count() != height || lists(data)?.count() != height {
        return Err(format!("expected {height} lists in `rows` and in `data`"));
    }
    for (row, values) in lists(rows)?.zip(lists(data)?) {
        let (Some(row), Some(values)) = (args::sequence(graph, row), args::sequence(graph, values)) else {
            return Err("expected arrays of lists as `rows` and `data`".to_owned());
        };
        if graph.count(row) != graph.count(values) {
            return Err("expected as many values as indices in every row".to_owned());
        }
        if !graph.items(row).all(|n| index(graph, n).is_some_and(|n| n < width)) {
            return Err(format!("expected indices below {width}"));
        }
    }
    Ok(())
}

/// Steps of comparing two keys or values.
const STEPS: u32 = 64;

fn dok(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let Some(base) = ctx.graph.extra(target).and_then(|base| args::dict(ctx.graph, base)) else {
        return ctx.reject("expected a dict of indices and values");
    };
    let state = taken(ctx, target, state, &["_dict"])?;
    let entries = ctx.graph.count(base) as u64;
    ctx.graph.charge(entries.saturating_mul(size_of::<Value>() as u64))?;
    // From scipy 1.12 on the entries stand in an attribute; the class is still a dict, and is pickled as one with the same content.
    let same = match state.part("_dict") {
        None => true,
        Some(dict) => args::dict(ctx.graph, dict).is_some_and(|dict| {
            ctx.graph.count(dict) as u64 == entries
                && ctx.graph.items(base).zip(ctx.graph.items(dict)).all(|(a, b)| same(ctx.graph, a, b))
        }),
    };
    if !same {
        return ctx.reject("expected the same entries in the dict and in its `_dict`");
    }
    let graph = &*ctx.graph;
    let inside = |key: Value| match args::sequence(graph, key) {
        Some(tuple) => {
            graph.count(tuple) == state.shape.len()
                && graph.items(tuple).zip(&state.shape).all(|(n, limit)| index(graph, n).is_some_and(|n| n < *limit))
        }
        None => matches!(state.shape.as_slice(), [limit] if index(graph, key).is_some_and(|n| n < *limit)),
    };
    if !graph.items(base).step_by(2).all(inside) {
        return ctx.reject("expected keys that are indices within the shape");
    }
    let pairs: Vec<Value> = ctx.graph.items(base).collect();
    let items = ctx.graph.alloc(Kind::Dict)?;
    ctx.graph.extend_dict(items, &pairs)?;
    let sparse = Sparse { items: Value::Object(items), ..common(ctx, &state, "dok")? };
    Ok(ctx.graph.become_structure(target, &sparse)?)
}

fn same(graph: &Graph, a: Value, b: Value) -> bool {
    key::equal(graph, a, b, &mut STEPS.clone())
}
