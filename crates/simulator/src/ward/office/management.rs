//! What is managed, stored and reported behind the scenes, each by the protocol that such things use: power supplies by SNMP, rooms
//! by BACnet, readings by MQTT, images through a viewer with a certificate of its own, files by SMB, FTP and TFTP, a serial
//! gateway by Telnet. What scenarios abuse is done rightly here every day.

use std::ops::Range;
use std::time::Duration;

use crate::clock::{HOUR, MINUTE, Time, ms, seconds, secs, us};
use crate::dice::Dice;
use crate::network::HostId;
use crate::queue::Mark;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::office::names;
use crate::ward::office::shares::Share;
use crate::wire::snmp::{self, Pdu};
use crate::wire::tls::{self, PROGRAM, Version};
use crate::wire::{bacnet, dns, mqtt, noise, tftp};

/// Where the long-term archive has its viewer.
pub const VIEWER_PORT: u16 = 8443;

/// The broker's port, on the building management.
pub const BROKER_PORT: u16 = 1883;

/// The community of the power supplies.
pub const COMMUNITY: &str = "facility-ro";

/// The management's port for SNMP.
pub const MANAGER_PORT: u16 = 50_161;

/// How the viewer's server is at present; a scenario's mark goes with what is unlike it.
#[derive(Clone, Copy, Debug)]
pub struct Viewer {
    /// Who signed its certificate; none where it has signed it itself.
    pub issuer: Option<&'static str>,
    /// Which certificate.
    pub number: u64,
    /// The cipher that it chooses.
    pub cipher: u16,
    /// Its time is over, and nobody goes on with it.
    pub expired: bool,
    /// The scenario.
    pub mark: Mark,
}

impl Default for Viewer {
    fn default() -> Self {
        Self { issuer: Some("Hospital CA"), number: 0, cipher: 0xc030, expired: false, mark: 0 }
    }
}

/// Sets it up.
pub(super) fn open(sim: &mut Sim) {
    power(sim);
    rooms(sim);
    readings(sim);
    viewers(sim);
    copies(sim);
    reputations(sim);
    uploads(sim);
    serial_gateway(sim);
    panels(sim);
}

/// Whether all of these are switched on.
fn up(sim: &Sim, hosts: &[HostId]) -> bool {
    hosts.iter().all(|host| sim.net.host(*host).up)
}

/// Has something done every day at an hour, give or take some minutes.
fn daily(sim: &mut Sim, who: &str, number: u64, hour: f64, mut work: impl FnMut(&mut Sim, &mut Dice) + 'static) {
    let mut dice = sim.dice(who, number);
    let first = sim.calendar.next(sim.now, hour) + seconds(dice.between(0.0, 400.0));
    sim.repeat(first, move |sim| {
        let mut own = dice.fork();
        work(sim, &mut own);
        Some(sim.calendar.next(sim.now + HOUR, hour) + seconds(dice.between(0.0, 400.0)))
    });
}

/// Has something done again and again.
fn every(
    sim: &mut Sim,
    (who, number): (&str, u64),
    period: Duration,
    mut work: impl FnMut(&mut Sim, &mut Dice) + 'static,
) {
    let mut dice = sim.dice(who, number);
    let first = sim.now + period.mul_f64(dice.unit());
    sim.repeat(first, move |sim| {
        work(sim, &mut dice);
        Some(sim.now + dice.around(period, 0.02))
    });
}

impl Sim {
    /// A question over UDP and its answer, from port to port.
    pub fn asked(
        &mut self,
        at: Time,
        [from, to]: [HostId; 2],
        [own, port]: [u16; 2],
        [question, answer]: [&[u8]; 2],
    ) -> Time {
        let heard = self.net.udp(at, from, to, [own, port], question).arrived;
        self.net.udp(heard + ms(2), to, from, [port, own], answer).arrived
    }

    /// A session with the viewer of the long-term archive, which shows the certificate that it has.
    pub fn view(&mut self, from: HostId, dice: &mut Dice) {
        self.view_many(from, 2..5, 4_000..30_000, dice);
    }

