//! The messages of `proto/depickle/v1/value.proto`, as `prost-build` 0.14 writes them from it; a test holds the two together.

/// One message of the file.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Frame {
    #[prost(oneof = "frame::Frame", tags = "1, 2, 3")]
    pub frame: ::core::option::Option<frame::Frame>,
}
/// Nested message and enum types in `Frame`.
pub mod frame {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Frame {
        /// The first message of every file.
        #[prost(message, tag = "1")]
        Header(super::Header),
        /// Something that values and other definitions refer to.
        #[prost(message, tag = "2")]
        Definition(super::Definition),
        /// What one pickle holds.
        #[prost(message, tag = "3")]
        Value(super::Value),
    }
}
/// What the file is.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Header {
    /// The program that wrote it, such as `depickle 0.1.0`.
    #[prost(string, tag = "1")]
    pub producer: ::prost::alloc::string::String,
    /// The version of this schema: 1. Higher versions only add fields and kinds.
    #[prost(uint32, tag = "2")]
    pub version: u32,
    /// How many `Frame.value` follow.
    #[prost(uint64, tag = "3")]
    pub pickles: u64,
}
/// A value that stands out of line.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Definition {
    /// Its number: 1 for the first of the file, one more for each that follows.
    #[prost(fixed32, tag = "1")]
    pub id: u32,
    /// The value; never a reference.
    #[prost(message, optional, tag = "2")]
    pub value: ::core::option::Option<Value>,
}
/// One Python value.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Value {
    #[prost(
        oneof = "value::Kind",
        tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46"
    )]
    pub kind: ::core::option::Option<value::Kind>,
}
/// Nested message and enum types in `Value`.
pub mod value {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum Kind {
        /// `None`; always true.
        #[prost(bool, tag = "1")]
        NoneValue(bool),
        /// A bool.
        #[prost(bool, tag = "2")]
        BoolValue(bool),
        /// An int of at most 64 bits.
        #[prost(sint64, tag = "3")]
        IntValue(i64),
        /// A float; a NaN keeps its bits.
        #[prost(double, tag = "4")]
        FloatValue(f64),
        /// A str.
        #[prost(string, tag = "5")]
        StrValue(::prost::alloc::string::String),
        /// Bytes.
        #[prost(bytes, tag = "6")]
        BytesValue(::prost::alloc::vec::Vec<u8>),
        /// A list.
        #[prost(message, tag = "7")]
        ListValue(super::Sequence),
        /// A tuple.
        #[prost(message, tag = "8")]
        TupleValue(super::Sequence),
        /// A dict.
        #[prost(message, tag = "9")]
        DictValue(super::Mapping),
        /// What stands in the definition of this number.
        #[prost(fixed32, tag = "10")]
        Reference(u32),
        /// An instance of a class that was admitted or is harmless, or an uncalled function.
        #[prost(message, tag = "11")]
        InstanceValue(super::Instance),
        /// An int of more than 64 bits: two's complement, big-endian, as few bytes as hold it.
        #[prost(bytes, tag = "16")]
        BigIntValue(::prost::alloc::vec::Vec<u8>),
        /// A str with lone surrogates: UTF-8, each surrogate as three bytes (Python's `surrogatepass`).
        #[prost(bytes, tag = "17")]
        Wtf8Value(::prost::alloc::vec::Vec<u8>),
        /// An 8-bit str of Python 2 of which nobody has said whether it is text.
        #[prost(bytes, tag = "18")]
        Py2StrValue(::prost::alloc::vec::Vec<u8>),
        /// A bytearray.
        #[prost(bytes, tag = "19")]
        BytearrayValue(::prost::alloc::vec::Vec<u8>),
        /// A complex.
        #[prost(message, tag = "20")]
        ComplexValue(super::Complex),
        /// A set.
        #[prost(message, tag = "21")]
        SetValue(super::Sequence),
        /// A frozenset.
        #[prost(message, tag = "22")]
        FrozensetValue(super::Sequence),
        /// A collections.deque.
        #[prost(message, tag = "23")]
        DequeValue(super::Deque),
        /// A collections.OrderedDict.
        #[prost(message, tag = "24")]
        OrderedDictValue(::prost::alloc::boxed::Box<super::OrderedDict>),
        /// A collections.defaultdict.
        #[prost(message, tag = "25")]
        DefaultDictValue(::prost::alloc::boxed::Box<super::DefaultDict>),
        /// A collections.Counter.
        #[prost(message, tag = "26")]
        CounterValue(super::Mapping),
        /// A datetime.date.
        #[prost(message, tag = "27")]
        DateValue(super::Date),
        /// A datetime.time.
        #[prost(message, tag = "28")]
        TimeValue(::prost::alloc::boxed::Box<super::Time>),
        /// A datetime.datetime.
        #[prost(message, tag = "29")]
        DatetimeValue(::prost::alloc::boxed::Box<super::DateTime>),
        /// A datetime.timedelta.
        #[prost(message, tag = "30")]
        TimedeltaValue(super::TimeDelta),
        /// A datetime.timezone.
        #[prost(message, tag = "31")]
        TimezoneValue(::prost::alloc::boxed::Box<super::Timezone>),
        /// The key of a zoneinfo.ZoneInfo.
        #[prost(string, tag = "32")]
        ZoneInfoValue(::prost::alloc::string::String),
        /// A time zone of pytz.
        #[prost(message, tag = "33")]
        PytzValue(::prost::alloc::boxed::Box<super::Pytz>),
        /// A time zone of dateutil.
        #[prost(message, tag = "34")]
        DateutilValue(::prost::alloc::boxed::Box<super::Dateutil>),
        /// A decimal.Decimal as str() prints it.
        #[prost(string, tag = "35")]
        DecimalValue(::prost::alloc::string::String),
        /// A fractions.Fraction as str() prints it: `-1/3`; `3` where it is whole.
        #[prost(string, tag = "36")]
        FractionValue(::prost::alloc::string::String),
        /// A uuid.UUID.
        #[prost(message, tag = "37")]
        UuidValue(super::Uuid),
        /// A pathlib path.
        #[prost(message, tag = "38")]
        PathValue(super::Path),
        /// An address, network or interface of ipaddress.
        #[prost(message, tag = "39")]
        IpValue(super::Ip),
        /// A range.
        #[prost(message, tag = "40")]
        RangeValue(::prost::alloc::boxed::Box<super::Range>),
        /// A slice.
        #[prost(message, tag = "41")]
        SliceValue(::prost::alloc::boxed::Box<super::Slice>),
        /// Ellipsis or NotImplemented.
        #[prost(enumeration = "super::Singleton", tag = "42")]
        SingletonValue(i32),
        /// An array.array.
        #[prost(message, tag = "43")]
        ArrayValue(super::Array),
        /// A class or function left as a value.
        #[prost(message, tag = "44")]
        GlobalValue(super::Global),
        /// An exception.
        #[prost(message, tag = "45")]
        ExceptionValue(super::Instance),
        /// An array, tensor, table or one of their parts.
        #[prost(message, tag = "46")]
        StructureValue(super::Structure),
    }
}
/// Values in order.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Sequence {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    pub items: ::prost::alloc::vec::Vec<Value>,
}
/// Keys and values in order; no two keys are equal in Python's sense.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Mapping {
    /// The entries.
    #[prost(message, repeated, tag = "1")]
    pub entries: ::prost::alloc::vec::Vec<Entry>,
}
/// A key and its value.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Entry {
    /// The key: any hashable value.
    #[prost(message, optional, tag = "1")]
    pub key: ::core::option::Option<Value>,
    /// The value.
    #[prost(message, optional, tag = "2")]
    pub value: ::core::option::Option<Value>,
}
/// A complex number.
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub struct Complex {
    /// The real part.
    #[prost(double, tag = "1")]
    pub real: f64,
    /// The imaginary part.
    #[prost(double, tag = "2")]
    pub imag: f64,
}
/// A collections.deque.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Deque {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    pub items: ::prost::alloc::vec::Vec<Value>,
    /// The most values it holds; absent where it has no bound.
    #[prost(uint64, optional, tag = "2")]
    pub maxlen: ::core::option::Option<u64>,
}
/// A collections.OrderedDict.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct OrderedDict {
    /// The entries.
    #[prost(message, repeated, tag = "1")]
    pub entries: ::prost::alloc::vec::Vec<Entry>,
    /// The state of its instance attributes; absent where it has none.
    #[prost(message, optional, boxed, tag = "2")]
    pub state: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
}
/// A collections.defaultdict.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct DefaultDict {
    /// The entries.
    #[prost(message, repeated, tag = "1")]
    pub entries: ::prost::alloc::vec::Vec<Entry>,
    /// What makes missing values: a global; absent where it is None.
    #[prost(message, optional, boxed, tag = "2")]
    pub factory: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
}
/// A date of the proleptic Gregorian calendar.
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Date {
    /// 1 to 9999.
    #[prost(uint32, tag = "1")]
    pub year: u32,
    /// 1 to 12.
    #[prost(uint32, tag = "2")]
    pub month: u32,
    /// 1 to 31.
    #[prost(uint32, tag = "3")]
    pub day: u32,
}
/// A time of day.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Time {
    /// 0 to 23.
    #[prost(uint32, tag = "1")]
    pub hour: u32,
    /// 0 to 59.
    #[prost(uint32, tag = "2")]
    pub minute: u32,
    /// 0 to 59.
    #[prost(uint32, tag = "3")]
    pub second: u32,
    /// 0 to 999999.
    #[prost(uint32, tag = "4")]
    pub microsecond: u32,
    /// The second of two equal wall-clock times.
    #[prost(bool, tag = "5")]
    pub fold: bool,
    /// The time zone; absent where the time is naive.
    #[prost(message, optional, boxed, tag = "6")]
    pub tzinfo: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
}
/// A date and a time of the wall clock.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct DateTime {
    /// 1 to 9999.
    #[prost(uint32, tag = "1")]
    pub year: u32,
    /// 1 to 12.
    #[prost(uint32, tag = "2")]
    pub month: u32,
    /// 1 to 31.
    #[prost(uint32, tag = "3")]
    pub day: u32,
    /// 0 to 23.
    #[prost(uint32, tag = "4")]
    pub hour: u32,
    /// 0 to 59.
    #[prost(uint32, tag = "5")]
    pub minute: u32,
    /// 0 to 59.
    #[prost(uint32, tag = "6")]
    pub second: u32,
    /// 0 to 999999.
    #[prost(uint32, tag = "7")]
    pub microsecond: u32,
    /// The second of two equal wall-clock times.
    #[prost(bool, tag = "8")]
    pub fold: bool,
    /// The time zone; absent where the datetime is naive.
    #[prost(message, optional, boxed, tag = "9")]
    pub tzinfo: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
}
/// A span of time, normalised as Python does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
pub struct TimeDelta {
    /// -999999999 to 999999999.
    #[prost(sint32, tag = "1")]
    pub days: i32,
    /// 0 to 86399.
    #[prost(uint32, tag = "2")]
    pub seconds: u32,
    /// 0 to 999999.
    #[prost(uint32, tag = "3")]
    pub microseconds: u32,
}
/// A datetime.timezone.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Timezone {
    /// The offset from UTC in microseconds, less than 24 hours either way.
    #[prost(sint64, tag = "1")]
    pub offset_us: i64,
    /// The name, a str; absent where none was given.
    #[prost(message, optional, boxed, tag = "2")]
    pub name: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
}
/// A time zone of pytz: one of the database, perhaps fixed to one of its offsets, or a fixed offset.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Pytz {
    /// The name in the database, `UTC` too; empty for a fixed offset.
    #[prost(string, tag = "1")]
    pub zone: ::prost::alloc::string::String,
    /// What the zone was fixed to; absent where it was not.
    #[prost(message, optional, boxed, tag = "2")]
    pub fixed: ::core::option::Option<::prost::alloc::boxed::Box<PytzFixed>>,
    /// The minutes of a `pytz.FixedOffset`.
    #[prost(sint32, optional, tag = "3")]
    pub minutes: ::core::option::Option<i32>,
}
/// One of the offsets of a zone.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct PytzFixed {
    /// The offset from UTC in seconds.
    #[prost(sint32, tag = "1")]
    pub utcoffset: i32,
    /// The part of it that is daylight saving time, in seconds.
    #[prost(sint32, tag = "2")]
    pub dst: i32,
    /// The abbreviation, a str.
    #[prost(message, optional, boxed, tag = "3")]
    pub name: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
}
/// A time zone of dateutil.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Dateutil {
    /// Which class.
    #[prost(enumeration = "DateutilClass", tag = "1")]
    pub kind: i32,
    /// The name (a str or None) of a tzoffset or tzfile.
    #[prost(message, optional, boxed, tag = "2")]
    pub name: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
    /// The offset of a tzoffset, a timedelta.
    #[prost(message, optional, boxed, tag = "3")]
    pub offset: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
    /// The state of a tzlocal or tzfile.
    #[prost(message, optional, boxed, tag = "4")]
    pub state: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
}
/// A uuid.UUID.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Uuid {
    /// 16 bytes, big-endian.
    #[prost(bytes = "vec", tag = "1")]
    pub bytes: ::prost::alloc::vec::Vec<u8>,
    /// `is_safe`: 0 or -1; absent where it is not known.
    #[prost(sint32, optional, tag = "2")]
    pub is_safe: ::core::option::Option<i32>,
}
/// A pathlib path.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Path {
    /// Which class.
    #[prost(enumeration = "PathClass", tag = "1")]
    pub kind: i32,
    /// What str() prints.
    #[prost(oneof = "path::Text", tags = "2, 3")]
    pub text: ::core::option::Option<path::Text>,
}
/// Nested message and enum types in `Path`.
pub mod path {
    /// What str() prints.
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Oneof)]
    pub enum Text {
        /// As UTF-8.
        #[prost(string, tag = "2")]
        Path(::prost::alloc::string::String),
        /// With lone surrogates, as in `Value.wtf8_value`.
        #[prost(bytes, tag = "3")]
        Wtf8Path(::prost::alloc::vec::Vec<u8>),
    }
}
/// An address, network or interface.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Ip {
    /// Which class.
    #[prost(enumeration = "IpClass", tag = "1")]
    pub kind: i32,
    /// What str() prints.
    #[prost(string, tag = "2")]
    pub value: ::prost::alloc::string::String,
}
/// A range.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Range {
    /// The first int.
    #[prost(message, optional, boxed, tag = "1")]
    pub start: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
    /// The int before which it ends.
    #[prost(message, optional, boxed, tag = "2")]
    pub stop: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
    /// The int between two.
    #[prost(message, optional, boxed, tag = "3")]
    pub step: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
}
/// A slice.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Slice {
    /// Any value, mostly an int or None.
    #[prost(message, optional, boxed, tag = "1")]
    pub start: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
    /// Any value, mostly an int or None.
    #[prost(message, optional, boxed, tag = "2")]
    pub stop: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
    /// Any value, mostly an int or None.
    #[prost(message, optional, boxed, tag = "3")]
    pub step: ::core::option::Option<::prost::alloc::boxed::Box<Value>>,
}
/// An array.array. The machine format of its elements decides which field holds them; all others are empty.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Array {
    /// One character.
    #[prost(string, tag = "1")]
    pub typecode: ::prost::alloc::string::String,
    /// Elements of a signed type (b h i l q).
    #[prost(sint64, repeated, tag = "2")]
    pub ints: ::prost::alloc::vec::Vec<i64>,
    /// Elements of an unsigned type (B H I L Q).
    #[prost(uint64, repeated, tag = "3")]
    pub uints: ::prost::alloc::vec::Vec<u64>,
    /// Elements of type f.
    #[prost(float, repeated, tag = "4")]
    pub floats: ::prost::alloc::vec::Vec<f32>,
    /// Elements of type d.
    #[prost(double, repeated, tag = "5")]
    pub doubles: ::prost::alloc::vec::Vec<f64>,
    /// Characters (u w) as in `Value.wtf8_value`: UTF-8 but for lone surrogates.
    #[prost(bytes = "vec", tag = "6")]
    pub text: ::prost::alloc::vec::Vec<u8>,
    /// Elements of Python 2's type c.
    #[prost(bytes = "vec", tag = "7")]
    pub chars: ::prost::alloc::vec::Vec<u8>,
}
/// A class or function by its name; Python 2 names are mapped to Python 3.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
pub struct Global {
    /// The module.
    #[prost(string, tag = "1")]
    pub module: ::prost::alloc::string::String,
    /// The qualified name.
    #[prost(string, tag = "2")]
    pub name: ::prost::alloc::string::String,
}
/// An object of named fields: an array, tensor, table, or what they are made of. docs/mapping.md lists the kinds and their fields.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Structure {
    /// What it is, as the lossless mapping of JSON names it without `$`: `ndarray`, `dataframe` …
    #[prost(string, tag = "1")]
    pub kind: ::prost::alloc::string::String,
    /// The fields that are there, in the order of the documentation.
    #[prost(message, repeated, tag = "2")]
    pub fields: ::prost::alloc::vec::Vec<StructureField>,
}
/// A named field.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct StructureField {
    /// The name.
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
    /// The value. Bytes of an array are in the byte order that its dtype says and in the order of elements that `order` says.
    #[prost(message, optional, tag = "2")]
    pub value: ::core::option::Option<Value>,
}
/// What the pickle says of an instance; nothing was imported or called.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Instance {
    /// The class, or the function that would have been called.
    #[prost(message, optional, tag = "1")]
    pub class_name: ::core::option::Option<Global>,
    /// How it was asked for.
    #[prost(enumeration = "How", tag = "2")]
    pub how: i32,
    /// The arguments.
    #[prost(message, repeated, tag = "3")]
    pub args: ::prost::alloc::vec::Vec<Value>,
    /// The keyword arguments; absent where the pickle has no place for them.
    #[prost(message, optional, tag = "4")]
    pub kwargs: ::core::option::Option<Mapping>,
    /// What was done to it afterwards, in order.
    #[prost(message, repeated, tag = "5")]
    pub then: ::prost::alloc::vec::Vec<Then>,
}
/// One thing that was done to an instance.
#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Then {
    #[prost(oneof = "then::What", tags = "1, 2, 3, 4")]
    pub what: ::core::option::Option<then::What>,
}
/// Nested message and enum types in `Then`.
pub mod then {
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum What {
        /// BUILD: the state.
        #[prost(message, tag = "1")]
        State(super::Value),
        /// APPEND(S), ADDITEMS: the items.
        #[prost(message, tag = "2")]
        Items(super::Sequence),
        /// SETITEM(S): keys and values.
        #[prost(message, tag = "3")]
        DictItems(super::Mapping),
        /// A state setter that was called on it: the function, then its arguments without the object itself.
        #[prost(message, tag = "4")]
        Call(super::Sequence),
    }
}
/// The classes of dateutil.tz.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum DateutilClass {
    /// Never written.
    Unspecified = 0,
    /// tzutc
    Tzutc = 1,
    /// tzoffset
    Tzoffset = 2,
    /// tzlocal
    Tzlocal = 3,
    /// tzfile
    Tzfile = 4,
}
impl DateutilClass {
    /// String value of the enum field names used in the ProtoBuf definition.
    ///
    /// The values are not transformed in any way and thus are considered stable
    /// (if the ProtoBuf definition does not change) and safe for programmatic use.
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "DATEUTIL_CLASS_UNSPECIFIED",
            Self::Tzutc => "DATEUTIL_CLASS_TZUTC",
            Self::Tzoffset => "DATEUTIL_CLASS_TZOFFSET",
            Self::Tzlocal => "DATEUTIL_CLASS_TZLOCAL",
            Self::Tzfile => "DATEUTIL_CLASS_TZFILE",
        }
    }
    /// Creates an enum from field names used in the ProtoBuf definition.
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "DATEUTIL_CLASS_UNSPECIFIED" => Some(Self::Unspecified),
            "DATEUTIL_CLASS_TZUTC" => Some(Self::Tzutc),
            "DATEUTIL_CLASS_TZOFFSET" => Some(Self::Tzoffset),
            "DATEUTIL_CLASS_TZLOCAL" => Some(Self::Tzlocal),
            "DATEUTIL_CLASS_TZFILE" => Some(Self::Tzfile),
            _ => None,
        }
    }
}
/// The classes of pathlib.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum PathClass {
    /// Never written.
    Unspecified = 0,
    /// PurePosixPath
    PurePosixPath = 1,
    /// PureWindowsPath
    PureWindowsPath = 2,
    /// PosixPath
    PosixPath = 3,
    /// WindowsPath
    WindowsPath = 4,
}
impl PathClass {
    /// String value of the enum field names used in the ProtoBuf definition.
    ///
    /// The values are not transformed in any way and thus are considered stable
    /// (if the ProtoBuf definition does not change) and safe for programmatic use.
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "PATH_CLASS_UNSPECIFIED",
            Self::PurePosixPath => "PATH_CLASS_PURE_POSIX_PATH",
            Self::PureWindowsPath => "PATH_CLASS_PURE_WINDOWS_PATH",
            Self::PosixPath => "PATH_CLASS_POSIX_PATH",
            Self::WindowsPath => "PATH_CLASS_WINDOWS_PATH",
        }
    }
    /// Creates an enum from field names used in the ProtoBuf definition.
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "PATH_CLASS_UNSPECIFIED" => Some(Self::Unspecified),
            "PATH_CLASS_PURE_POSIX_PATH" => Some(Self::PurePosixPath),
            "PATH_CLASS_PURE_WINDOWS_PATH" => Some(Self::PureWindowsPath),
            "PATH_CLASS_POSIX_PATH" => Some(Self::PosixPath),
            "PATH_CLASS_WINDOWS_PATH" => Some(Self::WindowsPath),
            _ => None,
        }
    }
}
/// The classes of ipaddress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum IpClass {
    /// Never written.
    Unspecified = 0,
    /// IPv4Address
    Ipv4Address = 1,
    /// IPv6Address
    Ipv6Address = 2,
    /// IPv4Network
    Ipv4Network = 3,
    /// IPv6Network
    Ipv6Network = 4,
    /// IPv4Interface
    Ipv4Interface = 5,
    /// IPv6Interface
    Ipv6Interface = 6,
}
impl IpClass {
    /// String value of the enum field names used in the ProtoBuf definition.
    ///
    /// The values are not transformed in any way and thus are considered stable
    /// (if the ProtoBuf definition does not change) and safe for programmatic use.
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "IP_CLASS_UNSPECIFIED",
            Self::Ipv4Address => "IP_CLASS_IPV4_ADDRESS",
            Self::Ipv6Address => "IP_CLASS_IPV6_ADDRESS",
            Self::Ipv4Network => "IP_CLASS_IPV4_NETWORK",
            Self::Ipv6Network => "IP_CLASS_IPV6_NETWORK",
            Self::Ipv4Interface => "IP_CLASS_IPV4_INTERFACE",
            Self::Ipv6Interface => "IP_CLASS_IPV6_INTERFACE",
        }
    }
    /// Creates an enum from field names used in the ProtoBuf definition.
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "IP_CLASS_UNSPECIFIED" => Some(Self::Unspecified),
            "IP_CLASS_IPV4_ADDRESS" => Some(Self::Ipv4Address),
            "IP_CLASS_IPV6_ADDRESS" => Some(Self::Ipv6Address),
            "IP_CLASS_IPV4_NETWORK" => Some(Self::Ipv4Network),
            "IP_CLASS_IPV6_NETWORK" => Some(Self::Ipv6Network),
            "IP_CLASS_IPV4_INTERFACE" => Some(Self::Ipv4Interface),
            "IP_CLASS_IPV6_INTERFACE" => Some(Self::Ipv6Interface),
            _ => None,
        }
    }
}
/// Singletons without a kind of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum Singleton {
    /// Never written.
    Unspecified = 0,
    /// Ellipsis
    Ellipsis = 1,
    /// NotImplemented
    NotImplemented = 2,
    /// pandas.NaT
    Nat = 3,
    /// pandas.NA
    Na = 4,
    /// numpy.ma.masked
    Masked = 5,
}
impl Singleton {
    /// String value of the enum field names used in the ProtoBuf definition.
    ///
    /// The values are not transformed in any way and thus are considered stable
    /// (if the ProtoBuf definition does not change) and safe for programmatic use.
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "SINGLETON_UNSPECIFIED",
            Self::Ellipsis => "SINGLETON_ELLIPSIS",
            Self::NotImplemented => "SINGLETON_NOT_IMPLEMENTED",
            Self::Nat => "SINGLETON_NAT",
            Self::Na => "SINGLETON_NA",
            Self::Masked => "SINGLETON_MASKED",
        }
    }
    /// Creates an enum from field names used in the ProtoBuf definition.
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "SINGLETON_UNSPECIFIED" => Some(Self::Unspecified),
            "SINGLETON_ELLIPSIS" => Some(Self::Ellipsis),
            "SINGLETON_NOT_IMPLEMENTED" => Some(Self::NotImplemented),
            "SINGLETON_NAT" => Some(Self::Nat),
            "SINGLETON_NA" => Some(Self::Na),
            "SINGLETON_MASKED" => Some(Self::Masked),
            _ => None,
        }
    }
}
/// How an instance was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
#[repr(i32)]
pub enum How {
    /// Never written.
    Unspecified = 0,
    /// By `cls.__new__` (NEWOBJ, NEWOBJ_EX, `copyreg._reconstructor`, `copyreg.__newobj__`).
    New = 1,
    /// By a call of the name (REDUCE).
    Call = 2,
    /// As an old-style instance (INST, OBJ).
    Instance = 3,
}
impl How {
    /// String value of the enum field names used in the ProtoBuf definition.
    ///
    /// The values are not transformed in any way and thus are considered stable
    /// (if the ProtoBuf definition does not change) and safe for programmatic use.
    pub fn as_str_name(&self) -> &'static str {
        match self {
            Self::Unspecified => "HOW_UNSPECIFIED",
            Self::New => "HOW_NEW",
            Self::Call => "HOW_CALL",
            Self::Instance => "HOW_INSTANCE",
        }
    }
    /// Creates an enum from field names used in the ProtoBuf definition.
    pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
        match value {
            "HOW_UNSPECIFIED" => Some(Self::Unspecified),
            "HOW_NEW" => Some(Self::New),
            "HOW_CALL" => Some(Self::Call),
            "HOW_INSTANCE" => Some(Self::Instance),
            _ => None,
        }
    }
}
