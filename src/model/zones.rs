//! The UTC offset of a time in its zone, as Python computes it, and `isoformat()` with that offset.
//!
//! Zones by name are looked up in the bundled time zone database, never in the machine's. A record that serves as a zone has
//! code for an offset, which is not run: its offset is unknown.

use std::collections::HashMap;

use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use crate::model::graph::{Graph, Kind};
use crate::model::temporal::{self, MICROS_PER_DAY, Time, Zone};
use crate::model::value::{NodeId, Tz, Value};

/// Why an offset cannot be told: a lower-case fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownZone(pub String);

const MICROS: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// Days from 0001-01-01 to 1970-01-01.
const EPOCH: i64 = 719_162;

/// How a zone answers.
enum Rule {
    /// One offset in microseconds, also without a date.
    Fixed(i64),
    /// One offset in microseconds, none without a date.
    Dated(i64),
    /// A zone of the database.
    Named(TimeZone),
    Tables(Tables),
    Unknown(UnknownZone),
}

/// Transition tables in wall-clock seconds since 1970, and microseconds of offset.
struct Tables {
    /// Offset before the first transition.
    before: i64,
    /// Where each transition lies on the wall clock for fold 0 and 1, and the offset after it.
    steps: [Vec<(i64, i64)>; 2],
    /// What holds after the last transition.
    after: After,
}

enum After {
    Offset(i64),
    /// A rule, and the last transition in seconds of UTC since 1970.
    Rule(TimeZone, Option<i64>),
}

/// The zones of one graph, each looked up once.
pub(crate) struct Zones {
    database: TimeZoneDatabase,
    rules: HashMap<NodeId, Rule>,
    /// Zones that are named by text alone.
    named: HashMap<String, Option<TimeZone>>,
}

impl Zones {
    pub fn new() -> Self {
        Zones { database: TimeZoneDatabase::bundled(), rules: HashMap::new(), named: HashMap::new() }
    }

    /// Forgets the zones for which `keep` is false.
    pub fn retain(&mut self, keep: impl Fn(NodeId) -> bool) {
        self.rules.retain(|id, _| keep(*id));
    }

    /// The offset from UTC in microseconds of a packed datetime (`temporal::pack_datetime`), or of a time without a date where
    /// `packed` is `None`; `None` where Python's `utcoffset()` returns None.
    ///
    /// # Errors
    /// The zone is a record, or its name is not in the database.
    pub fn utc_offset(&mut self, graph: &Graph, zone: NodeId, packed: Option<u64>) -> Result<Option<i64>, UnknownZone> {
        let database = &self.database;
        let rule = self.rules.entry(zone).or_insert_with(|| {
            let known = match graph.zone_of(zone) {
                Some(zone) => rule(database, graph, zone),
                None => Err(UnknownZone("a class that is not known to be a time zone".to_owned())),
            };
            known.unwrap_or_else(Rule::Unknown)
        });
        match (rule, packed) {
            (Rule::Unknown(why), _) => Err(why.clone()),
            (Rule::Fixed(offset), _) | (Rule::Dated(offset), Some(_)) => Ok(Some(*offset)),
            (Rule::Dated(_) | Rule::Tables(_), None) => Ok(None),
            (Rule::Named(zone), None) => Ok(only_offset(zone)),
            (Rule::Named(zone), Some(packed)) => named_offset(zone, packed).map(Some),
            (Rule::Tables(tables), Some(packed)) => tables.offset(packed).map(Some),
        }
    }

