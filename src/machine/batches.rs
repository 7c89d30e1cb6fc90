//! Handing over what open containers hold in batches, while the machine fills them.
//!
//! After each batch the arena is used again; only what later opcodes read from the memo is kept. A container that is open where
//! a batch ends stays on the stack, empty; what stands above it on the stack was handed over too, and is there in name only.

use super::liveness::{Batches, End, Level, NOWHERE, Root, Slots};
use super::{Globals, Machine, Trailing, located, unhashable};
use crate::error::Error;
use crate::location::Location;
use crate::model::graph::generations::{Checkpoint, Moved};
use crate::model::graph::{Graph, Kind};
use crate::model::key::KeyError;
use crate::model::value::{NodeId, Value};
use crate::opcode::lexer::Lexer;

/// A container that begins before all of it is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened {
    pub id: NodeId,
    /// Items it will have in all; entries, where it is a dict.
    pub items: u64,
    /// Whether its keys are all ints; else they are all text.
    pub ints: bool,
    /// Whether a key begins with `$`.
    pub dollar: bool,
}

/// Who takes the batches.
pub(crate) trait Sink {
    /// Whether these containers, each in the one before it, can be begun before all of them is there. The first is the root: where
    /// it cannot, nothing is handed over. As it is, only a root that is a list can.
    fn takes(&self, graph: &Graph, levels: &[Opened]) -> bool {
        matches!(levels, [root] if graph.kind(root.id) == Kind::List)
    }

    /// A container begins: the root, or the next item of the container that was begun last; `key` is its key there, and
    /// `before` items or entries stand before it.
    ///
    /// # Errors
    /// As for [`Sink::batch`].
    fn open(&mut self, _graph: &Graph, _opened: Opened, _key: Option<Value>, _before: u64) -> Result<(), Error> {
        Ok(())
    }

    /// `part` holds the next items of the container that was begun last (keys and values in turn of a dict), after `first` items
    /// or entries.
    ///
    /// # Errors
    /// What the format cannot carry, the output limit, I/O.
    fn batch(&mut self, graph: &Graph, part: NodeId, first: u64) -> Result<(), Error>;

    /// The container that was begun last is complete.
    ///
    /// # Errors
    /// As for [`Sink::batch`].
    fn close(&mut self, _graph: &Graph) -> Result<(), Error> {
        Ok(())
    }

    /// The batch is dropped: objects before `at` stay, those of `moved` have new numbers, all others are gone.
    fn moved(&mut self, at: Checkpoint, moved: &Moved);
}

/// Who takes pickles one by one.
pub(crate) trait Pickles {
    /// There is more than one, which is only known now: no first pass has counted them.
    ///
    /// # Errors
    /// As for [`Pickles::pickle`].
    fn are_many(&mut self, _graph: &Graph) -> Result<(), Error> {
        Ok(())
    }

    /// The `n`th pickle holds `root`. It is dropped afterwards, with everything in the graph.
    ///
    /// # Errors
    /// What the format cannot carry, the output limit, I/O.
    fn pickle(&mut self, graph: &Graph, root: Value, n: u64) -> Result<(), Error>;

    /// Some pickles, from the `first`th on, hold `roots`; nothing of one is in another. All of them are dropped afterwards.
    ///
    /// # Errors
    /// As for [`Pickles::pickle`].
    fn pickles(&mut self, graph: &Graph, roots: &[Value], first: u64) -> Result<(), Error> {
        (first..).zip(roots).try_for_each(|(n, root)| self.pickle(graph, *root, n))
    }
}

/// A container that was begun.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Its place on the stack, or [`NOWHERE`].
    at: u32,
    /// The object there.
    id: NodeId,
    /// Items or entries that were handed over.
    given: u64,
    /// So many values at its beginning, or above it on the stack, were handed over.
    skip: usize,
    /// Values for an item: 2 for an entry.
    stride: usize,
}

/// The state of a pickle that is read in batches.
pub(super) struct Stream<'s> {
    sink: &'s mut dyn Sink,
    ends: std::iter::Peekable<std::vec::IntoIter<End>>,
    root: Root,
    items: u64,
    /// How the root is open.
    first: Level,
    /// The end of the old generation, once there is one.
    at: Option<Checkpoint>,
    open: Vec<Open>,
    /// The sink does not take the root in parts: it has said so before anything was handed over.
    pub not_taken: bool,
}

/// Items of a root of which it is not known how many they are: what takes the most room where their number is said first.
pub(crate) const UNKNOWN: u64 = u32::MAX as u64;

/// A batch that no other follows.
pub(super) const LAST: u32 = u32::MAX - 1;

