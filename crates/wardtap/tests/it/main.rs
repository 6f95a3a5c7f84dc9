//! The program from outside: captures in, bytes out.
//!
//! Every test runs the built `wardtap`. The captures under `captures/` and what each is expected to show are the ground.

mod alerts;
mod assets;
mod baseline;
mod commands;
mod corpus;
mod deploy;
mod foreign;
mod formats;
mod fragments;
mod goldens;
mod identity;
mod incidents;
mod inventory;
mod losses;
mod memory;
mod metrics;
mod pcap;
mod privacy;
mod recognition;
mod run;
mod schema;
mod simulated;
mod structure;
mod tshark;
mod watch;
mod wording;
mod workers;
