//! Copies that the mirror made: the same packet seen twice within [`WINDOW_NANOS`].
//!
//! A SPAN port that mirrors two VLANs shows a routed packet twice, with another MAC, VLAN, TTL and header checksum. A
//! sender that retransmits, on the other hand, numbers its packets anew. So: the same flow, direction, IP
//! identification (IPv6 has none: TCP options stand in), sequence number, flags and payload within 10 ms is one packet.
//!
//! Only packets that bring a flow no further can be copies, so only those are looked up. The ring of a shard's latest
//! packets is as large as its traffic needs, up to a cap.

use crate::flow::fold;
use crate::packet::Timestamp;

/// How far apart copies of one packet may be.
pub const WINDOW_NANOS: u64 = 10_000_000;

/// How long a packet is remembered, where there is room: as long as a retransmission takes that may hold other bytes.
const REMEMBERED_NANOS: u64 = 2_000_000_000;

/// The most packets remembered per shard: at a million packets a second that is still more than the window.
const RING_MAX: usize = 256;

/// Packets remembered per shard at first.
const RING_MIN: usize = 16;

/// The half of a fingerprint that says where a payload belongs.
const PLACE: u64 = 0xffff_ffff_0000_0000;

/// What identifies a packet among those of its shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// The upper half: flow, direction, and in TCP the sequence number and length: where its payload belongs. The lower:
    /// identification, flags, acknowledgement and the like: which packet it is among those for that place.
    packet: u64,
    /// A [`sample`] of the payload; 0 where not all of it was captured.
    payload: u64,
}

impl Fingerprint {
    /// From hashes of the place, and of place and header.
    #[inline]
    #[must_use]
    pub const fn new(place: u64, header: u64, payload: u64) -> Self {
        Self { packet: place & PLACE | header & !PLACE, payload }
    }

    const fn has_place_of(&self, other: &Self) -> bool {
        (self.packet ^ other.packet) & PLACE == 0
    }
}

/// The latest packets of a shard.
#[derive(Default)]
pub struct Ring {
    entries: Vec<(Fingerprint, Timestamp)>,
    /// The oldest entry, which is written over next.
    next: usize,
}

/// What the ring says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Not before.
    New,
    /// The very same packet, just now.
    Same,
    /// Another packet for the same place, with other content.
    Other,
}

impl Ring {
    /// Reads what [`Self::remember`] will write over, to have it at hand then.
    #[inline]
    pub(crate) fn warm(&self) -> u64 {
        self.entries.get(self.next).map_or(0, |(_, time)| time.nanos())
    }

    /// Remembers a packet that cannot be a copy.
    #[inline]
    pub fn remember(&mut self, fingerprint: Fingerprint, time: Timestamp) {
        let is_full = self.entries.len() >= RING_MAX;
        match self.entries.get_mut(self.next) {
            Some(entry) if is_full || entry.1.plus(REMEMBERED_NANOS) < time => *entry = (fingerprint, time),
            _ => self.remember_more(fingerprint, time),
        }
        self.next = self.next.wrapping_add(1);
        if self.next >= self.entries.len() {
            self.next = 0;
        }
    }

    /// [`Self::remember`] where there is room, and what would be forgotten is young.
    #[cold]
    fn remember_more(&mut self, fingerprint: Fingerprint, time: Timestamp) {
        self.entries.rotate_left(self.next);
        self.next = self.entries.len();
        let room = self.next.saturating_mul(2).clamp(RING_MIN, RING_MAX);
        self.entries.resize(room, (Fingerprint::default(), Timestamp::EPOCH));
        if let Some(entry) = self.entries.get_mut(self.next) {
            *entry = (fingerprint, time);
        }
    }

