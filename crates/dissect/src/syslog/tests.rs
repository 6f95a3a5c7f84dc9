use proptest::prelude::*;
use wardtap_net::stream::Side;

use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [40_000, 514],
    originator: None,
    from_start: [true; 2],
    requester: None,
    transport: Transport::Udp,
};
const STREAM: FlowFacts = FlowFacts { transport: Transport::Tcp, ..FLOW };
const ELSEWHERE: FlowFacts = FlowFacts { ports: [40_000, 40_001], ..STREAM };

const NEW: &str = "<165>1 2003-10-11T22:14:15.003Z CANARY evntslog - ID47 [exampleSDID@32473 iut=\"3\"] CANARY";
const OLD: &str = "<34>Oct 11 22:14:15 CANARY sshd[230]: CANARY failed for CANARY";

fn read(flow: &FlowFacts, steps: &[Step]) -> Transcript {
    for lengths in [&[1][..], &[3, 7], &[64, 1, 500]] {
        let found = exercise(flow, steps, lengths);
        assert!(!found.messages.iter().any(|line| line.contains("CANARY")), "{found:?}");
    }
    exercise(flow, steps, &[2])
}

fn of_a(flow: &FlowFacts, bytes: &[u8]) -> Transcript {
    read(flow, &[Step::Bytes(Side::A, bytes.to_vec())])
}

/// What a datagram says.
fn line(text: &str) -> String {
    let found = of_a(&FLOW, text.as_bytes());
    let [line] = &found.messages[..] else { panic!("{found:?}") };
    line.split_once('{').unwrap().1.to_owned()
}

#[test]
fn both_formats_say_who_writes() {
    let new = r#""kind":"rfc5424","facility":"local4","application":"evntslog","severity":"notice"}"#;
    assert_eq!(line(NEW), new);
    let old = r#""kind":"rfc3164","facility":"auth","application":"sshd","severity":"critical"}"#;
    assert_eq!(line(OLD), old);
    assert_eq!(line("<34>Oct  1 02:14:15 sshd[230]: CANARY"), old);
    assert_eq!(line("<34>sshd[230]: CANARY"), old);
    assert_eq!(
        line("<0>kernel: CANARY"),
        r#""kind":"rfc3164","facility":"kern","application":"kernel","severity":"emergency"}"#
    );
    assert_eq!(
        line("<85>1 - - app - IHE+RFC-3881 - CANARY"),
        r#""kind":"rfc5424","facility":"authpriv","application":"app","audit":true,"severity":"notice"}"#
    );
}

#[test]
fn text_is_no_program() {
    let none = r#""kind":"rfc3164","facility":"user","severity":"notice"}"#;
    for text in [
        "<13>CANARY: was admitted",
        "<13>Oct 11 22:14:15 host CANARY: was admitted",
        "<13>Oct 11 22:14:15 host CANARY[7a]: was admitted",
        "<13>Oct 11 22:14:15 a CANARY CANARY[7]:",
        "<13>Oct 11 22:14:15 host CANARY.doe[7]: x",
        "<13>",
        "<13>1",
        "<13>1 2003-10-11T22:14:15Z",
        "<13>1 yesterday host CANARY - - - x",
        "<13>2 2003-10-11T22:14:15Z host CANARY - - - x",
        "<13>1 2003-10-11T22:14:15Z host CANARY - - text x",
        "<13>Oct 11 22:14:15",
    ] {
        assert_eq!(line(text), none, "{text}");
    }
    let nameless = r#""kind":"rfc5424","facility":"user","severity":"notice"}"#;
    for text in ["<13>1 - - - - - -", "<13>1 - - CANARY@doe - - -", &format!("<13>1 - - {} - - -", "CANARY".repeat(6))]
    {
        assert_eq!(line(text), nameless, "{text}");
    }
}

#[test]
fn a_priority_has_its_shape() {
    let good = b"<0>x".to_vec();
    for bad in ["<192>x", "<013>x", "<00>x", "<>x", "<1234>x", "< 1>x", "13>x", "<13", "<-1>x"] {
        assert_eq!(of_a(&FLOW, bad.as_bytes()).protocol, None, "{bad}");
        let steps = [Step::Bytes(Side::A, good.clone()), Step::Bytes(Side::A, bad.as_bytes().to_vec())];
        let found = exercise(&FLOW, &steps, &[1]);
        assert_eq!((found.messages.len(), &found.anomalies[..]), (1, &["not-syslog"][..]), "{bad}");
    }
    for good in ["<191>x", "<10>", "<7>x"] {
        assert_eq!(of_a(&FLOW, good.as_bytes()).messages.len(), 1, "{good}");
    }
}

#[test]
fn elsewhere_only_a_header_with_a_time_names_it() {
    let udp = FlowFacts { transport: Transport::Udp, ..ELSEWHERE };
    for flow in [udp, ELSEWHERE] {
        assert_eq!(of_a(&flow, NEW.as_bytes()).protocol, Some("syslog"));
        for not in [
            OLD,
            "<165>1 - host app - - -",
            "<165>1 2003-10-11 22:14:15 host app",
            "<165>1 2003",
            "<?xml version='1.0'?>",
        ] {
            assert_eq!(of_a(&flow, not.as_bytes()).protocol, None, "{not}");
        }
    }
    let counted = format!("{} {NEW}", NEW.len());
    assert_eq!(of_a(&ELSEWHERE, counted.as_bytes()).protocol, Some("syslog"));
    for not in
        ["220 mail.example ESMTP\r\n", "220 <CANARY@example>\r\n", "1022\0root\0root\0", "GET / HTTP/1.1\r\n\r\n"]
    {
        assert_ne!(of_a(&ELSEWHERE, not.as_bytes()).protocol, Some("syslog"), "{not}");
        assert_ne!(of_a(&STREAM, not.as_bytes()).protocol, Some("syslog"), "{not}");
    }
}

