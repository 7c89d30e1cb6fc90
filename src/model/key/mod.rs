//! Keys of dicts and members of sets: Python's equality and hashability, without a hash map on the hot path.
//!
//! Most dicts repeat the keys of an earlier one, value for value (the pickler memoizes them): such a shape was checked
//! once and is recognised by its memo identities. All else is hashed, once per batch, with work bounded by the input.

use std::hash::{BuildHasher, Hasher};

use num_bigint::BigInt;

mod equal;
mod marks;

pub(crate) use equal::equal;

use marks::{FEW, clearly_distinct};

use crate::error::LimitExceeded;
use crate::limits::Limit;
use crate::model::graph::{Graph, Kind, Walk, flag};
use crate::model::layout::Layout;
use crate::model::number::{self, Number};
use crate::model::scalar::{self, Plain};
use crate::model::temporal::{self, Zone};
use crate::model::value::{NodeId, Tz, Value};

/// Why keys cannot be taken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyError {
    Limit(LimitExceeded),
    /// The named type is unhashable.
    Unhashable(&'static str),
}

impl From<LimitExceeded> for KeyError {
    fn from(e: LimitExceeded) -> Self {
        KeyError::Limit(e)
    }
}

/// Slots of the shape cache; a power of two.
const SHAPES: usize = 256;
/// Values that hashing keys may visit beyond what the keys themselves hold: sharing makes a tuple cost more than its size.
const STEPS: u64 = 1 << 20;

/// What the key checks keep between dicts.
#[derive(Debug)]
pub(crate) struct Keys {
    state: foldhash::quality::RandomState,
    /// Start and length in items of dicts whose keys were found distinct, and when.
    shapes: Vec<(u32, u32, u32)>,
    /// What is in the arena has been dropped so often.
    epoch: u32,
    table: hashbrown::HashTable<(u64, u32)>,
    /// Steps spent so far.
    spent: u64,
}

impl Default for Keys {
    fn default() -> Self {
        Keys {
            state: foldhash::quality::RandomState::default(),
            shapes: vec![(0, 0, 0); SHAPES],
            epoch: 1,
            table: hashbrown::HashTable::new(),
            spent: 0,
        }
    }
}

impl Keys {
    /// Forgets what it knows of a graph.
    pub(super) fn forget(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.shapes.fill((0, 0, 0));
            self.epoch = 1;
        }
        self.table.clear();
        self.spent = 0;
    }
}

/// Adds pairs (`stride` 2) or members (`stride` 1) to a dict or set.
pub(super) fn extend(graph: &mut Graph, id: NodeId, new: &[Value], stride: usize) -> Result<(), KeyError> {
    if new.is_empty() {
        return Ok(());
    }
    let fresh = graph.walk(id).is_empty();
    if fresh && stride == 2 && repeats(graph, new) {
        return Ok(graph.append(id, new)?);
    }
    let pairs = if stride == 2 { new.as_chunks::<2>().0 } else { &[] };
    let all_str = !pairs.is_empty() && pairs.iter().all(|[key, _]| matches!(key, Value::Str { .. }));
    if !all_str {
        new.iter().step_by(stride).try_for_each(|key| hashable(graph, *key))?;
        if new.iter().step_by(stride).any(|key| !matches!(key, Value::Str { .. })) {
            graph.set_flags(id, 0, flag::STR_KEYS);
        }
    }
    let start = graph.next_slot();
    graph.append(id, new)?;
    if !fresh {
        return Ok(graph.remember_unsealed(id)?);
    }
    // One key repeats nothing; a tuple may still hold what is unhashable.
    if new.len() == stride && !matches!(new.first(), Some(Value::Object(_))) {
        return Ok(());
    }
    if all_str {
        let slot = shape_slot(new);
        let few = pairs.len() <= FEW;
        if few && clearly_distinct(graph, pairs.iter().map(|[key, _]| key)) || distinct(graph, new, stride)? {
            graph.keys.shapes[slot] = (start, new.len() as u32, graph.keys.epoch);
            return Ok(());
        }
    } else if distinct(graph, new, stride)? {
        return Ok(());
    }
    unique(graph, id)
}

/// The keys of dicts that were added since the graph was last emptied, as far as they are remembered: texts that differ in each.
pub(crate) fn remembered(graph: &Graph) -> impl Iterator<Item = Value> {
    let dicts = graph.keys.shapes.iter().filter(|(.., epoch)| *epoch == graph.keys.epoch);
    dicts.flat_map(|(at, len, _)| graph.slice(*at, *len).iter().step_by(2).copied())
}

