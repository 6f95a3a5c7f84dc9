//! Fuzz targets as plain functions: bytes in, a panic where an invariant does not hold.
//!
//! The fuzzer, the replay and the makers of seeds all call these; none of them knows of libFuzzer.

pub mod memory;
pub mod script;
pub mod targets;

/// Panics where an invariant does not hold.
pub type Target = fn(&[u8]);

/// The targets, by name.
pub const TARGETS: [(&str, Target); 3] =
    [("capture", targets::capture::run), ("frame", targets::frame::run), ("stream", targets::stream::run)];
