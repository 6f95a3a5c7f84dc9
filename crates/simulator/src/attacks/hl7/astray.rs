//! Links that are there every day, gone astray by themselves or by a careless hand.

use super::{Cast, fault, hours, paced, to_application};
use crate::clock::HOUR;
use crate::sim::Sim;
use crate::ward::laboratory;
use crate::ward::links::Tamper;
use crate::ward::records;
use crate::ward::records::engine::{self, Receiver};

/// Messages with processing id T (HL7 table 0103) where all others have P.
pub(super) fn test_data(sim: &mut Sim) -> Cast {
    let lis = sim.ward.site().lis;
    let end = paced(sim, "test data", 25, 200.0, move |sim, dice, _| {
        let Some(patient) = records::somebody(sim, dice) else { return };
        let mut message = laboratory::invented_report(sim, dice, patient, 0.0);
        message.processing = 'T';
        engine::forward(sim, lis, message);
    });
    fault(vec![lis, sim.ward.site().engine, sim.ward.site().ehr], end)
}

/// The rule for the laboratory's results stands there seven times: the same control ids follow one another.
pub(super) fn engine_loop(sim: &mut Sim) -> Cast {
    let (engine, ehr, mark) = (sim.ward.site().engine, sim.ward.site().ehr, sim.net.mark);
    let link = to_application(sim, "EHR");
    let rule = Receiver {
        application: "EHR",
        link,
        wants: |site, from, message| from == site.lis && message.event[0] == "ORU",
    };
    let receivers = &mut sim.ward.records.engine.receivers;
    let before = receivers.len();
    receivers.extend(std::iter::repeat_n(rule, 6));
    sim.ward.links.get_mut(link).tamper = Some(Tamper { mark, change: |message, _| message.ends[0] == "LIS" });
    sim.after(HOUR * 2, move |sim| {
        sim.ward.records.engine.receivers.truncate(before);
        sim.ward.links.get_mut(link).tamper = None;
    });
    fault(vec![engine, ehr], hours(sim, 2.0))
}

/// The part that takes messages runs, and what works with them does not: no queries of analysers follow, and no results.
pub(super) fn orders_lost(sim: &mut Sim) -> Cast {
    let (lis, mark) = (sim.ward.site().lis, sim.net.mark);
    let link = to_application(sim, "LIS");
    let state = sim.ward.links.get_mut(link);
    (state.slowness, state.mark) = (0.2, mark);
    sim.ward.laboratory.forgetful = true;
    sim.after(HOUR * 3, move |sim| {
        let state = sim.ward.links.get_mut(link);
        (state.slowness, state.mark) = (1.0, 0);
        sim.ward.laboratory.forgetful = false;
    });
    fault(vec![lis], hours(sim, 3.0))
}
