//! People at PCs, workstations and cabinets: the record, results, files, mail, the web, printing.

use crate::clock::{DAY, MINUTE, Time, ms, seconds, secs, us};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::office::secure::{Visit, page};
use crate::wire::tls::BROWSER;
use crate::wire::{dns, snmp};

/// Who is there.
#[derive(Clone, Debug, Default)]
pub struct Desks(Vec<Desk>);

/// A place with a PC.
#[derive(Clone, Copy, Debug)]
pub struct Desk {
    /// The PC.
    pub host: HostId,
    /// Somebody sits there.
    pub taken: bool,
    /// Whose it is.
    pub kind: Kind,
}

/// Whose a desk is, and so when it is busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nurses' and doctors': never off.
    Clinical,
    /// An office's or a clinic's: off at night.
    Office,
    /// A radiologist's.
    Reading,
    /// A dispensing cabinet.
    Cabinet,
}

/// Does something that a person does.
type Act = fn(&mut Sim, HostId, &mut Dice);

/// How often each is done at the busiest hour, for clinical, office, reading and cabinet.
const ACTS: [(Act, [f64; 4]); 8] = [
    (record, [6.0, 4.5, 3.5, 1.0]),
    (results, [2.5, 0.5, 1.0, 0.0]),
    (files, [0.6, 1.5, 0.5, 0.3]),
    (mail, [1.5, 3.0, 1.5, 0.0]),
    (web, [0.8, 1.5, 0.8, 0.0]),
    (content, [1.0, 2.5, 0.8, 0.0]),
    (print, [0.5, 0.5, 0.0, 0.1]),
    (cry, [0.6, 0.8, 0.5, 0.3]),
];

/// Sets it up.
pub(super) fn open(sim: &mut Sim) {
    let site = sim.ward.site();
    let pcs = site.pcs.iter().enumerate().map(|(number, &host)| {
        let kind = if number % 3 == 0 { Kind::Clinical } else { Kind::Office };
        Desk { host, taken: kind == Kind::Clinical, kind }
    });
    let desk = |kind| move |&host: &HostId| Desk { host, taken: true, kind };
    let reading = site.reading.iter().map(desk(Kind::Reading));
    let cabinets = site.cabinets.iter().map(desk(Kind::Cabinet));
    let desks: Vec<Desk> = pcs.chain(reading).chain(cabinets).collect();
    sim.ward.office.desks = Desks(desks.clone());
    for (place, desk) in desks.into_iter().enumerate() {
        for (number, (act, rates)) in ACTS.into_iter().enumerate() {
            let rate = rates[desk.kind as usize];
            if rate > 0.0 {
                work(sim, place, number, act, rate);
            }
        }
        if desk.kind == Kind::Office {
            sim.net.host_mut(desk.host).up = false;
            workday(sim, place);
        }
    }
    printers(sim);
}

/// How busy a kind of desk is now.
fn level(sim: &Sim, kind: Kind) -> f64 {
    let (clinical, office) = (sim.calendar.clinical(sim.now), sim.calendar.office(sim.now));
    match kind {
        Kind::Clinical | Kind::Cabinet => clinical,
        Kind::Office => office,
        Kind::Reading => 0.8 * office + 0.2 * clinical,
    }
}

/// Has somebody do one thing whenever it suits: once, or a few times in a row.
fn work(sim: &mut Sim, place: usize, number: usize, act: Act, rate: f64) {
    let mut dice = sim.dice("desk", (place * ACTS.len() + number) as u64);
    let mut more = 0_u32;
    let first = sim.now + seconds(dice.exponential(3600.0 / rate));
    sim.repeat(first, move |sim| {
        let &desk = sim.ward.office.desks.0.get(place)?;
        let busy = more > 0 || dice.chance(level(sim, desk.kind));
        more = more.saturating_sub(1);
        if busy && desk.taken && sim.net.host(desk.host).up {
            act(sim, desk.host, &mut dice);
            if more == 0 && dice.chance(0.2) {
                more = dice.range(1..4) as u32;
            }
        }
        // One in five brings two more on average, so the others are rarer.
        let wait = if more > 0 { dice.exponential(70.0) + 5.0 } else { dice.exponential(1.4 * 3600.0 / rate) };
        Some(sim.now + seconds(wait))
    });
}

