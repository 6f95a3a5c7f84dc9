//! Alerts: one deviation, its repeats folded into it.
//!
//! An alert is told when it is raised, again when its severity rises or its count reaches a power of ten, and once
//! more when it has been quiet for an hour of capture time or the capture ends. What comes back within a day is the same
//! alert, told again.

use std::borrow::Cow;
use std::fmt;

use hashbrown::HashMap;
use sha2::{Digest, Sha256};
use wardtap_net::address::Address;
use wardtap_net::flow::FlowIdentity;
use wardtap_net::hexadecimal::hexadecimal;
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

use crate::attack::{TECHNIQUES_MAX, Technique};
use crate::baseline::change::{Change, add_change};
use crate::detection::About;
use crate::observation::Place;
use crate::scoring::{Blind, Blindness, Judged};
use crate::sensor::Trouble;
use crate::suppression::Why;

/// The sensor, where it is at risk itself: 0.0.0.0, "this host on this network" (RFC 6890 section 2.2.2, table 1).
pub const SENSOR: Address = Address::v4(0);

/// How long an alert must be quiet to be over.
const QUIET_NANOS: u64 = 3600 * NANOS_PER_SECOND;

/// What comes back so soon after it was last seen is no new alert: one cause shows every morning, or with each study.
pub const RETURN_NANOS: u64 = 24 * QUIET_NANOS;

/// So long after it was first seen it is one all the same: who looks at alerts once a week sees each that still goes on.
const LIFE_NANOS: u64 = 7 * RETURN_NANOS;

/// Frames kept as evidence: the first half of these, and the latest.
pub const EVIDENCE_MAX: usize = 32;

/// The most alerts that are open at once; the one quiet longest is closed for a new one.
pub const OPEN_MAX: usize = 4096;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look when there is time.
    Low,
    /// To be looked into within days.
    Medium,
    /// To be looked into today.
    High,
    /// To be looked into now.
    Critical,
}

impl Severity {
    /// Least to worst.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name in events and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where an alert is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Just raised.
    New,
    /// Told again: it has become worse or more.
    Update,
    /// Quiet.
    Closed,
}

impl State {
    /// The name in events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Update => "update",
            Self::Closed => "closed",
        }
    }
}

/// What a detection says when it fires; repeats of the same (detection, device, peer, subject) are folded.
#[derive(Clone, Debug)]
pub struct Deviation {
    /// Which detection.
    pub about: &'static About,
    /// Techniques, where those of the detection are not what it looks like.
    pub attack: Option<&'static [Technique]>,
    /// The device at risk.
    pub device: Address,
    /// Who did it, where somebody did.
    pub peer: Option<Address>,
    /// What tells deviations of one detection between two devices apart.
    pub subject: Cow<'static, str>,
    /// How bad.
    pub severity: Severity,
    /// 0 to 100.
    pub score: u8,
    /// One sentence that a nurse manager understands.
    pub explanation: String,
    /// What would be normal.
    pub expected: String,
    /// What was seen.
    pub observed: String,
    /// How much what is normal rests on: days; 0 without a baseline.
    pub observations: u64,
    /// How many things were seen since the last time this was raised.
    pub count: u64,
    /// The frames that show it.
    pub evidence: Vec<Place>,
    /// When it was first seen.
    pub first: Timestamp,
    /// When it was last seen.
    pub last: Timestamp,
    /// On which flow, where it is one.
    pub flow: Option<FlowIdentity>,
    /// SHA-256 of the frame that decided it, where one did.
    pub sha256: Option<[u8; 32]>,
    /// Bytes missing from what the judgement rests on.
    pub gap_bytes: u64,
    /// Only one end of the conversation was heard.
    pub one_sided: bool,
}