    /// Looks a packet up, and remembers it unless it is a copy.
    pub fn check(&mut self, fingerprint: Fingerprint, time: Timestamp) -> Seen {
        let mut seen = Seen::New;
        for (other, when) in self.entries.iter().filter(|(other, _)| other.has_place_of(&fingerprint)) {
            if *other == fingerprint && time.since(*when) <= WINDOW_NANOS && when.since(time) <= WINDOW_NANOS {
                return Seen::Same;
            }
            if other.payload != fingerprint.payload && other.payload != 0 && fingerprint.payload != 0 {
                seen = Seen::Other;
            }
        }
        self.remember(fingerprint, time);
        seen
    }
}

/// A sample of `payload` that tells different contents apart: all of it up to 64 octets, eight words spread over longer
/// ones, the first and the last among them.
#[inline]
#[must_use]
pub fn sample(payload: &[u8]) -> u64 {
    let digest = payload.len() as u64 ^ 0x9e37_79b9_7f4a_7c15;
    // The last word may overlap the one before.
    let Some(last) = payload.last_chunk::<8>() else { return mix(digest, short(payload)) };
    let mut digest = mix(digest, u64::from_le_bytes(*last));
    if payload.len() <= 64 {
        for word in payload.as_chunks::<8>().0 {
            digest = mix(digest, u64::from_le_bytes(*word));
        }
        return digest;
    }
    let stride = payload.len().wrapping_sub(8) / 7;
    let mut at = 0usize;
    for _ in 0..7 {
        let word = payload.get(at..).and_then(|rest| rest.first_chunk::<8>()).copied().unwrap_or_default();
        digest = mix(digest, u64::from_le_bytes(word));
        at = at.wrapping_add(stride);
    }
    digest
}

#[inline]
const fn mix(digest: u64, word: u64) -> u64 {
    fold(digest ^ word, 0xa076_1d64_78bd_642f)
}

/// Fewer than eight octets as one word.
fn short(payload: &[u8]) -> u64 {
    payload.iter().fold(0, |word, &octet| word << 8 | u64::from(octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(place: u64, header: u64, payload: u64) -> Fingerprint {
        Fingerprint::new(place << 32, header, payload)
    }

    #[test]
    fn copies_within_the_window_only() {
        let mut ring = Ring::default();
        let packet = print(3, 7, sample(b"payload"));
        assert_eq!(ring.check(packet, Timestamp::from_nanos(1_000_000_000)), Seen::New);
        assert_eq!(ring.check(packet, Timestamp::from_nanos(1_010_000_000)), Seen::Same);
        assert_eq!(ring.check(packet, Timestamp::from_nanos(1_010_000_001)), Seen::New);
        assert_eq!(ring.check(packet, Timestamp::from_nanos(1_000_000_001)), Seen::Same, "time may go back");
        assert_eq!(ring.check(print(3, 8, packet.payload), Timestamp::from_nanos(1_010_000_001)), Seen::New);
        assert_eq!(ring.check(print(4, 7, packet.payload), Timestamp::from_nanos(1_010_000_001)), Seen::New);
    }

    #[test]
    fn other_content_for_the_same_place() {
        let mut ring = Ring::default();
        let packet = print(3, 7, sample(b"payload"));
        let at = Timestamp::from_seconds;
        ring.remember(packet, at(1));
        assert_eq!(ring.check(print(3, 8, sample(b"Payload")), at(5)), Seen::Other);
        assert_eq!(ring.check(print(3, 8, 0), at(9)), Seen::New, "captured short");
        for header in 0..RING_MAX as u64 {
            ring.remember(print(5, header, 1), at(10));
        }
        assert_eq!(ring.check(print(3, 7, 9), at(10)), Seen::New, "pushed out by now");
    }

    #[test]
    fn samples_differ_with_any_octet_of_a_short_payload() {
        let payload = [5u8; 64];
        for length in 0..=64 {
            let whole = sample(&payload[..length]);
            for position in 0..length {
                let mut other = payload;
                other[position] ^= 1;
                assert_ne!(sample(&other[..length]), whole, "length {length}, octet {position}");
            }
        }
        let mut long = [5u8; 1460];
        let whole = sample(&long);
        long[1459] ^= 1;
        assert_ne!(sample(&long), whole);
    }
}
