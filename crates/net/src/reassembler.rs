//! TCP streams in order (RFC 9293): in-order bytes pass through without a copy, only what comes early is held.
//!
//! Policy where packets disagree: the first copy of a byte is kept, and a later one that differs is counted. A hole is
//! given up, and the dissector told its length, when
//! * more than [`HELD_SIDE_MAX`] octets wait behind it (or the shard's share of memory is used up),
//! * the receiver has acknowledged what is missing here, [`GRACE_NANOS`] ago or more: it was lost at the tap,
//! * nothing has filled it for [`STALL_NANOS`] of capture time, or
//! * the flow ends.

use std::collections::VecDeque;

use crate::flow::{Flow, Troubles};
use crate::flow_table::Proposal;
use crate::packet::Timestamp;
use crate::stream::{Chunk, Side};

/// The most octets held behind a hole in one direction of a flow.
pub const HELD_SIDE_MAX: usize = 256 * 1024;

/// The most segments held behind a hole.
pub const HELD_SEGMENTS_MAX: usize = 1024;

/// What a held segment costs beside its octets, in all limits: tiny ones must not get round them.
pub const HELD_SEGMENT_COST: usize = 64;

/// How long after the receiver's acknowledgement a hole may still be filled: taps that read two fibres show an
/// acknowledgement before the data by up to a few milliseconds.
pub const GRACE_NANOS: u64 = 20_000_000;

/// How long a hole may stay open: longer than most retransmission timeouts (RFC 6298 section 2.4 has one second).
pub const STALL_NANOS: u64 = 2_000_000_000;

/// How far ahead of the stream a segment may lie. Windows of hosts stay below 16 MiB unless tuned for it.
const AHEAD_MAX: i32 = 16 * 1024 * 1024;

/// After so many segments in a row from elsewhere the stream is taken to have moved there.
const STRANGERS_MAX: u8 = 8;

const KNOWN: u8 = 1;
const FROM_START: u8 = 2;
const FIN: u8 = 4;
const ACKNOWLEDGED: u8 = 8;

/// One direction of a connection: what every packet needs. Packed, since there are two in every flow.
#[derive(Clone, Copy, Debug, Default)]
#[repr(Rust, packed)]
pub struct Half {
    /// The sequence number of the next byte to be passed on.
    pub(crate) next: u32,
    /// The highest acknowledgement that this end has sent.
    pub(crate) acknowledged: u32,
    flags: u8,
}

impl Half {
    pub(crate) const fn known(&self) -> bool {
        self.flags & KNOWN != 0
    }

    pub(crate) const fn is_from_start(&self) -> bool {
        self.flags & FROM_START != 0
    }

    pub(crate) const fn has_finished(&self) -> bool {
        self.flags & FIN != 0
    }

    pub(crate) const fn finish(&mut self) {
        self.flags |= FIN;
    }

    pub(crate) const fn start(&mut self, next: u32, from_start: bool) {
        self.next = next;
        self.flags |= KNOWN | if from_start { FROM_START } else { 0 };
    }

    /// True where this end has not acknowledged as much so far.
    #[inline]
    pub(crate) const fn is_behind(&self, acknowledged: u32) -> bool {
        self.flags & ACKNOWLEDGED == 0 || distance(self.acknowledged, acknowledged) > 0
    }

    /// Notes an acknowledgement that this end sent.
    #[inline]
    pub(crate) const fn acknowledge(&mut self, acknowledged: u32) {
        if self.is_behind(acknowledged) {
            self.flags |= ACKNOWLEDGED;
            self.acknowledged = acknowledged;
        }
    }

    /// True where this end has acknowledged anything.
    pub(crate) const fn acknowledges(&self) -> bool {
        self.flags & ACKNOWLEDGED != 0
    }

    fn has_acknowledged(&self, sequence: u32) -> bool {
        self.acknowledges() && (0..=AHEAD_MAX).contains(&distance(sequence, self.acknowledged))
    }
}

/// How far `to` lies ahead of `from` in sequence space (RFC 9293 section 3.4); negative when it lies behind.
#[inline]
pub(crate) const fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

