//! Sparse matrices of scipy in the natural mapping: coordinates and values, whatever the format.
//!
//! `{"format", "shape", "row": […], "col": […], "data": […]}`; where there are not two dimensions, `"coords": [[…], …]` instead of
//! row and column. Entries keep their order; several at one place and zeros that are stored stay. What is stored for no place (the
//! corners of diagonals) is left out. `scipy.sparse.coo_array((data, (row, col)), shape)` reads it back.

use super::{Natural, Step};
use crate::error::Error;
use crate::model::graph::Graph;
use crate::model::layout::Sparse;
use crate::model::sparse::{Ints, array, index, objects};
use crate::model::tensor;
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Step as Loss;
use crate::writers::event::Sink;
use crate::writers::out::DRAIN;

const KEEPS: &str = "`--lossless` keeps it as it is";

/// The entries of a matrix: for each axis where they stand, and what they are.
struct Entries {
    axes: Vec<Vec<usize>>,
    data: Data,
}

enum Data {
    /// The places of the elements in an array.
    Places(Value, Vec<usize>),
    Values(Vec<Value>),
}

impl<S: Sink> Natural<'_, '_, S> {
    pub(super) fn sparse(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Sparse)?;
        let graph = self.graph;
        let sparse = Sparse::of(graph, id);
        if has_more(graph, sparse.own) {
            self.note(Loss::SparseLost)?;
        }
        let format = match sparse.format {
            Value::Str { len, at } => graph.text(len, at),
            _ => "",
        };
        let shape = tensor::sizes(graph, sparse.shape);
        let Some(entries) = entries(graph, &sparse, format, &shape) else {
            return Err(self.unrepresentable("expected the entries of a sparse matrix within its shape", KEEPS));
        };
        let plane = shape.len() == 2;
        self.begin_map(if plane { 5 } else { 4 })?;
        self.named("format");
        self.sink.str(format);
        self.named("shape");
        self.places(&shape)?;
        if plane {
            for (name, axis) in ["row", "col"].into_iter().zip(&entries.axes) {
                self.named(name);
                self.places(axis)?;
            }
        } else {
            self.named("coords");
            self.begin_array(entries.axes.len())?;
            for axis in &entries.axes {
                self.sink.element();
                self.places(axis)?;
            }
            self.depth -= 1;
            self.sink.end_array();
        }
        self.named("data");
        self.todo.push(Step::EndMap);
        match entries.data {
            Data::Places(data, places) => self.elements(data, &places),
            Data::Values(values) => {
                self.begin_array(values.len())?;
                self.todo.push(Step::EndArray);
                self.todo.extend(values.into_iter().rev().map(Step::Element));
                Ok(())
            }
        }
    }

    fn named(&mut self, name: &str) {
        self.sink.key();
        self.sink.str(name);
        self.sink.value();
    }

    fn places(&mut self, places: &[usize]) -> Result<(), Error> {
        self.begin_array(places.len())?;
        for place in places {
            self.sink.element();
            // No array has more elements than memory.
            self.sink.int(i64::try_from(*place).unwrap_or(i64::MAX));
            if self.sink.buffer().len() >= DRAIN {
                self.drain()?;
            }
        }
        self.depth -= 1;
        self.sink.end_array();
        Ok(())
    }

    /// Those elements of an array, places counted in C order.
    fn elements(&mut self, data: Value, places: &[usize]) -> Result<(), Error> {
        let graph = self.graph;
        let Some((array, dtype)) = array(graph, data) else {
            return Err(self.unrepresentable("expected an array of data", KEEPS));
        };
        self.begin_array(places.len())?;
        match array.data {
            Value::Bytes { len, at } => {
                let bytes = tensor::in_c_order(graph, &array, graph.bytes(len, at));
                for place in places {
                    self.sink.element();
                    let start = place.saturating_mul(dtype.size);
                    self.element(&dtype, bytes.get(start..).unwrap_or(&[]), &[])?;
                    if self.sink.buffer().len() >= DRAIN {
                        self.drain()?;
                    }
                }
                self.depth -= 1;
                self.sink.end_array();
                Ok(())
            }
            Value::Object(list) => {
                let all: Vec<Value> = graph.items(list).collect();
                self.todo.push(Step::EndArray);
                let values = places.iter().rev().map(|place| all.get(*place).copied().unwrap_or(Value::None));
                self.todo.extend(values.map(Step::Element));
                Ok(())
            }
            _ => Err(self.unrepresentable("expected an array of data", KEEPS)),
        }
    }
}

