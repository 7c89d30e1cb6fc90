//! The walk over a value that both passes take: which message and field each kind of value becomes.
//!
//! One work stack instead of recursion. Every step is exact, so nothing is counted in the ledger.

use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::model::graph::{Graph, Kind, Walk, flag};
use crate::model::layout::Layout;
use crate::model::record::{FIXED, how, then};
use crate::model::temporal::{self, Date, Time, Zone};
use crate::model::value::{IpClass, NodeId, PathClass, Singleton, Tz, Value};
use crate::writers::protobuf::encode::{Encode, bytes_len, double_len, varint_len};
use crate::writers::protobuf::field::{ITEMS, array, entry, instance, structure, value as kind};
use crate::writers::text;

/// What is left to do.
enum Step {
    /// `repeated Value items`, or the arguments of an instance.
    Seq(u32, Walk),
    /// `repeated Entry entries`.
    Pairs(Walk),
    /// What was done to an instance.
    Then(Walk),
    Field(u32, Value),
    /// A named field of a `Structure`.
    Named(&'static str, Value),
    Varint(u32, u64),
    Open(u32),
    Close,
    CloseObject(NodeId, bool),
}

pub(super) struct Walker<'g> {
    graph: &'g Graph,
    todo: Vec<Step>,
    scratch: String,
    /// The path of the root.
    path: String,
    depth: u32,
    max_depth: u32,
}

/// The form of signed ints in which small ones are short.
fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)).cast_unsigned()
}

impl<'g> Walker<'g> {
    pub fn new(graph: &'g Graph, max_depth: u32) -> Self {
        let (todo, scratch, path) = (Vec::new(), String::new(), String::new());
        Walker { graph, todo, scratch, path, depth: 0, max_depth }
    }

    /// Starts a root; `path` is its place.
    pub fn set_path(&mut self, path: &str) {
        self.path.clear();
        self.path.push_str(path);
    }

    pub fn location(&self) -> Location {
        Location::path(self.path.clone())
    }

    /// Takes one value as a field of the message that is open.
    pub fn value<E: Encode>(&mut self, field: u32, value: Value, to: &mut E) -> Result<(), Error> {
        self.emit(field, value, to)?;
        self.run(to)
    }

    /// Takes the content of an object whose `Value` is open.
    pub fn definition<E: Encode>(&mut self, id: NodeId, to: &mut E) -> Result<(), Error> {
        self.body(id, to)?;
        self.run(to)
    }

    fn run<E: Encode>(&mut self, to: &mut E) -> Result<(), Error> {
        while let Some(step) = self.todo.last_mut() {
            match step {
                Step::Seq(field, walk) => {
                    let field = *field;
                    match self.graph.next_item(walk) {
                        Some(value) => self.emit(field, value, to)?,
                        None => {
                            self.todo.pop();
                        }
                    }
                }
                Step::Pairs(walk) => {
                    let (Some(key), Some(value)) = (self.graph.next_item(walk), self.graph.next_item(walk)) else {
                        self.todo.pop();
                        continue;
                    };
                    to.open(ITEMS);
                    self.todo.extend([Step::Close, Step::Field(entry::VALUE, value)]);
                    self.emit(entry::KEY, key, to)?;
                }
                Step::Then(walk) => {
                    let (Some(Value::Int(what)), Some(value)) =
                        (self.graph.next_item(walk), self.graph.next_item(walk))
                    else {
                        self.todo.pop();
                        continue;
                    };
                    to.open(instance::THEN);
                    self.todo.push(Step::Close);
                    self.then(what, value, to);
                }
                _ => match self.todo.pop() {
                    Some(Step::Field(field, value)) => self.emit(field, value, to)?,
                    Some(Step::Named(name, value)) => {
                        to.open(structure::FIELDS);
                        text(structure::NAME, name, to);
                        self.todo.push(Step::Close);
                        self.emit(structure::VALUE, value, to)?;
                    }
                    Some(Step::Varint(field, value)) => to.varint(field, value),
                    Some(Step::Open(field)) => to.open(field),
                    Some(Step::Close) => to.close(),
                    Some(Step::CloseObject(id, shared)) => {
                        self.depth -= 1;
                        to.close_object(id, shared);
                    }
                    Some(Step::Seq(..) | Step::Pairs(_) | Step::Then(_)) | None => {}
                },
            }
            to.step()?;
        }
        Ok(())
    }