/// True for a distance that a window can span.
pub(crate) fn is_near(distance: i32) -> bool {
    (-AHEAD_MAX..=AHEAD_MAX).contains(&distance)
}

/// A segment that came before its time.
#[derive(Debug)]
struct Segment {
    sequence: u32,
    /// How long it was on the wire; more than `bytes` when it was captured short.
    sent: u32,
    time: Timestamp,
    frame: u64,
    bytes: Box<[u8]>,
}

impl Segment {
    const fn end(&self) -> u32 {
        self.sequence.wrapping_add(self.sent)
    }

    fn cost(&self) -> usize {
        self.bytes.len().saturating_add(HELD_SEGMENT_COST)
    }
}

/// What a flow keeps once something unusual has happened on it.
#[derive(Debug, Default)]
pub struct Rare {
    pub(crate) troubles: Troubles,
    /// In sequence, none overlapping.
    held: [VecDeque<Segment>; 2],
    held_bytes: [usize; 2],
    strangers: [u8; 2],
    /// Since when what lies behind the first hole is known to be acknowledged.
    granted: [Option<Timestamp>; 2],
    /// Where a FIN stands that came before its time.
    pub(crate) fin: [Option<u32>; 2],
    /// A SYN that may start the flow anew.
    pub(crate) proposal: Option<Proposal>,
    /// The flow stands in the shard's list of flows with holes.
    pub(crate) listed: bool,
    /// The table has counted it among those with troubles.
    pub(crate) counted: bool,
}

impl Rare {
    /// True where nothing is under way: what comes next is as if nothing had happened.
    #[inline]
    pub(crate) fn is_calm(&self) -> bool {
        let [a, b] = &self.held;
        a.is_empty()
            && b.is_empty()
            && self.strangers == [0; 2]
            && self.granted == [None; 2]
            && self.fin == [None; 2]
            && self.proposal.is_none()
    }

    pub(crate) fn holds_anything(&self) -> bool {
        self.held.iter().any(|held| !held.is_empty())
    }
}

/// Receives ordered bytes; the flow may be changed but for its key.
pub trait StreamHandler {
    /// What the application layer keeps of a flow.
    type Application: Default;

    /// The next bytes of one direction.
    fn chunk(&mut self, flow: &mut Flow<Self::Application>, chunk: &Chunk<'_>);

    /// Bytes are missing for good; `None` where nobody knows how many.
    fn gap(&mut self, flow: &mut Flow<Self::Application>, side: Side, missing: Option<u64>);

    /// The first packet from one end of a flow.
    fn heard(&mut self, flow: &mut Flow<Self::Application>, side: Side);

    /// The payload of a UDP datagram, as far as it was captured.
    fn datagram(&mut self, flow: &mut Flow<Self::Application>, chunk: &Chunk<'_>) {
        let _ = (flow, chunk);
    }

    /// The flow has ended, at `time`; called once, last.
    fn finished(&mut self, flow: &mut Flow<Self::Application>, time: Timestamp);

    /// Bytes were copied.
    fn copied(&mut self, bytes: usize);
}

/// The payload of a segment, as it arrived.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) side: Side,
    pub(crate) sequence: u32,
    pub(crate) bytes: &'a [u8],
    /// How long the payload was on the wire.
    pub(crate) sent: u32,
    pub(crate) time: Timestamp,
    pub(crate) frame: u64,
    /// Other bytes were seen in this place before.
    pub(crate) conflicts: bool,
}

