//! Vendors' own protocols at the bedside, made up: messages with a length in front, over TCP and UDP.
//!
//! A message: two octets of magic, version, message type, length of what follows the header as u32, the device's number as
//! u32, a sequence number as u32, all in network order; then a body that means nothing. Sizes belong to the types.

use crate::clock::Time;
use crate::dice::Dice;

/// Octets of the prepared bodies.
const BLOCK: usize = 1 << 16;

/// Octets of a wave in a datagram: about a second of samples, thinned out.
const WAVE: usize = 96;

/// A type of message.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The octet that says so.
    pub code: u8,
    /// The least octets of a body.
    pub length: u16,
    /// How many more there may be.
    pub spread: u16,
}

const fn kind(code: u8, length: u16, spread: u16) -> Kind {
    Kind { code, length, spread }
}

/// A vendor's protocol.
#[derive(Debug)]
pub struct Protocol {
    magic: [u8; 2],
    version: u8,
    /// The port of who is called.
    pub port: u16,
    /// What the device says first on a new connection.
    pub hello: Kind,
    /// What the server answers.
    pub welcome: Kind,
}

/// Infusion pumps and their gateway.
pub const PUMP: Protocol =
    Protocol { magic: [0xd1, 0x9e], version: 3, port: 40_910, hello: kind(1, 84, 0), welcome: kind(2, 36, 0) };
/// Monitors and their central station over TCP: alarms and who is admitted.
pub const STATION: Protocol =
    Protocol { magic: [0xc7, 0x15], version: 2, port: 41_031, hello: kind(1, 120, 0), welcome: kind(2, 64, 0) };
/// Vitals and waves from monitors to their central station, over UDP.
pub const VITALS: Protocol =
    Protocol { magic: [0xc7, 0x16], version: 2, port: 41_030, hello: kind(1, 64, 0), welcome: kind(2, 24, 0) };
/// Whatever the device gateway collects.
pub const GATEWAY: Protocol =
    Protocol { magic: [0xe3, 0xa4], version: 1, port: 41_200, hello: kind(1, 72, 0), welcome: kind(2, 20, 0) };
/// Nurse call panels and their server.
pub const CALL: Protocol =
    Protocol { magic: [0xb9, 0x81], version: 1, port: 41_500, hello: kind(1, 40, 0), welcome: kind(2, 16, 0) };

/// A heartbeat, in all protocols.
pub const HEARTBEAT: Kind = kind(3, 12, 0);
/// Its answer, and that of everything that needs no other.
pub const ACKNOWLEDGED: Kind = kind(4, 8, 0);

/// A pump tells how its infusion runs: started, stopped, rate changed.
pub const PUMP_STATUS: Kind = kind(16, 92, 0);
/// A pump alarms.
pub const PUMP_ALARM: Kind = kind(17, 56, 12);
/// A pump's log of the last hour.
pub const PUMP_LOG: Kind = kind(18, 240, 400);
/// The gateway programs an infusion that was ordered (auto-programming).
pub const PUMP_PROGRAM: Kind = kind(32, 148, 40);
/// The gateway changes a running rate.
pub const PUMP_RATE: Kind = kind(33, 44, 0);
/// The gateway offers a drug library.
pub const LIBRARY_OFFER: Kind = kind(48, 60, 0);
/// A piece of a drug library: less than the window of a small device.
pub const LIBRARY_PIECE: Kind = kind(49, 4072, 0);
/// The gateway offers firmware.
pub const FIRMWARE_OFFER: Kind = kind(52, 76, 0);
/// A piece of firmware.
pub const FIRMWARE_PIECE: Kind = kind(53, 4080, 0);
/// Who is asked what it is: service software does.
pub const IDENTIFY: Kind = kind(64, 8, 0);
/// What it is.
pub const IDENTITY: Kind = kind(65, 132, 0);

/// A monitor alarms.
pub const ALARM: Kind = kind(16, 76, 24);
/// The alarm is over.
pub const ALARM_END: Kind = kind(17, 40, 0);
/// Somebody is admitted to a bed, or leaves it.
pub const BED: Kind = kind(20, 180, 60);
/// The central station's time, over UDP.
pub const TIME: Kind = kind(5, 32, 0);
/// Vitals and waves, over UDP; its size depends on what is measured.
const NUMBERS: u8 = 6;
/// Limits and settings of a monitor, over UDP, about once a minute.
pub const LIMITS: Kind = kind(7, 196, 0);

/// The central station sets a monitor's alarm limits, which staff do at the bed.
pub const LIMITS_SET: Kind = kind(33, 88, 0);

/// What a ventilator or an anaesthesia machine measures.
pub const BREATHS: Kind = kind(16, 196, 0);
/// Its settings, after a change.
pub const SETTINGS: Kind = kind(17, 120, 0);
/// Its alarm.
pub const BREATH_ALARM: Kind = kind(18, 64, 0);
/// What a central station passes on of a monitor.
pub const BED_VITALS: u16 = 56;

/// The device gateway asks a central station for waves that it keeps: service software does.
pub const WAVES_WANTED: Kind = kind(36, 28, 0);
/// Some minutes of them.
pub const WAVES: Kind = kind(37, 15_600, 800);

