//! Whether the values of a column repeat themselves, from a sample: a dictionary of values that do not is work for nothing.

use std::hash::Hash;

use arrow::array::{Array, ArrayRef, AsArray, GenericListArray, OffsetSizeTrait, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int32Type, UInt32Type, UInt64Type};
use hashbrown::HashSet;

use super::column::leaves;

/// Values that are looked at: so many of a column whose dictionary has just room for all its values (130,000 numbers in 1 MiB) are
/// distinct in 94 of 100 cases.
const SAMPLE: usize = 1 << 14;
/// Fewer values say nothing.
const ENOUGH: usize = 1 << 10;
/// Distinct values in a hundred from which on there is no dictionary.
const MANY: usize = 97;

/// Whether a dictionary is worth its work, for each leaf of a column whose first rows are those; as deep as types nest.
pub(super) fn dictionaries(array: &ArrayRef, out: &mut Vec<bool>) {
    match array.data_type() {
        DataType::List(_) => items(array.as_list::<i32>(), out),
        DataType::LargeList(_) => items(array.as_list::<i64>(), out),
        DataType::Struct(_) => array.as_struct().columns().iter().for_each(|column| dictionaries(column, out)),
        DataType::FixedSizeList(..)
        | DataType::Map(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::RunEndEncoded(..) => {
            out.extend(std::iter::repeat_n(true, leaves(array.data_type())));
        }
        _ => out.push(!nearly_all(array)),
    }
}

fn items<O: OffsetSizeTrait>(lists: &GenericListArray<O>, out: &mut Vec<bool>) {
    let place = |offset: Option<&O>| offset.map_or(0, |offset| offset.as_usize());
    let (from, to) = (place(lists.value_offsets().first()), place(lists.value_offsets().last()));
    dictionaries(&lists.values().slice(from, to.saturating_sub(from)), out);
}

/// Whether nearly all of the first values are distinct.
fn nearly_all(array: &ArrayRef) -> bool {
    let array = array.slice(0, array.len().min(SAMPLE));
    match array.data_type() {
        DataType::Int64 | DataType::Timestamp(..) | DataType::Duration(_) | DataType::Time64(_) => {
            let array = array.to_data();
            let values = array.buffers().first().map(|buffer| buffer.typed_data::<i64>()).unwrap_or_default();
            let values = values.get(array.offset()..).unwrap_or_default().iter().take(array.len());
            many(values.enumerate().filter(|(row, _)| array.is_valid(*row)).map(|(_, value)| value))
        }
        DataType::UInt64 => primitive::<UInt64Type, _>(array.as_primitive(), |n| n),
        DataType::Int32 => primitive::<Int32Type, _>(array.as_primitive(), |n| n),
        DataType::UInt32 => primitive::<UInt32Type, _>(array.as_primitive(), |n| n),
        DataType::Float32 => primitive::<Float32Type, _>(array.as_primitive(), f32::to_bits),
        DataType::Float64 => primitive::<Float64Type, _>(array.as_primitive(), f64::to_bits),
        DataType::Utf8 => many(array.as_string::<i32>().iter().flatten()),
        DataType::LargeUtf8 => many(array.as_string::<i64>().iter().flatten()),
        DataType::Binary => many(array.as_binary::<i32>().iter().flatten()),
        DataType::LargeBinary => many(array.as_binary::<i64>().iter().flatten()),
        _ => false,
    }
}

fn primitive<T: ArrowPrimitiveType, V: Eq + Hash>(array: &PrimitiveArray<T>, value: impl Fn(T::Native) -> V) -> bool {
    many(array.iter().flatten().map(value))
}

fn many<T: Eq + Hash>(values: impl Iterator<Item = T>) -> bool {
    let mut seen = HashSet::with_capacity_and_hasher(ENOUGH, foldhash::fast::FixedState::default());
    let mut count = 0;
    for value in values {
        count += 1;
        seen.insert(value);
        // What repeats itself is mostly seen to do so early.
        if count == ENOUGH {
            if seen.len() * 100 < ENOUGH * MANY / 2 {
                return false;
            }
            seen.reserve(SAMPLE);
        }
    }
    count >= ENOUGH && seen.len() * 100 > count * MANY
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int64Array, ListArray, StringArray, StructArray, TimestampNanosecondArray};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn what_repeats_itself_has_a_dictionary() {
        let all: ArrayRef = Arc::new(Int64Array::from_iter_values(0..20_000));
        let few: ArrayRef = Arc::new(Int64Array::from_iter_values((0..20_000).map(|n| n % 5_000)));
        let times: ArrayRef = Arc::new(TimestampNanosecondArray::from_iter_values(0..20_000));
        let nulls: ArrayRef = Arc::new(Int64Array::from_iter((0..20_000).map(|n| (n % 100 == 0).then_some(n))));
        let floats: ArrayRef = Arc::new(Float64Array::from_iter_values((0..20_000).map(f64::from)));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..20_000).map(|n| n.to_string())));
        assert!(nearly_all(&all) && nearly_all(&times) && nearly_all(&floats) && nearly_all(&texts));
        assert!(nearly_all(&all.slice(5_000, 2_000)));
        let field = Arc::new(Field::new("item", DataType::Int64, true));
        let offsets = OffsetBuffer::from_lengths(vec![2; 10_000]);
        let lists: ArrayRef = Arc::new(ListArray::new(field, offsets, all.clone(), None));
        let columns = [("few", few.slice(0, 10_000)), ("lists", lists)];
        let columns = columns.map(|(name, array)| (Arc::new(Field::new(name, array.data_type().clone(), true)), array));
        let rows: ArrayRef = Arc::new(StructArray::from(columns.to_vec()));
        let mut found = Vec::new();
        dictionaries(&rows, &mut found);
        dictionaries(&rows.slice(9_000, 1_000), &mut found);
        assert_eq!(found, [true, false, true, false]);
        assert!(!nearly_all(&few) && !nearly_all(&nulls) && !nearly_all(&all.slice(0, 100)));
    }
}
