//! The interface engine: takes messages from every system, and passes each on to those who want it.

use std::time::Duration;

use crate::clock::{Time, ms, us};
use crate::network::HostId;
use crate::sim::Sim;
use crate::ward::links::{Delivered, LinkId, Then};
use crate::ward::site::Site;
use crate::wire::hl7::{FACILITY, Message};

/// The first of the ports on which the engine listens, one a sender.
const FIRST_PORT: u16 = 6661;

/// A system that the engine sends to.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// MSH-5.
    pub application: &'static str,
    /// The link.
    pub link: LinkId,
    /// Which messages it gets: of which host, and which.
    pub wants: Wants,
}

/// Whether a receiver wants a message of a host.
pub type Wants = fn(&Site, HostId, &Message) -> bool;

/// The engine's links.
#[derive(Debug, Default)]
pub struct Engine {
    /// Who sends to it.
    pub feeds: Vec<(HostId, LinkId)>,
    /// Whom it sends to.
    pub receivers: Vec<Receiver>,
    /// When it was done with the last message: it takes one after the other.
    done: Time,
}

fn is(message: &Message, code: &str) -> bool {
    message.event[0] == code
}

fn moves(message: &Message) -> bool {
    is(message, "ADT") && matches!(message.event[1].as_str(), "A01" | "A02" | "A03" | "A11" | "A12" | "A13")
}

fn admission(message: &Message) -> bool {
    moves(message) || is(message, "ADT") && matches!(message.event[1].as_str(), "A04" | "A08" | "A40")
}

/// The engine's feeds of the hospital's own systems, and its receivers.
pub fn open(sim: &mut Sim) {
    let site = sim.ward.site().clone();
    for host in [site.ehr, site.lis, site.ris, site.pharmacy, site.device_gateway, site.pump_gateway, site.nurse_call] {
        feed(sim, host);
    }
    let receivers: [(&'static str, HostId, u16, Duration, Wants); 7] = [
        ("LIS", site.lis, 6700, ms(15), |_, _, m| admission(m) || is(m, "OML") || is(m, "MFN")),
        ("RIS", site.ris, 2575, ms(60), |site, from, m| {
            admission(m) || from == site.ehr && (is(m, "ORM") || is(m, "SIU"))
        }),
        ("RXSYS", site.pharmacy, 6710, ms(28), |_, _, m| {
            admission(m) || is(m, "ADT") && m.event[1] == "A60" || is(m, "RDE") || is(m, "RAS")
        }),
        ("PUMPSRV", site.pump_gateway, 6720, ms(8), |_, _, m| moves(m) || is(m, "RGV")),
        ("DEVGW", site.device_gateway, 6730, ms(6), |_, _, m| moves(m)),
        ("NCALL", site.nurse_call, 6740, ms(35), |_, _, m| moves(m) || is(m, "ORU") && m.event[1] == "R40"),
        ("EHR", site.ehr, 6750, ms(22), |site, from, m| {
            from != site.ehr
                && (is(m, "ORU") && m.event[1] != "R40" || is(m, "MDM") || is(m, "ORM") || is(m, "DFT") || is(m, "RDS"))
        }),
    ];
    for (application, host, port, answer, wants) in receivers {
        let link = sim.link(site.engine, host, port);
        sim.ward.links.get_mut(link).answer = answer;
        sim.ward.records.engine.receivers.push(Receiver { application, link, wants });
    }
    let links = &mut sim.ward.links;
    for receiver in
        sim.ward.records.engine.receivers.iter().filter(|receiver| matches!(receiver.application, "RIS" | "NCALL"))
    {
        links.get_mut(receiver.link).short_answers = true;
    }
}

/// The link from a host to the engine: a further one for a host that has sent nothing yet.
pub fn feed(sim: &mut Sim, host: HostId) -> LinkId {
    if let Some((_, link)) = sim.ward.records.engine.feeds.iter().find(|(from, _)| *from == host) {
        return *link;
    }
    let port = FIRST_PORT + sim.ward.records.engine.feeds.len() as u16;
    let engine = sim.ward.site().engine;
    let link = sim.link(host, engine, port);
    sim.ward.links.get_mut(link).answer = ms(9);
    sim.ward.records.engine.feeds.push((host, link));
    link
}

/// The link from the engine to an application.
pub fn link_to(sim: &Sim, application: &str) -> Option<LinkId> {
    let receivers = &sim.ward.records.engine.receivers;
    receivers.iter().find(|receiver| receiver.application == application).map(|receiver| receiver.link)
}

/// Sends a message from a host to the engine, which passes it on to all who want it; `then` is done when the first of them
/// has it. MSH-3 and MSH-10 stay the sender's, MSH-5 becomes the receiver's.
pub fn forward_then(sim: &mut Sim, from: HostId, message: Message, then: impl FnOnce(&mut Sim, Delivered) + 'static) {
    let link = feed(sim, from);
    sim.deliver(link, message, move |sim, delivered| pass_on(sim, from, &delivered.message, Box::new(then)));
}

/// As [`forward_then`], where nothing follows.
pub fn forward(sim: &mut Sim, from: HostId, message: Message) {
    forward_then(sim, from, message, |_, _| {});
}

/// Passes a message on that the engine has from elsewhere, as if this host had sent it.
pub fn dispatch(sim: &mut Sim, from: HostId, message: &Message) {
    pass_on(sim, from, message, Box::new(|_, _| {}));
}

/// Passes a message on that the engine has received, after its work with it.
fn pass_on(sim: &mut Sim, from: HostId, message: &Message, then: Then) {
    let mut dice = sim.dice("engine", sim.now.0);
    let engine = &mut sim.ward.records.engine;
    engine.done = (sim.now + dice.skewed(ms(25), 0.6)).max(engine.done + us(400));
    let done = engine.done;
    let site = sim.ward.site();
    let mut then = Some(then);
    let wanted: Vec<(LinkId, Message)> = (sim.ward.records.engine.receivers.iter())
        .filter(|receiver| (receiver.wants)(site, from, message))
        .map(|receiver| {
            let mut copy = message.clone();
            copy.ends[2] = receiver.application.into();
            copy.ends[3] = FACILITY.into();
            (receiver.link, copy)
        })
        .collect();
    sim.at(done, move |sim| {
        for (link, copy) in wanted {
            let then = then.take();
            sim.deliver(link, copy, move |sim, delivered| {
                if let Some(then) = then {
                    then(sim, delivered);
                }
            });
        }
    });
}
