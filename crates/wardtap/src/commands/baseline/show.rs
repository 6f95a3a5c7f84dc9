//! `wardtap baseline show`: the site at a glance, or one device.

use std::fmt::{self, Write};

use anyhow::bail;
use serde_json::{Map, Value, json};
use wardtap_behaviour::baseline::file::Front;
use wardtap_behaviour::baseline::pauses::{Coverage, Pauses};
use wardtap_behaviour::baseline::profile::{DeviceProfile, Hours, LinkProfile, OperationProfile};
use wardtap_behaviour::baseline::results::Means;
use wardtap_behaviour::baseline::store::LinkKey;
use wardtap_behaviour::links::results::{WINDOW, decimal};
use wardtap_dissect::results::Analyte;
use wardtap_export::event::hours;
use wardtap_net::address::{Address, Mac};
use wardtap_net::hexadecimal::hexadecimal;

use super::report;
use super::text::{amount, counted, day, hour_list, operation, plain, print, service, time, written};
use crate::baselines;
use crate::cli::{FacetName, ShowBaseline};

pub fn run(show: &ShowBaseline) -> anyhow::Result<u8> {
    let baseline = baselines::whole(&show.file)?;
    let front = &baseline.front;
    let facets = if show.facet.is_empty() { ALL.to_vec() } else { show.facet.clone() };
    let device = show.device.as_deref().map(|device| find(front, device, show)).transpose()?;
    let text = match device {
        _ if show.json => format!("{:#}\n", as_json(front, device, &facets)),
        Some(device) => of_device(front, device, &facets),
        None if show.facet.is_empty() => report::write(&baseline, &show.file.display().to_string()),
        None => front.profiles.devices.keys().map(|device| of_device(front, device, &facets)).collect(),
    };
    print(&text)?;
    Ok(0)
}

const ALL: [FacetName; 6] = [
    FacetName::Links,
    FacetName::Operations,
    FacetName::Hours,
    FacetName::Quantities,
    FacetName::Silences,
    FacetName::Values,
];

/// The id of a device, given by id or by an address that it had.
fn find<'a>(front: &'a Front, device: &str, show: &ShowBaseline) -> anyhow::Result<&'a str> {
    let devices = &front.profiles.devices;
    if let Some((id, _)) = devices.get_key_value(device) {
        return Ok(id);
    }
    let address = device.parse().ok().map(|ip: std::net::IpAddr| Address::from(ip).halves());
    let has = |known: &DeviceProfile| address.is_some_and(|address| known.addresses.contains_key(&address));
    match devices.iter().find(|(_, known)| has(known)) {
        Some((id, _)) => Ok(id),
        None => bail!(
            "{}: there is no device {}: `wardtap baseline show {} --facet links` lists all",
            show.file.display(),
            plain(device),
            show.file.display()
        ),
    }
}

/// The links of a device, of which it is the initiator or the responder.
fn links_of<'a>(front: &'a Front, device: &'a str) -> impl Iterator<Item = (&'a LinkKey, &'a LinkProfile)> {
    let links = front.profiles.links.iter().map(|(key, link)| (key, &**link));
    links.filter(move |(key, _)| key.initiator == device || key.responder == device)
}

fn of_device(front: &Front, device: &str, facets: &[FacetName]) -> String {
    written(|out| write_device(out, front, device, facets))
}

fn write_device(out: &mut String, front: &Front, id: &str, facets: &[FacetName]) -> fmt::Result {
    write!(out, "{}", plain(id))?;
    if let Some(device) = front.profiles.devices.get(id) {
        let mac = device.mac.map(|mac| format!(", {}", Mac(mac)));
        let mac = mac.filter(|_| !id.starts_with("mac:")).unwrap_or_default();
        write!(out, "  {}{mac}", counted(device.days as usize, "day"))?;
        for (what, list) in [("addresses", addresses(device)), ("stands in for", device.stands_in_for.clone())] {
            if !list.is_empty() {
                write!(out, ", {what} {}", plain(&list.join(", ")))?;
            }
        }
    }
    writeln!(out)?;
    for (key, link) in links_of(front, id) {
        let whom = if key.initiator == id {
            format!("uses {} of {}", service(key), plain(&key.responder))
        } else {
            format!("offers {} to {}", service(key), plain(&key.initiator))
        };
        writeln!(out, "  {whom}  {}", days(link.days))?;
        for facet in facets {
            write_facet(out, link, &front.profiles.coverage, *facet)?;
        }
    }
    Ok(())
}

fn days(days: u32) -> String {
    if days == 0 { "approved, not learned".to_owned() } else { counted(days as usize, "day") }
}

