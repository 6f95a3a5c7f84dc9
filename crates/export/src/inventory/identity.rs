//! What a device's own words say of its vendor, model, firmware, serial number and operating system, by the rules of
//! `identity.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use wardtap_behaviour::inventory::Happened;
use wardtap_dissect::clues::Clue;

use super::guess::Confidence;

/// The data file.
const DATA: &str = include_str!("identity.toml");

/// Where the numbers of enterprises are in the tree of objects (RFC 2578).
const ENTERPRISES: &str = "1.3.6.1.4.1.";

/// The words behind which a version stands in a description.
const VERSION: [&str; 4] = ["version", "firmware", "revision", "release"];

/// What separates the parts of a description, and is not part of them.
const SEPARATORS: [char; 5] = [' ', ',', ';', ':', '-'];

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    rule: Vec<Rule>,
    enterprises: BTreeMap<String, String>,
    bacnet: BTreeMap<String, String>,
    windows: BTreeMap<String, String>,
}

/// What a clue says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    of: Of,
    clue: String,
    #[serde(default)]
    begins: Vec<String>,
    #[serde(default)]
    contains: Vec<String>,
    #[serde(default)]
    is: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
    value: Option<String>,
    take: Option<Take>,
    #[serde(default)]
    mark: String,
    confidence: Confidence,
    #[cfg_attr(not(test), expect(dead_code, reason = "for reviewers of the file; a test demands it"))]
    source: String,
}

/// Of what a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Of {
    /// Who made it.
    Vendor,
    /// Which of its maker's products it is.
    Model,
    /// The version of its own software.
    Firmware,
    /// Which one of these.
    Serial,
    /// What kind of system runs on it.
    OperatingSystem,
}

impl Of {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Vendor, Self::Model, Self::Firmware, Self::Serial, Self::OperatingSystem];

    /// The name in files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::Model => "model",
            Self::Firmware => "firmware",
            Self::Serial => "serial",
            Self::OperatingSystem => "operating_system",
        }
    }
}

/// What is taken of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Take {
    All,
    Version,
    BeforeVersion,
    After,
    Product,
    ProductVersion,
    Enterprise,
    BacnetVendor,
}

/// The rules. The file is part of the program and read once; a test reads it too, so that it is right.
static RULES: LazyLock<Rules> =
    LazyLock::new(|| toml::from_str(DATA).unwrap_or_else(|error| panic!("identity.toml: {error}")));

/// Something that is said of a device.
pub(super) struct Fact {
    /// What is said.
    pub(super) value: String,
    /// Of an operating system, which version.
    pub(super) versions: Vec<String>,
    /// How sure it is.
    pub(super) confidence: Confidence,
    /// Something else is said, too.
    pub(super) is_disputed: bool,
    /// What says it.
    pub(super) said_by: Vec<SaidBy>,
}

/// A clue that says something of a device.
pub(super) struct SaidBy {
    /// Its kind.
    pub(super) kind: &'static str,
    /// Its words.
    pub(super) text: String,
    /// How often, and when first.
    pub(super) happened: Happened,
}

/// What is said of a device, the surest first.
pub(super) fn facts<'a>(says: impl Iterator<Item = (Clue, &'a str, Happened)>, of: Of) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for (clue, text, happened) in says {
        for rule in RULES.rule.iter().filter(|rule| rule.of == of && rule.clue == clue.name()) {
            let Some(value) = rule.says(text) else { continue };
            let said = SaidBy { kind: clue.name(), text: text.to_owned(), happened };
            let version = if of == Of::OperatingSystem { version_of_windows(text) } else { None };
            let known = facts.iter().position(|fact| fact.value == value);
            let place = known.unwrap_or(facts.len());
            if known.is_none() {
                facts.push(Fact { value, ..Fact::new(rule.confidence) });
            }
            let Some(fact) = facts.get_mut(place) else { continue };
            fact.confidence = fact.confidence.max(rule.confidence);
            if fact.said_by.iter().all(|known| (known.kind, known.text.as_str()) != (said.kind, text)) {
                fact.said_by.push(said);
            }
            fact.versions.extend(version.filter(|version| !fact.versions.contains(version)));
        }
    }
    dispute(&mut facts);
    facts.sort_by(|one, other| (other.confidence, &one.value).cmp(&(one.confidence, &other.value)));
    facts
}

/// True where two words for the same are not one: neither holds the other.
pub(super) fn differ(one: &str, other: &str) -> bool {
    let (one, other) = (plain(one), plain(other));
    !one.contains(&other) && !other.contains(&one)
}

