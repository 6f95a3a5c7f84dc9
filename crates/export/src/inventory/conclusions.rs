//! What is concluded of devices while they are heard, and when that changes: a class, and names.
//!
//! Looked at now and then, since a class may rest on the company of a device. What is concluded of a device within its first day
//! is how it is got to know, and no change.

use std::collections::{BTreeMap, BTreeSet};

use wardtap_behaviour::class::Class;
use wardtap_behaviour::device::DeviceId;
use wardtap_behaviour::inventory::{Happened, Inventory};
use wardtap_net::address::Address;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use super::guess::{self, Confidence};
use super::{IMPLEMENTATION, everything, listed};
use crate::event::{ChangeBody, Frame, Known};

/// How often it is looked at, in capture time.
const EVERY_NANOS: u64 = 6 * 60 * 60 * NANOS_PER_SECOND;

/// How long a device is got to know.
const NEWCOMER_NANOS: u64 = 24 * 60 * 60 * NANOS_PER_SECOND;

/// Names of one device that are remembered: one with more passes on what others say.
const NAMES_MAX: usize = 4;

/// What was concluded so far.
#[derive(Default)]
pub struct Concluded {
    of: BTreeMap<DeviceId, Conclusion>,
    latest: Option<Timestamp>,
}

#[derive(Default)]
struct Conclusion {
    class: Option<Class>,
    names: BTreeSet<(&'static str, String)>,
}

/// What has changed of a device.
pub struct Concerns {
    /// Which.
    pub address: Address,
    /// What has changed.
    pub changes: Vec<ChangeBody>,
}

impl Concluded {
    /// The class of a device, where it is sure.
    #[must_use]
    pub fn class(&self, device: DeviceId) -> Option<Class> {
        self.of.get(&device)?.class
    }

    /// True where it is time to look.
    pub fn is_due(&mut self, now: Timestamp) -> bool {
        let latest = *self.latest.get_or_insert(now);
        now.since(latest) >= EVERY_NANOS
    }

    /// Looks at all devices.
    pub fn look(
        &mut self,
        inventory: &Inventory,
        known: Known<'_>,
        captures: &[String],
        now: Timestamp,
    ) -> Vec<Concerns> {
        self.latest = Some(now);
        let all = everything(inventory, known);
        let guesses =
            guess::classes(&all, inventory.worked(), |id| listed(known, id), &|address| known.devices.owner(address));
        let mut news = Vec::new();
        for (id, device) in known.devices.iter().filter(|(_, device)| device.is_heard()) {
            let Some(address) = known.devices.address_of(id).filter(|address| inventory.site().is_inside(*address))
            else {
                continue;
            };
            let is_known = now.since(device.first) >= NEWCOMER_NANOS;
            let before = self.of.entry(id).or_default();
            let mut changes = Vec::new();
            let sure = guesses.get(&id).filter(|guess| guess.confidence == Confidence::High);
            if let Some(guess) = sure.filter(|guess| before.class != Some(guess.class)) {
                let mut change = ChangeBody::new("class", guess.class.name());
                change.from = before.class.map(|class| class.name().to_owned());
                change.because = guess.shown_by.iter().map(|sign| sign.says).collect();
                changes.push(change);
                before.class = Some(guess.class);
            }
            for (kind, name, happened) in all.get(&id).map(|(doing, _)| guess::names(doing)).unwrap_or_default() {
                let had: Vec<String> =
                    before.names.iter().filter(|(of, _)| *of == kind).map(|(_, name)| name.clone()).collect();
                if kind == IMPLEMENTATION || before.names.len() >= NAMES_MAX || had.contains(&name) {
                    continue;
                }
                if let [from, ..] = had.as_slice() {
                    changes.push(renamed(kind, from, &name, happened, captures));
                }
                before.names.insert((kind, name));
            }
            if is_known && !changes.is_empty() {
                news.push(Concerns { address, changes });
            }
        }
        news
    }
}

fn renamed(kind: &'static str, from: &str, name: &str, happened: Happened, captures: &[String]) -> ChangeBody {
    let mut change = ChangeBody::new("name", name);
    change.from = Some(from.to_owned());
    change.kind = Some(kind);
    change.messages = Some(happened.count);
    change.frame = Some(Frame::of(happened.first, captures));
    change
}
