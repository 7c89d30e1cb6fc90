//! What pickles of dates, zones, numbers and UUIDs become. Bytes that are said to be CPython's are what `pickle.dumps` wrote.

use super::Registry;
use crate::limits::Limits;
use crate::machine::{Machine, Outcome, Trailing};
use crate::model::graph::Graph;
use crate::model::temporal::{self, Time, Zone};
use crate::model::value::{NodeId, Value};
use crate::opcode::lexer::Lexer;
use crate::policy::Policy;

fn read(bytes: &[u8]) -> Outcome {
    let limits = Limits::default();
    let mut lexer = Lexer::new(Box::new(bytes), &limits);
    Machine::new(Registry::new(Policy::new()), &limits).run(&mut lexer, Trailing::Error)
}

/// The first root in short, or what was found wrong with it.
fn shown(bytes: &[u8]) -> String {
    let outcome = read(bytes);
    if let [first, rest @ ..] = outcome.findings.errors.as_slice() {
        assert!(rest.is_empty(), "one finding, not {rest:?}");
        return format!("error: {first}");
    }
    show(&outcome.graph, outcome.roots[0])
}

fn show(graph: &Graph, value: Value) -> String {
    let zone = |tz: Option<NodeId>| tz.map_or(String::new(), |id| format!(" {}", show(graph, Value::Object(id))));
    let fold = |fold: bool| if fold { " fold" } else { "" };
    let mut out = String::new();
    match value {
        Value::None => "None".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Big { len, at } => graph.big_int(len, at).to_string(),
        Value::Str { len, at } | Value::Decimal { len, at } => graph.text(len, at).to_owned(),
        Value::Bytes { len, at } => graph.bytes(len, at).iter().map(|b| format!("{b:02x}")).collect(),
        Value::Date(packed) => {
            temporal::Date::unpack(packed).write(&mut out);
            out
        }
        Value::Time { tz, packed } => {
            let time = Time::unpack(packed);
            time.write(&mut out);
            out + fold(time.fold) + &zone(tz.id())
        }
        Value::DateTime { tz, packed } => {
            temporal::write_datetime(packed, &mut out);
            out + fold(temporal::unpack_datetime(packed).1.fold) + &zone(tz.id())
        }
        Value::TimeDelta { days, rest } => format!("{days}d{rest}us"),
        Value::Object(id) => match graph.zone_of(id).copied() {
            Some(Zone::Fixed { offset_us, name }) => {
                format!("fixed({offset_us}{})", name.map_or(String::new(), |n| format!(", {}", show(graph, n))))
            }
            Some(Zone::ZoneInfo { key }) => format!("zoneinfo({})", show(graph, key)),
            Some(Zone::Pytz { zone, fixed: None }) => format!("pytz({})", show(graph, zone)),
            Some(Zone::Pytz { zone, fixed: Some((offset, dst, name)) }) => {
                format!("pytz({}, {offset}, {dst}, {})", show(graph, zone), show(graph, name))
            }
            Some(Zone::PytzMinutes(minutes)) => format!("minutes({minutes})"),
            Some(Zone::DateutilUtc) => "tzutc".to_owned(),
            Some(Zone::DateutilOffset { name, offset }) => {
                format!("tzoffset({}, {})", show(graph, name), show(graph, offset))
            }
            Some(Zone::DateutilLocal { state }) => format!("tzlocal({})", show(graph, state)),
            Some(Zone::DateutilFile { name, state }) => {
                format!("tzfile({}, {})", show(graph, name), show(graph, state))
            }
            None => {
                let items: Vec<String> = graph.items(id).map(|v| show(graph, v)).collect();
                format!("{:?}[{}]", graph.kind(id), items.join(", "))
            }
        },
        other => format!("{other:?}"),
    }
}

/// A pickle of protocol 2 that calls a name with what `arguments` push as one tuple.
fn call(name: &str, arguments: &[u8]) -> Vec<u8> {
    [b"\x80\x02c", name.replace(' ', "\n").as_bytes(), b"\n(", arguments, b"tR."].concat()
}

fn refused(bytes: &[u8]) {
    let said = shown(bytes);
    assert!(said.starts_with("error: refused"), "{said}");
}

