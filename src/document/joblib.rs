//! Arrays in files beside the input: joblib 0.9 and older wrote each large array into a file of its own.
//!
//! Only regular files directly in the folder that the caller gave are read. A name with anything of a path in it never gets here
//! (`globals`), and is refused again.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::npy::{dtype, length};
use super::reading::limit;
use crate::container::{self, Codec, npy};
use crate::error::Error;
use crate::limits::Limits;
use crate::location::Location;
use crate::machine::{SideArray, SideFiles, SideForm};
use crate::model::graph::{Graph, Kind};
use crate::model::layout::Ndarray;
use crate::model::value::Value;
use crate::opcode::lexer::Lexer;

/// The folder of the input.
pub(super) struct Beside {
    folder: Arc<Path>,
    limits: Limits,
}

impl Beside {
    pub fn new(folder: Arc<Path>, limits: Limits) -> Self {
        Beside { folder, limits }
    }

    fn open(&self, name: &str) -> Result<File, Error> {
        if name.starts_with('.') || name.contains(['/', '\\', ':', '\0']) {
            return Err(Error::malformed("expected the bare name of a file beside the input", Location::default()));
        }
        let path = self.folder.join(name);
        let failed = |e| {
            Error::io(e, Location::default())
                .with_hint("an array of the input lies in this file, which has to be in the same folder")
        };
        let file = File::open(&path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(Error::malformed("expected a regular file with an array of the input", Location::default()));
        }
        Ok(file)
    }
}

impl SideFiles for Beside {
    fn read(&mut self, graph: &mut Graph, name: &str, form: SideForm) -> Result<SideArray, Error> {
        let mut opened = container::open(Box::new(self.open(name)?), &self.limits)?;
        match form {
            SideForm::Packed { len } => match opened.codecs.as_slice() {
                [Codec::JoblibZf | Codec::Zlib] => Ok(SideArray::Bytes { len, data: opened.reader }),
                _ => Err(Error::malformed("expected the compressed bytes of an array", Location::default())),
            },
            SideForm::Npy => {
                let header = npy::read(&mut opened.reader)?;
                let (dtype, parsed) = dtype(graph, &header.descr)?;
                let len = length(&header.shape, parsed.size)?;
                if parsed.has_objects() {
                    return Ok(SideArray::Pickle(Lexer::starting_at(opened.reader, header.len, &self.limits)));
                }
                let sizes: Vec<Value> = header.shape.iter().map(|n| Value::Int(*n)).collect();
                let shape = graph.object(Kind::List, &sizes).map(Value::Object).map_err(limit)?;
                let several = header.shape.iter().filter(|n| **n != 1).count() > 1;
                let order = if header.fortran_order && several { graph.str("F").map_err(limit)? } else { Value::None };
                let array = Ndarray { dtype, shape, order, ..Ndarray::default() };
                Ok(SideArray::Array { array, len, data: opened.reader })
            }
        }
    }
}
