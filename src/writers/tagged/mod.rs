//! The tagged mapping: every value of the model in exactly one form, every step exact (docs/mapping.md).
//!
//! Shared objects are written once as `$def` and referred to by `$ref`, numbered in output order; cycles are nothing special.

mod objects;
mod structures;
mod suspended;

pub(crate) use suspended::Suspended;

use std::collections::HashMap;

use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::model::graph::{Graph, Walk};
use crate::model::layout::Field;
use crate::model::record::then;
use crate::model::temporal::{self, Time};
use crate::model::value::{NodeId, Tz, Value};
use crate::writers::event::{Begun, Lowering, Place, Sink};
use crate::writers::out::{DRAIN, Out};
use crate::writers::tag::Tag;
use crate::writers::{check, path, text};

/// The field of a container's items.
const ITEMS: &str = "items";

/// What is left to do.
enum Step {
    Seq {
        walk: Walk,
        index: u64,
    },
    /// Values that stand alone, a line each.
    Lines {
        walk: Walk,
        index: u64,
        started: bool,
    },
    /// Entries of a plain object.
    Map {
        walk: Walk,
        key: Value,
    },
    Pairs {
        walk: Walk,
        key: Value,
    },
    /// What was done to a record: pairs of a kind and a value.
    Then {
        walk: Walk,
        index: u64,
    },
    /// The field that is being written; for paths.
    In(&'static str),
    Element(Value),
    /// A named field of a tagged map.
    Field(&'static str, Value),
    /// A named field that holds pairs.
    PairsField(&'static str, Walk, usize),
    /// A named field that holds an array.
    SeqField(&'static str, Walk, usize),
    /// A named field that holds what was done to a record.
    ThenField(Walk, usize),
    /// A field of an object of named fields.
    Part(NodeId, &'static Field, Value),
    /// An element of a `$def`: the object itself.
    Body(NodeId),
    EndArray,
    EndMap,
    EndTagArray,
    EndTagMap,
}

pub(crate) struct Tagged<'a, 'w, S: Sink> {
    graph: &'a Graph,
    sink: S,
    out: Option<Out<'w>>,
    todo: Vec<Step>,
    scratch: String,
    prefix: String,
    depth: u32,
    max_depth: u32,
    defined: HashMap<NodeId, u32>,
    /// Definitions so far.
    count: u32,
    /// Containers that are written in parts, each in the one before it.
    levels: Vec<suspended::Level>,
    /// The container that begins now.
    begun: Option<Begun>,
}

/// One value as a line of tagged JSON, for paths and messages.
#[cfg(feature = "json")]
pub(crate) fn inline(graph: &Graph, value: Value) -> String {
    let mut writer = Tagged::new(graph, crate::writers::json::compact(), None, 64);
    match writer.write(value, "") {
        Ok(()) => String::from_utf8_lossy(writer.sink.buffer()).into_owned(),
        Err(_) => "…".to_owned(),
    }
}

/// Without JSON a key is shown by its type only.
#[cfg(not(feature = "json"))]
pub(crate) fn inline(graph: &Graph, value: Value) -> String {
    crate::model::type_name::type_name(graph, value).to_owned()
}

impl<S: Sink> Lowering for Tagged<'_, '_, S> {
    type Sink = S;

    fn sink(&mut self) -> &mut S {
        self.sink()
    }

    fn write(&mut self, value: Value, prefix: &str) -> Result<(), Error> {
        self.write(value, prefix)
    }

    fn write_rows(&mut self, walk: Walk, first: u64, prefix: &str) -> Result<(), Error> {
        self.prefix.clear();
        self.prefix.push_str(prefix);
        self.todo.push(Step::Lines { walk, index: first, started: false });
        self.run()
    }

    fn begin(&mut self, begun: Begun, place: Place, prefix: &str) -> Result<(), Error> {
        self.begin(begun, place, prefix)
    }

    fn next_part(&mut self, walk: Walk, first: u64) -> Result<(), Error> {
        self.next_part(walk, first)
    }

    fn end(&mut self) -> Result<(), Error> {
        self.end()
    }

    fn write_row(&mut self, value: Value, prefix: &str) -> Result<(), Error> {
        self.forget();
        self.write(value, prefix)?;
        self.sink.end_row();
        Ok(())
    }

    fn drain(&mut self) -> Result<(), Error> {
        match &mut self.out {
            Some(out) => out.drain(self.sink.buffer()),
            None => Ok(()),
        }
    }

    fn finish(self) -> Result<u64, Error> {
        self.finish()
    }
}

impl<'a, 'w, S: Sink> Tagged<'a, 'w, S> {
    pub fn new(graph: &'a Graph, sink: S, out: Option<Out<'w>>, max_depth: u32) -> Self {
        Tagged {
            graph,
            sink,
            out,
            todo: Vec::new(),
            scratch: String::new(),
            prefix: "$".to_owned(),
            depth: 0,
            max_depth: max_depth.min(S::CAPS.max_depth),
            defined: HashMap::new(),
            count: 0,
            levels: Vec::new(),
            begun: None,
        }
    }

    pub fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Passes on what is buffered; returns the bytes written in all.
    pub fn finish(mut self) -> Result<u64, Error> {
        self.drain()?;
        Ok(self.out.map_or(0, |out| out.written()))
    }

    /// Writes one value; `prefix` is its path.
    pub fn write(&mut self, value: Value, prefix: &str) -> Result<(), Error> {
        self.prefix.clear();
        self.prefix.push_str(prefix);
        self.emit(value)?;
        self.run()
    }

    /// What is left to do.
    fn run(&mut self) -> Result<(), Error> {
        while let Some(step) = self.todo.last_mut() {
            match step {
                Step::Seq { walk, index } => {
                    let Some(value) = self.graph.next_item(walk) else {
                        self.todo.pop();
                        continue;
                    };
                    *index += 1;
                    self.sink.element();
                    self.emit(value)?;
                }
                Step::Lines { walk, index, started } => {
                    if std::mem::replace(started, true) {
                        self.sink.end_row();
                    }
                    let Some(value) = self.graph.next_item(walk) else {
                        self.todo.pop();
                        continue;
                    };
                    *index += 1;
                    self.defined.clear();
                    self.count = 0;
                    self.emit(value)?;
                }
                Step::Map { walk, key } => {
                    let (Some(k), Some(value)) = (self.graph.next_item(walk), self.graph.next_item(walk)) else {
                        self.todo.pop();
                        continue;
                    };
                    *key = k;
                    self.sink.key();
                    if let Value::Str { len, at } = k {
                        self.sink.str(self.graph.text(len, at));
                    }
                    self.sink.value();
                    self.emit(value)?;
                }
                Step::Pairs { walk, key } => {
                    let (Some(k), Some(value)) = (self.graph.next_item(walk), self.graph.next_item(walk)) else {
                        self.todo.pop();
                        continue;
                    };
                    *key = k;
                    self.sink.element();
                    self.deeper(1)?;
                    self.sink.begin_array(2);
                    self.todo.extend([Step::EndArray, Step::Element(value), Step::Element(k)]);
                }
                Step::Then { walk, index } => {
                    let (Some(Value::Int(what)), Some(value)) =
                        (self.graph.next_item(walk), self.graph.next_item(walk))
                    else {
                        self.todo.pop();
                        continue;
                    };
                    *index += 1;
                    self.sink.element();
                    self.deeper(1)?;
                    self.sink.begin_map(1);
                    self.todo.push(Step::EndMap);
                    self.then(what, value);
                }
                _ => {
                    if let Some(step) = self.todo.pop() {
                        self.rest(step)?;
                    }
                }
            }
            if self.sink.too_long().is_some() {
                return Err(self.too_long());
            }
            if self.out.is_some() && self.sink.buffer().len() >= DRAIN {
                self.drain()?;
            }
        }
        match self.sink.too_long() {
            Some(_) => Err(self.too_long()),
            None => Ok(()),
        }
    }

    fn rest(&mut self, step: Step) -> Result<(), Error> {
        match step {
            Step::Element(value) => {
                self.sink.element();
                self.emit(value)?;
            }
            Step::Field(name, value) => {
                self.todo.push(Step::In(name));
                self.name(name);
                self.emit(value)?;
            }
            Step::PairsField(name, walk, len) => {
                self.within(name);
                self.name(name);
                self.array(len)?;
                self.todo.push(Step::Pairs { walk, key: Value::None });
            }
            Step::SeqField(name, walk, len) => {
                self.within(name);
                self.name(name);
                self.array(len)?;
                self.todo.push(Step::Seq { walk, index: 0 });
            }
            Step::ThenField(walk, len) => {
                self.name("then");
                self.array(len)?;
                self.todo.push(Step::Then { walk, index: 0 });
            }
            Step::In(_) => {}
            Step::Part(id, field, value) => self.part(id, field, value)?,
            Step::Body(id) => {
                self.sink.element();
                self.body(id)?;
            }
            Step::EndArray => {
                self.depth -= 1;
                self.sink.end_array();
            }
            Step::EndMap => {
                self.depth -= 1;
                self.sink.end_map();
            }
            Step::EndTagArray => {
                self.depth -= S::CAPS.tag_array_depth;
                self.sink.end_tag_array();
            }
            Step::EndTagMap => {
                self.depth -= S::CAPS.tag_map_depth;
                self.sink.end_tag_map();
            }
            Step::Seq { .. } | Step::Lines { .. } | Step::Map { .. } | Step::Pairs { .. } | Step::Then { .. } => {
                self.todo.push(step)
            }
        }
        Ok(())
    }

    /// Notes the field of an instance; the items of a container have no name of their own in a path.
    fn within(&mut self, name: &'static str) {
        if name != ITEMS || matches!(self.todo.iter().nth_back(1), Some(Step::Then { .. })) {
            self.todo.push(Step::In(name));
        }
    }

    fn name(&mut self, name: &str) {
        self.sink.key();
        self.sink.str(name);
        self.sink.value();
    }

    fn array(&mut self, len: usize) -> Result<(), Error> {
        self.deeper(1)?;
        self.sink.begin_array(len);
        self.todo.push(Step::EndArray);
        Ok(())
    }

    fn tag_array(&mut self, tag: Tag, len: usize) -> Result<(), Error> {
        self.deeper(S::CAPS.tag_array_depth)?;
        self.sink.begin_tag_array(tag, len);
        self.todo.push(Step::EndTagArray);
        Ok(())
    }

    /// A tagged map; fields are given in order.
    fn tag_map(&mut self, tag: Tag, mut fields: Vec<Step>) -> Result<(), Error> {
        self.deeper(S::CAPS.tag_map_depth)?;
        self.sink.begin_tag_map(tag, fields.len());
        self.todo.push(Step::EndTagMap);
        fields.reverse();
        self.todo.append(&mut fields);
        Ok(())
    }

    fn then(&mut self, what: i64, value: Value) {
        let walk = |value| match value {
            Value::Object(id) => (self.graph.walk(id), self.graph.count(id)),
            _ => (self.graph.walk(NodeId(0)), 0),
        };
        let word = then::word(what);
        let step = match what {
            then::STATE => Step::Field(word, value),
            then::DICT_ITEMS => {
                let (walk, len) = walk(value);
                Step::PairsField(word, walk, len / 2)
            }
            _ => {
                let (walk, len) = walk(value);
                Step::SeqField(word, walk, len)
            }
        };
        self.todo.push(step);
    }

    // ---- values

    #[inline]
    fn emit(&mut self, value: Value) -> Result<(), Error> {
        match value {
            Value::Str { len, at } => self.sink.str(self.graph.text(len, at)),
            Value::Int(n) => self.sink.int(n),
            Value::Object(id) => return self.object(id),
            Value::None => self.sink.null(),
            Value::Bool(b) => self.sink.bool(b),
            Value::Float { value, .. } if value.is_finite() || S::CAPS.non_finite => self.sink.float(value),
            other => return self.leaf(other),
        }
        Ok(())
    }

    fn leaf(&mut self, value: Value) -> Result<(), Error> {
        self.scratch.clear();
        match value {
            Value::Float { value, .. } => {
                let bits = value.to_bits();
                if value.is_nan() && bits != 0x7ff8 << 48 {
                    self.scratch = format!("nan:{bits:016x}");
                } else {
                    crate::repr::float(value, &mut self.scratch);
                }
                self.sink.tag_text(Tag::Float, &self.scratch);
            }
            Value::Big { len, at } => {
                let big = self.graph.big_int(len, at);
                if S::CAPS.big_ints || u64::try_from(&big).is_ok() {
                    self.sink.big_int(&big);
                } else {
                    self.sink.tag_bytes(Tag::Int, &big.to_signed_bytes_be());
                }
            }
            Value::Wtf8 { len, at } => self.sink.tag_bytes(Tag::Str, self.graph.bytes(len, at)),
            Value::Py2Str { len, at } if S::CAPS.bytes => return self.bytes(Some(Tag::Py2Str), len, at),
            Value::Py2Str { len, at } => {
                self.scratch.extend(self.graph.bytes(len, at).iter().map(|&b| char::from(b)));
                self.sink.tag_text(Tag::Py2Str, &self.scratch);
            }
            Value::Bytes { len, at } if S::CAPS.bytes => return self.bytes(None, len, at),
            Value::Bytes { len, at } => return self.bytes(Some(Tag::Bytes), len, at),
            Value::ByteArray { len, at } => return self.bytes(Some(Tag::ByteArray), len, at),
            Value::Date(packed) => {
                text::date(packed, &mut self.scratch);
                self.sink.tag_text(Tag::Date, &self.scratch);
            }
            Value::Time { tz, packed } => {
                let time = Time::unpack(packed);
                time.write(&mut self.scratch);
                return self.temporal(Tag::Time, tz, time.fold);
            }
            Value::DateTime { tz, packed } => {
                temporal::write_datetime(packed, &mut self.scratch);
                return self.temporal(Tag::DateTime, tz, temporal::unpack_datetime(packed).1.fold);
            }
            Value::TimeDelta { days, rest } => {
                self.room(S::CAPS.tag_array_depth)?;
                self.sink.begin_tag_array(Tag::TimeDelta, 3);
                for part in [i64::from(days), (rest / 1_000_000) as i64, (rest % 1_000_000) as i64] {
                    self.sink.element();
                    self.sink.int(part);
                }
                self.sink.end_tag_array();
            }
            Value::Decimal { len, at } => self.sink.tag_text(Tag::Decimal, self.graph.text(len, at)),
            Value::Path { class, len, at } => {
                let bytes = self.graph.bytes(len, at);
                self.room(S::CAPS.tag_map_depth)?;
                self.sink.begin_tag_map(Tag::Path, 2);
                self.name("class");
                self.sink.str(class.name());
                self.name("path");
                match std::str::from_utf8(bytes) {
                    Ok(text) => self.sink.str(text),
                    Err(_) => self.sink.tag_bytes(Tag::Str, bytes),
                }
                self.sink.end_tag_map();
            }
            Value::Ip { class, len, at } => {
                self.room(S::CAPS.tag_map_depth)?;
                self.sink.begin_tag_map(Tag::Ip, 2);
                self.name("class");
                self.sink.str(class.name());
                self.name("value");
                self.sink.str(self.graph.text(len, at));
                self.sink.end_tag_map();
            }
            Value::Singleton(s) => self.sink.tag_text(Tag::Singleton, s.name()),
            Value::Global(index) => return self.global(index),
            Value::None | Value::Unknown => self.sink.null(),
            Value::Bool(b) => self.sink.bool(b),
            Value::Int(n) => self.sink.int(n),
            Value::Str { len, at } => self.sink.str(self.graph.text(len, at)),
            Value::Object(id) => return self.object(id),
        }
        Ok(())
    }

    fn global(&mut self, index: u32) -> Result<(), Error> {
        self.room(S::CAPS.tag_array_depth)?;
        let name = self.graph.global(index);
        self.sink.begin_tag_array(Tag::Global, 2);
        for part in [&name.module, &name.name] {
            self.sink.element();
            self.sink.str(part);
        }
        self.sink.end_tag_array();
        Ok(())
    }

    /// A time or datetime whose local text is in `scratch`.
    fn temporal(&mut self, tag: Tag, tz: Tz, fold: bool) -> Result<(), Error> {
        if tz.id().is_none() && !fold {
            self.sink.tag_text(tag, &self.scratch);
            return Ok(());
        }
        self.deeper(S::CAPS.tag_map_depth)?;
        self.sink.begin_tag_map(tag, 1 + usize::from(fold) + usize::from(tz.id().is_some()));
        self.todo.push(Step::EndTagMap);
        self.sink.key();
        self.sink.str("local");
        self.sink.value();
        self.sink.str(&self.scratch);
        if fold {
            self.name("fold");
            self.sink.int(1);
        }
        if let Some(id) = tz.id() {
            self.todo.push(Step::Field("tz", Value::Object(id)));
        }
        Ok(())
    }

    // ---- depth and places

    #[inline]
    fn deeper(&mut self, levels: u32) -> Result<(), Error> {
        self.depth += levels;
        self.room(0)
    }

    /// Checks that there is room for so many more levels.
    #[inline]
    fn room(&self, levels: u32) -> Result<(), Error> {
        let depth = self.depth + levels;
        if depth > self.max_depth { Err(self.too_deep(depth)) } else { Ok(()) }
    }

    #[cold]
    fn too_deep(&self, depth: u32) -> Error {
        let at = Location::path(self.path());
        if self.max_depth == S::CAPS.max_depth {
            return check::too_deep(self.max_depth, at);
        }
        Limit::Depth.exceeded(u64::from(depth), u64::from(self.max_depth), at)
    }

    #[cold]
    fn too_long(&self) -> Error {
        check::too_long(self.sink.too_long().unwrap_or(0), Location::path(self.path()))
    }

    #[cold]
    fn path(&self) -> String {
        let mut out = self.prefix.clone();
        for step in &self.todo {
            if path::cut(&mut out) {
                break;
            }
            match step {
                Step::Seq { index, .. } | Step::Lines { index, .. } if *index > 0 => {
                    path::push_index(index - 1, &mut out)
                }
                Step::Map { key, .. } | Step::Pairs { key, .. } if self.out.is_some() => {
                    path::push_key(self.graph, *key, &mut out);
                }
                Step::Then { index, .. } if *index > 0 => {
                    out.push_str(".then");
                    path::push_index(index - 1, &mut out);
                }
                Step::In(name) => path::push_name(name, &mut out),
                _ => {}
            }
        }
        out
    }
}

#[cfg(all(test, feature = "json"))]
mod tests;