#[test]
fn dates_and_times_as_cpython_writes_them() {
    // Python 3.11: date(2024, 2, 29), protocols 0, 2, 4; Python 2.7: date(2024, 10, 29), protocols 0 and 2.
    for (bytes, expected) in [
        (
            b"cdatetime\ndate\np0\n(c_codecs\nencode\np1\n(V\x07\xe8\x02\x1d\np2\nVlatin1\np3\ntp4\nRp5\ntp6\nRp7\n.".as_slice(),
            "2024-02-29",
        ),
        (
            b"\x80\x02cdatetime\ndate\nq\x00c_codecs\nencode\nq\x01X\x05\x00\x00\x00\x07\xc3\xa8\x02\x1dq\x02X\x06\x00\x00\x00latin1q\x03\x86q\x04Rq\x05\x85q\x06Rq\x07.",
            "2024-02-29",
        ),
        (
            b"\x80\x04\x95 \x00\x00\x00\x00\x00\x00\x00\x8c\x08datetime\x94\x8c\x04date\x94\x93\x94C\x04\x07\xe8\x02\x1d\x94\x85\x94R\x94.",
            "2024-02-29",
        ),
        (b"cdatetime\ndate\np0\n(S'\\x07\\xe8\\n\\x1d'\np1\ntp2\nRp3\n.", "2024-10-29"),
        (b"\x80\x02cdatetime\ndate\nq\x00U\x04\x07\xe8\n\x1dq\x01\x85q\x02Rq\x03.", "2024-10-29"),
        // datetime(2024, 10, 27, 2, 30, 5, 7, fold=1): Python 3.11 at protocols 2, where fold is lost, and 4.
        (
            b"\x80\x02cdatetime\ndatetime\nq\x00c_codecs\nencode\nq\x01X\x0b\x00\x00\x00\x07\xc3\xa8\n\x1b\x02\x1e\x05\x00\x00\x07q\x02X\x06\x00\x00\x00latin1q\x03\x86q\x04Rq\x05\x85q\x06Rq\x07.",
            "2024-10-27T02:30:05.000007",
        ),
        (
            b"\x80\x04\x95*\x00\x00\x00\x00\x00\x00\x00\x8c\x08datetime\x94\x8c\x08datetime\x94\x93\x94C\n\x07\xe8\x8a\x1b\x02\x1e\x05\x00\x00\x07\x94\x85\x94R\x94.",
            "2024-10-27T02:30:05.000007 fold",
        ),
        // The same with ZoneInfo("Europe/Paris"), protocols 0 and 4.
        (
            b"cdatetime\ndatetime\np0\n(c_codecs\nencode\np1\n(V\x07\xe8\\u000a\x1b\x02\x1e\\u0000\\u0000\\u0000\\u0000\np2\nVlatin1\np3\ntp4\nRp5\nc__builtin__\ngetattr\np6\n(czoneinfo\nZoneInfo\np7\nV_unpickle\np8\ntp9\nRp10\n(VEurope/Paris\np11\nI1\ntp12\nRp13\ntp14\nRp15\n.",
            "2024-10-27T02:30:00 zoneinfo(Europe/Paris)",
        ),
        (
            b"\x80\x04\x95~\x00\x00\x00\x00\x00\x00\x00\x8c\x08datetime\x94\x8c\x08datetime\x94\x93\x94C\n\x07\xe8\x8a\x1b\x02\x1e\x00\x00\x00\x00\x94\x8c\x08builtins\x94\x8c\x07getattr\x94\x93\x94\x8c\x08zoneinfo\x94\x8c\x08ZoneInfo\x94\x93\x94\x8c\x09_unpickle\x94\x86\x94R\x94\x8c\x0cEurope/Paris\x94K\x01\x86\x94R\x94\x86\x94R\x94.",
            "2024-10-27T02:30:00 fold zoneinfo(Europe/Paris)",
        ),
        // datetime(2024, 1, 2, tzinfo=timezone(-timedelta(hours=5, minutes=30), "X")), protocol 4.
        (
            b"\x80\x04\x95a\x00\x00\x00\x00\x00\x00\x00\x8c\x08datetime\x94\x8c\x08datetime\x94\x93\x94C\n\x07\xe8\x01\x02\x00\x00\x00\x00\x00\x00\x94h\x00\x8c\x08timezone\x94\x93\x94h\x00\x8c\x09timedelta\x94\x93\x94J\xff\xff\xff\xffJ(\x04\x01\x00K\x00\x87\x94R\x94\x8c\x01X\x94\x86\x94R\x94\x86\x94R\x94.",
            "2024-01-02T00:00:00 fixed(-19800000000, X)",
        ),
        // time(10, 30, tzinfo=timezone.utc), protocol 0; timedelta(-1, 5, 7), protocol 2.
        (
            b"cdatetime\ntime\np0\n(c_codecs\nencode\np1\n(V\\u000a\x1e\\u0000\\u0000\\u0000\\u0000\np2\nVlatin1\np3\ntp4\nRp5\ncdatetime\ntimezone\np6\n(cdatetime\ntimedelta\np7\n(I0\nI0\nI0\ntp8\nRp9\ntp10\nRp11\ntp12\nRp13\n.",
            "10:30:00 fixed(0)",
        ),
        (b"\x80\x02cdatetime\ntimedelta\nq\x00J\xff\xff\xff\xffK\x05K\x07\x87q\x01Rq\x02.", "-1d5000007us"),
    ] {
        assert_eq!(shown(bytes), expected);
    }
}

