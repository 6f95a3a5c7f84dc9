//! An incident in one paragraph, for who has to decide what to do: since when, what, where, how it developed, what to do
//! first. Without the words of the trade.

use wardtap_behaviour::incident::belonging::Roles;
use wardtap_behaviour::incident::{Incident, Party};
use wardtap_behaviour::site::Site;
use wardtap_net::address::Address;
use wardtap_net::packet::Timestamp;

use crate::clinical;
use crate::event::{Known, clinical_of};

/// Devices named; the rest is counted.
const NAMED: usize = 3;
/// Kinds of alert named; the rest is counted.
const KINDS: usize = 4;

/// The paragraph.
#[must_use]
pub fn paragraph(incident: &Incident, known: Known<'_>, site: &Site) -> String {
    if let Some(older) = &incident.merged_into {
        return format!("This proved to be part of incident {older}, which has its alerts.");
    }
    let worst = &incident.worst;
    let mut sentences = vec![format!(
        "Since {} ({}): {}",
        site.clock(incident.first),
        site.timezone_name(),
        known.explanation(&worst.explanation, worst.device, worst.peer)
    )];
    let all = |roles: Roles| incident.parties.iter().filter(move |party| party.roles.has(roles));
    let did: Vec<&Party> = all(Roles::DID).collect();
    if !did.is_empty() {
        sentences.push(format!("It comes from {}.", named(&did, known)));
    }
    // One that does something is told already.
    let at_risk: Vec<&Party> = all(Roles::AT_RISK).filter(|party| !party.roles.has(Roles::DID)).collect();
    if !at_risk.is_empty() {
        sentences.push(format!("At risk: {}.", named(&at_risk, known)));
    }
    sentences.extend(course(incident, site));
    let clinical = clinical_of(worst.about, worst.device, known);
    // What may be done with one device must not be taken for what may be done with another.
    sentences.push(format!("What to do first, at {}: {}", name(worst.device, known), clinical.response));
    sentences.extend(
        clinical.workaround.map(|workaround| format!("Until it is over: {}.", workaround.trim_end_matches('.'))),
    );
    sentences.join(" ")
}

/// What the hospital calls a device, else its address.
fn name(address: Address, known: Known<'_>) -> String {
    let body = known.body(address);
    body.name.unwrap_or(body.ip)
}

/// Devices, what they do and where they are.
fn named(all: &[&Party], known: Known<'_>) -> String {
    let named = all.iter().take(NAMED).map(|party| {
        let (device, asset) = (known.devices.of(party.address), known.asset(party.address));
        let name = name(party.address, known);
        let what = [clinical::kind(device, asset), clinical::location(asset)];
        let what: Vec<&str> = what.into_iter().flatten().collect();
        if what.is_empty() { name } else { format!("{name} ({})", what.join(", ")) }
    });
    let more = match all.len().saturating_sub(NAMED) {
        0 => String::new(),
        1 => " and one more device".to_owned(),
        more => format!(" and {more} more devices"),
    };
    format!("{}{more}", named.collect::<Vec<_>>().join(", "))
}

/// What was found when: each kind once; None for a single alert, which says all by itself.
fn course(incident: &Incident, site: &Site) -> Option<String> {
    if incident.alerts.len() < 2 {
        return None;
    }
    let mut kinds: Vec<(&str, Timestamp, usize)> = Vec::new();
    for step in &incident.timeline {
        match kinds.iter_mut().find(|(title, ..)| *title == step.about.title) {
            Some((_, _, count)) => *count += 1,
            None => kinds.push((step.about.title, step.time, 1)),
        }
    }
    let begin = site.local(incident.first).day;
    let told = kinds.iter().take(KINDS).map(|&(title, time, count)| {
        let clock = site.clock(time);
        let is_same_day = site.local(time).day == begin;
        let clock = clock.split_once(' ').filter(|_| is_same_day).map_or(clock.as_str(), |(_, hour)| hour);
        let times = if count > 1 { format!(" ({count} alerts)") } else { String::new() };
        format!("{clock} {}{times}", in_a_sentence(title))
    });
    let told: Vec<String> = told.collect();
    let more = if kinds.len() > KINDS { "; then more" } else { "" };
    Some(format!("How it developed, in {} alerts: {}{more}.", incident.alerts.len(), told.join("; ")))
}

/// A title within a sentence.
fn in_a_sentence(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
