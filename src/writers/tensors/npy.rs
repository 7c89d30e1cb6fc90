//! `.npy`: a header in Python's notation, then the elements.
//!
//! Format: NumPy Enhancement Proposal 1, `numpy/lib/_format_impl.py`. Version 1.0, 2.0 for a long header, 3.0 for names beyond
//! Latin-1.

use std::fmt::Write as _;

use super::array::{Array, Kind};
use crate::model::graph::Graph;
use crate::model::layout::Dtype;
use crate::model::value::Value;

const MAGIC: &[u8] = b"\x93NUMPY";
/// The elements begin at a multiple of this.
const ALIGNED: usize = 64;
const HINT: &str = "`--to json` writes it";

/// The header of an array.
///
/// # Errors
/// Why the format has no such elements, and what helps.
pub(super) fn header(graph: &Graph, array: &Array<'_>) -> Result<Vec<u8>, (String, &'static str)> {
    let mut text = "{'descr': ".to_owned();
    match &array.kind {
        Kind::Torch(torch) => match torch.npy {
            Some(code) => quoted(code, &mut text),
            None => {
                let what = format!("expected a dtype that numpy has, found `torch.{}`", torch.name);
                return Err((what, "`--to safetensors` writes it"));
            }
        },
        Kind::Numpy(_, object) => descr(graph, *object, &mut text)?,
    }
    let order = if array.fortran { "True" } else { "False" };
    let _ = write!(text, ", 'fortran_order': {order}, 'shape': ");
    tuple(&array.elements.shape, &mut text);
    text.push_str(", }");
    let latin1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let (version, body) = match latin1 {
        Some(body) if body.len() < 65_000 => (1, body),
        Some(body) => (2, body),
        None => (3, text.into_bytes()),
    };
    let fixed = MAGIC.len() + 2 + if version == 1 { 2 } else { 4 };
    let padded = (fixed + body.len() + 1).next_multiple_of(ALIGNED) - fixed;
    let Ok(len) = u32::try_from(padded) else {
        return Err(("expected a dtype whose description is below 4 GiB".to_owned(), HINT));
    };
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&[version, 0]);
    out.extend(len.to_le_bytes().iter().take(if version == 1 { 2 } else { 4 }));
    out.extend_from_slice(&body);
    out.resize(fixed + padded - 1, b' ');
    out.push(b'\n');
    Ok(out)
}

/// A shape as Python's `repr` spells it.
fn tuple(shape: &[usize], out: &mut String) {
    let shown: Vec<String> = shape.iter().map(usize::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    let _ = write!(out, "({}{comma})", shown.join(", "));
}

/// A str as Python's `repr` spells it.
fn quoted(text: &str, out: &mut String) {
    let mut bytes = Vec::new();
    // Writing to a Vec does not fail.
    let _ = crate::repr::wtf8(text.as_bytes(), &mut bytes);
    out.push_str(&String::from_utf8_lossy(&bytes));
}

/// What is left to spell.
enum Todo {
    Dtype(Value),
    Text(String),
}

/// `dtype.descr`: the text of one scalar, or a list of fields, padding included.
fn descr(graph: &Graph, object: Value, out: &mut String) -> Result<(), (String, &'static str)> {
    let mut todo = vec![Todo::Dtype(object)];
    while let Some(next) = todo.pop() {
        let object = match next {
            Todo::Text(text) => {
                out.push_str(&text);
                continue;
            }
            Todo::Dtype(object) => object,
        };
        let Some((_, id)) = graph.layout(object) else { continue };
        let dtype = Dtype::of(graph, id);
        match (dtype.str, dtype.fields) {
            (Value::Str { len, at }, _) => quoted(graph.text(len, at), out),
            (_, Value::Object(list)) => {
                out.push('[');
                let mut parts = vec![Todo::Text("]".to_owned())];
                let fields = fields(graph, list, dtype.itemsize)?;
                for part in fields.into_iter().rev() {
                    parts.push(part);
                }
                todo.append(&mut parts);
            }
            _ => return Err(("expected a dtype of one scalar or of fields, found a sub-array".to_owned(), HINT)),
        }
    }
    Ok(())
}

/// The fields as tuples, and what lies between them as void.
fn fields(
    graph: &Graph,
    list: crate::model::value::NodeId,
    itemsize: Value,
) -> Result<Vec<Todo>, (String, &'static str)> {
    let mut out = Vec::new();
    let mut end = 0_i64;
    let pad = |from: i64, to: i64, out: &mut Vec<Todo>| {
        if to > from {
            out.push(Todo::Text(format!("('', '|V{}'), ", to - from)));
        }
    };
    for field in graph.items(list) {
        let Value::Object(field) = field else { continue };
        let [name, dtype, Value::Int(offset), title] = graph.first::<4>(field) else { continue };
        if offset < end {
            let what = "expected fields one after another, found overlapping ones or another order".to_owned();
            return Err((what, HINT));
        }
        pad(end, offset, &mut out);
        let mut head = "(".to_owned();
        let text = |value| match value {
            Value::Str { len, at } => graph.text(len, at),
            _ => "",
        };
        if matches!(title, Value::None) {
            quoted(text(name), &mut head);
        } else {
            head.push('(');
            quoted(text(title), &mut head);
            head.push_str(", ");
            quoted(text(name), &mut head);
            head.push(')');
        }
        head.push_str(", ");
        out.push(Todo::Text(head));
        let size = crate::model::dtype::DType::of(graph, dtype).map_err(|what| (what, HINT))?.size;
        let (mut inner, mut shape) = (dtype, Vec::new());
        // A sub-array of sub-arrays is one of more dimensions.
        while let Some((_, id)) = graph.layout(inner) {
            let dtype = Dtype::of(graph, id);
            if matches!(dtype.base, Value::None) {
                break;
            }
            shape.extend(crate::model::tensor::sizes(graph, dtype.shape));
            inner = dtype.base;
        }
        out.push(Todo::Dtype(inner));
        let mut tail = String::new();
        if !shape.is_empty() {
            tail.push_str(", ");
            tuple(&shape, &mut tail);
        }
        tail.push_str("), ");
        out.push(Todo::Text(tail));
        end = offset.saturating_add(i64::try_from(size).unwrap_or(i64::MAX));
    }
    if let Value::Int(size) = itemsize {
        pad(end, size, &mut out);
    }
    if let Some(Todo::Text(last)) = out.last_mut() {
        last.truncate(last.trim_end_matches(", ").len());
    }
    Ok(out)
}
