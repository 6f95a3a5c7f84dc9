//! Control packets (MQTT 5.0 and 3.1.1, section 2; section numbers are those of 5.0).

use wardtap_net::reader::Reader;

use super::PORT;
use crate::{Evidence, Probe};

/// Octets of a topic in which levels are counted; longer ones are told without.
pub(super) const TOPIC_MAX: usize = 1024;

/// Octets of an acknowledgement that are looked at: some hundred reasons, behind few properties.
const CODES_MAX: usize = 256;

/// Octets of what comes before the client's id: the longer protocol's name, version, flags and seconds (section 3.1.2).
const CONNECT_HEAD: usize = 12;

/// Octets of a subscription in which filters are looked at: who wants all of it says so first.
const FILTERS_MAX: usize = 256;

/// Levels of topics by which devices take orders: of Sparkplug 3.0 (section 4.1.1), of common firmware and libraries (Tasmota,
/// Homie, zigbee2mqtt, AWS jobs), and what people call it.
const ORDERS: [&[u8]; 18] = [
    b"ncmd",
    b"dcmd",
    b"cmnd",
    b"cmd",
    b"command",
    b"commands",
    b"set",
    b"control",
    b"write",
    b"ota",
    b"update",
    b"firmware",
    b"reboot",
    b"restart",
    b"reset",
    b"exec",
    b"rpc",
    b"jobs",
];

/// True for a level of which topics for orders are made.
fn is_order(level: &[u8]) -> bool {
    ORDERS.iter().any(|order| level.eq_ignore_ascii_case(order))
}

/// Types of control packets (section 2.1.2).
pub(super) mod packet {
    pub(in super::super) const CONNECT: u8 = 1;
    pub(in super::super) const CONNACK: u8 = 2;
    pub(in super::super) const PUBLISH: u8 = 3;
    pub(in super::super) const PUBACK: u8 = 4;
    pub(in super::super) const PUBREC: u8 = 5;
    pub(in super::super) const PUBREL: u8 = 6;
    pub(in super::super) const PUBCOMP: u8 = 7;
    pub(in super::super) const SUBSCRIBE: u8 = 8;
    pub(in super::super) const SUBACK: u8 = 9;
    pub(in super::super) const UNSUBSCRIBE: u8 = 10;
    pub(in super::super) const UNSUBACK: u8 = 11;
    pub(in super::super) const PINGREQ: u8 = 12;
    pub(in super::super) const PINGRESP: u8 = 13;
    pub(in super::super) const DISCONNECT: u8 = 14;
    pub(in super::super) const AUTH: u8 = 15;
}

/// A fixed header (section 2.1).
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub kind: u8,
    flags: u8,
    /// Octets of the header itself.
    pub length: usize,
    /// Octets behind it.
    pub rest: usize,
}

/// More octets are needed, or it is none.
pub(super) enum NoHeader {
    Short,
    Wrong,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, NoHeader> {
        let Some((first, more)) = bytes.split_first() else { return Err(NoHeader::Short) };
        let (kind, flags) = (first >> 4, first & 0x0f);
        // Sections 2.1.3 and 3.3.1.2.
        let fits = match kind {
            0 => false,
            packet::PUBLISH => flags & 6 != 6,
            packet::PUBREL | packet::SUBSCRIBE | packet::UNSUBSCRIBE => flags == 2,
            _ => flags == 0,
        };
        let (rest, length) = match variable(more) {
            _ if !fits => return Err(NoHeader::Wrong),
            Some(Ok(found)) => found,
            Some(Err(())) => return Err(NoHeader::Wrong),
            None => return Err(NoHeader::Short),
        };
        let is_long_enough = match kind {
            packet::PINGREQ | packet::PINGRESP => rest == 0,
            packet::DISCONNECT | packet::AUTH => true,
            packet::CONNECT => rest >= 10,
            _ => rest >= 2,
        };
        if !is_long_enough {
            return Err(NoHeader::Wrong);
        }
        Ok(Self { kind, flags, length: length.saturating_add(1), rest })
    }

