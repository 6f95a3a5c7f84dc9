//! Hours of the day at which a link, or something that it does, is quiet else.

use wardtap_net::packet::Timestamp;

use super::live::Live;
use super::table::{Entry, LinkId};
use super::{Departure, Scorer, What};
use crate::baseline::novelty::{Facet, Novelty};
use crate::baseline::packed::PackedLink;
use crate::baseline::profile::{Hours, kind_index};
use crate::links::Use;
use crate::parties::Parties;
use crate::site::Local;

impl Scorer {
    /// Looks whether what a service does for whoever it is it does at this hour of the day at all.
    pub(super) fn compare_hours_of_service(
        &mut self,
        id: LinkId,
        used: &Use,
        parties: &Parties,
        to: &mut dyn FnMut(Departure<'_>),
    ) {
        let Entry { key, normal: Some(profile), live: Some(live), .. } = self.links.at_mut(id) else { return };
        let (time, this_hour) = (Timestamp::from_seconds(used.minute * 60), (used.minute / 60) as u32);
        if live.hour_told == this_hour {
            return;
        }
        let local = parties.site().local(time);
        let hour = i64::from(local.day) * 24 + i64::from(local.hour);
        let novelty = &self.profiles.thresholds.novelty;
        for (operation, place) in used.operations.iter().zip(&self.places) {
            let Some(known) = place.map(|place| live.operations.at(place)) else { continue };
            match known.seen.as_deref_mut() {
                Some(seen) if seen.live.hour_usual != hour => seen.live.hour_usual = hour,
                _ => continue,
            }
            let Some(hours) = known.hours(profile).map(|hours| hours[kind_index(local.kind)]) else {
                continue;
            };
            let unlikely = hours.unlikely(local.hour);
            if unlikely == 0 || !hours.are_known() {
                continue;
            }
            let (surprise, rare) = novelty.surprise(Facet::ServiceHour, unlikely.into(), &[parties.id(key.responder)]);
            if rare {
                live.hour_told = this_hour;
                let days = live.bounds.map_or(0, |bounds| bounds.days);
                to(Departure {
                    what: What::Hour { operation: Some(&operation.name), hour: local.hour, surprise },
                    link: used.link,
                    parties: *key,
                    place: used.place,
                    time,
                    days,
                    gap_bytes: 0,
                    one_sided: false,
                });
                return;
            }
        }
    }
}

/// What a link does at this hour more surprisingly than the budget allows for: anything at all, or else one of its operations,
/// which stand at these places among those that it knows.
///
/// What turned out usual is not looked at again in this hour.
pub(super) fn unusual<'a>(
    local: &Local,
    (live, profile): (&mut Live, &PackedLink),
    (used, places): (&'a Use, &[Option<usize>]),
    novelty: &Novelty,
    ids: &[&str],
) -> Option<What<'a>> {
    let unlikely = |hours: &[Hours; 2]| {
        let hours = &hours[kind_index(local.kind)];
        Some(hours.unlikely(local.hour)).filter(|unlikely| *unlikely > 0 && hours.are_known())
    };
    let judged = |facet: Facet, operation: Option<&'a str>, unlikely: u8| {
        let (surprise, rare) = novelty.surprise(facet, unlikely.into(), ids);
        rare.then_some(What::Hour { operation, hour: local.hour, surprise })
    };
    let hour = i64::from(local.day) * 24 + i64::from(local.hour);
    if live.hour_usual != hour {
        if let Some(unlikely) = live.bounds.and_then(|bounds| unlikely(&bounds.hours)) {
            return judged(Facet::Hour, None, unlikely);
        }
        live.hour_usual = hour;
    }
    used.operations.iter().zip(places).find_map(|(operation, place)| {
        let known = live.operations.at((*place)?);
        if known.seen.as_deref()?.live.hour_usual == hour {
            return None;
        }
        let what = unlikely(&known.hours(profile)?)
            .and_then(|unlikely| judged(Facet::of_hour(&operation.name), Some(&operation.name), unlikely));
        if what.is_none() {
            known.seen.as_deref_mut()?.live.hour_usual = hour;
        }
        what
    })
}