/// The stream is not the one that the first pass read.
pub(super) fn changed() -> Error {
    let e = std::io::Error::other("the input changed while it was read");
    Error::io(e, Location::default())
}

impl<'s> Stream<'s> {
    /// Where batches end is not known.
    pub fn guessing(sink: &'s mut dyn Sink) -> Self {
        let first = Level { at: 0, later: 0, ints: false, dollar: false };
        let ends = Vec::new().into_iter().peekable();
        Stream { sink, ends, root: Root::List, items: UNKNOWN, first, at: None, open: Vec::new(), not_taken: false }
    }

    /// What stood above the root on the stack is there no more.
    pub fn drop_pending(&mut self) {
        if let Some(root) = self.open.first_mut() {
            root.skip = 0;
        }
    }

    /// Whether a value is the list that was handed over, if any was.
    pub fn is_root(&self, root: Value) -> bool {
        match (self.open.first(), root) {
            (Some(open), Value::Object(id)) => open.id == id,
            (_, _) => false,
        }
    }

    /// Whether nothing was handed over.
    pub fn is_closed(&self) -> bool {
        self.open.is_empty()
    }

    /// How the root is open.
    pub fn first(&self) -> Level {
        self.first
    }

    pub fn new(batches: Batches, sink: &'s mut dyn Sink) -> (Self, Slots) {
        let Batches { root, items, dollar_keys: dollar, ends, slots } = batches;
        let first = ends.first().and_then(|end| end.levels.first()).copied();
        let first = Level { dollar, ..first.unwrap_or(Level { at: 0, later: items, ints: false, dollar }) };
        (
            Stream {
                sink,
                ends: ends.into_iter().peekable(),
                root,
                items,
                first,
                at: None,
                open: Vec::new(),
                not_taken: false,
            },
            slots,
        )
    }

    /// Nothing is handed over.
    fn give_up<T>(&mut self) -> Result<T, Error> {
        self.not_taken = true;
        Err(Error::misuse("expected a root that can be written in parts, found another"))
    }

    /// Where the next batch ends.
    fn next_end(&mut self) -> u64 {
        self.ends.peek().map_or(u64::MAX, |end| end.offset)
    }
}

fn stride(graph: &Graph, id: NodeId) -> usize {
    match graph.kind(id) {
        Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter => 2,
        _ => 1,
    }
}

fn limit(e: crate::error::LimitExceeded) -> Error {
    Error::limit(e, Location::default())
}

impl<G: Globals> Machine<G> {
    /// Reads the `count` pickles of a stream and hands over each.
    pub(super) fn each(&mut self, lexer: &mut Lexer<'_>, count: u64, sink: &mut dyn Pickles) -> Result<(), Error> {
        let empty = self.graph.checkpoint();
        for n in 0..count {
            let (start, known) = (lexer.offset(), self.findings.errors.len());
            let root = match self.pickle(lexer) {
                Ok(root) => root,
                Err(error) if n == 0 => return Err(error),
                Err(error) => {
                    self.after_stop(error, start, known, Trailing::Error);
                    return Ok(());
                }
            };
            self.one(root, n, empty, sink)?;
        }
        match lexer.peek()? {
            None => Ok(()),
            Some(_) => Err(changed()),
        }
    }

    /// Hands over one of the pickles of a stream, and drops it.
    pub(super) fn one(&mut self, root: Value, n: u64, empty: Checkpoint, sink: &mut dyn Pickles) -> Result<(), Error> {
        self.highest = self.highest.max(self.protocol);
        if self.findings.errors.is_empty() && self.strict.is_empty() {
            self.left_over(&[root]);
        }
        if self.findings.errors.is_empty() && self.strict.is_empty() {
            sink.pickle(&self.graph, root, n)?;
        }
        self.memo.clear();
        self.graph.drop_after(empty);
        self.graph.pending = 0;
        Ok(())
    }

    /// What is done between two opcodes now and then; where it is to be done next.
    pub(super) fn at_batch(&mut self, lexer: &mut Lexer<'_>, stream: &mut Stream<'_>) -> Result<u64, Error> {
        if stream.at.is_none() {
            self.graph.settle_text();
            stream.at = Some(self.graph.checkpoint());
        }
        if self.guess.is_some() {
            return self.at_guess(lexer, stream);
        }
        let offset = lexer.offset();
        while let Some(end) = stream.ends.next_if(|end| end.offset <= offset) {
            if end.offset == offset {
                self.flush(stream, &end)?;
            }
        }
        Ok(stream.next_end())
    }

