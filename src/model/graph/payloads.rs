//! Bytes that stay in the input: large payloads as ranges of it, read when somebody asks for them.
//!
//! Whoever can take bytes piece by piece reads them from their place: in order ([`Graph::payload`]), or any part of them
//! ([`Graph::data`]); for everybody else they are brought into memory once ([`Graph::bytes`]). What goes wrong then cannot be told there and then: it is kept, and whoever
//! wrote something from the graph asks for it at the end ([`Graph::failure`]).

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::Graph;
use crate::error::{Error, LimitExceeded};
use crate::limits::{Limit, LimitExceededResult};
use crate::location::Location;
use crate::model::tensor;
use crate::source::random::{RandomAccess, Section};

/// Bytes from which on a payload stays where it is.
pub(crate) const STAYS_FROM: u64 = 64 << 10;
/// Marks the place of bytes that are no range of the store; their length is `u32::MAX`.
const OUTSIDE: u64 = 1 << 63;

#[derive(Debug, Default)]
pub(super) struct Payloads {
    parts: Vec<Part>,
    /// Bytes that were brought into memory and are still there.
    held: Arc<AtomicU64>,
    /// The first thing that went wrong.
    failure: OnceLock<Failed>,
}

#[derive(Debug)]
enum Failed {
    Io(io::Error),
    Limit(LimitExceeded),
}

/// Some bytes of a payload.
#[derive(Clone, Debug)]
pub(super) struct Part {
    whole: Arc<Whole>,
    from: u64,
    len: u64,
}

#[derive(Debug)]
struct Whole {
    place: Section,
    /// The order of bytes within words of this size is turned.
    word: OnceLock<usize>,
    held: OnceLock<Box<[u8]>>,
    /// What all of them hold.
    all_held: Arc<AtomicU64>,
}

impl Drop for Whole {
    fn drop(&mut self) {
        if let Some(held) = self.held.get() {
            self.all_held.fetch_sub(held.len() as u64, Ordering::Relaxed);
        }
    }
}

impl Whole {
    fn load(&self) -> io::Result<Box<[u8]>> {
        let len = usize::try_from(self.place.len()).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let mut bytes = vec![0; len];
        if self.place.read_full(0, &mut bytes)? < len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(word) = self.word.get() {
            tensor::reverse_words(&mut bytes, *word);
        }
        Ok(bytes.into_boxed_slice())
    }
}

impl Graph {
    /// Bytes that stay where they are; gives length and place as the stores do.
    ///
    /// # Errors
    /// The memory budget, for the entry alone.
    pub fn outside(&mut self, place: Section) -> LimitExceededResult<(u32, u64)> {
        self.budget.charge((size_of::<Part>() + size_of::<Whole>()) as u64)?;
        let len = place.len();
        let all_held = Arc::clone(&self.payloads.held);
        let whole = Arc::new(Whole { place, word: OnceLock::new(), held: OnceLock::new(), all_held });
        Ok(self.payloads.add(Part { whole, from: 0, len }))
    }

    /// How many bytes a range has.
    pub fn byte_len(&self, len: u32, at: u64) -> u64 {
        match self.payloads.get(len, at) {
            Some(part) => part.len,
            None => self.range(len, at).len() as u64,
        }
    }

