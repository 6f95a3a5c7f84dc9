//! Operations that a link has not shown before, and values beyond those it has shown.

use super::table::Entry;
use super::{Departure, Scorer, What, points};
use crate::baseline::measure::{Measure, beside, beyond};
use crate::baseline::novelty::{Facet, circumstances, shape};
use crate::device::Devices;
use crate::links::{OperationNews, Use, is_like_but_for, is_opaque, tells_less};
use crate::parties::{Parties, PartyLink};

impl Scorer {
    /// Takes an operation that its link has not shown before, or values beyond those it has shown.
    pub fn operation(
        &mut self,
        news: &OperationNews,
        parties: &mut Parties,
        devices: &Devices,
        to: &mut dyn FnMut(Departure<'_>),
    ) {
        if let Some(key) = parties.link(&news.link, devices) {
            self.news(key, news, parties, to);
        }
    }

    /// Takes what a server told a client of the network, which is the same for all of them.
    pub fn leased(
        &mut self,
        (told, news): (&Use, &OperationNews),
        parties: &mut Parties,
        devices: &Devices,
        to: &mut dyn FnMut(Departure<'_>),
    ) {
        self.used(told, parties, devices, to);
        if let Some(key) = parties.link(&told.link, devices) {
            self.news(key, news, parties, to);
        }
    }

    fn news(&mut self, key: PartyLink, news: &OperationNews, parties: &Parties, to: &mut dyn FnMut(Departure<'_>)) {
        let Some(id) = self.links.find(key) else { return };
        let Entry { normal: Some(profile), live, .. } = self.links.at_mut(id) else { return };
        let departure = |what, days| Departure {
            what,
            link: news.link,
            parties: key,
            place: news.place,
            time: news.place.time,
            days,
            gap_bytes: 0,
            one_sided: false,
        };
        let (normal, normal_points) = match live {
            Some(live) => match live.operations.find(&news.name, profile).map(|place| live.operations.at(place)) {
                Some(known) => (known.normal(profile), known.normal_points(profile)),
                None => (None, None),
            },
            None => (profile.operations.get(&news.name), profile.points.get(&news.name)),
        };
        if let Some(normal) = normal {
            let thresholds = &self.profiles.thresholds;
            let kin = self.kin.of(key.initiator, (key.service.transport, key.service.port));
            if let (Some((first, extremes)), Some(normal)) = (&news.points, normal_points) {
                let seen = points::of_message(extremes);
                let what = points::unusual(seen, *first, &news.name, (normal, kin), thresholds);
                what.into_iter().for_each(|what| to(departure(what, normal.days)));
            }
            for (place, (now, range)) in news.ranges.iter().zip(&normal.ranges).enumerate() {
                let (Some(now), Some(range)) = (now, range) else { continue };
                let beside = beside(*range, *now, normal.count);
                let excess = Measure::Value.ratio(beside, 1000) / thresholds.factor(Measure::Value);
                let (value, edge) = beyond(*range, *now);
                if excess > 1.0 && !kin.has_value(&news.name, place, value) {
                    let (measure, operation) = (Measure::Value, Some(&*news.name));
                    to(departure(What::Beyond { measure, operation, now: value, normal: edge, excess }, normal.days));
                }
            }
            return;
        }
        if self.coverage.is_lossy && profile.operations.names().any(|known| tells_less(&news.name, known)) {
            return;
        }
        let Some(live) = live.as_mut().filter(|_| news.is_new) else { return };
        if !live.first_seen(&news.name) {
            return;
        }
        let mut circumstances = self.acquaintance.of_operation(key, &news.name);
        // A tab stands before each feature.
        for feature in 0..news.name.matches('\t').count() {
            let mut known = profile.operations.names();
            let is_like = known.any(|known| is_like_but_for(feature, &news.name, known));
            circumstances |= if is_like { circumstances::but_for(feature) } else { 0 };
        }
        let ids = [parties.id(key.initiator), parties.id(key.responder)];
        let novelty = &self.profiles.thresholds.novelty;
        let (facet, circumstances) = if is_opaque(&news.name) {
            (Facet::Shape, u16::from(shape(&profile.operations).unlikely()))
        } else {
            (Facet::Operation, circumstances)
        };
        let (surprise, rare) = novelty.surprise(facet, circumstances, &ids);
        if facet == Facet::Shape && !rare {
            return;
        }
        to(departure(What::Operation { name: &news.name, circumstances, surprise, rare }, profile.days));
    }
}
