#![doc = include_str!("README.md")]

mod dissector;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Feature, Learned, Probe, Protocol, Transport};

/// The port that IANA gave to NTP.
const PORT: u16 = 123;

/// The Network Time Protocol.
pub static PROTOCOL: Protocol = Protocol {
    index: 3,
    name: "ntp",
    title: "NTP",
    responder_role: "time server",
    requester_role: None,
    transports: &[Transport::Udp],
    is_opaque: false,
    sessions: &[],
    ports: &[PORT],
    kinds: &["client", "server", "broadcast", "symmetric-active", "symmetric-passive", "control", "private"],
    anomalies: &["not-ntp"],
    features: &[
        Feature { name: "version", learned: Learned::Set },
        Feature { name: "stratum", learned: Learned::Set },
        Feature { name: "reference", learned: Learned::Set },
        Feature { name: "offset", learned: Learned::Range },
    ],
    target: None,
    probe: |evidence| {
        let bytes = *evidence.first.of(&evidence.bytes);
        let Some(header) = wire::Header::read(bytes) else { return Probe::No };
        let usual = evidence.flow.ports.contains(&PORT);
        if usual || header.is_surely_an_answer() { Probe::Yes(header.requester(evidence.first)) } else { Probe::No }
    },
    dissector: |_| Box::<dissector::Ntp>::default(),
};

/// Anomaly: a datagram of an NTP flow that has no header of NTP.
const NOT_NTP: usize = 0;
