#!/usr/bin/env python3
"""Does wardtap name conversations as tshark does, and take none for another?

    recognition.py WARDTAP [--corpus FOLDER] [--sample N] [--matrix]

A conversation is the two addresses and ports of TCP or UDP, in the innermost packet. For each, what wardtap's flow
events call it is compared with the protocol that tshark 4.0 shows above TCP or UDP, over all captures of the repository
and of FOLDER. A difference must be one of `recognition.toml`, which says why. Without a sample each of those must be met
as often as it says, so that none outlives its reason.

`--sample N` takes every Nth capture, and all in which something is called by another name. `--matrix` prints the tables
of docs/recognition.md. Exits 1 on any difference that is not explained, 2 on wrong usage.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from tshark_compare import rules_of, truth_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SECONDS = 120
TSHARK = "TShark (Wireshark) 4.0."

NONE = "none"  # there is a conversation, and no name for it
UNSEEN = "unseen"  # wardtap has no such conversation

# tshark's names of what wardtap dissects.
NAMES = {
    "hl7": "hl7", "dicom": "dicom", "mbtcp": "modbus", "modbus": "modbus", "ntp": "ntp", "ssh": "ssh", "dns": "dns",
    "tls": "tls", "quic": "quic", "http": "http", "http2": "http", "dhcp": "dhcp", "dhcpv6": "dhcp", "snmp": "snmp", "smb": "smb",
    "smb2": "smb", "ftp": "ftp", "tftp": "tftp", "telnet": "telnet", "mqtt": "mqtt", "syslog": "syslog", "rdp": "rdp",
    "vnc": "vnc", "mdns": "mdns", "llmnr": "llmnr", "nbns": "nbns", "ssdp": "ssdp", "bvlc": "bacnet", "bacnet": "bacnet",
}
# What only frames another protocol: the name is behind it.
FRAMES = ("nbss", "tpkt", "cotp")
# What is no protocol of an application: rests, trailers and tshark's own remarks.
NO_NAMES = ("data", "tcp.segments", "f5ethtrailer")
COLUMNS = ("frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport", "udp.srcport",
           "udp.dstport")
# Ports that tshark does not know by itself, and no truth tells: those of the corpus with HL7 (see its README).
RULES = {"virtalabs__tapirx/*": ["tcp.port==6661,hl7"]}

Conversation = tuple[str, tuple[str, str], tuple[str, str]]


@dataclass
class Seen:
    """A conversation in a capture."""

    tshark: list[str] = field(default_factory=list)  # in the order in which they are met
    wardtap: set[str] | None = None

    def names(self) -> tuple[str, str]:
        """tshark's and wardtap's; of several the one that wardtap dissects, and that it says, is tshark's."""
        known = [name for name in self.tshark if name in NAMES.values()]
        agreed = [name for name in known if self.wardtap == {name}]
        theirs = (agreed or known or self.tshark or [NONE])[0]
        ours = UNSEEN if self.wardtap is None else "+".join(sorted(self.wardtap)) or NONE
        return theirs, ours


def differs(theirs: str, ours: str) -> bool:
    """Whether it wants an explanation: what neither names, or only tshark knows, wants none."""
    return theirs != ours and (theirs in NAMES.values() or ours not in (NONE, UNSEEN))


def key_of(transport: str, one: tuple[str, str], other: tuple[str, str]) -> Conversation:
    return (transport, *sorted((one, other)))


def by_tshark(capture: Path, name: str) -> Iterator[tuple[Conversation, str | None]]:
    """The conversation of each frame, and its name there."""
    rules = rules_of(truth_of(capture))
    rules += [rule for pattern, more in RULES.items() if fnmatchcase(name, pattern) for rule in more]
    line = ["tshark", "-r", str(capture), "-n", "--enable-heuristic", "dicom_tcp", "-T", "fields", "-E", "occurrence=l"]
    for option, values in (("-d", rules), ("-e", COLUMNS)):
        for value in values:
            line += [option, value]
    # tshark's complaints of damaged captures do not matter: what it has shown before counts.
    done = subprocess.run(line, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False)
    for row in done.stdout.splitlines():
        columns = dict(zip(COLUMNS, row.split("\t")))
        layers = columns["frame.protocols"].split(":")
        carriers = [place for place, layer in enumerate(layers) if layer in ("tcp", "udp")]
        if not carriers:
            continue
        below, above = layers[:carriers[-1]], layers[carriers[-1] + 1:]
        # An ICMP error quotes a packet; it is none of the conversation's.
        if "icmp" in below or "icmpv6" in below or not {"ip", "ipv6"} & set(below):
            continue
        transport, network = layers[carriers[-1]], [layer for layer in below if layer in ("ip", "ipv6")][-1]
        ends = [(columns[f"{network}.{end}"], columns[f"{transport}.{end}port"]) for end in ("src", "dst")]
        if all(port for _, port in ends):
            yield key_of(transport, *ends), name_of(above)


def name_of(layers: list[str]) -> str | None:
    layers = [layer for layer in layers if layer not in NO_NAMES and not layer.startswith("_ws.")]
    inner = [layer for layer in layers if layer not in FRAMES] or layers
    return NAMES.get(inner[0], inner[0]) if inner else None


