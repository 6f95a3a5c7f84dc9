//! Attacks and faults: each does its work in the simulation and says whom it concerns, until when, by which techniques, and
//! what it endangers.

pub mod bedside;
pub mod dicom;
pub mod hl7;
pub mod laboratory;
pub mod modbus;
pub mod network;
pub mod splice;
pub mod tools;

use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::clock::{Time, seconds};
use crate::dice::Dice;
use crate::network::HostId;
use crate::queue::Mark;
use crate::sim::Sim;
use crate::truth::Span;

/// What kind of thing a scenario is: what a right alert about it must be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Hosts, ports, titles, units or registers are felt out.
    Reconnaissance,
    /// Somebody is where he does not belong: a new device, a remote session, a guessed login.
    Access,
    /// A device is told to do what it should not.
    Command,
    /// What is reported is not what was measured: forged, repeated, changed on the way, or one who says he is another.
    Integrity,
    /// Data leaves.
    Theft,
    /// Malware talks, spreads or destroys.
    Malware,
    /// Something is silent, slow or in pieces: by an attack or by itself.
    Availability,
    /// A device measures or works wrongly by itself.
    Fault,
}

/// A scenario.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Its name, in kebab case.
    pub name: &'static str,
    /// What happens, in a few words.
    pub title: &'static str,
    /// What kind of thing it is.
    pub family: Family,
    /// MITRE ATT&CK techniques that an alert about it may rightly name; of a fault those that would look
    /// the same: who sees it cannot know that nobody meant it.
    pub techniques: &'static [&'static str],
    /// What it endangers, in a sentence for a nurse manager.
    pub endangers: &'static str,
    /// It happens inside connections that are there every day, between the hosts that always have them.
    pub within_normal: bool,
    /// Kept out of all tuning of detectors.
    pub held_out: bool,
    /// The real tool that made its frames.
    pub tool: Option<&'static str>,
    /// The hour of the day when it begins, local time.
    pub hour: f64,
    /// How long it is prepared then, with nothing to be seen: messages are recorded that it needs.
    pub prepared: Duration,
    /// Does it: sends what there is to send now, and sets tasks for the rest.
    pub start: fn(&mut Sim) -> Cast,
}

/// Whom a scenario concerns, and until when.
#[derive(Clone, Debug)]
pub struct Cast {
    /// The hosts that it is done to.
    pub victims: Vec<HostId>,
    /// The hosts that do it; none where there is nobody.
    pub attackers: Vec<HostId>,
    /// When it is over.
    pub end: Time,
}

/// A scenario that was played.
#[derive(Clone, Debug)]
pub struct Played {
    /// The scenario.
    pub scenario: &'static Scenario,
    /// What its frames are marked with.
    pub mark: Mark,
    /// When there was something of it to be seen.
    pub begin: Time,
    /// Whom it concerns.
    pub cast: Cast,
}

/// All scenarios, by file.
pub const SCENARIOS: &[&[Scenario]] = &[
    hl7::ALL,
    dicom::ALL,
    modbus::ALL,
    bedside::ALL,
    network::ALL,
    tools::ALL,
    hl7::inside::ALL,
    dicom::inside::ALL,
    network::services::ALL,
    hl7::rules::ALL,
    laboratory::ALL,
    dicom::feigned::ALL,
    modbus::panels::ALL,
    bedside::afar::ALL,
    network::appliances::ALL,
    network::flood::ALL,
    network::lookups::ALL,
    network::programs::ALL,
    network::ways::ALL,
    hl7::answers::ALL,
    hl7::names::ALL,
    dicom::past::ALL,
    modbus::gateway::ALL,
    modbus::limits::ALL,
    bedside::alarms::ALL,
    bedside::flow::ALL,
    network::doors::ALL,
    network::infected::ALL,
    network::leases::ALL,
    network::papers::ALL,
    network::tables::ALL,
    hl7::altered::ALL,
    bedside::stations::ALL,
    modbus::plant::ALL,
    network::directory::ALL,
    network::plant::ALL,
    dicom::gates::ALL,
    network::entries::ALL,
    network::hidden::ALL,
    network::outages::ALL,
    network::taken::ALL,
];

/// All scenarios, one after the other.
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    SCENARIOS.iter().copied().flatten()
}

