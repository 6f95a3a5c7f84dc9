#!/usr/bin/env python3
"""Writes dashboards/*.json. `--check` fails where they differ from what would be written.

A dashboard is a list of rows, a row a list of panels, and a panel a dozen words: what all of them share (units of time,
legends, colours, variables, links) stands here once. Grafana 10 or later reads the files.
"""
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "dashboards"

# Who looks at what: file, title, and what for.
DASHBOARDS = {}

SENSOR = 'instance=~"$instance"'
PROCESS = f'job="wardtap",{SENSOR}'
SOURCE = {"type": "prometheus", "uid": "${datasource}"}

SEVERITIES = {"critical": "dark-red", "high": "orange", "medium": "yellow", "low": "blue", "info": "text"}
GOOD, BAD = "green", "red"


def thresholds(*steps):
    """Colours from values on: thresholds("green", (0.001, "orange"), (0.05, "red"))."""
    first, *rest = steps
    return {"mode": "absolute", "steps": [{"color": first, "value": None}]
            + [{"color": colour, "value": value} for value, colour in rest]}


def coloured(names):
    """Overrides that give series of these names their colours."""
    return [{"matcher": {"id": "byName", "options": name},
             "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}]}
            for name, colour in names.items()]


def panel(kind, title, description, *queries, unit="short", width=12, height=8, steps=None, legend="",
          overrides=(), options=None, custom=None, mappings=(), decimals=None, minimum=None, maximum=None,
          instant=False, form="time_series", transformations=(), links=()):
    """One panel. A query is PromQL, or (PromQL, legend)."""
    targets = []
    for number, query in enumerate(queries):
        expr, name = query if isinstance(query, tuple) else (query, legend)
        targets.append({"datasource": SOURCE, "refId": chr(ord("A") + number), "expr": expr,
                        "legendFormat": name or "__auto", "instant": instant, "range": not instant, "format": form})
    defaults = {"unit": unit, "thresholds": steps or thresholds("text"), "mappings": list(mappings),
                "color": {"mode": "thresholds" if steps and kind != "timeseries" else "palette-classic"},
                "noValue": "none", "custom": custom or {}}
    for name, value in (("decimals", decimals), ("min", minimum), ("max", maximum)):
        if value is not None:
            defaults[name] = value
    return {"type": kind, "title": title, "description": description, "datasource": SOURCE, "targets": targets,
            "fieldConfig": {"defaults": defaults, "overrides": list(overrides)}, "options": options or {},
            "transformations": list(transformations), "links": list(links),
            "gridPos": {"w": width, "h": height, "x": 0, "y": 0}}


REDUCED = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}


def stat(title, description, *queries, **more):
    """The last value, large."""
    options = REDUCED | {"colorMode": "background", "graphMode": more.pop("graph", "none"), "justifyMode": "auto",
                         "orientation": "auto", "textMode": more.pop("text", "auto")}
    return panel("stat", title, description, *queries, options=options,
                 **({"width": 4, "height": 4, "steps": thresholds("text")} | more))


