//! What an alert means for care: the texts of `clinical.toml`, joined with what the assets file says of the device.
//!
//! Safety first: that a device can be disconnected, and what to do without it, comes from the assets file alone.

use std::sync::LazyLock;

use serde::Deserialize;
use wardtap_behaviour::assets::{Asset, Isolation};
use wardtap_behaviour::class::Class;
use wardtap_behaviour::detection::About;
use wardtap_behaviour::device::Device;
use wardtap_dissect::PROTOCOLS;

use crate::event::{Clinical, roles};

/// The data file.
const DATA: &str = include_str!("clinical.toml");

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    isolation: Sentences,
    class: Vec<ClassText>,
}

/// What may be done, in a sentence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sentences {
    never_while_in_use: String,
    ask: String,
    safe: String,
}

/// What a class means for care.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassText {
    name: String,
    title: String,
    /// Protocols: who answers requests of one is of this class, unless the assets file says otherwise.
    #[serde(default)]
    answers: Vec<String>,
    impact: String,
    response: String,
    isolation: String,
    /// What the texts rest on.
    #[cfg_attr(not(test), expect(dead_code, reason = "for reviewers of the file; a test demands it"))]
    source: String,
}

/// The texts. The file is part of the program and read once; a test reads it too, so that it is right.
static TEXTS: LazyLock<Texts> =
    LazyLock::new(|| toml::from_str(DATA).unwrap_or_else(|error| panic!("clinical.toml: {error}")));

impl Texts {
    fn of(&self, class: Class) -> Option<&ClassText> {
        self.class.iter().find(|text| text.name == class.name())
    }

    fn sentence(&self, isolation: Isolation) -> &str {
        match isolation {
            Isolation::NeverWhileInUse => &self.isolation.never_while_in_use,
            Isolation::Ask => &self.isolation.ask,
            Isolation::Safe => &self.isolation.safe,
        }
    }
}

/// The class of a device: as the assets file says, else by what it answers.
#[must_use]
pub fn class_of(device: Option<&Device>, asset: Option<&Asset>) -> Class {
    let stated = asset.map(|asset| asset.class).filter(|class| *class != Class::Unknown);
    stated.or_else(|| inferred(device?)).unwrap_or_default()
}

fn inferred(device: &Device) -> Option<Class> {
    let answered = device.roles().filter(|&(_, _, answers)| answers);
    let mut names = answered.filter_map(|(protocol, ..)| Some(PROTOCOLS.get(protocol)?.name));
    names.find_map(|name| {
        TEXTS.class.iter().find(|text| text.answers.iter().any(|known| known == name))?.name.parse().ok()
    })
}

/// What an alert of a detection at a device means for care.
#[must_use]
pub fn clinical(about: &About, device: Option<&Device>, asset: Option<&Asset>) -> Clinical {
    let class = class_of(device, asset);
    let text = TEXTS.of(class);
    let by_class = text.map_or(Isolation::Ask, default_isolation);
    let stated = asset.and_then(|asset| asset.isolation);
    let isolation = stated.unwrap_or(by_class);
    let (impact, response) = text.map_or(("", ""), |text| (&text.impact, &text.response));
    Clinical {
        function: function(device, asset),
        location: location(asset).map(ToOwned::to_owned),
        impact: joined(&[about.impact, impact]),
        response: joined(&[about.response, response, TEXTS.sentence(isolation)]),
        isolation: isolation.name(),
        workaround: said(asset, |asset| &asset.workaround).map(ToOwned::to_owned),
        source: if stated.is_some() { "assets" } else { "class" },
    }
}

/// What an alert of a detection means for care that is about the sensor itself, which nobody is treated with.
#[must_use]
pub fn of_sensor(about: &About, asset: Option<&Asset>) -> Clinical {
    Clinical {
        function: "hears what is told here".to_owned(),
        impact: about.impact.to_owned(),
        response: about.response.to_owned(),
        ..clinical(about, None, asset)
    }
}

/// The isolation of a class: a class never makes it safe.
fn default_isolation(text: &ClassText) -> Isolation {
    let never = text.isolation == Isolation::NeverWhileInUse.name();
    if never { Isolation::NeverWhileInUse } else { Isolation::Ask }
}

fn said(asset: Option<&Asset>, what: fn(&Asset) -> &str) -> Option<&str> {
    asset.map(what).filter(|said| !said.is_empty())
}

/// Where a device is, as the assets file says.
#[must_use]
pub fn location(asset: Option<&Asset>) -> Option<&str> {
    said(asset, |asset| &asset.location)
}

