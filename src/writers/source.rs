//! The column that says where a row came from: which rows can take it.

use super::keys::BadKeys;
use super::natural::{Py2Text, py2_text};
use super::options::WriteOptions;
use super::records;
use crate::model::graph::Graph;
use crate::model::type_name::type_name;
use crate::model::value::{NodeId, Value};
use crate::name::Escaped;

const ANY_ROW: &str = "without `--source-column` a row may be any value";

/// A row that is no object.
pub(crate) fn no_object(found: &str) -> BadKeys {
    BadKeys { what: format!("expected a row that is an object, to add a column to, found {found}"), hint: ANY_ROW }
}

/// Checks the keys of a dict that is a row.
///
/// # Errors
/// One is no text, or is the column.
pub(crate) fn check_dict(graph: &Graph, id: NodeId, options: &WriteOptions) -> Result<(), BadKeys> {
    let no_text = |found: &str| BadKeys {
        what: format!("expected a row whose keys are text, to add a column to, found a key that is {found}"),
        hint: ANY_ROW,
    };
    for key in graph.items(id).step_by(2) {
        match key {
            Value::Str { len, at } => check_name(graph.text(len, at), options)?,
            Value::Wtf8 { .. } => {}
            Value::Py2Str { len, at } => match py2_text(graph.bytes(len, at), options.py2_str) {
                Py2Text::Str(text) => check_name(&text, options)?,
                Py2Text::Bytes | Py2Text::NotUtf8 => return Err(no_text("bytes")),
            },
            other => return Err(no_text(type_name(graph, other))),
        }
    }
    Ok(())
}

/// Checks the fields of a record that is a row.
///
/// # Errors
/// One is the column.
pub(crate) fn check_fields(graph: &Graph, fields: &[records::Field], options: &WriteOptions) -> Result<(), BadKeys> {
    for field in fields {
        match field.name {
            records::Name::Fixed(name) => check_name(name, options)?,
            records::Name::Class => check_name(options.class_key.as_deref().unwrap_or_default(), options)?,
            records::Name::Key(Value::Str { len, at }) => check_name(graph.text(len, at), options)?,
            records::Name::Key(Value::Py2Str { len, at }) => {
                if let Py2Text::Str(text) = py2_text(graph.bytes(len, at), options.py2_str) {
                    check_name(&text, options)?;
                }
            }
            records::Name::Key(_) => {}
        }
    }
    Ok(())
}

fn check_name(name: &str, options: &WriteOptions) -> Result<(), BadKeys> {
    match &options.source {
        Some(source) if source.column == name => Err(BadKeys {
            what: format!("expected a row without the key `{}`, which `--source-column` adds, found it", Escaped(name)),
            hint: "`--source-column` with another name",
        }),
        _ => Ok(()),
    }
}
