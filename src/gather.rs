//! Gathering: the rows of many inputs in one document, for formats whose output is one table.

use std::io::{Read, Write};
use std::path::Path;

use crate::convert::{Converter, Report};
use crate::document::{Document, Memory, One, Reading};
use crate::error::{Error, Failure};
use crate::location::Location;
use crate::model::graph::{Graph, Kind};
use crate::model::key::KeyError;
use crate::model::layout::Layout;
use crate::model::record::then;
use crate::model::type_name::type_name;
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Ledger;
use crate::writers::options::{Items, WriteOptions};
use crate::writers::{records, source};

/// The rows of many inputs, which become one table. All of them are held in memory, under one budget.
pub struct Gather<'c> {
    converter: &'c Converter,
    options: WriteOptions,
    reading: Reading<'c>,
    rows: Vec<Value>,
    inputs: Vec<Origin>,
    pickles: u64,
    protocol: u8,
}

/// An input whose rows were added.
struct Origin {
    name: String,
    /// Its first row among all.
    first: usize,
    /// The path of what its rows are the items of, or of its one row.
    prefix: String,
    many: bool,
}

impl Origin {
    /// The path of one of its rows.
    fn place(&self, n: usize) -> String {
        if self.many { format!("{}[{n}]", self.prefix) } else { self.prefix.clone() }
    }
}

impl std::fmt::Debug for Gather<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gather").field("rows", &self.rows.len()).field("inputs", &self.inputs.len()).finish()
    }
}

impl Converter {
    /// Begins to gather rows; [`WriteOptions::items`] says [`Items::Rows`].
    ///
    /// # Errors
    /// Options that do not go together.
    pub fn gather(&self) -> Result<Gather<'_>, Error> {
        self.usable()?;
        Ok(Gather {
            converter: self,
            options: self.options.clone(),
            reading: Reading::new(&self.reader, &mut Memory::default()),
            rows: Vec::new(),
            inputs: Vec::new(),
            pickles: 0,
            protocol: 0,
        })
    }
}

impl Gather<'_> {
    /// Names the folder of the inputs that follow, as [`Converter::side_files`] does; `None` where they have none.
    pub fn side_files(&mut self, folder: Option<&Path>) {
        self.reading.side_files(folder);
    }

    /// Adds the rows of an input: the items of a root list, else the root, else each pickle. `name` is what a column of the
    /// source calls it. An input that fails adds none.
    ///
    /// # Errors
    /// All findings of the input; a row that takes no column.
    pub fn add(&mut self, input: impl Read + Send, name: &str) -> Result<Report, Failure> {
        let at = self.reading.graph().checkpoint();
        let before = (self.rows.len(), self.reading.bytes());
        let added = self.add_rows(input, name);
        if added.is_err() {
            self.rows.truncate(before.0);
            let dropped = self.reading.forget_since(at);
            dropped.map_err(|e| Error::limit(e, Location::default()))?;
        }
        let One { notes, codecs, pickles, protocol, .. } = added?;
        self.pickles += pickles;
        self.protocol = self.protocol.max(protocol);
        Ok(Report {
            pickles,
            bytes_read: self.reading.bytes().saturating_sub(before.1),
            bytes_written: 0,
            protocol,
            codecs,
            notes,
            ledger: Ledger::default(),
            proto: None,
        })
    }

    fn add_rows(&mut self, input: impl Read + Send, name: &str) -> Result<One, Failure> {
        let mut read = self.reading.one_of_many(Box::new(input))?;
        let (roots, prefix) = match &self.converter.select {
            Some(select) => select.apply(self.reading.graph(), &read.roots)?,
            None => (std::mem::take(&mut read.roots), None),
        };
        let graph = self.reading.graph();
        let (values, many) = match roots.as_slice() {
            [Value::Object(list)] if graph.kind(*list) == Kind::List => (graph.items(*list).collect(), true),
            [_] => (roots, false),
            _ => (roots, true),
        };
        let prefix = prefix.unwrap_or_else(|| "$".to_owned());
        let origin = Origin { name: name.to_owned(), first: self.rows.len(), prefix, many };
        if let Some(source) = &self.options.source {
            let limit = |e| Error::limit(e, Location::default());
            let (column, name) = (graph.str(&source.column).map_err(limit)?, graph.str(name).map_err(limit)?);
            for (n, value) in values.into_iter().enumerate() {
                let place = || origin.place(n);
                self.rows.push(with_column(graph, value, [column, name], &self.options, &place)?);
            }
        } else {
            self.rows.extend(values);
        }
        self.inputs.push(origin);
        Ok(read)
    }

    /// Writes the table of all rows.
    ///
    /// # Errors
    /// They are no table, or what the format cannot carry; the output limit, I/O. The place names the input.
    pub fn write(self, output: &mut dyn Write) -> Result<Report, Error> {
        let Gather { converter, mut options, mut reading, rows, inputs, pickles, protocol } = self;
        let limit = |e| Error::limit(e, Location::default());
        let graph = reading.graph();
        let is_frame = |row: &Value| matches!(graph.layout(*row), Some((Layout::DataFrame | Layout::Series, _)));
        let root = match (rows.as_slice(), rows.iter().position(is_frame)) {
            // Alone it is a table as without others.
            ([frame], Some(_)) => *frame,
            (_, Some(n)) => {
                let found = type_name(graph, rows.get(n).copied().unwrap_or(Value::None));
                let what = format!("expected rows, found a {found}: tables of several inputs are not joined");
                let error = Error::unrepresentable(what, Location::path(format!("$[{n}]")))
                    .with_hint("`--to ndjson` merges their rows, `--out-dir DIR` converts each to a table of its own");
                return Err(relocate(error, &inputs));
            }
            (_, None) => Value::Object(graph.object(Kind::List, &rows).map_err(limit)?),
        };
        let bytes = reading.bytes();
        let document = Document::new(reading.into_graph(), vec![root], bytes);
        (options.items, options.source) = (Items::OfFormat, None);
        let mut converter = converter.clone();
        (converter.options, converter.select) = (options, None);
        let report = converter.write(&document, output).map_err(|error| relocate(error, &inputs))?;
        Ok(Report { pickles, protocol, ..report })
    }
}

