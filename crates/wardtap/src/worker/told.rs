//! What was told of addresses, so that the judge hears each fact about once.

use wardtap_net::address::Address;
use wardtap_net::flow::{HashKey, fold};

/// Places for what was told of addresses.
const TOLD: usize = 1 << 17;

/// The address was heard.
pub const HEARD: u32 = 1;

/// The bit of a role in what was told of an address.
pub fn role_bit(protocol: usize, requester: bool) -> u32 {
    1u32.checked_shl((1 + protocol * 2 + usize::from(requester)) as u32).unwrap_or(0)
}

/// What was told of which address, so that it is not told again: a cache, one place an address. What another address
/// has pushed out is told once more, and the judge knows it.
pub struct Told {
    key: HashKey,
    places: Box<[u32]>,
}

/// Bits of a place that hold facts; the others tell addresses apart.
const FACT_BITS: u32 = 8;

impl Told {
    pub fn new(key: HashKey) -> Self {
        Self { key, places: vec![0; TOLD].into_boxed_slice() }
    }

    /// True when this fact about an address was not told yet.
    #[inline]
    pub fn is_news(&mut self, address: Address, fact: u32) -> bool {
        let (high, low) = address.halves();
        let hash = fold(low ^ self.key.0, high ^ self.key.1);
        let tag = (hash >> 32) as u32 >> FACT_BITS << FACT_BITS;
        let Some(place) = self.places.get_mut(hash as usize % TOLD) else { return true };
        let facts = if *place >> FACT_BITS == tag >> FACT_BITS { *place } else { tag };
        *place = facts | fact;
        facts & fact == 0
    }
}
