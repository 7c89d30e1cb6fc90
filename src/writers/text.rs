//! Values as the text that Python's `str()`, `repr()` or `isoformat()` prints.

use std::fmt::Write as _;

use crate::model::dtype::{self, DType};
use crate::model::extended::Extended;
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{Layout, Scalar};
use crate::model::moment;
use crate::model::temporal::{self, Date, Time, Zone};
use crate::model::value::{NodeId, Tz, Value};
use crate::model::zones::{UnknownZone, Zones};
use crate::repr;
use crate::writers::{base64, scalars};

/// Appends a fraction as `str()` does: `3/4`, or the numerator alone.
pub(crate) fn fraction(graph: &Graph, id: NodeId, out: &mut String) {
    let [numerator, denominator] = graph.first::<2>(id);
    int(graph, numerator, out);
    if !matches!(denominator, Value::Int(1)) {
        out.push('/');
        int(graph, denominator, out);
    }
}

/// Appends an int of any size.
pub(crate) fn int(graph: &Graph, value: Value, out: &mut String) {
    let _ = match value {
        Value::Int(n) => write!(out, "{n}"),
        Value::Big { len, at } => write!(out, "{}", graph.big_int(len, at)),
        _ => Ok(()),
    };
}

/// Appends a UUID in its usual form.
pub(crate) fn uuid(graph: &Graph, id: NodeId, out: &mut String) {
    if let [Value::Bytes { len, at }] = graph.first::<1>(id) {
        uuid_bytes(graph.bytes(len, at), out);
    }
}

/// Appends the bytes of a UUID in its usual form.
pub(crate) fn uuid_bytes(bytes: &[u8], out: &mut String) {
    for (n, byte) in bytes.iter().enumerate() {
        if matches!(n, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
}

/// What a time's text does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub fold: bool,
    pub zone: bool,
}

/// Appends `isoformat()`, with the offset where there is a zone.
///
/// # Errors
/// A zone whose offset cannot be told, in words.
pub(crate) fn datetime(
    graph: &Graph,
    zones: &mut Zones,
    tz: Tz,
    packed: u64,
    out: &mut String,
) -> Result<Dropped, String> {
    zones.write_datetime(graph, tz, packed, out).map_err(unknown)?;
    let fold = temporal::unpack_datetime(packed).1.fold;
    Ok(dropped(graph, tz, fold))
}

/// As [`datetime`], for a time: only zones with one offset have one.
///
/// # Errors
/// As for [`datetime`].
pub(crate) fn time(graph: &Graph, zones: &mut Zones, tz: Tz, packed: u64, out: &mut String) -> Result<Dropped, String> {
    zones.write_time(graph, tz, packed, out).map_err(unknown)?;
    Ok(dropped(graph, tz, Time::unpack(packed).fold))
}

pub(crate) fn unknown(UnknownZone(what): UnknownZone) -> String {
    format!("expected a time zone whose offset is known, found {what}")
}

fn dropped(graph: &Graph, tz: Tz, fold: bool) -> Dropped {
    Dropped { fold, zone: tz.id().is_some_and(|id| !is_plain(graph, id)) }
}

/// Whether a zone is no more than its offset.
pub(crate) fn is_plain(graph: &Graph, id: NodeId) -> bool {
    match graph.zone_of(id) {
        Some(Zone::Fixed { name: None, .. } | Zone::PytzMinutes(_) | Zone::DateutilUtc) => true,
        Some(Zone::Pytz { zone: Value::Str { len, at }, fixed: None }) => graph.text(*len, *at) == "UTC",
        Some(Zone::DateutilOffset { name: Value::None, .. }) => true,
        Some(_) | None => false,
    }
}

pub(crate) fn date(packed: u32, out: &mut String) {
    Date::unpack(packed).write(out);
}

/// Whether a zone is more than the text that [`zone`] writes.
pub(crate) fn zone_has_more(graph: &Graph, id: NodeId) -> bool {
    match graph.zone_of(id) {
        Some(Zone::Fixed { name: Some(_), .. } | Zone::Pytz { fixed: Some(_), .. }) => true,
        Some(Zone::DateutilOffset { name: Value::Str { .. }, .. }) => true,
        Some(Zone::DateutilLocal { .. } | Zone::DateutilFile { .. }) => true,
        Some(_) | None => false,
    }
}

/// Appends a zone's name, or its offset where it has none.
pub(crate) fn zone(graph: &Graph, id: NodeId, out: &mut String) {
    let push = |value: &Value, out: &mut String| {
        if let Value::Str { len, at } = value {
            out.push_str(graph.text(*len, *at));
        }
    };
    let offset = |us: i64, out: &mut String| {
        out.push_str("UTC");
        if us != 0 {
            temporal::write_offset(us, out);
        }
    };
    match graph.zone_of(id) {
        Some(Zone::Fixed { name: Some(name), .. }) => push(name, out),
        Some(Zone::Fixed { offset_us, name: None }) => offset(*offset_us, out),
        Some(Zone::ZoneInfo { key }) => push(key, out),
        Some(Zone::Pytz { zone, .. }) => push(zone, out),
        Some(Zone::PytzMinutes(minutes)) => offset(i64::from(*minutes) * 60_000_000, out),
        Some(Zone::DateutilUtc) => out.push_str("UTC"),
        Some(Zone::DateutilOffset { name, offset: delta }) => match (name, delta) {
            (Value::Str { .. }, _) => push(name, out),
            (_, Value::TimeDelta { days, rest }) => {
                offset(i64::try_from(temporal::timedelta_micros(*days, *rest)).unwrap_or(0), out);
            }
            _ => {}
        },
        Some(Zone::DateutilLocal { .. }) => out.push_str("tzlocal()"),
        Some(Zone::DateutilFile { name, .. }) => push(name, out),
        None => {}
    }
}

/// Appends a global's qualified name.
pub(crate) fn global(graph: &Graph, index: u32, out: &mut String) {
    let name = graph.global(index);
    out.push_str(&name.module);
    out.push('.');
    out.push_str(&name.name);
}

/// Elements of an `array.array`, decoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Element {
    Int(i64),
    Uint(u64),
    Float(f64),
}

