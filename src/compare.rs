//! Two documents compared value by value, and the first difference in words.

use std::fmt;

use crate::document::Document;
use crate::model::graph::Graph;
use crate::model::same::{self, Part, What};
use crate::model::type_name::type_name;
use crate::model::value::Value;
use crate::writers::{path, tagged};

/// The first difference between two documents.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Where, as a path in the first document (`$.rows[3].price`; the parts of an instance are `.args`, `.kwargs`, `.then`).
    pub path: String,
    /// What the first document has there and what the second: a lower-case fragment.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at {})", self.what, self.path)
    }
}

impl Document {
    /// The first difference from another document, `None` where the values are identical: types, content, the order of dicts
    /// and sets, and which references lead to one object. Floats are compared bit by bit.
    pub fn difference(&self, other: &Document) -> Option<Difference> {
        let found = same::first_mismatch(&self.graph, &self.roots, &other.graph, &other.roots)?;
        let what = match found.what {
            What::Values(a, b) => {
                let (here, there) = (type_name(&self.graph, a), type_name(&other.graph, b));
                let (a, b) = (shown(&self.graph, a), shown(&other.graph, b));
                if here == there {
                    format!("expected {here} {a}, found {b}")
                } else {
                    format!("expected {here} {a}, found {there} {b}")
                }
            }
            What::Count(a, b) => format!("expected {a} items, found {b}"),
            What::SharedInFirst => "expected a reference to an earlier object, found another object".to_owned(),
            What::SharedInSecond => "expected an object of its own, found a reference to an earlier one".to_owned(),
            What::TooDeep => "expected values that nest less".to_owned(),
        };
        let mut path = "$".to_owned();
        for part in found.place {
            if path::cut(&mut path) {
                break;
            }
            match part {
                Part::Index(n) => path::push_index(n, &mut path),
                Part::Key(key) => path::push_key(&self.graph, key, &mut path),
                Part::KeyAt(n) => path.push_str(&format!("[key {n}]")),
                Part::Field(name) => path::push_name(name, &mut path),
            }
        }
        Some(Difference { path, what })
    }
}

/// How much of a value is shown.
const SHOWN: usize = 80;

fn shown(graph: &Graph, value: Value) -> String {
    let mut text = tagged::inline(graph, value);
    if text.len() > SHOWN {
        let cut = (0..=SHOWN).rev().find(|&n| text.is_char_boundary(n)).unwrap_or(0);
        text.truncate(cut);
        text.push('…');
    }
    format!("`{text}`")
}
