//! What is said of scenarios: when, whom, what for.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::Duration;

use wardtap_simulator::attacks::{self, Family, Scenario};
use wardtap_simulator::clock::{DAY, OPENING, Time};
use wardtap_simulator::sim::Sim;
use wardtap_simulator::ward;

/// A scenario's last words may come so much later: connections are closed, messages are passed on.
const LATE: Duration = Duration::from_secs(120);

/// Those that hold up what others send are played in a hospital of their own.
#[test]
fn scenarios_lie_between_their_ends() {
    let (blocking, others) = attacks::all().partition(|scenario| scenario.family == Family::Availability);
    let wrong = [blocking, others].map(out_of_time);
    assert_eq!(wrong, [vec![], vec![]]);
}

/// What scenarios send before they begin, or long after their ends, in the smallest hospital.
fn out_of_time(scenarios: Vec<&'static Scenario>) -> Vec<(&'static str, Duration, Duration)> {
    let mut sim = Sim::new(1, OPENING);
    ward::open(&mut sim, 50);
    scenarios.into_iter().for_each(|scenario| attacks::play(&mut sim, scenario, OPENING));
    let mut seen: BTreeMap<u16, [Time; 2]> = BTreeMap::new();
    let Ok(()) = sim.run(OPENING + DAY * 2, |frame| {
        if frame.mark != 0 {
            seen.entry(frame.mark).or_insert([frame.time; 2])[1] = frame.time;
        }
        Ok::<_, Infallible>(())
    });
    let mut wrong = Vec::new();
    for played in &sim.played {
        if let Some([first, last]) = seen.get(&played.mark) {
            let (early, late) = (played.begin.since(*first), last.since(played.cast.end));
            if !early.is_zero() || late > LATE {
                wrong.push((played.scenario.name, early, late));
            }
        }
    }
    wrong
}

#[test]
fn scenarios_say_what_they_are() {
    let names: BTreeSet<&str> = attacks::all().map(|scenario| scenario.name).collect();
    assert_eq!(names.len(), attacks::all().count());
    for scenario in attacks::all() {
        assert!(!scenario.title.is_empty() && !scenario.endangers.is_empty(), "{scenario:?}");
        assert!(!scenario.techniques.is_empty(), "{scenario:?}");
        let mut once = scenario.techniques.to_vec();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), scenario.techniques.len(), "{scenario:?} names a technique twice");
    }
}
