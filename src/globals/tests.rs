//! Families of data, read through the machine from pickles that CPython wrote; and what each of them refuses.
//!
//! Formats with tables of their own (paths, addresses) test them where they stand; the corpus tests compare values.

use super::Registry;
use crate::error::{Category, ErrorKind, Refused, Severity};
use crate::limits::Limits;
use crate::machine::{Machine, Outcome, Trailing};
use crate::model::graph::Graph;
use crate::model::value::Value;
use crate::opcode::lexer::Lexer;
use crate::policy::Policy;

fn read_as(bytes: &[u8], policy: Policy) -> Outcome {
    let limits = Limits::default();
    let machine = Machine::new(Registry::new(policy), &limits);
    machine.run(&mut Lexer::new(Box::new(bytes), &limits), Trailing::Error)
}

fn read(bytes: &[u8]) -> Outcome {
    read_as(bytes, Policy::new())
}

/// The one value of a pickle, as the model holds it; or its first finding.
fn shown(bytes: &[u8]) -> String {
    let outcome = read(bytes);
    match (outcome.findings.errors.first(), outcome.roots.as_slice()) {
        (Some(error), _) => error.to_string(),
        (None, [root]) => show(&outcome.graph, *root),
        (None, roots) => format!("{} pickles", roots.len()),
    }
}

fn show(graph: &Graph, value: Value) -> String {
    match value {
        Value::Str { len, at } => format!("{:?}", graph.text(len, at)),
        Value::Ip { class, len, at } => format!("{} {}", class.name(), graph.text(len, at)),
        Value::Path { class, len, at } => format!("{} {}", class.name(), graph.bytes(len, at).escape_ascii()),
        Value::Bytes { len, at } => format!("b'{}'", graph.bytes(len, at).escape_ascii()),
        Value::Py2Str { len, at } => format!("s'{}'", graph.bytes(len, at).escape_ascii()),
        Value::Int(n) => n.to_string(),
        Value::Global(index) => graph.global(index).to_string(),
        Value::Object(id) => {
            let items: Vec<String> = graph.items(id).map(|item| show(graph, item)).collect();
            format!("{:?}[{}]", graph.kind(id), items.join(" "))
        }
        other => format!("{other:?}"),
    }
}

/// What of `cases` is read although it must be refused.
fn accepted<'a>(cases: &[(&'a str, &[u8])]) -> Vec<&'a str> {
    let refused = |bytes: &[u8]| {
        let outcome = read(bytes);
        let worst = outcome.findings.errors.iter().map(crate::error::Error::category).max();
        matches!(worst, Some(Category::Refused | Category::Malformed))
    };
    cases.iter().filter(|(_, bytes)| !refused(bytes)).map(|(name, _)| *name).collect()
}

