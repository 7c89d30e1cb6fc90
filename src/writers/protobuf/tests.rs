//! The output read back through the generated types, and those held against the schema.

use prost::Message;
use prost::encoding::decode_varint;

use crate::error::{Category, Failure};
use crate::proto::v1::{self, Frame, Value, frame, value::Kind};
use crate::{Converter, Format};

fn convert(pickle: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    Converter::new(Format::Protobuf).convert(pickle, &mut out)?;
    Ok(out)
}

/// What a file holds.
#[derive(Default)]
struct File {
    definitions: Vec<Value>,
    values: Vec<Value>,
}

impl File {
    fn of(pickle: &[u8]) -> File {
        let out = convert(pickle).expect("converted");
        let mut file = File::default();
        let mut pickles = None;
        let mut rest = &out[..];
        while !rest.is_empty() {
            let len = decode_varint(&mut rest).expect("a length") as usize;
            let (bytes, after) = rest.split_at(len);
            rest = after;
            assert!(depth(bytes) <= 100);
            let frame = Frame::decode(bytes).expect("a frame");
            assert_eq!(frame.encode_to_vec(), bytes, "as prost itself writes it");
            match frame.frame.expect("a known frame") {
                frame::Frame::Header(header) => {
                    assert_eq!((header.version, pickles.replace(header.pickles)), (1, None));
                }
                frame::Frame::Definition(definition) => {
                    assert_eq!(definition.id as usize, file.definitions.len() + 1);
                    let value = definition.value.expect("a value");
                    assert!(!matches!(value.kind, Some(Kind::Reference(_))));
                    file.definitions.push(value);
                }
                frame::Frame::Value(value) => file.values.push(value),
            }
        }
        assert_eq!(pickles, Some(file.values.len() as u64));
        file
    }
}

/// Levels of messages, the outermost included, in what nests lists only.
fn depth(mut bytes: &[u8]) -> u32 {
    let mut levels = 1;
    loop {
        let field = decode_varint(&mut bytes).unwrap_or(0);
        if field & 7 == 5 {
            bytes = &bytes[4..];
            continue;
        }
        if field & 7 != 2 || bytes.is_empty() {
            return levels;
        }
        let len = decode_varint(&mut bytes).expect("a length") as usize;
        bytes = &bytes[..len.min(bytes.len())];
        levels += 1;
    }
}

fn kinds(values: &[Value]) -> Vec<Kind> {
    values.iter().map(|v| v.kind.clone().expect("a known kind")).collect()
}

/// A list in a list and so on, with the code of a value in the innermost.
fn nested(levels: usize, inner: &[u8]) -> Vec<u8> {
    [&b"]".repeat(levels)[..], inner, &b"a".repeat(levels), b"."].concat()
}

#[test]
fn leaves() {
    let pickle = b"](NK\x01J\xff\xff\xff\xffG\x7f\xf8\0\0\0\0\0\x01C\x02\xff\0\x8a\x09\0\0\0\0\0\0\0\x80\0U\x01\xffe.";
    let file = File::of(pickle);
    let [Value { kind: Some(Kind::ListValue(list)) }] = &file.values[..] else { panic!("{:?}", file.values) };
    let [none, one, minus, Kind::FloatValue(nan), bytes, big, py2] = &kinds(&list.items)[..] else {
        panic!("{list:?}")
    };
    assert_eq!(nan.to_bits(), 0x7ff8_0000_0000_0001);
    assert_eq!(none, &Kind::NoneValue(true));
    assert_eq!((one, minus), (&Kind::IntValue(1), &Kind::IntValue(-1)));
    assert_eq!(bytes, &Kind::BytesValue(vec![0xff, 0]));
    assert_eq!(big, &Kind::BigIntValue(vec![0, 0x80, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(py2, &Kind::Py2StrValue(vec![0xff]));
}

#[test]
fn each_pickle_is_a_value_and_numbers_go_on() {
    // Two pickles of [[], the same].
    let one = b"](]q\0h\0e.";
    let file = File::of(&[&one[..], one].concat());
    assert_eq!(file.definitions.len(), 2);
    for (n, root) in (1..).zip(&file.values) {
        let Some(Kind::ListValue(list)) = &root.kind else { panic!("{root:?}") };
        assert_eq!(kinds(&list.items), [Kind::Reference(n), Kind::Reference(n)]);
    }
}

#[test]
fn a_definition_comes_before_what_refers_to_it() {
    // inner = [1]; middle = [inner]; [middle, middle, inner]
    let file = File::of(b"](]q\0]q\x01K\x01aah\0h\x01e.");
    assert_eq!(file.definitions.len(), 2);
    let Some(Kind::ListValue(middle)) = &file.definitions[1].kind else { panic!("{:?}", file.definitions) };
    assert_eq!(kinds(&middle.items), [Kind::Reference(1)]);
}

#[test]
fn cycles_refer_to_themselves() {
    let file = File::of(b"]q\0h\0a.");
    assert_eq!(kinds(&file.values), [Kind::Reference(1)]);
    let Some(Kind::ListValue(list)) = &file.definitions[0].kind else { panic!("{:?}", file.definitions) };
    assert_eq!(kinds(&list.items), [Kind::Reference(1)]);
}

#[test]
fn what_is_deeper_than_readers_go_stands_out_of_line() {
    assert!(File::of(&nested(46, b"K\x01")).definitions.is_empty());
    for levels in [47, 100, 500, 900] {
        let file = File::of(&nested(levels, b"K\x01"));
        let mut value = &file.values[0];
        let mut seen = 0;
        loop {
            value = match &value.kind {
                Some(Kind::ListValue(list)) => {
                    seen += 1;
                    &list.items[0]
                }
                Some(Kind::Reference(id)) => &file.definitions[*id as usize - 1],
                Some(Kind::IntValue(1)) => break,
                other => panic!("{other:?}"),
            };
        }
        assert_eq!(seen, levels);
    }
}

#[test]
fn every_case_of_the_mapping_is_read_back() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/mapping");
    let mut cases = 0;
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "pkl") {
            let file = std::fs::File::open(&path).expect("a case");
            let mut out = Vec::new();
            let policy = crate::Policy::new().allow("shop.*").expect("a pattern");
            if let Err(failure) = Converter::new(Format::Protobuf).policy(policy).convert(file, &mut out) {
                assert_eq!(failure.category(), Category::Refused, "{failure}");
                continue;
            }
            let mut rest = &out[..];
            while !rest.is_empty() {
                let before = rest;
                let frame = Frame::decode_length_delimited(&mut rest).expect("a frame");
                let taken = before.len() - rest.len();
                assert_eq!(frame.encode_length_delimited_to_vec(), before[..taken], "{}", path.display());
            }
            cases += 1;
        }
    }
    assert!(cases > 50, "{cases}");
}

