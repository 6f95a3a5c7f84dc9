//! What was learned, as counts that only add up: two stores merge in any order, and learning on is merging.
//!
//! Counts lie in hours and days of absolute time (UTC), so that nothing has to be known of time zones, holidays or age
//! while learning. A maximum over minutes is no sum: the last minute of each link and operation stands open until a later
//! one comes, and open minutes of two stores that are the same minute are added. So a capture may be cut anywhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::by_hour::BY_HOUR_MIN;
use super::by_time::ByTime;
use super::history::History;
use super::named::{HEAP_OCTETS, Named};
use super::points::StoredPoints;
use super::results::StoredResults;
use super::shared::Shared;
use crate::links::manner::{self, Manners};

/// A device in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDevice {
    /// Its own MAC address, on evidence.
    pub mac: Option<[u8; 6]>,
    /// The addresses that it had, as 128 bits, and of each the last minute in which it sent from it; 0 where it never did.
    pub addresses: BTreeMap<(u64, u64), u32>,
    /// Those of its addresses that a server gave it, as the site's servers do with whoever asks.
    pub leased: Vec<(u64, u64)>,
    /// Whose addresses it takes over, and whose part it plays there: their ids, in order.
    pub stands_in_for: Vec<String>,
    /// The days on which it was heard or spoken to.
    pub days: Vec<u32>,
    /// By day: the longest time, in minutes, in which it sent nothing, and that ended on this day.
    pub pauses: ByTime<u32>,
    /// Of those that were longer than [`VANISHED_MIN`] and before which it had closed no conversation: it did not take leave.
    pub vanished: ByTime<u32>,
    /// The last minute in which a conversation of it was closed; 0 where none was.
    pub closed: u32,
    /// Its activity so far.
    pub activity: Activity,
}

/// How much there has been of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Activity {
    /// The last minute with some, counted from 1970.
    pub last: u32,
    /// Minutes with some, that one among them.
    pub minutes: u32,
}

impl Activity {
    /// There is some in a minute; gives back how many minutes there was none.
    pub const fn at(&mut self, minute: u32) -> u32 {
        if minute <= self.last {
            return 0;
        }
        let pause = if self.last == 0 { 0 } else { minute - self.last };
        self.last = minute;
        self.minutes += 1;
        pause
    }

    /// Whether who was last heard then had taken leave: a conversation was closed in that minute or the one before, or behind it.
    #[must_use]
    pub const fn has_left(&self, closed: u32) -> bool {
        closed > 0 && closed.saturating_add(1) >= self.last
    }
}

/// Minutes for which nobody is missed who has not taken leave.
pub const VANISHED_MIN: u32 = 15;

/// Whose activity the silence of an end of a link is counted by: that of the initiator its own, since who is away is silent
/// everywhere; that of the responder both ends', since nobody answers who is not asked. Who responds to whoever it is
/// ([`crate::parties::ANYBODY`]) counts alone.
#[must_use]
pub const fn witnesses(of: &[Activity; 2], anybody: bool) -> [[Activity; 2]; 2] {
    let [initiator, responder] = *of;
    if anybody { [[responder; 2]; 2] } else { [[initiator; 2], [initiator, responder]] }
}

/// When there was something last, beside the activity of its [`witnesses`]: silences are counted in minutes in which both
/// were active otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Heard {
    /// The minute, counted from 1970.
    pub last: u32,
    /// How many minutes the witnesses had been active by then, that one among them.
    pub minutes: [u32; 2],
}

impl Heard {
    /// How many minutes the witnesses were active since, `now` not counted: never more than have passed.
    #[must_use]
    pub fn alone(&self, witnesses: &[Activity; 2], now: u32) -> u32 {
        if self.last == 0 || now <= self.last {
            return 0;
        }
        let since = witnesses.iter().zip(self.minutes).map(|(witness, minutes)| {
            let until = if witness.last >= now { witness.minutes.saturating_sub(1) } else { witness.minutes };
            until.saturating_sub(minutes)
        });
        since.fold(now - self.last - 1, u32::min)
    }

    /// There is something in a minute.
    pub const fn at(&mut self, witnesses: &[Activity; 2], now: u32) {
        if now >= self.last {
            *self = Self { last: now, minutes: [witnesses[0].minutes, witnesses[1].minutes] };
        }
    }
}

