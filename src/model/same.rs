//! Whether two graphs hold the same values: kinds, content, order, and which references lead to one object.
//!
//! The order of dicts counts, and so does that of sets, which are compared as they were written: both sides come from one
//! stream. Floats are compared bit by bit. Sharing is compared for the kinds that keep their identity and only where a graph
//! says that an object is shared; the arguments of an instance and what was done to it are lists of its own. An array is its
//! typecode and elements, whatever their width. Nothing recurses.

use crate::model::graph::{Graph, Kind, Walk, flag};
use crate::model::layout::Layout;
use crate::model::record::then;
use crate::model::temporal::Zone;
use crate::model::value::{NodeId, Tz, Value};

/// One step of the way to a difference.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// An item.
    Index(u64),
    /// The value of a key (of the first graph).
    Key(Value),
    /// The key of the so-many-th entry.
    KeyAt(u64),
    /// A named part of a value: its arguments, its zone.
    Field(&'static str),
}

/// What differs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// Two values, of the first graph and the second.
    Values(Value, Value),
    /// How many items (a dict: keys and values) there are.
    Count(usize, usize),
    /// One object here, in the second graph another than before.
    SharedInFirst,
    /// One object there, in the first graph another than before.
    SharedInSecond,
    /// Deeper than any graph that was read can be.
    TooDeep,
}

/// The first difference.
#[derive(Clone, Debug)]
pub(crate) struct Mismatch {
    pub place: Vec<Part>,
    pub what: What,
}

/// Levels that are compared; twice those that a graph can have, several frames each.
const MAX_OPEN: usize = 1 << 20;
const NONE: u32 = u32::MAX;

/// What is compared next.
enum Open {
    /// Items, in pairs of key and value or one by one.
    Items { label: Option<&'static str>, dict: bool, a: Walk, b: Walk, taken: u64, key: Value },
    /// What was done to an instance.
    Then { a: Walk, b: Walk, taken: u64 },
    /// Named fields, of so many of which the values were taken.
    Fields { layout: Layout, a: Walk, b: Walk, taken: usize },
    /// One part with a name.
    One { label: &'static str, pair: Option<(Value, Value)> },
}

struct Same<'g> {
    a: &'g Graph,
    b: &'g Graph,
    /// For each object of a graph that of the other one it was compared with.
    to_b: Vec<u32>,
    to_a: Vec<u32>,
    open: Vec<Open>,
}

/// Compares two lists of values; `None` where they are the same.
pub(crate) fn first_mismatch(a: &Graph, roots_a: &[Value], b: &Graph, roots_b: &[Value]) -> Option<Mismatch> {
    if roots_a.len() != roots_b.len() {
        return Some(Mismatch { place: Vec::new(), what: What::Count(roots_a.len(), roots_b.len()) });
    }
    let mut same = Same { a, b, to_b: vec![NONE; a.len()], to_a: vec![NONE; b.len()], open: Vec::new() };
    for (n, (x, y)) in roots_a.iter().zip(roots_b).enumerate() {
        if let Err(what) = same.run(*x, *y) {
            let mut place = Vec::new();
            if roots_a.len() != 1 {
                place.push(Part::Index(n as u64));
            }
            same.place(&mut place);
            return Some(Mismatch { place, what });
        }
    }
    None
}

impl Same<'_> {
    fn run(&mut self, x: Value, y: Value) -> Result<(), What> {
        self.value(x, y)?;
        while let Some(top) = self.open.last_mut() {
            let next = match top {
                Open::Items { a, b, taken, key, dict, .. } => match (self.a.next_item(a), self.b.next_item(b)) {
                    (Some(x), Some(y)) => {
                        if *dict && *taken % 2 == 0 {
                            *key = x;
                        }
                        *taken += 1;
                        Some((x, y))
                    }
                    _ => None,
                },
                Open::Then { a, b, taken } => {
                    let (what, other) = (self.a.next_item(a), self.b.next_item(b));
                    let (x, y) = (self.a.next_item(a), self.b.next_item(b));
                    *taken += 1;
                    match (what, other, x, y) {
                        (Some(Value::Int(what)), Some(Value::Int(other)), Some(x), Some(y)) if what == other => {
                            self.done(what, x, y)?;
                            continue;
                        }
                        (Some(what), Some(other), _, _) => return Err(What::Values(what, other)),
                        _ => None,
                    }
                }
                Open::Fields { a, b, taken, .. } => {
                    *taken += 1;
                    self.a.next_item(a).zip(self.b.next_item(b))
                }
                Open::One { pair, .. } => pair.take(),
            };
            match next {
                Some((x, y)) => self.value(x, y)?,
                None => {
                    self.open.pop();
                }
            }
            if self.open.len() > MAX_OPEN {
                return Err(What::TooDeep);
            }
        }
        Ok(())
    }

