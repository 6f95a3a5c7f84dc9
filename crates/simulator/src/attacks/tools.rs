//! Attacks with real tools, captured elsewhere and spliced in.

use super::Scenario;

/// All of them.
pub const ALL: &[Scenario] = &[];
