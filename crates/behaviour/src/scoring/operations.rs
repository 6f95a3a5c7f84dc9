//! Operations that a link has not shown before, and values beyond those it has shown.

use wardtap_net::packet::Timestamp;

use super::coverage::Less;
use super::kinship::Kinship;
use super::known::Ranges;
use super::limits::Normal;
use super::live::Live;
use super::table::{Entry, LinkId};
use super::{Departure, KNOWN_MAX, Scorer, What, points};
use crate::baseline::kin::KinOf;
use crate::baseline::measure::{Measure, beside, beyond};
use crate::baseline::novelty::{Facet, Novelty, circumstances, shape};
use crate::baseline::packed::PackedLink;
use crate::baseline::points::PointsProfile;
use crate::baseline::store::MINUTES_PER_HOUR;
use crate::device::Devices;
use crate::links::{
    OperationName, OperationNews, Use, by_initiator, differing_feature, is_answer, is_opaque, kind_of, protocol_of,
};
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
        let learned_days = self.profiles.days.len() as u32;
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
        let known = self.links.find(key).filter(|id| self.links.at(*id).normal.is_some());
        let Some(id) = known else {
            let reversed = PartyLink { initiator: key.responder, responder: key.initiator, ..key };
            let is_told = news.is_new && !news.refuses && !is_opaque(&news.name);
            if is_told && self.links.find_learned(reversed).is_none() {
                let service = (key.service.transport, key.service.port);
                let usual = self.kinship.kin.does(parties.id(key.initiator), service, &news.name);
                let offered = self.acquaintance.is_offered(key);
                to(departure(What::Foreign { name: &news.name, usual, offered }, learned_days));
            }
            return;
        };
        let Entry { normal: Some(profile), live, .. } = self.links.at_mut(id) else { return };
        let thresholds = &self.profiles.thresholds;
        let limits = Normal { thresholds, adapts: self.adaptation.is_some() };
        let unpacked;
        let values = match live {
            Some(live) => {
                let known = live.operations.find(&news.name, profile).map(|place| live.operations.at(place));
                known.filter(|known| known.is_normal()).map(|known| {
                    let seen = known.see(&news.name, profile, limits, &self.profiles);
                    let ranges = seen.ranges.as_deref().map(|(ranges, days)| (ranges, *days));
                    Values { count: seen.live.learned, ranges, points: seen.points.as_ref() }
                })
            }
            None => {
                unpacked = profile.unpack();
                let points = unpacked.points.get(&news.name);
                let normal = unpacked.operations.get(&news.name);
                normal.map(|of| Values { count: of.count, ranges: Some((&of.ranges, of.days)), points })
            }
        };
        if let Some(Values { count, ranges, points }) = values {
            let kin = || self.kinship.kin.of(parties.id(key.initiator), (key.service.transport, key.service.port));
            if let (Some((first, extremes)), Some(normal)) = (&news.points, points) {
                let seen = points::of_message(extremes);
                let what = points::unusual(seen, *first, &news.name, (normal, &kin), thresholds);
                what.into_iter().for_each(|what| to(departure(what, normal.days)));
            }
            let Some((ranges, days)) = ranges else { return };
            for (place, (now, range)) in news.ranges.iter().zip(ranges).enumerate() {
                let (Some(now), Some(range)) = (now, range) else { continue };
                let beside = beside(*range, *now, count);
                let excess = Measure::Value.ratio(beside, 1000) / thresholds.factor(Measure::Value);
                let (value, edge) = beyond(*range, *now);
                if excess > 1.0 && !kin().has_value(&news.name, place, value) {
                    let (measure, operation) = (Measure::Value, Some(&*news.name));
                    to(departure(
                        What::Beyond { measure, operation, now: value, normal: edge, excess, is_sent: false },
                        days,
                    ));
                }
            }
            return;
        }
        let Some(live) = live.as_mut().filter(|_| news.is_new && !news.refuses) else { return };
        if !live.is_new_operation(&news.name) {
            return;
        }
        // What a service answers others is nothing new for one more of them.
        if self.kinship.kin.answers(parties.id(key.responder), (key.service.transport, key.service.port), &news.name) {
            live.first_seen(&news.name);
            return;
        }
        let kin = self.kinship.kin.of(parties.id(key.initiator), (key.service.transport, key.service.port));
        let ids = [parties.id(key.initiator), parties.id(key.responder)];
        let anew = Anew { profile, names: live.operations.names(profile), kin, ids };
        let minute = u32::try_from(news.place.time.seconds() / 60).unwrap_or(u32::MAX);
        let known = (&*self.kinship, &self.profiles.thresholds.novelty, self.coverage.unheard(minute));
        if let Some(what) = anew.first_seen(&news.name, live, known) {
            to(departure(what, profile.own().days));
        }
    }

    /// Takes answers that a link has not shown before, and that refuse: any request may be refused now and then, which is
    /// told once they are as many in an hour as is not by chance.
    pub(super) fn refused_anew(
        &mut self,
        id: LinkId,
        minute: u32,
        used: &Use,
        parties: &Parties,
        to: &mut dyn FnMut(Departure<'_>),
    ) {
        let Entry { key, normal: Some(profile), live: Some(live), .. } = self.links.at_mut(id) else { return };
        for operation in used.operations.iter().filter(|operation| operation.refused > 0) {
            if live.operations.find(&operation.name, profile).is_some() {
                continue;
            }
            if live.refused_anew(minute / MINUTES_PER_HOUR, operation.refused) < REFUSED_ANEW_MIN {
                continue;
            }
            if !live.is_new_operation(&operation.name) {
                continue;
            }
            let kin = self.kinship.kin.of(parties.id(key.initiator), (key.service.transport, key.service.port));
            let ids = [parties.id(key.initiator), parties.id(key.responder)];
            let anew = Anew { profile, names: live.operations.names(profile), kin, ids };
            let known = (&*self.kinship, &self.profiles.thresholds.novelty, self.coverage.unheard(minute));
            if let Some(what) = anew.first_seen(&operation.name, live, known) {
                to(Departure {
                    what,
                    link: used.link,
                    parties: *key,
                    place: used.place,
                    time: Timestamp::from_seconds(used.minute * 60),
                    days: profile.own().days,
                    gap_bytes: 0,
                    one_sided: false,
                });
            }
        }
    }
}

