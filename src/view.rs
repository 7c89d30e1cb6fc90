//! A view of the values that users walk: borrowed, cheap to copy, never recursive by itself.

use num_bigint::BigInt;

use crate::model::graph::{Graph, Kind};
use crate::model::record::{FIXED, how};
use crate::model::temporal;
use crate::model::value::{NodeId, Value};

/// One value of a document.
#[derive(Clone, Copy)]
pub struct ValueRef<'d> {
    graph: &'d Graph,
    value: Value,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ValueKind {
    /// `None`
    None,
    /// `bool`
    Bool,
    /// `int` of any size
    Int,
    /// `float`
    Float,
    /// `complex`: two floats
    Complex,
    /// `str`
    Str,
    /// An 8-bit `str` of Python 2, undecided
    Py2Str,
    /// `bytes`
    Bytes,
    /// `bytearray`
    ByteArray,
    /// `list`
    List,
    /// `tuple`
    Tuple,
    /// `set`
    Set,
    /// `frozenset`
    FrozenSet,
    /// `collections.deque`
    Deque,
    /// `dict`
    Dict,
    /// `collections.OrderedDict`
    OrderedDict,
    /// `collections.defaultdict`
    DefaultDict,
    /// `collections.Counter`
    Counter,
    /// An array, tensor, table or one of their parts: an object of named fields
    Structure,
    /// `datetime.date`
    Date,
    /// `datetime.time`
    Time,
    /// `datetime.datetime`
    DateTime,
    /// `datetime.timedelta`
    TimeDelta,
    /// A time zone
    TimeZone,
    /// `decimal.Decimal`
    Decimal,
    /// `fractions.Fraction`: two ints
    Fraction,
    /// `uuid.UUID`
    Uuid,
    /// A `pathlib` path
    Path,
    /// An address, network or interface of `ipaddress`
    Ip,
    /// `range`: three ints
    Range,
    /// `slice`: three values
    Slice,
    /// `Ellipsis` or `NotImplemented`
    Singleton,
    /// `array.array`
    Array,
    /// A class or function left as a value
    Global,
    /// An exception
    Exception,
    /// An instance of an inert or admitted class
    Record,
}

impl<'d> ValueRef<'d> {
    pub(crate) fn new(graph: &'d Graph, value: Value) -> Self {
        ValueRef { graph, value }
    }

    /// What it is.
    pub fn kind(self) -> ValueKind {
        match self.value {
            Value::None | Value::Unknown => ValueKind::None,
            Value::Bool(_) => ValueKind::Bool,
            Value::Int(_) | Value::Big { .. } => ValueKind::Int,
            Value::Float { .. } => ValueKind::Float,
            Value::Str { .. } | Value::Wtf8 { .. } => ValueKind::Str,
            Value::Py2Str { .. } => ValueKind::Py2Str,
            Value::Bytes { .. } => ValueKind::Bytes,
            Value::ByteArray { .. } => ValueKind::ByteArray,
            Value::Date(_) => ValueKind::Date,
            Value::Time { .. } => ValueKind::Time,
            Value::DateTime { .. } => ValueKind::DateTime,
            Value::TimeDelta { .. } => ValueKind::TimeDelta,
            Value::Decimal { .. } => ValueKind::Decimal,
            Value::Path { .. } => ValueKind::Path,
            Value::Ip { .. } => ValueKind::Ip,
            Value::Singleton(_) => ValueKind::Singleton,
            Value::Global(_) => ValueKind::Global,
            Value::Object(id) => match self.graph.kind(id) {
                Kind::List => ValueKind::List,
                Kind::Tuple => ValueKind::Tuple,
                Kind::Set => ValueKind::Set,
                Kind::FrozenSet => ValueKind::FrozenSet,
                Kind::Deque => ValueKind::Deque,
                Kind::Dict => ValueKind::Dict,
                Kind::OrderedDict => ValueKind::OrderedDict,
                Kind::DefaultDict => ValueKind::DefaultDict,
                Kind::Counter => ValueKind::Counter,
                Kind::Complex => ValueKind::Complex,
                Kind::Fraction => ValueKind::Fraction,
                Kind::Range => ValueKind::Range,
                Kind::Slice => ValueKind::Slice,
                Kind::Array => ValueKind::Array,
                Kind::Uuid => ValueKind::Uuid,
                Kind::Zone => ValueKind::TimeZone,
                Kind::Exception => ValueKind::Exception,
                Kind::Struct(_) => ValueKind::Structure,
                Kind::Record | Kind::Pending => ValueKind::Record,
            },
        }
    }

