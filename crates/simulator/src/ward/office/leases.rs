//! DHCP: a domain controller gives addresses, and the gateways relay what clients broadcast (RFC 2131).

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::clock::{HOUR, MINUTE, Time, ms, secs, us};
use crate::dice::Dice;
use crate::frame::{BROADCAST, Route};
use crate::network::HostId;
use crate::queue::Mark;
use crate::sim::Sim;
use crate::wire::dhcp::{self, ACK, DISCOVER, Message, OFFER, REQUEST};

/// How long an address is given for.
const LEASE: u32 = 8 * 3600;

const CLIENT: u16 = 68;
const SERVER: u16 = 67;
const NOWHERE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

/// Who else gives addresses.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leases {
    /// A second server that answers in its zone before the first, and the scenario that it belongs to.
    pub rogue: Option<(HostId, Mark)>,
    /// Whom the right server names as router in that host's zone, and the scenario that it belongs to.
    pub router: Option<(HostId, Mark)>,
    /// A scenario has the server answer nobody.
    pub silent: Option<Mark>,
}

/// Sets it up: who has its address by DHCP renews it at half the lease.
pub(super) fn open(sim: &mut Sim) {
    let site = sim.ward.site();
    let clients = [&site.pumps, &site.monitors, &site.pcs, &site.printers];
    for host in clients.into_iter().flatten().copied().collect::<Vec<_>>() {
        let mut dice = sim.dice("lease", u64::from(host.0));
        let first = sim.now + (4 * HOUR).mul_f64(dice.unit());
        sim.repeat(first, move |sim| {
            if sim.net.host(host).up {
                renew(sim, host, &mut dice, 3 * HOUR);
            }
            Some(sim.now + dice.around(4 * HOUR, 0.01))
        });
    }
}

/// Vendor class identifiers (option 60), as devices tell them.
fn class(role: &str) -> &'static [u8] {
    match role {
        "pump" => b"udhcp 1.19.4",
        "monitor" => b"MONITOR MX",
        "printer" => b"Hewlett-Packard JetDirect",
        "rogue" => b"dhcpcd-9.4.1:Linux-6.1:aarch64",
        _ => b"MSFT 5.0",
    }
}

/// A client's message: what it is, and what it wants to know.
fn from_client(sim: &Sim, host: HostId, message: &Message, named: &[(u8, &[u8])]) -> Vec<u8> {
    let client = sim.net.host(host);
    let identifier = [&[1][..], &client.mac].concat();
    let mut options: Vec<(u8, &[u8])> = vec![(61, &identifier)];
    options.extend_from_slice(named);
    options.extend([(12, client.name.as_bytes()), (60, class(client.role)), (55, &[1, 3, 6, 15, 42, 44, 51, 54][..])]);
    dhcp::encode(message, &options)
}

/// A server's message with the lease.
fn from_server(sim: &Sim, host: HostId, message: &Message, server: HostId, rogue: bool) -> Vec<u8> {
    let own = sim.net.host(server).ip.octets();
    // The rogue makes itself the router and the name server.
    let router = match named_router(sim, host) {
        _ if rogue => own,
        Some((router, _)) => sim.net.host(router).ip.octets(),
        None => sim.net.zone_of(host).address(1).octets(),
    };
    let [lease, half, most] = [LEASE, LEASE / 2, LEASE / 8 * 7].map(u32::to_be_bytes);
    let domain = super::names::DOMAIN.as_bytes();
    let options: [(u8, &[u8]); 9] = [
        (54, &own),
        (51, &lease),
        (58, &half),
        (59, &most),
        (1, &[255, 255, 255, 0]),
        (3, &router),
        (6, &own),
        (15, domain),
        (42, &own),
    ];
    dhcp::encode(message, &options)
}

/// Who is named as router to a host in the gateway's stead.
fn named_router(sim: &Sim, host: HostId) -> Option<(HostId, Mark)> {
    let zone = sim.net.host(host).zone;
    sim.ward.office.leases.router.filter(|(router, _)| sim.net.host(*router).zone == zone && *router != host)
}

