//! Which techniques of MITRE ATT&CK a departure from the baseline may stand for, the likeliest first, at most
//! [`TECHNIQUES_MAX`]: from what a message does, what a service is for, whether it is offered, and who is outside.

use wardtap_dissect::PROTOCOLS;
use wardtap_net::peel::protocol;

#[cfg(doc)]
use crate::attack::TECHNIQUES_MAX;
use crate::attack::{Technique, technique};
use crate::baseline::measure::Measure;
use crate::baseline::novelty::circumstances;
use crate::links::{Service, is_answer, is_opaque, kind_of, protocol_of, value_of};
use crate::parties::{Party, PartyLink};
use crate::scoring::What;

static READS: [Technique; 4] = [technique("T0861"), technique("T0801"), technique("T0888"), technique("T0846")];
static MANY_READS: [Technique; 3] = [technique("T0814"), technique("T0802"), technique("T0861")];
static WRITES: [Technique; 3] = [technique("T0855"), technique("T0836"), technique("T0831")];
static MANY_WRITES: [Technique; 4] = [technique("T0806"), technique("T0855"), technique("T0831"), technique("T0814")];
static PROGRAMS: [Technique; 3] = [technique("T0843"), technique("T0889"), technique("T0855")];
static OTHER_IDENTITY: [Technique; 4] =
    [technique("T0889"), technique("T0849"), technique("T0856"), technique("T0830")];
/// A value that a controller reports is off: the report is false, or somebody has moved what it reports.
static REPORTS: [Technique; 4] = [technique("T0856"), technique("T0832"), technique("T0830"), technique("T0831")];
static RECORDS: [Technique; 4] = [technique("T0856"), technique("T0855"), technique("T0832"), technique("T1565.002")];
/// What no standard knows, in a record: it may carry anything.
static OWN_SEGMENTS: [Technique; 4] = [technique("T0856"), technique("T1048"), technique("T0882"), technique("T1132")];
static MANY_RECORDS: [Technique; 4] =
    [technique("T0855"), technique("T0856"), technique("T0814"), technique("T1565.001")];
static QUERIES: [Technique; 4] = [technique("T0811"), technique("T0802"), technique("T1213"), technique("T1119")];
static MANY_QUERIES: [Technique; 4] = [technique("T0811"), technique("T0802"), technique("T1119"), technique("T0814")];
static OBJECTS: [Technique; 4] = [technique("T0856"), technique("T0832"), technique("T1565.001"), technique("T0867")];
static MANY_OBJECTS: [Technique; 4] =
    [technique("T0811"), technique("T0814"), technique("T0856"), technique("T1565.001")];
static LARGE: [Technique; 4] = [technique("T0867"), technique("T1027"), technique("T1074"), technique("T0882")];
static TESTS: [Technique; 3] = [technique("T0846"), technique("T0888"), technique("T1046")];
static NAMES_ITSELF: [Technique; 4] = [technique("T0859"), technique("T0849"), technique("T0811"), technique("T0846")];
static MANY_ASSOCIATIONS: [Technique; 4] =
    [technique("T0811"), technique("T0814"), technique("T0802"), technique("T1499")];
static FLOOD: [Technique; 3] = [technique("T0814"), technique("T1499"), technique("T0846")];
static REFUSES: [Technique; 3] = [technique("T0814"), technique("T0826"), technique("T0815")];
static DOWNGRADES: [Technique; 3] = [technique("T0830"), technique("T1557"), technique("T1562.010")];
static OTHER_CLIENT: [Technique; 4] = [technique("T1036"), technique("T0859"), technique("T1557"), technique("T0869")];
static LEASES: [Technique; 2] = [technique("T0830"), technique("T1557.003")];
static MANY_LEASES: [Technique; 3] = [technique("T0814"), technique("T1557.003"), technique("T0830")];

static FILES: [Technique; 4] = [technique("T1039"), technique("T1083"), technique("T1021.002"), technique("T0811")];
static MANY_FILES: [Technique; 4] = [technique("T1039"), technique("T1119"), technique("T1083"), technique("T0814")];
static CHANGED_FILES: [Technique; 4] = [technique("T1486"), technique("T1485"), technique("T1570"), technique("T1080")];
static PASSWORDS: [Technique; 4] = [technique("T1110"), technique("T0859"), technique("T0812"), technique("T1078")];
static SOFTWARE: [Technique; 4] = [technique("T1036"), technique("T0859"), technique("T0849"), technique("T1557")];
static POISONS: [Technique; 3] = [technique("T1557.001"), technique("T1557"), technique("T0830")];
static SEARCHES: [Technique; 3] = [technique("T0846"), technique("T0888"), technique("T1046")];
static RESTARTED: [Technique; 3] = [technique("T0816"), technique("T0814"), technique("T0855")];

