//! Adapting: what is normal for a quantity widens while scoring, slowly and not far, as a site grows.
//!
//! At the site's midnight the largest that a link showed on the day becomes normal, where nothing on the link was told that
//! day: at most [`ADAPT_DAILY`] times as much as the day before, and [`ADAPT_MOST`] times what was approved last. So who
//! grows slowly enough not to be told reaches that and no more. Settings and readings, refusals and silences stay as they were
//! approved, and nothing that is new enters. What was learned is not changed: it is in memory, and
//! [`Adapted`] is what a live run keeps of it from one start to the next.

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::Scorer;
use crate::baseline::measure::Measure;
use crate::baseline::store::LinkKey;
use crate::links::Service;
use crate::parties::{Parties, PartyLink};

/// At most so many times as much as the day before is normal.
pub const ADAPT_DAILY: f64 = 1.05;

/// At most so many times as much as was approved is normal.
pub const ADAPT_MOST: f64 = 2.0;

/// How far what is normal has widened, by link.
#[derive(Default)]
pub struct Adaptation {
    links: HashMap<PartyLink, Widening, foldhash::fast::RandomState>,
}

impl Adaptation {
    /// How far it has on a link, on a day by the site's clocks.
    pub(super) fn link(&mut self, link: PartyLink, day: i32) -> &mut Widening {
        let adapted = self.links.entry(link).or_default();
        adapted.begin(day);
        adapted
    }

    /// Something was told of a link.
    pub(super) fn told(&mut self, link: PartyLink) {
        if let Some(adapted) = self.links.get_mut(&link) {
            adapted.told = true;
        }
    }
}

/// How far what is normal has widened on a link.
#[derive(Default)]
pub(super) struct Widening {
    day: i32,
    /// Something was told of the link on this day.
    told: bool,
    /// By measure, the end that it is of, and operation. There are no more than the baseline has of the link.
    quantities: HashMap<(Measure, usize, String), Widened, foldhash::fast::RandomState>,
}

/// A quantity of a link, in multiples of what was approved.
struct Widened {
    /// The most on this day.
    most: f64,
    /// What is normal.
    normal: f64,
}

impl Widening {
    /// How many times as much as is normal by now a multiple of what was approved is.
    pub(super) fn of_normal(&mut self, measure: Measure, place: usize, operation: Option<&str>, times: f64) -> f64 {
        // What is within the approved widens nothing, and needs no look: nearly everything.
        if times <= 1.0 || !adapts(measure) {
            return times;
        }
        let key = (measure, place, operation.unwrap_or_default().to_owned());
        let widened = self.quantities.entry(key).or_insert(Widened { most: 1.0, normal: 1.0 });
        widened.most = widened.most.max(times);
        times / widened.normal
    }

    fn begin(&mut self, day: i32) {
        if day <= self.day {
            return;
        }
        self.day = day;
        let told = std::mem::take(&mut self.told);
        for widened in self.quantities.values_mut() {
            let most = std::mem::replace(&mut widened.most, 1.0);
            if !told {
                let reached = most.min(widened.normal * ADAPT_DAILY).min(ADAPT_MOST);
                widened.normal = widened.normal.max(reached);
            }
        }
    }
}

/// How far what is normal has widened on a link, to be kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adapted {
    /// The link.
    pub link: LinkKey,
    /// The day at hand by the site's clocks, counted from 1970.
    pub day: i32,
    /// Something was told of the link on that day.
    pub told: bool,
    /// What has widened, or will at midnight.
    pub quantities: Vec<AdaptedQuantity>,
}

/// A quantity of [`Adapted`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdaptedQuantity {
    /// What it is.
    pub measure: Measure,
    /// Of which end.
    pub end: usize,
    /// Of which operation; empty for the link itself.
    pub operation: String,
    /// The most on the day at hand, in multiples of what was approved.
    pub most: f64,
    /// What is normal by now, in the same.
    pub normal: f64,
}

impl Scorer {
    /// How far what is normal has widened, in order of links; nothing where it does not.
    #[must_use]
    pub fn adapted(&self, parties: &Parties) -> Vec<Adapted> {
        let widened = self.adaptation.iter().flat_map(|adaptation| &adaptation.links);
        let widened = widened.filter(|(_, widening)| !widening.quantities.is_empty());
        let mut all: Vec<Adapted> = widened
            .map(|(link, widening)| {
                let mut quantities: Vec<AdaptedQuantity> = widening
                    .quantities
                    .iter()
                    .map(|((measure, end, operation), Widened { most, normal })| AdaptedQuantity {
                        measure: *measure,
                        end: *end,
                        operation: operation.clone(),
                        most: *most,
                        normal: *normal,
                    })
                    .collect();
                quantities.sort_by(|one, other| {
                    let key = |it: &AdaptedQuantity| (it.measure, it.end, it.operation.clone());
                    key(one).cmp(&key(other))
                });
                Adapted { link: parties.key(*link), day: widening.day, told: widening.told, quantities }
            })
            .collect();
        all.sort_by(|one, other| one.link.cmp(&other.link));
        all
    }

    /// Goes on from what was kept, as far as the baseline still has it; nothing where it does not adapt.
    pub fn adapted_before(&mut self, kept: Vec<Adapted>, parties: &mut Parties) {
        let Some(adaptation) = &mut self.adaptation else { return };
        for Adapted { link, day, told, quantities } in kept {
            let service = Service { transport: link.transport, port: link.port };
            let (initiator, responder) = (parties.named(&link.initiator), parties.named(&link.responder));
            let key = PartyLink { initiator, responder, service };
            if self.links.find_learned(key).is_none() {
                continue;
            }
            let bounded = |times: f64, most: f64| if times.is_finite() { times.clamp(1.0, most) } else { 1.0 };
            let quantities = quantities.into_iter().filter(|it| adapts(it.measure)).map(|it| {
                let widened = Widened { most: bounded(it.most, f64::MAX), normal: bounded(it.normal, ADAPT_MOST) };
                ((it.measure, it.end, it.operation), widened)
            });
            adaptation.links.insert(key, Widening { day, told, quantities: quantities.collect() });
        }
    }

    /// Quantities of which more is normal than was approved.
    #[must_use]
    pub fn widened(&self) -> u64 {
        let all = self.adaptation.iter().flat_map(|adaptation| adaptation.links.values());
        let widened = all.flat_map(|widening| widening.quantities.values()).filter(|widened| widened.normal > 1.0);
        widened.count() as u64
    }
}

/// Whether a quantity may widen: how much, how many and how fast, not what is refused or left out, nor values.
const fn adapts(measure: Measure) -> bool {
    matches!(
        measure,
        Measure::MinuteBytes
            | Measure::HourBytes
            | Measure::DayBytes
            | Measure::MinuteOpened
            | Measure::HourOpened
            | Measure::MinuteMessages
            | Measure::HourMessages
            | Measure::HourPayloads
            | Measure::HourOfDay
            | Measure::DayMessages
            | Measure::MessageBytes
            | Measure::ResponseTime
    )
}
