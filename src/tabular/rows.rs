//! A table of rows: the pass that decides types, and the pass that builds batches. Neither keeps a row.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;

use super::build::Site;
use super::eye::{Eye, Items, Seen};
use super::find::RowKind;
use super::named::Named;
use super::plan::Plan;
use super::shape::{Failure, Look, Shape};
use super::{BATCH_CELLS, BATCH_ROWS};
use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::model::graph::{Graph, Kind, Walk};
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Step;

/// Bytes of text in one batch, about.
const BATCH_BYTES: u64 = 64 << 20;

/// The column of rows that are scalars.
const VALUE: &str = "value";

/// Where rows come from.
#[derive(Clone, Copy)]
pub(super) enum Source<'g> {
    Items(NodeId),
    Roots(&'g [Value]),
}

impl<'g> Source<'g> {
    pub fn rows(self, graph: &Graph) -> Left<'g> {
        match self {
            Source::Items(id) => Left { walk: Some(graph.walk(id)), roots: [].iter() },
            Source::Roots(roots) => Left { walk: None, roots: roots.iter() },
        }
    }

    /// Counts what the list itself is not.
    ///
    /// # Errors
    /// A lossy step under `--strict`.
    pub fn note(self, site: &mut Site<'_, '_>) -> Result<(), Error> {
        let Source::Items(id) = self else { return Ok(()) };
        let graph = site.eye.graph;
        match graph.kind(id) {
            Kind::Tuple => site.note(Step::Tuple),
            Kind::Deque => {
                site.note(Step::Deque)?;
                if graph.extra(id).is_some() { site.note(Step::MaxlenLost) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }
}

/// The rows that are left.
pub(super) struct Left<'g> {
    walk: Option<Walk>,
    roots: std::slice::Iter<'g, Value>,
}

impl Left<'_> {
    pub fn next(&mut self, graph: &Graph) -> Option<Value> {
        match &mut self.walk {
            Some(walk) => graph.next_item(walk),
            None => self.roots.next().copied(),
        }
    }
}

/// The pass over all rows that decides on the columns.
#[derive(Default)]
pub(super) struct Survey {
    kind: Option<RowKind>,
    shape: Shape,
    /// The columns of rows that are tuples.
    names: Vec<String>,
    rows: u64,
}

impl Survey {
    /// Adds what the next row says about the columns; all are of one kind.
    ///
    /// # Errors
    /// A row without columns, text that the options refuse, more than `max_output` cells.
    pub fn row(
        &mut self,
        site: &mut Site<'_, '_>,
        row: Value,
        kind: RowKind,
        prefix: &str,
        max_output: u64,
    ) -> Result<(), Error> {
        if self.kind.is_none() {
            self.kind = Some(kind);
            if let RowKind::Tuple(width) = kind {
                self.names = (0..width).map(|n| n.to_string()).collect();
            }
        }
        site.trail.row(self.rows);
        self.observe(site, row, kind)?;
        self.end_row(prefix, max_output)
    }

    fn end_row(&mut self, prefix: &str, max_output: u64) -> Result<(), Error> {
        self.rows += 1;
        let cells = self.rows.saturating_mul(self.shape.width() as u64);
        if cells > max_output {
            let at = Location::path(prefix.to_owned());
            return Err(Limit::Output.exceeded(cells, max_output, at).with_hint(
                "rows with ever new keys make a cell for each row and key; `--to ndjson` writes them as they are",
            ));
        }
        Ok(())
    }

    /// As [`Survey::row`] for a row that is a dict, which `rows` builds in the same walk. What either says.
    pub fn row_and_build<'g>(
        &mut self,
        site: &mut Site<'g, '_>,
        id: NodeId,
        (prefix, max_output): (&str, u64),
        rows: &mut Rows,
        building: &mut Site<'g, '_>,
    ) -> (Result<(), Error>, Result<bool, Error>) {
        self.kind = Some(RowKind::Keyed);
        site.trail.row(self.rows);
        let mut look = Look::at_row(&mut site.eye, &mut self.shape);
        let built = rows.push_dict(building, id, &mut look);
        let looked = match look.into_failure() {
            None => self.end_row(prefix, max_output),
            Some(Failure::Refused(refusal)) => Err(site.trail.refused(refusal)),
            Some(Failure::NoName) => Err(site.trail.no_name()),
        };
        (looked, built)
    }

    fn observe<'g>(&mut self, site: &mut Site<'g, '_>, row: Value, kind: RowKind) -> Result<(), Error> {
        let Survey { shape, names, .. } = self;
        let mut hint = 0;
        let refused = |site: &Site<'_, '_>, refusal| Err(site.trail.refused(refusal));
        if kind == RowKind::Scalar {
            return match shape.column(VALUE, &mut hint).observe(&mut site.eye, row, 1) {
                Ok(()) => Ok(()),
                Err(refusal) => refused(site, refusal),
            };
        }
        let seen = match site.eye.see(row) {
            Ok(seen) => seen,
            Err(refusal) => return refused(site, refusal),
        };
        let result = match seen {
            Seen::List(Items::Graph(id)) if matches!(kind, RowKind::Tuple(_)) => site
                .eye
                .values(id)
                .zip(&*names)
                .try_for_each(|(value, name)| shape.column(name, &mut hint).observe(&mut site.eye, value, 1)),
            Seen::Dict(id) => {
                let mut items = site.eye.values(id);
                let mut result = Ok(());
                while let (Some(key), Some(value), Ok(())) = (items.next(), items.next(), &result) {
                    let Some(column) = shape.column_of(&mut site.eye, key, &mut hint) else {
                        return Err(site.trail.no_name());
                    };
                    result = column.observe(&mut site.eye, value, 1);
                }
                result
            }
            Seen::Fields(fields) => fields
                .into_iter()
                .try_for_each(|(name, value)| shape.column(&name, &mut hint).observe(&mut site.eye, value, 1)),
            _ => return Err(site.trail.no_row()),
        };
        match result {
            Ok(()) => Ok(()),
            Err(refusal) => refused(site, refusal),
        }
    }

    /// The columns for all rows so far.
    ///
    /// # Errors
    /// Rows without columns.
    pub fn decide(&self, eye: &Eye<'_>, flat: bool, prefix: &str) -> Result<Decided, Error> {
        let columns = self.shape.columns(eye, flat);
        match self.kind {
            Some(kind) if !columns.is_empty() => Ok(Decided { kind, columns }),
            _ => Err(Error::unrepresentable(
                "expected a table, found rows without columns",
                Location::path(prefix.to_owned()),
            )
            .with_hint("`--to json` takes any value")),
        }
    }
}

