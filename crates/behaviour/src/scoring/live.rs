//! What a link is doing: the minute and the hour at hand.

use super::absence::LastHours;
use super::calendar::NEVER;
use super::known::KnownOperations;
use super::limits::{LinkLimits, OperationLimits};
use super::points::LivePoints;
use crate::baseline::packed::PackedLink;
use crate::baseline::profile::{DeviceProfile, Hours, PACE_MINUTES_MIN, Stay, pace};
use crate::baseline::store::{Activity, Heard, MINUTES_PER_DAY, MINUTES_PER_HOUR};
use crate::links::manner::{self, Manners};
use crate::links::{Link, OperationName, OperationUse, Use};
use crate::observation::Place;
use crate::parties::PartyLink;

/// New operations told of one link; a sweep is told by others.
const NEW_OPERATIONS_MAX: usize = 64;

/// A link that was learned, and seen.
pub(super) struct Live {
    pub(super) link: Link,
    /// So many links were seen before it.
    pub(super) number: u32,
    /// When it is looked at for silences.
    pub(super) look_at: u32,
    /// What is asked of the link's profile every minute, once it is worked out.
    pub(super) bounds: Option<Bounds>,
    pub(super) place: Place,
    minute: u32,
    pub(super) minute_bytes: [u64; 2],
    pub(super) minute_opened: u32,
    pub(super) hour_bytes: [u64; 2],
    pub(super) day_bytes: [u64; 2],
    stay: Stay,
    /// Minutes of the hour with something, and the packets in them.
    hour_minutes: [u32; 2],
    hour_packets: [u64; 2],
    /// The [`pace`] of the hour that is over, where it was not looked at yet; else 0.
    pub(super) ended_pace: [u64; 2],
    pub(super) hour_opened: u32,
    pub(super) hour_failed: u32,
    pub(super) hour_manners: Manners,
    /// Conversations of the hour that is over that were answered, where they were not looked at yet.
    pub(super) ended_reconnected: u32,
    /// The hour for which activity at an unknown hour was told, of the link or of an operation.
    pub(super) hour_told: u32,
    /// The last hour by the site's clocks of which it is known that the link itself is usual in it.
    pub(super) hour_usual: i64,
    /// When the ends last sent something.
    pub(super) last: [Heard; 2],
    /// When something of the ends was missing last, more than while learning.
    pub(super) unheard: [u32; 2],
    /// When one end was last there and not heard at all.
    pub(super) one_sided: u32,
    hour_missing: u64,
    /// The silences of the ends.
    pub(super) silence: [Silence; 2],
    /// Payloads of what is not read that each end has sent.
    pub(super) payloads: [u64; 2],
    /// Those of which it is known what is normal.
    pub(super) operations: KnownOperations,
    new_operations: Vec<OperationName>,
    /// Answers of an hour that refuse as none did before.
    refused_anew: (u32, u64),
}

/// What is asked of a link's profile every minute.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// So many minutes must pass at least before the silence of an end is worth a look.
    pub(super) patience: [u32; 2],
    /// The most octets of an hour that were missing.
    pub(super) hour_missing: u64,
    /// On how many days there was something.
    pub(super) days: u32,
    /// In which hours of the day.
    pub(super) hours: [Hours; 2],
    /// Minutes in which its ends sent something.
    pub(super) minutes: [u32; 2],
    pub(super) is_stream: bool,
    pub(super) limits: LinkLimits,
}

/// A silence that lasts is said again after so many minutes: its alert stays open, and what was suppressed is told once that is
/// over.
pub(super) const SAID_AGAIN_MINUTES: u32 = 30;

/// A silence: when it was last said, 0 before that.
#[derive(Clone, Copy, Default)]
pub(super) struct Silence(u32);

impl Silence {
    /// True where it is to be said now.
    pub(super) const fn is_due(&mut self, minute: u32) -> bool {
        let due = self.0 == 0 || minute.saturating_sub(self.0) >= SAID_AGAIN_MINUTES;
        if due {
            self.0 = minute;
        }
        due
    }

