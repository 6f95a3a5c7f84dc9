#![doc = include_str!("feed_one_sided.md")]

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::scoring::{Blind, Blindness, Judged};

/// What the detection is.
pub static ABOUT: About = About {
    name: "feed-one-sided",
    title: "The sensor hears one end only",
    attack: &[technique("T0815")],
    impact: "Half of what happens is not seen, and silences are not told.",
    response: "Have network operations mirror both directions, on all paths, and look at both fibres of the tap.",
    page: include_str!("feed_one_sided.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct FeedOneSided;

impl Detection for FeedOneSided {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn blindness(&mut self, blindness: &Blindness, raise: &mut Raise<'_>) {
        let Blind::OneSided { conversations, of } = blindness.how else { return };
        let judged = Judged {
            severity: Severity::Medium,
            score: 80,
            explanation: "The sensor hears only one end of conversations of which it always heard both.".to_owned(),
            expected: "both ends heard".to_owned(),
            observed: format!("one end heard of {conversations} of {of} conversations"),
        };
        raise.raise(Deviation::of_feed(&ABOUT, blindness, judged));
    }
}
