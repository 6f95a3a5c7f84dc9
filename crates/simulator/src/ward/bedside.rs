//! The bedside: pumps, monitors, ventilators, anaesthesia machines and nurse call.

use crate::sim::Sim;

/// What goes on there.
#[derive(Debug, Default)]
pub struct Bedside {}

/// Sets it up.
pub fn open(_sim: &mut Sim) {}
