//! What a device exposes: to whom it offers what can be misused, what it says in clear, who reaches it from outside.

use schemars::JsonSchema;
use serde::Serialize;
use wardtap_behaviour::inventory::{Doing, End, Services};
use wardtap_behaviour::links::Service;

/// Something that a device exposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
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
}

/// A kind of exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It offers a service to peers outside of the site.
    ReachedFromOutside,
    /// It uses a service outside of the site.
    TalksToOutside,
    /// Messages about patients go unencrypted.
    HealthDataInClear,
    /// Whoever reaches it can command it: the protocol knows no users.
    CommandsWithoutLogin,
    /// It offers a service at a port on which logins are usual, unencrypted.
    LoginInClear,
    /// It offers a service at a port of remote access.
    RemoteAccess,
    /// What it agrees on with a peer is TLS of a version that is not to be used any more (RFC 8996).
    OutdatedTls,
}

impl Kind {
    /// The name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReachedFromOutside => "reached-from-outside",
            Self::TalksToOutside => "talks-to-outside",
            Self::HealthDataInClear => "health-data-in-clear",
            Self::CommandsWithoutLogin => "commands-without-login",
            Self::LoginInClear => "login-in-clear",
            Self::RemoteAccess => "remote-access",
            Self::OutdatedTls => "outdated-tls",
        }
    }
}

/// Protocols that carry health data, as they are read here: unencrypted.
const HEALTH: [&str; 2] = ["hl7", "dicom"];
/// Protocols that know no users.
const WITHOUT_LOGIN: [&str; 1] = ["modbus"];
/// TCP ports at which logins are usual that go unencrypted: FTP, Telnet, rlogin, rsh.
const CLEAR_LOGINS: [u16; 4] = [21, 23, 513, 514];
/// TCP ports of remote access: SSH, Telnet, RDP, VNC, WinRM.
const REMOTE_ACCESS: [u16; 7] = [22, 23, 3389, 5900, 5901, 5985, 5986];
/// Versions of TLS that are not to be used any more, as a server chooses them (RFC 7568, RFC 8996).
const OUTDATED: [&str; 3] = ["ssl3", "1.0", "1.1"];

const TCP: u8 = 6;

/// What a device exposes, in order.
pub(super) fn of(doing: &Doing) -> Vec<Exposure> {
    let mut all = Vec::new();
    for (services, offers) in [(&doing.offers, true), (&doing.uses, false)] {
        of_services(services, offers, &mut all);
    }
    let old = doing.acts.of(End::Responder, "tls server-hello").flat_map(|(_, _, act)| act.values("version"));
    let old: u64 = old.filter(|(version, _)| OUTDATED.contains(version)).map(|(_, happened)| happened.count).sum();
    if old > 0 {
        let tls = doing.offers.iter().filter(|(_, used)| used.protocols.contains("tls"));
        all.extend(tls.map(|(service, used)| {
            exposure(Kind::OutdatedTls, *service, Some("tls"), used.inside.len() + used.outside.len())
        }));
    }
    all.sort_by(|one, other| {
        (one.kind, &one.service, &one.protocol).cmp(&(other.kind, &other.service, &other.protocol))
    });
    all.dedup_by(|one, other| (one.kind, &one.service, &one.protocol) == (other.kind, &other.service, &other.protocol));
    all
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
    Exposure { kind, service: service.to_string(), protocol: protocol.map(str::to_owned), peers: peers as u64 }
}