    /// True while it lasts and was said.
    pub(super) const fn is_said(self) -> bool {
        self.0 > 0
    }

    /// Something came.
    pub(super) const fn end(&mut self) {
        self.0 = 0;
    }
}

/// What is normal for a device.
#[derive(Clone, Copy, Default)]
struct LearnedParty {
    /// The longest time in which it sent nothing, where it is steady.
    pause: Option<u32>,
    /// The longest before which it had not taken leave, where it does before longer ones.
    vanished: Option<u32>,
}

/// A party that was active.
#[derive(Clone, Copy, Default)]
pub(super) struct LiveParty {
    pub(super) activity: Activity,
    /// Of the last hours those in which it was active.
    pub(super) hours: LastHours,
    /// What is normal for it.
    normal: LearnedParty,
    /// The last minute in which a conversation of it was closed.
    closed: u32,
    pub(super) days: u32,
    pub(super) silence: Silence,
    /// A link of it.
    pub(super) link: Option<PartyLink>,
    /// The last minute in which it was there: it was heard, or somebody acknowledged what it sent.
    there: u32,
    /// Minutes in which the sensor was blind, up to then.
    lost: u32,
}

impl LiveParty {
    pub(super) fn new(device: &DeviceProfile) -> Self {
        let normal = LearnedParty {
            pause: Some(device.pause).filter(|_| device.is_steady()),
            vanished: Some(device.vanished).filter(|_| device.takes_leave()),
        };
        Self { normal, days: device.days, ..Self::default() }
    }

    /// Whether it is told when nothing comes of it.
    pub(super) const fn is_missed(&self) -> bool {
        self.normal.pause.is_some() || self.normal.vanished.is_some()
    }

    /// A conversation of it was closed.
    pub(super) const fn closed(&mut self, minute: u32) {
        self.closed = minute;
    }

    /// The longest time away that is normal for it where it has not taken leave, if it has not.
    pub(super) fn usual_absence(&self) -> Option<u32> {
        self.normal.vanished.filter(|_| self.activity.last > 0 && !self.activity.has_left(self.closed))
    }

    /// It was heard on a link.
    pub(super) const fn heard(&mut self, minute: u32, link: PartyLink) {
        self.activity.at(minute);
        self.hours.note(minute);
        self.silence.end();
        self.link = Some(link);
    }

    /// It was there, `lost` minutes in which the sensor was blind being over.
    pub(super) fn was_there(&mut self, minute: u32, lost: u32) {
        (self.there, self.lost) = (minute.max(self.there), lost);
    }

    /// The longest pause that is normal for it, where it is steady and was heard.
    pub(super) fn steady_pause(&self) -> Option<u32> {
        self.normal.pause.filter(|_| self.activity.last > 0 && self.link.is_some())
    }

    /// For how many minutes nothing was heard of it, without those in which the sensor was blind.
    pub(super) const fn silent_for(&self, minute: u32, lost: u32) -> u32 {
        minute.saturating_sub(self.there).saturating_sub(lost.saturating_sub(self.lost))
    }
}

/// What is done of an operation.
pub(super) struct LiveOperation {
    pub(super) points: Option<Box<LivePoints>>,
    /// Messages while learning.
    pub(super) learned: u64,
    /// With how many its sender may do the same in an hour, and how many days say so.
    pub(super) partners: Option<(u64, u32)>,
    /// What is normal in a minute for a service, see [`crate::baseline::profile::OperationProfile::service_minute`].
    pub(super) service_minute: Option<u64>,
    /// The last hour, counted from 1970, in which it was looked at whether it is quiet then.
    pub(super) quiet_looked_at: u32,
    /// Up to where it is surely normal, of what is compared.
    pub(super) limits: Option<OperationLimits>,
    /// The last hour by the site's clocks in which it is known to be usual.
    pub(super) hour_usual: i64,
    minute: u32,
    pub(super) minute_count: u32,
    pub(super) hour_count: u32,
    /// The last hour, counted from 1970, in which there were many, and up to where that is surely normal at its hour of the day.
    pub(super) hour_of_day: (u32, u32),
    pub(super) day_count: u32,
    pub(super) hour_refused: u32,
    pub(super) answers: u32,
    pub(super) micros: u64,
    /// When there was one last.
    pub(super) last: Heard,
    /// The payloads that its sender had sent by then.
    pub(super) payloads: u64,
    /// Its silence.
    pub(super) silence: Silence,
    /// Before this hour, counted from 1970, it cannot be absent for too long.
    pub(super) absent_from: u32,
    /// So many minutes must pass at least before its silence is worth a look: most are never silent for so long.
    pub(super) patience: u32,
}

