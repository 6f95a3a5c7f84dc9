//! Monitors.

use crate::attacks::{Cast, any_pc};
use crate::clock::{HOUR, MINUTE, Time, ms, secs, us};
use crate::dice::Dice;
use crate::network::LINUX;
use crate::sim::Sim;
use crate::tcp::Side;
use crate::ward::bedside::monitors::{self, Stage, Stream};
use crate::ward::bedside::session::Air;
use crate::wire::opaque::{ACKNOWLEDGED, HEARTBEAT, LIMITS_SET, VITALS};

/// A monitor that stays in use until `until`; where none is, the first is.
pub(super) fn hold_one(sim: &mut Sim, dice: &mut Dice, until: Time) -> usize {
    let found = monitors::in_use(sim);
    let index = if found.is_empty() { 0 } else { *dice.pick(&found) };
    if found.is_empty() {
        monitors::admit(sim, index);
    }
    sim.ward.bedside.monitors[index].held = until;
    index
}

/// A central station, by its place.
fn a_station(sim: &Sim, dice: &mut Dice) -> usize {
    dice.range(0..sim.ward.bedside.centrals.len() as u64) as usize
}

/// See the scenario.
pub(super) fn stream_stops(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("monitor-stream-stops", sim.now.secs());
    let end = sim.now + 2 * HOUR;
    let index = hold_one(sim, &mut dice, end + MINUTE);
    let monitor = &mut sim.ward.bedside.monitors[index];
    monitor.stream = Stream::Silent;
    let victims = vec![monitor.host, monitor.session.server];
    sim.at(end, move |sim| sim.ward.bedside.monitors[index].stream = Stream::Own);
    Cast { victims, attackers: Vec::new(), end }
}

/// See the scenario.
pub(super) fn vanishes(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("monitor-vanishes", sim.now.secs());
    let end = sim.now + 5 * HOUR;
    let index = hold_one(sim, &mut dice, end + MINUTE);
    monitors::leave(sim, index, Stage::Travelling);
    let host = sim.ward.bedside.monitors[index].host;
    sim.at(end, move |sim| monitors::come_back(sim, index));
    Cast { victims: vec![host], attackers: Vec::new(), end }
}

/// See the scenario: all beds of a central station.
pub(super) fn alarms_stop(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("alarm-suppression", sim.now.secs());
    let end = sim.now + 6 * HOUR;
    let central = a_station(sim, &mut dice);
    let station = sim.ward.bedside.centrals[central].device;
    let mut victims = vec![station];
    for monitor in sim.ward.bedside.monitors.iter_mut().filter(|monitor| monitor.central == central) {
        monitor.alarms = false;
        if monitor.stage == Stage::InUse {
            victims.push(monitor.host);
        }
    }
    sim.at(end, move |sim| {
        let monitors = sim.ward.bedside.monitors.iter_mut();
        monitors.filter(|monitor| monitor.central == central).for_each(|monitor| monitor.alarms = true);
    });
    Cast { victims, attackers: Vec::new(), end }
}

/// See the scenario: the true monitor goes on sending.
pub(super) fn spoofed(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("monitor-spoofed", sim.now.secs());
    let end = sim.now + HOUR;
    let index = hold_one(sim, &mut dice, end + MINUTE);
    let victim = sim.ward.bedside.monitors[index].host;
    let (ip, zone) = (sim.net.host(victim).ip, sim.net.host(victim).zone);
    let spoofer = sim.net.add_host_at("spoofer".into(), "spoofer", zone, [0xb8, 0x27, 0xeb], LINUX, ip);
    // Whoever asks who has the address is told as before.
    sim.net.readdress(victim, ip);
    sim.net.announce(sim.now, spoofer);
    let mut sequence = dice.bits() as u32;
    let mut announced = sim.now;
    sim.repeat(sim.now + secs(2), move |sim| {
        let now = sim.now;
        if now.since(announced) > 2 * MINUTE {
            sim.net.announce(now, spoofer);
            announced = now;
        }
        let bedside = &mut sim.ward.bedside;
        let monitor = &bedside.monitors[index];
        let air = &mut Air { net: &mut sim.net, voice: &mut bedside.voice };
        monitor.send(air, now, spoofer, sequence, now);
        sequence = sequence.wrapping_add(1);
        let next = now + dice.around(monitor.period, 0.002);
        (next < end).then_some(next)
    });
    sim.at(end, move |sim| sim.net.host_mut(spoofer).up = false);
    Cast { victims: vec![victim, sim.ward.bedside.monitors[index].session.server], attackers: vec![spoofer], end }
}

/// See the scenario: five minutes, as they were, for an hour; somebody in the monitor sends them.
pub(super) fn replayed(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("vitals-replayed", sim.now.secs());
    let end = sim.now + HOUR;
    let index = hold_one(sim, &mut dice, end + MINUTE);
    let monitor = &mut sim.ward.bedside.monitors[index];
    monitor.stream = Stream::Foreign;
    let (host, station, period) = (monitor.host, monitor.session.server, monitor.period);
    let count = (300.0 / period.as_secs_f64()) as u32;
    let begins = monitor.written.max(sim.now);
    let (last, recorded) = (monitor.sequence, begins - period * count);
    let mut step = 0_u32;
    sim.repeat(begins, move |sim| {
        let now = sim.now;
        let bedside = &mut sim.ward.bedside;
        let monitor = &bedside.monitors[index];
        let air = &mut Air { net: &mut sim.net, voice: &mut bedside.voice };
        let place = step % count;
        let sequence = last.wrapping_sub(count - place);
        monitor.send(air, now + us(dice.range(0..16_000)), host, sequence, recorded + period * place);
        step += 1;
        (now + period < end).then_some(now + period)
    });
    sim.at(end, move |sim| sim.ward.bedside.monitors[index].stream = Stream::Own);
    Cast { victims: vec![host, station], attackers: Vec::new(), end }
}

