//! `wardtap-dissect` from outside: conversations go in, messages come out.

mod frames;
mod naming;
