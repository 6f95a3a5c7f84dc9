//! What the pipeline says of itself once a second, for whoever asks over HTTP.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wardtap_capture::InterfaceState;
use wardtap_net::packet::Timestamp;

use super::approvals::Approvals;
use super::keeper::Kept;
use crate::totals::Totals;

/// A pipeline that has said nothing for so long stands still.
const STILL: Duration = Duration::from_secs(10);

/// An interface without a packet for so long is blind: a mirror port of a hospital is never silent.
const BLIND_SECONDS: u64 = 60;

/// Shared by the pipeline and the server.
#[derive(Default)]
pub struct Pulse {
    /// What was said last, and when.
    said: Mutex<Option<(Instant, Arc<News>)>>,
    /// Reloads that were done, and refused.
    pub reloads: AtomicU64,
    pub reloads_failed: AtomicU64,
    pub approvals: Arc<Approvals>,
}

/// What the pipeline has to say.
pub struct News {
    pub totals: Totals,
    pub interfaces: Vec<InterfaceState>,
    pub now: Timestamp,
    pub events_lost: u64,
    pub events_failing: bool,
    /// Whether the recording goes on; None where there is none.
    pub recording: Option<bool>,
    pub inventory_failing: bool,
    /// What came of checkpoints, where there are any.
    pub kept: Option<Arc<Kept>>,
    /// For how many seconds is still to be learned, while learning.
    pub learning_left: Option<u64>,
    /// Quantities of which more is normal than was approved, while comparing.
    pub adapted: Option<u64>,
    /// For how many seconds nothing was watched before the beginning.
    pub unwatched: Option<u64>,
}

impl Pulse {
    /// Says it.
    pub fn say(&self, news: News) {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some((moment(), Arc::new(news)));
    }

    /// What was said last; nothing before the first second is over.
    pub fn said(&self) -> Option<Arc<News>> {
        self.latest().map(|(_, news)| news)
    }

    fn latest(&self) -> Option<(Instant, Arc<News>)> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts a reload.
    pub fn reloaded(&self, done: bool) {
        let counter = if done { &self.reloads } else { &self.reloads_failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// How long ago something was said.
    pub fn age(&self) -> Option<Duration> {
        self.latest().map(|(at, _)| moment().saturating_duration_since(at))
    }

    /// Why it is not well, if it is not: the process does not do its work.
    pub fn ill(&self) -> Option<String> {
        let Some(silent) = self.age() else { return Some("it has just been started".to_owned()) };
        (silent > STILL).then(|| format!("the pipeline stands still for {} s", silent.as_secs()))
    }

    /// Why it does not see, or does not tell: none where all is well.
    pub fn troubles(&self) -> Vec<String> {
        if let Some(ill) = self.ill() {
            return vec![ill];
        }
        let Some(said) = self.said() else { return Vec::new() };
        let mut troubles: Vec<String> = said.interfaces.iter().filter_map(|it| blindness(it, said.now)).collect();
        if said.events_failing {
            troubles.push("events cannot be written".to_owned());
        }
        if said.recording == Some(false) {
            troubles.push("the recording cannot be written".to_owned());
        }
        if said.kept.as_ref().is_some_and(|kept| kept.is_failing.load(Ordering::Relaxed)) {
            troubles.push("the state cannot be kept".to_owned());
        }
        if said.inventory_failing {
            troubles.push("the inventory cannot be written".to_owned());
        }
        troubles
    }
}

/// Why an interface shows nothing, or more than it should.
fn blindness(interface: &InterfaceState, now: Timestamp) -> Option<String> {
    let name = &interface.name;
    if let Some(address) = interface.address.as_ref().filter(|_| !interface.may_have_address) {
        return Some(format!("{name}: has the address {address} by now, so that this machine may answer there"));
    }
    if interface.up == Some(false) {
        return Some(format!("{name}: the link is down"));
    }
    let Some(last) = interface.last else { return Some(format!("{name}: no packet yet")) };
    let silent = now.since(last) / 1_000_000_000;
    (silent >= BLIND_SECONDS).then(|| format!("{name}: no packet for {silent} s"))
}

/// Of the machine's clock, which nobody sets.
pub fn moment() -> Instant {
    #[allow(clippy::disallowed_methods, reason = "whether this process works is asked by its machine's clock")]
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blindness_is_told_by_link_and_by_silence() {
        let at = Timestamp::from_seconds;
        let state = |up, last: Option<u64>| InterfaceState {
            name: "span0".into(),
            up,
            packets: 1,
            last: last.map(at),
            address: None,
            may_have_address: false,
        };
        let told = |up, last| blindness(&state(up, last), at(1000)).unwrap_or_default();
        assert_eq!(told(Some(false), Some(1000)), "span0: the link is down");
        assert_eq!(told(Some(true), None), "span0: no packet yet");
        assert_eq!(told(None, Some(940)), "span0: no packet for 60 s");
        assert_eq!(told(Some(true), Some(941)), "");
        let addressed = |may_have_address| {
            let address = Some("192.0.2.1".to_owned());
            let state = InterfaceState { address, may_have_address, ..state(Some(true), Some(1000)) };
            blindness(&state, at(1000)).unwrap_or_default()
        };
        assert!(addressed(false).starts_with("span0: has the address 192.0.2.1 by now"));
        assert_eq!(addressed(true), "");
    }
}
