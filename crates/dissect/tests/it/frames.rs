//! The frame of a message that only a loss or the end of its flow shows to be over: that of its own last octets.

use wardtap_dissect::identify::Conversation;
use wardtap_dissect::{Finding, Message, MessageHandler, Protocol};
use wardtap_net::packet::Timestamp;
use wardtap_net::stream::{Chunk, Side};

use crate::naming::{ACKNOWLEDGEMENT, ECHO, RELEASE, association, from_start};

/// The frame that is being told of, and those of messages: whose, whether they were cut.
#[derive(Default)]
struct Frames {
    now: u64,
    told: Vec<(Side, bool, u64)>,
}

impl MessageHandler for Frames {
    fn message(&mut self, message: &dyn Message) {
        let envelope = message.envelope();
        self.told.push((envelope.side, envelope.incomplete, self.now));
    }

    fn anomaly(&mut self, _: &'static Protocol, _: usize) {}

    fn finding(&mut self, _: &'static Protocol, _: Finding) {}

    fn at(&mut self, _: Timestamp, frame: u64) {
        self.now = frame;
    }

    fn copied(&mut self, _: usize) {}
}

/// What is told of octets in frames of their own, numbered from 1; in the end a gap and the end of the flow have no frame.
fn told(port: u16, pieces: &[(Side, &[u8])], gap: Option<Side>) -> Vec<(Side, bool, u64)> {
    let mut flow = Conversation::default();
    let mut frames = Frames::default();
    for (frame, &(side, bytes)) in (1..).zip(pieces) {
        frames.now = frame;
        let chunk = Chunk { side, time: Timestamp::from_seconds(frame), frame, bytes };
        flow.push(&from_start([40_000, port]), &chunk, &mut frames);
    }
    frames.now = 0;
    if let Some(side) = gap {
        flow.gap(side, Some(1000), &mut frames);
    }
    frames.now = 0;
    flow.finish(&mut frames);
    frames.told
}

const CUT: (Side, bool, u64) = (Side::A, true, 2);

#[test]
fn of_what_is_held_for_the_rest_of_a_message() {
    let modbus: [(Side, &[u8]); 3] =
        [(Side::A, b"\0\x01\0\0\0\x06\x01\x03"), (Side::A, b"\0\x01"), (Side::B, b"\0\0\0\0\0\x05\x01\x03\x02\0\x07")];
    let whole = association();
    let dicom: [(Side, &[u8]); 3] = [(Side::A, &whole[..90]), (Side::A, &whole[90..110]), (Side::B, RELEASE)];
    for gap in [None, Some(Side::A)] {
        assert_eq!(told(502, &modbus, gap), [(Side::B, false, 3), CUT]);
        assert_eq!(told(104, &dicom, gap), [(Side::B, false, 3), CUT]);
    }
}

#[test]
fn of_what_was_read_of_a_message() {
    let hl7: [(Side, &[u8]); 3] = [
        (Side::A, b"\x0bMSH|^~\\&|LAB|MAIN|EHR|MAIN|"),
        (Side::A, b"20261124||ORU^R01|1|P|2.5.1\rPID|\r"),
        (Side::B, ACKNOWLEDGEMENT),
    ];
    assert_eq!(told(2575, &hl7, None), [(Side::B, false, 3), CUT]);
    // Its command says that a data set follows.
    let mut command = ECHO;
    command[78..80].copy_from_slice(&[1, 0]);
    let dicom: [(Side, &[u8]); 3] = [(Side::A, &command[..40]), (Side::A, &command[40..]), (Side::B, &ECHO)];
    assert_eq!(told(104, &dicom, None), [(Side::B, false, 3), CUT]);
}