/// The scenario with a name.
///
/// # Errors
/// Where there is none: with what may have been meant.
pub fn named(name: &str) -> Result<&'static Scenario, String> {
    all().find(|scenario| scenario.name == name).ok_or_else(|| {
        let meant = match &similar(name)[..] {
            [] => String::new(),
            names => format!("did you mean {}? ", names.join(", ")),
        };
        format!("there is none; {meant}`wardtap-simulator list` shows all")
    })
}

/// The names nearest to one that is none, if any is near; else those that it is a part of.
fn similar(name: &str) -> Vec<&'static str> {
    const SHOWN: usize = 3;
    let mut near: Vec<(usize, &str)> = all()
        .map(|scenario| (strsim::osa_distance(name, scenario.name), scenario.name))
        .filter(|(distance, known)| distance * 4 <= known.len())
        .collect();
    near.sort_unstable();
    if near.is_empty() && name.len() > 2 {
        near.extend(all().filter(|scenario| scenario.name.contains(name)).map(|scenario| (0, scenario.name)));
    }
    near.into_iter().map(|(_, known)| known).take(SHOWN).collect()
}

/// Has a scenario played at its hour on the day that begins at `day`.
pub fn play(sim: &mut Sim, scenario: &'static Scenario, day: Time) {
    let begin = day + seconds(scenario.hour * 3600.0);
    sim.at(begin, move |sim| {
        let mark = sim.played.len() as Mark + 1;
        sim.net.mark = mark;
        let cast = (scenario.start)(sim);
        sim.played.push(Played { scenario, mark, begin: sim.now + scenario.prepared, cast });
    });
}

/// A PC that is switched on, where there is one.
fn any_pc(sim: &Sim, dice: &mut Dice) -> HostId {
    let pcs = &sim.ward.site().pcs;
    let on: Vec<HostId> = pcs.iter().copied().filter(|pc| sim.net.host(*pc).up).collect();
    *dice.pick(if on.is_empty() { pcs } else { &on })
}

/// A label: what was played, as it is written beside a capture.
#[derive(Debug, Serialize)]
pub struct Label<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// What happens.
    pub title: &'a str,
    /// What kind of thing it is.
    pub family: Family,
    /// ATT&CK techniques.
    pub techniques: &'a [&'a str],
    /// What it endangers.
    pub endangers: &'a str,
    /// It happens inside normal connections.
    pub within_normal: bool,
    /// The tool that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<&'a str>,
    /// When it begins, RFC 3339.
    pub begin: String,
    /// When it is over.
    pub end: String,
    /// The hosts that it is done to.
    pub victims: Vec<Party>,
    /// The hosts that do it.
    pub attackers: Vec<Party>,
    /// Its frames in the capture; a silence has none.
    pub frames: Span,
}

/// A host of a label.
#[derive(Debug, Serialize)]
pub struct Party {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: &'static str,
    /// Its address.
    pub ip: String,
    /// Its Ethernet address.
    pub mac: String,
}

impl Played {
    /// The label, with the frames that a tap has seen of it.
    pub fn label(&self, sim: &Sim, frames: Span) -> Label<'_> {
        let party = |id: &HostId| {
            let host = sim.net.host(*id);
            let mac: Vec<String> = host.mac.iter().map(|octet| format!("{octet:02x}")).collect();
            Party { name: host.name.clone(), role: host.role, ip: host.ip.to_string(), mac: mac.join(":") }
        };
        let Self { scenario, begin, cast, .. } = self;
        Label {
            scenario: scenario.name,
            title: scenario.title,
            family: scenario.family,
            techniques: scenario.techniques,
            endangers: scenario.endangers,
            within_normal: scenario.within_normal,
            tool: scenario.tool,
            begin: begin.rfc3339(),
            end: cast.end.rfc3339(),
            victims: cast.victims.iter().map(party).collect(),
            attackers: cast.attackers.iter().map(party).collect(),
            frames,
        }
    }
}

impl std::fmt::Debug for Scenario {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_none_says_what_was_meant() {
        assert!(named("rogue-dhpc").unwrap_err().contains("did you mean rogue-dhcp? "));
        assert!(named("ssh").unwrap_err().contains("did you mean ssh-guessing, tool-hydra-ssh? "));
        assert_eq!(named("teapot").unwrap_err(), "there is none; `wardtap-simulator list` shows all");
    }
}
