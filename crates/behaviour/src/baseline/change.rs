//! What an alert shows that the baseline does not hold, in the baseline's words: told with the alert, so that it can be
//! accepted later.

use wardtap_dissect::results::Analyte;
use wardtap_net::packet::Timestamp;

use super::measure::Measure;
use super::profile::kind_index;
use super::store::LinkKey;
use crate::scoring::{Departure, What};
use crate::site::Site;

/// Something that the baseline does not hold, as an alert tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// On which link.
    pub link: LinkKey,
    /// What.
    pub what: Changed,
}

impl Change {
    /// Something on a link, at a time at a site.
    #[must_use]
    pub fn at(time: Timestamp, site: &Site, link: LinkKey, mut what: Changed) -> Self {
        if let Changed::Hours { hours, .. } = &mut what {
            let local = site.local(time);
            hours[kind_index(local.kind)] |= 1 << local.hour;
        }
        Self { link, what }
    }
}

/// What the baseline does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The initiator, or else the responder.
    Device {
        /// Which end.
        initiates: bool,
    },
    /// The initiator, which plays the part of the responder: it has an address that was the responder's.
    StandIn,
    /// The link.
    Link,
    /// An operation of the link.
    Operation(String),
    /// Activity at hours.
    Hours {
        /// Of which operation, where it is one's.
        operation: Option<String>,
        /// Of working days and of days of rest, by the site's clocks: bit n stands for hour n.
        hours: [u32; 2],
    },
    /// A quantity.
    Beyond {
        /// Which.
        measure: Measure,
        /// Of which operation, where it is one's.
        operation: Option<String>,
        /// How much.
        now: u64,
        /// How much was normal.
        normal: u64,
    },
    /// Values at a place of an operation.
    Point {
        /// Of which.
        operation: String,
        /// The place.
        place: u32,
        /// The least value.
        low: i32,
        /// The greatest.
        high: i32,
    },
    /// A place of an operation that does not change.
    Still {
        /// Of which.
        operation: String,
        /// The place.
        place: u32,
        /// For so many minutes.
        minutes: u32,
    },
    /// The means of the results of an operation.
    Results {
        /// Of which.
        operation: String,
        /// What was measured.
        analyte: Analyte,
        /// The least mean, in millionths.
        low: i64,
        /// The greatest.
        high: i64,
    },
    /// The values of an operation come again and again.
    Loop {
        /// Of which.
        operation: String,
    },
}

impl Changed {
    /// What a departure is about.
    #[must_use]
    pub fn of(departure: &Departure<'_>) -> Self {
        match departure.what {
            What::Device { initiates, .. } => Self::Device { initiates },
            What::StandIn => Self::StandIn,
            What::Link { .. } | What::Strange { .. } | What::Foreign { .. } => Self::Link,
            What::Operation { name, .. } | What::FirstWord { name, .. } => Self::Operation(name.to_owned()),
            // At which, the time says: see [`Change::at`].
            What::Hour { operation, .. } => Self::Hours { operation: operation.map(ToOwned::to_owned), hours: [0; 2] },
            What::HourOfMany { operation, .. } => Self::Hours { operation: Some(operation.to_owned()), hours: [0; 2] },
            What::Beyond { measure, operation, now, normal, .. }
            | What::Silence { measure, operation, now, normal, .. } => {
                Self::Beyond { measure, operation: operation.map(ToOwned::to_owned), now, normal }
            }
            What::Point { operation, place, now, .. } => {
                Self::Point { operation: operation.to_owned(), place, low: now, high: now }
            }
            What::Frozen { operation, place, now, .. } => {
                Self::Still { operation: operation.to_owned(), place, minutes: now }
            }
            What::Results { operation, analyte, now, .. } => {
                Self::Results { operation: operation.to_owned(), analyte, low: now, high: now }
            }
            What::Looped { operation, .. } => Self::Loop { operation: operation.to_owned() },
        }
    }

