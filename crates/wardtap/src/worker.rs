//! A worker: owns some of the shards, turns their packets into messages and facts.

mod clues;
mod counts;
mod fence;
mod identity;
mod links;
mod messages;
mod told;
mod transfers;

pub use counts::{Counted, WorkerCounts};

use foldhash::fast::RandomState;
use wardtap_behaviour::beneath::{PARENTS_MAX, Parents};
use wardtap_behaviour::call_home;
use wardtap_behaviour::links::{Links, Room};
use wardtap_behaviour::observation::{Called, Observation, Place};
use wardtap_behaviour::tally::{PairSlot, Pairs};
use wardtap_capture::Record;
use wardtap_dissect::identify::{Conversation, Recognised};
use wardtap_dissect::{FlowFacts, PROTOCOLS, Protocol, Transport, dicom, hl7, modbus, tls};
use wardtap_export::event::{Finished, FlowEvent};
use wardtap_net::address::{Address, SHARDS};
use wardtap_net::flow::{Flow, FlowKey, HashKey};
use wardtap_net::flow_table::{FlowTable, Limits, Sought, Warm};
use wardtap_net::packet::{Packet, Timestamp};
use wardtap_net::peel::protocol;
use wardtap_net::reassembler::StreamHandler;
use wardtap_net::stream::{Chunk, FrameLabel, Side};

use self::clues::Clues;
use self::links::LinkedFlow;
use self::messages::ToMessages;
use self::told::{HEARD, MET, Told, role_bit};
use self::transfers::Awaited;
use crate::batch::{Batch, Bundle, Entry, IDENTITY_SHARD, Key, Last, Task};

/// What all workers are told.
#[derive(Clone)]
pub struct WorkerOptions {
    /// Limits of one shard's flow table.
    pub limits: Limits,
    /// Pairs kept in one shard.
    pub pairs_max: usize,
    /// Octets that the targets of a shard's pairs take.
    pub targets_bytes_max: usize,
    /// Octets that the dissectors of a shard's flows hold.
    pub dissectors_bytes_max: usize,
    /// Octets of a shard's flows as events show them.
    pub rendered_bytes_max: usize,
    /// What links do is wanted.
    pub links: bool,
    /// Links kept in one shard, and what they do.
    pub links_room: Room,
    /// What ends say of themselves is wanted.
    pub clues: bool,
    /// `message` events are wanted.
    pub messages: bool,
    /// `flow` events are wanted.
    pub flows: bool,
    /// The captures' names as JSON strings.
    pub captures: Vec<Vec<u8>>,
    /// The secret of hashes.
    pub key: HashKey,
}

/// Records whose flows are looked up together: enough to fetch their memory side by side, few enough to keep.
const GROUP: usize = 16;

/// What a payload begins with on which tests have us fail.
#[cfg(test)]
const TRIP: &[u8] = b"TRIP";

/// Links are told once a minute.
const SECONDS_PER_MINUTE: u64 = 60;

/// What is kept with a flow.
#[derive(Default)]
pub struct Application {
    conversation: Conversation,
    /// Its place among the pairs, once there was a message.
    pair: Option<PairSlot>,
    /// What only some flows need: one without pays eight octets for it.
    extra: Option<Box<Extra>>,
}

/// What only some flows need.
#[derive(Default)]
pub struct Extra {
    /// The flow as events show it; made for the first message event.
    rendered: Option<Box<[u8]>>,
    /// Its place among the links.
    link: Option<LinkedFlow>,
    /// The port of the responder at which it was asked for, where that is not its own.
    service: Option<u16>,
}

// With its head three cache lines.
const _: () = assert!(size_of::<Flow<Application>>() == 192);

impl Application {
    fn weight(&self) -> usize {
        self.conversation.counted_bytes()
    }
}

struct Shard {
    number: u8,
    table: FlowTable<Application>,
    pairs: Pairs,
    links: Links,
    kept: Kept,
}

/// What a shard keeps beside its tables: octets of its flows beyond their places, and what was said in the minute at hand.
struct Kept {
    clues: Clues,
    /// Registered names below which names are asked for.
    parents: Parents,
    /// Requests whose answers come on other flows.
    awaited: Awaited,
    /// By dissectors, and before a flow has a name.
    held: usize,
    /// As events show flows.
    rendered: usize,
}

/// What the shards of one worker share.
struct Shared {
    options: WorkerOptions,
    bundle: Bundle,
    counts: WorkerCounts,
    told: Told,
    digest: RandomState,
    /// The minute of capture time, counted from 1970.
    minute: u64,
}

