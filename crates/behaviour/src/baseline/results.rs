//! The means of results: what was learned of them, and what is normal.
//!
//! Of each analyte of an operation a day holds how many windows of results there were, and the least and greatest of their
//! means. A window that is under way where learning ends is given up: an aggregate of fewer results would be nearly theirs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::by_time::ByTime;
use super::store::HOURS_PER_DAY;
use super::store::MINUTES_PER_HOUR;
use crate::links::results::ResultsMean;
use wardtap_dissect::results::Analyte;

/// The means of the results of an operation in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredResults {
    /// By day, counted from 1970, and by analyte, as [`wardtap_dissect::results::Analyte::number`] has it.
    pub days: ByTime<BTreeMap<u64, Means>>,
}

/// Octets of the means of an analyte in a tree, of whose nodes some are not half full.
const MEANS_OCTETS: usize = 3 * size_of::<(u64, Means)>();

/// The means of the results of one analyte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Means {
    /// On how many days there was one; in a store 1.
    pub days: u32,
    /// How many.
    pub windows: u32,
    /// The least, in millionths.
    pub low: i64,
    /// The greatest.
    pub high: i64,
}

impl StoredResults {
    /// Takes what was seen in a minute.
    pub fn learn(&mut self, minute: u32, results: &[ResultsMean]) {
        let day = self.days.or_default(minute / MINUTES_PER_HOUR / HOURS_PER_DAY);
        for ResultsMean { analyte, mean } in results {
            let one = Means { days: 1, windows: 1, low: *mean, high: *mean };
            day.entry(analyte.number()).and_modify(|known| known.widen(&one)).or_insert(one);
        }
    }

    /// The octets of what is known of them.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.days.octets() + self.days.values().map(|day| MEANS_OCTETS * day.len()).sum::<usize>()
    }

    /// Adds what another has learned of them.
    pub fn merge(&mut self, other: Self) {
        for (day, means) in other.days {
            let known = self.days.or_default(day);
            for (analyte, means) in means {
                known.entry(analyte).and_modify(|known| known.widen(&means)).or_insert(means);
            }
        }
    }

    /// What was normal, day by day.
    pub fn by_day(&self) -> impl Iterator<Item = (u32, ResultsProfile)> {
        self.days.iter().map(|(day, means)| (day, ResultsProfile { analytes: means.clone() }))
    }
}

/// What is normal of the results of an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultsProfile {
    /// By analyte.
    pub analytes: BTreeMap<u64, Means>,
}

/// Of fewer windows, or of fewer days, nothing is shown.
const WINDOWS_MIN: u32 = 6;

/// See [`WINDOWS_MIN`].
const DAYS_MIN: u32 = 2;

impl ResultsProfile {
    /// What somebody accepted beside what is known: it adds neither days nor windows.
    #[must_use]
    pub fn accepted(analyte: Analyte, low: i64, high: i64) -> Self {
        Self { analytes: BTreeMap::from([(analyte.number(), Means { days: 0, windows: 0, low, high })]) }
    }

    /// The same without days and windows, to be taken in beside what is known.
    pub fn uncount(&mut self) {
        self.analytes.values_mut().for_each(|means| (means.days, means.windows) = (0, 0));
    }

    /// Takes in what was normal at other times.
    pub fn absorb(&mut self, other: &Self) {
        for (analyte, means) in &other.analytes {
            let known = self.analytes.entry(*analyte);
            let more = |known: &mut Means| {
                known.widen(means);
                known.days += means.days;
            };
            known.and_modify(more).or_insert(*means);
        }
    }

    /// What is normal of an analyte, where enough is known of it.
    #[must_use]
    pub fn of(&self, analyte: u64) -> Option<&Means> {
        self.analytes.get(&analyte).filter(|means| means.windows >= WINDOWS_MIN && means.days >= DAYS_MIN)
    }

    /// A day beside what was normal on others: of all analytes the one that was furthest beside its range.
    pub fn compare(&self, normal: &Self, mut to: impl FnMut(u64)) {
        let beside = |(analyte, now): (&u64, &Means)| {
            let normal = normal.of(*analyte)?;
            Some(normal.beside(now.low).max(normal.beside(now.high)))
        };
        if let Some(most) = self.analytes.iter().filter_map(beside).max() {
            to(most);
        }
    }
}

impl Means {
    fn widen(&mut self, other: &Self) {
        self.windows = self.windows.saturating_add(other.windows);
        (self.low, self.high) = (self.low.min(other.low), self.high.max(other.high));
    }

    /// How far a mean lies beside the range of those that are normal: 1000 and how far, in thousandths of the width of that
    /// range. A range that is narrow for where it lies counts as a fiftieth of that, one of few means as wider than they show.
    #[must_use]
    pub fn beside(&self, mean: i64) -> u64 {
        let width = self.high.abs_diff(self.low);
        let width = width.max(self.high.unsigned_abs().max(self.low.unsigned_abs()) / 50).max(1);
        let width = u128::from(width) * u128::from(self.windows + 4) / u128::from(self.windows.max(1));
        let below = if mean < self.low { mean.abs_diff(self.low) } else { 0 };
        let above = if mean > self.high { mean.abs_diff(self.high) } else { 0 };
        let beside = u128::from(below.max(above)) * 1000 / width.max(1);
        u64::try_from(beside).unwrap_or(u64::MAX).saturating_add(1000)
    }
}
