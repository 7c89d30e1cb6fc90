//! A table of rows that come in batches: what is kept between two of them, in the pass that decides types and in the one that
//! builds columns. What comes out is the same as for all rows in one graph.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::build::Site;
use super::eye::{Eye, Known};
use super::find::{Kinds, LOOKED_AT, Missing};
use super::rows::{Decided, Rows, Survey};
use super::trail::Trail;
use crate::error::Error;
use crate::model::graph::{Graph, Kind};
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Ledger;
use crate::writers::options::WriteOptions;

/// The path of what holds the rows.
const ROOT: &str = "$";

/// What is the same for all batches.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'o> {
    pub options: &'o WriteOptions,
    /// Nested values become JSON text: for formats that have none.
    pub flat: bool,
    pub max_output: u64,
}

impl<'o> Terms<'o> {
    pub(super) fn site<'g, 'l>(self, graph: &'g Graph, known: Known, ledger: &'l mut Ledger, paid: u64) -> Site<'g, 'l>
    where
        'o: 'g,
    {
        let eye = Eye::knowing(graph, self.options, known);
        let trail = Trail::new(ROOT, ledger, self.options, self.max_output).with_paid(paid);
        Site { eye, trail, flat: self.flat }
    }
}

/// The pass over all rows that decides on the columns.
pub(crate) struct Looking<'o> {
    terms: Terms<'o>,
    /// None while a batch is looked at.
    known: Option<Known>,
    kinds: Kinds,
    rows: u64,
    survey: Survey,
    /// The first row that is none.
    missing: Option<Missing>,
    /// The first row that takes no columns.
    error: Option<Error>,
}

/// Why rows are no table.
pub(crate) enum NoTable {
    Error(Error),
    /// To say which tables lie inside takes the whole.
    Whole,
}

impl<'o> Looking<'o> {
    pub fn new(terms: Terms<'o>) -> Self {
        Looking {
            terms,
            known: Some(Known::new(terms.max_output)),
            kinds: Kinds::default(),
            rows: 0,
            survey: Survey::default(),
            missing: None,
            error: None,
        }
    }

    /// Looks at the next rows. What is wrong with them is said in the end: what is wrong with the input comes first.
    pub fn rows(&mut self, graph: &Graph, rows: impl Iterator<Item = Value>) {
        let Some(known) = self.known.take() else { return };
        let mut ledger = Ledger::default();
        let mut site = self.terms.site(graph, known, &mut ledger, 0);
        for row in rows {
            self.rows += 1;
            if self.missing.is_some() {
                continue;
            }
            match self.kinds.take(graph, row) {
                Ok(kind) if self.error.is_none() => {
                    self.error = self.survey.row(&mut site, row, kind, ROOT, self.terms.max_output).err();
                }
                Ok(_) => {}
                Err(missing) => self.missing = Some(missing),
            }
        }
        self.known = Some(site.eye.into_known());
    }

