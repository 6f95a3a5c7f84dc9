use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::talks::{change, flow, read};

fn json(found: &Transcript) -> Vec<&str> {
    found.messages.iter().map(|line| line.split_once(" {\"kind\":").map_or("", |(_, json)| json)).collect()
}

#[test]
fn a_password_is_asked_for() {
    for (result, told) in [(0, "ok"), (1, "failed"), (2, "too-many")] {
        let found = read(
            5900,
            &[
                (Side::B, b"RFB 003.008\n"),
                (Side::A, b"RFB 003.008\n"),
                (Side::B, &[3, 1, 2, 99]),
                (Side::A, &[2]),
                (Side::B, &[7; 16]),
                (Side::A, &[8; 16]),
                (Side::B, &[0, 0, 0, result, 0, 0, 0, 6, b'C', b'A', b'N', b'A', b'R', b'Y']),
                (Side::A, &[1, 2, 3]),
            ],
        );
        let outcome = if result == 0 { "positive" } else { "negative" };
        assert_eq!(
            found.messages,
            [
                r#"B vnc version response 12 {"kind":"version","version":"003.008"}"#.to_owned(),
                r#"A vnc version request 12 {"kind":"version","version":"003.008"}"#.to_owned(),
                r#"B vnc security-types response 4 {"kind":"security-types","security":"none+vnc+other"}"#.to_owned(),
                r#"A vnc security-type request 1 {"kind":"security-type","security":"vnc"}"#.to_owned(),
                format!(r#"B vnc security-result response 4 {outcome} {{"kind":"security-result","result":"{told}"}}"#),
            ]
        );
        assert_eq!(found.clues, ["B rfb-version 003.008"]);
        assert!(found.anomalies.is_empty());
    }
}

#[test]
fn who_asks_for_nothing_is_told() {
    // 3.8 has a result, 3.7 has none, and 3.3 has the server decide: the lower of both versions counts.
    let steps = |version: &'static [u8], types: &'static [u8], choice: &'static [u8]| {
        read(
            60_000,
            &[
                (Side::B, b"RFB 003.889\n"),
                (Side::A, version),
                (Side::B, types),
                (Side::A, choice),
                (Side::B, &[0, 0, 0, 0, 9, 9]),
            ],
        )
    };
    let found = steps(b"RFB 003.008\n", &[1, 1], &[1]);
    assert_eq!(
        json(&found)[2..],
        [
            r#""security-types","security":"none"}"#,
            r#""security-type","security":"none"}"#,
            r#""security-result","result":"ok"}"#
        ]
    );
    assert_eq!(steps(b"RFB 003.007\n", &[1, 1], &[1, 1]).messages.len(), 4);
    let found = steps(b"RFB 003.003\n", &[0, 0, 0, 1], &[1]);
    assert_eq!(json(&found)[2..], [r#""security-types","security":"none"}"#]);
    // A server that calls is a server.
    let found = read(
        5500,
        &[(Side::A, b"RFB 003.008\n"), (Side::B, b"RFB 003.003\n"), (Side::A, &[0, 0, 0, 2]), (Side::A, &[1; 20])],
    );
    assert!(found.messages[0].contains("response") && found.messages[2].contains(r#""security":"vnc""#), "{found:?}");
    assert_eq!(found.anomalies, ["not-a-handshake"]);
}

#[test]
fn what_is_refused_or_no_handshake() {
    let found =
        read(5900, &[(Side::B, b"RFB 003.008\n"), (Side::A, b"RFB 003.008\n"), (Side::B, &[0, 0, 0, 0, 3, 1, 2, 3])]);
    assert_eq!(json(&found)[2..], [r#""security-types","security":"refused"}"#]);
    let found = read(5900, &[(Side::B, b"RFB 003.008\n"), (Side::A, b"GET / HTTP/1.1\r\n")]);
    assert_eq!((found.messages.len(), &found.anomalies[..]), (1, &["not-a-handshake"][..]));
    for other in [&b"RFB 3.8\n"[..], b"RFB 003.00x\n", b"R", b"RFB 003.008"] {
        assert_eq!(read(5900, &[(Side::B, other)]).protocol, None);
    }
}

#[test]
fn a_loss_ends_what_is_read_of_an_end() {
    let steps = [
        Step::Bytes(Side::B, b"RFB 003.008\n\x02\x01".to_vec()),
        Step::Gap(Side::B, Some(1)),
        Step::Bytes(Side::A, b"RFB 003.008\n\x01".to_vec()),
        Step::Bytes(Side::B, vec![0; 9]),
    ];
    assert_eq!(exercise(&flow(5900), &steps, &[2]).messages.len(), 3);
}

proptest::proptest! {
    /// Whatever is changed in what both ends send, and whatever is lost: the cuts do not matter, and nothing panics.
    #[test]
    fn changed_anywhere(change in change()) {
        let all: Vec<(Side, Vec<u8>)> = vec![
            (Side::B, b"RFB 003.008\n".to_vec()),
            (Side::A, b"RFB 003.008\n".to_vec()),
            (Side::B, vec![3, 1, 2, 99]),
            (Side::A, vec![2]),
            (Side::B, vec![7; 16]),
            (Side::A, vec![8; 16]),
            (Side::B, vec![0; 8]),
        ];
        change.exercise(5900, all);
    }
}
