#![doc = include_str!("README.md")]

mod dissector;
#[cfg(test)]
mod tests;

use crate::dns::wire::{End, Message};
use crate::dns::{Carried, stream};
use crate::{Feature, Learned, Probe, Protocol, Transport};

/// The port of LLMNR (RFC 4795 section 2).
pub(crate) const PORT: u16 = 5355;

/// Link-Local Multicast Name Resolution.
pub static PROTOCOL: Protocol = Protocol {
    index: 19,
    name: "llmnr",
    title: "LLMNR",
    responder_role: "LLMNR responder",
    requester_role: None,
    transports: &[Transport::Udp, Transport::Tcp],
    is_opaque: false,
    sessions: &[],
    ports: &[PORT],
    kinds: &["query", "response"],
    anomalies: &["not-llmnr", "malformed"],
    features: &[Feature { name: "type", learned: Learned::Set }, Feature { name: "code", learned: Learned::Set }],
    target: None,
    probe: |evidence| {
        if !evidence.flow.ports.contains(&PORT) {
            return Probe::No;
        }
        if evidence.flow.transport == Transport::Tcp {
            return stream(evidence, true);
        }
        let bytes = *evidence.first.of(&evidence.bytes);
        match Message::read(bytes) {
            Ok(message) if is_llmnr(&message) => {
                Probe::Yes(Some(if message.is_response() { evidence.first.other() } else { evidence.first }))
            }
            _ => Probe::No,
        }
    },
    dissector: |flow| Box::new(Carried::new(flow, dissector::Llmnr::default())),
};

/// Kind: a question.
const QUERY: usize = 0;
/// Kind: an answer.
const RESPONSE: usize = 1;

/// Anomaly: records that cannot be read.
const MALFORMED: usize = 1;

/// Bits that must be zero (RFC 4795 section 2.1.1).
const ZERO: u16 = 0x00f0;

fn is_llmnr(message: &Message<'_>) -> bool {
    let [questions, answers, authorities, _] = message.counts;
    // RFC 4795 section 2.1.1: one question; a query has neither answers nor authority records.
    let is_sane = message.opcode() == 0 && !message.has(ZERO) && questions == 1;
    is_sane && (message.is_response() || answers == 0 && authorities == 0) && message.ending().0 != End::Malformed
}
