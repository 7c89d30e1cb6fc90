//! A table of rows: the pass that decides types, and the pass that builds batches.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{Schema, SchemaRef};

use super::Job;
use super::build::{Builder, Site};
use super::eye::{Items, Seen};
use super::find::RowKind;
use super::shape::Shape;
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

/// The rows that are left.
struct Left<'g> {
    walk: Option<Walk>,
    roots: std::slice::Iter<'g, Value>,
}

impl<'g> Left<'g> {
    fn new(graph: &Graph, source: Source<'g>) -> Self {
        match source {
            Source::Items(id) => Left { walk: Some(graph.walk(id)), roots: [].iter() },
            Source::Roots(roots) => Left { walk: None, roots: roots.iter() },
        }
    }

    fn next(&mut self, graph: &Graph) -> Option<Value> {
        match &mut self.walk {
            Some(walk) => graph.next_item(walk),
            None => self.roots.next().copied(),
        }
    }
}

/// Rows, and the builders of their columns.
pub(super) struct Rows<'g> {
    kind: RowKind,
    left: Left<'g>,
    /// The row that is next.
    at: u64,
    columns: Vec<(String, Builder)>,
    by_name: HashMap<String, usize>,
    /// Which columns the row has.
    filled: Vec<bool>,
}

impl<'g> Rows<'g> {
    /// Decides on the columns, in one pass over all rows.
    pub fn open(
        site: &mut Site<'g, '_>,
        job: &Job<'g>,
        source: Source<'g>,
        kind: RowKind,
    ) -> Result<(SchemaRef, Self), Error> {
        let graph = job.graph;
        if let Source::Items(id) = source {
            match graph.kind(id) {
                Kind::Tuple => site.note(Step::Tuple)?,
                Kind::Deque => site.note(Step::Deque)?,
                _ => {}
            }
            if graph.kind(id) == Kind::Deque && graph.extra(id).is_some() {
                site.note(Step::MaxlenLost)?;
            }
        }
        let mut shape = Shape::default();
        let names: Vec<String> = match kind {
            RowKind::Tuple(width) => (0..width).map(|n| n.to_string()).collect(),
            RowKind::Keyed | RowKind::Scalar => Vec::new(),
        };
        let mut left = Left::new(graph, source);
        let mut count = 0u64;
        while let Some(row) = left.next(graph) {
            site.trail.row(count);
            observe(site, &mut shape, row, kind, &names)?;
            count += 1;
            let cells = count.saturating_mul(shape.width() as u64);
            if cells > job.max_output {
                let at = Location::path(job.prefix.to_owned());
                return Err(Limit::Output.exceeded(cells, job.max_output, at).with_hint(
                    "rows with ever new keys make a cell for each row and key; `--to ndjson` writes them as they are",
                ));
            }
        }
        let columns = shape.columns(&site.eye, job.flat);
        if columns.is_empty() {
            return Err(Error::unrepresentable(
                "expected a table, found rows without columns",
                Location::path(job.prefix.to_owned()),
            )
            .with_hint("`--to json` takes any value"));
        }
        let schema = Schema::new(columns.iter().map(|(name, plan)| plan.field(name)).collect::<Vec<_>>());
        let rows = Rows {
            kind,
            left: Left::new(graph, source),
            at: 0,
            by_name: columns.iter().enumerate().map(|(n, (name, _))| (name.clone(), n)).collect(),
            filled: vec![false; columns.len()],
            columns: columns.into_iter().map(|(name, plan)| (name, Builder::new(&plan))).collect(),
        };
        Ok((Arc::new(schema), rows))
    }

    /// The arrays of the next rows, at most `count` of them.
    pub fn next(&mut self, site: &mut Site<'g, '_>, count: usize) -> Result<Option<Vec<ArrayRef>>, Error> {
        let (mut built, before) = (0, site.trail.paid());
        while built < count
            && site.trail.paid() - before < BATCH_BYTES
            && let Some(row) = self.left.next(site.eye.graph)
        {
            site.trail.row(self.at);
            self.row(site, row)?;
            (built, self.at) = (built + 1, self.at + 1);
        }
        if built == 0 {
            return Ok(None);
        }
        let arrays = self.columns.iter_mut().map(|(_, column)| column.finish()).collect::<Result<_, _>>();
        arrays.map(Some).map_err(|e| site.trail.broken(&e))
    }

