//! Payloads that nothing reads: how many there are in an hour of a device that has something to say all the time.

use super::silences::{ALIVE, LARGE, Minute, alerts_after, learned_of};
use super::*;
use crate::links::manner::Manner;
use crate::observation::Observation;

const DAYS: u64 = 4;

/// A sign of life each minute, and a call now and then.
fn with_calls(minute: u64) -> Minute {
    let mut done = vec![(ALIVE, 1)];
    if minute % 60 == 17 {
        done.push((LARGE, 3));
    }
    done
}

/// The same where a button is stuck for a while.
fn stuck(minute: u64) -> Minute {
    let mut done = with_calls(minute);
    if (600..640).contains(&(minute % silences::MINUTES_PER_DAY)) {
        done.push((LARGE, 60));
    }
    done
}

#[test]
fn far_more_payloads_of_a_size_than_in_any_hour_are_told_once() {
    let first = (silences::FIRST_DAY + DAYS) * silences::MINUTES_PER_DAY;
    let told = |day: fn(u64) -> Minute| {
        alerts_after(learned_of(DAYS, with_calls, |_| None), DAYS, |minute| day(first + minute), &[])
    };
    assert!(told(with_calls).is_empty());
    let told = told(stuck);
    let [(minute, alert)] = &told[..] else { panic!("{told:?}") };
    assert!((600..620).contains(minute), "{minute}");
    assert_eq!((alert.deviation.about.name, alert.deviation.device), ("unusual-rate", ASKED));
    assert_eq!(alert.deviation.severity, crate::alert::Severity::Low, "nothing reads what they are");
    assert!(alert.deviation.observed.contains("payloads an hour, payload from=initiator size=128"), "{alert:?}");
}

/// What the other end says, which only ever listened.
const ANSWER: &str = "payload\tfrom=responder\tsize=64";

/// An end says something at ten o'clock.
fn said_at_ten(days: u64) -> Vec<(u64, Observation)> {
    let minute = (silences::FIRST_DAY + days) * silences::MINUTES_PER_DAY + 600;
    vec![(600, silences::news(silences::LINK, ANSWER, minute))]
}

#[test]
fn who_only_ever_listened_and_says_something_is_told() {
    let first = |days: u64| (silences::FIRST_DAY + days) * silences::MINUTES_PER_DAY;
    let is_told = |learned: fn(u64) -> Minute, days: u64| {
        let learned = learned_of(days, learned, |_| None);
        let told = alerts_after(learned, days, |minute| with_calls(first(days) + minute), &said_at_ten(days));
        told.iter().any(|(_, alert)| alert.deviation.explanation.contains("only ever listened"))
    };
    assert!(is_told(with_calls, 6));
    assert!(!is_told(with_calls, 4), "four days say little");
    let answered = |minute: u64| {
        let mut done = with_calls(minute);
        done.push(("payload\tfrom=responder\tsize=128", 1));
        done
    };
    assert!(!is_told(answered, 6), "it always spoke, if not so little");
}

/// That payloads of a minute are sent so.
fn sent(manner: Manner, often: u32, minute: u64) -> Observation {
    let mut used = silences::used(minute, &[]);
    used.manners[manner as usize] = often;
    Observation::Used(Box::new(used))
}

/// What is told of a day in whose eleventh hour they are sent so, so often a minute, after a week in which they were sometimes.
fn told_of(manner: Manner, learned: u32, now: u32) -> Vec<String> {
    const WEEK: u64 = 7;
    let others = |minute: u64| minute.is_multiple_of(600).then(|| sent(manner, learned, minute));
    let usual = |_| vec![(silences::ALIVE, 30), (ANSWER, 30)];
    let first = (silences::FIRST_DAY + WEEK) * silences::MINUTES_PER_DAY;
    let news: Vec<(u64, Observation)> = (600..640).map(|minute| (minute, sent(manner, now, first + minute))).collect();
    let told = alerts_after(learned_of(WEEK, usual, others), WEEK, usual, &news);
    told.into_iter().map(|(_, alert)| alert.deviation.explanation).collect()
}

#[test]
fn payloads_that_are_sent_as_they_never_were_are_told() {
    let is = |manner: Manner, words: &str| {
        let told = told_of(manner, 0, 1);
        assert!(told.iter().any(|told| told.contains(words)), "{manner:?}: {told:?}");
        assert!(told_of(manner, 0, 0).is_empty(), "{manner:?}: what goes on as ever");
        assert!(told_of(manner, 40, 1).is_empty(), "{manner:?}: as often as before");
    };
    is(Manner::Unasked, "by itself");
    is(Manner::Late, "held up");
    is(Manner::Repeated, "the same as before");
    is(Manner::OtherName, "one user after the other");
}