def lines(title, description, *queries, stacked=False, bars=False, **more):
    """Values over time; those of bars are counts of an interval."""
    custom = {"drawStyle": "bars" if bars else "line", "lineWidth": 1, "fillOpacity": 60 if bars else 10,
              "showPoints": "never", "spanNulls": False,
              "stacking": {"mode": "normal" if stacked or bars else "none", "group": "A"},
              "thresholdsStyle": {"mode": "dashed" if more.get("steps") else "off"}}
    options = {"legend": {"displayMode": "table", "placement": "bottom", "showLegend": True,
                          "calcs": ["sum"] if bars else ["mean", "max", "lastNotNull"]},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel("timeseries", title, description, *queries, custom=custom, options=options, **({"minimum": 0} | more))


def bars(title, description, query, **more):
    """One bar for each series, the longest first."""
    options = REDUCED | {"displayMode": "gradient", "orientation": "horizontal", "showUnfilled": True,
                         "valueMode": "color", "namePlacement": "left"}
    return panel("bargauge", title, description, query, options=options, instant=True, minimum=0,
                 **({"steps": thresholds("blue")} | more))


def table(title, description, query, hidden=(), names=None, **more):
    """Series as lines, their labels as columns."""
    organise = {"id": "organize", "options": {
        "excludeByName": {name: True for name in ("Time", "__name__", "job", *hidden)},
        "renameByName": names or {}}}
    options = {"showHeader": True, "cellHeight": "sm", "footer": {"show": False}}
    return panel("table", title, description, query, options=options, instant=True, form="table",
                 transformations=[organise], **more)


def states(title, description, *queries, yes="yes", no="NO", **more):
    """When something was so, and when it was not."""
    mapping = {"type": "value", "options": {"1": {"text": yes, "color": GOOD, "index": 0},
                                            "0": {"text": no, "color": BAD, "index": 1}}}
    options = {"mergeValues": True, "showValue": "never", "rowHeight": 0.8, "alignValue": "left",
               "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}}
    return panel("state-timeline", title, description, *queries, options=options, mappings=[mapping],
                 steps=thresholds(BAD, (1, GOOD)), custom={"fillOpacity": 80, "lineWidth": 0}, **more)


def heat(title, description, query, **more):
    """A histogram over time."""
    options = {"calculate": False, "yAxis": {"unit": "s", "axisPlacement": "left"}, "cellGap": 1,
               "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64}, "tooltip": {"mode": "single", "yHistogram": True},
               "legend": {"show": True}}
    return panel("heatmap", title, description, query, options=options, form="heatmap", legend="{{le}}", **more)


def variable(name, label, query, description):
    """What one can choose; everything, at first."""
    return {"type": "query", "name": name, "label": label, "description": description, "datasource": SOURCE,
            "query": {"query": query, "refId": name}, "definition": query, "refresh": 2, "sort": 1, "multi": True,
            "includeAll": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}}


VARIABLES = [
    {"type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus", "refresh": 1,
     "description": "Where wardtap's sensors are scraped"},
    variable("instance", "Sensor", "label_values(wardtap_build_info, instance)", "Which sensors"),
]
INTERFACE = variable("interface", "Interface", f"label_values(wardtap_interface_up{{{SENSOR}}}, interface)",
                     "Which mirror ports or taps")
PROTOCOL = variable("protocol", "Protocol", f"label_values(wardtap_messages_total{{{SENSOR}}}, protocol)",
                    "Which protocols")


def dashboard(name, title, description, rows, variables=(), refresh="30s", span="now-6h"):
    """Lays rows of panels out, and takes them in."""
    panels, y, number = [], 0, 0
    for heading, *row in rows:
        number += 1
        panels.append({"type": "row", "id": number, "title": heading, "collapsed": False, "panels": [],
                       "gridPos": {"w": 24, "h": 1, "x": 0, "y": y}})
        y, x, height = y + 1, 0, 0
        for each in row:
            place = each["gridPos"]
            if x + place["w"] > 24:
                x, y, height = 0, y + height, 0
            number += 1
            panels.append(each | {"id": number, "gridPos": place | {"x": x, "y": y}})
            x, height = x + place["w"], max(height, place["h"])
        y += height
    DASHBOARDS[name] = {
        "uid": f"wardtap-{name}", "title": f"wardtap: {title}", "description": description, "tags": ["wardtap"],
        "schemaVersion": 39, "version": 1, "editable": True, "graphTooltip": 1, "refresh": refresh, "timezone": "browser",
        "time": {"from": span, "to": "now"}, "templating": {"list": [*VARIABLES, *variables]}, "panels": panels,
        "links": [{"type": "dashboards", "title": "wardtap", "tags": ["wardtap"], "asDropdown": False,
                   "includeVars": True, "keepTime": True}],
        "annotations": {"list": [{
            "name": "Starts", "datasource": SOURCE, "enable": True, "iconColor": "purple", "titleFormat": "Sensor started",
            "textFormat": "{{instance}}",
            "expr": f"changes(process_start_time_seconds{{{PROCESS}}}[$__interval]) > 0"}]},
    }


# What tells on every page whether its silence means peace.
def sight():
    link = {"title": "Sensor health", "url": "/d/wardtap-sensor?${__url_time_range}&${instance:queryparam}"}
    return stat("Sensors that are blind", "Sensors whose /readyz complains, or that do not answer. While this is not 0, "
                "no news is no good news.",
                f'(count(wardtap_ready{{{SENSOR}}} == 0) or vector(0)) + (count(up{{{PROCESS}}} == 0) or vector(0))',
                steps=thresholds(GOOD, (1, BAD)), links=[link])


def by_severity(title, description, query, **more):
    return lines(title, description, query, legend="{{severity}}", overrides=coloured(SEVERITIES), **more)


dashboard("soc", "SOC overview", "Incidents and alerts of all sensors: what is new, how bad, and whether it can be believed.", [
    ["Now",
     *(stat(f"Open incidents: {severity}", f"Incidents of {severity} severity that are open. Their story stands in the events "
            "(type incident).", f'sum(wardtap_incidents_open{{{SENSOR},severity="{severity}"}})',
            steps=thresholds(GOOD, (1, SEVERITIES[severity]))) for severity in ("critical", "high", "medium")),
     stat("Rules that fire", "Alerts of Prometheus on attacks that are firing now.",
          f'count(ALERTS{{alertstate="firing",area="attack",{SENSOR}}}) or vector(0)',
          steps=thresholds(GOOD, (1, "orange"))),
     stat("New alerts", "Alerts raised within the time that is shown; repeats of one are not counted.",
          f"sum(increase(wardtap_alerts_total{{{SENSOR}}}[$__range]))", decimals=0, instant=True),
     sight()],
    ["Alerts",
     by_severity("New alerts by severity", "Alerts raised in each interval; repeats are not counted.",
                 f"sum by (severity) (increase(wardtap_alerts_total{{{SENSOR}}}[$__rate_interval])) > 0", bars=True, decimals=0),
     by_severity("New incidents", "Incidents that began in each interval, by the severity that they began with.",
                 f"sum by (severity) (increase(wardtap_incidents_total{{{SENSOR}}}[$__rate_interval])) > 0", bars=True, decimals=0),
     by_severity("Open incidents", "Incidents that are open, by severity. One is closed when it was quiet for 12 hours.",
                 f"sum by (severity) (wardtap_incidents_open{{{SENSOR}}})", stacked=True, decimals=0),
     bars("New alerts by detection", "Within the time that is shown. docs/detections has a page for each.",
          f"sort_desc(sum by (detection) (increase(wardtap_alerts_total{{{SENSOR}}}[$__range])) > 0)", legend="{{detection}}",
          decimals=0, height=10),
     table("Rules that fire", "Alerts of Prometheus, each with its section in docs/runbook.md.",
           f'ALERTS{{alertstate="firing",alertname=~"Wardtap.*",{SENSOR}}}', hidden=("alertstate", "Value"), height=10),
     lines("Alerts not told", "Suppressed by the configuration, for announced maintenance, or for devices that are out of "
           "service. More than you expect: look at who suppressed what.",
           f"sum by (reason) (increase(wardtap_alerts_suppressed_total{{{SENSOR}}}[$__rate_interval]))", legend="{{reason}}",
           bars=True, decimals=0),
     lines("Messages with something wrong", "A second, by protocol and what was wrong: faulty senders, fuzzers, or losses of "
           "the mirror. docs/protocols explains each reason.",
           f"sum by (protocol, reason) (rate(wardtap_malformed_total{{{SENSOR}}}[$__rate_interval])) > 0",
           legend="{{protocol}}: {{reason}}", unit="cps")],
    ["What somebody does to be seen less",
     lines("Tables that overflow", "Entries given up for want of room, a second: a flood, or too little memory.",
           f"sum by (table) (rate(wardtap_evicted_total{{{SENSOR}}}[$__rate_interval]))", legend="{{table}}", unit="cps", width=8),
     lines("TCP segments that contradict", "Sent again with other bytes, a second: an attempt to show the sensor something "
           "else than the receiver.", f"sum by (instance) (rate(wardtap_tcp_conflicts_total{{{SENSOR}}}[$__rate_interval]))",
           legend="{{instance}}", unit="cps", width=8),
     lines("Packets lost", "Of all that came. A flood that makes the sensor lose packets hides what else is sent.",
           f"instance:wardtap_packets_dropped:ratio_rate5m{{{SENSOR}}}", legend="{{instance}}", unit="percentunit", width=8,
           steps=thresholds(GOOD, (0.001, "orange"), (0.05, BAD)))],
], span="now-24h")

AVAILABILITY = "silence|rate-low|slow-answers|refusals|refusal-storm|frozen-values|out-of-service|broadcast-storm"
INTEGRITY = "message-changed|message-replayed|unusual-value|results-drift|frozen-values"

dashboard("clinical", "clinical operations", "What devices and systems of care say to each other, how fast they answer, and "
          "which of them have fallen silent.", [
    ["Now",
     stat("Devices heard", "Devices that were heard since the sensors were started.", f"sum(wardtap_devices{{{SENSOR}}})",
          width=6),
     stat("Messages", "A second, of the chosen protocols.",
          f'sum(instance_protocol:wardtap_messages:rate5m{{{SENSOR},protocol=~"$protocol"}})', unit="cps", graph="area",
          decimals=1, width=6),
     stat("New alerts on availability", "Silent devices, fewer messages than ever, slow or refused answers, values that no longer "
          "move, storms; within the time that is shown.", f'sum(increase(wardtap_alerts_total{{{SENSOR},detection=~"{AVAILABILITY}"}}[$__range]))',
          steps=thresholds(GOOD, (1, "orange")), decimals=0, instant=True, width=6),
     sight() | {"gridPos": {"w": 6, "h": 4, "x": 0, "y": 0}}],
    ["Messages",
     lines("Messages by protocol", "A second. A line that falls to 0 is a link or a server that failed.",
           f'sum by (protocol) (instance_protocol:wardtap_messages:rate5m{{{SENSOR},protocol=~"$protocol"}})',
           legend="{{protocol}}", unit="cps"),
     lines("Messages by kind", "The ten most frequent kinds, a second.",
           f'topk(10, sum by (protocol, kind) (rate(wardtap_messages_total{{{SENSOR},protocol=~"$protocol"}}[$__rate_interval])) > 0)',
           legend="{{protocol}} {{kind}}", unit="cps"),
     lines("The same, a week ago", "Dashed lines are those of the same hour a week before.",
           (f'sum by (protocol) (instance_protocol:wardtap_messages:rate5m{{{SENSOR},protocol=~"$protocol"}})', "{{protocol}}"),
           (f'sum by (protocol) (instance_protocol:wardtap_messages:rate5m{{{SENSOR},protocol=~"$protocol"}} offset 1w)',
            "{{protocol}}, a week ago"), unit="cps",
           overrides=[{"matcher": {"id": "byRegexp", "options": ".*week ago"}, "properties": [
               {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 8]}}, {"id": "custom.fillOpacity", "value": 0}]}]),
     lines("Messages with something wrong", "Their share of all messages of a protocol.",
           f'instance_protocol:wardtap_malformed:ratio_rate15m{{{SENSOR},protocol=~"$protocol"}}',
           legend="{{instance}} {{protocol}}", unit="percentunit", steps=thresholds(GOOD, (0.01, "orange")))],
    ["Answers",
     lines("Time to answer: 95 of 100", "From a request to its answer, of the last five minutes.",
           f'max by (protocol) (instance_protocol:wardtap_response_seconds:p95_rate5m{{{SENSOR},protocol=~"$protocol"}})',
           legend="{{protocol}}", unit="s", width=8),
     heat("Times to answer", "How many answers took how long.",
          f'sum by (le) (increase(wardtap_response_seconds_bucket{{{SENSOR},protocol=~"$protocol"}}[$__rate_interval]))', width=8),
     lines("Answered within a second", "The share of answers.",
           f'sum by (protocol) (rate(wardtap_response_seconds_bucket{{{SENSOR},protocol=~"$protocol",le="1"}}[$__rate_interval]))'
           f' / sum by (protocol) (rate(wardtap_response_seconds_count{{{SENSOR},protocol=~"$protocol"}}[$__rate_interval]))',
           legend="{{protocol}}", unit="percentunit", maximum=1, width=8)],
    ["Devices",
     bars("Devices by class", "As the assets file has it, else by what they answer.",
          f"sort_desc(sum by (class) (wardtap_devices{{{SENSOR}}}) > 0)", legend="{{class}}", height=10),
     lines("Alerts on availability", "New ones in each interval: silence, low rates, slow answers, refusals, frozen values, "
           "storms, devices that are out of service and were heard.",
           f'sum by (detection) (increase(wardtap_alerts_total{{{SENSOR},detection=~"{AVAILABILITY}"}}[$__rate_interval]))',
           legend="{{detection}}", bars=True, decimals=0, height=10),
     bars("Unheard for longest", "Of the devices that the assets file or the baseline knows and that were heard since the start: the "
          "twenty that have said nothing for longest.",
          f"topk(20, time() - wardtap_device_last_seen_timestamp_seconds{{{SENSOR}}})", legend="{{device}}", unit="s", height=10),
     lines("What is changed in messages", "New alerts in each interval: messages that were changed or replayed on the way, values and "
           "results that are like none before.",
           f'sum by (detection) (increase(wardtap_alerts_total{{{SENSOR},detection=~"{INTEGRITY}"}}[$__rate_interval]))',
           legend="{{detection}}", bars=True, decimals=0, height=10)],
], variables=[PROTOCOL], span="now-24h")

