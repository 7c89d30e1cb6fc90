//! `shapely`: geometries, as well-known binary.
//!
//! Source: shapely 1.2 to 2.2 (`BaseGeometry.__reduce__`, `__setstate__`). From 2.0 on a geometry is `from_wkb(wkb)`; before, its class
//! says its type once more. Only a ring, which WKB does not know, keeps its class.

use super::table::{Row, Use, module};
use super::{Action, Class, Ctx, Forms, args};
use crate::machine::Reject;
use crate::model::graph::Kind;
use crate::model::layout::Geometry;
use crate::model::value::{NodeId, Value};
use crate::model::wkb;
use crate::name::GlobalName;

const CLASSES: &[super::table::Module] = &[
    module("shapely.geometry.point"),
    module("shapely.geometry.linestring"),
    module("shapely.geometry.polygon"),
    module("shapely.geometry.multipoint"),
    module("shapely.geometry.multilinestring"),
    module("shapely.geometry.multipolygon"),
    module("shapely.geometry.collection"),
];

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "shapely",
        modules: &[module("shapely.io"), module("shapely.lib"), module("shapely.wkb")],
        names: &["from_wkb", "loads"],
        uses: Use::Data(&FROM_WKB),
        guard: "(well-known binary)",
    },
    Row {
        kind: "shapely",
        modules: &[module("shapely.geometry.polygon")],
        names: &["_unpickle_linearring"],
        uses: Use::Data(&RING),
        guard: "(well-known binary of a line string)",
    },
    Row {
        kind: "shapely",
        modules: CLASSES,
        names: &[
            "GeometryCollection",
            "LineString",
            "MultiLineString",
            "MultiPoint",
            "MultiPolygon",
            "Point",
            "Polygon",
        ],
        uses: Use::Data(&CLASS),
        guard: "(); the state: well-known binary of that type",
    },
    Row {
        kind: "shapely",
        modules: &[
            module("shapely.geometry.polygon"),
            module("shapely.geometry.point"),
            module("shapely.geometry.linestring"),
            module("shapely.geometry.multipoint"),
            module("shapely.geometry.multilinestring"),
            module("shapely.geometry.multipolygon"),
            module("shapely.geometry.collection"),
        ],
        names: &["LinearRing"],
        uses: Use::Data(&CLASS),
        guard: "(); the state: well-known binary of a line string",
    },
];

static FROM_WKB: Class = Class { forms: Forms::REDUCE, call: from_wkb, build: None, bare: false };
static RING: Class = Class { forms: Forms::REDUCE, call: ring, build: None, bare: false };
static CLASS: Class = Class { forms: Forms::REDUCE.and(Forms::NEWOBJ), call: waiting, build: Some(state), bare: true };

/// Geometries as bytes and the number of their type.
fn checked(ctx: &mut Ctx<'_>, value: Value) -> Result<(Value, u32), Reject> {
    let data = match value {
        Value::Bytes { .. } => value,
        Value::ByteArray { len, at } | Value::Py2Str { len, at } => Value::Bytes { len, at },
        _ => return ctx.reject("expected well-known binary"),
    };
    let size = args::bytes(ctx.graph, data).map_or(0, <[u8]>::len) as u64;
    ctx.graph.charge(size)?;
    match wkb::check(args::bytes(ctx.graph, data).unwrap_or_default()) {
        Ok(kind) => Ok((data, kind)),
        Err(problem) => ctx.reject(problem),
    }
}

fn from_wkb(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [bytes] = *ctx.args else { return ctx.reject("expected one argument") };
    let (wkb, _) = checked(ctx, bytes)?;
    Ok(ctx.graph.structure(&Geometry { class: Value::None, wkb })?)
}

/// WKB's number of a line string.
const LINE_STRING: u32 = 2;

fn ring(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [bytes] = *ctx.args else { return ctx.reject("expected one argument") };
    match checked(ctx, bytes)? {
        (wkb, LINE_STRING) => {
            let class = linear_ring(ctx)?;
            Ok(ctx.graph.structure(&Geometry { class, wkb })?)
        }
        _ => ctx.reject("expected the well-known binary of a line string"),
    }
}

/// The class of rings.
fn linear_ring(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let name = GlobalName::new("shapely.geometry.polygon", "LinearRing");
    ctx.registry.intern(ctx.graph, name, Action::Data(&CLASS))
}

fn waiting(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject(format!("expected no arguments, found {}", ctx.args.len()));
    }
    ctx.pending(None)
}

fn state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    if ctx.graph.kind(target) != Kind::Pending {
        return ctx.reject("expected one state, found a second BUILD");
    }
    let (wkb, kind) = checked(ctx, state)?;
    let name = ctx.graph.global(ctx.global).name.clone();
    let expected = match name.as_str() {
        "Point" => 1,
        "LineString" | "LinearRing" => LINE_STRING,
        "Polygon" => 3,
        "MultiPoint" => 4,
        "MultiLineString" => 5,
        "MultiPolygon" => 6,
        _ => 7,
    };
    if kind != expected {
        return ctx.reject(format!("expected the well-known binary of a {name}"));
    }
    let class = match name.as_str() {
        "LinearRing" => linear_ring(ctx)?,
        _ => Value::None,
    };
    Ok(ctx.graph.become_structure(target, &Geometry { class, wkb })?)
}
