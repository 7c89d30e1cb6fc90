//! `dateutil.tz`: zones that are kept by value.
//!
//! tzutc, tzoffset, tzlocal and tzfile are data, in the forms of versions 1.5 to 4.0. tzrange, tzstr, iCalendar and Windows
//! zones hold rules in classes of their own and stay records.

use super::table::{Module, Row, Use, module};
use super::{Class, Ctx, Forms, args, datetime, zones};
use crate::machine::{Form, Reject};
use crate::model::graph::{Graph, Kind};
use crate::model::temporal::Zone;
use crate::model::value::{NodeId, Value};

/// Every module that has held them, the public one first.
/// Where the classes that are kept as records are defined from 2.7 on, and their other spellings.
const TZ_CLASSES: &[Module] = &[
    module("dateutil.tz.tz"),
    module("dateutil.tz"),
    module("dateutil.tz._tzfile"),
    module("dateutil.tz._tzlocal"),
    module("dateutil.tz.win"),
    module("dateutil.zoneinfo"),
];

const TZ: &[Module] = &[
    module("dateutil.tz"),
    module("dateutil.tz.tz"),
    module("dateutil.tz._tzfile"),
    module("dateutil.tz._tzlocal"),
    module("dateutil.tz.win"),
    module("dateutil.zoneinfo"),
];

pub(super) static ROWS: &[Row] = &[
    Row { kind: "dateutil-tz", modules: TZ, names: &["tzutc"], uses: Use::Data(&TZUTC), guard: "(); state {}" },
    Row {
        kind: "dateutil-tz",
        modules: TZ,
        names: &["tzoffset"],
        uses: Use::Data(&TZOFFSET),
        guard: "(name or None, timedelta); new () with state {_name, _offset}; below 24 hours",
    },
    Row {
        kind: "dateutil-tz",
        modules: TZ,
        names: &["tzlocal"],
        uses: Use::Data(&TZLOCAL),
        guard: "new (); state {_std_offset, _dst_offset, _dst_saved, _hasdst, _tznames}",
    },
    Row {
        kind: "dateutil-tz",
        modules: TZ,
        names: &["tzfile"],
        uses: Use::Data(&TZFILE),
        guard: "(name); (None, name or None) with the transition tables as state",
    },
    Row { kind: "dateutil-tz", modules: TZ, names: &["gettz"], uses: Use::Data(&GETTZ), guard: "(name)" },
    Row {
        kind: "dateutil-tz",
        modules: TZ,
        names: &["_unpickle"],
        uses: Use::Data(&UNPICKLE),
        guard: "(tzfile, key or None, path or None, six transition tables)",
    },
    Row {
        kind: "dateutil-tz",
        modules: TZ_CLASSES,
        names: &["_ttinfo", "_tzicalvtz", "tzrange", "tzstr", "tzwin", "tzwinlocal"],
        uses: Use::Inert,
        guard: "a record",
    },
];

const MADE: Forms = Forms::REDUCE.and(Forms::NEWOBJ);

static TZUTC: Class = Class { forms: MADE, call: tzutc, build: None, bare: true };
static TZOFFSET: Class = Class { forms: MADE, call: tzoffset, build: Some(tzoffset_state), bare: true };
static TZLOCAL: Class = Class { forms: MADE, call: tzlocal, build: None, bare: true };
static TZFILE: Class = Class { forms: MADE, call: tzfile, build: Some(tzfile_state), bare: true };
static GETTZ: Class = Class { forms: Forms::REDUCE, call: gettz, build: None, bare: false };
static UNPICKLE: Class = Class { forms: Forms::REDUCE, call: unpickle, build: None, bare: false };

fn tzutc(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject(format!("expected no arguments, found {}", ctx.args.len()));
    }
    Ok(Value::Object(ctx.graph.zone(Zone::DateutilUtc)?))
}

/// A name, or None.
fn name_or_none(ctx: &mut Ctx<'_>, value: Value) -> Result<Value, Reject> {
    if matches!(value, Value::None) {
        return Ok(value);
    }
    match zones::name(ctx, value)? {
        Some(name) => Ok(name),
        None => ctx.reject(format!("expected a str or None as name, found {}", args::type_name(ctx.graph, value))),
    }
}

