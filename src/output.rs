//! Where output goes that can be taken back.

use std::io::{self, Write};

/// An output of which everything can be taken back as long as nobody has seen it: a file that is not published yet.
///
/// Where that is so, a table of a large input is written while its rows are looked at for the first time, by the types that
/// its first rows have; if later rows have others, it is written anew.
///
/// ```
/// use std::io::{self, Write};
///
/// struct Held(Vec<u8>);
///
/// impl Write for Held {
///     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
///         self.0.write(bytes)
///     }
///     fn flush(&mut self) -> io::Result<()> {
///         Ok(())
///     }
/// }
///
/// impl depickle::Output for Held {
///     fn can_take_back(&self) -> bool {
///         true
///     }
///     fn take_back(&mut self) -> io::Result<()> {
///         self.0.clear();
///         Ok(())
///     }
/// }
/// ```
pub trait Output: Write {
    /// Whether [`Output::take_back`] works.
    fn can_take_back(&self) -> bool {
        false
    }

    /// Takes back everything that was written.
    ///
    /// # Errors
    /// The environment's; bytes that are gone already.
    fn take_back(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Whether [`Output::begin_anew`] works.
    fn can_begin_anew(&self) -> bool {
        false
    }

    /// Puts `head` in the place of the first `replaced` bytes, which are no fewer; what follows them moves up. A length that a
    /// format says first is written so, once it is known.
    ///
    /// # Errors
    /// The environment's; bytes that are gone already.
    fn begin_anew(&mut self, replaced: u64, head: &[u8]) -> io::Result<()> {
        let _ = (replaced, head);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// An output whose bytes are gone as soon as they are written.
pub(crate) struct Gone<'w>(pub &'w mut dyn Write);

impl Write for Gone<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Output for Gone<'_> {}
