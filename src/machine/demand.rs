//! What opcodes alone do not hold: raw bytes and nested pickles between them, streams inside bytes, and what follows a STOP.
//!
//! The machine knows how to read each; which one comes, and what it means, it asks the [`Globals`] trait.

use std::io::{self, Read};

use super::{Globals, Machine, Reject, located};
use crate::error::Error;
use crate::limits::{Limit, memory_for};
use crate::location::Location;
use crate::model::graph::Graph;
use crate::model::layout::Ndarray;
use crate::model::value::{NodeId, Value};
use crate::name::Escaped;
use crate::opcode::lexer::Lexer;

/// Streams inside streams; real files have two levels.
const MAX_NESTING: u64 = 8;

/// What an object needs that the opcodes before it do not hold. [`Globals::supply`] is given it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Demand {
    /// `len` bytes that follow in the stream; where `padded`, behind one byte that says how many bytes of padding come first.
    Raw { target: NodeId, padded: bool, len: u64 },
    /// A complete pickle that follows in the stream, with a memo of its own.
    Pickle { target: NodeId },
    /// A stream that a bytes object holds; [`Globals::stopped`] says what it is made of.
    Stream { target: NodeId, bytes: Value },
    /// A file beside the input, by its bare name (text).
    Side { target: NodeId, name: Value, form: SideForm },
}

/// What a file beside the input holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SideForm {
    /// An array file of numpy.
    Npy,
    /// So many bytes of an array, compressed.
    Packed { len: u64 },
}

/// What a file beside the input turned out to be.
pub(crate) enum SideArray {
    /// An array whose data are the next bytes, and nothing behind them.
    Array { array: Ndarray, len: u64, data: Box<dyn Read + Send> },
    /// The bytes of an array, and nothing behind them.
    Bytes { len: u64, data: Box<dyn Read + Send> },
    /// A pickle of the whole array.
    Pickle(Lexer<'static>),
}

/// Reads files beside the input, and no others.
pub(crate) trait SideFiles: Send {
    /// What the file of that bare name holds.
    ///
    /// # Errors
    /// There is none; it is not what `form` says; limits.
    fn read(&mut self, graph: &mut Graph, name: &str, form: SideForm) -> Result<SideArray, Error>;
}

/// What follows the STOP of a pickle, or raw bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Next {
    /// The end, or any other pickle: each is a root.
    Root(Value),
    /// A pickle that is a part of the same value.
    Pickle,
    /// Bytes that are no pickle, and what they are called.
    Raw { len: u64, what: &'static str },
    /// A pickle that is a part of the same value, or the end, where the value is this one.
    Perhaps(Value),
    /// Nothing: the value is complete.
    End(Value),
}

impl<G: Globals> Machine<G> {
    /// Gives an object what it asked for; the result replaces the top of the stack.
    pub(super) fn meet(&mut self, demand: Demand, lexer: &mut Lexer<'_>) -> Result<Result<(), Reject>, Error> {
        let (target, value) = match demand {
            Demand::Raw { target, padded, len } => (target, self.raw_array(lexer, padded, len)?),
            Demand::Pickle { target } => {
                self.leave_frame(lexer)?;
                (target, self.nested(lexer.start(), |machine| machine.pickle(lexer))?)
            }
            Demand::Stream { target, bytes } => (target, self.inner_stream(bytes, lexer.start())?),
            Demand::Side { target, name, form } => (target, self.side_file(name, form, lexer.start())?),
        };
        let result = if matches!(value, Value::Unknown) {
            Err(Reject::Tainted)
        } else {
            self.globals.supply(&mut self.graph, target, value)
        };
        let (value, result) = match result {
            Ok(value) => (value, Ok(())),
            Err(reject) => (Value::Unknown, Err(reject)),
        };
        if let Some(top) = self.stack.top_mut() {
            *top = value;
        }
        Ok(result)
    }

