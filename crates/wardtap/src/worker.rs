//! A worker: owns some of the shards, turns their packets into messages and facts.

use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};
use std::hash::BuildHasher;
use wardtap_behaviour::observation::{Content, Observation, Place};
use wardtap_behaviour::tally::{Pair, PairSlot, Pairs};
use wardtap_capture::Record;
use wardtap_dissect::identify::{Conversation, Recognised};
use wardtap_dissect::{Envelope, Finding, FlowFacts, Message, MessageHandler, PROTOCOLS, Protocol};
use wardtap_export::event::{Finished, FlowEvent};
use wardtap_export::message::{self, Circumstances};
use wardtap_export::metrics::{Responses, responses};
use wardtap_net::address::{Address, SHARDS};
use wardtap_net::arp::Sender;
use wardtap_net::flow::{Flow, FlowHead, HashKey, fold};
use wardtap_net::flow_table::{Counters, FlowTable, Limits, Sought, Warm};
use wardtap_net::packet::{Packet, Timestamp};
use wardtap_net::reassembler::StreamHandler;
use wardtap_net::stream::{Chunk, FrameLabel, Side};

use crate::batch::{Batch, Bundle, Entry, Key, Last, Task};

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

/// Places for what was told of addresses.
const TOLD: usize = 1 << 17;

/// What a worker counts; added up over workers at the end.
pub struct WorkerCounts {
    /// Messages by protocol and kind.
    pub kinds: Vec<Vec<u64>>,
    /// Anomalies by protocol and reason.
    pub anomalies: Vec<Vec<u64>>,
    /// Response times by protocol.
    pub responses: Vec<Responses>,
    /// Sums of response times by protocol, in nanoseconds.
    pub response_sums: Vec<u64>,
    /// Octets copied.
    pub copied: u64,
    /// ARP packets that could not be read.
    pub bad_arp: u64,
    /// Times that a dissector had to let go of what it held.
    pub forgotten: u64,
}

impl Default for WorkerCounts {
    fn default() -> Self {
        Self {
            kinds: PROTOCOLS.iter().map(|protocol| vec![0; protocol.kinds.len()]).collect(),
            anomalies: PROTOCOLS.iter().map(|protocol| vec![0; protocol.anomalies.len()]).collect(),
            responses: PROTOCOLS.iter().map(|_| responses()).collect(),
            response_sums: vec![0; PROTOCOLS.len()],
            copied: 0,
            bad_arp: 0,
            forgotten: 0,
        }
    }
}

impl WorkerCounts {
    #[inline]
    fn message(&mut self, protocol: usize, envelope: &Envelope) {
        if let Some(count) = self.kinds.get_mut(protocol).and_then(|kinds| kinds.get_mut(envelope.kind)) {
            *count += 1;
        }
        if let Some(nanos) = envelope.response_nanos
            && let (Some(responses), Some(sum)) =
                (self.responses.get_mut(protocol), self.response_sums.get_mut(protocol))
        {
            responses.saturating_record(nanos);
            *sum = sum.saturating_add(nanos);
        }
    }
}

/// What is kept with a flow.
#[derive(Default)]
pub struct Application {
    conversation: Conversation,
    /// Its place among the pairs, once there was a message.
    pair: Option<PairSlot>,
    /// The flow as events show it; made for the first message event. Twice boxed: a flow without pays eight octets for it.
    rendered: Option<Box<Box<[u8]>>>,
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
    kept: Kept,
}