    /// Bytes that can be read from their place piece by piece, if they lie outside and were not needed in memory.
    pub fn payload(&self, len: u32, at: u64) -> Option<Payload<'_>> {
        let part = self.payloads.get(len, at)?;
        let apart = part.whole.held.get().is_none() && part.whole.word.get().is_none();
        apart.then(|| Payload { graph: self, place: part.whole.place.part(part.from, part.len), read: 0 })
    }

    /// Bytes wherever they lie, of which any part can be read.
    pub fn data(&self, len: u32, at: u64) -> Data<'_> {
        match self.payload(len, at) {
            Some(payload) => Data::Apart { payload, len, at },
            None => Data::Held(self.bytes(len, at)),
        }
    }

    /// What went wrong with payloads so far.
    pub fn failure(&self) -> Option<Error> {
        Some(match self.payloads.failure.get()? {
            Failed::Io(e) => Error::io(io::Error::new(e.kind(), e.to_string()), Location::default()),
            Failed::Limit(e) => Error::limit(*e, Location::default()),
        })
    }

    /// Bytes outside, in memory.
    pub(super) fn held(&self, at: u64) -> &[u8] {
        let Some(part) = self.payloads.get(u32::MAX, at) else { return &[] };
        let whole = part.whole.held.get_or_init(|| {
            let len = part.whole.place.len();
            let needed = self.budget.spent().saturating_add(len);
            let needed = needed.saturating_add(self.payloads.held.load(Ordering::Relaxed));
            if needed > self.max_memory {
                let over = Limit::Memory.over(needed, self.max_memory);
                self.payloads.failure.get_or_init(|| Failed::Limit(over));
                return Box::default();
            }
            let bytes = part.whole.load().unwrap_or_else(|e| {
                self.payloads.failure.get_or_init(|| Failed::Io(e));
                Box::default()
            });
            self.payloads.held.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            bytes
        });
        let from = usize::try_from(part.from).unwrap_or(usize::MAX);
        let len = usize::try_from(part.len).unwrap_or(usize::MAX);
        whole.get(from..).and_then(|rest| rest.get(..len)).unwrap_or_default()
    }

    /// A part of bytes outside; the caller has checked that it lies within them. `None` where they lie in the store.
    pub(super) fn part_outside(&mut self, len: u32, at: u64, from: u64, n: u64) -> Option<(u32, u64)> {
        let part = self.payloads.get(len, at)?.clone();
        Some(self.payloads.add(Part { from: part.from.saturating_add(from), len: n, ..part }))
    }

    /// Turns the order of bytes outside within words, when they are read; `false` where they lie in the store.
    pub(super) fn reverse_outside(&mut self, len: u32, at: u64, word: usize) -> bool {
        match self.payloads.get(len, at) {
            Some(part) => part.whole.word.set(word.max(1)).is_ok(),
            None => false,
        }
    }
}

/// Whether bytes lie outside of the store.
#[inline]
pub(super) fn is_outside(len: u32, at: u64) -> bool {
    len == u32::MAX && at & OUTSIDE != 0
}

impl Payloads {
    /// Drops everything, for another input: most have no such bytes.
    pub(super) fn forget(&mut self) {
        if self.parts.capacity() > 0 || self.failure.get().is_some() {
            *self = Payloads::default();
        }
    }

    pub(super) fn count(&self) -> usize {
        self.parts.len()
    }

    /// Where the bytes will be that move behind the `old` ones with those in `moved`.
    pub(super) fn move_to(&self, len: u32, at: u64, old: usize, moved: &mut Vec<Part>) -> (u32, u64) {
        match self.get(len, at) {
            Some(part) if (at & !OUTSIDE) as usize >= old => {
                moved.push(part.clone());
                (len, (old + moved.len() - 1) as u64 | OUTSIDE)
            }
            Some(_) | None => (len, at),
        }
    }

    /// Drops what came after the `old` ones.
    pub(super) fn truncate(&mut self, old: usize) {
        self.parts.truncate(old);
    }

    /// Puts back what has moved.
    pub(super) fn append(&mut self, moved: &mut Vec<Part>) {
        self.parts.append(moved);
    }

    fn add(&mut self, part: Part) -> (u32, u64) {
        self.parts.push(part);
        (u32::MAX, (self.parts.len() as u64 - 1) | OUTSIDE)
    }

    fn get(&self, len: u32, at: u64) -> Option<&Part> {
        if is_outside(len, at) { self.parts.get(usize::try_from(at & !OUTSIDE).ok()?) } else { None }
    }
}

/// Bytes of which any part can be read.
#[derive(Clone, Debug)]
pub(crate) enum Data<'g> {
    Held(&'g [u8]),
    /// Where they lie, and what the graph calls them.
    Apart {
        payload: Payload<'g>,
        len: u32,
        at: u64,
    },
}

impl<'g> Data<'g> {
    pub fn len(&self) -> u64 {
        match self {
            Data::Held(bytes) => bytes.len() as u64,
            Data::Apart { payload, .. } => payload.len(),
        }
    }

    /// Fills `buf` with the bytes from `from` on.
    ///
    /// # Errors
    /// `Io` where they cannot be read, or where there are not as many.
    pub fn read(&self, from: u64, buf: &mut [u8]) -> Result<(), Error> {
        match self {
            Data::Held(bytes) => {
                let from = usize::try_from(from).unwrap_or(usize::MAX);
                let there = bytes.get(from..).and_then(|rest| rest.get(..buf.len()));
                buf.copy_from_slice(there.ok_or_else(ended)?);
                Ok(())
            }
            Data::Apart { payload, .. } => {
                match payload.place.read_full(from, buf).map_err(|e| Error::io(e, Location::default()))? {
                    n if n == buf.len() => Ok(()),
                    _ => Err(ended()),
                }
            }
        }
    }

