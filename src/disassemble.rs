//! Disassembling: an input without its compression, printed opcode by opcode.

use std::io::{BufWriter, Read, Write};

use crate::container;
use crate::document::explain;
use crate::error::{Error, Failure};
use crate::limits::Limits;
use crate::location::Location;
use crate::opcode::dis::dis;
use crate::opcode::lexer::Lexer;

/// Bytes of output that are gathered before they are written.
const BUFFER: usize = 256 << 10;

/// Prints the opcodes of every pickle in an input, compressed or not, in the manner of `pickletools.dis`.
///
/// Text and offsets are those of CPython 3.13's `python -m pickletools`, for each pickle of a file of many. Names are neither
/// refused nor looked up: nothing is built, only printed. A broken input is printed up to the break. Memory is bounded by the
/// longest argument.
///
/// ```
/// let mut text = Vec::new();
/// depickle::disassemble(&b"\x80\x04K\x2a."[..], &mut text, &depickle::Limits::default())?;
/// assert!(text.starts_with(b"    0: \\x80 PROTO      4\n    2: K    BININT1    42\n"));
/// # Ok::<(), depickle::error::Failure>(())
/// ```
///
/// # Errors
/// `Malformed` at the break, or if the input is something else than a pickle; `Limit`; `Io`.
pub fn disassemble(input: impl Read + Send, output: &mut dyn Write, limits: &Limits) -> Result<(), Failure> {
    let opened = container::open(Box::new(input), limits)?;
    let (head, head_is_all) = (opened.head.clone(), opened.head_is_all);
    let mut lexer = Lexer::new(opened.reader, limits);
    let mut output = BufWriter::with_capacity(BUFFER, output);
    let result = dis(&mut lexer, &mut output, limits);
    output.flush().map_err(|e| Error::io(e, Location::default()))?;
    match result {
        // Checksums of compressed streams stand at their end.
        Ok(()) => Ok(lexer.drain()?),
        Err(error) => {
            let errors = [error];
            if let Some(explained) = explain(&errors, &head, head_is_all) {
                return Err(Failure::foreign(vec![explained]));
            }
            Err(Failure::new(errors.into(), 0))
        }
    }
}
