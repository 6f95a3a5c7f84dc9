//! Captures of real tools, played into the simulation: the hospital's hosts take the places of the laboratory's.
//!
//! In the laboratory (tools/make.sh) all hosts stand on one switch: 10.77.0.N has the Ethernet address 02:57:54:00:00:N, and
//! N = 1 is a gateway. Here each of them is some host of the simulation, in whatever zone; where two are in different zones,
//! a frame is written as its sender's segment sees it, as all frames of the simulation are. Ports, payloads and order stay.

use serde::Deserialize;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::clock::{MINUTE, Time};
use crate::frame::{self, Mac};
use crate::network::{HostId, Network, OUTSIDE, ZoneId};
use crate::pcap;
use crate::sim::Sim;
use crate::truth::Message;

const LABORATORY: [u8; 3] = [10, 77, 0];
const LABORATORY_MAC: [u8; 5] = [0x02, 0x57, 0x54, 0x00, 0x00];
const GATEWAY: u8 = 1;

/// Time to live of what the laboratory's hosts send, where the tool does not choose another.
const LABORATORY_TTL: u8 = 64;

const ETHERNET_END: usize = 14;
const IPV4: [u8; 2] = [0x08, 0x00];
const ARP: [u8; 2] = [0x08, 0x06];

/// The shortest Ethernet frame without its check sequence (IEEE 802.3 section 4.4.2).
const SHORTEST: usize = 60;

/// UDP ports of DHCP (RFC 2131 section 4.1), whose messages hold addresses of the network.
const DHCP: [u16; 2] = [67, 68];

/// A capture and the messages in it, as tools/make.sh wrote them.
#[derive(Clone, Copy, Debug)]
pub struct Recording {
    /// The capture.
    pub capture: &'static [u8],
    /// JSON: an array of messages, each with its frame's number.
    pub messages: &'static str,
}

/// The recording of a name below tools/captures.
#[macro_export]
macro_rules! recording {
    ($name:literal) => {
        $crate::attacks::splice::Recording {
            capture: include_bytes!(concat!("../../tools/captures/", $name, ".pcap")),
            messages: include_str!(concat!("../../tools/captures/", $name, ".json")),
        }
    };
}

/// Who of the simulation takes the place of 10.77.0.N. Of frames that show no zone (a broadcast of a host that is nobody),
/// the zone is that of the first.
pub type Parts = Vec<(u8, HostId)>;

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'static"))]
struct Noted {
    frame: usize,
    #[serde(flatten)]
    message: Message,
}

/// A frame of the laboratory that waits for its time.
struct Waiting {
    time: Time,
    bytes: Vec<u8>,
    messages: Vec<Message>,
}

/// Plays a recording from now on, so many times slower than it was recorded; gives the time of its last frame.
///
/// # Panics
/// Where the recording, which is part of the program, is no capture or its messages are none.
pub fn play(sim: &mut Sim, recording: &Recording, parts: Parts, slower: f64) -> Time {
    let frames = pcap::parse(recording.capture).expect("a capture that was recorded");
    let messages: Vec<Noted> = serde_json::from_str(recording.messages).expect("messages that were written beside it");
    let (begin, first) = (sim.now, frames.first().map_or(Time::default(), |frame| frame.time));
    let offset = |time: Time| -> Duration { time.since(first).mul_f64(slower) };
    let mut waiting: Vec<Waiting> = frames
        .into_iter()
        .map(|frame| Waiting { time: begin + offset(frame.time), bytes: frame.bytes, messages: Vec::new() })
        .collect();
    for noted in messages {
        waiting[noted.frame - 1].messages.push(noted.message);
    }
    let end = waiting.last().map_or(begin, |frame| frame.time);
    // A minute at a time: hosts may get other addresses meanwhile.
    let mut waiting = waiting.into_iter().peekable();
    sim.repeat(begin, move |sim| {
        let until = sim.now + MINUTE;
        while let Some(frame) = waiting.next_if(|frame| frame.time < until) {
            send(&mut sim.net, &parts, frame);
        }
        waiting.peek().map(|frame| frame.time)
    });
    end
}

fn send(net: &mut Network, parts: &Parts, frame: Waiting) {
    let Waiting { time, mut bytes, messages } = frame;
    let stage = Stage { net, parts };
    let zone = stage.zone(&bytes);
    stage.rewrite(&mut bytes, zone);
    let named: Vec<Message> = messages
        .into_iter()
        .map(|message| Message { src: stage.name(&message.src, zone), dst: stage.name(&message.dst, zone), ..message })
        .collect();
    let vlan = net.zones[usize::from(zone.0)].vlan;
    let id = net.queue.push(time, net.mark, vlan, |out| out.extend_from_slice(&bytes));
    for message in named {
        net.note(id, || message);
    }
}