/// A worker.
pub struct Worker {
    shards: Vec<Shard>,
    workers: usize,
    number: usize,
    shared: Shared,
}

impl Worker {
    /// Worker `number` of `workers`, with every shard that falls to it.
    pub fn new(number: usize, workers: usize, options: WorkerOptions) -> Self {
        let shards = (0..SHARDS)
            .filter(|shard| shard % workers == number)
            .map(|shard| Shard {
                number: shard as u8,
                table: FlowTable::new(options.key, options.limits),
                pairs: Pairs::new(options.key, options.pairs_max, options.targets_bytes_max),
                links: Links::new(options.key, options.links_room),
                kept: Kept {
                    clues: Clues::default(),
                    parents: Parents::new(options.key, PARENTS_MAX),
                    awaited: Awaited::default(),
                    held: 0,
                    rendered: 0,
                },
            })
            .collect();
        let shared = Shared {
            told: Told::new(options.key),
            options,
            bundle: Bundle::default(),
            counts: WorkerCounts::default(),
            digest: RandomState::default(),
            minute: 0,
        };
        Self { shards, workers, number, shared }
    }

    /// Takes a batch and a bundle to fill; gives the filled bundle back.
    pub fn take(&mut self, batch: &Batch, mut bundle: Bundle) -> Bundle {
        bundle.clear();
        self.shared.bundle = bundle;
        self.take_all(batch);
        if let Some(last) = batch.last {
            self.finish(batch.first, last);
        }
        self.shared.bundle.counted = batch.read.is_some().then(|| Box::new(self.counted()));
        std::mem::take(&mut self.shared.bundle)
    }

    /// Takes the records of a batch from `at` on, which says how far it has come.
    fn take_records(&mut self, batch: &Batch, at: &mut usize) {
        let first = *at;
        // The ticks before a record that was begun were taken with it.
        let mut ticks = batch.ticks.iter().skip_while(|tick| first > 0 && tick.before < first);
        let mut next_tick = ticks.next();
        let (records, entries) = (batch.block.records.get(first..), batch.entries.get(first..));
        let (records, entries) = (records.unwrap_or_default(), entries.unwrap_or_default());
        let groups = records.chunks(GROUP).zip(entries.chunks(GROUP));
        for (start, (records, entries)) in (first..).step_by(GROUP).zip(groups) {
            self.warm(entries);
            for (index, (record, entry)) in (start..).zip(records.iter().zip(entries)) {
                *at = index;
                while let Some(tick) = next_tick.filter(|tick| tick.before == index) {
                    self.tick(batch.first + index as u64, tick.now);
                    next_tick = ticks.next();
                }
                self.take_record(Here { batch, record, entry, number: batch.first + index as u64 });
            }
        }
    }

    /// Has the memory of a group's flows fetched, all of it at once.
    #[inline]
    fn warm(&self, group: &[Entry]) {
        let table = |entry: &Entry| self.shards.get(self.place(entry)?).map(|shard| &shard.table);
        let mut warm = [Warm::NONE; GROUP];
        for (entry, warm) in group.iter().zip(&mut warm) {
            *warm = table(entry).map_or(Warm::NONE, |table| table.warm_index(&entry.sought));
        }
        let fetched =
            group.iter().zip(&warm).map(|(entry, warm)| table(entry).map_or(0, |table| table.warm_flow(*warm)));
        std::hint::black_box(fetched.fold(0, |all, word| all ^ word));
    }

    /// The place of a record's shard among ours.
    #[inline]
    fn place(&self, entry: &Entry) -> Option<usize> {
        let shard = usize::from(entry.shard);
        if self.workers == 1 {
            return Some(shard);
        }
        (shard % self.workers == self.number).then_some(shard / self.workers)
    }

    #[inline]
    fn take_record(&mut self, here: Here<'_>) {
        let Here { batch, record, entry, number } = here;
        if entry.task == Task::Nothing {
            return;
        }
        let Some(shard) = self.place(entry).and_then(|place| self.shards.get_mut(place)) else { return };
        let packet = packet(batch, record, entry);
        let frame = FrameLabel::new(record.input, record.frame);
        let mut hands = Hands {
            pairs: &mut shard.pairs,
            links: &mut shard.links,
            kept: &mut shard.kept,
            shared: &mut self.shared,
            key: Key::record(number, entry.shard),
            place: Place { frame, time: packet.time },
            here: Some(here),
            held_changed: false,
        };
        if entry.task == Task::Arp {
            hands.arp(packet.bytes, usize::from(entry.layout.network));
        } else if entry.task == Task::Discovery {
            hands.discovery(&packet);
        } else {
            if entry.shard == IDENTITY_SHARD && entry.layout.protocol() != protocol::TCP {
                hands.identity(&packet, &entry.layout);
            }
            shard.table.take(&entry.sought, &packet, frame.to_bits(), &entry.layout, &mut hands);
            if hands.hold_too_much() {
                hands.make_room(&mut shard.table, &entry.sought);
            }
            if hands.links.is_full() {
                let minute = hands.links.minute();
                hands.hand_links_over(minute);
            }
        }
    }

