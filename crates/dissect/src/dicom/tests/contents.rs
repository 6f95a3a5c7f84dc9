//! The first octets of data sets: query levels, programs, and nothing else.

use super::super::content::{Encoding, Query, QueryLevel, executable};
use super::wire::*;
use crate::dicom::MATCHING;
use crate::{Finding, NO_VALUE};
use wardtap_net::stream::Side;

fn windows_program() -> Vec<u8> {
    let mut bytes = vec![0; 1024];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[2..10].copy_from_slice(&[0x90, 0, 3, 0, 0, 0, 4, 0]);
    bytes[0x18] = 0x40;
    bytes[0x3c] = 0xf0;
    bytes[0xf0..0xf4].copy_from_slice(b"PE\0\0");
    bytes
}

#[test]
fn programs_are_found() {
    let mut far = windows_program();
    far[0x3c..0x3e].copy_from_slice(&[0, 8]);
    let mut dos = windows_program();
    dos[0x3c] = 0;
    dos[0x4e..0x5a].copy_from_slice(b"This program");
    let elf = [&b"\x7fELF\x02\x01\x01"[..], &[0; 600]].concat();
    let mach = [&[0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1, 3, 0, 0, 0, 2, 0, 0, 0][..], &[0; 600]].concat();
    let fat = [&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2, 1, 0, 0, 7][..], &[0; 600]].concat();
    let java = [&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52][..], &[0; 600]].concat();
    let script = b"#!/bin/sh\nid\n".to_vec();
    for (bytes, format) in [
        (windows_program(), "Windows PE"),
        (far, "Windows PE"),
        (dos, "DOS program"),
        (elf, "ELF"),
        (mach, "Mach-O"),
        (fat, "Mach-O"),
        (java, "Java class"),
        (script, "script"),
    ] {
        let seen = told(&[a(data(1, 3, &store_rq(1))), a(data(1, 2, &bytes))]);
        assert_eq!(seen.findings, [Finding::Executable { side: Side::A, format, place: "at the start of a data set" }]);
        assert_eq!(seen.messages.len(), 1);
        // In pieces, it is the same.
        let (x, y) = bytes.split_at(7);
        let seen = told(&[a(data(1, 3, &store_rq(1))), a(data(1, 0, x)), a(data(1, 0, y)), a(data(1, 2, &[]))]);
        assert_eq!(seen.findings.len(), 1, "{format}");
    }
}

#[test]
fn paths_where_uids_belong_are_found() {
    let naming = |field: u16, element: u16, uid: &str| {
        let named = text(element, uid);
        command(&[
            text(0x0002, CT),
            number(0x0100, field),
            number(0x0110, 7),
            number(0x0700, 1),
            number(0x0800, 0x0101),
            named,
        ])
    };
    let found = |field, element, uid: &str| told(&[a(data(1, 3, &naming(field, element, uid)))]).findings;
    let path = |place| [Finding::Path { side: Side::A, place }];
    for uid in ["../x", "..\\..\\wwwroot\\x.aspx", "/etc/cron.d/x"] {
        assert_eq!(found(0x0001, 0x1000, uid), path("Affected SOP Instance UID"), "{uid}");
        assert_eq!(found(0x0120, 0x1001, uid), path("Requested SOP Instance UID"), "{uid}");
        assert_eq!(found(0x8001, 0x1000, uid), [], "who answers says it again");
    }
    for uid in ["1.2.3", "1.2.3 ", "1.02.A", ""] {
        assert_eq!(found(0x0001, 0x1000, uid), [], "{uid:?}");
    }
}

#[test]
fn programs_in_preambles_are_found() {
    for (magic, format) in
        [(&b"MZ\x90\0"[..], "Windows PE"), (b"\x7fELF\x01\x01\x01", "ELF"), (b"#!/bin/sh\n", "script")]
    {
        let mut file = vec![0; 128];
        file[..magic.len()].copy_from_slice(magic);
        file.extend(b"DICM");
        file.extend(patient(900));
        let seen = told(&[a(data(1, 3, &store_rq(1))), a(data(1, 2, &file))]);
        assert_eq!(
            seen.findings,
            [Finding::Executable { side: Side::A, format, place: "in the preamble of a DICOM file" }]
        );
    }
    for start in [&b"\0\0\0\0"[..], b"II*\0", b"MM\0*", b"II\x2b\0"] {
        let mut file = start.to_vec();
        file.resize(128, 0);
        file.extend(b"DICM");
        file.extend(patient(900));
        assert_eq!(executable(&file, None), None);
    }
}

