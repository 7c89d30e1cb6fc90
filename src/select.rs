//! `--select PATH`: one value of a document by its path, in the form in which messages print paths.
//!
//! `$.name`, `$["any key"]`, `$[3]`, `$[key=<lossless JSON>]`; `[3]` counts items of lists, tuples, deques and records' args.

use crate::error::Error;
use crate::location::Location;
use crate::model::graph::{Graph, Kind};
use crate::model::record::{FIXED, then};
use crate::model::value::{NodeId, Value};
use crate::name::Escaped;
use crate::writers::path;

/// A parsed path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Select {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Name(String),
    Index(usize),
    /// A key as tagged JSON.
    Key(String),
}

impl Select {
    pub fn parse(text: &str) -> Result<Select, Error> {
        let bad = |what: &str| {
            Error::misuse(format!("expected a path such as `$.rows[3].price`: {what} in `{}`", Escaped(text)))
        };
        let Some(mut rest) = text.strip_prefix('$') else { return Err(bad("no `$` at the beginning")) };
        let mut parts = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, after) = after.split_at(end);
                if name.is_empty() {
                    return Err(bad("an empty name"));
                }
                parts.push(Part::Name(name.to_owned()));
                rest = after;
            } else if rest.starts_with("[\"") {
                let quoted = rest.get(1..).unwrap_or_default();
                let Some(end) = string_end(quoted) else { return Err(bad("a string without its closing `\"`")) };
                let (name, after) = quoted.split_at(end);
                let name: String = serde_json::from_str(name).map_err(|_| bad("a string that is no JSON string"))?;
                parts.push(Part::Name(name));
                rest = after.strip_prefix(']').ok_or_else(|| bad("no `]` after a string"))?;
            } else if let Some(after) = rest.strip_prefix("[key=") {
                let mut values = serde_json::Deserializer::from_str(after).into_iter::<serde_json::Value>();
                let Some(Ok(value)) = values.next() else { return Err(bad("no JSON value after `key=`")) };
                let end = values.byte_offset();
                parts.push(Part::Key(value.to_string()));
                rest = after.get(end..).and_then(|r| r.strip_prefix(']')).ok_or_else(|| bad("no `]` after a key"))?;
            } else if let Some(after) = rest.strip_prefix('[') {
                let Some((index, after)) = after.split_once(']') else { return Err(bad("no `]` after an index")) };
                parts.push(Part::Index(index.parse().map_err(|_| bad("an index that is no number"))?));
                rest = after;
            } else {
                return Err(bad("neither `.` nor `[` after a part"));
            }
        }
        Ok(Select { text: text.to_owned(), parts })
    }

    /// How many parts the path has.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// The path as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a part names this key.
    pub fn names(&self, part: usize, graph: &Graph, key: Value) -> bool {
        self.parts.get(part).is_some_and(|part| is_key(graph, key, part))
    }

    /// Whether a part is this index.
    pub fn counts(&self, part: usize, index: u64) -> bool {
        matches!(self.parts.get(part), Some(Part::Index(n)) if *n as u64 == index)
    }

    /// The value that the parts from `part` on select in a container of which `first` items or entries are not there; `None`
    /// where there is none.
    pub fn within(&self, graph: &Graph, id: NodeId, part: usize, first: u64) -> Option<Value> {
        let (head, rest) = self.parts.get(part..)?.split_first()?;
        let value = match (graph.kind(id), head) {
            (Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter, _) => step(graph, id, head),
            (_, Part::Index(n)) => graph.item(id, usize::try_from((*n as u64).checked_sub(first)?).ok()?),
            (_, Part::Name(_) | Part::Key(_)) => None,
        };
        rest.iter().try_fold(value?, |value, part| match value {
            Value::Object(id) => step(graph, id, part),
            _ => None,
        })
    }

    /// The selected value, and its path. In a file of many pickles the first part is the pickle's index.
    pub fn apply(&self, graph: &Graph, roots: &[Value]) -> Result<(Vec<Value>, Option<String>), Error> {
        let mut parts = self.parts.as_slice();
        let mut at = "$".to_owned();
        let mut value = match (roots, parts) {
            ([one], _) => *one,
            (_, []) => return Ok((roots.to_vec(), None)),
            (_, [Part::Index(n), rest @ ..]) => {
                parts = rest;
                path::push_index(*n as u64, &mut at);
                *roots.get(*n).ok_or_else(|| missing(&at, &format!("the file holds {} pickles", roots.len())))?
            }
            (_, _) => return Err(missing(&at, "a file of many pickles is selected from by index, as `$[0]`")),
        };
        for part in parts {
            let before = at.clone();
            match part {
                Part::Name(name) => path::push_name(name, &mut at),
                Part::Index(n) => path::push_index(*n as u64, &mut at),
                Part::Key(key) => {
                    at.push_str("[key=");
                    at.push_str(key);
                    at.push(']');
                }
            }
            let Value::Object(id) = value else {
                let found = crate::model::type_name::type_name(graph, value);
                return Err(missing(&at, &format!("`{before}` ({found}) has no parts")));
            };
            value = step(graph, id, part).ok_or_else(|| {
                missing(
                    &at,
                    &format!("`{before}` ({}) {}", crate::model::type_name::type_name(graph, value), offer(graph, id)),
                )
            })?;
        }
        Ok((vec![value], Some(self.text.clone())))
    }
}

