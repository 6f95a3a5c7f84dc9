//! What happens seldom at the bedside, and is right: an accident at night, a patient whose monitor alarms for half an hour,
//! devices on loan, repairs, new drug libraries and firmware.

use super::gateway::minutes;
use super::{Bedside, machines, monitors, pumps};
use crate::clock::{DAY, HOUR, MINUTE, Time, secs};
use crate::dice::Dice;
use crate::network::{EMBEDDED, HostId, Stack};
use crate::sim::Sim;

/// Devices on loan come from other makers than the hospital's own.
const LOAN_PUMP: [u8; 3] = [0x00, 0x1d, 0x0f];
const LOAN_MONITOR: [u8; 3] = [0x00, 0x02, 0xb3];

const LOAN_STACK: Stack = Stack { window: 8192, mss: 1460, ..EMBEDDED };

/// Sets them up.
pub fn open(sim: &mut Sim) {
    let often = sim.ward.bedside.monitors.len() as f64 / 36.0;
    again(sim, "trauma", 4.0, |sim, dice| {
        let night = sim.calendar.next(sim.now, dice.between(22.0, 29.0) % 24.0);
        let mut dice = dice.fork();
        sim.at(night, move |sim| trauma(sim, &mut dice));
    });
    again(sim, "alarm burst", 1.0 / often.max(0.2), alarm_burst);
    again(sim, "repair", 14.0, repair);
    again(sim, "library", 10.0, |sim, dice| {
        let night = sim.calendar.next(sim.now, dice.between(1.0, 4.0));
        sim.at(night, |sim| pumps::roll_out(sim, false));
    });
    again(sim, "firmware", 24.0, |sim, dice| {
        let night = sim.calendar.next(sim.now, dice.between(0.5, 3.0));
        sim.at(night, |sim| pumps::roll_out(sim, true));
    });
    loans(sim);
}

/// Has something happen every so many days, at any moment.
fn again(sim: &mut Sim, who: &str, days: f64, what: fn(&mut Sim, &mut Dice)) {
    let mut dice = sim.dice(who, 0);
    let next = move |dice: &mut Dice| DAY.mul_f64(dice.exponential(days).max(0.02));
    let first = sim.now + next(&mut dice);
    sim.repeat(first, move |sim| {
        what(sim, &mut dice);
        Some(sim.now + next(&mut dice))
    });
}

/// Several are brought in at once: pumps from the store room, a monitor or two, a ventilator.
fn trauma(sim: &mut Sim, dice: &mut Dice) {
    let wanted = dice.range(3..8) as usize;
    let Bedside { pumps, monitors, machines, .. } = &sim.ward.bedside;
    let off = |index: &usize| pumps[*index].stage == pumps::Stage::Off && pumps[*index].present;
    let off_pumps: Vec<usize> = (0..pumps.len()).filter(off).take(wanted).collect();
    let off = |index: &usize| monitors[*index].stage == monitors::Stage::Off && monitors[*index].present;
    let off_monitors: Vec<usize> = (0..monitors.len()).filter(off).take(2).collect();
    let off = |index: &usize| !machines[*index].on && !machines[*index].anaesthesia;
    let off_machines: Vec<usize> = (0..machines.len()).filter(off).take(1).collect();
    for index in off_pumps {
        sim.after(dice.skewed(12 * MINUTE, 0.7), move |sim| {
            if sim.ward.bedside.pumps[index].stage == pumps::Stage::Off {
                pumps::start(sim, index);
            }
        });
    }
    for index in off_monitors {
        let mut dice = dice.fork();
        sim.after(dice.skewed(4 * MINUTE, 0.7), move |sim| {
            if sim.ward.bedside.monitors[index].stage == monitors::Stage::Off {
                monitors::admit(sim, index);
            }
            alarms(sim, index, &mut dice, 30);
        });
    }
    for index in off_machines {
        sim.after(dice.skewed(9 * MINUTE, 0.5), move |sim| {
            if !sim.ward.bedside.machines[index].on {
                machines::start(sim, index, 30 * HOUR);
            }
        });
    }
}