    /// As [`Self::view`], with so many answers of so many octets each.
    pub fn view_many(&mut self, from: HostId, answers: Range<u64>, octets: Range<u64>, dice: &mut Dice) {
        let (to, Viewer { issuer, number, cipher, expired, mark }) =
            (self.ward.site().archive, self.ward.office.viewer);
        let (known, _) = self.lookup(self.now, from, to, 0);
        let before = self.net.mark;
        self.net.mark = if mark == 0 { before } else { mark };
        let name = self.name_of(to, 0);
        let make = if expired { tls::expired_certificate } else { tls::certificate };
        let certificate = make(issuer.unwrap_or(&name), &name, &mut self.dice("viewer", number));
        let net = &mut self.net;
        let (mut open, ready) = Connection::open(net, known, from, to, VIEWER_PORT);
        let hello = tls::client_hello(&PROGRAM, Version::V12, &name, dice);
        let mut at = open.send(net, ready, Side::Opener, &hello).arrived + ms(1);
        let flight = tls::server_flight_with(&hello, cipher, &certificate, dice);
        at = open.send(net, at, Side::Answerer, &flight).arrived + ms(1);
        if expired {
            at = open.send(net, at, Side::Opener, tls::CERTIFICATE_EXPIRED).arrived;
            open.close(net, at, Side::Opener);
            self.net.mark = before;
            return;
        }
        at = open.send(net, at, Side::Opener, &tls::client_flight_for(cipher, dice)).arrived + us(300);
        at = open.send(net, at, Side::Answerer, &tls::server_finish(Version::V12, dice)).arrived + us(300);
        for _ in 0..dice.range(answers) {
            for (side, length) in [(Side::Opener, 500), (Side::Answerer, dice.range(octets.clone()) as usize)] {
                let mut data = Vec::new();
                tls::data(&mut data, Version::V12, length, dice);
                at = open.send(net, at + ms(8), side, &data).arrived;
            }
        }
        at = open.send(net, at + secs(1), Side::Opener, &tls::goodbye(Version::V12, dice)).arrived;
        open.close(net, at, Side::Opener);
        self.net.mark = before;
    }

    /// Files are fetched or stored by TFTP: in blocks, from a port that the server takes.
    pub fn tftp(&mut self, [from, to]: [HostId; 2], write: bool, file: &str, length: usize, dice: &mut Dice) {
        let own = self.net.next_port(from);
        let other = self.net.next_port(to);
        let mut at = self.net.udp(self.now, from, to, [own, tftp::PORT], &tftp::request(write, file)).arrived + ms(2);
        let (sender, receiver) = if write { (from, to) } else { (to, from) };
        let port = |host: HostId| if host == from { own } else { other };
        if write {
            at = self.net.udp(at, to, from, [other, own], &tftp::acknowledge(0)).arrived + ms(1);
        }
        for block in 0..=length / tftp::BLOCK {
            let octets = noise::piece(dice, tftp::BLOCK.min(length - block * tftp::BLOCK));
            let number = block as u16 + 1;
            let ports = [port(sender), port(receiver)];
            at = self.net.udp(at, sender, receiver, ports, &tftp::data(number, octets)).arrived + us(400);
            let back = [ports[1], ports[0]];
            at = self.net.udp(at, receiver, sender, back, &tftp::acknowledge(number)).arrived + us(400);
        }
    }

    /// Says lines of text to each other, turn by turn from the answering end on; gives the connection and the time.
    pub fn lines(
        &mut self,
        at: Time,
        [from, to]: [HostId; 2],
        port: u16,
        lines: &[&[u8]],
        pause: Duration,
    ) -> (Connection, Time) {
        let (mut open, mut at) = Connection::open(&mut self.net, at, from, to, port);
        for (turn, line) in lines.iter().enumerate() {
            let (side, wait) = if turn % 2 == 0 { (Side::Answerer, ms(20)) } else { (Side::Opener, pause) };
            at = open.send(&mut self.net, at + wait, side, line).arrived;
        }
        (open, at)
    }

