//! Arrays, tensors, tables and their parts in the natural mapping.

use super::Natural;
use crate::error::Error;
use crate::model::layout::{Geometry, Layout};
use crate::model::value::{NodeId, Value};
use crate::model::wkb;
use crate::report::ledger::Step as Loss;
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
            Layout::Ndarray => self.ndarray(id),
            Layout::Scalar => self.scalar(id),
            Layout::Dtype => self.dtype_value(id),
            Layout::Tensor => self.tensor(id),
            _ => self.named_fields(id, layout),
        }
    }

    /// A geometry as well-known text.
    fn geometry(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Geometry)?;
        let geometry = Geometry::of(self.graph, id);
        let Value::Bytes { len, at } = geometry.wkb else {
            return Err(self.unrepresentable("expected well-known binary", "`--lossless` keeps it as it is"));
        };
        // A class that is kept is that of a ring.
        let name = matches!(geometry.class, Value::Global(_)).then_some("LINEARRING");
        self.scratch.clear();
        if let Err(problem) = wkb::text(self.graph.bytes(len, at), name, &mut self.scratch) {
            return Err(self.unrepresentable(problem, "`--lossless` keeps it as it is"));
        }
        self.sink.str(&self.scratch);
        Ok(())
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
