#![doc = include_str!("firmware_push.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, is_answer, kind_of, protocol_of, readable, value_of};
use crate::scoring::{Departure, Judged, What};

/// What the detection is.
pub static ABOUT: About = About {
    name: "firmware-push",
    title: "A program is put on a device by one who never did",
    attack: &[technique("T0857"), technique("T0839"), technique("T0843"), technique("T0889")],
    impact: "A device with other software may treat or measure wrongly, and show nothing of it.",
    response: "Take the device out of use until clinical engineering has compared its software with the maker's; find the sender.",
    page: include_str!("firmware_push.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct FirmwarePush;

/// Whether a message puts a program on whom it is sent to.
fn is_push(name: &str) -> bool {
    match kind_of(name) {
        "tftp write-request" | "ftp stor" | "http put" | "http post" => value_of(name, "program") == Some("yes"),
        "bacnet atomic-write-file" => true,
        _ => false,
    }
}

impl Detection for FirmwarePush {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let (name, severity) = match &departure.what {
            What::Foreign { name, usual, .. } => (*name, if *usual { Severity::Low } else { Severity::High }),
            What::Operation { name, rare, known, .. } if !known.iter().any(|known| is_push(known)) => {
                (*name, if *rare { Severity::High } else { Severity::Medium })
            }
            _ => return,
        };
        if is_answer(name) || !is_push(name) {
            return;
        }
        let Link { initiator, responder, .. } = departure.link;
        let judged = Judged {
            severity,
            score: 85,
            explanation: format!("{initiator} puts a program or firmware on {responder}, which it never did."),
            expected: format!("no program by {} between these two", protocol_of(name).to_uppercase()),
            observed: readable(name),
        };
        raise.raise(departure.recognised(&ABOUT, responder, protocol_of(name).to_owned(), judged));
    }
}
