//! The judge's stage: bundles merged by sequence, judged, and written out as events.

use std::cmp::Reverse;
use std::io::{self, Write};

use serde::Serialize;
use wardtap_behaviour::alert::{Alert, Severity, State};
use wardtap_behaviour::incident::Incident;
use wardtap_behaviour::judge::{DeviceNews, Judge, Verdict};
use wardtap_behaviour::observation::Observation;
use wardtap_behaviour::sensor::Trouble;
use wardtap_behaviour::site::Site;
use wardtap_export::event::{AlertEvent, DeviceEvent, IncidentEvent, Known};
use wardtap_export::inventory::Concluded;
use wardtap_export::summary::ToldIncident;
use wardtap_net::packet::Timestamp;

use crate::batch::{Batch, Bundle, Key, Last, Tick};
use crate::knowledge::Knowledge;
use crate::worker::Counted;

/// Which event types are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventTypes {
    pub alert: bool,
    pub incident: bool,
    pub device: bool,
    pub message: bool,
    pub flow: bool,
}

/// Where events go; nowhere when none were asked for.
pub struct Events {
    pub to: Option<Box<dyn Write + Send>>,
    pub types: EventTypes,
}

impl Events {
    /// Writes one event.
    pub fn write(&mut self, event: &impl Serialize) -> io::Result<()> {
        let Some(to) = &mut self.to else { return Ok(()) };
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        to.write_all(&line)
    }

    fn lines(&mut self, lines: &[u8]) -> io::Result<()> {
        match &mut self.to {
            Some(to) if !lines.is_empty() => to.write_all(lines),
            _ => Ok(()),
        }
    }
}

/// Judges what the workers found, and writes the events.
pub struct Judgement {
    pub judge: Judge,
    pub events: Events,
    captures: Vec<String>,
    /// By whose clocks incidents are told.
    site: Site,
    /// The incidents as last told, for the summary, in the order in which they began.
    incidents: Vec<(Severity, ToldIncident)>,
    /// How many proved to be part of another.
    merged: u64,
    /// The alerts as last told, for the summary, in the order in which they were raised.
    alerts: Vec<(Severity, AlertEvent)>,
    kept: Kept,
    /// The worst alert so far.
    pub worst: Option<Severity>,
    told: Vec<Told>,
    /// What is concluded of devices, where an inventory is made.
    concluded: Concluded,
    /// Called behind each batch, in a live run.
    pub after: Option<After>,
}

/// What else is to be done behind a batch: with what the workers have counted, where they were asked.
pub type After = Box<dyn FnMut(&mut Judgement, &Batch, Vec<Counted>) -> io::Result<()> + Send>;

/// What is to be written: decided by the judge, written once the judge is not borrowed any more.
enum Told {
    Device(DeviceNews),
    Alert(Box<Alert>),
    Incident(Box<Incident>),
}

/// How many are kept for the summary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    pub alerts: usize,
    pub incidents: usize,
}

/// The most alerts that the summary can choose from; all are in the events.
pub const SUMMARY_ALERTS_MAX: usize = 1000;
/// The most incidents that the summary can choose from; all are in the events.
pub const SUMMARY_INCIDENTS_MAX: usize = 100;

impl Judgement {
    /// Judges, and tells incidents by the clocks of the site.
    pub fn new(events: Events, captures: Vec<String>, judge: Judge, site: Site, kept: Kept) -> Self {
        let (incidents, alerts, told) = (Vec::new(), Vec::new(), Vec::new());
        let concluded = Concluded::default();
        Self {
            judge,
            events,
            captures,
            site,
            incidents,
            merged: 0,
            alerts,
            kept,
            worst: None,
            told,
            concluded,
            after: None,
        }
    }