fn offset_zone(ctx: &mut Ctx<'_>, name: Value, offset: Value) -> Result<Zone, Reject> {
    let name = name_or_none(ctx, name)?;
    if datetime::offset_below_a_day(offset).is_none() {
        let found = args::type_name(ctx.graph, offset);
        return ctx.reject(format!("expected a timedelta below 24 hours as offset, found {found}"));
    }
    Ok(Zone::DateutilOffset { name, offset })
}

fn tzoffset(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match *ctx.args {
        [name, offset] if ctx.form == Form::Reduce => {
            let zone = offset_zone(ctx, name, offset)?;
            Ok(Value::Object(ctx.graph.zone(zone)?))
        }
        [] if ctx.form != Form::Reduce => ctx.pending(None),
        _ => ctx.reject("expected a name and a timedelta, or no arguments for NEWOBJ"),
    }
}

fn tzoffset_state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let (mut name, mut offset, mut others) = (None, None, false);
    let Some(fields) = args::fields(ctx.graph, state) else { return unfit(ctx, state, "expected a dict as state") };
    for (field, value) in fields {
        match field {
            "_name" => name = Some(value),
            "_offset" => offset = Some(value),
            _ => others = true,
        }
    }
    let (Some(name), Some(offset), false) = (name, offset, others) else {
        return unfit(ctx, state, "expected a state of `_name` and `_offset`");
    };
    if matches!(name, Value::Unknown) || matches!(offset, Value::Unknown) {
        return Err(Reject::Tainted);
    }
    let zone = offset_zone(ctx, name, offset)?;
    Ok(ctx.graph.become_zone(target, zone)?)
}

/// A state that is not recognised, unless that follows from what was refused before.
fn unfit<T>(ctx: &Ctx<'_>, state: Value, problem: &str) -> Result<T, Reject> {
    let tainted = match state {
        Value::Unknown => true,
        Value::Object(id) => ctx.graph.items(id).any(|v| matches!(v, Value::Unknown)),
        _ => false,
    };
    if tainted { Err(Reject::Tainted) } else { ctx.reject(problem) }
}

/// Whole without a state: version 1.5 keeps its offsets in the class.
fn tzlocal(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject(format!("expected no arguments, found {}", ctx.args.len()));
    }
    Ok(Value::Object(ctx.graph.zone(Zone::DateutilLocal { state: Value::None })?))
}

/// Checks the state of a tzlocal.
pub(super) fn local_state(graph: &Graph, state: Value) -> Result<(), &'static str> {
    let Some(fields) = args::fields(graph, state) else { return Err("expected a dict as state") };
    for (field, value) in fields {
        let fits = match field {
            "_std_offset" | "_dst_offset" | "_dst_saved" => datetime::offset_below_a_day(value).is_some(),
            "_hasdst" => matches!(value, Value::Bool(_) | Value::Int(0 | 1)),
            // The machine's own names may be in its own encoding.
            "_tznames" => args::sequence(graph, value).is_some_and(|id| {
                graph.items(id).all(|v| args::text(graph, v).is_some() || matches!(v, Value::Py2Str { .. }))
            }),
            _ => return Err("expected a state of offsets, `_hasdst` and `_tznames`"),
        };
        if !fits {
            return Err("expected offsets below 24 hours, a bool as `_hasdst` and text as `_tznames`");
        }
    }
    Ok(())
}

/// By name alone (version 1.5), or `(None, name)` before its state; NEWOBJ makes it without arguments.
fn tzfile(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match *ctx.args {
        [name] if ctx.form == Form::Reduce => {
            let Some(name) = zones::name(ctx, name)? else {
                return ctx.reject(format!("expected a file name, found {}", args::type_name(ctx.graph, name)));
            };
            Ok(Value::Object(ctx.graph.zone(Zone::DateutilFile { name, state: Value::None })?))
        }
        [Value::None, name] if ctx.form == Form::Reduce => {
            let name = name_or_none(ctx, name)?;
            ctx.pending(Some(name))
        }
        [] if ctx.form != Form::Reduce => ctx.pending(Some(Value::None)),
        _ => ctx.reject("expected None and a file name"),
    }
}

