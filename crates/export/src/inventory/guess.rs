//! What a device shows of its class, by the signs of `signs.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use wardtap_behaviour::class::Class;
use wardtap_behaviour::device::DeviceId;
use wardtap_behaviour::inventory::{Act, Doing, End, Happened, Services, Worked};
use wardtap_net::address::Address;

use super::IMPLEMENTATION;
use super::company::{All, Company};

/// The data file.
const DATA: &str = include_str!("signs.toml");

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signs {
    name: Vec<NameSign>,
    sign: Vec<Sign>,
}

/// What a device calls itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NameSign {
    what: String,
    #[serde(flatten)]
    said: Said,
}

/// Messages of a kind, at one end of them.
#[derive(Debug, Deserialize)]
struct Said {
    end: EndName,
    message: String,
    #[serde(default)]
    answer: bool,
    #[serde(default)]
    feature: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum EndName {
    Requester,
    Responder,
}

/// What shows that a device is of a class.
#[derive(Debug, Deserialize)]
struct Sign {
    class: String,
    weight: u32,
    says: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "for reviewers of the file; a test demands it"))]
    source: String,
    #[serde(flatten)]
    said: Option<Said>,
    #[serde(default)]
    all: Vec<Said>,
    #[serde(default)]
    vendor: Vec<String>,
    #[serde(default)]
    hours: Option<Hours>,
    #[serde(default)]
    named: Vec<String>,
    #[serde(default)]
    clue: Option<String>,
    #[serde(default)]
    begins: Vec<String>,
    #[serde(default)]
    offers: Vec<String>,
    #[serde(default)]
    uses: Vec<String>,
    #[serde(default)]
    serves: Vec<String>,
    #[serde(default)]
    asks: Vec<String>,
    #[serde(default = "one")]
    peers: usize,
}

const fn one() -> usize {
    1
}

/// When a device works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Hours {
    /// By day, as those do who are switched off in the evening.
    Day,
    /// By night as much as by day.
    Always,
}

/// Minutes that a device was heard in, for its hours to say something.
const HEARD_MIN: u64 = 60;

/// One minute of so many is by night, at most, of a device that works by day; and it works in one minute of so many nights'.
const BY_DAY: u64 = 12;

/// One minute of so many is by night, at least, of a device that works always: a third of a day is.
const BY_NIGHT: u64 = 5;

/// Minutes on end that theatres' lists hardly last for: who works for longer, and into the night, works always.
const ON_END: u64 = 12 * 60;

/// Minutes after which who works always would have worked so long on end.
const WELL_HEARD: u64 = 15 * 60;

impl Hours {
    /// When a device works, where it was heard long enough, and somebody through nights.
    fn of(doing: &Doing, site: Worked) -> Option<Self> {
        let Worked { night, all, longest, .. } = doing.worked;
        // Of a capture without nights nothing can be told.
        if all < HEARD_MIN || site.night.saturating_mul(BY_NIGHT) < site.all {
            return None;
        }
        match night.saturating_mul(BY_DAY) {
            of_day if of_day <= all && of_day <= site.night => Some(Self::Day),
            _ if longest >= ON_END || night.saturating_mul(BY_NIGHT) >= all => Some(Self::Always),
            // Theatres' lists by day, and an emergency.
            _ if all >= WELL_HEARD => Some(Self::Day),
            _ => None,
        }
    }
}

/// The signs. The file is part of the program and read once; a test reads it too, so that it is right.
static SIGNS: LazyLock<Signs> =
    LazyLock::new(|| toml::from_str(DATA).unwrap_or_else(|error| panic!("signs.toml: {error}")));

/// How sure a conclusion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Confidence {
    /// One weak sign, or several classes are shown alike.
    Low,
    /// Something speaks for another class, or it is the maker of a network card alone.
    Medium,
    /// What it does shows it, and nothing else comes near.
    High,
}

