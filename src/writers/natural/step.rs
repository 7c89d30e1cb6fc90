//! What is left to do, and where we are: the path of a value.

use super::{tables, tensors};
use crate::model::graph::{Graph, Walk};
use crate::model::value::Value;
use crate::writers::options::WriteOptions;
use crate::writers::{path, records};

/// What is left to do.
pub(super) enum Step {
    /// Elements of an array.
    Seq {
        walk: Walk,
        index: u64,
    },
    /// Values that stand alone, a line each.
    Lines {
        walk: Walk,
        index: u64,
        started: bool,
    },
    /// Entries of an object or map; `key` is the one that is being written.
    Map {
        walk: Walk,
        key: Value,
    },
    /// Entries as pairs.
    Pairs {
        walk: Walk,
        key: Value,
    },
    /// Fields of a record: a range of the pool.
    Fields {
        at: usize,
        end: usize,
    },
    /// An element of an array that is no container's own.
    Element(Value),
    /// The value of a map whose key was a container.
    MapValue(Value),
    EndArray,
    EndMap,
    /// A shared container is complete.
    Remember,
    /// A field of an array of objects, whose fields are ranges of the pool: those ranges from `at` to `end`.
    Objects {
        name: &'static str,
        begin: usize,
        at: usize,
        end: usize,
    },
    /// The place of an element that is written without this stack; it is there for paths.
    At(u64),
    /// Elements of an array or tensor: an index of those that are open.
    Shaped(usize),
    /// Rows of a table: an index of those that are open.
    Table(usize),
}

/// The path of what is being written.
pub(super) fn place(
    graph: &Graph,
    prefix: &str,
    todo: &[Step],
    pool: &[records::Field],
    shaped: &[tensors::Shaped],
    tables: &[tables::Table<'_>],
    options: &WriteOptions,
) -> String {
    let mut out = prefix.to_owned();
    for step in todo {
        match step {
            Step::Seq { index, .. } | Step::Lines { index, .. } if *index > 0 => path::push_index(index - 1, &mut out),
            Step::Map { key, .. } | Step::Pairs { key, .. } => path::push_key(graph, *key, &mut out),
            Step::Fields { at, .. } => match at.checked_sub(1).and_then(|at| pool.get(at)).map(|f| f.name) {
                Some(records::Name::Fixed(name)) => path::push_name(name, &mut out),
                Some(records::Name::Class) => {
                    path::push_name(options.class_key.as_deref().unwrap_or_default(), &mut out)
                }
                Some(records::Name::Key(key)) => path::push_key(graph, key, &mut out),
                None => {}
            },
            Step::Objects { name, begin, at, .. } if at > begin => {
                path::push_name(name, &mut out);
                path::push_index((at - begin - 1) as u64, &mut out);
            }
            Step::At(index) => path::push_index(*index, &mut out),
            Step::Shaped(at) => {
                for index in shaped.get(*at).into_iter().flat_map(|array| array.cursor.place()) {
                    path::push_index(index, &mut out);
                }
            }
            Step::Table(at) => {
                if let Some(table) = tables.get(*at) {
                    table.place(&mut out);
                }
            }
            Step::Seq { .. }
            | Step::Lines { .. }
            | Step::Objects { .. }
            | Step::Element(_)
            | Step::MapValue(_)
            | Step::EndArray
            | Step::EndMap
            | Step::Remember => {}
        }
    }
    out
}
