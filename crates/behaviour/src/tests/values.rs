//! Values at the places that an operation reads: from messages to alerts, and what must stay quiet.

use wardtap_dissect::points::Points;

use super::*;
use crate::alert::{Alert, State};
use crate::baseline::approval::Accepted;
use crate::baseline::calibrate::profiles;
use crate::baseline::change::{Change, Changed};
use crate::baseline::learner::Learner;
use crate::baseline::points::StoredPoints;
use crate::baseline::store::Store;
use crate::baseline::watched::Watched;
use crate::judge::{Behaviour, Judge, Verdict};
use crate::links::points::{POINTS_MAX, PointRange, PointsUse};
use crate::links::{Link, LinkSlot, Links, OperationNews, Service, Use};
use crate::observation::Observation;
use crate::parties::Parties;
use crate::scoring::Scorer;
use crate::site::Site;

const MINUTES_PER_DAY: u64 = 24 * 60;
/// A Monday.
const FIRST_MINUTE: u64 = 20_458 * MINUTES_PER_DAY;
const LINK: Link = Link { initiator: ASKING, responder: ASKED, service: Service { transport: 6, port: 502 } };

/// An answer that tells values.
struct Told {
    envelope: Envelope,
    bytes: Vec<u8>,
}

impl Message for Told {
    fn protocol(&self) -> &'static Protocol {
        &NUMBERED
    }

    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn features(&self, _: &dyn Fn(&[u8]) -> u64) -> Features {
        [NO_VALUE; FEATURES_MAX]
    }

    fn points(&self) -> Option<Points<'_>> {
        Some(Points::words(40, &self.bytes, usize::MAX))
    }

    fn write_json(&self, _: &mut Vec<u8>) {}
}

/// A link that is read twice a minute.
struct Reading {
    links: Links,
    slot: LinkSlot,
    minute: u64,
    news: Vec<OperationNews>,
}

impl Reading {
    fn new(minute: u64) -> Self {
        let mut links = Links::new(HashKey(1, 2), room(8));
        links.hand_over(minute, |_| {});
        let (slot, _) = links.open(LINK, Place::default()).expect("an empty table has room");
        Self { links, slot, minute, news: Vec::new() }
    }

    fn answer(&mut self, values: &[i16]) {
        let envelope = Envelope {
            kind: 0,
            side: Side::B,
            direction: Direction::Response,
            bytes: 10,
            incomplete: false,
            response_nanos: None,
            outcome: Outcome::Positive,
        };
        let bytes = values.iter().flat_map(|value| value.to_be_bytes()).collect();
        let told = Told { envelope, bytes };
        let place = place(self.minute, self.minute * 60 * NANOS_PER_SECOND);
        let features = told.features(&|_| 0);
        self.news.extend(self.links.message(self.slot, 1, &told, &envelope, &features, place).map(|news| *news));
    }

    /// A minute is over.
    fn next(&mut self) -> Option<Use> {
        let mut told = Vec::new();
        self.minute += 1;
        self.links.hand_over(self.minute, |used| told.push(used));
        told.pop()
    }
}

/// A pressure around zero, a temperature that rests now and then, a limit that nobody changes, and a counter.
fn process(minute: u64, half: u64) -> [i16; 4] {
    let noise = (minute * 2 + half).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59;
    let counter = (minute - FIRST_MINUTE) / 100;
    [noise as i16 - 16, 200 + (minute / 7 % 12) as i16, 380, counter as i16]
}

fn judge(behaviour: Behaviour) -> Judge {
    let mut judge = Judge::default();
    judge.with_behaviour(behaviour);
    for address in [ASKING, ASKED] {
        judge.observe(&Observation::Heard { address, vlan: None, place: place(1, NANOS_PER_SECOND) }, &mut |_| {});
    }
    judge
}

