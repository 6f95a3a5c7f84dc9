//! The hospital's network: hosts in zones, and the frames they send.
//!
//! A frame is written as the switch port of its sender sees it: with the sender's own Ethernet address, and that of its
//! gateway where the destination lies in another zone. What a tap elsewhere would see is the tap's work.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::clock::{MINUTE, Time, ms, seconds, us};
use crate::dice::Dice;
use crate::frame::{self, Arp, BROADCAST, Mac, Route};
use crate::queue::{FrameId, Mark, Queue};
use crate::truth::Message;

/// A host by its place in [`Network::hosts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u16);

/// A zone by its place in [`Network::zones`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneId(pub u8);

/// How a host's TCP/IP behaves.
#[derive(Clone, Copy, Debug)]
pub struct Stack {
    /// Time to live of what it sends.
    pub ttl: u8,
    /// The window it offers, as in the header.
    pub window: u16,
    /// Window scale; none where the option is not used.
    pub scale: Option<u8>,
    /// TCP timestamps (RFC 7323).
    pub timestamps: bool,
    /// How long an acknowledgement waits for data to ride on.
    pub delayed_ack: Duration,
    /// The largest payload of a segment without options.
    pub mss: u16,
    /// Time between full segments that it sends.
    pub pace: Duration,
}

/// A server or appliance with Linux.
pub const LINUX: Stack =
    Stack { ttl: 64, window: 502, scale: Some(7), timestamps: true, delayed_ack: ms(40), mss: 1460, pace: us(12) };

/// Windows, as on workstations, modalities and many servers.
pub const WINDOWS: Stack =
    Stack { ttl: 128, window: 1026, scale: Some(8), timestamps: false, delayed_ack: ms(50), mss: 1460, pace: us(14) };

/// A small device with a stack of its own.
pub const EMBEDDED: Stack =
    Stack { ttl: 64, window: 5840, scale: None, timestamps: false, delayed_ack: ms(1), mss: 1400, pace: us(240) };

/// A host.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its name, lower case, as DNS and DHCP tell it.
    pub name: String,
    /// What it is: `pump`, `pacs`, ...
    pub role: &'static str,
    /// Where it stands.
    pub zone: ZoneId,
    /// Its Ethernet address.
    pub mac: Mac,
    /// Its address at present.
    pub ip: Ipv4Addr,
    /// How it talks.
    pub stack: Stack,
    /// Time between it and the tap.
    pub latency: Duration,
    /// False while it is switched off, or away.
    pub up: bool,
    ip_id: u16,
    next_port: u16,
}

/// A zone: a VLAN with its subnet of 256 addresses.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Its name.
    pub name: &'static str,
    /// Its VLAN.
    pub vlan: u16,
    /// The first three octets of its addresses.
    pub prefix: [u8; 3],
    /// The Ethernet address of its gateway, whose address ends in 1.
    pub gateway: Mac,
    next: u8,
}

impl Zone {
    /// An address of its subnet.
    pub fn address(&self, last: u8) -> Ipv4Addr {
        let [a, b, c] = self.prefix;
        Ipv4Addr::new(a, b, c, last)
    }
}

/// Hashes the few octets of a host and an address, as every packet asks for them; nobody chooses them so that they collide.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u16(&mut self, number: u16) {
        self.0 = self.0 << 16 | u64::from(number);
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = self.0 << 32 | u64::from(number);
    }

    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26)
    }
}

/// What was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// When the last octet reached the other end.
    pub arrived: Time,
    /// The frame that carried it.
    pub frame: FrameId,
}

/// The network and what is under way in it.
#[derive(Debug)]
pub struct Network {
    /// All hosts; one may join at any time.
    pub hosts: Vec<Host>,
    /// All zones; the first is the world outside.
    pub zones: Vec<Zone>,
    /// Frames that have not passed the tap yet.
    pub queue: Queue,
    /// What frames written now belong to.
    pub mark: Mark,
    /// Messages are wanted beside the frames.
    pub keep_messages: bool,
    /// Until when who knows whose Ethernet address.
    known: HashMap<(HostId, Ipv4Addr), Time, BuildHasherDefault<Mixer>>,
    by_address: HashMap<Ipv4Addr, HostId>,
    seed: u64,
}