impl Deviation {
    /// What it may stand for, the likeliest first.
    #[must_use]
    pub fn techniques(&self) -> &'static [Technique] {
        self.attack.unwrap_or(self.about.attack)
    }

    /// What one place shows of a device, and of who did it; the rest is left as it is where nothing is known.
    pub fn new(
        about: &'static About,
        (device, peer): (Address, Option<Address>),
        subject: impl Into<Cow<'static, str>>,
        place: Place,
        judged: Judged,
    ) -> Self {
        let Judged { severity, score, explanation, expected, observed } = judged;
        Self {
            about,
            attack: None,
            device,
            peer,
            subject: subject.into(),
            severity,
            score,
            explanation,
            expected,
            observed,
            observations: 0,
            count: 1,
            evidence: Some(place).filter(|place| place.frame.number() > 0).into_iter().collect(),
            first: place.time,
            last: place.time,
            flow: None,
            sha256: None,
            gap_bytes: 0,
            one_sided: false,
        }
    }

    /// One of the sensor itself: the device at risk is [`SENSOR`].
    #[must_use]
    pub fn of_feed(about: &'static About, blindness: &Blindness, judged: Judged) -> Self {
        let &Blindness { how, first, last, place, days } = blindness;
        Self {
            observations: days.into(),
            first,
            last,
            gap_bytes: if let Blind::Lossy { octets, .. } = how { octets } else { 0 },
            one_sided: matches!(how, Blind::OneSided { .. }),
            ..Self::new(about, (SENSOR, None), "", place, judged)
        }
    }

    /// One of the live sensor itself, which no packet shows.
    #[must_use]
    pub fn of_sensor(about: &'static About, trouble: &Trouble, judged: Judged) -> Self {
        let place = Place { time: trouble.last, ..Place::default() };
        Self { first: trouble.first, ..Self::new(about, (SENSOR, None), "", place, judged) }
    }
}

/// An alert as it stands.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Stable: of detection, device, peer, subject and the time of the first observation.
    pub id: String,
    /// Counts the times it was told.
    pub revision: u32,
    /// Where it is in its life.
    pub state: State,
    /// What it says: the latest words, the whole count, first to last.
    pub deviation: Deviation,
    /// Frames that show it, at most [`EVIDENCE_MAX`]: the first and the latest.
    pub evidence: Vec<Place>,
    /// How many frames showed it.
    pub frames_total: u64,
    /// The id of the incident that it belongs to; one of severity `info` belongs to none.
    pub incident: Option<String>,
    /// Somebody does not want to see it: it lives on untold.
    suppressed: bool,
    /// What of it the baseline does not hold, for what a baseline was asked about; at most
    /// [`crate::baseline::change::CHANGES_MAX`].
    pub changes: Vec<Change>,
    told_count: u64,
    /// What it stood for before it became worse.
    before: &'static [Technique],
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    detection: &'static str,
    device: Address,
    peer: Option<Address>,
    subject: Cow<'static, str>,
}

