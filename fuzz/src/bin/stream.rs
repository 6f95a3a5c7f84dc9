//! The `stream` target under libFuzzer.
#![no_main]

use wardtap_fuzz::script;

libfuzzer_sys::fuzz_target!(|input: &[u8]| wardtap_fuzz::targets::stream::run(input));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    // Now and then without a thought for records; the fuzzer's own mutations, either way.
    if seed.is_multiple_of(8) {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    let room = &mut data[..max_size];
    script::mutate(room, size, seed, |bytes, numbers| {
        let length = bytes.len();
        bytes.resize(length + 1 + numbers.below(32), 0);
        let room = bytes.len();
        let length = libfuzzer_sys::fuzzer_mutate(bytes, length, room);
        bytes.truncate(length);
    })
});
