//! Rows as messages of their own: the schema of a table as Protocol Buffers messages, and its rows in them, length-delimited.
//!
//! A null is a field that is not set. What Protocol Buffers has no type for is text as JSON has it; a null inside a list is an
//! error, and a list that is null is one without items.

mod encode;

use std::collections::HashSet;
use std::fmt::Write as _;

use arrow::datatypes::{DataType, Field, Fields, Schema};

use crate::error::Error;
use crate::location::Location;
use crate::name::Escaped;

pub(crate) use encode::Rows;

/// Fields of one message that Protocol Buffers can number below its reserved range.
const MAX_FIELDS: usize = 18_999;
/// Messages inside each other that every reader takes.
const MAX_LEVELS: usize = 90;

/// A message.
#[derive(Debug)]
pub(crate) struct Message {
    name: String,
    fields: Vec<Slot>,
}

/// A field, numbered by its place from 1 on.
#[derive(Debug)]
struct Slot {
    name: String,
    /// The column it is, where the name had to change.
    column: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Nothing but nulls: no field.
    Null,
    Bool,
    Int,
    Uint,
    Float,
    Double,
    Text,
    Bytes,
    /// `google.protobuf.Timestamp`.
    Instant,
    /// `google.protobuf.Duration`.
    Duration,
    Message(Message),
    Repeated(Box<Kind>),
    /// Entries of a key and a value.
    Map(Box<Kind>, Box<Kind>),
}

impl Message {
    /// The message for rows of a table.
    ///
    /// # Errors
    /// A name that is none of a message; fields that would become one; more than Protocol Buffers takes.
    pub fn new(name: &str, schema: &Schema) -> Result<Self, Error> {
        let valid = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !valid {
            let what = format!("expected a name of a message such as `Row`, found `{}`", Escaped(name));
            return Err(Error::misuse(what));
        }
        message(name.to_owned(), schema.fields(), 0)
    }

    /// The `.proto` file that describes it.
    pub fn proto(&self) -> String {
        let mut out = String::from("syntax = \"proto3\";\n\n");
        if self.uses(&|kind| matches!(kind, Kind::Duration)) {
            out.push_str("import \"google/protobuf/duration.proto\";\n");
        }
        if self.uses(&|kind| matches!(kind, Kind::Instant)) {
            out.push_str("import \"google/protobuf/timestamp.proto\";\n");
        }
        if out.contains("import") {
            out.push('\n');
        }
        self.write(0, &mut out);
        out
    }

    /// Whether some field is of a kind; messages nest as deep as [`MAX_LEVELS`].
    fn uses(&self, wanted: &dyn Fn(&Kind) -> bool) -> bool {
        fn of(kind: &Kind, wanted: &dyn Fn(&Kind) -> bool) -> bool {
            wanted(kind)
                || match kind {
                    Kind::Message(message) => message.uses(wanted),
                    Kind::Repeated(item) => of(item, wanted),
                    Kind::Map(key, value) => of(key, wanted) || of(value, wanted),
                    _ => false,
                }
        }
        self.fields.iter().any(|slot| of(&slot.kind, wanted))
    }

    fn write(&self, level: usize, out: &mut String) {
        let indent = "  ".repeat(level);
        let _ = writeln!(out, "{indent}message {} {{", self.name);
        for (n, slot) in self.fields.iter().enumerate() {
            let number = n + 1;
            let inner = "  ".repeat(level + 1);
            if slot.name != slot.column {
                let _ = writeln!(out, "{inner}// {}", Escaped(&slot.column));
            }
            for message in slot.kind.messages() {
                message.write(level + 1, out);
            }
            let _ = match &slot.kind {
                Kind::Null => writeln!(out, "{inner}reserved {number};  // {}, always null", Escaped(&slot.column)),
                Kind::Repeated(item) => {
                    writeln!(out, "{inner}repeated {} {} = {number};", item.name(), slot.name)
                }
                Kind::Map(key, value) => {
                    writeln!(out, "{inner}map<{}, {}> {} = {number};", key.name(), value.name(), slot.name)
                }
                kind => writeln!(out, "{inner}optional {} {} = {number};", kind.name(), slot.name),
            };
        }
        let _ = writeln!(out, "{indent}}}");
    }
}

