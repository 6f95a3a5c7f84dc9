use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [40_000, 161],
    originator: None,
    from_start: [false; 2],
    requester: None,
    transport: Transport::Udp,
};

fn element(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    let contents = parts.concat();
    let length = contents.len();
    let head = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, contents].concat()
}

fn integer(value: u8) -> Vec<u8> {
    vec![2, 1, value]
}

fn string(text: &[u8]) -> Vec<u8> {
    element(4, &[text.to_vec()])
}

fn oid(text: &str) -> Vec<u8> {
    let arcs: Vec<u32> = text.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut bytes = Vec::new();
    for arc in [arcs[0] * 40 + arcs[1]].iter().chain(&arcs[2..]) {
        let sevens: Vec<u8> = (0..5).rev().map(|place| (arc >> (7 * place) & 0x7f) as u8).collect();
        let start = sevens.iter().position(|seven| *seven != 0).unwrap_or(4);
        bytes.extend(sevens[start..4].iter().map(|seven| seven | 0x80).chain([sevens[4]]));
    }
    element(6, &[bytes])
}

fn binding(of: &str, value: &[u8]) -> Vec<u8> {
    element(0x30, &[oid(of), value.to_vec()])
}

fn pdu(tag: u8, id: u8, [status, index]: [u8; 2], bindings: &[Vec<u8>]) -> Vec<u8> {
    element(tag, &[integer(id), integer(status), integer(index), element(0x30, bindings)])
}

fn message(version: u8, community: &str, pdu: Vec<u8>) -> Vec<u8> {
    element(0x30, &[integer(version), string(community.as_bytes()), pdu])
}

const NULL: &[u8] = &[5, 0];
const DESCRIPTION: &str = "1.3.6.1.2.1.1.1.0";

fn read(flow: &FlowFacts, steps: &[(Side, Vec<u8>)]) -> Transcript {
    let steps: Vec<Step> = steps.iter().map(|(side, bytes)| Step::Bytes(*side, bytes.clone())).collect();
    exercise(flow, &steps, &[1])
}

fn described(text: &[u8]) -> Vec<String> {
    let answer = message(1, "public", pdu(0xa2, 7, [0, 0], &[binding(DESCRIPTION, &string(text))]));
    read(&FLOW, &[(Side::B, answer)]).clues
}

#[test]
fn who_asks_what_by_which_community() {
    let enterprise = "1.3.6.1.4.1.4294967295.1";
    let found = read(
        &FLOW,
        &[
            (Side::A, message(0, "public", pdu(0xa0, 1, [0, 0], &[binding(DESCRIPTION, NULL), binding("1.3", NULL)]))),
            (Side::B, message(0, "public", pdu(0xa2, 1, [2, 1], &[binding(DESCRIPTION, NULL)]))),
            (Side::A, message(1, "CANARY", pdu(0xa3, 2, [0, 0], &[binding(enterprise, &string(b"CANARY"))]))),
            (Side::B, message(1, "CANARY", pdu(0xa2, 2, [2, 1], &[binding(enterprise, NULL)]))),
            (Side::A, message(1, "private", pdu(0xa5, 3, [0, 50], &[binding("1.3.6.1.2.1.43.5", NULL)]))),
            (Side::B, message(1, "private", pdu(0xa2, 3, [0, 0], &[]))),
        ],
    );
    assert_eq!(
        found.messages,
        [
            r#"A snmp get request 47 {"kind":"get","version":"1","community":"public","subtree":"system","varbinds":2}"#,
            r#"B snmp response response 40 paired {"kind":"response","version":"1","community":"public","subtree":"system","error":"noSuchName","varbinds":1}"#,
            r#"A snmp set request 49 {"kind":"set","version":"2c","community":"other","subtree":"enterprises.4294967295","varbinds":1}"#,
            r#"B snmp response response 43 negative paired {"kind":"response","version":"2c","community":"other","subtree":"enterprises.4294967295","error":"noSuchName","varbinds":1}"#,
            r#"A snmp get-bulk request 40 {"kind":"get-bulk","version":"2c","community":"private","subtree":"printer","varbinds":1,"repetitions":50}"#,
            r#"B snmp response response 27 positive paired {"kind":"response","version":"2c","community":"private","error":"noError","varbinds":0}"#,
        ]
    );
    assert!(found.anomalies.is_empty() && !format!("{found:?}").contains("CANARY"));
}