/// The ends of a link, by id, and what for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LinkKey {
    /// Who opens conversations.
    pub initiator: String,
    /// Who answers.
    pub responder: String,
    /// The IP protocol.
    pub transport: u8,
    /// The port, see [`crate::links::Service`].
    pub port: u16,
}

/// All that was learned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// The devices by id.
    pub devices: BTreeMap<String, StoredDevice>,
    /// What they did.
    pub links: BTreeMap<LinkKey, Shared<StoredLink>>,
}

/// A link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLink {
    /// By hour, counted from 1970.
    pub hours: History<LinkHour>,
    /// Minutes that may go on, counted from 1970.
    pub open: ByTime<LinkMinute>,
    /// What it did.
    pub operations: Named<StoredOperation>,
    /// The values at the places that operations read or write, by operation.
    pub points: Named<StoredPoints>,
    /// The means of the results that operations carry, by operation.
    pub results: Named<StoredResults>,
    /// When the initiator and the responder last sent something.
    pub last: [Heard; 2],
    /// Messages of operations that were not told apart.
    pub other_messages: u64,
}

/// An hour of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkHour {
    /// Conversations that began.
    pub opened: u32,
    /// Conversations that ended without an answer.
    pub failed: u32,
    /// Octets of frames that the initiator and the responder sent.
    pub bytes: [u64; 2],
    /// The frames.
    pub packets: [u64; 2],
    /// Minutes in which they sent something.
    pub minutes: [u32; 2],
    /// The longest silences that ended in this hour, in minutes of the [`witnesses`].
    pub pause: [u32; 2],
    /// The most octets in a minute.
    pub peak_bytes: [u64; 2],
    /// The most conversations that began in a minute.
    pub peak_opened: u32,
    /// Octets that were missing.
    pub gap_bytes: u64,
    /// How it was spoken.
    pub manners: Manners,
}

/// A minute of a link that may go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkMinute {
    /// Octets of frames that the initiator and the responder sent.
    pub bytes: [u64; 2],
    /// Conversations that began.
    pub opened: u32,
}

/// An operation of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredOperation {
    /// By day, counted from 1970.
    pub days: History<OperationDay>,
    /// Minutes that may go on, counted from 1970.
    pub open: ByTime<OperationMinute>,
    /// Hours that may go on, counted from 1970: messages.
    pub open_hours: ByTime<u32>,
    /// By hour, counted from 1970: messages, where there were more than [`BY_HOUR_MIN`], of what is read.
    pub many: History<u32>,
    /// By hour, counted from 1970: the longest silence that ended in it, in minutes of the [`witnesses`].
    pub pauses: History<u32>,
    /// When there was one last.
    pub last: Heard,
    /// Who sends it: 0 the initiator of the link, 1 the responder.
    pub from: u8,
}

/// A day of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationDay {
    /// Messages.
    pub count: u32,
    /// Bit n: there were some in hour n of the day.
    pub hours: u32,
    /// Octets.
    pub bytes: u64,
    /// Octets of the largest.
    pub largest: u64,
    /// Answers that refused.
    pub refused: u32,
    /// The most in a minute.
    pub peak_minute: u32,
    /// The most in an hour.
    pub peak_hour: u32,
    /// The least and greatest values.
    pub ranges: [Option<(u64, u64)>; 2],
    /// Answers whose request was seen.
    pub answers: u32,
    /// Microseconds that they took together.
    pub micros: u64,
    /// The greatest mean of a minute with at least [`ANSWERS_MIN`] of them, in microseconds.
    pub slowest: u64,
}

/// A minute with fewer answers says nothing of how fast they are.
pub const ANSWERS_MIN: u32 = 3;

/// A minute of an operation that may go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationMinute {
    /// Messages.
    pub count: u32,
    /// Answers whose request was seen.
    pub answers: u32,
    /// Microseconds that they took together.
    pub micros: u64,
}

/// Minutes in an hour.
pub const MINUTES_PER_HOUR: u32 = 60;
/// Hours in a day.
pub const HOURS_PER_DAY: u32 = 24;
/// Minutes in a day.
pub const MINUTES_PER_DAY: u32 = MINUTES_PER_HOUR * HOURS_PER_DAY;

impl Store {
    /// Adds what another has learned.
    pub fn merge(&mut self, other: Self) {
        for (id, device) in other.devices {
            self.devices.entry(id).or_default().merge(device);
        }
        for (key, link) in other.links {
            self.links.entry(key).or_default().merge(link.into_inner());
        }
    }
}