/// Whether a matrix holds more than its elements and what scipy notes about them.
fn has_more(graph: &Graph, own: Value) -> bool {
    let Value::Object(own) = own else { return false };
    graph.items(own).step_by(2).any(|name| match name {
        Value::Str { len, at } => !matches!(
            graph.text(len, at),
            "maxprint"
                | "dtype"
                | "has_canonical_format"
                | "_has_canonical_format"
                | "has_sorted_indices"
                | "_has_sorted_indices"
        ),
        _ => true,
    })
}

fn entries(graph: &Graph, sparse: &Sparse, format: &str, shape: &[usize]) -> Option<Entries> {
    let places = |count: usize| Data::Places(sparse.data, (0..count).collect());
    match format {
        "csr" | "csc" => {
            let (indices, indptr) = (Ints::of(graph, sparse.indices)?, Ints::of(graph, sparse.indptr)?);
            let (mut major, mut minor) = (Vec::new(), Vec::new());
            for line in 0..indptr.len().saturating_sub(1) {
                for at in indptr.index(line)?..indptr.index(line + 1)? {
                    major.push(line);
                    minor.push(indices.index(at)?);
                }
            }
            let data = places(minor.len());
            let axes = match (format, shape.len()) {
                ("csr", 1) => vec![minor],
                ("csr", _) => vec![major, minor],
                _ => vec![minor, major],
            };
            Some(Entries { axes, data })
        }
        "bsr" => {
            let (indices, indptr) = (Ints::of(graph, sparse.indices)?, Ints::of(graph, sparse.indptr)?);
            let [_, height, width] = *tensor::sizes(graph, array(graph, sparse.data)?.0.shape).as_slice() else {
                return None;
            };
            let (mut rows, mut columns) = (Vec::new(), Vec::new());
            for line in 0..indptr.len().saturating_sub(1) {
                for at in indptr.index(line)?..indptr.index(line + 1)? {
                    let block = indices.index(at)?;
                    for row in 0..height {
                        for column in 0..width {
                            rows.push(line.checked_mul(height)?.checked_add(row)?);
                            columns.push(block.checked_mul(width)?.checked_add(column)?);
                        }
                    }
                }
            }
            let data = places(rows.len());
            Some(Entries { axes: vec![rows, columns], data })
        }
        "coo" => {
            let Value::Object(coords) = sparse.coords else { return None };
            let mut axes = Vec::new();
            for axis in graph.items(coords) {
                let ints = Ints::of(graph, axis)?;
                axes.push((0..ints.len()).map(|i| ints.index(i)).collect::<Option<Vec<usize>>>()?);
            }
            let data = places(axes.first().map_or(0, Vec::len));
            Some(Entries { axes, data })
        }
        "dia" => {
            let offsets = Ints::of(graph, sparse.offsets)?;
            let [height, columns_in_shape] = *shape else { return None };
            let [_, width] = *tensor::sizes(graph, array(graph, sparse.data)?.0.shape).as_slice() else { return None };
            let (mut rows, mut columns, mut all) = (Vec::new(), Vec::new(), Vec::new());
            for diagonal in 0..offsets.len() {
                let offset = i128::from(offsets.at(diagonal)?);
                for column in 0..width.min(columns_in_shape) {
                    // scipy: element `column` of diagonal k stands in row `column - k`.
                    if let Ok(row) = usize::try_from(column as i128 - offset)
                        && row < height
                    {
                        rows.push(row);
                        columns.push(column);
                        all.push(diagonal.checked_mul(width)?.checked_add(column)?);
                    }
                }
            }
            Some(Entries { axes: vec![rows, columns], data: Data::Places(sparse.data, all) })
        }
        "lil" => {
            let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
            for (row, (indices, data)) in objects(graph, sparse.rows)?.zip(objects(graph, sparse.data)?).enumerate() {
                let (Value::Object(indices), Value::Object(data)) = (indices, data) else { return None };
                for (column, value) in graph.items(indices).zip(graph.items(data)) {
                    rows.push(row);
                    columns.push(index(graph, column)?);
                    values.push(value);
                }
            }
            Some(Entries { axes: vec![rows, columns], data: Data::Values(values) })
        }
        "dok" => {
            let Value::Object(items) = sparse.items else { return None };
            let mut axes = vec![Vec::new(); shape.len()];
            let mut values = Vec::new();
            let mut pairs = graph.items(items);
            while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
                match key {
                    Value::Object(tuple) if graph.layout(key).is_none() => {
                        for (axis, n) in axes.iter_mut().zip(graph.items(tuple)) {
                            axis.push(index(graph, n)?);
                        }
                    }
                    n => axes.first_mut()?.push(index(graph, n)?),
                }
                values.push(value);
            }
            Some(Entries { axes, data: Data::Values(values) })
        }
        _ => None,
    }
}
