use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [5353, 5353],
    originator: None,
    from_start: [false; 2],
    requester: None,
    transport: Transport::Udp,
};

fn name(labels: &[&str]) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        labels.iter().flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
    bytes.push(0);
    bytes
}

fn message(flags: u16, counts: [u16; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes: Vec<u8> = [0, flags].iter().chain(&counts).flat_map(|word| word.to_be_bytes()).collect();
    bytes.extend(parts.concat());
    bytes
}

fn question(labels: &[&str], kind: u16) -> Vec<u8> {
    [name(labels), kind.to_be_bytes().to_vec(), vec![0x80, 1]].concat()
}

fn record(labels: &[&str], kind: u16, ttl: u8, data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u16).to_be_bytes();
    [&name(labels)[..], &kind.to_be_bytes(), &[0x80, 1, 0, 0, 0, ttl], &length, data].concat()
}

fn texts(texts: &[&str]) -> Vec<u8> {
    texts.iter().flat_map(|text| [&[text.len() as u8], text.as_bytes()].concat()).collect()
}

fn read(side: Side, bytes: Vec<u8>) -> Transcript {
    exercise(&FLOW, &[Step::Bytes(side, bytes)], &[1])
}

#[test]
fn a_printer_says_what_it_offers_and_which_it_is() {
    let text = texts(&[
        "txtvers=1",
        "ty=HP LaserJet 400 M401",
        "note=CANARY ward 3",
        "usb_MDL=LaserJet 400",
        "UUID=4A4E-CANARY",
        "=x",
        "fv=",
        "md=Office; (2)",
    ]);
    let found = read(
        Side::A,
        message(
            0x8400,
            [0, 3, 0, 2],
            &[
                record(&["_services", "_dns-sd", "_udp", "local"], 12, 120, &name(&["_IPP", "_tcp", "local"])),
                record(&["_printer", "_tcp", "local"], 12, 120, &name(&["CANARY", "_printer", "_tcp", "local"])),
                record(&["CANARY", "_ipp", "_tcp", "local"], 16, 120, &text),
                record(&["CANARY", "_ipp", "_tcp", "local"], 33, 120, &[0; 8]),
                record(&["CANARY", "local"], 1, 120, &[10, 0, 0, 1]),
            ],
        ),
    );
    let [line] = &found.messages[..] else { panic!("{found:?}") };
    assert!(
        line.ends_with(
            r#"{"kind":"response","type":"PTR","service":"_ipp._tcp","services":2,"questions":0,"answers":3}"#
        ),
        "{line}"
    );
    assert_eq!(
        found.clues,
        [
            "A mdns-model HP LaserJet 400 M401",
            "A mdns-model LaserJet 400",
            "A mdns-model Office; (2)",
            "A host-name (withheld)",
            "A mdns-service _ipp._tcp",
            "A mdns-service _printer._tcp",
        ]
    );
    assert!(!format!("{found:?}").contains("CANARY"));
}

#[test]
fn a_question_tells_nothing_of_who_asks() {
    // With an answer that is known already.
    let known = record(&["_ipp", "_tcp", "local"], 12, 120, &name(&["CANARY", "_ipp", "_tcp", "local"]));
    let found = read(
        Side::A,
        message(0, [2, 1, 0, 0], &[question(&["_ipp", "_tcp", "local"], 12), question(&["x", "local"], 1), known]),
    );
    assert!(
        found.messages[0].ends_with(r#"{"kind":"query","type":"PTR","service":"_ipp._tcp","questions":2,"answers":1}"#),
        "{found:?}"
    );
    assert!(found.clues.is_empty());
    let all = read(Side::A, message(0, [1, 0, 0, 0], &[question(&["_services", "_dns-sd", "_udp", "local"], 12)]));
    assert!(all.messages[0].contains(r#""service":"_dns-sd._udp""#), "{all:?}");
}

#[test]
fn only_service_types_are_told() {
    for labels in [
        &["CANARY", "local"][..],
        &["CANARY", "_tcp", "local"],
        &["_canary_x", "_tcp", "local"],
        &["_can ary", "_tcp", "local"],
        &["_canarycanarycanary", "_tcp", "local"],
        &["_12345", "_tcp", "local"],
        &["_canary", "_sctp", "local"],
        &["_canary", "_tcp", "example"],
        &["_tcp", "local"],
        &[],
    ] {
        let found = read(Side::A, message(0x8400, [0, 1, 0, 0], &[record(labels, 16, 9, &texts(&["md=CANARY"]))]));
        assert!(found.messages.len() == 1 && !format!("{found:?}").to_lowercase().contains("canary"), "{found:?}");
    }
}

#[test]
fn what_is_taken_back_or_asked_for_is_not_announced() {
    let labels = ["CANARY", "_ipp", "_tcp", "local"];
    let goodbye = read(Side::A, message(0x8400, [0, 1, 0, 0], &[record(&labels, 16, 0, &texts(&["md=x"]))]));
    assert!(goodbye.messages[0].contains(r#""goodbye":true"#) && goodbye.clues.is_empty(), "{goodbye:?}");
    let probing = read(Side::A, message(0, [1, 0, 1, 0], &[question(&labels, 255), record(&labels, 33, 9, &[0; 8])]));
    assert!(probing.messages[0].contains(r#""type":"ANY","service":"_ipp._tcp""#), "{probing:?}");
    assert!(probing.messages[0].contains(r#""probing":true"#) && probing.clues.is_empty(), "{probing:?}");
}

#[test]
fn cut_at_every_octet_nothing_breaks_and_little_is_told() {
    let labels = ["x", "_ipp", "_tcp", "local"];
    let many: Vec<Vec<u8>> = (0..40)
        .map(|number| record(&["x", &format!("_s{number}"), "_tcp", "local"], 16, 9, &texts(&["md=x", "am=y"])))
        .collect();
    let whole = message(0x8400, [1, 40, 0, 0], &[question(&labels, 12), many.concat()]);
    for length in 0..whole.len() {
        let found = read(Side::B, whole[..length].to_vec());
        assert!(found.messages.iter().all(|line| line.contains(" incomplete ")), "{length}: {found:?}");
    }
    let found = read(Side::B, whole);
    // Sixteen of each kind.
    assert_eq!((found.messages.len(), found.clues.len()), (1, 32));
}

#[test]
fn it_is_named_on_its_port_only() {
    let ask = message(0, [1, 0, 0, 0], &[question(&["_ipp", "_tcp", "local"], 12)]);
    let flow = FlowFacts { ports: [5300, 5301], ..FLOW };
    assert_ne!(exercise(&flow, &[Step::Bytes(Side::A, ask.clone())], &[1]).protocol, Some("mdns"));
    for other in [
        vec![0; 12],
        b"M-SEARCH * HTTP/1.1\r\n\r\n".to_vec(),
        vec![0xff; 50],
        [&ask[..12], &[0xc0, 12, 0, 1, 0, 1]].concat(),
    ] {
        assert_ne!(read(Side::A, other.clone()).protocol, Some("mdns"), "{other:?}");
    }
    let found = exercise(&FLOW, &[Step::Bytes(Side::A, ask), Step::Bytes(Side::B, vec![1, 2, 3])], &[1]);
    assert_eq!(found.anomalies, ["not-mdns"]);
}
