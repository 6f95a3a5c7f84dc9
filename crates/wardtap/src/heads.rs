//! What tells a capture from others, whatever its name and however it is packed: its first records.
//!
//! Not its last ones or their number: a capture that was still being written when it was learned is known again when it
//! has grown, and so is one to which others were appended.

use sha2::{Digest, Sha256};
use wardtap_capture::{Block, PacketSource};

/// Records that tell a capture from others: their times, to the nanosecond or microsecond, are all but its own.
const RECORDS: u8 = 16;

/// How captures begin.
pub struct Heads {
    all: Vec<Head>,
    /// All have been seen to the end of their heads.
    complete: bool,
}

#[derive(Clone, Default)]
struct Head {
    digest: Sha256,
    records: u8,
}

impl Heads {
    /// Of so many captures.
    pub fn new(captures: usize) -> Self {
        Self { all: vec![Head::default(); captures], complete: false }
    }

    /// Of a source of one capture, which is read no further than needed; None where it holds nothing.
    pub fn of(source: &mut dyn PacketSource) -> Option<[u8; 32]> {
        let mut heads = Self::new(1);
        let mut block = Block::new();
        while !heads.complete && source.fill(&mut block) {
            heads.take(&block);
        }
        heads.digests().next().flatten()
    }

    /// Takes the records of a block.
    pub fn take(&mut self, block: &Block) {
        if self.complete {
            return;
        }
        for record in block.records.iter().filter(|record| !record.is_mark()) {
            let Some(head) = self.all.get_mut(usize::from(record.input)) else { continue };
            if head.records < RECORDS {
                let frame = block.frame(record);
                head.digest.update(record.time.nanos().to_be_bytes());
                head.digest.update(record.captured.to_be_bytes());
                head.digest.update(frame);
                head.records += 1;
            }
        }
        self.complete = self.all.iter().all(|head| head.records == RECORDS);
    }

    /// What tells each capture from others; None for one that holds nothing.
    pub fn digests(&self) -> impl Iterator<Item = Option<[u8; 32]>> {
        self.all.iter().map(|head| (head.records > 0).then(|| head.digest.clone().finalize().into()))
    }
}