#[test]
fn traps_say_which() {
    let first = element(
        0xa4,
        &[
            oid("1.3.6.1.4.1.318"),
            element(0x40, &[vec![10, 0, 0, 1]]),
            integer(4),
            integer(0),
            element(0x43, &[vec![9]]),
            element(0x30, &[]),
        ],
    );
    let named = |tag, trap: &str| {
        let bindings = [binding("1.3.6.1.2.1.1.3.0", &[0x43, 1, 9]), binding("1.3.6.1.6.3.1.1.4.1.0", &oid(trap))];
        message(1, "x", pdu(tag, 1, [0, 0], &bindings))
    };
    for (bytes, starts) in [
        (
            message(0, "x", first),
            r#"{"kind":"trap","version":"1","community":"other","subtree":"enterprises.318","trap":"authentication-failure""#,
        ),
        (
            named(0xa7, "1.3.6.1.6.3.1.1.5.3"),
            r#"{"kind":"trap","version":"2c","community":"other","subtree":"system","trap":"link-down""#,
        ),
        (
            named(0xa6, "1.3.6.1.4.1.9.1"),
            r#"{"kind":"inform","version":"2c","community":"other","subtree":"system","trap":"specific""#,
        ),
        (
            named(0xa2, "1.3.6.1.4.1.9.1"),
            r#"{"kind":"response","version":"2c","community":"other","subtree":"system","error""#,
        ),
    ] {
        let found = read(&FlowFacts { ports: [40_000, 162], ..FLOW }, &[(Side::A, bytes)]);
        assert!(found.messages[0].contains(starts), "{found:?}");
    }
}