#[test]
fn a_frame_that_no_reader_takes_is_an_error() {
    let document = crate::Reader::new().read(&b"]C\x0a0123456789a."[..]).expect("read");
    let graph = &document.graph;
    for (max_frame, fits) in [(18, true), (17, false)] {
        let mut bytes = Vec::new();
        let out = super::Out::new(&mut bytes, u64::MAX);
        let mut writer = super::Protobuf::new(graph, 100, u64::MAX, out);
        writer.max_frame = max_frame;
        assert_eq!(writer.write(document.roots[0], "$").is_ok(), fits, "{max_frame}");
    }
}

/// Each message of the schema with its fields: name, type, number. Enums are messages whose fields have no type.
type Schema = Vec<(String, Vec<(String, String, u32)>)>;

fn schema() -> Schema {
    let text = include_str!("../../../proto/depickle/v1/value.proto");
    let mut schema = Schema::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        if let Some(name) = line.strip_prefix("message ").or_else(|| line.strip_prefix("enum ")) {
            schema.push((name.trim_end_matches(" {").to_owned(), Vec::new()));
        } else if let Some((left, right)) = line.trim_end_matches(';').split_once(" = ") {
            let Some((_, fields)) = schema.last_mut() else { continue };
            let mut words: Vec<&str> = left.split(' ').collect();
            let name = words.pop().unwrap_or_default();
            fields.push((name.to_owned(), words.join(" "), right.parse().expect("a number")));
        }
    }
    schema
}

/// The generated types say the same as the schema: for each field, an attribute with its type and number stands before its
/// name.
#[test]
fn generated_types_are_those_of_the_schema() {
    let rust = include_str!("../../proto/v1.rs");
    let schema = schema();
    assert!(schema.len() > 30);
    let mut fields_seen = 0;
    for (message, fields) in &schema {
        let is_enum = fields.iter().all(|f| f.1.is_empty());
        let head = format!("pub {} {message} {{", if is_enum { "enum" } else { "struct" });
        let (_, body) = rust.split_once(&head).unwrap_or_else(|| panic!("{head}"));
        let module = format!("pub mod {} {{", message.to_lowercase());
        let body = body.split_once("\n}").map_or(body, |(body, _)| body).to_owned()
            + rust.split_once(&module).and_then(|(_, rest)| rest.split_once("\n}")).map_or("", |(body, _)| body);
        let body = body.split_whitespace().collect::<Vec<_>>().join(" ").replace("super::", "");
        for (name, kind, number) in fields {
            fields_seen += 1;
            let words = name.split('_').map(|word| {
                let (first, rest) = word.split_at(1);
                format!("{}{}", first.to_uppercase(), rest.to_lowercase())
            });
            let camel: String = words.collect();
            if is_enum {
                let prefix = message.to_owned();
                let short = camel.strip_prefix(&prefix).unwrap_or(&camel);
                assert!(body.contains(&format!("{short} = {number},")), "{message}.{name}");
                continue;
            }
            let base = kind.rsplit(' ').next().unwrap_or_default();
            let attribute = body
                .split("#[prost(")
                .find(|part| part.contains(&format!("tag = \"{number}\"")) && !part.starts_with("oneof"))
                .unwrap_or_else(|| panic!("{message}.{name}"));
            let spelled = match schema.iter().find(|(other, _)| other == base) {
                Some((_, fields)) if fields.iter().all(|f| f.1.is_empty()) => format!("enumeration = \"{base}\""),
                Some(_) => "message".to_owned(),
                None => base.to_owned(),
            };
            assert!(attribute.starts_with(&spelled), "{message}.{name}: {attribute}");
            assert_eq!(attribute.contains("repeated"), kind.starts_with("repeated"), "{message}.{name}");
            assert!(
                attribute.contains(&format!("pub {name}:")) || attribute.contains(&format!("{camel}(")),
                "{message}.{name}: {attribute}"
            );
        }
    }
    // Nothing in the generated types beside the schema.
    let attributes = rust.matches("tag = \"").count();
    let variants: usize = schema.iter().filter(|m| m.1.iter().all(|f| f.1.is_empty())).map(|m| m.1.len()).sum();
    assert_eq!(attributes, fields_seen - variants);
    assert_eq!(v1::Singleton::Ellipsis as i32, 1);
}
