//! What each stage costs, on traffic made here: nanoseconds a record, a packet, a message.
//!
//! Absolute figures depend on the machine; use them to compare two builds on one machine (`--save-baseline`,
//! `--baseline`). What wardtap costs as a whole, beside other tools, is measured by `benches/compare.py`.

mod capture;
mod dissect;
mod messages;
mod net;
mod traffic;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

fn configured() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(30)
        .without_plots()
}

criterion_group! {
    name = stages;
    config = configured();
    targets = capture::read, net::peel, net::flows, dissect::conversations, messages::fold, messages::write
}
criterion_main!(stages);