impl Live {
    pub(super) fn new(link: Link, number: u32, normal: &PackedLink) -> Self {
        Self {
            link,
            number,
            look_at: NEVER,
            bounds: None,
            place: Place::default(),
            minute: 0,
            minute_bytes: [0; 2],
            minute_opened: 0,
            hour_bytes: [0; 2],
            day_bytes: [0; 2],
            stay: Stay::default(),
            hour_minutes: [0; 2],
            hour_packets: [0; 2],
            ended_pace: [0; 2],
            hour_opened: 0,
            hour_failed: 0,
            hour_manners: Manners::default(),
            ended_reconnected: 0,
            hour_told: 0,
            hour_usual: i64::MIN,
            last: [Heard::default(); 2],
            unheard: [0; 2],
            one_sided: 0,
            hour_missing: 0,
            silence: [Silence::default(); 2],
            payloads: [0; 2],
            operations: KnownOperations::of(normal),
            new_operations: Vec::new(),
            refused_anew: (0, 0),
        }
    }

    /// Takes answers that refuse as none did before, and says how many there were in this hour.
    pub(super) const fn refused_anew(&mut self, hour: u32, refused: u64) -> u64 {
        let (known, before) = self.refused_anew;
        self.refused_anew = (hour, if known == hour { before.saturating_add(refused) } else { refused });
        self.refused_anew.1
    }

    /// Whether more octets of this hour are missing than `missing` of an hour while learning.
    pub(super) const fn misses_more(&self, missing: u64) -> bool {
        self.hour_missing > missing
    }

    /// True once an end was there and not heard, until that is forgotten.
    pub(super) const fn is_unheard(&self) -> bool {
        self.one_sided > 0
    }

    /// True for a new operation that was not told.
    pub(super) fn is_new_operation(&self, name: &OperationName) -> bool {
        self.new_operations.len() < NEW_OPERATIONS_MAX && !self.new_operations.contains(name)
    }

    /// The new operations that were told.
    pub(super) fn told_anew(&self) -> impl Iterator<Item = &OperationName> {
        self.new_operations.iter()
    }

    /// A new operation is told.
    pub(super) fn first_seen(&mut self, name: &OperationName) {
        self.new_operations.push(name.clone());
    }

    /// For how many minutes its initiator has been there, in hours one behind the other.
    pub(super) const fn stay(&mut self) -> u32 {
        self.stay.at(self.minute / MINUTES_PER_HOUR, self.hour_minutes[0])
    }

