//! Channels: a master, a server, and the connection between them, on which one request goes after the other.

use std::time::Duration;

use super::unit::Answer;
use super::{ChannelId, Server};
use crate::clock::{Time, ms, secs, us};
use crate::network::HostId;
use crate::queue::Mark;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::wire::modbus::{self, PORT, Request, TARGET_FAILED_TO_RESPOND};

/// How long a master waits for an answer.
pub const TIMEOUT: Duration = secs(3);

/// How long a gateway waits for a serial unit.
const SERIAL_TIMEOUT: Duration = ms(800);

/// An octet at 19,200 bit/s with parity (11 bits), and the time between question and answer.
const SERIAL_OCTET: Duration = us(573);
/// See above.
const SERIAL_TURN: Duration = ms(9);

/// Requests without an answer after which a master opens its connection anew.
const PATIENCE: u32 = 3;

/// A channel.
#[derive(Debug)]
pub struct Channel {
    /// Who asks.
    pub master: HostId,
    /// The place of who answers in [`super::Building::servers`].
    pub server: usize,
    /// The next request's transaction identifier.
    pub transaction: u16,
    /// Until when the last request keeps it.
    pub busy: Time,
    /// The master does not poll: its driver hangs.
    pub paused: bool,
    connection: Option<Connection>,
    unanswered: u32,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused.
    Refused(u8),
    /// Nobody answered, or there is no connection.
    Nothing,
}

impl Sim {
    /// A further channel of a master to a server, which opens with its first request.
    pub fn channel(&mut self, master: HostId, server: usize) -> ChannelId {
        let channels = &mut self.ward.building.channels;
        let id = ChannelId(channels.len());
        let (busy, connection, unanswered) = (Time::default(), None, 0);
        channels.push(Channel { master, server, transaction: 1, busy, paused: false, connection, unanswered });
        id
    }

    /// Sees to it that a channel has a connection; true where that is new, none where there is none to be had.
    pub fn connect(&mut self, id: ChannelId) -> Option<bool> {
        let Self { net, ward, now, .. } = self;
        let channel = &mut ward.building.channels[id.0];
        let host = ward.building.servers[channel.server].host;
        let at = channel.busy.max(*now);
        if !net.host(channel.master).up {
            return None;
        }
        if !net.host(host).up {
            // The master hears nothing, gives the connection up and tries for another.
            if let Some(mut connection) = channel.connection.take() {
                channel.busy = connection.reset(net, at + TIMEOUT, Side::Opener);
            } else {
                channel.busy = Connection::unanswered(net, at, channel.master, host, PORT);
            }
            return None;
        }
        let open = channel.connection.take().filter(|connection| !connection.is_closed());
        let server = &ward.building.servers[channel.server];
        if open.is_none() && server.full {
            let before = std::mem::replace(&mut net.mark, server.mark);
            channel.busy = Connection::refused(net, at, channel.master, host, PORT);
            net.mark = before;
            return None;
        }
        let fresh = open.is_none();
        channel.connection = Some(match open {
            Some(connection) => connection,
            None => {
                let (connection, ready) = Connection::open(net, at, channel.master, host, PORT);
                channel.busy = ready + ms(2);
                connection
            }
        });
        Some(fresh)
    }

    /// Asks a unit, as soon as the channel is free, and has it answer. Scenarios do this too: what they ask goes in the same
    /// connection as the polls.
    pub fn ask(&mut self, id: ChannelId, unit: usize, request: &Request) -> Outcome {
        let unit_id = self.ward.building.server(id).units.get(unit).map_or(0, |unit| unit.id);
        self.ask_id(id, unit_id, request)
    }

