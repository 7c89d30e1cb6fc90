//! Columns of elements that stay in the input: those of a batch are read from their place, straight into Arrow's buffers.
//!
//! Only for dtypes whose Arrow type does not depend on the elements; for the others all elements have to be looked at first.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::buffer::MutableBuffer;
use arrow::datatypes::Field;

use super::build::Site;
use super::typed;
use crate::error::Error;
use crate::model::dtype::DType;
use crate::model::graph::Graph;
use crate::model::graph::payloads::Data;
use crate::model::layout::{DatetimeArray, Index, Layout, Ndarray, PandasArray, TimedeltaArray};
use crate::model::tensor;
use crate::model::value::Value;

/// Elements in C order, of which those of one row lie one after another.
pub(super) struct Apart<'g> {
    data: Data<'g>,
    pub dtype: DType,
    /// The shape of what a row has, where it is a tensor.
    inner: Option<Vec<usize>>,
    len: usize,
    /// Bytes of a row.
    width: usize,
    zone: Option<Arc<str>>,
}

impl<'g> Apart<'g> {
    /// The column of an array of pandas or numpy, and its time zone; `None` where its elements are in memory, or are no plain numbers.
    pub fn of_column(graph: &'g Graph, value: Value) -> Option<(Self, Value)> {
        let (mut value, mut zone) = (value, Value::None);
        let array = loop {
            // Each layout leads to another one further down, and an array ends it.
            value = match graph.layout(value)? {
                (Layout::Ndarray, id) => break Ndarray::of(graph, id),
                (Layout::Index, id) => Index::of(graph, id).data,
                (Layout::PandasArray, id) => PandasArray::of(graph, id).data,
                (Layout::TimedeltaArray, id) => TimedeltaArray::of(graph, id).data,
                (Layout::DatetimeArray, id) => {
                    let array = DatetimeArray::of(graph, id);
                    zone = array.tz;
                    array.data
                }
                _ => return None,
            }
        };
        let apart = Apart::of_array(graph, &array).filter(|apart| apart.inner.is_none())?;
        // A zone belongs to times alone, whatever the object says.
        (matches!(zone, Value::None) || typed::is_time(&apart.dtype)).then_some((apart, zone))
    }

    /// The rows of an array, which are the items of its first axis.
    pub fn of_array(graph: &'g Graph, array: &Ndarray) -> Option<Self> {
        let (Value::Bytes { len: bytes, at }, Value::None) = (array.data, array.mask) else { return None };
        let data = graph.data(bytes, at);
        let shape = tensor::sizes(graph, array.shape);
        let [len, inner @ ..] = shape.as_slice() else { return None };
        let in_c_order = inner.is_empty() || matches!(array.order, Value::None);
        let dtype = DType::of(graph, array.dtype).ok()?;
        let width = inner.iter().try_fold(dtype.size, |product, n| product.checked_mul(*n))?;
        let agree = width.checked_mul(*len).is_some_and(|all| all as u64 == data.len());
        let inner = (!inner.is_empty()).then(|| inner.to_vec());
        (matches!(data, Data::Apart { .. }) && in_c_order && agree && width > 0 && typed::is_steady(&dtype))
            .then(|| Apart { data, dtype, inner, len: *len, width, zone: None })
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes of all rows.
    pub fn size(&self) -> u64 {
        self.data.len()
    }

    /// Whether a row has a tensor.
    pub fn has_tensors(&self) -> bool {
        self.inner.is_some()
    }

    /// Gives the times a zone.
    pub fn set_zone(&mut self, zone: Arc<str>) {
        self.zone = Some(zone);
    }

    /// The field that describes the column.
    ///
    /// # Errors
    /// A type that Arrow has no room for.
    pub fn field(&self, site: &mut Site<'_, '_>, name: &str) -> Result<Field, Error> {
        Ok(self.array(site, name, MutableBuffer::new(0), 0)?.0)
    }

    /// The array of some rows.
    ///
    /// # Errors
    /// `Io` where the elements cannot be read.
    pub fn read(&self, site: &mut Site<'_, '_>, at: usize, count: usize) -> Result<ArrayRef, Error> {
        let mut bytes = MutableBuffer::from_len_zeroed(self.width.saturating_mul(count));
        self.data.read((at as u64).saturating_mul(self.width as u64), bytes.as_slice_mut())?;
        Ok(self.array(site, "", bytes, count)?.1)
    }

    fn array(
        &self,
        site: &mut Site<'_, '_>,
        name: &str,
        bytes: MutableBuffer,
        count: usize,
    ) -> Result<(Field, ArrayRef), Error> {
        if let Some(inner) = &self.inner {
            return typed::tensors(site, name, &self.dtype, inner, &bytes, count);
        }
        let (field, array) = typed::owned(site, name, &self.dtype, bytes, count)?;
        let Some(zone) = &self.zone else { return Ok((field, array)) };
        let array = typed::with_zone(&array, zone.clone()).ok_or_else(|| site.trail.no_type("times of that unit"))?;
        Ok((field.with_data_type(array.data_type().clone()), array))
    }
}