/// A patient does badly: the monitor alarms again and again.
fn alarm_burst(sim: &mut Sim, dice: &mut Dice) {
    let in_use = monitors::in_use(sim);
    if !in_use.is_empty() {
        let (index, count) = (*dice.pick(&in_use), dice.range(20..60));
        alarms(sim, index, dice, count);
    }
}

fn alarms(sim: &mut Sim, index: usize, dice: &mut Dice, count: u64) {
    let mut at = sim.now;
    for _ in 0..count {
        at += dice.skewed(secs(25), 0.9);
        let mut dice = dice.fork();
        sim.at(at, move |sim| monitors::raise_alarm(sim, index, &mut dice));
    }
}

/// A pump that is off comes back from repair: with another board, so another Ethernet address, at its old place.
fn repair(sim: &mut Sim, dice: &mut Dice) {
    let Sim { net, ward, now, .. } = sim;
    let off: Vec<&mut pumps::Pump> =
        ward.bedside.pumps.iter_mut().filter(|pump| pump.present && pump.stage == pumps::Stage::Off).collect();
    let count = off.len() as u64;
    if let Some(pump) = off.into_iter().nth(dice.range(0..count.max(1)) as usize) {
        // The last two octets are the host's alone: what stands before them may be anything.
        net.host_mut(pump.host).mac[3] ^= dice.range(1..256) as u8;
        pump.until = pump.until.max(*now + minutes(dice.between(240.0, 900.0)));
    }
}

/// Devices on loan: they are known from the start, and come for some days each.
fn loans(sim: &mut Sim) {
    let site = sim.ward.site();
    let (gateway, wards) = (site.pump_gateway, site.zones.wards.clone());
    let count = (site.pumps.len() / 12).max(2);
    let mut dice = sim.dice("loans", 0);
    for number in 0..count {
        let zone = wards[number % wards.len()];
        let monitor = number % 3 == 2;
        let (kind, role, oui) =
            if monitor { ("loan-monitor", "monitor", LOAN_MONITOR) } else { ("loan-pump", "pump", LOAN_PUMP) };
        let host = sim.net.add_host(format!("{kind}-{:03}", number + 1), role, zone, oui, LOAN_STACK);
        sim.net.host_mut(host).up = false;
        if let Some(site) = &mut sim.ward.site {
            site.spare.push(host);
        }
        // Each comes once in so many days, on a working morning.
        let days = 7.0 * count as f64;
        let first = sim.calendar.next(sim.now + DAY.mul_f64(dice.exponential(days)), dice.between(7.5, 15.0));
        if monitor {
            lend_monitor(sim, host, first, &mut dice)
        } else {
            lend_pump(sim, host, gateway, first, &mut dice)
        }
    }
}

fn stay(dice: &mut Dice) -> std::time::Duration {
    DAY.mul_f64(dice.between(2.5, 6.5))
}

fn lend_pump(sim: &mut Sim, host: HostId, gateway: HostId, comes: Time, dice: &mut Dice) {
    let index = pumps::add(sim, host, gateway);
    let pump = &mut sim.ward.bedside.pumps[index];
    pump.present = false;
    pump.home = pumps::Home::Ward;
    let lasts = stay(dice);
    sim.at(comes, move |sim| {
        let pump = &mut sim.ward.bedside.pumps[index];
        (pump.present, pump.library) = (true, sim.ward.bedside.library.wrapping_sub(1));
        pumps::start(sim, index);
        sim.after(lasts, move |sim| pumps::give_back(sim, index));
    });
}

fn lend_monitor(sim: &mut Sim, host: HostId, comes: Time, dice: &mut Dice) {
    let index = monitors::add(sim, host);
    let monitor = &mut sim.ward.bedside.monitors[index];
    monitor.present = false;
    monitor.place = monitors::Place::Ward;
    let lasts = stay(dice);
    sim.at(comes, move |sim| {
        sim.ward.bedside.monitors[index].present = true;
        monitors::admit(sim, index);
        sim.after(lasts, move |sim| {
            sim.ward.bedside.monitors[index].present = false;
            if sim.ward.bedside.monitors[index].stage == monitors::Stage::InUse {
                monitors::leave(sim, index, monitors::Stage::Off);
            }
        });
    });
}
