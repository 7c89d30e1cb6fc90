//! Frequencies and periods of pandas as the text that pandas prints.
//!
//! Source: `pandas/_libs/tslibs/period.pyx` (`asfreq_*toDT`, `period_format`) and the codes of its frequencies. A period is an
//! ordinal that counts units of its frequency since 1970.

use std::fmt::Write as _;

use crate::model::graph::Graph;
use crate::model::layout::{Layout, Offset};
use crate::model::moment::civil;
use crate::model::value::{NodeId, Value};

/// What a frequency counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Year,
    Quarter,
    Month,
    /// Days from a Sunday to the last day of the week, 0 to 6.
    Week(u8),
    BusinessDay,
    Day,
    Hour,
    Minute,
    Second,
    Milli,
    Micro,
    Nano,
}

/// The frequency of periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frequency(Base);

/// Days of the week as anchors spell them, from Monday as offsets number them.
const DAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// A weekday from Monday 0 as days from a Sunday.
fn week(from_monday: usize) -> Option<Base> {
    u8::try_from(from_monday).ok().filter(|day| *day < 7).map(|day| Base::Week((day + 1) % 7))
}

impl Frequency {
    /// The frequency that text or an offset stands for, if periods of it have a text of their own.
    pub fn of(graph: &Graph, value: Value) -> Option<Frequency> {
        match (value, graph.layout(value)) {
            (Value::Str { len, at }, _) => Self::of_text(graph.text(len, at)),
            (_, Some((Layout::Offset, id))) => Self::of_offset(graph, id),
            _ => None,
        }
    }

    /// `M`, `2D`, `W-SUN`, `Q-DEC`, `period[M]`; older spellings too.
    fn of_text(text: &str) -> Option<Frequency> {
        let text = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let (base, anchor) = text.split_once('-').map_or((text, None), |(base, anchor)| (base, Some(anchor)));
        let month = anchor.is_none_or(|anchor| MONTHS.contains(&anchor));
        let plain = anchor.is_none();
        Some(Frequency(match base {
            "A" | "Y" | "YE" if month => Base::Year,
            "Q" | "QE" if month => Base::Quarter,
            "W" => match anchor {
                None => Base::Week(0),
                Some(anchor) => week(DAYS.iter().position(|day| *day == anchor)?)?,
            },
            "M" | "ME" if plain => Base::Month,
            "B" if plain => Base::BusinessDay,
            "D" if plain => Base::Day,
            "H" | "h" if plain => Base::Hour,
            "T" | "min" if plain => Base::Minute,
            "S" | "s" if plain => Base::Second,
            "L" | "ms" if plain => Base::Milli,
            "U" | "us" if plain => Base::Micro,
            "N" | "ns" if plain => Base::Nano,
            _ => return None,
        }))
    }

    fn of_offset(graph: &Graph, id: NodeId) -> Option<Frequency> {
        let offset = Offset::of(graph, id);
        let Value::Global(class) = offset.class else { return None };
        Some(Frequency(match graph.global(class).name.as_str() {
            "YearEnd" => Base::Year,
            "QuarterEnd" => Base::Quarter,
            "MonthEnd" => Base::Month,
            "Week" => match param(graph, offset.params, "weekday") {
                None => Base::Week(0),
                Some(Value::Int(day)) => week(usize::try_from(day).ok()?)?,
                Some(_) => return None,
            },
            "BusinessDay" | "BDay" => Base::BusinessDay,
            "Day" => Base::Day,
            "Hour" => Base::Hour,
            "Minute" => Base::Minute,
            "Second" => Base::Second,
            "Milli" => Base::Milli,
            "Micro" => Base::Micro,
            "Nano" => Base::Nano,
            _ => return None,
        }))
    }

    /// Appends `str()` of a period.
    pub fn write(self, ordinal: i64, out: &mut String) {
        let ordinal = i128::from(ordinal);
        let per_day: i128 = match self.0 {
            Base::Year => {
                let _ = write!(out, "{:04}", ordinal + 1970);
                return;
            }
            Base::Quarter => {
                let _ = write!(out, "{:04}Q{}", ordinal.div_euclid(4) + 1970, ordinal.rem_euclid(4) + 1);
                return;
            }
            Base::Month => {
                let _ = write!(out, "{:04}-{:02}", ordinal.div_euclid(12) + 1970, ordinal.rem_euclid(12) + 1);
                return;
            }
            Base::Week(end) => {
                let last = ordinal * 7 + i128::from(end) - 4;
                write_day(last - 6, out);
                out.push('/');
                write_day(last, out);
                return;
            }
            Base::BusinessDay => {
                write_day((ordinal + 3).div_euclid(5) * 7 + (ordinal + 3).rem_euclid(5) - 3, out);
                return;
            }
            Base::Day => 1,
            Base::Hour => 24,
            Base::Minute => 1_440,
            Base::Second => 86_400,
            Base::Milli => 86_400_000,
            Base::Micro => 86_400_000_000,
            Base::Nano => 86_400_000_000_000,
        };
        write_day(ordinal.div_euclid(per_day), out);
        let rest = ordinal.rem_euclid(per_day);
        let (per_second, digits) = match self.0 {
            Base::Day => return,
            Base::Hour => {
                let _ = write!(out, " {rest:02}:00");
                return;
            }
            Base::Minute => {
                let _ = write!(out, " {:02}:{:02}", rest / 60, rest % 60);
                return;
            }
            Base::Milli => (1_000, 3),
            Base::Micro => (1_000_000, 6),
            Base::Nano => (1_000_000_000, 9),
            _ => (1, 0),
        };
        let second = rest / per_second;
        let _ = write!(out, " {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        if digits > 0 {
            let _ = write!(out, ".{:0digits$}", rest % per_second);
        }
    }
}

