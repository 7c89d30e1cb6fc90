//! Keys in the natural mapping: whether a dict can be an object or map, how its keys are spelled, whether two collide.

use std::collections::HashSet;

use crate::model::graph::{Graph, Kind};
use crate::model::layout::Layout;
use crate::model::scalar::{self, Plain};
use crate::model::value::{NodeId, Value};
use crate::model::zones::Zones;
use crate::writers::natural::{Py2Text, py2_text};
use crate::writers::options::{Surrogates, WriteOptions};
use crate::writers::{base64, records, text};

/// How a dict's entries are written.
pub(super) enum Plan {
    /// Every key as the format's own value, none retyped.
    Native,
    /// Keys become text.
    Text,
    /// As an array of pairs.
    Pairs,
}

/// Why a dict cannot be written.
pub(crate) struct BadKeys {
    pub what: String,
    pub hint: &'static str,
}

const HINT: &str = "`--lossless` keeps keys apart";

/// Spells a key as text; `false` where no text stands for it.
///
/// # Errors
/// A zone whose offset cannot be told.
pub(super) fn spell(
    graph: &Graph,
    zones: &mut Zones,
    key: Value,
    options: &WriteOptions,
    out: &mut String,
) -> Result<bool, String> {
    if let Value::Py2Str { len, at } = key {
        let bytes = graph.bytes(len, at);
        match py2_text(bytes, options.py2_str) {
            Py2Text::Str(text) => out.push_str(&text),
            Py2Text::Bytes => out.push_str(&base64::encode(bytes)),
            Py2Text::NotUtf8 => return Err("expected a Python 2 str in UTF-8, found other bytes".to_owned()),
        }
        return Ok(true);
    }
    text::key(graph, zones, key, out)
}

/// Decides how a dict with a key that is no plain str is written.
///
/// # Errors
/// Two keys that would become one.
pub(super) fn plan(
    graph: &Graph,
    zones: &mut Zones,
    id: NodeId,
    options: &WriteOptions,
    any_keys: bool,
) -> Result<Plan, BadKeys> {
    let mut spelled: HashSet<(u8, Vec<u8>)> = HashSet::with_capacity(graph.count(id).min(1 << 12) / 2);
    let mut retyped = false;
    let mut scratch = String::new();
    let mut items = graph.items(id);
    while let (Some(key), Some(_)) = (items.next(), items.next()) {
        scratch.clear();
        let native = match key {
            Value::Str { .. } => 0,
            Value::Wtf8 { .. } if options.surrogates != Surrogates::Replace => 1,
            Value::None | Value::Bool(_) | Value::Float { .. } if any_keys => 2,
            Value::Int(_) if any_keys => 3,
            Value::Bytes { .. } if any_keys => 4,
            Value::Object(inner) if any_keys && is_container(graph, inner) => 5,
            Value::Object(inner) if any_keys && is_number(graph, inner) => {
                retyped = true;
                3
            }
            _ => {
                retyped = true;
                0
            }
        };
        let text = match native {
            // Distinct in Python and written as they are; containers are compared as they are written.
            1 | 2 | 3 | 5 => continue,
            4 => match key {
                Value::Bytes { len, at } => graph.bytes(len, at).to_vec(),
                _ => Vec::new(),
            },
            _ => match spell(graph, zones, key, options, &mut scratch) {
                Ok(true) => scratch.clone().into_bytes(),
                Ok(false) => return Ok(Plan::Pairs),
                Err(what) => return Err(BadKeys { what, hint: HINT }),
            },
        };
        let bytes_key = native == 4 || any_keys && is_bytes(graph, key, options);
        if !spelled.insert((u8::from(bytes_key), text)) {
            let what = format!("two keys would become one: `{}`", crate::name::Escaped(&scratch));
            return Err(BadKeys { what, hint: HINT });
        }
    }
    Ok(if retyped { Plan::Text } else { Plan::Native })
}

fn is_bytes(graph: &Graph, key: Value, options: &WriteOptions) -> bool {
    match key {
        Value::Py2Str { len, at } => matches!(py2_text(graph.bytes(len, at), options.py2_str), Py2Text::Bytes),
        _ => false,
    }
}

/// Whether a key is written as an array or map.
pub(super) fn is_container_key(graph: &Graph, key: Value) -> bool {
    matches!(key, Value::Object(id) if is_container(graph, id))
}

fn is_container(graph: &Graph, id: NodeId) -> bool {
    matches!(
        graph.kind(id),
        Kind::Tuple | Kind::FrozenSet | Kind::Complex | Kind::Range | Kind::Slice | Kind::Record | Kind::Exception
    )
}

/// Whether a key is a numpy scalar that is written as a number.
fn is_number(graph: &Graph, id: NodeId) -> bool {
    graph.kind(id) == Kind::Struct(Layout::Scalar) && matches!(scalar::plain(graph, id), Some(Plain::Number(_)))
}

/// Checks that no two fields of a record have one name.
///
/// # Errors
/// Two fields that would become one.
pub(super) fn distinct_fields(
    graph: &Graph,
    zones: &mut Zones,
    fields: &[records::Field],
    options: &WriteOptions,
) -> Result<(), BadKeys> {
    let mut names = HashSet::with_capacity(fields.len());
    for field in fields {
        let mut name = String::new();
        match field.name {
            records::Name::Fixed(fixed) => name.push_str(fixed),
            records::Name::Class => name.push_str(options.class_key.as_deref().unwrap_or_default()),
            records::Name::Key(key) => match spell(graph, zones, key, options, &mut name) {
                Ok(true) => {}
                Ok(false) => {
                    return Err(BadKeys { what: "expected fields whose names are text".to_owned(), hint: HINT });
                }
                Err(what) => return Err(BadKeys { what, hint: HINT }),
            },
        }
        if !names.insert(name.clone()) {
            let what = format!("two fields would become one: `{}`", crate::name::Escaped(&name));
            return Err(BadKeys { what, hint: "`--class-key` with another name, or `--lossless`" });
        }
    }
    Ok(())
}