/// The values of an operation that are normal.
struct Values<'a> {
    /// Messages that showed them.
    count: u64,
    /// Those of features, and on how many days they were learned.
    ranges: Option<(&'a Ranges, u32)>,
    points: Option<&'a PointsProfile>,
}

/// So many answers of an hour that refuse as none did before are no chance.
const REFUSED_ANEW_MIN: u64 = 3;

/// Who has listened for fewer days may have had nothing to say.
const LISTENED_DAYS_MIN: u32 = 5;

/// A conversation of which fewer operations are known was cut for want of room, and not since it does ever more.
const CUT_MIN: usize = 64;

/// A known link on which something may be new.
struct Anew<'a> {
    profile: &'a PackedLink,
    /// What the profile holds, in the order of names.
    names: Vec<&'a str>,
    kin: KinOf<'a>,
    ids: [&'a str; 2],
}

impl<'a> Anew<'a> {
    /// What is to be told of an operation that the link's profile does not hold, the first time that it is seen.
    fn first_seen(
        &self,
        name: &'a OperationName,
        live: &mut Live,
        (kinship, novelty, unheard): (&Kinship, &Novelty, Option<Less>),
    ) -> Option<What<'a>> {
        let ids = self.ids;
        if unheard.is_some_and(|less| self.names.iter().any(|known| less(name, known))) {
            return None;
        }
        live.first_seen(name);
        if self.kin.has_operation(name) || self.is_among_untold(name) {
            return None;
        }
        if self.is_first_word(name) {
            let (surprise, rare) = novelty.surprise(Facet::Operation, 0, &ids);
            return Some(What::FirstWord { name, surprise, rare });
        }
        let (facet, circumstances) = if is_opaque(name) {
            (Facet::Shape, u16::from(shape(&self.profile.unpack().operations).unlikely()))
        } else {
            (Facet::Operation, self.circumstances(name, kinship))
        };
        let (surprise, rare) = novelty.surprise(facet, circumstances, &ids);
        if facet == Facet::Shape && !rare {
            return None;
        }
        let of_protocol = |known: &&str| protocol_of(known) == protocol_of(name) && !is_opaque(name);
        let known = self.names.iter().copied().filter(of_protocol).take(KNOWN_MAX).collect();
        Some(What::Operation { name, circumstances, surprise, rare, known })
    }

    /// Whether it is a payload of an end that has listened on all days, while the other one spoke.
    fn is_first_word(&self, name: &str) -> bool {
        let mut payloads = self.names.iter().filter(|known| is_opaque(known)).peekable();
        is_opaque(name)
            && payloads.peek().is_some()
            && payloads.all(|known| by_initiator(known) != by_initiator(name))
            && self.profile.own().days >= LISTENED_DAYS_MIN
    }

    /// Whether it may have been there while learning: there were more operations than were told apart, and some of this kind.
    fn is_among_untold(&self, name: &str) -> bool {
        let is_of_kind = |known: &&str| kind_of(known) == kind_of(name) && is_answer(known) == is_answer(name);
        self.names.len() >= CUT_MIN && self.profile.own().is_cut && self.names.iter().any(is_of_kind)
    }

    /// Who knows the operation, and what is known of it but for one feature.
    fn circumstances(&self, name: &str, kinship: &Kinship) -> u16 {
        let mut circumstances = kinship.of_operation(self.ids, name);
        for feature in self.names.iter().filter_map(|known| differing_feature(name, known)) {
            circumstances |= circumstances::but_for(feature);
        }
        circumstances
    }
}
