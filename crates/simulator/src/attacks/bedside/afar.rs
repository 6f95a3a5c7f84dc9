//! What reaches the bedside from afar: commands through a gateway that only ever listened, and the loss of the radio.

use super::{COMMAND, PLAIN};
use crate::attacks::{Cast, Family, Scenario};
use crate::clock::{HOUR, MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::Side;
use crate::ward::bedside::machines;
use crate::ward::bedside::pumps;
use crate::ward::bedside::session::Air;
use crate::wire::opaque::{ACKNOWLEDGED, HEARTBEAT, SETTINGS};

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "ventilator-set-from-afar",
        title: "the device gateway, which only listens to ventilators, sends them settings",
        family: Family::Command,
        techniques: COMMAND,
        endangers: "A ventilator breathes otherwise than set at the bed, or keeps its alarms to itself.",
        within_normal: true,
        hour: 13.1,
        start: set_from_afar,
        ..PLAIN
    },
    Scenario {
        name: "pump-radio-jammed",
        title: "all pumps lose the radio network at once and come back, every two minutes",
        techniques: &[
            "T0814",
            "T0815",
            "T0829",
            "T0826",
            "T0804",
            "T1691.002",
            "T0805",
            "T1695",
            "T0813",
            "T0827",
            "T1498",
            "T1499",
        ],
        endangers: "Alarms of pumps come late or never, and orders do not reach them.",
        within_normal: true,
        hour: 10.9,
        start: jammed,
        ..PLAIN
    },
];

/// Machines that somebody is on and that can be reached; where there is none, the first is switched on.
fn running(sim: &mut Sim) -> Vec<usize> {
    let machines = &sim.ward.bedside.machines;
    let used = |at: &usize| machines[*at].on && machines[*at].in_use && machines[*at].port_works;
    let mut found: Vec<usize> = (0..machines.len()).filter(used).take(3).collect();
    if found.is_empty() {
        machines::start(sim, 0, 4 * HOUR);
        found.push(0);
    }
    found
}

/// Settings over the network, which the machine takes from anybody who reaches its connection: as anaesthesia machines do
/// behind a terminal server (GE Aestiva and Aespire, CVE-2019-10966). It tells its new settings, as after any change.
fn set_from_afar(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("ventilator-set-from-afar", sim.now.secs());
    let targets = running(sim);
    let mut at = sim.now + MINUTE;
    for _ in 0..5 {
        for index in targets.iter().copied() {
            sim.at(at, move |sim| set(sim, index));
            at += dice.skewed(secs(50), 0.4);
        }
    }
    let end = at + MINUTE;
    for index in targets.iter().copied() {
        sim.ward.bedside.machines[index].held = end;
    }
    let victims = targets.iter().map(|&index| sim.ward.bedside.machines[index].host).collect();
    Cast { victims, attackers: vec![sim.ward.site().device_gateway], end }
}

fn set(sim: &mut Sim, index: usize) {
    let now = sim.now;
    let bedside = &mut sim.ward.bedside;
    let machine = &mut bedside.machines[index];
    if machine.on && sim.net.host(machine.host).up {
        let air = &mut Air { net: &mut sim.net, voice: &mut bedside.voice };
        let heard = machine.session.exchange(air, now, Side::Answerer, [SETTINGS, ACKNOWLEDGED], ms(20));
        machine.tell(air, heard + secs(1), SETTINGS);
    }
}

/// Deauthentication frames (IEEE 802.11-2020 section 11.3.4.5) throw all off the radio; a wire sees them come back together.
fn jammed(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("pump-radio-jammed", sim.now.secs());
    let end = sim.now + 36 * MINUTE;
    let online = |sim: &Sim| -> Vec<usize> {
        let all = &sim.ward.bedside.pumps;
        (0..all.len()).filter(|&at| all[at].is_online(sim.now)).collect()
    };
    if online(sim).len() < 3 {
        let off = |at: &usize| sim.ward.bedside.pumps[*at].stage == pumps::Stage::Off;
        let off: Vec<usize> = (0..sim.ward.site().pumps.len()).filter(off).take(3).collect();
        off.into_iter().for_each(|index| pumps::start(sim, index));
    }
    let pumps = online(sim);
    let victims: Vec<HostId> = pumps.iter().map(|&index| sim.ward.bedside.pumps[index].host).collect();
    for index in pumps.iter().copied() {
        sim.ward.bedside.pumps[index].held = end + MINUTE;
    }
    sim.repeat(sim.now + secs(20), move |sim| {
        let back = sim.now + dice.around(secs(25), 0.4);
        for index in pumps.iter().copied() {
            let own = back + dice.skewed(ms(900), 0.8);
            throw_off(sim, index, own, &mut dice);
        }
        Some(sim.now + dice.around(2 * MINUTE, 0.2)).filter(|next| *next + MINUTE < end)
    });
    let victims = victims.into_iter().chain([sim.ward.site().pump_gateway]).collect();
    Cast { victims, attackers: Vec::new(), end }
}

/// It is gone without a word, and back with its address and a hello.
fn throw_off(sim: &mut Sim, index: usize, back: Time, dice: &mut Dice) {
    let now = sim.now;
    let pump = &mut sim.ward.bedside.pumps[index];
    if !pump.is_online(now) {
        return;
    }
    pump.session.lose();
    pump.unreachable = back;
    let wait = dice.skewed(ms(400), 0.3);
    sim.at(back, move |sim| {
        let now = sim.now;
        let bedside = &mut sim.ward.bedside;
        let pump = &mut bedside.pumps[index];
        if pump.is_online(now) {
            sim.net.announce(now, pump.host);
            pump.tell(&mut Air { net: &mut sim.net, voice: &mut bedside.voice }, now + wait, HEARTBEAT);
        }
    });
}
