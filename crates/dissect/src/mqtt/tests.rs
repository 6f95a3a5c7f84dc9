use wardtap_net::stream::Side;

use crate::FlowFacts;
use crate::exercise::{Step, exercise};
use crate::talks::{change, read, run};

const CONNECT: &[u8] = b"\x10\x22\0\x04MQTT\x04\xc6\0\x3c\0\x06CANARY\0\x01w\0\x01w\0\x06CANARY\0\0";

#[test]
fn a_client_logs_in_publishes_and_subscribes() {
    let big = [&b"\x33\xb4\x10\0\x08a/b/CANA\0\x07"[..], &[b'C'; 2088]].concat();
    let found = read(
        18_830,
        &[
            (Side::A, CONNECT),
            (Side::B, b"\x20\x02\0\0"),
            (Side::A, b"\x30\x08\0\x03a/bCAN\x82\x0b\0\x09\0\x06CANARY\x01"),
            (Side::B, b"\x90\x03\0\x09\x80\x30\x03\0\x01x"),
            (Side::A, &big),
            (Side::B, b"\x40\x02\0\x07"),
            (Side::A, b"\xc0\0"),
            (Side::B, b"\xd0\0"),
            (Side::A, b"\xe0\0"),
        ],
    );
    assert_eq!(
        found.messages,
        [
            r#"A mqtt connect request 36 {"kind":"connect","version":"3.1.1","login":"user+password","will":true}"#,
            r#"B mqtt connack response 4 positive paired {"kind":"connack","code":0}"#,
            r#"A mqtt publish request 10 {"kind":"publish","qos":0,"topic_levels":2}"#,
            r#"A mqtt subscribe request 13 {"kind":"subscribe"}"#,
            r#"B mqtt suback response 5 negative paired {"kind":"suback","code":128}"#,
            r#"B mqtt publish response 5 {"kind":"publish","qos":0,"topic_levels":1}"#,
            r#"A mqtt publish request 2103 {"kind":"publish","qos":1,"topic_levels":3,"retain":true}"#,
            r#"B mqtt puback response 4 paired {"kind":"puback"}"#,
            r#"A mqtt pingreq request 2 {"kind":"pingreq"}"#,
            r#"B mqtt pingresp response 2 paired {"kind":"pingresp"}"#,
            r#"A mqtt disconnect request 2 {"kind":"disconnect"}"#,
        ]
    );
    assert!(found.anomalies.is_empty() && !format!("{found:?}").contains("CANA"));
}

