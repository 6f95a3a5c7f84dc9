//! NTP: all hosts follow a domain controller, and those follow the provider.

use crate::clock::{MINUTE, Time, secs, us};
use crate::network::HostId;
use crate::queue::Mark;
use crate::sim::Sim;
use crate::wire::ntp;

const PORT: u16 = 123;

/// What the controllers say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clocks {
    /// Seconds that the controllers' clocks are ahead of the true time; a scenario's mark goes with it.
    pub ahead: u64,
    /// They say that they do not know the time.
    pub lost: bool,
    /// The scenario.
    pub mark: Mark,
}

/// Sets it up.
pub(super) fn open(sim: &mut Sim) {
    for host in super::everybody(sim) {
        poll(sim, host, false);
    }
    for host in sim.ward.site().domain.clone() {
        poll(sim, host, true);
    }
}

/// Has a host ask again and again; controllers ask outside.
pub fn poll(sim: &mut Sim, host: HostId, outside: bool) {
    let mut dice = sim.dice("ntp", u64::from(host.0));
    // Every 2^10 s, as a clock does that has settled; one in ten is restless.
    let exponent = if dice.chance(0.1) { dice.range(7..10) as u8 } else { 10 };
    let period = secs(1 << exponent);
    let first = sim.now + period.mul_f64(dice.unit());
    sim.repeat(first, move |sim| {
        let server = if outside { sim.ward.office.provider } else { sim.controller(host) };
        if let (Some(server), true) = (server, sim.net.host(host).up) {
            let stratum = if outside { 2 } else { 3 };
            sim.ask_time(sim.now, host, server, exponent, stratum);
        }
        Some(sim.now + dice.around(period, 0.02))
    });
}

impl Sim {
    /// A host asks a server for the time.
    fn ask_time(&mut self, at: Time, host: HostId, server: HostId, exponent: u8, stratum: u8) {
        // Devices and Windows ask from the port of NTP itself.
        let own = if self.net.host(host).stack.timestamps { self.net.next_port(host) } else { PORT };
        let Clocks { ahead, lost, mark } = self.ward.office.clocks;
        let ahead = if stratum == 3 { secs(ahead) } else { secs(0) };
        let lost = lost && stratum == 3;
        let mark = if ahead.is_zero() && !lost { self.net.mark } else { mark };
        let request = ntp::request(exponent, at);
        let heard = self.net.udp(at, host, server, [own, PORT], &request).arrived;
        let (told, follows) = (heard + ahead, [192, 0, 2, stratum * 20]);
        let mut reply = ntp::response(&request, stratum, follows, [told - MINUTE * 7, told, told + us(40)]);
        if lost {
            ntp::lose(&mut reply);
        }
        let before = std::mem::replace(&mut self.net.mark, mark);
        self.net.udp(heard + us(40), server, host, [PORT, own], &reply);
        self.net.mark = before;
    }
}
