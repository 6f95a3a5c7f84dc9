#![doc = include_str!("README.md")]

mod dissector;
mod hello;
mod keys;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Feature, Learned, Probe, Protocol, Transport};

/// Ports on which it is usual: HTTP/3 (RFC 9114 section 3.1) and DNS (RFC 9250 section 4.1).
const PORTS: [u16; 2] = [443, 853];

/// QUIC.
pub static PROTOCOL: Protocol = Protocol {
    index: 24,
    name: "quic",
    title: "QUIC",
    responder_role: "QUIC server",
    requester_role: None,
    transports: &[Transport::Udp],
    is_opaque: true,
    sessions: &[],
    ports: &PORTS,
    kinds: &["client-hello", "answer", "version-negotiation", "retry"],
    anomalies: &["unreadable-initial", "unreadable-hello", "unknown-version", "not-quic"],
    features: &[Feature { name: "version", learned: Learned::Set }, Feature { name: "ciphers", learned: Learned::Set }],
    target: None,
    probe: |evidence| {
        let bytes = *evidence.first.of(&evidence.bytes);
        let Some(packet) = wire::Packet::read(bytes) else { return Probe::No };
        if keys::opens(&packet, bytes) {
            return Probe::Yes(Some(evidence.first));
        }
        // What a server sends can be opened by who has seen what the client sent; its header says enough on a usual port.
        match evidence.flow.side_with_port(&PORTS) {
            Some(server) if packet.is_known() => Probe::Yes(Some(server.other())),
            _ => Probe::No,
        }
    },
    dissector: |flow| Box::new(dissector::Quic::new(flow)),
};

/// Kind: what a client offers.
const CLIENT_HELLO: usize = 0;
/// Kind: the first packet of a server that takes the offer.
const ANSWER: usize = 1;
/// Kind: a server does not know the version, and says those that it does.
const VERSION_NEGOTIATION: usize = 2;
/// Kind: a server wants the client to show that it is where it says.
const RETRY: usize = 3;

/// Anomaly: an Initial packet of a client that its keys do not open, or that holds something else than frames of it.
const UNREADABLE_INITIAL: usize = 0;
/// Anomaly: a hello that is too long, in too many pieces, or does not add up.
const UNREADABLE_HELLO: usize = 1;
/// Anomaly: a long header of a version that is not read.
const UNKNOWN_VERSION: usize = 2;
/// Anomaly: a long header that is none.
const NOT_QUIC: usize = 3;
