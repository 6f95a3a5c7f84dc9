#![doc = include_str!("feed_lost.md")]

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::scoring::{Blind, Blindness, Judged};

/// What the detection is.
pub static ABOUT: About = About {
    name: "feed-lost",
    title: "The sensor hears nothing any more",
    attack: &[technique("T0815")],
    impact: "What happens to devices meanwhile is not seen.",
    response: "Ask network operations about the mirror port, the tap and the cable of the sensor.",
    page: include_str!("feed_lost.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct FeedLost;

impl Detection for FeedLost {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn blindness(&mut self, blindness: &Blindness, raise: &mut Raise<'_>) {
        let (expected, observed) = match blindness.how {
            Blind::Nothing { minutes, normal } => {
                (format!("never nothing for more than {normal} minutes"), format!("nothing for {minutes} minutes"))
            }
            Blind::Few { silent, of } => {
                ("some of them silent at most".to_owned(), format!("{silent} of {of} steady devices silent at once"))
            }
            _ => return,
        };
        let judged = Judged {
            severity: Severity::Medium,
            score: 80,
            explanation: match blindness.how {
                Blind::Few { .. } => {
                    "Most devices fell silent at once, so that it is probably the sensor that does not hear."
                }
                _ => "Nothing at all has reached the sensor: what happened meanwhile is not known.",
            }
            .to_owned(),
            expected,
            observed,
        };
        raise.raise(Deviation::of_feed(&ABOUT, blindness, judged));
    }
}
