//! The first pass over a pickle: an abstract stack that knows heights and where values come from, nothing else.
//!
//! It finds out where containers can be handed over in batches while the machine fills them, and which memo slots are read
//! again, up to which batch. In 12.2 million memo entries of a real file, 95 were ever read. What picklers never do — changing
//! an object that a memo slot brought back, DUP, POP — makes the pickle one that is read whole.

mod entry;
mod memo;
mod path;
mod slots;
mod window;

pub(crate) use path::NOWHERE;
pub(crate) use slots::Slots;

use crate::error::Error;
use crate::opcode::lexer::{Arg, Lexer};
use crate::opcode::{Opcode, OpcodeInfo, arg};

use entry::Entry;
use memo::TEXTS_KEPT;
use path::Path;

/// Bytes of the stream that a batch has at least, where its items are not many.
const BATCH: u64 = 256 << 10;
/// Items that a batch has at least, where they are short.
const MANY: usize = 1 << 15;
/// Bytes from which on an object that is given a state is taken for one that has nothing to hand over.
const STATE: u64 = 1 << 20;
/// Items from which on a container is one that may go on: picklers add so many at a time.
const FULL: usize = 1000;
/// Texts that stand at no place of a key and are kept in mind all the same: a dict may have them as keys later.
const TEXTS: usize = 1 << 14;
/// Slots that were read last, as many as are kept in mind.
const RECENT: usize = 1 << 8;
/// The longest of them.
const TEXT_LEN: usize = 64;

/// The class of joblib whose instances are followed by raw bytes: only the machine can delimit such a stream.
const RAW: &[u8] = b"NumpyArrayWrapper";

/// The magic number that a legacy file of torch begins with; raw bytes follow its pickles.
const TORCH: &[u8] = b"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

/// What the root is, if it can be written in batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// A list, or what takes items as a list does.
    List,
    /// A dict of any kind, whose keys differ and are all text or all ints.
    Dict,
    /// A set whose members differ.
    Set,
    /// A tuple: it is made when its last item is there.
    Tuple,
    /// A frozenset whose members differ: it is made when its last one is there.
    FrozenSet,
}

/// How a stream can be converted.
#[derive(Debug)]
pub(crate) enum Plan {
    /// One pickle that is written in batches.
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
    /// Items of the root; entries, where it is a dict.
    pub items: u64,
    /// Whether a key of the root begins with `$`.
    pub dollar_keys: bool,
    pub ends: Vec<End>,
    pub slots: Slots,
}

/// Where a batch ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// Offset in the stream, behind an opcode.
    pub offset: u64,
    /// The number that [`Slots`] knows the batch by.
    pub batch: u32,
    /// The containers that are open, from the root on.
    pub levels: Vec<Level>,
}

/// A container that is open where a batch ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    /// Its place on the stack, or [`NOWHERE`].
    pub at: u32,
    /// Items (of a dict: entries) that are added later; those above it on the stack are among them.
    pub later: u64,
    /// Its keys are ints; else they are all text.
    pub ints: bool,
    /// A key begins with `$`.
    pub dollar: bool,
}

