//! What stops, slows or lays open.

use std::net::Ipv4Addr;

use super::scans::half_open;
use super::{Cast, pc};
use crate::clock::{HOUR, MINUTE, Time, ms, secs, us};
use crate::dice::Dice;
use crate::frame::{self, Arp, BROADCAST, Route, Segment};
use crate::network::HostId;
use crate::sim::Sim;
use crate::ward::links::LinkId;
use crate::ward::office::Service;
use crate::ward::office::shares::Share;
use crate::wire::tls::Version;

pub(super) fn ransomware(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 0), sim.ward.site().files);
    let mut dice = sim.dice("ransomware", 0);
    let (share, at) = sim.share(sim.now, attacker, victim, "Departments", &mut dice);
    sim.at(at, move |sim| encrypt(sim, share, 260, dice));
    Cast { victims: vec![victim], attackers: vec![attacker], end: sim.now + 5 * MINUTE }
}

/// A file: read, written over and renamed; then the next.
fn encrypt(sim: &mut Sim, mut share: Share, left: u32, mut dice: Dice) {
    let (net, folder) = (&mut sim.net, left / 20);
    let path = format!("Ward {folder}\\2025\\plan-{left:03}.docx");
    let length = dice.log_normal(25_000.0, 0.9).clamp(800.0, 400_000.0) as usize;
    let mut at = share.file(net, sim.now, &path, length, false, &mut dice);
    at = share.file(net, at + ms(20), &path, length + 272, true, &mut dice);
    at = share.rename(net, at, (&path, &format!("{path}.locked")), &mut dice);
    if left.is_multiple_of(20) {
        at = share.file(net, at, &format!("Ward {folder}\\2025\\READ-ME.txt"), 1800, true, &mut dice);
    }
    if left == 0 {
        share.close(net, at, &mut dice);
        return;
    }
    let pause = dice.skewed(ms(300), 0.6);
    sim.at(at + pause, move |sim| encrypt(sim, share, left - 1, dice));
}

/// The record's service is not as it was for a while.
fn record_becomes(sim: &mut Sim, newest: Option<Version>, end: Time) -> Cast {
    let (host, mark) = (sim.ward.site().ehr, sim.net.mark);
    sim.ward.office.services.push(Service { host, newest, mark });
    sim.at(end, move |sim| sim.ward.office.services.retain(|service| service.mark != mark));
    Cast { victims: vec![host], attackers: vec![], end }
}

pub(super) fn record_downgraded(sim: &mut Sim) -> Cast {
    record_becomes(sim, Some(Version::V10), sim.now + 2 * HOUR)
}

pub(super) fn record_unencrypted(sim: &mut Sim) -> Cast {
    record_becomes(sim, None, sim.now + HOUR)
}

/// Half-open connections in a second of the flood.
const FLOOD: u64 = 250;

pub(super) fn syn_flood(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 0), sim.ward.site().engine);
    let end = sim.now + 2 * MINUTE;
    let links: Vec<LinkId> =
        (0..sim.net.hosts.len() as u16).flat_map(|from| sim.ward.links.between(HostId(from), victim)).collect();
    for link in &links {
        sim.ward.links.get_mut(*link).slowness *= 40.0;
    }
    let mut dice = sim.dice("flood", 0);
    sim.repeat(sim.now + ms(10), move |sim| {
        if sim.now >= end {
            for link in &links {
                sim.ward.links.get_mut(*link).slowness /= 40.0;
            }
            return None;
        }
        for number in 0..FLOOD {
            flood(sim, sim.now + us(1_000_000 / FLOOD * number), [attacker, victim], &mut dice);
        }
        Some(sim.now + secs(1))
    });
    Cast { victims: vec![victim], attackers: vec![attacker], end }
}

/// A SYN with an invented source, which the engine answers while it has room.
fn flood(sim: &mut Sim, at: Time, [attacker, victim]: [HostId; 2], dice: &mut Dice) {
    let (own, target) = (sim.net.host(attacker), sim.net.host(victim));
    let source = Ipv4Addr::new(10, 20, dice.range(100..250) as u8, dice.range(1..255) as u8);
    let (gateway, ttl) = (sim.net.zone_of(attacker).gateway, own.stack.ttl);
    let route = Route { from_mac: own.mac, to_mac: gateway, from: source, to: target.ip, ttl };
    let back = Route {
        from_mac: target.mac,
        to_mac: sim.net.zone_of(victim).gateway,
        from: target.ip,
        to: source,
        ttl: target.stack.ttl,
    };
    let [port, seq] = half_open(sim, at, attacker, &route, 6661);
    if dice.chance(0.15) {
        let (id, vlan, mark) = (sim.net.next_ip_id(victim), sim.net.zone_of(victim).vlan, sim.net.mark);
        let answer = Segment {
            ports: [6661, port as u16],
            seq: dice.bits() as u32,
            ack: seq.wrapping_add(1),
            flags: 18,
            window: 64_240,
            options: &[2, 4, 5, 0xb4],
            payload: &[],
        };
        sim.net.queue.push(at + us(240), mark, vlan, |out| frame::tcp(out, &back, id, &answer));
    }
}

/// Frames that go round in a second.
const ROUNDS: u64 = 2500;

pub(super) fn broadcast_storm(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let zone = site.zones.wards[0];
    let victims: Vec<HostId> =
        site.pumps.iter().chain(&site.monitors).copied().filter(|host| sim.net.host(*host).zone == zone).collect();
    let end = sim.now + secs(24);
    let vlan = sim.net.zones[usize::from(zone.0)].vlan;
    // The questions that were under way when the loop closed.
    let asking: Vec<Arp> = victims
        .iter()
        .take(5)
        .map(|host| {
            let (host, router) = (sim.net.host(*host), sim.net.zone_of(*host).address(1));
            Arp { operation: 1, sender: (host.mac, host.ip), target: ([0; 6], router), to_mac: BROADCAST }
        })
        .collect();
    let mut dice = sim.dice("storm", 0);
    sim.repeat(sim.now + ms(10), move |sim| {
        for number in 0..ROUNDS {
            let at = sim.now + us(1_000_000 / ROUNDS * number + dice.range(0..90));
            sim.net.arp(at, vlan, dice.pick(&asking));
        }
        (sim.now + secs(1) < end).then_some(sim.now + secs(1))
    });
    Cast { victims, attackers: vec![], end }
}

pub(super) fn clocks_wrong(sim: &mut Sim) -> Cast {
    let (mark, end) = (sim.net.mark, sim.now + 5 * HOUR);
    let clocks = &mut sim.ward.office.clocks;
    (clocks.ahead, clocks.mark) = (3600, mark);
    sim.at(end, |sim| sim.ward.office.clocks.ahead = 0);
    Cast { victims: sim.ward.site().domain.clone(), attackers: vec![], end }
}
