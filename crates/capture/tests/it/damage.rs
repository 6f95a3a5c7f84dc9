//! Hazards of the formats, one by one, with the words an operator reads.

use std::io::{Cursor, Read};

use wardtap_capture::{Bounds, CaptureError, DamageReason, open, open_bytes, open_within};

use crate::writer::{
    Choppy, Order, Packet, block, drain, enhanced, gzip, interface, numbered, pcap, pcap_header, pcap_record, pcapng,
    read, section, zstd,
};

const LITTLE: Order = Order { big: false };
const BIG: Order = Order { big: true };

fn three() -> Vec<Packet> {
    numbered(&[(1_000_000_000, vec![1; 60], 0), (2_000_000_000, vec![2; 61], 9), (3_000_000_000, vec![3; 62], 0)], 1)
}

/// What opening these bytes says.
fn refusal(bytes: &[u8]) -> String {
    match open_bytes("ward.pcap", Box::new(Cursor::new(bytes.to_vec()))) {
        Ok(_) => panic!("it opened"),
        Err(error) => error.to_string(),
    }
}

/// The packets, and the one damage, as text.
fn damaged(bytes: Vec<u8>) -> (usize, String) {
    let (packets, damage) = read(bytes);
    assert_eq!(damage.len(), 1, "{damage:?}");
    (packets.len(), damage[0].to_string())
}

#[test]
fn what_is_no_capture_is_refused_with_the_reason() {
    let not = "ward.pcap: not a capture: the stream does not begin like pcap (a1b2c3d4 or a1b23c4d, in either byte order), pcapng (0a0d0d0a), gzip (1f8b) or zstd (28b52ffd): ";
    let other = "if it is a capture of another format, convert it first (editcap -F pcapng FILE OUT.pcapng)";
    let text = "it begins with printable characters alone: if it is a packet list or a hex dump, name the capture that it was printed from";
    for (bytes, advice) in [
        (&b"GIF89a\x01\x02\x03\x04"[..], other),
        (b"\x00\x01\x02\x03", other),
        // Neither control characters nor text: nothing is said that may be wrong.
        (b"\xa3\x8f\xc4\xe9\x99\xf1\xd2\x88\xb7", other),
        ("DÖE;JÖHN".as_bytes(), other),
        // What may be a person's name is not told.
        (b"DOE;JOHN\r\n", text),
        (&[0; 512], "it begins with zeros alone: copy or take it again"),
        (b"\xd4\xc3\xb2", "it is shorter than that: copy or take it again"),
        (b"snoop\0\0\0\0\0\0\x02", "it is a snoop capture: convert it first (editcap -F pcapng FILE OUT.pcapng)"),
        (b"\xfd7zXZ\0\0\0", "it is packed with xz: unpack it first (xz -dc FILE | wardtap ... -)"),
    ] {
        assert_eq!(refusal(bytes), format!("{not}{advice}"));
        assert_eq!(
            refusal(&zstd(bytes, 1)),
            format!("{not}{advice}").replace("the stream", "what is unpacked from it")
        );
    }
    for (bytes, text) in [
        (
            &b""[..],
            "ward.pcap: the stream is empty, and even a capture without packets has a header: see what the program that writes to it says",
        ),
        (
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0",
            "ward.pcap: what is unpacked from it is empty, and even a capture without packets has a header: copy or take it again",
        ),
        (
            b"\xd4\xc3\xb2\xa1\x02\x00",
            "ward.pcap: cut short: it ends after 6 bytes, inside the pcap file header of 24 bytes, so that no packet can be read: copy or take it again",
        ),
        (
            b"\x0a\x0d\x0d\x0a\x1c\x00",
            "ward.pcap: cut short: it ends after 6 bytes, inside the pcapng file header of 28 bytes, so that no packet can be read: copy or take it again",
        ),
        (
            &pcap_header(LITTLE, 0xa1b2_c3d4, (7, 1), 65_535, 1),
            "ward.pcap: pcap version 7.1 is not known (known: 2.0 to 2.4, 543.0): let a tool that reads it write it anew (editcap -F pcapng FILE OUT.pcapng)",
        ),
        (
            &gzip(&zstd(&pcap(LITTLE, false, &three()), 1), 1),
            "ward.pcap: is packed twice: unpack it once before (gzip -dc FILE | wardtap ... -)",
        ),
        (
            &gzip(b"hello", 1)[..12],
            "ward.pcap: cannot be unpacked: cut short: the gzip data end early: copy or pack it again",
        ),
    ] {
        assert_eq!(refusal(bytes), text);
    }
    assert!(
        refusal(&[0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9])
            .starts_with("ward.pcap: cannot be unpacked: the gzip data are damaged: ")
    );
    assert!(
        refusal(&[
            0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0
        ])
        .starts_with("ward.pcap: cannot be unpacked: the zstd data are damaged: ")
    );
    let mut bad_order = pcapng(LITTLE, &[]);
    bad_order[8] = 0;
    assert_eq!(
        refusal(&bad_order),
        "ward.pcap: the pcapng file header is damaged: a section begins with 0x1a2b3c00 where the byte-order magic 0x1a2b3c4d should stand: copy or take it again"
    );
}

