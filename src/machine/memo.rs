//! The memo: values by index, dense where picklers write it, sparse where a stream jumps.

use std::collections::HashMap;

use crate::model::value::Value;

/// How far beyond the entries that exist an index may lie and still be kept in the vector.
const GAP: u64 = 1 << 16;

#[derive(Debug, Default)]
pub(super) struct Memo {
    dense: Vec<Option<Value>>,
    sparse: HashMap<u64, Value>,
    count: u64,
}

/// The slot was taken.
pub(super) struct Taken;

impl Memo {
    /// How many slots are taken: the index that MEMOIZE uses next.
    #[inline]
    pub fn count(&self) -> u64 {
        self.count
    }

    #[inline]
    pub fn get(&self, index: u64) -> Option<Value> {
        match usize::try_from(index).ok().and_then(|i| self.dense.get(i)) {
            Some(slot) => *slot,
            None => self.sparse.get(&index).copied(),
        }
    }

    /// Stores a value; the vector grows by at most a constant gap, so an index costs no memory by itself.
    #[inline]
    pub fn put(&mut self, index: u64, value: Value) -> Result<(), Taken> {
        if index == self.dense.len() as u64 && self.sparse.is_empty() {
            self.dense.push(Some(value));
            self.count += 1;
            return Ok(());
        }
        self.put_elsewhere(index, value)
    }

    #[cold]
    fn put_elsewhere(&mut self, index: u64, value: Value) -> Result<(), Taken> {
        if self.get(index).is_some() {
            return Err(Taken);
        }
        if index < self.count.saturating_mul(2) + GAP && self.sparse.is_empty() {
            let needed = index as usize + 1;
            if self.dense.len() < needed {
                self.dense.resize(needed, None);
            }
            if let Some(slot) = self.dense.get_mut(index as usize) {
                *slot = Some(value);
            }
        } else if let Some(slot) = usize::try_from(index).ok().and_then(|i| self.dense.get_mut(i)) {
            *slot = Some(value);
        } else {
            self.sparse.insert(index, value);
        }
        self.count += 1;
        Ok(())
    }

    /// Stores a value in a slot that is taken.
    pub fn replace(&mut self, index: u64, value: Value) {
        match usize::try_from(index).ok().and_then(|i| self.dense.get_mut(i)) {
            Some(slot) => *slot = Some(value),
            None => {
                self.sparse.insert(index, value);
            }
        }
    }

    /// Forgets everything; the memory is kept for the next pickle.
    pub fn clear(&mut self) {
        self.dense.clear();
        self.sparse.clear();
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_index_costs_one_entry() {
        let mut memo = Memo::default();
        assert!(memo.put(u64::from(u32::MAX), Value::Int(1)).is_ok());
        assert!(memo.put(0, Value::Int(2)).is_ok());
        assert!(memo.dense.capacity() < 16);
        assert!(matches!(memo.get(u64::from(u32::MAX)), Some(Value::Int(1))));
        assert!(memo.put(0, Value::Int(3)).is_err());
        assert_eq!(memo.count(), 2);
    }
}
