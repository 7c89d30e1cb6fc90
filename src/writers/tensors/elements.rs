//! The elements of an array or tensor as a format wants them: in C order, little-endian, in chunks, without a copy of the whole.
//!
//! Elements that lie in C order are read from where they are, chunk by chunk, and those in Fortran order block by block; those at
//! other strides are in memory.

use crate::error::Error;
use crate::model::graph::payloads::Data;
use crate::model::tensor;

/// Bytes that are gathered before they are passed on.
const CHUNK: usize = 256 << 10;
/// Bytes of rows that are put together from columns at a time.
const BLOCK: usize = 4 << 20;
/// Bytes of one column that are worth a read of their own.
const RUN: usize = 2 << 10;

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
            _ => match self.rows_at_a_time() {
                Some(rows) => self.by_rows(rows, pass),
                None => self.at_strides(pass),
            },
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

    /// How many rows are put together at a time: `None` where the elements are in memory or in another order than Fortran's, or
    /// where rows are so long that little would be read at once.
    fn rows_at_a_time(&self) -> Option<usize> {
        let [height, columns @ ..] = self.shape.as_slice() else { return None };
        let width = columns.iter().try_fold(self.size, |product, n| product.checked_mul(*n))?;
        let rows = BLOCK.checked_div(width)?.min(*height);
        let fortran = self.strides == strides(&self.shape, self.size, true);
        let worth = rows.saturating_mul(self.size) >= RUN || rows == *height;
        (matches!(self.data, Data::Apart { .. }) && fortran && worth && rows > 0).then_some(rows)
    }

    /// Passes on elements in Fortran order: a part of every column, which lies in one piece, makes so many rows.
    fn by_rows(&self, rows: usize, mut pass: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let (Some(height), Some(columns)) = (self.shape.first(), self.shape.get(1..)) else { return Ok(()) };
        let width: usize = columns.iter().product();
        let (mut run, mut block) = (vec![0; rows * self.size], vec![0; rows * self.size * width]);
        let mut index = vec![0_usize; columns.len()];
        let mut first = 0;
        while first < *height {
            let count = rows.min(height - first);
            let bytes = count * self.size;
            let (Some(run), Some(block)) = (run.get_mut(..bytes), block.get_mut(..bytes * width)) else { break };
            let mut at = self.start.saturating_add(first.saturating_mul(self.size));
            for column in 0..width {
                self.data.read(at as u64, run)?;
                match self.size {
                    1 => scatter::<1>(run, block, column, width),
                    2 => scatter::<2>(run, block, column, width),
                    4 => scatter::<4>(run, block, column, width),
                    8 => scatter::<8>(run, block, column, width),
                    size => {
                        let places = block.chunks_exact_mut(size).skip(column).step_by(width);
                        places.zip(run.chunks_exact(size)).for_each(|(place, element)| place.copy_from_slice(element));
                    }
                }
                for ((i, n), stride) in index.iter_mut().zip(columns).zip(self.strides.iter().skip(1)).rev() {
                    *i += 1;
                    at = at.wrapping_add(*stride);
                    if *i < *n {
                        break;
                    }
                    at = at.wrapping_sub(stride.wrapping_mul(*n));
                    *i = 0;
                }
            }
            self.turn(block);
            pass(block)?;
            first += count;
        }
        Ok(())
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

/// Puts the elements of a column into rows of `width` elements.
fn scatter<const N: usize>(run: &[u8], block: &mut [u8], column: usize, width: usize) {
    let places = block.as_chunks_mut::<N>().0.iter_mut().skip(column).step_by(width);
    places.zip(run.as_chunks::<N>().0).for_each(|(place, element)| *place = *element);
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
    fn fortran_order_is_turned_block_by_block() {
        use crate::limits::Limits;
        use crate::model::graph::Graph;
        use crate::source::random::Section;

        for (shape, size, swapped, blocks) in
            [(vec![3_000, 50, 10], 4, 4, 2), (vec![2, 700], 3, 1, 1), (vec![3, 5_000_000], 1, 1, 0)]
        {
            let count: usize = shape.iter().product();
            let bytes: Vec<u8> = (0..count * size).map(|n| (n * 7 + (n >> 8)) as u8).collect();
            let mut graph = Graph::new(&Limits::default());
            let (len, at) = graph.outside(Section::all(std::sync::Arc::new(bytes.clone()))).expect("room");
            let strides = strides(&shape, size, true);
            let mut elements =
                Elements { data: graph.data(len, at), shape, strides, start: 0, size, swapped, signs: Vec::new() };
            assert_eq!(elements.rows_at_a_time().map_or(0, |rows| elements.shape[0].div_ceil(rows)), blocks);
            let all = |elements: &Elements<'_>| {
                let mut out = Vec::new();
                let passed = elements.each_chunk(|chunk| {
                    out.extend_from_slice(chunk);
                    Ok(())
                });
                passed.map(|()| out).expect("elements")
            };
            let found = all(&elements);
            elements.data = Data::Held(&bytes);
            assert!(found == all(&elements));
        }
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
