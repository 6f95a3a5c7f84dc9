//! TCP connections, both ends at once (RFC 9293).
//!
//! Nothing is lost between the ends, so a connection is a script: who sends what when. Losses happen at the tap.

use std::time::Duration;

use crate::clock::{Time, secs, us};
use crate::dice::Dice;
use crate::frame::{self, Route, Segment};
use crate::network::{HostId, Network, Sent, Stack};
use crate::queue::FrameId;

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const PSH: u8 = 8;
const ACK: u8 = 16;

/// Full segments sent before the sender waits for a round trip, where the receiver's window is not smaller.
const BURST: usize = 20;

/// The window of who has a larger one and may not scale it: 44 segments of Ethernet.
const UNSCALED: u16 = 64_240;

/// An end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who opened it.
    Opener,
    /// Who answered.
    Answerer,
}

impl Side {
    /// The other end.
    pub fn other(self) -> Self {
        match self {
            Self::Opener => Self::Answerer,
            Self::Answerer => Self::Opener,
        }
    }
}

#[derive(Clone, Debug)]
struct End {
    host: HostId,
    port: u16,
    route: Route,
    vlan: u16,
    /// Until when it knows its next hop.
    known: Time,
    /// The next octet it sends.
    seq: u32,
    /// When its last frame passed the tap.
    last: Time,
    /// An acknowledgement that waits for data to ride on.
    waiting: Option<Waiting>,
    /// Segments that it has not acknowledged.
    unacknowledged: u8,
    timestamp: u32,
    /// The window as it stands in headers, and octets that it is.
    window: (u16, usize),
}

/// An acknowledgement that goes alone unless data goes before it is due.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    due: Time,
    passed: Time,
    frame: FrameId,
}

/// A connection.
#[derive(Clone, Debug)]
pub struct Connection {
    ends: [End; 2],
    timestamps: bool,
    mss: usize,
    closed: bool,
}

impl Connection {
    /// Opens a connection; gives it and the time when its opener may send.
    pub fn open(net: &mut Network, at: Time, from: HostId, to: HostId, port: u16) -> (Self, Time) {
        let own = net.next_port(from);
        Self::open_from(net, at, (from, own), (to, port))
    }

    /// As [`Self::open`], from a port of one's own choice.
    pub fn open_from(net: &mut Network, at: Time, from: (HostId, u16), to: (HostId, u16)) -> (Self, Time) {
        let mut connection = Self::prepare(net, at, from, to);
        let heard = connection.control(net, at, Side::Opener, SYN);
        let heard = connection.control(net, heard + us(30), Side::Answerer, SYN | ACK);
        let ready = heard + us(20);
        connection.control(net, ready, Side::Opener, ACK);
        (connection, ready + us(30))
    }

    /// A connection that was opened before the capture began.
    pub fn established(net: &mut Network, at: Time, from: HostId, to: HostId, port: u16) -> Self {
        let own = net.next_port(from);
        Self::prepare(net, at, (from, own), (to, port))
    }

    /// A connection attempt that a reset answers; gives the time when that has come.
    pub fn refused(net: &mut Network, at: Time, from: HostId, to: HostId, port: u16) -> Time {
        let own = net.next_port(from);
        let mut connection = Self::prepare(net, at, (from, own), (to, port));
        let heard = connection.control(net, at, Side::Opener, SYN);
        // Where there is no connection, sequence numbers begin with none (RFC 9293 section 3.10.7.1), and no timestamps were
        // agreed on.
        (connection.ends[1].seq, connection.timestamps) = (0, false);
        connection.control(net, heard + us(20), Side::Answerer, RST | ACK)
    }

    /// A connection attempt that nobody answers, tried three times; gives the time when the opener gives up.
    pub fn unanswered(net: &mut Network, at: Time, from: HostId, to: HostId, port: u16) -> Time {
        let own = net.next_port(from);
        let mut connection = Self::prepare(net, at, (from, own), (to, port));
        let seq = connection.ends[0].seq;
        for wait in [secs(0), secs(1), secs(3)] {
            // Without its next hop's Ethernet address the SYN does not leave.
            let Some((ready, known)) = net.resolve(at + wait, from, to) else { continue };
            (connection.ends[0].seq, connection.ends[0].known) = (seq, known);
            connection.control(net, ready, Side::Opener, SYN);
        }
        at + secs(7)
    }

