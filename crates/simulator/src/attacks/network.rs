//! The network: scans, false identities, tunnels, theft and malware.

use super::Scenario;

/// All of them.
pub const ALL: &[Scenario] = &[];