/// A PC that is switched on in the morning and off in the evening.
fn workday(sim: &mut Sim, place: usize) {
    let mut dice = sim.dice("workday", place as u64);
    let mut hour = dice.between(6.8, 8.6);
    let first = sim.calendar.next(sim.now, hour);
    sim.repeat(first, move |sim| {
        let &desk = sim.ward.office.desks.0.get(place)?;
        let absent = if sim.calendar.is_weekend(sim.now) { 0.93 } else { 0.06 };
        if !dice.chance(absent) {
            start(sim, place, desk.host, &mut dice);
            let until = sim.calendar.next(sim.now, dice.normal(16.6, 0.8).clamp(13.0, 21.0));
            sim.at(until, move |sim| stop(sim, place));
        }
        hour = (hour + dice.normal(0.0, 0.1)).clamp(6.5, 9.0);
        Some(sim.calendar.next(sim.now + DAY / 4, hour))
    });
}

/// Switches a PC on: an address, the domain, the time, and the policies of the domain.
fn start(sim: &mut Sim, place: usize, host: HostId, dice: &mut Dice) {
    sim.net.host_mut(host).up = true;
    sim.forget_names(host);
    let moved = dice.chance(0.03);
    let anew = dice.chance(0.1);
    let address = sim.net.host(host).ip;
    let ready = if moved { sim.join_network(host, true) } else { sim.join_as(host, address, anew) };
    let mut dice = dice.clone();
    sim.at(ready + secs(4), move |sim| {
        if let Some(controller) = sim.controller(host) {
            let (mut share, mut at) = sim.share(sim.now, host, controller, "SYSVOL", &mut dice);
            for policy in 0..dice.range(3..7) {
                let path = format!("hospital.example\\Policies\\{policy:02}\\gpt.ini");
                at = share.file(&mut sim.net, at + ms(3), &path, dice.range(60..4000) as usize, false, &mut dice);
            }
            share.close(&mut sim.net, at + secs(1), &mut dice);
        }
        if let Some(desk) = sim.ward.office.desks.0.get_mut(place) {
            desk.taken = true;
        }
    });
}

/// Switches it off, once what was begun is over.
fn stop(sim: &mut Sim, place: usize) {
    let Some(desk) = sim.ward.office.desks.0.get_mut(place) else { return };
    desk.taken = false;
    let host = desk.host;
    sim.after(4 * MINUTE, move |sim| sim.net.host_mut(host).up = false);
}

/// Pages of the health record.
fn record(sim: &mut Sim, host: HostId, dice: &mut Dice) {
    let ehr = sim.ward.site().ehr;
    if !sim.net.host(ehr).up {
        Connection::unanswered(&mut sim.net, sim.now, host, ehr, 443);
        return;
    }
    let visit = Visit { from: host, to: ehr, label: 0, port: 443, client: &BROWSER, through: None };
    pages(sim, &visit, 1 + dice.range(0..4), 7_500.0, dice);
}

/// Laboratory results, from a server that has never learnt to encrypt.
fn results(sim: &mut Sim, host: HostId, dice: &mut Dice) {
    let lis = sim.ward.site().lis;
    if sim.net.host(lis).up {
        let visit = Visit { from: host, to: lis, label: 0, port: 80, client: &BROWSER, through: None };
        pages(sim, &visit, 1 + dice.range(0..3), 7_000.0, dice);
    }
}

/// Sites outside.
fn web(sim: &mut Sim, host: HostId, dice: &mut Dice) {
    let site = sim.ward.site();
    let (proxy, to) = (site.proxy, *dice.pick(&site.web[1..]));
    if sim.net.host(proxy).up {
        let label = dice.range(0..super::names::LABELS.len() as u64) as u8;
        let visit = Visit { from: host, to, label, port: 443, client: &BROWSER, through: Some(proxy) };
        pages(sim, &visit, 1 + dice.range(0..3), 9_000.0, dice);
    }
}

