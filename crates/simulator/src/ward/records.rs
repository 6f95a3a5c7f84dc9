//! The health record: admissions, and everything that other systems hear of them.

use crate::clock::secs;
use crate::sim::Sim;
use crate::wire::hl7::Message;

/// What goes on there.
#[derive(Debug, Default)]
pub struct Records {}

/// Sets the feeds up.
pub fn open(sim: &mut Sim) {
    let (ehr, engine) = (sim.ward.site().ehr, sim.ward.site().engine);
    let feed = sim.link(ehr, engine, 6661);
    let mut dice = sim.dice("admissions", 0);
    let mut count = 0_u64;
    sim.repeat(sim.now + secs(5), move |sim| {
        count += 1;
        let message = Message {
            ends: ["EHR".into(), "WARD".into(), "ENGINE".into(), "WARD".into()],
            time: sim.calendar.digits(sim.now),
            event: ["ADT".into(), "A01".into(), "ADT_A01".into()],
            control_id: format!("E{count:08}"),
            version: "2.5.1",
            segments: vec!["EVN|A01".into(), "PID|1||4711||CANARY^ANNA".into(), "PV1|1|I".into()],
        };
        sim.deliver(feed, message, |_, _| {});
        let wait = dice.clumped(120.0 * sim.calendar.clinical(sim.now));
        Some(sim.now + wait)
    });
}
