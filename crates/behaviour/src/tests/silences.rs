//! What stops: told at hours in which it never does, and only while those are there who would have it go on.

use wardtap_net::address::Mac;
use wardtap_net::dhcp::Lease;
use wardtap_net::flow::Volume;

use super::*;
use crate::alert::{Alert, State};
use crate::baseline::calibrate::profiles;
use crate::baseline::learner::Learner;
use crate::baseline::profile::Profiles;
use crate::baseline::watched::Watched;
use crate::judge::{Behaviour, Judge, Verdict};
use crate::links::{Link, OperationNews, OperationUse, Service, Use};
use crate::observation::{Leased, Observation};
use crate::parties::Parties;
use crate::scoring::Scorer;
use crate::site::Site;

pub(super) const MINUTES_PER_DAY: u64 = 24 * 60;
/// A Monday.
pub(super) const FIRST_DAY: u64 = 20_458;
const DAYS: u64 = 4;
pub(super) const LINK: Link =
    Link { initiator: ASKING, responder: ASKED, service: Service { transport: 6, port: 502 } };

pub(super) const ALIVE: &str = "payload\tfrom=initiator\tsize=16";
pub(super) const LARGE: &str = "payload\tfrom=initiator\tsize=128";
const SMALL: &str = "payload\tfrom=initiator\tsize=64";
pub(super) const SAY: &str = "speech say\tdoor=1";
const SAID: &str = "speech say (answer)\tdoor=1";

