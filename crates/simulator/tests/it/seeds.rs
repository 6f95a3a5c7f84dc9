//! Chance comes from the seed alone.

use wardtap_simulator::tap::Faults;

use crate::hours;

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let [one, two, other] = [7, 7, 8].map(|seed| hours(seed, 8, 2, Faults::default()));
    assert!(one.capture.len() > 1_000_000, "{} octets", one.capture.len());
    assert!(one.capture == two.capture, "two runs of one seed differ");
    assert_eq!(one.messages, two.messages);
    assert!(one.capture != other.capture, "another seed gives the same");
}

#[test]
fn a_tap_that_loses_sees_less_and_one_that_doubles_sees_more() {
    let frames = |faults: Faults| hours(3, 9, 1, faults).capture.len() as f64;
    let whole = frames(Faults::default());
    let lossy = frames(Faults { loss: 0.1, ..Faults::default() });
    let doubled = frames(Faults { duplicates: 0.1, ..Faults::default() });
    assert!((0.85..0.95).contains(&(lossy / whole)), "{}", lossy / whole);
    assert!((1.05..1.15).contains(&(doubled / whole)), "{}", doubled / whole);
}
