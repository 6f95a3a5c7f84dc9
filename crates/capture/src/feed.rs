//! Where the bytes of one capture come from: as stored, or unpacked.

use std::io::{self, Cursor, ErrorKind, Read};

use crate::source::DamageReason;

/// How a capture is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
}

impl Packing {
    /// The packing that a file which begins so has.
    pub(crate) fn recognise(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            // A skippable frame (RFC 8878, 3.1.2) can stand first.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// The bytes of one capture.
pub(crate) struct Feed {
    reader: Box<dyn Read + Send>,
    stored: u64,
}

impl Feed {
    pub(crate) fn plain(reader: Box<dyn Read + Send>) -> Self {
        Self { reader, stored: 0 }
    }

    pub(crate) fn is_plain(&self) -> bool {
        true
    }

    pub(crate) fn unpack(self, _packing: Packing, _head: Cursor<Vec<u8>>) -> io::Result<Self> {
        Err(io::Error::other("packed captures are not read yet"))
    }

    /// Reads once into `into`; 0 is the end.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> Result<usize, DamageReason> {
        loop {
            match self.reader.read(into) {
                Ok(read) => {
                    self.stored = self.stored.saturating_add(u64::try_from(read).unwrap_or(0));
                    return Ok(read.min(into.len()));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(DamageReason::Read { what: error.to_string() }),
            }
        }
    }

    /// Bytes consumed of the capture as stored.
    pub(crate) fn stored(&self) -> u64 {
        self.stored
    }

    /// Bytes copied on the way.
    pub(crate) fn copied(&self) -> u64 {
        0
    }
}
