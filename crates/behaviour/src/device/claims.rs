//! Who claims which address: what names a device, what moves an address, and what is contended.
//!
//! * Whoever first claims an address that nobody claimed has it.
//! * What a host says unasked, or asking, of an address is of its own, so that it has a further one. An answer may be a
//!   proxy's (RFC 1027, RFC 4861 section 7.2.8): it names no second address, or a router would swallow whom it speaks for.
//! * A lease that a server acknowledged moves an address at once.
//! * Any other claim of an address whose owner claimed it within [`LIVES_NANOS`] is contended. The owner keeps it as long
//!   as it claims it again; once it has been silent for as long, whoever claimed it has it, unless that is one who claims
//!   addresses of several at a time.
//! * A virtual hardware address (VRRP and the like) names no device.
//! * Whoever takes an address over that its owner claimed before, and that no server gives to whom it likes, plays the
//!   owner's part there: the other machine of a pair, or one that replaces another. It is a device of its own; what it does
//!   there is judged by what the other did.
//!
//! All claims are told, in sequence, so that nothing here depends on workers.

use wardtap_net::address::{Address, Mac};
use wardtap_net::claim::{Claim, How};
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use super::holdings::ADDRESSES_MAX;
use super::{DeviceId, Devices, IdentityChange, Name};
use crate::observation::{Claimed, Leased};

/// How long after its last claim the owner of an address is taken to live: hosts ask for their neighbours, and are asked
/// for, every few minutes.
const LIVES_NANOS: u64 = 30 * 60 * NANOS_PER_SECOND;

/// The most contested addresses; the one contested first is given up.
const CONTESTS_MAX: usize = 256;

/// An address that another claims while its owner lives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contest {
    address: Address,
    by: Mac,
    vlan: Option<u16>,
    first: Timestamp,
}

impl Devices {
    /// Takes note of a claim.
    pub fn claimed(&mut self, seen: &Claimed, changes: &mut Vec<IdentityChange>) {
        let Claim { address, mac, how } = seen.claim;
        let Some(place) = self.holdings.find(address) else {
            self.claimed_first(seen, changes);
            return;
        };
        let owner = self.resolve(self.holdings.owner(place));
        if self.is_owner(owner, place, mac) {
            self.owner_speaks(owner, place, seen, changes);
        } else if self.all[owner.0 as usize].mac.is_none() && !self.holdings.is_virtual(place) {
            self.name(owner, place, seen, changes);
        } else if !mac.is_virtual() && !self.is_elsewhere(place, seen.vlan) {
            if self.lives(place, seen.place.time) {
                self.contend(owner, seen, changes);
            } else if !self.holdings.is_virtual(place)
                && self.by_mac(mac).is_none_or(|device| self.may_have(device, address, how))
            {
                self.take_over(place, mac, seen.vlan, seen.place.time, changes);
            }
        }
    }

    /// Takes note of a lease.
    pub fn leased(&mut self, seen: &Leased, changes: &mut Vec<IdentityChange>) {
        let lease = &seen.lease;
        // What a server says of a client is as good as the client's own word.
        let claim = Claim { address: lease.address, mac: lease.client, how: How::Asking };
        let claimed = Claimed { claim, vlan: seen.vlan, place: seen.place };
        match self.holdings.find(lease.address) {
            Some(place) if !self.holdings.is_virtual(place) && !lease.client.is_virtual() => {
                self.holdings.becomes_leased(place);
                let owner = self.resolve(self.holdings.owner(place));
                if self.is_owner(owner, place, lease.client) || self.all[owner.0 as usize].mac.is_none() {
                    self.claimed(&claimed, changes);
                } else {
                    self.take_over(place, lease.client, seen.vlan, seen.place.time, changes);
                }
            }
            Some(_) => {}
            None => {
                self.claimed(&claimed, changes);
                self.leases(lease.address);
            }
        }
    }

