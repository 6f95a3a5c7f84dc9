//! `wardtap check`: what is understood of a configuration and an assets file, and what an interface is watched with.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use wardtap_behaviour::assets::Assets;
use wardtap_behaviour::class::Class;
use wardtap_behaviour::site::Site;

use crate::FAILED;
use crate::assets;
use crate::cli::Check;
use crate::config::Config;
use crate::watch::trial;

/// Reads the files; a mistake in one ends it, with the place of the mistake.
pub fn run(check: &Check) -> anyhow::Result<u8> {
    let mut text = String::new();
    let config = check.config.as_deref().map(Config::read).transpose()?;
    let default = Site::default();
    let site = config.as_ref().map_or(&default, |config| &config.site);
    if let Some((path, config)) = check.config.as_deref().zip(config.as_ref()) {
        writeln!(text, "{}: good", path.display())?;
        tell_site(&mut text, site)?;
        writeln!(text, "  suppressions  {}", config.suppressions.count())?;
    }
    let named = config.as_ref().and_then(|config| config.options.judging.assets.as_deref());
    if let Some(path) = check.assets.as_deref().or(named) {
        let read = assets::read(path, site)?;
        writeln!(text, "{}: good", path.display())?;
        tell_assets(&mut text, &read.assets)?;
        if let Some(passed_over) = read.passed_over {
            eprintln!("wardtap: {passed_over}");
        }
    }
    let refused = check.interface.as_deref().map(|name| trial::tell(&mut text, name, check)).transpose()?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if refused.unwrap_or(true) { 0 } else { FAILED })
}

fn tell_site(out: &mut String, site: &Site) -> std::fmt::Result {
    let networks: Vec<String> = site.networks().iter().map(ToString::to_string).collect();
    writeln!(out, "  time zone     {}", site.timezone_name())?;
    writeln!(out, "  holidays      {}", site.holidays().len())?;
    writeln!(out, "  networks      {}", networks.join(", "))
}

fn tell_assets(out: &mut String, assets: &Assets) -> std::fmt::Result {
    writeln!(out, "  devices       {}", assets.iter().len())?;
    let mut classes: BTreeMap<Class, u64> = BTreeMap::new();
    for asset in assets.iter() {
        *classes.entry(asset.class).or_default() += 1;
    }
    for (class, count) in classes {
        writeln!(out, "    {:20}{count}", class.name())?;
    }
    for (what, count) in [
        ("a criticality", assets.iter().filter(|asset| asset.criticality.is_none()).count()),
        ("a word on isolation", assets.iter().filter(|asset| asset.isolation.is_none()).count()),
        ("a workaround", assets.iter().filter(|asset| asset.workaround.is_empty()).count()),
    ] {
        if count > 0 {
            writeln!(out, "  without {what}: {count}")?;
        }
    }
    Ok(())
}
