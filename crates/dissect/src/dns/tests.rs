use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const UDP: FlowFacts = FlowFacts {
    ports: [40_000, 53],
    originator: None,
    from_start: [false; 2],
    requester: None,
    transport: Transport::Udp,
};

const TCP: FlowFacts = FlowFacts { transport: Transport::Tcp, from_start: [true; 2], originator: Some(Side::A), ..UDP };

fn name(text: &str) -> Vec<u8> {
    let labels = text.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> =
        labels.flat_map(|label| [vec![label.len() as u8], label.as_bytes().to_vec()].concat()).collect();
    bytes.push(0);
    bytes
}

fn header(id: u16, flags: u16, counts: [u16; 4]) -> Vec<u8> {
    [id, flags].iter().chain(&counts).flat_map(|word| word.to_be_bytes()).collect()
}

fn question(id: u16, flags: u16, of: &str, kind: u16, class: u16) -> Vec<u8> {
    [header(id, flags, [1, 0, 0, 0]), name(of), kind.to_be_bytes().to_vec(), class.to_be_bytes().to_vec()].concat()
}

/// A record whose name points to the question's.
fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xc0, 12];
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 1, 0]);
    bytes.extend((data.len() as u16).to_be_bytes());
    bytes.extend(data);
    bytes
}

fn with_counts(mut message: Vec<u8>, counts: [u16; 4]) -> Vec<u8> {
    let counts: Vec<u8> = counts.iter().flat_map(|count| count.to_be_bytes()).collect();
    message[4..12].copy_from_slice(&counts);
    message
}

fn answer(id: u16, flags: u16, of: &str, kind: u16, records: &[Vec<u8>]) -> Vec<u8> {
    let message = [question(id, flags, of, kind, 1), records.concat()].concat();
    with_counts(message, [1, records.len() as u16, 0, 0])
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes()[..], message].concat()
}

fn read(flow: &FlowFacts, steps: &[(Side, Vec<u8>)]) -> Transcript {
    let steps: Vec<Step> = steps.iter().map(|(side, bytes)| Step::Bytes(*side, bytes.clone())).collect();
    for lengths in [&[1usize][..], &[3, 50], &[2, 13, 1]] {
        exercise(flow, &steps, lengths);
    }
    exercise(flow, &steps, &[7])
}

#[test]
fn an_answer_belongs_to_its_question_and_no_name_leaves() {
    let edns = [vec![0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]].concat();
    let ask = with_counts([question(7, 0x0120, "canary.example.org", 28, 1), edns].concat(), [1, 0, 0, 1]);
    let found = read(
        &UDP,
        &[
            (Side::A, ask),
            (Side::B, answer(7, 0x8580, "canary.example.org", 28, &[record(28, &[1; 16]), record(28, &[2; 16])])),
            (Side::B, answer(7, 0x8583, "canary.example.org", 28, &[])),
        ],
    );
    assert_eq!(
        found.messages,
        [
            r#"A dns query request 47 {"kind":"query","type":"AAAA","name_length":18,"labels":3,"edns":1232,"recursion":true}"#,
            r#"B dns response response 92 positive paired {"kind":"response","type":"AAAA","code":"NoError","answer_bytes":56,"answers":2,"authoritative":true,"recursion":true}"#,
            r#"B dns response response 36 {"kind":"response","type":"AAAA","code":"NXDomain","answer_bytes":0,"answers":0,"authoritative":true,"recursion":true}"#,
        ]
    );
    assert!(found.anomalies.is_empty() && !format!("{found:?}").contains("canary"));
}

#[test]
fn what_is_asked_again_was_asked_the_first_time() {
    let ask = question(7, 0x0100, "a.b", 1, 1);
    let found = read(
        &UDP,
        &[
            (Side::A, ask.clone()),
            (Side::A, ask),
            (Side::B, answer(7, 0x8180, "a.b", 1, &[])),
            (Side::B, answer(7, 0x8180, "a.b", 1, &[])),
        ],
    );
    let paired: Vec<bool> = found.messages.iter().map(|line| line.contains(" paired ")).collect();
    assert_eq!(paired, [false, false, true, false]);
}

