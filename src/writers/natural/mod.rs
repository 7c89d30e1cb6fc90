//! The natural mapping: what a reader of the format expects. Every retyped or lossy step is counted here and nowhere else.
//!
//! One work stack instead of recursion; its entries also say where we are, for paths.

mod arrow;
mod dicts;
mod instances;
mod known;
mod labels;
mod leaves;
mod network;
mod pandas;
mod polars;
mod rows;
mod spans;
mod sparse;
mod step;
mod structures;
mod suspended;
mod tables;
mod tensors;
mod torch;

pub(crate) use suspended::Suspended;

#[cfg(feature = "tables")]
pub(crate) use leaves::replace_surrogates;
pub(crate) use leaves::{Py2Text, py2_text};

use step::{Step, place};

use crate::error::Error;
use crate::location::Location;
use crate::model::graph::nodes::NodeSet;
use crate::model::graph::{Graph, Kind, Walk, flag};
use crate::model::layout::Layout;
use crate::model::value::{NodeId, Value};
use crate::model::zones::Zones;
use crate::report::ledger::{Fidelity, Ledger, Step as Loss};
use crate::writers::event::{Begun, Lowering, Place, Sink, write_text};
use crate::writers::options::{self, WriteOptions};
use crate::writers::out::{DRAIN, Out};
use crate::writers::{check, records, text};

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
    tables: Vec<tables::Table<'a>>,
    scratch: String,
    prefix: String,
    zones: Zones,
    /// Shared objects that were written already.
    seen: NodeSet,
    known: known::Known,
    spans: spans::Spans,
    depth: u32,
    /// The deepest level since the container began that will be remembered.
    deepest: u32,
    max_depth: u32,
    /// Writes a key to compare it; the dicts in it are checked when it is written for good.
    comparing: bool,
    row: rows::Row,
    /// Containers that are written in parts, each in the one before it.
    levels: Vec<suspended::Level>,
    /// The container that begins now.
    begun: Option<Begun>,
}

impl<S: Sink> Lowering for Natural<'_, '_, S> {
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
        self.prefix.clear();
        self.prefix.push_str(prefix);
        self.row(value)?;
        self.run()?;
        self.sink.end_row();
        Ok(())
    }

    fn write_table(&mut self, value: Value, prefix: &str) -> Result<bool, Error> {
        let is_table = matches!(self.graph.layout(value), Some((Layout::DataFrame | Layout::Series, _)));
        if self.options.source.is_some() && is_table {
            let what = "expected rows that are objects of their own, found a DataFrame or Series";
            return Err(Error::unrepresentable(what, Location::path(prefix.to_owned())).with_hint(
                "`--source-column` takes rows that are dicts or instances; without it the rows are merged",
            ));
        }
        self.write_lines(value, prefix)
    }

    fn drain(&mut self) -> Result<(), Error> {
        self.drain()
    }

    fn finish(self) -> Result<u64, Error> {
        self.finish()
    }
}

/// Writes a leaf that needs no decision; `false` where it is none, and nothing was written.
#[inline(always)]
fn plain<S: Sink>(sink: &mut S, graph: &Graph, value: &Value) -> bool {
    match *value {
        // A length that takes more than 32 bits may be too long.
        Value::Str { len, at } if len != u32::MAX => write_text(sink, graph, len, at),
        Value::Int(n) => sink.int(n),
        Value::None => sink.null(),
        Value::Bool(b) => sink.bool(b),
        Value::Float { value, .. } if value.is_finite() || S::CAPS.non_finite => sink.float(value),
        _ => return false,
    }
    true
}

impl<'a, 'w, S: Sink> Natural<'a, 'w, S> {
    pub fn new(graph: &'a Graph, options: &'a WriteOptions, ledger: &'a mut Ledger, sink: S, out: Out<'w>) -> Self {
        Natural { prefix: "$".to_owned(), ..Natural::bare(graph, options, ledger, sink, out) }
    }

