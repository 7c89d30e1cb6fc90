//! Series and DataFrames of polars in the natural mapping: arrays of values, arrays of row objects.

use super::Natural;
#[cfg(feature = "tables")]
use super::arrow::{Chunks, KEEPS, repeated};
use crate::error::Error;
#[cfg(feature = "tables")]
use crate::model::layout::Layout;
use crate::model::layout::Polars;
use crate::model::value::NodeId;
#[cfg(feature = "tables")]
use crate::model::value::Value;
#[cfg(feature = "tables")]
use crate::report::ledger::Step as Loss;
use crate::writers::event::Sink;
#[cfg(feature = "tables")]
use crate::writers::polars::{self, Frame};

impl<S: Sink> Natural<'_, '_, S> {
    #[cfg(not(feature = "tables"))]
    pub(super) fn polars(&mut self, id: NodeId) -> Result<(), Error> {
        let Polars { .. } = Polars::of(self.graph, id);
        Err(self.unrepresentable(
            "a table of polars, which is an Arrow IPC stream: this build reads none",
            "build with the feature `tables`, or use `--lossless`, which keeps the stream",
        ))
    }

    #[cfg(feature = "tables")]
    pub(super) fn polars(&mut self, id: NodeId) -> Result<(), Error> {
        let graph = self.graph;
        let table = Polars::of(graph, id);
        let is_series = matches!(table.class, Value::Global(class) if graph.global(class).name == "Series");
        let mut frames = Vec::new();
        match table.data {
            Value::Bytes { len, at } => frames.push(self.frame(graph.bytes(len, at))?),
            Value::Object(list) => {
                for series in graph.items(list) {
                    let bytes = match graph.layout(series) {
                        Some((Layout::Polars, id)) => match Polars::of(graph, id).data {
                            Value::Bytes { len, at } => graph.bytes(len, at),
                            _ => &[],
                        },
                        _ => &[],
                    };
                    frames.push(self.frame(bytes)?);
                }
            }
            _ => {}
        }
        let mut columns: Vec<(&str, Chunks<'_>)> = Vec::new();
        for frame in &frames {
            for (name, chunks) in frame.columns().map_err(|why| self.unrepresentable(why, KEEPS))? {
                let chunks = Chunks::new(chunks).map_err(|why| self.unrepresentable(why, KEEPS))?;
                columns.push((name, chunks));
            }
        }
        if is_series {
            self.note(Loss::Arrow)?;
            let Some((name, chunks)) = columns.pop().filter(|_| columns.is_empty()) else {
                return Err(self.unrepresentable("expected one column in a Series", KEEPS));
            };
            if !name.is_empty() {
                self.note(Loss::SeriesNameLost)?;
            }
            return self.values(chunks);
        }
        self.note(Loss::ArrowTable)?;
        let (names, columns): (Vec<&str>, Vec<Chunks<'_>>) = columns.into_iter().unzip();
        if let Some(twice) = repeated(&names) {
            let what = format!("two columns would become one: `{}`", crate::name::Escaped(twice));
            return Err(self.unrepresentable(what, KEEPS));
        }
        let rows = columns.first().map_or(0, Chunks::len);
        if columns.iter().any(|column| column.len() != rows) {
            return Err(self.unrepresentable("expected columns of one length", KEEPS));
        }
        self.rows(&names, columns, None)
    }

    #[cfg(feature = "tables")]
    fn frame(&self, bytes: &[u8]) -> Result<Frame, Error> {
        polars::read(bytes).map_err(|why| self.unrepresentable(why, KEEPS))
    }
}