#[test]
fn codes_and_kinds_have_their_names() {
    // BADVERS is 16: 1 in the OPT record, 0 in the header.
    let bad_version = [question(1, 0x8000, "a", 1, 1), vec![0, 0, 41, 2, 0, 1, 0, 0, 0, 0, 0]].concat();
    for (message, starts) in [
        (
            with_counts(bad_version, [1, 0, 0, 1]),
            r#"dns response response 30 {"kind":"response","type":"A","code":"BADVERS""#,
        ),
        (
            question(1, 0x8005, "a", 252, 1),
            r#"dns response response 19 negative {"kind":"response","type":"AXFR","code":"Refused""#,
        ),
        (question(1, 0x8005, "a", 1, 1), r#"dns response response 19 {"kind":"response","type":"A","code":"Refused""#),
        (question(1, 0x2400, "a", 6, 1), r#"dns notify request 19 {"kind":"notify","type":"SOA","name_length":1"#),
        (question(1, 0xa805, "a", 6, 1), r#"dns update response 19 {"kind":"update","type":"SOA","code":"Refused""#),
        (question(1, 0x1000, "a", 6, 1), r#"dns other-opcode request 19 {"#),
        (question(1, 0, "a", 4321, 7), r#"dns query request 19 {"kind":"query","type":"other","class":"other""#),
        (question(1, 0, "", 2, 1), r#"dns query request 17 {"kind":"query","type":"NS","name_length":0,"labels":0"#),
    ] {
        let found = read(&UDP, &[(Side::A, message)]);
        assert!(found.messages[0][2..].starts_with(starts), "{found:?}");
    }
}

#[test]
fn a_server_that_tells_its_version_is_known_by_it() {
    let told = |of: &str, text: &str| {
        let mut data = vec![text.len() as u8];
        data.extend(text.as_bytes());
        let message = [question(1, 0x8580, of, 16, 3), record(16, &data)].concat();
        read(&UDP, &[(Side::B, with_counts(message, [1, 1, 0, 0]))]).clues
    };
    assert_eq!(told("Version.BIND", "dnsmasq-2.90"), ["B dns-software dnsmasq-2.90"]);
    assert_eq!(told("version.bind", "ask admin@example"), Vec::<String>::new());
    assert_eq!(told("hostname.bind", "CANARY"), Vec::<String>::new());
}

#[test]
fn names_that_point_anywhere_end() {
    // To itself, forwards, into the header, to a pointer that points back to it.
    for pointer in [[0xc0, 12], [0xc0, 40], [0xc0, 3], [0xff, 0xff]] {
        let message = [header(1, 0, [1, 0, 0, 0]), pointer.to_vec(), vec![0, 1, 0, 1]].concat();
        assert_eq!(read(&UDP, &[(Side::A, message)]).protocol, None, "{pointer:?}");
    }
    // An owner's name that points forwards, a reserved label, one that is too long.
    let long = [&[63; 4 * 64][..], &[0]].concat();
    for owner in [vec![0xc0, 200], vec![0x80, 0], vec![0x40, 0], long] {
        let rest = [owner, vec![0, 1, 0, 1, 0, 0, 0, 0, 0, 0]].concat();
        let message = with_counts([question(1, 0x8000, "a.b", 1, 1), rest].concat(), [1, 1, 0, 0]);
        let found = read(&UDP, &[(Side::B, message)]);
        assert_eq!((found.messages.len(), &found.anomalies[..]), (1, &["malformed"][..]));
    }
    // A question that points to the one before it is measured through the pointer.
    let twice = [question(1, 0, "ab.cde", 1, 1), vec![2, b'x', b'y', 0xc0, 12, 0, 1, 0, 1]].concat();
    let found = read(&UDP, &[(Side::A, with_counts(twice, [2, 0, 0, 0]))]);
    assert!(found.messages[0].contains(r#""name_length":6,"labels":2,"questions":2"#), "{found:?}");
}

#[test]
fn a_datagram_captured_short_is_incomplete_and_more_than_the_records_is_told() {
    let whole = answer(7, 0x8180, "www.example.org", 1, &[record(1, &[1, 2, 3, 4])]);
    for length in 12 + 17 + 4..whole.len() {
        let found = read(&UDP, &[(Side::B, whole[..length].to_vec())]);
        assert!(found.messages[0].contains(" incomplete ") && found.anomalies.is_empty(), "{length}: {found:?}");
    }
    let first = (Side::A, question(7, 0x0100, "www.example.org", 1, 1));
    for length in 0..12 + 17 + 4 {
        let found = read(&UDP, &[first.clone(), (Side::B, whole[..length].to_vec())]);
        assert_eq!((found.messages.len(), &found.anomalies[..]), (1, &["not-dns"][..]), "{length}");
    }
    let behind = [whole, b"CANARY".to_vec()].concat();
    assert_eq!(read(&UDP, &[(Side::B, behind)]).anomalies, ["octets-behind"]);
}

#[test]
fn on_another_port_only_a_whole_message_names_it() {
    let flow = FlowFacts { ports: [40_000, 40_001], ..UDP };
    let named = |flow: &FlowFacts, bytes: Vec<u8>| read(flow, &[(Side::A, bytes)]).protocol;
    let ask = question(7, 0x0100, "www.example.org", 1, 1);
    assert_eq!(named(&flow, ask.clone()), Some("dns"));
    assert_eq!(named(&flow, answer(7, 0x8180, "www.example.org", 1, &[record(1, &[1; 4])])), Some("dns"));
    // Who scans asks servers for their version.
    let version = question(7, 0x0100, "version.bind", 16, 3);
    assert_eq!(named(&flow, version.clone()), Some("dns"));
    assert_eq!(named(&FlowFacts { transport: Transport::Tcp, ..flow }, framed(&version)), Some("dns"));
    for other in [
        ask[..ask.len() - 1].to_vec(),
        [ask.clone(), vec![0]].concat(),
        question(7, 0x0100, "www.example.org", 1, 3),
        question(7, 0x0100, "www.example.org", 32, 1),
        question(7, 0x0140, "www.example.org", 1, 1),
        question(7, 0x0103, "www.example.org", 1, 1),
        question(7, 0x0100, "", 1, 1),
        question(7, 0x0100, "w w", 1, 1),
    ] {
        assert_eq!(named(&flow, other.clone()), None, "{other:02x?}");
        if other.len() != ask.len() + 1 {
            assert_eq!(named(&FlowFacts { transport: Transport::Tcp, ..flow }, framed(&other)), None, "{other:02x?}");
        }
    }
    for port in [137, 5353, 5355] {
        assert_ne!(named(&FlowFacts { ports: [40_000, port], ..UDP }, ask.clone()), Some("dns"), "{port}");
    }
}

#[test]
fn over_tcp_messages_follow_one_another() {
    let long: Vec<Vec<u8>> = (0..40).map(|_| record(16, &[200; 201])).collect();
    for flow in [TCP, FlowFacts { ports: [40_000, 5300], ..TCP }] {
        let found = read(
            &flow,
            &[
                (
                    Side::A,
                    [framed(&question(1, 0x0100, "a.b", 252, 1)), framed(&question(2, 0x0100, "c", 16, 1))].concat(),
                ),
                (
                    Side::B,
                    [framed(&answer(1, 0x8180, "a.b", 252, &long)), framed(&answer(2, 0x8180, "c", 16, &[]))].concat(),
                ),
            ],
        );
        assert_eq!(found.messages.len(), 4, "{found:?}");
        assert!(found.messages[2].starts_with("B dns response response 8541 positive paired"), "{found:?}");
        assert!(found.messages[2].contains(r#""answer_bytes":8520,"answers":40"#), "{found:?}");
        assert!(found.messages[3].contains("paired") && found.anomalies.is_empty());
        assert!(found.held_max < 8192, "{}", found.held_max);
    }
}

#[test]
fn over_tcp_a_length_that_no_message_has_ends_it() {
    let bytes = [framed(&question(1, 0x0100, "a.b", 1, 1)), vec![0, 5, 1, 2, 3, 4, 5], vec![0; 200]].concat();
    let found = read(&TCP, &[(Side::A, bytes)]);
    assert_eq!((found.messages.len(), &found.anomalies[..]), (1, &["not-dns"][..]));
}

#[test]
fn over_tcp_a_gap_shortens_the_message_that_it_is_in() {
    let first = framed(&answer(1, 0x8180, "a.b", 16, &[record(16, &[9; 100]), record(16, &[8; 100])]));
    let second = framed(&answer(2, 0x8180, "c", 1, &[record(1, &[1; 4])]));
    let exchange = |missing, from: usize| {
        let steps = [
            Step::Bytes(Side::A, framed(&question(1, 0x0100, "a.b", 16, 1))),
            Step::Bytes(Side::B, first[..60].to_vec()),
            Step::Gap(Side::B, missing),
            Step::Bytes(Side::B, [&first[from..], &second[..]].concat()),
        ];
        exercise(&TCP, &steps, &[1]);
        exercise(&TCP, &steps, &[5, 17])
    };
    // Of known length; unknown, but a message begins behind it; unknown, and none does.
    for (missing, from, told) in [(Some(50), 110, 3), (None, first.len(), 3), (None, 110, 2)] {
        let found = exchange(missing, from);
        assert_eq!(found.messages.len(), told, "{missing:?} {from}: {found:?}");
        assert!(found.messages[1].contains(" incomplete paired "), "{found:?}");
    }
    // Behind what is looked at nothing is lost.
    let long: Vec<Vec<u8>> = (0..40).map(|_| record(16, &[200; 201])).collect();
    let long = framed(&answer(1, 0x8180, "a.b", 252, &long));
    let steps = [
        Step::Bytes(Side::B, long[..5000].to_vec()),
        Step::Gap(Side::B, Some(long.len() as u64 - 5000)),
        Step::Bytes(Side::B, second),
    ];
    let found = exercise(&TCP, &steps, &[999]);
    assert!(found.messages.len() == 2 && !format!("{:?}", found.messages).contains("incomplete"), "{found:?}");
}

#[test]
fn one_direction_and_the_middle_of_a_stream() {
    let midstream = FlowFacts { from_start: [false; 2], originator: None, ..TCP };
    let found = read(&midstream, &[(Side::B, framed(&answer(2, 0x8180, "c", 1, &[record(1, &[1; 4])])))]);
    assert_eq!((found.messages.len(), found.protocol), (1, Some("dns")));
    // The other end is seen from the middle of a message on.
    let found = read(&midstream, &[(Side::A, framed(&question(1, 0x0100, "a.b", 1, 1))), (Side::B, vec![7; 100])]);
    assert_eq!((found.messages.len(), found.anomalies.len()), (1, 0), "{found:?}");
}

#[test]
fn other_things_on_the_port_are_not_dns() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"SSH-2.0-x\r\n",
        &[0; 64],
        &[0xff; 64],
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
    ] {
        assert_ne!(read(&TCP, &[(Side::A, bytes.to_vec())]).protocol, Some("dns"), "{bytes:?}");
        assert_ne!(read(&UDP, &[(Side::A, [bytes, &[0xff; 40]].concat())]).protocol, Some("dns"), "{bytes:?}");
    }
}
