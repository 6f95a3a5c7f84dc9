//! Why an alert belongs to an incident.
//!
//! A reason that names who did it holds for hours after the last alert and makes one incident of two. Devices that merely
//! suffer are shared by everybody, a server above all: such a reason holds for an hour and near the incident's begin, and
//! never makes one incident of two.

use std::ops::BitOrAssign;

use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use super::{Incident, Party, Step};
use crate::alert::{Alert, Deviation, SENSOR};
use crate::detections::many;
use crate::device::Devices;

const HOUR: u64 = 3600 * NANOS_PER_SECOND;

/// How long after its last alert an incident takes another for who did it.
const PURSUIT_NANOS: u64 = 12 * HOUR;
/// How long after its last alert an incident takes one by a device that suffered in it.
const CHAIN_NANOS: u64 = 4 * HOUR;
/// How long after its last alert an incident takes one for a device that takes part.
const SHARED_NANOS: u64 = HOUR;
/// How long after it began it does so.
const SHARED_LIFE_NANOS: u64 = 4 * HOUR;
/// How near in time the same thing must happen to several devices for one cause.
const MOMENT_NANOS: u64 = 120 * NANOS_PER_SECOND;
/// How long after it began an incident takes any alert.
const LIFE_NANOS: u64 = 72 * HOUR;

/// Detections of what devices suffer: whoever the alert names at the other end noticed it, and did not do it.
pub(crate) const SUFFERED: [&str; 3] = ["silence", "slow-answers", "frozen-values"];
/// Detections of which the device itself is the suspect.
pub(crate) const SUSPECTED: [&str; 1] = ["new-device"];

/// What alerts say of somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// Did it.
    pub const DID: Self = Self(1);
    /// Had it done to it, or noticed it.
    pub const SUFFERED: Self = Self(2);
    /// Is at risk.
    pub const AT_RISK: Self = Self(4);

    /// True for all of these roles.
    #[must_use]
    pub const fn has(self, roles: Self) -> bool {
        self.0 & roles.0 == roles.0
    }
}

impl BitOrAssign for Roles {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Who takes part in an alert: the sensor too. Groups are nobody: what they share is no cause.
pub(super) fn parties(deviation: &Deviation, devices: &Devices) -> Vec<Party> {
    let name = deviation.about.name;
    // Where many are suspects at once, the device is the one that they have to do with.
    let is_suspect = SUSPECTED.contains(&name) && deviation.subject != many::SUBJECT;
    let (mut at_risk, other) = match (is_suspect, SUFFERED.contains(&name)) {
        (true, _) => (Roles::DID, Roles::SUFFERED),
        (_, true) => (Roles::SUFFERED, Roles::SUFFERED),
        _ => (Roles::SUFFERED, Roles::DID),
    };
    at_risk |= Roles::AT_RISK;
    let all = [(Some(deviation.device), at_risk), (deviation.peer, other)];
    let hosts = all
        .into_iter()
        .filter_map(|(address, roles)| Some((address.filter(|it| it.is_host() || *it == SENSOR)?, roles)));
    hosts.map(|(address, roles)| Party { address, device: devices.owner(address), roles }).collect()
}

/// How well an alert belongs to an incident, the worst reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// The same happens elsewhere at this moment, and nobody did it.
    SameMoment,
    /// A device takes part in both.
    SharedDevice,
    /// The same happens to many elsewhere, and no one of them did it.
    SameOfMany,
    /// A device that suffered goes on to do something.
    Chain,
    /// The same two devices.
    SamePair,
    /// The same device did it.
    SameDoer,
}

impl Reason {
    /// True where it makes one incident of two.
    pub(super) const fn joins(self) -> bool {
        matches!(self, Self::SameOfMany | Self::Chain | Self::SamePair | Self::SameDoer)
    }
}

/// The best reason why an alert belongs to an incident, if there is one.
pub(super) fn reason(incident: &Incident, alert: &Alert, parties: &[Party], devices: &Devices) -> Option<Reason> {
    let deviation = &alert.deviation;
    let (age, pause) = (deviation.last.since(incident.first), deviation.first.since(incident.last));
    if age > LIFE_NANOS || pause > PURSUIT_NANOS {
        return None;
    }
    let shared = Shared::of(incident, parties, devices);
    if shared.doer {
        return Some(Reason::SameDoer);
    }
    if parties.len() == 2 && shared.devices == 2 {
        return Some(Reason::SamePair);
    }
    if shared.sufferer_does && pause <= CHAIN_NANOS {
        return Some(Reason::Chain);
    }
    if age > SHARED_LIFE_NANOS || pause > SHARED_NANOS {
        return None;
    }
    if is_of_many(incident, deviation) {
        return Some(Reason::SameOfMany);
    }
    if shared.devices > 0 {
        return Some(Reason::SharedDevice);
    }
    (is_nobodys(parties) && is_of_a_moment(incident, deviation)).then_some(Reason::SameMoment)
}

/// What an alert and an incident have in common.
#[derive(Default)]
struct Shared {
    devices: usize,
    doer: bool,
    sufferer_does: bool,
}

impl Shared {
    fn of(incident: &Incident, parties: &[Party], devices: &Devices) -> Self {
        let mut shared = Self::default();
        for party in parties {
            let Some(known) = incident.parties.iter().find(|known| known.is(party, devices)) else { continue };
            shared.devices += 1;
            if party.roles.has(Roles::DID) {
                shared.doer |= known.roles.has(Roles::DID);
                shared.sufferer_does |= known.roles.has(Roles::SUFFERED);
            }
        }
        shared
    }
}

/// The same was found elsewhere, here or there of many and nobody did it: two servers that are wrong in the same way.
fn is_of_many(incident: &Incident, deviation: &Deviation) -> bool {
    let (subject, many) = of_many(deviation);
    let is_it =
        |step: &Step| step.about.name == deviation.about.name && step.subject == subject && (many || step.of_many);
    !subject.is_empty() && incident.timeline.iter().any(is_it)
}

/// What a deviation is about, and whether it is one of many of whom none did it.
pub(super) fn of_many(deviation: &Deviation) -> (&str, bool) {
    match deviation.subject.strip_prefix(many::SUBJECT) {
        Some(subject) => (subject.trim_start(), deviation.peer.is_none()),
        None => (&deviation.subject, false),
    }
}

fn is_nobodys(parties: &[Party]) -> bool {
    !parties.iter().any(|party| party.roles.has(Roles::DID))
}

/// The same was found elsewhere within minutes.
fn is_of_a_moment(incident: &Incident, deviation: &Deviation) -> bool {
    let apart = |one: Timestamp, other: Timestamp| one.since(other).max(other.since(one));
    incident
        .timeline
        .iter()
        .any(|step| step.about.name == deviation.about.name && apart(step.time, deviation.first) <= MOMENT_NANOS)
}