    /// Capture time has reached `now`: addresses whose owners have been silent go to who claimed them.
    pub fn tick(&mut self, now: Timestamp, changes: &mut Vec<IdentityChange>) {
        let is_over = |contest: &Contest| now.since(contest.first) >= LIVES_NANOS;
        if !self.contests.iter().any(is_over) {
            return;
        }
        let (over, going_on): (Vec<Contest>, Vec<Contest>) = self.contests.iter().partition(|contest| is_over(contest));
        for contest in &over {
            let several = over
                .iter()
                .chain(&going_on)
                .any(|other| other.by == contest.by && self.owner(other.address) != self.owner(contest.address));
            let Some(place) = self.holdings.find(contest.address) else { continue };
            let silent = self.holdings.spoke(place).is_none_or(|spoke| spoke < contest.first);
            if silent && !several && !self.holdings.is_virtual(place) {
                self.take_over(place, contest.by, contest.vlan, now, changes);
            }
        }
        self.contests = going_on;
    }

    /// A claim of an address of which nothing was known.
    fn claimed_first(&mut self, seen: &Claimed, changes: &mut Vec<IdentityChange>) {
        let Claim { address, mac, how } = seen.claim;
        let device = if mac.is_virtual() {
            self.add_by_address(address, seen.vlan)
        } else if let Some(device) = self.by_mac(mac) {
            if !self.may_have(device, address, how) || !self.has_room(address) {
                return;
            }
            self.holdings.add(address, device, seen.vlan);
            Some(device)
        } else if self.has_room(address)
            && let Some(device) = self.add_by_mac(mac)
        {
            self.holdings.add(address, device, seen.vlan);
            Some(device)
        } else {
            None
        };
        let Some((device, place)) = device.zip(self.holdings.find(address)) else { return };
        if mac.is_virtual() {
            self.holdings.becomes_virtual(place);
        }
        self.holdings.speaks(place, seen.vlan, seen.place.time);
        self.gain(device, address, None, seen.vlan, seen.place.time, changes);
    }

    /// A claim of an address whose owner has no hardware address yet.
    fn name(&mut self, owner: DeviceId, place: usize, seen: &Claimed, changes: &mut Vec<IdentityChange>) {
        let Claim { address, mac, how } = seen.claim;
        if mac.is_virtual() {
            self.holdings.becomes_virtual(place);
            self.appear(owner, address, None, seen.vlan, seen.place.time, changes);
        } else if let Some(known) = self.by_mac(mac) {
            // One that is heard by several addresses is more than this address shows.
            if self.holdings.count(owner) != 1 || !self.may_have(known, address, how) {
                return;
            }
            self.unite(owner, known, address, seen, changes);
        } else {
            self.all[owner.0 as usize].mac = Some(mac);
            self.by_mac.insert(mac, owner);
            if !self.appear(owner, address, None, seen.vlan, seen.place.time, changes) {
                changes.push(IdentityChange::Gained { device: owner, address, from: None, is_mac: true });
            }
        }
        self.holdings.speaks(place, seen.vlan, seen.place.time);
    }

    /// Two devices proved to be one: the older stays.
    fn unite(
        &mut self,
        one: DeviceId,
        other: DeviceId,
        address: Address,
        seen: &Claimed,
        changes: &mut Vec<IdentityChange>,
    ) {
        let (older, younger) = (one.min(other), one.max(other));
        self.holdings.give_all(younger, older);
        let gone = self.all[younger.0 as usize];
        self.all[younger.0 as usize].same_as = Some(older);
        self.any_same = true;
        let stays = &mut self.all[older.0 as usize];
        stays.mac = stays.mac.or(gone.mac);
        stays.roles.add(gone.roles);
        self.appear(older, address, None, seen.vlan, seen.place.time, changes);
        if gone.heard {
            changes.push(IdentityChange::Same { device: older, was: gone.name, address });
        }
    }