/// Takes a payload that is not the expected one. Gives back by how much the memory held by the flow has changed.
pub(crate) fn disordered<H: StreamHandler>(
    flow: &mut Flow<H::Application>,
    arrival: &Arrival<'_>,
    handler: &mut H,
) -> isize {
    let half = *arrival.side.of(&flow.tcp);
    let ahead = distance(half.next, arrival.sequence);
    let end = arrival.sequence.wrapping_add(arrival.sent);
    if !is_near(ahead) {
        return stranger(flow, arrival, handler);
    }
    if ahead > 0 {
        return hold(flow, arrival, handler);
    }
    let rare = flow.troubles.get_or_insert_default();
    *arrival.side.of_mut(&mut rare.strangers) = 0;
    if distance(half.next, end) > 0 {
        // The front was seen already: the rest is new.
        rare.troubles.retransmissions = rare.troubles.retransmissions.saturating_add(1);
        let seen = half.next.wrapping_sub(arrival.sequence);
        let bytes = arrival.bytes.get(seen as usize..).unwrap_or_default();
        let rest = Arrival { sequence: half.next, bytes, sent: arrival.sent.saturating_sub(seen), ..*arrival };
        return pass_on(flow, &rest, handler);
    }
    // A keep-alive (RFC 9293 section 3.8.4) is one octet, or none, before what is expected.
    if arrival.sent <= 1 && ahead == -1 {
        rare.troubles.keep_alives = rare.troubles.keep_alives.saturating_add(1);
    } else {
        rare.troubles.retransmissions = rare.troubles.retransmissions.saturating_add(1);
        rare.troubles.conflicts = rare.troubles.conflicts.saturating_add(u64::from(arrival.conflicts));
    }
    0
}

/// Passes on what is expected next, and whatever was held behind it.
#[inline]
pub(crate) fn pass_on<H: StreamHandler>(
    flow: &mut Flow<H::Application>,
    arrival: &Arrival<'_>,
    handler: &mut H,
) -> isize {
    if flow.troubles.is_some() {
        return pass_on_before_held(flow, arrival, handler);
    }
    deliver(flow, arrival, handler);
    0
}

#[inline]
fn deliver<H: StreamHandler>(flow: &mut Flow<H::Application>, arrival: &Arrival<'_>, handler: &mut H) {
    let Arrival { side, bytes, sent, time, frame, .. } = *arrival;
    let half = side.of_mut(&mut flow.tcp);
    half.next = half.next.wrapping_add(sent);
    if !bytes.is_empty() {
        handler.chunk(flow, &Chunk { side, time, frame, bytes });
    }
    if (bytes.len() as u64) < u64::from(sent) {
        missing(flow, side, Some(u64::from(sent).saturating_sub(bytes.len() as u64)), handler);
    }
}

#[cold]
fn pass_on_before_held<H: StreamHandler>(
    flow: &mut Flow<H::Application>,
    arrival: &Arrival<'_>,
    handler: &mut H,
) -> isize {
    let side = arrival.side;
    let end = arrival.sequence.wrapping_add(arrival.sent);
    let rare = flow.troubles.get_or_insert_default();
    *side.of_mut(&mut rare.strangers) = 0;
    let overlaps = side.of(&rare.held).front().is_some_and(|first| distance(first.sequence, end) > 0);
    if !overlaps {
        deliver(flow, arrival, handler);
        return drain(flow, side, Some((arrival.time, arrival.frame)), handler);
    }
    // What is held came first: only what lies between is new.
    let change = insert(rare, arrival, handler);
    change.saturating_add(drain(flow, side, Some((arrival.time, arrival.frame)), handler))
}

fn missing<H: StreamHandler>(flow: &mut Flow<H::Application>, side: Side, octets: Option<u64>, handler: &mut H) {
    let troubles = &mut flow.troubles.get_or_insert_default().troubles;
    troubles.gaps = troubles.gaps.saturating_add(1);
    troubles.gap_bytes = troubles.gap_bytes.saturating_add(octets.unwrap_or(0));
    handler.gap(flow, side, octets);
}

/// Passes on held segments as long as they follow on. `completed` is the frame that made them available.
fn drain<H: StreamHandler>(
    flow: &mut Flow<H::Application>,
    side: Side,
    completed: Option<(Timestamp, u64)>,
    handler: &mut H,
) -> isize {
    let mut freed = 0isize;
    loop {
        let next = side.of(&flow.tcp).next;
        let Some(rare) = flow.troubles.as_mut() else { return freed };
        let held = side.of_mut(&mut rare.held);
        let Some(segment) = held.pop_front_if(|first| distance(next, first.sequence) <= 0) else {
            // Nor is the room kept: many flows may have had a hole once.
            if held.is_empty() {
                *held = VecDeque::new();
            }
            return freed;
        };
        *side.of_mut(&mut rare.granted) = None;
        let bytes = side.of_mut(&mut rare.held_bytes);
        *bytes = bytes.saturating_sub(segment.cost());
        freed = freed.saturating_sub_unsigned(segment.cost());
        let seen = next.wrapping_sub(segment.sequence);
        let Some(new) = segment.sent.checked_sub(seen).filter(|&new| new > 0) else { continue };
        let (time, frame) = completed.unwrap_or((segment.time, segment.frame));
        let rest = segment.bytes.get(seen as usize..).unwrap_or_default();
        let half = side.of_mut(&mut flow.tcp);
        half.next = half.next.wrapping_add(new);
        if !rest.is_empty() {
            handler.chunk(flow, &Chunk { side, time, frame, bytes: rest });
        }
        if (rest.len() as u64) < u64::from(new) {
            missing(flow, side, Some(u64::from(new).saturating_sub(rest.len() as u64)), handler);
        }
    }
}

