#![doc = include_str!("README.md")]

mod body;
mod dissector;
mod fhir;
mod head;
mod lost;
#[cfg(test)]
mod tests;
mod vocabulary;

use wardtap_net::stream::Side;

use crate::{Feature, Learned, Probe, Protocol, Transport};

/// Ports on which it is usual: those that IANA gave to it, and those of proxies and small servers.
const PORTS: [u16; 10] = [80, 591, 3128, 8000, 8008, 8042, 8080, 8081, 8088, 8888];

/// The Hypertext Transfer Protocol, version 1.
pub static PROTOCOL: Protocol = Protocol {
    index: 7,
    name: "http",
    title: "HTTP",
    responder_role: "web server",
    requester_role: None,
    transports: &[Transport::Tcp],
    is_opaque: true,
    sessions: &[],
    ports: &PORTS,
    kinds: &[
        "get",
        "head",
        "post",
        "put",
        "delete",
        "options",
        "patch",
        "connect",
        "trace",
        "other-method",
        "response",
        "http2-preface",
    ],
    anomalies: &[
        "not-a-message",
        "head-too-long",
        "unreadable-head",
        "bad-chunk",
        "ambiguous-length",
        "too-many-pending",
    ],
    features: &[
        Feature { name: "agent", learned: Learned::Set },
        Feature { name: "server", learned: Learned::Identity },
        Feature { name: "resource", learned: Learned::Set },
        Feature { name: "auth", learned: Learned::Set },
        Feature { name: "status", learned: Learned::Set },
        Feature { name: "media", learned: Learned::Set },
        Feature { name: "program", learned: Learned::Set },
    ],
    target: None,
    probe: |evidence| {
        let [one, other] = Side::BOTH.map(|side| head::begins(side.of::<&[u8]>(&evidence.bytes), side));
        match (one, other) {
            (Probe::Yes(client), _) | (_, Probe::Yes(client)) => Probe::Yes(client),
            (Probe::Unsure, _) | (_, Probe::Unsure) => Probe::Unsure,
            _ => Probe::No,
        }
    },
    dissector: |flow| Box::new(dissector::Http::new(flow)),
};

/// Kinds of requests that send something.
const POST: usize = 2;
const PUT: usize = 3;
const PATCH: usize = 6;
/// Kind: a method that is none of those with a kind of their own.
const OTHER_METHOD: usize = 9;
/// Kind: a response.
const RESPONSE: usize = 10;
/// Kind: HTTP/2 begins.
const PREFACE: usize = 11;

/// Anomaly: something else where a message is to begin.
const NOT_A_MESSAGE: usize = 0;
/// Anomaly: a head that is longer than what is gathered.
const HEAD_TOO_LONG: usize = 1;
/// Anomaly: a head that does not keep the rules.
const UNREADABLE_HEAD: usize = 2;
/// Anomaly: a chunk without a length, or of another one.
const BAD_CHUNK: usize = 3;
/// Anomaly: more than one length, or one and chunks.
const AMBIGUOUS_LENGTH: usize = 4;
/// Anomaly: a request is given up that waits for its answer.
const TOO_MANY_PENDING: usize = 5;
