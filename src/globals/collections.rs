//! `collections`: OrderedDict, defaultdict, Counter, deque.

use super::args;
use super::table::{Row, Use, module};
use super::{Class, Ctx, Forms};
use crate::machine::Reject;
use crate::model::graph::{Graph, Kind, flag};
use crate::model::value::{NodeId, Value};
use crate::name::GlobalName;

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "ordereddict",
        modules: &[
            module("collections"),
            module("_collections"),
            module("ordereddict"),
            module("backports.ordereddict"),
        ],
        names: &["OrderedDict"],
        uses: Use::Data(&ORDERED_DICT),
        guard: "(), ([[k, v]..]), ({..}); SETITEMS; one state: a dict of attributes",
    },
    Row {
        kind: "defaultdict",
        modules: &[module("collections"), module("_collections")],
        names: &["defaultdict"],
        uses: Use::Data(&DEFAULT_DICT),
        guard: "(), (None), (type), (type or None, {..}); SETITEMS; the factory is never called",
    },
    Row {
        kind: "counter",
        modules: &[module("collections")],
        names: &["Counter"],
        uses: Use::Data(&COUNTER),
        guard: "(), ({..}); SETITEMS",
    },
    Row {
        kind: "deque",
        modules: &[module("collections"), module("_collections")],
        names: &["deque"],
        uses: Use::Data(&DEQUE),
        guard: "(), ([..]), ([..] or (), maxlen >= 0 or None); APPENDS",
    },
];

const MADE: Forms = Forms::REDUCE.and(Forms::NEWOBJ);

static ORDERED_DICT: Class = Class { forms: MADE, call: ordered_dict, build: None, bare: true };
static DEFAULT_DICT: Class = Class { forms: Forms::REDUCE, call: default_dict, build: None, bare: true };
static COUNTER: Class = Class { forms: MADE, call: counter, build: None, bare: true };
static DEQUE: Class = Class { forms: MADE, call: deque, build: None, bare: true };

/// A dict of `kind` with the pairs of a plain dict.
fn copy_dict(ctx: &mut Ctx<'_>, kind: Kind, from: NodeId) -> Result<NodeId, Reject> {
    let pairs: Vec<Value> = ctx.graph.items(from).collect();
    let id = ctx.graph.alloc(kind)?;
    ctx.graph.extend_dict(id, &pairs)?;
    Ok(id)
}

fn ordered_dict(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let id = match *ctx.args {
        [] => ctx.graph.alloc(Kind::OrderedDict)?,
        // `__new__` keeps nothing of its arguments.
        [_, ..] if ctx.form != crate::machine::Form::Reduce => return ctx.reject("expected no arguments for NEWOBJ"),
        [one] => match (args::dict(ctx.graph, one), args::sequence(ctx.graph, one)) {
            (Some(dict), _) => copy_dict(ctx, Kind::OrderedDict, dict)?,
            (None, Some(list)) => {
                let mut pairs = Vec::new();
                for pair in ctx.graph.items(list) {
                    let pair = args::sequence(ctx.graph, pair).filter(|&id| ctx.graph.count(id) == 2);
                    let Some(pair) = pair else { return ctx.reject("expected pairs of key and value") };
                    pairs.extend(ctx.graph.items(pair));
                }
                let id = ctx.graph.alloc(Kind::OrderedDict)?;
                ctx.graph.extend_dict(id, &pairs)?;
                id
            }
            (None, None) => {
                return ctx
                    .reject(format!("expected a list of pairs or a dict, found {}", args::type_name(ctx.graph, one)));
            }
        },
        _ => return ctx.reject(format!("expected at most 1 argument, found {}", ctx.args.len())),
    };
    Ok(Value::Object(id))
}

/// BUILD on an OrderedDict: its instance attributes (torch keeps `_metadata` there).
pub(super) fn ordered_dict_state(graph: &mut Graph, target: NodeId, state: Value) -> Result<(), Reject> {
    let reject = |problem: &str| {
        Err(Reject::Value { name: GlobalName::new("collections", "OrderedDict"), problem: problem.to_owned() })
    };
    if graph.get(target).flags & flag::BUILT != 0 {
        return reject("expected one state, found a second BUILD");
    }
    super::records::examine(graph, state)?;
    let Some(fields) = args::fields(graph, state) else { return reject("expected a dict of attributes as state") };
    if fields.iter().any(|(name, _)| name.starts_with("__")) {
        return reject("expected attributes that are not special, found a name that begins with `__`");
    }
    let is_empty = fields.is_empty();
    graph.set_flags(target, flag::BUILT, 0);
    if !is_empty {
        let state = super::records::taken(graph, state)?;
        graph.set_extra(target, state)?;
    }
    Ok(())
}

