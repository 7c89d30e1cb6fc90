//! Each limit, one below and one above: what is allowed passes, one less fails with the limit's name and flag.
//! `docs/limits.md` says what each is for.

use std::io::Write;

use depickle::error::{ErrorKind, Failure};
use depickle::limits::Limit;
use depickle::{Converter, Format, Limits, Report};

fn convert(bytes: &[u8], set: impl FnOnce(&mut Limits)) -> Result<Report, Failure> {
    let mut limits = Limits::default();
    set(&mut limits);
    Converter::new(Format::Json).limits(limits).convert(bytes, &mut std::io::sink())
}

/// `least` is enough, one less is not, and the error says so.
fn exact(limit: Limit, bytes: &[u8], least: u64, set: impl Fn(&mut Limits, u64)) {
    if let Err(failure) = convert(bytes, |limits| set(limits, least)) {
        panic!("{limit:?} of {least}: {failure}");
    }
    let failure = convert(bytes, |limits| set(limits, least - 1)).expect_err("one less is too few");
    let [error] = failure.findings() else { panic!("{failure}") };
    let ErrorKind::Limit(found) = error.kind() else { panic!("{error}") };
    assert_eq!((found.limit, found.allowed), (limit, least - 1), "{error}");
    assert!(found.needed > found.allowed, "{error}");
    assert!(error.to_string().contains(limit.flag()) && error.to_string().contains(limit.what()), "{error}");
}

/// The least value that is enough, between `low` (too few) and `high` (enough).
fn least(bytes: &[u8], mut low: u64, mut high: u64, set: impl Fn(&mut Limits, u64)) -> u64 {
    assert!(convert(bytes, |limits| set(limits, high)).is_ok(), "{high} is enough");
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if convert(bytes, |limits| set(limits, middle)).is_ok() { high = middle } else { low = middle }
    }
    high
}

/// A list of `n` small ints.
fn ints(n: usize) -> Vec<u8> {
    [b"](".as_slice(), &b"K\x01".repeat(n), b"e."].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).expect("memory");
    out.finish().expect("memory")
}

#[test]
fn memory() {
    let set = |limits: &mut Limits, n| limits.max_memory = n;
    let bytes = ints(100_000);
    let enough = least(&bytes, 0, 1 << 30, set);
    assert!((100_000..100_000_000).contains(&enough), "{enough} bytes for 100,000 ints");
    exact(Limit::Memory, &bytes, enough, set);
}

/// A length that only claims to be long costs nothing and is no matter of memory.
#[test]
fn memory_is_not_spent_on_a_claim() {
    let failure = convert(b"\x80\x04\x8e\0\0\0\0\0\x01\0\0abc.", |_| ()).expect_err("3 bytes are not 2^40");
    assert_eq!(failure.category(), depickle::error::Category::Malformed);
}

#[test]
fn depth() {
    for n in [2, 1_000] {
        let bytes = [b"]".repeat(n), b"a".repeat(n - 1), b".".to_vec()].concat();
        exact(Limit::Depth, &bytes, n as u64, |limits, n| limits.max_depth = u32::try_from(n).unwrap());
    }
}

#[test]
fn memo() {
    exact(Limit::Memo, b"](N\x94N\x94N\x94e.", 3, |limits, n| limits.max_memo = n);
}

#[test]
fn nodes() {
    let set = |limits: &mut Limits, n| limits.max_nodes = n;
    let bytes = [b"](".as_slice(), &b"]".repeat(1_000), b"e."].concat();
    let enough = least(&bytes, 0, 1 << 20, set);
    assert!((1_000..1_010).contains(&enough), "{enough} values for 1,001 lists");
    exact(Limit::Nodes, &bytes, enough, set);
}

