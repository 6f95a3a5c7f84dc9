//! Vendors' remote access: service by appointment over the jump host, and what devices report every day.

pub mod consoles;

use self::consoles::{Console, Kind};
use crate::clock::{DAY, MINUTE, Time, ms, seconds, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::Side;
use crate::ward::office::secure::{Session, Visit};
use crate::wire::tls::{OLD_DEVICE, PROGRAM};

/// What goes on there.
#[derive(Debug, Default)]
pub struct Remote {
    /// The devices that the vendor serves; nobody works on others from outside.
    pub serves: Vec<HostId>,
    /// How many sessions there have been.
    pub sessions: u64,
    /// Whom the last was about.
    pub last: Option<HostId>,
}

/// Where vendors come in.
const GATE: u16 = 443;

/// Sets it up.
pub fn open(sim: &mut Sim) {
    let site = sim.ward.site();
    // Each kind of modality but radiography, and the pumps' server.
    let serves: Vec<HostId> = [&site.ct, &site.mr, &site.us].into_iter().flatten().copied().collect();
    sim.ward.remote.serves = [&serves[..], &[site.pump_gateway]].concat();
    appointments(sim);
    let modalities: Vec<HostId> = sim.ward.site().modalities().collect();
    for host in modalities {
        report(sim, host);
    }
}

/// The vendor comes every few days, in office hours: the more devices, the more often.
fn appointments(sim: &mut Sim) {
    let mut dice = sim.dice("appointments", 0);
    let mean = 30.0 / (sim.ward.remote.serves.len() as f64 + 2.0);
    let next = move |sim: &Sim, dice: &mut Dice| {
        let day = sim.now + DAY.mul_f64(dice.exponential(mean.max(0.3)).min(6.0));
        let time = sim.calendar.next(day, dice.between(8.5, 16.0));
        // Not on a weekend: on Monday then.
        if sim.calendar.is_weekend(time) { time + DAY * (7 - sim.calendar.weekday(time)) as u32 } else { time }
    };
    let first = next(sim, &mut dice);
    sim.repeat(first, move |sim| {
        let target = *dice.pick(&sim.ward.remote.serves);
        let length = MINUTE.mul_f64(dice.between(20.0, 60.0));
        if sim.net.host(target).up {
            serve(sim, target, length, dice.clone());
        }
        Some(next(sim, &mut dice))
    });
}

/// A session of the vendor on a device: outside to the jump host, and from there on.
pub fn serve(sim: &mut Sim, target: HostId, length: std::time::Duration, mut dice: Dice) {
    let (vendor, jump) = (sim.ward.site().vendor, sim.ward.site().jump);
    if !sim.net.host(jump).up {
        return;
    }
    sim.ward.remote.sessions += 1;
    sim.ward.remote.last = Some(target);
    let end = sim.now + length;
    let visit = Visit { from: vendor, to: jump, label: 0, port: GATE, client: &PROGRAM, through: None };
    let (mut tunnel, mut at) = sim.visit(sim.now, &visit, &mut dice);
    for sizes in [[700, 400], [900, 2600]] {
        at = tunnel.exchange(&mut sim.net, at + secs(2), sizes, ms(20), &mut dice);
    }
    // Somebody has to choose the device first.
    sim.at(at + secs(dice.range(15..60)), move |sim| {
        let kind = Kind::of(sim.net.host(target).role);
        let (console, ready) = sim.console(sim.now, jump, target, kind, "service", &mut dice);
        sim.at(ready, move |sim| work(sim, tunnel, console, end, dice));
    });
}

/// Works on, in spells: what is done travels through both sessions.
fn work(sim: &mut Sim, mut tunnel: Session, mut console: Console, end: Time, mut dice: Dice) {
    if sim.now >= end {
        let at = console.close(&mut sim.net, sim.now, &mut dice);
        tunnel.close(&mut sim.net, at + secs(3), &mut dice);
        return;
    }
    let mut at = sim.now;
    for _ in 0..dice.range(1..12) {
        let asked = tunnel.send(&mut sim.net, at, Side::Opener, 90, &mut dice);
        let (shown, length) = console.work(&mut sim.net, asked + ms(1), &mut dice);
        at = tunnel.send(&mut sim.net, shown + ms(2), Side::Answerer, length + 60, &mut dice);
        at += dice.skewed(ms(700), 0.7);
    }
    let pause = dice.skewed(secs(6), 0.9).min(MINUTE);
    sim.at(at + pause, move |sim| work(sim, tunnel, console, end, dice));
}

/// A modality tells the vendor every day how it is, through the proxy.
fn report(sim: &mut Sim, host: HostId) {
    let mut dice = sim.dice("report", u64::from(host.0));
    let hour = dice.between(0.0, 24.0);
    let first = sim.calendar.next(sim.now, hour);
    sim.repeat(first, move |sim| {
        let (proxy, vendor) = (sim.ward.site().proxy, sim.ward.site().vendor);
        if sim.net.host(host).up && sim.net.host(proxy).up {
            let visit =
                Visit { from: host, to: vendor, label: 0, port: GATE, client: &OLD_DEVICE, through: Some(proxy) };
            let (mut session, at) = sim.visit(sim.now, &visit, &mut dice);
            let size = dice.log_normal(60_000.0, 0.5).min(600_000.0) as usize;
            let mut at = session.exchange(&mut sim.net, at, [700, 300], ms(40), &mut dice);
            at = session.exchange(&mut sim.net, at, [size, 260], ms(200), &mut dice);
            session.close(&mut sim.net, at + secs(2), &mut dice);
        }
        Some(sim.calendar.next(sim.now + DAY / 2, hour) + seconds(dice.between(0.0, 240.0)))
    });
}
