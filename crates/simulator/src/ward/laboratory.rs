//! The laboratory: analysers and the laboratory information system.

use crate::sim::Sim;

/// What goes on there.
#[derive(Debug, Default)]
pub struct Laboratory {}

/// Sets it up.
pub fn open(_sim: &mut Sim) {}
