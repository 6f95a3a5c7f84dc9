//! Detections: named questions asked of observations.

use wardtap_net::address::Address;
use wardtap_net::packet::Timestamp;

use crate::alert::{Alerts, Deviation};
use crate::attack::Technique;
use crate::baseline::change::Changed;
use crate::beneath::AskedBelow;
use crate::device::IdentityChange;
use crate::observation::{Called, Claimed, Content, Leased, Observation, OutOfService};
use crate::parties::PartyLink;
use crate::repeats::Repeat;
use crate::scoring::{Blindness, Departure};
use crate::sensor::Trouble;
use crate::tally::Tally;

/// What a detection says of itself: the page of docs/detections, and every field of an alert that never changes.
#[derive(Debug)]
pub struct About {
    /// kebab-case, for ever.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// MITRE ATT&CK techniques.
    pub attack: &'static [Technique],
    /// What is at stake for care.
    pub impact: &'static str,
    /// What to do.
    pub response: &'static str,
    /// The doc comment of the detection: its page.
    pub page: &'static str,
}

/// A question.
pub trait Detection: Send {
    /// What it is.
    fn about(&self) -> &'static About;

    /// Content that is a finding in itself.
    fn content(&mut self, content: &Content, raise: &mut Raise<'_>) {
        let _ = (content, raise);
    }

    /// A device called an address that is built into devices.
    fn called(&mut self, called: &Called, raise: &mut Raise<'_>) {
        let _ = (called, raise);
    }

    /// A host asks for many long names below one.
    fn asked_below(&mut self, asked: &AskedBelow, raise: &mut Raise<'_>) {
        let _ = (asked, raise);
    }

    /// What a pair of devices has done so far.
    fn tally(&mut self, tally: &Tally, raise: &mut Raise<'_>) {
        let _ = (tally, raise);
    }

    /// Something that the baseline does not hold.
    fn departure(&mut self, departure: &Departure<'_>, raise: &mut Raise<'_>) {
        let _ = (departure, raise);
    }

    /// A device was heard that is not in service.
    fn out_of_service(&mut self, heard: &OutOfService, raise: &mut Raise<'_>) {
        let _ = (heard, raise);
    }

    /// The sensor hears less than it did while learning.
    fn blindness(&mut self, blindness: &Blindness, raise: &mut Raise<'_>) {
        let _ = (blindness, raise);
    }

    /// Something keeps the live sensor from its work.
    fn sensor(&mut self, trouble: &Trouble, raise: &mut Raise<'_>) {
        let _ = (trouble, raise);
    }

    /// A message came again.
    fn repeat(&mut self, repeat: &Repeat, raise: &mut Raise<'_>) {
        let _ = (repeat, raise);
    }

    /// Something has changed about who is who.
    fn identity(&mut self, change: &IdentityChange, raise: &mut Raise<'_>) {
        let _ = (change, raise);
    }

    /// A host said that an address is its own.
    fn claimed(&mut self, claimed: &Claimed, raise: &mut Raise<'_>) {
        let _ = (claimed, raise);
    }

    /// A DHCP server gave an address.
    fn leased(&mut self, lease: &Leased, raise: &mut Raise<'_>) {
        let _ = (lease, raise);
    }

    /// A DHCP server offered an address.
    fn offered(&mut self, lease: &Leased, raise: &mut Raise<'_>) {
        let _ = (lease, raise);
    }

    /// Capture time has reached `now`.
    fn tick(&mut self, now: Timestamp, raise: &mut Raise<'_>) {
        let _ = (now, raise);
    }

    /// How much of what it watched it gave up for want of room.
    fn forgotten(&self) -> u64 {
        0
    }
}

/// Takes what detections find.
pub struct Raise<'a> {
    pub(crate) alerts: &'a Alerts,
    pub(crate) found: Vec<Found>,
    /// What departs from the baseline, while detections are asked about it.
    pub(crate) departs: Option<(PartyLink, Changed)>,
    /// How much was found before what detections are asked about now.
    pub(crate) before: usize,
}

/// What a detection found.
pub(crate) struct Found {
    pub(crate) deviation: Deviation,
    /// What of it departs from the baseline, for detections that compare.
    pub(crate) departs: Option<(PartyLink, Changed)>,
}

impl<'a> Raise<'a> {
    pub(crate) const fn new(alerts: &'a Alerts) -> Self {
        Self { alerts, found: Vec::new(), departs: None, before: 0 }
    }

    /// Raises a deviation.
    pub fn raise(&mut self, deviation: Deviation) {
        self.found.push(Found { deviation, departs: self.departs.clone() });
    }

    /// True when a detection that was asked before has told what all are asked about now: it has a name of its own for it.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        self.found.len() > self.before
    }

    /// True when another detection already tells what somebody does: open, or raised on the same observation.
    #[must_use]
    pub fn is_told_of(&self, detection: &'static str, peer: Address) -> bool {
        self.found
            .iter()
            .any(|Found { deviation, .. }| deviation.about.name == detection && deviation.peer == Some(peer))
            || self.alerts.is_open_by(detection, peer)
    }

    /// True when a detection already tells of two devices: open, or raised on the same observation.
    #[must_use]
    pub fn is_told_between(&self, detection: &'static str, device: Address, peer: Address, subject: &str) -> bool {
        let peer = Some(peer);
        let is_it = |found: &Deviation| {
            found.about.name == detection && found.device == device && found.peer == peer && found.subject == subject
        };
        self.found.iter().any(|found| is_it(&found.deviation))
            || self.alerts.is_open(detection, device, peer, subject.to_owned())
    }
}

pub(crate) fn ask(all: &mut [Box<dyn Detection>], seen: &Observation, raise: &mut Raise<'_>) {
    for detection in all {
        match seen {
            Observation::Content(content) => detection.content(content, raise),
            Observation::Tally(tally) => detection.tally(tally, raise),
            Observation::Claimed(claimed) => detection.claimed(claimed, raise),
            Observation::Leased(lease) => detection.leased(lease, raise),
            Observation::Offered(lease) => detection.offered(lease, raise),
            Observation::Called(called) => detection.called(called, raise),
            Observation::AskedBelow(asked) => detection.asked_below(asked, raise),
            _ => {}
        }
    }
}