AT = f'{SENSOR},interface=~"$interface"'

dashboard("sensor", "sensor health", "Whether sensors see everything, keep up, and can tell.", [
    ["Now",
     sight(),
     stat("Lost packets", "Of all packets of the last five minutes, at the sensor that loses most.",
          f"max(instance:wardtap_packets_dropped:ratio_rate5m{{{SENSOR}}})", unit="percentunit", decimals=3,
          steps=thresholds(GOOD, (0.001, "orange"), (0.05, BAD))),
     stat("Behind", "Up to when everything was processed: at the sensor that is furthest behind.",
          f"max(time() - wardtap_clock_timestamp_seconds{{{SENSOR}}})", unit="s", decimals=1,
          steps=thresholds(GOOD, (5, "orange"), (30, BAD))),
     stat("Events lost", "Events that could not be written, within the time that is shown.",
          f"sum(increase(wardtap_events_lost_total{{{SENSOR}}}[$__range]))", decimals=0, instant=True,
          steps=thresholds(GOOD, (1, BAD))),
     stat("Running for", "Since the last start, of the sensor that was started last.",
          f"min(time() - process_start_time_seconds{{{PROCESS}}})", unit="s", decimals=0),
     table("Versions", "What runs where.", f"wardtap_build_info{{{SENSOR}}}", hidden=("Value",), width=4, height=4)],
    ["Does it see?",
     states("Sees, and can tell", "/readyz: every link is up, packets come, events can be written, the recording goes on.",
            (f"wardtap_ready{{{SENSOR}}}", "{{instance}}"), (f"up{{{PROCESS}}}", "{{instance}} answers"), no="NO"),
     states("Links", "Whether the interface has a link.", f"wardtap_interface_up{{{AT}}}", legend="{{instance}} {{interface}}",
            yes="up", no="DOWN"),
     lines("Packets by interface", "A second.", f"rate(wardtap_interface_packets_total{{{AT}}}[$__rate_interval])",
           legend="{{instance}} {{interface}}", unit="pps"),
     lines("Silence", "Seconds since the last packet. From 60 on a sensor says that it is blind.",
           f"instance_interface:wardtap_interface_silence:seconds{{{AT}}}", legend="{{instance}} {{interface}}", unit="s",
           steps=thresholds(GOOD, (60, BAD))),
     lines("Conversations heard in part", "From one end only, or with bytes missing: shares of those that ended in the last "
           "half hour. Near 0 where the mirror is complete.",
           (f"instance:wardtap_streams_one_sided:ratio_rate30m{{{SENSOR}}}", "{{instance}}: one end only"),
           (f"instance:wardtap_streams_with_gaps:ratio_rate30m{{{SENSOR}}}", "{{instance}}: bytes missing"),
           unit="percentunit", steps=thresholds(GOOD, (0.05, "orange"), (0.5, BAD))),
     lines("Copies", "Packets that the mirror showed twice, of all: it copies both ends of a path. Harmless, but a load.",
           f"rate(wardtap_duplicate_packets_total{{{SENSOR}}}[$__rate_interval]) / rate(wardtap_packets_total{{{SENSOR}}}[$__rate_interval])",
           legend="{{instance}}", unit="percentunit")],
    ["Does it keep up?",
     lines("Packets lost by stage", "A second. interface: the card had no room; ring: the kernel's ring had none; pipeline: the "
           "oldest were given up.", f"sum by (instance, stage) (rate(wardtap_packets_dropped_total{{{SENSOR}}}[$__rate_interval]))",
           legend="{{instance}} {{stage}}", unit="pps"),
     lines("Traffic", "Captured, a second.", f"8 * rate(wardtap_bytes_total{{{SENSOR}}}[$__rate_interval])", legend="{{instance}}",
           unit="bps"),
     lines("Processor", "Cores in use.", f"rate(process_cpu_seconds_total{{{PROCESS}}}[$__rate_interval])", legend="{{instance}}",
           decimals=2),
     lines("Memory", "Resident, the rings of interfaces included. It stays below --memory.",
           f"process_resident_memory_bytes{{{PROCESS}}}", legend="{{instance}}", unit="bytes"),
     lines("Behind", "Seconds between now and the time up to which everything was processed.",
           f"time() - wardtap_clock_timestamp_seconds{{{SENSOR}}}", legend="{{instance}}", unit="s",
           steps=thresholds(GOOD, (30, BAD))),
     lines("Given up for want of room", "Entries a second: see docs/limits.md.",
           f"sum by (instance, table) (rate(wardtap_evicted_total{{{SENSOR}}}[$__rate_interval])) > 0",
           legend="{{instance}} {{table}}", unit="cps")],
    ["What is in the traffic?",
     lines("Not decoded", "Packets a second in which there was nothing to read, by reason. ARP and other frames without IP are "
           "normal.", f"sum by (reason) (rate(wardtap_undecoded_packets_total{{{SENSOR}}}[$__rate_interval])) > 0",
           legend="{{reason}}", unit="pps", width=8),
     lines("TCP", "Segments a second that came again (the network lost them), or again with other bytes; packets with a wrong "
           "checksum.",
           (f"sum(rate(wardtap_tcp_retransmissions_total{{{SENSOR}}}[$__rate_interval]))", "sent again"),
           (f"sum(rate(wardtap_tcp_conflicts_total{{{SENSOR}}}[$__rate_interval]))", "with other bytes"),
           (f"sum(rate(wardtap_bad_checksums_total{{{SENSOR}}}[$__rate_interval]))", "wrong checksum"), unit="pps", width=8),
     lines("Bytes missing", "A second, and the places where they are: what the mirror lost, since receivers had it.",
           (f"sum(rate(wardtap_stream_gap_bytes_total{{{SENSOR}}}[$__rate_interval]))", "bytes"),
           (f"sum(rate(wardtap_stream_gaps_total{{{SENSOR}}}[$__rate_interval]))", "places"), width=8),
     lines("Left out by --filter", "Packets a second.", f"rate(wardtap_filtered_packets_total{{{SENSOR}}}[$__rate_interval])",
           legend="{{instance}}", unit="pps", width=8),
     lines("Copied on the way", "Bytes copied for each captured byte. Much more than usual: conversations that come out of order.",
           f"rate(wardtap_copied_bytes_total{{{SENSOR}}}[$__rate_interval]) / rate(wardtap_bytes_total{{{SENSOR}}}[$__rate_interval])",
           legend="{{instance}}", decimals=2, width=8),
     lines("Damaged input", "Places where a source ended or was damaged.",
           f"increase(wardtap_damaged_inputs_total{{{SENSOR}}}[$__rate_interval])", legend="{{instance}}", decimals=0, width=8)],
    ["Can it tell?",
     states("Events are written", "0 while they cannot be: mostly a full disk.", f"1 - wardtap_events_failing{{{SENSOR}}}",
            legend="{{instance}}", width=8),
     lines("Reloads", "SIGHUPs, by what came of them.",
           f"sum by (instance, result) (increase(wardtap_reloads_total{{{SENSOR}}}[$__rate_interval]))",
           legend="{{instance}} {{result}}", bars=True, decimals=0, width=8),
     lines("Threads", "Of the process; constant.", f"process_threads{{{PROCESS}}}", legend="{{instance}}", decimals=0, width=8),
     states("Interfaces without address", "NO while an interface has one, so that the machine may answer there.",
            f"1 - wardtap_interface_addressed{{{AT}}}", legend="{{instance}} {{interface}}", width=8),
     lines("Conversations given up", "A mistake in wardtap itself showed on them, and they are read no further. Anything but none: "
           "please report the line on standard error.",
           f"sum by (instance) (increase(wardtap_abandoned_streams_total{{{SENSOR}}}[$__rate_interval]))", legend="{{instance}}", bars=True,
           decimals=0, width=8)],
    ["What is normal",
     lines("Still to be learned", "Time for which it learns before it compares; 0 where it compares.",
           f"wardtap_learning_left_seconds{{{SENSOR}}}", legend="{{instance}}", unit="s", width=8),
     lines("Widened", "Quantities of which more is normal by now than was approved. A line that climbs every day: look at what grows.",
           f"wardtap_adapted_quantities{{{SENSOR}}}", legend="{{instance}}", decimals=0, width=8),
     lines("Approvals", "By the socket, by what came of them.",
           f"sum by (instance, result) (increase(wardtap_approvals_total{{{SENSOR}}}[$__rate_interval]))", legend="{{instance}} {{result}}",
           bars=True, decimals=0, width=8),
     lines("Checkpoints", "By what came of them: while they fail, what is learned is lost with the process.",
           f"sum by (instance, result) (increase(wardtap_checkpoints_total{{{SENSOR}}}[$__rate_interval]))",
           legend="{{instance}} {{result}}", bars=True, decimals=0, width=8),
     lines("Age of the latest checkpoint", "What a kill would cost now.",
           f"time() - wardtap_checkpoint_timestamp_seconds{{{SENSOR}}} < 1e8", legend="{{instance}}", unit="s", width=8),
     lines("Size of a checkpoint", "Octets.", f"wardtap_checkpoint_bytes{{{SENSOR}}}", legend="{{instance}}", unit="bytes", width=8),
     stat("Not watched before the start", "For how long nothing was watched before the last start, where something was kept.",
          f"max(wardtap_unwatched_seconds{{{SENSOR}}})", unit="s", decimals=0, width=8),
     states("Compares", "NO while it learns what is normal.", f"1 - wardtap_learning{{{SENSOR}}}", legend="{{instance}}", width=8)],
], variables=[INTERFACE])


def main():
    """Writes the files, or compares them."""
    wrong = []
    for name, content in DASHBOARDS.items():
        path, text = FOLDER / f"{name}.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        if sys.argv[1:] != ["--check"]:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            wrong.append(str(path))
    if wrong:
        sys.exit(f"{', '.join(wrong)}: not what deploy/grafana/dashboards.py writes: run it, and commit")


main()
