use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [40_000, 2222],
    originator: Some(Side::A),
    from_start: [true; 2],
    requester: None,
    transport: Transport::Tcp,
};

fn key_exchange(kex: &str, out: &str, back: &str) -> Vec<u8> {
    let mut body = vec![4, 20];
    body.extend([7; 16]);
    for list in [kex, "ssh-ed25519", out, back, "hmac-sha1", "hmac-sha2-256", "none", "zlib", "", ""] {
        body.extend(u32::try_from(list.len()).unwrap().to_be_bytes());
        body.extend(list.as_bytes());
    }
    body.extend([0; 5 + 4]);
    let mut packet = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    packet.extend(body);
    packet
}

fn read(steps: &[(Side, &[u8])]) -> Transcript {
    let steps: Vec<Step> = steps.iter().map(|(side, bytes)| Step::Bytes(*side, bytes.to_vec())).collect();
    for lengths in [&[1usize][..], &[3, 50], &[1000]] {
        exercise(&FLOW, &steps, lengths);
    }
    exercise(&FLOW, &steps, &[7])
}

#[test]
fn both_ends_say_what_they_are_and_offer() {
    let server = [
        b"SSH-2.0-dropbear_2022.83\r\n".to_vec(),
        key_exchange("curve25519-sha256", "aes128-ctr", "aes256-ctr"),
        vec![9; 40],
    ]
    .concat();
    let client = [
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2\n".to_vec(),
        key_exchange("diffie-hellman-group1-sha1", "aes128-ctr", "aes256-ctr"),
    ]
    .concat();
    let found = read(&[(Side::B, &server), (Side::A, &client)]);
    // By hand: md5("curve25519-sha256;aes256-ctr;hmac-sha2-256;zlib"), md5("diffie-hellman-group1-sha1;aes128-ctr;hmac-sha1;none").
    assert_eq!(
        found.messages,
        [
            r#"B ssh identification response 26 {"kind":"identification","software":"dropbear_2022.83","protocol_version":"2.0"}"#,
            r#"B ssh key-exchange-init response 149 {"kind":"key-exchange-init","hassh":"263b9f91bbeccdccade0ae210e8d8793"}"#,
            r#"A ssh identification request 31 {"kind":"identification","software":"OpenSSH_9.2p1 Debian-2","protocol_version":"2.0"}"#,
            r#"A ssh key-exchange-init request 158 {"kind":"key-exchange-init","hassh":"8b65d1be82d96fdac6f78712f8295334","weak":true}"#,
        ]
    );
    assert_eq!(found.clues.len(), 4);
    assert!(found.anomalies.is_empty());
}

#[test]
fn lines_before_the_identification_are_passed_over() {
    let found = read(&[(Side::A, b"SSH-2.0-x\r\n"), (Side::B, b"Welcome, CANARY\r\nSSH-1.99-Cisco-1.25\n")]);
    assert_eq!(found.messages.len(), 2);
    assert!(found.messages[1].contains("Cisco-1.25") && !format!("{found:?}").contains("CANARY"), "{found:?}");
}

#[test]
fn what_has_not_the_shape_of_software_does_not_leave() {
    let found = read(&[(Side::B, b"SSH-2.0-John|Doe^\r\n")]);
    assert!(found.messages[0].contains("(unreadable)") && found.clues.is_empty(), "{found:?}");
}

#[test]
fn comments_are_left_out_but_for_the_name_of_a_system() {
    let found = read(&[(Side::A, b"SSH-2.0-Scanner_2.0 Mrs CANARY\r\n"), (Side::B, b"SSH-2.0-x Debian-2 CANARY\r\n")]);
    let told = format!("{found:?}");
    assert!(told.contains("Scanner_2.0") && !told.contains("CANARY") && !told.contains("Mrs"), "{told}");
}

#[test]
fn garbage_behind_the_identification_is_counted_once() {
    let long = [b"SSH-2.0-".to_vec(), vec![b'a'; 400]].concat();
    assert_eq!(read(&[(Side::B, &long)]).anomalies, ["identification-too-long"]);
    for garbage in [
        &[0, 0, 0, 1, 2, 3][..],
        &[0xff; 20],
        &[0, 0, 0, 8, 4, 21, 0, 0, 0, 0, 0, 0],
        &[0, 0, 0, 6, 200, 20, 0, 0, 0, 0],
    ] {
        let bytes = [&b"SSH-2.0-x\r\n"[..], garbage, &[1; 30]].concat();
        assert_eq!(read(&[(Side::B, &bytes)]).anomalies, ["not-a-key-exchange"], "{garbage:?}");
    }
}
