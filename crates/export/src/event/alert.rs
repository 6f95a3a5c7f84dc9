//! `alert` events: what was found, why it matters for care, and which frames show it.

use schemars::JsonSchema;
use serde::Serialize;
use wardtap_behaviour::alert::{self, SENSOR};
use wardtap_behaviour::attack::{ATTACK_VERSION, Technique};
use wardtap_behaviour::detection::About;
use wardtap_behaviour::observation::Place;
use wardtap_net::address::Address;
use wardtap_net::hexadecimal::hexadecimal;

use super::{AlertType, DepartureBody, DeviceBody, FlowBody, Known, Schema, Time};
use crate::clinical;

/// A deviation.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AlertEvent {
    /// See [`SCHEMA`].
    pub schema: Schema,
    /// `alert`.
    #[serde(rename = "type")]
    pub kind: AlertType,
    /// When it was last seen.
    pub time: Time,
    /// The device at risk.
    pub device: DeviceBody,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<DeviceBody>,
    /// The flow, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<FlowBody>,
    /// What was found.
    pub alert: AlertBody,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AlertBody {
    /// Stable over the revisions.
    #[schemars(regex(pattern = r"^[0-9a-f]{16}$"))]
    pub id: String,
    /// Counts the times it was told.
    #[schemars(range(min = 1))]
    pub revision: u32,
    /// `new`, `update` or `closed`.
    #[schemars(extend("enum" = ["new", "update", "closed"]))]
    pub state: &'static str,
    /// Which detection.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z]+)*$"))]
    pub detection: &'static str,
    /// Its title.
    pub title: &'static str,
    /// `info`, `low`, `medium`, `high` or `critical`.
    #[schemars(extend("enum" = ["info", "low", "medium", "high", "critical"]))]
    pub severity: &'static str,
    /// 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub score: u8,
    /// One sentence for people.
    pub explanation: String,
    /// What would be normal.
    pub expected: String,
    /// What was seen.
    pub observed: String,
    /// How much the baseline rests on; 0 without one.
    pub observations: u64,
    /// When it was first seen.
    pub first_seen: Time,
    /// When it was last seen.
    pub last_seen: Time,
    /// How often.
    #[schemars(range(min = 1))]
    pub count: u64,
    /// Techniques of MITRE ATT&CK.
    pub attack: Vec<AttackBody>,
    /// What was missing while it was seen.
    pub coverage: Coverage,
    /// What it means for care.
    pub clinical: Clinical,
    /// The frames that show it.
    pub evidence: Evidence,
    /// The id of the incident that it belongs to, when it was told; one of severity `info` belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-f]{16}$"))]
    pub incident: Option<String>,
    /// What of it the baseline does not hold, in the baseline's words: at most 32; absent where no baseline was needed.
    /// `wardtap baseline approve` accepts them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub departures: Vec<DepartureBody>,
}

/// A technique of MITRE ATT&CK.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AttackBody {
    /// T0846 and the like.
    #[schemars(regex(pattern = r"^T\d{4}(\.\d{3})?$"))]
    pub technique: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its tactic.
    pub tactic: &'static str,
    /// The release of the table.
    pub version: &'static str,
}

/// What was missing while the alert was seen.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Coverage {
    /// Packets dropped before they could be read.
    pub dropped_packets: u64,
    /// Bytes missing in the conversations that it rests on.
    pub gap_bytes: u64,
    /// Only one end was heard.
    pub one_sided: bool,
}

/// What it means for care.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Clinical {
    /// What the device does, as far as is known.
    pub function: String,
    /// Where it is, as the assets file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// What is at stake.
    pub impact: String,
    /// What to do.
    pub response: String,
    /// `never-while-in-use`, `ask` or `safe`: the last only where the assets file says so of this device.
    #[schemars(extend("enum" = ["never-while-in-use", "ask", "safe"]))]
    pub isolation: &'static str,
    /// What to do without the device, as the assets file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workaround: Option<String>,
    /// Who says what `isolation` is: the assets file of this device, or wardtap of its class.
    #[schemars(extend("enum" = ["assets", "class"]))]
    pub source: &'static str,
}

/// The frames that show it.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Evidence {
    /// At most 32: the first and the latest.
    #[schemars(length(max = 32))]
    pub frames: Vec<Frame>,
    /// How many there were.
    pub frames_total: u64,
    /// Of the captured bytes of the frame that decided it; absent where counts decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub sha256: Option<String>,
}

/// A frame.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Frame {
    /// The capture as given.
    pub capture: String,
    /// Its number in that capture, counted from 1.
    #[schemars(range(min = 1))]
    pub frame: u64,
    /// When it was captured.
    pub time: Time,
}

impl Frame {
    /// That of a place; `captures` are the names of the inputs.
    pub(crate) fn of(place: Place, captures: &[String]) -> Self {
        Self {
            capture: captures.get(place.frame.input()).cloned().unwrap_or_default(),
            frame: place.frame.number(),
            time: place.time.into(),
        }
    }
}

impl AlertEvent {
    /// The event of an alert; `captures` are the names of the inputs.
    #[must_use]
    pub fn new(alert: &alert::Alert, known: Known<'_>, captures: &[String]) -> Self {
        let deviation = &alert.deviation;
        let frame = |place: &Place| Frame {
            capture: captures.get(place.frame.input()).cloned().unwrap_or_default(),
            frame: place.frame.number(),
            time: place.time.into(),
        };
        Self {
            schema: Schema::V1,
            kind: AlertType::Is,
            time: deviation.last.into(),
            device: known.body(deviation.device),
            peer: deviation.peer.map(|peer| known.body(peer)),
            flow: deviation.flow.as_ref().map(FlowBody::from),
            alert: AlertBody {
                id: alert.id.clone(),
                revision: alert.revision,
                state: alert.state.name(),
                detection: deviation.about.name,
                title: deviation.about.title,
                severity: deviation.severity.name(),
                score: deviation.score,
                explanation: known.explanation(&deviation.explanation, deviation.device, deviation.peer),
                expected: deviation.expected.clone(),
                observed: deviation.observed.clone(),
                observations: deviation.observations,
                first_seen: deviation.first.into(),
                last_seen: deviation.last.into(),
                count: deviation.count,
                attack: alert.techniques().iter().map(AttackBody::from).collect(),
                coverage: Coverage {
                    dropped_packets: 0,
                    gap_bytes: deviation.gap_bytes,
                    one_sided: deviation.one_sided,
                },
                clinical: clinical_of(deviation.about, deviation.device, known),
                evidence: Evidence {
                    frames: alert.evidence.iter().map(frame).collect(),
                    frames_total: alert.frames_total,
                    sha256: deviation.sha256.map(|digest| hexadecimal(&digest)),
                },
                incident: alert.incident.clone(),
                departures: alert.changes.iter().map(DepartureBody::from).collect(),
            },
        }
    }
}

/// What a detection at a device means for care.
pub(crate) fn clinical_of(about: &About, device: Address, known: Known<'_>) -> Clinical {
    let asset = known.asset(device);
    if device == SENSOR {
        return clinical::of_sensor(about, asset);
    }
    clinical::clinical(about, known.devices.of(device), asset)
}

impl From<&Technique> for AttackBody {
    fn from(technique: &Technique) -> Self {
        Self { technique: technique.id, name: technique.name, tactic: technique.tactic, version: ATTACK_VERSION }
    }
}