/// Adds what is not there to a list in order.
fn include<T: Ord>(list: &mut Vec<T>, one: T) {
    if let Err(place) = list.binary_search(&one) {
        list.insert(place, one);
    }
}

impl StoredDevice {
    fn merge(&mut self, other: Self) {
        // Of several the least: the order of merging must not show.
        self.mac = [self.mac, other.mac].into_iter().flatten().min();
        for (address, minute) in other.addresses {
            self.has(address, minute);
        }
        other.leased.into_iter().for_each(|address| include(&mut self.leased, address));
        other.stands_in_for.into_iter().for_each(|part| self.stands_in(part));
        for day in other.days {
            self.was_there(day);
        }
        for (day, pause) in other.pauses {
            let longest = self.pauses.or_default(day);
            *longest = pause.max(*longest);
        }
        for (day, pause) in other.vanished {
            let longest = self.vanished.or_default(day);
            *longest = pause.max(*longest);
        }
        self.closed = self.closed.max(other.closed);
        self.activity = self.activity.max(other.activity);
    }

    /// Takes note of an address, and of a minute in which it sent from it; 0 where it did not.
    pub fn has(&mut self, address: (u64, u64), minute: u32) {
        let last = self.addresses.entry(address).or_default();
        *last = minute.max(*last);
    }

    /// Takes note of whose part it plays.
    pub fn stands_in(&mut self, part: String) {
        include(&mut self.stands_in_for, part);
    }

    /// It sent something in a minute.
    pub fn was_heard(&mut self, minute: u32) {
        let has_left = self.activity.has_left(self.closed);
        let (pause, day) = (self.activity.at(minute), minute / MINUTES_PER_DAY);
        let longest = self.pauses.or_default(day);
        *longest = pause.max(*longest);
        if pause > VANISHED_MIN && !has_left {
            let longest = self.vanished.or_default(day);
            *longest = pause.max(*longest);
        }
    }

    /// A conversation of it was closed in a minute.
    pub fn has_closed(&mut self, minute: u32) {
        self.closed = self.closed.max(minute);
    }

    /// Nobody watched for so many minutes: nobody was silent meanwhile.
    pub fn was_unwatched(&mut self, minutes: u32) {
        for last in [&mut self.activity.last, &mut self.closed].into_iter().filter(|last| **last > 0) {
            *last = last.saturating_add(minutes);
        }
    }

    /// Takes note of a day.
    pub fn was_there(&mut self, day: u32) {
        if let Err(place) = self.days.binary_search(&day) {
            self.days.insert(place, day);
        }
    }
}

impl StoredLink {
    fn merge(&mut self, other: Self) {
        for (hour, cell) in other.hours.iter() {
            self.hours.or_default(hour).add(&cell);
        }
        for (minute, open) in other.open {
            self.open.or_default(minute).add(&open);
        }
        for (name, operation) in other.operations {
            self.operations.or_default(&name).merge(operation);
        }
        for (name, points) in other.points {
            self.points.or_default(&name).merge(points);
        }
        for (name, results) in other.results {
            self.results.or_default(&name).merge(results);
        }
        for (last, other) in self.last.iter_mut().zip(other.last) {
            *last = other.max(*last);
        }
        self.other_messages = self.other_messages.saturating_add(other.other_messages);
    }

    /// The octets of what is known of it.
    #[must_use]
    pub fn octets(&self) -> usize {
        let operations = self.operations.values().map(StoredOperation::octets).sum::<usize>();
        let points = self.points.values().map(StoredPoints::octets).sum::<usize>();
        let results = self.results.values().map(StoredResults::octets).sum::<usize>();
        self.own_octets() + operations + points + results
    }

    /// Those of its own lists.
    pub(super) fn own_octets(&self) -> usize {
        let lists = [self.hours.octets(), self.open.octets(), self.operations.octets(), self.points.octets()];
        lists.into_iter().sum::<usize>() + self.results.octets()
    }

    /// Closes the minutes before one that has begun.
    pub fn close_before(&mut self, minute: u32) {
        self.open.take_before(minute, |minute, open| self.hours.or_default(minute / MINUTES_PER_HOUR).peak(&open));
    }
}