/// A renewal, straight to the server. Without an answer it is tried again when half of the time is over that is `left` until
/// others are asked, a minute later at least (RFC 2131 section 4.4.5).
fn renew(sim: &mut Sim, host: HostId, dice: &mut Dice, left: Duration) {
    let Some(&server) = sim.ward.site().domain.first() else { return };
    if !sim.net.host(server).up {
        return;
    }
    let (client, has) = (sim.net.host(host).mac, sim.net.host(host).ip);
    let message = Message { kind: REQUEST, xid: dice.bits() as u32, client, has, gets: NOWHERE, relay: NOWHERE };
    let asked = from_client(sim, host, &message, &[]);
    if let Some(mark) = sim.ward.office.leases.silent {
        let before = std::mem::replace(&mut sim.net.mark, mark);
        sim.net.udp(sim.now, host, server, [CLIENT, SERVER], &asked);
        sim.net.mark = before;
        let (wait, mut dice) = ((left / 2).max(MINUTE), sim.dice("renewal", sim.now.0 ^ u64::from(host.0)));
        return sim.after(wait, move |sim| {
            if sim.net.host(host).up {
                renew(sim, host, &mut dice, left.saturating_sub(wait));
            }
        });
    }
    let heard = sim.net.udp(sim.now, host, server, [CLIENT, SERVER], &asked).arrived;
    let answer = from_server(sim, host, &Message { kind: ACK, gets: has, ..message }, server, false);
    let mark = named_router(sim, host).map_or(sim.net.mark, |(_, mark)| mark);
    let before = std::mem::replace(&mut sim.net.mark, mark);
    sim.net.udp(heard + ms(2), server, host, [SERVER, CLIENT], &answer);
    sim.net.mark = before;
}

impl Sim {
    /// Has a host that was switched on or moved get its address: the one it had, or another where `anew`. Gives when it
    /// has announced it.
    pub fn join_network(&mut self, host: HostId, anew: bool) -> Time {
        let mut dice = self.dice("address", self.now.0 ^ u64::from(host.0));
        let gets = if anew { self.free_address(host, &mut dice) } else { self.net.host(host).ip };
        self.join_as(host, gets, anew)
    }

    /// Has a host get an address; `anew` when it asks all servers first.
    pub fn join_as(&mut self, host: HostId, gets: Ipv4Addr, anew: bool) -> Time {
        let mut dice = self.dice("join", self.now.0 ^ u64::from(host.0));
        let mut at = self.now + us(dice.range(100..2000));
        let zone = self.net.host(host).zone;
        let rogue =
            self.ward.office.leases.rogue.filter(|(rogue, _)| self.net.host(*rogue).zone == zone && *rogue != host);
        let Some(&first) = self.ward.site().domain.first() else { return at };
        let (client, xid) = (self.net.host(host).mac, dice.bits() as u32);
        let message = Message { kind: DISCOVER, xid, client, has: NOWHERE, gets: NOWHERE, relay: NOWHERE };
        if let Some(mark) = self.ward.office.leases.silent {
            return self.unheard(at, host, &message, mark);
        }
        let wish: (u8, &[u8]) = (50, &gets.octets());
        let mut server = first;
        // Who still has a lease asks for that (RFC 2131 section 3.2); a new one asks who there is.
        if anew || rogue.is_some() {
            let asked = from_client(self, host, &message, &[wish]);
            at = self.cry(at, host, &asked);
            let offer = Message { kind: OFFER, gets, ..message };
            if let Some((rogue, mark)) = rogue {
                server = rogue;
                let before = std::mem::replace(&mut self.net.mark, mark);
                self.hand(at + us(300), host, &offer, rogue, true);
                self.net.mark = before;
            }
            at = self.relay(at, host, [&message, &offer], first, &[wish]);
        }
        let own = self.net.host(server).ip.octets();
        let named = [wish, (54, &own[..])];
        let chosen = if anew || rogue.is_some() { &named[..] } else { &named[..1] };
        let request = Message { kind: REQUEST, ..message };
        let asked = from_client(self, host, &request, chosen);
        at = self.cry(at + ms(1), host, &asked);
        let answer = Message { kind: ACK, gets, ..message };
        at = match rogue {
            Some((rogue, mark)) => {
                let before = std::mem::replace(&mut self.net.mark, mark);
                let at = self.hand(at + us(300), host, &answer, rogue, true);
                self.net.mark = before;
                at
            }
            None => self.relay(at, host, [&request, &answer], first, chosen),
        };
        self.net.readdress(host, gets);
        self.net.announce(at + ms(20), host);
        at + ms(30)
    }

