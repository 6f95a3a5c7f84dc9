//! The state of one DHCP conversation: the requests that wait.

use std::fmt::{self, Write};

use wardtap_net::address::Address;
use wardtap_net::packet::Timestamp;
use wardtap_net::reader::Reader;
use wardtap_net::stream::{Chunk, Side};
use wardtap_net::{dhcp, dhcp6};

use super::{ACK, BOOTP, KINDS, NOT_DHCP, OTHER, PROTOCOL, V4_PORTS, V6_PORTS, V6_SOLICIT};
use crate::clues::{CLUE_MAX, Clue, is_of_product};
use crate::datagrams::Datagrams;
use crate::pending::Pending;
use crate::plain::{Plain, Value};
use crate::public::Public;
use crate::{Direction, Envelope, FlowFacts, MessageHandler, Outcome, Protocol};

/// Requests that wait in one flow: of clients behind a relay, or that all speak to the broadcast address; the oldest is
/// given up.
const WAITING_MAX: usize = 32;

/// Codes of options that a client asks for; a longer list is not shown.
const PARAMETERS_MAX: usize = 40;

/// Octets of their numbers as text, with commas.
const LIST_MAX: usize = PARAMETERS_MAX * 6;

/// Octets of an address as text.
const ADDRESS_MAX: usize = 45;

pub(super) struct Dhcp {
    is_v6: bool,
    waiting: Pending<(Side, u32, Timestamp)>,
    requester: Option<Side>,
}

/// Whether a datagram asks, if it is one of DHCP. For IPv4 its content says it on any port: the place of the cookie.
pub(super) fn asks(bytes: &[u8], flow: &FlowFacts) -> Option<bool> {
    if is_v6(flow) {
        return dhcp6::Message::read(Reader::new(bytes)).map(|message| !is_v6_answer(message.kind));
    }
    dhcp::Message::read(Reader::new(bytes)).map(|message| message.operation == dhcp::REQUEST)
}

fn is_v6(flow: &FlowFacts) -> bool {
    let is_of = |ports: &[u16]| flow.ports.iter().any(|port| ports.contains(port));
    is_of(&V6_PORTS) && !is_of(&V4_PORTS)
}

/// What a server sends (RFC 8415 section 7.3): advertise, reply and reconfigure.
const fn is_v6_answer(kind: u8) -> bool {
    matches!(kind, 2 | 7 | 10)
}

/// A short text that is written in place.
struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Text<N> {
    /// What `write` writes; nothing where there is no room.
    fn new(write: impl FnOnce(&mut Self) -> fmt::Result) -> Self {
        let mut text = Self { bytes: [0; N], length: 0 };
        if write(&mut text).is_err() {
            text.length = 0;
        }
        text
    }

    /// An address.
    fn address(address: Option<Address>) -> Self {
        Self::new(|to| address.map_or(Ok(()), |address| write!(to, "{address}")))
    }

    /// Numbers, with commas between them.
    fn list(numbers: impl Iterator<Item = u16>) -> Self {
        Self::new(|to| {
            let mut comma = "";
            for number in numbers {
                write!(to, "{comma}{number}")?;
                comma = ",";
            }
            Ok(())
        })
    }

    /// Digits, and what stands between them.
    fn value(&self) -> Value<'_> {
        let text = self.bytes.get(..self.length).filter(|text| !text.is_empty());
        let is_of_numbers = |byte: u8| byte.is_ascii_hexdigit() || b".:,".contains(&byte);
        Value::text(text.map(|text| Public::shaped(text, N, is_of_numbers)))
    }
}

impl<const N: usize> Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length.saturating_add(text.len());
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// What a client says that it is: a product and its version, or nothing.
fn vendor_class(text: &[u8]) -> Option<Public<'_>> {
    let text = text.strip_suffix(&[0]).unwrap_or(text);
    (!text.is_empty()).then(|| Public::shaped(text, CLUE_MAX, is_of_product))
}

fn flag(flag: bool) -> Value<'static> {
    if flag { Value::Flag(true) } else { Value::None }
}

impl Datagrams for Dhcp {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn datagram(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let reader = Reader::new(chunk.bytes);
        let read = if self.is_v6 {
            dhcp6::Message::read(reader).map(|message| self.v6(&message, chunk, to))
        } else {
            dhcp::Message::read(reader).map(|message| self.v4(&message, chunk, to))
        };
        if read.is_none() {
            to.anomaly(&PROTOCOL, NOT_DHCP);
        }
    }

