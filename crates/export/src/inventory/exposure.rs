//! What a device exposes: to whom it offers what can be misused, what it says in clear, who reaches it from outside.

use schemars::JsonSchema;
use serde::Serialize;
use wardtap_behaviour::inventory::{Doing, End, Happened, Services};
use wardtap_behaviour::links::Service;
use wardtap_behaviour::observation::Place;
use wardtap_dissect::clues::Clue;

use super::guess::together;
use crate::event::Frame;

/// Something that a device exposes.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Exposure {
    /// What kind of exposure.
    pub kind: Kind,
    /// The service (`tcp/104`).
    #[schemars(regex(pattern = r"^[a-z0-9]+(/[a-z0-9]+)?$"))]
    pub service: String,
    /// What is spoken there, where it is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Peers with whom, as far as they are told apart.
    pub peers: u64,
    /// Messages that show it, where messages do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
    /// The first frame that showed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<Frame>,
}

/// A kind of exposure: the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It offers a service to peers outside of the site.
    ReachedFromOutside,
    /// It uses a service outside of the site.
    TalksToOutside,
    /// It lets in who has no login.
    NoLogin,
    /// It answers to a password with which such devices are delivered.
    DefaultCommunity,
    /// Messages about patients go unencrypted.
    HealthDataInClear,
    /// Whoever reaches it can command it: the protocol knows no users.
    CommandsWithoutLogin,
    /// A password was sent to it that whoever is on the way can read.
    LoginInClear,
    /// It speaks the first version of SMB.
    OutdatedSmb,
    /// What it agrees on with a peer is TLS of a version that is not to be used any more (RFC 8996).
    OutdatedTls,
    /// The certificate that it shows had expired.
    ExpiredCertificate,
    /// It shows the window in which one logs in to whoever connects, or uses the oldest ciphers.
    RdpWithoutNla,
    /// It offers a service of remote access.
    RemoteAccess,
}

impl Kind {
    /// The name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReachedFromOutside => "reached-from-outside",
            Self::TalksToOutside => "talks-to-outside",
            Self::NoLogin => "no-login",
            Self::DefaultCommunity => "default-community",
            Self::HealthDataInClear => "health-data-in-clear",
            Self::CommandsWithoutLogin => "commands-without-login",
            Self::LoginInClear => "login-in-clear",
            Self::OutdatedSmb => "outdated-smb",
            Self::OutdatedTls => "outdated-tls",
            Self::ExpiredCertificate => "expired-certificate",
            Self::RdpWithoutNla => "rdp-without-nla",
            Self::RemoteAccess => "remote-access",
        }
    }

    /// How bad it is, beside others, for those who look for where to begin.
    #[must_use]
    pub(crate) const fn weight(self) -> u32 {
        match self {
            Self::ReachedFromOutside | Self::NoLogin => 5,
            Self::DefaultCommunity | Self::OutdatedSmb => 4,
            Self::LoginInClear | Self::CommandsWithoutLogin | Self::RdpWithoutNla => 3,
            Self::HealthDataInClear | Self::OutdatedTls => 2,
            Self::TalksToOutside | Self::ExpiredCertificate | Self::RemoteAccess => 1,
        }
    }
}

/// Protocols that carry health data, as they are read here: unencrypted.
const HEALTH: [&str; 2] = ["hl7", "dicom"];
/// What names resources of health data in HTTP: DICOMweb (PS3.18), and of FHIR the types that are of one patient. Words that
/// other programs have in their paths, too (`List`, `Location`, `Task`), are not here.
const DICOMWEB: &str = "dicomweb:";
const FHIR: [&str; 16] = [
    "fhir:Patient",
    "fhir:Observation",
    "fhir:DiagnosticReport",
    "fhir:Encounter",
    "fhir:Condition",
    "fhir:Procedure",
    "fhir:ImagingStudy",
    "fhir:AllergyIntolerance",
    "fhir:MedicationRequest",
    "fhir:MedicationAdministration",
    "fhir:MedicationStatement",
    "fhir:MedicationDispense",
    "fhir:Immunization",
    "fhir:ServiceRequest",
    "fhir:DocumentReference",
    "fhir:CarePlan",
];
/// Protocols that know no users.
const WITHOUT_LOGIN: [&str; 1] = ["modbus"];
/// How a BACnet device answers what it does (ASHRAE 135 clause 20.1).
const BACNET_DONE: [&str; 2] = ["bacnet simple-ack", "bacnet complex-ack"];
/// TCP ports at which logins are usual that go unencrypted, of protocols that are not read: rlogin, rsh.
const CLEAR_LOGINS: [u16; 2] = [513, 514];
/// TCP ports of remote access: SSH, Telnet, RDP, VNC, WinRM; and the protocols of it that are read on any port.
const REMOTE_ACCESS: [u16; 7] = [22, 23, 3389, 5900, 5901, 5985, 5986];
const REMOTE_PROTOCOLS: [&str; 4] = ["ssh", "telnet", "rdp", "vnc"];
/// Versions of TLS that are not to be used any more, as a server chooses them (RFC 7568, RFC 8996).
const OUTDATED: [&str; 3] = ["ssl3", "1.0", "1.1"];
/// Dialects of SMB before the second version, as a server chooses them.
const SMB_1: [&str; 2] = ["1.0", "older"];
/// What a broker of MQTT answers to who is let in (MQTT 3.1.1 section 3.2.2.3, MQTT 5.0 section 3.2.2.2).
const LET_IN: &str = "0";
/// What an FTP server replies to who is let in (RFC 959 section 4.2.1).
const LOGGED_IN: &str = "230";