static CONTROL_FROM_OUTSIDE: [Technique; 4] =
    [technique("T0869"), technique("T1071"), technique("T1573"), technique("T1041")];
static TO_OUTSIDE: [Technique; 4] = [technique("T1041"), technique("T1071"), technique("T0869"), technique("T0882")];
static MUCH_TO_OUTSIDE: [Technique; 4] =
    [technique("T1041"), technique("T1048"), technique("T0882"), technique("T0869")];
static FROM_OUTSIDE: [Technique; 4] = [technique("T0883"), technique("T1133"), technique("T0822"), technique("T0886")];
static NAMES: [Technique; 3] = [technique("T1071.004"), technique("T1572"), technique("T1048")];
static FALSE_NAMES: [Technique; 3] = [technique("T0830"), technique("T1557"), technique("T1071.004")];

static MASTERS: [Technique; 4] = [technique("T0848"), technique("T0855"), technique("T0846"), technique("T0886")];
static ARCHIVE: [Technique; 4] = [technique("T0811"), technique("T0856"), technique("T0859"), technique("T0846")];
static RECORD_SYSTEM: [Technique; 4] = [technique("T0856"), technique("T0855"), technique("T0811"), technique("T0832")];
static LOGINS: [Technique; 4] = [technique("T0886"), technique("T0859"), technique("T1110"), technique("T0867")];
static MANY_LOGINS: [Technique; 4] = [technique("T1110"), technique("T0886"), technique("T0859"), technique("T0814")];
static OFFERED: [Technique; 4] = [technique("T0886"), technique("T0846"), technique("T0811"), technique("T0859")];
static NOT_OFFERED: [Technique; 4] = [technique("T0846"), technique("T0886"), technique("T0882"), technique("T0830")];
static DIRECTORY: [Technique; 4] = [technique("T1087"), technique("T1069"), technique("T1018"), technique("T1078")];
static TICKETS: [Technique; 4] = [technique("T1558"), technique("T1110"), technique("T1078"), technique("T1087")];
static DATABASE: [Technique; 4] = [technique("T0811"), technique("T1213"), technique("T1078"), technique("T1046")];
static MAIL: [Technique; 4] = [technique("T1114"), technique("T1048"), technique("T1071"), technique("T1078")];
static PRINTER: [Technique; 4] = [technique("T1491"), technique("T0846"), technique("T0886"), technique("T0814")];
/// Where processes are started, and machines switched on and off, from afar.
static MANAGED: [Technique; 4] = [technique("T1047"), technique("T0886"), technique("T1529"), technique("T0859")];
static COPIES: [Technique; 4] = [technique("T0811"), technique("T0882"), technique("T1020.001"), technique("T0846")];
static OTHER_WAY: [Technique; 4] = [technique("T0830"), technique("T1557"), technique("T1562.010"), technique("T0886")];
/// Who only ever answered asks.
static TURNED_ROUND: [Technique; 4] = [technique("T0855"), technique("T0886"), technique("T0831"), technique("T0830")];
static MUCH: [Technique; 4] = [technique("T0811"), technique("T0882"), technique("T1119"), technique("T0814")];
/// Data are gathered there, or much of what is kept there has changed, as a backup shows of files that are encrypted.
static MUCH_SENT: [Technique; 4] = [technique("T1074"), technique("T1486"), technique("T1565.001"), technique("T0814")];

static IN_ITS_PLACE: [Technique; 3] = [technique("T0864"), technique("T1200"), technique("T0849")];
static RESTARTS: [Technique; 4] = [technique("T0816"), technique("T0814"), technique("T0826"), technique("T0815")];
static HELD_UP: [Technique; 4] = [technique("T0815"), technique("T0814"), technique("T0804"), technique("T0829")];
static REPLAYED: [Technique; 4] = [technique("T0856"), technique("T0832"), technique("T1565.002"), technique("T0830")];
static GONE: [Technique; 4] = [technique("T0826"), technique("T0829"), technique("T0814"), technique("T0816")];

