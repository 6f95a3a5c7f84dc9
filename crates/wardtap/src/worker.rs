//! A worker: owns some of the shards, turns their packets into messages and facts.

mod clues;
mod counts;
mod fence;
mod hands;
mod identity;
mod links;
mod manners;
mod messages;
mod told;
mod transfers;

pub use counts::{Counted, WorkerCounts};

use foldhash::fast::RandomState;
use wardtap_behaviour::beneath::{PARENTS_MAX, Parents};
use wardtap_behaviour::links::{Links, Room};
use wardtap_behaviour::observation::Place;
use wardtap_behaviour::tally::{PairSlot, Pairs};
use wardtap_capture::Record;
use wardtap_dissect::identify::Conversation;
use wardtap_net::address::SHARDS;
use wardtap_net::flow::{Flow, HashKey};
use wardtap_net::flow_table::{FlowTable, Limits, Warm};
use wardtap_net::packet::{Packet, Timestamp};
use wardtap_net::peel::protocol;
use wardtap_net::stream::FrameLabel;

use self::clues::Clues;
use self::hands::{Hands, Here};
use self::links::LinkedFlow;
use self::manners::{Said, Spoken};
use self::told::Told;
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
    /// It is told each time so many seconds are over, a divisor of [`SECONDS_PER_MINUTE`].
    pub links_every: u64,
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

/// What links do is counted by the minute.
pub const SECONDS_PER_MINUTE: u64 = 60;

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
    /// When its ends spoke last, where it is not read what they say.
    spoken: Spoken,
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
    /// Payloads that are not read.
    said: Said,
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
    /// What links do is told once this is over, counted likewise.
    part: u64,
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
                    said: Said::default(),
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
            part: 0,
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
        let every = self.shared.options.links_every;
        let part = now.seconds() / every;
        let part_before = std::mem::replace(&mut self.shared.part, part);
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
            if part_before != part && hands.shared.options.links {
                let carried = |flow: &&mut Flow<Application>| flow.last.seconds() / every >= part_before;
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
