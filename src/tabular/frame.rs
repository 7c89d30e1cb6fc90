//! DataFrames and Series: a column for each column, a column for each level of the index that is no range, and the metadata from
//! which pandas makes the identical frame (`pyarrow/pandas_compat.py` reads and writes it).

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{Field, Schema, SchemaRef};
use serde_json::{Value as Json, json};

use super::Job;
use super::build::Site;
use super::content::{Column, Content};
use super::eye::Seen;
use super::series::{Typed, of_column, of_rows, of_value, pandas_type};
use crate::error::Error;
use crate::model::column::{Cell, Column as View, Values, range_length};
use crate::model::dtype::Element;
use crate::model::graph::Graph;
use crate::model::layout::{DataFrame, Index, Layout, MultiIndex, RangeIndex, Series, StringArray};
use crate::model::moment;
use crate::model::value::{NodeId, Singleton, Value};
use crate::report::ledger::Step;
use crate::repr;

/// The version of pandas whose metadata this is.
const PANDAS_VERSION: &str = "3.0.0";
/// The name of a Series that has none.
const UNNAMED: &str = "value";

/// Columns of one length.
pub(super) struct Frame<'g> {
    pub schema: SchemaRef,
    pub columns: Vec<Column<'g>>,
    pub len: usize,
}

impl Frame<'_> {
    /// A frame of arrays.
    pub fn ready(schema: Schema, arrays: Vec<ArrayRef>, len: usize) -> Self {
        let columns = arrays.into_iter().zip(schema.fields());
        let columns = columns
            .map(|(array, field)| Column { name: Some(field.name().clone()), content: Content::Ready(array) })
            .collect();
        Frame { schema: Arc::new(schema), columns, len }
    }
}

/// What a frame is made of.
#[derive(Default)]
struct Parts<'g> {
    /// The field and the values of each column, those of the index last.
    columns: Vec<(Field, Content<'g>)>,
    /// Their entries in the metadata.
    entries: Vec<Json>,
    names: HashSet<String>,
}

impl<'g> Parts<'g> {
    fn add(&mut self, name: Json, typed: Typed<Content<'g>>) {
        let Typed { field, array, numpy_type, metadata } = typed;
        let pandas = pandas_type(field.data_type());
        let pandas = if field.extension_type_name().is_some_and(|name| name.starts_with("pandas.")) {
            "object".to_owned()
        } else {
            pandas
        };
        let (numpy_type, metadata) = match field.data_type() {
            arrow::datatypes::DataType::Decimal128(precision, scale)
            | arrow::datatypes::DataType::Decimal256(precision, scale) => {
                ("object".to_owned(), json!({ "precision": precision, "scale": scale }))
            }
            _ => (numpy_type, metadata),
        };
        self.entries.push(json!({
            "name": name,
            "field_name": field.name(),
            "pandas_type": pandas,
            "numpy_type": numpy_type,
            "metadata": metadata,
        }));
        self.names.insert(field.name().clone());
        self.columns.push((field, array));
    }
}

/// The table of a DataFrame.
///
/// # Errors
/// What no column has a type for; two columns of one name.
pub(super) fn frame<'g>(site: &mut Site<'g, '_>, job: &Job<'g>, id: NodeId) -> Result<Frame<'g>, Error> {
    let graph = job.graph;
    let frame = DataFrame::of(graph, id);
    if !matches!((frame.class, frame.own, frame.flags), (Value::None, Value::None, Value::None)) {
        site.note(Step::ClassLost)?;
    }
    let labels = labels(site, frame.columns)?;
    let mut parts = Parts::default();
    let Value::Object(list) = frame.data else { return Err(site.trail.odd("expected a list of columns")) };
    for (column, label) in graph.items(list).zip(labels.texts) {
        let (name, shown) = match label {
            Some(text) => (text.clone(), json!(text)),
            None => ("None".to_owned(), Json::Null),
        };
        if parts.names.contains(&name) {
            return Err(site.trail.twice(&name));
        }
        site.trail.inside(name.clone().into());
        let typed = of_rows(site, &name, column)?;
        site.trail.leave();
        parts.add(shown, typed);
    }
    let column_indexes = labels.levels;
    finish(site, job, parts, frame.index, column_indexes, frame.attrs, false)
}