    /// Takes what was done in a minute; `missing` octets were missing in an hour while learning.
    pub(super) fn take(&mut self, minute: u32, used: &Use, witnesses: &[[Activity; 2]; 2], missing: u64) {
        if minute != self.minute {
            (self.minute_bytes, self.minute_opened) = ([0; 2], 0);
        }
        if minute / MINUTES_PER_HOUR != self.minute / MINUTES_PER_HOUR {
            for place in 0..2 {
                let minutes = self.hour_minutes[place];
                let counts = minutes >= PACE_MINUTES_MIN && self.hour_missing == 0;
                self.ended_pace[place] = if counts { pace(self.hour_packets[place], minutes) } else { 0 };
            }
            (self.hour_minutes, self.hour_packets) = ([0; 2], [0; 2]);
            self.ended_reconnected = self.hour_opened.saturating_sub(self.hour_failed);
            (self.hour_bytes, self.hour_opened, self.hour_failed) = ([0; 2], 0, 0);
            (self.hour_missing, self.hour_manners) = (0, Manners::default());
        }
        if minute / MINUTES_PER_DAY != self.minute / MINUTES_PER_DAY {
            self.day_bytes = [0; 2];
        }
        (self.minute, self.place) = (minute, used.place);
        self.hour_missing = used.gap_bytes.iter().fold(self.hour_missing, |all, more| all.saturating_add(*more));
        for (place, sent) in used.sent.iter().enumerate() {
            self.minute_bytes[place] = self.minute_bytes[place].saturating_add(sent.bytes);
            self.hour_bytes[place] = self.hour_bytes[place].saturating_add(sent.bytes);
            self.day_bytes[place] = self.day_bytes[place].saturating_add(sent.bytes);
            self.hour_packets[place] = self.hour_packets[place].saturating_add(sent.packets);
            if sent.packets > 0 {
                self.hour_minutes[place] += u32::from(minute > self.last[place].last);
                self.last[place].at(&witnesses[place], minute);
                self.silence[place].end();
            }
            if used.unheard[place] {
                self.one_sided = minute;
            }
            if used.unheard[place] || used.gap_bytes[place] > 0 && self.hour_missing > missing {
                self.unheard[place] = minute;
            }
        }
        for operation in used.operations.iter().filter(|operation| operation.name.is_opaque()) {
            let payloads = &mut self.payloads[usize::from(operation.from & 1)];
            *payloads = payloads.saturating_add(operation.count);
        }
        self.minute_opened = self.minute_opened.saturating_add(used.opened);
        self.hour_opened = self.hour_opened.saturating_add(used.opened);
        self.hour_failed = self.hour_failed.saturating_add(used.failed);
        manner::add(&mut self.hour_manners, &used.manners);
    }
}

impl LiveOperation {
    /// Of one that was never seen.
    pub(super) const NOTHING: Self = Self {
        points: None,
        learned: 0,
        partners: None,
        service_minute: None,
        quiet_looked_at: 0,
        limits: None,
        hour_usual: i64::MIN,
        minute: 0,
        minute_count: 0,
        hour_count: 0,
        hour_of_day: (0, 0),
        day_count: 0,
        hour_refused: 0,
        answers: 0,
        micros: 0,
        last: Heard { last: 0, minutes: [0; 2] },
        payloads: 0,
        silence: Silence(0),
        absent_from: 0,
        patience: NEVER,
    };

    /// Takes what it was used for; `payloads` were sent by its sender so far.
    pub(super) fn take(
        &mut self,
        minute: u32,
        used: &OperationUse,
        witnesses: &[[Activity; 2]; 2],
        payloads: [u64; 2],
    ) {
        if minute != self.minute {
            (self.minute_count, self.answers, self.micros) = (0, 0, 0);
        }
        if minute / MINUTES_PER_HOUR != self.minute / MINUTES_PER_HOUR {
            (self.hour_count, self.hour_refused) = (0, 0);
        }
        if minute / MINUTES_PER_DAY != self.minute / MINUTES_PER_DAY {
            self.day_count = 0;
        }
        self.minute = minute;
        let count = u32::try_from(used.count).unwrap_or(u32::MAX);
        self.minute_count = self.minute_count.saturating_add(count);
        self.hour_count = self.hour_count.saturating_add(count);
        self.day_count = self.day_count.saturating_add(count);
        self.hour_refused = self.hour_refused.saturating_add(u32::try_from(used.refused).unwrap_or(u32::MAX));
        self.answers = self.answers.saturating_add(u32::try_from(used.responses.count).unwrap_or(u32::MAX));
        self.micros = self.micros.saturating_add(used.responses.sum);
        self.silence.end();
        self.payloads = payloads[usize::from(used.from & 1)];
        self.last.at(&witnesses[usize::from(used.from & 1)], minute);
    }
}
