//! The state of one HTTP connection: where each end is in its messages, and the requests that wait.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::body::{Body, Step};
use super::head::{self, HEAD_MAX, Head, Length};
use super::lost::{self, Next};
use super::{
    AMBIGUOUS_LENGTH, BAD_CHUNK, HEAD_TOO_LONG, NOT_A_MESSAGE, PATCH, PORTS, POST, PREFACE, PROTOCOL, PUT, RESPONSE,
    TOO_MANY_PENDING, UNREADABLE_HEAD,
};
use crate::clues::Clue;
use crate::pending::Pending;
use crate::plain::{Plain, Value};
use crate::{Direction, Dissector, Envelope, FlowFacts, Gap, MessageHandler, Outcome, Progress, Protocol};

/// Requests that wait in one flow: clients that send several ahead send a few.
const WAITING_MAX: usize = 64;

/// Kinds of requests whose answers have no body (RFC 9112 section 6.3).
const HEAD_METHOD: usize = 1;
const CONNECT_METHOD: usize = 7;

/// Most connections that are open are idle: between an answer and the next request there is nothing to be kept.
pub(super) struct Http {
    client: Option<Side>,
    at_work: Option<Box<Connection>>,
}

/// A connection on which something is under way.
struct Connection {
    client: Option<Side>,
    ends: [End; 2],
    waiting: Pending<Asked>,
}

/// A request that waits for its answer.
#[derive(Clone, Copy)]
struct Asked {
    kind: usize,
    time: Timestamp,
    /// It shows a name and a password, or a token.
    has_credentials: bool,
}

/// What one end sends next.
#[derive(Clone, Copy, Default)]
enum Stage {
    #[default]
    Head,
    Body(Body),
    /// It is lost where messages begin.
    Lost,
    /// It goes on with something else.
    Opaque,
}

#[derive(Default)]
struct End {
    stage: Stage,
    /// The start of a head that is cut, or, where it is lost, of a line.
    gathered: Vec<u8>,
    /// The message at hand, whose body is under way.
    told: Option<Told>,
    /// When and in which frame its last octets came.
    last: (Timestamp, u64),
}

/// A message whose head was read.
#[derive(Clone, Copy)]
struct Told {
    head: Head,
    /// Octets of all of it, and of its content.
    bytes: u64,
    content: u64,
    is_incomplete: bool,
    /// A request that was answered before it was complete.
    is_answered: bool,
    response_nanos: Option<u64>,
    outcome: Outcome,
}

impl Told {
    fn asked(&self, time: Timestamp) -> Asked {
        let has_credentials = matches!(self.head.auth, Some("basic" | "bearer"));
        Asked { kind: self.head.kind, time, has_credentials }
    }
}

impl Http {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        let by_port = || flow.side_with_port(&PORTS).map(Side::other);
        let client = flow.requester.or(flow.originator).or_else(by_port);
        let mut connection = Connection::idle(client);
        for side in Side::BOTH {
            // What was sent before is not known: this may be the rest of a message.
            if !*side.of(&flow.from_start) {
                side.of_mut(&mut connection.ends).stage = Stage::Lost;
            }
        }
        let mut http = Self { client, at_work: None };
        http.keep(Box::new(connection));
        http
    }

    fn with(&mut self, to: &mut dyn MessageHandler, take: impl FnOnce(&mut Connection, &mut dyn MessageHandler)) {
        let mut connection = self.at_work.take().unwrap_or_else(|| Box::new(Connection::idle(self.client)));
        take(&mut connection, to);
        self.keep(connection);
    }

    /// Keeps it, if there is anything to be kept.
    fn keep(&mut self, connection: Box<Connection>) {
        self.at_work = Some(connection).filter(|connection| !connection.is_idle());
    }
}

impl Connection {
    fn idle(client: Option<Side>) -> Self {
        Self { client, ends: Default::default(), waiting: Pending::default() }
    }

    fn is_idle(&self) -> bool {
        let is_idle = |end: &End| matches!(end.stage, Stage::Head) && end.gathered.is_empty() && end.told.is_none();
        self.ends.iter().all(is_idle) && self.waiting.is_empty()
    }

    fn is_request(&self, side: Side) -> bool {
        self.client.is_none_or(|client| client == side)
    }

    /// Reads on in what an end sends.
    fn read(&mut self, mut bytes: &[u8], chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let side = chunk.side;
        while !bytes.is_empty() {
            let used = match side.of(&self.ends).stage {
                Stage::Opaque => return,
                Stage::Lost => self.look_for_head(bytes, side, to),
                Stage::Head => self.head(bytes, chunk, to),
                Stage::Body(body) => self.body(body, bytes, chunk, to),
            };
            bytes = bytes.get(used..).unwrap_or_default();
        }
    }

