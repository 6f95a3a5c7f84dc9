//! Service: planned maintenance with the engineering station, restarts of the management system, fridges that are moved.

use super::client::Outcome;
use super::unit::{COILS, HOLDING, INPUT_REGISTERS, INPUTS};
use super::{ChannelId, unit};
use crate::clock::{DAY, HOUR, MINUTE, Time, secs};
use crate::dice::Dice;
use crate::sim::Sim;
use crate::wire::modbus::Request;

/// Sets it up.
pub fn open(sim: &mut Sim) {
    maintenance(sim);
    restarts(sim);
    fridges(sim);
}

/// A moment in the office hours of a weekday, so many days on.
fn working_day(sim: &Sim, dice: &mut Dice, days: f64) -> Time {
    let mut time = sim.calendar.next(sim.now + DAY.mul_f64(days), dice.between(8.5, 14.5));
    while sim.calendar.is_weekend(time) {
        time += DAY;
    }
    time
}

/// About every week a technician reads some controllers out with the engineering station.
fn maintenance(sim: &mut Sim) {
    let Some(station) = sim.ward.building.engineering else { return };
    let mut dice = sim.dice("maintenance", 0);
    // The station has a channel to every server, which it opens when there is something to do.
    let channels: Vec<ChannelId> =
        (0..sim.ward.building.servers.len()).map(|server| sim.channel(station, server)).collect();
    let first = working_day(sim, &mut dice, 0.0);
    sim.repeat(first, move |sim| {
        let mut then = sim.now;
        for _ in 0..1 + dice.range(0..3) {
            let id = *dice.pick(&channels);
            let rounds = dice.range(20..120);
            sim.at(then, move |sim| read_out(sim, id, rounds));
            then += secs(2) * rounds as u32 + dice.around(6 * MINUTE, 0.5);
        }
        let days = dice.between(3.0, 9.0);
        Some(working_day(sim, &mut dice, days))
    });
}

/// Reads everything of a server's first unit once, then watches its values for so many rounds.
fn read_out(sim: &mut Sim, id: ChannelId, rounds: u64) {
    for request in
        [Request::DeviceIdentification { code: 1, object: 0 }, Request::Diagnostics { subfunction: 0, data: 0x5a5a }]
    {
        sim.ask(id, 0, &request);
    }
    let image = sim.ward.building.server(id).units[0].image.clone();
    for bank in &image.0 {
        let quantity = bank.values.len() as u16;
        sim.ask(id, 0, &Request::Read { function: bank.table, address: bank.base, quantity });
    }
    let mut left = rounds;
    sim.repeat(sim.now + secs(5), move |sim| {
        left -= 1;
        for table in [COILS, INPUTS, HOLDING, INPUT_REGISTERS] {
            let Some(bank) = image.0.iter().find(|bank| bank.table == table && bank.base != unit::CLOCK) else {
                continue;
            };
            let quantity = bank.values.len().min(8) as u16;
            let request = Request::Read { function: table, address: bank.base, quantity };
            if sim.ask(id, 0, &request) == Outcome::Nothing {
                left = 0;
            }
        }
        if left == 0 {
            sim.hang_up(id);
        }
        (left > 0).then(|| sim.now + secs(2))
    });
}

/// The management system is restarted now and then, mostly in the evening: it is away for some minutes, and opens all its
/// connections again.
fn restarts(sim: &mut Sim) {
    let mut dice = sim.dice("bms restarts", 0);
    let bms = sim.ward.site().bms;
    let next = move |sim: &Sim, dice: &mut Dice| {
        let days = dice.exponential(11.0);
        sim.calendar.next(sim.now + DAY.mul_f64(days), dice.between(18.0, 23.0))
    };
    let first = next(sim, &mut dice);
    sim.repeat(first, move |sim| {
        sim.restart(bms, dice.around(4 * MINUTE, 0.4));
        Some(next(sim, &mut dice))
    });
}

/// Fridges are unplugged, moved and cleaned: for half an hour their gateway answers for them.
fn fridges(sim: &mut Sim) {
    let mut dice = sim.dice("fridges", 0);
    let Some(id) = sim.ward.building.of_kind(unit::Kind::Fridge).first().copied() else { return };
    let first = sim.now + dice.clumped(0.02);
    sim.repeat(first, move |sim| {
        let place = dice.range(0..sim.ward.building.server(id).units.len() as u64) as usize;
        sim.ward.building.server(id).units[place].silent = true;
        sim.after(dice.around(30 * MINUTE, 0.6), move |sim| {
            sim.ward.building.server(id).units[place].silent = false;
        });
        Some(sim.now + HOUR + dice.clumped(0.02))
    });
}