#[test]
fn other_forms_that_python_takes() {
    assert_eq!(
        shown(&call("datetime datetime", b"U\n\x07\xe8\x02\x1d\x01\x02\x03\x00\x00\x04")),
        "2024-02-29T01:02:03.000004"
    );
    // A Python 2 state that Python 3 read as Latin-1 and wrote again.
    assert_eq!(
        shown(&call("datetime datetime", b"X\x0b\x00\x00\x00\x07\xc3\xa8\x02\x1d\x01\x02\x03\x00\x00\x04")),
        "2024-02-29T01:02:03.000004"
    );
    assert_eq!(shown(&call("datetime datetime", b"M\xe8\x07K\x02K\x1d")), "2024-02-29T00:00:00");
    assert_eq!(
        shown(&call("datetime datetime", b"M\xe8\x07K\x02K\x1dK\x01K\x02K\x03K\x04cpytz\n_UTC\n)R")),
        "2024-02-29T01:02:03.000004 pytz(UTC)"
    );
    assert_eq!(
        shown(&call("datetime datetime", b"C\n\x07\xe8\x02\x1d\x01\x02\x03\x00\x00\x04N")),
        "2024-02-29T01:02:03.000004"
    );
    assert_eq!(shown(&call("datetime date", b"M\xe8\x07K\x02K\x1d")), "2024-02-29");
    assert_eq!(shown(&call("datetime time", b"")), "00:00:00");
    assert_eq!(shown(&call("datetime time", b"K\x17K\x3bK\x3bJ\x3f\x42\x0f\x00N")), "23:59:59.999999");
    assert_eq!(shown(&call("datetime time", b"C\x06\x97\x3b\x3b\x0f\x42\x3f")), "23:59:59.999999 fold");
    assert_eq!(shown(&call("datetime timedelta", b"K\x00K\x00K\x01K\x02K\x03K\x04K\x01")), "7d14580002001us");
    assert_eq!(shown(b"\x80\x02cdatetime\ndate\nC\x04\x07\xe8\x02\x1d\x85\x81."), "2024-02-29");
}

#[test]
fn states_that_are_no_time_are_refused() {
    let state = |bytes: &[u8]| call("datetime datetime", &[b"C", [bytes.len() as u8].as_slice(), bytes].concat());
    for bytes in [
        b"\x07\xe8\x00\x02\x03\x04\x05\x00\x00\x09".as_slice(), // month 0
        b"\x07\xe8\x0d\x02\x03\x04\x05\x00\x00\x09",            // month 13
        b"\x07\xe8\x02\x1e\x03\x04\x05\x00\x00\x09",            // 30 February
        b"\x07\xe7\x02\x1d\x03\x04\x05\x00\x00\x09",            // 29 February 2023
        b"\x07\xe8\x02\x00\x03\x04\x05\x00\x00\x09",            // day 0
        b"\x07\xe8\x01\x02\x19\x04\x05\x00\x00\x09",            // hour 25
        b"\x07\xe8\x01\x02\x18\x00\x00\x00\x00\x00",            // hour 24
        b"\x07\xe8\x01\x02\x03\x3c\x05\x00\x00\x09",            // minute 60
        b"\x07\xe8\x01\x02\x03\x04\x3c\x00\x00\x09",            // second 60
        b"\x00\x00\x01\x02\x03\x04\x05\x00\x00\x09",            // year 0
        b"\x27\x10\x01\x02\x03\x04\x05\x00\x00\x09",            // year 10000
        b"\x07\xe8\x01\x02\x03\x04\x05\xff\xff\xff",            // too many microseconds
        b"\x07\xe8\x01\x02\x03\x04\x05\x00\x00",                // 9 bytes
        b"\x07\xe8\x01\x02\x03\x04\x05\x00\x00\x09\x00",        // 11 bytes
    ] {
        refused(&state(bytes));
    }
    refused(&call("datetime date", b"C\x04\x07\xe8\x00\x02"));
    refused(&call("datetime date", b"C\x04\x07\xe8\x82\x02")); // a date has no fold
    refused(&call("datetime date", b"C\x04\x07\xe8\x01\x02N"));
    refused(&call("datetime date", b"M\xe8\x07K\x02"));
    refused(&call("datetime date", b"M\xe8\x07K\x02\x88")); // True is no day
    refused(&call("datetime date", b""));
    refused(&call("datetime datetime", b"M\xe8\x07K\x02K\x1dK\x01K\x02K\x03K\x04NN"));
    refused(&call("datetime datetime", b"M\xe8\x07K\x02K\x1dK\x01N"));
    refused(&call("datetime datetime", b"X\x0b\x00\x00\x00\x07\xc4\x80\x02\x1d\x01\x02\x03\x00\x00\x04")); // U+0100
    refused(&call("datetime datetime", b"C\n\x07\xe8\x02\x1d\x01\x02\x03\x00\x00\x04K\x01")); // tz is an int
    refused(&call("datetime datetime", b"C\n\x07\xe8\x02\x1d\x01\x02\x03\x00\x00\x04cpytz\n_p\n")); // tz is a function
    refused(&call("datetime time", b"C\x06\x18\x00\x00\x00\x00\x00"));
    refused(&call("datetime time", b"C\x05\x01\x00\x00\x00\x00"));
    refused(&call("datetime time", b"K\x18"));
    refused(&call("datetime timedelta", b"J\x00\xca\x9a\x3b")); // 1,000,000,000 days
    refused(&call("datetime timedelta", b"J\xff\xc9\x9a\x3bJ\x80\x51\x01\x00"));
    refused(&call("datetime timedelta", b"G\x3f\xf0\x00\x00\x00\x00\x00\x00"));
    refused(b"\x80\x02cdatetime\ndate\nC\x04\x07\xe8\x02\x1d\x85R}b."); // BUILD on a value
}