/// What rows are, and the columns that were decided on.
#[derive(Debug, PartialEq)]
pub(crate) struct Decided {
    kind: RowKind,
    columns: Vec<(String, Plan)>,
}

impl Decided {
    pub fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.columns.iter().map(|(name, plan)| plan.field(name)).collect::<Vec<_>>()))
    }

    /// The builders of the columns.
    pub(super) fn rows(&self) -> Rows {
        Rows {
            kind: self.kind,
            columns: Named::new(self.columns.iter().map(|(name, plan)| (name, plan))),
            most: (BATCH_CELLS / self.columns.len().max(1)).clamp(1, BATCH_ROWS),
            at: 0,
            built: 0,
            paid: 0,
        }
    }

    /// Whether the columns are the same, but for how many bytes or items they may hold.
    pub fn is_like(&self, other: &Decided) -> bool {
        let same = |(a, b): (&(String, Plan), &(String, Plan))| a.0 == b.0 && a.1.is_like(&b.1);
        self.kind == other.kind
            && self.columns.len() == other.columns.len()
            && self.columns.iter().zip(&other.columns).all(same)
    }
}

/// The pass over all rows that builds their columns.
pub(super) struct Rows {
    kind: RowKind,
    columns: Named,
    /// Rows of one batch, at most.
    most: usize,
    /// The row that is next.
    at: u64,
    /// Rows of the batch in the making.
    built: usize,
    /// What was paid before it.
    paid: u64,
}

impl Rows {
    /// Adds a row; whether the batch is full.
    ///
    /// # Errors
    /// What a column cannot carry, a lossy step under `--strict`.
    pub fn push(&mut self, site: &mut Site<'_, '_>, row: Value) -> Result<bool, Error> {
        self.begin_row(site);
        self.row(site, row)?;
        Ok(self.end_row(site))
    }

    /// As [`Rows::push`] for a row that is a plain dict, while another one looks at it.
    fn push_dict<'g>(&mut self, site: &mut Site<'g, '_>, id: NodeId, look: &mut Look<'_, 'g>) -> Result<bool, Error> {
        self.begin_row(site);
        self.columns.dict_looked_at(site, id, look)?;
        Ok(self.end_row(site))
    }

    fn begin_row(&mut self, site: &mut Site<'_, '_>) {
        if self.built == 0 {
            self.paid = site.trail.paid();
        }
        site.trail.row(self.at);
    }

    fn end_row(&mut self, site: &Site<'_, '_>) -> bool {
        (self.built, self.at) = (self.built + 1, self.at + 1);
        self.built >= self.most || site.trail.paid() - self.paid >= BATCH_BYTES
    }

    /// Whether rows are dicts or instances.
    pub fn are_keyed(&self) -> bool {
        self.kind == RowKind::Keyed
    }

    /// The arrays of the batch; `None` where it has no row.
    ///
    /// # Errors
    /// As for [`super::build::Builder::finish`].
    pub fn finish(&mut self) -> Result<Option<Vec<ArrayRef>>, ArrowError> {
        if std::mem::take(&mut self.built) == 0 {
            return Ok(None);
        }
        self.columns.finish().map(Some)
    }

    fn row(&mut self, site: &mut Site<'_, '_>, row: Value) -> Result<(), Error> {
        if self.kind == RowKind::Scalar {
            return match self.columns.builders().next() {
                Some(column) => column.push(site, row),
                None => Ok(()),
            };
        }
        let seen = site.eye.see(row).map_err(|refusal| site.trail.refused(refusal))?;
        if !site.eye.steps.is_empty() {
            for step in std::mem::take(&mut site.eye.steps) {
                site.note(step)?;
            }
        }
        match seen {
            Seen::List(Items::Graph(id)) => {
                site.trail.items();
                for (value, column) in site.eye.values(id).zip(self.columns.builders()) {
                    site.trail.next_item();
                    if !column.plain(site, value) {
                        column.push(site, value)?;
                    }
                }
                site.trail.leave();
                Ok(())
            }
            Seen::Dict(id) => self.columns.dict(site, id),
            Seen::Fields(fields) => self.columns.fields(site, fields),
            _ => Err(site.trail.unfit()),
        }
    }
}