/// Length of a quoted string, both quotes included.
fn string_end(quoted: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in quoted.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn missing(at: &str, why: &str) -> Error {
    Error::misuse(format!("nothing to select: {why}")).at(Location::path(at.to_owned()))
}

fn step(graph: &Graph, id: NodeId, part: &Part) -> Option<Value> {
    match graph.kind(id) {
        Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter => in_pairs(graph, graph.items(id), part),
        Kind::Record | Kind::Exception => match part {
            Part::Index(n) => match graph.first::<FIXED>(id) {
                [_, _, Value::Object(args), _] => graph.item(args, *n),
                _ => None,
            },
            Part::Name(_) | Part::Key(_) => {
                let mut after = graph.items(id).skip(FIXED);
                let mut found = None;
                while let (Some(Value::Int(what)), Some(value)) = (after.next(), after.next()) {
                    let Value::Object(inner) = value else { continue };
                    match (what, graph.kind(inner)) {
                        (then::STATE, Kind::Dict) | (then::DICT_ITEMS, _) => {
                            found = in_pairs(graph, graph.items(inner), part).or(found);
                        }
                        _ => {}
                    }
                }
                found
            }
        },
        _ => match part {
            Part::Index(n) => graph.item(id, *n),
            Part::Name(_) | Part::Key(_) => None,
        },
    }
}

fn in_pairs(graph: &Graph, mut items: impl Iterator<Item = Value>, part: &Part) -> Option<Value> {
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        if is_key(graph, key, part) {
            return Some(value);
        }
    }
    None
}

fn is_key(graph: &Graph, key: Value, part: &Part) -> bool {
    match (part, key) {
        (Part::Name(name), Value::Str { len, at }) => graph.text(len, at) == name,
        (Part::Name(name), Value::Py2Str { len, at }) => graph.bytes(len, at) == name.as_bytes(),
        (Part::Index(n), Value::Int(key)) => usize::try_from(key) == Ok(*n),
        (Part::Key(json), key) => {
            let spelled = crate::writers::tagged::inline(graph, key);
            spelled == *json
                || serde_json::from_str::<serde_json::Value>(&spelled).ok()
                    == serde_json::from_str::<serde_json::Value>(json).ok()
        }
        _ => false,
    }
}

/// What could have been selected.
/// How many keys a message offers.
const OFFERED: usize = 5;

fn offer(graph: &Graph, id: NodeId) -> String {
    match graph.kind(id) {
        Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter => {
            let mut out = String::from(if graph.count(id) == 0 { "has no keys" } else { "has the keys " });
            for (n, key) in graph.items(id).step_by(2).take(OFFERED).enumerate() {
                out.push_str(if n == 0 { "" } else { ", " });
                path::push_key(graph, key, &mut out);
            }
            out.push_str(if graph.count(id) > 2 * OFFERED { ", …" } else { "" });
            out
        }
        _ => format!("has length {}", graph.count(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_they_are_printed() {
        let select = Select::parse(r#"$.rows[3]["a \"b\"."][key={"$tuple":[1,2]}].x"#).expect("a path");
        assert_eq!(
            select.parts,
            [
                Part::Name("rows".to_owned()),
                Part::Index(3),
                Part::Name("a \"b\".".to_owned()),
                Part::Key(r#"{"$tuple":[1,2]}"#.to_owned()),
                Part::Name("x".to_owned()),
            ]
        );
        for wrong in ["", "rows", "$rows", "$.", "$[", "$[x]", "$[\"a]", "$[key=]", "$[1]x"] {
            assert!(Select::parse(wrong).is_err(), "{wrong}");
        }
    }
}