/// The table of a Series: one column.
///
/// # Errors
/// As for [`frame`].
pub(super) fn series<'g>(site: &mut Site<'g, '_>, job: &Job<'g>, id: NodeId) -> Result<Frame<'g>, Error> {
    let graph = job.graph;
    let series = Series::of(graph, id);
    if !matches!((series.class, series.own, series.flags), (Value::None, Value::None, Value::None)) {
        site.note(Step::ClassLost)?;
    }
    let name = match series.name {
        Value::None => UNNAMED.to_owned(),
        name => label_of(site, &Cell::Value(name))?.unwrap_or_else(|| UNNAMED.to_owned()),
    };
    let mut parts = Parts::default();
    let typed = of_rows(site, &name, series.data)?;
    parts.add(json!(name), typed);
    let columns = vec![json!({
        "name": null,
        "field_name": null,
        "pandas_type": "unicode",
        "numpy_type": "object",
        "metadata": { "encoding": "UTF-8" },
    })];
    finish(site, job, parts, series.index, columns, series.attrs, true)
}

/// The table of an array: one column.
///
/// # Errors
/// As for [`frame`].
pub(super) fn values<'g>(site: &mut Site<'g, '_>, value: Value) -> Result<Frame<'g>, Error> {
    let typed = of_rows(site, UNNAMED, value)?;
    let len = typed.array.len().unwrap_or(0);
    let columns = vec![Column { name: None, content: typed.array }];
    Ok(Frame { schema: Arc::new(Schema::new(vec![typed.field])), columns, len })
}

/// The table of an index: a column for each of its levels.
///
/// # Errors
/// As for [`frame`].
pub(super) fn index<'g>(site: &mut Site<'g, '_>, job: &Job<'g>, value: Value) -> Result<Frame<'g>, Error> {
    let mut parts = Parts::default();
    levels(site, job.graph, value, &mut parts)?;
    let len = parts.columns.first().and_then(|(_, content)| content.len()).unwrap_or(0);
    let (fields, columns) = named(parts.columns);
    Ok(Frame { schema: Arc::new(Schema::new(fields)), columns, len })
}

/// Adds the index, and the metadata. `alone` says that the first column is the table itself.
fn finish<'g>(
    site: &mut Site<'g, '_>,
    job: &Job<'g>,
    mut parts: Parts<'g>,
    index: Value,
    column_indexes: Vec<Json>,
    attrs: Value,
    alone: bool,
) -> Result<Frame<'g>, Error> {
    let graph = job.graph;
    let (descriptors, len) = match graph.layout(index) {
        Some((Layout::RangeIndex, id)) => {
            let RangeIndex { name, start: Value::Int(start), stop: Value::Int(stop), step: Value::Int(step) } =
                RangeIndex::of(graph, id)
            else {
                return Err(site.trail.odd("expected ints as start, stop and step"));
            };
            let len = range_length(start, stop, step).and_then(|len| usize::try_from(len).ok());
            let len = len.ok_or_else(|| site.trail.odd("expected a range of a known length"))?;
            let name = match name {
                Value::None => Json::Null,
                name => json!(label_of(site, &Cell::Value(name))?),
            };
            (vec![json!({ "kind": "range", "name": name, "start": start, "stop": stop, "step": step })], len)
        }
        _ => {
            let levels = levels(site, graph, index, &mut parts)?;
            let len = parts.columns.last().and_then(|(_, content)| content.len()).unwrap_or(0);
            (levels.into_iter().map(Json::String).collect(), len)
        }
    };
    if parts.columns.is_empty() && len > 0 {
        return Err(site.trail.odd("expected a table, found a frame without columns whose index is a range"));
    }
    let attributes = attributes(site, attrs)?;
    let pandas = json!({
        "index_columns": descriptors,
        "column_indexes": column_indexes,
        "columns": parts.entries,
        "attributes": attributes,
        "creator": { "library": "depickle", "version": env!("CARGO_PKG_VERSION") },
        "pandas_version": PANDAS_VERSION,
    });
    let mut metadata = std::collections::HashMap::from([("pandas".to_owned(), pandas.to_string())]);
    if attributes.as_object().is_some_and(|attributes| !attributes.is_empty()) {
        metadata.insert("PANDAS_ATTRS".to_owned(), attributes.to_string());
    }
    let (fields, mut columns) = named(parts.columns);
    if columns.iter().any(|column| column.content.len() != Some(len)) {
        return Err(site.trail.odd("expected columns as long as the index"));
    }
    if let Some(first) = columns.first_mut().filter(|_| alone) {
        first.name = None;
    }
    Ok(Frame { schema: Arc::new(Schema::new(fields).with_metadata(metadata)), columns, len })
}

