//! What shifts while it goes on: results, rates, hours and how long conversations last.

use wardtap_dissect::results::{Analyte, Measured};
use wardtap_net::flow::Volume;

use super::*;
use crate::alert::{Alert, Severity, State};
use crate::baseline::approval::Accepted;
use crate::baseline::calibrate::profiles;
use crate::baseline::change::{Change, Changed};
use crate::baseline::learner::Learner;
use crate::baseline::store::Store;
use crate::baseline::watched::Watched;
use crate::judge::{Behaviour, Judge, Verdict};
use crate::links::results::{ANALYTES_MAX, WINDOW};
use crate::links::{Link, Links, OperationUse, Service, Use};
use crate::observation::Observation;
use crate::parties::Parties;
use crate::scoring::Scorer;
use crate::site::Site;

const MINUTES_PER_DAY: u64 = 24 * 60;
/// A Monday.
const FIRST: u64 = 20_458 * MINUTES_PER_DAY;
const DAYS: u64 = 7;
const NEXT: u64 = FIRST + DAYS * MINUTES_PER_DAY;
const SERVICE: Service = Service { transport: 6, port: 5100 };
const POTASSIUM: u64 = 28_233;

fn host(number: u32) -> Address {
    Address::v4(0x0a00_0100 + number)
}

fn link(from: u32, to: u32) -> Link {
    Link { initiator: host(from), responder: host(to), service: SERVICE }
}

fn judge(behaviour: Behaviour) -> Judge {
    let mut judge = Judge::default();
    judge.with_behaviour(behaviour);
    for address in (0..32).map(host) {
        judge.observe(&Observation::Heard { address, vlan: None, place: place(1, NANOS_PER_SECOND) }, &mut |_| {});
    }
    judge
}

fn learned(uses: impl IntoIterator<Item = Use>) -> Store {
    let mut judge = judge(Behaviour::new(Parties::new(Site::default()), None, Some(Learner::default())));
    for used in uses {
        judge.observe(&Observation::Used(Box::new(used)), &mut |_| {});
    }
    let behaviour = judge.behaviour().take().expect("it learns");
    behaviour.learner.expect("it learns").into_store(&behaviour.parties, judge.devices())
}

/// The alerts of what is done after that, as they stand at the end.
fn alerts(store: &Store, uses: impl IntoIterator<Item = Use>) -> Vec<Alert> {
    let profiles = profiles(store, &Watched::default(), &Site::default(), 5.0);
    let mut parties = Parties::new(Site::default());
    let scorer = Scorer::new(profiles, &mut parties);
    let mut judge = judge(Behaviour::new(parties, Some(scorer), None));
    let mut raised: Vec<Alert> = Vec::new();
    let mut tell = |verdict: Verdict| {
        if let Verdict::Alert(alert) = verdict {
            match raised.iter_mut().find(|known| known.id == alert.id) {
                Some(known) => *known = *alert,
                None => {
                    assert_eq!(alert.state, State::New);
                    raised.push(*alert);
                }
            }
        }
    };
    for used in uses {
        judge.observe(&Observation::Used(Box::new(used)), &mut tell);
    }
    judge.finish(&mut tell);
    raised
}

fn names(alerts: &[Alert]) -> Vec<&'static str> {
    alerts.iter().map(|alert| alert.deviation.about.name).collect()
}

/// What a report says of itself.
const REPORT: Envelope = Envelope {
    kind: 0,
    side: Side::A,
    direction: Direction::Request,
    bytes: 10,
    incomplete: false,
    response_nanos: None,
    outcome: Outcome::Neutral,
};

/// A message that carries a result.
struct Reported {
    results: Vec<Measured>,
}

impl Message for Reported {
    fn protocol(&self) -> &'static Protocol {
        &NUMBERED
    }

    fn envelope(&self) -> &Envelope {
        &REPORT
    }

    fn features(&self, _: &dyn Fn(&[u8]) -> u64) -> Features {
        [NO_VALUE; FEATURES_MAX]
    }

    fn results(&self) -> &[Measured] {
        &self.results
    }

    fn write_json(&self, _: &mut Vec<u8>) {}
}

