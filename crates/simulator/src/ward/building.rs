//! The building: medical gas, isolation rooms, power and blood fridges, and the system that polls them.

use crate::sim::Sim;

/// What goes on there.
#[derive(Debug, Default)]
pub struct Building {}

/// Sets it up.
pub fn open(_sim: &mut Sim) {}
