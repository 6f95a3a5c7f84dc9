//! Packet sources: captures and interfaces in, blocks of records out.
//!
//! The only crate that opens captures and interfaces ([`live`], where alone `unsafe` is allowed). It reads pcap and pcapng, plain or packed with gzip or zstd, from files, FIFOs
//! and standard input, and merges several captures by time. What it knows of a frame ends at its first byte: no
//! protocol is looked at here.
//!
//! A capture is hostile input like the traffic in it. Nothing here panics on it, every buffer has a bound, and what
//! could be read before a fault is always delivered, with the fault named as [`Damage`]. Only what makes a capture
//! unreadable from its first byte on is a [`CaptureError`].
//!
//! Standards: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng, RFC 1952 (gzip), RFC 8878 (zstd).
#![deny(unsafe_code)]
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

mod bounds;
#[cfg(feature = "pcap")]
mod bpf;
mod compressed;
mod damage;
mod error;
mod feed;
mod file;
mod filter;
pub mod live;
mod merge;
mod open;
mod pcap;
mod pcapng;
mod recognise;
mod recording;
mod source;
mod unpacker;
mod window;

pub use bounds::Bounds;
pub use damage::{Damage, DamageReason};
pub use error::CaptureError;
pub use filter::Filter;
pub use open::{open, open_bytes, open_readers, open_within};
pub use recording::Recording;
pub use source::{BLOCK_BYTES, Block, Input, InterfaceState, LeftOut, Losses, PacketSource, Record};
