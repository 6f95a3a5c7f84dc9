//! Operation: what the management system writes by schedule, after alarms, and when a technician sits before it.

use super::ChannelId;
use super::client::Outcome;
use super::unit::{
    CLOCK, FAN_LEAST, FRIDGE_SETPOINT, HOLDING, INPUTS, Kind, MODE, PRESSURE_SETPOINT, TEMPERATURE_SETPOINT, UPS_TEST,
    signed,
};
use crate::clock::{DAY, MINUTE, ms, secs};
use crate::dice::Dice;
use crate::sim::Sim;
use crate::wire::modbus::Request;

/// Sets it up.
pub fn open(sim: &mut Sim) {
    schedule(sim, 6.0, 350, 220);
    schedule(sim, 20.5, 280, 210);
    clocks(sim);
    alarms(sim);
    technician(sim);
    tests(sim);
}

/// Every day at an hour: fans and temperatures of isolation rooms.
fn schedule(sim: &mut Sim, hour: f64, fan: u16, temperature: u16) {
    sim.repeat(sim.calendar.next(sim.now, hour), move |sim| {
        for (number, id) in (0..).zip(sim.ward.building.of_kind(Kind::Isolation)) {
            sim.after(secs(1) + ms(700) * number, move |sim| {
                sim.ask(id, 0, &Request::WriteRegister { address: FAN_LEAST, value: fan });
                sim.ask(id, 0, &Request::WriteRegister { address: TEMPERATURE_SETPOINT, value: temperature });
            });
        }
        Some(sim.now + DAY)
    });
}

/// Every night all clocks are set, one controller after the other.
fn clocks(sim: &mut Sim) {
    sim.repeat(sim.calendar.next(sim.now, 3.1), |sim| {
        for place in 0..sim.ward.building.servers.len() {
            let id = ChannelId(place);
            for unit in 0..sim.ward.building.server(id).units.len() {
                sim.after(secs(2) * place as u32 + ms(600) * unit as u32, move |sim| set_clock(sim, id, unit));
            }
        }
        Some(sim.now + DAY)
    });
}

fn set_clock(sim: &mut Sim, id: ChannelId, unit: usize) {
    let digits = sim.calendar.digits(sim.now);
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|text| text.parse().ok()).unwrap_or(0);
    let values = vec![part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14)];
    sim.ask(id, unit, &Request::WriteRegisters { address: CLOCK, values });
}

/// A door that stands open raises a room's alarm, low pressure a gas panel's: somebody mutes the horn after a while, and
/// resets the alarm when it is over.
fn alarms(sim: &mut Sim) {
    let mut dice = sim.dice("alarms", 0);
    sim.repeat(sim.now + MINUTE, move |sim| {
        let now = sim.now;
        for place in 0..sim.ward.building.servers.len() {
            let id = ChannelId(place);
            let unit = &mut sim.ward.building.server(id).units[0];
            let (first, count, mute) = match unit.kind {
                Kind::Gas => (0, 8, 0),
                Kind::Isolation => (2, 1, 2),
                _ => continue,
            };
            // Who sits before the system knows what is reported, not what is so.
            let mut image = unit.reported(now).unwrap_or_else(|| unit.image.clone());
            let alarm = image.slice(INPUTS, first, count).is_some_and(|inputs| inputs.iter().any(|on| *on != 0));
            // Not every short alarm is cared for.
            if alarm && dice.chance(0.3) {
                let wait = dice.skewed(secs(50), 0.6);
                sim.after(wait, move |sim| mute_and_reset(sim, id, mute));
            }
        }
        Some(sim.now + MINUTE)
    });
}

fn mute_and_reset(sim: &mut Sim, id: ChannelId, mute: u16) {
    sim.ask(id, 0, &Request::WriteCoil { address: mute, on: true });
    sim.after(secs(90), move |sim| {
        sim.ask(id, 0, &Request::WriteCoil { address: mute, on: false });
        sim.ask(id, 0, &Request::WriteCoil { address: mute + 1, on: true });
    });
}

/// A technician changes a few values of a controller, in clumps and mostly in office hours.
fn technician(sim: &mut Sim) {
    let mut dice = sim.dice("technician", 0);
    let mut wait = move |sim: &Sim| dice.clumped(0.05 + 0.8 * sim.calendar.office(sim.now)).min(2 * crate::clock::HOUR);
    let mut hand = sim.dice("technician", 1);
    sim.repeat(sim.now + wait(sim), move |sim| {
        let id = ChannelId(hand.range(0..sim.ward.building.servers.len() as u64) as usize);
        let unit = hand.range(0..sim.ward.building.server(id).units.len() as u64) as usize;
        // He waits longer than two hours where the night would have him wait: the dice say whether he comes at all.
        if hand.chance(0.1 + sim.calendar.office(sim.now)) {
            let kind = sim.ward.building.server(id).units[unit].kind;
            let mut then = secs(0);
            for _ in 0..1 + hand.range(0..3) {
                let request = adjustment(kind, &mut hand);
                sim.after(then, move |sim| {
                    sim.ask(id, unit, &request);
                });
                then += hand.skewed(secs(25), 0.7);
            }
        }
        Some(sim.now + wait(sim))
    });
}

/// A change as technicians make it: known registers, known ranges.
fn adjustment(kind: Kind, dice: &mut Dice) -> Request {
    let step =
        |dice: &mut Dice, low: u64, high: u64, step: u64| (low + step * dice.range(0..(high - low) / step + 1)) as u16;
    let register = |address, value| Request::WriteRegister { address, value };
    match kind {
        Kind::Gas => match dice.range(0..4) {
            0 => register(101, step(dice, 370, 390, 5)),
            1 => register(103, step(dice, 370, 390, 5)),
            2 => Request::WriteRegisters { address: 107, values: vec![step(dice, 5, 20, 5), step(dice, 20, 60, 10)] },
            // The lamp test: all lamps on, which go out by themselves.
            _ => Request::WriteCoils { address: 4, on: vec![true, true, true, false] },
        },
        Kind::Isolation => match dice.range(0..5) {
            0 => register(PRESSURE_SETPOINT, signed(-(step(dice, 50, 200, 25) as i16))),
            1 | 2 => register(TEMPERATURE_SETPOINT, step(dice, 200, 240, 5)),
            3 => register(FAN_LEAST, step(dice, 280, 400, 10)),
            _ => Request::MaskWrite { address: MODE, and: 0xfffd, or: 2 * dice.range(0..2) as u16 },
        },
        Kind::Ups => Request::WriteRegister { address: UPS_TEST + 1, value: step(dice, 0, 3, 1) },
        Kind::Fridge => match dice.range(0..3) {
            0 => register(FRIDGE_SETPOINT, step(dice, 36, 44, 2)),
            _ => Request::WriteRegisters {
                address: FRIDGE_SETPOINT + 1,
                values: vec![step(dice, 55, 65, 5), step(dice, 15, 25, 5)],
            },
        },
    }
}

/// Every other Tuesday morning power supplies test their batteries, by command.
fn tests(sim: &mut Sim) {
    let first = sim.calendar.next(sim.now, 9.25) + DAY;
    sim.repeat(first, |sim| {
        for (number, id) in (0..).zip(sim.ward.building.of_kind(Kind::Ups)) {
            sim.after(10 * MINUTE * number, move |sim| {
                if sim.ask(id, 0, &Request::WriteRegister { address: UPS_TEST, value: 1 }) == Outcome::Done {
                    sim.ward.building.server(id).units[0].image.set(HOLDING, UPS_TEST, 0);
                }
            });
        }
        Some(sim.now + 14 * DAY)
    });
}
