//! The innermost packets of real frames, against tshark 4.0: what is carried in what, and whose it is.
//!
//! The captures are not part of this repository. Skipped, saying so, without them or without tshark.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use wardtap_capture::{Block, open};
use wardtap_net::flow_table::endpoints;
use wardtap_net::packet::{LinkType, Packet};
use wardtap_net::peel::{Layout, Peeled, peel, protocol};

use crate::corpus::{files, folder};

/// The releases of tshark that were looked at.
const TSHARK: &str = "TShark (Wireshark) 4.0.";

/// What carries IP, by tshark's names, and at least so many frames with it in which both find the same packet.
const CARRIERS: [(&str, usize); 14] = [
    ("wlan", 2000),
    ("pppoes", 100),
    ("ppp", 100),
    ("gtp", 100),
    ("teredo", 30),
    ("fr", 100),
    ("chdlc", 10),
    ("macsec", 4),
    ("fddi", 1000),
    ("tr", 1),
    ("vntag", 1),
    ("gre", 100),
    ("vxlan", 1),
    ("mpls", 1),
];

/// Where another packet is found than tshark finds, or one that it does not, and why.
const OTHERWISE: [(&str, &str); 8] = [
    ("advanced/test10", "several interfaces: tshark leaves the link type of one to its first"),
    ("difficult/test20", "as above"),
    ("AH-IPcomp-IPv6.pcap", "the payload of IPcomp is not looked into"),
    ("LINKTYPE_IPV6_invalid.pcap", "an IPv4 packet in spite of the link type"),
    ("bigtcp-ipv", "the length 0 of segmentation offload: tshark takes it at its word"),
    ("vxlan_port_8472.pcap", "the port of Linux's VXLAN of old, which tshark does not know"),
    ("ipv6-mobility-dst-opts.pcap", "the home address of mobile IPv6 is not put in the place of the source"),
    (
        "gtp9_unknown_or_too_short_payload.pcap",
        "the packet inside is longer than what carries it: an ordinary datagram",
    ),
];

/// Addresses and, of TCP and UDP, ports of a packet: source, destination.
#[derive(Debug, PartialEq)]
struct Ends {
    addresses: [IpAddr; 2],
    ports: Option<[u16; 2]>,
}

impl Ends {
    fn read(bytes: &[u8], layout: &Layout) -> Self {
        let (source, destination) = endpoints(bytes, layout).unwrap();
        let port = |at: usize| bytes.get(at..)?.first_chunk().copied().map(u16::from_be_bytes);
        let at = usize::from(layout.transport);
        let ports = port(at).zip(port(at + 2)).map(<[u16; 2]>::from);
        let has_ports = [protocol::TCP, protocol::UDP].contains(&layout.protocol());
        Self { addresses: [source.ip(), destination.ip()], ports: ports.filter(|_| has_ports) }
    }
}

/// The packets found, by number of the frame; None of a capture in which nothing is but IP on Ethernet.
fn read_here(path: &Path) -> Option<BTreeMap<u64, Ends>> {
    let mut source = open(&[path.to_owned()]).ok()?;
    let (mut found, mut block, mut is_plain) = (BTreeMap::new(), Block::new(), true);
    while source.fill(&mut block) {
        for record in &block.records {
            let bytes = block.frame(record);
            let packet = Packet { time: record.time, link: record.link, bytes, sent: record.sent };
            match peel(&packet) {
                Peeled::Ip(layout) => {
                    is_plain &= record.link == LinkType::ETHERNET && layout.network <= 18;
                    found.insert(record.frame, Ends::read(bytes, &layout));
                }
                // A fragment has no ports in any case, and ARP no addresses of packets.
                Peeled::Fragment(..) | Peeled::Arp(_) => {}
                Peeled::Stopped(_) => is_plain = false,
            }
        }
    }
    (!is_plain).then_some(found)
}

/// What tshark finds: the protocols of each frame, and the last IP packet in front of what only cites one (ICMP) and of
/// TCP, with the ports behind it.
fn read_by_tshark(path: &Path) -> BTreeMap<u64, (String, Option<Ends>)> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-T", "fields", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"]);
    command.args(["-e", "frame.number", "-e", "frame.protocols"]);
    for [source, destination] in FIELDS {
        command.args(["-e", source, "-e", destination]);
    }
    let done = command.arg("-r").arg(path).output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let frames = text.lines().map(|line| {
        let columns: Vec<Vec<&str>> = line.split('\t').map(|column| column.split(',').collect()).collect();
        (columns[0][0].parse().unwrap(), (columns[1][0].to_owned(), last_packet(&columns)))
    });
    frames.collect()
}

const FIELDS: [[&str; 2]; 4] =
    [["ip.src", "ip.dst"], ["ipv6.src", "ipv6.dst"], ["tcp.srcport", "tcp.dstport"], ["udp.srcport", "udp.dstport"]];

/// Of the columns of a frame: each has a value for each time that a protocol comes in it.
fn last_packet(columns: &[Vec<&str>]) -> Option<Ends> {
    const NAMES: [&str; 4] = ["ip", "ipv6", "tcp", "udp"];
    let (mut seen, mut ends) = ([0; 4], None);
    for name in columns[1][0].split(':').take_while(|name| !name.starts_with("icmp")) {
        let Some(kind) = NAMES.iter().position(|known| *known == name) else { continue };
        let field = |end: usize| columns.get(2 + 2 * kind + end)?.get(seen[kind]).copied();
        let (source, destination) = (field(0), field(1));
        seen[kind] += 1;
        if kind < 2 {
            let address = |text: Option<&str>| text?.parse().ok();
            if let Some(addresses) = address(source).zip(address(destination)) {
                ends = Some(Ends { addresses: addresses.into(), ports: None });
            }
        } else if let Some(ends) = &mut ends {
            let port = |text: Option<&str>| text?.parse().ok();
            ends.ports = port(source).zip(port(destination)).map(<[u16; 2]>::from);
        }
        if name == "tcp" {
            break;
        }
    }
    ends
}

#[test]
fn innermost_packets_are_those_of_tshark() {
    let Some(folder) = folder() else {
        return eprintln!("skipped: no captures (WARDTAP_CAPTURES names no folder)");
    };
    let version = Command::new("tshark").arg("--version").output().map_or_else(|_| Vec::new(), |done| done.stdout);
    if !String::from_utf8_lossy(&version).starts_with(TSHARK) {
        return eprintln!("skipped: no {TSHARK}x");
    }
    let (mut compared, mut same_in, mut differences) = (0, [0; CARRIERS.len()], Vec::new());
    for path in files(&folder) {
        let Some(ours) = read_here(&path) else { continue };
        let name = path.strip_prefix(&folder).unwrap_or(&path).display().to_string();
        if OTHERWISE.iter().any(|(capture, _)| name.contains(capture)) {
            continue;
        }
        let theirs = read_by_tshark(&path);
        for (frame, ours) in ours {
            // tshark leaves a damaged capture earlier.
            let Some((protocols, theirs)) = theirs.get(&frame) else { continue };
            compared += 1;
            if theirs.as_ref() != Some(&ours) {
                differences.push(format!("{name} {frame} ({protocols}): {ours:?}, tshark {theirs:?}"));
                continue;
            }
            for (count, (carrier, _)) in same_in.iter_mut().zip(CARRIERS) {
                *count += usize::from(protocols.split(':').any(|name| name == carrier));
            }
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    eprintln!("{compared} packets compared: {same_in:?}");
    for ((carrier, least), count) in CARRIERS.into_iter().zip(same_in) {
        assert!(count >= least, "{carrier}: {count} packets");
    }
}
