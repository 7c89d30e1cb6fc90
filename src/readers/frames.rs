//! What is open while a document is read: a frame per container, its place in the JSON and in the pool of values.

use std::io::Read;

use super::tagged_json::{Parser, over};
use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::model::graph::Kind;
use crate::model::layout::Layout;
use crate::model::record::then;
use crate::model::value::{NodeId, Value};
use crate::writers::path;

/// What ends after the items of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// The array or plain object alone.
    Plain,
    /// The array, and the object with the tag.
    Tag,
    /// The array, the object of fields and the object with the tag.
    Fields,
    /// The array; a field `state` follows, then both objects end.
    State,
}

/// Which part of a record is being read; the parts before it are in the pool.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Args,
    Kwargs,
    Then,
}

/// What is open, and what it waits for.
#[derive(Clone, Copy)]
pub(super) enum What {
    Root,
    Roots,
    /// Items of a list, tuple, set, frozenset, deque or slice.
    Seq(NodeId, Close),
    /// Members of a plain object.
    Map(NodeId),
    /// Pairs of a dict of any kind.
    Pairs(NodeId, Close),
    /// A key and a value, which stay in the pool.
    Pair,
    /// The state of an OrderedDict.
    State(NodeId),
    /// The object that is defined.
    Def,
    /// The zone of a time (packed) or datetime.
    Zoned {
        packed: u64,
        dated: bool,
    },
    LocalZone,
    FileZone {
        name: Value,
    },
    Record(NodeId, Part),
    /// Fields of an object, and whether it stands under a tag.
    Struct(NodeId, Layout, bool),
    /// One thing that was done to a record, and the list of what it was done with.
    Then(i64, Option<NodeId>),
}

#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub what: What,
    /// Where its values begin in the pool.
    pub start: usize,
    /// Values begun so far.
    pub seen: u64,
    /// From this frame on, all are of kinds that cannot change once they exist: nothing among them holds itself.
    pub floor: usize,
}

impl What {
    pub fn fills(self, other: NodeId) -> bool {
        match self {
            What::Seq(id, _)
            | What::Map(id)
            | What::Pairs(id, _)
            | What::State(id)
            | What::Record(id, _)
            | What::Struct(id, ..) => id == other,
            _ => false,
        }
    }
}

impl<R: Read> Parser<R> {
    pub(super) fn enter(&mut self, what: What) -> Result<(), Error> {
        let index = self.frames.len();
        if index >= self.max_frames {
            let needed = index as u64 + 1;
            return Err(Limit::Depth.exceeded(needed, self.max_frames as u64, Location::default()));
        }
        if index == self.frames.capacity() {
            self.graph.charge((index * size_of::<Frame>()) as u64).map_err(over)?;
        }
        let fixed = match what {
            What::Def | What::Zoned { .. } | What::LocalZone | What::FileZone { .. } => true,
            What::Seq(id, _) => matches!(self.graph.kind(id), Kind::Tuple | Kind::FrozenSet | Kind::Slice),
            _ => false,
        };
        let floor = if fixed { self.frames.last().map_or(0, |top| top.floor) } else { index + 1 };
        self.frames.push(Frame { what, start: self.pool.len(), seen: 0, floor });
        Ok(())
    }

    /// What the innermost frame goes on with.
    pub(super) fn turn(&mut self, what: What) {
        if let Some(top) = self.frames.last_mut() {
            (top.what, top.seen) = (what, 0);
        }
    }

    /// One more value of the innermost frame has begun.
    pub(super) fn seen(&mut self) {
        if let Some(top) = self.frames.last_mut() {
            top.seen += 1;
        }
    }

    pub(super) fn pop(&mut self) {
        self.frames.pop();
    }

    pub(super) fn push(&mut self, value: Value) -> Result<(), Error> {
        if self.pool.len() == self.pool.capacity() {
            self.graph.charge((self.pool.len() * size_of::<Value>()) as u64).map_err(over)?;
        }
        self.pool.push(value);
        Ok(())
    }

    /// Ends a frame whose values are in their object now.
    pub(super) fn leave(&mut self, id: NodeId, frame: Frame) -> Result<(), Error> {
        self.frames.pop();
        self.pool.truncate(frame.start);
        self.push(Value::Object(id))
    }

    /// The end of an object with a tag.
    pub(super) fn end_tag(&mut self) -> Result<(), Error> {
        if self.tokens.has_next()? {
            return self.tokens.bad("expected one key in an object whose key begins with `$`, found another");
        }
        self.tokens.end_object()
    }

    pub(super) fn close(&mut self, close: Close) -> Result<(), Error> {
        match close {
            Close::Plain | Close::State => Ok(()),
            Close::Tag => self.end_tag(),
            Close::Fields => {
                self.tokens.end_object()?;
                self.end_tag()
            }
        }
    }

    // ---- places

    /// Adds the place to an error.
    #[cold]
    pub fn place(&self, e: Error) -> Error {
        let mut at = e.location().clone();
        at.offset = at.offset.or_else(|| Some(self.tokens.at()));
        at.path = at.path.or_else(|| Some(self.path()));
        e.at(at)
    }

    fn path(&self) -> String {
        let mut out = "$".to_owned();
        for frame in &self.frames {
            if path::cut(&mut out) {
                break;
            }
            let Some(last) = frame.seen.checked_sub(1) else { continue };
            let key = |n: u64| usize::try_from(n).ok().and_then(|n| self.pool.get(frame.start.saturating_add(n)));
            match frame.what {
                What::Roots | What::Seq(..) => path::push_index(last, &mut out),
                What::Map(_) => {
                    if let Some(key) = key(last * 2) {
                        path::push_key(&self.graph, *key, &mut out);
                    }
                }
                What::Pair if last > 0 => {
                    if let Some(key) = key(0) {
                        path::push_key(&self.graph, *key, &mut out);
                    }
                }
                What::Record(_, Part::Args) => {
                    out.push_str(".args");
                    path::push_index(last, &mut out);
                }
                What::Record(_, Part::Then) => {
                    out.push_str(".then");
                    path::push_index(last, &mut out);
                }
                What::Record(_, Part::Kwargs) => out.push_str(".kwargs"),
                What::State(_) => out.push_str(".state"),
                What::Struct(_, layout, _) => {
                    let at = self.pool.len().saturating_sub(frame.start);
                    if let Some(field) = layout.fields().get(at.saturating_sub(1)) {
                        path::push_name(field.name, &mut out);
                    }
                }
                What::Then(what, list) => {
                    path::push_name(then::word(what), &mut out);
                    if list.is_some() && what != then::DICT_ITEMS {
                        path::push_index(last, &mut out);
                    }
                }
                What::Zoned { .. } => out.push_str(".tz"),
                What::Root | What::Pairs(..) | What::Pair | What::Def | What::LocalZone | What::FileZone { .. } => {}
            }
        }
        out
    }
}
