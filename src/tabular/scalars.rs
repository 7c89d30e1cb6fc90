//! What scalars and arrays of numpy, and scalars of pandas, are in a column.

use arrow::datatypes::TimeUnit;

use super::eye::{Eye, Items, Seen};
use super::units::ticks;
use super::view::ArrayView;
use crate::model::dtype::{self, DType, Element, Unit};
use crate::model::layout::{Layout, Ndarray, PdTimedelta, Scalar, Timestamp};
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Step;

impl<'g> Eye<'g> {
    /// Text, dates and numbers that a layout stands for.
    pub fn structure(&mut self, id: NodeId, layout: Layout) -> Seen<'g> {
        let graph = self.graph;
        match layout {
            Layout::Scalar => {
                let scalar = Scalar::of(graph, id);
                let (Ok(dtype), Value::Bytes { len, at }) = (DType::of(graph, scalar.dtype), scalar.data) else {
                    return Seen::Other;
                };
                match dtype.element(graph.bytes(len, at)) {
                    Some(element) => {
                        self.steps.push(Step::Scalar);
                        self.element(element)
                    }
                    None => Seen::Other,
                }
            }
            Layout::Timestamp => {
                let stamp = Timestamp::of(graph, id);
                let (Value::Int(at), Some(unit)) = (stamp.value, self.unit(stamp.unit)) else { return Seen::Other };
                self.steps.push(Step::Scalar);
                let zone = match stamp.tz {
                    Value::None => None,
                    Value::Object(tz) => match self.zone(tz) {
                        Some(zone) => Some(zone),
                        None => return Seen::Other,
                    },
                    _ => return Seen::Other,
                };
                Seen::Stamp { at, unit, zone }
            }
            Layout::PdTimedelta => {
                let span = PdTimedelta::of(graph, id);
                let (Value::Int(length), Some(unit)) = (span.value, self.unit(span.unit)) else { return Seen::Other };
                self.steps.push(Step::Scalar);
                Seen::Span { length: length.into(), unit }
            }
            Layout::Ndarray => {
                let array = Ndarray::of(graph, id);
                match ArrayView::new(graph, &array) {
                    Some(view) => {
                        self.steps.push(Step::NdArray);
                        if view.is_scalar() { self.item(&view, 0) } else { Seen::List(Items::Array(view)) }
                    }
                    None => Seen::Other,
                }
            }
            _ => Seen::Other,
        }
    }

    /// The unit that a text field names.
    fn unit(&self, unit: Value) -> Option<TimeUnit> {
        let Value::Str { len, at } = unit else { return None };
        match self.graph.text(len, at) {
            "s" => Some(TimeUnit::Second),
            "ms" => Some(TimeUnit::Millisecond),
            "us" => Some(TimeUnit::Microsecond),
            "ns" => Some(TimeUnit::Nanosecond),
            _ => None,
        }
    }

    /// A scalar of an array.
    pub fn element(&mut self, element: Element<'g>) -> Seen<'g> {
        match element {
            Element::Bool(b) => Seen::Bool(b),
            Element::Int(n) => Seen::Int(n),
            Element::Uint(n) => i64::try_from(n).map_or_else(|_| Seen::Big(n.into()), Seen::Int),
            Element::Float(f) => Seen::Float(f),
            Element::Complex(re, im) => {
                self.steps.push(Step::Complex);
                Seen::Complex(re, im)
            }
            Element::Bytes(bytes) => Seen::Bytes(bytes),
            Element::Text { bytes, big } => {
                let mut out = Vec::new();
                match (dtype::text(bytes, big, &mut out), String::from_utf8(out)) {
                    (Some(true), Ok(text)) => Seen::Text(text.into()),
                    _ => Seen::Other,
                }
            }
            Element::Void(bytes) => Seen::Bytes(bytes),
            Element::DateTime(None, ..) | Element::TimeDelta(None, ..) => {
                self.steps.push(Step::Missing);
                Seen::Null
            }
            Element::DateTime(Some(n), unit, count) => match ticks(n, unit, count) {
                Some((at, unit)) => match i64::try_from(at) {
                    Ok(at) => Seen::Stamp { at, unit, zone: None },
                    Err(_) => Seen::Other,
                },
                None if unit == Unit::Day && count == 1 => i32::try_from(n).map_or(Seen::Other, Seen::Date),
                None => Seen::Other,
            },
            Element::TimeDelta(Some(n), unit, count) => match ticks(n, unit, count) {
                Some((length, unit)) => Seen::Span { length, unit },
                None => Seen::Other,
            },
            Element::Extended { .. } | Element::ExtendedComplex { .. } => Seen::Other,
        }
    }

    /// The `n`th item of an array.
    pub fn item(&mut self, view: &ArrayView<'g>, n: usize) -> Seen<'g> {
        match view.inner(n) {
            Some(inner) => Seen::List(Items::Array(inner)),
            None => match view.element(n) {
                Some(element) => self.element(element),
                None => Seen::Other,
            },
        }
    }
}
