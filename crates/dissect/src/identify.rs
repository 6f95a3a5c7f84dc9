//! Which protocol a flow speaks: by content on any port, ports only break ties.
//!
//! Until a probe says yes, what was seen is kept (up to [`EARLY_MAX`]) with the frame it came in, and given to the
//! dissector once there is one, so that nothing before the naming is lost. What no protocol begins with is dropped, and
//! the flow tried again at the start of every segment: it may have been caught in the middle. Only then, for a segment
//! may begin anywhere: names would depend on how the bytes were cut.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use crate::{Dissector, Evidence, FlowFacts, Gap, MessageHandler, PROTOCOLS, Probe, Progress, Protocol};

/// The most bytes kept of each direction before a flow has a name. The longest look that a probe needs is two Modbus ADUs
/// of 260 octets, but where DICOM waits for the PDU behind a data set: that can be any number of bytes away.
pub const EARLY_MAX: usize = 2048;

/// The most bytes kept of one direction for a message that spans chunks. The longest thing gathered whole is an
/// association request: 128 presentation contexts with a dozen transfer syntaxes each stay below this.
pub const HELD_MAX: usize = 256 * 1024;

/// One flow's application side: a name once it is known, and the dissector.
#[derive(Default)]
pub struct Conversation {
    state: State,
    tls: bool,
    /// Bytes were dropped before the flow had a name.
    dropped: bool,
    /// The dissector is not given the first bytes of this end: they were dropped, or did not come.
    lost: [bool; 2],
    /// What it held when this was last counted.
    counted: u32,
    held: [Option<Box<Held>>; 2],
}

#[derive(Default)]
enum State {
    /// Nothing is kept: the next segment is tried.
    #[default]
    New,
    Early(Box<Early>),
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
#[derive(Default)]
struct Early {
    bytes: [Vec<u8>; 2],
    pieces: Vec<Piece>,
}

struct Piece {
    side: Side,
    time: Timestamp,
    frame: u64,
    length: usize,
}

impl Early {
    fn held_bytes(&self) -> usize {
        let [a, b] = &self.bytes;
        let pieces = self.pieces.capacity().saturating_mul(size_of::<Piece>());
        [a.capacity(), b.capacity(), pieces].into_iter().fold(size_of::<Self>(), usize::saturating_add)
    }

    fn keep(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let Chunk { side, time, frame, bytes } = *chunk;
        self.pieces.push(Piece { side, time, frame, length: bytes.len() });
        side.of_mut(&mut self.bytes).extend_from_slice(bytes);
        to.copied(bytes.len());
    }

    fn pieces_of(&self, side: Side) -> usize {
        self.pieces.iter().filter(|piece| piece.side == side).count()
    }

    fn forget(&mut self, side: Side) {
        side.of_mut(&mut self.bytes).clear();
        self.pieces.retain(|piece| piece.side != side);
    }
}

impl Conversation {
    /// What the flow speaks, as far as is known.
    #[must_use]
    pub fn recognised(&self) -> Recognised {
        match &self.state {
            State::Named { protocol, .. } => Recognised::Protocol(protocol),
            _ if self.tls => Recognised::Tls,
            _ => Recognised::Unknown,
        }
    }

    /// True where bytes were dropped before the flow had a name, so that it depends on the cuts.
    pub(crate) const fn has_dropped(&self) -> bool {
        self.dropped
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
                self.dropped |= early.pieces_of(side) > 0;
                early.forget(side);
                if early.pieces.is_empty() {
                    self.state = State::New;
                }
            }
            State::New => *side.of_mut(&mut self.lost) = true,
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

    /// Bytes of memory that this flow holds because a message or its name is incomplete, or an answer is to come.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let held = |held: &Held| size_of::<Held>().saturating_add(held.bytes.capacity());
        let held = self.held.iter().flatten().map(|kept| held(kept)).fold(0, usize::saturating_add);
        let state = match &self.state {
            State::Early(early) => early.held_bytes(),
            State::Named { dissector, .. } => dissector.held_bytes(),
            State::New => 0,
        };
        held.saturating_add(state)
    }

    /// What it held when it was last counted.
    #[must_use]
    pub const fn counted_bytes(&self) -> usize {
        self.counted as usize
    }

    /// Counts what it holds; gives back by how much that has changed since the last time.
    pub fn count_held(&mut self) -> isize {
        let before = self.counted;
        self.counted = u32::try_from(self.held_bytes()).unwrap_or(u32::MAX);
        isize::try_from(i64::from(self.counted).saturating_sub(i64::from(before))).unwrap_or(0)
    }

