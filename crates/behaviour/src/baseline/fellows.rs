//! How much is normal where a link is hardly known: as much as others do with the same service of the same responder.
//!
//! What was the most of two days says next to nothing about the days to come: a scanner that came the day before yesterday
//! sends as much as the one beside it once it is in use. Until a link was there for a week, it may do what those do that
//! were.

use std::collections::BTreeMap;

use super::profile::{LinkProfile, OperationProfile, Top};
use super::store::LinkKey;
use super::trust::DAYS_MIN;
use crate::links::{is_opaque, kind_of};
use crate::parties::ANYBODY;

type Service<'a> = (&'a str, u8, u16);

/// The most that those who are known well do with each service.
#[derive(Default)]
pub struct Fellows<'a> {
    services: BTreeMap<Service<'a>, Quantities>,
}

/// The most of all of them.
#[derive(Default)]
struct Quantities {
    link: LinkProfile,
    /// By the kind of operation and who sends it.
    operations: BTreeMap<(String, u8), OperationProfile>,
}

fn service(key: &LinkKey) -> Service<'_> {
    (&key.responder, key.transport, key.port)
}

impl<'a> Fellows<'a> {
    /// Of links.
    pub fn of<'b>(links: impl Iterator<Item = (&'a LinkKey, &'b LinkProfile)>) -> Self {
        let mut services: BTreeMap<Service<'a>, Quantities> = BTreeMap::new();
        for (key, profile) in links.filter(|(key, profile)| key.initiator != ANYBODY && profile.days >= DAYS_MIN) {
            let most = services.entry(service(key)).or_default();
            widen_link(&mut most.link, profile);
            for (name, operation) in profile.operations.iter().filter(|(name, _)| !is_opaque(name)) {
                let kind = (kind_of(name).to_owned(), operation.from);
                widen_operation(most.operations.entry(kind).or_default(), operation);
            }
        }
        Self { services }
    }

    /// Widens what is normal on a link that is hardly known.
    pub fn widen(&self, key: &LinkKey, profile: &mut LinkProfile) {
        if key.initiator == ANYBODY || profile.days >= DAYS_MIN {
            return;
        }
        let Some(most) = self.services.get(&service(key)) else { return };
        widen_link(profile, &most.link);
        for (name, operation) in profile.operations.iter_mut() {
            if let Some(most) = most.operations.get(&(kind_of(name).to_owned(), operation.from)) {
                widen_operation(operation, most);
            }
        }
    }
}

fn widen_link(own: &mut LinkProfile, most: &LinkProfile) {
    for place in 0..2 {
        widen(&mut own.minute_bytes[place], most.minute_bytes[place]);
        widen(&mut own.hour_bytes[place], most.hour_bytes[place]);
        widen(&mut own.day_bytes[place], most.day_bytes[place]);
    }
    widen(&mut own.minute_opened, most.minute_opened);
    widen(&mut own.hour_opened, most.hour_opened);
}

fn widen_operation(own: &mut OperationProfile, most: &OperationProfile) {
    widen(&mut own.minute_count, most.minute_count);
    widen(&mut own.hour_count, most.hour_count);
    own.by_hour.widen(&most.by_hour);
    widen(&mut own.day_count, most.day_count);
    widen(&mut own.largest, most.largest);
}

/// The one of which more is normal.
const fn widen(own: &mut Top, most: Top) {
    if most.next() > own.next() {
        *own = most;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(initiator: &str) -> LinkKey {
        LinkKey { initiator: initiator.to_owned(), responder: "archive".to_owned(), transport: 6, port: 104 }
    }

    /// A link of so many days on which two of them had so many octets.
    fn link(days: u32, bytes: u64, operation: &str) -> LinkProfile {
        let top = Top { max: bytes, second: bytes };
        let of = OperationProfile { day_count: top, ..OperationProfile::default() };
        let operations = [(operation, of)].into_iter().collect();
        LinkProfile { days, day_bytes: [top; 2], operations, ..LinkProfile::default() }
    }

    #[test]
    fn who_is_hardly_known_may_do_what_its_fellows_do() {
        let (old, other, lately) = (key("old"), key("other"), key("lately"));
        let known = [
            (&old, link(14, 500, "dicom c-store-rq\tcalling_ae=OLD")),
            (&other, link(7, 700, "dicom c-store-rq\tcalling_ae=OTHER")),
            (&lately, link(6, 9000, "dicom c-store-rq\tcalling_ae=LATELY")),
        ];
        let fellows = Fellows::of(known.iter().map(|(key, link)| (*key, link)));
        let mut new = link(2, 10, "dicom c-store-rq\tcalling_ae=NEW");
        fellows.widen(&key("new"), &mut new);
        assert_eq!(new.day_bytes[0].max, 700, "the most of those that are known well");
        assert_eq!(new.operations["dicom c-store-rq\tcalling_ae=NEW"].day_count.max, 700, "in another name");
        assert_eq!(new.days, 2, "it is as little known as before");

        let mut own = link(2, 800, "dicom c-find-rq\tcalling_ae=NEW");
        fellows.widen(&key("new"), &mut own);
        assert_eq!(own.day_bytes[0].max, 800, "its own is more");
        assert_eq!(own.operations["dicom c-find-rq\tcalling_ae=NEW"].day_count.max, 800, "nobody else does that");
        let mut known = link(7, 10, "dicom c-store-rq\tcalling_ae=NEW");
        fellows.widen(&key("new"), &mut known);
        assert_eq!(known.day_bytes[0].max, 10, "it is known itself");
        let mut elsewhere = link(2, 10, "dicom c-store-rq\tcalling_ae=NEW");
        fellows.widen(&LinkKey { port: 105, ..key("new") }, &mut elsewhere);
        assert_eq!(elsewhere.day_bytes[0].max, 10, "another service");
    }
}
