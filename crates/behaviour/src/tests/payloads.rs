//! Payloads that nothing reads: how many there are in an hour of a device that has something to say all the time.

use super::silences::{ALIVE, LARGE, Minute, alerts_after, learned_of};
use super::*;
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
