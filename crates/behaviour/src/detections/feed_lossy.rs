#![doc = include_str!("feed_lossy.md")]

use crate::alert::{Deviation, Severity};
use crate::detection::{About, Detection, Raise};
use crate::scoring::{Blind, Blindness, Judged};

/// What the detection is.
pub static ABOUT: About = About {
    name: "feed-lossy",
    title: "The sensor misses part of what is sent",
    attack: &[],
    impact: "What is missing is not looked at.",
    response: "Have network operations look at drops of the mirror port, and mirror less or over a faster port.",
    page: include_str!("feed_lossy.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct FeedLossy;

impl Detection for FeedLossy {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn blindness(&mut self, blindness: &Blindness, raise: &mut Raise<'_>) {
        let Blind::Lossy { missing, normal, .. } = blindness.how else { return };
        let percent = |of_a_million: u32| f64::from(of_a_million) / 10_000.0;
        let judged = Judged {
            severity: Severity::Low,
            score: 60,
            explanation: "Part of what is sent does not reach the sensor, so that it may miss something.".to_owned(),
            expected: format!("{:.2} % missing", percent(normal)),
            observed: format!("{:.2} % missing", percent(missing)),
        };
        raise.raise(Deviation::of_feed(&ABOUT, blindness, judged));
    }
}
