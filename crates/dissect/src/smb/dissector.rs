//! The state of one SMB connection: where each end is in its stream, the requests that wait, the shares in use.

use std::collections::VecDeque;

use memchr::memmem;
use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use super::names::{self, Share};
use super::wire::{
    FRAME_HEADER, Facts, Frame, HEADER, Header, Magic, NEGOTIATE_1, Old, Path, SESSION_SETUP_1, TREE_CONNECT_1, command,
};
use super::{COMPRESSED, ENCRYPTED, MALFORMED, NOT_SMB, PORTS, PROTOCOL, SMB1, ntlm, wire};
use crate::clues::{CLUE_MAX, Clue, is_of_product};
use crate::pending::Pending;
use crate::plain::{Plain, Value};
use crate::public::Public;
use crate::{Direction, Dissector, Envelope, Finding, FlowFacts, Gap, MessageHandler, Outcome, Progress, Protocol};

/// Requests that wait in one flow; the oldest is given up. Clients have some dozens under way.
const WAITING_MAX: usize = 128;

/// Shares in use at once whose kind is known; the one that was connected first is forgotten.
const TREES_MAX: usize = 32;

/// Where an end is in its stream.
#[derive(Clone, Copy, Default)]
enum Stage {
    /// A header of NetBIOS follows.
    #[default]
    Frame,
    /// A message, within a frame of which so many octets are left.
    Message { left: usize },
    /// So many octets of a message, then the rest of the frame.
    Body { left: usize, then: usize },
    /// Anything.
    Lost,
}

/// A message that was read, of which octets are still to come.
struct Open {
    told: Told,
    last: (Timestamp, u64),
}

/// All that is told of a message.
struct Told {
    envelope: Envelope,
    facts: Facts,
    auth: Option<&'static str>,
    status: Option<&'static str>,
    more: (&'static str, Value<'static>),
}

/// A request that waits for its answer.
struct Waiting {
    id: u64,
    at: Timestamp,
    share: Option<Share>,
    pipe: Option<&'static str>,
    change: Option<&'static str>,
    writes: bool,
}

pub(super) struct Smb {
    client: Option<Side>,
    stages: [Stage; 2],
    open: [Option<Box<Open>>; 2],
    waiting: Pending<Waiting>,
    trees: Vec<(u32, Share)>,
    /// The share of the last request: what follows it in a compound is on the same one.
    latest: Option<Share>,
    files: Files,
}

/// Files that were opened last; those before are forgotten.
const FILES_MAX: usize = 64;

/// So many files that get a longer name are told, and again at each doubling ...
const RENAMED_MIN: u32 = 20;

/// ... within this time.
const RENAMED_NANOS: u64 = 600 * 1_000_000_000;

/// The files that were opened last, and how many of them got a longer name.
#[derive(Default)]
struct Files {
    opened: VecDeque<Path>,
    since: Timestamp,
    renamed: u32,
    tell_at: u32,
}

impl Files {
    /// Takes a path that is opened (`writes`: to change it) or that a file is to have; how many got a longer name, where that is
    /// to be told.
    fn take(&mut self, path: &[u8], is_rename: bool, writes: bool, now: Timestamp) -> Option<u32> {
        let is_longer = (is_rename || writes) && self.opened.iter().any(|opened| opened.is_lengthened(path));
        if !is_rename {
            let opened = Path::of(path);
            if !self.opened.contains(&opened) {
                if self.opened.len() >= FILES_MAX {
                    self.opened.pop_front();
                }
                self.opened.push_back(opened);
            } else if is_longer {
                // The same once more: it counted.
                return None;
            }
        }
        if !is_longer {
            return None;
        }
        if self.renamed == 0 || now.since(self.since) > RENAMED_NANOS {
            (self.since, self.renamed, self.tell_at) = (now, 0, RENAMED_MIN);
        }
        self.renamed = self.renamed.saturating_add(1);
        if self.renamed < self.tell_at {
            return None;
        }
        self.tell_at = self.renamed.saturating_mul(2);
        Some(self.renamed)
    }
}

