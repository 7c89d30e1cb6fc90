//! One value: 16 bytes, `Copy`. Text, bytes and big ints are ranges of the graph's stores.

/// The index of an object in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(pub u32);

/// The time zone of a time or datetime: none, or an object of kind `Zone` (or a record of an admitted tzinfo class).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tz(u32);

impl Tz {
    pub const NAIVE: Tz = Tz(0);

    pub fn object(id: NodeId) -> Tz {
        Tz(id.0.saturating_add(1))
    }

    pub fn id(self) -> Option<NodeId> {
        self.0.checked_sub(1).map(NodeId)
    }
}

/// A closed set of singletons without a value of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Singleton {
    Ellipsis,
    NotImplemented,
    /// `pandas.NaT`
    NaT,
    /// `pandas.NA`
    NA,
    /// `numpy.ma.masked`
    Masked,
}

impl Singleton {
    /// Every one of them.
    pub const ALL: [Singleton; 5] =
        [Singleton::Ellipsis, Singleton::NotImplemented, Singleton::NaT, Singleton::NA, Singleton::Masked];

    pub fn name(self) -> &'static str {
        match self {
            Singleton::Ellipsis => "Ellipsis",
            Singleton::NotImplemented => "NotImplemented",
            Singleton::NaT => "NaT",
            Singleton::NA => "NA",
            Singleton::Masked => "masked",
        }
    }
}

/// The concrete classes of `pathlib`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum PathClass {
    PurePosix,
    PureWindows,
    Posix,
    Windows,
}

impl PathClass {
    pub fn name(self) -> &'static str {
        match self {
            PathClass::PurePosix => "PurePosixPath",
            PathClass::PureWindows => "PureWindowsPath",
            PathClass::Posix => "PosixPath",
            PathClass::Windows => "WindowsPath",
        }
    }
}

/// The classes of `ipaddress`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum IpClass {
    V4Address,
    V6Address,
    V4Network,
    V6Network,
    V4Interface,
    V6Interface,
}

impl IpClass {
    pub fn name(self) -> &'static str {
        match self {
            IpClass::V4Address => "IPv4Address",
            IpClass::V6Address => "IPv6Address",
            IpClass::V4Network => "IPv4Network",
            IpClass::V6Network => "IPv6Network",
            IpClass::V4Interface => "IPv4Interface",
            IpClass::V6Interface => "IPv6Interface",
        }
    }
}

/// One value. `len` and `at` are a range of one of the graph's stores, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An int beyond 64 bits: two's complement, little-endian, minimal, in the byte store.
    Big {
        len: u32,
        at: u64,
    },
    /// `ident` is 0 but for NaNs, whose identity decides whether two dict keys are one.
    Float {
        ident: u32,
        value: f64,
    },
    /// UTF-8, in the text store.
    Str {
        len: u32,
        at: u64,
    },
    /// A str with lone surrogates: UTF-8 with `surrogatepass`, in the byte store.
    Wtf8 {
        len: u32,
        at: u64,
    },
    /// An 8-bit str of Python 2, undecided, in the byte store.
    Py2Str {
        len: u32,
        at: u64,
    },
    Bytes {
        len: u32,
        at: u64,
    },
    ByteArray {
        len: u32,
        at: u64,
    },
    /// `temporal::pack_date`.
    Date(u32),
    /// `temporal::pack_time`.
    Time {
        tz: Tz,
        packed: u64,
    },
    /// `temporal::pack_datetime`.
    DateTime {
        tz: Tz,
        packed: u64,
    },
    /// Normalised as Python does; `rest` is seconds × 10⁶ + microseconds, below 86,400 × 10⁶.
    TimeDelta {
        days: i32,
        rest: u64,
    },
    /// The text of a decimal, in the text store.
    Decimal {
        len: u32,
        at: u64,
    },
    /// What `str()` prints: UTF-8 with `surrogatepass`, in the byte store.
    Path {
        class: PathClass,
        len: u32,
        at: u64,
    },
    /// What `str()` prints, in the text store.
    Ip {
        class: IpClass,
        len: u32,
        at: u64,
    },
    Singleton(Singleton),
    /// A class or function left as a value: an index of the graph's globals.
    Global(u32),
    Object(NodeId),
    /// Stands for what was refused while the reader goes on for the report; never in a graph that is converted.
    Unknown,
}

impl Value {
    /// A float; NaNs get their identity from the graph.
    pub fn float(value: f64) -> Value {
        Value::Float { ident: 0, value }
    }
}

const _: () = assert!(size_of::<Value>() == 16 && size_of::<Option<Value>>() == 16);
