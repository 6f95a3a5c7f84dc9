//! Which message answers which: within a flow, by control id (2.5.1 clause 2.9).
//!
//! MSA-2 of an answer holds MSH-10 of the message it answers. In enhanced mode a message can get two answers, first
//! that it arrived (`CA`), later what became of it (`AA`), the second perhaps over another connection. What is judged
//! here is therefore only what is certain: whatever was lost, or may be answered elsewhere, is held against nobody.

use std::collections::VecDeque;

use foldhash::quality::FixedState;
use std::hash::BuildHasher;

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::Side;

use crate::fingerprint::Fingerprint;
use crate::pending::Pending;

/// Requests kept while nobody on the flow has answered anything, and answered ones whose application's answer is to
/// come: such peers exist, and must not fill memory. Thirty is more than any sender has under way.
const UNPROVEN_MAX: usize = 32;

/// Any number: only equality within one flow matters.
const SEED: u64 = 0x0068_6c37_6d6c_6c70;

/// What an answer turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// To a request that was seen, so many nanoseconds earlier; its fingerprint, unless it was answered otherwise before.
    After(u64, Option<Fingerprint>),
    /// To a request that was answered already.
    Again,
    /// To a request that was never made.
    Unasked,
    /// To a request that was answered otherwise before: the application's answer behind a commit.
    Further,
    /// To one that may have been missed.
    Unknown,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    digest: u64,
    time: Timestamp,
    side: Side,
    /// Losses on the answering side when the request was made: after a further one the answer may have been missed.
    losses: u8,
    /// MSH-15 or MSH-16 asks for an answer.
    asked: bool,
    /// No answer is wanted.
    declined: bool,
    /// The application's answer is to follow the commit.
    twofold: bool,
    committed: bool,
}

/// The requests and answers of a flow.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    waiting: Pending<Waiting>,
    /// Fingerprints of requests that wait, by digest, where they are wanted: the latest [`UNPROVEN_MAX`].
    #[allow(clippy::box_collection)] // a plain replay pays eight octets a flow for it, not thirty-two
    fingerprints: Option<Box<VecDeque<(u64, Fingerprint)>>>,
    /// The requests answered last, as parts of their digests.
    answered: [u32; 4],
    next: u8,
    losses: [u8; 2],
    /// Who sent requests, and who answers.
    sent: [bool; 2],
    answers: [bool; 2],
    /// Whose stream was seen from its first byte on.
    from_start: [bool; 2],
    /// A request was given up for a newer one, though an answer may have been due, and nobody was told yet.
    forgot: bool,
}

/// What a message says of the answers that it wants.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asks {
    /// Always an answer.
    pub(super) always: bool,
    /// No answer.
    pub(super) never: bool,
    /// An answer of the application after the commit.
    pub(super) application: bool,
}

impl Exchanges {
    pub(super) fn new(from_start: [bool; 2]) -> Self {
        Self { from_start, ..Self::default() }
    }

    /// A request went out.
    pub(super) fn request(
        &mut self,
        side: Side,
        control_id: &[u8],
        time: Timestamp,
        asks: Asks,
        fingerprint: Option<Fingerprint>,
    ) {
        *side.of_mut(&mut self.sent) = true;
        if control_id.is_empty() {
            return;
        }
        let losses = *side.other().of(&self.losses);
        let Asks { always: asked, never: declined, application: twofold } = asks;
        let digest = digest(control_id);
        let new = Waiting { digest, time, side, losses, asked, declined, twofold, committed: false };
        if let Some(fingerprint) = fingerprint {
            let fingerprints = self.fingerprints.get_or_insert_default();
            if fingerprints.len() >= UNPROVEN_MAX {
                fingerprints.pop_front();
            }
            fingerprints.push_back((digest, fingerprint));
        }
        self.keep(new);
    }