impl Smb {
    pub(super) fn new(flow: &FlowFacts) -> Self {
        Self {
            client: flow.originator.or_else(|| flow.side_with_port(&PORTS).map(Side::other)),
            stages: flow.from_start.map(|is| if is { Stage::Frame } else { Stage::Lost }),
            open: [None, None],
            waiting: Pending::default(),
            trees: Vec::new(),
            latest: None,
            files: Files::default(),
        }
    }

    /// Reads a message's start; None when more of it is needed than there is. Gives back how many octets were read, and how
    /// long the message is.
    fn message(
        &mut self,
        bytes: &[u8],
        left: usize,
        chunk: &Chunk<'_>,
        to: &mut dyn MessageHandler,
    ) -> Result<(usize, usize), usize> {
        let need = |wanted: usize| if bytes.len() < wanted { Err(wanted.saturating_sub(bytes.len())) } else { Ok(()) };
        need(left.min(4))?;
        let Some(magic) = Magic::read(bytes) else {
            to.anomaly(&PROTOCOL, NOT_SMB);
            return Ok((0, usize::MAX));
        };
        match magic {
            Magic::Smb2 => {
                need(left.min(HEADER))?;
                let Some(header) = Header::read(bytes).filter(|header| header.command <= command::OPLOCK_BREAK) else {
                    to.anomaly(&PROTOCOL, MALFORMED);
                    return Ok((0, left));
                };
                let length = match header.next {
                    0 => left,
                    next if (HEADER..=left).contains(&next) => next,
                    _ => {
                        to.anomaly(&PROTOCOL, MALFORMED);
                        left
                    }
                };
                let wanted = header.wanted().min(length);
                need(wanted)?;
                self.smb2(&header, bytes.get(..wanted).unwrap_or_default(), length, chunk, to);
                Ok((wanted, length))
            }
            Magic::Smb1 => {
                let wanted = Old::WANTED.min(left);
                need(wanted)?;
                let message = bytes.get(..wanted).unwrap_or_default();
                match Old::read(message) {
                    Some(old) if left >= Old::HEADER => self.smb1(&old, message, left, chunk, to),
                    _ => to.anomaly(&PROTOCOL, MALFORMED),
                }
                Ok((wanted, left))
            }
            Magic::Encrypted | Magic::Compressed => {
                let kind = if magic == Magic::Encrypted { ENCRYPTED } else { COMPRESSED };
                let is_response = self.client == Some(chunk.side.other());
                let told = Told::new(self.envelope(kind, chunk.side, is_response, left));
                self.begin(told, left, 4.min(left), chunk, to);
                Ok((4.min(left), left))
            }
        }
    }

    fn envelope(&self, kind: usize, side: Side, is_response: bool, length: usize) -> Envelope {
        Envelope {
            kind,
            side,
            direction: if is_response { Direction::Response } else { Direction::Request },
            bytes: length as u64,
            incomplete: false,
            response_nanos: None,
            outcome: Outcome::Neutral,
        }
    }

    fn smb2(&mut self, header: &Header, message: &[u8], length: usize, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let (side, is_response) = (chunk.side, header.is_response());
        self.client = Some(if is_response { side.other() } else { side });
        let mut told = Told::new(self.envelope(header.command.into(), side, is_response, length));
        let facts = if !is_response {
            Facts::of_request(header.command, message)
        } else if names::failure(header.status).is_none() && header.status != names::PENDING {
            Facts::of_response(header.command, message)
        } else {
            Some(Facts::default())
        };
        if facts.is_none() {
            to.anomaly(&PROTOCOL, MALFORMED);
        }
        told.facts = facts.unwrap_or_default();
        if header.command == command::SESSION_SETUP {
            told.auth = ntlm::scheme(message).filter(|_| !is_response);
            system(message, side, to);
            if let Some(user) = ntlm::user(message).filter(|_| !is_response) {
                to.login(side, user);
            }
        }
        if is_response {
            self.response(header, &mut told, chunk.time);
            // Nothing is chosen by 2.x.
            if let Some(dialect) = told.facts.dialect.filter(|dialect| *dialect != "2.x") {
                to.clue(side, Clue::SmbDialect, &Public::word(dialect));
            }
        } else {
            self.request(header, &mut told, chunk.time);
            let is_rename = told.facts.change == Some("rename");
            let is_file = is_rename || header.command == command::CREATE && told.facts.share != Some(Share::Ipc);
            if let Some(path) = wire::path(header.command, message).filter(|path| is_file && !path.is_empty())
                && let Some(files) = self.files.take(path, is_rename, told.facts.writes, chunk.time)
            {
                to.finding(&PROTOCOL, Finding::Renaming { side, files });
            }
        }
        to.held_changed();
        self.begin(told, length, message.len(), chunk, to);
    }

