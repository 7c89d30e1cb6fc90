//! The arena: objects with identity, the values they hold, and the stores that values point into.
//!
//! An object's items lie in one `Vec<Value>` as one or more segments: a container that grows while others are written in
//! between gets a further segment instead of a copy. Everything is dropped, reused and bounded as a few flat vectors.

pub(crate) mod generations;
pub(crate) mod nodes;
mod parts;
pub(crate) mod payloads;
pub(crate) mod stores;
mod walk;

pub(crate) use stores::BLOCK;
pub(crate) use walk::{Items, Walk};
mod zones;

use crate::limits::{Budget, Limit, LimitExceededResult, Limits};
use crate::model::layout::Layout;
use crate::model::temporal::Zone;
use crate::model::value::{NodeId, Value};
use crate::name::GlobalName;

/// What an object is. Items are listed in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    List,
    Tuple,
    Set,
    FrozenSet,
    /// Extra: maxlen (an int) when bounded.
    Deque,
    /// Items: key, value, key, value …, as for the four kinds that follow.
    Dict,
    /// Extra: the state of its instance attributes, if any.
    OrderedDict,
    /// Extra: the factory (a global) when there is one.
    DefaultDict,
    Counter,
    /// Items: real, imaginary (floats).
    Complex,
    /// Items: numerator, denominator (ints).
    Fraction,
    /// Items: start, stop, step (ints).
    Range,
    /// Items: start, stop, step (any values).
    Slice,
    /// Items: typecode (an int, its code point); machine format (an int) as `array._array_reconstructor` numbers them, always the
    /// little-endian one of its pair (0, 1, 2, 4 … 16), and 20 (UTF-32) for characters; the elements (bytes), whole ones of the
    /// format's width. Characters are code points up to U+10FFFF, lone surrogates included. Typecode `c` has format 0.
    Array,
    /// Items: 16 bytes, big-endian; is_safe (0, -1 or None).
    Uuid,
    /// Extra: the index of its zone in the graph's table.
    Zone,
    /// Items as for `Record`.
    Exception,
    /// Items: class (global), how (0 new, 1 call, 2 instance), args (tuple), kwargs (dict or None), then pairs of what was done
    /// to it: an int (0 state, 1 items, 2 dictitems, 3 call) and the value (state; list; list of keys and values; list of
    /// function and arguments).
    Record,
    /// An object of named fields. Items: its fields, in the order of the layout's table.
    Struct(Layout),
    /// A data object that waits for its BUILD. Items: its global. Extra: what its constructor keeps.
    Pending,
}

impl Kind {
    /// Whether two references to one object differ from references to two equal ones: numbers, UUIDs and zones are the same
    /// wherever they stand.
    pub fn keeps_identity(self) -> bool {
        match self {
            Kind::List
            | Kind::Tuple
            | Kind::Set
            | Kind::FrozenSet
            | Kind::Deque
            | Kind::Dict
            | Kind::OrderedDict
            | Kind::DefaultDict
            | Kind::Counter
            | Kind::Slice
            | Kind::Array
            | Kind::Exception
            | Kind::Record => true,
            Kind::Struct(layout) => layout.keeps_identity(),
            Kind::Complex | Kind::Fraction | Kind::Range | Kind::Uuid | Kind::Zone | Kind::Pending => false,
        }
    }
}

/// Flags of an object.
pub(crate) mod flag {
    /// Its memo slot was fetched, or it was duplicated: it may stand in more than one place.
    pub const SHARED: u8 = 1;
    /// Its keys may repeat: more than one batch was added.
    pub const UNSEALED: u8 = 2;
    /// Every key so far is a str without lone surrogates.
    pub const STR_KEYS: u8 = 4;
    /// It was given its state.
    pub const BUILT: u8 = 8;
}

const _: () = assert!(size_of::<Kind>() == 1 && size_of::<Object>() == 24);

