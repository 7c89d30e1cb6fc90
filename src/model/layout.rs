//! Objects of named fields: arrays, tensors, tables and what they are made of.
//!
//! One table says what each kind holds. Its struct is the typed face; the lossless mapping, Protocol Buffers and the readers go
//! by the table alone. A field is one item of the object, in the order of the table; an optional field that is not there is None.

use crate::limits::LimitExceededResult;
use crate::model::graph::{Graph, Kind};
use crate::model::value::{NodeId, Value};

/// What a field holds, and so how it is written inside its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Any value, written as it is anywhere.
    Any,
    /// A [`Dtype`]: written without its tag, as its text alone where that says everything.
    Dtype,
    /// Bytes, written bare (base64 in JSON); or a list.
    Data,
    /// A class: `[module, name]`.
    Class,
}

/// One field of a layout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub name: &'static str,
    pub holds: Holds,
    /// Whether it is left out where it is None.
    pub optional: bool,
}

/// An object of named fields in the making.
pub(crate) trait Structure {
    const LAYOUT: Layout;
    type Items: AsRef<[Value]>;

    fn items(&self) -> Self::Items;
}

impl Graph {
    /// A new object of named fields.
    pub fn structure<S: Structure>(&mut self, structure: &S) -> LimitExceededResult<Value> {
        self.object(Kind::Struct(S::LAYOUT), structure.items().as_ref()).map(Value::Object)
    }

    /// Turns a `Pending` object into one of named fields.
    pub fn become_structure<S: Structure>(&mut self, id: NodeId, structure: &S) -> LimitExceededResult<()> {
        self.become_kind(id, Kind::Struct(S::LAYOUT), structure.items().as_ref())
    }

    /// What kind of object a value is.
    pub fn kind_of(&self, value: Value) -> Option<Kind> {
        if let Value::Object(id) = value { Some(self.kind(id)) } else { None }
    }

    /// The layout of an object of named fields.
    pub fn layout(&self, value: Value) -> Option<(Layout, NodeId)> {
        match value {
            Value::Object(id) => match self.kind(id) {
                Kind::Struct(layout) => Some((layout, id)),
                _ => None,
            },
            _ => None,
        }
    }
}

macro_rules! optional {
    (!) => {
        false
    };
    (?) => {
        true
    };
}

macro_rules! identity {
    (object) => {
        true
    };
    (leaf) => {
        false
    };
}

