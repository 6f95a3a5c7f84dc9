//! `--assets FILE`: what the hospital knows of its devices, as CSV or TOML.
//!
//! Both become [`Row`]s of cells, each with its place, so that every mistake is told where it stands.

mod cells;
mod table;

use std::path::Path;

use wardtap_behaviour::assets::{ASSETS_MAX, Assets, Refused};
use wardtap_behaviour::site::Site;

use crate::located::{Mistake, Place, Written};

pub use cells::mac;

/// What a column, or a key of a TOML table, says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Address,
    Mac,
    Name,
    Class,
    Vendor,
    Model,
    Location,
    Function,
    Criticality,
    Status,
    Isolation,
    Workaround,
    Maintenance,
}

/// Every column with its name, and other headings that mean it.
const COLUMNS: [(Column, &str, &[&str]); 13] = [
    (Column::Address, "address", &["addresses", "ip", "ips", "ip address", "ip addresses", "ipv4", "ipv6"]),
    (Column::Mac, "mac", &["macs", "mac address", "mac addresses", "hardware address", "ethernet address"]),
    (Column::Name, "name", &["device name", "asset name", "hostname", "host name"]),
    (Column::Class, "class", &["device class", "type", "device type", "category"]),
    (Column::Vendor, "vendor", &["manufacturer", "maker"]),
    (Column::Model, "model", &["product", "model name"]),
    (Column::Location, "location", &["place", "room", "ward"]),
    (Column::Function, "function", &["clinical function", "use", "purpose"]),
    (Column::Criticality, "criticality", &["clinical criticality"]),
    (Column::Status, "status", &["state"]),
    (Column::Isolation, "isolation", &["may be isolated"]),
    (Column::Workaround, "workaround", &["manual procedure", "downtime procedure", "fallback"]),
    (Column::Maintenance, "maintenance", &["maintenance window", "maintenance windows"]),
];

impl Column {
    /// By name or another heading for it, whatever the case and what joins its words.
    fn of(heading: &str) -> Option<Self> {
        let heading = heading.trim().to_lowercase().replace(['_', '-'], " ");
        let known =
            |&&(_, name, synonyms): &&(Self, &str, &[&str])| name == heading || synonyms.contains(&heading.as_str());
        COLUMNS.iter().find(known).map(|&(column, ..)| column)
    }

    fn name(self) -> &'static str {
        COLUMNS.iter().find(|&&(column, ..)| column == self).map_or("", |&(_, name, _)| name)
    }
}

/// The names of all columns.
fn names() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|&(_, name, _)| name)
}

/// What is said of one device.
struct Row {
    place: Place,
    cells: Vec<Cell>,
}

/// A value with its place.
struct Cell {
    column: Column,
    place: Place,
    text: String,
}

/// The entries of a file, and what was not read of it.
#[derive(Debug, Default)]
pub struct Read {
    pub assets: Assets,
    /// A sentence for a person, where something in the file was passed over.
    pub passed_over: Option<String>,
    /// Of the file's content.
    pub sha256: Option<String>,
}

/// Reads an assets file; times without an offset are the site's.
pub fn read(path: &Path, site: &Site) -> Result<Read, Mistake> {
    let written = Written::read(path, "the assets")?;
    let is_toml = match path.extension().and_then(|end| end.to_str()).map(str::to_lowercase).as_deref() {
        Some("toml") => true,
        Some("csv" | "tsv" | "txt") => false,
        // A table begins with its headings, TOML with a heading in brackets.
        _ => written
            .text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with('#'))
            .is_some_and(|line| line.starts_with('[')),
    };
    let (rows, passed_over) = if is_toml { (table::toml(&written)?, None) } else { table::csv(&written)? };
    let mut assets = Assets::default();
    for (number, row) in rows.iter().enumerate() {
        let asset = cells::asset(&written, site, row)?;
        assets.add(asset).map_err(|refused| {
            let before = |other: usize| rows.get(other).map_or(0, |row| row.place.line);
            let (line, advice) =
                (row.place.line, "each belongs to one device: correct one of the two lines, or make them one entry");
            let what = match refused {
                Refused::Address(address, other) => {
                    format!(
                        "the address {address} stands in line {} already, and again in line {line}: {advice}",
                        before(other)
                    )
                }
                Refused::Mac(mac, other) => {
                    format!(
                        "the MAC address {mac} stands in line {} already, and again in line {line}: {advice}",
                        before(other)
                    )
                }
                Refused::Full => {
                    format!("more than {ASSETS_MAX} devices: leave out device {} and later ones", number + 1)
                }
            };
            written.mistake_at(row.place, what)
        })?;
    }
    Ok(Read { assets, passed_over, sha256: Some(written.sha256()) })
}
