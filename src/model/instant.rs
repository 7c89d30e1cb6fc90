//! Counts of seconds, or of parts of them, as ISO 8601 text: instants, times of day, durations.
//!
//! Text is that of `isoformat()`, with as many digits as the count has: no fraction where it is zero, else six digits, or nine
//! where a nanosecond is left. Years beyond 9999 and before 1 get a sign and six digits, as ISO 8601 has them.

use std::fmt::Write;

use crate::model::arrow::Unit;
use crate::model::temporal;

const SECONDS_PER_DAY: i64 = 86_400;

/// Appends the calendar day so many days after 1970-01-01.
pub(crate) fn write_date(days: i64, out: &mut String) {
    // Days of 400 years repeat; counted from a 1st of March, leap days come last.
    let days = i128::from(days) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + i128::from(month <= 2);
    let _ = match year {
        1..=9999 => write!(out, "{year:04}-{month:02}-{of_month:02}"),
        _ => write!(out, "{year:+07}-{month:02}-{of_month:02}"),
    };
}

/// Whole seconds, and nanoseconds beyond them.
fn split(unit: Unit, count: i64) -> (i64, i64) {
    let per_second = unit.per_second();
    (count.div_euclid(per_second), count.rem_euclid(per_second) * (1_000_000_000 / per_second))
}

fn write_clock(second: i64, nanos: i64, out: &mut String) {
    let _ = write!(out, "{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    let _ = match (nanos, nanos % 1_000) {
        (0, _) => Ok(()),
        (_, 0) => write!(out, ".{:06}", nanos / 1_000),
        _ => write!(out, ".{nanos:09}"),
    };
}

/// Appends a time of day.
pub(crate) fn write_time(unit: Unit, count: i64, out: &mut String) {
    let (second, nanos) = split(unit, count);
    write_clock(second.rem_euclid(SECONDS_PER_DAY), nanos, out);
}

/// The second since 1970 that an instant is in.
pub(crate) fn second(unit: Unit, count: i64) -> i64 {
    split(unit, count).0
}

/// Appends an instant; where it is that of a zone, `offset` is the zone's offset from UTC then, in seconds.
pub(crate) fn write(unit: Unit, count: i64, offset: Option<i64>, out: &mut String) {
    let (second, nanos) = split(unit, count);
    let local = i128::from(second) + i128::from(offset.unwrap_or(0));
    let day = i128::from(SECONDS_PER_DAY);
    // Both fit: a day has more seconds than one.
    write_date(i64::try_from(local.div_euclid(day)).unwrap_or(0), out);
    out.push('T');
    write_clock(i64::try_from(local.rem_euclid(day)).unwrap_or(0), nanos, out);
    if let Some(offset) = offset {
        temporal::write_offset(offset.saturating_mul(1_000_000), out);
    }
}

/// Appends an ISO 8601 duration: `-P1DT2H3M4.5S`; zero is `PT0S`.
pub(crate) fn write_duration(unit: Unit, count: i64, out: &mut String) {
    let total = i128::from(count) * i128::from(1_000_000_000 / unit.per_second());
    if total < 0 {
        out.push('-');
    }
    let (seconds, nanos) = (total.unsigned_abs() / 1_000_000_000, total.unsigned_abs() % 1_000_000_000);
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    out.push('P');
    if days != 0 {
        let _ = write!(out, "{days}D");
    }
    if days != 0 && seconds == 0 && nanos == 0 {
        return;
    }
    out.push('T');
    for (part, letter) in [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M')] {
        if part != 0 {
            let _ = write!(out, "{part}{letter}");
        }
    }
    if nanos != 0 {
        let fraction = format!("{nanos:09}");
        let _ = write!(out, "{}.{}S", seconds % 60, fraction.trim_end_matches('0'));
    } else if seconds % 60 != 0 || (seconds == 0 && days == 0) {
        let _ = write!(out, "{}S", seconds % 60);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(write: impl Fn(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn text_is_that_of_isoformat() {
        // CPython: `(datetime(1970, 1, 1) + timedelta(microseconds=n)).isoformat()`; pandas for nanoseconds.
        assert_eq!(shown(|out| write(Unit::Micro, -1, None, out)), "1969-12-31T23:59:59.999999");
        assert_eq!(shown(|out| write(Unit::Second, 951_782_400, None, out)), "2000-02-29T00:00:00");
        assert_eq!(shown(|out| write(Unit::Milli, 1_500, Some(-5_400), out)), "1969-12-31T22:30:01.500000-01:30");
        assert_eq!(shown(|out| write(Unit::Nano, 1, Some(0), out)), "1970-01-01T00:00:00.000000001+00:00");
        assert_eq!(shown(|out| write(Unit::Second, i64::MAX, None, out)).len(), "+292277026596-12-04T15:30:07".len());
        assert_eq!(shown(|out| write_date(-719_528, out)), "+000000-01-01");
        assert_eq!(shown(|out| write_date(-719_162, out)), "0001-01-01");
        assert_eq!(shown(|out| write_time(Unit::Nano, 86_399_999_999_999, out)), "23:59:59.999999999");
        assert_eq!(shown(|out| write_duration(Unit::Milli, -93_784_500, out)), "-P1DT2H3M4.5S");
        assert_eq!(shown(|out| write_duration(Unit::Second, 0, out)), "PT0S");
        assert_eq!(shown(|out| write_duration(Unit::Nano, 3_600_000_000_001, out)), "PT1H0.000000001S");
        assert_eq!(shown(|out| write_duration(Unit::Second, 7_200, out)), "PT2H");
    }
}
