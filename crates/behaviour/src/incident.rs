//! Incidents: alerts that belong together, told as one story.
//!
//! An incident begins with the first alert of severity `low` or above that belongs to none that is open; why an alert
//! belongs to one says [`belonging`]. It is told when it begins, again when its severity rises or the number of its alerts
//! reaches a power of ten, and once more when it is over, or has proved to be part of an older one.

pub mod belonging;
pub mod open;

use wardtap_net::address::Address;
use wardtap_net::packet::Timestamp;

use crate::alert::{self, Alert, Severity, State};
use crate::detection::About;
use crate::device::{DeviceId, Devices};
use belonging::Roles;

/// The most alerts of one incident; what belongs to a full one begins another.
pub const INCIDENT_ALERTS_MAX: usize = 1000;
/// The most who take part that an incident remembers: the first ones; who did something takes the place of who did not.
pub const TAKING_PART_MAX: usize = 64;
/// Alerts of a timeline: the first half of these, and the latest.
pub const TIMELINE_MAX: usize = 32;

/// An incident as it stands.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Stable: of its first alert.
    pub id: String,
    /// Counts the times it was told.
    pub revision: u32,
    /// Where it is in its life.
    pub state: State,
    /// That of its worst alert.
    pub severity: Severity,
    /// The ids of its alerts, in the order in which they were raised; none once it is part of another.
    pub alerts: Vec<String>,
    /// Who takes part, at most [`TAKING_PART_MAX`].
    pub parties: Vec<Party>,
    /// Its alerts by time, at most [`TIMELINE_MAX`]: the first and the latest.
    pub timeline: Vec<Step>,
    /// Its worst alert; of equal ones the first.
    pub worst: Worst,
    /// When it began.
    pub first: Timestamp,
    /// When something of it was last seen.
    pub last: Timestamp,
    /// The id of the older one that it proved to be part of.
    pub merged_into: Option<String>,
    /// How many of its alerts are open.
    open_alerts: usize,
    /// How many alerts it had when it was last told.
    told_alerts: usize,
}

/// Somebody who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// The address in the first alert.
    pub address: Address,
    /// The device that had it then.
    pub device: Option<DeviceId>,
    /// What alerts say of it.
    pub roles: Roles,
}

impl Party {
    /// True for the same device, or where none is known, the same address.
    #[must_use]
    pub fn is(&self, other: &Self, devices: &Devices) -> bool {
        match (self.device, other.device) {
            (Some(this), Some(other)) => devices.resolve(this) == devices.resolve(other),
            _ => self.address == other.address,
        }
    }
}

/// A line of the timeline.
#[derive(Clone, Debug)]
pub struct Step {
    /// When it was first seen.
    pub time: Timestamp,
    /// The alert's id.
    pub alert: String,
    /// Which detection.
    pub about: &'static About,
    /// The device at risk.
    pub device: Address,
    /// What tells it from others between the same two.
    subject: String,
    /// It is told of many, of whom none did it.
    of_many: bool,
}

/// What is told of the worst alert.
#[derive(Clone, Debug)]
pub struct Worst {
    /// Which detection.
    pub about: &'static About,
    /// The device at risk.
    pub device: Address,
    /// Who did it, where somebody did.
    pub peer: Option<Address>,
    /// Its sentence.
    pub explanation: String,
    rank: (Severity, u8),
}

impl From<&Alert> for Worst {
    fn from(Alert { deviation, .. }: &Alert) -> Self {
        Self {
            about: deviation.about,
            device: deviation.device,
            peer: deviation.peer,
            explanation: deviation.explanation.clone(),
            rank: (deviation.severity, deviation.score),
        }
    }
}

impl Incident {
    /// One that begins with an alert.
    fn begin(alert: &Alert, parties: &[Party], devices: &Devices) -> Self {
        let deviation = &alert.deviation;
        let mut incident = Self {
            id: identify(&alert.id),
            revision: 1,
            state: State::New,
            severity: deviation.severity,
            alerts: Vec::new(),
            parties: Vec::new(),
            timeline: Vec::new(),
            worst: Worst::from(alert),
            first: deviation.first,
            last: deviation.last,
            merged_into: None,
            open_alerts: 0,
            told_alerts: 1,
        };
        incident.add(alert, parties, devices);
        incident
    }

    /// Takes an alert that belongs to it.
    fn add(&mut self, alert: &Alert, parties: &[Party], devices: &Devices) {
        let deviation = &alert.deviation;
        self.alerts.push(alert.id.clone());
        self.open_alerts += 1;
        parties.iter().for_each(|party| self.take_part(party, devices));
        let (time, about, device) = (deviation.first, deviation.about, deviation.device);
        let (subject, of_many) = belonging::of_many(deviation);
        self.add_step(Step { time, alert: alert.id.clone(), about, device, subject: subject.to_owned(), of_many });
        self.first = self.first.min(deviation.first);
        self.follow(alert);
    }

    /// Takes note of what has become of one of its alerts.
    fn follow(&mut self, alert: &Alert) {
        self.last = self.last.max(alert.deviation.last);
        self.severity = self.severity.max(alert.deviation.severity);
        let worst = Worst::from(alert);
        if worst.rank > self.worst.rank {
            self.worst = worst;
        }
    }

    /// Takes in a younger one that proved to be part of this, which keeps nothing but its id.
    fn absorb(&mut self, younger: &mut Self, devices: &Devices) {
        self.alerts.append(&mut younger.alerts);
        self.open_alerts += std::mem::take(&mut younger.open_alerts);
        younger.parties.iter().for_each(|party| self.take_part(party, devices));
        std::mem::take(&mut younger.timeline).into_iter().for_each(|step| self.add_step(step));
        self.first = self.first.min(younger.first);
        self.last = self.last.max(younger.last);
        self.severity = self.severity.max(younger.severity);
        if younger.worst.rank > self.worst.rank {
            self.worst = younger.worst.clone();
        }
        younger.merged_into = Some(self.id.clone());
    }

    /// The incident as it is to be told, where it has become worse or more since it was told, or is `changed` otherwise.
    fn news(&mut self, severity_told: Severity, changed: bool) -> Option<Self> {
        let grown = self.alerts.len().checked_ilog10() > self.told_alerts.checked_ilog10();
        (changed || grown || self.severity > severity_told).then(|| self.tell(State::Update))
    }

    /// As it is to be told.
    fn tell(&mut self, state: State) -> Self {
        self.state = state;
        self.revision += 1;
        self.told_alerts = self.alerts.len();
        self.clone()
    }

    fn take_part(&mut self, party: &Party, devices: &Devices) {
        if let Some(known) = self.parties.iter_mut().find(|known| known.is(party, devices)) {
            known.roles |= party.roles;
            return;
        }
        if self.parties.len() >= TAKING_PART_MAX {
            let spare = self.parties.iter().rposition(|known| !known.roles.has(Roles::DID));
            let Some(spare) = spare.filter(|_| party.roles.has(Roles::DID)) else { return };
            self.parties.remove(spare);
        }
        self.parties.push(*party);
    }

    fn add_step(&mut self, step: Step) {
        if self.timeline.len() >= TIMELINE_MAX {
            self.timeline.remove(TIMELINE_MAX / 2);
        }
        let after = self.timeline.partition_point(|other| other.time <= step.time);
        self.timeline.insert(after, step);
    }
}

fn identify(alert: &str) -> String {
    alert::id(&format!("incident\n{alert}"))
}
