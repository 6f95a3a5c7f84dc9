//! What a baseline must hold to be computed with: a file whose digest is right may still be somebody's trap.

use super::approval::Approval;
use super::by_time::ByTime;
use super::file::Front;
use super::follows::FOLLOWS_MAX;
use super::history::{History, Kept};
use super::pauses::Pauses;
use super::points::{PointsProfile, StoredPoints};
use super::profile::{Hours, LinkProfile, OperationProfile, Top};
use super::results::Means;
use super::store::{Activity, HOURS_PER_DAY, Heard, MINUTES_PER_DAY, Store, StoredDevice, StoredLink, StoredOperation};
use crate::links::points::{POINTS_MAX, PointRange};

/// The last day that has a time (2554-07-21).
const DAY_MAX: u32 = 213_503;

/// The most days that a baseline is of: ten years.
const DAYS_MAX: usize = 3660;

/// The longest id.
const ID_MAX: usize = 80;

/// What is checked, or what is wrong with it.
type Checked = Result<(), String>;

fn must(holds: bool, otherwise: &str) -> Checked {
    if holds { Ok(()) } else { Err(otherwise.to_owned()) }
}

/// Checks what scoring reads.
pub(super) fn front(front: &Front) -> Checked {
    front.site.site().map_err(|error| format!("a site that is none ({error})"))?;
    days(&front.profiles.days)?;
    must(front.profiles.coverage.is_sound(), "more hours than there are")?;
    let thresholds = &front.profiles.thresholds;
    let numbers = thresholds.factors.iter().chain(thresholds.novelty.facets.iter().map(|rarity| &rarity.cutoff));
    must(numbers.chain([&thresholds.budget]).all(|number| number.is_finite()), "a threshold that is no number")?;
    front.profiles.devices.keys().try_for_each(|device| id(device))?;
    for (key, of) in &front.profiles.links {
        link(&key.initiator, &key.responder, of)?;
    }
    for kept in &front.kept_out {
        id(&kept.device)?;
        must(kept.peer.is_empty() || id(&kept.peer).is_ok(), "an id that is none")?;
        must(kept.day <= DAY_MAX, "a day that there is not")?;
    }
    front.approvals.iter().try_for_each(approval)
}

/// Checks a link.
pub(super) fn link(initiator: &str, responder: &str, of: &LinkProfile) -> Checked {
    id(initiator)?;
    id(responder)?;
    profile(of)
}

fn approval(approval: &Approval) -> Checked {
    approval.accepted.devices.keys().try_for_each(|device| id(device))?;
    for (key, _) in &approval.accepted.unmeasured {
        id(&key.initiator)?;
        id(&key.responder)?;
    }
    for (key, link) in &approval.accepted.links {
        id(&key.initiator)?;
        id(&key.responder)?;
        profile(link)?;
    }
    Ok(())
}

fn profile(link: &LinkProfile) -> Checked {
    must(link.days as usize <= DAYS_MAX, "more days than there are")?;
    link.hours.iter().try_for_each(hours)?;
    let ends = [&link.minute_bytes, &link.hour_bytes, &link.day_bytes].into_iter().flatten();
    ends.chain([&link.minute_opened, &link.hour_opened, &link.hour_failed, &link.hour_reconnected, &link.stay])
        .chain(&link.manners)
        .try_for_each(top)?;
    link.pace
        .iter()
        .try_for_each(|pace| must(pace.second == 0 || pace.min <= pace.second, "a second that is below the least"))?;
    link.pauses.iter().try_for_each(pauses)?;
    link.operations.values().try_for_each(operation)?;
    link.points.values().try_for_each(points)?;
    link.results.values().flat_map(|results| results.analytes.values()).try_for_each(means)
}

fn means(means: &Means) -> Checked {
    must(means.days as usize <= DAYS_MAX, "more days than there are")?;
    must(means.low <= means.high, "a range that ends before it begins")
}

fn points(points: &PointsProfile) -> Checked {
    must(points.days as usize <= DAYS_MAX, "more days than there are")?;
    must(points.points.len() <= POINTS_MAX, "more places than an operation has")?;
    points.points.iter().try_for_each(|point| {
        must(point.rises as usize <= DAYS_MAX, "more days than there are")?;
        range(&point.range)
    })
}

/// A range of a value at least, or none.
fn range(range: &PointRange) -> Checked {
    let is_one = range.low <= range.high && range.low_signed <= range.high_signed;
    must(*range == PointRange::NONE || is_one, "a range that ends before it begins")
}

fn operation(operation: &OperationProfile) -> Checked {
    must(operation.days as usize <= DAYS_MAX, "more days than there are")?;
    operation.hours.iter().try_for_each(hours)?;
    let OperationProfile { minute_count, hour_count, day_count, hour_partners, largest, slowest, absence, .. } =
        operation;
    [minute_count, hour_count, day_count, hour_partners, largest, slowest, absence].into_iter().try_for_each(top)?;
    must(operation.follows.len() <= FOLLOWS_MAX, "more that follows than is kept")?;
    operation.follows.iter().try_for_each(|follow| {
        must(follow.missed <= follow.hours, "more hours than there are")?;
        top(&follow.run)
    })?;
    pauses(&operation.pauses)?;
    must(operation.by_hour.is_sound(), "messages at hours that there are not")?;
    ranges(&operation.ranges)
}

