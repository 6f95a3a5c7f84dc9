//! Linux cooked captures ("any" interface): LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2 of tcpdump.org.
//!
//! Read by hand: etherparse knows the first only, and refuses all but five kinds of device, the loopback device and
//! tunnels among them.

use super::{Next, Peeler, Place, Step, TRUNCATED, ethernet};

/// ARPHRD_ETHER: the address field is a MAC address.
const ETHERNET: u16 = 1;

/// ETH_P_802_2: an LLC header follows.
const LLC: u16 = 4;

pub(super) fn v1(peeler: &mut Peeler<'_>) -> Step {
    let (hardware, address_length, protocol) = (peeler.be16(2)?, peeler.be16(4)?, peeler.be16(14)?);
    if hardware == ETHERNET && address_length == 6 {
        peeler.source_mac(6, Place::Nowhere)?;
    }
    peeler.advance(16)?;
    following(peeler, protocol)
}

pub(super) fn v2(peeler: &mut Peeler<'_>) -> Step {
    let (protocol, hardware, address_length) = (peeler.be16(0)?, peeler.be16(8)?, peeler.u8(11)?);
    if hardware == ETHERNET && address_length == 6 {
        peeler.source_mac(12, Place::Nowhere)?;
    }
    peeler.advance(20)?;
    following(peeler, protocol)
}

fn following(peeler: &mut Peeler<'_>, protocol: u16) -> Step {
    match protocol {
        // What tunnel devices without a protocol field give.
        0 if peeler.rest().is_empty() => Err(TRUNCATED),
        0 => Ok(Next::Ip),
        LLC => ethernet::logical_link(peeler),
        ethertype => Ok(Next::EtherType(ethertype)),
    }
}