/// No further segment, no extra value.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Object {
    pub kind: Kind,
    pub flags: u8,
    /// Levels of nesting below and including this object, as far as known when it was filled.
    pub depth: u16,
    start: u32,
    len: u32,
    next: u32,
    tail: u32,
    extra: u32,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    start: u32,
    len: u32,
    next: u32,
}

/// A class or function that the stream names, after the table of aliases.
#[derive(Clone, Debug)]
pub(crate) struct GlobalEntry {
    pub name: GlobalName,
}

#[derive(Debug)]
pub(crate) struct Graph {
    objects: Vec<Object>,
    items: Vec<Value>,
    segments: Vec<Segment>,
    extras: Vec<Value>,
    text: String,
    /// Text behind it that has yet to be moved there: [`Graph::settle_text`].
    staged: stores::Staged,
    bytes: Vec<u8>,
    /// Ranges too long for 32 bits.
    long: Vec<(u64, u64)>,
    payloads: payloads::Payloads,
    pub globals: Vec<GlobalEntry>,
    zones: Vec<Zone>,
    unsealed: Vec<NodeId>,
    pub keys: Box<crate::model::key::Keys>,
    nans: u32,
    /// Some item is the name of a class or function.
    holds_names: bool,
    /// The last object that may stand in more than one place, plus 1.
    shared: u32,
    pub pending: u32,
    budget: Budget,
    max_memory: u64,
    max_depth: u32,
    max_nodes: u64,
    /// Decimal digits of one number.
    pub max_digits: u32,
}

/// Bytes of an input beyond which room is not made ahead.
const MOST_EXPECTED: u64 = 1 << 30;

impl Graph {
    pub fn new(limits: &Limits) -> Self {
        let mut graph = Graph {
            objects: Vec::new(),
            items: Vec::new(),
            segments: Vec::new(),
            extras: Vec::new(),
            text: String::new(),
            staged: stores::Staged::default(),
            bytes: Vec::new(),
            long: Vec::new(),
            payloads: payloads::Payloads::default(),
            globals: Vec::new(),
            zones: Vec::new(),
            unsealed: Vec::new(),
            keys: Box::default(),
            nans: 0,
            holds_names: false,
            shared: 0,
            pending: 0,
            budget: Budget::new(0),
            max_memory: 0,
            max_depth: 0,
            max_nodes: 0,
            max_digits: 0,
        };
        graph.limit(limits);
        graph
    }

    /// Makes room for what an input of so many bytes may hold, so that nothing has to move when more of it comes. Room that is not
    /// used is never touched; where there is none, it is found as the input is read.
    pub fn expect(&mut self, bytes: u64) {
        let room = bytes.min(MOST_EXPECTED).min(self.max_memory / 8) as usize;
        // An item takes an opcode, its argument and mostly a memo slot.
        let _ = self.items.try_reserve_exact(room / 3);
        let _ = self.text.try_reserve_exact(room);
    }

    /// Starts the budget anew.
    fn limit(&mut self, limits: &Limits) {
        self.budget = Budget::new(limits.max_memory);
        self.max_memory = limits.max_memory;
        self.max_depth = limits.max_depth.min(u32::from(u16::MAX) - 1);
        self.max_nodes = limits.max_nodes.min(u64::from(u32::MAX) - 1);
        self.max_digits = limits.max_digits;
    }

    /// Sets the memory budget an input starts with.
    pub fn set_memory(&mut self, allowed: u64) {
        self.budget = Budget::new(allowed);
    }

    /// Lets the memory budget grow to `allowed` bytes (more of the input has been read).
    pub fn allow_memory(&mut self, allowed: u64) {
        self.budget.allow(allowed);
    }

    /// Pays for memory outside the graph that the input made necessary.
    #[inline]
    pub fn charge(&mut self, bytes: u64) -> LimitExceededResult<()> {
        self.budget.charge(bytes)
    }

    // ---- objects

