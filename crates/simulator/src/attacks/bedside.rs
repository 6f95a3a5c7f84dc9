//! The bedside: pumps and monitors that fall silent, lie or are talked to by the wrong host.

use super::Scenario;

/// All of them.
pub const ALL: &[Scenario] = &[];
