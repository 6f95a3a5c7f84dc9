//! A simulated hospital network, with attacks whose place and kind are known, and the measure of a detector's work on it.
//!
//! For development only: nothing of it is part of what hospitals run. It shares no code and no constants with wardtap's
//! dissectors and detections, or it would prove nothing.
#![deny(unsafe_code)]

pub mod assets;
pub mod attacks;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod dice;
pub mod evaluate;
pub mod frame;
pub mod naive;
pub mod network;
pub mod pcap;
pub mod queue;
pub mod sim;
pub mod tap;
pub mod tcp;
pub mod truth;
pub mod ward;
pub mod wire;
