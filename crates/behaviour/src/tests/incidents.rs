use super::*;
use crate::alert::{Alert, Alerts, Deviation, Severity, State};
use crate::detection::About;
use crate::detections::DETECTIONS;
use crate::detections::{many, new_device, silence, sweep};
use crate::device::Devices;
use crate::incident::belonging::{Roles, SUFFERED, SUSPECTED};
use crate::incident::open::{Incidents, OPEN_INCIDENTS_MAX};
use crate::incident::{INCIDENT_ALERTS_MAX, Incident, TAKING_PART_MAX, TIMELINE_MAX};

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

/// A site in which deviations become alerts and incidents.
struct Story {
    alerts: Alerts,
    incidents: Incidents,
    devices: Devices,
    told: Vec<Incident>,
}

impl Story {
    fn new() -> Self {
        Self::with(OPEN_INCIDENTS_MAX)
    }

    fn with(incidents_max: usize) -> Self {
        let (alerts, incidents) = (Alerts::default(), Incidents::new(incidents_max));
        Self { alerts, incidents, devices: Devices::default(), told: Vec::new() }
    }

    /// The id of the incident that the deviation's alert is in.
    fn raise(&mut self, deviation: Deviation) -> Option<String> {
        let alerts = self.alerts.raise(deviation);
        self.take(alerts)
    }

    fn take(&mut self, alerts: Vec<Alert>) -> Option<String> {
        let mut of = None;
        for mut alert in alerts {
            self.told.append(&mut self.incidents.take(&mut alert, &self.devices));
            of = alert.incident;
        }
        of
    }

    fn tick(&mut self, seconds: u64) {
        let now = Timestamp::from_seconds(seconds);
        let closed = self.alerts.tick(now);
        self.take(closed);
        self.told.append(&mut self.incidents.tick(now));
    }

    /// The incidents as last told, without those that proved to be part of another.
    fn end(mut self) -> Vec<Incident> {
        let closed = self.alerts.finish();
        self.take(closed);
        self.told.append(&mut self.incidents.finish());
        let is_last = |told: &Incident| told.state == State::Closed && told.merged_into.is_none();
        self.told.into_iter().filter(is_last).collect()
    }
}

fn host(number: u32) -> Address {
    Address::v4(0x0a00_0000 + number)
}

/// `peer` does something to `device`, or notices something of it.
fn of(about: &'static About, seconds: u64, peer: u32, device: u32) -> Deviation {
    let time = Timestamp::from_seconds(seconds);
    Deviation {
        about,
        attack: None,
        device: host(device),
        peer: Some(host(peer)),
        subject: "speech".into(),
        severity: Severity::Medium,
        score: 50,
        explanation: format!("{peer} does it to {device}."),
        expected: String::new(),
        observed: String::new(),
        observations: 0,
        count: 1,
        evidence: Vec::new(),
        first: time,
        last: time,
        flow: None,
        sha256: None,
        gap_bytes: 0,
        one_sided: false,
    }
}

fn does(seconds: u64, peer: u32, device: u32) -> Deviation {
    of(&sweep::ABOUT, seconds, peer, device)
}

fn told(told: &[Incident]) -> Vec<(State, u32, usize)> {
    told.iter().map(|incident| (incident.state, incident.revision, incident.alerts.len())).collect()
}

#[test]
fn a_life() {
    let mut story = Story::new();
    let first = story.raise(does(1, 1, 2));
    for device in 3..=11 {
        assert_eq!(story.raise(does(u64::from(device), 1, device)), first);
    }
    assert_eq!(told(&story.told), [(State::New, 1, 1), (State::Update, 2, 10)]);
    story.raise(Deviation { severity: Severity::High, ..does(20, 1, 12) });
    assert_eq!(told(&story.told[2..]), [(State::Update, 3, 11)], "it has become worse");
    assert_eq!(story.incidents.open(), [0, 0, 0, 1, 0]);

    story.tick(20 + 24 * HOUR);
    assert_eq!(story.told.len(), 3, "another might come, or one of them back");
    story.tick(21 + 24 * HOUR);
    assert_eq!(told(&story.told[3..]), [(State::Closed, 4, 11)]);
    assert_eq!((story.incidents.open(), story.incidents.raised()), ([0; 5], [0, 0, 1, 0, 0]));
    let closed = &story.told[3];
    assert_eq!((closed.first, closed.last), (Timestamp::from_seconds(1), Timestamp::from_seconds(20)));
    assert_eq!(closed.worst.explanation, "1 does it to 12.");
    assert!(story.told.iter().all(|incident| Some(&incident.id) == first.as_ref()));
    assert!(closed.alerts.iter().all(|alert| alert.len() == 16 && *alert != closed.id));
    assert_eq!(story.end().len(), 1, "closed once");
}

