#![doc = include_str!("README.md")]

mod dissector;
#[cfg(test)]
mod tests;
mod wire;

use crate::dns::Carried;
use crate::dns::wire::{End, Message};
use crate::{Feature, Learned, Probe, Protocol, Transport};

/// The port of Multicast DNS (RFC 6762 section 3).
pub(crate) const PORT: u16 = 5353;

/// Multicast DNS.
pub static PROTOCOL: Protocol = Protocol {
    index: 18,
    name: "mdns",
    title: "mDNS",
    responder_role: "mDNS responder",
    requester_role: None,
    transports: &[Transport::Udp],
    is_opaque: false,
    sessions: &[],
    ports: &[PORT],
    kinds: &["query", "response"],
    anomalies: &["not-mdns", "malformed"],
    features: &[Feature { name: "type", learned: Learned::Set }, Feature { name: "service", learned: Learned::Set }],
    target: None,
    probe: |evidence| {
        let bytes = *evidence.first.of(&evidence.bytes);
        if !evidence.flow.ports.contains(&PORT) {
            return Probe::No;
        }
        match Message::read(bytes) {
            Ok(message)
                if message.opcode() == 0 && message.counts != [0; 4] && message.ending().0 != End::Malformed =>
            {
                Probe::Yes(Some(if message.is_response() { evidence.first.other() } else { evidence.first }))
            }
            _ => Probe::No,
        }
    },
    dissector: |flow| Box::new(Carried::new(flow, dissector::Mdns::default())),
};

/// Kind: a question, or several.
const QUERY: usize = 0;
/// Kind: an answer, or what is announced.
const RESPONSE: usize = 1;

/// Anomaly: records that cannot be read.
const MALFORMED: usize = 1;
