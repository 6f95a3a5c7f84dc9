//! Who has an address that servers lease, where nobody saw it leased: the hardware address in a frame.
//!
//! A capture that begins days after those that were learned finds leased addresses with other devices, and the next DHCP message
//! of each may be hours away. The hardware address of a frame may be a router's, but no router has all of its addresses from DHCP
//! servers. Where a baseline knows the hardware address of such a device, the first frame to or from an address says who has it.

use wardtap_net::address::{Address, Mac};

use super::{DeviceId, Devices, IdentityChange};

impl Devices {
    /// All addresses of a device are leased.
    pub fn is_lessee(&mut self, device: DeviceId) {
        if let Some(known) = self.all.get_mut(device.index()) {
            (known.lessee, self.any_lessee) = (true, true);
        }
    }

    /// Takes note of a frame to or from an address. The first one of each counts, however often workers repeat themselves.
    pub fn met(&mut self, address: Address, mac: Mac, vlan: Option<u16>, changes: &mut Vec<IdentityChange>) {
        if !self.any_lessee || self.met.len() >= self.max || !self.met.insert(address) {
            return;
        }
        let Some(device) = self.by_mac(mac).filter(|&device| self.get(device).is_some_and(|known| known.lessee)) else {
            return;
        };
        let from = match self.holdings.find(address) {
            Some(place) => {
                let owner = self.resolve(self.holdings.owner(place));
                if owner == device || !self.holdings.is_leased(place) || self.holdings.spoke(place).is_some() {
                    return;
                }
                self.holdings.give(place, device);
                Some(owner)
            }
            None if self.has_room(address) => {
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
}
