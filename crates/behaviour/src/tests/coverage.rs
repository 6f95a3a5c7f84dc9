//! Silences, the sensor's own blindness, announced work and devices out of service: from what links do to alerts.

use wardtap_net::flow::Volume;

use super::*;
use crate::alert::{Alert, SENSOR, State};
use crate::assets::{Asset, Assets, Status, Window};
use crate::baseline::approval::Accepted;
use crate::baseline::calibrate::profiles;
use crate::baseline::learner::Learner;
use crate::baseline::profile::{LinkProfile, Top};
use crate::baseline::store::LinkKey;
use crate::baseline::watched::Watched;
use crate::judge::{Behaviour, Judge, Verdict};
use crate::links::{Link, LinkSlot, Links, Opened, Service};
use crate::observation::Observation;
use crate::parties::Parties;
use crate::scoring::{ADAPT_DAILY, ADAPT_MOST, Adaptation, Adapted, Scorer};
use crate::sensor::{Hindrance, Trouble, Unwritten};
use crate::site::Site;
use crate::suppression::Why;

const DAY: u64 = 24 * 60;
/// A Monday.
const FIRST: u64 = 20_458 * DAY;
const LEARNED_DAYS: u64 = 4;
/// The minute in which scoring begins.
const START: u64 = FIRST + LEARNED_DAYS * DAY;
const DEVICES: u32 = 8;

fn device(number: u32) -> Address {
    Address::v4(0x0a00_0100 + number)
}

/// The server that a device asks.
fn server(number: u32) -> Address {
    Address::v4(0x0a00_0200 + number)
}

