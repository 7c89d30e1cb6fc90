//! Generated graphs, hostile in every way the model allows: written as tagged JSON and read back, they are the same, and so is
//! their text.
//!
//! Graphs are built from a list of choices, so that a failure shrinks to few of them.

use num_bigint::BigInt;
use proptest::prelude::*;

use crate::document::Document;
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{Dtype, Field, Holds, Layout, Ndarray, Timestamp};
use crate::model::record::then;
use crate::model::temporal::{self, Date, Time, Zone};
use crate::model::value::{IpClass, NodeId, PathClass, Singleton, Tz, Value};
use crate::name::GlobalName;
use crate::{Converter, Format, Limits, Mapping, Roots, WriteOptions, read_lossless_json_roots};

const TEXTS: [&str; 16] = [
    "",
    "a",
    "b",
    "name",
    "$",
    "$dict",
    "$ref",
    "$def",
    "$$",
    "\0",
    "\u{1b}\"\\/\u{7f}",
    "\u{2028}\u{202e}é",
    "😀",
    "1",
    "null",
    "a long key that is not kept to be used again, because it has more than sixty-four bytes",
];
const DECIMALS: [&str; 8] = ["0", "-0", "1.50", "0E+3", "1E-1999999999999999997", "Infinity", "-sNaN42", "NaN"];
const PATHS: [(PathClass, &[u8]); 6] = [
    (PathClass::PurePosix, b"/a/b"),
    (PathClass::Posix, b"."),
    (PathClass::PurePosix, b"//x/\xed\xb3\xbf"),
    (PathClass::Windows, b"c:\\x"),
    (PathClass::PureWindows, b"\\\\server\\share\\a"),
    (PathClass::PureWindows, b"."),
];
const ADDRESSES: [(IpClass, &str); 6] = [
    (IpClass::V4Address, "127.0.0.1"),
    (IpClass::V6Address, "::1"),
    (IpClass::V4Network, "10.0.0.0/8"),
    (IpClass::V6Network, "2001:db8::/32"),
    (IpClass::V4Interface, "10.0.0.1/8"),
    (IpClass::V6Interface, "fe80::1%eth0/64"),
];
const DTYPES: [&str; 8] = ["<f8", "|b1", "|S3", "<U3", "|V4", "|O", "<M8[25s]", "T"];
const FLOATS: [f64; 9] =
    [0.0, -0.0, 1.0, 1e16, 5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, 123_456_789_012_345_680.0];
const KEYS: [&str; 3] = ["Europe/Paris", "UTC", "Etc/GMT+5"];
/// Typecodes with each format that some system writes them in.
const ARRAYS: [(char, i64, usize); 20] = [
    ('c', 0, 1),
    ('B', 0, 1),
    ('b', 1, 1),
    ('H', 2, 2),
    ('h', 4, 2),
    ('I', 6, 4),
    ('I', 2, 2),
    ('i', 8, 4),
    ('i', 4, 2),
    ('L', 10, 8),
    ('L', 6, 4),
    ('l', 12, 8),
    ('l', 8, 4),
    ('Q', 10, 8),
    ('q', 12, 8),
    ('f', 14, 4),
    ('d', 16, 8),
    ('u', 20, 4),
    ('w', 20, 4),
    ('d', 16, 8),
];

/// Builds a graph from choices; without further ones it makes leaves only.
struct Maker {
    choices: std::vec::IntoIter<u32>,
    graph: Graph,
    globals: Vec<u32>,
    /// Objects that may be referred to, complete or not.
    made: Vec<NodeId>,
    /// Objects being filled, and whether they can change.
    open: Vec<(NodeId, bool)>,
}

impl Maker {
    fn new(choices: Vec<u32>) -> Maker {
        let mut graph = Graph::new(&Limits::default());
        let names = [("builtins", "list"), ("shop.models", "Order.Line"), ("", "é\n")];
        let globals =
            names.iter().map(|(module, name)| graph.add_global(GlobalName::new(*module, *name)).unwrap()).collect();
        Maker { choices: choices.into_iter(), graph, globals, made: Vec::new(), open: Vec::new() }
    }

    fn next(&mut self) -> u32 {
        self.choices.next().unwrap_or(0)
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.next().is_multiple_of(n)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }

