//! What two baselines hold differently: what came, what went, and what became wider.

use super::change::measure_name;
use super::measure::Measure;
use super::profile::{Hours, LinkProfile, OperationProfile, Profiles};
use super::store::LinkKey;
use crate::links::manner::Manner;

/// What one baseline holds and another does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub of: Of,
    /// What has become of it.
    pub how: How,
}

/// What a difference is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// A device.
    Device(String),
    /// A link.
    Link(LinkKey),
    /// An operation of a link.
    Operation(LinkKey, String),
}

/// What has become of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// Only the later one holds it.
    New,
    /// Only the earlier one holds it.
    Gone,
    /// More of it is normal in the later one.
    Wider {
        /// Of what.
        what: &'static str,
        /// By which end, where the ends differ: 0 is the initiator.
        end: Option<usize>,
        /// What was normal.
        from: u64,
        /// What is normal.
        to: u64,
    },
    /// Other values are normal as well in the later one.
    Values {
        /// The least and the greatest that were normal.
        from: Option<(u64, u64)>,
        /// The least and the greatest that are normal.
        to: (u64, u64),
    },
    /// Further hours are normal in the later one: on working days, on days of rest, one bit each.
    Hours([u32; 2]),
}

/// What `later` holds that `earlier` does not, and what it lacks; in order of devices, then of links.
#[must_use]
pub fn differences(earlier: &Profiles, later: &Profiles) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut ids: Vec<&String> = earlier.devices.keys().chain(later.devices.keys()).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let of = || Of::Device(id.clone());
        if let Some(how) = came_or_went(earlier.devices.contains_key(id), later.devices.contains_key(id)) {
            found.push(Difference { of: of(), how });
        }
    }
    let mut keys: Vec<&LinkKey> = earlier.links.keys().chain(later.links.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        match (earlier.links.get(key), later.links.get(key)) {
            (Some(earlier), Some(later)) => of_links(key, earlier, later, &mut found),
            (earlier, later) => {
                if let Some(how) = came_or_went(earlier.is_some(), later.is_some()) {
                    found.push(Difference { of: Of::Link(key.clone()), how });
                }
            }
        }
    }
    found
}

const fn came_or_went(was: bool, is: bool) -> Option<How> {
    match (was, is) {
        (false, true) => Some(How::New),
        (true, false) => Some(How::Gone),
        _ => None,
    }
}

fn of_links(key: &LinkKey, earlier: &LinkProfile, later: &LinkProfile, found: &mut Vec<Difference>) {
    let mut add = |how| found.push(Difference { of: Of::Link(key.clone()), how });
    quantities(earlier, later, &mut |measure, end, from, to| {
        if to > from {
            add(How::Wider { what: measure_name(measure), end, from, to });
        }
    });
    if let Some(hours) = further_hours(&earlier.hours, &later.hours) {
        add(How::Hours(hours));
    }
    let mut names: Vec<&str> = earlier.operations.names().chain(later.operations.names()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let mut add = |how| found.push(Difference { of: Of::Operation(key.clone(), name.to_owned()), how });
        match (earlier.operations.get(name), later.operations.get(name)) {
            (Some(earlier), Some(later)) => of_operations(earlier, later, &mut add),
            (earlier, later) => came_or_went(earlier.is_some(), later.is_some()).into_iter().for_each(add),
        }
    }
}

fn quantities(earlier: &LinkProfile, later: &LinkProfile, to: &mut dyn FnMut(Measure, Option<usize>, u64, u64)) {
    for end in 0..2 {
        for (measure, earlier, later) in [
            (Measure::MinuteBytes, &earlier.minute_bytes, &later.minute_bytes),
            (Measure::HourBytes, &earlier.hour_bytes, &later.hour_bytes),
            (Measure::DayBytes, &earlier.day_bytes, &later.day_bytes),
        ] {
            to(measure, Some(end), earlier[end].max, later[end].max);
        }
        to(Measure::LinkPause, Some(end), earlier.pauses[end].longest(), later.pauses[end].longest());
    }
    to(Measure::MinuteOpened, None, earlier.minute_opened.max, later.minute_opened.max);
    to(Measure::HourOpened, None, earlier.hour_opened.max, later.hour_opened.max);
    to(Measure::HourFailed, None, earlier.hour_failed.max, later.hour_failed.max);
    to(Measure::Stay, None, earlier.stay.max, later.stay.max);
    to(Measure::HourReconnected, None, earlier.hour_reconnected.max, later.hour_reconnected.max);
    for (manner, (earlier, later)) in Manner::ALL.into_iter().zip(earlier.manners.iter().zip(later.manners)) {
        to(Measure::of_manner(manner), None, earlier.max, later.max);
    }
}

fn of_operations(earlier: &OperationProfile, later: &OperationProfile, add: &mut dyn FnMut(How)) {
    for (measure, from, to) in [
        (Measure::MinuteMessages, earlier.minute_count.max, later.minute_count.max),
        (Measure::HourMessages, earlier.hour_count.max, later.hour_count.max),
        (Measure::DayMessages, earlier.day_count.max, later.day_count.max),
        (Measure::HourPartners, earlier.hour_partners.max, later.hour_partners.max),
        (Measure::MessageBytes, earlier.largest.max, later.largest.max),
        (Measure::Refusals, earlier.refused.into(), later.refused.into()),
        (Measure::ResponseTime, earlier.slowest.max, later.slowest.max),
        (Measure::OperationPause, earlier.pauses.longest(), later.pauses.longest()),
    ] {
        if to > from {
            add(How::Wider { what: measure_name(measure), end: None, from, to });
        }
    }
    for (from, to) in earlier.ranges.iter().zip(&later.ranges) {
        let Some(to) = *to else { continue };
        if from.is_none_or(|from| to.0 < from.0 || to.1 > from.1) {
            add(How::Values { from: *from, to });
        }
    }
    if let Some(hours) = further_hours(&earlier.hours, &later.hours) {
        add(How::Hours(hours));
    }
}

fn further_hours(earlier: &[Hours; 2], later: &[Hours; 2]) -> Option<[u32; 2]> {
    let further = [0, 1].map(|kind| later[kind].seen & !earlier[kind].seen);
    (further != [0; 2]).then_some(further)
}
