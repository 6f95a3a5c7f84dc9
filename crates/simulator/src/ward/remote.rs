//! Vendors' remote access.

use crate::sim::Sim;

/// What goes on there.
#[derive(Debug, Default)]
pub struct Remote {}

/// Sets it up.
pub fn open(_sim: &mut Sim) {}
