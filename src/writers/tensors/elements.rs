//! The elements of an array or tensor as a format wants them: in C order, little-endian, in chunks, without a copy of the whole.
//!
//! Elements that lie in C order are read from where they are, chunk by chunk; those at other strides are in memory.

use crate::error::Error;
use crate::model::graph::payloads::Data;
use crate::model::tensor;

/// Bytes that are gathered before they are passed on.
const CHUNK: usize = 256 << 10;

/// Elements of `size` bytes that lie at strides in a buffer.
#[derive(Clone, Debug)]
pub(super) struct Elements<'b> {
    pub data: Data<'b>,
    pub shape: Vec<usize>,
    /// In bytes, one for each axis.
    pub strides: Vec<usize>,
    /// Where the first one lies.
    pub start: usize,
    pub size: usize,
    /// Bytes that are turned around as one number, or 1.
    pub swapped: usize,
    /// Places in an element of bytes whose highest bit, a sign, is turned around.
    pub signs: Vec<usize>,
}

/// The strides of elements in C order, or in Fortran order.
pub(super) fn strides(shape: &[usize], size: usize, fortran: bool) -> Vec<usize> {
    let mut strides = vec![size; shape.len()];
    let mut stride = size;
    let mut fill = |(slot, n): (&mut usize, &usize)| {
        *slot = stride;
        stride = stride.saturating_mul(*n);
    };
    if fortran {
        strides.iter_mut().zip(shape).for_each(&mut fill);
    } else {
        strides.iter_mut().zip(shape).rev().for_each(&mut fill);
    }
    strides
}

impl Elements<'_> {
    /// The bytes of all elements: strides may make them more than the buffer has.
    pub fn len(&self) -> u64 {
        let product = self.shape.iter().try_fold(self.size as u64, |product, n| product.checked_mul(*n as u64));
        if self.shape.contains(&0) { 0 } else { product.unwrap_or(u64::MAX) }
    }

    /// Passes on all elements in C order.
    ///
    /// # Errors
    /// What `pass` fails with; elements that cannot be read.
    pub fn each_chunk(&self, pass: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        match self.len() {
            0 => Ok(()),
            len if self.lies_in_c_order() => self.in_order(len, pass),
            _ => self.at_strides(pass),
        }
    }

    /// Passes on the `len` bytes that are all elements.
    fn in_order(&self, len: u64, mut pass: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let as_they_lie = self.swapped == 1 && self.signs.is_empty();
        if let (Data::Held(bytes), true) = (&self.data, as_they_lie) {
            let end = usize::try_from(len).ok().and_then(|len| self.start.checked_add(len));
            return pass(end.and_then(|end| bytes.get(self.start..end)).unwrap_or(&[]));
        }
        // What is turned around is a number, far smaller than a chunk; what is not may be cut anywhere.
        let room = if as_they_lie { CHUNK } else { (CHUNK / self.size.max(1)).max(1).saturating_mul(self.size) };
        let mut chunk = vec![0; usize::try_from(len).unwrap_or(usize::MAX).min(room)];
        let mut done = 0;
        while done < len {
            let n = usize::try_from(len - done).unwrap_or(usize::MAX).min(chunk.len());
            let Some(chunk) = chunk.get_mut(..n) else { break };
            self.data.read((self.start as u64).saturating_add(done), chunk)?;
            self.turn(chunk);
            pass(chunk)?;
            done += n as u64;
        }
        Ok(())
    }

    /// Turns whole elements around, where they are.
    fn turn(&self, elements: &mut [u8]) {
        tensor::reverse_words(elements, self.swapped);
        if self.signs.is_empty() {
            return;
        }
        for element in elements.chunks_exact_mut(self.size.max(1)) {
            for place in &self.signs {
                if let Some(byte) = element.get_mut(*place) {
                    *byte ^= 0x80;
                }
            }
        }
    }

    fn at_strides(&self, mut pass: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let bytes = self.data.all()?;
        let mut chunk = Vec::with_capacity(CHUNK + self.size);
        let mut index = vec![0_usize; self.shape.len()];
        let mut at = self.start;
        loop {
            let element = at.checked_add(self.size).and_then(|end| bytes.get(at..end)).unwrap_or(&[]);
            chunk.extend_from_slice(element);
            if chunk.len() >= CHUNK {
                self.turn(&mut chunk);
                pass(&chunk)?;
                chunk.clear();
            }
            let mut done = true;
            for ((i, n), stride) in index.iter_mut().zip(&self.shape).zip(&self.strides).rev() {
                *i += 1;
                at = at.wrapping_add(*stride);
                if *i < *n {
                    done = false;
                    break;
                }
                at = at.wrapping_sub(stride.wrapping_mul(*n));
                *i = 0;
            }
            if done {
                break;
            }
        }
        self.turn(&mut chunk);
        pass(&chunk)
    }

    fn lies_in_c_order(&self) -> bool {
        let usual = strides(&self.shape, self.size, false);
        self.shape.iter().zip(&self.strides).zip(usual).all(|((n, stride), usual)| *n < 2 || *stride == usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(shape: &[usize], strides: &[usize], start: usize, size: usize, swapped: usize) -> Vec<u8> {
        let bytes: Vec<u8> = (0..24).collect();
        let signs = Vec::new();
        let elements = Elements {
            data: Data::Held(&bytes),
            shape: shape.to_vec(),
            strides: strides.to_vec(),
            start,
            size,
            swapped,
            signs,
        };
        let mut out = Vec::new();
        let passed = elements.each_chunk(|chunk| {
            out.extend_from_slice(chunk);
            Ok(())
        });
        assert!(passed.is_ok());
        assert_eq!(out.len() as u64, elements.len());
        out
    }

    #[test]
    fn strides_are_followed() {
        assert_eq!(gathered(&[2, 3], &[3, 1], 1, 1, 1), [1, 2, 3, 4, 5, 6]);
        assert_eq!(gathered(&[3, 2], &[1, 3], 0, 1, 1), [0, 3, 1, 4, 2, 5]);
        assert_eq!(gathered(&[2, 2], &[0, 2], 4, 2, 1), [4, 5, 6, 7, 4, 5, 6, 7]);
        assert_eq!(gathered(&[2], &[4], 0, 4, 2), [1, 0, 3, 2, 5, 4, 7, 6]);
        assert_eq!(gathered(&[], &[], 3, 1, 1), [3]);
        assert!(gathered(&[2, 0], &[1, 1], 0, 1, 1).is_empty());
        assert_eq!(strides(&[2, 3, 4], 2, true), [2, 4, 12]);
    }
}
