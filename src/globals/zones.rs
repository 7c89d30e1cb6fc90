//! Named time zones: `zoneinfo` and `pytz`, and arrow's dates, which are kept as records.
//!
//! A zone is what the stream says of it, its name; rules are looked up by whoever needs an offset, never here.

use super::table::{Row, Use, module};
use super::{Class, Ctx, Forms, args, dateutil};
use crate::machine::Reject;
use crate::model::graph::Graph;
use crate::model::temporal::Zone;
use crate::model::value::{NodeId, Value};
use crate::name::GlobalName;

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "zoneinfo",
        modules: &[module("zoneinfo"), module("zoneinfo._zoneinfo"), module("backports.zoneinfo")],
        names: &["ZoneInfo"],
        uses: Use::Data(&ZONEINFO),
        guard: "(key); getattr(ZoneInfo, '_unpickle')(key, 0|1)",
    },
    Row { kind: "pytz", modules: PYTZ, names: &["_UTC"], uses: Use::Data(&PYTZ_UTC), guard: "()" },
    Row {
        kind: "pytz",
        modules: PYTZ,
        names: &["_p"],
        uses: Use::Data(&PYTZ_ZONE),
        guard: "(zone), (zone, utcoffset, dst, name): seconds below 24 hours",
    },
    Row {
        kind: "pytz",
        modules: PYTZ,
        names: &["FixedOffset"],
        uses: Use::Data(&PYTZ_OFFSET),
        guard: "(minutes) below 24 hours; 0 is UTC",
    },
    Row {
        kind: "pytz",
        modules: PYTZ,
        names: &["_FixedOffset"],
        uses: Use::Data(&PYTZ_FIXED),
        guard: "(minutes) below 24 hours",
    },
    Row {
        kind: "pytz",
        modules: &[module("pytz.tzinfo")],
        names: &["DstTzInfo", "StaticTzInfo"],
        uses: Use::Inert,
        guard: "a type as a value, or a record",
    },
    Row {
        kind: "arrow-date",
        modules: &[module("arrow.arrow")],
        names: &["Arrow"],
        uses: Use::Inert,
        guard: "a record: its state holds a datetime",
    },
];

const PYTZ: &[super::table::Module] = &[module("pytz")];
const SECONDS_PER_DAY: i64 = 86_400;
const MINUTES_PER_DAY: i64 = 1_440;
/// Longest name of a zone, in bytes; the longest of the database has 32.
const MAX_KEY: usize = 255;

static ZONEINFO: Class = Class { forms: Forms::REDUCE.and(Forms::NEWOBJ), call: zoneinfo, build: None, bare: true };
/// `ZoneInfo._unpickle`, which only `getattr` leads to.
pub(super) static ZONEINFO_UNPICKLE: Class =
    Class { forms: Forms::REDUCE, call: zoneinfo_unpickle, build: None, bare: false };
static PYTZ_UTC: Class = Class { forms: Forms::REDUCE, call: pytz_utc, build: None, bare: false };
static PYTZ_ZONE: Class = Class { forms: Forms::REDUCE, call: pytz_zone, build: None, bare: false };
static PYTZ_OFFSET: Class = Class { forms: Forms::REDUCE, call: pytz_offset, build: None, bare: false };
static PYTZ_FIXED: Class = Class { forms: Forms::REDUCE, call: pytz_fixed, build: None, bare: true };

