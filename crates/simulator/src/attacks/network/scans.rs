//! Who feels out the network.

use std::net::Ipv4Addr;

use super::{Cast, intruder, pc};
use crate::clock::{MINUTE, Time, ms, secs};
use crate::frame::{self, Arp, BROADCAST, Route, Segment};
use crate::network::{EMBEDDED, HostId, LINUX, WINDOWS, ZoneId};
use crate::sim::Sim;
use crate::tcp::{Connection, Side};

/// What scanners try first.
const PORTS: [u16; 24] = [
    21, 22, 23, 25, 80, 104, 110, 135, 139, 143, 443, 445, 502, 1433, 2575, 2761, 3306, 3389, 4242, 5900, 8080, 8443,
    9100, 11112,
];

/// Whether a host answers on a port: by its system, roughly.
fn listens(sim: &Sim, host: HostId, port: u16) -> bool {
    let host = sim.net.host(host);
    match port {
        135 | 445 | 3389 => host.stack.ttl == WINDOWS.ttl,
        22 => host.stack.timestamps == LINUX.timestamps,
        80 => host.stack.mss == EMBEDDED.mss,
        104 => matches!(host.role, "pacs" | "ct" | "mr"),
        _ => false,
    }
}

/// Tries a port and lets go at once.
pub(super) fn probe(sim: &mut Sim, at: Time, from: HostId, to: HostId, port: u16) {
    if !sim.net.host(to).up {
        // Of its own zone nobody says that he has the address.
        if let Some((at, _)) = sim.net.resolve(at, from, to) {
            let (route, _) = sim.net.route(from, to);
            half_open(sim, at, from, &route, port);
        }
    } else if listens(sim, to, port) {
        let (mut connection, at) = Connection::open(&mut sim.net, at, from, to, port);
        connection.reset(&mut sim.net, at + ms(1), Side::Opener);
    } else {
        Connection::refused(&mut sim.net, at, from, to, port);
    }
}

/// A SYN to an address that nobody has, by way of the gateway.
pub(super) fn syn(sim: &mut Sim, at: Time, from: HostId, to: Ipv4Addr, port: u16) {
    let source = sim.net.host(from);
    let route = Route {
        from_mac: source.mac,
        to_mac: sim.net.zone_of(from).gateway,
        from: source.ip,
        to,
        ttl: source.stack.ttl,
    };
    half_open(sim, at, from, &route, port);
}

/// A SYN as the route says.
pub(super) fn half_open(sim: &mut Sim, at: Time, from: HostId, route: &Route, port: u16) -> [u32; 2] {
    let (own, id, vlan) = (sim.net.next_port(from), sim.net.next_ip_id(from), sim.net.zone_of(from).vlan);
    let seq = (at.0 as u32).wrapping_mul(2_654_435_761);
    let options = [2, 4, 5, 0xb4];
    let segment = Segment { ports: [own, port], seq, ack: 0, flags: 2, window: 1024, options: &options, payload: &[] };
    let mark = sim.net.mark;
    sim.net.queue.push(at, mark, vlan, |out| frame::tcp(out, route, id, &segment));
    [u32::from(own), seq]
}

/// All hosts of a zone.
fn hosts_of(sim: &Sim, zone: ZoneId) -> Vec<HostId> {
    (0..sim.net.hosts.len() as u16).map(HostId).filter(|host| sim.net.host(*host).zone == zone).collect()
}

pub(super) fn port_scan(sim: &mut Sim) -> Cast {
    let (attacker, zone) = (pc(sim, 0), sim.ward.site().zones.imaging);
    let victims = hosts_of(sim, zone);
    let mut dice = sim.dice("port-scan", 0);
    let (mut targets, end) = (victims.clone().into_iter(), sim.now + secs(2) * victims.len() as u32);
    sim.repeat(sim.now + ms(5), move |sim| {
        let target = targets.next()?;
        let mut at = sim.now;
        for port in PORTS {
            probe(sim, at, attacker, target, port);
            at += dice.around(ms(60), 0.5);
        }
        Some(sim.now + secs(2))
    });
    Cast { victims, attackers: vec![attacker], end }
}

pub(super) fn sweep(sim: &mut Sim) -> Cast {
    let attacker = pc(sim, 3);
    let zones = sim.ward.site().zones.wards.clone();
    let mut addresses: Vec<Ipv4Addr> = zones
        .iter()
        .flat_map(|zone| (10..60).map(|last| sim.net.zones[usize::from(zone.0)].address(last)).collect::<Vec<_>>())
        .collect();
    let victims: Vec<HostId> = addresses.iter().filter_map(|ip| sim.net.owner(*ip)).collect();
    let end = sim.now + secs(21) * addresses.len() as u32;
    let mut dice = sim.dice("sweep", 0);
    let mut count = 0;
    sim.repeat(sim.now + ms(5), move |sim| {
        let address = addresses.pop()?;
        count += 1;
        match sim.net.owner(address) {
            Some(target) => drop(sim.net.ping(sim.now, attacker, target, count)),
            None => syn(sim, sim.now, attacker, address, 80),
        }
        Some(sim.now + dice.around(secs(20), 0.4))
    });
    Cast { victims, attackers: vec![attacker], end }
}

pub(super) fn rogue_device(sim: &mut Sim) -> Cast {
    let zone = sim.ward.site().zones.wards[0];
    let victims: Vec<HostId> = hosts_of(sim, zone).into_iter().take(40).collect();
    let rogue = intruder(sim, zone);
    let ready = sim.join_network(rogue, true);
    let engine = sim.ward.site().engine;
    let (looked, _) = sim.lookup(ready + ms(400), rogue, engine, 0);
    let mut dice = sim.dice("rogue", 0);
    let (mut last, end) = (9_u8, sim.now + 25 * MINUTE);
    sim.repeat(looked + secs(20), move |sim| {
        if sim.now >= end {
            return None;
        }
        last = last.checked_add(1).filter(|last| *last < 150)?;
        let ip = sim.net.zone_of(rogue).address(last);
        match sim.net.owner(ip).filter(|target| *target != rogue) {
            Some(target) => probe(sim, sim.now, rogue, target, *dice.pick(&[80, 443, 22, 23, 445])),
            None => {
                let (own, vlan) = (sim.net.host(rogue), sim.net.zone_of(rogue).vlan);
                let asked = Arp { operation: 1, sender: (own.mac, own.ip), target: ([0; 6], ip), to_mac: BROADCAST };
                sim.net.arp(sim.now, vlan, &asked);
            }
        }
        Some(sim.now + dice.around(secs(11), 0.5))
    });
    Cast { victims, attackers: vec![rogue], end }
}