    /// The offset from UTC in seconds that a zone has at a second since 1970; the zone is a name of the database, or an offset
    /// (`+05:30`). `None` where it is neither.
    pub fn offset_at(&mut self, name: &str, second: i64) -> Option<i64> {
        if let Some(offset) = fixed_offset(name) {
            return Some(offset);
        }
        if !self.named.contains_key(name) {
            self.named.insert(name.to_owned(), self.database.get(name).ok());
        }
        let zone = self.named.get(name)?.as_ref()?;
        let second = second.clamp(jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
        Some(zone.to_offset(jiff::Timestamp::from_second(second).ok()?).seconds().into())
    }

    /// The offset from UTC in seconds that a zone has at a second since 1970, whatever offset a datetime fixed it to: pandas
    /// keeps instants in UTC and asks the zone.
    ///
    /// # Errors
    /// As for [`Zones::utc_offset`].
    pub fn offset_of_instant(&mut self, graph: &Graph, zone: NodeId, second: i64) -> Result<i64, UnknownZone> {
        let name = match graph.zone_of(zone) {
            Some(Zone::ZoneInfo { key } | Zone::Pytz { zone: key, .. }) => text(graph, *key),
            Some(Zone::DateutilFile { name, .. }) => {
                text(graph, *name).map(|name| name.rsplit_once("zoneinfo/").map_or(name, |(_, key)| key))
            }
            _ => None,
        };
        if let Some(offset) = name.and_then(|name| self.offset_at(name, second)) {
            return Ok(offset);
        }
        // The wall clock that leads to this instant: the offset a day before or after it, or between.
        let mut tried = Err(UnknownZone("a time zone outside the years 1 to 9999".to_owned()));
        for near in [second, second.saturating_sub(SECONDS_PER_DAY), second.saturating_add(SECONDS_PER_DAY)] {
            let Some(packed) = wall_clock(near, false) else { continue };
            let offset = self.utc_offset(graph, zone, Some(packed))?.unwrap_or(0).div_euclid(MICROS);
            for fold in [false, true] {
                let Some(packed) = wall_clock(second.saturating_add(offset), fold) else { continue };
                let found = self.utc_offset(graph, zone, Some(packed))?.unwrap_or(0).div_euclid(MICROS);
                if found == offset {
                    return Ok(offset);
                }
                tried = Ok(found);
            }
        }
        tried
    }

    /// Appends what `datetime.isoformat()` prints.
    ///
    /// # Errors
    /// As for [`Zones::utc_offset`]; nothing is appended then.
    pub fn write_datetime(&mut self, graph: &Graph, tz: Tz, packed: u64, out: &mut String) -> Result<(), UnknownZone> {
        let offset = match tz.id() {
            Some(id) => self.utc_offset(graph, id, Some(packed))?,
            None => None,
        };
        temporal::write_datetime(packed, out);
        if let Some(offset) = offset {
            temporal::write_offset(offset, out);
        }
        Ok(())
    }

    /// Appends what `time.isoformat()` prints.
    ///
    /// # Errors
    /// As for [`Zones::utc_offset`]; nothing is appended then.
    pub fn write_time(&mut self, graph: &Graph, tz: Tz, packed: u64, out: &mut String) -> Result<(), UnknownZone> {
        let offset = match tz.id() {
            Some(id) => self.utc_offset(graph, id, None)?,
            None => None,
        };
        Time::unpack(packed).write(out);
        if let Some(offset) = offset {
            temporal::write_offset(offset, out);
        }
        Ok(())
    }
}

/// The seconds of `+HH:MM`.
fn fixed_offset(name: &str) -> Option<i64> {
    let (sign, rest) = match name.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes) = (hours.parse::<i64>().ok()?, minutes.parse::<i64>().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// A second since 1970 as a packed datetime of the years 1 to 9999.
fn wall_clock(second: i64, fold: bool) -> Option<u64> {
    let (days, rest) = (second.div_euclid(SECONDS_PER_DAY), second.rem_euclid(SECONDS_PER_DAY));
    let (year, month, day) = crate::model::moment::civil(i128::from(days));
    let date = temporal::Date::new(u16::try_from(year).ok()?, month, day)?;
    let part = |n: i64| u8::try_from(n).ok();
    let time = Time::new(part(rest / 3600)?, part(rest / 60 % 60)?, part(rest % 60)?, 0, fold)?;
    Some(temporal::pack_datetime(date, time))
}

fn rule(database: &TimeZoneDatabase, graph: &Graph, zone: &Zone) -> Result<Rule, UnknownZone> {
    match *zone {
        Zone::Fixed { offset_us, .. } => Ok(Rule::Fixed(offset_us)),
        Zone::ZoneInfo { key } => lookup(database, graph, key).map(Rule::Named),
        Zone::Pytz { fixed: Some((seconds, _, _)), .. } => Ok(Rule::Dated(i64::from(seconds) * MICROS)),
        Zone::Pytz { zone, fixed: None } => {
            let zone = lookup(database, graph, zone)?;
            match only_offset(&zone) {
                Some(offset) => Ok(Rule::Fixed(offset)),
                // A zone object that no datetime was localised to stands for the first of its offsets, local mean time,
                // which pytz rounds to minutes (`pytz/tzfile.py`).
                None => {
                    let first = i64::from(zone.to_offset(jiff::Timestamp::MIN).seconds());
                    Ok(Rule::Dated((first + 30).div_euclid(60) * 60 * MICROS))
                }
            }
        }
        Zone::PytzMinutes(minutes) => Ok(Rule::Fixed(i64::from(minutes) * 60 * MICROS)),
        Zone::DateutilUtc => Ok(Rule::Fixed(0)),
        Zone::DateutilOffset { offset, .. } => match micros(offset) {
            Some(offset) => Ok(Rule::Fixed(offset)),
            None => Err(UnknownZone("a tzoffset without an offset".to_owned())),
        },
        Zone::DateutilLocal { state } => local(graph, state),
        Zone::DateutilFile { name, state } => match state {
            Value::Object(id) if graph.kind(id) == Kind::Dict => tables2(graph, id).map(Rule::Tables),
            Value::Object(id) => tables4(graph, id),
            _ => lookup(database, graph, name).map(Rule::Named),
        },
    }
}

fn text(graph: &Graph, value: Value) -> Option<&str> {
    match value {
        Value::Str { len, at } => Some(graph.text(len, at)),
        Value::Bytes { len, at } | Value::Py2Str { len, at } => std::str::from_utf8(graph.bytes(len, at)).ok(),
        _ => None,
    }
}

/// A zone by its name, or by a path to its file in any copy of the database.
fn lookup(database: &TimeZoneDatabase, graph: &Graph, name: Value) -> Result<TimeZone, UnknownZone> {
    let Some(name) = text(graph, name) else { return Err(UnknownZone("a time zone without a name".to_owned())) };
    let key = name.rsplit_once("zoneinfo/").map_or(name, |(_, key)| key);
    database.get(key).map_err(|_| {
        UnknownZone(format!("time zone `{}`, which the bundled database does not have", crate::name::Escaped(name)))
    })
}

/// The offset of a zone that has only ever had one.
fn only_offset(zone: &TimeZone) -> Option<i64> {
    let first = jiff::Timestamp::MIN;
    zone.following(first).next().is_none().then(|| i64::from(zone.to_offset(first).seconds()) * MICROS)
}

/// PEP 495: where the wall clock is set back, fold chooses; where it skips, fold 0 is the offset before and 1 the one after.
fn named_offset(zone: &TimeZone, packed: u64) -> Result<i64, UnknownZone> {
    let (date, time) = temporal::unpack_datetime(packed);
    let small = |n: u8| i8::try_from(n).unwrap_or(i8::MAX);
    let local = jiff::civil::DateTime::new(
        i16::try_from(date.year).unwrap_or(i16::MAX),
        small(date.month),
        small(date.day),
        small(time.hour),
        small(time.minute),
        small(time.second),
        0,
    )
    .map_err(|_| UnknownZone("a time zone outside the years 1 to 9999".to_owned()))?;
    let offset = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
            if time.fold {
                after
            } else {
                before
            }
        }
    };
    Ok(i64::from(offset.seconds()) * MICROS)
}

