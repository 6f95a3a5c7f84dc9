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
    /// MSH-12.
    pub version: &'static str,
    /// The segments behind MSH, without their CR.
    pub segments: Vec<String>,
}

impl Message {
    /// The octets between VT and FS: every segment ends with CR.
    pub fn encode(&self) -> Vec<u8> {
        let [application, facility, to_application, to_facility] = &self.ends;
        let event: Vec<&str> = self.event.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let mut text = format!(
            "MSH|^~\\&|{application}|{facility}|{to_application}|{to_facility}|{}||{}|{}|P|{}\r",
            self.time,
            event.join("^"),
            self.control_id,
            self.version
        );
        for segment in &self.segments {
            text.push_str(segment);
            text.push('\r');
        }
        text.into_bytes()
    }

    /// The acknowledgement that its receiver sends (HL7 v2.5.1 section 2.9.2): code `AA`, `AE` or `AR`.
    pub fn acknowledge(&self, code: &str, control_id: String, time: String) -> Self {
        let [application, facility, to_application, to_facility] = self.ends.clone();
        let [_, trigger, _] = &self.event;
        Self {
            ends: [to_application, to_facility, application, facility],
            time,
            event: ["ACK".into(), trigger.clone(), "ACK".into()],
            control_id,
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
