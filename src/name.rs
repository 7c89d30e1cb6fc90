//! Names that come from the input: exact for every decision, escaped and cut for every eye.
//!
//! Nothing here normalises: names are compared as (module, name), byte for byte.

use std::fmt::{self, Write as _};

/// How many characters of an attacker's string a message shows.
const SHOWN: usize = 120;

/// The name of a global: what `GLOBAL`, `STACK_GLOBAL` and `INST` refer to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GlobalName {
    /// The module, dots included.
    pub module: String,
    /// The qualified name inside the module; dotted names are names of their own.
    pub name: String,
}

impl GlobalName {
    /// The name as the stream spells it.
    pub fn new(module: impl Into<String>, name: impl Into<String>) -> Self {
        GlobalName { module: module.into(), name: name.into() }
    }
}

impl fmt::Display for GlobalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", Escaped(&self.module), Escaped(&self.name))
    }
}

/// Shows a string from the input as Python's `ascii()` would, cut after 120 characters.
///
/// Control characters, bidirectional overrides and look-alikes cannot reach a terminal through it.
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, c) in self.0.chars().enumerate() {
            if n == SHOWN {
                return write!(f, "… ({} bytes)", self.0.len());
            }
            escape(f, c)?;
        }
        Ok(())
    }
}

fn escape(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    match c {
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        ' '..='~' => f.write_char(c),
        c if (c as u32) < 0x100 => write!(f, "\\x{:02x}", c as u32),
        c if (c as u32) < 0x1_0000 => write!(f, "\\u{:04x}", c as u32),
        c => write!(f, "\\U{:08x}", c as u32),
    }
}

/// Shows bytes from the input as a Python bytes literal without its quotes, cut like [`Escaped`].
pub struct EscapedBytes<'a>(pub &'a [u8]);

impl fmt::Display for EscapedBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, &b) in self.0.iter().enumerate() {
            if n == SHOWN {
                return write!(f, "… ({} bytes)", self.0.len());
            }
            escape(f, char::from(b))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_never_sees_control_or_bidi_characters() {
        let name = GlobalName::new("os\u{1b}[2J", "getcwd\u{202e}\u{9b}\r");
        assert_eq!(name.to_string(), "os\\x1b[2J.getcwd\\u202e\\x9b\\r");
    }

    #[test]
    fn long_names_are_cut() {
        let shown = Escaped(&"a".repeat(65_536)).to_string();
        assert!(shown.len() < 200 && shown.ends_with("… (65536 bytes)"), "{shown}");
    }
}
