//! Tables that servers and devices keep of others: read out, and written into.

use super::{Cast, pc, scenario, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{HOUR, MINUTE, Time, ms, secs, us};
use crate::dice::Dice;
use crate::network::{Host, HostId, OUTSIDE};
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::office::{desk, names};
use crate::wire::snmp::{self, Pdu};
use crate::wire::{der, dns};

/// All of them.
pub const ALL: &[Scenario] = &[
    within_normal(scenario(
        "snmp-tables-walked",
        "the file server, which asks printers how they are, reads out all that they know of their neighbours",
        Family::Reconnaissance,
        &[
            "T0846",
            "T0840",
            "T0888",
            "T0801",
            "T0802",
            "T1018",
            "T1016",
            "T1046",
            "T1049",
            "T1082",
            "T1602",
            "T1602.001",
        ],
        "Somebody makes a list of who stands where and prints what, without touching any of them.",
        22.9,
        tables_walked,
    )),
    scenario(
        "dns-zone-transferred",
        "a PC has a domain controller tell it all names of the hospital at once",
        Family::Reconnaissance,
        &["T0846", "T0840", "T0888", "T1018", "T1016", "T1046", "T1590", "T1590.002"],
        "Somebody has a list of all servers and devices, by names that say what they are.",
        16.1,
        zone_transferred,
    ),
    scenario(
        "dns-wildcard-registered",
        "a PC registers itself at the domain controllers for all names that nobody has, and others come to it",
        Family::Integrity,
        &[
            "T0830",
            "T0849",
            "T0842",
            "T1557",
            "T1557.001",
            "T1565",
            "T1565.001",
            "T1565.002",
            "T1040",
            "T1187",
            "T1078",
        ],
        "Staff log in at a stranger's PC without knowing it, and give their passwords away.",
        14.9,
        wildcard_registered,
    ),
];

/// Objects of a printer that are read one behind the other: system, interfaces (RFC 1213, RFC 2863).
const SYSTEM: &[u8] = &[0x2b, 6, 1, 2, 1, 1];
const INTERFACES: &[u8] = &[0x2b, 6, 1, 2, 1, 2, 2, 1];
/// Ethernet addresses of neighbours, by interface and address.
const NEIGHBOURS: &[u8] = &[0x2b, 6, 1, 2, 1, 4, 22, 1, 2];
/// TimeTicks (RFC 2578 section 7.1.8), and the maker's name for a model.
const TICKS: u8 = 0x43;
const MODEL: &[u8] = &[0x2b, 6, 1, 4, 1, 11, 2, 3, 9, 1];
/// Connections, by both ends.
const CONNECTIONS: &[u8] = &[0x2b, 6, 1, 2, 1, 6, 13, 1, 1];

/// What a printer has in these tables, in their order: an identifier, and a value.
fn known(sim: &Sim, printer: HostId, dice: &mut Dice) -> Vec<(Vec<u8>, Vec<u8>)> {
    let own = sim.net.host(printer);
    let text = |text: &str| der::value(der::OCTETS, &[text.as_bytes()]);
    let model = der::value(der::OID, &[MODEL]);
    let running = der::value(TICKS, &[&(dice.bits() as u32 >> 4).to_be_bytes()]);
    let mut rows: Vec<(Vec<u8>, Vec<u8>)> = (1..)
        .zip([text("HP ETHERNET MULTI-ENVIRONMENT,JETDIRECT,JD153"), model, running])
        .chain((4..).zip([text("IT"), text(&own.name), text("2nd floor")]))
        .map(|(number, said)| (snmp::below(SYSTEM, &[number, 0]), said))
        .collect();
    for (column, interface) in (1..=20).flat_map(|column| [(column, 1), (column, 2)]) {
        let value = match column {
            2 => text(if interface == 1 { "lo" } else { "eth0" }),
            6 => der::value(der::OCTETS, &[&own.mac]),
            _ => der::positive(&(dice.bits() as u32 >> dice.range(1..30)).to_be_bytes()),
        };
        rows.push((snmp::below(INTERFACES, &[column, interface]), value));
    }
    // Whoever printed lately, and the router.
    let near = |host: &&Host| host.zone == own.zone && host.up && host.ip != own.ip;
    let mut neighbours: Vec<_> = sim.net.hosts.iter().filter(near).map(|host| (host.ip.octets(), host.mac)).collect();
    neighbours.push((sim.net.zone_of(printer).address(1).octets(), sim.net.zone_of(printer).gateway));
    neighbours.sort_unstable();
    let numbers = |address: [u8; 4]| address.map(u32::from);
    for (address, mac) in &neighbours {
        let place = snmp::below(NEIGHBOURS, &[&[1], &numbers(*address)[..]].concat());
        rows.push((place, der::value(der::OCTETS, &[mac])));
    }
    for (address, _) in neighbours.iter().take(8) {
        let ends = [&numbers(own.ip.octets())[..], &[9100], &numbers(*address), &[dice.range(49_152..61_000) as u32]];
        rows.push((snmp::below(CONNECTIONS, &ends.concat()), der::positive(&[5])));
    }
    rows
}

/// snmpwalk with the community that is asked with every five minutes (CISA alert TA17-156A): each question names what the
/// last answer did. First the system alone, then, some minutes later, everything.
fn tables_walked(sim: &mut Sim) -> Cast {
    let (attacker, victims) = (sim.ward.site().files, sim.ward.site().printers.clone());
    let mut dice = sim.dice("tables-walked", 0);
    let mut at = sim.now;
    for printer in victims.iter().copied() {
        for most in [6, usize::MAX] {
            let mut own = dice.fork();
            sim.at(at, move |sim| {
                if sim.net.host(attacker).up && sim.net.host(printer).up {
                    walk(sim, [attacker, printer], most, &mut own);
                }
            });
            at += dice.around(3 * MINUTE, 0.4);
        }
    }
    Cast { victims, attackers: vec![attacker], end: at }
}

fn walk(sim: &mut Sim, [attacker, printer]: [HostId; 2], most: usize, dice: &mut Dice) {
    let rows = known(sim, printer, dice);
    let own = sim.net.next_port(attacker);
    let (mut at, mut last) = (sim.now, vec![0x2b, 6, 1, 2, 1]);
    for (number, (place, value)) in (dice.bits() as u32 >> 8..).zip(rows.into_iter().take(most)) {
        let question = snmp::message("public", Pdu::Next, number, &last, None);
        let answer = snmp::carry("public", Pdu::Response, number, &place, &value);
        at = sim.asked(at, [attacker, printer], [own, 161], [&question, &answer]) + us(400);
        last = place;
    }
}

/// dig axfr (RFC 5936), which servers should refuse to all but one another, and one of two here does not; then the zone of
/// the servers' addresses, which it does not have.
fn zone_transferred(sim: &mut Sim) -> Cast {
    let (attacker, victims) = (pc(sim, 0), sim.ward.site().domain.clone());
    let hosts: Vec<(String, [u8; 4])> = (sim.net.hosts.iter())
        .filter(|host| host.zone != OUTSIDE)
        .map(|host| (host.name.clone(), host.ip.octets()))
        .collect();
    let mut dice = sim.dice("zone-transferred", 0);
    let wanted = [(0, names::DOMAIN, false), (1, names::DOMAIN, true), (1, "40.20.10.in-addr.arpa", false)];
    let mut at = sim.now + ms(10);
    for (server, zone, given) in wanted {
        let Some(server) = victims.get(server).or(victims.first()).copied() else { continue };
        let (query, hosts) = (dns::query(dice.bits() as u16, zone, dns::AXFR), hosts.clone());
        sim.at(at, move |sim| {
            let net = &mut sim.net;
            let (mut open, ready) = Connection::open(net, sim.now, attacker, server, names::PORT);
            let heard = open.send(net, ready, Side::Opener, &dns::in_stream(&query)).arrived + ms(2);
            let answers = if given { dns::transfer(&query, zone, &hosts) } else { vec![dns::refused(&query)] };
            let told = answers.iter().fold(heard, |at, answer| {
                open.send(net, at, Side::Answerer, &dns::in_stream(answer)).arrived + us(200)
            });
            open.close(net, told, Side::Opener);
        });
        at += dice.skewed(secs(25), 0.4);
    }
    Cast { victims, attackers: vec![attacker], end: at + MINUTE }
}

/// A record for all names that have none (RFC 4592): any user may add one where a directory keeps the zone, and it outdoes
/// whoever calls out, since names are asked for there first (Powermad, 2018). It is taken back in the end.
fn wildcard_registered(sim: &mut Sim) -> Cast {
    let (liar, mark, end) = (pc(sim, 0), sim.net.mark, sim.now + 2 * HOUR);
    let Some(server) = sim.controller(liar) else {
        return Cast { victims: Vec::new(), attackers: vec![liar], end: sim.now };
    };
    let mut dice = sim.dice("wildcard-registered", 0);
    let own = sim.net.host(liar).ip.octets();
    let at = update(sim, sim.now + ms(10), [liar, server], Some(own), &mut dice);
    sim.ward.office.names.wildcard = Some((liar, mark));
    let pcs = sim.ward.site().pcs.iter().copied();
    let victims: Vec<HostId> = pcs.filter(|host| *host != liar && sim.net.host(*host).up).collect();
    // They look for such names a few times an hour; two of them soon.
    for (number, host) in (1..).zip(victims.iter().copied().take(2)) {
        let mut dice = dice.fork();
        sim.at(at + 5 * MINUTE * number, move |sim| desk::cry(sim, host, &mut dice));
    }
    sim.at(end, move |sim| {
        sim.ward.office.names.wildcard = None;
        update(sim, sim.now, [liar, server], None, &mut dice);
    });
    Cast { victims: sim.ward.site().domain.iter().copied().chain(victims).collect(), attackers: vec![liar], end }
}

/// Who has the zone is asked for, and told what is to be in it.
fn update(sim: &mut Sim, at: Time, ends: [HostId; 2], address: Option<[u8; 4]>, dice: &mut Dice) -> Time {
    let name = format!("*.{}", names::DOMAIN);
    let question = dns::query(dice.bits() as u16, &name, dns::A);
    let own = sim.net.next_port(ends[0]);
    let answer = match address {
        Some(_) => dns::unknown(&question, true, names::DOMAIN),
        None => dns::answer(&question, true, dns::A, 600, &sim.net.host(ends[0]).ip.octets()),
    };
    let known = sim.asked(at, ends, [own, names::PORT], [&question, &answer]) + ms(40);
    let update = dns::update(dice.bits() as u16, names::DOMAIN, &name, address);
    let own = sim.net.next_port(ends[0]);
    sim.asked(known, ends, [own, names::PORT], [&update, &dns::updated(&update, names::DOMAIN)])
}
