//! The state of one control connection: the commands that wait, and how one logged in.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::wire::{Command, LINE_MAX, Reply, server, trimmed};
use super::{AUTH, NOT_FTP, PASS, PORT, PROTOCOL, REPLY, RETR, STOR, TOO_LONG, USER};
use crate::clues::Clue;
use crate::digest::digest;
use crate::pending::Pending;
use crate::plain::{Plain, Value};
use crate::{Direction, Dissector, Envelope, FlowFacts, Gap, MessageHandler, Outcome, Progress, Protocol};

/// Commands that wait in one flow; the oldest is given up. Nearly all clients send one at a time (RFC 959 section 5.4).
const WAITING_MAX: usize = 16;

/// Where an end is in its stream.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Line,
    /// The rest of a line that is not read.
    Skip,
}

/// A reply of which lines are still to come.
struct Open {
    code: u16,
    bytes: usize,
}

pub(super) struct Ftp {
    client: Option<Side>,
    stages: [Stage; 2],
    open: Option<Open>,
    waiting: Pending<(usize, Timestamp)>,
    has_greeted: bool,
    /// The reply at hand greets, and answers nothing: also a client that sent commands before it (RFC 959 section 5.4).
    greets: bool,
    is_anonymous: bool,
    /// TLS follows (RFC 4217 section 4).
    is_encrypted: bool,
}

impl Ftp {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        let by_port = flow.side_with_port(&[PORT]).map(Side::other);
        let [a, b] = flow.from_start;
        Self {
            client: flow.requester.or(flow.originator).or(by_port),
            stages: [Stage::Line; 2],
            open: None,
            waiting: Pending::default(),
            has_greeted: !(a && b),
            greets: false,
            is_anonymous: false,
            is_encrypted: false,
        }
    }

    fn line(&mut self, line: &[u8], chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let text = trimmed(line);
        // What sends a reply is a server, whoever opened the connection.
        let client = *self
            .client
            .get_or_insert_with(|| if Reply::read(text).is_some() { chunk.side.other() } else { chunk.side });
        if client == chunk.side {
            self.command(text, line.len(), chunk, to);
        } else {
            self.reply(text, line.len(), chunk, to);
        }
    }

    fn command(&mut self, line: &[u8], bytes: usize, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let Some(command) = Command::read(line) else { return to.anomaly(&PROTOCOL, NOT_FTP) };
        if command.kind == USER {
            self.is_anonymous = command.is_anonymous();
            to.login(chunk.side, digest(line.iter().skip(4).copied()));
        }
        let login = match command.kind {
            USER if self.is_anonymous => Value::word("anonymous"),
            PASS => Value::word(if self.is_anonymous { "anonymous" } else { "clear" }),
            _ => Value::None,
        };
        let is_program = matches!(command.kind, RETR | STOR) && command.is_of_program();
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_oldest();
        }
        self.waiting.push((command.kind, chunk.time));
        to.held_changed();
        let envelope = envelope(command.kind, chunk.side, Direction::Request, bytes);
        tell(envelope, [Value::None, Value::None, login, flag(is_program)], to);
    }

    fn reply(&mut self, line: &[u8], bytes: usize, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let reply = Reply::read(line);
        let (code, all) = match (&mut self.open, reply) {
            // Within a reply of several lines only its code and a space end it (RFC 959 section 4.2).
            (Some(open), Some(reply)) if reply.code == open.code && !reply.goes_on => {
                let all = open.bytes.saturating_add(bytes);
                self.open = None;
                (reply.code, all)
            }
            (Some(open), _) => {
                open.bytes = open.bytes.saturating_add(bytes);
                return;
            }
            (None, None) => return to.anomaly(&PROTOCOL, NOT_FTP),
            (None, Some(reply)) => {
                self.greeting(&reply, chunk.side, to);
                if reply.goes_on {
                    self.open = Some(Open { code: reply.code, bytes });
                    return;
                }
                (reply.code, bytes)
            }
        };
        // More follows (RFC 959 section 4.2.1).
        let is_preliminary = code < 200;
        let greets = std::mem::take(&mut self.greets);
        let asked = if is_preliminary || greets { None } else { self.waiting.pop_oldest() };
        let about = asked.or(self.waiting.iter().next().copied().filter(|_| is_preliminary && !greets));
        to.held_changed();
        if code == 234 && about.is_some_and(|(kind, _)| kind == AUTH) {
            self.is_encrypted = true;
        }
        let mut envelope = envelope(REPLY, chunk.side, Direction::Response, all);
        envelope.response_nanos = asked.map(|(_, at)| chunk.time.nanos().saturating_sub(at.nanos()));
        envelope.outcome = match code {
            530 => Outcome::Negative,
            200..=399 => Outcome::Positive,
            _ => Outcome::Neutral,
        };
        let command =
            about.and_then(|(kind, _)| PROTOCOL.kinds.get(kind)).map_or(Value::None, |kind| Value::word(kind));
        tell(envelope, [command, Value::Number(code.into()), Value::None, Value::None], to);
    }

    /// The first reply says what the server is.
    fn greeting(&mut self, reply: &Reply<'_>, side: Side, to: &mut dyn MessageHandler) {
        self.greets = !self.has_greeted && matches!(reply.code, 120 | 220);
        if self.greets
            && let Some(server) = server(reply.text)
        {
            to.clue(side, Clue::FtpServer, &server);
        }
        // 120: ready in some minutes; 220 follows.
        self.has_greeted = reply.code != 120;
    }
}

