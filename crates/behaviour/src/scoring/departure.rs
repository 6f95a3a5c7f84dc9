//! What the baseline does not hold, as detections hear of it, and what they make of it.

use wardtap_dissect::results::Analyte;
use wardtap_net::address::Address;
use wardtap_net::packet::Timestamp;

use crate::alert::{Deviation, Severity};
use crate::baseline::calibrate::DAYS;
use crate::baseline::measure::Measure;
use crate::detection::About;
use crate::detections::techniques::of_departure;
use crate::links::Link;
use crate::observation::Place;
use crate::parties::PartyLink;

/// Something that the baseline does not hold.
#[derive(Clone, Debug)]
pub struct Departure<'a> {
    /// What it is.
    pub what: What<'a>,
    /// On which link.
    pub link: Link,
    /// Which parties those are.
    pub parties: PartyLink,
    /// A frame that shows it.
    pub place: Place,
    /// When.
    pub time: Timestamp,
    /// On how many days what is normal was seen.
    pub days: u32,
    /// Bytes missing on the link in this minute.
    pub gap_bytes: u64,
    /// Nothing was heard from one end.
    pub one_sided: bool,
}

/// What the baseline does not hold.
#[derive(Clone, Debug)]
pub enum What<'a> {
    /// A device: the initiator where `initiates`, else the responder.
    Device {
        /// Which end.
        initiates: bool,
        /// It does what most of its make do, or what a good part of all devices does.
        usual: bool,
        /// More surprising than the budget allows for.
        rare: bool,
    },
    /// A device that is not known plays the part of one that is, whose address it took over: the initiator that of the
    /// responder.
    StandIn,
    /// A link of a device that is not known.
    Strange {
        /// The responder offers the service to others.
        offered: bool,
        /// The device does what most of its make do.
        typical: bool,
    },
    /// A link between devices that are known.
    Link {
        /// See [`circumstances`].
        circumstances: u16,
        /// How surprising, in natural units.
        surprise: f64,
        /// More surprising than the budget allows for.
        rare: bool,
    },
    /// An operation on a link that is known.
    Operation {
        /// What it is.
        name: &'a str,
        /// See [`circumstances`].
        circumstances: u16,
        /// How surprising, in natural units.
        surprise: f64,
        /// More surprising than the budget allows for.
        rare: bool,
        /// What is known of its protocol on the link, at most [`KNOWN_MAX`] of them.
        known: Vec<&'a str>,
    },
    /// An end of a link of which nothing is read says something, which only ever listened.
    FirstWord {
        /// What it says.
        name: &'a str,
        /// How surprising, in natural units.
        surprise: f64,
        /// More surprising than the budget allows for.
        rare: bool,
    },
    /// An operation on a link that the baseline does not hold.
    Foreign {
        /// What it is.
        name: &'a str,
        /// The initiator does the like with others.
        usual: bool,
        /// Others use that service of the responder.
        offered: bool,
    },
    /// Activity at an hour, more surprising than the budget allows for.
    Hour {
        /// Of which operation, where it is one's.
        operation: Option<&'a str>,
        /// By the site's clocks.
        hour: u8,
        /// How surprising, in natural units.
        surprise: f64,
    },
    /// The same is done with several at an hour at which each of them is quiet else.
    HourOfMany {
        /// What.
        operation: &'a str,
        /// By the site's clocks.
        hour: u8,
        /// With how many.
        now: u64,
        /// How many times as many as deviate.
        excess: f64,
    },
    /// A silence beyond its factor.
    Silence {
        /// [`Measure::DevicePause`], [`Measure::Vanished`], [`Measure::LinkPause`], that of an operation, [`Measure::Absence`], or [`Measure::Unfollowed`].
        measure: Measure,
        /// Of which operation, where it is one's.
        operation: Option<&'a str>,
        /// What of the other end does not follow it, where that is what is missing.
        follow: Option<&'a str>,
        /// For how many minutes.
        minutes: u64,
        /// How much that is: minutes, or how surprising.
        now: u64,
        /// How much was normal.
        normal: u64,
        /// How many times as long as deviates.
        excess: f64,
        /// The responder is silent, not the initiator.
        of_responder: bool,
    },
    /// A quantity beyond its factor.
    Beyond {
        /// Which.
        measure: Measure,
        /// Of which operation, where it is one's.
        operation: Option<&'a str>,
        /// How much.
        now: u64,
        /// How much was normal.
        normal: u64,
        /// How many times as much as deviates.
        excess: f64,
        /// Who asks sends it to who answers.
        is_sent: bool,
    },
    /// A value at a place of an operation beside all that were learned.
    Point {
        /// Compared as which: a setting or a reading.
        measure: Measure,
        /// Of which operation.
        operation: &'a str,
        /// At which place.
        place: u32,
        /// The value.
        now: i32,
        /// The end of the range of those learned.
        normal: i32,
        /// How many times as far as deviates.
        excess: f64,
    },
    /// A place whose values move has not changed.
    Frozen {
        /// Of which operation.
        operation: &'a str,
        /// Which place.
        place: u32,
        /// For so many minutes in which it was seen.
        now: u32,
        /// The most that was normal.
        normal: u32,
        /// How many times as many as deviate.
        excess: f64,
    },
    /// The mean of the latest results of an operation beside all that were learned.
    Results {
        /// Of which operation.
        operation: &'a str,
        /// What was measured.
        analyte: Analyte,
        /// The mean, in millionths.
        now: i64,
        /// The least and the greatest of those learned.
        normal: (i64, i64),
        /// How many times as far as deviates.
        excess: f64,
    },
    /// The values of an operation are those of a sequence that came before, again and again, which they never were.
    Looped {
        /// Of which operation.
        operation: &'a str,
        /// How many messages the sequence has.
        messages: u16,
    },
}

