use wardtap_dissect::Finding;
use wardtap_net::flow::{FlowIdentity, FlowKey, OrientedBy};

use super::*;
use crate::alert::{Alert, Severity, State};
use crate::judge::{Judge, Verdict};
use crate::observation::{Content, Observation};

/// The alerts that a judge raises over tallies, in order; `new` ones only.
fn judge(tallies: impl IntoIterator<Item = Option<Tally>>) -> Vec<Alert> {
    let mut judge = Judge::default();
    let mut raised = Vec::new();
    for tally in tallies.into_iter().flatten() {
        judge.observe(&Observation::Tally(Box::new(tally)), &mut |verdict| match verdict {
            Verdict::Alert(alert) if alert.state == State::New => raised.push(*alert),
            Verdict::Alert(_) | Verdict::Incident(_) | Verdict::Device(_) => {}
        });
    }
    raised
}

fn names(alerts: &[Alert]) -> Vec<&'static str> {
    alerts.iter().map(|alert| alert.deviation.about.name).collect()
}

/// What is raised of a talk that ends with one tick.
fn raised(protocol: &'static Protocol, talk: impl FnOnce(&mut Talk)) -> Vec<&'static str> {
    let mut said = Talk::new(protocol);
    talk(&mut said);
    names(&judge([said.tick()]))
}

#[test]
fn sweep_many_targets_in_vain() {
    let unanswered = |count: u64| move |talk: &mut Talk| (0..count).for_each(|door| talk.ask(door, 0));
    assert_eq!(raised(&NUMBERED, unanswered(10)), ["sweep"]);
    assert_eq!(raised(&NUMBERED, unanswered(9)), [""; 0], "a gateway with some dead units");
    // Names are fewer.
    assert_eq!(raised(&NAMED, unanswered(5)), ["sweep"]);
    assert_eq!(raised(&NAMED, unanswered(4)), [""; 0]);
}

#[test]
fn sweep_not_when_most_targets_answer() {
    let most = |answering: u64| {
        move |talk: &mut Talk| {
            for door in 0..10 + answering {
                talk.ask(door, 0);
                if door >= 10 {
                    talk.answer(door, 0);
                }
            }
        }
    };
    assert_eq!(raised(&NUMBERED, most(3)), ["sweep"], "10 of 13 in vain");
    assert_eq!(raised(&NUMBERED, most(4)), [""; 0], "10 of 14: below three quarters");
}

#[test]
fn sweep_not_when_dead_targets_are_polled() {
    let polled = |talk: &mut Talk| {
        for _ in 0..6 {
            (0..20).for_each(|door| talk.ask(door, 0));
        }
    };
    assert_eq!(raised(&NUMBERED, polled), [""; 0]);
}

#[test]
fn sweep_many_targets_visited_once() {
    let visited = |count: u64, rounds: u64| {
        move |talk: &mut Talk| {
            for _ in 0..rounds {
                for door in 0..count {
                    talk.ask(door, 0);
                    talk.answer(door, 0);
                }
            }
        }
    };
    assert_eq!(raised(&NUMBERED, visited(64, 1)), ["sweep"]);
    assert_eq!(raised(&NUMBERED, visited(63, 1)), [""; 0]);
    assert_eq!(raised(&NUMBERED, visited(64, 3)), [""; 0], "asked for again and again: a large gateway");
}

#[test]
fn sweep_through_addresses() {
    let refused = |count: u64| {
        move |talk: &mut Talk| {
            for step in 0..count {
                talk.ask(1, 7 * step);
                talk.refuse(1, 7 * step);
            }
        }
    };
    assert_eq!(raised(&NUMBERED, refused(12)), ["sweep"]);
    assert_eq!(raised(&NUMBERED, refused(11)), [""; 0]);
    let asked = |count: u64| {
        move |talk: &mut Talk| {
            for step in 0..count {
                talk.ask(1, step);
                talk.answer(1, step);
            }
        }
    };
    assert_eq!(raised(&NUMBERED, asked(256)), ["sweep"]);
    assert_eq!(raised(&NUMBERED, asked(255)), [""; 0]);
    let cycling = |talk: &mut Talk| {
        for step in 0..5000 {
            talk.ask(1, step % 200);
            talk.answer(1, step % 200);
        }
    };
    assert_eq!(raised(&NUMBERED, cycling), [""; 0], "a large map, read over and over");
}

#[test]
fn sweep_says_what_it_saw() {
    let mut talk = Talk::new(&NAMED);
    for door in 0..12 {
        talk.ask(door, 0);
        talk.refuse(door, 0);
    }
    let alert = judge([talk.tick()]).pop().unwrap();
    let deviation = &alert.deviation;
    assert_eq!((deviation.device, deviation.peer), (ASKED, Some(ASKING)));
    assert!(
        deviation.observed.starts_with("12 doors asked for, 12 of them in vain (first: door 0, door 1"),
        "{}",
        deviation.observed
    );
    assert_eq!(alert.evidence.iter().map(|place| place.frame.number()).collect::<Vec<_>>(), [2, 24]);
}

#[test]
fn storm_twenty_refusals_that_are_half_of_the_answers() {
    let storm = |refused: u64, answered: u64| {
        move |talk: &mut Talk| {
            for number in 0..refused + answered {
                talk.ask(1, 0);
                // The good ones among the bad: those before the first refusal lie before the window.
                if (1..=answered).contains(&number) { talk.answer(1, 0) } else { talk.refuse(1, 0) }
            }
        }
    };
    assert_eq!(raised(&NUMBERED, storm(20, 0)), ["refusal-storm"]);
    assert_eq!(raised(&NUMBERED, storm(19, 0)), [""; 0]);
}

#[test]
fn storm_not_when_most_answers_are_good() {
    // Over ticks, as in life: the first refusal begins the window.
    let run = |good_per_bad: u64| {
        let mut talk = Talk::new(&NUMBERED);
        let mut tallies = Vec::new();
        for _ in 0..25 {
            talk.refuse(1, 0);
            (0..good_per_bad).for_each(|_| talk.answer(1, 0));
            tallies.push(talk.tick());
        }
        names(&judge(tallies))
    };
    assert_eq!(run(0), ["refusal-storm"]);
    assert_eq!(run(1), ["refusal-storm"], "half");
    assert_eq!(run(2), [""; 0]);
}

#[test]
fn storm_not_when_refusals_are_spread_over_time() {
    let run = |seconds: u64| {
        let mut talk = Talk::new(&NUMBERED);
        let mut tallies = Vec::new();
        for _ in 0..100 {
            talk.refuse(1, 0);
            talk.later(seconds);
            tallies.push(talk.tick());
        }
        names(&judge(tallies))
    };
    assert_eq!(run(1), ["refusal-storm"]);
    assert_eq!(run(4), [""; 0], "fifteen a minute");
}

#[test]
fn storm_after_long_good_service() {
    let mut talk = Talk::new(&NUMBERED);
    let mut tallies = Vec::new();
    for _ in 0..10_000 {
        talk.ask(1, 0);
        talk.answer(1, 0);
    }
    tallies.push(talk.tick());
    for _ in 0..20 {
        talk.ask(1, 0);
        talk.refuse(1, 0);
    }
    tallies.push(talk.tick());
    let alerts = judge(tallies);
    assert_eq!(names(&alerts), ["refusal-storm"]);
    assert_eq!(alerts[0].deviation.count, 20);
    assert!(
        alerts[0].deviation.observed.starts_with("20 refusals among 20 answers"),
        "{}",
        alerts[0].deviation.observed
    );
}

#[test]
fn a_sweep_is_not_told_as_a_storm_as_well() {
    let mut talk = Talk::new(&NUMBERED);
    let mut tallies = Vec::new();
    for door in 0..200 {
        talk.ask(door, 0);
        talk.refuse(door, 0);
        if door % 50 == 49 {
            tallies.push(talk.tick());
        }
    }
    assert_eq!(names(&judge(tallies)), ["sweep"]);
}

#[test]
fn executable_is_raised_for_every_kind_once() {
    let flow = FlowIdentity {
        key: FlowKey::default(),
        first: Timestamp::default(),
        originator: Side::A,
        oriented_by: OrientedBy::Syn,
        macs: Default::default(),
        vlan: None,
    };
    let content = |format: &'static str, frame: u64| {
        Observation::Content(Box::new(Content {
            finding: Finding::Executable { side: Side::A, format, place: "at the start of a data set" },
            protocol: &NUMBERED,
            sender: ASKING,
            receiver: ASKED,
            flow,
            gap_bytes: 7,
            one_sided: true,
            place: place(frame, frame),
            sha256: Some([9; 32]),
        }))
    };
    let mut judge = Judge::default();
    let mut alerts = Vec::new();
    for observation in [content("ELF", 3), content("ELF", 8), content("Windows PE", 9)] {
        judge.observe(&observation, &mut |verdict| {
            if let Verdict::Alert(alert) = verdict {
                alerts.push(alert);
            }
        });
    }
    assert_eq!(alerts.len(), 2, "the second ELF is folded into the first");
    let first = &alerts[0].deviation;
    assert_eq!((first.severity, first.device, first.peer), (Severity::Critical, ASKED, Some(ASKING)));
    assert_eq!((first.sha256, first.gap_bytes, first.one_sided), (Some([9; 32]), 7, true));
    assert_eq!(first.observed, "ELF at the start of a data set");
    assert_eq!(alerts[1].deviation.observed, "Windows PE at the start of a data set");
}
