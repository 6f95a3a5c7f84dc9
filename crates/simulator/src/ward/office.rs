//! Offices and what every host needs: names, addresses, time, files, mail and the web.

use crate::sim::Sim;

/// What goes on there.
#[derive(Debug, Default)]
pub struct Office {}

/// Sets it up.
pub fn open(_sim: &mut Sim) {}