/// A nurse call.
pub const CALLED: Kind = kind(16, 36, 0);
/// Somebody goes.
pub const CALL_ANSWERED: Kind = kind(17, 28, 0);
/// The call is over.
pub const CALL_CLEARED: Kind = kind(18, 28, 0);
/// The server shows a call on another panel.
pub const CALL_SHOWN: Kind = kind(19, 52, 0);

/// What a bundle of a central station is: a part for each of its monitors.
pub const fn bundle(monitors: u16) -> Kind {
    kind(19, 24 + BED_VITALS * monitors, 0)
}

/// A datagram of vitals and waves. The same datagram has the same octets: what is recorded can be sent again.
#[derive(Clone, Copy, Debug)]
pub struct Vitals {
    /// The device's number.
    pub device: u16,
    /// The datagram's number.
    pub sequence: u32,
    /// When it was measured.
    pub time: Time,
    /// Numbers in it.
    pub numbers: u8,
    /// Waves in it.
    pub waves: u8,
}

/// Writes messages.
#[derive(Debug, Default)]
pub struct Voice {
    block: Vec<u8>,
    waves: Vec<u8>,
    buffer: Vec<u8>,
}

impl Voice {
    /// With bodies that the dice make.
    pub fn new(dice: &mut Dice) -> Self {
        let block = (0..BLOCK / 8).flat_map(|_| dice.bits().to_be_bytes()).collect();
        let beat = |at: usize| {
            let phase = (at % 24) as f64 / 24.0;
            let breath = libm::sin(std::f64::consts::TAU * at as f64 / 512.0) * 12.0;
            let spike = libm::exp(-((phase - 0.3) * 14.0) * ((phase - 0.3) * 14.0)) * 80.0;
            (100.0 + breath + spike) as u8
        };
        let waves = (0..4096).map(|at| beat(at) ^ (dice.bits() & 1) as u8).collect();
        Self { block, waves, buffer: Vec::with_capacity(8192) }
    }

    fn header(&mut self, protocol: &Protocol, code: u8, device: u32, sequence: u32, length: usize) {
        let [a, b] = protocol.magic;
        let mut header = [a, b, protocol.version, code, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header[4..8].copy_from_slice(&(length as u32).to_be_bytes());
        header[8..12].copy_from_slice(&device.to_be_bytes());
        header[12..].copy_from_slice(&sequence.to_be_bytes());
        self.buffer.clear();
        self.buffer.extend_from_slice(&header);
    }

    /// A message of a device, or to it.
    pub fn say(&mut self, protocol: &Protocol, kind: Kind, device: u16, sequence: u32) -> &[u8] {
        let place = (usize::from(device) * 7919 + sequence as usize * 104_729 + usize::from(kind.code)) % BLOCK;
        let more = usize::from(self.block[place]) * (usize::from(kind.spread) + 1) / 256;
        let length = usize::from(kind.length) + more;
        self.header(protocol, kind.code, u32::from(device), sequence, length);
        let place = place % (BLOCK - length);
        self.buffer.extend_from_slice(&self.block[place..place + length]);
        &self.buffer
    }

    /// A datagram of vitals and waves.
    pub fn vitals(&mut self, vitals: &Vitals) -> &[u8] {
        let Vitals { device, sequence, time, numbers, waves } = *vitals;
        let length = 8 + usize::from(numbers) * 12 + usize::from(waves) * (4 + WAVE);
        self.header(&VITALS, NUMBERS, u32::from(device), sequence, length);
        self.buffer.extend_from_slice(&(time.0 / 1_000_000).to_be_bytes());
        for number in 0..numbers {
            let middle = 60 + 5 * u32::from(number) + u32::from(device % 23);
            let place = usize::from(device) * 31 + sequence as usize * 13 + usize::from(number);
            let value = middle + u32::from(self.block[place % BLOCK] & 7);
            let [a, b, c, d] = value.to_be_bytes();
            self.buffer.extend_from_slice(&[0, 2, 0x41, number, 0, 0, 0x0a, 0xa0, a, b, c, d]);
        }
        for wave in 0..waves {
            self.buffer.extend_from_slice(&[0, 1, wave, WAVE as u8]);
            let place = (sequence as usize * 61 + usize::from(wave) * 977) % (self.waves.len() - WAVE);
            self.buffer.extend_from_slice(&self.waves[place..place + WAVE]);
        }
        &self.buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: usize = 16;

    fn voice() -> Voice {
        Voice::new(&mut Dice::new(1, "voice", 0))
    }

    #[test]
    fn lengths_say_what_follows() {
        let mut voice = voice();
        for sequence in 0..500 {
            for kind in [HEARTBEAT, PUMP_LOG, ALARM, FIRMWARE_PIECE, bundle(70)] {
                let message = voice.say(&PUMP, kind, 900, sequence);
                let length = u32::from_be_bytes([message[4], message[5], message[6], message[7]]) as usize;
                assert_eq!(length, message.len() - HEADER);
                assert!((kind.length..=kind.length + kind.spread).contains(&(length as u16)));
            }
        }
    }

    #[test]
    fn a_recorded_datagram_comes_out_again() {
        let mut voice = voice();
        let vitals = Vitals { device: 3, sequence: 77, time: Time::from_secs(1000), numbers: 6, waves: 2 };
        let first = voice.vitals(&vitals).to_vec();
        assert_ne!(first, voice.vitals(&Vitals { sequence: 78, ..vitals }));
        assert_eq!(first, voice.vitals(&vitals));
    }
}
