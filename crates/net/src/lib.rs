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

pub mod packet;
pub mod reader;
pub mod stream;
