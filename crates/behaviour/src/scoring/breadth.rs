//! With how many a device does the same in this hour.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::FixedState;
use hashbrown::HashMap;
use wardtap_net::packet::Timestamp;

use super::table::{Entry, LinkId};
use super::{Departure, Scorer, What};
use crate::baseline::measure::Measure;
use crate::baseline::profile::kind_index;
use crate::baseline::store::MINUTES_PER_HOUR;
use crate::links::{Link, Service, Use, digest, does_by_itself, done, whoever_it_is_for};
use crate::parties::{Parties, Party, PartyLink};

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
    /// The same of what is done at an hour at which it is quiet else, in the words of whoever it is for.
    quiet: HashMap<(Party, Service, u64, bool), Quiet, foldhash::fast::RandomState>,
    pub(super) forgotten: u64,
}

/// With how many it was done, and on which link first.
struct Quiet {
    first: Link,
    count: u64,
}

struct Partners {
    /// The link on which it was done first in this hour: what is told of all is told of it.
    first: Link,
    parties: Vec<Party>,
}

impl Breadth {
    /// Takes what was done with one more, and says with how many it was by now, and on which link first.
    fn take(&mut self, hour: u32, key: PartyLink, link: Link, (name, from): (&str, u8)) -> Option<(u64, Link)> {
        self.at(hour);
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

    /// Takes what was done with one at an hour at which that is quiet else, and says with how many it was by now.
    fn take_quiet(&mut self, hour: u32, key: PartyLink, link: Link, (name, from): (&str, u8)) -> Option<(u64, Link)> {
        self.at(hour);
        let mut words = FixedState::default().build_hasher();
        whoever_it_is_for(name).for_each(|part| part.hash(&mut words));
        let who = if from == 0 { key.initiator } else { key.responder };
        let doing = (who, key.service, words.finish(), from == 0);
        if self.quiet.len() >= DOINGS_MAX && !self.quiet.contains_key(&doing) {
            self.forgotten += 1;
            return None;
        }
        let quiet = self.quiet.entry(doing).or_insert(Quiet { first: link, count: 0 });
        quiet.count += 1;
        Some((quiet.count, quiet.first))
    }

    /// Begins anew with an hour.
    fn at(&mut self, hour: u32) {
        if hour != self.hour {
            self.hour = hour;
            self.of.clear();
            self.quiet.clear();
        }
    }
}

impl Scorer {
    /// Compares with how many somebody does what it does with how many was normal; who answers does nothing by itself.
    pub(super) fn compare_breadth(&mut self, id: LinkId, minute: u32, used: &Use, to: &mut dyn FnMut(Departure<'_>)) {
        let Entry { key, normal: Some(_), live: Some(live), .. } = self.links.at_mut(id) else { return };
        let is_stream = live.bounds.is_some_and(|bounds| bounds.is_stream);
        let factor = self.profiles.thresholds.factor(Measure::HourPartners);
        for (operation, place) in used.operations.iter().zip(&self.places) {
            let by_itself = does_by_itself(&operation.name, operation.from, is_stream);
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

    /// Compares with how many somebody does the same at an hour at which each of them is quiet else.
    pub(super) fn compare_quiet_hours(
        &mut self,
        id: LinkId,
        minute: u32,
        used: &Use,
        parties: &Parties,
        to: &mut dyn FnMut(Departure<'_>),
    ) {
        let Entry { key, normal: Some(profile), live: Some(live), .. } = self.links.at_mut(id) else { return };
        let is_stream = live.bounds.is_some_and(|bounds| bounds.is_stream);
        let factor = self.profiles.thresholds.factor(Measure::QuietHour);
        let (hour, time) = (minute / MINUTES_PER_HOUR, Timestamp::from_seconds(used.minute * 60));
        let local = parties.site().local(time);
        for (operation, place) in used.operations.iter().zip(&self.places) {
            let by_itself = does_by_itself(&operation.name, operation.from, is_stream);
            let Some(known) = place.filter(|_| by_itself).map(|place| live.operations.at(place)) else { continue };
            match known.seen.as_deref_mut() {
                Some(seen) if seen.live.quiet_looked_at != hour => seen.live.quiet_looked_at = hour,
                _ => continue,
            }
            let Some(hours) = known.hours(profile) else { continue };
            let of_kind = &hours[kind_index(local.kind)];
            if !of_kind.are_known() || of_kind.unlikely(local.hour) == 0 {
                continue;
            }
            // Where that is so on days of both kinds, all of them say so.
            let quiet = hours.iter().filter(|hours| hours.unlikely(local.hour) > 0);
            let days = quiet.map(|hours| hours.days).sum();
            let done = (&*operation.name, operation.from);
            let Some((now, first)) = self.breadth.take_quiet(hour, *key, used.link, done) else { continue };
            let excess = Measure::QuietHour.ratio(now, 0) / factor;
            if excess > 1.0 {
                to(Departure {
                    what: What::HourOfMany { operation: &operation.name, hour: local.hour, now, excess },
                    link: first,
                    parties: *key,
                    place: used.place,
                    time,
                    days,
                    gap_bytes: 0,
                    one_sided: false,
                });
            }
        }
    }

    /// Compares how often a service tells the same to whoever uses it in a minute. Who has just come is greeted, which is no
    /// more than an answer.
    pub(super) fn compare_service_minute(
        &mut self,
        id: LinkId,
        (client, minute): (PartyLink, u32),
        used: &Use,
        to: &mut dyn FnMut(Departure<'_>),
    ) {
        let Entry { key, normal: Some(_), live: Some(live), .. } = self.links.at_mut(id) else { return };
        if !live.bounds.is_some_and(|bounds| bounds.is_stream) {
            return;
        }
        let factor = self.profiles.thresholds.factor(Measure::ServiceMinute);
        for (operation, place) in used.operations.iter().zip(&self.places) {
            let seen = place.and_then(|place| live.operations.at(place).seen.as_deref());
            let Some((seen, normal)) = seen.and_then(|seen| Some((seen, seen.live.service_minute?))) else { continue };
            let now = seen.live.minute_count.saturating_sub(live.minute_opened).into();
            let excess = Measure::ServiceMinute.ratio(now, normal) / factor;
            if excess > 1.0 {
                // Told of whom it would be if it was too many within the hour: both are one alert.
                let done = (&*operation.name, operation.from);
                let first = self.breadth.take(minute / MINUTES_PER_HOUR, client, used.link, done);
                let (measure, operation) = (Measure::ServiceMinute, Some(&*operation.name));
                to(Departure {
                    what: What::Beyond { measure, operation, now, normal, excess, is_sent: false },
                    link: first.map_or(used.link, |(_, first)| first),
                    parties: *key,
                    place: used.place,
                    time: Timestamp::from_seconds(used.minute * 60),
                    days: seen.live.partners.map_or(0, |(_, days)| days),
                    gap_bytes: 0,
                    one_sided: false,
                });
            }
        }
    }

    /// Compares how many of those who use a service get no answer.
    pub(super) fn compare_service_failed(&mut self, id: LinkId, used: &Use, to: &mut dyn FnMut(Departure<'_>)) {
        let Entry { key, normal: Some(profile), live: Some(live), .. } = self.links.at_mut(id) else { return };
        let (measure, now) = (Measure::ServiceFailed, u64::from(live.hour_failed));
        let factor = self.profiles.thresholds.factor(measure);
        if measure.ratio(now, 0) <= factor {
            return;
        }
        let profile = profile.own();
        let normal = profile.hour_failed.next();
        let excess = measure.ratio(now, normal) / factor;
        if excess > 1.0 && profile.is_measured() {
            to(Departure {
                what: What::Beyond { measure, operation: None, now, normal, excess, is_sent: false },
                link: used.link,
                parties: *key,
                place: used.place,
                time: Timestamp::from_seconds(used.minute * 60),
                days: profile.days,
                gap_bytes: 0,
                one_sided: false,
            });
        }
    }
}
