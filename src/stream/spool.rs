//! Streams that cannot be read twice: a long one is put into a temporary file first.
//!
//! What its beginning shows to be no pickle is not: it is refused at once, however long it is.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use crate::container::{self, Form};
use crate::convert::Converter;
use crate::error::{Error, ErrorKind};
use crate::limits::{Limit, Limits};
use crate::location::Location;
use crate::opcode::lexer::Lexer;

/// Bytes that are held in memory: a stream that ends before them, and is not compressed, needs no file.
const HELD: usize = 8 << 20;
/// Bytes that are put into the file at a time.
const CHUNK: usize = 1 << 20;

/// A stream, and where its bytes are now.
#[derive(Debug)]
pub enum Spooled {
    /// All of them are in this file, which has no name, at whatever position.
    File(File),
    /// These were read; the rest, if there is any, still comes from the stream.
    Begun(Vec<u8>),
}

impl Converter {
    /// Reads a stream into a temporary file in `folder` (the system's own for `None`), unless it ends within 8 MiB, or begins with
    /// what is no pickle, or everything is read whole anyway. [`Converter::convert_file`] can then convert it in batches.
    ///
    /// # Errors
    /// Limit, where it has more than [`Limits::max_decompressed`] bytes; what the stream or the file fails with.
    pub fn spool(&self, stream: &mut dyn Read, folder: Option<&Path>) -> Result<Spooled, Error> {
        if self.is_whole() {
            return Ok(Spooled::Begun(Vec::new()));
        }
        let mut head = vec![0; CHUNK];
        let mut filled = 0;
        while filled < HELD {
            if filled == head.len() {
                head.resize(2 * filled, 0);
            }
            match read(stream, head.get_mut(filled..).unwrap_or_default(), filled as u64)? {
                0 => break,
                n => filled += n,
            }
        }
        head.truncate(filled);
        let limits = self.reader.allowed();
        if filled < HELD && !is_compressed(&head, limits) || !may_be_pickles(&head, limits) {
            return Ok(Spooled::Begun(head));
        }
        let failed = |e: io::Error| Error::io(e, Location::default());
        let mut file = match folder {
            Some(folder) => tempfile::tempfile_in(folder),
            None => tempfile::tempfile(),
        }
        .map_err(|e| {
            let place = folder.map_or_else(std::env::temp_dir, Path::to_owned);
            failed(e).with_hint(format!(
                "what comes from a pipe is put into a file in `{}`; `--temp-dir` names another folder",
                crate::name::Escaped(&place.to_string_lossy())
            ))
        })?;
        let (mut put, mut at) = (head.len(), 0);
        while put > 0 {
            at += put as u64;
            if at > limits.max_decompressed {
                let error = Limit::Decompressed.exceeded(at, limits.max_decompressed, Location::default());
                return Err(error
                    .with_hint("what comes from a pipe is put into a temporary file; a file is read where it lies"));
            }
            file.write_all(head.get(..put).unwrap_or_default()).map_err(failed)?;
            head.truncate(CHUNK);
            put = read(stream, &mut head, at)?;
        }
        file.rewind().map_err(failed)?;
        Ok(Spooled::File(file))
    }
}

/// Reads once, whatever interrupts it.
fn read(stream: &mut dyn Read, buf: &mut [u8], at: u64) -> Result<usize, Error> {
    loop {
        match stream.read(buf) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map_err(|e| Error::from_read(e, Location::offset(at))),
        }
    }
}

/// Whether it is longer than it looks.
fn is_compressed(head: &[u8], limits: &Limits) -> bool {
    container::open(Box::new(head), limits).is_ok_and(|opened| !opened.codecs.is_empty())
}

/// Whether something that begins so may be read to its end: a container, or opcodes as far as they go.
fn may_be_pickles(head: &[u8], limits: &Limits) -> bool {
    let Ok(opened) = container::open(Box::new(head), limits) else { return false };
    if !opened.codecs.is_empty() || opened.form() != Form::Pickles {
        return true;
    }
    let mut lexer = Lexer::over(opened.reader, head.len() as u64);
    loop {
        match lexer.next() {
            Ok(_) => {}
            // It is cut off where the rest is still to come.
            Err(e) => return matches!(e.kind(), ErrorKind::Malformed(what) if what.starts_with("truncated")),
        }
    }
}
