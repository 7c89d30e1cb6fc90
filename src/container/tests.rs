//! [`open`] over the streams of `testdata/containers`, over streams made here, and over both when damaged.

#![allow(clippy::disallowed_methods, reason = "tests read what they made themselves")]

use super::*;
use crate::error::{Category, ErrorKind};

fn read(bytes: &[u8], limits: &Limits) -> Result<(Vec<u8>, Vec<Codec>), Error> {
    let mut opened = open(Box::new(bytes), limits)?;
    let mut out = Vec::new();
    opened.reader.read_to_end(&mut out).map_err(|e| Error::from_read(e, Location::offset(out.len() as u64)))?;
    assert!(out.starts_with(&opened.head));
    assert_eq!(opened.head.len(), out.len().min(HEAD));
    assert_eq!(opened.head_is_all, out.len() < HEAD);
    Ok((out, opened.codecs))
}

#[test]
fn a_plain_input_is_forwarded() {
    let bytes: Vec<u8> = b"\x80\x04".iter().copied().chain((0..5000_u32).map(|n| n.to_le_bytes()[0])).collect();
    let (out, codecs) = read(&bytes, &Limits::default()).expect("plain");
    assert_eq!((out, codecs), (bytes, vec![]));
    let (out, codecs) = read(b"", &Limits::default()).expect("empty");
    assert_eq!((out, codecs), (vec![], vec![]));
}

#[test]
fn a_plain_input_is_read_in_the_callers_pieces() {
    struct Pieces(Vec<usize>);
    impl Read for &mut Pieces {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0.push(buf.len());
            buf.fill(b'N');
            Ok(buf.len())
        }
    }
    let mut pieces = Pieces(vec![]);
    let mut opened = open(Box::new(&mut pieces), &Limits::default()).expect("plain");
    let mut buf = vec![0; 1 << 20];
    assert_eq!(opened.reader.read(&mut buf).expect("head"), HEAD);
    assert_eq!(opened.reader.read(&mut buf).expect("body"), 1 << 20);
    drop(opened);
    assert_eq!(pieces.0.last(), Some(&(1 << 20)));
}

#[test]
fn errors_of_the_source_stay_errors_of_the_environment() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
    let e = open(Box::new(Broken), &Limits::default()).err().expect("broken");
    assert_eq!(e.category(), Category::Io);
    let source = b"N".repeat(600);
    let mut opened = open(Box::new(source.as_slice().chain(Broken)), &Limits::default()).expect("600 bytes");
    let e = opened.reader.read_to_end(&mut Vec::new()).expect_err("broken");
    assert_eq!(Error::from_read(e, Location::offset(600)).category(), Category::Io);
}

#[test]
fn our_errors_come_back_from_a_reader() {
    let ours = Error::malformed("bad", Location::opcode(7, "BUILD")).with_hint("help");
    let mut at = Location::offset(9);
    at.member = Some("data.pkl".to_owned());
    let back = Error::from_read(ours.into_read(), at);
    assert_eq!(back.to_string(), "bad (BUILD at offset 0x7 in member data.pkl)");
    assert_eq!(back.hint(), Some("help"));
    assert!(matches!(back.kind(), ErrorKind::Malformed(_)));
}

#[cfg(not(feature = "compression"))]
#[test]
fn a_codec_that_is_not_built_in_is_named() {
    let e = read(b"\x1f\x8b\x08\0", &Limits::default()).expect_err("no codec");
    assert_eq!(e.category(), Category::Misuse);
    assert_eq!(e.to_string(), "the input is compressed with gzip, and this build reads no compression");
}

#[cfg(feature = "compression")]
mod compressed {
    use super::*;
    use std::io::Write;

    /// What every file of `testdata/containers` holds, but for those named otherwise: protocol 2, a list of the ints 0 to 99.
    fn content() -> Vec<u8> {
        let mut pickle = b"\x80\x02]q\x00(".to_vec();
        pickle.extend((0..100).flat_map(|n| [b'K', n]));
        pickle.extend(b"e.");
        pickle
    }

