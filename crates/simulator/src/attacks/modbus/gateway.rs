//! The gateway of the blood fridges: what it is told, and what it tells of them.

use super::reports::{disturb, replay, tamper};
use super::{COMMAND, REPORT, cast, channels, commands};
use crate::attacks::{Cast, Scenario, any_pc};
use crate::clock::{HOUR, MINUTE, secs};
use crate::sim::Sim;
use crate::ward::building::ChannelId;
use crate::ward::building::unit::Kind;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "serial-gateway-set-anew",
        title: "An office PC sets the blood fridges' gateway to another speed, and no fridge answers any more",
        techniques: &[
            "T0836",
            "T0855",
            "T1692.001",
            "T0814",
            "T0816",
            "T0813",
            "T0815",
            "T0826",
            "T0829",
            "T0812",
            "T0859",
            "T0805",
            "T1695",
            "T0804",
            "T1691.002",
        ],
        endangers: "Nobody sees whether blood is cold enough, and no fridge raises an alarm.",
        within_normal: false,
        hour: 18.9,
        start: set_anew,
        ..COMMAND
    },
    Scenario {
        name: "modbus-fridges-alike",
        title: "All blood fridges report what the first of them measured a minute ago, while they warm up",
        endangers: "Fridges that warm up are shown as cold: spoilt blood is given to patients.",
        hour: 9.7,
        start: alike,
        ..REPORT
    },
];

/// Where such gateways are administered.
const ADMINISTRATION: u16 = 4800;

/// A message of that protocol: what, how long, and what follows. Only its head is public, by tools that look for such
/// gateways.
fn administration(function: u8, body: &[u8]) -> Vec<u8> {
    let length = 8 + body.len() as u8;
    [&[function, 0, 0, length, 0, 0, 0, 0], body].concat()
}

/// Serial gateways of this maker have no password as they are delivered, or give theirs to whoever asks (CVE-2016-9361), and
/// those of substations were made useless in 2015, so that nobody could switch them on again (ATT&CK C0028). It starts anew,
/// and at the wrong speed it hears nothing on its line.
fn set_anew(sim: &mut Sim) -> Cast {
    let gateways = channels(sim, Kind::Fridge, 1);
    let mut dice = sim.dice("serial gateway set anew", 0);
    let (pc, end) = (any_pc(sim, &mut dice), sim.now + 45 * MINUTE);
    let own = sim.net.next_port(pc);
    for id in gateways.iter().copied() {
        let host = sim.ward.building.server(id).host;
        // Who it is, its name and its port; then the new speed, twice, and that it holds from now on.
        let speed = 115_200_u32.to_be_bytes();
        let says: [(u8, &[u8], &[u8]); 6] = [
            (0x01, &[], b"\x02\x15\x11\x00\x00\x90\xe8"),
            (0x10, &[], b"FRIDGES-NPORT5110"),
            (0x14, &[1], b"\x00\x00\x4b\x00\x08\x01\x02"),
            (0x21, &speed, &[0]),
            (0x21, &speed, &[0]),
            (0x2a, &[1], &[0]),
        ];
        for (number, (function, asked, told)) in (0..).zip(says) {
            let at = sim.now + secs(9) * number;
            let said = [administration(function, asked), administration(function | 0x80, told)];
            sim.asked(at, [pc, host], [own, ADMINISTRATION], [&said[0], &said[1]]);
        }
        sim.after(MINUTE, move |sim| {
            commands::start_anew(sim, id);
            hear(sim, id, false);
        });
        sim.at(end, move |sim| hear(sim, id, true));
    }
    cast(sim, &gateways, vec![pc], end)
}

/// Whether the gateway hears its units.
fn hear(sim: &mut Sim, id: ChannelId, heard: bool) {
    sim.ward.building.server(id).units.iter_mut().for_each(|unit| unit.silent = !heard);
}

/// Whoever has the gateway answers for all with what one says: as with centrifuges that reported a quiet day (ATT&CK S0603),
/// yet of now, and moving as temperatures do.
fn alike(sim: &mut Sim) -> Cast {
    let gateways = channels(sim, Kind::Fridge, 1);
    let length = 3 * HOUR;
    let end = sim.now + length;
    for id in gateways.iter().copied() {
        let units = &sim.ward.building.server(id).units;
        let (first, count) = (units[0].image.clone(), units.len());
        for unit in 1..count {
            let recorded = vec![first.clone()];
            tamper(sim, id, unit, length, recorded, |image, tamper, _| replay(image, &tamper.recorded[0]));
            disturb(sim, id, unit, length, 0.02);
        }
        sim.repeat(sim.now + MINUTE, move |sim| {
            let units = &mut sim.ward.building.server(id).units;
            let first = units[0].image.clone();
            let told = units.iter_mut().filter_map(|unit| unit.tamper.as_mut()?.recorded.first_mut());
            told.for_each(|image| *image = first.clone());
            Some(sim.now + MINUTE).filter(|next| *next < end)
        });
    }
    cast(sim, &gateways, Vec::new(), end)
}
