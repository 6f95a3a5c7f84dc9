//! What a sensor sees of what happened: the tap, with the faults that taps have.

use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::clock::{Time, us};
use crate::dice::Dice;
use crate::frame::{Mac, close_ip};
use crate::network::Network;
use crate::pcap::Writer;
use crate::queue::{Frame, Mark};
use crate::truth::{MessageLine, Span};

/// The faults of a tap.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Share of frames that are lost.
    pub loss: f64,
    /// Share of frames that are captured twice.
    pub duplicates: f64,
    /// Only frames from the smaller address to the greater: of every conversation the other direction is missing.
    pub one_direction: bool,
    /// Frames are cut to so many octets.
    pub snaplen: Option<usize>,
    /// Frames carry the tag of their VLAN.
    pub vlan: bool,
    /// What is routed is seen behind the router: all of it has the router's Ethernet address.
    pub routed: bool,
    /// Frames come in ERSPAN type II from a switch.
    pub erspan: bool,
}

/// So long a router keeps an Ethernet address without asking.
const LOOK: Duration = Duration::from_secs(60);

/// Ethernet address of the host that has an address, with its zone's gateway and VLAN.
type Neighbour = (Mac, Mac, u16);

/// Writes what it sees.
pub struct Tap<'a> {
    capture: Writer<Box<dyn Write + 'a>>,
    messages: Option<Box<dyn Write + 'a>>,
    faults: Faults,
    dice: Dice,
    neighbours: BTreeMap<Ipv4Addr, Neighbour>,
    /// Where the frames of each scenario lie.
    pub spans: BTreeMap<Mark, Span>,
    /// Frames written.
    pub frames: u64,
    buffer: Vec<u8>,
    sequence: u32,
}

impl<'a> Tap<'a> {
    /// A tap that writes a capture, and message lines where somebody wants them.
    pub fn new(
        capture: Box<dyn Write + 'a>,
        messages: Option<Box<dyn Write + 'a>>,
        faults: Faults,
        dice: Dice,
    ) -> Self {
        Self {
            capture: Writer::new(capture),
            messages,
            faults,
            dice,
            neighbours: BTreeMap::new(),
            spans: BTreeMap::new(),
            frames: 0,
            buffer: Vec::with_capacity(2048),
            sequence: 0,
        }
    }

    /// Learns where hosts stand, for what is seen behind the router; gives the time when it should look again, since hosts
    /// come, and change their addresses.
    pub fn look_around(&mut self, net: &Network, now: Time) -> Time {
        if !self.faults.routed {
            return Time(u64::MAX);
        }
        // What is under way to an address that nobody has any more still goes to who had it.
        self.neighbours.extend(net.hosts.iter().map(|host| {
            let zone = &net.zones[usize::from(host.zone.0)];
            (host.ip, (host.mac, zone.gateway, zone.vlan))
        }));
        now + LOOK
    }

