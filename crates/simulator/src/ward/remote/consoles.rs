//! Work on another host's screen or shell: RDP, SSH and VNC.

use crate::clock::{Time, ms, us};
use crate::dice::Dice;
use crate::network::{HostId, Network};
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::ward::office::secure::Session;
use crate::wire::tls::{PROGRAM, Version};
use crate::wire::{noise, rdp, ssh, vnc};

/// How a host is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Remote Desktop.
    Rdp,
    /// Secure Shell.
    Ssh,
    /// VNC.
    Vnc,
}

/// A console that is open.
#[derive(Debug)]
pub enum Console {
    /// Remote Desktop, in TLS.
    Rdp(Session),
    /// Secure Shell.
    Ssh(Connection),
    /// VNC.
    Vnc(Connection),
}

impl Kind {
    /// How a host of this role is worked on.
    pub fn of(role: &str) -> Self {
        match role {
            "ct" | "xr" | "pacs" | "ehr" | "ris" => Self::Rdp,
            "us" => Self::Vnc,
            _ => Self::Ssh,
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Rdp => 3389,
            Self::Ssh => 22,
            Self::Vnc => 5900,
        }
    }
}

impl Sim {
    /// Opens a console and logs in; gives when there is something to see.
    pub fn console(
        &mut self,
        at: Time,
        from: HostId,
        to: HostId,
        kind: Kind,
        user: &str,
        dice: &mut Dice,
    ) -> (Console, Time) {
        let (known, _) = self.lookup(at, from, to, 0);
        let (mut connection, at) = Connection::open(&mut self.net, known, from, to, kind.port());
        let net = &mut self.net;
        match kind {
            Kind::Rdp => {
                let at = connection.send(net, at, Side::Opener, &rdp::request(user)).arrived;
                let at = connection.send(net, at + ms(3), Side::Answerer, &rdp::confirm()).arrived;
                let name = net.host(to).name.clone();
                let (mut session, mut at) = Session::over(net, at, connection, &PROGRAM, Version::V12, name, dice);
                for sizes in [[60, 220], [480, 90], [420, 1100], [300, 900]] {
                    at = session.exchange(net, at, sizes, ms(12), dice);
                }
                (Console::Rdp(session), at)
            }
            Kind::Ssh => {
                let mut at = secret(net, at, &mut connection, ssh::CLIENT, dice);
                for sizes in [[44, 52], [68, 84], [148, 36], [112, 500]] {
                    at = encrypted(net, at, &mut connection, sizes, dice);
                }
                (Console::Ssh(connection), at)
            }
            Kind::Vnc => {
                let name = net.host(to).name.clone();
                let (question, answer) = (vnc::challenge(dice), vnc::challenge(dice));
                let screen = vnc::screen(&name);
                let talk: [(Side, &[u8]); 9] = [
                    (Side::Answerer, vnc::VERSION),
                    (Side::Opener, vnc::VERSION),
                    (Side::Answerer, vnc::SECURITY),
                    (Side::Opener, vnc::CHOICE),
                    (Side::Answerer, &question),
                    (Side::Opener, &answer),
                    (Side::Answerer, vnc::WELCOME),
                    (Side::Opener, vnc::SHARED),
                    (Side::Answerer, &screen),
                ];
                let mut time = at;
                for (side, bytes) in talk {
                    time = connection.send(net, time + us(400), side, bytes).arrived;
                }
                let at = connection.send(net, time + ms(1), Side::Opener, vnc::ENCODINGS).arrived;
                (Console::Vnc(connection), at)
            }
        }
    }

    /// A login that fails, by a program that guesses; gives when it is over.
    pub fn guess(&mut self, at: Time, from: HostId, to: HostId, tries: u64, dice: &mut Dice) -> Time {
        let (mut connection, at) = Connection::open(&mut self.net, at, from, to, Kind::Ssh.port());
        let mut at = secret(&mut self.net, at, &mut connection, ssh::GUESSER, dice);
        at = encrypted(&mut self.net, at, &mut connection, [44, 52], dice);
        for _ in 0..tries {
            // Servers wait before they refuse.
            at = encrypted(&mut self.net, at + ms(200), &mut connection, [148, 84], dice);
        }
        connection.close(&mut self.net, at, Side::Opener)
    }
}