/// Keeps a copy of a segment that lies ahead, and gives holes up when that is too much or they are too old.
fn hold<H: StreamHandler>(flow: &mut Flow<H::Application>, arrival: &Arrival<'_>, handler: &mut H) -> isize {
    let side = arrival.side;
    let rare = flow.troubles.get_or_insert_default();
    *side.of_mut(&mut rare.strangers) = 0;
    let mut change = insert(rare, arrival, handler);
    let troubles = &mut rare.troubles;
    let count = if change > 0 { &mut troubles.out_of_order } else { &mut troubles.retransmissions };
    *count = count.saturating_add(1);
    while holds_too_much(flow, side) || given_up(flow, side, arrival.time) {
        change = change.saturating_add(give_up(flow, side, handler));
    }
    change
}

fn holds_too_much<S>(flow: &Flow<S>, side: Side) -> bool {
    flow.troubles
        .as_ref()
        .is_some_and(|rare| *side.of(&rare.held_bytes) > HELD_SIDE_MAX || side.of(&rare.held).len() > HELD_SEGMENTS_MAX)
}

/// Copies what is new of a segment in between what is held; what overlaps is compared, the first copy stays. Gives back
/// how much memory that took: 0 where nothing was new.
fn insert<H: StreamHandler>(rare: &mut Rare, arrival: &Arrival<'_>, handler: &mut H) -> isize {
    let side = arrival.side;
    let held = side.of_mut(&mut rare.held);
    let mut start = arrival.sequence;
    let end = arrival.sequence.wrapping_add(arrival.sent);
    let (mut added, mut copied) = (0usize, 0usize);
    let mut position = held.partition_point(|segment| distance(segment.end(), start) >= 0);
    let mut conflict = false;
    // Walks over what is held from `start` on, filling the holes between.
    while distance(start, end) > 0 {
        let following = held.get(position);
        let until = match following {
            Some(segment) if distance(segment.sequence, end) > 0 => segment.sequence,
            _ => end,
        };
        if distance(start, until) > 0 {
            let from = start.wrapping_sub(arrival.sequence) as usize;
            let sent = until.wrapping_sub(start);
            let upto = from.saturating_add(sent as usize).min(arrival.bytes.len());
            let bytes: Box<[u8]> = arrival.bytes.get(from..upto).unwrap_or_default().into();
            copied = copied.saturating_add(bytes.len());
            let Arrival { time, frame, .. } = *arrival;
            let segment = Segment { sequence: start, sent, time, frame, bytes };
            added = added.saturating_add(segment.cost());
            held.insert(position, segment);
            position = position.saturating_add(1);
            start = until;
        } else if let Some(segment) = following {
            conflict |= differs(segment, arrival);
            start = segment.end();
            position = position.saturating_add(1);
        } else {
            break;
        }
    }
    let bytes = side.of_mut(&mut rare.held_bytes);
    *bytes = bytes.saturating_add(added);
    rare.troubles.conflicts = rare.troubles.conflicts.saturating_add(u64::from(conflict));
    if copied > 0 {
        handler.copied(copied);
    }
    0isize.saturating_add_unsigned(added)
}

/// True where a held segment and an arrival have different bytes for the same place.
fn differs(held: &Segment, arrival: &Arrival<'_>) -> bool {
    let ahead = distance(held.sequence, arrival.sequence);
    let skip = |forward: bool| if forward { ahead.unsigned_abs() as usize } else { 0 };
    let ours = held.bytes.get(skip(ahead > 0)..).unwrap_or_default();
    let theirs = arrival.bytes.get(skip(ahead < 0)..).unwrap_or_default();
    ours.iter().zip(theirs).any(|(a, b)| a != b)
}

