//! The front stage: records in sequence, filtered, their headers read once, and told which shard they belong to.
//!
//! Fragments are put together here, before sharding: the innermost addresses of a fragmented tunnel packet, which decide
//! the shard, are known only once it is whole.

use std::collections::BTreeMap;

use wardtap_capture::PacketSource;
use wardtap_net::address::{SHARDS, shard_of};
use wardtap_net::defragment::{Defragmenter, Outcome};
use wardtap_net::dhcp;
use wardtap_net::flow_table::{Seeker, Sought};
use wardtap_net::neighbour;
use wardtap_net::packet::{LinkType, NANOS_PER_SECOND, Packet, Timestamp};
use wardtap_net::peel::{Layout, Peeled, Undecoded, peel, peel_plain};

use crate::batch::{Batch, Entry, IDENTITY_SHARD, Last, Task, Tick};
use crate::clock::Clock;
use crate::heads::Heads;
use crate::reading::damage;
use crate::totals::Read;

/// A live source says each second which time it is. Where more than this lies between two of its records, nobody watched
/// meanwhile: the clock was set, or the machine or this process stood still.
const UNWATCHED_NANOS: u64 = 60 * NANOS_PER_SECOND;

/// Which records are to be looked at.
#[derive(Default)]
pub struct Selection {
    /// A BPF filter.
    pub filter: Option<wardtap_capture::Filter>,
    /// Records before this are left out.
    pub from: Option<Timestamp>,
    /// Records after this are left out.
    pub to: Option<Timestamp>,
}

impl Selection {
    fn takes(&mut self, packet: &Packet<'_>) -> bool {
        self.from.is_none_or(|from| packet.time >= from)
            && self.to.is_none_or(|to| packet.time <= to)
            && self.filter.as_mut().is_none_or(|filter| filter.matches(packet.link, packet.bytes, packet.sent))
    }

    fn is_everything(&self) -> bool {
        self.filter.is_none() && self.from.is_none() && self.to.is_none()
    }
}

/// What the front stage counts.
#[derive(Clone, Debug, Default)]
pub struct FrontCounts {
    pub packets: u64,
    pub bytes: u64,
    pub filtered: u64,
    pub undecoded: BTreeMap<Undecoded, u64>,
    pub fragments: u64,
    pub reassembled: u64,
    pub overlapping_fragments: u64,
    /// Fragments that the mirror had copied: their datagrams hold each once.
    pub duplicates: u64,
    pub time_went_back: u64,
    pub copied: u64,
}

/// The front stage.
pub struct Front {
    source: Box<dyn PacketSource>,
    selection: Selection,
    everything: bool,
    clock: Clock,
    fragments: Defragmenter,
    seeker: Seeker,
    sequence: u64,
    counts: FrontCounts,
    /// The capture is over: the shard whose flows end next.
    ended: Option<u8>,
    /// How the captures begin, where that is wanted.
    heads: Option<Heads>,
    /// Each second it is to be said what was read; the last one in which it was.
    said: Option<u64>,
    /// The source, or what was recorded of it, says which time it is while nothing comes.
    is_live: bool,
}

const NOTHING: Entry =
    Entry { layout: Layout::EMPTY, sought: Sought::NONE, task: Task::Nothing, shard: IDENTITY_SHARD };

impl Front {
    pub fn new(source: Box<dyn PacketSource>, selection: Selection, seeker: Seeker, fragments: Defragmenter) -> Self {
        let everything = selection.is_everything();
        Self {
            source,
            selection,
            everything,
            clock: Clock::default(),
            fragments,
            seeker,
            sequence: 0,
            counts: FrontCounts::default(),
            ended: None,
            heads: None,
            said: None,
            is_live: false,
        }
    }

    /// Has it say each second what was read so far.
    pub fn saying(mut self) -> Self {
        self.said = Some(0);
        self
    }

    /// Has it see how the captures begin.
    pub fn with_heads(mut self, heads: Option<Heads>) -> Self {
        self.heads = heads;
        self
    }

    /// How the captures begin, where that was wanted.
    pub const fn heads(&self) -> Option<&Heads> {
        self.heads.as_ref()
    }