    /// Sees a frame.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn see(&mut self, frame: &Frame<'_>) -> Result<()> {
        if self.faults.loss > 0.0 && self.dice.chance(self.faults.loss) {
            return Ok(());
        }
        if self.faults.one_direction && !goes_up(frame.bytes) {
            return Ok(());
        }
        self.write(frame, frame.time)?;
        if self.faults.duplicates > 0.0 && self.dice.chance(self.faults.duplicates) {
            self.write(&Frame { messages: &[], ..*frame }, frame.time + us(3))?;
        }
        Ok(())
    }

    fn write(&mut self, frame: &Frame<'_>, time: Time) -> Result<()> {
        self.frames += 1;
        let Faults { vlan, routed, erspan, snaplen, .. } = self.faults;
        if !(vlan || routed || erspan) {
            let kept = frame.bytes.len().min(snaplen.unwrap_or(usize::MAX));
            self.capture.frame(time, &frame.bytes[..kept], frame.bytes.len())?;
        } else {
            self.buffer.clear();
            self.buffer.extend_from_slice(frame.bytes);
            let mut seen_in = frame.vlan;
            if routed {
                seen_in = self.route(seen_in);
            }
            if vlan {
                let [high, low] = seen_in.to_be_bytes();
                self.buffer.splice(12..12, [0x81, 0x00, high, low]);
            }
            if erspan {
                self.wrap(seen_in);
            }
            let kept = self.buffer.len().min(snaplen.unwrap_or(usize::MAX));
            self.capture.frame(time, &self.buffer[..kept], self.buffer.len())?;
        }
        if frame.mark != 0 {
            self.spans.entry(frame.mark).or_default().add(self.frames, time);
        }
        if let Some(messages) = &mut self.messages {
            for (_, message) in frame.messages {
                let line = MessageLine { frame: self.frames, time: time.rfc3339(), message };
                write_line(messages, &line)?;
            }
        }
        Ok(())
    }

    /// Makes of a frame on its way to a router what it is behind it; gives its VLAN there.
    fn route(&mut self, vlan: u16) -> u16 {
        let bytes = &mut self.buffer;
        // What somebody in between gets, as he has others believe that he is the router, is not on its way to one yet.
        let ([0x00, 0x00, 0x5e, 0x00, 0x01, ..], [.., 8, 0]) = (&bytes[..6], &bytes[..14]) else { return vlan };
        let Some(&(mac, gateway, vlan_behind)) =
            self.neighbours.get(&Ipv4Addr::new(bytes[30], bytes[31], bytes[32], bytes[33]))
        else {
            return vlan;
        };
        if vlan_behind == vlan || vlan_behind == 0 {
            return vlan;
        }
        bytes[..6].copy_from_slice(&mac);
        bytes[6..12].copy_from_slice(&gateway);
        bytes[22] = bytes[22].saturating_sub(1);
        close_ip(&mut bytes[14..]);
        vlan_behind
    }

    /// Puts a frame into ERSPAN type II (draft-foschiano-erspan-03 section 4) with GRE (RFC 2784, RFC 2890).
    fn wrap(&mut self, vlan: u16) {
        self.sequence = self.sequence.wrapping_add(1);
        let length = 20 + 8 + 8 + self.buffer.len();
        let mut outer = Vec::with_capacity(50);
        outer.extend_from_slice(&[0x00, 0x50, 0x56, 0x00, 0x00, 0x02, 0x00, 0x1b, 0x54, 0x00, 0x00, 0x01, 0x08, 0x00]);
        outer.extend_from_slice(&[0x45, 0, (length >> 8) as u8, length as u8, 0, 0, 0, 0, 255, 47, 0, 0]);
        outer.extend_from_slice(&[10, 20, 40, 2, 10, 20, 40, 9]);
        close_ip(&mut outer[14..]);
        outer.extend_from_slice(&[0x10, 0x00, 0x88, 0xbe]);
        outer.extend_from_slice(&self.sequence.to_be_bytes());
        // Version 1, VLAN, class of service 0, what became of the tag (3: it is still there), session 1, index 1.
        let tag = if self.faults.vlan { 3 << 3 } else { 0 };
        outer.extend_from_slice(&[0x10 | (vlan >> 8) as u8, vlan as u8, tag, 1, 0, 0, 0, 1]);
        self.buffer.splice(0..0, outer);
    }

    /// Ends the capture.
    ///
    /// # Errors
    /// Where the last of it cannot be written.
    pub fn finish(self) -> Result<()> {
        self.capture.finish()?;
        if let Some(mut messages) = self.messages {
            messages.flush()?;
        }
        Ok(())
    }
}

/// Writes something as a line of JSON.
///
/// # Errors
/// Where it cannot be written.
pub fn write_line(to: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *to, value)?;
    to.write_all(b"\n")
}

/// True where a frame goes from the smaller address to the greater one: one of the two directions of every conversation.
fn goes_up(bytes: &[u8]) -> bool {
    match bytes.get(12..34) {
        Some([8, 0, rest @ ..]) => rest[12..16] < rest[16..20],
        _ => true,
    }
}
