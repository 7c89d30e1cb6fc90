//! Using the arena again: what a batch left behind is dropped, but for what is still referred to.
//!
//! What lies before a [`Checkpoint`] is the old generation: it stays where it is. What is kept from a batch moves to its end.

use std::collections::HashMap;

use super::payloads::is_outside;
use super::{GlobalEntry, Graph, NONE, Object, Segment};
use crate::limits::{LimitExceededResult, Limits};
use crate::model::temporal::Zone;
use crate::model::value::{NodeId, Tz, Value};

/// The end of the old generation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checkpoint {
    objects: usize,
    items: usize,
    segments: usize,
    extras: usize,
    text: usize,
    bytes: usize,
    long: usize,
    payloads: usize,
    zones: usize,
    spent: u64,
}

impl Checkpoint {
    /// Whether an object is of the old generation.
    pub fn keeps(self, id: NodeId) -> bool {
        (id.0 as usize) < self.objects
    }

    /// The first number of an object that does not stay.
    pub fn end(self) -> NodeId {
        NodeId(self.objects as u32)
    }
}

/// Where objects have moved.
pub(crate) type Moved = HashMap<NodeId, NodeId, foldhash::fast::RandomState>;

/// What is kept, on its way behind the checkpoint.
#[derive(Default)]
struct Nursery {
    objects: Vec<Object>,
    items: Vec<Value>,
    extras: Vec<Value>,
    text: String,
    bytes: Vec<u8>,
    long: Vec<(u64, u64)>,
    payloads: Vec<super::payloads::Part>,
    zones: Vec<crate::model::temporal::Zone>,
    moved: Moved,
    /// Objects whose items and extras still point to where they were.
    todo: Vec<NodeId>,
}

impl Graph {
    /// The graph without anything in it, for another input under the same kind of limits; `None` where one of its stores has
    /// grown beyond `most` bytes.
    pub fn emptied(mut self, limits: &Limits, most: usize) -> Option<Self> {
        let stores = [
            self.objects.capacity() * size_of::<Object>(),
            self.items.capacity() * size_of::<Value>(),
            self.segments.capacity() * size_of::<Segment>(),
            self.extras.capacity() * size_of::<Value>(),
            self.text.capacity(),
            self.bytes.capacity(),
            self.long.capacity() * size_of::<(u64, u64)>(),
            self.globals.capacity() * size_of::<GlobalEntry>(),
            self.zones.capacity() * size_of::<Zone>(),
            self.unsealed.capacity() * size_of::<NodeId>(),
        ];
        if stores.iter().any(|bytes| *bytes > most) {
            return None;
        }
        self.objects.clear();
        self.items.clear();
        self.segments.clear();
        self.extras.clear();
        self.text.clear();
        self.staged.clear();
        self.bytes.clear();
        self.long.clear();
        self.payloads.forget();
        self.globals.clear();
        self.zones.clear();
        self.unsealed.clear();
        self.keys.forget();
        (self.nans, self.shared, self.pending, self.holds_names) = (0, 0, 0, false);
        self.limit(limits);
        Some(self)
    }

    /// The end of what there is now.
    pub fn checkpoint(&self) -> Checkpoint {
        debug_assert_eq!(self.staged.len(), 0);
        Checkpoint {
            objects: self.objects.len(),
            items: self.items.len(),
            segments: self.segments.len(),
            extras: self.extras.len(),
            text: self.text.len(),
            bytes: self.bytes.len(),
            long: self.long.len(),
            payloads: self.payloads.count(),
            zones: self.zones.len(),
            spent: self.budget.spent(),
        }
    }

    /// Drops everything after a checkpoint.
    pub fn drop_after(&mut self, at: Checkpoint) {
        self.objects.truncate(at.objects);
        self.items.truncate(at.items);
        self.segments.truncate(at.segments);
        self.extras.truncate(at.extras);
        self.staged.clear();
        self.text.truncate(at.text);
        self.bytes.truncate(at.bytes);
        self.long.truncate(at.long);
        self.zones.truncate(at.zones);
        self.unsealed.clear();
        // Other keys will lie where those did that were found distinct.
        self.keys.forget();
        self.payloads.truncate(at.payloads);
        self.budget.reset(at.spent);
        self.shared = self.shared.min(self.objects.len() as u32);
    }