    /// A file is stored by FTP, with a name and a password in clear.
    pub fn ftp_store(&mut self, [from, to]: [HostId; 2], user: &str, file: &str, length: usize, dice: &mut Dice) {
        let data_port = self.net.next_port(to);
        let [a, b, c, d] = self.net.host(to).ip.octets();
        let [high, low] = data_port.to_be_bytes();
        let (user, file) = (format!("USER {user}\r\n"), format!("STOR {file}\r\n"));
        let passive = format!("227 Entering Passive Mode ({a},{b},{c},{d},{high},{low})\r\n");
        let lines: [&[u8]; 10] = [
            b"220 (vsFTPd 3.0.5)\r\n",
            user.as_bytes(),
            b"331 Please specify the password.\r\n",
            b"PASS secret-of-it\r\n",
            b"230 Login successful.\r\n",
            b"TYPE I\r\n",
            b"200 Switching to Binary mode.\r\n",
            b"PASV\r\n",
            passive.as_bytes(),
            file.as_bytes(),
        ];
        let (mut open, at) = self.lines(self.now, [from, to], 21, &lines, ms(4));
        let net = &mut self.net;
        let (mut data, ready) = Connection::open(net, at, from, to, data_port);
        let at = open.send(net, ready, Side::Answerer, b"150 Ok to send data.\r\n").arrived;
        let at = data.send(net, at, Side::Opener, noise::piece(dice, length)).arrived;
        let at = data.close(net, at + ms(1), Side::Opener);
        let at = open.send(net, at, Side::Answerer, b"226 Transfer complete.\r\n").arrived;
        let at = open.send(net, at + ms(3), Side::Opener, b"QUIT\r\n").arrived;
        let at = open.send(net, at, Side::Answerer, b"221 Goodbye.\r\n").arrived;
        open.close(net, at + ms(1), Side::Answerer);
    }

    /// Somebody logs in by Telnet and looks at a few things; gives when that is over.
    pub fn telnet(&mut self, [from, to]: [HostId; 2], commands: u64, pause: Duration, dice: &mut Dice) -> Time {
        let lines: [&[u8]; 6] = [
            b"\xff\xfd\x18\xff\xfb\x01login: ",
            b"admin\r\n",
            b"Password: ",
            b"secret-of-it\r\n",
            b"\r\nNPort> ",
            b"status\r\n",
        ];
        let (mut open, mut at) = self.lines(self.now, [from, to], 23, &lines, pause);
        for _ in 0..commands {
            let shown = dice.range(80..900) as usize;
            let text = format!("\r\n{}\r\nNPort> ", "port 1 ok 9600 8N1 ".repeat(1 + shown / 19));
            at = open.send(&mut self.net, at + ms(15), Side::Answerer, text.as_bytes()).arrived;
            at = open.send(&mut self.net, at + dice.skewed(pause, 0.5), Side::Opener, b"show\r\n").arrived;
        }
        open.close(&mut self.net, at + secs(1), Side::Opener)
    }
}

/// The building management asks power supplies how they are.
fn power(sim: &mut Sim) {
    let site = sim.ward.site();
    let bms = site.bms;
    for (number, ups) in site.ups.clone().into_iter().enumerate() {
        let mut request = 1000 * number as u32;
        every(sim, ("power", number as u64), 5 * MINUTE, move |sim, dice| {
            if up(sim, &[bms, ups]) {
                request += 1;
                let question = snmp::message(COMMUNITY, Pdu::Get, request, snmp::BATTERY, None);
                let status = if dice.chance(0.001) { 3 } else { 2 };
                let answer = snmp::message(COMMUNITY, Pdu::Response, request, snmp::BATTERY, Some(status));
                sim.asked(sim.now, [bms, ups], [MANAGER_PORT, 161], [&question, &answer]);
            }
        });
    }
}

/// It reads rooms by BACnet, and sets their temperature morning and evening.
fn rooms(sim: &mut Sim) {
    let site = sim.ward.site();
    let bms = site.bms;
    for (number, room) in site.isolation.clone().into_iter().enumerate() {
        let mut invoke = 0_u8;
        every(sim, ("rooms", number as u64), MINUTE, move |sim, dice| {
            if up(sim, &[bms, room]) {
                for object in 1..4 {
                    invoke = invoke.wrapping_add(1);
                    let value = dice.normal(21.5, 0.3) as f32;
                    let said = [bacnet::read(invoke, object), bacnet::answer(invoke, object, value)];
                    if sim.ward.office.quiet_rooms.contains(&room) {
                        sim.net.udp(sim.now, bms, room, [bacnet::PORT; 2], &said[0]);
                        continue;
                    }
                    sim.asked(sim.now, [bms, room], [bacnet::PORT; 2], [&said[0], &said[1]]);
                }
            }
        });
        for (hour, wanted) in [(6.2, 21.5), (20.1, 19.5)] {
            daily(sim, "room setting", number as u64 * 100 + hour as u64, hour, move |sim, _| {
                if up(sim, &[bms, room]) {
                    let said = [bacnet::write(200, 10, wanted), bacnet::done(200)];
                    sim.asked(sim.now, [bms, room], [bacnet::PORT; 2], [&said[0], &said[1]]);
                }
            });
        }
    }
}

