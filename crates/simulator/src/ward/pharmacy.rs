//! The pharmacy: its server, and the cabinets on the wards.

use crate::sim::Sim;

/// What goes on there.
#[derive(Debug, Default)]
pub struct Pharmacy {}

/// Sets it up.
pub fn open(_sim: &mut Sim) {}