    fn tick(&mut self, sequence: u64, now: Timestamp) {
        let minute = now.seconds() / SECONDS_PER_MINUTE;
        let before = std::mem::replace(&mut self.shared.minute, minute);
        for shard in &mut self.shards {
            let key = Key::tick(sequence, shard.number);
            let mut hands = Hands::at(&mut shard.pairs, &mut shard.links, &mut shard.kept, &mut self.shared, key, now);
            shard.table.tick(now, &mut hands);
            hands.kept.awaited.expire(now);
            // Behind a hole that was given up, any number of flows may have read on.
            while hands.hold_too_much() {
                if let Some(flow) = shard.table.heaviest(None, Application::weight) {
                    hands.forget(flow);
                }
            }
            hands.hand_over();
            if before != minute && hands.shared.options.links {
                let carried = |flow: &&mut Flow<Application>| flow.last.seconds() / SECONDS_PER_MINUTE >= before;
                shard.table.flows().filter(carried).for_each(|flow| hands.link_carried(flow));
                hands.hand_links_over(minute);
            }
            if before != minute && hands.shared.options.clues {
                hands.hand_clues_over();
            }
        }
    }

    fn finish(&mut self, sequence: u64, Last { now, shard }: Last) {
        for shard in self.shards.iter_mut().filter(|known| known.number == shard) {
            let key = Key::tick(sequence, shard.number);
            let mut hands = Hands::at(&mut shard.pairs, &mut shard.links, &mut shard.kept, &mut self.shared, key, now);
            shard.table.finish(now, &mut hands);
            hands.hand_over();
            if hands.shared.options.links {
                let minute = hands.shared.minute;
                hands.hand_links_over(minute);
            }
            hands.hand_clues_over();
            debug_assert_eq!((shard.kept.held, shard.kept.rendered), (0, 0), "what ended flows kept");
        }
    }

    /// What was counted, and each shard's counters.
    pub fn counted(&self) -> Counted {
        let (mut pairs, mut targets, mut links, mut parents) = (0, 0, 0, 0);
        for shard in &self.shards {
            links += shard.links.evicted();
            pairs += shard.pairs.evicted();
            targets += shard.pairs.evicted_targets();
            parents += shard.kept.parents.evicted();
        }
        let tables = self.shards.iter().map(|shard| *shard.table.counters()).collect();
        Counted { counts: self.shared.counts.clone(), tables, pairs, targets, links, parents }
    }
}

/// The IP packet of a record: its own frame, or one put together from fragments.
#[inline]
fn packet<'a>(batch: &'a Batch, record: &Record, entry: &Entry) -> Packet<'a> {
    let (bytes, sent) = match entry.task {
        Task::Datagram(place) => {
            let frame = batch.datagrams.get(usize::from(place)).map_or(&[][..], Vec::as_slice);
            (frame, frame.len() as u32)
        }
        _ => (batch.block.frame(record), record.sent),
    };
    Packet { time: record.time, link: record.link, bytes, sent }
}

/// Takes what the flow table finds in one packet or at one tick.
struct Hands<'a> {
    pairs: &'a mut Pairs,
    links: &'a mut Links,
    kept: &'a mut Kept,
    shared: &'a mut Shared,
    key: Key,
    place: Place,
    /// None at a tick.
    here: Option<Here<'a>>,
    /// What the flow at hand holds may have changed.
    held_changed: bool,
}

/// The record at hand.
#[derive(Clone, Copy)]
struct Here<'a> {
    batch: &'a Batch,
    record: &'a Record,
    entry: &'a Entry,
    number: u64,
}

impl<'a> Hands<'a> {
    fn at(
        pairs: &'a mut Pairs,
        links: &'a mut Links,
        kept: &'a mut Kept,
        shared: &'a mut Shared,
        key: Key,
        now: Timestamp,
    ) -> Self {
        let place = Place { time: now, ..Place::default() };
        Self { pairs, links, kept, shared, key, place, here: None, held_changed: false }
    }

    #[inline]
    fn hold_too_much(&self) -> bool {
        self.kept.held > self.shared.options.dissectors_bytes_max
    }

