//! What an input is that could not be read as a pickle, in words for whoever gave it to us.
//!
//! Asked only after reading has failed: it explains, and decides nothing. Deliberately absent: compression that is read
//! (`sniff`), and anything beyond the first 512 bytes.

use super::{sniff, tar};

/// An input that is no pickle, or one that was damaged on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotAPickle {
    /// What it is, with an article: `a web page, …`.
    pub(crate) what: String,
    /// What helps, where something does.
    pub(crate) hint: Option<String>,
}

/// Magic numbers of things that people take for pickles, by what their own specifications say; none of them can begin a
/// pickle that loads, if only because of its second byte.
const MAGIC: &[(&[u8], &str, Option<&str>)] = &[
    (b"PK\x03\x04", ZIP, None),
    (b"PK\x05\x06", ZIP, None),
    (b"PK\x07\x08", ZIP, None),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", Some(UNPACK)),
    (b"Rar!\x1a\x07", "a RAR archive", Some(UNPACK)),
    (b"\x93NUMPY", "a NumPy array file (.npy)", None),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", None),
    (b"PAR1\x15", "a Parquet file", None),
    (b"ARROW1\0\0", "an Arrow file (Feather V2)", None),
    (b"\xff\xff\xff\xff", "perhaps an Arrow stream", None),
    (b"FEA1", "a Feather V1 file", None),
    (b"SQLite format 3\0", "an SQLite database", None),
    (b"%PDF-", "a PDF document", None),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", None),
    (b"\xff\xd8\xff", "a JPEG image", None),
    (b"GIF8", "a GIF image", None),
    (b"\x7fELF", "an ELF program or library", None),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file", None),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Microsoft Office document", None),
    (b"\x1f\x9d", "a file compressed with `compress` (.Z)", Some(UNPACK)),
    (b"\x02\x21\x4c\x18", "a legacy lz4 stream", Some("decompress it first, with `lz4 -d`")),
    (b"\xff\x06\0\0sNaPpY", "a Snappy stream", Some(UNPACK)),
    (b"LZIP\x01", "an lzip file", Some(UNPACK)),
    (b"!<arch>\n", "an ar archive", None),
];

const ZIP: &str = "a ZIP archive";
const UNPACK: &str = "unpack it first";

/// Text that a download or a checkout leaves where a pickle should be; compared without regard to case.
const PAGES: &[(&str, &str, Option<&str>)] = &[
    ("<!doctype html", PAGE, Some(AGAIN)),
    ("<html", PAGE, Some(AGAIN)),
    ("<head", PAGE, Some(AGAIN)),
    ("<?xml", "an XML document, perhaps an error page of the download", None),
    ("<", "a text in angle brackets, perhaps an error page of the download", None),
    (
        "version https://git-lfs.github.com/spec/",
        "a Git LFS pointer, not the file it stands for",
        Some("`git lfs pull` fetches the file"),
    ),
    (
        "version https://hawser.github.com/spec/",
        "a Git LFS pointer, not the file it stands for",
        Some("`git lfs pull` fetches the file"),
    ),
];

const PAGE: &str = "a web page, perhaps a login or error page of the download";
const AGAIN: &str = "open it in a browser to see what it says, then download the file again";

/// What an input is that begins with `head` and could not be read as a pickle; `at_eof` says that `head` is all of it.
/// `None` where it may well be a pickle.
pub(crate) fn not_a_pickle(head: &[u8], at_eof: bool) -> Option<NotAPickle> {
    if head.is_empty() {
        return Some(said("an empty file", None));
    }
    if let Some((_, what, hint)) = MAGIC.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Some(said(what, *hint));
    }
    if let Some(codec) = sniff::codec(head) {
        return Some(said(&format!("a {codec} stream"), None));
    }
    if tar::is_tar(head) {
        return Some(said("a tar archive", None));
    }
    if is_safetensors(head) {
        return Some(said("a safetensors file", None));
    }
    if head.iter().all(|b| *b == 0) {
        let what = if at_eof { "a file of zeros" } else { "zeros where a pickle should begin" };
        return Some(said(what, Some("a copy or download that was never completed leaves such files")));
    }
    damaged(head).or_else(|| {
        if plausible(head) || (at_eof && perhaps_short(head)) { None } else { encoded(head).or_else(|| text(head)) }
    })
}

