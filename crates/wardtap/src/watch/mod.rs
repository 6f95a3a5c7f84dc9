//! What only a live run has: files that are written for years, signals, the page of metrics, and the rights given up.

pub mod again;
pub mod approvals;
pub mod behind;
pub mod due;
pub mod event_file;
pub mod keeper;
pub mod learning;
pub mod lister;
pub mod live_metrics;
pub mod notify;
pub mod pulse;
pub mod recorder;
pub mod rights;
pub mod sandbox;
pub mod server;
pub mod signals;
pub mod state;
pub mod trial;
pub mod whereabouts;
