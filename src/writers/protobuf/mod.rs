//! Protocol Buffers: a sequence of length-delimited frames (`proto/depickle/v1/value.proto`), always lossless.
//!
//! Each pickle is measured, then its definitions and its value are written; no tree of messages is built, and what is
//! kept between the passes is one size for each message of one pickle.

mod encode;
mod field;
mod walk;

#[cfg(test)]
mod tests;

use prost::encoding::{encoded_len_varint, key_len};

use crate::error::Error;
use crate::model::graph::Graph;
use crate::model::value::Value;
use crate::writers::out::Out;
use encode::{Encode, Measure, Write};
use walk::Walker;

/// The version of the schema.
const VERSION: u64 = 1;

/// The longest message that C++, Java and Python read.
const MAX_FRAME: u64 = i32::MAX as u64;

/// The length of `Definition.id`.
const ID_LEN: u64 = 5;

pub(crate) struct Protobuf<'g, 'w> {
    walker: Walker<'g>,
    measure: Measure,
    buffer: Vec<u8>,
    out: Out<'w>,
    max_frame: u64,
}

/// A writer between two pickles.
pub(crate) struct Suspended<'w> {
    measure: Measure,
    buffer: Vec<u8>,
    out: Out<'w>,
}

/// The length of a message as a field.
fn message_len(field: u32, len: u64) -> u64 {
    key_len(field) as u64 + encoded_len_varint(len) as u64 + len
}

impl<'g, 'w> Protobuf<'g, 'w> {
    /// A writer whose output takes at most `max_output` bytes, for a graph nested at most `max_depth` objects deep.
    pub fn new(graph: &'g Graph, max_depth: u32, max_output: u64, out: Out<'w>) -> Self {
        let (walker, measure) = (Walker::new(graph, max_depth), Measure::new(max_output));
        Protobuf { walker, measure, buffer: Vec::new(), out, max_frame: MAX_FRAME }
    }

    /// Puts the writer aside, between two pickles.
    pub fn suspend(self) -> Suspended<'w> {
        Suspended { measure: self.measure, buffer: self.buffer, out: self.out }
    }

    /// Goes on where another writer was put aside, with another graph: what was defined before is not referred to again.
    pub fn resume(graph: &'g Graph, max_depth: u32, from: Suspended<'w>) -> Self {
        let Suspended { mut measure, buffer, out } = from;
        measure.forget();
        Protobuf { walker: Walker::new(graph, max_depth), measure, buffer, out, max_frame: MAX_FRAME }
    }

    /// Writes the header; comes first.
    pub fn header(&mut self, pickles: usize) {
        let producer = concat!("depickle ", env!("CARGO_PKG_VERSION")).as_bytes();
        let mut to = Write::new(&mut self.buffer, &mut self.out, &self.measure, 0);
        let mut len = encode::bytes_len(field::header::PRODUCER, producer);
        len += encode::varint_len(field::header::VERSION, VERSION);
        if pickles > 0 {
            len += encode::varint_len(field::header::PICKLES, pickles as u64);
        }
        to.raw_varint(message_len(field::frame::HEADER, len));
        to.sized(field::frame::HEADER, len);
        to.bytes(field::header::PRODUCER, producer);
        to.varint(field::header::VERSION, VERSION);
        if pickles > 0 {
            to.varint(field::header::PICKLES, pickles as u64);
        }
    }

    /// Writes what one pickle holds; `path` is its place.
    ///
    /// # Errors
    /// A frame longer than readers take, the output limit, I/O.
    pub fn write(&mut self, root: Value, path: &str) -> Result<(), Error> {
        self.walker.set_path(path);
        self.measure.next_root();
        self.walker.value(field::frame::VALUE, root, &mut self.measure)?;
        let mut frames = Vec::with_capacity(self.measure.definitions.current().len());
        for definition in self.measure.definitions.current() {
            let value = self.measure.sizes.get(definition.start).copied().map_or(0, u64::from);
            let len = ID_LEN + message_len(field::definition::VALUE, value);
            frames.push((*definition, value, len));
        }
        let longest = frames.iter().map(|frame| message_len(field::frame::DEFINITION, frame.2)).max();
        let longest = longest.unwrap_or(0).max(self.measure.size());
        if longest > self.max_frame {
            let what = format!("expected a value of at most {} bytes, found {longest} or more", self.max_frame);
            return Err(Error::unrepresentable(what, self.walker.location())
                .with_hint("`--select` takes a part, `--to ndjson` and `--to msgpack` have no such bound"));
        }
        for (definition, value, len) in frames {
            let mut to = Write::new(&mut self.buffer, &mut self.out, &self.measure, definition.start + 1);
            to.raw_varint(message_len(field::frame::DEFINITION, len));
            to.sized(field::frame::DEFINITION, len);
            to.fixed32(field::definition::ID, definition.number);
            to.sized(field::definition::VALUE, value);
            self.walker.definition(definition.id, &mut to)?;
        }
        let mut to = Write::new(&mut self.buffer, &mut self.out, &self.measure, 0);
        to.raw_varint(self.measure.size());
        self.walker.value(field::frame::VALUE, root, &mut to)
    }

    /// Passes on what is buffered; returns the bytes written in all.
    ///
    /// # Errors
    /// The output limit, I/O.
    pub fn finish(mut self) -> Result<u64, Error> {
        self.out.drain(&mut self.buffer)?;
        Ok(self.out.written())
    }
}
