//! Time zones: what a zone is in the model, by its tag.

use std::io::Read;

use super::frames::What;
use super::leaf::malformed;
use super::tagged_json::{Parser, over};
use super::temporal::time_value;
use super::tokens::Token;
use crate::error::Error;
use crate::globals::zones::is_key;
use crate::model::graph::Kind;
use crate::model::temporal::{self, MICROS_PER_DAY, Zone};
use crate::model::value::{Tz, Value};

const SECONDS_PER_DAY: i64 = 86_400;
const MINUTES_PER_DAY: i64 = 1_440;

impl<R: Read> Parser<R> {
    fn zone(&mut self, zone: Zone) -> Result<Value, Error> {
        self.graph.zone(zone).map(Value::Object).map_err(over)
    }

    /// The name of a zone in the database.
    fn key(&mut self) -> Result<Value, Error> {
        let text = self.tokens.str()?;
        if !is_key(text) {
            return malformed("the name of a zone such as `Europe/Paris`", text);
        }
        self.graph.str(text).map_err(over)
    }

    /// A string or null.
    fn name_or_null(&mut self) -> Result<Value, Error> {
        if self.tokens.peek()? == Token::Null { self.tokens.null().map(|()| Value::None) } else { self.text() }
    }

    /// An int whose absolute value is below `bound`.
    fn below(&mut self, bound: i64, expected: &str) -> Result<i64, Error> {
        let n = self.small_int(expected)?;
        if n.unsigned_abs() < bound.unsigned_abs() {
            return Ok(n);
        }
        self.tokens.bad(format!("expected {expected} below 24 hours, found {n}"))
    }

    fn seconds(&mut self) -> Result<i32, Error> {
        let n = self.below(SECONDS_PER_DAY, "an offset in seconds")?;
        Ok(i32::try_from(n).unwrap_or(0))
    }

    /// `{"offset_us": int, "name": text}`
    pub(super) fn timezone(&mut self) -> Result<Value, Error> {
        self.tokens.begin_object()?;
        self.tokens.expect_name("offset_us")?;
        let offset_us = self.below(MICROS_PER_DAY, "an offset in microseconds")?;
        let mut name = None;
        if self.tokens.has_next()? {
            self.tokens.expect_name("name")?;
            name = Some(if self.tokens.peek()? == Token::Object {
                let bytes = self.any_text()?;
                self.graph.wtf8(&bytes).map_err(over)?
            } else {
                self.text()?
            });
        }
        self.tokens.end_object()?;
        self.zone(Zone::Fixed { offset_us, name })
    }

    pub(super) fn zone_info(&mut self) -> Result<Value, Error> {
        let key = self.key()?;
        self.zone(Zone::ZoneInfo { key })
    }

    /// Text, `{"zone": text, "utcoffset": seconds, "dst": seconds, "name": text}` or `{"minutes": int}`
    pub(super) fn pytz(&mut self) -> Result<Value, Error> {
        if self.tokens.peek()? != Token::Object {
            let zone = self.key()?;
            return self.zone(Zone::Pytz { zone, fixed: None });
        }
        self.tokens.begin_object()?;
        if !self.tokens.has_next()? {
            return self.tokens.bad("expected one of the keys `zone`, `minutes`, found none");
        }
        let zone = match self.tokens.name()? {
            "zone" => {
                let zone = self.key()?;
                self.tokens.expect_name("utcoffset")?;
                let offset = self.seconds()?;
                self.tokens.expect_name("dst")?;
                let dst = self.seconds()?;
                self.tokens.expect_name("name")?;
                Zone::Pytz { zone, fixed: Some((offset, dst, self.text()?)) }
            }
            "minutes" => {
                let minutes = self.below(MINUTES_PER_DAY, "an offset in minutes")?;
                Zone::PytzMinutes(i32::try_from(minutes).unwrap_or(0))
            }
            other => return malformed("one of the keys `zone`, `minutes`", other),
        };
        self.tokens.end_object()?;
        self.zone(zone)
    }

    /// `{"class": text, …}`
    pub(super) fn begin_dateutil(&mut self) -> Result<(), Error> {
        self.tokens.begin_object()?;
        self.tokens.expect_name("class")?;
        match self.tokens.str()? {
            "tzutc" => {
                self.tokens.end_object()?;
                self.end_tag()?;
                let value = self.zone(Zone::DateutilUtc)?;
                self.push(value)
            }
            "tzoffset" => {
                self.tokens.expect_name("name")?;
                let name = self.name_or_null()?;
                self.tokens.expect_name("offset")?;
                self.tokens.begin_object()?;
                self.tokens.expect_name("$timedelta")?;
                let offset = self.time_delta()?;
                self.end_tag()?;
                self.tokens.end_object()?;
                self.end_tag()?;
                if !matches!(offset, Value::TimeDelta { days, rest }
                    if temporal::timedelta_micros(days, rest).unsigned_abs() < MICROS_PER_DAY.unsigned_abs().into())
                {
                    return self.tokens.bad("expected an offset below 24 hours, found a longer timedelta");
                }
                let value = self.zone(Zone::DateutilOffset { name, offset })?;
                self.push(value)
            }
            "tzlocal" => {
                self.tokens.expect_name("state")?;
                self.enter(What::LocalZone)
            }
            "tzfile" => {
                self.tokens.expect_name("name")?;
                let name = self.name_or_null()?;
                self.tokens.expect_name("state")?;
                self.enter(What::FileZone { name })
            }
            other => malformed("`tzutc`, `tzoffset`, `tzlocal` or `tzfile`", other),
        }
    }

    /// What a frame makes of the zone or state that it waited for.
    pub(super) fn zone_value(&mut self, what: What, value: Value) -> Result<Value, Error> {
        let kind = if let Value::Object(id) = value { Some((id, self.graph.kind(id))) } else { None };
        match (what, kind) {
            (What::Zoned { packed, dated }, Some((id, Kind::Zone | Kind::Record))) => {
                Ok(time_value(Tz::object(id), packed, dated))
            }
            (What::Zoned { .. }, _) => self.tokens.bad("expected a time zone or an instance, found something else"),
            (What::LocalZone, Some((_, Kind::Dict))) => self.zone(Zone::DateutilLocal { state: value }),
            (What::LocalZone, None) if matches!(value, Value::None) => self.zone(Zone::DateutilLocal { state: value }),
            (What::FileZone { name }, Some((_, Kind::Dict | Kind::Tuple))) => {
                self.zone(Zone::DateutilFile { name, state: value })
            }
            (What::FileZone { name }, None) if matches!(value, Value::None) => {
                self.zone(Zone::DateutilFile { name, state: value })
            }
            _ => self.tokens.bad("expected null or the state of a time zone, found something else"),
        }
    }
}
