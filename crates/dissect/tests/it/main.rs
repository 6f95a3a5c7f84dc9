//! `wardtap-dissect` from outside: conversations go in, messages come out.

mod datagrams;
mod forgetting;
mod frames;
mod naming;
