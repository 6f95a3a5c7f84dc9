//! The same done with many at once, and answers that refuse as none did before.

use wardtap_net::flow::Volume;

use super::*;
use crate::alert::State;
use crate::baseline::calibrate::profiles;
use crate::baseline::learner::Learner;
use crate::baseline::profile::Profiles;
use crate::baseline::watched::Watched;
use crate::judge::{Behaviour, Judge, Verdict};
use crate::links::{Link, OperationUse, Service, Use};
use crate::observation::Observation;
use crate::parties::Parties;
use crate::scoring::Scorer;
use crate::site::Site;

const HOURS_PER_DAY: u64 = 24;
/// A Monday.
const FIRST_HOUR: u64 = 20_458 * HOURS_PER_DAY;
const DAYS: u64 = 6;
const DEVICES: u32 = 24;

const SAY: &str = "speech say\tdoor=1";
const SAID: &str = "speech say (answer)\tdoor=1";
const REFUSED: &str = "speech say (answer)\tdoor=2";

fn device(number: u32) -> Address {
    Address::v4(0x0a00_0100 + number)
}

/// A device is asked in a minute, and answers.
fn asked(number: u32, minute: u64, refused: u64) -> Observation {
    let link = Link { initiator: ASKING, responder: device(number), service: Service { transport: 6, port: 502 } };
    let place = place(minute, minute * 60 * NANOS_PER_SECOND);
    let mut used = Use::once(link, OperationUse::once(SAY.into(), 0), place);
    let answer = if refused > 0 { REFUSED } else { SAID };
    used.operations.push(OperationUse { refused, count: refused.max(1), ..OperationUse::once(answer.into(), 1) });
    used.sent = [Volume { packets: 3, bytes: 300 }; 2];
    Observation::Used(Box::new(used))
}

fn judge(behaviour: Behaviour) -> Judge {
    let mut judge = Judge::default();
    judge.with_behaviour(behaviour);
    for address in (0..DEVICES).map(device).chain([ASKING]) {
        judge.observe(&Observation::Heard { address, vlan: None, place: place(1, NANOS_PER_SECOND) }, &mut |_| {});
    }
    judge
}

/// Two devices an hour, each of them three times within half a day.
fn usual(hour: u64) -> [u32; 2] {
    let first = (hour % u64::from(DEVICES / 2)) as u32 * 2;
    [first, first + 1]
}

fn learned() -> Profiles {
    let mut judge = judge(Behaviour::new(Parties::new(Site::default()), None, Some(Learner::default())));
    for hour in FIRST_HOUR..FIRST_HOUR + DAYS * HOURS_PER_DAY {
        for number in usual(hour) {
            judge.observe(&asked(number, hour * 60 + 10, 0), &mut |_| {});
        }
    }
    let behaviour = judge.behaviour().take().expect("it learns");
    let store = behaviour.learner.expect("it learns").into_store(&behaviour.parties, judge.devices());
    profiles(&store, &Watched::default(), &Site::default(), 5.0)
}

/// The detections of the alerts that are raised on the day after.
fn told(seen: impl IntoIterator<Item = Observation>) -> Vec<&'static str> {
    let mut parties = Parties::new(Site::default());
    let scorer = Scorer::new(learned(), &mut parties);
    let mut judge = judge(Behaviour::new(parties, Some(scorer), None));
    let mut names = Vec::new();
    for observation in seen {
        judge.observe(&observation, &mut |verdict| {
            if let Verdict::Alert(alert) = verdict
                && alert.state == State::New
            {
                names.push(alert.deviation.about.name);
            }
        });
    }
    names
}

const NEXT: u64 = (FIRST_HOUR + DAYS * HOURS_PER_DAY) * 60;

#[test]
fn what_is_done_with_few_is_told_once_it_is_done_with_many() {
    assert_eq!(told((0..7).map(|number| asked(number, NEXT + 10, 0))), [""; 0], "some more than ever");
    assert_eq!(told((0..DEVICES).map(|number| asked(number, NEXT + 10, 0))), ["unusual-breadth"]);
    let slowly = (0..DEVICES).map(|number| asked(number, NEXT + u64::from(number) * 12, 0));
    assert_eq!(told(slowly), [""; 0], "five an hour");
}

#[test]
fn refusals_as_none_before_are_told_from_the_third_of_an_hour_on() {
    let refusals = |count: u64, apart: u64| told((0..count).map(|number| asked(0, NEXT + 10 + number * apart, 1)));
    assert_eq!(refusals(2, 1), [""; 0], "any request may be refused");
    assert_eq!(refusals(3, 1), ["new-operation"]);
    assert_eq!(refusals(6, 50), [""; 0], "now and then");
}

/// A device is asked in words that are new between the two.
fn news(name: &str, minute: u64) -> Observation {
    let link = Link { initiator: ASKING, responder: device(0), service: Service { transport: 6, port: 502 } };
    silences::news(link, name, minute)
}

#[test]
fn what_sessions_said_before_the_capture_began_is_not_missed_in_what_they_do() {
    let after = |name: &str, minutes: u64| told([asked(0, NEXT, 0), news(name, NEXT + minutes)]);
    assert_eq!(after("speech say", 10), [""; 0], "its door was named before");
    assert_eq!(after("speech say", 9 * 60), ["new-operation"]);
    assert_eq!(after("speech shout", 10), ["new-operation"], "it is another one");
    assert_eq!(after("speech say\tdoor=9", 10), ["new-operation"]);
}
