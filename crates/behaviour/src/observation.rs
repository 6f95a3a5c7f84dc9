//! What workers tell the judge: owned, small, seldom.

use wardtap_dissect::clues::Clue;
use wardtap_dissect::{Finding, Protocol};
use wardtap_net::address::{Address, Mac};
use wardtap_net::claim::Claim;
use wardtap_net::dhcp::Lease;
use wardtap_net::flow::FlowIdentity;
use wardtap_net::packet::Timestamp;
use wardtap_net::stream::FrameLabel;

use crate::alert::Deviation;
use crate::assets::Status;
use crate::beneath::AskedBelow;
use crate::call_home::BuiltIn;
use crate::detection::About;
use crate::links::{Opened, OperationNews, Use};
use crate::scoring::Judged;
use crate::tally::Tally;

/// A frame that shows something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Which frame.
    pub frame: FrameLabel,
    /// When it was captured.
    pub time: Timestamp,
}

/// A device was heard of which the hospital says that it is not in service.
#[derive(Clone, Copy, Debug)]
pub struct OutOfService {
    /// By which address.
    pub address: Address,
    /// Where it is said to be.
    pub status: Status,
    /// The frame that showed it.
    pub place: Place,
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
    /// A frame to or from this address, of a hardware address that may be a router's. Repeated; the first one counts.
    Met {
        /// The address.
        address: Address,
        /// The hardware address in its place.
        mac: Mac,
        /// The VLAN of the frame.
        vlan: Option<u16>,
        /// The frame.
        place: Place,
    },
    /// A host says that an address is its own. All are told, however often.
    Claimed(Claimed),
    /// A DHCP server gave an address. All are told.
    Leased(Box<Leased>),
    /// A DHCP server offered an address. All are told.
    Offered(Box<Leased>),
    /// A device called an address that is built into devices: once for each flow.
    Called(Box<Called>),
    /// A host asks for many long names below one.
    AskedBelow(Box<AskedBelow>),
    /// An end of a flow speaks a protocol. Repeated.
    Role {
        /// The end.
        address: Address,
        /// What it speaks.
        protocol: &'static Protocol,
        /// It asks; else it answers.
        requester: bool,
        /// The frame that showed it.
        place: Place,
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
    /// What somebody said of itself in a minute.
    Clued(Box<Clued>),
}

/// Whom a clue is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// Who has this address.
    Address(Address),
    /// Whose hardware address it is: it has no other one yet.
    Mac(Mac),
}

/// What somebody said of itself in a minute.
#[derive(Clone, Debug)]
pub struct Clued {
    /// Whom it is about.
    pub who: Who,
    /// What kind of clue.
    pub clue: Clue,
    /// What was said.
    pub text: Box<str>,
    /// How often.
    pub count: u64,
    /// The first frame that said it.
    pub first: Place,
}

/// A host says that an address is its own.
#[derive(Clone, Copy, Debug)]
pub struct Claimed {
    /// What it says.
    pub claim: Claim,
    /// The VLAN of the frame.
    pub vlan: Option<u16>,
    /// The frame.
    pub place: Place,
}

/// A DHCP server gave an address.
#[derive(Clone, Debug)]
pub struct Leased {
    /// To whom, and what it told of the network.
    pub lease: Lease,
    /// The VLAN of the client, where the frame was in it.
    pub vlan: Option<u16>,
    /// The frame.
    pub place: Place,
}

/// A device called an address that is built into devices.
#[derive(Clone, Copy, Debug)]
pub struct Called {
    /// Who calls.
    pub from: Address,
    /// What is known of the address.
    pub known: &'static BuiltIn,
    /// On which flow.
    pub flow: FlowIdentity,
    /// The frame.
    pub place: Place,
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

impl Content {
    /// The deviation: who received it is at risk, the sender did it.
    #[must_use]
    pub fn deviation(&self, about: &'static About, subject: &'static str, judged: Judged) -> Deviation {
        Deviation {
            flow: Some(self.flow),
            sha256: self.sha256,
            gap_bytes: self.gap_bytes,
            one_sided: self.one_sided,
            ..Deviation::new(about, (self.receiver, Some(self.sender)), subject, self.place, judged)
        }
    }
}
