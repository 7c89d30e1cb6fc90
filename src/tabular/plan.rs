//! The type that was decided for a column, and the Arrow field it is.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};

/// Digits of the two decimal types.
pub(super) const DECIMAL128: u32 = 38;
pub(super) const DECIMAL256: u32 = 76;

/// A type for a column, or for a place inside its values.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plan {
    Null,
    Bool,
    Int64,
    UInt64,
    Float64,
    Decimal128(u8, i8),
    Decimal256(u8, i8),
    Text {
        large: bool,
    },
    Binary {
        large: bool,
    },
    Date,
    Time,
    Timestamp(TimeUnit, Option<Arc<str>>),
    Duration(TimeUnit),
    Uuid,
    Complex,
    /// The items, and whether their number needs 64 bits.
    List(Box<Plan>, bool),
    Struct(Vec<(String, Plan)>),
    Map(Box<Plan>, Box<Plan>),
    /// Values that have no type in common, as JSON text.
    Json,
}

impl Plan {
    /// The Arrow type.
    pub fn datatype(&self) -> DataType {
        match self {
            Plan::Null => DataType::Null,
            Plan::Bool => DataType::Boolean,
            Plan::Int64 => DataType::Int64,
            Plan::UInt64 => DataType::UInt64,
            Plan::Float64 => DataType::Float64,
            Plan::Decimal128(precision, scale) => DataType::Decimal128(*precision, *scale),
            Plan::Decimal256(precision, scale) => DataType::Decimal256(*precision, *scale),
            Plan::Text { large: false } => DataType::Utf8,
            Plan::Text { large: true } => DataType::LargeUtf8,
            Plan::Binary { large: false } => DataType::Binary,
            Plan::Binary { large: true } => DataType::LargeBinary,
            Plan::Date => DataType::Date32,
            Plan::Time => DataType::Time64(TimeUnit::Microsecond),
            Plan::Timestamp(unit, zone) => DataType::Timestamp(*unit, zone.clone()),
            Plan::Duration(unit) => DataType::Duration(*unit),
            Plan::Uuid => DataType::FixedSizeBinary(16),
            Plan::Complex => DataType::Struct(complex_fields().into()),
            Plan::List(item, false) => DataType::List(Arc::new(item.field("item"))),
            Plan::List(item, true) => DataType::LargeList(Arc::new(item.field("item"))),
            Plan::Struct(fields) => {
                DataType::Struct(fields.iter().map(|(name, plan)| Arc::new(plan.field(name))).collect())
            }
            Plan::Map(key, value) => DataType::Map(Arc::new(entries(key, value)), false),
            Plan::Json => DataType::Utf8,
        }
    }

    /// Whether it is the same type, but for how many bytes or items there may be; as deep as types nest.
    pub fn is_like(&self, other: &Plan) -> bool {
        match (self, other) {
            (Plan::Text { .. }, Plan::Text { .. }) | (Plan::Binary { .. }, Plan::Binary { .. }) => true,
            (Plan::List(a, _), Plan::List(b, _)) => a.is_like(b),
            (Plan::Struct(a), Plan::Struct(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && a.1.is_like(&b.1))
            }
            (Plan::Map(key, value), Plan::Map(k, v)) => key.is_like(k) && value.is_like(v),
            (a, b) => a == b,
        }
    }

    /// The Arrow field of that name; it may always be null.
    pub fn field(&self, name: &str) -> Field {
        let field = Field::new(name, self.datatype(), true);
        match self {
            Plan::Uuid => extension(field, "arrow.uuid", ""),
            Plan::Json => extension(field, "arrow.json", ""),
            _ => field,
        }
    }
}

/// A field of an extension type.
pub(super) fn extension(field: Field, name: &str, parameters: &str) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.insert("ARROW:extension:name".to_owned(), name.to_owned());
    metadata.insert("ARROW:extension:metadata".to_owned(), parameters.to_owned());
    field.with_metadata(metadata)
}

/// The parts of a complex number.
pub(super) fn complex_fields() -> Vec<Field> {
    vec![Field::new("re", DataType::Float64, false), Field::new("im", DataType::Float64, false)]
}

/// The struct inside a map.
pub(super) fn entries(key: &Plan, value: &Plan) -> Field {
    let fields = vec![Arc::new(key.field("key").with_nullable(false)), Arc::new(value.field("value"))];
    Field::new("entries", DataType::Struct(fields.into()), false)
}
