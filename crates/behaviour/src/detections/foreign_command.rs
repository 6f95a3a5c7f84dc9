#![doc = include_str!("foreign_command.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::links::{Link, is_answer, kind_of, readable};
use crate::scoring::{Departure, Judged, What};

/// What the detection is.
pub static ABOUT: About = About {
    name: "foreign-command",
    title: "A device is set by one who never did",
    attack: &[technique("T0855"), technique("T0836"), technique("T0831")],
    impact: "A changed setting can stop ventilation, power or a device that patients depend on.",
    response: "Check the device's settings on site and set them right; find the sender, and have its way to the device closed.",
    page: include_str!("foreign_command.md"),
};

/// Keeps nothing: the scorer holds all that it needs.
pub struct ForeignCommand;

/// What sets a device, has it start anew or be silent; and whether a known partner that does so for the first time is told of.
fn command(kind: &str) -> Option<bool> {
    match kind {
        "snmp set"
        | "bacnet write-property"
        | "bacnet write-property-multiple"
        | "bacnet reinitialize-device"
        | "bacnet device-communication-control" => Some(true),
        // Of a controller's known masters each register is known: what is new there has its own alerts.
        _ if kind.starts_with("modbus write-") || kind.starts_with("modbus mask-write") => Some(false),
        "modbus read-write-multiple-registers" => Some(false),
        _ => None,
    }
}

impl Detection for ForeignCommand {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let (name, severity, known) = match &departure.what {
            What::Foreign { name, usual } => (*name, if *usual { Severity::Low } else { Severity::High }, None),
            What::Operation { name, rare, known, .. } => {
                (*name, if *rare { Severity::High } else { Severity::Medium }, Some(known))
            }
            _ => return,
        };
        let kind = kind_of(name);
        let Some(of_known) = command(kind).filter(|_| !is_answer(name)) else { return };
        if let Some(known) = known
            && (!of_known || known.iter().any(|known| command(kind_of(known)).is_some()))
        {
            return;
        }
        let Link { initiator, responder, .. } = departure.link;
        let judged = Judged {
            severity,
            score: 80,
            explanation: format!("{initiator} changes settings of {responder}, which it never did."),
            expected: if known.is_some() { "questions only" } else { "nothing between these two" }.to_owned(),
            observed: readable(name),
        };
        // Whatever it is: who sets one thing sets the next.
        raise.raise(departure.deviation(&ABOUT, responder, String::new(), judged));
    }
}
