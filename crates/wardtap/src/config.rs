//! `wardtap.toml`: the site, what options say elsewhere, and which alerts nobody wants to see.
//!
//! The command line wins over the file. Names of files stand relative to the folder of the configuration file.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Deserialize;
use toml::Spanned;
use wardtap_behaviour::detections::DETECTIONS;
use wardtap_behaviour::site::Site;
use wardtap_behaviour::suppression::{SUPPRESSIONS_MAX, Suppression, Who};
use wardtap_net::address::Address;
use wardtap_net::packet::Timestamp;

use crate::assets::mac;
use crate::cli::{self, EventType, Given, Judging, Processing, Replay, SeverityName};
use crate::located::{Mistake, Place, Written, one_of};

/// What a configuration file says, read and checked; `None` where it says nothing.
#[derive(Debug, Default)]
pub struct Config {
    pub site: Site,
    pub suppressions: Suppressions,
    pub options: Options,
    /// Of the file's content.
    pub sha256: Option<String>,
}

/// What can stand on the command line as well.
#[derive(Debug, Default)]
pub struct Options {
    pub metrics: Option<PathBuf>,
    pub fail_on: Option<SeverityName>,
    pub judging: JudgingOptions,
    pub processing: ProcessingOptions,
}

impl Options {
    /// Puts in what the command line does not say.
    pub fn fill(self, replay: &mut Replay, given: &Given) {
        or(&mut replay.metrics, self.metrics);
        or(&mut replay.fail_on, self.fail_on);
        self.judging.fill(&mut replay.judging, given);
        self.processing.fill(&mut replay.intake.processing, given);
    }
}

/// What packets are judged by, and what is written of it.
#[derive(Debug, Default)]
pub struct JudgingOptions {
    events: Option<PathBuf>,
    event_types: Option<Vec<EventType>>,
    pub assets: Option<PathBuf>,
    baseline: Option<PathBuf>,
}

impl JudgingOptions {
    /// Puts in what the command line does not say.
    pub fn fill(self, judging: &mut Judging, given: &Given) {
        or(&mut judging.events, self.events);
        or(&mut judging.assets, self.assets);
        or(&mut judging.baseline, self.baseline);
        put(&mut judging.event_types, self.event_types, given.has("event_types"));
    }
}

/// How packets are gone through.
#[derive(Debug, Default)]
pub struct ProcessingOptions {
    filter: Option<String>,
    memory: Option<u64>,
    workers: Option<u8>,
    flows_by_vlan: Option<bool>,
}

impl ProcessingOptions {
    /// Puts in what the command line does not say.
    pub fn fill(self, processing: &mut Processing, given: &Given) {
        or(&mut processing.filter, self.filter);
        put(&mut processing.memory, self.memory, given.has("memory"));
        put(&mut processing.workers, self.workers, given.has("workers"));
        put(&mut processing.flows_by_vlan, self.flows_by_vlan, given.has("flows_by_vlan"));
    }
}

/// What the file says, unless the command line says it.
fn put<T>(into: &mut T, said: Option<T>, given: bool) {
    if let Some(said) = said.filter(|_| !given) {
        *into = said;
    }
}

fn or<T>(into: &mut Option<T>, said: Option<T>) {
    *into = into.take().or(said);
}

/// The suppressions, and where each stands.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    file: String,
    all: Vec<(Place, Suppression)>,
}

impl Suppressions {
    /// How many.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// All of them.
    pub fn all(&self) -> Vec<Suppression> {
        self.all.iter().map(|(_, suppression)| suppression.clone()).collect()
    }

    /// A line for each that has ended at `now`.
    pub fn ended(&self, now: Timestamp) -> impl Iterator<Item = String> {
        self.all.iter().filter(move |(_, suppression)| suppression.until <= now).map(move |(place, suppression)| {
            let Suppression { detection, until, owner, reason, .. } = suppression;
            format!(
                "{}: {place}the suppression of {detection} ({owner}: {reason}) ended at {until}: what came later is told; take it out, or have {owner} renew it",
                self.file
            )
        })
    }
}

/// The file as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Document {
    site: SiteTable,
    suppress: Vec<Spanned<SuppressTable>>,
    events: Option<PathBuf>,
    event_types: Option<Vec<Spanned<String>>>,
    metrics: Option<PathBuf>,
    assets: Option<PathBuf>,
    baseline: Option<PathBuf>,
    filter: Option<Spanned<String>>,
    memory: Option<Spanned<String>>,
    workers: Option<Spanned<u64>>,
    fail_on: Option<Spanned<String>>,
    flows_by_vlan: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SiteTable {
    timezone: Option<Spanned<String>>,
    holidays: Vec<Spanned<Text>>,
    networks: Option<Vec<Spanned<String>>>,
}

/// A time or date as text, or as TOML's own.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Time(toml::value::Datetime),
}

