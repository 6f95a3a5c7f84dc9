//! Polls: the building management system reads the same blocks of every unit, cycle after cycle.

use std::time::Duration;

use super::client::Outcome;
use super::unit::{COILS, HEARTBEAT, HOLDING, INPUT_REGISTERS, INPUTS, Kind, PRESSURE_SETPOINT};
use super::{ChannelId, unit};
use crate::clock::{DAY, ms, secs};
use crate::sim::Sim;
use crate::wire::modbus::Request;

/// What is read, and every how many cycles.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    table: u8,
    address: u16,
    quantity: u16,
    every: u64,
    /// Only since the system's upgrade.
    upgraded: bool,
}

const fn block(table: u8, address: u16, quantity: u16, every: u64) -> Block {
    Block { table, address, quantity, every, upgraded: false }
}

const fn added(table: u8, address: u16, quantity: u16, every: u64) -> Block {
    Block { table, address, quantity, every, upgraded: true }
}

impl Block {
    /// The request that reads it.
    pub fn request(&self) -> Request {
        Request::Read { function: self.table, address: self.address, quantity: self.quantity }
    }
}

/// The blocks of a kind of unit.
pub const fn blocks(kind: Kind) -> &'static [Block] {
    match kind {
        Kind::Gas => {
            const {
                &[
                    block(INPUT_REGISTERS, 0, 9, 1),
                    block(INPUTS, 0, 16, 1),
                    block(HOLDING, 100, 12, 45),
                    block(COILS, 0, 8, 90),
                ]
            }
        }
        Kind::Isolation => {
            const {
                &[
                    block(INPUT_REGISTERS, 0, 8, 1),
                    block(INPUTS, 0, 8, 1),
                    block(HOLDING, PRESSURE_SETPOINT, 8, 20),
                    added(INPUT_REGISTERS, 30, 4, 10),
                    block(COILS, 0, 4, 60),
                ]
            }
        }
        Kind::Ups => const { &[block(HOLDING, 128, 14, 1)] },
        Kind::Fridge => const { &[block(INPUT_REGISTERS, 0, 6, 1), block(HOLDING, unit::FRIDGE_SETPOINT, 4, 40)] },
    }
}

/// Time from the beginning of a cycle to that of the next.
const fn cycle(kind: Kind) -> Duration {
    match kind {
        Kind::Gas => secs(25),
        Kind::Isolation | Kind::Ups => secs(30),
        Kind::Fridge => secs(60),
    }
}

/// Cycles between two heartbeats to an isolation room's controller.
const HEARTBEATS: u64 = 10;

/// Has every server polled.
pub fn open(sim: &mut Sim) {
    let mut dice = sim.dice("upgrade", 0);
    sim.ward.building.upgraded = sim.start + DAY.mul_f64(dice.between(12.0, 60.0));
    for place in 0..sim.ward.building.servers.len() {
        poll(sim, ChannelId(place));
    }
}

/// Polls a server for ever.
fn poll(sim: &mut Sim, id: ChannelId) {
    let mut dice = sim.dice("poll", id.0 as u64);
    let kind = sim.ward.building.server(id).units[0].kind;
    let mut next = sim.now + dice.around(cycle(kind) / 2, 0.9);
    let mut count = dice.range(0..1000);
    sim.repeat(next, move |sim| {
        count += 1;
        step(sim, id);
        let paused = sim.ward.building.channels[id.0].paused;
        let wait = match (!paused).then(|| sim.connect(id)) {
            // A driver that hangs asks nothing.
            None => Duration::ZERO,
            Some(Some(fresh)) => {
                if fresh {
                    introduce(sim, id);
                }
                pass(sim, id, count);
                Duration::ZERO
            }
            // A master that finds nobody tries again after a while.
            Some(None) => dice.around(secs(30), 0.3),
        };
        // The system's timer keeps its beat, and fires a little late.
        next += cycle(kind);
        let busy = sim.ward.building.channels[id.0].busy;
        while next < busy {
            next += cycle(kind);
        }
        Some(next + wait + dice.skewed(ms(6), 0.7))
    });
}

/// Lets the physics of a server's units go on.
fn step(sim: &mut Sim, id: ChannelId) {
    let (now, calendar) = (sim.now, sim.calendar);
    for unit in &mut sim.ward.building.server(id).units {
        unit.process.step(unit.kind, &mut unit.image, now, calendar);
    }
}

/// A new connection begins with who is there.
fn introduce(sim: &mut Sim, id: ChannelId) {
    for place in 0..sim.ward.building.server(id).units.len() {
        let request = match sim.ward.building.server(id).units[place].kind {
            Kind::Fridge => Request::ReportServerId,
            _ => Request::DeviceIdentification { code: 1, object: 0 },
        };
        sim.ask(id, place, &request);
    }
}

/// A cycle.
fn pass(sim: &mut Sim, id: ChannelId, count: u64) {
    for place in 0..sim.ward.building.server(id).units.len() {
        let kind = sim.ward.building.server(id).units[place].kind;
        for (number, block) in (0..).zip(blocks(kind)) {
            let due = (count + 7 * number + 3 * place as u64).is_multiple_of(block.every);
            if !due || block.upgraded && sim.now < sim.ward.building.upgraded {
                continue;
            }
            if sim.ask(id, place, &block.request()) == Outcome::Nothing {
                return;
            }
        }
        if kind == Kind::Isolation && count.is_multiple_of(HEARTBEATS) {
            let request = Request::ReadWrite { read: (HEARTBEAT, 4), address: HEARTBEAT, values: vec![count as u16] };
            sim.ask(id, place, &request);
        }
    }
}
