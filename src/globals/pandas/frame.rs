//! DataFrame and Series from 0.13 on (a DataFrame from the beginning), geopandas' subclasses, and those that the user admits.
//!
//! The state is a block manager, alone or in a dict under `_mgr` (before 1.1 `_data`) beside `attrs`, `_flags`, the name and what
//! the class lists in `_metadata`. A frame here is its two indexes and one array per column, in the order of the columns.

use super::super::table::{Row, Use, module};
use super::super::{Class, Ctx, Forms, Registry, args, records};
use super::manager::{Manager, is_manager};
use super::{arrays, length};
use crate::machine::Reject;
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{DataFrame, Series};
use crate::model::value::{NodeId, Value};

pub(in crate::globals) static ROWS: &[Row] = &[
    Row {
        kind: "pd-frame",
        modules: &[module("pandas"), module("pandas.core.frame")],
        names: &["DataFrame"],
        uses: Use::Data(&FRAME),
        guard: "(), the state of a manager of two axes, or a dict with it",
    },
    Row {
        kind: "pd-frame",
        modules: &[module("pandas.core.matrix")],
        names: &["DataMatrix"],
        uses: Use::Data(&FRAME),
        guard: "as DataFrame, before 0.4",
    },
    Row {
        kind: "pd-series",
        modules: &[module("pandas"), module("pandas.core.series")],
        names: &["Series"],
        uses: Use::Data(&SERIES),
        guard: "(), the state of a dict with a manager of one axis; as the class of an array, with its index and name",
    },
    Row {
        kind: "pd-series",
        modules: &[module("pandas.core.series")],
        names: &["TimeSeries"],
        uses: Use::Data(&SERIES),
        guard: "as Series",
    },
    Row {
        kind: "geopandas",
        modules: &[module("geopandas.geodataframe")],
        names: &["GeoDataFrame"],
        uses: Use::Data(&FRAME),
        guard: "as DataFrame",
    },
    Row {
        kind: "geopandas",
        modules: &[module("geopandas.geoseries")],
        names: &["GeoSeries"],
        uses: Use::Data(&SERIES),
        guard: "as Series",
    },
];

static FRAME: Class = Class { forms: Forms::NEWOBJ, call: waiting, build: Some(frame_state), bare: true };
pub(in crate::globals) static SERIES: Class =
    Class { forms: Forms::NEWOBJ, call: waiting, build: Some(series_state), bare: true };
/// What the state of an admitted class with a block manager in it makes of its record.
pub(in crate::globals) static SUBCLASS: Class = Class {
    forms: Forms::NONE,
    call: |ctx| ctx.reject("expected a state, found a call"),
    build: Some(subclass_state),
    bare: true,
};

pub(super) fn waiting(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject(format!("expected no arguments, found {}", ctx.args.len()));
    }
    ctx.pending(None)
}

/// What a state holds beside the manager.
pub(super) struct Shell {
    pub manager: Value,
    pub name: Value,
    attrs: Value,
    flags: Value,
    /// A dict of what a subclass keeps, or None.
    pub own: Value,
}

/// The manager in a state.
fn manager_in(registry: &Registry, graph: &Graph, state: Value) -> Option<Value> {
    if is_manager(registry, graph, state) {
        return Some(state);
    }
    let fields = args::fields(graph, state)?;
    let named =
        fields.iter().find(|(key, value)| matches!(*key, "_mgr" | "_data") && is_manager(registry, graph, *value));
    named.map(|(_, manager)| *manager)
}

/// Whether a state is that of a frame or series: an admitted class that has it derives from one of them.
pub(in crate::globals) fn is_state(registry: &Registry, graph: &Graph, state: Value) -> bool {
    manager_in(registry, graph, state).is_some()
}

