//! Floods that no single host is the target of.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::{Cast, intruder, scenario};
use crate::attacks::{Family, Scenario};
use crate::clock::{MINUTE, secs, us};
use crate::dice::Dice;
use crate::frame::{self, Mac, Route, Segment};
use crate::network::HostId;
use crate::sim::Sim;

/// All of them.
pub const ALL: &[Scenario] = &[scenario(
    "switch-table-flooded",
    "a foreign device fills a ward's switches with Ethernet addresses that nobody has",
    Family::Availability,
    &["T0814", "T0815", "T0826", "T0842", "T0830", "T0864", "T1498", "T1499", "T1040", "T1200", "T1557"],
    "Monitors and pumps get slow or lose their central station, and a stranger sees all that they say.",
    19.6,
    addresses,
)];

/// Frames in a second, while it floods.
const FRAMES: u64 = 300;

/// What macof does: SYNs from invented addresses to invented addresses, so that a switch sends everything everywhere.
fn addresses(sim: &mut Sim) -> Cast {
    let zone = sim.ward.site().zones.wards[0];
    let rogue = intruder(sim, zone);
    let ready = sim.join_network(rogue, true);
    let (mut dice, mut second, end) = (sim.dice("switch-table-flooded", 0), 0, sim.now + 8 * MINUTE);
    sim.repeat(ready + secs(30), move |sim| {
        for number in 0..FRAMES {
            invented(sim, rogue, us(3_300 * number), &mut dice);
        }
        second += 1;
        // Six seconds of it, and again before tables have forgotten (five minutes, IEEE 802.1Q table 8-6).
        let pause = if second % 6 == 0 { dice.around(secs(90), 0.3) } else { secs(1) };
        Some(sim.now + pause).filter(|next| *next + secs(2) < end)
    });
    sim.at(end, move |sim| sim.net.host_mut(rogue).up = false);
    let site = sim.ward.site();
    let near = site.pumps.iter().chain(&site.monitors).copied().filter(|host| sim.net.host(*host).zone == zone);
    Cast { victims: near.collect(), attackers: vec![rogue], end }
}

/// A frame of it; the tool draws all that it can (dsniff's macof).
fn invented(sim: &mut Sim, rogue: HostId, wait: Duration, dice: &mut Dice) {
    let mut mac = || -> Mac {
        let [a, b, c, d, e, f, ..] = dice.bits().to_le_bytes();
        // Those of single hosts.
        [a & 0xfe, b, c, d, e, f]
    };
    let (from_mac, to_mac) = (mac(), mac());
    let [from, to] = [dice.bits(), dice.bits()].map(|bits| Ipv4Addr::from(bits as u32));
    let route = Route { from_mac, to_mac, from, to, ttl: 64 };
    let ports = [dice.bits() as u16 | 1, dice.bits() as u16 | 1];
    let seq = dice.bits() as u32;
    let segment = Segment { ports, seq, ack: 0, flags: 2, window: 512, options: &[], payload: &[] };
    let (id, mark, vlan) = (dice.bits() as u16, sim.net.mark, sim.net.zone_of(rogue).vlan);
    sim.net.queue.push(sim.now + wait, mark, vlan, |out| frame::tcp(out, &route, id, &segment));
}
