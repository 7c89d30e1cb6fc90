//! What the project's benchmarks measure alone: lexing, and the first pass of a conversion in batches.
//!
//! Behind the feature `measure`, for `benches/` and nobody else: no part of the API, and nothing here is promised to stay.
//! Deliberately absent: whatever can be measured through the public API (reading, writing, converting).

use std::fs::File;
use std::io::{Error as IoError, ErrorKind, Read};
use std::sync::Arc;

use crate::error::Error;
use crate::limits::Limits;
use crate::location::Location;
use crate::machine::liveness::{self, Plan};
use crate::model::graph::payloads::STAYS_FROM;
use crate::opcode::Opcode;
use crate::opcode::lexer::{Arg, Lexer};
use crate::source::random::{FileInput, Section};

/// Reads all pickles of a file as opcodes with their arguments, one by one; how many there were.
///
/// # Errors
/// The file holds no pickle, or cannot be read.
pub fn lex(file: File) -> Result<u64, Error> {
    let section = section(file)?;
    let mut lexer = lexer(Box::new(section.reader())).lies_at(Some(section), STAYS_FROM);
    let mut opcodes = 0;
    while lexer.peek()?.is_some() {
        loop {
            let (info, arg) = lexer.next()?;
            opcodes += 1;
            match (info.opcode, arg) {
                (Opcode::Frame, Arg::Uint(len)) => lexer.open_frame(len)?,
                (Opcode::Stop, _) => {
                    lexer.close_frame();
                    break;
                }
                _ => {}
            }
        }
    }
    Ok(opcodes)
}

/// Reads all pickles of a file for their ends alone, as the first pass reads every pickle but the first; how many there were.
///
/// # Errors
/// The file cannot be read.
pub fn pass_over(file: File) -> Result<u64, Error> {
    let input = (&b"N."[..]).chain(section(file)?.reader());
    Ok(match liveness::plan(&mut lexer(Box::new(input)), false)? {
        Plan::Many(pickles) => pickles - 1,
        Plan::Batches(_) | Plan::Whole => 0,
    })
}

/// Finds out how a file can be converted in batches; how many pickles or batches it has, 0 where it has to be read whole.
///
/// # Errors
/// The file cannot be read.
pub fn first_pass(file: File) -> Result<u64, Error> {
    let section = section(file)?;
    let mut lexer = lexer(Box::new(section.reader())).lies_at(Some(section), STAYS_FROM);
    Ok(match liveness::plan(&mut lexer, false)? {
        Plan::Batches(batches) => batches.ends.len() as u64,
        Plan::Many(pickles) => pickles,
        Plan::Whole => 0,
    })
}

fn lexer<'a>(input: Box<dyn Read + Send + 'a>) -> Lexer<'a> {
    Lexer::new(input, &Limits::default())
}

fn section(file: File) -> Result<Section, Error> {
    let io = |e| Error::io(e, Location::default());
    let input = FileInput::new(file).map_err(io)?;
    let input = input.map_err(|_| io(IoError::new(ErrorKind::InvalidInput, "expected a regular file")))?;
    Ok(Section::all(Arc::new(input)))
}
