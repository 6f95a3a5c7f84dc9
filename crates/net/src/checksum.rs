//! The Internet checksum (RFC 1071) of IPv4 headers, TCP and UDP.

use crate::packet::Packet;
use crate::peel::{Layout, protocol};
use crate::reader::be16_at;

/// True where the innermost IPv4 header's, TCP's or UDP's checksum is wrong; false where it cannot be told, because the
/// packet was captured short or carries none.
#[must_use]
pub fn is_wrong(packet: &Packet<'_>, layout: &Layout) -> bool {
    let (network, transport, end) = (usize::from(layout.network), usize::from(layout.transport), layout.end());
    let Some(header) = packet.bytes.get(network..transport) else { return false };
    let Some(datagram) = packet.bytes.get(transport..end) else { return false };
    let first = header.first().copied().unwrap_or(0);
    let is_v4 = first >> 4 == 4;
    // Without an authentication header that may follow.
    let own = header.get(..usize::from(first & 15).saturating_mul(4)).unwrap_or(header);
    if is_v4 && !is_right(own) {
        return true;
    }
    let kind = layout.protocol();
    let carried = match kind {
        protocol::TCP => true,
        // 0 says that the sender made none (RFC 768).
        protocol::UDP => be16_at(datagram, 6).is_some_and(|checksum| checksum != 0),
        _ => false,
    };
    let addresses = if is_v4 { header.get(12..20) } else { header.get(8..40) };
    carried
        && addresses.is_some_and(|addresses| {
            let [l0, l1] = u16::try_from(datagram.len()).unwrap_or(0).to_be_bytes();
            let pseudo = sum(addresses).wrapping_add(word([l0, l1, 0, kind]));
            !is_whole(pseudo.wrapping_add(sum(datagram)))
        })
}

/// True where an IPv4 header's checksum is right (RFC 791 section 3.1).
#[inline]
pub(crate) fn is_right(header: &[u8]) -> bool {
    // Nearly all have no options.
    match header.first_chunk::<20>().filter(|_| header.len() == 20) {
        Some(header) => is_whole(sum(header)),
        None => is_whole(sum(header)),
    }
}

/// The sum of 16-bit words, whose upper halves are not yet folded back. In the order of this machine's octets, which does
/// not show once it is folded (RFC 1071 section 2).
///
/// Eight octets at a time with their carry: most packets are short, and what the compiler makes of a sum that it can do side
/// by side takes longer to begin with.
#[inline]
fn sum(bytes: &[u8]) -> u64 {
    let (eights, rest) = bytes.as_chunks::<8>();
    let sum = eights.iter().fold(0u128, |sum, eight| sum.wrapping_add(u128::from(u64::from_ne_bytes(*eight))));
    #[allow(clippy::cast_possible_truncation)] // the halves are added
    let (low, carried) = (sum as u64, (sum >> 64) as u64);
    let (fours, rest) = rest.as_chunks::<4>();
    let last = match *rest {
        [a] => word([a, 0, 0, 0]),
        [a, b] => word([a, b, 0, 0]),
        [a, b, c] => word([a, b, c, 0]),
        _ => 0,
    };
    let last = fours.iter().fold(last, |sum, four| sum.wrapping_add(word(*four)));
    (low & 0xffff_ffff).wrapping_add(low >> 32).wrapping_add(carried).wrapping_add(last)
}

#[inline]
fn word(octets: [u8; 4]) -> u64 {
    u64::from(u32::from_ne_bytes(octets))
}

/// True for a sum that is all ones once it is folded.
#[inline]
const fn is_whole(sum: u64) -> bool {
    sum > 0 && sum.is_multiple_of(0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{LinkType, Timestamp};
    use crate::peel::{Peeled, peel};

    /// An IPv4 header whose checksum is 0xb861.
    const HEADER: [u8; 20] = [0x45, 0, 0, 115, 0, 0, 64, 0, 64, 17, 0xb8, 0x61, 192, 168, 0, 1, 192, 168, 0, 199];

    /// The sum as RFC 1071 section 1 describes it, word for word.
    fn by_the_rule(bytes: &[u8]) -> u16 {
        let words = bytes.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0)));
        words.fold(0, |sum, word| (sum + word) % 0xffff) as u16
    }

    #[test]
    fn headers() {
        assert!(is_right(&HEADER));
        for bit in 0..160 {
            let mut header = HEADER;
            header[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_right(&header), "bit {bit}");
        }
    }

    #[test]
    fn datagrams_of_any_length() {
        for length in 0..80_u8 {
            let sent = 28 + u16::from(length);
            let mut frame = [&HEADER[..], &[0, 53, 0, 99, 0, 8 + length, 0, 0]].concat();
            frame.extend((0..length).map(|octet| octet.wrapping_mul(151)));
            frame[2..4].copy_from_slice(&sent.to_be_bytes());
            let header = by_the_rule(&frame[..10]) as u32 + by_the_rule(&frame[12..20]) as u32;
            frame[10..12].copy_from_slice(&(!((header % 0xffff) as u16)).to_be_bytes());
            let pseudo = [&frame[12..20], &[0, 17, 0, 8 + length], &frame[20..]].concat();
            frame[26..28].copy_from_slice(&(!by_the_rule(&pseudo)).to_be_bytes());
            for wrong in [false, true] {
                let last = frame.len() - 1;
                frame[last] ^= u8::from(wrong);
                let sent = frame.len() as u32;
                let packet = Packet { time: Timestamp::EPOCH, link: LinkType::RAW, bytes: &frame, sent };
                let Peeled::Ip(layout) = peel(&packet) else { panic!("{length}") };
                assert_eq!(is_wrong(&packet, &layout), wrong, "{length}");
            }
        }
    }
}