fn write_facet(out: &mut String, link: &LinkProfile, coverage: &Coverage, facet: FacetName) -> fmt::Result {
    match facet {
        FacetName::Links => Ok(()),
        FacetName::Operations => link.operations.iter().try_for_each(|(name, known)| {
            writeln!(out, "    {}  {}, {} messages", operation(name), days(known.days), amount(known.count))
        }),
        FacetName::Hours => {
            let [work, rest] = link.hours.map(|hours| hour_list(hours.seen));
            writeln!(out, "    hours  {work} on working days, {rest} on days of rest")
        }
        FacetName::Quantities => write_quantities(out, link),
        FacetName::Silences => {
            let pauses = [0, 1].map(|end| amount(link.pauses[end].longest()));
            let steady = [0, 1].map(|end| match link.pauses[end].told(coverage) {
                0 => "not told".to_owned(),
                hours => format!("told at {hours} of 48 hours"),
            });
            writeln!(
                out,
                "    silent at most  {} minutes ({}), answers {} minutes ({})",
                pauses[0], steady[0], pauses[1], steady[1]
            )
        }
        FacetName::Values => {
            link.operations.iter().try_for_each(|(name, known)| {
                known.ranges.iter().flatten().try_for_each(|(least, greatest)| {
                    writeln!(out, "    {}  values {least} to {greatest}", operation(name))
                })
            })?;
            link.results.iter().try_for_each(|(name, results)| {
                results.analytes.iter().try_for_each(|(analyte, means)| {
                    let (analyte, low, high) = (Analyte::numbered(*analyte), decimal(means.low), decimal(means.high));
                    let (name, windows) = (operation(name), means.windows);
                    writeln!(out, "    {name}  results of {analyte}: {low} to {high}, {windows} means of {WINDOW}")
                })
            })
        }
    }
}

