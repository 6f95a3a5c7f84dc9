//! DICOM: pictures taken away, changed or poisoned, and archives felt out.

use super::Scenario;

/// All of them.
pub const ALL: &[Scenario] = &[];
