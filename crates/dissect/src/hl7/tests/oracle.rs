//! `hl7-parser` as an oracle: on messages that it reads whole, every field reads the same.

use super::*;
use hl7_parser::parse_message_with_lenient_newlines;

fn word() -> impl Strategy<Value = String> {
    "[A-Z0-9][A-Za-z0-9_.+-]{0,12}"
}

prop_compose! {
    fn generated()(
        names in prop::collection::vec(word(), 4),
        tails in prop::collection::vec(prop_oneof![Just(""), Just("^1.2.3^ISO"), Just("~X"), Just("&Y")], 4),
        kind in prop_oneof![Just("ADT^A01^ADT_A01"), Just("ORU^R01"), Just("ACK"), Just("ZAB^Z01"), Just("QBP^Q22^QBP_Q21")],
        control_id in word(),
        version in prop_oneof![Just("2.1"), Just("2.3"), Just("2.5.1"), Just("2.9")],
        processing in prop_oneof![Just("P"), Just("T^A"), Just("")],
        answers in prop::option::of(word()),
        segments in prop::collection::vec(("(PID|PV1|OBX|NTE|ZX[A-Z0-9])", "[A-Za-z0-9|^~ ]{0,40}"), 0..8),
    ) -> String {
        let fields: Vec<String> = names.iter().zip(tails).map(|(name, tail)| format!("{name}{tail}")).collect();
        let mut text = format!("MSH|^~\\&|{}|20260921||{kind}|{control_id}|{processing}|{version}|||AL\r", fields.join("|"));
        if let Some(id) = answers {
            text.push_str(&format!("MSA|AE|{id}|free text\r"));
        }
        for (name, body) in segments {
            text.push_str(&format!("{name}|{body}\r"));
        }
        text
    }
}

proptest! {
    #[test]
    fn fields_agree(text in generated(), end in prop_oneof![Just("\r"), Just("\n"), Just("\r\n")]) {
        let text = text.replace('\r', end);
        let oracle = parse_message_with_lenient_newlines(&text).unwrap();
        prop_assert_eq!(oracle.raw_value().trim_end(), text.trim_end(), "the oracle read only a part");
        let seen = crate::exercise::transcript(&FLOW, &[sent(framed(&text))]);
        let line = &seen.messages[0];
        let json: serde_json::Value = serde_json::from_str(&line[line.find('{').unwrap()..]).unwrap();
        let part = |segment: &str, field: usize, component: usize| -> String {
            let part = (|| oracle.segment(segment)?.field(field)?.repeat(1)?.component(component)?.subcomponent(1))();
            part.map_or(String::new(), |part| part.raw_value().to_owned())
        };
        for (name, segment, field, component) in [
            ("sending_application", "MSH", 3, 1),
            ("sending_facility", "MSH", 4, 1),
            ("receiving_application", "MSH", 5, 1),
            ("receiving_facility", "MSH", 6, 1),
            ("message_code", "MSH", 9, 1),
            ("trigger_event", "MSH", 9, 2),
            ("message_structure", "MSH", 9, 3),
            ("control_id", "MSH", 10, 1),
            ("processing_id", "MSH", 11, 1),
            ("version", "MSH", 12, 1),
            ("ack_code", "MSA", 1, 1),
        ] {
            let ours = json.get(name).map_or("", |text| text.as_str().unwrap());
            prop_assert_eq!(ours, part(segment, field, component), "{}", name);
        }
        for segment in oracle.segments() {
            prop_assert_eq!(json["segments"][segment.name].as_u64(), Some(oracle.segment_count(segment.name) as u64));
        }
    }

    /// Whatever the bytes, reading them for a device's identity ends well.
    #[test]
    fn the_parser_survives(line in prop::collection::vec(prop_oneof![Just(b'|'), Just(b'^'), Just(b'\\'), any::<u8>()], 0..300)) {
        let line = [b"OBX|1|NM|||||||||||||||^", &line[..]].concat();
        let _ = super::super::profile::identify(b"MSH|^~\\&|A", &line);
    }
}
