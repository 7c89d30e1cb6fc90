//! The natural mapping: what a reader of the format expects. Every retyped or lossy step is counted here and nowhere else.
//!
//! One work stack instead of recursion; its entries also say where we are, for paths.

mod arrow;
mod leaves;
mod network;
mod polars;
mod sparse;
mod structures;
mod suspended;
mod tensors;
mod torch;

pub(crate) use suspended::Suspended;

#[cfg(feature = "tables")]
pub(crate) use leaves::replace_surrogates;
pub(crate) use leaves::{Py2Text, py2_text};

use crate::error::Error;
use crate::location::Location;
use crate::model::graph::{Graph, Kind, Walk, flag};
use crate::model::value::{NodeId, Value};
use crate::model::zones::Zones;
use crate::report::ledger::{Fidelity, Ledger, Step as Loss};
use crate::writers::event::{Lowering, Part, Sink};
use crate::writers::options::{self, WriteOptions};
use crate::writers::out::{DRAIN, Out};
use crate::writers::{check, keys, path, records, text};

/// What is left to do.
pub(super) enum Step {
    /// Elements of an array.
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
    /// Entries of an object or map; `key` is the one that is being written.
    Map {
        walk: Walk,
        key: Value,
    },
    /// Entries as pairs.
    Pairs {
        walk: Walk,
        key: Value,
    },
    /// Fields of a record: a range of the pool.
    Fields {
        at: usize,
        end: usize,
    },
    /// An element of an array that is no container's own.
    Element(Value),
    /// The value of a map whose key was a container.
    MapValue(Value),
    EndArray,
    EndMap,
    /// A field of an array of objects, whose fields are ranges of the pool: those ranges from `at` to `end`.
    Objects {
        name: &'static str,
        begin: usize,
        at: usize,
        end: usize,
    },
    /// The place of an element that is written without this stack; it is there for paths.
    At(u64),
    /// Elements of an array or tensor: an index of those that are open.
    Shaped(usize),
}

pub(crate) struct Natural<'a, 'w, S: Sink> {
    graph: &'a Graph,
    options: &'a WriteOptions,
    ledger: &'a mut Ledger,
    sink: S,
    out: Out<'w>,
    todo: Vec<Step>,
    pool: Vec<records::Field>,
    /// Objects of `Step::Objects`: ranges of the pool.
    objects: Vec<(usize, usize)>,
    shaped: Vec<tensors::Shaped>,
    scratch: String,
    prefix: String,
    zones: Zones,
    /// Shared objects that were written already.
    seen: std::collections::HashSet<NodeId>,
    depth: u32,
    max_depth: u32,
    /// Writes a key to compare it; the dicts in it are checked when it is written for good.
    comparing: bool,
}

impl<S: Sink> Lowering for Natural<'_, '_, S> {
    type Sink = S;

    fn sink(&mut self) -> &mut S {
        self.sink()
    }

    fn write(&mut self, value: Value, prefix: &str) -> Result<(), Error> {
        self.write(value, prefix)
    }

    fn write_part(&mut self, walk: Walk, part: Part, prefix: &str) -> Result<(), Error> {
        self.prefix.clear();
        self.prefix.push_str(prefix);
        self.todo.push(match part {
            Part::Elements(index) => Step::Seq { walk, index },
            Part::Entries => Step::Map { walk, key: Value::None },
            Part::Lines(index) => Step::Lines { walk, index, started: false },
        });
        self.run()
    }

    fn begin_root(&mut self, map: bool, len: usize) -> Result<(), Error> {
        if map { self.begin_map(len) } else { self.begin_array(len) }
    }

    fn end_root(&mut self, map: bool) -> Result<(), Error> {
        self.todo.push(if map { Step::EndMap } else { Step::EndArray });
        self.run()
    }

    fn finish(self) -> Result<u64, Error> {
        self.finish()
    }
}