fn tzfile_state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let Some(fields) = args::fields(ctx.graph, state) else { return unfit(ctx, state, "expected a dict as state") };
    for (field, value) in fields {
        let fits = match field {
            "_filename" => matches!(value, Value::None) || args::text(ctx.graph, value).is_some(),
            "_trans_list" | "_trans_list_utc" => ascending(ctx.graph, value).is_some(),
            "_trans_idx" | "_ttinfo_list" => {
                args::sequence(ctx.graph, value).is_some_and(|id| ctx.graph.items(id).all(|v| is_ttinfo(ctx.graph, v)))
            }
            "_ttinfo_std" | "_ttinfo_dst" | "_ttinfo_before" | "_ttinfo_first" => {
                matches!(value, Value::None) || is_ttinfo(ctx.graph, value)
            }
            _ => false,
        };
        if !fits {
            return unfit(ctx, state, "expected transition tables as state: lists of seconds and of `_ttinfo`");
        }
    }
    let name = ctx.graph.extra(target).unwrap_or(Value::None);
    Ok(ctx.graph.become_zone(target, Zone::DateutilFile { name, state })?)
}

/// An instance of `_ttinfo`, whose own state is read where an offset is needed.
fn is_ttinfo(graph: &Graph, value: Value) -> bool {
    let Value::Object(id) = value else { return false };
    match graph.first::<1>(id) {
        [Value::Global(class)] if graph.kind(id) == Kind::Record => graph.global(class).name == "_ttinfo",
        _ => false,
    }
}

/// The length of a list of ints that do not descend.
fn ascending(graph: &Graph, value: Value) -> Option<usize> {
    let id = args::sequence(graph, value)?;
    let mut last = i64::MIN;
    let mut count = 0;
    for item in graph.items(id) {
        let n = args::int(item)?;
        if n < last {
            return None;
        }
        last = n;
        count += 1;
    }
    Some(count)
}

/// `gettz(name)`: how `dateutil.zoneinfo` of versions before 2.7 pickles a zone.
fn gettz(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [name] = *ctx.args else {
        return ctx.reject(format!("expected a name, found {} arguments", ctx.args.len()));
    };
    let name = zones::key(ctx, name)?;
    Ok(Value::Object(ctx.graph.zone(Zone::DateutilFile { name, state: Value::None })?))
}

/// Version 4: `(class, key, path, (trans_idx, trans_utc, utcoff, isdst, abbr, tz_str))`, from `dateutil/tz/_tzfile.py`.
fn unpickle(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [Value::Global(class), key, path, tables] = *ctx.args else {
        return ctx.reject("expected the class tzfile, a key, a path and its tables");
    };
    let class = ctx.graph.global(class);
    if class.module != "dateutil.tz" || class.name != "tzfile" {
        let found = class.clone();
        return ctx.reject(format!("expected the class `dateutil.tz.tzfile`, found `{found}`"));
    }
    let name = name_or_none(ctx, key)?;
    let path = name_or_none(ctx, path)?;
    if !are_tables(ctx.graph, tables) {
        return unfit(ctx, tables, "expected six transition tables of fitting lengths");
    }
    let state = Value::Object(ctx.graph.object(Kind::Tuple, &[path, tables])?);
    Ok(Value::Object(ctx.graph.zone(Zone::DateutilFile { name, state })?))
}

fn are_tables(graph: &Graph, tables: Value) -> bool {
    let Some(id) = args::sequence(graph, tables).filter(|&id| graph.count(id) == 6) else { return false };
    let [index, at, offsets, dst, names, rule] = graph.first::<6>(id);
    let all = |value: Value, fits: &dyn Fn(Value) -> bool| {
        let id = args::sequence(graph, value)?;
        graph.items(id).all(fits).then(|| graph.count(id))
    };
    let Some(types) = all(offsets, &|v| matches!(v, Value::Int(n) if n.unsigned_abs() < 86_400)) else { return false };
    let known = |v| matches!(v, Value::Int(n) if usize::try_from(n).is_ok_and(|n| n < types));
    types > 0
        && all(dst, &|v| matches!(v, Value::Int(0 | 1) | Value::Bool(_))) == Some(types)
        && all(names, &|v| args::text(graph, v).is_some()) == Some(types)
        && all(index, &known).is_some_and(|count| ascending(graph, at) == Some(count))
        && (matches!(rule, Value::None) || args::bytes(graph, rule).is_some_and(<[u8]>::is_ascii))
}
