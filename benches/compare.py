#!/usr/bin/env python3
"""Measures `wardtap replay` beside the tools that others use, on the captures of benches/corpus.py.

    benches/compare.py [--corpus DIR] [--only NAME,...] [--rounds N] [--peers NAME,...] [--table] [--into PAGE]

All tools run in turn, round after round, forwards and backwards, on captures that are in the page cache; what is
compared is each tool's time with tcpdump's (`tcpdump -r F -w /dev/null`) *of the same round*, and the median of these
ratios is shown. So a machine that is busy, or slower than another, changes the figures little. Before anything is
timed, the messages that wardtap reports are held against truth.json, for every number of workers.

CPU and wall time are the kernel's for the process and what it waited for; peak memory is GNU time's. The exit status is
1 when a message count is wrong or wardtap fails.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
CAPTURES = ("modbus", "hl7", "dicom", "mixed", "flows", "open")
WORKERS = (1, 2)
YARDSTICK = "tcpdump"

# Message events are measured where messages are most of what there is.
WITH_EVENTS = ("modbus", "hl7", "mixed")

# Of the messages whose octets are all in the capture, so many must be reported whole; all of them where nothing is lost.
WHOLE_SHARE = 0.999

# What we aim at: CPU of one worker and wall of two, as multiples of tcpdump's, and MiB.
AIMS = {
    "modbus": (1.0, 0.8, 24),
    "modbus, events": (4.0, 2.5, 24),
    "hl7": (1.0, 0.8, 24),
    "dicom": (0.55, 0.5, 24),
    "mixed": (0.8, 0.6, 32),
    "flows": (1.0, 0.8, 32),
    "open": (2.0, 1.5, 150),
}

# Ports of the captures that tshark does not know by itself.
DECODE_AS = [
    word for rule in ("tcp.port==104,dicom", "tcp.port==11112,dicom", "tcp.port==2575,hl7") for word in ("-d", rule)
]


@dataclass(frozen=True)
class Peer:
    """A tool to compare with: what it is for, where it is from, and how it is called."""

    name: str
    program: str
    package: str
    arguments: tuple[str, ...]
    # Too slow to be run in every round.
    once: bool = False

    def command(self, capture: Path) -> list[str]:
        return [self.program, *(str(capture) if word == "CAPTURE" else word for word in self.arguments)]


PEERS = (
    Peer(YARDSTICK, "tcpdump", "tcpdump", ("-r", "CAPTURE", "-w", "/dev/null")),
    Peer("ndpiReader", "ndpiReader", "libndpi-bin", ("-q", "-i", "CAPTURE")),
    Peer("argus", "argus", "argus-server", ("-X", "-r", "CAPTURE", "-w", "/dev/null")),
    Peer("tshark", "tshark", "tshark", ("-n", "-r", "CAPTURE", "-q", *DECODE_AS, "-z", "io,phs"), once=True),
)


@dataclass(frozen=True)
class Run:
    """One process, measured."""

    cpu: float
    wall: float
    peak_mib: float


@dataclass
class Measured:
    """The runs of one tool on one capture, by round; rounds in which it did not run are left out."""

    runs: dict[int, Run] = field(default_factory=dict)
    trouble: str = ""

    def ratio(self, yardstick: Measured, what: str) -> float | None:
        """The median of the ratios to the yardstick of the same round."""
        pairs = [
            (getattr(run, what), getattr(yardstick.runs[number], what))
            for number, run in self.runs.items()
            if number in yardstick.runs
        ]
        return median(own / other for own, other in pairs) if pairs else None

    def spread(self, yardstick: Measured, what: str) -> str:
        ratios = [getattr(r, what) / getattr(yardstick.runs[n], what) for n, r in self.runs.items() if n in yardstick.runs]
        return f"{min(ratios):.2f} to {max(ratios):.2f}" if len(ratios) > 1 else ""

    def of(self, what: str) -> float | None:
        values = [getattr(run, what) for run in self.runs.values()]
        return median(values) if values else None

    def most(self, what: str) -> float | None:
        return max((getattr(run, what) for run in self.runs.values()), default=None)


class Stopped(Exception):
    """A tool did not do its work: what it said."""


def measure(command: list[str], scratch: Path, limit: float, memory_bytes: int) -> Run:
    """Runs a command, its output thrown away.

    GNU time starts it: the kernel passes the peak memory of a process on to what it executes, so started from here
    every tool would begin with Python's.
    """
    note, said = scratch / "peak", scratch / "said"

    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))

    with said.open("wb") as errors:
        begin = time.monotonic()
        process = subprocess.Popen(
            [shutil.which("time") or "time", "-q", "-o", str(note), "-f", "%M %x", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            preexec_fn=bounded,
        )
        # Set before the wait, which reaps: afterwards the group may be somebody else's.
        signal.signal(signal.SIGALRM, lambda *_: os.killpg(process.pid, signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, limit)
        try:
            _, status, used = os.wait4(process.pid, 0)
            wall = time.monotonic() - begin
        except BaseException:
            # Interrupted: the tool has a session of its own and would go on.
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode == -signal.SIGKILL:
        raise Stopped(f"stopped after {limit:.0f} s")
    peak, code = note.read_text().split()[-2:]
    if process.returncode != 0 or code != "0":
        words = " ".join(said.read_text(errors="replace").split())
        raise Stopped(f"exit status {process.returncode}: {words[-200:]}")
    return Run(used.ru_utime + used.ru_stime, wall, int(peak) / 1024)


# ---- whether the answers are right


def check(wardtap: Path, capture: Path, truth: dict, scratch: Path) -> list[str]:
    """What is wrong with the messages that wardtap reports; nothing, if all is well."""
    faults, outputs = [], {}
    for workers in WORKERS:
        events, metrics = scratch / "events.jsonl", scratch / "metrics.prom"
        command = [
            str(wardtap), "replay", str(capture), "--workers", str(workers), "--metrics", str(metrics),
            "--events", str(events), "--event-types", "alert,device,message",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            return [f"exit status {done.returncode}: {done.stderr.strip()}"]
        outputs[workers], stats, incomplete = read_events(events)
        events.unlink()
        if stats["packets"] != truth["packets"]:
            faults.append(f"{stats['packets']} packets, {truth['packets']} written")
        kinds = by_kind(metrics)
        for protocol, sent in truth["messages"].items():
            faults += judge(protocol, stats["messages"][protocol], incomplete[protocol], sent, truth["whole"][protocol])
        if truth["whole"] == truth["messages"]:
            wanted = kinds_sent(truth["counts"])
            wrong = {key: (kinds.get(key, 0), n) for key, n in wanted.items() if kinds.get(key, 0) != n}
            faults += [f"{kinds_found} messages {'/'.join(key)}, {n} sent" for key, (kinds_found, n) in wrong.items()]
    if len(set(outputs.values())) > 1:
        faults.append("the events differ with the number of workers")
    return faults


def judge(protocol: str, reported: int, incomplete: int, sent: int, whole: int) -> list[str]:
    if whole == sent:
        return [] if reported == sent and not incomplete else [f"{reported} {protocol} messages, {sent} sent"]
    if reported > sent:
        return [f"{reported} {protocol} messages, only {sent} sent"]
    if reported - incomplete < WHOLE_SHARE * whole:
        return [f"{reported - incomplete} whole {protocol} messages, {whole} in the capture"]
    return []


def read_events(events: Path) -> tuple[str, dict, Counter[str]]:
    """A digest of all but the last event, the last event's `stats`, and the incomplete messages by protocol."""
    digest = hashlib.blake2b()
    incomplete = Counter()
    mark, last = b'"incomplete":true', b""
    with events.open("rb") as lines:
        for line in lines:
            digest.update(last)
            last = line
            if mark in line:
                incomplete[json.loads(line)["message"]["protocol"]] += 1
    return digest.hexdigest(), json.loads(last)["stats"], incomplete


