//! What a live sensor says of itself: not seen in packets, and so never in a replay.

use wardtap_net::packet::Timestamp;

/// Something keeps the sensor from its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What.
    pub what: Hindrance,
    /// Since when it was so last.
    pub first: Timestamp,
    /// Until when, at least.
    pub last: Timestamp,
}

/// What keeps the sensor from its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// Packets came that it could not take, since it or its card had no room.
    Overload {
        /// Packets lost.
        lost: u64,
        /// Packets read in the same time.
        read: u64,
    },
    /// What it has to say, or has learned, cannot be written.
    Unwritten {
        /// Which file.
        what: Unwritten,
    },
}

/// A file that cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwritten {
    /// That of events.
    Events,
    /// The recording.
    Recording,
    /// The state.
    State,
    /// The inventory.
    Inventory,
}

impl Unwritten {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Recording => "the recording",
            Self::State => "what was learned",
            Self::Inventory => "the inventory",
        }
    }
}
