//! Dates, times and timedeltas, exactly as the writer prints them.

use std::io::Read;

use super::frames::What;
use super::leaf::malformed;
use super::tagged_json::Parser;
use super::tokens::Token;
use crate::error::Error;
use crate::model::temporal::{self, Date, Time};
use crate::model::value::{Tz, Value};

/// ASCII digits, all of them.
fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

/// `YYYY-MM-DD`
fn date(text: &[u8]) -> Option<Date> {
    let [a, b, c, d, b'-', e, f, b'-', g, h] = *text else { return None };
    let year = u16::try_from(digits(&[a, b, c, d])?).ok()?;
    let (month, day) = (u8::try_from(digits(&[e, f])?).ok()?, u8::try_from(digits(&[g, h])?).ok()?);
    Date::new(year, month, day)
}

/// `HH:MM:SS`, and six digits of microseconds unless they are 0.
fn time(text: &[u8], fold: bool) -> Option<Time> {
    let ([a, b, b':', c, d, b':', e, f], fraction) = text.split_first_chunk::<8>()? else { return None };
    let two = |high: u8, low: u8| digits(&[high, low]).and_then(|n| u8::try_from(n).ok());
    let micro = match fraction {
        [] => 0,
        [b'.', micro @ ..] if micro.len() == 6 => digits(micro).filter(|n| *n != 0)?,
        _ => return None,
    };
    Time::new(two(*a, *b)?, two(*c, *d)?, two(*e, *f)?, micro, fold)
}

/// `YYYY-MM-DDTHH:MM:SS[.ffffff]`
fn date_time(text: &[u8], fold: bool) -> Option<u64> {
    let (day, clock) = text.split_at_checked(10)?;
    Some(temporal::pack_datetime(date(day)?, time(clock.strip_prefix(b"T")?, fold)?))
}

impl<R: Read> Parser<R> {
    pub(super) fn date(&mut self) -> Result<Value, Error> {
        let text = self.tokens.str()?;
        match date(text.as_bytes()) {
            Some(date) => Ok(Value::Date(date.pack())),
            None => malformed("a date such as `2024-02-29`", text),
        }
    }

    /// `[days, seconds, microseconds]`
    pub(super) fn time_delta(&mut self) -> Result<Value, Error> {
        self.tokens.begin_array()?;
        let [days, seconds, micros] =
            [self.small_int("days")?, self.small_int("seconds")?, self.small_int("microseconds")?];
        self.tokens.end_array()?;
        let normal = (0..86_400).contains(&seconds) && (0..1_000_000).contains(&micros);
        let value = if normal { temporal::timedelta(days.into(), seconds.into(), micros.into()) } else { None };
        match value {
            Some(value) => Ok(value),
            None => self.tokens.bad("expected a timedelta as Python normalises it, found other numbers"),
        }
    }

    /// A time or datetime without a zone as a text, else `{"local": text, "fold": 1, "tz": V}`.
    pub(super) fn begin_time(&mut self, dated: bool) -> Result<(), Error> {
        let object = self.tokens.peek()? == Token::Object;
        if object {
            self.tokens.begin_object()?;
            self.tokens.expect_name("local")?;
        }
        let text = self.tokens.str()?.as_bytes();
        let packed = |fold| if dated { date_time(text, fold) } else { time(text, fold).map(Time::pack) };
        let (Some(plain), Some(folded)) = (packed(false), packed(true)) else {
            let expected = if dated { "a datetime such as `2024-02-29T12:30:00`" } else { "a time such as `12:30:00`" };
            return malformed(expected, &String::from_utf8_lossy(text));
        };
        if !object {
            self.end_tag()?;
            return self.push(time_value(Tz::NAIVE, plain, dated));
        }
        let no_field = "expected one of the keys `fold`, `tz`, because a plain text would do; found none";
        if !self.tokens.has_next()? {
            return self.tokens.bad(no_field);
        }
        let (mut packed, mut name) = (plain, self.tokens.name()?);
        if name == "fold" {
            if self.small_int("1")? != 1 {
                return self.tokens.bad("expected 1 as `fold`, because it is left out else");
            }
            packed = folded;
            if !self.tokens.has_next()? {
                self.tokens.end_object()?;
                self.end_tag()?;
                return self.push(time_value(Tz::NAIVE, packed, dated));
            }
            name = self.tokens.name()?;
        }
        if name != "tz" {
            return malformed("one of the keys `fold`, `tz`", name);
        }
        self.enter(What::Zoned { packed, dated })
    }
}

pub(super) fn time_value(tz: Tz, packed: u64, dated: bool) -> Value {
    if dated { Value::DateTime { tz, packed } } else { Value::Time { tz, packed } }
}