fn said(what: &str, hint: Option<&str>) -> NotAPickle {
    NotAPickle { what: what.to_owned(), hint: hint.map(str::to_owned) }
}

/// Eight bytes of length, little-endian, then a JSON object of tensors (safetensors, README, "Format").
fn is_safetensors(head: &[u8]) -> bool {
    let Some((length, json)) = head.split_first_chunk() else { return false };
    let names = [&b"\"__metadata__\""[..], b"\"dtype\"", b"\"data_offsets\""];
    u64::from_le_bytes(*length) < 1 << 32
        && json.starts_with(b"{\"")
        && names.iter().any(|name| json.windows(name.len()).any(|w| w == *name))
}

/// A pickle that went through something that takes bytes for text.
fn damaged(head: &[u8]) -> Option<NotAPickle> {
    if let Some(rest) = head.strip_prefix(b"\xef\xbb\xbf")
        && plausible(rest)
    {
        return Some(said("a pickle with a byte order mark before it", Some("`tail -c +4` removes the mark")));
    }
    if head.starts_with(b"\xef\xbf\xbd")
        || (!head.starts_with(b"\x80") && head.windows(3).any(|w| w == b"\xef\xbf\xbd"))
    {
        return Some(said(
            "bytes that were read as text and written again: what was not UTF-8 is now U+FFFD, and lost",
            Some("make the file again in binary mode (`open(…, \"wb\")`)"),
        ));
    }
    if let [0xc2, 0x80, 0x02..=0x05, ..] = head {
        return Some(said(
            "a pickle that was taken for Latin-1 text and written as UTF-8",
            Some("`iconv -f UTF-8 -t LATIN1` undoes it"),
        ));
    }
    // Protocol 0 is text, so that a transfer in text mode or an editor may have changed its line ends.
    let lines = head.iter().filter(|b| **b == b'\n').count();
    let dos = head.windows(2).filter(|w| w == b"\r\n").count();
    if lines > 0
        && lines == dos
        && head.first().is_some_and(|b| b"(cIFLSVgp".contains(b))
        && is_text(head)
        && plausible(head)
    {
        return Some(said(
            "a pickle of protocol 0 whose line ends were changed to those of DOS",
            Some("`dos2unix` undoes it, or copy it again in binary mode"),
        ));
    }
    None
}

