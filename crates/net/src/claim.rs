//! What a host says of an address of its own, in whatever protocol.

use crate::address::{Address, Mac};

/// How an address was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The sender asks for a neighbour from this address: it speaks for itself.
    Asking,
    /// The sender announces the address unasked.
    Announced,
    /// The sender was asked who has the address: a proxy answers for others (RFC 1027; RFC 4861 section 7.2.8).
    Answering,
}

impl How {
    /// True where nobody sends this on behalf of another.
    #[must_use]
    pub const fn is_own(self) -> bool {
        matches!(self, Self::Asking | Self::Announced)
    }
}

/// A host says that an address is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The address.
    pub address: Address,
    /// The hardware address that it is reached by.
    pub mac: Mac,
    /// How it was said.
    pub how: How,
}

impl Claim {
    /// A claim, where there is one: a probe has no address yet, and nobody has a group's.
    #[must_use]
    pub(crate) fn new(address: Address, mac: Mac, how: How) -> Option<Self> {
        (address.is_host() && mac.is_host()).then_some(Self { address, mac, how })
    }
}
