//! With how many a device does the same in this hour.

use hashbrown::HashMap;
use wardtap_net::packet::Timestamp;

use super::table::{Entry, LinkId};
use super::{Departure, Scorer, What};
use crate::baseline::measure::Measure;
use crate::baseline::store::MINUTES_PER_HOUR;
use crate::links::{Link, Service, Use, digest, done};
use crate::parties::{Party, PartyLink};

/// The most things done that are looked at in an hour; of further ones nothing is told, and they are counted.
const DOINGS_MAX: usize = 65_536;

/// The most partners that are counted one by one: more are as many.
const PARTNERS_MAX: usize = 1024;

/// What is done in the hour at hand, and with whom.
#[derive(Default)]
pub(super) struct Breadth {
    hour: u32,
    /// By who does it, on which service, what it is, and whether that is the initiator.
    of: HashMap<(Party, Service, u64, bool), Partners, foldhash::fast::RandomState>,
    pub(super) forgotten: u64,
}

struct Partners {
    /// The link on which it was done first in this hour: what is told of all is told of it.
    first: Link,
    parties: Vec<Party>,
}

impl Breadth {
    /// Takes what was done with one more, and says with how many it was by now, and on which link first.
    fn take(&mut self, hour: u32, key: PartyLink, link: Link, (name, from): (&str, u8)) -> Option<(u64, Link)> {
        if hour != self.hour {
            self.hour = hour;
            self.of.clear();
        }
        let (who, with) = if from == 0 { (key.initiator, key.responder) } else { (key.responder, key.initiator) };
        let doing = (who, key.service, digest(done(name)), from == 0);
        if self.of.len() >= DOINGS_MAX && !self.of.contains_key(&doing) {
            self.forgotten += 1;
            return None;
        }
        let partners = self.of.entry(doing).or_insert_with(|| Partners { first: link, parties: Vec::new() });
        if let Err(place) = partners.parties.binary_search(&with)
            && partners.parties.len() < PARTNERS_MAX
        {
            partners.parties.insert(place, with);
        }
        Some((partners.parties.len() as u64, partners.first))
    }
}

impl Scorer {
    /// Compares with how many somebody does what it does with how many was normal; who answers does nothing by itself.
    pub(super) fn compare_breadth(&mut self, id: LinkId, minute: u32, used: &Use, to: &mut dyn FnMut(Departure<'_>)) {
        let Entry { key, normal: Some(_), live: Some(live), .. } = self.links.at_mut(id) else { return };
        let is_stream = live.bounds.is_some_and(|bounds| bounds.is_stream);
        let factor = self.profiles.thresholds.factor(Measure::HourPartners);
        for (operation, place) in used.operations.iter().zip(&self.places) {
            let by_itself = operation.from == 0 || operation.name.is_opaque() && is_stream;
            let Some(place) = place.filter(|_| by_itself) else { continue };
            let seen = live.operations.at(place).seen.as_deref();
            let Some((most, days)) = seen.and_then(|seen| seen.live.partners) else { continue };
            let hour = minute / MINUTES_PER_HOUR;
            let Some((now, first)) = self.breadth.take(hour, *key, used.link, (&operation.name, operation.from)) else {
                continue;
            };
            let excess = Measure::HourPartners.ratio(now, most) / factor;
            if excess > 1.0 {
                let (measure, operation) = (Measure::HourPartners, Some(&*operation.name));
                to(Departure {
                    what: What::Beyond { measure, operation, now, normal: most, excess, is_sent: false },
                    link: first,
                    parties: *key,
                    place: used.place,
                    time: Timestamp::from_seconds(used.minute * 60),
                    days,
                    gap_bytes: 0,
                    one_sided: false,
                });
            }
        }
    }
}
