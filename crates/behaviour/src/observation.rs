//! What workers tell the judge: owned, small, seldom.

use wardtap_dissect::{Finding, Protocol};
use wardtap_net::address::{Address, Mac};
use wardtap_net::flow::FlowIdentity;
use wardtap_net::packet::Timestamp;
use wardtap_net::stream::FrameLabel;

use crate::links::{Opened, OperationNews, Use};
use crate::tally::Tally;

/// A frame that shows something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Which frame.
    pub frame: FrameLabel,
    /// When it was captured.
    pub time: Timestamp,
}

/// A fact.
#[derive(Clone, Debug)]
pub enum Observation {
    /// A packet from this address. Repeated; the first one counts.
    Heard {
        /// The sender.
        address: Address,
        /// The VLAN of the frame.
        vlan: Option<u16>,
        /// The frame.
        place: Place,
    },
    /// An ARP packet whose sender says that the address is its own.
    Claimed {
        /// The address.
        address: Address,
        /// The sender's hardware address.
        mac: Mac,
        /// The VLAN of the frame.
        vlan: Option<u16>,
        /// The frame.
        place: Place,
    },
    /// An end of a flow speaks a protocol. Repeated.
    Role {
        /// The end.
        address: Address,
        /// What it speaks.
        protocol: &'static Protocol,
        /// It asks; else it answers.
        requester: bool,
    },
    /// Content that is a finding in itself.
    Content(Box<Content>),
    /// What a pair of devices has done so far: told when it has become worth a look.
    Tally(Box<Tally>),
    /// A link that was not seen before. Repeated, where its place was given to another in between.
    Opened(Box<Opened>),
    /// An operation that its link has not shown before, or values beyond those it has shown. Repeated as well.
    Operation(Box<OperationNews>),
    /// What a link did in a minute.
    Used(Box<Use>),
}

/// A finding with its circumstances.
#[derive(Clone, Debug)]
pub struct Content {
    /// What was found.
    pub finding: Finding,
    /// In which protocol.
    pub protocol: &'static Protocol,
    /// Who sent it.
    pub sender: Address,
    /// Who received it.
    pub receiver: Address,
    /// On which flow.
    pub flow: FlowIdentity,
    /// Bytes missing on that flow.
    pub gap_bytes: u64,
    /// Only one end of that flow was heard.
    pub one_sided: bool,
    /// In which frame.
    pub place: Place,
    /// SHA-256 of that frame's captured bytes, where it is still at hand.
    pub sha256: Option<[u8; 32]>,
}
