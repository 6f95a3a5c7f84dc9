//! The flows of one shard: a bounded table whose timers run on capture time.
//!
//! An index of 32-bit numbers into a slab that grows by chunks and never moves. Each flow stands on one second of a
//! wheel of [`WHEEL`] seconds; when its second comes it is looked at, and either it is due or it goes to a later
//! second. So a packet costs the timers nothing.

mod connection;
mod counters;
mod index;
mod seek;
mod segment;
mod wheel;

use crate::duplicates::{Fingerprint, Ring, Seen, sample};
use crate::flow::{Flow, FlowHead, FlowKey, HashKey, fold};
use crate::packet::{Packet, Timestamp};
use crate::peel::{Layout, protocol};
use crate::reassembler::{self, Arrival, StreamHandler};
use crate::stream::{Chunk, Side};

pub(crate) use connection::Proposal;
use connection::Standing;
pub use counters::Counters;
use index::{Index, NONE};
use seek::{Kind, datagram, tag};
pub use seek::{Seeker, Sought};
pub use segment::endpoints;
use segment::{ACK, FIN, RST, SYN, ip_identification};
use wheel::{WHEEL, first_look};

/// Flows in a chunk of the slab.
const CHUNK: usize = 64;

/// Flows looked at to find one that weighs much: all of a full table after a few hundred times.
const WEIGHED: usize = 64;

/// Checksums are verified on so many packets from each end of a flow: whether a host leaves them to its network card
/// shows at once, and looking at every byte of an image again would cost as much as all the rest.
pub const VERIFIED_PACKETS: u64 = 32;

/// Limits and choices for a table.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most flows in this table, at least 1; of a few, the one that would end first is given up for a new one. One on
    /// which something was out of order takes half as much memory again, and counts so.
    pub flows_max: usize,
    /// The most octets held behind holes, over all flows of this table, each segment counted with
    /// [`reassembler::HELD_SEGMENT_COST`] more.
    pub held_bytes_max: usize,
    /// Keep flows of different VLANs apart.
    pub by_vlan: bool,
}

/// The flows of one shard.
pub struct FlowTable<S> {
    seeker: Seeker,
    limits: Limits,
    index: Index,
    chunks: Vec<Vec<Flow<S>>>,
    free: Vec<u32>,
    used: usize,
    /// Flows on which something was out of order.
    troubled: usize,
    /// Places of flows that ended before the wheel came to them; they still stand on it.
    given_up: Vec<u32>,
    hand: usize,
    /// The same for what flows hold.
    weighing_hand: usize,
    wheel: [u32; WHEEL],
    /// The second up to which the wheel has turned.
    turned: u64,
    ring: Ring,
    with_holes: Vec<u32>,
    held_bytes: usize,
    counters: Counters,
}

/// A packet at hand.
#[derive(Clone, Copy)]
struct Arriving<'a> {
    packet: &'a Packet<'a>,
    layout: &'a Layout,
    sought: &'a Sought,
    /// Labels it in chunks.
    frame: u64,
}

/// Where a search begins.
#[derive(Clone, Copy, Debug)]
pub struct Warm(u64);

impl Warm {
    /// Of no search.
    pub const NONE: Self = Self(u64::MAX);
}

impl<S: Default> FlowTable<S> {
    /// An empty table.
    #[must_use]
    pub fn new(key: HashKey, limits: Limits) -> Self {
        Self {
            seeker: Seeker { key, by_vlan: limits.by_vlan },
            limits: Limits { flows_max: limits.flows_max.max(1), ..limits },
            index: Index::default(),
            chunks: Vec::new(),
            free: Vec::new(),
            used: 0,
            troubled: 0,
            given_up: Vec::new(),
            hand: 0,
            weighing_hand: 0,
            wheel: [NONE; WHEEL],
            turned: 0,
            ring: Ring::default(),
            with_holes: Vec::new(),
            held_bytes: 0,
            counters: Counters::default(),
        }
    }

    /// What the table has done so far.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How many flows are in the table.
    pub const fn len(&self) -> usize {
        self.index.len()
    }

    /// True when no flow is in the table.
    pub const fn is_empty(&self) -> bool {
        self.index.len() == 0
    }

