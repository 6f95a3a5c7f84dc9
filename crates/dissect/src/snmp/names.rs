//! Errors, traps and subtrees by their names in the standards.

use super::ber::Oid;
use super::wire::{GENERIC_TRAPS, Trap};

/// What has no name here.
const OTHER: &str = "other";

/// The root of what is managed, 1.3.6.1.2.1, and of what private enterprises define, 1.3.6.1.4.1 (RFC 2578 section 4).
const MIB_2: &[u8] = &[0x2b, 6, 1, 2, 1];
const ENTERPRISES: &[u8] = &[0x2b, 6, 1, 4, 1];

/// What SNMP says of itself, 1.3.6.1.6.3, and the counters of its user-based security model, 1.3.6.1.6.3.15.1.1 (RFC 3414
/// section 5).
const SNMP_MODULES: &[u8] = &[0x2b, 6, 1, 6, 3];
const USM_COUNTERS: &[u8] = &[0x2b, 6, 1, 6, 3, 15, 1, 1];

/// Roots of IEEE's standards, 1.0.8802 and 1.3.111: LLDP among them.
const IEEE: [&[u8]; 2] = [&[0x28, 0xc4, 0x62], &[0x2b, 0x6f]];

/// Where a variable is: the branch of MIB-2 by its name, the number of an enterprise, or another place.
pub(super) enum Subtree {
    Word(&'static str),
    Enterprise(u32),
}

impl Subtree {
    pub(super) fn of(oid: Oid<'_>) -> Self {
        if let Some(rest) = oid.below(MIB_2) {
            return Self::Word(rest.arc().map_or("mib-2", branch));
        }
        if let Some(rest) = oid.below(ENTERPRISES) {
            return rest.arc().map_or(Self::Word("enterprises"), Self::Enterprise);
        }
        if oid.below(SNMP_MODULES).is_some() {
            return Self::Word("snmp-modules");
        }
        let is_ieee = IEEE.iter().any(|root| oid.below(root).is_some());
        Self::Word(if is_ieee { "ieee" } else { OTHER })
    }
}

/// The branches of MIB-2 (RFC 1213 section 6 and IANA's registry of SMI numbers) that are asked for.
const fn branch(arc: u32) -> &'static str {
    match arc {
        1 => "system",
        2 => "interfaces",
        3 => "at",
        4 => "ip",
        5 => "icmp",
        6 => "tcp",
        7 => "udp",
        8 => "egp",
        10 => "transmission",
        11 => "snmp",
        14 => "ospf",
        15 => "bgp",
        16 => "rmon",
        17 => "bridge",
        22 => "repeater",
        25 => "host-resources",
        26 => "mau",
        31 => "if-mib",
        33 => "ups",
        37 => "atm",
        43 => "printer",
        47 => "entity",
        48 => "ip-mib",
        55 => "ipv6",
        68 => "vrrp",
        92 => "notification-log",
        99 => "entity-sensor",
        105 => "power-ethernet",
        131 => "entity-state",
        229 => "energy",
        _ => OTHER,
    }
}

/// Error status (RFC 3416 section 3).
pub(super) const fn error(status: i64) -> &'static str {
    match status {
        0 => "noError",
        1 => "tooBig",
        2 => "noSuchName",
        3 => "badValue",
        4 => "readOnly",
        5 => "genErr",
        6 => "noAccess",
        7 => "wrongType",
        8 => "wrongLength",
        9 => "wrongEncoding",
        10 => "wrongValue",
        11 => "noCreation",
        12 => "inconsistentValue",
        13 => "resourceUnavailable",
        14 => "commitFailed",
        15 => "undoFailed",
        16 => "authorizationError",
        17 => "notWritable",
        18 => "inconsistentName",
        _ => OTHER,
    }
}

/// Errors that refuse who asks, not what is asked; where something is written also what there is nothing to write for: who
/// may not see a variable is told that it is not there.
pub(super) const fn is_refusal(status: i64, is_set: bool) -> bool {
    matches!(status, 4 | 6 | 16 | 17) || is_set && matches!(status, 2 | 11)
}

/// What the counter in a report says is wrong (RFC 3414 section 5).
pub(super) fn report(oid: Oid<'_>) -> &'static str {
    let counter = oid.below(USM_COUNTERS).and_then(Oid::arc);
    match counter {
        Some(1) => "unsupportedSecLevels",
        Some(2) => "notInTimeWindows",
        Some(3) => UNKNOWN_USER,
        Some(4) => "unknownEngineIDs",
        Some(5) => WRONG_DIGEST,
        Some(6) => "decryptionErrors",
        _ => OTHER,
    }
}

/// Reports that refuse who asks: no such user, or another password. The others are how an engine is found and its clock.
pub(super) const UNKNOWN_USER: &str = "unknownUserNames";
pub(super) const WRONG_DIGEST: &str = "wrongDigests";

/// Traps that all systems have (RFC 1157 section 4.1.6, RFC 3418).
pub(super) fn trap(trap: Trap<'_>) -> &'static str {
    let number = match trap {
        Trap::Generic(number) => Some(number),
        // snmpTraps number from 1 on.
        Trap::Named(oid) => {
            oid.below(GENERIC_TRAPS).and_then(Oid::arc).and_then(|arc| arc.checked_sub(1)).map(u64::from)
        }
    };
    match number {
        Some(0) => "cold-start",
        Some(1) => "warm-start",
        Some(2) => "link-down",
        Some(3) => "link-up",
        Some(4) => "authentication-failure",
        Some(5) => "egp-neighbor-loss",
        _ => "specific",
    }
}
