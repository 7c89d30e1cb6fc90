//! What the values of a column have in common: a small state that takes one value after another, can be merged with another, and
//! decides on a type.

mod look;
mod times;

use std::collections::HashMap;

use arrow::datatypes::TimeUnit;
use num_bigint::BigInt;

use super::eye::{Eye, Items, Refusal, Seen, Spot, UTC};
use super::plan::{DECIMAL128, DECIMAL256, Plan};
use crate::model::value::Value;
use crate::writers::options::DictAs;
pub(super) use look::{Failure, Look};
use times::{Times, finer};

/// Levels of lists and structs in one column; what lies deeper is JSON text. Arrow's own readers stop at 64 levels, and a map takes
/// two.
pub(super) const LEVELS: u32 = 24;

/// More keys than this make a dict whose keys vary a map.
const FEW_KEYS: usize = 16;
/// A dict has at least one in so many of all keys, or keys vary.
const RARE: u64 = 4;
/// Keys beyond this make a map, whatever the values.
const MAX_FIELDS: usize = 10_000;

/// The kinds of values that were seen, as bits.
mod kind {
    pub const BOOL: u16 = 1;
    pub const INT: u16 = 1 << 1;
    pub const FLOAT: u16 = 1 << 2;
    pub const TEXT: u16 = 1 << 3;
    pub const BYTES: u16 = 1 << 4;
    pub const DATE: u16 = 1 << 5;
    pub const TIME: u16 = 1 << 6;
    /// Without a zone.
    pub const NAIVE: u16 = 1 << 7;
    pub const AWARE: u16 = 1 << 8;
    pub const SPAN: u16 = 1 << 9;
    pub const DECIMAL: u16 = 1 << 10;
    pub const UUID: u16 = 1 << 11;
    pub const COMPLEX: u16 = 1 << 12;
    pub const LIST: u16 = 1 << 13;
    pub const KEYED: u16 = 1 << 14;
    pub const OTHER: u16 = 1 << 15;
}

/// What was seen of one column, or of one place inside its values.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    kinds: u16,
    /// Values that are no null.
    values: u64,
    /// Some value is an element of an array: it has no object of its own that could be written as JSON.
    bare: bool,
    low: i64,
    high: u64,
    /// Decimal digits of the longest int beyond `high` and `low`.
    digits: u32,
    /// Some float was NaN.
    nans: bool,
    /// Some int is no float.
    inexact: bool,
    /// Bytes of text or bytes.
    bytes: u64,
    times: Times,
    decimals: Decimals,
    /// Items of lists, all together.
    items: u64,
    item: Option<Box<Shape>>,
    keyed: Option<Box<Keyed>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Decimals {
    /// Digits before the point.
    whole: u32,
    /// Digits after it.
    scale: u32,
    /// Some has more than any type.
    beyond: bool,
}

/// Dicts and records.
#[derive(Clone, Debug, Default)]
struct Keyed {
    count: u64,
    /// Keys of all of them together.
    keys: u64,
    names: Vec<(Box<str>, Shape)>,
    /// For each name where the key lay that was it last.
    spots: Vec<Spot>,
    by_name: HashMap<Box<str>, usize>,
    /// Keys and values of a map, once keys are no str or too many.
    map: Option<(Shape, Shape)>,
    /// Keys for which there is no type.
    unfit: bool,
}

fn exact_float(n: i64) -> bool {
    // Odd part below 2^53.
    let n = n.unsigned_abs();
    n == 0 || n >> n.trailing_zeros() < 1 << 53
}

/// Decimal digits of an int.
fn digits(n: &BigInt) -> u32 {
    n.magnitude().to_string().len() as u32
}