    fn request(&mut self, header: &Header, told: &mut Told, at: Timestamp) {
        let facts = &mut told.facts;
        if header.command != command::TREE_CONNECT {
            let known = header.tree.and_then(|tree| self.trees.iter().find(|(id, _)| *id == tree));
            let latest = if header.is_related() { self.latest } else { None };
            facts.share = known.map(|(_, share)| *share).or(latest);
            self.latest = facts.share;
        }
        if facts.share != Some(Share::Ipc) {
            facts.pipe = None;
        }
        if header.command == command::TREE_DISCONNECT {
            self.trees.retain(|(id, _)| Some(*id) != header.tree);
        }
        // A cancel has the id of what it cancels, and no answer (MS-SMB2 section 3.2.4.24).
        if header.command != command::CANCEL {
            let Facts { share, pipe, change, writes, .. } = *facts;
            self.wait(Waiting { id: header.message_id, at, share, pipe, change, writes });
        }
    }

    fn wait(&mut self, waiting: Waiting) {
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_oldest();
        }
        self.waiting.push(waiting);
    }

    fn response(&mut self, header: &Header, told: &mut Told, now: Timestamp) {
        let Told { envelope, facts, .. } = told;
        if header.status == names::PENDING {
            told.more = ("pending", Value::Flag(true));
            return;
        }
        let asked = self.waiting.take(|waiting| waiting.id == header.message_id);
        envelope.response_nanos = asked.as_ref().map(|asked| now.nanos().saturating_sub(asked.at.nanos()));
        if let Some(asked) = &asked {
            (facts.share, facts.pipe, facts.change) = (asked.share, asked.pipe, asked.change);
        }
        if let Some(kind) = facts.share_type {
            facts.share = Share::of_type(kind, facts.share);
            if let (Some(share), Some(tree)) = (facts.share, header.tree) {
                if self.trees.len() >= TREES_MAX {
                    self.trees.remove(0);
                }
                self.trees.push((tree, share));
            }
        }
        let failure = names::failure(header.status);
        let opens = matches!(header.command, command::NEGOTIATE | command::SESSION_SETUP | command::TREE_CONNECT);
        // A file that may not be read is everyday life; one that may not be changed is not.
        let writes = header.command == command::CREATE && asked.is_some_and(|asked| asked.writes);
        let is_refused = failure.is_some_and(names::is_refusal);
        told.status = failure.filter(|_| opens || writes && is_refused);
        envelope.outcome = match failure {
            Some(_) if is_refused && (opens || writes) => Outcome::Negative,
            None if header.status == 0 => Outcome::Positive,
            _ => Outcome::Neutral,
        };
        if let Some(login) = facts.login {
            told.more = ("login", Value::word(login));
        }
    }

    fn smb1(&mut self, old: &Old, message: &[u8], length: usize, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let (side, is_response) = (chunk.side, old.is_response);
        self.client = Some(if is_response { side.other() } else { side });
        let mut told = Told::new(self.envelope(SMB1, side, is_response, length));
        told.facts.dialect = old.dialect;
        told.more = ("command", Value::Number(old.command.into()));
        if old.command == SESSION_SETUP_1 {
            told.auth = ntlm::scheme(message).filter(|_| !is_response);
            system(message, side, to);
            if let Some(user) = ntlm::user(message).filter(|_| !is_response) {
                to.login(side, user);
            }
        }
        // Not an id of SMB 2, which a client that begins with SMB 1 goes on to.
        let id = old.id | 1 << 63;
        if is_response {
            let asked = self.waiting.take(|waiting| waiting.id == id);
            told.envelope.response_nanos = asked.map(|asked| chunk.time.nanos().saturating_sub(asked.at.nanos()));
            let opens = matches!(old.command, NEGOTIATE_1 | SESSION_SETUP_1 | TREE_CONNECT_1);
            told.status = names::failure(old.status).filter(|_| opens);
            if told.status.is_some_and(names::is_refusal) {
                told.envelope.outcome = Outcome::Negative;
            }
            if let Some(dialect) = old.dialect {
                to.clue(side, Clue::SmbDialect, &Public::word(dialect));
            }
        } else {
            let at = chunk.time;
            self.wait(Waiting { id, at, share: None, pipe: None, change: None, writes: false });
        }
        to.held_changed();
        self.begin(told, length, message.len(), chunk, to);
    }

    /// Tells a message, or keeps it until all of its octets came.
    fn begin(&mut self, told: Told, length: usize, read: usize, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        if length <= read {
            return told.tell(to);
        }
        let last = (chunk.time, chunk.frame);
        *chunk.side.of_mut(&mut self.open) = Some(Box::new(Open { told, last }));
        to.held_changed();
    }

    /// No more comes of the message under way.
    fn cut(&mut self, side: Side, to: &mut dyn MessageHandler) {
        if let Some(mut open) = side.of_mut(&mut self.open).take() {
            let (time, frame) = open.last;
            to.at(time, frame);
            open.told.envelope.incomplete = true;
            open.told.tell(to);
        }
    }
}

