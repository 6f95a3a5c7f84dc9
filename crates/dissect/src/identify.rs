//! Which protocol a flow speaks: by content on any port, ports only break ties.
//!
//! Until a probe says yes, what was seen is kept (up to [`EARLY_MAX`]) with the frame it came in, and given to the
//! dissector once there is one, so that nothing before the naming is lost. A flow that nobody recognised is tried again
//! at the start of every segment: it may have been caught in the middle.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use crate::{Dissector, Evidence, FlowFacts, Gap, MessageHandler, PROTOCOLS, Probe, Progress, Protocol};

/// The most bytes kept of each direction before a flow has a name. Every probe has made up its mind long before: the
/// longest look that one needs is two Modbus ADUs of 260 octets.
pub const EARLY_MAX: usize = 2048;

/// The most bytes kept of one direction for a message that spans chunks. The longest thing gathered whole is an
/// association request: 128 presentation contexts with a dozen transfer syntaxes each stay below this.
pub const HELD_MAX: usize = 256 * 1024;

/// One flow's application side: a name once it is known, and the dissector.
#[derive(Default)]
pub struct Conversation {
    state: State,
    /// Bytes of this end were lost before the flow had a name.
    lost: [bool; 2],
    held: [Option<Box<Held>>; 2],
}

#[derive(Default)]
enum State {
    /// Nothing recognised (yet); `tls` once a TLS record was seen.
    #[default]
    New,
    Early(Box<Early>),
    Unknown {
        tls: bool,
    },
    Named {
        protocol: &'static Protocol,
        dissector: Box<dyn Dissector>,
    },
}

/// What a flow has turned out to be.
#[derive(Clone, Copy)]
pub enum Recognised {
    /// Nothing that wardtap knows, or nothing yet.
    Unknown,
    /// TLS: encrypted, whatever is inside.
    Tls,
    /// A protocol that is dissected.
    Protocol(&'static Protocol),
}

struct Held {
    bytes: Vec<u8>,
    more: usize,
    /// When and in which frame the last of them came.
    last: (Timestamp, u64),
}

impl Held {
    fn chunk_of(held: Option<&Self>, side: Side) -> Chunk<'_> {
        let (time, frame) = held.map_or_else(Default::default, |held| held.last);
        Chunk { side, time, frame, bytes: held.map_or(&[], |held| &held.bytes) }
    }
}

/// What was seen before the flow had a name.
struct Early {
    bytes: [Vec<u8>; 2],
    pieces: Vec<Piece>,
    ruled_out: [bool; PROTOCOLS.len()],
}

struct Piece {
    side: Side,
    time: Timestamp,
    frame: u64,
    length: usize,
}

impl Early {
    /// Drops what was kept of one end; true where nothing is left.
    fn forget(&mut self, side: Side) -> bool {
        side.of_mut(&mut self.bytes).clear();
        self.pieces.retain(|piece| piece.side != side);
        self.ruled_out = Default::default();
        self.pieces.is_empty()
    }
}

impl Conversation {
    /// What the flow speaks, as far as is known.
    #[must_use]
    pub fn recognised(&self) -> Recognised {
        match &self.state {
            State::Named { protocol, .. } => Recognised::Protocol(protocol),
            State::Unknown { tls: true } => Recognised::Tls,
            _ => Recognised::Unknown,
        }
    }

    /// True after bytes that nobody recognised: the next segment is tried as if it were the first.
    pub(crate) const fn is_unrecognised(&self) -> bool {
        matches!(self.state, State::Unknown { .. })
    }

    /// True while there are bytes, and more are needed to name the flow: a gap now makes them useless.
    pub(crate) const fn is_undecided(&self) -> bool {
        matches!(self.state, State::Early(_))
    }

    /// The end that sends requests, once the protocol has shown it.
    #[must_use]
    pub fn requester(&self) -> Option<Side> {
        match &self.state {
            State::Named { dissector, .. } => dissector.requester(),
            _ => None,
        }
    }