impl<'a, 'w, S: Sink> Natural<'a, 'w, S> {
    pub fn new(graph: &'a Graph, options: &'a WriteOptions, ledger: &'a mut Ledger, sink: S, out: Out<'w>) -> Self {
        let max_depth = S::CAPS.max_depth;
        Natural {
            graph,
            options,
            ledger,
            sink,
            out,
            todo: Vec::new(),
            pool: Vec::new(),
            objects: Vec::new(),
            shaped: Vec::new(),
            scratch: String::new(),
            prefix: "$".to_owned(),
            zones: Zones::new(),
            seen: std::collections::HashSet::new(),
            depth: 0,
            max_depth,
            comparing: false,
        }
    }

    pub fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Passes on what is buffered; returns the bytes written in all.
    pub fn finish(mut self) -> Result<u64, Error> {
        self.drain()?;
        Ok(self.out.written())
    }

    pub fn drain(&mut self) -> Result<(), Error> {
        self.out.drain(self.sink.buffer())
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
                        self.sink.buffer().push(b'\n');
                    }
                    let Some(value) = self.graph.next_item(walk) else {
                        self.todo.pop();
                        continue;
                    };
                    *index += 1;
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
                    } else if !self.key(k, value)? {
                        continue;
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
                    self.begin_array(2)?;
                    self.todo.extend([Step::EndArray, Step::Element(value), Step::Element(k)]);
                }
                Step::Fields { at, end } => {
                    if at == end {
                        self.todo.pop();
                        continue;
                    }
                    let field = self.pool.get(*at).copied();
                    *at += 1;
                    if let Some(field) = field {
                        self.field(field)?;
                    }
                }
                Step::Element(value) => {
                    let value = *value;
                    self.todo.pop();
                    self.sink.element();
                    self.emit(value)?;
                }
                Step::MapValue(value) => {
                    let value = *value;
                    self.todo.pop();
                    self.sink.value();
                    self.emit(value)?;
                }
                Step::EndArray => {
                    self.todo.pop();
                    self.depth -= 1;
                    self.sink.end_array();
                }
                Step::EndMap => {
                    self.todo.pop();
                    self.depth -= 1;
                    self.sink.end_map();
                }
                Step::Objects { .. } => self.objects()?,
                Step::At(_) => {
                    self.todo.pop();
                }
                Step::Shaped(_) => self.shaped()?,
            }
            if self.sink.too_long().is_some() {
                return Err(self.too_long());
            }
            if self.sink.buffer().len() >= DRAIN {
                self.drain()?;
            }
        }
        self.pool.clear();
        self.objects.clear();
        self.shaped.clear();
        match self.sink.too_long() {
            Some(_) => Err(self.too_long()),
            None => Ok(()),
        }
    }

    fn field(&mut self, field: records::Field) -> Result<(), Error> {
        self.sink.key();
        match field.name {
            records::Name::Fixed(name) => self.sink.str(name),
            records::Name::Class => self.sink.str(self.options.class_key.as_deref().unwrap_or_default()),
            records::Name::Key(Value::Str { len, at }) => self.sink.str(self.graph.text(len, at)),
            records::Name::Key(other) => {
                self.key(other, Value::None)?;
            }
        }
        self.sink.value();
        match (field.name, field.value) {
            (records::Name::Fixed(records::DICT_ITEMS), Value::Object(list)) => {
                self.begin_array(self.graph.count(list) / 2)?;
                self.todo.push(Step::EndArray);
                self.todo.push(Step::Pairs { walk: self.graph.walk(list), key: Value::None });
                Ok(())
            }
            _ => self.emit(field.value),
        }
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

    // ---- objects

    fn object(&mut self, id: NodeId) -> Result<(), Error> {
        let graph = self.graph;
        let shared = graph.get(id).flags & flag::SHARED != 0 && graph.kind(id).keeps_identity();
        if shared && !self.seen.insert(id) {
            self.note(Loss::Shared)?;
        }
        match graph.kind(id) {
            Kind::List => {}
            Kind::Tuple => self.note(Loss::Tuple)?,
            Kind::Set | Kind::FrozenSet => self.note(Loss::Set)?,
            Kind::Deque => {
                self.note(Loss::Deque)?;
                if graph.extra(id).is_some() {
                    self.note(Loss::MaxlenLost)?;
                }
            }
            Kind::Dict => return self.dict(id),
            Kind::OrderedDict | Kind::DefaultDict | Kind::Counter => {
                self.note(Loss::Dict)?;
                match (graph.kind(id), graph.extra(id)) {
                    (Kind::DefaultDict, Some(_)) => self.note(Loss::FactoryLost)?,
                    (Kind::OrderedDict, Some(_)) => self.note(Loss::AttributesLost)?,
                    _ => {}
                }
                return self.dict(id);
            }
            Kind::Complex => self.note(Loss::Complex)?,
            Kind::Range | Kind::Slice => {
                self.note(Loss::Range)?;
                let [start, stop, step] = graph.first::<3>(id);
                return self.record_fields(&[("start", start), ("stop", stop), ("step", step)]);
            }
            Kind::Fraction => {
                self.note(Loss::Number)?;
                self.scratch.clear();
                text::fraction(graph, id, &mut self.scratch);
                self.sink.str(&self.scratch);
                return Ok(());
            }
            Kind::Uuid => {
                self.note(Loss::Text)?;
                if !matches!(graph.first::<2>(id), [_, Value::None]) {
                    self.note(Loss::SafetyLost)?;
                }
                self.scratch.clear();
                text::uuid(graph, id, &mut self.scratch);
                self.sink.str(&self.scratch);
                return Ok(());
            }
            Kind::Zone => {
                self.note(Loss::Zone)?;
                if text::zone_has_more(graph, id) {
                    self.note(Loss::OffsetLost)?;
                }
                self.scratch.clear();
                text::zone(graph, id, &mut self.scratch);
                self.sink.str(&self.scratch);
                return Ok(());
            }
            Kind::Array => return self.array(id),
            Kind::Exception | Kind::Record => return self.record(id),
            Kind::Struct(layout) => return self.structure(id, layout),
            Kind::Pending => return Err(self.unrepresentable("an unfinished object", "none")),
        }
        self.begin_array(graph.count(id))?;
        self.todo.push(Step::EndArray);
        self.todo.push(Step::Seq { walk: graph.walk(id), index: 0 });
        Ok(())
    }

    fn dict(&mut self, id: NodeId) -> Result<(), Error> {
        let graph = self.graph;
        let count = graph.count(id) / 2;
        if graph.get(id).flags & flag::STR_KEYS == 0 && !self.comparing {
            let plan = keys::plan(graph, &mut self.zones, id, self.options, S::CAPS.any_keys)
                .map_err(|e| self.unrepresentable(e.what, e.hint))?;
            match plan {
                keys::Plan::Native => {}
                keys::Plan::Text => self.note(Loss::Keys)?,
                keys::Plan::Pairs => {
                    self.note(Loss::Pairs)?;
                    self.begin_array(count)?;
                    self.todo.push(Step::EndArray);
                    self.todo.push(Step::Pairs { walk: graph.walk(id), key: Value::None });
                    return Ok(());
                }
            }
            if S::CAPS.any_keys {
                self.distinct_containers(id)?;
            }
        }
        self.begin_map(count)?;
        self.todo.push(Step::EndMap);
        self.todo.push(Step::Map { walk: graph.walk(id), key: Value::None });
        Ok(())
    }

    /// Checks that no two keys that are containers are written alike, as a tuple and a frozenset may be.
    fn distinct_containers(&self, id: NodeId) -> Result<(), Error> {
        let containers = || self.graph.items(id).step_by(2).filter(|key| keys::is_container_key(self.graph, *key));
        if containers().nth(1).is_none() {
            return Ok(());
        }
        let mut written = std::collections::HashSet::new();
        for key in containers() {
            let Some(sink) = S::another() else { return Ok(()) };
            let (mut bytes, mut ledger) = (Vec::new(), Ledger::default());
            let mut writer =
                Natural::new(self.graph, self.options, &mut ledger, sink, Out::new(&mut bytes, self.out.limit()));
            writer.comparing = true;
            writer.write(key, &self.path())?;
            writer.finish()?;
            if !written.insert(bytes) {
                let what = format!(
                    "two keys would become one: `{}` and one before it",
                    crate::name::Escaped(&crate::writers::tagged::inline(self.graph, key))
                );
                return Err(self.unrepresentable(what, "`--lossless` keeps keys apart"));
            }
        }
        Ok(())
    }

    /// Writes a key that is no plain str. Returns `false` where it is a container, which the work stack writes first.
    fn key(&mut self, key: Value, value: Value) -> Result<bool, Error> {
        if S::CAPS.any_keys {
            self.todo.push(Step::MapValue(value));
            let before = self.todo.len();
            self.emit(key)?;
            if self.todo.len() > before {
                return Ok(false);
            }
            self.todo.pop();
            return Ok(true);
        }
        self.scratch.clear();
        match keys::spell(self.graph, &mut self.zones, key, self.options, &mut self.scratch) {
            Ok(true) => self.sink.str(&self.scratch),
            Ok(false) => match key {
                Value::Wtf8 { len, at } => self.surrogates(len, at)?,
                _ => return Err(self.unrepresentable("expected a key that is text", "`--lossless` keeps it")),
            },
            Err(why) => return Err(self.unrepresentable(why, "`--lossless` keeps it")),
        }
        Ok(true)
    }

    fn array(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Array)?;
        match text::array(self.graph, id).1 {
            text::ArrayContent::Numbers(numbers) => {
                self.begin_array(numbers.len())?;
                for number in numbers {
                    self.sink.element();
                    match number {
                        text::Element::Int(n) => self.sink.int(n),
                        text::Element::Uint(n) => match i64::try_from(n) {
                            Ok(n) => self.sink.int(n),
                            Err(_) => self.sink.big_int(&num_bigint::BigInt::from(n)),
                        },
                        text::Element::Float(f) if f.is_finite() || S::CAPS.non_finite => self.sink.float(f),
                        text::Element::Float(f) => self.non_finite(f)?,
                    }
                    if self.sink.buffer().len() >= DRAIN {
                        self.drain()?;
                    }
                }
                self.depth -= 1;
                self.sink.end_array();
            }
            text::ArrayContent::Text(text) => match String::from_utf8(text) {
                Ok(text) => self.sink.str(&text),
                Err(_) => {
                    return Err(self.unrepresentable(
                        "expected an array of characters, found lone surrogates",
                        "`--lossless` keeps them",
                    ));
                }
            },
            text::ArrayContent::Bytes(bytes) => self.sink.bytes(bytes),
        }
        Ok(())
    }

    fn record_fields(&mut self, fields: &[(&'static str, Value)]) -> Result<(), Error> {
        self.begin_map(fields.len())?;
        let at = self.pool.len();
        self.pool
            .extend(fields.iter().map(|&(name, value)| records::Field { name: records::Name::Fixed(name), value }));
        self.todo.push(Step::EndMap);
        self.todo.push(Step::Fields { at, end: self.pool.len() });
        Ok(())
    }

    fn record(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Record)?;
        let at = self.pool.len();
        let shape = records::fields(self.graph, id, self.options.class_key.is_some(), &mut self.pool)
            .map_err(|what| self.unrepresentable(what, "`--lossless` keeps the instance as it is"))?;
        match shape {
            records::Shape::Array(list) => {
                self.begin_array(self.graph.count(list))?;
                self.todo.push(Step::EndArray);
                self.todo.push(Step::Seq { walk: self.graph.walk(list), index: 0 });
            }
            records::Shape::Fields => {
                keys::distinct_fields(self.graph, &mut self.zones, self.pool.get(at..).unwrap_or(&[]), self.options)
                    .map_err(|e| self.unrepresentable(e.what, e.hint))?;
                self.begin_map(self.pool.len() - at)?;
                self.todo.push(Step::EndMap);
                self.todo.push(Step::Fields { at, end: self.pool.len() });
            }
        }
        Ok(())
    }

    // ---- depth, places, losses

    fn begin_array(&mut self, len: usize) -> Result<(), Error> {
        self.deeper()?;
        self.sink.begin_array(len);
        Ok(())
    }

    fn begin_map(&mut self, len: usize) -> Result<(), Error> {
        self.deeper()?;
        self.sink.begin_map(len);
        Ok(())
    }

    #[inline]
    fn deeper(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(check::too_deep(self.max_depth, Location::path(self.path())));
        }
        Ok(())
    }

    #[cold]
    fn too_long(&self) -> Error {
        check::too_long(self.sink.too_long().unwrap_or(0), Location::path(self.path()))
    }

    #[inline]
    fn note(&mut self, loss: Loss) -> Result<(), Error> {
        let (todo, pool, shaped) = (&self.todo, &self.pool, &self.shaped);
        let (graph, prefix, options) = (self.graph, &self.prefix, self.options);
        self.ledger.count(loss, || place(graph, prefix, todo, pool, shaped, options));
        if self.options.loss == options::Loss::Error && loss.fidelity() == Fidelity::Lossy {
            return Err(self.unrepresentable(
                format!("lossy under `--strict`: {}", loss.words()),
                "without `--strict` the ledger counts it, `--lossless` keeps everything",
            ));
        }
        Ok(())
    }

    #[cold]
    fn path(&self) -> String {
        place(self.graph, &self.prefix, &self.todo, &self.pool, &self.shaped, self.options)
    }

    #[cold]
    fn unrepresentable(&self, what: impl Into<String>, hint: &str) -> Error {
        Error::unrepresentable(what, Location::path(self.path())).with_hint(hint)
    }
}

