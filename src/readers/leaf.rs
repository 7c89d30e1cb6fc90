//! Leaves under a tag: text, bytes, identifiers, paths, addresses, names.

use std::io::Read;

use super::tagged_json::{Parser, over};
use super::tokens::Token;
use crate::error::Error;
use crate::globals::{net, paths};
use crate::limits::memory_for;
use crate::location::Location;
use crate::model::graph::Kind;
use crate::model::value::{IpClass, PathClass, Singleton, Value};
use crate::name::Escaped;
use crate::writers::base64;
use crate::writers::tag::Tag;
use crate::wtf8;

const PATHS: [PathClass; 4] = [PathClass::PurePosix, PathClass::PureWindows, PathClass::Posix, PathClass::Windows];
const ADDRESSES: [IpClass; 6] = [
    IpClass::V4Address,
    IpClass::V6Address,
    IpClass::V4Network,
    IpClass::V6Network,
    IpClass::V4Interface,
    IpClass::V6Interface,
];

pub(super) fn malformed<T>(expected: &str, found: &str) -> Result<T, Error> {
    Err(Error::malformed(format!("expected {expected}, found `{}`", Escaped(found)), Location::default()))
}

impl<R: Read> Parser<R> {
    /// The payload of a tag that stands for a leaf.
    pub(super) fn leaf(&mut self, tag: Tag) -> Result<Value, Error> {
        match tag {
            Tag::Float => {
                let value = self.special_float()?;
                Ok(self.graph.float(value))
            }
            Tag::Complex => self.complex(),
            Tag::Str => {
                let bytes = self.surrogates()?;
                self.graph.wtf8(&bytes).map_err(over)
            }
            Tag::Py2Str => self.py2_str(),
            Tag::Bytes => {
                let bytes = self.base64()?;
                self.graph.new_bytes(&bytes).map_err(over)
            }
            Tag::ByteArray => {
                let bytes = self.base64()?;
                let (len, at) = self.graph.store_bytes(&bytes).map_err(over)?;
                Ok(Value::ByteArray { len, at })
            }
            Tag::Date => self.date(),
            Tag::TimeDelta => self.time_delta(),
            Tag::Timezone => self.timezone(),
            Tag::ZoneInfo => self.zone_info(),
            Tag::Pytz => self.pytz(),
            Tag::Decimal => self.decimal(),
            Tag::Fraction => self.fraction(),
            Tag::Uuid => self.uuid(),
            Tag::Path => self.path_value(),
            Tag::Ip => self.ip(),
            Tag::Range => self.range(),
            Tag::Singleton => {
                let word = self.tokens.str()?;
                match Singleton::ALL.into_iter().find(|s| s.name() == word) {
                    Some(singleton) => Ok(Value::Singleton(singleton)),
                    None => malformed("the name of a singleton, such as `Ellipsis` or `NaT`", word),
                }
            }
            Tag::Global => {
                let name = self.name_pair()?;
                self.global(name).map(Value::Global)
            }
            // Containers, objects of named fields, and what JSON has no need of.
            _ => self.tokens.bad("expected a leaf"),
        }
    }

    /// Bytes in base64.
    pub(super) fn base64(&mut self) -> Result<Vec<u8>, Error> {
        let at = self.tokens.at();
        let text = self.tokens.str()?;
        // Decoded here, and stored again.
        let read = at.saturating_add(text.len() as u64);
        self.graph.allow_memory(memory_for(self.max_memory, read));
        self.graph.charge(text.len() as u64 / 4 * 3).map_err(over)?;
        base64::decode(text).map_or_else(|| malformed("base64 with padding, in the standard alphabet", text), Ok)
    }

    /// UTF-8 with `surrogatepass` that is no UTF-8.
    pub(super) fn surrogates(&mut self) -> Result<Vec<u8>, Error> {
        let bytes = self.base64()?;
        if std::str::from_utf8(&bytes).is_ok() {
            return self.tokens.bad("expected a string, found a `$str` without lone surrogates");
        }
        if wtf8::error(&bytes).is_some() {
            return self.tokens.bad("expected UTF-8 with `surrogatepass`, found other bytes");
        }
        Ok(bytes)
    }

