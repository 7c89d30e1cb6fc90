//! Rows: values that stand alone, each with a column that says where it came from, if one is wanted.

use super::Natural;
use crate::error::Error;
use crate::model::type_name::type_name;
use crate::model::value::{NodeId, Value};
use crate::writers::event::Sink;
use crate::writers::source;

/// How far a row is that gets a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// No column is to be added.
    Plain,
    /// The row's object begins next.
    Wanted,
    /// Its object is open.
    Open,
}

impl<S: Sink> Natural<'_, '_, S> {
    #[inline]
    pub(super) fn row(&mut self, value: Value) -> Result<(), Error> {
        if self.options.source.is_none() {
            return self.emit(value);
        }
        self.row = Row::Wanted;
        self.emit(value)?;
        if self.row == Row::Wanted { Err(self.no_object(type_name(self.graph, value))) } else { Ok(()) }
    }

    /// The column, before the row's object ends.
    #[cold]
    pub(super) fn source_column(&mut self) {
        self.row = Row::Plain;
        if let Some(source) = &self.options.source {
            self.sink.key();
            self.sink.str(&source.column);
            self.sink.value();
            self.sink.str(&source.name);
        }
    }

    #[cold]
    pub(super) fn no_object(&self, found: &str) -> Error {
        let bad = source::no_object(found);
        self.unrepresentable(bad.what, bad.hint)
    }

    /// Checks the keys of a dict that is a row.
    #[cold]
    pub(super) fn check_row_keys(&self, id: NodeId) -> Result<(), Error> {
        source::check_dict(self.graph, id, self.options).map_err(|bad| self.unrepresentable(bad.what, bad.hint))
    }

    /// Checks the names of the fields from `at` on, which are a row.
    #[cold]
    pub(super) fn check_row_fields(&self, at: usize) -> Result<(), Error> {
        let fields = self.pool.get(at..).unwrap_or(&[]);
        source::check_fields(self.graph, fields, self.options).map_err(|bad| self.unrepresentable(bad.what, bad.hint))
    }
}
