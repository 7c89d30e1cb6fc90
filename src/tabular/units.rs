//! Units of time and offsets, as Arrow has them.

use arrow::datatypes::TimeUnit;

use crate::model::dtype::Unit;

/// Finer units last.
pub(super) fn ticks_per_second(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// An offset as Arrow names a zone: `+05:30`; none for one with seconds.
pub(super) fn offset(us: i64) -> Option<String> {
    if us == 0 {
        return Some("UTC".to_owned());
    }
    let minutes = us / 60_000_000;
    if us % 60_000_000 != 0 {
        return None;
    }
    let sign = if us < 0 { '-' } else { '+' };
    Some(format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60))
}

/// Multiples of a numpy unit in a unit of Arrow; `None` where the unit is a date's, or finer than Arrow has.
pub(super) fn ticks(n: i64, unit: Unit, count: u32) -> Option<(i128, TimeUnit)> {
    let n = i128::from(n) * i128::from(count);
    Some(match unit {
        Unit::Week if count != 1 => (n * 604_800, TimeUnit::Second),
        Unit::Day if count != 1 => (n * 86_400, TimeUnit::Second),
        Unit::Hour => (n * 3_600, TimeUnit::Second),
        Unit::Minute => (n * 60, TimeUnit::Second),
        Unit::Second => (n, TimeUnit::Second),
        Unit::Milli => (n, TimeUnit::Millisecond),
        Unit::Micro => (n, TimeUnit::Microsecond),
        Unit::Nano => (n, TimeUnit::Nanosecond),
        _ => return None,
    })
}
