//! Dates, times and zones: packed into one word, checked completely, printed as `isoformat()` does.
//!
//! Ranges are those of CPython's `datetime` module (years 1 to 9999). Rules of named zones are not here.

use std::fmt::Write as _;

use crate::model::value::Value;

pub(crate) const MICROS_PER_DAY: i64 = 86_400_000_000;

/// A calendar date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

/// A time of day; `fold` is 1 for the second of two equal wall-clock times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time {
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub micro: u32,
    pub fold: bool,
}

/// A time zone by what the stream says of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Zone {
    /// `datetime.timezone`: an offset below 24 hours, and a name (a str) if one was given.
    Fixed { offset_us: i64, name: Option<Value> },
    /// `zoneinfo.ZoneInfo`: the key, a str.
    #[expect(clippy::enum_variant_names, reason = "the name of the Python class")]
    ZoneInfo { key: Value },
    /// `pytz`: the zone's name, and the offset, DST (seconds) and abbreviation it was fixed to.
    Pytz { zone: Value, fixed: Option<(i32, i32, Value)> },
    /// `pytz.FixedOffset`, in minutes.
    PytzMinutes(i32),
    /// `dateutil.tz.tzutc`.
    DateutilUtc,
    /// `dateutil.tz.tzoffset`: a name (str or None) and a timedelta.
    DateutilOffset { name: Value, offset: Value },
    /// `dateutil.tz.tzlocal`: its state, or None.
    DateutilLocal { state: Value },
    /// `dateutil.tz.tzfile`: the name (str or None) and its state: the dict of version 2, a tuple of path and tables of
    /// version 4, None where only the name is known.
    DateutilFile { name: Value, state: Value },
}

impl Zone {
    /// The values it holds.
    pub fn values(&self) -> [Option<Value>; 2] {
        match *self {
            Zone::Fixed { name, .. } => [name, None],
            Zone::ZoneInfo { key } => [Some(key), None],
            Zone::Pytz { zone, fixed } => [Some(zone), fixed.map(|(_, _, name)| name)],
            Zone::PytzMinutes(_) | Zone::DateutilUtc => [None, None],
            Zone::DateutilOffset { name, offset } => [Some(name), Some(offset)],
            Zone::DateutilLocal { state } => [Some(state), None],
            Zone::DateutilFile { name, state } => [Some(name), Some(state)],
        }
    }

    /// The same zone with other values in the places of those it holds.
    pub fn map(&self, mut value: impl FnMut(Value) -> Value) -> Zone {
        match *self {
            Zone::Fixed { offset_us, name } => Zone::Fixed { offset_us, name: name.map(value) },
            Zone::ZoneInfo { key } => Zone::ZoneInfo { key: value(key) },
            Zone::Pytz { zone, fixed } => {
                Zone::Pytz { zone: value(zone), fixed: fixed.map(|(offset, dst, name)| (offset, dst, value(name))) }
            }
            Zone::PytzMinutes(minutes) => Zone::PytzMinutes(minutes),
            Zone::DateutilUtc => Zone::DateutilUtc,
            Zone::DateutilOffset { name, offset } => Zone::DateutilOffset { name: value(name), offset: value(offset) },
            Zone::DateutilLocal { state } => Zone::DateutilLocal { state: value(state) },
            Zone::DateutilFile { name, state } => Zone::DateutilFile { name: value(name), state: value(state) },
        }
    }
}