impl Text {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Time(time) => time.to_string(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SuppressTable {
    detection: Spanned<String>,
    device: Spanned<String>,
    peer: Option<Spanned<String>>,
    until: Spanned<Text>,
    owner: Spanned<String>,
    reason: Spanned<String>,
}

impl Config {
    /// Reads a configuration file.
    pub fn read(path: &Path) -> Result<Self, Mistake> {
        let written = Written::read(path, "the configuration")?;
        let document: Document = written.toml()?;
        let site = site(&written, &document.site)?;
        let suppressions = suppressions(&written, &site, &document.suppress)?;
        let options = options(&written, document, path.parent().unwrap_or(Path::new("")))?;
        Ok(Self { site, suppressions, options, sha256: Some(written.sha256()) })
    }
}

/// What a value means; a mistake where it means nothing.
fn meant<T, U, E: ToString>(
    written: &Written,
    value: &Spanned<T>,
    read: impl FnOnce(&T) -> Result<U, E>,
) -> Result<U, Mistake> {
    read(value.get_ref()).map_err(|error| written.mistake(value.span().start, error.to_string()))
}

fn site(written: &Written, table: &SiteTable) -> Result<Site, Mistake> {
    let default = Site::default();
    let days = table.holidays.iter().map(|day| meant(written, day, |day| day.text().parse()));
    let networks = table.networks.as_ref().map(|networks| {
        networks.iter().map(|network| meant(written, network, |text| text.parse())).collect::<Result<Vec<_>, _>>()
    });
    let networks = networks.transpose()?.unwrap_or_else(|| default.networks().to_vec());
    let days = days.collect::<Result<Vec<_>, _>>()?;
    match &table.timezone {
        Some(name) => meant(written, name, |name| Site::new(name, days, networks)),
        None => Site::new(default.timezone_name(), days, networks)
            .map_err(|error| written.mistake_at(Place::default(), format!("[site]: {error}"))),
    }
}

fn options(written: &Written, document: Document, folder: &Path) -> Result<Options, Mistake> {
    let beside = |path: PathBuf| if path == Path::new("-") { path } else { folder.join(path) };
    let event_types = document.event_types.as_ref().map(|types| {
        types.iter().map(|name| meant(written, name, |name| word::<EventType>(name))).collect::<Result<_, _>>()
    });
    if let Some(filter) = &document.filter {
        meant(written, filter, |filter| wardtap_capture::Filter::compile(filter))?;
    }
    let memory = document.memory.as_ref().map(|memory| meant(written, memory, |text| cli::size(text)));
    let workers =
        document.workers.as_ref().map(|workers| meant(written, workers, |number| cli::workers(&number.to_string())));
    let fail_on = document.fail_on.as_ref().map(|name| meant(written, name, |name| word::<SeverityName>(name)));
    Ok(Options {
        metrics: document.metrics.map(beside),
        fail_on: fail_on.transpose()?,
        judging: JudgingOptions {
            events: document.events.map(beside),
            event_types: event_types.transpose()?,
            assets: document.assets.map(beside),
            baseline: document.baseline.map(beside),
        },
        processing: ProcessingOptions {
            filter: document.filter.map(Spanned::into_inner),
            memory: memory.transpose()?,
            workers: workers.transpose()?,
            flows_by_vlan: document.flows_by_vlan,
        },
    })
}

/// One of the words that an option takes.
fn word<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, false).map_err(|_| {
        let words: Vec<String> = T::value_variants()
            .iter()
            .filter_map(|value| value.to_possible_value().filter(|value| !value.is_hide_set()))
            .map(|value| value.get_name().to_owned())
            .collect();
        format!("\"{text}\" is not known here: write {}", one_of(words.iter().map(String::as_str)))
    })
}

fn suppressions(written: &Written, site: &Site, tables: &[Spanned<SuppressTable>]) -> Result<Suppressions, Mistake> {
    if let Some(table) = tables.get(SUPPRESSIONS_MAX) {
        let what = format!("more than {SUPPRESSIONS_MAX} suppressions: take out those that have ended");
        return Err(written.mistake(table.span().start, what));
    }
    let all = tables.iter().map(|table| {
        let place = Place { column: 0, ..Place::of(&written.text, table.span().start) };
        let table = table.get_ref();
        Ok((
            place,
            Suppression {
                detection: meant(written, &table.detection, |name| detection(name))?,
                device: meant(written, &table.device, |text| who(text))?,
                peer: table.peer.as_ref().map(|peer| meant(written, peer, |text| who(text))).transpose()?,
                until: meant(written, &table.until, |time| site.moment(&time.text()))?,
                owner: meant(written, &table.owner, |text| said(text, "who answers for it"))?,
                reason: meant(written, &table.reason, |text| said(text, "why these alerts are not to be told"))?,
            },
        ))
    });
    Ok(Suppressions { file: written.file.clone(), all: all.collect::<Result<_, _>>()? })
}

fn detection(name: &str) -> Result<&'static str, String> {
    DETECTIONS.iter().map(|about| about.name).find(|known| *known == name).ok_or_else(|| {
        format!("there is no detection \"{name}\": write {}", one_of(DETECTIONS.iter().map(|about| about.name)))
    })
}

/// A device as alerts name it: its address or MAC address, with or without what stands before it in an id.
fn who(text: &str) -> Result<Who, String> {
    let plain = text.strip_prefix("ip:").or_else(|| text.strip_prefix("mac:")).unwrap_or(text);
    let address = plain.parse().ok().map(|ip: std::net::IpAddr| Who::Address(Address::from(ip)));
    address.or_else(|| mac(plain).map(Who::Mac)).ok_or_else(|| {
        format!("\"{text}\" is no device: write its address, MAC address or the id that alerts give it, for example mac:00:09:fb:00:00:01")
    })
}

/// A text that must not be empty, and goes out to people.
fn said(text: &str, what: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err(format!("nothing is said: write {what}")),
        text if text.chars().any(char::is_control) => Err("there is a control character in it: take it out".to_owned()),
        text => Ok(text.to_owned()),
    }
}
