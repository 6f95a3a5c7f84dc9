#![doc = include_str!("README.md")]

mod ber;
mod clues;
mod dissector;
mod names;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use clues::describe;

use crate::{Feature, Learned, Probe, Protocol, Transport};

/// Ports of agents, and of those that take what they report (RFC 3417 section 3.2).
const PORT: u16 = 161;
const TRAP_PORT: u16 = 162;

/// The Simple Network Management Protocol.
pub static PROTOCOL: Protocol = Protocol {
    index: 9,
    name: "snmp",
    title: "SNMP",
    responder_role: "SNMP agent",
    requester_role: Some("SNMP manager"),
    transports: &[Transport::Udp],
    is_opaque: false,
    sessions: &[],
    ports: &[PORT, TRAP_PORT],
    kinds: &["get", "get-next", "response", "set", "trap", "get-bulk", "inform", "report", "encrypted"],
    anomalies: &["not-snmp"],
    features: &[
        Feature { name: "version", learned: Learned::Set },
        Feature { name: "community", learned: Learned::Set },
        Feature { name: "security", learned: Learned::Set },
        Feature { name: "subtree", learned: Learned::Set },
        Feature { name: "trap", learned: Learned::Set },
        Feature { name: "error", learned: Learned::Set },
    ],
    target: None,
    probe: |evidence| {
        let bytes = *evidence.first.of(&evidence.bytes);
        match wire::Snmp::read(bytes) {
            Some(message) => {
                let is_response = dissector::is_response(&message, evidence.flow, evidence.first);
                Probe::Yes(Some(if is_response { evidence.first.other() } else { evidence.first }))
            }
            None => Probe::No,
        }
    },
    dissector: |flow| Box::new(dissector::Dissecting::new(flow)),
};

/// Kinds.
const RESPONSE: usize = 2;
const SET: usize = 3;
const TRAP: usize = 4;
const GET_BULK: usize = 5;
const REPORT: usize = 7;
const ENCRYPTED: usize = 8;

/// Anomaly: a datagram of an SNMP flow that is no message.
const NOT_SNMP: usize = 0;
