use wardtap_net::stream::Side;

use crate::FlowFacts;
use crate::exercise::{Step, exercise};
use crate::talks::{change, read};

const SESSION: [(Side, &[u8]); 11] = [
    (Side::B, b"220-CANARY hospital\r\n230 not the end\r\n220 (vsFTPd 3.0.3) CANARY\r\n"),
    (Side::A, b"USER canary\r\n"),
    (Side::B, b"331 CANARY?\r\n"),
    (Side::A, b"PASS CANARY\r\n"),
    (Side::B, b"530 Login incorrect, CANARY\r\n"),
    (Side::A, b"user anonymous\r\npass a@b\r\nPASV\r\n"),
    (Side::B, b"331 x\r\n230 x\r\n227 (1,2,3,4,5,6)\r\n"),
    (Side::A, b"STOR CANARY.EXE\r\n"),
    (Side::B, b"150 x\r\n226 x\r\n"),
    (Side::A, b"RETR CANARY.dcm\r\n\xff\xf4\xff\xf2ABOR\r\nQUIT\r\n"),
    (Side::B, b"550 x\r\n"),
];

#[test]
fn commands_and_what_answers_them() {
    for port in [21, 2121] {
        let found = read(port, &SESSION);
        let expected = [
            r#"B ftp reply response 65 positive {"kind":"reply","code":220}"#,
            r#"A ftp user request 13 {"kind":"user"}"#,
            r#"B ftp reply response 13 positive paired {"kind":"reply","command":"user","code":331}"#,
            r#"A ftp pass request 13 {"kind":"pass","login":"clear"}"#,
            r#"B ftp reply response 29 negative paired {"kind":"reply","command":"pass","code":530}"#,
            r#"A ftp user request 16 {"kind":"user","login":"anonymous"}"#,
            r#"A ftp pass request 10 {"kind":"pass","login":"anonymous"}"#,
            r#"A ftp pasv request 6 {"kind":"pasv"}"#,
            r#"B ftp reply response 7 positive paired {"kind":"reply","command":"user","code":331}"#,
            r#"B ftp reply response 7 positive paired {"kind":"reply","command":"pass","code":230}"#,
            r#"B ftp reply response 19 positive paired {"kind":"reply","command":"pasv","code":227}"#,
            r#"A ftp stor request 17 {"kind":"stor","program":true}"#,
            r#"B ftp reply response 7 {"kind":"reply","command":"stor","code":150}"#,
            r#"B ftp reply response 7 positive paired {"kind":"reply","command":"stor","code":226}"#,
            r#"A ftp retr request 17 {"kind":"retr"}"#,
            r#"A ftp other request 10 {"kind":"other"}"#,
            r#"A ftp quit request 6 {"kind":"quit"}"#,
            r#"B ftp reply response 7 paired {"kind":"reply","command":"retr","code":550}"#,
        ];
        assert_eq!(found.messages, expected, "{port}");
        assert!(found.anomalies.is_empty() && !format!("{found:?}").contains("CANARY"), "{found:?}");
    }
}

#[test]
fn a_greeting_tells_software_and_nothing_else() {
    for (greeting, clue) in [
        (&b"220 (vsFTPd 3.0.3)\r\n"[..], Some("vsFTPd 3.0.3")),
        (b"220 ProFTPD 1.3.5b Server (Debian) [::ffff:10.0.0.1]\r\n", Some("ProFTPD 1.3.5")),
        (b"220 doe Microsoft FTP Service\r\n", Some("Microsoft FTP Service")),
        (b"220-FileZilla Server version 0.9.41 beta\r\n220 x\r\n", Some("FileZilla Server version 0.9.41")),
        (b"220 doe FTP server ready\r\n", None),
        (b"421 vsFTPd 3.0.3\r\n", None),
    ] {
        let found = read(21, &[(Side::B, greeting)]);
        let expected: Vec<String> = clue.iter().map(|clue| format!("B ftp-server {clue}")).collect();
        assert_eq!(found.clues, expected, "{greeting:?}");
    }
}

