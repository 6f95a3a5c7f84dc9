//! What a baseline is made of, and how far it is from being trustworthy: after learning and merging, and in `show`.

use std::fmt::{self, Write};

use wardtap_behaviour::baseline::change::measure_name;
use wardtap_behaviour::baseline::file::Baseline;
use wardtap_behaviour::baseline::kept_out::KeptOut;
use wardtap_behaviour::baseline::novelty::Facet;
use wardtap_behaviour::baseline::trust::{DAYS_MIN, DeviceTrust, HeldOut, Kind, Share, Trust, trust};
use wardtap_behaviour::parties::ANYBODY;
use wardtap_export::summary::grouped;

use super::text::{counted, day, operation, plain, time, written};

/// Devices listed; the rest is counted.
const DEVICES_SHOWN: usize = 12;
/// Findings that were kept out listed; the rest is counted.
const KEPT_OUT_SHOWN: usize = 12;
/// Approvals listed; the rest is counted.
const APPROVALS_SHOWN: usize = 12;

/// The report of a baseline of that name.
pub fn write(baseline: &Baseline, name: &str) -> String {
    written(|out| sections(out, baseline, name))
}

fn sections(out: &mut String, baseline: &Baseline, name: &str) -> fmt::Result {
    contents(out, baseline, name)?;
    let trust = trust(&baseline.front.profiles);
    known(out, &trust)?;
    held_out(out, &trust, baseline.front.profiles.days.len())?;
    kept_out(out, baseline, name)?;
    approvals(out, baseline)
}

fn contents(out: &mut String, baseline: &Baseline, name: &str) -> fmt::Result {
    let front = &baseline.front;
    let profiles = &front.profiles;
    // What is with anybody is the same once more.
    let links = || profiles.links.iter().filter(|(key, _)| key.initiator != ANYBODY);
    let operations: usize = links().map(|(_, link)| link.operations.len()).sum();
    writeln!(out, "Baseline  {name}")?;
    write!(out, "  {}", counted(profiles.days.len(), "day"))?;
    if let (Some(first), Some(last)) = (profiles.days.first(), profiles.days.last()) {
        write!(out, " from {} to {} (UTC)", day(*first), day(*last))?;
    }
    writeln!(out, ", {}", counted(front.captures.len(), "capture"))?;
    writeln!(
        out,
        "  {}, {}, {}",
        counted(profiles.devices.len(), "device"),
        counted(links().count(), "conversation"),
        counted(operations, "operation")
    )?;
    writeln!(out, "  hours of the day by {}", plain(&front.site.timezone))?;
    let cut = links().filter(|(_, link)| link.is_cut).count();
    if cut > 0 {
        writeln!(
            out,
            "  {} did more than was told apart: not all that is new there is told",
            counted(cut, "conversation")
        )?;
    }
    if profiles.days.is_empty() {
        writeln!(out, "  nothing was learned: the captures hold no conversation of a device of the site")?;
    }
    Ok(())
}

/// By device and facet.
fn known(out: &mut String, trust: &Trust) -> fmt::Result {
    let of = |share: fn(&DeviceTrust) -> Share| {
        let shares = trust.devices.values().map(share);
        let (known, all) =
            shares.fold((0, 0), |(known, all), share| (known + u64::from(share.known), all + u64::from(share.all)));
        format!("{} of {}", grouped(known), grouped(all))
    };
    let long = trust.devices.values().filter(|device| device.days >= DAYS_MIN).count();
    let long = format!("{} of {}", grouped(long as u64), grouped(trust.devices.len() as u64));
    writeln!(out, "\nHow well it is known")?;
    for (what, known) in [
        (format!("devices that were there on {DAYS_MIN} days or more"), long),
        ("conversations seen on more than one day, by device".to_owned(), of(|device| device.links)),
        ("operations seen on more than one day".to_owned(), of(|device| device.operations)),
        ("conversations with days enough to judge their hours".to_owned(), of(|device| device.hours)),
        ("  to judge their quantities".to_owned(), of(|device| device.quantities)),
        ("  so steady that their silence is told".to_owned(), of(|device| device.silences)),
    ] {
        writeln!(out, "  {what:54}  {known}")?;
    }
    let mut least: Vec<(&String, &DeviceTrust)> =
        trust.devices.iter().filter(|(_, device)| !device.is_known()).collect();
    if least.is_empty() {
        return Ok(());
    }
    let known = |share: Share| share.known * 100 / share.all.max(1);
    least.sort_by_key(|(id, device)| (device.days, known(device.links), known(device.operations), *id));
    let shown = least.get(..DEVICES_SHOWN).unwrap_or(&least);
    let width = shown.iter().map(|(id, _)| id.len()).max().unwrap_or(0);
    writeln!(out, "\nHardly known yet  {}", counted(least.len(), "device"))?;
    writeln!(
        out,
        "  {:width$}  {:>4}  {:>9}  {:>10}  {:>9}  {:>10}  {:>9}",
        "", "days", "conversed", "operations", "hours", "quantities", "silences"
    )?;
    let share = |share: Share| format!("{}/{}", share.known, share.all);
    for (id, device) in shown {
        let [links, operations, hours, quantities, silences] =
            [device.links, device.operations, device.hours, device.quantities, device.silences].map(share);
        writeln!(
            out,
            "  {id:width$}  {:>4}  {links:>9}  {operations:>10}  {hours:>9}  {quantities:>10}  {silences:>9}",
            device.days
        )?;
    }
    if least.len() > shown.len() {
        writeln!(out, "  and {} more", grouped((least.len() - shown.len()) as u64))?;
    }
    Ok(())
}

