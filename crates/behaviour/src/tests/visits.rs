//! Who comes from outside, and for how long.

use wardtap_net::address::Address;

use super::silences::{FIRST_DAY, MINUTES_PER_DAY, judge, used};
use super::*;
use crate::alert::{Alert, State};
use crate::baseline::calibrate::profiles;
use crate::baseline::learner::Learner;
use crate::baseline::watched::Watched;
use crate::judge::{Behaviour, Judge, Verdict};
use crate::links::{Link, Service, Use};
use crate::observation::Observation;
use crate::parties::Parties;
use crate::scoring::Scorer;
use crate::site::Site;

const VENDOR: Address = Address::v4(0xcb00_7105);
const DAYS: u64 = 10;

/// Somebody does something in the minutes of a day from one to another.
fn visits(judge: &mut Judge, initiator: Address, (day, from, to): (u64, u64, u64), tell: &mut dyn FnMut(u64, Alert)) {
    for at in from..to {
        let minute = day * MINUTES_PER_DAY + at;
        let link = Link { initiator, responder: ASKED, service: Service { transport: 6, port: 443 } };
        let used = Use { link, operations: Vec::new(), ..used(minute, &[]) };
        let mut told = |verdict| match verdict {
            Verdict::Alert(alert) if alert.state == State::New => tell(at, *alert),
            Verdict::Alert(_) | Verdict::Device(_) | Verdict::Incident(_) => {}
        };
        judge.observe(&Observation::Used(Box::new(used)), &mut told);
        judge.tick(Timestamp::from_seconds(minute * 60 + 59), &mut told);
    }
}

/// The minutes at which a visit of so many minutes is told, behind days with one of 40 to 60 minutes each.
fn told(initiator: Address, minutes: u64) -> Vec<u64> {
    let mut learning = judge(Behaviour::new(Parties::new(Site::default()), None, Some(Learner::default())));
    for day in 0..DAYS {
        let from = 600 + day * 13;
        visits(&mut learning, initiator, (FIRST_DAY + day, from, from + 40 + day * 2), &mut |_, _| {});
    }
    let behaviour = learning.behaviour().take().expect("it learns");
    let store = behaviour.learner.expect("it learns").into_store(&behaviour.parties, learning.devices());
    let learned = profiles(&store, &Watched::default(), &Site::default(), 5.0);
    let mut parties = Parties::new(Site::default());
    let scorer = Scorer::new(learned, &mut parties);
    let mut judge = judge(Behaviour::new(parties, Some(scorer), None));
    let mut told = Vec::new();
    visits(&mut judge, initiator, (FIRST_DAY + DAYS, 630, 630 + minutes), &mut |at, alert| {
        if alert.deviation.about.name == "long-visit" {
            assert_eq!((alert.deviation.device, alert.deviation.peer), (ASKED, Some(initiator)));
            told.push(at - 630);
        }
    });
    told
}

#[test]
fn who_stays_far_longer_than_anybody_did_is_told_once() {
    assert!(told(VENDOR, 75).is_empty(), "a quarter longer is nothing");
    let far = told(VENDOR, 240);
    assert!(matches!(far[..], [minute] if (75..200).contains(&minute)), "{far:?}");
}

#[test]
fn who_is_inside_may_stay() {
    assert!(told(ASKING, 240).is_empty());
}