#[test]
fn zones_by_name_and_by_offset() {
    let timedelta = b"cdatetime\ntimedelta\n(J\xff\xff\xff\xffM\x80\x70K\x00tR"; // -16 h
    assert_eq!(shown(&call("datetime timezone", timedelta)), "fixed(-57600000000)");
    assert_eq!(
        shown(&call("datetime timezone", &[timedelta.as_slice(), b"U\x01X"].concat())),
        "fixed(-57600000000, X)"
    );
    assert_eq!(shown(&call("zoneinfo ZoneInfo", b"X\x03\x00\x00\x00UTC")), "zoneinfo(UTC)");
    assert_eq!(shown(&call("backports.zoneinfo ZoneInfo", b"X\x03\x00\x00\x00UTC")), "zoneinfo(UTC)");
    assert_eq!(shown(&call("pytz _UTC", b"")), "pytz(UTC)");
    assert_eq!(shown(&call("pytz _p", b"U\x09Etc/GMT+5")), "pytz(Etc/GMT+5)");
    assert_eq!(
        shown(&call("pytz _p", b"U\x0cEurope/ParisM\x20\x1cM\x10\x0eU\x04CEST")),
        "pytz(Europe/Paris, 7200, 3600, CEST)"
    );
    assert_eq!(shown(&call("pytz FixedOffset", b"M\x4a\x01")), "minutes(330)");
    assert_eq!(shown(&call("pytz FixedOffset", b"K\x00")), "pytz(UTC)");
    assert_eq!(shown(&call("pytz _FixedOffset", b"K\x00")), "minutes(0)");
}

#[test]
fn zones_that_are_none_are_refused() {
    let day = b"cdatetime\ntimedelta\n(K\x01tR";
    refused(&call("datetime timezone", day));
    refused(&call("datetime timezone", b"cdatetime\ntimedelta\n(K\x00J\x90\x5f\x01\x00tR")); // 25 h
    refused(&call("datetime timezone", b"K\x01"));
    refused(&call("datetime timezone", b"cdatetime\ntimedelta\n)RN"));
    refused(&call("datetime timezone", b""));
    for key in ["", "/etc/passwd", "../x", "a/../b", "a//b", ".", "a b", "a/"] {
        let key = [b"X", (key.len() as u32).to_le_bytes().as_slice(), key.as_bytes()].concat();
        refused(&call("zoneinfo ZoneInfo", &key));
        refused(&call("pytz _p", &key));
    }
    refused(&call("zoneinfo ZoneInfo", b"K\x01"));
    refused(&call("zoneinfo ZoneInfo", b""));
    refused(b"\x80\x02c__builtin__\ngetattr\nczoneinfo\nZoneInfo\nX\x09\x00\x00\x00_unpickle\x86RX\x03\x00\x00\x00UTC\x85R.");
    refused(b"\x80\x02c__builtin__\ngetattr\nczoneinfo\nZoneInfo\nX\x09\x00\x00\x00_unpickle\x86RX\x03\x00\x00\x00UTCK\x02\x86R.");
    refused(b"\x80\x02c__builtin__\ngetattr\nczoneinfo\nZoneInfo\nX\x08\x00\x00\x00no_cache\x86R.");
    refused(&call("pytz _UTC", b"K\x01"));
    refused(&call("pytz _p", b"U\x0cEurope/ParisM\x20\x1c"));
    refused(&call("pytz _p", b"U\x0cEurope/ParisJ\x80\x51\x01\x00K\x00U\x04CEST"));
    refused(&call("pytz _p", b"U\x0cEurope/ParisK\x00K\x00N"));
    refused(&call("pytz FixedOffset", b"M\xa0\x05"));
    refused(b"\x80\x02cpytz\n_UTC\n)R}b.");
    refused(b"\x80\x02cpytz\n_UTC\n."); // a function is no value
}

