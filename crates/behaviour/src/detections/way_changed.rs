#![doc = include_str!("way_changed.md")]

use wardtap_net::address::Address;
use wardtap_net::peel::protocol;

use crate::alert::{Deviation, Severity};
use crate::attack::{Technique, technique};
use crate::baseline::novelty::circumstances;
use crate::detection::{About, Detection, Raise};
use crate::detections::many::{self, Many};
use crate::links::{Link, Service, is_answer, kind_of, readable, value_of};
use crate::parties::Party;
use crate::scoring::{Departure, Judged, What};

/// What the detection is.
pub static ABOUT: About = About {
    name: "way-changed",
    title: "Another gateway, name server or time server",
    attack: &[technique("T0830"), technique("T1557"), technique("T0849")],
    impact: "What devices send, or the time that they put on results, depends on a machine that nobody appointed.",
    response: "Check the setting at the devices and the DHCP server. If nobody knows the new server, remove it after asking clinical engineering.",
    page: include_str!("way_changed.md"),
};

static LEASES: [Technique; 3] = [technique("T0830"), technique("T1557.003"), technique("T1557")];
static NAMES: [Technique; 4] = [technique("T0830"), technique("T1557"), technique("T1071.004"), technique("T1572")];

const DOMAIN: u16 = 53;
const DOMAIN_OVER_TLS: u16 = 853;
const TIME: u16 = 123;

/// Who was sent to which server lately.
#[derive(Default)]
pub struct WayChanged {
    clients: Many<(Address, u16), Address>,
}

impl Detection for WayChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        match &departure.what {
            What::Operation { name, rare, known, .. } if kind_of(name) == "lease" || is_other_way(name, known) => {
                let server = departure.link.responder;
                let judged = Judged {
                    severity: if *rare { Severity::High } else { Severity::Medium },
                    score: 70,
                    explanation: format!("{server} tells devices of another way out, or of another name server."),
                    expected: "what it told while learning".to_owned(),
                    observed: readable(name),
                };
                // All clients are told the same.
                let deviation = departure.deviation(&ABOUT, server, "lease".to_owned(), judged);
                raise.raise(Deviation { peer: None, attack: Some(&LEASES), ..deviation });
            }
            What::Link { circumstances, .. } if !raise.is_told() => {
                let is_outside = departure.parties.responder == Party::OUTSIDE;
                let has = |circumstance| circumstances & circumstance != 0;
                // Who asks a server over UDP does so over TCP where the answer is long (RFC 7766 section 5).
                let over_tcp = departure.link.service.transport == protocol::TCP && has(circumstances::ACQUAINTED);
                if is_outside || !has(circumstances::OFFERED) && !over_tcp {
                    self.another_server(departure, raise);
                }
            }
            _ => {}
        }
    }

    fn forgotten(&self) -> u64 {
        self.clients.forgotten()
    }
}

impl WayChanged {
    /// A known device asks a server for names or the time that nobody asked so far.
    fn another_server(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let Link { initiator, responder, service } = departure.link;
        let Some(what) = asked(service).filter(|_| departure.parties.initiator.is_device()) else { return };
        let clients = self.clients.take((responder, service.port), initiator, departure.time);
        let judged = Judged {
            severity: clients.severity(Severity::Medium),
            score: 60,
            explanation: format!("{initiator} asks {responder} for {what}, which it never did."),
            expected: "the servers that were asked while learning".to_owned(),
            observed: format!("{service}"),
        };
        let attack = Some(&NAMES[..]).filter(|_| service.port != TIME);
        let Some(_) = clients.first_of_many() else {
            let deviation = departure.deviation(&ABOUT, initiator, service.to_string(), judged);
            return raise.raise(Deviation { attack, ..deviation });
        };
        let judged = Judged {
            explanation: format!("Many devices ask {responder} for {what}, which they never did."),
            observed: format!("{service}, {}", clients.named()),
            ..judged
        };
        let deviation = departure.deviation(&ABOUT, responder, many::of(service), judged);
        raise.raise(Deviation { peer: None, attack, ..deviation });
    }
}

/// Whether an acknowledgement or an offer names a gateway, name server or time server that none before did (RFC 2132 sections 3.5,
/// 3.8 and 8.3).
fn is_other_way(name: &str, known: &[&str]) -> bool {
    let kind = kind_of(name);
    let alike = || known.iter().filter(|known| kind_of(known) == kind && is_answer(known));
    let is_new = |feature| {
        value_of(name, feature).is_some() && alike().all(|known| value_of(known, feature) != value_of(name, feature))
    };
    matches!(kind, "dhcp ack" | "dhcp offer")
        && is_answer(name)
        && alike().next().is_some()
        && ["router", "name_server", "time_server"].into_iter().any(is_new)
}

/// What is asked for at a service.
const fn asked(service: Service) -> Option<&'static str> {
    match (service.transport, service.port) {
        (protocol::UDP | protocol::TCP, DOMAIN) | (protocol::TCP, DOMAIN_OVER_TLS) => Some("names"),
        (protocol::UDP, TIME) => Some("the time"),
        _ => None,
    }
}