#[test]
fn what_cannot_be_opened_is_refused_with_the_reason() {
    let refused = |paths: &[&str]| open(&paths.iter().map(Into::into).collect::<Vec<_>>()).err().unwrap().to_string();
    assert_eq!(refused(&[]), "no capture given: name at least one, or - for standard input");
    assert_eq!(
        refused(&["-", "-"]),
        "- (standard input) is given more than once, and can be read only once: name it once"
    );
    assert_eq!(refused(&["/"]), "/: is a directory: name the captures in it, for example /*.pcap");
    assert_eq!(
        refused(&["/nowhere/ward.pcap"]),
        "/nowhere/ward.pcap: cannot be read: No such file or directory (os error 2): check its name, and the folder it is in"
    );
}

#[test]
fn an_empty_capture_is_fine() {
    for bytes in [pcap(LITTLE, false, &[]), pcap(BIG, true, &[]), pcapng(BIG, &[]), gzip(&pcapng(LITTLE, &[]), 1)] {
        assert_eq!(read(bytes), (vec![], vec![]));
    }
}

#[test]
fn a_record_cut_short_ends_the_capture() {
    let whole = pcap(LITTLE, false, &three());
    let at = 24 + 76 + 77;
    assert_eq!(
        damaged(whole[..at + 7].to_vec()),
        (2, format!("test: at byte {at}: cut short: the capture ends inside a record header (7 of 16 bytes)"))
    );
    assert_eq!(
        damaged(whole[..at + 50].to_vec()),
        (2, format!("test: at byte {at}: cut short: the capture ends inside a record (50 of 78 bytes)"))
    );
    assert_eq!(read(whole[..at].to_vec()).1, vec![], "cut between two records: nobody can tell");
    let whole = pcapng(LITTLE, &three());
    assert_eq!(
        damaged(whole[..whole.len() - 1].to_vec()),
        (
            3,
            format!("test: at byte {}: cut short: the capture ends inside a record (75 of 76 bytes)", whole.len() - 76)
        )
    );
    assert_eq!(
        damaged(whole[..whole.len() - 70].to_vec()),
        (
            3,
            format!(
                "test: at byte {}: cut short: the capture ends inside a record header (6 of 8 bytes)",
                whole.len() - 76
            )
        )
    );
}

#[test]
fn a_captured_length_that_lies_ends_the_capture() {
    let mut bytes = pcap(LITTLE, false, &three());
    let at = bytes.len();
    pcap_record(LITTLE, &mut bytes, (4, 0), (0x7fff_ffff, 60), &[4; 60]);
    let text = "a record claims 2147483647 captured bytes, more than the 262144 that can be";
    assert_eq!(damaged(bytes), (3, format!("test: at byte {at}: {text}")));
}

