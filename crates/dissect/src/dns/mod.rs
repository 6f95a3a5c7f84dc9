#![doc = include_str!("README.md")]

mod carried;
mod dissector;
mod framed;
pub(crate) mod names;
#[cfg(test)]
mod tests;
mod waiting;
pub(crate) mod wire;

pub(crate) use carried::{Carried, Talk};
use framed::Framed;
pub(crate) use framed::Part;
pub(crate) use waiting::Waiting;

use wire::{Begins, Message, Name};

use crate::{Evidence, Feature, Learned, Probe, Protocol, Transport};

/// The port that IANA gave to DNS.
const PORT: u16 = 53;

/// Ports of protocols with messages of the same form: NetBIOS, mDNS and LLMNR.
const PORTS_OF_OTHERS: [u16; 3] = [crate::nbns::PORT, crate::mdns::PORT, crate::llmnr::PORT];

/// The Domain Name System.
pub static PROTOCOL: Protocol = Protocol {
    index: 5,
    name: "dns",
    title: "DNS",
    responder_role: "name server",
    requester_role: None,
    transports: &[Transport::Udp, Transport::Tcp],
    is_opaque: false,
    sessions: &[],
    ports: &[PORT],
    kinds: &["query", "response", "notify", "update", "other-opcode"],
    anomalies: &["not-dns", "malformed", "octets-behind"],
    features: &[
        Feature { name: "type", learned: Learned::Set },
        Feature { name: "class", learned: Learned::Set },
        Feature { name: "code", learned: Learned::Set },
        Feature { name: "name_length", learned: Learned::Quantity },
        Feature { name: "answer_bytes", learned: Learned::Quantity },
    ],
    target: None,
    probe,
    dissector: |flow| Box::new(Carried::new(flow, dissector::Dns::default())),
};

/// Kinds, by opcode; an answer to a plain question is one of its own.
const QUERY: usize = 0;
const RESPONSE: usize = 1;
const NOTIFY: usize = 2;
const UPDATE: usize = 3;
const OTHER_OPCODE: usize = 4;

/// Anomaly: records that cannot be read.
const MALFORMED: usize = 1;
/// Anomaly: more octets than the records have.
const OCTETS_BEHIND: usize = 2;

fn probe(evidence: &Evidence<'_>) -> Probe {
    let is_usual = evidence.flow.uses_port(&[PORT]);
    if !is_usual && evidence.flow.uses_port(&PORTS_OF_OTHERS) {
        return Probe::No;
    }
    match evidence.flow.transport {
        Transport::Udp => {
            let bytes = *evidence.first.of(&evidence.bytes);
            let Ok(message) = Message::read(bytes) else { return Probe::No };
            if is_usual && message.is_plausible() || message.is_surely_one() {
                Probe::Yes(Some(if message.is_response() { evidence.first.other() } else { evidence.first }))
            } else {
                Probe::No
            }
        }
        Transport::Tcp => stream(evidence, is_usual),
    }
}

/// Whether one of the ends sends messages with their length before them.
pub(crate) fn stream(evidence: &Evidence<'_>, is_usual: bool) -> Probe {
    let mut is_unsure = false;
    for side in wardtap_net::stream::Side::BOTH {
        let bytes = *side.of(&evidence.bytes);
        if bytes.is_empty() {
            continue;
        }
        match wire::begins(bytes, is_usual) {
            Begins::Yes(is_response) => return Probe::Yes(Some(if is_response { side.other() } else { side })),
            Begins::Maybe => is_unsure = true,
            Begins::No => {}
        }
    }
    if is_unsure { Probe::Unsure } else { Probe::No }
}

/// The name under which browsers look for their proxy: whoever answers to it gets what they send.
pub(crate) fn is_of_proxies(message: &Message<'_>, name: Name) -> bool {
    message.labels(name).next().is_some_and(|label| label.eq_ignore_ascii_case(b"wpad"))
}
