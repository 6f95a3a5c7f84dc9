//! Puts IP fragments together (RFC 791 section 3.2, RFC 8200 section 4.5), under caps.
//!
//! Policy where fragments overlap: the datagram is given up and counted, as RFC 5722 has it for IPv6 and as current
//! hosts do for IPv4 too. A fragment that is there already, octet for octet, is a copy and changes nothing, nor does
//! one of a datagram just put together: mirrors make them.

use std::collections::VecDeque;

use etherparse::{EtherType, Ethernet2Header, IpFragOffset, IpNumber, Ipv4Header, Ipv6Header};
use hashbrown::HashMap;

use crate::address::Address;
use crate::checksum;
use crate::duplicates::WINDOW_NANOS;
use crate::packet::{NANOS_PER_SECOND, Packet, Timestamp};
use crate::peel::{Layout, Piece};

/// The most datagrams being put together at once; the oldest is given up for a new one.
pub const DATAGRAMS_MAX: usize = 1024;

/// The most octets held in all of them, each fragment counted with [`PIECE_COST`] more.
pub const HELD_MAX: usize = 4 * 1024 * 1024;

/// The most fragments of one datagram: 64 KiB in pieces of 8 octets would be 8192, real ones are far fewer.
pub const PIECES_MAX: usize = 1024;

/// What a fragment costs beside its octets: tiny ones must not get round the limit.
pub const PIECE_COST: usize = 64;

/// How long a datagram may stay incomplete (RFC 8200 has 60 s, Linux 30 s).
pub const TIMEOUT_NANOS: u64 = 30 * NANOS_PER_SECOND;

/// Datagrams remembered once they are whole, to know late copies of their fragments.
const WHOLE_MAX: usize = 64;

/// The longest IP packet.
const DATAGRAM_MAX: usize = 65_535;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: Address,
    destination: Address,
    id: u32,
    protocol: u8,
    tunnel: u32,
}

#[derive(Default)]
struct Datagram {
    began: Timestamp,
    /// Counts datagrams, to find the oldest.
    order: u64,
    /// The IP header of the first fragment, without IPv6 extension headers.
    header: Vec<u8>,
    /// Sorted by offset, none overlapping.
    pieces: Vec<(usize, Vec<u8>)>,
    length: Option<usize>,
    held: usize,
}

/// What became of a fragment.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Kept until the others come, or a copy of one that was.
    Kept,
    /// The datagram is whole: an Ethernet frame that holds it, with the addresses of this fragment's frame.
    Whole(Vec<u8>),
    /// It was not kept, and what was there of its datagram was given up.
    GivenUp,
}

/// Datagrams being put together.
pub struct Defragmenter {
    held_max: usize,
    datagrams: HashMap<Key, Datagram, foldhash::fast::RandomState>,
    whole: VecDeque<(Key, Timestamp)>,
    order: u64,
    held: usize,
    /// Fragments that were there already: copies made by the mirror.
    pub copies: u64,
    /// Fragments given up: too late, too many, overlapping or cut short.
    pub given_up: u64,
    /// Datagrams given up because fragments overlapped.
    pub overlapping: u64,
    /// Datagrams put together.
    pub reassembled: u64,
    /// Octets copied.
    pub copied: u64,
}

impl Default for Defragmenter {
    fn default() -> Self {
        Self::new(HELD_MAX)
    }
}

impl Defragmenter {
    /// None yet; at most so many octets are held, and never more than [`HELD_MAX`].
    #[must_use]
    pub fn new(held_max: usize) -> Self {
        Self {
            held_max: held_max.min(HELD_MAX),
            datagrams: HashMap::default(),
            whole: VecDeque::new(),
            order: 0,
            held: 0,
            copies: 0,
            given_up: 0,
            overlapping: 0,
            reassembled: 0,
            copied: 0,
        }
    }