/// Octets that a shard's flows keep beyond their places in the table.
#[derive(Default)]
struct Kept {
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
                kept: Kept::default(),
            })
            .collect();
        let shared = Shared {
            told: Told::new(options.key),
            options,
            bundle: Bundle::default(),
            counts: WorkerCounts::default(),
            digest: RandomState::default(),
        };
        Self { shards, workers, number, shared }
    }

    /// Takes a batch and a bundle to fill; gives the filled bundle back.
    pub fn take(&mut self, batch: &Batch, mut bundle: Bundle) -> Bundle {
        bundle.clear();
        self.shared.bundle = bundle;
        let mut ticks = batch.ticks.iter();
        let mut next_tick = ticks.next();
        let groups = batch.block.records.chunks(GROUP).zip(batch.entries.chunks(GROUP));
        for (start, (records, entries)) in (0..).step_by(GROUP).zip(groups) {
            self.warm(entries);
            for (index, (record, entry)) in (start..).zip(records.iter().zip(entries)) {
                while let Some(tick) = next_tick.filter(|tick| tick.before == index) {
                    self.tick(batch.first + index as u64, tick.now);
                    next_tick = ticks.next();
                }
                self.take_record(Here { batch, record, entry, number: batch.first + index as u64 });
            }
        }
        if let Some(last) = batch.last {
            self.finish(batch.first, last);
        }
        std::mem::take(&mut self.shared.bundle)
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
            kept: &mut shard.kept,
            shared: &mut self.shared,
            key: Key::record(number, entry.shard),
            place: Place { frame, time: packet.time },
            here: Some(here),
            held_changed: false,
        };
        if entry.task == Task::Arp {
            hands.arp(packet.bytes, usize::from(entry.layout.network));
        } else {
            shard.table.take(&entry.sought, &packet, frame.to_bits(), &entry.layout, &mut hands);
            if hands.hold_too_much() {
                hands.make_room(&mut shard.table, &entry.sought);
            }
        }
    }

    fn tick(&mut self, sequence: u64, now: Timestamp) {
        for shard in &mut self.shards {
            let key = Key::tick(sequence, shard.number);
            let mut hands = Hands::at(&mut shard.pairs, &mut shard.kept, &mut self.shared, key, now);
            shard.table.tick(now, &mut hands);
            // Behind a hole that was given up, any number of flows may have read on.
            while hands.hold_too_much() {
                if let Some(flow) = shard.table.heaviest(None, Application::weight) {
                    hands.forget(flow);
                }
            }
            hands.hand_over();
        }
    }

    fn finish(&mut self, sequence: u64, Last { now, shard }: Last) {
        for shard in self.shards.iter_mut().filter(|known| known.number == shard) {
            let key = Key::tick(sequence, shard.number);
            let mut hands = Hands::at(&mut shard.pairs, &mut shard.kept, &mut self.shared, key, now);
            shard.table.finish(now, &mut hands);
            hands.hand_over();
            debug_assert_eq!((shard.kept.held, shard.kept.rendered), (0, 0), "what ended flows kept");
        }
    }

    /// What was counted, and each shard's counters.
    pub fn into_counts(self) -> Counted {
        let (mut pairs, mut targets) = (0, 0);
        for shard in &self.shards {
            pairs += shard.pairs.evicted();
            targets += shard.pairs.evicted_targets();
        }
        let tables = self.shards.iter().map(|shard| *shard.table.counters()).collect();
        Counted { counts: self.shared.counts, tables, pairs, targets }
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

/// What a worker has counted.
pub struct Counted {
    pub counts: WorkerCounts,
    /// By each shard's flow table.
    pub tables: Vec<Counters>,
    /// Pairs given up.
    pub pairs: u64,
    /// Targets of pairs given up, or not told apart.
    pub targets: u64,
}

/// Takes what the flow table finds in one packet or at one tick.
struct Hands<'a> {
    pairs: &'a mut Pairs,
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
    fn at(pairs: &'a mut Pairs, kept: &'a mut Kept, shared: &'a mut Shared, key: Key, now: Timestamp) -> Self {
        let place = Place { time: now, ..Place::default() };
        Self { pairs, kept, shared, key, place, here: None, held_changed: false }
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
        let (conversation, mut to) = self.conversation(flow, self.place);
        let facts = to.facts();
        conversation.forget(&facts, &mut to);
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

    /// ARP: the sender says which address is its own.
    fn arp(&mut self, frame: &[u8], at: usize) {
        let Some(sender) = Sender::read(frame.get(at..).unwrap_or_default()) else {
            self.shared.counts.bad_arp += 1;
            return;
        };
        let Sender { mac, address } = sender;
        if sender.claims() && self.shared.told.is_news(address, CLAIMED) {
            let seen = Observation::Claimed { address, mac, vlan: self.vlan(), place: self.place };
            self.shared.bundle.observations.push((self.key, seen));
        }
    }
}

const HEARD: u32 = 1;
const CLAIMED: u32 = 2;

/// The bit of a role in what was told of an address.
fn role_bit(protocol: usize, requester: bool) -> u32 {
    1u32.checked_shl((2 + protocol * 2 + usize::from(requester)) as u32).unwrap_or(0)
}

/// What was told of which address, so that it is not told again: a cache, one place an address. What another address
/// has pushed out is told once more, and the judge knows it.
struct Told {
    key: HashKey,
    places: Box<[u32]>,
}

/// Bits of a place that hold facts; the others tell addresses apart.
const FACT_BITS: u32 = 8;

impl Told {
    fn new(key: HashKey) -> Self {
        Self { key, places: vec![0; TOLD].into_boxed_slice() }
    }

    /// True when this fact about an address was not told yet.
    #[inline]
    fn is_news(&mut self, address: Address, fact: u32) -> bool {
        let (high, low) = address.halves();
        let hash = fold(low ^ self.key.0, high ^ self.key.1);
        let tag = (hash >> 32) as u32 >> FACT_BITS << FACT_BITS;
        let Some(place) = self.places.get_mut(hash as usize % TOLD) else { return true };
        let facts = if *place >> FACT_BITS == tag >> FACT_BITS { *place } else { tag };
        *place = facts | fact;
        facts & fact == 0
    }
}

impl StreamHandler for Hands<'_> {
    type Application = Application;

    #[inline]
    fn chunk(&mut self, flow: &mut Flow<Application>, chunk: &Chunk<'_>) {
        let place = Place { frame: FrameLabel::from_bits(chunk.frame), time: chunk.time };
        let (conversation, mut to) = self.conversation(flow, place);
        if !conversation.push_named(chunk, &mut to) {
            let facts = to.facts();
            conversation.push(&facts, chunk, &mut to);
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
        let (conversation, mut to) = self.conversation(flow, self.place);
        conversation.gap(side, missing, &mut to);
        self.count_held(flow);
    }

    fn heard(&mut self, flow: &mut Flow<Application>, side: Side) {
        let address = *side.of(&flow.key().addresses);
        if address.is_host() && self.shared.told.is_news(address, HEARD) {
            let seen = Observation::Heard { address, vlan: self.vlan(), place: self.place };
            self.shared.bundle.observations.push((self.key, seen));
        }
    }

    fn finished(&mut self, flow: &mut Flow<Application>, time: Timestamp) {
        let (conversation, mut to) = self.conversation(flow, self.place);
        conversation.finish(&mut to);
        let Application { conversation, rendered, .. } = &flow.application;
        self.kept.held = self.kept.held.saturating_sub(conversation.counted_bytes());
        self.kept.rendered = self.kept.rendered.saturating_sub(rendered.as_ref().map_or(0, |text| text.len()));
        if !self.shared.options.flows {
            return;
        }
        let (head, application) = flow.parts();
        let recognised = application.conversation.recognised();
        let identity = head.identity(application.conversation.requester());
        let event = FlowEvent::new(
            time,
            Finished {
                identity: &identity,
                protocol: match recognised {
                    Recognised::Unknown => None,
                    Recognised::Tls => Some("tls"),
                    Recognised::Protocol(protocol) => Some(protocol.name),
                },
                port_facts: port_facts(recognised, flow.key().ports),
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

/// What is unusual about a protocol and the ports of its flow.
fn port_facts(recognised: Recognised, ports: [u16; 2]) -> Vec<&'static str> {
    let usual = |protocol: &Protocol| ports.iter().any(|port| protocol.ports.contains(port));
    match recognised {
        Recognised::Protocol(protocol) if usual(protocol) => vec![],
        Recognised::Protocol(_) if PROTOCOLS.iter().any(|other| usual(other)) => {
            vec!["unusual-port", "other-protocol-on-port"]
        }
        Recognised::Protocol(_) => vec!["unusual-port"],
        Recognised::Tls if PROTOCOLS.iter().any(|other| usual(other)) => vec!["tls-on-port"],
        Recognised::Unknown | Recognised::Tls => vec![],
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
        let Application { conversation, pair, rendered } = application;
        (conversation, ToMessages { hands: self, flow, pair, rendered, chunk_place })
    }
}

/// Takes what the dissector of one flow reads.
struct ToMessages<'b, 'a> {
    hands: &'b mut Hands<'a>,
    flow: &'b mut FlowHead,
    pair: &'b mut Option<PairSlot>,
    rendered: &'b mut Option<Box<Box<[u8]>>>,
    chunk_place: Place,
}

impl MessageHandler for ToMessages<'_, '_> {
    fn message(&mut self, message: &dyn Message) {
        let envelope = message.envelope();
        let protocol = message.protocol();
        let shared = &mut *self.hands.shared;
        shared.counts.message(protocol.index, envelope);
        let requester = envelope.requester();
        let ends = self.flow.key().addresses;
        let pair = || Pair { requester: *requester.of(&ends), responder: *requester.other().of(&ends), protocol };
        let digest = &shared.digest;
        let features = message.features(&|text| digest.hash_one(text));
        let slot = self.hands.pairs.fold(*self.pair, pair, message, envelope, &features, self.chunk_place);
        if self.pair.replace(slot).is_none() {
            self.tell_roles(&pair());
        }
        if self.hands.shared.options.messages {
            self.write(message, protocol, requester);
        }
    }

    fn anomaly(&mut self, protocol: &'static Protocol, reason: usize) {
        let anomalies = &mut self.hands.shared.counts.anomalies;
        if let Some(count) = anomalies.get_mut(protocol.index).and_then(|reasons| reasons.get_mut(reason)) {
            *count += 1;
        }
    }

    fn finding(&mut self, protocol: &'static Protocol, finding: Finding) {
        let Finding::Executable { side, .. } = finding;
        let addresses = self.flow.key().addresses;
        let here = self.hands.here;
        let content = Content {
            finding,
            protocol,
            sender: *side.of(&addresses),
            receiver: *side.other().of(&addresses),
            flow: self.flow.identity(None),
            gap_bytes: self.flow.gap_bytes(),
            one_sided: self.flow.is_one_sided(),
            place: self.chunk_place,
            // Of a segment that was held until now only the payload is left: no digest is better than another frame's.
            sha256: here
                .filter(|_| self.chunk_place == self.hands.place)
                .map(|here| Sha256::digest(here.batch.block.frame(here.record)).into()),
        };
        let (key, bundle) = (self.hands.key, &mut self.hands.shared.bundle);
        bundle.observations.push((key, Observation::Content(Box::new(content))));
    }

    fn at(&mut self, time: Timestamp, frame: u64) {
        self.chunk_place = Place { frame: FrameLabel::from_bits(frame), time };
    }

    fn copied(&mut self, bytes: usize) {
        self.hands.shared.counts.copied += bytes as u64;
        self.hands.held_changed = true;
    }

    fn held_changed(&mut self) {
        self.hands.held_changed = true;
    }
}

impl ToMessages<'_, '_> {
    /// What a dissector may know of the flow.
    fn facts(&self) -> FlowFacts {
        FlowFacts {
            ports: self.flow.key().ports,
            originator: self.flow.originator(),
            from_start: self.flow.from_start(),
            requester: None,
        }
    }

    fn tell_roles(&mut self, pair: &Pair) {
        let protocol = pair.protocol;
        for (address, requester) in [(pair.requester, true), (pair.responder, false)] {
            if self.hands.shared.told.is_news(address, role_bit(protocol.index, requester)) {
                let role = Observation::Role { address, protocol, requester };
                self.hands.shared.bundle.observations.push((self.hands.key, role));
            }
        }
    }

    fn write(&mut self, message: &dyn Message, protocol: &'static Protocol, requester: Side) {
        let head = &mut self.flow;
        let Shared { bundle, options, .. } = &mut *self.hands.shared;
        let kept = &mut *self.hands.kept;
        let once;
        let flow: &[u8] = match self.rendered {
            Some(flow) => flow,
            None => {
                let flow = message::render_flow(&head.identity(Some(requester)));
                if kept.rendered + flow.len() <= options.rendered_bytes_max {
                    kept.rendered += flow.len();
                    self.rendered.insert(Box::new(flow))
                } else {
                    once = flow;
                    &once
                }
            }
        };
        let label = self.chunk_place.frame;
        let ports = &head.key().ports;
        let around = Circumstances {
            time: self.chunk_place.time,
            frame: label.number(),
            capture: options.captures.get(label.input()).map_or(b"\"\"", Vec::as_slice),
            flow,
            unusual_port: !ports.iter().any(|port| protocol.ports.contains(port)),
        };
        message::write(&mut bundle.lines, message, &around);
        bundle.end_line(self.hands.key);
    }
}
