#![doc = include_str!("refusal_storm.md")]

use std::collections::VecDeque;

use wardtap_net::address::Address;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::alert::{Deviation, Severity};
use crate::attack::technique;
use crate::detection::{About, Detection, Raise};
use crate::detections::many::{self, Many};
use crate::detections::sweep;
use crate::observation::Place;
use crate::scoring::Judged;
use crate::tally::{Pair, Tally};

/// What the detection is.
pub static ABOUT: About = About {
    name: "refusal-storm",
    title: "One device refuses what another sends",
    attack: &[technique("T0814"), technique("T0826"), technique("T1110"), technique("T0806")],
    impact: "Results, orders, images or commands do not arrive, or somebody tries what is not allowed.",
    response: "Call the owners of both systems: one has changed. Use the manual procedure until it works again.",
    page: include_str!("refusal_storm.md"),
};

const WINDOW_NANOS: u64 = 60 * NANOS_PER_SECOND;
const REFUSALS_MIN: u64 = 20;

/// The most pairs watched at once. One that was not refused for a window gives way first: nothing is lost with it. Else
/// it is the one taken up first, which is counted.
const WATCHED_MAX: usize = 1024;

/// Pairs with refusals in the last minute.
#[derive(Default)]
pub struct RefusalStorm {
    watched: VecDeque<Watched>,
    /// Who was refused by whom.
    of_requesters: Many<(Address, &'static str), Address>,
    by_responders: Many<(Address, &'static str), Address>,
    /// A pair that is taken up may have been watched before.
    crowded: bool,
    forgotten: u64,
}

struct Watched {
    pair: Pair,
    began: Timestamp,
    /// Counts before the window.
    responses: u64,
    refusals: u64,
    /// Counts when last told of: the next window begins with them.
    latest: (u64, u64),
    first: Place,
    /// The latest refusal.
    last: Timestamp,
}

impl RefusalStorm {
    /// Once for whom many refuse: that is the alert of the first one. Of those whom one refuses, the first two are told
    /// singly and those that follow as one.
    fn folded(&mut self, pair: Pair, last: Place, mut judged: Judged) -> Deviation {
        let Pair { requester, responder, protocol } = pair;
        let refusing = self.of_requesters.take((requester, protocol.name), responder, last.time);
        let refused = self.by_responders.take((responder, protocol.name), requester, last.time);
        if refused.is_many() && !refusing.is_several() {
            judged.explanation = format!("{responder} refuses most of what many devices send it.");
            judged.observed = format!("{}, to {}", judged.observed, refused.named());
            return Deviation::new(&ABOUT, (responder, None), many::of(protocol.name), last, judged);
        }
        judged.severity = refusing.severity(judged.severity);
        if refusing.is_several() {
            judged.explanation = format!("Many devices refuse most of what {requester} sends them.");
            judged.observed = format!("{}, by {}", judged.observed, refusing.named());
        }
        Deviation::new(&ABOUT, (refusing.first, Some(requester)), protocol.name, last, judged)
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.watched.len() < WATCHED_MAX {
            return;
        }
        self.crowded = true;
        let quiet = self.watched.iter().position(|watched| now.since(watched.last) > WINDOW_NANOS);
        if quiet.is_none() {
            self.forgotten += 1;
        }
        self.watched.remove(quiet.unwrap_or(0));
    }
}

impl Detection for RefusalStorm {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn tally(&mut self, tally: &Tally, raise: &mut Raise<'_>) {
        let Some((first, last)) = tally.refused else { return };
        let place = self.watched.iter().position(|watched| watched.pair == tally.pair);
        let watched = match place.and_then(|place| self.watched.get_mut(place)) {
            Some(watched) => watched,
            None => {
                self.make_room(last.time);
                // Before this first refusal lies any number of good answers: none of them is in the window. If others
                // had to give way, it may not be the first: then only the latest refusal is sure to be new.
                let refusals = if self.crowded { tally.refusals.saturating_sub(1) } else { 0 };
                let responses = tally.responses.saturating_sub(tally.refusals - refusals);
                self.watched.push_back(Watched {
                    pair: tally.pair,
                    began: first.time,
                    responses,
                    refusals,
                    latest: (responses, refusals),
                    first,
                    last: last.time,
                });
                let end = self.watched.len() - 1;
                &mut self.watched[end]
            }
        };
        if last.time.since(watched.began) > WINDOW_NANOS {
            (watched.responses, watched.refusals) = watched.latest;
            watched.began = first.time;
            watched.first = first;
        }
        watched.last = last.time;
        watched.latest = (tally.responses, tally.refusals);
        let refusals = tally.refusals.saturating_sub(watched.refusals);
        let responses = tally.responses.saturating_sub(watched.responses);
        if refusals < REFUSALS_MIN
            || refusals * 2 < responses
            || raise.is_told_of(sweep::ABOUT.name, tally.pair.requester)
        {
            return;
        }
        let began = watched.first;
        (watched.responses, watched.refusals) = watched.latest;
        watched.began = last.time;
        let seconds = last.time.since(began.time).div_ceil(NANOS_PER_SECOND).max(1);
        let judged = Judged {
            severity: Severity::Medium,
            score: 60,
            explanation: format!("{} refuses most of what {} sends it.", tally.pair.responder, tally.pair.requester),
            expected: "almost all answers positive".to_owned(),
            observed: format!("{refusals} refusals among {responses} answers within {seconds} s"),
        };
        raise.raise(Deviation {
            count: refusals,
            evidence: vec![began, last],
            first: began.time,
            gap_bytes: tally.gap_bytes,
            one_sided: tally.requests == 0,
            ..self.folded(tally.pair, last, judged)
        });
    }

    fn forgotten(&self) -> u64 {
        self.forgotten + self.of_requesters.forgotten() + self.by_responders.forgotten()
    }
}
