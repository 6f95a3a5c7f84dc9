//! What tells a message from others, and what it carries: once it is accepted.

use super::*;
use crate::fingerprint::Fingerprint;

fn accepted(request: &str, answer: &str) -> Option<Fingerprint> {
    run(&[sent(framed(request)), answered(framed(answer))]).accepted.first().copied()
}

#[test]
fn a_message_that_is_sent_again_or_passed_on_is_the_same() {
    let first = accepted(ADT, ACK).expect("it was accepted");
    assert_eq!(accepted(ADT, ACK), Some(first));
    // An interface engine sets MSH-5 and MSH-6, a resend MSH-7.
    let passed_on = ADT.replace("|EHR|HOSP|20260921120000|", "|LAB|WEST|20260921123456|");
    assert_eq!(accepted(&passed_on, ACK), Some(first));
}

#[test]
fn other_content_is_other_content_and_the_same_identity() {
    let first = accepted(ADT, ACK).expect("it was accepted");
    for changed in [
        ADT.replace("ICU^1", "ICU^2"),
        ADT.replace("||ADT^A01^ADT_A01|", "||ADT^A03^ADT_A03|"),
        ADT.replace("PV1|1|I", "ZZZ|1\rPV1|1|I"),
    ] {
        let other = accepted(&changed, ACK).expect("it was accepted");
        assert_eq!(other.identity, first.identity);
        assert_ne!(other.content, first.content, "{changed}");
    }
    for (other, answer) in [
        (ADT.replace("|C1|", "|C2|"), ACK.replace("|C1", "|C2")),
        (ADT.replace("|REG|MAIN|", "|REG|WEST|"), ACK.to_owned()),
    ] {
        assert_ne!(accepted(&other, &answer).expect("it was accepted").identity, first.identity);
    }
}

#[test]
fn only_once_it_is_accepted() {
    assert_eq!(accepted(ADT, &ACK.replace("|AA|", "|AE|")), None);
    assert_eq!(accepted(ADT, &ACK.replace("|C1", "|C9")), None, "of another message");
    assert_eq!(run(&[sent(framed(ADT))]).accepted, []);
    // Enhanced mode: a commit, then the application's answer.
    let twofold = ADT.replace("|P|2.5.1", "|P|2.5.1|||AL|AL");
    let steps = [sent(framed(&twofold)), answered(ack("CA", "C1")), answered(ack("AA", "C1"))];
    assert_eq!(run(&steps).accepted.len(), 1);
}

#[test]
fn nothing_where_it_is_not_whole() {
    let (start, end) = ADT.split_at(ADT.len() - 20);
    let steps = [sent([b"\x0b", start.as_bytes()].concat()), Step::Gap(Side::B, Some(5)), sent(format!("{end}\x1c\r"))];
    let seen = run(&[&steps[..], &[answered(framed(ACK))]].concat());
    assert_eq!(seen.accepted, []);
    assert_eq!(seen.messages.len(), 2);
}
