//! The state of one conversation over mDNS: next to none.

use wardtap_net::stream::{Chunk, Side};

use super::wire::{Service, clues_of};
use super::{MALFORMED, PROTOCOL, QUERY, RESPONSE};
use crate::clues::{Clue, names as hosts};
use crate::dns::wire::{A, AAAA, End, Message, PTR, Record, SRV, Section, TXT};
use crate::dns::{Part, Talk, names};
use crate::plain::{Plain, Value};
use crate::{Direction, Envelope, MessageHandler, Outcome, Protocol};

/// Service types told of a message: devices offer some five.
const SERVICES_MAX: usize = 16;

/// Clues in texts told of a message.
const TEXTS_MAX: usize = 16;

#[derive(Default)]
pub(super) struct Mdns {
    requester: Option<Side>,
}

/// The service types of a message, each once.
#[derive(Default)]
struct Services {
    all: [Service; SERVICES_MAX],
    count: usize,
}

impl Services {
    fn add(&mut self, service: Option<Service>) {
        let Some(service) = service.filter(|service| !self.seen().contains(service)) else { return };
        if let Some(place) = self.all.get_mut(self.count) {
            *place = service;
            self.count = self.count.saturating_add(1);
        }
    }

    fn seen(&self) -> &[Service] {
        self.all.get(..self.count).unwrap_or_default()
    }
}

impl Talk for Mdns {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn requester(&self) -> Option<Side> {
        self.requester
    }

    fn message(&mut self, message: &Message<'_>, part: &Part<'_>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let side = chunk.side;
        let is_response = message.is_response();
        self.requester = self.requester.or(Some(if is_response { side.other() } else { side }));
        let mut services = Services::default();
        if let Some(question) = message.question.filter(|_| !is_response) {
            services.add(Service::of(message, question.name));
        }
        let (mut kind, mut texts) = (message.question.map(|question| question.kind), 0usize);
        // RFC 6762 section 10.1: what is no longer there is said with a time to live of 0.
        let mut is_goodbye = is_response;
        let mut is_named = false;
        let end = message.walk(|record| {
            // Answers that are known stand in questions (RFC 6762 section 7.1): they are others'.
            if !is_response || record.section == Section::Authority {
                return;
            }
            is_goodbye &= record.ttl == 0 || record.section != Section::Answer;
            kind = kind.or(Some(record.kind));
            if record.ttl == 0 {
                return;
            }
            if !is_named && matches!(record.kind, A | AAAA) {
                is_named = true;
                // RFC 6762 section 3: one label, and "local".
                if let Some(label) = message.labels(record.name).next() {
                    to.clue(side, Clue::HostName, &hosts::shown(label));
                }
            }
            let own = if is_of_services(record.kind) { Service::of(message, record.name) } else { None };
            let Some(own) = own else { return };
            services.add(service(message, record, own));
            if record.kind == TXT {
                clues_of(record.data, |clue, text| {
                    texts = texts.saturating_add(1);
                    if texts <= TEXTS_MAX {
                        to.clue(side, clue, &text);
                    }
                });
            }
        });
        if end == End::Malformed {
            to.anomaly(&PROTOCOL, MALFORMED);
        }
        if is_response {
            for service in services.seen() {
                to.clue(side, Clue::MdnsService, &service.text());
            }
        }
        let [questions, answers, authorities, _] = message.counts;
        let envelope = Envelope {
            kind: if is_response { RESPONSE } else { QUERY },
            side,
            direction: if is_response { Direction::Response } else { Direction::Request },
            bytes: part.length as u64,
            incomplete: part.incomplete || end == End::Short,
            response_nanos: None,
            outcome: Outcome::Neutral,
        };
        let none = Value::None;
        let flag = |is_set| if is_set { Value::Flag(true) } else { Value::None };
        let first = services.seen().first().map(Service::text);
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope,
            features: &[kind.map_or(none, |kind| Value::word(names::kind(kind))), Value::text(first)],
            more: &[
                ("services", if is_response { Value::Number(services.count as u64) } else { none }),
                ("questions", Value::Number(questions.into())),
                ("answers", Value::Number(answers.into())),
                // RFC 6762 section 8.2: what it is about to announce stands in the authority section.
                ("probing", flag(!is_response && authorities > 0)),
                ("goodbye", flag(is_goodbye && answers > 0)),
            ],
        });
    }
}

/// Records of service discovery (RFC 6763 sections 4.1, 5 and 6).
const fn is_of_services(kind: u16) -> bool {
    matches!(kind, PTR | SRV | TXT)
}

/// The service type that a record announces: what its own name ends with, or what a pointer from the list of all types says.
fn service(message: &Message<'_>, record: &Record<'_>, own: Service) -> Option<Service> {
    if own.is_all() { Service::of(message, record.data_name()).filter(|_| record.kind == PTR) } else { Some(own) }
}
