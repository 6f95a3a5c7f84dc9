//! Which techniques of MITRE ATT&CK a message or a service stands for: what is new or too much of it is told with those.

use wardtap_dissect::PROTOCOLS;

use crate::attack::{Technique, technique};
use crate::links::Service;

static READS: [Technique; 4] = [technique("T0801"), technique("T0861"), technique("T0888"), technique("T0846")];
static WRITES: [Technique; 3] = [technique("T0855"), technique("T0836"), technique("T0831")];
static PROGRAMS: [Technique; 3] = [technique("T0843"), technique("T0889"), technique("T0855")];
static RECORDS: [Technique; 4] = [technique("T0856"), technique("T0855"), technique("T0832"), technique("T1565.002")];
static QUERIES: [Technique; 4] = [technique("T0811"), technique("T0802"), technique("T1213"), technique("T1119")];
static OBJECTS: [Technique; 4] = [technique("T0856"), technique("T0832"), technique("T1565.001"), technique("T0867")];
static REFUSALS: [Technique; 2] = [technique("T0814"), technique("T0826")];
static MASTERS: [Technique; 4] = [technique("T0848"), technique("T0855"), technique("T0886"), technique("T0846")];
static NAMES: [Technique; 3] = [technique("T1071.004"), technique("T1572"), technique("T1048")];
static DOWNGRADES: [Technique; 3] = [technique("T0830"), technique("T1557"), technique("T1562.010")];
static SESSIONS: [Technique; 4] = [technique("T0869"), technique("T1071"), technique("T1573"), technique("T1557")];
static LEASES: [Technique; 2] = [technique("T0830"), technique("T1557.003")];
static OUTSIDE: [Technique; 4] = [technique("T1041"), technique("T1071"), technique("T0869"), technique("T0882")];

/// What a kind of message stands for, by the name of its operation; None for one that stands for nothing.
pub fn of_operation(name: &str) -> Option<&'static [Technique]> {
    let (protocol, rest) = name.split_once(' ')?;
    let kind = rest.split(['\t', ' ']).next().unwrap_or(rest);
    let starts = |begins: &[&str]| begins.iter().any(|begin| kind.starts_with(begin));
    Some(match protocol {
        "modbus" if starts(&["exception"]) => &REFUSALS,
        "modbus" if kind.ends_with("file-record") => &PROGRAMS,
        "modbus" if starts(&["read-write", "write", "mask", "diagnostics"]) => &WRITES,
        "modbus" => &READS,
        "dicom" if starts(&["c-find", "c-move", "c-get"]) => &QUERIES,
        "dicom" if starts(&["associate-rj", "abort"]) => &REFUSALS,
        "dicom" => &OBJECTS,
        "hl7" if name.contains("ack_code=AE") || name.contains("ack_code=AR") => &REFUSALS,
        "hl7" if starts(&["QRY", "QBP", "QRF"]) => &QUERIES,
        "hl7" => &RECORDS,
        "tls" if kind == "server-hello" => &DOWNGRADES,
        "tls" => &SESSIONS,
        "lease" => &LEASES,
        _ => return None,
    })
}

/// What a service stands for that somebody begins to use.
pub fn of_service(service: Service, to_outside: bool) -> Option<&'static [Technique]> {
    const DOMAIN: u16 = 53;
    if service.port == DOMAIN {
        return Some(&NAMES);
    }
    let protocol = PROTOCOLS.iter().find(|protocol| protocol.ports.contains(&service.port));
    match protocol.map(|protocol| protocol.name) {
        Some("modbus") => Some(&MASTERS),
        Some("dicom") => Some(&QUERIES),
        Some("hl7") => Some(&RECORDS),
        _ => to_outside.then_some(&OUTSIDE),
    }
}