/// SSH up to where it is encrypted.
fn secret(net: &mut Network, at: Time, connection: &mut Connection, banner: &[u8], dice: &mut Dice) -> Time {
    let at = connection.send(net, at, Side::Opener, banner).arrived;
    let at = connection.send(net, at + ms(8), Side::Answerer, ssh::SERVER).arrived;
    let at = connection.send(net, at + us(300), Side::Opener, &ssh::key_exchange_init(dice)).arrived;
    let at = connection.send(net, at + us(300), Side::Answerer, &ssh::key_exchange_init(dice)).arrived;
    let at = connection.send(net, at + ms(1), Side::Opener, &ssh::ecdh_init(dice)).arrived;
    let reply = [ssh::ecdh_reply(dice), ssh::new_keys()].concat();
    let at = connection.send(net, at + ms(2), Side::Answerer, &reply).arrived;
    connection.send(net, at + ms(1), Side::Opener, &ssh::new_keys()).arrived
}

fn encrypted(net: &mut Network, at: Time, connection: &mut Connection, sizes: [usize; 2], dice: &mut Dice) -> Time {
    let at = connection.send(net, at + us(300), Side::Opener, noise::piece(dice, sizes[0])).arrived;
    connection.send(net, at + ms(1), Side::Answerer, noise::piece(dice, sizes[1])).arrived
}

impl Console {
    /// A key or a click, and what the screen shows then; gives when it has come and how many octets it was.
    pub fn work(&mut self, net: &mut Network, at: Time, dice: &mut Dice) -> (Time, usize) {
        match self {
            Self::Rdp(session) => {
                let shown = dice.log_normal(1500.0, 1.2).clamp(80.0, 60_000.0) as usize;
                (session.exchange(net, at, [40 + dice.range(0..60) as usize, shown], ms(15), dice), shown)
            }
            Self::Ssh(connection) => {
                let shown = 36 + 8 * dice.log_normal(6.0, 1.3).min(400.0) as usize;
                (encrypted(net, at, connection, [36, shown], dice), shown)
            }
            Self::Vnc(connection) => {
                let lines = dice.log_normal(6.0, 0.8).clamp(1.0, 60.0) as u8;
                let at = connection.send(net, at, Side::Opener, &vnc::look(dice)).arrived;
                let update = vnc::update(lines, dice);
                (connection.send(net, at + ms(20), Side::Answerer, &update).arrived, update.len())
            }
        }
    }

    /// Carries a file over, where that is possible.
    pub fn carry(&mut self, net: &mut Network, at: Time, length: usize, dice: &mut Dice) -> Time {
        match self {
            Self::Rdp(session) => session.send(net, at, Side::Opener, length, dice),
            Self::Ssh(connection) => connection.send(net, at, Side::Opener, noise::piece(dice, length)).arrived,
            Self::Vnc(_) => at,
        }
    }

    /// Fetches a part of a file, or of the screen where there are no files to be had; gives when it has come.
    pub fn fetch(&mut self, net: &mut Network, at: Time, length: usize, dice: &mut Dice) -> Time {
        match self {
            Self::Rdp(session) => session.send(net, at, Side::Answerer, length, dice),
            Self::Ssh(connection) => connection.send(net, at, Side::Answerer, noise::piece(dice, length)).arrived,
            Self::Vnc(connection) => {
                let at = connection.send(net, at, Side::Opener, &vnc::look(dice)).arrived;
                connection.send(net, at + ms(20), Side::Answerer, &vnc::update(u8::MAX, dice)).arrived
            }
        }
    }

    /// Ends it.
    pub fn close(self, net: &mut Network, at: Time, dice: &mut Dice) -> Time {
        match self {
            Self::Rdp(session) => session.close(net, at, dice),
            Self::Ssh(mut connection) | Self::Vnc(mut connection) => connection.close(net, at, Side::Opener),
        }
    }
}
