//! Who has an address that servers lease, where nobody saw it leased: the hardware address in a frame.
//!
//! A capture that begins days after those that were learned finds leased addresses with other devices, and the next DHCP message
//! of each may be hours away. The hardware address of a frame may be a router's, but no router has all of its addresses from DHCP
//! servers. Where a baseline knows the hardware address of such a device, the first frame to or from an address says who has it: one
//! that was leased, or that lies beside one (in the same 256), since who invents senders takes any.

use wardtap_net::address::{Address, Mac};

use super::holdings::ADDRESSES_MAX;
use super::{DeviceId, Devices, IdentityChange};

impl Devices {
    /// All addresses of a device are leased.
    pub fn becomes_lessee(&mut self, device: DeviceId) {
        if let Some(known) = self.all.get_mut(device.index()) {
            (known.lessee, self.any_lessee) = (true, true);
        }
    }

    /// Takes note of a frame to or from an address. The first one of each counts, however often workers repeat themselves.
    pub fn met(&mut self, address: Address, mac: Mac, vlan: Option<u16>, changes: &mut Vec<IdentityChange>) {
        if !self.any_lessee || self.met.len() >= self.max || !self.met.insert(address) {
            return;
        }
        let is_lessee = |device: &DeviceId| {
            self.get(*device).is_some_and(|known| known.lessee) && self.holdings.count(*device) < ADDRESSES_MAX
        };
        let Some(device) = self.by_mac(mac).filter(is_lessee) else { return };
        let from = match self.holdings.find(address) {
            Some(place) => {
                let owner = self.resolve(self.holdings.owner(place));
                if owner == device || !self.holdings.is_leased(place) || self.holdings.spoke(place).is_some() {
                    return;
                }
                self.holdings.give(place, device);
                Some(owner)
            }
            None if self.is_beside_leased(address) && self.has_room(address) => {
                let place = self.holdings.add(address, device, vlan);
                self.holdings.becomes_leased(place);
                None
            }
            None => return,
        };
        // Of one that has sent nothing yet its first packet tells.
        if self.get(device).is_some_and(|known| known.is_heard()) {
            changes.push(IdentityChange::Gained { device, address, from, is_mac: false });
        }
    }

    fn is_beside_leased(&self, address: Address) -> bool {
        network(address).is_some_and(|network| self.leased_networks.contains(&network))
    }
}

/// The 256 addresses among which an address of IPv4 lies.
pub(super) fn network(address: Address) -> Option<u32> {
    address.as_v4().map(|address| address >> 8)
}
