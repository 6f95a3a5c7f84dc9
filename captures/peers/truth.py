"""Counts peers' logs into a capture's truth.

    truth.py --capture REL --made-by TEXT --shows TEXT --peer ROLE=TEXT... --count sent|PEER --out FILE LOG...

`--count sent`: every peer logs, and what each says it sent is counted (and compared with what the others say they
received). `--count PEER`: only that peer logs everything of the capture, and both of its ways are counted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter

KEYS = {
    "modbus": ("direction", "function", "exception"),
    "hl7": ("direction", "message_code", "trigger_event", "ack_code"),
    "dicom": ("pdu", "dimse"),
    "mllp": ("commit",),
}


def key(record: dict) -> tuple:
    return tuple(record.get(name) for name in KEYS[record["protocol"]])


def count(records: list[dict], protocol: str) -> Counter:
    return Counter(key(record) for record in records if record["protocol"] == protocol)


def rows(records: list[dict], protocol: str) -> list[dict]:
    """One row per kind: its key, how many, and their bytes where every one of them is known."""
    counted = count(records, protocol)
    table = []
    for kind in sorted(counted, key=lambda parts: [(part is None, str(part)) for part in parts]):
        sizes = [r.get("bytes") for r in records if r["protocol"] == protocol and key(r) == kind]
        row = dict(zip(KEYS[protocol], kind)) | {"count": counted[kind]}
        if None not in sizes:
            row["bytes"] = sum(sizes)
        table.append(row)
    return table


def laid_out(truth: dict) -> str:
    """JSON with one row of the table a line."""
    whole = dict(truth)
    tables = whole.pop("messages")
    head = json.dumps(whole, indent=1, ensure_ascii=False)[:-2]
    parts = []
    for protocol, table in tables.items():
        lines = ",\n".join("   " + json.dumps(row, ensure_ascii=False) for row in table)
        parts.append(f"  {json.dumps(protocol)}: [\n{lines}\n  ]")
    return head + ',\n "messages": {\n' + ",\n".join(parts) + "\n }\n}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--capture", required=True)
    parser.add_argument("--made-by", required=True)
    parser.add_argument("--shows", required=True)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--port", action="append", type=int, default=[])
    parser.add_argument("--count", default="sent")
    parser.add_argument("--note", action="append", default=[])
    parser.add_argument("--tshark-differs", metavar="WHY", help="tshark's counts are known to be wrong for this capture")
    parser.add_argument("--out", required=True)
    parser.add_argument("logs", nargs="+")
    options = parser.parse_args()

    records = []
    for path in options.logs:
        with open(path, encoding="utf-8") as log:
            records += [json.loads(line) for line in log]
    sent = [r for r in records if r["way"] == "sent"]
    received = [r for r in records if r["way"] == "received"]
    counted = sent if options.count == "sent" else [r for r in records if r["peer"] == options.count]
    if not counted:
        print(f"truth: {options.capture}: the logs hold no message", file=sys.stderr)
        return 1

    agreement = None
    peers = {record["peer"] for record in records}
    if len(peers) > 1:
        # A peer that logs must have received what the others sent; anything else is a fault of the scenario or a finding.
        agreement = True
        for protocol in KEYS:
            missing = count(sent, protocol) - count(received, protocol)
            extra = count(received, protocol) - count(sent, protocol)
            if missing or extra:
                agreement = False
                print(f"truth: {options.capture}: {protocol}: sent and not received {dict(missing)}, "
                      f"received and not sent {dict(extra)}", file=sys.stderr)

    protocols = sorted({r["protocol"] for r in counted} - {"mllp"})
    truth = {
        "capture": options.capture,
        "made_by": options.made_by,
        "shows": options.shows,
        "peers": dict(item.split("=", 1) for item in options.peer),
        "ports": options.port,
        "counted_by": options.count,
        "peers_agree": agreement,
        "messages": {},
    }
    for protocol in protocols:
        truth["messages"][protocol] = rows(counted, protocol)
    commits = count(counted, "mllp")
    if commits:
        truth["mllp_commits"] = {kind: number for (kind,), number in sorted(commits.items())}
    if options.tshark_differs:
        truth["tshark_differs"] = options.tshark_differs
    if options.note:
        truth["notes"] = options.note
    with open(options.out, "w", encoding="utf-8") as out:
        out.write(laid_out(truth) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
