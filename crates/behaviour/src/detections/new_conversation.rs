#![doc = include_str!("new_conversation.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::baseline::novelty::circumstances;
use crate::detection::{About, Detection, Raise};
use crate::detections::network_sweep;
use crate::links::Link;
use crate::scoring::{Departure, Judged, What, score};

/// What the detection is.
pub static ABOUT: About = About {
    name: "new-conversation",
    title: "Two devices talk that never did",
    attack: &[technique("T0886"), technique("T0846")],
    impact: "Who reaches a device over a new way can read, disturb or command it.",
    response: "Ask the owners of both devices what changed; if nothing did, look at what the asking device does.",
    page: include_str!("new_conversation.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct NewConversation;

impl Detection for NewConversation {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Link { circumstances, surprise, rare } = departure.what else { return };
        let Link { initiator, responder, service } = departure.link;
        if raise.is_told_of(network_sweep::ABOUT.name, initiator) {
            return;
        }
        let offered = circumstances & circumstances::OFFERED != 0;
        let typical = circumstances & circumstances::TYPICAL != 0;
        let judged = Judged {
            severity: match (rare && !typical, offered) {
                (true, false) => Severity::High,
                (true, true) => Severity::Medium,
                (false, _) => Severity::Low,
            },
            score: score(surprise),
            explanation: format!("{initiator} contacts {responder} in a way that it never has before."),
            expected: format!(
                "{}{}, {}",
                if typical { "what most devices of the make do, " } else { "" },
                if offered { "the service used by others" } else { "no such service" },
                if circumstances & circumstances::ACQUAINTED != 0 {
                    "between these two other services"
                } else {
                    "nothing between these two"
                },
            ),
            observed: format!("{service}"),
        };
        raise.raise(departure.deviation(&ABOUT, responder, service.to_string(), judged));
    }
}