    /// Takes in a repeat: all hours, and of a quantity what is furthest beyond. Gives back what is something else.
    fn absorb(&mut self, repeat: Self) -> Option<Self> {
        match (&mut *self, repeat) {
            (Self::Hours { operation, hours: known }, Self::Hours { operation: of, hours: more })
                if *operation == of =>
            {
                known.iter_mut().zip(more).for_each(|(known, more)| *known |= more);
            }
            (
                Self::Beyond { measure, operation, now, normal },
                Self::Beyond { measure: of, operation: by, now: more, normal: like },
            ) if *measure == of && *operation == by && *normal == like => {
                *now = if more.abs_diff(like) > now.abs_diff(like) { more } else { *now };
            }
            (
                Self::Point { operation, place, low, high },
                Self::Point { operation: of, place: at, low: lower, high: higher },
            ) if *operation == of && *place == at => (*low, *high) = ((*low).min(lower), (*high).max(higher)),
            (
                Self::Results { operation, analyte, low, high },
                Self::Results { operation: of, analyte: as_well, low: lower, high: higher },
            ) if *operation == of && *analyte == as_well => (*low, *high) = ((*low).min(lower), (*high).max(higher)),
            (Self::Still { operation, place, minutes }, Self::Still { operation: of, place: at, minutes: more })
                if *operation == of && *place == at =>
            {
                *minutes = more.max(*minutes)
            }
            (known, repeat) if *known == repeat => {}
            (_, other) => return Some(other),
        }
        None
    }
}

/// The most changes that one alert tells of; further ones are not told.
pub const CHANGES_MAX: usize = 32;

/// Adds a change to those that an alert tells of already.
pub fn add_change(known: &mut Vec<Change>, change: Change) {
    let Change { link, mut what } = change;
    for known in known.iter_mut().filter(|known| known.link == link) {
        match known.what.absorb(what) {
            Some(other) => what = other,
            None => return,
        }
    }
    if known.len() < CHANGES_MAX {
        known.push(Change { link, what });
    }
}

/// The name of a measure in events and in what people read, for ever.
#[must_use]
pub const fn measure_name(measure: Measure) -> &'static str {
    match measure {
        Measure::MinuteBytes => "minute-bytes",
        Measure::HourBytes => "hour-bytes",
        Measure::DayBytes => "day-bytes",
        Measure::MinuteOpened => "minute-conversations",
        Measure::HourOpened => "hour-conversations",
        Measure::HourFailed => "hour-failed",
        Measure::HourReconnected => "hour-reconnected",
        Measure::HourUnasked => "hour-unasked",
        Measure::HourLate => "hour-late",
        Measure::HourRepeated => "hour-repeated",
        Measure::HourNames => "hour-names",
        Measure::MinuteMessages => "minute-messages",
        Measure::HourMessages => "hour-messages",
        Measure::HourOfDay => "messages-at-hour",
        Measure::DayMessages => "day-messages",
        Measure::HourPartners => "hour-partners",
        Measure::HourPace => "hour-pace",
        Measure::MessageBytes => "message-bytes",
        Measure::Refusals => "refusals",
        Measure::ResponseTime => "response-time",
        Measure::LinkPause => "link-silence",
        Measure::OperationPause => "operation-silence",
        Measure::PayloadPause => "payload-silence",
        Measure::Absence => "absence",
        Measure::Unfollowed => "unfollowed",
        Measure::DevicePause => "device-silence",
        Measure::Vanished => "device-vanished",
        Measure::Value => "value",
        Measure::Setting => "setting",
        Measure::Reading => "reading",
        Measure::Results => "results",
        Measure::Frozen => "stillness",
        Measure::QuietHour => "quiet-hour",
        Measure::ServiceMinute => "service-minute",
        Measure::HourPayloads => "hour-payloads",
        Measure::ServiceFailed => "service-failed",
        Measure::Stay => "stay-minutes",
    }
}

/// The measure with a name.
#[must_use]
pub fn measure_named(name: &str) -> Option<Measure> {
    Measure::ALL.into_iter().find(|measure| measure_name(*measure) == name)
}