impl Shell {
    pub fn of(ctx: &mut Ctx<'_>, state: Value) -> Result<Shell, Reject> {
        let none = Value::None;
        if is_manager(ctx.registry, ctx.graph, state) {
            return Ok(Shell { manager: state, name: none, attrs: none, flags: none, own: none });
        }
        records::examine(ctx.graph, state)?;
        let Some(fields) = args::fields(ctx.graph, state) else {
            let found = args::type_name(ctx.graph, state);
            return ctx.reject(format!("expected a block manager or a dict with one as state, found {found}"));
        };
        let mut shell = Shell { manager: none, name: none, attrs: none, flags: none, own: none };
        let mut own = Vec::new();
        for (key, value) in fields {
            match key {
                "_mgr" | "_data" => shell.manager = value,
                "name" | "_name" => shell.name = value,
                "attrs" | "_attrs" => shell.attrs = value,
                "_flags" => shell.flags = value,
                // Said by the class, or kept for speed.
                "_typ" | "_subtyp" | "_metadata" | "_item_cache" | "_is_copy" | "is_copy" | "_cacher" => {}
                key if key.starts_with("__") => {
                    return ctx.reject("expected attributes that are not special as state");
                }
                key => own.push((key.to_owned(), value)),
            }
        }
        if !own.is_empty() {
            let id = ctx.graph.alloc(Kind::Dict)?;
            let mut pairs = Vec::new();
            for (key, value) in own {
                pairs.extend([ctx.graph.str(&key)?, arrays::attribute(ctx, value)]);
            }
            ctx.graph.extend_dict(id, &pairs)?;
            shell.own = Value::Object(id);
        }
        shell.attrs = match shell.attrs {
            Value::None => none,
            attrs => match args::dict(ctx.graph, attrs) {
                Some(id) if ctx.graph.count(id) == 0 => none,
                Some(_) => attrs,
                None => return ctx.reject("expected a dict as `attrs`"),
            },
        };
        shell.flags = match shell.flags {
            Value::None => none,
            flags => match super::fields(ctx, flags, ["allows_duplicate_labels"])? {
                [Some(Value::Bool(false))] => flags,
                [Some(Value::Bool(true)) | None] => none,
                [Some(_)] => return ctx.reject("expected a bool as `allows_duplicate_labels`"),
            },
        };
        Ok(shell)
    }

    /// The frame of a manager of two axes.
    pub fn frame(&self, ctx: &mut Ctx<'_>, class: Value) -> Result<DataFrame, Reject> {
        let manager = Manager::of(ctx, self.manager, 2)?;
        let [columns, index] = *manager.axes else { return ctx.reject("expected two axes") };
        let (count, rows) = (length(ctx, columns)?, length(ctx, index)?);
        let data = manager.columns(ctx, count, rows)?;
        let data = Value::Object(ctx.graph.object(Kind::List, &data)?);
        Ok(DataFrame { class, columns, index, data, attrs: self.attrs, flags: self.flags, own: self.own })
    }

    /// The series of a manager of one axis.
    pub fn series(&self, ctx: &mut Ctx<'_>, class: Value) -> Result<Series, Reject> {
        let manager = Manager::of(ctx, self.manager, 1)?;
        let [index] = *manager.axes else { return ctx.reject("expected one axis") };
        let rows = length(ctx, index)?;
        let data = manager.only(ctx, rows)?;
        let (name, attrs, flags, own) = (self.name, self.attrs, self.flags, self.own);
        Ok(Series { class, name, index, data, attrs, flags, own })
    }
}

/// What stands for a class: nothing for DataFrame and Series themselves.
fn class_value(ctx: &Ctx<'_>, global: u32) -> Value {
    let name = ctx.graph.global(global);
    let own = name.module == "pandas" && matches!(name.name.as_str(), "DataFrame" | "Series");
    if own { Value::None } else { Value::Global(global) }
}

fn once(ctx: &Ctx<'_>, target: NodeId) -> Result<(), Reject> {
    if ctx.graph.kind(target) == Kind::Pending {
        Ok(())
    } else {
        ctx.reject("expected one state, found a second BUILD")
    }
}

pub(super) fn frame_state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    once(ctx, target)?;
    let shell = Shell::of(ctx, state)?;
    if !matches!(shell.name, Value::None) {
        return ctx.reject("expected no name of a frame");
    }
    let class = class_value(ctx, ctx.global);
    let frame = shell.frame(ctx, class)?;
    Ok(ctx.graph.become_structure(target, &frame)?)
}

pub(super) fn series_state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    once(ctx, target)?;
    let shell = Shell::of(ctx, state)?;
    let class = class_value(ctx, ctx.global);
    let series = shell.series(ctx, class)?;
    Ok(ctx.graph.become_structure(target, &series)?)
}

/// BUILD on a record of an admitted class: by the axes of its manager it is a frame or a series.
fn subclass_state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    if !records::is_fresh(ctx.graph, target) {
        return ctx.reject("expected one state, found a second BUILD");
    }
    let [Value::Global(class), _, Value::Object(arguments), Value::None] = ctx.graph.first::<4>(target) else {
        return ctx.reject("expected no arguments of a subclass of DataFrame or Series");
    };
    if ctx.graph.count(arguments) > 0 {
        return ctx.reject("expected no arguments of a subclass of DataFrame or Series");
    }
    let shell = Shell::of(ctx, state)?;
    if Manager::axes(ctx.graph, shell.manager) == Some(1) {
        let series = shell.series(ctx, Value::Global(class))?;
        return Ok(ctx.graph.become_structure(target, &series)?);
    }
    let frame = shell.frame(ctx, Value::Global(class))?;
    Ok(ctx.graph.become_structure(target, &frame)?)
}
