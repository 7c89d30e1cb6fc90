//! The first pass over a pickle: an abstract stack that knows heights and where values come from, nothing else.
//!
//! It finds out whether the root container can be written in batches while the machine fills it, where these batches end,
//! and which memo slots are read again, up to which batch. In 12.2 million memo entries of a real file, 95 were ever read. What
//! picklers never do — changing an object that a memo slot brought back, DUP, POP — makes the pickle one that is read whole.

use std::hash::BuildHasher;

use crate::error::Error;
use crate::opcode::lexer::{Arg, Lexer};
use crate::opcode::{Opcode, OpcodeInfo, arg};

/// Bytes of the stream that a batch has at least.
const BATCH: u64 = 256 << 10;
/// How far memo indices may jump.
const GAP: u64 = 1 << 16;

/// The class of joblib whose instances are followed by raw bytes: only the machine can delimit such a stream.
const RAW: &[u8] = b"NumpyArrayWrapper";

/// The magic number that a legacy file of torch begins with; raw bytes follow its pickles.
const TORCH: &[u8] = b"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

/// What the root is, if it can be written in batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    List,
    /// A dict whose keys are all text and differ.
    Dict,
}

/// How a stream can be converted.
#[derive(Debug)]
pub(crate) enum Plan {
    /// One pickle whose root is written in batches.
    Batches(Batches),
    /// So many pickles, each of which is read whole.
    Many(u64),
    /// Read whole: it is small, or its shape does not allow more.
    Whole,
}

/// One pickle in batches.
#[derive(Clone, Debug)]
pub(crate) struct Batches {
    pub root: Root,
    /// Items of the list, entries of the dict.
    pub items: u64,
    /// Whether a key of the dict begins with `$`.
    pub dollar_keys: bool,
    /// Offsets at which a batch ends, behind an opcode.
    pub ends: Vec<u64>,
    pub slots: Slots,
}

/// What is known of memo slots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    /// A bit per slot: it is read.
    read: Vec<u64>,
    /// The last batch that reads a slot which an earlier one filled, plus 1; a page per 4,096 slots, where there is any.
    last: Vec<Option<Box<[u32; PAGE]>>>,
}

const PAGE: usize = 1 << 12;

impl Slots {
    fn mark(&mut self, slot: u64) {
        let word = (slot / 64) as usize;
        if self.read.len() <= word {
            self.read.resize(word + 1, 0);
        }
        if let Some(word) = self.read.get_mut(word) {
            *word |= 1 << (slot % 64);
        }
    }

    fn mark_last(&mut self, slot: u64, batch: u32) {
        let page = slot as usize / PAGE;
        if self.last.len() <= page {
            self.last.resize_with(page + 1, || None);
        }
        if let Some(page) = self.last.get_mut(page) {
            let page = page.get_or_insert_with(|| Box::new([0; PAGE]));
            if let Some(last) = page.get_mut(slot as usize % PAGE) {
                *last = batch + 1;
            }
        }
    }

