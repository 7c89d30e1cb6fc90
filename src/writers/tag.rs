//! The one table of tags of the lossless mapping: JSON's `$` keys and MessagePack's extension codes.

use crate::model::layout::Layout;

macro_rules! tags {
    ($($variant:ident, $name:literal, $code:literal;)*) => {
        /// A tag of the lossless mapping (docs/mapping.md).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Tag { $($variant,)* }

        /// All tags: name without `$`, MessagePack extension code.
        pub(crate) const TAGS: &[(Tag, &str, i8)] = &[$((Tag::$variant, $name, $code),)*];
    };
}

tags! {
    Float, "float", 1;
    Complex, "complex", 2;
    Str, "str", 3;
    Py2Str, "py2str", 4;
    Bytes, "bytes", 5;
    ByteArray, "bytearray", 6;
    Int, "int", 7;
    Tuple, "tuple", 10;
    Set, "set", 11;
    FrozenSet, "frozenset", 12;
    Deque, "deque", 13;
    Dict, "dict", 14;
    OrderedDict, "ordereddict", 15;
    DefaultDict, "defaultdict", 16;
    Counter, "counter", 17;
    Date, "date", 20;
    Time, "time", 21;
    DateTime, "datetime", 22;
    TimeDelta, "timedelta", 23;
    Timezone, "timezone", 24;
    ZoneInfo, "zoneinfo", 25;
    Pytz, "pytz", 26;
    Dateutil, "dateutil", 27;
    Decimal, "decimal", 30;
    Fraction, "fraction", 31;
    Uuid, "uuid", 32;
    Path, "path", 33;
    Ip, "ip", 34;
    Range, "range", 35;
    Slice, "slice", 36;
    Singleton, "singleton", 37;
    Array, "array", 38;
    Global, "global", 40;
    Exception, "exception", 41;
    Record, "record", 42;
    Def, "def", 50;
    Ref, "ref", 51;
    Dtype, "dtype", 60;
    Ndarray, "ndarray", 61;
    Scalar, "scalar", 62;
    Sparse, "sparse", 63;
    Storage, "storage", 64;
    Tensor, "tensor", 65;
    SparseTensor, "sparse_tensor", 66;
    DataFrame, "dataframe", 70;
    Series, "series", 71;
    Index, "index", 72;
    RangeIndex, "rangeindex", 73;
    MultiIndex, "multiindex", 74;
    Categorical, "categorical", 75;
    DatetimeArray, "datetimearray", 76;
    TimedeltaArray, "timedeltaarray", 77;
    PeriodArray, "periodarray", 78;
    IntervalArray, "intervalarray", 79;
    NullableArray, "nullablearray", 80;
    StringArray, "stringarray", 81;
    ArrowExtension, "arrowextension", 82;
    SparseArray, "sparsearray", 83;
    GeometryArray, "geometryarray", 84;
    PandasArray, "pandasarray", 85;
    Timestamp, "timestamp", 90;
    PdTimedelta, "pd_timedelta", 91;
    Period, "period", 92;
    Interval, "interval", 93;
    PdDtype, "pd_dtype", 94;
    Offset, "offset", 95;
    ArrowType, "arrow_type", 100;
    ArrowField, "arrow_field", 101;
    ArrowSchema, "arrow_schema", 102;
    ArrowArray, "arrow_array", 103;
    ArrowChunked, "arrow_chunked", 104;
    ArrowTable, "arrow_table", 105;
    ArrowScalar, "arrow_scalar", 106;
    Polars, "polars", 110;
    Geometry, "geometry", 111;
    Network, "network", 112;
}

/// The tags of objects of named fields.
const LAYOUTS: &[(Tag, Layout)] = &[
    (Tag::Dtype, Layout::Dtype),
    (Tag::Ndarray, Layout::Ndarray),
    (Tag::Scalar, Layout::Scalar),
    (Tag::Sparse, Layout::Sparse),
    (Tag::Storage, Layout::Storage),
    (Tag::Tensor, Layout::Tensor),
    (Tag::SparseTensor, Layout::SparseTensor),
    (Tag::DataFrame, Layout::DataFrame),
    (Tag::Series, Layout::Series),
    (Tag::Index, Layout::Index),
    (Tag::RangeIndex, Layout::RangeIndex),
    (Tag::MultiIndex, Layout::MultiIndex),
    (Tag::Categorical, Layout::Categorical),
    (Tag::DatetimeArray, Layout::DatetimeArray),
    (Tag::TimedeltaArray, Layout::TimedeltaArray),
    (Tag::PeriodArray, Layout::PeriodArray),
    (Tag::IntervalArray, Layout::IntervalArray),
    (Tag::NullableArray, Layout::NullableArray),
    (Tag::StringArray, Layout::StringArray),
    (Tag::ArrowExtension, Layout::ArrowExtension),
    (Tag::SparseArray, Layout::SparseArray),
    (Tag::GeometryArray, Layout::GeometryArray),
    (Tag::PandasArray, Layout::PandasArray),
    (Tag::Timestamp, Layout::Timestamp),
    (Tag::PdTimedelta, Layout::PdTimedelta),
    (Tag::Period, Layout::Period),
    (Tag::Interval, Layout::Interval),
    (Tag::PdDtype, Layout::PdDtype),
    (Tag::Offset, Layout::Offset),
    (Tag::ArrowType, Layout::ArrowType),
    (Tag::ArrowField, Layout::ArrowField),
    (Tag::ArrowSchema, Layout::ArrowSchema),
    (Tag::ArrowArray, Layout::ArrowArray),
    (Tag::ArrowChunked, Layout::ArrowChunked),
    (Tag::ArrowTable, Layout::ArrowTable),
    (Tag::ArrowScalar, Layout::ArrowScalar),
    (Tag::Polars, Layout::Polars),
    (Tag::Geometry, Layout::Geometry),
    (Tag::Network, Layout::Network),
];

