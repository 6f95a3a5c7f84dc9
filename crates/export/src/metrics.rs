//! The metrics, in Prometheus' text exposition format 0.0.4.
//!
//! Counts are plain numbers in the workers; here they become metrics once, when they are asked for. No label has more
//! values than a closed list in the code: no address, title or name ever becomes one.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{self, MetricFamily, MetricType};
use prometheus::{Encoder, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};
use wardtap_behaviour::alert::Severity;
use wardtap_behaviour::class::Class;
use wardtap_behaviour::detections::DETECTIONS;
use wardtap_behaviour::suppression::Why;
use wardtap_dissect::PROTOCOLS;
use wardtap_net::packet::NANOS_PER_SECOND;
use wardtap_net::peel::Undecoded;

use crate::statistics::Statistics;

/// Response times: nanoseconds up to an hour, two significant figures.
pub type Responses = Histogram<u32>;

/// Upper bounds of the exported buckets, in nanoseconds: 1-2.5-5 from 100 µs to 100 s.
const BOUNDS: [u64; 19] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
    25_000_000_000,
    50_000_000_000,
    100_000_000_000,
];

/// Longest response time told apart.
const RESPONSE_NANOS_MAX: u64 = 3600 * NANOS_PER_SECOND;

/// An empty histogram of response times.
#[must_use]
pub fn responses() -> Responses {
    // From 1 µs: finer differences are the capture's, not the peer's.
    Histogram::new_with_bounds(1_000, RESPONSE_NANOS_MAX, 2).unwrap_or_else(|_| unreachable!("constant bounds"))
}

/// Everything that metrics are made of.
pub struct Measured<'a> {
    /// The counts.
    pub statistics: &'a Statistics,
    /// Messages by protocol (in the order of [`PROTOCOLS`]) and kind.
    pub kinds: &'a [Vec<u64>],
    /// Response times by protocol.
    pub responses: &'a [Responses],
    /// The sum of response times by protocol, in nanoseconds.
    pub response_sums: &'a [u64],
    /// Alerts raised, by detection and severity.
    pub alerts: Vec<(&'static str, [u64; 5])>,
    /// Incidents that are open, by severity.
    pub incidents_open: [u64; 5],
    /// Incidents that began, by severity.
    pub incidents: [u64; 5],
    /// Devices by class.
    pub classes: BTreeMap<Class, u64>,
    /// When devices of the assets file or the baseline were last heard, in seconds since 1970, by id.
    pub last_seen: Vec<(String, u32)>,
    /// Of the build.
    pub version: &'static str,
    /// Of the build.
    pub revision: &'static str,
}

