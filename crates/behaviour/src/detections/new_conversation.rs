#![doc = include_str!("new_conversation.md")]

use std::fmt;

use wardtap_net::address::Address;
use wardtap_net::peel::protocol;

use crate::alert::{Deviation, Severity};
use crate::attack::{Technique, technique};
use crate::baseline::novelty::circumstances;
use crate::detection::{About, Detection, Raise};
use crate::detections::many::{self, Crowd, Group, Many};
use crate::detections::{hazard, network_sweep, sweep};
use crate::links::{Link, Service, readable};
use crate::parties::{Party, PartyLink};
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "new-conversation",
    title: "Two devices talk that never did",
    attack: &[technique("T0886"), technique("T0846"), technique("T0811"), technique("T0859")],
    impact: "Who reaches a device over a new way can read, disturb or command it.",
    response: "Ask the owners of both devices what changed; if nothing did, look at what the asking device does.",
    page: include_str!("new_conversation.md"),
};

/// What it stands for that one device begins many new conversations.
static SPREADS: [Technique; 4] = [technique("T0846"), technique("T0886"), technique("T0888"), technique("T0811")];
/// What it stands for that many begin to use a service that was not there: who offers it may be a false one.
static DRAWS: [Technique; 4] = [technique("T0830"), technique("T1557"), technique("T0849"), technique("T0884")];

/// What it stands for that many who are strangers to each other begin many: addresses are made up.
static MADE_UP: [Technique; 4] = [technique("T0814"), technique("T1498"), technique("T0846"), technique("T0849")];

/// Who began new conversations lately, and where many began one.
#[derive(Default)]
pub struct NewConversation {
    of_initiators: Many<Address, Contact>,
    with_responders: Many<(Address, Service), Address>,
    /// Of those that do not belong to the site with each other.
    of_outsiders: Many<(), Contact>,
    /// What has nothing in common.
    crowd: Crowd<Contact>,
}

/// Whom a device contacts for what.
#[derive(Clone, Copy, PartialEq)]
struct Contact {
    responder: Address,
    service: Service,
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.responder, self.service)
    }
}

impl Detection for NewConversation {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        if raise.is_told() {
            return;
        }
        let (circumstances, surprise, rare) = match departure.what {
            What::Link { circumstances, surprise, rare } => (circumstances, surprise, rare),
            What::Foreign { name, usual: false, .. } => return says(departure, name, raise),
            _ => return,
        };
        let Link { initiator, responder, service } = departure.link;
        let told = [network_sweep::ABOUT.name, sweep::ABOUT.name];
        if told.into_iter().any(|detection| raise.is_told_of(detection, initiator)) {
            return;
        }
        let offered = circumstances & circumstances::OFFERED != 0;
        let typical = circumstances & circumstances::TYPICAL != 0;
        let acquainted = circumstances & circumstances::ACQUAINTED != 0;
        // Some servers answer from another port than they were asked at (TFTP: RFC 1350 section 4).
        let may_answer = acquainted && service.transport == protocol::UDP && service.port == 0;
        let judged = Judged {
            severity: match (rare && !typical && !may_answer, offered) {
                (true, false) => Severity::High,
                (true, true) => Severity::Medium,
                (false, _) if hazard::of_link(departure, circumstances) => Severity::Medium,
                (false, _) => Severity::Low,
            },
            score: score(surprise),
            explanation: format!("{initiator} contacts {responder} in a way that it never has before."),
            expected: format!(
                "{}{}, {}",
                if typical { "what most devices of the make do, " } else { "" },
                if offered { "the service used by others" } else { "no such service" },
                match acquainted {
                    true if circumstances & circumstances::ONLY_ANSWERS != 0 =>
                        "the other one asks, and this one answers",
                    true => "between these two other services",
                    false => "nothing between these two",
                },
            ),
            observed: format!("{service}"),
        };
        raise.raise(self.folded(departure, offered, judged));
    }

    fn forgotten(&self) -> u64 {
        self.of_initiators.forgotten() + self.with_responders.forgotten() + self.of_outsiders.forgotten()
    }
}

/// What is said in a new conversation makes its alert worse, where harm can be done by it.
fn says(departure: &Departure<'_>, name: &str, raise: &mut Raise<'_>) {
    let Link { initiator, responder, service } = departure.link;
    let subject = service.to_string();
    if !hazard::of_message(departure, name) || !raise.is_told_between(ABOUT.name, responder, initiator, &subject) {
        return;
    }
    let judged = Judged {
        severity: Severity::Medium,
        score: 60,
        explanation: format!("{initiator} contacts {responder} in a way that it never has before."),
        expected: "nothing of the kind from there".to_owned(),
        observed: format!("{service}, {}", readable(name)),
    };
    raise.raise(departure.deviation(&ABOUT, responder, subject, judged));
}

impl NewConversation {
    /// The first of an initiator are told singly, those that follow as one; so are many with a service that is new.
    fn folded(&mut self, departure: &Departure<'_>, offered: bool, mut judged: Judged) -> Deviation {
        let Link { initiator, responder, service } = departure.link;
        let contact = Contact { responder, service };
        let contacts = self.of_initiators.take(initiator, contact, departure.time);
        let drawn = self.with_responders.take((responder, service), initiator, departure.time);
        if let Some(first) = contacts.first_of_many() {
            judged.severity = contacts.severity(judged.severity);
            judged.explanation = format!("{initiator} contacts one device after the other as it never has before.");
            judged.observed = contacts.named();
            let deviation = departure.deviation(&ABOUT, first.responder, many::SUBJECT.to_owned(), judged);
            return Deviation { peer: Some(initiator), attack: Some(&SPREADS), ..deviation };
        }
        if drawn.is_many() && !offered {
            judged.explanation = format!("Many devices contact {responder} in a way that they never have before.");
            judged.observed = format!("{service}, {}", drawn.named());
            let deviation = departure.deviation(&ABOUT, responder, many::of(service), judged);
            return Deviation { peer: None, attack: Some(&DRAWS), ..deviation };
        }
        let PartyLink { initiator: from, responder: to, .. } = departure.parties;
        if [from, to] == [Party::OUTSIDE; 2] {
            let group = self.of_outsiders.take((), contact, departure.time);
            if let Some(first) = group.first_of_many() {
                judged.explanation = "Many addresses that belong to nobody here exchange something here.".to_owned();
                return of_strangers(departure, first, group, judged);
            }
        } else if let Some(group) = self.crowd.take(contact, departure.time) {
            judged.severity = judged.severity.max(Severity::High);
            judged.explanation =
                "Many devices contact many others at once in ways that they never have before.".to_owned();
            return of_strangers(departure, group.first, group, judged);
        }
        departure.deviation(&ABOUT, responder, service.to_string(), judged)
    }
}

/// One alert of all those who have nothing in common.
fn of_strangers(departure: &Departure<'_>, first: Contact, group: &Group<Contact>, mut judged: Judged) -> Deviation {
    judged.observed = group.named();
    let deviation = departure.deviation(&ABOUT, first.responder, many::of("of many"), judged);
    Deviation { peer: None, attack: Some(&MADE_UP), ..deviation }
}
