//! A dict of columns that come in parts: each column is built by the type that its values so far have, and is kept as arrays. What
//! comes out is the same as for the whole dict in one graph.
//!
//! Whatever is not as expected (columns of another kind or of different lengths, what a column cannot carry) ends it with an error
//! that says nothing: whoever asked reads the whole.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};

use super::batches::Terms;
use super::build::{Builder, Site};
use super::eye::Known;
use super::plan::Plan;
use super::shape::Shape;
use super::{BATCH_CELLS, BATCH_ROWS};
use crate::error::Error;
use crate::model::graph::{Graph, Kind};
use crate::model::value::{NodeId, Value};
use crate::report::ledger::{Ledger, Step};

/// The columns in the making.
pub(crate) struct Long<'o> {
    terms: Terms<'o>,
    /// None while values are looked at, or after that failed.
    known: Option<Known>,
    paid: u64,
    /// Rows of one batch.
    most: usize,
    names: HashSet<String>,
    columns: Vec<Column>,
    /// The types that were found before, in order.
    types: Option<Types>,
    /// What the dict and its columns are not, as wholes.
    head: Ledger,
    /// What the values of each batch are not.
    ledgers: Vec<Ledger>,
    /// Bytes of the arrays that are kept, and how many may be.
    held: u64,
    max_held: u64,
}

/// The types of the columns.
pub(crate) struct Types(Vec<Plan>);

struct Column {
    name: String,
    /// Items it will have in all.
    len: u64,
    shape: Shape,
    plan: Plan,
    builder: Builder,
    /// Rows so far, and those that the builder has.
    rows: u64,
    built: usize,
    /// Whether values had other types than those before: they are only looked at.
    lost: bool,
    arrays: Vec<ArrayRef>,
}

/// What came of the columns.
pub(crate) enum Made {
    /// A table, and what its batches are made of.
    Table(SchemaRef, Stack, Ledger),
    /// They are to be built anew, with these types.
    Again(Types),
}

/// Arrays that become batches.
pub(crate) struct Stack {
    schema: SchemaRef,
    columns: Vec<std::vec::IntoIter<ArrayRef>>,
}

impl Stack {
    /// The next rows; `None` after the last.
    ///
    /// # Errors
    /// The arrays do not agree.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        let arrays: Vec<ArrayRef> = self.columns.iter_mut().filter_map(Iterator::next).collect();
        if arrays.is_empty() {
            return Ok(None);
        }
        RecordBatch::try_new(self.schema.clone(), arrays).map(Some).map_err(|_| unexpected())
    }
}

/// The dict is read whole.
pub(crate) fn unexpected() -> Error {
    Error::misuse("expected columns of one length that can be taken in parts, found others")
}

impl<'o> Long<'o> {
    /// Begins a dict of so many columns, whose arrays take at most `max_held` bytes.
    pub fn new(terms: Terms<'o>, width: u64, types: Option<Types>, max_held: u64) -> Self {
        let width = usize::try_from(width).unwrap_or(usize::MAX).max(1);
        Long {
            terms,
            known: Some(Known::new(terms.max_output)),
            paid: 0,
            most: (BATCH_CELLS / width).clamp(1, BATCH_ROWS),
            names: HashSet::new(),
            columns: Vec::new(),
            types,
            head: Ledger::default(),
            ledgers: Vec::new(),
            held: 0,
            max_held,
        }
    }

