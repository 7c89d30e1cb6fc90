//! Value paths: `$.rows[3].price`, `$["any key"]`, `$[key={"$tuple":[1,2]}]`. What is printed can be pasted back.

use std::fmt::Write as _;

use crate::model::graph::Graph;
use crate::model::value::Value;

/// How long a key may be shown; a longer one is cut, and the path ends in `…`.
const SHOWN: usize = 200;

/// How long a path may become before the rest is left out.
const LONG: usize = 1_000;

/// Ends a path that is too long to be shown; what lies deeper is left out.
pub(crate) fn cut(out: &mut String) -> bool {
    let long = out.len() > LONG;
    if long {
        out.push('…');
    }
    long
}

/// Appends the part of a path that a dict key is.
pub(crate) fn push_key(graph: &Graph, key: Value, out: &mut String) {
    match key {
        Value::Str { len, at } => push_name(graph.text(len, at), out),
        other => {
            let mut text = crate::writers::tagged::inline(graph, other);
            if text.len() > SHOWN {
                let cut = (0..=SHOWN).rev().find(|&n| text.is_char_boundary(n)).unwrap_or(0);
                text.truncate(cut);
                text.push('…');
            }
            let _ = write!(out, "[key={text}]");
        }
    }
}

/// Appends the part of a path that a text key is.
pub(crate) fn push_name(name: &str, out: &mut String) {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.len() <= SHOWN;
    if plain {
        out.push('.');
        out.push_str(name);
        return;
    }
    out.push_str("[\"");
    for (n, c) in name.chars().enumerate() {
        if n == SHOWN {
            out.push('…');
            break;
        }
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            // Escaped as JSON does; nothing that moves a cursor or turns text around reaches a terminal.
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}') =>
            {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push_str("\"]");
}

/// Appends the part of a path that an index is.
pub(crate) fn push_index(index: u64, out: &mut String) {
    out.push('[');
    out.push_str(itoa::Buffer::new().format(index));
    out.push(']');
}
