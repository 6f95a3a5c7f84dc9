//! Who gets in where he does not belong.

use super::{Cast, pc};
use crate::clock::{MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::sim::Sim;
use crate::ward::remote::consoles::{Console, Kind};

/// Works on a console until `end`.
fn work(sim: &mut Sim, mut console: Console, end: Time, mut dice: Dice) {
    let mut at = sim.now;
    if at >= end {
        console.close(&mut sim.net, at, &mut dice);
        return;
    }
    for _ in 0..dice.range(1..9) {
        at = console.work(&mut sim.net, at + dice.skewed(ms(600), 0.6), &mut dice).0;
    }
    let pause = dice.skewed(secs(5), 0.8);
    sim.at(at + pause, move |sim| work(sim, console, end, dice));
}

pub(super) fn console_lateral(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 0), sim.ward.site().ct[0]);
    let (mut dice, end) = (sim.dice("lateral", 0), sim.now + 14 * MINUTE);
    let (mut console, at) = sim.console(sim.now, attacker, victim, Kind::Rdp, "administrator", &mut dice);
    let mut at = at + secs(8);
    for _ in 0..30 {
        at = console.carry(&mut sim.net, at + ms(30), 60_000, &mut dice);
    }
    sim.at(at, move |sim| work(sim, console, end, dice));
    Cast { victims: vec![victim], attackers: vec![attacker], end }
}

pub(super) fn vendor_at_night(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (victim, jump, vendor) = (site.xr[0], site.jump, site.vendor);
    let (dice, length) = (sim.dice("vendor-at-night", 0), 25 * MINUTE);
    crate::ward::remote::serve(sim, victim, length, dice);
    Cast { victims: vec![victim], attackers: vec![vendor, jump], end: sim.now + length + MINUTE }
}

pub(super) fn ssh_guessing(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 3), sim.ward.site().pump_gateway);
    let (mut dice, end) = (sim.dice("guessing", 0), sim.now + 16 * MINUTE);
    let mut left = 140;
    sim.repeat(sim.now + ms(10), move |sim| {
        left -= 1;
        if left == 0 {
            let (console, at) = sim.console(sim.now, attacker, victim, Kind::Ssh, "root", &mut dice);
            let dice = dice.clone();
            sim.at(at, move |sim| work(sim, console, end, dice));
            return None;
        }
        let over = sim.guess(sim.now, attacker, victim, 3, &mut dice);
        Some(over + dice.skewed(secs(3), 0.3))
    });
    Cast { victims: vec![victim], attackers: vec![attacker], end }
}

pub(super) fn password_spray(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 6), sim.ward.site().domain[0]);
    let mut dice = sim.dice("spray", 0);
    let (mut user, users) = (0, 180);
    sim.repeat(sim.now + ms(10), move |sim| {
        user += 1;
        let over = sim.share_refused(sim.now, attacker, victim, &format!("u{user:04}"), &mut dice);
        (user < users).then(|| over + dice.skewed(ms(2500), 0.3))
    });
    Cast { victims: vec![victim], attackers: vec![attacker], end: sim.now + 9 * MINUTE }
}