#[test]
fn paths() {
    let cases: &[(&[u8], &str)] = &[
        (b"\x80\x04\x951\x00\x00\x00\x00\x00\x00\x00\x8c\x0epathlib._local\x94\x8c\rPurePosixPath\x94\x93\x94\x8c\x02/a\x94\x8c\x01b\x94\x86\x94R\x94.", "PurePosixPath /a/b"),
        (b"\x80\x04\x95-\x00\x00\x00\x00\x00\x00\x00\x8c\x07pathlib\x94\x8c\rPurePosixPath\x94\x93\x94\x8c\x01/\x94\x8c\x01a\x94\x8c\x01b\x94\x87\x94R\x94.", "PurePosixPath /a/b"),
        (b"\x80\x04\x955\x00\x00\x00\x00\x00\x00\x00\x8c\x0epathlib._local\x94\x8c\x0fPureWindowsPath\x94\x93\x94\x8c\x08c:/x/\xed\xa0\x80\x94\x85\x94R\x94.", "PureWindowsPath c:\\\\x\\\\\\xed\\xa0\\x80"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(shown(bytes), *expected);
    }
    let refused: &[(&str, &[u8])] = &[
        ("an int as part", b"\x80\x02cpathlib\nPurePosixPath\nK\x01\x85R."),
        ("what the system decides", b"\x80\x02cpathlib\nPath\nX\x01\x00\x00\x00a\x85R."),
        ("NEWOBJ", b"\x80\x02cpathlib\nPurePosixPath\n)\x81."),
        ("a state", b"\x80\x02cpathlib\nPurePosixPath\n)R}b."),
    ];
    assert_eq!(accepted(refused), Vec::<&str>::new());
}

#[test]
fn addresses() {
    let cases: &[(&[u8], &str)] = &[
        (b"\x80\x02cipaddress\nIPv4Address\nq\x00J\x04\x03\x02\x01\x85q\x01Rq\x02.", "IPv4Address 1.2.3.4"),
        (b"\x80\x02cipaddress\nIPv6Address\nq\x00X\x0c\x00\x00\x00fe80::1%eth0q\x01\x85q\x02Rq\x03.", "IPv6Address fe80::1%eth0"),
        (b"\x80\x04\x95.\x00\x00\x00\x00\x00\x00\x00\x8c\tipaddress\x94\x8c\x0bIPv4Network\x94\x93\x94\x8c\n10.0.0.0/8\x94\x85\x94R\x94.", "IPv4Network 10.0.0.0/8"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(shown(bytes), *expected);
    }
    let refused: &[(&str, &[u8])] = &[
        ("host bits", b"\x80\x02cipaddress\nIPv4Network\nX\n\x00\x00\x0010.0.0.1/8\x85R."),
        ("a bool", b"\x80\x02cipaddress\nIPv4Address\n\x88\x85R."),
        ("33 bits", b"\x80\x02cipaddress\nIPv4Address\n\x8a\x05\x00\x00\x00\x00\x01\x85R."),
        ("no argument", b"\x80\x02cipaddress\nIPv6Address\n)R."),
    ];
    assert_eq!(accepted(refused), Vec::<&str>::new());
}

#[test]
fn arrays() {
    let cases: &[(&[u8], &str)] = &[
        (b"\x80\x04\x95J\x00\x00\x00\x00\x00\x00\x00\x8c\x05array\x94\x8c\x14_array_reconstructor\x94\x93\x94(\x8c\x05array\x94\x8c\x05array\x94\x93\x94\x8c\x01i\x94K\x08C\x08\x01\x00\x00\x00\xfe\xff\xff\xff\x94t\x94R\x94.", "Array[105 8 b'\\x01\\x00\\x00\\x00\\xfe\\xff\\xff\\xff']"),
        (b"\x80\x02carray\narray\nq\x00X\x01\x00\x00\x00iq\x01]q\x02(K\x01J\xfe\xff\xff\xffe\x86q\x03Rq\x04.", "Array[105 8 b'\\x01\\x00\\x00\\x00\\xfe\\xff\\xff\\xff']"),
        (b"\x80\x04\x95J\x00\x00\x00\x00\x00\x00\x00\x8c\x05array\x94\x8c\x14_array_reconstructor\x94\x93\x94(\x8c\x05array\x94\x8c\x05array\x94\x93\x94\x8c\x01u\x94K\x14C\x08h\x00\x00\x00\x00\xf6\x01\x00\x94t\x94R\x94.", "Array[117 20 b'h\\x00\\x00\\x00\\x00\\xf6\\x01\\x00']"),
        (b"\x80\x02carray\narray\nq\x00X\x01\x00\x00\x00fq\x01]q\x02G?\xf8\x00\x00\x00\x00\x00\x00a\x86q\x03Rq\x04.", "Array[102 14 b'\\x00\\x00\\xc0?']"),
        (b"\x80\x02carray\narray\nq\x00U\x01cq\x01]q\x02(U\x01aq\x03U\x01\xffq\x04e\x86q\x05Rq\x06.", "Array[99 0 b'a\\xff']"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(shown(bytes), *expected);
    }
    let refused: &[(&str, &[u8])] = &[
        ("out of range", b"\x80\x02carray\narray\nX\x01\x00\x00\x00B](M\x00\x01e\x86R."),
        ("typecode", b"\x80\x02carray\narray\nX\x01\x00\x00\x00z]\x86R."),
        ("bool", b"\x80\x02carray\narray\nX\x01\x00\x00\x00B](\x88e\x86R."),
        (
            "half an element",
            b"\x80\x02carray\n_array_reconstructor\n(carray\narray\nX\x01\x00\x00\x00iK\x08U\x03abctR.",
        ),
        (
            "another class",
            b"\x80\x02carray\n_array_reconstructor\n(c__builtin__\nlist\nX\x01\x00\x00\x00iK\x08U\x04abcdtR.",
        ),
        ("format 22", b"\x80\x02carray\n_array_reconstructor\n(carray\narray\nX\x01\x00\x00\x00iK\x16U\x04abcdtR."),
        (
            "floats for ints",
            b"\x80\x02carray\n_array_reconstructor\n(carray\narray\nX\x01\x00\x00\x00iK\x0eU\x04abcdtR.",
        ),
        (
            "beyond Unicode",
            b"\x80\x02carray\n_array_reconstructor\n(carray\narray\nX\x01\x00\x00\x00uK\x14U\x04\xff\xff\xff\xfftR.",
        ),
        (
            "lone surrogate in UTF-16",
            b"\x80\x02carray\n_array_reconstructor\n(carray\narray\nX\x01\x00\x00\x00uK\x12U\x02\x00\xd8tR.",
        ),
        ("the constructor as a value", b"\x80\x02carray\n_array_reconstructor\n."),
    ];
    assert_eq!(accepted(refused), Vec::<&str>::new());
}

#[test]
fn exceptions() {
    let cases: &[(&[u8], &str)] = &[
        (b"\x80\x04\x95>\x00\x00\x00\x00\x00\x00\x00\x8c\x08builtins\x94\x8c\nValueError\x94\x93\x94\x8c\x01n\x94\x85\x94R\x94}\x94\x8c\t__notes__\x94]\x94\x8c\x05hello\x94asb.", "Exception[builtins.ValueError 1 Tuple[\"n\"] None 0 Dict[\"__notes__\" List[\"hello\"]]]"),
        (b"\x80\x02cexceptions\nOSError\nq\x00K\x02X\x02\x00\x00\x00noq\x01X\x01\x00\x00\x00fq\x02\x87q\x03Rq\x04.", "Exception[builtins.OSError 1 Tuple[2 \"no\" \"f\"] None]"),
        (b"\x80\x02c__builtin__\nRecursionError\nq\x00K\x01\x85q\x01Rq\x02.", "Exception[builtins.RecursionError 1 Tuple[1] None]"),
        (b"cexceptions\nStandardError\np0\n(S'x'\np1\ntp2\nRp3\n.", "Exception[builtins.Exception 1 Tuple[s'x'] None]"),
        (b"(iexceptions\nValueError\np0\n(dp1\nS'args'\np2\n(S'x'\np3\ntp4\nsb.", "Exception[builtins.ValueError 2 Tuple[] None 0 Dict[s'args' Tuple[s'x']]]"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(shown(bytes), *expected);
    }
    let refused: &[(&str, &[u8])] = &[
        ("a second state", b"\x80\x02cbuiltins\nValueError\n)R}b}b."),
        ("a special attribute", b"\x80\x02cbuiltins\nValueError\n)R}X\t\x00\x00\x00__cause__Nsb."),
        ("a state that is a list", b"\x80\x02cbuiltins\nValueError\n)R]b."),
        (
            "too few arguments of a decoding error",
            b"\x80\x02cbuiltins\nUnicodeDecodeError\nX\x04\x00\x00\x00utf8\x85R.",
        ),
        (
            "a decoding error without bytes",
            b"\x80\x02cbuiltins\nUnicodeDecodeError\n(X\x04\x00\x00\x00utf8NK\x00K\x01X\x01\x00\x00\x00rtR.",
        ),
        (
            "an encoding error of bytes",
            b"\x80\x03cbuiltins\nUnicodeEncodeError\n(X\x04\x00\x00\x00utf8C\x01\xffK\x00K\x01X\x01\x00\x00\x00rtR.",
        ),
        ("a syntax error without a place", b"\x80\x02cbuiltins\nSyntaxError\nX\x01\x00\x00\x00mK\x01\x86R."),
        ("an empty group", b"\x80\x02cbuiltins\nExceptionGroup\nX\x01\x00\x00\x00g]\x86R."),
        ("a group of what is no exception", b"\x80\x02cbuiltins\nExceptionGroup\nX\x01\x00\x00\x00g]K\x01a\x86R."),
        (
            "a group that holds an exit",
            b"\x80\x02cbuiltins\nExceptionGroup\nX\x01\x00\x00\x00g]cbuiltins\nSystemExit\n)Ra\x86R.",
        ),
        ("args over args", b"\x80\x02cbuiltins\nValueError\n)R}X\x04\x00\x00\x00args)sb."),
        ("an item", b"\x80\x02cbuiltins\nValueError\n)RNNs."),
    ];
    assert_eq!(accepted(refused), Vec::<&str>::new());
}

#[test]
fn structures() {
    let cases: &[(&[u8], &str)] = &[
        (b"\x80\x02ctypes\nSimpleNamespace\nq\x00)Rq\x01}q\x02X\x01\x00\x00\x00aq\x03K\x01sb.", "Record[types.SimpleNamespace 1 Tuple[] None 0 Dict[\"a\" 1]]"),
        (b"\x80\x02cargparse\nNamespace\nq\x00)\x81q\x01}q\x02X\x01\x00\x00\x00aq\x03K\x01sb.", "Record[argparse.Namespace 0 Tuple[] None 0 Dict[\"a\" 1]]"),
        (b"ccopy_reg\n_reconstructor\np0\n(cargparse\nNamespace\np1\nc__builtin__\nobject\np2\nNtp3\nRp4\n(dp5\nVa\np6\nI1\nsb.", "Record[argparse.Namespace 0 Tuple[] None 0 Dict[\"a\" 1]]"),
        (b"\x80\x02cUserDict\nIterableUserDict\nq\x00)\x81q\x01}q\x02X\x04\x00\x00\x00dataq\x03}q\x04X\x01\x00\x00\x00aq\x05K\x01ssb.", "Record[collections.UserDict 0 Tuple[] None 0 Dict[\"data\" Dict[\"a\" 1]]]"),
        (b"(iUserDict\nUserDict\np0\n(dp1\nS'data'\np2\n(dp3\nS'a'\np4\nI1\nssb.", "Record[collections.UserDict 2 Tuple[] None 0 Dict[s'data' Dict[s'a' 1]]]"),
        (b"\x80\x02(cUserDict\nUserDict\nq\x00oq\x01}q\x02U\x04dataq\x03}q\x04U\x01aq\x05K\x01ssb.", "Record[collections.UserDict 2 Tuple[] None 0 Dict[s'data' Dict[s'a' 1]]]"),
        (b"\x80\x04\x955\x00\x00\x00\x00\x00\x00\x00\x8c\x0bcollections\x94\x8c\nUserString\x94\x93\x94\x8c\x03abc\x94\x85\x94\x81\x94}\x94\x8c\x04data\x94h\x03sb.", "Record[collections.UserString 0 Tuple[] None 0 Dict[\"data\" \"abc\"]]"),
        (b"\x80\x04\x95/\x00\x00\x00\x00\x00\x00\x00\x8c\x0bcollections\x94\x8c\x08UserList\x94\x93\x94)\x81\x94}\x94\x8c\x04data\x94]\x94K\x01asb.", "Record[collections.UserList 0 Tuple[] None 0 Dict[\"data\" List[1]]]"),
        (b"\x80\x04\x956\x00\x00\x00\x00\x00\x00\x00\x8c\x0bcollections\x94\x8c\x08ChainMap\x94\x93\x94)\x81\x94}\x94\x8c\x04maps\x94]\x94}\x94\x8c\x01a\x94K\x01sasb.", "Record[collections.ChainMap 0 Tuple[] None 0 Dict[\"maps\" List[Dict[\"a\" 1]]]]"),
        (b"\x80\x02curlparse\nParseResult\nq\x00(X\x04\x00\x00\x00httpq\x01X\x01\x00\x00\x00hq\x02X\x02\x00\x00\x00/pq\x03X\x00\x00\x00\x00q\x04h\x04h\x04tq\x05\x81q\x06.", "Record[urllib.parse.ParseResult 0 Tuple[\"http\" \"h\" \"/p\" \"\" \"\" \"\"] None]"),
        (b"\x80\x04\x95-\x00\x00\x00\x00\x00\x00\x00\x8c\x07decimal\x94\x8c\x0cDecimalTuple\x94\x93\x94K\x01K\x01K\x05\x86\x94J\xff\xff\xff\xff\x87\x94\x81\x94.", "Record[decimal.DecimalTuple 0 Tuple[1 Tuple[1 5] -1] None]"),
        (b"\x80\x04\x95Y\x00\x00\x00\x00\x00\x00\x00\x8c\x07decimal\x94\x8c\x07Context\x94\x93\x94(K\x05\x8c\x0fROUND_HALF_EVEN\x94J\xc1\xbd\xf0\xffJ?B\x0f\x00K\x01K\x00]\x94]\x94\x8c\x07decimal\x94\x8c\x07Inexact\x94\x93\x94at\x94R\x94.", "Record[decimal.Context 1 Tuple[5 \"ROUND_HALF_EVEN\" -999999 999999 1 0 List[] List[decimal.Inexact]] None]"),
        (b"\x80\x04\x95T\x00\x00\x00\x00\x00\x00\x00\x8c\x04time\x94\x8c\x0bstruct_time\x94\x93\x94(M\xb2\x07K\x01K\x01K\x00K\x00K\x00K\x03K\x01K\x00t\x94}\x94(\x8c\x07tm_zone\x94\x8c\x03GMT\x94\x8c\ttm_gmtoff\x94K\x00u\x86\x94R\x94.", "Record[time.struct_time 1 Tuple[Tuple[1970 1 1 0 0 0 3 1 0] Dict[\"tm_zone\" \"GMT\" \"tm_gmtoff\" 0]] None]"),
        (b"\x80\x04\x95\xaf\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x0bstat_result\x94\x93\x94(K\x01K\x02K\x03K\x04K\x05K\x06K\x07K\x08K\tK\nt\x94}\x94(\x8c\x08st_atime\x94K\x08\x8c\x08st_mtime\x94K\t\x8c\x08st_ctime\x94K\n\x8c\x0bst_atime_ns\x94N\x8c\x0bst_mtime_ns\x94N\x8c\x0bst_ctime_ns\x94N\x8c\nst_blksize\x94N\x8c\tst_blocks\x94N\x8c\x07st_rdev\x94Nu\x86\x94R\x94.", "Record[os.stat_result 1 Tuple[Tuple[1 2 3 4 5 6 7 8 9 10] Dict[\"st_atime\" 8 \"st_mtime\" 9 \"st_ctime\" 10 \"st_atime_ns\" None \"st_mtime_ns\" None \"st_ctime_ns\" None \"st_blksize\" None \"st_blocks\" None \"st_rdev\" None]] None]"),
        (b"\x80\x02cbson.objectid\nObjectId\nq\x00)\x81q\x01U\x0cabcdefghijklq\x02b.", "Record[bson.objectid.ObjectId 0 Tuple[] None 0 b'abcdefghijkl']"),
        (b"\x80\x02cpymongo.objectid\nObjectId\nq\x00)\x81q\x01}q\x02U\r_ObjectId__idq\x03U\x0cabcdefghijklq\x04sb.", "Record[bson.objectid.ObjectId 0 Tuple[] None 0 b'abcdefghijkl']"),
        (b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93\x8c\x14pendulum.tz.timezone\x8c\x08Timezone\x93\x8c\t_unpickle\x86R\x8c\x03UTCK\x01\x86R.", "Record[pendulum.tz.timezone.Timezone._unpickle 1 Tuple[\"UTC\" 1] None]"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(shown(bytes), *expected);
    }
    let refused: &[(&str, &[u8])] = &[
        ("no state", b"\x80\x02ccollections\nUserDict\n)\x81."),
        ("a list for a dict", b"\x80\x02ccollections\nUserDict\n)\x81}X\x04\x00\x00\x00data]sb."),
        ("an item", b"\x80\x02ctypes\nSimpleNamespace\n)RNNs."),
        ("five of six", b"\x80\x02curlparse\nParseResult\n(X\x00\x00\x00\x00222t\x81."),
        ("11 bytes", b"\x80\x02cbson.objectid\nObjectId\n)\x81U\x0babcdefghijkb."),
        ("8 numbers", b"\x80\x02ctime\nstruct_time\n(K\x00K\x00K\x00K\x00K\x00K\x00K\x00K\x00t}\x86R."),
        ("an argument", b"\x80\x02ctypes\nSimpleNamespace\nN\x85R."),
        ("a precision of 0", b"\x80\x02cdecimal\nContext\n(K\x00X\x08\x00\x00\x00ROUND_UPK\x00K\x00K\x00K\x00]]tR."),
    ];
    assert_eq!(accepted(refused), Vec::<&str>::new());
}

#[test]
fn a_dangerous_name_cannot_be_admitted() {
    let policy = || Policy::new().allow("*").expect("a pattern");
    for (bytes, dangerous) in [
        (b"cos\nsystem\n." as &[u8], true),
        (b"crandom\n_os.system\n.", true),
        (b"c__builtin__\neval\n.", true),
        (b"cshop.models\nOrder\n.", false),
    ] {
        let outcome = read_as(bytes, policy());
        let found = outcome
            .findings
            .errors
            .iter()
            .any(|e| matches!(e.kind(), ErrorKind::Refused(Refused::Global { severity: Severity::Dangerous, .. })));
        assert_eq!(found, dangerous, "{:?}", outcome.findings.errors);
    }
}
