//! What was read and how it went: the numbers behind the `stats` event, the metrics and the summary.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// The `stats` object.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Statistics {
    /// Packet records read, decodable or not, filtered or not.
    pub packets: u64,
    /// Octets captured in them.
    pub bytes: u64,
    /// Packets left out by `--filter`, `--from` and `--to`.
    pub filtered: u64,
    /// Packets lost before they could be read, by stage; nothing in a replay.
    pub dropped: BTreeMap<String, u64>,
    /// Packets in which no IP packet or ARP was found, by reason.
    pub undecoded: BTreeMap<String, u64>,
    /// Conversations.
    pub streams: Streams,
    /// Application messages, by protocol.
    pub messages: BTreeMap<String, u64>,
    /// What was wrong with messages, by protocol and reason.
    pub malformed: BTreeMap<String, BTreeMap<String, u64>>,
    /// What was unusual below the application.
    pub transport: Transport,
    /// Devices heard.
    pub devices: u64,
    /// Alerts that were suppressed, by detection and reason; absent where there are none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    pub alerts_suppressed: BTreeMap<String, BTreeMap<String, u64>>,
    /// What was given up for want of room, by table.
    pub evicted: BTreeMap<String, u64>,
    /// Octets copied on the way from capture to message.
    pub copied_bytes: u64,
    /// Where inputs were damaged: all before it was processed.
    pub damage: Vec<DamageBody>,
    /// The inputs.
    pub inputs: Vec<InputBody>,
    /// What ran.
    pub run: Run,
}

/// Conversations.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Streams {
    /// How many.
    pub seen: u64,
    /// Heard from one end only.
    pub one_sided: u64,
    /// With bytes missing.
    pub with_gaps: u64,
    /// Read no further, since a mistake in wardtap itself showed on them; absent where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(default)]
    pub abandoned: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What was unusual below the application.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Transport {
    /// Packets and IP fragments that the mirror had copied.
    pub duplicates: u64,
    /// TCP segments sent again.
    pub retransmissions: u64,
    /// TCP segments sent again with other bytes: the first were kept.
    pub conflicts: u64,
    /// TCP segments before their time.
    pub out_of_order: u64,
    /// TCP segments from outside of any window.
    pub out_of_window: u64,
    /// Places where bytes of a stream are missing.
    pub gaps: u64,
    /// Bytes missing there.
    pub gap_bytes: u64,
    /// TCP or UDP headers that are cut or contradict themselves.
    pub bad_headers: u64,
    /// IP fragments seen.
    pub fragments: u64,
    /// IP datagrams put together from fragments.
    pub reassembled: u64,
    /// IP fragments that overlapped others: the datagram was given up.
    pub overlapping_fragments: u64,
    /// IPv4 header, TCP or UDP checksums that are wrong: accepted, offloading makes them so.
    pub bad_checksums: u64,
    /// Records without a time: they took their predecessor's.
    pub untimed: u64,
    /// Records whose time lay before that of an earlier one.
    pub time_went_back: u64,
}

/// Damage to an input.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DamageBody {
    /// The capture as given.
    pub capture: String,
    /// Where, in octets from its (uncompressed) beginning.
    pub offset: u64,
    /// What is wrong.
    pub reason: String,
}

/// An input.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct InputBody {
    /// The capture as given.
    pub capture: String,
    /// Octets read, uncompressed.
    pub bytes: u64,
    /// Packet records read.
    pub packets: u64,
    /// The smallest time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The largest time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Link types, as tcpdump.org numbers them.
    pub link_types: Vec<u16>,
    /// The most octets of a packet that were captured (0: no limit stated).
    pub snaplen: u32,
}

/// What ran.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Run {
    /// wardtap's version.
    pub version: String,
    /// The options that bear on what comes out, as given.
    pub options: BTreeMap<String, String>,
    /// SHA-256 of the files that were read beside captures, by option; absent where there are none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    pub digests: BTreeMap<String, String>,
    /// The time before the beginning in which nothing was watched, of a live run that goes on from what an earlier one left;
    /// absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(default)]
    pub unwatched: Option<Unwatched>,
}

/// A time in which nothing was watched.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Unwatched {
    /// Up to when an earlier run had watched.
    pub from: String,
    /// When this one began.
    pub to: String,
    /// How long that is.
    pub seconds: u64,
}
