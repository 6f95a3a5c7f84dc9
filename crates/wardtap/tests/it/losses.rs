//! Captures of real peers as a worse network or a worse tap would have shown them.

mod at_the_tap;
mod before_the_tap;
mod judge;
mod missing;
mod random;
mod recording;
pub(crate) mod segment;
mod worsen;
