//! What each device does: what it offers and uses, whom it talks with, and what its messages say of it.
//!
//! Gathered from what links do, a minute at a time, so a message costs nothing. It is facts alone, by device: what they show
//! of a device is for those who read them. Everything is bounded; what found no room is counted.

mod acts;
mod says;
mod services;

use std::collections::BTreeMap;

use hashbrown::HashMap;
use wardtap_net::address::Mac;
use wardtap_net::packet::Timestamp;

pub use acts::{Act, Acts, End, Happened};
pub use says::Says;
pub use services::{Peers, ServiceUse, Services};

use crate::device::{DeviceId, Devices};
use crate::links::{Link, OperationNews, Use};
use crate::observation::{Clued, Place, Who};
use crate::site::Site;

/// Devices of which it is kept what they do.
pub const INVENTORY_DEVICES_MAX: usize = 65_536;

/// Services, acts and values that are kept of all devices together.
pub const INVENTORY_ENTRIES_MAX: usize = 1_000_000;

/// Operations of a minute whose frame is kept until the minute is told.
pub const FRESH_MAX: usize = 4096;

/// What every device does.
pub struct Inventory {
    site: Site,
    all: HashMap<DeviceId, Doing, foldhash::fast::RandomState>,
    /// What was said by who had no address yet.
    by_mac: HashMap<Mac, Says, foldhash::fast::RandomState>,
    /// The frame that showed an operation first, until what the link did in that minute is told.
    fresh: HashMap<(Link, u64), Place, foldhash::fast::RandomState>,
    /// In how many minutes anybody was heard, and the end of the latest.
    worked: (Worked, Timestamp),
    room: Room,
}

/// What a device does.
#[derive(Clone, Debug, Default)]
pub struct Doing {
    /// What it answers for.
    pub offers: Services,
    /// What it asks others for.
    pub uses: Services,
    /// What it says and is told, by kind of message.
    pub acts: Acts,
    /// What it says of itself in passing, or others call it.
    pub says: Says,
    /// When it was last heard: the minute that ends then.
    pub last: Timestamp,
    /// In how many minutes it was heard.
    pub worked: Worked,
}

/// Minutes in which somebody was heard, by the site's clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worked {
    /// By night.
    pub night: u64,
    /// At any time.
    pub all: u64,
}

/// The hours of the night: lists of theatres and office hours end long before the first, and begin at the last.
const NIGHT: [u8; 8] = [22, 23, 0, 1, 2, 3, 4, 5];

impl Worked {
    fn add(&mut self, more: Self) {
        self.night = self.night.saturating_add(more.night);
        self.all = self.all.saturating_add(more.all);
    }
}

/// How much more can be kept.
struct Room {
    left: usize,
    refused: u64,
}

impl Room {
    /// Takes a place; false, and counted, where there is none.
    const fn take(&mut self) -> bool {
        let is_there = self.left > 0;
        if is_there {
            self.left -= 1;
        } else {
            self.refused += 1;
        }
        is_there
    }
}

impl Inventory {
    /// Of a site: what is inside and outside of it.
    #[must_use]
    pub fn new(site: Site) -> Self {
        let room = Room { left: INVENTORY_ENTRIES_MAX, refused: 0 };
        Self {
            site,
            all: HashMap::default(),
            by_mac: HashMap::default(),
            fresh: HashMap::default(),
            worked: Default::default(),
            room,
        }
    }

    /// An operation was seen that its link had not shown before.
    pub fn news(&mut self, news: &OperationNews) {
        if news.is_new && self.fresh.len() < FRESH_MAX {
            self.fresh.entry((news.link, news.name.digest())).or_insert(news.place);
        }
    }

    /// Takes what somebody said of itself in a minute.
    pub fn clued(&mut self, clued: &Clued, devices: &Devices) {
        let says = match clued.who {
            Who::Address(address) => {
                let device = devices.owner(address);
                device.and_then(|device| doing(&mut self.all, &mut self.room, device)).map(|doing| &mut doing.says)
            }
            Who::Mac(mac) if self.by_mac.contains_key(&mac) || self.by_mac.len() < INVENTORY_DEVICES_MAX => {
                Some(self.by_mac.entry(mac).or_default())
            }
            Who::Mac(_) => None,
        };
        match says {
            Some(says) => says.take(clued, &mut self.room),
            None => self.room.refused += 1,
        }
    }

