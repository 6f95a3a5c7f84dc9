//! A transfer: how much of it came, and how it ended.

use super::wire::{ACKNOWLEDGEMENT, DATA, ERROR, OPTION_ACKNOWLEDGEMENT, Packet};

/// Octets of a block, unless others were agreed on (RFC 1350 section 5).
const BLOCK_SIZE: u64 = 512;

/// How far ahead the number of a block may be; what seems to be further ahead was sent again. Windows are smaller (RFC 7440).
const AHEAD: u16 = 0x8000;

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Whether its last block was acknowledged; else an error ended it.
    pub complete: bool,
    /// Octets of its blocks, each counted once; unknown where some were not seen.
    pub octets: Option<u64>,
}

/// A transfer under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    block_size: u64,
    octets: u64,
    /// The number of the newest block.
    newest: Option<u16>,
    /// Blocks were not seen.
    lacks: bool,
    /// The newest block is the last.
    all: bool,
    ended: bool,
}

impl Transfer {
    pub(super) const NONE: Self =
        Self { block_size: BLOCK_SIZE, octets: 0, newest: None, lacks: false, all: false, ended: false };

    /// Takes the next packet, of either end; says how the transfer ended where it ends with this one.
    pub(super) fn take(&mut self, packet: &Packet) -> Option<End> {
        match packet.kind {
            DATA => self.block(packet.block, packet.data as u64),
            OPTION_ACKNOWLEDGEMENT => self.block_size = packet.block_size.unwrap_or(BLOCK_SIZE),
            ACKNOWLEDGEMENT if self.all && self.newest == Some(packet.block) => return self.end(true),
            ERROR if self.newest.is_some() => return self.end(false),
            ACKNOWLEDGEMENT | ERROR => {}
            _ => *self = Self::NONE,
        }
        None
    }

    /// It has begun, and neither its last block nor an error was seen.
    pub(super) const fn is_unfinished(&self) -> bool {
        self.newest.is_some() && !self.all && !self.ended
    }

    /// The blocks of a file are numbered from 1 on (RFC 1350 section 2). Behind 65,535 some go on with 0, others with 1.
    fn block(&mut self, number: u16, octets: u64) {
        let ahead = match self.newest {
            None => number,
            Some(u16::MAX) if number == 1 => 1,
            Some(newest) => number.wrapping_sub(newest),
        };
        if ahead >= AHEAD || ahead == 0 && self.newest.is_some() {
            return;
        }
        self.lacks |= ahead != 1;
        self.newest = Some(number);
        self.octets = self.octets.saturating_add(octets);
        // What agreed on longer blocks was not seen.
        self.block_size = self.block_size.max(octets);
        // The end is marked by a block that is not full (RFC 1350 section 6).
        self.all = octets < self.block_size;
    }

    fn end(&mut self, complete: bool) -> Option<End> {
        let known = (!self.lacks).then_some(self.octets);
        (!std::mem::replace(&mut self.ended, true)).then_some(End { complete, octets: known })
    }
}
