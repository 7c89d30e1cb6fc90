//! Rows: values that stand alone, each with a column that says where it came from, if one is wanted.

use super::{Natural, Py2Text, py2_text};
use crate::error::Error;
use crate::model::type_name::type_name;
use crate::model::value::{NodeId, Value};
use crate::name::Escaped;
use crate::writers::event::Sink;
use crate::writers::records;

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
        self.unrepresentable(
            format!("expected a row that is an object, to add a column to, found {found}"),
            "without `--source-column` a row may be any value",
        )
    }

    /// Checks the keys of a dict that is a row.
    #[cold]
    pub(super) fn check_row_keys(&self, id: NodeId) -> Result<(), Error> {
        for key in self.graph.items(id).step_by(2) {
            match key {
                Value::Str { len, at } => self.check_row_key(self.graph.text(len, at))?,
                Value::Wtf8 { .. } => {}
                Value::Py2Str { len, at } => match py2_text(self.graph.bytes(len, at), self.options.py2_str) {
                    Py2Text::Str(text) => self.check_row_key(&text)?,
                    Py2Text::Bytes | Py2Text::NotUtf8 => return Err(self.no_text_key("bytes")),
                },
                other => return Err(self.no_text_key(type_name(self.graph, other))),
            }
        }
        Ok(())
    }

    /// Checks the names of the fields from `at` on, which are a row.
    #[cold]
    pub(super) fn check_row_fields(&self, at: usize) -> Result<(), Error> {
        for field in self.pool.get(at..).unwrap_or(&[]) {
            match field.name {
                records::Name::Fixed(name) => self.check_row_key(name)?,
                records::Name::Class => self.check_row_key(self.options.class_key.as_deref().unwrap_or_default())?,
                records::Name::Key(Value::Str { len, at }) => self.check_row_key(self.graph.text(len, at))?,
                records::Name::Key(Value::Py2Str { len, at }) => {
                    if let Py2Text::Str(text) = py2_text(self.graph.bytes(len, at), self.options.py2_str) {
                        self.check_row_key(&text)?;
                    }
                }
                records::Name::Key(_) => {}
            }
        }
        Ok(())
    }

    fn check_row_key(&self, key: &str) -> Result<(), Error> {
        match &self.options.source {
            Some(source) if source.column == key => Err(self.unrepresentable(
                format!("expected a row without the key `{}`, which `--source-column` adds, found it", Escaped(key)),
                "`--source-column` with another name",
            )),
            _ => Ok(()),
        }
    }

    fn no_text_key(&self, found: &str) -> Error {
        self.unrepresentable(
            format!("expected a row whose keys are text, to add a column to, found a key that is {found}"),
            "without `--source-column` a row may be any value",
        )
    }
}
