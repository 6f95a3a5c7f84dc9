//! Pumps.

use std::net::Ipv4Addr;

use crate::attacks::{Cast, any_pc};
use crate::clock::{HOUR, MINUTE, Time, ms, seconds, secs};
use crate::dice::Dice;
use crate::network::{HostId, LINUX, OUTSIDE};
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::bedside::pumps::{self, FIRMWARE, Home, LIBRARY, Stage};
use crate::ward::bedside::session::{Air, Session, Transfer};
use crate::wire::opaque::{ACKNOWLEDGED, IDENTIFY, IDENTITY, Kind, PUMP, PUMP_LOG, PUMP_RATE, PUMP_STATUS};

/// Pumps that are in reach now, those of intensive care first: they stay.
pub(super) fn in_reach(sim: &Sim) -> Vec<usize> {
    let all = &sim.ward.bedside.pumps;
    let mut found: Vec<usize> = (0..all.len()).filter(|&at| all[at].is_online(sim.now)).collect();
    found.sort_by_key(|&at| (all[at].home != Home::Intensive, all[at].stage != Stage::Infusing));
    found
}

/// A pump that stays as it is until `until`; where none is in reach the first one is switched on.
pub(super) fn hold_one(sim: &mut Sim, dice: &mut Dice, until: Time) -> usize {
    let found = in_reach(sim);
    let index = if found.is_empty() { 0 } else { found[dice.range(0..found.len().min(4) as u64) as usize] };
    if found.is_empty() {
        pumps::start(sim, index);
    }
    sim.ward.bedside.pumps[index].held = until;
    index
}

/// Opens a session of its own to a pump, which waits for service software on the protocol's port.
pub(super) fn call(sim: &mut Sim, from: HostId, index: usize, orders: &'static [Kind]) -> Time {
    let now = sim.now;
    let bedside = &mut sim.ward.bedside;
    let pump = bedside.pumps[index].host;
    let air = &mut Air { net: &mut sim.net, voice: &mut bedside.voice };
    let mut session = Session::new(from, pump, &PUMP);
    let mut at = session.exchange(air, now, Side::Opener, [IDENTIFY, IDENTITY], ms(40));
    for order in orders {
        at = session.exchange(air, at + secs(2), Side::Opener, [*order, ACKNOWLEDGED], ms(35));
    }
    session.close(air.net, at + ms(700))
}

/// The pump tells the gateway what it does now.
fn report(sim: &mut Sim, index: usize, at: Time) {
    sim.at(at, move |sim| {
        let now = sim.now;
        let bedside = &mut sim.ward.bedside;
        let pump = &mut bedside.pumps[index];
        if pump.is_online(now) {
            pump.tell(&mut Air { net: &mut sim.net, voice: &mut bedside.voice }, now, PUMP_STATUS);
        }
    });
}

/// See the scenario.
pub(super) fn foreign_commands(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("pump-foreign-commands", sim.now.secs());
    let pc = any_pc(sim, &mut dice);
    let mut at = sim.now;
    let mut targets = in_reach(sim);
    if targets.is_empty() {
        targets = vec![hold_one(sim, &mut dice, at + HOUR)];
    }
    targets.truncate(6);
    let victims = targets.iter().map(|&index| sim.ward.bedside.pumps[index].host).collect();
    for index in targets {
        sim.ward.bedside.pumps[index].held = sim.now + HOUR;
        sim.at(at, move |sim| {
            let over = call(sim, pc, index, &[PUMP_RATE, PUMP_RATE]);
            report(sim, index, over + secs(8));
        });
        at += dice.skewed(secs(70), 0.6);
    }
    Cast { victims, attackers: vec![pc], end: at + MINUTE }
}

/// See the scenario.
pub(super) fn night_rates(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("pump-night-rates", sim.now.secs());
    let mut at = sim.now;
    let targets = in_reach(sim);
    let victims = targets.iter().map(|&index| sim.ward.bedside.pumps[index].host).collect();
    for index in targets {
        at += dice.skewed(secs(4), 0.7);
        sim.at(at, move |sim| {
            let now = sim.now;
            let bedside = &mut sim.ward.bedside;
            let pump = &mut bedside.pumps[index];
            if pump.is_online(now) {
                let heard = pump.hear(&mut Air { net: &mut sim.net, voice: &mut bedside.voice }, now, PUMP_RATE);
                report(sim, index, heard + secs(9));
            }
        });
    }
    Cast { victims, attackers: vec![sim.ward.site().pump_gateway], end: at + secs(5) }
}

/// See the scenario: new libraries come at night, or when a pump is switched on.
pub(super) fn library_by_day(sim: &mut Sim) -> Cast {
    /// About 300 kB.
    const LARGE: Transfer = Transfer { pieces: 75, ..LIBRARY };
    let mut dice = sim.dice("pump-library-by-day", sim.now.secs());
    let mut at = sim.now;
    let mut targets = in_reach(sim);
    if targets.is_empty() {
        targets = vec![hold_one(sim, &mut dice, at + HOUR)];
    }
    let victims = targets.iter().map(|&index| sim.ward.bedside.pumps[index].host).collect();
    for index in targets {
        at += dice.skewed(secs(25), 0.6);
        sim.at(at, move |sim| {
            let now = sim.now;
            let bedside = &mut sim.ward.bedside;
            let pump = &mut bedside.pumps[index];
            if pump.is_online(now) {
                let air = &mut Air { net: &mut sim.net, voice: &mut bedside.voice };
                pump.session.transfer(air, now, &LARGE, ACKNOWLEDGED);
            }
        });
    }
    Cast { victims, attackers: vec![sim.ward.site().pump_gateway], end: at + MINUTE }
}