#[test]
fn a_large_snapshot_length_allows_large_records_up_to_a_bound() {
    for (snaplen, link, length, fits) in [
        (65_535, 1, 262_144, true),
        (65_535, 1, 262_145, false),
        (1 << 20, 1, 1 << 20, true),
        (1 << 20, 1, (1 << 20) + 1, false),
        (u32::MAX, 1, 16 << 20, true),
        (u32::MAX, 1, (16 << 20) + 1, false),
        (65_535, 249, 16 << 20, true),
    ] {
        let mut bytes = pcap_header(BIG, 0xa1b2_c3d4, (2, 4), snaplen, link);
        pcap_record(BIG, &mut bytes, (1, 1), (1, 1), &[9]);
        pcap_record(BIG, &mut bytes, (1, 1), (length, length), &vec![5; length as usize]);
        pcap_record(BIG, &mut bytes, (1, 1), (1, 1), &[9]);
        let (packets, damage) = read(bytes);
        assert_eq!((packets.len(), damage.is_empty()), if fits { (3, true) } else { (1, false) }, "{snaplen} {length}");
    }
}

#[test]
fn a_hostile_length_alone_takes_no_memory() {
    let mut bytes = pcap_header(BIG, 0xa1b2_c3d4, (2, 4), u32::MAX, 1);
    pcap_record(BIG, &mut bytes, (1, 1), (16 << 20, 16 << 20), &[9; 100]);
    let mut source = open_bytes("test", Box::new(Cursor::new(bytes))).unwrap();
    let mut block = wardtap_capture::Block::new();
    assert!(!source.fill(&mut block));
    assert!(block.bytes.capacity() <= 2 * wardtap_capture::BLOCK_BYTES);
    assert!(source.damage()[0].reason.to_string().contains("(116 of 16777232 bytes)"));
}

#[test]
fn lengths_of_old_versions_stand_the_other_way_round() {
    for (version, lengths, expected) in [
        ((2, 4), (3, 10), (3, 10)),
        ((2, 3), (3, 10), (3, 10)),
        ((2, 3), (10, 3), (3, 10)),
        ((2, 2), (10, 3), (3, 10)),
        ((2, 0), (10, 3), (3, 10)),
        ((543, 0), (10, 3), (3, 10)),
        // No original length, as some writers leave it.
        ((2, 4), (3, 0), (3, 3)),
    ] {
        for order in [LITTLE, BIG] {
            let mut bytes = pcap_header(order, 0xa1b2_c3d4, version, 65_535, 1);
            pcap_record(order, &mut bytes, (1, 2), lengths, &[1, 2, 3]);
            pcap_record(order, &mut bytes, (1, 2), lengths, &[1, 2, 3]);
            let (packets, damage) = read(bytes);
            assert_eq!(damage, vec![]);
            assert_eq!(packets.len(), 2);
            assert_eq!((packets[1].bytes.len() as u32, packets[1].sent), expected, "{version:?}");
            assert_eq!(packets[1].nanos, 1_000_002_000);
        }
    }
}

#[test]
fn kuznetzovs_records_have_longer_headers() {
    for order in [LITTLE, BIG] {
        let mut bytes = pcap_header(order, 0xa1b2_cd34, (2, 4), 65_535, 1);
        for _ in 0..3 {
            pcap_record(order, &mut bytes, (1, 2), (3, 10), &[0, 0, 0, 1, 8, 0, 4, 0, 1, 2, 3]);
        }
        let (packets, damage) = read(bytes);
        assert_eq!((packets.len(), damage), (3, vec![]));
        assert_eq!(packets[2].bytes, [1, 2, 3]);
    }
}

#[test]
fn aix_writes_interface_types_and_nanoseconds() {
    let mut bytes = pcap_header(BIG, 0xa1b2_c3d4, (2, 2), 65_535, 6);
    pcap_record(BIG, &mut bytes, (1, 2), (10, 3), &[1, 2, 3]);
    let (packets, _) = read(bytes);
    assert_eq!((packets[0].link, packets[0].nanos), (1, 1_000_000_002));
}

#[test]
fn the_upper_bits_of_the_link_type_are_no_link_type() {
    for order in [LITTLE, BIG] {
        let mut bytes = pcap_header(order, 0xa1b2_c3d4, (2, 4), 65_535, 0x4400_0001);
        pcap_record(order, &mut bytes, (1, 2), (3, 3), &[1, 2, 3]);
        assert_eq!(read(bytes).0[0].link, 1);
    }
}

