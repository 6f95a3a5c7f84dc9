//! Datagrams as they should be, damaged and cut: nothing breaks, and no name in them leaves.

use proptest::prelude::*;
use wardtap_dissect::exercise::{Step, exercise};
use wardtap_dissect::{FlowFacts, Transport};
use wardtap_net::stream::Side;

/// What stands for names of people: nowhere does it leave. Damage may change its letters, not make it another's.
const NAME: &str = "CANARY";

/// A message of each protocol, with the port that it is for.
const SEEDS: [(u16, &[u8]); 8] = [
    (53, b"\0\x07\x85\x80\0\x01\0\x01\0\0\0\0\x06CANARY\x03org\0\0\x10\0\x01\xc0\x0c\0\x10\0\x01\0\0\0\x09\0\x07\x06CANARY"),
    (
        5353,
        b"\0\0\x84\0\0\0\0\x02\0\0\0\0\x06CANARY\x04_ipp\x04_tcp\x05local\0\0\x10\x80\x01\0\0\0\x09\0\x0c\x04md=x\x06CANARY\
        \xc0\x13\0\x0c\0\x01\0\0\0\x09\0\x02\xc0\x0c",
    ),
    (5355, b"\0\x09\x80\0\0\x01\0\x01\0\0\0\0\x06CANARY\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x09\0\x04\x0a\0\0\x01"),
    (
        137,
        b"\0\x07\x29\x10\0\x01\0\0\0\0\0\x01\x20EDEBEOEBFCFJCACACACACACACACACACA\0\0\x20\0\x01\
        \xc0\x0c\0\x20\0\x01\0\0\0\x09\0\x06\xe0\0\x0a\0\0\x01",
    ),
    (
        161,
        b"\x30\x2c\x02\x01\x01\x04\x06CANARY\xa3\x1f\x02\x01\x07\x02\x01\0\x02\x01\0\x30\x14\x30\x12\x06\x08\x2b\x06\x01\x02\x01\x01\x05\0\
        \x04\x06CANARY",
    ),
    (
        161,
        b"\x30\x3a\x02\x01\x03\x30\x0d\x02\x01\x09\x02\x02\x04\0\x04\x01\x03\x02\x01\x03\x04\x1e\x30\x1c\
        \x04\x08\x80\0\x1f\x88\x04CAN\x02\x01\x01\x02\x01\x01\x04\x06CANARY\x04\0\x04\0\x04\x06CANARY",
    ),
    (69, b"\0\x01CANARY.bin\0octet\0tsize\x000\0"),
    (69, b"\0\x05\0\x02CANARY\0"),
];

fn flow(port: u16) -> FlowFacts {
    FlowFacts { ports: [40_000, port], transport: Transport::Udp, ..FlowFacts::default() }
}

fn told(port: u16, datagrams: &[Vec<u8>]) -> String {
    let sides = [Side::A, Side::B].into_iter().cycle();
    let steps: Vec<Step> = datagrams.iter().zip(sides).map(|(bytes, side)| Step::Bytes(side, bytes.clone())).collect();
    let found = exercise(&flow(port), &steps, &[1]);
    format!("{found:?}")
}

#[test]
fn each_seed_is_what_it_is_for() {
    let names = ["dns", "mdns", "llmnr", "nbns", "snmp", "snmp", "tftp", "tftp"];
    for ((port, seed), name) in SEEDS.into_iter().zip(names) {
        let told = told(port, &[seed.to_vec()]);
        assert!(told.contains(&format!("protocol: Some({name:?})")) && told.contains(&format!("A {name} ")), "{told}");
        assert!(told.contains("anomalies: []") && !told.contains(NAME), "{told}");
    }
}

proptest! {
    #[test]
    fn damaged(
        which in 0..SEEDS.len(),
        port in prop::option::of(0..SEEDS.len()),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        end in prop::option::of(any::<prop::sample::Index>()),
        behind in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let (usual, seed) = SEEDS[which];
        let port = port.map_or(usual, |other| SEEDS[other].0);
        let mut bytes = seed.to_vec();
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(end) = end {
            bytes.truncate(end.index(bytes.len()));
        }
        bytes.extend(behind);
        let told = told(port, &[seed.to_vec(), bytes.clone(), bytes]);
        prop_assert!(!told.contains(NAME), "{}", told);
    }

    #[test]
    fn of_any_bytes(port in 0..SEEDS.len(), datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..6)) {
        let (port, seed) = SEEDS[port];
        let _ = told(port, &datagrams);
        let named: Vec<Vec<u8>> = [seed.to_vec()].into_iter().chain(datagrams).collect();
        prop_assert!(!told(port, &named).contains(NAME));
    }
}
