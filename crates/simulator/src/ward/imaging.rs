//! Imaging: modalities, archive, workstations and worklists.

use crate::sim::Sim;

/// What goes on there.
#[derive(Debug, Default)]
pub struct Imaging {}

/// Sets it up.
pub fn open(_sim: &mut Sim) {}
