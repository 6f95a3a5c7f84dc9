//! The summary of a replay: what a person wants to know first, on one screen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use wardtap_behaviour::device::Device;
use wardtap_behaviour::suppression::Why;
use wardtap_dissect::PROTOCOLS;
use wardtap_net::address::Address;
use wardtap_net::packet::NANOS_PER_SECOND;

use crate::event::{AlertEvent, DeviceBody, Known, roles};
use crate::inventory::{InventoryDevice, Kind};
use crate::metrics::Responses;
use crate::statistics::{InputBody, Statistics};

/// What a summary is made of.
pub struct Summarised<'a> {
    /// The counts.
    pub statistics: &'a Statistics,
    /// Messages by protocol and kind.
    pub kinds: &'a [Vec<u64>],
    /// Response times by protocol.
    pub responses: &'a [Responses],
    /// The devices.
    pub known: Known<'a>,
    /// The incidents, as last told.
    pub incidents: &'a [ToldIncident],
    /// How many there were.
    pub incidents_total: u64,
    /// The alerts, as last told.
    pub alerts: &'a [AlertEvent],
    /// How many were raised.
    pub raised: u64,
    /// The inventory, where one is made.
    pub inventory: Option<&'a [InventoryDevice]>,
}

/// What a summary shows of an incident.
pub struct ToldIncident {
    /// Its id.
    pub id: String,
    /// How bad it is.
    pub severity: &'static str,
    /// How many alerts it has.
    pub alerts: u64,
    /// Its paragraph.
    pub summary: String,
}

/// Captures listed; the rest is counted.
const CAPTURES_SHOWN: usize = 10;
/// Devices listed; the rest is counted.
const DEVICES_SHOWN: usize = 20;
/// Devices listed that expose most.
const EXPOSED_SHOWN: usize = 5;
/// Kinds of message listed per protocol.
const KINDS_SHOWN: usize = 12;
/// Incidents listed.
const INCIDENTS_SHOWN: usize = 10;
/// Columns of the lines of a paragraph.
const COLUMNS: usize = 120;
/// Alerts listed.
const ALERTS_SHOWN: usize = 20;

/// Writes the summary.
#[must_use]
pub fn write(all: &Summarised<'_>) -> String {
    let mut text = String::new();
    match sections(&mut text, all) {
        Ok(()) => text,
        Err(std::fmt::Error) => unreachable!("writing to a string does not fail"),
    }
}

fn sections(out: &mut String, all: &Summarised<'_>) -> std::fmt::Result {
    capture(out, all.statistics)?;
    devices(out, all.known)?;
    all.inventory.map_or(Ok(()), |inventory| exposure(out, inventory))?;
    messages(out, all)?;
    anomalies(out, all.statistics)?;
    incidents(out, all)?;
    alerts(out, all)?;
    damage(out, all.statistics)
}

fn heading(out: &mut String, title: &str) -> std::fmt::Result {
    writeln!(out, "\n{title}")
}

fn capture(out: &mut String, statistics: &Statistics) -> std::fmt::Result {
    writeln!(out, "Capture")?;
    captures(out, &statistics.inputs)?;
    let undecoded: u64 = statistics.undecoded.values().sum();
    let looked_at = statistics.packets.saturating_sub(statistics.filtered);
    writeln!(out, "  decoded {} of {} packets", grouped(looked_at.saturating_sub(undecoded)), grouped(looked_at))?;
    if statistics.filtered > 0 {
        writeln!(out, "  left out by filter or time: {}", grouped(statistics.filtered))?;
    }
    for (reason, count) in &statistics.undecoded {
        writeln!(out, "    not decoded: {} {reason}", grouped(*count))?;
    }
    let streams = &statistics.streams;
    write!(out, "  {} conversation{}", grouped(streams.seen), if streams.seen == 1 { "" } else { "s" })?;
    for (count, what) in [(streams.one_sided, "heard from one end only"), (streams.with_gaps, "with bytes missing")] {
        if count > 0 {
            write!(out, ", {} {what}", grouped(count))?;
        }
    }
    writeln!(out)
}

