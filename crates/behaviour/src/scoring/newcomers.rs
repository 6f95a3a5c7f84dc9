//! What a conversation that was never learned does, beside the most that those that were do with the same service: who floods or
//! empties it does far more than any.

use hashbrown::HashMap;
use wardtap_net::packet::Timestamp;

use super::table::{Entry, LinkId};
use super::{Departure, Scorer, What};
use crate::baseline::measure::Measure;
use crate::baseline::store::MINUTES_PER_HOUR;
use crate::links::{Service, Use};
use crate::parties::Party;

/// The most conversations that were never learned and are measured; further ones are counted.
pub const NEWCOMERS_MAX: usize = 4096;

/// Fewer conversations in a minute are no flood.
const OPENED_MIN: u32 = 100;

/// Fewer octets in an hour empty nothing.
const OCTETS_MIN: u64 = 32 << 20;

/// What those do that were never learned.
#[derive(Default)]
pub(super) struct Newcomers {
    doing: HashMap<LinkId, Doing, foldhash::fast::RandomState>,
    most: HashMap<Service, Most, foldhash::fast::RandomState>,
    pub(super) forgotten: u64,
}

/// What one does in the minute and in the hour at hand.
#[derive(Default)]
struct Doing {
    minute: u32,
    opened: u32,
    bytes: [u64; 2],
    /// What was told last in this hour: octets of each end, and conversations in a minute.
    told: [u64; 3],
}

/// The most that was learned of any with a service.
#[derive(Clone, Copy, Default)]
struct Most {
    minute_opened: u64,
    hour_bytes: [u64; 2],
}

impl Newcomers {
    /// Takes what one did; None where that is nothing to speak of.
    fn take(&mut self, id: LinkId, minute: u32, used: &Use) -> Option<&Doing> {
        let hour = minute / MINUTES_PER_HOUR;
        if self.doing.len() >= NEWCOMERS_MAX && !self.doing.contains_key(&id) {
            self.doing.retain(|_, doing| doing.minute / MINUTES_PER_HOUR == hour);
            if self.doing.len() >= NEWCOMERS_MAX {
                self.forgotten += 1;
                return None;
            }
        }
        let doing = self.doing.entry(id).or_default();
        if doing.minute / MINUTES_PER_HOUR != hour {
            *doing = Doing::default();
        }
        if doing.minute != minute {
            (doing.minute, doing.opened) = (minute, 0);
        }
        doing.opened = doing.opened.saturating_add(used.opened);
        for (bytes, sent) in doing.bytes.iter_mut().zip(used.sent) {
            *bytes = bytes.saturating_add(sent.bytes);
        }
        Some(&*doing).filter(|doing| doing.opened >= OPENED_MIN || doing.bytes.iter().any(|bytes| *bytes >= OCTETS_MIN))
    }

    fn told(&mut self, id: LinkId, told: [u64; 3]) {
        if let Some(doing) = self.doing.get_mut(&id) {
            doing.told = told;
        }
    }
}

impl Scorer {
    /// Compares what a conversation that was never learned does with what others do.
    pub(super) fn compare_newcomer(&mut self, id: LinkId, minute: u32, used: &Use, to: &mut dyn FnMut(Departure<'_>)) {
        let Entry { key, normal: None, .. } = *self.links.at(id) else { return };
        // Of addresses that belong to nobody here new-conversation tells as a crowd.
        let outside = [key.initiator, key.responder].map(|party| party == Party::OUTSIDE);
        if outside == [true; 2] {
            return;
        }
        let Some(&Doing { opened, bytes, told, .. }) = self.newcomers.take(id, minute, used) else { return };
        let links = &self.links;
        let most = *self.newcomers.most.entry(key.service).or_insert_with(|| {
            // Of a service that nobody uses nothing is known but what the site does at all.
            let with = |is_it: fn(Service, Service) -> bool| {
                let of_service = links.learned_links().filter(|(learned, _)| is_it(learned.service, key.service));
                of_service.map(|(_, packed)| packed.own()).fold(None, |most: Option<Most>, profile| {
                    let most = most.unwrap_or_default();
                    let bytes = |place: usize| most.hour_bytes[place].max(profile.hour_bytes[place].next());
                    let minute_opened = most.minute_opened.max(profile.minute_opened.next());
                    Some(Most { minute_opened, hour_bytes: [bytes(0), bytes(1)] })
                })
            };
            with(|learned, service| learned == service).or_else(|| with(|_, _| true)).unwrap_or_default()
        });
        let thresholds = &self.profiles.thresholds;
        let mut told = told;
        let mut check = |measure: Measure, place: usize, (now, normal): (u64, u64), told: &mut u64| {
            let excess = measure.ratio(now, normal) / thresholds.factor(measure);
            // All outside are one party, and each of them would be told.
            if excess > 1.0 && (outside == [false; 2] || now >= told.saturating_mul(2)) {
                *told = now;
                to(Departure {
                    what: What::Beyond { measure, operation: None, now, normal, excess, is_sent: place == 0 },
                    link: used.link,
                    parties: key,
                    place: used.place,
                    time: Timestamp::from_seconds(used.minute * 60),
                    days: self.profiles.days.len() as u32,
                    gap_bytes: used.gap_bytes[0].saturating_add(used.gap_bytes[1]),
                    one_sided: used.sent.iter().any(|sent| sent.packets == 0),
                });
            }
        };
        if opened >= OPENED_MIN {
            check(Measure::MinuteOpened, 0, (opened.into(), most.minute_opened), &mut told[2]);
        }
        for (place, (now, normal)) in bytes.into_iter().zip(most.hour_bytes).enumerate() {
            if now >= OCTETS_MIN {
                check(Measure::HourBytes, place, (now, normal), &mut told[place]);
            }
        }
        self.newcomers.told(id, told);
    }
}
