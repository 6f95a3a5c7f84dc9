//! The state of one TLS connection: how far each end has come before all is encrypted.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::certificate::{Certificate, is_none, leaf, parse};
use super::offer::Offer;
use super::shown::{Shown, Version, flag, protocol_name};
use super::wire::{Alert, Content, Plan, RECORD_HEADER, Record, ServerHello, handshake};
use super::{
    ALERT, CERTIFICATE, CLIENT_HELLO, NOT_A_HANDSHAKE, NOT_A_RECORD, PORTS, PROTOCOL, SERVER_HELLO,
    UNREADABLE_CERTIFICATE, UNREADABLE_HELLO,
};
use crate::clues::{CLUE_MAX, Clue, is_of_product};
use crate::plain::{Plain, Value};
use crate::public::Public;
use crate::{Direction, Dissector, Envelope, FlowFacts, Gap, MessageHandler, Outcome, Progress, Protocol};

/// Octets of the id of a session (RFC 5246 section 7.4.1.2).
const SESSION_MAX: usize = 32;

pub(super) struct Tls {
    client: Option<Side>,
    ends: [End; 2],
    /// When the client offered, and the session that it would like to go on with.
    offered: Option<(Timestamp, [u8; SESSION_MAX])>,
}

/// What one end sends.
#[derive(Default)]
struct End {
    /// All that follows is encrypted, or lost.
    is_over: bool,
    /// A hello is still to come although the end says that it begins to encrypt: the server has asked for another one.
    awaits_hello: bool,
    /// Octets of the record at hand that are still to come, and whether they are a handshake's.
    record: (u16, bool),
    /// The start of a handshake message that is cut.
    gathered: Vec<u8>,
    /// Octets of a handshake message that are passed over.
    passed_over: usize,
}

impl End {
    fn give_up(&mut self) {
        *self = Self { is_over: true, ..Self::default() };
    }
}

/// The message at hand.
#[derive(Clone, Copy)]
struct At {
    side: Side,
    time: Timestamp,
}

