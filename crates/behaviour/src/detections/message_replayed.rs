#![doc = include_str!("message_replayed.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::links::Link;
use crate::repeats::{Repeat, RepeatKind};
use crate::scoring::Judged;

/// What the detection is.
pub static ABOUT: About = About {
    name: "message-replayed",
    title: "Old messages are sent again",
    attack: &[technique("T0856"), technique("T0855"), technique("T0832")],
    impact: "An old result or order counts as a new one: a patient is treated for what is no longer so.",
    response: "Ask the owner of the sender whether it was meant to send these again; check what the receiver took for new.",
    page: include_str!("message_replayed.md"),
};

/// Keeps nothing: what was accepted is remembered in one place.
pub struct MessageReplayed;

impl Detection for MessageReplayed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn repeat(&mut self, repeat: &Repeat, raise: &mut Raise<'_>) {
        let Link { initiator, responder, .. } = repeat.link;
        let (severity, score, observed) = match repeat.kind {
            RepeatKind::Again { seconds, times } => (
                Severity::Medium,
                65,
                format!("a message again after {seconds} s, for the {times}. time, though it had been accepted"),
            ),
            RepeatKind::FromElsewhere { first, seconds } => {
                (Severity::High, 80, format!("a message {seconds} s after {} had sent it", first.initiator))
            }
            RepeatKind::OtherContent { .. } | RepeatKind::ChangedOnTheWay { .. } | RepeatKind::OtherForEver { .. } => {
                return;
            }
        };
        let judged = Judged {
            severity,
            score,
            explanation: format!("{initiator} sends {responder} messages again that it had accepted before."),
            expected: "each message once, or again while it is not accepted".to_owned(),
            observed,
        };
        raise.raise(repeat.deviation(&ABOUT, "messages", judged));
    }
}
