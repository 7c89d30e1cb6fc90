//! Records: instances of classes that are inert or admitted, kept as the stream describes them.
//!
//! Nothing is called. Arguments, states, items and popped state setters are kept in the order in which they come.

use super::args;
use crate::machine::{Call, Form, Reject};
use crate::model::graph::{Graph, Kind};
use crate::model::value::{NodeId, Value};

pub(crate) use crate::model::record::{FIXED, how, then};

/// A record of `global` as a call asks for it.
pub(super) fn new(graph: &mut Graph, call: Call, global: u32) -> Result<Value, Reject> {
    let how = match call.form {
        Form::NewObj | Form::NewObjEx => how::NEW,
        Form::Reduce => how::CALL,
        Form::Instance => how::INSTANCE,
    };
    let kwargs = call.kwargs.filter(|&id| graph.count(id) > 0);
    if kwargs.is_some_and(|id| !graph.items(id).step_by(2).all(|key| args::text(graph, key).is_some())) {
        return Err(Reject::Malformed("expected keyword arguments whose names are str".to_owned()));
    }
    make(graph, Kind::Record, global, how, call.args, kwargs)
}

/// A record or exception from its parts.
pub(super) fn make(
    graph: &mut Graph,
    kind: Kind,
    global: u32,
    how: i64,
    args: NodeId,
    kwargs: Option<NodeId>,
) -> Result<Value, Reject> {
    let kwargs = kwargs.map_or(Value::None, Value::Object);
    let items = [Value::Global(global), Value::Int(how), Value::Object(args), kwargs];
    Ok(Value::Object(graph.object(kind, &items)?))
}

/// BUILD: a further state.
pub(super) fn build(graph: &mut Graph, target: NodeId, state: Value) -> Result<(), Reject> {
    graph.set_extra(target, Value::None)?;
    Ok(graph.append(target, &[Value::Int(then::STATE), state])?)
}

/// A state as BUILD takes it: the entries of a dict are copied, so that what a stream does to the dict afterwards does not
/// reach the object.
pub(super) fn taken(graph: &mut Graph, state: Value) -> Result<Value, Reject> {
    let Some(dict) = args::dict(graph, state) else { return Ok(state) };
    let pairs: Vec<Value> = graph.items(dict).collect();
    let id = graph.alloc(Kind::Dict)?;
    graph.extend_dict(id, &pairs)?;
    Ok(Value::Object(id))
}

/// The list that an unbroken run of APPENDs goes to; the record's extra value remembers it.
fn open(graph: &mut Graph, target: NodeId, what: i64, kind: Kind) -> Result<NodeId, Reject> {
    if let Some(Value::Object(id)) = graph.extra(target)
        && graph.kind(id) == kind
    {
        return Ok(id);
    }
    let id = graph.alloc(kind)?;
    graph.append(target, &[Value::Int(what), Value::Object(id)])?;
    graph.set_extra(target, Value::Object(id))?;
    Ok(id)
}

/// APPEND(S), ADDITEMS: further items.
pub(super) fn extend(graph: &mut Graph, target: NodeId, items: &[Value]) -> Result<(), Reject> {
    let list = open(graph, target, then::ITEMS, Kind::List)?;
    Ok(graph.append(list, items)?)
}

/// SETITEM(S): further dict items, every one of them, because the class decides what a repeated key means.
pub(super) fn set_items(graph: &mut Graph, target: NodeId, pairs: &[Value]) -> Result<(), Reject> {
    let list = open(graph, target, then::DICT_ITEMS, Kind::Tuple)?;
    Ok(graph.append(list, pairs)?)
}

/// A popped call whose first argument is the object below it was a state setter (`copyreg` protocol, Python 3.8): it is
/// kept with the object.
pub(super) fn popped(graph: &mut Graph, value: Value, top: Option<Value>) -> Result<(), Reject> {
    let Value::Object(call) = value else { return Ok(()) };
    if graph.kind(call) != Kind::Record {
        return Ok(());
    }
    let target = match top {
        Some(Value::Object(target)) if graph.kind(target) == Kind::Record => target,
        _ => return dropped(graph, call),
    };
    let [function, Value::Int(how::CALL), Value::Object(arguments), Value::None] = graph.first::<FIXED>(call) else {
        return Ok(());
    };
    let mut rest: Vec<Value> = graph.items(arguments).collect();
    match rest.first_mut() {
        Some(first) if matches!(*first, Value::Object(id) if id == target) => *first = function,
        _ => return dropped(graph, call),
    }
    let list = graph.object(Kind::Tuple, &rest)?;
    graph.set_extra(target, Value::None)?;
    Ok(graph.append(target, &[Value::Int(then::CALL), Value::Object(list)])?)
}

/// A call whose result is dropped is there for what it does to its arguments, which cannot be told.
fn dropped(graph: &Graph, call: NodeId) -> Result<(), Reject> {
    let [Value::Global(function), Value::Int(how::CALL), Value::Object(arguments), _] = graph.first::<FIXED>(call)
    else {
        return Ok(());
    };
    if !graph.items(arguments).any(|v| matches!(v, Value::Object(id) if graph.kind(id).keeps_identity())) {
        return Ok(());
    }
    Err(Reject::Value {
        name: graph.global(function).clone(),
        problem: "expected a result that is kept: a call that only changes its arguments cannot be read".to_owned(),
    })
}

/// Whether a record has been given anything after its arguments.
pub(super) fn is_fresh(graph: &Graph, target: NodeId) -> bool {
    graph.count(target) == FIXED
}

/// Bytes charged for each field of a state that is looked at: one dict may be the state of very many objects.
const LOOK: u64 = 16;

/// Pays for looking at the fields of a state.
pub(super) fn examine(graph: &mut Graph, state: Value) -> Result<(), Reject> {
    let fields = args::dict(graph, state).map_or(0, |id| graph.count(id));
    Ok(graph.charge(LOOK * fields as u64)?)
}

/// The fields of a state that is a plain dict without special names.
pub(super) fn plain_state(graph: &Graph, state: Value) -> Option<Vec<(&str, Value)>> {
    args::fields(graph, state).filter(|fields| !fields.iter().any(|(name, _)| name.starts_with("__")))
}