    /// Who is not answered asks again, later each time (RFC 2131 section 4.1), and then uses the address that it was given
    /// before (section 3.2).
    fn unheard(&mut self, mut at: Time, host: HostId, message: &Message, mark: Mark) -> Time {
        let before = std::mem::replace(&mut self.net.mark, mark);
        let (has, request) = (self.net.host(host).ip, Message { kind: REQUEST, ..*message });
        let wish = [(50, &has.octets()[..])];
        let asked = from_client(self, host, &request, &wish);
        for wait in [4, 8, 16] {
            let cried = self.cry(at, host, &asked);
            if let Some(&server) = self.ward.site().domain.first() {
                self.pass_up(cried, host, &request, server, &wish);
            }
            at += secs(wait);
        }
        self.net.mark = before;
        self.net.announce(at, host);
        at + ms(30)
    }

    /// An address of its zone that nobody has.
    fn free_address(&self, host: HostId, dice: &mut Dice) -> Ipv4Addr {
        let zone = self.net.zone_of(host);
        let start = dice.range(0..60) as u8;
        let free = (0..240_u8).map(|step| zone.address(250 - (start + step) % 240));
        free.into_iter().find(|ip| self.net.owner(*ip).is_none()).unwrap_or(self.net.host(host).ip)
    }

    /// A client's broadcast.
    fn cry(&mut self, at: Time, host: HostId, message: &[u8]) -> Time {
        let (client, vlan) = (self.net.host(host), self.net.zone_of(host).vlan);
        let (mac, ttl) = (client.mac, client.stack.ttl);
        let route = Route { from_mac: mac, to_mac: BROADCAST, from: NOWHERE, to: Ipv4Addr::BROADCAST, ttl };
        self.net.udp_on(at, host, &route, vlan, [CLIENT, SERVER], message);
        at
    }

    /// The way over the relay and back: gateway to server, server to gateway, gateway to client. The relay changes nothing
    /// but its own fields (RFC 1542 section 4.1.1).
    fn relay(
        &mut self,
        at: Time,
        host: HostId,
        [asked, answer]: [&Message; 2],
        server: HostId,
        named: &[(u8, &[u8])],
    ) -> Time {
        if !self.net.host(server).up {
            return at + secs(4);
        }
        let there = self.pass_up(at, host, asked, server, named);
        let (relay, vlan) = (there.from, self.net.zone_of(server).vlan);
        let reply = from_server(self, host, &Message { relay, ..*answer }, server, false);
        let mark = named_router(self, host).map_or(self.net.mark, |(_, mark)| mark);
        let before = std::mem::replace(&mut self.net.mark, mark);
        let back = Route { from_mac: there.to_mac, to_mac: there.from_mac, from: there.to, to: there.from, ttl: 128 };
        self.net.udp_on(at + ms(1), server, &back, vlan, [SERVER, SERVER], &reply);
        let handed = self.hand(at + us(1200), host, &Message { relay, ..*answer }, server, false);
        self.net.mark = before;
        handed
    }

    /// The first step of it: the gateway passes a client's message on to the server; gives the way that it took.
    fn pass_up(&mut self, at: Time, host: HostId, asked: &Message, server: HostId, named: &[(u8, &[u8])]) -> Route {
        let relay = self.net.zone_of(host).address(1);
        let far = self.net.zone_of(server);
        let (gateway, vlan) = (far.gateway, far.vlan);
        let (server_mac, server_ip) = (self.net.host(server).mac, self.net.host(server).ip);
        let forwarded = from_client(self, host, &Message { relay, ..*asked }, named);
        let there = Route { from_mac: gateway, to_mac: server_mac, from: relay, to: server_ip, ttl: 64 };
        self.net.udp_on(at + us(200), host, &there, vlan, [SERVER, SERVER], &forwarded);
        there
    }

    /// The last step: a server in the zone, or the gateway in its stead, hands the message to the client.
    fn hand(&mut self, at: Time, host: HostId, answer: &Message, server: HostId, rogue: bool) -> Time {
        let zone = self.net.zone_of(host);
        let (vlan, gateway) = (zone.vlan, (zone.gateway, zone.address(1)));
        let own = (self.net.host(server).mac, self.net.host(server).ip);
        let (from_mac, from) = if rogue { own } else { gateway };
        let reply = from_server(self, host, answer, server, rogue);
        let route = Route { from_mac, to_mac: self.net.host(host).mac, from, to: answer.gets, ttl: 64 };
        self.net.udp_on(at, server, &route, vlan, [SERVER, CLIENT], &reply);
        at + us(400)
    }
}
