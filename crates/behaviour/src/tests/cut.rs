//! A conversation that did more than is told apart while it was learned: what is new there may have been there already.

use super::silences::{FIRST_DAY, LINK, MINUTES_PER_DAY, Minute, SAY, alerts_after, learned_of, news, used};
use crate::links::Use;
use crate::observation::Observation;

const DAYS: u64 = 4;

/// Does a thing, and as many others as a conversation has that does ever more.
fn says(minute: u64) -> Minute {
    let other = |door: u64| (&*format!("speech say\tdoor={door}").leak(), 2);
    if minute.is_multiple_of(30) {
        std::iter::once((SAY, 2)).chain((100..180).map(other)).collect()
    } else {
        Vec::new()
    }
}

/// Does one thing.
fn says_little(minute: u64) -> Minute {
    if minute.is_multiple_of(30) { vec![(SAY, 2)] } else { Vec::new() }
}

/// Whether it is told that an operation is new, behind days on which so many messages each half an hour were not told apart.
fn is_told(says: fn(u64) -> Minute, name: &'static str, untold: u64) -> bool {
    let more = |minute: u64| {
        let used = Use { other_messages: untold, operations: Vec::new(), ..used(minute, &[]) };
        minute.is_multiple_of(30).then(|| Observation::Used(Box::new(used)))
    };
    let minute = (FIRST_DAY + DAYS) * MINUTES_PER_DAY + 600;
    let news = [(600, news(LINK, name, minute))];
    let told = alerts_after(learned_of(DAYS, says, more), DAYS, says, &news);
    told.iter().any(|(minute, alert)| *minute == 600 && alert.deviation.about.name == "new-operation")
}

#[test]
fn of_what_is_new_there_only_what_is_new_in_kind_is_told() {
    let (another_door, another_kind) = ("speech say\tdoor=7", "speech shout\tdoor=1");
    assert!(is_told(says, another_door, 0) && is_told(says, another_kind, 0));
    assert!(!is_told(says, another_door, 5) && is_told(says, another_kind, 5));
    assert!(is_told(says_little, another_door, 5), "there was no room, which says nothing of what it does");
}