    /// Looks for the next message. Nothing is gathered here: what was is in front of these octets.
    fn look_for_head(&mut self, bytes: &[u8], side: Side, to: &mut dyn MessageHandler) -> usize {
        match lost::next(bytes, self.is_request(side)) {
            Next::At(start) => {
                side.of_mut(&mut self.ends).stage = Stage::Head;
                start
            }
            Next::From(start) => {
                let rest = bytes.get(start..).unwrap_or_default();
                to.copied(rest.len());
                side.of_mut(&mut self.ends).gathered = rest.to_vec();
                bytes.len()
            }
        }
    }

    /// Reads a head, or gathers what there is of it; how many octets that were.
    fn head(&mut self, bytes: &[u8], chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> usize {
        let side = chunk.side;
        let is_request = self.is_request(side);
        let end = side.of_mut(&mut self.ends);
        if end.gathered.is_empty() {
            // RFC 9112 section 2.2: empty lines in front of a message.
            let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if blank > 0 {
                return blank;
            }
            let room = bytes.get(..HEAD_MAX).unwrap_or(bytes);
            let found = if head::may_begin(bytes, is_request) { Ok(head::end(room, 0)) } else { Err(NOT_A_MESSAGE) };
            let whole = match found {
                Ok(Some(whole)) => self.whole(bytes.get(..whole).unwrap_or_default(), chunk, to),
                Ok(None) if bytes.len() < HEAD_MAX => {
                    end.gathered = bytes.to_vec();
                    to.copied(bytes.len());
                    return bytes.len();
                }
                Ok(None) => Err(HEAD_TOO_LONG),
                Err(reason) => Err(reason),
            };
            return whole.unwrap_or_else(|reason| {
                self.lose(side, reason, to);
                // What begins here is none.
                1
            });
        }
        let before = end.gathered.len();
        let room = HEAD_MAX.saturating_sub(before).min(bytes.len());
        end.gathered.extend_from_slice(bytes.get(..room).unwrap_or_default());
        let found = if head::may_begin(&end.gathered, is_request) {
            Ok(head::end(&end.gathered, before))
        } else {
            Err(NOT_A_MESSAGE)
        };
        let whole = match found {
            Ok(None) if end.gathered.len() < HEAD_MAX => {
                to.copied(room);
                return room;
            }
            Ok(None) => Err(HEAD_TOO_LONG),
            Ok(Some(whole)) => Ok(whole),
            Err(reason) => Err(reason),
        };
        let mut gathered = std::mem::take(&mut end.gathered);
        to.held_changed();
        let whole = whole.and_then(|whole| self.whole(gathered.get(..whole).unwrap_or_default(), chunk, to));
        match whole {
            Ok(whole) => whole.saturating_sub(before),
            Err(reason) => {
                self.lose(side, reason, to);
                // What was gathered begins no message; one may begin further on in it.
                gathered.extend_from_slice(bytes.get(room..).unwrap_or_default());
                self.read(gathered.get(1..).unwrap_or_default(), chunk, to);
                bytes.len()
            }
        }
    }

    /// Reads a whole head; how long it is.
    fn whole(&mut self, bytes: &[u8], chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Result<usize, usize> {
        if bytes.starts_with(b"PRI * HTTP/2.0\r\n") {
            self.preface(chunk.side, to);
            return Ok(bytes.len());
        }
        let is_request = self.is_request(chunk.side);
        let head = if is_request { head::request(bytes) } else { head::response(bytes) };
        let head = head.ok_or(UNREADABLE_HEAD)?;
        if head.is_ambiguous {
            to.anomaly(&PROTOCOL, AMBIGUOUS_LENGTH);
        }
        if let Some(software) = head.software.filter(|text| !text.public().is_unreadable()) {
            let clue = if is_request { Clue::HttpAgent } else { Clue::HttpServer };
            to.clue(chunk.side, clue, &software.public());
        }
        let mut told = Told {
            head,
            bytes: bytes.len() as u64,
            content: 0,
            is_incomplete: false,
            is_answered: false,
            response_nanos: None,
            outcome: Outcome::Neutral,
        };
        let next = if is_request { Self::behind_request(&head) } else { self.behind_response(&mut told, chunk, to) };
        let end = chunk.side.of_mut(&mut self.ends);
        end.told = Some(told);
        end.last = (chunk.time, chunk.frame);
        match next {
            Behind::Nothing => self.complete(chunk.side, to),
            Behind::Body(body) => end.stage = Stage::Body(body),
            Behind::Unclear => {
                self.complete(chunk.side, to);
                chunk.side.of_mut(&mut self.ends).stage = Stage::Lost;
            }
            Behind::OtherProtocol => {
                self.complete(chunk.side, to);
                self.ends.iter_mut().for_each(|end| end.stage = Stage::Opaque);
                self.forget_waiting(to);
            }
        }
        Ok(bytes.len())
    }

    /// RFC 9112 section 6.3, items 4 to 7.
    const fn behind_request(head: &Head) -> Behind {
        match head.length {
            Length::Unsaid | Length::Octets(0) => Behind::Nothing,
            Length::Octets(length) => Behind::Body(Body::Octets(length)),
            Length::Chunks => Behind::Body(Body::CHUNKS),
            Length::UntilClose | Length::Unclear => Behind::Unclear,
        }
    }

    /// RFC 9112 section 6.3; and which request this answers.
    fn behind_response(&mut self, told: &mut Told, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Behind {
        let status = told.head.status;
        if (100..200).contains(&status) && status != 101 {
            // RFC 9110 section 15.2: the answer is still to come.
            return Behind::Nothing;
        }
        let asked = self.answered(chunk.side.other(), to);
        told.response_nanos = asked.map(|asked| chunk.time.nanos().saturating_sub(asked.time.nanos()));
        // RFC 9110 section 15.5.2: one without credentials is told how to show them; Digest, NTLM and Negotiate are several
        // rounds of that.
        if matches!(status, 401 | 407) && asked.is_some_and(|asked| asked.has_credentials) {
            told.outcome = Outcome::Negative;
        }
        let kind = asked.map(|asked| asked.kind);
        match (status, told.head.length) {
            (101, _) => Behind::OtherProtocol,
            (200..300, _) if kind == Some(CONNECT_METHOD) => Behind::OtherProtocol,
            (204 | 304, _) => Behind::Nothing,
            _ if kind == Some(HEAD_METHOD) => Behind::Nothing,
            (_, Length::Octets(0)) => Behind::Nothing,
            (_, Length::Octets(length)) => Behind::Body(Body::Octets(length)),
            (_, Length::Chunks) => Behind::Body(Body::CHUNKS),
            (_, Length::Unsaid | Length::UntilClose) => Behind::Body(Body::UntilClose),
            (_, Length::Unclear) => Behind::Unclear,
        }
    }

    /// Takes the request that the answer at hand belongs to: the oldest, or the one that is under way.
    fn answered(&mut self, client: Side, to: &mut dyn MessageHandler) -> Option<Asked> {
        if let Some(asked) = self.waiting.pop_oldest() {
            to.held_changed();
            return Some(asked);
        }
        let End { told, last, .. } = client.of_mut(&mut self.ends);
        let told = told.as_mut().filter(|told| !told.is_answered)?;
        told.is_answered = true;
        Some(told.asked(last.0))
    }

    fn body(&mut self, mut body: Body, bytes: &[u8], chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> usize {
        let (passed, content, step) = body.pass(bytes);
        let end = chunk.side.of_mut(&mut self.ends);
        end.stage = Stage::Body(body);
        end.last = (chunk.time, chunk.frame);
        if let Some(told) = &mut end.told {
            told.bytes = told.bytes.saturating_add(passed as u64);
            told.content = told.content.saturating_add(content as u64);
            told.is_incomplete |= step == Step::Wrong;
        }
        match step {
            Step::More => {}
            Step::Complete => self.complete(chunk.side, to),
            Step::Wrong => {
                self.complete(chunk.side, to);
                self.lose(chunk.side, BAD_CHUNK, to);
            }
        }
        passed
    }

    /// The message at hand is over.
    fn complete(&mut self, side: Side, to: &mut dyn MessageHandler) {
        let end = side.of_mut(&mut self.ends);
        end.stage = Stage::Head;
        let Some(told) = end.told.take() else { return };
        let time = end.last.0;
        if told.head.kind != RESPONSE && !told.is_answered {
            if self.waiting.len() >= WAITING_MAX {
                self.waiting.pop_oldest();
                to.anomaly(&PROTOCOL, TOO_MANY_PENDING);
            }
            self.waiting.push(told.asked(time));
            to.held_changed();
        }
        tell(&told, side, to);
    }

    fn preface(&mut self, side: Side, to: &mut dyn MessageHandler) {
        self.ends.iter_mut().for_each(|end| end.stage = Stage::Opaque);
        self.forget_waiting(to);
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope: Envelope {
                kind: PREFACE,
                side,
                direction: Direction::Request,
                bytes: head::PREFACE.len() as u64,
                incomplete: false,
                response_nanos: None,
                outcome: Outcome::Neutral,
            },
            features: &[],
            more: &[],
        });
    }

    /// Nobody knows where the next message of an end begins, nor which request the next answer belongs to.
    fn lose(&mut self, side: Side, reason: usize, to: &mut dyn MessageHandler) {
        to.anomaly(&PROTOCOL, reason);
        side.of_mut(&mut self.ends).stage = Stage::Lost;
        self.forget_waiting(to);
    }

    fn forget_waiting(&mut self, to: &mut dyn MessageHandler) {
        self.waiting = Pending::default();
        to.held_changed();
    }

    /// Tells the message at hand, of which no more comes.
    fn cut(&mut self, side: Side, is_incomplete: bool, to: &mut dyn MessageHandler) {
        let end = side.of_mut(&mut self.ends);
        if let Some(told) = &mut end.told {
            told.is_incomplete |= is_incomplete;
            to.at(end.last.0, end.last.1);
            self.complete(side, to);
        }
    }

    fn take(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let end = chunk.side.of_mut(&mut self.ends);
        if matches!(end.stage, Stage::Lost) && !end.gathered.is_empty() {
            let mut bytes = std::mem::take(&mut end.gathered);
            bytes.extend_from_slice(chunk.bytes);
            to.held_changed();
            self.read(&bytes, chunk, to);
        } else {
            self.read(chunk.bytes, chunk, to);
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, to: &mut dyn MessageHandler) {
        let end = gap.side.of_mut(&mut self.ends);
        if matches!(end.stage, Stage::Opaque) {
            return;
        }
        if let (Stage::Body(body), Some(told), Some(missing)) = (&mut end.stage, &mut end.told, gap.missing)
            && body.lose(missing)
        {
            told.is_incomplete = true;
            told.bytes = told.bytes.saturating_add(missing);
            told.content = told.content.saturating_add(missing);
            return;
        }
        end.gathered = Vec::new();
        self.cut(gap.side, true, to);
        gap.side.of_mut(&mut self.ends).stage = Stage::Lost;
        self.forget_waiting(to);
    }

    fn finish(&mut self, to: &mut dyn MessageHandler) {
        for side in Side::BOTH {
            let is_over = matches!(side.of(&self.ends).stage, Stage::Body(Body::UntilClose));
            self.cut(side, !is_over, to);
        }
    }

    fn held_bytes(&self) -> usize {
        let gathered = self.ends.iter().map(|end| end.gathered.capacity()).fold(0, usize::saturating_add);
        gathered.saturating_add(self.waiting.held_bytes())
    }
}

/// What follows a head.
#[derive(Clone, Copy)]
enum Behind {
    Nothing,
    Body(Body),
    /// Something of unknown length.
    Unclear,
    /// Both ends go on with something else (RFC 9110 sections 7.8 and 9.3.6).
    OtherProtocol,
}

fn tell(told: &Told, side: Side, to: &mut dyn MessageHandler) {
    let Told { head, bytes, content, is_incomplete, response_nanos, outcome, .. } = told;
    let is_response = head.kind == RESPONSE;
    let software = Value::text(head.software.as_ref().map(head::Text::public));
    let word = |word: Option<&'static str>| word.map_or(Value::None, Value::word);
    let (agent, server) = if is_response { (Value::None, software) } else { (software, Value::None) };
    let status = |number: u16| if is_response { Value::Number(number.into()) } else { Value::None };
    let body = if *content > 0 { Value::Number(*content) } else { Value::None };
    let program = if head.is_program { Value::Flag(true) } else { Value::None };
    // Programs are fetched every day; who sends one to a device is another matter.
    let is_sent = matches!(head.kind, PUT | POST | PATCH);
    let (sent, fetched) = if is_sent { (program, Value::None) } else { (Value::None, program) };
    if let Some(user) = head.login {
        to.login(side, user);
    }
    to.message(&Plain {
        protocol: &PROTOCOL,
        envelope: Envelope {
            kind: head.kind,
            side,
            direction: if is_response { Direction::Response } else { Direction::Request },
            bytes: *bytes,
            incomplete: *is_incomplete,
            response_nanos: *response_nanos,
            outcome: *outcome,
        },
        features: &[
            agent,
            server,
            word(head.resource),
            word(head.auth),
            status(head.status / 100),
            word(head.media),
            sent,
        ],
        more: &[("code", status(head.status)), ("body_bytes", body), ("program", fetched)],
    });
}

impl Dissector for Http {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        self.with(to, |connection, to| connection.take(chunk, to));
        Progress::All
    }

    fn gap(&mut self, gap: &Gap<'_>, to: &mut dyn MessageHandler) {
        self.with(to, |connection, to| connection.gap(gap, to));
    }

    fn finish(&mut self, _: [Chunk<'_>; 2], to: &mut dyn MessageHandler) {
        if let Some(connection) = &mut self.at_work {
            connection.finish(to);
        }
    }

    fn requester(&self) -> Option<Side> {
        self.client
    }

    fn held_bytes(&self) -> usize {
        self.at_work.as_deref().map_or(0, Connection::held_bytes)
    }
}
