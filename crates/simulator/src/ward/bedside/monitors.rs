//! Patient monitors: vitals and waves to their central station, a datagram every few seconds, and alarms over TCP.

use std::time::Duration;

use super::session::{Air, Session};
use super::{Bedside, gateway, switch_on};
use crate::clock::{HOUR, MINUTE, Time, ms, seconds, secs, us};
use crate::dice::Dice;
use crate::network::HostId;
use crate::queue::Mark;
use crate::sim::Sim;
use crate::tcp::Side;
use crate::wire::opaque::{
    ACKNOWLEDGED, ALARM, ALARM_END, BED, GATEWAY, HEARTBEAT, Kind, LIMITS, STATION, TIME, VITALS, Vitals, bundle,
};

/// Where a monitor hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Intensive care: a bed is seldom empty.
    Intensive,
    /// A ward.
    Ward,
    /// The recovery room: in use while theatres are.
    Recovery,
}

/// What a monitor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Off: the bed is empty.
    Off,
    /// It watches somebody.
    InUse,
    /// It travels with its patient, out of reach.
    Travelling,
}

/// Who sends a monitor's vitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// It does.
    Own,
    /// Nobody.
    Silent,
    /// A scenario, in its name.
    Foreign,
}

/// A monitor.
#[derive(Debug)]
pub struct Monitor {
    /// It.
    pub host: HostId,
    /// Its central station, by its place among them.
    pub central: usize,
    /// Its connection to that.
    pub session: Session,
    /// Where it hangs.
    pub place: Place,
    /// What it does.
    pub stage: Stage,
    /// Until when it does so.
    pub until: Time,
    /// Its course does not go on before.
    pub held: Time,
    /// Who sends its vitals.
    pub stream: Stream,
    /// It tells alarms; a scenario may take that away.
    pub alarms: bool,
    /// It is there at all.
    pub present: bool,
    /// The number of the next datagram.
    pub sequence: u32,
    /// Until when datagrams are written.
    pub written: Time,
    /// Time between datagrams.
    pub period: Duration,
    /// Its datagrams are held up on their way, and come in clumps.
    pub clumps: bool,
    /// The scenario that its datagrams belong to.
    pub mark: Mark,
    /// Who lies there: a number of the hospital.
    pub patient: u64,
    /// Numbers and waves that are measured.
    pub measured: [u8; 2],
    port: u16,
    dice: Dice,
}

/// Datagrams written at a time.
const BATCH: u32 = 10;

/// The longest that a course sleeps.
const LOOK: Duration = Duration::from_secs(900);

impl Monitor {
    fn new(host: HostId, central: usize, station: HostId, port: u16, mut dice: Dice) -> Self {
        let place = match dice.unit() {
            drawn if drawn < 0.55 => Place::Intensive,
            drawn if drawn < 0.88 => Place::Ward,
            _ => Place::Recovery,
        };
        let never = Time::default();
        Self {
            host,
            central,
            session: Session::new(host, station, &STATION),
            place,
            stage: Stage::Off,
            until: never,
            held: never,
            stream: Stream::Own,
            alarms: true,
            present: true,
            sequence: dice.range(0..1 << 20) as u32,
            written: never,
            period: seconds(dice.between(4.0, 5.0)),
            clumps: false,
            mark: 0,
            patient: dice.range(100_000..900_000),
            measured: Self::draw_measured(&mut dice),
            port,
            dice,
        }
    }

    fn draw_measured(dice: &mut Dice) -> [u8; 2] {
        [dice.range(4..13) as u8, dice.range(1..5) as u8]
    }

    /// Says something to the central station, which answers.
    pub fn tell(&mut self, air: &mut Air<'_>, at: Time, kind: Kind) -> Time {
        let wait = self.dice.skewed(ms(4), 0.4);
        self.session.exchange(air, at, Side::Opener, [kind, ACKNOWLEDGED], wait)
    }

    /// Vitals as the datagram of this number has them, measured at `time`.
    pub fn vitals(&self, sequence: u32, time: Time) -> Vitals {
        let [numbers, waves] = self.measured;
        Vitals { device: self.host.0, sequence, time, numbers, waves }
    }