    /// Quality of service of a publication.
    pub(super) fn qos(self) -> Option<u8> {
        (self.kind == packet::PUBLISH).then_some(self.flags >> 1 & 3)
    }

    pub(super) fn retain(self) -> bool {
        self.kind == packet::PUBLISH && self.flags & 1 != 0
    }

    /// Octets behind the header that are read, as far as those that are there show.
    pub(super) fn wanted(self, body: &[u8]) -> usize {
        let wanted = match self.kind {
            packet::CONNECT => CONNECT_HEAD,
            packet::PUBLISH => match body.first_chunk::<2>() {
                None => 2,
                Some(length) => {
                    let topic = usize::from(u16::from_be_bytes(*length));
                    if topic > TOPIC_MAX { 2 } else { topic.saturating_add(4) }
                }
            },
            packet::DISCONNECT | packet::AUTH => 1,
            packet::SUBSCRIBE => FILTERS_MAX,
            packet::UNSUBSCRIBE => 2,
            _ => CODES_MAX,
        };
        wanted.min(self.rest)
    }
}

/// A variable byte integer (section 1.5.5) and its length; an error where it is none.
fn variable(bytes: &[u8]) -> Option<Result<(usize, usize), ()>> {
    let mut value = 0usize;
    for (place, octet) in bytes.iter().take(4).enumerate() {
        value |= usize::from(octet & 0x7f) << place.saturating_mul(7);
        if octet & 0x80 == 0 {
            return Some(Ok((value, place.saturating_add(1))));
        }
    }
    if bytes.len() < 4 { None } else { Some(Err(())) }
}

/// Versions by their numbers (section 3.1.2.2; 128 is added by bridges).
pub(super) const fn version(level: u8) -> Option<&'static str> {
    match level & 0x7f {
        3 => Some("3.1"),
        4 => Some("3.1.1"),
        5 => Some("5"),
        _ => None,
    }
}

/// What is read of a client's first packet.
pub(super) struct Connect {
    pub level: u8,
    pub flags: u8,
}

impl Connect {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut body = Reader::new(body);
        let length = usize::from(body.be16()?);
        let name = body.take(length)?;
        let (level, flags) = (body.u8()?, body.u8()?);
        let fits = match version(level)? {
            "3.1" => name == b"MQIsdp",
            _ => name == b"MQTT",
        };
        fits.then_some(Self { level: level & 0x7f, flags })
    }

    /// Section 3.1.2.3.
    pub(super) const fn login(&self) -> &'static str {
        match self.flags >> 6 {
            0 => "none",
            1 => "password",
            2 => "user",
            _ => "user+password",
        }
    }

    pub(super) const fn has_will(&self) -> bool {
        self.flags & 4 != 0
    }
}

/// What is read of other packets.
#[derive(Default)]
pub(super) struct Facts {
    pub id: Option<u16>,
    /// The worst reason that is stated; 0 is none.
    pub code: Option<u8>,
    pub levels: Option<u64>,
    /// Of what is published: its topic is one by which devices take orders.
    pub is_order: bool,
    /// Of a subscription: a filter stands for all topics.
    pub is_of_all: bool,
}

