//! The events: structs from which both their JSON and the schema come (contract "wardtap/1").

use schemars::JsonSchema;
use serde::Serialize;
use wardtap_behaviour::alert;
use wardtap_behaviour::detection::ATTACK_VERSION;
use wardtap_behaviour::device::{self, Devices};
use wardtap_behaviour::observation::Place;
use wardtap_dissect::PROTOCOLS;
use wardtap_net::address::{Address, Mac};
use wardtap_net::community_id;
use wardtap_net::flow::{FlowIdentity, Troubles, Volume};
use wardtap_net::packet::Timestamp;
use wardtap_net::peel::protocol;
use wardtap_net::stream::Side;

use crate::message::MessageBody;
use crate::statistics::Statistics;

/// The version of the events' shape.
pub const SCHEMA: &str = "wardtap/1";

/// One line of an events file.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
// Only the schema is made of it: what is written are the structs inside.
#[expect(clippy::large_enum_variant)]
pub enum Event {
    /// A deviation.
    Alert(AlertEvent),
    /// A device's first appearance, or a change of its identity.
    Device(DeviceEvent),
    /// An application message.
    Message(MessageEvent),
    /// A finished conversation.
    Flow(FlowEvent),
    /// What was read, and how it went; the last line of a replay.
    Stats(StatsEvent),
}

macro_rules! event_type {
    ($name:ident, $tag:literal) => {
        /// The type of the event.
        #[derive(Serialize, JsonSchema)]
        pub enum $name {
            /// The only value.
            #[serde(rename = $tag)]
            Is,
        }
    };
}
event_type!(AlertType, "alert");
event_type!(DeviceType, "device");
event_type!(MessageType, "message");
event_type!(FlowType, "flow");
event_type!(StatsType, "stats");

/// The version of the shape.
#[derive(Serialize, JsonSchema)]
pub enum Schema {
    /// The only value.
    #[serde(rename = "wardtap/1")]
    V1,
}

/// RFC 3339 UTC with nine decimals, in capture time.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Time(#[schemars(regex(pattern = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$"))] String);

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Self {
        Self(time.to_string())
    }
}

/// A device, as far as it is known.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DeviceBody {
    /// `mac:…` on evidence that the MAC address is its own, else `ip:…`.
    #[schemars(regex(pattern = r"^(mac:([0-9a-f]{2}:){5}[0-9a-f]{2}|ip:[0-9a-f:.]+(@\d+)?)$"))]
    pub id: String,
    /// Its address.
    #[schemars(regex(pattern = r"^[0-9a-f:.]+$"))]
    pub ip: String,
    /// Its own MAC address, on evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$"))]
    pub mac: Option<String>,
    /// The VLAN in which it was first heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 4095))]
    pub vlan: Option<u16>,
}

impl From<&device::Device> for DeviceBody {
    fn from(device: &device::Device) -> Self {
        Self {
            id: device.id(),
            ip: device.address.to_string(),
            mac: device.mac.map(|mac| mac.to_string()),
            vlan: device.vlan,
        }
    }
}

/// The device of an address: known, or named by the address.
#[must_use]
pub fn device_body(devices: &Devices, address: Address) -> DeviceBody {
    devices.get(address).map_or_else(
        || DeviceBody { id: format!("ip:{address}"), ip: address.to_string(), mac: None, vlan: None },
        DeviceBody::from,
    )
}

/// A device was heard for the first time.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DeviceEvent {
    /// See [`SCHEMA`].
    pub schema: Schema,
    /// `device`.
    #[serde(rename = "type")]
    pub kind: DeviceType,
    /// When.
    pub time: Time,
    /// Which.
    pub device: DeviceBody,
}

impl DeviceEvent {
    /// The event of a device's first appearance.
    #[must_use]
    pub fn first(device: &device::Device) -> Self {
        Self { schema: Schema::V1, kind: DeviceType::Is, time: device.first.into(), device: device.into() }
    }
}

/// One end of a flow.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Endpoint {
    /// The address.
    #[schemars(regex(pattern = r"^[0-9a-f:.]+$"))]
    pub ip: String,
    /// The port; ICMP has its type or code here, other protocols none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The MAC address that its frames came from: a router's, for devices behind one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$"))]
    pub mac: Option<String>,
}

/// What names a flow.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FlowBody {
    /// Of the tuple and the time of the first packet.
    #[schemars(regex(pattern = r"^[0-9a-f]{16}$"))]
    pub id: String,
    /// Community ID v1, seed 0.
    #[schemars(regex(pattern = r"^1:[A-Za-z0-9+/]{27}=$"))]
    pub community_id: String,
    /// Who opened it.
    pub src: Endpoint,
    /// Who answers.
    pub dst: Endpoint,
    /// `syn`, `syn-ack`, `protocol` or `port`.
    #[schemars(extend("enum" = ["syn", "syn-ack", "protocol", "port"]))]
    pub oriented_by: &'static str,
    /// The outermost VLAN of the first packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 4095))]
    pub vlan: Option<u16>,
    /// `tcp`, `udp`, `icmp`, `icmp6`, `sctp`, or the number of the IP protocol.
    #[schemars(regex(pattern = r"^(tcp|udp|sctp|icmp|icmp6|\d{1,3})$"))]
    pub transport: String,
    /// VXLAN or Geneve network identifier, GRE key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tunnel: Option<u32>,
}

