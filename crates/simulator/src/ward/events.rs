//! What happens now and then and is in order: restarts, loans, transports, busy nights, month ends.

use crate::sim::Sim;

/// What goes on there.
#[derive(Debug, Default)]
pub struct Events {}

/// Sets it up.
pub fn open(_sim: &mut Sim) {}
