//! The memo: values by index, in pages where picklers write them, in a map where a stream jumps.

use std::collections::HashMap;
use std::ops::Range;

use crate::model::value::Value;

/// Slots of a page.
const PAGE: usize = 1 << 10;
/// How far beyond the entries that exist an index may lie and still be kept in a page.
const GAP: u64 = 1 << 16;

#[derive(Debug, Default)]
pub(super) struct Memo {
    pages: Vec<Option<Box<[Option<Value>; PAGE]>>>,
    /// Pages to be used again.
    spare: Vec<Box<[Option<Value>; PAGE]>>,
    sparse: HashMap<u64, Value>,
    /// The end of what was ever filled there.
    sparse_top: u64,
    count: u64,
    /// The end of what was ever filled in pages: what lies behind is empty.
    top: u64,
    /// Pages from here on have not been looked through.
    fresh: usize,
    /// Pages before it that hold something which may be forgotten, each with the last batch that needs any of it.
    live: Vec<(usize, u32)>,
    /// Entries that there may be.
    most: u64,
    /// The pages have more slots than that.
    is_narrow: bool,
    /// Slots before this one are not looked at again, and may have been forgotten: nothing may be put there.
    closed: u64,
    /// So many slots from `count` on lie in one page, and a value may be put in each; nothing was ever filled behind them.
    room: usize,
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
        match self.pages.get((index / PAGE as u64) as usize) {
            Some(Some(page)) => page[index as usize % PAGE],
            // Where there are pages behind it, a slot may still be elsewhere: no page is added once something is.
            Some(None) | None => self.sparse.get(&index).copied(),
        }
    }

    /// What lies in a page at `index`, where it lies.
    #[inline]
    pub fn value(&self, index: u64) -> Option<&Value> {
        let page = self.pages.get((index / PAGE as u64) as usize)?.as_ref()?;
        page.get(index as usize % PAGE)?.as_ref()
    }

    /// Sets how many entries there may be.
    pub fn allow(&mut self, most: u64) {
        self.most = most;
        self.clear();
    }

    /// Whether a value may be put at `index`.
    pub fn is_open(&self, index: u64) -> bool {
        index >= self.closed
    }

    /// Bytes that a value at `index` makes necessary: a page where there is none, and none to be used again.
    pub fn cost(&self, index: u64) -> u64 {
        match self.pages.get((index / PAGE as u64) as usize) {
            Some(Some(_)) => 0,
            _ if self.is_paged(index) && (!self.spare.is_empty() || self.is_idle()) => 0,
            _ if self.is_paged(index) => size_of::<[Option<Value>; PAGE]>() as u64,
            _ => size_of::<(u64, Value)>() as u64,
        }
    }

    /// Whether the page that was kept for this pickle holds nothing yet.
    fn is_idle(&self) -> bool {
        self.top == 0 && matches!(self.pages.as_slice(), [Some(_)])
    }

    /// Whether a value at `index` gets a page.
    fn is_paged(&self, index: u64) -> bool {
        index < self.count.saturating_mul(2) + GAP && self.sparse.is_empty()
    }

    /// Stores a value where MEMOIZE does, as [`Memo::put_plain`].
    #[inline(always)]
    pub fn put_next(&mut self, value: &Value) -> bool {
        if self.room == 0 {
            return self.put_there(self.count, value);
        }
        let Some(Some(page)) = self.pages.get_mut((self.count / PAGE as u64) as usize) else { return false };
        page[self.count as usize % PAGE] = Some(*value);
        self.room -= 1;
        self.count += 1;
        self.top = self.count;
        true
    }

    /// Stores a value where there is a page for it, its slot is empty, and all slots of pages may be taken; else it does nothing.
    #[inline(always)]
    pub fn put_plain(&mut self, index: u64, value: &Value) -> bool {
        if index == self.count { self.put_next(value) } else { self.put_there(index, value) }
    }

    fn put_there(&mut self, index: u64, value: &Value) -> bool {
        let Some(Some(page)) = self.pages.get_mut((index / PAGE as u64) as usize) else { return false };
        let slot = &mut page[index as usize % PAGE];
        if slot.is_some() || self.is_narrow || index < self.closed {
            return false;
        }
        *slot = Some(*value);
        self.count += 1;
        self.top = self.top.max(index + 1);
        // Those that follow in the page of this one.
        let is_last = index + 1 == self.count && self.top == self.count;
        self.room = if is_last { (PAGE - self.count as usize % PAGE) % PAGE } else { 0 };
        true
    }

    /// Stores a value; the pages reach at most a constant gap beyond what is there, so an index costs no memory by itself.
    #[inline]
    pub fn put(&mut self, index: u64, value: Value) -> Result<(), Taken> {
        self.room = 0;
        if let Some(Some(page)) = self.pages.get_mut((index / PAGE as u64) as usize) {
            let slot = &mut page[index as usize % PAGE];
            if slot.is_some() {
                return Err(Taken);
            }
            *slot = Some(value);
            self.count += 1;
            self.top = self.top.max(index + 1);
            return Ok(());
        }
        self.put_elsewhere(index, value)
    }

    /// Counts a slot that is never read and keeps nothing.
    #[inline]
    pub fn skip(&mut self) {
        self.room = self.room.saturating_sub(1);
        self.count += 1;
    }

    #[cold]
    fn put_elsewhere(&mut self, index: u64, value: Value) -> Result<(), Taken> {
        if self.sparse.contains_key(&index) {
            return Err(Taken);
        }
        if self.is_paged(index) {
            let at = (index / PAGE as u64) as usize;
            if self.is_idle() {
                self.spare.extend(self.pages.pop().flatten());
            }
            if self.pages.len() <= at {
                self.pages.resize_with(at + 1, || None);
                self.is_narrow = (self.pages.len() * PAGE) as u64 > self.most;
            }
            if at < self.fresh {
                self.live.push((at, u32::MAX));
            }
            let mut page = self.spare.pop().unwrap_or_else(|| Box::new([None; PAGE]));
            page[index as usize % PAGE] = Some(value);
            if let Some(slot) = self.pages.get_mut(at) {
                *slot = Some(page);
            }
            self.top = self.top.max(index + 1);
        } else {
            self.sparse.insert(index, value);
            self.sparse_top = self.sparse_top.max(index.saturating_add(1));
        }
        self.count += 1;
        Ok(())
    }

    /// Stores a value in a slot that is taken.
    pub fn replace(&mut self, index: u64, value: Value) {
        match self.pages.get_mut((index / PAGE as u64) as usize) {
            Some(Some(page)) => page[index as usize % PAGE] = Some(value),
            _ => {
                self.sparse.insert(index, value);
            }
        }
    }

    /// Forgets what no batch after `batch` needs; `last` tells which is the last one to need a slot. Returns the slots that were
    /// looked at and stay: those of before are forgotten page by page, once nothing in a page is needed, and closed.
    pub fn retain(&mut self, batch: u32, last: impl Fn(u64) -> Option<u32>) -> Vec<u64> {
        let (pages, spare) = (&mut self.pages, &mut self.spare);
        self.live.retain(|(n, until)| {
            let stays = *until > batch;
            if !stays && let Some(mut page) = pages.get_mut(*n).and_then(Option::take) {
                page.fill(None);
                spare.push(page);
            }
            stays
        });
        let kept = self.retain_in(|slot, _| last(slot).filter(|last| *last > batch));
        self.closed = (self.fresh * PAGE) as u64;
        kept
    }

    /// As [`Memo::retain`] for slots from about `from` on that are new: what stayed once stays for good, and is not looked at again,
    /// so that the work is that of what is new; slots before the last one are closed then. Where `some` says that none of a range stays, all of them are forgotten at once.
    pub fn retain_new(
        &mut self,
        from: u64,
        some: impl Fn(Range<u64>) -> bool,
        outlives: impl Fn(u64, &Value) -> bool,
    ) -> Vec<u64> {
        self.live.clear();
        self.fresh = self.fresh.max(usize::try_from(from / PAGE as u64).unwrap_or(usize::MAX));
        let pages = self.pages.iter_mut().enumerate().skip(self.fresh);
        for (n, page) in pages {
            let first = (n * PAGE) as u64;
            if !some(first..first + PAGE as u64)
                && let Some(mut page) = page.take()
            {
                let filled = self.top.saturating_sub(first).min(PAGE as u64) as usize;
                page.iter_mut().take(filled).for_each(|slot| *slot = None);
                self.spare.push(page);
            }
        }
        let kept = self.retain_in(|slot, value| outlives(slot, value).then_some(u32::MAX));
        self.closed = self.top.max(self.sparse_top);
        kept
    }

    /// Looks at what is new; `until` tells up to which batch a slot stays, if it does.
    fn retain_in(&mut self, until: impl Fn(u64, &Value) -> Option<u32>) -> Vec<u64> {
        // Pages may go.
        self.room = 0;
        let mut kept = Vec::new();
        // The page that is being filled is new until it is full.
        let full = usize::try_from(self.top / PAGE as u64).unwrap_or(usize::MAX).min(self.pages.len());
        for n in self.fresh..self.pages.len() {
            let Some(Some(page)) = self.pages.get_mut(n) else { continue };
            let mut latest = None;
            for (i, value) in page.iter_mut().enumerate() {
                let index = (n * PAGE + i) as u64;
                let Some(known) = value else { continue };
                let last = until(index, known);
                if last.is_some() {
                    kept.push(index)
                } else {
                    *value = None
                }
                latest = latest.max(last);
            }
            match latest {
                Some(last) if n < full => self.live.push((n, last)),
                Some(_) => {}
                None => self.spare.extend(self.pages.get_mut(n).and_then(Option::take)),
            }
        }
        self.fresh = full;
        self.sparse.retain(|index, value| {
            let stays = until(*index, value).is_some();
            if stays {
                kept.push(*index);
            }
            stays
        });
        kept
    }

    /// Forgets everything; the memory is kept for the next pickle.
    pub fn clear(&mut self) {
        for (n, slot) in self.pages.iter_mut().enumerate() {
            if let Some(page) = slot {
                let filled = self.top.saturating_sub((n * PAGE) as u64).min(PAGE as u64) as usize;
                page.iter_mut().take(filled).for_each(|slot| *slot = None);
            }
            // Small pickles need one page, which stays where it is.
            if n > 0 {
                self.spare.extend(slot.take());
            }
        }
        self.pages.truncate(1);
        if let [None] = self.pages.as_slice() {
            self.pages.clear();
        }
        self.sparse.clear();
        self.sparse_top = 0;
        self.live.clear();
        (self.count, self.top, self.fresh, self.closed) = (0, 0, 0, 0);
        self.is_narrow = (self.pages.len() * PAGE) as u64 > self.most;
        self.room = if self.is_narrow || !matches!(self.pages.as_slice(), [Some(_)]) { 0 } else { PAGE };
    }

    /// Forgets everything; the memory is kept, unless there is much of it.
    pub fn reset(&mut self, most: usize) {
        self.clear();
        self.spare.truncate(most / size_of::<[Option<Value>; PAGE]>());
        if self.sparse.capacity() > PAGE {
            self.sparse = HashMap::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_that_follow_each_other_are_what_any_slots_are() {
        // Each step: an index to be filled, or the next one.
        let orders: [&[Option<u64>]; 6] = [
            &[None; 3_000],
            &[Some(0), Some(1), None, None, Some(9), None, None, None, None, None, None, None],
            &[Some(3), None, None, None, None],
            &[Some(PAGE as u64 - 1), None, Some(0), None, Some(PAGE as u64), None, None],
            &[Some(0), Some(0), None, Some(1 << 40), None, Some(2), None],
            &[Some(5), Some(6), Some(4), Some(3), None, None, Some(2), None],
        ];
        for order in orders {
            let (mut memo, mut expected) = (Memo::default(), HashMap::new());
            memo.allow(1 << 20);
            let mut count = 0;
            for (n, step) in order.iter().enumerate() {
                let index = step.unwrap_or(count);
                let value = Value::Int(n as i64);
                let is_new = match step {
                    None => memo.put_next(&value) || memo.put(index, value).is_ok(),
                    Some(_) => memo.put_plain(index, &value) || memo.put(index, value).is_ok(),
                };
                assert_eq!(is_new, !expected.contains_key(&index), "{index} in {order:?}");
                if is_new {
                    expected.insert(index, n as i64);
                    count += 1;
                }
            }
            assert_eq!(memo.count(), count);
            for (index, n) in expected {
                assert!(matches!(memo.get(index), Some(Value::Int(found)) if found == n), "{index} in {order:?}");
            }
        }
    }

    #[test]
    fn a_huge_index_costs_one_entry() {
        let mut memo = Memo::default();
        assert!(memo.put(u64::from(u32::MAX), Value::Int(1)).is_ok());
        assert!(memo.put(0, Value::Int(2)).is_ok());
        assert!(memo.pages.is_empty());
        assert!(matches!(memo.get(u64::from(u32::MAX)), Some(Value::Int(1))));
        assert!(memo.put(0, Value::Int(3)).is_err());
        assert_eq!(memo.count(), 2);
    }

    #[test]
    fn a_memo_is_the_same_after_another_pickle() {
        // Indices in their order, for each pickle: a page further on, beyond all pages, then within the first.
        let pickles: [&[u64]; 5] = [&[2_000], &[2_000, 100_000_000, 5], &[0], &[2_000, 100_000_000, 5], &[1_500]];
        for first in pickles {
            for second in pickles {
                let mut memo = Memo::default();
                memo.allow(1 << 20);
                for pickle in [first, second] {
                    memo.clear();
                    for index in pickle {
                        let value = Value::Int(*index as i64);
                        assert!(memo.put_plain(*index, &value) || memo.put(*index, value).is_ok(), "{pickle:?}");
                    }
                    for index in pickle {
                        let found = memo.value(*index).copied().or(memo.get(*index));
                        assert!(matches!(found, Some(Value::Int(n)) if n == *index as i64), "{index} of {pickle:?}");
                    }
                    assert_eq!((memo.count(), memo.get(7).is_none()), (pickle.len() as u64, true));
                }
            }
        }
    }

    #[test]
    fn one_page_serves_pickle_after_pickle() {
        let mut memo = Memo::default();
        memo.allow(1 << 20);
        assert!(memo.cost(0) > 0 && memo.put(0, Value::None).is_ok());
        for index in [0, 1_500, 0, 3_000] {
            memo.clear();
            assert_eq!(memo.cost(index), 0, "{index}");
            let value = Value::None;
            assert!(memo.put_plain(index, &value) || memo.put(index, value).is_ok());
        }
    }

    #[test]
    fn what_does_not_outlive_is_forgotten() {
        let mut memo = Memo::default();
        for n in 0..5_000 {
            assert!(memo.put(n, Value::Int(n as i64)).is_ok());
        }
        let last = |n| match n {
            7 => Some(2),
            4_000 => Some(9),
            _ => None,
        };
        assert_eq!(memo.retain(1, last), [7, 4_000]);
        assert!(matches!(memo.get(4_000), Some(Value::Int(4_000))) && memo.get(8).is_none());
        assert_eq!((memo.count(), memo.spare.len()), (5_000, 3));
        assert!(memo.retain(1, last).is_empty() && memo.get(7).is_some(), "they are known");
        assert!(memo.retain(2, last).is_empty() && memo.get(7).is_none() && memo.get(4_000).is_some());
        assert_eq!((memo.count(), memo.spare.len()), (5_000, 4));
        memo.clear();
        assert!(memo.put(7, Value::None).is_ok() && memo.get(4_000).is_none());
    }
}
