//! Messages as they become complete: told, paired with their requests, and what they say of the association.

use wardtap_net::packet::Timestamp;
use wardtap_net::stream::Side;

use super::association::{Asked, Associate, Association};
use super::command::{Command, Status};
use super::dissector::{Dicom, announce};
use super::open::{Open, State};
use super::wire::{PDU_HEADER, pdu};
use super::{Anomaly, Body, DicomMessage, Dimse, PROTOCOL, kind, outcome};
use crate::fingerprint::Fingerprint;
use crate::{Direction, Envelope, MessageHandler, Outcome};

/// What a response answers.
#[derive(Default)]
struct Answered {
    /// How long ago it was asked, where that is known.
    response_nanos: Option<u64>,
    /// The object that was to be stored.
    stored: Option<Fingerprint>,
}

impl Dicom {
    fn association(&mut self) -> &mut Association {
        self.association.get_or_insert_default()
    }

    /// A message whose end will not come.
    pub(super) fn give_up(&mut self, side: Side, mut open: Box<Open>, to: &mut dyn MessageHandler) {
        open.judge(self.association.as_deref());
        announce(side, &mut open, self.now, to);
        if matches!(open.state, State::Read) {
            open.incomplete = true;
            self.emit(side, &open, None, to);
        }
    }

    /// Tells a message that was complete at `time`, where that is known.
    pub(super) fn emit(&mut self, side: Side, open: &Open, time: Option<Timestamp>, to: &mut dyn MessageHandler) {
        let command = &open.command;
        let answered = if command.is_response() {
            self.answer(side, command, time)
        } else {
            self.ask(side, open, time, to);
            None
        };
        let Answered { response_nanos, stored } = answered.unwrap_or_default();
        let outcome = outcome(command);
        self.note_requester(side, command);
        to.at(open.last.0, open.last.1);
        to.message(&DicomMessage {
            envelope: Envelope {
                kind: kind::of_command(command.field),
                side,
                direction: if command.is_response() { Direction::Response } else { Direction::Request },
                bytes: open.bytes,
                incomplete: open.incomplete,
                response_nanos,
                outcome,
            },
            association: self.association.as_deref(),
            body: Body::Dimse(Dimse {
                command,
                stored: stored.filter(|_| outcome == Outcome::Positive),
                context: open.context,
                dataset_bytes: open.dataset_bytes,
                query: open.query,
            }),
        });
        to.at(self.now.0, self.now.1);
    }

    /// Remembers a request; C-CANCEL-RQ has no answer of its own (PS3.7 9.3.2.3).
    fn ask(&mut self, side: Side, open: &Open, time: Option<Timestamp>, to: &mut dyn MessageHandler) {
        let command = &open.command;
        let (Some(operation), Some(message_id)) = (command.operation(), command.message_id) else { return };
        if operation != kind::C_CANCEL {
            let losses = side.of(&self.streams).losses;
            let pending = side.of_mut(&mut self.association().pending);
            // No two outstanding requests have the same number (PS3.7 9.1.1.1.1): the earlier one's answer was lost.
            let _ = pending.take(|earlier| earlier.message_id == message_id);
            let fingerprint = open.fingerprint();
            if pending.push(Asked { message_id, operation, time, losses, fingerprint }).is_some() {
                to.anomaly(&PROTOCOL, Anomaly::TooManyPending.index());
            }
        }
    }

    /// What a response answers; all but a pending status end the wait.
    fn answer(&mut self, side: Side, command: &Command, time: Option<Timestamp>) -> Option<Answered> {
        let (operation, id) = (command.operation()?, command.responded_to?);
        let pending = side.other().of_mut(&mut self.association.as_mut()?.pending);
        // Behind a gap the answer to an earlier request may come out after a later one with the same number.
        let earlier = |asked: &Asked| asked.time.zip(time).is_none_or(|(asked, answered)| asked <= answered);
        let matches = |asked: &Asked| asked.message_id == id && asked.operation == operation && earlier(asked);
        let known = |asked: &Asked| (asked.time, asked.losses, asked.fingerprint);
        let (asked, losses, stored) = if command.status_class() == Some(Status::Pending) {
            pending.iter().find(|asked| matches(asked)).map(known)?
        } else {
            pending.take(matches).as_ref().map(known)?
        };
        if losses != side.other().of(&self.streams).losses {
            return None;
        }
        let response_nanos = asked.zip(time).map(|(asked, answered)| answered.since(asked));
        Some(Answered { response_nanos, stored })
    }

