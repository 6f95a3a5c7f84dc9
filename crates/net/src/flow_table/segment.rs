//! What a TCP header says (RFC 9293 section 3.1), and whose it is.

use crate::address::Address;
use crate::duplicates::{Fingerprint, sample};
use crate::flow::fold;
use crate::packet::Packet;
use crate::peel::Layout;
use crate::reader::be16_at;
use crate::reassembler::Half;
use crate::stream::Side;

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const RST: u8 = 4;
pub(super) const ACK: u8 = 16;

/// Keeps a factor from being 0.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// A TCP header's fields, and where its payload is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) sequence: u32,
    pub(super) acknowledgement: u32,
    /// How long the payload was on the wire.
    pub(super) sent: u32,
    /// The packet's identification, which a copy shares and a retransmission does not.
    identification: u32,
    /// Where what was captured of the payload begins in the frame.
    at: u32,
    captured: u32,
    window: u16,
    pub(super) flags: u8,
}

impl Segment {
    /// Of a packet that is not TCP.
    pub(super) const NONE: Self =
        Self { sequence: 0, acknowledgement: 0, sent: 0, identification: 0, at: 0, captured: 0, window: 0, flags: 0 };

    /// Reads the TCP header of a packet; None where it is cut or contradicts itself.
    pub(super) fn read(packet: &Packet<'_>, layout: &Layout) -> Option<Self> {
        let fixed = packet.bytes.get(usize::from(layout.transport)..)?.first_chunk::<20>()?;
        let mut segment = Self::new(fixed, 0, packet, layout)?;
        segment.identification = match ip_identification(packet.bytes, layout) {
            Some(id) => u32::from(id),
            None => {
                let options = usize::from(layout.transport).saturating_add(20);
                #[allow(clippy::cast_possible_truncation)] // 32 bits of it
                let sample = sample(packet.bytes.get(options..segment.at as usize).unwrap_or_default()) as u32;
                sample
            }
        };
        Some(segment)
    }

    /// From the fixed part of a TCP header.
    #[inline]
    pub(super) fn new(fixed: &[u8; 20], identification: u32, packet: &Packet<'_>, layout: &Layout) -> Option<Self> {
        let [_, _, _, _, s0, s1, s2, s3, a0, a1, a2, a3, offset, flags, w0, w1, ..] = *fixed;
        let header = usize::from(offset >> 4).wrapping_mul(4);
        let at = usize::from(layout.transport).wrapping_add(header);
        let sent = layout.end().checked_sub(at)?;
        if header < 20 {
            return None;
        }
        #[allow(clippy::cast_possible_truncation)] // below what a layout can hold: 2^24
        Some(Self {
            sequence: u32::from_be_bytes([s0, s1, s2, s3]),
            acknowledgement: u32::from_be_bytes([a0, a1, a2, a3]),
            sent: sent as u32,
            identification,
            at: at as u32,
            captured: sent.min(packet.bytes.len().saturating_sub(at)) as u32,
            window: u16::from_be_bytes([w0, w1]),
            flags,
        })
    }

    /// What was captured of the payload, in the frame that the header was read from.
    #[inline]
    pub(super) fn payload<'a>(&self, frame: &'a [u8]) -> &'a [u8] {
        let at = self.at as usize;
        frame.get(at..at.wrapping_add(self.captured as usize)).unwrap_or_default()
    }

    #[inline]
    pub(super) fn fingerprint(&self, flow: u64, side: Side, payload: &[u8]) -> Fingerprint {
        let place = fold(flow ^ side.index() as u64, u64::from(self.sequence) << 32 | u64::from(self.sent));
        let (ack, window) = (u64::from(self.acknowledgement), u64::from(self.window));
        let header =
            fold(place ^ ack << 32 ^ u64::from(self.flags), window << 32 | u64::from(self.identification) ^ MIX);
        // Copies of a packet captured short need not be cut at the same octet: one may have a tag more.
        Fingerprint::new(place, header, if self.captured == self.sent { sample(payload) } else { 0 })
    }

    /// True for a segment that brings its flow further, and so cannot be a copy of an earlier packet.
    #[inline]
    pub(super) fn advances(&self, half: &Half) -> bool {
        if !half.known() {
            return self.sent > 0 || self.flags & SYN != 0;
        }
        if self.sent > 0 || self.flags & (SYN | FIN) != 0 {
            return self.sequence == half.next && self.flags & SYN == 0;
        }
        self.flags & (ACK | RST) == ACK && half.is_behind(self.acknowledgement)
    }

    /// True where nothing but data and acknowledgement is said, and all of the data was captured.
    #[inline]
    pub(super) const fn is_plain(&self) -> bool {
        self.flags & (SYN | FIN | RST | ACK) == ACK && self.captured == self.sent
    }

    /// True for an empty segment with the number of the octet before the next one (RFC 9293 section 3.8.4).
    #[inline]
    pub(super) const fn is_keep_alive(&self, half: &Half) -> bool {
        self.flags & (SYN | FIN | RST | ACK) == ACK && half.known() && half.next.wrapping_sub(1) == self.sequence
    }
}

/// The innermost addresses of a frame: sender, receiver.
#[inline]
#[must_use]
pub fn endpoints(frame: &[u8], layout: &Layout) -> Option<(Address, Address)> {
    let header = frame.get(usize::from(layout.network)..)?;
    let fixed = header.first_chunk::<20>()?;
    let [first, _, _, _, _, _, _, _, _, _, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = *fixed;
    if first >> 4 == 4 {
        let (source, destination) = (u32::from_be_bytes([s0, s1, s2, s3]), u32::from_be_bytes([d0, d1, d2, d3]));
        return Some((Address::v4(source), Address::v4(destination)));
    }
    let source = header.get(8..)?.first_chunk::<16>()?;
    let destination = header.get(24..)?.first_chunk::<16>()?;
    Some((Address::v6(*source), Address::v6(*destination)))
}

/// The identification of an IPv4 packet; IPv6 has none.
#[inline]
pub(super) fn ip_identification(frame: &[u8], layout: &Layout) -> Option<u16> {
    let network = usize::from(layout.network);
    (frame.get(network)? >> 4 == 4).then(|| be16_at(frame, network.wrapping_add(4))).flatten()
}