/// A quantity so many times beyond where it deviates is no accident of the days that were learned, if they were as many as
/// [`DAYS`]. The largest of a few days says less about the days to come: the fewer there are behind it, the farther beyond
/// it must be.
const CLEAR: f64 = 2.0;

/// Operations of a protocol that are shown beside a new one.
pub const KNOWN_MAX: usize = 256;

/// What a detection makes of a departure.
pub struct Judged {
    /// How bad.
    pub severity: Severity,
    /// 0 to 100.
    pub score: u8,
    /// One sentence that a nurse manager understands.
    pub explanation: String,
    /// What would be normal.
    pub expected: String,
    /// What was seen.
    pub observed: String,
}

impl Departure<'_> {
    /// How bad a quantity is that lies so many times beyond where it deviates, if what is `clear` is so bad: what is only
    /// just beyond may be one of the few that the alert budget allows for.
    #[must_use]
    pub fn severity(&self, excess: f64, clear: Severity) -> Severity {
        let few = f64::from(DAYS) / f64::from(self.days.clamp(1, DAYS));
        if excess < CLEAR * few { Severity::Low } else { clear }
    }

    /// What a detection says that knows what the departure is: its own techniques, whatever else a message may stand for.
    #[must_use]
    pub fn recognised(&self, about: &'static About, device: Address, subject: String, judged: Judged) -> Deviation {
        Deviation { attack: None, ..self.deviation(about, device, subject, judged) }
    }

    /// The deviation: `device` is at risk, the other end did it.
    #[must_use]
    pub fn deviation(&self, about: &'static About, device: Address, subject: String, judged: Judged) -> Deviation {
        let Link { initiator, responder, .. } = self.link;
        let peer = if device == initiator { responder } else { initiator };
        Deviation {
            attack: of_departure(&self.what, &self.parties),
            observations: self.days.into(),
            first: self.time,
            last: self.time,
            gap_bytes: self.gap_bytes,
            one_sided: self.one_sided,
            ..Deviation::new(about, (device, Some(peer)), subject, self.place, judged)
        }
    }
}

/// A score of 0 to 100 from a surprise in natural units.
#[must_use]
pub fn score(surprise: f64) -> u8 {
    (surprise * 7.0).clamp(0.0, 100.0) as u8
}
