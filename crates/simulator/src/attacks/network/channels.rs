//! Ways out: tunnels, beacons and theft.

use super::{Cast, pc, stranger};
use crate::clock::{HOUR, MINUTE, ms, secs};
use crate::sim::Sim;
use crate::tcp::Side;
use crate::ward::office::nightly::carry;
use crate::ward::office::secure::Visit;
use crate::wire::dns;
use crate::wire::noise;
use crate::wire::tls::{BROWSER, Client, PROGRAM, Version};

/// A program for remote control: its hello is unlike a browser's.
pub(super) const IMPLANT: Client = Client {
    newest: Version::V13,
    ciphers: &[0x1302, 0x1303, 0x1301, 0xcca9, 0xcca8, 0xc02b, 0xc02f],
    protocols: &["http/1.1"],
};

/// Base 32 of noise, as tunnels pack data into labels.
fn packed(octets: &[u8]) -> String {
    octets.iter().map(|octet| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(octet % 32)])).collect()
}

pub(super) fn dns_tunnel(sim: &mut Sim) -> Cast {
    let outside = stranger(sim, "ns1.updates-sync.example", 77);
    let (attacker, end) = (sim.ward.site().reading[0], sim.now + 30 * MINUTE);
    let mut dice = sim.dice("dns-tunnel", 0);
    sim.repeat(sim.now + ms(10), move |sim| {
        if sim.now >= end {
            return None;
        }
        let Some(server) = sim.controller(attacker) else { return Some(sim.now + secs(5)) };
        let [first, second] = [60, 40].map(|length| packed(noise::piece(&mut dice, length)));
        let query = dns::query(dice.bits() as u16, &format!("{first}.{second}.t.updates-sync.example"), dns::TXT);
        let text = packed(noise::piece(&mut dice, 20 + 4 * (first.len() % 30)));
        let reply = dns::answer(&query, false, dns::TXT, 0, &[&[text.len() as u8], text.as_bytes()].concat());
        let own = sim.net.next_port(attacker);
        let heard = sim.net.udp(sim.now, attacker, server, [own, 53], &query).arrived;
        let known = sim.ask_outside(heard + ms(1), server, outside, &query, &reply);
        sim.net.udp(known, server, attacker, [53, own], &reply);
        Some(sim.now + dice.skewed(ms(450), 0.5))
    });
    Cast { victims: vec![attacker], attackers: vec![outside], end }
}

pub(super) fn beacon(sim: &mut Sim) -> Cast {
    let outside = stranger(sim, "cdn-telemetry.example", 91);
    let (victim, end) = (pc(sim, 0), sim.now + 6 * HOUR);
    let mut dice = sim.dice("beacon", 0);
    sim.repeat(sim.now + ms(10), move |sim| {
        if sim.now >= end {
            return None;
        }
        let visit = Visit { from: victim, to: outside, label: 0, port: 443, client: &IMPLANT, through: None };
        let (mut session, at) = sim.visit(sim.now, &visit, &mut dice);
        // Most of the time there is nothing to do.
        let sizes = if dice.chance(0.1) { [2400, 7000] } else { [310, 180] };
        let at = session.exchange(&mut sim.net, at, sizes, ms(40), &mut dice);
        session.close(&mut sim.net, at + ms(200), &mut dice);
        Some(sim.now + dice.around(5 * MINUTE, 0.15))
    });
    Cast { victims: vec![victim], attackers: vec![outside], end }
}

pub(super) fn exfiltration_night(sim: &mut Sim) -> Cast {
    let outside = stranger(sim, "storage.transfer-box.example", 113);
    let pacs = sim.ward.site().pacs;
    let mut dice = sim.dice("exfiltration", 0);
    let visit = Visit { from: pacs, to: outside, label: 0, port: 443, client: &PROGRAM, through: None };
    let (session, at) = sim.visit(sim.now, &visit, &mut dice);
    sim.at(at, move |sim| carry(sim, session, Side::Opener, 50_000_000, dice));
    Cast { victims: vec![pacs], attackers: vec![outside], end: sim.now + 12 * MINUTE }
}

pub(super) fn exfiltration_slow(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (proxy, outside) = (site.proxy, site.web[7]);
    let (victim, end) = (pc(sim, 3), sim.now + 9 * HOUR);
    let mut dice = sim.dice("exfiltration-slow", 0);
    sim.repeat(sim.now + ms(10), move |sim| {
        if sim.now >= end {
            return None;
        }
        if sim.net.host(proxy).up {
            let visit =
                Visit { from: victim, to: outside, label: 4, port: 443, client: &BROWSER, through: Some(proxy) };
            let (mut session, at) = sim.visit(sim.now, &visit, &mut dice);
            let size = dice.range(60_000..180_000) as usize;
            let at = session.exchange(&mut sim.net, at, [size, 300], ms(60), &mut dice);
            session.close(&mut sim.net, at + secs(2), &mut dice);
        }
        Some(sim.now + dice.skewed(9 * MINUTE, 0.5))
    });
    Cast { victims: vec![victim], attackers: vec![outside], end }
}
