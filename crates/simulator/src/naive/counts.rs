//! A z-score: a device that sends and receives far more or far fewer packets in five minutes than is usual at that hour.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::Detector;
use super::events::{Events, Finding};
use super::packets::Packet;
use crate::clock::Time;

/// Seconds of a window.
const WINDOW: u64 = 300;

/// Deviations from the mean that are too many.
const LIMIT: f64 = 4.0;

/// Numbers of one hour of the day: sum and sum of squares.
type Sums = [(f64, f64); 24];

/// What is usual, and the window that goes by.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    /// Windows that were learned, by hour of the day (UTC: a naive detector knows no time zone).
    windows: [f64; 24],
    devices: BTreeMap<Ipv4Addr, Sums>,
    /// The number of the present window.
    #[serde(skip)]
    window: Option<u64>,
    #[serde(skip)]
    counts: BTreeMap<Ipv4Addr, u64>,
}

impl Counts {
    /// Counts a packet at both its ends; gives the window that is over by it, with its counts.
    fn count(&mut self, packet: &Packet) -> Option<(u64, BTreeMap<Ipv4Addr, u64>)> {
        let window = packet.time.secs() / WINDOW;
        let over = match self.window {
            Some(present) if present < window => Some((present, std::mem::take(&mut self.counts))),
            _ => None,
        };
        self.window = self.window.max(Some(window));
        for address in [packet.src, packet.dst] {
            if address.is_private() {
                *self.counts.entry(address).or_default() += 1;
            }
        }
        over
    }

    fn take_in(&mut self, window: u64, counts: BTreeMap<Ipv4Addr, u64>) {
        let hour = hour(window);
        self.windows[hour] += 1.0;
        for (device, count) in counts {
            let (sum, squares) = &mut self.devices.entry(device).or_default()[hour];
            *sum += count as f64;
            *squares += (count * count) as f64;
        }
    }

    /// How many deviations a count is from its mean; nothing where the hour was not learned.
    fn score(&self, device: Ipv4Addr, window: u64, count: u64) -> Option<f64> {
        let number = self.windows[hour(window)];
        if number < 2.0 {
            return None;
        }
        let (sum, squares) = self.devices.get(&device).map(|sums| sums[hour(window)]).unwrap_or_default();
        let mean = sum / number;
        // A packet more or less is no deviation, however steady a device is.
        let deviation = (squares / number - mean * mean).max(1.0).sqrt();
        Some((count as f64 - mean) / deviation)
    }
}

fn hour(window: u64) -> usize {
    (window * WINDOW / 3600 % 24) as usize
}

impl Detector for Counts {
    fn learn(&mut self, packet: &Packet) {
        if let Some((window, counts)) = self.count(packet) {
            self.take_in(window, counts);
        }
    }

    fn learned(&mut self) {
        if let Some(window) = self.window {
            let counts = std::mem::take(&mut self.counts);
            self.take_in(window, counts);
        }
    }

    fn judge(&mut self, packet: &Packet, events: &mut Events) -> Result<()> {
        let Some((window, mut counts)) = self.count(packet) else { return Ok(()) };
        for device in self.devices.keys() {
            counts.entry(*device).or_default();
        }
        for (device, count) in counts {
            let Some(score) = self.score(device, window, count).filter(|score| score.abs() > LIMIT) else { continue };
            events.tell(&Finding {
                subject: &device.to_string(),
                detection: if score > 0.0 { "many-packets" } else { "few-packets" },
                severity: "medium",
                device,
                peer: None,
                first: Time::from_secs(window * WINDOW),
                last: Time::from_secs((window + 1) * WINDOW),
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive::packets::Transport;

    /// Packets of one device, so many in each window.
    fn windows(counts: &[u64]) -> Vec<Packet> {
        let (src, dst) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(203, 0, 113, 1));
        let packet = |window, number| Packet {
            time: Time::from_secs(window * WINDOW + number % WINDOW),
            src,
            dst,
            transport: Transport::Other,
        };
        (0..).zip(counts).flat_map(|(window, &count)| (0..count).map(move |number| packet(window, number))).collect()
    }

    fn alerts(counts: &[u64]) -> u64 {
        let mut detector = Counts::default();
        windows(&[20, 22, 18, 20, 21, 19, 20, 20, 22, 18, 20, 20]).iter().for_each(|packet| detector.learn(packet));
        detector.learned();
        let mut detector: Counts = serde_json::from_slice(&serde_json::to_vec(&detector).unwrap()).unwrap();
        let mut events = Events::new(None, true);
        for packet in windows(counts) {
            detector.judge(&packet, &mut events).unwrap();
        }
        events.finish(&Default::default()).unwrap()
    }

    #[test]
    fn far_from_the_mean_is_told() {
        assert_eq!(alerts(&[20, 21, 19, 20]), 0);
        assert_eq!(alerts(&[20, 60, 20]), 1);
        assert_eq!(alerts(&[20, 60, 60, 60, 20]), 1, "one after the other is one alert");
        assert_eq!(alerts(&[20, 1, 20]), 1, "and so is far too little");
        assert_eq!(alerts(&[20, 60]), 0, "a window that is not over is not judged");
    }

    #[test]
    fn hours_that_were_not_learned_are_not_judged() {
        let mut counts = vec![20; 12];
        counts.extend([500, 500, 500]);
        assert_eq!(alerts(&counts), 0);
    }
}