/// The fridges' gateway publishes readings; the nurse call listens for its alarms.
fn readings(sim: &mut Sim) {
    let site = sim.ward.site();
    let (fridges, broker, listener) = (site.fridges, site.bms, site.nurse_call);
    every(sim, ("readings", 0), 5 * MINUTE, move |sim, dice| {
        if !up(sim, &[fridges, broker]) {
            return;
        }
        let net = &mut sim.net;
        let (mut open, ready) = Connection::open(net, sim.now, fridges, broker, BROKER_PORT);
        let mut at = open.send(net, ready, Side::Opener, &mqtt::connect("fridges", "fridges")).arrived;
        at = open.send(net, at + ms(1), Side::Answerer, mqtt::WELCOME).arrived;
        for fridge in 1..5 {
            let reading = format!("{:.1}", dice.normal(4.0, 0.3));
            let topic = format!("fridges/{fridge}/temperature");
            at = open.send(net, at + ms(5), Side::Opener, &mqtt::publish(&topic, &reading)).arrived;
        }
        at = open.send(net, at + ms(2), Side::Opener, mqtt::GOODBYE).arrived;
        open.close(net, at, Side::Opener);
    });
    every(sim, ("alarms", 0), HOUR, move |sim, _| {
        if up(sim, &[listener, broker]) {
            listen(sim, [listener, broker], "nurse-call", "fridges/+/alarm", &[]);
        }
    });
}

/// Somebody subscribes to a filter, and gets what is published.
pub fn listen(sim: &mut Sim, [from, to]: [HostId; 2], client: &str, filter: &str, published: &[Vec<u8>]) -> Time {
    let (mut open, mut at) = subscribe(sim, [from, to], [client, client], filter);
    let net = &mut sim.net;
    for message in published {
        at = open.send(net, at + secs(4), Side::Answerer, message).arrived;
    }
    at = open.send(net, at + secs(20), Side::Opener, mqtt::GOODBYE).arrived;
    open.close(net, at, Side::Opener)
}

/// Somebody logs in at the broker, as a client and a user, and subscribes to a filter; gives when that is granted.
pub fn subscribe(
    sim: &mut Sim,
    [from, to]: [HostId; 2],
    [client, user]: [&str; 2],
    filter: &str,
) -> (Connection, Time) {
    let net = &mut sim.net;
    let (mut open, ready) = Connection::open(net, sim.now, from, to, BROKER_PORT);
    let mut at = open.send(net, ready, Side::Opener, &mqtt::connect(client, user)).arrived;
    at = open.send(net, at + ms(1), Side::Answerer, mqtt::WELCOME).arrived;
    at = open.send(net, at + ms(1), Side::Opener, &mqtt::subscribe(filter)).arrived;
    at = open.send(net, at + ms(1), Side::Answerer, mqtt::GRANTED).arrived;
    (open, at)
}

/// Radiologists look older images up.
fn viewers(sim: &mut Sim) {
    let site = sim.ward.site();
    let archive = site.archive;
    for (number, station) in site.reading.clone().into_iter().enumerate() {
        every(sim, ("viewer", 1 + number as u64), 25 * MINUTE, move |sim, dice| {
            if up(sim, &[archive, station]) && dice.chance(0.2 + 0.8 * sim.calendar.office(sim.now)) {
                sim.view(station, dice);
            }
        });
    }
}

/// The backup server copies a share at night, file by file, and gives what it has written its name.
fn copies(sim: &mut Sim) {
    let (backup, files) = (sim.ward.site().backup, sim.ward.site().files);
    daily(sim, "copies", 0, 1.2, move |sim, dice| {
        if up(sim, &[backup, files]) {
            let (share, at) = sim.share(sim.now, backup, files, "Departments", dice);
            let dice = dice.clone();
            sim.at(at, move |sim| copy(sim, share, 90, dice));
        }
    });
}