/// Whether a dict had the same texts as keys that these pairs have, and they were found distinct.
#[inline]
fn repeats(graph: &Graph, new: &[Value]) -> bool {
    let (at, len, epoch) = graph.keys.shapes[shape_slot(new)];
    len as usize == new.len() && epoch == graph.keys.epoch && same_keys(graph.slice(at, len), new)
}

#[inline]
fn shape_slot(new: &[Value]) -> usize {
    match new.first() {
        Some(Value::Str { at, .. }) => (*at as usize ^ (*at >> 8) as usize ^ new.len()) & (SHAPES - 1),
        _ => 0,
    }
}

#[inline]
fn same_keys(known: &[Value], new: &[Value]) -> bool {
    known.as_chunks::<2>().0.iter().zip(new.as_chunks::<2>().0).all(|pair| match pair {
        ([Value::Str { len: a, at: b }, _], [Value::Str { len: c, at: d }, _]) => b == d && a == c,
        _ => false,
    })
}

fn distinct(graph: &mut Graph, new: &[Value], stride: usize) -> Result<bool, KeyError> {
    graph.settle_text();
    let mut table = std::mem::take(&mut graph.keys.table);
    table.clear();
    let mut steps = allowance(graph);
    let before = steps;
    let mut result = Ok(true);
    for (n, key) in new.iter().step_by(stride).enumerate() {
        let hash = match hash(graph, *key, &mut steps) {
            Ok(hash) => hash,
            Err(e) => {
                result = Err(e);
                break;
            }
        };
        let mut compared = 0;
        let repeated = table.find(hash, |&(other, at)| {
            compared += u64::from(other == hash) * cost(graph, *key);
            other == hash && new.get(at as usize * stride).is_some_and(|o| equal(graph, *o, *key, &mut 1_000_000))
        });
        // Keys made to collide are paid for one by one.
        steps = steps.saturating_sub(compared.saturating_sub(cost(graph, *key)));
        if repeated.is_some() {
            result = Ok(false);
            break;
        }
        table.insert_unique(hash, (hash, n as u32), |&(hash, _)| hash);
    }
    shrink(&mut table);
    graph.keys.table = table;
    graph.keys.spent += before - steps;
    result
}

/// Steps that are left: sharing is paid for by the size of what was read.
fn allowance(graph: &Graph) -> u64 {
    (STEPS + 16 * u64::from(graph.next_slot()) + graph.stored() / 16).saturating_sub(graph.keys.spent)
}

/// What hashing a leaf costs beyond a step of its own: long text and long numbers are looked at whole each time.
fn cost(graph: &Graph, leaf: Value) -> u64 {
    match leaf {
        Value::Str { len, .. } | Value::Wtf8 { len, .. } | Value::Path { len, .. } => u64::from(len) / 256,
        Value::Py2Str { len, at } | Value::Bytes { len, at } => graph.byte_len(len, at) / 256,
        // Numbers are divided.
        Value::Big { len, .. } | Value::Decimal { len, .. } => 1 + u64::from(len),
        Value::Object(id) if graph.kind(id) == Kind::Fraction => {
            let [numerator, denominator] = graph.first::<2>(id);
            [numerator, denominator]
                .into_iter()
                .map(|part| if let Value::Object(_) = part { 1 } else { cost(graph, part) })
                .sum()
        }
        _ => 0,
    }
}

/// A table that served one huge dict is not cleared again for each small one.
fn shrink(table: &mut hashbrown::HashTable<(u64, u32)>) {
    if table.capacity() > 1 << 12 {
        *table = hashbrown::HashTable::new();
    }
}

