//! A table of columns of one length.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{Field, Schema, SchemaRef};

use super::Job;
use super::build::{Builder, Site, numbers};
use super::find::column_len;
use super::plan::Plan;
use super::shape::Shape;
use crate::error::Error;
use crate::model::graph::{Kind, Walk};
use crate::model::layout::{Layout, Ndarray};
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Step;

/// Columns, and the rows that were taken from them.
pub(super) struct Columns {
    columns: Vec<Column>,
    len: usize,
    at: usize,
}

struct Column {
    name: String,
    content: Content,
}

enum Content {
    /// Values of the graph, which are built batch by batch.
    Values(Walk, Builder),
    Ready(ArrayRef),
}

impl Columns {
    /// The columns of a dict.
    pub fn of_dict<'g>(site: &mut Site<'g, '_>, job: &Job<'g>, id: NodeId) -> Result<(SchemaRef, Self), Error> {
        let graph = job.graph;
        let (mut columns, mut fields) = (Vec::new(), Vec::new());
        let mut names = std::collections::HashSet::new();
        let mut len = 0;
        if graph.kind(id) != Kind::Dict {
            site.note(Step::Dict)?;
        }
        let mut items = graph.items(id);
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            let Some((name, is_str)) = site.eye.key(key) else { return Err(site.trail.no_name()) };
            if !is_str {
                site.note(Step::Keys)?;
            }
            if !names.insert(name.to_string()) {
                return Err(site.trail.twice(&name));
            }
            len = column_len(graph, value).unwrap_or(0);
            site.trail.inside(name.clone());
            let (field, content) = column(site, job, &name, value)?;
            site.trail.leave();
            fields.push(field);
            columns.push(Column { name: name.into_owned(), content });
        }
        Ok((Arc::new(Schema::new(fields)), Columns { columns, len, at: 0 }))
    }

    /// The arrays of the next rows, at most `count` of them.
    pub fn next<'g>(&mut self, site: &mut Site<'g, '_>, count: usize) -> Result<Option<Vec<ArrayRef>>, Error> {
        let count = count.min(self.len - self.at);
        if count == 0 {
            return Ok(None);
        }
        let mut arrays = Vec::with_capacity(self.columns.len());
        for Column { name, content } in &mut self.columns {
            arrays.push(match content {
                Content::Ready(array) => array.slice(self.at, count),
                Content::Values(walk, builder) => {
                    site.trail.column(name, self.at as u64);
                    for _ in 0..count {
                        let Some(value) = site.eye.graph.next_item(walk) else { break };
                        site.trail.next_item();
                        builder.push(site, value)?;
                    }
                    builder.finish().map_err(|e| site.trail.broken(&e))?
                }
            });
        }
        self.at += count;
        Ok(Some(arrays))
    }
}

/// One column of a dict.
fn column<'g>(site: &mut Site<'g, '_>, job: &Job<'g>, name: &str, value: Value) -> Result<(Field, Content), Error> {
    let graph = job.graph;
    let Value::Object(id) = value else { return Err(site.trail.unfit()) };
    match graph.kind(id) {
        Kind::List | Kind::Tuple => {
            if graph.kind(id) == Kind::Tuple {
                site.note(Step::Tuple)?;
            }
            values(site, job, name, id)
        }
        Kind::Array => {
            site.note(Step::Array)?;
            let plan = {
                let mut shape = Shape::default();
                for seen in numbers(graph, id) {
                    shape.take(&mut site.eye, seen, 1).map_err(|refusal| site.trail.refused(refusal))?;
                }
                shape.decide(&site.eye, job.flat)
            };
            let mut builder = Builder::new(&plan);
            for seen in numbers(graph, id) {
                builder.take(site, None, seen)?;
            }
            let array = builder.finish().map_err(|e| site.trail.broken(&e))?;
            Ok((plan.field(name), Content::Ready(array)))
        }
        Kind::Struct(Layout::Ndarray) => array(site, job, name, &Ndarray::of(graph, id)),
        _ => Err(site.trail.unfit()),
    }
}

/// A column of values of the graph.
fn values<'g>(site: &mut Site<'g, '_>, job: &Job<'g>, name: &str, id: NodeId) -> Result<(Field, Content), Error> {
    let mut shape = Shape::default();
    site.trail.items();
    for value in job.graph.items(id) {
        site.trail.next_item();
        shape.observe(&mut site.eye, value, 1).map_err(|refusal| site.trail.refused(refusal))?;
    }
    site.trail.leave();
    let plan: Plan = shape.decide(&site.eye, job.flat);
    Ok((plan.field(name), Content::Values(job.graph.walk(id), Builder::new(&plan))))
}

/// A column that is an array.
fn array<'g>(site: &mut Site<'g, '_>, job: &Job<'g>, name: &str, array: &Ndarray) -> Result<(Field, Content), Error> {
    let (_, _, _, _) = (site, job, name, array);
    Err(Error::misuse("not yet"))
}
