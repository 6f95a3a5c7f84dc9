//! What machines do among themselves: backups at night, updates of virus patterns.

use crate::clock::{HOUR, MINUTE, ms, seconds, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::queue::Mark;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::office::secure::{Session, Visit};
use crate::wire::tls::PROGRAM;

/// Where the backup server listens.
pub const BACKUP_PORT: u16 = 8400;

/// What is sent at once.
const CHUNK: usize = 1 << 17;

/// Sets it up.
pub(super) fn open(sim: &mut Sim) {
    let site = sim.ward.site();
    let servers = [site.ehr, site.pacs, site.ris, site.lis, site.pharmacy, site.engine, site.files, site.pump_gateway];
    for (number, server) in servers.into_iter().enumerate() {
        let mut dice = sim.dice("backup", number as u64);
        let hour = 22.5 + number as f64 * 0.45;
        let first = sim.calendar.next(sim.now, hour % 24.0);
        sim.repeat(first + seconds(dice.between(0.0, 300.0)), move |sim| {
            let backup = sim.ward.site().backup;
            if let Some(mark) = sim.ward.office.no_backups {
                refuse(sim, server, mark);
            } else if sim.net.host(server).up && sim.net.host(backup).up {
                // All of it on Saturday night, else what has changed.
                let median = if sim.calendar.weekday(sim.now) == 5 { 7e6 } else { 3e6 };
                let size = dice.log_normal(median, 0.25) as usize;
                let visit =
                    Visit { from: server, to: backup, label: 0, port: BACKUP_PORT, client: &PROGRAM, through: None };
                let mut own = dice.clone();
                let (session, ready) = sim.visit(sim.now, &visit, &mut own);
                sim.at(ready, move |sim| carry(sim, session, Side::Opener, size, own));
            }
            dice.bits();
            Some(sim.calendar.next(sim.now + HOUR, hour % 24.0) + seconds(dice.between(0.0, 300.0)))
        });
    }
    updates(sim);
}

/// Nobody takes the backup, and it is tried again a few times.
fn refuse(sim: &mut Sim, server: HostId, mark: Mark) {
    let backup = sim.ward.site().backup;
    let before = std::mem::replace(&mut sim.net.mark, mark);
    for attempt in 0..4 {
        sim.after(2 * MINUTE * attempt, move |sim| {
            if sim.net.host(server).up {
                Connection::refused(&mut sim.net, sim.now, server, backup, BACKUP_PORT);
            }
        });
    }
    sim.net.mark = before;
}

/// Sends so much in chunks, then closes.
pub fn carry(sim: &mut Sim, mut session: Session, side: Side, left: usize, mut dice: Dice) {
    let part = left.min(CHUNK);
    let at = session.send(&mut sim.net, sim.now, side, part, &mut dice);
    // The far end says how far it is.
    let at = session.send(&mut sim.net, at + ms(2), side.other(), 48, &mut dice);
    if left > part {
        let wait = dice.skewed(ms(250), 0.5);
        return sim.at(at + wait, move |sim| carry(sim, session, side, left - part, dice));
    }
    session.close(&mut sim.net, at + secs(1), &mut dice);
}

/// The proxy fetches virus patterns every few hours.
fn updates(sim: &mut Sim) {
    let mut dice = sim.dice("updates", 0);
    let first = sim.now + seconds(dice.between(600.0, 14_000.0));
    sim.repeat(first, move |sim| {
        let site = sim.ward.site();
        let (proxy, Some(&from)) = (site.proxy, site.web.last()) else { return None };
        if sim.net.host(proxy).up {
            let visit = Visit { from: proxy, to: from, label: 2, port: 443, client: &PROGRAM, through: None };
            let size = dice.log_normal(900_000.0, 0.6).min(6e6) as usize;
            let mut own = dice.clone();
            let (mut session, ready) = sim.visit(sim.now, &visit, &mut own);
            let at = session.send(&mut sim.net, ready, Side::Opener, 350, &mut own);
            sim.at(at + ms(20), move |sim| carry(sim, session, Side::Answerer, size, own));
        }
        dice.bits();
        Some(sim.now + dice.around(4 * HOUR, 0.1))
    });
}
