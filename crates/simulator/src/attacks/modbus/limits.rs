//! What is beyond a controller: functions that it does not know, and connections that it does not have.

use super::{COMMAND, bms, cast, channels};
use crate::attacks::{Cast, Family, Scenario, any_pc};
use crate::clock::{MINUTE, Time, ms, secs};
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::building::unit::Kind;
use crate::wire::modbus::{PORT, Request, UMAS};

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "modbus-functions-probed",
        title: "The management system tries every function that there could be with a power supply and a gas panel",
        family: Family::Reconnaissance,
        techniques: &["T0888", "T0846", "T0861", "T0801", "T0855", "T1692.001", "T1046", "T1592", "T1592.002"],
        endangers: "Somebody on the management system learns what these controllers let themselves be told.",
        hour: 2.1,
        start: probe,
        ..COMMAND
    },
    Scenario {
        name: "modbus-connections-taken",
        title: "An office PC holds all connections of a gas panel, and the management system finds none left",
        family: Family::Availability,
        techniques: &[
            "T0814",
            "T0813",
            "T0815",
            "T0826",
            "T0829",
            "T0803",
            "T0804",
            "T1691.001",
            "T1691.002",
            "T0805",
            "T1695",
            "T1499",
            "T1499.001",
            "T1499.002",
        ],
        endangers: "Nobody sees the pressure of medical gas on the wards that this panel serves.",
        within_normal: false,
        hour: 23.3,
        start: taken,
        ..COMMAND
    },
];

/// An address that no controller has: a write is refused, and changes nothing.
const NOWHERE: u16 = 0xffff;

/// The shortest request of a function.
fn shortest(function: u8) -> Request {
    match function {
        1..=4 => Request::Read { function, address: NOWHERE, quantity: 1 },
        5 => Request::WriteCoil { address: NOWHERE, on: false },
        6 => Request::WriteRegister { address: NOWHERE, value: 0 },
        8 => Request::Diagnostics { subfunction: 0, data: 0 },
        15 => Request::WriteCoils { address: NOWHERE, on: vec![false] },
        16 => Request::WriteRegisters { address: NOWHERE, values: vec![0] },
        17 => Request::ReportServerId,
        22 => Request::MaskWrite { address: NOWHERE, and: 0xffff, or: 0 },
        23 => Request::ReadWrite { read: (NOWHERE, 1), address: NOWHERE, values: vec![0] },
        43 => Request::DeviceIdentification { code: 1, object: 0 },
        // A file's record (sections 6.14 and 6.15), a queue (section 6.18), and the maker's own.
        20 => Request::Other { function, data: vec![7, 6, 0, 4, 0, 1, 0, 1] },
        21 => Request::Other { function, data: vec![9, 6, 0, 4, 0, 1, 0, 1, 0, 0] },
        24 => Request::Other { function, data: NOWHERE.to_be_bytes().into() },
        UMAS => Request::Other { function, data: vec![0, 2] },
        _ => Request::Other { function, data: Vec::new() },
    }
}

/// All functions from 1 to 127, as tools for testing do it (smod's getfunc): exception 1 says that there is none.
fn probe(sim: &mut Sim) -> Cast {
    let targets = [channels(sim, Kind::Ups, 1), channels(sim, Kind::Gas, 1)].concat();
    let mut dice = sim.dice("functions probed", 0);
    let mut at = sim.now;
    for id in targets.iter().copied() {
        for function in 1..=127 {
            sim.at(at, move |sim| {
                sim.ask(id, 0, &shortest(function));
            });
            at += dice.around(ms(1200), 0.3);
        }
        at += secs(20);
    }
    cast(sim, &targets, vec![bms(sim)], at)
}

/// Connections that a panel takes.
const CONNECTIONS: u32 = 8;

/// Small controllers take a handful of connections, and give none up that is alive (the implementation guide, section
/// 4.2.1, leaves it to them): who opens them all, and says nothing, keeps the master out. The panel lets the master's go
/// for the last.
fn taken(sim: &mut Sim) -> Cast {
    let panels = channels(sim, Kind::Gas, 1);
    let mut dice = sim.dice("connections taken", 0);
    let (pc, end, mark) = (any_pc(sim, &mut dice), sim.now + 30 * MINUTE, sim.net.mark);
    for id in panels.iter().copied() {
        let host = sim.ward.building.server(id).host;
        for number in 0..CONNECTIONS {
            let mut dice = dice.fork();
            sim.after(secs(2) * number, move |sim| {
                let (mut open, ready) = Connection::open(&mut sim.net, sim.now, pc, host, PORT);
                let mut wait = move |from: Time| from + dice.around(secs(30), 0.1);
                sim.repeat(wait(ready), move |sim| {
                    if sim.now >= end {
                        open.close(&mut sim.net, sim.now, Side::Opener);
                        return None;
                    }
                    open.keep_alive(&mut sim.net, sim.now, Side::Opener);
                    Some(wait(sim.now))
                });
            });
        }
        sim.after(secs(2) * CONNECTIONS, move |sim| {
            sim.close_channels(host);
            let server = sim.ward.building.server(id);
            (server.full, server.mark) = (true, mark);
        });
        sim.at(end, move |sim| {
            let server = sim.ward.building.server(id);
            (server.full, server.mark) = (false, 0);
        });
    }
    cast(sim, &panels, vec![pc], end + MINUTE)
}