fn named(columns: Vec<(Field, Content<'_>)>) -> (Vec<Field>, Vec<Column<'_>>) {
    let column = |(field, content): (Field, _)| {
        let name = Some(field.name().clone());
        (field, Column { name, content })
    };
    columns.into_iter().map(column).unzip()
}

/// Adds the columns of an index; returns their names.
fn levels<'g>(
    site: &mut Site<'g, '_>,
    graph: &'g Graph,
    index: Value,
    parts: &mut Parts<'g>,
) -> Result<Vec<String>, Error> {
    let columns: Vec<(Value, Option<View<'g>>)> = match graph.layout(index) {
        Some((Layout::Index, id)) => {
            let Index { name, freq, .. } = Index::of(graph, id);
            if !matches!(freq, Value::None) {
                site.note(Step::FreqLost)?;
            }
            vec![(name, None)]
        }
        _ => {
            let levels = View::levels(graph, index).map_err(|what| site.trail.odd(&what))?;
            levels.into_iter().map(|(name, column)| (name, Some(column))).collect()
        }
    };
    let multi = matches!(graph.layout(index), Some((Layout::MultiIndex, _)));
    let mut names = Vec::new();
    for (n, (name, column)) in columns.iter().enumerate() {
        let label = match name {
            Value::None => None,
            name => label_of(site, &Cell::Value(*name))?,
        };
        let generated = || (n..).map(|n| format!("__index_level_{n}__")).find(|name| !parts.names.contains(name));
        let field = match &label {
            Some(label) if !parts.names.contains(label) => label.clone(),
            _ => generated().unwrap_or_default(),
        };
        site.trail.inside(field.clone().into());
        let typed = match (column, graph.layout(index)) {
            (Some(column), _) if multi => level(site, graph, index, n, &field, column)?.map(Content::Ready),
            (Some(column), _) => of_column(site, &field, column)?.map(Content::Ready),
            (None, Some((_, id))) => of_rows(site, &field, Index::of(graph, id).data)?,
            (None, None) => return Err(site.trail.odd("expected an index")),
        };
        site.trail.leave();
        parts.add(json!(label), typed);
        names.push(field);
    }
    Ok(names)
}

/// One level of a MultiIndex, as the values it has in each row.
fn level<'g>(
    site: &mut Site<'g, '_>,
    graph: &'g Graph,
    index: Value,
    n: usize,
    name: &str,
    column: &View<'g>,
) -> Result<Typed, Error> {
    let typed = of_column(site, name, column)?;
    let Some((Layout::MultiIndex, id)) = graph.layout(index) else { return Ok(typed) };
    let Value::Object(levels) = MultiIndex::of(graph, id).levels else { return Ok(typed) };
    let Some(level) = graph.item(levels, n) else { return Ok(typed) };
    let level = match graph.layout(level) {
        Some((Layout::Index, id)) => of_value(site, name, Index::of(graph, id).data)?,
        _ => {
            let column = View::of(graph, level).map_err(|what| site.trail.odd(&what))?;
            of_column(site, name, &column)?
        }
    };
    let Some(dictionary) = typed.array.as_any_dictionary_opt() else { return Ok(typed) };
    let keys = dictionary.keys().slice(0, dictionary.len());
    let array = super::series::taken(site, &level.array, &*keys)?;
    Ok(Typed { field: level.field, array, numpy_type: level.numpy_type, metadata: level.metadata })
}

/// The labels of columns: their texts, and the entries of `column_indexes`.
struct Labels {
    texts: Vec<Option<String>>,
    levels: Vec<Json>,
}

fn labels<'g>(site: &mut Site<'g, '_>, index: Value) -> Result<Labels, Error> {
    let graph = site.eye.graph;
    let columns = View::levels(graph, index).map_err(|what| site.trail.odd(&what))?;
    let mut levels = Vec::new();
    let mut names: Vec<Vec<Option<String>>> = Vec::new();
    for (n, (name, column)) in columns.iter().enumerate() {
        let shown = match name {
            Value::None => Json::Null,
            name => json!(label_of(site, &Cell::Value(*name))?),
        };
        let mut texts = Vec::with_capacity(column.len);
        for row in 0..column.len {
            texts.push(label_of(site, &column.cell(row))?);
        }
        let (pandas, numpy, metadata) = label_types(site, graph, index, n, column);
        if pandas == "mixed" {
            site.note(Step::LabelsLost)?;
        }
        levels.push(json!({
            "name": shown, "field_name": shown, "pandas_type": pandas, "numpy_type": numpy, "metadata": metadata,
        }));
        names.push(texts);
    }
    let texts = match names.as_slice() {
        [one] => one.clone(),
        many => {
            let rows = many.first().map_or(0, Vec::len);
            (0..rows).map(|row| Some(tuple(many.iter().map(|level| level.get(row).cloned().flatten())))).collect()
        }
    };
    Ok(Labels { texts, levels })
}