/// A timedelta below 24 hours, in microseconds.
fn micros(value: Value) -> Option<i64> {
    let Value::TimeDelta { days, rest } = value else { return None };
    i64::try_from(temporal::timedelta_micros(days, rest)).ok().filter(|n| n.abs() < MICROS_PER_DAY)
}

/// The value of a key in a dict.
fn field(graph: &Graph, dict: NodeId, name: &str) -> Option<Value> {
    let mut items = graph.items(dict);
    let mut found = None;
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        if text(graph, key) == Some(name) {
            found = Some(value);
        }
    }
    found
}

/// A tzlocal asks the machine whether it is summer; only where that does not matter is the answer in the stream.
fn local(graph: &Graph, state: Value) -> Result<Rule, UnknownZone> {
    let unknown = || UnknownZone("a tzlocal, whose rules are those of the machine that wrote it".to_owned());
    let Value::Object(state) = state else { return Err(unknown()) };
    let offset = |name| field(graph, state, name).and_then(micros);
    let standard = offset("_std_offset").ok_or_else(unknown)?;
    match field(graph, state, "_hasdst") {
        Some(Value::Bool(false) | Value::Int(0)) => Ok(Rule::Fixed(standard)),
        _ if offset("_dst_offset") == Some(standard) => Ok(Rule::Dated(standard)),
        _ => Err(unknown()),
    }
}