def by_wardtap(wardtap: str, capture: Path) -> Iterator[tuple[Conversation, str | None]]:
    line = [wardtap, "replay", str(capture), "--events", "-", "--event-types", "flow"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(f"{capture}: exit status {done.returncode}: {done.stderr.strip()[-300:]}")
    for row in done.stdout.splitlines():
        event = json.loads(row) if row.startswith("{") else {}
        if event.get("type") == "flow":
            flow = event["flow"]
            ends = [(flow[end]["ip"], str(flow[end].get("port", ""))) for end in ("src", "dst")]
            yield key_of(flow["transport"], *ends), flow.get("protocol")


def conversations(wardtap: str, capture: Path, name: str) -> dict[Conversation, Seen]:
    seen: dict[Conversation, Seen] = {}
    for key, protocol in by_tshark(capture, name):
        names = seen.setdefault(key, Seen()).tshark
        if protocol and protocol not in names:
            names.append(protocol)
    for key, protocol in by_wardtap(wardtap, capture):
        if key not in seen and (protocol is None or key[0] not in ("tcp", "udp")):
            continue
        of = seen.setdefault(key, Seen())
        of.wardtap = (of.wardtap or set()) | ({protocol} if protocol else set())
    return seen


class Explained:
    """The differences that have a reason."""

    def __init__(self) -> None:
        self.rules = tomllib.loads((HERE / "recognition.toml").read_text(encoding="utf-8"))["explained"]
        self.met: Counter = Counter()

    def explains(self, name: str, theirs: str, ours: str) -> bool:
        for place, rule in enumerate(self.rules):
            if (theirs == rule["tshark"] and ours == rule["wardtap"]
                    and any(fnmatchcase(name, pattern) for pattern in rule["captures"])):
                self.met[place] += 1
                return True
        return False

    def outlived(self) -> Iterator[str]:
        for place, rule in enumerate(self.rules):
            if self.met[place] != rule["conversations"]:
                yield (f"{rule['captures'][0]}: {rule['tshark']} called {rule['wardtap']}: {rule['conversations']} "
                       f"conversations are explained, {self.met[place]} met")

    def is_misnamed(self, name: str) -> bool:
        """A capture in which something is explained to be called by another name than tshark's."""
        return any(NONE not in (rule["tshark"], rule["wardtap"]) and rule["wardtap"] != UNSEEN
                   and any(fnmatchcase(name, pattern) for pattern in rule["captures"]) for rule in self.rules)


def captures(corpus: Path | None) -> list[tuple[str, Path]]:
    """All captures, each with its name in `recognition.toml`."""
    own = [path for path in (ROOT / "captures").rglob("*") if path.is_file() and ".pcap" in path.name]
    found = [(str(path.relative_to(ROOT)), path) for path in own]
    if corpus:
        found += [(str(path.relative_to(corpus)), path) for path in corpus.rglob("*") if path.is_file()]
    return sorted(found)


def table(counts: Counter) -> Iterator[str]:
    """The matrix, of what wardtap dissects a row each, then the rest."""
    names = sorted(set(NAMES.values()) | {ours for _, ours in counts if ours not in (NONE, UNSEEN)})
    yield "| tshark | named alike | other name | not named | not seen |"
    yield "| --- | ---: | --- | ---: | ---: |"
    rows = sorted({theirs for theirs, _ in counts}, key=lambda row: (row == NONE, row not in NAMES.values(), row))
    others: Counter = Counter()
    for row in rows:
        misnamed = [f"{name} {counts[row, name]}" for name in names if name != row and counts[row, name]]
        if row in NAMES.values() or misnamed:
            title = "no name" if row == NONE else row
            yield (f"| {title} | {counts[row, row] if row != NONE else ''} | {', '.join(misnamed)} "
                   f"| {counts[row, NONE]} | {counts[row, UNSEEN]} |")
        else:
            others += Counter({NONE: counts[row, NONE], UNSEEN: counts[row, UNSEEN], "rows": 1})
    yield f"| {others['rows']} others | | | {others[NONE]} | {others[UNSEEN]} |"


def reasons(explained: Explained) -> Iterator[str]:
    yield "| tshark | wardtap | conversations | why |"
    yield "| --- | --- | ---: | --- |"
    for rule in explained.rules:
        yield f"| {rule['tshark']} | {rule['wardtap']} | {rule['conversations']} | {rule['reason']} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wardtap")
    parser.add_argument("--corpus", type=Path, metavar="FOLDER")
    parser.add_argument("--sample", type=int, metavar="N")
    parser.add_argument("--matrix", action="store_true")
    options = parser.parse_args()
    version = subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith(TSHARK):
        print(f"{version.splitlines()[0]}: the explanations are those of {TSHARK}x")
    explained = Explained()
    taken = [(name, path) for place, (name, path) in enumerate(captures(options.corpus))
             if not options.sample or place % options.sample == 0 or explained.is_misnamed(name)]
    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(lambda one: conversations(options.wardtap, one[1], one[0]), taken))
    counts: Counter = Counter()
    faults = []
    for (name, _), found in zip(taken, seen):
        for key, of in sorted(found.items()):
            theirs, ours = of.names()
            counts[theirs, ours] += 1
            if differs(theirs, ours) and not explained.explains(name, theirs, ours):
                faults.append(f"{name}: {theirs} called {ours}: {key}")
    if not options.sample and options.corpus:
        faults += explained.outlived()
    if options.matrix:
        print("\n".join([*table(counts), "", *reasons(explained), ""]))
    alike = sum(count for (theirs, ours), count in counts.items() if theirs == ours != NONE)
    print(f"{len(taken)} captures, {sum(counts.values())} conversations, {alike} named alike, "
          f"{sum(explained.met.values())} differences explained, {len(faults)} not")
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
