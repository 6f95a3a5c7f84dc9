//! Modbus: setpoints, alarms and controllers of the building.

use super::Scenario;

/// All of them.
pub const ALL: &[Scenario] = &[];
