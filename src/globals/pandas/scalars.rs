//! Scalars: Timestamp, Timedelta, Period, Interval, NaT, NA.
//!
//! Sources: `pandas/_libs/tslibs/{timestamps,timedeltas,period,nattype}.pyx`, `pandas/_libs/interval.pyx`. A Timestamp's value is
//! UTC in units of its resolution, numbered as numpy's `NPY_DATETIMEUNIT`; before 1.5 it is nanoseconds. Fold is not written.

use super::super::table::{Row, Use, module};
use super::super::{Class, Ctx, Forms, args, builtins};
use super::{fields, frequency, int, is, text, zone};
use crate::machine::{Form, Reject};
use crate::model::graph::Kind;
use crate::model::layout::{Interval, Layout, PdTimedelta, Period, Timestamp};
use crate::model::value::{NodeId, Singleton, Value};

pub(in crate::globals) static ROWS: &[Row] = &[
    Row {
        kind: "pd-timestamp",
        modules: &[
            module("pandas"),
            module("pandas._libs.tslibs.timestamps"),
            module("pandas._libs.tslib"),
            module("pandas.tslib"),
            module("pandas.lib"),
        ],
        names: &["Timestamp"],
        uses: Use::Data(&TIMESTAMP),
        guard: "(int, frequency or None, zone or None[, resolution 7 to 10])",
    },
    Row {
        kind: "pd-misc",
        modules: &[module("pandas._libs.lib")],
        names: &["_NoDefault"],
        uses: Use::Inert,
        guard: "a record",
    },
    Row {
        kind: "pd-timestamp",
        modules: &[module("pandas._libs.tslibs.timestamps")],
        names: &["_unpickle_timestamp"],
        uses: Use::Data(&UNPICKLE_TIMESTAMP),
        guard: "(int, frequency or None, zone or None[, resolution 7 to 10])",
    },
    Row {
        kind: "pd-timedelta",
        modules: &[
            module("pandas"),
            module("pandas._libs.tslibs.timedeltas"),
            module("pandas._libs.tslib"),
            module("pandas.tslib"),
        ],
        names: &["Timedelta"],
        uses: Use::Data(&TIMEDELTA),
        guard: "(int)",
    },
    Row {
        kind: "pd-timedelta",
        modules: &[module("pandas._libs.tslibs.timedeltas")],
        names: &["_timedelta_unpickle"],
        uses: Use::Data(&UNPICKLE_TIMEDELTA),
        guard: "(int, resolution 7 to 10)",
    },
    Row {
        kind: "pd-nat",
        modules: &[module("pandas._libs.tslibs.nattype"), module("pandas._libs.tslib"), module("pandas.tslib")],
        names: &["__nat_unpickle"],
        uses: Use::Data(&NAT),
        guard: "(None)",
    },
    Row {
        kind: "pd-nat",
        modules: &[module("pandas._libs.tslibs.nattype")],
        names: &["_nat_unpickle"],
        uses: Use::Data(&NAT),
        guard: "(None)",
    },
    Row {
        kind: "pd-nat",
        modules: &[module("pandas.tslib"), module("pandas.lib")],
        names: &["NaTType"],
        uses: Use::Data(&NAT_TYPE),
        guard: "(10 bytes of a datetime)",
    },
    Row {
        kind: "pd-na",
        modules: &[module("pandas"), module("pandas._libs.missing")],
        names: &["NA"],
        uses: Use::Data(&builtins::CONSTANT),
        guard: "as a value",
    },
    Row {
        kind: "pd-period",
        modules: &[
            module("pandas"),
            module("pandas._libs.tslibs.period"),
            module("pandas._libs.period"),
            module("pandas.tseries.period"),
        ],
        names: &["Period"],
        uses: Use::Data(&PERIOD),
        guard: "(None, frequency, int); (), the state ({}, {'ordinal', 'freq'}) or (None, frequency, int)",
    },
    Row {
        kind: "pd-period",
        modules: &[module("pandas._period")],
        names: &["Period"],
        uses: Use::Data(&PERIOD_016),
        guard: "(None, frequency, int); pandas 0.16 wrote no value, which is refused",
    },
    Row {
        kind: "pd-interval",
        modules: &[module("pandas"), module("pandas._libs.interval")],
        names: &["Interval"],
        uses: Use::Data(&INTERVAL),
        guard: "(left, right, 'left'|'right'|'both'|'neither')",
    },
];

static TIMESTAMP: Class = Class { forms: Forms::REDUCE, call: timestamp, build: None, bare: true };
static UNPICKLE_TIMESTAMP: Class = Class { forms: Forms::REDUCE, call: timestamp, build: None, bare: false };
static TIMEDELTA: Class = Class { forms: Forms::REDUCE, call: timedelta, build: None, bare: true };
static UNPICKLE_TIMEDELTA: Class = Class { forms: Forms::REDUCE, call: timedelta, build: None, bare: false };
static NAT: Class = Class { forms: Forms::REDUCE, call: nat, build: None, bare: false };
static NAT_TYPE: Class = Class { forms: Forms::REDUCE, call: nat_type, build: None, bare: true };
static PERIOD: Class =
    Class { forms: Forms::REDUCE.and(Forms::NEWOBJ), call: period, build: Some(period_state), bare: true };
static PERIOD_016: Class = Class { forms: Forms::REDUCE.and(Forms::NEWOBJ), call: period_016, build: None, bare: true };
static INTERVAL: Class = Class { forms: Forms::REDUCE, call: interval, build: None, bare: true };