    /// Whether a slot is read after it was filled.
    #[inline]
    pub fn is_read(&self, slot: u64) -> bool {
        self.read.get((slot / 64) as usize).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// Whether a batch later than `batch` reads a slot.
    #[inline]
    pub fn outlives(&self, slot: u64, batch: u32) -> bool {
        let page = self.last.get(slot as usize / PAGE).and_then(Option::as_ref);
        page.and_then(|page| page.get(slot as usize % PAGE)).is_some_and(|last| *last > batch + 1)
    }
}

/// An entry of the stack.
type Entry = u64;
/// A value that came from an opcode.
const FRESH: Entry = 0;
/// A value that came from the memo.
const FETCHED: Entry = 1;
/// The bit of the hash of a text.
const TEXT: Entry = 2;
/// The bit of a text that begins with `$`.
const DOLLAR: Entry = 4;

/// Reads the stream once and says how it can be converted. Whatever is wrong with it, the machine reports.
///
/// # Errors
/// The stream cannot be read.
pub(crate) fn plan(lexer: &mut Lexer<'_>) -> Result<Plan, Error> {
    let mut pickles = 0u64;
    let mut first = None;
    loop {
        let mut scan = Scan::default();
        let sound = match scan.pickle(lexer, pickles == 0) {
            Ok(sound) => sound,
            // Broken: the machine says how.
            Err(e) if matches!(e.kind(), crate::error::ErrorKind::Malformed(_)) => return Ok(Plan::Whole),
            Err(e) => return Err(e),
        };
        if !sound || scan.foreign {
            return Ok(Plan::Whole);
        }
        pickles += 1;
        if pickles == 1 {
            first = scan.batches();
        }
        match lexer.peek()? {
            None => break,
            Some(b'\n') => return Ok(Plan::Whole),
            Some(_) => {}
        }
    }
    Ok(match (pickles, first) {
        (1, Some(batches)) => Plan::Batches(batches),
        (1, None) => Plan::Whole,
        (n, _) => Plan::Many(n),
    })
}

#[derive(Default)]
struct Scan {
    stack: Vec<Entry>,
    marks: Vec<u32>,
    /// The root at the bottom of the stack, once it is there.
    root: Option<Root>,
    root_slot: Option<u64>,
    /// The next memo index, which is how many there are unless `gaps`.
    next: u64,
    gaps: bool,
    /// The first slot of the current batch.
    batch_slot: u64,
    batch_start: u64,
    ends: Vec<u64>,
    slots: Slots,
    items: u64,
    dollar: bool,
    keys: hashbrown::HashSet<u64, foldhash::fast::RandomState>,
    hash: foldhash::quality::RandomState,
    /// It is followed by what is no pickle.
    foreign: bool,
    /// It cannot be written in batches; only its end is looked for.
    whole: bool,
}

impl Scan {
    /// Reads one pickle; `false` where the stack does not hold what an opcode takes. `fully` looks for batches.
    fn pickle(&mut self, lexer: &mut Lexer<'_>, fully: bool) -> Result<bool, Error> {
        self.whole = !fully;
        self.batch_start = lexer.offset();
        loop {
            let offset = lexer.offset();
            let (info, arg) = lexer.next()?;
            match info.opcode {
                Opcode::Stop => {
                    lexer.close_frame();
                    self.whole |= self.stack.len() != 1 || !self.marks.is_empty();
                    return Ok(true);
                }
                Opcode::Frame => {
                    if let Arg::Uint(len) = arg {
                        lexer.open_frame(len)?;
                    }
                }
                _ if self.whole => {}
                _ => {
                    if !self.step(info, arg) {
                        self.whole = true;
                    }
                    if matches!(info.opcode, Opcode::Appends | Opcode::Setitems | Opcode::Append | Opcode::Setitem)
                        && self.stack.len() == 1
                        && offset - self.batch_start >= BATCH
                    {
                        self.batch_start = lexer.offset();
                        self.ends.push(self.batch_start);
                        self.batch_slot = self.next;
                    }
                }
            }
        }
    }

    fn batches(&mut self) -> Option<Batches> {
        let root = self.root.filter(|_| !self.whole && !self.ends.is_empty())?;
        Some(Batches {
            root,
            items: self.items,
            dollar_keys: self.dollar,
            ends: std::mem::take(&mut self.ends),
            slots: std::mem::take(&mut self.slots),
        })
    }

