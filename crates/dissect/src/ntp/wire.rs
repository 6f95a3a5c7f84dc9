//! The header of NTP (RFC 5905 section 7.3).

use wardtap_net::packet::Timestamp;
use wardtap_net::reader::Reader;
use wardtap_net::stream::Side;

use crate::public::Public;

/// Octets of the header without extension fields and digest.
const HEADER: usize = 48;

/// Octets of a control message (RFC 9327 section 2), and of a private one of the reference implementation, at least.
const CONTROL: usize = 12;
const PRIVATE: usize = 8;

/// Seconds from the epoch of NTP, 1900, to that of Unix.
const UNIX_EPOCH: u64 = 2_208_988_800;

/// 1995-01-01 in seconds of NTP: no server of today says less.
const PLAUSIBLE_MIN: u32 = 2_998_857_600;

/// The stratum of a server whose clock is not set (RFC 5905 figure 11).
const UNSYNCHRONISED: u64 = 16;

/// A time of NTP: seconds since 1900, and their fraction in units of 2^-32 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Time {
    pub seconds: u32,
    pub fraction: u32,
}

/// What a message is for (RFC 5905 figure 10), as the protocol's kinds number it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Client,
    Server,
    Broadcast,
    SymmetricActive,
    SymmetricPassive,
    Control,
    Private,
}

/// What is read of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header<'a> {
    pub mode: Mode,
    pub version: u8,
    /// The leap indicator; 3 is a clock that is not set.
    leap: u8,
    stratum: u8,
    reference: &'a [u8],
    /// The transmit timestamp of the request, as the answer returns it.
    pub origin: Time,
    receive: Time,
    pub transmit: Time,
    /// A control or private message answers another one.
    is_response: bool,
}

impl<'a> Header<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let first = reader.u8()?;
        let (leap, version) = (first >> 6, first >> 3 & 7);
        if !(1..=4).contains(&version) {
            return None;
        }
        let (mode, least) = match first & 7 {
            1 => (Mode::SymmetricActive, HEADER),
            2 => (Mode::SymmetricPassive, HEADER),
            3 => (Mode::Client, HEADER),
            4 => (Mode::Server, HEADER),
            5 => (Mode::Broadcast, HEADER),
            6 => (Mode::Control, CONTROL),
            7 => (Mode::Private, PRIVATE),
            _ => return None,
        };
        if bytes.len() < least {
            return None;
        }
        let stratum = reader.u8()?;
        if least < HEADER {
            // The response bit: of a control message in the second octet, of a private one in the first.
            let is_response = if mode == Mode::Control { stratum & 0x80 != 0 } else { first & 0x80 != 0 };
            let none = Time::default();
            let (origin, receive, transmit) = (none, none, none);
            return Some(Self {
                mode,
                version,
                leap: 0,
                stratum: 0,
                reference: &[],
                origin,
                receive,
                transmit,
                is_response,
            });
        }
        reader.skip(10)?;
        let reference = reader.take(4)?;
        reader.skip(8)?;
        let (origin, receive, transmit) = (time(&mut reader)?, time(&mut reader)?, time(&mut reader)?);
        Some(Self { mode, version, leap, stratum, reference, origin, receive, transmit, is_response: false })
    }

    /// True for an answer, and what nobody asked for.
    pub(super) const fn is_answer(&self) -> bool {
        match self.mode {
            Mode::Server | Mode::Broadcast | Mode::SymmetricPassive => true,
            Mode::Control | Mode::Private => self.is_response,
            Mode::Client | Mode::SymmetricActive => false,
        }
    }

    /// True where it can hardly be anything else, on whatever port: two times of one moment.
    pub(super) fn is_surely_an_answer(&self) -> bool {
        let (receive, transmit) = (self.receive.seconds, self.transmit.seconds);
        matches!(self.mode, Mode::Server | Mode::SymmetricPassive)
            && self.stratum <= 16
            && receive >= PLAUSIBLE_MIN
            && transmit.wrapping_sub(receive) <= 1
    }

    /// Who asks, where `sender` sent it.
    pub(super) const fn requester(&self, sender: Side) -> Option<Side> {
        Some(if self.is_answer() { sender.other() } else { sender })
    }

    /// How near the server is to a clock, as habits tell it: further than the first it changes from day to day, and what says
    /// that its clock is not set (leap indicator 3, RFC 5905 figure 9) is as far from one as can be.
    pub(super) fn stratum(&self) -> Option<u64> {
        let tells = matches!(self.mode, Mode::Server | Mode::Broadcast | Mode::SymmetricPassive);
        tells.then_some(match (self.leap, self.stratum) {
            (3, _) => UNSYNCHRONISED,
            (_, nearest @ (0 | 1)) => nearest.into(),
            (_, 2..=15) => 2,
            _ => UNSYNCHRONISED,
        })
    }

    /// The clock that a server at stratum 1 has: up to four letters and digits (RFC 5905 figure 12). It names a kind of
    /// clock.
    pub(super) fn reference(&self) -> Option<Public<'a>> {
        let end = self.reference.iter().position(|byte| *byte == 0).unwrap_or(self.reference.len());
        let text = self.reference.get(..end).filter(|text| !text.is_empty())?;
        (self.stratum()? == 1).then(|| Public::shaped(text, 4, |byte| byte.is_ascii_alphanumeric() || byte == b'.'))
    }

    /// Seconds between the time that a server gives and the time at which its message was seen.
    pub(super) fn offset(&self, seen: Timestamp) -> Option<u64> {
        self.stratum().filter(|_| self.transmit != Time::default())?;
        // Of the era in which it was seen (RFC 5905 section 6): the difference is that of the numbers as they wrap.
        let seen = u32::try_from(seen.seconds().wrapping_add(UNIX_EPOCH) & u64::from(u32::MAX)).ok()?;
        Some(self.transmit.seconds.wrapping_sub(seen).cast_signed().unsigned_abs().into())
    }
}

fn time(reader: &mut Reader<'_>) -> Option<Time> {
    Some(Time { seconds: reader.be32()?, fraction: reader.be32()? })
}
