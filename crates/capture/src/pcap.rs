//! pcap: one file header, then records (draft-ietf-opsawg-pcap).
//!
//! Read are both byte orders, microseconds and nanoseconds, and what libpcap and Wireshark read besides:
//!
//! * versions 2.0 to 2.4, and 543.0 of DG/UX; before 2.3 and in 543.0 the two lengths stand the other way round, and in
//!   2.3 they do in some files, so there the smaller one is the captured length;
//! * Kuznetzov's magic a1b2cd34, whose record headers have 24 octets (Linux of the late nineties; his two other layouts
//!   under the same magic, of 1999, are told apart by Wireshark's guesses only and are not read);
//! * version 2.2 with an interface type of AIX in place of the link type, whose times are in nanoseconds.
//!
//! The upper half of the link type field (length of the frame check sequence, reserved bits; section 4) is masked off.
//! Seconds are unsigned (section 5), as Wireshark has it: 1970 to 2106. libpcap's sign would read 2038 and later as
//! before 1970.

use wardtap_net::packet::{LinkType, Timestamp};

use crate::{
    damage::DamageReason,
    source::{Record, Stop, Tally, packet_limit},
};

/// Octets of the file header.
pub(crate) const FILE_HEADER: usize = 24;
/// Octets of a record header.
const RECORD_HEADER: usize = 16;
/// Octets of a record header under Kuznetzov's magic: the interface, the protocol and the packet type follow the lengths.
const MODIFIED_RECORD_HEADER: usize = 24;

const MAGIC_MICROS: u32 = 0xa1b2_c3d4;
const MAGIC_NANOS: u32 = 0xa1b2_3c4d;
const MAGIC_MODIFIED: u32 = 0xa1b2_cd34;

/// Which of the two lengths of a record comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    /// The captured one.
    CapturedFirst,
    /// The original one.
    OriginalFirst,
    /// Nobody knows: the smaller one is the captured one.
    Either,
}

/// What the file header says of all records.
#[derive(Debug)]
pub(crate) struct Pcap {
    big_endian: bool,
    nanos_per_unit: u64,
    modified: bool,
    lengths: Lengths,
    link: LinkType,
    snaplen: u32,
    limit: u32,
}

/// The byte order of a pcap file by its magic number: true for big-endian; None when it is none.
fn magic(head: [u8; 4]) -> Option<(bool, u32)> {
    let known = |value: &u32| matches!(*value, MAGIC_MICROS | MAGIC_NANOS | MAGIC_MODIFIED);
    Some(u32::from_le_bytes(head))
        .filter(known)
        .map(|value| (false, value))
        .or_else(|| Some(u32::from_be_bytes(head)).filter(known).map(|value| (true, value)))
}

impl Pcap {
    /// Whether a file that begins so is a pcap file.
    pub(crate) fn recognises(head: [u8; 4]) -> bool {
        magic(head).is_some()
    }