#[test]
fn what_follows_tls_is_not_read() {
    let steps: [(Side, &[u8]); 5] = [
        (Side::B, b"220 x\r\n"),
        (Side::A, b"AUTH TLS\r\n"),
        (Side::B, b"234 x\r\n"),
        (Side::A, b"\x16\x03\x01\0\x05abcde\nPASS x\r\n"),
        (Side::B, b"\x16\x03\x01\0\x05abc\n"),
    ];
    let found = read(2121, &steps);
    assert_eq!((found.messages.len(), found.anomalies.len()), (3, 0), "{found:?}");
}

#[test]
fn others_who_greet_or_ask_alike_are_none() {
    for (port, greeting, asks) in [
        (25, &b"220 mail.example.org ESMTP\r\n"[..], &b"EHLO a\r\nAUTH LOGIN\r\n"[..]),
        (2525, b"220 x\r\n", b"AUTH PLAIN AAA\r\n"),
        (110, b"+OK ready\r\n", b"USER x\r\nPASS y\r\n"),
        (6667, b"", b"NICK x\r\nUSER x 0 * :x\r\n"),
        (21, b"HTTP/1.1 200 OK\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"),
        (21, b"SSH-2.1-x\r\n", b""),
        (119, b"200 x\r\n", b"MODE READER\r\n"),
    ] {
        let found = read(port, &[(Side::B, greeting), (Side::A, asks)]);
        assert_ne!(found.protocol, Some("ftp"), "{port}");
    }
}

#[test]
fn a_greeting_answers_nothing() {
    let found = read(21, &[(Side::A, b"PWD\r\nQUIT\r\n"), (Side::B, b"120 x\r\n220-x\r\n220 x\r\n257 x\r\n221 x\r\n")]);
    let replies: Vec<&str> =
        found.messages[2..].iter().filter_map(|told| told.split_once("\"reply\"")).map(|(_, to)| to).collect();
    assert_eq!(
        replies,
        [r#","code":120}"#, r#","code":220}"#, r#","command":"other","code":257}"#, r#","command":"quit","code":221}"#]
    );
}

#[test]
fn long_and_strange_lines_are_counted() {
    let long = [&b"USER "[..], &[b'a'; 3000], b"\r\nPWD\r\n"].concat();
    let found = read(
        21,
        &[(Side::B, b"220 x\r\n"), (Side::A, &long), (Side::A, b"\x01\x02\r\nPWD\r\n"), (Side::B, b"x\r\n257 x\r\n")],
    );
    assert_eq!(found.anomalies, ["line-too-long", "not-ftp", "not-ftp"]);
    assert_eq!(found.messages.len(), 4, "{found:?}");
}

#[test]
fn behind_a_loss_it_goes_on_with_the_next_line() {
    let flow = FlowFacts { ports: [40_000, 21], ..FlowFacts::default() };
    let a = |bytes: &[u8]| Step::Bytes(Side::A, bytes.to_vec());
    let steps = [a(b"PWD\r\nRETR CAN"), Step::Gap(Side::A, Some(10)), a(b"USER x\r\nLIST\r\n")];
    let found = exercise(&flow, &steps, &[2]);
    assert_eq!(found.messages.len(), 2);
    assert!(found.messages[1].contains(" list "), "{found:?}");
    let all: Vec<u8> =
        SESSION.iter().filter(|(side, _)| *side == Side::B).flat_map(|(_, bytes)| bytes.to_vec()).collect();
    for end in 0..all.len() {
        exercise(&flow, &[Step::Bytes(Side::B, all[..end].to_vec())], &[5]);
    }
}

proptest::proptest! {
    /// Whatever is changed in what both ends send, and whatever is lost: the cuts do not matter, and nothing panics.
    #[test]
    fn changed_anywhere(change in change()) {
        let all: Vec<(Side, Vec<u8>)> = SESSION.iter().map(|(side, bytes)| (*side, bytes.to_vec())).collect();
        change.exercise(21, all);
    }
}

#[test]
fn who_logs_in_is_told_by_a_digest_of_the_name() {
    let found = read(21, &[(Side::B, b"220 x\r\n"), (Side::A, b"USER one\r\nuser one\r\nUSER two\r\n")]);
    let [(Side::A, one), (Side::A, again), (Side::A, other)] = found.logins[..] else { panic!("{:?}", found.logins) };
    assert!(one == again && one != other);
}