/// A str, also from an ASCII 8-bit str.
pub(super) fn name(ctx: &mut Ctx<'_>, value: Value) -> Result<Option<Value>, Reject> {
    match value {
        Value::Str { .. } => Ok(Some(value)),
        Value::Py2Str { .. } => match args::text(ctx.graph, value).map(str::to_owned) {
            Some(text) => Ok(Some(ctx.graph.str(&text)?)),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

/// Whether a text can be the name of a zone: a relative path without `.`, `..` or empty parts, as `zoneinfo` demands.
pub(crate) fn is_key(text: &str) -> bool {
    let part = |part: &str| {
        let known = part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-' | b'.'));
        known && !part.is_empty() && part != "." && part != ".."
    };
    text.len() <= MAX_KEY && text.split('/').all(part)
}

/// The name of a zone.
pub(super) fn key(ctx: &mut Ctx<'_>, value: Value) -> Result<Value, Reject> {
    if !args::text(ctx.graph, value).is_some_and(is_key) {
        let found = args::type_name(ctx.graph, value);
        return ctx.reject(format!("expected the name of a zone such as `Europe/Paris`, found {found}"));
    }
    match name(ctx, value)? {
        Some(name) => Ok(name),
        None => ctx.reject("expected the name of a zone"),
    }
}

fn zoneinfo(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [value] = *ctx.args else {
        return ctx.reject(format!("expected a key, found {} arguments", ctx.args.len()));
    };
    let key = key(ctx, value)?;
    Ok(Value::Object(ctx.graph.zone(Zone::ZoneInfo { key })?))
}

/// The second argument says whether the zone came from the cache, which changes identity only.
fn zoneinfo_unpickle(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [value, Value::Int(0 | 1) | Value::Bool(_)] = *ctx.args else {
        return ctx.reject("expected a key, and 0 or 1");
    };
    let key = key(ctx, value)?;
    Ok(Value::Object(ctx.graph.zone(Zone::ZoneInfo { key })?))
}

fn utc(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let zone = ctx.graph.str("UTC")?;
    Ok(Value::Object(ctx.graph.zone(Zone::Pytz { zone, fixed: None })?))
}

fn pytz_utc(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject(format!("expected no arguments, found {}", ctx.args.len()));
    }
    utc(ctx)
}

/// Seconds that stay below 24 hours.
fn seconds(value: Value) -> Option<i32> {
    args::int(value).filter(|n| (1 - SECONDS_PER_DAY..SECONDS_PER_DAY).contains(n)).and_then(|n| i32::try_from(n).ok())
}

fn pytz_zone(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (zone, fixed) = match *ctx.args {
        [zone] => (key(ctx, zone)?, None),
        [zone, offset, dst, abbreviation] => {
            let (Some(offset), Some(dst)) = (seconds(offset), seconds(dst)) else {
                return ctx.reject("expected two offsets in seconds, below 24 hours");
            };
            let zone = key(ctx, zone)?;
            let Some(abbreviation) = name(ctx, abbreviation)? else {
                let found = args::type_name(ctx.graph, abbreviation);
                return ctx.reject(format!("expected a str as abbreviation, found {found}"));
            };
            (zone, Some((offset, dst, abbreviation)))
        }
        _ => {
            return ctx.reject(format!("expected a zone, or a zone and three values, found {}", ctx.args.len()));
        }
    };
    Ok(Value::Object(ctx.graph.zone(Zone::Pytz { zone, fixed })?))
}

fn minutes(ctx: &Ctx<'_>) -> Result<i32, Reject> {
    match *ctx.args {
        [Value::Int(n)] if n.unsigned_abs() < MINUTES_PER_DAY.unsigned_abs() => match i32::try_from(n) {
            Ok(n) => Ok(n),
            Err(_) => ctx.reject("expected minutes below 24 hours"),
        },
        _ => ctx.reject("expected minutes below 24 hours"),
    }
}

fn pytz_offset(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match minutes(ctx)? {
        0 => utc(ctx),
        minutes => Ok(Value::Object(ctx.graph.zone(Zone::PytzMinutes(minutes))?)),
    }
}

fn pytz_fixed(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let minutes = minutes(ctx)?;
    Ok(Value::Object(ctx.graph.zone(Zone::PytzMinutes(minutes))?))
}

/// BUILD on a zone that is whole already: only those of `dateutil` take a state.
pub(super) fn build(graph: &mut Graph, target: NodeId, state: Value) -> Result<(), Reject> {
    if matches!(state, Value::Unknown) {
        return Err(Reject::Tainted);
    }
    let (class, problem) = match graph.zone_of(target).copied() {
        Some(Zone::DateutilUtc) => match args::fields(graph, state) {
            Some(fields) if fields.is_empty() => return Ok(()),
            _ => ("tzutc", "expected an empty dict as state"),
        },
        Some(Zone::DateutilLocal { state: Value::None }) => {
            let Err(problem) = dateutil::local_state(graph, state) else {
                return Ok(graph.become_zone(target, Zone::DateutilLocal { state })?);
            };
            ("tzlocal", problem)
        }
        Some(Zone::DateutilLocal { .. }) => ("tzlocal", "expected one state, found a second BUILD"),
        Some(Zone::DateutilOffset { .. }) => ("tzoffset", "expected one state, found a second BUILD"),
        Some(Zone::DateutilFile { .. }) => ("tzfile", "expected one state, found a second BUILD"),
        _ => {
            let name = GlobalName::new("datetime", "tzinfo");
            return Err(Reject::Value { name, problem: "expected no state, found BUILD".to_owned() });
        }
    };
    Err(Reject::Value { name: GlobalName::new("dateutil.tz", class), problem: problem.to_owned() })
}

/// The values inside a zone.
pub(super) fn values(zone: &Zone) -> impl Iterator<Item = Value> {
    zone.values().into_iter().flatten()
}