impl Shape {
    /// Takes one value at its level of nesting.
    ///
    /// # Errors
    /// Text that the options refuse.
    #[inline]
    pub fn observe<'g>(&mut self, eye: &mut Eye<'g>, value: Value, level: u32) -> Result<(), Refusal> {
        if self.scalar(value) {
            return Ok(());
        }
        let seen = eye.see(value)?;
        self.take(eye, seen, level)
    }

    /// Takes a value that needs no look at the graph; `false` for another, of which nothing was taken.
    #[inline]
    fn scalar(&mut self, value: Value) -> bool {
        let kind = match value {
            Value::None => return true,
            Value::Bool(_) => kind::BOOL,
            Value::Int(n) => self.int(n),
            Value::Float { value, .. } => self.float(value),
            Value::Str { len, .. } if len < u32::MAX => self.sized(u64::from(len), kind::TEXT),
            _ => return false,
        };
        self.values += 1;
        self.kinds |= kind;
        true
    }

    #[inline]
    fn int(&mut self, n: i64) -> u16 {
        self.low = self.low.min(n);
        self.high = self.high.max(u64::try_from(n).unwrap_or(0));
        self.inexact |= !exact_float(n);
        kind::INT
    }

    #[inline]
    fn sized(&mut self, bytes: u64, kind: u16) -> u16 {
        self.bytes += bytes;
        kind
    }

    #[inline]
    fn float(&mut self, f: f64) -> u16 {
        self.nans |= f.is_nan();
        if f.is_nan() { 0 } else { kind::FLOAT }
    }

    /// Takes what a value is.
    pub fn take<'g>(&mut self, eye: &mut Eye<'g>, seen: Seen<'g>, level: u32) -> Result<(), Refusal> {
        if matches!(seen, Seen::Null) {
            return Ok(());
        }
        self.values += 1;
        self.kinds |= match seen {
            Seen::Null => 0,
            Seen::Bool(_) => kind::BOOL,
            Seen::Int(n) => self.int(n),
            Seen::Big(n) => {
                match u64::try_from(&n) {
                    Ok(n) => self.high = self.high.max(n),
                    Err(_) => self.digits = self.digits.max(digits(&n)),
                }
                let zeros = n.trailing_zeros().unwrap_or(0);
                self.inexact |= n.bits() - zeros > 53 || n.bits() > 1_023;
                kind::INT
            }
            Seen::Float(f) => self.float(f),
            Seen::Text(text) => self.sized(text.len() as u64, kind::TEXT),
            Seen::Bytes(bytes) => self.sized(bytes.len() as u64, kind::BYTES),
            Seen::Date(_) => kind::DATE,
            Seen::Time(_) => kind::TIME,
            Seen::Stamp { at, unit, zone } => {
                self.times.take(at.into(), unit);
                match zone {
                    None => kind::NAIVE,
                    Some(zone) => {
                        self.times.zones_differ |= self.times.zone.is_some_and(|known| known != zone);
                        self.times.zone = Some(zone);
                        kind::AWARE
                    }
                }
            }
            Seen::Span { length, unit } => {
                self.times.take(length, unit);
                kind::SPAN
            }
            Seen::Decimal { digits, exponent } => {
                self.decimals.take(&digits, exponent);
                kind::DECIMAL
            }
            Seen::OddDecimal => {
                self.decimals.beyond = true;
                kind::DECIMAL
            }
            Seen::Uuid(_) => kind::UUID,
            Seen::Complex(..) => kind::COMPLEX,
            Seen::List(_) | Seen::Dict(_) | Seen::Fields(_) if level >= LEVELS => kind::OTHER,
            Seen::List(items) => {
                self.list(eye, items, level)?;
                kind::LIST
            }
            Seen::Dict(id) => {
                let mut keyed = self.keyed.take().unwrap_or_default();
                let result = keyed.dict(eye, id, level);
                self.keyed = Some(keyed);
                result?;
                kind::KEYED
            }
            Seen::Fields(fields) => {
                let keyed = self.keyed.get_or_insert_default();
                keyed.count += 1;
                let mut hint = 0;
                for (name, value) in fields {
                    keyed.field(&name, &mut hint).observe(eye, value, level + 1)?;
                }
                kind::KEYED
            }
            Seen::Other => kind::OTHER,
        };
        Ok(())
    }

    fn list<'g>(&mut self, eye: &mut Eye<'g>, items: Items<'g>, level: u32) -> Result<(), Refusal> {
        let item = self.item.get_or_insert_default();
        match items {
            Items::Graph(id) => {
                for value in eye.values(id) {
                    self.items += 1;
                    item.observe(eye, value, level + 1)?;
                }
            }
            Items::Numbers(id) => {
                item.bare = true;
                for seen in super::build::numbers(eye.graph, id) {
                    self.items += 1;
                    item.take(eye, seen, level + 1)?;
                }
            }
            Items::Array(view) => {
                item.bare = true;
                for n in 0..view.len() {
                    self.items += 1;
                    let seen = eye.item(&view, n);
                    item.take(eye, seen, level + 1)?;
                }
            }
        }
        Ok(())
    }

    /// Takes what another state took.
    pub fn merge(&mut self, other: Shape) {
        self.kinds |= other.kinds;
        self.values += other.values;
        self.bare |= other.bare;
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
        self.digits = self.digits.max(other.digits);
        self.nans |= other.nans;
        self.inexact |= other.inexact;
        self.bytes += other.bytes;
        self.times.merge(other.times);
        self.decimals.whole = self.decimals.whole.max(other.decimals.whole);
        self.decimals.scale = self.decimals.scale.max(other.decimals.scale);
        self.decimals.beyond |= other.decimals.beyond;
        self.items += other.items;
        match (&mut self.item, other.item) {
            (Some(mine), Some(theirs)) => mine.merge(*theirs),
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
        match (&mut self.keyed, other.keyed) {
            (Some(mine), Some(theirs)) => mine.merge(*theirs),
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
    }

    /// The type for all that was seen.
    pub fn decide(&self, eye: &Eye<'_>, flat: bool) -> Plan {
        let plan = self.exactly(eye, flat);
        match &plan {
            // An element of an array cannot be written as JSON: what holds the array can.
            Plan::List(item, _) if matches!(**item, Plan::Json) && self.item.as_ref().is_some_and(|i| i.bare) => {
                Plan::Json
            }
            _ => plan,
        }
    }

    fn exactly(&self, eye: &Eye<'_>, flat: bool) -> Plan {
        let large = self.bytes.saturating_mul(eye.ahead) > i32::MAX as u64;
        let numbers = self.kinds & !(kind::FLOAT | kind::INT) == 0;
        let nans = if self.nans && (numbers || !eye.nan_is_missing) { kind::FLOAT } else { 0 };
        match self.kinds | nans {
            0 => Plan::Null,
            kind::BOOL => Plan::Bool,
            kind::INT => self.int_plan(),
            kind::FLOAT => Plan::Float64,
            k if k == kind::FLOAT | kind::INT && !self.inexact => Plan::Float64,
            kind::TEXT => Plan::Text { large },
            kind::BYTES => Plan::Binary { large },
            kind::DATE => Plan::Date,
            kind::TIME => Plan::Time,
            kind::NAIVE if self.times.fit() => Plan::Timestamp(finer(self.times.unit, TimeUnit::Millisecond), None),
            kind::AWARE if self.times.fit() => {
                let zone = if self.times.zones_differ { UTC } else { self.times.zone.unwrap_or(UTC) };
                Plan::Timestamp(finer(self.times.unit, TimeUnit::Millisecond), Some(eye.zone_name(zone).into()))
            }
            kind::SPAN if self.times.fit() => Plan::Duration(self.times.unit),
            kind::DECIMAL => self.decimals.plan(),
            k if k == kind::DECIMAL | kind::INT => {
                let mut decimals = self.decimals;
                decimals.whole = decimals.whole.max(self.digits).max(self.int_digits());
                match decimals.plan() {
                    Plan::Text { .. } => Plan::Json,
                    plan => plan,
                }
            }
            kind::UUID => Plan::Uuid,
            kind::COMPLEX if !flat => Plan::Complex,
            kind::LIST if !flat => match &self.item {
                Some(item) => Plan::List(
                    Box::new(item.decide(eye, false)),
                    self.items.saturating_mul(eye.ahead) > i32::MAX as u64,
                ),
                None => Plan::Json,
            },
            kind::KEYED if !flat => match &self.keyed {
                Some(keyed) => keyed.plan(eye),
                None => Plan::Json,
            },
            _ => Plan::Json,
        }
    }

    fn int_digits(&self) -> u32 {
        let longest = self.high.max(self.low.unsigned_abs());
        longest.checked_ilog10().map_or(1, |n| n + 1)
    }

    fn int_plan(&self) -> Plan {
        match self.digits.max(if self.low < 0 && self.high > i64::MAX as u64 { self.int_digits() } else { 0 }) {
            0 if self.high > i64::MAX as u64 => Plan::UInt64,
            0 => Plan::Int64,
            digits => match digits.max(self.int_digits()) {
                p if p <= DECIMAL128 => Plan::Decimal128(p as u8, 0),
                p if p <= DECIMAL256 => Plan::Decimal256(p as u8, 0),
                _ => Plan::Text { large: u64::from(digits).saturating_mul(self.values) > i32::MAX as u64 },
            },
        }
    }

    /// The columns of rows that are dicts or records, in the order of their first appearance.
    pub fn columns(&self, eye: &Eye<'_>, flat: bool) -> Vec<(String, Plan)> {
        let named = self.keyed.iter().flat_map(|keyed| &keyed.names);
        named.map(|(name, shape)| (name.to_string(), shape.decide(eye, flat))).collect()
    }

    /// The state of a row's column.
    pub fn column(&mut self, name: &str, hint: &mut usize) -> &mut Shape {
        self.keyed.get_or_insert_default().field(name, hint)
    }

    /// As [`Shape::column`], for a key; `None` where it names no column.
    #[inline]
    pub fn column_of(&mut self, eye: &mut Eye<'_>, key: Value, hint: &mut usize) -> Option<&mut Shape> {
        self.keyed.get_or_insert_default().field_of(eye, key, hint)
    }

    /// Columns that rows have so far.
    pub fn width(&self) -> usize {
        self.keyed.as_ref().map_or(0, |keyed| keyed.names.len())
    }
}

impl Decimals {
    fn take(&mut self, digits: &BigInt, exponent: i64) {
        let length = i64::from(self::digits(digits));
        let bound = i64::from(DECIMAL256);
        // A zero needs no digits before the point, however large its exponent.
        let whole = if *digits == BigInt::ZERO { 1 } else { length.saturating_add(exponent).max(1) };
        let scale = exponent.saturating_neg().max(0);
        self.beyond |= whole > bound || scale > bound;
        self.whole = self.whole.max(whole.min(bound) as u32);
        self.scale = self.scale.max(scale.min(bound) as u32);
    }

    fn plan(&self) -> Plan {
        let scale = self.scale as i8;
        match self.whole + self.scale {
            _ if self.beyond => Plan::Text { large: false },
            p if p <= DECIMAL128 => Plan::Decimal128(p as u8, scale),
            p if p <= DECIMAL256 => Plan::Decimal256(p as u8, scale),
            _ => Plan::Text { large: false },
        }
    }
}

impl Keyed {
    /// The state of a field; `hint` is where it is looked for first.
    fn field(&mut self, name: &str, hint: &mut usize) -> &mut Shape {
        self.keys += 1;
        let at = match self.names.get(*hint) {
            Some((known, _)) if **known == *name => *hint,
            _ => match self.by_name.get(name) {
                Some(at) => *at,
                None => {
                    self.names.push((name.into(), Shape::default()));
                    self.spots.push(Spot::default());
                    self.by_name.insert(name.into(), self.names.len() - 1);
                    self.names.len() - 1
                }
            },
        };
        *hint = at + 1;
        &mut self.names[at].1
    }

    /// The state of the field that a key names; `None` where no text stands for the key.
    #[inline]
    fn field_of(&mut self, eye: &mut Eye<'_>, key: Value, hint: &mut usize) -> Option<&mut Shape> {
        let spot = eye.spot(key);
        if spot.is_some() && self.spots.get(*hint).copied() == spot && *hint < self.names.len() {
            self.keys += 1;
            *hint += 1;
            return self.names.get_mut(*hint - 1).map(|(_, shape)| shape);
        }
        let (name, _) = eye.key(key)?;
        self.field(&name, hint);
        let at = *hint - 1;
        if let (Some(spot), Some(place)) = (spot, self.spots.get_mut(at)) {
            *place = spot;
        }
        self.names.get_mut(at).map(|(_, shape)| shape)
    }

    fn dict<'g>(&mut self, eye: &mut Eye<'g>, id: crate::model::value::NodeId, level: u32) -> Result<(), Refusal> {
        self.count += 1;
        let mut items = eye.values(id);
        let mut hint = 0;
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            self.entry(eye, (key, value), &mut hint, level)?;
        }
        Ok(())
    }

    #[inline]
    fn entry(
        &mut self,
        eye: &mut Eye<'_>,
        (key, value): (Value, Value),
        hint: &mut usize,
        level: u32,
    ) -> Result<(), Refusal> {
        let named = matches!(key, Value::Str { .. } | Value::Py2Str { .. }) && self.names.len() < MAX_FIELDS;
        if named
            && self.map.is_none()
            && let Some(field) = self.field_of(eye, key, hint)
        {
            return field.observe(eye, value, level + 1);
        }
        let (keys, values) = self.as_map();
        keys.observe(eye, key, LEVELS)?;
        values.observe(eye, value, level + 1)?;
        if matches!(key, Value::None) {
            self.unfit = true;
        }
        Ok(())
    }

    /// Turns fields into keys and values.
    fn as_map(&mut self) -> &mut (Shape, Shape) {
        let (names, map) = (&mut self.names, &mut self.map);
        self.by_name.clear();
        self.spots.clear();
        map.get_or_insert_with(|| merged(std::mem::take(names)))
    }

    fn merge(&mut self, other: Keyed) {
        self.count += other.count;
        self.keys += other.keys;
        self.unfit |= other.unfit;
        if self.map.is_some() || other.map.is_some() {
            let (keys, values) = self.as_map();
            let (more_keys, more_values) = merged(other.names);
            keys.merge(more_keys);
            values.merge(more_values);
            if let Some((more_keys, more_values)) = other.map {
                keys.merge(more_keys);
                values.merge(more_values);
            }
            return;
        }
        let known = self.keys;
        for (name, shape) in other.names {
            let mut hint = 0;
            self.field(&name, &mut hint).merge(shape);
        }
        self.keys = known;
    }

    fn plan(&self, eye: &Eye<'_>) -> Plan {
        let map = |(keys, values): &(Shape, Shape)| {
            let key = keys.decide(eye, true);
            match key {
                // A key is never null.
                Plan::Json | Plan::Null => Plan::Json,
                _ if self.unfit => Plan::Json,
                _ => Plan::Map(Box::new(key), Box::new(values.decide(eye, false))),
            }
        };
        if let Some(map_shape) = &self.map {
            return map(map_shape);
        }
        if self.names.is_empty() {
            return Plan::Json;
        }
        let vary = match eye.options.dict_as {
            DictAs::Auto => {
                self.names.len() > FEW_KEYS
                    && self.keys.saturating_mul(RARE) < self.count.saturating_mul(self.names.len() as u64)
            }
            DictAs::Struct => false,
            DictAs::Map => true,
        };
        if vary {
            return map(&merged(self.names.clone()));
        }
        let fields = self.names.iter().map(|(name, shape)| (name.to_string(), shape.decide(eye, false))).collect();
        Plan::Struct(fields)
    }
}

/// Fields as keys and values.
fn merged(names: Vec<(Box<str>, Shape)>) -> (Shape, Shape) {
    let (mut keys, mut values) = (Shape::default(), Shape::default());
    for (name, shape) in names {
        keys.kinds |= kind::TEXT;
        keys.values += 1;
        keys.bytes += name.len() as u64;
        values.merge(shape);
    }
    (keys, values)
}