impl Tag {
    /// The name without `$`.
    pub fn name(self) -> &'static str {
        TAGS.get(self as usize).map_or("", |row| row.1)
    }

    /// MessagePack's extension code.
    pub fn code(self) -> i8 {
        TAGS.get(self as usize).map_or(0, |row| row.2)
    }

    /// The tag of an object of named fields: they have the same names.
    pub fn of_layout(layout: Layout) -> Tag {
        LAYOUTS.iter().find(|row| row.1 == layout).map_or(Tag::Dtype, |row| row.0)
    }

    /// The layout of the objects that have this tag, if they are objects of named fields.
    pub fn layout(self) -> Option<Layout> {
        LAYOUTS.iter().find(|row| row.0 == self).map(|row| row.1)
    }

    /// The tag of a name without `$`.
    pub fn of_name(name: &str) -> Option<Tag> {
        TAGS.iter().find(|row| row.1 == name).map(|row| row.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::layout::{Field, Holds};

    #[test]
    fn tags_are_in_order_and_their_codes_differ() {
        let mut codes = std::collections::HashSet::new();
        for (at, (tag, name, code)) in TAGS.iter().enumerate() {
            assert_eq!(*tag as usize, at);
            assert!(codes.insert(code), "{name}");
            assert_eq!(Tag::of_name(name), Some(*tag));
        }
    }

    #[test]
    fn every_layout_has_the_tag_of_its_name() {
        for layout in Layout::ALL {
            assert_eq!(Tag::of_layout(*layout).name(), layout.name());
        }
    }

    #[test]
    fn codes_are_those_of_the_documentation() {
        let text = include_str!("../../docs/mapping.md");
        let (_, section) = text.split_once("## The lossless mapping of MessagePack").expect("the section");
        let mut documented = Vec::new();
        for row in section.lines().filter(|line| line.starts_with("| ")) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let codes: Result<Vec<i8>, _> = cells[1].split(", ").map(str::parse).collect();
            if let Ok(codes) = codes {
                documented.extend(codes.into_iter().zip(cells[2].split(", ")));
            }
        }
        // What MessagePack has types for is named in a sentence.
        documented.extend([(1, "float"), (5, "bytes")]);
        documented.sort_unstable();
        let mut known: Vec<_> = TAGS.iter().map(|&(_, name, code)| (code, name)).collect();
        known.sort_unstable();
        assert_eq!(documented, known);
    }

    #[test]
    fn fields_are_those_of_the_documentation() {
        let text = include_str!("../../docs/mapping.md");
        let (_, section) = text.split_once("| tag | Python | shared | fields |").expect("the table");
        let documented: Vec<String> =
            section.lines().skip(2).take_while(|line| line.starts_with('|')).map(without_prose).collect();
        let known: Vec<String> = Layout::ALL.iter().map(|layout| row(*layout)).collect();
        assert_eq!(documented, known);
    }

    /// A row of the table without its second cell.
    fn without_prose(line: &str) -> String {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        format!("{} | {} | {}", cells[0], cells[2], cells[3])
    }

    fn row(layout: Layout) -> String {
        let fields: Vec<String> = layout.fields().iter().map(field).collect();
        let shared = if layout.keeps_identity() { "yes" } else { "no" };
        format!("{} | {shared} | {}", layout.name(), fields.join(", "))
    }

    fn field(field: &Field) -> String {
        let holds = match field.holds {
            Holds::Any => "V",
            Holds::Dtype => "DTYPE",
            Holds::Data => "DATA",
            Holds::Class => "CLASS",
        };
        format!("`{}{}: {holds}`", field.name, if field.optional { "?" } else { "" })
    }
}