#[test]
fn dateutil_zones() {
    const OFFSET: &[u8] = b"}(U\x07_offsetcdatetime\ntimedelta\nK\x00M\x20\x1cK\x00\x87RU\x05_nameNu";
    let new = |class: &str| [b"\x80\x02cdateutil.tz.tz\n", class.as_bytes(), b"\n)\x81"].concat();
    // tzutc: protocol 0 of Python 2.7, protocol 2 of 2.7 with its empty state, version 4.
    assert_eq!(
        shown(b"ccopy_reg\n_reconstructor\n(cdateutil.tz.tz\ntzutc\ncdatetime\ntzinfo\np0\ng0\n(tRtR."),
        "tzutc"
    );
    assert_eq!(shown(&[new("tzutc").as_slice(), b"}b."].concat()), "tzutc");
    assert_eq!(shown(&call("dateutil.tz tzutc", b"")), "tzutc");
    assert_eq!(shown(&[new("tzoffset").as_slice(), OFFSET, b"b."].concat()), "tzoffset(None, 0d7200000000us)");
    assert_eq!(
        shown(&call("dateutil.tz.tz tzoffset", b"X\x01\x00\x00\x00Xcdatetime\ntimedelta\nK\x00M\x10\x0eK\x00\x87R")),
        "tzoffset(X, 0d3600000000us)"
    );
    assert_eq!(shown(&[new("tzlocal").as_slice(), b"}b."].concat()), "tzlocal(Dict[])");
    assert_eq!(
        shown(&[new("tzlocal").as_slice(), b"}(U\x07_hasdstI00\nU\x0b_std_offsetcdatetime\ntimedelta\n)Rub."].concat()),
        "tzlocal(Dict[Py2Str { len: 7, at: 0 }, false, Py2Str { len: 11, at: 7 }, 0d0us])"
    );
    let file = b"\x80\x02cdateutil.zoneinfo\ntzfile\nNU\x0cEurope/Paris\x86R}(U\x0b_trans_listK\x01K\x02\x86U\x0a_trans_idx)U\x0b_ttinfo_stdNub.";
    assert!(shown(file).starts_with("tzfile(Europe/Paris, Dict["), "{}", shown(file));
    assert_eq!(shown(&call("dateutil.zoneinfo gettz", b"U\x0cEurope/Paris")), "tzfile(Europe/Paris, None)");
    // Version 4.
    let four = |index: u8| {
        let tables =
            [b"(K\x00K".as_slice(), &[index], b"\x86K\x05K\x06\x86K\x3cK\x07\x86K\x00K\x01\x86U\x01AU\x01B\x86Nt"]
                .concat();
        let class = b"cdateutil.tz._tzfile\ntzfile\nX\x0c\x00\x00\x00Europe/ParisN".as_slice();
        call("dateutil.tz._tzfile _unpickle", &[class, &tables].concat())
    };
    assert!(shown(&four(1)).starts_with("tzfile(Europe/Paris, Tuple[None, Tuple[Tuple[0, 1], Tuple[5, 6]"));
    refused(&four(2));

    let refused_state = |class: &str, state: &[u8]| refused(&[new(class).as_slice(), state, b"b."].concat());
    refused_state("tzutc", b"}U\x01xK\x01s");
    refused_state("tzoffset", b"}U\x05_nameNs");
    refused_state("tzoffset", b"}(U\x07_offsetK\x01U\x05_nameNu");
    refused_state("tzoffset", b"}(U\x07_offsetcdatetime\ntimedelta\nK\x01\x85RU\x05_nameNu"); // 24 h
    refused_state("tzoffset", b"}(U\x07_offsetcdatetime\ntimedelta\n)RU\x05_nameNU\x01xNu");
    refused_state("tzoffset", b"N");
    refused_state("tzlocal", b"}U\x0b_std_offsetK\x01s");
    refused_state("tzlocal", b"}U\x01xK\x01s");
    refused_state("tzfile", b"}U\x0b_trans_listK\x02K\x01\x86s"); // descending
    refused_state("tzfile", b"}U\x0b_ttinfo_stdK\x01s");
    refused(&[new("tzoffset").as_slice(), OFFSET, b"b", OFFSET, b"b."].concat()); // twice
    refused(&[new("tzlocal").as_slice(), b"}b}b."].concat());
    refused(&[new("tzoffset").as_slice(), b"."].concat()); // no state
    refused(b"\x80\x02cdateutil.tz.tz\ntzutc\nK\x01\x85\x81.");
    refused(&call("dateutil.tz tzfile", b"K\x01"));
    refused(&call("dateutil.tz._tzfile _unpickle", b"cdateutil.tz.tz\ntzutc\nNN)"));
}

