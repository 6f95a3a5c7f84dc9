//! The flows of one shard: a bounded table whose timers run on capture time.
//!
//! An index of 32-bit numbers into a slab that grows by chunks and never moves. Each flow stands on one second of a
//! wheel of [`WHEEL`] seconds; when its second comes it is looked at, and either it is due or it goes to a later
//! second. So a packet costs the timers nothing.

use hashbrown::HashTable;

use crate::address::{Address, Mac};
use crate::checksum;
use crate::community_id;
use crate::duplicates::{Fingerprint, Ring, Seen, sample};
use crate::flow::{Flow, FlowKey, FlowState, HashKey, OrientedBy, Volume, fold};
use crate::packet::{NANOS_PER_SECOND, Packet, Timestamp};
use crate::peel::{Layout, protocol};
use crate::reader::{be16_at, be32_at};
use crate::reassembler::{self, Arrival, Half, StreamHandler, distance};
use crate::stream::Side;

/// Seconds on the wheel.
const WHEEL: usize = 64;

/// Flows in a chunk of the slab.
const CHUNK: usize = 64;

/// How long a connection that has ended is remembered: late copies and acknowledgements must not open a new flow.
const LINGER_SECONDS: u64 = 10;
/// How long a TCP connection may be idle. Interface engines keep connections open and silent for long.
const TCP_IDLE_SECONDS: u64 = 3600;
/// How long a SYN may stay without an answer.
const SYN_IDLE_SECONDS: u64 = 60;
/// How long anything else may be idle.
const OTHER_IDLE_SECONDS: u64 = 180;

/// Checksums are verified on so many packets from each end of a flow: whether a host leaves them to its network card
/// shows at once, and looking at every byte of an image again would cost as much as all the rest.
pub const VERIFIED_PACKETS: u64 = 32;

/// Limits and choices for a table.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most flows in this table; the one longest idle among a few is given up for a new one.
    pub flows_max: usize,
    /// The most octets held behind holes, over all flows of this table.
    pub held_bytes_max: usize,
    /// Keep flows of different VLANs apart.
    pub by_vlan: bool,
}

/// What a table has done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    /// Flows that began.
    pub opened: u64,
    /// Flows that ended having been heard from one end only.
    pub one_sided: u64,
    /// Flows that ended with bytes missing.
    pub with_gaps: u64,
    /// Holes given up, and packets captured short.
    pub gaps: u64,
    /// Bytes missing in them.
    pub gap_bytes: u64,
    /// Packets that the mirror had copied.
    pub duplicates: u64,
    /// TCP segments sent again.
    pub retransmissions: u64,
    /// TCP segments with other bytes than the first time.
    pub conflicts: u64,
    /// TCP segments before their time.
    pub out_of_order: u64,
    /// TCP segments from outside of any window.
    pub out_of_window: u64,
    /// Flows given up for want of room.
    pub evicted_flows: u64,
    /// Holes given up for want of room.
    pub evicted_holes: u64,
    /// Transport headers that were cut or contradict themselves.
    pub bad_transport: u64,
    /// Packets, of the first [`VERIFIED_PACKETS`] from each end of a flow, with a wrong IP, TCP or UDP checksum.
    pub bad_checksums: u64,
}

impl Counters {
    /// Adds another table's counters.
    pub fn add(&mut self, other: &Self) {
        for (into, from) in [
            (&mut self.opened, other.opened),
            (&mut self.one_sided, other.one_sided),
            (&mut self.with_gaps, other.with_gaps),
            (&mut self.gaps, other.gaps),
            (&mut self.gap_bytes, other.gap_bytes),
            (&mut self.duplicates, other.duplicates),
            (&mut self.retransmissions, other.retransmissions),
            (&mut self.conflicts, other.conflicts),
            (&mut self.out_of_order, other.out_of_order),
            (&mut self.out_of_window, other.out_of_window),
            (&mut self.evicted_flows, other.evicted_flows),
            (&mut self.evicted_holes, other.evicted_holes),
            (&mut self.bad_transport, other.bad_transport),
            (&mut self.bad_checksums, other.bad_checksums),
        ] {
            *into = into.saturating_add(from);
        }
    }
}

const NONE: u32 = u32::MAX;

/// The flows of one shard.
pub struct FlowTable<S> {
    key: HashKey,
    limits: Limits,
    index: HashTable<u32>,
    chunks: Vec<Vec<Flow<S>>>,
    free: Vec<u32>,
    used: usize,
    hand: usize,
    wheel: [u32; WHEEL],
    /// The second up to which the wheel has turned.
    turned: u64,
    ring: Ring,
    with_holes: Vec<u32>,
    held_bytes: usize,
    counters: Counters,
}

