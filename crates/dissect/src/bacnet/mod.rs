#![doc = include_str!("README.md")]

mod dissector;
mod names;
mod service;
mod tags;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Feature, Learned, Probe, Protocol, Transport};

/// The port that IANA gave to BACnet, and those that installations with several networks use besides (annex J.1.2).
const PORTS: [u16; 16] = [
    0xbac0, 0xbac1, 0xbac2, 0xbac3, 0xbac4, 0xbac5, 0xbac6, 0xbac7, 0xbac8, 0xbac9, 0xbaca, 0xbacb, 0xbacc, 0xbacd,
    0xbace, 0xbacf,
];

/// BACnet/IP: heating, ventilation, doors and alarms of a building.
pub static PROTOCOL: Protocol = Protocol {
    index: 23,
    name: "bacnet",
    title: "BACnet",
    responder_role: "BACnet device",
    requester_role: None,
    transports: &[Transport::Udp],
    is_opaque: false,
    sessions: &[],
    ports: &PORTS,
    kinds: &KINDS,
    anomalies: &["not-bacnet", "wrong-length", "bad-service"],
    features: &[
        Feature { name: "service", learned: Learned::Set },
        Feature { name: "object_type", learned: Learned::Set },
        Feature { name: "property", learned: Learned::Set },
        Feature { name: "state", learned: Learned::Set },
        Feature { name: "priority", learned: Learned::Set },
        Feature { name: "negative", learned: Learned::Set },
        Feature { name: "instance", learned: Learned::Position },
        Feature { name: "value", learned: Learned::Range },
    ],
    target: None,
    probe: |evidence| {
        let bytes = *evidence.first.of(&evidence.bytes);
        let usual = evidence.flow.ports.iter().any(|port| PORTS.contains(port));
        match dissector::asks(bytes, usual) {
            Some(true) => Probe::Yes(Some(evidence.first)),
            Some(false) => Probe::Yes(Some(evidence.first.other())),
            None => Probe::No,
        }
    },
    dissector: |_| Box::<dissector::Bacnet>::default(),
};

/// The kinds of messages: services by name, answers by their type of APDU, and what is below them.
static KINDS: [&str; 34] = [
    "who-is",
    "i-am",
    "who-has",
    "i-have",
    "read-property",
    "read-property-multiple",
    "read-range",
    "write-property",
    "write-property-multiple",
    "subscribe-cov",
    "cov-notification",
    "confirmed-cov-notification",
    "event-notification",
    "confirmed-event-notification",
    "reinitialize-device",
    "device-communication-control",
    "time-synchronization",
    "utc-time-synchronization",
    "atomic-read-file",
    "atomic-write-file",
    "private-transfer",
    "other-confirmed",
    "other-unconfirmed",
    "simple-ack",
    "complex-ack",
    "segment-ack",
    "error",
    "reject",
    "abort",
    "network-message",
    "bvlc-result",
    "foreign-device",
    "broadcast-table",
    "secure",
];

/// A kind of message: its place in [`KINDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    WhoIs,
    IAm,
    WhoHas,
    IHave,
    ReadProperty,
    ReadPropertyMultiple,
    ReadRange,
    WriteProperty,
    WritePropertyMultiple,
    SubscribeCov,
    CovNotification,
    ConfirmedCovNotification,
    EventNotification,
    ConfirmedEventNotification,
    ReinitializeDevice,
    DeviceCommunicationControl,
    TimeSynchronization,
    UtcTimeSynchronization,
    AtomicReadFile,
    AtomicWriteFile,
    PrivateTransfer,
    OtherConfirmed,
    OtherUnconfirmed,
    SimpleAck,
    ComplexAck,
    SegmentAck,
    Error,
    Reject,
    Abort,
    NetworkMessage,
    BvlcResult,
    ForeignDevice,
    BroadcastTable,
    Secure,
}

impl Kind {
    /// Of a confirmed service (clause 21, BACnetConfirmedServiceChoice).
    const fn confirmed(service: u8) -> Self {
        match service {
            1 => Self::ConfirmedCovNotification,
            2 => Self::ConfirmedEventNotification,
            5 | 28 => Self::SubscribeCov,
            6 => Self::AtomicReadFile,
            7 => Self::AtomicWriteFile,
            12 => Self::ReadProperty,
            14 => Self::ReadPropertyMultiple,
            15 => Self::WriteProperty,
            16 => Self::WritePropertyMultiple,
            17 => Self::DeviceCommunicationControl,
            18 => Self::PrivateTransfer,
            20 => Self::ReinitializeDevice,
            26 => Self::ReadRange,
            _ => Self::OtherConfirmed,
        }
    }

    /// Of an unconfirmed service (clause 21, BACnetUnconfirmedServiceChoice).
    const fn unconfirmed(service: u8) -> Self {
        match service {
            0 => Self::IAm,
            1 => Self::IHave,
            2 => Self::CovNotification,
            3 => Self::EventNotification,
            4 => Self::PrivateTransfer,
            6 => Self::TimeSynchronization,
            7 => Self::WhoHas,
            8 => Self::WhoIs,
            9 => Self::UtcTimeSynchronization,
            _ => Self::OtherUnconfirmed,
        }
    }
}

/// Anomaly: a datagram of a BACnet flow that is no message of it.
const NOT_BACNET: usize = 0;
/// Anomaly: a message whose head gives another length than its datagram has.
const WRONG_LENGTH: usize = 1;
/// Anomaly: a service whose parameters have not the standard's form.
const BAD_SERVICE: usize = 2;
