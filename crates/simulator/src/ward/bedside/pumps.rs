//! Infusion pumps: wireless, each with a day of its own, all with one gateway.

use std::time::Duration;

use super::session::{Air, Session, Transfer};
use super::{Bedside, switch_on};
use crate::clock::{HOUR, MINUTE, Time, ms, seconds, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::Side;
use crate::wire::opaque::{
    ACKNOWLEDGED, FIRMWARE_OFFER, FIRMWARE_PIECE, HEARTBEAT, Kind, LIBRARY_OFFER, LIBRARY_PIECE, PUMP, PUMP_ALARM,
    PUMP_LOG, PUMP_PROGRAM, PUMP_RATE, PUMP_STATUS,
};

/// Where a pump is at home, which decides how long it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// At a bed in intensive care: nearly always on.
    Intensive,
    /// On a ward.
    Ward,
    /// In the store room, for whoever needs it.
    Store,
}

/// What a pump does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is off.
    Off,
    /// It is on and waits.
    Idle,
    /// It infuses.
    Infusing,
}

/// A pump.
#[derive(Debug)]
pub struct Pump {
    /// It.
    pub host: HostId,
    /// Its connection to the gateway.
    pub session: Session,
    /// Where it is at home.
    pub home: Home,
    /// What it does.
    pub stage: Stage,
    /// Until when it does so.
    pub until: Time,
    /// Out of reach until then: roaming.
    pub unreachable: Time,
    /// Its course does not go on before.
    pub held: Time,
    /// The drug library that it has.
    pub library: u16,
    /// The firmware that it has.
    pub firmware: u16,
    /// It is there at all: one that is on loan is not at first.
    pub present: bool,
    /// It tells nothing but that it is there; a scenario may make it so.
    pub muted: bool,
    period: Duration,
    dice: Dice,
}

/// A drug library of about 120 kB.
pub const LIBRARY: Transfer = Transfer { offer: LIBRARY_OFFER, piece: LIBRARY_PIECE, pieces: 30, storing: ms(25) };
/// Firmware of about 600 kB.
pub const FIRMWARE: Transfer = Transfer { offer: FIRMWARE_OFFER, piece: FIRMWARE_PIECE, pieces: 150, storing: ms(60) };

/// The longest that a course sleeps: states may change under it.
const LOOK: Duration = Duration::from_secs(600);

impl Pump {
    fn new(host: HostId, gateway: HostId, mut dice: Dice) -> Self {
        let home = match dice.unit() {
            drawn if drawn < 0.35 => Home::Intensive,
            drawn if drawn < 0.80 => Home::Ward,
            _ => Home::Store,
        };
        let period = seconds(dice.between(45.0, 60.0));
        let never = Time::default();
        Self {
            host,
            session: Session::new(host, gateway, &PUMP),
            home,
            stage: Stage::Off,
            until: never,
            unreachable: never,
            held: never,
            library: 0,
            firmware: 0,
            present: true,
            muted: false,
            period,
            dice,
        }
    }

    /// On and in reach.
    pub fn is_online(&self, now: Time) -> bool {
        self.present && self.stage != Stage::Off && self.unreachable <= now
    }

    /// How long it is off and how long on, at the median.
    fn habit(&self) -> [Duration; 2] {
        match self.home {
            Home::Intensive => [HOUR, 30 * HOUR],
            Home::Ward => [5 * HOUR, 6 * HOUR],
            Home::Store => [14 * HOUR, 4 * HOUR],
        }
    }

    /// Says something to the gateway, which answers.
    pub fn tell(&mut self, air: &mut Air<'_>, at: Time, kind: Kind) -> Time {
        let wait = self.dice.skewed(ms(5), 0.5);
        if self.muted && kind.code != HEARTBEAT.code {
            return at;
        }
        self.session.exchange(air, at, Side::Opener, [kind, ACKNOWLEDGED], wait)
    }

    /// Is told something by the gateway, and answers.
    pub fn hear(&mut self, air: &mut Air<'_>, at: Time, kind: Kind) -> Time {
        let wait = self.dice.skewed(ms(30), 0.4);
        self.session.exchange(air, at, Side::Answerer, [kind, ACKNOWLEDGED], wait)
    }
}

/// Sets them up.
pub fn open(sim: &mut Sim) {
    let gateway = sim.ward.site().pump_gateway;
    for host in sim.ward.site().pumps.clone() {
        let index = add(sim, host, gateway);
        let now = sim.now;
        let pump = &mut sim.ward.bedside.pumps[index];
        let [off, on] = pump.habit().map(|span| span.as_secs_f64());
        let asleep = if pump.home == Home::Intensive { 1.0 } else { 0.6 };
        if pump.dice.chance(asleep * on / (off + on)) {
            pump.stage = if pump.dice.chance(0.7) { Stage::Infusing } else { Stage::Idle };
            pump.until = now + seconds(pump.dice.exponential(5400.0));
            pump.session.resume(&mut sim.net, now);
        } else {
            pump.until = now + seconds(pump.dice.exponential(off));
            sim.net.host_mut(host).up = false;
        }
    }
}

