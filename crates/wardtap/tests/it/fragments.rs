//! IP fragments, and the copies that a mirror makes of them.

use crate::pcap::{PLAIN, Packet, payload, pcap, read};
use crate::run::replay;

/// The two fragments of an IPv4 frame without options, or the frame alone where there is too little to cut.
fn cut(packet: &Packet, id: u16) -> Vec<Packet> {
    const TRANSPORT: usize = 34;
    const FIRST: usize = 40;
    let end = payload(&packet.bytes).map_or(0, |payload| payload.end);
    if packet.bytes[14] != 0x45 || end < TRANSPORT + FIRST + 8 {
        return vec![packet.clone()];
    }
    let data = &packet.bytes[TRANSPORT..end];
    let fragment = |from: usize, to: usize, more: u16| {
        let mut bytes = [&packet.bytes[..TRANSPORT], &data[from..to]].concat();
        bytes[16..18].copy_from_slice(&u16::try_from(20 + to - from).unwrap().to_be_bytes());
        bytes[18..20].copy_from_slice(&id.to_be_bytes());
        bytes[20..22].copy_from_slice(&(more | u16::try_from(from / 8).unwrap()).to_be_bytes());
        bytes[24..26].fill(0);
        let words = bytes[14..TRANSPORT].chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
        let sum: u32 = words.sum();
        let checksum = !((sum & 0xffff) + (sum >> 16)) as u16;
        bytes[24..26].copy_from_slice(&checksum.to_be_bytes());
        Packet { time: packet.time, sent: u32::try_from(bytes.len()).unwrap(), bytes }
    };
    vec![fragment(0, FIRST, 0x2000), fragment(FIRST, data.len(), 0)]
}

#[test]
fn copies_of_fragments_are_counted_as_other_copies_are() {
    let capture = "captures/hl7/feeds.pcap";
    let whole = read(capture).unwrap();
    let cut: Vec<Vec<Packet>> = (0..).zip(&whole).map(|(id, packet)| cut(packet, id)).collect();
    let fragments = cut.iter().filter(|pieces| pieces.len() == 2).count() as u64 * 2;
    assert!(fragments > 20, "{fragments}");
    // A mirror of two VLANs: every fragment a second time, at once or once its datagram is whole.
    let at_once = cut.iter().flat_map(|pieces| pieces.iter().flat_map(|piece| vec![piece; pieces.len()])).cloned();
    let later = cut.iter().flat_map(|pieces| [pieces; 2].into_iter().take(pieces.len()).flatten()).cloned();
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("fragments.pcap");
    let expected = replay(capture, &[]).stats();
    for packets in [at_once.collect::<Vec<_>>(), later.collect()] {
        std::fs::write(&path, pcap(&packets, PLAIN)).unwrap();
        let replayed = replay(path.to_str().unwrap(), &[]);
        let stats = replayed.stats();
        assert_eq!(stats["messages"], expected["messages"]);
        assert_eq!(stats["undecoded"], expected["undecoded"]);
        let transport = &stats["transport"];
        assert_eq!(transport["fragments"], 2 * fragments);
        assert_eq!(transport["reassembled"], fragments / 2);
        assert_eq!(transport["duplicates"], expected["transport"]["duplicates"].as_u64().unwrap() + fragments);
        assert_eq!(transport["bad_checksums"], expected["transport"]["bad_checksums"]);
        assert!(replayed.metrics.contains(&format!("\nwardtap_duplicate_packets_total {fragments}\n")));
        assert!(replayed.ran.stdout.contains("packets copied by the mirror"), "{}", replayed.ran.stdout);
    }
}
