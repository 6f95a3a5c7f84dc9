//! Whether a flow is Telnet: negotiations are short, and must come from both ends where no port helps.

use super::PORT;
use super::wire::{IAC, SB, Tail, verb};
use crate::{Evidence, Probe};

/// Negotiations that an end must begin with, on any port.
const BEGINS_WITH: usize = 2;

/// Octets of a server's text in which it must ask for a login, on Telnet's own port.
const GREETING_MAX: usize = 1024;

/// Whether bytes begin with negotiations.
fn begins(bytes: &[u8], most: usize) -> Probe {
    let mut left = most;
    for triple in bytes.chunks(3) {
        if left == 0 {
            break;
        }
        match triple {
            [IAC, SB, _] => return if left < most { Probe::Yes(None) } else { Probe::No },
            [IAC, command, _] if verb(*command).is_some() => left = left.saturating_sub(1),
            [IAC, command] if verb(*command).is_some() || *command == SB => return Probe::Unsure,
            [IAC] => return Probe::Unsure,
            _ => return Probe::No,
        }
    }
    if left == 0 { Probe::Yes(None) } else { Probe::Unsure }
}

pub(super) fn probe(evidence: &Evidence<'_>) -> Probe {
    let Some(server) = evidence.flow.side_with_port(&[PORT]) else { return anywhere(evidence) };
    let both = evidence.bytes.map(|bytes| if bytes.is_empty() { Probe::No } else { begins(bytes, 1) });
    if both.iter().any(|one| matches!(one, Probe::Yes(_))) {
        return Probe::Yes(Some(server.other()));
    }
    let says = *server.of(&evidence.bytes);
    let text = greeting(says);
    match text {
        Probe::Yes(_) => Probe::Yes(Some(server.other())),
        _ if both.contains(&Probe::Unsure) => Probe::Unsure,
        text => text,
    }
}

/// Text that asks for a login.
fn greeting(bytes: &[u8]) -> Probe {
    let mut tail = Tail::default();
    for octet in bytes.iter().take(GREETING_MAX) {
        if !matches!(octet, b' '..=b'~' | b'\r' | b'\n' | b'\t' | 0x1b | 0x07 | 0x08 | 0) {
            return Probe::No;
        }
        tail.push(*octet);
        if *octet == b':' && tail.prompt().is_some() {
            return Probe::Yes(None);
        }
    }
    if bytes.is_empty() || bytes.len() >= GREETING_MAX { Probe::No } else { Probe::Unsure }
}

fn anywhere(evidence: &Evidence<'_>) -> Probe {
    let mut both = [Probe::Unsure; 2];
    for (answer, bytes) in both.iter_mut().zip(evidence.bytes) {
        *answer = begins(bytes, BEGINS_WITH);
    }
    match both {
        [Probe::No, _] | [_, Probe::No] => Probe::No,
        [Probe::Yes(_), Probe::Yes(_)] => Probe::Yes(None),
        _ => Probe::Unsure,
    }
}
