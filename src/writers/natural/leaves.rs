//! Values without parts in the natural mapping: dates, text, bytes, numbers that the format may not have.

use super::Natural;
use crate::error::Error;
use crate::model::temporal;
use crate::model::value::{Singleton, Value};
use crate::report::ledger::Step as Loss;
use crate::writers::event::Sink;
use crate::writers::options::{NonFinite, Py2Str, Surrogates};
use crate::writers::text;

impl<S: Sink> Natural<'_, '_, S> {
    pub(super) fn leaf(&mut self, value: Value) -> Result<(), Error> {
        self.scratch.clear();
        match value {
            Value::Float { value, .. } => return self.non_finite(value),
            Value::Big { len, at } => {
                let big = self.graph.big_int(len, at);
                if S::CAPS.big_ints || u64::try_from(&big).is_ok() {
                    self.sink.big_int(&big);
                } else {
                    self.note(Loss::BigInt)?;
                    self.sink.str(&big.to_string());
                }
            }
            Value::Wtf8 { len, at } => return self.surrogates(len, at),
            Value::Py2Str { len, at } => return self.py2_str(len, at),
            Value::Bytes { len, at } | Value::ByteArray { len, at } => {
                if !S::CAPS.bytes {
                    self.note(Loss::Bytes)?;
                } else if let Value::ByteArray { .. } = value {
                    self.note(Loss::ByteArray)?;
                }
                match self.graph.payload(len, at).filter(|_| !self.comparing) {
                    Some(payload) => return self.out.payload(&mut self.sink, None, payload),
                    None => self.sink.bytes(self.graph.bytes(len, at)),
                }
            }
            Value::Date(packed) => {
                self.note(Loss::Temporal)?;
                text::date(packed, &mut self.scratch);
                self.sink.str(&self.scratch);
            }
            Value::Time { tz, packed } | Value::DateTime { tz, packed } => {
                self.note(Loss::Temporal)?;
                let written = if let Value::Time { .. } = value {
                    text::time(self.graph, &mut self.zones, tz, packed, &mut self.scratch)
                } else {
                    text::datetime(self.graph, &mut self.zones, tz, packed, &mut self.scratch)
                };
                let dropped =
                    written.map_err(|why| self.unrepresentable(why, "`--lossless` keeps the zone as it is"))?;
                if dropped.zone {
                    self.note(Loss::ZoneLost)?;
                }
                if dropped.fold {
                    self.note(Loss::FoldLost)?;
                }
                self.sink.str(&self.scratch);
            }
            Value::TimeDelta { days, rest } => {
                self.note(Loss::Duration)?;
                temporal::write_duration(days, rest, &mut self.scratch);
                self.sink.str(&self.scratch);
            }
            Value::Decimal { len, at } => {
                self.note(Loss::Number)?;
                self.sink.str(self.graph.text(len, at));
            }
            Value::Ip { len, at, .. } => {
                self.note(Loss::Text)?;
                self.sink.str(self.graph.text(len, at));
            }
            Value::Path { len, at, .. } => {
                self.note(Loss::Text)?;
                match std::str::from_utf8(self.graph.bytes(len, at)) {
                    Ok(text) => self.sink.str(text),
                    Err(_) => return self.surrogates(len, at),
                }
            }
            Value::Singleton(Singleton::NaT | Singleton::NA | Singleton::Masked) => {
                self.note(Loss::Missing)?;
                self.sink.null();
            }
            Value::Singleton(s) => {
                self.note(Loss::Name)?;
                self.sink.str(s.name());
            }
            Value::Global(index) => {
                self.note(Loss::Name)?;
                text::global(self.graph, index, &mut self.scratch);
                self.sink.str(&self.scratch);
            }
            Value::None | Value::Unknown => self.sink.null(),
            Value::Bool(b) => self.sink.bool(b),
            Value::Int(n) => self.sink.int(n),
            Value::Str { len, at } => self.sink.str(self.graph.text(len, at)),
            Value::Object(id) => return self.object(id),
        }
        Ok(())
    }

