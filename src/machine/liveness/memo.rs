//! Memo slots in the first pass: which value stands where, and which of them are read.

use super::{RECENT, Scan, TEXTS, entry};

/// How far memo indices may jump.
const GAP: u64 = 1 << 16;
/// How many texts are kept in mind in all.
pub(super) const TEXTS_KEPT: usize = 2 * TEXTS;

impl Scan {
    /// MEMOIZE, which fills the next slot.
    #[inline]
    pub(super) fn memoize(&mut self) -> bool {
        let slot = self.next;
        if self.gaps || self.stack.is_empty() {
            return false;
        }
        self.next += 1;
        self.settle(slot);
        true
    }

    pub(super) fn put(&mut self, slot: u64) -> bool {
        if slot < self.next || slot - self.next > GAP || self.stack.is_empty() {
            return false;
        }
        self.gaps |= slot != self.next;
        self.next = slot + 1;
        self.settle(slot);
        true
    }

    /// The top stands in a slot.
    #[inline]
    fn settle(&mut self, slot: u64) {
        if self.stack.last().is_some_and(|top| !entry::is_other(*top)) {
            self.settle_known(slot);
        }
        // It stood there before it had a slot.
        let at = self.stack.len() - 1;
        if at < self.path.watch && !self.path.named_late(at) {
            self.disturbed(at);
        }
    }

    fn settle_known(&mut self, slot: u64) {
        let Some(top) = self.stack.last_mut() else { return };
        match entry::kind(*top) {
            entry::Kind::Text => {
                if self.texts.len() < TEXTS_KEPT {
                    self.texts.insert(slot, *top);
                }
            }
            entry::Kind::Int | entry::Kind::Fetched | entry::Kind::Other => {}
            entry::Kind::List | entry::Kind::Dict | entry::Kind::Set | entry::Kind::Object => {
                *top = entry::in_slot(*top, slot);
            }
        }
    }

    #[inline]
    pub(super) fn get(&mut self, slot: u64) -> bool {
        if slot >= self.next {
            return false;
        }
        // Read again in the same batch, it tells nothing new.
        let seen = slot << 32 | u64::from(self.path.batch());
        if self.recent[slot as usize % RECENT] != seen || slot >> 32 != 0 {
            self.recent[slot as usize % RECENT] = seen;
            self.fetched(slot);
        }
        self.push(entry::fetched(slot));
        true
    }

    fn fetched(&mut self, slot: u64) {
        self.slots.mark(slot);
        if slot < self.batch_slot {
            self.slots.mark_last(slot, self.path.batch());
            if self.path.is_guarded(slot) {
                self.path.fetched(slot);
            }
        }
    }
}
