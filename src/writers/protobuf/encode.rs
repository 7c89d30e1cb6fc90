//! The two passes over a value: one measures every nested message, the other writes them with their lengths.
//!
//! Both follow the same walk, so the sizes lie in a flat vector in the order of the walk and are taken from it in that order.
//! What becomes a definition is decided while measuring, when its messages are counted.

use std::collections::HashMap;

use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::model::value::NodeId;
use crate::writers::out::{DRAIN, Out};
use crate::writers::protobuf::field;

/// Messages inside each other that readers take by default: 100 in C++, Java, Python (`SetRecursionLimit`,
/// `setRecursionLimit`, upb's `kUpb_DecodeOptions_MaxDepth`) and prost (`RECURSION_LIMIT`).
const LEVELS: u32 = 100;

/// Frame and definition, around the value.
const AROUND: u32 = 2;

/// Messages between an object's `Value` and that of an object in it, at most: `Instance`, `Then`, `Mapping`, `Entry`, the
/// `Value` and `DateTime` of a time that has a zone.
const BETWEEN: u32 = 6;

/// Levels that an object may take, its own `Value` included, and still stand in place in any other.
const IN_PLACE: u32 = LEVELS - AROUND - 1 - BETWEEN;

/// The length of a field that is a message or bytes.
fn field_len(field: u32, len: u64) -> u64 {
    key_len(field) as u64 + encoded_len_varint(len) as u64 + len
}

/// The length of a `Value` that is a reference: its one field of four bytes.
const REFERENCE_LEN: u64 = 5;

/// The length of a `Value` that holds one varint.
pub(super) fn varint_len(field: u32, value: u64) -> u64 {
    key_len(field) as u64 + encoded_len_varint(value) as u64
}

/// The length of a `Value` that holds one float.
pub(super) fn double_len(field: u32) -> u64 {
    key_len(field) as u64 + 8
}

/// The length of a `Value` that holds one text, byte string or message.
pub(super) fn bytes_len(field: u32, bytes: &[u8]) -> u64 {
    field_len(field, bytes.len() as u64)
}

/// One pass.
pub(super) trait Encode {
    /// Begins a nested message.
    fn open(&mut self, field: u32);
    fn close(&mut self);
    /// Begins the `Value` of an object; `false` where a reference stands for it.
    fn open_object(&mut self, field: u32, id: NodeId, shared: bool) -> bool;
    fn close_object(&mut self, id: NodeId, shared: bool);
    /// Begins a message of known length, which nothing closes.
    fn sized(&mut self, field: u32, len: u64);
    fn varint(&mut self, field: u32, value: u64);
    fn double(&mut self, field: u32, value: f64);
    fn bytes(&mut self, field: u32, bytes: &[u8]);
    /// One element of a packed field that [`Encode::sized`] began.
    fn element(&mut self, value: u64);
    /// Passes on what is buffered, if it is much.
    ///
    /// # Errors
    /// The output limit, I/O.
    fn step(&mut self) -> Result<(), Error>;
}

/// What stands out of line.
#[derive(Default)]
pub(super) struct Definitions {
    /// The number of each; 0 while it is measured.
    numbers: HashMap<NodeId, u32>,
    /// Those of the current root, in order.
    current: Vec<Definition>,
    /// The number before the first of `current`.
    before: u32,
}

/// A definition of the current root.
#[derive(Clone, Copy)]
pub(super) struct Definition {
    pub id: NodeId,
    pub number: u32,
    /// Its sizes in the vector of sizes; that of its `Value` first.
    pub start: usize,
    end: usize,
}

impl Definitions {
    pub fn current(&self) -> &[Definition] {
        &self.current
    }

    /// Starts a root; definitions of earlier ones are referred to.
    fn next_root(&mut self) {
        self.before += self.current.len() as u32;
        self.current.clear();
    }

    fn add(&mut self, id: NodeId, start: usize, end: usize) {
        let number = self.before + self.current.len() as u32 + 1;
        self.numbers.insert(id, number);
        self.current.push(Definition { id, number, start, end });
    }

    fn of_current(&self, number: u32) -> Option<&Definition> {
        let index = number.checked_sub(self.before)?.checked_sub(1)?;
        self.current.get(index as usize)
    }
}

/// A message that is being measured.
struct Open {
    field: u32,
    slot: usize,
    size: u64,
    /// Levels of messages in it.
    levels: u32,
}

/// A size as it is kept; a frame of 2 GiB is refused before any of its sizes is used.
fn narrow(size: u64) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// The first pass.
pub(super) struct Measure {
    pub sizes: Vec<u32>,
    pub definitions: Definitions,
    open: Vec<Open>,
    size: u64,
    levels: u32,
    max_output: u64,
}

impl Measure {
    pub fn new(max_output: u64) -> Self {
        let definitions = Definitions::default();
        Measure { sizes: Vec::new(), definitions, open: Vec::new(), size: 0, levels: 0, max_output }
    }

    /// Every object is gone: what was defined is not referred to again.
    pub fn forget(&mut self) {
        self.definitions.numbers.clear();
    }

    /// Starts a root.
    pub fn next_root(&mut self) {
        self.sizes.clear();
        self.definitions.next_root();
        (self.size, self.levels) = (0, 0);
    }

    /// The length of what was measured outside any definition.
    pub fn size(&self) -> u64 {
        self.size
    }