    /// Refills a batch; false when the one before was the last.
    pub fn fill(&mut self, batch: &mut Batch) -> bool {
        batch.ticks.clear();
        batch.datagrams.clear();
        batch.first = self.sequence;
        batch.last = None;
        batch.read = None;
        if self.ended.is_none() && !self.source.fill(&mut batch.block) {
            self.ended = Some(0);
            self.fragments.finish();
        }
        if let Some(shard) = self.ended {
            batch.block.records.clear();
            batch.last = Some(Last { now: self.clock.now(), shard }).filter(|_| usize::from(shard) < SHARDS);
            self.ended = Some(shard.saturating_add(1));
            return batch.last.is_some();
        }
        if let Some(heads) = &mut self.heads {
            heads.take(&batch.block);
        }
        self.sequence += batch.block.records.len() as u64;
        let Batch { block, entries, ticks, datagrams, .. } = batch;
        entries.resize(block.records.len(), NOTHING);
        let (mut bytes, mut marks) = (0, 0);
        for (index, (record, entry)) in block.records.iter().zip(entries).enumerate() {
            let packet = Packet { time: record.time, link: record.link, bytes: block.frame(record), sent: record.sent };
            bytes += packet.bytes.len() as u64;
            if record.is_mark() {
                marks += 1;
                *entry = NOTHING;
                self.is_live = true;
                self.advance(record.time, index, ticks);
                continue;
            }
            if !self.everything && !self.selection.takes(&packet) {
                self.counts.filtered += 1;
                *entry = NOTHING;
                continue;
            }
            self.advance(record.time, index, ticks);
            if let Some(layout) = peel_plain(&packet) {
                to_shard(&self.seeker, &packet, layout, Task::Packet, entry);
            } else {
                self.peel(&packet, datagrams, entry);
            }
        }
        self.counts.packets += block.records.len() as u64 - marks;
        self.counts.bytes += bytes;
        let second = self.clock.now().seconds();
        if self.said.is_some_and(|said| said != second) {
            self.said = Some(second);
            batch.read = Some(Box::new(self.read()));
        }
        true
    }

    /// Takes the time of a record.
    #[inline]
    fn advance(&mut self, time: Timestamp, index: usize, ticks: &mut Vec<Tick>) {
        let before = self.clock.now();
        if let Some(now) = self.clock.advance(time) {
            self.fragments.tick(now);
            let is_apart = |before: &Timestamp| *before > Timestamp::EPOCH && now.since(*before) > UNWATCHED_NANOS;
            let unwatched = Some(before).filter(|before| self.is_live && is_apart(before));
            ticks.push(Tick { before: index, now, unwatched });
        }
    }

    fn peel(&mut self, packet: &Packet<'_>, datagrams: &mut Vec<Vec<u8>>, entry: &mut Entry) {
        match peel(packet) {
            Peeled::Ip(layout) => self.to_shard(packet, layout, Task::Packet, entry),
            Peeled::Arp(layout) => *entry = Entry { layout, task: Task::Arp, ..NOTHING },
            Peeled::Stopped(reason) => {
                *self.counts.undecoded.entry(reason).or_default() += 1;
                let task = if reason.is_of_link() { Task::Discovery } else { Task::Nothing };
                *entry = Entry { task, ..NOTHING };
            }
            Peeled::Fragment(fragment, piece) => {
                *entry = NOTHING;
                self.counts.fragments += 1;
                let Outcome::Whole(frame) = self.fragments.take(packet, &fragment, &piece) else { return };
                let Ok(place) = u16::try_from(datagrams.len()) else { return };
                let whole = Packet {
                    link: LinkType::ETHERNET,
                    bytes: &frame,
                    sent: u32::try_from(frame.len()).unwrap_or(u32::MAX),
                    ..*packet
                };
                match peel(&whole) {
                    Peeled::Ip(layout) => {
                        self.to_shard(&whole, layout.inherit(&fragment), Task::Datagram(place), entry);
                    }
                    Peeled::Stopped(reason) => *self.counts.undecoded.entry(reason).or_default() += 1,
                    // A tunnel's datagram that holds a fragment again, or ARP: one level is enough.
                    Peeled::Fragment(..) | Peeled::Arp(_) => {
                        *self.counts.undecoded.entry(Undecoded::Nesting).or_default() += 1;
                    }
                }
                datagrams.push(frame);
            }
        }
    }