    /// Without an association request, DIMSE shows who the requestor is: the one that asks. Only C-STORE and
    /// N-EVENT-REPORT also come from the other end (PS3.7 9.3.3, PS3.4 J.3); the port decides then.
    fn note_requester(&mut self, side: Side, command: &Command) {
        if self.requester.is_some() {
            return;
        }
        let Some(operation) = command.operation() else { return };
        let asking = if command.is_response() { side.other() } else { side };
        self.requester = Some(match (operation, self.listener) {
            (kind::C_STORE | kind::N_EVENT_REPORT, Some(listener)) => listener.other(),
            (kind::N_EVENT_REPORT, None) => return,
            _ => asking,
        });
    }

    /// An A-ASSOCIATE-RQ or -AC of which `pdu` is there, header included; `cut` when it was longer.
    pub(super) fn associate(
        &mut self,
        side: Side,
        pdu: &[u8],
        bytes: u64,
        cut: bool,
        incomplete: bool,
        to: &mut dyn MessageHandler,
    ) {
        let Some(seen) = Associate::read(pdu.get(PDU_HEADER..).unwrap_or_default(), cut) else { return };
        if let Some(anomaly) = seen.anomaly {
            to.anomaly(&PROTOCOL, anomaly.index());
        }
        let is_request = pdu.first() == Some(&pdu::ASSOCIATE_RQ);
        let mut response_nanos = None;
        if is_request {
            // The upper layer connection is opened by the association's requestor (PS3.8 9.1.2), whatever came before.
            self.requester = Some(side);
            self.close_open(side, to);
            let mut association = Association::requested(&seen);
            association.associate_asked = self.time().map(|time| (side, time));
            self.association = Some(Box::new(association));
        } else {
            self.requester.get_or_insert(side.other());
            self.association().accepted(&seen);
            response_nanos = self.associate_answered(side);
        }
        let (kind, direction, outcome) = if is_request {
            (kind::ASSOCIATE_RQ, Direction::Request, Outcome::Neutral)
        } else {
            (kind::ASSOCIATE_AC, Direction::Response, Outcome::Positive)
        };
        to.message(&DicomMessage {
            envelope: Envelope { kind, side, direction, bytes, incomplete, response_nanos, outcome },
            association: self.association.as_deref(),
            body: Body::Associate(&seen),
        });
    }

    fn associate_answered(&mut self, side: Side) -> Option<u64> {
        let (_, time) = self.association.as_mut()?.associate_asked.take_if(|(asker, _)| *asker != side)?;
        Some(self.time()?.since(time))
    }

    /// A-ASSOCIATE-RJ, A-RELEASE-RQ, A-RELEASE-RP or A-ABORT (PS3.8 9.3.4, 9.3.6 to 9.3.8).
    pub(super) fn short_pdu(&mut self, side: Side, pdu: &[u8], to: &mut dyn MessageHandler) {
        let &[pdu_type, _, _, _, _, _, _, result, source, reason, ..] = pdu else { return };
        let mut response_nanos = None;
        let (kind, direction, outcome, body) = match pdu_type {
            pdu::ASSOCIATE_RJ => {
                self.requester.get_or_insert(side.other());
                response_nanos = self.associate_answered(side);
                let body = Body::Reject { result, source, reason };
                (kind::ASSOCIATE_RJ, Direction::Response, Outcome::Negative, body)
            }
            pdu::RELEASE_RQ => {
                let time = self.time();
                self.association().release_asked = time.map(|time| (side, time));
                (kind::RELEASE_RQ, Direction::Request, Outcome::Neutral, Body::Release)
            }
            pdu::RELEASE_RP => {
                let association = self.association.as_mut();
                let asked = association.and_then(|known| known.release_asked.take_if(|(asker, _)| *asker != side));
                response_nanos = asked.and_then(|(_, time)| Some(self.time()?.since(time)));
                (kind::RELEASE_RP, Direction::Response, Outcome::Positive, Body::Release)
            }
            // Not an answer, but what was asked for is not done either.
            _ => (kind::ABORT, Direction::Request, Outcome::Negative, Body::Abort { source, reason }),
        };
        self.close_open(side, to);
        to.message(&DicomMessage {
            envelope: Envelope {
                kind,
                side,
                direction,
                bytes: u64::try_from(pdu.len()).unwrap_or(u64::MAX),
                incomplete: false,
                response_nanos,
                outcome,
            },
            association: self.association.as_deref(),
            body,
        });
    }

    /// Gives up all messages under way in one direction, oldest first.
    pub(super) fn close_open(&mut self, side: Side, to: &mut dyn MessageHandler) {
        while let Some(open) = side.of_mut(&mut self.streams).open.oldest() {
            self.give_up(side, open, to);
        }
    }
}