    /// An answer came from `side`.
    pub(super) fn answer(&mut self, side: Side, control_id: &[u8], time: Timestamp, commit: bool) -> Answered {
        *side.of_mut(&mut self.answers) = true;
        if control_id.is_empty() {
            return Answered::Unknown;
        }
        let (asker, digest) = (side.other(), digest(control_id));
        let fits =
            |waiting: &Waiting| waiting.digest == digest && waiting.side == asker && !(commit && waiting.committed);
        let Some(waiting) = self.waiting.take(fits) else {
            let was_answered = |commit| self.answered.contains(&mark(digest, asker, commit));
            let asker_is_known = *asker.of(&self.from_start) && *asker.of(&self.sent) && *asker.of(&self.losses) == 0;
            return if was_answered(commit) {
                Answered::Again
            } else if was_answered(!commit) {
                Answered::Further
            } else if asker_is_known {
                Answered::Unasked
            } else {
                Answered::Unknown
            };
        };
        self.remember(mark(digest, asker, commit));
        if commit && waiting.twofold {
            self.keep(Waiting { committed: true, ..waiting });
        }
        Answered::After(time.since(waiting.time), self.take_fingerprint(digest))
    }

    /// True once after a request was given up, which is then neither answered nor unanswered.
    pub(super) fn has_forgotten(&mut self) -> bool {
        std::mem::take(&mut self.forgot)
    }

    /// Bytes of `side` are missing.
    pub(super) fn lose(&mut self, side: Side) {
        let losses = side.of_mut(&mut self.losses);
        *losses = losses.saturating_add(1);
    }

    /// How many requests got no answer though one was due and could not have been missed.
    pub(super) fn unanswered(&self) -> usize {
        let due = |waiting: &&Waiting| {
            let answerer = waiting.side.other();
            let losses = *answerer.of(&self.losses);
            let was_answered = |commit| self.answered.contains(&mark(waiting.digest, waiting.side, commit));
            let resent = was_answered(true) || was_answered(false);
            !waiting.committed
                && (*answerer.of(&self.answers) || (waiting.asked && *answerer.of(&self.from_start)))
                && losses == waiting.losses
                && losses < u8::MAX
                && !resent
        };
        self.waiting.iter().filter(due).count()
    }

    /// Bytes on the heap.
    pub(super) fn held_bytes(&self) -> usize {
        let fingerprints = self.fingerprints.as_ref().map_or(0, |fingerprints| fingerprints.capacity());
        self.waiting.held_bytes().saturating_add(fingerprints.saturating_mul(size_of::<(u64, Fingerprint)>()))
    }

    fn take_fingerprint(&mut self, digest: u64) -> Option<Fingerprint> {
        let fingerprints = self.fingerprints.as_mut()?;
        let place = fingerprints.iter().position(|(of, _)| *of == digest)?;
        fingerprints.remove(place).map(|(_, fingerprint)| fingerprint)
    }

    fn keep(&mut self, new: Waiting) {
        if self.waiting.len() >= UNPROVEN_MAX {
            let unproven = |oldest: &Waiting| oldest.committed || !*oldest.side.other().of(&self.answers);
            if self.waiting.iter().next().is_some_and(unproven) {
                let forgotten = self.waiting.pop_oldest();
                self.forget(forgotten);
            }
        }
        let forgotten = self.waiting.push(new);
        self.forget(forgotten);
    }

    /// A request given up for a newer one: its answer, should it come, is none that nobody asked for.
    fn forget(&mut self, waiting: Option<Waiting>) {
        if let Some(waiting) = waiting {
            self.lose(waiting.side);
            self.forgot |= !waiting.declined;
        }
    }

    fn remember(&mut self, mark: u32) {
        if let Some(slot) = self.answered.get_mut(usize::from(self.next)) {
            *slot = mark;
        }
        self.next = self.next.wrapping_add(1) & 3;
    }
}

fn digest(control_id: &[u8]) -> u64 {
    FixedState::with_seed(SEED).hash_one(control_id)
}

/// A short mark of an answered request: who asked, and whether the answer was a commit. Never 0.
#[allow(clippy::cast_possible_truncation)]
const fn mark(digest: u64, asker: Side, commit: bool) -> u32 {
    let low = (digest >> 32) as u32 & !3;
    low | 1 << 31 | if matches!(asker, Side::A) { 1 } else { 0 } | if commit { 2 } else { 0 }
}
