//! Suppressions: alerts that somebody has looked into and does not want to see for a while.
//!
//! Each has an end, an owner and a reason. What is suppressed is counted and never lost: the alert lives on, and is told
//! once the suppression is over.

use wardtap_net::address::{Address, Mac};
use wardtap_net::packet::Timestamp;

/// The most suppressions: every deviation is compared with all of them.
pub const SUPPRESSIONS_MAX: usize = 1024;

/// A device as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// By its address.
    Address(Address),
    /// By the MAC address that is proven to be its own.
    Mac(Mac),
}

impl Who {
    /// True when this device is meant.
    #[must_use]
    pub fn is(self, address: Address, mac: Option<Mac>) -> bool {
        match self {
            Self::Address(meant) => meant == address,
            Self::Mac(meant) => Some(meant) == mac,
        }
    }
}

/// Which alerts are not to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Of which detection.
    pub detection: &'static str,
    /// At which device.
    pub device: Who,
    /// By which peer; by any, where none is named.
    pub peer: Option<Who>,
    /// In capture time: what is seen from then on is told.
    pub until: Timestamp,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
}