#[test]
fn times_are_unsigned_and_hostile_fractions_do_no_harm() {
    let mut bytes = pcap_header(LITTLE, 0xa1b2_c3d4, (2, 4), 65_535, 1);
    pcap_record(LITTLE, &mut bytes, (u32::MAX, u32::MAX), (0, 0), &[]);
    let (packets, _) = read(bytes);
    assert_eq!(packets[0].nanos, u64::from(u32::MAX) * 1_000_000_000 + u64::from(u32::MAX) * 1000);
}

#[test]
fn sections_of_either_order_with_interfaces_of_their_own() {
    let mut bytes = Vec::new();
    section(LITTLE, &mut bytes);
    interface(LITTLE, &mut bytes, 1, 100, &[(9, vec![6])]);
    interface(LITTLE, &mut bytes, 113, 0, &[(9, vec![9])]);
    enhanced(LITTLE, &mut bytes, 1, 7, &[1], 1);
    enhanced(LITTLE, &mut bytes, 0, 7, &[2, 2], 2);
    section(BIG, &mut bytes);
    interface(BIG, &mut bytes, 101, 50, &[(9, vec![0x80 | 10])]);
    enhanced(BIG, &mut bytes, 0, 1536, &[3], 1);
    section(BIG, &mut bytes);
    section(LITTLE, &mut bytes);
    interface(LITTLE, &mut bytes, 1, 50, &[]);
    enhanced(LITTLE, &mut bytes, 0, 5, &[4], 1);
    let mut source = open_bytes("test", Box::new(Cursor::new(bytes))).unwrap();
    let packets = crate::writer::drain(&mut *source);
    assert_eq!(source.damage(), vec![]);
    let seen: Vec<_> = packets.iter().map(|packet| (packet.link, packet.nanos, packet.bytes.len())).collect();
    assert_eq!(seen, [(113, 7, 1), (1, 7000, 2), (101, 1_500_000_000, 1), (1, 5000, 1)]);
    let input = &source.inputs()[0];
    assert_eq!(input.link_types.iter().map(|link| link.0).collect::<Vec<_>>(), [1, 113, 101]);
    assert_eq!(input.snaplen, 0, "one interface has no limit");
}

#[test]
fn clocks_of_every_resolution() {
    let offset = |seconds: i64| (14, seconds.to_le_bytes().to_vec());
    for (options, units, nanos) in [
        (vec![], 1_500_000, 1_500_000_000),
        (vec![(9, vec![0])], 3, 3_000_000_000),
        (vec![(9, vec![3])], 3, 3_000_000),
        (vec![(9, vec![9])], 3, 3),
        (vec![(9, vec![12])], 3_999, 3),
        (vec![(9, vec![19])], u64::MAX, 1_844_674_407),
        (vec![(9, vec![127])], u64::MAX, 0),
        (vec![(9, vec![0x80])], 3, 3_000_000_000),
        (vec![(9, vec![0x80 | 1])], 3, 1_500_000_000),
        (vec![(9, vec![0x80 | 63])], 1 << 62, 500_000_000),
        (vec![(9, vec![0xff])], u64::MAX, 0),
        (vec![(9, vec![0])], u64::MAX, u64::MAX),
        (vec![(9, vec![9]), offset(5)], 3, 5_000_000_003),
        (vec![(9, vec![9]), offset(-5)], 6_000_000_000, 1_000_000_000),
        (vec![(9, vec![9]), offset(-5)], 3, 0),
        (vec![(9, vec![9]), offset(i64::MIN)], 3, 0),
        (vec![(9, vec![9]), offset(i64::MAX)], 3, u64::MAX),
        // Options of a length they cannot have are passed over, and so is all after the end of options.
        (vec![(9, vec![9, 9])], 3, 3000),
        (vec![(0, vec![]), (9, vec![9])], 3, 3000),
    ] {
        let mut bytes = Vec::new();
        section(LITTLE, &mut bytes);
        interface(LITTLE, &mut bytes, 1, 0, &options);
        enhanced(LITTLE, &mut bytes, 0, units, &[1], 1);
        let (packets, damage) = read(bytes);
        assert_eq!(damage, vec![]);
        assert_eq!(packets[0].nanos, nanos, "{options:?}");
    }
}

