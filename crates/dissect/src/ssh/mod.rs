#![doc = include_str!("README.md")]

mod dissector;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Feature, Learned, Probe, Protocol, Transport};

/// The port that IANA gave to SSH.
const PORT: u16 = 22;

/// The Secure Shell protocol.
pub static PROTOCOL: Protocol = Protocol {
    index: 4,
    name: "ssh",
    title: "SSH",
    responder_role: "SSH server",
    requester_role: Some("SSH client"),
    transports: &[Transport::Tcp],
    is_opaque: true,
    sessions: &[],
    ports: &[PORT],
    kinds: &["identification", "key-exchange-init"],
    anomalies: &["identification-too-long", "not-a-key-exchange"],
    features: &[
        Feature { name: "software", learned: Learned::Identity },
        Feature { name: "hassh", learned: Learned::Identity },
    ],
    target: None,
    probe: |evidence| {
        let [one, other] = evidence.bytes.map(wire::begins);
        match (one, other) {
            (Probe::Yes(_), _) | (_, Probe::Yes(_)) => Probe::Yes(None),
            (Probe::Unsure, _) | (_, Probe::Unsure) => Probe::Unsure,
            _ => Probe::No,
        }
    },
    dissector: |flow| Box::new(dissector::Ssh::new(flow)),
};

/// Kind: an identification string.
const IDENTIFICATION: usize = 0;
/// Kind: a key exchange's first packet.
const KEY_EXCHANGE: usize = 1;

/// Anomaly: no end of line.
const TOO_LONG: usize = 0;
/// Anomaly: something else behind the identification.
const NOT_A_KEY_EXCHANGE: usize = 1;