fn pauses(pauses: &Pauses) -> Checked {
    must(pauses.is_sound(), "silences at hours that there are not")
}

fn top(top: &Top) -> Checked {
    must(top.second <= top.max, "a second that is above the greatest")
}

fn hours(hours: &Hours) -> Checked {
    let are_few = hours.days as usize <= DAYS_MAX && hours.all <= hours.days.saturating_mul(HOURS_PER_DAY);
    must(are_few, "more hours than there are")
}

fn ranges(ranges: &[Option<(u64, u64)>]) -> Checked {
    must(ranges.iter().flatten().all(|(least, greatest)| least <= greatest), "a range that ends before it begins")
}

fn id(id: &str) -> Checked {
    must((1..=ID_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()), "an id that is none")
}

fn days(days: &[u32]) -> Checked {
    must(days.len() <= DAYS_MAX && days.is_sorted_by(|one, next| one < next), "days out of order, or too many")?;
    must(days.last().is_none_or(|last| *last <= DAY_MAX), "a day that there is not")
}

/// Checks what learning goes on from.
pub(super) fn store(store: &Store) -> Checked {
    for (name, device) in &store.devices {
        id(name)?;
        stored_device(device)?;
    }
    for (key, link) in &store.links {
        id(&key.initiator)?;
        id(&key.responder)?;
        stored_link(link)?;
    }
    Ok(())
}

fn stored_device(device: &StoredDevice) -> Checked {
    days(&device.days)?;
    times(&device.pauses, 1)?;
    times(&device.vanished, 1)?;
    minute(device.closed)?;
    activity(&device.activity)?;
    device.stands_in_for.iter().try_for_each(|part| id(part))?;
    must(device.stands_in_for.is_sorted_by(|one, next| one < next), "devices out of order")?;
    must(device.leased.is_sorted_by(|one, next| one < next), "addresses out of order")
}

/// A time of which there are a number a day.
fn time(time: u32, per_day: u32) -> Checked {
    must(u64::from(time) < u64::from(DAY_MAX + 1) * u64::from(per_day), "a time that there is not")
}

fn minute(of: u32) -> Checked {
    time(of, MINUTES_PER_DAY)
}

/// Times of which there may be a number a day.
fn times<T>(all: &ByTime<T>, per_day: u32) -> Checked {
    are_there(all.times().next_back(), all.len(), per_day)
}

fn past<T: Kept>(all: &History<T>, per_day: u32) -> Checked {
    are_there(all.last_time(), all.len(), per_day)
}

fn are_there(last: Option<u32>, count: usize, per_day: u32) -> Checked {
    last.map_or(Ok(()), |last| time(last, per_day))?;
    must(count <= DAYS_MAX * per_day as usize, "more times than there are")
}

fn stored_link(link: &StoredLink) -> Checked {
    past(&link.hours, HOURS_PER_DAY)?;
    times(&link.open, MINUTES_PER_DAY)?;
    link.last.iter().try_for_each(heard)?;
    link.operations.values().try_for_each(stored_operation)?;
    link.points.values().try_for_each(stored_points)?;
    link.results.values().try_for_each(|results| {
        times(&results.days, 1)?;
        results.days.values().flat_map(|day| day.values()).try_for_each(means)
    })
}

fn stored_points(points: &StoredPoints) -> Checked {
    times(&points.days, 1)?;
    times(&points.open, MINUTES_PER_DAY)?;
    minute(points.state.minute)?;
    let places = points.days.values().map(|day| day.points.len()).chain(points.open.values().map(Vec::len));
    let most = places.chain([points.state.points.len()]).max();
    must(most.is_none_or(|most| most <= POINTS_MAX), "more places than an operation has")?;
    points.days.values().flat_map(|day| &day.points).try_for_each(|point| range(&point.range))?;
    points.open.values().flatten().try_for_each(range)?;
    points.state.points.iter().try_for_each(|(at, _)| range(at))
}

fn heard(heard: &Heard) -> Checked {
    let times_of = [heard.last].into_iter().chain(heard.minutes);
    times_of.into_iter().try_for_each(minute)
}

/// There are no more active minutes than minutes.
fn activity(activity: &Activity) -> Checked {
    minute(activity.last)?;
    minute(activity.minutes)
}

fn stored_operation(operation: &StoredOperation) -> Checked {
    past(&operation.days, 1)?;
    times(&operation.open, MINUTES_PER_DAY)?;
    times(&operation.open_hours, HOURS_PER_DAY)?;
    past(&operation.many, HOURS_PER_DAY)?;
    past(&operation.pauses, HOURS_PER_DAY)?;
    heard(&operation.last)?;
    operation.days.values().try_for_each(|day| ranges(&day.ranges))
}