impl Tls {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        let by_port = || flow.side_with_port(&PORTS).map(Side::other);
        let client = flow.requester.or(flow.originator).or_else(by_port);
        Self { client, ends: Default::default(), offered: None }
    }

    /// Reads on in what a record carries.
    fn record(&mut self, mut bytes: &[u8], at: At, to: &mut dyn MessageHandler) {
        while !bytes.is_empty() {
            let end = at.side.of_mut(&mut self.ends);
            if end.passed_over > 0 {
                let passed = end.passed_over.min(bytes.len());
                end.passed_over = end.passed_over.saturating_sub(passed);
                bytes = bytes.get(passed..).unwrap_or_default();
                continue;
            }
            let is_gathered = !end.gathered.is_empty();
            let plan = Plan::of(if is_gathered { &end.gathered } else { bytes });
            // What is gathered never holds more than its plan asks for: of a message that is read or passed over, it is all
            // that was seen.
            match plan {
                Plan::Need(length) => {
                    let missing = length.saturating_sub(end.gathered.len()).min(bytes.len());
                    let (now, later) = bytes.split_at(missing);
                    end.gathered.extend_from_slice(now);
                    bytes = later;
                    to.copied(now.len());
                    if !matches!(Plan::of(&end.gathered), Plan::Need(_)) {
                        self.gathered(at, to);
                    }
                }
                Plan::Read { length, rest } => {
                    end.passed_over = rest;
                    let (message, later) = bytes.split_at(length.min(bytes.len()));
                    bytes = later;
                    self.message(message, rest, at, to);
                }
                Plan::Pass { length, is_too_long } => {
                    end.passed_over = length;
                    if is_too_long {
                        self.too_long(bytes, to);
                    }
                }
                Plan::Nothing => {
                    end.give_up();
                    to.held_changed();
                    return to.anomaly(&PROTOCOL, NOT_A_HANDSHAKE);
                }
            }
        }
    }

    /// What was gathered is enough.
    fn gathered(&mut self, at: At, to: &mut dyn MessageHandler) {
        let end = at.side.of_mut(&mut self.ends);
        let bytes = std::mem::take(&mut end.gathered);
        to.held_changed();
        match Plan::of(&bytes) {
            Plan::Read { rest, .. } => {
                end.passed_over = rest;
                self.message(&bytes, rest, at, to);
            }
            Plan::Pass { length, is_too_long } => {
                end.passed_over = length.saturating_sub(bytes.len());
                if is_too_long {
                    self.too_long(&bytes, to);
                }
            }
            Plan::Need(_) => end.gathered = bytes,
            Plan::Nothing => {
                end.give_up();
                to.anomaly(&PROTOCOL, NOT_A_HANDSHAKE);
            }
        }
    }

    fn too_long(&self, message: &[u8], to: &mut dyn MessageHandler) {
        let is_certificate = message.first() == Some(&handshake::CERTIFICATE);
        to.anomaly(&PROTOCOL, if is_certificate { UNREADABLE_CERTIFICATE } else { UNREADABLE_HELLO });
    }

    /// A handshake message, `rest` octets of which are not there.
    fn message(&mut self, message: &[u8], rest: usize, at: At, to: &mut dyn MessageHandler) {
        let bytes = message.len().saturating_add(rest) as u64;
        match message.first().copied() {
            Some(handshake::CLIENT_HELLO) => self.offer(message, bytes, at, to),
            Some(handshake::SERVER_HELLO) => self.choice(message, bytes, at, to),
            _ => self.certificate(message, bytes, at, to),
        }
    }

    fn offer(&mut self, message: &[u8], bytes: u64, at: At, to: &mut dyn MessageHandler) {
        let Some(offer) = Offer::read(message) else { return to.anomaly(&PROTOCOL, UNREADABLE_HELLO) };
        self.client = Some(at.side);
        at.side.of_mut(&mut self.ends).awaits_hello = false;
        self.offered = Some((at.time, session(offer.session)));
        let shown = Shown::of(&offer, 't');
        shown.clues(at.side, to);
        let (version, none) = (Version::of(offer.version), Value::None);
        let features = [Value::Text(version.text()), Value::Text(shown.ciphers()), none, none, none];
        self.tell((CLIENT_HELLO, bytes, Outcome::Neutral, None), features, &shown.fields(), at, to);
    }

    fn choice(&mut self, message: &[u8], bytes: u64, at: At, to: &mut dyn MessageHandler) {
        let Some(choice) = ServerHello::read(message) else { return to.anomaly(&PROTOCOL, UNREADABLE_HELLO) };
        self.client = Some(at.side.other());
        if choice.is_retry {
            self.ends.iter_mut().for_each(|end| end.awaits_hello = true);
        } else {
            at.side.of_mut(&mut self.ends).awaits_hello = false;
        }
        let offered = self.offered.take();
        // RFC 5246 section 7.4.1.3: a server that goes on with a session says its id again. That of TLS 1.3 always does.
        let is_echoed = !choice.session.is_empty()
            && choice.version < 0x0304
            && offered.is_some_and(|(_, offered)| offered == session(choice.session));
        let version = Version::of(choice.version);
        let cipher = format!("{:04x}", choice.cipher);
        let cipher = Public::shaped(cipher.as_bytes(), 4, |byte| byte.is_ascii_hexdigit());
        let nanos = offered.map(|(asked, _)| at.time.nanos().saturating_sub(asked.nanos()));
        let protocol = choice.protocol.and_then(protocol_name);
        self.tell(
            (SERVER_HELLO, bytes, Outcome::Neutral, nanos),
            [Value::Text(version.text()), Value::None, Value::Text(cipher), Value::None, Value::None],
            &[
                ("alpn", Value::text(protocol)),
                ("resumed", flag(choice.has_shared_key || is_echoed)),
                ("retry", flag(choice.is_retry)),
            ],
            at,
            to,
        );
    }

    fn certificate(&mut self, message: &[u8], bytes: u64, at: At, to: &mut dyn MessageHandler) {
        let about = (CERTIFICATE, bytes, Outcome::Neutral, None);
        let none = [Value::None; 5];
        let bytes_of_it = leaf(message).unwrap_or_default();
        let Some(parsed) = parse(bytes_of_it) else {
            if is_none(message) {
                // RFC 5246 section 7.4.6: a client that has none.
                return self.tell(about, none, &[("none", Value::Flag(true))], at, to);
            }
            return to.anomaly(&PROTOCOL, UNREADABLE_CERTIFICATE);
        };
        let certificate = Certificate::of(&parsed, bytes_of_it);
        let fingerprint = Public::shaped(certificate.fingerprint.as_bytes(), 16, |byte| byte.is_ascii_hexdigit());
        let is_client = self.client == Some(at.side);
        // The subject of a client's is a person, often enough.
        let subject = if is_client { Default::default() } else { certificate.subject };
        let issuer = if is_client && certificate.is_self_signed { Default::default() } else { certificate.issuer };
        let authority = Public::shaped(certificate.authority.as_bytes(), 16, |byte| byte.is_ascii_hexdigit());
        // Who signed his own is a person, often enough.
        let authority = if is_client { Value::None } else { Value::Text(authority) };
        if let Some(line) = subject.line() {
            let line = Public::shaped(line.as_bytes(), CLUE_MAX, |byte| is_of_product(byte) || byte == b'*');
            to.clue(at.side, Clue::TlsSubject, &line);
        }
        if !is_client && certificate.is_expired(at.time) {
            to.clue(at.side, Clue::TlsCertificate, &Public::word("expired"));
        }
        self.tell(
            about,
            [Value::None, Value::None, Value::None, Value::Text(fingerprint), authority],
            &[
                ("subject", Value::text(subject.name)),
                ("subject_organisation", Value::text(subject.organisation)),
                ("issuer", Value::text(issuer.name)),
                ("issuer_organisation", Value::text(issuer.organisation)),
                ("not_before", Value::number(u64::try_from(certificate.not_before).ok())),
                ("not_after", Value::number(u64::try_from(certificate.not_after).ok())),
                ("expired", flag(certificate.is_expired(at.time))),
                ("self_signed", flag(certificate.is_self_signed)),
                ("key_bits", Value::number(certificate.key_bits)),
                ("weak", flag(certificate.is_weak)),
            ],
            at,
            to,
        );
    }

    fn alert(&mut self, alert: Alert, at: At, to: &mut dyn MessageHandler) {
        let is_server = self.client == Some(at.side.other());
        let asked = if is_server { self.offered.take() } else { None };
        let outcome = if is_server && alert.refuses() { Outcome::Negative } else { Outcome::Neutral };
        let nanos = asked.map(|(asked, _)| at.time.nanos().saturating_sub(asked.nanos()));
        self.tell(
            (ALERT, Alert::LENGTH.into(), outcome, nanos),
            [Value::None; 5],
            &[("level", Value::Number(alert.level.into())), ("description", Value::Number(alert.description.into()))],
            at,
            to,
        );
    }

    fn tell(
        &self,
        (kind, bytes, outcome, response_nanos): (usize, u64, Outcome, Option<u64>),
        [version, ciphers, cipher, certificate, authority]: [Value<'_>; 5],
        more: &[(&'static str, Value<'_>)],
        at: At,
        to: &mut dyn MessageHandler,
    ) {
        let direction = if self.client == Some(at.side) { Direction::Request } else { Direction::Response };
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope: Envelope { kind, side: at.side, direction, bytes, incomplete: false, response_nanos, outcome },
            features: &[version, ciphers, cipher, certificate, authority],
            more,
        });
    }
}

