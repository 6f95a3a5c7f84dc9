//! A worker: owns some of the shards, turns their packets into messages and facts.

use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};
use std::hash::BuildHasher;
use wardtap_behaviour::observation::{Content, Observation, Place};
use wardtap_behaviour::tally::{Pair, PairSlot, Pairs};
use wardtap_capture::Record;
use wardtap_dissect::identify::{Conversation, Recognised};
use wardtap_dissect::{Direction, Finding, FlowFacts, Message, MessageHandler, PROTOCOLS, Protocol};
use wardtap_export::event::{Finished, FlowEvent};
use wardtap_export::message::{self, Circumstances};
use wardtap_export::metrics::{Responses, responses};
use wardtap_net::address::{Address, Mac, SHARDS};
use wardtap_net::flow::{Flow, FlowView, HashKey, fold};
use wardtap_net::flow_table::{Counters, FlowTable, Found, Limits};
use wardtap_net::packet::{Packet, Timestamp};
use wardtap_net::peel::protocol;
use wardtap_net::reader::Reader;
use wardtap_net::reassembler::StreamHandler;
use wardtap_net::stream::{Chunk, FrameLabel, Side};

use crate::batch::{Batch, Bundle, Entry, Key, Task};

/// What all workers are told.
#[derive(Clone)]
pub struct WorkerOptions {
    /// Limits of one shard's flow table.
    pub limits: Limits,
    /// Pairs kept in one shard.
    pub pairs_max: usize,
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
const TOLD: usize = 1 << 16;

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
        }
    }
}

/// What is kept with a flow.
#[derive(Default)]
pub struct Application {
    conversation: Conversation,
    pair: Option<PairSlot>,
    /// The flow as events show it; made for the first message event.
    rendered: Option<Box<[u8]>>,
    /// Both ends' roles were told.
    told: bool,
    /// Where its latest bytes came: what ends with the flow, or with a gap that time tells, is found there.
    latest: Place,
}