/// Whose place a laboratory's address is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Station {
    Host(HostId),
    Gateway,
    Nobody,
}

/// The simulation's network as the laboratory's frames are written into it.
struct Stage<'a> {
    net: &'a Network,
    parts: &'a Parts,
}

impl Stage<'_> {
    fn station(&self, number: u8) -> Station {
        match self.parts.iter().find(|(part, _)| *part == number) {
            Some((_, host)) => Station::Host(*host),
            None if number == GATEWAY => Station::Gateway,
            None => Station::Nobody,
        }
    }

    fn by_mac(&self, mac: &[u8]) -> Station {
        if mac[..5] == LABORATORY_MAC { self.station(mac[5]) } else { Station::Nobody }
    }

    fn by_ip(&self, ip: &[u8]) -> Station {
        if ip[..3] == LABORATORY { self.station(ip[3]) } else { Station::Nobody }
    }

    fn zone_of(&self, station: Station) -> Option<ZoneId> {
        match station {
            Station::Host(host) => Some(self.net.host(host).zone).filter(|zone| *zone != OUTSIDE),
            _ => None,
        }
    }

    /// The zone in which a frame is seen: its sender's, or that of the other end where the sender is outside. Of ARP it is
    /// that of the host that asks.
    fn zone(&self, bytes: &[u8]) -> ZoneId {
        let (to, from) = (self.by_mac(&bytes[..6]), self.by_mac(&bytes[6..12]));
        let ends = match (bytes[12..14] == ARP, bytes[21]) {
            (true, 1) => [from, self.by_ip(&bytes[38..42])],
            (true, _) => [to, from],
            (false, _) => [from, to],
        };
        let home = || self.parts.first().map_or(OUTSIDE, |(_, host)| self.net.host(*host).zone);
        ends.into_iter().find_map(|end| self.zone_of(end)).unwrap_or_else(home)
    }

    /// An Ethernet address as it is in a zone: of hosts elsewhere there is only the gateway to be seen.
    fn mac(&self, raw: &[u8], zone: ZoneId) -> Mac {
        match self.by_mac(raw) {
            Station::Host(host) if self.net.host(host).zone == zone => self.net.host(host).mac,
            Station::Host(_) | Station::Gateway => self.net.zones[usize::from(zone.0)].gateway,
            Station::Nobody => std::array::from_fn(|place| raw[place]),
        }
    }

    /// An address as it is in a zone.
    fn ip(&self, raw: &[u8], zone: ZoneId) -> Ipv4Addr {
        match self.by_ip(raw) {
            Station::Host(host) => self.net.host(host).ip,
            _ if raw[..3] == LABORATORY => self.net.zones[usize::from(zone.0)].address(raw[3]),
            _ => Ipv4Addr::new(raw[0], raw[1], raw[2], raw[3]),
        }
    }

    /// As [`Self::ip`], for ARP: whoever asks for a host elsewhere asks for the gateway.
    fn neighbour(&self, raw: &[u8], zone: ZoneId) -> Ipv4Addr {
        match self.by_ip(raw) {
            Station::Host(host) if self.net.host(host).zone != zone => {
                self.net.zones[usize::from(zone.0)].address(GATEWAY)
            }
            _ => self.ip(raw, zone),
        }
    }

    /// `10.77.0.N:port` as it is in the simulation.
    fn name(&self, raw: &str, zone: ZoneId) -> String {
        let Some((address, port)) = raw.split_once(':') else { return raw.to_owned() };
        match address.parse::<Ipv4Addr>() {
            Ok(address) => format!("{}:{port}", self.ip(&address.octets(), zone)),
            Err(_) => raw.to_owned(),
        }
    }

    fn rewrite(&self, bytes: &mut Vec<u8>, zone: ZoneId) {
        let sender = self.by_mac(&bytes[6..12]);
        let [to, from] = [0, 6].map(|at| self.mac(&bytes[at..at + 6], zone));
        bytes[..6].copy_from_slice(&to);
        bytes[6..12].copy_from_slice(&from);
        match [bytes[12], bytes[13]] {
            ARP => {
                for at in [22, 32] {
                    let mac = self.mac(&bytes[at..at + 6], zone);
                    let ip = self.neighbour(&bytes[at + 6..at + 10], zone);
                    bytes[at..at + 6].copy_from_slice(&mac);
                    bytes[at + 6..at + 10].copy_from_slice(&ip.octets());
                }
                bytes.resize(bytes.len().max(SHORTEST), 0);
            }
            IPV4 => self.rewrite_ip(&mut bytes[ETHERNET_END..], sender, zone),
            _ => {}
        }
    }

    fn rewrite_ip(&self, packet: &mut [u8], sender: Station, zone: ZoneId) {
        packet[8] = self.ttl(packet[8], &packet[12..16], sender);
        self.rewrite_addresses(packet, zone);
        let length = length(packet);
        self.rewrite_segment(&mut packet[..length], zone);
    }

    /// What is behind the IP header: checksums, and addresses where the payload holds some.
    fn rewrite_segment(&self, packet: &mut [u8], zone: ZoneId) {
        match packet[9] {
            frame::TCP => frame::close_segment(packet, 16),
            frame::UDP => {
                let port = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
                if DHCP.contains(&port(20)) && DHCP.contains(&port(22)) {
                    self.rewrite_dhcp(&mut packet[28..], zone);
                }
                // Zero: sent without one (RFC 768).
                if packet[26..28] != [0, 0] {
                    frame::close_segment(packet, 6);
                }
            }
            frame::ICMP => {
                // An error quotes the packet it is about (RFC 792).
                if matches!(packet[20], 3 | 5 | 11) {
                    self.rewrite_quoted(&mut packet[28..], zone);
                }
                packet[22..24].fill(0);
                let value = frame::checksum(&packet[20..]);
                packet[22..24].copy_from_slice(&value);
            }
            _ => {}
        }
    }

    /// Source, destination and header checksum.
    fn rewrite_addresses(&self, packet: &mut [u8], zone: ZoneId) {
        for at in [12, 16] {
            let ip = self.ip(&packet[at..at + 4], zone);
            packet[at..at + 4].copy_from_slice(&ip.octets());
        }
        frame::close_ip(packet);
    }

    /// A packet inside an ICMP error. Where only its beginning is quoted, of its checksum the difference alone is known
    /// (RFC 1624).
    fn rewrite_quoted(&self, packet: &mut [u8], zone: ZoneId) {
        let before: [u8; 8] = std::array::from_fn(|place| packet[12 + place]);
        self.rewrite_addresses(packet, zone);
        if length(packet) <= packet.len() {
            self.rewrite_segment(packet, zone);
        } else if packet[9] == frame::UDP && packet[26..28] != [0, 0] {
            let word = |bytes: &[u8], at: usize| u32::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
            let mut sum = 0xffff - word(packet, 26);
            for at in [0, 2, 4, 6] {
                sum += 0xffff - word(&before, at) + word(packet, 12 + at);
            }
            while sum > 0xffff {
                sum = (sum & 0xffff) + (sum >> 16);
            }
            packet[26..28].copy_from_slice(&(!(sum as u16)).to_be_bytes());
        }
    }

    /// The laboratory's addresses and Ethernet addresses inside a DHCP message, wherever they stand.
    fn rewrite_dhcp(&self, message: &mut [u8], zone: ZoneId) {
        let mut at = 0;
        while at + 4 <= message.len() {
            if message[at..at + 3] == LABORATORY {
                let ip = self.ip(&message[at..at + 4], zone);
                message[at..at + 4].copy_from_slice(&ip.octets());
                at += 4;
            } else if message[at..].starts_with(&LABORATORY_MAC) && at + 6 <= message.len() {
                let mac = self.mac(&message[at..at + 6], zone);
                message[at..at + 6].copy_from_slice(&mac);
                at += 6;
            } else {
                at += 1;
            }
        }
    }

    /// What is left of the time to live that its host's system gives, unless the tool chose one; less when it comes from outside.
    fn ttl(&self, recorded: u8, source: &[u8], sender: Station) -> u8 {
        let whole = match self.by_ip(source) {
            Station::Host(host) => self.net.host(host).stack.ttl,
            _ => LABORATORY_TTL,
        };
        let hops = LABORATORY_TTL.wrapping_sub(recorded);
        let ttl = if hops <= 1 { whole - hops } else { recorded };
        match sender {
            Station::Host(host) if self.net.host(host).zone == OUTSIDE => ttl.saturating_sub(11).max(1),
            _ => ttl,
        }
    }
}

/// The length of an IP packet, as its header says (RFC 791 section 3.1).
fn length(packet: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([packet[2], packet[3]]))
}
