//! The second machine of a pair, and a device that was replaced: what they do is judged by what the other did.

use wardtap_net::address::Mac;
use wardtap_net::claim::{Claim, How};
use wardtap_net::dhcp::Lease;
use wardtap_net::flow::Volume;

use super::*;
use crate::alert::{Alert, State};
use crate::baseline::approval::Accepted;
use crate::baseline::calibrate::profiles;
use crate::baseline::learner::Learner;
use crate::baseline::store::Store;
use crate::baseline::watched::Watched;
use crate::judge::{Behaviour, Judge, Verdict};
use crate::links::{Link, OperationUse, Service, Use};
use crate::observation::{Claimed, Leased, Observation};
use crate::parties::{ANYBODY, Parties};
use crate::scoring::Scorer;
use crate::site::Site;

const DAY: u64 = 24 * 60;
/// A Monday.
const MONDAY: u64 = 20_458 * DAY;
const LINK: Link = Link { initiator: ASKING, responder: ASKED, service: Service { transport: 6, port: 2575 } };
const SAY: &str = "speech say\tdoor=1";
const FIRST: Mac = Mac([2, 0, 0, 0, 0, 1]);
const SECOND: Mac = Mac([2, 0, 0, 0, 0, 2]);
const THIRD: Mac = Mac([2, 0, 0, 0, 0, 3]);

fn at(minute: u64) -> Place {
    place(minute, minute * 60 * NANOS_PER_SECOND)
}

fn claims(minute: u64, mac: Mac) -> Observation {
    let claim = Claim { address: ASKED, mac, how: How::Announced };
    Observation::Claimed(Claimed { claim, vlan: None, place: at(minute) })
}

fn leases(minute: u64, client: Mac) -> Observation {
    let lease = Lease {
        client,
        address: ASKED,
        server: ASKING,
        sender: ASKING,
        sender_mac: None,
        relay: None,
        to_relay: false,
        is_offer: false,
        routers: Vec::new(),
        name_servers: Vec::new(),
    };
    Observation::Leased(Box::new(Leased { lease, vlan: None, place: at(minute) }))
}

/// Something every minute, a batch of sixty at noon.
fn used(minute: u64) -> Observation {
    let count = if minute % DAY == 720 { 60 } else { 1 };
    let mut used = Use::once(LINK, OperationUse { count, ..OperationUse::once(SAY.into(), 0) }, at(minute));
    used.sent = [Volume { packets: count, bytes: count * 100 }; 2];
    Observation::Used(Box::new(used))
}

/// Days of that, between which the address goes from one machine to another.
fn live(judge: &mut Judge, minutes: std::ops::Range<u64>, changes: &[(u64, Observation)]) -> Vec<Alert> {
    let mut raised = Vec::new();
    for minute in minutes {
        let mut tell = |verdict| {
            if let Verdict::Alert(alert) = verdict
                && alert.state == State::New
            {
                raised.push(*alert);
            }
        };
        for (_, change) in changes.iter().filter(|(at, _)| *at == minute) {
            judge.observe(change, &mut tell);
        }
        judge.observe(&Observation::Heard { address: ASKING, vlan: None, place: at(minute) }, &mut tell);
        judge.observe(&used(minute), &mut tell);
        judge.tick(at(minute).time, &mut tell);
    }
    raised
}

fn learned(days: std::ops::Range<u64>, changes: &[(u64, Observation)], before: Store) -> Store {
    let mut parties = Parties::new(Site::default());
    let learner = Learner::going_on(before, &mut parties);
    let mut judge = Judge::default();
    judge.with_behaviour(Behaviour::new(parties, None, Some(learner)));
    live(&mut judge, MONDAY + days.start * DAY..MONDAY + days.end * DAY, changes);
    let behaviour = judge.behaviour().take().expect("it learns");
    behaviour.learner.expect("it learns").into_store(&behaviour.parties, judge.devices())
}

/// The first machine until the third day, then the second.
fn pair() -> [(u64, Observation); 2] {
    [(MONDAY, claims(MONDAY, FIRST)), (MONDAY + 2 * DAY, claims(MONDAY + 2 * DAY, SECOND))]
}

fn scorer(store: &Store, accepted: &Accepted) -> Judge {
    let mut profiles = profiles(store, &Watched::default(), &Site::default(), 5.0);
    accepted.apply(&mut profiles);
    let mut parties = Parties::new(Site::default());
    let scorer = Scorer::new(profiles, &mut parties);
    let mut judge = Judge::default();
    judge.with_behaviour(Behaviour::new(parties, Some(scorer), None));
    judge
}

#[test]
fn both_machines_of_a_pair_are_learned_as_one() {
    let store = learned(0..4, &pair(), Store::default());
    let responders: Vec<&str> = store.links.keys().map(|key| key.responder.as_str()).collect();
    assert!(responders.iter().all(|id| *id == FIRST_ID), "{responders:?}");
    assert_eq!(store.devices[SECOND_ID].stands_in_for, [FIRST_ID]);
    let [first, second] = pair();
    let apart = learned(0..1, &[first], Store::default());
    assert!(learned(1..4, &[second], apart) == store, "in two runs as in one");
}

#[test]
fn a_fail_over_raises_nothing_where_it_was_learned() {
    let store = learned(0..4, &pair(), Store::default());
    let day = MONDAY + 4 * DAY;
    for (at_first, then) in [(FIRST, SECOND), (SECOND, FIRST)] {
        let changes = [(day, claims(day, at_first)), (day + DAY / 2 - 5, claims(day + DAY / 2 - 5, then))];
        let raised = live(&mut scorer(&store, &Accepted::default()), day..day + DAY, &changes);
        assert_eq!(raised.len(), 0, "{:?}", raised.first());
    }
}

#[test]
fn a_machine_that_was_never_seen_is_told_once_and_judged_by_the_other() {
    let [first, _] = pair();
    let store = learned(0..4, &[first], Store::default());
    let day = MONDAY + 4 * DAY;
    let changes = [(day, claims(day, FIRST)), (day + 300, claims(day + 300, THIRD))];
    let raised = live(&mut scorer(&store, &Accepted::default()), day..day + DAY, &changes);
    let [alert] = raised.as_slice() else { panic!("{raised:?}") };
    assert_eq!((alert.deviation.about.name, alert.deviation.device), ("new-device", ASKED));

    let profiles = profiles(&store, &Watched::default(), &Site::default(), 5.0);
    let mut accepted = Accepted::default();
    accepted.add(&alert.changes[0], Some(ASKED), &profiles).expect("it comes of this baseline");
    let again = live(&mut scorer(&store, &accepted), day..day + DAY, &changes);
    assert!(again.is_empty(), "accepted: {again:?}");
}

#[test]
fn who_is_given_an_address_by_a_server_is_nobody_but_itself() {
    let leased = [(MONDAY, leases(MONDAY, FIRST)), (MONDAY + 2 * DAY, leases(MONDAY + 2 * DAY, SECOND))];
    let store = learned(0..4, &leased, Store::default());
    let used = store.links.keys().filter(|key| key.port == LINK.service.port && key.initiator != ANYBODY);
    assert_eq!(used.map(|key| key.responder.as_str()).collect::<Vec<&str>>(), [FIRST_ID, SECOND_ID]);
    assert!(store.devices.values().all(|device| device.stands_in_for.is_empty()));
}

const FIRST_ID: &str = "mac:02:00:00:00:00:01";
const SECOND_ID: &str = "mac:02:00:00:00:00:02";