/// What an `array.array` holds: numbers, characters (as text) or bytes.
pub(crate) enum ArrayContent<'g> {
    Numbers(Box<dyn ExactSizeIterator<Item = Element> + 'g>),
    /// UTF-8 with `surrogatepass`.
    Text(Vec<u8>),
    Bytes(&'g [u8]),
}

/// The typecode and content of an array.
pub(crate) fn array(graph: &Graph, id: NodeId) -> (char, ArrayContent<'_>) {
    let [typecode, format, data] = graph.first::<3>(id);
    let typecode = if let Value::Int(code) = typecode { u8::try_from(code).map_or('?', char::from) } else { '?' };
    let data = if let Value::Bytes { len, at } = data { graph.bytes(len, at) } else { &[] };
    if typecode == 'c' {
        return (typecode, ArrayContent::Bytes(data));
    }
    let numbers: Box<dyn ExactSizeIterator<Item = Element>> = match format {
        Value::Int(0) => Box::new(data.iter().map(|&b| Element::Int(i64::from(b)))),
        Value::Int(1) => Box::new(data.iter().map(|&b| Element::Int(i64::from(b as i8)))),
        Value::Int(2) => fixed(data, |b| Element::Int(i64::from(u16::from_le_bytes(b)))),
        Value::Int(4) => fixed(data, |b| Element::Int(i64::from(i16::from_le_bytes(b)))),
        Value::Int(6) => fixed(data, |b| Element::Int(i64::from(u32::from_le_bytes(b)))),
        Value::Int(8) => fixed(data, |b| Element::Int(i64::from(i32::from_le_bytes(b)))),
        Value::Int(10) => fixed(data, |b| Element::Uint(u64::from_le_bytes(b))),
        Value::Int(12) => fixed(data, |b| Element::Int(i64::from_le_bytes(b))),
        Value::Int(14) => fixed(data, |b| Element::Float(crate::model::float32::widen(f32::from_le_bytes(b)))),
        Value::Int(16) => fixed(data, |b| Element::Float(f64::from_le_bytes(b))),
        _ => {
            let mut text = Vec::with_capacity(data.len());
            for unit in data.as_chunks::<4>().0 {
                crate::wtf8::push_code_point(u32::from_le_bytes(*unit), &mut text);
            }
            return (typecode, ArrayContent::Text(text));
        }
    };
    (typecode, ArrayContent::Numbers(numbers))
}

fn fixed<'g, const N: usize>(
    data: &'g [u8],
    decode: impl Fn([u8; N]) -> Element + 'g,
) -> Box<dyn ExactSizeIterator<Item = Element> + 'g> {
    Box::new(data.as_chunks::<N>().0.iter().map(move |b| decode(*b)))
}

