//! Learning over times in which nobody watched: what was not heard then was not silent.

use wardtap_net::packet::Timestamp;

use super::silences::{ALIVE, FIRST_DAY, LARGE, MINUTES_PER_DAY, Minute, SAY, alerts_after, judge, used};
use super::*;
use crate::baseline::calibrate::profiles;
use crate::baseline::file::LearnedCapture;
use crate::baseline::learner::Learner;
use crate::baseline::profile::Profiles;
use crate::baseline::store::Store;
use crate::baseline::watched::Watched;
use crate::judge::Behaviour;
use crate::observation::Observation;
use crate::parties::Parties;
use crate::site::Site;

const DAYS: u64 = 4;
/// Minutes of the third day in which nobody watched.
const GAP: std::ops::Range<u64> =
    FIRST_DAY * MINUTES_PER_DAY + 2 * MINUTES_PER_DAY + 605..FIRST_DAY * MINUTES_PER_DAY + 2 * MINUTES_PER_DAY + 656;

/// How the learner comes to know of it.
#[derive(Clone, Copy, PartialEq)]
enum Told {
    /// Not at all.
    Never,
    /// The clock of a running sensor was set, or its machine stood still.
    Step,
    /// The sensor was started again.
    Start,
}

/// Signs of life each minute, and something that is said at any hour but near its ends.
fn usual(minute: u64) -> Minute {
    let mut done = vec![(ALIVE, 1), (LARGE, 8)];
    if (10..50).contains(&(minute % 60)) {
        done.push((SAY, 2));
    }
    done
}

/// What is learned of four days with a gap.
fn learned(told: Told) -> Store {
    let learning = |learner| judge(Behaviour::new(Parties::new(Site::default()), None, Some(learner)));
    let stored = |judge: &mut crate::judge::Judge| {
        let behaviour = judge.behaviour().take().expect("it learns");
        behaviour.learner.expect("it learns").into_store(&behaviour.parties, judge.devices())
    };
    let mut judge = learning(Learner::default());
    let at = |minute: u64| Timestamp::from_seconds(minute * 60);
    for minute in FIRST_DAY * MINUTES_PER_DAY..(FIRST_DAY + DAYS) * MINUTES_PER_DAY {
        if GAP.contains(&minute) {
            continue;
        }
        if minute == GAP.end {
            match told {
                Told::Never => {}
                Told::Step => judge.unwatched(at(GAP.start - 1), at(minute)),
                Told::Start => {
                    let before = stored(&mut judge);
                    let mut parties = Parties::new(Site::default());
                    let learner = Learner::going_on(before, &mut parties).behind(GAP.start as u32 - 1);
                    judge = self::judge(Behaviour::new(parties, None, Some(learner)));
                }
            }
        }
        judge.observe(&Observation::Used(Box::new(used(minute, &usual(minute)))), &mut |_| {});
    }
    stored(&mut judge)
}

/// The two parts that were watched.
fn watched() -> Watched {
    let part = |first: u64, last: u64| LearnedCapture {
        digest: [0; 32],
        first: first * 60 * NANOS_PER_SECOND,
        last: last * 60 * NANOS_PER_SECOND,
        packets: 1,
    };
    let all = FIRST_DAY * MINUTES_PER_DAY..(FIRST_DAY + DAYS) * MINUTES_PER_DAY;
    Watched::of(&[part(all.start, GAP.start), part(GAP.end, all.end)])
}

fn profiles_of(told: Told, watched: &Watched) -> Profiles {
    profiles(&learned(told), watched, &Site::default(), 5.0)
}

#[test]
fn no_device_was_silent_while_nobody_watched() {
    let longest = |told| {
        let profiles = profiles_of(told, &watched());
        profiles.devices.values().map(|device| device.pause).max().expect("there are devices")
    };
    assert_eq!(longest(Told::Never), 52, "as it would be if they had been");
    assert_eq!((longest(Told::Step), longest(Told::Start)), (1, 1));
}

#[test]
fn what_was_not_there_in_the_few_minutes_that_were_watched_of_an_hour_is_missed_in_it_all_the_same() {
    let day = |minute: u64| match usual(minute) {
        done if (600..690).contains(&minute) => done.into_iter().filter(|(name, _)| *name != SAY).collect(),
        done => done,
    };
    let told = |watched: &Watched| alerts_after(profiles_of(Told::Step, watched), DAYS, day, &[]);
    let found = told(&watched());
    let (minute, alert) = found.first().expect("it is told");
    assert_eq!(alert.deviation.about.name, "silence");
    assert!((650..690).contains(minute), "{minute}: {}", alert.deviation.observed);
    assert!(told(&Watched::default()).is_empty(), "as if it had been left out on a day");
    assert!(alerts_after(profiles_of(Told::Step, &watched()), DAYS, usual, &[]).is_empty());
}
