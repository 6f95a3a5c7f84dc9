//! Every event is what `wardtap schema` says, and the schema is strict enough to notice when one is not. So is the inventory.

use std::collections::HashSet;
use std::fmt;

use jsonschema::Validator;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};

use crate::run::{captures, captures_of, replay, wardtap};

fn schema() -> Validator {
    validator(&["schema"])
}

pub(crate) fn validator(arguments: &[&str]) -> Validator {
    let printed = wardtap(arguments).expect(0);
    let schema: Value = serde_json::from_str(&printed.stdout).expect("the schema is JSON");
    jsonschema::draft202012::new(&schema).expect("the schema is a schema")
}

/// JSON in which no object has a member twice: serde_json itself takes the last one silently.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Unique;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
                Ok(Unique)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
                Ok(Unique)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
                Ok(Unique)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
                Ok(Unique)
            }
            fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
                Ok(Unique)
            }
            fn visit_unit<E>(self) -> Result<Unique, E> {
                Ok(Unique)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
                while items.next_element::<Unique>()?.is_some() {}
                Ok(Unique)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unique, A::Error> {
                let mut names = HashSet::new();
                while let Some((name, Unique)) = members.next_entry::<String, Unique>()? {
                    if !names.insert(name.clone()) {
                        return Err(serde::de::Error::custom(format!("{name} stands twice")));
                    }
                }
                Ok(Unique)
            }
        }
        from.deserialize_any(Any)
    }
}

#[test]
fn every_event_of_every_capture_validates() {
    let schema = schema();
    let mut types = HashSet::new();
    let mut events = 0;
    for capture in captures() {
        for line in replay(&capture, &[]).events.lines() {
            if let Err(error) = serde_json::from_str::<Unique>(line) {
                panic!("{capture}: {error}: {line}");
            }
            let event: Value = serde_json::from_str(line).unwrap();
            assert!(schema.is_valid(&event), "{capture}: {}\n{line}", why(&schema, &event));
            types.insert(event["type"].as_str().unwrap().to_owned());
            events += 1;
        }
    }
    assert_eq!(types.len(), 6, "{types:?}");
    assert!(events > 3000, "{events}");
}

/// Which member of which choice did not fit: of the choice of the event's own type.
fn why(schema: &Validator, event: &Value) -> String {
    schema
        .iter_errors(event)
        .map(|error| format!("{error:?}"))
        .collect::<Vec<_>>()
        .join("; ")
        .chars()
        .take(3000)
        .collect()
}

/// An event of this type and, of messages, protocol.
fn sample(capture: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    replay(capture, &[]).parsed().into_iter().find(wanted).expect("the capture has such an event")
}