    /// Sends the datagram of this number, measured at `time`, from `from` to the central station. The same number and time
    /// give the same octets.
    pub fn send(&self, air: &mut Air<'_>, at: Time, from: HostId, sequence: u32, time: Time) {
        let message = if sequence.is_multiple_of(13) {
            air.voice.say(&VITALS, LIMITS, self.host.0, sequence)
        } else {
            air.voice.vitals(&self.vitals(sequence, time))
        };
        air.net.udp_away(at, from, self.session.server, [self.port, VITALS.port], message);
    }

    /// Nothing for a while, then all of it at once, each datagram as it was measured; gives when that is over.
    fn clump(&mut self, air: &mut Air<'_>, from: Time) -> Time {
        let count = air.net.dice("clump", from.0 ^ u64::from(self.host.0)).range(4..12) as u32;
        let free = from + self.period * count;
        for place in 0..count {
            self.send(air, free + ms(2) * place, self.host, self.sequence, from + self.period * place);
            self.sequence = self.sequence.wrapping_add(1);
        }
        self.written = free + ms(2) * count;
        free
    }

    /// The central station has vitals of it.
    pub fn is_seen(&self) -> bool {
        self.stage == Stage::InUse && self.stream != Stream::Silent
    }

    /// How long a bed is empty, and how long somebody lies in it, at the median.
    fn habit(&self) -> [Duration; 2] {
        match self.place {
            Place::Intensive => [100 * MINUTE, 44 * HOUR],
            Place::Ward => [110 * MINUTE, 22 * HOUR],
            Place::Recovery => [35 * MINUTE, 100 * MINUTE],
        }
    }
}

/// Sets them up, with their central stations.
pub fn open(sim: &mut Sim) {
    let (stations, gateway) = (sim.ward.site().central_stations.clone(), sim.ward.site().device_gateway);
    for (number, station) in (0..).zip(stations) {
        let mut session = Session::new(station, gateway, &GATEWAY);
        session.resume(&mut sim.net, sim.now);
        sim.ward.bedside.centrals.push(session);
        let mut dice = sim.dice("central", number as u64);
        sim.repeat(sim.now + seconds(dice.between(0.0, 20.0)), move |sim| Some(pass_on(sim, number, &mut dice)));
        let mut dice = sim.dice("central time", number as u64);
        sim.repeat(sim.now + dice.around(5 * MINUTE, 0.8), move |sim| Some(tell_time(sim, number, &mut dice)));
    }
    for host in sim.ward.site().monitors.clone() {
        let index = add(sim, host);
        let now = sim.now;
        let monitor = &mut sim.ward.bedside.monitors[index];
        let [off, on] = monitor.habit().map(|span| span.as_secs_f64());
        if monitor.place != Place::Recovery && monitor.dice.chance(on / (on + off)) {
            monitor.stage = Stage::InUse;
            monitor.until = now + seconds(monitor.dice.exponential(on));
            monitor.session.resume(&mut sim.net, now);
        } else {
            monitor.until = now + seconds(monitor.dice.exponential(off));
            sim.net.host_mut(host).up = false;
        }
    }
}

/// A further monitor, off, with its tasks.
pub fn add(sim: &mut Sim, host: HostId) -> usize {
    let bedside = &mut sim.ward.bedside;
    let index = bedside.monitors.len();
    let stations: Vec<HostId> = bedside.centrals.iter().map(|session| session.device).collect();
    // The station of its own zone where there is one.
    let near = |&at: &usize| sim.net.host(stations[at]).zone == sim.net.host(host).zone;
    let wanted = index % stations.len();
    let central = (0..stations.len()).map(|step| (wanted + step) % stations.len()).find(near).unwrap_or(wanted);
    let port = sim.net.next_port(host);
    let dice = sim.net.dice("monitor", u64::from(host.0));
    sim.ward.bedside.monitors.push(Monitor::new(host, central, stations[central], port, dice));
    let mut dice = sim.dice("monitor times", u64::from(host.0));
    let first = sim.now + seconds(dice.between(0.0, 5.0));
    sim.repeat(first, move |sim| Some(stream(sim, index)));
    sim.repeat(first, move |sim| Some(course(sim, index)));
    let wait = |dice: &mut Dice| dice.around(secs(100), 0.03);
    let mut beats = sim.dice("monitor beat", u64::from(host.0));
    sim.repeat(first + wait(&mut beats), move |sim| {
        say(sim, index, HEARTBEAT);
        Some(sim.now + wait(&mut beats))
    });
    sim.repeat(first + dice.clumped(1.0), move |sim| Some(alarm(sim, index, &mut dice)));
    gateway::chart_monitor(sim, index);
    index
}