def by_kind(metrics: Path) -> dict[tuple[str, str], int]:
    line = re.compile(r'^wardtap_messages_total\{kind="([^"]*)",protocol="([^"]*)"\} (\d+)$', re.MULTILINE)
    return {(protocol, kind): int(n) for kind, protocol, n in line.findall(metrics.read_text())}


def kinds_sent(counts: dict[str, int]) -> dict[tuple[str, str], int]:
    """What was sent, by the kinds of wardtap's metrics, where the corpus counts them."""
    sent = {}
    for key, n in counts.items():
        match key.split("."):
            case ["hl7", "messages", kind]:
                sent["hl7", kind] = n
            case ["dicom", "pdus" | "dimse", kind] if kind != "P-DATA-TF":
                sent["dicom", kind.removeprefix("A-").lower()] = n
            case ["modbus", "exceptions"]:
                sent["modbus", "exception"] = n
    return sent


# ---- measuring


@dataclass(frozen=True)
class Tool:
    name: str
    command: list[str]
    once: bool = False


def wardtap_tools(wardtap: Path, capture: Path, events: bool, scratch: Path) -> list[Tool]:
    name = "wardtap events" if events else "wardtap"
    extra = ["--events", str(scratch / "events.jsonl"), "--event-types", "alert,device,message"] if events else []
    return [
        Tool(f"{name} {workers}", [str(wardtap), "replay", str(capture), "--workers", str(workers), *extra])
        for workers in WORKERS
    ]


