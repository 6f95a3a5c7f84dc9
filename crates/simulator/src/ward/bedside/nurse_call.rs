//! Nurse call: panels and their server.

use super::Bedside;
use super::session::{Air, Session};
use crate::clock::{MINUTE, Time, ms, seconds, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::Side;
use crate::wire::opaque::{ACKNOWLEDGED, CALL, CALL_ANSWERED, CALL_CLEARED, CALL_SHOWN, CALLED, HEARTBEAT, Kind};

/// A panel.
#[derive(Debug)]
pub struct Panel {
    /// It.
    pub host: HostId,
    /// Its connection to the server.
    pub session: Session,
    /// It passes calls on; a scenario may take that away.
    pub calls: bool,
    dice: Dice,
}

impl Panel {
    /// Says something, or is told something; the other end answers.
    pub fn exchange(&mut self, air: &mut Air<'_>, at: Time, side: Side, kind: Kind) -> Time {
        let wait = self.dice.skewed(ms(6), 0.4);
        self.session.exchange(air, at, side, [kind, ACKNOWLEDGED], wait)
    }
}

/// Sets them up.
pub fn open(sim: &mut Sim) {
    let server = sim.ward.site().nurse_call;
    for (index, host) in sim.ward.site().panels.clone().into_iter().enumerate() {
        let dice = sim.dice("panel", index as u64);
        let mut session = Session::new(host, server, &CALL);
        session.resume(&mut sim.net, sim.now);
        sim.ward.bedside.panels.push(Panel { host, session, calls: true, dice });
        let mut dice = sim.dice("panel beat", index as u64);
        sim.repeat(sim.now + secs(30).mul_f64(dice.unit()), move |sim| {
            say(sim, index, Side::Opener, HEARTBEAT);
            Some(sim.now + dice.around(secs(30), 0.004))
        });
        let mut dice = sim.dice("panel calls", index as u64);
        sim.repeat(sim.now + dice.clumped(4.0), move |sim| {
            call(sim, index, &mut dice);
            Some(sim.now + dice.clumped(1.0 + 6.0 * sim.calendar.clinical(sim.now)))
        });
    }
}

fn say(sim: &mut Sim, index: usize, side: Side, kind: Kind) -> Time {
    let Bedside { panels, voice, .. } = &mut sim.ward.bedside;
    let panel = &mut panels[index];
    if !sim.net.host(panel.host).up {
        return sim.now;
    }
    panel.exchange(&mut Air { net: &mut sim.net, voice }, sim.now, side, kind)
}

/// Somebody calls; it is shown on the next panels, somebody goes, and it is over.
pub fn call(sim: &mut Sim, index: usize, dice: &mut Dice) {
    if !sim.ward.bedside.panels[index].calls {
        return;
    }
    let heard = say(sim, index, Side::Opener, CALLED);
    let count = sim.ward.bedside.panels.len();
    for step in 1..=dice.range(1..3) as usize {
        let shown = (index + step) % count;
        if shown != index {
            sim.at(heard + ms(8), move |sim| _ = say(sim, shown, Side::Answerer, CALL_SHOWN));
        }
    }
    let answered = heard + dice.skewed(seconds(80.0), 0.8);
    let cleared = answered + dice.skewed(3 * MINUTE, 0.7);
    if let Some(mark) = sim.ward.bedside.calls_ended {
        // Nobody has gone, and the server says that it is over.
        let before = std::mem::replace(&mut sim.net.mark, mark);
        sim.at(heard + secs(3), move |sim| _ = say(sim, index, Side::Answerer, CALL_CLEARED));
        sim.net.mark = before;
        return;
    }
    sim.at(answered, move |sim| _ = say(sim, index, Side::Opener, CALL_ANSWERED));
    sim.at(cleared, move |sim| _ = say(sim, index, Side::Opener, CALL_CLEARED));
}
