//! The same done with many at an hour at which each of them is quiet else, or in one minute.

use wardtap_net::flow::Volume;

use super::*;
use crate::alert::{Alert, Severity, State};
use crate::baseline::calibrate::profiles;
use crate::baseline::learner::Learner;
use crate::baseline::watched::Watched;
use crate::judge::{Behaviour, Judge, Verdict};
use crate::links::{Link, OperationUse, Service, Use};
use crate::observation::Observation;
use crate::parties::Parties;
use crate::scoring::Scorer;
use crate::site::Site;

/// A Monday.
const FIRST_DAY: u64 = 20_458;
/// The next one is a Friday.
const DAYS: u64 = 11;
const DEVICES: u32 = 36;

/// What is said at all hours, and what at two at night.
const HUM: &str = "speech hum";
const SET: &str = "speech set\tdoor=1";
const NIGHT: u64 = 2;

const BEAT: &str = "payload\tfrom=initiator\tsize=8";
const ORDER: &str = "payload\tfrom=responder\tsize=32";

fn device(number: u32) -> Address {
    Address::v4(0x0a00_0100 + number)
}

fn used(link: Link, minute: u64, operations: Vec<OperationUse>, opened: u32) -> Observation {
    let mut used = Use::once(link, OperationUse::once("".into(), 0), place(minute, minute * 60 * NANOS_PER_SECOND));
    (used.operations, used.opened) = (operations, opened);
    used.sent = [Volume { packets: 3, bytes: 300 }; 2];
    Observation::Used(Box::new(used))
}

const fn service(port: u16) -> Service {
    Service { transport: 6, port }
}

/// A device is asked for something.
fn asked(number: u32, name: &str, minute: u64) -> Observation {
    let link = Link { initiator: ASKING, responder: device(number), service: service(502) };
    used(link, minute, vec![OperationUse::once(name.into(), 0)], 0)
}

/// A device says that it is there, and may be told something.
fn there(number: u32, minute: u64, is_told: bool, opened: u32) -> Observation {
    let link = Link { initiator: device(number), responder: ASKING, service: service(900) };
    let mut operations = vec![OperationUse::once(BEAT.into(), 0)];
    operations.extend(is_told.then(|| OperationUse::once(ORDER.into(), 1)));
    used(link, minute, operations, opened)
}

fn judge(behaviour: Behaviour) -> Judge {
    let mut judge = Judge::default();
    judge.with_behaviour(behaviour);
    for address in (0..DEVICES).map(device).chain([ASKING]) {
        judge.observe(&Observation::Heard { address, vlan: None, place: place(1, NANOS_PER_SECOND) }, &mut |_| {});
    }
    judge
}

/// The alerts that are raised by what is seen after what was learned.
fn told(learned: impl Iterator<Item = Observation>, seen: impl Iterator<Item = Observation>) -> Vec<Alert> {
    let mut learning = judge(Behaviour::new(Parties::new(Site::default()), None, Some(Learner::default())));
    learned.for_each(|observation| learning.observe(&observation, &mut |_| {}));
    let behaviour = learning.behaviour().take().expect("it learns");
    let store = behaviour.learner.expect("it learns").into_store(&behaviour.parties, learning.devices());
    let mut parties = Parties::new(Site::default());
    let scorer = Scorer::new(profiles(&store, &Watched::default(), &Site::default(), 5.0), &mut parties);
    let mut judge = judge(Behaviour::new(parties, Some(scorer), None));
    let mut alerts = Vec::new();
    for observation in seen {
        judge.observe(&observation, &mut |verdict| {
            if let Verdict::Alert(alert) = verdict {
                alerts.push((*alert).clone());
            }
        });
    }
    alerts
}

fn new(alerts: &[Alert]) -> Vec<&str> {
    let new = alerts.iter().filter(|alert| alert.state == State::New);
    new.map(|alert| alert.deviation.about.name).collect()
}

const fn at(day: u64, hour: u64) -> u64 {
    ((FIRST_DAY + day) * 24 + hour) * 60
}

