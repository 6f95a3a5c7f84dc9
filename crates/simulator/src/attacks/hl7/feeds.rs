//! What becomes of the hospital's own messages: changed, copied, slow, refused, silent, and wrongly measured.

use super::{Cast, fault, hours, to_application};
use crate::attacks::any_pc;
use crate::clock::{HOUR, MINUTE};
use crate::dice::Dice;
use crate::sim::Sim;
use crate::ward::laboratory::ANALYTES;
use crate::ward::links::{LinkId, Tamper};
use crate::ward::records::engine::{self, Receiver};
use crate::wire::hl7::{Message, with_field};

/// Undoes something on a link after a while.
fn later(sim: &mut Sim, link: LinkId, wait: f64, undo: fn(&mut crate::ward::links::Link)) {
    sim.after(HOUR.mul_f64(wait), move |sim| undo(sim.ward.links.get_mut(link)));
}

/// Numbers in three of ten reports become greater by half.
pub(super) fn tampered(sim: &mut Sim) -> Cast {
    let (engine, ehr) = (sim.ward.site().engine, sim.ward.site().ehr);
    let link = to_application(sim, "EHR");
    sim.ward.links.get_mut(link).tamper = Some(Tamper { mark: sim.net.mark, change: raise });
    later(sim, link, 4.0, |link| link.tamper = None);
    Cast { victims: vec![ehr, engine], attackers: Vec::new(), end: hours(sim, 4.0) }
}

fn raise(message: &mut Message, dice: &mut Dice) -> bool {
    if message.ends[0] != "LIS" || !dice.chance(0.3) {
        return false;
    }
    let mut changed = false;
    for segment in message.segments.iter_mut().filter(|segment| segment.starts_with("OBX|")) {
        let value: Option<f64> = segment.split('|').nth(5).and_then(|value| value.parse().ok());
        if let Some(value) = value {
            *segment = with_field(segment, 5, &format!("{:.1}", value * 1.5));
            changed = true;
        }
    }
    changed
}

/// Potassium rises by three standard deviations within five hours, on the analyser that measures most of it.
pub(super) fn drift(sim: &mut Sim) -> Cast {
    let potassium = ANALYTES.iter().position(|analyte| analyte.code.ends_with("Potassium")).unwrap_or_default();
    let mark = sim.net.mark;
    let Some(analyser) = sim.ward.laboratory.analysers.first_mut() else { return fault(Vec::new(), sim.now) };
    let host = analyser.host;
    analyser.mark = mark;
    let mut steps = 0;
    sim.repeat(sim.now, move |sim| {
        steps += 1;
        let analyser = &mut sim.ward.laboratory.analysers[0];
        if steps <= 60 {
            analyser.bias[potassium] += 0.05;
        } else if steps > 96 {
            // Somebody has noticed, and calibrates.
            analyser.bias[potassium] = 0.0;
            analyser.mark = 0;
            return None;
        }
        Some(sim.now + 5 * MINUTE)
    });
    fault(vec![host], hours(sim, 8.0))
}

/// Acknowledgements take more than a hundred times as long.
pub(super) fn slow(sim: &mut Sim) -> Cast {
    let ehr = sim.ward.site().ehr;
    let (mark, engine) = (sim.net.mark, sim.ward.site().engine);
    let link = to_application(sim, "EHR");
    let state = sim.ward.links.get_mut(link);
    (state.slowness, state.mark) = (130.0, mark);
    later(sim, link, 2.5, |link| (link.slowness, link.mark) = (1.0, 0));
    fault(vec![ehr, engine], hours(sim, 2.5))
}

/// The laboratory's results wait; its queries, analysers and what it receives go on.
pub(super) fn silent(sim: &mut Sim) -> Cast {
    let (lis, engine) = (sim.ward.site().lis, sim.ward.site().engine);
    let link = engine::feed(sim, lis);
    sim.ward.links.get_mut(link).open_for_messages = false;
    later(sim, link, 3.0, |link| link.open_for_messages = true);
    fault(vec![lis, engine], hours(sim, 3.0))
}

/// The pharmacy's database is full, or somebody has seen to that.
pub(super) fn refusals(sim: &mut Sim) -> Cast {
    let (mark, pharmacy, engine) = (sim.net.mark, sim.ward.site().pharmacy, sim.ward.site().engine);
    let link = to_application(sim, "RXSYS");
    let state = sim.ward.links.get_mut(link);
    (state.refusals, state.mark) = (0.7, mark);
    later(sim, link, 1.5, |link| (link.refusals, link.mark) = (0.0005, 0));
    fault(vec![pharmacy, engine], hours(sim, 1.5))
}

/// Somebody on the way lets messages through, and no acknowledgement back.
pub(super) fn suppressed(sim: &mut Sim) -> Cast {
    let (mark, lis, engine) = (sim.net.mark, sim.ward.site().lis, sim.ward.site().engine);
    let link = to_application(sim, "LIS");
    let state = sim.ward.links.get_mut(link);
    (state.muted, state.mark) = (true, mark);
    later(sim, link, 1.2, |link| (link.muted, link.mark) = (false, 0));
    fault(vec![lis, engine], hours(sim, 1.2))
}

/// One more receiver in the engine's configuration: nothing is changed, and all that goes there belongs to the scenario.
pub(super) fn copied(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("copied feed", sim.now.0);
    let (pc, engine) = (any_pc(sim, &mut dice), sim.ward.site().engine);
    let link = sim.link(engine, pc, 6760);
    let mark = sim.net.mark;
    sim.ward.records.engine.receivers.push(Receiver {
        application: "ARCHIVE",
        link,
        wants: |_, _, message| matches!(message.event[0].as_str(), "ADT" | "ORU"),
    });
    sim.ward.links.get_mut(link).tamper = Some(Tamper { mark, change: |_, _| true });
    sim.after(HOUR * 3, move |sim| {
        sim.ward.records.engine.receivers.retain(|receiver| receiver.link != link);
        sim.close_links(pc);
    });
    Cast { victims: vec![engine], attackers: vec![pc], end: hours(sim, 3.0) }
}
