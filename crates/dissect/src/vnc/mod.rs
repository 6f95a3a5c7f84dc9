#![doc = include_str!("README.md")]

mod dissector;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Feature, Learned, Probe, Protocol, Transport};

/// The ports that servers of the remote framebuffer protocol take: 5900 for the first display, and those behind it.
const PORTS: [u16; 10] = [5900, 5901, 5902, 5903, 5904, 5905, 5906, 5907, 5908, 5909];

/// The Remote Framebuffer protocol, which VNC speaks.
pub static PROTOCOL: Protocol = Protocol {
    index: 17,
    name: "vnc",
    title: "VNC",
    responder_role: "VNC server",
    requester_role: Some("VNC viewer"),
    transports: &[Transport::Tcp],
    is_opaque: true,
    sessions: &[],
    ports: &PORTS,
    kinds: &["version", "security-types", "security-type", "security-result"],
    anomalies: &["not-a-handshake"],
    features: &[
        Feature { name: "version", learned: Learned::Set },
        Feature { name: "security", learned: Learned::Set },
        Feature { name: "result", learned: Learned::Set },
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
    dissector: |flow| Box::new(dissector::Vnc::new(flow)),
};

/// Kind: an end's version.
const VERSION: usize = 0;
/// Kind: how one may log in, or must.
const TYPES: usize = 1;
/// Kind: how a client chooses to.
const CHOICE: usize = 2;
/// Kind: whether it may.
const RESULT: usize = 3;

/// Anomaly: something else than the handshake.
const NOT_A_HANDSHAKE: usize = 0;
