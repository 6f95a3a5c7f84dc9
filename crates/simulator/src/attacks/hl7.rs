//! HL7: messages that are forged, repeated, changed or held back.

use super::Scenario;

/// All of them.
pub const ALL: &[Scenario] = &[];
