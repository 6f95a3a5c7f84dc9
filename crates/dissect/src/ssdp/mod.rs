#![doc = include_str!("README.md")]

mod dissector;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Feature, Learned, Probe, Protocol, Transport};

/// The port that IANA gave to SSDP.
const PORT: u16 = 1900;

/// The Simple Service Discovery Protocol.
pub static PROTOCOL: Protocol = Protocol {
    index: 21,
    name: "ssdp",
    title: "SSDP",
    responder_role: "UPnP device",
    requester_role: None,
    transports: &[Transport::Udp],
    is_opaque: false,
    sessions: &[],
    ports: &[PORT],
    kinds: &["search", "notify-alive", "notify-byebye", "notify-update", "response"],
    anomalies: &["not-ssdp"],
    features: &[Feature { name: "target", learned: Learned::Set }],
    target: None,
    probe: |evidence| {
        let sender = evidence.first;
        let bytes = *sender.of(&evidence.bytes);
        let Some(message) = wire::Message::read(bytes) else { return Probe::No };
        match message.kind {
            // Other answers of HTTP have not both of these.
            wire::Kind::Response if message.has_name && message.target.is_some() => Probe::Yes(Some(sender.other())),
            wire::Kind::Response => Probe::No,
            _ => Probe::Yes(Some(sender)),
        }
    },
    dissector: |_| Box::<dissector::Ssdp>::default(),
};

/// Anomaly: a datagram of an SSDP flow that is no message of it.
const NOT_SSDP: usize = 0;