/// A further pump, off, with its tasks.
pub fn add(sim: &mut Sim, host: HostId, gateway: HostId) -> usize {
    let index = sim.ward.bedside.pumps.len();
    let mut pump = Pump::new(host, gateway, sim.dice("pump", u64::from(host.0)));
    let mut dice = sim.dice("pump beat", u64::from(host.0));
    let first = sim.now + pump.period.mul_f64(dice.unit());
    pump.library = sim.ward.bedside.library;
    pump.firmware = sim.ward.bedside.firmware;
    sim.ward.bedside.pumps.push(pump);
    sim.repeat(first, move |sim| Some(beat(sim, index, &mut dice)));
    sim.repeat(first, move |sim| Some(course(sim, index)));
    let mut dice = sim.dice("pump roams", u64::from(host.0));
    sim.repeat(first + dice.skewed(HOUR, 1.0), move |sim| Some(roam(sim, index, &mut dice)));
    index
}

fn beat(sim: &mut Sim, index: usize, dice: &mut Dice) -> Time {
    let now = sim.now;
    let Bedside { pumps, voice, .. } = &mut sim.ward.bedside;
    let pump = &mut pumps[index];
    if pump.is_online(now) {
        pump.tell(&mut Air { net: &mut sim.net, voice }, now, HEARTBEAT);
    }
    now + dice.around(pump.period, 0.01)
}

/// Goes on to its next stage when the time of this one is over; meanwhile an infusion has its events.
fn course(sim: &mut Sim, index: usize) -> Time {
    let now = sim.now;
    let busy = sim.calendar.clinical(now);
    let pump = &mut sim.ward.bedside.pumps[index];
    if !pump.present {
        return now + LOOK;
    }
    if pump.until > now || pump.held > now {
        if pump.stage == Stage::Infusing {
            event(sim, index);
        }
    } else {
        match pump.stage {
            // Fewer are needed at night.
            Stage::Off if pump.home != Home::Intensive && !pump.dice.chance(busy) => {
                pump.until = now + pump.dice.around(40 * MINUTE, 0.5);
            }
            Stage::Off => start(sim, index),
            Stage::Idle => infuse(sim, index),
            Stage::Infusing => stop(sim, index),
        }
    }
    let pump = &mut sim.ward.bedside.pumps[index];
    let look = now + seconds(pump.dice.between(0.2, 1.0) * LOOK.as_secs_f64());
    if pump.until > now { look.min(pump.until) } else { look }
}

/// Switches it on: it finds the network, and takes the drug library where there is a new one.
pub fn start(sim: &mut Sim, index: usize) {
    let now = sim.now;
    let joined = switch_on(sim, sim.ward.bedside.pumps[index].host, false);
    let Bedside { pumps, voice, library, .. } = &mut sim.ward.bedside;
    let pump = &mut pumps[index];
    let air = &mut Air { net: &mut sim.net, voice };
    let ready = joined + pump.dice.skewed(secs(8), 0.3);
    let told = pump.tell(air, ready, PUMP_STATUS);
    if pump.library != *library && pump.session.is_open() {
        pump.session.transfer(air, told + secs(2), &LIBRARY, ACKNOWLEDGED);
        pump.library = *library;
    }
    pump.stage = Stage::Idle;
    pump.until = now + pump.dice.skewed(6 * MINUTE, 0.6);
}

/// Starts an infusion, programmed by the gateway where it was ordered so.
fn infuse(sim: &mut Sim, index: usize) {
    let now = sim.now;
    let Bedside { pumps, voice, .. } = &mut sim.ward.bedside;
    let pump = &mut pumps[index];
    let air = &mut Air { net: &mut sim.net, voice };
    if pump.is_online(now) {
        let mut at = now;
        if pump.dice.chance(0.6) {
            at = pump.hear(air, now, PUMP_PROGRAM) + pump.dice.skewed(secs(20), 0.5);
        }
        pump.tell(air, at, PUMP_STATUS);
    }
    pump.stage = Stage::Infusing;
    pump.until = now + pump.dice.skewed(2 * HOUR, 0.9);
}

/// The end of an infusion: often with an alarm first; then the next one, or off.
fn stop(sim: &mut Sim, index: usize) {
    let now = sim.now;
    let Bedside { pumps, voice, .. } = &mut sim.ward.bedside;
    let pump = &mut pumps[index];
    let air = &mut Air { net: &mut sim.net, voice };
    let mut at = now;
    if pump.is_online(now) {
        if pump.dice.chance(0.5) {
            at = pump.tell(air, at, PUMP_ALARM) + pump.dice.skewed(secs(45), 0.6);
        }
        at = pump.tell(air, at, PUMP_STATUS);
    }
    let [_, on] = pump.habit();
    // An infusion and what comes before it take about three hours.
    if pump.dice.chance(3.0 / (on.as_secs_f64() / 3600.0).max(3.5)) {
        if pump.is_online(now) {
            at = pump.tell(air, at + secs(3), PUMP_LOG);
        }
        switch_off(sim, index, at + secs(1));
    } else {
        pump.stage = Stage::Idle;
        pump.until = at + pump.dice.skewed(12 * MINUTE, 0.9);
    }
}

