//! Where something was found: file, archive member, byte offset, opcode, or the path of a value.
//!
//! Every error carries a [`Location`]; its parts are filled in by the layer that knows them.

use std::fmt;

/// The place an error or finding speaks of. Parts that do not apply are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Location {
    /// The input as the user named it; `-` is standard input.
    pub file: Option<String>,
    /// The member of an archive.
    pub member: Option<String>,
    /// Byte offset in the (decompressed) pickle stream.
    pub offset: Option<u64>,
    /// The opcode's name, as `pickletools` spells it.
    pub opcode: Option<&'static str>,
    /// The value's path (`$.rows[3].price`).
    pub path: Option<String>,
}

impl Location {
    /// A byte offset, nothing else known yet.
    pub fn offset(offset: u64) -> Self {
        Location { offset: Some(offset), ..Location::default() }
    }

    /// A byte offset and the opcode that stands there.
    pub fn opcode(offset: u64, opcode: &'static str) -> Self {
        Location { offset: Some(offset), opcode: Some(opcode), ..Location::default() }
    }

    /// The path of a value.
    pub fn path(path: String) -> Self {
        Location { path: Some(path), ..Location::default() }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut some = false;
        if let Some(path) = &self.path {
            write!(f, "at {path}")?;
            some = true;
        }
        if let Some(offset) = self.offset {
            f.write_str(if some { ", " } else { "" })?;
            if let Some(opcode) = self.opcode {
                write!(f, "{opcode} ")?;
            }
            write!(f, "at offset {offset:#x}")?;
            some = true;
        }
        if let Some(member) = &self.member {
            write!(f, "{}in member {}", if some { " " } else { "" }, crate::name::Escaped(member))?;
            some = true;
        }
        if let Some(file) = &self.file {
            write!(f, "{}in {}", if some { " " } else { "" }, crate::name::Escaped(file))?;
        }
        Ok(())
    }
}
