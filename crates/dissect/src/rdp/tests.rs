use wardtap_net::stream::Side;

use crate::exercise::{Step, exercise};
use crate::talks::{change, flow, read};

fn packet(code: u8, rest: &[u8]) -> Vec<u8> {
    let length = u8::try_from(rest.len()).unwrap();
    [&[3, 0, 0, length + 11, length + 6, code, 0, 0, 0, 0, 0], rest].concat()
}

#[test]
fn what_is_asked_for_and_chosen() {
    let request = packet(0xe0, b"Cookie: mstshash=CANARY\r\n\x01\0\x08\0\x0b\0\0\0");
    for port in [3389, 13_389] {
        for (answer, told) in [
            (&b"\x02\x1f\x08\0\x08\0\0\0"[..], r#"positive paired {"kind":"connection-confirm","security":"credssp"}"#),
            (b"\x02\x1f\x08\0\x01\0\0\0", r#"positive paired {"kind":"connection-confirm","security":"tls"}"#),
            (b"\x02\x1f\x08\0\0\0\0\0", r#"positive paired {"kind":"connection-confirm","security":"standard"}"#),
            (b"\x03\0\x08\0\x05\0\0\0", r#"paired {"kind":"connection-confirm","failure":"credssp-required"}"#),
            (b"", r#"positive paired {"kind":"connection-confirm","security":"standard"}"#),
        ] {
            let answer = [&packet(0xd0, answer)[..], b"\x16\x03\x03CANARY"].concat();
            let found = read(port, &[(Side::A, &request), (Side::B, &answer), (Side::A, &[0x16; 600])]);
            let length = packet(0xd0, &answer[11..11]).len() + usize::from(answer[3]) - 11;
            assert_eq!(
                found.messages,
                [
                    r#"A rdp connection-request request 44 {"kind":"connection-request","security":"tls+credssp","cookie":true}"#
                        .to_owned(),
                    format!("B rdp connection-confirm response {length} {told}"),
                ]
            );
            assert!(found.anomalies.is_empty() && !format!("{found:?}").contains("CANARY"));
        }
    }
}

#[test]
fn others_in_the_same_frame_are_none() {
    // Controllers of machines (S7), file transfer of old, telephones: on any port, also this one.
    let s7 = packet(0xe0, b"\xc0\x01\x0a\xc1\x02\x01\0\xc2\x02\x01\x02");
    let bare = packet(0xe0, b"");
    let q931 = [3, 0, 0, 12, 8, 2, 1, 1, 5, 4, 3, 0];
    for (port, bytes) in [(102, &s7), (3389, &s7), (102, &bare), (3389, &q931.to_vec()), (3389, &packet(0xf0, b"x"))] {
        assert_eq!(read(port, &[(Side::A, bytes)]).protocol, None, "{bytes:?}");
    }
    assert_eq!(read(3389, &[(Side::A, &bare)]).messages.len(), 1);
}

#[test]
fn what_is_cut_or_wrong_is_told_once() {
    let request = packet(0xe0, b"\x01\0\x08\0\x03\0\0\0");
    for end in 0..request.len() {
        assert_eq!(read(3389, &[(Side::A, &request[..end])]).messages.len(), 0);
    }
    for wrong in [&b"HTTP/1.1 200 OK"[..], &[3, 0, 9, 9, 1, 2, 3], &packet(0xd0, b"\x09\0\x08\0\0\0\0\0")] {
        let found = read(3389, &[(Side::A, &request), (Side::B, wrong), (Side::B, wrong)]);
        assert_eq!((found.messages.len(), &found.anomalies[..]), (1, &["not-a-connection"][..]), "{wrong:?}");
    }
    let steps =
        [Step::Bytes(Side::A, request.clone()), Step::Gap(Side::B, None), Step::Bytes(Side::B, packet(0xd0, b""))];
    assert_eq!(exercise(&flow(3389), &steps, &[3]).messages.len(), 1);
}

proptest::proptest! {
    /// Whatever is changed in what both ends send, and whatever is lost: the cuts do not matter, and nothing panics.
    #[test]
    fn changed_anywhere(change in change()) {
        let all: Vec<(Side, Vec<u8>)> = vec![
            (Side::A, packet(0xe0, b"Cookie: mstshash=CANARY\r\n\x01\0\x08\0\x0b\0\0\0")),
            (Side::B, packet(0xd0, b"\x02\x1f\x08\0\x08\0\0\0")),
            (Side::A, vec![0x16; 60]),
        ];
        change.exercise(3389, all);
    }
}

#[test]
fn who_logs_in_is_told_by_a_digest_of_the_name() {
    let login = |name: &str| {
        let request = packet(0xe0, format!("Cookie: mstshash={name}\r\n\x01\0\x08\0\x0b\0\0\0").as_bytes());
        let found = read(3389, &[(Side::A, &request)]);
        let [(Side::A, user)] = found.logins[..] else { panic!("{:?}", found.logins) };
        user
    };
    assert_eq!(login("one"), login("one"));
    assert_ne!(login("one"), login("two"));
}