/// The zone of everything that is not the hospital's.
pub const OUTSIDE: ZoneId = ZoneId(0);

/// The first port a system gives to connections that it opens (RFC 6335).
const EPHEMERAL: u16 = 49_152;

impl Network {
    /// A network without hosts, whose time begins at `start`.
    pub fn new(seed: u64, start: Time) -> Self {
        let mut network = Self {
            hosts: Vec::new(),
            zones: Vec::new(),
            queue: Queue::new(start),
            mark: 0,
            keep_messages: false,
            known: HashMap::default(),
            by_address: HashMap::new(),
            seed,
        };
        network.add_zone("outside", 0, [0, 0, 0]);
        network
    }

    /// A further zone.
    pub fn add_zone(&mut self, name: &'static str, vlan: u16, prefix: [u8; 3]) -> ZoneId {
        let id = ZoneId(self.zones.len() as u8);
        // The virtual router's address (RFC 9568 section 8.1.2 reserves 00-00-5E-00-01), one for each VLAN.
        let gateway = [0x00, 0x00, 0x5e, 0x00, 0x01, id.0];
        self.zones.push(Zone { name, vlan, prefix, gateway, next: 10 });
        id
    }

    /// A further host, with the next free address of its zone.
    ///
    /// # Panics
    /// When the zone is full.
    pub fn add_host(&mut self, name: String, role: &'static str, zone: ZoneId, oui: [u8; 3], stack: Stack) -> HostId {
        let place = &mut self.zones[usize::from(zone.0)];
        let ip = place.address(place.next);
        place.next = place.next.checked_add(1).expect("a zone of more than 245 hosts");
        self.add_host_at(name, role, zone, oui, stack, ip)
    }

    /// A further host with an address of its own.
    pub fn add_host_at(
        &mut self,
        name: String,
        role: &'static str,
        zone: ZoneId,
        oui: [u8; 3],
        stack: Stack,
        ip: Ipv4Addr,
    ) -> HostId {
        let id = HostId(self.hosts.len() as u16);
        let mut dice = Dice::new(self.seed, "host", u64::from(id.0));
        let ([a, b, c], [e, f]) = (oui, id.0.to_be_bytes());
        let [d, ..] = dice.bits().to_le_bytes();
        // The number keeps addresses of one maker apart whatever the dice say.
        let mac = [a, b, c, d, e, f];
        let latency = match zone {
            OUTSIDE => us(dice.range(6_000..28_000)),
            _ if role == "pump" || role == "monitor" => us(dice.range(900..6_000)),
            _ => us(dice.range(40..160)),
        };
        let (ip_id, next_port) = (dice.bits() as u16, EPHEMERAL + dice.range(0..12_000) as u16);
        self.hosts.push(Host { name, role, zone, mac, ip, stack, latency, up: true, ip_id, next_port });
        self.by_address.insert(ip, id);
        id
    }

    /// A host.
    pub fn host(&self, id: HostId) -> &Host {
        &self.hosts[usize::from(id.0)]
    }

    /// A host, to change it.
    pub fn host_mut(&mut self, id: HostId) -> &mut Host {
        &mut self.hosts[usize::from(id.0)]
    }

    /// The zone of a host.
    pub fn zone_of(&self, id: HostId) -> &Zone {
        &self.zones[usize::from(self.host(id).zone.0)]
    }

    /// Who has an address at present.
    pub fn owner(&self, ip: Ipv4Addr) -> Option<HostId> {
        self.by_address.get(&ip).copied()
    }

    /// Gives a host another address.
    pub fn readdress(&mut self, id: HostId, ip: Ipv4Addr) {
        let old = std::mem::replace(&mut self.host_mut(id).ip, ip);
        if self.by_address.get(&old) == Some(&id) {
            self.by_address.remove(&old);
        }
        self.by_address.insert(ip, id);
    }

    /// The next ephemeral port of a host.
    pub fn next_port(&mut self, id: HostId) -> u16 {
        let host = self.host_mut(id);
        let port = host.next_port;
        host.next_port = port.checked_add(1).unwrap_or(EPHEMERAL);
        port
    }

