//! HL7 links: connections that stay open for days, and a message after the other on them.

use std::time::Duration;

use crate::clock::{MINUTE, Time, ms};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::wire::hl7::{self, Message};

/// A link by its place in [`Links`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkId(usize);

/// A link from a sender to a receiver.
#[derive(Debug)]
pub struct Link {
    /// Who sends.
    pub from: HostId,
    /// Who receives.
    pub to: HostId,
    /// The receiver's port.
    pub port: u16,
    /// How long the receiver takes for an acknowledgement, about.
    pub answer: Duration,
    /// Scenarios make this more than 1.0: answers become slow.
    pub slowness: f64,
    /// Share of messages that the receiver does not accept (`AE`).
    pub refusals: f64,
    /// False while the sender sends nothing: what it has waits.
    pub open_for_messages: bool,
    /// What a scenario makes of messages on their way.
    pub tamper: Option<fn(&mut Message, &mut Dice)>,
    connection: Option<Connection>,
    busy: Time,
    count: u64,
    dice: Dice,
}

/// All links.
#[derive(Debug, Default)]
pub struct Links(Vec<Link>);

impl Links {
    /// A link.
    pub fn get(&mut self, link: LinkId) -> &mut Link {
        &mut self.0[link.0]
    }

    /// The links with this sender and receiver.
    pub fn between(&self, from: HostId, to: HostId) -> Vec<LinkId> {
        (0..self.0.len()).filter(|&at| (self.0[at].from, self.0[at].to) == (from, to)).map(LinkId).collect()
    }

    /// How many messages a link has carried.
    pub fn count(&self, link: LinkId) -> u64 {
        self.0[link.0].count
    }
}

/// What became of a message.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// When the receiver had it.
    pub received: Time,
    /// When the sender had the acknowledgement.
    pub acknowledged: Time,
    /// The message as it arrived.
    pub message: Message,
}

impl Sim {
    /// A further link, which opens with its first message.
    pub fn link(&mut self, from: HostId, to: HostId, port: u16) -> LinkId {
        let links = &mut self.ward.links.0;
        let id = LinkId(links.len());
        let dice = self.net.dice("link", id.0 as u64);
        links.push(Link {
            from,
            to,
            port,
            answer: ms(12),
            slowness: 1.0,
            refusals: 0.0005,
            open_for_messages: true,
            tamper: None,
            connection: None,
            busy: Time::default(),
            count: 0,
            dice,
        });
        id
    }

    /// Sends a message on a link and has its receiver acknowledge it; `then` is done when the receiver has it. Messages of a
    /// link go one after the other. While either end is down nothing is sent, and the message is tried again later.
    pub fn deliver(&mut self, id: LinkId, message: Message, then: impl FnOnce(&mut Sim, Delivered) + 'static) {
        let link = &mut self.ward.links.0[id.0];
        if link.busy > self.now {
            let free = link.busy;
            return self.at(free, move |sim| sim.deliver(id, message, then));
        }
        if !link.open_for_messages || !self.net.host(link.from).up || !self.net.host(link.to).up {
            return self.after(MINUTE, move |sim| sim.deliver(id, message, then));
        }
        let delivered = self.exchange(id, message);
        self.at(delivered.received, move |sim| then(sim, delivered));
    }

    fn exchange(&mut self, id: LinkId, mut message: Message) -> Delivered {
        let Self { net, ward, now, calendar, .. } = self;
        let link = &mut ward.links.0[id.0];
        if let Some(tamper) = link.tamper {
            tamper(&mut message, &mut link.dice);
        }
        let (mut connection, ready) = match link.connection.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => (connection, *now),
            None => Connection::open(net, *now, link.from, link.to, link.port),
        };
        let sent = connection.send(net, ready, Side::Opener, &hl7::frame(&message.encode()));
        net.note(sent.frame, || message.truth(connection.names(Side::Opener)));
        let received = sent.arrived;
        let answered = received + link.dice.skewed(link.answer, 0.5).mul_f64(link.slowness);
        let code = if link.dice.chance(link.refusals) { "AE" } else { "AA" };
        link.count += 1;
        let control_id = format!("{:X}{:06}", id.0 + 10, link.count);
        let answer = message.acknowledge(code, control_id, calendar.digits(answered));
        let sent = connection.send(net, answered, Side::Answerer, &hl7::frame(&answer.encode()));
        net.note(sent.frame, || answer.truth(connection.names(Side::Answerer)));
        link.connection = Some(connection);
        link.busy = sent.arrived;
        Delivered { received, acknowledged: sent.arrived, message }
    }

    /// Closes the connections of a host's links: it restarts, or is switched off. They open again with their next message.
    pub fn close_links(&mut self, host: HostId) {
        let Self { net, ward, now, .. } = self;
        for link in ward.links.0.iter_mut().filter(|link| link.from == host || link.to == host) {
            let at = link.busy.max(*now);
            if let Some(mut connection) = link.connection.take() {
                let side = if link.from == host { Side::Opener } else { Side::Answerer };
                link.busy = connection.close(net, at, side);
            }
        }
    }
}
