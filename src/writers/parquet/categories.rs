//! A column of categories that are text: a dictionary page with every category in its order, so that readers get the same
//! categories back, whether a row has them or not; then the codes.
//!
//! Layout: the Parquet format, "Data Pages" and "RLE / Bit-Packing Hybrid".

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

/// Rows of one page.
const PAGE: usize = 1 << 16;
/// Values that are packed in one go: as many as a header of one byte counts.
const PACKED: usize = 63 * 8;
/// The code of a row without a category. So many categories have no room in a file.
const NULL: u32 = u32::MAX;

/// The chunk of one column in the making.
pub(super) struct Categories {
    column: ColumnDescPtr,
    values: Option<ArrayRef>,
    /// Bits of one code.
    bits: u32,
    /// The pages that are full, and the rows of each.
    pages: Vec<(Vec<u8>, u32)>,
    /// One for each row of the page that is being filled.
    codes: Vec<u32>,
    rows: u64,
    nulls: u64,
}

impl Categories {
    /// Whether a column of that type is written here.
    pub fn fit(datatype: &DataType) -> bool {
        match datatype {
            DataType::Dictionary(_, values) => matches!(**values, DataType::Utf8 | DataType::LargeUtf8),
            _ => false,
        }
    }

    pub fn new(column: ColumnDescPtr) -> Self {
        Categories { column, values: None, bits: 1, pages: Vec::new(), codes: Vec::new(), rows: 0, nulls: 0 }
    }

    pub fn add(&mut self, array: &ArrayRef) {
        let Some(dictionary) = array.as_any_dictionary_opt() else { return };
        let values = self.values.get_or_insert_with(|| dictionary.values().clone());
        let last = values.len().saturating_sub(1);
        self.bits = (usize::BITS - last.leading_zeros()).clamp(1, u32::BITS);
        let keys = if values.is_empty() { Vec::new() } else { dictionary.normalized_keys() };
        let (nulls, missing) = (array.nulls().cloned(), values.nulls().cloned());
        for row in 0..array.len() {
            let key = keys.get(row).filter(|_| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)));
            // A category that is null makes the row null.
            let key = key.filter(|key| missing.as_ref().is_none_or(|missing| missing.is_valid(**key)));
            self.codes.push(key.and_then(|key| u32::try_from(*key).ok()).unwrap_or(NULL));
            if self.codes.len() == PAGE {
                self.end_page();
            }
        }
    }

    fn end_page(&mut self) {
        if self.codes.is_empty() {
            return;
        }
        self.rows += self.codes.len() as u64;
        self.nulls += self.codes.iter().filter(|code| **code == NULL).count() as u64;
        self.pages.push((data_page(&self.codes, self.bits), self.codes.len() as u32));
        self.codes.clear();
    }

    pub fn size(&self) -> usize {
        self.pages.iter().map(|(page, _)| page.len()).sum::<usize>() + self.codes.len() * size_of::<u32>()
    }

    /// The bytes of the chunk, and what is to say of it.
    pub fn close(mut self) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        self.end_page();
        let (count, plain) = plain(self.values.as_ref());
        let mut sink = TrackedWrite::new(Vec::new());
        let mut pages = SerializedPageWriter::new(&mut sink);
        let (mut uncompressed, mut data_offset) = (0, None);
        let len = plain.len();
        let page =
            Page::DictionaryPage { buf: plain.into(), num_values: count, encoding: Encoding::PLAIN, is_sorted: false };
        uncompressed += pages.write_page(CompressedPage::new(page, len))?.uncompressed_size;
        for (buffer, rows) in self.pages {
            let len = buffer.len();
            let page = Page::DataPage {
                buf: buffer.into(),
                num_values: rows,
                encoding: Encoding::RLE_DICTIONARY,
                def_level_encoding: Encoding::RLE,
                rep_level_encoding: Encoding::RLE,
                statistics: None,
            };
            let spec = pages.write_page(CompressedPage::new(page, len))?;
            uncompressed += spec.uncompressed_size;
            data_offset.get_or_insert(spec.offset);
        }
        pages.close()?;
        let bytes = sink.into_inner()?;
        let metadata = ColumnChunkMetaData::builder(self.column)
            .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY])
            .set_num_values(self.rows as i64)
            .set_compression(Compression::UNCOMPRESSED)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size(uncompressed as i64)
            .set_dictionary_page_offset(Some(0))
            .set_data_page_offset(data_offset.unwrap_or(0) as i64)
            .set_statistics(Statistics::byte_array(None, None, None, Some(self.nulls), false))
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: self.rows,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((Bytes::from(bytes), close))
    }
}