def compare(tools: list[Tool], given: argparse.Namespace, scratch: Path) -> dict[str, Measured]:
    measured = {tool.name: Measured() for tool in tools}
    memory_bytes = int(given.memory_gib * 2**30)
    for number in range(given.rounds):
        # Forwards and backwards: nobody always runs behind the same neighbour.
        for tool in tools if number % 2 == 0 else reversed(tools):
            result = measured[tool.name]
            if result.trouble or (tool.once and number > 0):
                continue
            try:
                result.runs[number] = measure(tool.command, scratch, given.limit, memory_bytes)
            except Stopped as stopped:
                result.trouble = str(stopped)
                say(f"  {tool.name}: {stopped}")
            for left in scratch.glob("events.jsonl"):
                left.unlink()
    return measured


def show(capture: str, measured: dict[str, Measured]) -> None:
    """The figures of one capture, for whoever waits at the terminal."""
    yardstick = measured[YARDSTICK]
    say(f"  {'':18} {'CPU s':>7} {'wall s':>7} {'MiB':>6}   {'CPU':>6} {'wall':>6}  as multiples of {YARDSTICK}'s")
    for name, result in measured.items():
        if not result.runs:
            say(f"  {name:18} {result.trouble}")
            continue
        aim = aims_missed(capture, name, result, yardstick)
        say(
            f"  {name:18} {result.of('cpu'):7.3f} {result.of('wall'):7.3f} {result.most('peak_mib'):6.1f}"
            f"   {result.ratio(yardstick, 'cpu'):6.2f} {result.ratio(yardstick, 'wall'):6.2f}"
            f"  {('CPU ' + spread) if (spread := result.spread(yardstick, 'cpu')) else ''}{aim}"
        )


def aims_missed(capture: str, name: str, result: Measured, yardstick: Measured) -> str:
    kind, _, workers = name.rpartition(" ")
    aim = AIMS.get(capture + (", events" if kind == "wardtap events" else ""))
    if not kind.startswith("wardtap") or aim is None:
        return ""
    cpu, wall, peak = aim
    missed = []
    if workers == "1" and result.ratio(yardstick, "cpu") > cpu:
        missed.append(f"CPU {cpu}")
    if workers == "2" and result.ratio(yardstick, "wall") > wall:
        missed.append(f"wall {wall}")
    if result.most("peak_mib") > peak:
        missed.append(f"{peak} MiB")
    return f"  above the aim: {', '.join(missed)}" if missed else ""


# ---- the table


def table(all_measured: dict[str, dict[str, Measured]], truths: dict[str, dict], given: argparse.Namespace) -> str:
    """The page's table: a line per capture and way of running, all as multiples of tcpdump in the same round."""
    ran = {name for measured in all_measured.values() for name in measured}
    peers = [peer.name for peer in PEERS if peer.name != YARDSTICK and peer.name in ran]
    lines = [
        "| capture | packets | messages | tcpdump CPU | wardtap CPU, 1 worker (aim) | CPU, 2 workers | wall, 1 worker "
        "| wall, 2 workers (aim) | peak MiB, 1 and 2 workers (aim) |" + "".join(f" {peer} CPU |" for peer in peers),
        "| --- |" + " ---: |" * (8 + len(peers)),
    ]
    for capture, measured in all_measured.items():
        for kind in ("wardtap", "wardtap events"):
            if f"{kind} 1" in measured:
                lines.append(row(capture, kind, measured, truths[capture], peers))
    return "\n".join([*lines, "", footer(truths, given)])


