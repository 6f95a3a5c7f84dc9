#!/usr/bin/env python3
"""Compares wardtap's messages with tshark's, frame by frame.

    tshark_compare.py WARDTAP [-d RULE]... [--counts-only] CAPTURE...

RULE is tshark's decode-as (`-d tcp.port==6661,hl7`); Modbus on another port than 502 needs `-d tcp.port==N,mbtcp`.
Per protocol the multisets of these are compared, and each difference is printed with its frame:

* modbus: frame, direction, transaction id, unit id, function, exception
* hl7: frame, message type, control id
* dicom: frame, PDU type, command of a P-DATA-TF

`--counts-only` compares without frames, ids and units: how many of each kind. Exits 1 on any difference, 2 on wrong
usage. A recorded capture's truth names its ports, so that it needs no RULE, and what is known of tshark: where
`tshark_differs` the comparison does not count.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import tsharked

PROTOCOLS = ("modbus", "hl7", "dicom")
REPLAY_SECONDS = 600
SHOWN = 20  # differences printed per protocol and capture


class Refused(Exception):
    """wardtap could not read the capture at all, and said why."""


def kind_of_hl7(code: str | None, event: str | None) -> str:
    return "^".join(part for part in (code, event) if part) or "-"


def seen_by_tshark(capture: str, decode_as: list[str]) -> Counter:
    seen: Counter = Counter()
    for m in tsharked.messages(capture, decode_as):
        if m["protocol"] == "modbus":
            key = (m["direction"], m["transaction_id"], m["unit_id"], m["function"], m["exception"])
        elif m["protocol"] == "hl7":
            key = (kind_of_hl7(m["message_code"], m["trigger_event"]), m["control_id"] or None)
        else:
            key = (m["pdu"], m["dimse"])
        seen[(m["protocol"], m["frame"], *key)] += 1
    return seen


def seen_by_wardtap(wardtap: str, capture: str) -> Counter:
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.jsonl"
        done = subprocess.run([wardtap, "replay", capture, "--events", str(events), "--event-types", "message,stats"],
                              capture_output=True, text=True, timeout=REPLAY_SECONDS, check=False)
        if done.returncode == 1:
            raise Refused(done.stderr.strip()[-300:])
        if done.returncode not in (0, 3, 4) or not events.exists():
            raise RuntimeError(f"exit status {done.returncode}: {done.stderr.strip()[-300:]}")
        lines = events.read_text(encoding="utf-8").splitlines()
    seen: Counter = Counter()
    for line in lines:
        event = json.loads(line)
        if event["type"] != "message" or event["message"].get("protocol") not in PROTOCOLS:
            continue
        message = event["message"]
        protocol = message["protocol"]
        body = message.get(protocol) or {}
        if protocol == "modbus":
            key = (message["direction"], body.get("transaction_id"), body.get("unit_id"), body.get("function"),
                   body.get("exception"))
        elif protocol == "hl7":
            key = (kind_of_hl7(body.get("message_code"), body.get("trigger_event")), body.get("control_id"))
        else:
            key = (body.get("pdu"), (body.get("dimse") or {}).get("command"))
        seen[(protocol, message["frame"], *key)] += 1
    return seen


def without_frames(seen: Counter) -> Counter:
    kinds: Counter = Counter()
    for (protocol, _, *key), count in seen.items():
        kinds[(protocol, 0, *({"modbus": key[:1] + key[3:], "hl7": key[:1], "dicom": key}[protocol]))] += count
    return kinds


def truth_of(capture: Path) -> dict:
    """The truth of a recorded capture; empty for any other."""
    path = capture.with_name(re.sub(r"\.(pcap|pcapng)(\.gz)?$", "", capture.name) + ".truth.json")
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def rules_of(truth: dict) -> list[str]:
    """The decode-as rules that a truth's ports imply."""
    names = {"modbus": "mbtcp", "hl7": "hl7", "dicom": "dicom"}
    return [f"tcp.port=={port},{names[protocol]}" for protocol in truth.get("messages", ()) for port in truth["ports"]]


def compare(options: argparse.Namespace, capture: str) -> int:
    """How many differences count."""
    truth = truth_of(Path(capture))
    theirs = seen_by_tshark(capture, options.decode_as + rules_of(truth))
    try:
        ours = seen_by_wardtap(options.wardtap, capture)
    except Refused as reason:
        print(f"{'FAIL ' if theirs else 'ok   '} {capture}: refused: {reason}")
        return sum(theirs.values())
    if options.counts_only:
        theirs, ours = without_frames(theirs), without_frames(ours)
    differences = sum(((theirs - ours) + (ours - theirs)).values())
    known = truth.get("tshark_differs") if differences else None
    mark = "ok   " if not differences else "known" if known else "FAIL "
    counts = "  ".join(f"{p} {sum(c for k, c in theirs.items() if k[0] == p)}/{sum(c for k, c in ours.items() if k[0] == p)}"
                       for p in PROTOCOLS if any(k[0] == p for k in (*theirs, *ours)))
    print(f"{mark} {capture}: {counts or 'none of the three protocols'}{'  (tshark/wardtap)' if counts else ''}")
    if known:
        print(f"      {known}")
        return 0
    for protocol in PROTOCOLS:
        rows = [(k, "only tshark", c) for k, c in (theirs - ours).items() if k[0] == protocol]
        rows += [(k, "only wardtap", c) for k, c in (ours - theirs).items() if k[0] == protocol]
        rows.sort(key=lambda row: (row[0][1], str(row)))
        for key, who, count in rows[:SHOWN]:
            where = "" if options.counts_only else f"frame {key[1]}: "
            what = " ".join("-" if part is None else str(part) for part in key[2:])
            print(f"      {where}{protocol} {what}: {who}{f' (x{count})' if count > 1 else ''}")
        if len(rows) > SHOWN:
            print(f"      ... and {len(rows) - SHOWN} more of {protocol}")
    return differences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wardtap")
    parser.add_argument("captures", nargs="+", metavar="CAPTURE")
    parser.add_argument("-d", dest="decode_as", action="append", default=[], metavar="RULE")
    parser.add_argument("--counts-only", action="store_true")
    options = parser.parse_args()
    failed = 0
    for capture in options.captures:
        try:
            failed += bool(compare(options, capture))
        except (OSError, ValueError, KeyError, RuntimeError, subprocess.SubprocessError) as fault:
            print(f"FAIL  {capture}: {type(fault).__name__}: {fault}")
            failed += 1
    print(f"{len(options.captures) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
