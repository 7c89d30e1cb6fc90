//! Labels of columns and names of indexes in the natural mapping: the keys of row objects.

use super::Natural;
use super::tables::{KEEPS, unit};
use crate::error::Error;
use crate::model::arrow;
use crate::model::column::Cell;
use crate::model::dtype::Element;
use crate::model::graph::Kind;
use crate::model::instant;
use crate::model::value::Value;
use crate::report::ledger::Step as Loss;
use crate::writers::event::Sink;
use crate::writers::{keys, scalars};

impl<S: Sink> Natural<'_, '_, S> {
    /// The labels of columns as text; those of several levels as Python prints the tuple.
    pub(super) fn labels(&mut self, columns: Value) -> Result<Vec<String>, Error> {
        let levels = self.levels(columns)?;
        if levels.iter().any(|(name, _)| !matches!(name, Value::None)) {
            self.note(Loss::AxisNameLost)?;
        }
        let rows = levels.first().map_or(0, |(_, level)| level.len);
        let (mut out, mut retyped) = (Vec::with_capacity(rows.min(1 << 16)), false);
        for n in 0..rows {
            if let [(_, level)] = levels.as_slice() {
                let cell = level.cell(n);
                retyped |= !matches!(cell, Cell::Value(Value::Str { .. }) | Cell::Arrow(..));
                out.push(self.label(&cell)?);
                continue;
            }
            retyped = true;
            let mut text = String::from("(");
            for (at, (_, level)) in levels.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                let cell = level.cell(n);
                let label = self.label(&cell)?;
                if matches!(cell, Cell::Value(Value::Str { .. } | Value::Py2Str { .. }) | Cell::Arrow(..)) {
                    quoted(&label, &mut text);
                } else {
                    text.push_str(&label);
                }
            }
            text.push(')');
            out.push(text);
        }
        if retyped {
            self.note(Loss::Labels)?;
        }
        Ok(out)
    }

    /// A label as text.
    pub(super) fn label(&mut self, cell: &Cell<'_>) -> Result<String, Error> {
        let mut out = String::new();
        let known = match cell {
            Cell::Missing => {
                out.push_str("NaN");
                Ok(true)
            }
            Cell::Value(Value::Object(id)) if self.graph.kind(*id) == Kind::Tuple => {
                let items: Vec<Value> = self.graph.items(*id).collect();
                out.push('(');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push_str(", ");
                    }
                    let mut part = String::new();
                    let known = keys::spell(self.graph, &mut self.zones, *item, self.options, &mut part);
                    if known != Ok(true) {
                        return Err(self.unrepresentable("expected labels of columns that are scalars", KEEPS));
                    }
                    if matches!(item, Value::Str { .. } | Value::Py2Str { .. }) {
                        quoted(&part, &mut out);
                    } else {
                        out.push_str(&part);
                    }
                }
                if items.len() == 1 {
                    out.push(',');
                }
                out.push(')');
                Ok(true)
            }
            Cell::Value(value) => keys::spell(self.graph, &mut self.zones, *value, self.options, &mut out),
            Cell::Int(n) | Cell::Element(Element::Int(n)) => {
                out.push_str(&n.to_string());
                Ok(true)
            }
            Cell::Element(Element::Uint(n)) => {
                out.push_str(&n.to_string());
                Ok(true)
            }
            Cell::Element(Element::Bool(b)) => {
                out.push_str(if *b { "true" } else { "false" });
                Ok(true)
            }
            Cell::Element(Element::Float(f)) => {
                keys::spell(self.graph, &mut self.zones, Value::float(*f), self.options, &mut out)
            }
            Cell::Element(Element::DateTime(Some(n), of, 1)) => {
                unit(*of).map(|unit| instant::write(unit, *n, None, &mut out)).map_or(Ok(false), |()| Ok(true))
            }
            Cell::Element(Element::TimeDelta(Some(n), of, 1)) => {
                unit(*of).map(|unit| instant::write_duration(unit, *n, &mut out)).map_or(Ok(false), |()| Ok(true))
            }
            Cell::Instant { value, unit: of, zone } => match unit(*of) {
                Some(unit) => {
                    scalars::instant(self.graph, &mut self.zones, *value, unit, *zone, &mut out).map(|()| true)
                }
                None => Ok(false),
            },
            Cell::Period { ordinal, freq } => Ok(scalars::period(self.graph, *ordinal, *freq, &mut out)),
            Cell::Arrow(column, n) => match column.element(*n) {
                Some(arrow::Element::Str(text)) => {
                    out.push_str(text);
                    Ok(true)
                }
                Some(arrow::Element::Int(n)) => {
                    out.push_str(&n.to_string());
                    Ok(true)
                }
                Some(arrow::Element::Null) => {
                    out.push_str("NaN");
                    Ok(true)
                }
                _ => Ok(false),
            },
            Cell::Interval(ends, closed) => {
                let (left, right) = (self.label(&ends[0])?, self.label(&ends[1])?);
                let closed = match *closed {
                    Value::Str { len, at } => self.graph.text(len, at),
                    _ => "",
                };
                let open = if matches!(closed, "left" | "both") { '[' } else { '(' };
                let close = if matches!(closed, "right" | "both") { ']' } else { ')' };
                out = format!("{open}{left}, {right}{close}");
                Ok(true)
            }
            Cell::Element(_) | Cell::Compound(..) | Cell::Geometry(_) => Ok(false),
        };
        match known {
            Ok(true) => Ok(out),
            Ok(false) => Err(self.unrepresentable("expected labels of columns that are scalars", KEEPS)),
            Err(why) => Err(self.unrepresentable(why, KEEPS)),
        }
    }
}

/// Appends text as Python's `repr` of a str prints it.
fn quoted(text: &str, out: &mut String) {
    let mut bytes = Vec::new();
    if crate::repr::wtf8(text.as_bytes(), &mut bytes).is_ok() {
        out.push_str(&String::from_utf8_lossy(&bytes));
    }
}
