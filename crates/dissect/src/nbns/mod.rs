#![doc = include_str!("README.md")]

mod dissector;
#[cfg(test)]
mod tests;
mod wire;

use crate::dns::Carried;
use crate::dns::wire::Message;
use crate::{Feature, Learned, Probe, Protocol, Transport};

/// The port of NetBIOS' name service (RFC 1002 section 4.2).
pub(crate) const PORT: u16 = 137;

/// The NetBIOS Name Service.
pub static PROTOCOL: Protocol = Protocol {
    index: 20,
    name: "nbns",
    title: "NetBIOS Name Service",
    responder_role: "NetBIOS name responder",
    requester_role: None,
    transports: &[Transport::Udp],
    is_opaque: false,
    sessions: &[],
    ports: &[PORT],
    kinds: &["name-query", "registration", "refresh", "release", "status", "wait", "other-opcode"],
    anomalies: &["not-nbns", "malformed"],
    features: &[Feature { name: "role", learned: Learned::Set }, Feature { name: "code", learned: Learned::Set }],
    target: None,
    probe: |evidence| {
        let bytes = *evidence.first.of(&evidence.bytes);
        if !evidence.flow.ports.contains(&PORT) {
            return Probe::No;
        }
        match Message::read(bytes) {
            Ok(message) if wire::Owner::of(&message).is_some() => {
                Probe::Yes(Some(if message.is_response() { evidence.first.other() } else { evidence.first }))
            }
            _ => Probe::No,
        }
    },
    dissector: |flow| Box::new(Carried::new(flow, dissector::Nbns::default())),
};

/// Kinds, by opcode; what a host has is asked for by a type of question.
const NAME_QUERY: usize = 0;
const REGISTRATION: usize = 1;
const REFRESH: usize = 2;
const RELEASE: usize = 3;
const STATUS: usize = 4;
const WAIT: usize = 5;
const OTHER_OPCODE: usize = 6;

/// Anomaly: records that cannot be read.
const MALFORMED: usize = 1;
