//! Gas panels that stop working, are silenced or misread, and gas that runs out.

use super::reports::tamper;
use super::{COMMAND, bms, cast, channels, commands, put_back, switch_off_and_on};
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
        hour: 20.2,
        start: reserve,
        ..COMMAND
    },
    Scenario {
        name: "gas-horns-muted",
        title: "The management system mutes the horns of all gas panels again and again in the evening, and resets none",
        techniques: &["T0878", "T0855", "T1692.001", "T0838", "T0831", "T0836", "T0815", "T0806"],
        endangers: "A failing oxygen supply is heard by nobody on the ward.",
        hour: 21.3,
        start: muted,
        ..COMMAND
    },
    Scenario {
        name: "gas-registers-shifted",
        title: "After a change of its program a gas panel's readings stand one register further than they are read",
        family: Family::Fault,
        techniques: &["T0832", "T0856", "T1692.002", "T0831", "T0835", "T0815", "T0836", "T0889"],
        endangers: "Air is shown as oxygen and vacuum as bottles, and alarms follow the wrong ones.",
        hour: 7.7,
        start: shifted,
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

/// The horn of a gas panel, which is silent until the next alarm when it is muted: so it is said again before that.
const HORN: u16 = 0;

/// Whoever wants nobody to come when gas fails needs no other command than the one that is given every day (ATT&CK T0878).
fn muted(sim: &mut Sim) -> Cast {
    let panels = channels(sim, Kind::Gas, usize::MAX);
    let end = sim.now + 2 * HOUR;
    for id in panels.iter().copied() {
        let mut dice = sim.dice("horns muted", id.0 as u64);
        sim.repeat(sim.now + dice.skewed(secs(20), 0.5), move |sim| {
            sim.ask(id, 0, &Request::WriteCoil { address: HORN, on: true });
            Some(sim.now + dice.around(4 * MINUTE, 0.4)).filter(|next| *next < end)
        });
        put_back(sim, end + MINUTE, id, Request::WriteCoil { address: HORN, on: false });
    }
    cast(sim, &panels, vec![bms(sim)], end)
}

/// Registers are counted from 0 on the wire and from 1 in tables (section 4.4 of the protocol): whoever edits a program
/// takes the one for the other. It starts anew with the new one, and somebody sees it at last.
fn shifted(sim: &mut Sim) -> Cast {
    let last: Vec<_> = channels(sim, Kind::Gas, usize::MAX).into_iter().rev().take(1).collect();
    let length = 3 * HOUR;
    for id in last.iter().copied() {
        commands::start_anew(sim, id);
        tamper(sim, id, 0, length, Vec::new(), |image, _, _| {
            if let Some(values) = image.slice(INPUT_REGISTERS, 0, 9) {
                values.rotate_right(1);
                values[0] = 0;
            }
        });
    }
    cast(sim, &last, Vec::new(), sim.now + length)
}