    /// Takes a fragment found by the peel.
    pub fn take(&mut self, packet: &Packet<'_>, layout: &Layout, piece: &Piece) -> Outcome {
        let Some((source, destination)) = crate::flow_table::endpoints(packet.bytes, layout) else {
            return self.give_up_one();
        };
        let key = Key { source, destination, id: piece.id, protocol: layout.protocol(), tunnel: layout.tunnel };
        let transport = usize::from(layout.transport);
        let sent = layout.end().saturating_sub(transport);
        let bytes = packet.bytes.get(transport..layout.end()).unwrap_or_default();
        let offset = piece.offset as usize;
        let end = offset.saturating_add(sent);
        // All but the last are multiples of 8 octets; a fragment cut by the snapshot length cannot be used.
        if bytes.len() != sent || sent == 0 || end > DATAGRAM_MAX || piece.more && sent.rem_euclid(8) != 0 {
            self.forget(&key);
            return self.give_up_one();
        }
        if !self.datagrams.contains_key(&key) && self.was_whole(&key, packet.time) {
            self.copies = self.copies.saturating_add(1);
            return Outcome::Kept;
        }
        self.make_room(&key, sent);
        let order = self.order;
        let datagram =
            self.datagrams.entry(key).or_insert_with(|| Datagram { began: packet.time, order, ..Datagram::default() });
        self.order = order.saturating_add(1);
        match datagram.add(offset, bytes, piece.more) {
            Added::Copy => {
                self.copies = self.copies.saturating_add(1);
                Outcome::Kept
            }
            Added::TooMany => {
                self.forget(&key);
                self.give_up_one()
            }
            Added::Contradiction => {
                self.overlapping = self.overlapping.saturating_add(1);
                self.forget(&key);
                self.give_up_one()
            }
            Added::New => {
                self.held = self.held.saturating_add(sent).saturating_add(PIECE_COST);
                self.copied = self.copied.saturating_add(sent as u64);
                if piece.offset == 0 {
                    datagram.header = header(packet.bytes, layout);
                }
                if !datagram.is_whole() {
                    return Outcome::Kept;
                }
                let Some(frame) = datagram.frame(packet.bytes, layout) else {
                    self.forget(&key);
                    return Outcome::GivenUp;
                };
                self.held = self.held.saturating_sub(datagram.cost());
                self.datagrams.remove(&key);
                self.whole.truncate(WHOLE_MAX.saturating_sub(1));
                self.whole.push_front((key, packet.time));
                self.reassembled = self.reassembled.saturating_add(1);
                self.copied = self.copied.saturating_add(frame.len() as u64);
                Outcome::Whole(frame)
            }
        }
    }

    /// Octets held at present, with [`PIECE_COST`] for each fragment.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.held
    }

    fn was_whole(&self, key: &Key, now: Timestamp) -> bool {
        self.whole.iter().any(|(whole, when)| whole == key && now.since(*when).max(when.since(now)) <= WINDOW_NANOS)
    }

    /// Gives up what has stayed incomplete for too long.
    pub fn tick(&mut self, now: Timestamp) {
        if self.datagrams.is_empty() {
            return;
        }
        let (held, given_up) = (&mut self.held, &mut self.given_up);
        self.datagrams.retain(|_, datagram| {
            let keep = now.since(datagram.began) < TIMEOUT_NANOS;
            if !keep {
                *held = held.saturating_sub(datagram.cost());
                *given_up = given_up.saturating_add(datagram.pieces.len() as u64);
            }
            keep
        });
    }

    /// The capture is over: what is incomplete stays so.
    pub fn finish(&mut self) {
        self.tick(Timestamp::from_nanos(u64::MAX));
    }

    fn give_up_one(&mut self) -> Outcome {
        self.given_up = self.given_up.saturating_add(1);
        Outcome::GivenUp
    }

    fn forget(&mut self, key: &Key) {
        if let Some(datagram) = self.datagrams.remove(key) {
            self.held = self.held.saturating_sub(datagram.cost());
            self.given_up = self.given_up.saturating_add(datagram.pieces.len() as u64);
        }
    }

    fn make_room(&mut self, key: &Key, octets: usize) {
        while self.held.saturating_add(octets).saturating_add(PIECE_COST) > self.held_max
            || self.datagrams.len() >= DATAGRAMS_MAX && !self.datagrams.contains_key(key)
        {
            let oldest = self.datagrams.iter().min_by_key(|(_, datagram)| datagram.order).map(|(key, _)| *key);
            match oldest {
                Some(oldest) => self.forget(&oldest),
                None => return,
            }
        }
    }
}

