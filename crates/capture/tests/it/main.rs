//! The packet sources from outside: real captures, written ones, damaged ones.
#![allow(missing_docs)]

mod corpus;
mod damage;
mod discoveries;
#[cfg(feature = "pcap")]
mod filters;
mod innermost;
mod live;
mod merging;
mod properties;
mod recording;
mod streams;
mod writer;

/// Without libpcap a filter is refused with the way out.
#[cfg(not(feature = "pcap"))]
#[test]
fn a_build_without_filters_says_so() {
    let text = wardtap_capture::Filter::compile("tcp").unwrap_err().to_string();
    assert!(text.starts_with("filter \"tcp\": this build of wardtap has no filter support: build it with"), "{text}");
}
