//! The stack and its marks (CPython's metastack, kept as heights of one vector).

use crate::limits::LimitExceededResult;
use crate::model::graph::Graph;
use crate::model::value::Value;

#[derive(Debug, Default)]
pub(super) struct Stack {
    /// Room that was paid for; values are up to `height`.
    values: Vec<Value>,
    height: usize,
    marks: Vec<u32>,
    /// Height of the topmost mark; nothing below it is reachable for opcodes that take single items.
    fence: usize,
    /// The height of a mark above which values stood that were handed over, plus 1; 0 where there is none.
    pinned: u32,
    /// Such a mark was taken for something else than to add what stands above it to what stands below.
    is_torn: bool,
}

impl Stack {
    #[inline]
    pub fn push(&mut self, value: Value, graph: &mut Graph) -> LimitExceededResult<()> {
        if !self.is_free() {
            let more = self.values.len().max(64);
            graph.charge((more * size_of::<Value>()) as u64)?;
            self.values.resize(self.values.len() + more, Value::None);
        }
        self.push_free(value);
        Ok(())
    }

    /// Whether there is room that was paid for.
    #[inline]
    pub fn is_free(&self) -> bool {
        self.height < self.values.len()
    }

    /// Pushes where there is room that was paid for; else it does nothing.
    #[inline]
    pub fn push_free(&mut self, value: Value) -> bool {
        self.copy_free(&value)
    }

    /// Pushes a copy, as [`Stack::push_free`]: whole, where a value taken apart would be copied field by field.
    #[inline]
    pub fn copy_free(&mut self, value: &Value) -> bool {
        match self.values.get_mut(self.height) {
            Some(slot) => {
                *slot = *value;
                self.height += 1;
                true
            }
            None => false,
        }
    }

    /// Where the next value goes, if there is room that was paid for; [`Stack::keep_slot`] says that it is there.
    #[inline]
    pub fn slot(&mut self) -> Option<&mut Value> {
        self.values.get_mut(self.height)
    }

    /// The slot was filled.
    #[inline]
    pub fn keep_slot(&mut self) {
        self.height += 1;
    }

    /// The top above the topmost mark.
    #[inline]
    pub fn top(&self) -> Option<&Value> {
        if self.height > self.fence { self.values.get(self.height - 1) } else { None }
    }

    /// Items above the topmost mark.
    #[inline]
    pub fn above(&self) -> usize {
        self.height - self.fence
    }

    /// Items below the topmost mark and above the mark before it.
    pub fn below(&self) -> usize {
        let before = self.marks.len().checked_sub(2).and_then(|i| self.marks.get(i)).map_or(0, |&h| h as usize);
        self.fence - before
    }

    pub fn has_mark(&self) -> bool {
        !self.marks.is_empty()
    }

    pub fn mark(&mut self, graph: &mut Graph) -> LimitExceededResult<()> {
        graph.charge(size_of::<u32>() as u64)?;
        self.fence = self.height;
        self.marks.push(self.fence as u32);
        Ok(())
    }

    /// Takes the topmost mark away; what stood above it stays.
    pub fn unmark(&mut self) -> usize {
        let height = self.marks.pop().unwrap_or(0);
        self.fence = self.marks.last().map_or(0, |&h| h as usize);
        self.is_torn |= height + 1 == self.pinned;
        height as usize
    }

    /// As [`Stack::unmark`], for what stood above the mark to be added to what stands below it.
    pub fn unmark_items(&mut self) -> usize {
        let pinned = std::mem::take(&mut self.pinned);
        let height = self.unmark();
        if height + 1 != pinned as usize {
            self.pinned = pinned;
        }
        height
    }

    /// Whether the only mark stands on the bottom value.
    pub fn is_filling_root(&self) -> bool {
        self.marks.as_slice() == [1]
    }

    /// What stands above the bottom value was handed over: it is there no more.
    pub fn hand_over(&mut self) {
        self.truncate(1);
        if self.is_filling_root() {
            self.pinned = 2;
        }
    }

    /// Whether values that were handed over are still to become items of the bottom value.
    pub fn is_pinned(&self) -> bool {
        self.pinned > 0
    }

    /// Whether values that were handed over would have become something else than items.
    pub fn is_torn(&self) -> bool {
        self.is_torn
    }

    #[inline]
    pub fn pop(&mut self) -> Option<Value> {
        let value = self.top().copied()?;
        self.height -= 1;
        Some(value)
    }

    /// The `n`th value from the top (0 is the top).
    #[inline]
    pub fn peek(&self, n: usize) -> Option<Value> {
        self.height.checked_sub(n + 1).and_then(|i| self.values.get(i)).copied()
    }

    #[inline]
    pub fn top_mut(&mut self) -> Option<&mut Value> {
        self.values.get_mut(self.height.checked_sub(1)?)
    }

    #[inline]
    pub fn from(&self, height: usize) -> &[Value] {
        self.values.get(height..self.height).unwrap_or(&[])
    }

    /// The values, to be changed where they lie.
    pub fn values_mut(&mut self) -> &mut [Value] {
        self.values.get_mut(..self.height).unwrap_or_default()
    }

    #[inline]
    pub fn truncate(&mut self, height: usize) {
        self.height = self.height.min(height);
    }

    #[inline]
    pub fn height(&self) -> usize {
        self.height
    }

    pub fn clear(&mut self) {
        self.height = 0;
        self.marks.clear();
        (self.fence, self.pinned, self.is_torn) = (0, 0, false);
    }

    /// Forgets everything, also what was paid for; the memory is kept, unless there is much of it.
    pub fn reset(&mut self, most: usize) {
        self.clear();
        self.values.clear();
        self.values.shrink_to(most / size_of::<Value>());
        self.marks.shrink_to(most / size_of::<u32>());
    }
}
