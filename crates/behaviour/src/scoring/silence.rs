//! What does not happen any more.

use wardtap_net::packet::Timestamp;

use super::{Departure, Scorer, What};
use crate::baseline::measure::Measure;
use crate::parties::PartyLink;

/// Where more than this share of all steady links is silent, the sensor is blind and no device.
const BLIND_SHARE: f64 = 0.5;

/// Fewer steady links say nothing of the sensor.
const BLIND_OF_MIN: usize = 8;

impl Scorer {
    /// Capture time has come to a minute: tells what has been silent for too long.
    pub fn minute(&mut self, minute: u32, to: &mut dyn FnMut(Departure<'_>)) {
        let thresholds = &self.profiles.thresholds;
        let (of_links, of_operations) =
            (thresholds.factor(Measure::LinkPause), thresholds.factor(Measure::OperationPause));
        let excess = |measure: Measure, last: u32, pause: u32, factor: f64| {
            measure.ratio(minute.saturating_sub(last).into(), pause.into()) / factor
        };
        let mut found: Vec<(PartyLink, usize, f64)> = Vec::new();
        let mut steady = 0;
        for key in &self.order {
            let (Some(live), Some(profile)) = (self.live.get(key), self.links.get(key)) else { continue };
            for place in 0..2 {
                if !profile.is_steady(place) || live.last[place] == 0 {
                    continue;
                }
                steady += 1;
                let excess = excess(Measure::LinkPause, live.last[place], profile.pause[place], of_links);
                if excess > 1.0 {
                    found.push((*key, place, excess));
                }
            }
        }
        if steady >= BLIND_OF_MIN && found.len() as f64 > steady as f64 * BLIND_SHARE {
            return;
        }
        let time = Timestamp::from_seconds(u64::from(minute) * 60);
        for (key, place, excess) in found {
            let (Some(live), Some(profile)) = (self.live.get_mut(&key), self.links.get(&key)) else { continue };
            if std::mem::replace(&mut live.silent[place], true) {
                continue;
            }
            let (now, normal) = (minute.saturating_sub(live.last[place]), profile.pause[place]);
            to(Departure {
                what: What::Beyond {
                    measure: Measure::LinkPause,
                    operation: None,
                    now: now.into(),
                    normal: normal.into(),
                    excess,
                },
                link: live.link,
                parties: key,
                place: live.place,
                time,
                days: profile.days,
                gap_bytes: 0,
                one_sided: live.last[1 - place].abs_diff(minute) <= 1,
            });
        }
        for key in &self.order {
            let (Some(live), Some(profile)) = (self.live.get_mut(key), self.links.get(key)) else { continue };
            if live.silent.contains(&true) {
                continue;
            }
            let mut silent = Vec::new();
            for (name, operation) in live.operations.iter_mut().filter(|(_, operation)| !operation.silent) {
                let Some(normal) = profile.operations.get(&**name).filter(|normal| normal.is_steady()) else {
                    continue;
                };
                let excess = excess(Measure::OperationPause, operation.last, normal.pause, of_operations);
                if excess > 1.0 {
                    operation.silent = true;
                    silent.push((name.clone(), minute - operation.last, *normal, excess));
                }
            }
            silent.sort_by(|one, other| one.0.cmp(&other.0));
            for (name, now, normal, excess) in silent {
                to(Departure {
                    what: What::Beyond {
                        measure: Measure::OperationPause,
                        operation: Some(&name),
                        now: now.into(),
                        normal: normal.pause.into(),
                        excess,
                    },
                    link: live.link,
                    parties: *key,
                    place: live.place,
                    time,
                    days: normal.days,
                    gap_bytes: 0,
                    one_sided: false,
                });
            }
        }
    }
}