/// What a departure may stand for; None where its detection says of itself all that can be said.
#[must_use]
pub fn of_departure(what: &What<'_>, link: &PartyLink) -> Option<&'static [Technique]> {
    let outside = link.responder == Party::OUTSIDE;
    match what {
        What::Link { circumstances, .. } => Some(of_link(link, *circumstances)),
        What::Operation { name, .. } if outside && (is_opaque(name) || Does::of(name).is_session()) => {
            Some(&CONTROL_FROM_OUTSIDE)
        }
        // Nobody else sends it there: what is sent is a copy.
        What::Foreign { name, offered: false, .. } if matches!(Does::of(name), Does::Record | Does::Object) => {
            Some(&COPIES)
        }
        What::Operation { name, known, .. } if has_own(name) && !known.iter().any(|known| has_own(known)) => {
            Some(&OWN_SEGMENTS)
        }
        What::FirstWord { .. } => Some(if outside { &CONTROL_FROM_OUTSIDE } else { &WRITES }),
        What::Operation { name, .. } | What::Foreign { name, .. } => Does::of(name).anew(),
        What::Beyond { measure: Measure::Value, operation, .. } => {
            Some(Does::of(operation.unwrap_or_default())).filter(|does| *does != Does::Write).and_then(Does::anew)
        }
        What::Beyond {
            measure:
                Measure::MinuteMessages
                | Measure::HourMessages
                | Measure::HourPayloads
                | Measure::HourOfDay
                | Measure::DayMessages
                | Measure::HourPartners,
            operation,
            ..
        } => Does::of(operation.unwrap_or_default()).often(),
        What::Beyond { measure: Measure::HourReconnected, .. } => Some(&RESTARTS),
        What::Beyond { measure: Measure::HourUnasked, .. } => {
            Some(if outside { &CONTROL_FROM_OUTSIDE } else { &WRITES })
        }
        What::Beyond { measure: Measure::HourNames, .. } => Some(&PASSWORDS),
        What::Beyond { measure: Measure::HourLate, .. } => Some(&HELD_UP),
        What::Beyond { measure: Measure::HourRepeated, .. } => Some(&REPLAYED),
        What::Beyond { measure: Measure::MinuteOpened | Measure::HourOpened, .. } => {
            Some(of_conversations(link.service, outside))
        }
        What::Beyond { measure: Measure::MinuteBytes | Measure::HourBytes | Measure::DayBytes, is_sent, .. } => {
            Some(of_octets(link.service, outside, *is_sent))
        }
        What::Beyond { measure: Measure::MessageBytes, .. } => Some(if outside { &MUCH_TO_OUTSIDE } else { &LARGE }),
        What::Point { measure: Measure::Reading, operation, .. } if Does::of(operation) != Does::Write => {
            Some(&REPORTS)
        }
        What::Silence { measure: Measure::DevicePause | Measure::Vanished, .. } => Some(&GONE),
        What::Hour { operation: Some(name), .. } | What::HourOfMany { operation: name, .. } => Does::of(name).anew(),
        What::StandIn => Some(&IN_ITS_PLACE),
        _ => None,
    }
}

/// Whether a controller is told to start anew, to be silent, or to forget what it counted: sub-functions 1, 4 and 10 of function
/// 8 (Modbus Application Protocol 1.1b3 section 6.8.1).
pub(super) fn is_restart(name: &str) -> bool {
    kind_of(name) == "modbus diagnostics" && ["1", "4", "10"].iter().any(|of| value_of(name, "subfunction") == Some(of))
}

/// Whether a name server is asked for all names of a zone (RFC 5936, RFC 1995).
pub(super) fn is_zone_transfer(name: &str) -> bool {
    protocol_of(name) == "dns" && matches!(value_of(name, "type"), Some("AXFR" | "IXFR"))
}

/// Whether a record has a segment of a site's own (HL7 v2.5.1 clause 2.11).
fn has_own(name: &str) -> bool {
    protocol_of(name) == "hl7" && value_of(name, "own_segments").is_some()
}

/// What a message does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// Asks for, or reports, values.
    Read,
    /// Answers a known question in a way that it never was.
    Report,
    Write,
    /// Reads or writes programs and files of a controller.
    Program,
    /// Says what a device or its program is.
    Identify,
    /// Carries what is recorded of patients, or orders for them.
    Record,
    /// Asks for what is recorded.
    Query,
    /// Carries images or what goes with them.
    Object,
    /// Asks whether somebody is there.
    Test,
    /// Says who asks, before anything is asked, or that nothing more is.
    NameItself,
    /// Refuses, or breaks off.
    Refuse,
    /// Offers ways to be encrypted.
    Offer,
    /// Chooses one of those.
    Choose,
    /// Gives addresses.
    Lease,
    /// Reads or lists files of others.
    File,
    /// Writes, renames or deletes them.
    ChangeFile,
    /// Logs in, or is told whether it may.
    LogIn,
    /// Says which software asks or answers.
    Software,
    /// Asks a name server, or is answered.
    Name,
    /// Answers for names that anybody may answer for.
    Poison,
    /// Looks which devices there are.
    Search,
    /// Has a device start anew, or be silent.
    Restart,
    /// None of these.
    Other,
}