    /// As [`Self::ask`], by unit identifier, of units that need not exist.
    pub fn ask_id(&mut self, id: ChannelId, unit_id: u8, request: &Request) -> Outcome {
        if self.connect(id).is_none() {
            return Outcome::Nothing;
        }
        let Self { net, ward, now, .. } = self;
        let building = &mut ward.building;
        let channel = &mut building.channels[id.0];
        let server = &mut building.servers[channel.server];
        let Some(mut connection) = channel.connection.take() else { return Outcome::Nothing };
        let (transaction, bytes) = (channel.transaction, &mut building.buffer);
        channel.transaction = channel.transaction.wrapping_add(1);
        bytes.clear();
        modbus::adu(bytes, transaction, unit_id, |out| request.encode(out));
        let sent = connection.send(net, channel.busy.max(*now), Side::Opener, bytes);
        net.note(sent.frame, || modbus::truth(bytes, request, "request", connection.names(Side::Opener)));

        // Times follow from the moment alone: further requests change nothing about the rest.
        let mut dice = net.dice("modbus", sent.arrived.0);
        let mark = net.mark;
        bytes.clear();
        let mut taken = (Outcome::Nothing, TIMEOUT, 0);
        modbus::adu(bytes, transaction, unit_id, |out| taken = take(server, unit_id, request, *now, out));
        let (outcome, wait, tampered) = taken;
        if outcome == Outcome::Nothing {
            channel.busy = sent.arrived + TIMEOUT;
            channel.unanswered += 1;
            if channel.unanswered >= PATIENCE {
                channel.busy = connection.close(net, channel.busy, Side::Opener);
                channel.unanswered = 0;
            }
        } else {
            channel.unanswered = 0;
            net.mark = if mark == 0 { tampered.max(server.mark) } else { mark };
            let wait = dice.skewed(wait, 0.25).mul_f64(server.slowness);
            let mut answered = request.clone();
            if let (Some(forge), Request::Read { function, .. }, Outcome::Done) = (server.forged, request, outcome) {
                let mut lie = bytes.clone();
                forge(&mut lie);
                let sent = connection.send(net, sent.arrived + wait / 2, Side::Answerer, &lie);
                net.note(sent.frame, || modbus::truth(&lie, request, "response", connection.names(Side::Answerer)));
                // What was asked has its answer: of a second one nobody knows which registers it is about.
                answered = Request::Other { function: *function, data: Vec::new() };
            }
            let sent = connection.send(net, sent.arrived + wait, Side::Answerer, bytes);
            net.mark = mark;
            net.note(sent.frame, || modbus::truth(bytes, &answered, "response", connection.names(Side::Answerer)));
            channel.busy = sent.arrived + us(400) + dice.skewed(ms(4), 0.6);
        }
        channel.connection = Some(connection);
        outcome
    }

    /// Has a channel's master ask whether the other end is still there, and nothing else.
    pub fn keep_alive(&mut self, id: ChannelId) {
        let Self { net, ward, now, .. } = self;
        let channel = &mut ward.building.channels[id.0];
        let at = channel.busy.max(*now);
        if let Some(connection) = channel.connection.as_mut().filter(|connection| !connection.is_closed()) {
            connection.keep_alive(net, at, Side::Opener);
        }
    }

    /// Closes a channel's connection from the master's end.
    pub fn hang_up(&mut self, id: ChannelId) {
        let Self { net, ward, now, .. } = self;
        let channel = &mut ward.building.channels[id.0];
        if let Some(mut connection) = channel.connection.take().filter(|connection| !connection.is_closed()) {
            channel.busy = connection.close(net, channel.busy.max(*now), Side::Opener);
        }
    }

    /// Closes a host's connections: it restarts, or is switched off. They open again with their next request.
    pub fn close_channels(&mut self, host: HostId) {
        let Self { net, ward, now, .. } = self;
        let building = &mut ward.building;
        for channel in &mut building.channels {
            let server = building.servers[channel.server].host;
            if channel.master != host && server != host {
                continue;
            }
            if let Some(mut connection) = channel.connection.take().filter(|connection| !connection.is_closed()) {
                let side = if channel.master == host { Side::Opener } else { Side::Answerer };
                channel.busy = connection.close(net, channel.busy.max(*now), side);
            }
        }
    }
}

/// What became of a request, how long the answer takes about, and the scenario that it belongs to.
type Taken = (Outcome, Duration, Mark);

/// Has a server take a request; appends the PDU that answers it.
fn take(server: &mut Server, unit_id: u8, request: &Request, now: Time, out: &mut Vec<u8>) -> Taken {
    let gateway = server.gateway;
    let start = out.len();
    let mut answer = Answer::Silence;
    let mut mark = 0;
    // A controller of its own takes whatever unit identifier there is (implementation guide, section 4.4.2.2).
    let unit = server.units.iter_mut().find(|unit| !gateway || unit.id == unit_id);
    if let Some(unit) = unit.filter(|_| !server.hung) {
        let reported = if matches!(request, Request::Read { .. }) { unit.reported(now) } else { None };
        mark = unit.tamper.as_ref().filter(|_| reported.is_some()).map_or(0, |tamper| tamper.mark);
        answer = unit.answer(request, reported, out);
    }
    let wait = if gateway { SERIAL_TURN + SERIAL_OCTET * (12 + out.len() - start) as u32 } else { ms(6) };
    match answer {
        Answer::Normal => (Outcome::Done, wait, mark),
        Answer::Exception(code) => (Outcome::Refused(code), wait, mark),
        Answer::Silence if gateway && !server.hung => {
            modbus::answer_exception(out, request.function(), TARGET_FAILED_TO_RESPOND);
            (Outcome::Refused(TARGET_FAILED_TO_RESPOND), SERIAL_TIMEOUT, mark)
        }
        Answer::Silence => (Outcome::Nothing, TIMEOUT, mark),
    }
}