    /// One opcode; `false` where the pickle has to be read whole.
    #[inline]
    fn step(&mut self, info: &OpcodeInfo, arg: Arg<'_>) -> bool {
        match info.opcode {
            Opcode::Mark => self.marks.push(self.stack.len() as u32),
            Opcode::Memoize => return !self.gaps && self.put(self.next),
            Opcode::Binput | Opcode::LongBinput => match arg {
                Arg::Uint(index) => return self.put(index),
                _ => return false,
            },
            Opcode::Put => match arg {
                Arg::Line(line) => return arg::memo_index(line).is_ok_and(|index| self.put(index)),
                _ => return false,
            },
            Opcode::Binget | Opcode::LongBinget => match arg {
                Arg::Uint(index) => return self.get(index),
                _ => return false,
            },
            Opcode::Get => match arg {
                Arg::Line(line) => return arg::memo_index(line).is_ok_and(|index| self.get(index)),
                _ => return false,
            },
            Opcode::ShortBinunicode | Opcode::Binunicode | Opcode::Binunicode8 => {
                let entry = match arg {
                    Arg::Bytes(RAW) => return false,
                    Arg::Bytes(text) if self.root == Some(Root::Dict) && self.marks.len() <= 1 => self.text(text),
                    _ => FRESH,
                };
                self.stack.push(entry);
            }
            Opcode::Global => match arg {
                Arg::Lines(_, RAW) => return false,
                _ => self.stack.push(FRESH),
            },
            Opcode::Long1 => match arg {
                Arg::Bytes(TORCH) => {
                    self.foreign = true;
                    return false;
                }
                _ => self.stack.push(FRESH),
            },
            Opcode::EmptyList => self.push_container(Root::List),
            Opcode::EmptyDict => self.push_container(Root::Dict),
            Opcode::List | Opcode::Dict => {
                let Some(base) = self.unmark() else { return false };
                let is_empty = base == self.stack.len();
                self.stack.truncate(base);
                let root = if info.opcode == Opcode::List { Root::List } else { Root::Dict };
                if is_empty { self.push_container(root) } else { self.stack.push(FRESH) }
            }
            Opcode::Append | Opcode::Setitem => {
                let takes = usize::from(info.above) - 1;
                let Some(base) = self.stack.len().checked_sub(takes) else { return false };
                return self.fill(base, info.opcode == Opcode::Setitem);
            }
            Opcode::Appends | Opcode::Setitems | Opcode::Additems => {
                let Some(base) = self.unmark() else { return false };
                return self.fill(base, info.opcode == Opcode::Setitems);
            }
            Opcode::Build => {
                self.stack.pop();
                return self.stack.len() > 1 && self.stack.last() != Some(&FETCHED);
            }
            // What no pickler writes for data, or only where objects contain themselves.
            Opcode::Pop | Opcode::PopMark | Opcode::Dup | Opcode::Proto if !self.stack.is_empty() => return false,
            Opcode::Pop | Opcode::PopMark | Opcode::Dup => return false,
            Opcode::Proto => {}
            _ => return self.rest(info),
        }
        true
    }

    /// What an opcode takes and leaves, by the table.
    fn rest(&mut self, info: &OpcodeInfo) -> bool {
        let base = if info.to_mark {
            match self.unmark() {
                Some(base) => base.checked_sub(usize::from(info.below)),
                None => None,
            }
        } else {
            self.stack.len().checked_sub(usize::from(info.above))
        };
        // The root itself is never an argument.
        let taken = base.is_some_and(|base| base < self.stack.len());
        match base {
            Some(base) if !(taken && base == 0 && self.root.is_some()) => {
                self.stack.truncate(base);
                for _ in info.after {
                    self.stack.push(FRESH);
                }
                true
            }
            _ => false,
        }
    }

    fn unmark(&mut self) -> Option<usize> {
        self.marks.pop().map(|height| height as usize)
    }

    fn push_container(&mut self, root: Root) {
        if self.stack.is_empty() && self.marks.is_empty() && self.root.is_none() {
            self.root = Some(root);
        }
        self.stack.push(FRESH);
    }

    /// Items from `base` on go into the container below them.
    #[inline]
    fn fill(&mut self, base: usize, pairs: bool) -> bool {
        let (Some(target), true) = (base.checked_sub(1), base <= self.stack.len()) else { return false };
        if self.stack.get(target) == Some(&FETCHED) {
            return false;
        }
        if target == 0 {
            let new = self.stack.get(base..).unwrap_or_default();
            match (self.root, pairs) {
                (Some(Root::List), false) => self.items += new.len() as u64,
                (Some(Root::Dict), true) => {
                    self.items += new.len() as u64 / 2;
                    for key in new.iter().step_by(2) {
                        self.dollar |= key & DOLLAR != 0;
                        if key & TEXT == 0 || !self.keys.insert(*key) {
                            return false;
                        }
                    }
                }
                _ => return false,
            }
        }
        self.stack.truncate(base);
        true
    }

