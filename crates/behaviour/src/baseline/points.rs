//! The values at the places that an operation reads or writes: what was learned of them, and what is normal.
//!
//! Ranges lie in days of absolute time and only grow. Whether a place moved is seen from one minute to the next: a minute
//! counts once a later one has come, and of two stores the one that goes on later is gone on from. So a capture may be cut
//! anywhere, but for a loop across the cut, which counts from there.

use serde::{Deserialize, Serialize};

use super::by_time::ByTime;
use super::kin::KinOf;
use super::measure::Measure;
use super::named::HEAP_OCTETS;
use super::packed::Numbers;
use super::store::{HOURS_PER_DAY, MINUTES_PER_HOUR};
use crate::links::points::{POINTS_MAX, PointRange, PointsUse, widen_all};

/// The places of an operation in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPoints {
    /// The first place.
    pub first: u32,
    /// By day, counted from 1970.
    pub days: ByTime<PointsDay>,
    /// Minutes that may go on, counted from 1970: the least and greatest values.
    pub open: ByTime<Vec<PointRange>>,
    /// How the places stood at last.
    pub state: PointsState,
}

/// A day of the places of an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointsDay {
    /// Minutes in which there was a message.
    pub minutes: u32,
    /// The values were those of a sequence that came before.
    pub looped: bool,
    /// Each place.
    pub points: Vec<PointDay>,
}

/// A day of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointDay {
    /// The least and greatest value.
    pub range: PointRange,
    /// The most minutes in which it was seen, one after the other, and had not changed.
    pub still: u32,
    /// It became greater from one minute to the next.
    pub rose: bool,
    /// It became less.
    pub fell: bool,
}

impl Default for PointDay {
    fn default() -> Self {
        Self { range: PointRange::NONE, still: 0, rose: false, fell: false }
    }
}

/// How the places of an operation stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PointsState {
    /// The last minute.
    pub minute: u32,
    /// The values in it, and in how many minutes before they were seen and were the same.
    pub points: Vec<(PointRange, u32)>,
}

impl PointsState {
    /// A minute is over. Says of each place that was seen in it what became of it, and for how many minutes it has not
    /// changed.
    pub fn step(&mut self, minute: u32, ranges: &[PointRange], mut to: impl FnMut(usize, PointDay)) {
        self.minute = minute;
        if self.points.len() < ranges.len() {
            self.points.resize(ranges.len(), (PointRange::NONE, 0));
        }
        for (place, ((before, still), now)) in self.points.iter_mut().zip(ranges).enumerate() {
            if now.is_none() {
                continue;
            }
            let known = !before.is_none();
            *still = if known && now == before && now.low == now.high { still.saturating_add(1) } else { 0 };
            let (rose, fell) = (known && now.high > before.high, known && now.low < before.low);
            *before = *now;
            to(place, PointDay { range: *now, still: *still, rose, fell });
        }
    }
}

impl StoredPoints {
    /// Takes what was seen in a minute.
    pub fn learn(&mut self, minute: u32, used: &PointsUse) {
        if self.days.is_empty() && self.open.is_empty() {
            self.first = used.first;
        }
        if self.first == used.first {
            widen_all(self.open.or_default(minute), &used.ranges);
            self.days.or_default(day_of(minute)).looped |= used.looped.is_some();
        }
        self.close_before(minute);
    }

    /// Adds what another has learned of them; where they begin at another place, the lower is kept.
    pub fn merge(&mut self, other: Self) {
        if *self == Self::default() || other.first < self.first && other != Self::default() {
            *self = other;
            return;
        }
        if other.first > self.first || other == Self::default() {
            return;
        }
        for (day, cell) in other.days {
            self.days.or_default(day).merge(&cell);
        }
        for (minute, ranges) in other.open {
            widen_all(self.open.or_default(minute), &ranges);
        }
        self.state = std::mem::take(&mut self.state).max(other.state);
    }

    /// The octets of what is known of them.
    #[must_use]
    pub fn octets(&self) -> usize {
        let days = self.days.values().map(|day| day.points.capacity() * size_of::<PointDay>() + HEAP_OCTETS);
        let open = self.open.values().map(|open| open.capacity() * size_of::<PointRange>() + HEAP_OCTETS);
        let state = self.state.points.capacity() * size_of::<(PointRange, u32)>() + HEAP_OCTETS;
        self.days.octets() + self.open.octets() + days.chain(open).sum::<usize>() + state
    }