enum Added {
    New,
    Copy,
    Contradiction,
    TooMany,
}

impl Datagram {
    fn cost(&self) -> usize {
        self.held.saturating_add(self.pieces.len().saturating_mul(PIECE_COST))
    }

    fn add(&mut self, offset: usize, bytes: &[u8], more: bool) -> Added {
        let end = offset.saturating_add(bytes.len());
        let position = self.pieces.partition_point(|(start, _)| *start < offset);
        if let Some((start, there)) = self.pieces.get(position)
            && *start == offset
            && there == bytes
            && more == (self.length != Some(end))
        {
            return Added::Copy;
        }
        let before_end = position
            .checked_sub(1)
            .and_then(|before| self.pieces.get(before))
            .map_or(0, |(start, there)| start.saturating_add(there.len()));
        let after_start = self.pieces.get(position).map_or(usize::MAX, |(start, _)| *start);
        let beyond = self.length.is_some_and(|length| end > length || more == (end == length));
        let last_before_others = !more && after_start != usize::MAX;
        if before_end > offset || after_start < end || beyond || last_before_others {
            return Added::Contradiction;
        }
        if self.pieces.len() >= PIECES_MAX {
            return Added::TooMany;
        }
        if !more {
            self.length = Some(end);
        }
        self.held = self.held.saturating_add(bytes.len());
        self.pieces.insert(position, (offset, bytes.to_vec()));
        Added::New
    }

    fn is_whole(&self) -> bool {
        self.length == Some(self.held) && !self.header.is_empty()
    }

    /// An Ethernet frame around the whole datagram; `None` where its length does not fit an IP header.
    fn frame(&self, fragment: &[u8], layout: &Layout) -> Option<Vec<u8>> {
        let is_v4 = self.header.first()? >> 4 == 4;
        let ethernet = Ethernet2Header {
            destination: layout.destination_mac(fragment).unwrap_or_default().0,
            source: layout.source_mac(fragment).unwrap_or_default().0,
            ether_type: if is_v4 { EtherType::IPV4 } else { EtherType::IPV6 },
        };
        let length = Ethernet2Header::LEN.saturating_add(self.header.len()).saturating_add(self.held);
        let mut frame = Vec::with_capacity(length);
        frame.extend_from_slice(&ethernet.to_bytes());
        if is_v4 {
            let (mut header, _) = Ipv4Header::from_slice(&self.header).ok()?;
            header.set_payload_len(self.held).ok()?;
            header.dont_fragment = false;
            header.more_fragments = false;
            header.fragment_offset = IpFragOffset::ZERO;
            // A checksum that was wrong stays wrong: one that differs from the right one in a bit always is.
            let right = header.calc_header_checksum();
            header.header_checksum = if checksum::is_right(&self.header) { right } else { right ^ 1 };
            frame.extend_from_slice(&header.to_bytes());
        } else {
            let (mut header, _) = Ipv6Header::from_slice(&self.header).ok()?;
            header.set_payload_length(self.held).ok()?;
            header.next_header = IpNumber(layout.protocol());
            frame.extend_from_slice(&header.to_bytes());
        }
        for (_, bytes) in &self.pieces {
            frame.extend_from_slice(bytes);
        }
        Some(frame)
    }
}

/// The IP header of a fragment: with its options in IPv4, without extension headers in IPv6.
fn header(frame: &[u8], layout: &Layout) -> Vec<u8> {
    let network = usize::from(layout.network);
    let is_v4 = frame.get(network).is_some_and(|first| first >> 4 == 4);
    let end = if is_v4 { usize::from(layout.transport) } else { network.saturating_add(40) };
    frame.get(network..end).unwrap_or_default().to_vec()
}
