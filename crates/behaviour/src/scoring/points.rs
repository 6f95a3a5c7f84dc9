//! The values at the places of operations beside those that were learned.

use crate::baseline::calibrate::Thresholds;
use crate::baseline::kin::KinOf;
use crate::baseline::measure::Measure;
use crate::baseline::points::{Beside, PointsProfile, PointsState};
use crate::links::points::{ExtremePoint, PointRange, PointsUse, widen_all};

use super::What;

/// The places of an operation, minute by minute.
#[derive(Default)]
pub(super) struct LivePoints {
    /// The minute at hand, and what was seen in it.
    minute: u32,
    ranges: Vec<PointRange>,
    state: PointsState,
}

impl LivePoints {
    /// Takes what was seen in a minute; when one is over, the place that was still for the longest time beside what is
    /// normal for it.
    pub(super) fn take<'a>(
        &mut self,
        minute: u32,
        used: &PointsUse,
        operation: &'a str,
        normal: &PointsProfile,
        factor: f64,
    ) -> Option<What<'a>> {
        let mut worst: Option<(usize, u32, u32, f64)> = None;
        if minute != self.minute {
            let ranges = std::mem::take(&mut self.ranges);
            self.state.step(self.minute, &ranges, |place, seen| {
                let Some(still) = normal.stillness(place) else { return };
                let excess = Measure::Frozen.ratio(seen.still.into(), still.into()) / factor;
                if excess > worst.map_or(1.0, |(.., worst)| worst) {
                    worst = Some((place, seen.still, still, excess));
                }
            });
        }
        self.minute = minute;
        widen_all(&mut self.ranges, &used.ranges);
        let (place, now, still, excess) = worst?;
        Some(What::Frozen { operation, place: at(normal, place), now, normal: still, excess })
    }
}

/// The value that is furthest beside what is normal at its place, and that none of its kin has shown.
pub(super) fn unusual<'a>(
    seen: impl Iterator<Item = (usize, PointRange)>,
    first: u32,
    operation: &'a str,
    (normal, kin): (&PointsProfile, &dyn Fn() -> KinOf<'a>),
    thresholds: &Thresholds,
) -> Option<What<'a>> {
    if first != normal.first {
        return None;
    }
    // Nearly all is within what is normal, which is as far as any limit lies at least.
    let surely = [Measure::Setting, Measure::Reading].into_iter().all(|measure| thresholds.factor(measure) >= 1.0);
    let mut worst: Option<(usize, Beside, f64)> = None;
    for (place, range) in seen {
        if surely && normal.holds(place, &range) {
            continue;
        }
        let Some(beside) = normal.beside(place, &range) else { continue };
        let measure = normal.measure(place);
        let excess = measure.ratio(beside.beside, 1000) / thresholds.factor(measure);
        let is_worse = excess > worst.map_or(1.0, |(.., worst)| worst);
        // What a device measures is its own; what was set on one of its kind may be set on it.
        let is_of_kin = || measure == Measure::Setting && kin().has_point(operation, (first, place), beside.value);
        if is_worse && !is_of_kin() {
            worst = Some((place, beside, excess));
        }
    }
    let (place, beside, excess) = worst?;
    Some(What::Point {
        measure: normal.measure(place),
        operation,
        place: at(normal, place),
        now: beside.value,
        normal: beside.edge,
        excess,
    })
}

/// The values of a message that are beyond those seen before, each at its place.
pub(super) fn of_message(extremes: &[ExtremePoint]) -> impl Iterator<Item = (usize, PointRange)> {
    extremes.iter().map(|extreme| (usize::from(extreme.offset), PointRange::of(extreme.value)))
}

fn at(normal: &PointsProfile, place: usize) -> u32 {
    normal.first.saturating_add(u32::try_from(place).unwrap_or(u32::MAX))
}
