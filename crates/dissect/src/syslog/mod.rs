#![doc = include_str!("README.md")]

mod dissector;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Evidence, Feature, Learned, Probe, Protocol, Transport};

/// The port of syslog over UDP (RFC 5426 section 3.3), which many use over TCP too.
const PORT: u16 = 514;

/// The port that IANA gave to syslog over TCP (RFC 6587 section 1 names both).
const TCP_PORT: u16 = 601;

/// The syslog protocol.
pub static PROTOCOL: Protocol = Protocol {
    index: 15,
    name: "syslog",
    title: "syslog",
    responder_role: "log collector",
    requester_role: None,
    transports: &[Transport::Udp, Transport::Tcp],
    is_opaque: true,
    sessions: &[],
    ports: &[PORT, TCP_PORT],
    kinds: &["rfc3164", "rfc5424"],
    anomalies: &["not-syslog"],
    features: &[
        Feature { name: "facility", learned: Learned::Set },
        Feature { name: "application", learned: Learned::Set },
        Feature { name: "audit", learned: Learned::Set },
    ],
    target: None,
    probe,
    dissector: |flow| Box::new(dissector::Syslog::new(flow)),
};

/// On its ports by the priority at the start, elsewhere by the header of RFC 5424 as far as the time.
fn probe(evidence: &Evidence<'_>) -> Probe {
    let is_udp = evidence.flow.transport == Transport::Udp;
    let usual = evidence.flow.ports.iter().any(|port| *port == PORT || *port == TCP_PORT && !is_udp);
    let begins = if usual { wire::begins } else { wire::begins_with_header };
    let mut unsure = false;
    for side in [evidence.first, evidence.first.other()] {
        let bytes = *side.of(&evidence.bytes);
        let start = if is_udp { Some(0) } else { wire::start_of_frame(bytes) };
        match start.and_then(|start| bytes.get(start..)).map(begins) {
            Some(Some(true)) => return Probe::Yes(Some(side)),
            Some(None) => unsure |= !bytes.is_empty(),
            Some(Some(false)) | None => {}
        }
    }
    // Nothing follows a datagram.
    if unsure && !is_udp { Probe::Unsure } else { Probe::No }
}

/// Kind: a message of RFC 3164, which is all that has a priority and no header of RFC 5424.
const RFC3164: usize = 0;
/// Kind: a message of RFC 5424.
const RFC5424: usize = 1;

/// Anomaly: what is no message, or not the start of one.
const NOT_SYSLOG: usize = 0;