    fn prepare(net: &mut Network, at: Time, from: (HostId, u16), to: (HostId, u16)) -> Self {
        let mut dice = Dice::new(at.0, "tcp", u64::from(from.0.0) << 32 | u64::from(from.1) << 16 | u64::from(to.1));
        let [opener, answerer] = [from, to].map(|(host, _)| net.host(host).stack);
        let scaled = opener.scale.is_some() && answerer.scale.is_some();
        let mut end = |(host, port): (HostId, u16), other: HostId| {
            let (route, vlan) = net.route(host, other);
            let (seq, timestamp) = (dice.bits() as u32, dice.bits() as u32);
            // A window that is meant to be scaled fits into the header only where both scale (RFC 7323 section 2.2).
            let Stack { window, scale, .. } = net.host(host).stack;
            let window = match scale {
                Some(scale) if scaled => (window, usize::from(window) << scale),
                Some(_) => (UNSCALED, usize::from(UNSCALED)),
                None => (window, usize::from(window)),
            };
            End {
                host,
                port,
                route,
                vlan,
                known: Time::default(),
                seq,
                last: Time::default(),
                waiting: None,
                unacknowledged: 0,
                timestamp,
                window,
            }
        };
        let ends = [end(from, to.0), end(to, from.0)];
        let timestamps = opener.timestamps && answerer.timestamps;
        let mss = usize::from(opener.mss.min(answerer.mss)) - if timestamps { 12 } else { 0 };
        Self { ends, timestamps, mss, closed: false }
    }

    /// The host of an end.
    pub fn host(&self, side: Side) -> HostId {
        self.ends[side as usize].host
    }

    /// Source and destination of what an end sends, as `address:port`.
    pub fn names(&self, side: Side) -> [String; 2] {
        let (own, other) = (&self.ends[side as usize], &self.ends[side.other() as usize]);
        [format!("{}:{}", own.route.from, own.port), format!("{}:{}", own.route.to, other.port)]
    }

    /// True once an end has closed or reset it.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Sends octets; gives when the last of them has arrived, and the frame that carried it.
    pub fn send(&mut self, net: &mut Network, at: Time, side: Side, bytes: &[u8]) -> Sent {
        let pace = net.host(self.ends[side as usize].host).stack.pace;
        let mut time = self.begin(net, at, side);
        let (count, burst) = (bytes.len().div_ceil(self.mss), self.burst(side.other()));
        let mut acknowledged = time;
        let mut sent = Sent { arrived: time, frame: FrameId::NONE };
        debug_assert!(!bytes.is_empty(), "nothing to send");
        for (number, part) in (1..).zip(bytes.chunks(self.mss)) {
            let flags = if number == count { ACK | PSH } else { ACK };
            let (passed, frame) = self.segment(net, time, side, flags, part);
            let arrived = passed + net.delay(self.ends[side.other() as usize].host, passed);
            acknowledged = self.receive(net, arrived, side.other(), number == count).unwrap_or(acknowledged);
            sent = Sent { arrived, frame };
            time = if number % burst == 0 {
                arrived.max(acknowledged) + net.host(self.ends[side as usize].host).latency
            } else {
                time + pace
            };
        }
        sent
    }

    /// How many full segments go to an end before the sender waits: what its window takes (RFC 9293 section 3.8.6), but for
    /// one that may not have been acknowledged yet.
    fn burst(&self, receiver: Side) -> usize {
        (self.ends[receiver as usize].window.1 / self.mss).saturating_sub(1).clamp(1, BURST)
    }

    /// A keep-alive probe and its answer (RFC 9293 section 3.8.4).
    pub fn keep_alive(&mut self, net: &mut Network, at: Time, side: Side) {
        let at = self.begin(net, at, side);
        self.ends[side as usize].seq = self.ends[side as usize].seq.wrapping_sub(1);
        let (passed, _) = self.segment(net, at, side, ACK, &[]);
        self.ends[side as usize].seq = self.ends[side as usize].seq.wrapping_add(1);
        let arrived = passed + net.delay(self.ends[side.other() as usize].host, passed);
        self.segment(net, arrived + us(20), side.other(), ACK, &[]);
    }

    /// Closes the connection from one end, the other following at once; gives the time when it is over.
    pub fn close(&mut self, net: &mut Network, at: Time, side: Side) -> Time {
        let at = self.begin(net, at, side);
        let heard = self.control(net, at, side, FIN | ACK);
        self.withdraw(net, heard, side.other());
        let heard = self.control(net, heard + us(40), side.other(), FIN | ACK);
        self.closed = true;
        self.control(net, heard + us(10), side, ACK)
    }