#[test]
fn it_stays_open_as_long_as_one_of_its_alerts() {
    let mut story = Story::new();
    for hour in 0..=20 {
        story.raise(does(hour * HOUR, 1, 2));
        story.tick(hour * HOUR + 1);
    }
    assert_eq!(told(&story.told), [(State::New, 1, 1)], "one alert, and nothing new of it");
    assert_eq!(story.end()[0].last, Timestamp::from_seconds(20 * HOUR));
}

#[test]
fn what_a_device_does_belongs_together_for_hours_and_not_for_ever() {
    let mut story = Story::new();
    let first = story.raise(does(0, 1, 2));
    assert_eq!(story.raise(does(12 * HOUR, 1, 3)), first);
    assert_ne!(story.raise(does(25 * HOUR, 1, 4)), first, "quiet for too long");

    // Every ten hours, for two weeks: no incident is longer than three days.
    let mut story = Story::new();
    for round in 0..34 {
        story.raise(does(round * 10 * HOUR, 1, 10 + round as u32));
    }
    let all = story.end();
    assert!((4..=6).contains(&all.len()), "{}", all.len());
    assert!(all.iter().all(|incident| incident.last.since(incident.first) <= 72 * HOUR * NANOS_PER_SECOND));
}

#[test]
fn a_victim_that_goes_on_to_do_something_is_a_chain() {
    let mut story = Story::new();
    let first = story.raise(does(0, 1, 2));
    assert_eq!(story.raise(does(4 * HOUR, 2, 3)), first);
    assert_eq!(story.raise(does(8 * HOUR, 3, 4)), first);
    assert_ne!(story.raise(does(13 * HOUR, 4, 5)), first, "five hours later");
    assert_eq!(story.raise(does(9 * HOUR, 4, 1)), story.raise(does(9 * HOUR, 1, 4)), "one pair, whoever does it");
}

#[test]
fn a_server_that_everybody_uses_does_not_join_everything() {
    const SERVER: u32 = 99;
    let mut story = Story::new();
    let first = story.raise(does(0, 1, SERVER));
    assert_eq!(story.raise(does(HOUR, 2, SERVER)), first, "at about the same time");
    assert_ne!(story.raise(does(3 * HOUR, 3, SERVER)), first);

    // One after the other, all day, by ever another device: none goes on for long.
    let mut story = Story::new();
    for round in 0..48 {
        story.raise(does(round * 30 * MINUTE, 100 + round as u32, SERVER));
    }
    let all = story.end();
    assert!(all.len() >= 5, "{}", all.len());
    assert!(all.iter().all(|incident| incident.last.since(incident.first) <= 4 * HOUR * NANOS_PER_SECOND));

    // Two incidents stay two, whatever they share.
    let mut story = Story::new();
    let one = story.raise(does(0, 1, 2));
    let other = story.raise(does(60, 3, 4));
    assert_ne!(one, other);
    story.raise(of(&silence::ABOUT, 120, 2, 4));
    assert_eq!(story.end().len(), 2);
}

#[test]
fn a_server_that_fails_is_one_incident() {
    const SERVER: u32 = 99;
    let mut story = Story::new();
    let first = story.raise(of(&silence::ABOUT, 0, 1, SERVER));
    assert_eq!(story.raise(of(&silence::ABOUT, 50 * MINUTE, SERVER, 2)), first);
    // What nobody did happens elsewhere at that moment: a router between them.
    let second = story.raise(of(&silence::ABOUT, 12 * HOUR, 3, 4));
    assert_eq!(story.raise(of(&silence::ABOUT, 12 * HOUR + 60, 5, 6)), second);
    assert_ne!(story.raise(of(&silence::ABOUT, 12 * HOUR + 10 * MINUTE, 7, 8)), second);
    assert_ne!(story.raise(does(12 * HOUR + 30, 9, 10)), second, "somebody did that");
    // Who notices a silence did nothing.
    let all = story.end();
    assert!(all[0].parties.iter().all(|party| !party.roles.has(Roles::DID)));
}

