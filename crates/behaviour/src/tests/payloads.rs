//! Payloads that nothing reads: how many there are in an hour of a device that has something to say all the time.

use super::silences::{ALIVE, LARGE, Minute, alerts_after, learned_of};
use super::*;

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
