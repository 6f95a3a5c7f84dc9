//! Alerts as wardtap's contract has them, as far as a naive detector knows what it says.

use anyhow::Result;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::packets::Seen;
use crate::clock::{HOUR, Time};
use crate::tap::write_line;

/// How long an alert is quiet before it ends.
const QUIET: Duration = HOUR;

/// What is to be told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding<'a> {
    /// The same detection and subject within an hour are the same alert.
    pub(super) subject: &'a str,
    /// Which detection.
    pub(super) detection: &'static str,
    /// Which severity.
    pub(super) severity: &'static str,
    /// The device at risk.
    pub(super) device: Ipv4Addr,
    /// Who did it.
    pub(super) peer: Option<Ipv4Addr>,
    /// Since when.
    pub(super) first: Time,
    /// Until when.
    pub(super) last: Time,
}

struct Open {
    event: Value,
    last: Time,
    count: u64,
}

/// Writes events.
pub(super) struct Events {
    to: Option<Box<dyn Write>>,
    wanted: bool,
    open: BTreeMap<String, Open>,
    raised: u64,
}

impl Events {
    /// Events to a file; `wanted` is whether alerts are among them.
    pub(super) fn new(to: Option<Box<dyn Write>>, wanted: bool) -> Self {
        Self { to, wanted, open: BTreeMap::new(), raised: 0 }
    }

    /// Tells a finding: a new alert, or once more of one that is open.
    pub(super) fn tell(&mut self, finding: &Finding<'_>) -> Result<()> {
        let key = format!("{} {}", finding.detection, finding.subject);
        if let Some(open) = self.open.get_mut(&key) {
            if finding.first.since(open.last) < QUIET {
                open.last = finding.last;
                open.count += 1;
                return Ok(());
            }
            if let Some(open) = self.open.remove(&key) {
                self.close(open)?;
            }
        }
        self.raised += 1;
        let Finding { detection, severity, device, peer, first, last, .. } = finding;
        let host = |ip: &Ipv4Addr| json!({ "id": format!("ip:{ip}"), "ip": ip.to_string() });
        let mut event = json!({
            "schema": "wardtap/1",
            "type": "alert",
            "time": last.rfc3339(),
            "device": host(device),
            "alert": {
                "id": format!("{key} {}", first.0),
                "revision": 1,
                "state": "new",
                "detection": detection,
                "severity": severity,
                "first_seen": first.rfc3339(),
                "last_seen": last.rfc3339(),
                "count": 1,
                "attack": [],
            },
        });
        if let Some(peer) = peer {
            event["peer"] = host(peer);
        }
        self.write(&event)?;
        self.open.insert(key, Open { event, last: *last, count: 1 });
        Ok(())
    }

    fn close(&mut self, open: Open) -> Result<()> {
        let Open { mut event, last, count } = open;
        let time = last.rfc3339();
        event["time"] = json!(time);
        event["alert"]["last_seen"] = json!(time);
        event["alert"]["count"] = json!(count);
        event["alert"]["revision"] = json!(2);
        event["alert"]["state"] = json!("closed");
        self.write(&event)
    }

    fn write(&mut self, event: &Value) -> Result<()> {
        if let Some(to) = self.to.as_mut().filter(|_| self.wanted) {
            write_line(to, event)?;
        }
        Ok(())
    }

    /// Closes all alerts and writes the last line; gives how many alerts there were.
    pub(super) fn finish(mut self, seen: &Seen) -> Result<u64> {
        for open in std::mem::take(&mut self.open).into_values() {
            self.close(open)?;
        }
        let Seen { packets, bytes, last, .. } = seen;
        let stats = json!({
            "schema": "wardtap/1",
            "type": "stats",
            "time": last.rfc3339(),
            "stats": { "packets": packets, "bytes": bytes },
        });
        self.wanted = true;
        self.write(&stats)?;
        if let Some(to) = &mut self.to {
            to.flush()?;
        }
        Ok(self.raised)
    }
}