    /// A new object without items.
    #[inline]
    pub fn alloc(&mut self, kind: Kind) -> LimitExceededResult<NodeId> {
        self.budget.charge(size_of::<Object>() as u64)?;
        let id = self.objects.len();
        if id as u64 >= self.max_nodes {
            return Err(Limit::Nodes.over(id as u64 + 1, self.max_nodes));
        }
        let start = self.items.len() as u32;
        let flags = flag::STR_KEYS;
        self.objects.push(Object { kind, flags, depth: 1, start, len: 0, next: NONE, tail: NONE, extra: NONE });
        Ok(NodeId(id as u32))
    }

    /// A new object that holds `items`.
    #[inline]
    pub fn object(&mut self, kind: Kind, items: &[Value]) -> LimitExceededResult<NodeId> {
        let id = self.alloc(kind)?;
        self.append(id, items)?;
        Ok(id)
    }

    #[inline]
    pub fn get(&self, id: NodeId) -> &Object {
        &self.objects[id.0 as usize]
    }

    #[inline]
    pub fn kind(&self, id: NodeId) -> Kind {
        self.objects[id.0 as usize].kind
    }

    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Turns a `Pending` object into what it was waiting to be; its items are replaced.
    pub fn become_kind(&mut self, id: NodeId, kind: Kind, items: &[Value]) -> LimitExceededResult<()> {
        let start = self.items.len() as u32;
        let object = &mut self.objects[id.0 as usize];
        object.kind = kind;
        (object.start, object.len, object.next, object.tail) = (start, 0, NONE, NONE);
        self.append(id, items)
    }

    /// A new object with the same kind and items, which what the stream does to the first afterwards does not reach. Items in
    /// one piece are not copied: nothing changes them where they lie.
    pub fn snapshot(&mut self, id: NodeId) -> LimitExceededResult<NodeId> {
        let Object { kind, flags, depth, start, len, next, .. } = *self.get(id);
        let copy = self.alloc(kind)?;
        if next == NONE {
            let object = &mut self.objects[copy.0 as usize];
            (object.depth, object.start, object.len) = (depth, start, len);
        } else {
            let items: Vec<Value> = self.items(id).collect();
            self.append(copy, &items)?;
        }
        let keys = flags & (flag::STR_KEYS | flag::UNSEALED);
        self.set_flags(copy, keys & flag::STR_KEYS, !keys & flag::STR_KEYS);
        if keys & flag::UNSEALED != 0 {
            self.remember_unsealed(copy)?;
        }
        Ok(copy)
    }

    /// Says that an object may stand in more than one place.
    #[inline]
    pub fn mark_shared(&mut self, id: NodeId) {
        self.objects[id.0 as usize].flags |= flag::SHARED;
        self.shared = self.shared.max(id.0 + 1);
    }

    /// Whether any object may stand in more than one place; if not, the graph is a tree.
    pub fn has_shared(&self) -> bool {
        self.shared > 0
    }

    /// Whether an object from `first` on may stand in more than one place.
    pub fn has_shared_from(&self, first: usize) -> bool {
        self.shared as usize > first
    }

    /// How many items and values beside items there are in all.
    pub fn values_in_all(&self) -> usize {
        self.items.len() + self.extras.len()
    }

    /// Adds items at the end of an object.
    #[inline]
    pub fn append(&mut self, id: NodeId, new: &[Value]) -> LimitExceededResult<()> {
        if new.is_empty() {
            return Ok(());
        }
        self.room(new.len())?;
        let below = new.iter().fold(0, |below, value| below.max(self.depth_of(value)));
        let start = self.items.len() as u32;
        self.items.extend_from_slice(new);
        self.grow(id, start, new.len() as u32, below)
    }

    /// Levels of nesting of a value that is about to become an item.
    #[inline(always)]
    fn depth_of(&mut self, value: &Value) -> u16 {
        // A zone nests too: it may be a record.
        let object = match *value {
            Value::Object(id) => Some(id),
            Value::Time { tz, .. } | Value::DateTime { tz, .. } => tz.id(),
            Value::Global(_) => {
                self.holds_names = true;
                None
            }
            _ => None,
        };
        object.map_or(0, |id| self.objects[id.0 as usize].depth)
    }

