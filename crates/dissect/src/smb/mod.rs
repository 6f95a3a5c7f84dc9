#![doc = include_str!("README.md")]

mod dissector;
mod names;
mod ntlm;
#[cfg(test)]
mod tests;
mod wire;

use crate::{Feature, Learned, Protocol, Transport};

/// SMB right over TCP (MS-SMB2 section 2.1), and in a NetBIOS session (RFC 1001 section 16.1).
const PORTS: [u16; 2] = [445, 139];

/// Server Message Block.
pub static PROTOCOL: Protocol = Protocol {
    index: 10,
    name: "smb",
    title: "SMB",
    responder_role: "SMB server",
    requester_role: None,
    transports: &[Transport::Tcp],
    is_opaque: true,
    sessions: &[],
    ports: &PORTS,
    // The commands of SMB 2 and 3 by their numbers (MS-SMB2 section 2.2.1.1), then what is no command.
    kinds: &[
        "negotiate",
        "session-setup",
        "logoff",
        "tree-connect",
        "tree-disconnect",
        "create",
        "close",
        "flush",
        "read",
        "write",
        "lock",
        "ioctl",
        "cancel",
        "echo",
        "query-directory",
        "change-notify",
        "query-info",
        "set-info",
        "oplock-break",
        "encrypted",
        "compressed",
        "smb1",
    ],
    anomalies: &["not-smb", "malformed"],
    features: &[
        Feature { name: "dialect", learned: Learned::Set },
        Feature { name: "signing", learned: Learned::Set },
        Feature { name: "auth", learned: Learned::Set },
        Feature { name: "share", learned: Learned::Set },
        Feature { name: "pipe", learned: Learned::Set },
        Feature { name: "change", learned: Learned::Set },
        Feature { name: "status", learned: Learned::Set },
        Feature { name: "octets", learned: Learned::Quantity },
    ],
    target: None,
    probe: wire::probe,
    dissector: |flow| Box::new(dissector::Smb::new(flow)),
};

/// Kind: encrypted, whatever is inside.
const ENCRYPTED: usize = 19;
/// Kind: compressed, whatever is inside.
const COMPRESSED: usize = 20;
/// Kind: a message of SMB 1.
const SMB1: usize = 21;

/// Anomaly: something else where a message should begin.
const NOT_SMB: usize = 0;
/// Anomaly: a message that does not add up.
const MALFORMED: usize = 1;