def row(capture: str, kind: str, measured: dict[str, Measured], truth: dict, peers: list[str]) -> str:
    yardstick = measured[YARDSTICK]
    one, two = (measured[f"{kind} {workers}"] for workers in WORKERS)
    events = kind != "wardtap"
    cpu_aim, wall_aim, peak_aim = AIMS.get(capture + (", events" if events else ""), (None, None, None))

    def aimed(text: str, aim: float | None) -> str:
        return text if aim is None else f"{text} ({aim})"

    cells = [
        f"`{capture}`, `message` events to a file" if events else f"`{capture}`",
        f"{truth['packets']:,}",
        f"{sum(truth['messages'].values()):,}",
        number(yardstick.of("cpu"), " s"),
        aimed(f"**{number(one.ratio(yardstick, 'cpu'))}**", cpu_aim),
        number(two.ratio(yardstick, "cpu")),
        number(one.ratio(yardstick, "wall")),
        aimed(f"**{number(two.ratio(yardstick, 'wall'))}**", wall_aim),
        aimed(f"{number(one.most('peak_mib'), digits=0)}, {number(two.most('peak_mib'), digits=0)}", peak_aim),
    ]
    for peer in peers:
        result = measured.get(peer)
        if events or result is None:
            cells.append("")
        else:
            cells.append(number(result.ratio(yardstick, "cpu"), digits=1) if result.runs else result.trouble)
    return "| " + " | ".join(cells) + " |"


def number(value: float | None, unit: str = "", digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}{unit}"


