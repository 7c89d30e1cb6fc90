//! Reading objects: cursors over their items.

use super::{Graph, NONE};
use crate::model::value::{NodeId, Value};

impl Graph {
    /// A cursor over an object's items.
    #[inline]
    pub fn walk(&self, id: NodeId) -> Walk {
        let object = self.get(id);
        Walk { at: object.start, end: object.start + object.len, next: object.next }
    }

    /// The next item.
    #[inline]
    pub fn next_item(&self, walk: &mut Walk) -> Option<Value> {
        self.next_ref(walk).copied()
    }

    /// The next item, where it lies: a copy of it is one of 16 bytes.
    #[inline]
    pub fn next_ref(&self, walk: &mut Walk) -> Option<&Value> {
        if walk.at == walk.end {
            self.next_segment(walk)?;
        }
        let value = self.items.get(walk.at as usize);
        walk.at += 1;
        value
    }

    /// The next two items, a key and its value: they are added together.
    #[inline]
    pub fn next_two(&self, walk: &mut Walk) -> Option<[&Value; 2]> {
        if walk.at == walk.end {
            self.next_segment(walk)?;
        }
        let [key, value] = self.items.get(walk.at as usize..)?.first_chunk::<2>()?;
        walk.at += 2;
        Some([key, value])
    }

    #[cold]
    fn next_segment(&self, walk: &mut Walk) -> Option<()> {
        if walk.next == NONE {
            return None;
        }
        let segment = self.segments.get(walk.next as usize)?;
        *walk = Walk { at: segment.start, end: segment.start + segment.len, next: segment.next };
        Some(())
    }

    /// An object's items, in order.
    #[inline]
    pub fn items(&self, id: NodeId) -> Items<'_> {
        Items { graph: self, walk: self.walk(id) }
    }

    /// How many items an object has (a dict: keys and values together).
    #[inline]
    pub fn count(&self, id: NodeId) -> usize {
        let object = self.get(id);
        let (mut count, mut next) = (object.len as usize, object.next);
        while next != NONE {
            let segment = self.segments[next as usize];
            count += segment.len as usize;
            next = segment.next;
        }
        count
    }

    /// The `n`th item.
    pub fn item(&self, id: NodeId, n: usize) -> Option<Value> {
        self.items(id).nth(n)
    }

    /// The first `N` items; missing ones are None.
    pub fn first<const N: usize>(&self, id: NodeId) -> [Value; N] {
        let mut out = [Value::None; N];
        for (slot, value) in out.iter_mut().zip(self.items(id)) {
            *slot = value;
        }
        out
    }
}

/// A cursor over an object's items; it borrows nothing, so the graph may grow meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    at: u32,
    end: u32,
    next: u32,
}

impl Walk {
    /// Whether nothing is left in sight; a further segment is never empty.
    pub fn is_empty(&self) -> bool {
        self.at == self.end && self.next == NONE
    }
}

/// The items of one object.
pub(crate) struct Items<'g> {
    graph: &'g Graph,
    walk: Walk,
}

impl Iterator for Items<'_> {
    type Item = Value;

    #[inline]
    fn next(&mut self) -> Option<Value> {
        self.graph.next_item(&mut self.walk)
    }
}
