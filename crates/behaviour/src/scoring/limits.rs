//! Up to where what a link does is surely normal, so that it need not be held against its profile: nearly everything.

use crate::baseline::calibrate::Thresholds;
use crate::baseline::measure::Measure;
use crate::baseline::profile::{LinkProfile, OperationProfile};
use crate::links::manner::{Manner, Manners};

/// Up to where the quantities of a link are surely normal.
#[derive(Clone, Copy)]
pub(super) struct LinkLimits {
    /// Octets in a minute, an hour and a day, from the initiator and from the responder.
    pub(super) bytes: [[u32; 2]; 3],
    /// Conversations that began in a minute and in an hour, and those of an hour that failed.
    pub(super) conversations: [u32; 3],
    /// How often within an hour it is spoken in each manner, where that is compared.
    pub(super) manners: Manners,
    /// Minutes that who comes from outside is there.
    pub(super) stay: u32,
}

/// Up to where the quantities of an operation are.
#[derive(Clone, Copy)]
pub(super) struct OperationLimits {
    /// Messages in a minute, an hour and a day.
    pub(super) messages: [u32; 3],
    pub(super) largest: u32,
    pub(super) refused: u32,
    pub(super) slowest: u32,
}

/// How far up is normal, as far as limits are concerned.
#[derive(Clone, Copy)]
pub(super) struct Normal<'a> {
    pub(super) thresholds: &'a Thresholds,
    /// What is more than was approved widens what is normal, even if it does not deviate.
    pub(super) adapts: bool,
}

impl Normal<'_> {
    /// Up to where a measure is surely normal: a little below the limit, which is that of a quotient.
    pub(super) fn limit(self, measure: Measure, normal: u64) -> u32 {
        const SURELY: f64 = 0.999;
        let factor = self.thresholds.factor(measure);
        let factor = if self.adapts { factor.min(1.0) } else { factor };
        (normal.max(measure.floor()) as f64 * factor * SURELY) as u32
    }
}

impl LinkLimits {
    /// Of a link.
    pub(super) fn of(profile: &LinkProfile, normal: Normal<'_>) -> Self {
        let bytes = [
            (Measure::MinuteBytes, profile.minute_bytes),
            (Measure::HourBytes, profile.hour_bytes),
            (Measure::DayBytes, profile.day_bytes),
        ];
        let conversations = [
            (Measure::MinuteOpened, profile.minute_opened),
            (Measure::HourOpened, profile.hour_opened),
            (Measure::HourFailed, profile.hour_failed),
        ];
        Self {
            bytes: bytes.map(|(measure, ends)| ends.map(|end| normal.limit(measure, end.next()))),
            manners: Manner::ALL.map(|manner| match profile.is_stream() || !manner.is_of_streams() {
                true => normal.limit(Measure::of_manner(manner), profile.manners[manner as usize].next()),
                false => u32::MAX,
            }),
            stay: normal.limit(Measure::Stay, profile.stay.next()),
            conversations: conversations.map(|(measure, top)| normal.limit(measure, top.next())),
        }
    }
}

impl OperationLimits {
    /// Of payloads that an initiator sends who has something to say all the time.
    pub(super) fn of_payloads(profile: &OperationProfile, normal: Normal<'_>) -> Self {
        let hour = normal.limit(Measure::HourPayloads, profile.hour_count.next());
        Self { messages: [u32::MAX, hour, u32::MAX], largest: u32::MAX, refused: u32::MAX, slowest: u32::MAX }
    }

    /// Of an operation.
    pub(super) fn of(profile: &OperationProfile, normal: Normal<'_>) -> Self {
        let messages = [
            (Measure::MinuteMessages, profile.minute_count),
            (Measure::HourMessages, profile.hour_count),
            (Measure::DayMessages, profile.day_count),
        ];
        Self {
            messages: messages.map(|(measure, top)| normal.limit(measure, top.next())),
            largest: normal.limit(Measure::MessageBytes, profile.largest.next()),
            refused: normal.limit(Measure::Refusals, profile.refused.into()),
            slowest: match profile.slowest.max {
                // Never compared.
                0 => u32::MAX,
                _ => normal.limit(Measure::ResponseTime, profile.slowest.next()),
            },
        }
    }
}