/// A line for each capture, up to a screen's part, and the time that all of them span.
fn captures(out: &mut String, inputs: &[InputBody]) -> std::fmt::Result {
    let shown = inputs.get(..CAPTURES_SHOWN).unwrap_or(inputs);
    let width = shown.iter().map(|input| input.capture.chars().count()).max().unwrap_or(0);
    for input in shown {
        writeln!(out, "  {:width$}  {} packets, {}", input.capture, grouped(input.packets), octets(input.bytes))?;
    }
    if inputs.len() > shown.len() {
        writeln!(out, "  and {} more (--events FILE lists all)", grouped((inputs.len() - shown.len()) as u64))?;
    }
    if inputs.len() > 1 {
        let (packets, bytes) = inputs.iter().fold((0, 0), |(p, b), input| (p + input.packets, b + input.bytes));
        writeln!(out, "  together  {} packets, {}", grouped(packets), octets(bytes))?;
    }
    // All are written with as many digits: the order of the texts is that of the times.
    let first = inputs.iter().filter_map(|input| input.first.as_deref()).min();
    let last = inputs.iter().filter_map(|input| input.last.as_deref()).max();
    if let (Some(first), Some(last)) = (first, last) {
        writeln!(out, "    from {} to {}", short(first), short(last))?;
    }
    Ok(())
}

fn devices(out: &mut String, known: Known<'_>) -> std::fmt::Result {
    let heard = known.devices.iter().filter(|(_, device)| device.is_heard());
    let mut all: Vec<(Address, &Device)> =
        heard.filter_map(|(id, device)| Some((known.devices.address_of(id)?, device))).collect();
    heading(out, &format!("Devices  {}", grouped(all.len() as u64)))?;
    // Those that speak what a hospital cares for come first.
    let order = |(address, device): &(Address, &Device)| (device.roles().next().is_none(), *address);
    if all.len() > DEVICES_SHOWN {
        all.select_nth_unstable_by_key(DEVICES_SHOWN, order);
    }
    let listed = all.len().min(DEVICES_SHOWN);
    let (shown, _) = all.split_at_mut(listed);
    shown.sort_unstable_by_key(order);
    let width = shown.iter().map(|(address, _)| address.to_string().len()).max().unwrap_or(0);
    for (address, device) in shown.iter() {
        let roles = roles(device);
        let roles = if roles.is_empty() { "-".to_owned() } else { roles.join(", ") };
        let mac = device.mac.map(|mac| format!("  {mac}")).unwrap_or_default();
        let vlan = device.vlan.map(|vlan| format!("  VLAN {vlan}")).unwrap_or_default();
        let said = said(&known.body(*address));
        let address = address.to_string();
        writeln!(out, "  {address:width$}  {roles}{mac}{vlan}")?;
        if !said.is_empty() {
            writeln!(out, "  {:width$}  {said}", "")?;
        }
    }
    if all.len() > DEVICES_SHOWN {
        writeln!(out, "  and {} more (--events FILE lists all)", grouped((all.len() - DEVICES_SHOWN) as u64))?;
    }
    Ok(())
}

/// What the devices of the site expose: how many of each kind, and those that it is worst of. At most ten lines.
fn exposure(out: &mut String, inventory: &[InventoryDevice]) -> std::fmt::Result {
    let exposed = |device: &&InventoryDevice| !device.outside && !device.exposure.is_empty();
    let mut worst: Vec<&InventoryDevice> = inventory.iter().filter(exposed).collect();
    let plural = if worst.len() == 1 { "" } else { "s" };
    heading(out, &format!("Exposure  {} device{plural}", grouped(worst.len() as u64)))?;
    let kinds_of = |device: &InventoryDevice| -> BTreeSet<Kind> { device.exposure.iter().map(|of| of.kind).collect() };
    let mut kinds: BTreeMap<Kind, u64> = BTreeMap::new();
    worst.iter().flat_map(|device| kinds_of(device)).for_each(|kind| *kinds.entry(kind).or_default() += 1);
    let counts = kinds.iter().map(|(kind, count)| format!("{} {}", grouped(*count), kind.name()));
    if !kinds.is_empty() {
        wrapped(out, &counts.collect::<Vec<_>>().join(", "))?;
    }
    let weight = |device: &InventoryDevice| kinds_of(device).into_iter().map(Kind::weight).sum::<u32>();
    worst.sort_by_key(|device| std::cmp::Reverse(weight(device)));
    for device in worst.iter().take(EXPOSED_SHOWN) {
        let kinds = kinds_of(device).into_iter().map(Kind::name).collect::<Vec<_>>().join(", ");
        let name = device.device.name.as_deref().map_or(String::new(), |name| format!("{name}, "));
        writeln!(out, "  {name}{}  {kinds}", device.device.ip)?;
    }
    if worst.len() > EXPOSED_SHOWN {
        writeln!(out, "  and {} more (in the inventory)", grouped((worst.len() - EXPOSED_SHOWN) as u64))?;
    }
    Ok(())
}

