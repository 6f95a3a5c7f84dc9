//! Names that are asked for, claimed, made up and not answered.

use super::{Cast, intruder, pc, scenario, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{HOUR, MINUTE, ms, secs};
use crate::frame::Mac;
use crate::network::{HostId, ZoneId};
use crate::sim::Sim;
use crate::ward::office::{desk, names};
use crate::wire::{dns, ipv6};

/// All of them.
pub const ALL: &[Scenario] = &[
    within_normal(scenario(
        "dns-reverse-sweep",
        "a PC asks the name server for the name of every address that devices can have",
        Family::Reconnaissance,
        &["T0846", "T0840", "T0888", "T1018", "T1046", "T1590.002", "T1016"],
        "Somebody makes a list of all medical devices without ever touching one.",
        9.6,
        reverse_sweep,
    )),
    within_normal(scenario(
        "scanner-made-up-names",
        "a CT scanner asks for hundreds of names that nobody has, made up of letters",
        Family::Malware,
        &["T0869", "T0884", "T0885", "T1071.004", "T1568", "T1568.002", "T1071", "T1008"],
        "A scanner carries a program that looks for its master, and will do what that one says.",
        14.9,
        made_up_names,
    )),
    scenario(
        "netbios-names-claimed",
        "a PC claims all names that others call out for and finds out their passwords",
        Family::Integrity,
        &["T0830", "T0849", "T0842", "T1557", "T1557.001", "T1040", "T1187", "T1110", "T1078"],
        "Staff log in at a stranger's PC without knowing it, and give their passwords away.",
        11.5,
        names_claimed,
    ),
    scenario(
        "ipv6-router-advertised",
        "a foreign device tells an office's PCs by IPv6 that it is their router and name server",
        Family::Integrity,
        &["T0830", "T0849", "T0864", "T1557", "T1557.003", "T1565.002", "T1200", "T1584.002"],
        "PCs of doctors and nurses ask a stranger for names, who sends them wherever he likes.",
        13.8,
        router_advertised,
    ),
    within_normal(scenario(
        "name-servers-failing",
        "the domain controllers fail to answer most questions for names at first",
        Family::Availability,
        &["T0814", "T0815", "T0826", "T0813", "T0827", "T0881", "T1499", "T1499.002", "T1489", "T1498"],
        "Systems find one another late: pages, results and images take long to open.",
        15.8,
        failing,
    )),
];

/// PTR (RFC 1035 section 3.3.12) for a zone's addresses, one after the other: most belong to nobody.
fn reverse_sweep(sim: &mut Sim) -> Cast {
    let attacker = pc(sim, 0);
    let zones = &sim.ward.site().zones;
    let wanted = zones.wards.iter().take(2).chain([&zones.imaging, &zones.laboratory, &zones.building]);
    let prefixes: Vec<[u8; 3]> = wanted.map(|zone| sim.net.zones[usize::from(zone.0)].prefix).collect();
    let mut addresses = prefixes.into_iter().flat_map(|[a, b, c]| (1..=254).map(move |last| [a, b, c, last]));
    let (count, mut dice) = (254 * 5, sim.dice("dns-reverse-sweep", 0));
    let end = sim.now + ms(900) * count;
    sim.repeat(sim.now + ms(10), move |sim| {
        let address = addresses.next()?;
        if let Some(server) = sim.controller(attacker) {
            let query = dns::query(dice.bits() as u16, &dns::reverse(address), dns::PTR);
            let reply = match sim.net.owner(address.into()) {
                Some(host) => {
                    let name = format!("{}.{}", sim.net.host(host).name, names::DOMAIN);
                    dns::answer(&query, true, dns::PTR, 3600, &dns::pointer(&name))
                }
                None => dns::unknown(&query, true, "20.10.in-addr.arpa"),
            };
            let own = sim.net.next_port(attacker);
            sim.asked(sim.now, [attacker, server], [own, names::PORT], [&query, &reply]);
        }
        Some(sim.now + dice.skewed(ms(750), 0.4)).filter(|next| *next < end)
    });
    Cast { victims: sim.ward.site().domain.clone(), attackers: vec![attacker], end }
}

/// Names of a day, of which the program's master has registered a few (as Conficker has it, which sat on imaging devices for
/// years): none is there yet, so nothing follows.
fn made_up_names(sim: &mut Sim) -> Cast {
    let (victim, end) = (sim.ward.site().ct[0], sim.now + 40 * MINUTE);
    let mut dice = sim.dice("made-up-names", 0);
    sim.repeat(sim.now + ms(10), move |sim| {
        let length = dice.range(9..15);
        let letters: String = (0..length).map(|_| char::from(b'a' + dice.range(0..26) as u8)).collect();
        ask_in_vain(sim, victim, &format!("{letters}.example"), dice.bits() as u16);
        Some(sim.now + dice.skewed(secs(7), 0.6)).filter(|next| *next < end)
    });
    Cast { victims: vec![victim], attackers: Vec::new(), end }
}

/// A name that nobody has is asked for, and the provider says so.
pub(super) fn ask_in_vain(sim: &mut Sim, asker: HostId, name: &str, id: u16) {
    let (Some(server), Some(provider)) = (sim.controller(asker), sim.ward.office.provider) else { return };
    let query = dns::query(id, name, dns::A);
    let reply = dns::unknown(&query, false, "example");
    let own = sim.net.next_port(asker);
    let heard = sim.net.udp(sim.now, asker, server, [own, names::PORT], &query).arrived;
    let known = sim.ask_outside(heard + ms(1), server, provider, &query, &reply);
    sim.net.udp(known, server, asker, [names::PORT, own], &reply);
}

/// What Responder does: whoever calls out for a name that DNS does not know is answered, and tells his password's proof.
fn names_claimed(sim: &mut Sim) -> Cast {
    let (liar, mark, end) = (pc(sim, 0), sim.net.mark, sim.now + 2 * HOUR);
    let zone = sim.net.host(liar).zone;
    sim.ward.office.names.claimant = Some((liar, mark));
    let victims = in_zone(sim, zone, liar);
    // They do so a few times an hour; two of them soon.
    let mut dice = sim.dice("names-claimed", 0);
    for (number, host) in (1..).zip(up(sim, &victims).into_iter().take(2)) {
        let mut dice = dice.fork();
        sim.after(4 * MINUTE * number, move |sim| desk::cry(sim, host, &mut dice));
    }
    sim.at(end, |sim| sim.ward.office.names.claimant = None);
    Cast { victims, attackers: vec![liar], end }
}

/// The PCs of a zone, but for one.
fn in_zone(sim: &Sim, zone: ZoneId, but: HostId) -> Vec<HostId> {
    let pcs = sim.ward.site().pcs.iter().copied();
    pcs.filter(|host| *host != but && sim.net.host(*host).zone == zone).collect()
}

/// Those of them that are switched on.
fn up(sim: &Sim, hosts: &[HostId]) -> Vec<HostId> {
    hosts.iter().copied().filter(|host| sim.net.host(*host).up).collect()
}

/// What mitm6 and its like do: nobody here uses IPv6, every Windows prefers it, and a router is believed (RFC 6104).
fn router_advertised(sim: &mut Sim) -> Cast {
    let zone = sim.ward.site().zones.offices[0];
    let rogue = intruder(sim, zone);
    sim.join_network(rogue, true);
    let (victims, end) = (in_zone(sim, zone, rogue), sim.now + 25 * MINUTE);
    let mut dice = sim.dice("router-advertised", 0);
    let own = sim.net.host(rogue).mac;
    sim.repeat(sim.now + secs(2), move |sim| {
        frame(sim, rogue, ms(0), |out| ipv6::advertisement(out, own));
        Some(sim.now + dice.around(secs(20), 0.2)).filter(|next| *next < end)
    });
    for host in up(sim, &victims) {
        let mut dice = dice_of(sim, host);
        sim.repeat(sim.now + secs(3) + dice.around(secs(30), 0.9), move |sim| {
            deceived(sim, [host, rogue], dice.bits() as u16, dice.range(0..8) as u8);
            Some(sim.now + dice.skewed(secs(50), 0.7)).filter(|next| *next < end)
        });
    }
    sim.at(end, move |sim| sim.net.host_mut(rogue).up = false);
    Cast { victims, attackers: vec![rogue], end }
}

fn dice_of(sim: &Sim, host: HostId) -> crate::dice::Dice {
    sim.dice("deceived", u64::from(host.0))
}

/// A PC asks its new name server for one of the hospital's servers, and is told that it is the rogue.
fn deceived(sim: &mut Sim, [host, rogue]: [HostId; 2], id: u16, number: u8) {
    if !sim.net.host(host).up {
        return;
    }
    let site = sim.ward.site();
    let target = [site.ehr, site.files, site.proxy, site.lis][usize::from(number % 4)];
    let query = dns::query(id, &sim.name_of(target, 0), dns::A);
    let reply = dns::answer(&query, true, dns::A, 60, &sim.net.host(rogue).ip.octets());
    let port = sim.net.next_port(host);
    let [own, other]: [Mac; 2] = [host, rogue].map(|host| sim.net.host(host).mac);
    frame(sim, host, ms(0), |out| ipv6::solicitation(out, own, ipv6::link_local(other)));
    frame(sim, rogue, ms(1), |out| ipv6::neighbour(out, own, other));
    frame(sim, host, ms(2), |out| ipv6::udp(out, [own, other], [port, names::PORT], &query));
    frame(sim, rogue, ms(4), |out| ipv6::udp(out, [other, own], [names::PORT, port], &reply));
}

/// A frame on a host's segment.
fn frame(sim: &mut Sim, from: HostId, wait: std::time::Duration, write: impl FnOnce(&mut Vec<u8>)) {
    let (mark, vlan) = (sim.net.mark, sim.net.zone_of(from).vlan);
    sim.net.queue.push(sim.now + wait, mark, vlan, write);
}

/// A zone that cannot be loaded, or a server with too little memory: SERVFAIL, until it works once.
fn failing(sim: &mut Sim) -> Cast {
    let end = sim.now + 90 * MINUTE;
    sim.ward.office.names.failing = Some((0.7, sim.net.mark));
    sim.at(end, |sim| sim.ward.office.names.failing = None);
    Cast { victims: sim.ward.site().domain.clone(), attackers: Vec::new(), end }
}
