//! Whether a flow is FTP: SMTP's servers greet alike, POP3's and IRC's clients begin alike.

use wardtap_net::stream::Side;

use super::PORT;
use super::wire::{Reply, known};
use crate::{Evidence, Probe};

/// What a client of FTP begins with behind a greeting, and one of SMTP never does.
const OPENS: [&[u8]; 13] = [
    b"USER ",
    b"AUTH TLS",
    b"AUTH SSL",
    b"FEAT",
    b"SYST",
    b"OPTS ",
    b"PASV",
    b"EPSV",
    b"PORT ",
    b"TYPE ",
    b"CWD ",
    b"PBSZ ",
    b"HOST ",
];

/// What a server greets with (RFC 959 section 5.4).
const GREETS: [&[u8]; 2] = [b"220 ", b"220-"];

pub(super) fn probe(evidence: &Evidence<'_>) -> Probe {
    let Some(server) = evidence.flow.side_with_port(&[PORT]) else { return anywhere(evidence) };
    let (replies, commands) = (*server.of(&evidence.bytes), *server.other().of(&evidence.bytes));
    on_port(replies, commands, server.other())
}

/// On FTP's own port one end is enough.
fn on_port(server: &[u8], client: &[u8], requester: Side) -> Probe {
    let replies = server.get(..4).is_some_and(|start| Reply::read(start).is_some());
    let start = client.get(..6).unwrap_or(client);
    if replies || known(start).is_some() && (client.len() > 5 || start.contains(&b'\n')) {
        return Probe::Yes(Some(requester));
    }
    let may_reply = !server.is_empty() && server.len() < 4 && server.iter().all(u8::is_ascii_digit);
    let may_command = !client.is_empty() && client.len() < 6 && client.iter().all(|octet| is_of_command(*octet));
    if may_reply || may_command { Probe::Unsure } else { Probe::No }
}

const fn is_of_command(octet: u8) -> bool {
    octet.is_ascii_alphabetic() || octet == b'\r' || octet == b' '
}

/// On any other, a server greets, and then a client says what no client of SMTP does.
fn anywhere(evidence: &Evidence<'_>) -> Probe {
    let mut answer = Probe::No;
    for server in Side::BOTH {
        let (greeting, client) = (*server.of(&evidence.bytes), *server.other().of(&evidence.bytes));
        let greets = one_of(&GREETS, greeting);
        if greets == Probe::No {
            continue;
        }
        match (greets, one_of(&OPENS, client)) {
            (Probe::Yes(_), Probe::Yes(_)) => return Probe::Yes(Some(server.other())),
            (_, Probe::No) => {}
            _ => answer = Probe::Unsure,
        }
    }
    answer
}

/// Whether bytes begin with one of these, or may.
fn one_of(words: &[&[u8]], bytes: &[u8]) -> Probe {
    if words.iter().any(|word| begins(bytes, word)) {
        Probe::Yes(None)
    } else if words.iter().any(|word| word.get(..bytes.len()).is_some_and(|start| begins(bytes, start))) {
        Probe::Unsure
    } else {
        Probe::No
    }
}

fn begins(bytes: &[u8], with: &[u8]) -> bool {
    bytes.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}
