//! Arrays, tensors, tables and their parts in the natural mapping.

use super::Natural;
use crate::error::Error;
use crate::model::layout::{Geometry, Layout};
use crate::model::value::{NodeId, Value};
use crate::model::wkb;
use crate::report::ledger::Step as Loss;
use crate::writers::event::Sink;
use crate::writers::out::DRAIN;
use crate::writers::text;

impl<S: Sink> Natural<'_, '_, S> {
    pub(super) fn array(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Array)?;
        match text::array(self.graph, id).1 {
            text::ArrayContent::Numbers(numbers) => {
                self.begin_array(numbers.len())?;
                for number in numbers {
                    self.sink.element();
                    match number {
                        text::Element::Int(n) => self.sink.int(n),
                        text::Element::Uint(n) => match i64::try_from(n) {
                            Ok(n) => self.sink.int(n),
                            Err(_) => self.sink.big_int(&num_bigint::BigInt::from(n)),
                        },
                        text::Element::Float(f) if f.is_finite() || S::CAPS.non_finite => self.sink.float(f),
                        text::Element::Float(f) => self.non_finite(f)?,
                    }
                    if self.sink.buffer().len() >= DRAIN {
                        self.drain()?;
                    }
                }
                self.depth -= 1;
                self.sink.end_array();
            }
            text::ArrayContent::Text(text) => match String::from_utf8(text) {
                Ok(text) => self.sink.str(&text),
                Err(_) => {
                    return Err(self.unrepresentable(
                        "expected an array of characters, found lone surrogates",
                        "`--lossless` keeps them",
                    ));
                }
            },
            text::ArrayContent::Bytes(bytes) => self.sink.bytes(bytes),
        }
        Ok(())
    }

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
            Layout::DataFrame => self.data_frame(id),
            Layout::Series => self.series(id),
            Layout::Index | Layout::RangeIndex | Layout::MultiIndex => self.index(id),
            Layout::Categorical
            | Layout::DatetimeArray
            | Layout::TimedeltaArray
            | Layout::PeriodArray
            | Layout::IntervalArray
            | Layout::NullableArray
            | Layout::StringArray
            | Layout::ArrowExtension
            | Layout::SparseArray
            | Layout::GeometryArray
            | Layout::PandasArray => self.pandas_array(id),
            Layout::Timestamp => self.timestamp(id),
            Layout::PdTimedelta => self.pandas_timedelta(id),
            Layout::Period => self.period(id),
            Layout::Interval => self.interval(id),
            Layout::PdDtype => self.pandas_dtype(id),
            Layout::Offset => self.offset(id),
            _ => self.named_fields(id, layout),
        }
    }

    /// A geometry as well-known text.
    fn geometry(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Geometry)?;
        let geometry = Geometry::of(self.graph, id);
        // A class that is kept is that of a ring.
        let name = matches!(geometry.class, Value::Global(_)).then_some("LINEARRING");
        self.well_known(geometry.wkb, name)
    }

    /// Well-known binary as well-known text.
    pub(super) fn well_known(&mut self, wkb: Value, name: Option<&'static str>) -> Result<(), Error> {
        let Value::Bytes { len, at } = wkb else {
            return Err(self.unrepresentable("expected well-known binary", "`--lossless` keeps it as it is"));
        };
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
