//! The open incidents: which one an alert goes to, and when each is told.

use hashbrown::HashMap;
use wardtap_net::packet::Timestamp;

use super::belonging::{Reason, parties, reason};
use super::{INCIDENT_ALERTS_MAX, Incident};
use crate::alert::{Alert, OPEN_MAX, RETURN_NANOS, Severity, State};
use crate::device::Devices;

/// The most incidents that are open at once; the one quiet longest is closed for a new one.
pub const OPEN_INCIDENTS_MAX: usize = 1024;
/// How long an incident stays open after its last alert: as long as that may come back.
const KEPT_NANOS: u64 = RETURN_NANOS;
/// Alerts that there is room for in each, on average; the incident quiet longest is closed for more.
const ALERTS_EACH: usize = 16;

/// The open incidents, the oldest first.
pub struct Incidents {
    max: usize,
    evicted: u64,
    open: Vec<Incident>,
    /// The incident of each alert that is open or may come back, by ids. It is known as long as that, even if the incident is
    /// open no more.
    of_alert: HashMap<String, Membership, foldhash::fast::RandomState>,
    raised: [u64; 5],
}

/// Where an alert belongs.
struct Membership {
    incident: String,
    /// When it was last seen, of one that is over.
    over: Option<Timestamp>,
}

impl Membership {
    /// True while its alert may come back.
    fn lasts(&self, now: Timestamp) -> bool {
        self.over.is_none_or(|last| now.since(last) < RETURN_NANOS)
    }
}

/// Alerts whose incidents are known: all that are open, and as many that are over.
const MEMBERSHIPS_MAX: usize = 2 * OPEN_MAX;

impl Default for Incidents {
    fn default() -> Self {
        Self::new(OPEN_INCIDENTS_MAX)
    }
}

impl Incidents {
    /// None yet; at most so many at once, and never more than [`OPEN_INCIDENTS_MAX`].
    #[must_use]
    pub fn new(max: usize) -> Self {
        let max = max.clamp(1, OPEN_INCIDENTS_MAX);
        Self { max, evicted: 0, open: Vec::new(), of_alert: HashMap::default(), raised: [0; 5] }
    }

    /// Incidents closed before their time, for want of room.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many began, by severity.
    #[must_use]
    pub const fn raised(&self) -> [u64; 5] {
        self.raised
    }

    /// How many are open, by severity.
    #[must_use]
    pub fn open(&self) -> [u64; 5] {
        let mut open = [0; 5];
        self.open.iter().for_each(|incident| open[incident.severity as usize] += 1);
        open
    }

    /// Takes an alert as it is told, whose incident is then named in it; gives back the incidents to be told now.
    pub fn take(&mut self, alert: &mut Alert, devices: &Devices) -> Vec<Incident> {
        let told = match self.of_alert.get_mut(&alert.id) {
            Some(membership) => {
                let over = (alert.state == State::Closed).then_some(alert.deviation.last);
                let was_over = std::mem::replace(&mut membership.over, over).is_some();
                let place = self.open.iter().position(|open| open.id == membership.incident);
                place.and_then(|place| self.follow(place, alert, was_over)).into_iter().collect()
            }
            None if alert.deviation.severity > Severity::Info && alert.state != State::Closed => {
                self.place(alert, devices)
            }
            None => Vec::new(),
        };
        alert.incident = self.of_alert.get(&alert.id).map(|membership| membership.incident.clone());
        told
    }