impl Does {
    /// By the name of an operation.
    pub(super) fn of(name: &str) -> Self {
        let Some((protocol, rest)) = name.split_once(' ') else { return Self::Other };
        let kind = rest.split(['\t', ' ']).next().unwrap_or(rest);
        let starts = |begins: &[&str]| begins.iter().any(|begin| kind.starts_with(begin));
        let says = |feature: &str| name.split('\t').any(|part| part.starts_with(feature));
        let refuses = [
            "status=failure",
            "status=refused",
            "exception=",
            "ack_code=AE",
            "ack_code=AR",
            "ack_code=CE",
            "ack_code=CR",
        ];
        match protocol {
            _ if is_answer(name) && refuses.into_iter().any(says) => Self::Refuse,
            "modbus" if starts(&["exception"]) => Self::Refuse,
            "modbus" if kind.ends_with("file-record") => Self::Program,
            "modbus" if is_restart(name) => Self::Restart,
            "modbus" if starts(&["read-write", "write", "mask", "diagnostics"]) => Self::Write,
            "modbus" if says("identity=") => Self::Identify,
            "modbus" if is_answer(name) => Self::Report,
            "modbus" => Self::Read,
            "dicom" if starts(&["c-find", "c-move", "c-get"]) => Self::Query,
            "dicom" if starts(&["associate-rj", "abort"]) => Self::Refuse,
            // A service was asked for that is not there.
            "dicom" if starts(&["associate-ac"]) && says("status=none-accepted") => Self::Test,
            "dicom" if starts(&["associate", "release"]) => Self::NameItself,
            "dicom" if starts(&["c-echo"]) => Self::Test,
            "dicom" => Self::Object,
            "hl7" if starts(&["QRY", "QBP", "RSP", "ADR", "DSR", "ORF", "OSQ", "OSR"]) => Self::Query,
            "hl7" => Self::Record,
            "smb" | "ftp" | "tftp" | "telnet" | "vnc" | "rdp" | "mqtt" | "ssh" | "http" => {
                Self::of_access(name, protocol, kind)
            }
            "snmp" | "bacnet" => Self::of_management(name, kind),
            "dns" if ["code=ServFail", "code=Refused"].into_iter().any(says) => Self::Refuse,
            // Which names addresses have (RFC 1035 section 3.5), and which services there are (RFC 6763 section 4).
            "dns" if says("type=PTR") || is_zone_transfer(name) => Self::Search,
            "dns" => Self::Name,
            "llmnr" | "nbns" | "mdns" if is_answer(name) => Self::Poison,
            "llmnr" | "nbns" | "mdns" | "ssdp" | "wsd" => Self::Search,
            "dhcp" if is_answer(name) => Self::Lease,
            "tls" if kind == "alert" => Self::Refuse,
            "tls" if kind == "server-hello" || kind == "certificate" && is_answer(name) => Self::Choose,
            "quic" if is_answer(name) => Self::Choose,
            "tls" | "quic" => Self::Offer,
            "lease" => Self::Lease,
            _ => Self::Other,
        }
    }

    /// What files, screens and pages of others are reached by.
    fn of_access(name: &str, protocol: &str, kind: &str) -> Self {
        let says = |feature: &str| name.split('\t').any(|part| part.starts_with(feature));
        match (protocol, kind) {
            _ if says("program=yes") => Self::Program,
            ("smb", "session-setup" | "negotiate")
            | ("ftp", "user" | "pass" | "auth")
            | ("vnc" | "rdp" | "mqtt", _) => Self::LogIn,
            ("ftp", "reply") if says("code=530") => Self::LogIn,
            ("telnet", "login-prompt" | "login" | "login-refused") => Self::LogIn,
            ("ssh", _) | ("telnet", _) => Self::Software,
            ("smb", "write" | "set-info") | ("ftp", "stor" | "dele" | "rename") | ("tftp", "write-request") => {
                Self::ChangeFile
            }
            ("smb" | "ftp" | "tftp", _) => Self::File,
            ("http", _) if says("resource=dicomweb:stow") => Self::Object,
            ("http", _) if says("resource=dicomweb:") => Self::Query,
            ("http", "get" | "head") if says("resource=fhir:") => Self::Query,
            ("http", _) if says("resource=fhir:") => Self::Record,
            ("http", "put" | "delete" | "patch") => Self::ChangeFile,
            ("http", _) => Self::Software,
            _ => Self::Other,
        }
    }