fn default_dict(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (factory, from) = match *ctx.args {
        [] => (Value::None, None),
        [factory] => (factory, None),
        [factory, items] => match args::dict(ctx.graph, items) {
            Some(dict) => (factory, Some(dict)),
            None => return ctx.reject("expected a dict as second argument"),
        },
        _ => return ctx.reject(format!("expected at most 2 arguments, found {}", ctx.args.len())),
    };
    if !matches!(factory, Value::None | Value::Global(_)) {
        return ctx
            .reject(format!("expected a type or None as factory, found {}", args::type_name(ctx.graph, factory)));
    }
    let id = match from {
        Some(dict) => copy_dict(ctx, Kind::DefaultDict, dict)?,
        None => ctx.graph.alloc(Kind::DefaultDict)?,
    };
    if let Value::Global(_) = factory {
        ctx.graph.set_extra(id, factory)?;
    }
    Ok(Value::Object(id))
}

fn counter(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let id = match *ctx.args {
        [] => ctx.graph.alloc(Kind::Counter)?,
        [_, ..] if ctx.form != crate::machine::Form::Reduce => return ctx.reject("expected no arguments for NEWOBJ"),
        [one] => match args::dict(ctx.graph, one) {
            Some(dict) => copy_dict(ctx, Kind::Counter, dict)?,
            None => return ctx.reject(format!("expected a dict, found {}", args::type_name(ctx.graph, one))),
        },
        _ => return ctx.reject(format!("expected at most 1 argument, found {}", ctx.args.len())),
    };
    Ok(Value::Object(id))
}

fn deque(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (items, maxlen) = match *ctx.args {
        [] => (None, Value::None),
        [_, ..] if ctx.form != crate::machine::Form::Reduce => return ctx.reject("expected no arguments for NEWOBJ"),
        [items] => (Some(items), Value::None),
        [items, maxlen] => (Some(items), maxlen),
        _ => return ctx.reject(format!("expected at most 2 arguments, found {}", ctx.args.len())),
    };
    let id = ctx.graph.alloc(Kind::Deque)?;
    match maxlen {
        Value::None => {}
        Value::Int(n) if n >= 0 => ctx.graph.set_extra(id, maxlen)?,
        other => {
            return ctx.reject(format!(
                "expected None or an int of 0 or more as maxlen, found {}",
                args::type_name(ctx.graph, other)
            ));
        }
    }
    if let Some(items) = items {
        let Some(list) = args::sequence(ctx.graph, items) else {
            return ctx.reject(format!("expected a list of items, found {}", args::type_name(ctx.graph, items)));
        };
        let items: Vec<Value> = ctx.graph.items(list).collect();
        extend_deque(ctx.graph, id, &items)?;
    }
    Ok(Value::Object(id))
}

/// APPEND(S) on a deque: a bounded one keeps its last `maxlen` items.
pub(super) fn extend_deque(graph: &mut Graph, target: NodeId, items: &[Value]) -> Result<(), Reject> {
    let Some(Value::Int(maxlen)) = graph.extra(target) else { return Ok(graph.append(target, items)?) };
    let maxlen = usize::try_from(maxlen).unwrap_or(usize::MAX);
    let have = graph.count(target);
    if have.saturating_add(items.len()) <= maxlen {
        return Ok(graph.append(target, items)?);
    }
    // What falls out at the front is dropped, as the deque of the writing Python would.
    let keep_new = items.len().min(maxlen);
    let keep_old = maxlen - keep_new;
    let kept: Vec<Value> = graph.items(target).skip(have - keep_old.min(have)).collect();
    graph.clear(target);
    graph.append(target, &kept)?;
    Ok(graph.append(target, items.get(items.len() - keep_new..).unwrap_or(&[]))?)
}