    /// Closes the minutes before one that has begun.
    pub fn close_before(&mut self, minute: u32) {
        let Self { open, days, state, .. } = self;
        open.take_before(minute, |minute, ranges| {
            let day = days.or_default(day_of(minute));
            day.minutes = day.minutes.saturating_add(1);
            state.step(minute, &ranges, |place, seen| day.take(place, &seen));
        });
    }

    /// What was normal, day by day.
    pub fn by_day(&self) -> impl Iterator<Item = (u32, PointsProfile)> {
        let mut closed = self.clone();
        closed.close_before(u32::MAX);
        let first = closed.first;
        closed.days.into_iter().map(move |(day, cell)| (day, PointsProfile::of_day(first, &cell)))
    }
}

/// The day of a minute, both counted from 1970.
const fn day_of(minute: u32) -> u32 {
    minute / MINUTES_PER_HOUR / HOURS_PER_DAY
}

impl PointsDay {
    fn take(&mut self, place: usize, seen: &PointDay) {
        if self.points.len() <= place {
            self.points.resize(place + 1, PointDay::default());
        }
        if let Some(point) = self.points.get_mut(place) {
            point.merge(seen);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.minutes = self.minutes.saturating_add(other.minutes);
        self.looped |= other.looped;
        for (place, point) in other.points.iter().enumerate() {
            self.take(place, point);
        }
    }
}

impl PointDay {
    fn merge(&mut self, other: &Self) {
        self.range.widen(other.range);
        self.still = self.still.max(other.still);
        self.rose |= other.rose;
        self.fell |= other.fell;
    }
}

/// What is normal at the places of an operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PointsProfile {
    /// The first place.
    pub first: u32,
    /// On how many days there was a message.
    pub days: u32,
    /// In how many minutes.
    pub minutes: u32,
    /// Sequences of values come again.
    pub loops: bool,
    /// Each place.
    pub points: Vec<PointProfile>,
}

/// What is normal at a place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointProfile {
    /// The least and greatest value.
    pub range: PointRange,
    /// The most minutes in which it was seen, one after the other, and had not changed.
    pub still: u32,
    /// Days on which it became greater.
    pub rises: u32,
    /// It never became less.
    pub only_rises: bool,
}

/// A place that is still for longer than this now and then says nothing by being still.
const STILL_MINUTES: u32 = 60;

/// In fewer minutes nothing is shown to move always.
const MOVING_MINUTES_MIN: u32 = 600;

/// On fewer days neither.
const MOVING_DAYS_MIN: u32 = 2;

/// Where the values are few and small, this counts as the width of their range.
const WIDTH_MIN: u64 = 4;

impl PointProfile {
    /// Of a place of which nothing is known: taken in, it changes nothing.
    const NOTHING: Self = Self { range: PointRange::NONE, still: 0, rises: 0, only_rises: true };

    /// How far a range lies beside what is normal, as [`super::measure::beside`] has it: by the sign that makes what is
    /// normal narrower, and where it is as narrow by either, by that which has the value nearer, or is nearer to nought
    /// itself: nought is next to -1 and not to 65535. What has turned is as far as it can be. None for what counts: it always goes
    /// beyond. Of `minutes` minutes, few make the range wider.
    fn beside(&self, now: &PointRange, minutes: u32) -> Option<Beside> {
        if self.range.is_none() || now.is_none() || self.counts() {
            return None;
        }
        let signed = |range: &PointRange| (i32::from(range.low_signed), i32::from(range.high_signed));
        let unsigned = |range: &PointRange| (i32::from(range.low), i32::from(range.high));
        let rank = |(normal, now): ((i32, i32), (i32, i32))| {
            let (below, above) = (normal.0.saturating_sub(now.0).max(0), now.1.saturating_sub(normal.1).max(0));
            (normal.1.abs_diff(normal.0), below.max(above), normal.0.unsigned_abs().max(normal.1.unsigned_abs()))
        };
        let (by_sign, without) = ((signed(&self.range), signed(now)), (unsigned(&self.range), unsigned(now)));
        if rank(without) <= rank(by_sign) {
            return Some(beside(without, minutes));
        }
        Some(match turned(by_sign) {
            Some((value, edge)) => Beside { value, edge, ..beside(without, minutes) },
            None => beside(by_sign, minutes),
        })
    }

