//! Archives and array files: what Python and numpy wrote (`testdata/archives`), read as a stream and as a file; and the same
//! bytes damaged, which must come to the same values or to an error, never to other ones.

use std::fs::File;
use std::path::PathBuf;

use depickle::error::{Category, Failure};
use depickle::{Converter, Format, Mapping, WriteOptions};

use crate::command::root;

fn lossless() -> Converter {
    let mut options = WriteOptions::new(Format::Json);
    options.mapping = Mapping::Lossless;
    Converter::with_options(options)
}

/// Every file of the folder with its golden.
fn cases() -> Vec<(PathBuf, String)> {
    let folder = root().join("testdata/archives");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("testdata/archives") {
        let path = entry.expect("an entry").path();
        let golden = PathBuf::from(format!("{}.json", path.display()));
        if golden.exists() {
            found.push((path, std::fs::read_to_string(golden).expect("a golden")));
        }
    }
    found.sort();
    assert!(found.len() > 25, "{} cases", found.len());
    found
}

fn read(bytes: &[u8]) -> Result<String, Failure> {
    let mut out = Vec::new();
    lossless().convert(bytes, &mut out)?;
    Ok(String::from_utf8(out).expect("JSON is text"))
}

fn member(entry: &[u8], name: &str) -> Vec<u8> {
    zip(&[(name, entry)])
}

/// Stored members, as Python's `zipfile` writes them.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let mut fields = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        fields.extend(crc.sum().to_le_bytes());
        fields.extend([u32::try_from(bytes.len()).unwrap().to_le_bytes(); 2].concat());
        fields.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        fields.extend([0, 0]);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&fields);
        directory.extend([0; 6]);
        directory.extend([0, 0, 0x80, 0x01]);
        directory.extend(u32::try_from(out.len()).unwrap().to_le_bytes());
        directory.extend(name.as_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&fields);
        out.extend(name.as_bytes());
        out.extend(*bytes);
    }
    let at = u32::try_from(out.len()).unwrap();
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([u16::try_from(members.len()).unwrap().to_le_bytes(); 2].concat());
    out.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn malformed(bytes: &[u8], said: &str) {
    let failure = read(bytes).expect_err(said);
    assert_eq!(failure.category(), Category::Malformed, "{failure}");
    assert!(failure.findings().iter().any(|e| e.to_string().contains(said)), "expected {said:?}, found {failure}");
}

#[test]
fn what_python_wrote_comes_out_as_python_reads_it() {
    for (path, golden) in cases() {
        let name = path.display();
        let mut out = Vec::new();
        let report = lossless().convert_file(File::open(&path).expect("a file"), &mut out);
        report.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        assert_eq!(String::from_utf8(out).expect("JSON is text"), golden, "{name}, as a file");
        let bytes = std::fs::read(&path).expect("a file");
        assert_eq!(read(&bytes).unwrap_or_else(|failure| panic!("{name}: {failure}")), golden, "{name}, as a stream");
    }
}

