//! What each device does: what it offers and uses, whom it talks with, and what its messages say of it.
//!
//! Gathered from what links do, a minute at a time, so a message costs nothing. It is facts alone, by device: what they show
//! of a device is for those who read them. Everything is bounded, in octets; what found no room is counted. Where there is
//! none left, those give way of whom least is lost: who has no address by now; then who was never answered and never answered;
//! then the rest; of each those first that were silent longest. What is seen of them again is kept anew.

mod acts;
mod room;
mod says;
mod services;

use std::collections::BTreeMap;

use hashbrown::HashMap;
use wardtap_net::address::Mac;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

pub use acts::{Act, Acts, End, Happened};
pub use says::Says;
pub use services::{Peers, ServiceUse, Services};

use crate::device::{DeviceId, Devices};
use crate::links::{Link, OperationNews, Use};
use crate::observation::{Clued, Place, Who};
use crate::site::Site;
use room::Room;

/// Octets of what is kept of all devices together, whatever there is room for: that of ten thousand.
pub const INVENTORY_BYTES_MAX: usize = 256 << 20;

/// So much of all the room is made at once.
const ROOM_AT_ONCE: usize = 8;

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
    /// Octets that may be kept.
    octets: usize,
    room: Room,
    evicted: u64,
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
    /// When something was last taken of it, whoever said it.
    noted: Timestamp,
    /// What it takes.
    octets: usize,
}

/// Minutes in which somebody was heard, by the site's clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worked {
    /// By night.
    pub night: u64,
    /// At any time.
    pub all: u64,
    /// On end, for the longest time that it was.
    pub longest: u64,
    /// On end, up to the latest.
    run: u64,
}

/// Minutes in which who works need not be heard: some say something every few minutes only.
const PAUSE_MINUTES: u64 = 5;

/// The hours of the night: lists of theatres and office hours end long before the first, and begin at the last.
const NIGHT: [u8; 8] = [22, 23, 0, 1, 2, 3, 4, 5];

impl Worked {
    /// A minute more, so many minutes behind the latest.
    fn minute(&mut self, is_night: bool, behind: u64) {
        self.night = self.night.saturating_add(u64::from(is_night));
        self.all = self.all.saturating_add(1);
        self.run = if behind <= PAUSE_MINUTES { self.run.saturating_add(behind) } else { 1 };
        self.longest = self.longest.max(self.run);
    }

    /// What the same device did under another name.
    fn absorb(&mut self, other: Self) {
        self.night = self.night.saturating_add(other.night);
        self.all = self.all.saturating_add(other.all);
        self.longest = self.longest.max(other.longest);
    }
}

/// Who gives way first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Nobody has the hardware address by now.
    WithoutAddress,
    /// It never answered, and nobody ever answered it.
    Unanswered,
    /// All others.
    Known,
}

/// Of whom something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kept {
    Mac(Mac),
    Device(DeviceId),
}

/// What a device takes before anything is known of it, with its share of the room for more of them.
const DEVICE_BYTES: usize = 2 * (size_of::<Doing>() + size_of::<DeviceId>());

/// What somebody takes who has no address.
const MAC_BYTES: usize = 2 * (size_of::<Says>() + size_of::<Mac>());

impl Inventory {
    /// Of a site: what is inside and outside of it. It takes so many octets, half of them for the copy that a list is made of.
    #[must_use]
    pub fn new(site: Site, octets_max: usize) -> Self {
        let octets = octets_max.min(INVENTORY_BYTES_MAX) / 2;
        let room = Room { left: octets, refused: 0 };
        let (all, by_mac, fresh) = (HashMap::default(), HashMap::default(), HashMap::default());
        Self { site, all, by_mac, fresh, worked: Default::default(), octets, room, evicted: 0 }
    }

    /// An operation was seen that its link had not shown before.
    pub fn news(&mut self, news: &OperationNews) {
        if news.is_new && self.fresh.len() < FRESH_MAX {
            self.fresh.entry((news.link, news.name.digest())).or_insert(news.place);
        }
    }

    /// Takes what somebody said of itself in a minute.
    pub fn clued(&mut self, clued: &Clued, devices: &Devices) {
        let refused = self.room.refused;
        match clued.who {
            Who::Address(address) => {
                let device = devices.owner(address);
                match device.and_then(|device| doing(&mut self.all, &mut self.room, device)) {
                    Some(doing) => {
                        doing.note(clued.first.time, &mut self.room, |doing, room| doing.says.take(clued, room))
                    }
                    None => self.room.refused += u64::from(device.is_none()),
                }
            }
            Who::Mac(mac) => {
                if self.by_mac.contains_key(&mac) || self.room.take(MAC_BYTES) {
                    self.by_mac.entry(mac).or_default().take(clued, &mut self.room);
                }
            }
        }
        self.make_room(refused, devices);
    }