impl Date {
    /// A date of the proleptic Gregorian calendar, years 1 to 9999.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        let known = (1..=9999).contains(&year) && (1..=12).contains(&month);
        (known && day >= 1 && day <= days_in_month(year, month)).then_some(Date { year, month, day })
    }

    /// Days since 0001-01-01, which is 0.
    pub fn days(self) -> i64 {
        let (year, month) = (i64::from(self.year), i64::from(self.month));
        let before = year - 1;
        let leap = i64::from(month > 2) * if is_leap(self.year) { -1 } else { -2 };
        let months = (367 * month - 362) / 12 + leap;
        before * 365 + before / 4 - before / 100 + before / 400 + months + i64::from(self.day) - 1
    }

    /// The date so many days after 0001-01-01.
    #[cfg(test)]
    pub fn from_days(days: i64) -> Option<Date> {
        if !(0..=3_652_058).contains(&days) {
            return None;
        }
        // The year is at most one off after division by the mean year; then the month is searched.
        let mut year = (days * 400 / 146_097 + 1) as u16;
        while (Date { year, month: 1, day: 1 }).days() > days {
            year -= 1;
        }
        while year < 9999 && (Date { year: year + 1, month: 1, day: 1 }).days() <= days {
            year += 1;
        }
        let mut rest = days - (Date { year, month: 1, day: 1 }).days();
        let mut month = 1;
        while rest >= i64::from(days_in_month(year, month)) {
            rest -= i64::from(days_in_month(year, month));
            month += 1;
        }
        Date::new(year, month, rest as u8 + 1)
    }

    pub fn pack(self) -> u32 {
        u32::from(self.year) << 9 | u32::from(self.month) << 5 | u32::from(self.day)
    }

    pub fn unpack(packed: u32) -> Date {
        Date { year: (packed >> 9) as u16, month: (packed >> 5 & 15) as u8, day: (packed & 31) as u8 }
    }

    /// Appends `YYYY-MM-DD`.
    pub fn write(self, out: &mut String) {
        push(out, &self.text());
    }

    fn text(self) -> [u8; 10] {
        let [a, b] = digits2(u32::from(self.year / 100));
        let [c, d] = digits2(u32::from(self.year % 100));
        let [e, f] = digits2(u32::from(self.month));
        let [g, h] = digits2(u32::from(self.day));
        [a, b, c, d, b'-', e, f, b'-', g, h]
    }
}

impl Time {
    pub fn new(hour: u8, minute: u8, second: u8, micro: u32, fold: bool) -> Option<Time> {
        (hour < 24 && minute < 60 && second < 60 && micro < 1_000_000).then_some(Time {
            hour,
            minute,
            second,
            micro,
            fold,
        })
    }

    /// Microseconds since midnight.
    pub fn micros(self) -> i64 {
        let seconds = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        seconds * 1_000_000 + i64::from(self.micro)
    }

    pub fn pack(self) -> u64 {
        u64::from(self.fold) << 37
            | u64::from(self.hour) << 32
            | u64::from(self.minute) << 26
            | u64::from(self.second) << 20
            | u64::from(self.micro)
    }

    pub fn unpack(packed: u64) -> Time {
        Time {
            hour: (packed >> 32 & 31) as u8,
            minute: (packed >> 26 & 63) as u8,
            second: (packed >> 20 & 63) as u8,
            micro: (packed & 0xF_FFFF) as u32,
            fold: packed >> 37 & 1 == 1,
        }
    }

    /// Appends `HH:MM:SS[.ffffff]`.
    pub fn write(self, out: &mut String) {
        let text = self.text();
        push(out, text.get(..self.len()).unwrap_or_default());
    }

    /// Bytes of its text.
    fn len(self) -> usize {
        if self.micro == 0 { 8 } else { 15 }
    }

    fn text(self) -> [u8; 15] {
        let [a, b] = digits2(u32::from(self.hour));
        let [c, d] = digits2(u32::from(self.minute));
        let [e, f] = digits2(u32::from(self.second));
        let [g, h] = digits2(self.micro / 10_000);
        let [i, j] = digits2(self.micro / 100 % 100);
        let [k, l] = digits2(self.micro % 100);
        [a, b, b':', c, d, b':', e, f, b'.', g, h, i, j, k, l]
    }
}

/// A date and a time in one word.
pub(crate) fn pack_datetime(date: Date, time: Time) -> u64 {
    u64::from(date.pack()) << 38 | time.pack()
}

pub(crate) fn unpack_datetime(packed: u64) -> (Date, Time) {
    (Date::unpack((packed >> 38) as u32), Time::unpack(packed & ((1 << 38) - 1)))
}

/// Appends `YYYY-MM-DDTHH:MM:SS[.ffffff]`.
pub(crate) fn write_datetime(packed: u64, out: &mut String) {
    let (date, time) = unpack_datetime(packed);
    let mut text = [b'T'; 26];
    let (day, rest) = text.split_at_mut(10);
    day.copy_from_slice(&date.text());
    if let Some(clock) = rest.get_mut(1..) {
        clock.copy_from_slice(&time.text());
    }
    push(out, text.get(..11 + time.len()).unwrap_or_default());
}

