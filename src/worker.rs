//! Converting many inputs, one after another, in memory that is used again.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use crate::convert::{Converter, Report};
use crate::document::Memory;
use crate::error::{Error, Failure};
use crate::location::Location;
use crate::output::{Gone, Output};

/// Bytes from which on a file is not read into memory at once.
const LARGE: usize = 512 << 10;

/// A converter at work on many inputs: what one needed serves the next, so that a small input costs little more than reading
/// it. Each has a budget of its own.
///
/// ```
/// use depickle::{Converter, Format};
///
/// let mut worker = Converter::new(Format::Ndjson).worker();
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

    /// Names the folder of the inputs that follow, as [`Converter::side_files`] does; `None` where they have none.
    pub fn side_files(&mut self, folder: Option<&Path>) {
        let known = self.converter.reader.side_folder();
        // Byte for byte: most files lie in the folder of the one before.
        if known.as_deref().map(Path::as_os_str) != folder.map(Path::as_os_str) {
            *known = folder.map(Arc::from);
        }
    }

    /// As [`Converter::convert`].
    ///
    /// # Errors
    /// As for [`Converter::convert`].
    pub fn convert(&mut self, input: impl Read + Send, output: &mut dyn Write) -> Result<Report, Failure> {
        self.converter.convert_in(input, &mut self.memory, output)
    }

    /// As [`Converter::convert_file`]; the file's position is where it begins.
    ///
    /// # Errors
    /// As for [`Converter::convert`].
    pub fn convert_file(&mut self, file: File, output: &mut dyn Write) -> Result<Report, Failure> {
        self.convert_file_to(file, &mut Gone(output))
    }

    /// As [`Converter::convert_file_to`]; the file's position is where it begins.
    ///
    /// # Errors
    /// As for [`Converter::convert`].
    pub fn convert_file_to(&mut self, mut file: File, output: &mut dyn Output) -> Result<Report, Failure> {
        let mut buffer = std::mem::take(&mut self.memory.buffer);
        if buffer.len() < LARGE {
            // Zeroed by the system, page by page as files need them.
            buffer = vec![0; LARGE];
        }
        let begin = buffer.get_mut(..LARGE).unwrap_or_default();
        match fill(&mut file, begin) {
            Ok(filled) if filled < LARGE => {
                return self.converter.convert_held(buffer, filled, &mut self.memory, output);
            }
            Ok(_) => {}
            Err(e) => {
                self.memory.buffer = buffer;
                return Err(failed(e).into());
            }
        }
        let is_file = file.metadata().map(|metadata| metadata.is_file());
        let result = match is_file {
            Ok(true) => self.converter.convert_file_to(file, output),
            Ok(false) => {
                let begin = buffer.get(..LARGE).unwrap_or_default();
                self.converter.convert_in(begin.chain(file), &mut self.memory, output)
            }
            Err(e) => Err(failed(e).into()),
        };
        self.memory.buffer = buffer;
        result
    }
}

/// Fills a buffer, or as much of it as a file has; how much that is.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
        match file.read(free) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

fn failed(e: io::Error) -> Error {
    Error::io(e, Location::default())
}
