//! BPF filters, held against libpcap's own interpreter and against tcpdump.

use std::process::Command;

use pcap::Capture;
use proptest::prelude::*;
use wardtap_capture::{Block, Filter, open};
use wardtap_net::packet::LinkType;

use crate::{
    corpus::{files, folder},
    properties::cases,
    writer::{Order, numbered, pcap},
};

const EXPRESSIONS: [&str; 26] = [
    "ip",
    "ip6",
    "arp or rarp",
    "tcp",
    "udp port 53",
    "tcp port 502 or tcp port 104 or tcp port 2575",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "icmp or icmp6",
    "host 10.0.0.1 or host 192.168.1.1",
    "net 192.168.0.0/16",
    "src net 10.0.0.0/8 and not dst net 10.0.0.0/8",
    "ip6 net fe80::/10",
    "ether multicast",
    "ether broadcast",
    "vlan",
    "vlan and ip",
    "mpls",
    "pppoes",
    "portrange 1-1023",
    "ip[6:2] & 0x1fff != 0",
    "ip proto 47",
    "ip[0] & 0xf != 5",
    "tcp[((tcp[12]&0xf0)>>2):4] = 0x47455420",
    "len % 2 = 1",
    "greater 200",
    "ether[0] ^ ether[1] > len / 7",
];

#[test]
fn programs_answer_as_in_libpcap() {
    let Some(folder) = folder() else {
        return eprintln!("skipped: no captures (WARDTAP_CAPTURES names no folder)");
    };
    let (mut compared, mut passed) = (0_u64, 0_u64);
    let mut block = Block::new();
    for path in files(&folder) {
        // libpcap's own programs, made for this very file.
        let Ok(theirs) = Capture::from_file(&path) else { continue };
        let Ok(mut source) = open(std::slice::from_ref(&path)) else { continue };
        if !source.fill(&mut block) || source.inputs()[0].link_types.len() > 1 {
            continue;
        }
        for expression in EXPRESSIONS {
            let mut filter = Filter::compile(expression).unwrap();
            let program = theirs.compile(expression, true);
            for record in block.records.iter().take(200) {
                let frame = block.frame(record);
                let expected = program.as_ref().is_ok_and(|program| program.filter(frame));
                let answer = filter.matches(record.link, frame, record.captured);
                assert_eq!(answer, expected, "{} {expression} {:?}", path.display(), record);
                compared += 1;
                passed += u64::from(expected);
            }
            let refused = filter.refusals().map(|(_, what)| what.to_owned()).next();
            assert_eq!(refused.is_some(), program.is_err(), "{} {expression} {refused:?}", path.display());
        }
    }
    eprintln!("{compared} answers compared, {passed} of them yes");
    assert!(passed > 1000);
}

#[test]
fn counts_as_in_tcpdump() {
    let Some(folder) = folder() else {
        return eprintln!("skipped: no captures (WARDTAP_CAPTURES names no folder)");
    };
    if Command::new("tcpdump").arg("--version").output().is_err() {
        return eprintln!("skipped: tcpdump is not on the path");
    }
    let mut compared = 0;
    for path in files(&folder).into_iter().step_by(9) {
        let Ok(mut source) = open(std::slice::from_ref(&path)) else { continue };
        let mut block = Block::new();
        let mut filters: Vec<_> =
            EXPRESSIONS.iter().map(|expression| (Filter::compile(expression).unwrap(), 0_u64)).collect();
        while source.fill(&mut block) {
            for record in &block.records {
                for (filter, count) in &mut filters {
                    *count += u64::from(filter.matches(record.link, block.frame(record), record.sent));
                }
            }
        }
        for (expression, (_, count)) in EXPRESSIONS.iter().zip(&filters) {
            let output = Command::new("tcpdump").arg("-r").arg(&path).args(["--count", expression]).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            // Where tcpdump cannot read the capture or compile for its link type, there is nothing to compare.
            if !output.status.success() {
                continue;
            }
            let theirs = text.trim().trim_end_matches('s').strip_suffix(" packet").and_then(|count| count.parse().ok());
            assert_eq!(Some(*count), theirs, "{} {expression}: {text}", path.display());
            compared += 1;
        }
    }
    eprintln!("{compared} counts compared with tcpdump");
}

