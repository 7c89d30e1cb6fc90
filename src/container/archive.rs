//! Archives: members by name, whatever the format. Names are keys of a map and never paths: nothing is ever extracted.
//!
//! Deliberately absent: what members mean (`document`), and writing.

use std::io::{self, Read};

use hashbrown::HashMap;

#[cfg(feature = "compression")]
use super::compression::{Crc, inflate};
use crate::error::Error;
use crate::limits::{Limit, Limits};
use crate::location::Location;
use crate::source::random::Section;

/// A member of an archive.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Its name as the archive spells it: a key, never a path.
    pub(crate) name: String,
    /// Its bytes, decompressed.
    pub(crate) size: u64,
    /// Where its bytes begin in the archive.
    pub(super) at: u64,
    pub(super) packing: Packing,
}

/// How a member's bytes lie in the archive.
#[derive(Clone, Copy, Debug)]
pub(super) enum Packing {
    /// As they are, without a checksum.
    Plain,
    /// As they are.
    #[cfg(feature = "compression")]
    Stored { crc: Option<u32> },
    /// As a deflate stream (RFC 1951) of so many bytes.
    #[cfg(feature = "compression")]
    Deflated { packed: u64, crc: Option<u32> },
}

/// An archive whose directory was read and found consistent.
#[derive(Debug)]
pub(crate) struct Archive {
    source: Section,
    members: Vec<Member>,
    index: HashMap<String, usize, foldhash::fast::RandomState>,
    notes: Vec<String>,
}

impl Archive {
    pub(super) fn new(source: Section) -> Self {
        Archive { source, members: Vec::new(), index: HashMap::default(), notes: Vec::new() }
    }

    /// Adds a member.
    ///
    /// # Errors
    /// Malformed where another one has its name; Limit for one too many.
    pub(super) fn add(&mut self, member: Member, limits: &Limits) -> Result<(), Error> {
        let count = self.members.len() as u64 + 1;
        if count > limits.max_members {
            return Err(Limit::Members.exceeded(count, limits.max_members, Location::default()));
        }
        if self.index.insert(member.name.clone(), self.members.len()).is_some() {
            let what = "expected one member of each name, found two: readers differ in which one they take";
            return Err(Error::malformed(what, Location::default()).in_member(&member.name));
        }
        self.members.push(member);
        Ok(())
    }

    /// Notes what is no error.
    #[cfg(feature = "compression")]
    pub(super) fn note(&mut self, what: String) {
        self.notes.push(what);
    }

    /// Its members, in the order of the archive's directory; directories are left out.
    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member of a name, compared byte by byte.
    pub(crate) fn find(&self, name: &str) -> Option<&Member> {
        self.members.get(*self.index.get(name)?)
    }

    /// What was noted and is no error.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The bytes of a member in order. What is wrong with them (checksum, length) its `read` fails with, at the end.
    pub(crate) fn reader(&self, member: &Member) -> Box<dyn Read + Send> {
        let plain = || Box::new(self.source.part(member.at, member.size).reader());
        let checked = |inner| Checked {
            inner,
            name: member.name.clone(),
            left: member.size,
            #[cfg(feature = "compression")]
            crc: None,
            done: false,
        };
        Box::new(match member.packing {
            Packing::Plain => checked(plain()),
            #[cfg(feature = "compression")]
            Packing::Stored { crc } => Checked { crc: crc.map(|crc| (Crc::new(), crc)), ..checked(plain()) },
            #[cfg(feature = "compression")]
            Packing::Deflated { packed, crc } => {
                let inner = inflate(Box::new(self.source.part(member.at, packed).reader()));
                Checked { crc: crc.map(|crc| (Crc::new(), crc)), ..checked(inner) }
            }
        })
    }

    /// The place of a member's bytes in the input, where they lie there as they are. Its checksum is not checked: read
    /// [`Archive::reader`] to its end for that, or call [`Archive::check`].
    pub(crate) fn section(&self, member: &Member) -> Option<Section> {
        match member.packing {
            Packing::Plain => Some(self.source.part(member.at, member.size)),
            #[cfg(feature = "compression")]
            Packing::Stored { .. } => Some(self.source.part(member.at, member.size)),
            #[cfg(feature = "compression")]
            Packing::Deflated { .. } => None,
        }
    }

    /// How many times larger than its bytes here a member's content may become once more, so that all layers together stay
    /// within `max` times.
    pub(crate) fn ratio_left(&self, member: &Member, max: u64) -> u64 {
        match member.packing {
            Packing::Plain => max,
            #[cfg(feature = "compression")]
            Packing::Stored { .. } => max,
            #[cfg(feature = "compression")]
            Packing::Deflated { packed, .. } => {
                let left = u128::from(max) * u128::from(packed) / u128::from(member.size.max(1));
                u64::try_from(left).unwrap_or(max).clamp(1, max.max(1))
            }
        }
    }

    /// Reads a member to its end and drops its bytes.
    ///
    /// # Errors
    /// Malformed where its checksum or its length is wrong; the environment's.
    pub(crate) fn check(&self, member: &Member) -> Result<(), Error> {
        if matches!(member.packing, Packing::Plain) {
            return Ok(());
        }
        let mut reader = self.reader(member);
        let mut buffer = vec![0; 256 << 10];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::from_read(e, Location::default()).in_member(&member.name)),
            }
        }
    }
}

/// Delivers a member's bytes, as many as it should have, and checks them at their end.
struct Checked {
    inner: Box<dyn Read + Send>,
    name: String,
    left: u64,
    #[cfg(feature = "compression")]
    crc: Option<(Crc, u32)>,
    done: bool,
}

impl Checked {
    fn malformed(&self, what: String) -> io::Error {
        Error::malformed(what, Location::default()).in_member(&self.name).into_read()
    }

    fn finish(&mut self) -> io::Result<usize> {
        // One byte more makes a decoder come to its end, where it checks that nothing is left.
        if self.inner.read(&mut [0])? > 0 {
            return Err(self.malformed("corrupt member: it has more bytes than its header says".to_owned()));
        }
        self.done = true;
        #[cfg(feature = "compression")]
        if let Some((crc, expected)) = self.crc.take()
            && crc.sum() != expected
        {
            let found = crc.sum();
            let what = format!("corrupt member: its CRC-32 is {found:08x}, its header says {expected:08x}");
            return Err(self.malformed(what));
        }
        Ok(0)
    }
}

impl Read for Checked {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.done || buf.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            return self.finish();
        }
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buf.len());
        let Some(buf) = buf.get_mut(..room) else { return Ok(0) };
        let n = self.inner.read(buf)?;
        if n == 0 {
            return Err(self.malformed(format!("truncated member: {} of its bytes are missing", self.left)));
        }
        self.left = self.left.saturating_sub(n as u64);
        #[cfg(feature = "compression")]
        if let Some((crc, _)) = &mut self.crc {
            crc.update(buf.get(..n).unwrap_or_default());
        }
        Ok(n)
    }
}