fn write_quantities(out: &mut String, link: &LinkProfile) -> fmt::Result {
    let bytes = [link.minute_bytes, link.hour_bytes, link.day_bytes];
    let [minute, hour, day] = bytes.map(|bytes| bytes.map(|bytes| amount(bytes.max)));
    writeln!(
        out,
        "    octets at most  {} a minute, {} an hour, {} a day; answers {}, {} and {}",
        minute[0], hour[0], day[0], minute[1], hour[1], day[1]
    )?;
    let opened = [link.minute_opened, link.hour_opened, link.hour_failed].map(|count| amount(count.max));
    writeln!(
        out,
        "    conversations at most  {} a minute, {} an hour, {} of them failed",
        opened[0], opened[1], opened[2]
    )?;
    if link.pace.iter().any(|least| least.min > 0) {
        let [asked, answered] = link.pace.map(|least| amount(least.min));
        writeln!(out, "    packets at least  {asked} in 100 minutes of a busy hour; answers {answered}")?;
    }
    for (name, known) in link.operations.iter() {
        let most = [known.minute_count, known.hour_count, known.day_count].map(|count| amount(count.max));
        let [minute, hour, day] = most;
        write!(out, "    {}  at most {minute} a minute, {hour} an hour, {day} a day", operation(name))?;
        write!(out, ", {} octets", amount(known.largest.max))?;
        if known.refused > 0 {
            write!(out, ", {:.1} % refused", f64::from(known.refused) / 10.0)?;
        }
        if known.slowest.max > 0 {
            write!(out, ", answered in {} µs", amount(known.slowest.max))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn addresses(device: &DeviceProfile) -> Vec<String> {
    device.addresses.keys().map(|(high, low)| Address::from_halves(*high, *low).to_string()).collect()
}

fn as_json(front: &Front, device: Option<&str>, facets: &[FacetName]) -> Value {
    let profiles = &front.profiles;
    let devices = profiles.devices.iter().filter(|(id, _)| device.is_none_or(|device| device == id.as_str()));
    let devices = devices.map(|(id, known)| {
        let mac = known.mac.map(|mac| Mac(mac).to_string());
        json!({ "id": id, "mac": mac, "addresses": addresses(known), "stands_in_for": known.stands_in_for, "days": known.days })
    });
    let links = profiles
        .links
        .iter()
        .filter(|(key, _)| device.is_none_or(|device| key.initiator == device || key.responder == device));
    let mut value = json!({
        "site": front.site,
        "days": profiles.days.iter().map(|&at| day(at)).collect::<Vec<_>>(),
        "budget": profiles.thresholds.budget,
        "devices": devices.collect::<Vec<_>>(),
        "links": links.map(|(key, link)| link_json(key, link, facets)).collect::<Vec<_>>(),
    });
    if device.is_none() {
        value["captures"] = front.captures.iter().map(|capture| {
            let digest = hexadecimal(&capture.digest);
            json!({ "digest": digest, "first": time(capture.first), "last": time(capture.last), "packets": capture.packets })
        }).collect();
        value["kept_out"] = front
            .kept_out
            .iter()
            .map(|kept| {
                let accepted = front.accepted_by(kept).map(|approval| &approval.by);
                json!({
                    "device": kept.device, "peer": kept.peer, "day": day(kept.day), "detection": kept.detection,
                    "observed": kept.observed, "accepted_by": accepted,
                })
            })
            .collect();
        value["approvals"] = front.approvals.iter().map(|approval| {
            json!({ "time": time(approval.time), "by": approval.by, "reason": approval.reason, "alerts": approval.alerts })
        }).collect();
    }
    value
}

fn link_json(key: &LinkKey, link: &LinkProfile, facets: &[FacetName]) -> Value {
    let has = |facet| facets.contains(&facet);
    let mut value = json!({
        "initiator": key.initiator, "responder": key.responder, "transport": key.transport, "port": key.port,
        "days": link.days,
    });
    if has(FacetName::Hours) {
        hours_json(&mut value, &link.hours);
    }
    if has(FacetName::Quantities) {
        value["minute_bytes"] = json!(link.minute_bytes.map(|top| top.max));
        value["hour_bytes"] = json!(link.hour_bytes.map(|top| top.max));
        value["day_bytes"] = json!(link.day_bytes.map(|top| top.max));
        value["minute_conversations"] = json!(link.minute_opened.max);
        value["hour_conversations"] = json!(link.hour_opened.max);
        value["hour_failed"] = json!(link.hour_failed.max);
        value["hour_reconnected"] = json!(link.hour_reconnected.max);
        value["hour_manners"] = json!(link.manners.map(|top| top.max));
        value["stay_minutes"] = json!(link.stay.max);
        value["least_hundred_minutes_packets"] = json!(link.pace.map(|least| least.min));
    }
    if has(FacetName::Silences) {
        value["silence_minutes"] = json!(link.pauses.each_ref().map(Pauses::longest));
    }
    if has(FacetName::Values) && !link.results.is_empty() {
        let of = link.results.iter().flat_map(|(name, results)| results.analytes.iter().map(move |of| (name, of)));
        let json = |(name, (analyte, means)): (&str, (&u64, &Means))| {
            let analyte = Analyte::numbered(*analyte).to_string();
            json!({
                "operation": name, "analyte": analyte, "days": means.days, "means": means.windows,
                "low_millionths": means.low, "high_millionths": means.high,
            })
        };
        value["results"] = of.map(json).collect();
    }
    if [FacetName::Operations, FacetName::Quantities, FacetName::Silences, FacetName::Values].into_iter().any(has) {
        value["operations"] = link.operations.iter().map(|(name, known)| operation_json(name, known, facets)).collect();
    }
    value
}

fn operation_json(name: &str, known: &OperationProfile, facets: &[FacetName]) -> Value {
    let has = |facet| facets.contains(&facet);
    let mut value = json!({ "operation": name, "days": known.days, "messages": known.count });
    if has(FacetName::Hours) {
        hours_json(&mut value, &known.hours);
    }
    if has(FacetName::Quantities) {
        value["minute_messages"] = json!(known.minute_count.max);
        value["hour_messages"] = json!(known.hour_count.max);
        let mut by_hour = Map::new();
        for (slot, count) in known.by_hour.each() {
            let hours = by_hour.entry(KINDS_OF_DAYS[slot.kind()]).or_insert_with(|| json!({}));
            hours[slot.hour().to_string()] = json!(count);
        }
        if !by_hour.is_empty() {
            value["hour_messages_by_hour"] = Value::Object(by_hour);
        }
        value["hour_partners"] = json!(known.hour_partners.max);
        value["day_messages"] = json!(known.day_count.max);
        value["message_bytes"] = json!(known.largest.max);
        value["refused_thousandths"] = json!(known.refused);
        value["response_microseconds"] = json!(known.slowest.max);
    }
    if has(FacetName::Silences) {
        value["silence_minutes"] = json!(known.pauses.longest());
    }
    if has(FacetName::Values) {
        value["values"] = json!(known.ranges.iter().flatten().collect::<Vec<_>>());
    }
    value
}

/// By the place that a slot says.
const KINDS_OF_DAYS: [&str; 2] = ["work", "rest"];

fn hours_json(value: &mut Value, known: &[Hours; 2]) {
    let mut both = Map::new();
    for (kind, known) in KINDS_OF_DAYS.into_iter().zip(known) {
        both.insert(kind.to_owned(), json!(hours(known.seen)));
    }
    value["hours"] = Value::Object(both);
}