    /// What devices are managed by.
    fn of_management(name: &str, kind: &str) -> Self {
        match kind {
            "set" => Self::Write,
            "reinitialize-device" | "device-communication-control" => Self::Restart,
            "atomic-read-file" | "atomic-write-file" => Self::Program,
            "who-is" | "i-am" | "who-has" | "i-have" => Self::Search,
            _ if kind.starts_with("write-") || kind.ends_with("time-synchronization") => Self::Write,
            _ if is_answer(name) => Self::Report,
            _ => Self::Read,
        }
    }

    /// Begins an encrypted session.
    const fn is_session(self) -> bool {
        matches!(self, Self::Offer | Self::Choose)
    }

    /// What it stands for where it never was.
    fn anew(self) -> Option<&'static [Technique]> {
        Some(match self {
            Self::Read => &READS,
            Self::Report => &REPORTS,
            Self::Write => &WRITES,
            Self::Program => &PROGRAMS,
            Self::Identify => &OTHER_IDENTITY,
            Self::Record => &RECORDS,
            Self::Query => &QUERIES,
            Self::Object => &OBJECTS,
            Self::Test => &TESTS,
            Self::NameItself => &NAMES_ITSELF,
            Self::Refuse => &REFUSES,
            Self::Offer => &OTHER_CLIENT,
            Self::Choose => &DOWNGRADES,
            Self::Lease => &LEASES,
            Self::File => &FILES,
            Self::ChangeFile => &CHANGED_FILES,
            Self::LogIn => &PASSWORDS,
            Self::Software => &SOFTWARE,
            Self::Name => &NAMES,
            Self::Poison => &POISONS,
            Self::Search => &SEARCHES,
            Self::Restart => &RESTARTED,
            Self::Other => return None,
        })
    }

    /// What it stands for where there are far more of it than ever.
    fn often(self) -> Option<&'static [Technique]> {
        Some(match self {
            Self::Read | Self::Report | Self::Identify => &MANY_READS,
            Self::Write | Self::Program => &MANY_WRITES,
            Self::Record => &MANY_RECORDS,
            Self::Query => &MANY_QUERIES,
            Self::Object => &MANY_OBJECTS,
            Self::NameItself => &MANY_ASSOCIATIONS,
            Self::Test | Self::Offer | Self::Choose => &FLOOD,
            Self::Refuse => &REFUSES,
            Self::Lease => &MANY_LEASES,
            Self::File => &MANY_FILES,
            Self::ChangeFile => &CHANGED_FILES,
            Self::LogIn => &PASSWORDS,
            Self::Software => &FLOOD,
            Self::Name => &NAMES,
            Self::Poison => &POISONS,
            Self::Search => &SEARCHES,
            Self::Restart => &RESTARTED,
            Self::Other => return None,
        })
    }
}

/// What a service is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Names,
    Control,
    Images,
    Records,
    /// Shells, screens and files of others, behind a password.
    Login,
    /// What is outside, by way of another.
    Proxy,
    /// Who is who on a site.
    Directory,
    /// Whom a site lets in.
    Tickets,
    Database,
    Mail,
    Printer,
    /// Other machines, below their own passwords.
    Management,
    /// Files of others, without one.
    Files,
    Other,
}

/// FTP, SSH, Telnet, NetBIOS, SMB, RDP, VNC and WinRM.
const LOGIN_PORTS: [u16; 9] = [21, 22, 23, 139, 445, 3389, 5900, 5985, 5986];

/// SOCKS (RFC 1928), and where Squid listens.
const PROXY_PORTS: [u16; 2] = [1080, 3128];