/// Each device is set at night, and one of them late, on most days.
fn nights() -> impl Iterator<Item = Observation> {
    (0..DAYS).flat_map(|day| {
        let late = (day as u32, 17 + day % 3);
        (0..24).flat_map(move |hour| {
            (0..DEVICES).flat_map(move |number| {
                let is_set = hour == NIGHT || (number, hour) == late;
                let hum = asked(number, HUM, at(day, hour) + 10);
                [Some(hum), is_set.then(|| asked(number, SET, at(day, hour) + 20))].into_iter().flatten()
            })
        })
    })
}

/// So many devices are set at an hour of the next day, those that never were late.
fn set(count: u32, hour: u64) -> impl Iterator<Item = Observation> {
    (DEVICES - count..DEVICES).map(move |number| asked(number, SET, at(DAYS, hour) + 30))
}

#[test]
fn what_is_late_with_one_every_day_is_told_of_many() {
    assert_eq!(new(&told(nights(), set(6, 11))), [""; 0], "some may be late at once");
    let alerts = told(nights(), set(20, 11));
    assert_eq!(new(&alerts), ["unusual-hour"], "one alert of all");
    let last = alerts.last().expect("there is one");
    assert_eq!(last.deviation.severity, Severity::Medium);
    assert!(last.deviation.observed.starts_with("with "), "{}", last.deviation.observed);
}

#[test]
fn the_hours_beside_are_no_others() {
    assert_eq!(new(&told(nights(), set(20, NIGHT + 1))), [""; 0]);
    assert_eq!(new(&told(nights(), set(20, NIGHT))), [""; 0]);
}

#[test]
fn what_is_done_with_many_in_several_hours_is_not_at_once() {
    let one_an_hour = (6..12).flat_map(|hour| set(hour as u32 - 2, hour).take(1));
    assert_eq!(new(&told(nights(), one_an_hour)), [""; 0]);
}

/// Devices say all the time that they are there, and one is told something each hour.
fn orders() -> impl Iterator<Item = Observation> {
    (at(0, 0)..at(DAYS, 0)).map(|minute| there((minute % 12) as u32, minute, minute % 60 == 7, 0))
}

#[test]
fn a_service_that_orders_many_in_a_minute_is_told() {
    let minute = at(DAYS, 13);
    let at_once = |count: u32, opened: u32| (0..count).map(move |number| there(number, minute, true, opened));
    assert_eq!(new(&told(orders(), at_once(4, 0))), [""; 0], "some more");
    let alerts = told(orders(), at_once(7, 0));
    assert_eq!(new(&alerts), ["unusual-breadth"]);
    let first = alerts.first().expect("there is one");
    assert_eq!(first.deviation.peer, Some(ASKING), "the service does it");
    assert_eq!(new(&told(orders(), at_once(7, 1))), [""; 0], "who comes is greeted");
    let slowly = (0..7).map(|number| there(number, minute + u64::from(number), true, 0));
    assert_eq!(new(&told(orders(), slowly)), [""; 0], "one a minute");
}

const DRUG: &str = "speech order\tdrug=1";

/// One device is asked much by day, and little by night.
fn day_and_night() -> impl Iterator<Item = Observation> {
    (0..DAYS).flat_map(|day| {
        (0..24).flat_map(move |hour| {
            let count = if (8..18).contains(&hour) { 40 + day % 3 } else { 2 };
            ordered(day, hour, count)
        })
    })
}

fn ordered(day: u64, hour: u64, count: u64) -> impl Iterator<Item = Observation> {
    (0..count).map(move |number| asked(0, DRUG, at(day, hour) + number))
}

#[test]
fn as_much_as_by_day_is_a_flood_at_night() {
    assert_eq!(new(&told(day_and_night(), ordered(DAYS, 12, 45))), [""; 0], "by day");
    let alerts = told(day_and_night(), ordered(DAYS, 3, 45));
    assert_eq!(new(&alerts), ["unusual-rate"]);
    let last = alerts.last().expect("there is one");
    assert!(last.deviation.expected.ends_with("at this hour of the day"), "{}", last.deviation.expected);
    assert_eq!(new(&told(day_and_night(), ordered(DAYS, 3, 9))), [""; 0], "some more");
    assert_eq!(new(&told(day_and_night(), ordered(DAYS, 18, 45))), [""; 0], "an hour late");
    let saturday = DAYS + 1;
    assert_eq!(new(&told(day_and_night(), ordered(saturday, 3, 45))), [""; 0], "of such days too few were learned");
}