macro_rules! layouts {
    ($($(#[$doc:meta])* $variant:ident $tag:ident $identity:tt {
        $($(#[$field_doc:meta])* $field:ident: $holds:ident $optional:tt,)*
    })*) => {
        /// Which fields an object has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub(crate) enum Layout { $($(#[$doc])* $variant,)* }

        impl Layout {
            /// Every layout.
            #[cfg(test)]
            pub const ALL: &'static [Layout] = &[$(Layout::$variant,)*];

            /// Its name in the lossless mapping, without `$`.
            pub fn name(self) -> &'static str {
                match self { $(Layout::$variant => stringify!($tag),)* }
            }

            /// Its fields, in order.
            pub fn fields(self) -> &'static [Field] {
                match self { $(Layout::$variant => &[$(Field {
                    name: stringify!($field),
                    holds: Holds::$holds,
                    optional: optional!($optional),
                },)*],)* }
            }

            /// Its class's name where Python would not take it as a key.
            pub fn unhashable(self) -> Option<&'static str> {
                if self.keeps_identity() && !self.is_key_by_identity() { Some(self.name()) } else { None }
            }

            /// Whether it is an array of pandas that is none of numpy's.
            pub fn is_pandas_array(self) -> bool {
                matches!(
                    self,
                    Layout::Categorical | Layout::DatetimeArray | Layout::TimedeltaArray
                        | Layout::PeriodArray | Layout::IntervalArray | Layout::NullableArray
                        | Layout::StringArray | Layout::ArrowExtension | Layout::SparseArray
                        | Layout::GeometryArray | Layout::PandasArray
                )
            }

            /// Whether Python takes it as a key that equals itself alone: tensors of torch, graphs of networkx.
            pub fn is_key_by_identity(self) -> bool {
                matches!(self, Layout::Tensor | Layout::SparseTensor | Layout::Storage | Layout::Network)
            }

            /// Whether two references to one such object differ from references to two equal ones.
            pub fn keeps_identity(self) -> bool {
                match self { $(Layout::$variant => identity!($identity),)* }
            }
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub(crate) struct $variant { $($(#[$field_doc])* pub $field: Value,)* }

            impl Default for $variant {
                fn default() -> Self { $variant { $($field: Value::None,)* } }
            }

            impl $variant {
                /// The fields of an object of this layout.
                #[allow(dead_code, reason = "some are only ever written by the table")]
                pub fn of(graph: &Graph, id: NodeId) -> Self {
                    let [$($field,)*] = graph.first(id);
                    $variant { $($field,)* }
                }
            }

            impl Structure for $variant {
                const LAYOUT: Layout = Layout::$variant;
                type Items = [Value; [$(stringify!($field)),*].len()];

                fn items(&self) -> Self::Items { [$(self.$field,)*] }
            }
        )*
    };
}

// A list of ints is a `List` of `Int`s unless said otherwise. "Text" is `Str`.
layouts! {
    // ---- numpy

    /// A numpy dtype. Exactly one of `str`, `fields` and `base` is there.
    Dtype dtype leaf {
        /// One scalar as numpy prints it: `<f8`, `|b1`, `|S3`, `<U3` (characters), `|V4`, `|O`, `<M8[25s]`, `<m8` (generic),
        /// `<f16` (longdouble); `T` is a StringDType.
        str: Any ?,
        /// Fields of a structured dtype: lists of name (text), dtype (a Dtype), offset (int) and perhaps title (text).
        fields: Any ?,
        /// Bytes of a structured dtype.
        itemsize: Any ?,
        /// True for a structured dtype that is aligned as C does.
        aligned: Any ?,
        /// True for the dtype of `numpy.record`.
        record: Any ?,
        /// The dtype of the elements of a sub-array.
        base: Dtype ?,
        /// The shape of a sub-array: a list of ints.
        shape: Any ?,
        /// What the user attached: a dict.
        metadata: Any ?,
        /// Whether a StringDType coerces (a bool).
        coerce: Any ?,
        /// What stands for a missing value of a StringDType: a list of that one value.
        na_object: Any ?,
    }

    /// An array: `numpy.ndarray` and its subclasses, masked arrays.
    Ndarray ndarray object {
        dtype: Dtype !,
        /// A list of ints; empty for an array of no dimensions.
        shape: Any !,
        /// Bytes in the dtype's byte order, elements as `order` says; a list of elements in C order where the dtype holds
        /// objects (an element of a structured dtype is a tuple).
        data: Data !,
        /// Text `F` where `data` is bytes in Fortran order.
        order: Any ?,
        /// The subclass.
        class: Class ?,
        /// The mask of a masked array: one byte per element (per leaf field of a structured dtype), in the order of `data`.
        mask: Data ?,
        /// The fill value of a masked array.
        fill_value: Any ?,
        /// The class below a masked array where it is not ndarray.
        base_class: Class ?,
        /// What a subclass keeps beside: a tuple.
        own: Any ?,
    }

    /// A numpy scalar.
    Scalar scalar leaf {
        dtype: Dtype !,
        /// The bytes of one element in the dtype's byte order; a list of the fields' values where the dtype holds objects.
        data: Data !,
    }

    // ---- scipy

    /// A sparse matrix or array of scipy.
    Sparse sparse object {
        class: Class !,
        /// Text: `csr`, `csc`, `bsr`, `coo`, `dia`, `lil`, `dok`.
        format: Any !,
        /// A list of ints.
        shape: Any !,
        /// Arrays (Ndarray).
        data: Any ?,
        indices: Any ?,
        indptr: Any ?,
        /// A list of one array per axis (coo).
        coords: Any ?,
        offsets: Any ?,
        rows: Any ?,
        /// A dict of keys and values (dok).
        items: Any ?,
        /// What else the state holds: a dict.
        own: Any ?,
    }

    // ---- torch

    /// A storage of torch: bytes that tensors are views of.
    Storage storage object {
        /// Text: the dtype of its elements as torch names it (`float32`); None for an untyped one.
        dtype: Any ?,
        /// Text: `cpu`, `cuda:0` …
        location: Any ?,
        /// Bytes, little-endian.
        data: Data !,
    }

    /// A strided tensor of torch.
    Tensor tensor object {
        /// Text, as torch names it: `float32`, `bfloat16`, `float8_e4m3fn`, `quint8` …
        dtype: Any !,
        /// A list of ints.
        shape: Any !,
        /// A list of ints, in elements; left out where the tensor is contiguous in C order.
        stride: Any ?,
        /// The first element, in elements; left out where it is 0.
        offset: Any ?,
        /// A Storage.
        storage: Any !,
        requires_grad: Any ?,
        /// The subclass: `torch.nn.parameter.Parameter` …
        class: Class ?,
        /// True where the elements are to be conjugated, or negated, when they are read.
        conj: Any ?,
        neg: Any ?,
        /// A dict: `qscheme` (text), `scale`, `zero_point`, `axis`.
        quantized: Any ?,
        /// Attributes: a dict.
        own: Any ?,
    }

    /// A sparse tensor of torch.
    SparseTensor sparse_tensor object {
        /// Text: `sparse_coo`, `sparse_csr` …
        layout: Any !,
        shape: Any !,
        /// Tensors.
        indices: Any ?,
        crow: Any ?,
        col: Any ?,
        values: Any !,
        is_coalesced: Any ?,
        requires_grad: Any ?,
        /// Tensors: what `crow` and `col` are where columns are compressed.
        ccol: Any ?,
        row: Any ?,
    }

    // ---- pandas: tables

    /// A DataFrame.
    DataFrame dataframe object {
        /// The subclass.
        class: Class ?,
        /// An index of the column labels.
        columns: Any !,
        /// An index of the rows.
        index: Any !,
        /// A list of one array per column, in the order of `columns`.
        data: Any !,
        /// A dict, where it is not empty.
        attrs: Any ?,
        /// A dict, where it differs from pandas' default.
        flags: Any ?,
        /// What a subclass keeps beside: a dict.
        own: Any ?,
    }

    /// A Series.
    Series series object {
        class: Class ?,
        name: Any ?,
        index: Any !,
        /// An array.
        data: Any !,
        attrs: Any ?,
        flags: Any ?,
        own: Any ?,
    }

    /// An index of one level: any but RangeIndex and MultiIndex.
    Index index object {
        /// The class as pandas 3 names it: `pandas.Index`, `pandas.DatetimeIndex` …; `pandas.Int64Index` and its kind where the
        /// writer had them.
        class: Class !,
        name: Any ?,
        /// An array.
        data: Any !,
        /// Text or an Offset.
        freq: Any ?,
    }

    /// A RangeIndex.
    RangeIndex rangeindex object {
        name: Any ?,
        start: Any !,
        stop: Any !,
        step: Any !,
    }

    /// A MultiIndex.
    MultiIndex multiindex object {
        /// A list of indexes.
        levels: Any !,
        /// A list of arrays of ints, one per level; -1 is missing.
        codes: Any !,
        /// A list of names.
        names: Any !,
        sortorder: Any ?,
    }

    // ---- pandas: arrays (a plain numpy array stands as Ndarray)

    /// A Categorical.
    Categorical categorical object {
        /// An index; None where there are none.
        categories: Any ?,
        /// An Ndarray of ints; -1 is missing.
        codes: Any !,
        /// A bool.
        ordered: Any !,
    }

    /// A DatetimeArray, with or without zone.
    DatetimeArray datetimearray object {
        /// An Ndarray of `M8[unit]`, UTC where there is a zone.
        data: Any !,
        /// A zone.
        tz: Any ?,
        freq: Any ?,
    }

    /// A TimedeltaArray.
    TimedeltaArray timedeltaarray object {
        /// An Ndarray of `m8[unit]`.
        data: Any !,
        freq: Any ?,
    }

    /// A PeriodArray.
    PeriodArray periodarray object {
        /// An Ndarray of int64: ordinals; the smallest is missing.
        data: Any !,
        /// Text (`M`, `Q-DEC`) or an Offset.
        freq: Any !,
    }

    /// An IntervalArray.
    IntervalArray intervalarray object {
        /// Arrays or indexes.
        left: Any !,
        right: Any !,
        /// Text: `left`, `right`, `both`, `neither`.
        closed: Any !,
    }

    /// An array with a mask: IntegerArray, FloatingArray, BooleanArray.
    NullableArray nullablearray object {
        /// An Ndarray.
        data: Any !,
        /// An Ndarray of bool; true is missing.
        mask: Any !,
    }

    /// A StringArray of any storage.
    StringArray stringarray object {
        /// An Ndarray of objects, an ArrowArray or an ArrowChunked.
        data: Any !,
        /// Text: `python`, `pyarrow`, `pyarrow_numpy`.
        storage: Any !,
        /// What stands for a missing value: NA or a NaN.
        na_value: Any !,
    }

    /// An ArrowExtensionArray.
    ArrowExtension arrowextension object {
        /// An ArrowArray or an ArrowChunked.
        data: Any !,
    }

    /// A SparseArray.
    SparseArray sparsearray object {
        /// The length of the dense array.
        length: Any !,
        /// An Ndarray of the values that are stored.
        data: Any !,
        /// An Ndarray of their places; or of the first place of each block.
        indices: Any !,
        /// An Ndarray of the lengths of blocks (a BlockIndex); left out for an IntIndex.
        lengths: Any ?,
        fill_value: Any !,
    }

    /// A GeometryArray of geopandas.
    GeometryArray geometryarray object {
        /// An Ndarray of objects: WKB bytes, geometries, None.
        data: Any !,
        /// Text or None.
        crs: Any ?,
    }

    /// A PandasArray (NumpyExtensionArray).
    PandasArray pandasarray object {
        /// An Ndarray.
        data: Any !,
    }

    // ---- pandas: scalars

    /// A Timestamp.
    Timestamp timestamp leaf {
        /// Since 1970 in `unit`s, UTC where there is a zone.
        value: Any !,
        /// Text: `s`, `ms`, `us`, `ns`.
        unit: Any !,
        tz: Any ?,
        freq: Any ?,
    }

    /// A Timedelta of pandas.
    PdTimedelta pd_timedelta leaf {
        value: Any !,
        unit: Any !,
    }

    /// A Period.
    Period period leaf {
        ordinal: Any !,
        freq: Any !,
    }

    /// An Interval.
    Interval interval leaf {
        left: Any !,
        right: Any !,
        closed: Any !,
    }

    /// A dtype of pandas.
    PdDtype pd_dtype leaf {
        class: Class !,
        /// A dict of its parameters: `categories`, `ordered`, `unit`, `tz`, `freq` …
        params: Any ?,
    }

    /// A frequency of pandas.
    Offset offset leaf {
        class: Class !,
        n: Any ?,
        normalize: Any ?,
        /// A dict of what else it was given.
        params: Any ?,
    }

    // ---- pyarrow

    /// A type of Arrow.
    ArrowType arrow_type leaf {
        /// Text: what pyarrow calls it (`int64`, `list_`, `timestamp` …).
        name: Any !,
        /// A list of parameters.
        params: Any ?,
    }

    /// A field of Arrow.
    ArrowField arrow_field leaf {
        name: Any !,
        /// An ArrowType.
        datatype: Any !,
        nullable: Any !,
        metadata: Any ?,
    }

    /// A schema of Arrow.
    ArrowSchema arrow_schema leaf {
        /// A list of ArrowFields.
        fields: Any !,
        metadata: Any ?,
    }

    /// An array of Arrow, by its buffers (Arrow columnar format, "Physical memory layout").
    ArrowArray arrow_array object {
        /// An ArrowType.
        datatype: Any !,
        length: Any !,
        null_count: Any !,
        offset: Any !,
        /// A list of bytes and Nones.
        buffers: Any !,
        /// A list of ArrowArrays.
        children: Any ?,
        /// An ArrowArray.
        dictionary: Any ?,
    }

    /// A chunked array of Arrow.
    ArrowChunked arrow_chunked object {
        datatype: Any !,
        /// A list of ArrowArrays.
        chunks: Any !,
    }

    /// A table or record batch of Arrow.
    ArrowTable arrow_table object {
        /// An ArrowSchema.
        schema: Any !,
        /// A list of ArrowChunked (a table) or ArrowArrays (a record batch).
        columns: Any !,
    }

    /// A scalar of Arrow.
    ArrowScalar arrow_scalar leaf {
        value: Any !,
        datatype: Any !,
    }

    // ---- others

    /// A Series or DataFrame of polars.
    Polars polars object {
        class: Class !,
        /// An Arrow IPC stream (bytes), or a list of Series.
        data: Data !,
    }

    /// A geometry of shapely.
    Geometry geometry leaf {
        class: Class ?,
        /// Well-known binary.
        wkb: Data !,
    }

    /// A graph of networkx.
    Network network object {
        class: Class !,
        /// Dicts: the graph's attributes; node to attributes; node to neighbour to attributes (or to key to attributes).
        graph: Any !,
        nodes: Any !,
        adjacency: Any !,
        /// What else the state holds: a dict.
        own: Any ?,
    }
}