    // ---- leaves

    /// A field that is a `Value`.
    #[inline]
    fn emit<E: Encode>(&mut self, field: u32, value: Value, to: &mut E) -> Result<(), Error> {
        match value {
            Value::Object(id) => return self.object(field, id, to),
            Value::Str { len, at } => bytes(field, kind::STR, self.graph.text(len, at).as_bytes(), to),
            Value::Int(n) => varint(field, kind::INT, zigzag(n), to),
            Value::None | Value::Unknown => varint(field, kind::NONE, 1, to),
            Value::Bool(b) => varint(field, kind::BOOL, u64::from(b), to),
            Value::Float { value, .. } => {
                to.sized(field, double_len(kind::FLOAT));
                to.double(kind::FLOAT, value);
            }
            Value::Bytes { len, at } => bytes(field, kind::BYTES, self.graph.bytes(len, at), to),
            Value::ByteArray { len, at } => bytes(field, kind::BYTEARRAY, self.graph.bytes(len, at), to),
            Value::Wtf8 { len, at } => bytes(field, kind::WTF8, self.graph.bytes(len, at), to),
            Value::Py2Str { len, at } => bytes(field, kind::PY2_STR, self.graph.bytes(len, at), to),
            Value::Decimal { len, at } => bytes(field, kind::DECIMAL, self.graph.text(len, at).as_bytes(), to),
            Value::Big { len, at } => {
                let big = self.graph.big_int(len, at).to_signed_bytes_be();
                bytes(field, kind::BIG_INT, &big, to);
            }
            Value::Singleton(singleton) => {
                let number = match singleton {
                    Singleton::Ellipsis => 1,
                    Singleton::NotImplemented => 2,
                    Singleton::NaT => 3,
                    Singleton::NA => 4,
                    Singleton::Masked => 5,
                };
                varint(field, kind::SINGLETON, number, to);
            }
            Value::Date(_)
            | Value::Time { .. }
            | Value::DateTime { .. }
            | Value::TimeDelta { .. }
            | Value::Path { .. }
            | Value::Ip { .. }
            | Value::Global(_) => {
                to.open(field);
                self.todo.push(Step::Close);
                self.message(value, to);
            }
        }
        Ok(())
    }

    /// The content of a `Value` that holds a message and is no object.
    fn message<E: Encode>(&mut self, value: Value, to: &mut E) {
        match value {
            Value::Date(packed) => {
                to.open(kind::DATE);
                date(Date::unpack(packed), to);
                to.close();
            }
            Value::Time { tz, packed } => {
                to.open(kind::TIME);
                self.todo.push(Step::Close);
                self.time(Time::unpack(packed), tz, 1, to);
            }
            Value::DateTime { tz, packed } => {
                let (day, time) = temporal::unpack_datetime(packed);
                to.open(kind::DATETIME);
                self.todo.push(Step::Close);
                date(day, to);
                self.time(time, tz, 4, to);
            }
            Value::TimeDelta { days, rest } => {
                to.open(kind::TIMEDELTA);
                signed(1, i64::from(days), to);
                unsigned(2, rest / 1_000_000, to);
                unsigned(3, rest % 1_000_000, to);
                to.close();
            }
            Value::Path { class, len, at } => {
                let number = match class {
                    PathClass::PurePosix => 1,
                    PathClass::PureWindows => 2,
                    PathClass::Posix => 3,
                    PathClass::Windows => 4,
                };
                let path = self.graph.bytes(len, at);
                to.open(kind::PATH);
                to.varint(1, number);
                to.bytes(if std::str::from_utf8(path).is_ok() { 2 } else { 3 }, path);
                to.close();
            }
            Value::Ip { class, len, at } => {
                let number = match class {
                    IpClass::V4Address => 1,
                    IpClass::V6Address => 2,
                    IpClass::V4Network => 3,
                    IpClass::V6Network => 4,
                    IpClass::V4Interface => 5,
                    IpClass::V6Interface => 6,
                };
                to.open(kind::IP);
                to.varint(1, number);
                text(2, self.graph.text(len, at), to);
                to.close();
            }
            Value::Global(index) => self.global(kind::GLOBAL, index, to),
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Big { .. }
            | Value::Float { .. }
            | Value::Str { .. }
            | Value::Wtf8 { .. }
            | Value::Py2Str { .. }
            | Value::Bytes { .. }
            | Value::ByteArray { .. }
            | Value::Decimal { .. }
            | Value::Singleton(_)
            | Value::Object(_)
            | Value::Unknown => {}
        }
    }