#[test]
fn lines_and_counted_messages_of_any_length() {
    let long = format!("{NEW} {}", "CANARY <13>1 ".repeat(400));
    let lines = format!("{OLD}\n{long}\r\n\0{NEW}\n");
    let found = of_a(&STREAM, lines.as_bytes());
    let told = |text: &str, more: usize| format!(" request {} {{", text.len() + more);
    assert_eq!(found.messages.len(), 3, "{found:?}");
    for (line, told) in found.messages.iter().zip([told(OLD, 1), told(&long, 2), told(NEW, 1)]) {
        assert!(line.contains(&told), "{line} {told}");
    }
    let counted: String = [OLD, &long, NEW].iter().map(|text| format!("{} {text}", text.len())).collect();
    let found = of_a(&STREAM, counted.as_bytes());
    assert_eq!(found.messages.len(), 3, "{found:?}");
    for (line, told) in found.messages.iter().zip([told(OLD, 3), told(&long, 5), told(NEW, 3)]) {
        assert!(line.contains(&told), "{line} {told}");
    }
    assert!(found.anomalies.is_empty() && found.held_max < 4096, "{found:?}");
}

#[test]
fn lines_that_are_no_messages_are_passed_over() {
    let text = format!("{OLD}\n\tat CANARY\n9 CANARY\n2 <13\n1234567 <13>x\n{OLD}\n");
    let found = of_a(&STREAM, text.as_bytes());
    assert_eq!((found.messages.len(), found.anomalies.len()), (2, 4), "{found:?}");
}

#[test]
fn a_gap_costs_what_it_hits() {
    let counted = format!("{} {NEW}", NEW.len());
    let (before, behind) = counted.split_at(40);
    let bytes = |text: &str| Step::Bytes(Side::A, text.as_bytes().to_vec());
    let both = format!("{counted}{counted}");
    // Inside of a counted message whose head has not been read: the message is lost, and what follows has no line's end.
    let found = read(&STREAM, &[bytes(&counted), bytes(before), Step::Gap(Side::A, Some(3)), bytes(&behind[3..])]);
    assert_eq!(found.messages.len(), 1, "{found:?}");
    // Behind its head.
    let long = format!("{NEW} {}", "x".repeat(1000));
    let counted = format!("{} {long}", long.len());
    let (before, behind) = counted.split_at(700);
    let found = read(&STREAM, &[bytes(before), Step::Gap(Side::A, Some(30)), bytes(&behind[30..]), bytes(&both)]);
    assert_eq!(found.messages.len(), 3, "{found:?}");
    assert!(found.messages[0].contains(&format!(" {} incomplete {{", counted.len())), "{found:?}");
    // To its end, beyond it, and of unknown length.
    for missing in [Some(behind.len() as u64), Some(5000), None] {
        let found =
            read(&STREAM, &[bytes(before), Step::Gap(Side::A, missing), bytes(&both), bytes("\n"), bytes(&both)]);
        let behind = if missing == Some(behind.len() as u64) { 5 } else { 3 };
        assert_eq!(found.messages.len(), behind, "{missing:?} {found:?}");
        assert!(found.messages[0].contains(" incomplete {"), "{found:?}");
    }
    // In a line.
    let found = read(&STREAM, &[bytes(OLD), Step::Gap(Side::A, Some(9)), bytes("rest\n"), bytes(OLD), bytes("\n")]);
    assert_eq!(found.messages.len(), 2, "{found:?}");
    assert!(found.messages[0].contains(&format!(" {} incomplete {{", OLD.len() + 9)), "{found:?}");
}

#[test]
fn the_last_line_needs_no_end() {
    let found = of_a(&STREAM, OLD.as_bytes());
    assert_eq!(found.messages.len(), 1, "{found:?}");
    let long = format!("{OLD}{}", "x".repeat(1000));
    let found = of_a(&STREAM, long.as_bytes());
    assert!(found.messages[0].contains(&format!(" {} incomplete {{", long.len())), "{found:?}");
    for cut in 0..OLD.len() {
        let found = of_a(&STREAM, &OLD.as_bytes()[..cut]);
        assert_eq!(found.messages.len(), usize::from(cut >= 4), "{cut}");
    }
}

proptest! {
    #[test]
    fn however_it_is_cut(pieces in prop::collection::vec(0usize..8, 0..12), lengths in prop::collection::vec(1usize..90, 1..5), noise in "[ -~\n]{0,20}") {
        let counted = format!("{} {NEW}", NEW.len());
        let kinds = [OLD, NEW, &counted, "\n", "x", "99 <13>1 ", "<", &noise];
        let text: String = pieces.iter().map(|piece| kinds[*piece]).collect();
        for flow in [STREAM, ELSEWHERE] {
            let steps = [Step::Bytes(Side::A, format!("{NEW}\n{text}").into_bytes()), Step::Gap(Side::A, None), Step::Bytes(Side::A, text.clone().into_bytes())];
            let found = exercise(&flow, &steps, &lengths);
            prop_assert!(!found.messages.is_empty());
        }
    }
}
