//! What packets are judged by, read: configuration, assets and baseline.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;

use wardtap_behaviour::assets::Assets;
use wardtap_behaviour::baseline::file::BaselineError;
use wardtap_behaviour::baseline::normal::Normal;
use wardtap_behaviour::judge::{Behaviour, Judge};
use wardtap_behaviour::parties::Parties;
use wardtap_behaviour::scoring::{Adaptation, Kinship, Scorer};
use wardtap_behaviour::site::Site;

use crate::assets;
use crate::baselines;
use crate::cli::{EventType, Judging, Processing};
use crate::config::Suppressions;
use crate::judgement::{EventTypes, Events, Judgement, Kept, SUMMARY_INCIDENTS_MAX};
use crate::memory::Shares;

/// What packets are judged by.
pub struct Knowledge {
    pub assets: Assets,
    pub suppressions: Suppressions,
    /// What compares with the baseline, where there is one.
    pub behaviour: Option<Behaviour>,
    /// The baseline's, where there is one.
    pub site: Site,
    /// Of the files, by option: SHA-256.
    pub digests: BTreeMap<String, String>,
    /// What of the assets file is not used, in a sentence.
    pub passed_over: Option<String>,
}

impl Knowledge {
    /// Reads the files. Of the configuration, which was read before, come site, suppressions and digest.
    pub fn read(
        judging: &Judging,
        site: Site,
        suppressions: Suppressions,
        config: Option<String>,
    ) -> anyhow::Result<Self> {
        let read = judging.assets.as_deref().map(|path| assets::read(path, &site)).transpose()?.unwrap_or_default();
        let (behaviour, baseline) = match judging.baseline.as_deref() {
            Some(path) => {
                let (behaviour, digest) = scoring(path, judging.adapt)?;
                (Some(behaviour), Some(digest))
            }
            None => (None, None),
        };
        let site = behaviour.as_ref().map_or(site, |behaviour| behaviour.parties.site().clone());
        let digests = [("config", config), ("assets", read.sha256), ("baseline", baseline)];
        let digests = digests.into_iter().filter_map(|(option, sha256)| Some((option.to_owned(), sha256?))).collect();
        Ok(Self { assets: read.assets, suppressions, behaviour, site, digests, passed_over: read.passed_over })
    }

    /// A judgement that goes by it.
    pub fn judgement(self, events: Events, captures: Vec<String>, shares: &Shares) -> anyhow::Result<Judgement> {
        let incidents = usize::try_from(shares.incidents)?;
        let mut judge = Judge::new(usize::try_from(shares.devices)?, usize::try_from(shares.alerts)?, incidents)
            .informed(self.assets, self.suppressions.all())
            .comparing(usize::try_from(shares.seen)?)
            .learning(usize::try_from(shares.learned)?);
        if let Some(behaviour) = self.behaviour {
            judge.with_behaviour(behaviour);
        }
        let kept =
            Kept { alerts: usize::try_from(shares.summary_alerts)?, incidents: incidents.min(SUMMARY_INCIDENTS_MAX) };
        Ok(Judgement::new(events, captures, judge, self.site, kept))
    }
}

/// Compares with a baseline; its SHA-256.
fn scoring(path: &Path, adapts: bool) -> anyhow::Result<(Behaviour, String)> {
    let loaded = |normal: Normal| {
        let site = normal.site.site().map_err(|error| BaselineError::Content(error.to_string()))?;
        let mut parties = Parties::new(site);
        let scorer = scorer(normal, &mut parties)?.adapting(adapts.then(Adaptation::default));
        Ok(Behaviour::new(parties, Some(scorer), None))
    };
    baselines::normal(path, loaded)
}

/// What the links have in common takes as long: it is made on a thread of its own, on which nobody waits before it is asked for.
fn scorer(normal: Normal, parties: &mut Parties) -> Result<Scorer, BaselineError> {
    let links = normal.links.clone();
    // Where something is wrong with them there is no scorer either.
    let make = move || Kinship::of(&links).unwrap_or_default();
    let made = thread::Builder::new().name("kinship".to_owned()).spawn(make.clone());
    let scorer = Scorer::load(normal, parties)?;
    Ok(match made {
        Ok(made) => scorer.akin(|| made.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
        Err(_) => scorer.akin(make),
    })
}

/// Which events are written.
pub fn event_types(judging: &Judging) -> EventTypes {
    let has = |wanted| judging.event_types.contains(&wanted) && judging.events.is_some();
    EventTypes {
        alert: has(EventType::Alert),
        incident: has(EventType::Incident),
        device: has(EventType::Device),
        message: has(EventType::Message),
        flow: has(EventType::Flow),
    }
}

/// The options that bear on what comes out; not the number of workers, which does not.
pub fn options(judging: &Judging, processing: &Processing) -> BTreeMap<String, String> {
    let named = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let said = |said: bool| said.then(|| "true".to_owned());
    let options = [
        ("config", named(&judging.config)),
        ("assets", named(&judging.assets)),
        ("baseline", named(&judging.baseline)),
        ("adapt", said(judging.adapt)),
        ("filter", processing.filter.clone()),
        ("memory", Some(processing.memory.to_string())),
        ("flows-by-vlan", said(processing.flows_by_vlan)),
    ];
    options.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
