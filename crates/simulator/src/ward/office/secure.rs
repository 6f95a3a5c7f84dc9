//! Web sessions: TLS or plain HTTP, straight or through the proxy.

use std::sync::LazyLock;
use std::time::Duration;

use crate::clock::{Time, ms, us};
use crate::dice::Dice;
use crate::network::{HostId, Network};
use crate::queue::Mark;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::wire::http;
use crate::wire::tls::{self, Client, Version};

/// Who goes where.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// Who.
    pub from: HostId,
    /// The server.
    pub to: HostId,
    /// Which of the server's names is used, see [`super::names::LABELS`].
    pub label: u8,
    /// The server's port.
    pub port: u16,
    /// With which program.
    pub client: &'static Client,
    /// Through the proxy, by CONNECT.
    pub through: Option<HostId>,
}

/// The port on which the proxy listens.
pub const PROXY_PORT: u16 = 3128;

/// A session that is open. All its frames bear one mark, whoever's task goes on with it.
#[derive(Debug)]
pub struct Session {
    legs: Vec<Connection>,
    version: Option<Version>,
    name: String,
    mark: Mark,
    buffer: Vec<u8>,
}

/// A page as a server without encryption sends it.
static PAGE: LazyLock<String> = LazyLock::new(|| {
    let mut dice = Dice::new(0, "page", 0);
    let row = |_| {
        let (number, value) = (dice.range(1000..99_999), dice.range(10..400));
        format!("<tr><td>{number}</td><td>CANARY, ANNA</td><td>{value}</td></tr>\n")
    };
    (0..1200).map(row).collect()
});

/// So much of that page.
pub fn page(dice: &mut Dice, length: usize) -> &'static str {
    let length = length.min(PAGE.len());
    let start = dice.range(0..(PAGE.len() - length) as u64) as usize;
    PAGE.get(start..start + length).unwrap_or("")
}

impl Sim {
    /// Opens a session: the name is looked up, a tunnel built where it goes through the proxy, and the handshake made.
    pub fn visit(&mut self, at: Time, visit: &Visit, dice: &mut Dice) -> (Session, Time) {
        let service = self.ward.office.service(visit.to);
        let name = self.name_of(visit.to, visit.label);
        let before = self.net.mark;
        let (legs, mut at) = match visit.through {
            None => {
                let (known, reached) = self.lookup(at, visit.from, visit.to, visit.label);
                let spoofed =
                    self.ward.office.names.spoofed.filter(|_| reached != visit.to).map(|spoofed| spoofed.mark);
                self.net.mark = spoofed.unwrap_or(if service.mark == 0 { before } else { service.mark });
                let port = if service.newest.is_none() { 80 } else { visit.port };
                let (connection, ready) = Connection::open(&mut self.net, known, visit.from, reached, port);
                (vec![connection], ready)
            }
            Some(proxy) => self.tunnel(at, visit, proxy, &name),
        };
        let newest = if visit.port == 80 { None } else { service.newest };
        let version = newest.map(|version| version.min(visit.client.newest));
        let mut session = Session { legs, version, name, mark: self.net.mark, buffer: Vec::new() };
        self.net.mark = before;
        if let Some(version) = version {
            at = session.handshake(&mut self.net, at, visit.client, version, dice);
        }
        (session, at)
    }

    fn tunnel(&mut self, at: Time, visit: &Visit, proxy: HostId, name: &str) -> (Vec<Connection>, Time) {
        let (known, _) = self.lookup(at, visit.from, proxy, 0);
        let (mut near, ready) = Connection::open(&mut self.net, known, visit.from, proxy, PROXY_PORT);
        let asked = near.send(&mut self.net, ready, Side::Opener, &http::connect(name, visit.port)).arrived;
        let (known, _) = self.lookup(asked + us(200), proxy, visit.to, visit.label);
        let (far, ready) = Connection::open(&mut self.net, known, proxy, visit.to, visit.port);
        let heard = near.send(&mut self.net, ready, Side::Answerer, http::CONNECTED).arrived;
        (vec![near, far], heard + us(100))
    }
}