impl Confidence {
    /// One step less.
    #[must_use]
    pub(super) const fn less(self) -> Self {
        match self {
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }

    /// The name in files.
    #[must_use]
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The weight of signs from which on a class is sure, where no other has half of it.
const SURE: u32 = 4;

/// The weight of a sign for another class that keeps whom it uses from showing what a device is.
const UNLIKELY: u32 = 2;

/// The weight of a device's kin, and what it shows.
const KIN: u32 = 3;
const KIN_SAYS: &str =
    "talks with the same host as others of this class in the same way, with a network card of the same maker";
const TWINS_SAYS: &str =
    "asks for its address in the same words as others of this class, with a network card of the same maker";

/// The weight of those that use the same service, whoever made them, and what it shows.
const FELLOWS: u32 = 2;
const FELLOWS_SAYS: &str = "uses a service that devices of this class use, and nobody else";

/// What a device is taken for.
pub(super) struct Guess {
    /// The class.
    pub(super) class: Class,
    /// How sure that is.
    pub(super) confidence: Confidence,
    /// What shows it.
    pub(super) shown_by: Vec<Shown>,
    /// What speaks for other classes.
    pub(super) against: Vec<Shown>,
}

/// A sign that a device shows.
#[derive(Clone)]
pub(super) struct Shown {
    /// For which class it speaks.
    pub(super) class: Class,
    /// How much.
    pub(super) weight: u32,
    /// What it does, behind "This device".
    pub(super) says: &'static str,
    /// The messages that show it, where messages do.
    pub(super) happened: Option<Happened>,
}

/// What a device calls itself: what kind of name, the name, and how often it was said.
pub(super) fn names(doing: &Doing) -> Vec<(&'static str, String, Happened)> {
    let mut all: BTreeMap<(&'static str, String), Happened> = BTreeMap::new();
    for NameSign { what, said } in &SIGNS.name {
        let Some(feature) = &said.feature else { continue };
        for act in said.acts(doing) {
            for (value, happened) in
                act.values(feature).filter(|(value, _)| !value.is_empty() && !value.starts_with('('))
            {
                let known = all.entry((what, value.to_owned())).or_insert(Happened { count: 0, ..happened });
                known.count = known.count.saturating_add(happened.count);
                if happened.first.time < known.first.time {
                    known.first = happened.first;
                }
            }
        }
    }
    all.into_iter().map(|((what, value), happened)| (what, value, happened)).collect()
}

/// What each device is taken for: by what it does, by who made its network card, and by its company.
pub(super) fn classes(
    all: &All,
    site: Worked,
    known: impl Fn(DeviceId) -> Option<Class>,
    at: &dyn Fn(Address) -> Option<DeviceId>,
) -> BTreeMap<DeviceId, Guess> {
    let company = Company::new(all, at);
    let mut shown: BTreeMap<DeviceId, Vec<Shown>> =
        all.iter().map(|(device, (doing, vendor))| (*device, alone(doing, *vendor, site))).collect();
    // Whom it serves is told by what those show; whom it uses by that; who does the same by both.
    let taken = taken(&shown, &known, Confidence::Medium);
    add(&mut shown, |device, _| {
        let of = |sign: &&Sign| !sign.serves.is_empty() && company.served(device, &sign.serves, &taken) >= sign.peers;
        SIGNS.sign.iter().filter(of).filter_map(|sign| sign.shown(None)).collect()
    });
    let taken = self::taken(&shown, &known, Confidence::Medium);
    add(&mut shown, |device, shown| {
        let of = |sign: &&Sign| {
            let other = shown.iter().any(|other| other.class.name() != sign.class && other.weight >= UNLIKELY);
            !sign.asks.is_empty() && !other && company.asking(device, &sign.asks, &taken) >= sign.peers
        };
        SIGNS.sign.iter().filter(of).filter_map(|sign| sign.shown(None)).collect()
    });
    let sure = self::taken(&shown, &known, Confidence::High);
    add(&mut shown, |device, _| {
        if sure.contains_key(&device) {
            return Vec::new();
        }
        let kin = company.kin(device, &sure).map(|class| (class, KIN_SAYS));
        let kin = kin.or_else(|| Some((company.twins(device, &sure)?, TWINS_SAYS)));
        kin.map(|(class, says)| Shown { class, weight: KIN, says, happened: None }).into_iter().collect()
    });
    let taken = self::taken(&shown, &known, Confidence::Medium);
    add(&mut shown, |device, _| {
        let class = if taken.contains_key(&device) { None } else { company.fellows(device, &taken) };
        class.map(|class| Shown { class, weight: FELLOWS, says: FELLOWS_SAYS, happened: None }).into_iter().collect()
    });
    shown.into_iter().filter_map(|(device, shown)| Some((device, guess(&shown)?))).collect()
}

/// What a device is taken for by what it says and who made its network card, where nothing more is known of it.
pub(super) fn by_itself(doing: &Doing, vendor: Option<&str>, site: Worked) -> Option<Guess> {
    guess(&alone(doing, vendor, site))
}

/// Signs that each device shows besides those that it was seen to show.
fn add(shown: &mut BTreeMap<DeviceId, Vec<Shown>>, more: impl Fn(DeviceId, &[Shown]) -> Vec<Shown>) {
    for (device, shown) in shown {
        let more = more(*device, shown);
        shown.extend(more);
    }
}

/// What devices are taken for so far, where that is at least so sure; what the site knows is.
fn taken(
    shown: &BTreeMap<DeviceId, Vec<Shown>>,
    known: &impl Fn(DeviceId) -> Option<Class>,
    least: Confidence,
) -> BTreeMap<DeviceId, Class> {
    let guessed = |shown: &[Shown]| guess(shown).filter(|guess| guess.confidence >= least).map(|guess| guess.class);
    shown.iter().filter_map(|(device, shown)| Some((*device, known(*device).or_else(|| guessed(shown))?))).collect()
}

/// The signs that a device shows by itself.
fn alone(doing: &Doing, vendor: Option<&str>, site: Worked) -> Vec<Shown> {
    let (names, hours) = (names(doing), Hours::of(doing, site));
    SIGNS.sign.iter().filter_map(|sign| sign.of(doing, vendor, &names, hours)).collect()
}

/// The class of which most is shown.
fn guess(shown: &[Shown]) -> Option<Guess> {
    let mut weights: BTreeMap<Class, u32> = BTreeMap::new();
    for sign in shown {
        *weights.entry(sign.class).or_default() += sign.weight;
    }
    let (&class, &best) = weights.iter().max_by_key(|(class, weight)| (**weight, std::cmp::Reverse(**class)))?;
    let next = weights.iter().filter(|(other, _)| **other != class).map(|(_, weight)| *weight).max().unwrap_or(0);
    let does_it = shown.iter().any(|sign| sign.class == class && sign.weight >= SURE);
    let confidence = match best {
        _ if best == next => Confidence::Low,
        SURE.. if does_it && next * 2 <= best => Confidence::High,
        3.. => Confidence::Medium,
        _ => Confidence::Low,
    };
    let (shown_by, against) = shown.iter().cloned().partition(|sign| sign.class == class);
    Some(Guess { class, confidence, shown_by, against })
}

impl Said {
    fn end(&self) -> End {
        match self.end {
            EndName::Requester => End::Requester,
            EndName::Responder => End::Responder,
        }
    }

    /// The messages that are meant. A kind that ends in a space is any of that protocol.
    fn acts<'a>(&'a self, doing: &'a Doing) -> impl Iterator<Item = &'a Act> {
        let is_it = move |kind: &str| self.message.ends_with(' ') || kind == self.message;
        doing
            .acts
            .of(self.end(), &self.message)
            .filter(move |(kind, is_answer, _)| *is_answer == self.answer && is_it(kind))
            .map(|(_, _, act)| act)
    }

    /// How often such messages were seen; None where never.
    fn happened(&self, doing: &Doing) -> Option<Happened> {
        let all = self.acts(doing).flat_map(|act| {
            let values = self.feature.iter().flat_map(|feature| act.values(feature));
            let values =
                values.filter(|(value, _)| self.values.iter().any(|of| of == value)).map(|(_, happened)| happened);
            let whole = self.values.is_empty().then_some(act.happened);
            values.chain(whole).collect::<Vec<_>>()
        });
        together(all)
    }
}

/// All of it as one: how often, and when first.
pub(super) fn together(all: impl IntoIterator<Item = Happened>) -> Option<Happened> {
    all.into_iter().reduce(|one, other| Happened {
        count: one.count.saturating_add(other.count),
        first: if other.first.time < one.first.time { other.first } else { one.first },
    })
}

impl Sign {
    /// The sign, where a device shows it by itself.
    fn of(
        &'static self,
        doing: &Doing,
        vendor: Option<&str>,
        names: &[(&str, String, Happened)],
        hours: Option<Hours>,
    ) -> Option<Shown> {
        if self.hours.is_some() && self.hours != hours {
            return None;
        }
        if !self.named.is_empty() {
            let is_one = |name: &str| self.named.iter().any(|word| has_word(name, word));
            let named = names.iter().filter(|(what, name, _)| *what != IMPLEMENTATION && is_one(name));
            return self.shown(Some(together(named.map(|(.., happened)| *happened))?));
        }
        if let Some(said) = &self.said {
            return self.shown(Some(said.happened(doing)?));
        }
        if !self.all.is_empty() {
            let all: Option<Vec<Happened>> = self.all.iter().map(|said| said.happened(doing)).collect();
            return self.shown(Some(all?.into_iter().reduce(|one, _| one)?));
        }
        if let Some(kind) = &self.clue {
            let says = doing.says.iter().filter(|(clue, ..)| clue.name() == kind);
            let mut says =
                says.filter(|(_, text, _)| self.begins.iter().any(|begins| text.starts_with(begins.as_str())));
            return self.shown(Some(says.next()?.2));
        }
        let at = |services: &Services, names: &[String]| {
            let is_one = |name: &String| names.contains(name);
            let named = services.iter().filter(|(service, _)| is_one(&service.to_string()));
            named.map(|(_, used)| used.inside.len() + used.outside.len()).max() >= Some(self.peers)
        };
        let is_shown = vendor
            .is_some_and(|vendor| self.vendor.iter().any(|begins| vendor.starts_with(begins.as_str())))
            || !self.offers.is_empty() && at(&doing.offers, &self.offers)
            || !self.uses.is_empty() && at(&doing.uses, &self.uses);
        if is_shown { self.shown(None) } else { None }
    }

    fn shown(&'static self, happened: Option<Happened>) -> Option<Shown> {
        Some(Shown { class: self.class.parse().ok()?, weight: self.weight, says: &self.says, happened })
    }
}

/// True where one of a name's words is this one, with or without a number behind it: `COBAS`, `COBAS_2` and `LAB-COBAS8000` are.
fn has_word(name: &str, word: &str) -> bool {
    name.split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(|part| part.trim_end_matches(|letter: char| letter.is_ascii_digit()).eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use wardtap_dissect::clues::Clue;

    use super::*;

    #[test]
    fn the_file_is_read_and_each_sign_has_one_condition_a_class_and_a_source() {
        for sign in &SIGNS.sign {
            let Sign {
                class, says, source, said, all, vendor, clue, begins, offers, uses, serves, asks, named, ..
            } = sign;
            assert!(class.parse::<Class>().is_ok(), "{class}");
            assert!(!says.is_empty() && !source.is_empty(), "{class} {says}");
            let lists = [
                all.len(),
                vendor.len(),
                begins.len(),
                offers.len(),
                uses.len(),
                serves.len(),
                asks.len(),
                named.len(),
            ];
            let is_known = |kind: &String| Clue::ALL.iter().any(|clue| clue.name() == kind);
            assert!(clue.as_ref().is_none_or(is_known) && clue.is_some() != begins.is_empty(), "{clue:?}");
            let conditions = usize::from(said.is_some()) + lists.iter().filter(|length| **length > 0).count();
            assert_eq!(conditions, 1, "{class}: {says}");
            assert!(serves.iter().chain(asks).all(|class| class.parse::<Class>().is_ok()), "{serves:?} {asks:?}");
        }
    }

    fn shown(class: Class, weight: u32) -> Shown {
        Shown { class, weight, says: "is", happened: None }
    }

    #[test]
    fn a_class_is_sure_only_where_it_does_what_others_do_not() {
        let of = |shown: &[Shown]| guess(shown).map(|guess| (guess.class, guess.confidence));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[shown(Class::Ct, 4)]), Some((Class::Ct, Confidence::High)));
        // A maker alone; two that speak alike; many weak signs.
        assert_eq!(of(&[shown(Class::Pc, 3)]), Some((Class::Pc, Confidence::Medium)));
        assert_eq!(of(&[shown(Class::Pc, 2)]), Some((Class::Pc, Confidence::Low)));
        assert_eq!(of(&[shown(Class::Ct, 4), shown(Class::Mr, 4)]).unwrap().1, Confidence::Low);
        assert_eq!(of(&[shown(Class::Ct, 4), shown(Class::Pc, 3)]).unwrap().1, Confidence::Medium);
        assert_eq!(of(&[shown(Class::Server, 3), shown(Class::Server, 3)]).unwrap().1, Confidence::Medium);
    }

    #[test]
    fn hours_are_told_by_nights_and_by_work_on_end() {
        let worked = |night, all, longest| {
            let mut worked = Worked::default();
            (worked.night, worked.all, worked.longest) = (night, all, longest);
            worked
        };
        let of = |worked: Worked, site: Worked| {
            let mut doing = Doing::default();
            doing.worked = worked;
            Hours::of(&doing, site)
        };
        let a_day = worked(480, 1440, 1440);
        // A theatre's list, a long one, and two days with an emergency in the night.
        assert_eq!(of(worked(5, 686, 686), a_day), Some(Hours::Day));
        assert_eq!(of(worked(5, 777, 777), a_day), Some(Hours::Day));
        assert_eq!(of(worked(143, 1096, 500), worked(960, 2880, 2880)), Some(Hours::Day));
        // From one morning into the night; through a night.
        assert_eq!(of(worked(60, 795, 795), a_day), Some(Hours::Always));
        assert_eq!(of(worked(300, 900, 600), a_day), Some(Hours::Always));
        // Too short, between both, and where nobody was heard by night.
        assert_eq!(of(worked(0, 59, 59), a_day), None);
        assert_eq!(of(worked(60, 504, 504), a_day), None);
        assert_eq!(of(worked(0, 700, 700), worked(100, 700, 700)), None);
    }
}