/// The open alerts, and those that are over and may come back: these are [`State::Closed`].
pub struct Alerts {
    max: usize,
    evicted: u64,
    places: HashMap<Key, usize, foldhash::fast::RandomState>,
    list: Vec<(Key, Alert)>,
    raised: Vec<(&'static About, [u64; 5])>,
    suppressed: Vec<(&'static About, Why, u64)>,
}

impl Default for Alerts {
    fn default() -> Self {
        Self::new(OPEN_MAX)
    }
}

impl Alerts {
    /// None yet; at most so many at once, and never more than [`OPEN_MAX`].
    #[must_use]
    pub fn new(max: usize) -> Self {
        let (list, raised, suppressed) = (Vec::new(), Vec::new(), Vec::new());
        Self { max: max.clamp(1, OPEN_MAX), evicted: 0, places: HashMap::default(), list, raised, suppressed }
    }

    /// Alerts closed before their time, for want of room.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Takes a deviation for which no baseline is needed; gives back the alert when it is to be told now.
    pub fn raise(&mut self, deviation: Deviation) -> Vec<Alert> {
        self.take(deviation, None, None)
    }

    /// Takes a deviation from a baseline, and what of it that does not hold.
    pub fn departed(&mut self, deviation: Deviation, change: Change) -> Vec<Alert> {
        self.take(deviation, Some(change), None)
    }

    /// Takes a deviation that somebody does not want to see: the alert is counted as suppressed, and told, as a new one,
    /// when the same is raised without suppression. One that was told before is folded as ever.
    pub fn suppress(&mut self, deviation: Deviation, change: Option<Change>, why: Why) -> Vec<Alert> {
        self.take(deviation, change, Some(why))
    }

    fn take(&mut self, deviation: Deviation, change: Option<Change>, why: Option<Why>) -> Vec<Alert> {
        let key = Key {
            detection: deviation.about.name,
            device: deviation.device,
            peer: deviation.peer,
            subject: deviation.subject.clone(),
        };
        if let Some(&place) = self.places.get(&key)
            && let Some((_, alert)) = self.list.get_mut(place)
        {
            if alert.state == State::Closed {
                if why.is_none() && alert.may_come_back(deviation.last) {
                    return vec![alert.come_back(deviation, change)];
                }
                self.forget(place);
            } else if !alert.suppressed {
                return alert.fold(deviation, change).into_iter().collect();
            } else {
                alert.fold_untold(deviation, change);
                if why.is_some() {
                    return Vec::new();
                }
                alert.suppressed = false;
                let alert = alert.clone();
                self.count(&alert.deviation);
                return vec![alert];
            }
        }
        let mut told = Vec::new();
        if self.list.len() >= self.max {
            let oldest = (0..self.list.len()).min_by_key(|&place| self.list[place].1.deviation.last).unwrap_or(0);
            if let Some((_, mut alert)) = self.forget(oldest).filter(|(_, alert)| alert.state != State::Closed) {
                self.evicted += 1;
                alert.close();
                told.extend((!alert.suppressed).then_some(alert));
            }
        }
        match why {
            Some(why) => self.count_suppressed(deviation.about, why),
            None => self.count(&deviation),
        }
        let suppressed = why.is_some();
        let alert = Alert { suppressed, ..Alert::new(deviation, change) };
        if !suppressed {
            told.push(alert.clone());
        }
        self.places.insert(key.clone(), self.list.len());
        self.list.push((key, alert));
        told
    }

    /// True while an alert of this detection is open that somebody did.
    #[must_use]
    pub fn is_open_by(&self, detection: &'static str, peer: Address) -> bool {
        self.list
            .iter()
            .any(|(key, alert)| key.detection == detection && key.peer == Some(peer) && alert.state != State::Closed)
    }

    /// True while an alert of this detection between these devices is open.
    #[must_use]
    pub fn is_open(
        &self,
        detection: &'static str,
        device: Address,
        peer: Option<Address>,
        subject: impl Into<Cow<'static, str>>,
    ) -> bool {
        let place = self.places.get(&Key { detection, device, peer, subject: subject.into() });
        place.and_then(|&place| self.list.get(place)).is_some_and(|(_, alert)| alert.state != State::Closed)
    }

    /// Closes the alerts that have been quiet for an hour at `now`, in the order in which they were raised.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Alert> {
        let mut place = 0;
        while let Some((_, alert)) = self.list.get(place) {
            if alert.state == State::Closed && !alert.may_come_back(now) {
                self.forget(place);
            } else {
                place += 1;
            }
        }
        self.close_where(|alert| now.since(alert.deviation.last) >= QUIET_NANOS)
    }

    /// Closes all.
    pub fn finish(&mut self) -> Vec<Alert> {
        self.close_where(|_| true)
    }

    /// How many alerts of each detection and severity were raised.
    #[must_use]
    pub fn raised(&self) -> &[(&'static About, [u64; 5])] {
        &self.raised
    }

    /// How many alerts of each detection were suppressed, and why.
    #[must_use]
    pub fn suppressed(&self) -> &[(&'static About, Why, u64)] {
        &self.suppressed
    }

    fn count_suppressed(&mut self, of: &'static About, why: Why) {
        match self.suppressed.iter_mut().find(|(about, known, _)| about.name == of.name && *known == why) {
            Some((.., count)) => *count += 1,
            None => self.suppressed.push((of, why, 1)),
        }
    }

    fn count(&mut self, deviation: &Deviation) {
        let place = self.raised.iter().position(|(about, _)| about.name == deviation.about.name);
        let place = place.unwrap_or_else(|| {
            self.raised.push((deviation.about, [0; 5]));
            self.raised.len() - 1
        });
        self.raised[place].1[deviation.severity as usize] += 1;
    }

    /// Closes some of those that are open; gives back those that somebody wants to see. The others do not come back either.
    fn close_where(&mut self, over: impl Fn(&Alert) -> bool) -> Vec<Alert> {
        let mut told = Vec::new();
        let mut place = 0;
        while let Some((_, alert)) = self.list.get_mut(place) {
            if alert.state == State::Closed || !over(alert) {
                place += 1;
            } else if alert.suppressed {
                self.forget(place);
            } else {
                alert.close();
                told.push(alert.clone());
                place += 1;
            }
        }
        told
    }

    /// Takes one out.
    fn forget(&mut self, place: usize) -> Option<(Key, Alert)> {
        let (key, alert) = (place < self.list.len()).then(|| self.list.remove(place))?;
        self.places.remove(&key);
        for other in self.places.values_mut() {
            if *other > place {
                *other -= 1;
            }
        }
        Some((key, alert))
    }
}

impl Alert {
    fn new(mut deviation: Deviation, change: Option<Change>) -> Self {
        let evidence = std::mem::take(&mut deviation.evidence);
        let mut alert = Self {
            id: identify(&deviation),
            revision: 1,
            state: State::New,
            frames_total: 0,
            incident: None,
            suppressed: false,
            changes: change.into_iter().collect(),
            told_count: deviation.count,
            before: &[],
            deviation,
            evidence: Vec::new(),
        };
        alert.add_evidence(evidence);
        alert
    }

    /// What it may stand for, at most [`TECHNIQUES_MAX`], the likeliest first: of what made it worse and of what was there before
    /// in turn.
    #[must_use]
    pub fn techniques(&self) -> Vec<Technique> {
        let now = self.deviation.techniques();
        let most = now.len().max(self.before.len());
        let mut all: Vec<Technique> = Vec::new();
        for named in (0..most).flat_map(|place| [now.get(place), self.before.get(place)]).flatten() {
            if all.len() < TECHNIQUES_MAX && !all.contains(named) {
                all.push(*named);
            }
        }
        all
    }

    /// Folds a repeat in; the alert as it is to be told, where it is.
    fn fold(&mut self, mut repeat: Deviation, change: Option<Change>) -> Option<Self> {
        if let Some(change) = change {
            add_change(&mut self.changes, change);
        }
        let evidence = std::mem::take(&mut repeat.evidence);
        self.add_evidence(evidence);
        let worse = repeat.severity > self.deviation.severity;
        // What it stands for is what the worst of it does, the first of equals; unless that says nothing of its own.
        if !worse || repeat.attack.is_none() {
            repeat.attack = self.deviation.attack;
        } else {
            self.before = self.deviation.techniques();
        }
        repeat.count = repeat.count.saturating_add(self.deviation.count);
        repeat.first = self.deviation.first;
        repeat.last = repeat.last.max(self.deviation.last);
        repeat.severity = repeat.severity.max(self.deviation.severity);
        repeat.score = repeat.score.max(self.deviation.score);
        repeat.sha256 = self.deviation.sha256;
        repeat.flow = self.deviation.flow;
        self.deviation = repeat;
        let more = power_of_ten(self.deviation.count) > power_of_ten(self.told_count);
        if !(worse || more) {
            return None;
        }
        self.told_count = self.deviation.count;
        self.state = State::Update;
        self.revision += 1;
        Some(self.clone())
    }

    const fn close(&mut self) {
        self.state = State::Closed;
        self.revision += 1;
    }

    /// True while what it is about is no new alert, should it be seen again.
    fn may_come_back(&self, now: Timestamp) -> bool {
        now.since(self.deviation.last) < RETURN_NANOS && now.since(self.deviation.first) < LIFE_NANOS
    }

    /// Folds in what came back once it was over; the alert as it is to be told.
    fn come_back(&mut self, repeat: Deviation, change: Option<Change>) -> Self {
        let revision = self.revision + 1;
        self.fold(repeat, change);
        (self.revision, self.state, self.told_count) = (revision, State::Update, self.deviation.count);
        self.clone()
    }

    /// Folds a repeat in without anybody being told: it stays as new as it is.
    fn fold_untold(&mut self, repeat: Deviation, change: Option<Change>) {
        let (revision, state) = (self.revision, self.state);
        self.fold(repeat, change);
        (self.revision, self.state) = (revision, state);
        self.told_count = self.deviation.count;
    }

    fn add_evidence(&mut self, places: Vec<Place>) {
        for place in places {
            // A repeat may show a frame again that is here already, the first one above all.
            if self.evidence.contains(&place) {
                continue;
            }
            self.frames_total += 1;
            if self.evidence.len() >= EVIDENCE_MAX {
                self.evidence.remove(EVIDENCE_MAX / 2);
            }
            self.evidence.push(place);
        }
    }
}

/// 0 below 10, 1 below 100, ...
fn power_of_ten(count: u64) -> u32 {
    count.checked_ilog10().unwrap_or(0)
}

fn identify(deviation: &Deviation) -> String {
    let peer = deviation.peer.map(|peer| peer.to_string()).unwrap_or_default();
    let text = format!(
        "{}\n{}\n{peer}\n{}\n{}",
        deviation.about.name,
        deviation.device,
        deviation.subject,
        deviation.first.nanos()
    );
    id(&text)
}

/// 16 hexadecimal digits of a SHA-256.
pub(crate) fn id(text: &str) -> String {
    hexadecimal(&Sha256::digest(text)).chars().take(16).collect()
}