#[test]
fn a_broken_event_does_not_validate() {
    let schema = schema();
    let refuse = |event: &Value, pointer: &str, value: Value, why: &str| {
        let mut broken = event.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = broken.pointer_mut(parent).unwrap_or_else(|| panic!("no {pointer} in {event}"));
        match (parent, value) {
            (Value::Object(members), Value::Null) => {
                assert!(members.remove(name).is_some(), "no {pointer} to remove");
            }
            (Value::Object(members), value) => {
                members.insert(name.to_owned(), value);
            }
            (Value::Array(items), value) => items[name.parse::<usize>().unwrap()] = value,
            (other, _) => panic!("{pointer}: {other}"),
        }
        assert_ne!(&broken, event);
        assert!(!schema.is_valid(&broken), "{why}: {pointer} of {broken}");
    };
    let of = |capture: &str, kind: &'static str| sample(capture, move |event| event["type"] == kind);

    let modbus = of("captures/modbus/functions.pcap", "message");
    let hl7 = of("captures/hl7/feeds.pcap", "message");
    let dicom = of("captures/dicom/echo.pcap", "message");
    let dimse = sample("captures/dicom/echo.pcap", |event| event["message"]["dicom"]["dimse"].is_object());
    let alert = of("captures/dicom/executable-elf.pcap", "alert");
    let flow = of("captures/modbus/functions.pcap", "flow");
    let device = of("captures/modbus/functions.pcap", "device");
    let stats = of("captures/modbus/functions.pcap", "stats");
    for event in [&modbus, &hl7, &dicom, &dimse, &alert, &flow, &device, &stats] {
        assert!(schema.is_valid(event), "{event}");
        refuse(event, "/schema", json!("wardtap/2"), "another version");
        refuse(event, "/schema", Value::Null, "no version");
        refuse(event, "/type", json!("incidents"), "an unknown type");
        refuse(event, "/time", json!("2026-11-24T16:33:18Z"), "a time without nanoseconds");
        refuse(event, "/time", Value::Null, "no time");
        refuse(event, "/surplus", json!(1), "an unknown member");
        refuse(event, &format!("/{}", event["type"].as_str().unwrap()), Value::Null, "no body");
    }
    for event in [&modbus, &hl7, &dicom, &dimse] {
        let protocol = event["message"]["protocol"].as_str().unwrap();
        refuse(event, "/message/direction", json!("upwards"), "an unknown direction");
        refuse(event, "/message/frame", json!(0), "frames are counted from 1");
        refuse(event, "/message/bytes", json!("12"), "a number as text");
        refuse(event, "/message/response_seconds", json!(-1.0), "an answer before its request");
        refuse(event, "/message/surplus", json!(1), "an unknown member");
        refuse(event, &format!("/message/{protocol}/patient_name"), json!("X"), "an unknown member");
        refuse(event, "/flow/oriented_by", json!("luck"), "an unknown orientation");
        refuse(event, "/flow/src/port", json!(70_000), "no port");
        refuse(event, "/flow/surplus", json!(1), "an unknown member");
    }
    refuse(&modbus, "/message/modbus/function", json!(129), "an exception bit");
    refuse(&modbus, "/message/modbus/unit_id", json!(256), "no octet");
    refuse(&modbus, "/message/modbus/transaction_id", Value::Null, "every ADU has one");
    refuse(&hl7, "/message/hl7/segments/PID", json!("2"), "a count as text");
    refuse(&hl7, "/message/hl7/control_id", json!(7), "an id as a number");
    refuse(&dicom, "/message/dicom/pdu", json!("A-ASSOCIATE"), "an unknown PDU");
    refuse(&dicom, "/message/dicom/presentation_contexts/0/surplus", json!(1), "an unknown member");
    refuse(&dimse, "/message/dicom/dimse/status", json!("0xA700"), "four hexadecimal digits");
    refuse(&dimse, "/message/dicom/dimse/surplus", json!(1), "an unknown member");
    refuse(&alert, "/alert/severity", json!("bad"), "an unknown severity");
    refuse(&alert, "/alert/score", json!(101), "a score above 100");
    refuse(&alert, "/alert/evidence/sha256", json!("abc"), "a short digest");
    refuse(&alert, "/alert/evidence/frames/0/frame", json!(0), "frames are counted from 1");
    refuse(&alert, "/alert/clinical/isolation", json!("maybe"), "an unknown word");
    refuse(&alert, "/alert/attack/0/technique", json!("0846"), "no technique");
    refuse(&alert, "/device/id", json!("10.77.0.20"), "an id without its kind");
    refuse(&alert, "/peer/mac", json!("02:57"), "half a MAC address");
    refuse(&flow, "/flow/state", json!("open"), "an unknown state");
    refuse(&flow, "/flow/sent/surplus", json!(1), "an unknown member");
    refuse(&flow, "/flow/surplus", json!(1), "an unknown member");
    refuse(&flow, "/flow/community_id", json!("2:abc"), "no community id");
    refuse(&device, "/device/surplus", json!(1), "an unknown member");
    refuse(&stats, "/stats/packets", json!(-1), "a negative count");
    refuse(&stats, "/stats/transport/surplus", json!(1), "an unknown member");
    refuse(&stats, "/stats/inputs/0/surplus", json!(1), "an unknown member");
}

#[test]
fn a_member_that_stands_twice_is_noticed() {
    assert!(serde_json::from_str::<Unique>(r#"{"a":{"b":[1,{"c":1}]},"d":null}"#).is_ok());
    let error = serde_json::from_str::<Unique>(r#"{"a":{"b":[1,{"c":1,"c":2}]}}"#).err().expect("c stands twice");
    assert!(error.to_string().contains("c stands twice"), "{error}");
}

#[test]
fn an_inventory_is_what_its_schema_says_and_a_broken_one_is_not() {
    let schema = validator(&["schema", "--of", "inventory"]);
    let mut device = Value::Null;
    for capture in ["captures/bacnet/controller.pcap", "captures/telnet/login.pcap", "captures/smb/smb1.pcap"]
        .map(ToOwned::to_owned)
        .into_iter()
        .chain(captures_of("simulated"))
    {
        let devices: Value = serde_json::from_str(&replay(&capture, &[]).inventory).unwrap();
        assert!(schema.is_valid(&devices), "{capture}: {}", why(&schema, &devices));
        let with_model = |of: &&Value| of["identity"]["model"].as_array().is_some_and(|facts| !facts.is_empty());
        if let Some(found) = devices.as_array().unwrap().iter().find(with_model) {
            device = found.clone();
        }
    }
    assert!(schema.is_valid(&json!([device])) && schema.is_valid(&json!([])), "{device}");
    assert!(!schema.is_valid(&device), "no array");
    for (pointer, value) in [
        ("/surplus", json!(1)),
        ("/identity/surplus", json!(1)),
        ("/identity/model/0/confidence", json!("sure")),
        ("/identity/model/0/evidence/0/messages", json!(-1)),
        ("/exposure", json!([{ "kind": "luck", "service": "tcp/1", "peers": 1 }])),
        ("/ip", json!(7)),
    ] {
        let mut broken = device.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        broken.pointer_mut(parent).unwrap()[name] = value;
        assert!(!schema.is_valid(&json!([broken])), "{pointer}: {broken}");
    }
}
