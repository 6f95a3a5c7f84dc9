//! The packet sources from outside: real captures, written ones, damaged ones.
#![allow(missing_docs)]

mod corpus;
mod damage;
#[cfg(feature = "pcap")]
mod filters;
mod merging;
mod properties;
mod streams;
mod writer;
