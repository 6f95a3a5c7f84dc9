//! Controllers that are silent, slow or broken.

use super::reports::{disturb, tamper};
use super::{cast, channels};
use crate::attacks::Cast;
use crate::clock::{HOUR, MINUTE};
use crate::sim::Sim;
use crate::ward::building::unit::Kind;

pub(super) fn device_dead(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Gas, 1);
    let end = sim.now + 40 * MINUTE;
    for id in channels.iter().copied() {
        sim.ward.building.server(id).hung = true;
        sim.at(end, move |sim| {
            sim.ward.building.server(id).hung = false;
        });
        super::switch_off_and_on(sim, end, id);
    }
    cast(sim, &channels, Vec::new(), end)
}

pub(super) fn slow_answers(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Gas, 1);
    let (end, mark) = (sim.now + 90 * MINUTE, sim.net.mark);
    for id in channels.iter().copied() {
        let server = sim.ward.building.server(id);
        (server.slowness, server.mark) = (130.0, mark);
        sim.at(end, move |sim| {
            let server = sim.ward.building.server(id);
            (server.slowness, server.mark) = (1.0, 0);
        });
    }
    cast(sim, &channels, Vec::new(), end)
}

pub(super) fn exception_storm(sim: &mut Sim) -> Cast {
    /// The server failed while it did what was asked (section 7 of the protocol).
    const SERVER_DEVICE_FAILURE: u8 = 4;
    let channels = channels(sim, Kind::Ups, 1);
    let (end, mark) = (sim.now + 45 * MINUTE, sim.net.mark);
    for id in channels.iter().copied() {
        let server = sim.ward.building.server(id);
        (server.units[0].refuses, server.mark) = (Some(SERVER_DEVICE_FAILURE), mark);
        sim.at(end, move |sim| {
            let server = sim.ward.building.server(id);
            (server.units[0].refuses, server.mark) = (None, 0);
        });
    }
    cast(sim, &channels, Vec::new(), end)
}

pub(super) fn fridge_warming(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Fridge, 1);
    let length = 5 * HOUR;
    for id in channels.iter().copied() {
        // Nobody changes what it reports, which belongs to the scenario all the same.
        tamper(sim, id, 2, length, Vec::new(), |_, _, _| {});
        disturb(sim, id, 2, length, 0.025);
    }
    cast(sim, &channels, Vec::new(), sim.now + length)
}
