//! The arrays of a value and their names: keys of nested dicts, and indexes of lists, joined by dots.

use std::collections::{HashSet, VecDeque};

use super::array::is_array;
use crate::error::Error;
use crate::location::Location;
use crate::model::graph::{Graph, Kind, Walk};
use crate::model::value::{NodeId, Value};
use crate::model::zones::Zones;
use crate::report::ledger::Step as Loss;
use crate::writers::{path, text};

/// Arrays that an error lists.
const SHOWN: usize = 5;
/// Values that are looked at for it.
const LOOKED_AT: usize = 100_000;
/// Containers that are looked through for it.
const TRIED: usize = 100;

/// An array, its name and its path.
#[derive(Debug)]
pub(super) struct Named {
    pub name: String,
    pub path: String,
    pub value: Value,
}

/// A step that is not exact, and where.
pub(super) type Noted = (Loss, String);

struct Open {
    walk: Walk,
    keyed: bool,
    index: u64,
    name: String,
    path: String,
}

fn is_dict(kind: Kind) -> bool {
    matches!(kind, Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter)
}

/// The arrays of a dict or list. `root` is the path of `value`.
///
/// # Errors
/// A value that is none, keys that no text stands for, names that collide.
pub(super) fn flatten(graph: &Graph, whole: Value, root: &str) -> Result<(Vec<Named>, Vec<Noted>), Error> {
    let (mut found, mut noted, mut names) = (Vec::new(), Vec::new(), HashSet::new());
    let mut zones = Zones::new();
    let Some(mut open) = enter(graph, whole, String::new(), root.to_owned(), &mut noted).map(|open| vec![open]) else {
        return Err(no_array(graph, whole, root, true));
    };
    while let Some(top) = open.last_mut() {
        let Some(first) = graph.next_item(&mut top.walk) else {
            open.pop();
            continue;
        };
        let (mut name, mut path) = (top.name.clone(), top.path.clone());
        if !name.is_empty() {
            name.push('.');
        }
        let value = if top.keyed {
            path::push_key(graph, first, &mut path);
            let spelled = match first {
                Value::Py2Str { len, at } => {
                    name.push_str(&String::from_utf8_lossy(graph.bytes(len, at)));
                    std::str::from_utf8(graph.bytes(len, at)).is_ok()
                }
                key => text::key(graph, &mut zones, key, &mut name).unwrap_or(false),
            };
            if !spelled {
                return Err(Error::unrepresentable("expected keys that are text", Location::path(path))
                    .with_hint("`--select` takes a part of the value"));
            }
            if !matches!(first, Value::Str { .. }) {
                noted.push((Loss::Keys, path.clone()));
            }
            graph.next_item(&mut top.walk).unwrap_or(Value::None)
        } else {
            name.push_str(&top.index.to_string());
            path::push_index(top.index, &mut path);
            first
        };
        top.index += 1;
        if is_array(graph, value) {
            if !names.insert(name.clone()) {
                let what = format!("expected names that differ, found `{}` twice", crate::name::Escaped(&name));
                return Err(Error::unrepresentable(what, Location::path(path))
                    .with_hint("names are keys joined by dots; `--select` takes a part of the value"));
            }
            found.push(Named { name, path, value });
            continue;
        }
        match enter(graph, value, name, path.clone(), &mut noted) {
            Some(inner) => {
                if open.len() == 1 && !noted.iter().any(|(loss, _)| *loss == Loss::Flattened) {
                    noted.push((Loss::Flattened, path));
                }
                open.push(inner);
            }
            None => {
                let what = format!(
                    "expected arrays and dicts of them, found {}",
                    crate::model::type_name::type_name(graph, value)
                );
                let error = Error::unrepresentable(what, Location::path(path));
                return Err(error.with_hint(offer(graph, whole, root, true)));
            }
        }
    }
    Ok((found, noted))
}

