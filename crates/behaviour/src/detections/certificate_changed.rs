#![doc = include_str!("certificate_changed.md")]

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::links::{is_answer, kind_of, readable, value_of};
use crate::parties::Party;
use crate::scoring::{Departure, Judged, What};

/// What the detection is.
pub static ABOUT: About = About {
    name: "certificate-changed",
    title: "A server shows another certificate",
    attack: &[technique("T1557"), technique("T0830"), technique("T0849")],
    impact: "If the server is not who it says, passwords and records go through a stranger's hands.",
    response: "Ask the server's owner whether the certificate was changed. If not, stop using the server until its network way was checked.",
    page: include_str!("certificate_changed.md"),
};

/// A server with more certificates than this has no habit.
const HABIT_MAX: usize = 3;

/// Keeps nothing: the scorer holds all that it needs.
pub struct CertificateChanged;

fn is_certificate(name: &str) -> bool {
    kind_of(name) == "tls certificate" && is_answer(name) && value_of(name, "certificate").is_some()
}

impl Detection for CertificateChanged {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let What::Operation { name, known, .. } = &departure.what else { return };
        if !is_certificate(name) || departure.parties.responder == Party::OUTSIDE {
            return;
        }
        let before: Vec<&str> = known.iter().copied().filter(|known| is_certificate(known)).collect();
        if before.is_empty() || before.len() > HABIT_MAX {
            return;
        }
        let authority = |name| value_of(name, "authority");
        let is_renewed = authority(name).is_some() && before.iter().any(|before| authority(before) == authority(name));
        let server = departure.link.responder;
        let judged = Judged {
            severity: if is_renewed { Severity::Low } else { Severity::High },
            score: if is_renewed { 30 } else { 75 },
            explanation: if is_renewed {
                format!("{server} shows another certificate, from the authority that it had one of before.")
            } else {
                format!("{server} shows another certificate, from an authority that it had none of before.")
            },
            expected: before.iter().map(|before| readable(before)).collect::<Vec<_>>().join(", "),
            observed: readable(name),
        };
        // All clients see the same: it is told once.
        let deviation = departure.deviation(&ABOUT, server, authority(name).unwrap_or_default().to_owned(), judged);
        raise.raise(Deviation { peer: None, ..deviation });
    }
}