fn seconds(graph: &Graph, list: Value) -> Option<Vec<i64>> {
    let Value::Object(id) = list else { return None };
    graph.items(id).map(|v| if let Value::Int(n) = v { Some(n) } else { None }).collect()
}

/// The offset of a `_ttinfo`: a record whose first state holds `delta`.
fn ttinfo(graph: &Graph, value: Value) -> Option<i64> {
    let Value::Object(id) = value else { return None };
    match graph.first::<6>(id) {
        [Value::Global(_), _, _, _, Value::Int(0), Value::Object(state)]
            if graph.kind(id) == Kind::Record && graph.kind(state) == Kind::Dict =>
        {
            micros(field(graph, state, "delta")?)
        }
        _ => None,
    }
}

/// Version 2 of dateutil (`tz/tz.py`): wall-clock transitions; the last one never takes effect, the standard offset does.
fn tables2(graph: &Graph, state: NodeId) -> Result<Tables, UnknownZone> {
    let unknown = || UnknownZone("a tzfile whose tables are not complete".to_owned());
    let get = |name| field(graph, state, name);
    let standard = match get("_ttinfo_std") {
        Some(Value::None) | None => 0,
        Some(info) => ttinfo(graph, info).ok_or_else(unknown)?,
    };
    let mut at = get("_trans_list").and_then(|v| seconds(graph, v)).ok_or_else(unknown)?;
    let Some(Value::Object(index)) = get("_trans_idx") else { return Err(unknown()) };
    let mut known: HashMap<NodeId, i64> = HashMap::new();
    let mut offsets = Vec::new();
    for info in graph.items(index) {
        let Value::Object(id) = info else { return Err(unknown()) };
        let offset = match known.get(&id) {
            Some(offset) => *offset,
            None => ttinfo(graph, info).ok_or_else(unknown)?,
        };
        known.insert(id, offset);
        offsets.push(offset);
    }
    if offsets.len() != at.len() {
        return Err(unknown());
    }
    if get("_ttinfo_std").is_none_or(|v| matches!(v, Value::None)) {
        (at, offsets) = (Vec::new(), Vec::new());
    }
    if let Some(last) = offsets.last_mut() {
        *last = standard;
    }
    let before = match get("_ttinfo_before") {
        Some(info) if !at.is_empty() => ttinfo(graph, info).ok_or_else(unknown)?,
        _ => standard,
    };
    // For fold 0 a transition back takes effect at the end of what is ambiguous; the first is never taken for ambiguous.
    let later = at.iter().enumerate().map(|(n, &at)| {
        let (old, new) = match n.checked_sub(1) {
            Some(before) => (offsets.get(before), offsets.get(n)),
            None => (None, None),
        };
        at.saturating_add(old.zip(new).map_or(0, |(old, new)| (old - new).max(0) / MICROS))
    });
    let later: Vec<i64> = later.collect();
    let steps = |at: &[i64]| at.iter().copied().zip(offsets.iter().copied()).collect::<Vec<_>>();
    Ok(Tables { before, steps: [steps(&later), steps(&at)], after: After::Offset(standard) })
}

