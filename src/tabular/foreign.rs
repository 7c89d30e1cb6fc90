//! Tables of polars and pyarrow, and tensors: what is Arrow already, or nearly.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};

use super::Job;
use super::build::Site;
use super::columns::VALUE;
use super::frame::Frame;
use super::{series, typed};
use crate::error::Error;
use crate::model::dtype::{DType, Type};
use crate::model::layout::{ArrowField, ArrowSchema, ArrowTable, Layout, Polars};
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Step;
use crate::writers::polars;
use crate::writers::tensors::Dense;

/// The table of a DataFrame or Series of polars.
///
/// # Errors
/// A stream that cannot be read.
pub(super) fn of_polars<'g>(site: &mut Site<'g, '_>, job: &Job<'g>, id: NodeId) -> Result<Frame<'g>, Error> {
    let graph = job.graph;
    match Polars::of(graph, id).data {
        Value::Bytes { len, at } => {
            let (fields, arrays, len) = stream(site, graph.bytes(len, at))?;
            Ok(Frame::ready(Schema::new(fields), arrays, len))
        }
        // Older versions pickled a frame as a list of its Series.
        Value::Object(list) => {
            let (mut fields, mut arrays, mut len) = (Vec::new(), Vec::new(), None);
            for part in graph.items(list) {
                let data = match graph.layout(part) {
                    Some((Layout::Polars, id)) => Polars::of(graph, id).data,
                    _ => return Err(site.trail.odd("expected a list of Series")),
                };
                let Value::Bytes { len: bytes, at } = data else {
                    return Err(site.trail.odd("expected a Series of an Arrow IPC stream"));
                };
                let (of, one, rows) = stream(site, graph.bytes(bytes, at))?;
                if len.is_some_and(|len| len != rows) {
                    return Err(site.trail.odd("expected Series of one length"));
                }
                len = Some(rows);
                fields.extend(of);
                arrays.extend(one);
            }
            Ok(Frame::ready(Schema::new(fields), arrays, len.unwrap_or(0)))
        }
        _ => Err(site.trail.odd("expected a frame with its data")),
    }
}

fn stream(site: &Site<'_, '_>, bytes: &[u8]) -> Result<(Vec<Field>, Vec<ArrayRef>, usize), Error> {
    let frame = polars::read(bytes).map_err(|what| site.trail.odd(&what))?;
    let batch = arrow::compute::concat_batches(&frame.schema, &frame.batches).map_err(|e| site.trail.broken(&e))?;
    let len = batch.num_rows();
    let (schema, arrays): (_, Vec<ArrayRef>) = (batch.schema(), RecordBatch::columns(&batch).to_vec());
    // What polars calls a view is text to everyone.
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = schema
        .fields()
        .iter()
        .zip(arrays)
        .map(|(field, array)| series::without_views(field, array))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| site.trail.broken(&e))?
        .into_iter()
        .unzip();
    Ok((fields, arrays, len))
}

/// The table of a Table or RecordBatch of pyarrow.
///
/// # Errors
/// Buffers that do not agree with their types.
pub(super) fn of_arrow<'g>(site: &mut Site<'g, '_>, job: &Job<'g>, id: NodeId) -> Result<Frame<'g>, Error> {
    let graph = job.graph;
    let table = ArrowTable::of(graph, id);
    let (Some((Layout::ArrowSchema, schema)), Value::Object(columns)) = (graph.layout(table.schema), table.columns)
    else {
        return Err(site.trail.odd("expected a schema and columns"));
    };
    let schema = ArrowSchema::of(graph, schema);
    let Value::Object(list) = schema.fields else { return Err(site.trail.odd("expected a list of fields")) };
    let (mut fields, mut arrays, mut len) = (Vec::new(), Vec::new(), None);
    for (field, column) in graph.items(list).zip(graph.items(columns)) {
        let name = match graph.layout(field) {
            Some((Layout::ArrowField, id)) => ArrowField::of(graph, id).name,
            _ => return Err(site.trail.odd("expected fields")),
        };
        let name = match name {
            Value::Str { len, at } => graph.text(len, at),
            _ => "",
        };
        site.trail.inside(name.to_owned().into());
        let typed = series::of_value(site, name, column)?;
        site.trail.leave();
        if len.is_some_and(|len| len != typed.array.len()) {
            return Err(site.trail.odd("expected columns of one length"));
        }
        len = Some(typed.array.len());
        fields.push(typed.field);
        arrays.push(typed.array);
    }
    let metadata = series::texts(graph, schema.metadata);
    Ok(Frame::ready(Schema::new(fields).with_metadata(metadata), arrays, len.unwrap_or(0)))
}

/// The table of a tensor of torch: the first axis are the rows.
///
/// # Errors
/// Elements that Arrow has no type for.
pub(super) fn of_tensor<'g>(site: &mut Site<'g, '_>, job: &Job<'g>, id: NodeId) -> Result<Frame<'g>, Error> {
    let dense = Dense::of(job.graph, Value::Object(id), job.max_output)
        .map_err(|(what, hint)| site.trail.refused(super::eye::Refusal { what, hint, over: false }))?;
    for step in &dense.losses {
        site.note(*step)?;
    }
    let [len, rest @ ..] = dense.shape.as_slice() else {
        return Err(site.trail.no_type("a tensor of no dimensions"));
    };
    let (dtype, bytes) = match dense.dtype {
        Some(dtype) => (dtype, dense.bytes),
        // The upper half of a float32.
        None => {
            site.note(Step::Widened)?;
            let wide = dense.bytes.as_chunks::<2>().0.iter().flat_map(|[low, high]| [0, 0, *low, *high]).collect();
            (DType { ty: Type::Float, size: 4, big: false }, wide)
        }
    };
    let (field, array) = if rest.is_empty() {
        typed::array(site, VALUE, &dtype, &bytes, *len)?
    } else if job.flat {
        return Err(site.trail.no_type("a tensor of more than one dimension, which CSV has no cells for"));
    } else {
        typed::tensors(site, VALUE, &dtype, rest, &bytes, *len)?
    };
    Ok(Frame::ready(Schema::new(vec![field]), vec![array], *len))
}