#[test]
fn versions_have_their_refusals() {
    let five = b"\x10\x0d\0\x04MQTT\x05\x02\0\x3c\0\0\0";
    let three = b"\x10\x0e\0\x06MQIsdp\x03\x02\0\x3c\0\0";
    for (connect, answer, told) in [
        (&five[..], &b"\x20\x03\0\x87\0"[..], "negative"),
        (&five[..], b"\x20\x03\0\x86\0", "negative"),
        (&five[..], b"\x20\x03\0\0\0", "positive"),
        (&five[..], b"\x20\x03\0\x88\0", "5 paired"),
        (&three[..], b"\x20\x02\0\x05", "negative"),
        (&three[..], b"\x20\x02\0\x03", "4 paired"),
    ] {
        let found = read(1883, &[(Side::A, connect), (Side::B, answer)]);
        assert_eq!(found.messages.len(), 2);
        assert!(found.messages[1].contains(told), "{found:?}");
        assert!(found.messages[0].contains(r#""login":"none""#));
    }
    // Reasons stand behind properties; the worst of them counts.
    let found = read(1883, &[(Side::A, five), (Side::B, b"\x90\x07\0\x01\x02\xff\xff\0\x87")]);
    assert!(found.messages[1].contains(r#"negative {"kind":"suback","code":135}"#), "{found:?}");
}

#[test]
fn a_loss_in_a_payload_shortens_it() {
    let publish = [&b"\x30\xe8\x07\0\x01x"[..], &[7; 997]].concat();
    let a = |bytes: &[u8]| Step::Bytes(Side::A, bytes.to_vec());
    let found =
        run(1883, &[a(CONNECT), a(&publish[..100]), Step::Gap(Side::A, Some(500)), a(&publish[600..]), a(b"\xc0\0")]);
    assert_eq!(found.messages.len(), 3, "{found:?}");
    assert!(found.messages[1].contains("publish request 1003 incomplete"));
    let found =
        run(1883, &[a(CONNECT), a(&publish[..100]), Step::Gap(Side::A, None), a(&publish[600..]), a(b"\xc0\0")]);
    assert_eq!((found.messages.len(), found.anomalies.len()), (2, 0), "{found:?}");
    assert!(found.messages[1].contains("incomplete"));
    let found = run(1883, &[a(CONNECT), a(&publish[..100])]);
    assert!(found.messages[1].contains("incomplete"));
}

#[test]
fn what_is_no_packet_ends_it_quietly() {
    for wrong in [
        &b"\0\x02ab"[..],
        b"\x36\x02ab",
        b"\x80\x02ab",
        b"\x30\xff\xff\xff\xff\x01",
        b"\xc0\x01a",
        b"\x20\x01a",
        b"\x10\x0a\0\x04MQTX\x04\xc2\0\x3c",
    ] {
        let found = read(1883, &[(Side::A, CONNECT), (Side::A, wrong), (Side::A, b"\xc0\0")]);
        assert_eq!((found.messages.len(), &found.anomalies[..]), (1, &["malformed"][..]), "{wrong:?}");
    }
}

#[test]
fn others_are_none_and_what_is_cut_ends_quietly() {
    for (port, bytes) in [
        (1883, &b"GET / HTTP/1.1\r\n"[..]),
        (1883, b"\x10\x0c\0\x04HTTP\x04\x02\0\x3c\0\0"),
        (1883, b"\x10\x0c\0\x04MQTT\x09\x02\0\x3c\0\0"),
        (18_830, b"\xc0\0"),
        (1883, b"\x10\xff\xff\xff\xff\xff"),
    ] {
        assert_ne!(read(port, &[(Side::A, bytes)]).protocol, Some("mqtt"), "{bytes:?}");
    }
    for end in 0..CONNECT.len() {
        read(1883, &[(Side::A, &CONNECT[..end])]);
    }
    let midstream = FlowFacts { ports: [40_000, 1883], ..FlowFacts::default() };
    let found = exercise(&midstream, &[Step::Bytes(Side::B, b"\xd0\0\x30\x03\0\x01x".to_vec())], &[1]);
    assert_eq!(found.messages.len(), 2);
}

proptest::proptest! {
    /// Whatever is changed in what both ends send, and whatever is lost: the cuts do not matter, and nothing panics.
    #[test]
    fn changed_anywhere(change in change()) {
        let all: Vec<(Side, Vec<u8>)> = vec![
            (Side::A, CONNECT.to_vec()),
            (Side::B, b"\x20\x02\0\0".to_vec()),
            (Side::A, b"\x30\x08\0\x03a/bCAN\x82\x0b\0\x09\0\x06CANARY\x01".to_vec()),
            (Side::B, b"\x90\x03\0\x09\x80\x30\x03\0\x01x".to_vec()),
            (Side::A, [&b"\x33\xb4\x10\0\x08a/b/CANA\0\x07"[..], &[b'C'; 2088]].concat()),
            (Side::B, b"\x40\x02\0\x07\xd0\0".to_vec()),
        ];
        change.exercise(1883, all);
    }
}

#[test]
fn who_wants_everything_says_so_in_a_filter() {
    let five = b"\x10\x0d\0\x04MQTT\x05\x02\0\x3c\0\0\0";
    for (connect, packet, is_all) in [
        (CONNECT, &b"\x82\x06\0\x01\0\x01#\0"[..], true),
        (CONNECT, b"\x82\x08\0\x01\0\x03+/#\0", true),
        (CONNECT, b"\x82\x11\0\x01\0\x03a/b\0\0\x06$s/+/#\0", false),
        (CONNECT, b"\x82\x0c\0\x01\0\x03a/b\0\0\x01#\0", true),
        (CONNECT, b"\x82\x11\0\x01\0\x0c$share/+/a/#\0", false),
        (CONNECT, b"\x82\x11\0\x01\0\x0c$share/x/+/#\0", true),
        (CONNECT, b"\x82\x08\0\x01\0\x03a/#\0", false),
        (five, b"\x82\x07\0\x01\0\0\x01#\0", true),
        (five, b"\x82\x09\0\x01\x02\x0b\x01\0\x01#\0", true),
    ] {
        let found = read(1883, &[(Side::A, connect), (Side::A, packet)]);
        let told = found.messages.iter().any(|line| line.contains(r#""filter":"all""#));
        assert_eq!(told, is_all, "{packet:?}: {:?}", found.messages);
    }
}
