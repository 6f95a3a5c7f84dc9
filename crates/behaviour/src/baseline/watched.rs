//! Which hours were watched: what was not there in the few minutes that were watched of an hour may have been there in the rest.

use wardtap_net::packet::NANOS_PER_SECOND;

use super::file::LearnedCapture;

/// An hour of which less was watched says nothing of what is not there: of what comes once in it, one in ten would be missed,
/// which is as much as may be left out of any hour.
const WATCHED_MIN: u64 = 54 * 60 * NANOS_PER_SECOND;

const HOUR: u64 = 3600 * NANOS_PER_SECOND;

/// When something was watched, at whatever place: from one time to another, in order and apart. None is always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched(Vec<(u64, u64)>);

impl Watched {
    /// When captures were taken.
    #[must_use]
    pub fn of(captures: &[LearnedCapture]) -> Self {
        let mut spans: Vec<(u64, u64)> = captures.iter().map(|capture| (capture.first, capture.last)).collect();
        spans.sort_unstable();
        let mut watched: Vec<(u64, u64)> = Vec::new();
        for (first, last) in spans {
            match watched.last_mut() {
                Some(before) if first <= before.1 => before.1 = before.1.max(last),
                _ => watched.push((first, last)),
            }
        }
        Self(watched)
    }

    /// Whether nearly all of an hour, counted from 1970, was watched.
    #[must_use]
    pub fn has(&self, hour: u32) -> bool {
        let begin = u64::from(hour) * HOUR;
        let end = begin.saturating_add(HOUR);
        let from = self.0.partition_point(|(_, last)| *last <= begin);
        let spans = self.0.get(from..).unwrap_or_default().iter().take_while(|(first, _)| *first < end);
        let watched = spans.map(|(first, last)| end.min(*last).saturating_sub(begin.max(*first))).sum::<u64>();
        self.0.is_empty() || watched >= WATCHED_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_was_watched_where_no_more_than_a_tenth_of_it_is_missing_in_any_place() {
        let minutes = |first: u64, last: u64| LearnedCapture {
            digest: [0; 32],
            first: first * 60 * NANOS_PER_SECOND,
            last: last * 60 * NANOS_PER_SECOND,
            packets: 1,
        };
        let hours = |captures: &[LearnedCapture]| {
            let watched = Watched::of(captures);
            (0..9).filter(|hour| watched.has(*hour)).collect::<Vec<u32>>()
        };
        assert_eq!(hours(&[]), (0..9).collect::<Vec<u32>>(), "nothing is known of it");
        assert_eq!(hours(&[minutes(66, 240)]), [1, 2, 3]);
        assert_eq!(hours(&[minutes(67, 233)]), [2]);
        assert_eq!(hours(&[minutes(200, 300), minutes(60, 150), minutes(140, 199)]), [1, 2, 3, 4], "together");
        assert_eq!(hours(&[minutes(0, 13), minutes(20, 500), minutes(30, 40)]), [1, 2, 3, 4, 5, 6, 7]);
        assert!(hours(&[LearnedCapture { last: u64::MAX, ..minutes(600, 0) }]).is_empty());
    }
}