impl Dissector for Tls {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        let at = At { side: chunk.side, time: chunk.time };
        let mut took = 0usize;
        loop {
            let rest = chunk.bytes.get(took..).unwrap_or_default();
            let end = at.side.of_mut(&mut self.ends);
            if rest.is_empty() || end.is_over {
                return Progress::All;
            }
            if let (left @ 1.., is_handshake) = end.record {
                let part = rest.get(..left.into()).unwrap_or(rest);
                end.record.0 = left.saturating_sub(u16::try_from(part.len()).unwrap_or(left));
                took = took.saturating_add(part.len());
                if is_handshake {
                    self.record(part, at, to);
                }
                continue;
            }
            if rest.len() < RECORD_HEADER {
                return Progress::Need { took, more: RECORD_HEADER.saturating_sub(rest.len()) };
            }
            let Some(Record { content, length }) = Record::read(rest) else {
                end.give_up();
                to.held_changed();
                to.anomaly(&PROTOCOL, NOT_A_RECORD);
                return Progress::All;
            };
            match content {
                Content::Handshake => end.record = (length, true),
                Content::Heartbeat => end.record = (length, false),
                // RFC 8446 appendix D.4: in front of a second hello it means nothing.
                Content::ChangeCipherSpec if end.awaits_hello => end.record = (length, false),
                Content::Alert if length == Alert::LENGTH => {
                    let Some(alert) = rest.get(RECORD_HEADER..).and_then(Alert::read) else {
                        let whole = RECORD_HEADER.saturating_add(Alert::LENGTH.into());
                        return Progress::Need { took, more: whole.saturating_sub(rest.len()) };
                    };
                    end.record = (length, false);
                    self.alert(alert, at, to);
                }
                // What is encrypted is longer than an alert.
                Content::Alert | Content::ChangeCipherSpec | Content::ApplicationData => {
                    end.give_up();
                    to.held_changed();
                    return Progress::All;
                }
            }
            took = took.saturating_add(RECORD_HEADER);
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, to: &mut dyn MessageHandler) {
        // What follows is hardly the rest of a handshake.
        gap.side.of_mut(&mut self.ends).give_up();
        to.held_changed();
    }

    fn finish(&mut self, _: [Chunk<'_>; 2], _: &mut dyn MessageHandler) {}

    fn requester(&self) -> Option<Side> {
        self.client
    }

    fn held_bytes(&self) -> usize {
        self.ends.iter().map(|end| end.gathered.capacity()).fold(0, usize::saturating_add)
    }
}

/// The id of a session, filled up.
fn session(bytes: &[u8]) -> [u8; SESSION_MAX] {
    let mut session = [0; SESSION_MAX];
    session.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    session
}
