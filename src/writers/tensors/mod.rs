//! Arrays and tensors in the formats that are made for them: npy, npz, safetensors.
//!
//! Every element is exact. What these formats have no place for (a class, gradients, order of bytes) is in the ledger; what has
//! no elements of a fixed size (objects, masks, sparse tensors) is an error with its path.

mod array;
#[cfg(feature = "tables")]
mod dense;
mod elements;
mod names;
mod npy;
mod safetensors;

use std::io::{self, Write};

use zip::write::SimpleFileOptions;

use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::model::graph::{Graph, Kind};
use crate::model::value::Value;
use crate::report::ledger::{Fidelity, Ledger, Step as Loss};
use crate::writers::options::{self, Format, WriteOptions};
use crate::writers::out::Out;
use array::{Array, is_array};
#[cfg(feature = "tables")]
pub(crate) use dense::Dense;
use names::Named;

/// One output.
pub(crate) struct Writer<'a, 'w> {
    pub graph: &'a Graph,
    pub options: &'a WriteOptions,
    pub ledger: &'a mut Ledger,
    pub out: Out<'w>,
}

impl<'a> Writer<'a, '_> {
    /// Writes values, one for each pickle, and their paths; returns the bytes written.
    ///
    /// # Errors
    /// What the format cannot carry, the output limit, I/O.
    pub fn write(mut self, roots: &[(Value, String)]) -> Result<u64, Error> {
        let [(value, path)] = roots else {
            let what = format!("expected one pickle, found {}", roots.len());
            return Err(Error::unrepresentable(what, Location::path("$".to_owned()))
                .with_hint("`--select '$[0]'` takes the first one"));
        };
        match self.options.format {
            Format::Npz => {
                let named = self.named(*value, path)?;
                self.npz(&named)?;
            }
            Format::Safetensors => {
                let named = self.named(*value, path)?;
                safetensors::write(&mut self, &named)?;
            }
            _ => {
                if !is_array(self.graph, *value) {
                    return Err(names::no_array(self.graph, *value, path, false));
                }
                let named = Named { name: String::new(), path: path.clone(), value: *value };
                let array = self.array(&named)?;
                let header = self.npy_header(&named, &array)?;
                let all = array.elements.len().saturating_add(header.len() as u64);
                self.room(all)?;
                self.out.write(&header)?;
                in_file_order(&array).each_chunk(|chunk| self.out.write(chunk))?;
            }
        }
        Ok(self.out.written())
    }

    /// The arrays of a value by their names.
    fn named(&mut self, value: Value, path: &str) -> Result<Vec<Named>, Error> {
        if is_array(self.graph, value) {
            // As `numpy.savez` names what it is given without a name; safetensors has no such custom.
            let name = if self.options.format == Format::Npz { "arr_0" } else { "tensor" };
            return Ok(vec![Named { name: name.to_owned(), path: path.to_owned(), value }]);
        }
        let (mut named, noted) = names::flatten(self.graph, value, path)?;
        for (loss, path) in noted {
            self.note(loss, &path)?;
        }
        let listed = matches!(self.graph.kind_of(value), Some(Kind::List | Kind::Tuple));
        if listed && self.options.format == Format::Npz {
            named.iter_mut().for_each(|named| named.name.insert_str(0, "arr_"));
        }
        self.shared(&named)?;
        Ok(named)
    }

    /// Notes arrays that stand there twice.
    fn shared(&mut self, named: &[Named]) -> Result<(), Error> {
        let mut seen = std::collections::HashSet::new();
        for named in named {
            let Some((_, id)) = self.graph.layout(named.value) else { continue };
            // Two views of one storage are written out as two tensors.
            let of = self.graph.items(id).find_map(|field| match self.graph.layout(field) {
                Some((crate::model::layout::Layout::Storage, storage)) => Some(storage),
                _ => None,
            });
            if !seen.insert(of.unwrap_or(id)) {
                self.note(Loss::Shared, &named.path)?;
            }
        }
        Ok(())
    }

    fn array(&mut self, named: &Named) -> Result<Array<'a>, Error> {
        let array =
            Array::of(self.graph, named.value).map_err(|(what, hint)| unrepresentable(what, hint, &named.path))?;
        for loss in &array.losses {
            self.note(*loss, &named.path)?;
        }
        Ok(array)
    }

    fn npy_header(&self, named: &Named, array: &Array<'_>) -> Result<Vec<u8>, Error> {
        npy::header(self.graph, array).map_err(|(what, hint)| unrepresentable(what, hint, &named.path))
    }

    fn room(&self, needed: u64) -> Result<(), Error> {
        let allowed = self.out.limit();
        if needed > allowed {
            return Err(Limit::Output.exceeded(needed, allowed, Location::path("$".to_owned())));
        }
        Ok(())
    }

    /// A zip archive of `.npy` members, stored.
    fn npz(&mut self, named: &[Named]) -> Result<(), Error> {
        let mut all = 0_u64;
        let mut members = Vec::with_capacity(named.len());
        for named in named {
            let array = self.array(named)?;
            let header = self.npy_header(named, &array)?;
            all = all.saturating_add(array.elements.len()).saturating_add(header.len() as u64);
            members.push((named, array, header));
        }
        self.room(all)?;
        let failed = |e: zip::result::ZipError| Error::from_read(e.into(), Location::default());
        let mut archive = zip::ZipWriter::new_stream(Passing(&mut self.out));
        for (named, array, header) in members {
            let len = array.elements.len().saturating_add(header.len() as u64);
            let options = SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Stored)
                .large_file(len >= u64::from(u32::MAX));
            archive.start_file(format!("{}.npy", named.name), options).map_err(failed)?;
            let io = |e| Error::from_read(e, Location::default());
            archive.write_all(&header).map_err(io)?;
            in_file_order(&array).each_chunk(|chunk| archive.write_all(chunk).map_err(io))?;
        }
        archive.finish().map_err(failed)?;
        Ok(())
    }

    fn note(&mut self, loss: Loss, path: &str) -> Result<(), Error> {
        self.ledger.count(loss, || path.to_owned());
        if self.options.loss == options::Loss::Error && loss.fidelity() == Fidelity::Lossy {
            let what = format!("lossy under `--strict`: {}", loss.words());
            return Err(Error::unrepresentable(what, Location::path(path.to_owned()))
                .with_hint("without `--strict` the ledger counts it, `--to json --lossless` keeps everything"));
        }
        Ok(())
    }
}

/// The elements as `.npy` has them: where they lie in Fortran order, they stay so.
fn in_file_order<'b>(array: &Array<'b>) -> elements::Elements<'b> {
    let mut elements = array.elements.clone();
    if array.fortran {
        elements.strides = elements::strides(&elements.shape, elements.size, false);
    }
    elements
}

fn unrepresentable(what: String, hint: &str, path: &str) -> Error {
    Error::unrepresentable(what, Location::path(path.to_owned())).with_hint(hint)
}

/// An output as a stream; an error of ours goes through it packed.
struct Passing<'o, 'w>(&'o mut Out<'w>);

impl Write for Passing<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(Error::into_read)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
