//! Arrays, tensors, tables and their parts in the natural mapping.

use super::Natural;
use crate::error::Error;
use crate::model::layout::Layout;
use crate::model::value::{NodeId, Value};
use crate::writers::event::Sink;

impl<S: Sink> Natural<'_, '_, S> {
    pub(super) fn structure(&mut self, id: NodeId, layout: Layout) -> Result<(), Error> {
        match layout {
            Layout::ArrowArray | Layout::ArrowChunked => self.arrow_array(id),
            Layout::ArrowTable => self.arrow_table(id),
            Layout::ArrowScalar => self.arrow_scalar(id),
            Layout::Geometry => self.geometry(id),
            Layout::Network => self.network(id),
            Layout::Sparse => self.sparse(id),
            Layout::Polars => self.polars(id),
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