    /// Whether a class or function may stand somewhere as a value, the `roots` included.
    pub fn may_hold_names(&self, roots: &[Value]) -> bool {
        // What a zone holds is not looked at.
        self.holds_names || !self.zones.is_empty() || roots.iter().any(|root| matches!(root, Value::Global(_)))
    }

    #[inline]
    fn room(&mut self, len: usize) -> LimitExceededResult<()> {
        self.budget.charge(len as u64 * size_of::<Value>() as u64)?;
        let needed = self.items.len() as u64 + len as u64;
        if needed > self.max_nodes { Err(Limit::Nodes.over(needed, self.max_nodes)) } else { Ok(()) }
    }

    #[inline(always)]
    fn grow(&mut self, id: NodeId, start: u32, len: u32, below: u16) -> LimitExceededResult<()> {
        let object = &mut self.objects[id.0 as usize];
        if below >= object.depth {
            object.depth = below + 1;
            if u32::from(object.depth) > self.max_depth {
                return Err(Limit::Depth.over(u64::from(object.depth), u64::from(self.max_depth)));
            }
        }
        if object.len == 0 {
            (object.start, object.len) = (start, len);
            return Ok(());
        }
        if object.tail == NONE {
            if object.start + object.len == start {
                object.len += len;
                return Ok(());
            }
        } else {
            let tail = &mut self.segments[object.tail as usize];
            if tail.start + tail.len == start {
                tail.len += len;
                return Ok(());
            }
        }
        self.budget.charge(size_of::<Segment>() as u64)?;
        let segment = self.segments.len() as u32;
        self.segments.push(Segment { start, len, next: NONE });
        let object = &mut self.objects[id.0 as usize];
        if object.tail == NONE {
            object.next = segment;
        } else {
            self.segments[object.tail as usize].next = segment;
        }
        object.tail = segment;
        Ok(())
    }

    /// Forgets an object's items (they stay in the arena).
    pub fn clear(&mut self, id: NodeId) {
        let object = &mut self.objects[id.0 as usize];
        (object.len, object.next, object.tail) = (0, NONE, NONE);
    }

    /// Forgets the first `n` items of an object.
    pub fn pass(&mut self, id: NodeId, n: usize) {
        let object = &mut self.objects[id.0 as usize];
        let mut left = n;
        while left >= object.len as usize && object.next != NONE {
            left -= object.len as usize;
            let segment = self.segments[object.next as usize];
            if object.tail == object.next {
                object.tail = NONE;
            }
            (object.start, object.len, object.next) = (segment.start, segment.len, segment.next);
        }
        let passed = left.min(object.len as usize) as u32;
        object.start += passed;
        object.len -= passed;
    }

    /// The value kept beside the items.
    pub fn extra(&self, id: NodeId) -> Option<Value> {
        match self.get(id).extra {
            NONE => None,
            at => Some(self.extras[at as usize]),
        }
    }

    pub fn set_extra(&mut self, id: NodeId, value: Value) -> LimitExceededResult<()> {
        self.holds_names |= matches!(value, Value::Global(_));
        let below = if let Value::Object(child) = value { self.get(child).depth } else { 0 };
        let object = &mut self.objects[id.0 as usize];
        object.depth = object.depth.max(below.saturating_add(1));
        if u32::from(object.depth) > self.max_depth {
            return Err(Limit::Depth.over(u64::from(object.depth), u64::from(self.max_depth)));
        }
        if object.extra != NONE {
            self.extras[object.extra as usize] = value;
            return Ok(());
        }
        self.budget.charge(size_of::<Value>() as u64)?;
        self.objects[id.0 as usize].extra = self.extras.len() as u32;
        self.extras.push(value);
        Ok(())
    }

    // ---- keys

    /// Adds pairs (keys and values in turn) to a dict of any kind.
    ///
    /// # Errors
    /// See [`crate::model::key::KeyError`].
    pub fn extend_dict(&mut self, id: NodeId, pairs: &[Value]) -> Result<(), crate::model::key::KeyError> {
        crate::model::key::extend(self, id, pairs, 2)
    }