/// Five datetimes in `dateutil.tz.gettz("Asia/Kolkata")`: version 4 at protocol 4, version 2.9 at protocol 2, both written by
/// Python 3.11 and shortened with `pickletools.optimize`.
#[cfg(feature = "writers")]
#[test]
fn dateutil_zones_answer_from_their_own_tables() {
    const FOUR: &[u8] =
        b"\x80\x04\x95R\x01\x00\x00\x00\x00\x00\x00](\x8c\x08datetime\x8c\x08datetime\x93\x94C\n\x07:\x01\x01\x00\
          \x00\x00\x00\x00\x00\x8c\x13dateutil.tz._tzfile\x94\x8c\x09_unpickle\x93(h\x01\x8c\x06tzfile\x93\x8c\x0c\
          Asia/Kolkata\x8c /usr/share/zoneinfo/Asia/Kolkata((K\x01K\x02K\x03K\x04K\x03K\x04K\x03t(\x8a\x05(\x18\
          \xba&\xff\x8a\x050\xeb\xe7C\xffJ\xba\xbc\x9d\x87J(\x8c\xdb\xcaJ\x18q\x05\xccJ\xa82\x95\xccJ\x98\x12t\xd2\
          t](M\xd8RM\xd0RMFKMXMMh[e(K\x00K\x00K\x00K\x00K\x01t](\x8c\x03LMT\x8c\x03HMT\x8c\x03MMT\x8c\x03IST\x8c\
          \x05+0630eC\x08IST-5:30ttR\x94\x86Rh\x00C\n\x07\x96\x05\x01\x00\x00\x00\x00\x00\x00h\x02\x86Rh\x00C\n\
          \x07\x99\n\x0e\x17\x1e\x00\x00\x00\x00h\x02\x86Rh\x00C\n\x07\x99\x8a\x0e\x17\x1e\x00\x00\x00\x00h\x02\
          \x86Rh\x00C\n\x07\xe8\x01\x01\x00\x00\x00\x00\x00\x00h\x02\x86Re.";
    const TWO: &[u8] =
        b"\x80\x02](cdatetime\ndatetime\nq\x00c_codecs\nencode\nq\x01X\n\x00\x00\x00\x07:\x01\x01\x00\x00\x00\x00\
          \x00\x00X\x06\x00\x00\x00latin1q\x02\x86Rcdateutil.tz.tz\ntzfile\nNX \x00\x00\x00/usr/share/zoneinfo/\
          Asia/Kolkataq\x03\x86Rq\x04}(X\x09\x00\x00\x00_filenameh\x03X\x0b\x00\x00\x00_trans_list(JFK\x00\x80J\
          \x12\n\x9e\x87J\x80\xd9\xdb\xcaJp\xbe\x05\xccJ\x00\x80\x95\xccJ\xf0_t\xd2tX\x0f\x00\x00\x00_trans_lis\
          t_utc(J\x00\x00\x00\x80J\xba\xbc\x9d\x87J(\x8c\xdb\xcaJ\x18q\x05\xccJ\xa82\x95\xccJ\x98\x12t\xd2tX\n\x00\
          \x00\x00_trans_idx(cdateutil.tz.tz\n_ttinfo\nq\x05)\x81q\x06}(X\x06\x00\x00\x00offsetq\x07MFKX\x05\x00\
          \x00\x00deltaq\x08cdatetime\ntimedelta\nq\x09K\x00MFKK\x00\x87RX\x05\x00\x00\x00isdstq\nK\x00X\x04\x00\
          \x00\x00abbrq\x0bX\x03\x00\x00\x00MMTX\x05\x00\x00\x00isstdq\x0c\x89X\x05\x00\x00\x00isgmtq\x0d\x89X\x09\
          \x00\x00\x00dstoffsetq\x0eh\x09K\x00K\x00K\x00\x87Rubh\x05)\x81q\x0f}(h\x07MXMh\x08h\x09K\x00MXMK\x00\
          \x87Rh\nK\x00h\x0bX\x03\x00\x00\x00ISTh\x0c\x89h\x0d\x89h\x0eh\x09K\x00K\x00K\x00\x87Rubh\x05)\x81q\x10\
          }(h\x07Mh[h\x08h\x09K\x00Mh[K\x00\x87Rh\nK\x01h\x0bX\x05\x00\x00\x00+0630h\x0c\x89h\x0d\x89h\x0eh\x09\
          K\x00M\x10\x0eK\x00\x87Rubh\x0fh\x10h\x0ftX\x0c\x00\x00\x00_ttinfo_list](h\x05)\x81q\x11}(h\x07M\xd8R\
          h\x08h\x09K\x00M\xd8RK\x00\x87Rh\nK\x00h\x0bX\x03\x00\x00\x00LMTh\x0c\x89h\x0d\x89h\x0eh\x09K\x00K\x00\
          K\x00\x87Rubh\x06h\x0fh\x10eX\x0b\x00\x00\x00_ttinfo_stdh\x0fX\x0b\x00\x00\x00_ttinfo_dsth\x10X\x0e\x00\
          \x00\x00_ttinfo_beforeh\x11X\x0d\x00\x00\x00_ttinfo_firstNub\x86Rh\x00h\x01X\x0b\x00\x00\x00\x07\xc2\x96\
          \x05\x01\x00\x00\x00\x00\x00\x00h\x02\x86Rh\x04\x86Rh\x00h\x01X\x0b\x00\x00\x00\x07\xc2\x99\n\x0e\x17\
          \x1e\x00\x00\x00\x00h\x02\x86Rh\x04\x86Rh\x00h\x01X\x0b\x00\x00\x00\x07\xc2\x99\n\x0e\x17\x1e\x00\x00\
          \x00\x00h\x02\x86Rh\x04\x86Rh\x00h\x01X\x0b\x00\x00\x00\x07\xc3\xa8\x01\x01\x00\x00\x00\x00\x00\x00h\x02\
          \x86Rh\x04\x86Re.";
    for bytes in [FOUR, TWO] {
        let outcome = read(bytes);
        assert!(outcome.findings.errors.is_empty(), "{:?}", outcome.findings.errors);
        let Value::Object(list) = outcome.roots[0] else { panic!("a list") };
        let mut zones = crate::model::zones::Zones::new();
        let mut said = Vec::new();
        for value in outcome.graph.items(list) {
            let Value::DateTime { tz, packed } = value else { panic!("a datetime") };
            let mut out = String::new();
            zones.write_datetime(&outcome.graph, tz, packed, &mut out).expect("a known zone");
            said.push(out);
        }
        // The fourth was written with fold 1, which protocol 2 does not keep.
        let fourth = if bytes == FOUR { "1945-10-14T23:30:00+05:30" } else { "1945-10-14T23:30:00+06:30" };
        let expected = [
            "1850-01-01T00:00:00+05:53:28",
            "1942-05-01T00:00:00+06:30",
            "1945-10-14T23:30:00+06:30",
            fourth,
            "2024-01-01T00:00:00+05:30",
        ];
        assert_eq!(said, expected);
    }
}

