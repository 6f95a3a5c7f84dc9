//! The flows of one shard: a bounded table whose timers run on capture time.
//!
//! An index of 32-bit numbers into a slab that grows by chunks and never moves. Each flow stands on one second of a
//! wheel of [`WHEEL`] seconds; when its second comes it is looked at, and either it is due or it goes to a later
//! second. So a packet costs the timers nothing.

mod connection;
mod counters;
mod segment;
mod wheel;

use hashbrown::HashTable;

use crate::address::Mac;
use crate::checksum;
use crate::community_id;
use crate::duplicates::{Fingerprint, Ring, Seen, sample};
use crate::flow::{Flow, FlowKey, FlowState, HashKey, Volume, fold};
use crate::packet::{Packet, Timestamp};
use crate::peel::{Layout, protocol};
use crate::reader::be32_at;
use crate::reassembler::{self, Arrival, Half, StreamHandler};
use crate::stream::Side;

pub(crate) use connection::Proposal;
use connection::Standing;
pub use counters::Counters;
pub use segment::endpoints;
use segment::{ACK, FIN, RST, SYN, Segment, ip_identification};
use wheel::{WHEEL, first_look};

/// Flows in a chunk of the slab.
const CHUNK: usize = 64;

/// Checksums are verified on so many packets from each end of a flow: whether a host leaves them to its network card
/// shows at once, and looking at every byte of an image again would cost as much as all the rest.
pub const VERIFIED_PACKETS: u64 = 32;

/// Limits and choices for a table.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most flows in this table, at least 1; of a few, the one that would end first is given up for a new one.
    pub flows_max: usize,
    /// The most octets held behind holes, over all flows of this table, each segment counted with
    /// [`reassembler::HELD_SEGMENT_COST`] more.
    pub held_bytes_max: usize,
    /// Keep flows of different VLANs apart.
    pub by_vlan: bool,
}

const NONE: u32 = u32::MAX;

/// Which flow a packet belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    key: FlowKey,
    /// Who sent the packet.
    side: Side,
    hash: u64,
    /// Its place in the table when it was looked up.
    id: u32,
}

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