    /// Takes what all workers found in a batch.
    pub fn take(&mut self, batch: &Batch, bundles: &mut [Bundle]) -> io::Result<()> {
        let mut observations: Vec<(Key, Observation)> = Vec::new();
        for bundle in bundles.iter_mut() {
            observations.append(&mut bundle.observations);
        }
        if bundles.len() > 1 {
            observations.sort_by_key(|(key, _)| *key);
        }
        let mut written = vec![Written::default(); bundles.len()];
        let mut ticks =
            batch.ticks.iter().map(|tick| (Key::tick(batch.first + tick.before as u64, 0).after_shards(), *tick));
        let mut tick = ticks.next();
        for (key, observation) in &observations {
            while let Some((at, next)) = tick.filter(|(at, _)| at < key) {
                self.lines_before(bundles, &mut written, at)?;
                self.tick(next)?;
                tick = ticks.next();
            }
            self.lines_before(bundles, &mut written, *key)?;
            let told = &mut self.told;
            self.judge.observe(observation, &mut |verdict| told.push(verdict.into()));
            self.tell()?;
        }
        while let Some((at, next)) = tick {
            self.lines_before(bundles, &mut written, at)?;
            self.tick(next)?;
            tick = ticks.next();
        }
        self.lines_before(bundles, &mut written, Key::record(u64::MAX / 2 - 1, u8::MAX))?;
        if batch.last.is_some_and(Last::is_all) {
            let told = &mut self.told;
            self.judge.finish(&mut |verdict| told.push(verdict.into()));
            self.tell()?;
        }
        let Some(mut after) = self.after.take() else { return Ok(()) };
        let counted = bundles.iter_mut().filter_map(|bundle| bundle.counted.take().map(|counted| *counted)).collect();
        let done = after(self, batch, counted);
        self.after = Some(after);
        done
    }

    /// Goes by other knowledge from here on. With a baseline that is the one before, what was compared with it goes on.
    pub fn inform(&mut self, knowledge: Knowledge, keeps_baseline: bool) {
        let Knowledge { assets, suppressions, behaviour, site, .. } = knowledge;
        self.judge = std::mem::take(&mut self.judge).informed(assets, suppressions.all());
        if keeps_baseline {
            return;
        }
        self.site = site;
        match behaviour {
            Some(behaviour) => self.judge.with_behaviour(behaviour),
            None => *self.judge.behaviour() = None,
        }
    }

    /// Something keeps the sensor from its work.
    pub fn sensor(&mut self, trouble: &Trouble) -> io::Result<()> {
        let told = &mut self.told;
        self.judge.sensor(trouble, &mut |verdict| told.push(verdict.into()));
        self.tell()
    }

    fn tick(&mut self, Tick { now, unwatched, .. }: Tick) -> io::Result<()> {
        if let Some(since) = unwatched {
            self.judge.unwatched(since, now);
        }
        let told = &mut self.told;
        self.judge.tick(now, &mut |verdict| told.push(verdict.into()));
        self.tell()?;
        self.conclude(now)
    }

    /// Looks now and then at what is concluded of devices.
    fn conclude(&mut self, now: Timestamp) -> io::Result<()> {
        let Some(inventory) = self.judge.inventory() else { return Ok(()) };
        if !self.concluded.is_due(now) {
            return Ok(());
        }
        let mut concluded = std::mem::take(&mut self.concluded);
        let news = concluded.look(inventory, self.known(), &self.captures, now);
        self.concluded = concluded;
        for concerns in news {
            if self.events.types.device {
                let event = DeviceEvent::concluded(concerns, now, self.known());
                self.events.write(&event)?;
            }
        }
        Ok(())
    }

    /// Writes the workers' own lines that stand before `key`, in sequence.
    fn lines_before(&mut self, bundles: &[Bundle], written: &mut [Written], key: Key) -> io::Result<()> {
        if let ([bundle], [written]) = (bundles, &mut *written) {
            // One worker: its lines are in sequence, and go out in one piece.
            let from = written.bytes;
            while let Some((_, end)) = bundle.line_ends.get(written.runs).filter(|(at, _)| *at < key) {
                written.bytes = *end;
                written.runs += 1;
            }
            return self.events.lines(bundle.lines.get(from..written.bytes).unwrap_or_default());
        }
        loop {
            let next = bundles
                .iter()
                .zip(written.iter())
                .enumerate()
                .filter_map(|(worker, (bundle, written))| Some((bundle.line_ends.get(written.runs)?.0, worker)))
                .min();
            let Some((at, worker)) = next else { return Ok(()) };
            if at >= key {
                return Ok(());
            }
            let (Some(bundle), Some(written)) = (bundles.get(worker), written.get_mut(worker)) else { return Ok(()) };
            let end = bundle.line_ends.get(written.runs).map_or(written.bytes, |(_, end)| *end);
            self.events.lines(bundle.lines.get(written.bytes..end).unwrap_or_default())?;
            *written = Written { runs: written.runs + 1, bytes: end };
        }
    }