#[test]
fn a_zone_of_a_kept_class_stays_with_its_time() {
    let said =
        shown(&call("datetime datetime", b"M\xe8\x07K\x02K\x1dK\x00K\x00K\x00K\x00cdateutil.tz.tz\ntzstr\n)\x81"));
    assert!(said.starts_with("2024-02-29T00:00:00 Record["), "{said}");
}

#[test]
fn nested_zones_count_as_depth() {
    // A datetime whose zone is a record of a datetime whose zone is a record …
    const OPEN: &[u8] = b"cdateutil.tz\ntzstr\n(cdatetime\ndatetime\n(C\n\x07\xe8\x02\x1d\x01\x02\x03\x00\x00\x04";
    let nested = |n| [b"\x80\x02".as_slice(), &OPEN.repeat(n), b"N", &b"tRtR".repeat(n), b"."].concat();
    assert!(shown(&nested(20)).starts_with("Record["));
    assert!(shown(&nested(2_000)).contains("limit"), "{}", shown(&nested(2_000)));
}

#[test]
fn numbers() {
    assert_eq!(shown(b"cdecimal\nDecimal\np0\n(V-1.50E+10\np1\ntp2\nRp3\n."), "-1.50E+10"); // Python 3.11, protocol 0
    assert_eq!(shown(&call("cdecimal Decimal", b"U\x061E-999")), "1E-999");
    refused(&call("decimal Decimal", b"X\x05\x00\x00\x00 1_0 "));
    refused(&call("decimal Decimal", b"K\x01"));
    refused(&call("decimal Decimal", b""));
    refused(&call("decimal Decimal", b"U\x011U\x011"));
    // Python 2.7 and 3.11 of Fraction(-1, 3).
    assert_eq!(shown(b"\x80\x02cfractions\nFraction\nq\x00U\x04-1/3q\x01\x85q\x02Rq\x03."), "Fraction[-1, 3]");
    assert_eq!(shown(b"\x80\x02cfractions\nFraction\nq\x00J\xff\xff\xff\xffK\x03\x86q\x01Rq\x02."), "Fraction[-1, 3]");
    assert_eq!(shown(&call("fractions Fraction", b"K\x06J\xfc\xff\xff\xff")), "Fraction[-3, 2]");
    assert_eq!(shown(&call("fractions Fraction", b"K\x00K\x05")), "Fraction[0, 1]");
    assert_eq!(shown(&call("fractions Fraction", b"U\x04+4/6")), "Fraction[2, 3]");
    assert_eq!(shown(&call("fractions Fraction", b"U\x027\x36")), "Fraction[76, 1]");
    assert_eq!(shown(&call("fractions Fraction", b"L36893488147419103232\nL6\n")), "Fraction[18446744073709551616, 3]");
    for text in ["1/0", "1/-3", "1/+3", " 1/3", "1 / 3", "1_0/3", "/3", "1/", "", "1.5", "1e3"] {
        let text = [b"X", (text.len() as u32).to_le_bytes().as_slice(), text.as_bytes()].concat();
        refused(&call("fractions Fraction", &text));
    }
    refused(&call("fractions Fraction", b"K\x01K\x00"));
    refused(&call("fractions Fraction", b"K\x01\x88"));
    refused(&call("fractions Fraction", b"K\x01K\x01K\x01"));
}