    /// Lets go of everything that is held, for want of room. What is under way ends here, incomplete, and answers that come
    /// after this find no request; the flow keeps its name and is read on as behind a gap.
    pub fn forget(&mut self, flow: &FlowFacts, to: &mut dyn MessageHandler) {
        for side in Side::BOTH {
            self.gap(side, None, to);
        }
        self.lost = [true; 2];
        if let State::Named { protocol, dissector } = &mut self.state {
            dissector.finish(Side::BOTH.map(|side| Held::chunk_of(None, side)), to);
            let (protocol, requester) = (*protocol, dissector.requester());
            self.name(protocol, flow, requester);
        }
    }

    fn recognise(&mut self, flow: &FlowFacts, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        if chunk.bytes.is_empty() {
            return;
        }
        match std::mem::take(&mut self.state) {
            State::Early(early) => self.go_on(early, flow, chunk, to),
            _ => self.begin(flow, chunk, to),
        }
    }

    /// Tries a segment by itself.
    fn begin(&mut self, flow: &FlowFacts, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        match probe_alone(flow, chunk.side, chunk.bytes) {
            Verdict::Unsure(_) if chunk.bytes.len() < EARLY_MAX => {
                let mut early = Box::<Early>::default();
                early.keep(chunk, to);
                self.state = State::Early(early);
            }
            Verdict::Named(protocol, requester) | Verdict::Unsure(Some((protocol, requester))) => {
                self.name(protocol, flow, requester);
                self.push(flow, chunk, to);
            }
            Verdict::Unsure(None) | Verdict::Nothing => self.drop_bytes(chunk.side, chunk.bytes),
        }
    }

    /// Tries a segment behind what was kept.
    fn go_on(&mut self, mut early: Box<Early>, flow: &FlowFacts, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let side = chunk.side;
        early.keep(chunk, to);
        let [a, b] = &early.bytes;
        let first = early.pieces.first().map_or(side, |piece| piece.side);
        match probe(&Evidence { flow, bytes: [a, b], first }) {
            Verdict::Unsure(_) if a.len().max(b.len()) < EARLY_MAX => {
                // The other end may still begin something, which bytes that begin nothing must not keep from being tried.
                let bytes: &Vec<u8> = side.of(&early.bytes);
                if let Verdict::Nothing = probe_alone(flow, side, bytes) {
                    self.drop_bytes(side, bytes);
                    let apart = early.pieces_of(side) > 1;
                    early.forget(side);
                    if apart {
                        return self.go_on(early, flow, chunk, to);
                    }
                }
                self.state = State::Early(early);
            }
            Verdict::Named(protocol, requester) | Verdict::Unsure(Some((protocol, requester))) => {
                self.name(protocol, flow, requester);
                self.replay(&early, flow, to);
            }
            Verdict::Unsure(None) | Verdict::Nothing => {
                for side in Side::BOTH {
                    self.drop_bytes(side, side.of::<Vec<u8>>(&early.bytes));
                }
                self.begin(flow, chunk, to);
            }
        }
    }

    fn drop_bytes(&mut self, side: Side, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.dropped = true;
            *side.of_mut(&mut self.lost) = true;
            self.tls |= looks_like_tls(bytes);
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
    /// What it is unless it turns out to be what a protocol is still unsure of.
    Unsure(Option<(&'static Protocol, Option<Side>)>),
    Nothing,
}

fn probe_alone(flow: &FlowFacts, side: Side, bytes: &[u8]) -> Verdict {
    let both = match side {
        Side::A => [bytes, &[]],
        Side::B => [&[], bytes],
    };
    probe(&Evidence { flow, bytes: both, first: side })
}

/// The first protocol in their order that may still be it decides: what a later one makes of the same bytes must not
/// depend on how many there are yet.
fn probe(evidence: &Evidence<'_>) -> Verdict {
    let (mut named, mut behind, mut unsure, mut unsure_behind) = (None, None, false, false);
    for protocol in PROTOCOLS {
        match (protocol.probe)(evidence) {
            Probe::Yes(requester) if !unsure => return Verdict::Named(protocol, requester),
            Probe::Yes(requester) => named = named.or(Some((protocol, requester))),
            Probe::Behind(requester) => behind = behind.or(Some((protocol, requester))),
            Probe::No => {}
            Probe::Unsure => unsure = true,
            Probe::UnsureBehind => unsure_behind = true,
        }
    }
    match named.or(behind) {
        likely if unsure || likely.is_none() && unsure_behind => Verdict::Unsure(likely),
        Some((protocol, requester)) => Verdict::Named(protocol, requester),
        None => Verdict::Nothing,
    }
}

/// A TLS record (RFC 8446 section 5.1: content type 22, version 3.x) with a ClientHello or ServerHello (section 4).
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
