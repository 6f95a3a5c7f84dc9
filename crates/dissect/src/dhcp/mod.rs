#![doc = include_str!("README.md")]

mod dissector;
#[cfg(test)]
mod tests;

use wardtap_net::{dhcp, dhcp6};

use crate::{Feature, Learned, Probe, Protocol, Transport};

/// The ports of servers and clients.
const V4_PORTS: [u16; 2] = [dhcp::SERVER, dhcp::CLIENT];
const V6_PORTS: [u16; 2] = [dhcp6::SERVER, dhcp6::CLIENT];

/// The Dynamic Host Configuration Protocol, for IPv4 and IPv6.
pub static PROTOCOL: Protocol = Protocol {
    index: 8,
    name: "dhcp",
    title: "DHCP",
    responder_role: "DHCP server",
    requester_role: None,
    transports: &[Transport::Udp],
    is_opaque: false,
    sessions: &[],
    ports: &[dhcp::SERVER, dhcp::CLIENT, dhcp6::SERVER, dhcp6::CLIENT],
    kinds: &KINDS,
    anomalies: &["not-dhcp"],
    features: &[
        Feature { name: "vendor_class", learned: Learned::Set },
        Feature { name: "parameters", learned: Learned::Set },
        Feature { name: "router", learned: Learned::Set },
        Feature { name: "name_server", learned: Learned::Set },
        Feature { name: "time_server", learned: Learned::Set },
        Feature { name: "boot", learned: Learned::Set },
    ],
    target: None,
    probe: |evidence| {
        let bytes = *evidence.first.of(&evidence.bytes);
        match dissector::asks(bytes, evidence.flow) {
            Some(true) => Probe::Yes(Some(evidence.first)),
            Some(false) => Probe::Yes(Some(evidence.first.other())),
            None => Probe::No,
        }
    },
    dissector: |flow| Box::new(dissector::Dhcp::new(flow)),
};

/// The kinds of messages: what RFC 2132 section 9.6 numbers from 1 on, what is none of those, and what RFC 8415 section 7.3
/// numbers from 1 on.
static KINDS: [&str; 23] = [
    "discover",
    "offer",
    "request",
    "decline",
    "ack",
    "nak",
    "release",
    "inform",
    "other",
    "bootp",
    "v6-solicit",
    "v6-advertise",
    "v6-request",
    "v6-confirm",
    "v6-renew",
    "v6-rebind",
    "v6-reply",
    "v6-release",
    "v6-decline",
    "v6-reconfigure",
    "v6-information-request",
    "v6-relay-forward",
    "v6-relay-reply",
];

/// Kind: an acknowledgement.
const ACK: usize = 4;
/// Kind: a message of a type that few use (RFC 3203, RFC 4388).
const OTHER: usize = 8;
/// Kind: a message without a type: of BOOTP (RFC 951).
const BOOTP: usize = 9;
/// Kind: the first of DHCP for IPv6.
const V6_SOLICIT: usize = 10;

/// Anomaly: a datagram of a DHCP flow that is no message of it.
const NOT_DHCP: usize = 0;