/// What contradicts something else says so, and is less sure where that is as sure as itself.
fn dispute(facts: &mut [Fact]) {
    let all: Vec<(String, Confidence)> = facts.iter().map(|fact| (plain(&fact.value), fact.confidence)).collect();
    for (place, fact) in facts.iter_mut().enumerate() {
        let own = plain(&fact.value);
        let others = all.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, other)| other);
        let against = others.filter(|(other, _)| !other.contains(&own) && !own.contains(other.as_str()));
        if let Some(surest) = against.map(|(_, confidence)| *confidence).max() {
            fact.is_disputed = true;
            if surest >= fact.confidence {
                fact.confidence = fact.confidence.less();
            }
        }
    }
}

/// A value for comparison: "Johnson Controls, Inc." and "JOHNSON CONTROLS" are one.
fn plain(value: &str) -> String {
    value.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Fact {
    const fn new(confidence: Confidence) -> Self {
        Self { value: String::new(), versions: Vec::new(), confidence, is_disputed: false, said_by: Vec::new() }
    }
}

impl Rule {
    fn says(&self, text: &str) -> Option<String> {
        let any = |list: &[String], holds: &dyn Fn(&str) -> bool| list.iter().any(|of| holds(of));
        let holds = (self.begins.is_empty() || any(&self.begins, &|of| text.starts_with(of)))
            && (self.contains.is_empty() || any(&self.contains, &|of| text.contains(of)))
            && (self.is.is_empty() || any(&self.is, &|of| text == of))
            && !any(&self.unless, &|of| text.contains(of));
        if !holds {
            return None;
        }
        let said = match (&self.value, self.take) {
            (Some(value), _) => value,
            (None, Some(take)) => take.of(text, &self.mark)?,
            (None, None) => return None,
        };
        let said = said.trim_matches(SEPARATORS);
        (!said.is_empty()).then(|| said.to_owned())
    }
}

/// What one clue says of a device.
pub(crate) fn said(clue: Clue, text: &str, of: Of) -> Option<String> {
    let facts = facts(std::iter::once((clue, text, Happened::default())), of);
    let fact = facts.into_iter().next()?;
    Some(if fact.versions.is_empty() { fact.value } else { format!("{} ({})", fact.value, fact.versions.join(", ")) })
}

/// What a device says of itself, at least usually, and nothing that it says contradicts.
pub(crate) fn settled<'a>(says: impl Iterator<Item = (Clue, &'a str)>, of: Of) -> Option<String> {
    let facts = facts(says.map(|(clue, text)| (clue, text, Happened::default())), of);
    let rival = facts.get(1).map(|rival| rival.confidence);
    let surest = facts.into_iter().next().filter(|surest| surest.confidence > Confidence::Low)?;
    (!surest.is_disputed || rival != Some(surest.confidence)).then_some(surest.value)
}

impl Take {
    fn of<'a>(self, text: &'a str, mark: &str) -> Option<&'a str> {
        match self {
            Self::All => Some(text),
            Self::Version => version(text).map(|(_, version)| unbracketed(version)),
            Self::BeforeVersion => version(text).map(|(before, _)| before),
            Self::After => text.split_once(mark)?.1.split_whitespace().next(),
            Self::Product => product(text).map(|(name, _)| name),
            Self::ProductVersion => product(text).map(|(_, version)| version),
            Self::Enterprise => {
                let number = text.strip_prefix(ENTERPRISES).unwrap_or(text).split('.').next()?;
                RULES.enterprises.get(number).map(String::as_str)
            }
            Self::BacnetVendor => RULES.bacnet.get(text).map(String::as_str),
        }
    }
}

/// What stands before the word that announces a version, and the version: the next word, where it has a digit.
fn version(text: &str) -> Option<(&str, &str)> {
    let (mut at, mut announced) = (0, None);
    for word in text.split(' ') {
        if let Some(before) = announced
            && word.bytes().any(|byte| byte.is_ascii_digit())
        {
            return Some((text.get(..before)?, word));
        }
        let is_one =
            VERSION.iter().any(|known| known.eq_ignore_ascii_case(word.trim_matches(SEPARATORS).trim_matches('(')));
        announced = is_one.then_some(at);
        at += word.len() + 1;
    }
    None
}

/// A word without what closes a bracket that was opened before it.
fn unbracketed(word: &str) -> &str {
    if word.contains('(') { word } else { word.trim_end_matches(')') }
}

/// The last "product/version".
fn product(text: &str) -> Option<(&str, &str)> {
    text.split([' ', ',']).filter_map(|word| word.split_once('/')).rfind(|(name, _)| *name != "UPnP")
}