/// A TCP header's fields (RFC 9293 section 3.1).
struct Segment<'a> {
    sequence: u32,
    acknowledgement: u32,
    flags: u8,
    payload: &'a [u8],
    sent: u32,
    /// What a copy of the packet shares and a retransmission does not.
    identity: u64,
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

impl<S: Default> FlowTable<S> {
    /// An empty table.
    #[must_use]
    pub fn new(key: HashKey, limits: Limits) -> Self {
        Self {
            key,
            limits,
            index: HashTable::new(),
            chunks: Vec::new(),
            free: Vec::new(),
            used: 0,
            hand: 0,
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
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// True when no flow is in the table.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Takes a packet whose innermost headers are at `layout`; `frame` labels it in chunks.
    #[inline]
    pub fn packet<H>(&mut self, packet: &Packet<'_>, frame: u64, layout: &Layout, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let Some((source, destination)) = addresses(packet.bytes, layout) else {
            self.counters.bad_transport = self.counters.bad_transport.saturating_add(1);
            return;
        };
        let transport = layout.protocol();
        let end = layout.end().min(packet.bytes.len());
        let datagram = packet.bytes.get(usize::from(layout.transport)..end).unwrap_or_default();
        let sent = layout.end().saturating_sub(usize::from(layout.transport));
        let vlan = if self.limits.by_vlan { layout.vlan().unwrap_or(0) } else { 0 };
        let (ports, one_way) = match transport {
            protocol::TCP | protocol::UDP | protocol::SCTP => {
                let Some(ports) = be32_at(datagram, 0) else {
                    self.counters.bad_transport = self.counters.bad_transport.saturating_add(1);
                    return;
                };
                #[allow(clippy::cast_possible_truncation)] // two halves of 32 bits
                ((((ports >> 16) as u16), ports as u16), false)
            }
            protocol::ICMP | protocol::ICMPV6 => match datagram {
                [kind, code, ..] => {
                    (community_id::icmp_ports(transport, *kind, *code), community_id::is_one_way(transport, *kind))
                }
                _ => ((0, 0), false),
            },
            _ => ((0, 0), false),
        };
        let (sender, receiver) = ((source, ports.0), (destination, ports.1));
        let (key, side) = if one_way {
            let key = FlowKey {
                addresses: [source, destination],
                ports: [ports.0, ports.1],
                tunnel: layout.tunnel,
                vlan,
                transport,
            };
            (key, Side::A)
        } else {
            FlowKey::new(sender, receiver, transport, layout.tunnel, vlan)
        };
        let hash = key.hash(self.key);
        if transport == protocol::TCP {
            match segment(packet.bytes, datagram, sent, layout) {
                Some(segment) => self.tcp(&key, hash, side, packet, frame, layout, &segment, handler),
                None => self.counters.bad_transport = self.counters.bad_transport.saturating_add(1),
            }
        } else {
            self.other(&key, hash, side, packet, layout, datagram, handler);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn other<H>(
        &mut self,
        key: &FlowKey,
        hash: u64,
        side: Side,
        packet: &Packet<'_>,
        layout: &Layout,
        datagram: &[u8],
        handler: &mut H,
    ) where
        H: StreamHandler<Application = S>,
    {
        let identification = ip_identification(packet.bytes, layout).unwrap_or(0);
        // The checksum may differ between copies: UDP and ICMP keep it in different places, before the payload.
        let payload = datagram.get(8..).unwrap_or_default();
        let header = fold(hash ^ side.index() as u64, u64::from(identification) << 32 | datagram.len() as u64);
        if self.ring.check(Fingerprint { header, payload: sample(payload) }, packet.time) == Seen::Same {
            self.duplicate(key, hash);
            return;
        }
        let id = self.find_or_open(key, hash, side, packet, layout, handler);
        let Some(flow) = flow_at(&mut self.chunks, id) else { return };
        if count(flow, side, packet, layout, handler) && checksum::is_wrong(packet, layout) {
            self.counters.bad_checksums = self.counters.bad_checksums.saturating_add(1);
        }
    }

    #[allow(clippy::too_many_arguments)]
    #[inline]
    fn tcp<H>(
        &mut self,
        key: &FlowKey,
        hash: u64,
        side: Side,
        packet: &Packet<'_>,
        frame: u64,
        layout: &Layout,
        segment: &Segment<'_>,
        handler: &mut H,
    ) where
        H: StreamHandler<Application = S>,
    {
        let found = self.find(key, hash);
        let id = match found {
            Some(id) => id,
            None => self.open(key, hash, side, packet, layout, handler),
        };
        let Some(flow) = flow_at(&mut self.chunks, id) else { return };

        let fingerprint = Fingerprint {
            header: fold(hash ^ side.index() as u64, segment.identity),
            payload: sample(segment.payload),
        };
        if advances(side.of(&flow.tcp), segment) {
            self.ring.remember(fingerprint, packet.time);
        } else if self.ring.check(fingerprint, packet.time) == Seen::Same {
            self.duplicate(key, hash);
            return;
        }

        if segment.flags & SYN != 0 && self.starts_anew(id, side, segment, packet.time) {
            self.end(id, packet.time, handler);
            if let Some(flow) = flow_at(&mut self.chunks, id) {
                begin(flow, key, side, packet, layout);
                handler.heard(flow, side);
            }
            self.index.insert_unique(hash, id, |&id| hash_of(&self.chunks, self.key, id));
            self.counters.opened = self.counters.opened.saturating_add(1);
        }
        let Some(flow) = flow_at(&mut self.chunks, id) else { return };
        if count(flow, side, packet, layout, handler) && checksum::is_wrong(packet, layout) {
            self.counters.bad_checksums = self.counters.bad_checksums.saturating_add(1);
        }
        if segment.flags & (SYN | RST | FIN) != 0 {
            control(flow, side, segment);
        }
        if segment.flags & ACK != 0 {
            side.of_mut(&mut flow.tcp).acknowledge(segment.acknowledgement);
        }
        let mut change = 0isize;
        if segment.sent > 0 {
            let sequence = segment.sequence.wrapping_add(u32::from(segment.flags & SYN != 0));
            let arrival =
                Arrival { side, sequence, bytes: segment.payload, sent: segment.sent, time: packet.time, frame };
            let half = side.of_mut(&mut flow.tcp);
            if !half.known() {
                half.start(sequence, false);
            }
            change = if sequence == half.next {
                reassembler::pass_on(flow, &arrival, handler)
            } else {
                reassembler::disordered(flow, &arrival, handler)
            };
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
    }

    /// Whether a SYN begins a new connection between the same ports.
    ///
    /// After an end, it does. While the old connection lives it takes the answer of the other end, or data that follow
    /// the new number: a single forged SYN must not tear a conversation apart.
    fn starts_anew(&mut self, id: u32, side: Side, segment: &Segment<'_>, now: Timestamp) -> bool {
        let Some(flow) = flow_at(&mut self.chunks, id) else { return false };
        let half = side.of(&flow.tcp);
        let first = segment.sequence.wrapping_add(1);
        let answers = segment.flags & ACK != 0;
        if answers {
            let proposed = flow.troubles.as_ref().and_then(|rare| rare.new_start);
            return proposed == Some(segment.acknowledgement) && half.known() && half.next != first;
        }
        if !half.known() || half.next == first {
            return false;
        }
        if flow.state.is_over() || now.since(flow.last) > SYN_IDLE_SECONDS.saturating_mul(NANOS_PER_SECOND) {
            return true;
        }
        if half.is_from_start() && distance(half.next, first) < 0 && distance(half.next, first) > -1_000_000 {
            return false; // the SYN of this very connection, again
        }
        flow.troubles.get_or_insert_default().new_start = Some(first);
        false
    }

    #[cold]
    fn duplicate(&mut self, key: &FlowKey, hash: u64) {
        self.counters.duplicates = self.counters.duplicates.saturating_add(1);
        if let Some(flow) = self.find(key, hash).and_then(|id| flow_at(&mut self.chunks, id)) {
            let troubles = &mut flow.troubles.get_or_insert_default().troubles;
            troubles.duplicates = troubles.duplicates.saturating_add(1);
        }
    }

    #[inline]
    fn find(&self, key: &FlowKey, hash: u64) -> Option<u32> {
        self.index.find(hash, |&id| flow_of(&self.chunks, id).is_some_and(|flow| flow.key == *key)).copied()
    }

    fn find_or_open<H>(
        &mut self,
        key: &FlowKey,
        hash: u64,
        side: Side,
        packet: &Packet<'_>,
        layout: &Layout,
        handler: &mut H,
    ) -> u32
    where
        H: StreamHandler<Application = S>,
    {
        match self.find(key, hash) {
            Some(id) => id,
            None => self.open(key, hash, side, packet, layout, handler),
        }
    }

    fn open<H>(
        &mut self,
        key: &FlowKey,
        hash: u64,
        side: Side,
        packet: &Packet<'_>,
        layout: &Layout,
        handler: &mut H,
    ) -> u32
    where
        H: StreamHandler<Application = S>,
    {
        self.counters.opened = self.counters.opened.saturating_add(1);
        // A short connection is over by then: most flows are looked at once.
        let first_look = packet.time.seconds().saturating_add(LINGER_SECONDS).saturating_add(2);
        let id = if self.index.len() >= self.limits.flows_max {
            let id = self.victim();
            self.counters.evicted_flows = self.counters.evicted_flows.saturating_add(1);
            self.end(id, packet.time, handler);
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
            begin(flow, key, side, packet, layout);
        }
        let chunks = &self.chunks;
        let secret = self.key;
        self.index.insert_unique(hash, id, |&id| hash_of(chunks, secret, id));
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

    /// The flow longest idle among the next few that a hand passes: near enough to the oldest, at a fixed cost.
    fn victim(&mut self) -> u32 {
        let mut chosen = 0u32;
        let mut oldest = Timestamp::from_nanos(u64::MAX);
        for _ in 0..8 {
            self.hand = self.hand.saturating_add(1);
            if self.hand >= self.used {
                self.hand = 0;
            }
            let id = u32::try_from(self.hand).unwrap_or(0);
            if let Some(flow) = flow_of(&self.chunks, id)
                && flow.live
                && flow.last < oldest
            {
                (chosen, oldest) = (id, flow.last);
            }
        }
        chosen
    }

    /// Puts a flow on the wheel: on the second when it is due, or as far ahead as the wheel reaches.
    fn schedule(&mut self, id: u32, second: u64) {
        let second =
            second.max(self.turned.saturating_add(1)).min(self.turned.saturating_add(WHEEL as u64).saturating_sub(1));
        let slot = usize::try_from(second.rem_euclid(WHEEL as u64)).unwrap_or(0);
        let Some(head) = self.wheel.get_mut(slot) else { return };
        let following = std::mem::replace(head, id);
        if let Some(flow) = flow_at(&mut self.chunks, id) {
            flow.wheel_next = following;
        }
    }

    /// Ends a flow and takes it out of the index; its place stays on the wheel.
    fn end<H>(&mut self, id: u32, time: Timestamp, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let Some(flow) = flow_at(&mut self.chunks, id) else { return };
        if !flow.live {
            return;
        }
        let freed = reassembler::flush(flow, handler);
        self.held_bytes = self.held_bytes.saturating_add_signed(freed);
        handler.finished(flow, time);
        self.counters.one_sided = self.counters.one_sided.saturating_add(u64::from(flow.is_one_sided()));
        if let Some(rare) = flow.troubles.take() {
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
        flow.live = false;
        flow.application = S::default();
        let hash = flow.key.hash(self.key);
        if let Ok(entry) = self.index.find_entry(hash, |&other| other == id) {
            entry.remove();
        }
    }

    /// Capture time has reached `now`: flows that are due end, in the order of their time; holes that nobody fills are
    /// given up.
    pub fn tick<H>(&mut self, now: Timestamp, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let mut listed = std::mem::take(&mut self.with_holes);
        listed.retain(|&id| {
            let Some(flow) = flow_at(&mut self.chunks, id) else { return false };
            for side in Side::BOTH {
                while reassembler::given_up(flow, side, now) {
                    let freed = reassembler::give_up(flow, side, handler);
                    self.held_bytes = self.held_bytes.saturating_add_signed(freed);
                }
            }
            let Some(rare) = flow.troubles.as_mut() else { return false };
            rare.listed = rare.holds_anything();
            rare.listed
        });
        self.with_holes = listed;
        let second = now.seconds();
        if self.turned == 0 || self.index.is_empty() && self.free.len() == self.used {
            self.turned = self.turned.max(second.saturating_sub(1));
        }
        let mut leap = self.turned;
        while self.turned < second {
            if self.turned >= leap {
                self.leap(second);
                leap = self.turned.saturating_add(WHEEL as u64);
            }
            self.turned = self.turned.saturating_add(1).min(second);
            self.turn(handler);
        }
    }

    /// Passes over seconds in which nothing is due: capture time may leap by years.
    ///
    /// Stops a whole turn of the wheel before the first flow that is due, so that every flow is looked at, and put on its
    /// own second, before then.
    fn leap(&mut self, second: u64) {
        let turn = WHEEL as u64;
        if second.saturating_sub(self.turned) <= turn.saturating_mul(2) {
            return;
        }
        let first_due = self.chunks.iter().flatten().filter(|flow| flow.live).map(due).min().unwrap_or(u64::MAX);
        let target = first_due.saturating_sub(turn).min(second.saturating_sub(turn));
        self.turned = self.turned.max(target);
    }

    /// Looks at the flows of the second that the wheel has turned to.
    fn turn<H>(&mut self, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let slot = usize::try_from(self.turned.rem_euclid(WHEEL as u64)).unwrap_or(0);
        let Some(head) = self.wheel.get_mut(slot) else { return };
        let mut id = std::mem::replace(head, NONE);
        while let Some(flow) = flow_at(&mut self.chunks, id) {
            let following = flow.wheel_next;
            let due = due(flow);
            if flow.live && due > self.turned {
                self.schedule(id, due);
            } else {
                self.end(id, Timestamp::from_seconds(self.turned), handler);
                self.free.push(id);
            }
            id = following;
        }
    }

    /// Ends all flows: the capture is over. In the order in which they began.
    pub fn finish<H>(&mut self, now: Timestamp, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let mut live: Vec<(Timestamp, u32)> = (0u32..)
            .zip(self.chunks.iter().flatten())
            .filter(|(_, flow)| flow.live)
            .map(|(id, flow)| (flow.first, id))
            .collect();
        live.sort_unstable();
        for (_, id) in live {
            self.end(id, now, handler);
        }
    }
}

impl<S: Default> Flow<S> {
    fn vacant() -> Self {
        Self {
            key: FlowKey::default(),
            first: Timestamp::EPOCH,
            last: Timestamp::EPOCH,
            tcp: [Half::default(); 2],
            volume: [Volume::default(); 2],
            application: S::default(),
            troubles: None,
            wheel_next: NONE,
            vlan: u16::MAX,
            macs: [Mac::default(); 2],
            first_sender: Side::A,
            oriented: None,
            state: FlowState::Seen,
            live: false,
        }
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

fn hash_of<S>(chunks: &[Vec<Flow<S>>], key: HashKey, id: u32) -> u64 {
    flow_of(chunks, id).map_or(0, |flow| flow.key.hash(key))
}

/// Makes a place in the slab a new flow; it keeps its place on the wheel.
fn begin<S: Default>(flow: &mut Flow<S>, key: &FlowKey, side: Side, packet: &Packet<'_>, layout: &Layout) {
    let wheel_next = flow.wheel_next;
    *flow = Flow {
        key: *key,
        first: packet.time,
        last: packet.time,
        wheel_next,
        vlan: layout.vlan().unwrap_or(u16::MAX),
        first_sender: side,
        live: true,
        ..Flow::vacant()
    };
}

/// Counts a packet; true while checksums are to be verified.
#[inline]
fn count<H: StreamHandler>(
    flow: &mut Flow<H::Application>,
    side: Side,
    packet: &Packet<'_>,
    layout: &Layout,
    handler: &mut H,
) -> bool {
    flow.last = flow.last.max(packet.time);
    let volume = side.of_mut(&mut flow.volume);
    volume.packets = volume.packets.saturating_add(1);
    volume.bytes = volume.bytes.saturating_add(u64::from(packet.sent));
    if volume.packets == 1 {
        *side.of_mut(&mut flow.macs) = layout.source_mac(packet.bytes).unwrap_or_default();
        let other = side.other().of_mut(&mut flow.macs);
        if !other.is_known() {
            *other = layout.destination_mac(packet.bytes).unwrap_or_default();
        }
        handler.heard(flow, side);
        return true;
    }
    volume.packets <= VERIFIED_PACKETS
}

/// The second at which a flow has been idle for long enough.
fn due<S>(flow: &Flow<S>) -> u64 {
    flow.last.seconds().saturating_add(1).saturating_add(idle_seconds(flow))
}

fn idle_seconds<S>(flow: &Flow<S>) -> u64 {
    match flow.state {
        FlowState::Closed | FlowState::Reset => LINGER_SECONDS,
        FlowState::SynSent => SYN_IDLE_SECONDS,
        _ if flow.key.transport == protocol::TCP => TCP_IDLE_SECONDS,
        _ => OTHER_IDLE_SECONDS,
    }
}

/// What SYN, FIN and RST say of the connection.
fn control<S>(flow: &mut Flow<S>, side: Side, segment: &Segment<'_>) {
    let first = segment.sequence.wrapping_add(1);
    let half = side.of_mut(&mut flow.tcp);
    if segment.flags & SYN != 0 {
        if !half.known() {
            half.start(first, true);
        }
        let answers = segment.flags & ACK != 0;
        flow.state = match flow.state {
            FlowState::Seen | FlowState::SynSent if answers => FlowState::Established,
            FlowState::Seen => FlowState::SynSent,
            state => state,
        };
        if flow.oriented.is_none() {
            flow.oriented = Some(if answers { (side.other(), OrientedBy::SynAck) } else { (side, OrientedBy::Syn) });
        }
    }
    if segment.flags & FIN != 0 {
        let end = segment.sequence.wrapping_add(segment.sent);
        if half.known() && segment.sent == 0 && half.next == end {
            half.next = half.next.wrapping_add(1);
        }
        half.finish();
        let both = flow.tcp.iter().all(Half::has_finished);
        if flow.state != FlowState::Reset {
            flow.state = if both { FlowState::Closed } else { FlowState::Closing };
        }
    }
    if segment.flags & RST != 0 {
        flow.state = FlowState::Reset;
    }
}

/// True for a segment that brings its flow further, and so cannot be a copy of an earlier packet.
#[inline]
fn advances(half: &Half, segment: &Segment<'_>) -> bool {
    if !half.known() {
        return segment.sent > 0 || segment.flags & SYN != 0;
    }
    if segment.sent > 0 || segment.flags & (SYN | FIN) != 0 {
        return segment.sequence == half.next && segment.flags & SYN == 0;
    }
    segment.flags & (ACK | RST) == ACK && distance(half.acknowledged, segment.acknowledgement) > 0
}

#[inline]
fn addresses(frame: &[u8], layout: &Layout) -> Option<(Address, Address)> {
    let header = frame.get(usize::from(layout.network)..)?;
    if header.first()? >> 4 == 4 {
        Some((Address::v4(be32_at(header, 12)?), Address::v4(be32_at(header, 16)?)))
    } else {
        let source = header.get(8..)?.first_chunk::<16>()?;
        let destination = header.get(24..)?.first_chunk::<16>()?;
        Some((Address::v6(*source), Address::v6(*destination)))
    }
}

/// The innermost addresses of a frame: sender, receiver.
#[inline]
#[must_use]
pub fn endpoints(frame: &[u8], layout: &Layout) -> Option<(Address, Address)> {
    addresses(frame, layout)
}

/// The identification of an IPv4 packet; IPv6 has none.
#[inline]
fn ip_identification(frame: &[u8], layout: &Layout) -> Option<u16> {
    let network = usize::from(layout.network);
    (frame.get(network)? >> 4 == 4).then(|| be16_at(frame, network.wrapping_add(4))).flatten()
}

/// Reads a TCP header. `sent` is the length of header and payload on the wire.
#[inline]
fn segment<'a>(frame: &[u8], datagram: &'a [u8], sent: usize, layout: &Layout) -> Option<Segment<'a>> {
    let fixed = datagram.first_chunk::<20>()?;
    let [_, _, _, _, s0, s1, s2, s3, a0, a1, a2, a3, offset, flags, w0, w1, ..] = *fixed;
    let header = usize::from(offset >> 4).wrapping_mul(4);
    if header < 20 || header > sent {
        return None;
    }
    let payload = datagram.get(header..).unwrap_or_default();
    let sequence = u32::from_be_bytes([s0, s1, s2, s3]);
    let acknowledgement = u32::from_be_bytes([a0, a1, a2, a3]);
    let window = u16::from_be_bytes([w0, w1]);
    let identification = match ip_identification(frame, layout) {
        Some(id) => u64::from(id),
        None => sample(datagram.get(20..header).unwrap_or_default()),
    };
    let sent = u32::try_from(sent.wrapping_sub(header)).unwrap_or(u32::MAX);
    let numbers = u64::from(sequence) << 32 | u64::from(acknowledgement);
    let rest = u64::from(window) << 40 | u64::from(flags) << 32 | u64::from(sent);
    let identity = fold(numbers ^ 0xa076_1d64_78bd_642f, rest ^ identification.rotate_left(48));
    Some(Segment { sequence, acknowledgement, flags, payload, sent, identity })
}