/// Switches it off: it leaves in good order.
fn switch_off(sim: &mut Sim, index: usize, at: Time) {
    let pump = &mut sim.ward.bedside.pumps[index];
    let at = pump.session.close(&mut sim.net, at);
    let [off, _] = pump.habit();
    pump.stage = Stage::Off;
    pump.until = at + pump.dice.skewed(off, 0.7);
    let host = pump.host;
    sim.at(at, move |sim| {
        let gone = sim.ward.bedside.pumps[index].stage == Stage::Off;
        sim.net.host_mut(host).up = !gone;
    });
}

/// Its loan is over.
pub fn give_back(sim: &mut Sim, index: usize) {
    sim.ward.bedside.pumps[index].present = false;
    if sim.ward.bedside.pumps[index].stage != Stage::Off {
        switch_off(sim, index, sim.now);
    }
}

/// What may come in the midst of an infusion: a change of the rate, a change that was ordered, alarms, the log.
fn event(sim: &mut Sim, index: usize) {
    let now = sim.now;
    let Bedside { pumps, voice, .. } = &mut sim.ward.bedside;
    let pump = &mut pumps[index];
    if !pump.is_online(now) {
        return;
    }
    let air = &mut Air { net: &mut sim.net, voice };
    match pump.dice.unit() {
        drawn if drawn < 0.08 => _ = pump.tell(air, now, PUMP_STATUS),
        drawn if drawn < 0.10 => {
            let at = pump.hear(air, now, PUMP_RATE) + pump.dice.skewed(secs(12), 0.5);
            pump.tell(air, at, PUMP_STATUS);
        }
        drawn if drawn < 0.13 => {
            let mut at = now;
            for _ in 0..pump.dice.range(1..5) {
                at = pump.tell(air, at, PUMP_ALARM) + pump.dice.skewed(secs(15), 0.8);
            }
            pump.tell(air, at, PUMP_STATUS);
        }
        drawn if drawn < 0.23 => _ = pump.tell(air, now, PUMP_LOG),
        _ => {}
    }
}

/// Moves about: the connection breaks, and sometimes the address is another one when it comes back.
fn roam(sim: &mut Sim, index: usize, dice: &mut Dice) -> Time {
    let now = sim.now;
    let Sim { net, ward, .. } = sim;
    let pump = &mut ward.bedside.pumps[index];
    if pump.is_online(now) && pump.held <= now {
        if dice.chance(0.4) {
            pump.session.reset(net, now, Side::Opener);
        } else {
            pump.session.lose();
        }
        pump.unreachable = now + dice.skewed(secs(25), 1.0);
        if dice.chance(0.015) {
            let back = pump.unreachable;
            sim.at(back, move |sim| lease(sim, index));
        }
    }
    now + dice.skewed(4 * HOUR, 0.9)
}

/// Its lease has run out, and it gets another address.
pub fn lease(sim: &mut Sim, index: usize) {
    let pump = &mut sim.ward.bedside.pumps[index];
    pump.session.lose();
    if pump.stage != Stage::Off {
        let host = pump.host;
        switch_on(sim, host, true);
    }
}

/// The gateway rolls a new drug library out, or firmware, to all pumps that are there: within an hour or so. The others
/// take the library when they come back.
pub fn roll_out(sim: &mut Sim, firmware: bool) {
    let Bedside { pumps, library, firmware: newest, .. } = &mut sim.ward.bedside;
    *(if firmware { newest } else { library }) += 1;
    let count = pumps.len();
    let mut dice = sim.dice("roll-out", sim.now.secs());
    for index in 0..count {
        let at = sim.now + seconds(dice.between(0.0, 4000.0));
        sim.at(at, move |sim| update(sim, index, firmware));
    }
}

fn update(sim: &mut Sim, index: usize, firmware: bool) {
    let now = sim.now;
    let Bedside { pumps, voice, library, firmware: newest, .. } = &mut sim.ward.bedside;
    let pump = &mut pumps[index];
    let air = &mut Air { net: &mut sim.net, voice };
    if !pump.is_online(now) || !pump.session.is_open() || pump.held > now {
        return;
    }
    if !firmware {
        pump.session.transfer(air, now, &LIBRARY, ACKNOWLEDGED);
        pump.library = *library;
    } else if pump.stage == Stage::Idle || pump.home == Home::Store {
        // Not while it infuses; it starts again afterwards.
        let done = pump.session.transfer(air, now, &FIRMWARE, ACKNOWLEDGED);
        pump.firmware = *newest;
        restart(sim, index, done + secs(5));
    }
}

/// Starts it again: it leaves with FIN and is back within a minute or two.
pub fn restart(sim: &mut Sim, index: usize, at: Time) {
    let pump = &mut sim.ward.bedside.pumps[index];
    let gone = pump.session.close(&mut sim.net, at);
    let back = gone + pump.dice.skewed(secs(70), 0.2);
    pump.unreachable = back;
    sim.at(back, move |sim| {
        let Pump { stage, host, .. } = sim.ward.bedside.pumps[index];
        if stage != Stage::Off {
            switch_on(sim, host, false);
        }
    });
}
