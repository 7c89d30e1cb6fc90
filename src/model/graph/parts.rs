//! Items of an object as a slice, and objects that are a part of another.

use super::{Graph, NONE, Object};
use crate::limits::LimitExceededResult;
use crate::model::value::{NodeId, Value};

impl Graph {
    /// A new object of the kind with `len` items of another from one on, which are not copied where they lie in one segment.
    pub fn part(&mut self, id: NodeId, from: usize, len: usize) -> LimitExceededResult<NodeId> {
        let Object { kind, depth, start, len: whole, next, .. } = *self.get(id);
        let copy = self.alloc(kind)?;
        match (u32::try_from(from), u32::try_from(len)) {
            (Ok(from), Ok(len)) if next == NONE && from.checked_add(len).is_some_and(|end| end <= whole) => {
                let object = &mut self.objects[copy.0 as usize];
                (object.depth, object.start, object.len) = (depth, start + from, len);
            }
            _ => {
                let items: Vec<Value> = self.items(id).skip(from).take(len).collect();
                self.append(copy, &items)?;
            }
        }
        Ok(copy)
    }

    /// All items in one slice; copied where they lie in more than one segment.
    pub fn all_items(&self, id: NodeId) -> std::borrow::Cow<'_, [Value]> {
        let object = self.get(id);
        if object.next == NONE {
            return self.slice(object.start, object.len).into();
        }
        self.items(id).collect::<Vec<_>>().into()
    }
}