    /// Takes the next bytes of one direction where the flow has a name; false, with nothing done, where it has none.
    #[inline]
    pub fn push_named(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> bool {
        if let State::Named { dissector, .. } = &mut self.state {
            feed(dissector.as_mut(), chunk.side.of_mut(&mut self.held), chunk, to);
            return true;
        }
        false
    }

    /// Takes the next bytes of one direction.
    pub fn push(&mut self, flow: &FlowFacts, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        if !self.push_named(chunk, to) {
            self.recognise(flow, chunk, to);
        }
    }

    /// Bytes of one direction are missing (`None`: nobody knows how many).
    pub fn gap(&mut self, side: Side, missing: Option<u64>, to: &mut dyn MessageHandler) {
        match &mut self.state {
            State::Named { dissector, .. } => {
                let held = side.of_mut(&mut self.held).take();
                dissector.gap(&Gap { side, held: Held::chunk_of(held.as_deref(), side), missing }, to);
            }
            // What came before the gap and what follows cannot be read as one.
            State::Early(early) => {
                *side.of_mut(&mut self.lost) = true;
                if early.forget(side) {
                    self.state = State::New;
                }
            }
            State::New | State::Unknown { .. } => *side.of_mut(&mut self.lost) = true,
        }
    }

    /// The flow has ended; what it has turned out to be is still known afterwards.
    pub fn finish(&mut self, to: &mut dyn MessageHandler) {
        let held = std::mem::take(&mut self.held);
        if let State::Named { dissector, .. } = &mut self.state {
            dissector.finish(Side::BOTH.map(|side| Held::chunk_of(side.of(&held).as_deref(), side)), to);
        }
        if let State::Early(_) = self.state {
            self.state = State::New;
        }
    }

    /// Bytes of memory that this flow holds because a message or its name is incomplete.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let held = self.held.iter().flatten().map(|held| held.bytes.capacity()).sum::<usize>();
        let state = match &self.state {
            State::Early(early) => early.bytes.iter().map(Vec::capacity).sum(),
            State::Named { dissector, .. } => dissector.held_bytes(),
            State::New | State::Unknown { .. } => 0,
        };
        held.saturating_add(state)
    }

    fn recognise(&mut self, flow: &FlowFacts, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        if chunk.bytes.is_empty() {
            return;
        }
        let mut early = match std::mem::take(&mut self.state) {
            State::Early(early) => early,
            _ => match probe_first(flow, chunk) {
                Verdict::Named(protocol, requester) => {
                    self.name(protocol, flow, requester);
                    self.push(flow, chunk, to);
                    return;
                }
                Verdict::Nothing => {
                    self.state = State::Unknown { tls: looks_like_tls(chunk.bytes) };
                    return;
                }
                Verdict::Unsure(ruled_out) => {
                    Box::new(Early { bytes: Default::default(), pieces: Vec::new(), ruled_out })
                }
            },
        };
        early.pieces.push(Piece { side: chunk.side, time: chunk.time, frame: chunk.frame, length: chunk.bytes.len() });
        chunk.side.of_mut(&mut early.bytes).extend_from_slice(chunk.bytes);
        to.copied(chunk.bytes.len());
        let [a, b] = &early.bytes;
        let first = early.pieces.first().map_or(chunk.side, |piece| piece.side);
        let evidence = Evidence { flow, bytes: [a, b], first };
        match probe(&evidence, &mut early.ruled_out) {
            Verdict::Named(protocol, requester) => {
                self.name(protocol, flow, requester);
                self.replay(&early, flow, to);
            }
            Verdict::Unsure(_) if a.len().max(b.len()) < EARLY_MAX => self.state = State::Early(early),
            Verdict::Unsure(_) | Verdict::Nothing => {
                self.state = State::Unknown { tls: looks_like_tls(first.of::<Vec<u8>>(&early.bytes)) };
            }
        }
    }

    fn name(&mut self, protocol: &'static Protocol, flow: &FlowFacts, requester: Option<Side>) {
        let [a, b] = flow.from_start;
        let [lost_a, lost_b] = self.lost;
        let facts = FlowFacts { requester, from_start: [a && !lost_a, b && !lost_b], ..*flow };
        self.state = State::Named { protocol, dissector: (protocol.dissector)(&facts) };
    }

    /// Gives the dissector what was kept, in the order and with the frames in which it came.
    fn replay(&mut self, early: &Early, flow: &FlowFacts, to: &mut dyn MessageHandler) {
        let mut used = [0usize; 2];
        for piece in &early.pieces {
            let start = *piece.side.of(&used);
            let end = start.saturating_add(piece.length);
            *piece.side.of_mut(&mut used) = end;
            let bytes: &Vec<u8> = piece.side.of(&early.bytes);
            let bytes = bytes.get(start..end).unwrap_or_default();
            to.at(piece.time, piece.frame);
            self.push(flow, &Chunk { side: piece.side, time: piece.time, frame: piece.frame, bytes }, to);
        }
    }
}