    /// The flow that holds most of those looked at gives it up; if that is not enough, so does the flow that wanted more.
    #[cold]
    fn make_room(&mut self, table: &mut FlowTable<Application>, sought: &Sought) {
        if let Some(flow) = table.heaviest(Some(sought), Application::weight) {
            self.forget(flow);
        }
        if self.hold_too_much()
            && let Some(flow) = table.flow(sought)
        {
            self.forget(flow);
        }
    }

    fn forget(&mut self, flow: &mut Flow<Application>) {
        self.shared.counts.forgotten += 1;
        self.fenced(flow, |hands, flow| {
            let (conversation, mut to) = hands.conversation(flow, hands.place);
            let facts = to.facts();
            conversation.forget(&facts, &mut to);
        });
        self.count_held(flow);
    }

    #[inline]
    fn count_held(&mut self, flow: &mut Flow<Application>) {
        self.held_changed = false;
        self.kept.held = self.kept.held.saturating_add_signed(flow.application.conversation.count_held());
    }

    fn hand_over(&mut self) {
        let (key, bundle) = (self.key, &mut self.shared.bundle);
        self.pairs.hand_over(|tally| bundle.observations.push((key, Observation::Tally(Box::new(tally)))));
    }

    /// The VLAN of the record at hand.
    fn vlan(&self) -> Option<u16> {
        self.here?.entry.layout.vlan()
    }

    /// By which hardware addresses a frame comes from one address to another.
    fn tell_met(&mut self, from: Address, to: Address) {
        let Some(Here { batch, record, entry, .. }) = self.here else { return };
        let frame = packet(batch, record, entry).bytes;
        let macs = [(from, entry.layout.source_mac(frame)), (to, entry.layout.destination_mac(frame))];
        for (address, mac) in macs {
            let Some(mac) = mac.filter(|mac| mac.is_host() && !mac.is_virtual()) else { continue };
            if address.is_host() && self.shared.told.is_news(address, MET) {
                let seen = Observation::Met { address, mac, vlan: self.vlan(), place: self.place };
                self.shared.bundle.observations.push((self.key, seen));
            }
        }
    }

    /// What an end speaks. To be told once it was heard on the same flow: of an address that was not, the judge knows nothing.
    fn tell_role(&mut self, address: Address, protocol: &'static Protocol, requester: bool) {
        if self.shared.told.is_news(address, role_bit(protocol.index, requester)) {
            let seen = Observation::Role { address, protocol, requester, place: self.place };
            self.shared.bundle.observations.push((self.key, seen));
        }
    }
}

