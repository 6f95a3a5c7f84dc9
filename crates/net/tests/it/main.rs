//! `wardtap-net` from outside: frames built by hand go in, layouts, datagrams and streams come out.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    unreachable_pub
)]

mod carriers;
mod community_ids;
mod connections;
mod copies;
mod datagrams;
mod defragmentation;
mod discoveries;
mod frames;
mod fuzzed;
mod headers;
mod holes;
mod links;
mod orientation;
mod properties;
mod streams;
mod tails;
mod timers;
mod tunnels;
mod wire;
mod wlan;