    /// Takes what a link did in a minute.
    pub fn used(&mut self, used: &Use, devices: &Devices) {
        let Link { initiator, responder, service } = used.link;
        let end = Timestamp::from_seconds((used.minute + 1) * 60);
        let is_night = NIGHT.contains(&self.site.local(Timestamp::from_seconds(used.minute * 60)).hour);
        let behind = |last: Timestamp| end.since(last) / (60 * NANOS_PER_SECOND);
        if end > self.worked.1 {
            self.worked.0.minute(is_night, behind(self.worked.1));
            self.worked.1 = end;
        }
        let [asked, answered] = [used.sent[0].packets > 0, used.sent[1].packets > 0 && !all_failed(used)];
        let refused = self.room.refused;
        let begins = Timestamp::from_seconds(used.minute * 60);
        for (address, peer, is_initiator) in [(initiator, responder, true), (responder, initiator, false)] {
            let Some(device) = devices.owner(address) else { continue };
            let is_outside = !self.site.is_inside(peer);
            let Some(doing) = doing(&mut self.all, &mut self.room, device) else { continue };
            let is_heard = if is_initiator { asked } else { answered };
            if is_heard && end > doing.last {
                doing.worked.minute(is_night, behind(doing.last));
                doing.last = end;
            }
            doing.note(begins, &mut self.room, |doing, room| {
                if answered {
                    let services = if is_initiator { &mut doing.uses } else { &mut doing.offers };
                    services.take(service, used, (peer, is_outside), room);
                }
                for operation in &used.operations {
                    let first = self.fresh.get(&(used.link, operation.name.digest())).copied().unwrap_or(used.place);
                    doing.acts.take(operation, is_initiator, first, room);
                }
            });
        }
        for operation in &used.operations {
            self.fresh.remove(&(used.link, operation.name.digest()));
        }
        self.make_room(refused, devices);
    }

    /// Something found no room where less than this was refused before: those give way of whom least is lost.
    fn make_room(&mut self, refused: u64, devices: &Devices) {
        if self.room.refused == refused {
            return;
        }
        let wanted = self.octets / ROOM_AT_ONCE;
        if self.room.left >= wanted {
            return;
        }
        let by_mac = self.by_mac.iter().map(|(mac, says)| {
            let class = if devices.has_mac(*mac) { Class::Known } else { Class::WithoutAddress };
            (class, says.last, Kept::Mac(*mac))
        });
        let all = self.all.iter().map(|(device, doing)| (doing.class(), doing.noted, Kept::Device(*device)));
        let mut all: Vec<(Class, Timestamp, Kept)> = by_mac.chain(all).collect();
        all.sort_unstable();
        for (.., kept) in all {
            if self.room.left >= wanted {
                break;
            }
            let freed = match kept {
                Kept::Mac(mac) => self.by_mac.remove(&mac).map(|says| says.octets + MAC_BYTES),
                Kept::Device(device) => self.all.remove(&device).map(|doing| doing.octets + DEVICE_BYTES),
            };
            self.room.left += freed.unwrap_or(0);
            self.evicted += 1;
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

    /// What found no room, and those who gave way for others.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.room.refused.saturating_add(self.evicted)
    }
}

impl Doing {
    /// Of somebody of whom nothing is known but what it says.
    #[must_use]
    pub fn saying(says: Says) -> Self {
        Self { says, ..Self::default() }
    }

    /// Takes something of a minute.
    fn note(&mut self, time: Timestamp, room: &mut Room, take: impl FnOnce(&mut Self, &mut Room)) {
        let before = room.left;
        take(self, room);
        self.octets += before - room.left;
        self.noted = self.noted.max(time);
    }

    fn class(&self) -> Class {
        let is_unanswered = self.offers.is_empty() && self.uses.is_empty();
        if is_unanswered { Class::Unanswered } else { Class::Known }
    }

    fn absorb(&mut self, other: &Self) {
        self.offers.absorb(&other.offers);
        self.uses.absorb(&other.uses);
        self.acts.absorb(&other.acts);
        self.says.absorb(&other.says);
        self.last = self.last.max(other.last);
        self.worked.absorb(other.worked);
    }
}

fn doing<'a>(
    all: &'a mut HashMap<DeviceId, Doing, foldhash::fast::RandomState>,
    room: &mut Room,
    device: DeviceId,
) -> Option<&'a mut Doing> {
    (all.contains_key(&device) || room.take(DEVICE_BYTES)).then(|| all.entry(device).or_default())
}

/// Nobody was there who answers: what came back refused.
fn all_failed(used: &Use) -> bool {
    used.failed > 0 && used.failed >= used.opened && used.operations.is_empty()
}
