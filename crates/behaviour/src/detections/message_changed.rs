#![doc = include_str!("message_changed.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::links::Link;
use crate::repeats::{Repeat, RepeatKind};
use crate::scoring::Judged;

/// What the detection is.
pub static ABOUT: About = About {
    name: "message-changed",
    title: "A message has other content than the one it says it is",
    attack: &[technique("T0856"), technique("T0830"), technique("T0831"), technique("T1565.002")],
    impact: "A result or order may have been changed on its way: a patient is treated for what nobody measured or ordered.",
    response: "Compare what sender and receiver show of these messages by hand; trust neither until they agree.",
    page: include_str!("message_changed.md"),
};

/// What nobody does by mistake.
const WRONG: (Severity, u8) = (Severity::High, 85);

/// What also comes of a name that was put right at the device, and an image that was sent once more.
const UNSURE: (Severity, u8) = (Severity::Low, 50);

/// Keeps nothing: what was accepted is remembered in one place.
pub struct MessageChanged;

impl Detection for MessageChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn repeat(&mut self, repeat: &Repeat, raise: &mut Raise<'_>) {
        let Link { initiator, responder, .. } = repeat.link;
        let explanation = match repeat.kind {
            RepeatKind::OtherForEver { .. } => {
                format!("{initiator} stores images at {responder} under the numbers of others.")
            }
            _ => format!("{initiator} sends {responder} a known message with other content."),
        };
        let (subject, (severity, score), expected, observed) = match repeat.kind {
            RepeatKind::OtherContent { seconds } => (
                "same link",
                WRONG,
                "an identity of its own for each message",
                format!("another content under the identity of a message that was accepted {seconds} s before"),
            ),
            RepeatKind::ChangedOnTheWay { first } => (
                "on the way",
                WRONG,
                "what is passed on as it came",
                format!("another content than {} had sent to {}", first.initiator, first.responder),
            ),
            RepeatKind::OtherForEver { seconds } => (
                "object",
                UNSURE,
                "a number of its own for each image, for ever",
                format!("another content under the number of an image that was stored {seconds} s before"),
            ),
            RepeatKind::Again { .. } | RepeatKind::FromElsewhere { .. } => return,
        };
        let judged = Judged { severity, score, explanation, expected: expected.to_owned(), observed };
        raise.raise(repeat.deviation(&ABOUT, subject, judged));
    }
}
