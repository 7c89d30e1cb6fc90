//! What values are called in messages: Python's names of their types.

use crate::model::graph::{Graph, Kind};
use crate::model::value::Value;

/// What a value is called in messages.
pub(crate) fn type_name(graph: &Graph, value: Value) -> &'static str {
    match value {
        Value::None => "None",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Big { .. } => "int",
        Value::Float { .. } => "float",
        Value::Str { .. } | Value::Wtf8 { .. } => "str",
        Value::Py2Str { .. } => "8-bit str",
        Value::Bytes { .. } => "bytes",
        Value::ByteArray { .. } => "bytearray",
        Value::Date(_) => "date",
        Value::Time { .. } => "time",
        Value::DateTime { .. } => "datetime",
        Value::TimeDelta { .. } => "timedelta",
        Value::Decimal { .. } => "Decimal",
        Value::Path { .. } => "path",
        Value::Ip { .. } => "IP address",
        Value::Singleton(s) => s.name(),
        Value::Global(_) => "global",
        Value::Unknown => "refused value",
        Value::Object(id) => match graph.kind(id) {
            Kind::List => "list",
            Kind::Tuple => "tuple",
            Kind::Set => "set",
            Kind::FrozenSet => "frozenset",
            Kind::Deque => "deque",
            Kind::Dict => "dict",
            Kind::OrderedDict => "OrderedDict",
            Kind::DefaultDict => "defaultdict",
            Kind::Counter => "Counter",
            Kind::Complex => "complex",
            Kind::Fraction => "Fraction",
            Kind::Range => "range",
            Kind::Slice => "slice",
            Kind::Array => "array",
            Kind::Uuid => "UUID",
            Kind::Zone => "time zone",
            Kind::Exception => "exception",
            Kind::Record => "instance",
            Kind::Struct(layout) => layout.name(),
            Kind::Pending => "unfinished object",
        },
    }
}