    fn row(&mut self, site: &mut Site<'g, '_>, row: Value) -> Result<(), Error> {
        if self.kind == RowKind::Scalar {
            return match self.columns.first_mut() {
                Some((_, column)) => column.push(site, row),
                None => Ok(()),
            };
        }
        let seen = site.eye.see(row).map_err(|refusal| site.trail.refused(refusal))?;
        for step in std::mem::take(&mut site.eye.steps) {
            site.note(step)?;
        }
        match seen {
            Seen::List(Items::Graph(id)) => {
                site.trail.items();
                for (value, (_, column)) in site.eye.values(id).zip(&mut self.columns) {
                    site.trail.next_item();
                    column.push(site, value)?;
                }
                site.trail.leave();
            }
            Seen::Dict(id) => {
                self.filled.fill(false);
                let mut items = site.eye.values(id);
                let mut hint = 0;
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    let name = name(site, key)?;
                    self.cell(site, name, value, &mut hint)?;
                }
                self.missing(site)?;
            }
            Seen::Fields(fields) => {
                self.filled.fill(false);
                let mut hint = 0;
                for (name, value) in fields {
                    self.cell(site, name, value, &mut hint)?;
                }
                self.missing(site)?;
            }
            _ => return Err(site.trail.unfit()),
        }
        Ok(())
    }

    fn cell(
        &mut self,
        site: &mut Site<'g, '_>,
        name: Cow<'g, str>,
        value: Value,
        hint: &mut usize,
    ) -> Result<(), Error> {
        let at = match self.columns.get(*hint) {
            Some((known, _)) if **known == *name => Some(*hint),
            _ => self.by_name.get(&*name).copied(),
        };
        let Some((at, filled)) = at.and_then(|at| Some((at, self.filled.get_mut(at)?))) else {
            return Err(site.trail.unfit());
        };
        *hint = at + 1;
        if std::mem::replace(filled, true) {
            return Err(site.trail.twice(&name));
        }
        site.trail.inside(name);
        if let Some((_, column)) = self.columns.get_mut(at) {
            column.push(site, value)?;
        }
        site.trail.leave();
        Ok(())
    }

    fn missing(&mut self, site: &mut Site<'g, '_>) -> Result<(), Error> {
        for ((name, column), filled) in self.columns.iter_mut().zip(&self.filled) {
            if !filled {
                site.trail.inside(Cow::Owned(name.clone()));
                site.note(Step::MissingKey)?;
                site.trail.leave();
                column.null();
            }
        }
        Ok(())
    }
}

/// The column that a key names.
fn name<'g>(site: &mut Site<'g, '_>, key: Value) -> Result<Cow<'g, str>, Error> {
    match site.eye.key(key) {
        Some((name, is_str)) => {
            if !is_str {
                site.note(Step::Keys)?;
            }
            Ok(name)
        }
        None => Err(site.trail.no_name()),
    }
}

/// Adds what one row says about the columns.
fn observe<'g>(
    site: &mut Site<'g, '_>,
    shape: &mut Shape,
    row: Value,
    kind: RowKind,
    names: &[String],
) -> Result<(), Error> {
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
            .zip(names)
            .try_for_each(|(value, name)| shape.column(name, &mut hint).observe(&mut site.eye, value, 1)),
        Seen::Dict(id) => {
            let mut items = site.eye.values(id);
            let mut result = Ok(());
            while let (Some(key), Some(value), Ok(())) = (items.next(), items.next(), &result) {
                let Some((name, _)) = site.eye.key(key) else { return Err(site.trail.no_name()) };
                result = shape.column(&name, &mut hint).observe(&mut site.eye, value, 1);
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