impl Kind {
    fn name(&self) -> &str {
        match self {
            Kind::Null => "bytes",
            Kind::Bool => "bool",
            Kind::Int => "int64",
            Kind::Uint => "uint64",
            Kind::Float => "float",
            Kind::Double => "double",
            Kind::Text => "string",
            Kind::Bytes => "bytes",
            Kind::Instant => "google.protobuf.Timestamp",
            Kind::Duration => "google.protobuf.Duration",
            Kind::Message(message) => &message.name,
            Kind::Repeated(item) => item.name(),
            Kind::Map(..) => "",
        }
    }

    /// The messages that a field brings along.
    fn messages(&self) -> Vec<&Message> {
        match self {
            Kind::Message(message) => vec![message],
            Kind::Repeated(item) => item.messages(),
            Kind::Map(_, value) => value.messages(),
            _ => Vec::new(),
        }
    }
}

fn message(name: String, fields: &Fields, level: usize) -> Result<Message, Error> {
    let too_many = || {
        let what = format!("expected at most {MAX_FIELDS} fields in {MAX_LEVELS} levels, found more");
        Error::unrepresentable(what, Location::default())
            .with_hint("`--to protobuf` without `--proto-message` takes any value")
    };
    if fields.len() > MAX_FIELDS || level >= MAX_LEVELS {
        return Err(too_many());
    }
    let mut taken = HashSet::new();
    let mut slots = Vec::with_capacity(fields.len());
    for field in fields {
        let name = identifier(field.name());
        // Two names that protoc would give one accessor are one.
        if !taken.insert(name.replace('_', "").to_lowercase()) {
            let what = format!("two fields would become one: `{name}`, of the column `{}`", Escaped(field.name()));
            return Err(Error::unrepresentable(what, Location::default())
                .with_hint("`--to protobuf` without `--proto-message` keeps them apart"));
        }
        let mut of_message = camel(&name);
        while fields.iter().any(|other| identifier(other.name()) == of_message) {
            of_message.push('_');
        }
        let kind = kind(field, &of_message, level)?;
        slots.push(Slot { name, column: field.name().clone(), kind });
    }
    Ok(Message { name, fields: slots })
}

/// What a column is; `name` is that of a message it may need.
fn kind(field: &Field, name: &str, level: usize) -> Result<Kind, Error> {
    Ok(match field.data_type() {
        DataType::Null => Kind::Null,
        DataType::Boolean => Kind::Bool,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Kind::Int,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => Kind::Uint,
        DataType::Float16 | DataType::Float32 => Kind::Float,
        DataType::Float64 => Kind::Double,
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => Kind::Bytes,
        DataType::Timestamp(_, Some(_)) => Kind::Instant,
        DataType::Duration(_) => Kind::Duration,
        DataType::Struct(fields) => Kind::Message(message(name.to_owned(), fields, level + 1)?),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Kind::Repeated(Box::new(inner(item, name, level)?))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(parts) => match (parts.first(), parts.get(1)) {
                (Some(key), Some(value)) => {
                    let key = match kind(key, name, level)? {
                        key @ (Kind::Bool | Kind::Int | Kind::Uint | Kind::Text) => key,
                        _ => {
                            let what = "expected keys that are bools, ints or text, found others";
                            return Err(Error::unrepresentable(what, Location::default())
                                .with_hint("`--to protobuf` without `--proto-message` takes any key"));
                        }
                    };
                    Kind::Map(Box::new(key), Box::new(inner(value, name, level)?))
                }
                _ => Kind::Text,
            },
            _ => Kind::Text,
        },
        DataType::Dictionary(_, values) => kind(&Field::new("", (**values).clone(), true), name, level)?,
        _ => Kind::Text,
    })
}

/// What an item of a list or a value of a map is: a list inside a list is a message with one field.
fn inner(field: &Field, name: &str, level: usize) -> Result<Kind, Error> {
    match kind(field, name, level + 1)? {
        nested @ (Kind::Repeated(_) | Kind::Map(..) | Kind::Null) => {
            let slot = Slot { name: "items".to_owned(), column: "items".to_owned(), kind: nested };
            Ok(Kind::Message(Message { name: name.to_owned(), fields: vec![slot] }))
        }
        plain => Ok(plain),
    }
}

/// A name as Protocol Buffers takes it.
fn identifier(name: &str) -> String {
    let mut out: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !out.starts_with(|c: char| c.is_ascii_alphabetic()) {
        out.insert_str(0, "f_");
    }
    out
}

/// `order_lines` as `OrderLines`.
fn camel(name: &str) -> String {
    let mut out = String::new();
    for word in name.split('_') {
        let mut chars = word.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out.push_str("Item");
    out
}