    /// Reads the file header; a version that is not known comes back as the error.
    pub(crate) fn new(head: &[u8; FILE_HEADER]) -> Result<Self, (u16, u16)> {
        let [m0, m1, m2, m3, j0, j1, n0, n1, _, _, _, _, _, _, _, _, s0, s1, s2, s3, l0, l1, l2, l3] = *head;
        let (big_endian, magic) = magic([m0, m1, m2, m3]).unwrap_or((false, MAGIC_MICROS));
        let short = if big_endian { u16::from_be_bytes } else { u16::from_le_bytes };
        let (major, minor) = (short([j0, j1]), short([n0, n1]));
        let snaplen = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes }([s0, s1, s2, s3]);
        let link = short(if big_endian { [l2, l3] } else { [l0, l1] });
        let lengths = match (major, minor) {
            (2, 0..=2) | (543, 0) => Lengths::OriginalFirst,
            (2, 3) => Lengths::Either,
            (2, 4) => Lengths::CapturedFirst,
            _ => return Err((major, minor)),
        };
        // RFC 1573 interface types, as the libpcap of AIX writes them.
        let aix = match (magic, major, minor, link) {
            (MAGIC_MICROS, 2, 2, 6) => Some(1),
            (MAGIC_MICROS, 2, 2, 9) => Some(6),
            (MAGIC_MICROS, 2, 2, 15) => Some(10),
            (MAGIC_MICROS, 2, 2, 24) => Some(0),
            _ => None,
        };
        let link_type = LinkType(aix.unwrap_or(link));
        Ok(Self {
            big_endian,
            nanos_per_unit: if magic == MAGIC_NANOS || aix.is_some() { 1 } else { 1000 },
            modified: magic == MAGIC_MODIFIED,
            lengths,
            link: link_type,
            snaplen,
            limit: packet_limit(link_type, snaplen),
        })
    }

    /// The link type of all records.
    pub(crate) const fn link(&self) -> LinkType {
        self.link
    }

    /// The snapshot length as stated.
    pub(crate) const fn snaplen(&self) -> u32 {
        self.snaplen
    }

    /// Takes all whole records from `bytes`, which begin with a record and stand at `at` in their block; answers how many
    /// bytes they were and why it stopped.
    pub(crate) fn walk(&self, bytes: &[u8], at: u32, records: &mut Vec<Record>, tally: &mut Tally) -> (usize, Stop) {
        match (self.modified, self.lengths, self.big_endian) {
            (false, Lengths::CapturedFirst, false) => {
                self.walk_as::<RECORD_HEADER, false, true>(bytes, at, records, tally)
            }
            (false, Lengths::CapturedFirst, true) => {
                self.walk_as::<RECORD_HEADER, true, true>(bytes, at, records, tally)
            }
            (false, _, false) => self.walk_as::<RECORD_HEADER, false, false>(bytes, at, records, tally),
            (false, _, true) => self.walk_as::<RECORD_HEADER, true, false>(bytes, at, records, tally),
            (true, _, false) => self.walk_as::<MODIFIED_RECORD_HEADER, false, false>(bytes, at, records, tally),
            (true, _, true) => self.walk_as::<MODIFIED_RECORD_HEADER, true, false>(bytes, at, records, tally),
        }
    }

    /// The loop over records, one copy for each header length, byte order, and for lengths in today's order or not:
    /// each record costs a few nanoseconds, so nothing is decided anew.
    fn walk_as<const HEADER: usize, const BIG: bool, const TODAY: bool>(
        &self,
        bytes: &[u8],
        at: u32,
        records: &mut Vec<Record>,
        tally: &mut Tally,
    ) -> (usize, Stop) {
        let word = |octets: [u8; 4]| if BIG { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) };
        let (unit, limit, link, input) = (self.nanos_per_unit, self.limit, self.link, tally.input);
        let (mut oldest, mut newest) = (tally.oldest, tally.newest_of_block);
        let mut frame = tally.packets;
        let header_length = if HEADER == RECORD_HEADER { 16_u32 } else { 24 };
        let mut offset = at;
        let mut rest = bytes;
        let stop = loop {
            let Some((header, after)) = rest.split_at_checked(HEADER) else { break Stop::Need(HEADER) };
            let Some(&[s0, s1, s2, s3, f0, f1, f2, f3, c0, c1, c2, c3, o0, o1, o2, o3]) = header.first_chunk() else {
                break Stop::Need(HEADER);
            };
            let (mut captured, mut original) = (word([c0, c1, c2, c3]), word([o0, o1, o2, o3]));
            if !TODAY
                && (self.lengths == Lengths::OriginalFirst || self.lengths == Lengths::Either && captured > original)
            {
                (captured, original) = (original, captured);
            }
            if captured > limit {
                break Stop::Fault(DamageReason::PacketLength { captured, limit });
            }
            let Some((_, next)) = after.split_at_checked(captured as usize) else {
                break Stop::Need(HEADER.saturating_add(captured as usize));
            };
            // At most (2^32 - 1) * (10^9 + 10^3): no overflow.
            let seconds = u64::from(word([s0, s1, s2, s3])).wrapping_mul(1_000_000_000);
            let time =
                Timestamp::from_nanos(seconds.wrapping_add(u64::from(word([f0, f1, f2, f3])).wrapping_mul(unit)));
            oldest = oldest.min(time);
            newest = newest.max(time);
            frame = frame.wrapping_add(1);
            let begin = offset.wrapping_add(header_length);
            records.push(Record { time, frame, offset: begin, captured, sent: original.max(captured), input, link });
            offset = begin.wrapping_add(captured);
            rest = next;
        };
        if let Some(last) = records.last() {
            tally.previous = last.time;
        }
        tally.packets = frame;
        tally.oldest = oldest;
        tally.newest_of_block = newest;
        tally.newest = tally.newest.max(newest);
        (bytes.len().saturating_sub(rest.len()), stop)
    }
}
