//! What the project's benchmarks measure alone: lexing, and the first pass of a conversion in batches.
//!
//! Behind the feature `measure`, for `benches/` and nobody else: no part of the API, and nothing here is promised to stay.
//! Deliberately absent: whatever can be measured through the public API (reading, writing, converting).

use std::io::Read;

use crate::error::Error;
use crate::limits::Limits;
use crate::machine::liveness::{self, Plan};
use crate::opcode::Opcode;
use crate::opcode::lexer::{Arg, Lexer};

/// Reads all pickles of a stream as opcodes; how many there were.
///
/// # Errors
/// The stream is no pickle, or cannot be read.
pub fn lex(input: impl Read + Send) -> Result<u64, Error> {
    let mut lexer = Lexer::new(Box::new(input), &Limits::default());
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

/// Finds out how a stream can be converted in batches; how many pickles or batches it has, 0 where it has to be read whole.
///
/// # Errors
/// The stream cannot be read.
pub fn first_pass(input: impl Read + Send) -> Result<u64, Error> {
    let mut lexer = Lexer::new(Box::new(input), &Limits::default());
    Ok(match liveness::plan(&mut lexer)? {
        Plan::Batches(batches) => batches.ends.len() as u64,
        Plan::Many(pickles) => pickles,
        Plan::Whole => 0,
    })
}
