#![doc = include_str!("README.md")]

mod dissector;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Feature, Learned, Probe, Protocol, Transport};

/// The port that IANA gave to WS-Discovery.
const PORT: u16 = 3702;

/// Web Services Dynamic Discovery.
pub static PROTOCOL: Protocol = Protocol {
    index: 22,
    name: "wsd",
    title: "WS-Discovery",
    responder_role: "WS-Discovery target",
    requester_role: None,
    transports: &[Transport::Udp],
    is_opaque: false,
    sessions: &[],
    ports: &[PORT],
    kinds: &["hello", "bye", "probe", "probe-matches", "resolve", "resolve-matches"],
    anomalies: &["not-wsd"],
    features: &[Feature { name: "types", learned: Learned::Set }],
    target: None,
    probe: |evidence| {
        let sender = evidence.first;
        let bytes = *sender.of(&evidence.bytes);
        match wire::Message::read(bytes) {
            Some(message) if message.kind.answers() => Probe::Yes(Some(sender.other())),
            Some(_) => Probe::Yes(Some(sender)),
            None => Probe::No,
        }
    },
    dissector: |_| Box::<dissector::Wsd>::default(),
};

/// Anomaly: a datagram of a WS-Discovery flow that is no message of it.
const NOT_WSD: usize = 0;