/// Renders all metrics.
///
/// # Errors
/// When a metric is registered twice: a defect.
pub fn render(measured: &Measured<'_>) -> prometheus::Result<Vec<u8>> {
    let registry = Registry::new();
    let counters = |name: &str, help: &str, labels: &[&str]| -> prometheus::Result<IntCounterVec> {
        let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
        registry.register(Box::new(counters.clone()))?;
        Ok(counters)
    };
    let gauges = |name: &str, help: &str, labels: &[&str]| -> prometheus::Result<IntGaugeVec> {
        let gauges = IntGaugeVec::new(Opts::new(name, help), labels)?;
        registry.register(Box::new(gauges.clone()))?;
        Ok(gauges)
    };
    let statistics = measured.statistics;
    let transport = &statistics.transport;
    for (name, help, value) in [
        ("wardtap_packets_total", "Packet records read.", statistics.packets),
        ("wardtap_bytes_total", "Octets captured in packet records read.", statistics.bytes),
        ("wardtap_filtered_packets_total", "Packets left out by --filter, --from or --to.", statistics.filtered),
        ("wardtap_streams_total", "Conversations seen.", statistics.streams.seen),
        ("wardtap_streams_one_sided_total", "Conversations heard from one end only.", statistics.streams.one_sided),
        ("wardtap_streams_with_gaps_total", "Conversations with bytes missing.", statistics.streams.with_gaps),
        (
            "wardtap_abandoned_streams_total",
            "Conversations read no further, since a mistake in wardtap itself showed on them.",
            statistics.streams.abandoned,
        ),
        ("wardtap_stream_gaps_total", "Places where bytes of a stream are missing.", transport.gaps),
        ("wardtap_stream_gap_bytes_total", "Bytes missing in streams.", transport.gap_bytes),
        (
            "wardtap_duplicate_packets_total",
            "Packets and IP fragments that the mirror had copied.",
            transport.duplicates,
        ),
        ("wardtap_tcp_retransmissions_total", "TCP segments sent again.", transport.retransmissions),
        ("wardtap_tcp_conflicts_total", "TCP segments sent again with other bytes.", transport.conflicts),
        ("wardtap_bad_checksums_total", "Packets with a wrong checksum, accepted.", transport.bad_checksums),
        (
            "wardtap_damaged_inputs_total",
            "Places where an input was damaged or cut short.",
            statistics.damage.len() as u64,
        ),
        ("wardtap_copied_bytes_total", "Octets copied on the way from capture to message.", statistics.copied_bytes),
    ] {
        counters(name, help, &[])?.with_label_values::<&str>(&[]).inc_by(value);
    }
    let dropped = counters("wardtap_packets_dropped_total", "Packets lost before they could be read.", &["stage"])?;
    for stage in ["interface", "ring", "pipeline"] {
        dropped.with_label_values(&[stage]).inc_by(statistics.dropped.get(stage).copied().unwrap_or(0));
    }
    let undecoded =
        counters("wardtap_undecoded_packets_total", "Packets in which no IP packet was found.", &["reason"])?;
    for reason in Undecoded::ALL.iter().map(|reason| reason.name()).chain(["arp"]) {
        undecoded.with_label_values(&[reason]).inc_by(statistics.undecoded.get(reason).copied().unwrap_or(0));
    }
    let messages = counters("wardtap_messages_total", "Application messages.", &["protocol", "kind"])?;
    let malformed =
        counters("wardtap_malformed_total", "What was wrong with application messages.", &["protocol", "reason"])?;
    for (protocol, kinds) in PROTOCOLS.iter().zip(measured.kinds) {
        for (kind, &count) in protocol.kinds.iter().zip(kinds) {
            messages.with_label_values(&[protocol.name, kind]).inc_by(count);
        }
        for reason in protocol.anomalies {
            let count = statistics.malformed.get(protocol.name).and_then(|reasons| reasons.get(*reason));
            malformed.with_label_values(&[protocol.name, reason]).inc_by(count.copied().unwrap_or(0));
        }
    }
    let alerts = counters("wardtap_alerts_total", "Alerts raised.", &["detection", "severity"])?;
    for about in DETECTIONS {
        let raised = measured.alerts.iter().find(|(name, _)| *name == about.name).map_or([0; 5], |(_, raised)| *raised);
        for (severity, count) in Severity::ALL.iter().zip(raised) {
            alerts.with_label_values(&[about.name, severity.name()]).inc_by(count);
        }
    }
    let suppressed = counters("wardtap_alerts_suppressed_total", "Alerts not told.", &["detection", "reason"])?;
    for about in DETECTIONS {
        let counts = statistics.alerts_suppressed.get(about.name);
        for why in Why::ALL {
            let count = counts.and_then(|counts| counts.get(why.name())).copied().unwrap_or(0);
            suppressed.with_label_values(&[about.name, why.name()]).inc_by(count);
        }
    }
    let open = gauges("wardtap_incidents_open", "Incidents that are open.", &["severity"])?;
    let incidents = counters("wardtap_incidents_total", "Incidents that began.", &["severity"])?;
    for (place, severity) in Severity::ALL.iter().enumerate() {
        open.with_label_values(&[severity.name()])
            .set(i64::try_from(measured.incidents_open[place]).unwrap_or(i64::MAX));
        incidents.with_label_values(&[severity.name()]).inc_by(measured.incidents[place]);
    }
    let evicted = counters("wardtap_evicted_total", "Entries given up for want of room.", &["table"])?;
    for (table, &count) in &statistics.evicted {
        evicted.with_label_values(&[table]).inc_by(count);
    }
    let devices = gauges("wardtap_devices", "Devices heard, by class.", &["class"])?;
    for class in Class::all() {
        let count = measured.classes.get(&class).copied().unwrap_or(0);
        devices.with_label_values(&[class.name()]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    let build =
        gauges("wardtap_build_info", "1, with the version and revision of this build.", &["version", "revision"])?;
    build.with_label_values(&[measured.version, measured.revision]).set(1);
    registry.register(Box::new(ResponseTimes::new(measured)?))?;
    let mut text = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut text)?;
    text.extend_from_slice(LAST_SEEN.as_bytes());
    for (device, seconds) in measured.last_seen.iter().take(LAST_SEEN_MAX) {
        let line = format!("wardtap_device_last_seen_timestamp_seconds{{device=\"{device}\"}} {seconds}\n");
        text.extend_from_slice(line.as_bytes());
    }
    Ok(text)
}

/// The most devices with a series of their own: a page of some 400 KB.
pub const LAST_SEEN_MAX: usize = 5000;

/// Only devices of an assets file or a baseline have a series, else an attacker could make any number of them. An id has
/// nothing that would have to be escaped.
const LAST_SEEN: &str = "\
# HELP wardtap_device_last_seen_timestamp_seconds When a device of the assets file or the baseline was last heard.
# TYPE wardtap_device_last_seen_timestamp_seconds gauge
";

/// Turns histograms of our own into one of Prometheus.
struct ResponseTimes {
    description: Desc,
    family: MetricFamily,
}

impl ResponseTimes {
    fn new(measured: &Measured<'_>) -> prometheus::Result<Self> {
        let (name, help) = ("wardtap_response_seconds", "Time from a request to its answer.");
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(MetricType::HISTOGRAM);
        let mut metrics = Vec::new();
        for (protocol, (histogram, &sum)) in PROTOCOLS.iter().zip(measured.responses.iter().zip(measured.response_sums))
        {
            let mut label = proto::LabelPair::default();
            label.set_name("protocol".to_owned());
            label.set_value(protocol.name.to_owned());
            let mut exported = proto::Histogram::default();
            exported.set_sample_count(histogram.len());
            exported.set_sample_sum(sum as f64 / NANOS_PER_SECOND as f64);
            let mut counted = 0;
            let mut values = histogram.iter_recorded().peekable();
            let buckets = BOUNDS.iter().map(|&bound| {
                while let Some(value) = values.next_if(|value| value.value_iterated_to() <= bound) {
                    counted += u64::from(value.count_at_value());
                }
                let mut bucket = proto::Bucket::default();
                bucket.set_upper_bound(bound as f64 / NANOS_PER_SECOND as f64);
                bucket.set_cumulative_count(counted);
                bucket
            });
            let buckets: Vec<_> = buckets.collect();
            exported.set_bucket(buckets);
            let mut metric = proto::Metric::default();
            metric.set_label(vec![label]);
            metric.set_histogram(exported);
            metrics.push(metric);
        }
        family.set_metric(metrics);
        let labels = vec!["protocol".to_owned()];
        Ok(Self { description: Desc::new(name.into(), help.into(), labels, Default::default())?, family })
    }
}

impl Collector for ResponseTimes {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.description]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        vec![self.family.clone()]
    }
}