    /// As [`to_shard`], for packets that may tell who has which address: all of those are of one shard, so that one worker
    /// sees them in sequence, as it does ARP.
    fn to_shard(&self, packet: &Packet<'_>, layout: Layout, task: Task, entry: &mut Entry) {
        to_shard(&self.seeker, packet, layout, task, entry);
        if dhcp::is_dhcp(packet, &layout) || neighbour::is_discovery(packet, &layout) {
            entry.shard = IDENTITY_SHARD;
        }
    }

    /// What was read so far.
    pub fn read(&self) -> Read {
        let source = self.source.as_ref();
        Read {
            counts: self.counts(),
            inputs: source.inputs(),
            damage: damage(source),
            untimed: source.untimed(),
            losses: source.losses(),
            interfaces: source.interfaces(),
            now: self.now(),
        }
    }

    fn counts(&self) -> FrontCounts {
        let mut counts = self.counts.clone();
        if self.fragments.given_up > 0 {
            counts.undecoded.insert(Undecoded::Fragment, self.fragments.given_up);
        }
        let left_out = self.source.left_out();
        counts.packets += left_out.packets;
        counts.filtered += left_out.packets;
        counts.bytes += left_out.bytes;
        counts.reassembled = self.fragments.reassembled;
        counts.overlapping_fragments = self.fragments.overlapping;
        counts.duplicates = self.fragments.copies;
        counts.time_went_back = self.clock.went_back;
        counts.copied = self.fragments.copied + self.source.copied_bytes();
        counts
    }

    /// The packet source.
    pub fn source(&self) -> &dyn PacketSource {
        self.source.as_ref()
    }

    /// The filter, which knows by now what it could not be applied to.
    pub fn filter(&self) -> Option<&wardtap_capture::Filter> {
        self.selection.filter.as_ref()
    }

    /// The time of the capture so far.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

#[inline]
fn to_shard(seeker: &Seeker, packet: &Packet<'_>, layout: Layout, task: Task, entry: &mut Entry) {
    seeker.seek(packet, &layout, &mut entry.sought);
    let [a, b] = *entry.sought.addresses();
    entry.layout = layout;
    entry.task = task;
    entry.shard = shard_of(a, b);
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use wardtap_capture::{Block, Input, Record, Recording, open_bytes};
    use wardtap_net::flow::HashKey;

    use super::*;

    /// The times since which nobody had watched, of records at these seconds of which the first may be a mark.
    fn unwatched(seconds: &[u64], is_live: bool) -> Vec<u64> {
        let mut block = Block::new();
        if is_live {
            block.push(Record::mark(Timestamp::from_seconds(seconds[0])), b"");
        }
        for (frame, second) in (1..).zip(seconds) {
            let (time, link) = (Timestamp::from_seconds(*second), LinkType::ETHERNET);
            block.push(Record { time, frame, offset: 0, captured: 0, sent: 60, input: 0, link }, &[0; 60]);
        }
        let input = Input::begun("span0", LinkType::ETHERNET);
        let mut bytes = Vec::new();
        let mut recording = Recording::begin(&mut bytes, "test", &[input]).unwrap();
        recording.write(&block).unwrap();
        recording.flush().unwrap();
        let source = open_bytes("recording", Box::new(Cursor::new(bytes))).unwrap();
        let seeker = Seeker { key: HashKey(1, 2), by_vlan: false };
        let mut front = Front::new(source, Selection::default(), seeker, Defragmenter::new(1 << 20));
        let (mut batch, mut found) = (Batch::default(), Vec::new());
        while front.fill(&mut batch) {
            found.extend(batch.ticks.iter().filter_map(|tick| tick.unwatched.map(Timestamp::seconds)));
        }
        found
    }

    #[test]
    fn a_live_source_that_says_nothing_for_a_minute_was_not_watching_and_a_capture_may_be_idle() {
        let seconds = [5000, 5060, 5121, 8000, 8001];
        assert_eq!(unwatched(&seconds, true), [5060, 5121]);
        assert!(unwatched(&seconds, false).is_empty());
        // Far ahead, where it takes sixteen more to be believed.
        let day = [&[5000][..], &[91_400; 18]].concat();
        assert_eq!(unwatched(&day, true), [5000]);
        // Back, and on from there: nothing is missing.
        assert!(unwatched(&[5000, 1000, 5001], true).is_empty());
    }
}