/// A row with one more column.
fn with_column(
    graph: &mut Graph,
    row: Value,
    column: [Value; 2],
    options: &WriteOptions,
    place: &dyn Fn() -> String,
) -> Result<Value, Error> {
    let refuse = |bad: crate::writers::keys::BadKeys| {
        Error::unrepresentable(bad.what, Location::path(place())).with_hint(bad.hint)
    };
    let limit = |e| Error::limit(e, Location::path(place()));
    let Value::Object(id) = row else { return Err(refuse(source::no_object(type_name(graph, row)))) };
    let kind = graph.kind(id);
    let mut items: Vec<Value> = graph.items(id).collect();
    match kind {
        Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter => {
            source::check_dict(graph, id, options).map_err(refuse)?;
            items.extend(column);
            let new = copy(graph, id, kind, &[]).map_err(limit)?;
            graph.extend_dict(new, &items).map_err(|e| match e {
                KeyError::Limit(e) => limit(e),
                KeyError::Unhashable(kind) => refuse(source::no_object(kind)),
            })?;
            Ok(Value::Object(new))
        }
        Kind::Record | Kind::Exception => {
            let mut fields = Vec::new();
            match records::fields(graph, id, options.class_key.is_some(), &mut fields) {
                Ok(records::Shape::Fields) => {}
                Ok(records::Shape::Array(_)) => return Err(refuse(source::no_object("an array"))),
                Err(what) => return Err(Error::unrepresentable(what, Location::path(place()))),
            }
            source::check_fields(graph, &fields, options).map_err(refuse)?;
            let state = graph.alloc(Kind::Dict).map_err(limit)?;
            graph.append(state, &column).map_err(limit)?;
            items.extend([Value::Int(then::STATE), Value::Object(state)]);
            copy(graph, id, kind, &items).map(Value::Object).map_err(limit)
        }
        _ => Err(refuse(source::no_object(type_name(graph, row)))),
    }
}

/// A new object of the same kind, with other items.
fn copy(graph: &mut Graph, id: NodeId, kind: Kind, items: &[Value]) -> crate::limits::LimitExceededResult<NodeId> {
    let new = graph.object(kind, items)?;
    if let Some(extra) = graph.extra(id) {
        graph.set_extra(new, extra)?;
    }
    Ok(new)
}

/// Says of which input a row is: `$[7]` of all rows is `$[2]` of the input whose first is the fifth.
fn relocate(error: Error, inputs: &[Origin]) -> Error {
    let row = error.location().path.as_deref().and_then(|path| {
        let (row, rest) = path.strip_prefix("$[")?.split_once(']')?;
        let row: usize = row.parse().ok()?;
        let origin = inputs.iter().rev().find(|origin| origin.first <= row)?;
        Some((origin.place(row - origin.first) + rest, &origin.name))
    });
    match row {
        Some((path, name)) => error.at(Location::path(path)).in_file(name),
        None => error,
    }
}