def footer(truths: dict[str, dict], given: argparse.Namespace) -> str:
    scales = sorted({truth["scale"] for truth in truths.values()})
    versions = [version_of(peer) for peer in PEERS if peer.name in given.peers and shutil.which(peer.program)]
    trial = "" if min(scales) >= 1 else " A trial on smaller captures: figures to be held against the aims are those at scale 1."
    rounds = f"{given.rounds} rounds" if given.rounds > 1 else "1 round"
    return (
        f"Measured on {time.strftime('%Y-%m-%d')}: {revision()}, {rounds}, captures at scale "
        f"{', '.join(f'{scale:g}' for scale in scales)}, {processor()}, {os.cpu_count()} cores, "
        f"Linux {platform.release()}, load {given.load:.1f} before; {', '.join(versions)}.{trial}"
    )


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def revision() -> str:
    told = subprocess.run(["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return f"wardtap at {told.stdout.strip()}" if told.returncode == 0 else "wardtap"


def version_of(peer: Peer) -> str:
    asked = ["dpkg-query", "--show", "--showformat=${Version}", peer.package]
    try:
        told = subprocess.run(asked, capture_output=True, text=True)
    except OSError:
        return peer.name
    return f"{peer.name} {told.stdout.strip()}".strip()


BEGIN, END = "<!-- compare.py: begin -->", "<!-- compare.py: end -->"


def put(page: Path, text: str) -> None:
    """Replaces what stands between the marker lines of a page."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page}: there are no lines {BEGIN} and {END} to put the table between")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


# ---- the command


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    target = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target"))
    parser = argparse.ArgumentParser(description="Measures wardtap replay beside other tools on the same captures.")
    parser.add_argument("--wardtap", type=Path, default=target / "release/wardtap", help="default target/release/wardtap")
    parser.add_argument("--corpus", type=Path, default=target / "corpus", metavar="DIR", help="default target/corpus")
    parser.add_argument("--only", default=",".join(CAPTURES), metavar="NAME,...", help="captures (default all that are there)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default 5")
    parser.add_argument("--peers", metavar="NAME,...", help="peers beside tcpdump (default all installed; '' for none)")
    parser.add_argument("--limit", type=float, default=300, metavar="SECONDS", help="a tool's time (default 300)")
    parser.add_argument("--memory-gib", type=float, default=8, metavar="GIB", help="a tool's address space (default 8)")
    parser.add_argument("--scratch", type=Path, metavar="DIR", help="where events are written (default the system's temporary folder)")
    parser.add_argument("--no-events", action="store_true", help="leave out the runs that write message events")
    parser.add_argument("--table", action="store_true", help="write the table of docs/performance.md to standard output")
    parser.add_argument("--into", type=Path, metavar="PAGE", help="put the table into a page, between its marker lines")
    given = parser.parse_args()
    if given.rounds < 1:
        parser.error("--rounds must be at least 1")
    unknown = set(given.only.split(",")) - set(CAPTURES)
    if unknown:
        parser.error(f"no capture named {', '.join(sorted(unknown))}; there are {', '.join(CAPTURES)}")
    named = {peer.name for peer in PEERS}
    given.peers = named if given.peers is None else {name for name in given.peers.split(",") if name} | {YARDSTICK}
    if given.peers - named:
        parser.error(f"no peer named {', '.join(sorted(given.peers - named))}; there are {', '.join(sorted(named))}")
    given.load = os.getloadavg()[0]
    return given


def needs(given: argparse.Namespace) -> list[Peer]:
    """The peers that are installed. Says what is missing, and how to get it; ends when it cannot be done without."""
    missing = [peer for peer in PEERS if peer.name in given.peers and not shutil.which(peer.program)]
    if missing:
        say(f"not installed: {', '.join(peer.program for peer in missing)}")
        say(f"  to install: apt-get install --no-install-recommends {' '.join(peer.package for peer in missing)}")
    faults = []
    if any(peer.name == YARDSTICK for peer in missing):
        faults.append("tcpdump is what everything is compared with: nothing can be said without it")
    if not shutil.which("time"):
        faults.append("GNU time is missing, which measures peak memory: apt-get install time")
    if not os.access(given.wardtap, os.X_OK):
        faults.append(f"{given.wardtap} is not there: cargo build --release -p wardtap")
    if not (given.corpus / "truth.json").is_file():
        faults.append(f"{given.corpus} holds no captures: benches/corpus.py --out {given.corpus}")
    if faults:
        raise SystemExit("\n".join(faults))
    return [peer for peer in PEERS if peer.name in given.peers and peer not in missing]


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    # Where Debian keeps argus, and where few people's PATH leads.
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    given = arguments()
    peers = needs(given)
    truths = json.loads((given.corpus / "truth.json").read_text())
    names = [name for name in CAPTURES if name in given.only.split(",") and name in truths]
    faults, all_measured = 0, {}
    with tempfile.TemporaryDirectory(dir=given.scratch) as folder:
        scratch = Path(folder)
        for name in names:
            capture = given.corpus / f"{name}.pcap"
            if not capture.is_file() or capture.stat().st_size != truths[name]["file_bytes"]:
                raise SystemExit(f"{capture} is not the capture of truth.json: make it anew with benches/corpus.py")
            say(f"{name}: {truths[name]['packets']:,} packets, {capture.stat().st_size / 1e6:.0f} MB")
            # Reads the whole capture: from here on it is in the page cache.
            wrong = check(given.wardtap, capture, truths[name], scratch)
            faults += len(wrong)
            say("  messages: " + ("; ".join(wrong) if wrong else "as in truth.json, and the same for every number of workers"))
            tools = [Tool(peer.name, peer.command(capture), peer.once) for peer in peers]
            tools += wardtap_tools(given.wardtap, capture, False, scratch)
            if name in WITH_EVENTS and not given.no_events:
                tools += wardtap_tools(given.wardtap, capture, True, scratch)
            measured = compare(tools, given, scratch)
            show(name, measured)
            faults += sum(1 for tool, result in measured.items() if tool.startswith("wardtap") and result.trouble)
            if not measured[YARDSTICK].runs:
                raise SystemExit(f"{YARDSTICK}: {measured[YARDSTICK].trouble}")
            all_measured[name] = measured
    text = table(all_measured, truths, given)
    if given.table:
        print(text)
    if given.into:
        put(given.into, text)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