const TCP: u8 = 6;

/// What a device exposes, the worst first.
pub(super) fn of(doing: &Doing, frame: &impl Fn(Place) -> Frame) -> Vec<Exposure> {
    let mut all = Vec::new();
    for (services, offers) in [(&doing.offers, true), (&doing.uses, false)] {
        of_services(services, offers, &mut all);
    }
    let health = |end: End| Some((Kind::HealthDataInClear, "http", health_by_http(doing, end)?));
    // Both ends of BACnet use the same port (ASHRAE 135 annex J): who answers shows which one is asked.
    let bacnet = commands_by_bacnet(doing).map(|happened| (Kind::CommandsWithoutLogin, "bacnet", happened));
    for (services, seen) in [
        (&doing.offers, bacnet.into_iter().collect::<Vec<_>>()),
        (&doing.uses, bacnet.into_iter().collect()),
        (&doing.offers, seen(doing).into_iter().chain(health(End::Responder)).collect()),
        (&doing.uses, health(End::Requester).into_iter().collect()),
    ] {
        for (kind, protocol, happened) in seen {
            // Where a device speaks it at several services, which of them it was is not kept.
            for (service, used) in services.iter().filter(|(_, used)| used.protocols.contains(protocol)) {
                all.push(Exposure {
                    messages: Some(happened.count),
                    frame: Some(frame(happened.first)),
                    ..exposure(kind, *service, Some(protocol), used.inside.len() + used.outside.len())
                });
            }
        }
    }
    all.sort_by(|one, other| {
        (one.kind, &one.service, &one.protocol).cmp(&(other.kind, &other.service, &other.protocol))
    });
    all.dedup_by(|one, other| (one.kind, &one.service, &one.protocol) == (other.kind, &other.service, &other.protocol));
    all
}

/// What messages to and of a device showed: what kind of exposure, of which protocol, and how often.
fn seen(doing: &Doing) -> Vec<(Kind, &'static str, Happened)> {
    let asked =
        |kind, feature, is_it: &dyn Fn(&str) -> bool| said(doing, (End::Responder, false), kind, feature, is_it);
    let told = |kind, feature, is_it: &dyn Fn(&str) -> bool| said(doing, (End::Responder, true), kind, feature, is_it);
    let clue = |of: Clue, values: &[&str]| {
        let says = doing.says.iter().filter(|(clue, text, _)| *clue == of && values.contains(text));
        together(says.map(|(.., happened)| happened))
    };
    let without_nla = |way: &str| matches!(way, "standard" | "tls");
    [
        (Kind::LoginInClear, "ftp", asked("ftp pass", "login", &|login| login == "clear")),
        (Kind::LoginInClear, "telnet", asked("telnet login", "login", &|login| login == "clear")),
        (Kind::LoginInClear, "http", asked("http ", "auth", &|scheme| scheme == "basic")),
        (Kind::LoginInClear, "mqtt", asked("mqtt connect", "login", &|login| login.contains("password"))),
        // A community is a password that stands in each message (RFC 1157 section 4.1).
        (Kind::LoginInClear, "snmp", told("snmp response", "community", &|name| name == "other")),
        (Kind::DefaultCommunity, "snmp", told("snmp response", "community", &|name| name != "other")),
        (
            Kind::NoLogin,
            "vnc",
            told("vnc security-types", "security", &|ways| ways.split('+').any(|way| way == "none")),
        ),
        (Kind::NoLogin, "ftp", anonymous_by_ftp(doing)),
        (Kind::NoLogin, "mqtt", nameless_by_mqtt(doing)),
        (Kind::OutdatedTls, "tls", told("tls server-hello", "version", &|version| OUTDATED.contains(&version))),
        (Kind::ExpiredCertificate, "tls", clue(Clue::TlsCertificate, &["expired"])),
        (Kind::OutdatedSmb, "smb", clue(Clue::SmbDialect, &SMB_1)),
        (Kind::RdpWithoutNla, "rdp", told("rdp connection-confirm", "security", &without_nla)),
    ]
    .into_iter()
    .filter_map(|(kind, protocol, happened)| Some((kind, protocol, happened?)))
    .collect()
}