impl From<&FlowIdentity> for FlowBody {
    fn from(flow: &FlowIdentity) -> Self {
        let mut community = Vec::new();
        community_id::write(&flow.key, &mut community);
        let endpoint = |side: Side| Endpoint {
            ip: side.of(&flow.key.addresses).to_string(),
            port: matches!(
                flow.key.transport,
                protocol::TCP | protocol::UDP | protocol::SCTP | protocol::ICMP | protocol::ICMPV6
            )
            .then_some(*side.of(&flow.key.ports)),
            mac: Some(*side.of(&flow.macs)).filter(|mac| mac.is_known()).as_ref().map(Mac::to_string),
        };
        Self {
            id: flow_id(flow),
            community_id: String::from_utf8(community).unwrap_or_default(),
            src: endpoint(flow.originator),
            dst: endpoint(flow.originator.other()),
            oriented_by: flow.oriented_by.name(),
            vlan: flow.vlan,
            transport: match flow.key.transport {
                protocol::TCP => "tcp".to_owned(),
                protocol::UDP => "udp".to_owned(),
                protocol::SCTP => "sctp".to_owned(),
                protocol::ICMP => "icmp".to_owned(),
                protocol::ICMPV6 => "icmp6".to_owned(),
                other => other.to_string(),
            },
            tunnel: Some(flow.key.tunnel).filter(|&tunnel| tunnel != 0),
        }
    }
}

/// 16 hexadecimal digits of the tuple and the time of the first packet.
fn flow_id(flow: &FlowIdentity) -> String {
    use wardtap_net::flow::fold;
    let [a, b] = flow.key.addresses;
    let [port_a, port_b] = flow.key.ports;
    let ((a_high, a_low), (b_high, b_low)) = (a.halves(), b.halves());
    let mut id = fold(flow.first.nanos() ^ 0x9e37_79b9_7f4a_7c15, 0xd6e8_feb8_6659_fd93);
    let ports = u64::from(port_a) << 48 | u64::from(port_b) << 32 | u64::from(flow.key.tunnel);
    let rest = u64::from(flow.key.transport) << 16 | u64::from(flow.key.vlan);
    for word in [a_high, a_low, b_high, b_low, ports, rest] {
        id = fold(id ^ word, 0xa076_1d64_78bd_642f) ^ word.rotate_left(17);
    }
    format!("{id:016x}")
}

/// A finished conversation.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FlowEvent {
    /// See [`SCHEMA`].
    pub schema: Schema,
    /// `flow`.
    #[serde(rename = "type")]
    pub kind: FlowType,
    /// When it ended, or was found to have ended.
    pub time: Time,
    /// What it was.
    pub flow: FinishedFlow,
}

/// What a flow was.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FinishedFlow {
    /// What names it.
    #[serde(flatten)]
    pub identity: FlowBody,
    /// The application protocol, where it was recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["hl7", "dicom", "modbus", "tls"]))]
    pub protocol: Option<&'static str>,
    /// What is unusual about protocol and port: `unusual-port`, `other-protocol-on-port`, `tls-on-port`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    #[schemars(inner(regex(pattern = r"^(unusual-port|other-protocol-on-port|tls-on-port)$")))]
    pub port_facts: Vec<&'static str>,
    /// `seen`, `syn-sent`, `established`, `closing`, `closed` or `reset`.
    #[schemars(extend("enum" = ["seen", "syn-sent", "established", "closing", "closed", "reset"]))]
    pub state: &'static str,
    /// The time of the first packet.
    pub start: Time,
    /// The time of the last packet.
    pub end: Time,
    /// Packets and octets from `src`.
    pub sent: VolumeBody,
    /// Packets and octets from `dst`.
    pub received: VolumeBody,
    /// TCP segments sent again.
    pub retransmissions: u64,
    /// Packets that the mirror had copied: in no other count.
    pub duplicates: u64,
    /// Times at which bytes were missing for good.
    pub gaps: u64,
    /// Bytes missing.
    pub gap_bytes: u64,
    /// TCP segments before their time.
    pub out_of_order: u64,
    /// TCP segments sent again with other bytes.
    pub conflicts: u64,
}

/// Packets and octets of frames as sent.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct VolumeBody {
    /// Packets.
    pub packets: u64,
    /// Octets.
    pub bytes: u64,
}

impl From<Volume> for VolumeBody {
    fn from(volume: Volume) -> Self {
        Self { packets: volume.packets, bytes: volume.bytes }
    }
}

/// What a finished flow was, from the table.
pub struct Finished<'a> {
    /// What names it.
    pub identity: &'a FlowIdentity,
    /// The application protocol.
    pub protocol: Option<&'static str>,
    /// What is unusual about protocol and port.
    pub port_facts: Vec<&'static str>,
    /// The state of the connection.
    pub state: &'static str,
    /// The time of its last packet.
    pub last: Timestamp,
    /// What each end sent, in key order.
    pub volume: [Volume; 2],
    /// What went wrong.
    pub troubles: Troubles,
}