/// What a device does in words that everybody knows: as the assets file says, else its class.
#[must_use]
pub fn kind<'a>(device: Option<&Device>, asset: Option<&'a Asset>) -> Option<&'a str> {
    let title = || TEXTS.of(class_of(device, asset)).map(|text| text.title.as_str());
    said(asset, |asset| &asset.function).or_else(title).filter(|kind| !kind.is_empty())
}

/// What a device does: as the assets file says, else its class as that has it, else what it speaks.
fn function(device: Option<&Device>, asset: Option<&Asset>) -> String {
    if let Some(function) = said(asset, |asset| &asset.function) {
        return function.to_owned();
    }
    let roles = device.map(roles).unwrap_or_default();
    if asset.is_some_and(|asset| asset.class != Class::Unknown) {
        kind(device, asset).unwrap_or_default().to_owned()
    } else if roles.is_empty() {
        "not known".to_owned()
    } else {
        roles.join(", ")
    }
}

fn joined(sentences: &[&str]) -> String {
    let said: Vec<&str> = sentences.iter().copied().filter(|sentence| !sentence.is_empty()).collect();
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use wardtap_behaviour::detections::DETECTIONS;

    use super::*;

    #[test]
    fn every_class_has_its_texts_and_its_source() {
        let named: Vec<&str> = TEXTS.class.iter().map(|text| text.name.as_str()).collect();
        let classes: Vec<&str> = Class::all().map(Class::name).collect();
        assert_eq!(named, classes, "one entry a class, in the order of class.rs");
        for text in &TEXTS.class {
            let name = &text.name;
            assert!(text.source.len() >= 8, "{name}: no source");
            assert!(text.response.ends_with('.'), "{name}: response");
            if name != "unknown" {
                assert!(text.impact.ends_with('.') && !text.title.is_empty(), "{name}: title and impact");
            }
            for protocol in &text.answers {
                assert!(PROTOCOLS.iter().any(|known| known.name == protocol), "{name}: no protocol {protocol}");
            }
            assert_eq!(name.parse(), Ok(Class::all().find(|class| class.name() == name).unwrap()));
        }
    }

    #[test]
    fn a_class_never_lets_a_device_be_disconnected() {
        const LIFE_SUPPORTING: [&str; 6] = [
            "infusion-pump",
            "patient-monitor",
            "ventilator",
            "anaesthesia-machine",
            "medical-gas-panel",
            "controller",
        ];
        for text in &TEXTS.class {
            let name = &text.name;
            assert!(["ask", "never-while-in-use"].contains(&text.isolation.as_str()), "{name}: {}", text.isolation);
            let words = format!("{} {}", text.impact, text.response).to_lowercase();
            for word in ["disconnect", "isolate", "unplug", "switch off", "turn off", "off the network", "quarantine"] {
                assert!(!words.contains(word), "{name}: tells to {word}");
            }
        }
        for name in LIFE_SUPPORTING {
            let text = TEXTS.class.iter().find(|text| text.name == name).unwrap();
            assert_eq!(text.isolation, "never-while-in-use", "{name}");
        }
        assert!(TEXTS.isolation.never_while_in_use.contains("clinical engineering"));
        assert!(TEXTS.isolation.ask.contains("clinical engineering"));
    }

    #[test]
    fn a_detection_has_no_device_disconnected_without_clinical_engineering() {
        for about in DETECTIONS {
            let response = about.response.to_lowercase();
            let words = ["disconnect", "isolate", "off the network", "unplug", "switch off"];
            if words.iter().any(|word| response.contains(word)) {
                assert!(response.contains("clinical engineering"), "{}: {}", about.name, about.response);
            }
        }
    }

    #[test]
    fn only_the_assets_file_makes_it_safe_and_names_a_workaround() {
        for about in DETECTIONS {
            for class in Class::all() {
                let mut asset = Asset { class, ..Asset::default() };
                let by_class = clinical(about, None, Some(&asset));
                assert_ne!(by_class.isolation, "safe");
                assert_eq!((by_class.source, &by_class.workaround), ("class", &None), "{class}");
                assert!(by_class.response.contains("clinical engineering"), "{class}: {}", by_class.response);
                asset.isolation = Some(Isolation::Safe);
                asset.workaround = "Card 7".to_owned();
                let by_assets = clinical(about, None, Some(&asset));
                assert_eq!((by_assets.isolation, by_assets.source), ("safe", "assets"));
                assert_eq!(by_assets.workaround.as_deref(), Some("Card 7"));
            }
        }
    }
}