    /// Delivers its bytes one by one, as the slowest pipe does.
    struct Dribble<'a>(&'a [u8]);

    impl Read for Dribble<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = buf.len().min(1);
            self.0.read(buf.get_mut(..n).unwrap_or_default())
        }
    }

    /// One file for every codec and each of its dresses.
    const FILES: &[(&str, &[u8], &[Codec])] = &[
        ("gzip", include_bytes!("../../testdata/containers/list.gz"), &[Codec::Gzip]),
        ("gzip, header fields", include_bytes!("../../testdata/containers/fields.gz"), &[Codec::Gzip]),
        ("gzip, three members", include_bytes!("../../testdata/containers/members.gz"), &[Codec::Gzip]),
        ("gzip, padded", include_bytes!("../../testdata/containers/padded.gz"), &[Codec::Gzip]),
        ("zlib", include_bytes!("../../testdata/containers/list.zlib"), &[Codec::Zlib]),
        ("bzip2", include_bytes!("../../testdata/containers/list.bz2"), &[Codec::Bzip2]),
        ("bzip2, two streams", include_bytes!("../../testdata/containers/streams.bz2"), &[Codec::Bzip2]),
        ("xz", include_bytes!("../../testdata/containers/list.xz"), &[Codec::Xz]),
        ("xz, two streams, padded", include_bytes!("../../testdata/containers/streams.xz"), &[Codec::Xz]),
        ("lzma", include_bytes!("../../testdata/containers/list.lzma"), &[Codec::Lzma]),
        ("zf", include_bytes!("../../testdata/containers/list.zf"), &[Codec::JoblibZf]),
        ("zf, 20 characters", include_bytes!("../../testdata/containers/list-py2.zf"), &[Codec::JoblibZf]),
        ("xz in gzip", include_bytes!("../../testdata/containers/list.xz.gz"), &[Codec::Gzip, Codec::Xz]),
    ];

    fn lz4(content: &[u8], linked: bool, checksums: bool) -> Vec<u8> {
        let mut info = lz4_flex::frame::FrameInfo::new().content_checksum(checksums).block_checksums(checksums);
        info = info.block_size(lz4_flex::frame::BlockSize::Max64KB);
        if linked {
            info = info.block_mode(lz4_flex::frame::BlockMode::Linked);
        }
        let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(content).expect("memory");
        encoder.finish().expect("memory")
    }

    fn zstd(content: &[u8], checksum: bool) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("encoder");
        encoder.include_checksum(checksum).expect("parameter");
        encoder.write_all(content).expect("memory");
        encoder.finish().expect("memory")
    }

    fn zlib(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(content).expect("memory");
        encoder.finish().expect("memory")
    }

    /// The files, and those that Python's standard library cannot make.
    fn all() -> Vec<(&'static str, Vec<u8>, Vec<Codec>)> {
        let (first, second) = (&content()[..90], &content()[90..]);
        let skippable = b"\x50\x2a\x4d\x18\x04\0\0\0meta".to_vec();
        let mut all: Vec<_> =
            FILES.iter().map(|(name, bytes, codecs)| (*name, bytes.to_vec(), codecs.to_vec())).collect();
        all.push(("zstd", zstd(&content(), true), vec![Codec::Zstd]));
        all.push(("zstd, two frames", [zstd(first, true), zstd(second, false)].concat(), vec![Codec::Zstd]));
        let between = [skippable.clone(), zstd(first, false), skippable.clone(), zstd(second, true), skippable.clone()];
        all.push(("zstd, skippable frames", between.concat(), vec![Codec::Zstd]));
        all.push(("lz4", lz4(&content(), false, true), vec![Codec::Lz4]));
        all.push(("lz4, linked", lz4(&content(), true, true), vec![Codec::Lz4]));
        let two = [lz4(first, false, true), skippable.clone(), lz4(second, true, false)];
        all.push(("lz4, two frames", two.concat(), vec![Codec::Lz4]));
        all.push(("lz4, skippable frame first", [skippable, lz4(&content(), true, true)].concat(), vec![Codec::Lz4]));
        all
    }

    #[test]
    fn every_codec_is_read() {
        for (name, bytes, codecs) in all() {
            let (out, found) = read(&bytes, &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!((out, found), (content(), codecs), "{name}");
        }
    }

    #[test]
    fn pieces_make_no_difference() {
        for (name, bytes, codecs) in all() {
            let mut opened = open(Box::new(Dribble(&bytes)), &Limits::default()).expect(name);
            let (mut out, mut one) = (Vec::new(), [0]);
            while opened.reader.read(&mut one).expect(name) > 0 {
                out.extend(one);
            }
            assert_eq!((out, opened.codecs), (content(), codecs), "{name}");
        }
    }

    #[test]
    fn long_content_comes_back_whole() {
        let content: Vec<u8> =
            b"\x80\x04".iter().copied().chain((0..900_000_u32).flat_map(|n| (n / 7).to_le_bytes())).collect();
        let mut xz = Vec::new();
        liblzma::read::XzEncoder::new(content.as_slice(), 0).read_to_end(&mut xz).expect("memory");
        let mut bz = Vec::new();
        bzip2::read::BzEncoder::new(content.as_slice(), bzip2::Compression::fast())
            .read_to_end(&mut bz)
            .expect("memory");
        for bytes in
            [lz4(&content, true, true), lz4(&content, false, false), zstd(&content, true), zlib(&content), xz, bz]
        {
            let (out, codecs) = read(&bytes, &Limits::default()).expect("good");
            assert!(out == content, "{codecs:?}");
        }
    }

    /// Every cut, but those at the end of a member, which leave a good stream of fewer members.
    #[test]
    fn every_truncation_is_malformed() {
        for (name, bytes, codecs) in all().into_iter().filter(|(name, ..)| !name.contains(',') || name.contains("20")) {
            for cut in 40..bytes.len() {
                let e = read(&bytes[..cut], &Limits::default()).expect_err(name);
                assert_eq!(e.category(), Category::Malformed, "{name} at {cut}: {e}");
                assert!(
                    e.to_string().starts_with(&format!("truncated {} stream: ", codecs[0])),
                    "{name} at {cut}: {e}"
                );
            }
        }
    }

    #[test]
    fn trailing_bytes_are_malformed() {
        for (name, mut bytes, _) in all() {
            bytes.extend(b"garbage");
            let e = read(&bytes, &Limits::default()).expect_err(name);
            assert_eq!(e.category(), Category::Malformed, "{name}: {e}");
            assert!(e.to_string().starts_with("expected the end of the input after "), "{name}: {e}");
        }
        let mut odd = FILES[7].1.to_vec();
        odd.extend([0; 3]);
        assert_eq!(read(&odd, &Limits::default()).expect_err("padding").category(), Category::Malformed);
    }

    /// No flipped bit may change content unnoticed where the codec has a checksum, and none may end in anything but bytes or
    /// an error.
    #[test]
    fn flipped_bits_are_found() {
        let unchecked = ["lzma", "zstd, two frames", "zstd, skippable frames", "lz4, two frames"];
        for (name, bytes, codecs) in all() {
            for at in 0..bytes.len() {
                for bit in [0, 3, 7] {
                    let mut bytes = bytes.clone();
                    bytes[at] ^= 1 << bit;
                    match read(&bytes, &Limits::default()) {
                        Ok((out, found)) if found == codecs && !unchecked.contains(&name) => {
                            assert_eq!(out, content(), "{name}, bit {bit} of byte {at}");
                        }
                        Ok(_) => {}
                        Err(e) => assert!(
                            matches!(e.category(), Category::Malformed | Category::Limit),
                            "{name}, bit {bit} of byte {at}: {e}"
                        ),
                    }
                }
            }
        }
    }

    #[test]
    fn bytes_before_damage_are_delivered() {
        let mut bytes = zlib(&content());
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        let mut opened = open(Box::new(bytes.as_slice()), &Limits::default()).expect("a head");
        let mut out = Vec::new();
        let e = opened.reader.read_to_end(&mut out).expect_err("checksum");
        assert_eq!(out, content());
        let e = Error::from_read(e, Location::offset(208));
        assert!(e.to_string().starts_with("corrupt zlib stream: incorrect data check (within its first "), "{e}");
        assert_eq!(e.location().offset, Some(208));
        let again = Error::from_read(opened.reader.read(&mut [0; 8]).expect_err("failed"), Location::default());
        assert_eq!(again.category(), Category::Malformed);
    }

    #[test]
    fn a_zf_header_that_lies_is_malformed() {
        let mut bytes = b"ZF0x5                ".to_vec();
        bytes.extend(zlib(&content()));
        let e = read(&bytes, &Limits::default()).expect_err("5 is too few");
        assert!(e.to_string().contains("its header says 5 bytes of content, found 208"), "{e}");
    }

    #[test]
    fn layers_are_limited() {
        let mut bytes = content();
        for _ in 0..4 {
            bytes = zlib(&bytes);
        }
        assert_eq!(read(&bytes, &Limits::default()).expect("4 layers").1, [Codec::Zlib; 4]);
        let e = read(&zlib(&bytes), &Limits::default()).expect_err("5 layers");
        assert_eq!(
            e.to_string(),
            "limit reached: 5 layers of compression needed, 4 allowed (`--max-layers` raises it)"
        );
    }

    fn exceeded(bytes: &[u8], limits: &Limits) -> (Limit, u64) {
        match read(bytes, limits).expect_err("limit").kind() {
            ErrorKind::Limit(e) => (e.limit, e.needed),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn decompressed_bytes_are_limited() {
        let mut limits = Limits { max_decompressed: 208, ..Limits::default() };
        for (name, bytes, _) in all().into_iter().filter(|(name, ..)| *name != "xz in gzip") {
            assert!(read(&bytes, &limits).is_ok(), "{name}");
        }
        limits.max_decompressed = 207;
        for (name, bytes, _) in all().into_iter().filter(|(name, ..)| *name != "xz in gzip") {
            assert_eq!(exceeded(&bytes, &limits).0, Limit::Decompressed, "{name}");
        }
    }

    #[test]
    fn the_ratio_is_limited() {
        let bomb = zlib(&b"N".repeat(64 << 20));
        let (limit, needed) = exceeded(&bomb, &Limits::default());
        assert_eq!(limit, Limit::Ratio);
        assert!((1001..1030).contains(&needed), "{needed}");
        let limits = Limits { max_ratio: 1030, ..Limits::default() };
        assert_eq!(read(&bomb, &limits).expect("1030 times").0.len(), 64 << 20);
        // Two layers are measured against the input, not against each other.
        assert_eq!(exceeded(&zlib(&bomb), &limits).0, Limit::Ratio);
        // Below 1 MiB nothing is.
        assert!(read(&zstd(&b"N".repeat(1 << 20), false), &Limits::default()).is_ok());
        assert_eq!(exceeded(&zstd(&b"N".repeat((1 << 20) + 1), false), &Limits::default()).0, Limit::Ratio);
    }

    #[test]
    fn zeros_first_do_not_count_for_more_than_zeros_last() {
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[1]
        })
        .take(60_000);
        let content: Vec<u8> = std::iter::repeat_n(0, 20 << 20).chain(noise).collect();
        let bytes = zstd(&content, true);
        assert_eq!(read(&bytes, &Limits::default()).expect("ratio of some 350").0.len(), content.len());
    }

    #[test]
    fn decoders_are_kept_from_large_windows() {
        let mut options = liblzma::stream::LzmaOptions::new_preset(0).expect("preset");
        options.dict_size(768 << 20);
        let mut filters = liblzma::stream::Filters::new();
        filters.lzma2(&options);
        // Only the header is needed; an encoder for it would take gigabytes. Dictionary sizes: The .xz File Format, §5.3.1.
        let mut xz = FILES[7].1.to_vec();
        let at = xz.windows(2).position(|w| w == [0x21, 0x01]).expect("LZMA2 filter") + 2;
        xz[at] = 37;
        let header = 12..12 + (usize::from(xz[12]) + 1) * 4 - 4;
        let crc = crc32(&xz[header.clone()]).to_le_bytes();
        xz[header.end..header.end + 4].copy_from_slice(&crc);
        let e = read(&xz, &Limits::default()).expect_err("768 MiB");
        assert_eq!(e.category(), Category::Limit, "{e}");
        assert!(e.to_string().contains("--max-memory"), "{e}");
        let mut lzma = FILES[9].1.to_vec();
        lzma[1..5].copy_from_slice(&0x3000_0000_u32.to_le_bytes());
        assert_eq!(exceeded(&lzma, &Limits::default()).0, Limit::Memory);
        // A frame with a window of 1 GiB (RFC 8878 §3.1.1.1.2: exponent 20) and one block of one byte.
        let zstd = b"\x28\xb5\x2f\xfd\x00\xa0\x09\x00\x00N";
        assert_eq!(exceeded(zstd, &Limits::default()), (Limit::Memory, (512 << 20) + 1));
        let limits = Limits { max_memory: 32 << 30, ..Limits::default() };
        assert_eq!(read(zstd, &limits).expect("allowed").0, b"N");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, b| {
            (0..8).fold(crc ^ u32::from(*b), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
        })
    }
}
