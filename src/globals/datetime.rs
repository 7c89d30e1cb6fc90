//! `datetime`: date, time, datetime, timedelta and fixed time zones.
//!
//! States are those of CPython's `Lib/_pydatetime.py` (`_getstate`): packed bytes, of which Python 2 makes an 8-bit str and
//! Python 3 below protocol 3 a Latin-1 str. Days are checked against the month, which CPython leaves out.

use super::table::{Row, Use, module};
use super::{Class, Ctx, Forms, args, zones};
use crate::machine::Reject;
use crate::model::graph::{Graph, Kind};
use crate::model::temporal::{self, Date, MICROS_PER_DAY, Time, Zone};
use crate::model::value::{Tz, Value};

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "date",
        modules: &[module("datetime")],
        names: &["date"],
        uses: Use::Data(&DATE),
        guard: "(4 bytes of state), (year, month, day)",
    },
    Row {
        kind: "datetime",
        modules: &[module("datetime")],
        names: &["datetime"],
        uses: Use::Data(&DATETIME),
        guard: "(10 bytes of state[, tz]), (year, month, day[, hour, minute, second, microsecond[, tz]])",
    },
    Row {
        kind: "time",
        modules: &[module("datetime")],
        names: &["time"],
        uses: Use::Data(&TIME),
        guard: "(6 bytes of state[, tz]), ([hour, minute, second, microsecond[, tz]])",
    },
    Row {
        kind: "timedelta",
        modules: &[module("datetime")],
        names: &["timedelta"],
        uses: Use::Data(&TIMEDELTA),
        guard: "0 to 7 ints: days, seconds, microseconds, milliseconds, minutes, hours, weeks",
    },
    Row {
        kind: "timezone",
        modules: &[module("datetime")],
        names: &["timezone"],
        uses: Use::Data(&TIMEZONE),
        guard: "(timedelta below 24 hours[, name])",
    },
];

/// `__new__` of all five takes what the class takes.
const MADE: Forms = Forms::REDUCE.and(Forms::NEWOBJ);

static DATE: Class = Class { forms: MADE, call: date, build: None, bare: true };
static DATETIME: Class = Class { forms: MADE, call: datetime, build: None, bare: true };
static TIME: Class = Class { forms: MADE, call: time, build: None, bare: true };
static TIMEDELTA: Class = Class { forms: MADE, call: timedelta, build: None, bare: true };
static TIMEZONE: Class = Class { forms: MADE, call: timezone, build: None, bare: true };

/// Bit of the month (datetime) or hour (time) byte that is the fold, from protocol 4 on.
const FOLD: u8 = 0x80;

/// A state of exactly `N` bytes.
fn state<const N: usize>(graph: &Graph, value: Value) -> Option<[u8; N]> {
    args::bytes_or_latin1(graph, value)?.as_ref().try_into().ok()
}

/// Whether it is a state, whatever its length.
fn is_state(graph: &Graph, value: Value) -> bool {
    matches!(value, Value::Str { .. }) || args::bytes(graph, value).is_some()
}

/// What was found where a state was expected.
fn found(graph: &Graph, value: Value) -> String {
    match args::bytes_or_latin1(graph, value) {
        Some(bytes) => format!("{} bytes", bytes.len()),
        None => args::type_name(graph, value).to_owned(),
    }
}

/// Ints from arguments; what is left out is 0.
fn ints<const N: usize>(values: &[Value]) -> Option<[i64; N]> {
    let mut out = [0; N];
    if values.len() > N {
        return None;
    }
    for (slot, value) in out.iter_mut().zip(values) {
        *slot = args::int(*value)?;
    }
    Some(out)
}

fn checked_date(ctx: &Ctx<'_>, year: i64, month: i64, day: i64) -> Result<Date, Reject> {
    let date = match (u16::try_from(year), u8::try_from(month), u8::try_from(day)) {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day),
        _ => None,
    };
    match date {
        Some(date) => Ok(date),
        None => ctx.reject(format!(
            "expected a date from 0001-01-01 to 9999-12-31, found year {year}, month {month}, day {day}"
        )),
    }
}

fn checked_time(ctx: &Ctx<'_>, [hour, minute, second, micro]: [i64; 4], fold: bool) -> Result<Time, Reject> {
    let small = |n| u8::try_from(n).ok();
    let time = match (small(hour), small(minute), small(second), u32::try_from(micro)) {
        (Some(hour), Some(minute), Some(second), Ok(micro)) => Time::new(hour, minute, second, micro, fold),
        _ => None,
    };
    match time {
        Some(time) => Ok(time),
        None => ctx.reject(format!(
            "expected a time from 00:00:00 to 23:59:59.999999, found hour {hour}, minute {minute}, second {second}, \
             microsecond {micro}"
        )),
    }
}

/// The time of the last six bytes of a state.
fn time_of(ctx: &Ctx<'_>, [hour, minute, second, a, b, c]: [u8; 6], fold: bool) -> Result<Time, Reject> {
    let micro = i64::from(a) << 16 | i64::from(b) << 8 | i64::from(c);
    checked_time(ctx, [hour.into(), minute.into(), second.into(), micro], fold)
}