#[test]
fn a_new_device_is_who_does_it() {
    let mut story = Story::new();
    let first = story.raise(of(&new_device::ABOUT, 0, 1, 2));
    assert_eq!(story.raise(does(6 * HOUR, 2, 3)), first);
    let mut story = Story::new();
    let first = story.raise(of(&new_device::ABOUT, 0, 1, 2));
    assert_ne!(story.raise(does(6 * HOUR, 1, 4)), first, "it contacted that one");
}

#[test]
fn two_incidents_that_prove_to_be_one() {
    let mut story = Story::new();
    let older = story.raise(does(0, 1, 2)).unwrap();
    let younger = story.raise(Deviation { severity: Severity::High, ..does(2 * HOUR, 3, 1) }).unwrap();
    assert_ne!(older, younger, "long after, somebody attacks the attacker");
    let moved = story.told[1].alerts[0].clone();
    assert_eq!(story.raise(does(3 * HOUR, 1, 4)).as_ref(), Some(&older), "which that one goes on with");

    let [.., gone, stays] = &story.told[..] else { panic!() };
    assert_eq!((&gone.id, gone.state, &gone.merged_into), (&younger, State::Closed, &Some(older.clone())));
    assert_eq!((gone.alerts.len(), gone.timeline.len()), (0, 0), "every alert is in one incident");
    assert_eq!((&stays.id, stays.state, stays.alerts.len()), (&older, State::Update, 3));
    assert_eq!((stays.severity, &stays.worst.explanation[..]), (Severity::High, "3 does it to 1."));
    assert!(stays.alerts.contains(&moved));
    let times: Vec<u64> = stays.timeline.iter().map(|step| step.time.seconds()).collect();
    assert_eq!(times, [0, 2 * HOUR, 3 * HOUR]);

    // What becomes of the younger one's alert is the older one's.
    story.raise(Deviation { severity: Severity::Critical, ..does(3 * HOUR + 1, 3, 1) });
    let last = story.told.last().unwrap();
    assert_eq!((&last.id, last.severity), (&older, Severity::Critical));
    let all = story.end();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].alerts.len(), 3);
}

#[test]
fn what_is_only_worth_knowing_begins_none() {
    let mut story = Story::new();
    assert_eq!(story.raise(Deviation { severity: Severity::Info, ..does(0, 1, 2) }), None);
    assert_eq!(story.told.len(), 0);
    assert!(story.raise(Deviation { severity: Severity::Low, ..does(1, 1, 2) }).is_some(), "until it is more");
    assert_eq!(told(&story.told), [(State::New, 1, 1)]);
}

#[test]
fn groups_join_nothing() {
    let mut story = Story::new();
    let group = Address::v4(0xe000_00fb);
    let to_group = |seconds, peer| Deviation { device: group, ..does(seconds, peer, 0) };
    assert_ne!(story.raise(to_group(0, 1)), story.raise(to_group(1, 2)));
}

#[test]
fn a_device_is_the_same_under_another_address() {
    let mut story = Story::new();
    story.devices.learned("mac:02:00:00:00:00:01", None, &[host(1), host(2)]);
    let first = story.raise(does(0, 1, 8));
    assert_eq!(story.raise(does(6 * HOUR, 2, 9)), first);
    assert_eq!(story.end()[0].parties.len(), 3);
}

#[test]
fn a_full_incident_takes_no_more() {
    let mut story = Story::new();
    let first = story.raise(does(0, 1, 2));
    let more = u32::try_from(INCIDENT_ALERTS_MAX).unwrap();
    for device in 3..=more + 1 {
        assert_eq!(story.raise(does(u64::from(device), 1, device)), first);
    }
    let next = story.raise(does(2000, 1, 5000));
    assert_ne!(next, first);
    assert_eq!(story.raise(does(2001, 1, 5001)), next);
    let all = story.end();
    let full = all.iter().find(|incident| Some(&incident.id) == first.as_ref()).unwrap();
    assert_eq!((full.alerts.len(), full.revision), (INCIDENT_ALERTS_MAX, 5), "told at 1, 10, 100, 1000, and over");
    assert_eq!((full.parties.len(), full.timeline.len()), (TAKING_PART_MAX, TIMELINE_MAX));
    let half = TIMELINE_MAX / 2;
    assert_eq!(full.timeline[half - 1].alert, full.alerts[half - 1], "the first");
    assert_eq!(full.timeline[half].alert, full.alerts[INCIDENT_ALERTS_MAX - half], "and the latest");
}