    /// The alerts as last told, for the summary: the worst first, of equal ones the first raised.
    pub fn take_alerts(&mut self) -> Vec<AlertEvent> {
        let mut alerts = std::mem::take(&mut self.alerts);
        alerts.sort_by_key(|(severity, _)| Reverse(*severity));
        alerts.into_iter().map(|(_, event)| event).collect()
    }

    /// The incidents as last told, for the summary: the worst first, of equal ones the first begun.
    pub fn take_incidents(&mut self) -> Vec<ToldIncident> {
        let mut incidents = std::mem::take(&mut self.incidents);
        incidents.sort_by_key(|(severity, _)| Reverse(*severity));
        incidents.into_iter().map(|(_, told)| told).collect()
    }

    /// How many incidents there were; those that proved to be one are one.
    pub fn incidents_total(&self) -> u64 {
        self.judge.incidents().raised().iter().sum::<u64>().saturating_sub(self.merged)
    }

    /// All that is known of devices.
    pub fn known(&self) -> Known<'_> {
        Known {
            devices: self.judge.devices(),
            words: self.judge.words(),
            concluded: &self.concluded,
            assets: self.judge.assets(),
        }
    }

    /// Keeps an incident as last told, for the summary; what proved to be part of another is told there.
    fn keep_incident(&mut self, incident: &Incident, event: IncidentEvent) {
        if incident.merged_into.is_some() {
            self.merged += 1;
            self.incidents.retain(|(_, told)| told.id != incident.id);
            return;
        }
        let told = ToldIncident {
            id: event.incident.id,
            severity: incident.severity.name(),
            alerts: incident.alerts.len() as u64,
            summary: event.incident.summary,
        };
        keep(&mut self.incidents, self.kept.incidents, (incident.severity, told), |it| &it.id);
    }

    fn tell(&mut self) -> io::Result<()> {
        for told in std::mem::take(&mut self.told) {
            match told {
                Told::Device(news) if self.events.types.device => {
                    let event = DeviceEvent::new(&news, self.known(), &self.captures);
                    self.events.write(&event)?;
                }
                Told::Device(_) => {}
                Told::Alert(alert) => {
                    let event = AlertEvent::new(&alert, self.known(), &self.captures);
                    if self.events.types.alert {
                        self.events.write(&event)?;
                    }
                    if alert.state == State::New {
                        self.worst = self.worst.max(Some(alert.deviation.severity));
                    }
                    keep(&mut self.alerts, self.kept.alerts, (alert.deviation.severity, event), |it| &it.alert.id);
                }
                Told::Incident(incident) if self.events.types.incident || self.kept.incidents > 0 => {
                    let event = IncidentEvent::new(&incident, self.known(), &self.site);
                    if self.events.types.incident {
                        self.events.write(&event)?;
                    }
                    self.keep_incident(&incident, event);
                }
                Told::Incident(_) => {}
            }
        }
        Ok(())
    }
}

/// Keeps something as last told, for the summary. Where there are too many, the latest of the least bad goes.
fn keep<T>(all: &mut Vec<(Severity, T)>, most: usize, told: (Severity, T), id: impl Fn(&T) -> &String) {
    if let Some(known) = all.iter_mut().find(|(_, known)| id(known) == id(&told.1)) {
        *known = told;
        return;
    }
    all.push(told);
    if all.len() > most
        && let Some((place, _)) = all.iter().enumerate().rev().min_by_key(|(_, (severity, _))| *severity)
    {
        all.remove(place);
    }
}

impl From<Verdict> for Told {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Device(device) => Self::Device(device),
            Verdict::Alert(alert) => Self::Alert(alert),
            Verdict::Incident(incident) => Self::Incident(incident),
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Written {
    runs: usize,
    bytes: usize,
}