    /// Breaks the connection off.
    pub fn reset(&mut self, net: &mut Network, at: Time, side: Side) -> Time {
        let at = self.begin(net, at, side);
        self.closed = true;
        let heard = self.control(net, at, side, RST | ACK);
        self.withdraw(net, heard, side.other());
        heard
    }

    /// What comes before each sending: the next hop is known, and an acknowledgement that waited rides along or has gone.
    fn begin(&mut self, net: &mut Network, at: Time, side: Side) -> Time {
        let other = self.ends[side.other() as usize].host;
        let end = &mut self.ends[side as usize];
        let mut at = at;
        // Who is there no more is sent to as long as the connection is thought to stand.
        if at >= end.known
            && let Some(resolved) = net.resolve(at, end.host, other)
        {
            (at, end.known) = resolved;
        }
        self.withdraw(net, at, side);
        at
    }

    fn withdraw(&mut self, net: &mut Network, at: Time, side: Side) {
        let end = &mut self.ends[side as usize];
        match end.waiting.take() {
            Some(waiting) if waiting.due > at => net.queue.withdraw(waiting.frame),
            Some(waiting) => end.last = end.last.max(waiting.passed),
            None => {}
        }
    }

    /// A segment without data; gives the time when it has arrived.
    fn control(&mut self, net: &mut Network, at: Time, side: Side, flags: u8) -> Time {
        let at = if flags & SYN != 0 { self.begin(net, at, side) } else { at };
        let (passed, _) = self.segment(net, at, side, flags, &[]);
        if flags & (SYN | FIN) != 0 {
            let end = &mut self.ends[side as usize];
            end.seq = end.seq.wrapping_add(1);
        }
        passed + net.delay(self.ends[side.other() as usize].host, passed)
    }

    /// The other end has a segment: it acknowledges every second one at once, and the last after a while. Gives when an
    /// acknowledgement that was sent at once passes the tap.
    fn receive(&mut self, net: &mut Network, at: Time, side: Side, last: bool) -> Option<Time> {
        let end = &mut self.ends[side as usize];
        end.unacknowledged += 1;
        if end.unacknowledged >= 2 {
            self.withdraw(net, at, side);
            return Some(self.segment(net, at + us(15), side, ACK, &[]).0);
        }
        if last {
            self.withdraw(net, at, side);
            let host = self.ends[side as usize].host;
            let wait: Duration = net.host(host).stack.delayed_ack;
            let due = at + wait;
            let last = self.ends[side as usize].last;
            let (passed, frame) = self.segment(net, due, side, ACK, &[]);
            // What is sent before it is due does not come after it.
            let end = &mut self.ends[side as usize];
            (end.last, end.unacknowledged, end.waiting) = (last, 1, Some(Waiting { due, passed, frame }));
        }
        None
    }