fn enter(graph: &Graph, value: Value, name: String, path: String, noted: &mut Vec<Noted>) -> Option<Open> {
    let Value::Object(id) = value else { return None };
    let keyed = match graph.kind(id) {
        Kind::Dict => true,
        kind if is_dict(kind) => {
            noted.push((Loss::Dict, path.clone()));
            if graph.extra(id).is_some() {
                let loss = if kind == Kind::DefaultDict { Loss::FactoryLost } else { Loss::AttributesLost };
                noted.push((loss, path.clone()));
            }
            true
        }
        Kind::List => false,
        Kind::Tuple => {
            noted.push((Loss::Tuple, path.clone()));
            false
        }
        _ => return None,
    };
    Some(Open { walk: graph.walk(id), keyed, index: 0, name, path })
}

/// A root that holds arrays, but is none.
pub(super) fn no_array(graph: &Graph, value: Value, root: &str, groups: bool) -> Error {
    let what = format!("expected an array or tensor, found {}", crate::model::type_name::type_name(graph, value));
    Error::unrepresentable(what, Location::path(root.to_owned())).with_hint(offer(graph, value, root, groups))
}

/// Which `--select` would work: of an array, or of a group of arrays.
fn offer(graph: &Graph, value: Value, root: &str, groups: bool) -> String {
    let (paths, more) = inside(graph, value, root, groups);
    if paths.is_empty() {
        return match inside(graph, value, root, false).0.first() {
            Some(path) if groups => format!("`--to npy --select '{}'` takes an array that it holds", quoted(path)),
            _ => "it holds no array or tensor; `--to json` writes any value".to_owned(),
        };
    }
    let list: Vec<String> = paths.iter().map(|path| format!("`--select '{}'`", quoted(path))).collect();
    let what = if groups { "a dict or list of arrays" } else { "an array" };
    format!("{}{} takes {what} that it holds", list.join(", "), if more { ", …" } else { "" })
}

/// For a shell, between single quotes.
fn quoted(path: &str) -> String {
    path.replace('\'', "'\\''")
}

/// The paths of the first few arrays inside a value, or groups of them, nearest first, and whether there are more.
fn inside(graph: &Graph, value: Value, root: &str, groups: bool) -> (Vec<String>, bool) {
    let mut seen: HashSet<NodeId> = HashSet::new();
    let mut todo = VecDeque::from([(value, root.to_owned())]);
    let (mut paths, mut looked_at, mut tried) = (Vec::new(), 0, 0);
    while let Some((value, at)) = todo.pop_front() {
        let Value::Object(id) = value else { continue };
        let kind = graph.kind(id);
        let container = is_dict(kind) || matches!(kind, Kind::List | Kind::Tuple);
        let wanted = if !groups {
            is_array(graph, value)
        } else if container && at != root && tried < TRIED && graph.items(id).any(|item| is_array(graph, item)) {
            tried += 1;
            flattens(graph, value)
        } else {
            false
        };
        if wanted {
            if paths.len() == SHOWN {
                return (paths, true);
            }
            paths.push(at);
            continue;
        }
        if !container || !seen.insert(id) {
            continue;
        }
        let mut items = graph.items(id);
        let mut index = 0;
        loop {
            let key = if is_dict(kind) { items.next() } else { None };
            let Some(value) = items.next() else { break };
            looked_at += 1;
            if looked_at > LOOKED_AT {
                return (paths, true);
            }
            if matches!(value, Value::Object(_)) {
                let mut path = at.clone();
                match key {
                    Some(key) => path::push_key(graph, key, &mut path),
                    None => path::push_index(index, &mut path),
                }
                todo.push_back((value, path));
            }
            index += 1;
        }
    }
    (paths, false)
}

/// Whether a container holds arrays and containers of them alone.
fn flattens(graph: &Graph, value: Value) -> bool {
    let (mut todo, mut looked_at) = (vec![value], 0);
    while let Some(value) = todo.pop() {
        looked_at += 1;
        let Value::Object(id) = value else { return false };
        match graph.kind(id) {
            _ if looked_at > LOOKED_AT => return false,
            _ if is_array(graph, value) => {}
            kind if is_dict(kind) => todo.extend(graph.items(id).skip(1).step_by(2)),
            Kind::List | Kind::Tuple => todo.extend(graph.items(id)),
            _ => return false,
        }
    }
    true
}
