//! Arrays, tensors, tables and their parts in the natural mapping.

use super::Natural;
use crate::error::Error;
use crate::model::layout::Layout;
use crate::model::value::{NodeId, Value};
use crate::writers::event::Sink;

impl<S: Sink> Natural<'_, '_, S> {
    pub(super) fn structure(&mut self, id: NodeId, layout: Layout) -> Result<(), Error> {
        match layout {
            Layout::Ndarray => self.ndarray(id),
            Layout::Scalar => self.scalar(id),
            Layout::Dtype => self.dtype_value(id),
            Layout::Tensor => self.tensor(id),
            _ => self.named_fields(id, layout),
        }
    }

    /// An object of the fields that are there.
    pub(super) fn named_fields(&mut self, id: NodeId, layout: Layout) -> Result<(), Error> {
        let graph = self.graph;
        let fields: Vec<(&'static str, Value)> = layout
            .fields()
            .iter()
            .zip(graph.items(id))
            .filter(|(field, value)| !(field.optional && matches!(value, Value::None)))
            .map(|(field, value)| (field.name, value))
            .collect();
        self.record_fields(&fields)
    }
}