fn copy(sim: &mut Sim, mut share: Share, left: u32, mut dice: Dice) {
    let net = &mut sim.net;
    let path = format!("Ward {}\\{}\\plan-{left:03}.docx", 1 + left % 8, 2021 + left / 8 % 6);
    let length = dice.log_normal(20_000.0, 1.0).clamp(500.0, 300_000.0) as usize;
    let mut at = share.file(net, sim.now, &path, length, false, &mut dice);
    if left.is_multiple_of(15) {
        let [part, list] = ["part", "csv"].map(|ending| format!("Backup\\list-{left:03}.{ending}"));
        at = share.file(net, at, &part, 4000, true, &mut dice);
        at = share.rename(net, at, (&part, &list), &mut dice);
    }
    if left == 0 {
        share.close(net, at, &mut dice);
        return;
    }
    let pause = dice.skewed(ms(400), 0.5);
    sim.at(at + pause, move |sim| copy(sim, share, left - 1, dice));
}

/// The proxy asks a provider by name whether files are known to be bad: each has a long name of its own.
fn reputations(sim: &mut Sim) {
    let (proxy, Some(outside)) = (sim.ward.site().proxy, sim.ward.office.provider) else { return };
    every(sim, ("reputations", 0), 2 * MINUTE, move |sim, dice| {
        let Some(server) = sim.controller(proxy).filter(|_| up(sim, &[proxy])) else { return };
        let busy = sim.calendar.office(sim.now);
        let count = if dice.chance(0.03 * busy) { dice.range(15..45) } else { dice.range(0..4) };
        let mut at = sim.now;
        for _ in 0..count {
            let name = format!("{:016x}{:04x}.rep.scanner.example", dice.bits(), dice.bits() & 0xffff);
            at = sim.name_outside(at, [proxy, server, outside], &name, dice.bits() as u16) + dice.skewed(ms(300), 0.8);
        }
    });
}

impl Sim {
    /// A name outside that nobody knows yet is asked for, through a controller; gives when the answer is there.
    pub fn name_outside(&mut self, at: Time, [asker, server, outside]: [HostId; 3], name: &str, id: u16) -> Time {
        let query = dns::query(id, name, dns::A);
        let reply = dns::answer(&query, false, dns::A, 60, &[127, 0, 0, 2]);
        let own = self.net.next_port(asker);
        let heard = self.net.udp(at, asker, server, [own, names::PORT], &query).arrived;
        let known = self.ask_outside(heard + ms(1), server, outside, &query, &reply);
        self.net.udp(known, server, asker, [names::PORT, own], &reply).arrived
    }
}

/// Analysers bring the laboratory system their logs.
fn uploads(sim: &mut Sim) {
    let site = sim.ward.site();
    let lis = site.lis;
    for (number, analyser) in site.analysers.clone().into_iter().enumerate() {
        daily(sim, "uploads", number as u64, 2.3 + 0.1 * number as f64, move |sim, dice| {
            if up(sim, &[lis, analyser]) {
                let length = dice.log_normal(9_000.0, 0.4).min(30_000.0) as usize;
                sim.ftp_store([analyser, lis], "analyser", "events.log", length, dice);
            }
        });
    }
}

/// A script of the building management asks the serial gateway how its ports are.
fn serial_gateway(sim: &mut Sim) {
    let (bms, fridges) = (sim.ward.site().bms, sim.ward.site().fridges);
    daily(sim, "serial gateway", 0, 5.3, move |sim, dice| {
        if up(sim, &[bms, fridges]) {
            sim.telnet([bms, fridges], 2, ms(30), dice);
        }
    });
}

/// Panels fetch their settings at night.
fn panels(sim: &mut Sim) {
    let site = sim.ward.site();
    let server = site.nurse_call;
    for (number, panel) in site.panels.clone().into_iter().enumerate() {
        daily(sim, "panels", number as u64, 3.2 + 0.05 * number as f64, move |sim, dice| {
            if up(sim, &[server, panel]) {
                sim.tftp([panel, server], false, "panel.cfg", 1800, dice);
            }
        });
    }
}