#[test]
fn digits() {
    let set = |limits: &mut Limits, n| limits.max_digits = u32::try_from(n).unwrap();
    let long = format!("L{}L\n.", "7".repeat(4_300));
    exact(Limit::Digits, long.as_bytes(), 4_300, set);
    exact(Limit::Digits, b"I1234567890\n.", 10, set);
    assert!(convert(format!("L{}L\n.", "7".repeat(4_301)).as_bytes(), |_| ()).is_err(), "CPython's own limit");
    // Two's complement: 2^(8 * 2000 - 1) has 4,817 digits.
    let binary = [b"\x8b\xd0\x07\0\0".as_slice(), &[0xFF; 1_999], b"\x7f."].concat();
    let enough = least(&binary, 0, 10_000, set);
    assert!((4_810..=4_820).contains(&enough), "{enough}");
}

#[test]
fn decompressed() {
    let bytes = ints(1_000);
    exact(Limit::Decompressed, &gzip(&bytes), bytes.len() as u64, |limits, n| limits.max_decompressed = n);
}

#[test]
fn ratio() {
    let set = |limits: &mut Limits, n| limits.max_ratio = n;
    let bytes = gzip(&ints(1 << 20));
    let enough = least(&bytes, 0, 1_100, set);
    assert!(enough > 500, "{enough}: two bytes, a million times");
    exact(Limit::Ratio, &bytes, enough, set);
    // What is small may be as dense as it likes.
    assert!(convert(&gzip(&ints(100_000)), |limits| limits.max_ratio = 1).is_ok());
}

#[test]
fn layers() {
    let mut bytes = ints(1);
    for n in 1..=4 {
        bytes = gzip(&bytes);
        exact(Limit::Layers, &bytes, n, |limits, n| limits.max_layers = u32::try_from(n).unwrap());
    }
    assert!(convert(&gzip(&bytes), |_| ()).is_err(), "five layers");
}

#[test]
fn members() {
    let set = |limits: &mut Limits, n| limits.max_members = n;
    let read = |name: &str| std::fs::read(crate::command::root().join("testdata/archives").join(name)).expect("a file");
    exact(Limit::Members, &read("two.zip"), 2, set);
    // A header of a tar counts, whatever it stands for.
    exact(Limit::Members, &read("one.tar"), 1, set);
    exact(Limit::Members, &read("gnu.tar"), 3, set);
}

/// An archive that comes as a stream is held, and no more of it than is allowed.
#[test]
fn memory_of_a_held_archive() {
    let bytes = std::fs::read(crate::command::root().join("testdata/archives/two.zip")).expect("a file");
    let set = |limits: &mut Limits, n| limits.max_memory = n;
    let enough = least(&bytes, 0, 1 << 20, set);
    assert!(enough >= bytes.len() as u64, "{enough}");
    exact(Limit::Memory, &bytes, enough, set);
}

#[test]
fn output() {
    let set = |limits: &mut Limits, n| limits.max_output = Some(n);
    let bytes = ints(100_000);
    let written = convert(&bytes, |_| ()).expect("converted").bytes_written;
    assert_eq!(written, 200_002);
    let enough = least(&bytes, 0, 1 << 30, set);
    assert!((written..written + 1_000).contains(&enough), "{enough} for {written}");
    exact(Limit::Output, &bytes, enough, set);
}

/// Sharing, written out as a tree, is known before anything is written: 30 lists of two would become a billion.
#[test]
fn output_of_what_is_shared() {
    let mut bytes = b"]".to_vec();
    for n in 0..30u8 {
        bytes.extend([b'q', n, b']', b'(', b'h', n, b'h', n, b'e']);
    }
    bytes.push(b'.');
    // Each list stays on the stack below the next; only the last is the value.
    let bytes = [b"(".as_slice(), &bytes[..bytes.len() - 1], b"l."].concat();
    let mut out = Vec::new();
    let failure = Converter::new(Format::Json).convert(bytes.as_slice(), &mut out).expect_err("a billion lists");
    assert!(matches!(failure.findings()[0].kind(), ErrorKind::Limit(over) if over.limit == Limit::Output), "{failure}");
    assert!(out.is_empty());
}

#[test]
fn findings() {
    let bytes = b"(ca\nb\ncc\nd\nce\nf\nt.";
    let found = |max| {
        let failure = convert(bytes, |limits| limits.max_findings = max).expect_err("refused");
        (failure.findings().len(), failure.more())
    };
    assert_eq!(found(3), (3, 0));
    assert_eq!(found(2), (2, 1));
}
