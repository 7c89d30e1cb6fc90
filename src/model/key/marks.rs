//! Telling a few texts apart without hashing them: by a number of each, made of its ends and its length.

use crate::model::graph::Graph;
use crate::model::value::Value;

/// Most keys that are compared one with another.
pub(super) const FEW: usize = 32;

/// Whether a few texts differ in their lengths or ends, which is quickly seen; `false` says nothing.
#[inline]
pub(super) fn clearly_distinct<'k>(graph: &Graph, keys: impl Iterator<Item = &'k Value>) -> bool {
    let mut marks = [0; FEW];
    let (mut count, mut bits) = (0, 0);
    for key in keys {
        let (Value::Str { len, at }, Some(slot)) = (*key, marks.get_mut(count)) else { return false };
        let (len, text) = graph.text_behind(len, at);
        *slot = mark(text, len);
        bits |= bit(*slot);
        count += 1;
    }
    // Few marks mostly differ in a few bits already.
    bits.count_ones() as usize == count || differ(marks.get(..count).unwrap_or_default())
}

#[inline]
fn bit(mark: u64) -> u64 {
    1 << (mark.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58)
}

fn differ(marks: &[u64]) -> bool {
    let mut rest = marks;
    while let Some((mark, others)) = rest.split_first() {
        if others.contains(mark) {
            return false;
        }
        rest = others;
    }
    true
}

/// A number that is the same for the same text, which is the first `len` bytes.
#[inline]
fn mark(text: &[u8], len: usize) -> u64 {
    let ends = match (text.first_chunk::<8>(), 8_usize.checked_sub(len)) {
        // What lies behind it is of no account.
        (Some(first), Some(more @ 1..)) => first_bytes(*first, more),
        (None, Some(1..)) => {
            let mut first = [0; 8];
            first.iter_mut().zip(text.iter().take(len)).for_each(|(to, from)| *to = *from);
            u64::from_le_bytes(first)
        }
        (first, _) => {
            let last = text.get(..len).and_then(|text| text.last_chunk::<8>());
            let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
            word(first) ^ word(last).rotate_left(29)
        }
    };
    ends ^ (len as u64) << 56
}

/// The first bytes of a word, without the last `more` of the eight.
#[inline]
fn first_bytes(word: [u8; 8], more: usize) -> u64 {
    let shift = 8 * more as u32;
    u64::from_le_bytes(word).checked_shl(shift).map_or(0, |word| word >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_that_of_the_text_whatever_lies_behind_it() {
        for len in 0..20 {
            let text = "abcdefghijklmnopqrstuvwxyz".as_bytes();
            let alone = mark(&text[..len], len);
            assert_eq!(alone, mark(text, len));
            let mut other = text.to_vec();
            other[len..].fill(0xFF);
            assert_eq!(alone, mark(&other, len), "{len}");
            if len > 0 {
                other[len - 1] ^= 1;
                assert_ne!(alone, mark(&other, len), "{len}");
            }
            assert_ne!(alone, mark(text, len + 1));
        }
    }
}
