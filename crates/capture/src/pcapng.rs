//! pcapng: sections of blocks (draft-ietf-opsawg-pcapng).
//!
//! Read are section headers (4.1), interface descriptions (4.2) with their time resolution and offset, enhanced (4.3),
//! simple (4.4) and obsolete (appendix A) packets, and interface statistics (4.6) where the recording of a sensor marks the
//! time with them ([`MARK_COMMENT`]). All other blocks and options are passed over. Each section may have its own byte order, each interface its own link type, snapshot length and clock. The section length is not used: the
//! next section header says the same and cannot lie.
//!
//! Limits: blocks of at most 16 MiB (libpcap's limit), 65,536 interfaces a section.

use wardtap_net::packet::{LinkType, NANOS_PER_SECOND, Timestamp};

use crate::{
    damage::DamageReason,
    source::{Record, Stop, Tally, packet_limit},
};

/// Type of a section header block, the same in both byte orders.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// The comment of interface statistics that say which time it was while the wire was idle. Statistics of other programs, which
/// stand at the end of a capture, move no clock.
pub(crate) const MARK_COMMENT: &[u8] = b"wardtap: idle";

/// The byte-order magic of a section header.
const BYTE_ORDER: u32 = 0x1a2b_3c4d;

/// Octets of the fixed part of a section header block before its options, with type and length.
pub(crate) const SECTION_HEAD: usize = 24;
/// The least a section header block can have.
pub(crate) const LEAST_SECTION: usize = 28;
/// The least a block can have: type and two lengths.
pub(crate) const LEAST_BLOCK: u32 = 12;
/// The most a block may have.
const MOST_BLOCK: u32 = 16 * 1024 * 1024;
/// The most interfaces kept of a section, so that a stream of descriptions cannot eat the memory.
const MOST_INTERFACES: u32 = 65_536;
/// The most link types listed of a capture.
const MOST_LINKS: usize = 64;

/// How an interface counts time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    /// Units of this many nanoseconds.
    Multiple(u64),
    /// This many units a nanosecond.
    Fraction(u64),
    /// Units of 2^-n seconds.
    Binary(u32),
}

impl Clock {
    /// Nanoseconds (clamped) of a count of units.
    #[inline]
    fn nanos(self, units: u64) -> u64 {
        match self {
            Self::Multiple(nanos) => units.saturating_mul(nanos),
            Self::Fraction(of) => units.checked_div(of).unwrap_or(0),
            Self::Binary(power) => {
                let scaled = u128::from(units).wrapping_mul(u128::from(NANOS_PER_SECOND));
                u64::try_from(scaled.checked_shr(power).unwrap_or(0)).unwrap_or(u64::MAX)
            }
        }
    }

    /// From the option if_tsresol: a negative power of 10, or of 2 where the most significant bit is set.
    fn from_resolution(resolution: u8) -> Self {
        let power = u32::from(resolution & 0x7f);
        if resolution & 0x80 != 0 {
            Self::Binary(power)
        } else if let Some(missing) = 9_u32.checked_sub(power) {
            Self::Multiple(10_u64.saturating_pow(missing))
        } else {
            // Beyond 64 bits all times are 0.
            10_u64.checked_pow(power.saturating_sub(9)).map_or(Self::Multiple(0), Self::Fraction)
        }
    }
}

/// What a section has said of an interface.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    snaplen: u32,
    limit: u32,
    clock: Clock,
    /// Seconds to add to its times.
    offset: i64,
}

impl Interface {
    #[inline]
    fn time(&self, units: u64) -> Timestamp {
        let nanos = self.clock.nanos(units);
        if self.offset == 0 {
            return Timestamp::from_nanos(nanos);
        }
        let offset = self.offset.unsigned_abs().saturating_mul(NANOS_PER_SECOND);
        Timestamp::from_nanos(if self.offset < 0 { nanos.saturating_sub(offset) } else { nanos.saturating_add(offset) })
    }
}

/// The state of the section being read, and what was seen of all.
#[derive(Debug, Default)]
pub(crate) struct Pcapng {
    big_endian: bool,
    interfaces: Vec<Interface>,
    links: Vec<LinkType>,
    snaplen: Option<u32>,
}

/// What one block came to.
enum Outcome {
    /// A packet.
    Packet(Packet),
    /// Time has come to here, without a packet.
    Mark(Timestamp),
    /// Nothing to deliver.
    Nothing,
    /// The section's byte order is now this.
    Turned,
}

/// A packet block, with its bytes at `begin` in the block.
struct Packet {
    begin: u32,
    captured: u32,
    original: u32,
    link: LinkType,
    /// None for a simple packet.
    time: Option<Timestamp>,
}

