//! What neighbours on a link tell each other of themselves: LLDP with the inventory of LLDP-MED, and CDP.
//!
//! Their names, places and descriptions of ports are people's words, and are not looked at.

use std::borrow::Cow;

use wardtap_net::cdp::{Cdp, capability as device};
use wardtap_net::lldp::{Lldp, capability as system};

use super::{Clue, is_of_product, shaped};
use crate::snmp::describe;

/// What a system does (IEEE 802.1AB table 8-4), in the standard's words.
const SYSTEM: [(u16, &str); 8] = [
    (system::OTHER, "other"),
    (system::REPEATER, "repeater"),
    (system::BRIDGE, "bridge"),
    (system::ACCESS_POINT, "wlan-access-point"),
    (system::ROUTER, "router"),
    (system::TELEPHONE, "telephone"),
    (system::CABLE_DEVICE, "cable-device"),
    (system::STATION, "station"),
];

/// What a speaker of CDP does, in the same words.
const DEVICE: [(u32, &str); 5] = [
    (device::ROUTER, "router"),
    (device::BRIDGE | device::SOURCE_ROUTE_BRIDGE | device::SWITCH, "bridge"),
    (device::HOST, "station"),
    (device::REPEATER, "repeater"),
    (device::TELEPHONE, "telephone"),
];

/// The words behind which a version stands in a description.
const VERSION: [&str; 4] = ["version", "firmware", "revision", "release"];

/// Octets of a version.
const VERSION_MAX: usize = 32;

/// Reads what an LLDP unit says; false where it is none.
pub fn lldp(unit: &[u8], to: &mut dyn FnMut(Clue, Cow<'_, str>)) -> bool {
    let Some(lldp) = Lldp::read(unit) else { return false };
    if let Some(text) = lldp.system_description {
        description(Clue::LldpDescription, text, to);
    }
    let enabled = lldp.capabilities.map_or(0, |all| all.enabled);
    words(Clue::LldpCapability, SYSTEM.iter().filter(|(bit, _)| enabled & bit != 0).map(|(_, word)| *word), to);
    let inventory = lldp.inventory;
    let told = [
        (Clue::LldpMaker, inventory.manufacturer),
        (Clue::LldpModel, inventory.model),
        (Clue::LldpFirmware, inventory.firmware),
        (Clue::LldpSoftware, inventory.software),
        (Clue::LldpSerial, inventory.serial),
    ];
    for (clue, text) in told {
        shaped(clue, text.unwrap_or_default().as_bytes(), is_of_product, to);
    }
    true
}

/// Reads what a CDP message says; false where it is none.
pub fn cdp(message: &[u8], to: &mut dyn FnMut(Clue, Cow<'_, str>)) -> bool {
    let Some(cdp) = Cdp::read(message) else { return false };
    shaped(Clue::CdpPlatform, cdp.platform.unwrap_or_default().as_bytes(), is_of_product, to);
    if let Some(software) = cdp.software {
        description(Clue::CdpSoftware, software, to);
    }
    let does = cdp.capabilities.unwrap_or(0);
    words(Clue::CdpCapability, DEVICE.iter().filter(|(bits, _)| does & bits != 0).map(|(_, word)| *word), to);
    true
}

/// What of a description the maker wrote: its first line up to its version, without the words that have not the shape of a
/// product's. Whoever runs the system may have written the rest, or all of one in which no version is found.
fn description(clue: Clue, text: &str, to: &mut dyn FnMut(Clue, Cow<'_, str>)) {
    let Some(end) = text.lines().next().and_then(version_end) else { return };
    if let Some(said) = text.get(..end).and_then(|text| describe(text.as_bytes()))
        && let Some(said) = said.public()
    {
        to(clue, Cow::Borrowed(said.as_str().trim_end_matches([',', ';'])));
    }
}

/// Where the first word with a digit ends that stands behind one which announces a version; of a line of one word with a digit
/// (as telephones have it) its end.
fn version_end(line: &str) -> Option<usize> {
    let has_digit = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    if !line.contains(' ') {
        return has_digit(line).then_some(line.len());
    }
    let (mut at, mut is_announced) = (0usize, false);
    for word in line.split(' ') {
        let end = at.checked_add(word.len())?;
        if is_announced && has_digit(word) && word.len() <= VERSION_MAX {
            return Some(end);
        }
        let plain = word.trim_end_matches([',', ':', ';']);
        is_announced = VERSION.iter().any(|known| known.eq_ignore_ascii_case(plain));
        at = end.checked_add(1)?;
    }
    None
}

fn words<'a>(clue: Clue, words: impl Iterator<Item = &'a str>, to: &mut dyn FnMut(Clue, Cow<'_, str>)) {
    words.for_each(|word| to(clue, Cow::Borrowed(word)));
}