#[test]
fn lengths_are_those_on_the_wire() {
    let mut filter = Filter::compile("greater 1000").unwrap();
    assert!(filter.matches(LinkType::ETHERNET, &[0; 60], 1000));
    assert!(!filter.matches(LinkType::ETHERNET, &[0; 60], 999));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pcap");
    let packets = [(0, vec![0; 60], 940), (1, vec![0; 60], 939), (2, vec![0; 60], 5000)];
    std::fs::write(&path, pcap(Order { big: false }, false, &numbered(&packets, 1))).unwrap();
    let Ok(output) = Command::new("tcpdump").arg("-r").arg(&path).args(["--count", "greater 1000"]).output() else {
        return eprintln!("skipped: tcpdump is not on the path");
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "2 packets");
}

#[test]
fn an_expression_that_compiles_for_nothing_is_an_error_at_once() {
    for (expression, what) in [
        ("tcp prot 5", "neither a word of pcap-filter(7)"),
        ("host", "syntax error"),
        ("port 70000", "illegal port number 70000 > 65535"),
    ] {
        let text = Filter::compile(expression).unwrap_err().to_string();
        assert!(text.starts_with(&format!("filter \"{expression}\": ")), "{text}");
        assert!(text.contains(what), "{text}");
    }
    assert!(Filter::compile("ip\0").is_err());
}

#[test]
fn an_expression_for_other_link_types_lets_nothing_pass_and_says_so() {
    let mut filter = Filter::compile("wlan type mgt").unwrap();
    assert!(!filter.matches(LinkType::ETHERNET, &[0; 60], 60));
    assert!(!filter.matches(LinkType(60_000), &[0; 60], 60));
    let refusals: Vec<_> = filter.refusals().map(|(link, _)| link.0).collect();
    assert_eq!(refusals, [1, 60_000]);
    assert!(filter.matches(LinkType(127), &[0, 0, 8, 0, 0, 0, 0, 0, 0x80, 0, 0, 0], 12));
}

#[test]
fn names_are_refused_and_not_looked_up() {
    for (expression, word) in [
        ("host wardtap.invalid", "wardtap.invalid"),
        ("net wardtap-net", "wardtap-net"),
        ("ether host wardtap-ether", "wardtap-ether"),
        ("gateway wardtap-gate", "wardtap-gate"),
        ("tcp port 104 and src localhost", "localhost"),
    ] {
        let text = Filter::compile(expression).unwrap_err().to_string();
        assert!(text.starts_with(&format!("filter \"{expression}\": \"{word}\" is neither")), "{text}");
        assert!(text.contains("would send packets: write the address"), "{text}");
    }
    let text = Filter::compile("port wardtap").unwrap_err().to_string();
    assert!(text.contains("\"wardtap\" is no port of /etc/services: write the number"), "{text}");
    // What libpcap knows itself, whatever its version is.
    for expression in ["ether proto \\arp", "wlan type mgt subtype beacon", "icmp[icmptype] = icmp-echo", "llc ui"] {
        assert!(Filter::compile(expression).is_ok(), "{expression}");
    }
}

/// Pieces of expressions, those that decide what a name is foremost; `foo` and `http` are the names of no host.
const PIECES: &str = "host 10.0.0.1,host 10.0.0.1,port 80,tcp port 80,(port 80),(port 80),portrange 1-2,proto 6,\
    src http,tcp dst http,src 10.0.0.1,vlan,tcp,ip[0] = 1,http,http,foo,foo,80,10.0.0.1,(,(,),),1-http,\\tcp,\\foo,host,\
    net,port,portrange,proto,protochain,gateway,ether,wlan,src,dst,fe80::1,a:b:c:d:e:f,a::b,type,llc,on";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(20_000)))]

    /// Whatever the expression: libpcap never gets as far as to look for a host, a network or an Ethernet address, for
    /// it would say that it found none. (It reads from the left and stops at the first fault.)
    #[test]
    fn what_passes_is_never_looked_up(
        pieces in prop::collection::vec(prop::sample::select(PIECES.split(',').collect::<Vec<_>>()), 1..8),
        between in prop::collection::vec(prop::sample::select(&[" ", "", " and ", " and ", " or ", " || not "][..]), 8),
    ) {
        let expression: String = pieces.iter().zip(between).flat_map(|(piece, between)| [*piece, between]).collect();
        let expression = expression.trim_end_matches([' ', 'a', 'n', 'd', 'o', 'r', 't', '|']);
        if let Err(error) = Filter::compile(expression) {
            let text = error.to_string();
            for looked_up in ["host '", "unknown network '"] {
                prop_assert!(!text.contains(looked_up), "{}", text);
            }
        }
    }
}
