//! What the first pass knows of memo slots.

use std::ops::Range;

/// Which slots are read, and how late.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    /// A bit per slot: it is read.
    read: Vec<u64>,
    /// The last batch that reads a slot which an earlier one filled, plus 1; a page per 4,096 slots, where there is any.
    last: Vec<Option<Box<[u32; PAGE]>>>,
}

const PAGE: usize = 1 << 12;

impl Slots {
    /// A slot is read.
    #[inline]
    pub fn mark(&mut self, slot: u64) {
        set(&mut self.read, slot);
    }

    pub(super) fn mark_last(&mut self, slot: u64, batch: u32) {
        let page = slot as usize / PAGE;
        if self.last.len() <= page {
            self.last.resize_with(page + 1, || None);
        }
        if let Some(page) = self.last.get_mut(page) {
            let page = page.get_or_insert_with(|| Box::new([0; PAGE]));
            if let Some(last) = page.get_mut(slot as usize % PAGE) {
                *last = batch + 1;
            }
        }
    }

    /// Whether a slot is read after it was filled.
    #[inline]
    pub fn is_read(&self, slot: u64) -> bool {
        is_set(&self.read, slot)
    }

    /// Whether any slot of a range is read, or of the few around it that share a word with it.
    pub fn any_is_read(&self, slots: Range<u64>) -> bool {
        let (first, last) = ((slots.start / 64) as usize, slots.end.div_ceil(64) as usize);
        let words = self.read.get(first..last.min(self.read.len())).unwrap_or_default();
        words.iter().any(|word| *word != 0)
    }

    /// The last batch that reads a slot which an earlier one filled.
    #[inline]
    pub fn last(&self, slot: u64) -> Option<u32> {
        let page = self.last.get(slot as usize / PAGE).and_then(Option::as_ref)?;
        page.get(slot as usize % PAGE)?.checked_sub(1)
    }
}

#[inline]
pub(super) fn set(bits: &mut Vec<u64>, at: u64) {
    let word = (at / 64) as usize;
    if bits.len() <= word {
        bits.resize(word + 1, 0);
    }
    if let Some(word) = bits.get_mut(word) {
        *word |= 1 << (at % 64);
    }
}

#[inline]
pub(super) fn is_set(bits: &[u64], at: u64) -> bool {
    bits.get((at / 64) as usize).is_some_and(|word| word >> (at % 64) & 1 == 1)
}