    /// Looks at the next rows, and builds them: as [`Looking::rows`] and [`Building::rows`], but in one walk where they are dicts. All
    /// rows are looked at, also where building fails; but where `push` does.
    ///
    /// # Errors
    /// As for [`Building::rows`].
    pub fn rows_and_build(
        &mut self,
        building: &mut Building<'_>,
        graph: &Graph,
        rows: impl Iterator<Item = Value>,
        ledger: &mut Ledger,
        push: &mut dyn FnMut(&RecordBatch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(known) = building.known.take() else { return Err(lost()) };
        let mut builds = building.terms.site(graph, known, ledger, building.paid);
        let Some(known) = self.known.take() else { return Err(lost()) };
        let mut unused = Ledger::default();
        let mut looks = self.terms.site(graph, known, &mut unused, 0);
        let (mut built, most) = (Ok(()), self.terms.max_output);
        for row in rows {
            self.rows += 1;
            let kind = match self.missing {
                None => self.kinds.take(graph, row).map_err(|missing| self.missing = Some(missing)).ok(),
                Some(_) => None,
            };
            let look = kind.filter(|_| self.error.is_none());
            let dict = match row {
                Value::Object(id) if graph.kind(id) == Kind::Dict => Some(id),
                _ => None,
            };
            let full = match (look, dict) {
                (Some(_), Some(id)) if built.is_ok() && building.rows.are_keyed() => {
                    let (looked, full) =
                        self.survey.row_and_build(&mut looks, id, (ROOT, most), &mut building.rows, &mut builds);
                    self.error = looked.err();
                    full
                }
                _ => {
                    if let Some(kind) = look {
                        self.error = self.survey.row(&mut looks, row, kind, ROOT, most).err();
                    }
                    if built.is_ok() { building.rows.push(&mut builds, row) } else { Ok(false) }
                }
            };
            built = built.and_then(|()| {
                if full? && let Some(batch) = super::batch(&builds, &building.schema, &mut building.rows)? {
                    push(&batch)?;
                }
                Ok(())
            });
        }
        self.known = Some(looks.eye.into_known());
        built?;
        building.paid = builds.trail.paid();
        building.known = Some(builds.eye.into_known());
        Ok(())
    }

    /// Forgets the objects for which `keep` is false.
    pub fn retain(&mut self, keep: impl Fn(NodeId) -> bool) {
        if let Some(known) = &mut self.known {
            known.retain(keep);
        }
    }

    /// The columns for the rows so far, if they make any, where `all` rows are expected.
    pub fn so_far(&mut self, graph: &Graph, all: u64) -> Option<Decided> {
        if self.missing.is_some() || self.error.is_some() {
            return None;
        }
        let mut eye = Eye::knowing(graph, self.terms.options, self.known.take()?);
        eye.ahead = all.div_ceil(self.rows.max(1)).max(1);
        let decided = self.survey.decide(&eye, self.terms.flat, ROOT).ok();
        self.known = Some(eye.into_known());
        decided
    }

    /// Rows that were looked at.
    pub fn count(&self) -> u64 {
        self.rows
    }

    /// Decides on the columns; `empty` is a graph of nothing.
    ///
    /// # Errors
    /// As for [`super::Table::open`].
    pub fn decide(self, empty: &Graph) -> Result<(Decided, Known), NoTable> {
        if self.missing.is_some() || self.kinds.all().is_err() {
            // With so many rows nothing inside would be looked at.
            return Err(match self.missing {
                Some(missing) if self.rows > LOOKED_AT as u64 => NoTable::Error(super::no_rows(&missing, ROOT)),
                _ => NoTable::Whole,
            });
        }
        let (None, Some(mut known)) = (&self.error, self.known) else {
            return Err(self.error.map_or(NoTable::Whole, NoTable::Error));
        };
        // The next pass begins with other objects.
        known.retain(|_| false);
        let eye = Eye::knowing(empty, self.terms.options, known);
        let decided = self.survey.decide(&eye, self.terms.flat, ROOT).map_err(NoTable::Error)?;
        Ok((decided, eye.into_known()))
    }
}

/// The pass over all rows that builds their columns.
pub(crate) struct Building<'o> {
    terms: Terms<'o>,
    /// None while a batch is built, or after it failed.
    known: Option<Known>,
    paid: u64,
    schema: SchemaRef,
    rows: Rows,
}

impl<'o> Building<'o> {
    /// Begins to build; `known` is what was known in the end of the pass before, if there was one.
    pub fn new(terms: Terms<'o>, decided: &Decided, known: Option<Known>) -> Self {
        let mut known = known.unwrap_or_else(|| Known::new(terms.max_output));
        // Other objects will lie where those of the pass before did.
        known.retain(|_| false);
        Building { terms, known: Some(known), paid: 0, schema: decided.schema(), rows: decided.rows() }
    }

    /// The types of the columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Builds the next rows; full batches go to `push`.
    ///
    /// # Errors
    /// What a column cannot carry; what `push` fails with.
    pub fn rows(
        &mut self,
        graph: &Graph,
        rows: impl Iterator<Item = Value>,
        ledger: &mut Ledger,
        push: &mut dyn FnMut(&RecordBatch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(known) = self.known.take() else { return Err(lost()) };
        let mut site = self.terms.site(graph, known, ledger, self.paid);
        for row in rows {
            if self.rows.push(&mut site, row)?
                && let Some(batch) = super::batch(&site, &self.schema, &mut self.rows)?
            {
                push(&batch)?;
            }
        }
        self.paid = site.trail.paid();
        self.known = Some(site.eye.into_known());
        Ok(())
    }

    /// The rows that are left; `empty` is a graph of nothing.
    ///
    /// # Errors
    /// As for [`Building::rows`].
    pub fn finish(mut self, empty: &Graph, ledger: &mut Ledger) -> Result<Option<RecordBatch>, Error> {
        let Some(known) = self.known.take() else { return Err(lost()) };
        let site = self.terms.site(empty, known, ledger, self.paid);
        super::batch(&site, &self.schema, &mut self.rows)
    }

    /// Forgets the objects for which `keep` is false.
    pub fn retain(&mut self, keep: impl Fn(NodeId) -> bool) {
        if let Some(known) = &mut self.known {
            known.retain(keep);
        }
    }
}

fn lost() -> Error {
    Error::misuse("expected a table in the making, found none: a batch was left in the middle")
}