    /// Drops everything after a checkpoint but what `kept` refers to, which is told where it has moved. No object before the
    /// checkpoint refers to one after it, but for those of `kept`.
    ///
    /// # Errors
    /// The memory budget.
    pub fn collect<'v>(
        &mut self,
        at: Checkpoint,
        kept: impl Iterator<Item = &'v mut Value>,
    ) -> LimitExceededResult<(Checkpoint, Moved)> {
        self.settle_text();
        let mut nursery = Nursery::default();
        for value in kept {
            *value = self.move_value(at, *value, &mut nursery);
        }
        while let Some(id) = nursery.todo.pop() {
            self.move_object(at, id, &mut nursery);
        }
        let shared = self.shared;
        self.drop_after(at);
        let size = nursery.objects.len() * size_of::<Object>()
            + (nursery.items.len() + nursery.extras.len()) * size_of::<Value>()
            + nursery.text.len()
            + nursery.bytes.len()
            + nursery.payloads.len() * size_of::<super::payloads::Part>();
        self.budget.charge(size as u64)?;
        self.objects.append(&mut nursery.objects);
        self.shared = shared.min(self.objects.len() as u32);
        self.items.append(&mut nursery.items);
        self.extras.append(&mut nursery.extras);
        self.text.push_str(&nursery.text);
        self.bytes.append(&mut nursery.bytes);
        self.long.append(&mut nursery.long);
        self.payloads.append(&mut nursery.payloads);
        self.zones.append(&mut nursery.zones);
        Ok((self.checkpoint(), nursery.moved))
    }

    /// The value as it will be; its object is entered into the nursery and filled later.
    fn move_value(&self, at: Checkpoint, value: Value, nursery: &mut Nursery) -> Value {
        match value {
            Value::Str { len, at: place } => {
                let (len, at) = self.move_text(at, len, place, nursery);
                Value::Str { len, at }
            }
            Value::Decimal { len, at: place } => {
                let (len, at) = self.move_text(at, len, place, nursery);
                Value::Decimal { len, at }
            }
            Value::Ip { class, len, at: place } => {
                let (len, at) = self.move_text(at, len, place, nursery);
                Value::Ip { class, len, at }
            }
            Value::Big { len, at: place } => {
                let (len, at) = self.move_bytes(at, len, place, nursery);
                Value::Big { len, at }
            }
            Value::Wtf8 { len, at: place } => {
                let (len, at) = self.move_bytes(at, len, place, nursery);
                Value::Wtf8 { len, at }
            }
            Value::Py2Str { len, at: place } => {
                let (len, at) = self.move_bytes(at, len, place, nursery);
                Value::Py2Str { len, at }
            }
            Value::Bytes { len, at: place } => {
                let (len, at) = self.move_bytes(at, len, place, nursery);
                Value::Bytes { len, at }
            }
            Value::ByteArray { len, at: place } => {
                let (len, at) = self.move_bytes(at, len, place, nursery);
                Value::ByteArray { len, at }
            }
            Value::Path { class, len, at: place } => {
                let (len, at) = self.move_bytes(at, len, place, nursery);
                Value::Path { class, len, at }
            }
            Value::Time { tz, packed } => Value::Time { tz: self.move_tz(at, tz, nursery), packed },
            Value::DateTime { tz, packed } => Value::DateTime { tz: self.move_tz(at, tz, nursery), packed },
            Value::Object(id) => Value::Object(self.enter(at, id, nursery)),
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float { .. }
            | Value::Date(_)
            | Value::TimeDelta { .. }
            | Value::Singleton(_)
            | Value::Global(_)
            | Value::Unknown => value,
        }
    }

    fn move_tz(&self, at: Checkpoint, tz: Tz, nursery: &mut Nursery) -> Tz {
        tz.id().map_or(Tz::NAIVE, |id| Tz::object(self.enter(at, id, nursery)))
    }

    /// The id that an object will have.
    fn enter(&self, at: Checkpoint, id: NodeId, nursery: &mut Nursery) -> NodeId {
        if at.keeps(id) {
            return id;
        }
        if let Some(known) = nursery.moved.get(&id) {
            return *known;
        }
        let new = NodeId((at.objects + nursery.objects.len()) as u32);
        nursery.objects.push(*self.get(id));
        nursery.moved.insert(id, new);
        nursery.todo.push(id);
        new
    }

    /// Moves what an object holds.
    fn move_object(&self, at: Checkpoint, id: NodeId, nursery: &mut Nursery) {
        let start = at.items + nursery.items.len();
        for item in self.items(id) {
            let item = self.move_value(at, item, nursery);
            nursery.items.push(item);
        }
        let len = at.items + nursery.items.len() - start;
        let extra = match (self.zone_of(id), self.extra(id)) {
            (Some(zone), _) => {
                let moved = zone.map(|value| self.move_value(at, value, nursery));
                nursery.zones.push(moved);
                Some(Value::Int((at.zones + nursery.zones.len()) as i64 - 1))
            }
            (None, extra) => extra.map(|value| self.move_value(at, value, nursery)),
        };
        let extra = match extra {
            Some(value) => {
                nursery.extras.push(value);
                (at.extras + nursery.extras.len() - 1) as u32
            }
            None => NONE,
        };
        let Some(new) = nursery.moved.get(&id) else { return };
        if let Some(object) = nursery.objects.get_mut(new.0 as usize - at.objects) {
            (object.start, object.len, object.next, object.tail) = (start as u32, len as u32, NONE, NONE);
            object.extra = extra;
        }
    }

    fn move_text(&self, at: Checkpoint, len: u32, place: u64, nursery: &mut Nursery) -> (u32, u64) {
        if self.is_old(len, place, at.text, at) {
            return (len, place);
        }
        let text = self.text(len, place);
        let start = at.text + nursery.text.len();
        nursery.text.push_str(text);
        span(at, &mut nursery.long, start, text.len())
    }

    fn move_bytes(&self, at: Checkpoint, len: u32, place: u64, nursery: &mut Nursery) -> (u32, u64) {
        if is_outside(len, place) {
            return self.payloads.move_to(len, place, at.payloads, &mut nursery.payloads);
        }
        if self.is_old(len, place, at.bytes, at) {
            return (len, place);
        }
        let bytes = self.bytes(len, place);
        let start = at.bytes + nursery.bytes.len();
        nursery.bytes.extend_from_slice(bytes);
        span(at, &mut nursery.long, start, bytes.len())
    }

    fn is_old(&self, len: u32, place: u64, end: usize, at: Checkpoint) -> bool {
        if len == u32::MAX { (place as usize) < at.long } else { (place as usize) < end }
    }
}