/// Bytes as text: base64, hexadecimal, the `repr` of Python bytes, UTF-16.
fn encoded(head: &[u8]) -> Option<NotAPickle> {
    if head.starts_with(b"b'\\x") || head.starts_with(b"b\"\\x") {
        return Some(said(
            "bytes as Python prints them, not the bytes themselves",
            Some("`ast.literal_eval` turns the text back into bytes"),
        ));
    }
    if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] = head {
        return Some(said("text in UTF-16", None));
    }
    let (even, odd): (Vec<_>, Vec<_>) = head.chunks_exact(2).filter_map(|c| Some((c.first()?, c.get(1)?))).unzip();
    let zeros_and_text = |zeros: &[&u8], text: &[&u8]| {
        zeros.len() >= 4
            && zeros.iter().all(|b| **b == 0)
            && text.iter().all(|b| matches!(b, b'\t' | b'\n' | b'\r' | 32..=126))
    };
    if zeros_and_text(&odd, &even) || zeros_and_text(&even, &odd) {
        return Some(said("text in UTF-16", None));
    }
    let trimmed = head.trim_ascii();
    let solid = || trimmed.iter().filter(|b| !b.is_ascii_whitespace());
    if trimmed.len() >= 8 && solid().all(|b| b.is_ascii_alphanumeric() || b"+/-_=".contains(b)) {
        let hint = Some("`base64 -d` turns it back into bytes");
        let what = match trimmed {
            // 80 02 to 80 05
            [b'g', b'A', b'I'..=b'X', ..] => Some("a pickle as base64 text"),
            // 78 9c, 78 01, 78 da and 1f 8b 08
            [b'e', b'J', b'w'..=b'z', ..] | [b'e', b'A', b'E', ..] | [b'e', b'N', b'o'..=b'r', ..] => {
                Some("perhaps a zlib stream as base64 text")
            }
            [b'H', b'4', b's', b'I', ..] => Some("a gzip stream as base64 text"),
            _ => None,
        };
        if let Some(what) = what {
            return Some(said(what, hint));
        }
    }
    let hex = trimmed.strip_prefix(b"0x").or_else(|| trimmed.strip_prefix(b"\\x")).unwrap_or(trimmed);
    if hex.len() >= 8 && hex.iter().all(|b| b.is_ascii_hexdigit() || b.is_ascii_whitespace()) && hex.starts_with(b"80")
    {
        return Some(said("a pickle as hexadecimal text", Some("`xxd -r -p` turns it back into bytes")));
    }
    None
}

/// Text that no pickle is.
fn text(head: &[u8]) -> Option<NotAPickle> {
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let page = |begin: &str| body.get(..begin.len()).is_some_and(|b| b.eq_ignore_ascii_case(begin.as_bytes()));
    if !is_text(body) {
        return None;
    }
    if let Some((_, what, hint)) = PAGES.iter().find(|(begin, ..)| page(begin)) {
        return Some(said(what, *hint));
    }
    let what = match body {
        [] => "blanks and line ends only",
        [b'{', b'"' | b'}' | b' ' | b'\n' | b'\r' | b'\t', ..] | [b'[', b'"' | b'[' | b'{' | b']', ..] => "JSON text",
        [b'[', b'0'..=b'9' | b'-' | b' ' | b'\n' | b'\r', ..] => "JSON text",
        [b'#', b'!', ..] => "a script",
        _ if [&b"import "[..], b"from ", b"def ", b"class ", b"# -*-"].iter().any(|begin| body.starts_with(begin)) => {
            "Python source text"
        }
        _ => "text",
    };
    Some(said(what, None))
}