#[test]
fn who_did_it_is_remembered_when_many_suffer() {
    let mut story = Story::new();
    let first = story.raise(does(0, 1, 2));
    for device in 3..200 {
        story.raise(does(u64::from(device), 1, device));
    }
    story.raise(does(300, 2, 1000));
    assert_eq!(story.raise(does(10 * HOUR, 2, 1001)), first);
}

#[test]
fn open_incidents_are_bounded() {
    let mut story = Story::with(4);
    let ids: Vec<_> =
        (0..10).map(|round| story.raise(does(round * HOUR, 10 + round as u32, 50 + round as u32))).collect();
    assert_eq!(story.incidents.open().iter().sum::<u64>(), 4);
    assert_eq!(story.incidents.evicted(), 6);
    // The alerts of one that was closed for want of room are in no other.
    assert_eq!(story.raise(Deviation { severity: Severity::High, ..does(HOUR, 10, 50) }), ids[0]);
    assert_eq!(story.end().len(), 10);

    // As many alerts as fit in all of them.
    let mut story = Story::with(4);
    (0..200).for_each(|device| drop(story.raise(does(u64::from(device), 1, 100 + device))));
    (0..200).for_each(|device| drop(story.raise(does(u64::from(device), 2, 500 + device))));
    assert!(story.incidents.evicted() > 0);
    let all = story.end();
    assert!(all.iter().all(|incident| incident.alerts.len() <= 64));
    let mut alerts: Vec<&String> = all.iter().flat_map(|incident| &incident.alerts).collect();
    assert_eq!(alerts.len(), 400);
    alerts.sort();
    alerts.dedup();
    assert_eq!(alerts.len(), 400, "each in one incident");
}

#[test]
fn the_detections_that_are_special_are_there() {
    for name in SUFFERED.iter().chain(&SUSPECTED) {
        assert!(DETECTIONS.iter().any(|about| about.name == *name), "{name}");
    }
}

#[test]
fn an_alert_that_comes_back_goes_on_with_its_incident() {
    let mut story = Story::new();
    let first = story.raise(does(1, 1, 2));
    (1..=20).for_each(|hour| story.tick(hour * HOUR));
    assert_eq!(told(&story.told), [(State::New, 1, 1)], "it may come back yet");
    assert_eq!(story.raise(does(20 * HOUR, 1, 2)), first);
    story.tick(44 * HOUR);
    assert_eq!(told(&story.told), [(State::New, 1, 1)], "an alert is open");
    story.tick(44 * HOUR + 1);
    assert_eq!(told(&story.told[1..]), [(State::Closed, 2, 1)]);
    assert_ne!(story.raise(does(45 * HOUR, 1, 2)), first);
}

#[test]
fn two_servers_that_are_wrong_in_the_same_way_are_one_incident() {
    let mut story = Story::new();
    let told_by = |seconds, client, server| of(&sweep::ABOUT, seconds, client, server);
    let of_many = |seconds, server| Deviation {
        peer: None,
        subject: many::of("speech").into(),
        ..of(&sweep::ABOUT, seconds, 0, server)
    };
    let first = story.raise(told_by(1, 10, 1));
    assert_ne!(story.raise(told_by(2, 11, 2)), first, "any two devices may be");
    story.raise(of_many(3, 1));
    assert_eq!(story.raise(of_many(4, 2)), first);
    assert_eq!(story.raise(told_by(5, 12, 3)), first, "and a third one");
    let other = Deviation { subject: "writing".into(), ..told_by(6, 13, 4) };
    assert_ne!(story.raise(other), first, "in another way");
    assert_ne!(story.raise(told_by(5 * HOUR, 14, 5)), first, "hours later");
    assert_eq!(story.end().len(), 3);
}

#[test]
fn what_one_does_to_many_does_not_join_what_another_does() {
    let mut story = Story::new();
    let to_many = |seconds, peer, device| Deviation {
        subject: many::of("speech").into(),
        ..of(&sweep::ABOUT, seconds, peer, device)
    };
    let first = story.raise(to_many(1, 10, 1));
    assert_ne!(story.raise(to_many(2, 11, 2)), first);
}