/// What programs on PCs fetch by themselves, past the proxy: updates, fonts, telephony. It comes from content networks, which
/// answer from another of their addresses each time; some are met every day, most hardly ever again.
fn content(sim: &mut Sim, host: HostId, dice: &mut Dice) {
    let mut at = sim.now;
    for _ in 0..dice.range(2..6) {
        let servers = &sim.ward.office.content;
        let often = dice.unit();
        let to = servers[(servers.len() as f64 * often * often) as usize];
        let visit = Visit { from: host, to, label: 0, port: 443, client: &BROWSER, through: None };
        let (mut session, ready) = sim.visit(at, &visit, dice);
        let sizes = [dice.range(300..900) as usize, dice.log_normal(3000.0, 1.0).clamp(200.0, 90_000.0) as usize];
        let end = session.exchange(&mut sim.net, ready, sizes, ms(20), dice);
        session.close(&mut sim.net, end + dice.around(secs(3), 0.9), dice);
        at += dice.skewed(ms(400), 0.8);
    }
}

/// Mail, which is kept outside.
fn mail(sim: &mut Sim, host: HostId, dice: &mut Dice) {
    let site = sim.ward.site();
    let (proxy, to) = (site.proxy, site.web[0]);
    if !sim.net.host(proxy).up {
        return;
    }
    let visit = Visit { from: host, to, label: 6, port: 443, client: &BROWSER, through: Some(proxy) };
    let (mut session, mut at) = sim.visit(sim.now, &visit, dice);
    for _ in 0..dice.range(1..4) {
        let sizes = [600 + dice.range(0..900) as usize, dice.log_normal(2500.0, 1.1).min(200_000.0) as usize];
        at = session.exchange(&mut sim.net, at + dice.skewed(secs(2), 0.8), sizes, ms(30), dice);
    }
    // Now and then one goes out, some with an attachment.
    if dice.chance(0.2) {
        let sizes = [dice.log_normal(9000.0, 1.6).clamp(2000.0, 600_000.0) as usize, 400];
        at = session.exchange(&mut sim.net, at + secs(5), sizes, ms(60), dice);
    }
    session.close(&mut sim.net, at + secs(10), dice);
}

/// A session with some pages, read one after the other.
fn pages(sim: &mut Sim, visit: &Visit, count: u64, median: f64, dice: &mut Dice) {
    let (mut session, mut at) = sim.visit(sim.now, visit, dice);
    for _ in 0..count {
        // The page, then what it shows; some ask with a form.
        let asked = if dice.chance(0.15) { dice.range(1300..5000) } else { dice.range(380..900) } as usize;
        let first = dice.log_normal(median, 0.9).clamp(400.0, 250_000.0) as usize;
        at = session.exchange(&mut sim.net, at, [asked, first], ms(40), dice);
        if dice.chance(0.5) {
            let more = dice.log_normal(median * 0.3, 0.9).clamp(200.0, 60_000.0) as usize;
            at = session.exchange(&mut sim.net, at + ms(90), [420, more], ms(15), dice);
        }
        at += dice.skewed(secs(9), 0.8).min(secs(40));
    }
    session.close(&mut sim.net, at + dice.around(secs(8), 0.6), dice);
}

/// Documents on the file server.
fn files(sim: &mut Sim, host: HostId, dice: &mut Dice) {
    let server = sim.ward.site().files;
    if !sim.net.host(server).up {
        return;
    }
    let (mut share, mut at) = sim.share(sim.now, host, server, "Departments", dice);
    for _ in 0..dice.range(1..4) {
        let path =
            format!("Ward {}\\{}\\plan-{:03}.docx", dice.range(1..9), dice.range(2021..2027), dice.range(1..400));
        let length = dice.log_normal(20_000.0, 1.1).clamp(500.0, 500_000.0) as usize;
        at = share.file(&mut sim.net, at, &path, length, false, dice);
        if dice.chance(0.3) {
            let changed = (length as f64 * dice.between(0.9, 1.2)) as usize;
            at = share.file(&mut sim.net, at + secs(dice.range(10..40)), &path, changed, true, dice);
        }
        // Word processors save beside the file and rename.
        if dice.chance(0.1) {
            at = share.rename(&mut sim.net, at, (&path, &path.replace("plan", "plan-final")), dice);
        }
        at += dice.skewed(secs(4), 0.8).min(secs(20));
    }
    share.close(&mut sim.net, at, dice);
}

