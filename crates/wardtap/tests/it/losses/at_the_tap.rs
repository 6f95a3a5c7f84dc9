//! What the tap did not see: every message that is there comes out, none is invented, and what is missing is counted.

use super::judge::judge;
use super::random::Random;
use super::recording::Recording;
use crate::run::told_recordings;

/// What the tap saw of a recording, by its records.
type Choice<'a> = &'a dyn Fn(&Recording) -> Vec<bool>;

/// Judges captures with each choice of what is kept.
fn run(captures: &[String], choices: &[Choice<'_>]) {
    let (mut problems, mut lost, mut told, mut excused) = (Vec::new(), 0, 0, 0);
    for capture in captures {
        let recording = Recording::with_messages(capture);
        for (number, choice) in choices.iter().enumerate() {
            let kept = choice(&recording);
            lost += kept.iter().filter(|&&kept| !kept).count();
            let verdict = judge(&recording, &kept);
            (told, excused) = (told + verdict.told, excused + verdict.excused);
            problems.extend(verdict.problems.iter().map(|problem| format!("{capture}, choice {number}: {problem}")));
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    assert!(lost > 0 && told > 0, "{lost} segments lost, {told} messages told");
    assert!(excused <= told / 50, "{excused} messages were let off, {told} told");
}

/// What is kept where only TCP segments are lost, by their records.
fn of_segments(recording: &Recording, mut keep: impl FnMut(usize) -> bool) -> Vec<bool> {
    (0..recording.segments.len()).map(|record| recording.segments[record].is_none() || keep(record)).collect()
}

/// So many of a hundred segments are lost, here and there.
fn lose(recording: &Recording, share: usize, seed: u64) -> Vec<bool> {
    let mut random = Random::new(&recording.capture, seed);
    of_segments(recording, |_| !random.percent(share))
}

/// The tap began to see with a record.
fn begin(recording: &Recording, first: usize) -> Vec<bool> {
    of_segments(recording, |record| record >= first)
}

/// The tap saw what one address sent: the one that sent the first segment, or the others.
fn one_way(recording: &Recording, opener: bool) -> Vec<bool> {
    let source = |record: usize| recording.segments[record].as_ref().map(|segment| &segment.source.0);
    let first = (0..recording.segments.len()).find_map(source);
    of_segments(recording, |record| (source(record) == first) == opener)
}

#[test]
fn segments_lost_here_and_there() {
    let choices: [Choice<'_>; 5] = [
        &|recording| lose(recording, 3, 1),
        &|recording| lose(recording, 10, 2),
        &|recording| lose(recording, 15, 3),
        &|recording| lose(recording, 30, 4),
        &|recording| lose(recording, 50, 5),
    ];
    run(&told_recordings(), &choices);
}

#[test]
fn begun_in_the_middle() {
    // Behind the SYN, the answer to it, and data here and there.
    let choices: [Choice<'_>; 6] = [
        &|recording| begin(recording, 5),
        &|recording| begin(recording, 6),
        &|recording| begin(recording, 7),
        &|recording| begin(recording, 10),
        &|recording| begin(recording, 17),
        &|recording| begin(recording, 23),
    ];
    run(&told_recordings(), &choices);
}

#[test]
fn one_end_only() {
    run(&told_recordings(), &[&|recording| one_way(recording, true), &|recording| one_way(recording, false)]);
}

#[test]
fn frames_of_what_was_held_until_a_gap() {
    run(&["captures/dicom/move.pcap".to_owned()], &[&|recording| lose(recording, 30, 3)]);
}
