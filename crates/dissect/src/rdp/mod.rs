#![doc = include_str!("README.md")]

mod dissector;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Feature, Learned, Protocol, Transport};

/// The port that IANA gave to RDP.
const PORT: u16 = 3389;

/// The Remote Desktop Protocol.
pub static PROTOCOL: Protocol = Protocol {
    index: 16,
    name: "rdp",
    title: "RDP",
    responder_role: "RDP server",
    requester_role: Some("RDP client"),
    transports: &[Transport::Tcp],
    is_opaque: true,
    sessions: &[],
    ports: &[PORT],
    kinds: &["connection-request", "connection-confirm"],
    anomalies: &["not-a-connection"],
    features: &[
        Feature { name: "security", learned: Learned::Set },
        Feature { name: "failure", learned: Learned::Set },
    ],
    target: None,
    probe: wire::probe,
    dissector: |flow| Box::new(dissector::Rdp::new(flow)),
};

/// Kind: what a client asks for.
const REQUEST: usize = 0;
/// Kind: what a server chooses.
const CONFIRM: usize = 1;

/// Anomaly: something else at the start of an end's stream.
const NOT_A_CONNECTION: usize = 0;