fn write_day(days: i128, out: &mut String) {
    let (year, month, day) = civil(days);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}");
}

/// A parameter of an offset.
fn param(graph: &Graph, params: Value, name: &str) -> Option<Value> {
    let Value::Object(id) = params else { return None };
    let mut items = graph.items(id);
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        if matches!(key, Value::Str { len, at } if graph.text(len, at) == name) {
            return Some(value);
        }
    }
    None
}

/// Appends the code of an offset as pandas 3 prints it (`2D`, `W-WED`, `QE-MAR`), where that says all of it.
pub(crate) fn write_offset(graph: &Graph, id: NodeId, out: &mut String) -> bool {
    let offset = Offset::of(graph, id);
    let (Value::Global(class), Value::Int(n)) = (offset.class, offset.n) else { return false };
    if matches!(offset.normalize, Value::Bool(true)) {
        return false;
    }
    let (code, anchor) = match graph.global(class).name.as_str() {
        "Day" => ("D", None),
        "Hour" => ("h", None),
        "Minute" => ("min", None),
        "Second" => ("s", None),
        "Milli" => ("ms", None),
        "Micro" => ("us", None),
        "Nano" => ("ns", None),
        "BusinessDay" | "BDay" => ("B", None),
        "MonthEnd" => ("ME", None),
        "MonthBegin" => ("MS", None),
        "BusinessMonthEnd" | "BMonthEnd" => ("BME", None),
        "BusinessMonthBegin" | "BMonthBegin" => ("BMS", None),
        "Week" => ("W", Some("weekday")),
        "QuarterEnd" => ("QE", Some("startingMonth")),
        "QuarterBegin" => ("QS", Some("startingMonth")),
        "BQuarterEnd" => ("BQE", Some("startingMonth")),
        "BQuarterBegin" => ("BQS", Some("startingMonth")),
        "YearEnd" => ("YE", Some("month")),
        "YearBegin" => ("YS", Some("month")),
        "BYearEnd" => ("BYE", Some("month")),
        "BYearBegin" => ("BYS", Some("month")),
        _ => return false,
    };
    let anchored = anchor.and_then(|name| param(graph, offset.params, name));
    let known = match (anchor, anchored) {
        (None, _) | (Some(_), None) => Some(None),
        (Some("weekday"), Some(Value::Int(day))) => usize::try_from(day).ok().and_then(|day| DAYS.get(day)).map(Some),
        (Some(_), Some(Value::Int(month))) => {
            usize::try_from(month).ok().and_then(|m| m.checked_sub(1)).and_then(|m| MONTHS.get(m)).map(Some)
        }
        _ => None,
    };
    // What older versions kept beside in the instance follows from the rest.
    let derived = ["_offset", "kwds", "_inc", "_use_relativedelta", "offset"];
    let whole = match offset.params {
        Value::Object(params) => {
            graph.items(params).step_by(2).zip(graph.items(params).skip(1).step_by(2)).all(|(key, value)| match key {
                Value::Str { len, at } => {
                    let name = graph.text(len, at);
                    let zero = matches!(value, Value::TimeDelta { days: 0, rest: 0 });
                    Some(name) == anchor || (derived.contains(&name) && (name != "offset" || zero))
                }
                _ => false,
            })
        }
        _ => true,
    };
    let Some(suffix) = known.filter(|_| whole) else { return false };
    if n != 1 {
        let _ = write!(out, "{n}");
    }
    out.push_str(code);
    if let Some(suffix) = suffix {
        out.push('-');
        out.push_str(suffix);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::Frequency;

    /// Expected texts are what pandas 2.2 prints.
    #[test]
    fn periods_are_printed_as_pandas_does() {
        for (freq, ordinal, expected) in [
            ("Y-DEC", 50, "2020"),
            ("A-JUN", 50, "2020"),
            ("Q-DEC", 200, "2020Q1"),
            ("Q-MAR", -1, "1969Q4"),
            ("M", 600, "2020-01"),
            ("ME", -1, "1969-12"),
            ("W-SUN", 2610, "2019-12-30/2020-01-05"),
            ("W", 2610, "2019-12-30/2020-01-05"),
            ("W-WED", 2609, "2019-12-26/2020-01-01"),
            ("B", 13044, "2020-01-01"),
            ("2D", 18262, "2020-01-01"),
            ("H", 438_289, "2020-01-01 01:00"),
            ("min", 26_297_281, "2020-01-01 00:01"),
            ("s", 1_577_836_801, "2020-01-01 00:00:01"),
            ("L", 1_577_836_800_001, "2020-01-01 00:00:00.001"),
            ("us", 1_577_836_800_000_001, "2020-01-01 00:00:00.000001"),
            ("N", -1, "1969-12-31 23:59:59.999999999"),
        ] {
            let mut out = String::new();
            Frequency::of_text(freq).expect(freq).write(ordinal, &mut out);
            assert_eq!(out, expected, "{freq}");
        }
        for unknown in ["", "X", "M-DEC", "W-XXX", "2", "BH"] {
            assert_eq!(Frequency::of_text(unknown), None);
        }
    }
}
