//! Ventilators and nurse call.

use crate::attacks::Cast;
use crate::clock::{HOUR, MINUTE, seconds, secs, us};
use crate::dice::Dice;
use crate::network::{HostId, LINUX};
use crate::sim::Sim;
use crate::tcp::Side;
use crate::ward::bedside::session::Air;
use crate::ward::bedside::{machines, switch_on};
use crate::wire::opaque::{CALLED, GATEWAY};

/// Datagrams of the flood in a second, and for how long.
const FLOOD: (u64, u64) = (400, 150);

/// See the scenario: what a vendor's manual warns of.
pub(super) fn ventilator_flood(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("ventilator-flood", sim.now.secs());
    let ventilators: Vec<usize> = (0..sim.ward.bedside.machines.len())
        .filter(|&at| !sim.ward.bedside.machines[at].anaesthesia)
        .filter(|&at| sim.ward.bedside.machines[at].in_use)
        .collect();
    let index = if ventilators.is_empty() { 0 } else { *dice.pick(&ventilators) };
    if ventilators.is_empty() {
        machines::start(sim, index, 4 * HOUR);
    }
    let end = sim.now + seconds(dice.between(2400.0, 4200.0));
    let machine = &mut sim.ward.bedside.machines[index];
    machine.held = end + MINUTE;
    let victim = machine.host;
    let zone = sim.net.host(victim).zone;
    let attacker = sim.net.add_host("unknown".into(), "unknown", zone, [0xb8, 0x27, 0xeb], LINUX);
    sim.net.announce(sim.now, attacker);
    let mut second = 0;
    sim.repeat(sim.now + secs(3), move |sim| {
        flood(sim, attacker, victim, &mut dice);
        second += 1;
        (second < FLOOD.1).then_some(sim.now + secs(1))
    });
    sim.after(secs(25), move |sim| {
        let machine = &mut sim.ward.bedside.machines[index];
        machine.port_works = false;
        machine.session.lose();
        sim.net.host_mut(victim).up = false;
    });
    sim.at(end, move |sim| {
        sim.net.host_mut(attacker).up = false;
        sim.ward.bedside.machines[index].port_works = true;
        switch_on(sim, victim, false);
    });
    Cast { victims: vec![victim], attackers: vec![attacker], end }
}

/// A second of it, straight to the port: nobody answers.
fn flood(sim: &mut Sim, from: HostId, to: HostId, dice: &mut Dice) {
    let Some((at, _)) = sim.net.resolve(sim.now, from, to) else { return };
    let (route, vlan) = sim.net.route(from, to);
    let gap = 1_000_000 / FLOOD.0;
    for step in 0..FLOOD.0 {
        let passed = at + us(step * gap + dice.range(200..200 + gap / 2));
        sim.net.udp_on(passed, from, &route, vlan, [40_000 + step as u16, GATEWAY.port], &[0x58; 512]);
    }
}

/// See the scenario.
pub(super) fn calls_stop(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("nurse-call-silent", sim.now.secs());
    let end = sim.now + 8 * HOUR;
    let index = dice.range(0..sim.ward.bedside.panels.len() as u64) as usize;
    let panel = &mut sim.ward.bedside.panels[index];
    panel.calls = false;
    let victims = vec![panel.host];
    sim.at(end, move |sim| sim.ward.bedside.panels[index].calls = true);
    Cast { victims, attackers: Vec::new(), end }
}

/// See the scenario: until somebody comes with a screwdriver.
pub(super) fn button_stuck(sim: &mut Sim) -> Cast {
    let mut dice = sim.dice("nurse-call-stuck", sim.now.secs());
    let end = sim.now + 50 * MINUTE;
    let index = dice.range(0..sim.ward.bedside.panels.len() as u64) as usize;
    let victims = vec![sim.ward.bedside.panels[index].host, sim.ward.site().nurse_call];
    sim.repeat(sim.now, move |sim| {
        let now = sim.now;
        let bedside = &mut sim.ward.bedside;
        let panel = &mut bedside.panels[index];
        if sim.net.host(panel.host).up {
            let air = &mut Air { net: &mut sim.net, voice: &mut bedside.voice };
            panel.exchange(air, now, Side::Opener, CALLED);
        }
        let next = now + dice.around(secs(4), 0.3);
        (next < end).then_some(next)
    });
    Cast { victims, attackers: Vec::new(), end }
}
