//! Field numbers of `proto/depickle/v1/value.proto`, as far as the writer names them; the tests read its output back through
//! the generated types.

/// `Frame`.
pub(super) mod frame {
    pub const HEADER: u32 = 1;
    pub const DEFINITION: u32 = 2;
    pub const VALUE: u32 = 3;
}

/// `Header`.
pub(super) mod header {
    pub const PRODUCER: u32 = 1;
    pub const VERSION: u32 = 2;
    pub const PICKLES: u32 = 3;
}

/// `Definition`.
pub(super) mod definition {
    pub const ID: u32 = 1;
    pub const VALUE: u32 = 2;
}

/// `Value`.
pub(super) mod value {
    pub const NONE: u32 = 1;
    pub const BOOL: u32 = 2;
    pub const INT: u32 = 3;
    pub const FLOAT: u32 = 4;
    pub const STR: u32 = 5;
    pub const BYTES: u32 = 6;
    pub const LIST: u32 = 7;
    pub const TUPLE: u32 = 8;
    pub const DICT: u32 = 9;
    pub const REFERENCE: u32 = 10;
    pub const INSTANCE: u32 = 11;
    pub const BIG_INT: u32 = 16;
    pub const WTF8: u32 = 17;
    pub const PY2_STR: u32 = 18;
    pub const BYTEARRAY: u32 = 19;
    pub const COMPLEX: u32 = 20;
    pub const SET: u32 = 21;
    pub const FROZENSET: u32 = 22;
    pub const DEQUE: u32 = 23;
    pub const ORDERED_DICT: u32 = 24;
    pub const DEFAULT_DICT: u32 = 25;
    pub const COUNTER: u32 = 26;
    pub const DATE: u32 = 27;
    pub const TIME: u32 = 28;
    pub const DATETIME: u32 = 29;
    pub const TIMEDELTA: u32 = 30;
    pub const TIMEZONE: u32 = 31;
    pub const ZONE_INFO: u32 = 32;
    pub const PYTZ: u32 = 33;
    pub const DATEUTIL: u32 = 34;
    pub const DECIMAL: u32 = 35;
    pub const FRACTION: u32 = 36;
    pub const UUID: u32 = 37;
    pub const PATH: u32 = 38;
    pub const IP: u32 = 39;
    pub const RANGE: u32 = 40;
    pub const SLICE: u32 = 41;
    pub const SINGLETON: u32 = 42;
    pub const ARRAY: u32 = 43;
    pub const GLOBAL: u32 = 44;
    pub const EXCEPTION: u32 = 45;
    pub const STRUCTURE: u32 = 46;
}

/// What `Sequence`, `Mapping`, `Deque`, `OrderedDict` and `DefaultDict` repeat.
pub(super) const ITEMS: u32 = 1;

/// `Entry`.
pub(super) mod entry {
    pub const KEY: u32 = 1;
    pub const VALUE: u32 = 2;
}

/// `Instance`.
pub(super) mod instance {
    pub const CLASS_NAME: u32 = 1;
    pub const HOW: u32 = 2;
    pub const ARGS: u32 = 3;
    pub const KWARGS: u32 = 4;
    pub const THEN: u32 = 5;
}

/// `Structure` and `Structure.Field`.
pub(super) mod structure {
    pub const KIND: u32 = 1;
    pub const FIELDS: u32 = 2;
    pub const NAME: u32 = 1;
    pub const VALUE: u32 = 2;
}

/// `Array`.
pub(super) mod array {
    pub const TYPECODE: u32 = 1;
    pub const INTS: u32 = 2;
    pub const UINTS: u32 = 3;
    pub const FLOATS: u32 = 4;
    pub const DOUBLES: u32 = 5;
    pub const TEXT: u32 = 6;
    pub const CHARS: u32 = 7;
}