impl LinkHour {
    fn add(&mut self, other: &Self) {
        self.opened = self.opened.saturating_add(other.opened);
        self.failed = self.failed.saturating_add(other.failed);
        for direction in 0..2 {
            self.bytes[direction] = self.bytes[direction].saturating_add(other.bytes[direction]);
            self.packets[direction] = self.packets[direction].saturating_add(other.packets[direction]);
            self.minutes[direction] = self.minutes[direction].saturating_add(other.minutes[direction]);
            self.pause[direction] = self.pause[direction].max(other.pause[direction]);
            self.peak_bytes[direction] = self.peak_bytes[direction].max(other.peak_bytes[direction]);
        }
        self.peak_opened = self.peak_opened.max(other.peak_opened);
        self.gap_bytes = self.gap_bytes.saturating_add(other.gap_bytes);
        manner::add(&mut self.manners, &other.manners);
    }

    /// A minute of it is over.
    pub fn peak(&mut self, minute: &LinkMinute) {
        for direction in 0..2 {
            self.peak_bytes[direction] = self.peak_bytes[direction].max(minute.bytes[direction]);
        }
        self.peak_opened = self.peak_opened.max(minute.opened);
    }
}

impl LinkMinute {
    fn add(&mut self, other: &Self) {
        for direction in 0..2 {
            self.bytes[direction] = self.bytes[direction].saturating_add(other.bytes[direction]);
        }
        self.opened = self.opened.saturating_add(other.opened);
    }
}

impl StoredOperation {
    fn merge(&mut self, other: Self) {
        for (day, cell) in other.days.iter() {
            self.days.or_default(day).add(&cell);
        }
        for (minute, open) in other.open {
            self.open.or_default(minute).add(&open);
        }
        for (hour, count) in other.open_hours {
            let open = self.open_hours.or_default(hour);
            *open = open.saturating_add(count);
        }
        for (hour, more) in other.many.iter() {
            let count = self.many.or_default(hour);
            *count = count.saturating_add(more);
        }
        for (hour, pause) in other.pauses.iter() {
            let longest = self.pauses.or_default(hour);
            *longest = pause.max(*longest);
        }
        self.last = self.last.max(other.last);
        self.from = self.from.max(other.from);
    }

    /// The octets of what is known of it.
    #[must_use]
    pub const fn octets(&self) -> usize {
        let hours = self.open_hours.octets() + self.many.octets();
        let lists = self.days.octets() + self.open.octets() + hours + self.pauses.octets();
        lists + 3 * HEAP_OCTETS
    }

    /// Closes the minutes before one that has begun, and the hours before its hour.
    pub fn close_before(&mut self, minute: u32, is_opaque: bool) {
        self.open.take_before(minute, |minute, open| {
            self.days.or_default(minute / MINUTES_PER_HOUR / HOURS_PER_DAY).peak(&open);
        });
        let hour = minute / MINUTES_PER_HOUR;
        self.open_hours.take_before(hour, |hour, count| {
            let day = self.days.or_default(hour / HOURS_PER_DAY);
            day.peak_hour = day.peak_hour.max(count);
            if u64::from(count) > BY_HOUR_MIN && !is_opaque {
                let many = self.many.or_default(hour);
                *many = many.saturating_add(count);
            }
        });
    }
}

impl OperationDay {
    fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.hours |= other.hours;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.largest = self.largest.max(other.largest);
        self.refused = self.refused.saturating_add(other.refused);
        self.peak_minute = self.peak_minute.max(other.peak_minute);
        self.peak_hour = self.peak_hour.max(other.peak_hour);
        for (range, other) in self.ranges.iter_mut().zip(other.ranges) {
            *range = wider(*range, other);
        }
        self.answers = self.answers.saturating_add(other.answers);
        self.micros = self.micros.saturating_add(other.micros);
        self.slowest = self.slowest.max(other.slowest);
    }

    /// A minute of it is over.
    pub fn peak(&mut self, minute: &OperationMinute) {
        self.peak_minute = self.peak_minute.max(minute.count);
        if minute.answers >= ANSWERS_MIN {
            self.slowest = self.slowest.max(minute.micros / u64::from(minute.answers));
        }
    }
}

impl OperationMinute {
    fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.answers = self.answers.saturating_add(other.answers);
        self.micros = self.micros.saturating_add(other.micros);
    }
}

/// The least range that holds both.
#[must_use]
pub fn wider(one: Option<(u64, u64)>, other: Option<(u64, u64)>) -> Option<(u64, u64)> {
    match (one, other) {
        (Some((low, high)), Some((other_low, other_high))) => Some((low.min(other_low), high.max(other_high))),
        (one, other) => one.or(other),
    }
}