    /// Raw bytes and nested pickles stand between frames.
    fn leave_frame(&self, lexer: &mut Lexer<'_>) -> Result<(), Error> {
        match lexer.close_frame() {
            0 => Ok(()),
            left => Err(Error::malformed(
                format!("expected the FRAME to end before the data of an array: {left} of its bytes are left"),
                Location::offset(lexer.offset()),
            )),
        }
    }

    fn raw_array(&mut self, lexer: &mut Lexer<'_>, padded: bool, len: u64) -> Result<Value, Error> {
        self.leave_frame(lexer)?;
        if padded {
            let at = lexer.offset();
            let Some(padding) = lexer.skip_byte()? else {
                let what = "truncated: expected the padding of an array, the stream ends";
                return Err(Error::malformed(what, Location::offset(at)));
            };
            lexer.raw(u64::from(padding), "the padding of an array", |_| Ok(()))?;
        }
        self.raw(lexer, len, "the data of an array")
    }

    /// Reads bytes that are no opcodes into the graph.
    fn raw(&mut self, lexer: &mut Lexer<'_>, len: u64, what: &'static str) -> Result<Value, Error> {
        let at = lexer.offset();
        if let Some(inner) = self.inner {
            // They are in the graph already.
            lexer.raw(len, what, |_| Ok(()))?;
            let missing = || Error::malformed(format!("truncated: {what} takes {len} bytes"), Location::offset(at));
            return self.graph.part_of_bytes(inner, at, len).ok_or_else(missing);
        }
        if let Some(place) = lexer.pass_over(len, what)? {
            let (len, at) = self.graph.outside(place).map_err(|e| Error::limit(e, Location::offset(at)))?;
            return Ok(Value::Bytes { len, at });
        }
        let (graph, max_memory, before) = (&mut self.graph, self.max_memory, self.read);
        let store = graph.begin_bytes();
        let mut read = at;
        lexer.raw(len, what, |chunk| {
            read += chunk.len() as u64;
            graph.allow_memory(memory_for(max_memory, before.saturating_add(read)));
            graph.push_bytes(chunk).map_err(|e| Error::limit(e, Location::offset(at)))
        })?;
        let (len, at) = graph.end_bytes(store);
        Ok(Value::Bytes { len, at })
    }

    /// Reads a file beside the input.
    fn side_file(&mut self, name: Value, form: SideForm, at: u64) -> Result<Value, Error> {
        let Value::Str { len, at: start } = name else {
            return Err(Error::malformed("expected the name of a file", Location::offset(at)));
        };
        let name = self.graph.text(len, start).to_owned();
        let Some(side) = &mut self.side else {
            let what = format!(
                "expected the folder of `{}`, a file beside the input that holds an array of it",
                Escaped(&name)
            );
            return Err(Error::misuse(what)
                .with_hint("the input as a file, not as a stream, and its `.npy` files in the same folder"));
        };
        let found = side.read(&mut self.graph, &name, form).map_err(|e| e.in_member(&name))?;
        let limited = |e| Error::limit(e, Location::offset(at));
        match found {
            SideArray::Array { array, len, mut data } => {
                let data = self.whole(&mut data, len).map_err(|e| e.in_member(&name))?;
                self.graph.structure(&Ndarray { data, ..array }).map_err(limited)
            }
            SideArray::Bytes { len, mut data } => self.whole(&mut data, len).map_err(|e| e.in_member(&name)),
            SideArray::Pickle(mut lexer) => {
                let inner = self.inner.take();
                let value = self.nested(at, |machine| {
                    let value = machine.pickle(&mut lexer)?;
                    match lexer.peek()? {
                        None => Ok(value),
                        Some(_) => {
                            let what = "expected the end of the file after its pickle";
                            Err(Error::malformed(what, Location::offset(lexer.offset())))
                        }
                    }
                });
                self.inner = inner;
                value.map_err(|e| e.in_member(&name))
            }
        }
    }

