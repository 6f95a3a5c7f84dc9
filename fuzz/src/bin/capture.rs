//! The `capture` target under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wardtap_fuzz::targets::capture::run(input));
