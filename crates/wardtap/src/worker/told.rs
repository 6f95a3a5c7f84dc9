//! What was told of addresses, so that the judge hears each fact about once.

use wardtap_net::address::Address;
use wardtap_net::flow::{HashKey, fold};

/// Places for what was told of addresses.
const TOLD: usize = 1 << 17;

/// The address was heard.
pub const HEARD: u64 = 1;

/// The bit of a role in what was told of an address.
pub fn role_bit(protocol: usize, requester: bool) -> u64 {
    1u64.checked_shl((1 + protocol * 2 + usize::from(requester)) as u32).unwrap_or(0)
}

/// What was told of which address, so that it is not told again: a cache, one place an address. What another address
/// has pushed out is told once more, and the judge knows it.
pub struct Told {
    key: HashKey,
    /// What tells the addresses of a place apart.
    tags: Box<[u32]>,
    facts: Box<[u64]>,
}

impl Told {
    pub fn new(key: HashKey) -> Self {
        Self { key, tags: vec![0; TOLD].into_boxed_slice(), facts: vec![0; TOLD].into_boxed_slice() }
    }

    /// True when this fact about an address was not told yet.
    #[inline]
    pub fn is_news(&mut self, address: Address, fact: u64) -> bool {
        let (high, low) = address.halves();
        let hash = fold(low ^ self.key.0, high ^ self.key.1);
        let (tag, place) = ((hash >> 32) as u32, hash as usize % TOLD);
        let (Some(tagged), Some(facts)) = (self.tags.get_mut(place), self.facts.get_mut(place)) else { return true };
        if std::mem::replace(tagged, tag) != tag {
            *facts = 0;
        }
        let is_news = *facts & fact == 0;
        *facts |= fact;
        is_news
    }
}
