#![doc = include_str!("README.md")]

mod dissector;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Feature, Learned, Protocol, Transport};

/// The port that IANA gave to MQTT.
const PORT: u16 = 1883;

/// The MQTT protocol.
pub static PROTOCOL: Protocol = Protocol {
    index: 14,
    name: "mqtt",
    title: "MQTT",
    responder_role: "MQTT broker",
    requester_role: Some("MQTT client"),
    transports: &[Transport::Tcp],
    is_opaque: true,
    sessions: &["connect", "disconnect"],
    ports: &[PORT],
    // By the types of control packets (MQTT 5.0 section 2.1.2), which begin with 1.
    kinds: &[
        "connect",
        "connack",
        "publish",
        "puback",
        "pubrec",
        "pubrel",
        "pubcomp",
        "subscribe",
        "suback",
        "unsubscribe",
        "unsuback",
        "pingreq",
        "pingresp",
        "disconnect",
        "auth",
    ],
    anomalies: &["malformed"],
    features: &[
        Feature { name: "version", learned: Learned::Set },
        Feature { name: "login", learned: Learned::Set },
        Feature { name: "code", learned: Learned::Set },
        Feature { name: "qos", learned: Learned::Set },
        Feature { name: "filter", learned: Learned::Set },
        Feature { name: "topic_levels", learned: Learned::Set },
        Feature { name: "topic", learned: Learned::Set },
    ],
    target: None,
    probe: wire::probe,
    dissector: |flow| Box::new(dissector::Mqtt::new(flow)),
};

/// Anomaly: what is no control packet; nothing tells where the next one begins.
const MALFORMED: usize = 0;
