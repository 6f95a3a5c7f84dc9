//! HL7 v2 messages in MLLP frames (HL7 v2.5.1 chapter 2; MLLP release 1).

use crate::truth::{self, Body};

/// A message as its sender builds it.
#[derive(Clone, Debug)]
pub struct Message {
    /// MSH-3 to MSH-6: sending application and facility, receiving application and facility.
    pub ends: [String; 4],
    /// MSH-7, as digits.
    pub time: String,
    /// MSH-9: code, trigger event, structure; an acknowledgement may have the code alone.
    pub event: [String; 3],
    /// MSH-10.
    pub control_id: String,
    /// MSH-11: `P` in production, `T` in training, `D` in debugging (table 0103).
    pub processing: char,
    /// MSH-12, with what the sender has behind it (MSH-18, the character set).
    pub version: &'static str,
    /// The segments behind MSH, without their CR.
    pub segments: Vec<String>,
}

impl Message {
    /// The octets between VT and FS, in Latin-1: every segment ends with CR.
    pub fn encode(&self) -> Vec<u8> {
        let ends: usize = self.ends.iter().map(String::len).sum();
        let segments: usize = self.segments.iter().map(|segment| segment.len() + 1).sum();
        let mut out = Vec::with_capacity(ends + segments + 120);
        out.extend_from_slice(b"MSH|^~\\&");
        for field in self.ends.iter().chain([&self.time]) {
            out.push(b'|');
            latin1(&mut out, field);
        }
        out.extend_from_slice(b"||");
        let [code, behind @ ..] = &self.event;
        latin1(&mut out, code);
        for part in behind.iter().filter(|part| !part.is_empty()) {
            out.push(b'^');
            latin1(&mut out, part);
        }
        for field in [self.control_id.as_str(), self.processing.encode_utf8(&mut [0; 4]), self.version] {
            out.push(b'|');
            latin1(&mut out, field);
        }
        out.push(b'\r');
        for segment in &self.segments {
            latin1(&mut out, segment);
            out.push(b'\r');
        }
        out
    }

    /// The segment with a name, to change it.
    pub fn segment_mut(&mut self, name: &str) -> Option<&mut String> {
        self.segments.iter_mut().find(|segment| segment.split('|').next() == Some(name))
    }

    /// The acknowledgement that its receiver sends (HL7 v2.5.1 section 2.9.2): code `AA`, `AE` or `AR`.
    pub fn acknowledge(&self, code: &str, control_id: String, time: String) -> Self {
        let [application, facility, to_application, to_facility] = self.ends.clone();
        let [_, trigger, _] = &self.event;
        Self {
            ends: [to_application, to_facility, application, facility],
            time,
            // The structure stands in the third component: nothing of it where the second is empty.
            event: ["ACK".into(), trigger.clone(), if trigger.is_empty() { String::new() } else { "ACK".into() }],
            control_id,
            processing: self.processing,
            version: self.version,
            segments: vec![format!("MSA|{code}|{}", self.control_id)],
        }
    }

    /// Its line of what was sent.
    pub fn truth(&self, [src, dst]: [String; 2]) -> truth::Message {
        let acknowledgement = self.segments.iter().find_map(|segment| segment.strip_prefix("MSA|"));
        let mut parts = acknowledgement.into_iter().flat_map(|fields| fields.split('|')).map(str::to_owned);
        let (ack_code, ack_control_id) = (parts.next(), parts.next());
        let [code, trigger, _] = self.event.clone();
        let [sending_application, _, receiving_application, _] = self.ends.clone();
        truth::Message {
            protocol: "hl7",
            direction: if acknowledgement.is_some() { "response" } else { "request" },
            src,
            dst,
            bytes: self.encode().len() as u64,
            body: Body::Hl7(truth::Hl7 {
                sending_application,
                receiving_application,
                message_code: code,
                trigger_event: Some(trigger).filter(|trigger| !trigger.is_empty()),
                control_id: self.control_id.clone(),
                ack_code,
                ack_control_id,
            }),
        }
    }
}

/// An MLLP frame: VT, the message, FS and CR.
pub fn frame(message: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(message.len() + 3);
    framed.push(0x0b);
    framed.extend_from_slice(message);
    framed.extend_from_slice(&[0x1c, 0x0d]);
    framed
}

fn latin1(out: &mut Vec<u8>, text: &str) {
    if text.is_ascii() {
        out.extend_from_slice(text.as_bytes());
    } else {
        out.extend(text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')));
    }
}

/// A segment with another value in a field, counted from 1 as the standard does for all but MSH.
pub fn with_field(segment: &str, field: usize, value: &str) -> String {
    let mut fields: Vec<&str> = segment.split('|').collect();
    if let Some(place) = fields.get_mut(field) {
        *place = value;
    }
    fields.join("|")
}

/// An application that sends messages: what they have in common, and the next control id.
#[derive(Clone, Debug)]
pub struct Sender {
    /// MSH-3.
    pub application: &'static str,
    /// MSH-4.
    pub facility: &'static str,
    /// As [`Message::version`].
    pub version: &'static str,
    /// What its control ids begin with.
    pub prefix: String,
    /// It ends its segments with empty fields.
    pub trailing: bool,
    count: u64,
}

/// The facility of all systems.
pub const FACILITY: &str = "WARD";

impl Sender {
    /// An application that has sent `count` messages before.
    pub fn new(application: &'static str, version: &'static str, prefix: impl Into<String>, count: u64) -> Self {
        Self { application, facility: FACILITY, version, prefix: prefix.into(), trailing: false, count }
    }

    /// Its next message: to an application, of an event such as `ADT^A01^ADT_A01`.
    pub fn message(&mut self, time: String, to: &str, event: &str, mut segments: Vec<String>) -> Message {
        self.count += 1;
        if self.trailing {
            segments.iter_mut().for_each(|segment| segment.push_str("|||"));
        }
        let mut parts = event.split('^').map(str::to_owned);
        Message {
            ends: [self.application.into(), self.facility.into(), to.into(), FACILITY.into()],
            time,
            event: std::array::from_fn(|_| parts.next().unwrap_or_default()),
            control_id: format!("{}{:07}", self.prefix, self.count),
            processing: 'P',
            version: self.version,
            segments,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn umlauts_are_one_octet() {
        let mut sender = Sender::new("EHR", "2.4||||||8859/1", "E", 7);
        let message = sender.message("2026".into(), "ENGINE", "ADT^A01", vec!["PID|1||||CANARY^J\u{dc}RGEN".into()]);
        let expected =
            b"MSH|^~\\&|EHR|WARD|ENGINE|WARD|2026||ADT^A01|E0000008|P|2.4||||||8859/1\rPID|1||||CANARY^J\xdcRGEN\r";
        assert_eq!(message.encode(), expected);
    }

    #[test]
    fn a_field_is_replaced() {
        assert_eq!(with_field("OBX|1|NM|K^||4.1|mmol/L", 5, "5.9"), "OBX|1|NM|K^||5.9|mmol/L");
    }
}