impl<S: Default> FlowTable<S> {
    /// An empty table.
    #[must_use]
    pub fn new(key: HashKey, limits: Limits) -> Self {
        Self {
            key,
            limits: Limits { flows_max: limits.flows_max.max(1), ..limits },
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

    /// Octets held behind holes at present, each segment counted with [`reassembler::HELD_SEGMENT_COST`] more.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Works out which flow a packet belongs to, and looks it up.
    ///
    /// Done for a group of packets before any of them is taken, so that the memory that their flows lie in is fetched for
    /// all of them at once: with many flows, waiting for it would be most of the work.
    #[inline]
    #[must_use]
    pub fn find_flow(&self, packet: &Packet<'_>, layout: &Layout) -> Option<Found> {
        let (source, destination) = endpoints(packet.bytes, layout)?;
        let transport = layout.protocol();
        let end = layout.end().min(packet.bytes.len());
        let datagram = packet.bytes.get(usize::from(layout.transport)..end).unwrap_or_default();
        let vlan = if self.limits.by_vlan { layout.vlan().unwrap_or(0) } else { 0 };
        let (ports, one_way) = match transport {
            protocol::TCP | protocol::UDP | protocol::SCTP => {
                let ports = be32_at(datagram, 0)?;
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
        let (key, side) = if one_way {
            let (addresses, ports) = ([source, destination], [ports.0, ports.1]);
            (FlowKey { addresses, ports, tunnel: layout.tunnel, vlan, transport }, Side::A)
        } else {
            FlowKey::new((source, ports.0), (destination, ports.1), transport, layout.tunnel, vlan)
        };
        let hash = key.hash(self.key);
        let id = self.find(&key, hash).unwrap_or(NONE);
        Some(Found { key, side, hash, id })
    }

    /// Takes a packet whose innermost headers are at `layout`; `frame` labels it in chunks.
    pub fn packet<H>(&mut self, packet: &Packet<'_>, frame: u64, layout: &Layout, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let found = self.find_flow(packet, layout);
        self.take(found.as_ref(), packet, frame, layout, handler);
    }

    /// Takes a packet for which [`Self::find_flow`] gave this answer, then or some packets ago.
    #[inline]
    pub fn take<H>(&mut self, found: Option<&Found>, packet: &Packet<'_>, frame: u64, layout: &Layout, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let end = layout.end().min(packet.bytes.len());
        let datagram = packet.bytes.get(usize::from(layout.transport)..end).unwrap_or_default();
        match found {
            Some(found) if found.key.transport == protocol::TCP => {
                let sent = layout.end().saturating_sub(usize::from(layout.transport));
                match Segment::read(packet.bytes, datagram, sent, layout) {
                    Some(segment) => self.tcp(found, packet, frame, layout, &segment, handler),
                    None => self.counters.bad_transport = self.counters.bad_transport.saturating_add(1),
                }
            }
            Some(found) => self.other(found, packet, layout, datagram, handler),
            None => self.counters.bad_transport = self.counters.bad_transport.saturating_add(1),
        }
    }

    fn other<H>(&mut self, found: &Found, packet: &Packet<'_>, layout: &Layout, datagram: &[u8], handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let Found { key, side, hash, .. } = *found;
        let identification = ip_identification(packet.bytes, layout).unwrap_or(0);
        // The checksum may differ between copies: UDP has it before its payload, ICMP and IGMP in octets 2 and 3.
        let payload = datagram.get(if key.transport == protocol::UDP { 8 } else { 4 }..).unwrap_or_default();
        let place = fold(hash ^ side.index() as u64, u64::from(identification) << 32 | datagram.len() as u64);
        if self.ring.check(Fingerprint::new(place, place, sample(payload)), packet.time) == Seen::Same {
            self.duplicate(&key, hash);
            return;
        }
        let id = self.find_or_open(found, packet, layout, handler);
        let Some(flow) = flow_at(&mut self.chunks, id) else { return };
        if count(flow, side, packet, layout, handler) && checksum::is_wrong(packet, layout) {
            self.counters.bad_checksums = self.counters.bad_checksums.saturating_add(1);
        }
    }

    #[inline]
    fn tcp<H>(
        &mut self,
        found: &Found,
        packet: &Packet<'_>,
        frame: u64,
        layout: &Layout,
        segment: &Segment<'_>,
        handler: &mut H,
    ) where
        H: StreamHandler<Application = S>,
    {
        let (key, hash, side) = (&found.key, found.hash, found.side);
        let id = self.find_or_open(found, packet, layout, handler);
        let Some(flow) = flow_at(&mut self.chunks, id) else { return };

        let fingerprint = segment.fingerprint(hash, side);
        let mut seen = Seen::New;
        if segment.advances(side.of(&flow.tcp)) {
            self.ring.remember(fingerprint, packet.time);
        } else {
            seen = self.ring.check(fingerprint, packet.time);
            if seen == Seen::Same {
                self.duplicate(key, hash);
                return;
            }
        }

        if segment.flags & SYN != 0 || flow.troubles.is_some() {
            match connection::standing(flow, side, segment) {
                Standing::Own => {}
                Standing::Anew(proposal) => self.renew(id, key, hash, side, packet, layout, proposal, handler),
                Standing::Foreign => {
                    count(flow, side, packet, layout, handler);
                    return;
                }
            }
        }
        let Some(flow) = flow_at(&mut self.chunks, id) else { return };
        if count(flow, side, packet, layout, handler) && checksum::is_wrong(packet, layout) {
            self.counters.bad_checksums = self.counters.bad_checksums.saturating_add(1);
        }
        if segment.flags & (SYN | RST) != 0 {
            connection::control(flow, side, segment);
        }
        if segment.flags & ACK != 0 {
            side.of_mut(&mut flow.tcp).acknowledge(segment.acknowledgement);
        }
        let mut change = 0isize;
        let half = side.of_mut(&mut flow.tcp);
        if segment.sent > 0 {
            let sequence = segment.sequence.wrapping_add(u32::from(segment.flags & SYN != 0));
            let (bytes, sent, conflicts) = (segment.payload, segment.sent, seen == Seen::Other);
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
    }

    /// Ends a flow and begins another in its place, between the same ports.
    #[cold]
    #[allow(clippy::too_many_arguments)]
    fn renew<H>(
        &mut self,
        id: u32,
        key: &FlowKey,
        hash: u64,
        side: Side,
        packet: &Packet<'_>,
        layout: &Layout,
        proposal: Option<Proposal>,
        handler: &mut H,
    ) where
        H: StreamHandler<Application = S>,
    {
        self.end(id, packet.time, handler);
        if let Some(flow) = flow_at(&mut self.chunks, id) {
            begin(flow, key, side, packet, layout);
            if let Some(proposal) = proposal {
                connection::accept(flow, proposal);
            }
        }
        let (chunks, secret) = (&self.chunks, self.key);
        self.index.insert_unique(hash, id, |&id| hash_of(chunks, secret, id));
        self.counters.opened = self.counters.opened.saturating_add(1);
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

    #[inline]
    fn find_or_open<H>(&mut self, found: &Found, packet: &Packet<'_>, layout: &Layout, handler: &mut H) -> u32
    where
        H: StreamHandler<Application = S>,
    {
        // Packets in between may have opened or ended it.
        if flow_of(&self.chunks, found.id).is_some_and(|flow| flow.live && flow.key == found.key) {
            return found.id;
        }
        match self.find(&found.key, found.hash) {
            Some(id) => id,
            None => self.open(&found.key, found.hash, found.side, packet, layout, handler),
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
        let first_look = first_look(packet.time);
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