/// Makes the keys of one dict or set unique: first place and key, last value, as Python does.
pub(super) fn unique(graph: &mut Graph, id: NodeId) -> Result<(), KeyError> {
    let stride = match graph.kind(id) {
        Kind::Set | Kind::FrozenSet => 1,
        _ => 2,
    };
    let count = graph.count(id);
    if count <= stride * FEW {
        let mut walk = graph.walk(id);
        let keys = std::iter::from_fn(|| match stride {
            1 => graph.next_ref(&mut walk),
            _ => graph.next_two(&mut walk).map(|[key, _]| key),
        });
        if clearly_distinct(graph, keys) {
            return Ok(());
        }
    }
    graph.settle_text();
    graph.charge(count as u64 * (size_of::<Value>() + 16) as u64)?;
    let mut kept: Vec<Value> = Vec::with_capacity(count);
    let mut table = std::mem::take(&mut graph.keys.table);
    table.clear();
    let mut steps = allowance(graph);
    let before = steps;
    let mut repeated = false;
    let mut walk = graph.walk(id);
    while let Some(key) = graph.next_item(&mut walk) {
        let value = if stride == 2 { graph.next_item(&mut walk) } else { None };
        let hash = hash(graph, key, &mut steps)?;
        let mut compared = 0;
        let known = table.find(hash, |&(other, at)| {
            compared += u64::from(other == hash) * cost(graph, key);
            other == hash && kept.get(at as usize).is_some_and(|o| equal(graph, *o, key, &mut 1_000_000))
        });
        steps = steps.saturating_sub(compared.saturating_sub(cost(graph, key)));
        if let Some(&(_, at)) = known {
            repeated = true;
            if let (Some(value), Some(slot)) = (value, kept.get_mut(at as usize + 1)) {
                *slot = value;
            }
            continue;
        }
        table.insert_unique(hash, (hash, kept.len() as u32), |&(hash, _)| hash);
        kept.push(key);
        kept.extend(value);
    }
    shrink(&mut table);
    graph.keys.table = table;
    graph.keys.spent += before - steps;
    if repeated {
        graph.replace_items(id, &kept)?;
    }
    Ok(())
}

/// The name of an unhashable kind.
fn unhashable(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::List => Some("list"),
        Kind::Dict => Some("dict"),
        Kind::Set => Some("set"),
        Kind::OrderedDict => Some("OrderedDict"),
        Kind::DefaultDict => Some("defaultdict"),
        Kind::Counter => Some("Counter"),
        Kind::Deque => Some("deque"),
        Kind::Array => Some("array"),
        Kind::Struct(layout) => layout.unhashable(),
        Kind::Tuple
        | Kind::FrozenSet
        | Kind::Complex
        | Kind::Fraction
        | Kind::Range
        | Kind::Slice
        | Kind::Uuid
        | Kind::Zone
        | Kind::Exception
        | Kind::Record
        | Kind::Pending => None,
    }
}

/// Sequences of different types differ even where their items are the same.
fn ordered_seed(kind: Kind) -> u64 {
    match kind {
        Kind::Range => 78,
        Kind::Slice => 79,
        Kind::Struct(layout) => 80 + layout as u64,
        _ => 77,
    }
}

/// Whether Python would take it as a key, as far as one level tells; `hash` looks below.
fn hashable(graph: &Graph, key: Value) -> Result<(), KeyError> {
    match key {
        Value::ByteArray { .. } => Err(KeyError::Unhashable("bytearray")),
        Value::Decimal { len, at } if graph.text(len, at).contains("sN") => {
            Err(KeyError::Unhashable("a signaling NaN"))
        }
        Value::Object(id) => unhashable(graph.kind(id)).map_or(Ok(()), |name| Err(KeyError::Unhashable(name))),
        _ => Ok(()),
    }
}

enum Open {
    Ordered(Walk, u64),
    Unordered(Walk, u64),
}

/// A keyed hash that is equal for keys that Python holds equal.
///
/// # Errors
/// Unhashable values at any depth; more steps than the input pays for.
pub(crate) fn hash(graph: &Graph, key: Value, steps: &mut u64) -> Result<u64, KeyError> {
    let mut open: Vec<Open> = Vec::new();
    // The level of the outermost object of named fields: lists and dicts below it are its parts, not keys.
    let mut parts = usize::MAX;
    let mut next = key;
    loop {
        let Some(left) = steps.checked_sub(u64::from(!open.is_empty()) + cost(graph, next)) else {
            return Err(KeyError::Limit(Limit::Nodes.over(STEPS + 1, STEPS)));
        };
        *steps = left;
        let mut done = match next {
            Value::Object(id) if has_parts(graph, id, open.len() > parts) => {
                if open.len() <= parts {
                    hashable(graph, next)?;
                }
                if matches!(graph.kind(id), Kind::Struct(_)) {
                    parts = parts.min(open.len());
                }
                open.push(Open::Ordered(graph.walk(id), ordered_seed(graph.kind(id))));
                None
            }
            Value::Object(id) if graph.kind(id) == Kind::FrozenSet => {
                open.push(Open::Unordered(graph.walk(id), 0));
                None
            }
            leaf => {
                hashable(graph, leaf)?;
                Some(leaf_hash(graph, leaf))
            }
        };
        loop {
            match (open.last_mut(), done.take()) {
                (None, Some(hash)) => return Ok(hash),
                (Some(Open::Ordered(_, sum)), Some(hash)) => *sum = mix(sum.rotate_left(5) ^ hash),
                (Some(Open::Unordered(_, sum)), Some(hash)) => *sum = sum.wrapping_add(mix(hash)),
                (_, None) => {}
            }
            let Some(top) = open.last_mut() else { break };
            let (Open::Ordered(walk, sum) | Open::Unordered(walk, sum)) = top;
            match graph.next_item(walk) {
                Some(item) => {
                    next = item;
                    break;
                }
                None => {
                    done = Some(mix(*sum));
                    open.pop();
                    if open.len() == parts {
                        parts = usize::MAX;
                    }
                }
            }
        }
    }
}

