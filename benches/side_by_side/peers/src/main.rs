//! Pickle to JSON by other crates, each in the ways that it offers: `depickle-peers CRATE WAY IN OUT`.
//!
//! `value` goes through a tree of values, `transcode` from one format to the other without. The input is read at once, which is
//! what both are fastest with; the allocator is depickle's.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [name, way, from, to] = &args[..] else { return Err("usage: depickle-peers CRATE WAY IN OUT".into()) };
    let input = std::fs::read(from)?;
    let mut out = BufWriter::with_capacity(1 << 20, File::create(to)?);
    match (name.as_str(), way.as_str()) {
        ("serde-pickle", "value") => {
            let value: serde_json::Value = serde_pickle::from_slice(&input, serde_pickle::DeOptions::new())?;
            serde_json::to_writer(&mut out, &value)?;
        }
        ("serde-pickle", "transcode") => {
            let mut from = serde_pickle::Deserializer::new(&input[..], serde_pickle::DeOptions::new());
            serde_transcode::transcode(&mut from, &mut serde_json::Serializer::new(&mut out))?;
        }
        ("deser-pickle", "value") => {
            let value: deser_value::Value = deser_pickle::from_slice(&input)?;
            deser_json::to_writer(&mut out, &value)?;
        }
        ("deser-pickle", "transcode") => {
            let mut from = deser_pickle::Deserializer::from_slice(&input);
            let mut to = deser_json::SerializerConfig::new().writer(&mut out);
            deser_transcode::transcode(&mut from, &mut to)?;
        }
        _ => return Err(format!("no such peer: {name} {way}").into()),
    }
    out.flush()?;
    Ok(())
}