    /// A number that is the same for every reference to one object; `None` for values without identity.
    pub fn identity(self) -> Option<u32> {
        if let Value::Object(NodeId(id)) = self.value { Some(id) } else { None }
    }

    /// A bool.
    pub fn as_bool(self) -> Option<bool> {
        if let Value::Bool(b) = self.value { Some(b) } else { None }
    }

    /// An int that fits.
    pub fn as_i64(self) -> Option<i64> {
        if let Value::Int(n) = self.value { Some(n) } else { None }
    }

    /// An int of any size.
    pub fn as_big_int(self) -> Option<BigInt> {
        match self.value {
            Value::Int(n) => Some(BigInt::from(n)),
            Value::Big { len, at } => Some(self.graph.big_int(len, at)),
            _ => None,
        }
    }

    /// A float.
    pub fn as_f64(self) -> Option<f64> {
        if let Value::Float { value, .. } = self.value { Some(value) } else { None }
    }

    /// A str without lone surrogates; the text of a Decimal, path or IP address.
    pub fn as_str(self) -> Option<&'d str> {
        match self.value {
            Value::Str { len, at } | Value::Decimal { len, at } | Value::Ip { len, at, .. } => {
                Some(self.graph.text(len, at))
            }
            Value::Path { len, at, .. } => std::str::from_utf8(self.graph.bytes(len, at)).ok(),
            _ => None,
        }
    }

    /// Bytes, a bytearray, or the bytes of a Python 2 str; a str with lone surrogates as UTF-8 with `surrogatepass`; the 16
    /// bytes of a UUID.
    pub fn as_bytes(self) -> Option<&'d [u8]> {
        match self.value {
            Value::Bytes { len, at }
            | Value::ByteArray { len, at }
            | Value::Py2Str { len, at }
            | Value::Wtf8 { len, at } => Some(self.graph.bytes(len, at)),
            Value::Object(id) if self.graph.kind(id) == Kind::Uuid => match self.graph.first::<1>(id) {
                [Value::Bytes { len, at }] => Some(self.graph.bytes(len, at)),
                _ => None,
            },
            _ => None,
        }
    }

    /// A date, or the wall clock of a time or datetime, in ISO 8601 without the offset.
    pub fn as_iso(self) -> Option<String> {
        let mut out = String::new();
        match self.value {
            Value::Date(packed) => temporal::Date::unpack(packed).write(&mut out),
            Value::Time { packed, .. } => temporal::Time::unpack(packed).write(&mut out),
            Value::DateTime { packed, .. } => temporal::write_datetime(packed, &mut out),
            Value::TimeDelta { days, rest } => temporal::write_duration(days, rest, &mut out),
            _ => return None,
        }
        Some(out)
    }

    /// The zone of an aware time or datetime.
    pub fn time_zone(self) -> Option<ValueRef<'d>> {
        match self.value {
            Value::Time { tz, .. } | Value::DateTime { tz, .. } => {
                tz.id().map(|id| ValueRef::new(self.graph, Value::Object(id)))
            }
            _ => None,
        }
    }

    /// Module and qualified name of a global, or of the class of a record or exception.
    pub fn class_name(self) -> Option<(&'d str, &'d str)> {
        let index = match self.value {
            Value::Global(index) => index,
            Value::Object(id) if matches!(self.graph.kind(id), Kind::Record | Kind::Exception) => {
                match self.graph.first::<1>(id) {
                    [Value::Global(index)] => index,
                    _ => return None,
                }
            }
            _ => return None,
        };
        let name = self.graph.global(index);
        Some((&name.module, &name.name))
    }

    /// How a record was asked for: `new`, `call` or `instance`.
    pub fn record_form(self) -> Option<&'static str> {
        match self.value {
            Value::Object(id) if matches!(self.graph.kind(id), Kind::Record | Kind::Exception) => {
                match self.graph.first::<2>(id) {
                    [_, Value::Int(form)] => Some(how::word(form)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// How many items, entries or parts it has; `None` for values without parts.
    pub fn len(self) -> Option<usize> {
        let Value::Object(id) = self.value else { return None };
        let count = self.graph.count(id);
        Some(if self.is_mapping() { count / 2 } else { count })
    }

    /// Whether it has parts and none of them.
    pub fn is_empty(self) -> bool {
        self.len() == Some(0)
    }

    /// Whether it is a dict of any kind.
    pub fn is_mapping(self) -> bool {
        matches!(self.kind(), ValueKind::Dict | ValueKind::OrderedDict | ValueKind::DefaultDict | ValueKind::Counter)
    }

    /// Items of a list, tuple, set or deque; the parts of a complex, fraction, range or slice; keys and values of a dict in
    /// turn; of a record its args, then its kwargs, then what was done to it (states, items).
    pub fn items(self) -> impl Iterator<Item = ValueRef<'d>> {
        let (graph, id, skip) = match self.value {
            Value::Object(id) => match self.graph.kind(id) {
                Kind::Record | Kind::Exception => (self.graph, Some(id), FIXED - 2),
                Kind::Uuid | Kind::Array | Kind::Pending | Kind::Zone => (self.graph, None, 0),
                _ => (self.graph, Some(id), 0),
            },
            _ => (self.graph, None, 0),
        };
        id.map(|id| graph.items(id)).into_iter().flatten().skip(skip).map(move |value| ValueRef::new(graph, value))
    }

    /// Entries of a dict of any kind, in order.
    pub fn entries(self) -> impl Iterator<Item = (ValueRef<'d>, ValueRef<'d>)> {
        let mut items = if self.is_mapping() { Some(self.items()) } else { None };
        std::iter::from_fn(move || {
            let items = items.as_mut()?;
            Some((items.next()?, items.next()?))
        })
    }

    /// The value beside the items: a deque's maxlen, a defaultdict's factory, an OrderedDict's attributes.
    pub fn extra(self) -> Option<ValueRef<'d>> {
        match self.value {
            Value::Object(id) if matches!(self.graph.kind(id), Kind::Deque | Kind::DefaultDict | Kind::OrderedDict) => {
                self.graph.extra(id).map(|value| ValueRef::new(self.graph, value))
            }
            _ => None,
        }
    }
}

impl std::fmt::Debug for ValueRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ValueRef").field("kind", &self.kind()).field("identity", &self.identity()).finish()
    }
}