    /// Octets held behind holes at present, each segment counted with [`reassembler::HELD_SEGMENT_COST`] more.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Reads what a search for this flow begins with, so that its memory is on its way when it is needed; see
    /// [`Self::warm_flow`].
    #[inline]
    #[must_use]
    pub fn warm_index(&self, sought: &Sought) -> Warm {
        Warm(self.index.first(sought.tag()))
    }

    /// Reads of a flow what each of its packets needs. To be called for some packets in a row before any of them is
    /// taken: with many flows, waiting for their memory one after the other would be most of the work.
    #[inline]
    #[must_use]
    pub fn warm_flow(&self, warm: Warm) -> u64 {
        let flow = flow_of(&self.chunks, index::parts(warm.0).1).map_or(0, |flow| {
            flow.last.nanos() ^ u64::from(flow.tcp.first().map_or(0, |half| half.next)) ^ u64::from(flow.wheel_next)
        });
        flow ^ self.ring.warm()
    }

    /// The flow of a packet, where it is known.
    #[cold]
    pub fn flow(&mut self, sought: &Sought) -> Option<&mut Flow<S>> {
        let id = self.find(&sought.key, sought.tag())?;
        flow_at(&mut self.chunks, id)
    }

    /// All flows, in the order of their places.
    pub fn flows(&mut self) -> impl Iterator<Item = &mut Flow<S>> {
        self.chunks.iter_mut().flatten().filter(|flow| flow.is_live())
    }

    /// Of the next flows that a hand passes, and that of a packet, the one that weighs most; None where none has weight.
    #[cold]
    pub fn heaviest(&mut self, sought: Option<&Sought>, weight: impl Fn(&S) -> usize) -> Option<&mut Flow<S>> {
        let mut chosen = sought.and_then(|sought| self.find(&sought.key, sought.tag()));
        let weight = |id| flow_of(&self.chunks, id).map_or(0, |flow| weight(&flow.application));
        let mut most = chosen.map_or(0, weight);
        for _ in 0..WEIGHED.min(self.used) {
            self.weighing_hand = if self.weighing_hand >= self.used { 0 } else { self.weighing_hand };
            let id = u32::try_from(self.weighing_hand).unwrap_or(NONE);
            self.weighing_hand = self.weighing_hand.saturating_add(1);
            if weight(id) > most {
                (chosen, most) = (Some(id), weight(id));
            }
        }
        flow_at(&mut self.chunks, chosen.filter(|_| most > 0)?)
    }

    /// Takes a packet whose innermost headers are at `layout`; `frame` labels it in chunks.
    pub fn packet<H>(&mut self, packet: &Packet<'_>, frame: u64, layout: &Layout, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let mut sought = Sought::NONE;
        self.seeker.seek(packet, layout, &mut sought);
        self.take(&sought, packet, frame, layout, handler);
    }

    /// Takes a packet that [`Seeker::seek`] has read.
    #[inline]
    pub fn take<H>(&mut self, sought: &Sought, packet: &Packet<'_>, frame: u64, layout: &Layout, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let arriving = Arriving { packet, layout, sought, frame };
        match sought.kind {
            Kind::Tcp => {
                let found = self.find(&sought.key, sought.tag());
                if !self.brings_on(found, &arriving, handler) {
                    self.tcp(found, &arriving, handler);
                }
            }
            Kind::Other => self.other(&arriving, handler),
            Kind::Broken => self.counters.bad_transport = self.counters.bad_transport.saturating_add(1),
        }
    }

