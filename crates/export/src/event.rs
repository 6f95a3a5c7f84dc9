//! The events: structs from which both their JSON and the schema come (contract "wardtap/1").

mod alert;
mod departure;
mod device;
mod flow;
mod incident;

use schemars::JsonSchema;
use serde::Serialize;
use wardtap_net::packet::Timestamp;

use crate::message::MessageBody;
use crate::statistics::Statistics;

pub use alert::*;
pub use departure::*;
pub use device::*;
pub use flow::*;
pub use incident::*;

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
    /// Alerts that belong together.
    Incident(IncidentEvent),
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
event_type!(IncidentType, "incident");
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

impl Time {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Self {
        Self(time.to_string())
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
