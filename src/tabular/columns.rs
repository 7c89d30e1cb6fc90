//! A table of columns of one length.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Field, Schema, SchemaRef};

use super::Job;
use super::apart::Apart;
use super::build::{Builder, Site, numbers};
use super::content::{Column, Content};
use super::find::column_len;
use super::frame::Frame;
use super::plan::Plan;
use super::shape::Shape;
use super::{series, typed};
use crate::error::Error;
use crate::model::column::Column as View;
use crate::model::dtype::{DType, Type};
use crate::model::graph::Kind;
use crate::model::layout::{Layout, Ndarray, Series};
use crate::model::tensor;
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Step;

/// Columns, and the rows that were taken from them.
pub(super) struct Columns<'g> {
    columns: Vec<Column<'g>>,
    len: usize,
    at: usize,
}

/// The column of a table of no other name.
pub(super) const VALUE: &str = "value";

impl<'g> Columns<'g> {
    /// The columns of a dict.
    pub fn of_dict(site: &mut Site<'g, '_>, job: &Job<'g>, id: NodeId) -> Result<(SchemaRef, Self), Error> {
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
            columns.push(Column { name: Some(name.into_owned()), content });
        }
        Ok((Arc::new(Schema::new(fields)), Columns { columns, len, at: 0 }))
    }

    /// The columns of a frame.
    pub fn ready(frame: Frame<'g>) -> Self {
        Columns { columns: frame.columns, len: frame.len, at: 0 }
    }

    /// The arrays of the next rows, at most `count` of them.
    pub fn next(&mut self, site: &mut Site<'g, '_>, count: usize) -> Result<Option<Vec<ArrayRef>>, Error> {
        let count = count.min(self.len - self.at);
        if count == 0 {
            return Ok(None);
        }
        let mut arrays = Vec::with_capacity(self.columns.len());
        for column in &mut self.columns {
            arrays.push(column.next(site, self.at, count)?);
        }
        self.at += count;
        Ok(Some(arrays))
    }
}

/// One column of a dict.
fn column<'g>(site: &mut Site<'g, '_>, job: &Job<'g>, name: &str, value: Value) -> Result<(Field, Content<'g>), Error> {
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
        Kind::Struct(Layout::Series) => {
            let typed = series::of_rows(site, name, Series::of(graph, id).data)?;
            Ok((typed.field, typed.array))
        }
        _ => Err(site.trail.unfit()),
    }
}

/// A column of values of the graph.
fn values<'g>(site: &mut Site<'g, '_>, job: &Job<'g>, name: &str, id: NodeId) -> Result<(Field, Content<'g>), Error> {
    let mut shape = Shape::default();
    site.trail.items();
    for value in job.graph.items(id) {
        site.trail.next_item();
        shape.observe(&mut site.eye, value, 1).map_err(|refusal| site.trail.refused(refusal))?;
    }
    site.trail.leave();
    let plan: Plan = shape.decide(&site.eye, job.flat);
    Ok((plan.field(name), Content::Values(job.graph.walk(id), Box::new(Builder::new(&plan)))))
}

/// A column that is an array: its first axis are the rows, the others a tensor in each.
fn array<'g>(
    site: &mut Site<'g, '_>,
    job: &Job<'g>,
    name: &str,
    array: &Ndarray,
) -> Result<(Field, Content<'g>), Error> {
    let graph = job.graph;
    let dtype = DType::of(graph, array.dtype).map_err(|what| site.trail.odd(&what))?;
    let shape = tensor::sizes(graph, array.shape);
    let [len, rest @ ..] = shape.as_slice() else { return Err(site.trail.no_type("an array of no dimensions")) };
    if rest.is_empty() && (!matches!(array.mask, Value::None) || !matches!(array.data, Value::Bytes { .. })) {
        if !matches!(array.fill_value, Value::None) {
            site.note(Step::MaskLost)?;
        }
        let column = View::of_array(graph, array).map_err(|what| site.trail.odd(&what))?;
        let typed = series::of_column(site, name, &column)?;
        return Ok((typed.field, Content::Ready(typed.array)));
    }
    let Value::Bytes { len: bytes, at } = array.data else {
        return Err(site.trail.no_type("an array of objects with more than one dimension"));
    };
    if let Some(apart) = Apart::of_array(graph, array).filter(|apart| !(job.flat && apart.has_tensors())) {
        site.trail.pay((*len as u64).max(apart.size()))?;
        let field = apart.field(site, name)?;
        return Ok((field, Content::Apart(Box::new(apart))));
    }
    if !matches!(array.mask, Value::None) {
        return Err(site.trail.no_type("a masked array of more than one dimension"));
    }
    let bytes = tensor::in_c_order(graph, array, graph.bytes(bytes, at));
    site.trail.pay((*len as u64).max(bytes.len() as u64))?;
    let (field, array) = if rest.is_empty() {
        typed::array(site, name, &dtype, &bytes, *len)?
    } else if job.flat {
        return Err(site.trail.no_type("an array of more than one dimension, which CSV has no cells for"));
    } else {
        typed::tensors(site, name, &dtype, rest, &bytes, *len)?
    };
    Ok((field, Content::Ready(array)))
}

/// The table of an array: the fields of a structured dtype are columns, else there is one.
///
/// # Errors
/// Elements that no column has a type for.
pub(super) fn of_array<'g>(site: &mut Site<'g, '_>, job: &Job<'g>, id: NodeId) -> Result<Frame<'g>, Error> {
    let value = Ndarray::of(job.graph, id);
    let (field, content) = array(site, job, VALUE, &value)?;
    let len = content.len().ok_or_else(|| site.trail.unfit())?;
    if let Content::Ready(array) = &content
        && let Some(columns) = array.as_struct_opt()
        && tensor::sizes(job.graph, value.shape).len() == 1
        && matches!(DType::of(job.graph, value.dtype).map(|dtype| dtype.ty), Ok(Type::Struct(_)))
        && columns.nulls().is_none()
    {
        let (fields, arrays, _) = columns.clone().into_parts();
        return Ok(Frame::ready(Schema::new(fields), arrays, len));
    }
    Ok(Frame {
        schema: Arc::new(Schema::new(vec![field])),
        columns: vec![Column { name: Some(VALUE.to_owned()), content }],
        len,
    })
}