/// What a link that carries these results does, minute by minute: four an hour.
fn reports(of: Link, first: u64, values: impl Iterator<Item = i64>) -> Vec<Use> {
    let mut links = Links::new(HashKey(1, 2), room(8));
    links.hand_over(first, |_| {});
    let (slot, _) = links.open(of, Place::default()).expect("an empty table has room");
    let mut told = Vec::new();
    for (minute, value) in (first..).step_by(15).zip(values) {
        let results = vec![Measured { analyte: Analyte::numbered(POTASSIUM), value }];
        let reported = Reported { results };
        let features = reported.features(&|_| 0);
        links.hand_over(minute, |used| told.push(used));
        let at = place(minute, minute * 60 * NANOS_PER_SECOND);
        drop(links.message(slot, 0, &reported, &REPORT, &features, at));
    }
    links.hand_over(u64::MAX, |used| told.push(used));
    told
}

/// Results around 4.2, in millionths; every seventh is that of somebody very ill.
fn measured(number: u64) -> i64 {
    let noise = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44;
    let ill = if number.is_multiple_of(7) { 3_000_000 } else { 0 };
    3_700_000 + noise as i64 + ill
}

fn laboratory() -> Store {
    learned(reports(link(0, 1), FIRST, (0..DAYS * 96).map(measured)))
}

#[test]
fn results_that_go_on_as_ever_are_quiet() {
    assert_eq!(names(&alerts(&laboratory(), reports(link(0, 1), NEXT, (1000..1300).map(measured)))), [""; 0]);
}

#[test]
fn results_that_have_shifted_are_told_as_a_mean_and_worse_when_they_stay() {
    let shifted = |count: u64| {
        let values = (1000..1000 + count).map(|number| measured(number) + 700_000);
        alerts(&laboratory(), reports(link(0, 1), NEXT, values))
    };
    assert_eq!(names(&shifted(WINDOW as u64 - 1)), [""; 0], "of fewer nothing is said");
    let raised = shifted(WINDOW as u64);
    assert_eq!(names(&raised), ["results-drift"]);
    assert_eq!((raised[0].deviation.severity, raised[0].deviation.device), (Severity::Low, host(0)));
    let told = [&raised[0].deviation.expected, &raised[0].deviation.observed].map(String::as_str).join(" ");
    assert!(told.contains("2823-3"), "{told}");
    for number in 1000..1000 + WINDOW as u64 {
        let value = crate::links::results::decimal(measured(number) + 700_000);
        assert!(!told.contains(&value), "{value} is one result: {told}");
    }
    assert_eq!(shifted(2 * WINDOW as u64)[0].deviation.severity, Severity::Medium);
}

#[test]
fn fewer_results_than_a_window_are_not_kept() {
    let kept = |count: u64| {
        let store = learned(reports(link(0, 1), FIRST, (0..count).map(measured)));
        store.links.into_values().map(|link| link.results.len()).sum::<usize>()
    };
    assert_eq!(kept(WINDOW as u64 - 1), 0);
    assert_eq!(kept(WINDOW as u64), 2, "with the one, and with anybody");
}

#[test]
fn what_is_passed_on_is_told_once() {
    let both = |first: u64, values: &dyn Fn(u64) -> i64, count: u64| {
        let mut uses = reports(link(0, 1), first, (0..count).map(values));
        uses.extend(reports(link(1, 2), first, (0..count).map(values)));
        uses.sort_by_key(|used| used.minute);
        uses
    };
    let store = learned(both(FIRST, &measured, DAYS * 96));
    let raised = alerts(&store, both(NEXT, &|number| measured(1000 + number) + 700_000, 60));
    assert_eq!(names(&raised), ["results-drift"]);
    assert_eq!(raised[0].deviation.device, host(0), "of who measured");
}