    /// Hands over what the containers hold that are open at the end of a batch, and empties them.
    pub(super) fn flush(&mut self, stream: &mut Stream<'_>, end: &End) -> Result<(), Error> {
        let Some(levels) = self.levels(stream, &end.levels)? else { return Ok(()) };
        if let (Some(open), Some((NOWHERE, root))) = (stream.open.first_mut(), levels.first()) {
            open.id = root.id;
        }
        self.check(stream, &levels)?;
        self.hand_over(stream, &levels)?;
        self.forget(stream, end.batch)
    }

    /// Hands over what is left of the root, which is complete.
    pub(super) fn finish_batches(&mut self, stream: &mut Stream<'_>, root: Value) -> Result<(), Error> {
        let Value::Object(id) = root else { return Err(changed()) };
        if stream.open.is_empty() {
            // No batch ended where it could.
            let Level { at, ints, dollar, .. } = stream.first;
            let root = Opened { id, items: stream.items, ints, dollar };
            if !stream.sink.takes(&self.graph, &[root]) {
                return stream.give_up();
            }
            self.check(stream, &[(at, root)])?;
            self.hand_over(stream, &[(at, root)])?;
        }
        if let Some(open) = stream.open.first_mut() {
            open.id = id;
        }
        self.check(stream, &[])?;
        self.hand_over(stream, &[])?;
        // Whoever keeps what is known of objects may run over another input next.
        self.forget(stream, LAST)
    }

    /// The containers that are open, with their places; `None` where no batch can end there.
    fn levels(&mut self, stream: &mut Stream<'_>, levels: &[Level]) -> Result<Option<Vec<(u32, Opened)>>, Error> {
        let mut out = Vec::with_capacity(levels.len());
        for level in levels {
            let id = match (level.at, self.stack.from(level.at as usize).first()) {
                (NOWHERE, _) => {
                    let kind = if stream.root == Root::FrozenSet { Kind::FrozenSet } else { Kind::Tuple };
                    self.graph.alloc(kind).map_err(limit)?
                }
                (_, Some(Value::Object(id))) => *id,
                // It was refused.
                (_, Some(_)) => return Ok(None),
                (_, None) => return Err(changed()),
            };
            let has = (self.graph.count(id) / stride(&self.graph, id)) as u64;
            let (items, dollar) = match out.len() {
                0 => (stream.items, stream.first.dollar),
                _ => (has + level.later, level.dollar),
            };
            out.push((level.at, Opened { id, items, ints: level.ints, dollar }));
        }
        // Between a dict and what is open in it there is its key.
        let odd = out.windows(2).any(|pair| match pair {
            [(at, opened), (next, _)] => {
                stride(&self.graph, opened.id) == 2 && (next.saturating_sub(at.wrapping_add(1))).is_multiple_of(2)
            }
            _ => false,
        });
        let opened: Vec<Opened> = out.iter().map(|(_, opened)| *opened).collect();
        if stream.open.is_empty() && !stream.sink.takes(&self.graph, opened.get(..1).unwrap_or_default()) {
            return stream.give_up();
        }
        Ok((!odd && stream.sink.takes(&self.graph, &opened)).then_some(out))
    }

    /// Looks for what the end of an input is looked through for.
    fn check(&mut self, stream: &Stream<'_>, levels: &[(u32, Opened)]) -> Result<(), Error> {
        self.graph.settle_text();
        let open = stream.open.iter().map(|open| open.id).chain(levels.iter().map(|(_, opened)| opened.id));
        let open: Vec<NodeId> = open.collect();
        // The first pass has seen that their keys differ.
        for id in &open {
            self.graph.forget_unsealed(*id);
        }
        self.graph.seal().map_err(|e| match e {
            KeyError::Limit(e) => limit(e),
            KeyError::Unhashable(kind) => Error::malformed(unhashable(kind), Location::default()),
        })?;
        if self.findings.errors.is_empty() {
            let mut roots: Vec<Value> = open.into_iter().map(Value::Object).collect();
            roots.extend(self.stack.from(0));
            for reject in self.globals.finish(&mut self.graph, &roots) {
                if let Some(error) = located(reject, Location::default()) {
                    self.findings.push(error);
                }
            }
        }
        Ok(())
    }

