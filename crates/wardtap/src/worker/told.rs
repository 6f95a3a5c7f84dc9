//! What was told of addresses, so that the judge hears each fact about once.

use wardtap_net::address::Address;
use wardtap_net::flow::{HashKey, fold};

/// Places for what was told of addresses.
const TOLD: usize = 1 << 17;

/// The address was heard.
pub const HEARD: u64 = 1;

/// A frame of the address was met. Behind the bits of roles.
pub const MET: u64 = 1 << 63;

/// The bit of a role in what was told of an address.
pub fn role_bit(protocol: usize, requester: bool) -> u64 {
    1u64.checked_shl((1 + protocol * 2 + usize::from(requester)) as u32).unwrap_or(0)
}

/// What was told of which address, so that it is not told again: a cache, one place an address. What another address
/// has pushed out is told once more, and the judge knows it.
pub struct Told {
    key: HashKey,
    places: Box<[Place]>,
}

/// What was told of one address. Four to a cache line: a flow looks up both of its ends.
#[derive(Clone, Copy, Default)]
struct Place {
    facts: u64,
    /// What tells the addresses of a place apart.
    tag: u32,
}

impl Told {
    pub fn new(key: HashKey) -> Self {
        Self { key, places: vec![Place::default(); TOLD].into_boxed_slice() }
    }

    /// True when this fact about an address was not told yet.
    #[inline]
    pub fn is_news(&mut self, address: Address, fact: u64) -> bool {
        let (high, low) = address.halves();
        let hash = fold(low ^ self.key.0, high ^ self.key.1);
        let tag = (hash >> 32) as u32;
        let Some(place) = self.places.get_mut(hash as usize % TOLD) else { return true };
        if place.tag != tag {
            *place = Place { facts: 0, tag };
        }
        let is_news = place.facts & fact == 0;
        place.facts |= fact;
        is_news
    }
}