/// The path of what is being written.
fn place(
    graph: &Graph,
    prefix: &str,
    todo: &[Step],
    pool: &[records::Field],
    shaped: &[tensors::Shaped],
    options: &WriteOptions,
) -> String {
    let mut out = prefix.to_owned();
    for step in todo {
        match step {
            Step::Seq { index, .. } | Step::Lines { index, .. } if *index > 0 => path::push_index(index - 1, &mut out),
            Step::Map { key, .. } | Step::Pairs { key, .. } => path::push_key(graph, *key, &mut out),
            Step::Fields { at, .. } => match at.checked_sub(1).and_then(|at| pool.get(at)).map(|f| f.name) {
                Some(records::Name::Fixed(name)) => path::push_name(name, &mut out),
                Some(records::Name::Class) => {
                    path::push_name(options.class_key.as_deref().unwrap_or_default(), &mut out)
                }
                Some(records::Name::Key(key)) => path::push_key(graph, key, &mut out),
                None => {}
            },
            Step::Objects { name, begin, at, .. } if at > begin => {
                path::push_name(name, &mut out);
                path::push_index((at - begin - 1) as u64, &mut out);
            }
            Step::At(index) => path::push_index(*index, &mut out),
            Step::Shaped(at) => {
                for index in shaped.get(*at).into_iter().flat_map(|array| array.cursor.place()) {
                    path::push_index(index, &mut out);
                }
            }
            Step::Seq { .. }
            | Step::Lines { .. }
            | Step::Objects { .. }
            | Step::Element(_)
            | Step::MapValue(_)
            | Step::EndArray
            | Step::EndMap => {}
        }
    }
    out
}
