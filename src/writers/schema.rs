//! The schema of a table as text: Arrow's types, or a JSON Schema for its rows.

use std::fmt::Write as _;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use serde_json::{Map, Value as Json, json};

/// One line for each column: its name, a colon, its type.
pub(crate) fn arrow(schema: &Schema) -> String {
    let mut out = String::new();
    for field in schema.fields() {
        let _ = writeln!(out, "{}: {}", crate::name::Escaped(field.name()), arrow_type(field));
    }
    out
}

fn unit(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

/// A type as pyarrow spells it, with the extension it is of; as deep as types nest.
fn arrow_type(field: &Field) -> String {
    let plain = match field.data_type() {
        DataType::Boolean => "bool".to_owned(),
        DataType::Float16 => "halffloat".to_owned(),
        DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Utf8 => "string".to_owned(),
        DataType::LargeUtf8 => "large_string".to_owned(),
        DataType::FixedSizeBinary(len) => format!("fixed_size_binary[{len}]"),
        DataType::Date32 => "date32[day]".to_owned(),
        DataType::Time32(of) => format!("time32[{}]", unit(*of)),
        DataType::Time64(of) => format!("time64[{}]", unit(*of)),
        DataType::Timestamp(of, None) => format!("timestamp[{}]", unit(*of)),
        DataType::Timestamp(of, Some(zone)) => format!("timestamp[{}, tz={zone}]", unit(*of)),
        DataType::Duration(of) => format!("duration[{}]", unit(*of)),
        DataType::Decimal128(precision, scale) => format!("decimal128({precision}, {scale})"),
        DataType::Decimal256(precision, scale) => format!("decimal256({precision}, {scale})"),
        DataType::List(item) => format!("list<{}>", arrow_type(item)),
        DataType::LargeList(item) => format!("large_list<{}>", arrow_type(item)),
        DataType::FixedSizeList(item, len) => format!("fixed_size_list<{}>[{len}]", arrow_type(item)),
        DataType::Struct(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| format!("{}: {}", crate::name::Escaped(field.name()), arrow_type(field)))
                .collect();
            format!("struct<{}>", fields.join(", "))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => {
                let parts: Vec<String> = fields.iter().map(|field| arrow_type(field)).collect();
                format!("map<{}>", parts.join(", "))
            }
            _ => "map".to_owned(),
        },
        DataType::Dictionary(keys, values) => {
            let ordered = if field.dict_is_ordered() == Some(true) { ", ordered" } else { "" };
            let of = |datatype: &DataType| arrow_type(&Field::new("", datatype.clone(), true));
            format!("dictionary<{}, {}{ordered}>", of(keys), of(values))
        }
        other => other.to_string().to_lowercase(),
    };
    match field.extension_type_name() {
        Some(name) => format!("{name}<{plain}>"),
        None => plain,
    }
}

/// A JSON Schema (draft 2020-12) for the rows as JSON has them.
pub(crate) fn json_schema(schema: &Schema) -> String {
    let properties: Map<String, Json> =
        schema.fields().iter().map(|field| (field.name().clone(), json_type(field))).collect();
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    let mut text = serde_json::to_string_pretty(&whole).unwrap_or_default();
    text.push('\n');
    text
}

/// What JSON has for a column; every value may be null.
fn json_type(field: &Field) -> Json {
    let text = |format: &str| json!({ "type": ["string", "null"], "format": format });
    match field.data_type() {
        _ if field.extension_type_name() == Some("arrow.json") => json!({}),
        DataType::Null => json!({ "type": "null" }),
        DataType::Boolean => json!({ "type": ["boolean", "null"] }),
        datatype if datatype.is_integer() => json!({ "type": ["integer", "null"] }),
        DataType::Decimal128(_, 0) | DataType::Decimal256(_, 0) => json!({ "type": ["integer", "string", "null"] }),
        datatype if datatype.is_floating() => json!({ "type": ["number", "null"] }),
        DataType::Date32 | DataType::Date64 => text("date"),
        DataType::Timestamp(_, Some(_)) => text("date-time"),
        DataType::Duration(_) => text("duration"),
        DataType::FixedSizeBinary(16) if field.extension_type_name() == Some("arrow.uuid") => text("uuid"),
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => {
            json!({ "type": ["string", "null"], "contentEncoding": "base64" })
        }
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            json!({ "type": ["array", "null"], "items": json_type(item) })
        }
        DataType::Struct(fields) if is_complex(field) => {
            let _ = fields;
            json!({ "type": ["array", "null"], "prefixItems": [{ "type": "number" }, { "type": "number" }] })
        }
        DataType::Struct(fields) => {
            let properties: Map<String, Json> =
                fields.iter().map(|field| (field.name().clone(), json_type(field))).collect();
            json!({ "type": ["object", "null"], "properties": properties, "additionalProperties": false })
        }
        DataType::Map(entries, _) => {
            let values = match entries.data_type() {
                DataType::Struct(fields) => fields.get(1).map(|field| json_type(field)),
                _ => None,
            };
            json!({ "type": ["object", "null"], "additionalProperties": values.unwrap_or(json!({})) })
        }
        DataType::Dictionary(_, values) => json_type(&Field::new("", (**values).clone(), true)),
        _ => json!({ "type": ["string", "null"] }),
    }
}

/// Whether a struct is what a complex number became.
fn is_complex(field: &Field) -> bool {
    match field.data_type() {
        DataType::Struct(fields) => {
            fields.len() == 2 && fields.iter().zip(["re", "im"]).all(|(f, name)| f.name() == name && !f.is_nullable())
        }
        _ => false,
    }
}
