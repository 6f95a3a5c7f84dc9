//! ARP for IPv4 on Ethernet (RFC 826): its sender says which address is its own.

use etherparse::{ArpHardwareId, ArpOperation, ArpPacketSlice, EtherType};

use crate::address::{Address, Mac};
use crate::claim::{Claim, How};

/// What the sender of an ARP packet says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Its hardware address.
    pub mac: Mac,
    /// Its protocol address; 0.0.0.0 in a probe (RFC 5227 section 1.1).
    pub address: Address,
    /// Why it speaks.
    pub how: How,
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
        // The conversions check the lengths that the packet gives.
        let mac = <[u8; 6]>::try_from(arp.sender_hw_addr()).ok()?;
        let address = <[u8; 4]>::try_from(arp.sender_protocol_addr()).ok()?;
        // An announcement asks for, or answers, its own address (RFC 5227 section 3).
        let how = if arp.target_protocol_addr() == address {
            How::Announced
        } else if arp.operation() == ArpOperation::REPLY {
            How::Answering
        } else {
            How::Asking
        };
        Some(Self { mac: Mac(mac), address: Address::v4(u32::from_be_bytes(address)), how })
    }

    /// What it claims as its own: a probe asks and claims nothing, and no host has a group's address.
    #[must_use]
    pub fn claim(&self) -> Option<Claim> {
        Claim::new(self.address, self.mac, self.how)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::ArpEthIpv4Packet;

    const MAC: [u8; 6] = [0, 9, 0xfb, 1, 2, 3];
    const OTHER: [u8; 4] = [10, 0, 0, 2];

    fn packet(operation: ArpOperation, mac: [u8; 6], address: [u8; 4], target: [u8; 4]) -> Vec<u8> {
        let packet = ArpEthIpv4Packet {
            operation,
            sender_mac: mac,
            sender_ipv4: address,
            target_mac: [0; 6],
            target_ipv4: target,
        };
        packet.to_bytes().to_vec()
    }

    #[test]
    fn a_sender_claims_its_address() {
        let own = [10, 0, 0, 1];
        for (operation, target, how) in [
            (ArpOperation::REQUEST, OTHER, How::Asking),
            (ArpOperation::REPLY, OTHER, How::Answering),
            (ArpOperation::REQUEST, own, How::Announced),
            (ArpOperation::REPLY, own, How::Announced),
        ] {
            let claim = Claim { address: Address::v4(0x0a00_0001), mac: Mac(MAC), how };
            let packet = packet(operation, MAC, own, target);
            assert_eq!(Sender::read(&packet).unwrap().claim(), Some(claim));
            let padded = [packet, vec![0; 18]].concat();
            assert_eq!(Sender::read(&padded).unwrap().claim(), Some(claim), "an Ethernet frame is 60 octets at least");
        }
    }

    #[test]
    fn probes_and_group_addresses_claim_nothing() {
        for (mac, address) in
            [(MAC, [0; 4]), (MAC, [224, 0, 0, 1]), ([0; 6], [10, 0, 0, 1]), ([0xff; 6], [10, 0, 0, 1])]
        {
            let sender = Sender::read(&packet(ArpOperation::REQUEST, mac, address, OTHER)).unwrap();
            assert_eq!(sender.claim(), None, "{mac:?} {address:?}");
        }
    }

    #[test]
    fn what_is_cut_or_of_another_kind_is_not_read() {
        let whole = packet(ArpOperation::REQUEST, MAC, [10, 0, 0, 1], OTHER);
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
