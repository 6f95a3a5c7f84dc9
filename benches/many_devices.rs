//! A baseline of many devices, made of a smaller one: to measure what a large site costs.
//!
//! ```text
//! cargo run --release -p wardtap-benches --example many-devices -- site.baseline 10000 many.baseline
//! ```
//! Every device and every link stands in it again and again, under other addresses of the same makers, with all that was
//! learned of it: operations keep their names. What is outside of the site, and groups, are the same for all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

use anyhow::{Context, bail, ensure};
use wardtap_behaviour::baseline::file::Baseline;
use wardtap_behaviour::baseline::profile::DeviceProfile;
use wardtap_behaviour::baseline::store::{LinkKey, Store, StoredDevice};

/// Copies that have addresses of their own: what tells them apart are six bits of the fourth octet of a MAC address, and of
/// the second of an IPv4 address.
const COPIES_MAX: usize = 64;
const SHIFT: u8 = 2;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [from, devices, to] = &arguments[..] else { bail!("usage: many-devices FROM DEVICES TO") };
    let baseline = fs::read(from).with_context(|| from.clone())?;
    let baseline = Baseline::from_bytes(&baseline).with_context(|| from.clone())?;
    let copies = devices.parse::<usize>()?.div_ceil(baseline.front.profiles.devices.len().max(1));
    ensure!(copies <= COPIES_MAX, "{from} has too few devices");
    let many = multiplied(&baseline, copies as u8)?;
    let profiles = &many.front.profiles;
    let operations: usize = profiles.links.values().map(|link| link.operations.len()).sum();
    let names: BTreeSet<&str> = profiles.links.values().flat_map(|link| link.operations.names()).collect();
    println!(
        "{} devices, {} links, {operations} operations of {} names, {} days",
        profiles.devices.len(),
        profiles.links.len(),
        names.len(),
        profiles.days.len(),
    );
    let file = many.to_bytes()?;
    fs::write(Path::new(to), &file).with_context(|| to.clone())?;
    println!("{to}: {} octets", file.len());
    Ok(())
}

fn multiplied(one: &Baseline, copies: u8) -> anyhow::Result<Baseline> {
    let mut many = one.clone();
    let profiles = &mut many.front.profiles;
    profiles.devices = by_id(&one.front.profiles.devices, copies, device);
    profiles.links = by_link(&one.front.profiles.links, copies);
    for (rarity, one) in
        profiles.thresholds.novelty.facets.iter_mut().zip(&one.front.profiles.thresholds.novelty.facets)
    {
        let copies_of = |copy| one.devices.iter().map(move |((id, of), count)| ((named(id, copy), *of), *count));
        rarity.devices = (0..copies).flat_map(copies_of).collect();
    }
    for (to, from) in [(&mut many.store, &one.store), (&mut many.aside, &one.aside)] {
        *to = Store { devices: by_id(&from.devices, copies, stored_device), links: by_link(&from.links, copies) };
    }
    let (found, wanted) = (many.front.profiles.devices.len(), one.front.profiles.devices.len() * usize::from(copies));
    ensure!(found == wanted, "of {wanted} devices {} have the address of another", wanted - found);
    Ok(many)
}

fn by_id<T>(all: &BTreeMap<String, T>, copies: u8, again: fn(&T, u8) -> T) -> BTreeMap<String, T> {
    (0..copies).flat_map(|copy| all.iter().map(move |(id, it)| (named(id, copy), again(it, copy)))).collect()
}

fn by_link<T: Clone>(all: &BTreeMap<LinkKey, T>, copies: u8) -> BTreeMap<LinkKey, T> {
    let key = |key: &LinkKey, copy| LinkKey {
        initiator: named(&key.initiator, copy),
        responder: named(&key.responder, copy),
        ..*key
    };
    (0..copies).flat_map(|copy| all.iter().map(move |(link, it)| (key(link, copy), it.clone()))).collect()
}

fn device(one: &DeviceProfile, copy: u8) -> DeviceProfile {
    DeviceProfile {
        mac: one.mac.map(|mac| mac_of(mac, copy)),
        addresses: one.addresses.iter().map(|(one, last)| (address(*one, copy), *last)).collect(),
        leased: addresses(&one.leased, copy),
        stands_in_for: one.stands_in_for.iter().map(|id| named(id, copy)).collect(),
        ..one.clone()
    }
}

fn stored_device(one: &StoredDevice, copy: u8) -> StoredDevice {
    StoredDevice {
        mac: one.mac.map(|mac| mac_of(mac, copy)),
        addresses: one.addresses.iter().map(|(one, last)| (address(*one, copy), *last)).collect(),
        leased: addresses(&one.leased, copy),
        stands_in_for: one.stands_in_for.iter().map(|id| named(id, copy)).collect(),
        ..one.clone()
    }
}

fn addresses(all: &[(u64, u64)], copy: u8) -> Vec<(u64, u64)> {
    let mut all: Vec<(u64, u64)> = all.iter().map(|one| address(*one, copy)).collect();
    all.sort_unstable();
    all
}

fn address((high, low): (u64, u64), copy: u8) -> (u64, u64) {
    (high, low ^ u64::from(copy << SHIFT) << 16)
}

fn mac_of(mut mac: [u8; 6], copy: u8) -> [u8; 6] {
    mac[3] ^= copy << SHIFT;
    mac
}

/// The id of a copy.
fn named(id: &str, copy: u8) -> String {
    if let Some(mac) = id.strip_prefix("mac:") {
        let octets: Vec<u8> = mac.split(':').filter_map(|octet| u8::from_str_radix(octet, 16).ok()).collect();
        if let Ok(mac) = <[u8; 6]>::try_from(octets) {
            let octets: Vec<String> = mac_of(mac, copy).iter().map(|octet| format!("{octet:02x}")).collect();
            return format!("mac:{}", octets.join(":"));
        }
    }
    if let Some(ip) = id.strip_prefix("ip:")
        && let Ok(ip) = ip.parse::<std::net::Ipv4Addr>()
    {
        return format!("ip:{}", std::net::Ipv4Addr::from_bits(ip.to_bits() ^ u32::from(copy << SHIFT) << 16));
    }
    id.to_owned()
}