    /// Takes a segment of a connection that is open, in which nothing is out of order, that brings it on: almost every
    /// segment. False, with nothing done, for all others.
    #[inline]
    fn brings_on<H>(&mut self, found: Option<u32>, arriving: &Arriving<'_>, handler: &mut H) -> bool
    where
        H: StreamHandler<Application = S>,
    {
        let Some(flow) = found.and_then(|id| flow_at(&mut self.chunks, id)) else { return false };
        let Arriving { packet, sought, frame, .. } = *arriving;
        let Sought { side, hash, ref segment, .. } = *sought;
        let head = &mut flow.head;
        let half = side.of_mut(&mut head.tcp);
        let expected = half.known() && segment.sequence == half.next && segment.advances(half);
        if !expected || !segment.is_plain() || head.troubles.as_ref().is_some_and(|rare| !rare.is_calm()) {
            return false;
        }
        let bytes = segment.payload(packet.bytes);
        self.ring.remember(segment.fingerprint(hash, side, bytes), packet.time);
        half.acknowledge(segment.acknowledgement);
        half.next = half.next.wrapping_add(segment.sent);
        let packets = count(flow, arriving);
        if packets == 1 {
            first_packet(flow, arriving, handler);
        }
        if packets <= VERIFIED_PACKETS {
            self.counters.verify(arriving);
        }
        if !bytes.is_empty() {
            handler.chunk(flow, &Chunk { side, time: packet.time, frame, bytes });
        }
        true
    }

    fn other<H>(&mut self, arriving: &Arriving<'_>, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let Arriving { packet, layout, sought, frame } = *arriving;
        let Sought { side, hash, .. } = *sought;
        let datagram = datagram(packet, layout);
        let identification = ip_identification(packet.bytes, layout).unwrap_or(0);
        // The checksum may differ between copies: UDP has it before its payload, ICMP and IGMP in octets 2 and 3.
        let payload = datagram.get(if layout.protocol() == protocol::UDP { 8 } else { 4 }..).unwrap_or_default();
        let place = fold(hash ^ side.index() as u64, u64::from(identification) << 32 | datagram.len() as u64);
        if self.ring.check(Fingerprint::new(place, place, sample(payload)), packet.time) == Seen::Same {
            self.duplicate(sought, packet.time, handler);
            return;
        }
        let id = self.find(&sought.key, sought.tag());
        let id = id.unwrap_or_else(|| self.open(arriving, handler));
        let Some(flow) = flow_at(&mut self.chunks, id) else { return };
        let packets = count(flow, arriving);
        if packets == 1 {
            first_packet(flow, arriving, handler);
        }
        if packets <= VERIFIED_PACKETS {
            self.counters.verify(arriving);
        }
        if layout.protocol() == protocol::UDP {
            handler.datagram(flow, &Chunk { side, time: packet.time, frame, bytes: payload });
        }
    }

    fn tcp<H>(&mut self, found: Option<u32>, arriving: &Arriving<'_>, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let Arriving { packet, sought, frame, .. } = *arriving;
        let Sought { hash, side, ref segment, .. } = *sought;
        let id = found.unwrap_or_else(|| self.open(arriving, handler));
        let Some(flow) = flow_at(&mut self.chunks, id) else { return };

        let payload = segment.payload(packet.bytes);
        let fingerprint = segment.fingerprint(hash, side, payload);
        let mut seen = Seen::New;
        if segment.advances(side.of(&flow.tcp)) {
            self.ring.remember(fingerprint, packet.time);
        } else {
            seen = self.ring.check(fingerprint, packet.time);
            if seen == Seen::Same {
                self.duplicate(sought, packet.time, handler);
                return;
            }
        }

        if segment.flags & SYN != 0 || flow.troubles.is_some() {
            match connection::standing(flow, side, segment) {
                Standing::Own => {}
                Standing::Anew(proposal) => self.renew(id, arriving, proposal, handler),
                Standing::Foreign => {
                    if count(flow, arriving) == 1 {
                        first_packet(flow, arriving, handler);
                    }
                    self.count_trouble(id, arriving.packet.time, handler);
                    return;
                }
            }
        }
        let Some(flow) = flow_at(&mut self.chunks, id) else { return };
        let packets = count(flow, arriving);
        if packets <= VERIFIED_PACKETS {
            self.counters.verify(arriving);
        }
        if segment.flags & (SYN | RST) != 0 {
            connection::control(flow, side, segment);
        }
        if packets == 1 {
            first_packet(flow, arriving, handler);
        }
        if segment.flags & ACK != 0 {
            side.of_mut(&mut flow.tcp).acknowledge(segment.acknowledgement);
        }
        let mut change = 0isize;
        let half = side.of_mut(&mut flow.tcp);
        if segment.sent > 0 {
            let sequence = segment.sequence.wrapping_add(u32::from(segment.flags & SYN != 0));
            let (bytes, sent, conflicts) = (payload, segment.sent, seen == Seen::Other);
            let arrival = Arrival { side, sequence, bytes, sent, time: packet.time, frame, conflicts };
            if !half.known() {
                half.start(sequence, false);
            }
            change = if sequence == half.next {
                reassembler::pass_on(flow, &arrival, handler)
            } else {
                reassembler::disordered(flow, &arrival, handler)
            };
        } else if segment.is_keep_alive(half) {
            let troubles = &mut flow.troubles.get_or_insert_default().troubles;
            troubles.keep_alives = troubles.keep_alives.saturating_add(1);
        }
        if segment.flags & FIN != 0 {
            connection::close(flow, side, segment);
        }
        if flow.troubles.is_some() {
            self.after_trouble(id, change, packet.time, handler);
        }
    }

    /// Bookkeeping that only flows need on which something was out of order.
    #[cold]
    fn after_trouble<H>(&mut self, id: u32, change: isize, now: Timestamp, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        self.held_bytes = self.held_bytes.saturating_add_signed(change);
        let Some(flow) = flow_at(&mut self.chunks, id) else { return };
        for side in Side::BOTH {
            while reassembler::given_up(flow, side, now) {
                let freed = reassembler::give_up(flow, side, handler);
                self.held_bytes = self.held_bytes.saturating_add_signed(freed);
            }
        }
        if self.held_bytes > self.limits.held_bytes_max {
            self.counters.evicted_holes = self.counters.evicted_holes.saturating_add(1);
            let freed = reassembler::flush(flow, handler);
            self.held_bytes = self.held_bytes.saturating_add_signed(freed);
        }
        if let Some(rare) = flow.troubles.as_mut()
            && !rare.listed
            && rare.holds_anything()
        {
            rare.listed = true;
            self.with_holes.push(id);
        }
        self.count_trouble(id, now, handler);
    }

    /// Counts a flow on which something was out of order, once. Where that makes them too many, one of the others ends;
    /// its place is free when the wheel comes to it.
    fn count_trouble<H>(&mut self, id: u32, now: Timestamp, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let Some(rare) = flow_at(&mut self.chunks, id).and_then(|flow| flow.troubles.as_mut()) else { return };
        if std::mem::replace(&mut rare.counted, true) {
            return;
        }
        self.troubled = self.troubled.saturating_add(1);
        if self.weight() > self.limits.flows_max.saturating_mul(2)
            && let Some(victim) = self.victim(id)
        {
            self.counters.evicted_flows = self.counters.evicted_flows.saturating_add(1);
            self.end(victim, now, handler);
            self.given_up.push(victim);
        }
    }

    /// What all flows weigh, in halves.
    const fn weight(&self) -> usize {
        self.index.len().saturating_mul(2).saturating_add(self.troubled)
    }

    /// Ends a flow and begins another in its place, between the same ports.
    fn renew<H>(&mut self, id: u32, arriving: &Arriving<'_>, proposal: Option<Proposal>, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        self.end(id, arriving.packet.time, handler);
        if let Some(flow) = flow_at(&mut self.chunks, id) {
            begin(flow, arriving);
            if let Some(proposal) = proposal {
                connection::accept(flow, proposal);
            }
        }
        self.index.insert(arriving.sought.tag(), id);
        self.counters.opened = self.counters.opened.saturating_add(1);
    }

    #[cold]
    fn duplicate<H>(&mut self, sought: &Sought, now: Timestamp, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        self.counters.duplicates = self.counters.duplicates.saturating_add(1);
        let id = self.find(&sought.key, sought.tag());
        if let Some(id) = id
            && let Some(flow) = flow_at(&mut self.chunks, id)
        {
            let troubles = &mut flow.troubles.get_or_insert_default().troubles;
            troubles.duplicates = troubles.duplicates.saturating_add(1);
            self.count_trouble(id, now, handler);
        }
    }

    #[inline]
    fn find(&self, key: &FlowKey, tag: u32) -> Option<u32> {
        self.index.find(tag, |id| flow_of(&self.chunks, id).is_some_and(|flow| flow.key.is(key)))
    }

    fn open<H>(&mut self, arriving: &Arriving<'_>, handler: &mut H) -> u32
    where
        H: StreamHandler<Application = S>,
    {
        let time = arriving.packet.time;
        self.counters.opened = self.counters.opened.saturating_add(1);
        let first_look = first_look(time);
        let is_full = self.weight() >= self.limits.flows_max.saturating_mul(2);
        let id = if is_full && let Some(id) = self.victim(NONE) {
            self.counters.evicted_flows = self.counters.evicted_flows.saturating_add(1);
            self.end(id, time, handler);
            id
        } else if self.free.is_empty()
            && self.used >= self.limits.flows_max
            && let Some(id) = self.given_up.pop()
        {
            id
        } else if let Some(id) = self.free.pop() {
            self.schedule(id, first_look);
            id
        } else {
            let id = self.grow();
            self.schedule(id, first_look);
            id
        };
        if let Some(flow) = flow_at(&mut self.chunks, id) {
            begin(flow, arriving);
        }
        self.index.insert(arriving.sought.tag(), id);
        id
    }

    fn grow(&mut self) -> u32 {
        let id = self.used;
        self.used = self.used.saturating_add(1);
        if self.chunks.last().is_none_or(|chunk| chunk.len() >= CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(Flow::vacant());
        }
        u32::try_from(id).unwrap_or(NONE)
    }

    /// Ends a flow and takes it out of the index; its place stays on the wheel.
    fn end<H>(&mut self, id: u32, time: Timestamp, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let Some(flow) = flow_at(&mut self.chunks, id) else { return };
        if !flow.is_live() {
            return;
        }
        let freed = reassembler::flush(flow, handler);
        self.held_bytes = self.held_bytes.saturating_add_signed(freed);
        for side in Side::BOTH {
            reassembler::tail(flow, side, handler);
        }
        handler.finished(flow, time);
        self.counters.one_sided = self.counters.one_sided.saturating_add(u64::from(flow.is_one_sided()));
        if let Some(rare) = flow.troubles.take() {
            self.troubled = self.troubled.saturating_sub(usize::from(rare.counted));
            let troubles = &rare.troubles;
            let counters = &mut self.counters;
            counters.with_gaps = counters.with_gaps.saturating_add(u64::from(troubles.gaps > 0));
            counters.gaps = counters.gaps.saturating_add(troubles.gaps);
            counters.gap_bytes = counters.gap_bytes.saturating_add(troubles.gap_bytes);
            counters.retransmissions = counters.retransmissions.saturating_add(troubles.retransmissions);
            counters.conflicts = counters.conflicts.saturating_add(troubles.conflicts);
            counters.out_of_order = counters.out_of_order.saturating_add(troubles.out_of_order);
            counters.out_of_window = counters.out_of_window.saturating_add(troubles.out_of_window);
        }
        flow.first_sender = None;
        flow.application = S::default();
        self.index.remove(tag(flow.key.hash(self.seeker.key)), id);
    }
}

impl<S: Default> Flow<S> {
    fn vacant() -> Self {
        Self { head: FlowHead::default(), application: S::default() }
    }
}

#[inline]
fn flow_of<S>(chunks: &[Vec<Flow<S>>], id: u32) -> Option<&Flow<S>> {
    let id = id as usize;
    chunks.get(id / CHUNK)?.get(id % CHUNK)
}

#[inline]
fn flow_at<S>(chunks: &mut [Vec<Flow<S>>], id: u32) -> Option<&mut Flow<S>> {
    let id = id as usize;
    chunks.get_mut(id / CHUNK)?.get_mut(id % CHUNK)
}

/// Makes a place in the slab a new flow; it keeps its place on the wheel.
fn begin<S>(flow: &mut Flow<S>, arriving: &Arriving<'_>) {
    let Arriving { packet, layout, sought, .. } = *arriving;
    flow.head = FlowHead {
        key: sought.key,
        first: packet.time,
        last: packet.time,
        vlan: layout.vlan().unwrap_or(u16::MAX),
        first_sender: Some(sought.side),
        wheel_next: flow.wheel_next,
        ..FlowHead::default()
    };
}

/// Counts a packet; how many its sender has sent.
#[inline]
fn count<S>(flow: &mut Flow<S>, arriving: &Arriving<'_>) -> u64 {
    let Arriving { packet, sought, .. } = *arriving;
    flow.last = flow.last.max(packet.time);
    let volume = sought.side.of_mut(&mut flow.volume);
    volume.packets = volume.packets.wrapping_add(1);
    volume.bytes = volume.bytes.wrapping_add(u64::from(packet.sent));
    volume.packets
}

/// Notes what the first packet from an end shows.
fn first_packet<H: StreamHandler>(flow: &mut Flow<H::Application>, arriving: &Arriving<'_>, handler: &mut H) {
    let Arriving { packet, layout, sought, .. } = *arriving;
    *sought.side.of_mut(&mut flow.macs) = layout.source_mac(packet.bytes).unwrap_or_default();
    let other = sought.side.other().of_mut(&mut flow.macs);
    if !other.is_known() {
        *other = layout.destination_mac(packet.bytes).unwrap_or_default();
    }
    handler.heard(flow, sought.side);
}
