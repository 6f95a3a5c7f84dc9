use wardtap_net::stream::Side;

use crate::exercise::{Step, exercise};
use crate::talks::{change, flow, read};

#[test]
fn a_login_in_clear() {
    let steps: [(Side, &[u8]); 6] = [
        (Side::B, b"\xff\xfd\x18\xff\xfb\x01"),
        (Side::A, b"\xff\xfb\x18\xff\xfe\x01\xff\xfa\x18\0CANARY\xff\xff\xff\xf0"),
        (Side::B, b"CANARY login: "),
        (Side::A, b"CANARY\r\n"),
        (Side::B, b"Password: "),
        (Side::A, b"CANARY\r\n"),
    ];
    for (last, told) in
        [(&b"\r\nLogin incorrect\r\nCANARY login: "[..], 2), (b"\r\nLast login: today\r\n$ \xff\xff", 0)]
    {
        for port in [23, 2323] {
            let found = read(port, &[&steps[..], &[(Side::B, last)]].concat());
            assert_eq!(
                found.messages[..9],
                [
                    r#"B telnet negotiation response 3 {"kind":"negotiation","verb":"do","option":"terminal-type"}"#,
                    r#"B telnet negotiation response 3 {"kind":"negotiation","verb":"will","option":"echo"}"#,
                    r#"A telnet negotiation request 3 {"kind":"negotiation","verb":"will","option":"terminal-type"}"#,
                    r#"A telnet negotiation request 3 {"kind":"negotiation","verb":"dont","option":"echo"}"#,
                    r#"A telnet subnegotiation request 14 {"kind":"subnegotiation","option":"terminal-type"}"#,
                    r#"B telnet data response 1 {"kind":"data"}"#,
                    r#"B telnet login-prompt response 1 {"kind":"login-prompt","login":"name"}"#,
                    r#"A telnet data request 1 {"kind":"data"}"#,
                    r#"B telnet login-prompt response 1 {"kind":"login-prompt","login":"password"}"#,
                ]
            );
            assert_eq!(found.messages[9], r#"A telnet login request 1 {"kind":"login","login":"clear"}"#);
            assert_eq!(found.messages.len(), 10 + told, "{found:?}");
            if told > 0 {
                assert_eq!(
                    found.messages[10],
                    r#"B telnet login-refused response 1 negative {"kind":"login-refused"}"#
                );
            }
            assert!(!format!("{found:?}").contains("CANARY"));
        }
    }
}

#[test]
fn a_server_that_negotiates_nothing_asks_on_its_own_port() {
    let found = read(23, &[(Side::B, b"Welcome\r\nUser Name:"), (Side::A, b"x\r\n")]);
    assert_eq!(found.messages.len(), 3, "{found:?}");
}

#[test]
fn others_are_none() {
    for (port, one, other) in [
        (2323, &b"\xff\xfd\x18\xff\xfb\x01"[..], &b"hello"[..]),
        (2323, b"\xff\xd8\xff\xe0", b"\xff\xfb\x18\xff\xfe\x01"),
        (2323, b"", b"\xff\xfb\x18\xff\xfe\x01"),
        (2323, b"login: ", b"x\r\n"),
        (23, b"", b"GET / HTTP/1.1\r\n\r\n"),
        (23, b"\x03\0\0\x0b", b""),
        (23, b"220 mail\r\n", b"EHLO x\r\n"),
    ] {
        assert_ne!(read(port, &[(Side::B, one), (Side::A, other)]).protocol, Some("telnet"), "{one:?}");
    }
}

#[test]
fn behind_a_loss_it_is_data_again() {
    let steps = [
        Step::Bytes(Side::B, b"\xff\xfb\x01\xff\xfa\x18abc".to_vec()),
        Step::Gap(Side::B, Some(10)),
        Step::Bytes(Side::B, b"login:\xff\xfb\x03".to_vec()),
    ];
    assert_eq!(exercise(&flow(23), &steps, &[2]).messages.len(), 4);
    for end in 0..9 {
        exercise(&flow(23), &[Step::Bytes(Side::B, b"\xff\xfb\x01\xff\xfa\x18\xff\xff\xff"[..end].to_vec())], &[2]);
    }
}

proptest::proptest! {
    /// Whatever is changed in what both ends send, and whatever is lost: the cuts do not matter, and nothing panics.
    #[test]
    fn changed_anywhere(change in change()) {
        let all: Vec<(Side, Vec<u8>)> = vec![
            (Side::B, b"\xff\xfd\x18\xff\xfb\x01".to_vec()),
            (Side::A, b"\xff\xfb\x18\xff\xfe\x01\xff\xfa\x18\0CANARY\xff\xff\xff\xf0".to_vec()),
            (Side::B, b"login: ".to_vec()),
            (Side::A, b"x\r\n".to_vec()),
            (Side::B, b"Password: ".to_vec()),
            (Side::A, b"x\r\n".to_vec()),
            (Side::B, b"Login incorrect\r\n".to_vec()),
        ];
        change.exercise(23, all);
    }
}