impl Pcapng {
    /// Whether a file that begins so is a pcapng file.
    pub(crate) fn recognises(head: [u8; 4]) -> bool {
        u32::from_le_bytes(head) == SECTION_HEADER
    }

    /// Looks at the beginning of a section header block: its byte order and length, or what is wrong with it.
    pub(crate) fn section(head: &[u8; SECTION_HEAD]) -> Result<(bool, u32), DamageReason> {
        let [_, _, _, _, l0, l1, l2, l3, m0, m1, m2, m3, j0, j1, n0, n1, ..] = *head;
        let magic = [m0, m1, m2, m3];
        let big_endian = match (u32::from_le_bytes(magic), u32::from_be_bytes(magic)) {
            (BYTE_ORDER, _) => false,
            (_, BYTE_ORDER) => true,
            (other, _) => return Err(DamageReason::ByteOrder { magic: other }),
        };
        let short = if big_endian { u16::from_be_bytes } else { u16::from_le_bytes };
        let (major, minor) = (short([j0, j1]), short([n0, n1]));
        // 4.1: a minor version of 2 is read as 0.
        if major != 1 || !matches!(minor, 0 | 2) {
            return Err(DamageReason::Version { major, minor });
        }
        let length = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes }([l0, l1, l2, l3]);
        Ok((big_endian, length))
    }

    /// The link types of all interfaces so far, each once.
    pub(crate) fn links(&self) -> &[LinkType] {
        &self.links
    }

    /// The largest snapshot length of all interfaces so far; 0 where one has none.
    pub(crate) fn snaplen(&self) -> u32 {
        self.snaplen.unwrap_or(0)
    }

    /// Takes all whole blocks from `bytes`, which begin with a block and stand at `at` in their buffer; answers how many
    /// bytes they were and why it stopped.
    pub(crate) fn walk(
        &mut self,
        bytes: &[u8],
        at: u32,
        records: &mut Vec<Record>,
        tally: &mut Tally,
    ) -> (usize, Stop) {
        let mut taken = 0_usize;
        loop {
            let rest = bytes.get(taken..).unwrap_or_default();
            let begin = at.wrapping_add(u32::try_from(taken).unwrap_or(u32::MAX));
            let (more, stop) = if self.big_endian {
                self.walk_section::<true>(rest, begin, records, tally)
            } else {
                self.walk_section::<false>(rest, begin, records, tally)
            };
            taken = taken.saturating_add(more);
            if let Some(stop) = stop {
                return (taken, stop);
            }
        }
    }

    /// As `walk`, up to where the byte order changes (then None).
    fn walk_section<const BIG: bool>(
        &mut self,
        bytes: &[u8],
        at: u32,
        records: &mut Vec<Record>,
        tally: &mut Tally,
    ) -> (usize, Option<Stop>) {
        let mut rest = bytes;
        let mut offset = at;
        // A copy of its own: the compiler can then keep it in registers.
        let mut seen = *tally;
        let stop = loop {
            let Some(&[t0, t1, t2, t3, l0, l1, l2, l3]) = rest.first_chunk() else { break Some(Stop::Need(8)) };
            let kind = word::<BIG>([t0, t1, t2, t3]);
            let mut length = word::<BIG>([l0, l1, l2, l3]);
            if kind == SECTION_HEADER {
                let Some(head) = rest.first_chunk() else { break Some(Stop::Need(SECTION_HEAD)) };
                match Self::section(head) {
                    Ok((_, stated)) => length = stated,
                    Err(fault) => break Some(Stop::Fault(fault)),
                }
            }
            if !(LEAST_BLOCK..=MOST_BLOCK).contains(&length) || !length.is_multiple_of(4) {
                break Some(Stop::Fault(DamageReason::BlockLength { length }));
            }
            let Some((block, next)) = rest.split_at_checked(length as usize) else {
                break Some(Stop::Need(length as usize));
            };
            let outcome = if kind == ENHANCED_PACKET {
                // Almost every block is one, so it does not go through the match over kinds.
                self.stamped::<BIG, ENHANCED_PACKET>(length, block, offset)
            } else {
                self.block::<BIG>(kind, length, block, offset)
            };
            match outcome {
                Ok(Outcome::Packet(packet)) => note(&packet, records, &mut seen),
                Ok(Outcome::Mark(time)) => records.push(Record::mark(time)),
                Ok(Outcome::Nothing) => {}
                Ok(Outcome::Turned) => {
                    rest = next;
                    break None;
                }
                Err(fault) => break Some(Stop::Fault(fault)),
            }
            offset = offset.wrapping_add(length);
            rest = next;
        };
        *tally = seen;
        (bytes.len().saturating_sub(rest.len()), stop)
    }

    /// One whole packet block with a time, enhanced or obsolete, which stands at `at` in its buffer.
    #[inline]
    fn stamped<const BIG: bool, const KIND: u32>(
        &self,
        length: u32,
        block: &[u8],
        at: u32,
    ) -> Result<Outcome, DamageReason> {
        let last = block.last_chunk().map_or(0, |trailer| word::<BIG>(*trailer));
        if last != length {
            return Err(DamageReason::BlockLengthsDiffer { first: length, last });
        }
        let too_short = || DamageReason::BlockTooShort { kind: KIND, length };
        let Some(&[i0, i1, i2, i3, h0, h1, h2, h3, u0, u1, u2, u3, c0, c1, c2, c3, o0, o1, o2, o3]) =
            block.get(8..).and_then(<[u8]>::first_chunk)
        else {
            return Err(too_short());
        };
        // The obsolete one has but 16 bits for the interface; the others count drops.
        let number =
            if KIND == OBSOLETE_PACKET { u32::from(short::<BIG>([i0, i1])) } else { word::<BIG>([i0, i1, i2, i3]) };
        let interface = self.interface(number)?;
        let time = (u64::from(word::<BIG>([h0, h1, h2, h3])) << 32) | u64::from(word::<BIG>([u0, u1, u2, u3]));
        let (captured, original) = (word::<BIG>([c0, c1, c2, c3]), word::<BIG>([o0, o1, o2, o3]));
        let room = length.checked_sub(32).ok_or_else(too_short)?;
        packet(interface, Some(time), captured, original, at.wrapping_add(28), room)
    }

    /// One whole block of any other kind, which stands at `at` in its buffer.
    fn block<const BIG: bool>(
        &mut self,
        kind: u32,
        length: u32,
        block: &[u8],
        at: u32,
    ) -> Result<Outcome, DamageReason> {
        if kind == SECTION_HEADER {
            return self.section_header(block);
        }
        let last = block.last_chunk().map_or(0, |trailer| word::<BIG>(*trailer));
        if last != length {
            return Err(DamageReason::BlockLengthsDiffer { first: length, last });
        }
        let too_short = || DamageReason::BlockTooShort { kind, length };
        match kind {
            OBSOLETE_PACKET => self.stamped::<BIG, OBSOLETE_PACKET>(length, block, at),
            SIMPLE_PACKET => {
                let room = length.checked_sub(16).ok_or_else(too_short)?;
                let original =
                    block.get(8..).and_then(<[u8]>::first_chunk).map(|o| word::<BIG>(*o)).ok_or_else(too_short)?;
                let interface = self.interface(0)?;
                // 4.4: no captured length of its own; the snapshot length of the first interface cuts it.
                let captured = if interface.snaplen == 0 { original } else { original.min(interface.snaplen) };
                packet(interface, None, captured, original, at.wrapping_add(12), room)
            }
            INTERFACE_STATISTICS => Ok(self.mark::<BIG>(block).map_or(Outcome::Nothing, Outcome::Mark)),
            INTERFACE_DESCRIPTION => self.describe::<BIG>(block).unwrap_or_else(|| Err(too_short())),
            _ => Ok(Outcome::Nothing),
        }
    }

    /// Starts a section.
    fn section_header(&mut self, block: &[u8]) -> Result<Outcome, DamageReason> {
        let kind = SECTION_HEADER;
        let length = u32::try_from(block.len()).unwrap_or(u32::MAX);
        let head = block.first_chunk().ok_or(DamageReason::BlockTooShort { kind, length })?;
        let (big_endian, first) = Self::section(head)?;
        // Type, length, magic, versions, section length, length.
        let Some(trailer) = block.last_chunk().filter(|_| block.len() >= LEAST_SECTION) else {
            return Err(DamageReason::BlockTooShort { kind, length });
        };
        let last = if big_endian { u32::from_be_bytes(*trailer) } else { u32::from_le_bytes(*trailer) };
        if first != last {
            return Err(DamageReason::BlockLengthsDiffer { first, last });
        }
        self.interfaces.clear();
        self.big_endian = big_endian;
        Ok(Outcome::Turned)
    }

    /// Takes an interface description; None when it is too short.
    fn describe<const BIG: bool>(&mut self, block: &[u8]) -> Option<Result<Outcome, DamageReason>> {
        let number = u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX);
        if number >= MOST_INTERFACES {
            return Some(Err(DamageReason::TooManyInterfaces { limit: MOST_INTERFACES }));
        }
        let &[l0, l1, _, _, s0, s1, s2, s3] = block.get(8..).and_then(<[u8]>::first_chunk)?;
        let (link, snaplen) = (LinkType(short::<BIG>([l0, l1])), word::<BIG>([s0, s1, s2, s3]));
        let options = block.get(16..block.len().checked_sub(4)?)?;
        let Some((clock, offset)) = clock_options::<BIG>(options) else {
            return Some(Err(DamageReason::InterfaceOptions { interface: number }));
        };
        if self.links.len() < MOST_LINKS && !self.links.contains(&link) {
            self.links.push(link);
        }
        self.snaplen = Some(match self.snaplen {
            Some(0) => 0,
            Some(_) if snaplen == 0 => 0,
            Some(before) => before.max(snaplen),
            None => snaplen,
        });
        self.interfaces.push(Interface { link, snaplen, limit: packet_limit(link, snaplen), clock, offset });
        Some(Ok(Outcome::Nothing))
    }

    /// The time of statistics that are a mark: those with our comment as their first option.
    fn mark<const BIG: bool>(&self, block: &[u8]) -> Option<Timestamp> {
        let &[i0, i1, i2, i3, h0, h1, h2, h3, u0, u1, u2, u3, k0, k1, l0, l1] =
            block.get(8..).and_then(<[u8]>::first_chunk)?;
        let is_comment = (short::<BIG>([k0, k1]), usize::from(short::<BIG>([l0, l1]))) == (1, MARK_COMMENT.len());
        if !is_comment || !block.get(24..)?.starts_with(MARK_COMMENT) {
            return None;
        }
        let interface = self.interface(word::<BIG>([i0, i1, i2, i3])).ok()?;
        let time = (u64::from(word::<BIG>([h0, h1, h2, h3])) << 32) | u64::from(word::<BIG>([u0, u1, u2, u3]));
        Some(interface.time(time))
    }

    /// The description of an interface of this section.
    #[inline]
    fn interface(&self, number: u32) -> Result<&Interface, DamageReason> {
        self.interfaces.get(number as usize).ok_or_else(|| DamageReason::NoInterface {
            interface: number,
            described: u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX),
        })
    }
}