    fn segment(&mut self, net: &mut Network, at: Time, side: Side, flags: u8, payload: &[u8]) -> (Time, FrameId) {
        let (other_seq, other_port) = (self.ends[side.other() as usize].seq, self.ends[side.other() as usize].port);
        let other_time = self.ends[side.other() as usize].last;
        let other_stamp = self.ends[side.other() as usize].timestamp;
        let stack = net.host(self.ends[side as usize].host).stack;
        let other_scales = net.host(self.ends[side.other() as usize].host).stack.scale.is_some();
        let end = &mut self.ends[side as usize];
        let passed = (at + net.delay(end.host, at)).max(end.last + us(1));
        let id = net.next_ip_id(end.host);
        let mut options = [1_u8; 24];
        let mut length = 0;
        let mut option = |bytes: &[u8]| {
            options[length..length + bytes.len()].copy_from_slice(bytes);
            length += bytes.len();
        };
        if flags & SYN != 0 {
            let [high, low] = stack.mss.to_be_bytes();
            option(&[2, 4, high, low]);
            // An answerer offers only what its opener did (RFC 7323 section 2.2, RFC 2018 section 2).
            if let Some(scale) = stack.scale.filter(|_| flags & ACK == 0 || other_scales) {
                option(&[1, 3, 3, scale, 1, 1, 4, 2]);
            }
        }
        // Who opens offers them, whatever the other will say (RFC 7323 section 3.2).
        let stamped = if flags & (SYN | ACK) == SYN { stack.timestamps } else { self.timestamps };
        if stamped {
            let own = end.timestamp.wrapping_add((passed.0 / 1_000_000) as u32);
            let heard = if flags & ACK == 0 { 0 } else { other_stamp.wrapping_add((other_time.0 / 1_000_000) as u32) };
            option(&[1, 1, 8, 10]);
            option(&own.to_be_bytes());
            option(&heard.to_be_bytes());
        }
        // The window of a SYN is never scaled (RFC 7323 section 2.2).
        let window = if flags & SYN != 0 && stack.scale.is_some() { UNSCALED } else { end.window.0 };
        let segment = Segment {
            ports: [end.port, other_port],
            seq: end.seq,
            ack: if flags & ACK == 0 { 0 } else { other_seq },
            flags,
            window: if flags & RST != 0 { 0 } else { window },
            options: &options[..length],
            payload,
        };
        let route = end.route;
        let frame = net.queue.push(passed, net.mark, end.vlan, |out| frame::tcp(out, &route, id, &segment));
        end.last = passed;
        end.seq = end.seq.wrapping_add(payload.len() as u32);
        if flags & ACK != 0 {
            end.unacknowledged = 0;
        }
        (passed, frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::OPENING;
    use crate::network::{EMBEDDED, LINUX};

    /// A network with two hosts of one zone, the second far from the tap.
    fn pair(stack: Stack) -> (Network, HostId, HostId) {
        let mut net = Network::new(3, OPENING);
        let zone = net.add_zone("ward", 110, [10, 0, 0]);
        let from = net.add_host("server".into(), "server", zone, [2, 0, 0], LINUX);
        let to = net.add_host("pump".into(), "pump", zone, [2, 0, 0], stack);
        (net, from, to)
    }

    fn frames(net: &mut Network) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let released = net.queue.release(OPENING + secs(60), |frame| {
            frames.push(frame.bytes.to_vec());
            Ok::<(), ()>(())
        });
        assert_eq!(released, Ok(()));
        frames
    }

    fn number(frame: &[u8], at: usize) -> u32 {
        u32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]])
    }

    #[test]
    fn no_more_is_under_way_than_the_window_takes() {
        let (mut net, from, to) = pair(EMBEDDED);
        let (mut connection, ready) = Connection::open(&mut net, OPENING, from, to, 80);
        let sent = connection.send(&mut net, ready, Side::Opener, &[7; 100_000]);
        connection.send(&mut net, sent.arrived + secs(1), Side::Opener, &[7; 100_000]);
        let address = net.host(from).ip.octets();
        let (mut acknowledged, mut most, mut octets) = (0, 0, 0);
        for frame in frames(&mut net).iter().filter(|frame| frame[12..14] == [8, 0]) {
            let payload =
                usize::from(u16::from_be_bytes([frame[16], frame[17]])) - 20 - usize::from(frame[46] >> 4) * 4;
            if frame[26..30] != address {
                acknowledged = number(frame, 42);
            } else if payload > 0 {
                octets += payload;
                most = most.max(number(frame, 38).wrapping_add(payload as u32).wrapping_sub(acknowledged));
            }
        }
        assert_eq!(octets, 200_000);
        assert!((2 * 1400..=u32::from(EMBEDDED.window)).contains(&most), "{most} octets");
    }

    #[test]
    fn who_is_not_there_is_asked_for_and_gets_no_syn() {
        let (mut net, from, to) = pair(EMBEDDED);
        net.host_mut(to).up = false;
        let given_up = Connection::unanswered(&mut net, OPENING, from, to, 80);
        assert_eq!(given_up, OPENING + secs(7));
        let asked = frames(&mut net);
        assert_eq!(asked.len(), 3);
        assert!(asked.iter().all(|frame| frame[12..14] == [8, 6]), "ARP alone");
    }

    #[test]
    fn a_reset_is_the_last_word() {
        let (mut net, from, to) = pair(LINUX);
        let (mut connection, ready) = Connection::open(&mut net, OPENING, from, to, 80);
        let sent = connection.send(&mut net, ready, Side::Opener, b"hello");
        connection.reset(&mut net, sent.arrived, Side::Opener);
        let last = frames(&mut net).pop().unwrap_or_default();
        assert_eq!(last[47], RST | ACK, "and no acknowledgement that was delayed");
    }
}
