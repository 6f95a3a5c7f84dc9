//! A conversation of two ends, as chunks and gaps: identified by content, dissected, and run again with other cuts.
//!
//! ```text
//! options[0]  bits 0..3 which port, bit 3 which end has it, bits 4, 5 whose streams are seen from the start,
//!             bits 6, 7 who opened the flow
//! options[1]  bits 0..3 how many of options[2..8] are lengths of cuts (none: single octets), bit 3 longer ones,
//!             bit 4 the records are datagrams, bits 5..8 which port, further
//! control[0]  bit 0 whose, bits 1, 2: 0 and 1 bytes, 2 a gap of known length, 3 one of unknown length
//! control[1]  the length of a gap, in powers of two; a gap's bytes are added to it
//! ```

use wardtap_dissect::clues::{self, Clue};
use wardtap_dissect::exercise::{Step, exercise};
use wardtap_dissect::{FlowFacts, PROTOCOLS, Transport};
use wardtap_net::stream::Side;

use crate::script::{Record, Script};

/// The most that a dissector and all it makes may take: below the limits of what is held for both ends, the
/// requests that wait, and the transcript of what was read, all twice.
const MEMORY: usize = 16 * 1024 * 1024;

/// What messages may take for each octet: a transcript has a line of JSON for each.
const MEMORY_EACH: usize = 1024;

/// Runs the target.
///
/// # Panics
/// Where an invariant does not hold.
pub fn run(input: &[u8]) {
    let script = Script::decode(input);
    let flow = facts(&script);
    let lengths = cuts(&script);
    let steps: Vec<Step> = script.records.iter().map(step).collect();
    let ((), peak) = crate::memory::peak_during(|| {
        let _ = exercise(&flow, &steps, &lengths);
        for record in &script.records {
            clues::client(&record.bytes, &mut |clue, text| shaped(clue, &text));
        }
    });
    assert!(peak <= MEMORY + MEMORY_EACH * input.len(), "{peak} bytes in use for {} bytes", input.len());
}

/// What leaves has its shape.
fn shaped(clue: Clue, text: &str) {
    assert!(!text.is_empty() && text.len() <= clues::CLUE_MAX && text.is_ascii(), "{clue:?}: {text:?}");
}

/// The ports that a flow may have beside an ephemeral one: others, and a usual one of each protocol.
fn ports() -> Vec<u16> {
    let usual = PROTOCOLS.iter().filter_map(|protocol| protocol.ports.first()).copied();
    [4343, 443, 50_000].into_iter().chain(usual).collect()
}

/// The flow that options name.
#[must_use]
pub fn facts(script: &Script) -> FlowFacts {
    let [first, second, ..] = script.options;
    let ports = ports();
    let port = ports[usize::from(first & 7 | second >> 5 << 3) % ports.len()];
    let bit = |number: u8| first >> number & 1 == 1;
    let ports = if bit(3) { [port, 49_152] } else { [49_152, port] };
    let transport = if script.options[1] >> 4 & 1 == 0 { Transport::Tcp } else { Transport::Udp };
    let originator = match (bit(6), bit(7)) {
        (false, false) => None,
        (_, true) => Some(Side::A),
        (true, false) => Some(Side::B),
    };
    FlowFacts { ports, originator, from_start: [bit(4), bit(5)], requester: None, transport }
}

/// The lengths into which bytes are cut.
#[must_use]
pub fn cuts(script: &Script) -> Vec<usize> {
    let [_, how, lengths @ ..] = script.options;
    let unit = if how & 8 == 0 { 1 } else { 37 };
    let lengths: Vec<usize> =
        lengths.iter().take(usize::from(how & 7)).map(|&length| usize::from(length) * unit).collect();
    if lengths.is_empty() { vec![1] } else { lengths }
}

fn step(record: &Record) -> Step {
    let [kind, amount] = record.control;
    let side = if kind & 1 == 0 { Side::A } else { Side::B };
    match kind >> 1 & 3 {
        0 | 1 => Step::Bytes(side, record.bytes.clone()),
        2 => Step::Gap(side, Some(gap(amount, &record.bytes))),
        _ => Step::Gap(side, None),
    }
}

fn gap(amount: u8, bytes: &[u8]) -> u64 {
    bytes.iter().fold((1 << (amount % 33)) - 1, |sum: u64, &octet| sum + u64::from(octet))
}

/// The record of a step, for seeds; a long run of bytes goes as several.
#[must_use]
pub fn records(step: &Step) -> Vec<Record> {
    let side_of = |side: &Side| side.index() as u8;
    match step {
        Step::Bytes(side, bytes) => {
            bytes.chunks(60_000).map(|piece| Record { control: [side_of(side), 0], bytes: piece.to_vec() }).collect()
        }
        Step::Gap(side, None) => vec![Record { control: [side_of(side) | 6, 0], bytes: Vec::new() }],
        Step::Gap(side, Some(missing)) => {
            let power = (missing + 1).ilog2();
            let mut rest = missing + 1 - (1 << power);
            let mut bytes = Vec::new();
            while rest > 0 && bytes.len() < 64 {
                let octet = rest.min(255);
                bytes.push(octet as u8);
                rest -= octet;
            }
            vec![Record { control: [side_of(side) | 4, power as u8], bytes }]
        }
    }
}