    /// All of them, in memory.
    ///
    /// # Errors
    /// `Io` where they cannot be read, the limit of memory.
    pub fn all(&self) -> Result<&'g [u8], Error> {
        match self {
            Data::Held(bytes) => Ok(bytes),
            Data::Apart { payload, len, at } => {
                let bytes = payload.graph.bytes(*len, *at);
                match payload.graph.failure() {
                    Some(error) if bytes.len() as u64 != payload.len() => Err(error),
                    Some(_) | None => Ok(bytes),
                }
            }
        }
    }
}

#[cold]
fn ended() -> Error {
    Error::io(io::ErrorKind::UnexpectedEof.into(), Location::default())
}

/// Reads bytes from their place, in order.
#[derive(Clone, Debug)]
pub(crate) struct Payload<'g> {
    graph: &'g Graph,
    place: Section,
    read: u64,
}

impl Payload<'_> {
    pub fn len(&self) -> u64 {
        self.place.len()
    }

    /// Fills `buf`, or as much of it as there is left; gives how much. After an error there is nothing left.
    pub fn fill(&mut self, buf: &mut [u8]) -> usize {
        let wanted = usize::try_from(self.place.len().saturating_sub(self.read)).unwrap_or(usize::MAX).min(buf.len());
        let result = self.place.read_full(self.read, buf.get_mut(..wanted).unwrap_or_default());
        let result = result.and_then(|n| if n < wanted { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(n) });
        match result {
            Ok(n) => {
                self.read += n as u64;
                n
            }
            Err(e) => {
                self.graph.payloads.failure.get_or_init(|| Failed::Io(e));
                self.read = self.place.len();
                0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::model::value::Value;

    fn place(bytes: &[u8]) -> Section {
        Section::all(Arc::new(bytes.to_vec()))
    }

    #[test]
    fn bytes_outside_are_as_good_as_others() {
        let mut graph = Graph::new(&Limits::default());
        let (len, at) = graph.outside(place(b"abcdef")).expect("room");
        assert_eq!(graph.byte_len(len, at), 6);
        let Some(Value::Bytes { len: l, at: a }) = graph.part_of_bytes(Value::Bytes { len, at }, 1, 3) else {
            panic!("a part")
        };
        let mut buf = [0; 2];
        let mut part = graph.payload(l, a).expect("not in memory");
        assert_eq!((part.len(), part.fill(&mut buf), buf), (3, 2, *b"bc"));
        assert_eq!((part.fill(&mut buf), buf[0]), (1, b'd'));
        assert_eq!(part.fill(&mut buf), 0);
        assert_eq!(graph.bytes(l, a), b"bcd");
        assert_eq!(graph.bytes(len, at), b"abcdef");
        assert!(graph.payload(l, a).is_none() && graph.failure().is_none());
        assert!(graph.part_of_bytes(Value::Bytes { len, at }, 4, 3).is_none());
        let (len, at) = graph.outside(place(b"abcdef")).expect("room");
        graph.reverse_words(Value::Bytes { len, at }, 2);
        assert_eq!(graph.bytes(len, at), b"badcfe");
    }

    #[test]
    fn any_part_of_data_is_read_wherever_it_lies() {
        let mut graph = Graph::new(&Limits::default());
        let outside = graph.outside(place(b"abcdef")).expect("room");
        let within = graph.store_bytes(b"abcdef").expect("room");
        for (len, at) in [outside, within] {
            let data = graph.data(len, at);
            let mut buf = [0; 3];
            data.read(2, &mut buf).expect("bytes");
            assert_eq!((data.len(), &buf), (6, b"cde"));
            assert!(data.read(4, &mut buf).is_err() && data.read(u64::MAX, &mut buf).is_err());
            assert!(data.read(6, &mut []).is_ok());
        }
        assert!(matches!(graph.data(outside.0, outside.1), Data::Apart { .. }));
        assert_eq!(graph.data(outside.0, outside.1).all().expect("bytes"), b"abcdef");
        assert!(matches!(graph.data(outside.0, outside.1), Data::Held(b"abcdef")));
    }

    #[test]
    fn what_goes_wrong_is_kept() {
        let mut graph = Graph::new(&Limits { max_memory: 5_000, ..Limits::default() });
        let (len, at) = graph.outside(place(&[1; 6_000])).expect("room");
        assert!(graph.data(len, at).all().is_err());
        assert_eq!(graph.bytes(len, at), b"");
        assert!(graph.failure().is_some_and(|e| e.to_string().contains("--max-memory")));
    }
}