    /// The next IP identification of a host.
    pub(crate) fn next_ip_id(&mut self, id: HostId) -> u16 {
        let host = self.host_mut(id);
        host.ip_id = host.ip_id.wrapping_add(1);
        host.ip_id
    }

    /// The time from a host to the tap for a packet of this moment: its latency, and now and then a little more. It follows
    /// from the moment alone, so that further traffic changes nothing about the rest.
    pub fn delay(&self, id: HostId, at: Time) -> Duration {
        let latency = self.host(id).latency;
        let mut dice = Dice::new(self.seed ^ at.0, "", u64::from(id.0));
        latency + seconds(dice.exponential(0.12).min(2.0) * latency.as_secs_f64())
    }

    /// How a packet from one host to another looks on the sender's segment, and in which VLAN that is.
    pub fn route(&self, from: HostId, to: HostId) -> (Route, u16) {
        let (source, target) = (self.host(from), self.host(to));
        let segment = if source.zone == OUTSIDE { self.zone_of(to) } else { self.zone_of(from) };
        let from_mac = if source.zone == OUTSIDE { segment.gateway } else { source.mac };
        let to_mac = if source.zone == target.zone || source.zone == OUTSIDE { target.mac } else { segment.gateway };
        let ttl = if source.zone == OUTSIDE { source.stack.ttl - 11 } else { source.stack.ttl };
        (Route { from_mac, to_mac, from: source.ip, to: target.ip, ttl }, segment.vlan)
    }

    /// Has the sender learn the Ethernet address of its next hop where it does not know it any more; gives the time when it
    /// does, and until when it will; none where nobody answers.
    pub fn resolve(&mut self, at: Time, from: HostId, to: HostId) -> Option<(Time, Time)> {
        let source = self.host(from);
        if source.zone == OUTSIDE {
            return Some((at, Time(u64::MAX)));
        }
        let near = self.host(to).zone == source.zone;
        let zone = self.zone_of(from);
        let (ip, mac) = if near { (self.host(to).ip, self.host(to).mac) } else { (zone.address(1), zone.gateway) };
        let until = self.known.get(&(from, ip)).copied().unwrap_or_default();
        if until > at {
            return Some((at, until));
        }
        let (sender, vlan) = ((source.mac, source.ip), zone.vlan);
        let answers = !near || self.host(to).up;
        let asked = at + self.delay(from, at);
        let question = Arp { operation: 1, sender, target: ([0; 6], ip), to_mac: BROADCAST };
        self.queue.push(asked, self.mark, vlan, |out| frame::arp(out, &question));
        if !answers {
            return None;
        }
        let far = if near { self.delay(to, asked) } else { us(60) };
        let answered = asked + far + us(80);
        let answer = Arp { operation: 2, sender: (mac, ip), target: sender, to_mac: sender.0 };
        self.queue.push(answered, self.mark, vlan, |out| frame::arp(out, &answer));
        let mut dice = Dice::new(self.seed ^ at.0, "arp", u64::from(from.0));
        let until = at + dice.around(8 * MINUTE, 0.6);
        self.known.insert((from, ip), until);
        if near {
            // Who is asked learns who asks (RFC 826, packet reception).
            let asker = (to, self.host(from).ip);
            self.known.insert(asker, until);
        }
        Some((answered + self.delay(from, answered), until))
    }

    /// A host says which Ethernet address its address has: after a start, or a change of address.
    pub fn announce(&mut self, at: Time, id: HostId) {
        let host = self.host(id);
        let (own, vlan) = ((host.mac, host.ip), self.zone_of(id).vlan);
        self.arp(at, vlan, &Arp { operation: 1, sender: own, target: ([0; 6], own.1), to_mac: BROADCAST });
    }

    /// Any ARP packet.
    pub fn arp(&mut self, at: Time, vlan: u16, arp: &Arp) {
        self.queue.push(at, self.mark, vlan, |out| frame::arp(out, arp));
    }

    /// A UDP datagram from host to host; it does not leave where nobody says that he has its next hop's address.
    pub fn udp(&mut self, at: Time, from: HostId, to: HostId, ports: [u16; 2], payload: &[u8]) -> Sent {
        match self.udp_away(at, from, to, ports, payload) {
            Some((passed, frame)) => Sent { arrived: passed + self.delay(to, passed), frame },
            None => Sent { arrived: at, frame: FrameId::NONE },
        }
    }

