//! Associations: the requester's and the acceptor's side at once, and every message of them noted.

use std::time::Duration;

use super::entity::Entity;
use crate::clock::{Time, ms, us};
use crate::dice::Dice;
use crate::network::{Network, Sent};
use crate::tcp::{Connection, Side};
use crate::truth::{self, Body, Dicom, Dimse};
use crate::wire::dicom::command::{Command, RESPONSE};
use crate::wire::dicom::pdu::{self, Proposal, Verdict};
use crate::wire::dicom::uid;

/// A presentation context that was accepted.
#[derive(Clone, Copy, Debug)]
struct Context {
    id: u8,
    syntax: &'static str,
    explicit: bool,
}

/// An association.
#[derive(Debug)]
pub struct Association {
    /// When its last message had arrived: what comes next begins here, or later where the caller says so.
    pub at: Time,
    /// How long the acceptor takes for an answer, about.
    pub answer: Duration,
    dice: Dice,
    connection: Connection,
    contexts: Vec<Context>,
    /// The longest PDU that each side may send.
    max_pdu: [u32; 2],
    messages: u16,
    buffer: Vec<u8>,
}

impl Association {
    /// Opens an association that the acceptor accepts.
    pub fn open(net: &mut Network, at: Time, calling: &Entity, called: &Entity, proposals: &[Proposal]) -> Self {
        let mut association = Self::request(net, at, calling, called, &called.title, proposals);
        let verdicts = association.judge(called, proposals);
        let titles = [called.title.as_str(), calling.title.as_str()];
        let mut out = std::mem::take(&mut association.buffer);
        pdu::associate_ac(&mut out, titles, &verdicts, &called.taker().user, proposals);
        association.think();
        let everyday = net.mark;
        net.mark = called.before.map_or(everyday, |(_, mark)| mark);
        association.control(net, Side::Answerer, "A-ASSOCIATE-AC", &out);
        net.mark = everyday;
        association.buffer = out;
        association.at += us(300);
        association
    }

    /// Asks for an association that is rejected: result, source and reason (PS3.8 table 9-21).
    pub fn rejected(
        net: &mut Network,
        at: Time,
        [calling, called]: [&Entity; 2],
        title: &str,
        proposals: &[Proposal],
        why: [u8; 3],
    ) -> Time {
        let mut association = Self::request(net, at, calling, called, title, proposals);
        association.think();
        association.control(net, Side::Answerer, "A-ASSOCIATE-RJ", &pdu::associate_rj(why));
        // Who has sent the rejection waits for the requester to close (PS3.8 section 9.2, action AE-4).
        association.connection.close(net, association.at + us(200), Side::Opener)
    }

    fn request(
        net: &mut Network,
        at: Time,
        calling: &Entity,
        called: &Entity,
        title: &str,
        proposals: &[Proposal],
    ) -> Self {
        let (connection, at) = Connection::open(net, at, calling.host, called.host, called.port);
        let dice = net.dice("association", at.0 ^ u64::from(calling.host.0));
        let max_pdu = [called.taker().user.max_pdu, calling.make.user.max_pdu];
        let answer = called.answer.mul_f64(called.slowness);
        let contexts = Vec::with_capacity(proposals.len());
        let mut association =
            Self { at, answer, dice, connection, contexts, max_pdu, messages: 0, buffer: Vec::with_capacity(512) };
        let mut out = std::mem::take(&mut association.buffer);
        pdu::associate_rq(&mut out, title, &calling.title, proposals, &calling.make.user);
        let sent = association.connection.send(net, at, Side::Opener, &out);
        net.note(sent.frame, || {
            let titles = Some((calling.title.clone(), title.to_owned()));
            association.truth(Side::Opener, "A-ASSOCIATE-RQ", out.len(), titles, None)
        });
        association.at = sent.arrived;
        out.clear();
        association.buffer = out;
        association
    }

    fn judge(&mut self, called: &Entity, proposals: &[Proposal]) -> Vec<Verdict> {
        let judge = |(place, proposal): (usize, &Proposal)| {
            let id = pdu::context_id(place);
            if !called.serves.contains(&proposal.syntax) {
                // Abstract syntax not supported.
                return Verdict { id, result: 3, transfer: proposal.transfer[0] };
            }
            let explicit = called.taker().explicit && proposal.transfer.contains(&uid::EXPLICIT);
            self.contexts.push(Context { id, syntax: proposal.syntax, explicit });
            Verdict { id, result: 0, transfer: if explicit { uid::EXPLICIT } else { uid::IMPLICIT } }
        };
        proposals.iter().enumerate().map(judge).collect()
    }

