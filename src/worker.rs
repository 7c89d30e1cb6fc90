//! Converting many inputs, one after another, in memory that is used again.

use std::io::{Read, Write};

use crate::convert::{Converter, Report};
use crate::document::Memory;
use crate::error::Failure;
use crate::stream::Reopen;

/// A converter at work on many inputs: what one needed serves the next, so that a small input costs little more than reading
/// it. Each has a budget of its own.
///
/// ```
/// use depickle::{Converter, Format};
///
/// let converter = Converter::new(Format::Ndjson);
/// let mut worker = converter.worker();
/// let mut output = Vec::new();
/// for pickle in [&b"\x80\x02K\x01."[..], b"\x80\x02](K\x02K\x03e."] {
///     worker.convert(pickle, &mut output)?;
/// }
/// assert_eq!(output, b"1\n2\n3\n");
/// # Ok::<(), depickle::error::Failure>(())
/// ```
#[derive(Debug)]
pub struct Worker {
    converter: Converter,
    memory: Memory,
}

impl Converter {
    /// A worker that converts as this converter does.
    pub fn worker(&self) -> Worker {
        Worker { converter: self.clone(), memory: Memory::default() }
    }
}

impl Worker {
    /// Says where the rows of the inputs that follow come from, where [`WriteOptions::source`](crate::WriteOptions::source) asks
    /// for a column of it.
    pub fn comes_from(&mut self, name: &str) {
        if let Some(source) = &mut self.converter.options.source {
            source.name.clear();
            source.name.push_str(name);
        }
    }

    /// As [`Converter::convert`].
    ///
    /// # Errors
    /// As for [`Converter::convert`].
    pub fn convert(&mut self, input: impl Read + Send, output: &mut dyn Write) -> Result<Report, Failure> {
        self.converter.convert_in(input, &mut self.memory, output)
    }

    /// As [`Converter::convert_reopened`].
    ///
    /// # Errors
    /// As for [`Converter::convert`].
    pub fn convert_reopened(
        &mut self,
        open: &Reopen<'_>,
        checked: bool,
        output: &mut dyn Write,
    ) -> Result<Report, Failure> {
        self.converter.convert_reopened(open, checked, output)
    }
}
