//! What a link is doing: the minute and the hour at hand.

use hashbrown::HashMap;

use super::points::LivePoints;
use crate::baseline::store::{Activity, Heard, MINUTES_PER_HOUR};
use crate::links::{Link, OperationName, OperationUse, Use, is_opaque};
use crate::observation::Place;

/// New operations told of one link; a sweep is told by others.
const NEW_OPERATIONS_MAX: usize = 64;

/// A link that was seen.
pub(super) struct Live {
    pub(super) link: Link,
    pub(super) place: Place,
    minute: u32,
    pub(super) minute_bytes: [u64; 2],
    pub(super) minute_opened: u32,
    pub(super) hour_bytes: [u64; 2],
    pub(super) hour_opened: u32,
    pub(super) hour_failed: u32,
    /// The hour for which activity at an unknown hour was told.
    pub(super) hour_told: u32,
    /// When the ends last sent something.
    pub(super) last: [Heard; 2],
    /// The silence of an end is told.
    pub(super) silent: [bool; 2],
    /// Payloads of what is not read that each end has sent.
    pub(super) payloads: [u64; 2],
    pub(super) operations: HashMap<OperationName, LiveOperation, foldhash::fast::RandomState>,
    pub(super) points: HashMap<OperationName, LivePoints, foldhash::fast::RandomState>,
    new_operations: Vec<OperationName>,
}

/// An operation that was seen.
#[derive(Default)]
pub(super) struct LiveOperation {
    minute: u32,
    pub(super) minute_count: u32,
    pub(super) hour_count: u32,
    pub(super) hour_refused: u32,
    pub(super) answers: u32,
    pub(super) micros: u64,
    /// When there was one last.
    pub(super) last: Heard,
    /// The payloads that its sender had sent by then.
    pub(super) payloads: u64,
    /// Its silence is told.
    pub(super) silent: bool,
    /// So many minutes must pass at least before its silence is worth a look: most are never silent for so long.
    pub(super) patience: u32,
}

impl Live {
    pub(super) fn new(link: Link) -> Self {
        Self {
            link,
            place: Place::default(),
            minute: 0,
            minute_bytes: [0; 2],
            minute_opened: 0,
            hour_bytes: [0; 2],
            hour_opened: 0,
            hour_failed: 0,
            hour_told: 0,
            last: [Heard::default(); 2],
            silent: [false; 2],
            payloads: [0; 2],
            operations: HashMap::default(),
            points: HashMap::default(),
            new_operations: Vec::new(),
        }
    }

    /// True for a new operation that is to be told.
    pub(super) fn first_seen(&mut self, name: &OperationName) -> bool {
        if self.new_operations.len() >= NEW_OPERATIONS_MAX || self.new_operations.contains(name) {
            return false;
        }
        self.new_operations.push(name.clone());
        true
    }

    pub(super) fn take(&mut self, minute: u32, used: &Use, witnesses: &[[Activity; 2]; 2]) {
        if minute != self.minute {
            (self.minute_bytes, self.minute_opened) = ([0; 2], 0);
        }
        if minute / MINUTES_PER_HOUR != self.minute / MINUTES_PER_HOUR {
            (self.hour_bytes, self.hour_opened, self.hour_failed) = ([0; 2], 0, 0);
        }
        (self.minute, self.place) = (minute, used.place);
        for (place, sent) in used.sent.iter().enumerate() {
            self.minute_bytes[place] = self.minute_bytes[place].saturating_add(sent.bytes);
            self.hour_bytes[place] = self.hour_bytes[place].saturating_add(sent.bytes);
            if sent.packets > 0 {
                self.last[place].at(&witnesses[place], minute);
                self.silent[place] = false;
            }
        }
        for operation in used.operations.iter().filter(|operation| is_opaque(&operation.name)) {
            let payloads = &mut self.payloads[usize::from(operation.from & 1)];
            *payloads = payloads.saturating_add(operation.count);
        }
        self.minute_opened = self.minute_opened.saturating_add(used.opened);
        self.hour_opened = self.hour_opened.saturating_add(used.opened);
        self.hour_failed = self.hour_failed.saturating_add(used.failed);
    }

    /// Takes what an operation was used for; `patience` is asked for once, see [`LiveOperation::patience`].
    pub(super) fn operation(
        &mut self,
        minute: u32,
        used: &OperationUse,
        witnesses: &[[Activity; 2]; 2],
        patience: impl FnOnce() -> u32,
    ) -> &LiveOperation {
        let live = self.operations.entry_ref(&used.name);
        let live = live.or_insert_with(|| LiveOperation { patience: patience(), ..LiveOperation::default() });
        live.take(minute, used);
        live.payloads = self.payloads[usize::from(used.from & 1)];
        live.last.at(&witnesses[usize::from(used.from & 1)], minute);
        live
    }
}

impl LiveOperation {
    fn take(&mut self, minute: u32, used: &OperationUse) {
        if minute != self.minute {
            (self.minute_count, self.answers, self.micros) = (0, 0, 0);
        }
        if minute / MINUTES_PER_HOUR != self.minute / MINUTES_PER_HOUR {
            (self.hour_count, self.hour_refused) = (0, 0);
        }
        self.minute = minute;
        let count = u32::try_from(used.count).unwrap_or(u32::MAX);
        self.minute_count = self.minute_count.saturating_add(count);
        self.hour_count = self.hour_count.saturating_add(count);
        self.hour_refused = self.hour_refused.saturating_add(u32::try_from(used.refused).unwrap_or(u32::MAX));
        self.answers = self.answers.saturating_add(u32::try_from(used.responses.count).unwrap_or(u32::MAX));
        self.micros = self.micros.saturating_add(used.responses.sum);
        self.silent = false;
    }
}
