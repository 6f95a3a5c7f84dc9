//! Hours of the day at which a link, or something that it does, is quiet else.

use super::What;
use super::live::Live;
use crate::baseline::novelty::{Facet, HOUR_DAYS_MIN, Novelty};
use crate::baseline::profile::{Hours, LinkProfile, kind_index};
use crate::links::Use;
use crate::site::Local;

/// What a link does at this hour more surprisingly than the budget allows for: anything at all, or else one of its operations,
/// which stand at these places among those that it knows.
///
/// What turned out usual is not looked at again in this hour.
pub(super) fn unusual<'a>(
    local: &Local,
    (live, profile): (&mut Live, &LinkProfile),
    (used, places): (&'a Use, &[Option<usize>]),
    novelty: &Novelty,
    ids: &[&str],
) -> Option<What<'a>> {
    let unlikely = |hours: &[Hours; 2]| {
        let hours = &hours[kind_index(local.kind)];
        Some(hours.unlikely(local.hour)).filter(|unlikely| *unlikely > 0 && hours.days >= HOUR_DAYS_MIN)
    };
    let judged = |facet: Facet, operation: Option<&'a str>, unlikely: u8| {
        let (surprise, rare) = novelty.surprise(facet, unlikely.into(), ids);
        rare.then_some(What::Hour { operation, hour: local.hour, surprise })
    };
    let hour = i64::from(local.day) * 24 + i64::from(local.hour);
    if live.hour_usual != hour {
        if let Some(unlikely) = unlikely(&profile.hours) {
            return judged(Facet::Hour, None, unlikely);
        }
        live.hour_usual = hour;
    }
    used.operations.iter().zip(places).find_map(|(operation, place)| {
        let known = live.operations.at((*place)?);
        if known.live.hour_usual == hour {
            return None;
        }
        let what = unlikely(&known.normal(profile)?.hours)
            .and_then(|unlikely| judged(Facet::of_hour(&operation.name), Some(&operation.name), unlikely));
        if what.is_none() {
            known.live.hour_usual = hour;
        }
        what
    })
}
