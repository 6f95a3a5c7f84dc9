//! Frames that wait until their time has come.
//!
//! Whoever sends may write frames ahead of the simulated clock (the answer, the segments of an image): they lie in slots
//! of a second each and leave in the order of their times; frames of one time leave in the order they were written.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use crate::clock::{Time, us};
use crate::frame::{Mac, close_ip};
use crate::truth::Message;

const SLOT_NANOS: u64 = 1_000_000_000;

/// How long one who stands between takes to pass a packet on: less than what any host takes to answer (40 µs from the tap and
/// 40 µs back, at least), for nobody answers what has not come yet.
const PASSING: Duration = us(70);

/// Slots kept for use again.
const SPARE_SLOTS: usize = 64;

/// A block takes frames until it holds so many octets. Small enough to stay in the processor's cache from when a frame is
/// written until it leaves, and never copied to grow.
const BLOCK: usize = 1 << 15;

/// What a block holds when its last frame fills an Ethernet frame.
const WHOLE_BLOCK: usize = BLOCK + 1514;

/// The scenario that a frame belongs to; 0 is everyday traffic.
pub type Mark = u16;

/// A frame in the queue, to hang a message on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameId {
    slot: u64,
    ordinal: u32,
}

impl FrameId {
    /// No frame at all.
    pub const NONE: Self = Self { slot: 0, ordinal: 0 };
}

/// A frame that leaves the queue.
#[derive(Debug)]
pub struct Frame<'a> {
    /// When it passes the tap.
    pub time: Time,
    /// From the destination's Ethernet address on.
    pub bytes: &'a [u8],
    /// The scenario it belongs to.
    pub mark: Mark,
    /// The VLAN it was sent in.
    pub vlan: u16,
    /// Messages that it completes.
    pub messages: &'a [(u32, Message)],
}

#[derive(Debug, Default)]
struct Slot {
    blocks: Vec<Vec<u8>>,
    entries: Vec<Entry>,
    messages: Vec<(u32, Message)>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    time: Time,
    ordinal: u32,
    /// Blocks before its own times [`BLOCK`], and octets before it in its own.
    start: u32,
    length: u32,
    mark: Mark,
    vlan: u16,
}

impl Entry {
    /// The place of its block, and where in that its octets lie.
    fn place(&self) -> (usize, Range<usize>) {
        let start = self.start as usize % BLOCK;
        (self.start as usize / BLOCK, start..start + self.length as usize)
    }
}

/// Frames in the order of their times.
#[derive(Debug, Default)]
pub struct Queue {
    slots: VecDeque<Slot>,
    /// The number of the first slot.
    first: u64,
    /// What left is before this time.
    gone: Time,
    spare: Vec<Slot>,
    spare_blocks: Vec<Vec<u8>>,
    /// Who stands between others on a segment.
    pub detours: Vec<Detour>,
    /// Frames that were passed on, with what they became.
    passed_on: Vec<(FrameId, FrameId)>,
}

/// Somebody on a segment has others believe that his Ethernet address is that of the host they mean: he gets their IP
/// packets, and passes them on.
#[derive(Clone, Copy, Debug)]
pub struct Detour {
    /// Whose packets; none are those of all the segment.
    pub from: Option<Mac>,
    /// To whom.
    pub to: Mac,
    /// Who gets them.
    pub by: Mac,
    /// The segment.
    pub vlan: u16,
    /// From when to when.
    pub times: [Time; 2],
    /// The scenario.
    pub mark: Mark,
}

impl Queue {
    /// A queue that begins at a time.
    pub fn new(start: Time) -> Self {
        Self { first: start.0 / SLOT_NANOS, gone: start, ..Self::default() }
    }

    /// Puts a frame in; `write` appends its octets.
    pub fn push(&mut self, time: Time, mark: Mark, vlan: u16, write: impl FnOnce(&mut Vec<u8>)) -> FrameId {
        let id = self.put(time, mark, vlan, write);
        if !self.detours.is_empty() {
            self.detour(id);
        }
        id
    }

    fn put(&mut self, time: Time, mark: Mark, vlan: u16, write: impl FnOnce(&mut Vec<u8>)) -> FrameId {
        debug_assert!(time >= self.gone, "a frame at {} after what left up to {}", time.rfc3339(), self.gone.rfc3339());
        let time = time.max(self.gone);
        let number = time.0 / SLOT_NANOS;
        let place = (number - self.first) as usize;
        while self.slots.len() <= place {
            self.slots.push_back(self.spare.pop().unwrap_or_default());
        }
        let slot = &mut self.slots[place];
        if slot.blocks.last().is_none_or(|block| block.len() >= BLOCK) {
            slot.blocks.push(self.spare_blocks.pop().unwrap_or_else(|| Vec::with_capacity(WHOLE_BLOCK)));
        }
        let before = slot.blocks.len() - 1;
        let block = &mut slot.blocks[before];
        let start = block.len();
        write(block);
        let ordinal = slot.entries.len() as u32;
        let length = (block.len() - start) as u32;
        slot.entries.push(Entry { time, ordinal, start: (before * BLOCK + start) as u32, length, mark, vlan });
        FrameId { slot: number, ordinal }
    }

