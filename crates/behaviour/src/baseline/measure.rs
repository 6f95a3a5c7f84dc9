//! Quantities: how far something is beyond what was normal.

use serde::{Deserialize, Serialize};

use crate::links::is_opaque;
use crate::links::manner::Manner;

use super::by_hour::BY_HOUR_MIN;
use super::kin::KinOf;
use super::pauses::{Coverage, Slot};
use super::profile::{DeviceProfile, HOUR_DAYS_MIN, Hours, LinkProfile, OperationProfile};

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Measure {
    /// Octets that one end of a link sends in a minute.
    MinuteBytes,
    /// Octets that one end of a link sends in an hour.
    HourBytes,
    /// Octets that one end of a link sends in a day (UTC).
    DayBytes,
    /// Conversations that begin in a minute.
    MinuteOpened,
    /// Conversations that begin in an hour.
    HourOpened,
    /// Conversations of an hour that end without an answer.
    HourFailed,
    /// Conversations of an hour that begin and are answered, where one lasts else.
    HourReconnected,
    /// Payloads of an hour in [`Manner::Unasked`], where the initiator has something to say all the time.
    HourUnasked,
    /// Those in [`Manner::Late`].
    HourLate,
    /// Those in [`Manner::Repeated`].
    HourRepeated,
    /// Names under which the initiator logs in within an hour.
    HourNames,
    /// Messages of an operation in a minute.
    MinuteMessages,
    /// Messages of an operation in an hour.
    HourMessages,
    /// The same at an hour of the day.
    HourOfDay,
    /// Messages of an operation in a day (UTC).
    DayMessages,
    /// Partners with whom somebody does the same in an hour.
    HourPartners,
    /// Packets a minute that one end of a link sends in an hour, how many times as few as was normal.
    HourPace,
    /// Octets of a message.
    MessageBytes,
    /// Answers that refuse, in thousandths.
    Refusals,
    /// Microseconds that answers take.
    ResponseTime,
    /// Minutes without a packet on a link, while its sender sent something else.
    LinkPause,
    /// Minutes without a message of an operation, while its sender sent something else.
    OperationPause,
    /// Minutes without a payload of a size class, while its sender sent something else.
    PayloadPause,
    /// Hours without a message of an operation, while its sender sent something else: how surprising, see
    /// [`super::absence`].
    Absence,
    /// Hours with a message of an operation and without what follows it: how surprising, see [`super::follows`].
    Unfollowed,
    /// Minutes without a packet of a device.
    DevicePause,
    /// The same of one that has closed no conversation before.
    Vanished,
    /// A value beside the range of those seen: 1000 and how far it is beside, in thousandths of the width of the range.
    Value,
    /// The same for a value at one of the places that a message reads or writes, where it seldom changes.
    Setting,
    /// The same where it moves always.
    Reading,
    /// The mean of results beside the range of those seen, as [`Self::Value`] has it.
    Results,
    /// Minutes in which a place was read whose values move, and had not changed.
    Frozen,
    /// How often somebody does the same at an hour at which each that it is done with is quiet else: see
    /// [`super::quiet_hours`].
    QuietHour,
    /// Payloads of a size that a service sends in a minute, to all who use it together.
    ServiceMinute,
    /// Payloads of a size that an initiator sends in an hour who has something to say all the time.
    HourPayloads,
    /// Conversations of an hour that end without an answer, of all who use a service together.
    ServiceFailed,
    /// Minutes with something of somebody from outside, in hours one behind the other.
    Stay,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 37] = [
        Self::MinuteBytes,
        Self::HourBytes,
        Self::DayBytes,
        Self::MinuteOpened,
        Self::HourOpened,
        Self::HourFailed,
        Self::HourReconnected,
        Self::HourUnasked,
        Self::HourLate,
        Self::HourRepeated,
        Self::HourNames,
        Self::MinuteMessages,
        Self::HourMessages,
        Self::HourOfDay,
        Self::DayMessages,
        Self::HourPartners,
        Self::HourPace,
        Self::MessageBytes,
        Self::Refusals,
        Self::ResponseTime,
        Self::LinkPause,
        Self::OperationPause,
        Self::PayloadPause,
        Self::Absence,
        Self::Unfollowed,
        Self::DevicePause,
        Self::Vanished,
        Self::Value,
        Self::Setting,
        Self::Reading,
        Self::Results,
        Self::Frozen,
        Self::QuietHour,
        Self::ServiceMinute,
        Self::HourPayloads,
        Self::ServiceFailed,
        Self::Stay,
    ];

    /// Below this, more than was normal is nothing to speak of.
    #[must_use]
    pub const fn floor(self) -> u64 {
        match self {
            Self::MinuteBytes => 20_000,
            Self::HourBytes => 200_000,
            Self::DayBytes => 1_000_000,
            Self::MinuteOpened => 10,
            Self::HourOpened | Self::HourMessages | Self::HourPayloads => 30,
            Self::HourOfDay => BY_HOUR_MIN,
            Self::DayMessages => 100,
            Self::HourFailed | Self::HourReconnected | Self::HourPartners => 5,
            // An answer may come in two parts, and who was out of reach is late once.
            Self::HourUnasked => 2,
            Self::HourLate => 5,
            Self::HourRepeated => 10,
            Self::HourNames => 3,
            Self::MinuteMessages => 8,
            Self::MessageBytes => 2000,
            Self::Refusals => 100,
            Self::HourPace => 200,
            // Once in so many by chance: 55.
            Self::Absence | Self::Unfollowed => 4000,
            Self::ResponseTime => 20_000,
            Self::LinkPause | Self::OperationPause | Self::PayloadPause | Self::DevicePause => 15,
            // Who is taken along, or started anew, is so for an hour or two.
            Self::Vanished => 120,
            Self::Value | Self::Setting | Self::Reading | Self::Results => 1000,
            Self::Frozen => 10,
            // One is told as an hour.
            Self::QuietHour | Self::ServiceFailed => 2,
            Self::ServiceMinute => 3,
            Self::Stay => 60,
        }
    }

    /// The pause of an operation.
    #[must_use]
    pub fn of_pause(operation: &str) -> Self {
        if is_opaque(operation) { Self::PayloadPause } else { Self::OperationPause }
    }

    /// How many payloads of an hour are sent in a manner.
    #[must_use]
    pub const fn of_manner(manner: Manner) -> Self {
        match manner {
            Manner::Unasked => Self::HourUnasked,
            Manner::Late => Self::HourLate,
            Manner::Repeated => Self::HourRepeated,
            Manner::OtherName => Self::HourNames,
        }
    }

    /// How many times as much as was normal. A silence may be longer than that by the floor whatever was normal: what is cut
    /// off for a while is so for minutes, whether it was silent for seconds else or for hours. Where most days have nothing at
    /// all, what one has is taken beside the floor too: else nothing would be endlessly less than little.
    #[must_use]
    pub fn ratio(self, now: u64, normal: u64) -> f64 {
        let floor = self.floor();
        let (now, normal) = match self {
            Self::LinkPause | Self::OperationPause | Self::PayloadPause | Self::Absence => {
                (now, normal.saturating_add(floor))
            }
            Self::Unfollowed => (now.saturating_add(floor), normal.saturating_add(floor)),
            // Who was never taken along while it was learned may be so for an hour.
            Self::Vanished => (now.saturating_add(floor), normal.max(floor / 2).saturating_add(floor)),
            _ => (now, normal.max(floor)),
        };
        now as f64 / normal as f64
    }
}

