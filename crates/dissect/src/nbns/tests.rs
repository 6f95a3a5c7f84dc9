use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [137, 137],
    originator: None,
    from_start: [false; 2],
    requester: None,
    transport: Transport::Udp,
};

fn name(text: &[u8], fill: u8, suffix: u8) -> Vec<u8> {
    let mut plain = text.to_vec();
    plain.resize(15, fill);
    plain.push(suffix);
    let letters = plain.iter().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]);
    [32].into_iter().chain(letters).chain([0]).collect()
}

fn header(flags: u16, counts: [u16; 4]) -> Vec<u8> {
    [7, flags].iter().chain(&counts).flat_map(|word| word.to_be_bytes()).collect()
}

fn question(flags: u16, of: &[u8], kind: u8) -> Vec<u8> {
    [&header(flags, [1, 0, 0, 0])[..], of, &[0, kind, 0, 1]].concat()
}

fn answer(flags: u16, of: &[u8], kind: u8, data: &[u8]) -> Vec<u8> {
    [&header(flags, [0, 1, 0, 0])[..], of, &[0, kind, 0, 1, 0, 0, 0, 9, 0, data.len() as u8], data].concat()
}

fn read(steps: &[(Side, Vec<u8>)]) -> Transcript {
    let steps: Vec<Step> = steps.iter().map(|(side, bytes)| Step::Bytes(*side, bytes.clone())).collect();
    exercise(&FLOW, &steps, &[1])
}

#[test]
fn names_are_told_by_their_role() {
    let server = name(b"CANARY", b' ', 0x20);
    let found = read(&[
        (Side::A, question(0x0110, &server, 0x20)),
        (Side::B, answer(0x8580, &server, 0x20, &[0, 0, 10, 0, 0, 1])),
        (Side::A, question(0, &name(b"*", 0, 0), 0x21)),
        (Side::B, answer(0x8400, &name(b"*", 0, 0), 0x21, &[3, 1, 2])),
    ]);
    assert_eq!(
        found.messages,
        [
            r#"A nbns name-query request 50 {"kind":"name-query","role":"file-server","broadcast":true}"#,
            r#"B nbns name-query response 62 positive paired {"kind":"name-query","role":"file-server","code":"none"}"#,
            r#"A nbns status request 50 {"kind":"status","role":"any"}"#,
            r#"B nbns status response 59 positive paired {"kind":"status","role":"any","code":"none","names":3}"#,
        ]
    );
}

#[test]
fn kinds_and_roles_have_their_names() {
    let registration = |opcode: u16, of: &[u8]| {
        let with = [
            &question(opcode << 11, of, 0x20)[12..],
            &[0xc0, 12, 0, 0x20, 0, 1, 0, 0, 0, 9, 0, 6, 0xe0, 0, 10, 0, 0, 1],
        ]
        .concat();
        [header(opcode << 11, [1, 0, 0, 1]), with].concat()
    };
    let user = name(b"CANARY", b' ', 3);
    for (bytes, ends) in [
        (registration(5, &user), r#"{"kind":"registration","role":"messenger","group":true}"#),
        (
            registration(15, &name(b"\x01\x02__MSBROWSE__\x02", b' ', 1)),
            r#"{"kind":"registration","role":"master-browsers","group":true}"#,
        ),
        (
            registration(8, &name(b"CANARY", b' ', 0x1c)),
            r#"{"kind":"refresh","role":"domain-controllers","group":true}"#,
        ),
        (registration(6, &name(b"CANARY", b' ', 0x77)), r#"{"kind":"release","role":"other","group":true}"#),
        (question(0x3800, &user, 0x20), r#"{"kind":"wait","role":"messenger"}"#),
        (question(0x1000, &user, 0x20), r#"{"kind":"other-opcode","role":"messenger"}"#),
        (question(0, &name(b"wpad", b' ', 0), 0x20), r#"{"kind":"name-query","role":"workstation","proxy":true}"#),
        (answer(0xad86, &user, 0x20, &[]), r#"{"kind":"registration","role":"messenger","code":"active"}"#),
    ] {
        let found = read(&[(Side::A, bytes)]);
        assert!(found.messages[0].ends_with(ends) && found.anomalies.is_empty(), "{found:?}");
        assert!(!format!("{found:?}").contains("CANARY"));
    }
}

#[test]
fn a_name_that_a_host_registers_for_itself_is_shown_where_its_maker_gave_it() {
    let registers = |text: &[u8], suffix: u8, flags: u8| {
        let question = &question(5 << 11, &name(text, b' ', suffix), 0x20)[12..];
        let with = [question, &[0xc0, 12, 0, 0x20, 0, 1, 0, 0, 0, 9, 0, 6, flags, 0, 10, 0, 0, 1]].concat();
        read(&[(Side::A, [header(5 << 11, [1, 0, 0, 1]), with].concat())]).clues
    };
    assert_eq!(registers(b"NPI3F02AB", 0x20, 0), ["A host-name NPI3F02AB"]);
    assert_eq!(registers(b"DESKTOP-4K2QJ7A", 0, 0), ["A host-name DESKTOP-4K2QJ7A"]);
    assert_eq!(registers(b"CANARY", 0, 0), ["A host-name (withheld)"]);
    // A group's; a user's.
    assert_eq!(registers(b"NPI3F02AB", 0, 0x80), [""; 0]);
    assert_eq!(registers(b"NPI3F02AB", 3, 0), [""; 0]);
}

#[test]
fn only_encoded_names_name_it() {
    let whole = question(0x0110, &name(b"CANARY", b' ', 0x20), 0x20);
    for length in 0..whole.len() {
        assert_eq!(read(&[(Side::A, whole[..length].to_vec())]).protocol, None);
    }
    for other in
        [[&[32][..], &[b'Q'; 32], &[0]].concat(), [&[31][..], &[b'A'; 31], &[0]].concat(), vec![0], vec![0xc0, 12]]
    {
        assert_eq!(read(&[(Side::A, question(0, &other, 0x20))]).protocol, None, "{other:?}");
    }
    let short = answer(0x8580, &name(b"X", b' ', 0), 0x20, &[0; 6]);
    let found = read(&[
        (Side::A, whole.clone()),
        (Side::B, short[..52].to_vec()),
        (Side::B, vec![0; 9]),
        (Side::A, question(0, &[0], 0x20)),
    ]);
    assert!(found.messages[1].contains(" incomplete ") && found.anomalies == ["not-nbns"], "{found:?}");
    // A name of another form has no role.
    assert!(found.messages[2].ends_with(r#"{"kind":"name-query"}"#), "{found:?}");
}