/// Texts as Python prints a tuple of them.
fn tuple(parts: impl Iterator<Item = Option<String>>) -> String {
    let mut out = String::from("(");
    let mut count = 0;
    for part in parts {
        if count > 0 {
            out.push_str(", ");
        }
        count += 1;
        match part {
            Some(part) => {
                let mut quoted = Vec::new();
                // Writing to a Vec does not fail.
                let _ = repr::wtf8(part.as_bytes(), &mut quoted);
                out.push_str(&String::from_utf8_lossy(&quoted));
            }
            None => out.push_str("None"),
        }
    }
    out.push_str(if count == 1 { ",)" } else { ")" });
    out
}

/// `pandas_type`, `numpy_type` and `metadata` of labels.
fn label_types(
    site: &mut Site<'_, '_>,
    graph: &Graph,
    index: Value,
    n: usize,
    column: &View<'_>,
) -> (String, String, Json) {
    let column = match &column.values {
        // A level is what its categories are.
        Values::Categorical { categories, .. } if matches!(graph.layout(index), Some((Layout::MultiIndex, _))) => {
            categories
        }
        _ => column,
    };
    let level = match graph.layout(index) {
        Some((Layout::MultiIndex, id)) => match MultiIndex::of(graph, id).levels {
            Value::Object(levels) => graph.item(levels, n).unwrap_or(Value::None),
            _ => Value::None,
        },
        _ => index,
    };
    let text = |numpy: &str| ("unicode".to_owned(), numpy.to_owned(), json!({ "encoding": "UTF-8" }));
    match &column.values {
        Values::Range { .. } => ("int64".to_owned(), "int64".to_owned(), Json::Null),
        Values::Strings(_) => {
            let data = match graph.layout(level) {
                Some((Layout::Index, id)) => Index::of(graph, id).data,
                _ => Value::None,
            };
            match graph.layout(data) {
                Some((Layout::StringArray, id))
                    if matches!(StringArray::of(graph, id).na_value, Value::Singleton(Singleton::NA)) =>
                {
                    text("string")
                }
                _ => text("str"),
            }
        }
        Values::Fixed(fixed) => {
            use crate::model::dtype::Type;
            let bits = fixed.dtype.size * 8;
            match fixed.dtype.ty {
                Type::Bool => ("bool".to_owned(), "bool".to_owned(), Json::Null),
                Type::Int => (format!("int{bits}"), format!("int{bits}"), Json::Null),
                Type::Uint => (format!("uint{bits}"), format!("uint{bits}"), Json::Null),
                Type::Float => (format!("float{bits}"), format!("float{bits}"), Json::Null),
                Type::DateTime(unit, _) => {
                    let name = format!("datetime64[{}]", unit.name());
                    (name.clone(), name, Json::Null)
                }
                Type::TimeDelta(unit, _) => {
                    let name = format!("timedelta64[{}]", unit.name());
                    (name.clone(), name, Json::Null)
                }
                _ => text("object"),
            }
        }
        Values::Zoned { data, zone } => {
            let zone = match zone {
                Value::Object(id) => site.eye.zone(*id).map(|zone| site.eye.zone_name(zone).to_owned()),
                _ => None,
            };
            let unit = crate::model::column::unit_of(&data.dtype).map_or("ns", |(unit, _)| unit.name());
            ("datetimetz".to_owned(), format!("datetime64[{unit}]"), json!({ "timezone": zone }))
        }
        Values::Objects(values) => {
            let strings = values.iter().all(|v| matches!(v, Value::Str { .. } | Value::Py2Str { .. }));
            if strings { text("object") } else { ("mixed".to_owned(), "object".to_owned(), Json::Null) }
        }
        _ => ("mixed".to_owned(), "object".to_owned(), Json::Null),
    }
}