/// Ports of the services of a site's own, by the IANA registry, and those at which such programs listen unless they are told
/// otherwise.
static OTHER_PORTS: [(&[u16], Purpose); 7] = [
    // LDAP, and the global catalogue of Active Directory.
    (&[389, 636, 3268, 3269], Purpose::Directory),
    (&[88, 464], Purpose::Tickets),
    // SQL Server, Oracle, MySQL, PostgreSQL, Redis, Elasticsearch, MongoDB, Caché and IRIS.
    (&[1433, 1434, 1521, 1972, 3306, 5432, 6379, 9200, 27017], Purpose::Database),
    (&[25, 465, 587, 110, 143, 993, 995], Purpose::Mail),
    // LPD, IPP, raw.
    (&[515, 631, 9100], Purpose::Printer),
    // The endpoint mappers of DCE and ONC RPC, IPMI, VMware, Docker, Kubernetes.
    (&[111, 135, 593, 623, 902, 2375, 2376, 6443], Purpose::Management),
    // rsync, NFS, iSCSI.
    (&[873, 2049, 3260], Purpose::Files),
];

pub(super) fn purpose(service: Service) -> Purpose {
    const DOMAIN: u16 = 53;
    let listed = |(ports, _): &&(&[u16], Purpose)| ports.contains(&service.port);
    let protocol = PROTOCOLS.iter().find(|protocol| protocol.ports.contains(&service.port));
    match protocol.map(|protocol| protocol.name) {
        Some("modbus") => Purpose::Control,
        Some("dicom") => Purpose::Images,
        Some("hl7") => Purpose::Records,
        _ if service.port == DOMAIN => Purpose::Names,
        _ if LOGIN_PORTS.contains(&service.port) => Purpose::Login,
        _ if PROXY_PORTS.contains(&service.port) => Purpose::Proxy,
        _ => OTHER_PORTS.iter().find(listed).map_or(Purpose::Other, |(_, purpose)| *purpose),
    }
}

/// What it stands for that two talk who never did.
fn of_link(link: &PartyLink, circumstances: u16) -> &'static [Technique] {
    let has = |circumstance: u16| circumstances & circumstance != 0;
    let (offered, acquainted) = (has(circumstances::OFFERED), has(circumstances::ACQUAINTED));
    match purpose(link.service) {
        _ if link.initiator == Party::OUTSIDE => &FROM_OUTSIDE,
        // Servers answer over TCP as well as over UDP (RFC 7766 section 5).
        Purpose::Names
            if link.responder == Party::OUTSIDE || offered || acquainted && link.service.transport == protocol::TCP =>
        {
            &NAMES
        }
        _ if link.responder == Party::OUTSIDE => &TO_OUTSIDE,
        Purpose::Names => &FALSE_NAMES,
        Purpose::Control => &MASTERS,
        Purpose::Login => &LOGINS,
        Purpose::Proxy if offered => &TO_OUTSIDE,
        Purpose::Directory => &DIRECTORY,
        Purpose::Tickets => &TICKETS,
        Purpose::Database => &DATABASE,
        Purpose::Mail => &MAIL,
        Purpose::Printer => &PRINTER,
        Purpose::Management => &MANAGED,
        Purpose::Files => &FILES,
        Purpose::Images if offered => &ARCHIVE,
        Purpose::Records if offered => &RECORD_SYSTEM,
        Purpose::Other if offered => &OFFERED,
        // Nobody else gets it from there: what is sent is a copy.
        Purpose::Images | Purpose::Records => &COPIES,
        Purpose::Other if has(circumstances::ONLY_ANSWERS) => &TURNED_ROUND,
        // What was always done in one way is done in another one.
        Purpose::Proxy | Purpose::Other if acquainted => &OTHER_WAY,
        Purpose::Proxy | Purpose::Other => &NOT_OFFERED,
    }
}

/// What it stands for that far more conversations begin.
fn of_conversations(service: Service, outside: bool) -> &'static [Technique] {
    match purpose(service) {
        Purpose::Names => &NAMES,
        purpose if outside || purpose == Purpose::Proxy => &CONTROL_FROM_OUTSIDE,
        Purpose::Login => &MANY_LOGINS,
        Purpose::Tickets => &PASSWORDS,
        Purpose::Directory => &DIRECTORY,
        Purpose::Printer => &PRINTER,
        Purpose::Images => &MANY_ASSOCIATIONS,
        _ => &FLOOD,
    }
}

/// What it stands for that far more octets are sent.
fn of_octets(service: Service, outside: bool, is_sent: bool) -> &'static [Technique] {
    match purpose(service) {
        Purpose::Names => &NAMES,
        purpose if outside || is_sent && purpose == Purpose::Proxy => &MUCH_TO_OUTSIDE,
        _ if is_sent => &MUCH_SENT,
        _ => &MUCH,
    }
}
