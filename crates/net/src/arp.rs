//! ARP for IPv4 on Ethernet (RFC 826): its sender says which address is its own.

use etherparse::{ArpHardwareId, ArpPacketSlice, EtherType};

use crate::address::{Address, Mac};

/// What the sender of an ARP packet says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Its hardware address.
    pub mac: Mac,
    /// Its protocol address; 0.0.0.0 in a probe (RFC 5227 section 1.1).
    pub address: Address,
}

impl Sender {
    /// Reads what stands at the offset that the peel found; `None` where it is cut, or no ARP for IPv4 on Ethernet.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let arp = ArpPacketSlice::from_slice(bytes).ok()?;
        let kind = (arp.hw_addr_type(), arp.proto_addr_type());
        if kind != (ArpHardwareId::ETHERNET, EtherType::IPV4) {
            return None;
        }
        // Both conversions check the lengths that the packet gives.
        let mac = <[u8; 6]>::try_from(arp.sender_hw_addr()).ok()?;
        let address = <[u8; 4]>::try_from(arp.sender_protocol_addr()).ok()?;
        Some(Self { mac: Mac(mac), address: Address::v4(u32::from_be_bytes(address)) })
    }

    /// True where it claims the address as its own: a probe asks and claims nothing, and no host has a group's address.
    #[must_use]
    pub fn claims(&self) -> bool {
        self.address.is_host() && self.mac.is_known()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{ArpEthIpv4Packet, ArpOperation};

    const MAC: [u8; 6] = [0, 9, 0xfb, 1, 2, 3];

    fn packet(mac: [u8; 6], address: [u8; 4]) -> Vec<u8> {
        ArpEthIpv4Packet {
            operation: ArpOperation::REQUEST,
            sender_mac: mac,
            sender_ipv4: address,
            target_mac: [0; 6],
            target_ipv4: [10, 0, 0, 2],
        }
        .to_bytes()
        .to_vec()
    }

    #[test]
    fn a_sender_claims_its_address() {
        let sender = Sender::read(&packet(MAC, [10, 0, 0, 1])).unwrap();
        assert_eq!(sender, Sender { mac: Mac(MAC), address: Address::v4(0x0a00_0001) });
        assert!(sender.claims());
        let padded = [packet(MAC, [10, 0, 0, 1]), vec![0; 18]].concat();
        assert_eq!(Sender::read(&padded), Some(sender), "an Ethernet frame is 60 octets at least");
    }

    #[test]
    fn probes_and_group_addresses_claim_nothing() {
        for (mac, address) in [(MAC, [0; 4]), (MAC, [224, 0, 0, 1]), ([0; 6], [10, 0, 0, 1])] {
            assert!(!Sender::read(&packet(mac, address)).unwrap().claims(), "{mac:?} {address:?}");
        }
    }

    #[test]
    fn what_is_cut_or_of_another_kind_is_not_read() {
        let whole = packet(MAC, [10, 0, 0, 1]);
        for cut in 0..whole.len() {
            assert_eq!(Sender::read(&whole[..cut]), None, "{cut}");
        }
        for (at, value) in [(1, 6), (2, 0x86), (4, 0), (4, 255), (5, 16), (5, 255)] {
            let mut other = [whole.clone(), vec![0; 1100]].concat();
            other[at] = value;
            assert_eq!(Sender::read(&other), None, "octet {at} is {value}");
        }
    }
}
