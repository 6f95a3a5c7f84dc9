#![doc = include_str!("all_topics.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, is_answer, kind_of, value_of};
use crate::scoring::{Departure, Judged, What};

/// What the detection is.
pub static ABOUT: About = About {
    name: "all-topics",
    title: "Somebody listens to all that devices report",
    attack: &[technique("T0801"), technique("T0802"), technique("T1119"), technique("T0842")],
    impact: "Whoever listens gets every reading that devices publish, patients' among them.",
    response: "Ask who runs the listener. If nobody knows it, take away its login at the broker, and let topics be read by name only.",
    page: include_str!("all_topics.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct AllTopics;

fn is_all(name: &str) -> bool {
    kind_of(name) == "mqtt subscribe" && !is_answer(name) && value_of(name, "filter") == Some("all")
}

impl Detection for AllTopics {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let name = match &departure.what {
            What::Foreign { name, .. } => *name,
            What::Operation { name, known, .. } if !known.iter().any(|known| is_all(known)) => *name,
            _ => return,
        };
        if !is_all(name) {
            return;
        }
        let Link { initiator, responder, .. } = departure.link;
        let judged = Judged {
            severity: Severity::Medium,
            score: 65,
            explanation: format!("{initiator} asks {responder} for everything that devices report."),
            expected: "topics that are named".to_owned(),
            observed: "a subscription to all topics".to_owned(),
        };
        raise.raise(departure.recognised(&ABOUT, responder, String::new(), judged));
    }
}