#[test]
fn version_3_tells_its_security_and_who_made_the_engine() {
    let engine = [&[0x80, 0, 0x1f, 0x88, 4][..], b"CANARY"].concat();
    let three = |flags: u8, data: Vec<u8>| {
        let header = element(0x30, &[integer(9), vec![2, 2, 4, 0], string(&[flags]), integer(3)]);
        let user = element(
            0x30,
            &[string(&engine), integer(1), integer(2), string(b"CANARY"), string(&[0; 12]), string(&[0; 8])],
        );
        element(0x30, &[integer(3), header, string(&user), data])
    };
    let scoped = |pdu| element(0x30, &[string(&engine), string(b"CANARY"), pdu]);
    let counter = |number: u8| binding(&format!("1.3.6.1.6.3.15.1.1.{number}.0"), &[0x41, 1, 3]);
    let found = read(
        &FLOW,
        &[
            (Side::A, three(4, scoped(pdu(0xa0, 1, [0, 0], &[])))),
            (Side::B, three(0, scoped(pdu(0xa8, 1, [0, 0], &[counter(4)])))),
            (Side::A, three(7, string(&[9; 40]))),
            (Side::B, three(3, string(&[9; 40]))),
            (Side::B, three(1, scoped(pdu(0xa8, 1, [0, 0], &[counter(5)])))),
        ],
    );
    let told: Vec<(&str, &str)> = found.messages.iter().map(|line| line.split_once(" {").unwrap()).collect();
    assert_eq!(told[0].1, r#""kind":"get","version":"3","security":"noAuthNoPriv","varbinds":0}"#);
    assert!(
        told[1].0.ends_with("paired") && told[1].1.contains(r#""subtree":"snmp-modules","error":"unknownEngineIDs""#),
        "{told:?}"
    );
    assert_eq!(told[2].1, r#""kind":"encrypted","version":"3","security":"authPriv"}"#);
    assert!(
        told[2].0.starts_with("A snmp encrypted request") && told[3].0.starts_with("B snmp encrypted response"),
        "{told:?}"
    );
    assert!(told[3].0.ends_with("paired"), "{told:?}");
    assert!(told[4].0.contains("negative") && told[4].1.contains(r#""security":"authNoPriv""#), "{told:?}");
    assert!(told[4].1.contains(r#""error":"wrongDigests""#), "{told:?}");
    // Of the agent only.
    assert_eq!(found.clues, ["B snmp-engine 8072"; 3]);
    assert!(!format!("{found:?}").contains("CANARY"));
}

#[test]
fn a_system_says_what_it_is_and_not_whose() {
    assert_eq!(
        described(b"Linux canary 5.10.0-8-amd64 #1 SMP Debian 5.10.46-4 (2021-08-03) x86_64"),
        ["B snmp-description Linux 5.10.0-8-amd64 1 SMP Debian 5.10.46-4 (2021-08-03) x86_64"]
    );
    assert_eq!(
        described(b"Siemens, SIMATIC\r\n S7 \xa9 canary@example.org V4.2.0"),
        ["B snmp-description Siemens, SIMATIC S7 V4.2.0"]
    );
    assert_eq!(described(&[b'a'; 300]), Vec::<String>::new());
    // By words up to 128 characters.
    let long = described("word ".repeat(40).as_bytes());
    assert_eq!(long, [format!("B snmp-description {}", "word ".repeat(25).trim_end())]);
    assert_eq!(described(b" \xff\xfe"), Vec::<String>::new());
    let object = |value: &[u8]| {
        let bindings = [binding("1.3.6.1.2.1.1.2.0", value), binding("1.3.6.1.2.1.1.5.0", &string(b"CANARY"))];
        read(&FLOW, &[(Side::B, message(1, "public", pdu(0xa2, 7, [0, 0], &bindings)))]).clues
    };
    assert_eq!(object(&oid("1.3.6.1.4.1.8072.3.2.10")), ["B snmp-object-id 1.3.6.1.4.1.8072.3.2.10"]);
    assert_eq!(object(&string(b"CANARY")), Vec::<String>::new());
    assert_eq!(object(&[6, 0]), Vec::<String>::new());
    assert_eq!(object(&oid(&["1.3"; 40].join("."))), Vec::<String>::new());
    // Who asks does not say it, nor does what returns what was sent.
    let of = |tag, error| message(1, "public", pdu(tag, 7, [error, 0], &[binding(DESCRIPTION, &string(b"CANARY"))]));
    for steps in [
        &[(Side::A, of(0xa3, 0)), (Side::B, of(0xa2, 0))][..],
        &[(Side::A, of(0xa3, 0)), (Side::B, of(0xa2, 17))],
        &[(Side::B, of(0xa2, 6))],
        &[(Side::A, of(0xa6, 0))],
    ] {
        assert!(read(&FLOW, steps).clues.is_empty());
    }
    let asked = [(Side::A, of(0xa3, 0)), (Side::A, of(0xa0, 0)), (Side::B, of(0xa2, 0))];
    assert_eq!(read(&FLOW, &asked).clues, ["B snmp-description CANARY"]);
}

#[test]
fn what_somebody_would_have_it_be_is_not_what_a_system_is() {
    let name =
        |tag: u8, status: [u8; 2]| message(1, "x", pdu(tag, 9, status, &[binding(DESCRIPTION, &string(b"JANE"))]));
    // Refused, and obeyed.
    for status in [[17, 1], [0, 0]] {
        let found = read(&FLOW, &[(Side::A, name(0xa3, [0, 0])), (Side::B, name(0xa2, status))]);
        assert_eq!(found.clues, [""; 0], "{status:?}");
    }
    // The request was not heard.
    assert_eq!(read(&FLOW, &[(Side::B, name(0xa2, [17, 1]))]).clues, [""; 0]);
    assert_eq!(read(&FLOW, &[(Side::B, name(0xa2, [0, 0]))]).clues, ["B snmp-description JANE"]);
}

#[test]
fn a_whole_message_names_it_on_any_port_and_nothing_less_does() {
    let whole = message(1, "public", pdu(0xa0, 1, [0, 0], &[binding(DESCRIPTION, NULL)]));
    let elsewhere = FlowFacts { ports: [40_000, 16_100], ..FLOW };
    assert_eq!(read(&elsewhere, &[(Side::A, whole.clone())]).protocol, Some("snmp"));
    for length in 0..whole.len() {
        assert_eq!(read(&FLOW, &[(Side::A, whole[..length].to_vec())]).protocol, None, "{length}");
        let found = read(&FLOW, &[(Side::A, whole.clone()), (Side::B, whole[..length].to_vec())]);
        assert_eq!(found.anomalies, ["not-snmp"]);
    }
    let version = |version, tag| message(version, "x", pdu(tag, 1, [0, 0], &[]));
    // A length that is indefinite, one of five octets, a long tag; versions and tags that there are not together; LDAP.
    for other in [
        [whole.clone(), vec![0]].concat(),
        vec![0x30, 0x80, 2, 1, 0, 0, 0],
        vec![0x30, 0x85, 0, 0, 0, 0, 3, 2, 1, 0],
        vec![0x3f, 3, 2, 1, 0],
        vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2],
        version(2, 0xa0),
        version(0, 0xa5),
        version(1, 0xa4),
        version(1, 0xa9),
        element(0x30, &[integer(1), element(0x60, &[integer(3), string(b""), element(0x80, &[])])]),
    ] {
        assert_eq!(read(&FLOW, &[(Side::A, other.clone())]).protocol, None, "{other:02x?}");
    }
}

#[test]
fn object_identifiers_of_any_form_end() {
    for arcs in [vec![], vec![0x80], vec![0xff; 200], vec![0x81; 3], vec![1; 2000], vec![0x8f, 0xff, 0xff, 0xff, 0x7f]]
    {
        let of = element(0x30, &[element(6, &[arcs]), NULL.to_vec()]);
        let found = read(&FLOW, &[(Side::A, message(1, "x", pdu(0xa0, 1, [0, 0], &[of])))]);
        assert!(found.messages[0].contains(r#""subtree":"other""#), "{found:?}");
    }
    let many: Vec<Vec<u8>> = (0..300).map(|_| binding("1.3.6.1.4.1", NULL)).collect();
    let found = read(&FLOW, &[(Side::A, message(1, "x", pdu(0xa0, 1, [0, 0], &many)))]);
    assert!(found.messages[0].contains(r#""subtree":"enterprises","varbinds":256"#), "{found:?}");
}
