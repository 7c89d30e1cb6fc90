//! The one table of tags of the lossless mapping: JSON's `$` keys and MessagePack's extension codes.

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
}

impl Tag {
    /// The name without `$`.
    pub fn name(self) -> &'static str {
        TAGS.get(self as usize).map_or("", |row| row.1)
    }

    /// MessagePack's extension code.
    pub fn code(self) -> i8 {
        TAGS.get(self as usize).map_or(0, |row| row.2)
    }

    /// The tag of a name without `$`.
    pub fn of_name(name: &str) -> Option<Tag> {
        TAGS.iter().find(|row| row.1 == name).map(|row| row.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