    /// Takes what a link did in a minute.
    pub fn used(&mut self, used: &Use, devices: &Devices) {
        let Link { initiator, responder, service } = used.link;
        let end = Timestamp::from_seconds((used.minute + 1) * 60);
        let is_night = NIGHT.contains(&self.site.local(Timestamp::from_seconds(used.minute * 60)).hour);
        let minute = Worked { night: u64::from(is_night), all: 1 };
        if end > self.worked.1 {
            self.worked.0.add(minute);
            self.worked.1 = end;
        }
        let [asked, answered] = [used.sent[0].packets > 0, used.sent[1].packets > 0 && !all_failed(used)];
        for (address, peer, is_initiator) in [(initiator, responder, true), (responder, initiator, false)] {
            let Some(device) = devices.owner(address) else { continue };
            let is_outside = !self.site.is_inside(peer);
            let Some(doing) = doing(&mut self.all, &mut self.room, device) else { continue };
            if if is_initiator { asked } else { answered } {
                if end > doing.last {
                    doing.worked.add(minute);
                    doing.last = end;
                }
            }
            if answered {
                let services = if is_initiator { &mut doing.uses } else { &mut doing.offers };
                services.take(service, used, (peer, is_outside), &mut self.room);
            }
            for operation in &used.operations {
                let first = self.fresh.get(&(used.link, operation.name.digest())).copied().unwrap_or(used.place);
                doing.acts.take(operation, is_initiator, first, &mut self.room);
            }
        }
        for operation in &used.operations {
            self.fresh.remove(&(used.link, operation.name.digest()));
        }
    }

    /// What each device does, by whatever it was known when it did it.
    #[must_use]
    pub fn by_device(&self, devices: &Devices) -> BTreeMap<DeviceId, Doing> {
        let mut known: Vec<(&DeviceId, &Doing)> = self.all.iter().collect();
        known.sort_unstable_by_key(|(device, _)| **device);
        let mut all: BTreeMap<DeviceId, Doing> = BTreeMap::new();
        for (device, doing) in known {
            all.entry(devices.resolve(*device)).or_default().absorb(doing);
        }
        for (id, device) in devices.iter() {
            if let Some(says) = device.mac.and_then(|mac| self.by_mac.get(&mac)) {
                all.entry(id).or_default().says.absorb(&says.settled());
            }
        }
        all
    }

    /// What those said who have no address of IP, by their hardware addresses, in order.
    #[must_use]
    pub fn without_address(&self, devices: &Devices) -> Vec<(Mac, &Says)> {
        let mut all: Vec<(Mac, &Says)> = self.by_mac.iter().map(|(mac, says)| (*mac, says)).collect();
        all.retain(|(mac, _)| devices.with_mac(*mac).is_none());
        all.sort_unstable_by_key(|(mac, _)| *mac);
        all
    }

    /// In how many minutes anybody was heard.
    #[must_use]
    pub const fn worked(&self) -> Worked {
        self.worked.0
    }

    /// Whose inventory it is.
    #[must_use]
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// What found no room.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.room.refused
    }
}

impl Doing {
    fn absorb(&mut self, other: &Self) {
        self.offers.absorb(&other.offers);
        self.uses.absorb(&other.uses);
        self.acts.absorb(&other.acts);
        self.says.absorb(&other.says);
        self.last = self.last.max(other.last);
        self.worked.add(other.worked);
    }
}

fn doing<'a>(
    all: &'a mut HashMap<DeviceId, Doing, foldhash::fast::RandomState>,
    room: &mut Room,
    device: DeviceId,
) -> Option<&'a mut Doing> {
    if !all.contains_key(&device) && all.len() >= INVENTORY_DEVICES_MAX {
        room.refused += 1;
        return None;
    }
    Some(all.entry(device).or_default())
}

/// Nobody was there who answers: what came back refused.
fn all_failed(used: &Use) -> bool {
    used.failed > 0 && used.failed >= used.opened && used.operations.is_empty()
}
