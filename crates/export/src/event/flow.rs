//! `flow` events, and how every event names a flow.

use schemars::JsonSchema;
use serde::Serialize;
use wardtap_net::address::Mac;
use wardtap_net::community_id;
use wardtap_net::flow::{FlowIdentity, Troubles, Volume};
use wardtap_net::packet::Timestamp;
use wardtap_net::peel::protocol;
use wardtap_net::stream::Side;

use super::{FlowType, Schema, Time};

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
    #[schemars(transform = crate::message::with_protocols)]
    pub protocol: Option<&'static str>,
    /// What is unusual about protocol and port: `unusual-port`, `other-protocol-on-port`, `tls-on-port`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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