    fn owner_speaks(&mut self, owner: DeviceId, place: usize, seen: &Claimed, changes: &mut Vec<IdentityChange>) {
        self.holdings.speaks(place, seen.vlan, seen.place.time);
        self.appear(owner, seen.claim.address, None, seen.vlan, seen.place.time, changes);
        if self.contests.iter().any(|contest| contest.address == seen.claim.address) {
            changes.push(IdentityChange::Defended { owner, claim: *seen });
        }
    }

    fn contend(&mut self, owner: DeviceId, seen: &Claimed, changes: &mut Vec<IdentityChange>) {
        let Claim { address, mac, .. } = seen.claim;
        let (vlan, time) = (seen.vlan, seen.place.time);
        if !self.contests.iter().any(|contest| contest.address == address && contest.by == mac) {
            if self.contests.len() >= CONTESTS_MAX {
                self.contests.remove(0);
                self.contests_forgotten += 1;
            }
            self.contests.push(Contest { address, by: mac, vlan, first: time });
        }
        let claimant = self.by_mac(mac).and_then(|device| Some((device, self.address_of(device)?)));
        changes.push(IdentityChange::Contended { owner, claimant, claim: *seen });
    }

    /// Gives an address to who claims it.
    fn take_over(
        &mut self,
        place: usize,
        mac: Mac,
        vlan: Option<u16>,
        time: Timestamp,
        changes: &mut Vec<IdentityChange>,
    ) {
        let from = self.resolve(self.holdings.owner(place));
        let Some(device) = self.by_mac(mac).or_else(|| self.add_by_mac(mac)) else { return };
        if self.holdings.count(device) >= ADDRESSES_MAX {
            return;
        }
        let part = self.resolve(self.holdings.part(place));
        let claimed_before = self.get(from).is_some_and(|from| from.mac.is_some()) && !self.holdings.is_leased(place);
        self.holdings.give(place, device);
        if claimed_before || self.stands_in_for(device, part) {
            self.stands_in(device, part);
            self.holdings.plays(place, part);
        }
        self.holdings.speaks(place, vlan, time);
        let address = self.holdings.address(place);
        self.contests.retain(|contest| contest.address != address);
        self.gain(device, address, Some(from), vlan, time, changes);
    }

    fn add_by_mac(&mut self, mac: Mac) -> Option<DeviceId> {
        let device = self.add(Name::Mac(mac))?;
        self.all[device.0 as usize].mac = Some(mac);
        self.by_mac.insert(mac, device);
        Some(device)
    }

    fn gain(
        &mut self,
        device: DeviceId,
        address: Address,
        from: Option<DeviceId>,
        vlan: Option<u16>,
        time: Timestamp,
        changes: &mut Vec<IdentityChange>,
    ) {
        if !self.appear(device, address, from, vlan, time, changes) {
            changes.push(IdentityChange::Gained { device, address, from, is_mac: false });
        }
    }

    /// True where a claim shows a further address of a device: it speaks for itself, or has no address of that family.
    fn may_have(&self, device: DeviceId, address: Address, how: How) -> bool {
        let is_v4 = |address: Address| address.as_v4().is_some();
        self.holdings.count(device) < ADDRESSES_MAX
            && (how.is_own() || self.addresses(device).all(|other| is_v4(other) != is_v4(address)))
    }

    fn is_owner(&self, owner: DeviceId, place: usize, mac: Mac) -> bool {
        if mac.is_virtual() { self.holdings.is_virtual(place) } else { self.by_mac(mac) == Some(owner) }
    }

    /// True where the address is in another VLAN: two networks that use the same addresses.
    fn is_elsewhere(&self, place: usize, vlan: Option<u16>) -> bool {
        self.holdings.vlan(place).zip(vlan).is_some_and(|(known, other)| known != other)
    }

    fn lives(&self, place: usize, now: Timestamp) -> bool {
        self.holdings.spoke(place).is_some_and(|spoke| now.since(spoke) < LIVES_NANOS)
    }
}