/// See the scenario.
pub(super) fn copied(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("vitals-copied", sim.now.secs());
    let end = sim.now + 2 * HOUR;
    let central = a_station(sim, &mut dice);
    let station = sim.ward.bedside.centrals[central].device;
    let pc = any_pc(sim, &mut dice);
    let port = sim.net.next_port(station);
    sim.repeat(sim.now, move |sim| {
        let now = sim.now;
        let bedside = &mut sim.ward.bedside;
        let watched = |monitor: &&monitors::Monitor| monitor.central == central && monitor.is_seen();
        let mut at = now;
        for monitor in bedside.monitors.iter().filter(watched) {
            let message = bedside.voice.vitals(&monitor.vitals(monitor.sequence, now));
            sim.net.udp(at, station, pc, [port, VITALS.port], message);
            at += ms(3);
        }
        let next = now + dice.around(secs(5), 0.02);
        (next < end).then_some(next)
    });
    Cast { victims: vec![station], attackers: vec![pc], end }
}

/// See the scenario.
pub(super) fn alarm_storm(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("monitor-alarm-storm", sim.now.secs());
    let end = sim.now + 35 * MINUTE;
    let index = hold_one(sim, &mut dice, end + MINUTE);
    let victims = vec![sim.ward.bedside.monitors[index].host, sim.ward.bedside.monitors[index].session.server];
    sim.repeat(sim.now + secs(2), move |sim| {
        monitors::raise_alarm(sim, index, &mut dice);
        let next = sim.now + dice.around(secs(2), 0.4);
        (next < end).then_some(next)
    });
    Cast { victims, attackers: Vec::new(), end }
}

/// See the scenario: limits of heart rate, then those of saturation.
pub(super) fn limits_set(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("monitor-limits-from-afar", sim.now.secs());
    let mut at = sim.now;
    let chosen = hold_one(sim, &mut dice, at + HOUR);
    let central = sim.ward.bedside.monitors[chosen].central;
    let station = sim.ward.bedside.centrals[central].device;
    let mut targets = monitors::in_use(sim);
    targets.retain(|&index| sim.ward.bedside.monitors[index].central == central);
    let victims = targets.iter().map(|&index| sim.ward.bedside.monitors[index].host).collect();
    for round in 0..4_u32 {
        for index in targets.iter().copied() {
            at += dice.skewed(secs(3 + u64::from(round)), 0.5);
            let wait = dice.skewed(ms(25), 0.4);
            sim.at(at, move |sim| {
                let now = sim.now;
                let bedside = &mut sim.ward.bedside;
                let monitor = &mut bedside.monitors[index];
                if monitor.stage == Stage::InUse {
                    let air = &mut Air { net: &mut sim.net, voice: &mut bedside.voice };
                    monitor.session.exchange(air, now, Side::Answerer, [LIMITS_SET, ACKNOWLEDGED], wait);
                }
            });
        }
    }
    Cast { victims, attackers: vec![station], end: at + MINUTE }
}

/// See the scenario.
pub(super) fn half_rate(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("vitals-half-rate", sim.now.secs());
    let (end, mark) = (sim.now + 3 * HOUR, sim.net.mark);
    let index = hold_one(sim, &mut dice, end + MINUTE);
    let monitor = &mut sim.ward.bedside.monitors[index];
    let victims = vec![monitor.host, monitor.session.server];
    (monitor.period, monitor.mark) = (monitor.period * 2, mark);
    sim.at(end, move |sim| {
        let monitor = &mut sim.ward.bedside.monitors[index];
        (monitor.period, monitor.mark) = (monitor.period / 2, 0);
    });
    Cast { victims, attackers: Vec::new(), end }
}

/// See the scenario.
pub(super) fn reconnects(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("station-reconnects", sim.now.secs());
    let end = sim.now + 45 * MINUTE;
    let central = a_station(sim, &mut dice);
    let victims = vec![sim.ward.bedside.centrals[central].device, sim.ward.bedside.centrals[central].server];
    sim.repeat(sim.now, move |sim| {
        let now = sim.now;
        let bedside = &mut sim.ward.bedside;
        let session = &mut bedside.centrals[central];
        session.reset(&mut sim.net, now, Side::Opener);
        let again = now + dice.around(secs(2), 0.5);
        let air = &mut Air { net: &mut sim.net, voice: &mut bedside.voice };
        session.exchange(air, again, Side::Opener, [HEARTBEAT, ACKNOWLEDGED], ms(4));
        let next = again + dice.skewed(secs(6), 0.4);
        (next < end).then_some(next)
    });
    Cast { victims, attackers: Vec::new(), end }
}