    fn requester(&self) -> Option<Side> {
        self.requester
    }

    fn held_bytes(&self) -> usize {
        self.waiting.held_bytes()
    }
}

impl Dhcp {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        Self { is_v6: is_v6(flow), waiting: Pending::default(), requester: flow.requester }
    }

    fn envelope(&mut self, kind: usize, answers: bool, transaction: u32, chunk: &Chunk<'_>) -> Envelope {
        let Chunk { side, time, bytes, .. } = *chunk;
        let response_nanos = if answers {
            let asked = self.waiting.take(|(asker, known, _)| (*asker, *known) == (side.other(), transaction));
            asked.map(|(.., asked)| time.nanos().saturating_sub(asked.nanos()))
        } else {
            self.waiting.take(|(asker, known, _)| (*asker, *known) == (side, transaction));
            if self.waiting.len() >= WAITING_MAX {
                self.waiting.pop_oldest();
            }
            self.waiting.push((side, transaction, time));
            None
        };
        let envelope = Envelope {
            kind,
            side,
            direction: if answers { Direction::Response } else { Direction::Request },
            bytes: bytes.len() as u64,
            incomplete: false,
            response_nanos,
            outcome: Outcome::Neutral,
        };
        self.requester = self.requester.or(Some(envelope.requester()));
        envelope
    }

    fn v4(&mut self, message: &dhcp::Message<'_>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let said = message.said();
        let kind = match said.kind {
            None => BOOTP,
            Some(kind) => usize::from(kind).checked_sub(1).filter(|kind| *kind < OTHER).unwrap_or(OTHER),
        };
        let answers = message.operation == dhcp::REPLY;
        let envelope = self.envelope(kind, answers, message.transaction, chunk);
        let outcome = if kind == ACK { Outcome::Positive } else { Outcome::Neutral };
        to.held_changed();
        // A client's own word, and a server's: the other may be an echo (RFC 6842).
        let asked = if answers || said.parameters.len() > PARAMETERS_MAX { &[] } else { said.parameters };
        let parameters = Text::<LIST_MAX>::list(asked.iter().map(|code| u16::from(*code)));
        let text = |address: Option<Address>| Text::<ADDRESS_MAX>::address(address.filter(|_| answers));
        let [router, names, times] = [said.router, said.name_server, said.time_server].map(text);
        let [address, requested, server] =
            [Some(message.address).filter(|address| address.is_host()), said.requested, said.server]
                .map(Text::<ADDRESS_MAX>::address);
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope: Envelope { outcome, ..envelope },
            features: &[
                Value::text(vendor_class(if answers { &[] } else { said.vendor_class })),
                parameters.value(),
                router.value(),
                names.value(),
                times.value(),
                flag(said.has_boot && answers),
            ],
            more: &[
                ("address", address.value()),
                ("requested", requested.value()),
                ("server", server.value()),
                ("lease_seconds", Value::number(said.lease_seconds)),
                ("identifier_type", Value::number(said.identifier_type)),
                ("host_name", flag(said.has_host_name)),
                ("relayed", flag(message.relay.is_host())),
                ("relay_information", flag(said.has_relay_information)),
            ],
        });
    }

    fn v6(&mut self, message: &dhcp6::Message<'_>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let kind = V6_SOLICIT.saturating_add(message.kind.saturating_sub(1).into()).min(KINDS.len().saturating_sub(1));
        let answers = is_v6_answer(message.kind);
        let envelope = self.envelope(kind, answers, message.transaction, chunk);
        to.held_changed();
        let (codes, _) = message.requested.as_chunks::<2>();
        let codes = if answers || codes.len() > PARAMETERS_MAX { &[] } else { codes };
        let parameters = Text::<LIST_MAX>::list(codes.iter().map(|code| u16::from_be_bytes(*code)));
        let text = |address: Option<Address>| Text::<ADDRESS_MAX>::address(address.filter(|_| answers));
        let [names, times] = [message.name_server, message.time_server].map(text);
        let class = vendor_class(if answers { &[] } else { message.vendor_class });
        if let Some(class) = class.filter(|class| !class.is_unreadable() && !message.is_relayed) {
            to.clue(chunk.side, Clue::DhcpVendorClass, &class);
        }
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope,
            features: &[Value::text(class), parameters.value(), Value::None, names.value(), times.value()],
            more: &[("status", Value::number(message.status)), ("relayed", flag(message.is_relayed))],
        });
    }
}