    /// The fields of a time; those of a `DateTime` begin at another number.
    fn time<E: Encode>(&mut self, time: Time, tz: Tz, first: u32, to: &mut E) {
        let parts = [u32::from(time.hour), u32::from(time.minute), u32::from(time.second), time.micro];
        for (field, part) in (first..).zip(parts) {
            unsigned(field, u64::from(part), to);
        }
        unsigned(first + 4, u64::from(time.fold), to);
        if let Some(zone) = tz.id() {
            self.todo.push(Step::Field(first + 5, Value::Object(zone)));
        }
    }

    fn global<E: Encode>(&self, field: u32, index: u32, to: &mut E) {
        let name = self.graph.global(index);
        to.open(field);
        text(1, &name.module, to);
        text(2, &name.name, to);
        to.close();
    }

    // ---- objects

    fn object<E: Encode>(&mut self, field: u32, id: NodeId, to: &mut E) -> Result<(), Error> {
        let shared = self.graph.get(id).flags & flag::SHARED != 0 && self.graph.kind(id).keeps_identity();
        if !to.open_object(field, id, shared) {
            return Ok(());
        }
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(Limit::Depth.exceeded(u64::from(self.depth), u64::from(self.max_depth), self.location()));
        }
        self.todo.push(Step::CloseObject(id, shared));
        self.body(id, to)
    }

    fn body<E: Encode>(&mut self, id: NodeId, to: &mut E) -> Result<(), Error> {
        let graph = self.graph;
        let walk = graph.walk(id);
        match graph.kind(id) {
            Kind::List => self.nest(kind::LIST, [Step::Seq(ITEMS, walk)], to),
            Kind::Tuple => self.nest(kind::TUPLE, [Step::Seq(ITEMS, walk)], to),
            Kind::Set => self.nest(kind::SET, [Step::Seq(ITEMS, walk)], to),
            Kind::FrozenSet => self.nest(kind::FROZENSET, [Step::Seq(ITEMS, walk)], to),
            Kind::Dict => self.nest(kind::DICT, [Step::Pairs(walk)], to),
            Kind::Counter => self.nest(kind::COUNTER, [Step::Pairs(walk)], to),
            Kind::OrderedDict => match graph.extra(id) {
                None => self.nest(kind::ORDERED_DICT, [Step::Pairs(walk)], to),
                Some(state) => self.nest(kind::ORDERED_DICT, [Step::Pairs(walk), Step::Field(2, state)], to),
            },
            Kind::DefaultDict => match graph.extra(id) {
                None | Some(Value::None) => self.nest(kind::DEFAULT_DICT, [Step::Pairs(walk)], to),
                Some(factory) => self.nest(kind::DEFAULT_DICT, [Step::Pairs(walk), Step::Field(2, factory)], to),
            },
            Kind::Deque => match graph.extra(id) {
                Some(Value::Int(maxlen)) => {
                    let maxlen = maxlen.cast_unsigned();
                    self.nest(kind::DEQUE, [Step::Seq(ITEMS, walk), Step::Varint(2, maxlen)], to);
                }
                _ => self.nest(kind::DEQUE, [Step::Seq(ITEMS, walk)], to),
            },
            Kind::Range | Kind::Slice => {
                let field = if graph.kind(id) == Kind::Range { kind::RANGE } else { kind::SLICE };
                let [start, stop, step] = graph.first::<3>(id);
                self.nest(field, [Step::Field(1, start), Step::Field(2, stop), Step::Field(3, step)], to);
            }
            Kind::Complex => {
                to.open(kind::COMPLEX);
                for (field, part) in [1, 2].into_iter().zip(graph.first::<2>(id)) {
                    if let Value::Float { value, .. } = part
                        && value.to_bits() != 0
                    {
                        to.double(field, value);
                    }
                }
                to.close();
            }
            Kind::Fraction => {
                self.scratch.clear();
                text::fraction(graph, id, &mut self.scratch);
                to.bytes(kind::FRACTION, self.scratch.as_bytes());
            }
            Kind::Uuid => {
                to.open(kind::UUID);
                let [bytes, is_safe] = graph.first::<2>(id);
                if let Value::Bytes { len, at } = bytes {
                    to.bytes(1, graph.bytes(len, at));
                }
                if let Value::Int(is_safe) = is_safe {
                    to.varint(2, zigzag(is_safe));
                }
                to.close();
            }
            Kind::Zone => return self.zone(id, to),
            Kind::Array => return self.array(id, to),
            Kind::Exception => return self.instance(kind::EXCEPTION, id, to),
            Kind::Record => return self.instance(kind::INSTANCE, id, to),
            Kind::Struct(layout) => self.structure(id, layout, to),
            Kind::Pending => return Err(Error::unrepresentable("an unfinished object", self.location())),
        }
        Ok(())
    }

    /// A nested message with these steps in order.
    fn nest<E: Encode, const N: usize>(&mut self, field: u32, steps: [Step; N], to: &mut E) {
        to.open(field);
        self.todo.push(Step::Close);
        self.todo.extend(steps.into_iter().rev());
    }

    fn zone<E: Encode>(&mut self, id: NodeId, to: &mut E) -> Result<(), Error> {
        let Some(zone) = self.graph.zone_of(id) else {
            return Err(Error::unrepresentable("an unfinished time zone", self.location()));
        };
        let name = |value| if let Value::Str { len, at } = value { self.graph.text(len, at) } else { "" };
        match *zone {
            Zone::Fixed { offset_us, name } => {
                to.open(kind::TIMEZONE);
                self.todo.push(Step::Close);
                signed(1, offset_us, to);
                self.todo.extend(name.map(|name| Step::Field(2, name)));
            }
            Zone::ZoneInfo { key } => to.bytes(kind::ZONE_INFO, name(key).as_bytes()),
            Zone::Pytz { zone, fixed } => {
                to.open(kind::PYTZ);
                text(1, name(zone), to);
                self.todo.push(Step::Close);
                if let Some((utcoffset, dst, name)) = fixed {
                    to.open(2);
                    signed(1, i64::from(utcoffset), to);
                    signed(2, i64::from(dst), to);
                    self.todo.extend([Step::Close, Step::Field(3, name)]);
                }
            }
            Zone::PytzMinutes(minutes) => {
                to.open(kind::PYTZ);
                to.varint(3, zigzag(i64::from(minutes)));
                to.close();
            }
            Zone::DateutilUtc => self.nest(kind::DATEUTIL, [Step::Varint(1, 1)], to),
            Zone::DateutilOffset { name, offset } => {
                self.nest(kind::DATEUTIL, [Step::Varint(1, 2), Step::Field(2, name), Step::Field(3, offset)], to);
            }
            Zone::DateutilLocal { state } => {
                self.nest(kind::DATEUTIL, [Step::Varint(1, 3), Step::Field(4, state)], to);
            }
            Zone::DateutilFile { name, state } => {
                self.nest(kind::DATEUTIL, [Step::Varint(1, 4), Step::Field(2, name), Step::Field(4, state)], to);
            }
        }
        Ok(())
    }

    fn array<E: Encode>(&mut self, id: NodeId, to: &mut E) -> Result<(), Error> {
        let graph = self.graph;
        let (typecode, content) = text::array(graph, id);
        let [_, format, data] = graph.first::<3>(id);
        let data = if let Value::Bytes { len, at } = data { graph.bytes(len, at) } else { &[] };
        to.open(kind::ARRAY);
        text(array::TYPECODE, typecode.encode_utf8(&mut [0; 4]), to);
        match content {
            text::ArrayContent::Bytes(chars) => some(array::CHARS, chars, to),
            text::ArrayContent::Text(wtf8) => some(array::TEXT, &wtf8, to),
            // Little-endian as the packed fields are; decoding would change the bits of a signalling NaN.
            text::ArrayContent::Numbers(_) => match format {
                Value::Int(14) => some(array::FLOATS, data.as_chunks::<4>().0.as_flattened(), to),
                Value::Int(16) => some(array::DOUBLES, data.as_chunks::<8>().0.as_flattened(), to),
                // Machine formats of `array._array_reconstructor`: odd halves are signed.
                Value::Int(1 | 4 | 8 | 12) => packed(array::INTS, id, graph, to)?,
                _ => packed(array::UINTS, id, graph, to)?,
            },
        }
        to.close();
        Ok(())
    }

    /// An object of named fields, by the table of layouts.
    fn structure<E: Encode>(&mut self, id: NodeId, layout: Layout, to: &mut E) {
        to.open(kind::STRUCTURE);
        text(structure::KIND, layout.name(), to);
        self.todo.push(Step::Close);
        let fields: Vec<_> = layout.fields().iter().zip(self.graph.items(id)).collect();
        for (field, value) in fields.into_iter().rev() {
            if !(field.optional && matches!(value, Value::None)) {
                self.todo.push(Step::Named(field.name, value));
            }
        }
    }

    fn instance<E: Encode>(&mut self, field: u32, id: NodeId, to: &mut E) -> Result<(), Error> {
        let graph = self.graph;
        let mut walk = graph.walk(id);
        let mut next = || graph.next_item(&mut walk).unwrap_or(Value::None);
        let [class, how, args, kwargs] = [next(), next(), next(), next()];
        let (Value::Global(class), Value::Int(how), Value::Object(args)) = (class, how, args) else {
            return Err(Error::unrepresentable("an unfinished instance", self.location()));
        };
        to.open(field);
        self.todo.push(Step::Close);
        self.global(instance::CLASS_NAME, class, to);
        to.varint(
            instance::HOW,
            match how {
                how::NEW => 1,
                how::CALL => 2,
                _ => 3,
            },
        );
        if graph.count(id) > FIXED {
            self.todo.push(Step::Then(walk));
        }
        if let Value::Object(kwargs) = kwargs {
            let entries = Step::Pairs(graph.walk(kwargs));
            self.todo.extend([Step::Close, entries, Step::Open(instance::KWARGS)]);
        }
        self.todo.push(Step::Seq(instance::ARGS, graph.walk(args)));
        Ok(())
    }

    fn then<E: Encode>(&mut self, what: i64, value: Value, to: &mut E) {
        let walk = if let Value::Object(id) = value { Some(self.graph.walk(id)) } else { None };
        match (what, walk) {
            (then::STATE, _) | (_, None) => self.todo.push(Step::Field(1, value)),
            (then::ITEMS, Some(walk)) => self.nest(2, [Step::Seq(ITEMS, walk)], to),
            (then::DICT_ITEMS, Some(walk)) => self.nest(3, [Step::Pairs(walk)], to),
            (_, Some(walk)) => self.nest(4, [Step::Seq(ITEMS, walk)], to),
        }
    }
}

