//! The targets.

pub mod capture;
pub mod frame;
pub mod stream;
