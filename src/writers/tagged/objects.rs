//! Objects in the tagged mapping: containers, zones, arrays, records, and what is referred to again.

use super::{ITEMS, Step, Tagged};
use crate::error::Error;
use crate::location::Location;
use crate::model::graph::{Kind, Walk, flag};
use crate::model::record::{FIXED, how};
use crate::model::temporal::Zone;
use crate::model::value::{NodeId, Value};
use crate::writers::event::{Lowering, Sink};
use crate::writers::out::DRAIN;
use crate::writers::tag::Tag;
use crate::writers::text;

impl<S: Sink> Tagged<'_, '_, S> {
    #[inline]
    pub(super) fn object(&mut self, id: NodeId) -> Result<(), Error> {
        if self.graph.get(id).flags & flag::SHARED != 0 && self.graph.kind(id).keeps_identity() {
            if let Some(&n) = self.defined.get(&id) {
                self.sink.tag_int(Tag::Ref, n);
                return Ok(());
            }
            let n = self.count;
            self.count += 1;
            self.defined.insert(id, n);
            self.tag_array(Tag::Def, 2)?;
            self.sink.element();
            self.sink.int(i64::from(n));
            self.todo.push(Step::Body(id));
            return Ok(());
        }
        self.body(id)
    }

    pub(super) fn body(&mut self, id: NodeId) -> Result<(), Error> {
        let graph = self.graph;
        let (walk, count) = (graph.walk(id), self.count(id));
        let tag = match graph.kind(id) {
            Kind::List => {
                self.array(count)?;
                self.todo.push(Step::Seq { walk, index: 0 });
                return Ok(());
            }
            Kind::Tuple => Tag::Tuple,
            Kind::Set => Tag::Set,
            Kind::FrozenSet => Tag::FrozenSet,
            Kind::Complex => Tag::Complex,
            Kind::Range => Tag::Range,
            Kind::Slice => Tag::Slice,
            Kind::Dict if self.has_plain_keys(id) => {
                self.deeper(1)?;
                self.sink.begin_map(count / 2);
                self.todo.push(Step::EndMap);
                self.todo.push(Step::Map { walk, key: Value::None });
                return Ok(());
            }
            Kind::Dict => return self.pairs(Tag::Dict, walk, count),
            Kind::Counter => return self.pairs(Tag::Counter, walk, count),
            Kind::OrderedDict => {
                return match graph.extra(id) {
                    None => self.pairs(Tag::OrderedDict, walk, count),
                    Some(state) => self.tag_map(
                        Tag::OrderedDict,
                        vec![Step::PairsField(ITEMS, walk, count / 2), Step::Field("state", state)],
                    ),
                };
            }
            Kind::DefaultDict => {
                let factory = graph.extra(id).unwrap_or(Value::None);
                return self.tag_map(
                    Tag::DefaultDict,
                    vec![Step::Field("factory", factory), Step::PairsField(ITEMS, walk, count / 2)],
                );
            }
            Kind::Deque => {
                let maxlen = graph.extra(id).unwrap_or(Value::None);
                return self
                    .tag_map(Tag::Deque, vec![Step::Field("maxlen", maxlen), Step::SeqField(ITEMS, walk, count)]);
            }
            Kind::Fraction | Kind::Uuid => return self.text_object(id),
            Kind::Zone => return self.zone(id),
            Kind::Array => return self.typed_array(id),
            Kind::Exception => return self.record(Tag::Exception, id),
            Kind::Record => return self.record(Tag::Record, id),
            Kind::Struct(layout) => return self.structure(id, layout),
            Kind::Pending => {
                return Err(Error::unrepresentable("an unfinished object", Location::path(self.path())));
            }
        };
        self.tag_array(tag, count)?;
        self.todo.push(Step::Seq { walk, index: 0 });
        Ok(())
    }

    /// Whether a plain object can carry a dict. The graph's flag does not say: it also falls for a key that was another
    /// spelling of an earlier one (an 8-bit str) and is not there any more.
    pub(super) fn has_plain_keys(&self, id: NodeId) -> bool {
        if let Some(begun) = self.begun {
            return !begun.ints && (S::CAPS.tags_apart || !begun.dollar);
        }
        self.graph.items(id).step_by(2).all(|key| match key {
            Value::Str { len, at } => S::CAPS.tags_apart || !self.graph.text(len, at).starts_with('$'),
            _ => false,
        })
    }

    pub(super) fn pairs(&mut self, tag: Tag, walk: Walk, count: usize) -> Result<(), Error> {
        self.tag_array(tag, count / 2)?;
        self.todo.push(Step::Pairs { walk, key: Value::None });
        Ok(())
    }

    pub(super) fn text_object(&mut self, id: NodeId) -> Result<(), Error> {
        self.scratch.clear();
        if self.graph.kind(id) == Kind::Fraction {
            text::fraction(self.graph, id, &mut self.scratch);
            self.sink.tag_text(Tag::Fraction, &self.scratch);
            return Ok(());
        }
        text::uuid(self.graph, id, &mut self.scratch);
        match self.graph.first::<2>(id) {
            [_, Value::Int(is_safe)] => {
                self.room(S::CAPS.tag_map_depth)?;
                self.sink.begin_tag_map(Tag::Uuid, 2);
                self.sink.key();
                self.sink.str("value");
                self.sink.value();
                self.sink.str(&self.scratch);
                self.name("is_safe");
                self.sink.int(is_safe);
                self.sink.end_tag_map();
            }
            _ => self.sink.tag_text(Tag::Uuid, &self.scratch),
        }
        Ok(())
    }