#[test]
fn uuids() {
    // Python 3.11: UUID(int=2**127 + 5), protocols 0 and 4; Python 2.7: UUID(int=5), protocol 2.
    for (bytes, expected) in [
        (
            b"ccopy_reg\n_reconstructor\np0\n(cuuid\nUUID\np1\nc__builtin__\nobject\np2\nNtp3\nRp4\n(dp5\nVint\np6\nL170141183460469231731687303715884105733L\nsb.".as_slice(),
            "Uuid[80000000000000000000000000000005, None]",
        ),
        (
            b"\x80\x04\x951\x00\x00\x00\x00\x00\x00\x00\x8c\x04uuid\x94\x8c\x04UUID\x94\x93\x94)\x81\x94}\x94\x8c\x03int\x94\x8a\x11\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00sb.",
            "Uuid[80000000000000000000000000000005, None]",
        ),
        (
            b"\x80\x02cuuid\nUUID\nq\x00)\x81q\x01}q\x02U\x03intq\x03K\x05sb.",
            "Uuid[00000000000000000000000000000005, None]",
        ),
        (b"\x80\x02cuuid\nUUID\n)\x81}(U\x03intK\x00U\x07is_safeK\x00ub.", "Uuid[00000000000000000000000000000000, 0]"),
        (
            b"\x80\x02cuuid\nUUID\n)\x81}(U\x03intK\x00U\x07is_safecuuid\nSafeUUID\nJ\xff\xff\xff\xff\x85Rub.",
            "Uuid[00000000000000000000000000000000, -1]",
        ),
    ] {
        assert_eq!(shown(bytes), expected);
    }
    let state = |state: &[u8]| [b"\x80\x02cuuid\nUUID\n)\x81", state, b"b."].concat();
    refused(&state(b"}U\x03intJ\xff\xff\xff\xffs"));
    refused(&state(b"}U\x03int\x8a\x11\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01s")); // 2**128
    refused(&state(b"}U\x03intU\x015s"));
    refused(&state(b"}"));
    refused(&state(b"N"));
    refused(&state(b"}(U\x03intK\x05U\x07is_safeK\x01u"));
    refused(&state(b"}(U\x03intK\x05U\x07is_safecuuid\nSafeUUID\nK\x01\x85Ru"));
    refused(&state(b"}(U\x03intK\x05U\x03hexK\x01u"));
    refused(&state(b"}U\x03intK\x05sb}U\x03intK\x06s")); // twice
    refused(b"\x80\x02cuuid\nUUID\n)\x81.");
    refused(b"\x80\x02cuuid\nUUID\nU\x01x\x85\x81.");
    refused(&call("uuid UUID", b"U\x2012345678123456781234567812345678"));
}