    #[inline]
    fn add(&mut self, len: u64, levels: u32) {
        let (size, deepest) = match self.open.last_mut() {
            Some(open) => (&mut open.size, &mut open.levels),
            None => (&mut self.size, &mut self.levels),
        };
        *size = size.saturating_add(len);
        *deepest = (*deepest).max(levels);
        debug_assert!(*deepest < LEVELS);
    }

    fn reference(&mut self, field: u32) {
        self.add(field_len(field, REFERENCE_LEN), 1);
    }
}

impl Encode for Measure {
    #[inline]
    fn open(&mut self, field: u32) {
        self.open.push(Open { field, slot: self.sizes.len(), size: 0, levels: 0 });
        self.sizes.push(0);
    }

    #[inline]
    fn close(&mut self) {
        let Some(done) = self.open.pop() else { return };
        if let Some(slot) = self.sizes.get_mut(done.slot) {
            *slot = narrow(done.size);
        }
        self.add(field_len(done.field, done.size), done.levels + 1);
    }

    fn open_object(&mut self, field: u32, id: NodeId, shared: bool) -> bool {
        if self.definitions.numbers.contains_key(&id) {
            self.reference(field);
            return false;
        }
        if shared {
            self.definitions.numbers.insert(id, 0);
        }
        self.open(field);
        true
    }

    fn close_object(&mut self, id: NodeId, shared: bool) {
        let Some(top) = self.open.last() else { return };
        // Nothing stands around a root.
        if !shared && (top.levels < IN_PLACE || self.open.len() == 1) {
            return self.close();
        }
        let (field, start, size) = (top.field, top.slot, top.size);
        self.open.pop();
        if let Some(slot) = self.sizes.get_mut(start) {
            *slot = narrow(size);
        }
        self.definitions.add(id, start, self.sizes.len());
        self.reference(field);
    }

    #[inline]
    fn sized(&mut self, field: u32, len: u64) {
        self.add(key_len(field) as u64 + encoded_len_varint(len) as u64, 1);
    }

    #[inline]
    fn varint(&mut self, field: u32, value: u64) {
        self.add(varint_len(field, value), 0);
    }

    #[inline]
    fn double(&mut self, field: u32, _value: f64) {
        self.add(double_len(field), 0);
    }

    #[inline]
    fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.add(bytes_len(field, bytes), 0);
    }

    fn element(&mut self, value: u64) {
        self.add(encoded_len_varint(value) as u64, 0);
    }

    /// Each message takes two bytes; a zone that stands in many places can take more than the limit.
    #[inline]
    fn step(&mut self) -> Result<(), Error> {
        let needed = (self.sizes.len() as u64).saturating_mul(2);
        if needed > self.max_output {
            return Err(Limit::Output.exceeded(needed, self.max_output, Location::default()));
        }
        Ok(())
    }
}

/// The second pass.
pub(super) struct Write<'m, 'o, 'w> {
    pub buffer: &'m mut Vec<u8>,
    pub out: &'o mut Out<'w>,
    sizes: &'m [u32],
    definitions: &'m Definitions,
    at: usize,
}

impl<'m, 'o, 'w> Write<'m, 'o, 'w> {
    /// Writes what was measured, from the `at`th size on.
    pub fn new(buffer: &'m mut Vec<u8>, out: &'o mut Out<'w>, measured: &'m Measure, at: usize) -> Self {
        Write { buffer, out, sizes: &measured.sizes, definitions: &measured.definitions, at }
    }

    /// A varint of its own.
    pub fn raw_varint(&mut self, value: u64) {
        encode_varint(value, self.buffer);
    }

    pub fn fixed32(&mut self, field: u32, value: u32) {
        encode_key(field, WireType::ThirtyTwoBit, self.buffer);
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }
}

impl Encode for Write<'_, '_, '_> {
    #[inline]
    fn open(&mut self, field: u32) {
        let size = self.sizes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        self.sized(field, u64::from(size));
    }

    #[inline]
    fn close(&mut self) {}

    fn open_object(&mut self, field: u32, id: NodeId, _shared: bool) -> bool {
        let Some(&number) = self.definitions.numbers.get(&id) else {
            self.open(field);
            return true;
        };
        // Where it was first met it was measured in place.
        if let Some(definition) = self.definitions.of_current(number).filter(|d| d.start == self.at) {
            self.at = definition.end;
        }
        self.sized(field, REFERENCE_LEN);
        self.fixed32(field::value::REFERENCE, number);
        false
    }

    fn close_object(&mut self, _id: NodeId, _shared: bool) {}

    #[inline]
    fn sized(&mut self, field: u32, len: u64) {
        encode_key(field, WireType::LengthDelimited, self.buffer);
        encode_varint(len, self.buffer);
    }

    #[inline]
    fn varint(&mut self, field: u32, value: u64) {
        encode_key(field, WireType::Varint, self.buffer);
        encode_varint(value, self.buffer);
    }

    #[inline]
    fn double(&mut self, field: u32, value: f64) {
        encode_key(field, WireType::SixtyFourBit, self.buffer);
        self.buffer.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    #[inline]
    fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.sized(field, bytes.len() as u64);
        self.buffer.extend_from_slice(bytes);
    }

    fn element(&mut self, value: u64) {
        encode_varint(value, self.buffer);
    }

    #[inline]
    fn step(&mut self) -> Result<(), Error> {
        if self.buffer.len() >= DRAIN { self.out.drain(self.buffer) } else { Ok(()) }
    }
}