impl FlowEvent {
    /// The event of a flow that ended at `time`.
    #[must_use]
    pub fn new(time: Timestamp, flow: Finished<'_>) -> Self {
        let originator = flow.identity.originator;
        Self {
            schema: Schema::V1,
            kind: FlowType::Is,
            time: time.into(),
            flow: FinishedFlow {
                identity: flow.identity.into(),
                protocol: flow.protocol,
                port_facts: flow.port_facts,
                state: flow.state,
                start: flow.identity.first.into(),
                end: flow.last.into(),
                sent: (*originator.of(&flow.volume)).into(),
                received: (*originator.other().of(&flow.volume)).into(),
                retransmissions: flow.troubles.retransmissions,
                duplicates: flow.troubles.duplicates,
                gaps: flow.troubles.gaps,
                gap_bytes: flow.troubles.gap_bytes,
                out_of_order: flow.troubles.out_of_order,
                conflicts: flow.troubles.conflicts,
            },
        }
    }
}

/// An application message; see [`crate::message`] for how it is written.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct MessageEvent {
    /// See [`SCHEMA`].
    pub schema: Schema,
    /// `message`.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// The time of the frame that completed it.
    pub time: Time,
    /// The flow that carried it.
    pub flow: FlowBody,
    /// The message.
    pub message: MessageBody,
}

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
    /// What is at stake.
    pub impact: &'static str,
    /// What to do.
    pub response: &'static str,
    /// `never-while-in-use`, `ask` or `safe`.
    #[schemars(extend("enum" = ["never-while-in-use", "ask", "safe"]))]
    pub isolation: &'static str,
    /// `assets` or `class`.
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
#[derive(Serialize, JsonSchema)]
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

impl AlertEvent {
    /// The event of an alert; `captures` are the names of the inputs.
    #[must_use]
    pub fn new(alert: &alert::Alert, devices: &Devices, captures: &[String]) -> Self {
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
            device: device_body(devices, deviation.device),
            peer: deviation.peer.map(|peer| device_body(devices, peer)),
            flow: deviation.flow.as_ref().map(FlowBody::from),
            alert: AlertBody {
                id: alert.id.clone(),
                revision: alert.revision,
                state: alert.state.name(),
                detection: deviation.about.name,
                title: deviation.about.title,
                severity: deviation.severity.name(),
                score: deviation.score,
                explanation: deviation.explanation.clone(),
                expected: deviation.expected.clone(),
                observed: deviation.observed.clone(),
                observations: 0,
                first_seen: deviation.first.into(),
                last_seen: deviation.last.into(),
                count: deviation.count,
                attack: deviation.about.attack.iter().map(AttackBody::from).collect(),
                coverage: Coverage {
                    dropped_packets: 0,
                    gap_bytes: deviation.gap_bytes,
                    one_sided: deviation.one_sided,
                },
                clinical: Clinical {
                    function: function(devices, deviation.device),
                    impact: deviation.about.impact,
                    response: deviation.about.response,
                    isolation: "ask",
                    source: "class",
                },
                evidence: Evidence {
                    frames: alert.evidence.iter().map(frame).collect(),
                    frames_total: alert.frames_total,
                    sha256: deviation.sha256.map(hexadecimal),
                },
            },
        }
    }
}

impl From<&wardtap_behaviour::detection::Technique> for AttackBody {
    fn from(technique: &wardtap_behaviour::detection::Technique) -> Self {
        Self { technique: technique.id, name: technique.name, tactic: technique.tactic, version: ATTACK_VERSION }
    }
}

fn hexadecimal(digest: [u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a device does, by what it speaks: all that is known without an assets file.
fn function(devices: &Devices, address: Address) -> String {
    let roles: Vec<&str> = devices.get(address).map(roles).unwrap_or_default();
    if roles.is_empty() { "not known".to_owned() } else { roles.join(", ") }
}

/// The roles of a device, in words.
#[must_use]
pub fn roles(device: &device::Device) -> Vec<&'static str> {
    let mut roles = Vec::new();
    for (index, asks, answers) in device.roles() {
        let Some(protocol) = PROTOCOLS.get(index) else { continue };
        if answers {
            roles.push(protocol.responder_role);
        }
        if asks {
            roles.push(protocol.requester_role);
        }
    }
    roles
}

/// What was read, and how it went.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StatsEvent {
    /// See [`SCHEMA`].
    pub schema: Schema,
    /// `stats`.
    #[serde(rename = "type")]
    pub kind: StatsType,
    /// The time of the last packet.
    pub time: Time,
    /// The counts.
    pub stats: Statistics,
}

impl StatsEvent {
    /// The event of the counts at `time`.
    #[must_use]
    pub fn new(time: Timestamp, stats: Statistics) -> Self {
        Self { schema: Schema::V1, kind: StatsType::Is, time: time.into(), stats }
    }
}
