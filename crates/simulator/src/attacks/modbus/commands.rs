//! Commands by the right master.

use super::{bms, cast, channels, put_back, register, switch_off_and_on};
use crate::attacks::Cast;
use crate::clock::{HOUR, MINUTE, ms, secs};
use crate::sim::Sim;
use crate::ward::building::ChannelId;
use crate::ward::building::unit::{Kind, OXYGEN_LOW, OXYGEN_OFFSET, PRESSURE_SETPOINT, signed};
use crate::wire::modbus::Request;

/// Writes a register of each controller of a kind, one after the other, and has it put back hours later.
fn write_each(sim: &mut Sim, kind: Kind, most: usize, address: u16, value: u16, before: u16) -> Cast {
    let channels = channels(sim, kind, most);
    let end = sim.now + HOUR;
    for (number, id) in (0..).zip(&channels) {
        let id = *id;
        sim.after(secs(9) * number, move |sim| {
            sim.ask(id, 0, &register(address, value));
        });
        put_back(sim, end + secs(20) * number, id, register(address, before));
    }
    cast(sim, &channels, vec![bms(sim)], end)
}

pub(super) fn isolation_setpoint(sim: &mut Sim) -> Cast {
    write_each(sim, Kind::Isolation, 2, PRESSURE_SETPOINT, signed(80), signed(-150))
}

pub(super) fn gas_alarm_limit(sim: &mut Sim) -> Cast {
    write_each(sim, Kind::Gas, 4, OXYGEN_LOW, 150, 380)
}

pub(super) fn unused_register(sim: &mut Sim) -> Cast {
    write_each(sim, Kind::Gas, 2, OXYGEN_OFFSET, 910, 1000)
}

/// A controller starts anew: its connections are gone and it is away for a while.
pub(super) fn start_anew(sim: &mut Sim, id: ChannelId) {
    let host = sim.ward.building.server(id).host;
    sim.close_channels(host);
    sim.net.host_mut(host).up = false;
    sim.ward.building.server(id).units[0].silent = false;
    sim.after(secs(28), move |sim| {
        sim.net.host_mut(host).up = true;
        sim.net.announce(sim.now, host);
    });
}

pub(super) fn restart(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Gas, 2);
    let end = sim.now + 12 * MINUTE;
    for round in 0..4 {
        for (number, id) in (0..).zip(&channels) {
            let id = *id;
            sim.after(3 * MINUTE * round + secs(20) * number, move |sim| {
                sim.ask(id, 0, &Request::Diagnostics { subfunction: 1, data: 0 });
                start_anew(sim, id);
            });
        }
    }
    cast(sim, &channels, vec![bms(sim)], end)
}

pub(super) fn listen_only(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Isolation, 2);
    let end = sim.now + 40 * MINUTE;
    for (number, id) in (0..).zip(&channels) {
        let id = *id;
        sim.after(secs(12) * number, move |sim| {
            sim.ask(id, 0, &Request::Diagnostics { subfunction: 4, data: 0 });
        });
        switch_off_and_on(sim, end + secs(40) * number, id);
    }
    cast(sim, &channels, vec![bms(sim)], end)
}

pub(super) fn write_file(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Isolation, 1);
    let mut dice = sim.dice("write file", 0);
    let Some(id) = channels.first().copied() else { return cast(sim, &channels, Vec::new(), sim.now) };
    for number in 0..48_u16 {
        // Reference type 6, file 4, record, 100 registers (section 6.15 of the protocol).
        let mut data = vec![207, 6, 0, 4];
        data.extend_from_slice(&(number * 100).to_be_bytes());
        data.extend_from_slice(&[0, 100]);
        data.extend((0..25).flat_map(|_| dice.bits().to_be_bytes()));
        sim.after(ms(650) * u32::from(number), move |sim| {
            sim.ask(id, 0, &Request::Other { function: 21, data });
        });
    }
    cast(sim, &channels, vec![bms(sim)], sim.now + MINUTE)
}

pub(super) fn slow_drift(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Isolation, 1);
    let mut dice = sim.dice("slow drift", 0);
    let Some(id) = channels.first().copied() else { return cast(sim, &channels, Vec::new(), sim.now) };
    let mut then = sim.now;
    for value in (-150..=-20).step_by(5) {
        sim.at(then, move |sim| {
            sim.ask(id, 0, &register(PRESSURE_SETPOINT, signed(value)));
        });
        then += dice.around(15 * MINUTE, 0.2);
    }
    put_back(sim, then + HOUR, id, register(PRESSURE_SETPOINT, signed(-150)));
    cast(sim, &channels, vec![bms(sim)], then)
}

pub(super) fn coil_toggling(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Isolation, 1);
    let Some(id) = channels.first().copied() else { return cast(sim, &channels, Vec::new(), sim.now) };
    let end = sim.now + 5 * MINUTE;
    let mut on = true;
    sim.repeat(sim.now, move |sim| {
        on = !on;
        sim.ask(id, 0, &Request::WriteCoil { address: 0, on });
        (sim.now < end).then(|| sim.now + ms(480))
    });
    put_back(sim, end + MINUTE, id, Request::WriteCoil { address: 0, on: true });
    cast(sim, &channels, vec![bms(sim)], end)
}
