//! Scenarios that say that they are inside normal connections are: they have no packet whose ends and port the same hospital
//! would not have without them.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::Ipv4Addr;

use wardtap_simulator::attacks;
use wardtap_simulator::clock::DAY;
use wardtap_simulator::clock::OPENING;
use wardtap_simulator::sim::Sim;
use wardtap_simulator::ward;

/// Days that pass first, and those that scenarios may last.
const DAYS: [u32; 2] = [14, 2];

/// The last octet from which on addresses go from one device to another.
const POOL: u8 = 190;

/// Two ends, and the port of the second; of TCP and UDP.
type Triple = (Ipv4Addr, Ipv4Addr, u16);

/// A packet seen from both ends: one of them is who was asked, at a port that all who ask know.
fn triples(frame: &[u8]) -> Option<[Triple; 2]> {
    if frame[12..14] != [8, 0] || !matches!(frame[23], 6 | 17) {
        return None;
    }
    let address = |at: usize| Ipv4Addr::new(frame[at], frame[at + 1], frame[at + 2], frame[at + 3]);
    let port = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
    Some([(address(26), address(30), port(36)), (address(30), address(26), port(34))])
}

fn hospital() -> Sim {
    let mut sim = Sim::new(1, OPENING);
    ward::open(&mut sim, 50);
    sim
}

#[test]
fn within_normal_means_no_new_connection() {
    let [before, after] = DAYS;
    let mut known = BTreeSet::new();
    let Ok(()) = hospital().run(OPENING + DAY * (before + after), |frame| {
        // An ephemeral port is no service.
        let lowest = |triples: [Triple; 2]| triples.into_iter().min_by_key(|(.., port)| *port);
        known.extend(triples(frame.bytes).and_then(lowest));
        Ok::<_, Infallible>(())
    });
    let mut sim = hospital();
    let Ok(()) = sim.run(OPENING + DAY * before, |_| Ok::<_, Infallible>(()));
    for scenario in attacks::all().filter(|scenario| scenario.within_normal) {
        attacks::play(&mut sim, scenario, OPENING + DAY * before);
    }
    let mut new: BTreeMap<_, BTreeSet<Triple>> = BTreeMap::new();
    let Ok(()) = sim.run(OPENING + DAY * (before + after), |frame| {
        // All are played in one hospital: what one does to a device's lease shows in the addresses of others' packets.
        let leased = |triples: &[Triple; 2]| triples.iter().any(|(_, to, _)| to.octets()[3] >= POOL);
        if let Some(triples) = triples(frame.bytes).filter(|triples| frame.mark != 0 && !leased(triples))
            && !triples.iter().any(|triple| known.contains(triple))
        {
            new.entry(frame.mark).or_default().insert(triples[0]);
        }
        Ok::<_, Infallible>(())
    });
    let strange: Vec<_> =
        sim.played.iter().filter_map(|played| Some((played.scenario.name, new.get(&played.mark)?))).collect();
    assert!(strange.is_empty(), "{strange:?}");
}
