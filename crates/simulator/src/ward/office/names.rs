//! DNS: hosts ask a domain controller, which asks the provider about names outside; all keep answers for a while.

use std::collections::HashMap;

use crate::clock::{HOUR, Time, ms, secs, us};
use crate::dice::Dice;
use crate::frame::Route;
use crate::network::{HostId, OUTSIDE, WINDOWS, ZoneId};
use crate::queue::Mark;
use crate::sim::Sim;
use crate::wire::dns;

/// The hospital's domain.
pub const DOMAIN: &str = "hospital.example";

/// What stands before the name of a host outside: one site has many names.
pub const LABELS: [&str; 8] = ["", "www.", "cdn.", "static.", "api.", "img.", "login.", "fonts."];

/// Seconds that answers about hosts of the hospital are kept.
const OWN_TTL: u32 = 3600;

/// The port of DNS.
pub const PORT: u16 = 53;

/// Answers that are kept.
#[derive(Debug, Default)]
pub struct Names {
    kept: HashMap<(HostId, HostId, u8), Time>,
    /// Somebody answers in the controllers' stead.
    pub spoofed: Option<Spoofed>,
    /// The share of questions that controllers fail to answer at first, and the scenario that it belongs to.
    pub failing: Option<(f64, Mark)>,
    /// Who says that names which nobody has are its own, and the scenario that it belongs to.
    pub claimant: Option<(HostId, Mark)>,
    /// To whom all names lead that nobody has, since DNS was told so, and the scenario that it belongs to.
    pub wildcard: Option<(HostId, Mark)>,
}

/// Questions of a zone about a host are answered wrongly.
#[derive(Clone, Copy, Debug)]
pub struct Spoofed {
    /// The zone.
    pub zone: ZoneId,
    /// The host whose name is asked.
    pub target: HostId,
    /// Who answers first, and with its own address.
    pub liar: HostId,
    /// The scenario.
    pub mark: Mark,
}

/// Sets it up: devices and servers ask for those they talk to whenever their answers are too old.
pub(super) fn open(sim: &mut Sim) {
    for host in super::everybody(sim) {
        let targets = wanted(sim, host);
        if targets.is_empty() {
            continue;
        }
        let mut dice = sim.dice("names", u64::from(host.0));
        let first = sim.now + HOUR.mul_f64(dice.unit());
        sim.repeat(first, move |sim| {
            if sim.net.host(host).up {
                let target = *dice.pick(&targets);
                sim.lookup(sim.now, host, target, 0);
            }
            let wait = secs(u64::from(OWN_TTL) / targets.len() as u64).mul_f64(dice.between(0.5, 1.3));
            Some(sim.now + wait)
        });
    }
}

/// The servers that a host looks for.
fn wanted(sim: &Sim, host: HostId) -> Vec<HostId> {
    let site = sim.ward.site();
    let servers = match sim.net.host(host).role {
        "pump" => vec![site.pump_gateway],
        "monitor" | "ventilator" | "anaesthesia" => vec![site.device_gateway],
        "central-station" => vec![site.device_gateway, site.ehr],
        "nurse-call-panel" => vec![site.nurse_call],
        "cabinet" => vec![site.pharmacy, site.files],
        "ct" | "mr" | "us" | "xr" | "workstation" => vec![site.pacs, site.ris],
        "analyser" => vec![site.lis],
        "gas-panel" | "isolation-room" | "ups" | "fridge-gateway" => vec![site.bms],
        "pc" | "printer" => vec![],
        "interface-engine" => vec![site.ehr, site.lis, site.ris, site.pharmacy, site.pump_gateway],
        _ => vec![site.engine, site.files, site.backup],
    };
    servers.into_iter().filter(|server| *server != host).collect()
}

impl Sim {
    /// Has a host look for another by name, unless it still knows: when it has the answer, and whose address that is.
    pub fn lookup(&mut self, at: Time, asker: HostId, target: HostId, label: u8) -> (Time, HostId) {
        let key = (asker, target, label);
        let away = self.net.host(asker).zone == OUTSIDE;
        if away || asker == target || self.ward.office.names.kept.get(&key).is_some_and(|until| *until > at) {
            return (at, self.reached(asker, target));
        }
        let Some(server) = self.controller(asker) else { return (at + secs(2), target) };
        let outside = self.net.host(target).zone == OUTSIDE;
        let name = self.name_of(target, label);
        // The moment and the asker decide, so that questions of scenarios change nothing about others.
        let mut dice = Dice::new(at.0, "lookup", u64::from(asker.0));
        let ttl = if outside { 60 * dice.range(1..31) as u32 } else { OWN_TTL };
        let zone = if outside { "example" } else { DOMAIN };
        let address = self.net.host(target).ip.octets();
        let from = [self.net.next_port(asker), PORT];
        // Windows asks for both kinds of addresses.
        let both = self.net.host(asker).stack.ttl == WINDOWS.ttl;
        let at = self.fail(at, asker, server, &name);
        let mut known = at;
        for kind in [dns::A, dns::AAAA].into_iter().take(if both { 2 } else { 1 }) {
            let query = dns::query(dice.bits() as u16, &name, kind);
            let reply = if kind == dns::A {
                dns::answer(&query, !outside, kind, ttl, &address)
            } else {
                dns::nothing(&query, !outside, zone)
            };
            let heard = self.net.udp(at, asker, server, from, &query).arrived;
            let mut answered = heard + us(dice.range(120..600));
            if outside && kind == dns::A {
                answered = self.forward(answered, server, target, label, &query, &reply);
            }
            if kind == dns::A {
                self.spoof(heard, asker, target, server, from, &query);
            }
            known = known.max(self.net.udp(answered, server, asker, [PORT, from[0]], &reply).arrived);
        }
        self.ward.office.names.kept.insert(key, at + secs(u64::from(ttl)));
        (known, self.reached(asker, target))
    }