/// Whether the items of an object are compared in order; those of lists and dicts only inside an object of named fields.
fn has_parts(graph: &Graph, id: NodeId, inside: bool) -> bool {
    match graph.kind(id) {
        Kind::Tuple | Kind::Range | Kind::Slice => true,
        Kind::List | Kind::Dict => inside,
        Kind::Struct(Layout::Scalar) => scalar::plain(graph, id).is_none() && !scalar::is_nan(graph, id),
        Kind::Struct(layout) => !layout.is_key_by_identity(),
        _ => false,
    }
}

fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^ (x >> 29)
}

fn leaf_hash(graph: &Graph, leaf: Value) -> u64 {
    let state = &graph.keys.state;
    let tagged = |tag: u8, bytes: &[u8]| {
        let mut hasher = state.build_hasher();
        hasher.write_u8(tag);
        hasher.write(bytes);
        hasher.finish()
    };
    match leaf {
        Value::Str { len, at } => tagged(0, graph.text(len, at).as_bytes()),
        Value::Wtf8 { len, at } => tagged(0, graph.bytes(len, at)),
        // A Python 2 str equals the unicode of the same ASCII characters.
        Value::Py2Str { len, at } => tagged(0, graph.bytes(len, at)),
        Value::Bytes { len, at } | Value::ByteArray { len, at } => tagged(1, graph.bytes(len, at)),
        Value::Int(n) => match u64::try_from(n) {
            Ok(small) if small < 1 << 60 => state.hash_one((2u8, small)),
            Ok(_) | Err(_) => number_hash(graph, leaf),
        },
        Value::Bool(b) => state.hash_one((2u8, u64::from(b))),
        Value::None => tagged(3, &[]),
        Value::Float { ident, value } if value.is_nan() => state.hash_one((4u8, ident)),
        Value::Float { .. } | Value::Big { .. } | Value::Decimal { .. } => number_hash(graph, leaf),
        Value::Date(packed) => state.hash_one((5u8, packed)),
        Value::Time { tz, packed } | Value::DateTime { tz, packed } => {
            let tag = if matches!(leaf, Value::Time { .. }) { 6u8 } else { 7 };
            state.hash_one((tag, instant(graph, tz, packed, tag == 7)))
        }
        Value::TimeDelta { days, rest } => state.hash_one((8u8, days, rest)),
        Value::Path { class, len, at } => tagged(9 + (class as u8 & 1), graph.bytes(len, at)),
        Value::Ip { class, len, at } => tagged(20 + class as u8, graph.text(len, at).as_bytes()),
        Value::Singleton(s) => tagged(30, s.name().as_bytes()),
        Value::Global(n) => state.hash_one((31u8, n)),
        Value::Object(id) => match graph.kind(id) {
            Kind::Complex | Kind::Fraction => number_hash(graph, leaf),
            Kind::Struct(Layout::Scalar) => match scalar::plain(graph, id) {
                Some(Plain::Number(_) | Plain::Complex(..)) => number_hash(graph, leaf),
                Some(Plain::Text(text)) => tagged(0, &text),
                Some(Plain::Bytes(bytes)) => tagged(1, &bytes),
                None => state.hash_one((33u8, id.0)),
            },
            Kind::Uuid => match graph.first::<1>(id) {
                [Value::Bytes { len, at }] => tagged(32, graph.bytes(len, at)),
                _ => 0,
            },
            _ => state.hash_one((33u8, id.0)),
        },
        Value::Unknown => 0,
    }
}

fn number_hash(graph: &Graph, value: Value) -> u64 {
    match number_of(graph, value) {
        Some(number) => match number::residue_of(&number) {
            Some(residue) => graph.keys.state.hash_one((2u8, residue)),
            None => 0,
        },
        None => match value {
            Value::Decimal { len, at } => match special_decimal(graph.text(len, at)) {
                Some(f) => number_hash(graph, Value::float(f)),
                None => graph.keys.state.hash_one((34u8, at)),
            },
            // -0.0 equals 0.0
            other => complex_of(graph, other)
                .map_or(0, |(re, im)| graph.keys.state.hash_one((35u8, ((re + 0.0).to_bits(), (im + 0.0).to_bits())))),
        },
    }
}

