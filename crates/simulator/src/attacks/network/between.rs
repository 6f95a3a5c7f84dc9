//! Who stands between others, or in their stead.

use super::{Cast, intruder, pc};
use crate::clock::{HOUR, MINUTE, Time, ms, secs};
use crate::frame::{Arp, BROADCAST, Mac};
use crate::network::HostId;
use crate::queue::Detour;
use crate::sim::Sim;
use crate::ward::office::names::Spoofed;

pub(super) type Owner = (Mac, std::net::Ipv4Addr);

pub(super) fn owner(sim: &Sim, host: HostId) -> Owner {
    (sim.net.host(host).mac, sim.net.host(host).ip)
}

pub(super) fn gateway(sim: &Sim, host: HostId) -> Owner {
    (sim.net.zone_of(host).gateway, sim.net.zone_of(host).address(1))
}

/// Tells each of a pair again and again that the other has the attacker's Ethernet address, and passes on what comes; at
/// the end the truth is told again, as tools do.
fn stand_between(sim: &mut Sim, attacker: HostId, pair: [Owner; 2], end: Time) {
    let (own, vlan) = (owner(sim, attacker), sim.net.zone_of(attacker).vlan);
    for (from, to) in [(pair[0], pair[1]), (pair[1], pair[0])] {
        divert(sim, Some(from.0), to.0, own.0, vlan, end);
    }
    let mut dice = sim.dice("arp-spoof", u64::from(attacker.0));
    sim.repeat(sim.now, move |sim| {
        let over = sim.now >= end;
        for (told, other) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            let claimed = if over { other } else { (own.0, other.1) };
            let lie = Arp { operation: 2, sender: claimed, target: told, to_mac: told.0 };
            sim.net.arp(sim.now, vlan, &lie);
        }
        (!over).then(|| sim.now + dice.around(secs(2), 0.05))
    });
    sim.at(end, |sim| sim.net.queue.detours.clear());
}

pub(super) fn divert(sim: &mut Sim, from: Option<Mac>, to: Mac, by: Mac, vlan: u16, end: Time) {
    let (times, mark) = ([sim.now + ms(5), end], sim.net.mark);
    sim.net.queue.detours.push(Detour { from, to, by, vlan, times, mark });
}

pub(super) fn arp_gas_panel(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (bms, panel, zone) = (site.bms, site.gas[0], site.zones.building);
    let attacker = intruder(sim, zone);
    let (pair, end) = ([owner(sim, bms), owner(sim, panel)], sim.now + 25 * MINUTE);
    stand_between(sim, attacker, pair, end);
    Cast { victims: vec![panel, bms], attackers: vec![attacker], end }
}

pub(super) fn arp_modality(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (modality, attacker, pacs) = (site.ct[0], site.reading[0], site.pacs);
    let (pair, end) = ([owner(sim, modality), gateway(sim, modality)], sim.now + 90 * MINUTE);
    stand_between(sim, attacker, pair, end);
    Cast { victims: vec![modality, pacs], attackers: vec![attacker], end }
}

pub(super) fn gateway_claimed(sim: &mut Sim) -> Cast {
    let zone = sim.ward.site().zones.wards[0];
    let attacker = intruder(sim, zone);
    let (own, router) = (owner(sim, attacker), gateway(sim, attacker));
    let (vlan, end) = (sim.net.zone_of(attacker).vlan, sim.now + 8 * MINUTE);
    divert(sim, None, router.0, own.0, vlan, end);
    sim.repeat(sim.now, move |sim| {
        let over = sim.now >= end;
        let sender = if over { router } else { (own.0, router.1) };
        sim.net.arp(sim.now, vlan, &Arp { operation: 2, sender, target: (BROADCAST, router.1), to_mac: BROADCAST });
        (!over).then(|| sim.now + secs(3))
    });
    sim.at(end, |sim| sim.net.queue.detours.clear());
    let victims = sim.ward.site().pumps.iter().chain(&sim.ward.site().monitors).copied();
    let victims = victims.filter(|host| sim.net.host(*host).zone == zone).collect();
    Cast { victims, attackers: vec![attacker], end }
}

pub(super) fn rogue_dhcp(sim: &mut Sim) -> Cast {
    let zone = sim.ward.site().zones.offices[0];
    let attacker = intruder(sim, zone);
    let (mark, end) = (sim.net.mark, sim.now + 3 * HOUR);
    sim.net.announce(sim.now, attacker);
    sim.ward.office.leases.rogue = Some((attacker, mark));
    // Two whose cable came loose ask again; the others when they are switched on.
    let pcs = sim.ward.site().pcs.clone();
    let victims: Vec<HostId> = pcs.into_iter().filter(|host| sim.net.host(*host).zone == zone).take(12).collect();
    let on: Vec<HostId> = victims.iter().copied().filter(|host| sim.net.host(*host).up).take(2).collect();
    for (number, host) in (1..).zip(on) {
        sim.after(7 * number * MINUTE, move |sim| {
            sim.join_network(host, false);
        });
    }
    // What the deceived send elsewhere goes through the rogue.
    let (own, router, vlan) = (owner(sim, attacker).0, gateway(sim, attacker).0, sim.net.zone_of(attacker).vlan);
    for host in &victims {
        let mac = sim.net.host(*host).mac;
        divert(sim, Some(mac), router, own, vlan, end);
        if let Some(detour) = sim.net.queue.detours.last_mut() {
            detour.times[0] += 100 * MINUTE;
        }
    }
    sim.at(end, |sim| {
        sim.ward.office.leases.rogue = None;
        sim.net.queue.detours.clear();
    });
    Cast { victims, attackers: vec![attacker], end }
}

pub(super) fn dns_spoofing(sim: &mut Sim) -> Cast {
    let (liar, target) = (pc(sim, 0), sim.ward.site().ehr);
    let (zone, mark, end) = (sim.net.host(liar).zone, sim.net.mark, sim.now + 2 * HOUR);
    sim.forget_name(target);
    sim.ward.office.names.spoofed = Some(Spoofed { zone, target, liar, mark });
    sim.at(end, |sim| sim.ward.office.names.spoofed = None);
    let pcs = sim.ward.site().pcs.iter().copied();
    let victims = pcs.filter(|host| *host != liar && sim.net.host(*host).zone == zone).chain([target]).collect();
    Cast { victims, attackers: vec![liar], end }
}