    /// A controller that fails is asked again, until it does not; gives when.
    fn fail(&mut self, mut at: Time, asker: HostId, server: HostId, name: &str) -> Time {
        let Some((share, mark)) = self.ward.office.names.failing else { return at };
        let mut dice = self.dice("failing", at.0 ^ u64::from(asker.0));
        let before = std::mem::replace(&mut self.net.mark, mark);
        while dice.chance(share) {
            let query = dns::query(dice.bits() as u16, name, dns::A);
            let own = self.net.next_port(asker);
            at = self.asked(at, [asker, server], [own, PORT], [&query, &dns::failed(&query)]) + secs(1);
        }
        self.net.mark = before;
        at
    }

    /// Where somebody claims all names of its zone, it answers, and the asker logs in there; false where nobody does.
    pub fn claim(&mut self, asker: HostId, query: &[u8], dice: &mut Dice) -> bool {
        let near = |host: HostId| self.net.host(host).zone == self.net.host(asker).zone && host != asker;
        let Some((liar, mark)) = self.ward.office.names.claimant.filter(|(liar, _)| near(*liar)) else { return false };
        let before = std::mem::replace(&mut self.net.mark, mark);
        let answer = dns::netbios_answer(query, self.net.host(liar).ip.octets());
        let heard = self.net.udp(self.now + ms(3), liar, asker, [137, 137], &answer).arrived;
        self.share_refused(heard + ms(2), asker, liar, &format!("u{:04}", asker.0), dice);
        self.net.mark = before;
        true
    }

    /// Where DNS knows a name that nobody has, the asker goes where it leads; false where it does not.
    pub fn be_led(&mut self, asker: HostId, name: &str, dice: &mut Dice) -> bool {
        let wildcard = self.ward.office.names.wildcard.filter(|(to, _)| *to != asker);
        let (Some((to, mark)), Some(server)) = (wildcard, self.controller(asker)) else { return false };
        let before = std::mem::replace(&mut self.net.mark, mark);
        let query = dns::query(dice.bits() as u16, &format!("{}.{DOMAIN}", name.to_lowercase()), dns::A);
        let reply = dns::answer(&query, true, dns::A, 600, &self.net.host(to).ip.octets());
        let own = self.net.next_port(asker);
        let known = self.asked(self.now, [asker, server], [own, PORT], [&query, &reply]);
        self.share_refused(known + ms(2), asker, to, &format!("u{:04}", asker.0), dice);
        self.net.mark = before;
        true
    }

    /// The name of a host as it is asked for.
    pub fn name_of(&self, target: HostId, label: u8) -> String {
        let host = self.net.host(target);
        if host.zone != OUTSIDE {
            return format!("{}.{DOMAIN}", host.name);
        }
        format!("{}{}", LABELS[usize::from(label) % LABELS.len()], host.name)
    }

    /// A controller asks the provider, unless it knows; gives when it can answer.
    fn forward(&mut self, at: Time, server: HostId, target: HostId, label: u8, query: &[u8], reply: &[u8]) -> Time {
        let key = (server, target, label);
        let kept = &mut self.ward.office.names.kept;
        let Some(provider) = self.ward.office.provider else { return at };
        if kept.get(&key).is_some_and(|until| *until > at) {
            return at;
        }
        kept.insert(key, at + secs(900));
        self.ask_outside(at, server, provider, query, reply)
    }

    /// Any question that a controller passes on to a server outside, with its answer.
    pub fn ask_outside(&mut self, at: Time, server: HostId, outside: HostId, query: &[u8], reply: &[u8]) -> Time {
        let own = self.net.next_port(server);
        let heard = self.net.udp(at, server, outside, [own, PORT], query).arrived;
        self.net.udp(heard + ms(1), outside, server, [PORT, own], reply).arrived + us(90)
    }

    fn reached(&self, asker: HostId, target: HostId) -> HostId {
        let zone = self.net.host(asker).zone;
        match self.ward.office.names.spoofed {
            Some(spoofed) if (spoofed.zone, spoofed.target) == (zone, target) && spoofed.liar != asker => spoofed.liar,
            _ => target,
        }
    }

    /// Where somebody answers instead: as the controller, but from the asker's own zone, and sooner.
    fn spoof(&mut self, heard: Time, asker: HostId, target: HostId, server: HostId, from: [u16; 2], query: &[u8]) {
        let liar = self.reached(asker, target);
        let Some(spoofed) = self.ward.office.names.spoofed.filter(|_| liar != target) else { return };
        let reply = dns::answer(query, true, dns::A, 300, &self.net.host(liar).ip.octets());
        let (own, asking) = (self.net.host(liar), self.net.host(asker));
        let server = self.net.host(server).ip;
        let route = Route { from_mac: own.mac, to_mac: asking.mac, from: server, to: asking.ip, ttl: 128 };
        let vlan = self.net.zone_of(asker).vlan;
        let mark = std::mem::replace(&mut self.net.mark, spoofed.mark);
        self.net.udp_on(heard + us(40), liar, &route, vlan, [PORT, from[0]], &reply);
        self.net.mark = mark;
    }

    /// Lets everybody forget a name: answers about it have been flushed.
    pub fn forget_name(&mut self, target: HostId) {
        self.ward.office.names.kept.retain(|(_, named, _), _| *named != target);
    }

    /// Lets a host forget all names: it has restarted. What is too old for everybody goes too, or it would pile up.
    pub fn forget_names(&mut self, host: HostId) {
        let now = self.now;
        self.ward.office.names.kept.retain(|(asker, ..), until| *asker != host && *until > now);
    }
}