/// The parts of a complex number, Python's or numpy's.
fn complex_of(graph: &Graph, value: Value) -> Option<(f64, f64)> {
    let Value::Object(id) = value else { return None };
    match graph.kind(id) {
        Kind::Complex => match graph.first::<2>(id) {
            [Value::Float { value: re, .. }, Value::Float { value: im, .. }] => Some((re, im)),
            _ => None,
        },
        Kind::Struct(Layout::Scalar) => match scalar::plain(graph, id) {
            Some(Plain::Complex(re, im)) => Some((re, im)),
            _ => None,
        },
        _ => None,
    }
}

/// `Decimal('Infinity')` equals `float('inf')`; NaNs equal nothing.
fn special_decimal(text: &str) -> Option<f64> {
    match text.strip_prefix('-') {
        Some(rest) if rest.to_ascii_lowercase().starts_with("inf") => Some(f64::NEG_INFINITY),
        None if text.trim_start_matches('+').to_ascii_lowercase().starts_with("inf") => Some(f64::INFINITY),
        _ => None,
    }
}

fn number_of(graph: &Graph, value: Value) -> Option<Number> {
    match value {
        Value::Bool(b) => Some(Number::Int(BigInt::from(u8::from(b)))),
        Value::Int(n) => Some(Number::Int(BigInt::from(n))),
        Value::Big { len, at } => Some(Number::Int(graph.big_int(len, at))),
        Value::Float { value, .. } => Some(Number::Float(value)),
        Value::Decimal { len, at } => number::decimal(graph.text(len, at)),
        Value::Object(id) if graph.kind(id) == Kind::Complex => match graph.first::<2>(id) {
            [Value::Float { value: re, .. }, Value::Float { value: 0.0, .. }] => Some(Number::Float(re)),
            _ => None,
        },
        Value::Object(id) if graph.kind(id) == Kind::Struct(Layout::Scalar) => match scalar::plain(graph, id) {
            Some(Plain::Number(number)) => Some(number),
            _ => None,
        },
        Value::Object(id) if graph.kind(id) == Kind::Fraction => {
            let [n, d] = graph.first::<2>(id);
            match (number_of(graph, n)?, number_of(graph, d)?) {
                (Number::Int(n), Number::Int(d)) => Some(Number::Ratio(n, d)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What decides equality of times and datetimes: the wall clock without fold for naive ones, UTC microseconds for fixed
/// offsets, the zone's own identity otherwise.
fn instant(graph: &Graph, tz: Tz, packed: u64, dated: bool) -> (u64, i64) {
    let local = if dated { temporal::local_micros(packed) } else { temporal::Time::unpack(packed).micros() };
    let Some(id) = tz.id() else { return (0, local) };
    let Some(zone) = graph.zone_of(id) else { return (u64::from(id.0) + 2, local) };
    match (fixed_offset(graph, zone), zone) {
        (Some(offset), _) => (1, local - offset),
        // Equal names are one zone object to Python, and within one zone the wall clock decides.
        (None, Zone::ZoneInfo { key: Value::Str { len, at } } | Zone::Pytz { zone: Value::Str { len, at }, .. }) => {
            (graph.keys.state.hash_one((36u8, graph.text(*len, *at))) | 1 << 63, local)
        }
        (None, _) => (u64::from(id.0) + 2, local),
    }
}

/// The offset in microseconds of a zone that has only one.
fn fixed_offset(graph: &Graph, zone: &Zone) -> Option<i64> {
    match zone {
        Zone::Fixed { offset_us, .. } => Some(*offset_us),
        Zone::DateutilUtc => Some(0),
        Zone::PytzMinutes(minutes) => Some(i64::from(*minutes) * 60_000_000),
        Zone::Pytz { fixed: Some((seconds, _, _)), .. } => Some(i64::from(*seconds) * 1_000_000),
        Zone::DateutilOffset { offset: Value::TimeDelta { days, rest }, .. } => {
            i64::try_from(temporal::timedelta_micros(*days, *rest)).ok()
        }
        Zone::Pytz { zone: Value::Str { len, at }, .. } | Zone::ZoneInfo { key: Value::Str { len, at } } => {
            (graph.text(*len, *at) == "UTC").then_some(0)
        }
        Zone::Pytz { .. }
        | Zone::ZoneInfo { .. }
        | Zone::DateutilOffset { .. }
        | Zone::DateutilLocal { .. }
        | Zone::DateutilFile { .. } => None,
    }
}
