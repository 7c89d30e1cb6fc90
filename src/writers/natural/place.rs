//! Where the natural mapping is: the path of a value, told by the work that is left.

use super::{Step, tables, tensors};
use crate::model::graph::Graph;
use crate::writers::options::WriteOptions;
use crate::writers::{path, records};

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
            | Step::EndMap => {}
        }
    }
    out
}
