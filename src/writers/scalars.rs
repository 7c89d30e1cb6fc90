//! Scalars of pandas as text: what `isoformat()` and `str()` print.

use crate::model::arrow::Unit;
use crate::model::graph::Graph;
use crate::model::instant;
use crate::model::layout::{Layout, PdTimedelta, Period, Timestamp};
use crate::model::period::Frequency;
use crate::model::value::{NodeId, Value};
use crate::model::zones::{UnknownZone, Zones};
use crate::writers::text;

/// A unit of pandas by its name.
pub(crate) fn unit(graph: &Graph, name: Value) -> Option<Unit> {
    match name {
        Value::Str { len, at } => Unit::of(graph.text(len, at)),
        _ => None,
    }
}

/// Appends an instant: with the offset of its zone where it has one.
///
/// # Errors
/// A zone whose offset cannot be told, in words.
pub(crate) fn instant(
    graph: &Graph,
    zones: &mut Zones,
    value: i64,
    unit: Unit,
    zone: Value,
    out: &mut String,
) -> Result<(), String> {
    let offset = match zone {
        Value::Object(zone) => {
            Some(zones.offset_of_instant(graph, zone, instant::second(unit, value)).map_err(text::unknown)?)
        }
        Value::None => None,
        _ => return Err(text::unknown(UnknownZone("something else".to_owned()))),
    };
    instant::write(unit, value, offset, out);
    Ok(())
}

/// Whether the text of an instant leaves out what its zone is.
pub(crate) fn drops_zone(graph: &Graph, zone: Value) -> bool {
    matches!(zone, Value::Object(id) if !text::is_plain(graph, id))
}

/// Appends a Timestamp.
///
/// # Errors
/// As for [`instant`]; or its fields are none.
pub(crate) fn timestamp(graph: &Graph, zones: &mut Zones, id: NodeId, out: &mut String) -> Result<(), String> {
    let stamp = Timestamp::of(graph, id);
    match (stamp.value, unit(graph, stamp.unit)) {
        (Value::Int(value), Some(unit)) => instant(graph, zones, value, unit, stamp.tz, out),
        _ => Err("expected a count of s, ms, us or ns".to_owned()),
    }
}

/// Appends a Timedelta; `false` where its fields are none.
pub(crate) fn timedelta(graph: &Graph, id: NodeId, out: &mut String) -> bool {
    let delta = PdTimedelta::of(graph, id);
    match (delta.value, unit(graph, delta.unit)) {
        (Value::Int(value), Some(unit)) => {
            instant::write_duration(unit, value, out);
            true
        }
        _ => false,
    }
}

/// Appends a period; `false` where its frequency has no text that is known here.
pub(crate) fn period(graph: &Graph, ordinal: i64, freq: Value, out: &mut String) -> bool {
    match Frequency::of(graph, freq) {
        Some(freq) => {
            freq.write(ordinal, out);
            true
        }
        None => false,
    }
}

/// Appends the text that stands for a scalar as a key; `false` where there is none.
///
/// # Errors
/// As for [`instant`].
pub(crate) fn key(
    graph: &Graph,
    zones: &mut Zones,
    id: NodeId,
    layout: Layout,
    out: &mut String,
) -> Result<bool, String> {
    match layout {
        Layout::Timestamp => timestamp(graph, zones, id, out).map(|()| true),
        Layout::PdTimedelta => Ok(timedelta(graph, id, out)),
        Layout::Period => match Period::of(graph, id) {
            Period { ordinal: Value::Int(ordinal), freq } => Ok(period(graph, ordinal, freq, out)),
            _ => Ok(false),
        },
        _ => Ok(false),
    }
}