    /// Whether it is a counter.
    const fn counts(&self) -> bool {
        self.only_rises && self.rises >= 2
    }

    fn absorb(&mut self, other: &Self) {
        self.range.widen(other.range);
        self.still = self.still.max(other.still);
        self.rises += other.rises;
        self.only_rises &= other.only_rises;
    }
}

/// The value, and the end of the range next to it, where the range lies on one side of nought and the value as clearly on the
/// other, half as far away at least: a room whose pressure was to keep air in drives it out.
fn turned((normal, now): ((i32, i32), (i32, i32))) -> Option<(i32, i32)> {
    let (value, edge) = match normal {
        (_, high) if high < 0 => (now.1.max(0), high),
        (low, _) if low > 0 => (now.0.min(0), low),
        _ => return None,
    };
    let far = u64::from(edge.unsigned_abs() / 2).max(WIDTH_MIN);
    (u64::from(value.unsigned_abs()) >= far).then_some((value, edge))
}

/// How far something is beside a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// 1000 and how far, in thousandths of the width of the range.
    pub beside: u64,
    /// The value.
    pub value: i32,
    /// The end of the range on its side.
    pub edge: i32,
}

/// How far values lie beside normal ones, of so many minutes; each from the least to the greatest.
fn beside((normal, now): ((i32, i32), (i32, i32)), minutes: u32) -> Beside {
    let width = u64::from(normal.1.abs_diff(normal.0));
    let width = width.max(u64::from(normal.0.unsigned_abs().max(normal.1.unsigned_abs())) / 10).max(WIDTH_MIN);
    let width = width + width * 4 / u64::from(minutes.max(1));
    let (below, above) = (normal.0.saturating_sub(now.0).max(0), now.1.saturating_sub(normal.1).max(0));
    let excess = u64::from(below.max(above).unsigned_abs());
    let (value, edge) = if below > above { (now.0, normal.0) } else { (now.1, normal.1) };
    Beside { beside: 1000 + excess * 1000 / width, value, edge }
}

impl PointsProfile {
    fn of_day(first: u32, day: &PointsDay) -> Self {
        let point = |point: &PointDay| PointProfile {
            range: point.range,
            still: point.still,
            rises: point.rose.into(),
            only_rises: !point.fell,
        };
        let points = day.points.iter().map(point).collect();
        Self { first, days: 1, minutes: day.minutes, loops: day.looped, points }
    }

    /// Of what stands packed, field by field.
    pub(super) fn packed(numbers: &mut Numbers<'_>) -> Option<Self> {
        let (first, days, minutes) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let (loops, count) = (numbers.next::<u8>()? > 0, numbers.next::<usize>()?);
        let mut points = Vec::with_capacity(count.min(POINTS_MAX));
        for _ in 0..count {
            let (low, high) = (numbers.next()?, numbers.next()?);
            let (low_signed, high_signed) = (numbers.signed()?, numbers.signed()?);
            let (still, rises, only_rises) = (numbers.next()?, numbers.next()?, numbers.next::<u8>()? > 0);
            let range = PointRange { low, high, low_signed, high_signed };
            points.push(PointProfile { range, still, rises, only_rises });
        }
        Some(Self { first, days, minutes, loops, points })
    }

    /// True where a range is within what is normal at a place, so beside it in no way.
    #[must_use]
    pub fn holds(&self, place: usize, now: &PointRange) -> bool {
        self.points.get(place).is_some_and(|point| point.range.holds(now))
    }

    /// Takes in what was normal at other times.
    pub fn absorb(&mut self, other: &Self) {
        self.days += other.days;
        self.minutes = self.minutes.saturating_add(other.minutes);
        self.loops |= other.loops;
        for (place, point) in other.points.iter().enumerate() {
            match self.points.get_mut(place) {
                Some(known) => known.absorb(point),
                None => self.points.push(*point),
            }
        }
    }

    /// Takes a value at a place for normal.
    pub fn accept_value(&mut self, place: u32, value: i32) {
        if let Some(point) = self.point(place) {
            #[allow(clippy::cast_possible_truncation)] // 16 bits, with or without a sign
            point.range.widen(PointRange::of(value as u16));
        }
    }

    /// Takes it for normal that a place is still for so long.
    pub fn accept_stillness(&mut self, place: u32, minutes: u32) {
        if let Some(point) = self.point(place) {
            point.still = point.still.max(minutes);
        }
    }