/// Microseconds since 0001-01-01T00:00:00 of the wall clock.
pub(crate) fn local_micros(packed: u64) -> i64 {
    let (date, time) = unpack_datetime(packed);
    date.days() * MICROS_PER_DAY + time.micros()
}

/// Appends an offset as `isoformat()` does: `+HH:MM[:SS[.ffffff]]`.
pub(crate) fn write_offset(offset_us: i64, out: &mut String) {
    out.push(if offset_us < 0 { '-' } else { '+' });
    let (seconds, micro) = (offset_us.unsigned_abs() / 1_000_000, offset_us.unsigned_abs() % 1_000_000);
    let _ = write!(out, "{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 != 0 || micro != 0 {
        let _ = write!(out, ":{:02}", seconds % 60);
    }
    if micro != 0 {
        let _ = write!(out, ".{micro:06}");
    }
}

/// A timedelta as Python normalises it, |days| ≤ 999,999,999.
pub(crate) fn timedelta(days: i128, seconds: i128, micros: i128) -> Option<Value> {
    let total = days.checked_mul(86_400)?.checked_add(seconds)?.checked_mul(1_000_000)?.checked_add(micros)?;
    let days = total.div_euclid(i128::from(MICROS_PER_DAY));
    let rest = total.rem_euclid(i128::from(MICROS_PER_DAY));
    (-999_999_999..=999_999_999).contains(&days).then_some(Value::TimeDelta { days: days as i32, rest: rest as u64 })
}

/// All of a timedelta in microseconds.
pub(crate) fn timedelta_micros(days: i32, rest: u64) -> i128 {
    i128::from(days) * i128::from(MICROS_PER_DAY) + i128::from(rest)
}

/// Appends an ISO 8601 duration: `-P1DT2H3M4.5S`; zero is `PT0S`.
pub(crate) fn write_duration(days: i32, rest: u64, out: &mut String) {
    let total = timedelta_micros(days, rest);
    if total < 0 {
        out.push('-');
    }
    let total = total.unsigned_abs();
    let (days, rest) = (total / MICROS_PER_DAY as u128, total % MICROS_PER_DAY as u128);
    let (seconds, micro) = (rest / 1_000_000, rest % 1_000_000);
    out.push('P');
    if days != 0 {
        let _ = write!(out, "{days}D");
    }
    if rest == 0 && days != 0 {
        return;
    }
    out.push('T');
    if seconds / 3600 != 0 {
        let _ = write!(out, "{}H", seconds / 3600);
    }
    if seconds / 60 % 60 != 0 {
        let _ = write!(out, "{}M", seconds / 60 % 60);
    }
    if micro != 0 {
        let fraction = format!("{micro:06}");
        let _ = write!(out, "{}.{}S", seconds % 60, fraction.trim_end_matches('0'));
    } else if seconds % 60 != 0 || rest == 0 {
        let _ = write!(out, "{}S", seconds % 60);
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The two decimal digits of a number below 100.
#[inline]
fn digits2(n: u32) -> [u8; 2] {
    const ALL: [[u8; 2]; 100] = {
        let mut all = [[0; 2]; 100];
        let mut n = 0;
        while n < 100 {
            all[n] = [b'0' + n as u8 / 10, b'0' + n as u8 % 10];
            n += 1;
        }
        all
    };
    ALL[(n % 100) as usize]
}

/// Appends ASCII in one piece.
fn push(out: &mut String, ascii: &[u8]) {
    out.push_str(std::str::from_utf8(ascii).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_survives_the_round_trip() {
        for days in 0..=3_652_058 {
            let date = Date::from_days(days).expect("in range");
            assert_eq!(date.days(), days);
            assert_eq!(Date::unpack(date.pack()), date);
        }
        assert_eq!(Date::from_days(3_652_059), None);
        assert_eq!(Date::new(2023, 2, 29), None);
    }

    #[test]
    fn durations_and_offsets() {
        let text = |days, rest| {
            let mut out = String::new();
            write_duration(days, rest, &mut out);
            out
        };
        assert_eq!(text(0, 0), "PT0S");
        assert_eq!(text(1, 0), "P1D");
        assert_eq!(text(-1, 86_399_999_999), "-PT0.000001S");
        assert_eq!(text(1, 3_661_500_000), "P1DT1H1M1.5S");
        let mut out = String::new();
        write_offset(-19_800_000_000, &mut out);
        assert_eq!(out, "-05:30");
    }
}