/// What the thresholds would have done.
fn held_out(out: &mut String, trust: &Trust, days: usize) -> fmt::Result {
    writeln!(out, "\nOn each day, judged by the others")?;
    if days < 2 {
        return writeln!(out, "  one day cannot be judged by others: learn at least two, better {}", 2 * DAYS_MIN);
    }
    writeln!(out, "  {:24}  {:>9}  {:>13}  {:>9}", "", "new", "would deviate", "from")?;
    for HeldOut { kind, threshold, seen, beyond } in &trust.held_out {
        let (what, from) = match kind {
            Kind::New(Facet::Device) => ("device", String::new()),
            Kind::New(Facet::Link) => ("conversation", String::new()),
            Kind::New(Facet::Operation) => ("operation", String::new()),
            Kind::New(Facet::Shape) => ("size of what is not read", String::new()),
            Kind::New(Facet::Hour) => ("hour", String::new()),
            Kind::New(Facet::OperationHour) => ("hour of an operation", String::new()),
            Kind::New(Facet::ShapeHour) => ("hour of a size", String::new()),
            Kind::New(Facet::ServiceHour) => ("hour of a service", String::new()),
            Kind::Beyond(measure) => (measure_name(*measure), format!("{threshold:.1} times")),
        };
        let seen = seen.map(|seen| grouped(seen.into())).unwrap_or_default();
        writeln!(out, "  {what:24}  {seen:>9}  {:>13}  {from:>9}", grouped((*beyond).into()))?;
    }
    let all: u64 = trust.held_out.iter().map(|held_out| u64::from(held_out.beyond)).sum();
    writeln!(out, "  together {}; the budget allows for {:.1} in {}", grouped(all), trust.allowed, counted(days, "day"))
}

/// As much of a text as a line has room for.
fn short(text: &str) -> String {
    const ROOM: usize = 80;
    match text.char_indices().nth(ROOM) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What was kept out, and how it is accepted.
fn kept_out(out: &mut String, baseline: &Baseline, name: &str) -> fmt::Result {
    let all: Vec<&KeptOut> = baseline.front.still_kept_out().collect();
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nKept out, since alerts were raised while learning  {}", grouped(all.len() as u64))?;
    for kept in all.iter().take(KEPT_OUT_SHOWN) {
        let (device, peer) =
            (plain(&kept.device), if kept.peer.is_empty() { "unknown".into() } else { plain(&kept.peer) });
        let what = if kept.is_all_of_peer() {
            format!("all of {peer}, which met {device}")
        } else {
            format!("{device} with {peer}")
        };
        writeln!(
            out,
            "  {}  {}: {what}: {}",
            day(kept.day),
            plain(&kept.detection),
            short(&operation(&kept.observed))
        )?;
    }
    if all.len() > KEPT_OUT_SHOWN {
        writeln!(out, "  and {} more", grouped((all.len() - KEPT_OUT_SHOWN) as u64))?;
    }
    writeln!(out, "  If it is all right: wardtap baseline approve {name} --kept-out DEVICE --by WHO --reason TEXT")
}

fn approvals(out: &mut String, baseline: &Baseline) -> fmt::Result {
    let all = &baseline.front.approvals;
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nApprovals  {}", grouped(all.len() as u64))?;
    for approval in all.iter().rev().take(APPROVALS_SHOWN) {
        let accepted = &approval.accepted;
        let links = accepted.unmeasured.len() + accepted.links.len();
        let what = [
            counted(accepted.devices.len(), "device"),
            counted(links, "conversation"),
            format!("{} kept out", counted(accepted.kept_out.len(), "finding")),
        ];
        let counts = [accepted.devices.len(), links, accepted.kept_out.len()];
        let what = what.into_iter().zip(counts).filter(|(_, count)| *count > 0).map(|(what, _)| what);
        let what = what.collect::<Vec<_>>().join(", ");
        writeln!(out, "  {}  {}: {what}: {}", time(approval.time), plain(&approval.by), plain(&approval.reason))?;
    }
    if all.len() > APPROVALS_SHOWN {
        writeln!(out, "  and {} earlier", grouped((all.len() - APPROVALS_SHOWN) as u64))?;
    }
    Ok(())
}
