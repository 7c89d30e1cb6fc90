//! What one value is in a column: the same answer for the pass that infers types and the pass that builds columns.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::datatypes::TimeUnit;
use num_bigint::BigInt;

use super::units::offset;
use super::view::ArrayView;
use crate::model::graph::{self, Graph, Kind};
use crate::model::number::{self, Number};
use crate::model::temporal::{self, Date, MICROS_PER_DAY, Time, Zone};
use crate::model::value::{NodeId, Singleton, Tz, Value};
use crate::model::zones::Zones;
use crate::report::ledger::Step;
use crate::writers::natural::{Py2Text, py2_text};
use crate::writers::options::{Surrogates, WriteOptions};
use crate::writers::{records, text};

/// Days from 0001-01-01 to 1970-01-01.
const EPOCH: i64 = 719_162;

/// The zone of a timestamp, as a place in the eye's list of names.
pub(super) type ZoneIndex = usize;

/// The place of UTC in the list of names.
pub(super) const UTC: ZoneIndex = 0;

/// What a value is in a column.
#[derive(Debug)]
pub(super) enum Seen<'g> {
    Null,
    Bool(bool),
    Int(i64),
    /// Beyond 63 bits.
    Big(BigInt),
    Float(f64),
    Text(Cow<'g, str>),
    Bytes(&'g [u8]),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Since 1970, of UTC where there is a zone.
    Stamp {
        at: i64,
        unit: TimeUnit,
        zone: Option<ZoneIndex>,
    },
    Span {
        length: i128,
        unit: TimeUnit,
    },
    /// A finite decimal.
    Decimal {
        digits: BigInt,
        exponent: i64,
    },
    /// A decimal that is no finite number, or a zero below zero.
    OddDecimal,
    Uuid(&'g [u8]),
    Complex(f64, f64),
    List(Items<'g>),
    Dict(NodeId),
    Fields(Vec<(Cow<'g, str>, Value)>),
    /// Nothing that a column has a type for.
    Other,
}

/// The items of a value that is a list in a column.
#[derive(Debug)]
pub(super) enum Items<'g> {
    Graph(NodeId),
    /// Numbers of an `array.array`.
    Numbers(NodeId),
    Array(ArrayView<'g>),
}

/// What a text policy refuses, and what helps.
#[derive(Debug)]
pub(super) struct Refusal {
    pub what: String,
    pub hint: &'static str,
    /// More was spelled out than the output may have bytes.
    pub over: bool,
}

/// Looks at values; knows the options and the zones of one graph.
pub(super) struct Eye<'g> {
    pub graph: &'g Graph,
    pub options: &'g WriteOptions,
    known: Known,
    /// A float that is NaN stands for a missing value beside values of another kind, as in the object columns of pandas.
    pub nan_is_missing: bool,
    /// How many times as many rows are expected as were seen; 1 where all of them were.
    pub ahead: u64,
    /// What was not exact about the value last looked at.
    pub steps: Vec<Step>,
}

/// Where the text of a key lies: where the spot is the same, the key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spot {
    /// Graphs are counted from 1 on, so that the default is no spot at all.
    graph: u64,
    len: u32,
    at: u64,
}

/// What an eye knows without a graph.
pub(crate) struct Known {
    /// Graphs that were looked at before, and times that they were used again.
    graphs: u64,
    zones: Zones,
    /// Names of zones, UTC first.
    names: Vec<String>,
    /// Zones that were named before, and whether more than that name was there.
    named: HashMap<NodeId, (ZoneIndex, bool)>,
    /// Elements of arrays that cells spelled out, in both passes, and how many may be.
    elements: u64,
    max_elements: u64,
}

impl Known {
    pub fn new(max_output: u64) -> Self {
        Known {
            graphs: 0,
            zones: Zones::new(),
            names: vec!["UTC".to_owned()],
            named: HashMap::new(),
            elements: 0,
            max_elements: max_output.saturating_mul(2),
        }
    }

    /// Forgets the objects for which `keep` is false.
    pub fn retain(&mut self, keep: impl Fn(NodeId) -> bool) {
        self.zones.retain(&keep);
        self.named.retain(|id, _| keep(*id));
    }

    /// Whether a second pass over the same cells would spell out more elements of arrays than may be.
    pub fn is_half_spent(&self) -> bool {
        self.elements > self.max_elements / 2
    }

    /// The name of a zone, as Arrow spells it.
    pub fn zone_name(&self, index: ZoneIndex) -> &str {
        self.names.get(index).map_or("UTC", String::as_str)
    }
}

impl<'g> Eye<'g> {
    pub fn new(graph: &'g Graph, options: &'g WriteOptions, max_output: u64) -> Self {
        Self::knowing(graph, options, Known::new(max_output))
    }

    /// An eye that goes on where another one, of another graph, was put aside.
    pub fn knowing(graph: &'g Graph, options: &'g WriteOptions, mut known: Known) -> Self {
        known.graphs += 1;
        Eye { graph, options, known, nan_is_missing: false, ahead: 1, steps: Vec::new() }
    }

    /// Puts the eye aside.
    pub fn into_known(self) -> Known {
        self.known
    }

    /// The name of a zone, as Arrow spells it.
    pub fn zone_name(&self, index: ZoneIndex) -> &str {
        self.known.zone_name(index)
    }

    /// What `value` is; [`Eye::steps`] says what was not exact about it.
    ///
    /// # Errors
    /// Text that the options refuse.
    pub fn see(&mut self, value: Value) -> Result<Seen<'g>, Refusal> {
        self.steps.clear();
        let graph = self.graph;
        Ok(match value {
            Value::None => Seen::Null,
            Value::Bool(b) => Seen::Bool(b),
            Value::Int(n) => Seen::Int(n),
            Value::Big { len, at } => Seen::Big(graph.big_int(len, at)),
            Value::Float { value, .. } => Seen::Float(value),
            Value::Str { len, at } => Seen::Text(Cow::Borrowed(graph.text(len, at))),
            Value::Wtf8 { len, at } => Seen::Text(self.surrogates(graph.bytes(len, at))?),
            Value::Py2Str { len, at } => return self.py2(graph.bytes(len, at)),
            Value::Bytes { len, at } => Seen::Bytes(graph.bytes(len, at)),
            Value::ByteArray { len, at } => {
                self.steps.push(Step::ByteArray);
                Seen::Bytes(graph.bytes(len, at))
            }
            Value::Date(packed) => Seen::Date((Date::unpack(packed).days() - EPOCH) as i32),
            Value::Time { tz, packed } => {
                let time = Time::unpack(packed);
                if time.fold {
                    self.steps.push(Step::FoldLost);
                }
                if tz.id().is_none() {
                    return Ok(Seen::Time(time.micros()));
                }
                self.steps.clear();
                let mut out = String::new();
                let Ok(dropped) = text::time(graph, &mut self.known.zones, tz, packed, &mut out) else {
                    return Ok(Seen::Other);
                };
                self.steps.push(Step::Temporal);
                self.dropped(dropped);
                Seen::Text(out.into())
            }
            Value::DateTime { tz, packed } => self.stamp(tz, packed),
            Value::TimeDelta { days, rest } => {
                let length = temporal::timedelta_micros(days, rest);
                if i64::try_from(length).is_err() {
                    self.steps.push(Step::Duration);
                    let mut out = String::new();
                    temporal::write_duration(days, rest, &mut out);
                    return Ok(Seen::Text(out.into()));
                }
                Seen::Span { length, unit: TimeUnit::Microsecond }
            }
            Value::Decimal { len, at } => Self::decimal(graph.text(len, at)),
            Value::Path { len, at, .. } => {
                self.steps.push(Step::Text);
                match std::str::from_utf8(graph.bytes(len, at)) {
                    Ok(text) => Seen::Text(text.into()),
                    Err(_) => Seen::Text(self.surrogates(graph.bytes(len, at))?),
                }
            }
            Value::Ip { len, at, .. } => {
                self.steps.push(Step::Text);
                Seen::Text(graph.text(len, at).into())
            }
            Value::Singleton(Singleton::NaT | Singleton::NA | Singleton::Masked) => {
                self.steps.push(Step::Missing);
                Seen::Null
            }
            Value::Singleton(s) => {
                self.steps.push(Step::Name);
                Seen::Text(s.name().into())
            }
            Value::Global(index) => {
                self.steps.push(Step::Name);
                let mut out = String::new();
                text::global(graph, index, &mut out);
                Seen::Text(out.into())
            }
            Value::Object(id) => return self.object(id),
            Value::Unknown => Seen::Other,
        })
    }

    fn object(&mut self, id: NodeId) -> Result<Seen<'g>, Refusal> {
        let graph = self.graph;
        Ok(match graph.kind(id) {
            Kind::List => Seen::List(Items::Graph(id)),
            Kind::Tuple => {
                self.steps.push(Step::Tuple);
                Seen::List(Items::Graph(id))
            }
            Kind::Set | Kind::FrozenSet => {
                self.steps.push(Step::Set);
                Seen::List(Items::Graph(id))
            }
            Kind::Deque => {
                self.steps.push(Step::Deque);
                if graph.extra(id).is_some() {
                    self.steps.push(Step::MaxlenLost);
                }
                Seen::List(Items::Graph(id))
            }
            Kind::Dict => Seen::Dict(id),
            kind @ (Kind::OrderedDict | Kind::DefaultDict | Kind::Counter) => {
                self.steps.push(Step::Dict);
                match (kind, graph.extra(id)) {
                    (Kind::DefaultDict, Some(_)) => self.steps.push(Step::FactoryLost),
                    (Kind::OrderedDict, Some(_)) => self.steps.push(Step::AttributesLost),
                    _ => {}
                }
                Seen::Dict(id)
            }
            Kind::Complex => match graph.first::<2>(id) {
                [Value::Float { value: re, .. }, Value::Float { value: im, .. }] => {
                    self.steps.push(Step::Complex);
                    Seen::Complex(re, im)
                }
                _ => Seen::Other,
            },
            Kind::Fraction => {
                self.steps.push(Step::Number);
                let mut out = String::new();
                text::fraction(graph, id, &mut out);
                Seen::Text(out.into())
            }
            Kind::Range | Kind::Slice => {
                self.steps.push(Step::Range);
                let [start, stop, step] = graph.first::<3>(id);
                Seen::Fields(vec![("start".into(), start), ("stop".into(), stop), ("step".into(), step)])
            }
            Kind::Array => {
                let content = text::array(graph, id).1;
                if let text::ArrayContent::Numbers(numbers) = &content {
                    self.spell_out(numbers.len())?;
                }
                self.steps.push(Step::Array);
                match content {
                    text::ArrayContent::Numbers(_) => Seen::List(Items::Numbers(id)),
                    text::ArrayContent::Bytes(bytes) => Seen::Bytes(bytes),
                    text::ArrayContent::Text(text) => match String::from_utf8(text) {
                        Ok(text) => Seen::Text(text.into()),
                        Err(_) => Seen::Other,
                    },
                }
            }
            Kind::Uuid => match graph.first::<2>(id) {
                [Value::Bytes { len, at }, safe] if graph.bytes(len, at).len() == 16 => {
                    if !matches!(safe, Value::None) {
                        self.steps.push(Step::SafetyLost);
                    }
                    Seen::Uuid(graph.bytes(len, at))
                }
                _ => Seen::Other,
            },
            Kind::Zone => {
                self.steps.push(Step::Zone);
                if text::zone_has_more(graph, id) {
                    self.steps.push(Step::OffsetLost);
                }
                let mut out = String::new();
                text::zone(graph, id, &mut out);
                Seen::Text(out.into())
            }
            Kind::Exception | Kind::Record => self.record(id),
            Kind::Struct(layout) => {
                let seen = self.structure(id, layout);
                if let Seen::List(Items::Array(view)) = &seen {
                    self.spell_out(view.count())?;
                }
                seen
            }
            Kind::Pending => Seen::Other,
        })
    }

    /// Pays for the elements of an array in a cell: one array may stand in many.
    fn spell_out(&mut self, elements: usize) -> Result<(), Refusal> {
        self.known.elements = self.known.elements.saturating_add(elements as u64);
        if self.known.elements > self.known.max_elements {
            return Err(Refusal { what: String::new(), hint: "", over: true });
        }
        Ok(())
    }

    fn surrogates(&mut self, bytes: &[u8]) -> Result<Cow<'g, str>, Refusal> {
        if self.options.surrogates == Surrogates::Replace {
            self.steps.push(Step::SurrogatesLost);
            return Ok(crate::writers::natural::replace_surrogates(bytes).into());
        }
        Err(Refusal {
            what: "expected a str that UTF-8 can hold, found lone surrogates".to_owned(),
            hint: "`--surrogates replace` writes U+FFFD, `--to json --lossless` keeps them",
            over: false,
        })
    }

    fn py2(&mut self, bytes: &'g [u8]) -> Result<Seen<'g>, Refusal> {
        match py2_text(bytes, self.options.py2_str) {
            Py2Text::Str(text) => {
                self.steps.push(Step::Py2Text);
                Ok(Seen::Text(text))
            }
            Py2Text::Bytes => {
                self.steps.push(Step::Py2Bytes);
                Ok(Seen::Bytes(bytes))
            }
            Py2Text::NotUtf8 => Err(Refusal {
                what: "expected a Python 2 str in UTF-8, found other bytes".to_owned(),
                hint: "`--py2-str auto`, `latin-1` or `bytes` reads it",
                over: false,
            }),
        }
    }

    fn dropped(&mut self, dropped: text::Dropped) {
        if dropped.zone {
            self.steps.push(Step::ZoneLost);
        }
        if dropped.fold {
            self.steps.push(Step::FoldLost);
        }
    }

    fn stamp(&mut self, tz: Tz, packed: u64) -> Seen<'g> {
        let local = temporal::local_micros(packed) - EPOCH * MICROS_PER_DAY;
        let Some(id) = tz.id() else {
            if temporal::unpack_datetime(packed).1.fold {
                self.steps.push(Step::FoldLost);
            }
            return Seen::Stamp { at: local, unit: TimeUnit::Microsecond, zone: None };
        };
        let Ok(Some(offset)) = self.known.zones.utc_offset(self.graph, id, Some(packed)) else { return Seen::Other };
        match self.zone(id) {
            Some(zone) => Seen::Stamp { at: local - offset, unit: TimeUnit::Microsecond, zone: Some(zone) },
            None => Seen::Other,
        }
    }

    /// The place of a zone's name; one that Arrow has no name for counts as UTC, and loses it.
    pub fn zone(&mut self, id: NodeId) -> Option<ZoneIndex> {
        if let Some(&(index, lost)) = self.known.named.get(&id) {
            if lost {
                self.steps.push(Step::ZoneLost);
            }
            return Some(index);
        }
        let graph = self.graph;
        let name = |value: &Value| match value {
            Value::Str { len, at } => Some(graph.text(*len, *at).to_owned()),
            _ => None,
        };
        let (name, lost) = match graph.zone_of(id)? {
            Zone::Fixed { offset_us, name } => {
                let fixed = offset(*offset_us);
                (fixed.clone(), name.is_some() || fixed.is_none())
            }
            Zone::ZoneInfo { key } => (name(key), false),
            Zone::Pytz { zone, .. } => (name(zone), false),
            Zone::PytzMinutes(minutes) => (offset(i64::from(*minutes) * 60_000_000), false),
            Zone::DateutilUtc => (Some("UTC".to_owned()), false),
            Zone::DateutilOffset { name, offset: Value::TimeDelta { days, rest } } => {
                let fixed = i64::try_from(temporal::timedelta_micros(*days, *rest)).ok().and_then(offset);
                (fixed.clone(), matches!(name, Value::Str { .. }) || fixed.is_none())
            }
            Zone::DateutilOffset { .. } | Zone::DateutilLocal { .. } | Zone::DateutilFile { .. } => (None, true),
        };
        let name = name.unwrap_or_else(|| "UTC".to_owned());
        let index = self.known.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.known.names.push(name);
            self.known.names.len() - 1
        });
        self.known.named.insert(id, (index, lost));
        if lost {
            self.steps.push(Step::ZoneLost);
        }
        Some(index)
    }

    fn decimal(text: &'g str) -> Seen<'g> {
        match number::decimal(text) {
            Some(Number::Decimal(digits, exponent)) if digits != BigInt::ZERO || !text.starts_with('-') => {
                Seen::Decimal { digits, exponent }
            }
            _ => Seen::OddDecimal,
        }
    }

    fn record(&mut self, id: NodeId) -> Seen<'g> {
        let mut pool = Vec::new();
        let shape = records::fields(self.graph, id, self.options.class_key.is_some(), &mut pool);
        self.steps.push(Step::Record);
        match shape {
            Ok(records::Shape::Array(list)) => Seen::List(Items::Graph(list)),
            Ok(records::Shape::Fields) => {
                let mut fields = Vec::with_capacity(pool.len());
                for field in pool {
                    let name: Cow<'g, str> = match field.name {
                        records::Name::Fixed(records::DICT_ITEMS) => return self.other(),
                        records::Name::Fixed(name) => name.into(),
                        records::Name::Class => self.options.class_key.clone().unwrap_or_default().into(),
                        records::Name::Key(key) => match self.key(key) {
                            Some((name, _)) => name,
                            None => return self.other(),
                        },
                    };
                    fields.push((name, field.value));
                }
                Seen::Fields(fields)
            }
            Err(_) => self.other(),
        }
    }

    fn other(&mut self) -> Seen<'g> {
        self.steps.clear();
        Seen::Other
    }

    /// Where the text of a key lies, if it is a str.
    #[inline]
    pub fn spot(&self, key: Value) -> Option<Spot> {
        match key {
            Value::Str { len, at } => Some(Spot { graph: self.known.graphs, len, at }),
            _ => None,
        }
    }

    /// The text of a key, and whether it is a str; `None` where no text stands for it.
    pub fn key(&mut self, key: Value) -> Option<(Cow<'g, str>, bool)> {
        match key {
            Value::Str { len, at } => Some((self.graph.text(len, at).into(), true)),
            Value::Py2Str { len, at } => match py2_text(self.graph.bytes(len, at), self.options.py2_str) {
                Py2Text::Str(text) => Some((text, true)),
                Py2Text::Bytes | Py2Text::NotUtf8 => None,
            },
            other => {
                let mut out = String::new();
                match text::key(self.graph, &mut self.known.zones, other, &mut out) {
                    Ok(true) => Some((out.into(), false)),
                    Ok(false) | Err(_) => None,
                }
            }
        }
    }

    /// The values of a list of the graph.
    pub fn values(&self, id: NodeId) -> graph::Items<'g> {
        self.graph.items(id)
    }
}