    /// One thing that was done to an instance.
    fn done(&mut self, what: i64, x: Value, y: Value) -> Result<(), What> {
        match (what, x, y) {
            (then::STATE, x, y) => self.open.push(Open::One { label: "state", pair: Some((x, y)) }),
            (then::ITEMS, Value::Object(x), Value::Object(y)) => return self.items(Some("items"), false, x, y),
            (then::DICT_ITEMS, Value::Object(x), Value::Object(y)) => return self.items(Some("dictitems"), true, x, y),
            (_, Value::Object(x), Value::Object(y)) => return self.items(Some("call"), false, x, y),
            _ => return Err(What::Values(x, y)),
        }
        Ok(())
    }

    fn items(&mut self, label: Option<&'static str>, dict: bool, x: NodeId, y: NodeId) -> Result<(), What> {
        let (here, there) = (self.a.count(x), self.b.count(y));
        if here != there {
            return Err(What::Count(here, there));
        }
        let (a, b) = (self.a.walk(x), self.b.walk(y));
        self.open.push(Open::Items { label, dict, a, b, taken: 0, key: Value::None });
        Ok(())
    }

    fn value(&mut self, x: Value, y: Value) -> Result<(), What> {
        match (x, y) {
            (Value::Object(a), Value::Object(b)) => self.object(a, b),
            (Value::Time { tz: t, packed: p }, Value::Time { tz: u, packed: q })
            | (Value::DateTime { tz: t, packed: p }, Value::DateTime { tz: u, packed: q })
                if p == q =>
            {
                self.zones(t, u, x, y)
            }
            _ if self.leaves(x, y) => Ok(()),
            _ => Err(What::Values(x, y)),
        }
    }

    fn zones(&mut self, t: Tz, u: Tz, x: Value, y: Value) -> Result<(), What> {
        match (t.id(), u.id()) {
            (None, None) => Ok(()),
            (Some(t), Some(u)) => {
                self.open.push(Open::One { label: "tz", pair: Some((Value::Object(t), Value::Object(u))) });
                Ok(())
            }
            _ => Err(What::Values(x, y)),
        }
    }