/// True when the first hole of a direction will not be filled any more.
pub(crate) fn given_up<S>(flow: &mut Flow<S>, side: Side, now: Timestamp) -> bool {
    let receiver = *side.other().of(&flow.tcp);
    let Some(rare) = flow.troubles.as_mut() else { return false };
    let Some(first) = side.of(&rare.held).front() else { return false };
    if now.since(first.time) >= STALL_NANOS {
        return true;
    }
    receiver.has_acknowledged(first.sequence)
        && now.since(*side.of_mut(&mut rare.granted).get_or_insert(now)) >= GRACE_NANOS
}

/// Tells what is missing behind all that was seen of a direction: the other end has acknowledged it, or FIN came behind
/// it. The flow ends, so nothing else will show it.
pub(crate) fn tail<H: StreamHandler>(flow: &mut Flow<H::Application>, side: Side, handler: &mut H) {
    let (half, receiver) = (*side.of(&flow.tcp), *side.other().of(&flow.tcp));
    // An end that is not captured at all is no gap.
    if !half.known() || side.of(&flow.volume).packets == 0 {
        return;
    }
    let fin = flow.troubles.as_ref().and_then(|rare| *side.of(&rare.fin));
    let end = match fin {
        Some(fin) => fin,
        // The last number acknowledged is that of FIN, where both ends are done and this one's FIN was not seen.
        None if receiver.has_acknowledged(half.next) => {
            receiver.acknowledged.wrapping_sub(u32::from(!half.has_finished() && receiver.has_finished()))
        }
        None => return,
    };
    if let Ok(octets @ 1..) = u64::try_from(distance(half.next, end)) {
        side.of_mut(&mut flow.tcp).next = end;
        missing(flow, side, Some(octets), handler);
    }
}

/// Gives the first hole of a direction up and goes on behind it.
pub(crate) fn give_up<H: StreamHandler>(flow: &mut Flow<H::Application>, side: Side, handler: &mut H) -> isize {
    let Some(sequence) =
        flow.troubles.as_ref().and_then(|rare| side.of(&rare.held).front()).map(|first| first.sequence)
    else {
        return 0;
    };
    let half = side.of_mut(&mut flow.tcp);
    let octets = distance(half.next, sequence);
    // A FIN moves the stream on as well: then nothing is missing.
    if octets > 0 {
        half.next = sequence;
        missing(flow, side, u64::try_from(octets).ok(), handler);
    }
    drain(flow, side, None, handler)
}

/// Gives up every hole: the flow ends.
pub(crate) fn flush<H: StreamHandler>(flow: &mut Flow<H::Application>, handler: &mut H) -> isize {
    let [a, b] = Side::BOTH.map(|side| flush_side(flow, side, handler));
    a.saturating_add(b)
}

fn flush_side<H: StreamHandler>(flow: &mut Flow<H::Application>, side: Side, handler: &mut H) -> isize {
    let mut freed = 0isize;
    while flow.troubles.as_ref().is_some_and(|rare| !side.of(&rare.held).is_empty()) {
        freed = freed.saturating_add(give_up(flow, side, handler));
    }
    freed
}

/// A segment from far away: ignored, unless the whole stream has moved there.
fn stranger<H: StreamHandler>(flow: &mut Flow<H::Application>, arrival: &Arrival<'_>, handler: &mut H) -> isize {
    let rare = flow.troubles.get_or_insert_default();
    rare.troubles.out_of_window = rare.troubles.out_of_window.saturating_add(1);
    let count = arrival.side.of_mut(&mut rare.strangers);
    *count = count.saturating_add(1);
    if *count < STRANGERS_MAX {
        return 0;
    }
    *count = 0;
    let freed = flush_side(flow, arrival.side, handler);
    missing(flow, arrival.side, None, handler);
    arrival.side.of_mut(&mut flow.tcp).next = arrival.sequence;
    freed.saturating_add(pass_on(flow, arrival, handler))
}
