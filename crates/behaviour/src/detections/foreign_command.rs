#![doc = include_str!("foreign_command.md")]

use crate::alert::Severity;
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::detections::techniques::is_restart;
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

/// What is done to a device.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    /// It is set.
    Set,
    /// It is set by a protocol of whose known masters each register is known: what is new there has its own alerts.
    SetRegister,
    /// It starts anew, or is silent, or forgets.
    Restart,
    /// Another program or file is put on it.
    Program,
}

fn command(name: &str) -> Option<Command> {
    match kind_of(name) {
        "snmp set" | "bacnet write-property" | "bacnet write-property-multiple" => Some(Command::Set),
        "bacnet reinitialize-device" | "bacnet device-communication-control" => Some(Command::Restart),
        _ if is_restart(name) => Some(Command::Restart),
        "modbus write-file-record" => Some(Command::Program),
        "modbus read-write-multiple-registers" => Some(Command::SetRegister),
        kind if kind.starts_with("modbus write-") || kind.starts_with("modbus mask-write") => {
            Some(Command::SetRegister)
        }
        _ => None,
    }
}

impl Detection for ForeignCommand {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let (name, severity, known) = match &departure.what {
            What::Foreign { name, usual, .. } => (*name, if *usual { Severity::Low } else { Severity::High }, None),
            What::Operation { name, rare, known, .. } => {
                (*name, if *rare { Severity::High } else { Severity::Medium }, Some(known))
            }
            _ => return,
        };
        let Some(done) = command(name).filter(|_| !is_answer(name)) else { return };
        if let Some(known) = known
            && (done == Command::SetRegister || known.iter().any(|known| command(known) == Some(done)))
        {
            return;
        }
        let Link { initiator, responder, .. } = departure.link;
        let judged = Judged {
            severity,
            score: 80,
            explanation: match done {
                Command::Set | Command::SetRegister => {
                    format!("{initiator} changes settings of {responder}, which it never did.")
                }
                Command::Restart => format!("{initiator} has {responder} start anew or be silent, which it never did."),
                Command::Program => format!("{initiator} changes files of {responder}, which it never did."),
            },
            expected: if known.is_some() { "no such command" } else { "nothing between these two" }.to_owned(),
            observed: readable(name),
        };
        // Whatever it is: who sets one thing sets the next.
        raise.raise(departure.deviation(&ABOUT, responder, String::new(), judged));
    }
}