/// Whatever bit is flipped: where an archive is still read, it holds the same values, but for names and dtypes, which have no
/// checksum (a tar has one for its names).
#[test]
fn flipped_bits_never_change_a_value_unnoticed() {
    for (path, golden) in cases() {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with(".npy") || name.ends_with(".npz") || (name.ends_with(".tar") && name != "one.tar") {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        for at in 0..bytes.len().min(2_000) {
            for bit in [0, 5] {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << bit;
                match read(&bytes) {
                    // The content of a tar has no checksum.
                    Ok(_) if name == "one.tar" && (512..1024).contains(&at) => {}
                    Ok(found) => assert_eq!(found, golden, "{name}, bit {bit} of byte {at}"),
                    Err(failure) => assert!(failure.category() >= Category::Refused, "{name} at {at}: {failure}"),
                }
            }
        }
    }
}

#[test]
fn what_is_cut_off_is_malformed() {
    for (path, _) in cases() {
        let bytes = std::fs::read(&path).expect("a file");
        for cut in (10..bytes.len()).step_by(7) {
            let found = read(&bytes[..cut]);
            // GNU tar fills up with zeros; less of them are as good.
            if path.extension().is_some_and(|e| e == "tar") && bytes[cut..].iter().all(|b| *b == 0) {
                continue;
            }
            let failure = found.expect_err("cut off");
            assert!(failure.category() >= Category::Refused, "{} at {cut}: {failure}", path.display());
        }
    }
}

#[test]
fn archives_that_two_readers_see_differently_are_malformed() {
    let one = member(b"K\x01.", "a.pkl");
    assert_eq!(read(&one).expect("a zip"), "1\n");
    let change = |at: usize, to: &[u8]| {
        let mut bytes = one.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    };
    let directory = one.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
    let end = one.windows(4).position(|w| w == b"PK\x05\x06").expect("an end");
    malformed(&change(30, b"b"), "they differ in the name");
    malformed(&change(8, b"\x08"), "they differ in the method");
    malformed(&change(6, b"\x08"), "they differ in the flags");
    malformed(&change(14, b"\0\0\0\0"), "they differ in the CRC-32");
    malformed(&change(22, b"\x02"), "they differ in the sizes");
    malformed(&change(26, b"\x04"), "they differ in the name");
    malformed(&change(35, b"K\x02."), "its CRC-32 is");
    malformed(&change(directory + 8, b"\x01"), "not encrypted");
    malformed(&change(directory + 8, b"\x20"), "unknown flags");
    malformed(&change(directory + 10, b"\x0e"), "found lzma (method 14)");
    malformed(&change(directory + 40, b"\xff\xa1"), "a symbolic link");
    malformed(&change(directory + 42, b"\x01"), "bytes between them");
    malformed(&change(directory + 24, b"\x02"), "a stored member to have 2 bytes");
    malformed(&change(end + 4, b"\x01"), "found a part of a split one");
    malformed(&change(end + 8, b"\x02\0\x02\0"), "hold 1 at most");
    malformed(&change(end + 8, b"\0\0\0\0"), "found more");
    malformed(&change(end + 20, b"\x01"), "expected a comment of 1 bytes");
    malformed(&[b"N.".as_slice(), &one].concat(), "after STOP");
    malformed(&[&one[..], b"junk"].concat(), "expected a comment of 0 bytes");
    malformed(&[&one[..directory], b"hidden", &one[directory..]].concat(), "to end at its end record");
    malformed(&zip(&[("a", b"N."), ("a", b"N.")]), "one member of each name");
    malformed(&zip(&[("a\0b", b"N.")]), "without NUL");
    malformed(&zip(&[]), "an empty archive");
    malformed(&member(&one, "a.zip"), "an archive in an archive");
    malformed(&member(b"hello, this is text\n", "README.txt"), "found text (in member README.txt)");
    let neither = zip(&[("a.txt", b"hello, this is text\n"), ("notes.txt", b"hello, this is text\n")]);
    malformed(&neither, "found text (in member notes.txt)");
    malformed(&zip(&[("a.pkl", b"N."), ("b.pkl", b"]K\x01")]), "truncated");
    malformed(&zip(&[("x/data.pkl", b"N."), ("x/version", b"3\n"), ("y/data.pkl", b"N.")]), "one `data.pkl`");
}

#[test]
fn members_that_are_no_pickles_are_passed_over_and_told() {
    let both = zip(&[("a.pkl", b"K\x01."), ("notes.txt", b"hello, this is text\n"), (".DS_Store", b"\0\0\0\x01Bud1")]);
    let mut out = Vec::new();
    let report = lossless().convert(&both[..], &mut out).expect("a pickle beside text");
    assert_eq!(String::from_utf8(out).expect("JSON is text"), "{\"a.pkl\":1}\n");
    assert_eq!(report.notes, ["members that are no pickles were ignored: notes.txt, .DS_Store"]);
}

#[test]
fn a_checksum_that_was_never_computed_is_none() {
    let bytes = zip(&[("a", b"N."), ("b", b"K\x01.")]);
    let mut without = bytes.clone();
    for (signature, at) in [(b"PK\x03\x04", 14), (b"PK\x01\x02", 16)] {
        let places: Vec<usize> = (0..bytes.len() - 4).filter(|n| &bytes[*n..n + 4] == signature).collect();
        for place in places {
            without[place + at..place + at + 4].fill(0);
        }
    }
    let mut out = Vec::new();
    let report = lossless().convert(without.as_slice(), &mut out).expect("torch writes such archives");
    assert_eq!(out, b"{\"a\":null,\"b\":1}\n");
    assert_eq!(report.notes, ["the archive has no checksums"]);
    // One alone may not lack it.
    let first = bytes.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
    let mut one = bytes;
    one[14..18].fill(0);
    one[first + 16..first + 20].fill(0);
    malformed(&one, "its CRC-32 is");
}

#[test]
fn tars_that_two_readers_see_differently_are_malformed() {
    let good = std::fs::read(root().join("testdata/archives/one.tar")).expect("a file");
    let change = |at: usize, to: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        let sum: u32 = bytes[..512]
            .iter()
            .enumerate()
            .map(|(n, b)| if (148..156).contains(&n) { 32 } else { u32::from(*b) })
            .sum();
        bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        bytes
    };
    assert!(read(&change(0, b"x")).is_ok());
    malformed(&change(156, b"1"), "found a hard link");
    malformed(&change(156, b"2"), "found a symbolic link");
    malformed(&change(156, b"3"), "found a device");
    malformed(&change(156, b"S"), "found a sparse file");
    malformed(&change(156, b"5"), "a directory to have no bytes");
    malformed(&change(124, b"99999999999"), "octal digits");
    malformed(&change(124, b"77777777777"), "it has no end");
    let mut twice = good[..1024].to_vec();
    twice.extend(&good);
    malformed(&twice, "one member of each name");
    let mut more = good.clone();
    let last = more.len() - 1;
    more[last] = 1;
    malformed(&more, "expected zeros behind the end");
}

