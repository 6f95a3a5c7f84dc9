//! Ventilators and anaesthesia machines, which tell the device gateway what they measure.

use std::time::Duration;

use super::gateway::{self, minutes};
use super::session::{Air, Session};
use super::{Bedside, switch_on};
use crate::clock::{HOUR, MINUTE, Time, ms, seconds, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::Side;
use crate::wire::opaque::{ACKNOWLEDGED, BREATH_ALARM, BREATHS, GATEWAY, HEARTBEAT, Kind, SETTINGS};

/// A ventilator or an anaesthesia machine.
#[derive(Debug)]
pub struct Machine {
    /// It.
    pub host: HostId,
    /// Its connection to the device gateway.
    pub session: Session,
    /// It stands in a theatre.
    pub anaesthesia: bool,
    /// It is switched on.
    pub on: bool,
    /// Somebody is on it.
    pub in_use: bool,
    /// Until when that stays so.
    pub until: Time,
    /// Its course does not go on before.
    pub held: Time,
    /// Its network port works; a flood may end that until it is restarted.
    pub port_works: bool,
    /// Who is on it.
    pub patient: u64,
    period: Duration,
    dice: Dice,
}

/// The longest that a course sleeps.
const LOOK: Duration = Duration::from_secs(600);

impl Machine {
    /// Says something to the device gateway, which answers.
    pub fn tell(&mut self, air: &mut Air<'_>, at: Time, kind: Kind) -> Time {
        let wait = self.dice.skewed(ms(4), 0.4);
        self.session.exchange(air, at, Side::Opener, [kind, ACKNOWLEDGED], wait)
    }
}

/// Sets them up.
pub fn open(sim: &mut Sim) {
    let site = sim.ward.site();
    let gateway = site.device_gateway;
    let ventilators = site.ventilators.iter().map(|host| (*host, false));
    let all: Vec<(HostId, bool)> = ventilators.chain(site.anaesthesia.iter().map(|host| (*host, true))).collect();
    for (index, (host, anaesthesia)) in all.into_iter().enumerate() {
        let now = sim.now;
        let mut dice = sim.dice("machine", u64::from(host.0));
        let mut session = Session::new(host, gateway, &GATEWAY);
        let on = !anaesthesia && dice.chance(0.7);
        if on {
            session.resume(&mut sim.net, now);
        }
        sim.net.host_mut(host).up = on;
        let until = now + minutes(dice.exponential(if on { 1800.0 } else { 400.0 }));
        let (patient, period) = (dice.range(100_000..900_000), seconds(dice.between(20.0, 30.0)));
        let (first, held) = (now + period.mul_f64(dice.unit()), Time::default());
        let port_works = true;
        let machine =
            Machine { host, session, anaesthesia, on, in_use: on, until, held, port_works, patient, period, dice };
        sim.ward.bedside.machines.push(machine);
        let mut dice = sim.dice("machine beat", u64::from(host.0));
        sim.repeat(first, move |sim| Some(beat(sim, index, &mut dice)));
        sim.repeat(first, move |sim| Some(course(sim, index)));
        gateway::chart_machine(sim, index);
    }
}

fn beat(sim: &mut Sim, index: usize, dice: &mut Dice) -> Time {
    let now = sim.now;
    let Bedside { machines, voice, .. } = &mut sim.ward.bedside;
    let machine = &mut machines[index];
    let air = &mut Air { net: &mut sim.net, voice };
    if !machine.on || !machine.port_works {
        return now + machine.period;
    }
    if !machine.in_use {
        machine.tell(air, now, HEARTBEAT);
        return now + dice.around(2 * machine.period, 0.01);
    }
    let mut at = machine.tell(air, now, BREATHS);
    if dice.chance(0.006) {
        at = machine.tell(air, at + dice.skewed(secs(2), 0.4), SETTINGS);
    }
    if dice.chance(0.006) {
        for _ in 0..dice.range(1..4) {
            at = machine.tell(air, at + dice.around(secs(3), 0.8), BREATH_ALARM);
        }
    }
    now.max(at) + dice.around(machine.period, 0.01)
}

fn course(sim: &mut Sim, index: usize) -> Time {
    let now = sim.now;
    let (clinical, office) = (sim.calendar.clinical(now), sim.calendar.office(now));
    let machine = &mut sim.ward.bedside.machines[index];
    let look = now + seconds(machine.dice.between(0.3, 1.0) * LOOK.as_secs_f64());
    if machine.until > now || machine.held > now {
        return if machine.until > now { look.min(machine.until) } else { look };
    }
    if machine.anaesthesia {
        theatre(sim, index, office);
    } else if machine.on {
        // Weaned, cleaned and put away, by day.
        if machine.dice.chance(clinical) {
            switch_off(sim, index, 9 * HOUR);
        }
    } else if machine.dice.chance(0.3 + 0.7 * clinical) {
        start(sim, index, 36 * HOUR);
    }
    look
}

/// Theatres: the machine is checked in the morning and stands ready; cases of an hour or three, with a change between them.
fn theatre(sim: &mut Sim, index: usize, office: f64) {
    let now = sim.now;
    let machine = &mut sim.ward.bedside.machines[index];
    let open = office > 0.45;
    // An emergency at night, now and then: each look is one of about a hundred outside theatre hours.
    let emergency = machine.dice.chance(0.0015);
    if !machine.on && (open || emergency) {
        start(sim, index, 15 * MINUTE);
        let machine = &mut sim.ward.bedside.machines[index];
        machine.in_use = emergency;
        if emergency {
            machine.until = now + machine.dice.skewed(2 * HOUR, 0.4);
        }
    } else if machine.on && machine.in_use {
        machine.in_use = false;
        machine.until = now + machine.dice.skewed(30 * MINUTE, 0.4);
    } else if machine.on && (open || office > 0.3 && machine.dice.chance(0.3)) {
        machine.in_use = true;
        machine.patient = machine.dice.range(100_000..900_000);
        machine.until = now + machine.dice.skewed(95 * MINUTE, 0.5);
    } else if machine.on {
        switch_off(sim, index, 5 * MINUTE);
    }
}

/// Switches it on, with somebody on it for about so long.
pub fn start(sim: &mut Sim, index: usize, lasts: Duration) {
    let now = sim.now;
    let Bedside { machines, voice, .. } = &mut sim.ward.bedside;
    let machine = &mut machines[index];
    switch_on(&mut sim.net, now, machine.host);
    let ready = now + machine.dice.skewed(secs(25), 0.3);
    machine.tell(&mut Air { net: &mut sim.net, voice }, ready, SETTINGS);
    machine.on = true;
    machine.in_use = true;
    machine.patient = machine.dice.range(100_000..900_000);
    machine.until = now + machine.dice.skewed(lasts, 0.7);
}

fn switch_off(sim: &mut Sim, index: usize, lasts: Duration) {
    let machine = &mut sim.ward.bedside.machines[index];
    let gone = machine.session.close(&mut sim.net, sim.now);
    machine.on = false;
    machine.in_use = false;
    machine.until = gone + machine.dice.skewed(lasts, 0.7);
    sim.at(gone, move |sim| {
        let Machine { on, host, .. } = sim.ward.bedside.machines[index];
        sim.net.host_mut(host).up = on;
    });
}
