//! Command sets (PS3.7 section 6.3 and annex E): always implicit VR, little endian.

use super::DataSet;

/// The bit of a response in the command field.
pub const RESPONSE: u16 = 0x8000;
/// C-STORE-RQ.
pub const STORE: u16 = 0x0001;
/// C-GET-RQ.
pub const GET: u16 = 0x0010;
/// C-FIND-RQ.
pub const FIND: u16 = 0x0020;
/// C-MOVE-RQ.
pub const MOVE: u16 = 0x0021;
/// C-ECHO-RQ.
pub const ECHO: u16 = 0x0030;
/// N-EVENT-REPORT-RQ.
pub const EVENT: u16 = 0x0100;
/// N-SET-RQ.
pub const SET: u16 = 0x0120;
/// N-ACTION-RQ.
pub const ACTION: u16 = 0x0130;
/// N-CREATE-RQ.
pub const CREATE: u16 = 0x0140;
/// C-CANCEL-RQ, which is not answered.
pub const CANCEL: u16 = 0x0fff;

/// Status: done.
pub const SUCCESS: u16 = 0x0000;
/// Status: more responses follow.
pub const PENDING: u16 = 0xff00;
/// Status: ended by C-CANCEL-RQ.
pub const CANCELLED: u16 = 0xfe00;
/// Status: refused, out of resources (PS3.4 section B.2.3).
pub const OUT_OF_RESOURCES: u16 = 0xa700;

/// A command.
#[derive(Clone, Copy, Debug, Default)]
pub struct Command<'a> {
    /// (0000,0100).
    pub field: u16,
    /// The SOP class: (0000,0003) of N-SET-RQ and N-ACTION-RQ, else (0000,0002); C-CANCEL-RQ has none.
    pub class: &'static str,
    /// (0000,0110), or (0000,0120) of a response and of C-CANCEL-RQ.
    pub message_id: u16,
    /// (0000,0900), of a response.
    pub status: u16,
    /// The SOP instance: (0000,1001) of N-SET-RQ and N-ACTION-RQ, else (0000,1000).
    pub instance: Option<&'a str>,
    /// (0000,0600).
    pub destination: Option<&'a str>,
    /// (0000,1002) or (0000,1008).
    pub kind: Option<u16>,
    /// (0000,1020) to (0000,1023): remaining, completed, failed, with warnings.
    pub counts: Option<[u16; 4]>,
    /// (0000,1030) and (0000,1031): whose C-MOVE-RQ this storing is part of.
    pub moved_for: Option<(&'a str, u16)>,
}

impl Command<'_> {
    /// True of a response.
    pub fn is_response(&self) -> bool {
        self.field & RESPONSE != 0
    }

    /// Its octets; `data` says that a data set follows.
    pub fn encode(&self, data: bool) -> Vec<u8> {
        let mut set = DataSet::new(false);
        // Its length is known at the end.
        set.octets.extend_from_slice(&[0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
        let requested = matches!(self.field, SET | ACTION);
        if !self.class.is_empty() {
            set.text(if requested { 0x0003 } else { 0x0002 }, b"UI", self.class);
        }
        set.short(0x0100, self.field);
        let answers = self.is_response() || self.field == CANCEL;
        set.short(if answers { 0x0120 } else { 0x0110 }, self.message_id);
        if let Some(destination) = self.destination {
            set.text(0x0600, b"AE", destination);
        }
        if matches!(self.field, STORE | GET | FIND | MOVE) {
            set.short(0x0700, 0);
        }
        set.short(0x0800, if data { 0x0001 } else { 0x0101 });
        if self.is_response() {
            set.short(0x0900, self.status);
        }
        if let Some(instance) = self.instance {
            set.text(if requested { 0x1001 } else { 0x1000 }, b"UI", instance);
        }
        if let Some(kind) = self.kind {
            set.short(if self.field & !RESPONSE == EVENT { 0x1002 } else { 0x1008 }, kind);
        }
        for (tag, count) in (0x1020..).zip(self.counts.into_iter().flatten()) {
            // The remaining operations stand in pending and cancelled responses alone (PS3.7 section 9.1.4.1.7).
            if tag > 0x1020 || matches!(self.status, PENDING | CANCELLED) {
                set.short(tag, count);
            }
        }
        if let Some((title, message_id)) = self.moved_for {
            set.text(0x1030, b"AE", title);
            set.short(0x1031, message_id);
        }
        let length = set.octets.len() as u32 - 12;
        set.octets[8..12].copy_from_slice(&length.to_le_bytes());
        set.octets
    }

    /// What the standard calls it.
    pub fn name(&self) -> &'static str {
        match (self.field & !RESPONSE, self.is_response()) {
            (STORE, false) => "C-STORE-RQ",
            (STORE, true) => "C-STORE-RSP",
            (GET, false) => "C-GET-RQ",
            (GET, true) => "C-GET-RSP",
            (FIND, false) => "C-FIND-RQ",
            (FIND, true) => "C-FIND-RSP",
            (MOVE, false) => "C-MOVE-RQ",
            (MOVE, true) => "C-MOVE-RSP",
            (ECHO, false) => "C-ECHO-RQ",
            (ECHO, true) => "C-ECHO-RSP",
            (EVENT, false) => "N-EVENT-REPORT-RQ",
            (EVENT, true) => "N-EVENT-REPORT-RSP",
            (SET, false) => "N-SET-RQ",
            (SET, true) => "N-SET-RSP",
            (ACTION, false) => "N-ACTION-RQ",
            (ACTION, true) => "N-ACTION-RSP",
            (CREATE, false) => "N-CREATE-RQ",
            (CREATE, true) => "N-CREATE-RSP",
            (CANCEL, _) => "C-CANCEL-RQ",
            _ => "OTHER",
        }
    }
}
