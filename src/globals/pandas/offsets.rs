//! Offsets: frequencies such as `MonthEnd` and `Week(weekday=2)`.
//!
//! From 1.1 on a call gives `n`, `normalize` and what the class's `_attributes` list beside
//! (`pandas/_libs/tslibs/offsets.pyx`); before that the instance's `__dict__` is the state.

use super::super::table::{Row, Use, module};
use super::super::{Class, Ctx, Forms, args, records};
use super::class_name;
use crate::machine::{Form, Reject};
use crate::model::graph::{Graph, Kind};
use crate::model::layout::Offset;
use crate::model::value::{NodeId, Value};

macro_rules! rows {
    ($([$($module:literal),+] $names:expr;)*) => {
        &[$(Row {
            kind: "pd-offset",
            modules: &[$(module($module)),+],
            names: $names,
            uses: Use::Data(&OFFSET),
            guard: "(n, normalize, what the class takes beside); the state {'n', 'normalize', ..}",
        },)*]
    };
}

pub(in crate::globals) static ROWS: &[Row] = rows! {
    ["pandas.tseries.offsets", "pandas._libs.tslibs.offsets", "pandas.core.datetools", "pandas"] &["DateOffset"];
    ["pandas.tseries.offsets", "pandas._libs.tslibs.offsets", "pandas.core.datetools"] &[
        "BDay", "BMonthEnd", "BQuarterEnd", "BYearEnd", "Day", "Hour", "Minute", "MonthEnd",
        "QuarterEnd", "Second", "Week", "YearEnd",
    ];
    ["pandas.tseries.offsets", "pandas._libs.tslibs.offsets"] &[
        "BHalfYearBegin", "BHalfYearEnd", "BMonthBegin", "BQuarterBegin", "BYearBegin", "BusinessDay",
        "BusinessHour", "BusinessMonthBegin", "BusinessMonthEnd", "CBMonthBegin",
        "CBMonthEnd", "CDay", "CustomBusinessDay", "CustomBusinessHour",
        "CustomBusinessMonthBegin", "CustomBusinessMonthEnd", "Easter", "FY5253", "FY5253Quarter", "HalfYearBegin",
        "HalfYearEnd", "LastWeekOfMonth", "Micro", "Milli", "MonthBegin", "Nano", "QuarterBegin", "SemiMonthBegin",
        "SemiMonthEnd", "Tick", "WeekOfMonth", "YearBegin",
    ];
};

static OFFSET: Class = Class { forms: Forms::REDUCE.and(Forms::NEWOBJ), call: offset, build: Some(state), bare: true };

/// What a class takes after `n` and `normalize`.
fn attributes(class: &str) -> &'static [&'static str] {
    match class {
        "BusinessDay" | "BDay" => &["offset"],
        "BusinessHour" => &["start", "end", "offset"],
        "CustomBusinessDay"
        | "CDay"
        | "CustomBusinessMonthBegin"
        | "CBMonthBegin"
        | "CustomBusinessMonthEnd"
        | "CBMonthEnd" => &["weekmask", "holidays", "calendar", "offset"],
        "CustomBusinessHour" => &["weekmask", "holidays", "calendar", "start", "end", "offset"],
        "Week" | "LastWeekOfMonth" => &["weekday"],
        "WeekOfMonth" => &["week", "weekday"],
        "BQuarterBegin" | "BQuarterEnd" | "QuarterBegin" | "QuarterEnd" | "HalfYearBegin" | "HalfYearEnd"
        | "BHalfYearBegin" | "BHalfYearEnd" => &["startingMonth"],
        "BYearBegin" | "BYearEnd" | "YearBegin" | "YearEnd" => &["month"],
        "SemiMonthBegin" | "SemiMonthEnd" => &["day_of_month"],
        "FY5253" => &["weekday", "startingMonth", "variation"],
        "FY5253Quarter" => &["weekday", "startingMonth", "qtr_with_extra_week", "variation"],
        "Easter" => &["method"],
        _ => &[],
    }
}

/// `n` and `normalize`.
fn counts(ctx: &Ctx<'_>, n: Value, normalize: Value) -> Result<(Value, Value), Reject> {
    let Some(count) = super::int(ctx.graph, n) else {
        let found = args::type_name(ctx.graph, n);
        return ctx.reject(format!("expected an int as `n`, found {found}"));
    };
    match normalize {
        Value::Bool(_) | Value::None => Ok((Value::Int(count), normalize)),
        Value::Int(flag @ 0..=1) => Ok((Value::Int(count), Value::Bool(flag == 1))),
        other => {
            let found = args::type_name(ctx.graph, other);
            ctx.reject(format!("expected a bool as `normalize`, found {found}"))
        }
    }
}

fn offset(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (n, rest) = match ctx.args {
        // The state follows.
        [] => return ctx.pending(None),
        [n, rest @ ..] if ctx.form == Form::Reduce => (*n, rest),
        _ => return ctx.reject("expected no arguments for NEWOBJ"),
    };
    let (n, normalize) = counts(ctx, n, rest.first().copied().unwrap_or(Value::Bool(false)))?;
    let given = rest.get(1..).unwrap_or(&[]);
    let names = attributes(class_name(ctx.graph, ctx.global));
    if given.len() > names.len() {
        return ctx.reject(format!("expected at most {} arguments, found {}", names.len() + 2, ctx.args.len()));
    }
    let mut pairs = Vec::new();
    for (name, value) in names.iter().zip(given) {
        if !matches!(value, Value::None) {
            pairs.extend([ctx.graph.str(name)?, *value]);
        }
    }
    let params = params(ctx.graph, &pairs)?;
    Ok(ctx.graph.structure(&Offset { class: Value::Global(ctx.global), n, normalize, params })?)
}

/// A dict of parameters; None where there are none.
fn params(graph: &mut Graph, pairs: &[Value]) -> Result<Value, Reject> {
    if pairs.is_empty() {
        return Ok(Value::None);
    }
    let id = graph.alloc(Kind::Dict)?;
    graph.extend_dict(id, pairs)?;
    Ok(Value::Object(id))
}

/// The `__dict__` up to 1.0, and of DateOffset ever since; its cache says nothing.
fn state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    if ctx.graph.kind(target) != Kind::Pending {
        return ctx.reject("expected one state, found a second BUILD");
    }
    records::examine(ctx.graph, state)?;
    let Some(fields) = args::fields(ctx.graph, state) else {
        return ctx.reject("expected a dict of attributes as state");
    };
    let (mut n, mut normalize, mut kept) = (Value::Int(1), Value::None, Vec::new());
    for (name, value) in fields {
        match name {
            "n" => n = value,
            "normalize" => normalize = value,
            "_cache" => {}
            name if name.starts_with("__") => {
                return ctx.reject("expected attributes that are not special as state");
            }
            name => kept.push((name.to_owned(), value)),
        }
    }
    let (n, normalize) = counts(ctx, n, normalize)?;
    let mut pairs = Vec::new();
    for (name, value) in kept {
        pairs.extend([ctx.graph.str(&name)?, value]);
    }
    let params = params(ctx.graph, &pairs)?;
    Ok(ctx.graph.become_structure(target, &Offset { class: Value::Global(ctx.global), n, normalize, params })?)
}
