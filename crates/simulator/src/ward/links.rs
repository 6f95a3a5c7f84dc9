//! HL7 links: connections that stay open for days, and a message after the other on them.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use crate::clock::{MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::queue::Mark;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::wire::hl7::{self, Message};

/// How long a sender waits for an acknowledgement before it sends a message again on a new connection.
pub const TIMEOUT: Duration = secs(30);

/// How long a sender waits after a refusal.
const PAUSE: Duration = secs(10);

/// How often a message is sent before its sender puts it aside.
const ATTEMPTS: u8 = 3;

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
    /// The connection stays open between messages.
    pub lasting: bool,
    /// The receiver's acknowledgements name no trigger event (MSH-9 is `ACK`).
    pub short_answers: bool,
    /// Scenarios make this more than 1.0: answers become slow.
    pub slowness: f64,
    /// Share of messages that the receiver does not accept (`AE`).
    pub refusals: f64,
    /// True while the sender gets no acknowledgements at all.
    pub muted: bool,
    /// False while the sender sends nothing: what it has waits.
    pub open_for_messages: bool,
    /// Each message is acknowledged as if it were the one before: an answer has come too late once.
    pub lagging: bool,
    /// What answers are marked with while a scenario has a hand in them.
    pub mark: Mark,
    /// What a scenario makes of messages on their way.
    pub tamper: Option<Tamper>,
    /// Messages that have gone by since a scenario wants to know them.
    pub recorded: Option<Vec<Message>>,
    connection: Option<Connection>,
    busy: Time,
    count: u64,
    /// MSH-10 of the last message.
    last: String,
    dice: Dice,
    waiting: VecDeque<Waiting>,
    /// A task is set that goes on with what waits.
    awake: bool,
}

/// What a scenario makes of messages on their way.
#[derive(Clone, Copy, Debug)]
pub struct Tamper {
    /// What changed messages are marked with.
    pub mark: Mark,
    /// Changes a message, or tells that it has not.
    pub change: fn(&mut Message, &mut Dice) -> bool,
}

/// A message that waits for its turn.
struct Waiting {
    message: Rc<Message>,
    reply: Option<Reply>,
    then: Then,
    mark: Mark,
    attempts: u8,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message.control_id)
    }
}

/// What is done when the receiver has a message.
pub type Then = Box<dyn FnOnce(&mut Sim, Delivered)>;

/// What answers a query instead of a bare acknowledgement.
#[derive(Clone, Debug)]
pub struct Reply {
    /// MSA-1: `AA`, or `AR` of a receiver that will have none of it.
    pub code: &'static str,
    /// MSH-9: `RSP^K11^RSP_K11` and the like.
    pub event: [&'static str; 3],
    /// The segments behind MSA.
    pub segments: Vec<String>,
}

/// All links.
#[derive(Debug, Default)]
pub struct Links(Vec<Link>);

impl Links {
    /// A link, to change it.
    pub fn get_mut(&mut self, link: LinkId) -> &mut Link {
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

    /// How many messages wait on a link.
    pub fn waiting(&self, link: LinkId) -> usize {
        self.0[link.0].waiting.len()
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
    pub message: Rc<Message>,
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
            lasting: true,
            short_answers: false,
            slowness: 1.0,
            refusals: 0.0005,
            muted: false,
            open_for_messages: true,
            lagging: false,
            mark: 0,
            tamper: None,
            recorded: None,
            connection: None,
            busy: Time::default(),
            count: 0,
            last: String::new(),
            dice,
            waiting: VecDeque::new(),
            awake: false,
        });
        id
    }

    /// Sends a message on a link and has its receiver acknowledge it; `then` is done when the receiver has it. Messages of a
    /// link go one after the other, in the order they were given. While either end is down nothing is sent and they wait;
    /// one that is refused again and again is put aside.
    pub fn deliver(&mut self, id: LinkId, message: Message, then: impl FnOnce(&mut Sim, Delivered) + 'static) {
        self.enqueue(id, message, None, Box::new(then));
    }