/// Appends the text that stands for a scalar as a JSON key; `false` where the value is no scalar.
///
/// # Errors
/// A zone whose offset cannot be told.
pub(crate) fn key(graph: &Graph, zones: &mut Zones, value: Value, out: &mut String) -> Result<bool, String> {
    match value {
        Value::Str { len, at } | Value::Decimal { len, at } | Value::Ip { len, at, .. } => {
            out.push_str(graph.text(len, at));
        }
        Value::None => out.push_str("null"),
        Value::Bool(b) => out.push_str(if b { "true" } else { "false" }),
        Value::Int(_) | Value::Big { .. } => int(graph, value, out),
        Value::Float { value, .. } => float_key(value, out),
        Value::Bytes { len, at } => out.push_str(&base64::encode(graph.bytes(len, at))),
        Value::Date(packed) => date(packed, out),
        Value::Time { tz, packed } => {
            time(graph, zones, tz, packed, out)?;
        }
        Value::DateTime { tz, packed } => {
            datetime(graph, zones, tz, packed, out)?;
        }
        Value::TimeDelta { days, rest } => temporal::write_duration(days, rest, out),
        Value::Path { len, at, .. } => match std::str::from_utf8(graph.bytes(len, at)) {
            Ok(text) => out.push_str(text),
            Err(_) => return Ok(false),
        },
        Value::Singleton(s) => out.push_str(s.name()),
        Value::Global(index) => global(graph, index, out),
        Value::Object(id) => match graph.kind(id) {
            Kind::Fraction => fraction(graph, id, out),
            Kind::Uuid => uuid(graph, id, out),
            Kind::Zone => zone(graph, id, out),
            Kind::Struct(Layout::Scalar) => return Ok(scalar(graph, id, out)),
            Kind::Struct(layout) => return scalars::key(graph, zones, id, layout, out),
            _ => return Ok(false),
        },
        Value::Wtf8 { .. } | Value::Py2Str { .. } | Value::ByteArray { .. } | Value::Unknown => return Ok(false),
    }
    Ok(true)
}

/// Appends the text of a numpy scalar as a key; `false` for structured ones and complex numbers.
fn scalar(graph: &Graph, id: NodeId, out: &mut String) -> bool {
    let scalar = Scalar::of(graph, id);
    let (Value::Bytes { len, at }, Ok(dtype)) = (scalar.data, DType::of(graph, scalar.dtype)) else { return false };
    match dtype.element(graph.bytes(len, at)) {
        Some(dtype::Element::Bool(b)) => out.push_str(if b { "true" } else { "false" }),
        Some(dtype::Element::Int(n)) => drop(write!(out, "{n}")),
        Some(dtype::Element::Uint(n)) => drop(write!(out, "{n}")),
        Some(dtype::Element::Float(f)) => float_key(f, out),
        Some(dtype::Element::Extended { bytes, big }) => match Extended::read(bytes, big).map(|e| (e, e.narrow())) {
            Some((_, Some(f))) => float_key(f, out),
            Some((extended, None)) => extended.write(out),
            None => return false,
        },
        Some(dtype::Element::Bytes(bytes) | dtype::Element::Void(bytes)) => out.push_str(&base64::encode(bytes)),
        Some(dtype::Element::Text { bytes, big }) => {
            let mut text = Vec::new();
            match (dtype::text(bytes, big, &mut text), std::str::from_utf8(&text)) {
                (Some(true), Ok(text)) => out.push_str(text),
                _ => return false,
            }
        }
        Some(dtype::Element::DateTime(None, ..) | dtype::Element::TimeDelta(None, ..)) => out.push_str("NaT"),
        Some(dtype::Element::DateTime(Some(n), unit, count)) => moment::write_datetime(n, unit, count, out),
        Some(dtype::Element::TimeDelta(Some(n), unit, count)) => moment::write_duration(n, unit, count, out),
        Some(dtype::Element::Complex(..) | dtype::Element::ExtendedComplex { .. }) | None => return false,
    }
    true
}

fn float_key(value: f64, out: &mut String) {
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    } else {
        repr::float(value, out);
    }
}