#[test]
fn a_shift_that_was_accepted_is_quiet() {
    let store = laboratory();
    let mut known = profiles(&store, &Watched::default(), &Site::default(), 5.0);
    let key = known.links.keys().find(|key| key.initiator.ends_with("10.0.1.0")).expect("it was learned").clone();
    let operation = known.links[&key].results.names().next().expect("it was learned").to_owned();
    let analyte = Analyte::numbered(POTASSIUM);
    let what = |operation: &str| Changed::Results {
        operation: operation.to_owned(),
        analyte,
        low: 5_800_000,
        high: 5_900_000,
    };
    let before = known.links[&key].results[&*operation].analytes[&POTASSIUM];
    let mut accepted = Accepted::default();
    accepted
        .add(&Change { link: key.clone(), what: what(&operation) }, None, &known)
        .expect("it comes of this baseline");
    assert!(accepted.add(&Change { link: key.clone(), what: what("other") }, None, &known).is_err());
    accepted.apply(&mut known);
    let after = known.links[&key].results[&*operation].analytes[&POTASSIUM];
    assert_eq!((after.low, after.high), (before.low, 5_900_000));
    assert_eq!((after.days, after.windows), (before.days, before.windows));
}

#[test]
fn no_more_analytes_than_the_cap() {
    let mut links = Links::new(HashKey(1, 2), room(8));
    let (slot, _) = links.open(link(0, 1), Place::default()).expect("an empty table has room");
    for _ in 0..WINDOW {
        let all = (0..ANALYTES_MAX as u64 + 9).map(|number| Measured { analyte: Analyte::numbered(number), value: 1 });
        let reported = Reported { results: all.collect() };
        drop(links.message(slot, 0, &reported, &REPORT, &reported.features(&|_| 0), Place::default()));
    }
    let mut told = Vec::new();
    links.hand_over(1, |used| told.push(used));
    assert_eq!(told[0].operations[0].results.len(), ANALYTES_MAX);
}

/// What a link does in a minute: octets of its initiator, a hundred in a packet, and conversations that begin.
fn minute(of: Link, minute: u64, bytes: u64, opened: u32) -> Use {
    let place = place(minute, minute * 60 * NANOS_PER_SECOND);
    let mut used = Use::once(of, OperationUse::once("payload\tfrom=initiator\tsize=64".into(), 0), place);
    used.sent = [Volume { packets: bytes / 100, bytes }, Volume { packets: 10, bytes: 900 }];
    used.opened = opened;
    used
}

/// A stream that says something each minute, and begins anew once a day.
fn stream(first: u64, days: u64, bytes: impl Fn(u64) -> u64) -> Vec<Use> {
    let opened = |at: u64| u32::from(at.is_multiple_of(MINUTES_PER_DAY));
    (first..first + days * MINUTES_PER_DAY).map(|at| minute(link(0, 1), at, bytes(at), opened(at))).collect()
}

fn usual(at: u64) -> u64 {
    6000 + at % 7 * 100
}

#[test]
fn who_sends_half_as_much_as_ever_is_told_when_the_hour_is_over() {
    let store = learned(stream(FIRST, DAYS, usual));
    assert_eq!(names(&alerts(&store, stream(NEXT, 1, usual))), [""; 0]);
    let half = |from: u64, to: u64| {
        let slow = move |at: u64| if (NEXT + from..NEXT + to).contains(&at) { usual(at) / 2 } else { usual(at) };
        alerts(&store, stream(NEXT, 1, slow))
    };
    assert_eq!(names(&half(300, 310)), [""; 0], "ten minutes are no hour");
    let raised = half(300, 480);
    assert_eq!(names(&raised), ["rate-low"]);
    assert_eq!(raised[0].deviation.first.seconds() / 60, NEXT + 360);
}