/// Writes the next datagrams.
fn stream(sim: &mut Sim, index: usize) -> Time {
    let Bedside { monitors, voice, .. } = &mut sim.ward.bedside;
    let monitor = &mut monitors[index];
    let mut at = sim.now;
    if monitor.stage != Stage::InUse || monitor.stream != Stream::Own {
        return at + monitor.period * BATCH;
    }
    let before = std::mem::replace(&mut sim.net.mark, monitor.mark);
    let air = &mut Air { net: &mut sim.net, voice };
    if monitor.clumps {
        at = monitor.clump(air, at);
        sim.net.mark = before;
        return at;
    }
    for _ in 0..BATCH {
        let wobble = us(monitor.dice.range(0..16_000));
        monitor.send(air, at + wobble, monitor.host, monitor.sequence, at);
        monitor.sequence = monitor.sequence.wrapping_add(1);
        at += monitor.period;
    }
    sim.net.mark = before;
    monitor.written = at;
    at
}

/// Says something to the central station while it is in use.
fn say(sim: &mut Sim, index: usize, kind: Kind) {
    let Bedside { monitors, voice, .. } = &mut sim.ward.bedside;
    let monitor = &mut monitors[index];
    if monitor.stage == Stage::InUse {
        monitor.tell(&mut Air { net: &mut sim.net, voice }, sim.now, kind);
    }
}

/// Admission, transport, discharge.
fn course(sim: &mut Sim, index: usize) -> Time {
    let now = sim.now;
    let (clinical, office) = (sim.calendar.clinical(now), sim.calendar.office(now));
    let monitor = &mut sim.ward.bedside.monitors[index];
    let look = now + seconds(monitor.dice.between(0.3, 1.0) * LOOK.as_secs_f64());
    if !monitor.present || monitor.held > now {
        return look;
    }
    let due = monitor.until <= now;
    match monitor.stage {
        Stage::Off if due => {
            let wanted = if monitor.place == Place::Recovery { office } else { 0.2 + 0.8 * clinical };
            if monitor.dice.chance(wanted) {
                admit(sim, index);
            } else {
                monitor.until = look;
            }
        }
        // Nobody is sent home in the middle of the night.
        Stage::InUse if due && monitor.dice.chance(0.1 + 0.9 * clinical) => leave(sim, index, Stage::Off),
        Stage::InUse if monitor.place != Place::Recovery && monitor.dice.chance(0.008 * clinical) => {
            leave(sim, index, Stage::Travelling);
        }
        Stage::Travelling if due => come_back(sim, index),
        _ => {}
    }
    let until = sim.ward.bedside.monitors[index].until;
    if until > now { look.min(until) } else { look }
}

/// Somebody comes to lie there.
pub fn admit(sim: &mut Sim, index: usize) {
    let now = sim.now;
    let joined = switch_on(sim, sim.ward.bedside.monitors[index].host, false);
    let Bedside { monitors, voice, .. } = &mut sim.ward.bedside;
    let monitor = &mut monitors[index];
    monitor.patient = monitor.dice.range(100_000..900_000);
    monitor.measured = Monitor::draw_measured(&mut monitor.dice);
    monitor.stage = Stage::InUse;
    let [_, on] = monitor.habit();
    monitor.until = now + monitor.dice.skewed(on, 0.7);
    let starts = joined + monitor.dice.around(secs(20), 0.4);
    monitor.tell(&mut Air { net: &mut sim.net, voice }, starts, BED);
}

