//! Commands and polls of the right master that are usual but for their value, their time, their number or their function.

use super::{bms, cast, channels, put_back, register};
use crate::attacks::Cast;
use crate::clock::{DAY, HOUR, MINUTE, ms, seconds, secs};
use crate::sim::Sim;
use crate::ward::building::ChannelId;
use crate::ward::building::poll::blocks;
use crate::ward::building::unit::{
    CLOCK, FAN_LEAST, FRIDGE_SETPOINT, Kind, OXYGEN_LOW, PRESSURE_SETPOINT, TEMPERATURE_SETPOINT, signed,
};
use crate::wire::modbus::Request;

/// Asks one thing after a while.
fn ask_after(sim: &mut Sim, wait: std::time::Duration, id: ChannelId, unit: usize, request: Request) {
    sim.after(wait, move |sim| {
        sim.ask(id, unit, &request);
    });
}

/// The lower limits of oxygen and of air lose their upper octet: 380 kPa becomes 124 kPa.
pub(super) fn mask_write(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Gas, 3);
    let end = sim.now + 40 * MINUTE;
    for (number, id) in (0..).zip(&channels) {
        for round in 0..4 {
            for (step, address) in (0..).zip([OXYGEN_LOW, OXYGEN_LOW + 2]) {
                let wait = 9 * MINUTE * round + secs(40) * number + secs(6) * step;
                ask_after(sim, wait, *id, 0, Request::MaskWrite { address, and: 0x00ff, or: 0 });
            }
        }
        for address in [OXYGEN_LOW, OXYGEN_LOW + 2] {
            put_back(sim, end + secs(15) * number, *id, register(address, 380));
        }
    }
    cast(sim, &channels, vec![bms(sim)], end)
}

/// Setpoints are read back every ten minutes: a pulse is shorter.
pub(super) fn pulse(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Isolation, 1);
    let mut dice = sim.dice("setpoint pulse", 0);
    let (mut then, end) = (secs(0), 3 * HOUR);
    for id in channels.iter().copied() {
        while then < end {
            let length = dice.around(secs(50), 0.4);
            ask_after(sim, then, id, 0, register(PRESSURE_SETPOINT, signed(50)));
            ask_after(sim, then + length, id, 0, register(PRESSURE_SETPOINT, signed(-150)));
            then += dice.around(14 * MINUTE, 0.4);
        }
    }
    cast(sim, &channels, vec![bms(sim)], sim.now + end)
}

/// Values that technicians write too, though not every few seconds, and not at night.
pub(super) fn fan_hunting(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Isolation, 1);
    let Some(id) = channels.first().copied() else { return cast(sim, &channels, Vec::new(), sim.now) };
    let (mut dice, end) = (sim.dice("fan hunting", 0), sim.now + 40 * MINUTE);
    let mut fast = false;
    sim.repeat(sim.now, move |sim| {
        fast = !fast;
        let value = if fast { 370 } else { 280 } + 10 * dice.range(0..4) as u16;
        sim.ask(id, 0, &register(FAN_LEAST, value));
        (sim.now < end).then(|| sim.now + dice.around(secs(6), 0.3))
    });
    put_back(sim, end + MINUTE, id, register(FAN_LEAST, 280));
    cast(sim, &channels, vec![bms(sim)], end)
}

/// Technicians set the limits of one fridge at a time, between 5.5 and 6.5 °C.
pub(super) fn fridge_limits(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Fridge, 1);
    let end = sim.now + HOUR;
    for id in channels.iter().copied() {
        for (number, unit) in (0..).zip(0..sim.ward.building.server(id).units.len()) {
            let limits =
                |values: [u16; 2]| Request::WriteRegisters { address: FRIDGE_SETPOINT + 1, values: values.into() };
            ask_after(sim, ms(2500) * number, id, unit, limits([180, 240]));
            sim.at(end + secs(20) * number, move |sim| {
                sim.net.mark = 0;
                sim.ask(id, unit, &limits([60, 20]));
            });
        }
    }
    cast(sim, &channels, vec![bms(sim)], end)
}

/// What the schedule wrote in the evening, and the clocks that were set at night, once more in the morning.
pub(super) fn writes_replayed(sim: &mut Sim) -> Cast {
    let channels: Vec<ChannelId> = (0..sim.ward.building.servers.len()).map(ChannelId).collect();
    let end = sim.now + HOUR;
    let digits = sim.calendar.digits(sim.calendar.next(sim.now - DAY, 3.1));
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|text| text.parse().ok()).unwrap_or(0);
    let clock = [part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14)];
    for (number, id) in (0..).zip(channels.iter().copied()) {
        if sim.ward.building.server(id).units[0].kind == Kind::Isolation {
            for (address, night, day) in [(FAN_LEAST, 280, 350), (TEMPERATURE_SETPOINT, 210, 220)] {
                ask_after(sim, ms(700) * number, id, 0, register(address, night));
                put_back(sim, end + secs(5) * number, id, register(address, day));
            }
        }
        for (step, unit) in (0..).zip(0..sim.ward.building.server(id).units.len()) {
            let request = Request::WriteRegisters { address: CLOCK, values: clock.to_vec() };
            ask_after(sim, MINUTE + secs(2) * number + ms(600) * step, id, unit, request);
        }
    }
    cast(sim, &channels, vec![bms(sim)], end)
}

/// The blocks of every cycle, every two and a half seconds beside the usual polls.
pub(super) fn polls_tenfold(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Gas, 1);
    let Some(id) = channels.first().copied() else { return cast(sim, &channels, Vec::new(), sim.now) };
    let (mut dice, end) = (sim.dice("polls tenfold", 0), sim.now + 45 * MINUTE);
    sim.repeat(sim.now, move |sim| {
        for block in &blocks(Kind::Gas)[..2] {
            sim.ask(id, 0, &block.request());
        }
        (sim.now < end).then(|| sim.now + dice.around(ms(2500), 0.02))
    });
    cast(sim, &channels, Vec::new(), end)
}

/// The driver for gas panels hangs, and the system keeps its connections alive.
pub(super) fn polls_stop(sim: &mut Sim) -> Cast {
    let channels = channels(sim, Kind::Gas, 16);
    let end = sim.now + 50 * MINUTE;
    for id in channels.iter().copied() {
        sim.ward.building.channels[id.0].paused = true;
        let mut dice = sim.dice("polls stop", id.0 as u64);
        sim.repeat(sim.now + seconds(dice.between(30.0, 60.0)), move |sim| {
            sim.keep_alive(id);
            (sim.now + MINUTE < end).then(|| sim.now + MINUTE)
        });
        sim.at(end, move |sim| sim.ward.building.channels[id.0].paused = false);
    }
    let mut cast = cast(sim, &channels, Vec::new(), end);
    cast.victims.push(bms(sim));
    cast
}