#[test]
fn who_sends_half_as_often_is_told_whatever_it_sends() {
    // What is measured changes from day to day, and so do sizes.
    let sized = |at: u64, used: &mut Use| used.sent[0].bytes *= 1 + at / MINUTES_PER_DAY % 4;
    let uses = |first: u64, days: u64, bytes: &dyn Fn(u64) -> u64| {
        let mut uses = stream(first, days, bytes);
        uses.iter_mut().for_each(|used| sized(used.minute, used));
        uses
    };
    let store = learned(uses(FIRST, DAYS, &usual));
    let large = (0..4).map(|day| NEXT + day * MINUTES_PER_DAY).find(|at| at / MINUTES_PER_DAY % 4 == 3);
    let large = large.expect("one of four days");
    assert_eq!(names(&alerts(&store, uses(large, 1, &usual))), [""; 0]);
    let raised = alerts(&store, uses(large, 1, &|at| usual(at) / 2));
    assert_eq!(names(&raised), ["rate-low"], "though it sends twice as much as on the day with the least");
    assert!(raised[0].deviation.expected.contains("packets a minute"), "{}", raised[0].deviation.expected);
}

#[test]
fn an_hour_that_was_not_all_heard_is_no_slow_one() {
    let store = learned(stream(FIRST, DAYS, usual));
    let mut uses = stream(NEXT, 1, |at| usual(at) / 2);
    uses.iter_mut().for_each(|used| used.gap_bytes[0] = 3000);
    assert!(!names(&alerts(&store, uses)).contains(&"rate-low"));
}

#[test]
fn who_breaks_off_and_begins_anew_again_and_again_is_told() {
    let store = learned(stream(FIRST, DAYS, usual));
    let anew = |apart: u64| {
        let mut uses = stream(NEXT, 1, usual);
        uses.iter_mut().filter(|used| used.minute.is_multiple_of(apart)).for_each(|used| used.opened = 1);
        alerts(&store, uses)
    };
    assert_eq!(names(&anew(30)), [""; 0]);
    let raised = anew(6);
    assert_eq!(names(&raised), ["unusual-rate"]);
    assert!(raised[0].deviation.explanation.contains("begins anew"), "{}", raised[0].deviation.explanation);
}

#[test]
fn who_begins_a_conversation_and_does_far_more_than_any_other_with_the_service_is_told() {
    let store = learned(stream(FIRST, DAYS, usual));
    let newcomer = |bytes: u64, opened: u32| {
        let mut uses = stream(NEXT, 1, usual);
        uses.extend((NEXT + 600..NEXT + 620).map(|at| minute(link(2, 1), at, bytes, opened)));
        uses.sort_by_key(|used| used.minute);
        alerts(&store, uses).into_iter().filter(|alert| alert.deviation.device == host(1)).collect::<Vec<_>>()
    };
    assert_eq!(names(&newcomer(6000, 1)), [""; 0]);
    assert_eq!(names(&newcomer(6000, 60)), [""; 0], "no flood");
    assert_eq!(names(&newcomer(60_000, 1)), [""; 0], "not much");
    let flood = newcomer(6000, 3000);
    assert_eq!(names(&flood), ["unusual-rate"]);
    assert_eq!(flood[0].deviation.observed, "3000 conversations a minute");
    assert!(names(&newcomer(50_000_000, 1)).contains(&"unusual-volume"));
}

#[test]
fn floods_with_ever_other_addresses_outside_are_few_alerts() {
    let store = learned(stream(FIRST, DAYS, usual));
    let outside = |number: u32| Address::v4(0x5000_0000 + number);
    let floods = |link: fn(&dyn Fn(u32) -> Address, u32) -> Link| {
        let mut uses = stream(NEXT, 1, usual);
        uses.extend((0..2000).map(|number| minute(link(&outside, number), NEXT + 600, 60, 1)));
        uses.sort_by_key(|used| used.minute);
        names(&alerts(&store, uses)).into_iter().filter(|name| *name == "unusual-rate").count()
    };
    let among_them =
        floods(|outside, number| Link { initiator: outside(number), responder: outside(9999 - number), ..link(0, 0) });
    assert_eq!(among_them, 0, "that is nobody's flood here");
    let to_them = floods(|outside, number| Link { responder: outside(number), ..link(2, 0) });
    assert!((1..8).contains(&to_them), "{to_them}");
}

