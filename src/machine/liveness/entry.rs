//! What the abstract stack holds: a word for each value, with what may matter later.

use std::hash::BuildHasher;

/// A value: its kind in the lowest three bits, a flag, and what is known of it.
pub(super) type Entry = u64;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A value of no interest.
    Other,
    /// It came from the memo; the rest is its slot.
    Fetched,
    /// A text; the rest is its hash.
    Text,
    /// An int; the rest is its value.
    Int,
    /// A container; the rest is its slot plus 1, once it has one.
    List,
    Dict,
    Set,
    /// What a call made, which may be a container.
    Object,
}

const KINDS: [Kind; 8] =
    [Kind::Other, Kind::Fetched, Kind::Text, Kind::Int, Kind::List, Kind::Dict, Kind::Set, Kind::Object];

/// A text that begins with `$`; a container that was filled.
const FLAG: Entry = 8;
const SHIFT: u32 = 4;

pub(super) const OTHER: Entry = 0;
pub(super) const LIST: Entry = Kind::List as Entry;
pub(super) const DICT: Entry = Kind::Dict as Entry;
pub(super) const SET: Entry = Kind::Set as Entry;
pub(super) const OBJECT: Entry = Kind::Object as Entry;

#[inline]
pub(super) fn kind(entry: Entry) -> Kind {
    KINDS[(entry & 7) as usize]
}

#[inline]
pub(super) fn is_other(entry: Entry) -> bool {
    entry & 7 == OTHER
}

#[inline]
pub(super) fn is_fetched(entry: Entry) -> bool {
    entry & 7 == Kind::Fetched as Entry
}

/// Whether what is pushed upon it, or above a mark upon it, is a key first.
#[inline]
pub(super) fn takes_pairs(entry: Entry) -> bool {
    matches!(kind(entry), Kind::Dict | Kind::Object)
}

#[inline]
pub(super) fn has_dollar(entry: Entry) -> bool {
    kind(entry) == Kind::Text && entry & FLAG != 0
}

#[inline]
pub(super) fn is_filled(entry: Entry) -> bool {
    entry & FLAG != 0
}

#[inline]
pub(super) fn filled(entry: Entry) -> Entry {
    entry | FLAG
}

#[inline]
pub(super) fn fetched(slot: u64) -> Entry {
    slot << SHIFT | Kind::Fetched as Entry
}

/// A container that stands in a slot.
pub(super) fn in_slot(entry: Entry, slot: u64) -> Entry {
    (slot + 1) << SHIFT | entry & (7 | FLAG)
}

/// The slot of a container, or the one that a value came from.
pub(super) fn slot(entry: Entry) -> Option<u64> {
    match kind(entry) {
        Kind::Fetched => Some(entry >> SHIFT),
        Kind::List | Kind::Dict | Kind::Set | Kind::Object => (entry >> SHIFT).checked_sub(1),
        Kind::Other | Kind::Text | Kind::Int => None,
    }
}

/// An int; one that does not fit is of no interest.
#[inline]
pub(super) fn int(value: i64) -> Entry {
    if value << SHIFT >> SHIFT == value { (value as u64) << SHIFT | Kind::Int as Entry } else { OTHER }
}

/// Set in a text that was not looked at yet: the rest is its length and its place in the window.
const UNSEEN: Entry = 1 << 63;
const PLACE_BITS: u32 = 32;
const LEN_BITS: u32 = 63 - PLACE_BITS - SHIFT;

/// A text that is looked at only if it has to be: it lies in the window from `at` on.
#[inline]
pub(super) fn unseen(at: usize, text: &[u8]) -> Option<Entry> {
    let dollar = if text.first() == Some(&b'$') { FLAG } else { 0 };
    let (at, len) = (at as u64, text.len() as u64);
    let fits = at < 1 << PLACE_BITS && len < 1 << LEN_BITS;
    fits.then_some(UNSEEN | len << (SHIFT + PLACE_BITS) | at << SHIFT | Kind::Text as Entry | dollar)
}

/// Where a text lies that was not looked at.
#[inline]
pub(super) fn place(entry: Entry) -> Option<std::ops::Range<usize>> {
    if kind(entry) != Kind::Text || entry & UNSEEN == 0 {
        return None;
    }
    let at = (entry >> SHIFT & ((1 << PLACE_BITS) - 1)) as usize;
    let len = (entry >> (SHIFT + PLACE_BITS) & ((1 << LEN_BITS) - 1)) as usize;
    Some(at..at + len)
}

/// A text; one with lone surrogates, which may be written as another is, is of no interest.
pub(super) fn text(hash: &foldhash::quality::RandomState, text: &[u8]) -> Entry {
    if simdutf8::basic::from_utf8(text).is_err() {
        return OTHER;
    }
    let dollar = if text.first() == Some(&b'$') { FLAG } else { 0 };
    hash.hash_one(text) >> SHIFT << SHIFT & !UNSEEN | Kind::Text as Entry | dollar
}