    /// Adds one pair whose key is text, as [`Graph::extend_dict`].
    #[inline]
    pub fn extend_by_text(&mut self, id: NodeId, pair: &[Value; 2]) -> LimitExceededResult<()> {
        // A single key repeats nothing of its own.
        let is_first = self.walk(id).is_empty();
        self.room(pair.len())?;
        let [_, value] = pair;
        let below = self.depth_of(value);
        let start = self.items.len() as u32;
        self.items.extend_from_slice(pair);
        self.grow(id, start, pair.len() as u32, below)?;
        if is_first { Ok(()) } else { self.remember_unsealed(id) }
    }

    /// Adds members to a set or frozenset.
    ///
    /// # Errors
    /// See [`crate::model::key::KeyError`].
    pub fn extend_set(&mut self, id: NodeId, members: &[Value]) -> Result<(), crate::model::key::KeyError> {
        crate::model::key::extend(self, id, members, 1)
    }

    /// Adds keys that cannot be compared yet (or pairs, with their values); [`Graph::seal`] makes them unique.
    #[cfg(feature = "json")]
    pub fn extend_later(&mut self, id: NodeId, new: &[Value]) -> LimitExceededResult<()> {
        self.set_flags(id, 0, flag::STR_KEYS);
        self.append(id, new)?;
        self.remember_unsealed(id)
    }

    pub fn set_flags(&mut self, id: NodeId, set: u8, cleared: u8) {
        let object = &mut self.objects[id.0 as usize];
        object.flags = (object.flags | set) & !cleared;
    }

    pub(super) fn remember_unsealed(&mut self, id: NodeId) -> LimitExceededResult<()> {
        if self.get(id).flags & flag::UNSEALED == 0 {
            self.budget.charge(size_of::<NodeId>() as u64)?;
            self.set_flags(id, flag::UNSEALED, 0);
            self.unsealed.push(id);
        }
        Ok(())
    }

    /// Says that the keys of an object differ, in however many batches they came.
    pub fn forget_unsealed(&mut self, id: NodeId) {
        if self.get(id).flags & flag::UNSEALED != 0 {
            self.set_flags(id, 0, flag::UNSEALED);
            self.unsealed.retain(|other| *other != id);
        }
    }

    /// Makes keys unique in every dict and set that was filled in more than one batch: first place, last value.
    ///
    /// # Errors
    /// See [`crate::model::key::KeyError`].
    pub fn seal(&mut self) -> Result<(), crate::model::key::KeyError> {
        while let Some(id) = self.unsealed.pop() {
            self.set_flags(id, 0, flag::UNSEALED);
            crate::model::key::unique(self, id)?;
        }
        Ok(())
    }

    /// Replaces an object's items by fewer of them.
    pub(super) fn replace_items(&mut self, id: NodeId, items: &[Value]) -> LimitExceededResult<()> {
        self.room(items.len())?;
        let start = self.items.len() as u32;
        self.items.extend_from_slice(items);
        let object = &mut self.objects[id.0 as usize];
        (object.start, object.len, object.next, object.tail) = (start, items.len() as u32, NONE, NONE);
        Ok(())
    }

    /// The items of an object that has only one segment.
    pub(super) fn slice(&self, start: u32, len: u32) -> &[Value] {
        self.items.get(start as usize..start as usize + len as usize).unwrap_or(&[])
    }

    /// Where the next appended item will lie.
    pub(super) fn next_slot(&self) -> u32 {
        self.items.len() as u32
    }

    // ---- names

    /// Adds a name; returns its index.
    pub fn add_global(&mut self, name: GlobalName) -> LimitExceededResult<u32> {
        self.budget.charge((name.module.len() + name.name.len() + size_of::<GlobalEntry>()) as u64)?;
        self.globals.push(GlobalEntry { name });
        Ok(self.globals.len() as u32 - 1)
    }

    pub fn global(&self, index: u32) -> &GlobalName {
        &self.globals[index as usize].name
    }
}
