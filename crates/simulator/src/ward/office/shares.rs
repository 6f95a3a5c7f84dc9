//! The file server, over SMB.

use crate::clock::{Time, ms, us};
use crate::dice::Dice;
use crate::network::{HostId, Network};
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::wire::smb::{self, Ask, Numbers};

const PORT: u16 = 445;

/// A session with a share.
#[derive(Debug)]
pub struct Share {
    connection: Connection,
    numbers: Numbers,
    buffer: Vec<u8>,
}

impl Sim {
    /// Logs a host in at a server and opens a share of it.
    pub fn share(&mut self, at: Time, from: HostId, to: HostId, share: &str, dice: &mut Dice) -> (Share, Time) {
        self.share_as(at, &format!("u{:04}", from.0), [from, to], share, dice)
    }

    /// As [`Self::share`], as a user of the domain.
    pub fn share_as(
        &mut self,
        at: Time,
        user: &str,
        [from, to]: [HostId; 2],
        share: &str,
        dice: &mut Dice,
    ) -> (Share, Time) {
        let (known, _) = self.lookup(at, from, to, 0);
        let station = self.net.host(from).name.to_uppercase();
        let path = format!("\\\\{}\\{share}", self.net.host(to).name);
        let (connection, mut at) = Connection::open(&mut self.net, known, from, to, PORT);
        let mut open = Share { connection, numbers: Numbers::default(), buffer: Vec::new() };
        for asked in [Ask::Negotiate, Ask::Hello, Ask::Login(user, &station), Ask::Tree(&path)] {
            at = open.ask(&mut self.net, at, asked, dice);
        }
        (open, at)
    }

    /// A login that fails, as somebody who guesses makes it; gives when it is over.
    pub fn share_refused(&mut self, at: Time, from: HostId, to: HostId, user: &str, dice: &mut Dice) -> Time {
        let station = self.net.host(from).name.to_uppercase();
        let (connection, mut at) = Connection::open(&mut self.net, at, from, to, PORT);
        let mut open = Share { connection, numbers: Numbers::default(), buffer: Vec::new() };
        for asked in [Ask::Negotiate, Ask::Hello, Ask::Login(user, &station)] {
            at = open.answered(&mut self.net, at, asked, matches!(asked, Ask::Login(..)), dice);
        }
        open.connection.close(&mut self.net, at + us(300), Side::Opener)
    }
}

impl Share {
    /// Asks, and gives when the answer has come.
    pub fn ask(&mut self, net: &mut Network, at: Time, asked: Ask<'_>, dice: &mut Dice) -> Time {
        self.answered(net, at, asked, false, dice)
    }

    /// Renames a file, and gives when that is done.
    pub fn rename(&mut self, net: &mut Network, at: Time, (from, to): (&str, &str), dice: &mut Dice) -> Time {
        [Ask::Open(from, true), Ask::Rename(to), Ask::Close]
            .into_iter()
            .fold(at, |at, asked| self.ask(net, at, asked, dice))
    }

    /// Deletes a file, and gives when that is done.
    pub fn delete(&mut self, net: &mut Network, at: Time, path: &str, dice: &mut Dice) -> Time {
        [Ask::Open(path, true), Ask::Delete, Ask::Close]
            .into_iter()
            .fold(at, |at, asked| self.ask(net, at, asked, dice))
    }

    fn answered(&mut self, net: &mut Network, at: Time, asked: Ask<'_>, refused: bool, dice: &mut Dice) -> Time {
        self.buffer.clear();
        smb::ask(&mut self.buffer, &self.numbers, asked, dice);
        let heard = self.connection.send(net, at, Side::Opener, &self.buffer).arrived + dice.skewed(us(600), 0.7);
        self.buffer.clear();
        smb::answer(&mut self.buffer, &mut self.numbers, asked, heard, refused, dice);
        self.connection.send(net, heard, Side::Answerer, &self.buffer).arrived + us(100)
    }

    /// Reads or writes a file of so many octets.
    pub fn file(
        &mut self,
        net: &mut Network,
        at: Time,
        path: &str,
        length: usize,
        write: bool,
        dice: &mut Dice,
    ) -> Time {
        let mut at = self.ask(net, at, Ask::Open(path, write), dice);
        for offset in (0..length).step_by(smb::LARGEST) {
            let part = smb::LARGEST.min(length - offset);
            let asked = if write { Ask::Write(part, offset as u64) } else { Ask::Read(part, offset as u64) };
            at = self.ask(net, at, asked, dice);
        }
        self.ask(net, at + ms(1), Ask::Close, dice)
    }

    /// Ends the session.
    pub fn close(mut self, net: &mut Network, at: Time, dice: &mut Dice) -> Time {
        let at = self.ask(net, at, Ask::Logoff, dice);
        self.connection.close(net, at, Side::Opener)
    }
}