    pub(super) fn zone(&mut self, id: NodeId) -> Result<(), Error> {
        let Some(zone) = self.graph.zone_of(id) else {
            return Err(Error::unrepresentable("an unfinished time zone", Location::path(self.path())));
        };
        match *zone {
            Zone::Fixed { offset_us, name } => {
                let mut fields = vec![Step::Field("offset_us", Value::Int(offset_us))];
                fields.extend(name.map(|name| Step::Field("name", name)));
                self.tag_map(Tag::Timezone, fields)
            }
            Zone::ZoneInfo { key } => self.tag_name(Tag::ZoneInfo, key),
            Zone::Pytz { zone, fixed: None } => self.tag_name(Tag::Pytz, zone),
            Zone::Pytz { zone, fixed: Some((offset, dst, name)) } => self.tag_map(
                Tag::Pytz,
                vec![
                    Step::Field("zone", zone),
                    Step::Field("utcoffset", Value::Int(i64::from(offset))),
                    Step::Field("dst", Value::Int(i64::from(dst))),
                    Step::Field("name", name),
                ],
            ),
            Zone::PytzMinutes(minutes) => {
                self.tag_map(Tag::Pytz, vec![Step::Field("minutes", Value::Int(i64::from(minutes)))])
            }
            Zone::DateutilUtc => self.dateutil("tzutc", vec![]),
            Zone::DateutilOffset { name, offset } => {
                self.dateutil("tzoffset", vec![Step::Field("name", name), Step::Field("offset", offset)])
            }
            Zone::DateutilLocal { state } => self.dateutil("tzlocal", vec![Step::Field("state", state)]),
            Zone::DateutilFile { name, state } => {
                self.dateutil("tzfile", vec![Step::Field("name", name), Step::Field("state", state)])
            }
        }
    }

    pub(super) fn tag_name(&mut self, tag: Tag, name: Value) -> Result<(), Error> {
        if let Value::Str { len, at } = name {
            self.sink.tag_text(tag, self.graph.text(len, at));
        }
        Ok(())
    }

    pub(super) fn dateutil(&mut self, class: &str, fields: Vec<Step>) -> Result<(), Error> {
        self.deeper(S::CAPS.tag_map_depth)?;
        self.sink.begin_tag_map(Tag::Dateutil, fields.len() + 1);
        self.todo.push(Step::EndTagMap);
        self.name("class");
        self.sink.str(class);
        self.todo.extend(fields.into_iter().rev());
        Ok(())
    }

    pub(super) fn typed_array(&mut self, id: NodeId) -> Result<(), Error> {
        let (typecode, content) = text::array(self.graph, id);
        self.deeper(S::CAPS.tag_map_depth)?;
        self.sink.begin_tag_map(Tag::Array, 2);
        self.name("typecode");
        self.sink.str(typecode.encode_utf8(&mut [0; 4]));
        self.name("values");
        match content {
            text::ArrayContent::Bytes(bytes) if S::CAPS.bytes => self.sink.bytes(bytes),
            text::ArrayContent::Bytes(bytes) => self.sink.tag_bytes(Tag::Bytes, bytes),
            text::ArrayContent::Text(wtf8) => match std::str::from_utf8(&wtf8) {
                Ok(text) => self.sink.str(text),
                Err(_) => self.sink.tag_bytes(Tag::Str, &wtf8),
            },
            text::ArrayContent::Numbers(numbers) => {
                self.room(1)?;
                self.sink.begin_array(numbers.len());
                for number in numbers {
                    self.sink.element();
                    match number {
                        text::Element::Int(n) => self.sink.int(n),
                        text::Element::Uint(n) => match i64::try_from(n) {
                            Ok(n) => self.sink.int(n),
                            Err(_) => self.sink.big_int(&num_bigint::BigInt::from(n)),
                        },
                        text::Element::Float(f) if f.is_finite() || S::CAPS.non_finite => self.sink.float(f),
                        text::Element::Float(f) => self.leaf(Value::float(f))?,
                    }
                    if self.out.is_some() && self.sink.buffer().len() >= DRAIN {
                        self.drain()?;
                    }
                }
                self.sink.end_array();
            }
        }
        self.depth -= S::CAPS.tag_map_depth;
        self.sink.end_tag_map();
        Ok(())
    }

    pub(super) fn record(&mut self, tag: Tag, id: NodeId) -> Result<(), Error> {
        let graph = self.graph;
        let mut walk = graph.walk(id);
        let mut next = || graph.next_item(&mut walk).unwrap_or(Value::None);
        let [class, how, args, kwargs] = [next(), next(), next(), next()];
        let (Value::Global(class), Value::Int(how), Value::Object(args)) = (class, how, args) else {
            return Err(Error::unrepresentable("an unfinished instance", Location::path(self.path())));
        };
        let rest = (graph.count(id) - FIXED) / 2;
        let fields = 3 + usize::from(!matches!(kwargs, Value::None)) + usize::from(rest > 0);
        self.deeper(S::CAPS.tag_map_depth)?;
        self.sink.begin_tag_map(tag, fields);
        self.todo.push(Step::EndTagMap);
        self.name("class");
        self.room(1)?;
        let name = graph.global(class);
        self.sink.begin_array(2);
        for part in [&name.module, &name.name] {
            self.sink.element();
            self.sink.str(part);
        }
        self.sink.end_array();
        self.name("how");
        self.sink.str(how::word(how));
        if rest > 0 {
            self.todo.push(Step::ThenField(walk, rest));
        }
        if let Value::Object(kwargs) = kwargs {
            self.todo.push(Step::PairsField("kwargs", graph.walk(kwargs), graph.count(kwargs) / 2));
        }
        self.todo.push(Step::SeqField("args", graph.walk(args), graph.count(args)));
        Ok(())
    }
}
