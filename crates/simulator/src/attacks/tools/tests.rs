//! What is spliced in is what was recorded.

use super::*;
use crate::clock::{OPENING, Time, secs};
use crate::frame;
use crate::pcap::{self, Writer};
use crate::truth::Message;
use crate::ward;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// What a scenario sent, and what it had to send.
struct Spliced {
    frames: Vec<(Time, Vec<u8>, u16)>,
    messages: Vec<Message>,
    cast: Cast,
    sim: Sim,
    recorded: PathBuf,
}

fn spliced(scenario: &Scenario) -> Spliced {
    let mut sim = Sim::new(7, OPENING);
    sim.net.keep_messages = true;
    ward::open(&mut sim, 50);
    sim.net.mark = 1;
    let cast = (scenario.start)(&mut sim);
    let (mut frames, mut messages) = (Vec::new(), Vec::new());
    sim.run(cast.end + secs(2), |frame| {
        if frame.mark == 1 {
            frames.push((frame.time, frame.bytes.to_vec(), frame.vlan));
            messages.extend(frame.messages.iter().map(|(_, message)| message.clone()));
        }
        Ok::<_, std::convert::Infallible>(())
    })
    .unwrap();
    let name = scenario.name.strip_prefix("tool-").unwrap();
    let recorded = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tools/captures").join(name).with_extension("pcap");
    Spliced { frames, messages, cast, sim, recorded }
}

fn is_dhcp(bytes: &[u8]) -> bool {
    bytes[12..14] == [8, 0] && bytes[23] == frame::UDP && matches!(bytes[34..36], [0, 67 | 68])
}

/// What must not change of a TCP or UDP segment: its header up to the checksum, and what is behind it.
fn kept(bytes: &[u8]) -> Option<[&[u8]; 2]> {
    match bytes[23] {
        _ if bytes[12..14] != [8, 0] || is_dhcp(bytes) => None,
        frame::TCP => Some([&bytes[34..50], &bytes[52..]]),
        frame::UDP => Some([&bytes[34..40], &bytes[42..]]),
        _ => None,
    }
}

/// The sum over an IP packet's segment and its pseudo header, as a receiver makes it.
fn sum_is_right(packet: &[u8]) -> bool {
    let mut covered = packet[20..].to_vec();
    if packet[9] != frame::ICMP {
        covered.splice(0..0, packet[12..20].iter().copied());
        covered.extend((packet.len() % 2 == 1).then_some(0));
        covered.extend([0, packet[9]]);
        covered.extend(((packet.len() - 20) as u16).to_be_bytes());
    }
    frame::checksum(&packet[..20]) == [0, 0] && frame::checksum(&covered) == [0, 0]
}

#[test]
fn every_frame_arrives_whole_and_under_the_hospitals_addresses() {
    for scenario in ALL {
        let Spliced { frames, cast, sim, recorded, .. } = spliced(scenario);
        let name = scenario.name;
        let originals = pcap::parse(&fs::read(&recorded).unwrap()).unwrap();
        assert_eq!(frames.len(), originals.len(), "{name}");
        let vlans: Vec<u16> =
            cast.victims.iter().chain(&cast.attackers).map(|host| sim.net.zone_of(*host).vlan).collect();
        for ((_, bytes, vlan), original) in frames.iter().zip(&originals) {
            assert!(vlans.contains(vlan), "{name}: VLAN {vlan}");
            assert!(!bytes[..12].windows(5).any(|part| part == [0x02, 0x57, 0x54, 0, 0]), "{name}");
            let arp = bytes[12..14] == [8, 6];
            // DHCP messages and what ICMP quotes hold addresses too.
            let whole = bytes[23] == frame::ICMP || is_dhcp(bytes);
            let addresses = if arp { &bytes[28..42] } else { &bytes[26..if whole { bytes.len() } else { 34 }] };
            assert!(!addresses.windows(3).any(|part| part == [10, 77, 0]), "{name}: {bytes:02x?}");
            assert_eq!(kept(bytes), kept(&original.bytes), "{name}");
            let length = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
            assert!(arp || sum_is_right(&bytes[14..14 + length]), "{name}: {bytes:02x?}");
        }
    }
}

#[test]
fn messages_are_named_after_the_hospitals_hosts() {
    for scenario in ALL {
        let Spliced { messages, cast, sim, .. } = spliced(scenario);
        let parties: Vec<String> =
            cast.victims.iter().chain(&cast.attackers).map(|host| format!("{}:", sim.net.host(*host).ip)).collect();
        let known = |end: &String| parties.iter().any(|party| end.starts_with(party));
        let medical = ["dicom", "movescu", "storescu", "modbus", "mbpoll", "hl7"];
        let expected = medical.iter().any(|part| scenario.name.contains(part)) && !scenario.name.contains("smbclient");
        assert_eq!(!messages.is_empty(), expected, "{}", scenario.name);
        assert!(messages.iter().all(|message| known(&message.src) && known(&message.dst)), "{}", scenario.name);
    }
}

/// How often tshark says what, of errors and warnings and wrong checksums.
fn complaints(path: &std::path::Path) -> Option<BTreeMap<String, u64>> {
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-r"]).arg(path).args(["-q", "-z", "expert,warn"]);
    for protocol in ["ip", "tcp", "udp"] {
        tshark.args(["-o", &format!("{protocol}.check_checksum:TRUE")]);
    }
    let said = String::from_utf8(tshark.output().ok()?.stdout).ok()?;
    let mut counts = BTreeMap::new();
    for line in said.lines() {
        let mut words = line.split_whitespace();
        let Some(count) = words.next().and_then(|word| word.parse::<u64>().ok()) else { continue };
        // Addresses differ.
        let text: String = words.collect::<Vec<_>>().join(" ").replace(|c: char| c.is_ascii_digit(), "");
        *counts.entry(text).or_default() += count;
    }
    Some(counts)
}

#[test]
fn tshark_finds_nothing_that_was_not_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["recorded.pcap", "spliced.pcap"].map(|name| directory.path().join(name));
    let mut writers = paths.each_ref().map(|path| Writer::new(std::fs::File::create(path).unwrap()));
    for scenario in ALL {
        let Spliced { frames, recorded, .. } = spliced(scenario);
        for frame in pcap::parse(&fs::read(&recorded).unwrap()).unwrap() {
            writers[0].frame(frame.time, &frame.bytes, frame.bytes.len()).unwrap();
        }
        for (time, bytes, _) in &frames {
            writers[1].frame(*time, bytes, bytes.len()).unwrap();
        }
    }
    writers.into_iter().for_each(|writer| writer.finish().unwrap());
    let (Some(before), Some(after)) = (complaints(&paths[0]), complaints(&paths[1])) else {
        eprintln!("skipped: no tshark");
        return;
    };
    for (text, count) in after {
        assert!(before.get(&text).is_some_and(|recorded| *recorded >= count), "{text}: {count} times");
    }
}