/// What `str()` makes of a label; `None` for None and NaN.
fn label_of(site: &mut Site<'_, '_>, cell: &Cell<'_>) -> Result<Option<String>, Error> {
    let graph = site.eye.graph;
    let mut out = String::new();
    match cell {
        Cell::Missing | Cell::Value(Value::None | Value::Singleton(_)) => return Ok(None),
        Cell::Value(Value::Float { value, .. }) if value.is_nan() => return Ok(None),
        Cell::Value(Value::Bool(b)) => out.push_str(if *b { "True" } else { "False" }),
        Cell::Value(Value::Object(id)) if matches!(graph.kind(*id), crate::model::graph::Kind::Tuple) => {
            let mut parts = Vec::new();
            for part in graph.items(*id) {
                // A tuple in a tuple is spelled as the lossless mapping does.
                let nested = matches!(part, Value::Object(_));
                parts.push(if nested {
                    Some(crate::writers::tagged::inline(graph, part))
                } else {
                    label_of(site, &Cell::Value(part))?
                });
            }
            out = tuple(parts.into_iter());
        }
        Cell::Value(value) => {
            let seen = site.eye.see(*value).map_err(|refusal| site.trail.refused(refusal))?;
            match seen {
                Seen::Text(text) => out.push_str(&text),
                Seen::Stamp { at, unit, .. } => {
                    let unit = match unit {
                        arrow::datatypes::TimeUnit::Second => crate::model::dtype::Unit::Second,
                        arrow::datatypes::TimeUnit::Millisecond => crate::model::dtype::Unit::Milli,
                        arrow::datatypes::TimeUnit::Microsecond => crate::model::dtype::Unit::Micro,
                        arrow::datatypes::TimeUnit::Nanosecond => crate::model::dtype::Unit::Nano,
                    };
                    stamp(at, unit, &mut out);
                }
                _ => match site.eye.key(*value) {
                    Some((text, _)) => out.push_str(&text),
                    None => out = crate::writers::tagged::inline(graph, *value),
                },
            }
        }
        Cell::Int(n) => out = n.to_string(),
        Cell::Element(element) => match element {
            Element::Bool(b) => out.push_str(if *b { "True" } else { "False" }),
            Element::Int(n) => out = n.to_string(),
            Element::Uint(n) => out = n.to_string(),
            Element::Float(f) if f.is_nan() => return Ok(None),
            Element::Float(f) => repr::float(*f, &mut out),
            Element::DateTime(Some(n), unit, 1) => stamp(*n, *unit, &mut out),
            Element::TimeDelta(Some(n), unit, count) => moment::write_duration(*n, *unit, *count, &mut out),
            _ => return Err(site.trail.no_type("labels of that type")),
        },
        Cell::Geometry(value) => return label_of(site, &Cell::Value(*value)),
        Cell::Instant { value, unit, .. } => {
            stamp(*value, *unit, &mut out);
            out.push_str("+00:00");
        }
        Cell::Period { ordinal, .. } => out = ordinal.to_string(),
        Cell::Interval(sides, _) => {
            let [left, right] = &**sides;
            out = format!(
                "({}, {}]",
                label_of(site, left)?.unwrap_or_default(),
                label_of(site, right)?.unwrap_or_default()
            );
        }
        Cell::Arrow(column, row) => match column.element(*row) {
            Some(crate::model::arrow::Element::Str(text)) => out.push_str(text),
            Some(crate::model::arrow::Element::Null) => return Ok(None),
            _ => return Err(site.trail.no_type("labels of that type")),
        },
        Cell::Compound(..) => return Err(site.trail.no_type("labels of that type")),
    }
    Ok(Some(out))
}

/// `str()` of a Timestamp: `2020-01-01 00:00:00`, with a fraction where there is one.
fn stamp(n: i64, unit: crate::model::dtype::Unit, out: &mut String) {
    let mut iso = String::new();
    moment::write_datetime(n, unit, 1, &mut iso);
    let iso = iso.replacen('T', " ", 1);
    match iso.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = fraction.trim_end_matches('0');
            let digits = if fraction.is_empty() {
                0
            } else if fraction.len() <= 6 {
                6
            } else {
                9
            };
            out.push_str(whole);
            if digits > 0 {
                out.push('.');
                out.push_str(&format!("{fraction:0<digits$}"));
            }
        }
        None => out.push_str(&iso),
    }
}

/// The attributes of a frame as JSON, where JSON has them.
fn attributes<'g>(site: &mut Site<'g, '_>, attrs: Value) -> Result<Json, Error> {
    if matches!(attrs, Value::None) {
        return Ok(json!({}));
    }
    site.trail.inside("attrs".into());
    let text = site.trail.natural(&site.eye, attrs)?;
    site.trail.leave();
    serde_json::from_str(&text).map_err(|_| site.trail.odd("expected attributes that are JSON"))
}
