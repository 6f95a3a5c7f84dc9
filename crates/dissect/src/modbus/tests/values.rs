//! The values that messages carry at known places.

use super::*;

#[test]
fn what_was_read_stands_where_it_was_asked_for() {
    // APS 6.3: 3 registers from 107; APS 6.1: 19 coils from 19.
    let steps = [
        ask(1, &[3, 0, 0x6b, 0, 3]),
        tell(1, &[3, 6, 2, 0x2b, 0, 0, 0, 0x64]),
        ask(2, &[1, 0, 0x13, 0, 0x13]),
        tell(2, &[1, 3, 0xcd, 0x6b, 5]),
    ];
    let coils = vec![1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1];
    assert_eq!(run(&ON_502, &steps).values, [(107, vec![0x22b, 0, 0x64]), (19, coils)]);
}

#[test]
fn what_is_written_together_counts_once() {
    // APS 6.12 and 6.11: the answers repeat no values.
    let steps = [
        ask(1, &[16, 0, 1, 0, 2, 4, 0, 0x0a, 1, 2]),
        tell(1, &[16, 0, 1, 0, 2]),
        ask(2, &[15, 0, 0x13, 0, 0x0a, 2, 0xcd, 1]),
        tell(2, &[15, 0, 0x13, 0, 0x0a]),
    ];
    let coils = vec![1, 0, 1, 1, 0, 0, 1, 1, 1, 0];
    assert_eq!(run(&ON_502, &steps).values, [(1, vec![10, 258]), (19, coils)]);
}

#[test]
fn one_that_reads_and_writes_has_both() {
    // APS 6.17: reads 6 registers from 3, writes 3 from 14.
    let written = [23, 0, 3, 0, 2, 0, 14, 0, 3, 6, 0, 0xff, 0, 0xfe, 0, 0xfd];
    let steps = [ask(1, &written), tell(1, &[23, 4, 0, 0xfe, 0x0a, 0xcd])];
    assert_eq!(run(&ON_502, &steps).values, [(14, vec![255, 254, 253]), (3, vec![254, 0xacd])]);
}

#[test]
fn none_without_a_place_a_whole_answer_or_more_than_one_value() {
    let unasked = [tell(1, &[3, 2, 0, 7])];
    assert_eq!(run(&MIDDLE, &unasked).values, []);
    let refused = [ask(1, &[3, 0, 1, 0, 1]), tell(1, &[0x83, 2])];
    assert_eq!(run(&ON_502, &refused).values, []);
    let single = [ask(1, &[6, 0, 1, 0, 3]), ask(2, &[16, 0, 1, 0, 1, 2, 0, 5])];
    assert_eq!(run(&ON_502, &single).values, [], "a feature tells them");
    let cut = [ask(1, &[3, 0, 1, 0, 2]), Step::Bytes(Side::B, adu(1, 1, &[3, 4, 0, 7, 0, 9])[..11].to_vec())];
    assert_eq!(run(&ON_502, &cut).values, []);
}

#[test]
fn an_answer_of_another_length_tells_no_more_than_there_is() {
    let short = [ask(1, &[3, 0, 1, 0, 9]), tell(1, &[3, 4, 0, 7, 0, 9])];
    assert_eq!(run(&ON_502, &short).values, [(1, vec![7, 9])]);
    let long = [ask(1, &[3, 0, 1, 0, 1]), tell(1, &[3, 4, 0, 7, 0, 9])];
    assert_eq!(run(&ON_502, &long).values, [(1, vec![7])]);
}
