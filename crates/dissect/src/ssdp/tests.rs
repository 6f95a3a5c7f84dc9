use proptest::prelude::*;
use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [40_000, 1900],
    originator: None,
    from_start: [false; 2],
    requester: None,
    transport: Transport::Udp,
};

const SEARCH: &str = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 3\r\nST: ssdp:all\r\nUSER-AGENT: CANARY\r\n\r\n";
const FOUND: &str = "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\nLOCATION: http://10.0.0.9/CANARY.xml\r\nSERVER: Linux/5.4 UPnP/1.1 MiniDLNA/1.3.0\r\nST: urn:schemas-upnp-org:device:MediaServer:1\r\nUSN: uuid:CANARY::urn:schemas-upnp-org:device:MediaServer:1\r\n\r\n";

fn read(flow: &FlowFacts, steps: &[(Side, &str)]) -> Transcript {
    let steps: Vec<Step> = steps.iter().map(|(side, text)| Step::Bytes(*side, text.as_bytes().to_vec())).collect();
    let found = exercise(flow, &steps, &[1]);
    let said = [&found.messages[..], &found.clues].concat();
    assert!(!said.iter().any(|line| line.contains("CANARY")), "{found:?}");
    found
}

fn notify(kind: &str, target: &str) -> String {
    format!("NOTIFY * HTTP/1.1\r\nHost:239.255.255.250:1900\r\nNT:{target}\r\nNTS:{kind}\r\nUSN:uuid:CANARY\r\n\r\n")
}

#[test]
fn a_search_and_what_is_found() {
    let found = read(&FLOW, &[(Side::A, SEARCH), (Side::B, FOUND), (Side::B, FOUND)]);
    let told = r#"{"kind":"response","target":"urn:schemas-upnp-org:device:MediaServer:1","max_age":1800}"#;
    assert_eq!(
        found.messages,
        [
            format!(r#"A ssdp search request {} {{"kind":"search","target":"ssdp:all"}}"#, SEARCH.len()),
            format!("B ssdp response response {} paired {told}", FOUND.len()),
            format!("B ssdp response response {} {told}", FOUND.len()),
        ]
    );
    assert_eq!(found.clues[0], "B ssdp-server Linux/5.4 UPnP/1.1 MiniDLNA/1.3.0");
}

#[test]
fn announcements_and_their_targets() {
    for (kind, name) in [("alive", "alive"), ("byebye", "byebye"), ("update", "update")] {
        let found = read(&FLOW, &[(Side::A, &notify(&format!("ssdp:{kind}"), "upnp:rootdevice"))]);
        let told = format!(r#"{{"kind":"notify-{name}","target":"upnp:rootdevice"}}"#);
        assert!(found.messages[0].ends_with(&told), "{found:?}");
    }
    for (target, shown) in [
        ("uuid:CANARY", "uuid"),
        ("urn:schemas-upnp-org:service:ContentDirectory:3", "urn:schemas-upnp-org:service:ContentDirectory:3"),
        ("urn:CANARY-org:device:Printer:1", "other"),
        ("urn:schemas-upnp-org:device:CANARY doe:1", "other"),
        ("urn:schemas-upnp-org:device:CANARY:1:2", "other"),
        ("urn:schemas-upnp-org:device:CANARY:x", "other"),
        ("urn:schemas-upnp-org:device:CANARY", "other"),
        ("urn:schemas-upnp-org:folder:CANARY:1", "other"),
        ("CANARY", "other"),
    ] {
        let found = read(&FLOW, &[(Side::A, &notify("ssdp:alive", target))]);
        assert!(found.messages[0].ends_with(&format!(r#""target":"{shown}"}}"#)), "{found:?}");
    }
    let long = format!("urn:schemas-upnp-org:device:{}:1", "CANARY".repeat(20));
    assert!(read(&FLOW, &[(Side::A, &notify("ssdp:alive", &long))]).messages[0].contains("\"other\""));
}

#[test]
fn what_has_not_its_shape_does_not_leave() {
    let found = FOUND.replace("MiniDLNA/1.3.0", "CANARY@home").replace("max-age=1800", "max-age=CANARY");
    let found = read(&FLOW, &[(Side::B, &found)]);
    assert!(found.clues.is_empty() && !found.messages[0].contains("max_age"), "{found:?}");
}

#[test]
fn only_its_own_messages_name_it() {
    let elsewhere = FlowFacts { ports: [40_000, 40_001], ..FLOW };
    for text in [SEARCH, FOUND, &notify("ssdp:alive", "ssdp:all")] {
        assert_eq!(read(&elsewhere, &[(Side::A, text)]).protocol, Some("ssdp"), "{text}");
    }
    for text in [
        "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nST: a\r\nUSN: b\r\n",
        "HTTP/1.1 200 OK\r\nST: ssdp:all\r\n\r\n",
        "NOTIFY * HTTP/1.1\r\nNT: ssdp:all\r\n\r\n",
        "NOTIFY sip:a@b SIP/2.0\r\n\r\n",
        "M-SEARCH * HTT",
        "",
    ] {
        assert_eq!(read(&FLOW, &[(Side::A, text)]).protocol, None, "{text}");
        let found = read(&FLOW, &[(Side::A, SEARCH), (Side::A, text)]);
        assert!(found.messages.len() + found.anomalies.len() == 2, "{found:?}");
    }
}

#[test]
fn every_cut_is_survived_and_fields_are_few() {
    for cut in 0..FOUND.len() {
        let found = read(&FLOW, &[(Side::A, SEARCH), (Side::B, &FOUND[..cut])]);
        assert_eq!(found.messages.len(), if cut < 12 { 1 } else { 2 }, "{cut}");
    }
    let many = SEARCH.replace("ST:", &format!("{}ST:", "X: y\r\n".repeat(40)));
    let found = read(&FLOW, &[(Side::A, &many)]);
    assert!(!found.messages[0].contains("target"), "{found:?}");
}

proptest! {
    #[test]
    fn no_octets_are_too_strange(rest in prop::collection::vec(any::<u8>(), 0..200), at in 0usize..200) {
        let mut bytes = FOUND.as_bytes().to_vec();
        for (to, from) in bytes.iter_mut().skip(at).zip(&rest) {
            *to = *from;
        }
        let steps = [Step::Bytes(Side::A, SEARCH.as_bytes().to_vec()), Step::Bytes(Side::B, bytes)];
        prop_assert!(!exercise(&FLOW, &steps, &[1]).messages.is_empty());
    }
}