/// See the scenario: all that are there, for the software is the same.
pub(super) fn reports_stop(sim: &mut Sim) -> Cast {
    let end = sim.now + 6 * HOUR;
    let mut victims: Vec<HostId> = in_reach(sim).into_iter().map(|index| sim.ward.bedside.pumps[index].host).collect();
    victims.push(sim.ward.site().pump_gateway);
    let mute = |sim: &mut Sim, muted| sim.ward.bedside.pumps.iter_mut().for_each(|pump| pump.muted = muted);
    mute(sim, true);
    sim.at(end, move |sim| mute(sim, false));
    Cast { victims, attackers: Vec::new(), end }
}

/// See the scenario.
pub(super) fn firmware_stranger(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("pump-firmware-stranger", sim.now.secs());
    let first = hold_one(sim, &mut dice, sim.now + HOUR);
    let mut targets = vec![first];
    targets.extend(in_reach(sim).into_iter().filter(|&index| index != first).take(2));
    let zone = sim.net.host(sim.ward.bedside.pumps[first].host).zone;
    let laptop = sim.net.add_host("laptop".into(), "laptop", zone, [0x8c, 0x16, 0x45], LINUX);
    sim.net.announce(sim.now, laptop);
    let victims = targets.iter().map(|&index| sim.ward.bedside.pumps[index].host).collect();
    let mut at = sim.now + secs(40);
    for index in targets {
        sim.ward.bedside.pumps[index].held = sim.now + HOUR;
        sim.at(at, move |sim| send_firmware(sim, laptop, index));
        at += dice.around(4 * MINUTE, 0.3);
    }
    sim.at(at + 5 * MINUTE, move |sim| sim.net.host_mut(laptop).up = false);
    Cast { victims, attackers: vec![laptop], end: at + 5 * MINUTE }
}

/// Firmware from who opened the connection: his is the side of the orders.
fn send_firmware(sim: &mut Sim, from: HostId, index: usize) {
    let now = sim.now;
    let bedside = &mut sim.ward.bedside;
    let air = &mut Air { net: &mut sim.net, voice: &mut bedside.voice };
    let Transfer { offer, piece, pieces, storing } = FIRMWARE;
    let mut session = Session::new(from, bedside.pumps[index].host, &PUMP);
    let mut at = session.exchange(air, now, Side::Opener, [IDENTIFY, IDENTITY], ms(40));
    at = session.exchange(air, at + secs(5), Side::Opener, [offer, ACKNOWLEDGED], ms(200));
    for _ in 0..pieces {
        at = session.exchange(air, at + ms(2), Side::Opener, [piece, ACKNOWLEDGED], storing);
    }
    let at = session.close(air.net, at + ms(300));
    pumps::restart(sim, index, at + secs(4));
}

/// See the scenario. The address is one of those hard-coded in a patient monitor's firmware (CVE-2025-0626, CVE-2025-0683),
/// which port 515 belongs to as well.
pub(super) fn call_home(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("pump-call-home", sim.now.secs());
    let end = sim.now + 3 * HOUR;
    let index = hold_one(sim, &mut dice, end);
    let pump = sim.ward.bedside.pumps[index].host;
    let ip = Ipv4Addr::new(202, 114, 4, 119);
    let home = sim
        .net
        .owner(ip)
        .unwrap_or_else(|| sim.net.add_host_at("call-home".into(), "outside", OUTSIDE, [0x00, 0x1b, 0x54], LINUX, ip));
    sim.repeat(sim.now, move |sim| {
        // Most calls are lost at the firewall; one in three gets through.
        if dice.chance(0.35) {
            let (mut connection, ready) = Connection::open(&mut sim.net, sim.now, pump, home, 515);
            let bedside = &mut sim.ward.bedside;
            let message = bedside.voice.say(&PUMP, PUMP_LOG, pump.0, dice.bits() as u32);
            let sent = connection.send(&mut sim.net, ready, Side::Opener, message);
            connection.close(&mut sim.net, sent.arrived + secs(1), Side::Opener);
        } else {
            Connection::unanswered(&mut sim.net, sim.now, pump, home, 515);
        }
        let next = sim.now + dice.around(5 * MINUTE, 0.05);
        (next < end).then_some(next)
    });
    Cast { victims: vec![pump], attackers: vec![home], end }
}

/// See the scenario.
pub(super) fn reboots(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("pump-reboots", sim.now.secs());
    let end = sim.now + 2 * HOUR;
    let index = hold_one(sim, &mut dice, end);
    let victim = sim.ward.bedside.pumps[index].host;
    sim.repeat(sim.now, move |sim| {
        reboot(sim, index, &mut dice);
        let next = sim.now + seconds(dice.between(240.0, 560.0));
        (next < end).then_some(next)
    });
    Cast { victims: vec![victim], attackers: Vec::new(), end }
}

/// It breaks off, and is back with a hello after its self-test.
fn reboot(sim: &mut Sim, index: usize, dice: &mut Dice) {
    let pump = &mut sim.ward.bedside.pumps[index];
    pump.session.lose();
    let back = sim.now + dice.around(secs(55), 0.2);
    pump.unreachable = back;
    sim.at(back, move |sim| {
        let now = sim.now;
        let bedside = &mut sim.ward.bedside;
        let pump = &mut bedside.pumps[index];
        sim.net.announce(now, pump.host);
        let air = &mut Air { net: &mut sim.net, voice: &mut bedside.voice };
        pump.tell(air, now + secs(2), PUMP_STATUS);
    });
}