    /// Closes the incidents whose alerts are all closed and to which none would be added any more.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Incident> {
        self.of_alert.retain(|_, membership| membership.lasts(now));
        self.close_where(|incident| incident.open_alerts == 0 && now.since(incident.last) > KEPT_NANOS)
    }

    /// Closes all.
    pub fn finish(&mut self) -> Vec<Incident> {
        self.close_where(|_| true)
    }

    /// One of the incident's alerts was told again.
    fn follow(&mut self, place: usize, alert: &Alert, was_over: bool) -> Option<Incident> {
        let incident = &mut self.open[place];
        let before = incident.severity;
        incident.follow(alert);
        match (was_over, alert.state == State::Closed) {
            (false, true) => incident.open_alerts = incident.open_alerts.saturating_sub(1),
            (true, false) => incident.open_alerts += 1,
            _ => {}
        }
        incident.news(before, false)
    }

    /// Finds the incident of an alert, or begins one.
    fn place(&mut self, alert: &Alert, devices: &Devices) -> Vec<Incident> {
        let parties = parties(&alert.deviation, devices);
        let reasons: Vec<(usize, Reason)> = (0..)
            .zip(&self.open)
            .filter(|(_, incident)| incident.alerts.len() < self.alerts_max())
            .filter_map(|(place, incident)| Some((place, reason(incident, alert, &parties, devices)?)))
            .collect();
        // Of equal reasons the latest incident's counts: an older one may be of the day before yesterday.
        let Some(&(best, why)) = reasons.iter().max_by_key(|(_, reason)| *reason) else {
            let mut told = self.make_room(1);
            let incident = Incident::begin(alert, &parties, devices);
            self.raised[incident.severity as usize] += 1;
            self.belongs(alert, incident.id.clone());
            told.push(incident.clone());
            self.open.push(incident);
            return told;
        };
        let others = reasons.iter().filter(|(_, other)| why.joins() && other.joins()).map(|(place, _)| *place);
        let (oldest, mut told) = self.merge(best, others.collect(), devices);
        let incident = &mut self.open[oldest];
        let before = incident.severity;
        incident.add(alert, &parties, devices);
        let id = incident.id.clone();
        let merged = !told.is_empty();
        told.extend(incident.news(before, merged));
        self.belongs(alert, id);
        told.extend(self.make_room(0));
        told
    }

    /// Notes where an alert belongs.
    fn belongs(&mut self, alert: &Alert, incident: String) {
        if self.of_alert.len() >= MEMBERSHIPS_MAX {
            self.of_alert.retain(|_, membership| membership.over.is_none());
        }
        self.of_alert.insert(alert.id.clone(), Membership { incident, over: None });
    }

    /// Makes one incident of several, as far as there is room in the oldest; gives back its place, and those that are told
    /// to be part of it.
    fn merge(&mut self, best: usize, mut places: Vec<usize>, devices: &Devices) -> (usize, Vec<Incident>) {
        let mut told = Vec::new();
        let Some(oldest) = places.iter().copied().min().filter(|_| places.len() > 1) else { return (best, told) };
        let fits = |incidents: &Self, place: usize| {
            incidents.open[oldest].alerts.len() + incidents.open[place].alerts.len() < incidents.alerts_max()
        };
        places.retain(|place| *place != oldest);
        let mut gone = Vec::new();
        for place in places {
            if !fits(self, place) {
                continue;
            }
            let (older, younger) = self.open.split_at_mut(place);
            let (Some(older), Some(younger)) = (older.get_mut(oldest), younger.first_mut()) else { continue };
            older.absorb(younger, devices);
            for membership in self.of_alert.values_mut().filter(|membership| membership.incident == younger.id) {
                membership.incident.clone_from(&older.id);
            }
            told.push(younger.tell(State::Closed));
            gone.push(place);
        }
        for place in gone.into_iter().rev() {
            self.open.remove(place);
        }
        (oldest, told)
    }

    /// Closes those quiet longest, until there is room for so many more.
    fn make_room(&mut self, more: usize) -> Vec<Incident> {
        let mut told = Vec::new();
        let alerts = |open: &[Incident]| open.iter().map(|incident| incident.alerts.len()).sum::<usize>();
        while self.open.len() + more > 1
            && (self.open.len() + more > self.max || alerts(&self.open) + more > self.max * ALERTS_EACH)
        {
            let Some(quietest) = (0..self.open.len()).min_by_key(|&place| self.open[place].last) else { break };
            self.evicted += 1;
            told.push(self.open.remove(quietest).tell(State::Closed));
        }
        told
    }

    /// The most alerts of one incident: no more than there is room for in all.
    fn alerts_max(&self) -> usize {
        INCIDENT_ALERTS_MAX.min(self.max * ALERTS_EACH)
    }

    fn close_where(&mut self, over: impl Fn(&Incident) -> bool) -> Vec<Incident> {
        self.open.extract_if(.., |incident| over(incident)).map(|mut incident| incident.tell(State::Closed)).collect()
    }
}