#[test]
fn simple_and_obsolete_packets() {
    let mut bytes = Vec::new();
    section(BIG, &mut bytes);
    interface(BIG, &mut bytes, 1, 4, &[]);
    let simple = |bytes: &mut Vec<u8>, original: u32, frame: &[u8]| {
        block(BIG, bytes, 3, &[&original.to_be_bytes()[..], frame].concat());
    };
    simple(&mut bytes, 3, &[1, 2, 3]);
    enhanced(BIG, &mut bytes, 0, 9, &[9], 1);
    simple(&mut bytes, 1000, &[1, 2, 3, 4]);
    let mut obsolete = vec![0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 2, 0, 0, 0, 7];
    obsolete.extend_from_slice(&[5, 5]);
    block(BIG, &mut bytes, 2, &obsolete);
    let mut source = open_bytes("test", Box::new(Cursor::new(bytes))).unwrap();
    let packets = crate::writer::drain(&mut *source);
    assert_eq!(source.damage(), vec![]);
    let seen: Vec<_> = packets.iter().map(|packet| (packet.nanos, packet.bytes.len(), packet.sent)).collect();
    assert_eq!(seen, [(0, 3, 3), (9000, 1, 1), (9000, 4, 1000), (8000, 2, 7)]);
    assert_eq!(source.untimed(), 2);
    let input = &source.inputs()[0];
    assert_eq!((input.first.unwrap().nanos(), input.last.unwrap().nanos()), (8000, 9000));
}

#[test]
fn blocks_that_lie_end_the_capture() {
    let start = || {
        let mut bytes = Vec::new();
        section(LITTLE, &mut bytes);
        interface(LITTLE, &mut bytes, 1, 0, &[]);
        enhanced(LITTLE, &mut bytes, 0, 1, &[1, 2, 3, 4], 4);
        bytes
    };
    let at = start().len();
    let with = |words: &[u32]| {
        let mut bytes = start();
        words.iter().for_each(|word| LITTLE.u32(&mut bytes, *word));
        bytes
    };
    let mut too_many_interfaces = start();
    for _ in 0..65_536 {
        interface(LITTLE, &mut too_many_interfaces, 1, 0, &[]);
    }
    for (bytes, text) in [
        (with(&[6, 8, 8]), "a block states a length of 8 bytes, which is below the least possible"),
        (with(&[77, 13, 13, 13]), "a block states a length of 13 bytes, which is not a multiple of 4"),
        (
            with(&[77, 0xffff_fffc]),
            "a block states a length of 4294967292 bytes, which is more than the 16 MiB that can be",
        ),
        (with(&[77, 12, 16]), "a block states a length of 12 bytes at its beginning and of 16 at its end"),
        (with(&[6, 16, 0, 16]), "a block of type 0x6 is too short for its kind with 16 bytes"),
        (with(&[6, 28, 0, 0, 0, 0, 28]), "a block of type 0x6 is too short for its kind with 28 bytes"),
        (with(&[3, 12, 12]), "a block of type 0x3 is too short for its kind with 12 bytes"),
        (with(&[1, 16, 0, 16]), "a block of type 0x1 is too short for its kind with 16 bytes"),
        (with(&[6, 32, 0, 0, 0, 4, 4, 32]), "a packet claims 4 captured bytes where its block holds 0"),
        (
            with(&[6, 32, 0, 0, 0, u32::MAX, 4, 32]),
            "a record claims 4294967295 captured bytes, more than the 262144 that can be",
        ),
        (with(&[3, 16, 9, 16]), "a packet claims 9 captured bytes where its block holds 0"),
        (
            with(&[6, 32, 1, 0, 0, 0, 0, 32]),
            "a packet of interface 1, of which nothing is known: its section has described 1 so far",
        ),
        (
            with(&[1, 24, 1, 0, 0x00ff_0009, 24]),
            "the options of interface 1 overrun their block, so the unit of its times is unknown",
        ),
        (
            with(&[0x0a0d_0d0a, 28, 0xdead_beef, 1, 0, 0, 28]),
            "a section begins with 0xdeadbeef where the byte-order magic 0x1a2b3c4d should stand",
        ),
        (
            with(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 0x0001_0002, 0, 0, 28]),
            "a section of pcapng version 2.1, which is not known (known: 1.0)",
        ),
        (
            with(&[0x0a0d_0d0a, 24, 0x1a2b_3c4d, 1, 0, 24]),
            "a block of type 0xa0d0d0a is too short for its kind with 24 bytes",
        ),
    ] {
        assert_eq!(damaged(bytes), (1, format!("test: at byte {at}: {text}")));
    }
    let (packets, text) = damaged(too_many_interfaces);
    assert_eq!(packets, 1);
    assert!(text.ends_with("a section describes more than 65536 interfaces"));
    let mut no_interface = Vec::new();
    section(LITTLE, &mut no_interface);
    block(LITTLE, &mut no_interface, 3, &[0; 4]);
    assert!(
        damaged(no_interface)
            .1
            .ends_with("a packet of interface 0, of which nothing is known: its section has described 0 so far")
    );
}

