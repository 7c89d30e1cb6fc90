//! Reading arrays: shapes, orders, elements.

use std::borrow::Cow;

use crate::model::graph::Graph;
use crate::model::layout::Ndarray;
use crate::model::value::Value;

/// The ints of a list that holds a shape or strides; anything else is left out.
pub(crate) fn ints(graph: &Graph, list: Value) -> Vec<i64> {
    let Value::Object(id) = list else { return Vec::new() };
    graph.items(id).filter_map(|v| if let Value::Int(n) = v { Some(n) } else { None }).collect()
}

/// A shape, as sizes.
pub(crate) fn sizes(graph: &Graph, list: Value) -> Vec<usize> {
    ints(graph, list).into_iter().map(|n| usize::try_from(n).unwrap_or(0)).collect()
}

/// The bytes of an array (its data or its mask), element after element in C order.
pub(crate) fn in_c_order<'b>(graph: &Graph, array: &Ndarray, bytes: &'b [u8]) -> Cow<'b, [u8]> {
    if matches!(array.order, Value::None) {
        return Cow::Borrowed(bytes);
    }
    reorder(&sizes(graph, array.shape), bytes, true)
}

/// The bytes of one element, where `bytes` are those of an array of that shape and not empty.
fn element_size(shape: &[usize], bytes: &[u8]) -> Option<usize> {
    let count = shape.iter().try_fold(1usize, |product, n| product.checked_mul(*n))?;
    (count > 0 && !bytes.is_empty() && bytes.len().is_multiple_of(count)).then(|| bytes.len() / count)
}

/// The bytes of `reshape(shape).transpose(axes)` in C order, from elements in C order. `axes` holds each axis once.
pub(crate) fn transpose<'b>(shape: &[usize], axes: &[usize], bytes: &'b [u8]) -> Cow<'b, [u8]> {
    let Some(size) = element_size(shape, bytes).filter(|_| !axes.is_sorted()) else { return Cow::Borrowed(bytes) };
    let mut strides = vec![size; shape.len()];
    for axis in (1..shape.len()).rev() {
        let below = strides.get(axis).zip(shape.get(axis)).map_or(0, |(stride, n)| stride * n);
        if let Some(stride) = strides.get_mut(axis - 1) {
            *stride = below;
        }
    }
    let of = |list: &[usize]| axes.iter().filter_map(|axis| list.get(*axis).copied()).collect::<Vec<_>>();
    gather(&of(shape), &of(&strides), bytes, size)
}

/// The elements of `size` bytes that lie at `strides` (in bytes), in C order.
fn gather<'b>(shape: &[usize], strides: &[usize], bytes: &'b [u8], size: usize) -> Cow<'b, [u8]> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = vec![0usize; shape.len()];
    let mut at = 0;
    while out.len() < bytes.len() {
        let Some(element) = bytes.get(at..at + size) else { break };
        out.extend_from_slice(element);
        for axis in (0..shape.len()).rev() {
            let (Some(i), Some(n), Some(stride)) = (index.get_mut(axis), shape.get(axis), strides.get(axis)) else {
                break;
            };
            *i += 1;
            at += stride;
            if *i < *n {
                break;
            }
            at -= stride * n;
            *i = 0;
        }
    }
    Cow::Owned(out)
}

/// Turns elements in Fortran order into C order, or back. The length of `bytes` is a multiple of the number of elements.
pub(crate) fn reorder<'b>(shape: &[usize], bytes: &'b [u8], to_c: bool) -> Cow<'b, [u8]> {
    let several = shape.iter().filter(|n| **n > 1).count() > 1;
    let Some(size) = element_size(shape, bytes).filter(|_| several) else { return Cow::Borrowed(bytes) };
    let count = bytes.len() / size;
    let mut out = vec![0; bytes.len()];
    // Walks the C order; `at` is the place of the same element in Fortran order.
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1;
    for n in shape {
        strides.push(stride);
        stride *= n;
    }
    let mut index = vec![0usize; shape.len()];
    let mut at = 0;
    for n in 0..count {
        let (from, to) = if to_c { (at, n) } else { (n, at) };
        if let (Some(to), Some(from)) =
            (out.get_mut(to * size..(to + 1) * size), bytes.get(from * size..(from + 1) * size))
        {
            to.copy_from_slice(from);
        }
        for axis in (0..shape.len()).rev() {
            let (Some(i), Some(n), Some(stride)) = (index.get_mut(axis), shape.get(axis), strides.get(axis)) else {
                break;
            };
            *i += 1;
            at += stride;
            if *i < *n {
                break;
            }
            at -= stride * n;
            *i = 0;
        }
    }
    Cow::Owned(out)
}

/// Turns the order of the bytes in every word of so many of them.
pub(crate) fn reverse_words(bytes: &mut [u8], word: usize) {
    match word {
        0 | 1 => {}
        2 => bytes.as_chunks_mut::<2>().0.iter_mut().for_each(|word| word.reverse()),
        4 => bytes.as_chunks_mut::<4>().0.iter_mut().for_each(|word| word.reverse()),
        8 => bytes.as_chunks_mut::<8>().0.iter_mut().for_each(|word| word.reverse()),
        word => bytes.chunks_exact_mut(word).for_each(<[u8]>::reverse),
    }
}

/// One row of an array of `height` by `width` elements of `size` bytes in Fortran order.
pub(crate) fn strided(bytes: &[u8], size: usize, row: usize, height: usize, width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(width.saturating_mul(size).min(bytes.len()));
    let stride = height.saturating_mul(size);
    let mut at = row.saturating_mul(size);
    for _ in 0..width {
        out.extend_from_slice(bytes.get(at..at.saturating_add(size)).unwrap_or(&[]));
        at = at.saturating_add(stride);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::reorder;

    #[test]
    fn orders_are_turned_into_each_other() {
        // numpy: np.arange(24).reshape(2, 3, 4).tobytes("F") as u8
        let c: Vec<u8> = (0..24).collect();
        let f = [0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23];
        assert_eq!(&*reorder(&[2, 3, 4], &f, true), c);
        assert_eq!(&*reorder(&[2, 3, 4], &c, false), f);
        assert_eq!(&*reorder(&[0, 3], &[], true), b"");
    }
}
