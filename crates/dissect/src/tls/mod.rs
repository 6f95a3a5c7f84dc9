#![doc = include_str!("README.md")]

mod certificate;
mod dissector;
mod offer;
mod shown;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use offer::Offer;
pub(crate) use shown::Shown;
use wardtap_net::stream::Side;

use crate::{Feature, Learned, Probe, Protocol, Transport};

/// Ports on which services speak nothing else (IANA): HTTPS, SMTPS, LDAPS, mbap-s, DoT, FTPS, IMAPS, POP3S, dicom-tls, AMQPS,
/// WinRM, syslog-tls, MQTT; 8443 is not assigned to it and usual all the same.
const PORTS: [u16; 15] = [443, 465, 636, 802, 853, 989, 990, 993, 995, 2762, 5671, 5986, 6514, 8443, 8883];

/// Transport Layer Security.
pub static PROTOCOL: Protocol = Protocol {
    index: 6,
    name: "tls",
    title: "TLS",
    responder_role: "TLS server",
    requester_role: None,
    transports: &[Transport::Tcp],
    is_opaque: true,
    sessions: &[],
    ports: &PORTS,
    kinds: &["client-hello", "server-hello", "certificate", "alert"],
    anomalies: &["not-a-record", "not-a-handshake", "unreadable-hello", "unreadable-certificate"],
    features: &[
        Feature { name: "version", learned: Learned::Set },
        Feature { name: "ciphers", learned: Learned::Set },
        Feature { name: "cipher", learned: Learned::Set },
        Feature { name: "certificate", learned: Learned::Identity },
        Feature { name: "authority", learned: Learned::Identity },
    ],
    target: None,
    probe: |evidence| {
        let hellos = Side::BOTH.map(|side| wire::begins_hello(side.of::<&[u8]>(&evidence.bytes), side));
        let server = evidence.flow.side_with_port(&PORTS);
        match (hellos, wire::begins_data(evidence.bytes, server.is_some())) {
            ([Probe::Yes(client), _] | [_, Probe::Yes(client)], _) => Probe::Yes(client),
            (_, Probe::Yes(_)) => Probe::Yes(server.map(Side::other)),
            (hellos, data) if hellos.contains(&Probe::Unsure) || data == Probe::Unsure => Probe::Unsure,
            _ => Probe::No,
        }
    },
    dissector: |flow| Box::new(dissector::Tls::new(flow)),
};

/// Kind: what a client offers.
const CLIENT_HELLO: usize = 0;
/// Kind: what a server chooses.
const SERVER_HELLO: usize = 1;
/// Kind: whose certificate an end has.
const CERTIFICATE: usize = 2;
/// Kind: an end complains, or says goodbye.
const ALERT: usize = 3;

/// Anomaly: something else where a record is to begin.
const NOT_A_RECORD: usize = 0;
/// Anomaly: something else where a handshake message is to begin.
const NOT_A_HANDSHAKE: usize = 1;
/// Anomaly: a hello message that is too long, or does not add up.
const UNREADABLE_HELLO: usize = 2;
/// Anomaly: a certificate that is too long, or none.
const UNREADABLE_CERTIFICATE: usize = 3;
