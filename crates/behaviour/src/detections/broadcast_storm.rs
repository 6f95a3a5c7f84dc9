#![doc = include_str!("broadcast_storm.md")]

use wardtap_net::address::{Address, Mac};
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::observation::Claimed;
use crate::scoring::Judged;

/// What the detection is.
pub static ABOUT: About = About {
    name: "broadcast-storm",
    title: "Broadcasts flood a network",
    attack: &[technique("T0814"), technique("T1498")],
    impact: "Devices of a ward are kept busy and lose their connections; alarms may not reach the central station.",
    response: "Have the network's operators look for a loop of switches; until then, watch patients at the bed.",
    page: include_str!("broadcast_storm.md"),
};

/// Claims are counted for so long.
const WINDOW_NANOS: u64 = 10 * NANOS_PER_SECOND;

/// So many of one host within the window are not its own.
const CLAIMS_MIN: u32 = 100;

/// So many hosts that claim so often at once are a storm.
const HOSTS_MIN: usize = 3;

/// The most hosts that are counted at once, of all networks; further ones are not, and counted.
const WATCHED_MAX: usize = 256;

/// What hosts claim at present.
#[derive(Default)]
pub struct BroadcastStorm {
    began: Timestamp,
    watched: Vec<Watched>,
    /// The networks in which there was a storm in this window or the one before, and a host of each: one storm is one alert.
    storms: Vec<(Option<u16>, Address)>,
    forgotten: u64,
}

struct Watched {
    vlan: Option<u16>,
    mac: Mac,
    claims: u32,
}

impl Detection for BroadcastStorm {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn claimed(&mut self, claimed: &Claimed, raise: &mut Raise<'_>) {
        let Claimed { claim, vlan, place } = *claimed;
        if place.time.since(self.began) >= WINDOW_NANOS {
            self.began = place.time;
            self.storms.retain(|(vlan, _)| is_storm(&self.watched, *vlan));
            self.watched.clear();
        }
        let known = self.watched.iter().position(|watched| watched.vlan == vlan && watched.mac == claim.mac);
        let Some(at) = known.or_else(|| self.watch(Watched { vlan, mac: claim.mac, claims: 0 })) else {
            return;
        };
        let watched = &mut self.watched[at];
        watched.claims = watched.claims.saturating_add(1);
        if watched.claims != CLAIMS_MIN {
            return;
        }
        if !is_storm(&self.watched, vlan) {
            return;
        }
        let known = self.storms.iter().find(|(network, _)| *network == vlan).map(|(_, host)| *host);
        let first = known.unwrap_or(claim.address);
        if known.is_none() {
            self.storms.push((vlan, first));
        }
        let network = vlan.map_or_else(|| "a network".to_owned(), |vlan| format!("VLAN {vlan}"));
        let judged = Judged {
            severity: Severity::High,
            score: 80,
            explanation: format!("The same broadcasts of {first} and others flood their network."),
            expected: "a question for an address once a second at most".to_owned(),
            observed: format!("{HOSTS_MIN} hosts and more with {CLAIMS_MIN} and more within ten seconds, in {network}"),
        };
        raise.raise(Deviation::new(&ABOUT, (first, None), network, place, judged));
    }

    fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

/// Enough hosts of a network claim too often.
fn is_storm(watched: &[Watched], vlan: Option<u16>) -> bool {
    watched.iter().filter(|watched| watched.vlan == vlan && watched.claims >= CLAIMS_MIN).count() >= HOSTS_MIN
}

impl BroadcastStorm {
    /// Counts one more host, where there is room.
    fn watch(&mut self, host: Watched) -> Option<usize> {
        if self.watched.len() >= WATCHED_MAX {
            self.forgotten += 1;
            return None;
        }
        self.watched.push(host);
        Some(self.watched.len() - 1)
    }
}