/// A value beside a range of `count` values, for [`Measure::Value`]. A range that is narrow for its place counts as a tenth of
/// that, one of few values as wider than they show.
#[must_use]
pub fn beside(range: (u64, u64), value: (u64, u64), count: u64) -> u64 {
    let (low, high) = range;
    let width = (high - low).max(high / 10).max(1);
    let width = width.saturating_add(width.saturating_mul(4) / count.max(1));
    let excess = low.saturating_sub(value.0).max(value.1.saturating_sub(high));
    1000 + excess.saturating_mul(1000) / width
}

/// Of what was seen the value that lies beside a range, and the end of the range on its side.
#[must_use]
pub const fn beyond(normal: (u64, u64), now: (u64, u64)) -> (u64, u64) {
    if now.0 < normal.0 { (now.0, normal.0) } else { (now.1, normal.1) }
}

/// All quantities of a link on one day beside what was normal on others, and for values beside what its kin has shown.
pub fn compare(
    now: &LinkProfile,
    normal: &LinkProfile,
    (coverage, kin): (&Coverage, KinOf<'_>),
    to: &mut dyn FnMut(Measure, u64, u64),
) {
    for place in 0..2 {
        now.pauses[place].compare(
            |slot, minutes| normal.pauses[place].normal(slot, minutes, coverage),
            |now, normal| to(Measure::LinkPause, now, normal),
        );
    }
    if normal.is_measured() {
        compare_link(now, normal, to);
    }
    for (name, operation) in now.operations.iter() {
        let Some(known) = normal.operations.get(name) else { continue };
        if known.from == 0 || normal.is_stream() {
            to(Measure::HourPartners, operation.hour_partners.max, known.hour_partners.next());
        }
        let is_stream = normal.is_stream();
        if let Some(normal) = known.service_minute(name, || normal.minute_opened.max).filter(|_| is_stream) {
            // Live, who comes in the same minute does not count; here it is known how many came in a minute of the day.
            let told = operation.minute_count.max.saturating_sub(now.minute_opened.max);
            to(Measure::ServiceMinute, told, normal);
        }
        if !is_opaque(name) {
            compare_operation(name, operation, known, kin, to);
        } else if is_stream && known.from == 0 {
            to(Measure::HourPayloads, operation.hour_count.max, known.hour_count.next());
        }
        if known.is_missed(normal.days) {
            to(Measure::Absence, operation.absence.max, known.absence.next());
        }
        for follow in &operation.follows {
            if let Some(known) = known.follows.iter().find(|known| known.is(follow)) {
                let now = follow.run.max.saturating_mul(known.surprise().into());
                to(Measure::Unfollowed, now, known.normal());
            }
        }
        let measure = Measure::of_pause(name);
        operation.pauses.compare(
            |slot, minutes| normal.normal_pause(name, slot, minutes, coverage),
            |now, normal| to(measure, now, normal),
        );
    }
    for (name, points) in now.points.iter() {
        if let Some(normal) = normal.points.get(name) {
            points.compare(name, normal, kin, to);
        }
    }
    for (name, results) in now.results.iter() {
        if let Some(normal) = normal.results.get(name) {
            results.compare(normal, |beside| to(Measure::Results, beside, 1000));
        }
    }
}

fn compare_link(now: &LinkProfile, normal: &LinkProfile, to: &mut dyn FnMut(Measure, u64, u64)) {
    for place in 0..2 {
        to(Measure::MinuteBytes, now.minute_bytes[place].max, normal.minute_bytes[place].next());
        to(Measure::HourBytes, now.hour_bytes[place].max, normal.hour_bytes[place].next());
        to(Measure::DayBytes, now.day_bytes[place].max, normal.day_bytes[place].next());
        if now.pace[place].min > 0 && normal.pace[place].next() > 0 {
            to(Measure::HourPace, normal.pace[place].next(), now.pace[place].min);
        }
    }
    to(Measure::MinuteOpened, now.minute_opened.max, normal.minute_opened.next());
    to(Measure::HourOpened, now.hour_opened.max, normal.hour_opened.next());
    to(Measure::HourFailed, now.hour_failed.max, normal.hour_failed.next());
    to(Measure::ServiceFailed, now.hour_failed.max, normal.hour_failed.next());
    to(Measure::Stay, now.stay.max, normal.stay.next());
    for (place, manner) in Manner::ALL.into_iter().enumerate() {
        if normal.is_stream() || !manner.is_of_streams() {
            to(Measure::of_manner(manner), now.manners[place].max, normal.manners[place].next());
        }
    }
    if normal.lasts() {
        to(Measure::HourReconnected, now.hour_reconnected.max, normal.hour_reconnected.next());
    }
}

fn compare_operation(
    name: &str,
    now: &OperationProfile,
    normal: &OperationProfile,
    kin: KinOf<'_>,
    to: &mut dyn FnMut(Measure, u64, u64),
) {
    to(Measure::MinuteMessages, now.minute_count.max, normal.minute_count.next());
    to(Measure::HourMessages, now.hour_count.max, normal.hour_count.next());
    for (slot, count) in now.by_hour.each() {
        if let Some(normal) = normal.usual_at(slot) {
            to(Measure::HourOfDay, count, normal);
        }
    }
    to(Measure::DayMessages, now.day_count.max, normal.day_count.next());
    to(Measure::MessageBytes, now.largest.max, normal.largest.next());
    if now.count >= REFUSALS_OF_MIN {
        to(Measure::Refusals, now.refused.into(), normal.refused.into());
    }
    if normal.slowest.max > 0 {
        to(Measure::ResponseTime, now.slowest.max, normal.slowest.next());
    }
    for (place, (now, range)) in now.ranges.iter().zip(&normal.ranges).enumerate() {
        let (Some(now), Some(range)) = (now, range) else { continue };
        if !kin.has_value(name, place, beyond(*range, *now).0) {
            to(Measure::Value, beside(*range, *now, normal.count), 1000);
        }
    }
}

/// A share of fewer answers says nothing.
pub const REFUSALS_OF_MIN: u64 = 20;

/// The longest pause, in minutes, of a device that is so steady that its silence is worth telling.
const DEVICE_PAUSE_MAX: u32 = 45;

/// The longest, in minutes, of one that takes leave before longer ones.
const VANISHED_MAX: u32 = 180;

/// On fewer days nothing is shown to be steady: the first and the last of them may be parts of a day.
const STEADY_DAYS_MIN: u32 = 3;

/// What was there on one day only may be much more on the next.
const MEASURED_DAYS_MIN: u32 = 2;

/// Of who begins no more conversations than this in an hour, and has something to say all the time, each lasts.
const LASTING: u64 = 5;

impl LinkProfile {
    /// Whether its initiator has something to say all the time, for hours: then the responder does by itself what it does.
    #[must_use]
    pub const fn is_stream(&self) -> bool {
        self.pace[0].second > 0
    }

    /// Whether its conversations last.
    #[must_use]
    pub const fn lasts(&self) -> bool {
        self.is_stream() && self.hour_reconnected.max <= LASTING
    }

    /// Whether there were days enough to say how much of it is normal.
    #[must_use]
    pub const fn is_measured(&self) -> bool {
        self.days >= MEASURED_DAYS_MIN
    }
}

impl OperationProfile {
    /// How many payloads in a minute are normal for who answers, where it is not read what they are and there were days enough:
    /// so many clients may have come in a minute, and been greeted. That a second day had as many is no chance.
    #[must_use]
    pub fn service_minute(&self, name: &str, came: impl FnOnce() -> u64) -> Option<u64> {
        let is_known = self.days > HOUR_DAYS_MIN && self.from == 1 && is_opaque(name);
        is_known.then(|| self.minute_count.max.saturating_sub(came()).max(self.minute_count.second))
    }

    /// How many messages in an hour are normal at an hour of the day, where there were days enough of its kind.
    #[must_use]
    pub fn usual_at(&self, slot: Slot) -> Option<u64> {
        let are_known = self.hours.get(slot.kind()).is_some_and(Hours::are_known);
        are_known.then(|| self.by_hour.normal(slot))
    }

    /// Whether it is there often enough to be missed for hours: on half of its link's days at least.
    #[must_use]
    pub const fn is_missed(&self, days_of_link: u32) -> bool {
        self.days.saturating_mul(2) >= days_of_link
    }
}

impl DeviceProfile {
    /// Whether it is so steady that its silence is worth telling.
    #[must_use]
    pub const fn is_steady(&self) -> bool {
        self.days >= STEADY_DAYS_MIN && self.pause > 0 && self.pause <= DEVICE_PAUSE_MAX
    }

    /// Whether it takes leave before it is away for long, so that it is worth telling when it does not.
    #[must_use]
    pub const fn takes_leave(&self) -> bool {
        self.days >= STEADY_DAYS_MIN && self.pause > DEVICE_PAUSE_MAX && self.vanished <= VANISHED_MAX
    }
}