/// UTF-8 that may be cut within its last character, and without control characters.
fn is_text(bytes: &[u8]) -> bool {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => {
            bytes.get(..e.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    valid.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\x0c'))
}

/// Whether the first opcode may begin a pickle, with the argument that it has (`pickletools.opcodes`). Binary arguments
/// are believed; of those in text, the first line is looked at.
fn plausible(head: &[u8]) -> bool {
    let Some((opcode, rest)) = head.split_first() else { return false };
    let mut lines = rest.splitn(2, |b| *b == b'\n');
    let line = lines.next().unwrap_or_default().trim_ascii_end();
    let then = |next: Option<&u8>| next.is_none_or(|next| opcode_after_value(*next));
    let next_line = then(lines.next().unwrap_or_default().first());
    let number =
        |extra: &[u8]| next_line && !line.is_empty() && line.iter().all(|b| b.is_ascii_digit() || extra.contains(b));
    match opcode {
        0x80 => rest.first().is_none_or(|protocol| *protocol <= 5),
        b'I' => number(b"+-"),
        b'L' => number(b"+-L"),
        b'F' => number(b"+-.einfaEINFA"),
        b'S' => next_line && matches!(line.first(), None | Some(b'\'' | b'"')),
        b'V' | b'P' => next_line,
        b'c' => !line.is_empty() && line.iter().all(|b| b.is_ascii_alphanumeric() || b"._".contains(b) || *b >= 0x80),
        b'(' => rest.first().is_none_or(|next| b"ltdi1".contains(next) || value(*next)),
        b')' | b']' | b'}' | b'N' => then(rest.first()),
        // Lengths and numbers in binary, which text would make absurdly large.
        b'T' | b'X' | b'B' | b'J' => !(head.len() > 8 && is_text(head)),
        b'G' | b'K' | b'M' | b'U' | b'C' => !(head.len() > 16 && is_text(head) && !head.contains(&b'.')),
        0x82 | 0x83 | 0x84 | 0x88..=0x8f | 0x95..=0x97 => true,
        _ => false,
    }
}

/// A few bytes from an opcode to `STOP`: what is wrong with them the reader knows better.
fn perhaps_short(head: &[u8]) -> bool {
    head.len() <= 32 && head.ends_with(b".") && head.first().is_some_and(|first| opcode_after_value(*first))
}

/// Opcodes that push a value and take none, and `(`.
fn value(opcode: u8) -> bool {
    b"()]}NIJKLMSTUVXFGcPBC\x80\x82\x83\x84\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96\x97".contains(&opcode)
}

/// Opcodes that may come where the stack holds one value and no mark.
fn opcode_after_value(opcode: u8) -> bool {
    b".02pqrQ\x85\x94".contains(&opcode) || value(opcode)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(head: &[u8]) -> String {
        not_a_pickle(head, head.len() < 512).map(|n| n.what).unwrap_or_default()
    }

    #[test]
    fn foreign_files_are_named() {
        let mut tar = [0_u8; 512];
        tar[..5].copy_from_slice(b"a.pkl");
        tar[257..262].copy_from_slice(b"ustar");
        let sum: u32 = tar.iter().map(|b| u32::from(*b)).sum::<u32>() + 8 * 32;
        tar[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        let safetensors = b"\x40\0\0\0\0\0\0\0{\"weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
        let utf16: Vec<u8> = "hello there".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (head, expected) in [
            (&b""[..], "an empty file"),
            (b"<!DOCTYPE html><html>", "a web page"),
            (b"\n  <!doctype HTML>", "a web page"),
            (b"<HTML lang=en>", "a web page"),
            (b"\xef\xbb\xbf<html>", "a web page"),
            (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>", "an XML document"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "a Git LFS pointer"),
            (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7-Zip archive"),
            (b"Rar!\x1a\x07\x01\0", "a RAR archive"),
            (b"PK\x03\x04\0\0", "a ZIP archive"),
            (&tar, "a tar archive"),
            (b"\x93NUMPY\x01\0", "a NumPy array file"),
            (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
            (b"PAR1\x15\x04", "a Parquet file"),
            (b"ARROW1\0\0", "an Arrow file"),
            (b"FEA1\0\0", "a Feather V1 file"),
            (b"SQLite format 3\0", "an SQLite database"),
            (b"%PDF-1.7\n", "a PDF document"),
            (b"\x89PNG\r\n\x1a\n", "a PNG image"),
            (b"\xff\xd8\xff\xe0", "a JPEG image"),
            (b"\x7fELF\x02", "an ELF program"),
            (safetensors, "a safetensors file"),
            (b"{\"a\": 1}", "JSON text"),
            (b"[1, 2, 3]\n", "JSON text"),
            (b"[{\"a\": 1}]", "JSON text"),
            (b"import pickle\n\nclass A:\n    pass\n", "Python source text"),
            (b"class A(object):\n    pass\n", "Python source text"),
            (b"#!/bin/sh\nexit 1\n", "a script"),
            (b"id,name\n1,x\n", "text"),
            (b"Not Found\n", "text"),
            (b"I am no pickle at all\n", "text"),
            (b"The file was moved to another place", "text"),
            (b"\n\n", "blanks"),
            (&[0; 512], "zeros where"),
            (&[0; 100], "a file of zeros"),
            (&utf16, "text in UTF-16"),
            (b"\xff\xfeh\0i\0", "text in UTF-16"),
        ] {
            assert!(
                what(head).starts_with(expected),
                "{:?} is said to be {:?}",
                head.escape_ascii().to_string(),
                what(head)
            );
        }
    }

    #[test]
    fn damaged_and_encoded_pickles_are_named() {
        for (head, expected) in [
            (&b"\xef\xbb\xbf\x80\x04K\x01."[..], "a pickle with a byte order mark"),
            (b"\xef\xbb\xbf(lp0\nI1\na.", "a pickle with a byte order mark"),
            (b"\xef\xbb\xbfValues of x\nand of y\n", "text"),
            (b"\xef\xbf\xbd\x04\xef\xbf\xbd\x10\0\0", "bytes that were read as text"),
            (b"\xc2\x80\x04\xc2\x95\x10\0", "a pickle that was taken for Latin-1"),
            (b"(dp0\r\nS'a'\r\np1\r\nI1\r\ns.", "a pickle of protocol 0 whose line ends"),
            (b"ccopy_reg\r\n_reconstructor\r\np0\r\n", "a pickle of protocol 0 whose line ends"),
            (b"gASVCgAAAAAAAABdlChLAUsCZS4=", "a pickle as base64 text"),
            (b"gANdcQAoSwFLAmUu\n", "a pickle as base64 text"),
            (b"eJxrYJmqAQADlAFG", "perhaps a zlib stream as base64 text"),
            (b"H4sIAAAAAAAAA2tgmaoBAA==", "a gzip stream as base64 text"),
            (b"80049503000000000000004b012e", "a pickle as hexadecimal text"),
            (b"80 04 95 03 00 00", "a pickle as hexadecimal text"),
            (b"\\x80049503000000", "a pickle as hexadecimal text"),
            (b"b'\\x80\\x04K\\x01.'", "bytes as Python prints them"),
        ] {
            assert!(
                what(head).starts_with(expected),
                "{:?} is said to be {:?}",
                head.escape_ascii().to_string(),
                what(head)
            );
        }
        let hint = not_a_pickle(b"gASVCgAAAAAAAABdlChLAUsCZS4=", true).and_then(|n| n.hint);
        assert!(hint.is_some_and(|hint| hint.contains("base64 -d")));
    }

    #[test]
    fn plausible_pickles_are_left_alone() {
        for head in [
            &b"\x80\x02]q\0."[..],
            b"\x80\x03}q\0.",
            b"\x80\x04\x95\x10\0\0\0\0\0\0\0]\x94.",
            b"\x80\x05N.",
            b"\x80\x01K\x01.",
            b"\x80",
            b"(dp0\nS'a'\np1\nI1\ns.",
            b"(lp0\n.",
            b"(lp1\nI1\naI2\na.",
            b"(i__main__\nA\np0\n(dp1\nb.",
            b"]q\0(K\x01K\x02e.",
            b"}q\0U\x01aK\x01s.",
            b").",
            b"N.",
            b"I1\n.",
            b"I01\n.",
            b"L123L\n.",
            b"F1.5\n.",
            b"Fnan\n.",
            b"S'text'\np0\n.",
            b"Vany text\np0\n.",
            b"ccopy_reg\n_reconstructor\np0\n(c__main__\nA\n",
            b"K\x01.",
            b"M\x10\x27.",
            b"J\x01\0\0\0.",
            b"G\x3f\xf0\0\0\0\0\0\0.",
            b"U\x0bhello theren.",
            b"X\x05\0\0\0helloq\0.",
            b"T\0\x01\0\0aaaa",
            b"I 1\n.",
            b"ccollections \nOrderedDict\n)R.",
            b"2.",
            b"\x88.",
            b"\x89.",
            b"\x8a\x01\x05.",
            b"\x8c\x01a.",
            b"\x95\x02\0\0\0\0\0\0\0N.",
        ] {
            assert_eq!(not_a_pickle(head, true), None, "{}", head.escape_ascii());
        }
    }
}