    /// As [`Self::udp`], for streams that nobody answers: gives when the datagram has passed the tap.
    pub fn udp_away(
        &mut self,
        at: Time,
        from: HostId,
        to: HostId,
        ports: [u16; 2],
        payload: &[u8],
    ) -> Option<(Time, FrameId)> {
        let (at, _) = self.resolve(at, from, to)?;
        let (route, vlan) = self.route(from, to);
        let passed = at + self.delay(from, at);
        Some((passed, self.udp_on(passed, from, &route, vlan, ports, payload)))
    }

    /// A UDP datagram to all of the sender's zone.
    pub fn broadcast(&mut self, at: Time, from: HostId, ports: [u16; 2], payload: &[u8]) -> FrameId {
        let (host, zone) = (self.host(from), self.zone_of(from));
        let (ttl, vlan) = (host.stack.ttl, zone.vlan);
        let route = Route { from_mac: host.mac, to_mac: BROADCAST, from: host.ip, to: zone.address(255), ttl };
        self.udp_on(at, from, &route, vlan, ports, payload)
    }

    /// A UDP datagram to a multicast group (RFC 1112 section 6.4 for the Ethernet address).
    pub fn multicast(&mut self, at: Time, from: HostId, group: Ipv4Addr, ports: [u16; 2], payload: &[u8]) -> FrameId {
        let (host, vlan) = (self.host(from), self.zone_of(from).vlan);
        let [_, b, c, d] = group.octets();
        let to_mac = [0x01, 0x00, 0x5e, b & 0x7f, c, d];
        let route = Route { from_mac: host.mac, to_mac, from: host.ip, to: group, ttl: 1 };
        self.udp_on(at, from, &route, vlan, ports, payload)
    }

    /// A UDP datagram that passes the tap at `at` as the route says.
    pub fn udp_on(
        &mut self,
        at: Time,
        from: HostId,
        route: &Route,
        vlan: u16,
        ports: [u16; 2],
        payload: &[u8],
    ) -> FrameId {
        let id = self.next_ip_id(from);
        self.queue.push(at, self.mark, vlan, |out| frame::udp(out, route, id, ports, payload))
    }

    /// An echo request and, where the target is up, its reply (RFC 792); gives the time when that has come.
    pub fn ping(&mut self, at: Time, from: HostId, to: HostId, sequence: u16) -> Time {
        let alphabet: Vec<u8> = (0x61..=0x77).collect();
        self.echo(at, [from, to], sequence, [&alphabet; 2])
    }

    /// As [`Self::ping`], with data of one's own in the request and in the reply.
    pub fn echo(&mut self, at: Time, [from, to]: [HostId; 2], sequence: u16, data: [&[u8]; 2]) -> Time {
        let Some((at, _)) = self.resolve(at, from, to) else { return at };
        let [high, low] = sequence.to_be_bytes();
        let [asked, answered] = data.map(|data| [&[0, 1, high, low], data].concat());
        let mut passed = at + self.delay(from, at);
        self.icmp(passed, from, to, 8, &asked);
        passed += self.delay(to, passed);
        if self.host(to).up {
            let back = self.resolve(passed, to, from).map_or(passed, |(at, _)| at);
            passed = back + self.delay(to, back);
            self.icmp(passed, to, from, 0, &answered);
            passed += self.delay(from, passed);
        }
        passed
    }

    fn icmp(&mut self, passed: Time, from: HostId, to: HostId, kind: u8, rest: &[u8]) {
        let (route, vlan) = self.route(from, to);
        let id = self.next_ip_id(from);
        self.queue.push(passed, self.mark, vlan, |out| frame::icmp(out, &route, id, kind, 0, rest));
    }

    /// Says that a frame completes a message, where messages are wanted.
    pub fn note(&mut self, frame: FrameId, message: impl FnOnce() -> Message) {
        if self.keep_messages {
            self.queue.note(frame, message());
        }
    }

    /// Dice of one who draws.
    pub fn dice(&self, who: &str, number: u64) -> Dice {
        Dice::new(self.seed, who, number)
    }
}
