//! Every scenario before tshark: what it sends has right checksums, is well formed, and has no gaps and repetitions that a
//! real capture of it would not have. Skipped, saying so, where tshark is not installed.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;

use wardtap_simulator::attacks::{self, Scenario};
use wardtap_simulator::clock::DAY;
use wardtap_simulator::clock::OPENING;
use wardtap_simulator::frame::{Mac, TCP};
use wardtap_simulator::queue::{Frame, Mark};
use wardtap_simulator::sim::Sim;
use wardtap_simulator::tap::{Faults, Tap};
use wardtap_simulator::ward;

use crate::tshark::{compare, judge};
use crate::{Kept, Morning};

/// Who stands between others and passes their packets on: each is seen twice.
const BETWEEN: [&str; 5] =
    ["arp-spoof-gas-panel", "arp-spoof-modality", "gateway-claimed", "rogue-dhcp", "tool-arpspoof-modbus"];

/// Which of the two times a packet that is passed on is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Leg {
    /// On its way to who stands between.
    First,
    /// On its way from there.
    Second,
}

/// The two ends of a TCP connection, the smaller one first.
type Ends = [(Ipv4Addr, u16); 2];

fn ends(bytes: &[u8]) -> Option<Ends> {
    let [addresses, ports] = [bytes.get(26..34)?, bytes.get(34..38)?];
    (bytes[12..14] == [8, 0] && bytes[23] == TCP).then(|| {
        let end = |at: usize| {
            let octets: [u8; 4] = addresses[at * 4..at * 4 + 4].try_into().unwrap();
            (Ipv4Addr::from(octets), u16::from_be_bytes([ports[at * 2], ports[at * 2 + 1]]))
        };
        let [one, other] = [end(0), end(1)];
        [one.min(other), one.max(other)]
    })
}

/// A day of a hospital in which scenarios are played, each at its hour.
fn a_day_of(scenarios: &[&'static Scenario], mut see: impl FnMut(Frame<'_>)) -> Sim {
    let mut sim = Sim::new(1, OPENING);
    sim.net.keep_messages = true;
    ward::open(&mut sim, 50);
    for scenario in scenarios {
        attacks::play(&mut sim, scenario, OPENING);
    }
    let seen = sim.run(OPENING + DAY, |frame| {
        see(frame);
        Ok::<_, io::Error>(())
    });
    seen.unwrap();
    sim
}

/// What scenarios send, and the connections that they have a part in from their beginnings on; with whose each frame is.
fn capture(scenarios: &[&'static Scenario], leg: Leg) -> (Morning, Vec<&'static str>) {
    let mut connections: BTreeMap<Ends, Mark> = BTreeMap::new();
    let sim = a_day_of(scenarios, |frame| {
        if frame.mark != 0
            && let Some(ends) = ends(frame.bytes)
        {
            connections.insert(ends, frame.mark);
        }
    });
    let names: BTreeMap<Mark, &str> = sim.played.iter().map(|played| (played.mark, played.scenario.name)).collect();
    let between = sim.played.iter().filter(|played| BETWEEN.contains(&played.scenario.name));
    let hosts = between.flat_map(|played| &played.cast.attackers).map(|id| sim.net.host(*id));
    let between: Vec<(Mac, Ipv4Addr)> = hosts.map(|host| (host.mac, host.ip)).collect();
    let other_leg = |bytes: &[u8]| {
        let [mac, ip] = if leg == Leg::First { [6, 26] } else { [0, 30] };
        let own = |(own_mac, own_ip): &(Mac, Ipv4Addr)| {
            *own_mac == bytes[mac..mac + 6] && own_ip.octets() != bytes[ip..ip + 4]
        };
        bytes[12..14] == [8, 0] && between.iter().any(own)
    };
    let (kept, messages) = (Kept::default(), Kept::default());
    let dice = sim.dice("tap", 0);
    let mut tap = Tap::new(Box::new(kept.clone()), Some(Box::new(messages.clone())), Faults::default(), dice);
    let mut whose = Vec::new();
    a_day_of(scenarios, |frame| {
        let of_connection = || ends(frame.bytes).and_then(|ends| connections.get(&ends).copied());
        let mark = if frame.mark == 0 { of_connection() } else { Some(frame.mark) };
        if let Some(mark) = mark.filter(|_| !other_leg(frame.bytes)) {
            tap.see(&frame).unwrap();
            whose.push(names[&mark]);
        }
    });
    tap.finish().unwrap();
    let messages = String::from_utf8(messages.0.take()).unwrap();
    (Morning { capture: kept.0.take(), messages }, whose)
}

/// What is wrong to tshark for a reason: whose, and in tshark's words.
const EXCUSED: [(&str, &str); 3] = [
    // Of the encrypted picture of a remote screen tshark takes a piece for CredSSP.
    ("vendor-for-hours", "Malformed Packet (Exception occurred)"),
    // Its data sets begin with a file's preamble and a program in it, which are no attributes.
    ("dicom-executable-stored", "Early termination of tag. Data is missing"),
    // The archive's Linux sent the end of an image again when its acknowledgement was late (RFC 8985 section 7.3), and was
    // told that it was there already: a recording.
    ("tool-movescu", "This frame is a (suspected) retransmission"),
];

/// Has tshark read what scenarios send; gives what only one side knows of messages, by scenario and protocol.
fn check(scenarios: &[&'static Scenario], leg: Leg) {
    let (morning, whose) = capture(scenarios, leg);
    let Some(judgement) = judge(&morning) else { return };
    let owner = |frame: u64| whose[frame as usize - 1];
    let wrong = judgement.wrong.iter().map(|(frame, said)| (owner(*frame), said.as_str()));
    let wrong: Vec<(&str, &str)> = wrong.filter(|found| !EXCUSED.contains(found)).collect();
    assert!(wrong.is_empty(), "{leg:?}: {} frames, the first: {:?}", wrong.len(), &wrong[..wrong.len().min(10)]);
    for difference in compare(&morning, &judgement) {
        let missing: Vec<&str> = difference.missing.iter().map(|frame| owner(*frame)).collect();
        assert!(missing.is_empty(), "{leg:?}, {}: {} frames, {missing:?}", difference.protocol, missing.len());
    }
}

#[test]
fn scenarios_send_what_they_say_and_nothing_malformed() {
    let all: Vec<&Scenario> = attacks::all().collect();
    check(&all, Leg::First);
}

/// With the second leg alone, what passes who stands between is a connection as any other: nobody answers too soon.
#[test]
fn what_is_passed_on_is_whole() {
    let between: Vec<&Scenario> = attacks::all().filter(|scenario| BETWEEN.contains(&scenario.name)).collect();
    assert_eq!(between.len(), BETWEEN.len());
    check(&between, Leg::Second);
}
