//! What never comes out: patients' data, however the bytes are damaged.
//!
//! The canaries are made of `Q` and `7` alone, and nothing else in these messages holds either: one such character in
//! any text that comes out is a leak, even of a fragment.

use super::*;
use crate::exercise::{cut, transcript};

const PATIENT: &str = "PID|1|Q77|77777^^^Q^Q||QQQQ^QQQ^Q||77770707|Q|QQ^Q|Q|7 QQQ^^QQQ^QQ^77777||(777)777-7777|Q|QQ|Q\r\
    NK1|1|QQQ|QQ^Q||7777|\rPV1|1|I|QQQ|7|||77^QQQQ^Q|Q|||7|\rOBR|1|7|7|Q^QQQ|||7777|\r\
    OBX|1|ST|Q-Q^QQQ^L||QQQQ||P|Q|||F\rOBX|2|NM|77-7^Q^LN||2.3|QQ|1|2.1|||F|||77770707\r\
    NTE|1||QQQ QQQ Q P 2.3\rNTE|2|P|QQQ\rZ01|QQQQ|QQQ|7|Q|7777|Q|Q|77|Q|77|P|Q\r";

/// A patient's data that look as much as they can like the end of a header.
const CONTRIVED: &str = "NTE|QQQQ|P|2.3|\rNTE|7|P|2.3\rZ01|QQ|QQ^Q|7777|P|2.5.1|||AL|NE\rPV1|1|QQQ|P|2.5.1\r";

fn message() -> String {
    format!("MSH|^~\\&|REG|MAIN|EHR|HOSP|20260921120000||ADT^A01^ADT_A01|C1|P|2.5.1\rEVN|A01\r{PATIENT}")
}

/// A response that carries a patient, and free text in MSA-3 and MSA-6.
fn response() -> String {
    format!(
        "MSH|^~\\&|EHR|HOSP|REG|MAIN|20260921120000||RSP^K22^RSP_K21|A1|P|2.5.1\rMSA|AA|C1|QQQ 7|||7^Q\r\
         QAK|7|OK\rQPD|Q22|Q|QQQ\r{PATIENT}"
    )
}

fn check(steps: &[Step], silent: bool, what: impl Fn() -> String) -> Transcript {
    let seen = transcript(&FLOW, steps);
    for line in &seen.messages {
        let json = &line[line.find('{').unwrap()..];
        let texts = &json[..json.find("\"segments\"").unwrap()];
        // A site's own names are any with a `Z`: two characters behind one that silence cut off can make one.
        let segments = ["QAK", "QPD", "QID", "QRD", "QRF", "QRI"]
            .iter()
            .fold(json[texts.len()..].to_owned(), |segments, name| segments.replace(name, ""));
        let segments = if silent { segments.replace("\"ZQQ\"", "").replace("\"Z0Q\"", "") } else { segments };
        assert!(!segments.contains('Q'), "{}: {line}", what());
        // A version is one of a dozen words, whichever bytes made it up.
        let texts = texts.replace("\"version\":\"2.7\"", "");
        assert!(!texts.contains('Q') && !texts.contains('7'), "{}: {line}", what());
        let _: serde_json::Value = serde_json::from_str(json).unwrap();
    }
    seen
}

#[test]
fn nothing_of_a_whole_message() {
    let steps = [sent(framed(&message())), answered(framed(&response()))];
    for cuts in CUTS {
        let seen = check(&cut(&steps, cuts), false, || format!("{cuts:?}"));
        assert_eq!(seen.messages.len(), 2);
        assert!(seen.messages[1].contains("\"ack_control_id\":\"C1\""));
    }
}

/// Takes `count` bytes away at every place.
fn drop_everywhere(text: &str, counts: impl Iterator<Item = usize> + Clone, told: bool) {
    let bytes = framed(text);
    for at in 1..bytes.len() {
        for count in counts.clone() {
            let (before, after) = (&bytes[..at], &bytes[(at + count).min(bytes.len())..]);
            let steps = if told {
                let missing = Step::Gap(Side::B, if count % 2 == 0 { Some(count as u64) } else { None });
                vec![sent(before), missing, sent(after), sent(&bytes)]
            } else {
                vec![sent([before, after].concat()), sent(&bytes)]
            };
            check(&steps, !told, || format!("{count} bytes dropped at {at} ({told})"));
        }
    }
}

#[test]
fn bytes_dropped_and_told() {
    for text in [message(), response()] {
        let text = format!("{text}{CONTRIVED}");
        drop_everywhere(&text, (1..text.len()).step_by(7), true);
    }
    // All of the header's end, with what looks like it behind.
    drop_everywhere(&message().replace(PATIENT, CONTRIVED), 1..200, true);
}

#[test]
fn bytes_dropped_in_silence() {
    for text in [message(), response()] {
        drop_everywhere(&text, 1..text.len().min(330), false);
    }
}

#[test]
fn messages_spliced() {
    let (one, two) = (framed(&message()), framed(&response()));
    for end in 1..240 {
        for start in 0..two.len() {
            check(&[sent([&one[..end], &two[start..]].concat())], true, || format!("up to {end}, from {start}"));
            if start < one.len() {
                check(&[sent([&two[..end], &one[start..]].concat())], true, || {
                    format!("back, up to {end}, from {start}")
                });
            }
        }
    }
}