#[test]
fn damage_in_packed_data_keeps_all_before_it() {
    // Bytes that pack evenly, so that half of what is packed is half of what is unpacked.
    let mut seed = 1_u64;
    let mut noise = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 60) as u8
    };
    let packets: Vec<_> = (0..2000).map(|index| (index * 1000, (0..500).map(|_| noise()).collect(), 0)).collect();
    let plain = pcap(LITTLE, true, &numbered(&packets, 1));
    for (format, packed, lost) in [("gzip", gzip(&plain, 1), 200), ("zstd", zstd(&plain, 1), 600)] {
        let half = packed.len() / 2;
        let (got, text) = damaged(packed[..half].to_vec());
        assert!(text.ends_with(&format!("cut short: the {format} data end early")), "{text}");
        assert!((1000 - lost..=1000).contains(&got), "{format}: {got}");
        let mut broken = packed.clone();
        broken[half..half + 400].fill(0xff);
        // What is unpacked of the damage itself may be bytes that are no records: then that is the damage.
        let (got, text) = damaged(broken);
        assert!(got >= 1000 - lost, "{format}: {got} {text}");
        let trailing = [packed, b"this is no packed data".to_vec()].concat();
        let (got, text) = damaged(trailing);
        assert_eq!(got, 2000);
        assert_eq!(
            text,
            format!("test: at byte {}: bytes that are not {format} follow the {format} data", plain.len())
        );
    }
    // The check sum of gzip comes after all is delivered.
    let mut packed = gzip(&plain, 1);
    let sum = packed.len() - 8;
    packed[sum] ^= 1;
    let (got, text) = damaged(packed);
    assert_eq!(got, 2000);
    assert!(text.contains("the gzip data are damaged: "), "{text}");
}

#[test]
fn a_block_of_zstd_is_there_though_the_one_behind_it_is_damaged() {
    let bytes = pcap(LITTLE, false, &three());
    // A frame without a length or a checksum, and a window of 1 MiB (RFC 8878 section 3.1.1.1); blocks that are not packed.
    let mut packed = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x50];
    let half = bytes.len() - 20;
    for part in [&bytes[..half], &bytes[half..]] {
        packed.extend(&(part.len() as u32 * 8).to_le_bytes()[..3]);
        packed.extend(part);
    }
    // A block of the reserved type (section 3.1.1.2.2), and what would be in it.
    packed.extend([6, 1, 0]);
    packed.extend([9; 40]);
    assert!(damaged(packed.clone()).1.contains("zstd"));
    for step in [1, 7, 64, packed.len()] {
        let choppy = Choppy { bytes: packed.clone(), at: 0, steps: vec![step], turn: 0 };
        let mut source = open_bytes("test", Box::new(choppy)).unwrap();
        assert_eq!(drain(&mut *source), three(), "read by {step}");
        assert_eq!(source.damage().len(), 1);
    }
}