    /// A string, or a `$str`: UTF-8 with `surrogatepass`.
    pub(super) fn any_text(&mut self) -> Result<Vec<u8>, Error> {
        if self.tokens.peek()? != Token::Object {
            let text = self.tokens.str()?;
            self.graph.charge(text.len() as u64).map_err(over)?;
            return Ok(text.as_bytes().to_vec());
        }
        self.tokens.begin_object()?;
        self.tokens.expect_name("$str")?;
        let bytes = self.surrogates()?;
        self.end_tag()?;
        Ok(bytes)
    }

    fn py2_str(&mut self) -> Result<Value, Error> {
        let at = self.tokens.at();
        let text = self.tokens.str()?;
        let read = at.saturating_add(text.len() as u64);
        self.graph.allow_memory(memory_for(self.max_memory, read));
        self.graph.charge(text.len() as u64).map_err(over)?;
        let bytes: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
        let Ok(bytes) = bytes else {
            return malformed("characters up to U+00FF, one per byte", text);
        };
        let (len, at) = self.graph.store_bytes(&bytes).map_err(over)?;
        Ok(Value::Py2Str { len, at })
    }

    /// Text, or `{"value": text, "is_safe": 0 or -1}`
    fn uuid(&mut self) -> Result<Value, Error> {
        let object = self.tokens.peek()? == Token::Object;
        if object {
            self.tokens.begin_object()?;
            self.tokens.expect_name("value")?;
        }
        let text = self.tokens.str()?;
        let Some(bytes) = uuid_bytes(text) else {
            return malformed("a UUID of 32 lower-case hexadecimal digits in five groups", text);
        };
        let mut is_safe = Value::None;
        if object {
            self.tokens.expect_name("is_safe")?;
            let n = self.small_int("0 or -1")?;
            if !matches!(n, 0 | -1) {
                return self.tokens.bad(format!("expected 0 or -1 as `is_safe`, found {n}"));
            }
            is_safe = Value::Int(n);
            self.tokens.end_object()?;
        }
        let items = [self.graph.new_bytes(&bytes).map_err(over)?, is_safe];
        Ok(Value::Object(self.graph.object(Kind::Uuid, &items).map_err(over)?))
    }

    /// `{"class": text, "path": V}`
    fn path_value(&mut self) -> Result<Value, Error> {
        self.tokens.begin_object()?;
        self.tokens.expect_name("class")?;
        let name = self.tokens.str()?;
        let Some(class) = PATHS.into_iter().find(|class| class.name() == name) else {
            return malformed("a class of `pathlib`", name);
        };
        self.tokens.expect_name("path")?;
        let text = self.any_text()?;
        let printed = match class {
            PathClass::PurePosix | PathClass::Posix => paths::posix(&[&text]),
            PathClass::PureWindows | PathClass::Windows => paths::windows(&[&text]),
        };
        if printed != text {
            return self.tokens.bad("expected a path as `str()` prints it, found another spelling");
        }
        self.tokens.end_object()?;
        let (len, at) = self.graph.store_bytes(&text).map_err(over)?;
        Ok(Value::Path { class, len, at })
    }

    /// `{"class": text, "value": text}`
    fn ip(&mut self) -> Result<Value, Error> {
        self.tokens.begin_object()?;
        self.tokens.expect_name("class")?;
        let name = self.tokens.str()?;
        let Some(class) = ADDRESSES.into_iter().find(|class| class.name() == name) else {
            return malformed("a class of `ipaddress`", name);
        };
        self.tokens.expect_name("value")?;
        let text = self.tokens.str()?;
        if net::from_text(text, class).is_none_or(|printed| printed != text) {
            return malformed("an address as `str()` prints it", text);
        }
        let (len, at) = self.graph.store_text(text).map_err(over)?;
        self.tokens.end_object()?;
        Ok(Value::Ip { class, len, at })
    }
}

/// 16 bytes, big-endian.
fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let mut out = [0; 16];
    let mut rest = text.as_bytes();
    for (n, byte) in out.iter_mut().enumerate() {
        if matches!(n, 4 | 6 | 8 | 10) {
            rest = rest.strip_prefix(b"-")?;
        }
        let (digits, after) = rest.split_first_chunk::<2>()?;
        let [high, low] = digits.map(|b| match b {
            b'0'..=b'9' => Some(b - b'0'),
            b'a'..=b'f' => Some(b - b'a' + 10),
            _ => None,
        });
        *byte = high? << 4 | low?;
        rest = after;
    }
    rest.is_empty().then_some(out)
}
