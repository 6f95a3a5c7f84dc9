//! Adapting: what is normal for a quantity widens while scoring, slowly and not far, as a site grows.
//!
//! At the site's midnight the largest that a link showed on the day becomes normal, where nothing on the link was told that
//! day: at most [`ADAPT_DAILY`] times as much as the day before, and [`ADAPT_MOST`] times what was approved last. So who
//! grows slowly enough not to be told reaches that and no more. Settings and readings, refusals and silences stay as they were
//! approved, and nothing that is new enters. What was learned is not changed: it is in memory, for this run.

use hashbrown::HashMap;

use crate::baseline::measure::Measure;
use crate::parties::PartyLink;

/// At most so many times as much as the day before is normal.
pub const ADAPT_DAILY: f64 = 1.05;

/// At most so many times as much as was approved is normal.
pub const ADAPT_MOST: f64 = 2.0;

/// How far what is normal has widened, by link.
#[derive(Default)]
pub struct Adaptation {
    links: HashMap<PartyLink, Adapted, foldhash::fast::RandomState>,
}

impl Adaptation {
    /// How far it has on a link, on a day by the site's clocks.
    pub(super) fn link(&mut self, link: PartyLink, day: i32) -> &mut Adapted {
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
pub(super) struct Adapted {
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

impl Adapted {
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
            | Measure::DayMessages
            | Measure::MessageBytes
            | Measure::ResponseTime
    )
}
