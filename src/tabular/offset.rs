//! The text of a frequency as pandas 3 reads it: older versions wrote offsets as objects, and other letters.

use crate::model::graph::{Graph, Kind};
use crate::model::layout::Offset;
use crate::model::value::Value;

/// Classes whose periods have a text of their own.
const ALIASES: &[(&str, &str)] = &[
    ("Day", "D"),
    ("BusinessDay", "B"),
    ("Hour", "h"),
    ("Minute", "min"),
    ("Second", "s"),
    ("Milli", "ms"),
    ("Micro", "us"),
    ("Nano", "ns"),
    ("MonthEnd", "M"),
];
/// Letters that pandas 3 no longer reads, and what it reads instead.
const RENAMED: &[(&str, &str)] = &[
    ("A", "Y-DEC"),
    ("Y", "Y-DEC"),
    ("Q", "Q-DEC"),
    ("W", "W-SUN"),
    ("H", "h"),
    ("T", "min"),
    ("S", "s"),
    ("L", "ms"),
    ("U", "us"),
    ("N", "ns"),
    ("ME", "M"),
    ("QE", "Q-DEC"),
    ("YE", "Y-DEC"),
];
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

/// The text of an offset that periods can have.
pub(super) fn alias(graph: &Graph, offset: &Offset) -> Option<String> {
    let Value::Global(class) = offset.class else { return None };
    let class = graph.global(class).name.as_str();
    let parameter = |name: &str| {
        let Value::Object(params) = offset.params else { return None };
        if graph.kind(params) != Kind::Dict {
            return None;
        }
        let mut items = graph.items(params);
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            if let (Value::Str { len, at }, Value::Int(n)) = (key, value)
                && graph.text(len, at) == name
            {
                return usize::try_from(n).ok();
            }
        }
        None
    };
    let month = |name: &str| MONTHS.get(parameter(name).unwrap_or(12).checked_sub(1)?).copied();
    let text = match class {
        "QuarterEnd" => format!("Q-{}", month("startingMonth")?),
        "YearEnd" => format!("Y-{}", month("month")?),
        "Week" => format!("W-{}", DAYS.get(parameter("weekday").unwrap_or(6))?),
        _ => ALIASES.iter().find(|row| row.0 == class)?.1.to_owned(),
    };
    Some(match offset.n {
        Value::None | Value::Int(1) => text,
        Value::Int(n) => format!("{n}{text}"),
        _ => return None,
    })
}

/// A text of any version as pandas 3 reads it.
pub(super) fn renewed(text: &str) -> String {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, code) = text.split_at(digits);
    let (head, anchor) = code.split_once('-').map_or((code, None), |(head, anchor)| (head, Some(anchor)));
    let new = match anchor {
        None => RENAMED.iter().find(|row| row.0 == head).map_or(head, |row| row.1).to_owned(),
        Some(anchor) => {
            format!("{}-{anchor}", if matches!(head, "A" | "YE") { "Y" } else { head.trim_end_matches('E') })
        }
    };
    format!("{count}{new}")
}