#[test]
fn a_bomb_is_defused() {
    let mut plain = pcap_header(LITTLE, 0xa1b2_c3d4, (2, 4), 65_535, 1);
    plain.resize(300 << 20, 0);
    let mut best = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut best, &plain).unwrap();
    for (format, packed) in [("gzip", best.finish().unwrap()), ("zstd", zstd(&plain, 1))] {
        let allowed = (64 << 20) + 250 * packed.len();
        let mut source = open_bytes("test", Box::new(Cursor::new(packed))).unwrap();
        let (mut block, mut packets) = (wardtap_capture::Block::new(), 0);
        while source.fill(&mut block) {
            packets += block.records.len();
        }
        assert!(packets > (32 << 20) / 16 && packets < (allowed + (1 << 20)) / 16, "{format}: {packets}");
        let text = source.damage()[0].to_string();
        assert!(text.contains(&format!("the {format} data unpack to more than ")), "{text}");
    }
}

#[test]
fn a_zstd_window_beyond_the_limit_is_refused() {
    // A frame header that asks for a window of 2^41 bytes.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 31 << 3, 0x01, 0, 0];
    let text = refusal(&frame);
    let expected = "ward.pcap: cannot be unpacked: a zstd frame needs a window of 2097152 MiB, more than the 128 MiB that \
                    can be: pack it anew with a smaller one, for example zstd -dc --long=31 FILE | zstd -o SMALLER";
    assert_eq!(text, expected);
}

/// A capture of more than `window` octets, packed in a frame with that window, or in several with ever larger ones.
fn packed_with_windows(windows: &[u32]) -> Vec<u8> {
    let plain = pcap(LITTLE, true, &three());
    let mut packed = Vec::new();
    for (part, log) in plain.chunks(plain.len().div_ceil(windows.len())).zip(windows) {
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(*log).unwrap();
        // Without its size the content could not be taken for the window.
        encoder.include_contentsize(false).unwrap();
        std::io::Write::write_all(&mut encoder, part).unwrap();
        packed.extend(encoder.finish().unwrap());
    }
    packed
}

#[test]
fn a_zstd_window_is_bounded_by_whoever_opens() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("ward.pcap.zst");
    let open = |bytes: &[u8], window| {
        std::fs::write(&path, bytes).unwrap();
        open_within(std::slice::from_ref(&path), Bounds { zstd_window: window, ..Bounds::default() })
    };
    let one = packed_with_windows(&[22]);
    assert_eq!(crate::writer::drain(&mut *open(&one, 1 << 22).unwrap()).len(), 3);
    let text = open(&one, (1 << 22) - 1).err().unwrap().to_string();
    let expected = "cannot be unpacked: a zstd frame needs a window of 4 MiB, more than the 2 MiB that --memory leaves \
                    for it: raise --memory (512M is enough), or pack it anew with a smaller one, for example \
                    zstd -dc --long=31 FILE | zstd -o SMALLER";
    assert_eq!(text, format!("{}: {expected}", path.display()));
    // A later frame is damage: what precedes it was delivered.
    let mut source = open(&packed_with_windows(&[20, 24]), 1 << 22).unwrap();
    assert!(crate::writer::drain(&mut *source).len() < 3);
    let reason = &source.damage()[0].reason;
    assert_eq!(*reason, DamageReason::PackedWindow { window: 1 << 24, limit: 1 << 22 });
}

/// Some bytes, then a fault of the system.
struct Failing(Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(std::io::Error::other("the disk is on fire")),
            read => Ok(read),
        }
    }
}

#[test]
fn a_read_that_fails_is_damage_with_its_reason() {
    let plain = pcap(LITTLE, false, &three());
    for bytes in [plain.clone(), gzip(&plain, 1), zstd(&plain, 1)] {
        let mut source = open_bytes("test", Box::new(Failing(Cursor::new(bytes)))).unwrap();
        assert_eq!(crate::writer::drain(&mut *source).len(), 3);
        assert_eq!(
            source.damage()[0].to_string(),
            format!("test: at byte {}: reading failed: the disk is on fire", plain.len())
        );
    }
    let error = open_bytes("test", Box::new(Failing(Cursor::new(vec![])))).err().unwrap();
    assert!(matches!(error, CaptureError::Io { .. }));
    assert_eq!(
        error.to_string(),
        "test: cannot be read: the disk is on fire: copy it again, or read it from another place"
    );
}