/// What six days of the process teach.
fn learned() -> Store {
    let mut judge = judge(Behaviour::new(Parties::new(Site::default()), None, Some(Learner::default())));
    let mut reading = Reading::new(FIRST_MINUTE);
    for minute in FIRST_MINUTE..FIRST_MINUTE + 6 * MINUTES_PER_DAY {
        (0..2).for_each(|half| reading.answer(&process(minute, half)));
        let used = reading.next().expect("it was read");
        judge.observe(&Observation::Used(Box::new(used)), &mut |_| {});
    }
    let behaviour = judge.behaviour().take().expect("it learns");
    behaviour.learner.expect("it learns").into_store(&behaviour.parties, judge.devices())
}

/// The alerts of a day after that, with these values.
fn alerts(values: impl Fn(u64, u64) -> Vec<i16>) -> Vec<Alert> {
    let profiles = profiles(&learned(), &Watched::default(), &Site::default(), 5.0);
    let mut parties = Parties::new(Site::default());
    let scorer = Scorer::new(profiles, &mut parties);
    let mut judge = judge(Behaviour::new(parties, Some(scorer), None));
    let first = FIRST_MINUTE + 6 * MINUTES_PER_DAY;
    let (mut reading, mut raised) = (Reading::new(first), Vec::new());
    let mut observe = |observation: &Observation| {
        judge.observe(observation, &mut |verdict| match verdict {
            Verdict::Alert(alert) if alert.state == State::New => raised.push(*alert),
            Verdict::Alert(_) | Verdict::Incident(_) | Verdict::Device(_) => {}
        });
    };
    for minute in first..first + 600 {
        (0..2).for_each(|half| reading.answer(&values(minute, half)));
        for news in std::mem::take(&mut reading.news) {
            observe(&Observation::Operation(Box::new(news)));
        }
        let used = reading.next().expect("it was read");
        observe(&Observation::Used(Box::new(used)));
    }
    raised
}

fn names(alerts: &[Alert]) -> Vec<&'static str> {
    alerts.iter().map(|alert| alert.deviation.about.name).collect()
}

#[test]
fn what_goes_on_as_ever_is_quiet() {
    assert_eq!(names(&alerts(|minute, half| process(minute, half).to_vec())), [""; 0]);
}

#[test]
fn a_value_far_below_is_told_with_its_sign_and_its_place() {
    let raised = alerts(|minute, half| {
        let [_, rest @ ..] = process(minute, half);
        let pressure = if minute % MINUTES_PER_DAY == 300 { -150 } else { process(minute, half)[0] };
        [&[pressure][..], &rest].concat()
    });
    assert_eq!(names(&raised), ["unusual-value"]);
    let deviation = &raised[0].deviation;
    assert!(deviation.observed.starts_with("-150 at 40, "), "{}", deviation.observed);
    assert_eq!(deviation.expected, "as far as -16");
    assert_eq!(deviation.device, ASKED);
    assert_eq!(deviation.first.seconds() / 60 % MINUTES_PER_DAY, 300, "at once, with its frame");
}

#[test]
fn a_limit_that_nobody_changed_is_told_once_it_is_far_off() {
    let raised = alerts(|minute, half| {
        let [pressure, warmth, _, counter] = process(minute, half);
        vec![pressure, warmth, 100, counter]
    });
    assert_eq!(names(&raised), ["unusual-value"]);
    assert!(raised[0].deviation.observed.starts_with("100 at 42, "), "{}", raised[0].deviation.observed);
}

#[test]
fn a_value_that_always_moves_and_does_not_is_told() {
    let raised = alerts(|minute, half| {
        let [pressure, rest @ ..] = process(minute, half);
        let pressure = if minute % MINUTES_PER_DAY < 200 { pressure } else { -3 };
        [&[pressure][..], &rest].concat()
    });
    assert_eq!(names(&raised), ["frozen-values"]);
    let observed = &raised[0].deviation.observed;
    assert!(observed.contains(" min at 40, "), "of the place that stands still: {observed}");
}

