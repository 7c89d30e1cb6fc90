//! Records in the natural mapping: the state's fields, and beside them whatever else the stream said.

use crate::model::graph::{Graph, Kind};
use crate::model::record::{FIXED, then};
use crate::model::value::{NodeId, Value};

/// The field of items that were set by key: an array of pairs.
pub(crate) const DICT_ITEMS: &str = "__dictitems__";

/// What a field is called.
#[derive(Clone, Copy)]
pub(crate) enum Name {
    Fixed(&'static str),
    /// The user's `--class-key`.
    Class,
    Key(Value),
}

/// One field of a record as it is written.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub name: Name,
    pub value: Value,
}

/// Whether a record is written as an object or, where it only has arguments or items, as an array.
pub(crate) enum Shape {
    Array(NodeId),
    Fields,
}

/// Whether a value is a dict whose keys can name fields.
fn field_dict(graph: &Graph, value: Value) -> Option<NodeId> {
    let Value::Object(id) = value else { return None };
    if graph.kind(id) != Kind::Dict {
        return None;
    }
    let named = graph.items(id).step_by(2).all(|key| matches!(key, Value::Str { .. } | Value::Py2Str { .. }));
    named.then_some(id)
}

/// Fields that a second state may be compared with, one by one.
const COMPARED: usize = 64;

/// Adds the fields of a dict; a name that an earlier state set gets the later value, as BUILD does.
fn add(graph: &Graph, dict: NodeId, from: usize, pool: &mut Vec<Field>) -> Result<(), String> {
    let known = pool.len();
    if known - from > COMPARED {
        return Err("an instance with more than one state of many fields".to_owned());
    }
    let mut items = graph.items(dict);
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        let mut steps = 16;
        let earlier =
            pool.iter_mut().take(known).skip(from).find(
                |f| matches!(f.name, Name::Key(other) if crate::model::key::equal(graph, other, key, &mut steps)),
            );
        match earlier {
            Some(field) => field.value = value,
            None => pool.push(Field { name: Name::Key(key), value }),
        }
    }
    Ok(())
}

/// Appends the fields of a record to `pool`.
///
/// # Errors
/// What cannot be told apart in one object, in words.
pub(crate) fn fields(graph: &Graph, id: NodeId, with_class: bool, pool: &mut Vec<Field>) -> Result<Shape, String> {
    let [class, _, args, kwargs] = graph.first::<FIXED>(id);
    let Value::Object(args) = args else { return Err("a record without arguments".to_owned()) };
    if with_class {
        pool.push(Field { name: Name::Class, value: class });
    }
    let has_args = graph.count(args) > 0;
    let rest = graph.count(id) - FIXED;
    let mut after = graph.items(id).skip(FIXED);
    let first = (after.next(), after.next());
    if !with_class && matches!(kwargs, Value::None) {
        match (has_args, rest, first) {
            (true, 0, _) => return Ok(Shape::Array(args)),
            (false, 2, (Some(Value::Int(then::ITEMS)), Some(Value::Object(list)))) => return Ok(Shape::Array(list)),
            _ => {}
        }
    }
    if has_args {
        pool.push(Field { name: Name::Fixed("__args__"), value: Value::Object(args) });
    }
    if !matches!(kwargs, Value::None) {
        pool.push(Field { name: Name::Fixed("__kwargs__"), value: kwargs });
    }
    let (mut states, mut items, mut dict_items, mut calls) = (0, 0, 0, 0);
    let mut after = graph.items(id).skip(FIXED);
    let from = pool.len();
    while let (Some(Value::Int(what)), Some(value)) = (after.next(), after.next()) {
        let counter = match what {
            then::STATE => &mut states,
            then::ITEMS => &mut items,
            then::DICT_ITEMS => &mut dict_items,
            _ => &mut calls,
        };
        *counter += 1;
        let name = match what {
            then::STATE => {
                if let Some(dict) = field_dict(graph, value) {
                    add(graph, dict, from, pool)?;
                    continue;
                }
                if let Some((dict, slots)) = slots_state(graph, value) {
                    for part in [dict, slots].into_iter().flatten() {
                        add(graph, part, from, pool)?;
                    }
                    continue;
                }
                "__state__"
            }
            then::ITEMS => "__items__",
            then::DICT_ITEMS => DICT_ITEMS,
            _ => "__mutations__",
        };
        if *counter > 1 {
            return Err(format!("an instance with more than one `{name}`"));
        }
        if what == then::DICT_ITEMS
            && let Value::Object(list) = value
        {
            let plain = graph.items(list).step_by(2).all(|k| matches!(k, Value::Str { .. }));
            if plain && !with_class && rest == 2 && !has_args {
                add(graph, list, from, pool)?;
                continue;
            }
        }
        pool.push(Field { name: Name::Fixed(name), value });
    }
    Ok(Shape::Fields)
}

/// The state of a class with `__slots__`: `(None or dict, dict)`.
fn slots_state(graph: &Graph, value: Value) -> Option<(Option<NodeId>, Option<NodeId>)> {
    let Value::Object(id) = value else { return None };
    if graph.kind(id) != Kind::Tuple || graph.count(id) != 2 {
        return None;
    }
    let [dict, slots] = graph.first::<2>(id);
    let slots = field_dict(graph, slots)?;
    match dict {
        Value::None => Some((None, Some(slots))),
        other => Some((Some(field_dict(graph, other)?), Some(slots))),
    }
}