const ORDER: &str = "payload\tfrom=responder\tsize=512";

/// A server to which all devices talk all the time, and which tells those something that it is to tell.
fn server(first: u64, days: u64, told: impl Fn(u64, u32) -> bool) -> Vec<Use> {
    let each = |at: u64| (0..16).map(move |number| (at, number));
    let uses = (first..first + days * MINUTES_PER_DAY).flat_map(each).map(|(at, number)| {
        let mut used = minute(link(number, 31), at, 600, 0);
        if told(at, number) {
            used.operations.push(OperationUse::once(ORDER.into(), 1));
        }
        used
    });
    uses.collect()
}

/// One device at a time, each in its hour of the day, and none before eight.
fn one_by_one(at: u64, number: u32) -> bool {
    let at = at % MINUTES_PER_DAY;
    at >= 480 && at % 60 == 10 && at / 60 % 16 == u64::from(number)
}

#[test]
fn a_server_that_tells_all_at_once_what_it_tells_one_by_one_is_told() {
    let store = learned(server(FIRST, DAYS, one_by_one));
    assert_eq!(names(&alerts(&store, server(NEXT, 1, one_by_one))), [""; 0]);
    let all = |at: u64, number: u32| one_by_one(at, number) || at % MINUTES_PER_DAY == 900;
    let raised = alerts(&store, server(NEXT, 1, all));
    let raised: Vec<&Alert> = raised.iter().filter(|alert| alert.deviation.about.name == "unusual-breadth").collect();
    assert_eq!(raised.len(), 1);
    assert_eq!(raised[0].deviation.peer, Some(host(31)), "the server does it");
}

#[test]
fn what_a_server_never_does_at_an_hour_is_told_whoever_it_is_for() {
    let store = learned(server(FIRST, DAYS, one_by_one));
    let by_night = |at: u64, number: u32| one_by_one(at, number) || at % MINUTES_PER_DAY == 190 && number == 3;
    let raised = alerts(&store, server(NEXT, 1, by_night));
    assert_eq!(names(&raised), ["unusual-hour"]);
}

#[test]
fn hours_are_not_told_by_days_that_show_them_to_nobody() {
    let at_night = |at: u64, number: u32| one_by_one(at, number) || at % MINUTES_PER_DAY == 190 && number == 3;
    let told = |first: u64, days: u64| {
        let store = learned(server(first, days, one_by_one));
        names(&alerts(&store, server(first + days * MINUTES_PER_DAY, 1, at_night)))
    };
    assert_eq!(told(FIRST, 3), [""; 0], "none of three days is judged by as many others");
    assert_eq!(told(FIRST - 60, 3), [""; 0], "an hour is no day");
    assert_eq!(told(FIRST, 4), ["unusual-hour"]);
}

#[test]
fn a_service_that_leaves_several_without_an_answer_is_told_as_one() {
    let store = learned(server(FIRST, DAYS, |_, _| false));
    let refused = |clients: u32| {
        let mut uses = server(NEXT, 1, |_, _| false);
        let is_refused = |used: &&mut Use| {
            let at = used.minute % MINUTES_PER_DAY;
            (600..660).contains(&at) && at % 15 == 5 && (0..clients).any(|number| used.link == link(number, 31))
        };
        uses.iter_mut().filter(is_refused).for_each(|used| (used.opened, used.failed) = (1, 1));
        alerts(&store, uses)
    };
    assert_eq!(names(&refused(1)), [""; 0], "one of them, four times");
    let raised = refused(2);
    assert_eq!(names(&raised), ["refusals"]);
    assert_eq!((raised[0].deviation.device, raised[0].deviation.peer), (host(31), None));
}
