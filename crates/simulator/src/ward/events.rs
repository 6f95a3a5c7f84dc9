//! What happens to servers now and then and is in order: restarts, maintenance at night, moves, fail-overs, and the
//! hospital's own inventory scan.

use crate::clock::{DAY, HOUR, MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::frame::Mac;
use crate::network::{HostId, LINUX};
use crate::sim::Sim;
use crate::tcp::{Connection, Side};

/// What goes on there.
#[derive(Debug, Default)]
pub struct Events {
    /// The hospital's own scanner, which counts what there is once a month.
    pub scanner: Option<HostId>,
}

/// Sets it up.
pub fn open(sim: &mut Sim) {
    let zone = sim.ward.site().zones.servers;
    let scanner = sim.net.add_host("inventory".into(), "inventory-scanner", zone, [0x00, 0x50, 0x56], LINUX);
    sim.ward.events = Events { scanner: Some(scanner) };
    restarts(sim);
    maintenance(sim);
    moves(sim);
    fail_overs(sim);
    inventory(sim, scanner);
}

/// A moment between two hours of a day, after as many days as the dice say: `mean` of them on the average.
fn later(sim: &Sim, dice: &mut Dice, mean: f64, hours: (f64, f64)) -> Time {
    let days = dice.exponential(mean);
    sim.calendar.next(sim.now + DAY.mul_f64(days), dice.between(hours.0, hours.1) % 24.0)
}

/// Servers are restarted, mostly for updates and mostly at night.
fn restarts(sim: &mut Sim) {
    let site = sim.ward.site();
    let servers = [site.ehr, site.engine, site.lis, site.pacs, site.pump_gateway];
    let mut dice = sim.dice("restarts", 0);
    let first = later(sim, &mut dice, 3.5, (20.0, 29.0));
    sim.repeat(first, move |sim| {
        let server = *dice.pick(&servers);
        let length = dice.around(secs(330), 0.45);
        sim.restart(server, length);
        // One in four comes at an inconvenient time of the day.
        let hours = if dice.chance(0.25) { (7.0, 19.0) } else { (20.0, 29.0) };
        Some(later(sim, &mut dice, 3.5, hours))
    });
}

impl Sim {
    /// A host goes down in order, with its links closed, and is back after a while.
    pub fn restart(&mut self, host: HostId, length: std::time::Duration) {
        if !self.net.host(host).up {
            return;
        }
        self.close_links(host);
        self.close_channels(host);
        self.net.host_mut(host).up = false;
        self.after(length, move |sim| {
            sim.net.host_mut(host).up = true;
            sim.net.announce(sim.now, host);
        });
    }
}

/// A switch gets new software at night: some of the hosts behind it vanish for a while, without a farewell.
fn maintenance(sim: &mut Sim) {
    let site = sim.ward.site();
    let building: Vec<HostId> = [&site.gas, &site.isolation, &site.ups].into_iter().flatten().copied().collect();
    let groups = [building, site.analysers.clone(), site.panels.clone(), site.cabinets.clone(), site.printers.clone()];
    let mut dice = sim.dice("switches", 0);
    let first = later(sim, &mut dice, 9.0, (25.0, 28.5));
    sim.repeat(first, move |sim| {
        let group = dice.pick(&groups);
        let start = dice.range(0..group.len() as u64) as usize;
        let count = (2 + dice.range(0..6) as usize).min(group.len());
        let length = dice.around(15 * MINUTE, 0.33);
        for host in group.iter().cycle().skip(start).take(count).copied() {
            if !sim.net.host(host).up {
                continue;
            }
            sim.net.host_mut(host).up = false;
            sim.after(length + dice.around(secs(8), 0.9), move |sim| {
                sim.net.host_mut(host).up = true;
                sim.net.announce(sim.now, host);
            });
        }
        Some(later(sim, &mut dice, 9.0, (25.0, 28.5)))
    });
}

/// A virtual machine moves to another host: the same addresses behind another port, which it tells the switches.
fn moves(sim: &mut Sim) {
    let site = sim.ward.site();
    let servers = [site.ehr, site.ris, site.lis, site.pharmacy, site.archive, site.files, site.proxy, site.nurse_call];
    let mut dice = sim.dice("moves", 0);
    let first = later(sim, &mut dice, 5.0, (6.0, 23.0));
    sim.repeat(first, move |sim| {
        let server = *dice.pick(&servers);
        sim.net.host_mut(server).latency = std::time::Duration::from_micros(dice.range(40..160));
        for number in 0..3 {
            let at = sim.now + ms(900) * number;
            sim.net.announce(at, server);
        }
        Some(later(sim, &mut dice, 5.0, (6.0, 23.0)))
    });
}

/// The interface engine is a pair: now and then the other machine takes its address, and says so.
fn fail_overs(sim: &mut Sim) {
    let engine = sim.ward.site().engine;
    let first_mac = sim.net.host(engine).mac;
    let [a, b, c, d, e, f] = first_mac;
    let pair: [Mac; 2] = [first_mac, [a, b, c, d ^ 0x15, e, f]];
    let mut dice = sim.dice("fail-overs", 0);
    let mut active = 0;
    let first = later(sim, &mut dice, 16.0, (9.0, 33.0));
    sim.repeat(first, move |sim| {
        if sim.net.host(engine).up {
            active = 1 - active;
            let mac = pair[active];
            sim.close_links(engine);
            sim.net.host_mut(engine).up = false;
            sim.after(dice.around(secs(20), 0.6), move |sim| {
                let host = sim.net.host_mut(engine);
                (host.mac, host.up) = (mac, true);
                for number in 0..3 {
                    let at = sim.now + ms(1000) * number;
                    sim.net.announce(at, engine);
                }
            });
        }
        Some(later(sim, &mut dice, 16.0, (9.0, 33.0)))
    });
}

/// Once a month the hospital's own scanner counts office PCs and printers: a ping, and whether a few ports are open.
fn inventory(sim: &mut Sim, scanner: HostId) {
    let mut dice = sim.dice("inventory", 0);
    let day = dice.between(3.0, 26.0);
    let first = sim.calendar.next(sim.now + DAY.mul_f64(day), 22.0);
    sim.repeat(first, move |sim| {
        let site = sim.ward.site();
        let targets: Vec<HostId> = site.pcs.iter().chain(&site.printers).copied().collect();
        let mut then = sim.now + dice.around(HOUR / 4, 0.9);
        for (number, target) in (0..).zip(targets) {
            sim.at(then, move |sim| count_one(sim, scanner, target, number));
            then += dice.around(secs(4), 0.5);
        }
        Some(sim.now + 30 * DAY)
    });
}

fn count_one(sim: &mut Sim, scanner: HostId, target: HostId, number: u16) {
    let Sim { net, now, .. } = sim;
    let heard = net.ping(*now, scanner, target, number);
    if !net.host(target).up {
        return;
    }
    let windows = net.host(target).role == "pc";
    let (open, closed) = if windows { (445, 22) } else { (9100, 445) };
    let (mut connection, ready) = Connection::open(net, heard + ms(30), scanner, target, open);
    let over = connection.close(net, ready + ms(5), Side::Opener);
    Connection::refused(net, over + ms(30), scanner, target, closed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::OPENING;
    use crate::ward::site::Site;

    /// In four weeks servers were away a few times, and never for long.
    #[test]
    fn a_few_a_week() {
        let mut sim = Sim::new(5, OPENING);
        let site = Site::build(&mut sim.net, 50);
        let servers = [site.ehr, site.engine, site.lis, site.pacs, site.pump_gateway];
        sim.ward.site = Some(site);
        open(&mut sim);
        let (mut down, start) = (0, sim.now);
        for minute in 1..=28 * 24 * 60 {
            sim.run(start + MINUTE * minute, |_| Ok::<_, ()>(())).ok();
            down += servers.iter().filter(|host| !sim.net.host(**host).up).count();
        }
        assert!((5..250).contains(&down), "{down} server minutes in four weeks");
    }
}