    /// As [`Self::deliver`], for a query that the receiver answers.
    pub fn query(
        &mut self,
        id: LinkId,
        message: Message,
        reply: Reply,
        then: impl FnOnce(&mut Sim, Delivered) + 'static,
    ) {
        self.enqueue(id, message, Some(reply), Box::new(then));
    }

    fn enqueue(&mut self, id: LinkId, message: Message, reply: Option<Reply>, then: Then) {
        let link = &mut self.ward.links.0[id.0];
        let message = Rc::new(message);
        link.waiting.push_back(Waiting { message, reply, then, mark: self.net.mark, attempts: 0 });
        if !link.awake {
            self.serve(id);
        }
    }

    /// Sends the first message that waits, if it can go now, and sets the task for the rest.
    fn serve(&mut self, id: LinkId) {
        let (now, mark) = (self.now, self.net.mark);
        let link = &mut self.ward.links.0[id.0];
        if link.busy <= now {
            let able = link.open_for_messages && self.net.host(link.from).up && self.net.host(link.to).up;
            if !able {
                link.busy = now + MINUTE;
            } else if let Some(waiting) = link.waiting.pop_front() {
                self.net.mark = waiting.mark;
                self.attempt(id, waiting);
            }
        }
        let link = &mut self.ward.links.0[id.0];
        link.awake = !link.waiting.is_empty();
        if link.awake {
            let free = link.busy;
            // Whose turn it is decides what is marked, not who woke the link.
            self.net.mark = 0;
            self.at(free, move |sim| sim.serve(id));
        }
        self.net.mark = mark;
    }

    fn attempt(&mut self, id: LinkId, mut waiting: Waiting) {
        waiting.attempts += 1;
        let (delivered, accepted) = self.exchange(id, &waiting);
        // What follows from the message is no part of what was done to its answer.
        self.net.mark = waiting.mark;
        if accepted || waiting.attempts == ATTEMPTS {
            let then = waiting.then;
            if accepted || self.ward.links.0[id.0].muted {
                self.at(delivered.received, move |sim| then(sim, delivered));
            }
            return;
        }
        let link = &mut self.ward.links.0[id.0];
        link.busy += if link.muted { ms(0) } else { PAUSE };
        link.waiting.push_front(waiting);
    }