    /// Hands over everything there is; afterwards the containers of `levels` are open.
    fn hand_over(&mut self, stream: &mut Stream<'_>, levels: &[(u32, Opened)]) -> Result<(), Error> {
        let same = stream.open.iter().zip(levels);
        let stay = same.take_while(|(open, (at, new))| open.at == *at && (*at == NOWHERE || open.id == new.id)).count();
        while stream.open.len() > stay {
            let place = stream.open.last().map_or(0, |open| self.above(open.at));
            self.part(stream, place, place)?;
            if self.findings.errors.is_empty() {
                stream.sink.close(&self.graph)?;
            }
            stream.open.pop();
        }
        for n in stay.max(1) - 1..levels.len() {
            let Some((at, opened)) = levels.get(n) else { return Ok(()) };
            if n >= stay {
                let key = match stream.open.last() {
                    Some(parent) if parent.stride == 2 => {
                        self.stack.from((*at as usize).saturating_sub(1)).first().copied()
                    }
                    _ => None,
                };
                let before = stream.open.last().map_or(0, |parent| parent.given);
                if self.findings.errors.is_empty() {
                    stream.sink.open(&self.graph, *opened, key, before)?;
                }
                if let Some(parent) = stream.open.last_mut() {
                    parent.given += 1;
                }
                let stride = stride(&self.graph, opened.id);
                stream.open.push(Open { at: *at, id: opened.id, given: 0, skip: 0, stride });
            }
            let from = self.above(*at);
            let to = levels.get(n + 1).map_or(self.stack.height(), |(next, _)| *next as usize);
            self.part(stream, from, to)?;
            // What is open in it, with its key, is handed over from there.
            if let (Some(open), true) = (stream.open.last_mut(), n + 1 < levels.len()) {
                open.skip = to + 1 - from;
            }
        }
        Ok(())
    }

    /// The place above a container on the stack.
    fn above(&self, at: u32) -> usize {
        if at == NOWHERE { 0 } else { at as usize + 1 }
    }

    /// Hands over what the innermost container holds, and what stands above it on the stack.
    fn part(&mut self, stream: &mut Stream<'_>, from: usize, to: usize) -> Result<(), Error> {
        let Some(open) = stream.open.last_mut() else { return Ok(()) };
        let (id, stride) = (open.id, open.stride);
        let pending = self.stack.from(from);
        let pending = pending.get(..to.saturating_sub(from)).unwrap_or(pending);
        // A key whose value is still to come waits for it.
        let pending = pending.get(..pending.len() / stride * stride).unwrap_or(pending);
        let skip = std::mem::replace(&mut open.skip, pending.len());
        // What it holds is handed over where it lies, but for what was handed over from the stack.
        let held = self.graph.count(id);
        self.graph.pass(id, skip);
        let new = held.saturating_sub(skip);
        if new > 0 && self.findings.errors.is_empty() {
            stream.sink.batch(&self.graph, id, open.given)?;
        }
        open.given += (new / stride) as u64;
        self.graph.clear(id);
        let pending = pending.get(skip.saturating_sub(held)..).unwrap_or_default();
        self.graph.append(id, pending).map_err(limit)?;
        let new = pending.len();
        for (n, value) in self.stack.values_mut().iter_mut().enumerate().skip(from).take(open.skip) {
            // As keys no two of them are one, nor is any of the others, which are text or ints.
            *value = Value::Float { ident: 0, value: n as f64 + 0.5 };
        }
        if new > 0 && self.findings.errors.is_empty() {
            stream.sink.batch(&self.graph, id, open.given)?;
        }
        open.given += (new / stride) as u64;
        self.graph.clear(id);
        Ok(())
    }

    /// Drops what was handed over, but for what later opcodes read.
    fn forget(&mut self, stream: &mut Stream<'_>, batch: u32) -> Result<(), Error> {
        let Some(at) = stream.at else { return Ok(()) };
        let (slots, guess) = (self.slots.as_ref(), self.guess.as_ref());
        let kept = match guess {
            Some(guess) => self.memo.retain_new(
                guess.early(),
                |slots| guess.keeps_some(slots),
                |slot, value| guess.keeps(slot, value),
            ),
            None => self.memo.retain(batch, |slot| slots.and_then(|slots| slots.last(slot))),
        };
        let new = kept.len() as u64;
        let mut values: Vec<Value> = kept.iter().filter_map(|slot| self.memo.get(*slot)).collect();
        let stack = self.stack.values_mut();
        let (next, moved) = self.graph.collect(at, values.iter_mut().chain(stack)).map_err(limit)?;
        for (slot, value) in kept.into_iter().zip(values) {
            self.memo.replace(slot, value);
        }
        for open in &mut stream.open {
            if let Some(Value::Object(id)) = self.stack.from(open.at as usize).first() {
                open.id = *id;
            }
        }
        stream.sink.moved(at, &moved);
        stream.at = Some(next);
        match &mut self.guess {
            Some(guess) => guess.next(next, self.memo.count(), new),
            None => Ok(()),
        }
    }
}