/// Messages of kinds that begin so, with such a value of a feature, where a device is on that end of them; whether answers.
fn said(
    doing: &Doing,
    (end, answers): (End, bool),
    kind: &str,
    feature: &str,
    is_it: &dyn Fn(&str) -> bool,
) -> Option<Happened> {
    let acts = doing.acts.of(end, kind).filter(|(_, is_answer, _)| *is_answer == answers);
    let values = acts.flat_map(|(_, _, act)| act.values(feature).collect::<Vec<_>>());
    together(values.filter(|(value, _)| is_it(value)).map(|(_, happened)| happened))
}

/// Health data by HTTP, unencrypted.
fn health_by_http(doing: &Doing, end: End) -> Option<Happened> {
    let is_health = |resource: &str| resource.starts_with(DICOMWEB) || FHIR.contains(&resource);
    said(doing, (end, false), "http ", "resource", &is_health)
}

/// What somebody read or wrote by BACnet, which knows no users in ordinary use.
fn commands_by_bacnet(doing: &Doing) -> Option<Happened> {
    let acts = doing.acts.of(End::Responder, "bacnet ");
    together(acts.filter(|(kind, is_answer, _)| *is_answer && BACNET_DONE.contains(kind)).map(|(.., act)| act.happened))
}

/// Anonymous logins that must have been let in: more were than there were passwords.
fn anonymous_by_ftp(doing: &Doing) -> Option<Happened> {
    let asked = |login: &str| said(doing, (End::Responder, false), "ftp pass", "login", &|value| value == login);
    let accepted = said(doing, (End::Responder, true), "ftp reply", "code", &|code| code == LOGGED_IN);
    asked("anonymous").filter(|_| count(accepted) > count(asked("clear")))
}

/// Clients without login that must have been let in: more were than had one.
fn nameless_by_mqtt(doing: &Doing) -> Option<Happened> {
    let asked = |is_nameless: bool| {
        said(doing, (End::Responder, false), "mqtt connect", "login", &|login| (login == "none") == is_nameless)
    };
    let accepted = said(doing, (End::Responder, true), "mqtt connack", "code", &|code| code == LET_IN);
    asked(true).filter(|_| count(accepted) > count(asked(false)))
}

fn count(happened: Option<Happened>) -> u64 {
    happened.map_or(0, |happened| happened.count)
}

fn of_services(services: &Services, offers: bool, all: &mut Vec<Exposure>) {
    for (service, used) in services.iter() {
        let (inside, outside) = (used.inside.len(), used.outside.len());
        let peers = inside + outside;
        let protocol = used.protocols.first().map(|name| &**name);
        if outside > 0 {
            let kind = if offers { Kind::ReachedFromOutside } else { Kind::TalksToOutside };
            all.push(exposure(kind, *service, protocol, outside));
        }
        for name in used.protocols.iter().map(|name| &**name) {
            if HEALTH.contains(&name) {
                all.push(exposure(Kind::HealthDataInClear, *service, Some(name), peers));
            }
            if offers && WITHOUT_LOGIN.contains(&name) {
                all.push(exposure(Kind::CommandsWithoutLogin, *service, Some(name), peers));
            }
            if offers && REMOTE_PROTOCOLS.contains(&name) {
                all.push(exposure(Kind::RemoteAccess, *service, Some(name), peers));
            }
        }
        if offers && service.transport == TCP {
            if CLEAR_LOGINS.contains(&service.port) {
                all.push(exposure(Kind::LoginInClear, *service, protocol, peers));
            }
            if REMOTE_ACCESS.contains(&service.port) {
                all.push(exposure(Kind::RemoteAccess, *service, protocol, peers));
            }
        }
    }
}

fn exposure(kind: Kind, service: Service, protocol: Option<&str>, peers: usize) -> Exposure {
    Exposure {
        kind,
        service: service.to_string(),
        protocol: protocol.map(str::to_owned),
        peers: peers as u64,
        messages: None,
        frame: None,
    }
}
