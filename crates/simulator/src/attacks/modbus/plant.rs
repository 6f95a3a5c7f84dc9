//! The plant: control loops that are retuned, and oxygen of which too much is used.

use super::reports::{disturb, tamper};
use super::{COMMAND, cast, channels, put_back};
use crate::attacks::{Cast, Family, Scenario};
use crate::clock::{HOUR, MINUTE, secs};
use crate::sim::Sim;
use crate::ward::building::ChannelId;
use crate::ward::building::unit::{HOLDING, INPUT_REGISTERS, Kind};
use crate::wire::modbus::Request;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "engineering-station-retunes",
        title: "The engineering station, which only ever reads, writes the control loops of isolation rooms anew",
        techniques: &[
            "T0836",
            "T0855",
            "T1692.001",
            "T0831",
            "T0818",
            "T0843",
            "T0859",
            "T0879",
            "T0889",
            "T0821",
            "T1078",
        ],
        endangers: "The pressure of isolation rooms swings, and germs get out into the corridor every few minutes.",
        within_normal: false,
        hour: 15.9,
        start: retuned,
        ..COMMAND
    },
    Scenario {
        name: "oxygen-overdrawn",
        title: "More oxygen is used than the supply can bring: its pressure falls at all gas panels for hours",
        family: Family::Fault,
        techniques: &["T0831", "T0879", "T0880", "T0826", "T0856", "T1692.002", "T0832"],
        endangers: "Ventilators on all wards run short of oxygen at the same time.",
        hour: 11.4,
        start: overdrawn,
        ..COMMAND
    },
];

/// Where a room keeps its gain, its integral time in seconds and its dead band.
const LOOP: u16 = 500;

/// From a station that was taken over (ATT&CK T0818): it looks what is there, and writes a gain at which no loop is quiet.
/// A technician writes the old values again.
fn retuned(sim: &mut Sim) -> Cast {
    let rooms = channels(sim, Kind::Isolation, 2);
    let Some(station) = sim.ward.building.engineering else { return cast(sim, &[], Vec::new(), sim.now) };
    let end = sim.now + 70 * MINUTE;
    for (number, room) in (0..).zip(rooms.iter().copied()) {
        let own = {
            let server = sim.ward.building.channels[room.0].server;
            sim.channel(station, server)
        };
        let image = &mut sim.ward.building.server(room).units[0].image;
        let before: Vec<u16> = (LOOP..LOOP + 3).map(|address| image.get(HOLDING, address)).collect();
        sim.after(secs(45) * number, move |sim| look(sim, own));
        for (wait, gain) in [(80, 400), (600, 900)] {
            sim.after(secs(45) * number + secs(wait), move |sim| {
                sim.ask(own, 0, &Request::WriteRegisters { address: LOOP, values: vec![gain, 4, 0] });
                sim.ask(own, 0, &Request::Read { function: HOLDING, address: LOOP, quantity: 4 });
                sim.hang_up(own);
            });
        }
        swing(sim, room, secs(45) * number + secs(80), 65 * MINUTE);
        put_back(sim, end + secs(20) * number, own, Request::WriteRegisters { address: LOOP, values: before });
        sim.at(end + MINUTE, move |sim| sim.hang_up(own));
    }
    cast(sim, &rooms, vec![station], end)
}

fn look(sim: &mut Sim, own: ChannelId) {
    sim.ask(own, 0, &Request::DeviceIdentification { code: 1, object: 0 });
    for (function, address, quantity) in [(HOLDING, 40, 8), (HOLDING, LOOP, 4), (INPUT_REGISTERS, 0, 8)] {
        sim.ask(own, 0, &Request::Read { function, address, quantity });
    }
}

/// The pressure goes up and down, more with every minute up to 9 Pa, once in three minutes.
fn swing(sim: &mut Sim, room: ChannelId, wait: std::time::Duration, length: std::time::Duration) {
    let begin = sim.now + wait;
    sim.repeat(begin, move |sim| {
        let elapsed = sim.now.since(begin);
        let over = elapsed >= length;
        let seconds = elapsed.as_secs_f64();
        let swing = (seconds / 100.0).min(9.0) * libm::sin(std::f64::consts::TAU * seconds / 180.0);
        sim.ward.building.server(room).units[0].process.disturbance = if over { 0.0 } else { swing };
        (!over).then(|| sim.now + secs(10))
    });
}

/// Pipes and evaporators are built for a part of all ventilators, and froze in the winter of 2020 (Los Angeles, and before
/// that London): flow rises, pressure falls, and in the end panels alarm, all of them truly.
fn overdrawn(sim: &mut Sim) -> Cast {
    let panels = channels(sim, Kind::Gas, usize::MAX);
    let length = 3 * HOUR;
    for id in panels.iter().copied() {
        tamper(sim, id, 0, length, Vec::new(), |image, _, elapsed| {
            let more = 100 + (elapsed.as_secs() / 72).min(90);
            for address in [6, 7, 20] {
                let flow = u64::from(image.get(INPUT_REGISTERS, address)) * more / 100;
                image.set(INPUT_REGISTERS, address, flow as u16);
            }
        });
        disturb(sim, id, 0, length, -0.3);
    }
    cast(sim, &panels, Vec::new(), sim.now + length)
}
