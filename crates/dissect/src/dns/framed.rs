//! Messages over TCP: each with its length before it (RFC 1035 section 4.2.2, RFC 7766 section 8).

use wardtap_net::reader::Reader;
use wardtap_net::stream::{Chunk, Side};

use super::wire::{Begins, HEADER, begins};
use crate::{FlowFacts, Gap, Progress};

/// Octets of a message over TCP that are looked at: those of any question and most answers. The rest is passed over.
pub(super) const LOOKED_AT_MAX: usize = 4096;

/// Octets of the length.
const LENGTH: usize = 2;

/// What an end sends next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A length and a message.
    Message,
    /// So many octets of a message that was told.
    Rest(usize),
    /// Anything: it is seen from here on.
    Unknown,
    /// What cannot be read.
    Lost,
}

/// Part of a message over TCP, or all of it.
pub(crate) struct Part<'a> {
    pub bytes: &'a [u8],
    /// Octets of the message.
    pub length: usize,
    /// Some of them are missing, and not for want of looking.
    pub incomplete: bool,
}

/// Both directions.
pub(super) struct Framed {
    stages: [Stage; 2],
}

impl Framed {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        Self { stages: flow.from_start.map(|from_start| if from_start { Stage::Message } else { Stage::Unknown }) }
    }

    /// Reads on; gives each message, or None for a length that none has.
    pub(super) fn dissect(&mut self, chunk: &Chunk<'_>, give: &mut dyn FnMut(Option<Part<'_>>)) -> Progress {
        let mut took = 0usize;
        let stage = chunk.side.of_mut(&mut self.stages);
        loop {
            let rest = chunk.bytes.get(took..).unwrap_or_default();
            if rest.is_empty() {
                return Progress::All;
            }
            match *stage {
                Stage::Lost => return Progress::All,
                Stage::Rest(left) => {
                    let passed = left.min(rest.len());
                    took = took.saturating_add(passed);
                    *stage = match left.saturating_sub(passed) {
                        0 => Stage::Message,
                        left => Stage::Rest(left),
                    };
                }
                Stage::Unknown => match begins(rest, false) {
                    Begins::Yes(_) => *stage = Stage::Message,
                    Begins::No => *stage = Stage::Lost,
                    Begins::Maybe => return Progress::Need { took, more: 1 },
                },
                Stage::Message => {
                    let Some(length) = length(rest) else {
                        return Progress::Need { took, more: LENGTH.saturating_sub(rest.len()).max(1) };
                    };
                    if length < HEADER {
                        give(None);
                        *stage = Stage::Lost;
                        continue;
                    }
                    let looked_at = length.min(LOOKED_AT_MAX);
                    let end = looked_at.saturating_add(LENGTH);
                    let Some(bytes) = rest.get(LENGTH..end) else {
                        return Progress::Need { took, more: end.saturating_sub(rest.len()).max(1) };
                    };
                    give(Some(Part { bytes, length, incomplete: false }));
                    took = took.saturating_add(end);
                    *stage = match length.saturating_sub(looked_at) {
                        0 => Stage::Message,
                        left => Stage::Rest(left),
                    };
                }
            }
        }
    }

    /// Octets are missing: within a message they only shorten it.
    pub(super) fn gap(&mut self, gap: &Gap<'_>, give: &mut dyn FnMut(Part<'_>)) {
        let stage = gap.side.of_mut(&mut self.stages);
        let before = *stage;
        *stage = if before == Stage::Lost { Stage::Lost } else { Stage::Unknown };
        let left = match before {
            Stage::Rest(left) => left,
            Stage::Message if !gap.held.bytes.is_empty() => Self::cut_short(gap.held.bytes, give),
            _ => return,
        };
        // Ends with the gap, or behind it.
        if let Some(left) = gap.missing.and_then(|missing| left.checked_sub(usize::try_from(missing).ok()?)) {
            *stage = if left == 0 { Stage::Message } else { Stage::Rest(left) };
        }
    }

    /// The flow ends.
    pub(super) fn finish(&self, held: &[Chunk<'_>; 2], mut give: impl FnMut(&Chunk<'_>, Part<'_>)) {
        for side in Side::BOTH {
            let held = side.of(held);
            if *side.of(&self.stages) == Stage::Message && !held.bytes.is_empty() {
                Self::cut_short(held.bytes, &mut |part| give(held, part));
            }
        }
    }

    /// Gives a message of which no more than this comes; how many octets it lacks.
    fn cut_short(held: &[u8], give: &mut dyn FnMut(Part<'_>)) -> usize {
        let Some(length) = length(held) else { return 0 };
        let bytes = held.get(LENGTH..).unwrap_or_default();
        give(Part { bytes, length, incomplete: true });
        length.saturating_sub(bytes.len())
    }
}

fn length(bytes: &[u8]) -> Option<usize> {
    Reader::new(bytes).be16().map(usize::from)
}
