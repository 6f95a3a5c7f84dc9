//! Controllers that report what cannot be, or answer otherwise than they did.

use super::reports::{disturb, tamper};
use super::{cast, channels, commands};
use crate::attacks::Cast;
use crate::clock::{HOUR, MINUTE, seconds, secs};
use crate::sim::Sim;
use crate::ward::building::unit::{HOLDING, INPUT_REGISTERS, INPUTS, Kind};

/// A broken wire: the greatest value there is (an input of 4 to 20 mA that has no current).
pub(super) fn sensor_broken(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Isolation, 1);
    let length = 2 * HOUR;
    for id in channels.iter().copied() {
        tamper(sim, id, 0, length, Vec::new(), |image, _, _| {
            image.set(INPUT_REGISTERS, 0, 0x7fff);
            image.set(INPUTS, 2, 1);
        });
    }
    cast(sim, &channels, Vec::new(), sim.now + length)
}

/// A control loop that is not damped: the pressure swings by 11 Pa both ways, once in four minutes.
pub(super) fn swinging(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Isolation, 1);
    let (begin, length) = (sim.now, 2 * HOUR);
    for id in channels.iter().copied() {
        // Nobody changes what it reports, which belongs to the scenario all the same.
        tamper(sim, id, 0, length, Vec::new(), |_, _, _| {});
        sim.repeat(begin, move |sim| {
            let elapsed = sim.now.since(begin);
            let over = elapsed >= length;
            let swing = 11.0 * libm::sin(std::f64::consts::TAU * elapsed.as_secs_f64() / 240.0);
            sim.ward.building.server(id).units[0].process.disturbance = if over { 0.0 } else { swing };
            (!over).then(|| sim.now + secs(10))
        });
    }
    cast(sim, &channels, Vec::new(), begin + length)
}

/// The mains are gone, and the battery empties by 2.2 % a minute.
pub(super) fn on_battery(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Ups, 1);
    let length = 35 * MINUTE;
    for id in channels.iter().copied() {
        tamper(sim, id, 0, length, Vec::new(), |image, _, elapsed| {
            let charge = 1000_u64.saturating_sub(elapsed.as_secs() * 22 / 60);
            let load = u64::from(image.get(HOLDING, 129)).max(1);
            // Status, charge, minutes that are left, mains voltage and frequency.
            let changed = [(128, 4), (130, charge), (131, charge * 55 / load), (132, 0), (134, 0)];
            for (address, value) in changed {
                image.set(HOLDING, address, value as u16);
            }
        });
    }
    cast(sim, &channels, Vec::new(), sim.now + length)
}

/// The panel is busy with something else, now and then for some seconds.
pub(super) fn busy(sim: &mut Sim) -> Cast {
    /// It is engaged in a long command: ask again later (section 7 of the protocol).
    const SERVER_DEVICE_BUSY: u8 = 6;
    let channels = channels(sim, Kind::Gas, 1);
    let (end, mark) = (sim.now + 70 * MINUTE, sim.net.mark);
    for id in channels.iter().copied() {
        sim.ward.building.server(id).mark = mark;
        let mut dice = sim.dice("busy", id.0 as u64);
        sim.repeat(sim.now, move |sim| {
            let over = sim.now >= end;
            let server = sim.ward.building.server(id);
            server.units[0].refuses = (!over && dice.chance(0.35)).then_some(SERVER_DEVICE_BUSY);
            if over {
                server.mark = 0;
            }
            (!over).then(|| sim.now + seconds(dice.between(5.0, 20.0)))
        });
    }
    cast(sim, &channels, Vec::new(), end)
}

/// Whoever has the gateway puts an answer before the true one, with the transaction identifier that the master waits for:
/// four degrees, while the first fridge warms up.
pub(super) fn answers_doubled(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Fridge, 1);
    let (length, mark) = (2 * HOUR, sim.net.mark);
    for id in channels.iter().copied() {
        let server = sim.ward.building.server(id);
        server.mark = mark;
        server.forged = Some(|adu| {
            // Function 4, octets, then the temperatures of the blood and of the air.
            if let Some([4, _, temperatures @ ..]) = adu.get_mut(7..)
                && let Some(place) = temperatures.get_mut(..4)
            {
                place.copy_from_slice(&[0, 40, 0, 40]);
            }
        });
        disturb(sim, id, 0, length, 0.05);
        sim.after(length, move |sim| {
            let server = sim.ward.building.server(id);
            (server.forged, server.mark) = (None, 0);
        });
    }
    cast(sim, &channels, Vec::new(), sim.now + length)
}

/// Somebody at the controller loads another program, which nobody planned: it starts anew and says another revision.
pub(super) fn revision_changed(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Isolation, 1);
    let (end, mark) = (sim.now + 20 * MINUTE, sim.net.mark);
    for id in channels.iter().copied() {
        commands::start_anew(sim, id);
        let server = sim.ward.building.server(id);
        server.units[0].revision = Some("V11.37");
        server.mark = mark;
        sim.at(end, move |sim| sim.ward.building.server(id).mark = 0);
    }
    cast(sim, &channels, Vec::new(), end)
}
