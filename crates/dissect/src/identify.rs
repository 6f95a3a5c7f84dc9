//! Which protocol a flow speaks: by content on any port, ports only break ties.
//!
//! Until a probe says yes, what was seen is kept (up to [`EARLY_MAX`]) with the frame it came in, and given to the
//! dissector once there is one, so that nothing before the naming is lost. What no protocol begins with is dropped, and
//! the flow tried again at the start of every segment: it may have been caught in the middle. Only then, for a segment
//! may begin anywhere: names would depend on how the bytes were cut.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use crate::{Dissector, Evidence, FlowFacts, Gap, MessageHandler, Probe, Progress, Protocol};

/// The most bytes kept of each direction before a flow has a name. The longest look that a probe needs is two Modbus ADUs
/// of 260 octets, but where DICOM waits for the PDU behind a data set: that can be any number of bytes away.
pub const EARLY_MAX: usize = 2048;

/// The most bytes kept of one direction for a message that spans chunks. The longest thing gathered whole is an
/// association request: 128 presentation contexts with a dozen transfer syntaxes each stay below this.
pub const HELD_MAX: usize = 256 * 1024;

/// Datagrams of a flow without a name that are looked at: what speaks a protocol does so from the first one on, and most
/// of what wardtap does not know is many.
pub const DATAGRAMS_TRIED_MAX: u8 = 4;

/// One flow's application side: a name once it is known, and the dissector. Small, since every flow has one.
#[derive(Default)]
pub struct Conversation {
    /// Of a flow that has a name.
    dissector: Option<Box<dyn Dissector>>,
    kept: Option<Box<Kept>>,
    /// What it held when this was last counted.
    counted: u32,
    before: Before,
    /// The dissector is not given the first bytes of this end: they were dropped, or did not come.
    lost: [bool; 2],
    /// Datagrams that named nothing.
    tried: u8,
}

const _: () = assert!(size_of::<Conversation>() == 32);

/// What stood in front of that which names the flow, or was dropped before.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Before {
    #[default]
    Nothing,
    Bytes,
    /// Whatever it was, it is read no further.
    Abandoned,
}

/// Bytes that wait for more of them.
enum Kept {
    /// Of a flow without a name.
    Early(Early),
    /// What the dissector left over of each end.
    Rest([Option<Held>; 2]),
}

impl Kept {
    fn held_bytes(&self) -> usize {
        let held = match self {
            Self::Early(early) => early.held_bytes(),
            Self::Rest(rest) => rest.iter().flatten().map(|held| held.bytes.capacity()).fold(0, usize::saturating_add),
        };
        size_of::<Self>().saturating_add(held)
    }
}

