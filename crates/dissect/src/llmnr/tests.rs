use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [5355, 50_000],
    originator: None,
    from_start: [true; 2],
    requester: None,
    transport: Transport::Udp,
};

fn message(flags: u16, answers: u16, of: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = [9, flags, 1, answers, 0, 0].iter().flat_map(|word: &u16| word.to_be_bytes()).collect();
    bytes.push(of.len() as u8);
    bytes.extend(of.as_bytes());
    bytes.extend([0, 0, 1, 0, 1]);
    for _ in 0..answers {
        bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 10, 0, 0, 1]);
    }
    bytes
}

fn read(flow: &FlowFacts, steps: &[(Side, Vec<u8>)]) -> Transcript {
    let steps: Vec<Step> = steps.iter().map(|(side, bytes)| Step::Bytes(*side, bytes.clone())).collect();
    exercise(flow, &steps, &[1]);
    exercise(flow, &steps, &[9, 5])
}

#[test]
fn who_answers_to_the_name_of_the_proxy_is_told_without_names() {
    let steps = [
        (Side::B, message(0, 0, "wPAD")),
        (Side::A, message(0x8000, 1, "wPAD")),
        (Side::B, message(0, 0, "CANARY")),
        (Side::A, message(0x8600, 0, "CANARY")),
    ];
    let lines = [
        r#"B llmnr query request 22 {"kind":"query","type":"A","name_length":4,"labels":1,"proxy":true}"#,
        r#"A llmnr response response 38 positive paired {"kind":"response","type":"A","code":"NoError","name_length":4,"labels":1,"answers":1,"proxy":true}"#,
        r#"B llmnr query request 24 {"kind":"query","type":"A","name_length":6,"labels":1}"#,
        r#"A llmnr response response 24 positive paired {"kind":"response","type":"A","code":"NoError","name_length":6,"labels":1,"answers":0,"conflict":true,"truncated":true}"#,
    ];
    assert_eq!(read(&FLOW, &steps).messages, lines);
    let framed = steps.map(|(side, bytes)| (side, [&(bytes.len() as u16).to_be_bytes()[..], &bytes].concat()));
    assert_eq!(read(&FlowFacts { transport: Transport::Tcp, ..FLOW }, &framed).messages, lines);
}

#[test]
fn it_is_named_on_its_port_only_by_a_header_as_it_should_be() {
    let ask = message(0, 0, "a");
    let elsewhere = FlowFacts { ports: [5356, 50_000], ..FLOW };
    assert_ne!(read(&elsewhere, &[(Side::B, ask.clone())]).protocol, Some("llmnr"));
    let malformed = [&message(0x8000, 1, "a")[..19], &[0xc0, 99, 0, 0]].concat();
    for other in
        [message(0x0010, 0, "a"), message(0x0800, 0, "a"), message(0, 1, "a"), malformed, vec![0; 30], vec![0xff; 30]]
    {
        assert_eq!(read(&FLOW, &[(Side::B, other.clone())]).protocol, None, "{other:?}");
    }
    let broken = [&message(0x8000, 1, "a")[..19], &[0xc0, 99, 0, 0]].concat();
    let found = read(&FLOW, &[(Side::B, ask), (Side::A, broken), (Side::A, vec![0; 5])]);
    assert_eq!((found.messages.len(), &found.anomalies[..]), (2, &["malformed", "not-llmnr"][..]));
}
