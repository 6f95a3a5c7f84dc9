//! Neighbour discovery of IPv6 (RFC 4861): what a message says of who has which address.

use crate::address::{Address, Mac};
use crate::claim::{Claim, How};
use crate::packet::Packet;
use crate::peel::{Layout, protocol};
use crate::reader::Reader;

/// Types of ICMPv6 messages (RFC 4861 sections 4.1 to 4.4). A redirect (4.5) is a router's word on others.
const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
const REDIRECT: u8 = 137;

/// Options (RFC 4861 section 4.6.1).
const SOURCE_LINK_LAYER: u8 = 1;
const TARGET_LINK_LAYER: u8 = 2;

/// A packet with any other hop limit was forwarded, so that it is none of the link's (RFC 4861 section 7.1).
const HOP_LIMIT: u8 = 255;

/// The flag of an advertisement that answers (RFC 4861 section 4.4: S).
const SOLICITED: u8 = 0x40;

/// True for a packet of neighbour discovery: the ICMPv6 types of RFC 4861.
#[must_use]
pub fn is_discovery(packet: &Packet<'_>, layout: &Layout) -> bool {
    layout.protocol() == protocol::ICMPV6
        && packet
            .bytes
            .get(usize::from(layout.transport))
            .is_some_and(|kind| (ROUTER_SOLICITATION..=REDIRECT).contains(kind))
}

/// The claim in a packet of neighbour discovery, where it has one. A solicitation from the unspecified address only
/// checks for duplicates (RFC 4862 section 5.4), and claims nothing yet.
#[must_use]
pub fn read(packet: &Packet<'_>, layout: &Layout) -> Option<Claim> {
    let mut header = Reader::new(packet.bytes.get(usize::from(layout.network)..)?);
    header.skip(7)?;
    if header.u8()? != HOP_LIMIT {
        return None;
    }
    let source = address(&mut header)?;
    let end = layout.end().min(packet.bytes.len());
    let mut message = Reader::new(packet.bytes.get(usize::from(layout.transport)..end)?);
    let (kind, code) = (message.u8()?, message.u8()?);
    message.skip(2)?;
    if code != 0 {
        return None;
    }
    let flags = message.u8()?;
    message.skip(3)?;
    let (claimed, option, how) = match kind {
        ROUTER_SOLICITATION => (source, SOURCE_LINK_LAYER, How::Asking),
        ROUTER_ADVERTISEMENT => {
            message.skip(8)?;
            (source, SOURCE_LINK_LAYER, How::Announced)
        }
        NEIGHBOUR_SOLICITATION => {
            address(&mut message)?;
            (source, SOURCE_LINK_LAYER, How::Asking)
        }
        NEIGHBOUR_ADVERTISEMENT => {
            let how = if flags & SOLICITED == 0 { How::Announced } else { How::Answering };
            (address(&mut message)?, TARGET_LINK_LAYER, how)
        }
        _ => return None,
    };
    Claim::new(claimed, link_layer(message, option)?, how)
}

fn address(reader: &mut Reader<'_>) -> Option<Address> {
    reader.take(16)?.first_chunk().copied().map(Address::v6)
}

/// The Ethernet address in an option (RFC 2464 section 6). Options count their length in units of eight octets; one
/// without length makes the packet void (RFC 4861 section 4.6).
fn link_layer(mut options: Reader<'_>, wanted: u8) -> Option<Mac> {
    loop {
        let (kind, units) = (options.u8()?, options.u8()?);
        let length = usize::from(units).checked_mul(8)?.checked_sub(2)?;
        let value = options.take(length)?;
        if kind == wanted && units == 1 {
            return value.first_chunk().copied().map(Mac);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{LinkType, Timestamp};
    use crate::peel::{Peeled, peel};

    const MAC: [u8; 6] = [0, 9, 0xfb, 1, 2, 3];
    const OWN: [u8; 16] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 9, 0xfb, 0xff, 0xfe, 1, 2, 3];
    const TARGET: [u8; 16] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];

    /// A frame of a message from `source`, and what is read in it.
    fn read_frame(source: [u8; 16], hop_limit: u8, message: &[u8]) -> Option<Claim> {
        let length = u16::try_from(message.len()).unwrap().to_be_bytes();
        let header = [&[0x60, 0, 0, 0, length[0], length[1], 58, hop_limit][..], &source, &[0xff; 16]].concat();
        let frame = [&[0x33; 12][..], &[0x86, 0xdd], &header, message].concat();
        let whole = Packet {
            time: Timestamp::default(),
            link: LinkType::ETHERNET,
            bytes: &frame,
            sent: u32::try_from(frame.len()).unwrap(),
        };
        let Peeled::Ip(layout) = peel(&whole) else { panic!("an IP packet") };
        assert!(is_discovery(&whole, &layout));
        for cut in 0..frame.len() {
            assert_eq!(read(&Packet { bytes: &frame[..cut], ..whole }, &layout), None, "cut at {cut}");
        }
        read(&whole, &layout)
    }

    fn message(kind: u8, flags: u8, middle: &[u8], options: &[u8]) -> Vec<u8> {
        [&[kind, 0, 0, 0, flags, 0, 0, 0][..], middle, options].concat()
    }

    fn option(kind: u8) -> Vec<u8> {
        [&[kind, 1][..], &MAC].concat()
    }

    #[test]
    fn who_claims_what() {
        let claim = |address, how| Some(Claim { address: Address::v6(address), mac: Mac(MAC), how });
        for (message, expected) in [
            (message(135, 0, &TARGET, &option(1)), claim(OWN, How::Asking)),
            (message(136, 0x60, &TARGET, &option(2)), claim(TARGET, How::Answering)),
            (message(136, 0x20, &TARGET, &option(2)), claim(TARGET, How::Announced)),
            (message(133, 0, &[], &option(1)), claim(OWN, How::Asking)),
            // Behind the option for the MTU.
            (
                message(134, 0, &[0; 8], &[vec![5, 1, 0, 0, 0, 0, 5, 220], option(1)].concat()),
                claim(OWN, How::Announced),
            ),
            (message(137, 0, &[TARGET, TARGET].concat(), &option(2)), None),
            (message(135, 0, &TARGET, &option(2)), None),
            (message(135, 0, &TARGET, &[]), None),
            (message(135, 0, &TARGET, &[&[7, 0, 0, 0, 0, 0, 0, 0][..], &option(1)].concat()), None),
        ] {
            assert_eq!(read_frame(OWN, 255, &message), expected, "{message:?}");
        }
    }

    #[test]
    fn probes_and_forwarded_packets_claim_nothing() {
        let asks = message(135, 0, &TARGET, &option(1));
        assert_eq!(read_frame([0; 16], 255, &asks), None);
        assert_eq!(read_frame(OWN, 64, &asks), None);
        let mut coded = asks;
        coded[1] = 1;
        assert_eq!(read_frame(OWN, 255, &coded), None);
    }
}
