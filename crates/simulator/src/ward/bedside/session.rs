//! A device's connection to its server, which it opens again whenever that is lost.

use std::time::Duration;

use crate::clock::{Time, ms};
use crate::network::{HostId, Network};
use crate::queue::Mark;
use crate::tcp::{Connection, Side};
use crate::wire::opaque::{Kind, Protocol, Voice};

/// Pieces of a transfer, and what is said of each.
#[derive(Clone, Copy, Debug)]
pub struct Transfer {
    /// What comes first.
    pub offer: Kind,
    /// A piece.
    pub piece: Kind,
    /// How many there are.
    pub pieces: usize,
    /// How long a device takes for one.
    pub storing: Duration,
}

/// What writes on the network: the network, and the voice that knows the messages.
#[derive(Debug)]
pub struct Air<'a> {
    /// The network.
    pub net: &'a mut Network,
    /// The voice.
    pub voice: &'a mut Voice,
}

/// A device's connection to its server.
#[derive(Debug)]
pub struct Session {
    /// Who opens it.
    pub device: HostId,
    /// Who answers.
    pub server: HostId,
    protocol: &'static Protocol,
    connection: Option<Connection>,
    /// A scenario has the server refuse the connection when it is to be opened anew.
    pub refused: Option<Mark>,
    /// Until when the last exchange takes.
    free: Time,
    sequence: u32,
}

impl Session {
    /// A session that opens with its first message.
    pub fn new(device: HostId, server: HostId, protocol: &'static Protocol) -> Self {
        Self { device, server, protocol, connection: None, refused: None, free: Time::default(), sequence: 0 }
    }

    /// Has it open since before the capture began.
    pub fn resume(&mut self, net: &mut Network, at: Time) {
        self.connection = Some(Connection::established(net, at, self.device, self.server, self.protocol.port));
        self.free = at;
    }

    /// True while there is a connection.
    pub fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// Opens the connection where there is none; gives when something may be sent. Where the server is away nobody answers.
    fn ready(&mut self, air: &mut Air<'_>, at: Time) -> Option<Time> {
        let at = at.max(self.free);
        if !air.net.host(self.server).up {
            self.connection = None;
            if air.net.host(self.device).up {
                self.free = Connection::unanswered(air.net, at, self.device, self.server, self.protocol.port);
            }
            return None;
        }
        if self.connection.is_some() {
            return Some(at);
        }
        if let Some(mark) = self.refused {
            let before = std::mem::replace(&mut air.net.mark, mark);
            self.free = Connection::refused(air.net, at, self.device, self.server, self.protocol.port);
            air.net.mark = before;
            return None;
        }
        let (connection, ready) = Connection::open(air.net, at, self.device, self.server, self.protocol.port);
        self.connection = Some(connection);
        let heard = self.say(air, ready + ms(15), Side::Opener, self.protocol.hello);
        let free = self.say(air, heard + ms(4), Side::Answerer, self.protocol.welcome);
        Some(free + ms(10))
    }

    fn say(&mut self, air: &mut Air<'_>, at: Time, side: Side, kind: Kind) -> Time {
        self.sequence = self.sequence.wrapping_add(1);
        let Some(connection) = &mut self.connection else { return at };
        let message = air.voice.say(self.protocol, kind, self.device.0, self.sequence);
        self.free = connection.send(air.net, at, side, message).arrived;
        self.free
    }

    /// One end says something, the other answers after a while; gives when the answer has come.
    pub fn exchange(
        &mut self,
        air: &mut Air<'_>,
        at: Time,
        side: Side,
        [asked, answered]: [Kind; 2],
        wait: Duration,
    ) -> Time {
        let Some(at) = self.ready(air, at) else { return at };
        let heard = self.say(air, at, side, asked);
        self.say(air, heard + wait, side.other(), answered)
    }

    /// The server sends a file, piece by piece; gives when the device has all of it.
    pub fn transfer(&mut self, air: &mut Air<'_>, at: Time, file: &Transfer, answer: Kind) -> Time {
        let mut at = self.exchange(air, at, Side::Answerer, [file.offer, answer], ms(20));
        for _ in 0..file.pieces {
            at = self.exchange(air, at + ms(1), Side::Answerer, [file.piece, answer], file.storing);
        }
        at
    }

    /// Closes the connection in good order; gives when that is done.
    pub fn close(&mut self, net: &mut Network, at: Time) -> Time {
        match self.connection.take() {
            Some(mut connection) => {
                self.free = connection.close(net, at.max(self.free), Side::Opener);
                self.free
            }
            None => at,
        }
    }

    /// One end breaks the connection off.
    pub fn reset(&mut self, net: &mut Network, at: Time, side: Side) {
        if let Some(mut connection) = self.connection.take() {
            self.free = connection.reset(net, at.max(self.free), side);
        }
    }

    /// The device is gone from one moment to the next: nobody says a word.
    pub fn lose(&mut self) {
        self.connection = None;
    }
}
