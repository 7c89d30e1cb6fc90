//! datetime64 and timedelta64 as ISO 8601 text, in the precision of their unit, over all 64 bits of any unit.

use std::fmt::Write as _;

use crate::model::dtype::Unit;

/// Digits of a second's fraction.
fn fraction_digits(unit: Unit) -> usize {
    match unit {
        Unit::Milli => 3,
        Unit::Micro => 6,
        Unit::Nano => 9,
        Unit::Pico => 12,
        Unit::Femto => 15,
        Unit::Atto => 18,
        _ => 0,
    }
}

/// How many of a unit a day has; `None` for units that are no part of a day, or longer.
fn per_day(unit: Unit) -> Option<i128> {
    let seconds = 86_400;
    Some(match unit {
        Unit::Day => 1,
        Unit::Hour => 24,
        Unit::Minute => 1_440,
        Unit::Second => seconds,
        Unit::Milli | Unit::Micro | Unit::Nano | Unit::Pico | Unit::Femto | Unit::Atto => {
            seconds * 10_i128.pow(fraction_digits(unit) as u32)
        }
        Unit::Year | Unit::Month | Unit::Week | Unit::Generic => return None,
    })
}

/// Year, month, day of a number of days since 1970-01-01, in the Gregorian calendar without end.
pub(crate) fn civil(days: i128) -> (i128, u8, u8) {
    // Counted from 0000-03-01, in eras of 400 years; a leap day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i128::from(month <= 2), month as u8, day_of_month as u8)
}

fn write_year(year: i128, out: &mut String) {
    let sign = if year < 0 { "-" } else { "" };
    let _ = write!(out, "{sign}{:04}", year.unsigned_abs());
}

/// Appends a datetime64 as numpy prints it: `2020`, `2020-03`, `2020-03-01`, `2020-03-01T05`, … up to attoseconds. A generic one
/// has no calendar and is a number.
pub(crate) fn write_datetime(value: i64, unit: Unit, count: u32, out: &mut String) {
    let value = i128::from(value) * i128::from(count);
    match unit {
        Unit::Generic => {
            let _ = write!(out, "{value}");
            return;
        }
        Unit::Year => return write_year(value + 1970, out),
        Unit::Month => {
            write_year(value.div_euclid(12) + 1970, out);
            let _ = write!(out, "-{:02}", value.rem_euclid(12) + 1);
            return;
        }
        _ => {}
    }
    let (days, rest, per_day) = match per_day(unit) {
        Some(per_day) => (value.div_euclid(per_day), value.rem_euclid(per_day), per_day),
        None => (value * 7, 0, 1),
    };
    let (year, month, day) = civil(days);
    write_year(year, out);
    let _ = write!(out, "-{month:02}-{day:02}");
    match unit {
        Unit::Week | Unit::Day => {}
        Unit::Hour => drop(write!(out, "T{rest:02}")),
        Unit::Minute => drop(write!(out, "T{:02}:{:02}", rest / 60, rest % 60)),
        _ => {
            let per_second = per_day / 86_400;
            let (seconds, fraction) = (rest / per_second, rest % per_second);
            let _ = write!(out, "T{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
            let digits = fraction_digits(unit);
            if digits > 0 {
                let _ = write!(out, ".{fraction:0digits$}");
            }
        }
    }
}

/// Appends a timedelta64 as an ISO 8601 duration: `P5Y`, `P3M`, `P2W`, `-P1DT2H3M4.5S`; a generic one has no unit and is a number.
pub(crate) fn write_duration(value: i64, unit: Unit, count: u32, out: &mut String) {
    let value = i128::from(value) * i128::from(count);
    if unit == Unit::Generic {
        let _ = write!(out, "{value}");
        return;
    }
    if value < 0 {
        out.push('-');
    }
    let value = value.abs();
    let Some(per_day) = per_day(unit) else {
        let letter = match unit {
            Unit::Year => 'Y',
            Unit::Month => 'M',
            _ => 'W',
        };
        let _ = write!(out, "P{value}{letter}");
        return;
    };
    let (days, rest) = (value / per_day, value % per_day);
    out.push('P');
    if days != 0 || unit == Unit::Day {
        let _ = write!(out, "{days}D");
    }
    if rest == 0 && (days != 0 || unit == Unit::Day) {
        return;
    }
    out.push('T');
    // Below a second there are more units than in one.
    let (per_second, in_seconds) = if per_day >= 86_400 { (per_day / 86_400, 1) } else { (1, 86_400 / per_day) };
    let (seconds, fraction) = (rest / per_second * in_seconds, rest % per_second);
    for (n, letter) in [(seconds / 3_600, 'H'), (seconds / 60 % 60, 'M')] {
        if n != 0 {
            let _ = write!(out, "{n}{letter}");
        }
    }
    let digits = fraction_digits(unit);
    if fraction != 0 {
        let text = format!("{fraction:0digits$}");
        let _ = write!(out, "{}.{}S", seconds % 60, text.trim_end_matches('0'));
    } else if seconds % 60 != 0 || rest == 0 {
        let _ = write!(out, "{}S", seconds % 60);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(value: i64, unit: &str, count: u32) -> String {
        let mut out = String::new();
        write_datetime(value, Unit::of_name(unit).expect("a unit"), count, &mut out);
        out
    }

    fn lasts(value: i64, unit: &str) -> String {
        let mut out = String::new();
        write_duration(value, Unit::of_name(unit).expect("a unit"), 1, &mut out);
        out
    }

    #[test]
    fn datetimes_are_as_numpy_prints_them() {
        // str(np.datetime64(value, unit)), NumPy 2.4
        assert_eq!(at(50, "Y", 1), "2020");
        assert_eq!(at(-1, "M", 1), "1969-12");
        assert_eq!(at(1, "W", 1), "1970-01-08");
        assert_eq!(at(18_321, "D", 1), "2020-02-29");
        assert_eq!(at(-1, "h", 1), "1969-12-31T23");
        assert_eq!(at(61, "m", 1), "1970-01-01T01:01");
        assert_eq!(at(-1, "s", 1), "1969-12-31T23:59:59");
        assert_eq!(at(1, "s", 25), "1970-01-01T00:00:25");
        assert_eq!(at(1, "ns", 1), "1970-01-01T00:00:00.000000001");
        assert_eq!(at(-1, "as", 1), "1969-12-31T23:59:59.999999999999999999");
        assert_eq!(at(i64::MAX, "s", 1), "292277026596-12-04T15:30:07");
        assert_eq!(at(-719_529, "D", 1), "-0001-12-31");
    }

    #[test]
    fn durations_are_iso_8601() {
        assert_eq!(lasts(5, "Y"), "P5Y");
        assert_eq!(lasts(-3, "W"), "-P3W");
        assert_eq!(lasts(0, "D"), "P0D");
        assert_eq!(lasts(0, "s"), "PT0S");
        assert_eq!(lasts(25, "h"), "P1DT1H");
        assert_eq!(lasts(90, "m"), "PT1H30M");
        assert_eq!(lasts(1_500, "ms"), "PT1.5S");
        assert_eq!(lasts(-86_400_000_000_001, "ns"), "-P1DT0.000000001S");
        assert_eq!(lasts(7, "generic"), "7");
    }
}