/// What a PC hands to a printer at once.
const PRINTED: usize = 30_000;

/// A job for the printer nearest to the PC, raw on port 9100.
pub fn print(sim: &mut Sim, host: HostId, dice: &mut Dice) {
    let printers = &sim.ward.site().printers;
    let near = printers.iter().find(|printer| sim.net.host(**printer).zone == sim.net.host(host).zone);
    let Some(&printer) = near.or(printers.first()) else { return };
    if !sim.net.host(printer).up {
        return;
    }
    let (known, _) = sim.lookup(sim.now, host, printer, 0);
    let (mut connection, mut at) = Connection::open(&mut sim.net, known, host, printer, 9100);
    let name = format!("\x1b%-12345X@PJL JOB NAME=\"u{:04}\"\r\n@PJL ENTER LANGUAGE=PCL\r\n", host.0);
    at = connection.send(&mut sim.net, at, Side::Opener, name.as_bytes()).arrived;
    let mut left = dice.log_normal(80_000.0, 0.8).clamp(9000.0, 1_500_000.0) as usize;
    while left > 0 {
        let part = left.min(PRINTED);
        at = connection.send(&mut sim.net, at + ms(3), Side::Opener, page(dice, part).as_bytes()).arrived;
        left -= part;
    }
    at = connection.send(&mut sim.net, at, Side::Opener, b"\x1b%-12345X@PJL EOJ\r\n\x1b%-12345X").arrived;
    connection.close(&mut sim.net, at + ms(400), Side::Opener);
}

/// A name that DNS does not know, or should not: Windows asks all of its zone, three times.
pub fn cry(sim: &mut Sim, host: HostId, dice: &mut Dice) {
    let name = *dice.pick(&["WPAD", "OLD-FILES", "PRINTSRV", "SCAN01"]);
    if sim.be_led(host, name, dice) {
        return;
    }
    let query = dns::netbios_query(dice.bits() as u16, name, if name == "WPAD" { 0 } else { 0x20 });
    for wait in [0, 750, 1500] {
        sim.net.broadcast(sim.now + ms(wait), host, [137, 137], &query);
        if sim.claim(host, &query, dice) {
            return;
        }
    }
}

/// The file server watches the printers.
fn printers(sim: &mut Sim) {
    let server = sim.ward.site().files;
    for (number, printer) in sim.ward.site().printers.clone().into_iter().enumerate() {
        let mut dice = sim.dice("printer", number as u64);
        let (mut toner, mut request) = (dice.between(30.0, 100.0), dice.bits() as u32 >> 8);
        let first: Time = sim.now + secs(dice.range(1..300));
        sim.repeat(first, move |sim| {
            if sim.net.host(server).up && sim.net.host(printer).up {
                request = request.wrapping_add(1);
                toner = if toner < 2.0 { 100.0 } else { toner - 0.02 * level(sim, Kind::Office) };
                let own = 50_100 + number as u16;
                let asked = snmp::printer(request, None);
                let heard = sim.net.udp(sim.now, server, printer, [own, 161], &asked).arrived;
                let status = if dice.chance(level(sim, Kind::Office) * 0.3) { 4 } else { 3 };
                let answer = snmp::printer(request, Some([status, toner as u8]));
                sim.net.udp(heard + us(dice.range(800..4000)), printer, server, [161, own], &answer);
            }
            Some(sim.now + dice.around(5 * MINUTE, 0.01))
        });
    }
}
