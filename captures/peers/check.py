#!/usr/bin/env python3
"""Does wardtap see what the peers say they said?

    check.py WARDTAP [--captures DIR] [NAME...]

Replays every capture that has a truth (or those whose path holds a NAME), counts the message events by the truth's
keys, and prints a table. Exits 1 on any difference, also when an output holds a canary (canaries.txt), 2 on wrong usage.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPLAY_SECONDS = 120


def event_key(message: dict) -> tuple:
    """The truth's key of a message event; `dicom` has no direction, for its names hold it."""
    protocol = message.get("protocol")
    body = message.get(protocol) or {}
    direction = message.get("direction")
    if protocol == "modbus":
        return ("modbus", direction, body.get("function"), body.get("exception"))
    if protocol == "hl7":
        return ("hl7", direction, body.get("message_code"), body.get("trigger_event"), body.get("ack_code"))
    if protocol == "dicom":
        return ("dicom", body.get("pdu"), (body.get("dimse") or {}).get("command"))
    return (protocol, direction)


def truth_key(protocol: str, row: dict) -> tuple:
    names = {
        "modbus": ("direction", "function", "exception"),
        "hl7": ("direction", "message_code", "trigger_event", "ack_code"),
        "dicom": ("pdu", "dimse"),
    }[protocol]
    return (protocol, *(row.get(name) for name in names))


def shown(key: tuple) -> str:
    return " ".join("-" if part is None else str(part) for part in key)


def replay(wardtap: str, capture: Path) -> tuple[int, str, list[dict], str]:
    """Exit status, what stood on stdout and stderr, the events, and their raw text."""
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.jsonl"
        done = subprocess.run(
            [wardtap, "replay", str(capture), "--events", str(events), "--event-types", "message,alert,stats"],
            capture_output=True, text=True, timeout=REPLAY_SECONDS, check=False)
        text = events.read_text(encoding="utf-8") if events.exists() else ""
    return done.returncode, done.stdout + done.stderr, [json.loads(line) for line in text.splitlines()], text


def check(wardtap: str, truth_path: Path, captures: Path, canaries: list[str]) -> list[str]:
    """What differs, a sentence each."""
    truth = json.loads(truth_path.read_text(encoding="utf-8"))
    status, printed, events, text = replay(wardtap, captures / truth["capture"])
    problems = []
    if status not in (0, 4):
        problems.append(f"exit status {status}: {printed.strip().splitlines()[-1:] or ''}")
    wanted: Counter = Counter()
    wanted_bytes: dict[tuple, int] = {}
    for protocol, table in truth["messages"].items():
        for row in table:
            key = truth_key(protocol, row)
            wanted[key] += row["count"]
            if "bytes" in row:
                wanted_bytes[key] = row["bytes"]
    got: Counter = Counter()
    got_bytes: dict[tuple, int] = defaultdict(int)
    incomplete = 0
    for event in events:
        if event.get("type") != "message":
            continue
        message = event["message"]
        key = event_key(message)
        got[key] += 1
        got_bytes[key] += message.get("bytes", 0)
        incomplete += bool(message.get("incomplete"))
        if "flow" not in event:
            problems.append("a message event without flow")
    for key in sorted(set(wanted) | set(got), key=shown):
        if wanted[key] != got[key]:
            problems.append(f"{shown(key)}: peers {wanted[key]}, wardtap {got[key]}")
        elif key in wanted_bytes and wanted_bytes[key] != got_bytes[key]:
            problems.append(f"{shown(key)}: bytes: peers {wanted_bytes[key]}, wardtap {got_bytes[key]}")
    if incomplete:
        problems.append(f"{incomplete} messages marked incomplete in a complete capture")
    if not events or events[-1].get("type") != "stats":
        problems.append("the last event is no stats")
    leaks = [word for word in canaries if word in text or word in printed]
    problems += [f"canary {word} in the output" for word in leaks]
    print(f"{'ok  ' if not problems else 'FAIL'} {truth['capture']:36} {sum(wanted.values()):6} {sum(got.values()):6}"
          f" {sum(event.get('type') == 'alert' for event in events):6}")
    for problem in problems:
        print(f"       {problem}")
    return problems


def counts_messages(truth_path: Path) -> bool:
    """Not where the peers' programs only announce themselves (announced.py)."""
    return "messages" in json.loads(truth_path.read_text(encoding="utf-8"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wardtap")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--captures", type=Path, default=HERE.parent)
    options = parser.parse_args()
    canaries = (HERE / "canaries.txt").read_text(encoding="utf-8").split()
    truths = [path for path in sorted(options.captures.glob("*/*.truth.json"))
              if (not options.names or any(name in str(path) for name in options.names)) and counts_messages(path)]
    if not truths:
        print("check: no capture of that name has a truth", file=sys.stderr)
        return 2
    print(f"     {'capture':36} {'peers':>6} {'wardt.':>6} {'alerts':>6}")
    failed = 0
    for path in truths:
        try:
            failed += bool(check(options.wardtap, path, options.captures, canaries))
        except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as fault:
            print(f"FAIL {path.name}: {type(fault).__name__}: {fault}")
            failed += 1
    print(f"{len(truths) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
