//! Where the bytes of one capture come from: as stored, or unpacked.

use std::io::{Cursor, ErrorKind, Read};

use crate::{
    bounds::Bounds,
    compressed::{Packing, Unpacked},
    damage::DamageReason,
};

/// The bytes of one capture.
pub(crate) enum Feed {
    /// As stored.
    Plain {
        /// Where they come from.
        reader: Box<dyn Read + Send>,
        /// How many came so far.
        stored: u64,
    },
    /// Unpacked on a thread of its own.
    Unpacked(Unpacked),
}

impl Feed {
    pub(crate) fn plain(reader: Box<dyn Read + Send>) -> Self {
        Self::Plain { reader, stored: 0 }
    }

    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self, Self::Plain { .. })
    }

    /// Unpacks what is to come, of which `head` has been read already.
    pub(crate) fn unpack(self, packing: Packing, bounds: Bounds, head: Vec<u8>) -> std::io::Result<Self> {
        match self {
            Self::Plain { reader, .. } => {
                Unpacked::start(packing, bounds, Box::new(Cursor::new(head).chain(reader))).map(Self::Unpacked)
            }
            Self::Unpacked(_) => Ok(self),
        }
    }

    /// Reads once into `into`, which must not be empty; 0 is the end.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> Result<usize, DamageReason> {
        match self {
            Self::Unpacked(unpacked) => unpacked.read(into),
            Self::Plain { reader, stored } => {
                let read = read_once(reader, into)?;
                *stored = stored.saturating_add(u64::try_from(read).unwrap_or(0));
                Ok(read)
            }
        }
    }

    /// Bytes consumed of the capture as stored.
    pub(crate) fn stored(&self) -> u64 {
        match self {
            Self::Plain { stored, .. } => *stored,
            Self::Unpacked(unpacked) => unpacked.stored(),
        }
    }

    /// Bytes copied between where they were read to or unpacked to and the block.
    pub(crate) const fn copied(&self) -> u64 {
        match self {
            Self::Plain { .. } => 0,
            Self::Unpacked(unpacked) => unpacked.copied(),
        }
    }
}

/// One read that was not interrupted by a signal. Never more than there is room for, whatever the reader claims.
fn read_once(reader: &mut Box<dyn Read + Send>, into: &mut [u8]) -> Result<usize, DamageReason> {
    loop {
        match reader.read(into) {
            Ok(read) => return Ok(read.min(into.len())),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(DamageReason::Read { what: error.to_string() }),
        }
    }
}
