//! `incident` events: alerts that belong together, and their story.

use schemars::JsonSchema;
use serde::Serialize;
use wardtap_behaviour::incident::belonging::Roles;
use wardtap_behaviour::incident::{Incident, Party, Step};
use wardtap_behaviour::site::Site;

use super::{DeviceBody, IncidentType, Known, Schema, Time, clinical_of};
use crate::{clinical, story};

/// Alerts that belong together.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct IncidentEvent {
    /// See [`super::SCHEMA`].
    pub schema: Schema,
    /// `incident`.
    #[serde(rename = "type")]
    pub kind: IncidentType,
    /// When something of it was last seen.
    pub time: Time,
    /// What belongs together.
    pub incident: IncidentBody,
}

/// What belongs together.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct IncidentBody {
    /// Stable over the revisions.
    #[schemars(regex(pattern = r"^[0-9a-f]{16}$"))]
    pub id: String,
    /// Counts the times it was told.
    #[schemars(range(min = 1))]
    pub revision: u32,
    /// `new`, `update` or `closed`.
    #[schemars(extend("enum" = ["new", "update", "closed"]))]
    pub state: &'static str,
    /// That of its worst alert.
    #[schemars(extend("enum" = ["low", "medium", "high", "critical"]))]
    pub severity: &'static str,
    /// The ids of its alerts in the order in which they came to it; none once it is part of another.
    #[schemars(length(max = 1000), inner(regex(pattern = r"^[0-9a-f]{16}$")))]
    pub alerts: Vec<String>,
    /// The devices at risk: at most 64.
    #[schemars(length(max = 64))]
    pub devices: Vec<DeviceBody>,
    /// Who did it, where somebody did: at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub peers: Vec<DeviceBody>,
    /// What the devices at risk do, as far as is known.
    pub functions: Vec<String>,
    /// Where they are, as the assets file says.
    pub locations: Vec<String>,
    /// When it began.
    pub first_seen: Time,
    /// When something of it was last seen.
    pub last_seen: Time,
    /// Its alerts by time: the first and the latest, 32 at most.
    #[schemars(length(max = 32))]
    pub timeline: Vec<StepBody>,
    /// What happened, for people.
    pub summary: String,
    /// The id of the older incident that it proved to be part of, which has its alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-f]{16}$"))]
    pub merged_into: Option<String>,
}

/// A line of the timeline.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StepBody {
    /// When it was first seen.
    pub time: Time,
    /// The alert's id.
    #[schemars(regex(pattern = r"^[0-9a-f]{16}$"))]
    pub alert: String,
    /// Its title.
    pub title: &'static str,
    /// The id of the device at risk.
    #[schemars(regex(pattern = r"^(mac:([0-9a-f]{2}:){5}[0-9a-f]{2}|ip:[0-9a-f:.]+(@\d+)?)$"))]
    pub device: String,
}

impl IncidentEvent {
    /// The event of an incident, told by the site's clocks.
    #[must_use]
    pub fn new(incident: &Incident, known: Known<'_>, site: &Site) -> Self {
        let of = |roles: Roles| incident.parties.iter().filter(move |party| party.roles.has(roles));
        let bodies = |roles| of(roles).map(|party| known.body(party.address)).collect();
        let function = |party: &Party| clinical_of(incident.worst.about, party.address, known).function;
        let location = |party: &Party| clinical::location(known.asset(party.address)).map(ToOwned::to_owned);
        let step = |step: &Step| StepBody {
            time: step.time.into(),
            alert: step.alert.clone(),
            title: step.about.title,
            device: known.id(step.device),
        };
        Self {
            schema: Schema::V1,
            kind: IncidentType::Is,
            time: incident.last.into(),
            incident: IncidentBody {
                id: incident.id.clone(),
                revision: incident.revision,
                state: incident.state.name(),
                severity: incident.severity.name(),
                alerts: incident.alerts.clone(),
                devices: bodies(Roles::AT_RISK),
                peers: bodies(Roles::DID),
                functions: distinct(of(Roles::AT_RISK).map(function)),
                locations: distinct(of(Roles::AT_RISK).filter_map(location)),
                first_seen: incident.first.into(),
                last_seen: incident.last.into(),
                timeline: incident.timeline.iter().map(step).collect(),
                summary: story::paragraph(incident, known, site),
                merged_into: incident.merged_into.clone(),
            },
        }
    }
}

/// Each once, in the order in which they came first.
fn distinct(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for text in all {
        if !once.contains(&text) {
            once.push(text);
        }
    }
    once
}