#[test]
fn ordinary_data_sets_are_not_programs() {
    let rest = [0x5a; 600];
    // Every even group, whose first element is a tag in either byte order.
    for group in (0u16..=0xfffe).step_by(2) {
        for tag in [group.to_le_bytes(), group.to_be_bytes()] {
            let mut start = tag.to_vec();
            start.extend([0, 0, b'U', b'L', 4, 0]);
            start.extend(rest);
            assert_eq!(executable(&start, None), None, "{group:04x}");
        }
    }
    // What merely begins alike: deflated bytes, private groups, text.
    let mut mz = b"MZ".to_vec();
    mz.extend(rest);
    let mut zeros = b"MZ".to_vec();
    zeros.resize(600, 0);
    for start in [
        &mz[..],
        &zeros,
        b"MZ",
        b"#!",
        b"#! not a path\n",
        b"#!/\x00\x01\n",
        b"\x7fELF",
        b"\x7fELF\x09\x09\x09",
        b"\xca\xfe\xba\xbe\xff\xff\xff\xff\0\0\0\0",
        b"\xfe\xed\xfa\xce\0\0\0\0\0\0\0\0\0\0\0\0",
        b"",
    ] {
        assert_eq!(executable(start, None), None, "{start:?}");
    }
}

#[test]
fn a_program_behind_a_hole_is_not_guessed() {
    let bytes = data(1, 2, &windows_program());
    let steps =
        [a(data(1, 3, &store_rq(1))), a(&bytes[..12]), crate::exercise::Step::Gap(Side::A, Some(2)), a(&bytes[14..])];
    assert!(told(&steps).findings.is_empty());
}

#[test]
fn levels_in_every_encoding() {
    let explicit_query = |big| {
        let mut bytes = explicit(big, 8, 0x0005, b"CS", b"ISO_IR 100");
        bytes.extend(explicit(big, 8, 0x0050, b"SH", b""));
        bytes.extend(explicit(big, 8, 0x0052, b"CS", b"IMAGE "));
        bytes
    };
    for (bytes, encoding) in [
        (query("IMAGE"), Encoding::ImplicitLittle),
        (explicit_query(false), Encoding::ExplicitLittle),
        (explicit_query(true), Encoding::ExplicitBig),
    ] {
        let level = |bytes, encoding| Query::of(bytes, encoding, true).level;
        assert_eq!(level(&bytes, Some(encoding)), Some(QueryLevel::Image));
        assert_eq!(level(&bytes, None), Some(QueryLevel::Image));
        for length in 0..bytes.len().min(30) {
            assert_eq!(level(&bytes[..length], None), None);
        }
    }
    assert_eq!(Encoding::of(BIG.as_bytes()), Encoding::ExplicitBig);
    assert_eq!(Query::of(&query("IMAGE"), Some(Encoding::Deflated), true), Query::default());
}

#[test]
fn a_query_that_nothing_narrows_down_is_one_of_all() {
    let of = |rest: &[(u16, u16, &[u8])]| {
        let rest = rest.iter().map(|(group, number, value)| implicit(*group, *number, value));
        let head = [implicit(8, 0x0005, b"ISO_IR 100"), implicit(8, 0x0052, b"STUDY ")];
        head.into_iter().chain(rest).flatten().collect::<Vec<u8>>()
    };
    let matching = |identifier: Vec<u8>| {
        let seen = told(&[a(data(3, 3, &request(0x0020, 2, STUDY_ROOT_FIND, true))), a(data(3, 2, &identifier))]);
        seen.features.last().unwrap()[MATCHING] != NO_VALUE
    };
    assert!(matching(of(&[])));
    assert!(matching(of(&[(0x10, 0x0010, b"* "), (0x10, 0x0020, b""), (0x20, 0x000d, b"")])));
    assert!(!matching(of(&[(0x10, 0x0010, b"CANARY*")])), "some");
    assert!(!matching(of(&[(8, 0x0020, b"20260921")])), "of a day");
    assert!(!matching(of(&[(8, 0x0051, b"")])[2..].to_vec()), "what cannot be read");
    assert!(!matching(of(&[(0x10, 0x0010, b"")]).into_iter().rev().skip(1).rev().collect()), "what was cut off");
    assert!(!matching(of(&[(0x10, 0x4000, &[b' '; 600])])), "what is too long to be looked at");
}

#[test]
fn a_level_is_one_of_four_words() {
    for value in [CANARIES[0], CANARIES[1], "", "STUDY\\SERIES", "study", "PATIENTS"] {
        let seen = told(&[a(data(3, 3, &request(0x0020, 2, STUDY_ROOT_FIND, true))), a(data(3, 2, &query(value)))]);
        assert_eq!(field(&seen.messages[0], "dimse.query_level"), serde_json::Value::Null);
    }
    // Only where it is expected: neither behind its place nor too far into the data set.
    let late = [implicit(8, 0x0005, &[b'x'; 600]), implicit(8, 0x0052, b"STUDY ")].concat();
    let behind = [implicit(0x10, 0x0010, b"X "), implicit(8, 0x0052, b"STUDY ")].concat();
    for bytes in [late, behind] {
        let seen = told(&[a(data(3, 3, &request(0x0020, 2, STUDY_ROOT_FIND, true))), a(data(3, 2, &bytes))]);
        assert_eq!(field(&seen.messages[0], "dimse.query_level"), serde_json::Value::Null);
    }
}