/// What a flow has turned out to be.
#[derive(Clone, Copy)]
pub enum Recognised {
    /// Nothing that wardtap knows, or nothing yet.
    Unknown,
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
        [a.capacity(), b.capacity(), pieces].into_iter().fold(0, usize::saturating_add)
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
        match &self.dissector {
            Some(dissector) => Recognised::Protocol(dissector.protocol()),
            None => Recognised::Unknown,
        }
    }

    /// True where bytes were dropped before the flow had a name, or it has its name by what stood behind others: the cuts
    /// matter then.
    pub(crate) fn depends_on_cuts(&self) -> bool {
        self.before != Before::Nothing
    }

    /// The end that sends requests, once the protocol has shown it.
    #[must_use]
    pub fn requester(&self) -> Option<Side> {
        self.dissector.as_ref()?.requester()
    }

    /// Takes the next bytes of one direction where the flow has a name; false, with nothing done, where it has none.
    #[inline]
    pub fn push_named(&mut self, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) -> bool {
        let Some(dissector) = &mut self.dissector else { return false };
        feed(dissector.as_mut(), &mut self.kept, chunk, to);
        true
    }

    /// Takes the next bytes of one direction.
    pub fn push(&mut self, flow: &FlowFacts, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        if !self.push_named(chunk, to) {
            self.recognise(flow, chunk, to);
        }
    }

    /// Takes a datagram, which is read by itself.
    pub fn datagram(&mut self, flow: &FlowFacts, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        if self.dissector.is_none() {
            if chunk.bytes.is_empty() || self.tried >= DATAGRAMS_TRIED_MAX || self.is_abandoned() {
                return;
            }
            let Verdict::Named(find) = probe_alone(flow, chunk.side, chunk.bytes) else {
                self.tried = self.tried.saturating_add(1);
                return;
            };
            self.name_by(find, flow);
        }
        if let Some(dissector) = &mut self.dissector {
            let progress = dissector.dissect(chunk, to);
            debug_assert_eq!(progress, Progress::All, "a datagram is all there is");
        }
    }

    /// Names a flow that goes on with what was asked for on another one, by its first datagram, which is not read yet. The flow's
    /// facts say who asked. False, with nothing done, where the datagram is none of that protocol.
    pub fn take_up(&mut self, protocol: &'static Protocol, flow: &FlowFacts, side: Side, bytes: &[u8]) -> bool {
        if self.dissector.is_some() || self.is_abandoned() {
            return false;
        }
        let mut both: [&[u8]; 2] = [&[]; 2];
        *side.of_mut(&mut both) = bytes;
        let Probe::Yes(requester) = (protocol.probe)(&Evidence { flow, bytes: both, first: side }) else {
            return false;
        };
        self.name(protocol, flow, requester);
        true
    }

    /// Bytes of one direction are missing (`None`: nobody knows how many).
    pub fn gap(&mut self, side: Side, missing: Option<u64>, to: &mut dyn MessageHandler) {
        if let Some(dissector) = &mut self.dissector {
            let held = take_rest(&mut self.kept, side);
            dissector.gap(&Gap { side, held: Held::chunk_of(held.as_ref(), side), missing }, to);
            return;
        }
        *side.of_mut(&mut self.lost) = true;
        if let Some(Kept::Early(early)) = self.kept.as_deref_mut()
            && early.pieces_of(side) > 0
        {
            // What came before the gap and what follows cannot be read as one.
            early.forget(side);
            if early.pieces.is_empty() {
                self.kept = None;
            }
            self.note_bytes_before();
        }
    }

    /// The flow has ended; what it has turned out to be is still known afterwards.
    pub fn finish(&mut self, to: &mut dyn MessageHandler) {
        let held = match self.kept.take().map(|kept| *kept) {
            Some(Kept::Rest(rest)) => rest,
            _ => [None, None],
        };
        if let Some(dissector) = &mut self.dissector {
            dissector.finish(Side::BOTH.map(|side| Held::chunk_of(side.of(&held).as_ref(), side)), to);
        }
    }

    /// Bytes of memory that this flow holds because a message or its name is incomplete, or an answer is to come.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let kept = self.kept.as_ref().map_or(0, |kept| kept.held_bytes());
        self.dissector.as_ref().map_or(0, |dissector| dissector.held_bytes()).saturating_add(kept)
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
        if let Some(dissector) = &mut self.dissector {
            dissector.finish(Side::BOTH.map(|side| Held::chunk_of(None, side)), to);
            let (protocol, requester) = (dissector.protocol(), dissector.requester());
            self.name(protocol, flow, requester);
        }
    }

    /// Lets go of everything and reads no further: a mistake of ours showed on this flow, and might again.
    pub fn abandon(&mut self) {
        (self.dissector, self.kept, self.before) = (None, None, Before::Abandoned);
    }

    /// Whether not all of what it carries is read, or nothing: what the sizes of its payloads are habits of. Not of a flow
    /// that is read no further.
    #[must_use]
    pub fn is_opaque(&self) -> bool {
        match &self.dissector {
            Some(dissector) => dissector.protocol().is_opaque,
            None => !self.is_abandoned(),
        }
    }

    /// Whether it is read no further.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.before == Before::Abandoned
    }

    fn recognise(&mut self, flow: &FlowFacts, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        if chunk.bytes.is_empty() || self.is_abandoned() {
            return;
        }
        match self.kept.take().map(|kept| *kept) {
            Some(Kept::Early(early)) => self.go_on(early, flow, chunk, to),
            _ => self.begin(flow, chunk, to),
        }
    }

    /// Tries a segment by itself.
    fn begin(&mut self, flow: &FlowFacts, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        match probe_alone(flow, chunk.side, chunk.bytes) {
            Verdict::Unsure(unsure) if chunk.bytes.len() < EARLY_MAX => {
                self.note_unsure(unsure);
                let mut early = Early::default();
                early.keep(chunk, to);
                self.kept = Some(Box::new(Kept::Early(early)));
            }
            Verdict::Named(find) | Verdict::Unsure(Unsure { likely: Some(find), .. }) => {
                self.name_by(find, flow);
                self.push(flow, chunk, to);
            }
            Verdict::Unsure(_) | Verdict::Nothing => self.drop_bytes(chunk.side, chunk.bytes),
        }
    }

    /// Tries a segment behind what was kept.
    fn go_on(&mut self, mut early: Early, flow: &FlowFacts, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
        let side = chunk.side;
        early.keep(chunk, to);
        let [a, b] = &early.bytes;
        let first = early.pieces.first().map_or(side, |piece| piece.side);
        match probe(&Evidence { flow, bytes: [a, b], first }) {
            Verdict::Unsure(unsure) if a.len().max(b.len()) < EARLY_MAX => {
                self.note_unsure(unsure);
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
                self.kept = Some(Box::new(Kept::Early(early)));
            }
            Verdict::Named(find) | Verdict::Unsure(Unsure { likely: Some(find), .. }) => {
                self.name_by(find, flow);
                self.replay(&early, flow, to);
            }
            Verdict::Unsure(_) | Verdict::Nothing => {
                for side in Side::BOTH {
                    self.drop_bytes(side, side.of::<Vec<u8>>(&early.bytes));
                }
                self.begin(flow, chunk, to);
            }
        }
    }

    fn drop_bytes(&mut self, side: Side, bytes: &[u8]) {
        if !bytes.is_empty() {
            *side.of_mut(&mut self.lost) = true;
            self.note_bytes_before();
        }
    }

    fn note_bytes_before(&mut self) {
        if self.before == Before::Nothing {
            self.before = Before::Bytes;
        }
    }

    /// What begins nothing stands in front of whatever comes, also while it is kept.
    fn note_unsure(&mut self, unsure: Unsure) {
        if unsure.begins_nothing {
            self.note_bytes_before();
        }
    }

    fn name_by(&mut self, find: Find, flow: &FlowFacts) {
        if find.is_behind {
            self.note_bytes_before();
        }
        self.name(find.protocol, flow, find.requester);
    }

    fn name(&mut self, protocol: &'static Protocol, flow: &FlowFacts, requester: Option<Side>) {
        let [a, b] = flow.from_start;
        let [lost_a, lost_b] = self.lost;
        let facts = FlowFacts { requester, from_start: [a && !lost_a, b && !lost_b], ..*flow };
        self.dissector = Some((protocol.dissector)(&facts));
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

/// What a probe has found.
#[derive(Clone, Copy)]
struct Find {
    protocol: &'static Protocol,
    requester: Option<Side>,
    /// It stands behind other bytes.
    is_behind: bool,
}

/// A protocol is still unsure.
#[derive(Clone, Copy)]
struct Unsure {
    /// What it is unless it turns out to be what that protocol begins with.
    likely: Option<Find>,
    /// No protocol begins with these bytes: one may begin behind them.
    begins_nothing: bool,
}

enum Verdict {
    Named(Find),
    Unsure(Unsure),
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
    for protocol in evidence.flow.transport.protocols() {
        let find = |requester, is_behind| Find { protocol, requester, is_behind };
        match (protocol.probe)(evidence) {
            Probe::Yes(requester) if !unsure => return Verdict::Named(find(requester, false)),
            Probe::Yes(requester) => named = named.or(Some(find(requester, false))),
            Probe::Behind(requester) => behind = behind.or(Some(find(requester, true))),
            Probe::No => {}
            Probe::Unsure => unsure = true,
            Probe::UnsureBehind => unsure_behind = true,
        }
    }
    match named.or(behind) {
        likely if unsure || likely.is_none() && unsure_behind => {
            Verdict::Unsure(Unsure { likely, begins_nothing: !unsure })
        }
        Some(find) => Verdict::Named(find),
        None => Verdict::Nothing,
    }
}

/// Passes a chunk on, putting it behind what the dissector left over from the last one.
#[inline]
fn feed(dissector: &mut dyn Dissector, kept: &mut Option<Box<Kept>>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
    if kept.is_some() {
        return feed_behind(dissector, kept, chunk, to);
    }
    if !chunk.bytes.is_empty()
        && let Progress::Need { took, more } = dissector.dissect(chunk, to)
        && let Some(held) = keep(dissector, chunk, took, more, to)
    {
        let mut rest = [None, None];
        *chunk.side.of_mut(&mut rest) = Some(held);
        *kept = Some(Box::new(Kept::Rest(rest)));
    }
}

/// [`feed`] where something was left over, of this end or the other.
fn feed_behind(
    dissector: &mut dyn Dissector,
    kept: &mut Option<Box<Kept>>,
    chunk: &Chunk<'_>,
    to: &mut dyn MessageHandler,
) {
    let Some(Kept::Rest(rest)) = kept.as_deref_mut() else { return };
    complete(dissector, chunk.side.of_mut(rest), chunk, to);
    if rest.iter().all(Option::is_none) {
        *kept = None;
    }
}

/// Takes what the dissector left over of one end.
fn take_rest(kept: &mut Option<Box<Kept>>, side: Side) -> Option<Held> {
    let Some(Kept::Rest(rest)) = kept.as_deref_mut() else { return None };
    let held = side.of_mut(rest).take();
    if rest.iter().all(Option::is_none) {
        *kept = None;
    }
    held
}

/// Reads on where bytes were left over.
///
/// Only as many bytes as the dissector asked for are copied: the rest of the chunk is read in place again.
fn complete(dissector: &mut dyn Dissector, held: &mut Option<Held>, chunk: &Chunk<'_>, to: &mut dyn MessageHandler) {
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
    let chunk = Chunk { bytes, ..*chunk };
    if !bytes.is_empty()
        && let Progress::Need { took, more } = dissector.dissect(&chunk, to)
    {
        *held = keep(dissector, &chunk, took, more, to);
    }
}

/// The rest of a chunk, to be kept until more of it comes; none where that would be too much.
fn keep(
    dissector: &mut dyn Dissector,
    chunk: &Chunk<'_>,
    took: usize,
    more: usize,
    to: &mut dyn MessageHandler,
) -> Option<Held> {
    debug_assert!(took <= chunk.bytes.len(), "took {took} of {} bytes", chunk.bytes.len());
    let rest = chunk.bytes.get(took..).unwrap_or_default();
    if rest.len().saturating_add(more) > HELD_MAX {
        dissector.gap(&Gap { side: chunk.side, held: Chunk { bytes: rest, ..*chunk }, missing: None }, to);
        return None;
    }
    to.copied(rest.len());
    Some(Held { bytes: rest.to_vec(), more: more.max(1), last: (chunk.time, chunk.frame) })
}
