//! Types of Arrow, by what their buffers hold.

use super::list;
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{ArrowField, ArrowType, Layout};
use crate::model::value::Value;

/// What a temporal type counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Second,
    Milli,
    Micro,
    Nano,
}

impl Unit {
    pub fn of(name: &str) -> Option<Unit> {
        match name {
            "s" => Some(Unit::Second),
            "ms" => Some(Unit::Milli),
            "us" => Some(Unit::Micro),
            "ns" => Some(Unit::Nano),
            _ => None,
        }
    }

    /// How many of them are a second.
    pub fn per_second(self) -> i64 {
        match self {
            Unit::Second => 1,
            Unit::Milli => 1_000,
            Unit::Micro => 1_000_000,
            Unit::Nano => 1_000_000_000,
        }
    }
}

/// A type of Arrow. Types of children are those of the children.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type<'g> {
    Null,
    Bool,
    /// Width in bytes.
    Int {
        width: usize,
        signed: bool,
    },
    /// Width in bytes: 2, 4, 8.
    Float(usize),
    Date32,
    Date64,
    Time32(Unit),
    Time64(Unit),
    Timestamp(Unit, Option<&'g str>),
    Duration(Unit),
    MonthDayNano,
    /// Width in bytes: 4, 8, 16, 32.
    Decimal {
        width: usize,
        precision: u8,
        scale: i32,
    },
    /// Width in bytes.
    FixedBinary(usize),
    Variable {
        large: bool,
        text: bool,
    },
    View {
        text: bool,
    },
    List {
        large: bool,
    },
    ListView {
        large: bool,
    },
    FixedList(usize),
    /// The names of the fields.
    Struct(Vec<&'g str>),
    Map,
    /// The code of each child.
    Union {
        sparse: bool,
        codes: Vec<i8>,
    },
    /// The width of the indices, in bytes.
    Dictionary {
        width: usize,
        signed: bool,
    },
    RunEnd {
        width: usize,
    },
}

impl<'g> Type<'g> {
    /// The type that an `ArrowType` of the graph is.
    pub fn of(graph: &'g Graph, value: Value) -> Option<Type<'g>> {
        let (Layout::ArrowType, id) = graph.layout(value)? else { return None };
        let found = ArrowType::of(graph, id);
        let params: Vec<Value> = match found.params {
            Value::None => Vec::new(),
            params => list(graph, params)?.take(3).collect(),
        };
        let int = |n: usize| match params.get(n) {
            Some(Value::Int(n)) => Some(*n),
            _ => None,
        };
        let size = |n| usize::try_from(int(n)?).ok();
        let unit = || Unit::of(text(graph, *params.first()?)?);
        Some(match text(graph, found.name)? {
            "null" => Type::Null,
            "bool_" => Type::Bool,
            "int8" => Type::Int { width: 1, signed: true },
            "int16" => Type::Int { width: 2, signed: true },
            "int32" => Type::Int { width: 4, signed: true },
            "int64" => Type::Int { width: 8, signed: true },
            "uint8" => Type::Int { width: 1, signed: false },
            "uint16" => Type::Int { width: 2, signed: false },
            "uint32" => Type::Int { width: 4, signed: false },
            "uint64" => Type::Int { width: 8, signed: false },
            "float16" => Type::Float(2),
            "float32" => Type::Float(4),
            "float64" => Type::Float(8),
            "date32" => Type::Date32,
            "date64" => Type::Date64,
            "time32" => Type::Time32(unit()?),
            "time64" => Type::Time64(unit()?),
            "timestamp" => Type::Timestamp(
                unit()?,
                match params.get(1) {
                    None | Some(Value::None) => None,
                    Some(zone) => Some(text(graph, *zone)?),
                },
            ),
            "duration" => Type::Duration(unit()?),
            "month_day_nano_interval" => Type::MonthDayNano,
            name @ ("decimal32" | "decimal64" | "decimal128" | "decimal256") => Type::Decimal {
                width: match name {
                    "decimal32" => 4,
                    "decimal64" => 8,
                    "decimal128" => 16,
                    _ => 32,
                },
                precision: u8::try_from(int(0)?).ok()?,
                scale: i32::try_from(int(1)?).ok()?,
            },
            "binary" => match params.first() {
                None => Type::Variable { large: false, text: false },
                Some(_) => Type::FixedBinary(size(0)?),
            },
            "string" => Type::Variable { large: false, text: true },
            "large_string" => Type::Variable { large: true, text: true },
            "large_binary" => Type::Variable { large: true, text: false },
            "string_view" => Type::View { text: true },
            "binary_view" => Type::View { text: false },
            "list_" => match params.get(1) {
                None => Type::List { large: false },
                Some(_) => Type::FixedList(size(1)?),
            },
            "large_list" => Type::List { large: true },
            "list_view" => Type::ListView { large: false },
            "large_list_view" => Type::ListView { large: true },
            "map_" => Type::Map,
            "struct" => {
                let mut names = Vec::new();
                for field in list(graph, *params.first()?)? {
                    names.push(field_name(graph, field)?);
                }
                Type::Struct(names)
            }
            name @ ("sparse_union" | "dense_union") => {
                let mut codes = Vec::new();
                for code in list(graph, *params.get(1)?)? {
                    let Value::Int(code) = code else { return None };
                    codes.push(i8::try_from(code).ok()?);
                }
                Type::Union { sparse: name == "sparse_union", codes }
            }
            "dictionary" => match Type::of(graph, *params.first()?)? {
                Type::Int { width, signed } => Type::Dictionary { width, signed },
                _ => return None,
            },
            "run_end_encoded" => match Type::of(graph, *params.first()?)? {
                Type::Int { width: width @ (2 | 4 | 8), signed: true } => Type::RunEnd { width },
                _ => return None,
            },
            _ => return None,
        })
    }
}

/// Text of the graph.
fn text(graph: &Graph, value: Value) -> Option<&str> {
    match value {
        Value::Str { len, at } => Some(graph.text(len, at)),
        _ => None,
    }
}

/// The name of a field.
fn field_name(graph: &Graph, field: Value) -> Option<&str> {
    match graph.layout(field)? {
        (Layout::ArrowField, id) => text(graph, ArrowField::of(graph, id).name),
        _ => None,
    }
}

/// The types of the children (and last that of the dictionary's values) which a type asks for: `ArrowType`s.
pub(crate) fn children(graph: &Graph, datatype: Value) -> Option<Vec<Value>> {
    let (Layout::ArrowType, id) = graph.layout(datatype)? else { return None };
    let found = ArrowType::of(graph, id);
    let params: Vec<Value> = match found.params {
        Value::None => Vec::new(),
        params => list(graph, params)?.take(3).collect(),
    };
    let plain = |n: usize| -> Option<Value> {
        let value = *params.get(n)?;
        match graph.layout(value)? {
            (Layout::ArrowField, id) => Some(ArrowField::of(graph, id).datatype),
            (Layout::ArrowType, _) => Some(value),
            _ => None,
        }
    };
    Some(match text(graph, found.name)? {
        "list_" | "large_list" | "list_view" | "large_list_view" => vec![plain(0)?],
        "struct" | "sparse_union" | "dense_union" => {
            let mut all = Vec::new();
            for field in list(graph, *params.first()?)? {
                match graph.layout(field)? {
                    (Layout::ArrowField, id) => all.push(ArrowField::of(graph, id).datatype),
                    _ => return None,
                }
            }
            all
        }
        "dictionary" => vec![plain(1)?],
        "map_" | "run_end_encoded" => vec![plain(0)?, plain(1)?],
        _ => Vec::new(),
    })
}

/// Whether two `ArrowType`s lay their arrays out alike: names of list items and entries, nullability and metadata aside.
/// `steps` are spent; where they run out the types count as different.
pub(crate) fn same_type(graph: &Graph, a: Value, b: Value, steps: &mut u64) -> bool {
    let mut todo = vec![(a, b)];
    while let Some((a, b)) = todo.pop() {
        if let (Value::Object(a), Value::Object(b)) = (a, b)
            && a == b
        {
            continue;
        }
        let (Some(x), Some(y)) = (Type::of(graph, a), Type::of(graph, b)) else { return false };
        let (Some(xs), Some(ys)) = (children(graph, a), children(graph, b)) else { return false };
        let Some(left) = steps.checked_sub(1 + xs.len() as u64) else { return false };
        *steps = left;
        if x != y || xs.len() != ys.len() {
            return false;
        }
        todo.extend(xs.into_iter().zip(ys));
    }
    true
}

/// Whether a value is a type of Arrow.
pub(crate) fn is_type(graph: &Graph, value: Value) -> bool {
    matches!(value, Value::Object(id) if graph.kind(id) == Kind::Struct(Layout::ArrowType))
}
