//! The laboratory's devices.

use std::time::Duration;

use super::{Cast, Family, Scenario};
use crate::clock::{HOUR, MINUTE, Time};
use crate::sim::Sim;

/// All of them.
pub const ALL: &[Scenario] = &[Scenario {
    name: "analyser-clock-reset",
    title: "An analyser that was switched off has forgotten the date: its results are of January 2010",
    family: Family::Fault,
    techniques: &["T0832", "T0856", "T1692.002", "T0836", "T1565.001"],
    endangers: "New results are filed as ones of sixteen years ago, where no physician looks for them.",
    within_normal: true,
    held_out: false,
    tool: None,
    hour: 6.1,
    prepared: Duration::ZERO,
    start: clock_reset,
}];

/// The beginning of 2010, where the clock of many a board begins whose battery is empty.
const FIRST: Time = Time::from_secs(1_262_304_000);

/// The second analyser, which counts blood: it was switched off and on, and somebody sets its clock when he sees it.
fn clock_reset(sim: &mut Sim) -> Cast {
    let (mark, end) = (sim.net.mark, sim.now + HOUR.mul_f64(2.6));
    let behind = sim.now.since(FIRST);
    let place = 1.min(sim.ward.laboratory.analysers.len() - 1);
    let analyser = &mut sim.ward.laboratory.analysers[place];
    (analyser.behind, analyser.mark) = (behind, mark);
    let host = analyser.host;
    sim.restart(host, 4 * MINUTE);
    sim.at(end, move |sim| {
        let analyser = &mut sim.ward.laboratory.analysers[place];
        (analyser.behind, analyser.mark) = (Duration::ZERO, 0);
    });
    Cast { victims: vec![host, sim.ward.site().lis], attackers: Vec::new(), end }
}
