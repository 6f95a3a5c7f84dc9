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
            let length = u16::try_from(datagram.len()).unwrap_or(0).swap_bytes();
            let pseudo = add(sum(addresses), u64::from(length).wrapping_add(u64::from(kind) << 8));
            fold(add(pseudo, sum(datagram))) != 0xffff
        })
}

/// True where an IPv4 header's checksum is right (RFC 791 section 3.1).
pub(crate) fn is_right(header: &[u8]) -> bool {
    fold(sum(header)) == 0xffff
}

/// The ones' complement sum of the 64-bit words, which is that of the 16-bit words once it is folded, with the octets of
/// each word the other way round: the sum then comes out the other way round too (RFC 1071 section 2), and "all ones"
/// reads the same from both ends.
#[inline]
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let whole = words.iter().fold(0, |sum, word| add(sum, u64::from_le_bytes(*word)));
    let (words, rest) = rest.as_chunks::<4>();
    let whole = words.iter().fold(whole, |sum, word| add(sum, u64::from(u32::from_le_bytes(*word))));
    let last = match *rest {
        [a, b, c] => [a, b, c, 0],
        [a, b] => [a, b, 0, 0],
        [a] => [a, 0, 0, 0],
        _ => [0; 4],
    };
    add(whole, u64::from(u32::from_le_bytes(last)))
}

/// Adds, and the carry round the end.
#[inline]
const fn add(a: u64, b: u64) -> u64 {
    let (sum, carry) = a.overflowing_add(b);
    sum.wrapping_add(carry as u64)
}

/// Folds a sum to 16 bits.
const fn fold(sum: u64) -> u64 {
    let sum = (sum >> 32).wrapping_add(sum & 0xffff_ffff);
    let sum = (sum >> 16).wrapping_add(sum & 0xffff);
    // Twice more for the carries of the steps before.
    let sum = (sum >> 16).wrapping_add(sum & 0xffff);
    (sum >> 16).wrapping_add(sum & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 1071 section 3.
    #[test]
    fn example_of_the_rfc() {
        assert_eq!(fold(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])), 0xf2dd);
        assert_eq!(fold(sum(&[0x12])), 0x0012);
    }
}
