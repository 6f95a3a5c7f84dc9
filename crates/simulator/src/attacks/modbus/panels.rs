//! Gas panels that stop working, and gas that runs out.

use super::reports::tamper;
use super::{COMMAND, bms, cast, channels, switch_off_and_on};
use crate::attacks::{Cast, Family, Scenario};
use crate::clock::{HOUR, MINUTE, secs};
use crate::sim::Sim;
use crate::ward::building::unit::{INPUT_REGISTERS, INPUTS, Kind};
use crate::wire::modbus::{Request, UMAS};

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "modbus-program-stopped",
        title: "The management system stops the program of a gas panel, which goes on telling its last values",
        techniques: &["T0858", "T0816", "T0855", "T1692.001", "T0831", "T0832", "T0814", "T0815", "T0878", "T0881"],
        endangers: "Alarms of medical gas are not worked out any more, and the screens show values of before.",
        held_out: true,
        hour: 16.6,
        start: stopped,
        ..COMMAND
    },
    Scenario {
        name: "gas-reserve-leaks",
        title: "The reserve bottles of oxygen lose pressure by themselves, half a bar a minute",
        family: Family::Fault,
        techniques: &["T0831", "T0879", "T0880", "T0856", "T1692.002", "T0832"],
        endangers: "When the main supply of oxygen fails there is nothing left that takes its place.",
        held_out: true,
        hour: 20.2,
        start: reserve,
        ..COMMAND
    },
];

/// What the maker's software does to stop a controller: who are you, I take the reservation, stop, I give it back. Nobody has
/// to log in (Schneider M221, CVE-2018-7789 and others; ATT&CK T0858).
const STOP: [&[u8]; 4] = [&[0, 0x02], &[0, 0x10, 0x1b, 0, 0, 0], &[0x1b, 0x41, 0xff, 0], &[0x1b, 0x11]];

fn stopped(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Gas, 1);
    let length = 40 * MINUTE;
    let end = sim.now + length;
    for id in channels.iter().copied() {
        for (step, data) in (0..).zip(STOP) {
            sim.after(secs(3) * step, move |sim| {
                sim.ask(id, 0, &Request::Other { function: UMAS, data: data.to_vec() });
            });
        }
        sim.after(secs(8), move |sim| {
            let last = vec![sim.ward.building.server(id).units[0].image.clone()];
            tamper(sim, id, 0, length - secs(8), last, |image, tamper, _| {
                *image = tamper.recorded[0].clone();
                // The panel's own sign that its program runs.
                image.set(INPUTS, 15, 0);
            });
        });
        switch_off_and_on(sim, end, id);
    }
    cast(sim, &channels, vec![bms(sim)], end)
}

/// Both banks, down to where the panel alarms at last.
fn reserve(sim: &mut Sim) -> Cast {
    let last: Vec<_> = channels(sim, Kind::Gas, usize::MAX).into_iter().rev().take(1).collect();
    let length = 3 * HOUR;
    for id in last.iter().copied() {
        tamper(sim, id, 0, length, Vec::new(), |image, _, elapsed| {
            let lost = (elapsed.as_secs() / 120) as u16;
            for address in [4, 5] {
                let left = image.get(INPUT_REGISTERS, address).saturating_sub(lost);
                image.set(INPUT_REGISTERS, address, left);
            }
            let low = u16::from(image.get(INPUT_REGISTERS, 4) < 100);
            image.set(INPUTS, 7, low);
        });
    }
    cast(sim, &last, Vec::new(), sim.now + length)
}