#[test]
fn free_text_in_the_place_of_a_control_id() {
    for line in ["MSA|AA|QQQQ", "MSA|AA|Q QQ", "MSA|AA|QQQ^Q", "MSA|AE||QQQ|Q", "MSA|AA|C1|QQQ", "MSA|QQQ|C1"] {
        let text = format!("MSH|^~\\&|EHR|HOSP|REG|MAIN|2026||ACK|A1|P|2.5.1\r{line}\rERR|Q|QQ\r");
        check(&[sent(framed(&message())), answered(framed(&text))], false, || line.to_owned());
    }
}

#[test]
fn fields_shifted() {
    // The header's own fields with a patient's among them, at every place.
    let header = "MSH|^~\\&|REG|MAIN|EHR|HOSP|20260921120000||ADT^A01^ADT_A01|C1|P|2.5.1";
    let fields: Vec<&str> = header.split('|').collect();
    for at in 2..fields.len() {
        for more in 1..8 {
            let patient = ["QQQQ^QQQ", "77777", "QQQ", "7", "Q", "Q7", "QQ"];
            let shifted = [&fields[..at], &patient[..more], &fields[at..]].concat().join("|");
            let seen = check(&[sent(framed(&format!("{shifted}\rPID|1\r")))], true, || shifted.clone());
            assert!(seen.anomalies.contains(&"unreadable-header") || at > 10, "{shifted}");
            if at + more < fields.len() {
                let replaced = [&fields[..at], &fields[at + more..]].concat().join("|");
                check(&[sent(framed(&format!("{replaced}|QQQQ|QQ|77|Q\rPID|1\r")))], true, || replaced.clone());
            }
        }
    }
}

#[test]
fn bytes_changed() {
    let text = message();
    let bytes = framed(&text);
    for at in 1..bytes.len() {
        for new in [b'\r', b'\n', b'|', b'^', 0x0b, 0x1c, b'~', 0xff, b' '] {
            let mut damaged = bytes.clone();
            damaged[at] = new;
            check(&[sent(damaged)], true, || format!("{new} at {at}"));
        }
    }
}

#[test]
fn shapes_of_the_header() {
    let show = |field: &str, with: &str| {
        let seen = run(&[sent(framed(&ADT.replacen(field, with, 1)))]);
        seen.messages[0].clone()
    };
    for shown in ["A+ (1).x/y_z-#:", "LAB^2.16.840.1.113883.19.3.1^ISO", " LAB ", "A&B"] {
        let text = shown.split(['^', '&']).next().unwrap().trim();
        assert!(show("REG", shown).contains(&format!("\"sending_application\":\"{text}\"")), "{shown}");
    }
    for hidden in ["L\u{e4}b", "a\\F\\b", "x@y", "*", &"A".repeat(65)] {
        assert!(show("REG", hidden).contains("\"sending_application\":\"(unreadable)\""), "{hidden}");
    }
    for absent in ["", "\"\"", "^ID^ISO"] {
        assert!(!show("REG", absent).contains("sending_application"), "{absent}");
    }
    assert!(show("|C1|", "|{0-9a-f}+/=_.:#*|").contains("\"control_id\":\"{0-9a-f}+/=_.:#*\""));
    for hidden in ["a@b.example", "J B", "J^B", "J'B", &"1".repeat(200)] {
        assert!(show("|C1|", &format!("|{hidden}|")).contains("\"control_id\":\"(unreadable)\""), "{hidden}");
    }
    // One header that is not sound hides everything; a wrong trigger or structure only itself.
    for (field, with) in [
        ("ADT^", "XYZ^"),
        ("ADT^", "AD^"),
        ("ADT^", "ADTX^"),
        ("|P|", "|X|"),
        ("2.5.1", "3"),
        ("2.5.1", "2.5.2"),
        ("2.5.1", ""),
        ("|2026", "|x2026"),
        ("2.5.1", "2.5.1|1a"),
        ("2.5.1", "2.5.1|||ALX"),
        ("2.5.1", "2.5.1||||A1"),
        // Longer than what is read: what it ends with nobody knows.
        ("2.5.1", &format!("2.5.1{}", "|".repeat(5000))),
    ] {
        assert!(show(field, with).contains("\"sending_application\":\"(unreadable)\""), "{field} {with}");
        assert!(show(field, with).contains(" other request "), "{field} {with}");
    }
    assert!(show("^A01^", "^QQQ^").contains("\"message_code\":\"ADT\",\"trigger_event\":\"(unreadable)\""));
    assert!(show("ADT_A01", "ADT_QQQ").contains("\"message_structure\":\"(unreadable)\""));
    for (field, with) in [
        ("|P|", "||"),
        ("|P|", "|T^A|"),
        ("2.5.1", "2.3"),
        ("2.5.1", "2.5.1^DEU&Germany"),
        ("ADT^A01^ADT_A01", "ADT"),
        ("ADT^A01^ADT_A01", "ZAB^Z01^ZAB_Z01"),
        ("ADT^A01^ADT_A01", "PGL^PC6^PGL_PC6"),
        ("ADT^A01^ADT_A01", "SET^Q41"),
        ("2.5.1", "2.9.1"),
        ("2.5.1", "2.0D"),
    ] {
        assert!(show(field, with).contains("\"sending_application\":\"REG\""), "{field} {with}");
    }
}