/// Version 4 of dateutil (`tz/_tzfile.py`, after PEP 615): transitions in UTC and a rule for what follows.
fn tables4(graph: &Graph, state: NodeId) -> Result<Rule, UnknownZone> {
    let unknown = || UnknownZone("a tzfile whose tables are not complete".to_owned());
    let [_, Value::Object(tables)] = graph.first::<2>(state) else { return Err(unknown()) };
    let [index, at, offsets, dst, _, after] = graph.first::<6>(tables);
    let all = |list| seconds(graph, list).ok_or_else(unknown);
    let (index, at, offsets) = (all(index)?, all(at)?, all(offsets)?);
    let Value::Object(dst) = dst else { return Err(unknown()) };
    let offset_of = |n: i64| usize::try_from(n).ok().and_then(|n| offsets.get(n)).copied().ok_or_else(unknown);
    let first = offsets.first().copied().ok_or_else(unknown)?;
    let mut steps = [Vec::new(), Vec::new()];
    let mut old = first;
    for (&n, &at) in index.iter().zip(&at) {
        let new = offset_of(n)?;
        let [earlier, later] = &mut steps;
        earlier.push((at.saturating_add(old.max(new)), new * MICROS));
        later.push((at.saturating_add(old.min(new)), new * MICROS));
        old = new;
    }
    let last = index.last().map_or(Ok(first), |&n| offset_of(n))?;
    let after = match text(graph, after) {
        None | Some("") => After::Offset(last * MICROS),
        Some(rule) => {
            let rule =
                TimeZone::posix(rule).map_err(|_| UnknownZone("a tzfile whose rule is no POSIX rule".to_owned()))?;
            match only_offset(&rule) {
                Some(offset) => After::Offset(offset),
                None => After::Rule(rule, at.last().copied()),
            }
        }
    };
    if let (After::Offset(offset), [only]) = (&after, offsets.as_slice())
        && *offset == only * MICROS
    {
        return Ok(Rule::Fixed(*offset));
    }
    let standard = graph.items(dst).position(|v| matches!(v, Value::Int(0) | Value::Bool(false)));
    let before = match standard {
        Some(n) => offsets.get(n).copied().ok_or_else(unknown)?,
        None => index.first().map_or(Ok(first), |&n| offset_of(n))?,
    };
    Ok(Rule::Tables(Tables { before: before * MICROS, steps, after }))
}