/// Where an end is that has passed over some octets of a message.
fn behind(passed: usize, left: usize, then: usize) -> Stage {
    match left.saturating_sub(passed) {
        0 if then == 0 => Stage::Frame,
        0 => Stage::Message { left: then },
        left => Stage::Body { left, then },
    }
}

/// The system of who sends a token.
fn system(token: &[u8], side: Side, to: &mut dyn MessageHandler) {
    if let Some((major, minor, build)) = ntlm::version(token) {
        let text = format!("Windows NT {major}.{minor}.{build}");
        to.clue(side, Clue::SmbSystem, &Public::shaped(text.as_bytes(), CLUE_MAX, is_of_product));
    }
}

impl Told {
    fn new(envelope: Envelope) -> Self {
        Self { envelope, facts: Facts::default(), auth: None, status: None, more: ("pending", Value::None) }
    }

    fn tell(&self, to: &mut dyn MessageHandler) {
        let word = |word: Option<&'static str>| word.map_or(Value::None, Value::word);
        let Facts { dialect, signing, share, pipe, change, octets, .. } = self.facts;
        to.message(&Plain {
            protocol: &PROTOCOL,
            envelope: self.envelope,
            features: &[
                word(dialect),
                word(signing),
                word(self.auth),
                word(share.map(Share::word)),
                word(pipe),
                word(change),
                word(self.status),
                Value::number(octets),
            ],
            more: &[self.more],
        });
    }
}

/// Where the next header of NetBIOS with a message behind it stands, or how many octets at the end may still begin one.
fn find(bytes: &[u8]) -> Result<usize, usize> {
    for at in memmem::find_iter(bytes, b"SMB") {
        let Some(start) = at.checked_sub(5) else { continue };
        let frame = bytes.get(start..).unwrap_or_default();
        let Some((header, message)) = frame.split_first_chunk() else { continue };
        if matches!(Frame::read(*header), Some(Frame::Messages(_))) && Magic::read(message).is_some() {
            return Ok(start);
        }
    }
    Err(bytes.len().min(7))
}

