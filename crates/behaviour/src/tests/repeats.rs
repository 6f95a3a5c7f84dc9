//! Messages that come again: what is told, and what is a resend, a relay or a counter that begins anew.

use wardtap_dissect::fingerprint::Fingerprint;
use wardtap_net::address::Address;

use super::*;
use crate::links::{Accepted, Link, Service};
use crate::repeats::{REMEMBERED_MAX, Repeat, RepeatKind, Repeats};

const LABORATORY: Address = Address::v4(0x0a00_0001);
const ENGINE: Address = Address::v4(0x0a00_0002);
const RECORD: Address = Address::v4(0x0a00_0003);
const STRANGER: Address = Address::v4(0x0a00_0004);

const fn link(initiator: Address, responder: Address) -> Link {
    Link { initiator, responder, service: Service { transport: 6, port: 2575 } }
}

const IN: Link = link(LABORATORY, ENGINE);
const OUT: Link = link(ENGINE, RECORD);

/// What was accepted, and what came of it.
#[derive(Default)]
struct Feed {
    repeats: Repeats,
    told: Vec<Repeat>,
}

impl Feed {
    fn accept(&mut self, second: u64, link: Link, identity: u64, content: u64) {
        let place = place(second, second * NANOS_PER_SECOND);
        let accepted = Accepted { fingerprint: Fingerprint { identity, content, for_ever: false }, place };
        self.repeats.take(link, &[accepted], 0);
        let told = &mut self.told;
        self.repeats.look(|repeat| told.push(repeat));
    }

    /// A hundred messages, each passed on.
    fn relayed() -> Self {
        let mut feed = Self::default();
        for number in 0..100 {
            feed.accept(number * 10, IN, number, number);
            feed.accept(number * 10 + 1, OUT, number, number);
        }
        assert!(feed.told.is_empty(), "{:?}", feed.told);
        feed
    }

    fn kinds(&self) -> Vec<(RepeatKind, Link)> {
        self.told.iter().map(|told| (told.kind, told.link)).collect()
    }
}

#[test]
fn one_that_is_sent_twice_more_is_a_resend() {
    let mut feed = Feed::relayed();
    for second in [2000, 2030] {
        feed.accept(second, IN, 7, 7);
    }
    assert!(feed.told.is_empty(), "{:?}", feed.told);
    feed.accept(2060, IN, 7, 7);
    assert_eq!(feed.kinds(), [(RepeatKind::Again { seconds: 1990, times: 3 }, IN)]);
}

#[test]
fn several_old_ones_within_an_hour_are_a_replay() {
    let mut feed = Feed::relayed();
    for number in 10..15 {
        feed.accept(9000 + number, IN, number, number);
    }
    let again = |number: u64| (RepeatKind::Again { seconds: (9000 + number - number * 10) as u32, times: 1 }, IN);
    assert_eq!(feed.kinds(), [again(12), again(13), again(14)], "the third decides");
}

#[test]
fn the_same_from_somebody_else_is_told_at_once() {
    let mut feed = Feed::relayed();
    feed.accept(1200, link(STRANGER, ENGINE), 99, 99);
    assert_eq!(feed.kinds(), [(RepeatKind::FromElsewhere { first: IN, seconds: 210 }, link(STRANGER, ENGINE))]);
}

#[test]
fn changed_between_two_links_that_agree_is_told() {
    let mut feed = Feed::relayed();
    feed.accept(2000, IN, 500, 1);
    feed.accept(2001, OUT, 500, 2);
    assert_eq!(feed.kinds(), [(RepeatKind::ChangedOnTheWay { first: IN }, OUT)]);
}

#[test]
fn a_relay_that_rewrites_everything_is_quiet() {
    let mut feed = Feed::default();
    for number in 0..200 {
        feed.accept(number * 10, IN, number, number);
        feed.accept(number * 10 + 1, OUT, number, number + 1_000_000);
    }
    assert!(feed.told.is_empty(), "{:?}", feed.told);
}

#[test]
fn other_content_under_a_known_identity_is_told_once_others_follow() {
    let mut feed = Feed::relayed();
    feed.accept(2000, IN, 50, 999);
    assert!(feed.told.is_empty(), "the sender may have begun to count anew");
    feed.accept(2010, IN, 200, 200);
    assert_eq!(feed.kinds(), [(RepeatKind::OtherContent { seconds: 1500 }, IN)]);
    assert_eq!(feed.told[0].place.time.seconds(), 2000, "the frame that showed it");
}

#[test]
fn a_sender_that_counts_anew_is_quiet() {
    let mut feed = Feed::relayed();
    for round in 1..4_u64 {
        for number in 0..100 {
            let second = round * 10_000 + number * 10;
            feed.accept(second, IN, number, round * 1000 + number);
            feed.accept(second + 1, OUT, number, round * 1000 + number);
        }
    }
    feed.accept(50_000, IN, 777, 777);
    assert!(feed.told.is_empty(), "{:?}", feed.told);
}

#[test]
fn the_order_in_which_shards_tell_does_not_show() {
    let mut feed = Feed::relayed();
    let accepted = |second: u64, content| Accepted {
        fingerprint: Fingerprint { identity: 300, content, for_ever: false },
        place: place(second, second * NANOS_PER_SECOND),
    };
    feed.repeats.take(OUT, &[accepted(2001, 2)], 0);
    feed.repeats.take(IN, &[accepted(2000, 1)], 0);
    let told = &mut feed.told;
    feed.repeats.look(|repeat| told.push(repeat));
    assert_eq!(feed.kinds(), [(RepeatKind::ChangedOnTheWay { first: IN }, OUT)]);
}

#[test]
fn the_oldest_gives_way() {
    let mut feed = Feed::default();
    let max = REMEMBERED_MAX as u64;
    for number in 0..max + 10 {
        feed.accept(number / 1000, IN, number, 1);
    }
    assert_eq!(feed.repeats.forgotten(), 10);
    for second in 0..5 {
        feed.accept(max + second, IN, 3, 1);
    }
    assert_eq!(feed.told.len(), 2, "of the forgotten one the first counts as new: {:?}", feed.told);
}

#[test]
fn an_object_that_is_stored_under_the_number_of_another_is_told_however_many_there_are() {
    let mut feed = Feed::default();
    let mut store = |second: u64, link, identity, content| {
        let place = place(second, second * NANOS_PER_SECOND);
        let accepted = Accepted { fingerprint: Fingerprint { identity, content, for_ever: true }, place };
        feed.repeats.take(link, &[accepted], 0);
        let mut told = Vec::new();
        feed.repeats.look(|repeat| told.push((repeat.kind, repeat.link)));
        told
    };
    for number in 0..50 {
        assert_eq!(store(number, IN, number, number), []);
        assert_eq!(store(number + 100, OUT, number, number + 1000), [], "who passes it on may add to it");
        assert_eq!(store(number + 200, IN, number, number), [], "the same once more");
    }
    for number in 0..20 {
        let seconds = 800;
        assert_eq!(store(number + 1000, IN, number, number + 7), [(RepeatKind::OtherForEver { seconds }, IN)]);
    }
    assert_eq!(store(1100, IN, 3, 10), [], "what it has become is the same");
}
