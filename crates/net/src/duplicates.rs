//! Copies that the mirror made: the same packet seen twice within [`WINDOW_NANOS`].
//!
//! A SPAN port that mirrors two VLANs shows a routed packet twice, with another MAC, VLAN, TTL and header checksum. A
//! sender that retransmits, on the other hand, numbers its packets anew. So: the same flow, direction, IP
//! identification (IPv6 has none: TCP options stand in), sequence number, flags and payload within 10 ms is one packet.
//!
//! Only packets that bring a flow no further can be copies, so only those are looked up; the ring holds the latest
//! packets of a shard, which at a million packets a second is still more than the window.

use crate::flow::fold;
use crate::packet::Timestamp;

/// How far apart copies of one packet may be.
pub const WINDOW_NANOS: u64 = 10_000_000;

/// Packets remembered per shard.
const RING: usize = 256;

/// What identifies a packet among those of its shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// Flow, direction, identification, sequence number, flags, length.
    pub header: u64,
    /// A sample of the payload: all of it up to 64 octets, eight words spread over longer ones, the first and the last among
    /// them.
    pub payload: u64,
}

/// The latest packets of a shard.
pub struct Ring {
    entries: Box<[(Fingerprint, Timestamp)]>,
    next: usize,
}

impl Default for Ring {
    fn default() -> Self {
        Self { entries: vec![(Fingerprint::default(), Timestamp::EPOCH); RING].into_boxed_slice(), next: 0 }
    }
}

/// What the ring says of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Not before.
    New,
    /// The very same packet, just now.
    Same,
}

impl Ring {
    /// Remembers a packet that cannot be a copy.
    #[inline]
    pub fn remember(&mut self, fingerprint: Fingerprint, time: Timestamp) {
        if let Some(entry) = self.entries.get_mut(self.next) {
            *entry = (fingerprint, time);
        }
        self.next = self.next.wrapping_add(1) & RING.wrapping_sub(1);
    }

    /// Looks a packet up, and remembers it when it is new.
    pub fn check(&mut self, fingerprint: Fingerprint, time: Timestamp) -> Seen {
        let same = |&(seen, when): &(Fingerprint, Timestamp)| {
            seen == fingerprint && time.since(when) <= WINDOW_NANOS && when.since(time) <= WINDOW_NANOS
        };
        if fingerprint != Fingerprint::default() && self.entries.iter().any(same) {
            return Seen::Same;
        }
        self.remember(fingerprint, time);
        Seen::New
    }
}

/// A sample of `payload` that tells different contents apart.
#[inline]
#[must_use]
pub fn sample(payload: &[u8]) -> u64 {
    let mut digest = payload.len() as u64 ^ 0x9e37_79b9_7f4a_7c15;
    if payload.len() <= 64 {
        let (words, rest) = payload.as_chunks::<8>();
        for word in words {
            digest = fold(digest ^ u64::from_le_bytes(*word), 0xa076_1d64_78bd_642f);
        }
        let mut last = [0u8; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        return fold(digest ^ u64::from_le_bytes(last), 0xe703_7ed1_a0b4_28db);
    }
    let stride = payload.len().wrapping_sub(8) / 7;
    let mut at = 0usize;
    for _ in 0..7 {
        let word = payload.get(at..).and_then(|rest| rest.first_chunk::<8>()).copied().unwrap_or_default();
        digest = fold(digest ^ u64::from_le_bytes(word), 0xa076_1d64_78bd_642f);
        at = at.wrapping_add(stride);
    }
    let last = payload.last_chunk::<8>().copied().unwrap_or_default();
    fold(digest ^ u64::from_le_bytes(last), 0xa076_1d64_78bd_642f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_within_the_window_only() {
        let mut ring = Ring::default();
        let packet = Fingerprint { header: 7, payload: sample(b"payload") };
        assert_eq!(ring.check(packet, Timestamp::from_nanos(1_000_000_000)), Seen::New);
        assert_eq!(ring.check(packet, Timestamp::from_nanos(1_010_000_000)), Seen::Same);
        assert_eq!(ring.check(packet, Timestamp::from_nanos(1_010_000_001)), Seen::New);
        assert_eq!(ring.check(Fingerprint { header: 8, ..packet }, Timestamp::from_nanos(1_010_000_001)), Seen::New);
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