// ---- fields; as in every proto3 writer, a plain field that is 0 or empty is left out

fn varint<E: Encode>(field: u32, inner: u32, value: u64, to: &mut E) {
    to.sized(field, varint_len(inner, value));
    to.varint(inner, value);
}

fn bytes<E: Encode>(field: u32, inner: u32, value: &[u8], to: &mut E) {
    to.sized(field, bytes_len(inner, value));
    to.bytes(inner, value);
}

fn unsigned<E: Encode>(field: u32, value: u64, to: &mut E) {
    if value != 0 {
        to.varint(field, value);
    }
}

fn signed<E: Encode>(field: u32, value: i64, to: &mut E) {
    unsigned(field, zigzag(value), to);
}

fn text<E: Encode>(field: u32, value: &str, to: &mut E) {
    some(field, value.as_bytes(), to);
}

fn some<E: Encode>(field: u32, value: &[u8], to: &mut E) {
    if !value.is_empty() {
        to.bytes(field, value);
    }
}

fn date<E: Encode>(date: Date, to: &mut E) {
    unsigned(1, u64::from(date.year), to);
    unsigned(2, u64::from(date.month), to);
    unsigned(3, u64::from(date.day), to);
}

/// The elements of an array of ints.
fn packed<E: Encode>(field: u32, id: NodeId, graph: &Graph, to: &mut E) -> Result<(), Error> {
    let elements = || {
        let numbers = match text::array(graph, id).1 {
            text::ArrayContent::Numbers(numbers) => Some(numbers),
            text::ArrayContent::Text(_) | text::ArrayContent::Bytes(_) => None,
        };
        numbers.into_iter().flatten().map(move |number| match number {
            text::Element::Int(n) if field == array::INTS => zigzag(n),
            text::Element::Int(n) => n.cast_unsigned(),
            text::Element::Uint(n) => n,
            text::Element::Float(f) => f.to_bits(),
        })
    };
    let len: u64 = elements().map(|n| prost::encoding::encoded_len_varint(n) as u64).sum();
    if len == 0 {
        return Ok(());
    }
    to.sized(field, len);
    for element in elements() {
        to.element(element);
        to.step()?;
    }
    Ok(())
}
