//! Those who feel controllers out, and those who have no business there.

use super::{bms, cast, channels, put_back, register};
use crate::attacks::Cast;
use crate::clock::{HOUR, MINUTE, ms, secs};
use crate::network::LINUX;
use crate::sim::Sim;
use crate::tcp::Connection;
use crate::ward::building::ChannelId;
use crate::ward::building::unit::{HOLDING, INPUT_REGISTERS, Kind, PRESSURE_SETPOINT, signed};
use crate::wire::modbus::{PORT, Request};

pub(super) fn register_sweep(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Gas, 2);
    for (number, id) in (0..).zip(&channels) {
        for block in 0..60_u16 {
            let id = *id;
            sim.after(MINUTE * number + ms(400) * u32::from(block), move |sim| {
                for function in [HOLDING, INPUT_REGISTERS] {
                    sim.ask(id, 0, &Request::Read { function, address: block * 10, quantity: 10 });
                }
            });
        }
    }
    cast(sim, &channels, vec![bms(sim)], sim.now + MINUTE * channels.len() as u32)
}

pub(super) fn unit_sweep(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (pc, bms) = (site.pcs[site.pcs.len() / 2], site.bms);
    let now = sim.now;
    Connection::refused(&mut sim.net, now, pc, bms, PORT);
    let channels: Vec<ChannelId> = (0..sim.ward.building.servers.len()).map(|server| sim.channel(pc, server)).collect();
    for (number, id) in (1..).zip(&channels) {
        let id = *id;
        sim.after(secs(6) * number, move |sim| feel_out(sim, id));
    }
    let end = sim.now + secs(6) * channels.len() as u32 + 2 * MINUTE;
    cast(sim, &channels, vec![pc], end)
}

/// Who is there, which units, which registers.
fn feel_out(sim: &mut Sim, id: ChannelId) {
    let units = if sim.ward.building.server(id).gateway { 1..=32 } else { 1..=4 };
    for unit in units {
        sim.ask_id(id, unit, &Request::DeviceIdentification { code: 1, object: 0 });
        sim.ask_id(id, unit, &Request::ReportServerId);
    }
    for address in (0..1000).step_by(20) {
        sim.ask_id(id, 1, &Request::Read { function: HOLDING, address, quantity: 1 });
    }
    let over = sim.ward.building.channels[id.0].busy;
    sim.at(over, move |sim| sim.hang_up(id));
}

pub(super) fn rogue_master(sim: &mut Sim) -> Cast {
    let zone = sim.ward.site().zones.building;
    let rogue = sim.net.add_host("raspberrypi".into(), "unknown", zone, [0xb8, 0x27, 0xeb], LINUX);
    let now = sim.now;
    sim.net.announce(now, rogue);
    let mut targets = channels(sim, Kind::Isolation, 2);
    targets.extend(channels(sim, Kind::Gas, 1));
    let own: Vec<ChannelId> = targets
        .iter()
        .map(|id| {
            let server = sim.ward.building.channels[id.0].server;
            sim.channel(rogue, server)
        })
        .collect();
    for (number, id) in (1..).zip(own) {
        sim.after(secs(30) * number, move |sim| {
            sim.ask(id, 0, &Request::DeviceIdentification { code: 1, object: 0 });
            sim.ask(id, 0, &Request::Read { function: HOLDING, address: 0, quantity: 10 });
        });
        for round in 0..20 {
            sim.after(secs(90) + secs(30) * number + MINUTE * round, move |sim| {
                let room = sim.ward.building.server(id).units[0].kind == Kind::Isolation;
                let request = if room {
                    register(PRESSURE_SETPOINT, signed(-20))
                } else {
                    Request::WriteCoil { address: 6, on: round % 2 == 0 }
                };
                sim.ask(id, 0, &request);
            });
        }
        sim.after(HOUR, move |sim| sim.hang_up(id));
    }
    for id in &targets[..targets.len() - 1] {
        put_back(sim, now + 2 * HOUR, *id, register(PRESSURE_SETPOINT, signed(-150)));
    }
    cast(sim, &targets, vec![rogue], now + HOUR)
}