    /// Stores all of a source that has `len` bytes.
    ///
    /// # Errors
    /// It has more or fewer; what it fails with.
    pub fn whole(&mut self, source: &mut dyn Read, len: u64) -> Result<Value, Error> {
        let (stored, at) = self.payload(source, len, "the data of an array")?;
        loop {
            match source.read(&mut [0]) {
                Ok(0) => return Ok(Value::Bytes { len: stored, at }),
                Ok(_) => {
                    let what = format!("expected the end after {len} bytes of data, found more");
                    return Err(Error::malformed(what, Location::default()));
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::from_read(e, Location::default())),
            }
        }
    }

    /// Reads something with a stack and memo of its own.
    fn nested(&mut self, at: u64, read: impl FnOnce(&mut Self) -> Result<Value, Error>) -> Result<Value, Error> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            let e = Limit::Depth.over(self.nesting, MAX_NESTING);
            return Err(Error::limit(e, Location::offset(at)));
        }
        let (stack, memo) = (std::mem::take(&mut self.stack), std::mem::take(&mut self.memo));
        // What the first pass knows of memo slots and batches is not about this memo.
        let (slots, next_stop) = (self.slots.take(), std::mem::take(&mut self.next_stop));
        let (protocol, opcodes) = (self.protocol, self.opcodes);
        let result = read(self);
        (self.stack, self.memo, self.protocol, self.opcodes) = (stack, memo, protocol, opcodes);
        (self.slots, self.next_stop) = (slots, next_stop);
        self.nesting -= 1;
        result
    }

    /// Reads the stream that a bytes object holds.
    fn inner_stream(&mut self, bytes: Value, at: u64) -> Result<Value, Error> {
        let (Value::Bytes { len, at: start } | Value::ByteArray { len, at: start } | Value::Py2Str { len, at: start }) =
            bytes
        else {
            return Err(Error::malformed("expected bytes that hold a stream", Location::offset(at)));
        };
        let held = self.graph.byte_len(len, start);
        self.graph.charge(held).map_err(|e| Error::limit(e, Location::offset(at)))?;
        let copy = self.graph.bytes(len, start).to_vec();
        let mut lexer = Lexer::over(Box::new(io::Cursor::new(copy)), held);
        let outer = self.inner.replace(bytes);
        let value = self.nested(at, |machine| {
            let value = machine.parts(&mut lexer)?;
            if lexer.peek()?.is_some() {
                let what = "expected the end of the stream after its last part";
                return Err(Error::malformed(what, Location::offset(lexer.offset())));
            }
            Ok(value)
        });
        self.inner = outer;
        value.map_err(|e| e.in_member(&format!("the bytes at offset {at:#x}")))
    }

    /// Reads a value that is made of several pickles and raw bytes.
    fn parts(&mut self, lexer: &mut Lexer<'_>) -> Result<Value, Error> {
        loop {
            let root = self.pickle(lexer)?;
            match self.after_pickle(root, lexer)? {
                Next::End(value) => return Ok(value),
                Next::Perhaps(value) if lexer.peek()?.is_none() => return Ok(value),
                // Several values in one bytes object do not exist: the next pickle is a part in any case.
                Next::Root(_) | Next::Pickle | Next::Raw { .. } | Next::Perhaps(_) => {}
            }
        }
    }

    /// What follows a pickle, once its raw bytes are read; never [`Next::Raw`].
    pub(super) fn after_pickle(&mut self, root: Value, lexer: &mut Lexer<'_>) -> Result<Next, Error> {
        let mut next = self.globals.stopped(&mut self.graph, root);
        loop {
            match next {
                Ok(Next::Raw { len, what }) => {
                    let bytes = self.raw(lexer, len, what)?;
                    next = self.globals.given(&mut self.graph, bytes);
                }
                Ok(next) => return Ok(next),
                Err(reject) => {
                    let at = Location::offset(lexer.start());
                    return Err(located(reject, at.clone())
                        .unwrap_or_else(|| Error::malformed("expected a stream that can be followed", at)));
                }
            }
        }
    }
}