impl Facts {
    pub(super) fn read(header: Header, body: &[u8], level: u8) -> Self {
        let mut facts = Self::default();
        let mut body = Reader::new(body);
        match header.kind {
            packet::CONNACK => {
                let _ = body.u8();
                facts.code = body.u8();
            }
            packet::PUBLISH => {
                let length = body.be16().map(usize::from).unwrap_or_default();
                if let Some(topic) = body.take(length) {
                    let levels = topic.iter().filter(|octet| **octet == b'/').count().saturating_add(1);
                    facts.levels = Some(levels as u64);
                    facts.is_order = topic.split(|octet| *octet == b'/').any(is_order);
                    facts.id = if header.qos() == Some(0) { None } else { body.be16() };
                }
            }
            packet::SUBACK | packet::UNSUBACK => {
                facts.id = body.be16();
                // Properties of 5 come first, and a 3.1.1 UNSUBACK has no reasons.
                if level == 5 {
                    match variable(body.rest()) {
                        Some(Ok((length, octets))) if body.skip(octets.saturating_add(length)).is_some() => {}
                        _ => return facts,
                    }
                }
                facts.code = body.rest().iter().copied().max().filter(|code| *code >= 0x80);
            }
            packet::PUBACK | packet::PUBREC | packet::PUBREL | packet::PUBCOMP => {
                facts.id = body.be16();
                facts.code = body.u8().filter(|code| *code >= 0x80);
            }
            packet::DISCONNECT | packet::AUTH => facts.code = body.u8(),
            packet::SUBSCRIBE => {
                facts.id = body.be16();
                if level == 5 {
                    match variable(body.rest()) {
                        Some(Ok((length, octets))) if body.skip(octets.saturating_add(length)).is_some() => {}
                        _ => return facts,
                    }
                }
                // Section 3.8.3: filters, each with its options behind it.
                while let Some(filter) = body.be16().and_then(|length| body.take(length.into())) {
                    facts.is_of_all |= is_of_all(filter);
                    let _ = body.u8();
                }
            }
            packet::UNSUBSCRIBE => facts.id = body.be16(),
            _ => {}
        }
        facts
    }
}

/// Nothing but wildcards (section 4.7.1), of a shared subscription behind its name (section 4.8.2).
fn is_of_all(filter: &[u8]) -> bool {
    let shared = filter.strip_prefix(b"$share/").and_then(|rest| rest.splitn(2, |octet| *octet == b'/').nth(1));
    let filter = shared.unwrap_or(filter);
    !filter.is_empty() && filter.iter().all(|octet| matches!(octet, b'#' | b'+' | b'/'))
}

/// A broker says that it is not allowed: bad user name or password, not authorised, banned (section 2.4; MQTT 3.1.1 section
/// 3.2.2.3, and section 3.9.3, where a failure of 3.1.1 has no other reason).
pub(super) const fn is_refusal(kind: u8, level: u8, code: u8) -> bool {
    match (kind, level) {
        (_, 5) => matches!(code, 0x86 | 0x87 | 0x8a | 0x8c),
        (packet::CONNACK, _) => matches!(code, 4 | 5),
        (packet::SUBACK, _) => code == 0x80,
        _ => false,
    }
}

/// Whether either end begins with a client's first packet; on the usual port also a ping, alone.
pub(super) fn probe(evidence: &Evidence<'_>) -> Probe {
    let usual = evidence.flow.uses_port(&[PORT]);
    let mut answer = Probe::No;
    for (side, bytes) in wardtap_net::stream::Side::BOTH.into_iter().zip(evidence.bytes) {
        match connects(bytes) {
            Probe::Yes(_) => return Probe::Yes(Some(side)),
            Probe::Unsure => answer = Probe::Unsure,
            _ => {}
        }
        match bytes {
            [0xc0, 0, ..] if usual => return Probe::Yes(Some(side)),
            [0xd0, 0, ..] if usual => return Probe::Yes(Some(side.other())),
            [0xc0 | 0xd0] if usual => answer = Probe::Unsure,
            _ => {}
        }
    }
    answer
}

fn connects(bytes: &[u8]) -> Probe {
    if bytes.first() != Some(&0x10) {
        return Probe::No;
    }
    let header = match Header::read(bytes) {
        Ok(header) => header,
        Err(NoHeader::Short) => return Probe::Unsure,
        Err(NoHeader::Wrong) => return Probe::No,
    };
    let body = bytes.get(header.length..).unwrap_or_default();
    let name = |name: &[u8]| name.iter().zip(body).all(|(expected, octet)| expected == octet);
    if !name(b"\0\x04MQTT") && !name(b"\0\x06MQIsdp") {
        Probe::No
    } else if Connect::read(body).is_some() {
        Probe::Yes(None)
    } else if body.len() < CONNECT_HEAD.min(header.rest) {
        Probe::Unsure
    } else {
        Probe::No
    }
}