/// if_tsresol (9) and if_tsoffset (14) of an interface's options; microseconds and 0 where they are absent or have a
/// length they cannot have. None when an option overruns the block.
fn clock_options<const BIG: bool>(options: &[u8]) -> Option<(Clock, i64)> {
    let (mut clock, mut offset) = (Clock::Multiple(1000), 0_i64);
    let mut rest = options;
    while let Some((&[k0, k1, l0, l1], after)) = rest.split_first_chunk() {
        let (code, length) = (short::<BIG>([k0, k1]), usize::from(short::<BIG>([l0, l1])));
        if code == 0 {
            break;
        }
        let value = after.get(..length)?;
        match (code, value) {
            (9, &[resolution]) => clock = Clock::from_resolution(resolution),
            (14, &[o0, o1, o2, o3, o4, o5, o6, o7]) => {
                let octets = [o0, o1, o2, o3, o4, o5, o6, o7];
                offset = if BIG { i64::from_be_bytes(octets) } else { i64::from_le_bytes(octets) };
            }
            _ => {}
        }
        rest = after.get(length.next_multiple_of(4)..)?;
    }
    Some((clock, offset))
}

/// A packet whose bytes begin at `begin` and have `room` in their block.
#[inline]
fn packet(
    interface: &Interface,
    units: Option<u64>,
    captured: u32,
    original: u32,
    begin: u32,
    room: u32,
) -> Result<Outcome, DamageReason> {
    if captured > interface.limit {
        return Err(DamageReason::PacketLength { captured, limit: interface.limit });
    }
    if captured > room {
        return Err(DamageReason::PacketOverruns { captured, room });
    }
    let time = units.map(|units| interface.time(units));
    Ok(Outcome::Packet(Packet { begin, captured, original, link: interface.link, time }))
}

/// Delivers a packet.
#[inline]
fn note(packet: &Packet, records: &mut Vec<Record>, tally: &mut Tally) {
    let time = packet.time.unwrap_or(tally.previous);
    if packet.time.is_some() {
        tally.oldest = tally.oldest.min(time);
    } else {
        tally.untimed = tally.untimed.wrapping_add(1);
    }
    tally.newest = tally.newest.max(time);
    tally.newest_of_block = tally.newest_of_block.max(time);
    tally.previous = time;
    tally.packets = tally.packets.wrapping_add(1);
    records.push(Record {
        time,
        frame: tally.packets,
        offset: packet.begin,
        captured: packet.captured,
        sent: packet.original.max(packet.captured),
        input: tally.input,
        link: packet.link,
    });
}

#[inline]
fn word<const BIG: bool>(octets: [u8; 4]) -> u32 {
    if BIG { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
}

#[inline]
fn short<const BIG: bool>(octets: [u8; 2]) -> u16 {
    if BIG { u16::from_be_bytes(octets) } else { u16::from_le_bytes(octets) }
}