/// Large payloads of a file stay where they lie until they are written: what is written is the same.
#[test]
fn payloads_that_stay_in_the_file_are_written_as_others_are() {
    let payload: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
    // A list of bytes, the same bytes again, a bytearray, an 8-bit str.
    let mut pickle = b"\x80\x05](B".to_vec();
    pickle.extend([&length[..], &payload, b"\x94h\0\x96", &length, b"\0\0\0\0", &payload].concat());
    pickle.extend([b"T".as_slice(), &length, &payload, b"e."].concat());
    let mut npy = b"\x93NUMPY\x01\0\x76\0".to_vec();
    let header = "{'descr': '<i2', 'fortran_order': True, 'shape': (400, 250), }";
    npy.extend(format!("{header:<117}\n").as_bytes());
    npy.extend(&payload);
    let folder = tempfile::tempdir().expect("a folder");
    for (n, bytes) in [
        pickle.clone(),
        npy.clone(),
        zip(&[("a.npy", &npy), ("b.npy", &npy)]),
        zip(&[("a.pkl", &pickle), ("b.pkl", &pickle)]),
    ]
    .iter()
    .enumerate()
    {
        let path = folder.path().join(format!("{n}"));
        std::fs::write(&path, bytes).expect("a file");
        for format in [Format::Json, Format::MessagePack, Format::Protobuf] {
            for mapping in [Mapping::Natural, Mapping::Lossless] {
                let mut options = WriteOptions::new(format);
                options.mapping = mapping;
                let converter = Converter::with_options(options);
                let (mut stream, mut file) = (Vec::new(), Vec::new());
                let read = converter.convert(bytes.as_slice(), &mut stream).expect("as a stream");
                let report = converter.convert_file(File::open(&path).expect("a file"), &mut file).expect("as a file");
                assert!(stream == file, "{n}, {format:?}, {mapping:?}");
                assert_eq!((read.bytes_written, read.pickles), (report.bytes_written, report.pickles), "{n}");
            }
        }
        // Cut off, and damaged, it fails in both ways.
        std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("a file");
        let mut out = Vec::new();
        let failure = lossless().convert_file(File::open(&path).expect("a file"), &mut out).expect_err("half of it");
        assert_eq!(failure.category(), Category::Malformed, "{failure}");
    }
    let mut damaged = zip(&[("a.npy", &npy), ("b.npy", &npy)]);
    damaged[100_000] ^= 1;
    let path = folder.path().join("damaged");
    std::fs::write(&path, &damaged).expect("a file");
    let failure = lossless().convert_file(File::open(&path).expect("a file"), &mut Vec::new()).expect_err("its CRC-32");
    assert!(failure.to_string().contains("its CRC-32 is"), "{failure}");
}
