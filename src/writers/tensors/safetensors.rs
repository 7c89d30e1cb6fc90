//! `.safetensors`: the length of a JSON header, the header, the elements of every tensor in C order, little-endian.
//!
//! Format: safetensors 0.6, README and `safetensors/src/tensor.rs`. Tensors stand in the order of their alignment, then of their
//! names, without holes; the header is padded to 8 bytes.

use super::Writer;
use super::array::Array;
use super::names::Named;
use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::report::ledger::Step as Loss;

/// The longest header that readers take.
const MAX_HEADER: usize = 100_000_000;
const METADATA: &str = "__metadata__";

pub(super) fn write(writer: &mut Writer<'_, '_>, named: &[Named]) -> Result<(), Error> {
    let graph = writer.graph;
    let mut tensors: Vec<(&Named, Array<'_>, &'static str)> = Vec::with_capacity(named.len());
    let mut from_torch = false;
    for named in named {
        let mut array = writer.array(named)?;
        let Some((code, swapped)) = array.kind.safetensors() else {
            let what = format!("expected a dtype that safetensors has, found `{}`", array.kind.name(graph));
            return Err(Error::unrepresentable(what, Location::path(named.path.clone()))
                .with_hint("`--to npz` takes every dtype of numpy without objects"));
        };
        if named.name == METADATA {
            let what = format!("expected a name other than `{METADATA}`, which the format keeps for itself");
            return Err(Error::unrepresentable(what, Location::path(named.path.clone()))
                .with_hint("`--to npz` has no such name"));
        }
        from_torch |= matches!(array.kind, super::array::Kind::Torch(_));
        if swapped > 1 {
            writer.note(Loss::LittleEndian, &named.path)?;
        }
        array.elements.swapped = swapped;
        tensors.push((named, array, code));
    }
    tensors.sort_by(|a, b| b.1.elements.size.cmp(&a.1.elements.size).then_with(|| a.0.name.cmp(&b.0.name)));
    let mut header = String::from("{");
    let text = |text: &str, out: &mut String| {
        out.push_str(&serde_json::to_string(text).unwrap_or_default());
    };
    text(METADATA, &mut header);
    header.push_str(if from_torch { r#":{"format":"pt"}"# } else { r#":{"format":"np"}"# });
    let mut at = 0_u64;
    for (named, array, code) in &tensors {
        let end = at.checked_add(array.elements.len()).ok_or_else(|| too_much(u64::MAX, writer.out.limit()))?;
        header.push(',');
        text(&named.name, &mut header);
        let shape: Vec<String> = array.elements.shape.iter().map(usize::to_string).collect();
        header.push_str(&format!(r#":{{"dtype":"{code}","shape":[{}],"data_offsets":[{at},{end}]}}"#, shape.join(",")));
        at = end;
    }
    header.push('}');
    // The length itself has 8 bytes.
    while header.len() % 8 != 0 {
        header.push(' ');
    }
    if header.len() > MAX_HEADER {
        let what = format!("expected a header of at most {MAX_HEADER} bytes, found {}", header.len());
        return Err(Error::unrepresentable(what, Location::path("$".to_owned())).with_hint("`--select` takes a part"));
    }
    let all = at.saturating_add(header.len() as u64);
    if all > writer.out.limit() {
        return Err(too_much(all, writer.out.limit()));
    }
    writer.out.write(&(header.len() as u64).to_le_bytes())?;
    writer.out.write(header.as_bytes())?;
    for (_, array, _) in &tensors {
        array.elements.each_chunk(|chunk| writer.out.write(chunk))?;
    }
    Ok(())
}

fn too_much(needed: u64, allowed: u64) -> Error {
    Limit::Output.exceeded(needed, allowed, Location::path("$".to_owned()))
}
