//! What is missed though it is never steady: devices that are gone without having taken leave, and what follows when it is
//! asked for, be it once in some hours.

use wardtap_net::flow::Volume;

use super::silences::{FIRST_DAY, MINUTES_PER_DAY, judge};
use super::*;
use crate::alert::{Alert, State};
use crate::baseline::calibrate::profiles;
use crate::baseline::learner::Learner;
use crate::baseline::profile::Profiles;
use crate::baseline::store::Store;
use crate::baseline::watched::Watched;
use crate::judge::{Behaviour, Verdict};
use crate::links::{Link, OperationUse, Service, Use};
use crate::observation::Observation;
use crate::parties::Parties;
use crate::scoring::Scorer;
use crate::site::Site;

const DAYS: u64 = 10;
const fn link(initiator: Address, responder: Address, port: u16) -> Link {
    Link { initiator, responder, service: Service { transport: 6, port } }
}
const ASKS: Link = link(ASKING, ASKED, 104);
const REPORTS: Link = link(ASKED, ASKING, 105);
const ASK: &str = "speech say\tdoor=1";
const REPORT: &str = "speech report\tdoor=1";

/// What is done in a minute, counted from 1970: on which links what, how much each end sends, and whether it is closed.
type Minute = Vec<(Link, Option<&'static str>, [u64; 2], bool)>;

fn uses(minute: u64, done: Minute) -> impl Iterator<Item = Use> {
    let place = place(minute, minute * 60 * NANOS_PER_SECOND);
    done.into_iter().map(move |(link, operation, packets, closed)| {
        let name = operation.unwrap_or("payload\tfrom=responder\tsize=16");
        let from = u8::from(operation.is_none());
        let mut used = Use::once(link, OperationUse::once(name.into(), from), place);
        used.sent = packets.map(|packets| Volume { packets, bytes: packets * 100 });
        used.closed = u32::from(closed);
        used
    })
}

/// What is learned of these days by two learners, one after the other.
fn store(done: &dyn Fn(u64) -> Minute, cut: u64) -> Store {
    let (first, mut parties) = (FIRST_DAY * MINUTES_PER_DAY, Parties::new(Site::default()));
    let mut learned = Store::default();
    for minutes in [first..first + cut, first + cut..first + DAYS * MINUTES_PER_DAY] {
        let learner = Learner::going_on(std::mem::take(&mut learned), &mut parties);
        let mut judge = judge(Behaviour::new(parties, None, Some(learner)));
        for minute in minutes {
            uses(minute, done(minute)).for_each(|used| judge.observe(&Observation::Used(Box::new(used)), &mut |_| {}));
        }
        let behaviour = judge.behaviour().take().expect("it learns");
        learned = behaviour.learner.expect("it learns").into_store(&behaviour.parties, judge.devices());
        parties = Parties::new(Site::default());
    }
    learned
}

fn learned(done: &dyn Fn(u64) -> Minute) -> Profiles {
    profiles(&store(done, DAYS * MINUTES_PER_DAY), &Watched::default(), &Site::default(), 5.0)
}

/// The alerts of the day after those, by the minute of the day.
fn alerts(learned: Profiles, done: impl Fn(u64) -> Minute) -> Vec<(u64, Alert)> {
    let mut parties = Parties::new(Site::default());
    let scorer = Scorer::new(learned, &mut parties);
    let mut judge = judge(Behaviour::new(parties, Some(scorer), None));
    let mut raised = Vec::new();
    let first = (FIRST_DAY + DAYS) * MINUTES_PER_DAY;
    for minute in first..first + MINUTES_PER_DAY {
        let mut tell = |verdict| match verdict {
            Verdict::Alert(alert) if alert.state == State::New => raised.push((minute - first, *alert)),
            Verdict::Alert(_) | Verdict::Device(_) | Verdict::Incident(_) => {}
        };
        uses(minute, done(minute)).for_each(|used| judge.observe(&Observation::Used(Box::new(used)), &mut tell));
        judge.tick(Timestamp::from_seconds(minute * 60 + 59), &mut tell);
    }
    raised
}

/// Whether a monitor is taken along for some time: for forty minutes of some days, without a word.
const fn is_taken_along(minute: u64) -> bool {
    let (day, minute) = (minute / MINUTES_PER_DAY, minute % MINUTES_PER_DAY);
    day % 3 == 0 && minute >= 700 && minute < 740
}

/// A monitor that is switched off by night, having closed its connection; who hears it goes on sending.
fn monitor(minute: u64) -> Minute {
    let of_day = minute % MINUTES_PER_DAY;
    let is_on = (300..1300).contains(&of_day) && !is_taken_along(minute);
    vec![(ASKS, None, [3 * u64::from(is_on), 3], of_day == 1299)]
}

#[test]
fn who_takes_leave_may_be_away_and_who_does_not_is_missed() {
    let gone = |from: u64, closed: bool| {
        move |minute: u64| match minute % MINUTES_PER_DAY {
            of_day if of_day > from => vec![(ASKS, None, [0, 3], false)],
            of_day if of_day == from => vec![(ASKS, None, [3, 3], closed)],
            _ => monitor(minute),
        }
    };
    assert!(alerts(learned(&monitor), monitor).is_empty());
    assert!(alerts(learned(&monitor), gone(500, true)).is_empty(), "it took leave");
    let told = alerts(learned(&monitor), gone(500, false));
    let [(minute, alert)] = &told[..] else { panic!("{told:?}") };
    assert!((600..800).contains(minute), "{minute}: {}", alert.deviation.observed);
    assert_eq!((alert.deviation.about.name, alert.deviation.device), ("silence", ASKING));
    assert!(alert.deviation.explanation.contains("had not taken leave"), "{}", alert.deviation.explanation);
}

#[test]
fn who_always_goes_without_a_word_is_not_missed() {
    let without_a_word = |minute| {
        let mut done = monitor(minute);
        done[0].3 = false;
        done
    };
    let gone =
        |minute: u64| if minute % MINUTES_PER_DAY > 500 { vec![(ASKS, None, [0, 3], false)] } else { monitor(minute) };
    assert!(alerts(learned(&without_a_word), gone).is_empty());
}

/// Whether somebody asks in an hour: in a third of them, in none for certain.
const fn is_asked(hour: u64) -> bool {
    hour.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60 < 5
}

/// Something is asked for in some hours, and half an hour later comes a report on a connection of its own; signs of life
/// come always.
fn reports(minute: u64) -> Minute {
    let mut done = vec![(link(ASKED, ASKING, 502), None, [1, 1], false)];
    if minute % 60 == 45 && is_asked(minute / 60) {
        done.push((ASKS, Some(ASK), [2, 1], false));
    }
    if minute % 60 == 15 && is_asked(minute / 60 - 1) {
        done.push((REPORTS, Some(REPORT), [2, 1], false));
    }
    done
}

fn without(done: Minute, links: &[Link]) -> Minute {
    done.into_iter().filter(|(link, ..)| !links.contains(link)).collect()
}

#[test]
fn what_follows_is_missed_when_it_was_asked_for_and_only_then() {
    let from = |links: &'static [Link]| {
        move |minute: u64| {
            if minute % MINUTES_PER_DAY >= 180 { without(reports(minute), links) } else { reports(minute) }
        }
    };
    assert!(alerts(learned(&reports), reports).is_empty());
    let of_reports = |told: Vec<(u64, Alert)>| {
        told.into_iter().filter(|(_, alert)| alert.deviation.observed.contains("hours with")).collect::<Vec<_>>()
    };
    assert!(of_reports(alerts(learned(&reports), from(&[ASKS, REPORTS]))).is_empty(), "nobody asked");
    let told = of_reports(alerts(learned(&reports), from(&[REPORTS])));
    let [(minute, alert)] = &told[..] else { panic!("{told:?}") };
    assert!((300..900).contains(minute), "{minute}: {}", alert.deviation.observed);
    assert_eq!((alert.deviation.about.name, alert.deviation.device), ("silence", ASKED));
    assert!(alert.deviation.expected.contains("speech report door=1"), "{}", alert.deviation.expected);
}

#[test]
fn a_capture_may_be_cut_where_a_device_is_gone() {
    for done in [monitor, reports] {
        let whole = store(&done, DAYS * MINUTES_PER_DAY);
        for cut in
            [4 * MINUTES_PER_DAY, 3 * MINUTES_PER_DAY + 720, 5 * MINUTES_PER_DAY + 1299, 5 * MINUTES_PER_DAY + 1300]
        {
            assert!(store(&done, cut) == whole, "cut behind {cut} minutes");
        }
    }
}
