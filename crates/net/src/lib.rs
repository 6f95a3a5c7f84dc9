//! Captured bytes in, ordered streams out.
//!
//! Pure: no files, no clock, no threads, no `unsafe`. Everything read here was sent by somebody else, so bytes are
//! only touched through [`reader::Reader`] or checked slices, nothing panics, and every table has a bound.
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation
    )
)]

pub mod address;
pub mod arp;
pub mod cdp;
pub mod checksum;
pub mod claim;
pub mod community_id;
pub mod defragment;
pub mod dhcp;
pub mod dhcp6;
pub mod duplicates;
pub mod flow;
pub mod flow_table;
pub mod hexadecimal;
pub mod lldp;
pub mod neighbour;
pub mod packet;
pub mod peel;
pub mod reader;
pub mod reassembler;
pub mod stream;