/// What is done in a minute of the day: how often which operation.
pub(super) type Minute = Vec<(&'static str, u64)>;

/// Signs of life and readings each minute; questions by day, and in the night every forty minutes.
fn usual(minute: u64) -> Minute {
    let mut done = vec![(ALIVE, 1), (LARGE, 8)];
    if (360..1320).contains(&minute) || minute.is_multiple_of(40) {
        done.extend([(SAY, 2), (SAID, 2)]);
    }
    done
}

pub(super) fn used(minute: u64, done: &[(&'static str, u64)]) -> Use {
    let place = place(minute, minute * 60 * NANOS_PER_SECOND);
    let operation = |(name, count): &(&'static str, u64)| {
        let is_responders = name.contains(" (answer)") || name.contains("from=responder");
        OperationUse { count: *count, ..OperationUse::once((*name).into(), u8::from(is_responders)) }
    };
    let mut used = Use::once(LINK, OperationUse::once(ALIVE.into(), 0), place);
    used.operations = done.iter().map(operation).collect();
    used.sent = [Volume { packets: 3, bytes: 300 }; 2];
    used
}

/// An operation that a link has not shown before.
pub(super) fn news(link: Link, name: &str, minute: u64) -> Observation {
    Observation::Operation(Box::new(OperationNews {
        link,
        name: name.into(),
        is_new: true,
        refuses: false,
        ranges: Default::default(),
        points: None,
        place: place(minute, minute * 60 * NANOS_PER_SECOND),
    }))
}

pub(super) fn judge(behaviour: Behaviour) -> Judge {
    let mut judge = Judge::default();
    judge.with_behaviour(behaviour);
    for address in [ASKING, ASKED] {
        judge.observe(&Observation::Heard { address, vlan: None, place: place(1, NANOS_PER_SECOND) }, &mut |_| {});
    }
    judge
}

fn leased(minute: u64, client: u8, router: u8) -> Observation {
    let lease = Lease {
        client: Mac([2, 0, 0, 0, 0, client]),
        address: Address::v4(0x0a00_0100 + u32::from(client)),
        server: ASKED,
        sender: ASKED,
        sender_mac: None,
        relay: None,
        to_relay: false,
        is_offer: false,
        routers: vec![Address::v4(0x0a00_0000 + u32::from(router))],
        name_servers: Vec::new(),
    };
    let place = place(minute, minute * 60 * NANOS_PER_SECOND);
    Observation::Leased(Box::new(Leased { lease, vlan: None, place }))
}

fn learned() -> Profiles {
    let leases = |minute: u64| minute.is_multiple_of(240).then(|| leased(minute, (minute / 240 % 5) as u8, 254));
    learned_of(DAYS, |minute| usual(minute % MINUTES_PER_DAY), leases)
}

/// What is learned of so many days.
pub(super) fn learned_of(
    days: u64,
    done: impl Fn(u64) -> Minute,
    other: impl Fn(u64) -> Option<Observation>,
) -> Profiles {
    let mut judge = judge(Behaviour::new(Parties::new(Site::default()), None, Some(Learner::default())));
    for minute in FIRST_DAY * MINUTES_PER_DAY..(FIRST_DAY + days) * MINUTES_PER_DAY {
        judge.observe(&Observation::Used(Box::new(used(minute, &done(minute)))), &mut |_| {});
        if let Some(other) = other(minute) {
            judge.observe(&other, &mut |_| {});
        }
    }
    let behaviour = judge.behaviour().take().expect("it learns");
    let store = behaviour.learner.expect("it learns").into_store(&behaviour.parties, judge.devices());
    profiles(&store, &Watched::default(), &Site::default(), 5.0)
}

/// The alerts of the Friday after that, and when they were raised; no minute's use where nothing is done.
fn alerts(day: impl Fn(u64) -> Minute, others: &[(u64, Observation)]) -> Vec<(u64, Alert)> {
    alerts_after(learned(), DAYS, day, others)
}

/// Those of the day after so many that were learned.
pub(super) fn alerts_after(
    learned: Profiles,
    days: u64,
    day: impl Fn(u64) -> Minute,
    others: &[(u64, Observation)],
) -> Vec<(u64, Alert)> {
    let mut parties = Parties::new(Site::default());
    let scorer = Scorer::new(learned, &mut parties);
    let mut judge = judge(Behaviour::new(parties, Some(scorer), None));
    let (first, mut raised) = ((FIRST_DAY + days) * MINUTES_PER_DAY, Vec::new());
    for minute in 0..MINUTES_PER_DAY {
        let mut tell = |verdict| match verdict {
            Verdict::Alert(alert) if alert.state == State::New => raised.push((minute, *alert)),
            Verdict::Alert(_) | Verdict::Device(_) | Verdict::Incident(_) => {}
        };
        for (_, observation) in others.iter().filter(|(at, _)| *at == minute) {
            judge.observe(observation, &mut tell);
        }
        let done = day(minute);
        if !done.is_empty() {
            judge.observe(&Observation::Used(Box::new(used(first + minute, &done))), &mut tell);
        }
        judge.tick(Timestamp::from_seconds((first + minute) * 60 + 59), &mut tell);
    }
    raised
}

fn without(done: Minute, names: &[&str]) -> Minute {
    done.into_iter().filter(|(name, _)| !names.contains(name)).collect()
}

#[test]
fn a_day_like_those_before_is_quiet() {
    assert!(alerts(usual, &[]).is_empty());
}

#[test]
fn what_stops_by_day_is_told_within_the_hour_and_a_pause_of_the_night_is_not() {
    let stops = |from: u64| move |minute| without(usual(minute), if minute >= from { &[SAY, SAID] } else { &[] });
    let told = alerts(stops(600), &[]);
    let (minute, alert) = told.first().expect("it is told");
    assert_eq!(alert.deviation.about.name, "silence");
    assert!((610..660).contains(minute), "{minute}: {}", alert.deviation.observed);
    let night = |minute: u64| without(usual(minute), if (120..160).contains(&minute) { &[SAY, SAID] } else { &[] });
    assert!(alerts(night, &[]).is_empty(), "forty minutes are nothing at night, nor is twice as much");
}

#[test]
fn requests_without_answers_are_told_of_who_does_not_answer() {
    let told = alerts(|minute| without(usual(minute), if minute >= 600 { &[SAID] } else { &[] }), &[]);
    let [(_, alert)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((alert.deviation.device, alert.deviation.peer), (ASKED, Some(ASKING)));
}

#[test]
fn who_is_not_asked_need_not_answer() {
    // Both are silent on all their links: what is told is that they are away, and of no conversation that it stopped.
    let told = alerts(|minute| if (600..800).contains(&minute) { Vec::new() } else { usual(minute) }, &[]);
    for (_, alert) in &told {
        assert!(alert.deviation.explanation.contains("has said nothing"), "{}", alert.deviation.explanation);
    }
}

#[test]
fn other_sizes_in_the_place_of_those_that_stop_are_no_silence() {
    let others = |minute: u64| {
        let mut done = usual(minute);
        if minute >= 600 {
            done = without(done, &[LARGE]);
            done.push((SMALL, 8));
        }
        done
    };
    let is_silence = |told: &[(u64, Alert)]| told.iter().any(|(_, alert)| alert.deviation.about.name == "silence");
    assert!(!is_silence(&alerts(others, &[])));
    assert!(is_silence(&alerts(|minute| without(usual(minute), if minute >= 600 { &[LARGE] } else { &[] }), &[])));
}

#[test]
fn a_server_that_tells_clients_of_another_router_is_told_once() {
    let at = |minute: u64| (FIRST_DAY + DAYS) * MINUTES_PER_DAY + minute;
    let usual_leases = [(60, leased(at(60), 7, 254)), (300, leased(at(300), 8, 254))];
    assert!(alerts(usual, &usual_leases).is_empty(), "whoever asks, it is the same");
    let others = [(60, leased(at(60), 7, 9)), (300, leased(at(300), 8, 9))];
    let told = alerts(usual, &others);
    let [(60, alert)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((alert.deviation.about.name, alert.deviation.device), ("way-changed", ASKED));
    assert!(alert.deviation.observed.contains("routers=10.0.0.9"), "{}", alert.deviation.observed);
}

/// What comes in most hours of the day and in half of those of the night, and in none for certain.
const CALL: &str = "payload\tfrom=initiator\tsize=32";
const CALL_DAYS: u64 = 17;

fn with_calls(minute: u64) -> Minute {
    let hour = minute / 60;
    let chance = hour.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61;
    let left_out = if hour % 24 < 6 { chance < 4 } else { chance == 0 };
    let mut done = vec![(ALIVE, 1)];
    if minute % 60 == 17 && !left_out {
        done.push((CALL, 1));
    }
    done
}

/// The alerts of a day on which there are no calls in some minutes, and no sign of life in some.
fn without_calls(calls: std::ops::Range<u64>, alive: std::ops::Range<u64>) -> Vec<(u64, Alert)> {
    let first = (FIRST_DAY + CALL_DAYS) * MINUTES_PER_DAY;
    let day = |minute: u64| match minute {
        _ if alive.contains(&minute) => Vec::new(),
        _ if calls.contains(&minute) => without(with_calls(first + minute), &[CALL]),
        _ => with_calls(first + minute),
    };
    alerts_after(learned_of(CALL_DAYS, with_calls, |_| None), CALL_DAYS, day, &[])
}

#[test]
fn what_may_be_left_out_in_any_hour_is_told_once_it_is_in_many() {
    assert!(without_calls(0..0, 0..0).is_empty());
    assert!(without_calls(0..300, 0..0).is_empty(), "half of the nights are as quiet");
    assert!(without_calls(480..600, 0..0).is_empty(), "two hours are nothing yet");
    let told = without_calls(480..1440, 0..0);
    let [(minute, alert)] = &told[..] else { panic!("{told:?}") };
    assert!((600..1200).contains(minute), "{minute}: {}", alert.deviation.observed);
    assert_eq!((alert.deviation.about.name, alert.deviation.device), ("silence", ASKING));
    assert!(alert.deviation.observed.contains("hours, payload from=initiator size=32"), "{}", alert.deviation.observed);
}

#[test]
fn who_is_away_leaves_nothing_out() {
    let told = without_calls(480..1440, 480..1200);
    for (minute, alert) in &told {
        let is_away = alert.deviation.explanation.contains("has said nothing");
        assert!(is_away, "{minute}: {} {}", alert.deviation.explanation, alert.deviation.observed);
    }
}