/// Sends octets over all legs of a session; gives when they have arrived at the far end.
fn pass(legs: &mut [Connection], net: &mut Network, at: Time, side: Side, bytes: &[u8]) -> Time {
    let mut time = at;
    let mut one = |leg: &mut Connection| time = leg.send(net, time, side, bytes).arrived + us(60);
    match side {
        Side::Opener => legs.iter_mut().for_each(&mut one),
        Side::Answerer => legs.iter_mut().rev().for_each(&mut one),
    }
    time
}

impl Session {
    /// TLS inside a connection that has begun with something else.
    pub fn over(
        net: &mut Network,
        at: Time,
        connection: Connection,
        client: &Client,
        version: Version,
        name: String,
        dice: &mut Dice,
    ) -> (Self, Time) {
        let (legs, mark) = (vec![connection], net.mark);
        let mut session = Self { legs, version: Some(version), name, mark, buffer: Vec::new() };
        let ready = session.handshake(net, at, client, version, dice);
        (session, ready)
    }

    fn handshake(&mut self, net: &mut Network, at: Time, client: &Client, version: Version, dice: &mut Dice) -> Time {
        let before = std::mem::replace(&mut net.mark, self.mark);
        let hello = tls::client_hello(client, client.newest, &self.name, dice);
        let cipher = match version {
            Version::V13 => client.ciphers[0],
            Version::V12 => 0xc02f,
            Version::V10 => 0x002f,
        };
        let heard = pass(&mut self.legs, net, at, Side::Opener, &hello) + us(dice.range(300..1500));
        let flight = tls::server_flight(version, &hello, cipher, &self.name, dice);
        let heard = pass(&mut self.legs, net, heard, Side::Answerer, &flight) + us(dice.range(300..1500));
        let heard = pass(&mut self.legs, net, heard, Side::Opener, &tls::client_flight(version, dice)) + us(200);
        let heard = pass(&mut self.legs, net, heard, Side::Answerer, &tls::server_finish(version, dice));
        net.mark = before;
        heard + us(200)
    }

    /// Sends so many octets of content; gives when they have arrived.
    pub fn send(&mut self, net: &mut Network, at: Time, side: Side, length: usize, dice: &mut Dice) -> Time {
        let before = std::mem::replace(&mut net.mark, self.mark);
        self.buffer.clear();
        match (self.version, side) {
            (Some(version), _) => tls::data(&mut self.buffer, version, length.max(1), dice),
            (None, Side::Opener) if length < 1200 => {
                let path = format!("/results/list?case={}", dice.range(1000..99_999));
                self.buffer.extend_from_slice(&http::get(&self.name, &path));
            }
            (None, Side::Opener) => {
                self.buffer.extend_from_slice(&http::post(
                    &self.name,
                    "/form",
                    "text/plain",
                    page(dice, length).as_bytes(),
                ));
            }
            (None, Side::Answerer) => {
                self.buffer.extend_from_slice(&http::ok("text/html", page(dice, length).as_bytes()));
            }
        }
        let heard = pass(&mut self.legs, net, at, side, &self.buffer);
        net.mark = before;
        heard
    }

    /// A request and its answer, which takes about so long; gives when it has come.
    pub fn exchange(
        &mut self,
        net: &mut Network,
        at: Time,
        lengths: [usize; 2],
        takes: Duration,
        dice: &mut Dice,
    ) -> Time {
        let heard = self.send(net, at, Side::Opener, lengths[0], dice) + dice.skewed(takes, 0.6);
        self.send(net, heard, Side::Answerer, lengths[1], dice)
    }

    /// Ends it.
    pub fn close(mut self, net: &mut Network, at: Time, dice: &mut Dice) -> Time {
        let before = std::mem::replace(&mut net.mark, self.mark);
        let mut at = at;
        if let Some(version) = self.version {
            at = pass(&mut self.legs, net, at, Side::Opener, &tls::goodbye(version, dice));
        }
        for leg in &mut self.legs {
            at = leg.close(net, at, Side::Opener) + ms(1);
        }
        net.mark = before;
        at
    }
}