    /// Lets a frame take the detour that it is on, if any: it goes to who stands between, and from there on.
    ///
    /// Both legs are seen, since frames are written as at their sender's port, and the second leg's is that of who stands
    /// between; a mirror of a switch's ports or of a VLAN sees it so (tools/captures/arpspoof-modbus.pcap). To tshark the
    /// second leg is a retransmission, or out of order where segments follow close on each other, and then sometimes "New
    /// fragment overlaps old data", an error: so it says of a TLS upload through a real Linux router seen at a real bridge.
    fn detour(&mut self, id: FrameId) {
        let Some(slot) = self.slots.get_mut((id.slot - self.first) as usize) else { return };
        let Some(entry) = slot.entries.get_mut(id.ordinal as usize) else { return };
        let (block, place) = entry.place();
        let bytes = &mut slot.blocks[block][place];
        let meant = |detour: &&Detour| {
            let from = detour.from.is_none_or(|mac| mac == bytes[6..12]) && detour.by != bytes[6..12];
            let within = detour.times[0] <= entry.time && entry.time < detour.times[1];
            from && within && detour.to == bytes[..6] && detour.vlan == entry.vlan && bytes[12..14] == [8, 0]
        };
        let Some(&Detour { by, to, mark, vlan, .. }) = self.detours.iter().find(meant) else { return };
        bytes[..6].copy_from_slice(&by);
        entry.mark = mark;
        let (time, mut copy) = (entry.time, bytes.to_vec());
        copy[..6].copy_from_slice(&to);
        copy[6..12].copy_from_slice(&by);
        copy[22] = copy[22].saturating_sub(1);
        close_ip(&mut copy[14..]);
        let passed = self.put(time + PASSING, mark, vlan, |out| out.extend_from_slice(&copy));
        self.passed_on.push((id, passed));
    }

    /// Takes a frame out again, unless it has left.
    pub fn withdraw(&mut self, frame: FrameId) {
        if let Some(place) = self.passed_on.iter().rposition(|(original, _)| *original == frame) {
            let (_, passed) = self.passed_on.swap_remove(place);
            self.withdraw(passed);
        }
        if let Some(slot) = frame.slot.checked_sub(self.first).and_then(|place| self.slots.get_mut(place as usize)) {
            slot.entries[frame.ordinal as usize].length = 0;
        }
    }

    /// Says that a frame that has not left completes a message.
    pub fn note(&mut self, frame: FrameId, message: Message) {
        if let Some(slot) = frame.slot.checked_sub(self.first).and_then(|place| self.slots.get_mut(place as usize)) {
            slot.messages.push((frame.ordinal, message));
        }
    }

    /// Lets all frames of whole seconds before `time` go.
    pub fn release<E>(&mut self, time: Time, mut to: impl FnMut(Frame<'_>) -> Result<(), E>) -> Result<(), E> {
        while self.first < time.0 / SLOT_NANOS {
            self.first += 1;
            let Some(mut slot) = self.slots.pop_front() else { continue };
            // In the order they were written where times are the same.
            slot.entries.sort_by_key(|entry| entry.time);
            slot.messages.sort_by_key(|(ordinal, _)| *ordinal);
            for entry in slot.entries.iter().filter(|entry| entry.length > 0) {
                let start = slot.messages.partition_point(|(ordinal, _)| *ordinal < entry.ordinal);
                let end = slot.messages.partition_point(|(ordinal, _)| *ordinal <= entry.ordinal);
                let (block, place) = entry.place();
                to(Frame {
                    time: entry.time,
                    bytes: &slot.blocks[block][place],
                    mark: entry.mark,
                    vlan: entry.vlan,
                    messages: &slot.messages[start..end],
                })?;
            }
            for mut block in slot.blocks.drain(..) {
                block.clear();
                self.spare_blocks.push(block);
            }
            slot.entries.clear();
            slot.messages.clear();
            if self.spare.len() < SPARE_SLOTS {
                self.spare.push(slot);
            }
        }
        let first = self.first;
        self.passed_on.retain(|(original, _)| original.slot >= first);
        self.gone = self.gone.max(Time(self.first * SLOT_NANOS));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::frame::{self, Route};

    const A: Mac = [2, 0, 0, 0, 0, 1];
    const B: Mac = [2, 0, 0, 0, 0, 2];
    const BETWEEN: Mac = [2, 0, 0, 0, 0, 3];

    fn send(queue: &mut Queue, from_mac: Mac, to_mac: Mac) -> FrameId {
        let (from, to) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let route = Route { from_mac, to_mac, from, to, ttl: 64 };
        queue.push(Time(1_000_000), 0, 7, |out| frame::udp(out, &route, 1, [5, 6], b"x"))
    }

    #[test]
    fn a_detour_passes_frames_on_and_withdraws_both() {
        let mut queue = Queue::new(Time(0));
        let times = [Time(0), Time(u64::MAX)];
        queue.detours.push(Detour { from: Some(A), to: B, by: BETWEEN, vlan: 7, times, mark: 3 });
        send(&mut queue, A, B);
        send(&mut queue, B, A);
        let withdrawn = send(&mut queue, A, B);
        queue.withdraw(withdrawn);
        let mut seen = Vec::new();
        let released = queue.release(Time::from_secs(2), |frame| {
            seen.push((frame.bytes[..6].to_vec(), frame.bytes[6..12].to_vec(), frame.bytes[22], frame.mark));
            Ok::<_, ()>(())
        });
        assert_eq!(released, Ok(()));
        let expected = [(BETWEEN, A, 64, 3), (A, B, 64, 0), (B, BETWEEN, 63, 3)];
        assert_eq!(seen, expected.map(|(to, from, ttl, mark)| (to.to_vec(), from.to_vec(), ttl, mark)));
    }
}