fn span(at: Checkpoint, long: &mut Vec<(u64, u64)>, start: usize, len: usize) -> (u32, u64) {
    match u32::try_from(len) {
        Ok(short) if short != u32::MAX => (short, start as u64),
        Ok(_) | Err(_) => {
            long.push((start as u64, len as u64));
            (u32::MAX, (at.long + long.len()) as u64 - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::model::graph::{Kind, flag};

    #[test]
    fn what_is_kept_moves_and_the_rest_goes() {
        let mut graph = Graph::new(&Limits::default());
        let old = graph.str("old").expect("room");
        let root = graph.object(Kind::List, &[old]).expect("room");
        let at = graph.checkpoint();
        graph.str("dropped").expect("room");
        let text = graph.str("kept").expect("room");
        let inner = graph.object(Kind::Tuple, &[text, old]).expect("room");
        let outer = graph.object(Kind::List, &[Value::Object(inner), Value::Object(root)]).expect("room");
        // A cycle, and a second segment.
        graph.append(outer, &[Value::Object(outer), Value::Object(inner)]).expect("room");
        graph.mark_shared(inner);
        let mut kept = [Value::Object(outer), text];
        let (next, moved) = graph.collect(at, kept.iter_mut()).expect("room");
        assert!(next.keeps(NodeId(2)) && !next.keeps(NodeId(3)));
        assert_eq!(moved.len(), 2);
        let [Value::Object(outer), Value::Str { len, at }] = kept else { panic!("{kept:?}") };
        assert_eq!(graph.text(len, at), "kept");
        let items: Vec<Value> = graph.items(outer).collect();
        let [Value::Object(a), Value::Object(r), Value::Object(c), Value::Object(b)] = items.as_slice() else {
            panic!("{items:?}")
        };
        assert!(*r == root && *c == outer && a == b);
        assert!(graph.get(*a).flags & flag::SHARED != 0);
        let [Value::Str { len, at }, Value::Str { len: l, at: p }] = graph.first::<2>(*a) else { panic!("text") };
        assert_eq!((graph.text(len, at), graph.text(l, p)), ("kept", "old"));
        assert_eq!(graph.len(), 3);
    }
}
