use super::*;
use crate::tally::{Ascent, TARGET_NAMES_MAX, TARGETS_MAX};

#[test]
fn ordinary_polling_is_no_news() {
    let mut talk = Talk::new(&NUMBERED);
    for round in 0..1000 {
        talk.ask(1, round % 4 * 10);
        talk.answer(1, round % 4 * 10);
    }
    assert!(talk.tick().is_none());
}

#[test]
fn counts_are_cumulative_and_cuts_between_ticks_do_not_show() {
    let say = |ticks: &[u64]| {
        let mut talk = Talk::new(&NUMBERED);
        for step in 0..60 {
            talk.ask(1, 0);
            if step % 3 == 0 {
                talk.refuse(1, 0)
            } else {
                talk.answer(1, 0)
            }
            if ticks.contains(&step) {
                talk.tick();
            }
        }
        talk.refuse(1, 0);
        let tally = talk.tick().unwrap();
        (tally.requests, tally.responses, tally.refusals, tally.first)
    };
    let whole = say(&[]);
    assert_eq!(whole, (60, 61, 21, place(1, NANOS_PER_SECOND + 1_000_000)));
    assert_eq!(say(&[0, 7, 8, 59]), whole);
}

#[test]
fn refusals_are_placed_since_the_last_tick() {
    let mut talk = Talk::new(&NUMBERED);
    talk.ask(1, 0);
    talk.refuse(1, 0);
    talk.ask(1, 0);
    talk.refuse(1, 0);
    let frames = |tally: Tally| tally.refused.map(|(first, last)| (first.frame.number(), last.frame.number()));
    assert_eq!(frames(talk.tick().unwrap()), Some((2, 4)));
    assert!(talk.tick().is_none(), "told once");
    talk.refuse(1, 0);
    assert_eq!(frames(talk.tick().unwrap()), Some((5, 5)));
}

#[test]
fn targets_are_told_apart_by_how_they_fared() {
    let mut talk = Talk::new(&NUMBERED);
    // Asked for once and answered; asked for once in vain; refused; polled in vain (a dead device, not a search).
    talk.ask(1, 0);
    talk.answer(1, 0);
    talk.ask(2, 0);
    talk.ask(3, 0);
    talk.refuse(3, 0);
    for _ in 0..20 {
        talk.ask(4, 0);
    }
    let targets = talk.tick().unwrap().targets;
    assert_eq!((targets.distinct, targets.in_vain, targets.visited), (4, 2, 1));
}

#[test]
fn targets_and_their_names_are_bounded() {
    let mut talk = Talk::new(&NAMED);
    for door in 0..TARGETS_MAX as u64 + 100 {
        talk.ask(door, 0);
    }
    let tally = talk.tick().unwrap();
    assert_eq!(tally.targets.distinct as usize, TARGETS_MAX);
    assert_eq!(tally.target_names.len(), TARGET_NAMES_MAX);
    assert_eq!(tally.target_names[..2], ["door 0", "door 1"]);
    assert_eq!(talk.pairs.evicted_targets(), 100, "messages for doors that are not told apart");
}

#[test]
fn the_targets_of_all_pairs_are_bounded_together_and_the_silent_give_way() {
    const ROOM: usize = 20_000;
    let mut pairs = Pairs::new(HashKey(1, 2), 64, ROOM);
    let envelope = Envelope {
        kind: 0,
        side: Side::A,
        direction: Direction::Request,
        bytes: 1,
        incomplete: false,
        response_nanos: None,
        outcome: Outcome::Neutral,
    };
    let mut time = 0;
    let mut ask = |pairs: &mut Pairs, asking: u32, door: u64| {
        time += 1;
        let mut features = [NO_VALUE; FEATURES_MAX];
        features[0] = door;
        let said = Said { protocol: &NAMED, envelope, features, name: format!("door {door}") };
        let pair = || Pair { requester: Address::v4(asking), responder: ASKED, protocol: &NAMED };
        pairs.fold(None, pair, &said, &envelope, || features, place(time, time));
    };
    let mut before = 0;
    for asking in 0..64 {
        for door in 0..TARGETS_MAX as u64 {
            ask(&mut pairs, asking, door);
            assert!(pairs.targets_bytes() <= ROOM, "{} octets", pairs.targets_bytes());
        }
        // Whoever asks at present is not the one to forget.
        let told = std::mem::replace(&mut before, pairs.evicted_targets());
        assert!(pairs.evicted_targets() - told <= 2 * TARGETS_MAX as u64);
    }
    assert!(pairs.evicted_targets() > 60 * TARGETS_MAX as u64, "{}", pairs.evicted_targets());
    let mut told = Vec::new();
    pairs.hand_over(|tally| told.push(tally));
    assert_eq!(told.len(), 64, "pairs themselves are not given up for it");
    assert_eq!(told[63].targets.distinct as usize, TARGETS_MAX, "the last one's are all there");
    assert!(told.iter().filter(|tally| tally.targets.distinct > 0).count() < 4);
    assert!(told.iter().all(|tally| tally.requests == TARGETS_MAX as u64), "counts stay");
}

#[test]
fn the_longest_ascent_is_kept() {
    let mut talk = Talk::new(&NUMBERED);
    for step in 10..90 {
        talk.ask(1, step * 3);
    }
    talk.ask(1, 5);
    talk.ask(1, 6);
    // News at every 64th step.
    assert_eq!(talk.tick().unwrap().ascent, Ascent { length: 80, from: 30, to: 267 });
    for step in 100..120 {
        talk.ask(1, step);
        talk.refuse(1, step);
    }
    assert_eq!(talk.tick().unwrap().refused_ascent, Ascent { length: 20, from: 100, to: 119 });
}

#[test]
fn missing_bytes_are_counted_for_their_pair() {
    let mut talk = Talk::new(&NUMBERED);
    talk.ask(1, 0);
    talk.pairs.gap(talk.slot.unwrap(), 100);
    talk.refuse(1, 0);
    assert_eq!(talk.tick().unwrap().gap_bytes, 100);
}

#[test]
fn pairs_are_bounded_and_a_slot_that_was_given_up_is_not_used() {
    const MAX: usize = 4;
    let mut pairs = Pairs::new(HashKey(1, 2), MAX, usize::MAX);
    let envelope = Envelope {
        kind: 0,
        side: Side::A,
        direction: Direction::Response,
        bytes: 1,
        incomplete: false,
        response_nanos: None,
        outcome: Outcome::Negative,
    };
    let features = [NO_VALUE; FEATURES_MAX];
    let said = Said { protocol: &NUMBERED, envelope, features, name: String::new() };
    let pair = |number: u32| Pair { requester: Address::v4(number), responder: ASKED, protocol: &NUMBERED };
    let slots: Vec<PairSlot> = (0..20)
        .map(|number| pairs.fold(None, || pair(number), &said, &envelope, || features, place(1, u64::from(number))))
        .collect();
    assert_eq!(pairs.evicted(), 16);
    // Another pair stands there now: the message is folded into one of its own.
    pairs.fold(Some(slots[0]), || pair(0), &said, &envelope, || features, place(2, 100));
    pairs.gap(slots[1], 1000);
    let mut told = Vec::new();
    pairs.hand_over(|tally| told.push((tally.pair.requester, tally.refusals, tally.gap_bytes)));
    assert!(told.len() <= MAX, "{told:?}");
    assert!(told.contains(&(Address::v4(0), 1, 0)), "{told:?}: its earlier count was given up");
    assert!(told.iter().all(|&(.., gap_bytes)| gap_bytes == 0), "{told:?}: nor are gaps");
}