/// Both.
fn gone(number: u32) -> [(&'static str, Address); 2] {
    [("silence", device(number)), ("silence", server(number))]
}

/// What a device and its server do in a minute.
#[derive(Clone, Copy)]
struct Minute {
    /// Octets that the device asks with, and the server answers with.
    bytes: [u64; 2],
    /// The server's octets that are missing.
    missing: u64,
    /// The device acknowledges what nobody hears.
    unheard: bool,
}

const AS_EVER: Minute = Minute { bytes: [30_000, 60_000], missing: 0, unheard: false };
const NOTHING: Minute = Minute { bytes: [0, 0], ..AS_EVER };

/// Devices that each ask a server of its own once a minute, so that none depends on another.
struct Ward {
    links: Links,
    slots: Vec<LinkSlot>,
    judge: Judge,
    raised: Vec<Alert>,
}

impl Ward {
    fn new(behaviour: Behaviour, assets: Assets) -> Self {
        let mut links = Links::new(HashKey(1, 2), room(64));
        let mut judge = Judge::default().informed(assets, Vec::new());
        judge.with_behaviour(behaviour);
        let service = Service { transport: 6, port: 104 };
        let slots = (0..DEVICES).map(|number| {
            let link = Link { initiator: device(number), responder: server(number), service };
            links.open(link, Place::default()).expect("there is room").0
        });
        let slots = slots.collect();
        let mut ward = Self { links, slots, judge, raised: Vec::new() };
        for address in (0..DEVICES).flat_map(|number| [device(number), server(number)]) {
            ward.observe(&Observation::Heard { address, vlan: None, place: place(1, NANOS_PER_SECOND) });
        }
        ward
    }

    /// One that compares with what was learned.
    fn scoring(assets: Assets, adaptation: Option<Adaptation>) -> Self {
        let mut learning =
            Self::new(Behaviour::new(Parties::new(Site::default()), None, Some(Learner::default())), Assets::default());
        for minute in FIRST..START {
            learning.minute(minute, &|_| AS_EVER);
        }
        let behaviour = learning.judge.behaviour().take().expect("it learns");
        let store = behaviour.learner.expect("it learns").into_store(&behaviour.parties, learning.judge.devices());
        let mut parties = Parties::new(Site::default());
        let scorer = Scorer::new(profiles(&store, &Watched::default(), &Site::default(), 5.0), &mut parties)
            .adapting(adaptation);
        Self::new(Behaviour::new(parties, Some(scorer), None), assets)
    }

    fn observe(&mut self, observation: &Observation) {
        let raised = &mut self.raised;
        self.judge.observe(observation, &mut |verdict| keep(raised, verdict));
    }

    /// A minute passes in which devices do something; the sensor's clock ticks when something is heard.
    fn minute(&mut self, minute: u64, does: &dyn Fn(u32) -> Minute) {
        self.links.hand_over(minute, |_| {});
        for (number, slot) in (0..).zip(&self.slots) {
            let Minute { bytes, missing, unheard } = does(number);
            if bytes != [0, 0] {
                let volume = |bytes: u64| Volume { packets: u32::from(bytes > 0).into(), bytes };
                self.links.sent(*slot, bytes.map(volume));
            }
            if missing > 0 {
                self.links.gap(*slot, 1, missing);
            }
            if unheard {
                self.links.unheard(*slot, 1);
            }
        }
        let mut told = Vec::new();
        self.links.hand_over(minute + 1, |used| told.push(used));
        if told.is_empty() {
            return;
        }
        for used in told {
            self.observe(&Observation::Used(Box::new(used)));
        }
        let raised = &mut self.raised;
        let now = Timestamp::from_seconds((minute + 1) * 60);
        self.judge.tick(now, &mut |verdict| keep(raised, verdict));
    }

    fn minutes(&mut self, minutes: std::ops::Range<u64>, does: impl Fn(u32) -> Minute) {
        minutes.for_each(|minute| self.minute(START + minute, &does));
    }

    /// The detections of the alerts so far, and the devices at risk.
    fn alerts(&self) -> Vec<(&'static str, Address)> {
        self.raised.iter().map(|alert| (alert.deviation.about.name, alert.deviation.device)).collect()
    }
}

fn keep(raised: &mut Vec<Alert>, verdict: Verdict) {
    match verdict {
        Verdict::Alert(alert) if alert.state == State::New => raised.push(*alert),
        Verdict::Alert(_) | Verdict::Device(_) | Verdict::Incident(_) => {}
    }
}

/// As ever, but for the devices below a number.
fn but_first(count: u32, other: Minute) -> impl Fn(u32) -> Minute {
    move |number| if number < count { other } else { AS_EVER }
}

#[test]
fn a_device_that_is_gone_is_told_once_and_stays_open() {
    let mut ward = Ward::scoring(Assets::default(), None);
    ward.minutes(0..60, |_| AS_EVER);
    assert_eq!(ward.alerts(), []);
    ward.minutes(60..600, but_first(1, NOTHING));
    assert_eq!(ward.alerts(), gone(0));
    ward.minutes(600..720, |_| AS_EVER);
    ward.minutes(720..800, but_first(1, NOTHING));
    assert_eq!(ward.alerts(), gone(0), "silent anew, and the same alerts");
    ward.minutes(800..2400, |_| AS_EVER);
    ward.minutes(2400..2480, but_first(1, NOTHING));
    assert_eq!(ward.alerts().len(), 4, "on another day");
}

#[test]
fn a_feed_that_is_gone_is_told_once_and_nobody_is_silent() {
    let mut ward = Ward::scoring(Assets::default(), None);
    ward.minutes(0..60, |_| AS_EVER);
    ward.minutes(60..130, |_| NOTHING);
    // They come back one after the other.
    for number in 0..DEVICES {
        let back = u64::from(number) * 3;
        ward.minutes(130 + back..133 + back, |other| if other <= number { AS_EVER } else { NOTHING });
    }
    ward.minutes(154..300, |_| AS_EVER);
    assert_eq!(ward.alerts(), [("feed-lost", SENSOR)]);
    let deviation = &ward.raised[0].deviation;
    assert_eq!(deviation.first, Timestamp::from_seconds((START + 59) * 60), "since it was last heard");
    assert!(deviation.observed.contains("71 minutes"), "{}", deviation.observed);
}

#[test]
fn time_in_which_nobody_watched_is_nobodys_silence() {
    let mut ward = Ward::scoring(Assets::default(), None);
    ward.minutes(0..60, |_| AS_EVER);
    // The clock is set forward by two hours, and by one.
    for (from, to) in [(60, 180), (210, 270)] {
        let at = |minute: u64| Timestamp::from_seconds((START + minute) * 60);
        ward.judge.unwatched(at(from), at(to));
        let raised = &mut ward.raised;
        ward.judge.tick(at(to), &mut |verdict| keep(raised, verdict));
        ward.minutes(to..to + 30, |_| AS_EVER);
    }
    assert_eq!(ward.alerts(), []);
    // Who is gone from then on is.
    ward.minutes(300..380, but_first(1, NOTHING));
    assert_eq!(ward.alerts(), gone(0));
}

#[test]
fn most_devices_silent_at_once_are_the_sensor() {
    let mut ward = Ward::scoring(Assets::default(), None);
    ward.minutes(0..60, |_| AS_EVER);
    ward.minutes(60..200, but_first(6, NOTHING));
    ward.minutes(200..300, |_| AS_EVER);
    assert_eq!(ward.alerts(), [("feed-lost", SENSOR)]);
}

#[test]
fn what_is_acknowledged_and_not_heard_is_not_silent() {
    let unheard = Minute { bytes: [30_000, 0], missing: 0, unheard: true };
    let mut ward = Ward::scoring(Assets::default(), None);
    ward.minutes(0..60, |_| AS_EVER);
    ward.minutes(60..400, but_first(2, unheard));
    assert_eq!(ward.alerts(), [], "two may take another way");
    ward.minutes(400..700, but_first(3, unheard));
    assert_eq!(ward.alerts(), [("feed-one-sided", SENSOR)]);
    assert!(ward.raised[0].deviation.one_sided);
    let mut ward = Ward::scoring(Assets::default(), None);
    ward.minutes(0..60, |_| AS_EVER);
    ward.minutes(60..400, but_first(2, Minute { unheard: false, ..unheard }));
    assert_eq!(ward.alerts(), [("silence", server(0)), ("silence", server(1))], "nobody acknowledges anything");
}

#[test]
fn missing_octets_are_told_once_and_silences_take_longer() {
    let lossy = Minute { missing: 2000, ..AS_EVER };
    let silent_for = |does: Minute| {
        let mut ward = Ward::scoring(Assets::default(), None);
        ward.minutes(0..60, |_| does);
        ward.minutes(60..600, |number| if number == 0 { NOTHING } else { does });
        ward
    };
    let (clear, lossy) = (silent_for(AS_EVER), silent_for(lossy));
    assert_eq!(clear.alerts(), gone(0));
    assert_eq!(lossy.alerts(), [&[("feed-lossy", SENSOR)], &gone(0)[..]].concat());
    let begun = |ward: &Ward| ward.raised.last().expect("it was told").deviation.first.seconds();
    assert!(begun(&lossy) - begun(&clear) >= 30 * 60, "{} {}", begun(&lossy), begun(&clear));
}

/// The first device and its server, as one entry.
fn both(asset: Asset) -> Assets {
    let mut assets = Assets::default();
    assets.add(Asset { addresses: vec![device(0), server(0)], ..asset }).expect("it is the first");
    assets
}

#[test]
fn a_silence_in_announced_work_is_counted_and_told_if_it_lasts() {
    let at = |minute: u64| Timestamp::from_seconds((START + minute) * 60);
    let ward = |until: u64, silent: std::ops::Range<u64>| {
        let window = Window { from: at(50), to: at(until) };
        let mut ward = Ward::scoring(both(Asset { maintenance: vec![window], ..Asset::default() }), None);
        ward.minutes(0..silent.start, |_| AS_EVER);
        let end = silent.end;
        ward.minutes(silent, but_first(1, NOTHING));
        ward.minutes(end..end + 60, |_| AS_EVER);
        ward
    };
    let over = ward(200, 60..190);
    assert_eq!(over.alerts(), []);
    let counted = |ward: &Ward| {
        let suppressed = ward.judge.alerts().suppressed().iter();
        suppressed.map(|(about, why, count)| (about.name, *why, *count)).collect::<Vec<_>>()
    };
    assert_eq!(counted(&over), [("silence", Why::Maintenance, 2)]);
    let lasting = ward(200, 60..300);
    assert_eq!(lasting.alerts(), gone(0));
    let last = lasting.raised[0].deviation.last;
    assert!(last >= at(200) && last <= at(231), "within half an hour after the window: {last}");
    let other = ward(70, 100..300);
    assert_eq!((other.alerts(), counted(&other)), (gone(0).to_vec(), vec![]));
}

#[test]
fn a_device_that_is_not_in_service_is_told_when_it_is_heard_and_not_when_it_is_silent() {
    for (status, severity) in [(Status::Workshop, "low"), (Status::OnLoan, "low"), (Status::Retired, "medium")] {
        let mut ward = Ward::scoring(both(Asset { status, ..Asset::default() }), None);
        assert_eq!(ward.alerts(), [("out-of-service", device(0)), ("out-of-service", server(0))]);
        assert_eq!(ward.raised[0].deviation.severity.name(), severity);
        ward.minutes(0..60, |_| AS_EVER);
        ward.minutes(60..300, but_first(1, NOTHING));
        assert_eq!(ward.alerts().len(), 2);
        assert_eq!(ward.judge.alerts().suppressed()[0].1, Why::OutOfService);
    }
    let ward = Ward::scoring(both(Asset::default()), None);
    assert_eq!(ward.alerts(), [], "in service");
}

/// A link's octets grow by so much a day: for how many days untold, and how many times as much as ever it has reached by then.
fn poisoned(daily: f64, days: u64, adaptation: Option<Adaptation>) -> (u64, f64) {
    let mut ward = Ward::scoring(Assets::default(), adaptation);
    for day in 0..days {
        let times = daily.powi(i32::try_from(day).unwrap());
        let grown = Minute { bytes: AS_EVER.bytes.map(|bytes| (bytes as f64 * times) as u64), ..AS_EVER };
        // An hour a day says all: what is compared is the most in a minute and in an hour.
        ward.minutes(day * DAY..day * DAY + 60, but_first(1, grown));
        if ward.alerts().iter().any(|(detection, _)| *detection == "unusual-volume") {
            return (day, times);
        }
    }
    (days, daily.powi(i32::try_from(days).unwrap()))
}

#[test]
fn who_poisons_slowly_reaches_the_stated_factor_and_no_more() {
    let (frozen_day, frozen) = poisoned(1.05, 60, None);
    let (day, adapted) = poisoned(1.05, 60, Some(Adaptation::default()));
    assert!(day > frozen_day && day < 60, "{frozen_day} {day}");
    assert!(adapted > frozen * 1.5 && adapted <= frozen * ADAPT_MOST * 1.05, "{frozen} {adapted}");
    // Ten times as slowly is told at the same.
    let (day, slow) = poisoned(1.005, 600, Some(Adaptation::default()));
    assert!(day < 600 && slow <= frozen * ADAPT_MOST * 1.05, "{day} {slow}");
    // Faster than it adapts is told as if it did not.
    let (_, fast) = poisoned(1.3, 60, Some(Adaptation::default()));
    assert!(fast <= frozen * 1.3 * ADAPT_DAILY.powi(6), "{fast}");
}

#[test]
fn growth_that_is_slow_enough_is_not_told_while_adapting() {
    // To thrice as much within a year.
    let (days, _) = poisoned(1.003, 200, Some(Adaptation::default()));
    assert_eq!(days, 200);
}

/// The server of the first device is sent more than is normal.
const VOLUME: (&str, Address) = ("unusual-volume", Address::v4(0x0a00_0200));

/// Octets of a device grow by a 25th a day, over a restart after 24 days.
fn grown_over_a_restart(keeps: impl Fn(&mut Ward) -> Vec<Adapted>) -> Vec<(&'static str, Address)> {
    let mut ward = Ward::scoring(Assets::default(), Some(Adaptation::default()));
    let grown = |day: u64| {
        let times = 1.04_f64.powi(i32::try_from(day).unwrap());
        Minute { bytes: AS_EVER.bytes.map(|bytes| (bytes as f64 * times) as u64), ..AS_EVER }
    };
    for day in 0..24 {
        ward.minutes(day * DAY..day * DAY + 60, but_first(1, grown(day)));
    }
    assert!(!ward.alerts().contains(&VOLUME), "slowly enough");
    let kept = keeps(&mut ward);
    let mut ward = Ward::scoring(Assets::default(), Some(Adaptation::default()));
    let Behaviour { parties, scorer, .. } = ward.judge.behaviour().as_deref_mut().unwrap();
    scorer.as_mut().unwrap().adapted_before(kept, parties);
    for day in 24..28 {
        ward.minutes(day * DAY..day * DAY + 60, but_first(1, grown(day)));
    }
    ward.alerts()
}

#[test]
fn what_is_normal_stays_as_wide_over_a_restart_when_it_is_kept() {
    let kept = grown_over_a_restart(|ward| {
        let Behaviour { parties, scorer, .. } = ward.judge.behaviour().as_deref().unwrap();
        let scorer = scorer.as_ref().unwrap();
        let kept = scorer.adapted(parties);
        assert_eq!((kept.len(), kept[0].link.responder.as_str()), (1, "ip:10.0.2.0"));
        assert!(scorer.widened() > 0 && kept[0].quantities.iter().any(|quantity| quantity.normal > 1.1));
        kept
    });
    assert!(!kept.contains(&VOLUME), "{kept:?}");
    let forgotten = grown_over_a_restart(|_| Vec::new());
    assert!(forgotten.contains(&VOLUME), "{forgotten:?}");
    // What somebody has put there is no wider than it may be.
    let forged = grown_over_a_restart(|ward| {
        let Behaviour { parties, scorer, .. } = ward.judge.behaviour().as_deref().unwrap();
        let mut kept = scorer.as_ref().unwrap().adapted(parties);
        kept[0].quantities.iter_mut().for_each(|quantity| quantity.normal = f64::INFINITY);
        kept
    });
    assert!(forged.contains(&VOLUME), "no more than was approved: {forged:?}");
}

#[test]
fn what_is_approved_while_comparing_is_normal_from_there_on() {
    let other = Link { initiator: device(0), responder: server(1), service: Service { transport: 6, port: 104 } };
    let much = Minute { bytes: AS_EVER.bytes.map(|bytes| bytes * 50), ..AS_EVER };
    let key = |responder: u32| LinkKey {
        initiator: "ip:10.0.1.0".to_owned(),
        responder: format!("ip:10.0.2.{responder}"),
        transport: 6,
        port: 104,
    };
    let told = |accepted: &Accepted| {
        let mut ward = Ward::scoring(Assets::default(), None);
        ward.minutes(0..60, |_| AS_EVER);
        let Behaviour { parties, scorer, .. } = ward.judge.behaviour().as_deref_mut().unwrap();
        scorer.as_mut().unwrap().accept(accepted, parties);
        let opened = Opened { link: other, place: place(9, (START + 60) * 60 * NANOS_PER_SECOND), either_way: false };
        ward.observe(&Observation::Opened(Box::new(opened)));
        ward.minutes(60..120, but_first(1, much));
        ward.minutes(120..180, but_first(2, much));
        ward.alerts()
    };
    let volume = ("unusual-volume", server(0));
    let neighbour = ("unusual-volume", server(1));
    let conversation = ("new-conversation", server(1));
    let nothing = told(&Accepted::default());
    assert!([volume, neighbour, conversation].iter().all(|alert| nothing.contains(alert)), "{nothing:?}");
    let any = [Top { max: u64::MAX, second: u64::MAX }; 2];
    let wide = LinkProfile { minute_bytes: any, hour_bytes: any, day_bytes: any, ..LinkProfile::default() };
    let mut accepted = Accepted::default();
    accepted.links.insert(key(0), wide);
    let volume_only = told(&accepted);
    assert!(!volume_only.contains(&volume), "{volume_only:?}");
    assert!([neighbour, conversation].iter().all(|alert| volume_only.contains(alert)), "{volume_only:?}");
    accepted.unmeasured.insert((key(1), None));
    let both = told(&accepted);
    assert!(both.contains(&neighbour) && !both.contains(&volume) && !both.contains(&conversation), "{both:?}");
}

#[test]
fn what_keeps_the_sensor_from_its_work_is_one_alert_each_and_nothing_that_is_learned() {
    let mut ward =
        Ward::new(Behaviour::new(Parties::new(Site::default()), None, Some(Learner::default())), Assets::default());
    let at = |second: u64| Timestamp::from_seconds(START * 60 + second);
    for second in 0..50 {
        for what in [
            Hindrance::Overload { lost: 7, read: 100 },
            Hindrance::Unwritten { what: Unwritten::State },
            Hindrance::Unwritten { what: Unwritten::Events },
        ] {
            let raised = &mut ward.raised;
            let trouble = Trouble { what, first: at(second), last: at(second + 1) };
            ward.judge.sensor(&trouble, &mut |verdict| keep(raised, verdict));
        }
    }
    assert_eq!(ward.alerts(), [("sensor-overloaded", SENSOR), ("sensor-cannot-write", SENSOR)]);
    let behaviour = ward.judge.behaviour().as_ref().expect("it learns");
    assert_eq!(behaviour.learner.as_ref().expect("it learns").kept_out().count(), 0, "the sensor is no device");
}