/// What the assets file says of a device, in a line.
fn said(device: &DeviceBody) -> String {
    let maker = [&device.vendor, &device.model].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    let maker = Some(maker).filter(|maker| !maker.is_empty());
    let class = device.class.map(ToOwned::to_owned);
    let parts = [device.name.clone(), class, maker, device.function.clone(), device.location.clone()];
    let criticality = device.criticality.map(|criticality| format!("criticality {criticality}"));
    parts.into_iter().flatten().chain(criticality).collect::<Vec<_>>().join(", ")
}

fn messages(out: &mut String, all: &Summarised<'_>) -> std::fmt::Result {
    let total: u64 = all.kinds.iter().flatten().sum();
    heading(out, &format!("Messages  {}", grouped(total)))?;
    for (protocol, (kinds, responses)) in PROTOCOLS.iter().zip(all.kinds.iter().zip(all.responses)) {
        let sum: u64 = kinds.iter().sum();
        if sum == 0 {
            continue;
        }
        write!(out, "  {}  {}", protocol.title, grouped(sum))?;
        if !responses.is_empty() {
            let at = |quantile: f64| duration(responses.value_at_quantile(quantile));
            write!(out, "   answered in {} (p50), {} (p99)", at(0.5), at(0.99))?;
        }
        writeln!(out)?;
        let mut counted: Vec<(&str, u64)> =
            protocol.kinds.iter().copied().zip(kinds.iter().copied()).filter(|(_, count)| *count > 0).collect();
        counted.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let width = counted.iter().take(KINDS_SHOWN).map(|(kind, _)| kind.len()).max().unwrap_or(0);
        for (kind, count) in counted.iter().take(KINDS_SHOWN) {
            writeln!(out, "    {kind:width$}  {:>12}", grouped(*count))?;
        }
        if counted.len() > KINDS_SHOWN {
            writeln!(out, "    and {} more kinds", counted.len() - KINDS_SHOWN)?;
        }
    }
    Ok(())
}

fn anomalies(out: &mut String, statistics: &Statistics) -> std::fmt::Result {
    let transport = &statistics.transport;
    let below = [
        ("packets copied by the mirror", transport.duplicates),
        ("TCP segments sent again", transport.retransmissions),
        ("TCP segments sent again with other bytes", transport.conflicts),
        ("TCP segments out of order", transport.out_of_order),
        ("TCP segments from outside of any window", transport.out_of_window),
        ("places where bytes of a stream are missing", transport.gaps),
        ("TCP or UDP headers unreadable", transport.bad_headers),
        ("fragments overlapping others", transport.overlapping_fragments),
        ("wrong checksums (accepted)", transport.bad_checksums),
        ("records without a time", transport.untimed),
        ("records with a time before the last one's", transport.time_went_back),
    ];
    let evicted =
        statistics.evicted.iter().map(|(table, &count)| (format!("given up for want of room: {table}"), count));
    let malformed = statistics.malformed.iter().flat_map(|(protocol, reasons)| {
        reasons.iter().map(move |(reason, &count)| (format!("{protocol}: {reason}"), count))
    });
    let lines: Vec<(String, u64)> = below
        .into_iter()
        .map(|(what, count)| (what.to_owned(), count))
        .chain(malformed)
        .chain(evicted)
        .filter(|(_, count)| *count > 0)
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    heading(out, "Anomalies")?;
    let width = lines.iter().map(|(what, _)| what.len()).max().unwrap_or(0);
    for (what, count) in lines {
        writeln!(out, "  {what:width$}  {:>12}", grouped(count))?;
    }
    Ok(())
}