/// It stops when what is written has been sent: switched off in good order, or unplugged for a transport.
pub fn leave(sim: &mut Sim, index: usize, stage: Stage) {
    let now = sim.now;
    let Bedside { monitors, voice, .. } = &mut sim.ward.bedside;
    let monitor = &mut monitors[index];
    let mut at = monitor.written.max(now) + ms(40);
    monitor.stage = stage;
    if stage == Stage::Off {
        at = monitor.tell(&mut Air { net: &mut sim.net, voice }, at, BED);
        at = monitor.session.close(&mut sim.net, at + secs(2));
        let [off, _] = monitor.habit();
        monitor.until = at + monitor.dice.skewed(off, 0.5);
    } else {
        monitor.session.lose();
        monitor.until = at + seconds(monitor.dice.between(20.0, 90.0) * 60.0);
    }
    let host = monitor.host;
    sim.at(at, move |sim| {
        let back = sim.ward.bedside.monitors[index].stage == Stage::InUse;
        sim.net.host_mut(host).up = back;
    });
}

/// It is plugged in again, sometimes in another ward.
pub fn come_back(sim: &mut Sim, index: usize) {
    let now = sim.now;
    let zones = sim.ward.site().zones.wards.clone();
    let monitor = &mut sim.ward.bedside.monitors[index];
    let host = monitor.host;
    let moved = monitor.dice.chance(0.15);
    if moved {
        sim.net.host_mut(host).zone = *monitor.dice.pick(&zones);
    }
    let joined = switch_on(sim, host, moved);
    let Bedside { monitors, voice, .. } = &mut sim.ward.bedside;
    let monitor = &mut monitors[index];
    monitor.stage = Stage::InUse;
    // Who was moved stays for a while.
    monitor.until = monitor.until.max(now) + monitor.dice.skewed(10 * HOUR, 0.6);
    let starts = joined + monitor.dice.around(secs(6), 0.4);
    monitor.tell(&mut Air { net: &mut sim.net, voice }, starts, BED);
}

/// An alarm, and its end; one in three goes on to the records.
fn alarm(sim: &mut Sim, index: usize, dice: &mut Dice) -> Time {
    raise_alarm(sim, index, dice);
    sim.now + dice.clumped(1.0 + 1.2 * sim.calendar.clinical(sim.now))
}

/// An alarm of a monitor that is in use.
pub fn raise_alarm(sim: &mut Sim, index: usize, dice: &mut Dice) {
    let Bedside { monitors, voice, .. } = &mut sim.ward.bedside;
    let monitor = &mut monitors[index];
    if monitor.stage != Stage::InUse || !monitor.alarms {
        return;
    }
    let told = monitor.tell(&mut Air { net: &mut sim.net, voice }, sim.now, ALARM);
    let lasts = dice.skewed(secs(18), 0.9);
    sim.at(told + lasts, move |sim| say(sim, index, ALARM_END));
    if dice.chance(0.33) {
        gateway::pass_alarm(sim, index, told + dice.around(ms(600), 0.5), lasts);
    }
}

/// A central station passes the vitals of its beds on.
fn pass_on(sim: &mut Sim, central: usize, dice: &mut Dice) -> Time {
    let Bedside { monitors, centrals, voice, .. } = &mut sim.ward.bedside;
    let watched = |monitor: &&Monitor| monitor.central == central && monitor.is_seen();
    let beds = monitors.iter().filter(watched).count() as u16;
    let air = &mut Air { net: &mut sim.net, voice };
    centrals[central].exchange(air, sim.now, Side::Opener, [bundle(beds), ACKNOWLEDGED], dice.skewed(ms(3), 0.4));
    sim.now + dice.around(secs(20), 0.01)
}

/// A central station tells its monitors the time.
fn tell_time(sim: &mut Sim, central: usize, dice: &mut Dice) -> Time {
    let Bedside { monitors, voice, .. } = &mut sim.ward.bedside;
    let mut at = sim.now;
    for monitor in monitors.iter().filter(|monitor| monitor.central == central && monitor.stage == Stage::InUse) {
        let message = voice.say(&VITALS, TIME, monitor.host.0, at.secs() as u32);
        sim.net.udp(at, monitor.session.server, monitor.host, [VITALS.port, monitor.port], message);
        at += ms(2);
    }
    sim.now + dice.around(5 * MINUTE, 0.02)
}

/// The monitors that are in use, by their places.
pub fn in_use(sim: &Sim) -> Vec<usize> {
    let monitors = &sim.ward.bedside.monitors;
    (0..monitors.len()).filter(|&at| monitors[at].stage == Stage::InUse && monitors[at].present).collect()
}