#[test]
fn what_was_accepted_is_quiet() {
    let profiles = profiles(&learned(), &Watched::default(), &Site::default(), 5.0);
    let (key, known) = profiles.links.iter().find(|(_, link)| !link.points.is_empty()).expect("it was learned");
    let operation = || known.points.names().next().expect("it was learned").to_owned();
    let mut accepted = Accepted::default();
    for what in [
        Changed::Point { operation: operation(), place: 40, low: -150, high: -150 },
        Changed::Still { operation: operation(), place: 40, minutes: 90 },
        Changed::Loop { operation: operation() },
    ] {
        accepted.add(&Change { link: key.clone(), what }, None, &profiles).expect("it comes of this baseline");
    }
    let mut wider = profiles.clone();
    accepted.apply(&mut wider);
    let (before, after) = (&known.points[&*operation()], &wider.links[key].points[&*operation()]);
    assert_eq!(after.points[0].range.low_signed, -150);
    assert_eq!(after.points[0].range.high_signed, before.points[0].range.high_signed);
    assert_eq!((after.points[0].still, after.loops), (90, true));
    assert_eq!((&after.points[1..], after.days, after.minutes), (&before.points[1..], before.days, before.minutes));
    let unknown = Changed::Loop { operation: "other".to_owned() };
    assert!(accepted.add(&Change { link: key.clone(), what: unknown }, None, &profiles).is_err());
}

#[test]
fn silence_is_not_stillness() {
    // The same value before and behind six hours without an answer.
    let mut stored = StoredPoints::default();
    let used = PointsUse { first: 1, ranges: vec![PointRange::of(5)], looped: None };
    for minute in [1000, 1001, 1361, 1362] {
        stored.learn(minute, &used);
    }
    stored.learn(1363, &PointsUse { ranges: vec![PointRange::of(6)], ..used });
    assert_eq!(stored.days.get(0).unwrap().points[0].still, 3, "minutes in which it was read");
}

#[test]
fn a_series_that_comes_again_and_again_is_told() {
    let raised = alerts(|minute, half| {
        let at = minute % MINUTES_PER_DAY;
        let minute = if at < 200 { minute } else { minute - at + 100 + at % 20 };
        process(minute, half).to_vec()
    });
    assert_eq!(names(&raised), ["frozen-values"]);
    let observed = &raised[0].deviation.observed;
    assert!(observed.starts_with("a series of 4") || observed.starts_with("a series of 3"), "{observed}");
}

#[test]
fn cuts_between_captures_do_not_show() {
    let used = |value: u16| PointsUse { first: 0, ranges: vec![PointRange::of(value)], looped: None };
    let minutes: Vec<(u32, u16)> =
        (0..4000).map(|minute| (minute, [7, 7, 7, 8, 9, 7][minute as usize / 5 % 6])).collect();
    let mut whole = StoredPoints::default();
    minutes.iter().for_each(|(minute, value)| whole.learn(*minute, &used(*value)));
    for cut in [1, 7, 1440, 2345] {
        let mut parts = StoredPoints::default();
        for (minute, value) in &minutes[..cut] {
            parts.learn(*minute, &used(*value));
        }
        // The minute of the cut is in both.
        for (minute, value) in &minutes[cut - 1..] {
            parts.learn(*minute, &used(*value));
        }
        assert_eq!(parts, whole, "cut at {cut}");
    }
}

#[test]
fn two_stores_merge_in_any_order() {
    let part = |from: u32, values: [u16; 3]| {
        let mut stored = StoredPoints::default();
        for (minute, value) in (from..).zip(values.into_iter().cycle().take(3000)) {
            stored.learn(minute, &PointsUse { first: 3, ranges: vec![PointRange::of(value)], looped: None });
        }
        stored
    };
    let (one, other) = (part(0, [1, 2, 3]), part(2000, [9, 9, 9]));
    let merged = |mut one: StoredPoints, other: &StoredPoints| {
        one.merge(other.clone());
        one
    };
    assert_eq!(merged(one.clone(), &other), merged(other.clone(), &one));
    assert_eq!(merged(StoredPoints::default(), &one), one);
}

#[test]
fn no_more_places_than_the_cap() {
    let mut reading = Reading::new(FIRST_MINUTE);
    reading.answer(&vec![7; POINTS_MAX + 50]);
    let used = reading.next().expect("it was read");
    assert_eq!(used.operations[0].points.ranges.len(), POINTS_MAX);
}