/// A resolution by its number in `NPY_DATETIMEUNIT`.
fn unit(ctx: &mut Ctx<'_>, number: Option<Value>) -> Result<Value, Reject> {
    let name = match number {
        None | Some(Value::Int(10)) => "ns",
        Some(Value::Int(9)) => "us",
        Some(Value::Int(8)) => "ms",
        Some(Value::Int(7)) => "s",
        Some(_) => return ctx.reject("expected a resolution from 7 (seconds) to 10 (nanoseconds)"),
    };
    Ok(ctx.graph.str(name)?)
}

/// A count of units; the smallest int stands for NaT, which is written otherwise.
fn count(ctx: &Ctx<'_>, value: Value) -> Result<Value, Reject> {
    match int(ctx.graph, value) {
        Some(i64::MIN) | None => {
            let found = args::type_name(ctx.graph, value);
            ctx.reject(format!("expected an int of 64 bits that is not the smallest, found {found}"))
        }
        Some(n) => Ok(Value::Int(n)),
    }
}

fn timestamp(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (value, freq, tz, number) = match *ctx.args {
        [value, freq, tz] => (value, freq, tz, None),
        [value, freq, tz, number] => (value, freq, tz, Some(number)),
        _ => return ctx.reject("expected a value, a frequency, a zone and perhaps a resolution"),
    };
    let value = count(ctx, value)?;
    let freq = frequency(ctx, Some(freq))?;
    let tz = zone(ctx, Some(tz))?;
    let unit = unit(ctx, number)?;
    Ok(ctx.graph.structure(&Timestamp { value, unit, tz, freq })?)
}

fn timedelta(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (value, number) = match *ctx.args {
        [value] => (value, None),
        [value, number] => (value, Some(number)),
        _ => return ctx.reject("expected a value and perhaps a resolution"),
    };
    let value = count(ctx, value)?;
    let unit = unit(ctx, number)?;
    Ok(ctx.graph.structure(&PdTimedelta { value, unit })?)
}

fn nat(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match *ctx.args {
        [Value::None] => Ok(Value::Singleton(Singleton::NaT)),
        _ => ctx.reject("expected None"),
    }
}

/// Up to 0.13 NaT was a datetime of the year 1; what it was written with says nothing more.
fn nat_type(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match *ctx.args {
        [state] if args::bytes(ctx.graph, state).is_some_and(|state| state.len() == 10) => {
            Ok(Value::Singleton(Singleton::NaT))
        }
        _ => ctx.reject("expected 10 bytes of state"),
    }
}

/// The ordinal and frequency of a period.
fn period_of(ctx: &mut Ctx<'_>, freq: Value, ordinal: Value) -> Result<Period, Reject> {
    let Some(ordinal) = int(ctx.graph, ordinal) else {
        let found = args::type_name(ctx.graph, ordinal);
        return ctx.reject(format!("expected an int as ordinal, found {found}"));
    };
    match frequency(ctx, Some(freq))? {
        Value::None => ctx.reject("expected a frequency, found None"),
        freq => Ok(Period { ordinal: Value::Int(ordinal), freq }),
    }
}

fn period(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match *ctx.args {
        [Value::None, freq, ordinal] if ctx.form == Form::Reduce => {
            let period = period_of(ctx, freq, ordinal)?;
            Ok(ctx.graph.structure(&period)?)
        }
        [] if ctx.form != Form::Reduce => ctx.pending(None),
        _ => ctx.reject("expected None, a frequency and an ordinal"),
    }
}

/// pandas 0.16 made Period a Cython class without a state; its own reader fails, too.
fn period_016(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if ctx.form != Form::Reduce {
        return ctx.reject("expected a value, found none: pandas 0.16 wrote periods without it");
    }
    period(ctx)
}

fn period_state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let parts = args::sequence(ctx.graph, state).map(|id| (ctx.graph.count(id), ctx.graph.first::<3>(id)));
    let (freq, ordinal) = match parts {
        _ if ctx.graph.kind(target) != Kind::Pending => return ctx.reject("expected one state, found a second BUILD"),
        Some((3, [Value::None, freq, ordinal])) => (freq, ordinal),
        Some((2, [own, slots, _])) => {
            if !matches!(own, Value::None) {
                let [] = fields(ctx, own, [])?;
            }
            match fields(ctx, slots, ["ordinal", "freq"])? {
                [Some(ordinal), Some(freq)] => (freq, ordinal),
                _ => return ctx.reject("expected an ordinal and a frequency as state"),
            }
        }
        _ => return ctx.reject("expected an ordinal and a frequency as state"),
    };
    let period = period_of(ctx, freq, ordinal)?;
    Ok(ctx.graph.become_structure(target, &period)?)
}

/// Which side of an interval is closed.
pub(super) fn closed(ctx: &mut Ctx<'_>, value: Value) -> Result<Value, Reject> {
    match args::text(ctx.graph, value) {
        Some("left" | "right" | "both" | "neither") => text(ctx, value, "which side is closed"),
        _ => ctx.reject("expected `left`, `right`, `both` or `neither` as the closed side"),
    }
}

fn interval(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [left, right, side] = *ctx.args else {
        return ctx.reject("expected left, right and the closed side");
    };
    for end in [left, right] {
        let scalar = match end {
            Value::Int(_)
            | Value::Big { .. }
            | Value::Float { .. }
            | Value::Date(_)
            | Value::DateTime { .. }
            | Value::TimeDelta { .. }
            | Value::Decimal { .. } => true,
            other => [Layout::Timestamp, Layout::PdTimedelta, Layout::Scalar]
                .into_iter()
                .any(|layout| is(ctx.graph, other, layout).is_some()),
        };
        if !scalar {
            let found = args::type_name(ctx.graph, end);
            return ctx.reject(format!("expected numbers or times as ends, found {found}"));
        }
    }
    let closed = closed(ctx, side)?;
    Ok(ctx.graph.structure(&Interval { left, right, closed })?)
}
