//! More pairs with refusals than are watched for a storm.

use super::*;
use crate::judge::{Judge, Verdict};
use crate::observation::Observation;

/// Pairs watched at once.
const WATCHED: u32 = 1024;

/// A judge, and the alerts that it raised.
#[derive(Default)]
struct Court {
    judge: Judge,
    raised: usize,
}

impl Court {
    /// Hears of a pair that has been refused so often in all, the last time at so many seconds.
    fn hear(&mut self, requester: u32, refusals: u64, seconds: u64) {
        let mut talk = Talk::new(&NUMBERED);
        talk.refuse(1, 0);
        let mut tally = talk.tick().unwrap();
        tally.pair.requester = Address::v4(requester);
        (tally.responses, tally.refusals) = (refusals, refusals);
        let at = place(1, seconds * NANOS_PER_SECOND);
        (tally.last, tally.refused) = (at, Some((at, at)));
        let raised = &mut self.raised;
        self.judge.observe(&Observation::Tally(Box::new(tally)), &mut |verdict| match verdict {
            Verdict::Alert(_) => *raised += 1,
            Verdict::Incident(_) | Verdict::Device(_) => {}
        });
    }
}

#[test]
fn who_gives_way_while_refused_is_counted() {
    let mut court = Court::default();
    (0..WATCHED).for_each(|pair| court.hear(pair, 1, 100));
    assert_eq!(court.judge.forgotten(), 0);
    court.hear(WATCHED, 1, 160);
    assert_eq!(court.judge.forgotten(), 1, "a minute has not quite passed");
    // All but the latest one are quiet by now: nothing is lost with them.
    (WATCHED + 1..2 * WATCHED).for_each(|pair| court.hear(pair, 1, 161));
    assert_eq!(court.judge.forgotten(), 1);
}

#[test]
fn old_refusals_of_a_pair_that_had_to_give_way_make_no_storm() {
    let mut court = Court::default();
    court.hear(0, 1, 10);
    (1..=WATCHED).for_each(|pair| court.hear(pair, 1, 20));
    assert_eq!(court.judge.forgotten(), 1);
    // Refused now and then for a day, and just now again.
    court.hear(0, 500, 90_000);
    assert_eq!(court.raised, 0);
    // Twenty more within a minute are a storm.
    court.hear(0, 518, 90_010);
    assert_eq!(court.raised, 0);
    court.hear(0, 519, 90_020);
    assert_eq!(court.raised, 1);
}