/// The categories of an array that is written here.
pub(super) fn of(array: &ArrayRef) -> Option<ArrayRef> {
    let dictionary = array.as_any_dictionary_opt().filter(|_| Categories::fit(array.data_type()))?;
    Some(dictionary.values().clone())
}

/// Whether they are the categories of an array.
pub(super) fn are(categories: &ArrayRef, array: &ArrayRef) -> bool {
    let Some(dictionary) = array.as_any_dictionary_opt() else { return false };
    Arc::ptr_eq(categories, dictionary.values()) || categories == dictionary.values()
}

/// The categories as PLAIN values, and how many there are.
fn plain(values: Option<&ArrayRef>) -> (u32, Vec<u8>) {
    let mut out = Vec::new();
    let mut push = |text: &str| {
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    };
    let Some(values) = values else { return (0, out) };
    // A null category keeps its place, so that codes stay what they are.
    match values.data_type() {
        DataType::LargeUtf8 => values.as_string::<i64>().iter().for_each(|text| push(text.unwrap_or_default())),
        _ => values.as_string::<i32>().iter().for_each(|text| push(text.unwrap_or_default())),
    }
    (values.len() as u32, out)
}

/// Definition levels with their length, the width of a code, and the codes of the rows that have one.
fn data_page(codes: &[u32], bits: u32) -> Vec<u8> {
    let mut levels = Vec::new();
    hybrid(codes.iter().map(|code| u32::from(*code != NULL)), 1, &mut levels);
    let mut out = (levels.len() as u32).to_le_bytes().to_vec();
    out.append(&mut levels);
    out.push(bits as u8);
    hybrid(codes.iter().copied().filter(|code| *code != NULL), bits, &mut out);
    out
}

/// Runs of one value, and groups of eight packed ones between them.
fn hybrid(values: impl Iterator<Item = u32>, bits: u32, out: &mut Vec<u8>) {
    let mut packed: Vec<u32> = Vec::with_capacity(PACKED);
    let mut values = values.peekable();
    while let Some(value) = values.next() {
        let mut run = 1u64;
        // Packed values come in eights, so a run that fills the last group is cut.
        while packed.len().is_multiple_of(8) && values.next_if_eq(&value).is_some() {
            run += 1;
        }
        if run >= 8 {
            flush(&mut packed, bits, out);
            varint(run << 1, out);
            let bytes = bits.div_ceil(8) as usize;
            out.extend(value.to_le_bytes().iter().take(bytes));
        } else {
            packed.extend((0..run).map(|_| value));
            if packed.len() == PACKED {
                flush(&mut packed, bits, out);
            }
        }
    }
    flush(&mut packed, bits, out);
}

fn flush(packed: &mut Vec<u32>, bits: u32, out: &mut Vec<u8>) {
    if packed.is_empty() {
        return;
    }
    let groups = packed.len().div_ceil(8);
    varint((groups as u64) << 1 | 1, out);
    let (mut word, mut filled) = (0u64, 0);
    for n in 0..groups * 8 {
        word |= u64::from(packed.get(n).copied().unwrap_or(0)) << filled;
        filled += bits;
        while filled >= 8 {
            out.push(word as u8);
            word >>= 8;
            filled -= 8;
        }
    }
    packed.clear();
}

fn varint(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_groups_are_told_apart() {
        let encode = |values: &[u32], bits| {
            let mut out = Vec::new();
            hybrid(values.iter().copied(), bits, &mut out);
            out
        };
        // A run of ten ones; then 0..8 of three bits as the format's own example has them.
        assert_eq!(encode(&[1; 10], 1), [20, 1]);
        assert_eq!(encode(&[0, 1, 2, 3, 4, 5, 6, 7], 3), [3, 0b1000_1000, 0b1100_0110, 0b1111_1010]);
        assert!(encode(&[], 1).is_empty());
        // What is packed is filled up to eight; a run after it starts at a whole group.
        assert_eq!(encode(&[1, 0], 1), [3, 1]);
        let many: Vec<u32> = (0..600).map(|n| n % 2).collect();
        let found = encode(&many, 1);
        assert_eq!((found.len(), found[0], found[64]), (1 + 63 + 1 + 12, 63 << 1 | 1, 12 << 1 | 1));
        assert!(found[1..64].iter().chain(&found[65..]).all(|byte| *byte == 0b1010_1010));
    }
}