    fn wide(&mut self) -> u64 {
        u64::from(self.next()) << 32 | u64::from(self.next())
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn bytes(&mut self) -> Vec<u8> {
        let len = self.below(5);
        if len == 4 { (0..=255).collect() } else { (0..len).map(|_| self.next() as u8).collect() }
    }

    fn str(&mut self) -> Value {
        let text = self.pick(&TEXTS);
        self.graph.str(text).unwrap()
    }

    fn wtf8(&mut self) -> Value {
        let all: [&[u8]; 3] = [b"\xed\xa0\x80", b"a\xed\xbf\xbfz\xf0\x9f\x98\x80", b"\xed\xa0\xbd\xed\xb8\x80"];
        let bytes = self.pick(&all);
        self.graph.wtf8(bytes).unwrap()
    }

    fn float(&mut self) -> Value {
        let value = match self.below(3) {
            0 => self.pick(&FLOATS),
            1 => f64::from_bits(self.wide()),
            _ => f64::from_bits(0x7ff0_0000_0000_0001 | self.wide() & 0x800f_ffff_ffff_ffff),
        };
        self.graph.float(value)
    }

    fn big(&mut self) -> BigInt {
        let shift = [64, 63, 100, 14_000][self.below(4)];
        let big = (BigInt::from(1) << shift) + self.next();
        if self.one_in(2) { big } else { -big }
    }

    fn int(&mut self) -> Value {
        match self.below(4) {
            0 => Value::Int(i64::from(self.next() as i32)),
            1 => Value::Int([i64::MIN, i64::MAX, 0, -1][self.below(4)]),
            2 => Value::Int(self.wide() as i64),
            _ => {
                let big = self.big();
                self.graph.big(&big).unwrap()
            }
        }
    }

    fn time(&mut self) -> Time {
        let micro = if self.one_in(2) { 0 } else { self.next() % 1_000_000 };
        let parts = [self.next() % 24, self.next() % 60, self.next() % 60].map(|n| n as u8);
        Time::new(parts[0], parts[1], parts[2], micro, self.one_in(3)).unwrap()
    }

    fn date(&mut self) -> Date {
        Date::from_days(i64::from(self.next() % 3_652_059)).unwrap()
    }

    fn time_delta(&mut self, day: bool) -> Value {
        let days = if day { -1 } else { i128::from(self.next() as i32) % 999_999_999 };
        temporal::timedelta(days, i128::from(self.next() % 86_400), i128::from(1 + self.next() % 999_999)).unwrap()
    }

    fn object(&mut self, kind: Kind, items: &[Value]) -> Value {
        Value::Object(self.graph.object(kind, items).unwrap())
    }

    fn zone(&mut self, depth: u32) -> Value {
        let key = self.pick(&KEYS);
        let key = self.graph.str(key).unwrap();
        let zone = match self.below(9) {
            0 => Zone::Fixed { offset_us: i64::from(self.next() as i32), name: None },
            1 => {
                let name = if self.one_in(2) { self.str() } else { self.wtf8() };
                Zone::Fixed { offset_us: -86_399_999_999, name: Some(name) }
            }
            2 => Zone::ZoneInfo { key },
            3 => Zone::Pytz { zone: key, fixed: None },
            4 => Zone::Pytz { zone: key, fixed: Some((-18_000, 3_600, self.str())) },
            5 => Zone::PytzMinutes(-330),
            6 => Zone::DateutilUtc,
            7 => {
                let name = if self.one_in(2) { Value::None } else { self.str() };
                Zone::DateutilOffset { name, offset: self.time_delta(true) }
            }
            _ => {
                let state = if self.one_in(2) { Value::None } else { self.container(Kind::Dict, depth) };
                if self.one_in(2) { Zone::DateutilLocal { state } } else { Zone::DateutilFile { name: key, state } }
            }
        };
        Value::Object(self.graph.zone(zone).unwrap())
    }

    fn tz(&mut self, depth: u32) -> Tz {
        let zone = match self.below(4) {
            0 => self.zone(depth),
            1 => self.container(Kind::Record, depth),
            _ => return Tz::NAIVE,
        };
        if let Value::Object(id) = zone { Tz::object(id) } else { Tz::NAIVE }
    }

    fn array(&mut self) -> Value {
        let (code, format, width) = self.pick(&ARRAYS);
        let mut bytes = Vec::new();
        for _ in 0..self.below(4) {
            let element = match format {
                20 => u64::from([0x41, 0xd800, 0xdc00, 0x1_f600, 0x10_ffff][self.below(5)] as u32),
                14 if self.one_in(2) => 0x7f80_0001,
                16 if self.one_in(2) => 0xfff0_0000_0000_0001,
                _ => self.wide(),
            };
            bytes.extend_from_slice(&element.to_le_bytes()[..width]);
        }
        let bytes = self.graph.new_bytes(&bytes).unwrap();
        self.object(Kind::Array, &[Value::Int(i64::from(u32::from(code))), Value::Int(format), bytes])
    }

    fn leaf(&mut self, depth: u32) -> Value {
        match self.below(23) {
            0 => Value::None,
            22 => {
                let timestamp = Timestamp { value: self.int(), unit: self.str(), ..Timestamp::default() };
                self.graph.structure(&timestamp).unwrap()
            }
            1 => Value::Bool(self.one_in(2)),
            2 => self.int(),
            3 => self.float(),
            4 => self.str(),
            5 => self.wtf8(),
            6..=8 => {
                let (which, bytes) = (self.next() % 3, self.bytes());
                let (len, at) = self.graph.store_bytes(&bytes).unwrap();
                [Value::Py2Str { len, at }, Value::Bytes { len, at }, Value::ByteArray { len, at }][which as usize]
            }
            9 => Value::Date(self.date().pack()),
            10 => Value::Time { packed: self.time().pack(), tz: self.tz(depth) },
            11 => {
                let packed = temporal::pack_datetime(self.date(), self.time());
                Value::DateTime { packed, tz: self.tz(depth) }
            }
            12 => self.time_delta(false),
            13 => {
                let text = self.pick(&DECIMALS);
                let (len, at) = self.graph.store_text(text).unwrap();
                Value::Decimal { len, at }
            }
            14 => {
                let (class, text) = self.pick(&PATHS);
                let (len, at) = self.graph.store_bytes(text).unwrap();
                Value::Path { class, len, at }
            }
            15 => {
                let (class, text) = self.pick(&ADDRESSES);
                let (len, at) = self.graph.store_text(text).unwrap();
                Value::Ip { class, len, at }
            }
            16 => Value::Singleton(self.pick(&Singleton::ALL)),
            17 => {
                let globals = self.globals.clone();
                Value::Global(self.pick(&globals))
            }
            18 => {
                let parts = [self.float(), self.float()];
                self.object(Kind::Complex, &parts)
            }
            19 => {
                // 2^n and an odd number have nothing in common.
                let parts = match self.below(3) {
                    0 => [Value::Int(-1), Value::Int(3)],
                    1 => [self.int(), Value::Int(1)],
                    _ => [self.graph.big(&(BigInt::from(1) << 200)).unwrap(), Value::Int(3)],
                };
                self.object(Kind::Fraction, &parts)
            }
            20 => {
                let parts = [self.int(), self.int(), Value::Int(-1)];
                self.object(Kind::Range, &parts)
            }
            _ => {
                let bytes: Vec<u8> = (0..16).map(|_| self.next() as u8).collect();
                let bytes = self.graph.new_bytes(&bytes).unwrap();
                let is_safe = [Value::None, Value::Int(0), Value::Int(-1)][self.below(3)];
                self.object(Kind::Uuid, &[bytes, is_safe])
            }
        }
    }

    /// A dtype of each form, in a form that the mapping has one spelling for.
    fn dtype(&mut self, depth: u32) -> Value {
        let text = self.pick(&DTYPES);
        let str = self.graph.str(text).unwrap();
        let metadata = if self.one_in(4) { self.container(Kind::Dict, depth) } else { Value::None };
        let plain = Dtype { str, metadata, ..Dtype::default() };
        let inner = self.graph.structure(&Dtype { str, ..Dtype::default() }).unwrap();
        let dtype = match self.below(5) {
            0 | 1 => plain,
            2 => {
                let na = [self.float()];
                let na_object = self.object(Kind::List, &na);
                Dtype { coerce: Value::Bool(true), na_object, ..plain }
            }
            3 if depth > 0 => {
                let field = [self.str(), self.dtype(depth - 1), Value::Int(8), self.str()];
                let field = self.object(Kind::List, &field);
                let fields = self.object(Kind::List, &[field]);
                let record = if self.one_in(2) { Value::Bool(true) } else { Value::None };
                Dtype { fields, itemsize: Value::Int(16), record, metadata, ..Dtype::default() }
            }
            _ => {
                let shape = self.object(Kind::List, &[Value::Int(2), Value::Int(3)]);
                let base = if depth > 0 { self.dtype(depth - 1) } else { inner };
                Dtype { base, shape, ..Dtype::default() }
            }
        };
        self.graph.structure(&dtype).unwrap()
    }

    /// An array in Fortran order, whose bytes change their order on the way.
    fn fortran(&mut self) -> Ndarray {
        let shape = [self.below(4), 1 + self.below(3), self.below(4)];
        let count: usize = shape.iter().product();
        let size = 1 + self.below(9);
        let mut bytes = |size: usize| {
            let bytes: Vec<u8> = (0..count * size).map(|n| n as u8).collect();
            self.graph.new_bytes(&bytes).unwrap()
        };
        let (data, mask) = (bytes(size), bytes(1));
        let shape = self.object(Kind::List, &shape.map(|n| Value::Int(n as i64)));
        let mask = if self.one_in(2) { mask } else { Value::None };
        let order = self.graph.str("F").unwrap();
        Ndarray { shape, data, mask, order, ..Ndarray::default() }
    }

    fn field(&mut self, field: &Field, depth: u32) -> Value {
        if field.optional && self.one_in(2) {
            return Value::None;
        }
        match field.holds {
            Holds::Any => self.value(depth),
            Holds::Dtype => self.dtype(depth),
            Holds::Class => {
                let globals = self.globals.clone();
                Value::Global(self.pick(&globals))
            }
            Holds::Data if self.one_in(3) => {
                // Its list belongs to the object and is never shared.
                let items = self.values(depth);
                self.object(Kind::List, &items)
            }
            Holds::Data => {
                let bytes = self.bytes();
                self.graph.new_bytes(&bytes).unwrap()
            }
        }
    }

    fn structure(&mut self, layout: Layout, depth: u32) -> Value {
        if layout == Layout::Dtype {
            return self.dtype(depth);
        }
        let id = self.graph.alloc(Kind::Struct(layout)).unwrap();
        if layout.keeps_identity() {
            self.made.push(id);
        }
        self.open.push((id, layout.keeps_identity()));
        if layout == Layout::Ndarray && self.one_in(2) {
            let array = self.fortran();
            let dtype = self.dtype(depth);
            self.graph.become_structure(id, &Ndarray { dtype, ..array }).unwrap();
        } else {
            let mut items: Vec<Value> =
                layout.fields().iter().map(|field| self.field(field, depth.saturating_sub(1))).collect();
            if layout == Layout::Ndarray
                && let Some(order) = layout.fields().iter().position(|field| field.name == "order")
            {
                items[order] = Value::None;
            }
            self.graph.append(id, &items).unwrap();
        }
        self.open.pop();
        Value::Object(id)
    }

    /// A value that Python can hash.
    fn key(&mut self, depth: u32) -> Value {
        match self.below(6) {
            0 | 1 => self.str(),
            2 if depth > 0 => {
                let parts = [self.key(depth - 1), self.key(depth - 1)];
                let kind = if self.one_in(2) { Kind::Tuple } else { Kind::FrozenSet };
                if kind == Kind::Tuple {
                    return self.object(kind, &parts);
                }
                let id = self.graph.alloc(kind).unwrap();
                self.graph.extend_set(id, &parts).unwrap();
                Value::Object(id)
            }
            _ => match self.leaf(depth.saturating_sub(1)) {
                Value::ByteArray { len, at } => Value::Bytes { len, at },
                // A signaling NaN is no key.
                Value::Decimal { len, at } if self.graph.text(len, at).contains("sNaN") => Value::None,
                leaf => leaf,
            },
        }
    }

    /// An object that exists already, where nothing that cannot change would hold itself.
    fn again(&mut self) -> Option<Value> {
        let n = self.next() as usize;
        let id = *self.made.get(n % self.made.len().max(1))?;
        let at = self.open.iter().position(|(open, _)| *open == id);
        if at.is_some_and(|at| !self.open[at..].iter().any(|(_, changes)| *changes)) {
            return None;
        }
        self.graph.mark_shared(id);
        Some(Value::Object(id))
    }

    fn value(&mut self, depth: u32) -> Value {
        const CONTAINERS: [Kind; 12] = [
            Kind::List,
            Kind::Tuple,
            Kind::Set,
            Kind::FrozenSet,
            Kind::Deque,
            Kind::Dict,
            Kind::OrderedDict,
            Kind::DefaultDict,
            Kind::Counter,
            Kind::Slice,
            Kind::Exception,
            Kind::Record,
        ];
        match self.below(8) {
            1 => self.again().unwrap_or(Value::None),
            2 => self.zone(depth.saturating_sub(1)),
            3 => self.array(),
            4..=7 if depth > 0 => {
                if self.one_in(2) {
                    let layout = self.pick(Layout::ALL);
                    return self.structure(layout, depth - 1);
                }
                let kind = self.pick(&CONTAINERS);
                self.container(kind, depth)
            }
            _ => self.leaf(depth.saturating_sub(1)),
        }
    }

    fn values(&mut self, depth: u32) -> Vec<Value> {
        let len = if depth == 0 { 0 } else { self.below(4) };
        (0..len).map(|_| self.value(depth - 1)).collect()
    }

    fn pairs(&mut self, depth: u32) -> Vec<Value> {
        let len = if depth == 0 { 0 } else { self.below(4) };
        let plain = self.one_in(2);
        let mut out = Vec::new();
        for _ in 0..len {
            let key = if plain { self.str() } else { self.key(2) };
            out.extend([key, self.value(depth - 1)]);
        }
        out
    }

    fn container(&mut self, kind: Kind, depth: u32) -> Value {
        let id = self.graph.alloc(kind).unwrap();
        self.made.push(id);
        self.open.push((id, !matches!(kind, Kind::Tuple | Kind::FrozenSet | Kind::Slice)));
        match kind {
            Kind::Set | Kind::FrozenSet => {
                let members: Vec<Value> = (0..self.below(4)).map(|_| self.key(depth.min(2))).collect();
                self.graph.extend_set(id, &members).unwrap();
            }
            Kind::Slice => {
                let parts = [0; 3].map(|_| self.value(depth.saturating_sub(1)));
                self.graph.append(id, &parts).unwrap();
            }
            Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter => {
                // In two batches, as a pickle may have them.
                for _ in 0..2 {
                    let pairs = self.pairs(depth);
                    self.graph.extend_dict(id, &pairs).unwrap();
                }
                let extra = match kind {
                    Kind::OrderedDict if self.one_in(3) => Some(self.container(Kind::Dict, depth.saturating_sub(1))),
                    Kind::DefaultDict if self.one_in(2) => Some(Value::Global(self.globals[0])),
                    _ => None,
                };
                if let Some(extra) = extra {
                    self.graph.set_extra(id, extra).unwrap();
                }
            }
            Kind::Record | Kind::Exception => self.record(id, depth),
            _ => {
                let items = self.values(depth);
                self.graph.append(id, &items).unwrap();
                if kind == Kind::Deque && self.one_in(2) {
                    let maxlen = items.len() as i64 + i64::from(self.next() % 2);
                    self.graph.set_extra(id, Value::Int(maxlen)).unwrap();
                }
            }
        }
        self.open.pop();
        Value::Object(id)
    }

    fn record(&mut self, id: NodeId, depth: u32) {
        let globals = self.globals.clone();
        let class = self.pick(&globals);
        let args = self.values(depth);
        let args = self.object(Kind::Tuple, &args);
        let kwargs = match self.pairs(depth) {
            pairs if pairs.is_empty() => Value::None,
            pairs => {
                let kwargs = self.graph.alloc(Kind::Dict).unwrap();
                self.graph.extend_dict(kwargs, &pairs).unwrap();
                Value::Object(kwargs)
            }
        };
        let mut items = vec![Value::Global(class), Value::Int(i64::from(self.next() % 3)), args, kwargs];
        for _ in 0..self.below(4) {
            let (what, value) = match self.below(4) {
                0 => (then::STATE, self.value(depth.saturating_sub(1))),
                1 => {
                    let list = self.values(depth);
                    (then::ITEMS, self.object(Kind::List, &list))
                }
                2 => {
                    // Repeated keys stay: the class decides what they mean.
                    let mut list = self.pairs(depth);
                    list.extend(list.clone());
                    (then::DICT_ITEMS, self.object(Kind::Tuple, &list))
                }
                _ => {
                    let mut list = vec![Value::Global(class)];
                    list.extend(self.values(depth));
                    (then::CALL, self.object(Kind::Tuple, &list))
                }
            };
            items.extend([Value::Int(what), value]);
        }
        self.graph.append(id, &items).unwrap();
    }

    fn document(mut self, roots: usize) -> Document {
        let roots = (0..roots).map(|_| self.value(6)).collect();
        self.graph.seal().unwrap();
        Document::new(self.graph, roots, 1 << 20)
    }
}

fn text(document: &Document, indent: Option<u8>) -> String {
    let mut options = WriteOptions::new(Format::Json);
    (options.mapping, options.indent) = (Mapping::Lossless, indent);
    let mut out = Vec::new();
    Converter::with_options(options).write(document, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Writes, reads, compares and writes again.
fn survives(document: &Document) {
    let roots = if document.roots.len() == 1 { Roots::One } else { Roots::Array };
    for indent in [None, Some(1)] {
        let written = text(document, indent);
        let back = match read_lossless_json_roots(written.as_bytes(), roots, &Limits::default()) {
            Ok(back) => back,
            Err(e) => panic!("{e}\n{written}"),
        };
        assert_eq!(document.difference(&back).map(|d| d.to_string()), None, "{written}");
        assert_eq!(back.difference(document).map(|d| d.to_string()), None, "{written}");
        assert_eq!(text(&back, indent), written);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_graphs_survive(
        choices in prop::collection::vec(any::<u32>(), 0..300),
        roots in prop_oneof![4 => Just(1usize), 1 => 0usize..4],
    ) {
        survives(&Maker::new(choices).document(roots));
    }

    /// Whatever the bytes are, reading ends without a panic.
    #[test]
    fn damaged_text_is_an_error_or_a_value(
        choices in prop::collection::vec(any::<u32>(), 0..100),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = text(&Maker::new(choices).document(1), None).into_bytes();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Ok(document) = crate::read_lossless_json(bytes.as_slice(), &Limits::default()) {
            survives(&document);
        }
    }
}

/// Each text is the one form of its value.
#[test]
fn texts_are_canonical() {
    for canonical in [
        // A list that holds itself; a tuple that does so through a list, a dict, an instance.
        r#"{"$def":[0,[{"$ref":0}]]}"#,
        r#"{"$def":[0,{"$tuple":[[{"$ref":0}]]}]}"#,
        r#"{"$def":[0,{"$tuple":[{"a":{"$ref":0}}]}]}"#,
        r#"{"$def":[0,{"$record":{"class":["m","C"],"how":"new","args":[],"then":[{"state":{"self":{"$ref":0}}}]}}]}"#,
        // A tuple that is a key of a dict in an instance which the tuple holds.
        r#"{"$def":[0,{"$tuple":[{"$record":{"class":["m","C"],"how":"new","args":[],"then":[{"state":{"$dict":[[{"$ref":0},1],[{"$tuple":[]},2]]}}]}}]}]}"#,
        r#"{"$def":[0,{"$record":{"class":["m","C"],"how":"new","args":[],"then":[{"state":{"$set":[{"$frozenset":[{"$ref":0}]},{"$tuple":[{"$ref":0}]}]}}]}}]}"#,
        // Instances in arguments, keyword arguments, calls; keys that repeat.
        r#"{"$record":{"class":["m","C"],"how":"call","args":[{"$def":[0,[]]}],"kwargs":[["a",{"$ref":0}]],"then":[{"dictitems":[["a",1],["a",{"$ref":0}]]},{"call":[{"$global":["m","f"]},1]},{"items":[]}]}}"#,
        r#"{"$datetime":{"local":"2024-02-29T12:30:00.000001","fold":1,"tz":{"$def":[0,{"$record":{"class":["m","Tz"],"how":"call","args":[]}}]}}}"#,
        r#"[1,-1,0,1.0,-0.0,1e+300,99999999999999999999,{"$float":"nan"},{"$float":"nan:fff8000000000000"},{"$float":"-inf"}]"#,
        r#"[{"$dict":[[{"$float":"nan"},1],[{"$float":"nan"},2]]},{"$dict":[["$a",1]]},{"$dict":[[{"$py2str":"a"},1]]},{},{"":null}]"#,
        r#"[[],{"$tuple":[]},{"$set":[]},{"$frozenset":[]},{"$deque":{"maxlen":null,"items":[]}},{"$deque":{"maxlen":0,"items":[]}},{"$ordereddict":[]},{"$defaultdict":{"factory":null,"items":[]}},{"$counter":[]},{"$bytes":""},{"$bytearray":""},{"$py2str":""},{"$array":{"typecode":"c","values":{"$bytes":""}}},{"$array":{"typecode":"u","values":""}},{"$array":{"typecode":"d","values":[]}}]"#,
        // An array of objects that holds itself; two tensors of one storage; a dtype by its text, and with more than that.
        r#"{"$def":[0,{"$ndarray":{"dtype":"|O","shape":[1],"data":[{"$ref":0}]}}]}"#,
        r#"[{"$ndarray":{"dtype":"<i2","shape":[2,2],"data":"AQACAAMABAA=","order":"F"}},{"$dtype":{"str":"<i2"}}]"#,
        r#"[{"$ndarray":{"dtype":{"str":"<i2","metadata":{}},"shape":[0],"data":""}},{"$scalar":{"dtype":{"base":"|b1","shape":[2]},"data":"AQA="}}]"#,
        r#"[{"$tensor":{"dtype":"float32","shape":[1],"storage":{"$def":[0,{"$storage":{"data":"AACAPw=="}}]}}},{"$tensor":{"dtype":"float32","shape":[1],"storage":{"$ref":0},"class":["torch.nn.parameter","Parameter"]}}]"#,
        r#"[{"$singleton":"NaT"},{"$singleton":"NA"},{"$singleton":"masked"},{"$dict":[[{"$timestamp":{"value":1,"unit":"ns"}},1]]}]"#,
    ] {
        let document = crate::read_lossless_json(canonical.as_bytes(), &Limits::default())
            .unwrap_or_else(|e| panic!("{e}\n{canonical}"));
        assert_eq!(text(&document, None).trim_end(), canonical);
        survives(&document);
    }
}

/// Objects of named fields in another spelling, or with fields that do not fit.
#[test]
fn structures_have_one_form() {
    for wrong in [
        // Out of order, missing, unknown, twice.
        r#"{"$ndarray":{"shape":[0],"dtype":"<f8","data":""}}"#,
        r#"{"$ndarray":{"dtype":"<f8","data":""}}"#,
        r#"{"$ndarray":{"dtype":"<f8","shape":[0],"data":"","more":1}}"#,
        r#"{"$ndarray":{"dtype":"<f8","shape":[0],"data":"","data":""}}"#,
        r#"{"$ndarray":{}}"#,
        r#"{"$ndarray":[]}"#,
        // A dtype that its text says; data, a dtype and a class of other types.
        r#"{"$ndarray":{"dtype":{"str":"<f8"},"shape":[0],"data":""}}"#,
        r#"{"$ndarray":{"dtype":{"$dtype":{"str":"<f8"}},"shape":[0],"data":""}}"#,
        r#"{"$ndarray":{"dtype":1,"shape":[0],"data":""}}"#,
        r#"{"$ndarray":{"dtype":"<f8","shape":[0],"data":1}}"#,
        r#"{"$ndarray":{"dtype":"<f8","shape":[0],"data":"","class":"numpy.matrix"}}"#,
        // What is no object of its own.
        r#"{"$def":[0,{"$timestamp":{"value":1,"unit":"ns"}}]}"#,
        r#"{"$singleton":"nat"}"#,
    ] {
        assert!(crate::read_lossless_json(wrong.as_bytes(), &Limits::default()).is_err(), "{wrong}");
    }
}

/// Shapes that no data has, in the order that makes readers move elements.
#[test]
fn shapes_beyond_the_data_end_soon() {
    for shape in [
        "[9223372036854775807,9223372036854775807]",
        "[1099511627776,1099511627776]",
        "[1048576,1048576]",
        "[-1,2]",
        "[3,3]",
        "[0,5,5]",
        "{}",
    ] {
        let text =
            format!(r#"{{"$ndarray":{{"dtype":"|u1","shape":{shape},"data":"AQID","order":"F","mask":"AAAA"}}}}"#);
        let begun = std::time::Instant::now();
        if let Ok(document) = crate::read_lossless_json(text.as_bytes(), &Limits::default()) {
            let _ = document.difference(&document);
        }
        assert!(begun.elapsed().as_secs() < 1, "{shape}");
    }
}

/// Nesting up to the limit, by each kind that nests.
#[test]
fn deep_values_survive() {
    let levels = Limits::default().max_depth;
    for shared in [false, true] {
        let structures = [Kind::Struct(Layout::PandasArray), Kind::Struct(Layout::Interval)];
        let kinds = [Kind::List, Kind::Tuple, Kind::Dict, Kind::OrderedDict, Kind::Slice, Kind::Deque];
        for kind in kinds.into_iter().chain(structures) {
            let mut graph = Graph::new(&Limits::default());
            let mut value = Value::None;
            for _ in 0..levels {
                let items = match kind {
                    Kind::Dict | Kind::OrderedDict => vec![graph.str("a").unwrap(), value],
                    Kind::Slice | Kind::Struct(Layout::Interval) => vec![Value::None, value, Value::None],
                    _ => vec![value],
                };
                let id = graph.object(kind, &items).unwrap();
                if shared {
                    graph.mark_shared(id);
                }
                value = Value::Object(id);
            }
            survives(&Document::new(graph, vec![value], 1 << 20));
        }
        let mut graph = Graph::new(&Limits::default());
        let class = graph.add_global(GlobalName::new("m", "C")).unwrap();
        let mut value = Value::None;
        for _ in 0..levels - 1 {
            let args = Value::Object(graph.object(Kind::Tuple, &[]).unwrap());
            let items = [Value::Global(class), Value::Int(0), args, Value::None, Value::Int(then::STATE), value];
            let id = graph.object(Kind::Record, &items).unwrap();
            if shared {
                graph.mark_shared(id);
            }
            value = Value::Object(id);
        }
        survives(&Document::new(graph, vec![value], 1 << 20));
    }
}

/// A generator that makes less than it seems to would prove nothing.
#[test]
fn the_generator_reaches_every_tag() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let choices = prop::collection::vec(any::<u32>(), 300);
    let mut all = String::new();
    for _ in 0..256 {
        let choices = choices.new_tree(&mut runner).unwrap().current();
        all.push_str(&text(&Maker::new(choices).document(1), None));
    }
    for (tag, name, _) in crate::writers::tag::TAGS {
        let known = all.contains(&format!("{{\"${name}\":"));
        // A binary format's own.
        assert_eq!(known, *tag != crate::writers::tag::Tag::Int, "{name}");
    }
    for part in [
        "\"kwargs\":[",
        "\"then\":[",
        "\"state\":",
        "\"dictitems\":[",
        "\"call\":[",
        "\"fold\":1",
        "\"is_safe\":-1",
        "nan:",
    ] {
        assert!(all.contains(part), "{part}");
    }
}

/// What differs is found, and where.
#[test]
fn differences_are_found() {
    let read = |text: &str| crate::read_lossless_json(text.as_bytes(), &Limits::default()).unwrap();
    for (a, b, expected) in [
        ("[1,2]", "[1,3]", "expected int `2`, found `3` (at $[1])"),
        ("[1,2]", "[1]", "expected 2 items, found 1 (at $)"),
        ("[0.0]", "[-0.0]", "expected float `0.0`, found `-0.0` (at $[0])"),
        (r#"{"a":[1]}"#, r#"{"a":{"$tuple":[1]}}"#, r#"expected list `[1]`, found tuple `{"$tuple":[1]}` (at $.a)"#),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, r#"expected str `"a"`, found `"b"` (at $[key 0])"#),
        (
            r#"[{"$float":"nan"}]"#,
            r#"[{"$float":"nan:7ff8000000000001"}]"#,
            r#"expected float `{"$float":"nan"}`, found `{"$float":"nan:7ff8000000000001"}` (at $[0])"#,
        ),
        (
            r#"[{"$def":[0,[]]},{"$ref":0}]"#,
            "[[],[]]",
            "expected a reference to an earlier object, found another object (at $[1])",
        ),
        (
            "[[],[]]",
            r#"[{"$def":[0,[]]},{"$ref":0}]"#,
            "expected an object of its own, found a reference to an earlier one (at $[1])",
        ),
        (
            r#"{"$def":[0,[{"$ref":0}]]}"#,
            r#"{"$def":[0,[[{"$ref":0}]]]}"#,
            "expected a reference to an earlier object, found another object (at $[0])",
        ),
        (
            r#"{"$deque":{"maxlen":1,"items":[]}}"#,
            r#"{"$deque":{"maxlen":null,"items":[]}}"#,
            "expected int `1`, found None `null` (at $.maxlen)",
        ),
        (
            r#"{"$time":{"local":"12:00:00","tz":{"$pytz":"UTC"}}}"#,
            r#"{"$time":{"local":"12:00:00","tz":{"$zoneinfo":"UTC"}}}"#,
            r#"expected time zone `{"$pytz":"UTC"}`, found `{"$zoneinfo":"UTC"}` (at $.tz)"#,
        ),
        (
            r#"{"$array":{"typecode":"i","values":[1]}}"#,
            r#"{"$array":{"typecode":"i","values":[2]}}"#,
            r#"expected array `{"$array":{"typecode":"i","values":[1]}}`, found `{"$array":{"typecode":"i","values":[2]}}` (at $)"#,
        ),
        (
            r#"{"x":{"$record":{"class":["m","C"],"how":"new","args":[],"then":[{"items":[]},{"state":{"y":[1]}}]}}}"#,
            r#"{"x":{"$record":{"class":["m","C"],"how":"new","args":[],"then":[{"items":[]},{"state":{"y":[2]}}]}}}"#,
            "expected int `1`, found `2` (at $.x.then[1].state.y[0])",
        ),
        (
            r#"[{"$ndarray":{"dtype":"<i2","shape":[1],"data":"AQA="}}]"#,
            r#"[{"$ndarray":{"dtype":"<i2","shape":[2],"data":"AQACAA=="}}]"#,
            "expected int `1`, found `2` (at $[0].shape[0])",
        ),
        (
            r#"{"$timestamp":{"value":1,"unit":"ns"}}"#,
            r#"{"$timestamp":{"value":1,"unit":"ns","tz":{"$zoneinfo":"UTC"}}}"#,
            r#"expected None `null`, found time zone `{"$zoneinfo":"UTC"}` (at $.tz)"#,
        ),
    ] {
        let found = read(a).difference(&read(b)).map(|d| d.to_string());
        assert_eq!(found.as_deref(), Some(expected));
        assert_eq!(read(a).difference(&read(a)), None);
    }
}

/// Each limit names itself; a stream that breaks off is the environment's fault.
#[test]
fn limits_and_streams() {
    use crate::error::{Category, ErrorKind};
    use crate::limits::Limit;
    let failed = |text: &str, limits: &Limits| match crate::read_lossless_json(text.as_bytes(), limits) {
        Ok(_) => panic!("read"),
        Err(e) => match e.findings()[0].kind() {
            ErrorKind::Limit(limit) => limit.limit,
            _ => panic!("{e}"),
        },
    };
    let memory = Limits { max_memory: 1 << 20, ..Limits::default() };
    assert_eq!(failed(&format!("[{}1]", "1,".repeat(1 << 16)), &memory), Limit::Memory);
    assert_eq!(failed(&format!("\"{}\"", "a".repeat(1 << 21)), &memory), Limit::Memory);
    assert_eq!(failed(&format!("{{\"{}\":1}}", "a".repeat(1 << 21)), &memory), Limit::Memory);
    assert_eq!(failed(&format!("{{\"$bytes\":\"{}\"}}", "aaaa".repeat(1 << 19)), &memory), Limit::Memory);
    assert_eq!(failed(&"9".repeat(1 << 21), &memory), Limit::Digits);
    assert_eq!(failed(&format!("1.{}", "9".repeat(1 << 21)), &memory), Limit::Digits);
    let nodes = Limits { max_nodes: 1_000, ..Limits::default() };
    assert_eq!(failed(&format!("[{}[]]", "[],".repeat(1_000)), &nodes), Limit::Nodes);
    let depth = Limits { max_depth: 10, ..Limits::default() };
    assert_eq!(failed(&format!("{}{}", "[".repeat(11), "]".repeat(11)), &depth), Limit::Depth);
    assert!(crate::read_lossless_json(format!("{}{}", "[".repeat(10), "]".repeat(10)).as_bytes(), &depth).is_ok());

    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            if buf.is_empty() { Ok(0) } else { Err(std::io::Error::other("the disk is gone")) }
        }
    }
    let broken = std::io::Read::chain(&b"[1, 2, "[..], Broken);
    let error = crate::read_lossless_json(broken, &Limits::default()).unwrap_err();
    assert_eq!(error.category(), Category::Io);
    assert_eq!(error.to_string(), "the disk is gone (at $[1], at offset 0x7)");
}

/// An array of roots and one list are told apart by who reads them.
#[test]
fn roots() {
    let read = |text: &str, roots| read_lossless_json_roots(text.as_bytes(), roots, &Limits::default());
    assert_eq!(read("[1,2]", Roots::One).unwrap().roots().len(), 1);
    assert_eq!(read("[1,2]", Roots::Array).unwrap().roots().len(), 2);
    assert_eq!(read("[]", Roots::Array).unwrap().roots().len(), 0);
    assert!(read("[1]", Roots::Array).is_err());
    assert!(read("{}", Roots::Array).is_err());
    // What one pickle defines another may refer to.
    let shared = read(r#"[{"$def":[0,[]]},{"$ref":0}]"#, Roots::Array).unwrap();
    survives(&shared);
}