fn flag(flag: bool) -> Value<'static> {
    if flag { Value::Flag(true) } else { Value::None }
}

fn envelope(kind: usize, side: Side, direction: Direction, bytes: usize) -> Envelope {
    let bytes = bytes as u64;
    let outcome = Outcome::Neutral;
    Envelope { kind, side, direction, bytes, incomplete: false, response_nanos: None, outcome }
}

fn tell(envelope: Envelope, features: [Value<'_>; 4], to: &mut dyn MessageHandler) {
    to.message(&Plain { protocol: &PROTOCOL, envelope, features: &features, more: &[] });
}

impl Dissector for Ftp {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        let (side, mut took) = (chunk.side, 0usize);
        loop {
            let rest = chunk.bytes.get(took..).unwrap_or_default();
            if rest.is_empty() || self.is_encrypted {
                return Progress::All;
            }
            let end = memchr::memchr(b'\n', rest).map(|end| end.saturating_add(1));
            match (*side.of(&self.stages), end) {
                (Stage::Line, Some(end)) if end <= LINE_MAX => {
                    self.line(rest.get(..end).unwrap_or_default(), chunk, to);
                }
                (Stage::Line, None) if rest.len() < LINE_MAX => return Progress::Need { took, more: 1 },
                (Stage::Line, _) => {
                    to.anomaly(&PROTOCOL, TOO_LONG);
                    *side.of_mut(&mut self.stages) = Stage::Skip;
                    continue;
                }
                (Stage::Skip, Some(_)) => *side.of_mut(&mut self.stages) = Stage::Line,
                (Stage::Skip, None) => return Progress::All,
            }
            took = took.saturating_add(end.unwrap_or_default());
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, _: &mut dyn MessageHandler) {
        // Which command a later reply answers is not known any more.
        self.waiting = Pending::default();
        *gap.side.of_mut(&mut self.stages) = Stage::Skip;
        if self.client != Some(gap.side) {
            self.open = None;
        }
    }

    fn finish(&mut self, _: [Chunk<'_>; 2], _: &mut dyn MessageHandler) {}

    fn requester(&self) -> Option<Side> {
        self.client
    }

    fn held_bytes(&self) -> usize {
        self.waiting.held_bytes()
    }
}
