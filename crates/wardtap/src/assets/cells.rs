//! What the cells of a row mean.

use std::net::IpAddr;

use wardtap_behaviour::assets::{ASSET_PARTS_MAX, Asset, Criticality, Isolation, Status, Window};
use wardtap_behaviour::class::Class;
use wardtap_behaviour::site::Site;
use wardtap_net::address::{Address, Mac};

use super::{Cell, Column, Row};
use crate::located::{Mistake, Written, one_of};

/// The longest text, in characters: it stands in every alert.
const TEXT_CHARACTERS_MAX: usize = 200;

/// The entry of a row.
pub(super) fn asset(written: &Written, site: &Site, row: &Row) -> Result<Asset, Mistake> {
    let mut asset = Asset::default();
    for cell in row.cells.iter().filter(|cell| !cell.text.trim().is_empty()) {
        fill(&mut asset, cell, site).map_err(|what| {
            let what = format!("{}: {what}", cell.column.name());
            written.mistake_at(cell.place, what)
        })?;
    }
    if asset.addresses.is_empty() && asset.macs.is_empty() {
        let what =
            "neither address nor mac: without one of them no device can be found: write one, or take the entry out";
        return Err(written.mistake_at(row.place, what));
    }
    Ok(asset)
}

fn fill(asset: &mut Asset, cell: &Cell, site: &Site) -> Result<(), String> {
    let text = cell.text.trim();
    match cell.column {
        Column::Address => add(&mut asset.addresses, text.split_whitespace().map(address))?,
        Column::Mac => add(&mut asset.macs, text.split_whitespace().map(|text| mac(text).ok_or_else(|| no_mac(text))))?,
        Column::Maintenance => {
            let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
            add(&mut asset.maintenance, parts.map(|part| window(part, site)))?;
        }
        Column::Name => asset.name = plain(text)?,
        Column::Class => asset.class = class(text)?,
        Column::Vendor => asset.vendor = plain(text)?,
        Column::Model => asset.model = plain(text)?,
        Column::Location => asset.location = plain(text)?,
        Column::Function => asset.function = plain(text)?,
        Column::Workaround => asset.workaround = plain(text)?,
        Column::Criticality => {
            asset.criticality = Some(one(text, Criticality::ALL, |criticality| criticality.name())?);
        }
        Column::Status => asset.status = one(text, Status::ALL, |status| status.name())?,
        Column::Isolation => asset.isolation = Some(one(text, Isolation::ALL, |isolation| isolation.name())?),
    }
    Ok(())
}

/// Adds what is not there yet, up to a cap.
fn add<T: PartialEq>(to: &mut Vec<T>, parts: impl Iterator<Item = Result<T, String>>) -> Result<(), String> {
    for part in parts {
        let part = part?;
        if !to.contains(&part) {
            to.push(part);
        }
        if to.len() > ASSET_PARTS_MAX {
            return Err(format!("more than {ASSET_PARTS_MAX} of one device: leave some out"));
        }
    }
    Ok(())
}

fn address(text: &str) -> Result<Address, String> {
    let ip: IpAddr = text.parse().map_err(|_| {
        format!("{} is no address: write one like 10.20.1.7 or fd00::7, and spaces between several", quoted(text))
    })?;
    let address = Address::from(ip);
    if address.is_host() { Ok(address) } else { Err(format!("{text} is no address of one device")) }
}

fn no_mac(text: &str) -> String {
    format!("{} is no MAC address: write one like 00:09:fb:12:34:56, and spaces between several", quoted(text))
}

/// A MAC address with colons, hyphens or points between its digits, or nothing.
pub fn mac(text: &str) -> Option<Mac> {
    let digits: Vec<u8> = text.bytes().filter(|octet| !b":-.".contains(octet)).collect();
    if digits.len() != 12 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut mac = Mac::default();
    for (octet, pair) in mac.0.iter_mut().zip(digits.chunks_exact(2)) {
        *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    // The lowest bit of the first octet makes it a group's (IEEE 802, section 8.2): no device's own.
    (mac.is_known() && mac.0[0] & 1 == 0).then_some(mac)
}

fn class(text: &str) -> Result<Class, String> {
    text.parse()
        .map_err(|_| format!("{} is not known here: write {}", quoted(text), one_of(Class::all().map(Class::name))))
}

/// One word of a closed list, whatever the case and what joins its parts.
fn one<T: Copy>(text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, String> {
    let word = text.to_lowercase().replace([' ', '_'], "-");
    let known = all.iter().copied().find(|known| name(*known) == word);
    known.ok_or_else(|| {
        format!("{} is not known here: write {}", quoted(text), one_of(all.iter().map(|known| name(*known))))
    })
}

/// From a moment to another, with a slash between them as ISO 8601 has it.
fn window(text: &str, site: &Site) -> Result<Window, String> {
    let (from, to) = text.split_once('/').ok_or_else(|| {
        format!("{} has no /: write 2026-12-01T22:00/2026-12-02T04:00, and a semicolon between several", quoted(text))
    })?;
    let moment = |text: &str| site.moment(text.trim()).map_err(|error| error.to_string());
    let window = Window { from: moment(from)?, to: moment(to)? };
    if window.from < window.to {
        Ok(window)
    } else {
        Err(format!("{} ends before it begins: change the two", quoted(text)))
    }
}

/// Text that goes out to people.
fn plain(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("there is a control character or a line break in it: take it out".to_owned());
    }
    let length = text.chars().count();
    if length > TEXT_CHARACTERS_MAX {
        return Err(format!("{length} characters are too many: {TEXT_CHARACTERS_MAX} at most"));
    }
    Ok(text.to_owned())
}

/// A text in messages: what could harm a terminal is escaped, and it is not longer than a line.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if text.chars().count() > SHOWN { "..." } else { "" };
    format!("\"{}{more}\"", shown.escape_debug())
}