struct Shard {
    number: u8,
    table: FlowTable<Application>,
    pairs: Pairs,
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
                pairs: Pairs::new(options.key, options.pairs_max),
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
        let mut ticks = batch.ticks.iter().peekable();
        let mut found = [None; GROUP];
        for (start, records) in (0..).step_by(GROUP).zip(batch.block.records.chunks(GROUP)) {
            let entries = batch.entries.get(start..start + records.len()).unwrap_or_default();
            for ((record, entry), found) in records.iter().zip(entries).zip(&mut found) {
                *found = self.shard_of(entry).and_then(|shard| {
                    let packet = packet(batch, record, entry);
                    if entry.task == Task::Arp { None } else { shard.table.find_flow(&packet, &entry.layout) }
                });
            }
            for (index, ((record, entry), found)) in (start..).zip(records.iter().zip(entries).zip(&found)) {
                let sequence = batch.first + index as u64;
                while let Some(tick) = ticks.next_if(|tick| tick.before == index) {
                    self.tick(sequence, tick.now);
                }
                self.take_record(batch, record, entry, found.as_ref(), sequence);
            }
        }
        if let Some(now) = batch.last {
            self.finish(batch.first, now);
        }
        std::mem::take(&mut self.shared.bundle)
    }

    /// The shard of a record, where it is one of ours and there is something to do.
    #[inline]
    fn shard_of(&self, entry: &Entry) -> Option<&Shard> {
        if entry.task == Task::Nothing {
            return None;
        }
        self.shards.get(self.place(entry)?)
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
    fn take_record(&mut self, batch: &Batch, record: &Record, entry: &Entry, found: Option<&Found>, sequence: u64) {
        if entry.task == Task::Nothing {
            return;
        }
        let Some(shard) = self.place(entry).and_then(|place| self.shards.get_mut(place)) else { return };
        let packet = packet(batch, record, entry);
        let place = Place { frame: FrameLabel::new(record.input, record.frame), time: record.time };
        let mut hands = Hands {
            pairs: &mut shard.pairs,
            shared: &mut self.shared,
            key: Key::record(sequence, entry.shard),
            place,
            frame: batch.block.frame(record),
            vlan: entry.layout.vlan(),
        };
        if entry.task == Task::Arp {
            hands.arp(packet.bytes, usize::from(entry.layout.network));
        } else {
            shard.table.take(found, &packet, place.frame.to_bits(), &entry.layout, &mut hands);
        }
    }

    fn tick(&mut self, sequence: u64, now: Timestamp) {
        for shard in &mut self.shards {
            let key = Key::tick(sequence, shard.number);
            let mut hands = Hands::at(&mut shard.pairs, &mut self.shared, key, now);
            shard.table.tick(now, &mut hands);
            hands.hand_over();
        }
    }

    fn finish(&mut self, sequence: u64, now: Timestamp) {
        for shard in &mut self.shards {
            let key = Key::tick(sequence, shard.number);
            let mut hands = Hands::at(&mut shard.pairs, &mut self.shared, key, now);
            shard.table.finish(now, &mut hands);
            hands.hand_over();
        }
    }

    /// What was counted, and each shard's counters.
    pub fn into_counts(self) -> (WorkerCounts, Vec<Counters>, u64) {
        let evicted_pairs = self.shards.iter().map(|shard| shard.pairs.evicted()).sum();
        let counters = self.shards.iter().map(|shard| *shard.table.counters()).collect();
        (self.shared.counts, counters, evicted_pairs)
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
    shared: &'a mut Shared,
    key: Key,
    place: Place,
    /// The captured bytes of the present record; none at a tick.
    frame: &'a [u8],
    vlan: Option<u16>,
}

impl<'a> Hands<'a> {
    fn at(pairs: &'a mut Pairs, shared: &'a mut Shared, key: Key, now: Timestamp) -> Self {
        let place = Place { time: now, ..Place::default() };
        Self { pairs, shared, key, place, frame: &[], vlan: None }
    }

    fn hand_over(&mut self) {
        let (key, bundle) = (self.key, &mut self.shared.bundle);
        self.pairs.hand_over(|tally| bundle.observations.push((key, Observation::Tally(Box::new(tally)))));
    }

    /// ARP for IPv4 on Ethernet (RFC 826): the sender says which address is its own.
    fn arp(&mut self, frame: &[u8], at: usize) {
        let mut reader = Reader::new(frame.get(at..).unwrap_or_default());
        let claim = (|| {
            let header = (reader.be16()?, reader.be16()?, reader.u8()?, reader.u8()?);
            let _operation = reader.be16()?;
            let mac = Mac(*reader.take(6)?.first_chunk()?);
            let address = reader.be32()?;
            (header == (1, 0x0800, 6, 4)).then_some((mac, address))
        })();
        let Some((mac, address)) = claim else {
            self.shared.counts.bad_arp += 1;
            return;
        };
        let address = Address::v4(address);
        // A probe (RFC 5227) asks with 0.0.0.0: it claims nothing.
        if address.is_host() && mac.is_known() && self.shared.told.is_news(address, CLAIMED) {
            let seen = Observation::Claimed { address, mac, vlan: self.vlan, place: self.place };
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
    places: Box<[u64]>,
}

/// Bits of a place that hold facts; the others tell addresses apart.
const FACT_BITS: u32 = 16;

impl Told {
    fn new(key: HashKey) -> Self {
        Self { key, places: vec![0; TOLD].into_boxed_slice() }
    }

    /// True when this fact about an address was not told yet.
    #[inline]
    fn is_news(&mut self, address: Address, fact: u32) -> bool {
        let (high, low) = address.halves();
        let hash = fold(low ^ self.key.0, high ^ self.key.1);
        let Some(place) = self.places.get_mut(hash as usize % TOLD) else { return true };
        let facts = if *place >> FACT_BITS == hash >> FACT_BITS { *place } else { hash >> FACT_BITS << FACT_BITS };
        *place = facts | u64::from(fact);
        facts & u64::from(fact) == 0
    }
}

impl StreamHandler for Hands<'_> {
    type Application = Application;

    #[inline]
    fn chunk(&mut self, flow: &mut Flow<Application>, chunk: &Chunk<'_>) {
        if flow.key().transport != protocol::TCP {
            return;
        }
        let place = Place { frame: FrameLabel::from_bits(chunk.frame), time: chunk.time };
        flow.application.latest = place;
        self.with_conversation(flow, |conversation, facts, to| {
            to.chunk_place = place;
            conversation.push(facts, chunk, to);
        });
    }

    fn gap(&mut self, flow: &mut Flow<Application>, side: Side, missing: Option<u64>) {
        let (pair, requester) = (flow.application.pair, flow.application.conversation.requester());
        if let (Some(slot), Some(requester), Recognised::Protocol(protocol)) =
            (pair, requester, flow.application.conversation.recognised())
        {
            let addresses = &flow.key().addresses;
            let pair = Pair {
                requester: *requester.of(addresses),
                responder: *requester.other().of(addresses),
                protocol: protocol.index,
            };
            self.pairs.gap(slot, &pair, missing.unwrap_or(0));
        }
        self.with_conversation(flow, |conversation, _, to| conversation.gap(side, missing, to));
    }

    fn heard(&mut self, flow: &mut Flow<Application>, side: Side) {
        let address = *side.of(&flow.key().addresses);
        if address.is_host() && self.shared.told.is_news(address, HEARD) {
            let seen = Observation::Heard { address, vlan: self.vlan, place: self.place };
            self.shared.bundle.observations.push((self.key, seen));
        }
    }

    fn finished(&mut self, flow: &mut Flow<Application>, time: Timestamp) {
        self.with_conversation(flow, |conversation, _, to| conversation.finish(to));
        if !self.shared.options.flows {
            return;
        }
        let recognised = flow.application.conversation.recognised();
        let identity = flow.identity(flow.application.conversation.requester());
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

impl Hands<'_> {
    #[inline]
    fn with_conversation(
        &mut self,
        flow: &mut Flow<Application>,
        run: impl FnOnce(&mut Conversation, &FlowFacts, &mut ToMessages<'_, '_>),
    ) {
        let (view, application) = flow.parts();
        let facts = FlowFacts {
            ports: view.key.ports,
            originator: view.originator(),
            from_start: view.from_start(),
            requester: None,
        };
        let Application { conversation, pair, rendered, told, latest } = application;
        let chunk_place = if self.frame.is_empty() { *latest } else { self.place };
        let mut to = ToMessages { hands: self, view, pair, rendered, told, chunk_place };
        run(conversation, &facts, &mut to);
    }
}

/// Takes what the dissector of one flow reads.
struct ToMessages<'a, 'b> {
    hands: &'a mut Hands<'b>,
    view: FlowView<'a>,
    pair: &'a mut Option<PairSlot>,
    rendered: &'a mut Option<Box<[u8]>>,
    told: &'a mut bool,
    chunk_place: Place,
}

impl MessageHandler for ToMessages<'_, '_> {
    fn message(&mut self, message: &dyn Message) {
        let envelope = message.envelope();
        let protocol = message.protocol();
        let shared = &mut *self.hands.shared;
        if let Some(count) = shared.counts.kinds.get_mut(protocol.index).and_then(|kinds| kinds.get_mut(envelope.kind))
        {
            *count += 1;
        }
        if let Some(nanos) = envelope.response_nanos {
            if let Some(responses) = shared.counts.responses.get_mut(protocol.index) {
                responses.saturating_record(nanos);
            }
            if let Some(sum) = shared.counts.response_sums.get_mut(protocol.index) {
                *sum = sum.saturating_add(nanos);
            }
        }
        let requester = match envelope.direction {
            Direction::Request => envelope.side,
            Direction::Response => envelope.side.other(),
        };
        let addresses = &self.view.key.addresses;
        let pair = Pair {
            requester: *requester.of(addresses),
            responder: *requester.other().of(addresses),
            protocol: protocol.index,
        };
        let digest = &shared.digest;
        let features = message.features(&|text| digest.hash_one(text));
        *self.pair = Some(self.hands.pairs.fold(*self.pair, &pair, message, &features, self.chunk_place));
        if !*self.told {
            *self.told = true;
            self.tell_roles(&pair, protocol);
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
        let addresses = self.view.key.addresses;
        let content = Content {
            finding,
            protocol,
            sender: *side.of(&addresses),
            receiver: *side.other().of(&addresses),
            flow: self.view.identity(None),
            gap_bytes: self.view.gap_bytes(),
            one_sided: self.view.is_one_sided(),
            place: self.chunk_place,
            // Of a segment that was held until now only the payload is left: no digest is better than another frame's.
            sha256: (self.chunk_place == self.hands.place).then(|| Sha256::digest(self.hands.frame).into()),
        };
        let (key, bundle) = (self.hands.key, &mut self.hands.shared.bundle);
        bundle.observations.push((key, Observation::Content(Box::new(content))));
    }

    fn at(&mut self, time: Timestamp, frame: u64) {
        self.chunk_place = Place { frame: FrameLabel::from_bits(frame), time };
    }

    fn copied(&mut self, bytes: usize) {
        self.hands.shared.counts.copied += bytes as u64;
    }
}

impl ToMessages<'_, '_> {
    fn tell_roles(&mut self, pair: &Pair, protocol: &'static Protocol) {
        for (address, requester) in [(pair.requester, true), (pair.responder, false)] {
            if self.hands.shared.told.is_news(address, role_bit(protocol.index, requester)) {
                let role = Observation::Role { address, protocol, requester };
                self.hands.shared.bundle.observations.push((self.hands.key, role));
            }
        }
    }

    fn write(&mut self, message: &dyn Message, protocol: &'static Protocol, requester: Side) {
        let view = &mut self.view;
        let flow = self.rendered.get_or_insert_with(|| message::render_flow(&view.identity(Some(requester))));
        let Shared { bundle, options, .. } = &mut *self.hands.shared;
        let label = self.chunk_place.frame;
        let ports = &view.key.ports;
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
