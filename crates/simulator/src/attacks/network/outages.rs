//! Hosts that fail together: by an update, by a switch that nobody knows, by a scan that was to help; and two that are one.

use super::scans::probe;
use super::{Cast, scenario, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{HOUR, MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::frame::{Arp, BROADCAST};
use crate::network::{EMBEDDED, HostId, ZoneId};
use crate::sim::Sim;
use crate::tcp::Connection;
use crate::ward::bedside::monitors::{self, Stream};
use crate::ward::laboratory::ANALYSER_PORT;
use crate::wire::stp;

/// All of them.
pub const ALL: &[Scenario] = &[
    within_normal(scenario(
        "update-crashes-windows",
        "servers, cabinets, workstations and PCs with Windows crash within minutes, and again after each start",
        Family::Availability,
        &[
            "T0814",
            "T0813",
            "T0815",
            "T0816",
            "T0826",
            "T0827",
            "T0828",
            "T0829",
            "T0881",
            "T1489",
            "T1499",
            "T1529",
            "T1195",
            "T1195.002",
        ],
        "Records, images and drugs cannot be had on all wards at once, and staff go back to paper.",
        5.1,
        update_crashes,
    )),
    scenario(
        "spanning-tree-claimed",
        "a foreign switch on a ward makes itself the root of all switches, and takes it back, again and again",
        Family::Availability,
        &[
            "T0814",
            "T0813",
            "T0815",
            "T0829",
            "T0826",
            "T0830",
            "T0804",
            "T1691.002",
            "T0864",
            "T1498",
            "T1557",
            "T1200",
        ],
        "Each time a ward's monitors and pumps are cut off for half a minute.",
        7.2,
        tree_claimed,
    ),
    scenario(
        "inventory-scan-astray",
        "the hospital's own inventory scan, which counts PCs at night, goes through a ward's devices by day, and some hang",
        Family::Availability,
        &[
            "T0814",
            "T0815",
            "T0816",
            "T0826",
            "T0829",
            "T0846",
            "T0888",
            "T0840",
            "T1018",
            "T1046",
            "T1499",
            "T1499.004",
        ],
        "Pumps and ventilators lose their network while they are in use, and alarms are heard at the bed alone.",
        10.4,
        scan_astray,
    ),
    scenario(
        "address-twice",
        "an analyser on loan has the address of another one, and both say so",
        Family::Fault,
        &["T0814", "T0815", "T0826", "T0830", "T0849", "T0864", "T1557", "T1557.002", "T1200", "T1498"],
        "Results of two analysers reach nobody for minutes at a time, again and again.",
        8.9,
        address_twice,
    ),
];

/// An update that was for all at once (so on 19 July 2024 in hospitals all over the world): nobody can stop it, and somebody
/// has to go to each of them.
fn update_crashes(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let servers = [site.ehr, site.ris, site.pacs, site.pharmacy].into_iter().chain(site.domain.last().copied());
    let hosts = servers.chain([&site.cabinets, &site.reading, &site.pcs].into_iter().flatten().copied());
    let victims: Vec<HostId> = hosts.filter(|host| sim.net.host(*host).up).collect();
    let mut dice = sim.dice("update crashes", 0);
    let end = sim.now + 105 * MINUTE;
    for host in victims.iter().copied() {
        let mut own = dice.fork();
        let repaired = sim.now + MINUTE.mul_f64(own.between(35.0, 100.0));
        sim.repeat(sim.now + own.skewed(4 * MINUTE, 0.6).min(15 * MINUTE), move |sim| {
            let down = own.around(secs(85), 0.3);
            sim.restart(host, down);
            Some(sim.now + down + own.around(secs(50), 0.5)).filter(|next| *next < repaired)
        });
    }
    Cast { victims, attackers: Vec::new(), end }
}

/// How long the switch is the root at a time, and how often.
const CLAIMS: (u32, u32) = (5, 4);

/// Ports learn anew for twice fifteen seconds whenever the root changes (IEEE 802.1D-2004 clause 17.14); Beth Israel
/// Deaconess in Boston worked on paper for four days in 2002 when its tree could not be agreed on.
fn tree_claimed(sim: &mut Sim) -> Cast {
    let zone = sim.ward.site().zones.wards[0];
    let switch = sim.net.add_host("switch".into(), "rogue", zone, [0x00, 0x1a, 0x1e], EMBEDDED);
    let (minutes, claims) = CLAIMS;
    let mut at = sim.now + ms(1_010);
    for _ in 0..claims {
        let until = at + MINUTE * minutes;
        sim.repeat(at, move |sim| {
            let changed = until.since(sim.now) > MINUTE * minutes - secs(35);
            let (mark, vlan, own) = (sim.net.mark, sim.net.zone_of(switch).vlan, sim.net.host(switch).mac);
            sim.net.queue.push(sim.now, mark, vlan, |out| stp::claim(out, own, changed));
            Some(sim.now + secs(2)).filter(|next| *next < until)
        });
        for changes in [at + ms(300), until + secs(20)] {
            sim.at(changes, move |sim| cut_off(sim, zone));
        }
        at = until + 90 * secs(1);
    }
    sim.at(at, move |sim| sim.net.host_mut(switch).up = false);
    let site = sim.ward.site();
    let devices = site.pumps.iter().chain(&site.monitors).chain(&site.panels).copied();
    let victims = devices.filter(|host| sim.net.host(*host).zone == zone).collect();
    Cast { victims, attackers: vec![switch], end: at }
}

/// A ward's devices reach nobody for half a minute.
fn cut_off(sim: &mut Sim, zone: ZoneId) {
    let back = sim.now + secs(30);
    let here = |sim: &Sim, host: HostId| sim.net.host(host).zone == zone && sim.net.host(host).up;
    for index in 0..sim.ward.bedside.pumps.len() {
        if here(sim, sim.ward.bedside.pumps[index].host) {
            let pump = &mut sim.ward.bedside.pumps[index];
            pump.unreachable = pump.unreachable.max(back);
        }
    }
    for index in monitors::in_use(sim) {
        let monitor = &mut sim.ward.bedside.monitors[index];
        if monitor.stream == Stream::Own && sim.net.host(monitor.host).zone == zone {
            monitor.stream = Stream::Silent;
            sim.at(back, move |sim| sim.ward.bedside.monitors[index].stream = Stream::Own);
        }
    }
    let panels = sim.ward.bedside.panels.iter().map(|panel| panel.host);
    let panels: Vec<HostId> = panels.filter(|panel| here(sim, *panel)).collect();
    for panel in panels {
        sim.net.host_mut(panel).up = false;
        sim.at(back, move |sim| {
            sim.net.host_mut(panel).up = true;
            sim.net.announce(sim.now, panel);
        });
    }
}

/// Ports that are tried, and devices at most.
const PORTS: [u16; 8] = [21, 22, 23, 80, 135, 443, 445, 8080];
const DEVICES: usize = 60;

/// Somebody entered one network too many. Devices hang from what PCs do not mind, as makers and the FDA have warned of for
/// years: one in four here, until it is switched off and on.
fn scan_astray(sim: &mut Sim) -> Cast {
    let Some(scanner) = sim.ward.events.scanner else {
        return Cast { victims: Vec::new(), attackers: Vec::new(), end: sim.now };
    };
    let site = sim.ward.site();
    let devices = site.pumps.iter().chain(&site.ventilators).chain(&site.panels).chain(&site.monitors).copied();
    let victims: Vec<HostId> = devices.filter(|host| sim.net.host(*host).up).take(DEVICES).collect();
    let mut dice = sim.dice("scan astray", 0);
    let mut at = sim.now + ms(10);
    for (number, target) in (0..).zip(victims.iter().copied()) {
        let mut own = dice.fork();
        sim.at(at, move |sim| {
            let mut at = sim.net.ping(sim.now, scanner, target, number);
            for port in PORTS {
                probe(sim, at, scanner, target, port);
                at += own.around(ms(120), 0.4);
            }
            if own.chance(0.25) {
                sim.at(at, move |sim| hang(sim, target, &mut own));
            }
        });
        at += dice.around(secs(6), 0.4);
    }
    Cast { victims, attackers: vec![scanner], end: at + 9 * MINUTE }
}

/// A device's network is gone until somebody has seen it, and switched it off and on.
fn hang(sim: &mut Sim, host: HostId, dice: &mut Dice) {
    let back = sim.now + dice.skewed(4 * MINUTE, 0.4).min(7 * MINUTE);
    let bedside = &mut sim.ward.bedside;
    if let Some(pump) = bedside.pumps.iter_mut().find(|pump| pump.host == host) {
        pump.session.lose();
        pump.unreachable = pump.unreachable.max(back);
    } else if let Some(panel) = bedside.panels.iter_mut().find(|panel| panel.host == host) {
        panel.session.lose();
        sim.net.host_mut(host).up = false;
    } else if let Some(index) = bedside.machines.iter().position(|machine| machine.host == host) {
        bedside.machines[index].session.lose();
        bedside.machines[index].port_works = false;
        sim.at(back, move |sim| sim.ward.bedside.machines[index].port_works = true);
    } else {
        return;
    }
    sim.at(back, move |sim| {
        if sim.ward.bedside.panels.iter().any(|panel| panel.host == host) {
            sim.net.host_mut(host).up = true;
        }
        sim.net.announce(sim.now, host);
    });
}

/// It was set up by hand, as it stood in the house that it came from (RFC 5227 says what comes of that): whoever asks has two
/// answers, the later of which counts, and connections of both break.
fn address_twice(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (zone, lis, victim) = (site.zones.laboratory, site.lis, site.analysers[site.analysers.len() - 1]);
    let ip = sim.net.host(victim).ip;
    let loaned = sim.net.add_host_at("analyser-loan".into(), "analyser", zone, [0x00, 0x80, 0x64], EMBEDDED, ip);
    // Whoever asks who has the address is told as before.
    sim.net.readdress(victim, ip);
    let (mut dice, end) = (sim.dice("address twice", 0), sim.now + HOUR.mul_f64(3.4));
    sim.repeat(sim.now + ms(1_010), move |sim| {
        sim.net.announce(sim.now, loaned);
        // Who has it says so too.
        sim.net.announce(sim.now + ms(40), victim);
        Some(sim.now + dice.around(10 * MINUTE, 0.2)).filter(|next| *next < end)
    });
    let mut dice = sim.dice("address twice", 1);
    sim.repeat(sim.now + MINUTE + ms(10), move |sim| {
        asked_for(sim, [victim, loaned], sim.now);
        Connection::unanswered(&mut sim.net, sim.now + ms(20), loaned, lis, ANALYSER_PORT);
        if dice.chance(0.3) {
            sim.close_links(victim);
        }
        Some(sim.now + dice.skewed(3 * MINUTE, 0.4)).filter(|next| *next < end)
    });
    sim.at(end, move |sim| sim.net.host_mut(loaned).up = false);
    Cast { victims: vec![victim, loaned, lis], attackers: Vec::new(), end: end + MINUTE }
}

/// The router asks who has the address, and both answer.
fn asked_for(sim: &mut Sim, [victim, loaned]: [HostId; 2], at: Time) {
    let zone = sim.net.zone_of(victim);
    let (vlan, router) = (zone.vlan, (zone.gateway, zone.address(1)));
    let ip = sim.net.host(victim).ip;
    sim.net.arp(at, vlan, &Arp { operation: 1, sender: router, target: ([0; 6], ip), to_mac: BROADCAST });
    for (wait, host) in [(ms(1), victim), (ms(3), loaned)] {
        let sender = (sim.net.host(host).mac, ip);
        sim.net.arp(at + wait, vlan, &Arp { operation: 2, sender, target: router, to_mac: router.0 });
    }
}
