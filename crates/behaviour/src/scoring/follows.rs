//! What was asked for in one hour after the other, and what follows it else was not there: see [`crate::baseline::follows`].

use super::Scorer;
use super::absence::{LastHours, Look};
use super::live::Silence as Said;
use super::silence::Silence;
use super::table::{Entry, LinkId};
use crate::baseline::follows::Follow;
use crate::baseline::measure::Measure;
use crate::baseline::store::MINUTES_PER_HOUR;
use crate::links::{OperationName, Service, kind_of};
use crate::parties::PartyLink;

/// What follows an operation.
pub(super) struct Followed {
    /// The last hours with the operation.
    pub(super) hours: LastHours,
    all: Vec<LiveFollow>,
}

/// One of those.
struct LiveFollow {
    reversed: bool,
    service: Service,
    name: OperationName,
    /// How surprising an hour without it is.
    surprise: u32,
    normal: u64,
    /// Whether it was said that it is missing.
    said: Said,
}

/// One hour without it may be the one in which it was delayed.
const MISSING_HOURS_MIN: u64 = 2;

/// One of what follows, by the place of its link, of the operation that it follows, and its own among all that do.
type At = (u32, usize, usize);

impl Followed {
    /// What follows an operation, where something does.
    pub(super) fn of(follows: &[Follow]) -> Option<Box<Self>> {
        let live = |of: &Follow| LiveFollow {
            reversed: of.reversed,
            service: Service { transport: of.transport, port: of.port },
            name: of.operation.as_str().into(),
            surprise: of.surprise(),
            normal: of.normal(),
            said: Said::default(),
        };
        let all: Vec<LiveFollow> = follows.iter().filter(|of| of.hours > 0).map(live).collect();
        (!all.is_empty()).then(|| Box::new(Self { hours: LastHours::default(), all }))
    }

    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.all.len()
    }
}

impl LiveFollow {
    /// Its link, that of what it follows being known.
    const fn link(&self, key: PartyLink) -> PartyLink {
        let (initiator, responder) =
            if self.reversed { (key.responder, key.initiator) } else { (key.initiator, key.responder) };
        PartyLink { initiator, responder, service: self.service }
    }
}

impl Scorer {
    /// Looks at all that was asked for, at the hours that are over, for what did not follow: who sends it was there.
    pub(super) fn unfollowed(&mut self, minute: u32, look: &Look, found: &mut Vec<Silence>) {
        let mut all: Vec<At> = Vec::new();
        for number in 0..self.links.seen_count() {
            let Some(Entry { live: Some(live), .. }) = self.links.numbered(number) else { continue };
            if !live.silence.iter().any(|silence| silence.is_said()) {
                all.extend(
                    live.operations
                        .followed()
                        .flat_map(|(place, count)| (0..count).map(move |follow| (number, place, follow))),
                );
            }
        }
        for at in all {
            let missing = self.missing(at, look).filter(|(.., excess)| *excess > 1.0);
            let Some(Entry { key, normal: Some(profile), live: Some(live), .. }) = self.links.numbered(at.0) else {
                continue;
            };
            let (key, known) = (*key, live.operations.at(at.1));
            let (days, place) = (known.normal(profile).map_or(0, |of| of.days), known.sender());
            let Some(seen) = known.seen.as_deref_mut() else { continue };
            let Some(follow) = seen.follows.as_mut().and_then(|follows| follows.all.get_mut(at.2)) else { continue };
            let Some((hours, now, excess)) = missing else {
                follow.said.end();
                continue;
            };
            if follow.said.is_due(minute) {
                found.push(Silence {
                    key,
                    measure: Measure::Unfollowed,
                    operation: Some((*seen.name).to_owned()),
                    follow: Some((*follow.name).to_owned()),
                    minutes: hours * u64::from(MINUTES_PER_HOUR),
                    now,
                    normal: follow.normal,
                    excess,
                    days,
                    of_responder: place == 0,
                });
            }
        }
    }

    /// In how many of the last hours something did not follow, how surprising that is, and how many times as much as deviates.
    fn missing(&mut self, (number, place, follow): At, look: &Look) -> Option<(u64, u64, f64)> {
        let Entry { key, live: Some(live), .. } = self.links.numbered(number)? else { return None };
        let key = *key;
        let (known, unheard) = (live.operations.at(place), live.unheard);
        let of_sender = 1 - known.sender();
        let followed = known.seen.as_deref()?.follows.as_deref()?;
        let asked = followed.hours;
        let follow = followed.all.get(follow)?;
        let (link, name, surprise, normal) = (follow.link(key), follow.name.clone(), follow.surprise, follow.normal);
        let sender = if of_sender == 0 { key.initiator } else { key.responder };
        let there = self.active.get(sender.index()).map(|party| party.hours)?;
        let last = self.links.find(link).map_or(Some(0), |id| self.last_of(id, &name, link.initiator != sender))?;
        let since = last.max(unheard[of_sender]) / MINUTES_PER_HOUR;
        let hours = look.followed(since, [asked, there]);
        if hours < MISSING_HOURS_MIN {
            return None;
        }
        let now = hours.saturating_mul(surprise.into());
        Some((hours, now, Measure::Unfollowed.ratio(now, normal) / (look.follows * self.patience())))
    }

    /// The last minute in which an operation was there, or may have been without being heard; None where its silence is told, or
    /// where another of its kind has come in its place, which is told as new.
    fn last_of(&mut self, id: LinkId, name: &OperationName, of_responder: bool) -> Option<u32> {
        let Entry { normal: Some(profile), live: Some(live), .. } = self.links.at_mut(id) else { return Some(0) };
        let place = usize::from(of_responder);
        if live.silence[place].is_said() || live.told_anew().any(|new| kind_of(new) == kind_of(name)) {
            return None;
        }
        let known = live.operations.find(name, profile).map(|place| live.operations.at(place));
        let last = known.and_then(|known| known.seen.as_deref()).map_or(0, |seen| seen.live.last.last);
        Some(last.max(live.unheard[place]))
    }
}