    /// Does something at a site whose ledger is that of the `batch`, or the head.
    fn at<'g, T>(
        &mut self,
        graph: &'g Graph,
        batch: Option<usize>,
        work: impl FnOnce(&mut Site<'g, '_>, &mut Vec<Column>) -> Result<T, Error>,
    ) -> Result<T, Error>
    where
        'o: 'g,
    {
        let known = self.known.take().ok_or_else(unexpected)?;
        let ledger = match batch {
            None => &mut self.head,
            Some(n) => {
                if self.ledgers.len() <= n {
                    self.ledgers.resize_with(n + 1, Ledger::default);
                }
                self.ledgers.get_mut(n).ok_or_else(unexpected)?
            }
        };
        let mut site = self.terms.site(graph, known, ledger, self.paid);
        let result = work(&mut site, &mut self.columns);
        self.paid = site.trail.paid();
        self.known = Some(site.eye.into_known());
        result
    }

    /// Looks at the dict itself.
    ///
    /// # Errors
    /// As for [`Long::values`].
    pub fn root(&mut self, graph: &Graph, id: NodeId) -> Result<(), Error> {
        match graph.kind(id) {
            Kind::Dict => Ok(()),
            Kind::OrderedDict | Kind::DefaultDict => self.at(graph, None, |site, _| site.note(Step::Dict)),
            _ => Err(unexpected()),
        }
    }

    /// Begins a column of `len` items, whose first are to come.
    ///
    /// # Errors
    /// As for [`Long::values`].
    pub fn begin(&mut self, graph: &Graph, key: Value, id: NodeId, len: u64) -> Result<(), Error> {
        if self.columns.first().is_some_and(|first| first.len != len) {
            return Err(unexpected());
        }
        let is_tuple = match graph.kind(id) {
            Kind::List => false,
            Kind::Tuple => true,
            _ => return Err(unexpected()),
        };
        let name = self.at(graph, None, |site, _| {
            let (name, is_str) = site.eye.key(key).ok_or_else(unexpected)?;
            if !is_str {
                site.note(Step::Keys)?;
            }
            site.trail.inside(name.clone());
            if is_tuple {
                site.note(Step::Tuple)?;
            }
            Ok(name.into_owned())
        })?;
        if !self.names.insert(name.clone()) {
            return Err(unexpected());
        }
        let plan = self.types.as_ref().and_then(|types| types.0.get(self.columns.len()));
        let plan = plan.cloned().unwrap_or(Plan::Null);
        self.columns.push(Column {
            name,
            len,
            shape: Shape::default(),
            builder: Builder::new(&plan),
            plan,
            rows: 0,
            built: 0,
            lost: false,
            arrays: Vec::new(),
        });
        Ok(())
    }

    /// Takes the next items of the column that was begun last.
    ///
    /// # Errors
    /// What is read whole, for whatever reason.
    pub fn values(&mut self, graph: &Graph, id: NodeId) -> Result<(), Error> {
        self.look(graph, id)?;
        let Some(column) = self.columns.last() else { return Err(unexpected()) };
        let (mut left, most, lost) = (graph.count(id), self.most, column.lost);
        let mut walk = graph.walk(id);
        while left > 0 && !lost {
            let Some(column) = self.columns.last() else { break };
            let count = left.min(most - column.built);
            let batch = column.arrays.len();
            let full = self.at(graph, Some(batch), |site, columns| {
                let Some(column) = columns.last_mut() else { return Err(unexpected()) };
                site.trail.column(&column.name, column.rows + column.built as u64);
                for _ in 0..count {
                    let Some(value) = graph.next_item(&mut walk) else { break };
                    site.trail.next_item();
                    if !column.builder.plain(site, value) {
                        column.builder.push(site, value)?;
                    }
                }
                column.built += count;
                Ok(column.built == most)
            })?;
            if full {
                self.seal()?;
            }
            left -= count;
        }
        Ok(())
    }

    /// Decides on the type of a column anew, with the values of a part.
    fn look(&mut self, graph: &Graph, id: NodeId) -> Result<(), Error> {
        if self.types.is_some() {
            return Ok(());
        }
        let flat = self.terms.flat;
        self.at(graph, None, |site, columns| {
            let Some(column) = columns.last_mut() else { return Err(unexpected()) };
            for value in graph.items(id) {
                column.shape.observe(&mut site.eye, value, 1).map_err(|_| unexpected())?;
            }
            let so_far = column.rows + (column.built + graph.count(id)) as u64;
            site.eye.ahead = column.len.div_ceil(so_far.max(1)).max(1);
            let plan = column.shape.decide(&site.eye, flat);
            if column.rows == 0 && column.built == 0 {
                column.builder = Builder::new(&plan);
                column.plan = plan;
            } else if column.plan == Plan::Null && plan != Plan::Null {
                // Nothing but nulls so far.
                column.builder = Builder::new(&plan);
                for array in &mut column.arrays {
                    (0..array.len()).for_each(|_| column.builder.null());
                    *array = column.builder.finish().map_err(|_| unexpected())?;
                }
                (0..column.built).for_each(|_| column.builder.null());
                column.plan = plan;
            } else if !column.lost && !column.plan.is_like(&plan) {
                // What was built is of no use.
                column.lost = true;
                column.arrays.clear();
            }
            Ok(())
        })
    }

    /// Ends the batch of the column that was begun last.
    fn seal(&mut self) -> Result<(), Error> {
        let Some(column) = self.columns.last_mut() else { return Err(unexpected()) };
        let array = column.builder.finish().map_err(|_| unexpected())?;
        self.held = self.held.saturating_add(array.get_array_memory_size() as u64);
        if self.held > self.max_held {
            return Err(unexpected());
        }
        column.rows += std::mem::take(&mut column.built) as u64;
        column.arrays.push(array);
        Ok(())
    }

    /// Ends a column.
    ///
    /// # Errors
    /// As for [`Long::values`].
    pub fn end(&mut self) -> Result<(), Error> {
        let Some(column) = self.columns.last() else { return Err(unexpected()) };
        if column.built > 0 {
            self.seal()?;
        }
        let Some(column) = self.columns.last() else { return Err(unexpected()) };
        if !column.lost && column.rows != column.len { Err(unexpected()) } else { Ok(()) }
    }

    /// Forgets the objects for which `keep` is false.
    pub fn retain(&mut self, keep: impl Fn(NodeId) -> bool) {
        if let Some(known) = &mut self.known {
            known.retain(keep);
        }
    }

    /// The table; `empty` is a graph of nothing.
    ///
    /// # Errors
    /// There are no columns.
    pub fn finish(mut self, empty: &Graph) -> Result<Made, Error> {
        if self.columns.is_empty() {
            return Err(unexpected());
        }
        if self.types.is_none() {
            let flat = self.terms.flat;
            let plans: Vec<Plan> = self.at(empty, None, |site, columns| {
                Ok(columns.iter().map(|column| column.shape.decide(&site.eye, flat)).collect())
            })?;
            let as_built = |(column, plan): (&Column, &Plan)| !column.lost && column.plan == *plan;
            if !self.columns.iter().zip(&plans).all(as_built) {
                return Ok(Made::Again(Types(plans)));
            }
        }
        let fields: Vec<_> = self.columns.iter().map(|column| column.plan.field(&column.name)).collect();
        let schema = Arc::new(Schema::new(fields));
        let columns = self.columns.into_iter().map(|column| column.arrays.into_iter()).collect();
        let mut ledger = self.head;
        for batch in &self.ledgers {
            ledger.merge(batch);
        }
        Ok(Made::Table(schema.clone(), Stack { schema, columns }, ledger))
    }
}