/// Which Windows has the build that ends a version in a text ("Windows NT 10.0.19045").
fn version_of_windows(text: &str) -> Option<String> {
    let builds = text.split(|letter: char| !letter.is_ascii_digit()).rev();
    let is_of_windows = text.contains("Windows");
    builds.filter(|_| is_of_windows).find_map(|build| RULES.windows.get(build)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_each_rule_says_one_thing_of_a_clue_that_there_is() {
        for rule in &RULES.rule {
            assert!(Clue::ALL.iter().any(|clue| clue.name() == rule.clue), "{}", rule.clue);
            assert!(rule.value.is_some() != rule.take.is_some() && !rule.source.is_empty(), "{rule:?}");
            assert_eq!(rule.take == Some(Take::After), !rule.mark.is_empty(), "{rule:?}");
            let is_any = rule.begins.is_empty() && rule.contains.is_empty() && rule.is.is_empty();
            assert!(!is_any || rule.take.is_some(), "whatever is said: {rule:?}");
        }
        for table in [&RULES.enterprises, &RULES.bacnet, &RULES.windows] {
            assert!(table.iter().all(|(number, name)| number.parse::<u32>().is_ok() && !name.is_empty()));
        }
        // Toolkits, and what runs on the devices of others, make nobody's device theirs.
        assert!(["8072", "311", "6876"].iter().all(|number| !RULES.enterprises.contains_key(*number)));
    }

    #[test]
    fn a_text_is_taken_apart_as_its_rule_says() {
        let gateway = "Invented Devices InfusionGateway 7, firmware 4.2.1";
        let cisco = "Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 15.0(2)SE, RELEASE";
        let upnp = "Linux/5.10 UPnP/1.1 InventedGateway/4.2.1";
        let card = "APC Web/SNMP Management Card (MB:v4.1.0 AF1:v6.5.0 MN:AP9631 HR:08 SN: ZA13430 MD:1)";
        for (take, text, mark, taken) in [
            (Take::BeforeVersion, gateway, "", Some("Invented Devices InfusionGateway 7, ")),
            (Take::Version, gateway, "", Some("4.2.1")),
            (Take::Version, cisco, "", Some("15.0(2)SE,")),
            (Take::Version, "Gateway (firmware 4.2)", "", Some("4.2")),
            (Take::Version, "firmware by Jane", "", None),
            (Take::Product, upnp, "", Some("InventedGateway")),
            (Take::ProductVersion, upnp, "", Some("4.2.1")),
            (Take::Product, "Linux UPnP/1.1", "", None),
            (Take::After, card, "MN:", Some("AP9631")),
            (Take::After, card, "SN:", Some("ZA13430")),
            (Take::Enterprise, "1.3.6.1.4.1.318.1.3.27", "", Some("APC")),
            (Take::Enterprise, "9", "", Some("Cisco")),
            (Take::Enterprise, "1.3.6.1.4.1.8072.3.2.10", "", None),
            (Take::Enterprise, "1.3.6.1.2.1.9", "", None),
            (Take::BacnetVendor, "5", "", Some("Johnson Controls")),
            (Take::BacnetVendor, "999", "", None),
        ] {
            assert_eq!(take.of(text, mark), taken, "{take:?} {text}");
        }
        assert_eq!(version_of_windows("Windows NT 6.1.7601").as_deref(), Some("Windows 7 or Server 2008 R2"));
        assert_eq!(version_of_windows("Thing 7601"), None);
        assert_eq!(version_of_windows("Windows NT 10.0.1"), None);
    }

    fn fact(value: &str, confidence: Confidence) -> Fact {
        Fact { value: value.to_owned(), ..Fact::new(confidence) }
    }

    #[test]
    fn what_contradicts_another_says_so_and_is_less_sure() {
        let of = |all: &[(&str, Confidence)]| {
            let mut facts: Vec<Fact> = all.iter().map(|(value, confidence)| fact(value, *confidence)).collect();
            dispute(&mut facts);
            facts.iter().map(|fact| (fact.confidence, fact.is_disputed)).collect::<Vec<_>>()
        };
        let (low, medium, high) = (Confidence::Low, Confidence::Medium, Confidence::High);
        assert_eq!(of(&[("Siemens AG", high), ("SIEMENS", low)]), [(high, false), (low, false)]);
        assert_eq!(of(&[("Windows", high), ("Linux", medium)]), [(high, true), (low, true)]);
        assert_eq!(of(&[("Windows", medium), ("Linux", medium)]), [(low, true), (low, true)]);
    }
}