impl Dissector for Smb {
    fn protocol(&self) -> &'static Protocol {
        &PROTOCOL
    }

    fn dissect(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> Progress {
        let (side, mut took) = (chunk.side, 0usize);
        loop {
            let rest = chunk.bytes.get(took..).unwrap_or_default();
            if rest.is_empty() {
                return Progress::All;
            }
            let (length, next) = match *side.of(&self.stages) {
                Stage::Frame => {
                    let Some(header) = rest.first_chunk::<FRAME_HEADER>() else {
                        return Progress::Need { took, more: FRAME_HEADER.saturating_sub(rest.len()) };
                    };
                    let next = match Frame::read(*header) {
                        Some(Frame::Messages(0) | Frame::Session(0)) => Stage::Frame,
                        Some(Frame::Messages(left)) => Stage::Message { left },
                        Some(Frame::Session(left)) => Stage::Body { left, then: 0 },
                        None => {
                            to.anomaly(&PROTOCOL, NOT_SMB);
                            *side.of_mut(&mut self.stages) = Stage::Lost;
                            continue;
                        }
                    };
                    (FRAME_HEADER, next)
                }
                Stage::Message { left } => {
                    let message = rest.get(..left).unwrap_or(rest);
                    match self.message(message, left, chunk, to) {
                        Err(more) => return Progress::Need { took, more },
                        Ok((_, usize::MAX)) => (0, Stage::Lost),
                        Ok((read, length)) => {
                            let body = length.saturating_sub(read);
                            (read, behind(0, body, left.saturating_sub(length)))
                        }
                    }
                }
                Stage::Body { left, then } => {
                    let passed = left.min(rest.len());
                    let next = behind(passed, left, then);
                    if let Some(open) = side.of_mut(&mut self.open) {
                        open.last = (chunk.time, chunk.frame);
                        if passed == left {
                            open.told.tell(to);
                            *side.of_mut(&mut self.open) = None;
                            to.held_changed();
                        }
                    }
                    (passed, next)
                }
                Stage::Lost => match find(rest) {
                    Ok(start) => (start, Stage::Frame),
                    Err(keep) => {
                        return Progress::Need { took: took.saturating_add(rest.len().saturating_sub(keep)), more: 1 };
                    }
                },
            };
            *side.of_mut(&mut self.stages) = next;
            took = took.saturating_add(length);
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, to: &mut dyn MessageHandler) {
        let (side, held) = (gap.side, gap.held.bytes.len());
        let missing = gap.missing.and_then(|missing| usize::try_from(missing).ok());
        let gone = missing.map(|missing| missing.saturating_add(held));
        let next = match (*side.of(&self.stages), gone) {
            // Within a body: it is shorter for us.
            (Stage::Body { left, then }, Some(gone)) if gone < left => {
                if let Some(open) = side.of_mut(&mut self.open) {
                    open.told.envelope.incomplete = true;
                }
                Stage::Body { left: left.saturating_sub(gone), then }
            }
            (Stage::Message { left }, Some(gone)) if gone < left => {
                Stage::Body { left: left.saturating_sub(gone), then: 0 }
            }
            _ => {
                self.cut(side, to);
                Stage::Lost
            }
        };
        *side.of_mut(&mut self.stages) = next;
    }

    fn finish(&mut self, _: [Chunk<'_>; 2], to: &mut dyn MessageHandler) {
        for side in Side::BOTH {
            self.cut(side, to);
        }
    }

    fn requester(&self) -> Option<Side> {
        self.client
    }

    fn held_bytes(&self) -> usize {
        let open = self.open.iter().flatten().count().saturating_mul(size_of::<Open>());
        let trees = self.trees.capacity().saturating_mul(size_of::<(u32, Share)>());
        let files = self.files.opened.capacity().saturating_mul(size_of::<Path>());
        self.waiting.held_bytes().saturating_add(open).saturating_add(trees).saturating_add(files)
    }
}