impl StreamHandler for Hands<'_> {
    type Application = Application;

    #[inline]
    fn chunk(&mut self, flow: &mut Flow<Application>, chunk: &Chunk<'_>) {
        let place = Place { frame: FrameLabel::from_bits(chunk.frame), time: chunk.time };
        #[cfg(test)]
        assert!(!chunk.bytes.starts_with(TRIP), "a mistake that quotes its input: {chunk:?}");
        let links = self.shared.options.links;
        let (conversation, mut to) = self.conversation(flow, place);
        if !conversation.push_named(chunk, &mut to) {
            let facts = to.facts();
            conversation.push(&facts, chunk, &mut to);
        }
        if links && conversation.is_opaque() {
            self.link_opaque(flow, chunk.side, chunk.bytes.len(), place);
        }
        if self.held_changed {
            self.count_held(flow);
        }
    }

    fn gap(&mut self, flow: &mut Flow<Application>, side: Side, missing: Option<u64>) {
        let application = &flow.application;
        if let Some(slot) = application.pair
            && application.conversation.requester() == Some(slot.requester())
        {
            self.pairs.gap(slot, missing.unwrap_or(0));
        }
        if self.shared.options.links {
            self.link_gap(flow, side, missing.unwrap_or(0));
        }
        self.fenced(flow, |hands, flow| {
            let (conversation, mut to) = hands.conversation(flow, hands.place);
            conversation.gap(side, missing, &mut to);
        });
        self.count_held(flow);
    }

    fn heard(&mut self, flow: &mut Flow<Application>, side: Side) {
        if !self.kept.awaited.is_empty() {
            self.take_up(flow, side);
        }
        let address = *side.of(&flow.key().addresses);
        if self.shared.options.links {
            self.tell_met(address, *side.other().of(&flow.key().addresses));
        }
        if address.is_host() && self.shared.told.is_news(address, HEARD) {
            let seen = Observation::Heard { address, vlan: self.vlan(), place: self.place };
            self.shared.bundle.observations.push((self.key, seen));
        }
        let peer = *side.other().of(&flow.key().addresses);
        if let Some(known) = call_home::built_in(peer) {
            let flow = flow.parts().0.identity(None);
            let called = Called { from: address, known, flow, place: self.place };
            self.shared.bundle.observations.push((self.key, Observation::Called(Box::new(called))));
        }
        if let Some(slot) = flow.application.pair
            && let Recognised::Protocol(protocol) = flow.application.conversation.recognised()
        {
            self.tell_role(address, protocol, side == slot.requester());
        }
        if self.shared.options.links {
            self.link_flow(flow);
        }
    }

    fn datagram(&mut self, flow: &mut Flow<Application>, chunk: &Chunk<'_>) {
        let (place, links) = (self.place, self.shared.options.links);
        let (conversation, mut to) = self.conversation(flow, place);
        let facts = FlowFacts { transport: Transport::Udp, ..to.facts() };
        conversation.datagram(&facts, chunk, &mut to);
        if links && conversation.is_opaque() {
            self.link_opaque(flow, chunk.side, chunk.bytes.len(), place);
        }
        if self.held_changed {
            self.count_held(flow);
        }
    }

    fn finished(&mut self, flow: &mut Flow<Application>, time: Timestamp) {
        self.fenced(flow, |hands, flow| {
            let (conversation, mut to) = hands.conversation(flow, hands.place);
            conversation.finish(&mut to);
        });
        if self.shared.options.links {
            self.link_finished(flow);
        }
        let Application { conversation, extra, .. } = &flow.application;
        let service = extra.as_ref().and_then(|extra| extra.service);
        let rendered = extra.as_ref().and_then(|extra| extra.rendered.as_ref());
        self.kept.held = self.kept.held.saturating_sub(conversation.counted_bytes());
        self.kept.rendered = self.kept.rendered.saturating_sub(rendered.map_or(0, |text| text.len()));
        if !self.shared.options.flows {
            return;
        }
        let ports = used_ports(flow.key(), service);
        let (head, application) = flow.parts();
        let recognised = application.conversation.recognised();
        let identity = head.identity(application.conversation.requester());
        let event = FlowEvent::new(
            time,
            Finished {
                identity: &identity,
                protocol: match recognised {
                    Recognised::Unknown => None,
                    Recognised::Protocol(protocol) => Some(protocol.name),
                },
                port_facts: port_facts(recognised, ports),
                state: flow.state().name(),
                last: flow.last,
                volume: *flow.volume(),
                troubles: flow.troubles(),
            },
        );
        let bundle = &mut self.shared.bundle;
        if serde_json::to_writer(&mut bundle.lines, &event).is_ok() {
            bundle.lines.push(b'\n');
            bundle.end_line(self.key);
        }
    }

    fn copied(&mut self, bytes: usize) {
        self.shared.counts.copied += bytes as u64;
    }
}

/// The ports of a flow; where it was asked for at another one, that one only.
fn used_ports(key: &FlowKey, service: Option<u16>) -> [u16; 2] {
    service.map_or(key.ports, |port| [port; 2])
}

/// What is unusual about a protocol and the ports of its flow.
fn port_facts(recognised: Recognised, ports: [u16; 2]) -> Vec<&'static str> {
    let usual = |protocol: &Protocol| ports.iter().any(|port| protocol.ports.contains(port));
    let is_tls = |protocol: &Protocol| protocol.name == tls::PROTOCOL.name;
    let medical: [&Protocol; 3] = [&hl7::PROTOCOL, &dicom::PROTOCOL, &modbus::PROTOCOL];
    match recognised {
        Recognised::Protocol(protocol) if usual(protocol) => vec![],
        Recognised::Protocol(protocol) if is_tls(protocol) && medical.into_iter().any(usual) => vec!["tls-on-port"],
        Recognised::Protocol(_) if PROTOCOLS.iter().any(|other| usual(other)) => {
            vec!["unusual-port", "other-protocol-on-port"]
        }
        // It is usual everywhere.
        Recognised::Protocol(protocol) if is_tls(protocol) => vec![],
        Recognised::Protocol(_) => vec!["unusual-port"],
        Recognised::Unknown => vec![],
    }
}

impl<'a> Hands<'a> {
    #[inline]
    fn conversation<'b>(
        &'b mut self,
        flow: &'b mut Flow<Application>,
        chunk_place: Place,
    ) -> (&'b mut Conversation, ToMessages<'b, 'a>) {
        let (flow, application) = flow.parts();
        let Application { conversation, pair, extra } = application;
        (conversation, ToMessages { hands: self, flow, pair, extra, chunk_place })
    }
}
