//! The bedside: pumps, monitors, ventilators, anaesthesia machines and nurse call.
//!
//! Every device has tasks that never end (its heartbeat, its course through the day) and a state here that they look at.
//! Whoever changes the state, a rare event or a scenario, changes what the tasks do. A state that must last is held: while
//! `held` lies ahead, a device's course does not go on.

pub mod gateway;
pub mod machines;
pub mod monitors;
pub mod nurse_call;
pub mod pumps;
pub mod rare;
pub mod session;

use self::gateway::Gateway;
use self::machines::Machine;
use self::monitors::Monitor;
use self::nurse_call::Panel;
use self::pumps::Pump;
use self::session::Session;
use crate::clock::Time;
use crate::network::HostId;
use crate::queue::Mark;
use crate::sim::Sim;
use crate::wire::opaque::Voice;

/// What goes on there.
#[derive(Debug, Default)]
pub struct Bedside {
    /// Infusion pumps.
    pub pumps: Vec<Pump>,
    /// Patient monitors.
    pub monitors: Vec<Monitor>,
    /// Sessions of the central stations with the device gateway.
    pub centrals: Vec<Session>,
    /// Ventilators and anaesthesia machines.
    pub machines: Vec<Machine>,
    /// Nurse call panels.
    pub panels: Vec<Panel>,
    /// A scenario has the nurse call server end every call as soon as it has come.
    pub calls_ended: Option<Mark>,
    /// What the device gateway sends to the interface engine.
    pub gateway: Option<Gateway>,
    /// The drug library that the pump gateway has.
    pub library: u16,
    /// The firmware that it has.
    pub firmware: u16,
    /// Writes the vendors' messages.
    pub voice: Voice,
}

/// Sets it up.
pub fn open(sim: &mut Sim) {
    sim.ward.bedside.voice = Voice::new(&mut sim.dice("voice", 0));
    gateway::open(sim);
    pumps::open(sim);
    monitors::open(sim);
    machines::open(sim);
    nurse_call::open(sim);
    rare::open(sim);
}

/// A device comes on and asks for its address, for another one where `anew`; gives when it has it.
pub fn switch_on(sim: &mut Sim, host: HostId, anew: bool) -> Time {
    sim.net.host_mut(host).up = true;
    sim.join_network(host, anew)
}

/// A server at the bedside closes all its connections, as before a restart; devices come back by themselves.
pub fn hang_up(sim: &mut Sim, server: HostId) {
    let now = sim.now;
    let Bedside { pumps, monitors, centrals, machines, panels, .. } = &mut sim.ward.bedside;
    let sessions = pumps.iter_mut().map(|pump| &mut pump.session);
    let sessions = sessions.chain(monitors.iter_mut().map(|monitor| &mut monitor.session)).chain(centrals);
    let sessions = sessions.chain(machines.iter_mut().map(|machine| &mut machine.session));
    let sessions = sessions.chain(panels.iter_mut().map(|panel| &mut panel.session));
    for session in sessions.filter(|session| session.server == server) {
        session.close(&mut sim.net, now);
    }
}
