//! What may be asked about tables before they are written: their schema, and which ones a dict holds.

use std::io::Read;

use crate::convert::Converter;
use crate::document::Document;
use crate::error::{Error, Failure};
use crate::report::ledger::Ledger;
use crate::tabular;
use crate::writers::options::SchemaFormat;
use crate::writers::schema;

impl Converter {
    /// Reads an input, for [`Converter::parts`], [`Converter::schema`] and [`Converter::write`].
    ///
    /// # Errors
    /// All findings of the input.
    pub fn read(&self, input: impl Read + Send) -> Result<Document, Failure> {
        self.reader.read(input)
    }

    /// The schema of the table that a document is, as text.
    ///
    /// # Errors
    /// It is no table, or not one that the format can describe.
    pub fn schema(&self, document: &Document, format: SchemaFormat) -> Result<String, Error> {
        let (roots, prefix) = match &self.select {
            Some(select) => select.apply(&document.graph, &document.roots)?,
            None => (document.roots.clone(), None),
        };
        let job = tabular::Job {
            graph: &document.graph,
            roots: &roots,
            prefix: prefix.as_deref().unwrap_or("$"),
            options: &self.options,
            flat: false,
            max_output: self.reader.allowed().output_for(document.bytes()),
        };
        let mut ledger = Ledger::default();
        let table = tabular::Table::open(&job, &mut ledger)?.schema();
        match format {
            SchemaFormat::Arrow => Ok(schema::arrow(&table)),
            SchemaFormat::JsonSchema => Ok(schema::json_schema(&table)),
            #[cfg(feature = "protobuf")]
            SchemaFormat::Proto => {
                let name = self.options.proto_message.as_deref().unwrap_or("Row");
                crate::writers::messages::Message::new(name, &table).map(|message| message.proto())
            }
            #[cfg(not(feature = "protobuf"))]
            SchemaFormat::Proto => Err(Error::misuse("this build does not write protobuf")),
        }
    }

    /// The tables of a document that is a dict of tables: for each the text of its key, and the path that
    /// [`Converter::select`] takes.
    ///
    /// # Errors
    /// The document is something else.
    pub fn parts(&self, document: &Document) -> Result<Vec<(String, String)>, Error> {
        let (roots, prefix) = match &self.select {
            Some(select) => select.apply(&document.graph, &document.roots)?,
            None => (document.roots.clone(), None),
        };
        match roots.as_slice() {
            [root] => tabular::parts(&document.graph, *root, prefix.as_deref().unwrap_or("$")),
            many => Err(Error::misuse(format!("expected one pickle to split, found {}", many.len()))
                .with_hint("`--select '$[0]'` takes the first one")),
        }
    }
}