impl Tables {
    fn offset(&self, packed: u64) -> Result<i64, UnknownZone> {
        let (date, time) = temporal::unpack_datetime(packed);
        let at = (date.days() - EPOCH) * SECONDS_PER_DAY + time.micros() / MICROS;
        let [first, second] = &self.steps;
        let steps = if time.fold { second } else { first };
        let passed = steps.partition_point(|&(step, _)| step <= at);
        let beyond = steps.last().is_none_or(|&(step, _)| at > step);
        match (&self.after, passed.checked_sub(1).and_then(|n| steps.get(n))) {
            (After::Rule(rule, last), step) if beyond => {
                let offset = named_offset(rule, packed)?;
                // The rule knows nothing of what came before it: an instant before the last transition is not its own.
                match (last, step) {
                    (Some(last), Some(&(_, old))) if at - offset / MICROS < *last => Ok(old),
                    _ => Ok(offset),
                }
            }
            (After::Offset(offset), _) if beyond => Ok(*offset),
            (_, Some(&(_, offset))) => Ok(offset),
            (_, None) => Ok(self.before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::model::temporal::Date;

    fn packed(year: u16, month: u8, day: u8, hour: u8, minute: u8, fold: bool) -> u64 {
        let date = Date::new(year, month, day).expect("a date");
        temporal::pack_datetime(date, Time::new(hour, minute, 0, 0, fold).expect("a time"))
    }

    /// `isoformat()` of a datetime and of 01:02 without a date.
    fn iso(graph: &Graph, zone: NodeId, datetime: u64) -> (String, String) {
        let mut zones = Zones::new();
        let (mut dated, mut clock) = (String::new(), String::new());
        zones.write_datetime(graph, Tz::object(zone), datetime, &mut dated).expect("a known zone");
        let time = Time::new(1, 2, 0, 0, false).expect("a time").pack();
        zones.write_time(graph, Tz::object(zone), time, &mut clock).expect("a known zone");
        (dated, clock)
    }

    /// Expected texts are what CPython 3.11 prints.
    #[test]
    fn fold_chooses_on_both_sides_of_a_change() {
        let mut graph = Graph::new(&Limits::default());
        let key = graph.str("Europe/Paris").expect("memory");
        let paris = graph.zone(Zone::ZoneInfo { key }).expect("memory");
        for (datetime, expected) in [
            (packed(2024, 10, 27, 2, 30, false), "2024-10-27T02:30:00+02:00"),
            (packed(2024, 10, 27, 2, 30, true), "2024-10-27T02:30:00+01:00"),
            (packed(2024, 3, 31, 2, 30, false), "2024-03-31T02:30:00+01:00"),
            (packed(2024, 3, 31, 2, 30, true), "2024-03-31T02:30:00+02:00"),
            (packed(1890, 1, 1, 0, 0, false), "1890-01-01T00:00:00+00:09:21"),
            (packed(2100, 7, 1, 0, 0, false), "2100-07-01T00:00:00+02:00"),
            (packed(1, 1, 1, 0, 0, false), "0001-01-01T00:00:00+00:09:21"),
        ] {
            assert_eq!(iso(&graph, paris, datetime), (expected.to_owned(), "01:02:00".to_owned()));
        }
    }

    #[test]
    fn pytz_answers_with_the_offset_it_was_fixed_to() {
        let mut graph = Graph::new(&Limits::default());
        let paris = graph.str("Europe/Paris").expect("memory");
        let fixed = graph.str("Etc/GMT+5").expect("memory");
        let name = graph.str("CEST").expect("memory");
        let winter = packed(2024, 1, 1, 0, 0, false);
        for (zone, dated, clock) in [
            (Zone::Pytz { zone: paris, fixed: Some((7200, 3600, name)) }, "+02:00", ""),
            // Never localised: local mean time, in minutes.
            (Zone::Pytz { zone: paris, fixed: None }, "+00:09", ""),
            (Zone::Pytz { zone: fixed, fixed: None }, "-05:00", "-05:00"),
            (Zone::PytzMinutes(-330), "-05:30", "-05:30"),
            (Zone::DateutilUtc, "+00:00", "+00:00"),
            (Zone::Fixed { offset_us: 86_399_999_999, name: None }, "+23:59:59.999999", "+23:59:59.999999"),
        ] {
            let id = graph.zone(zone).expect("memory");
            assert_eq!(iso(&graph, id, winter), (format!("2024-01-01T00:00:00{dated}"), format!("01:02:00{clock}")));
        }
    }

    #[test]
    fn what_the_database_does_not_have_is_unknown() {
        let mut graph = Graph::new(&Limits::default());
        let key = graph.str("Mars/Phobos").expect("memory");
        let zone = graph.zone(Zone::ZoneInfo { key }).expect("memory");
        let record = graph.alloc(Kind::Record).expect("memory");
        let mut zones = Zones::new();
        let why = zones.utc_offset(&graph, zone, None).expect_err("unknown");
        assert_eq!(why.0, "time zone `Mars/Phobos`, which the bundled database does not have");
        assert!(zones.utc_offset(&graph, record, None).is_err());
    }
}