    /// The hash of a text; one with lone surrogates may be written as another is.
    fn text(&self, text: &[u8]) -> Entry {
        if simdutf8::basic::from_utf8(text).is_err() {
            return FRESH;
        }
        let dollar = if text.first() == Some(&b'$') { DOLLAR } else { 0 };
        self.hash.hash_one(text) & !(FETCHED | DOLLAR) | TEXT | dollar
    }

    #[inline]
    fn put(&mut self, slot: u64) -> bool {
        if slot < self.next || slot - self.next > GAP || self.stack.is_empty() {
            return false;
        }
        self.gaps |= slot != self.next;
        self.next = slot + 1;
        if self.stack.len() == 1 && self.marks.is_empty() {
            self.root_slot = Some(slot);
        }
        true
    }

    #[inline]
    fn get(&mut self, slot: u64) -> bool {
        if slot >= self.next || Some(slot) == self.root_slot {
            return false;
        }
        self.slots.mark(slot);
        if slot < self.batch_slot {
            self.slots.mark_last(slot, self.ends.len() as u32);
        }
        self.stack.push(FETCHED);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn plan_of(bytes: Vec<u8>) -> Plan {
        plan(&mut Lexer::new(Box::new(std::io::Cursor::new(bytes)), &Limits::default())).expect("readable")
    }

    /// A list of `n` strings of 100 bytes, in APPENDS of 1,000; the string of slot 1 stands at the end again.
    fn strings(n: usize) -> Vec<u8> {
        let mut out = b"\x80\x04]\x94".to_vec();
        for chunk in 0..n / 1000 {
            out.push(b'(');
            for i in 0..1000 {
                out.extend_from_slice(b"\x8c\x64");
                out.extend_from_slice(format!("{:0100}", chunk * 1000 + i).as_bytes());
                out.push(0x94);
            }
            out.push(b'e');
        }
        out.extend_from_slice(b"h\x01a.");
        out
    }

    #[test]
    fn a_list_has_batches_and_what_is_read_again_outlives_them() {
        let Plan::Batches(batches) = plan_of(strings(10_000)) else { panic!("expected batches") };
        assert_eq!((batches.root, batches.items), (Root::List, 10_001));
        assert!(batches.ends.len() >= 2);
        let last = batches.ends.len() as u32;
        assert!(batches.slots.is_read(1) && !batches.slots.is_read(2));
        assert!(batches.slots.outlives(1, 0) && !batches.slots.outlives(1, last) && !batches.slots.outlives(2, 0));
    }

    #[test]
    fn what_changes_later_or_contains_itself_is_read_whole() {
        let mut changed = strings(5_000);
        changed.truncate(changed.len() - 4);
        for end in [&b"h\x00a."[..], b"h\x01(K\x01ea.", b"0.", b"2a.", b"}b.", b"\x85."] {
            let mut pickle = changed.clone();
            pickle.extend_from_slice(end);
            assert!(matches!(plan_of(pickle), Plan::Whole), "{end:?}");
        }
    }

    #[test]
    fn a_dict_with_a_key_twice_is_read_whole() {
        let mut out = b"\x80\x04}(".to_vec();
        for i in 0..5_000 {
            out.extend_from_slice(b"\x8c\x64");
            out.extend_from_slice(format!("{i:0100}").as_bytes());
            out.extend_from_slice(b"K\x01");
        }
        out.extend_from_slice(b"u(");
        let mut twice = out.clone();
        out.extend_from_slice(b"\x8c\x01aK\x02u.");
        twice.extend_from_slice(b"\x8c\x64");
        twice.extend_from_slice(format!("{:0100}", 7).as_bytes());
        twice.extend_from_slice(b"K\x02u.");
        let Plan::Batches(batches) = plan_of(out) else { panic!("expected batches") };
        assert_eq!((batches.root, batches.items, batches.dollar_keys), (Root::Dict, 5_001, false));
        assert!(matches!(plan_of(twice), Plan::Whole));
    }

    #[test]
    fn several_pickles_are_counted() {
        assert!(matches!(plan_of(b"K\x01.]K\x02a.".to_vec()), Plan::Many(2)));
        assert!(matches!(plan_of(b"K\x01.".to_vec()), Plan::Whole));
    }
}