    /// A message and its answer; tells whether it was accepted.
    fn exchange(&mut self, id: LinkId, waiting: &Waiting) -> (Delivered, bool) {
        let Self { net, ward, now, calendar, .. } = self;
        let link = &mut ward.links.0[id.0];
        let mut message = Rc::clone(&waiting.message);
        if let Some(tamper) = link.tamper
            && (tamper.change)(Rc::make_mut(&mut message), &mut net.dice("tamper", now.0))
        {
            net.mark = tamper.mark;
        }
        if link.muted && waiting.attempts > 1 {
            net.mark = link.mark;
        }
        let (mut connection, ready) = match link.connection.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => (connection, *now),
            None => Connection::open(net, *now, link.from, link.to, link.port),
        };
        let sent = connection.send(net, ready, Side::Opener, &hl7::frame(&message.encode()));
        net.note(sent.frame, || message.truth(connection.names(Side::Opener)));
        link.recorded.iter_mut().for_each(|recorded| recorded.push(Message::clone(&message)));
        let received = sent.arrived;
        if link.mark != 0 {
            net.mark = link.mark;
        }
        link.count += 1;
        let time = link.dice.skewed(link.answer, 0.5);
        let accepted = !link.dice.chance(link.refusals);
        if link.muted {
            link.busy = connection.close(net, received + TIMEOUT, Side::Opener);
            return (Delivered { received, acknowledged: link.busy, message }, false);
        }
        let answered = received + time.mul_f64(link.slowness);
        let mut answer = link.answer(id, &message, waiting.reply.as_ref(), accepted, calendar.digits(answered));
        let before = std::mem::replace(&mut link.last, message.control_id.clone());
        if let Some(segment) = answer.segment_mut("MSA").filter(|_| link.lagging && !before.is_empty()) {
            *segment = hl7::with_field(segment, 2, &before);
        }
        let sent = connection.send(net, answered, Side::Answerer, &hl7::frame(&answer.encode()));
        net.note(sent.frame, || answer.truth(connection.names(Side::Answerer)));
        link.busy = sent.arrived;
        if link.lasting {
            link.connection = Some(connection);
        } else {
            link.busy = connection.close(net, sent.arrived + ms(1), Side::Opener);
        }
        (Delivered { received, acknowledged: sent.arrived, message }, accepted)
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

impl Link {
    fn answer(&self, id: LinkId, to: &Message, reply: Option<&Reply>, accepted: bool, time: String) -> Message {
        let code = if accepted { reply.map_or("AA", |reply| reply.code) } else { "AE" };
        let control_id = format!("{:X}{:06}", id.0 + 10, self.count);
        let mut answer = to.acknowledge(code, control_id, time);
        if self.short_answers {
            answer.event = ["ACK".into(), String::new(), String::new()];
        }
        match reply {
            Some(reply) if accepted => {
                answer.event = reply.event.map(str::to_owned);
                answer.segments.extend_from_slice(&reply.segments);
            }
            // ERR of version 2.5 (section 2.15.5), with a code of table 0357.
            _ if !accepted => answer.segments.push("ERR|||207^Application internal error^HL70357|E".into()),
            _ => {}
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::OPENING;
    use crate::network::{LINUX, Network};
    use crate::wire::hl7::Sender;
    use std::cell::RefCell;

    fn pair() -> (Sim, LinkId, HostId) {
        let mut sim = Sim::new(5, OPENING);
        let zone = sim.net.add_zone("servers", 1, [10, 0, 0]);
        let host = |net: &mut Network, name: &str| net.add_host(name.into(), "server", zone, [2, 0, 0], LINUX);
        let (from, to) = (host(&mut sim.net, "a"), host(&mut sim.net, "b"));
        let link = sim.link(from, to, 2575);
        (sim, link, to)
    }

    /// Messages arrive in the order they were given, whatever holds them up.
    #[test]
    fn order_is_kept() {
        let (mut sim, link, to) = pair();
        sim.ward.links.get_mut(link).refusals = 0.2;
        let mut sender = Sender::new("A", "2.5", "A", 0);
        let arrived = Rc::new(RefCell::new(Vec::new()));
        for number in 0..60_u64 {
            let (message, arrived) = (sender.message("2026".into(), "B", "ADT^A01", Vec::new()), Rc::clone(&arrived));
            sim.after(ms(number / 10), move |sim| {
                sim.deliver(link, message, move |_, delivered| {
                    arrived.borrow_mut().push(delivered.message.control_id.clone())
                });
            });
        }
        sim.after(ms(200), move |sim| sim.net.host_mut(to).up = false);
        sim.after(10 * MINUTE, move |sim| sim.net.host_mut(to).up = true);
        let end = sim.start + 60 * MINUTE;
        assert!(sim.run(end, |_| Ok::<(), ()>(())).is_ok());
        let arrived = arrived.borrow();
        assert!(arrived.len() >= 58, "{}", arrived.len());
        assert!(arrived.is_sorted(), "{arrived:?}");
    }

    /// A message without acknowledgement goes again, and not for ever.
    #[test]
    fn a_muted_receiver_gets_it_again() {
        let (mut sim, link, _) = pair();
        sim.net.keep_messages = true;
        sim.ward.links.get_mut(link).muted = true;
        let message = Sender::new("A", "2.5", "A", 0).message("2026".into(), "B", "ADT^A01", Vec::new());
        sim.deliver(link, message, |_, _| {});
        let mut seen = 0;
        let end = sim.start + 10 * MINUTE;
        let outcome = sim.run(end, |frame| {
            seen += frame.messages.len();
            Ok::<(), ()>(())
        });
        assert_eq!(outcome, Ok(()));
        assert_eq!(seen, usize::from(ATTEMPTS));
    }
}
