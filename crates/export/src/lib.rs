//! What leaves wardtap: events, metrics, the summary.
//!
//! Events are structs ([`event`]), the one source of their JSON and of the schema; `message` events alone are written by
//! hand, on the workers, and held against the structs in tests.
#![forbid(unsafe_code)]

pub mod clinical;
pub mod event;
pub mod inventory;
pub mod message;
pub mod metrics;
pub mod schema;
pub mod statistics;
pub mod story;
pub mod summary;