    /// Whether two values without parts are the same.
    fn leaves(&self, x: Value, y: Value) -> bool {
        let bytes = |a: u32, b: u64, c: u32, d: u64| self.a.bytes(a, b) == self.b.bytes(c, d);
        let text = |a: u32, b: u64, c: u32, d: u64| self.a.text(a, b) == self.b.text(c, d);
        match (x, y) {
            (Value::None, Value::None) | (Value::Unknown, Value::Unknown) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Float { value: a, .. }, Value::Float { value: b, .. }) => a.to_bits() == b.to_bits(),
            (Value::Str { len: a, at: b }, Value::Str { len: c, at: d })
            | (Value::Decimal { len: a, at: b }, Value::Decimal { len: c, at: d }) => text(a, b, c, d),
            (Value::Big { len: a, at: b }, Value::Big { len: c, at: d })
            | (Value::Wtf8 { len: a, at: b }, Value::Wtf8 { len: c, at: d })
            | (Value::Py2Str { len: a, at: b }, Value::Py2Str { len: c, at: d })
            | (Value::Bytes { len: a, at: b }, Value::Bytes { len: c, at: d })
            | (Value::ByteArray { len: a, at: b }, Value::ByteArray { len: c, at: d }) => bytes(a, b, c, d),
            (Value::Date(a), Value::Date(b)) => a == b,
            (Value::TimeDelta { days: a, rest: b }, Value::TimeDelta { days: c, rest: d }) => (a, b) == (c, d),
            (Value::Path { class: k, len: a, at: b }, Value::Path { class: l, len: c, at: d }) => {
                k == l && bytes(a, b, c, d)
            }
            (Value::Ip { class: k, len: a, at: b }, Value::Ip { class: l, len: c, at: d }) => {
                k == l && text(a, b, c, d)
            }
            (Value::Singleton(a), Value::Singleton(b)) => a == b,
            (Value::Global(a), Value::Global(b)) => self.a.global(a) == self.b.global(b),
            _ => false,
        }
    }

    fn object(&mut self, x: NodeId, y: NodeId) -> Result<(), What> {
        let kind = self.a.kind(x);
        if kind != self.b.kind(y) {
            return Err(What::Values(Value::Object(x), Value::Object(y)));
        }
        let shared = (self.a.get(x).flags | self.b.get(y).flags) & flag::SHARED != 0;
        if shared && kind.keeps_identity() {
            let known = (self.to_b.get_mut(x.0 as usize), self.to_a.get_mut(y.0 as usize));
            let (Some(to_b), Some(to_a)) = known else { return Err(What::Values(Value::Object(x), Value::Object(y))) };
            match (*to_b, *to_a) {
                (NONE, NONE) => (*to_b, *to_a) = (y.0, x.0),
                (known, _) if known == y.0 => return Ok(()),
                (NONE, _) => return Err(What::SharedInSecond),
                _ => return Err(What::SharedInFirst),
            }
        }
        let differ = Err(What::Values(Value::Object(x), Value::Object(y)));
        match kind {
            Kind::List
            | Kind::Tuple
            | Kind::Set
            | Kind::FrozenSet
            | Kind::Complex
            | Kind::Fraction
            | Kind::Range
            | Kind::Slice
            | Kind::Uuid => self.items(None, false, x, y),
            Kind::Dict | Kind::Counter => self.items(None, true, x, y),
            Kind::Deque => self.with_extra("maxlen", false, x, y),
            Kind::DefaultDict => self.with_extra("factory", true, x, y),
            Kind::OrderedDict => self.with_extra("state", true, x, y),
            Kind::Struct(layout) => {
                let (a, b) = (self.a.walk(x), self.b.walk(y));
                self.open.push(Open::Fields { layout, a, b, taken: 0 });
                Ok(())
            }
            Kind::Array => {
                if self.arrays(x, y) {
                    Ok(())
                } else {
                    differ
                }
            }
            Kind::Zone => self.zone(x, y),
            Kind::Exception | Kind::Record => self.record(x, y),
            Kind::Pending => differ,
        }
    }

    fn with_extra(&mut self, label: &'static str, dict: bool, x: NodeId, y: NodeId) -> Result<(), What> {
        let extra = |value: Option<Value>| value.unwrap_or(Value::None);
        let pair = (extra(self.a.extra(x)), extra(self.b.extra(y)));
        // Below the items, which are compared first.
        self.open.push(Open::One { label, pair: Some(pair) });
        self.items(None, dict, x, y)
    }

    fn arrays(&self, x: NodeId, y: NodeId) -> bool {
        let (a, b) = (self.a.first::<3>(x), self.b.first::<3>(y));
        match (a, b) {
            (
                [Value::Int(code), Value::Int(format), Value::Bytes { len: a, at: b }],
                [Value::Int(other), Value::Int(wide), Value::Bytes { len: c, at: d }],
            ) if code == other => {
                let (a, b) = (self.a.bytes(a, b), self.b.bytes(c, d));
                if format == wide { a == b } else { ints(format, a).eq(ints(wide, b)) }
            }
            _ => false,
        }
    }

    fn zone(&mut self, x: NodeId, y: NodeId) -> Result<(), What> {
        let differ = Err(What::Values(Value::Object(x), Value::Object(y)));
        let (Some(a), Some(b)) = (self.a.zone_of(x), self.b.zone_of(y)) else { return differ };
        let alike = match (a, b) {
            (Zone::Fixed { offset_us: a, .. }, Zone::Fixed { offset_us: b, .. }) => a == b,
            (Zone::Pytz { fixed: a, .. }, Zone::Pytz { fixed: b, .. }) => {
                a.map(|(offset, dst, _)| (offset, dst)) == b.map(|(offset, dst, _)| (offset, dst))
            }
            (Zone::PytzMinutes(a), Zone::PytzMinutes(b)) => a == b,
            (Zone::ZoneInfo { .. }, Zone::ZoneInfo { .. })
            | (Zone::DateutilUtc, Zone::DateutilUtc)
            | (Zone::DateutilOffset { .. }, Zone::DateutilOffset { .. })
            | (Zone::DateutilLocal { .. }, Zone::DateutilLocal { .. })
            | (Zone::DateutilFile { .. }, Zone::DateutilFile { .. }) => true,
            _ => false,
        };
        if !alike {
            return differ;
        }
        for (a, b) in a.values().into_iter().zip(b.values()).rev() {
            match (a, b) {
                (None, None) => {}
                (Some(a), Some(b)) => self.open.push(Open::One { label: "zone", pair: Some((a, b)) }),
                _ => return differ,
            }
        }
        Ok(())
    }

    fn record(&mut self, x: NodeId, y: NodeId) -> Result<(), What> {
        let differ = What::Values(Value::Object(x), Value::Object(y));
        let (mut a, mut b) = (self.a.walk(x), self.b.walk(y));
        let mut next = || match (self.a.next_item(&mut a), self.b.next_item(&mut b)) {
            (Some(x), Some(y)) => Ok((x, y)),
            _ => Err(differ),
        };
        let [class, how, args, kwargs] = [next()?, next()?, next()?, next()?];
        if !self.leaves(class.0, class.1) || !self.leaves(how.0, how.1) {
            return Err(differ);
        }
        let (here, there) = (self.a.count(x), self.b.count(y));
        if here != there {
            return Err(What::Count(here, there));
        }
        // The last is compared first.
        self.open.push(Open::Then { a, b, taken: 0 });
        match kwargs {
            (Value::None, Value::None) => {}
            (Value::Object(x), Value::Object(y)) => self.items(Some("kwargs"), true, x, y)?,
            _ => return Err(differ),
        }
        match args {
            (Value::Object(x), Value::Object(y)) => self.items(Some("args"), false, x, y),
            _ => Err(differ),
        }
    }

    /// The way to what is being compared.
    fn place(&self, out: &mut Vec<Part>) {
        for open in &self.open {
            match open {
                Open::Items { label, dict, taken, key, .. } => {
                    let Some(last) = taken.checked_sub(1) else { continue };
                    out.extend(label.map(Part::Field));
                    out.push(match (dict, last % 2) {
                        (false, _) => Part::Index(last),
                        (true, 0) => Part::KeyAt(last / 2),
                        (true, _) => Part::Key(*key),
                    });
                }
                Open::Then { taken, .. } => {
                    let Some(last) = taken.checked_sub(1) else { continue };
                    out.extend([Part::Field("then"), Part::Index(last)]);
                }
                Open::Fields { layout, taken, .. } => {
                    let field = taken.checked_sub(1).and_then(|last| layout.fields().get(last));
                    out.extend(field.map(|field| Part::Field(field.name)));
                }
                Open::One { label, pair: None } => out.push(Part::Field(label)),
                Open::One { .. } => {}
            }
        }
    }
}

/// The ints of an array, by its machine format.
fn ints(format: i64, data: &[u8]) -> impl Iterator<Item = i128> {
    let (width, signed) = match format {
        0 => (1, false),
        1 => (1, true),
        2 => (2, false),
        4 => (2, true),
        6 => (4, false),
        8 => (4, true),
        10 => (8, false),
        12 => (8, true),
        // Floats and characters have one width only; they differ from any int.
        _ => (data.len().max(1), false),
    };
    data.chunks(width).map(move |chunk| {
        let negative = signed && chunk.last().is_some_and(|b| b & 0x80 != 0);
        let mut wide = if negative { [0xff; 16] } else { [0; 16] };
        match wide.get_mut(..chunk.len()) {
            Some(low) => low.copy_from_slice(chunk),
            None => return i128::MAX,
        }
        i128::from_le_bytes(wide)
    })
}
