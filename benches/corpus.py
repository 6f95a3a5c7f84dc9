#!/usr/bin/env python3
"""Writes the benchmark captures, and truth.json beside them: what each of them holds.

    benches/corpus.py [--scale F] [--jobs N] [--only NAME,...] [--out DIR]

| capture  | MB at scale 1 | what it is |
| -------- | ---: | --- |
| `modbus` |  600 | 256 connections polled, one message a packet, 88 octets a packet |
| `hl7`    |  600 | 160 connections, messages of 0.5 to 20 KB over many segments, small ones several in one |
| `dicom`  | 1800 | images of 0.5 to 8 MB stored, echoes, queries |
| `mixed`  | 1100 | the three above and TLS, HTTP, SMB, DNS, ARP, VLANs; 1 % sent twice, 0.5 % late, 0.03 % lost at the tap |
| `flows`  | 1580 | 2 million short connections, 4000 at a time |
| `open`   |  320 | 500 000 connections that all stay open |
| `live`   | 1100 | as `mixed`, with more images: 610 octets a packet, for `rate.py` |

Deterministic, standard library only. A smaller scale is a shorter time at the same rates: timers, and what is late by
milliseconds, mean the same. `messages` in truth.json is what was sent; `whole` is how many of those have all
their octets in the capture, which differs in `mixed` alone. A DICOM message is a DIMSE message or a PDU other than
P-DATA-TF.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from speakers import ADMISSION, NOISE, dicom, hl7, hl7_ack, hl7_message, modbus, modbus_pair, noise
from wire import ACK, FIN, MSS_OPTION, PSH, SYN, Flow, Writer, ip4


def drive(w: Writer, groups: dict[str, tuple[float, list[Iterator[None]]]]) -> None:
    """Steps speakers until the target is reached: of the kind that is furthest behind its share, one by chance."""
    done = dict.fromkeys(groups, 0)
    chance = w.rng.random
    kinds = list(groups)
    while w.bytes < w.target:
        kind = kinds[0] if len(kinds) == 1 else min(kinds, key=lambda k: done[k] / groups[k][0])
        w.kind = kind
        speakers = groups[kind][1]
        before = w.bytes
        for _ in range(8):
            next(speakers[int(chance() * len(speakers))])
        done[kind] += w.bytes - before
    w.stop = True
    rest = [(kind, speaker) for kind in kinds for speaker in groups[kind][1]]
    while rest:
        going = []
        for kind, speaker in rest:
            w.kind = kind
            try:
                next(speaker)
                going.append((kind, speaker))
            except StopIteration:
                pass
        rest = going


def make_modbus(path: str, scale: float) -> Writer:
    w = Writer(path, 3600 * scale, 600e6 * scale, 1)
    drive(w, {"modbus": (1, [modbus(w, i) for i in range(256)])})
    return w


def make_hl7(path: str, scale: float) -> Writer:
    w = Writer(path, 3600 * scale, 600e6 * scale, 2)
    drive(w, {"hl7": (1, [hl7(w, i) for i in range(160)])})
    return w


def make_dicom(path: str, scale: float) -> Writer:
    w = Writer(path, 120 * scale, 1500e6 * scale, 3)
    drive(w, {"dicom": (1, [dicom(w, i) for i in range(max(2, min(32, int(32 * scale * 4))))])})
    return w


def make_mixed(path: str, scale: float) -> Writer:
    w = Writer(path, 600 * scale, 1000e6 * scale, 4, impair=True)
    vlans = (0, 0, 110, 120)
    modalities = max(2, min(16, int(160 * scale)))
    groups = {
        "modbus": (0.12, [modbus(w, i, vlans[i % 4]) for i in range(120)]),
        "hl7": (0.15, [hl7(w, i, vlans[i % 4]) for i in range(80)]),
        "dicom": (0.33, [dicom(w, i, vlans[i % 4], small=True) for i in range(modalities)]),
        "noise": (0.40, [noise(w, i, vlans[i % 4]) for i in range(400)]),
    }
    drive(w, groups)
    return w


def make_live(path: str, scale: float) -> Writer:
    """As `mixed`, with more images: frames of 610 octets on average. A sensor hears it once, so that nothing is told twice."""
    w = Writer(path, 600 * scale, 1000e6 * scale, 6, impair=True)
    vlans = (0, 0, 110, 120)
    modalities = max(2, min(16, int(160 * scale)))
    groups = {
        "modbus": (0.05, [modbus(w, i, vlans[i % 4]) for i in range(120)]),
        "hl7": (0.15, [hl7(w, i, vlans[i % 4]) for i in range(80)]),
        "dicom": (0.605, [dicom(w, i, vlans[i % 4], small=True) for i in range(modalities)]),
        "noise": (0.195, [noise(w, i, vlans[i % 4]) for i in range(400)]),
    }
    drive(w, groups)
    return w


def make_flows(path: str, scale: float) -> Writer:
    """Short connections: handshake, request, response, end."""
    return connections(path, max(1000, int(2_000_000 * scale)), 1800 * scale, True, 1000.0)


def make_open(path: str, scale: float) -> Writer:
    """The same without the end, within one minute: all are live at once."""
    return connections(path, max(1000, int(500_000 * scale)), 60 * scale, False, 750.0)


AT_ONCE = 4000


def connections(path: str, count: int, span_seconds: float, end: bool, octets_each: float) -> Writer:
    w = Writer(path, span_seconds, count * octets_each, 5)
    tcp = w.tcp
    made = 0
    while made < count:
        batch = []
        for _ in range(min(AT_ONCE, count - made)):
            made += 1
            batch.append(connection(w, made))
        for flow, _, _ in batch:
            tcp(flow, 0, SYN, b"", MSS_OPTION)
        for flow, _, _ in batch:
            tcp(flow, 1, SYN | ACK, b"", MSS_OPTION)
        for flow, request, _ in batch:
            tcp(flow, 0, ACK)
            tcp(flow, 0, PSH | ACK, request)
        for flow, _, response in batch:
            tcp(flow, 1, PSH | ACK, response)
        if end:
            for flow, _, _ in batch:
                tcp(flow, 0, FIN | ACK)
                tcp(flow, 1, FIN | ACK)
        for flow, _, _ in batch:
            tcp(flow, 0, ACK)
        w.count("tcp_connections", len(batch))
    return w


def connection(w: Writer, number: int) -> tuple[Flow, bytes, bytes]:
    """A connection with one request and one response, from one of 60 000 addresses."""
    rng = w.rng
    client = ip4(10, 100 + number % 8, number // 8 % 250, 2 + number // 2000 % 30)
    server = ip4(10, 20, 8 + rng.randrange(16), 2 + rng.randrange(250))
    # Another port each time an address is used again.
    cport = 32768 + (number // 60000 * 2003 + number) % 28000
    r = rng.random()
    if r < 0.4:
        flow = Flow(rng, client, server, cport, 502)
        w.count("whole.modbus", 2)
        return flow, *modbus_pair(rng, w, number & 0xFFFF, 1)
    if r < 0.7:
        flow = Flow(rng, client, server, cport, 2575)
        control = "F%08d" % number
        w.count("whole.hl7", 2)
        request = hl7_message(rng, w, "DEV", "WARD", control, ADMISSION)
        return flow, request, hl7_ack(w, "DEV", "WARD", control, "AA")
    if r < 0.9:
        flow = Flow(rng, client, server, cport, 80)
        return flow, b"GET /%d HTTP/1.1\r\nHost: a.example.test\r\n\r\n" % number, b"HTTP/1.1 204 No Content\r\n\r\n"
    flow = Flow(rng, client, server, cport, 8443)
    offset = rng.randrange(0, 8000000)
    return flow, NOISE[offset : offset + 100], NOISE[offset + 100 : offset + 300]


# In the order in which they are begun: the slowest first.
MAKERS = {
    "flows": make_flows,
    "dicom": make_dicom,
    "modbus": make_modbus,
    "mixed": make_mixed,
    "hl7": make_hl7,
    "open": make_open,
    "live": make_live,
}


def truth_of(w: Writer, scale: float) -> dict:
    def added(*prefixes: str) -> int:
        return sum(n for key, n in w.counts.items() if key.startswith(prefixes) and not key.endswith("P-DATA-TF"))

    messages = {
        "dicom": added("dicom.pdus.", "dicom.dimse."),
        "hl7": added("hl7.messages."),
        "modbus": added("modbus.requests", "modbus.responses"),
    }
    whole = {name: w.counts.get("whole." + name, 0) for name in messages}
    return {
        "scale": scale,
        "packets": w.packets,
        "file_bytes": w.bytes,
        "messages": {name: n for name, n in messages.items() if n},
        "whole": {name: whole[name] for name, n in messages.items() if n},
        "counts": {key: n for key, n in sorted(w.counts.items()) if not key.startswith("whole.")},
    }


def make(job: tuple[str, Path, float]) -> tuple[str, dict, float]:
    name, folder, scale = job
    begin = time.monotonic()
    w = MAKERS[name](str(folder / f"{name}.pcap"), scale)
    w.close()
    return name, truth_of(w, scale), time.monotonic() - begin


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the benchmark captures and truth.json.")
    parser.add_argument("--scale", type=float, default=1.0, metavar="F", help="size, 1 is 6 GB in all (default 1)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="captures made at the same time (default 2)")
    parser.add_argument("--only", default=",".join(MAKERS), metavar="NAME,...", help="captures to make (default all)")
    parser.add_argument("--out", type=Path, default=Path("target/corpus"), metavar="DIR", help="default target/corpus")
    given = parser.parse_args()
    names = [name for name in MAKERS if name in given.only.split(",")]
    unknown = set(given.only.split(",")) - set(MAKERS)
    if unknown or not names:
        parser.error(f"no capture named {', '.join(sorted(unknown)) or 'in --only'}; there are {', '.join(MAKERS)}")
    if given.scale <= 0:
        parser.error("--scale must be above 0")
    given.out.mkdir(parents=True, exist_ok=True)
    page = given.out / "truth.json"
    truth = json.loads(page.read_text()) if page.exists() else {}
    with multiprocessing.Pool(max(1, min(given.jobs, len(names)))) as pool:
        for name, found, seconds in pool.imap_unordered(make, [(name, given.out, given.scale) for name in names]):
            truth[name] = found
            megabytes, messages = found["file_bytes"] / 1e6, found["messages"]
            print(f"{name:7} {found['packets']:9} packets {megabytes:6.0f} MB in {seconds:5.1f} s  {messages}", flush=True)
    page.write_text(json.dumps(truth, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