/// Reads the stream once and says how it can be converted. Whatever is wrong with it, the machine reports. Where only the root is
/// to be handed over in parts (`shallow`), no batch ends where what stands above it on the stack is about to be filled.
///
/// # Errors
/// The stream cannot be read.
pub(crate) fn plan(lexer: &mut Lexer<'_>, shallow: bool) -> Result<Plan, Error> {
    let mut pickles = 0u64;
    let mut first = None;
    loop {
        let mut scan = Scan::new(pickles > 0, shallow, lexer.offset());
        match scan.pickle(lexer) {
            Ok(()) => {}
            // Broken: the machine says how.
            Err(e) if matches!(e.kind(), crate::error::ErrorKind::Malformed(_)) => return Ok(Plan::Whole),
            Err(e) => return Err(e),
        }
        if scan.foreign {
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

/// What stands between the topmost mark and the stack's top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    /// Items of a list or tuple, or there is no mark.
    Items,
    /// Keys and values in turn, from this height on.
    Pairs(usize),
    /// Members of a set, or of what is made at the end.
    Members,
}

struct Scan {
    stack: Vec<Entry>,
    marks: Vec<u32>,
    frame: Frame,
    /// The next memo index, which is how many there are unless `gaps`.
    next: u64,
    gaps: bool,
    /// The first slot of the current batch.
    batch_slot: u64,
    batch_start: u64,
    start: u64,
    /// Where its STOP is.
    stop: u64,
    path: Path,
    slots: Slots,
    /// Texts by slot, as far as they are kept in mind.
    texts: hashbrown::HashMap<u64, Entry, foldhash::fast::RandomState>,
    /// How many more are.
    texts_left: usize,
    hash: foldhash::quality::RandomState,
    /// No text below this height waits to be looked at.
    unseen: usize,
    /// Slots that were read, each with the batch that read it.
    recent: [u64; RECENT],
    /// Items that were added in the current batch.
    added: usize,
    /// What the bottom of the stack was filled as, or made of.
    root: Option<Root>,
    /// It was made of everything on the stack; only its memo slot and STOP may follow.
    made: bool,
    /// It is followed by what is no pickle.
    foreign: bool,
    /// It cannot be written in batches; only its end is looked for.
    whole: bool,
    /// Batches end between items of the root only.
    shallow: bool,
}

impl Scan {
    fn new(whole: bool, shallow: bool, start: u64) -> Self {
        Scan {
            stack: Vec::new(),
            marks: Vec::new(),
            frame: Frame::Items,
            next: 0,
            gaps: false,
            batch_slot: 0,
            batch_start: start,
            start,
            stop: 0,
            path: Path::default(),
            slots: Slots::default(),
            texts: hashbrown::HashMap::default(),
            texts_left: TEXTS,
            hash: foldhash::quality::RandomState::default(),
            unseen: usize::MAX,
            recent: [u64::MAX; RECENT],
            added: 0,
            root: None,
            made: false,
            foreign: false,
            whole,
            shallow,
        }
    }

    /// Reads one pickle.
    fn pickle(&mut self, lexer: &mut Lexer<'_>) -> Result<(), Error> {
        loop {
            if !self.made {
                self.window(lexer);
            }
            let offset = lexer.offset();
            self.whole |= self.shallow && offset - self.start >= STATE && self.has_state();
            let (info, arg) = lexer.next()?;
            match info.opcode {
                Opcode::Stop => {
                    self.stop = offset;
                    lexer.close_frame();
                    self.whole |= self.stack.len() != 1 || !self.marks.is_empty();
                    return Ok(());
                }
                Opcode::Frame => {
                    if !self.whole && !self.stack.is_empty() {
                        self.may_end(offset);
                    }
                    if let Arg::Uint(len) = arg {
                        lexer.open_frame(len)?;
                    }
                }
                _ if self.whole => {}
                _ => {
                    self.whole |= !self.step(info, arg);
                    if is_fill(info.opcode) {
                        self.may_end(lexer.offset());
                    }
                }
            }
        }
    }

    /// Whether the root is an object whose state is being made, as that of a DataFrame: a dict right above it, which is no key, and
    /// nothing was added to it.
    fn has_state(&self) -> bool {
        self.root.is_none()
            && matches!(self.stack.as_slice(), [root, state, ..]
                if entry::kind(*root) == entry::Kind::Object && entry::kind(*state) == entry::Kind::Dict)
    }

    /// A batch may end here, if it is long enough.
    #[inline]
    fn may_end(&mut self, offset: u64) {
        // The first mark is that of what is added to the root.
        let inside = self.shallow && self.marks.len() > 1;
        if (offset - self.batch_start >= BATCH || self.added >= MANY) && !self.made && !inside {
            self.path.end(offset, self.stack.len());
            (self.batch_start, self.added) = (offset, 0);
            self.batch_slot = self.next;
        }
    }

    fn batches(self) -> Option<Batches> {
        let root = self.root.filter(|_| !self.whole)?;
        let slot = self.stack.first().and_then(|root| entry::slot(*root));
        if slot.is_some_and(|slot| self.slots.is_read(slot)) {
            return None;
        }
        let (items, dollar_keys) = self.path.root()?;
        let mut ends = self.path.into_ends();
        // Nothing follows: what is left is handed over anyway.
        ends.pop_if(|end| end.offset >= self.stop);
        (!ends.is_empty()).then_some(Batches { root, items, dollar_keys, ends, slots: self.slots })
    }

    /// One opcode; `false` where the pickle has to be read whole.
    fn step(&mut self, info: &OpcodeInfo, arg: Arg<'_>) -> bool {
        match (info.opcode, arg) {
            (Opcode::Mark, _) => self.mark(),
            (Opcode::Memoize, _) => return !self.gaps && self.put(self.next),
            (Opcode::Binput | Opcode::LongBinput, Arg::Uint(index)) => return self.put(index),
            (Opcode::Put, Arg::Line(line)) => return arg::memo_index(line).is_ok_and(|index| self.put(index)),
            (Opcode::Binget | Opcode::LongBinget, Arg::Uint(index)) => return self.get(index),
            (Opcode::Get, Arg::Line(line)) => return arg::memo_index(line).is_ok_and(|index| self.get(index)),
            (Opcode::ShortBinunicode | Opcode::Binunicode | Opcode::Binunicode8, Arg::Bytes(text)) => {
                return self.text(text, None);
            }
            (Opcode::Binint1 | Opcode::Binint2, Arg::Uint(n)) => self.int(n as i64),
            (Opcode::Binint, Arg::Int(n)) => self.int(i64::from(n)),
            (Opcode::Global, Arg::Lines(_, RAW)) => return false,
            (Opcode::Long1, Arg::Bytes(TORCH)) => {
                self.foreign = true;
                return false;
            }
            (Opcode::EmptyList, _) => self.push(entry::LIST),
            (Opcode::EmptyDict, _) => self.push(entry::DICT),
            (Opcode::EmptySet, _) => self.push(entry::SET),
            (Opcode::List | Opcode::Dict, _) => {
                return self.collect(if info.opcode == Opcode::List { entry::LIST } else { entry::DICT });
            }
            (Opcode::Append, _) => return self.fill_one(Opcode::Append, 1, &[]),
            (Opcode::Setitem, _) => return self.fill_one(Opcode::Setitem, 2, &[]),
            (Opcode::Appends | Opcode::Setitems | Opcode::Additems, _) => return self.fill_many(info.opcode, &[]),
            (Opcode::Build, _) => {
                let base = self.stack.len().wrapping_sub(2);
                let Some(target) = self.stack.get(base).copied().filter(|_| base >= self.fence()) else { return false };
                self.take(base);
                self.push(target);
                return !entry::is_fetched(target);
            }
            // What no pickler writes for data, or only where objects contain themselves.
            (Opcode::Pop | Opcode::PopMark | Opcode::Dup, _) => return false,
            (Opcode::Proto, _) => return self.stack.is_empty(),
            _ => return self.rest(info),
        }
        true
    }

    /// LIST, DICT.
    fn collect(&mut self, made: Entry) -> bool {
        let Some(base) = self.unmark() else { return false };
        let is_empty = base == self.stack.len();
        self.take(base);
        self.push(if is_empty { made } else { entry::filled(made) });
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
        let Some(base) = base.filter(|base| *base >= self.fence()) else { return false };
        let made = match info.opcode {
            Opcode::Reduce | Opcode::Newobj | Opcode::NewobjEx | Opcode::Obj | Opcode::Inst => entry::OBJECT,
            _ => entry::OTHER,
        };
        self.make(base, made, info.opcode);
        true
    }

    /// A value is made of everything from `base` on.
    #[inline]
    fn make(&mut self, base: usize, made: Entry, opcode: Opcode) {
        if base == 0 && base < self.stack.len() && self.marks.is_empty() {
            self.make_root(opcode);
        } else {
            self.take(base);
        }
        self.push(made);
    }

    #[cold]
    fn make_root(&mut self, opcode: Opcode) {
        let root = match opcode {
            Opcode::Tuple | Opcode::Tuple1 | Opcode::Tuple2 | Opcode::Tuple3 => Some(Root::Tuple),
            Opcode::Frozenset => Some(Root::FrozenSet),
            _ => None,
        };
        match root {
            Some(root) if !self.made => {
                let items = std::mem::take(&mut self.stack);
                let items: Vec<Entry> = items.into_iter().map(|item| self.known(item)).collect();
                self.path.close(&items, root == Root::FrozenSet);
                (self.root, self.made) = (Some(root), true);
            }
            _ => {
                if self.made {
                    self.reopen();
                }
                self.root = None;
                self.take(0);
            }
        }
    }

    /// Takes everything from `base` on, for something else than to fill a container with it.
    #[inline]
    fn take(&mut self, base: usize) {
        if base < self.path.watch {
            self.disturbed(base);
        }
        self.stack.truncate(base);
    }

    #[cold]
    fn disturbed(&mut self, base: usize) {
        self.batch_start = self.path.disturb(base).unwrap_or(self.start);
    }

    /// Something follows what looked like the root.
    #[cold]
    fn reopen(&mut self) {
        self.made = false;
        self.path.reopen();
        self.batch_start = self.start;
    }

    #[inline]
    fn push(&mut self, entry: Entry) {
        if self.made && !self.stack.is_empty() {
            self.reopen();
        }
        self.stack.push(entry);
    }

    #[inline]
    fn fence(&self) -> usize {
        self.marks.last().map_or(0, |height| *height as usize)
    }

    #[inline]
    fn mark(&mut self) {
        if self.made {
            self.reopen();
        }
        self.marks.push(self.stack.len() as u32);
        self.enter();
    }

    #[inline]
    fn unmark(&mut self) -> Option<usize> {
        let base = self.marks.pop();
        self.enter();
        base.map(|height| height as usize)
    }

    /// Looks at what stands below the topmost mark.
    #[inline]
    fn enter(&mut self) {
        self.frame = match self.marks.last().map(|height| *height as usize) {
            None => Frame::Items,
            Some(0) => Frame::Members,
            Some(height) => match self.stack.get(height - 1).map(|entry| entry::kind(*entry)) {
                Some(entry::Kind::Dict | entry::Kind::Object) => Frame::Pairs(height),
                Some(entry::Kind::Set) => Frame::Members,
                _ => Frame::Items,
            },
        };
    }

    /// Whether what is pushed next is a key or a member.
    #[inline]
    fn at_key(&self) -> bool {
        match self.frame {
            Frame::Items => self.stack.last().is_some_and(|top| entry::takes_pairs(*top)),
            Frame::Pairs(height) => (self.stack.len() - height).is_multiple_of(2),
            Frame::Members => true,
        }
    }

    #[inline]
    fn int(&mut self, n: i64) {
        let entry = if self.at_key() { entry::int(n) } else { entry::OTHER };
        self.push(entry);
    }

    /// A text; `at` is its place, if it lies in the window.
    #[inline]
    fn text(&mut self, text: &[u8], at: Option<usize>) -> bool {
        if text == RAW {
            return false;
        }
        let entry = if self.at_key() {
            // Most keys belong to dicts that nobody asks about.
            let later = if self.texts.len() < TEXTS_KEPT { None } else { at.and_then(|at| entry::unseen(at, text)) };
            if later.is_some() {
                self.unseen = self.unseen.min(self.stack.len());
            }
            later.unwrap_or_else(|| entry::text(&self.hash, text))
        } else if self.texts_left > 0 && text.len() <= TEXT_LEN {
            self.texts_left -= 1;
            entry::text(&self.hash, text)
        } else {
            entry::OTHER
        };
        self.push(entry);
        true
    }

    /// Looks at the texts that wait for it.
    #[inline]
    fn see(&mut self, window: &[u8]) {
        if self.unseen < self.stack.len() {
            let hash = &self.hash;
            for entry in self.stack.iter_mut().skip(self.unseen) {
                if let Some(place) = entry::place(*entry) {
                    *entry = window.get(place).map_or(entry::OTHER, |text| entry::text(hash, text));
                }
            }
        }
        self.unseen = usize::MAX;
    }

    /// APPENDS, SETITEMS, ADDITEMS.
    #[inline]
    fn fill_many(&mut self, opcode: Opcode, window: &[u8]) -> bool {
        match self.unmark() {
            Some(base) if base > self.fence() => self.fill(base, opcode, window),
            _ => false,
        }
    }

    /// APPEND, SETITEM.
    #[inline]
    fn fill_one(&mut self, opcode: Opcode, takes: usize, window: &[u8]) -> bool {
        match self.stack.len().checked_sub(takes) {
            Some(base) if base > self.fence() => self.fill(base, opcode, window),
            _ => false,
        }
    }

    /// Items from `base` on go into the container below them.
    #[inline]
    fn fill(&mut self, base: usize, opcode: Opcode, window: &[u8]) -> bool {
        let items = self.stack.len() - base;
        self.added += items;
        let Some(target) = self.stack.get_mut(base - 1) else { return false };
        if entry::is_fetched(*target) {
            return false;
        }
        if base <= self.path.watch || base == 1 || items >= FULL {
            self.see(window);
            return self.fill_watched(base, opcode);
        }
        *target = entry::filled(*target);
        self.stack.truncate(base);
        true
    }

    fn fill_watched(&mut self, base: usize, opcode: Opcode) -> bool {
        let Some(target) = self.stack.get(base - 1).copied() else { return false };
        let (root, stride) = match opcode {
            Opcode::Setitem | Opcode::Setitems => (Root::Dict, 2),
            Opcode::Additems => (Root::Set, 1),
            _ => (Root::List, 1),
        };
        if base == 1 && self.marks.is_empty() {
            if self.made {
                self.reopen();
            }
            // What it was made with is not counted.
            if self.root.is_none() && entry::is_filled(target) || *self.root.get_or_insert(root) != root {
                return false;
            }
        }
        let keyed = root != Root::List;
        if keyed {
            for at in (base..self.stack.len()).step_by(stride) {
                let known = self.stack.get(at).map(|entry| self.known(*entry));
                if let (Some(entry), Some(known)) = (self.stack.get_mut(at), known) {
                    *entry = known;
                }
            }
        }
        self.path.fill(base - 1, target, self.stack.get(base..).unwrap_or_default(), stride, keyed, &self.slots);
        self.stack.truncate(base);
        true
    }

    /// A text that the memo brought, as it was when it was put there.
    fn known(&self, entry: Entry) -> Entry {
        let slot = if entry::is_fetched(entry) { entry::slot(entry) } else { None };
        slot.and_then(|slot| self.texts.get(&slot)).copied().unwrap_or(entry)
    }
}

fn is_fill(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::Appends | Opcode::Setitems | Opcode::Append | Opcode::Setitem | Opcode::Additems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn plan_of(bytes: Vec<u8>) -> Plan {
        plan(&mut Lexer::new(Box::new(std::io::Cursor::new(bytes)), &Limits::default()), false).expect("readable")
    }

    /// Gives one byte at a time, so that no opcode lies in a window.
    struct Slow(std::io::Cursor<Vec<u8>>);

    impl std::io::Read for Slow {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            let one = buf.len().min(1);
            self.0.read(&mut buf[..one])
        }
    }

    #[test]
    fn a_plan_does_not_hang_on_how_the_bytes_come() {
        let mut cases = vec![strings(3_000)];
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata"))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("testdata") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "pkl") {
                    let mut bytes = Vec::new();
                    let mut file = std::fs::File::open(path).expect("a file");
                    std::io::copy(&mut file, &mut bytes).expect("bytes");
                    cases.push(bytes);
                }
            }
        }
        assert!(cases.len() > 100);
        let bytes = cases.len();
        for (n, case) in cases.into_iter().enumerate() {
            let slow =
                plan(&mut Lexer::new(Box::new(Slow(std::io::Cursor::new(case.clone()))), &Limits::default()), false);
            assert_eq!(format!("{:?}", plan_of(case)), format!("{:?}", slow.expect("readable")), "{n} of {bytes}");
        }
    }

    #[test]
    fn an_object_with_a_long_state_is_read_whole_and_one_that_is_added_to_is_not() {
        let row = [&b"}(\x8c\x04name"[..], b"X\x40\x00\x00\x00", &[b'x'; 64], b"u"].concat();
        let rows = |add: &[u8]| [row.as_slice(), add].concat().repeat(3 * STATE as usize / row.len());
        let shallow = |bytes: Vec<u8>| {
            plan(&mut Lexer::new(Box::new(std::io::Cursor::new(bytes)), &Limits::default()), true).expect("readable")
        };
        let deque = [&b"ccollections\ndeque\n)R"[..], &rows(b"a"), b"."].concat();
        assert!(matches!(shallow(deque), Plan::Batches(Batches { root: Root::List, .. })));
        let object = [&b"cpandas\nDataFrame\n)\x81}(\x8c\x04data]("[..], &rows(b""), b"eub."].concat();
        assert!(matches!(shallow(object.clone()), Plan::Whole));
        // What follows is still seen.
        assert!(matches!(shallow([object, b"N.".to_vec()].concat()), Plan::Many(2)));
    }

    fn ends_of(plan: &Plan) -> Vec<Vec<u32>> {
        let Plan::Batches(batches) = plan else { panic!("expected batches") };
        batches.ends.iter().map(|end| end.levels.iter().map(|level| level.at).collect()).collect()
    }

    #[test]
    fn what_is_open_where_a_batch_ends_shows_later() {
        let list = strings(6_000);
        let list = &list[2..list.len() - 4];
        let open = |before: &[u8], after: &[u8]| plan_of([before, list, after].concat());
        assert!(ends_of(&open(b"", b".")).iter().all(|at| *at == [0]));
        assert!(ends_of(&open(b"}K\x01", b"s.")).iter().all(|at| *at == [0, 2] || *at == [0]));
        assert!(ends_of(&open(b"}(K\x01", b"K\x02Nu.")).iter().all(|at| *at == [0, 2] || *at == [0]));
        assert!(ends_of(&open(b"](N](N", b"eNe.")).iter().all(|at| *at == [0, 2, 4] || *at == [0, 2]));
        assert!(ends_of(&open(b"(N", b"Nt.")).iter().all(|at| *at == [NOWHERE, 1] || *at == [NOWHERE]));
        assert!(ends_of(&open(b"N", b"\x86\x94.")).iter().all(|at| *at == [NOWHERE, 1] || *at == [NOWHERE]));
        // It is an argument, or a key stands twice.
        for (before, after) in
            [(&b"](N"[..], &b"\x85e."[..]), (b"]c__builtin__\nset\n", b"\x85Ra."), (b"}(K\x01", b"K\x01Nu.")]
        {
            let plan = open(before, after);
            assert!(matches!(plan, Plan::Whole), "{before:?} {plan:?}");
        }
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
        assert_eq!(batches.ends[0].levels.len(), 1);
        let last = batches.ends.len() as u32;
        assert!(batches.slots.is_read(1) && !batches.slots.is_read(2));
        assert!(batches.slots.last(1) == Some(last) && batches.slots.last(2).is_none());
    }

    #[test]
    fn what_changes_later_or_contains_itself_is_read_whole() {
        let mut changed = strings(5_000);
        changed.truncate(changed.len() - 4);
        for end in [&b"h\x00a."[..], b"h\x01(K\x01ea.", b"0.", b"2a.", b"}b.", b"\x85R."] {
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