    /// Whether data sets of an abstract syntax are explicit VR here; none where it was not accepted.
    pub fn explicit(&self, syntax: &str) -> Option<bool> {
        self.contexts.iter().find(|context| context.syntax == syntax).map(|context| context.explicit)
    }

    /// The next message id.
    pub fn next_id(&mut self) -> u16 {
        self.messages = self.messages.wrapping_add(1);
        self.messages
    }

    /// The acceptor's time for an answer goes by.
    pub fn think(&mut self) {
        self.at += self.dice.skewed(self.answer, 0.5);
    }

    /// A while goes by, around so long.
    pub fn pause(&mut self, about: Duration) {
        self.at += self.dice.skewed(about, 0.6);
    }

    /// Sends a message; its data set, where it has one, comes in two parts. What was not agreed on is not sent.
    pub fn send(&mut self, net: &mut Network, side: Side, command: &Command<'_>, data: [&[u8]; 2]) -> Option<Sent> {
        let context = self.contexts.iter().find(|context| context.syntax == command.class)?.id;
        let max_pdu = self.max_pdu[side as usize];
        let set = command.encode(!data[0].is_empty());
        let mut out = std::mem::take(&mut self.buffer);
        out.clear();
        pdu::data(&mut out, context, true, [&set, &[]], max_pdu);
        pdu::data(&mut out, context, false, data, max_pdu);
        let sent = self.connection.send(net, self.at, side, &out);
        net.note(sent.frame, || {
            let status = command.is_response().then(|| format!("{:04x}", command.status));
            let dimse = Dimse { command: command.name(), message_id: command.message_id, status };
            self.truth(side, "P-DATA-TF", out.len(), None, Some(dimse))
        });
        self.buffer = out;
        self.at = sent.arrived;
        Some(sent)
    }

    /// A request and, after the other end's time, its response.
    pub fn exchange(&mut self, net: &mut Network, side: Side, request: &Command<'_>, data: [&[u8]; 2], status: u16) {
        if self.send(net, side, request, data).is_some() {
            self.think();
            self.respond(net, side.other(), request, status);
        }
    }

    /// The response to a request, without a data set.
    pub fn respond(&mut self, net: &mut Network, side: Side, request: &Command<'_>, status: u16) {
        let Command { field, class, message_id, instance, kind, .. } = *request;
        let field = field | RESPONSE;
        let response = Command { field, class, message_id, status, instance, kind, ..Command::default() };
        self.send(net, side, &response, [&[], &[]]);
        self.at += us(200);
    }

    /// Releases the association, and closes the connection; gives the time when that is done.
    pub fn release(mut self, net: &mut Network) -> Time {
        self.at += ms(1);
        self.control(net, Side::Opener, "A-RELEASE-RQ", &pdu::RELEASE_RQ);
        self.at += us(400);
        self.control(net, Side::Answerer, "A-RELEASE-RP", &pdu::RELEASE_RP);
        self.connection.close(net, self.at + us(200), Side::Opener)
    }

    /// Aborts the association from one side.
    pub fn abort(mut self, net: &mut Network, side: Side) -> Time {
        // The user aborts, or the provider without a reason (PS3.8 table 9-26).
        let why = if side == Side::Opener { [0, 0] } else { [2, 0] };
        self.control(net, side, "A-ABORT", &pdu::abort(why));
        self.connection.close(net, self.at + us(200), side.other())
    }

    /// Leaves the association as it is: nobody ever speaks in it again.
    pub fn leave(self) -> Time {
        self.at
    }

    fn control(&mut self, net: &mut Network, side: Side, name: &'static str, octets: &[u8]) {
        let sent = self.connection.send(net, self.at, side, octets);
        net.note(sent.frame, || self.truth(side, name, octets.len(), None, None));
        self.at = sent.arrived;
    }

    fn truth(
        &self,
        side: Side,
        pdu: &'static str,
        length: usize,
        titles: Option<(String, String)>,
        dimse: Option<Dimse>,
    ) -> truth::Message {
        let [src, dst] = self.connection.names(side);
        let (calling_ae, called_ae) = titles.unzip();
        let answers = match &dimse {
            Some(dimse) => dimse.status.is_some(),
            None => matches!(pdu, "A-ASSOCIATE-AC" | "A-ASSOCIATE-RJ" | "A-RELEASE-RP"),
        };
        let direction = if answers { "response" } else { "request" };
        let body = Body::Dicom(Dicom { pdu, calling_ae, called_ae, dimse });
        truth::Message { protocol: "dicom", direction, src, dst, bytes: length as u64, body }
    }
}
