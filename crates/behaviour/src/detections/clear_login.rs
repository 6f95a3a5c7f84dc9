#![doc = include_str!("clear_login.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, is_answer, kind_of, protocol_of, value_of};
use crate::scoring::{Departure, Judged, What};

/// What the detection is.
pub static ABOUT: About = About {
    name: "clear-login",
    title: "A new login in clear, or without a password",
    attack: &[technique("T0859"), technique("T0812"), technique("T0886"), technique("T1040")],
    impact: "Whoever listens has the password then, and whoever needs none can work on the device at once.",
    response: "Ask the owners whether this login was theirs. If so, have it encrypted and change the password; else close the way.",
    page: include_str!("clear_login.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct ClearLogin;

/// How somebody gets in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// With a password that everybody on the way can read.
    Clear,
    /// With one that all devices have when they are delivered.
    Delivered,
    /// With none.
    Open,
}

fn way(name: &str) -> Option<Way> {
    let says = |feature: &str, value: &str| value_of(name, feature) == Some(value);
    match (protocol_of(name), kind_of(name)) {
        // The viewer takes the way without a password; before version 3.7 the server says that there is no other.
        ("vnc", "vnc security-type" | "vnc security-types") if says("security", "none") => Some(Way::Open),
        _ if is_answer(name) => None,
        ("ftp", "ftp pass") if says("login", "clear") => Some(Way::Clear),
        ("telnet", "telnet login") if says("login", "clear") => Some(Way::Clear),
        ("http", _) if says("auth", "basic") => Some(Way::Clear),
        ("mqtt", "mqtt connect") if says("login", "user+password") || says("login", "password") => Some(Way::Clear),
        ("snmp", "snmp get" | "snmp get-next" | "snmp get-bulk" | "snmp set")
            if says("community", "public") || says("community", "private") =>
        {
            Some(Way::Delivered)
        }
        _ => None,
    }
}

impl Detection for ClearLogin {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let (name, known) = match &departure.what {
            What::Foreign { name, usual: false, .. } => (*name, &[][..]),
            What::Operation { name, known, .. } => (*name, &known[..]),
            _ => return,
        };
        let Some(found) = way(name).filter(|_| !raise.is_told()) else { return };
        if known.iter().any(|known| way(known) == Some(found)) {
            return;
        }
        let Link { initiator, responder, .. } = departure.link;
        let protocol = protocol_of(name).to_uppercase();
        let (severity, how) = match found {
            Way::Clear => (Severity::Low, "with a password in clear"),
            Way::Delivered => (Severity::Low, "with the password that it was delivered with"),
            Way::Open => (Severity::Medium, "without any password"),
        };
        let judged = Judged {
            severity,
            score: 40,
            explanation: format!("{initiator} gets into {responder} {how}, which it never did."),
            expected: "no such login between these two".to_owned(),
            observed: format!("{protocol}, {how}"),
        };
        raise.raise(departure.recognised(&ABOUT, responder, protocol_of(name).to_owned(), judged));
    }
}
