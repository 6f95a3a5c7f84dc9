use proptest::prelude::*;
use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [40_000, 3702],
    originator: None,
    from_start: [false; 2],
    requester: None,
    transport: Transport::Udp,
};

const OLD: &str = "http://schemas.xmlsoap.org/ws/2005/04/discovery/";
const NEW: &str = "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/";

fn message(action: &str, types: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">\
         <!-- <a:Action>CANARY</a:Action> --><s:Header><a:Action s:mustUnderstand=\"1\"> {action} </a:Action>\
         <a:MessageID>urn:uuid:CANARY</a:MessageID></s:Header><s:Body><d:Any><a:EndpointReference>\
         <a:Address>urn:uuid:CANARY</a:Address></a:EndpointReference><d:Empty/>{types}<d:Scopes>CANARY</d:Scopes>\
         <d:XAddrs>http://10.0.0.9/CANARY</d:XAddrs></d:Any></s:Body></s:Envelope>"
    )
}

fn read(flow: &FlowFacts, steps: &[(Side, &str)]) -> Transcript {
    let steps: Vec<Step> = steps.iter().map(|(side, text)| Step::Bytes(*side, text.as_bytes().to_vec())).collect();
    let found = exercise(flow, &steps, &[1]);
    let said = [&found.messages[..], &found.clues].concat();
    assert!(!said.iter().any(|line| line.contains("CANARY")), "{found:?}");
    found
}

#[test]
fn kinds_of_both_versions() {
    let elsewhere = FlowFacts { ports: [40_000, 40_001], ..FLOW };
    for (action, kind, direction) in [
        ("Hello", "hello", "request"),
        ("Bye", "bye", "request"),
        ("Probe", "probe", "request"),
        ("ProbeMatches", "probe-matches", "response"),
        ("Resolve", "resolve", "request"),
        ("ResolveMatches", "resolve-matches", "response"),
    ] {
        for (namespace, version) in [(OLD, "1.0"), (NEW, "1.1")] {
            let text = message(&format!("{namespace}{action}"), "");
            let told = format!(r#"B wsd {kind} {direction} {} {{"kind":"{kind}","version":"{version}"}}"#, text.len());
            for flow in [FLOW, elsewhere] {
                assert_eq!(read(&flow, &[(Side::B, &text)]).messages, [told.as_str()]);
            }
        }
    }
}

#[test]
fn types_are_words_of_ours() {
    let medical = "<d:Types>dpws:Device\n mdpws:MedicalDevice</d:Types>";
    let found = read(&FLOW, &[(Side::A, &message(&format!("{NEW}Hello"), medical))]);
    assert!(found.messages[0].contains(r#""types":"MedicalDevice,Device","version":"1.1""#), "{found:?}");
    assert_eq!(found.clues, ["A wsd-type MedicalDevice,Device"]);
    for (types, shown) in [
        ("<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>", "NetworkVideoTransmitter,Device"),
        ("<Types xmlns:a='b'>CANARY CANARY wsdp:Device CANARY:CANARY</Types>", "Device,other"),
        ("<Types>pub:Computer</Types><d:Types>print:PrintDeviceType</d:Types>", "Computer,PrintDeviceType"),
        ("<![CDATA[<d:Types>CANARY</d:Types>]]><d:Types>:Device</d:Types>", "Device"),
    ] {
        let found = read(&FLOW, &[(Side::A, &message(&format!("{OLD}ProbeMatches"), types))]);
        assert!(found.messages[0].contains(&format!("\"types\":\"{shown}\"")), "{found:?}");
        // What is searched for is no clue of who searches.
        let found = read(&FLOW, &[(Side::A, &message(&format!("{OLD}Probe"), types))]);
        assert!(found.messages[0].contains(shown) && found.clues.is_empty(), "{found:?}");
    }
    for none in ["", "<d:Types></d:Types>", "<d:Types/>", "<d:Types>  </d:Types>"] {
        let found = read(&FLOW, &[(Side::A, &message(&format!("{OLD}Hello"), none))]);
        assert!(!found.messages[0].contains("types") && found.clues.is_empty(), "{found:?}");
    }
    // All that there are do not fit: as many as have room.
    let all: Vec<&str> = super::wire::TYPES.to_vec();
    let found =
        read(&FLOW, &[(Side::A, &message(&format!("{OLD}Hello"), &format!("<Types>{}</Types>", all.join(" "))))]);
    assert!(found.clues[0].starts_with("A wsd-type MedicalDevice,NetworkVideoTransmitter,"), "{found:?}");
}

#[test]
fn what_is_none_of_it() {
    let start = message(&format!("{NEW}Probe"), "");
    for text in [
        "",
        "x<Action>http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/Probe</Action>",
        &message("http://example.org/CANARY", ""),
        &message(&format!("{NEW}CANARY"), ""),
        &message("", ""),
        "<Envelope><Action>",
        "<!-- <Action>",
        "<",
    ] {
        assert_eq!(read(&FLOW, &[(Side::A, text)]).protocol, None, "{text}");
        let found = read(&FLOW, &[(Side::A, &start), (Side::A, text)]);
        assert_eq!((found.messages.len(), &found.anomalies[..]), (1, &["not-wsd"][..]), "{text}");
    }
    // Behind more tags than are gone through.
    let far = format!("<e>{}<Action>{NEW}Probe</Action></e>", "<a></a>".repeat(300));
    assert_eq!(read(&FLOW, &[(Side::A, &far)]).protocol, None);
}

#[test]
fn a_byte_order_mark_and_every_cut() {
    let text = message(&format!("{NEW}Hello"), "<d:Types>dpws:Device</d:Types>");
    assert_eq!(read(&FLOW, &[(Side::A, &format!("\u{feff}\n{text}"))]).messages.len(), 1);
    let action = text.find("Hello").unwrap() + "Hello".len();
    for cut in 0..text.len() {
        let found = read(&FLOW, &[(Side::A, &text[..cut])]);
        assert_eq!(found.messages.len(), usize::from(cut >= action), "{cut}");
    }
}

proptest! {
    #[test]
    fn no_octets_are_too_strange(pieces in prop::collection::vec(0usize..9, 0..30), noise in "[ -~]{0,20}") {
        let kinds = ["<", ">", "<!--", "-->", "<![CDATA[", "<d:Types>", "</", "a:b", &noise];
        let text: String = pieces.iter().map(|piece| kinds[*piece]).collect();
        let text = message(&format!("{NEW}Hello"), &text);
        let steps = [Step::Bytes(Side::A, text.into_bytes())];
        prop_assert_eq!(exercise(&FLOW, &steps, &[1]).messages.len(), 1);
    }
}