    /// A writer that owns no memory.
    fn bare(graph: &'a Graph, options: &'a WriteOptions, ledger: &'a mut Ledger, sink: S, out: Out<'w>) -> Self {
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
            tables: Vec::new(),
            scratch: String::new(),
            prefix: String::new(),
            zones: Zones::new(),
            seen: NodeSet::default(),
            known: known::Known::default(),
            spans: spans::Spans::default(),
            depth: 0,
            deepest: 0,
            max_depth,
            comparing: false,
            row: rows::Row::Plain,
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
                    // Leaves that need no decision stay in this loop.
                    let value = loop {
                        let Some(value) = self.graph.next_ref(walk) else { break None };
                        *index += 1;
                        self.sink.element();
                        if !plain(&mut self.sink, self.graph, value) {
                            break Some(*value);
                        }
                        if self.sink.buffer().len() >= DRAIN {
                            self.out.drain(self.sink.buffer())?;
                        }
                    };
                    match value {
                        Some(value) => self.emit(value)?,
                        None => {
                            self.todo.pop();
                            if let Some(Step::EndArray) = self.todo.last() {
                                self.end_array();
                            }
                        }
                    }
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
                    self.row(value)?;
                }
                Step::Map { walk, key } => {
                    let rest = loop {
                        let Some([k, value]) = self.graph.next_two(walk) else { break None };
                        self.sink.key();
                        if !self.known.write(&mut self.sink, self.graph, k) {
                            *key = *k;
                            break Some((*k, *value, true));
                        }
                        if !plain(&mut self.sink, self.graph, value) {
                            *key = *k;
                            break Some((*k, *value, false));
                        }
                        if self.sink.buffer().len() >= DRAIN {
                            self.out.drain(self.sink.buffer())?;
                        }
                    };
                    let Some((key, value, is_key_left)) = rest else {
                        self.todo.pop();
                        if let Some(Step::EndMap) = self.todo.last() {
                            self.end_map();
                        }
                        continue;
                    };
                    if is_key_left {
                        match key {
                            Value::Str { len, at } => self.sink.str(self.graph.text(len, at)),
                            _ => {
                                if !self.key(key, value)? {
                                    continue;
                                }
                            }
                        }
                        self.sink.value();
                    }
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
                Step::EndArray => self.end_array(),
                Step::EndMap => self.end_map(),
                Step::Objects { .. } => self.objects()?,
                Step::At(_) => {
                    self.todo.pop();
                }
                Step::Remember => {
                    self.todo.pop();
                    let drained = self.out.written();
                    self.deepest = self.spans.end(self.sink.buffer(), drained, self.deepest, self.ledger);
                }
                Step::Shaped(_) => self.shaped()?,
                Step::Table(_) => self.table()?,
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
        self.tables.clear();
        match self.sink.too_long() {
            Some(_) => Err(self.too_long()),
            None => Ok(()),
        }
    }

    /// Ends the array that [`Step::EndArray`] stands for.
    #[inline]
    fn end_array(&mut self) {
        self.todo.pop();
        self.depth -= 1;
        self.sink.end_array();
    }

    /// Ends the object or map that [`Step::EndMap`] stands for.
    #[inline]
    fn end_map(&mut self) {
        self.todo.pop();
        if self.depth == 1 && self.row == rows::Row::Open {
            self.source_column();
        }
        self.depth -= 1;
        self.sink.end_map();
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
            Value::Str { len, at } => write_text(&mut self.sink, self.graph, len, at),
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
        if self.again(id)? {
            return Ok(());
        }
        let graph = self.graph;
        let shared = graph.get(id).flags & flag::SHARED != 0 && graph.kind(id).keeps_identity();
        if shared && !self.seen.insert(id) {
            self.note(Loss::Shared)?;
            self.remember(id);
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
        self.begin_array(self.count(id))?;
        self.todo.push(Step::EndArray);
        self.todo.push(Step::Seq { walk: graph.walk(id), index: 0 });
        Ok(())
    }

    // ---- depth, places, losses

    fn begin_array(&mut self, len: usize) -> Result<(), Error> {
        if self.row == rows::Row::Wanted {
            return Err(self.no_object("an array"));
        }
        self.deeper()?;
        self.sink.begin_array(len);
        Ok(())
    }

    fn begin_map(&mut self, len: usize) -> Result<(), Error> {
        self.deeper()?;
        if self.row == rows::Row::Wanted {
            self.row = rows::Row::Open;
            self.sink.begin_map(len.saturating_add(1));
        } else {
            self.sink.begin_map(len);
        }
        Ok(())
    }

    #[inline]
    fn deeper(&mut self) -> Result<(), Error> {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
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
        let (todo, pool, shaped, tables) = (&self.todo, &self.pool, &self.shaped, &self.tables);
        let (graph, prefix, options) = (self.graph, &self.prefix, self.options);
        self.ledger.count(loss, || place(graph, prefix, todo, pool, shaped, tables, options));
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
        place(self.graph, &self.prefix, &self.todo, &self.pool, &self.shaped, &self.tables, self.options)
    }

    #[cold]
    fn unrepresentable(&self, what: impl Into<String>, hint: &str) -> Error {
        Error::unrepresentable(what, Location::path(self.path())).with_hint(hint)
    }
}