    /// The same without days and minutes, to be taken in beside what is known.
    pub fn uncount(&mut self) {
        (self.days, self.minutes) = (0, 0);
        self.points.iter_mut().for_each(|point| point.rises = 0);
    }

    fn point(&mut self, place: u32) -> Option<&mut PointProfile> {
        let place = usize::try_from(place.checked_sub(self.first)?).ok().filter(|place| *place < POINTS_MAX)?;
        if self.points.len() <= place {
            self.points.resize(place + 1, PointProfile::NOTHING);
        }
        self.points.get_mut(place)
    }

    /// How many minutes a place was still at most, where it never is for long.
    #[must_use]
    pub fn stillness(&self, place: usize) -> Option<u32> {
        let point = self.points.get(place)?;
        let moves = self.days >= MOVING_DAYS_MIN
            && self.minutes >= MOVING_MINUTES_MIN
            && point.still <= STILL_MINUTES
            && point.range.low < point.range.high;
        moves.then_some(point.still)
    }

    /// What a value at a place is compared as.
    #[must_use]
    pub fn measure(&self, place: usize) -> Measure {
        if self.stillness(place).is_some() { Measure::Reading } else { Measure::Setting }
    }

    /// How far a range lies beside what is normal at a place.
    #[must_use]
    pub fn beside(&self, place: usize, now: &PointRange) -> Option<Beside> {
        self.points.get(place)?.beside(now, self.minutes)
    }

    /// A day beside what was normal on others: of settings and of readings the place that was furthest beside its
    /// range, and beside that of its kin, and the one that was still for longest.
    pub fn compare(&self, name: &str, normal: &Self, kin: KinOf<'_>, to: &mut dyn FnMut(Measure, u64, u64)) {
        for measure in [Measure::Setting, Measure::Reading] {
            let places = self.points.iter().enumerate().filter(|(place, _)| normal.measure(*place) == measure);
            let beside = places.filter_map(|(place, now)| {
                let beside = normal.beside(place, &now.range)?;
                // What a device measures is its own; what was set on one of its kind may be set on it.
                let is_of_kin = measure == Measure::Setting && kin.has_point(name, (normal.first, place), beside.value);
                (!is_of_kin).then_some(beside)
            });
            if let Some(most) = beside.map(|beside| beside.beside).max() {
                to(measure, most, 1000);
            }
        }
        let still = self.points.iter().enumerate();
        let still = still.filter_map(|(place, now)| Some((now.still, normal.stillness(place)?)));
        let ratio = |(now, normal): &(u32, u32)| Measure::Frozen.ratio((*now).into(), (*normal).into());
        if let Some((now, normal)) = still.max_by(|one, other| ratio(one).total_cmp(&ratio(other))) {
            to(Measure::Frozen, now.into(), normal.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How far a value lies beside the range of others.
    fn beside(normal: [i16; 2], value: i16) -> Beside {
        let mut range = PointRange::of(normal[0].cast_unsigned());
        range.widen(PointRange::of(normal[1].cast_unsigned()));
        let point = PointProfile { range, still: 0, rises: 0, only_rises: false };
        point.beside(&PointRange::of(value.cast_unsigned()), 1000).unwrap()
    }

    #[test]
    fn nought_is_next_to_minus_one() {
        let low = beside([-225, -25], 0);
        assert_eq!((low.beside, low.value, low.edge), (1125, 0, -25), "an eighth of the range above it");
        assert_eq!(beside([-225, -25], -250).beside, 1125, "as far below");
        assert_eq!(beside([0, 200], -25).beside, 1125);
        let far = beside([20_000, 20_200], -20_000);
        assert_eq!((far.value, far.edge), (-20_000 + 65_536, 20_200), "nearer without a sign");
        assert_eq!(beside([-100, 100], 150).beside, 1250, "a range across nought has a sign");
        for (normal, now) in [([-16, -14], 10), ([14, 16], -10), ([-225, -25], 20)] {
            let turned = beside(normal, now);
            assert!(turned.beside > 10_000, "{normal:?} {now}: {turned:?}");
            assert_eq!((turned.value, turned.edge), (now.into(), normal[usize::from(now > 0)].into()));
        }
        assert!(beside([-16, -14], 2).beside < 10_000, "hardly across nought");
    }
}