enum Verdict {
    Named(&'static Protocol, Option<Side>),
    Unsure([bool; PROTOCOLS.len()]),
    Nothing,
}

fn probe_first(flow: &FlowFacts, chunk: &Chunk<'_>) -> Verdict {
    let bytes = match chunk.side {
        Side::A => [chunk.bytes, &[][..]],
        Side::B => [&[][..], chunk.bytes],
    };
    probe(&Evidence { flow, bytes, first: chunk.side }, &mut [false; PROTOCOLS.len()])
}

fn probe(evidence: &Evidence<'_>, ruled_out: &mut [bool; PROTOCOLS.len()]) -> Verdict {
    for (protocol, out) in PROTOCOLS.iter().zip(ruled_out.iter_mut()) {
        if *out {
            continue;
        }
        match (protocol.probe)(evidence) {
            Probe::Yes(requester) => return Verdict::Named(protocol, requester),
            Probe::No => *out = true,
            Probe::Unsure => {}
        }
    }
    if ruled_out.iter().all(|&out| out) { Verdict::Nothing } else { Verdict::Unsure(*ruled_out) }
}

/// A TLS record that holds a handshake: content type 22, version 3.x (RFC 8446 section 5.1).
fn looks_like_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [22, 3, 0..=4, _, _, 1 | 2, ..])
}

/// Passes a chunk on, putting it behind what the dissector left over from the last one.
#[inline]
fn feed(dissector: &mut dyn Dissector, held: &mut Option<Box<Held>>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
    if held.is_some() {
        return complete(dissector, held, chunk, to);
    }
    if !chunk.bytes.is_empty()
        && let Progress::Need { took, more } = dissector.dissect(chunk, to)
    {
        keep(dissector, held, chunk, took, more, to);
    }
}

/// Reads on where bytes were left over.
///
/// Only as many bytes as the dissector asked for are copied: the rest of the chunk is read in place again.
fn complete(
    dissector: &mut dyn Dissector,
    held: &mut Option<Box<Held>>,
    chunk: &Chunk<'_>,
    to: &mut dyn MessageHandler,
) {
    let mut bytes = chunk.bytes;
    while let Some(waiting) = held {
        if bytes.is_empty() {
            return;
        }
        let (wanted, rest) = bytes.split_at(waiting.more.min(bytes.len()));
        waiting.bytes.extend_from_slice(wanted);
        waiting.more = waiting.more.saturating_sub(wanted.len());
        waiting.last = (chunk.time, chunk.frame);
        to.copied(wanted.len());
        bytes = rest;
        if waiting.more > 0 {
            return;
        }
        match dissector.dissect(&Chunk { bytes: &waiting.bytes, ..*chunk }, to) {
            Progress::All => *held = None,
            // What is left is all in this chunk: read in place, or garbage would be gone through in steps of `more`.
            Progress::Need { took, more }
                if waiting.bytes.len().saturating_sub(took) <= wanted.len() && more <= rest.len() =>
            {
                let left = waiting.bytes.len().saturating_sub(took);
                let start = chunk.bytes.len().saturating_sub(rest.len()).saturating_sub(left);
                bytes = chunk.bytes.get(start..).unwrap_or_default();
                *held = None;
            }
            Progress::Need { took, more } => {
                debug_assert!(took <= waiting.bytes.len(), "took {took} of {} bytes", waiting.bytes.len());
                waiting.bytes.drain(..took.min(waiting.bytes.len()));
                waiting.more = more.max(1);
                if waiting.bytes.len().saturating_add(waiting.more) > HELD_MAX {
                    let kept = Chunk { bytes: &waiting.bytes, ..*chunk };
                    dissector.gap(&Gap { side: chunk.side, held: kept, missing: None }, to);
                    *held = None;
                }
            }
        }
    }
    feed(dissector, held, &Chunk { bytes, ..*chunk }, to);
}

/// Keeps the rest of a chunk until more of it comes.
fn keep(
    dissector: &mut dyn Dissector,
    held: &mut Option<Box<Held>>,
    chunk: &Chunk<'_>,
    took: usize,
    more: usize,
    to: &mut dyn MessageHandler,
) {
    debug_assert!(took <= chunk.bytes.len(), "took {took} of {} bytes", chunk.bytes.len());
    let rest = chunk.bytes.get(took..).unwrap_or_default();
    if rest.len().saturating_add(more) > HELD_MAX {
        dissector.gap(&Gap { side: chunk.side, held: Chunk { bytes: rest, ..*chunk }, missing: None }, to);
    } else {
        to.copied(rest.len());
        let last = (chunk.time, chunk.frame);
        *held = Some(Box::new(Held { bytes: rest.to_vec(), more: more.max(1), last }));
    }
}