/// The zone of a time: None, a zone, or an instance of an inert or admitted class.
fn zone(ctx: &Ctx<'_>, value: Value) -> Result<Tz, Reject> {
    match value {
        Value::None => Ok(Tz::NAIVE),
        Value::Object(id) if matches!(ctx.graph.kind(id), Kind::Zone | Kind::Record) => Ok(Tz::object(id)),
        other => ctx.reject(format!("expected a time zone or None, found {}", args::type_name(ctx.graph, other))),
    }
}

fn date(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let date = match *ctx.args {
        [one] => match state(ctx.graph, one) {
            Some([high, low, month, day]) => {
                checked_date(ctx, u16::from_be_bytes([high, low]).into(), month.into(), day.into())?
            }
            None => return ctx.reject(format!("expected a state of 4 bytes, found {}", found(ctx.graph, one))),
        },
        [Value::Int(year), Value::Int(month), Value::Int(day)] => checked_date(ctx, year, month, day)?,
        _ => return ctx.reject("expected a state of 4 bytes, or year, month and day"),
    };
    Ok(Value::Date(date.pack()))
}

fn datetime(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (date, time, tz) = match *ctx.args {
        [one] | [one, _] if is_state(ctx.graph, one) => {
            let Some([high, low, month, day, hour, minute, second, a, b, c]) = state(ctx.graph, one) else {
                return ctx.reject(format!("expected a state of 10 bytes, found {}", found(ctx.graph, one)));
            };
            let year = u16::from_be_bytes([high, low]);
            let date = checked_date(ctx, year.into(), (month & !FOLD).into(), day.into())?;
            let time = time_of(ctx, [hour, minute, second, a, b, c], month & FOLD != 0)?;
            (date, time, ctx.args.get(1).copied())
        }
        [Value::Int(year), Value::Int(month), Value::Int(day), ref rest @ ..] if rest.len() <= 5 => {
            let (clock, tz) = rest.split_at(rest.len().min(4));
            let Some(clock) = ints(clock) else { return ctx.reject("expected ints before the time zone") };
            (checked_date(ctx, year, month, day)?, checked_time(ctx, clock, false)?, tz.first().copied())
        }
        _ => return ctx.reject("expected a state of 10 bytes, or 3 to 7 ints, and a time zone"),
    };
    let tz = zone(ctx, tz.unwrap_or(Value::None))?;
    Ok(Value::DateTime { tz, packed: temporal::pack_datetime(date, time) })
}

fn time(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (time, tz) = match *ctx.args {
        [one] | [one, _] if is_state(ctx.graph, one) => {
            let Some([hour, minute, second, a, b, c]) = state(ctx.graph, one) else {
                return ctx.reject(format!("expected a state of 6 bytes, found {}", found(ctx.graph, one)));
            };
            let fold = hour & FOLD != 0;
            (time_of(ctx, [hour & !FOLD, minute, second, a, b, c], fold)?, ctx.args.get(1).copied())
        }
        ref all if all.len() <= 5 => {
            let (clock, tz) = all.split_at(all.len().min(4));
            let Some(clock) = ints(clock) else {
                return ctx.reject("expected a state of 6 bytes, or up to 4 ints, and a time zone");
            };
            (checked_time(ctx, clock, false)?, tz.first().copied())
        }
        _ => return ctx.reject(format!("expected at most 5 arguments, found {}", ctx.args.len())),
    };
    let tz = zone(ctx, tz.unwrap_or(Value::None))?;
    Ok(Value::Time { tz, packed: time.pack() })
}

fn timedelta(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let Some(ints) = ints::<7>(ctx.args) else { return ctx.reject("expected up to 7 ints of 64 bits") };
    let [days, seconds, micros, millis, minutes, hours, weeks] = ints.map(i128::from);
    let value = temporal::timedelta(days + 7 * weeks, seconds + 60 * minutes + 3600 * hours, micros + 1000 * millis);
    match value {
        Some(value) => Ok(value),
        None => ctx.reject("expected a timedelta of at most 999999999 days"),
    }
}

fn timezone(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (offset, name) = match *ctx.args {
        [offset] => (offset, None),
        [offset, name] => (offset, Some(name)),
        _ => return ctx.reject(format!("expected a timedelta and a name, found {} arguments", ctx.args.len())),
    };
    let Some(offset_us) = offset_below_a_day(offset) else {
        let found = args::type_name(ctx.graph, offset);
        return ctx.reject(format!("expected a timedelta below 24 hours as offset, found {found}"));
    };
    let name = match name {
        // A name may hold any characters, lone surrogates too.
        Some(name @ Value::Wtf8 { .. }) => Some(name),
        Some(name) => match zones::name(ctx, name)? {
            Some(name) => Some(name),
            None => {
                let found = args::type_name(ctx.graph, name);
                return ctx.reject(format!("expected a str as name, found {found}"));
            }
        },
        None => None,
    };
    Ok(Value::Object(ctx.graph.zone(Zone::Fixed { offset_us, name })?))
}

/// The microseconds of a timedelta that may be an offset from UTC: less than 24 hours either way.
pub(super) fn offset_below_a_day(value: Value) -> Option<i64> {
    let Value::TimeDelta { days, rest } = value else { return None };
    let micros = i64::try_from(temporal::timedelta_micros(days, rest)).ok()?;
    (micros.abs() < MICROS_PER_DAY).then_some(micros)
}
