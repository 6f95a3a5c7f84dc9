#![doc = include_str!("README.md")]

mod dissector;
#[cfg(test)]
mod tests;
mod transfer;
mod wire;

use crate::{Feature, Learned, Probe, Protocol, Transport};

/// The port on which transfers are asked for (RFC 1350 section 4); they take place on others.
const PORT: u16 = 69;

/// The Trivial File Transfer Protocol.
pub static PROTOCOL: Protocol = Protocol {
    index: 12,
    name: "tftp",
    title: "TFTP",
    responder_role: "TFTP server",
    requester_role: Some("TFTP client"),
    transports: &[Transport::Udp],
    is_opaque: true,
    sessions: &[],
    ports: &[PORT],
    kinds: &["read-request", "write-request", "data", "acknowledgement", "error", "option-acknowledgement"],
    anomalies: &["not-tftp", "unfinished"],
    features: &[
        Feature { name: "mode", learned: Learned::Set },
        Feature { name: "program", learned: Learned::Set },
        Feature { name: "error", learned: Learned::Set },
    ],
    target: None,
    probe: |evidence| {
        let bytes = *evidence.first.of(&evidence.bytes);
        match wire::Packet::read(bytes) {
            Some(packet) if packet.is_request() => Probe::Yes(Some(evidence.first)),
            // Two octets tell these: they are believed of a flow that was asked for.
            Some(_) if evidence.flow.requester.is_some() => Probe::Yes(evidence.flow.requester),
            Some(_) if evidence.flow.ports.contains(&PORT) => {
                Probe::Yes(evidence.flow.side_with_port(&[PORT]).map(wardtap_net::stream::Side::other))
            }
            _ => Probe::No,
        }
    },
    dissector: |flow| Box::new(dissector::Tftp::new(flow)),
};

/// Anomaly: a datagram of a TFTP flow that is no packet of it.
const NOT_TFTP: usize = 0;

/// Anomaly: a transfer of which neither the last block nor an error was seen.
const UNFINISHED: usize = 1;
