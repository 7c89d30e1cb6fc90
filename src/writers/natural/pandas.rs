//! Scalars, dtypes and offsets of pandas in the natural mapping.

use super::Natural;
use crate::error::Error;
use crate::model::layout::{Interval, Layout, Offset, PdDtype, Period, Timestamp};
use crate::model::period;
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Step as Loss;
use crate::writers::event::Sink;
use crate::writers::{scalars, text};

const KEEPS: &str = "`--lossless` keeps it as it is";

impl<S: Sink> Natural<'_, '_, S> {
    pub(super) fn timestamp(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Temporal)?;
        let stamp = Timestamp::of(self.graph, id);
        if scalars::drops_zone(self.graph, stamp.tz) {
            self.note(Loss::ZoneLost)?;
        }
        if !matches!(stamp.freq, Value::None) {
            self.note(Loss::FrequencyLost)?;
        }
        self.scratch.clear();
        scalars::timestamp(self.graph, &mut self.zones, id, &mut self.scratch)
            .map_err(|why| self.unrepresentable(why, KEEPS))?;
        self.sink.str(&self.scratch);
        Ok(())
    }

    pub(super) fn pandas_timedelta(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Duration)?;
        self.scratch.clear();
        if !scalars::timedelta(self.graph, id, &mut self.scratch) {
            return Err(self.unrepresentable("expected a count of s, ms, us or ns", KEEPS));
        }
        self.sink.str(&self.scratch);
        Ok(())
    }

    pub(super) fn period(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Period)?;
        match Period::of(self.graph, id) {
            Period { ordinal: Value::Int(ordinal), freq } => self.period_text(ordinal, freq),
            _ => Err(self.unrepresentable("expected an int as ordinal", KEEPS)),
        }
    }

    /// A period as text, or as an object where its frequency is none that is known here.
    pub(super) fn period_text(&mut self, ordinal: i64, freq: Value) -> Result<(), Error> {
        self.scratch.clear();
        if scalars::period(self.graph, ordinal, freq, &mut self.scratch) {
            self.sink.str(&self.scratch);
            return Ok(());
        }
        self.record_fields(&[("ordinal", Value::Int(ordinal)), ("freq", freq)])
    }

    pub(super) fn interval(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Interval)?;
        let Interval { left, right, closed } = Interval::of(self.graph, id);
        self.record_fields(&[("left", left), ("right", right), ("closed", closed)])
    }

    pub(super) fn offset(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::PdDtype)?;
        self.scratch.clear();
        if period::write_offset(self.graph, id, &mut self.scratch) {
            self.sink.str(&self.scratch);
            return Ok(());
        }
        let Offset { class, n, normalize, params } = Offset::of(self.graph, id);
        let mut fields = vec![("class", class), ("n", n)];
        if !matches!(normalize, Value::None) {
            fields.push(("normalize", normalize));
        }
        if !matches!(params, Value::None) {
            fields.push(("params", params));
        }
        self.record_fields(&fields)
    }

    /// A dtype without parameters as pandas prints it; one with them as an object.
    pub(super) fn pandas_dtype(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::PdDtype)?;
        let PdDtype { class, params } = PdDtype::of(self.graph, id);
        let Value::Global(global) = class else { return self.named_fields(id, Layout::PdDtype) };
        let name = self.graph.global(global).name.as_str();
        let param = |name: &str| {
            let Value::Object(params) = params else { return None };
            let mut items = self.graph.items(params);
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                if matches!(key, Value::Str { len, at } if self.graph.text(len, at) == name) {
                    return Some(value);
                }
            }
            None
        };
        let mut out = String::new();
        match (name, params) {
            ("BooleanDtype", Value::None) => out.push_str("boolean"),
            ("StringDtype", Value::None) => out.push_str("string"),
            ("CategoricalDtype", Value::None) => out.push_str("category"),
            ("DatetimeTZDtype", _) => {
                if let (Some(Value::Str { len, at }), Some(Value::Object(zone))) = (param("unit"), param("tz")) {
                    out.push_str("datetime64[");
                    out.push_str(self.graph.text(len, at));
                    out.push_str(", ");
                    text::zone(self.graph, zone, &mut out);
                    out.push(']');
                }
            }
            ("PeriodDtype", _) => {
                if let Some(Value::Str { len, at }) = param("freq") {
                    out.push_str("period[");
                    out.push_str(self.graph.text(len, at));
                    out.push(']');
                }
            }
            (name, Value::None) => out.push_str(name.strip_suffix("Dtype").unwrap_or(name)),
            _ => {}
        }
        if out.is_empty() {
            return self.named_fields(id, Layout::PdDtype);
        }
        self.sink.str(&out);
        Ok(())
    }
}