fn incidents(out: &mut String, all: &Summarised<'_>) -> std::fmt::Result {
    heading(out, &format!("Incidents  {}", grouped(all.incidents_total)))?;
    if all.incidents_total == 0 {
        writeln!(out, "  none")?;
    }
    for incident in all.incidents.iter().take(INCIDENTS_SHOWN) {
        let ToldIncident { id, severity, alerts, summary } = incident;
        let plural = if *alerts == 1 { "" } else { "s" };
        writeln!(out, "  {}  {} alert{plural}, incident {id}", severity.to_uppercase(), grouped(*alerts))?;
        wrapped(out, summary)?;
    }
    // Not all are kept for the summary.
    let more = all.incidents_total.saturating_sub(all.incidents.len().min(INCIDENTS_SHOWN) as u64);
    if more > 0 {
        writeln!(out, "  and {} more (--events FILE lists all)", grouped(more))?;
    }
    Ok(())
}

/// A paragraph in lines that a screen holds.
fn wrapped(out: &mut String, paragraph: &str) -> std::fmt::Result {
    const INDENT: &str = "    ";
    let mut line = String::new();
    for word in paragraph.split_whitespace() {
        if !line.is_empty() && INDENT.len() + line.chars().count() + 1 + word.chars().count() > COLUMNS {
            writeln!(out, "{INDENT}{line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(out, "{INDENT}{line}")
}

fn alerts(out: &mut String, all: &Summarised<'_>) -> std::fmt::Result {
    heading(out, &format!("Alerts  {}", grouped(all.raised)))?;
    if all.raised == 0 {
        writeln!(out, "  none")?;
    }
    for event in all.alerts.iter().take(ALERTS_SHOWN) {
        let alert = &event.alert;
        writeln!(out, "  {}  {}", alert.severity.to_uppercase(), alert.title)?;
        writeln!(out, "    {}", alert.explanation)?;
        writeln!(out, "    observed  {}", alert.observed)?;
        let at_risk = event.device.name.as_deref().map_or(String::new(), |name| format!("{name}, "));
        let place = alert.clinical.location.as_deref().map_or(String::new(), |location| format!(", {location}"));
        writeln!(out, "    at risk   {at_risk}{} ({}{place})", event.device.ip, alert.clinical.function)?;
        writeln!(out, "    means     {}", alert.clinical.impact)?;
        writeln!(out, "    do        {}", alert.clinical.response)?;
        if let Some(workaround) = &alert.clinical.workaround {
            writeln!(out, "    without   {workaround}")?;
        }
        if let Some(frame) = alert.evidence.frames.first() {
            writeln!(out, "    evidence  {} frame {}, alert {}", frame.capture, frame.frame, alert.id)?;
        }
    }
    for (why, said) in [
        (Why::Configuration, "suppressed by the configuration"),
        (Why::Maintenance, "during announced work, which it looks like"),
        (Why::OutOfService, "silences of devices that are not in service"),
    ] {
        let suppressed = all.statistics.alerts_suppressed.values().filter_map(|counts| counts.get(why.name()));
        let suppressed: u64 = suppressed.sum();
        if suppressed > 0 {
            writeln!(out, "  and {} {said}", grouped(suppressed))?;
        }
    }
    // Not all that were raised are kept for the summary.
    let more = all.raised.saturating_sub(all.alerts.len().min(ALERTS_SHOWN) as u64);
    if more > 0 {
        writeln!(out, "  and {} more (--events FILE lists all)", grouped(more))?;
    }
    Ok(())
}

fn damage(out: &mut String, statistics: &Statistics) -> std::fmt::Result {
    if statistics.damage.is_empty() {
        return Ok(());
    }
    heading(out, "Damage  everything before it was processed")?;
    for damage in &statistics.damage {
        writeln!(out, "  {}: at byte {}: {}", damage.capture, grouped(damage.offset), damage.reason)?;
    }
    Ok(())
}

/// 1234567 as 1,234,567.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Octets in a unit that suits them.
#[must_use]
pub fn octets(bytes: u64) -> String {
    for (unit, size) in [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] {
        if bytes as f64 >= size {
            return format!("{:.1} {unit}", bytes as f64 / size);
        }
    }
    format!("{bytes} bytes")
}

fn duration(nanos: u64) -> String {
    let seconds = nanos as f64 / NANOS_PER_SECOND as f64;
    if seconds < 0.001 {
        format!("{:.0} µs", seconds * 1e6)
    } else if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{seconds:.1} s")
    }
}

/// A time without its fraction of a second.
fn short(time: &str) -> String {
    time.get(..19).map_or_else(|| time.to_owned(), |short| format!("{}Z", short.replace('T', " ")))
}