/// What a walk tells of the values it meets.
pub trait Visitor {
    /// A value begins; for a container its items follow. Returning `false` skips them.
    fn enter(&mut self, value: ValueRef<'_>, depth: usize) -> bool;
    /// A container's items are done.
    fn leave(&mut self, _value: ValueRef<'_>, _depth: usize) {}
}

/// Walks a value and everything in it, depth first, without recursion. Shared objects are met wherever they stand; a cycle
/// is entered once and not again while it is open.
pub fn walk(root: ValueRef<'_>, visitor: &mut impl Visitor) {
    let mut open: Vec<(ValueRef<'_>, Box<dyn Iterator<Item = ValueRef<'_>> + '_>)> = Vec::new();
    let mut on_path = std::collections::HashSet::new();
    let mut next = Some(root);
    loop {
        if let Some(value) = next.take() {
            let again = value.identity().is_some_and(|id| on_path.contains(&id));
            if visitor.enter(value, open.len()) && value.len().is_some() && !again {
                on_path.extend(value.identity());
                open.push((value, Box::new(value.items())));
            }
        }
        let Some((value, items)) = open.last_mut() else { return };
        match items.next() {
            Some(item) => next = Some(item),
            None => {
                let value = *value;
                open.pop();
                if let Some(id) = value.identity() {
                    on_path.remove(&id);
                }
                visitor.leave(value, open.len());
            }
        }
    }
}

#[cfg(feature = "serde")]
pub use serialize::Bounded;

#[cfg(feature = "serde")]
mod serialize {
    use serde::ser::{Error as _, Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

    use super::{ValueKind, ValueRef};

    /// What any thread's stack holds.
    const MAX_DEPTH: u32 = 256;

    /// A value that serialises at most `depth` levels; below, it is an error. serde recurses, so the bound is part of the type.
    #[derive(Clone, Copy, Debug)]
    pub struct Bounded<'d> {
        value: ValueRef<'d>,
        depth: u32,
    }

    impl<'d> ValueRef<'d> {
        /// For serde: containers as sequences and maps, text-like values as text, at most `depth` levels (256 at the most,
        /// because serde recurses).
        pub fn bounded(self, depth: u32) -> Bounded<'d> {
            Bounded { value: self, depth: depth.min(MAX_DEPTH) }
        }
    }

    impl Serialize for Bounded<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let value = self.value;
            let Some(depth) = self.depth.checked_sub(1) else {
                return Err(S::Error::custom("value is nested deeper than the bound"));
            };
            match value.kind() {
                ValueKind::None => serializer.serialize_none(),
                ValueKind::Bool => serializer.serialize_bool(value.as_bool().unwrap_or_default()),
                ValueKind::Int => match value.as_i64() {
                    Some(n) => serializer.serialize_i64(n),
                    None => serializer.collect_str(&value.as_big_int().unwrap_or_default()),
                },
                ValueKind::Float => serializer.serialize_f64(value.as_f64().unwrap_or(f64::NAN)),
                ValueKind::Str | ValueKind::Decimal | ValueKind::Path | ValueKind::Ip => match value.as_str() {
                    Some(text) => serializer.serialize_str(text),
                    None => Err(S::Error::custom("a str with lone surrogates")),
                },
                ValueKind::Py2Str | ValueKind::Bytes | ValueKind::ByteArray | ValueKind::Uuid => {
                    serializer.serialize_bytes(value.as_bytes().unwrap_or_default())
                }
                ValueKind::Date | ValueKind::Time | ValueKind::DateTime | ValueKind::TimeDelta => {
                    serializer.serialize_str(&value.as_iso().unwrap_or_default())
                }
                ValueKind::Global => {
                    let (module, name) = value.class_name().unwrap_or_default();
                    serializer.collect_str(&format_args!("{module}.{name}"))
                }
                ValueKind::Dict | ValueKind::OrderedDict | ValueKind::DefaultDict | ValueKind::Counter => {
                    let mut map = serializer.serialize_map(value.len())?;
                    for (key, value) in value.entries() {
                        map.serialize_entry(&key.bounded(depth), &value.bounded(depth))?;
                    }
                    map.end()
                }
                ValueKind::List
                | ValueKind::Tuple
                | ValueKind::Set
                | ValueKind::FrozenSet
                | ValueKind::Deque
                | ValueKind::Complex
                | ValueKind::Fraction
                | ValueKind::Range
                | ValueKind::Slice
                | ValueKind::Exception
                | ValueKind::Structure
                | ValueKind::Record => {
                    let items: Vec<_> = value.items().collect();
                    let mut seq = serializer.serialize_seq(Some(items.len()))?;
                    for item in items {
                        seq.serialize_element(&item.bounded(depth))?;
                    }
                    seq.end()
                }
                ValueKind::TimeZone | ValueKind::Array | ValueKind::Singleton => {
                    Err(S::Error::custom("a value that serde has no shape for; use a writer"))
                }
            }
        }
    }
}
