#![doc = include_str!("README.md")]

mod dissector;
mod probe;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Feature, Learned, Protocol, Transport};

/// The port that IANA gave to Telnet.
const PORT: u16 = 23;

/// The Telnet protocol.
pub static PROTOCOL: Protocol = Protocol {
    index: 13,
    name: "telnet",
    title: "Telnet",
    responder_role: "Telnet server",
    requester_role: Some("Telnet client"),
    transports: &[Transport::Tcp],
    is_opaque: true,
    sessions: &[],
    ports: &[PORT],
    kinds: &["negotiation", "subnegotiation", "data", "login-prompt", "login", "login-refused"],
    anomalies: &[],
    features: &[
        Feature { name: "verb", learned: Learned::Set },
        Feature { name: "option", learned: Learned::Set },
        Feature { name: "login", learned: Learned::Set },
    ],
    target: None,
    probe: probe::probe,
    dissector: |flow| Box::new(dissector::Telnet::new(flow)),
};

/// Kind: WILL, WONT, DO or DONT.
const NEGOTIATION: usize = 0;
/// Kind: what belongs to an option that was agreed on.
const SUBNEGOTIATION: usize = 1;
/// Kind: the first octet that is none of the protocol's own.
const DATA: usize = 2;
/// Kind: a server asks for a name or a password.
const PROMPT: usize = 3;
/// Kind: a client sends a line behind a prompt for a password.
const LOGIN: usize = 4;
/// Kind: a server refuses it.
const REFUSED: usize = 5;
