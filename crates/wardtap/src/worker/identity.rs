//! Who says which address is whose: ARP, neighbour discovery and DHCP. Seldom enough that all of it is told. And what neighbours
//! on a link say that they are: LLDP and CDP.

use wardtap_behaviour::observation::{Claimed, Leased, Observation};
use wardtap_net::arp::Sender;
use wardtap_net::claim::Claim;
use wardtap_net::dhcp;
use wardtap_net::neighbour;
use wardtap_net::packet::Packet;
use wardtap_net::peel::{Layout, below_ip, discovery};

use super::hands::Hands;

impl Hands<'_> {
    /// ARP: the sender says which address is its own.
    pub(super) fn arp(&mut self, frame: &[u8], at: usize) {
        match Sender::read(frame.get(at..).unwrap_or_default()) {
            Some(sender) => {
                let claim = sender.claim();
                if claim.is_none() && sender.mac.is_host() {
                    self.heard_below_ip(sender.mac, "arp");
                }
                self.tell_claim(claim);
            }
            None => self.shared.counts.bad_arp += 1,
        }
    }

    /// A frame without an IP packet: by LLDP or CDP the sender says what it is.
    pub(super) fn discovery(&mut self, packet: &Packet<'_>) {
        if !self.shared.options.clues {
            return;
        }
        if let Some((reason, sender)) = below_ip(packet) {
            self.heard_below_ip(sender, reason.name());
        }
        if let Some((message, Some(sender))) = discovery(packet) {
            self.clues_of_neighbour(message, sender);
        }
    }

    /// An IP packet of the shard of those that tell who has which address.
    pub(super) fn identity(&mut self, packet: &Packet<'_>, layout: &Layout) {
        if neighbour::is_discovery(packet, layout) {
            self.tell_claim(neighbour::read(packet, layout));
            return;
        }
        if self.shared.options.clues {
            self.clues_of_dhcp(packet, layout);
        }
        if dhcp::is_dhcp(packet, layout)
            && let Some(lease) = dhcp::read(packet, layout)
        {
            let vlan = self.vlan().filter(|_| !lease.to_relay);
            let seen = Leased { lease, vlan, place: self.place };
            let told = if seen.lease.is_offer { Observation::Offered } else { Observation::Leased };
            self.shared.bundle.observations.push((self.key, told(Box::new(seen))));
        }
    }

    fn tell_claim(&mut self, claim: Option<Claim>) {
        if let Some(claim) = claim {
            let seen = Claimed { claim, vlan: self.vlan(), place: self.place };
            self.shared.bundle.observations.push((self.key, Observation::Claimed(seen)));
        }
    }
}
