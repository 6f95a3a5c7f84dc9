#![doc = include_str!("address_taken.md")]

use wardtap_net::address::{Address, Mac};
use wardtap_net::claim::How;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::device::{DeviceId, IdentityChange};
use crate::observation::{Claimed, Place};
use crate::scoring::Judged;

/// What the detection is.
pub static ABOUT: About = About {
    name: "address-taken",
    title: "A second device claims an address whose owner lives",
    attack: &[technique("T0830")],
    impact: "What is sent to the device can be read, changed or lost on its way, alarms and settings included.",
    response: "Find the switch port of the claiming hardware address. Leave the owner of the address on the network.",
    page: include_str!("address_taken.md"),
};

/// How near in time claims of several owners' addresses belong together: tools repeat theirs every few seconds.
const TOGETHER_NANOS: u64 = 120 * NANOS_PER_SECOND;
/// How soon after a claim the owner must be heard again.
const SOON_NANOS: u64 = 600 * NANOS_PER_SECOND;
/// Both claims of an instant may be of one moment, in which capture points reorder them.
const APART_NANOS: u64 = NANOS_PER_SECOND;
/// The most claims watched at once; the one quiet longest makes room.
const CLAIMS_MAX: usize = 256;

/// One hardware address claims an address that another owns.
struct Taking {
    address: Address,
    owner: DeviceId,
    by: Mac,
    claimant: Option<(DeviceId, Address)>,
    first: Place,
    last: Place,
    /// The owner has announced the address since.
    announced: bool,
    /// What shows that it is none of the harmless kinds; once it was raised.
    raised: Option<&'static str>,
}

/// Keeps who claims what of whom.
#[derive(Default)]
pub struct AddressTaken {
    takings: Vec<Taking>,
    forgotten: u64,
}

impl Detection for AddressTaken {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identity(&mut self, change: &IdentityChange, raise: &mut Raise<'_>) {
        match change {
            IdentityChange::Contended { owner, claimant, claim } => self.contended(*owner, *claimant, claim, raise),
            IdentityChange::Defended { claim, .. } => self.defended(claim, raise),
            // A lease, or silence, has settled whose it is.
            IdentityChange::Appeared { address, from: Some(_), .. } | IdentityChange::Gained { address, .. } => {
                self.takings.retain(|taking| taking.address != *address);
            }
            IdentityChange::Appeared { .. } | IdentityChange::Same { .. } => {}
        }
    }

    fn tick(&mut self, now: Timestamp, _: &mut Raise<'_>) {
        self.takings.retain(|taking| now.since(taking.last.time) < SOON_NANOS);
    }

    fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

impl AddressTaken {
    fn contended(
        &mut self,
        owner: DeviceId,
        claimant: Option<(DeviceId, Address)>,
        claimed: &Claimed,
        raise: &mut Raise<'_>,
    ) {
        let (address, by, place) = (claimed.claim.address, claimed.claim.mac, claimed.place);
        let known = self.takings.iter().position(|taking| taking.address == address && taking.by == by);
        let at = known.unwrap_or_else(|| {
            self.watch(Taking {
                address,
                owner,
                by,
                claimant,
                first: place,
                last: place,
                announced: false,
                raised: None,
            })
        });
        let taking = &mut self.takings[at];
        (taking.last, taking.claimant) = (place, claimant);
        if let Some(why) = taking.raised.or(taking.announced.then_some("after its owner took it back")) {
            self.raise(at, why, place, raise);
        }
        // Those of another owner, as near in time.
        let near = |other: &Taking| other.by == by && place.time.since(other.last.time) < TOGETHER_NANOS;
        let several = self.takings.iter().any(|other| near(other) && other.owner != owner);
        if several {
            for other in 0..self.takings.len() {
                if near(&self.takings[other]) && self.takings[other].raised.is_none() {
                    self.raise(other, "with an address of another device", place, raise);
                }
            }
        }
    }

    /// The owner goes on: it does not know of the claim, or takes the address back.
    fn defended(&mut self, claimed: &Claimed, raise: &mut Raise<'_>) {
        let (address, now) = (claimed.claim.address, claimed.place.time);
        for at in 0..self.takings.len() {
            let taking = &mut self.takings[at];
            if taking.address != address || now.since(taking.last.time) >= SOON_NANOS {
                continue;
            }
            if claimed.claim.how == How::Announced {
                taking.announced = true;
            } else if taking.raised.is_none() && now.since(taking.first.time) >= APART_NANOS {
                self.raise(at, "while its owner goes on", claimed.place, raise);
            }
        }
    }

    fn watch(&mut self, taking: Taking) -> usize {
        if self.takings.len() >= CLAIMS_MAX
            && let Some((quiet, _)) = self.takings.iter().enumerate().min_by_key(|(_, taking)| taking.last.time)
        {
            self.takings.remove(quiet);
            self.forgotten += 1;
        }
        self.takings.push(taking);
        self.takings.len() - 1
    }

    /// True where each claims what is the other's: two interfaces of one host, both of which answer for it.
    fn is_one_host(&self, taking: &Taking) -> bool {
        let Some((claimant, _)) = taking.claimant else { return false };
        self.takings
            .iter()
            .any(|other| other.owner == claimant && other.claimant.is_some_and(|(device, _)| device == taking.owner))
    }

    fn raise(&mut self, at: usize, why: &'static str, decisive: Place, raise: &mut Raise<'_>) {
        if self.is_one_host(&self.takings[at]) {
            return;
        }
        let taking = &mut self.takings[at];
        taking.raised = Some(why);
        let peer = taking.claimant.map(|(_, address)| address);
        let who = peer.map_or_else(|| "An unknown device".to_owned(), |peer| peer.to_string());
        let judged = Judged {
            severity: Severity::High,
            score: 85,
            explanation: format!(
                "{who} pretends to be {}, which is still there, and can read or change what is sent to it.",
                taking.address
            ),
            expected: "an address that one device claims at a time".to_owned(),
            observed: format!("{} claimed by hardware address {} {why}", taking.address, taking.by),
        };
        raise.raise(Deviation {
            evidence: vec![taking.first, taking.last, decisive],
            first: taking.first.time,
            ..Deviation::new(&ABOUT, (taking.address, peer), "address", decisive, judged)
        });
    }
}