    pub(super) fn non_finite(&mut self, value: f64) -> Result<(), Error> {
        match self.options.non_finite {
            NonFinite::Null => {
                self.note(Loss::NonFiniteLost)?;
                self.sink.null();
            }
            NonFinite::String => {
                self.note(Loss::NonFinite)?;
                self.sink.str(if value.is_nan() {
                    "NaN"
                } else if value > 0.0 {
                    "Infinity"
                } else {
                    "-Infinity"
                });
            }
            NonFinite::Error => {
                let mut shown = String::new();
                crate::repr::float(value, &mut shown);
                return Err(self.unrepresentable(
                    format!("expected a finite float, found {shown}"),
                    "`--non-finite null` or `--non-finite string` writes it, `--lossless` keeps it",
                ));
            }
        }
        Ok(())
    }

    pub(super) fn surrogates(&mut self, len: u32, at: u64) -> Result<(), Error> {
        self.lone_surrogates(self.graph.bytes(len, at))
    }

    /// Text in UTF-8 with `surrogatepass` that has lone surrogates.
    pub(super) fn lone_surrogates(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match self.options.surrogates {
            Surrogates::Replace => {
                self.note(Loss::SurrogatesLost)?;
                let replaced = replace_surrogates(bytes);
                self.sink.str(&replaced);
                Ok(())
            }
            Surrogates::Escape if S::CAPS.escapes => {
                self.sink.escaped(bytes);
                Ok(())
            }
            Surrogates::Error | Surrogates::Escape => Err(self.unrepresentable(
                "expected a str that UTF-8 can hold, found lone surrogates",
                "`--surrogates replace` writes U+FFFD, `--surrogates escape` (JSON only) keeps them, as does `--lossless`",
            )),
        }
    }

    pub(super) fn py2_str(&mut self, len: u32, at: u64) -> Result<(), Error> {
        let bytes = self.graph.bytes(len, at);
        match py2_text(bytes, self.options.py2_str) {
            Py2Text::Str(text) => {
                self.note(Loss::Py2Text)?;
                self.sink.str(&text);
            }
            Py2Text::Bytes => {
                self.note(Loss::Py2Bytes)?;
                self.sink.bytes(bytes);
            }
            Py2Text::NotUtf8 => {
                return Err(self.unrepresentable(
                    "expected a Python 2 str in UTF-8, found other bytes",
                    "`--py2-str auto`, `latin-1` or `bytes` reads it",
                ));
            }
        }
        Ok(())
    }
}

/// What a Python 2 str is under a policy.
pub(crate) enum Py2Text<'g> {
    Str(std::borrow::Cow<'g, str>),
    Bytes,
    NotUtf8,
}

pub(crate) fn py2_text(bytes: &[u8], policy: Py2Str) -> Py2Text<'_> {
    match (policy, std::str::from_utf8(bytes)) {
        (Py2Str::Bytes, _) => Py2Text::Bytes,
        (Py2Str::Latin1, _) => Py2Text::Str(bytes.iter().map(|&b| char::from(b)).collect::<String>().into()),
        (Py2Str::Auto | Py2Str::Utf8, Ok(text)) => Py2Text::Str(text.into()),
        (Py2Str::Auto, Err(_)) => Py2Text::Bytes,
        (Py2Str::Utf8, Err(_)) => Py2Text::NotUtf8,
    }
}

/// UTF-8 with U+FFFD for each lone surrogate.
pub(crate) fn replace_surrogates(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(text) => {
                out.push_str(text);
                return out;
            }
            Err(e) => {
                let (good, bad) = rest.split_at(e.valid_up_to());
                out.push_str(std::str::from_utf8(good).unwrap_or_default());
                out.push('\u{fffd}');
                rest = bad.get(3..).unwrap_or_default();
            }
        }
    }
}
